//! Is the peer still there?

use super::lab::{Lab, frame, play, play_whole};
use super::{CLOSE, PING, TEXT};
use crate::config::{ConnectConfig, HeartbeatOptions};
use std::time::Duration;

const PONG: u8 = 0x8a;
const DEAD: &str = "closed Timeout in Open by Transport, got 1006, sent 0";
const LOST: &str = "closed ConnectionLost in Open by Transport, got 1006, sent 0";

fn seconds(seconds: u64) -> Option<Duration> {
    Some(Duration::from_secs(seconds))
}

fn beats(config: &mut ConnectConfig) {
    config.heartbeat = HeartbeatOptions { interval: seconds(20), timeout: seconds(10), probe: seconds(3) };
}

fn never_dead(config: &mut ConnectConfig) {
    config.heartbeat = HeartbeatOptions { interval: seconds(20), timeout: None, probe: seconds(3) };
}

fn only_when_told(config: &mut ConnectConfig) {
    config.heartbeat = HeartbeatOptions { interval: None, timeout: seconds(10), probe: seconds(3) };
}

fn pings(lab: &Lab) -> usize {
    lab.written().iter().filter(|frame| frame.starts_with("ping")).count()
}

#[test]
fn a_silent_peer_is_asked_after_the_interval_and_dead_after_the_deadline() {
    let scenario = |lab: &mut Lab| {
        lab.open_with(beats);
        lab.advance(19_999);
        assert_eq!(pings(lab), 0);
        lab.advance(1);
        assert!(lab.fails() || lab.written() == ["ping [0, 0, 0, 1]"]);
        lab.advance(9_999);
        assert!(lab.fails() || lab.told() == ["connected"], "it has its time");
        lab.advance(1);
    };
    play(scenario, &["connected", DEAD]);
}

#[test]
fn whatever_comes_is_a_sign_of_life() {
    let signs = [
        frame(PONG, &[0, 0, 0, 1]), // the right one
        frame(PONG, &[0, 0, 0, 9]), // a wrong one
        frame(PONG, b""),           // one that nobody asked for
        frame(PING, b"and you?"),
        frame(TEXT, b"hello"),
        vec![TEXT], // the first byte of a frame
    ];
    for sign in signs {
        let mut lab = Lab::whole();
        lab.open_with(beats);
        lab.advance(25_000);
        assert_eq!(pings(&lab), 1);
        lab.serve(&sign);
        lab.advance(19_999);
        assert_eq!((pings(&lab), lab.told().last().unwrap() == DEAD), (1, false), "{sign:x?}");
        lab.advance(1);
        assert_eq!(pings(&lab), 2, "an interval after what was heard last");
        lab.advance(10_000);
        assert_eq!(lab.told().last().unwrap(), DEAD);
    }
}

#[test]
fn what_comes_puts_the_ping_off() {
    let scenario = |lab: &mut Lab| {
        lab.open_with(beats);
        for _ in 0..5 {
            lab.advance(19_999);
            lab.serve(&frame(TEXT, b"."));
        }
        assert_eq!(pings(lab), 0);
        lab.advance(20_000);
        assert!(lab.fails() || pings(lab) == 1);
        lab.end_stream();
    };
    play(scenario, &["connected", "text .", "text .", "text .", "text .", "text .", LOST]);
}

#[test]
fn the_round_trip_is_measured_and_smoothed() {
    let mut lab = Lab::whole();
    lab.open_with(beats);
    let measured = |lab: &Lab| (lab.round_trip().last.as_millis(), lab.round_trip().smoothed.as_millis());
    lab.serve(&frame(PONG, &[0, 0, 0, 0])); // before any ping
    lab.advance(20_000);
    lab.serve(&frame(PONG, &[0, 0, 0, 2])); // of a ping to come
    assert_eq!(measured(&lab), (0, 0));
    lab.ping(); // one at a time, though something was heard
    assert_eq!(pings(&lab), 1);
    lab.advance(100);
    lab.serve(&frame(PONG, &[0, 0, 0, 1]));
    assert_eq!(measured(&lab), (100, 100));
    lab.advance(50);
    lab.serve(&frame(PONG, &[0, 0, 0, 1])); // again
    assert_eq!(measured(&lab), (100, 100));
    lab.ping();
    lab.serve(&frame(PONG, &[0, 0, 0, 1])); // of the one before
    assert_eq!(measured(&lab), (100, 100));
    lab.advance(900);
    lab.serve(&frame(PONG, &[0, 0, 0, 2]));
    assert_eq!(measured(&lab), (900, 200)); // (7 × 100 + 900) / 8
    assert_eq!(lab.told(), ["connected"]);
}

#[test]
fn a_ping_of_the_hosts_has_a_deadline_and_no_other_beside_it() {
    for options in [beats, only_when_told] {
        let mut lab = Lab::whole();
        lab.open_with(options);
        lab.ping();
        lab.advance(5000);
        lab.ping();
        assert_eq!(pings(&lab), 1);
        lab.advance(4999);
        assert_eq!(lab.told(), ["connected"]);
        lab.advance(1);
        assert_eq!(lab.told(), ["connected", DEAD]);
    }
}

#[test]
fn without_an_interval_nothing_is_asked() {
    let mut lab = Lab::whole();
    lab.open_with(only_when_told);
    assert_eq!(lab.wait(), None);
    lab.ping();
    lab.serve(&frame(PONG, &[0, 0, 0, 1]));
    assert_eq!(lab.wait(), None);
    lab.advance(3_600_000);
    assert_eq!((pings(&lab), lab.told().len()), (1, 1));
}

#[test]
fn a_server_that_answers_no_ping_is_asked_for_ever_if_the_host_wants_that() {
    let mut lab = Lab::whole();
    lab.open_with(never_dead);
    lab.advance(200_000);
    assert_eq!((pings(&lab), lab.told().len()), (10, 1));
    lab.probe();
    lab.advance(10_000);
    assert_eq!((pings(&lab), lab.told().len()), (11, 1), "nor does a probe end it");
}

#[test]
fn while_the_host_does_not_let_us_read_nothing_is_expected() {
    let scenario = |lab: &mut Lab| {
        lab.open_with(beats);
        lab.advance(25_000);
        lab.set_full(true);
        lab.turn();
        lab.serve(&frame(TEXT, b"waits"));
        lab.advance(100_000);
        assert!(lab.fails() || lab.told() == ["connected"]);
        lab.set_full(false);
        lab.advance(19_999);
        assert!(lab.fails() || lab.told() == ["connected", "text waits"]);
        lab.advance(10_001);
    };
    play(scenario, &["connected", "text waits", DEAD]);
}

// A backlog.

#[test]
fn a_ping_waits_for_what_is_in_flight_and_for_nothing_else() {
    let scenario = |lab: &mut Lab| {
        lab.open_with(beats);
        lab.wire().room = 3;
        let _ = lab.send("in flight");
        let _ = lab.send("queued");
        lab.ping();
        lab.wire().room = usize::MAX;
        lab.turn();
        let order = ["text in flight", "ping [0, 0, 0, 1]", "text queued"];
        assert!(lab.fails() || lab.written() == order, "{:?}", lab.written());
        lab.end_stream();
    };
    play(scenario, &["connected", LOST]);
}

#[test]
fn as_long_as_the_network_takes_of_a_backlog_there_is_somebody() {
    let mut lab = Lab::whole();
    lab.open_with(beats);
    lab.wire().unacked_bytes = Some(0);
    lab.wire().room = 0;
    let _ = lab.send(&"x".repeat(900));
    lab.advance(20_000);
    for _ in 0..5 {
        lab.advance(9_000);
        lab.wire().room = 10;
        lab.turn();
        lab.advance(1_000);
        assert_eq!(lab.told(), ["connected"]);
    }
    lab.advance(9_999);
    assert_eq!(lab.told(), ["connected"]);
    lab.advance(1);
    assert_eq!(lab.told().len(), 2, "and when it takes no more there is nobody");
}

#[test]
fn what_the_system_holds_is_a_backlog_too_until_the_ping_is_through() {
    let mut lab = Lab::whole();
    lab.open_with(beats);
    let _ = lab.send(&"x".repeat(900));
    lab.wire().unacked_bytes = Some(908);
    lab.advance(20_000);
    let ping = 10;
    assert_eq!(pings(&lab), 1);
    lab.wire().unacked_bytes = Some(500 + ping);
    lab.advance(10_000);
    lab.wire().unacked_bytes = Some(0);
    lab.advance(10_000);
    assert_eq!(lab.told(), ["connected"], "the ping has got there: it can be answered from now on");
    lab.advance(9_999);
    assert_eq!(lab.told(), ["connected"]);
    lab.advance(1);
    assert_eq!(lab.told().len(), 2);
}

#[test]
fn a_backlog_that_stands_still_is_no_sign_of_life() {
    for unacked_bytes in [None, Some(908)] {
        let mut lab = Lab::whole();
        lab.open_with(beats);
        let _ = lab.send(&"x".repeat(900));
        lab.wire().unacked_bytes = unacked_bytes;
        lab.wire().room = 0;
        lab.advance(29_999);
        assert_eq!(lab.told(), ["connected"]);
        lab.advance(1);
        assert!(lab.told()[1].starts_with("closed Timeout in Open"), "{:?}", lab.told());
    }
}

// Closing.

#[test]
fn nothing_is_asked_while_it_closes() {
    let mut lab = Lab::whole();
    lab.open_with(|config| {
        beats(config);
        config.limits.close = Duration::from_secs(100);
    });
    lab.close(b"\x03\xe8");
    lab.advance(99_000);
    lab.ping();
    lab.probe();
    lab.sleep(500);
    assert_eq!(lab.written(), ["close [3, e8]"]);
    lab.advance(500);
    assert_eq!(lab.told(), ["connected", "closed Timeout in Closing by Transport, got 1006, sent 1000"]);
}

#[test]
fn a_ping_that_was_not_answered_does_not_end_a_closing_handshake() {
    let scenario = |lab: &mut Lab| {
        lab.open_with(|config| {
            beats(config);
            config.limits.close = Duration::from_secs(100);
        });
        lab.advance(25_000);
        lab.close(b"\x03\xe8");
        lab.advance(50_000);
        lab.serve(&frame(CLOSE, b"\x03\xe8"));
        lab.end_stream();
    };
    play(scenario, &["connected", "closed OK in Closing by Local, got 1000, sent 1000"]);
}

#[test]
fn no_ping_follows_a_close_frame_that_is_written_before_the_engine_is_told() {
    let mut lab = Lab::whole();
    lab.open_with(beats);
    assert!(lab.outbox().end(b"\x03\xe8"));
    lab.flush(); // of a message before it
    lab.ping();
    lab.probe();
    lab.advance(20_000);
    assert_eq!(lab.written(), ["close [3, e8]"]);
}

// A process that did not run.

#[test]
fn who_slept_asks_once_more_and_once_only() {
    let scenario = |lab: &mut Lab| {
        lab.open_with(beats);
        lab.advance(20_000);
        lab.sleep(60_000);
        assert!(lab.fails() || (pings(lab), lab.told().len()) == (2, 1), "a false death");
        lab.advance(9_999);
        assert!(lab.fails() || lab.told() == ["connected"]);
        lab.advance(1);
    };
    play(scenario, &["connected", DEAD]);
    let twice = |lab: &mut Lab| {
        lab.open_with(beats);
        lab.advance(20_000);
        lab.sleep(60_000);
        lab.sleep(60_000);
    };
    play(twice, &["connected", DEAD]);
}

#[test]
fn who_slept_and_hears_something_is_spared_again() {
    let scenario = |lab: &mut Lab| {
        lab.open_with(beats);
        for _ in 0..3 {
            lab.advance(20_000);
            lab.sleep(60_000);
            lab.serve(&frame(TEXT, b"."));
        }
        assert!(lab.fails() || lab.told().len() == 4);
        lab.end_stream();
    };
    play(scenario, &["connected", "text .", "text .", "text .", LOST]);
}

#[test]
fn who_slept_before_it_had_asked_asks_then() {
    let mut lab = Lab::whole();
    lab.open_with(beats);
    lab.advance(5_000);
    lab.sleep(60_000);
    assert_eq!(pings(&lab), 1);
    lab.advance(9_999);
    assert_eq!(lab.told(), ["connected"]);
    lab.advance(1);
    assert_eq!(lab.told(), ["connected", DEAD]);
}

// Probes.

#[test]
fn a_probe_has_a_shorter_deadline() {
    let scenario = |lab: &mut Lab| {
        lab.open_with(beats);
        lab.advance(10_000);
        lab.probe();
        assert_eq!(pings(lab), 1);
        lab.advance(2_999);
        assert_eq!(lab.told(), ["connected"]);
        lab.advance(1);
    };
    play_whole(scenario, &["connected", DEAD]);
}

#[test]
fn a_probe_asks_again_and_never_puts_a_deadline_off() {
    for (asked_before, dead_after) in [(2_000, 3_000), (7_500, 2_500)] {
        let mut lab = Lab::whole();
        lab.open_with(beats);
        lab.advance(20_000 + asked_before);
        lab.probe();
        assert_eq!(pings(&lab), 2);
        lab.advance(dead_after - 1);
        assert_eq!(lab.told(), ["connected"]);
        lab.advance(1);
        assert_eq!(lab.told(), ["connected", DEAD]);
    }
}

#[test]
fn after_a_probe_that_was_answered_all_is_as_before() {
    for (options, interval) in [(beats as fn(&mut ConnectConfig), seconds(20)), (only_when_told, None)] {
        let mut lab = Lab::whole();
        lab.open_with(options);
        lab.probe();
        lab.advance(2_999);
        lab.serve(&[0x8a]); // a byte is enough
        assert_eq!(lab.wait(), interval);
        lab.advance(10_000);
        assert_eq!(lab.told(), ["connected"]);
    }
}
