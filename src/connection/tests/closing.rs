//! The initiator of a connection whose closing handshake failed: the side that closed first, if the peer's Close frame was
//! received.

use super::CLOSE;
use super::lab::{Lab, frame};

type Act = fn(&mut Lab);

/// How the closing handshake fails: while our own bytes are stuck, so that our Close frame is never written, or after it.
const FAILURES: [(&str, Act); 5] = [
    ("an end of the stream", Lab::end_stream),
    ("a reset", Lab::reset),
    ("a time-out", |lab| lab.advance(2000)),
    ("a free of the socket, and a time-out", |lab| {
        lab.free();
        lab.advance(2000);
    }),
    ("a close of the host's, and a reset", |lab| {
        lab.close(b"\x03\xe8");
        lab.reset();
    }),
];

#[test]
fn close_frame_of_the_peer_decides_the_initiator() {
    let kick = frame(CLOSE, b"\x0f\xa1kicked");
    for stuck in [true, false] {
        for (what, fail) in FAILURES {
            for (first, by) in [("peer", "Peer"), ("host", "Local"), ("suspend", "Local")] {
                let mut lab = Lab::whole();
                lab.open();
                if stuck {
                    lab.wire().room = 3;
                    lab.send("stuck").unwrap();
                }
                match first {
                    "host" => lab.close(b"\x03\xe8"),
                    "suspend" => lab.suspend(),
                    _ => {}
                }
                lab.serve(&kick);
                fail(&mut lab);
                // The close is clean if the closing handshake was complete before the failure.
                lab.advance(3000);
                let told = lab.told();
                let end = told.last().unwrap();
                let context = format!("{first} first, {what}, stuck: {stuck}: {told:?}");
                assert!(told.len() == 2 && end.starts_with("closed "), "{context}");
                assert_eq!(end.starts_with("closed OK "), !stuck, "{context}");
                assert!(end.contains(&format!(" in Closing by {by}, got 4001, ")), "{context}");
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
            let mut lab = Lab::whole();
            lab.open();
            lab.serve(&kick[..cut]);
            fail(&mut lab);
            let end = "closed ConnectionLost in Open by Transport, got 1006, sent 0";
            assert_eq!(lab.told()[1], end, "{what} after {cut} bytes");
        }
    }
}

/// The budget of a turn may end the writing before the queue is empty, and nothing but another turn goes on with it.
#[test]
fn a_long_queue_is_written_after_the_peer_has_closed_and_ended_its_side() {
    let mut lab = Lab::whole();
    lab.open();
    lab.wire().room = 0;
    let message = "x".repeat(60);
    lab.send(&message).unwrap();
    lab.serve(&frame(CLOSE, b"\x03\xe8"));
    lab.end_stream();
    assert_eq!(lab.told().len(), 1);
    lab.wire().room = usize::MAX;
    lab.trickle(1); // many small writes
    lab.turn();
    assert_eq!(lab.told()[1], "closed OK in Closing by Peer, got 1000, sent 1000");
    assert!(lab.wire().from_client.len() > message.len());
}
