//! Opening a connection: names, proxies, TLS, redirects, deadlines.

use super::super::Family;
use super::super::report::{Ending, Initiator};
use super::as_strs;
use super::scenario::run_scenario;
use super::simulation::Simulation;
use crate::error::Error;
use crate::transport::proxy::Proxies;
use std::io::ErrorKind;

pub const REFUSED: Result<(), ErrorKind> = Err(ErrorKind::ConnectionRefused);

fn proxies(url: &str) -> Proxies {
    Proxies::read(Some(url), false, |_| None).unwrap()
}

#[test]
fn every_stage_of_opening_has_a_deadline() {
    let look_up = |sim: &mut Simulation| {
        sim.begin("ws://example.com/");
        sim.advance(800);
        sim.resolved(&["10.0.0.1"]); // too late
    };
    run_scenario(look_up, &["closed Timeout in Resolve by Transport, got 1006, sent 0"]);
    let connect = |sim: &mut Simulation| {
        sim.begin("ws://10.0.0.1/");
        sim.advance(1000);
    };
    run_scenario(connect, &["closed Timeout in Connect by Transport, got 1006, sent 0"]);
    let proxy = |sim: &mut Simulation| {
        sim.begin_with("ws://10.0.0.1/", |config| config.proxies = proxies("http://10.0.0.9:3128"));
        sim.connect_result(Ok(()));
        sim.advance(700);
    };
    if cfg!(feature = "proxies") {
        run_scenario(proxy, &["closed Timeout in Proxy by Transport, got 1006, sent 0"]);
    }
    let connector = |sim: &mut Simulation| {
        sim.begin("wss://10.0.0.1/");
        sim.connect_result(Ok(()));
        sim.advance(600);
    };
    run_scenario(connector, &["closed Timeout in Tls by Transport, got 1006, sent 0"]);
    let upgrade = |sim: &mut Simulation| {
        sim.begin("ws://10.0.0.1/");
        sim.advance(900);
        sim.connect_result(Ok(()));
        sim.advance(499);
        assert!(sim.events().is_empty() || sim.events()[0].contains("ConnectionLost"));
        sim.server_sends(b"HTTP/1.1 101 Sw");
        sim.advance(1);
    };
    run_scenario(upgrade, &["closed Timeout in Handshake by Transport, got 1006, sent 0"]);
}

#[test]
fn localhost_is_never_looked_up() {
    let scenario = |sim: &mut Simulation| {
        sim.begin("ws://localhost:7/");
        assert!(sim.looked_up().is_empty());
        assert_eq!(sim.dialed(), ["127.0.0.1:7"]);
        sim.connect_result(REFUSED);
        assert_eq!(sim.dialed(), ["127.0.0.1:7", "[::1]:7"]);
        sim.connect_result(REFUSED);
    };
    run_scenario(scenario, &["closed Connect in Connect by Transport, got 1006, sent 0"]);
}

#[test]
fn the_message_names_all_addresses_that_failed() {
    let mut sim = Simulation::new();
    sim.begin("ws://localhost:7/");
    sim.connect_result(REFUSED);
    sim.connect_result(REFUSED);
    let expected =
        "connecting to localhost (127.0.0.1:7) failed: connection refused; [::1]:7: connection refused".to_owned();
    assert_eq!(sim.close_message(), expected);

    // Its length is limited.
    let addresses = (0..16).map(|last| format!("2001:db8:1111:2222:3333:4444:5555:{last:x}")).collect::<Vec<_>>();
    let mut sim = Simulation::new();
    sim.begin("ws://example.com/");
    sim.resolved_family(Family::V4, Ok(&[]));
    sim.resolved_family(Family::V6, Ok(&as_strs(&addresses)));
    addresses.iter().for_each(|_| sim.connect_result(REFUSED));
    let message = sim.close_message();
    assert!(message.starts_with("connecting to example.com ([2001:db8:1111:2222:3333:4444:5555:0]:80) failed: "));
    assert!(message.contains("; [2001:db8:1111:2222:3333:4444:5555:4]:80: connection refused; "), "{message}");
    assert!(message.len() < 400 && message.ends_with(" more failed"), "{message}");
}

#[test]
fn names_without_addresses_are_reported() {
    let not_found = |sim: &mut Simulation| {
        sim.begin("ws://example.com/");
        sim.resolved_family(Family::V4, Err("not known"));
        assert!(sim.events().is_empty());
        sim.resolved_family(Family::V6, Err("not known"));
    };
    run_scenario(not_found, &["closed Resolve in Resolve by Transport, got 1006, sent 0"]);
    let no_address = |sim: &mut Simulation| {
        sim.begin("ws://example.com/");
        sim.resolved(&[]);
    };
    run_scenario(no_address, &["closed Resolve in Resolve by Transport, got 1006, sent 0"]);
}

#[test]
fn a_refused_upgrade_keeps_its_status() {
    let refused = |sim: &mut Simulation| {
        sim.begin("ws://10.0.0.1/");
        sim.connect_result(Ok(()));
        sim.server_sends(b"HTTP/1.1 403 Forbidden\r\n\r\n");
    };
    run_scenario(refused, &["closed Refused in Handshake by Peer, got 1006, sent 0, status 403"]);
    let wrong_key = |sim: &mut Simulation| {
        sim.begin("ws://10.0.0.1/");
        sim.connect_result(Ok(()));
        let answer = sim.answer().replace("Accept: ", "Accept: x");
        sim.server_sends(answer.as_bytes());
    };
    run_scenario(wrong_key, &["closed Handshake in Handshake by Local, got 1006, sent 0"]);
}

#[test]
fn a_close_before_the_opening_abandons_the_connection() {
    for (stage, phase) in [(0, "Resolve"), (1, "Connect"), (2, "Handshake")] {
        let scenario = |sim: &mut Simulation| {
            sim.begin("ws://example.com/");
            if stage > 0 {
                sim.resolved(&["10.0.0.1"]);
            }
            if stage > 1 {
                sim.connect_result(Ok(()));
            }
            sim.close(b"\x03\xe8");
            sim.resolved(&["10.0.0.1"]); // comes too late
        };
        run_scenario(scenario, &[&format!("closed Aborted in {phase} by Local, got 1006, sent 0")]);
    }
}

#[test]
fn a_close_before_the_opening_is_reported_abandons_the_connection() {
    let scenario = |sim: &mut Simulation| {
        sim.open_unreported();
        sim.close(b"\x03\xe8");
        assert!(["close [3, e8]"].starts_with(&as_strs(&sim.written())));
    };
    run_scenario(scenario, &["connected", "closed Aborted in Handshake by Local, got 1006, sent 1000"]);
}

#[test]
fn all_stages_together_have_a_deadline() {
    let scenario = |sim: &mut Simulation| {
        sim.begin_with("ws://10.0.0.1/", |config| config.limits.open = std::time::Duration::from_millis(1200));
        sim.advance(900);
        sim.connect_result(Ok(()));
        sim.advance(299);
        assert!(sim.injects_failure() || sim.events().is_empty());
        sim.advance(1);
    };
    run_scenario(scenario, &["closed Timeout in Handshake by Transport, got 1006, sent 0"]);
}

// Proxies.

#[cfg(feature = "proxies")]
#[test]
fn the_upgrade_goes_through_the_tunnel_of_a_proxy() {
    let scenario = |sim: &mut Simulation| {
        sim.begin_with("ws://example.com/chat", |config| config.proxies = proxies("http://10.0.0.9:3128"));
        assert!(sim.looked_up().is_empty(), "the proxy looks the name up");
        assert_eq!(sim.dialed(), ["10.0.0.9:3128"]);
        sim.connect_result(Ok(()));
        let asked = std::mem::take(&mut sim.wire().from_client);
        assert!(sim.injects_failure() || asked.starts_with(b"CONNECT example.com:80 HTTP/1.1\r\n"));
        sim.server_sends(b"HTTP/1.1 200 Connection established\r\n\r\n");
        let answer = sim.answer();
        sim.server_sends(answer.as_bytes());
        sim.report_open();
        sim.end_stream();
    };
    run_scenario(scenario, &["connected", "closed ConnectionLost in Open by Transport, got 1006, sent 0"]);
}

#[cfg(feature = "proxies")]
#[test]
fn refusals_of_a_proxy_are_reported_with_their_status() {
    let scenario = |sim: &mut Simulation| {
        sim.begin_with("ws://example.com/", |config| config.proxies = proxies("http://10.0.0.9:3128"));
        sim.connect_result(Ok(()));
        sim.server_sends(b"HTTP/1.1 407 Who are you?\r\nProxy-Authenticate: Basic\r\n\r\n");
    };
    run_scenario(scenario, &["closed Proxy in Proxy by Peer, got 1006, sent 0, status 407"]);
    let ends = |sim: &mut Simulation| {
        sim.begin_with("ws://example.com/", |config| config.proxies = proxies("socks5://10.0.0.9:1080"));
        sim.connect_result(Ok(()));
        sim.server_sends(b"\x05\x00");
        sim.end_stream();
    };
    run_scenario(ends, &["closed Proxy in Proxy by Transport, got 1006, sent 0"]);
}

// TLS.

#[test]
fn a_failed_connector_ends_the_connection_at_once() {
    let scenario = |sim: &mut Simulation| {
        sim.begin("wss://example.com/");
        assert_eq!(sim.connector_requests(), 1);
        sim.prepared(&Err(Ending::new(Error::TlsOptions, Initiator::Local, "tls_roots has no certificate")));
    };
    run_scenario(scenario, &["closed TlsOptions in Tls by Local, got 1006, sent 0"]);
}

// Redirects.

pub fn redirect(sim: &mut Simulation, to: &str) {
    let request = String::from_utf8(std::mem::take(&mut sim.wire().from_client)).unwrap();
    assert!(sim.injects_failure() || request.ends_with("\r\n\r\n"));
    sim.server_sends(format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\n\r\n").as_bytes());
}

#[test]
fn redirects_are_followed_up_to_the_maximum() {
    let off = |sim: &mut Simulation| {
        sim.begin("ws://10.0.0.1/");
        sim.connect_result(Ok(()));
        redirect(sim, "/else");
    };
    run_scenario(off, &["closed Refused in Handshake by Peer, got 1006, sent 0, status 302"]);
    let two = |sim: &mut Simulation| {
        sim.begin_with("ws://10.0.0.1/a", |config| config.max_redirects = 1);
        sim.connect_result(Ok(()));
        redirect(sim, "//10.0.0.2:81/b");
        if !sim.injects_failure() {
            assert_eq!(sim.dialed(), ["10.0.0.1:80", "10.0.0.2:81"]);
            assert_eq!(sim.open_streams(), ["10.0.0.2:81"]);
        }
        sim.connect_result(Ok(()));
        redirect(sim, "/c");
    };
    run_scenario(two, &["closed Redirect in Handshake by Local, got 1006, sent 0, status 302"]);
}

#[test]
fn redirects_to_another_origin_carry_no_secrets() {
    for (location, carried) in [("/b", true), ("http://10.0.0.1:80/b", true), ("http://10.0.0.1:81/b", false)] {
        let scenario = |sim: &mut Simulation| {
            sim.begin_with("ws://10.0.0.1/a", |config| {
                config.max_redirects = 1;
                config.request.credentials = Some(("user".into(), "secret".into()));
                config.request.headers = vec![("X-Token".into(), "secret".into())];
                config.request.origin = Some("https://game.example".into());
            });
            sim.connect_result(Ok(()));
            redirect(sim, location);
            sim.connect_result(Ok(()));
            let request = String::from_utf8_lossy(&sim.wire().from_client).into_owned();
            if !sim.injects_failure() {
                assert!(
                    request.starts_with("GET /b HTTP/1.1\r\n")
                        && request.contains("\r\nOrigin: https://game.example\r\n")
                );
                assert_eq!(
                    ["Authorization: ", "X-Token: "].map(|name| request.contains(name)),
                    [carried; 2],
                    "{location}"
                );
            }
            sim.server_sends(b"HTTP/1.1 404 Not Found\r\n\r\n");
        };
        run_scenario(scenario, &["closed Refused in Handshake by Peer, got 1006, sent 0, status 404"]);
    }
}

#[test]
fn redirects_without_a_usable_location_are_reported() {
    for location in ["", "ftp://10.0.0.1/", "http://"] {
        let scenario = |sim: &mut Simulation| {
            sim.begin_with("ws://10.0.0.1/a", |config| config.max_redirects = 5);
            sim.connect_result(Ok(()));
            match location {
                "" => sim.server_sends(b"HTTP/1.1 302 Found\r\n\r\n"),
                location => redirect(sim, location),
            }
        };
        run_scenario(scenario, &["closed Redirect in Handshake by Local, got 1006, sent 0, status 302"]);
    }
}
