//! Reconnecting: what is tried again and when, and what becomes of what was queued.

use super::lab::{Lab, frame, play_whole};
use super::{CLOSE, TEXT};
use crate::config::{ConnectConfig, RetryOptions};
use crate::error::Error;
use crate::transport::proxy::Proxies;
use std::io::ErrorKind;
use std::time::Duration;

pub const RETRY: RetryOptions = RetryOptions {
    attempts: 3,
    floor: Duration::from_millis(250),
    first: Duration::from_millis(4000),
    ceiling: Duration::from_millis(30_000),
    total: Some(Duration::from_secs(600)),
    resend: false,
};

fn retries(config: &mut ConnectConfig) {
    config.retry = Some(RETRY);
}

fn resends(config: &mut ConnectConfig) {
    config.retry = Some(RetryOptions { resend: true, ..RETRY });
}

const REFUSED: Result<(), ErrorKind> = Err(ErrorKind::ConnectionRefused);
const LOST: &str = "lost ConnectionLost in Open by Transport, got 1006, sent 0; try 1 after 250 ms";
const ABORTED: &str = "closed Aborted in Connect by Local, got 1006, sent 0";

// What is tried again.

#[test]
fn lost_in_any_phase_it_waits_and_begins_anew() {
    type Phase = (&'static str, fn(&mut Lab), &'static str);
    let proxied = |config: &mut ConnectConfig| {
        retries(config);
        config.proxies = Proxies::read(Some("http://10.0.0.9:3128"), false, |_| None).unwrap();
    };
    let phases: [Phase; 10] = [
        ("ws://example.com/", |lab| lab.resolved(&[]), "Resolve in Resolve by Transport, got 1006, sent 0"),
        ("ws://example.com/", |lab| lab.advance(800), "Timeout in Resolve by Transport, got 1006, sent 0"),
        ("ws://10.0.0.1/", |lab| lab.tcp(REFUSED), "Connect in Connect by Transport, got 1006, sent 0"),
        ("ws://10.0.0.1/", |lab| lab.advance(1000), "Timeout in Connect by Transport, got 1006, sent 0"),
        (
            "ws://10.0.0.1/?proxied",
            |lab| {
                lab.tcp(Ok(()));
                lab.serve(b"HTTP/1.1 502 Bad Gateway\r\n\r\n");
            },
            "Proxy in Proxy by Peer, got 1006, sent 0, status 502",
        ),
        (
            "wss://10.0.0.1/",
            |lab| {
                lab.tcp(Ok(()));
                lab.advance(600);
            },
            "Timeout in Tls by Transport, got 1006, sent 0",
        ),
        (
            "ws://10.0.0.1/",
            |lab| {
                lab.tcp(Ok(()));
                lab.serve(b"HTTP/1.1 503 Service Unavailable\r\n\r\n");
            },
            "Refused in Handshake by Peer, got 1006, sent 0, status 503",
        ),
        (
            "ws://10.0.0.1/",
            |lab| {
                lab.tcp(Ok(()));
                lab.end_stream();
            },
            "ConnectionLost in Handshake by Transport, got 1006, sent 0",
        ),
        (
            "ws://10.0.0.1/",
            |lab| {
                lab.tcp(Ok(()));
                lab.advance(500);
            },
            "Timeout in Handshake by Transport, got 1006, sent 0",
        ),
        (
            "ws://10.0.0.1/",
            |lab| {
                lab.accept();
                lab.end_stream();
            },
            "ConnectionLost in Open by Transport, got 1006, sent 0",
        ),
    ];
    let possible = |phase: &Phase| cfg!(feature = "proxies") || !phase.0.ends_with("proxied");
    for (url, lose, report) in phases.into_iter().filter(possible) {
        let opened = if report.contains(" Open ") { &["connected"][..] } else { &[] };
        let lost = format!("lost {report}; try 1 after 250 ms");
        let scenario = |lab: &mut Lab| {
            lab.begin_with(url, if url.ends_with("proxied") { proxied } else { retries });
            let asked = (lab.looked_up().len(), lab.dialed().len());
            lose(lab);
            assert_eq!(lab.told().last(), Some(&lost));
            assert!(lab.held().is_empty(), "nothing is left of it");
            lab.advance(249);
            assert_eq!(lab.told().last(), Some(&lost), "not yet");
            lab.advance(1);
            assert_eq!((lab.looked_up().len(), lab.dialed().len()), (asked.0 * 2, asked.1 * 2), "from the beginning");
            lab.close(b"\x03\xe8");
        };
        let at = if url.contains("example.com") { "Resolve" } else { "Connect" };
        let closed = format!("closed Aborted in {at} by Local, got 1006, sent 0");
        play_whole(scenario, &[opened, &[&lost, "trying", &closed]].concat());
    }
}

#[test]
fn the_servers_answers_are_told_apart() {
    for (status, again) in [
        (300, true),
        (400, true),
        (401, false),
        (403, false),
        (404, false),
        (407, false),
        (408, true),
        (410, false),
        (429, true),
        (500, true),
        (502, true),
        (503, true),
    ] {
        let mut lab = Lab::whole();
        lab.begin_with("ws://10.0.0.1/", retries);
        lab.tcp(Ok(()));
        lab.serve(format!("HTTP/1.1 {status} No\r\n\r\n").as_bytes());
        let told = lab.told();
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with(if again { "lost Refused" } else { "closed Refused" }), "{status}: {told:?}");
    }
}

#[test]
fn the_servers_close_codes_are_told_apart() {
    for (code, again) in [
        (1000u16, true),
        (1001, true),
        (1002, false),
        (1003, true),
        (1007, false),
        (1008, false),
        (1009, false),
        (1010, true),
        (1011, true),
        (1012, true),
        (1013, true),
        (1014, true),
        (3000, true),
        (4999, true),
    ] {
        let mut lab = Lab::whole();
        lab.open_with(retries);
        lab.serve(&frame(CLOSE, &code.to_be_bytes()));
        lab.end_stream();
        let told = lab.told();
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(
            told[1].starts_with(if again { "lost OK in Closing by Peer" } else { "closed OK" }),
            "{code}: {told:?}"
        );
    }
}

#[test]
fn a_peer_that_breaks_a_rule_is_not_asked_again() {
    for bytes in [frame(0xc1, b"reserved bit"), frame(TEXT, b"\xff"), frame(0x82, &[0; 1001])] {
        let mut lab = Lab::whole();
        lab.open_with(retries);
        lab.serve(&bytes);
        lab.end_stream();
        let told = lab.told();
        assert!(told.len() == 2 && told[1].starts_with("closed"), "{told:?}");
        assert_eq!(lab.wait(), None);
    }
}

#[test]
fn retry_after_of_the_answer_is_waited_for() {
    let scenario = |lab: &mut Lab| {
        lab.begin_with("ws://10.0.0.1/", retries);
        lab.tcp(Ok(()));
        lab.serve(b"HTTP/1.1 503 Busy\r\nRetry-After: 7\r\n\r\n");
        lab.advance(7249);
        assert_eq!(lab.dialed().len(), 1);
        lab.advance(1);
        assert_eq!(lab.dialed().len(), 2);
        lab.close(b"\x03\xe8");
    };
    let lost = "lost Refused in Handshake by Peer, got 1006, sent 0, status 503; try 1 after 7250 ms";
    play_whole(scenario, &[lost, "trying", ABORTED]);
}

#[test]
fn after_so_many_tries_it_is_given_up() {
    let scenario = |lab: &mut Lab| {
        lab.begin_with("ws://10.0.0.1/", |config| config.retry = Some(RetryOptions { attempts: 2, ..RETRY }));
        for _ in 0..3 {
            lab.tcp(REFUSED);
            lab.advance(250);
        }
        assert_eq!(lab.dialed().len(), 3);
    };
    let lost = |attempt| format!("lost Connect in Connect by Transport, got 1006, sent 0; try {attempt} after 250 ms");
    let closed = "closed Connect in Connect by Transport, got 1006, sent 0";
    play_whole(scenario, &[&lost(1), "trying", &lost(2), "trying", closed]);
}

#[test]
fn tries_are_counted_anew_when_it_was_open_for_ten_seconds() {
    for (open_for, attempt) in [(9_999, 2), (10_000, 1)] {
        let lost = format!("lost ConnectionLost in Open by Transport, got 1006, sent 0; try {attempt} after 250 ms");
        let scenario = |lab: &mut Lab| {
            lab.open_with(retries);
            lab.end_stream();
            lab.advance(250);
            lab.accept();
            lab.advance(open_for);
            lab.end_stream();
            lab.close(b"\x03\xe8");
        };
        play_whole(scenario, &["connected", LOST, "trying", "connected", &lost, ABORTED]);
    }
}

#[test]
fn a_redirect_is_followed_anew_each_time() {
    let scenario = |lab: &mut Lab| {
        lab.begin_with("ws://10.0.0.1/a", |config| {
            config.max_redirects = 1;
            retries(config);
        });
        for _ in 0..2 {
            lab.tcp(Ok(()));
            lab.wire().from_client.clear();
            lab.serve(b"HTTP/1.1 302 Found\r\nLocation: ws://10.0.0.2:81/b\r\n\r\n");
            lab.accept();
            lab.end_stream();
            lab.advance(500);
        }
        assert_eq!(lab.dialed()[..4], ["10.0.0.1:80", "10.0.0.2:81"].repeat(2));
        lab.close(b"\x03\xe8");
    };
    let second = LOST.replace("try 1", "try 2");
    play_whole(scenario, &["connected", LOST, "trying", "connected", &second, "trying", ABORTED]);
}

// What the host does meanwhile.

#[test]
fn the_host_can_cut_the_wait_short_once() {
    let scenario = |lab: &mut Lab| {
        lab.open_with(retries);
        lab.retry_now(); // there is no wait
        lab.end_stream();
        lab.retry_now();
        lab.retry_now();
        assert_eq!(lab.dialed().len(), 2);
        lab.advance(250);
        assert_eq!(lab.dialed().len(), 2, "the wait is over for good");
        lab.accept();
        lab.tell();
        assert_eq!(lab.send("hello"), Ok(()));
        assert_eq!(lab.written(), ["text hello"]);
        lab.close(b"\x03\xe8");
        lab.retry_now();
        lab.serve(&frame(CLOSE, b"\x03\xe8"));
        lab.end_stream();
        lab.retry_now();
        assert_eq!(lab.dialed().len(), 2);
    };
    let closed = "closed OK in Closing by Local, got 1000, sent 1000";
    play_whole(scenario, &["connected", LOST, "trying", "connected", closed]);
}

#[test]
fn closing_or_freeing_ends_the_wait() {
    for free in [false, true] {
        let scenario = |lab: &mut Lab| {
            lab.open_with(retries);
            lab.end_stream();
            if free {
                lab.free()
            } else {
                lab.close(b"\x03\xe8")
            }
            lab.retry_now();
            lab.probe();
            lab.advance(60_000);
            assert_eq!((lab.dialed().len(), lab.wait()), (1, None));
        };
        play_whole(scenario, &["connected", LOST, ABORTED]);
    }
}

#[test]
fn after_a_close_of_the_hosts_nothing_is_tried_again() {
    let breaks: [fn(&mut Lab); 4] = [
        Lab::end_stream,
        |lab| lab.advance(2000),
        |lab| {
            lab.serve(&frame(CLOSE, b"\x03\xe8"));
            lab.end_stream();
        },
        |lab| {
            lab.probe();
            lab.end_stream();
        },
    ];
    for lose in breaks {
        for free in [false, true] {
            let mut lab = Lab::whole();
            lab.open_with(resends);
            lab.wire().room = 0;
            let _ = lab.send("unsent");
            if free {
                lab.free()
            } else {
                lab.close(b"\x03\xe8")
            }
            lose(&mut lab);
            lab.advance(60_000);
            let told = lab.told();
            assert!(told.len() == 2 && told[1].starts_with("closed"), "{told:?}");
            assert_eq!((lab.dialed().len(), lab.wait()), (1, None));
        }
    }
}

#[test]
fn a_close_of_the_hosts_after_the_peers_is_one_too() {
    let scenario = |lab: &mut Lab| {
        lab.open_with(retries);
        lab.wire().room = 0;
        lab.serve(&frame(CLOSE, b"\x03\xf4"));
        lab.close(b"\x03\xe8"); // sealed already, by the answer to the peer's
        lab.end_stream();
        lab.wire().room = usize::MAX;
        lab.turn();
    };
    play_whole(scenario, &["connected", "closed OK in Closing by Peer, got 1012, sent 1012"]);
}

#[test]
fn a_close_before_the_host_was_told_of_the_next_connection_abandons_that() {
    let scenario = |lab: &mut Lab| {
        lab.open_with(retries);
        lab.end_stream();
        lab.advance(250);
        lab.accept();
        lab.close(b"\x03\xe8");
        assert!(!lab.outbox().open(), "the host is not to be told of it");
        assert_eq!(lab.written(), ["close [3, e8]"]);
    };
    let closed = "closed Aborted in Handshake by Local, got 1006, sent 1000";
    play_whole(scenario, &["connected", LOST, "trying", "connected", closed]);
}

// Who may send when.

#[test]
fn a_host_that_is_told_late_cannot_send_until_it_is_told_of_the_connection_there_is() {
    let scenario = |lab: &mut Lab| {
        lab.open_untold_with(retries);
        lab.end_stream();
        lab.tell(); // of the first, which is lost
        assert_eq!(lab.send("to nobody"), Err(Error::NotOpen));
        assert!(!lab.outbox().is_open());
        lab.advance(250);
        assert_eq!(lab.send("to nobody"), Err(Error::NotOpen));
        lab.accept();
        assert_eq!(lab.send("early"), Err(Error::NotOpen), "on_connect has not been called for this one");
        lab.tell();
        assert_eq!(lab.send("hello"), Ok(()));
        assert_eq!(lab.written(), ["text hello"]);
        lab.close(b"\x03\xe8");
        lab.serve(&frame(CLOSE, b"\x03\xe8"));
        lab.end_stream();
    };
    let closed = "closed OK in Closing by Local, got 1000, sent 1000";
    play_whole(scenario, &["connected", LOST, "trying", "connected", closed]);
}

#[test]
fn a_host_that_is_told_of_the_first_when_the_second_is_there_cannot_send_over_that() {
    let mut lab = Lab::whole();
    lab.open_untold_with(retries);
    lab.end_stream();
    lab.advance(250);
    lab.accept();
    lab.tell();
    assert_eq!(lab.outbox().made(), 2);
    assert_eq!(lab.outbox().generation(), 1);
    assert_eq!(lab.send("of the first"), Err(Error::NotOpen));
    lab.tell();
    assert_eq!(lab.send("of the second"), Ok(()));
    assert_eq!(lab.written(), ["text of the second"]);
}

// The host does not dispatch.

#[test]
fn held_tries_begin_when_the_host_has_dispatched() {
    type Act = fn(&mut Lab);
    // Events while the try is held, and whether a try follows after the host has dispatched.
    let cases: [(&str, Act, bool); 6] = [
        ("nothing", |_| {}, true),
        ("a long time", |lab| lab.advance(1_000_000), true),
        ("retry_now", Lab::retry_now, true),
        ("a change of the network", Lab::probe, true),
        ("a suspend that closes", Lab::suspend, false),
        ("a close", |lab| lab.close(b"\x03\xe8"), false),
    ];
    for (what, act, is_tried) in cases {
        let mut lab = Lab::whole();
        lab.begin_with("ws://10.0.0.1/", retries);
        lab.tcp(REFUSED);
        lab.hold_tries();
        lab.advance(250);
        assert_eq!((lab.dialed().len(), lab.wait()), (1, None), "{what}: it is held, without a deadline");
        act(&mut lab);
        assert_eq!(lab.dialed().len(), 1, "{what}: it is held still");
        lab.catch_up();
        assert_eq!(lab.dialed().len(), 1 + usize::from(is_tried), "{what}");
        lab.catch_up();
        assert_eq!(lab.dialed().len(), 1 + usize::from(is_tried), "{what}: once");
    }
    // After a suspend the try waits for the resume instead.
    let mut lab = Lab::whole();
    lab.begin_with("ws://10.0.0.1/", retries);
    lab.tcp(REFUSED);
    lab.hold_tries();
    lab.advance(250);
    lab.suspend();
    lab.catch_up();
    lab.probe();
    assert_eq!(lab.dialed().len(), 2);
}
