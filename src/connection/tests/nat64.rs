//! A network without IPv4: addresses of NAT64 replace IPv4 addresses without a route.

use super::super::{Family, QuerySubject};
use super::opening::{REFUSED, redirect};
use super::simulation::Simulation;
use crate::config::ConnectConfig;
use std::io::ErrorKind;

const PREFIX_QUESTION: &str = "ipv4only.arpa. V6";
/// The answer of a network with the prefix `2001:db8:64::/96`.
const PREFIX: Result<&[&str], &str> = Ok(&["2001:db8:64::192.0.0.170", "2001:db8:64::192.0.0.171"]);
const WELL_KNOWN_PREFIX: Result<&[&str], &str> = Ok(&["64:ff9b::192.0.0.170", "64:ff9b::192.0.0.171"]);

/// A machine with IPv6 only.
fn ipv6_only(url: &str, change: impl Fn(&mut ConnectConfig)) -> Simulation {
    let mut sim = Simulation::new();
    sim.set_without_routes(&[Family::V4]);
    sim.begin_with(url, change);
    sim
}

fn prefix_found(sim: &mut Simulation, answer: Result<&[&str], &str>) {
    assert_eq!(sim.looked_up().last().unwrap(), PREFIX_QUESTION);
    sim.resolved_name("ipv4only.arpa.", Family::V6, answer);
}

fn set(config: &mut ConnectConfig, addresses: &[&str]) {
    config.addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
}

#[test]
fn a_literal_is_reached_through_nat64() {
    let mut sim = ipv6_only("ws://203.0.113.1:9000/", |_| {});
    assert_eq!(
        (sim.looked_up(), sim.dialed()),
        (&[PREFIX_QUESTION.to_owned()][..], vec!["203.0.113.1:9000".to_owned()])
    );
    prefix_found(&mut sim, PREFIX);
    assert_eq!(sim.dialed().last().unwrap(), "[2001:db8:64::cb00:7101]:9000", "at once");
    sim.connect_result(Ok(()));
    let sent = String::from_utf8_lossy(&sim.wire().from_client).into_owned();
    assert!(sent.contains("\r\nHost: 203.0.113.1:9000\r\n"), "{sent}");
    sim.server_sends(b"HTTP/1.1 404 Not Found\r\n\r\n");
    assert_eq!(sim.tried(), "203.0.113.1:9000 network unreachable\n[2001:db8:64::cb00:7101]:9000 connected\n");
    assert_eq!(sim.events(), ["closed Refused in Handshake by Peer, got 1006, sent 0, status 404"]);
}

#[test]
fn a_name_with_ipv4_addresses_only_is_reached_through_nat64() {
    let mut sim = ipv6_only("ws://name.example/", |_| {});
    sim.resolved(&["203.0.113.1", "203.0.113.2"]);
    prefix_found(&mut sim, PREFIX);
    assert_eq!(sim.looked_up().iter().filter(|asked| *asked == PREFIX_QUESTION).count(), 1);
    assert_eq!(sim.open_streams(), ["[2001:db8:64::cb00:7101]:80"]);
    sim.advance(250);
    assert_eq!(sim.open_streams(), ["[2001:db8:64::cb00:7101]:80", "[2001:db8:64::cb00:7102]:80"]);
}

#[test]
fn a_name_with_both_families_needs_no_nat64() {
    let mut sim = ipv6_only("ws://name.example/", |_| {});
    sim.resolved_family(Family::V6, Ok(&["fd00::1"]));
    sim.resolved_family(Family::V4, Ok(&["203.0.113.1"]));
    sim.connect_result_of("[fd00::1]:80", Ok(()));
    sim.server_sends(b"HTTP/1.1 404 Not Found\r\n\r\n");
    assert_eq!((sim.looked_up().len(), sim.info().addresses_tried), (2, 1));
}

/// The IPv6 address does not answer, so the IPv4 address is tried, and then the IPv6 address that contains it.
#[test]
fn a_dead_ipv6_address_does_not_stop_nat64() {
    let mut sim = ipv6_only("ws://name.example/", |_| {});
    sim.resolved_family(Family::V6, Ok(&["fd00::1", "fd00::2"]));
    sim.resolved_name("name.example", Family::V4, Ok(&["203.0.113.1"]));
    sim.advance(250);
    assert_eq!(
        sim.open_streams(),
        ["[fd00::1]:80", "[fd00::2]:80"],
        "after a failure the next address is tried at once"
    );
    prefix_found(&mut sim, PREFIX);
    sim.advance(249);
    assert_eq!(sim.open_streams().len(), 2);
    sim.advance(1);
    assert_eq!(sim.open_streams(), ["[fd00::1]:80", "[fd00::2]:80", "[2001:db8:64::cb00:7101]:80"]);
    sim.connect_result(Ok(()));
    assert_eq!(sim.open_streams(), ["[2001:db8:64::cb00:7101]:80"]);
}

#[test]
fn each_prefix_is_tried() {
    let mut sim = ipv6_only("ws://203.0.113.1/", |_| {});
    prefix_found(&mut sim, Ok(&["2001:db8:64::192.0.0.170", "64:ff9b::192.0.0.170"]));
    sim.connect_result_of("[2001:db8:64::cb00:7101]:80", REFUSED);
    sim.connect_result_of("[64:ff9b::cb00:7101]:80", REFUSED);
    assert_eq!(
        sim.close_message(),
        "connecting to 203.0.113.1 (203.0.113.1:80) failed: network unreachable; [2001:db8:64::cb00:7101]:80: connection refused; \
         [64:ff9b::cb00:7101]:80: connection refused"
    );
}

#[test]
fn addresses_of_the_host_keep_their_order_and_ports() {
    let mut sim = ipv6_only("ws://edge.example/", |config| {
        set(config, &["203.0.113.1:81", "[fd00::1]:82", "[::ffff:203.0.113.2]:83", "203.0.113.3:0"]);
    });
    assert_eq!(sim.open_streams(), ["[fd00::1]:82"]);
    prefix_found(&mut sim, PREFIX);
    sim.advance(250);
    assert_eq!(sim.open_streams().last().unwrap(), "[2001:db8:64::cb00:7101]:81");
    sim.connect_result_of("[fd00::1]:82", REFUSED);
    assert_eq!(sim.open_streams().last().unwrap(), "[2001:db8:64::cb00:7102]:83", "the prefix is already known");
    sim.connect_result_of("[2001:db8:64::cb00:7101]:81", REFUSED);
    assert_eq!(sim.open_streams().last().unwrap(), "[2001:db8:64::cb00:7103]:80");
    assert_eq!(sim.looked_up().len(), 1);
}

/// The prefix is always asked from the resolver of the network, even if the look-up of the host does not use that resolver.
#[test]
fn addresses_of_on_resolve_are_reached_through_nat64() {
    let mut sim = Simulation::new();
    sim.set_without_routes(&[Family::V4]);
    sim.set_hook(QuerySubject::Addresses);
    sim.begin("ws://name.example/");
    sim.host_resolved(1, Some(&["203.0.113.1:81"]));
    assert_eq!((sim.queries(), sim.looked_up()), (vec!["name.example"], &[PREFIX_QUESTION.to_owned()][..]));
    prefix_found(&mut sim, PREFIX);
    assert_eq!(sim.open_streams(), ["[2001:db8:64::cb00:7101]:81"]);
}

/// With `on_socket`, the missing route is noticed only when the hook has returned.
#[test]
fn a_missing_route_may_be_noticed_after_the_dial() {
    let fails_later = |without: &[Family], error: ErrorKind| {
        let mut sim = Simulation::new();
        sim.begin("ws://203.0.113.1/");
        sim.set_without_routes(without);
        sim.connect_result(Err(error));
        sim
    };
    for error in [ErrorKind::NetworkUnreachable, ErrorKind::AddrNotAvailable] {
        let mut sim = fails_later(&[Family::V4], error);
        prefix_found(&mut sim, PREFIX);
        assert_eq!(sim.open_streams(), ["[2001:db8:64::cb00:7101]:80"], "{error}");
    }
    // The errors are: a router on the path reports it; all ports are in use; another error.
    for (without, error) in [
        (&[][..], ErrorKind::NetworkUnreachable),
        (&[], ErrorKind::AddrNotAvailable),
        (&[Family::V4], ErrorKind::HostUnreachable),
        (&[Family::V4], ErrorKind::ConnectionRefused),
    ] {
        let sim = fails_later(without, error);
        assert_eq!(sim.looked_up(), [] as [&str; 0], "{error}");
        assert_eq!(sim.events(), ["closed Connect in Connect by Transport, got 1006, sent 0"], "{error}");
    }
}

#[test]
#[cfg(feature = "proxies")]
fn proxies_are_reached_through_nat64() {
    let mut sim = ipv6_only("ws://10.0.0.1/", |config| {
        config.proxies =
            crate::transport::proxy::Proxies::read(Some("http://203.0.113.9:3128"), false, |_| None).unwrap();
    });
    prefix_found(&mut sim, PREFIX);
    assert_eq!(sim.open_streams(), ["[2001:db8:64::cb00:7109]:3128"]);
}

/// The next hop asks for the prefix again, because it may be on another network.
#[test]
fn redirects_are_followed_through_nat64_within_the_address_space() {
    let begin = |to: &str| {
        let mut sim = ipv6_only("ws://203.0.113.1/", |config| config.max_redirects = 1);
        prefix_found(&mut sim, PREFIX);
        sim.connect_result(Ok(()));
        redirect(&mut sim, to);
        sim
    };
    let mut sim = begin("ws://203.0.113.2/");
    prefix_found(&mut sim, PREFIX);
    assert_eq!(sim.open_streams(), ["[2001:db8:64::cb00:7102]:80"]);
    let sim = begin("ws://10.0.0.1/");
    assert_eq!(sim.events(), ["closed Redirect in Connect by Local, got 1006, sent 0, status 302"]);
    // A private server, which looks public because of the prefix of the network, redirects to another private server.
    let mut sim = ipv6_only("ws://10.0.0.1/", |config| config.max_redirects = 1);
    prefix_found(&mut sim, PREFIX);
    sim.connect_result(Ok(()));
    redirect(&mut sim, "ws://10.0.0.2/");
    prefix_found(&mut sim, PREFIX);
    assert_eq!(sim.open_streams(), ["[2001:db8:64::a00:2]:80"]);
}

#[test]
fn a_failed_discovery_is_reported_with_the_first_error() {
    let failures: [(Result<&[&str], &str>, &str); 4] = [
        (Err("no such name"), "no address for ipv4only.arpa.: no such name"),
        (Ok(&[]), "no IPv6 address of ipv4only.arpa. contains a known IPv4 address"),
        (Ok(&["2001:db8::1", "::ffff:192.0.0.170"]), "no IPv6 address of ipv4only.arpa. contains a known IPv4 address"),
        (Ok(&["192.0.0.170"]), "no IPv6 address of ipv4only.arpa. contains a known IPv4 address"),
    ];
    for (answer, why) in failures {
        let mut sim = ipv6_only("ws://203.0.113.1/", |_| {});
        prefix_found(&mut sim, answer);
        assert_eq!(sim.events(), ["closed Connect in Connect by Transport, got 1006, sent 0"], "{why}");
        assert_eq!(
            sim.close_message(),
            format!(
                "connecting to 203.0.113.1 (203.0.113.1:80) failed: network unreachable; this machine has no IPv4 route there, and \
                 no NAT64 prefix was found: {why}"
            )
        );
    }
    // One query serves all addresses.
    let mut sim = ipv6_only("ws://edge.example/", |config| {
        set(config, &["203.0.113.1:0", "[fd00::1]:0", "203.0.113.2:0"]);
    });
    prefix_found(&mut sim, Err("none"));
    sim.advance(250);
    sim.connect_result_of("[fd00::1]:80", REFUSED);
    assert_eq!(sim.looked_up().len(), 1);
    assert_eq!(
        sim.close_message(),
        "connecting to edge.example (203.0.113.1:80) failed: network unreachable; 203.0.113.2:80: network unreachable; \
         [fd00::1]:80: connection refused"
    );
}

#[test]
fn a_discovery_that_hangs_ends_at_the_deadline_of_look_ups() {
    let mut sim = ipv6_only("ws://203.0.113.1/", |_| {});
    sim.advance(799);
    assert!(sim.events().is_empty());
    sim.advance(1);
    assert_eq!(sim.events(), ["closed Connect in Connect by Transport, got 1006, sent 0"]);
    assert_eq!(
        sim.close_message(),
        "connecting to 203.0.113.1 (203.0.113.1:80) failed: network unreachable; this machine has no IPv4 route there, and the \
         look-up of a NAT64 prefix had no answer"
    );
}

/// A close, or a change of the network, happens during a look-up. The answer of the look-up comes later.
#[test]
fn late_answers_are_not_used() {
    let mut sim = ipv6_only("ws://203.0.113.1/", |_| {});
    sim.set_without_routes(&[]);
    sim.probe(); // the new network supports IPv4
    assert_eq!(sim.open_streams(), ["203.0.113.1:80"]);
    sim.resolved_name("ipv4only.arpa.", Family::V6, PREFIX);
    assert_eq!(sim.open_streams(), ["203.0.113.1:80"]);
    let mut sim = ipv6_only("ws://203.0.113.1/", |_| {});
    sim.resolved_name("ipv4only.arpa.", Family::V4, PREFIX);
    sim.resolved_name("ipv4only.arpa", Family::V6, PREFIX);
    assert_eq!(sim.open_streams(), [] as [&str; 0], "answers to other questions");
    sim.close(b"\x03\xe8");
    sim.resolved_name("ipv4only.arpa.", Family::V6, PREFIX);
    assert_eq!(sim.events(), ["closed Aborted in Connect by Local, got 1006, sent 0"]);
}

#[test]
fn nothing_is_looked_up_where_nat64_cannot_help() {
    // The cases: IPv6 has no route either; NAT64 does not lead to the address; the route fails in another way.
    for (without, url) in [
        (&[Family::V4, Family::V6][..], "ws://203.0.113.1/"),
        (&[Family::V4], "ws://127.0.0.1/"),
        (&[Family::V4], "ws://169.254.0.1/"),
        (&[Family::V6], "ws://[2001:db8::1]/"),
        (&[], "ws://192.0.2.1/"),
    ] {
        let mut sim = Simulation::new();
        sim.set_without_routes(without);
        sim.begin(url);
        assert_eq!(sim.looked_up(), [] as [&str; 0], "{url}");
        assert_eq!(sim.events(), ["closed Connect in Connect by Transport, got 1006, sent 0"], "{url}");
        assert!(sim.close_message().ends_with("failed: network unreachable"), "{}", sim.close_message());
    }
}

/// RFC 6052 section 3.1.
#[test]
fn the_well_known_prefix_is_for_public_addresses() {
    let mut sim = ipv6_only("ws://10.0.0.1/", |_| {});
    prefix_found(&mut sim, WELL_KNOWN_PREFIX);
    assert_eq!(
        sim.close_message(),
        "connecting to 10.0.0.1 (10.0.0.1:80) failed: network unreachable; this machine has no IPv4 route there, and the NAT64 of \
         this network leads to public addresses only"
    );
    let mut sim = ipv6_only("ws://10.0.0.1/", |_| {});
    prefix_found(&mut sim, PREFIX);
    assert_eq!(sim.open_streams(), ["[2001:db8:64::a00:1]:80"]);
    let mut sim = ipv6_only("ws://203.0.113.1/", |_| {});
    prefix_found(&mut sim, WELL_KNOWN_PREFIX);
    assert_eq!(sim.open_streams(), ["[64:ff9b::cb00:7101]:80"]);
}

#[test]
fn the_addresses_of_nat64_are_bounded() {
    let mut sim = ipv6_only("ws://name.example/", |config| config.limits.attempt_delay = std::time::Duration::ZERO);
    let many: Vec<String> = (0..100).map(|number| format!("203.0.113.{number}")).collect();
    sim.resolved(&many.iter().map(|one| &**one).collect::<Vec<_>>());
    let prefixes: Vec<String> = (1..100).map(|number| format!("2001:db8:{number}::192.0.0.170")).collect();
    prefix_found(&mut sim, Ok(&prefixes.iter().map(|one| &**one).collect::<Vec<_>>()));
    assert_eq!((sim.dialed().len(), sim.open_streams().len()), (32, 16));
}

/// This is the case on Apple's systems.
#[test]
fn a_resolver_that_makes_the_addresses_is_asked_for_each_literal() {
    let begin = || {
        let mut sim = Simulation::new();
        sim.set_without_routes(&[Family::V4]);
        sim.set_makes_nat64_addresses();
        sim.begin_with("ws://edge.example/", |config| {
            set(config, &["203.0.113.1:81", "203.0.113.2:82", "203.0.113.1:83"])
        });
        assert_eq!(sim.looked_up(), ["203.0.113.1 V6", "203.0.113.2 V6"]);
        sim
    };
    let mut sim = begin();
    sim.resolved_name("203.0.113.2", Family::V6, Ok(&["2001:db8:64::cb00:7102"]));
    assert_eq!(sim.open_streams(), ["[2001:db8:64::cb00:7102]:82"]);
    sim.resolved_name("203.0.113.1", Family::V6, Ok(&["2001:db8:64::cb00:7101"]));
    sim.advance(250);
    sim.advance(250);
    assert_eq!(
        sim.open_streams(),
        ["[2001:db8:64::cb00:7102]:82", "[2001:db8:64::cb00:7101]:81", "[2001:db8:64::cb00:7101]:83"]
    );
    let mut sim = begin();
    sim.resolved_name("203.0.113.2", Family::V6, Ok(&["::ffff:203.0.113.2"]));
    assert!(sim.events().is_empty(), "one question is open");
    sim.resolved_name("203.0.113.1", Family::V6, Err("no such name"));
    assert_eq!(
        sim.close_message(),
        "connecting to edge.example (203.0.113.1:81) failed: network unreachable; 203.0.113.2:82: network unreachable; \
         203.0.113.1:83: network unreachable; this machine has no IPv4 route there, and no NAT64 prefix was found: no address for \
         203.0.113.1: no such name"
    );
}
