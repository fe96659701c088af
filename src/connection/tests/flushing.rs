//! The flush before our Close frame, and the closing handshake: which deadline ends each of them, and the content of the report.

use super::simulation::{Simulation, frame};
use super::{CLOSE, PING};
use std::time::Duration;

/// The deadlines of the simulation.
const FLUSH: u64 = 3000;
const CLOSING: u64 = 2000;
/// This many written bytes count as progress.
const PROGRESS: usize = 4096;
const CLOSE_1000: &[u8] = b"\x03\xe8";

/// Returns a connection whose network takes no bytes. Its queue has this number of messages of 1000 bytes, each a frame of 1008.
fn stuck_with(messages: usize) -> Simulation {
    let mut sim = Simulation::new();
    sim.set_send_buffer(1 << 20);
    sim.open();
    sim.wire().room = 0;
    for _ in 0..messages {
        sim.send(&"x".repeat(1000)).unwrap();
    }
    sim
}

/// Lets the network take this many more bytes.
fn take(sim: &mut Simulation, bytes: usize) {
    sim.wire().room = bytes;
    sim.turn();
}

fn last(sim: &Simulation) -> String {
    sim.events().last().cloned().unwrap_or_default()
}

/// An upload takes much longer than both deadlines, because the network takes 4 KiB shortly before each deadline.
#[test]
fn an_upload_that_makes_progress_is_not_cut() {
    let mut sim = stuck_with(150);
    sim.close(CLOSE_1000);
    for _ in 0..150 * 1008 / PROGRESS {
        sim.advance(FLUSH - 1);
        take(&mut sim, PROGRESS);
        assert_eq!(sim.events(), ["connected"]);
    }
    sim.advance(FLUSH - 1);
    take(&mut sim, usize::MAX);
    // The time of the closing handshake begins when our Close frame is written.
    sim.advance(CLOSING - 1);
    sim.server_sends(&frame(CLOSE, CLOSE_1000));
    sim.end_stream();
    assert_eq!(last(&sim), "closed OK in Closing by Local, got 1000, sent 1000");
}

#[test]
fn a_flush_ends_when_its_time_has_passed_since_the_last_progress() {
    let mut sim = stuck_with(10);
    sim.close(CLOSE_1000);
    sim.advance(FLUSH - 1);
    take(&mut sim, PROGRESS);
    sim.advance(FLUSH - 1);
    take(&mut sim, PROGRESS - 1); // not enough for progress
    sim.advance(0);
    assert_eq!(sim.events(), ["connected"]);
    sim.advance(1);
    assert_eq!(last(&sim), "closed Timeout in Flush by Transport, got 1006, sent 0, unsent 2 of 2000 bytes");
    assert!(sim.close_message().contains("flush_timeout_ms (3000)"), "{}", sim.close_message());
}

#[test]
fn a_peer_that_takes_one_byte_at_a_time_does_not_prolong_a_flush() {
    let mut sim = stuck_with(10);
    sim.close(CLOSE_1000);
    for _ in 0..FLUSH {
        take(&mut sim, 1);
        sim.advance(1);
    }
    assert_eq!(last(&sim), "closed Timeout in Flush by Transport, got 1006, sent 0, unsent 8 of 8000 bytes");
}

/// Pongs are written between the messages, and do not count as their progress.
#[test]
fn pongs_are_no_progress() {
    let mut sim = stuck_with(10);
    sim.close(CLOSE_1000);
    for _ in 0..FLUSH / 100 {
        sim.wire().room = 130;
        sim.server_sends(&frame(PING, &[b'p'; 125]));
        sim.advance(100);
    }
    assert!(last(&sim).starts_with("closed Timeout in Flush by Transport"), "{:?}", sim.events());
}

/// The system reports only when much of its buffer is free that it takes bytes. So at the deadline, the connection tries to
/// write.
#[test]
fn bytes_that_the_network_takes_at_the_deadline_are_progress() {
    let mut sim = stuck_with(10);
    sim.close(CLOSE_1000);
    sim.wire().room = PROGRESS; // but readiness is not reported
    sim.advance(2 * FLUSH - 1);
    assert_eq!(sim.events(), ["connected"]);
    sim.wire().room = usize::MAX;
    sim.advance(1);
    assert_eq!(sim.written().last().unwrap(), "close [3, e8]");
    sim.advance(CLOSING);
    assert_eq!(last(&sim), "closed Timeout in Closing by Transport, got 1006, sent 1000");
}

#[test]
fn the_closing_handshake_has_its_own_time_from_the_written_close_frame_on() {
    let mut sim = stuck_with(5);
    sim.close(CLOSE_1000);
    sim.advance(FLUSH - 1);
    take(&mut sim, usize::MAX);
    sim.advance(CLOSING - 1);
    assert_eq!(sim.events(), ["connected"]);
    sim.advance(1);
    assert_eq!(last(&sim), "closed Timeout in Closing by Transport, got 1006, sent 1000");
    assert!(sim.close_message().contains("close_timeout_ms (2000)"), "{}", sim.close_message());
}

#[test]
fn a_close_frame_that_cannot_be_written_belongs_to_the_flush() {
    for room in [0, 7] {
        let mut sim = stuck_with(0);
        sim.wire().room = room; // the frame has 8 bytes
        sim.close(CLOSE_1000);
        sim.advance(FLUSH - 1);
        assert_eq!(sim.events(), ["connected"]);
        sim.advance(1);
        assert_eq!(last(&sim), "closed Timeout in Flush by Transport, got 1006, sent 0");
    }
}

/// The side that begins to close.
const CLOSERS: [&str; 5] = ["host", "free", "suspend", "peer", "violation"];

fn begin_to_close(sim: &mut Simulation, who: &str) {
    match who {
        "host" => sim.close(CLOSE_1000),
        "free" => sim.free(),
        "suspend" => sim.suspend(),
        "peer" => sim.server_sends(&frame(CLOSE, b"\x0f\xa1kicked")),
        _ => sim.server_sends(&frame(0xc1, b"reserved bit")),
    }
}

/// The table of the closing sides, the states of the queue, and the reports.
#[test]
fn each_way_to_close_with_each_queue_has_one_report() {
    let unsent = ", unsent 8 of 8000 bytes";
    for who in CLOSERS {
        let (sent, code) = match who {
            "host" => (1000, 1006),
            "peer" => (4001, 4001),
            "violation" => (1002, 1006),
            _ => (1001, 1006),
        };
        let silent =
            |error: &str, phase: &str, sent: u32| format!("{error} in {phase} by Transport, got 1006, sent {sent}");
        for queue in ["empty", "progressing", "stuck"] {
            let written = if queue == "stuck" { 0 } else { sent };
            let phase = if queue == "stuck" { "Flush" } else { "Closing" };
            let mut expected = match (who, queue) {
                ("violation", _) => format!("Protocol in Open by Local, got {code}, sent {written}"),
                ("peer", "stuck") => format!("Timeout in Flush by Peer, got {code}, sent 0, reason kicked"),
                ("peer", _) => format!("OK in Closing by Peer, got {code}, sent {written}, reason kicked"),
                _ => silent("Timeout", phase, written),
            };
            if queue == "stuck" {
                expected += unsent;
            }
            let mut sim = stuck_with(if queue == "empty" { 0 } else { 8 });
            if queue == "empty" {
                sim.wire().room = usize::MAX;
            }
            begin_to_close(&mut sim, who);
            while queue == "progressing" && sim.buffered() > 0 {
                sim.advance(FLUSH - 1);
                assert_eq!(sim.events(), ["connected"], "{who}, {queue}");
                take(&mut sim, PROGRESS);
            }
            // These are the last bytes, if only the Close frame is left.
            if queue == "progressing" {
                take(&mut sim, usize::MAX);
            }
            let limit = if queue == "stuck" { FLUSH } else { CLOSING };
            sim.advance(limit);
            assert_eq!(last(&sim), format!("closed {expected}"), "{who}, {queue}");
        }
    }
}

/// The peer closes while messages wait. The messages are sent as after a close of the host, and the answer follows them.
#[test]
fn messages_are_flushed_after_the_close_frame_of_the_peer() {
    let mut sim = stuck_with(8);
    sim.server_sends(&frame(CLOSE, b"\x0f\xa1kicked"));
    sim.end_stream();
    sim.advance(FLUSH - 1);
    take(&mut sim, PROGRESS);
    sim.advance(FLUSH - 1);
    assert_eq!(sim.events(), ["connected"]);
    take(&mut sim, usize::MAX);
    assert_eq!(last(&sim), "closed OK in Closing by Peer, got 4001, sent 4001, reason kicked");
}

/// The host does not dispatch. The violation waits for the host as long as for a closing handshake. Then the time of the flush
/// begins.
#[test]
fn a_violation_waits_for_the_host_then_for_the_flush() {
    let mut sim = stuck_with(8);
    sim.set_undispatched(true);
    sim.server_sends(&frame(0xc1, b"reserved bit"));
    sim.advance(CLOSING + FLUSH - 1);
    assert_eq!(sim.events(), ["connected"]);
    sim.advance(1);
    assert_eq!(last(&sim), "closed Protocol in Open by Local, got 1006, sent 0, unsent 8 of 8000 bytes");
    // If the host has closed, the violation does not wait for its polls.
    let mut sim = stuck_with(8);
    sim.set_undispatched(true);
    sim.server_sends(&frame(0xc1, b"reserved bit"));
    sim.close(CLOSE_1000);
    sim.advance(FLUSH);
    assert_eq!(last(&sim), "closed Protocol in Open by Local, got 1006, sent 0, unsent 8 of 8000 bytes");
}

/// A violation during the flush, and during the closing handshake, is reported in that phase.
#[test]
fn a_violation_is_reported_in_the_phase_in_which_it_happened() {
    for (room, expected) in [
        (0, "closed Protocol in Flush by Local, got 1006, sent 0, unsent 8 of 8000 bytes"),
        (usize::MAX, "closed Protocol in Closing by Local, got 1006, sent 1000"),
    ] {
        let mut sim = stuck_with(8);
        sim.wire().room = room;
        sim.close(CLOSE_1000);
        sim.server_sends(&frame(0xc1, b"reserved bit"));
        sim.advance(FLUSH);
        assert_eq!(last(&sim), expected);
    }
}

#[test]
fn without_limits_nothing_is_cut() {
    let mut sim = Simulation::new();
    sim.open_with(|config| (config.limits.flush, config.limits.close) = (None, None));
    sim.wire().room = 0;
    sim.send("late").unwrap();
    sim.close(CLOSE_1000);
    assert_eq!(sim.time_left(), None);
    take(&mut sim, usize::MAX);
    assert_eq!(sim.time_left(), None);
    sim.server_sends(&frame(CLOSE, CLOSE_1000));
    assert_eq!(sim.time_left(), Some(Duration::from_secs(1)), "the end of the stream is not awaited without limit");
    sim.advance(1000);
    assert_eq!(last(&sim), "closed OK in Closing by Local, got 1000, sent 1000");
}

/// The messages are flushed as usual. Only the answer to the Close frame is not awaited.
#[test]
fn at_once_ends_the_connection_with_the_written_close_frame() {
    for (who, expected) in [
        ("host", "closed Timeout in Closing by Transport, got 1006, sent 1000"),
        ("peer", "closed OK in Closing by Peer, got 4001, sent 4001, reason kicked"),
        ("violation", "closed Protocol in Open by Local, got 1006, sent 1002"),
    ] {
        let mut sim = Simulation::new();
        sim.open_with(|config| config.limits.close = Some(Duration::ZERO));
        sim.wire().room = 0;
        sim.send("before").unwrap();
        begin_to_close(&mut sim, who);
        sim.advance(FLUSH - 1);
        assert_eq!(sim.events(), ["connected"], "{who}");
        take(&mut sim, usize::MAX);
        sim.advance(0);
        assert_eq!(last(&sim), expected, "{who}");
        assert_eq!(sim.written().len(), 2, "{who}: the message and the Close frame");
        assert!(who != "host" || sim.close_message().contains("EGRET_WS_AT_ONCE"), "{}", sim.close_message());
    }
}

/// Bytes that the network does not take at once are dropped. If the network takes all bytes, nothing is lost.
#[test]
fn a_flush_at_once_drops_what_is_not_taken() {
    for (room, expected) in [
        (0, "closed Timeout in Flush by Transport, got 1006, sent 0, unsent 1 of 5 bytes"),
        (usize::MAX, "closed Timeout in Closing by Transport, got 1006, sent 1000"),
    ] {
        let mut sim = Simulation::new();
        sim.open_with(|config| config.limits.flush = Some(Duration::ZERO));
        sim.wire().room = 0;
        sim.send("first").unwrap();
        sim.wire().room = room;
        sim.close(CLOSE_1000);
        sim.advance(0);
        assert_eq!(sim.events().len(), if room == 0 { 2 } else { 1 });
        sim.advance(CLOSING);
        assert_eq!(last(&sim), expected);
        assert_eq!(sim.close_message().contains("EGRET_WS_AT_ONCE"), room == 0, "{}", sim.close_message());
    }
}

/// The loop is being freed. Its linger time is the only deadline, also of a flush or a closing handshake that began before.
#[test]
fn a_loop_that_is_freed_has_the_only_deadline() {
    for began_before in [false, true] {
        for room in [0, usize::MAX] {
            let mut sim = stuck_with(8);
            sim.wire().room = room;
            if began_before {
                sim.close(CLOSE_1000);
                sim.advance(CLOSING - 1);
            }
            sim.free_with_loop();
            sim.advance(100 * (FLUSH + CLOSING));
            assert_eq!((sim.events(), sim.time_left()), (vec!["connected".to_owned()], None));
            take(&mut sim, usize::MAX);
            sim.server_sends(&frame(CLOSE, CLOSE_1000));
            sim.advance(1000);
            assert!(last(&sim).starts_with("closed OK in Closing by Local"), "{:?}", sim.events());
        }
    }
}

/// A violation does not wait for a host that has freed the loop.
#[test]
fn a_loop_that_is_freed_waits_for_no_dispatch() {
    let mut sim = stuck_with(8);
    sim.set_undispatched(true);
    sim.server_sends(&frame(0xc1, b"reserved bit"));
    sim.free_with_loop();
    take(&mut sim, usize::MAX);
    assert_eq!(sim.written().last().unwrap(), "close [3, e9]");
    sim.advance(1000);
    assert_eq!(last(&sim), "closed Protocol in Open by Local, got 1006, sent 1001");
}
