//! Retries: which losses are retried, when, and with which queued messages.

use super::scenario::run_unbroken;
use super::simulation::{Simulation, frame};
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

// Losses that are retried.

#[test]
fn a_loss_in_any_phase_is_retried_from_the_beginning() {
    type Phase = (&'static str, fn(&mut Simulation), &'static str);
    let proxied = |config: &mut ConnectConfig| {
        retries(config);
        config.proxies = Proxies::read(Some("http://10.0.0.9:3128"), false, |_| None).unwrap();
    };
    let phases: [Phase; 10] = [
        ("ws://example.com/", |sim| sim.resolved(&[]), "Resolve in Resolve by Transport, got 1006, sent 0"),
        ("ws://example.com/", |sim| sim.advance(800), "Timeout in Resolve by Transport, got 1006, sent 0"),
        ("ws://10.0.0.1/", |sim| sim.connect_result(REFUSED), "Connect in Connect by Transport, got 1006, sent 0"),
        ("ws://10.0.0.1/", |sim| sim.advance(1000), "Timeout in Connect by Transport, got 1006, sent 0"),
        (
            "ws://10.0.0.1/?proxied",
            |sim| {
                sim.connect_result(Ok(()));
                sim.server_sends(b"HTTP/1.1 502 Bad Gateway\r\n\r\n");
            },
            "Proxy in Proxy by Peer, got 1006, sent 0, status 502",
        ),
        (
            "wss://10.0.0.1/",
            |sim| {
                sim.connect_result(Ok(()));
                sim.advance(600);
            },
            "Timeout in Tls by Transport, got 1006, sent 0",
        ),
        (
            "ws://10.0.0.1/",
            |sim| {
                sim.connect_result(Ok(()));
                sim.server_sends(b"HTTP/1.1 503 Service Unavailable\r\n\r\n");
            },
            "Refused in Handshake by Peer, got 1006, sent 0, status 503",
        ),
        (
            "ws://10.0.0.1/",
            |sim| {
                sim.connect_result(Ok(()));
                sim.end_stream();
            },
            "ConnectionLost in Handshake by Transport, got 1006, sent 0",
        ),
        (
            "ws://10.0.0.1/",
            |sim| {
                sim.connect_result(Ok(()));
                sim.advance(500);
            },
            "Timeout in Handshake by Transport, got 1006, sent 0",
        ),
        (
            "ws://10.0.0.1/",
            |sim| {
                sim.accept();
                sim.end_stream();
            },
            "ConnectionLost in Open by Transport, got 1006, sent 0",
        ),
    ];
    let possible = |phase: &Phase| cfg!(feature = "proxies") || !phase.0.ends_with("proxied");
    for (url, lose, report) in phases.into_iter().filter(possible) {
        let opened = if report.contains(" Open ") { &["connected"][..] } else { &[] };
        let lost = format!("lost {report}; try 1 after 250 ms");
        let scenario = |sim: &mut Simulation| {
            sim.begin_with(url, if url.ends_with("proxied") { proxied } else { retries });
            let before = (sim.looked_up().len(), sim.dialed().len());
            lose(sim);
            assert_eq!(sim.events().last(), Some(&lost));
            assert!(sim.open_streams().is_empty(), "no stream is left");
            sim.advance(249);
            assert_eq!(sim.events().last(), Some(&lost), "too early");
            sim.advance(1);
            assert_eq!(
                (sim.looked_up().len(), sim.dialed().len()),
                (before.0 * 2, before.1 * 2),
                "the connection begins from the beginning"
            );
            sim.close(b"\x03\xe8");
        };
        let at = if url.contains("example.com") { "Resolve" } else { "Connect" };
        let closed = format!("closed Aborted in {at} by Local, got 1006, sent 0");
        run_unbroken(scenario, &[opened, &[&lost, "trying", &closed]].concat());
    }
}

#[test]
fn the_message_of_a_close_names_what_the_connection_was_doing() {
    let close = |when: &str, before: fn(&mut Simulation)| {
        let mut sim = Simulation::new();
        sim.begin_with("ws://10.0.0.1/", retries);
        before(&mut sim);
        sim.close(b"\x03\xe8");
        assert_eq!(sim.close_message(), format!("closed by this side {when}"));
    };
    let lose = |sim: &mut Simulation| {
        sim.accept();
        sim.end_stream();
    };
    close("before the connection was made", |_| {});
    close("while it waited to connect again", |sim| sim.connect_result(Err(ErrorKind::ConnectionRefused)));
    close("before the connection was made", |sim| {
        sim.connect_result(Err(ErrorKind::ConnectionRefused));
        sim.advance(250);
    });
    close("while it waited to connect again", lose);
    close("while it connected again", |sim| {
        sim.accept();
        sim.end_stream();
        sim.advance(250);
    });
}

#[test]
fn log_lines_name_the_host_without_path_query_and_credentials() {
    let mut sim = Simulation::new();
    sim.begin_with("ws://name:s3cret@10.0.0.1:9000/path?token=s3cret", retries);
    sim.accept();
    sim.end_stream();
    sim.advance(250);
    sim.accept();
    assert_eq!(sim.hosts(), ["10.0.0.1:9000"; 3], "connected, connecting again, connected");
}

#[test]
fn http_statuses_decide_about_a_retry() {
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
        let mut sim = Simulation::new();
        sim.begin_with("ws://10.0.0.1/", retries);
        sim.connect_result(Ok(()));
        sim.server_sends(format!("HTTP/1.1 {status} No\r\n\r\n").as_bytes());
        let events = sim.events();
        assert_eq!(events.len(), 1, "{events:?}");
        assert!(events[0].starts_with(if again { "lost Refused" } else { "closed Refused" }), "{status}: {events:?}");
    }
}

#[test]
fn close_codes_decide_about_a_retry() {
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
        let mut sim = Simulation::new();
        sim.open_with(retries);
        sim.server_sends(&frame(CLOSE, &code.to_be_bytes()));
        sim.end_stream();
        let events = sim.events();
        assert_eq!(events.len(), 2, "{events:?}");
        assert!(
            events[1].starts_with(if again { "lost OK in Closing by Peer" } else { "closed OK" }),
            "{code}: {events:?}"
        );
    }
}

#[test]
fn violations_are_not_retried() {
    for bytes in [frame(0xc1, b"reserved bit"), frame(TEXT, b"\xff"), frame(0x82, &[0; 1001])] {
        let mut sim = Simulation::new();
        sim.open_with(retries);
        sim.server_sends(&bytes);
        sim.end_stream();
        let events = sim.events();
        assert!(events.len() == 2 && events[1].starts_with("closed"), "{events:?}");
        assert_eq!(sim.time_left(), None);
    }
}

#[test]
fn retry_after_delays_the_retry() {
    let scenario = |sim: &mut Simulation| {
        sim.begin_with("ws://10.0.0.1/", retries);
        sim.connect_result(Ok(()));
        sim.server_sends(b"HTTP/1.1 503 Busy\r\nRetry-After: 7\r\n\r\n");
        sim.advance(7249);
        assert_eq!(sim.dialed().len(), 1);
        sim.advance(1);
        assert_eq!(sim.dialed().len(), 2);
        sim.close(b"\x03\xe8");
    };
    let lost = "lost Refused in Handshake by Peer, got 1006, sent 0, status 503; try 1 after 7250 ms";
    run_unbroken(scenario, &[lost, "trying", ABORTED]);
}

#[test]
fn retries_end_after_the_maximum() {
    let scenario = |sim: &mut Simulation| {
        sim.begin_with("ws://10.0.0.1/", |config| config.retry = Some(RetryOptions { attempts: 2, ..RETRY }));
        for _ in 0..3 {
            sim.connect_result(REFUSED);
            sim.advance(250);
        }
        assert_eq!(sim.dialed().len(), 3);
    };
    let lost = |attempt| format!("lost Connect in Connect by Transport, got 1006, sent 0; try {attempt} after 250 ms");
    let closed = "closed Connect in Connect by Transport, got 1006, sent 0";
    run_unbroken(scenario, &[&lost(1), "trying", &lost(2), "trying", closed]);
}

#[test]
fn ten_seconds_open_reset_the_count_of_retries() {
    for (open_for, attempt) in [(9_999, 2), (10_000, 1)] {
        let lost = format!("lost ConnectionLost in Open by Transport, got 1006, sent 0; try {attempt} after 250 ms");
        let scenario = |sim: &mut Simulation| {
            sim.open_with(retries);
            sim.end_stream();
            sim.advance(250);
            sim.accept();
            sim.advance(open_for);
            sim.end_stream();
            sim.close(b"\x03\xe8");
        };
        run_unbroken(scenario, &["connected", LOST, "trying", "connected", &lost, ABORTED]);
    }
}

#[test]
fn each_retry_follows_the_redirect_again() {
    let scenario = |sim: &mut Simulation| {
        sim.begin_with("ws://10.0.0.1/a", |config| {
            config.max_redirects = 1;
            retries(config);
        });
        for _ in 0..2 {
            sim.connect_result(Ok(()));
            sim.wire().from_client.clear();
            sim.server_sends(b"HTTP/1.1 302 Found\r\nLocation: ws://10.0.0.2:81/b\r\n\r\n");
            sim.accept();
            sim.end_stream();
            sim.advance(500);
        }
        assert_eq!(sim.dialed()[..4], ["10.0.0.1:80", "10.0.0.2:81"].repeat(2));
        sim.close(b"\x03\xe8");
    };
    let second = LOST.replace("try 1", "try 2");
    run_unbroken(scenario, &["connected", LOST, "trying", "connected", &second, "trying", ABORTED]);
}

// Calls of the host during the delay.

#[test]
fn retry_now_ends_the_delay_once() {
    let scenario = |sim: &mut Simulation| {
        sim.open_with(retries);
        sim.retry_now(); // there is no delay
        sim.end_stream();
        sim.retry_now();
        sim.retry_now();
        assert_eq!(sim.dialed().len(), 2);
        sim.advance(250);
        assert_eq!(sim.dialed().len(), 2, "the delay is over");
        sim.accept();
        sim.report_open();
        assert_eq!(sim.send("hello"), Ok(()));
        assert_eq!(sim.written(), ["text hello"]);
        sim.close(b"\x03\xe8");
        sim.retry_now();
        sim.server_sends(&frame(CLOSE, b"\x03\xe8"));
        sim.end_stream();
        sim.retry_now();
        assert_eq!(sim.dialed().len(), 2);
    };
    let closed = "closed OK in Closing by Local, got 1000, sent 1000";
    run_unbroken(scenario, &["connected", LOST, "trying", "connected", closed]);
}

#[test]
fn close_and_free_end_the_delay() {
    for free in [false, true] {
        let scenario = |sim: &mut Simulation| {
            sim.open_with(retries);
            sim.end_stream();
            if free {
                sim.free()
            } else {
                sim.close(b"\x03\xe8")
            }
            sim.retry_now();
            sim.probe();
            sim.advance(60_000);
            assert_eq!((sim.dialed().len(), sim.time_left()), (1, None));
        };
        run_unbroken(scenario, &["connected", LOST, ABORTED]);
    }
}

#[test]
fn no_retry_follows_a_close_of_the_host() {
    let breaks: [fn(&mut Simulation); 4] = [
        Simulation::end_stream,
        |sim| sim.advance(2000),
        |sim| {
            sim.server_sends(&frame(CLOSE, b"\x03\xe8"));
            sim.end_stream();
        },
        |sim| {
            sim.probe();
            sim.end_stream();
        },
    ];
    for lose in breaks {
        for free in [false, true] {
            let mut sim = Simulation::new();
            sim.open_with(resends);
            sim.wire().room = 0;
            let _ = sim.send("unsent");
            if free {
                sim.free()
            } else {
                sim.close(b"\x03\xe8")
            }
            lose(&mut sim);
            sim.advance(60_000);
            let events = sim.events();
            assert!(events.len() == 2 && events[1].starts_with("closed"), "{events:?}");
            assert_eq!((sim.dialed().len(), sim.time_left()), (1, None));
        }
    }
}

#[test]
fn no_retry_follows_a_close_of_the_host_after_that_of_the_peer() {
    let scenario = |sim: &mut Simulation| {
        sim.open_with(retries);
        sim.wire().room = 0;
        sim.server_sends(&frame(CLOSE, b"\x03\xf4"));
        sim.close(b"\x03\xe8"); // has no effect: the answer to the close of the peer is already queued
        sim.end_stream();
        sim.wire().room = usize::MAX;
        sim.turn();
    };
    run_unbroken(scenario, &["connected", "closed OK in Closing by Peer, got 1012, sent 1012"]);
}

#[test]
fn a_close_before_a_reconnect_is_reported_abandons_the_connection() {
    let scenario = |sim: &mut Simulation| {
        sim.open_with(retries);
        sim.end_stream();
        sim.advance(250);
        sim.accept();
        sim.close(b"\x03\xe8");
        assert!(!sim.send_queue().notify_connect(), "the opening is not reported to the host");
        assert_eq!(sim.written(), ["close [3, e8]"]);
    };
    let closed = "closed Aborted in Handshake by Local, got 1006, sent 1000";
    run_unbroken(scenario, &["connected", LOST, "trying", "connected", closed]);
}

// When the host may send.

#[test]
fn a_host_can_send_only_when_the_current_connection_is_reported() {
    let scenario = |sim: &mut Simulation| {
        sim.open_unreported_with(retries);
        sim.end_stream();
        sim.report_open(); // the first connection, which is lost
        assert_eq!(sim.send("refused"), Err(Error::NotOpen));
        assert!(!sim.send_queue().gate().is_open());
        sim.advance(250);
        assert_eq!(sim.send("refused"), Err(Error::NotOpen));
        sim.accept();
        assert_eq!(sim.send("early"), Err(Error::NotOpen), "on_connect has not been called for this one");
        sim.report_open();
        assert_eq!(sim.send("hello"), Ok(()));
        assert_eq!(sim.written(), ["text hello"]);
        sim.close(b"\x03\xe8");
        sim.server_sends(&frame(CLOSE, b"\x03\xe8"));
        sim.end_stream();
    };
    let closed = "closed OK in Closing by Local, got 1000, sent 1000";
    run_unbroken(scenario, &["connected", LOST, "trying", "connected", closed]);
}

#[test]
fn a_late_report_of_the_first_connection_does_not_open_the_second() {
    let mut sim = Simulation::new();
    sim.open_unreported_with(retries);
    sim.end_stream();
    sim.advance(250);
    sim.accept();
    sim.report_open();
    assert_eq!(sim.send_queue().gate().connections(), 2);
    assert_eq!(sim.send_queue().gate().generation(), 1);
    assert_eq!(sim.send("of the first"), Err(Error::NotOpen));
    sim.report_open();
    assert_eq!(sim.send("of the second"), Ok(()));
    assert_eq!(sim.written(), ["text of the second"]);
}

// The host does not dispatch.

#[test]
fn delayed_retries_begin_when_the_host_has_dispatched() {
    type Call = fn(&mut Simulation);
    // Each row: events while the retry is delayed, and whether a retry begins after the host has dispatched.
    let cases: [(&str, Call, bool); 6] = [
        ("nothing", |_| {}, true),
        ("a long time", |sim| sim.advance(1_000_000), true),
        ("retry_now", Simulation::retry_now, true),
        ("a change of the network", Simulation::probe, true),
        ("a suspend that closes", Simulation::suspend, false),
        ("a close", |sim| sim.close(b"\x03\xe8"), false),
    ];
    for (what, act, is_retried) in cases {
        let mut sim = Simulation::new();
        sim.begin_with("ws://10.0.0.1/", retries);
        sim.connect_result(REFUSED);
        sim.delay_retries();
        sim.advance(250);
        assert_eq!(
            (sim.dialed().len(), sim.time_left()),
            (1, None),
            "{what}: the retry is delayed, without a deadline"
        );
        act(&mut sim);
        assert_eq!(sim.dialed().len(), 1, "{what}: the retry is still delayed");
        sim.events_dispatched();
        assert_eq!(sim.dialed().len(), 1 + usize::from(is_retried), "{what}");
        sim.events_dispatched();
        assert_eq!(sim.dialed().len(), 1 + usize::from(is_retried), "{what}: once");
    }
    // After a suspend, the retry waits for the resume instead.
    let mut sim = Simulation::new();
    sim.begin_with("ws://10.0.0.1/", retries);
    sim.connect_result(REFUSED);
    sim.delay_retries();
    sim.advance(250);
    sim.suspend();
    sim.events_dispatched();
    sim.probe();
    assert_eq!(sim.dialed().len(), 2);
}
