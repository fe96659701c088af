//! The memory that loops keep, and the memory of their look-ups.

use super::*;
use socket2::SockRef;
use std::ffi::c_char;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Instant;
use test_allocator::{Peak, in_use};
use test_support::WAIT_LIMIT;
use test_support::client::{DRIVERS, Driver};
use test_support::frame::Frame;
use test_support::hooks::{Ask, ChangeSocket, Hooks, Query};
use test_support::process::runs_alone;

#[test]
fn loops() {
    if !runs_alone("loops::loops") {
        return;
    }
    let mut line = Line::new("a new loop: 128 KiB");
    for driver in DRIVERS {
        let before = in_use();
        let host = Loop::new(driver);
        line.allows(format_args!("{driver:?}, new"), in_use() - before, 128 * KIB);
        drop(host);
    }
    line.reached(45);

    let mut line = Line::new(LOOP_LINE);
    for driver in DRIVERS {
        let before = in_use();
        let host = Loop::new(driver);
        for size in [1, 1000, MESSAGE, 1, 1000] {
            let all = 12 * MIB / (size + 32);
            let (server, port) = server(&[], move |mut peer| {
                (0..7).for_each(|_| assert_eq!(peer.read().payload.len(), MESSAGE));
                let bytes = Frame::text(vec![b'x'; size]).bytes().repeat(all);
                peer.write(bytes);
                peer.close(1000);
            });
            let socket = host.connect_with(port, |options| {
                options.on_message = Some(count);
                options.max_receive_queue_bytes = 16 * MIB as u32;
            });
            socket.wait_open();
            (0..7).for_each(|_| assert_eq!(socket.send_binary(&[7; MESSAGE]), EGRET_WS_OK));
            // A thread reads everything before the first poll.
            let waiting = || socket.stats().receive_queue_bytes as usize;
            let deadline = Instant::now() + WAIT_LIMIT;
            while driver == Driver::Threaded && waiting() < all * (size + 32) {
                assert!(Instant::now() < deadline, "{} bytes came", waiting());
                thread::yield_now();
            }
            socket.wait_closed();
            server.join().expect("the script ends well");
        }
        line.allows(format_args!("{driver:?}, after bursts"), in_use() - before, LOOP);
    }
    line.reached(25);
}

/// Look-ups hang while this is true.
static HANGS: Mutex<bool> = Mutex::new(true);
static ENDS: Condvar = Condvar::new();
static BEGUN: AtomicUsize = AtomicUsize::new(0);

/// Replaces the resolver of the C library.
///
/// # Safety
/// The conditions of the C library's function apply.
#[unsafe(no_mangle)]
unsafe extern "C" fn getaddrinfo(
    _: *const c_char,
    _: *const c_char,
    _: *const libc::addrinfo,
    _: *mut *mut libc::addrinfo,
) -> c_int {
    BEGUN.fetch_add(1, SeqCst);
    drop(ENDS.wait_while(HANGS.lock().expect("no test panics with it"), |hangs| *hangs).expect("as before"));
    libc::EAI_NONAME
}

#[test]
fn lookups_that_hang() {
    if !runs_alone("loops::lookups_that_hang") {
        return;
    }
    const AWAITED: usize = 64;
    let mut line = Line::new("2 KiB for each name look-up");
    let host = Loop::new(Driver::Threaded);
    let peak = Peak::start();
    let sockets: Vec<Socket> = (0..AWAITED)
        .map(|number| host.try_connect(&format!("host-{number}.invalid"), 80).expect("the connect call succeeds"))
        .collect();
    // There are two look-ups for each name, but not more than this in total. The others wait for them.
    host.wait_until("all look-ups", || BEGUN.load(SeqCst) == AWAITED);
    let most = AWAITED * (2 + 8) * KIB;
    line.allows("with their sockets", peak.bytes(), most);
    line.reached(30);
    *HANGS.lock().expect("as before") = false;
    ENDS.notify_all();
    sockets.iter().for_each(|socket| drop(socket.wait_closed()));
}

/// Calls of hooks wait, because all threads are used by hooks that do not return.
#[test]
fn hooks_that_hang() {
    if !runs_alone("loops::hooks_that_hang") {
        return;
    }
    const CALLS: usize = 300;
    let mut line = Line::new("2 KiB for each call of a hook");
    let hang = || {
        BEGUN.fetch_add(1, SeqCst);
        drop(ENDS.wait_while(HANGS.lock().expect("no test panics with it"), |hangs| *hangs).expect("as before"));
    };
    let resolve = move |_: &str, _: Query| hang();
    let change = move |_: SockRef<'_>| {
        hang();
        1
    };
    for (of_socket, name) in [(false, "chat.invalid"), (true, "127.0.0.1")] {
        let hooks = Hooks {
            max_threads: 4,
            on_resolve: (!of_socket).then(|| Box::new(resolve) as Ask),
            on_socket: of_socket.then(|| Box::new(change) as ChangeSocket),
            ..Hooks::default()
        };
        let released = Arc::clone(&hooks.released);
        *HANGS.lock().expect("as before") = true;
        BEGUN.store(0, SeqCst);
        let host = Loop::with(Driver::Threaded, |options| hooks.listen_by(options));
        let peak = Peak::start();
        let sockets: Vec<Socket> =
            (0..CALLS).map(|_| host.try_connect(name, 9).expect("the connect call succeeds")).collect();
        host.wait_until("the hooks", || BEGUN.load(SeqCst) == 4);
        // The engine runs commands in their order, so it has begun all connections when this one ends.
        let last = host.try_connect("localhost", 9).expect("the connect call succeeds");
        assert_eq!(last.abort(), EGRET_WS_OK);
        drop(last.wait_closed());
        line.allows(format_args!("{name}, with their sockets"), peak.bytes(), CALLS * (2 + 8) * KIB);
        *HANGS.lock().expect("as before") = false;
        ENDS.notify_all();
        drop(last);
        drop(sockets);
        drop(host);
        let deadline = Instant::now() + WAIT_LIMIT;
        while released.load(SeqCst) == 0 {
            assert!(Instant::now() < deadline, "the hooks are not released");
            thread::yield_now();
        }
    }
    line.reached(25);
}
