//! `on_socket`: the application changes the descriptor of a connection before it connects.

use crate::gate::Gate;
use crate::{NAME, open, wait_released, with_hooks};
use ::egret_ws::*;
use parking_lot::Mutex;
use socket2::{SockAddr, SockRef};
use std::ffi::CString;
use std::fs::File;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use test_support::client::{DRIVERS, Driver, Loop};
use test_support::echo_server::echo_port;
use test_support::hooks::{Ask, ChangeSocket, Hooks};
use test_support::process::{self, Usage};
use test_support::scripted_server::Server;

const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

fn changing(driver: Driver, on_socket: ChangeSocket) -> (Loop, Arc<AtomicUsize>) {
    with_hooks(driver, Hooks { on_socket: Some(on_socket), ..Hooks::default() })
}

/// Makes a loop with both hooks. `NAME` has these addresses.
fn resolving(driver: Driver, addresses: String, on_socket: ChangeSocket) -> (Loop, Arc<AtomicUsize>) {
    let on_resolve: Ask = Box::new(move |_, query| assert_eq!(query.resolved(Some(&addresses)), EGRET_WS_OK));
    with_hooks(driver, Hooks { on_resolve: Some(on_resolve), on_socket: Some(on_socket), ..Hooks::default() })
}

fn is_v6(socket: &SockRef<'_>) -> bool {
    socket.local_addr().expect("a socket").is_ipv6()
}

/// Returns a listener of this family, on a port on which no other family listens.
fn listener(ip: IpAddr) -> TcpListener {
    TcpListener::bind((ip, 0)).expect("a free port")
}

#[test]
fn changes_of_the_hook_apply_to_the_connection() {
    for driver in DRIVERS {
        for ip in [V4, V6] {
            let seen = Arc::new(Mutex::new(None));
            let server = Server::on(listener(ip), |mut peer| {
                let address = peer.stream().peer_addr().expect("a connection");
                peer.upgrade();
                peer.close(1000);
                address
            });
            let (host, released) = changing(driver, {
                let seen = Arc::clone(&seen);
                Box::new(move |socket| {
                    assert_eq!(socket.peer_addr().expect_err("not connected").kind(), ErrorKind::NotConnected);
                    assert!(socket.nonblocking().expect("a socket"));
                    assert_eq!(socket.local_addr().expect("a socket").as_socket().expect("an address").port(), 0);
                    // The server sees the address to which the hook binds the socket.
                    let ip = if is_v6(&socket) { V6 } else { Ipv4Addr::new(127, 0, 0, 77).into() };
                    socket.bind(&SockAddr::from(SocketAddr::new(ip, 0))).expect("an address of this machine");
                    *seen.lock() = socket.local_addr().expect("a socket").as_socket();
                    0
                })
            });
            let socket = open(&host, &ip.to_string(), server.port());
            assert_eq!(socket.wait_closed().code, 1000);
            assert_eq!(Some(server.finish()), *seen.lock());
            drop(socket);
            drop(host);
            wait_released(&released);
        }
    }
}

#[test]
fn the_descriptor_is_not_inherited_by_programs() {
    let seen = Arc::new(AtomicUsize::new(0));
    let (host, _) = changing(Driver::Threaded, {
        let seen = Arc::clone(&seen);
        Box::new(move |socket| {
            let info = format!("/proc/self/fdinfo/{}", socket.as_raw_fd());
            let info = std::fs::read_to_string(info).expect("the system's record of the descriptor");
            let flags = info.lines().find_map(|line| line.strip_prefix("flags:")).expect("its flags");
            let flags = i32::from_str_radix(flags.trim(), 8).expect("an octal number");
            assert_ne!(flags & libc::O_CLOEXEC, 0);
            seen.fetch_add(1, SeqCst);
            0
        })
    });
    open(&host, "127.0.0.1", echo_port()).wait_open();
    assert_eq!(seen.load(SeqCst), 1);
}

#[test]
fn a_refusal_fails_the_address_and_the_next_one_is_tried() {
    for driver in DRIVERS {
        let port = echo_port();
        let refuse_v6: ChangeSocket = Box::new(|socket| if is_v6(&socket) { 13 } else { 0 });
        let (host, _) = resolving(driver, format!("[::1]:{port},127.0.0.1:{port}"), refuse_v6);
        open(&host, NAME, port).wait_open();
        drop(host);

        for (number, ip) in [(-7, V4), (i32::MAX, V6)] {
            let (host, _) = changing(driver, Box::new(move |_| number));
            let socket = open(&host, &ip.to_string(), port);
            let report = socket.wait_closed();
            assert_eq!((report.error, report.phase), (EGRET_WS_ERR_CONNECT, EGRET_WS_PHASE_CONNECT));
            let expected = format!("on_socket refused the descriptor (it returned {number})");
            assert!(report.message.ends_with(&expected), "{}", report.message);
        }
    }
}

#[test]
fn a_failed_connect_after_the_hook_is_reported_as_without_it() {
    for driver in DRIVERS {
        let (host, _) = changing(driver, Box::new(|_| 0));
        let listener = listener(V4);
        let port = listener.local_addr().expect("a bound listener").port();
        drop(listener);
        let report = open(&host, "127.0.0.1", port).wait_closed();
        assert_eq!((report.error, report.os_error), (EGRET_WS_ERR_CONNECT, libc::ECONNREFUSED), "{}", report.message);
    }
}

#[test]
fn a_hook_that_blocks_delays_only_its_own_address() {
    for driver in DRIVERS {
        let port = echo_port();
        let gate = Gate::default();
        let block_v6: ChangeSocket = Box::new({
            let gate = gate.clone();
            move |socket| {
                if is_v6(&socket) {
                    let before = socket.local_addr().expect("a socket");
                    gate.pass();
                    // Descriptors with a lower number are free again, but this one is not.
                    let _file = File::open("/dev/null").expect("a file");
                    assert_eq!(socket.local_addr().expect("still the socket"), before);
                }
                0
            }
        });
        let (host, released) = resolving(driver, format!("[::1]:{port},127.0.0.1:{port}"), block_v6);
        let socket = open(&host, NAME, port);
        socket.wait_open(); // it uses the second address
        gate.wait_for(1);

        // This connection has only one address, which is blocked until its time-out.
        let blocked = host.open_host("::1", port, |options| options.connect_timeout_ms = 50).expect("options");
        let report = blocked.wait_closed();
        assert_eq!((report.error, report.phase), (EGRET_WS_ERR_TIMEOUT, EGRET_WS_PHASE_CONNECT));
        assert!(report.message.contains("(on_socket has not returned)"), "{}", report.message);
        gate.wait_for(2);

        open(&host, "127.0.0.1", port).wait_open();
        drop((socket, blocked));
        drop(host); // does not wait for the hooks
        assert_eq!(released.load(SeqCst), 0, "hooks are running");
        gate.open();
        wait_released(&released);
    }
}

#[test]
fn no_descriptor_is_left_or_used_again_while_a_hook_has_it() {
    if !process::runs_alone("sockets::no_descriptor_is_left_or_used_again_while_a_hook_has_it") {
        return;
    }
    const SOCKETS: usize = 40;
    let port = echo_port();
    for driver in DRIVERS {
        let before = Usage::now();
        let gate = Gate::default();
        let (host, released) = changing(driver, {
            let gate = gate.clone();
            let count = AtomicUsize::new(0);
            Box::new(move |socket| {
                let inode = |socket: &SockRef<'_>| {
                    std::fs::read_link(format!("/proc/self/fd/{}", socket.as_raw_fd())).expect("an open descriptor")
                };
                let number = count.fetch_add(1, SeqCst);
                if number < 8 {
                    let before = inode(&socket);
                    gate.pass();
                    assert_eq!(inode(&socket), before, "the descriptor is another socket");
                }
                i32::from(number % 2 == 1)
            })
        });
        // Each socket waits for the hook, and is freed while the hook runs.
        let blocked: Vec<_> = (0..8).map(|_| open(&host, "127.0.0.1", port)).collect();
        gate.wait_for(8);
        blocked.iter().for_each(|socket| assert_eq!(socket.abort(), EGRET_WS_OK));
        blocked.iter().for_each(|socket| assert_eq!(socket.wait_closed().error, EGRET_WS_ERR_ABORTED));
        drop(blocked);
        let mut ends = (0, 0);
        for _ in 0..SOCKETS {
            let socket = open(&host, "127.0.0.1", port);
            host.wait_until("the end or the connection", || socket.count_callbacks() > 0);
            if socket.state() == EGRET_WS_STATE_OPEN { ends.0 += 1 } else { ends.1 += 1 }
        }
        assert_eq!(ends, (SOCKETS / 2, SOCKETS / 2));
        gate.open();
        gate.wait_until_empty();
        drop(host);
        wait_released(&released);
        let after = Usage::settled(before.threads, before.descriptors);
        assert_eq!((after.threads, after.descriptors), (before.threads, before.descriptors));
    }
}

/// All threads for hooks are blocked, so the hook is not called for these sockets. They end, and their descriptors are closed.
#[test]
fn a_connection_that_waits_for_a_thread_leaves_no_descriptor() {
    if !process::runs_alone("sockets::a_connection_that_waits_for_a_thread_leaves_no_descriptor") {
        return;
    }
    let port = echo_port();
    for driver in DRIVERS {
        let gate = Gate::default();
        let on_socket: ChangeSocket = Box::new({
            let gate = gate.clone();
            move |_| {
                gate.pass();
                0
            }
        });
        let (host, released) =
            with_hooks(driver, Hooks { max_threads: 1, on_socket: Some(on_socket), ..Hooks::default() });
        let running = open(&host, "127.0.0.1", port);
        gate.wait_for(1);
        let before = Usage::now();
        let addresses = CString::new("127.0.0.1,127.0.0.2,127.0.0.3,127.0.0.4").expect("no NUL");
        let waiting: Vec<_> = (0..20)
            .map(|_| {
                host.open_host(NAME, port, |options| {
                    options.addresses = addresses.as_ptr();
                    options.attempt_delay_ms = EGRET_WS_AT_ONCE;
                })
                .expect("options")
            })
            .collect();
        host.wait_until("all addresses", || Usage::now().descriptors >= before.descriptors + 20 * 4);
        waiting.iter().for_each(|socket| assert_eq!(socket.abort(), EGRET_WS_OK));
        waiting.iter().for_each(|socket| assert_eq!(socket.wait_closed().error, EGRET_WS_ERR_ABORTED));
        drop(waiting);
        Usage::settled(before.threads, before.descriptors);
        gate.open();
        running.wait_open();
        assert_eq!(gate.came(), 1, "the hook was not called for sockets that had ended");
        drop(running);
        drop(host);
        wait_released(&released);
    }
}
