//! The memory that permessage-deflate needs, counted by the allocator: for a decompression bomb, and for each socket.
#![cfg(target_os = "linux")]
#![allow(unsafe_code)] // a callback of the C ABI

use ::egret_ws::*;
use std::ffi::c_void;
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use test_allocator::{TestAllocator, exclude_this_thread, in_use, peak_during};
use test_support::client::{DRIVERS, Driver, Loop, Socket, set_deflate};
use test_support::deflate::client::connect;
use test_support::deflate::codec::{deflated, stored};
use test_support::deflate::server::{BARE, accept, compressed};
use test_support::frame::{BINARY, Frame, wire};
use test_support::process::runs_alone;
use test_support::scripted_server::Peer;

const CAP: usize = 131_072;
const KIB: usize = 1024;

#[global_allocator]
static ALLOCATOR: TestAllocator = TestAllocator;

/// Starts a server whose allocations are not counted. Returns its port.
fn server(extensions: &'static [&'static str], script: impl FnOnce(Peer) + Send + 'static) -> (JoinHandle<()>, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("a bound listener").port();
    let server = thread::spawn(move || {
        exclude_this_thread();
        let (stream, _) = listener.accept().expect("a connection");
        let mut peer = Peer::new(stream);
        accept(&mut peer, extensions);
        script(peer);
    });
    (server, port)
}

/// Returns the largest amount of memory that a client needs for the data of a server until it sends 1009.
fn peak_of(driver: Driver, bytes: Vec<u8>) -> usize {
    let host = Loop::new(driver);
    let (go, gone) = mpsc::channel();
    let (server, port) = server(&[BARE], move |mut peer| {
        gone.recv().expect("the test says when");
        // The client may disconnect before everything is written.
        let _ = peer.try_write(&bytes);
        assert_eq!(peer.read_close(), 1009);
        peer.read_to_end();
    });
    let (socket, _) = connect(&host, port, |_| {});
    let peak = peak_during(|| {
        go.send(()).expect("the server waits");
        assert_eq!(socket.wait_closed().error, EGRET_WS_ERR_MESSAGE_TOO_BIG);
    });
    server.join().expect("the script ends well");
    peak
}

/// A buffer that grows doubles its size. During this, the old buffer (smaller than the cap) and the new one (smaller than twice
/// the cap) both exist. In addition there is the report, and the data that the test records.
const BOMB: usize = 3 * CAP + 16 * KIB;

#[test]
fn decompression_bomb_takes_no_more_memory_than_the_message_limit_and_its_growth() {
    if !runs_alone("decompression_bomb_takes_no_more_memory_than_the_message_limit_and_its_growth") {
        return;
    }
    let zeros = deflated(vec![0; 20_000_000]);
    let empty_first = [&[0, 0, 0, 0xff, 0xff].repeat(10_000)[..], &zeros].concat();
    let start = &zeros[..10_000];
    let fragments: Vec<Frame> = start.chunks(3).map(|piece| Frame::continuation(piece).unfinished()).collect();
    // Each row contains the smallest amount that must be used, so that a wrong measurement is noticed. If a frame announces more
    // bytes than all frames of a message may have, it is refused by its header.
    let bombs = [
        ("a thousand to one", CAP / 2, compressed(BINARY, &*zeros).bytes()),
        ("after empty blocks", CAP / 2, compressed(BINARY, empty_first).bytes()),
        ("in fragments", CAP / 2, [compressed(BINARY, "").unfinished().bytes(), wire(&fragments)].concat()),
        ("a mebibyte announced", CAP / 2, [compressed(BINARY, "").header_claiming(1 << 20), start.to_vec()].concat()),
        ("a terabyte announced", 0, [compressed(BINARY, "").header_claiming(1 << 40), start.to_vec()].concat()),
        ("not compressed", CAP / 2, compressed(BINARY, stored(&vec![7; 1_000_000], 65_535)).bytes()),
    ];
    for driver in DRIVERS {
        for (what, least, bytes) in &bombs {
            let peak = peak_of(driver, bytes.clone());
            println!("{driver:?}, {what}: {} KiB at most", peak / KIB);
            assert!(peak >= *least, "{what}: {peak} bytes cannot be all");
            assert!(peak <= BOMB, "{what}: {peak} bytes were in use at a time");
        }
    }
}

/// The number of messages that the host has received, and of their bytes.
static MESSAGES: AtomicUsize = AtomicUsize::new(0);
static BYTES: AtomicUsize = AtomicUsize::new(0);

unsafe extern "C" fn count(_: *mut c_void, _: *mut egret_ws, _: i32, _: *const u8, len: usize) {
    MESSAGES.fetch_add(1, Relaxed);
    BYTES.fetch_add(len, Relaxed);
}

/// Each message is within the limit, and one read returns hundreds of messages. According to the header,
/// `max_receive_queue_bytes`, one read (64 KiB) and one message may wait to be dispatched.
#[test]
fn waiting_messages_take_no_more_memory_than_the_queue() {
    if !runs_alone("waiting_messages_take_no_more_memory_than_the_queue") {
        return;
    }
    const COUNT: usize = 300;
    const QUEUE: usize = 256 * KIB;
    for driver in DRIVERS {
        let host = Loop::new(driver);
        let (go, gone) = mpsc::channel();
        let (written, all) = mpsc::channel();
        let bytes = compressed(BINARY, deflated(vec![0; CAP])).bytes().repeat(COUNT);
        assert!(bytes.len() <= 64 * KIB, "{} bytes are more than a read takes", bytes.len());
        let (server, port) = server(&[BARE], move |mut peer| {
            gone.recv().expect("the test says when");
            peer.write(bytes);
            written.send(()).expect("it is waited for");
            peer.close(1000);
        });
        let (socket, _) = connect(&host, port, |options| {
            options.max_receive_queue_bytes = QUEUE as u32;
            options.on_message = Some(count);
        });
        MESSAGES.store(0, Relaxed);
        BYTES.store(0, Relaxed);
        let peak = peak_during(|| {
            go.send(()).expect("the server waits");
            all.recv().expect("the server writes all");
            socket.wait_closed();
        });
        assert_eq!((MESSAGES.load(Relaxed), BYTES.load(Relaxed)), (COUNT, COUNT * CAP));
        println!("{driver:?}: {} KiB at most for {COUNT} messages of 128 KiB", peak / KIB);
        // The events that are being dispatched are a second queue of that size. The buffer of one more message may grow.
        let limit = 2 * (QUEUE + 64 * KIB + CAP) + BOMB;
        assert!(peak <= limit, "{} KiB wait, and may be {} KiB", peak / KIB, limit / KIB);
        server.join().expect("the script ends well");
    }
}

/// A socket on an inline loop. All of its memory is allocated by this thread.
struct Measured<'a> {
    socket: Socket<'a>,
    server: JoinHandle<()>,
    opened: usize,
}

impl<'a> Measured<'a> {
    fn open(host: &'a Loop, extensions: &'static [&'static str], set: impl FnOnce(&mut egret_ws_options)) -> Self {
        let (server, port) = server(extensions, |mut peer| {
            while test_support::deflate::server::read(&mut peer).opcode == BINARY {
                peer.send(&compressed(BINARY, deflated(b"a message to be inflated")));
            }
            peer.send(&Frame::close(1000, ""));
            peer.expect_silence();
        });
        let before = in_use();
        let (socket, _) = connect(host, port, set);
        Measured { socket, server, opened: in_use() - before }
    }

    /// Returns the memory that one message in each direction adds.
    fn talk(&self, host: &Loop) -> usize {
        let before = in_use();
        assert_eq!(self.socket.send_binary(&[7; 1000]), EGRET_WS_OK);
        host.wait_until("the message", || self.socket.count_messages() == 1);
        in_use() - before
    }

    fn close(self) {
        assert_eq!(self.socket.close(1000, ""), EGRET_WS_OK);
        assert_eq!(self.socket.wait_closed().error, EGRET_WS_OK);
        self.server.join().expect("the script ends well");
    }
}

#[test]
fn memory_of_a_socket() {
    if !runs_alone("memory_of_a_socket") {
        return;
    }
    let host = Loop::new(Driver::Inline);
    // The first sockets make the loop allocate memory that it keeps. Its two event queues are used alternately.
    for _ in 0..3 {
        Measured::open(&host, &[], |_| {}).close();
    }
    const SMALL: &[&str] = &["permessage-deflate; server_max_window_bits=9"];
    const ALONE: &[&str] = &["permessage-deflate; server_no_context_takeover; client_no_context_takeover"];

    let measure = |what: &str, extensions, set: fn(&mut egret_ws_options)| {
        let measured = Measured::open(&host, extensions, set);
        let added = if extensions.is_empty() { 0 } else { measured.talk(&host) };
        println!("{what}: {} bytes, and {added} by a message each way", measured.opened);
        let opened = measured.opened;
        measured.close();
        (opened, added)
    };
    let (off, _) = measure("not offered", &[], |options| options.flags = EGRET_WS_DISABLE_DEFLATE);
    let (refused, _) = measure("not agreed on", &[], |_| {});
    let (agreed, talked) = measure("agreed on", &[BARE], |_| {});
    let (_, small) = measure("9 bits to send with", &[BARE], |options| {
        set_deflate(options, |deflate| deflate.client_window_bits = 9)
    });
    let (narrow, _) =
        measure("9 bits to read with", SMALL, |options| set_deflate(options, |deflate| deflate.server_window_bits = 9));
    let (_, alone) = measure("no context taken over", ALONE, |_| {});
    let (_, never) = measure("never compressing", &[BARE], |options| {
        set_deflate(options, |deflate| deflate.threshold_bytes = u32::MAX)
    });

    assert!(off.abs_diff(refused) < 256, "nothing without an agreement: {off}, {refused} bytes");
    // zlib-rs always has its largest window.
    for opened in [agreed, narrow] {
        assert!((32 * KIB..52 * KIB).contains(&(opened - refused)), "32 KiB, and some 15 KiB: {opened} bytes");
    }
    for (bits, talked) in [(15, talked), (9, small)] {
        let least = (4 << bits) + 224 * KIB;
        assert!((least..least + 32 * KIB).contains(&talked), "4 times the window, and 240 KiB: {talked} bytes");
    }
    assert!(alone <= talked + 256, "no more than with a context: {alone} bytes");
    assert!(never < 4 * KIB, "nothing for a direction that is not used: {never} bytes");
}

#[test]
fn closed_socket_frees_all_memory() {
    if !runs_alone("closed_socket_frees_all_memory") {
        return;
    }
    let host = Loop::new(Driver::Inline);
    let visits = || {
        for _ in 0..4 {
            let measured = Measured::open(&host, &[BARE], |_| {});
            measured.talk(&host);
            measured.close();
        }
        in_use()
    };
    let (warm, after) = (visits(), visits());
    println!("{} bytes a visit", after.saturating_sub(warm) / 4);
    // The client of the tests also records the callbacks of each socket.
    assert!(after < warm + 4 * 4 * KIB, "{warm} bytes became {after}");
}
