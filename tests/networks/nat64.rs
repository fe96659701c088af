//! A mobile network with IPv6 only, and a NAT64 between it and the servers. The NAT64 and the name server are programs of other
//! projects, see `enter.sh`.

use crate::interfaces::{SERVER, listen, listen_on, wait};
use crate::namespace::{PORT, Server, in_namespace_with_nat64};
use crate::{MOST, ROUNDS};
use ::egret_ws::*;
use std::ffi::CStr;
use std::fs;
use std::io;
use std::net::{Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;
use test_support::client::{DRIVERS, Driver, Loop, on_both_drivers};
use test_support::connection::{Outcome, run_connection};
use test_support::response::{Stats, address};

const SERVER_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 2, 0, 0, 0, 0, 1);
/// The server's IPv4 address behind the NAT64, and a port.
const THROUGH_NAT64: &str = "[2001:db8:64::c000:201]:9000";

/// Returns the servers, after the NAT64 and the name server have started.
fn servers() -> [Server; 2] {
    let servers = [Server::with(listen(PORT)), Server::with(listen_on(SERVER_V6.into(), PORT))];
    wait("the name server", || ("v4only.test", PORT).to_socket_addrs().is_ok());
    // Nothing listens on this port.
    let mut through: SocketAddr = THROUGH_NAT64.parse().expect("an address");
    through.set_port(PORT + 1);
    let refused = |error: io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
    wait("the NAT64", || TcpStream::connect_timeout(&through, Duration::from_millis(100)).is_err_and(refused));
    servers
}

fn set_addresses(options: &mut egret_ws_options, list: &'static CStr) {
    options.addresses = list.as_ptr();
}

/// Returns the time from the beginning to an open TCP connection.
fn took(stats: &Stats) -> Duration {
    Duration::from_micros(stats.resolve_us + stats.connect_us)
}

/// Connects with both drivers. This URL must lead to `winner`. Returns the shortest time and the last outcome.
#[track_caller]
fn reaches(url: &str, winner: &str, set: impl Fn(&mut egret_ws_options)) -> (Duration, Outcome) {
    let mut all = Vec::new();
    let mut last = None;
    for driver in DRIVERS {
        for _ in 0..ROUNDS {
            let outcome = run_connection(driver, url, &set);
            let opened = outcome.expect_open();
            assert_eq!(address(&opened.stats), winner, "{driver:?}: {}", opened.tried);
            assert!(opened.local_address.starts_with("[2001:db8:1::2]:"), "{}", opened.local_address);
            all.push(took(&opened.stats));
            last = Some(outcome);
        }
    }
    println!("{url}: {all:?}");
    (all.into_iter().min().expect("some"), last.expect("one"))
}

#[test]
fn each_kind_of_address_is_reached_within_300_ms_of_the_direct_route() {
    if !in_namespace_with_nat64("nat64::each_kind_of_address_is_reached_within_300_ms_of_the_direct_route") {
        return;
    }
    let _servers = servers();
    let url = |host: &str| format!("ws://{host}:{PORT}/");
    let none = |_: &mut egret_ws_options| {};
    let (direct, _) = reaches(&url(&format!("[{SERVER_V6}]")), "[2001:db8:2::1]:9000", none);
    let (literal, outcome) = reaches(&url("192.0.2.1"), THROUGH_NAT64, none);
    let opened = outcome.expect_open();
    let expected = format!("192.0.2.1:9000 Network is unreachable\n{THROUGH_NAT64} connected\n");
    assert_eq!((&opened.tried, opened.stats.addresses_tried), (&expected, 2));
    // The name server makes an IPv6 address of its IPv4 address.
    let (v4_only, outcome) = reaches(&url("v4only.test"), THROUGH_NAT64, none);
    assert_eq!(outcome.expect_open().tried, format!("{THROUGH_NAT64} connected\n"));
    // The file of hosts does not contain one.
    let (hosts_file, outcome) = reaches(&url("hosts-file.test"), THROUGH_NAT64, none);
    assert_eq!(outcome.expect_open().tried, expected);
    let (dual, outcome) = reaches(&url("server.test"), "[2001:db8:2::1]:9000", none);
    assert_eq!(outcome.expect_open().tried, "[2001:db8:2::1]:9000 connected\n");
    // HTTPDNS often returns only IPv4 addresses.
    let (given, outcome) = reaches("ws://edge.invalid/", THROUGH_NAT64, |o| set_addresses(o, c"192.0.2.1:9000"));
    assert_eq!(outcome.expect_open().tried, expected);
    for time in [literal, v4_only, hosts_file, dual, given] {
        assert!(time <= direct + MOST, "{time:?}, and {direct:?} directly");
    }
}

#[test]
fn a_literal_needs_no_url() {
    if !in_namespace_with_nat64("nat64::a_literal_needs_no_url") {
        return;
    }
    let servers = servers();
    let before = servers[0].connections();
    on_both_drivers(|host| {
        let socket = host.try_connect("192.0.2.1", PORT).expect("the connect call succeeds");
        socket.wait_open();
        assert_eq!(address(&socket.stats()), THROUGH_NAT64);
    });
    assert_eq!(servers[0].connections() - before, DRIVERS.len());
}

/// The IPv6 address of the name does not answer. Its IPv4 address is reached through the NAT64.
#[test]
fn a_dead_ipv6_address_does_not_hide_the_nat64() {
    if !in_namespace_with_nat64("nat64::a_dead_ipv6_address_does_not_hide_the_nat64") {
        return;
    }
    let _servers = servers();
    fs::write("/etc/hosts", "2001:db8:dead::1 dead6.test\n192.0.2.1 dead6.test\n").expect("a file of hosts");
    let (_, outcome) = reaches(&format!("ws://dead6.test:{PORT}/"), THROUGH_NAT64, |_| {});
    let expected = format!(
        "[2001:db8:dead::1]:9000 no answer\n192.0.2.1:9000 Network is unreachable\n{THROUGH_NAT64} connected\n"
    );
    assert_eq!(outcome.expect_open().tried, expected);
}

#[test]
fn a_refusal_behind_the_nat64_is_reported() {
    if !in_namespace_with_nat64("nat64::a_refusal_behind_the_nat64_is_reported") {
        return;
    }
    let _servers = servers();
    for driver in DRIVERS {
        let outcome = run_connection(driver, "ws://192.0.2.1:9001/", |_| {});
        outcome.report.expect(EGRET_WS_ERR_CONNECT, EGRET_WS_PHASE_CONNECT, EGRET_WS_INITIATOR_TRANSPORT);
        assert_eq!(outcome.report.os_error, libc::ECONNREFUSED, "{:#?}", outcome.report);
        assert!(outcome.report.message.contains("[2001:db8:64::c000:201]:9001"), "{}", outcome.report.message);
    }
}

/// The name server cannot be reached, or does not answer. The error of the address is reported.
#[test]
fn a_discovery_that_fails_or_hangs_is_reported_with_the_missing_route() {
    if !in_namespace_with_nat64("nat64::a_discovery_that_fails_or_hangs_is_reported_with_the_missing_route") {
        return;
    }
    let fails = |driver: Driver, limit_ms: u32| {
        let host = Loop::new(driver);
        let set = |options: &mut egret_ws_options| options.resolve_timeout_ms = limit_ms;
        let socket = host.open_url(format!("ws://{SERVER}:{PORT}/"), set).expect("the connect call succeeds");
        let report = socket.wait_closed();
        report.expect(EGRET_WS_ERR_CONNECT, EGRET_WS_PHASE_CONNECT, EGRET_WS_INITIATOR_TRANSPORT);
        assert_eq!(report.os_error, libc::ENETUNREACH, "{report:#?}");
        assert!(report.message.contains("this machine has no IPv4 route there, and "), "{}", report.message);
        report.message
    };
    for driver in DRIVERS {
        // To this address there is no route.
        fs::write("/etc/resolv.conf", "nameserver 192.0.2.1\n").expect("a file");
        let message = fails(driver, 30_000);
        assert!(message.contains("no NAT64 prefix was found: no address for ipv4only.arpa.: "), "{message}");
        fs::write("/etc/resolv.conf", "nameserver 2001:db8:dead::1\noptions timeout:30 attempts:1\n").expect("a file");
        let message = fails(driver, 300);
        assert!(message.ends_with("the look-up of a NAT64 prefix had no answer"), "{message}");
    }
}
