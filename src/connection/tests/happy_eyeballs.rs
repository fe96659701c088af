//! Happy eyeballs: the order of the connection attempts, and addresses that arrive late or not at all.

use super::super::Family;
use super::opening::{REFUSED, redirect};
use super::scenario::run_scenario;
use super::simulation::{NO_ROUTE, Simulation};

#[test]
fn addresses_of_both_families_are_tried_alternately() {
    let scenario = |sim: &mut Simulation| {
        sim.begin("ws://example.com/");
        sim.resolved_family(Family::V6, Ok(&["fd00::1", "fd00::2"]));
        assert_eq!(sim.dialed(), ["[fd00::1]:80"], "IPv6 addresses do not wait for IPv4");
        sim.resolved_family(Family::V4, Ok(&["10.0.0.1", "10.0.0.2"]));
        sim.advance(249);
        assert_eq!(sim.dialed().len(), 1);
        sim.advance(1);
        assert_eq!(sim.dialed(), ["[fd00::1]:80", "10.0.0.1:80"]);
        sim.advance(250);
        assert_eq!(sim.dialed().last().unwrap(), "[fd00::2]:80");
        sim.connect_result_of("10.0.0.1:80", REFUSED); // the next attempt begins at once
        assert_eq!(sim.dialed(), ["[fd00::1]:80", "10.0.0.1:80", "[fd00::2]:80", "10.0.0.2:80"]);
        assert_eq!(sim.open_streams(), ["[fd00::1]:80", "[fd00::2]:80", "10.0.0.2:80"]);
        sim.connect_result_of("[fd00::1]:80", Ok(())); // the first attempt may still succeed
        assert_eq!(sim.open_streams(), ["[fd00::1]:80"], "the other streams are closed");
        sim.server_sends(b"HTTP/1.1 404 Not Found\r\n\r\n");
        assert_eq!(sim.info().address, Some("[fd00::1]:80".parse().unwrap()));
        assert_eq!(sim.info().timings.connect.as_millis(), 500);
    };
    let sim = run_once(&scenario);
    assert_eq!(sim.events(), ["closed Refused in Handshake by Peer, got 1006, sent 0, status 404"]);
}

/// Runs a scenario without faults, because its events would depend on them.
fn run_once(scenario: &impl Fn(&mut Simulation)) -> Simulation {
    let mut sim = Simulation::new();
    scenario(&mut sim);
    sim
}

#[test]
fn failed_attempts_start_the_next_one_at_once() {
    let scenario = |sim: &mut Simulation| {
        sim.begin("ws://example.com/");
        sim.resolved(&[&format!("{NO_ROUTE}1"), "10.0.0.2", "10.0.0.3", "10.0.0.4"]);
        assert_eq!(sim.dialed(), ["192.0.2.1:80", "10.0.0.2:80"]);
        sim.connect_result_of("10.0.0.2:80", REFUSED);
        assert_eq!(sim.dialed().last().unwrap(), "10.0.0.3:80");
        sim.advance(250);
        assert_eq!(sim.dialed().last().unwrap(), "10.0.0.4:80");
        sim.connect_result_of("10.0.0.4:80", REFUSED);
        assert!(sim.events().is_empty(), "one attempt is in progress");
        sim.connect_result_of("10.0.0.3:80", REFUSED);
    };
    run_scenario(scenario, &["closed Connect in Connect by Transport, got 1006, sent 0"]);
}

#[test]
fn ipv4_addresses_wait_50_ms_for_ipv6_addresses() {
    let late = |sim: &mut Simulation| {
        sim.begin("ws://example.com/");
        sim.resolved_family(Family::V4, Ok(&["10.0.0.1"]));
        sim.advance(49);
        assert!(sim.dialed().is_empty());
        sim.advance(1);
        assert_eq!(sim.dialed(), ["10.0.0.1:80"]);
        sim.resolved_family(Family::V6, Ok(&["fd00::1"]));
        sim.advance(249);
        assert_eq!(sim.dialed().len(), 1);
        sim.advance(1);
        assert_eq!(sim.dialed(), ["10.0.0.1:80", "[fd00::1]:80"]);
        sim.close(b"\x03\xe8");
        assert!(sim.open_streams().is_empty());
    };
    run_scenario(late, &["closed Aborted in Connect by Local, got 1006, sent 0"]);
    let in_time = |sim: &mut Simulation| {
        sim.begin("ws://example.com/");
        sim.resolved_family(Family::V4, Ok(&["10.0.0.1"]));
        sim.resolved_family(Family::V6, Ok(&["fd00::1"]));
        assert_eq!(sim.dialed(), ["[fd00::1]:80"]);
        sim.connect_result(REFUSED);
        assert_eq!(sim.dialed(), ["[fd00::1]:80", "10.0.0.1:80"]);
        sim.connect_result(REFUSED);
    };
    run_scenario(in_time, &["closed Connect in Connect by Transport, got 1006, sent 0"]);
    let none = |sim: &mut Simulation| {
        sim.begin("ws://example.com/");
        sim.resolved_family(Family::V4, Ok(&["10.0.0.1"]));
        sim.resolved_family(Family::V6, Err("none"));
        assert_eq!(sim.dialed(), ["10.0.0.1:80"], "the IPv4 address does not have to wait");
        sim.connect_result(REFUSED);
    };
    run_scenario(none, &["closed Connect in Connect by Transport, got 1006, sent 0"]);
}

#[test]
fn a_hanging_look_up_does_not_delay_the_other_family() {
    let scenario = |sim: &mut Simulation| {
        sim.begin("ws://example.com/");
        sim.resolved_family(Family::V6, Ok(&["fd00::1"]));
        sim.connect_result(Ok(()));
        sim.server_sends(b"HTTP/1.1 404 Not Found\r\n\r\n");
        sim.resolved_family(Family::V4, Ok(&["10.0.0.1"]));
        assert_eq!(sim.dialed().len(), 1);
    };
    run_scenario(scenario, &["closed Refused in Handshake by Peer, got 1006, sent 0, status 404"]);
}

#[test]
fn a_hanging_look_up_does_not_hide_the_error_of_the_other_family() {
    let scenario = |sim: &mut Simulation| {
        sim.begin("ws://example.com/");
        sim.resolved_family(Family::V4, Ok(&["10.0.0.1"]));
        sim.advance(50);
        sim.connect_result(REFUSED);
        sim.advance(749);
        assert!(sim.events().is_empty(), "an IPv6 address may still arrive");
        sim.advance(1); // reaches the time-out of look-ups
    };
    run_scenario(scenario, &["closed Connect in Connect by Transport, got 1006, sent 0"]);
}

#[test]
fn late_answers_of_a_look_up_are_not_used_for_the_next_hop() {
    for late in [Family::V4, Family::V6] {
        let scenario = |sim: &mut Simulation| {
            sim.begin_with("ws://first.example/", |config| config.max_redirects = 1);
            let other = if late == Family::V4 { Family::V6 } else { Family::V4 };
            sim.resolved_family(other, Ok(&[if other == Family::V4 { "10.0.0.1" } else { "fd00::1" }]));
            sim.advance(50);
            sim.connect_result(Ok(()));
            redirect(sim, "ws://second.example/");
            let dialed = sim.dialed().len();
            sim.resolved_name("first.example", late, Ok(&[if late == Family::V4 { "10.0.0.9" } else { "fd00::9" }]));
            sim.advance(50);
            assert!(sim.injects_failure() || sim.dialed().len() == dialed, "{:?}", sim.dialed());
            sim.close(b"\x03\xe8");
        };
        run_scenario(scenario, &["closed Aborted in Resolve by Local, got 1006, sent 0"]);
    }
}

#[test]
fn addresses_with_a_zone_are_resolved_by_the_system() {
    let scenario = |sim: &mut Simulation| {
        sim.begin("ws://[fe80::1%25eth0]:7/");
        assert_eq!(sim.looked_up(), ["fe80::1%eth0 V6"]);
        sim.resolved_family(Family::V6, Ok(&["fe80::1"]));
        sim.connect_result(Ok(()));
        assert!(
            sim.injects_failure()
                || String::from_utf8_lossy(&sim.wire().from_client).contains("\r\nHost: [fe80::1]:7\r\n")
        );
        sim.server_sends(b"HTTP/1.1 404 Not Found\r\n\r\n");
    };
    run_scenario(scenario, &["closed Refused in Handshake by Peer, got 1006, sent 0, status 404"]);
}
