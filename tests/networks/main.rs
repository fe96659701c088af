//! Networks and their faults: dead routes, refusing hosts, no network, a change from one network to another, IPv6 with NAT64.
//! Each test has a separate network (Linux namespaces) with its own host names. If the machine refuses that, `netns` in SKIP
//! leaves these tests out.
//!
//! If a duration is checked, the fastest of several rounds counts: a slow library is slow in each, and a busy machine delays only
//! some.
#![cfg(target_os = "linux")]

mod dead_routes;
mod echo_server;
mod interfaces;
mod namespace;
mod nat64;
mod network_changes;
mod packet_loss;
mod phone;

use ::egret_ws::*;
use namespace::{PORT, Server, connecting_addresses, in_namespace, in_namespace_offline};
use std::net::{IpAddr, ToSocketAddrs};
use std::time::{Duration, Instant};
use test_support::client::{DRIVERS, Loop, on_both_drivers};
use test_support::close_report::CloseReport;
use test_support::connection::run_connection;
use test_support::response::address;

const ROUNDS: usize = 3;
/// The longest delay that a dead route may cause.
const MOST: Duration = Duration::from_millis(300);
/// Before this time, the next address has not begun by itself. It begins after 250 ms.
const STAGGER: Duration = Duration::from_millis(240);
/// A step without a wait takes less than this, even in a slow round.
const AT_ONCE: Duration = Duration::from_millis(150);

/// Connects by URL, with both drivers. The server at `winner` must answer. Returns how long TCP took each time.
#[track_caller]
fn reaches(host: &str, winner: &str) -> Vec<Duration> {
    let mut times = Vec::new();
    for driver in DRIVERS {
        for _ in 0..ROUNDS {
            let outcome = run_connection(driver, format!("ws://{host}:{PORT}/"), |_| {});
            // The kernel gives up a connection only after minutes, so a connection that is missing was closed.
            assert_eq!(connecting_addresses(), [] as [IpAddr; 0], "attempts outlive the one that won");
            let opened = outcome.expect_open();
            assert_eq!(address(&opened.stats), winner, "{driver:?}");
            times.push(Duration::from_micros(opened.stats.connect_us));
        }
    }
    println!("TCP to {host}: {times:?}");
    times
}

#[track_caller]
fn reaches_at_once(host: &str, winner: &str) {
    let times = reaches(host, winner);
    assert!(times.iter().min() < Some(&AT_ONCE), "{times:?}");
}

/// Checks that a dead address was tried first, and that it delayed the connection by no more than the limit.
#[track_caller]
fn reaches_within_the_limit(host: &str, winner: &str) {
    let times = reaches(host, winner);
    assert!(times.iter().all(|time| *time >= STAGGER), "the dead address was not tried first: {times:?}");
    assert!(times.iter().min() <= Some(&MOST), "{times:?}");
}

#[test]
fn a_dead_ipv6_route_costs_300_ms_at_most() {
    if in_namespace("a_dead_ipv6_route_costs_300_ms_at_most") {
        let _v4 = Server::on("192.0.2.1");
        reaches_within_the_limit("dead6.test", "192.0.2.1:9000");
    }
}

#[test]
fn a_dead_ipv4_route_costs_nothing() {
    if in_namespace("a_dead_ipv4_route_costs_nothing") {
        let _v6 = Server::on("2001:db8::1");
        reaches_at_once("dead4.test", "[2001:db8::1]:9000");
    }
}

#[test]
fn ipv6_wins_where_both_families_work() {
    if in_namespace("ipv6_wins_where_both_families_work") {
        let (v6, v4) = (Server::on("2001:db8::1"), Server::on("192.0.2.1"));
        reaches_at_once("both.test", "[2001:db8::1]:9000");
        assert_eq!((v6.connections(), v4.connections()), (2 * ROUNDS, 0), "IPv4 has a later turn, and none is left");
    }
}

#[test]
fn after_a_refusal_the_next_address_is_tried_at_once() {
    if in_namespace("after_a_refusal_the_next_address_is_tried_at_once") {
        let _v4 = Server::on("192.0.2.1");
        reaches_at_once("refused6.test", "192.0.2.1:9000");
        reaches_at_once("routeless6.test", "192.0.2.1:9000");
    }
}

// One after the other, they would take 750 ms.
#[test]
fn many_dead_ipv6_addresses_cost_no_more_time_than_one() {
    if in_namespace("many_dead_ipv6_addresses_cost_no_more_time_than_one") {
        let _v4 = Server::on("192.0.2.1");
        reaches_within_the_limit("needle.test", "192.0.2.1:9000");
    }
}

#[test]
fn addresses_take_turns_and_are_dropped_together() {
    if !in_namespace("addresses_take_turns_and_are_dropped_together") {
        return;
    }
    on_both_drivers(|host| {
        let began = Instant::now();
        let socket = host.try_connect("crowd.test", PORT).expect("the connect call succeeds");
        let mut tried: Vec<IpAddr> = Vec::new();
        host.wait_until("all addresses to be tried", || {
            let now = connecting_addresses();
            assert!(tried.iter().all(|address| now.contains(address)), "{now:?} are tried, no more all of {tried:?}");
            let new: Vec<IpAddr> = now.into_iter().filter(|address| !tried.contains(address)).collect();
            if !new.is_empty() {
                assert!(began.elapsed() >= STAGGER * tried.len() as u32, "{new:?} after {:?}", began.elapsed());
                tried.extend(new);
            }
            tried.len() == 4
        });
        let is_v6: Vec<bool> = tried.iter().map(IpAddr::is_ipv6).collect();
        assert_eq!(is_v6, [true, false, true, false], "the families do not take turns: {tried:?}");
        assert_eq!(socket.close(1000, ""), EGRET_WS_OK);
        let report = socket.wait_closed();
        report.expect(EGRET_WS_ERR_ABORTED, EGRET_WS_PHASE_CONNECT, EGRET_WS_INITIATOR_LOCAL);
        assert_eq!(connecting_addresses(), [] as [IpAddr; 0], "attempts outlive a close");
    });
}

#[test]
fn freed_socket_leaves_no_connection_attempt() {
    if !in_namespace("freed_socket_leaves_no_connection_attempt") {
        return;
    }
    on_both_drivers(|host| {
        let socket = host.try_connect("dead.test", PORT).expect("the connect call succeeds");
        host.wait_until("both addresses to be tried", || connecting_addresses().len() == 2);
        drop(socket);
        host.wait_until("the end of the attempts", || connecting_addresses().is_empty());
    });
}

/// Returns the report of a connection that is not made, and the time that its attempts took.
#[track_caller]
fn fails(host: &Loop, name: &str) -> (CloseReport, Duration) {
    let socket = host.try_connect(name, PORT).expect("the connect call succeeds");
    let report = socket.wait_closed();
    assert_eq!(connecting_addresses(), [] as [IpAddr; 0], "attempts outlive the connection");
    (report, Duration::from_micros(socket.stats().connect_us))
}

#[test]
fn two_dead_routes_end_at_the_deadline() {
    if !in_namespace("two_dead_routes_end_at_the_deadline") {
        return;
    }
    for driver in DRIVERS {
        let began = Instant::now();
        let outcome =
            run_connection(driver, format!("ws://dead.test:{PORT}/"), |options| options.connect_timeout_ms = 400);
        assert!(began.elapsed() >= Duration::from_millis(400), "{:?}", began.elapsed());
        outcome.report.expect(EGRET_WS_ERR_TIMEOUT, EGRET_WS_PHASE_CONNECT, EGRET_WS_INITIATOR_TRANSPORT);
        assert_eq!(address(&outcome.closed.stats), "", "no address has won");
        assert_eq!(connecting_addresses(), [] as [IpAddr; 0], "attempts outlive the deadline");
    }
}

#[test]
fn refusal_of_every_address_is_reported_at_once() {
    if !in_namespace("refusal_of_every_address_is_reported_at_once") {
        return;
    }
    on_both_drivers(|host| {
        for (name, os_error) in [("refused.test", libc::ECONNREFUSED), ("routeless.test", libc::ENETUNREACH)] {
            // The look-up and the polls are not measured, because they take long on a busy machine.
            let times = [(); ROUNDS].map(|()| {
                let (report, took) = fails(host, name);
                report.expect(EGRET_WS_ERR_CONNECT, EGRET_WS_PHASE_CONNECT, EGRET_WS_INITIATOR_TRANSPORT);
                assert_eq!(report.os_error, os_error, "{report:#?}");
                assert!(report.message.contains(name), "{}", report.message);
                took
            });
            assert!(times.iter().min() < Some(&AT_ONCE), "{name}: {times:?}");
        }
    });
}

#[test]
fn unknown_name_and_dead_network_have_different_errors() {
    if !in_namespace("unknown_name_and_dead_network_have_different_errors") {
        return;
    }
    on_both_drivers(|host| {
        let (report, _) = fails(host, "unknown.test");
        report.expect(EGRET_WS_ERR_RESOLVE, EGRET_WS_PHASE_RESOLVE, EGRET_WS_INITIATOR_TRANSPORT);
        assert!(report.message.contains("unknown.test"), "{}", report.message);
    });
}

#[test]
fn localhost_needs_no_look_up() {
    if !in_namespace("localhost_needs_no_look_up") {
        return;
    }
    assert!(("localhost", PORT).to_socket_addrs().is_err(), "a look-up would find it");
    let _v4 = Server::on("127.0.0.1");
    reaches_at_once("localhost", "127.0.0.1:9000");
    reaches_at_once("LocalHost.", "127.0.0.1:9000");
}

#[test]
fn localhost_may_listen_on_ipv6_only() {
    if in_namespace("localhost_may_listen_on_ipv6_only") {
        let _v6 = Server::on("::1");
        reaches_at_once("localhost", "[::1]:9000");
    }
}

#[test]
fn loopback_works_offline() {
    if !in_namespace_offline("loopback_works_offline") {
        return;
    }
    let (_v4, _v6) = (Server::on("127.0.0.1"), Server::on("::1"));
    reaches_at_once("127.0.0.1", "127.0.0.1:9000");
    reaches_at_once("[::1]", "[::1]:9000");
    reaches_at_once("localhost", "127.0.0.1:9000");
    reaches_at_once("offline.test", "127.0.0.1:9000");
    on_both_drivers(|host| {
        let (report, _) = fails(host, "dead.test");
        report.expect(EGRET_WS_ERR_CONNECT, EGRET_WS_PHASE_CONNECT, EGRET_WS_INITIATOR_TRANSPORT);
        assert_eq!(report.os_error, libc::ENETUNREACH, "{report:#?}");
    });
}

#[test]
fn a_link_local_address_has_a_zone() {
    if !in_namespace("a_link_local_address_has_a_zone") {
        return;
    }
    let _server = Server::on("::");
    for driver in DRIVERS {
        let outcome = run_connection(driver, format!("ws://[fe80::1%25void]:{PORT}/"), |_| {});
        let address = address(&outcome.expect_open().stats);
        assert!(address.starts_with("[fe80::1%") && address.ends_with("]:9000"), "{address}");
    }
    on_both_drivers(|host| {
        for name in ["fe80::1%void", "[fe80::1%void]"] {
            host.try_connect(name, PORT).expect("the connect call succeeds").wait_open();
        }
        let (report, _) = fails(host, "fe80::1");
        report.expect(EGRET_WS_ERR_CONNECT, EGRET_WS_PHASE_CONNECT, EGRET_WS_INITIATOR_TRANSPORT);
    });
}
