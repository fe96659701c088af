//! The trace of frames: every kind of frame in both directions, and its place among the other events.

use super::scenario::{run_scenario, run_unbroken};
use super::simulation::{Simulation, frame};
use super::{CLOSE, PING, TEXT};
use crate::config::HeartbeatOptions;
use std::time::Duration;

const PONG: u8 = 0x8a;
const CLEAN: &str = "closed OK in Closing by Local, got 1000, sent 1000";

fn open(sim: &mut Simulation) {
    sim.trace_frames();
    sim.open();
}

#[test]
fn a_received_frame_comes_before_the_message_that_it_completes() {
    let scenario = |sim: &mut Simulation| {
        open(sim);
        sim.server_sends(&[frame(TEXT, b"hi"), frame(0x82, &[0; 200]), frame(0x01, b"one, ")].concat());
        sim.server_sends(&frame(PING, b"ping"));
        sim.server_sends(&[frame(0x00, b""), frame(0x80, b"two"), frame(PONG, b"late"), frame(0x82, b"")].concat());
        sim.server_sends(&frame(CLOSE, b"\x03\xe8why"));
        sim.end_stream();
    };
    run_scenario(
        scenario,
        &[
            "connected",
            "Received 1 of 2",
            "text hi",
            "Received 2 of 200",
            "binary of 200",
            "Received 1 of 5, more",
            "Received 9 of 4",
            "Sent 10 of 4",
            "Received 0 of 0, more",
            "Received 0 of 3",
            "text one, two",
            "Received 10 of 4",
            "Received 2 of 0",
            "binary of 0",
            "Received 8 of 5",
            "Sent 8 of 2",
            "closed OK in Closing by Peer, got 1000, sent 1000, reason why",
        ],
    );
}

#[test]
fn each_sent_frame_is_reported() {
    let scenario = |sim: &mut Simulation| {
        open(sim);
        let _ = sim.send("hello");
        let _ = sim.send("");
        let _ = sim.send(&"x".repeat(500));
        sim.ping_with(b"mine");
        sim.server_sends(&frame(PING, b"yours"));
        sim.close(b"\x03\xe8");
        sim.server_sends(&frame(CLOSE, b"\x03\xe8"));
        sim.end_stream();
    };
    let sent = [
        "Sent 1 of 5",
        "Sent 1 of 0",
        "Sent 1 of 500",
        "Sent 9 of 4",
        "Received 9 of 5",
        "Sent 10 of 5",
        "Sent 8 of 2",
    ];
    run_scenario(scenario, &[&["connected"], &sent[..], &["Received 8 of 2", CLEAN]].concat());
}

#[test]
fn pings_of_the_heartbeat_are_traced() {
    let scenario = |sim: &mut Simulation| {
        sim.trace_frames();
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        sim.open_with(|config| {
            config.heartbeat = HeartbeatOptions { interval: seconds(20), timeout: seconds(10), probe: seconds(3) };
        });
        sim.advance(20_000);
        sim.server_sends(&frame(PONG, &[0, 0, 0, 1]));
        sim.end_stream();
    };
    let lost = "closed ConnectionLost in Open by Transport, got 1006, sent 0";
    run_unbroken(scenario, &["connected", "Sent 9 of 4", "Received 10 of 4", lost]);
}

/// A frame counts as sent when the system has taken its last byte.
#[test]
fn a_partly_written_frame_is_not_reported() {
    let mut sim = Simulation::new();
    open(&mut sim);
    sim.wire().room = 6 + 5 + 6 + 4;
    sim.send("first").unwrap();
    sim.send("second").unwrap();
    sim.send("third").unwrap();
    assert_eq!(sim.events(), ["connected", "Sent 1 of 5"]);
    sim.wire().room = 2;
    sim.flush();
    assert_eq!(sim.events()[2..], ["Sent 1 of 6"]);
    sim.wire().room = usize::MAX;
    sim.flush();
    assert_eq!(sim.events()[3..], ["Sent 1 of 5"]);
}

/// If a frame violates the protocol and its header is complete, it is reported before the end. No later frame is reported.
#[test]
fn the_frame_that_breaks_a_rule_is_reported() {
    let masked = [0x81, 0x85, 1, 2, 3, 4, 0, 0, 0, 0, 0];
    for (bytes, events) in [
        (&[0x83, 3, 1, 2, 3, 0x81, 0][..], &["Received 3 of 3"][..]),
        (&[0xff, 1, 1, 0x81, 0], &["Received 15 of 1, compressed"]),
        (&[0xc1, 1, 1], &["Received 1 of 1, compressed"]),
        (&[0x09, 0], &["Received 9 of 0, more"]),
        (&masked, &["Received 1 of 5"]),
        (&[0x89, 126, 0, 126], &["Received 9 of 126"]),
        (&[0x81, 127, 0xff, 0, 0, 0, 0, 0, 0, 0], &["Received 1 of 18374686479671623680"]),
        (&[0x80, 0, 0x81, 0], &["Received 0 of 0"]),
        (&[0x01, 0, 0x81, 0, 0x89, 0], &["Received 1 of 0, more", "Received 1 of 0"]),
        (&[0x81, 1, 0xff, 0x89, 0], &["Received 1 of 1"]),
        (&[0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0, 0x81, 0], &["Received 1 of 65536"]),
        (&[0x88, 1, 0, 0x81, 0], &["Received 8 of 1"]),
    ] {
        for cut in [usize::MAX, 1] {
            let mut sim = Simulation::with_faults(cut, None);
            open(&mut sim);
            sim.server_sends(bytes);
            let found = sim.events();
            let found = found.iter().filter(|event| event.starts_with("Received"));
            // If the bytes are read one by one, an error may be known before the header is complete.
            let is_prefix = cut == 1 && found.clone().count() < events.len();
            assert!(is_prefix || found.eq(events.iter()), "{bytes:x?}, {cut}: {:?}", sim.events());
        }
    }
}

/// The payload of a large message goes to its place without the decoder.
#[test]
fn large_messages_are_traced() {
    for size in [40_000, 70_000] {
        let scenario = |sim: &mut Simulation| {
            sim.trace_frames();
            sim.open_with(|config| config.limits.max_message = 100_000);
            let mut bytes = vec![0x82, 127];
            bytes.extend((size as u64).to_be_bytes());
            if size < 65_536 {
                bytes = vec![0x82, 126];
                bytes.extend((size as u16).to_be_bytes());
            }
            bytes.resize(bytes.len() + size, b'x');
            bytes.extend(frame(PING, b"?"));
            sim.server_sends(&bytes);
            sim.end_stream();
        };
        let (received, message) = (format!("Received 2 of {size}"), format!("binary of {size}"));
        let lost = "closed ConnectionLost in Open by Transport, got 1006, sent 0";
        let expected = ["connected", &received, &message, "Received 9 of 1", "Sent 10 of 1", lost];
        run_unbroken(scenario, &expected);
    }
}

/// The host does not poll, so no more frames are decoded, of any kind.
#[test]
fn a_full_receive_queue_stops_the_frames_of_the_server() {
    for bytes in
        [&frame(PING, b"")[..], &frame(PONG, b""), &frame(TEXT, b""), &[0x01, 0, 0x80, 0], &frame(PING, &[7; 125])]
    {
        let mut sim = Simulation::new();
        open(&mut sim);
        sim.set_full_after(10);
        sim.server_sends(&bytes.repeat(500));
        let received = |sim: &Simulation| sim.events().iter().filter(|event| event.starts_with("Received")).count();
        assert!(received(&sim) <= 10, "{bytes:x?}: {}", received(&sim));
        sim.set_full(false);
        assert!(received(&sim) >= 400, "{bytes:x?}: {:?}", sim.events().last());
    }
}

#[test]
fn the_next_connection_is_traced_from_its_beginning() {
    let mut sim = Simulation::new();
    sim.trace_frames();
    sim.open_with(|config| config.retry = Some(super::retrying::RETRY));
    sim.wire().room = 8;
    sim.send("half of it").unwrap();
    sim.server_sends(&[0x81, 100, b'x']);
    sim.end_stream();
    sim.expire();
    sim.accept();
    sim.report_open();
    sim.send("next").unwrap();
    sim.server_sends(&frame(TEXT, b"yes"));
    let events = sim.events();
    let lost = events[2].as_str();
    assert!(lost.starts_with("lost ConnectionLost"), "{lost}");
    let expected =
        ["connected", "Received 1 of 100", lost, "trying", "connected", "Sent 1 of 4", "Received 1 of 3", "text yes"];
    assert_eq!(events, expected);
}

#[test]
fn without_a_trace_no_frame_is_reported() {
    let mut sim = Simulation::new();
    sim.open();
    sim.send("hello").unwrap();
    sim.server_sends(&[frame(TEXT, b"hi"), frame(PING, b"")].concat());
    assert_eq!(sim.events(), ["connected", "text hi"]);
}
