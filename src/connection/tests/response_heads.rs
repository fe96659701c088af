//! Responses with a head that is unusual, malformed, too long or incomplete. If a status line was read, it is reported, whatever
//! the rest of the head is.

use super::super::ConnectConfig;
use super::retrying::RETRY;
use super::scenario::run_unbroken;
use super::simulation::Simulation;
#[cfg(feature = "proxies")]
use crate::transport::proxy::Proxies;

/// An unusual head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HeadVariant {
    None,
    /// It contains these lines.
    Lines(&'static str),
    /// It has this number of lines.
    ManyLines(usize),
    /// It has a line of this many bytes.
    LongLine(usize),
    /// The stream ends after the first header.
    Cut,
    /// No more bytes follow the first header.
    Stuck,
}
use HeadVariant::*;

const HEAD_VARIANTS: [(HeadVariant, bool); 17] = [
    // The flag says whether a response that accepts the upgrade may have this head.
    (None, true),
    (Lines("Content-Security-Policy: default-src 'self';\r\n  child-src 'self'\r\n"), true),
    (Lines("A:\r\n\tb\r\n c\r\n"), true),
    (Lines("A: \u{fc}\r\n"), true),
    (ManyLines(253), true),
    (ManyLines(254), false),
    (ManyLines(3000), false),
    (LongLine(60_000), true),
    (LongLine(65_536), false),
    (LongLine(300_000), false),
    (Lines("garbage\r\n"), false),
    (Lines("X Foo: bar\r\n"), false),
    (Lines("X : bar\r\n"), false),
    (Lines("X: a\u{1}b\r\n"), false),
    (Lines("X: a\rb\r\n"), false),
    (Cut, false),
    (Stuck, false),
];

/// Returns whether the head is complete within 64 KiB.
fn is_whole(variant: HeadVariant) -> bool {
    !matches!(variant, LongLine(65_536..) | Cut | Stuck)
}

/// Sends a response with this status line, correct headers, and the unusual part after them.
fn respond(sim: &mut Simulation, status: &str, headers: &str, variant: HeadVariant) {
    let head = format!("HTTP/1.1 {status}\r\n{headers}");
    let rest = match variant {
        None => "\r\n".to_owned(),
        Lines(lines) => format!("{lines}\r\n"),
        ManyLines(count) => "A: b\r\n".repeat(count) + "\r\n",
        LongLine(size) => format!("A: {}\r\n\r\n", "b".repeat(size)),
        Cut | Stuck => "A: b".to_owned(),
    };
    sim.server_sends((head + &rest).as_bytes());
    match variant {
        Cut => sim.end_stream(),
        Stuck => sim.advance(700),
        _ => {}
    }
}

/// The headers of a correct response to the upgrade.
fn correct_headers(sim: &mut Simulation) -> String {
    let answer = sim.answer();
    let (_, headers) = answer.trim_end().split_once("\r\n").unwrap();
    format!("{headers}\r\n")
}

fn retries(config: &mut ConnectConfig) {
    config.retry = Some(RETRY);
}

fn is_retried(status: &str) -> bool {
    !matches!(&status[..3], "401" | "403")
}

#[test]
fn the_status_of_a_server_is_reported_with_any_rest_of_the_head() {
    for status in ["101 Switching Protocols", "302 Found", "401 Unauthorized", "403 Forbidden", "503 Busy"] {
        for (variant, may_accept) in HEAD_VARIANTS {
            let mut sim = Simulation::new();
            sim.begin_with("ws://10.0.0.1/", retries);
            sim.connect_result(Ok(()));
            let headers = correct_headers(&mut sim);
            respond(&mut sim, status, &headers, variant);
            let (what, again) = match (&status[..3], variant) {
                ("101", _) if may_accept => {
                    assert_eq!(sim.events(), ["connected"], "{status}, {variant:?}");
                    continue;
                }
                ("101", Cut) => ("ConnectionLost in Handshake by Transport, got 1006, sent 0".to_owned(), true),
                ("101", Stuck) => ("Timeout in Handshake by Transport, got 1006, sent 0".to_owned(), true),
                ("101", _) => ("Handshake in Handshake by Local, got 1006, sent 0".to_owned(), true),
                (number, _) => {
                    (format!("Refused in Handshake by Peer, got 1006, sent 0, status {number}"), is_retried(status))
                }
            };
            let events = if again { format!("lost {what}; try 1 after 250 ms") } else { format!("closed {what}") };
            assert_eq!(sim.events()[0], events, "{status}, {variant:?}");
            sim.advance(250);
            assert_eq!(sim.dialed().len(), 1 + usize::from(again), "{status}, {variant:?}");
        }
    }
}

#[cfg(feature = "proxies")]
#[test]
fn the_status_of_a_proxy_is_reported_with_any_rest_of_the_head() {
    for status in ["101 Switching Protocols", "302 Found", "401 Unauthorized", "403 Forbidden", "503 Busy", "200 OK"] {
        for (variant, may_accept) in HEAD_VARIANTS {
            let mut sim = Simulation::new();
            sim.begin_with("ws://10.0.0.1/", |config| {
                retries(config);
                config.proxies = Proxies::read(Some("http://10.0.0.9:3128"), false, |_| Option::None).unwrap();
            });
            sim.connect_result(Ok(()));
            sim.wire().from_client.clear();
            // This response has as many headers as the response of the server.
            respond(&mut sim, status, "Via: a\r\nVia: b\r\nVia: c\r\n", variant);
            let number = if status.starts_with("101") { String::new() } else { format!(", status {}", &status[..3]) };
            let (what, again) = match (&status[..3], variant) {
                ("200", _) if may_accept => {
                    assert!(sim.events().is_empty(), "{status}, {variant:?}");
                    assert!(sim.wire().from_client.starts_with(b"GET / HTTP/1.1\r\n"));
                    continue;
                }
                ("200", Cut) => ("Proxy in Proxy by Transport, got 1006, sent 0".to_owned(), true),
                ("200", Stuck) => ("Timeout in Proxy by Transport, got 1006, sent 0".to_owned(), true),
                _ => (format!("Proxy in Proxy by Peer, got 1006, sent 0{number}"), is_retried(status)),
            };
            let events = if again { format!("lost {what}; try 1 after 250 ms") } else { format!("closed {what}") };
            assert_eq!(sim.events()[0], events, "{status}, {variant:?}");
        }
    }
}

#[test]
fn resets_do_not_hide_a_refusal() {
    for (status, end) in [
        ("403 Forbidden", "closed Refused in Handshake by Peer, got 1006, sent 0, status 403"),
        ("101 Switching Protocols", "closed ConnectionLost in Handshake by Transport, got 1006, sent 0"),
        ("103 Early Hints", "closed ConnectionLost in Handshake by Transport, got 1006, sent 0"),
    ] {
        let scenario = |sim: &mut Simulation| {
            sim.begin("ws://10.0.0.1/");
            sim.connect_result(Ok(()));
            sim.server_sends(format!("HTTP/1.1 {status}\r\nA: b").as_bytes());
            sim.reset();
        };
        run_unbroken(scenario, &[end]);
    }
}

#[test]
fn retry_after_of_a_malformed_head_is_used() {
    let scenario = |sim: &mut Simulation| {
        sim.begin_with("ws://10.0.0.1/", retries);
        sim.connect_result(Ok(()));
        sim.server_sends(b"HTTP/1.1 503 Busy\r\ngarbage\r\nCSP: a;\r\n b\r\nRetry-After: 7\r\n\r\n");
        assert_eq!(sim.info().headers, "CSP: a; b\nRetry-After: 7\n");
        sim.close(b"");
    };
    let lost = "lost Refused in Handshake by Peer, got 1006, sent 0, status 503; try 1 after 7250 ms";
    run_unbroken(scenario, &[lost, "closed Aborted in Connect by Local, got 1006, sent 0"]);
}

/// A redirect is followed if its head is complete.
#[test]
fn redirects_with_a_malformed_head_are_followed_if_complete() {
    for (variant, _) in HEAD_VARIANTS {
        let mut sim = Simulation::new();
        sim.begin_with("ws://10.0.0.1/", |config| config.max_redirects = 1);
        sim.connect_result(Ok(()));
        sim.wire().from_client.clear();
        respond(&mut sim, "302 Found", "Location: ws://10.0.0.2:81/\r\n", variant);
        if is_whole(variant) {
            assert_eq!(sim.dialed(), ["10.0.0.1:80", "10.0.0.2:81"], "{variant:?}");
        } else {
            let end = "closed Redirect in Handshake by Local, got 1006, sent 0, status 302";
            assert_eq!(sim.events(), [end], "{variant:?}");
        }
    }
}
