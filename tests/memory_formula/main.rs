//! The largest amount of memory that a socket and a loop need. Each line of the formula in `docs/memory.md` is evaluated and
//! measured by the allocator. A measurement must stay within its line, and some must come close to it, so that no line is wrong
//! or much too large.
#![cfg(target_os = "linux")]
#![allow(unsafe_code)] // callbacks of the C ABI, options of the kernel, memory functions of OpenSSL, a resolver that hangs

mod loops;
mod openssl_memory;
mod queues;
mod sockets;
mod wss;

use ::egret_ws::*;
use std::ffi::{c_int, c_void};
use std::fmt::Display;
use std::net::TcpListener;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread::{self, JoinHandle};
use test_allocator::{TestAllocator, exclude_this_thread};
use test_support::client::{Loop, Socket};
use test_support::deflate::server::accept;
use test_support::scripted_server::Peer;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;
/// The default of `max_message_bytes`.
const MESSAGE: usize = 128 * KIB;
/// The kept buffers of a loop.
const LOOP: usize = 9 * MIB;
const LOOP_LINE: &str = "a loop after bursts: 9 MiB";

#[global_allocator]
static ALLOCATOR: TestAllocator = TestAllocator;

/// A line of the formula, as it is written in the document.
struct Line {
    text: &'static str,
    /// The largest measurement so far, as a percentage of the limit of the line.
    largest: usize,
}

impl Line {
    fn new(text: &'static str) -> Line {
        assert!(include_str!("../../docs/memory.md").contains(text), "docs/memory.md does not have {text:?}");
        Line { text, largest: 0 }
    }

    /// Checks that a measurement is at most `most` bytes, which is the limit of this line.
    #[track_caller]
    fn allows(&mut self, what: impl Display, measured: usize, most: usize) {
        println!("{}: {what}: {measured} of {most} bytes, {} %", self.text, measured * 100 / most);
        assert!(measured <= most, "{what}: {measured} bytes are more than {}, which is {most}", self.text);
        self.largest = self.largest.max(measured * 100 / most);
    }

    /// Checks that a measurement came close to the limit of the line.
    #[track_caller]
    fn reached(self, percent: usize) {
        assert!(self.largest >= percent, "{} is far too large: at most {} % are used", self.text, self.largest);
    }
}

/// Returns a listener whose connections buffer little unread data, and its port.
fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let small: c_int = 4096;
    // SAFETY: the option is an int, which lives until the call returns.
    let set = unsafe {
        let value = (&raw const small).cast::<c_void>();
        libc::setsockopt(listener.as_raw_fd(), libc::SOL_SOCKET, libc::SO_RCVBUF, value, size_of_val(&small) as u32)
    };
    assert_eq!(set, 0);
    let port = listener.local_addr().expect("a bound listener").port();
    (listener, port)
}

/// Starts a server for one connection. Its allocations are not counted. Returns its port.
fn server(extensions: &'static [&'static str], script: impl FnOnce(Peer) + Send + 'static) -> (JoinHandle<()>, u16) {
    let (listener, port) = listener();
    let server = thread::spawn(move || {
        exclude_this_thread();
        let mut peer = Peer::new(listener.accept().expect("a connection").0);
        accept(&mut peer, extensions);
        script(peer);
    });
    (server, port)
}

/// Bytes that compression does not make smaller.
fn noise(len: usize) -> Vec<u8> {
    let mut seed = 7u64;
    let mut next = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed as u8
    };
    (0..len).map(|_| next()).collect()
}

/// Sends messages until there is no room for a tenth of a second.
fn fill(host: &Loop, socket: &Socket, message: &[u8]) {
    let mut refused = 0;
    while refused < 10 {
        match socket.send_binary(message) {
            EGRET_WS_OK => refused = 0,
            EGRET_WS_ERR_BACKPRESSURE => {
                refused += 1;
                host.poll(10);
            }
            error => panic!("a send failed with {error}"),
        }
    }
}

/// Messages that the host has received.
static MESSAGES: AtomicUsize = AtomicUsize::new(0);

unsafe extern "C" fn count(_: *mut c_void, _: *mut egret_ws, _: i32, _: *const u8, _: usize) {
    MESSAGES.fetch_add(1, SeqCst);
}
