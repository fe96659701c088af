//! Closing handshakes that fail. The initiator is the side that closed first, if the Close frame of the peer was received.

use super::CLOSE;
use super::simulation::{Simulation, frame};

type Failure = fn(&mut Simulation);

/// Failures of the closing handshake. They happen before our Close frame is written, because our bytes are stuck, or after it.
const FAILURES: [(&str, Failure); 5] = [
    ("an end of the stream", Simulation::end_stream),
    ("a reset", Simulation::reset),
    ("a time-out", |sim| sim.advance(3000)),
    ("a free of the socket, and a time-out", |sim| {
        sim.free();
        sim.advance(2000);
    }),
    ("a close of the host, and a reset", |sim| {
        sim.close(b"\x03\xe8");
        sim.reset();
    }),
];

#[test]
fn the_first_close_frame_decides_the_initiator() {
    let kick = frame(CLOSE, b"\x0f\xa1kicked");
    for stuck in [true, false] {
        for (what, fail) in FAILURES {
            for (first, by) in [("peer", "Peer"), ("host", "Local"), ("suspend", "Local")] {
                let mut sim = Simulation::new();
                sim.open();
                if stuck {
                    sim.wire().room = 3;
                    sim.send("stuck").unwrap();
                }
                match first {
                    "host" => sim.close(b"\x03\xe8"),
                    "suspend" => sim.suspend(),
                    _ => {}
                }
                sim.server_sends(&kick);
                fail(&mut sim);
                // The close is clean if the closing handshake was complete before the failure.
                sim.advance(3000);
                let events = sim.events();
                let end = events.last().unwrap();
                let context = format!("{first} first, {what}, stuck: {stuck}: {events:?}");
                assert!(events.len() == 2 && end.starts_with("closed "), "{context}");
                assert_eq!(end.starts_with("closed OK "), !stuck, "{context}");
                let phase = if stuck { "Flush" } else { "Closing" };
                assert!(end.contains(&format!(" in {phase} by {by}, got 4001, ")), "{context}");
                assert!(end.contains(", reason kicked"), "{context}");
            }
        }
    }
}

/// An incomplete Close frame does not count as received.
#[test]
fn incomplete_close_frames_do_not_count() {
    let kick = frame(CLOSE, b"\x0f\xa1kicked");
    for cut in 1..kick.len() {
        for (what, fail) in &FAILURES[..2] {
            let mut sim = Simulation::new();
            sim.open();
            sim.server_sends(&kick[..cut]);
            fail(&mut sim);
            let end = "closed ConnectionLost in Open by Transport, got 1006, sent 0";
            assert_eq!(sim.events()[1], end, "{what} after {cut} bytes");
        }
    }
}

/// The budget of a turn may end the writing before the queue is empty. In this case only another turn continues it.
#[test]
fn a_long_queue_is_written_after_the_peer_has_closed_and_ended_its_side() {
    let mut sim = Simulation::new();
    sim.open();
    sim.wire().room = 0;
    let message = "x".repeat(60);
    sim.send(&message).unwrap();
    sim.server_sends(&frame(CLOSE, b"\x03\xe8"));
    sim.end_stream();
    assert_eq!(sim.events().len(), 1);
    sim.wire().room = usize::MAX;
    sim.limit_reads(1); // causes many small writes
    sim.turn();
    assert_eq!(sim.events()[1], "closed OK in Closing by Peer, got 1000, sent 1000");
    assert!(sim.wire().from_client.len() > message.len());
}

/// The host closes before `on_connect`, and the engine writes the Close frame and reads the answer before it takes the request.
#[test]
fn an_answer_before_the_request_to_close_is_taken_is_an_abort() {
    let mut sim = Simulation::new();
    sim.open_unreported();
    assert!(sim.send_queue().close_by_host(b"\x03\xe8"));
    sim.flush();
    assert_eq!(sim.written(), ["close [3, e8]"]);
    sim.server_sends(&frame(CLOSE, b"\x03\xe8"));
    sim.end_stream();
    assert_eq!(sim.events(), ["connected", "closed Aborted in Handshake by Local, got 1000, sent 1000"]);
}

/// The server closes, and the host closes before `on_connect`: the code and the reason of the server are reported.
#[test]
fn a_close_of_the_server_before_on_connect_is_reported() {
    for is_taken in [true, false] {
        let mut sim = Simulation::new();
        sim.open_unreported();
        sim.wire().to_client.extend(frame(CLOSE, b"\x0f\xa1kicked"));
        if is_taken {
            sim.turn();
            sim.close(b"\x03\xe8");
        } else {
            sim.turn();
            let _ = sim.send_queue().close_by_host(b"\x03\xe8"); // the answer to the server is queued already
        }
        sim.end_stream();
        let closed = "closed OK in Closing by Peer, got 4001, sent 4001, reason kicked";
        assert_eq!(sim.events(), ["connected", closed], "{is_taken}");
    }
}
