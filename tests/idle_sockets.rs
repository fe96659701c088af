//! A thousand idle sockets in one loop need one thread and less than 4 KiB of resident memory each, and leave nothing behind.
#![cfg(target_os = "linux")]
#![allow(unsafe_code)] // raises the limit of descriptors

use ::egret_ws::EGRET_WS_STATE_OPEN;
use std::io::{self, Read};
use std::net::TcpListener;
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use test_support::WAIT_LIMIT;
use test_support::client::{Driver, Loop, Socket};
use test_support::process;
use test_support::recorder::Event;
use test_support::scripted_server::Peer;

const SOCKETS: usize = 1000;
/// How many sockets connect at a time. The number is less than a listener's backlog, because connections that do not fit are
/// dropped.
const WAVE: usize = 50;
/// This variable is set for the process that acts as the server.
const SERVER: &str = "EGRET_WS_TEST_IDLE_SERVER";

// The server is a second process of this program, so that only the client is measured.
#[test]
fn a_thousand_idle_sockets_take_one_thread_and_under_4_kib_each() {
    if std::env::var_os(SERVER).is_some() {
        return serve();
    }
    allow_descriptors(SOCKETS + 200);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("a bound listener").port();
    let _server = Server::start(listener);
    let (threads, descriptors) = (process::threads(), process::descriptors());

    let host = Loop::new(Driver::Threaded);
    let mut sockets = vec![host.connect(port)];
    sockets.reserve(SOCKETS);
    sockets[0].wait_open(); // this also allocates the memory that all sockets share
    let before = process::resident_bytes();
    while sockets.len() < SOCKETS + 1 {
        let wave: Vec<Socket> = (0..WAVE).map(|_| host.connect(port)).collect();
        wave.iter().for_each(Socket::wait_open);
        sockets.extend(wave);
    }
    let each = process::resident_bytes().saturating_sub(before) / SOCKETS;
    println!("{each} bytes of resident memory a socket");
    assert!(each < 4096, "{each} bytes of resident memory a socket");
    assert_eq!(process::threads(), threads + 1, "one thread for a loop");
    for socket in &sockets {
        assert_eq!((socket.state(), socket.events()), (EGRET_WS_STATE_OPEN, vec![Event::Connect]));
    }

    drop(sockets);
    drop(host);
    assert_eq!(process::descriptors(), descriptors, "descriptors are left");
    // The kernel lists a joined thread for a short time after its end.
    let deadline = Instant::now() + WAIT_LIMIT;
    while process::threads() != threads {
        assert!(Instant::now() < deadline, "threads are left");
        thread::yield_now();
    }
}

/// The process that acts as the server. It ends when this is dropped.
struct Server(Child);

impl Server {
    fn start(listener: TcpListener) -> Server {
        let program = std::env::current_exe().expect("this program");
        let mut command = Command::new(program);
        command.env(SERVER, "1").stdin(Stdio::from(OwnedFd::from(listener))).stdout(Stdio::null());
        Server(command.spawn().expect("this program runs again"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Upgrades and keeps every connection to the listener that is our standard input.
fn serve() {
    thread::spawn(|| {
        thread::sleep(Duration::from_secs(60));
        std::process::exit(1); // the test was killed and could not end this process
    });
    let listener = io::stdin().as_fd().try_clone_to_owned().expect("a listener as standard input");
    let held: Vec<Peer> = TcpListener::from(listener)
        .incoming()
        .take(SOCKETS + 1)
        .map(|stream| {
            let mut peer = Peer::new(stream.expect("a connection"));
            peer.upgrade();
            peer
        })
        .collect();
    for mut peer in held {
        let _ = peer.stream().read(&mut [0]); // until the client leaves
    }
}

fn allow_descriptors(count: usize) {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is writable.
    assert_eq!(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) }, 0);
    limit.rlim_cur = limit.rlim_cur.max(limit.rlim_max.min(count as libc::rlim_t));
    // SAFETY: `limit` is a whole struct.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) }, 0);
}
