//! Making a connection: names, addresses, proxies, TLS, redirects, deadlines.

use super::super::report::{Ending, Initiator};
use super::super::{Family, Prepared};
use super::as_strs;
use super::lab::{Lab, NO_ROUTE, play};
use crate::error::Error;
use crate::transport::proxy::Proxies;
use crate::transport::tls::{Connector, Settings};
use std::io::ErrorKind;

const REFUSED: Result<(), ErrorKind> = Err(ErrorKind::ConnectionRefused);

fn proxies(url: &str) -> Proxies {
    Proxies::read(Some(url), false, |_| None).unwrap()
}

/// One that trusts nobody: it is only to begin its handshake.
fn connector_of_the_system() -> Prepared {
    let settings = Settings {
        roots: Vec::new(),
        only_these_roots: false,
        identity: None,
        min_version: 0x0303,
        insecure: true,
        alpn: true,
    };
    Ok(Connector::build(&settings).unwrap())
}

#[test]
fn every_stage_of_opening_has_a_deadline() {
    let look_up = |lab: &mut Lab| {
        lab.begin("ws://example.com/");
        lab.advance(800);
        lab.resolved(&["10.0.0.1"]); // too late
    };
    play(look_up, &["closed Timeout in Resolve by Transport, got 1006, sent 0"]);
    let connect = |lab: &mut Lab| {
        lab.begin("ws://10.0.0.1/");
        lab.advance(1000);
    };
    play(connect, &["closed Timeout in Connect by Transport, got 1006, sent 0"]);
    let proxy = |lab: &mut Lab| {
        lab.begin_with("ws://10.0.0.1/", |config| config.proxies = proxies("http://10.0.0.9:3128"));
        lab.tcp(Ok(()));
        lab.advance(700);
    };
    if cfg!(feature = "proxies") {
        play(proxy, &["closed Timeout in Proxy by Transport, got 1006, sent 0"]);
    }
    let connector = |lab: &mut Lab| {
        lab.begin("wss://10.0.0.1/");
        lab.tcp(Ok(()));
        lab.advance(600);
    };
    play(connector, &["closed Timeout in Tls by Transport, got 1006, sent 0"]);
    let connector = connector_of_the_system();
    let handshake = |lab: &mut Lab| {
        lab.begin("wss://10.0.0.1/");
        lab.tcp(Ok(()));
        lab.advance(300); // the connector's time counts too
        lab.prepared(&connector);
        lab.advance(300);
    };
    play(handshake, &["closed Timeout in Tls by Transport, got 1006, sent 0"]);
    let upgrade = |lab: &mut Lab| {
        lab.begin("ws://10.0.0.1/");
        lab.advance(900);
        lab.tcp(Ok(()));
        lab.advance(499);
        assert!(lab.told().is_empty() || lab.told()[0].contains("ConnectionLost"));
        lab.serve(b"HTTP/1.1 101 Sw");
        lab.advance(1);
    };
    play(upgrade, &["closed Timeout in Handshake by Transport, got 1006, sent 0"]);
}

#[test]
fn localhost_is_never_looked_up() {
    let scenario = |lab: &mut Lab| {
        lab.begin("ws://localhost:7/");
        assert!(lab.looked_up().is_empty());
        assert_eq!(lab.dialed(), ["127.0.0.1:7"]);
        lab.tcp(REFUSED);
        assert_eq!(lab.dialed(), ["127.0.0.1:7", "[::1]:7"]);
        lab.tcp(REFUSED);
    };
    play(scenario, &["closed Connect in Connect by Transport, got 1006, sent 0"]);
}

#[test]
fn a_name_that_is_not_found_is_reported_so() {
    let not_found = |lab: &mut Lab| {
        lab.begin("ws://example.com/");
        lab.resolved_family(Family::V4, Err("not known"));
        assert!(lab.told().is_empty());
        lab.resolved_family(Family::V6, Err("not known"));
    };
    play(not_found, &["closed Resolve in Resolve by Transport, got 1006, sent 0"]);
    let no_address = |lab: &mut Lab| {
        lab.begin("ws://example.com/");
        lab.resolved(&[]);
    };
    play(no_address, &["closed Resolve in Resolve by Transport, got 1006, sent 0"]);
}

#[test]
fn a_refused_upgrade_keeps_its_status() {
    let refused = |lab: &mut Lab| {
        lab.begin("ws://10.0.0.1/");
        lab.tcp(Ok(()));
        lab.serve(b"HTTP/1.1 403 Forbidden\r\n\r\n");
    };
    play(refused, &["closed Refused in Handshake by Peer, got 1006, sent 0, status 403"]);
    let wrong_key = |lab: &mut Lab| {
        lab.begin("ws://10.0.0.1/");
        lab.tcp(Ok(()));
        let answer = lab.answer().replace("Accept: ", "Accept: x");
        lab.serve(answer.as_bytes());
    };
    play(wrong_key, &["closed Handshake in Handshake by Local, got 1006, sent 0"]);
}

#[test]
fn closing_before_it_is_open_abandons_it_at_once() {
    for (stage, phase) in [(0, "Resolve"), (1, "Connect"), (2, "Handshake")] {
        let scenario = |lab: &mut Lab| {
            lab.begin("ws://example.com/");
            if stage > 0 {
                lab.resolved(&["10.0.0.1"]);
            }
            if stage > 1 {
                lab.tcp(Ok(()));
            }
            lab.close(b"\x03\xe8");
            lab.resolved(&["10.0.0.1"]); // comes too late
        };
        play(scenario, &[&format!("closed Aborted in {phase} by Local, got 1006, sent 0")]);
    }
}

#[test]
fn closing_before_the_host_was_told_that_it_is_open_abandons_it_too() {
    let scenario = |lab: &mut Lab| {
        lab.open_untold();
        lab.close(b"\x03\xe8");
        assert!(["close [3, e8]"].starts_with(&as_strs(&lab.written())));
    };
    play(scenario, &["connected", "closed Aborted in Handshake by Local, got 1006, sent 1000"]);
}

#[test]
fn the_whole_has_a_deadline_too() {
    let scenario = |lab: &mut Lab| {
        lab.begin_with("ws://10.0.0.1/", |config| config.limits.open = std::time::Duration::from_millis(1200));
        lab.advance(900);
        lab.tcp(Ok(()));
        lab.advance(299);
        assert!(lab.fails() || lab.told().is_empty());
        lab.advance(1);
    };
    play(scenario, &["closed Timeout in Handshake by Transport, got 1006, sent 0"]);
}

// Racing.

#[test]
fn addresses_are_raced_the_families_in_turn() {
    let scenario = |lab: &mut Lab| {
        lab.begin("ws://example.com/");
        lab.resolved_family(Family::V6, Ok(&["fd00::1", "fd00::2"]));
        assert_eq!(lab.dialed(), ["[fd00::1]:80"], "it does not wait for IPv4");
        lab.resolved_family(Family::V4, Ok(&["10.0.0.1", "10.0.0.2"]));
        lab.advance(249);
        assert_eq!(lab.dialed().len(), 1);
        lab.advance(1);
        assert_eq!(lab.dialed(), ["[fd00::1]:80", "10.0.0.1:80"]);
        lab.advance(250);
        assert_eq!(lab.dialed().last().unwrap(), "[fd00::2]:80");
        lab.tcp_to("10.0.0.1:80", REFUSED); // then the next follows at once
        assert_eq!(lab.dialed(), ["[fd00::1]:80", "10.0.0.1:80", "[fd00::2]:80", "10.0.0.2:80"]);
        assert_eq!(lab.held(), ["[fd00::1]:80", "[fd00::2]:80", "10.0.0.2:80"]);
        lab.tcp_to("[fd00::1]:80", Ok(())); // the first may still win
        assert_eq!(lab.held(), ["[fd00::1]:80"], "the others are closed");
        lab.serve(b"HTTP/1.1 404 Not Found\r\n\r\n");
        assert_eq!(lab.info().address, Some("[fd00::1]:80".parse().unwrap()));
        assert_eq!(lab.info().timings.connect.as_millis(), 500);
    };
    let lab = scenario_as_it_is(&scenario);
    assert_eq!(lab.told(), ["closed Refused in Handshake by Peer, got 1006, sent 0, status 404"]);
}

/// For scenarios of which not every play comes to the same.
fn scenario_as_it_is(scenario: &impl Fn(&mut Lab)) -> Lab {
    let mut lab = Lab::whole();
    scenario(&mut lab);
    lab
}

#[test]
fn a_dead_address_costs_a_stagger_and_one_without_a_route_nothing() {
    let scenario = |lab: &mut Lab| {
        lab.begin("ws://example.com/");
        lab.resolved(&[&format!("{NO_ROUTE}1"), "10.0.0.2", "10.0.0.3", "10.0.0.4"]);
        assert_eq!(lab.dialed(), ["192.0.2.1:80", "10.0.0.2:80"]);
        lab.tcp_to("10.0.0.2:80", REFUSED);
        assert_eq!(lab.dialed().last().unwrap(), "10.0.0.3:80");
        lab.advance(250);
        assert_eq!(lab.dialed().last().unwrap(), "10.0.0.4:80");
        lab.tcp_to("10.0.0.4:80", REFUSED);
        assert!(lab.told().is_empty(), "one is still being tried");
        lab.tcp_to("10.0.0.3:80", REFUSED);
    };
    play(scenario, &["closed Connect in Connect by Transport, got 1006, sent 0"]);
}

#[test]
fn ipv4_waits_a_moment_for_ipv6() {
    let late = |lab: &mut Lab| {
        lab.begin("ws://example.com/");
        lab.resolved_family(Family::V4, Ok(&["10.0.0.1"]));
        lab.advance(49);
        assert!(lab.dialed().is_empty());
        lab.advance(1);
        assert_eq!(lab.dialed(), ["10.0.0.1:80"]);
        lab.resolved_family(Family::V6, Ok(&["fd00::1"]));
        lab.advance(249);
        assert_eq!(lab.dialed().len(), 1);
        lab.advance(1);
        assert_eq!(lab.dialed(), ["10.0.0.1:80", "[fd00::1]:80"]);
        lab.close(b"\x03\xe8");
        assert!(lab.held().is_empty());
    };
    play(late, &["closed Aborted in Connect by Local, got 1006, sent 0"]);
    let in_time = |lab: &mut Lab| {
        lab.begin("ws://example.com/");
        lab.resolved_family(Family::V4, Ok(&["10.0.0.1"]));
        lab.resolved_family(Family::V6, Ok(&["fd00::1"]));
        assert_eq!(lab.dialed(), ["[fd00::1]:80"]);
        lab.tcp(REFUSED);
        assert_eq!(lab.dialed(), ["[fd00::1]:80", "10.0.0.1:80"]);
        lab.tcp(REFUSED);
    };
    play(in_time, &["closed Connect in Connect by Transport, got 1006, sent 0"]);
    let none = |lab: &mut Lab| {
        lab.begin("ws://example.com/");
        lab.resolved_family(Family::V4, Ok(&["10.0.0.1"]));
        lab.resolved_family(Family::V6, Err("none"));
        assert_eq!(lab.dialed(), ["10.0.0.1:80"], "no need to wait");
        lab.tcp(REFUSED);
    };
    play(none, &["closed Connect in Connect by Transport, got 1006, sent 0"]);
}

#[test]
fn a_family_whose_look_up_hangs_is_not_waited_for() {
    let scenario = |lab: &mut Lab| {
        lab.begin("ws://example.com/");
        lab.resolved_family(Family::V6, Ok(&["fd00::1"]));
        lab.tcp(Ok(()));
        lab.serve(b"HTTP/1.1 404 Not Found\r\n\r\n");
        lab.resolved_family(Family::V4, Ok(&["10.0.0.1"]));
        assert_eq!(lab.dialed().len(), 1);
    };
    play(scenario, &["closed Refused in Handshake by Peer, got 1006, sent 0, status 404"]);
}

#[test]
fn a_family_whose_look_up_hangs_does_not_hide_how_the_other_failed() {
    let scenario = |lab: &mut Lab| {
        lab.begin("ws://example.com/");
        lab.resolved_family(Family::V4, Ok(&["10.0.0.1"]));
        lab.advance(50);
        lab.tcp(REFUSED);
        lab.advance(749);
        assert!(lab.told().is_empty(), "an IPv6 address may still come");
        lab.advance(1); // the time of look-ups
    };
    play(scenario, &["closed Connect in Connect by Transport, got 1006, sent 0"]);
}

#[test]
fn an_answer_that_comes_after_a_redirect_is_not_taken_for_the_next_hops() {
    for late in [Family::V4, Family::V6] {
        let scenario = |lab: &mut Lab| {
            lab.begin_with("ws://first.example/", |config| config.max_redirects = 1);
            let other = if late == Family::V4 { Family::V6 } else { Family::V4 };
            lab.resolved_family(other, Ok(&[if other == Family::V4 { "10.0.0.1" } else { "fd00::1" }]));
            lab.advance(50);
            lab.tcp(Ok(()));
            redirect(lab, "ws://second.example/");
            let dialed = lab.dialed().len();
            lab.resolved_name("first.example", late, Ok(&[if late == Family::V4 { "10.0.0.9" } else { "fd00::9" }]));
            lab.advance(50);
            assert!(lab.fails() || lab.dialed().len() == dialed, "{:?}", lab.dialed());
            lab.close(b"\x03\xe8");
        };
        play(scenario, &["closed Aborted in Resolve by Local, got 1006, sent 0"]);
    }
}

#[test]
fn the_zone_of_an_address_is_the_systems_to_read() {
    let scenario = |lab: &mut Lab| {
        lab.begin("ws://[fe80::1%25eth0]:7/");
        assert_eq!(lab.looked_up(), ["fe80::1%eth0 V6"]);
        lab.resolved_family(Family::V6, Ok(&["fe80::1"]));
        lab.tcp(Ok(()));
        assert!(lab.fails() || String::from_utf8_lossy(&lab.wire().from_client).contains("\r\nHost: [fe80::1]:7\r\n"));
        lab.serve(b"HTTP/1.1 404 Not Found\r\n\r\n");
    };
    play(scenario, &["closed Refused in Handshake by Peer, got 1006, sent 0, status 404"]);
}

// Proxies.

#[cfg(feature = "proxies")]
#[test]
fn a_proxy_is_asked_for_the_host_and_the_upgrade_goes_through_it() {
    let scenario = |lab: &mut Lab| {
        lab.begin_with("ws://example.com/chat", |config| config.proxies = proxies("http://10.0.0.9:3128"));
        assert!(lab.looked_up().is_empty(), "the proxy looks the name up");
        assert_eq!(lab.dialed(), ["10.0.0.9:3128"]);
        lab.tcp(Ok(()));
        let asked = std::mem::take(&mut lab.wire().from_client);
        assert!(lab.fails() || asked.starts_with(b"CONNECT example.com:80 HTTP/1.1\r\n"));
        lab.serve(b"HTTP/1.1 200 Connection established\r\n\r\n");
        let answer = lab.answer();
        lab.serve(answer.as_bytes());
        lab.tell();
        lab.end_stream();
    };
    play(scenario, &["connected", "closed ConnectionLost in Open by Transport, got 1006, sent 0"]);
}

#[cfg(feature = "proxies")]
#[test]
fn a_proxy_that_refuses_is_reported_with_its_status() {
    let scenario = |lab: &mut Lab| {
        lab.begin_with("ws://example.com/", |config| config.proxies = proxies("http://10.0.0.9:3128"));
        lab.tcp(Ok(()));
        lab.serve(b"HTTP/1.1 407 Who are you?\r\nProxy-Authenticate: Basic\r\n\r\n");
    };
    play(scenario, &["closed Proxy in Proxy by Peer, got 1006, sent 0, status 407"]);
    let ends = |lab: &mut Lab| {
        lab.begin_with("ws://example.com/", |config| config.proxies = proxies("socks5://10.0.0.9:1080"));
        lab.tcp(Ok(()));
        lab.serve(b"\x05\x00");
        lab.end_stream();
    };
    play(ends, &["closed Proxy in Proxy by Transport, got 1006, sent 0"]);
}

// TLS.

#[test]
fn a_connector_that_cannot_be_made_ends_it_at_once() {
    let scenario = |lab: &mut Lab| {
        lab.begin("wss://example.com/");
        assert_eq!(lab.asked_for_connector(), 1);
        lab.prepared(&Err(Ending::new(Error::TlsOptions, Initiator::Local, "tls_roots has no certificate")));
    };
    play(scenario, &["closed TlsOptions in Tls by Local, got 1006, sent 0"]);
}

/// A socket may be notified twice of a connector that it asked for twice, and have been redirected to another origin between.
#[test]
fn a_connector_that_was_made_for_another_hop_is_not_used() {
    let connector = connector_of_the_system();
    let of_the_hop_before = Settings {
        roots: Vec::new(),
        only_these_roots: false,
        identity: Some((vec![1, 2, 3].into(), "sesame".to_owned().into())),
        min_version: 0x0303,
        insecure: false,
        alpn: true,
    };
    let unusable = Err(Ending::new(Error::TlsOptions, Initiator::Local, "tls_identity cannot be used"));
    let mut lab = Lab::whole();
    lab.begin("wss://10.0.0.1/");
    for made in [&connector, &unusable] {
        lab.prepared_for(&of_the_hop_before, made);
    }
    lab.tcp(Ok(()));
    assert!(lab.told().is_empty() && lab.wire().from_client.is_empty(), "no handshake was begun: {:?}", lab.told());
    lab.prepared(&connector);
    assert!(lab.wire().from_client.starts_with(&[22, 3, 1]), "a handshake record");
    for made in [&connector, &unusable] {
        lab.prepared_for(&of_the_hop_before, made);
        lab.prepared(made);
    }
    assert!(lab.told().is_empty());
}

#[test]
fn what_does_not_speak_tls_fails_the_handshake() {
    let connector = connector_of_the_system();
    let scenario = |lab: &mut Lab| {
        lab.begin_with("wss://10.0.0.1/", |config| {
            config.tls = std::sync::Arc::new(Settings { insecure: true, ..(*config.tls).clone() })
        });
        lab.prepared(&connector);
        lab.tcp(Ok(()));
        assert_eq!(lab.warnings().len(), 1);
        assert!(lab.fails() || lab.wire().from_client.starts_with(&[22, 3, 1]), "a handshake record");
        lab.serve(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    };
    play(scenario, &["closed Tls in Tls by Transport, got 1006, sent 0"]);
}

// Redirects.

fn redirect(lab: &mut Lab, to: &str) {
    let request = String::from_utf8(std::mem::take(&mut lab.wire().from_client)).unwrap();
    assert!(lab.fails() || request.ends_with("\r\n\r\n"));
    lab.serve(format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\n\r\n").as_bytes());
}

#[test]
fn redirects_are_followed_as_far_as_asked_for() {
    let off = |lab: &mut Lab| {
        lab.begin("ws://10.0.0.1/");
        lab.tcp(Ok(()));
        redirect(lab, "/else");
    };
    play(off, &["closed Refused in Handshake by Peer, got 1006, sent 0, status 302"]);
    let two = |lab: &mut Lab| {
        lab.begin_with("ws://10.0.0.1/a", |config| config.max_redirects = 1);
        lab.tcp(Ok(()));
        redirect(lab, "//10.0.0.2:81/b");
        if !lab.fails() {
            assert_eq!(lab.dialed(), ["10.0.0.1:80", "10.0.0.2:81"]);
            assert_eq!(lab.held(), ["10.0.0.2:81"]);
        }
        lab.tcp(Ok(()));
        redirect(lab, "/c");
    };
    play(two, &["closed Redirect in Handshake by Local, got 1006, sent 0, status 302"]);
}

#[test]
fn a_redirect_to_another_origin_gets_no_secret() {
    for (location, carried) in [("/b", true), ("http://10.0.0.1:80/b", true), ("http://10.0.0.1:81/b", false)] {
        let scenario = |lab: &mut Lab| {
            lab.begin_with("ws://10.0.0.1/a", |config| {
                config.max_redirects = 1;
                config.request.credentials = Some(("user".into(), "secret".into()));
                config.request.headers = vec![("X-Token".into(), "secret".into())];
                config.request.origin = Some("https://game.example".into());
            });
            lab.tcp(Ok(()));
            redirect(lab, location);
            lab.tcp(Ok(()));
            let request = String::from_utf8_lossy(&lab.wire().from_client).into_owned();
            if !lab.fails() {
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
            lab.serve(b"HTTP/1.1 404 Not Found\r\n\r\n");
        };
        play(scenario, &["closed Refused in Handshake by Peer, got 1006, sent 0, status 404"]);
    }
}

#[test]
fn a_redirect_that_leads_nowhere_is_said_so() {
    for location in ["", "ftp://10.0.0.1/", "http://"] {
        let scenario = |lab: &mut Lab| {
            lab.begin_with("ws://10.0.0.1/a", |config| config.max_redirects = 5);
            lab.tcp(Ok(()));
            match location {
                "" => lab.serve(b"HTTP/1.1 302 Found\r\n\r\n"),
                location => redirect(lab, location),
            }
        };
        play(scenario, &["closed Redirect in Handshake by Local, got 1006, sent 0, status 302"]);
    }
}
