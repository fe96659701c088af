//! `local_address` and `local_interface`: the local side of a connection.

use crate::{NAME, with_hooks};
use ::egret_ws::*;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use test_support::client::{DRIVERS, Loop, Socket, on_both_drivers};
use test_support::close_report::CloseReport;
use test_support::echo_server::echo_port;
use test_support::hooks::Hooks;
use test_support::scripted_server::{Peer, Server};

const OTHER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 78);

fn peer_address(mut peer: Peer) -> IpAddr {
    let address = peer.stream().peer_addr().expect("a connection").ip();
    peer.upgrade();
    peer.close(1000);
    address
}

fn from<'a>(host: &'a Loop, to: &str, port: u16, address: &'static std::ffi::CStr) -> Socket<'a> {
    host.open_host(to, port, |options| options.local_address = address.as_ptr()).expect("options")
}

#[track_caller]
fn refused(report: &CloseReport, os_error: i32, text: &str) {
    assert_eq!((report.error, report.phase), (EGRET_WS_ERR_CONNECT, EGRET_WS_PHASE_CONNECT), "{}", report.message);
    assert_eq!(report.os_error, os_error, "{}", report.message);
    assert!(report.message.contains(text), "{}", report.message);
}

#[test]
fn the_connection_comes_from_the_local_address() {
    on_both_drivers(|host| {
        for (address, to, expected) in [
            (c"127.0.0.78", IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V4(OTHER)),
            (c"::1", IpAddr::V6(Ipv6Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)),
        ] {
            let server = Server::on(TcpListener::bind((to, 0)).expect("a free port"), peer_address);
            let socket = from(host, &to.to_string(), server.port(), address);
            assert_eq!(socket.wait_closed().code, 1000);
            assert_eq!(server.finish(), expected);
        }
    });
}

#[test]
fn addresses_of_the_other_family_fail_and_do_not_hide_the_error_of_the_others() {
    on_both_drivers(|host| {
        refused(&from(host, "::1", 1, c"127.0.0.1").wait_closed(), 0, "local_address 127.0.0.1 is of the other family");
        refused(&from(host, "127.0.0.1", 1, c"::1").wait_closed(), 0, "local_address ::1 is of the other family");
        // `localhost` has both families.
        from(host, "localhost", echo_port(), c"127.0.0.78").wait_open();
        let report = from(host, "localhost", 1, c"127.0.0.78").wait_closed();
        refused(&report, libc::ECONNREFUSED, "(127.0.0.1:1) failed: Connection refused");
        let report = from(host, "localhost", 1, c"::1").wait_closed();
        refused(&report, libc::ECONNREFUSED, "[::1]:1: Connection refused");
    });
}

#[test]
fn an_address_or_interface_that_this_machine_does_not_have_is_named_in_the_report() {
    on_both_drivers(|host| {
        let report = from(host, "127.0.0.1", echo_port(), c"192.0.2.1").wait_closed();
        refused(&report, libc::EADDRNOTAVAIL, "failed: local_address 192.0.2.1: ");
        let socket =
            host.open_host("127.0.0.1", echo_port(), |options| options.local_interface = c"no-such-if".as_ptr());
        refused(&socket.expect("options").wait_closed(), libc::ENODEV, "failed: local_interface no-such-if: ");
    });
}

/// Linux allows this without a privilege since 5.7. Before that, and in some containers, it is refused.
#[test]
fn the_connection_leaves_by_the_local_interface() {
    on_both_drivers(|host| {
        for ip in ["127.0.0.1", "::1"] {
            let listener = TcpListener::bind((ip, 0)).expect("a free port");
            let port = listener.local_addr().expect("a bound listener").port();
            let socket = host.open_host(ip, port, |options| options.local_interface = c"lo".as_ptr()).expect("options");
            let mut accepted = None;
            listener.set_nonblocking(true).expect("a listener");
            host.wait_until("a connection or its refusal", || {
                accepted = listener.accept().ok();
                accepted.is_some() || socket.count_callbacks() > 0
            });
            if accepted.is_none() {
                refused(&socket.wait_closed(), libc::EPERM, "failed: local_interface lo: ");
            }
        }
    });
}

#[test]
fn the_hook_gets_a_socket_that_has_the_local_address() {
    for driver in DRIVERS {
        let calls = Arc::new(AtomicUsize::new(0));
        let on_socket = {
            let calls = Arc::clone(&calls);
            move |socket: socket2::SockRef<'_>| {
                let local = socket.local_addr().expect("a socket").as_socket().expect("an address");
                assert_eq!(local.ip(), IpAddr::V4(OTHER));
                calls.fetch_add(1, SeqCst);
                0
            }
        };
        let hooks = Hooks {
            on_resolve: Some(Box::new(|_, query| assert_eq!(query.resolved(Some("::1,127.0.0.1")), EGRET_WS_OK))),
            on_socket: Some(Box::new(on_socket)),
            ..Hooks::default()
        };
        let (host, _) = with_hooks(driver, hooks);
        from(&host, NAME, echo_port(), c"127.0.0.78").wait_open();
        assert_eq!(calls.load(SeqCst), 1, "the address of the other family has no socket");
    }
}
