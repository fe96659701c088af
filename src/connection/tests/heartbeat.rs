//! The heartbeat of an open connection.

use super::scenario::{run_scenario, run_unbroken};
use super::simulation::{Simulation, frame};
use super::{CLOSE, PING, TEXT};
use crate::config::{ConnectConfig, HeartbeatOptions};
use std::time::Duration;

const PONG: u8 = 0x8a;
const TIMED_OUT: &str = "closed Timeout in Open by Transport, got 1006, sent 0";
const LOST: &str = "closed ConnectionLost in Open by Transport, got 1006, sent 0";

fn seconds(seconds: u64) -> Option<Duration> {
    Some(Duration::from_secs(seconds))
}

fn with_timeout(config: &mut ConnectConfig) {
    config.heartbeat = HeartbeatOptions { interval: seconds(20), timeout: seconds(10), probe: seconds(3) };
}

fn without_timeout(config: &mut ConnectConfig) {
    config.heartbeat = HeartbeatOptions { interval: seconds(20), timeout: None, probe: seconds(3) };
}

fn without_interval(config: &mut ConnectConfig) {
    config.heartbeat = HeartbeatOptions { interval: None, timeout: seconds(10), probe: seconds(3) };
}

fn pings(sim: &Simulation) -> usize {
    sim.written().iter().filter(|frame| frame.starts_with("ping")).count()
}

#[test]
fn a_silent_peer_is_pinged_after_the_interval_and_lost_after_the_deadline() {
    let scenario = |sim: &mut Simulation| {
        sim.open_with(with_timeout);
        sim.advance(19_999);
        assert_eq!(pings(sim), 0);
        sim.advance(1);
        assert!(sim.injects_failure() || sim.written() == ["ping [0, 0, 0, 1]"]);
        sim.advance(9_999);
        assert!(sim.injects_failure() || sim.events() == ["connected"], "the deadline has not come");
        sim.advance(1);
    };
    run_scenario(scenario, &["connected", TIMED_OUT]);
}

#[test]
fn a_ping_may_share_a_wakeup_shortly_before_its_time() {
    for (interval, slack) in [(20_000, 1_000), (8_000, 1_000), (4_000, 500), (80, 10)] {
        let mut sim = Simulation::new();
        sim.open_with(|config| {
            with_timeout(config);
            config.heartbeat.interval = Some(Duration::from_millis(interval));
        });
        sim.advance(interval - slack - 1);
        sim.expire_early();
        assert_eq!(pings(&sim), 0, "too early for an interval of {interval} ms");
        sim.advance(1);
        sim.expire_early();
        assert_eq!(pings(&sim), 1);
        sim.expire_early();
        sim.advance(9_999);
        sim.expire_early();
        assert_eq!((pings(&sim), sim.events().len()), (1, 1), "the answer has its full time, from the ping on");
        sim.advance(1);
        assert_eq!(sim.events(), ["connected", TIMED_OUT]);
    }
}

#[test]
fn repeated_pings_without_a_time_out_may_share_wakeups_too() {
    let mut sim = Simulation::new();
    sim.open_with(without_timeout);
    for count in 1..10 {
        sim.advance(19_000);
        sim.expire_early();
        assert_eq!(pings(&sim), count);
        assert_eq!(sim.time_left(), seconds(20));
    }
}

#[test]
fn deadlines_of_opening_and_closing_are_never_early() {
    let mut sim = Simulation::new();
    sim.begin_with("ws://10.0.0.1:80/chat", with_timeout);
    assert_eq!(sim.connection().slack(), Duration::ZERO);
    sim.accept();
    assert_eq!(sim.connection().slack(), Duration::from_secs(1));
    sim.close(b"\x03\xe8");
    assert_eq!(sim.connection().slack(), Duration::ZERO);
}

#[test]
fn any_received_byte_answers_a_ping() {
    let answers = [
        frame(PONG, &[0, 0, 0, 1]), // the right number
        frame(PONG, &[0, 0, 0, 9]), // a wrong number
        frame(PONG, b""),           // unsolicited
        frame(PING, b"and you?"),
        frame(TEXT, b"hello"),
        vec![TEXT], // the first byte of a frame
    ];
    for answer in answers {
        let mut sim = Simulation::new();
        sim.open_with(with_timeout);
        sim.advance(25_000);
        assert_eq!(pings(&sim), 1);
        sim.server_sends(&answer);
        sim.advance(19_999);
        assert_eq!((pings(&sim), sim.events().last().unwrap() == TIMED_OUT), (1, false), "{answer:x?}");
        sim.advance(1);
        assert_eq!(pings(&sim), 2, "the ping is sent one interval after the last byte");
        sim.advance(10_000);
        assert_eq!(sim.events().last().unwrap(), TIMED_OUT);
    }
}

#[test]
fn received_bytes_delay_the_ping() {
    let scenario = |sim: &mut Simulation| {
        sim.open_with(with_timeout);
        for _ in 0..5 {
            sim.advance(19_999);
            sim.server_sends(&frame(TEXT, b"."));
        }
        assert_eq!(pings(sim), 0);
        sim.advance(20_000);
        assert!(sim.injects_failure() || pings(sim) == 1);
        sim.end_stream();
    };
    run_scenario(scenario, &["connected", "text .", "text .", "text .", "text .", "text .", LOST]);
}

#[test]
fn the_round_trip_is_measured_and_smoothed() {
    let mut sim = Simulation::new();
    sim.open_with(with_timeout);
    let measured = |sim: &Simulation| (sim.round_trip().last.as_millis(), sim.round_trip().smoothed.as_millis());
    sim.server_sends(&frame(PONG, &[0, 0, 0, 0])); // before any ping
    sim.advance(20_000);
    sim.server_sends(&frame(PONG, &[0, 0, 0, 2])); // answers a later ping
    assert_eq!(measured(&sim), (0, 0));
    sim.ping(); // sent, but only one ping at a time is measured
    assert_eq!(pings(&sim), 2);
    sim.advance(100);
    sim.server_sends(&frame(PONG, &[0, 0, 0, 1]));
    assert_eq!(measured(&sim), (100, 100));
    sim.advance(50);
    sim.server_sends(&frame(PONG, &[0, 0, 0, 1])); // a second answer
    assert_eq!(measured(&sim), (100, 100));
    sim.ping_with(b"of the host");
    sim.server_sends(&frame(PONG, &[0, 0, 0, 1])); // answers an earlier ping
    sim.server_sends(&frame(PONG, &[0, 0, 0, 2, b'?']));
    assert_eq!(measured(&sim), (100, 100));
    sim.advance(900);
    sim.server_sends(&frame(PONG, b"of the host"));
    assert_eq!(measured(&sim), (900, 200)); // (7 × 100 + 900) / 8
    assert_eq!(sim.events(), ["connected"]);
}

#[test]
fn the_first_ping_of_the_host_that_is_not_answered_has_a_deadline() {
    for options in [with_timeout, without_interval] {
        let mut sim = Simulation::new();
        sim.open_with(options);
        sim.ping();
        sim.advance(5000);
        sim.ping();
        assert_eq!(pings(&sim), 2);
        sim.advance(4999);
        assert_eq!(sim.events(), ["connected"]);
        sim.advance(1);
        assert_eq!(sim.events(), ["connected", TIMED_OUT]);
    }
}

#[test]
fn without_an_interval_no_ping_is_sent() {
    let mut sim = Simulation::new();
    sim.open_with(without_interval);
    assert_eq!(sim.time_left(), None);
    sim.ping();
    sim.server_sends(&frame(PONG, &[0, 0, 0, 1]));
    assert_eq!(sim.time_left(), None);
    sim.advance(3_600_000);
    assert_eq!((pings(&sim), sim.events().len()), (1, 1));
}

#[test]
fn without_a_time_out_a_silent_server_is_pinged_endlessly() {
    let mut sim = Simulation::new();
    sim.open_with(without_timeout);
    sim.advance(200_000);
    assert_eq!((pings(&sim), sim.events().len()), (10, 1));
    sim.probe();
    sim.advance(10_000);
    assert_eq!((pings(&sim), sim.events().len()), (11, 1), "a probe does not end it either");
}

#[test]
fn a_full_queue_of_the_host_suspends_the_heartbeat() {
    let scenario = |sim: &mut Simulation| {
        sim.open_with(with_timeout);
        sim.advance(25_000);
        sim.set_full(true);
        sim.turn();
        sim.server_sends(&frame(TEXT, b"waits"));
        sim.advance(100_000);
        assert!(sim.injects_failure() || sim.events() == ["connected"]);
        sim.set_full(false);
        sim.advance(19_999);
        assert!(sim.injects_failure() || sim.events() == ["connected", "text waits"]);
        sim.advance(10_001);
    };
    run_scenario(scenario, &["connected", "text waits", TIMED_OUT]);
}

// Backlogs of bytes to be sent.

#[test]
fn a_ping_waits_only_for_the_frame_in_flight() {
    let scenario = |sim: &mut Simulation| {
        sim.open_with(with_timeout);
        sim.wire().room = 3;
        let _ = sim.send("in flight");
        let _ = sim.send("queued");
        sim.ping();
        sim.wire().room = usize::MAX;
        sim.turn();
        let order = ["text in flight", "ping [0, 0, 0, 1, 3f]", "text queued"];
        assert!(sim.injects_failure() || sim.written() == order, "{:?}", sim.written());
        sim.end_stream();
    };
    run_scenario(scenario, &["connected", LOST]);
}

#[test]
fn written_bytes_of_a_backlog_extend_the_deadline() {
    let mut sim = Simulation::new();
    sim.open_with(with_timeout);
    sim.wire().unacked_bytes = Some(0);
    sim.wire().room = 0;
    let _ = sim.send(&"x".repeat(900));
    sim.advance(20_000);
    for _ in 0..5 {
        sim.advance(9_000);
        sim.wire().room = 10;
        sim.turn();
        sim.advance(1_000);
        assert_eq!(sim.events(), ["connected"]);
    }
    sim.advance(9_999);
    assert_eq!(sim.events(), ["connected"]);
    sim.advance(1);
    assert_eq!(sim.events().len(), 2, "without progress the peer is lost");
}

#[test]
fn acknowledged_bytes_before_the_ping_extend_the_deadline() {
    let mut sim = Simulation::new();
    sim.open_with(with_timeout);
    let _ = sim.send(&"x".repeat(900));
    sim.wire().unacked_bytes = Some(908);
    sim.advance(20_000);
    let ping = 10;
    assert_eq!(pings(&sim), 1);
    sim.wire().unacked_bytes = Some(500 + ping);
    sim.advance(10_000);
    sim.wire().unacked_bytes = Some(0);
    sim.advance(10_000);
    assert_eq!(sim.events(), ["connected"], "the peer has now received the ping and can answer it");
    sim.advance(9_999);
    assert_eq!(sim.events(), ["connected"]);
    sim.advance(1);
    assert_eq!(sim.events().len(), 2);
}

#[test]
fn a_backlog_without_progress_does_not_extend_the_deadline() {
    for unacked_bytes in [None, Some(908)] {
        let mut sim = Simulation::new();
        sim.open_with(with_timeout);
        let _ = sim.send(&"x".repeat(900));
        sim.wire().unacked_bytes = unacked_bytes;
        sim.wire().room = 0;
        sim.advance(29_999);
        assert_eq!(sim.events(), ["connected"]);
        sim.advance(1);
        assert!(sim.events()[1].starts_with("closed Timeout in Open"), "{:?}", sim.events());
    }
}

// Closing.

#[test]
fn no_ping_is_sent_while_closing() {
    let mut sim = Simulation::new();
    sim.open_with(|config| {
        with_timeout(config);
        config.limits.close = Some(Duration::from_secs(100));
    });
    sim.close(b"\x03\xe8");
    sim.advance(99_000);
    sim.ping();
    sim.probe();
    sim.sleep(500);
    assert_eq!(sim.written(), ["close [3, e8]"]);
    sim.advance(500);
    assert_eq!(sim.events(), ["connected", "closed Timeout in Closing by Transport, got 1006, sent 1000"]);
}

#[test]
fn an_unanswered_ping_does_not_end_a_closing_handshake() {
    let scenario = |sim: &mut Simulation| {
        sim.open_with(|config| {
            with_timeout(config);
            config.limits.close = Some(Duration::from_secs(100));
        });
        sim.advance(25_000);
        sim.close(b"\x03\xe8");
        sim.advance(50_000);
        sim.server_sends(&frame(CLOSE, b"\x03\xe8"));
        sim.end_stream();
    };
    run_scenario(scenario, &["connected", "closed OK in Closing by Local, got 1000, sent 1000"]);
}

#[test]
fn no_ping_follows_a_close_frame_that_the_engine_does_not_know_yet() {
    let mut sim = Simulation::new();
    sim.open_with(with_timeout);
    assert!(sim.send_queue().close_by_host(b"\x03\xe8"));
    sim.flush(); // for an earlier message
    sim.ping();
    sim.probe();
    sim.advance(20_000);
    assert_eq!(sim.written(), ["close [3, e8]"]);
}

// The process did not run for some time.

#[test]
fn after_a_sleep_a_pending_ping_is_repeated_once() {
    let scenario = |sim: &mut Simulation| {
        sim.open_with(with_timeout);
        sim.advance(20_000);
        sim.sleep(60_000);
        assert!(sim.injects_failure() || (pings(sim), sim.events().len()) == (2, 1), "the connection must not end yet");
        sim.advance(9_999);
        assert!(sim.injects_failure() || sim.events() == ["connected"]);
        sim.advance(1);
    };
    run_scenario(scenario, &["connected", TIMED_OUT]);
    let twice = |sim: &mut Simulation| {
        sim.open_with(with_timeout);
        sim.advance(20_000);
        sim.sleep(60_000);
        sim.sleep(60_000);
    };
    run_scenario(twice, &["connected", TIMED_OUT]);
}

#[test]
fn received_bytes_allow_another_repetition_after_the_next_sleep() {
    let scenario = |sim: &mut Simulation| {
        sim.open_with(with_timeout);
        for _ in 0..3 {
            sim.advance(20_000);
            sim.sleep(60_000);
            sim.server_sends(&frame(TEXT, b"."));
        }
        assert!(sim.injects_failure() || sim.events().len() == 4);
        sim.end_stream();
    };
    run_scenario(scenario, &["connected", "text .", "text .", "text .", LOST]);
}

#[test]
fn a_ping_that_became_due_in_a_sleep_is_sent_after_it() {
    let mut sim = Simulation::new();
    sim.open_with(with_timeout);
    sim.advance(5_000);
    sim.sleep(60_000);
    assert_eq!(pings(&sim), 1);
    sim.advance(9_999);
    assert_eq!(sim.events(), ["connected"]);
    sim.advance(1);
    assert_eq!(sim.events(), ["connected", TIMED_OUT]);
}

// Probes.

#[test]
fn a_probe_has_a_shorter_deadline() {
    let scenario = |sim: &mut Simulation| {
        sim.open_with(with_timeout);
        sim.advance(10_000);
        sim.probe();
        assert_eq!(pings(sim), 1);
        sim.advance(2_999);
        assert_eq!(sim.events(), ["connected"]);
        sim.advance(1);
    };
    run_unbroken(scenario, &["connected", TIMED_OUT]);
}

#[test]
fn a_probe_sends_another_ping_and_does_not_extend_the_deadline() {
    for (pinged_before, ends_after) in [(2_000, 3_000), (7_500, 2_500)] {
        let mut sim = Simulation::new();
        sim.open_with(with_timeout);
        sim.advance(20_000 + pinged_before);
        sim.probe();
        assert_eq!(pings(&sim), 2);
        sim.advance(ends_after - 1);
        assert_eq!(sim.events(), ["connected"]);
        sim.advance(1);
        assert_eq!(sim.events(), ["connected", TIMED_OUT]);
    }
}

#[test]
fn an_answered_probe_leaves_the_interval_unchanged() {
    for (options, interval) in [(with_timeout as fn(&mut ConnectConfig), seconds(20)), (without_interval, None)] {
        let mut sim = Simulation::new();
        sim.open_with(options);
        sim.probe();
        sim.advance(2_999);
        sim.server_sends(&[0x8a]); // one byte is enough
        assert_eq!(sim.time_left(), interval);
        sim.advance(10_000);
        assert_eq!(sim.events(), ["connected"]);
    }
}
