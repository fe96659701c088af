//! Answers whose head is unusual, malformed, too long or incomplete. A status line that was read is reported, whatever follows it.

use super::super::ConnectConfig;
use super::lab::{Lab, play_whole};
use super::retrying::RETRY;
#[cfg(feature = "proxies")]
use crate::transport::proxy::Proxies;

/// The kinds of unusual heads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Oddity {
    None,
    /// It contains these lines.
    Lines(&'static str),
    /// It has this number of lines.
    ManyLines(usize),
    /// It has a line of this many bytes.
    LongLine(usize),
    /// The stream ends after the first header.
    Cut,
    /// Nothing more comes after the first header.
    Stuck,
}
use Oddity::*;

const ODDITIES: [(Oddity, bool); 17] = [
    // The flag says whether an answer that accepts the upgrade may have it.
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

/// Is the head complete within 64 KiB?
fn is_whole(oddity: Oddity) -> bool {
    !matches!(oddity, LongLine(65_536..) | Cut | Stuck)
}

/// Answers with this status line, correct headers, and the unusual part after them.
fn answer(lab: &mut Lab, status: &str, headers: &str, oddity: Oddity) {
    let head = format!("HTTP/1.1 {status}\r\n{headers}");
    let rest = match oddity {
        None => "\r\n".to_owned(),
        Lines(lines) => format!("{lines}\r\n"),
        ManyLines(count) => "A: b\r\n".repeat(count) + "\r\n",
        LongLine(size) => format!("A: {}\r\n\r\n", "b".repeat(size)),
        Cut | Stuck => "A: b".to_owned(),
    };
    lab.serve((head + &rest).as_bytes());
    match oddity {
        Cut => lab.end_stream(),
        Stuck => lab.advance(700),
        _ => {}
    }
}

/// The headers of a correct answer to the upgrade.
fn agreement(lab: &mut Lab) -> String {
    let answer = lab.answer();
    let (_, headers) = answer.trim_end().split_once("\r\n").unwrap();
    format!("{headers}\r\n")
}

fn retries(config: &mut ConnectConfig) {
    config.retry = Some(RETRY);
}

fn is_tried_again(status: &str) -> bool {
    !matches!(&status[..3], "401" | "403")
}

#[test]
fn status_of_a_server_is_reported_whatever_follows() {
    for status in ["101 Switching Protocols", "302 Found", "401 Unauthorized", "403 Forbidden", "503 Busy"] {
        for (oddity, may_agree) in ODDITIES {
            let mut lab = Lab::whole();
            lab.begin_with("ws://10.0.0.1/", retries);
            lab.tcp(Ok(()));
            let headers = agreement(&mut lab);
            answer(&mut lab, status, &headers, oddity);
            let (what, again) = match (&status[..3], oddity) {
                ("101", _) if may_agree => {
                    assert_eq!(lab.told(), ["connected"], "{status}, {oddity:?}");
                    continue;
                }
                ("101", Cut) => ("ConnectionLost in Handshake by Transport, got 1006, sent 0".to_owned(), true),
                ("101", Stuck) => ("Timeout in Handshake by Transport, got 1006, sent 0".to_owned(), true),
                ("101", _) => ("Handshake in Handshake by Local, got 1006, sent 0".to_owned(), true),
                (number, _) => {
                    (format!("Refused in Handshake by Peer, got 1006, sent 0, status {number}"), is_tried_again(status))
                }
            };
            let told = if again { format!("lost {what}; try 1 after 250 ms") } else { format!("closed {what}") };
            assert_eq!(lab.told()[0], told, "{status}, {oddity:?}");
            lab.advance(250);
            assert_eq!(lab.dialed().len(), 1 + usize::from(again), "{status}, {oddity:?}");
        }
    }
}

#[cfg(feature = "proxies")]
#[test]
fn status_of_a_proxy_is_reported_whatever_follows() {
    for status in ["101 Switching Protocols", "302 Found", "401 Unauthorized", "403 Forbidden", "503 Busy", "200 OK"] {
        for (oddity, may_agree) in ODDITIES {
            let mut lab = Lab::whole();
            lab.begin_with("ws://10.0.0.1/", |config| {
                retries(config);
                config.proxies = Proxies::read(Some("http://10.0.0.9:3128"), false, |_| Option::None).unwrap();
            });
            lab.tcp(Ok(()));
            lab.wire().from_client.clear();
            // As many headers as the answer of the server has.
            answer(&mut lab, status, "Via: a\r\nVia: b\r\nVia: c\r\n", oddity);
            let number = if status.starts_with("101") { String::new() } else { format!(", status {}", &status[..3]) };
            let (what, again) = match (&status[..3], oddity) {
                ("200", _) if may_agree => {
                    assert!(lab.told().is_empty(), "{status}, {oddity:?}");
                    assert!(lab.wire().from_client.starts_with(b"GET / HTTP/1.1\r\n"));
                    continue;
                }
                ("200", Cut) => ("Proxy in Proxy by Transport, got 1006, sent 0".to_owned(), true),
                ("200", Stuck) => ("Timeout in Proxy by Transport, got 1006, sent 0".to_owned(), true),
                _ => (format!("Proxy in Proxy by Peer, got 1006, sent 0{number}"), is_tried_again(status)),
            };
            let told = if again { format!("lost {what}; try 1 after 250 ms") } else { format!("closed {what}") };
            assert_eq!(lab.told()[0], told, "{status}, {oddity:?}");
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
        let scenario = |lab: &mut Lab| {
            lab.begin("ws://10.0.0.1/");
            lab.tcp(Ok(()));
            lab.serve(format!("HTTP/1.1 {status}\r\nA: b").as_bytes());
            lab.reset();
        };
        play_whole(scenario, &[end]);
    }
}

#[test]
fn retry_after_of_a_malformed_head_is_used() {
    let scenario = |lab: &mut Lab| {
        lab.begin_with("ws://10.0.0.1/", retries);
        lab.tcp(Ok(()));
        lab.serve(b"HTTP/1.1 503 Busy\r\ngarbage\r\nCSP: a;\r\n b\r\nRetry-After: 7\r\n\r\n");
        assert_eq!(lab.info().headers, "CSP: a; b\nRetry-After: 7\n");
        lab.close(b"");
    };
    let lost = "lost Refused in Handshake by Peer, got 1006, sent 0, status 503; try 1 after 7250 ms";
    play_whole(scenario, &[lost, "closed Aborted in Connect by Local, got 1006, sent 0"]);
}

/// A redirect is followed if its head is complete.
#[test]
fn redirects_with_a_malformed_head_are_followed_if_complete() {
    for (oddity, _) in ODDITIES {
        let mut lab = Lab::whole();
        lab.begin_with("ws://10.0.0.1/", |config| config.max_redirects = 1);
        lab.tcp(Ok(()));
        lab.wire().from_client.clear();
        answer(&mut lab, "302 Found", "Location: ws://10.0.0.2:81/\r\n", oddity);
        if is_whole(oddity) {
            assert_eq!(lab.dialed(), ["10.0.0.1:80", "10.0.0.2:81"], "{oddity:?}");
        } else {
            let end = "closed Redirect in Handshake by Local, got 1006, sent 0, status 302";
            assert_eq!(lab.told(), [end], "{oddity:?}");
        }
    }
}
