//! Addresses of the server that the host has given, the time between two attempts, and the list of the addresses that were tried.

use super::super::Family;
use super::opening::{REFUSED, redirect};
use super::retrying::RETRY;
use super::scenario::{run_scenario, run_unbroken};
use super::simulation::{NO_ROUTE, Simulation};
use crate::config::ConnectConfig;
#[cfg(feature = "proxies")]
use crate::transport::proxy::Proxies;
use std::time::Duration;

fn set(config: &mut ConnectConfig, addresses: &[&str]) {
    config.addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
}

fn begin(sim: &mut Simulation, url: &str, addresses: &[&str]) {
    sim.begin_with(url, |config| set(config, addresses));
}

fn set_delay(config: &mut ConnectConfig, milliseconds: u64) {
    config.limits.attempt_delay = Duration::from_millis(milliseconds);
}

#[test]
fn given_addresses_are_tried_in_their_order_without_a_look_up() {
    let scenario = |sim: &mut Simulation| {
        begin(
            sim,
            "ws://edge.example:8080/",
            &["10.0.0.1:0", "10.0.0.2:81", "[fd00::1]:0", "[fd00::2]:82", "10.0.0.3:0"],
        );
        assert_eq!(sim.looked_up(), [] as [&str; 0]);
        let all = ["10.0.0.1:8080", "10.0.0.2:81", "[fd00::1]:8080", "[fd00::2]:82", "10.0.0.3:8080"];
        for tried in 1..all.len() {
            assert_eq!(sim.dialed(), all[..tried], "the families do not alternate");
            sim.advance(249);
            assert_eq!(sim.dialed().len(), tried);
            if tried == 2 {
                sim.connect_result_of("10.0.0.1:8080", REFUSED); // the next attempt begins at once
            } else {
                sim.advance(1);
            }
        }
        assert_eq!(sim.dialed(), all);
        sim.connect_result_of("[fd00::2]:82", Ok(()));
        assert!(sim.injects_failure() || sim.open_streams() == ["[fd00::2]:82"], "the other streams are closed");
        let sent = String::from_utf8_lossy(&sim.wire().from_client).into_owned();
        assert!(sim.injects_failure() || sent.contains("\r\nHost: edge.example:8080\r\n"), "{sent}");
        sim.server_sends(b"HTTP/1.1 404 Not Found\r\n\r\n");
    };
    run_scenario(scenario, &["closed Refused in Handshake by Peer, got 1006, sent 0, status 404"]);
}

#[test]
fn the_name_is_not_looked_up_when_all_given_addresses_fail() {
    let scenario = |sim: &mut Simulation| {
        begin(sim, "ws://edge.example/", &["10.0.0.1:0", "[fd00::1]:0"]);
        sim.connect_result(REFUSED);
        sim.connect_result(REFUSED);
        assert_eq!(sim.looked_up(), [] as [&str; 0]);
        let message =
            "connecting to edge.example (10.0.0.1:80) failed: connection refused; [fd00::1]:80: connection refused";
        assert_eq!(sim.close_message(), message);
    };
    run_scenario(scenario, &["closed Connect in Connect by Transport, got 1006, sent 0"]);
    let hanging = |sim: &mut Simulation| {
        begin(sim, "ws://edge.example/", &["10.0.0.1:0"]);
        sim.advance(1000);
    };
    run_scenario(hanging, &["closed Timeout in Connect by Transport, got 1006, sent 0"]);
}

#[test]
fn given_addresses_hold_for_each_attempt_and_on_another_network() {
    let scenario = |sim: &mut Simulation| {
        sim.begin_with("ws://edge.example/", |config| {
            set(config, &["10.0.0.1:0"]);
            config.retry = Some(RETRY);
        });
        sim.connect_result(REFUSED);
        sim.retry_now();
        assert_eq!(sim.dialed(), ["10.0.0.1:80"; 2]);
        sim.probe(); // the network has changed
        assert_eq!(sim.dialed(), ["10.0.0.1:80"; 3]);
        assert_eq!(sim.open_streams().len(), 1);
        sim.close(b"\x03\xe8");
    };
    let mut sim = Simulation::new();
    scenario(&mut sim);
    assert_eq!(sim.looked_up(), [] as [&str; 0]);
}

#[test]
fn redirects_use_given_addresses_for_the_first_origin_only() {
    let mut sim = Simulation::new();
    sim.begin_with("ws://first.example/", |config| {
        set(config, &["10.0.0.1:81"]);
        config.max_redirects = 4;
    });
    sim.connect_result(Ok(()));
    redirect(&mut sim, "/same");
    assert_eq!(sim.dialed(), ["10.0.0.1:81"; 2], "the origin has not changed");
    sim.connect_result(Ok(()));
    redirect(&mut sim, "ws://second.example/");
    assert_eq!((sim.dialed().len(), sim.looked_up().len()), (2, 2), "another host");
    sim.resolved(&["10.0.0.2"]);
    sim.connect_result(Ok(()));
    redirect(&mut sim, "ws://first.example:82/");
    assert_eq!((sim.dialed().len(), sim.looked_up().len()), (3, 4), "another port");
    sim.resolved(&["10.0.0.3"]);
    sim.connect_result(Ok(()));
    redirect(&mut sim, "ws://first.example/back");
    assert_eq!(sim.dialed(), ["10.0.0.1:81", "10.0.0.1:81", "10.0.0.2:80", "10.0.0.3:82", "10.0.0.1:81"]);
    assert_eq!(sim.looked_up().len(), 4);
}

/// A server on the internet must not lead this side to a machine in its local network. Addresses that the host has given are
/// checked too.
#[test]
fn given_addresses_have_an_address_space() {
    let mut sim = Simulation::new();
    sim.begin_with("ws://first.example/", |config| {
        set(config, &["10.0.0.1:0", "203.0.113.1:0"]);
        config.max_redirects = 2;
    });
    sim.connect_result_of("10.0.0.1:80", REFUSED);
    sim.connect_result_of("203.0.113.1:80", Ok(()));
    redirect(&mut sim, "/same");
    assert_eq!(
        sim.dialed(),
        ["10.0.0.1:80", "203.0.113.1:80", "203.0.113.1:80"],
        "the redirect comes from a public server"
    );
    let mut sim = Simulation::new();
    sim.begin_with("ws://first.example/", |config| {
        set(config, &["10.0.0.1:0"]);
        config.max_redirects = 2;
    });
    sim.connect_result(Ok(()));
    redirect(&mut sim, "ws://127.0.0.1/");
    assert_eq!(
        sim.events(),
        ["closed Redirect in Connect by Local, got 1006, sent 0, status 302"],
        "the redirect comes from a private server"
    );
}

#[test]
#[cfg(feature = "proxies")]
fn a_proxy_looks_up_the_name_itself() {
    let scenario = |sim: &mut Simulation| {
        sim.begin_with("ws://edge.example/", |config| {
            set(config, &["10.0.0.1:0"]);
            config.proxies = Proxies::read(Some("http://10.0.0.9:3128"), false, |_| None).unwrap();
        });
        assert_eq!(sim.dialed(), ["10.0.0.9:3128"]);
        sim.connect_result(Ok(()));
        let sent = String::from_utf8_lossy(&sim.wire().from_client).into_owned();
        assert!(sim.injects_failure() || sent.starts_with("CONNECT edge.example:80 "), "{sent}");
        sim.server_sends(b"HTTP/1.1 502 Bad Gateway\r\n\r\n");
        assert!(sim.injects_failure() || sim.tried() == "10.0.0.9:3128 connected\n");
    };
    run_scenario(scenario, &["closed Proxy in Proxy by Peer, got 1006, sent 0, status 502"]);
}

#[test]
fn the_delay_between_attempts_is_an_option() {
    for milliseconds in [10, 600] {
        let mut sim = Simulation::new();
        sim.begin_with("ws://edge.example/", |config| {
            set(config, &["10.0.0.1:0", "10.0.0.2:0"]);
            set_delay(config, milliseconds);
        });
        sim.advance(milliseconds - 1);
        assert_eq!(sim.dialed().len(), 1);
        sim.advance(1);
        assert_eq!(sim.dialed().len(), 2);
    }
}

#[test]
fn all_addresses_are_tried_at_once() {
    let mut sim = Simulation::new();
    sim.begin_with("ws://edge.example/", |config| {
        set(config, &["10.0.0.1:0", "[fd00::1]:0", "10.0.0.2:0"]);
        set_delay(config, 0);
    });
    assert_eq!(sim.open_streams(), ["10.0.0.1:80", "[fd00::1]:80", "10.0.0.2:80"]);
    sim.connect_result_of("10.0.0.2:80", Ok(()));
    assert_eq!(sim.open_streams(), ["10.0.0.2:80"]);
    // The addresses of a look-up are also tried at once, when the answer arrives.
    let mut sim = Simulation::new();
    sim.begin_with("ws://name.example/", |config| set_delay(config, 0));
    sim.resolved_family(Family::V4, Ok(&["10.0.0.1", "10.0.0.2"]));
    assert_eq!(sim.open_streams(), ["10.0.0.1:80", "10.0.0.2:80"]);
    sim.resolved_family(Family::V6, Ok(&["fd00::1", "fd00::2"]));
    assert_eq!(sim.open_streams().len(), 4);
}

/// IPv4 addresses wait for IPv6 ones only as long as one attempt waits for another.
#[test]
fn a_short_delay_shortens_the_wait_for_ipv6() {
    let mut sim = Simulation::new();
    sim.begin_with("ws://name.example/", |config| set_delay(config, 20));
    sim.resolved_family(Family::V4, Ok(&["10.0.0.1"]));
    sim.advance(19);
    assert_eq!(sim.dialed().len(), 0);
    sim.advance(1);
    assert_eq!(sim.dialed(), ["10.0.0.1:80"]);
}

#[test]
fn the_addresses_that_were_tried_are_listed_with_their_results() {
    let scenario = |sim: &mut Simulation| {
        begin(
            sim,
            "ws://edge.example/",
            &[&format!("{NO_ROUTE}1:0"), "10.0.0.2:0", "[fd00::1]:0", "10.0.0.3:0", "10.0.0.4:0"],
        );
        sim.connect_result_of("10.0.0.2:80", REFUSED);
        sim.advance(250);
        sim.connect_result_of("10.0.0.3:80", Ok(()));
        sim.server_sends(b"HTTP/1.1 404 Not Found\r\n\r\n");
        let expected = "192.0.2.1:80 network unreachable\n10.0.0.2:80 connection refused\n[fd00::1]:80 no answer\n\
                        10.0.0.3:80 connected\n";
        assert_eq!((sim.info().addresses_tried, &*sim.tried()), (4, expected));
    };
    run_unbroken(scenario, &["closed Refused in Handshake by Peer, got 1006, sent 0, status 404"]);
}

#[test]
fn addresses_that_a_deadline_cuts_off_have_no_answer() {
    let scenario = |sim: &mut Simulation| {
        sim.begin("ws://name.example/");
        sim.resolved(&["10.0.0.1", "10.0.0.2"]);
        sim.advance(1000);
        assert_eq!(sim.tried(), "10.0.0.1:80 no answer\n10.0.0.2:80 no answer\n");
        assert_eq!((sim.info().addresses_tried, sim.info().local_address), (2, None));
    };
    run_unbroken(scenario, &["closed Timeout in Connect by Transport, got 1006, sent 0"]);
    let none = |sim: &mut Simulation| {
        sim.begin("ws://name.example/");
        sim.resolved_family(Family::V6, Err("none"));
        sim.resolved_family(Family::V4, Err("none"));
        assert_eq!((sim.info().addresses_tried, &*sim.tried()), (0, ""));
    };
    run_unbroken(none, &["closed Resolve in Resolve by Transport, got 1006, sent 0"]);
}

/// Like the address, the list belongs to the last hop of the last attempt.
#[test]
fn each_hop_and_each_attempt_has_its_own_list() {
    let scenario = |sim: &mut Simulation| {
        sim.begin_with("ws://first.example/", |config| {
            config.max_redirects = 1;
            config.retry = Some(RETRY);
        });
        sim.resolved(&["10.0.0.1"]);
        sim.connect_result(Ok(()));
        redirect(sim, "ws://second.example/");
        sim.resolved(&["10.0.0.2", "10.0.0.3"]);
        sim.connect_result(REFUSED);
        sim.connect_result(REFUSED);
        let second = "10.0.0.2:80 connection refused\n10.0.0.3:80 connection refused\n";
        assert_eq!((sim.info().addresses_tried, &*sim.tried()), (2, second));
        sim.retry_now();
        sim.resolved(&["10.0.0.4"]);
        sim.connect_result(REFUSED);
        assert_eq!((sim.info().addresses_tried, &*sim.tried()), (1, "10.0.0.4:80 connection refused\n"));
    };
    let mut sim = Simulation::new();
    scenario(&mut sim);
}

/// At most 16 addresses of each family are tried, in order.
#[test]
fn the_list_is_bounded() {
    let mut sim = Simulation::new();
    sim.begin_with("ws://name.example/", |config| set_delay(config, 0));
    let many = |prefix: &str| (0..100).map(|number| format!("{prefix}{number}")).collect::<Vec<_>>();
    let (v6, v4) = (many("fd00::"), many("10.0.0."));
    sim.resolved_family(Family::V6, Ok(&v6.iter().map(|one| &**one).collect::<Vec<_>>()));
    sim.resolved_family(Family::V4, Ok(&v4.iter().map(|one| &**one).collect::<Vec<_>>()));
    sim.advance(1000);
    assert_eq!((sim.info().addresses_tried, sim.tried().lines().count()), (32, 32));
}

#[test]
fn the_local_address_is_that_of_the_connection() {
    let scenario = |sim: &mut Simulation| {
        sim.begin("ws://10.0.0.1/");
        sim.connect_result(Ok(()));
        sim.server_sends(b"HTTP/1.1 404 Not Found\r\n\r\n");
        assert_eq!(sim.info().local_address, Some(super::simulation::LOCAL_ADDRESS.parse().unwrap()));
    };
    run_unbroken(scenario, &["closed Refused in Handshake by Peer, got 1006, sent 0, status 404"]);
}
