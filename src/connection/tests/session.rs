//! Open connections: messages, pings, the closing handshake, violations.

use super::scenario::run_scenario;
use super::simulation::{Simulation, frame};
use super::{CLOSE, PING, TEXT, as_strs};
use crate::error::Error;

#[test]
fn opens_exchanges_messages_and_closes() {
    run_scenario(
        |sim| {
            sim.begin("ws://example.com:7000/chat");
            assert_eq!(sim.looked_up(), ["example.com V6", "example.com V4"]);
            assert_eq!(sim.send("early"), Err(Error::NotOpen));
            sim.resolved(&["10.0.0.1"]);
            sim.connect_result(Ok(()));
            let answer = sim.answer();
            sim.server_sends(answer.as_bytes());
            sim.report_open();
            let _ = sim.send("hello");
            sim.server_sends(&frame(TEXT, b"hello yourself"));
            sim.close(b"\x03\xe8bye");
            assert_eq!(sim.send("late"), Err(Error::NotOpen));
            sim.server_sends(&frame(TEXT, b"one more"));
            sim.server_sends(&frame(CLOSE, b"\x03\xe8"));
            sim.end_stream();
        },
        &["connected", "text hello yourself", "text one more", "closed OK in Closing by Local, got 1000, sent 1000"],
    );
}

#[test]
fn accepted_messages_are_written_before_the_close_frame() {
    let scenario = |sim: &mut Simulation| {
        sim.open();
        sim.wire().room = 0;
        let _ = sim.send("one");
        let _ = sim.send("two");
        sim.close(b"\x03\xe8");
        sim.wire().room = usize::MAX;
        sim.turn();
        assert!(["text one", "text two", "close [3, e8]"].starts_with(&as_strs(&sim.written())));
        sim.server_sends(&frame(CLOSE, b"\x03\xe8"));
        sim.end_stream();
    };
    run_scenario(scenario, &["connected", "closed OK in Closing by Local, got 1000, sent 1000"]);
}

#[test]
fn the_close_of_the_peer_is_answered_with_its_code_after_accepted_messages() {
    let scenario = |sim: &mut Simulation| {
        sim.open();
        sim.wire().room = 0;
        let _ = sim.send("accepted");
        sim.server_sends(
            &[frame(TEXT, b"last words"), frame(CLOSE, b"\x0f\xa0enough"), frame(TEXT, b"ignored")].concat(),
        );
        sim.wire().room = usize::MAX;
        sim.turn();
        assert!(["text accepted", "close [f, a0]"].starts_with(&as_strs(&sim.written())));
        sim.end_stream();
    };
    run_scenario(
        scenario,
        &["connected", "text last words", "closed OK in Closing by Peer, got 4000, sent 4000, reason enough"],
    );
}

#[test]
fn a_close_without_a_code_is_answered_without_a_code() {
    let scenario = |sim: &mut Simulation| {
        sim.open();
        sim.server_sends(&frame(CLOSE, b""));
        assert!(["close []"].starts_with(&as_strs(&sim.written())));
        sim.end_stream();
    };
    run_scenario(scenario, &["connected", "closed OK in Closing by Peer, got 1005, sent 1005"]);
}

#[test]
fn the_stream_ends_soon_after_the_closing_handshake() {
    let scenario = |sim: &mut Simulation| {
        sim.open();
        sim.close(b"\x03\xe8");
        sim.server_sends(&frame(CLOSE, b"\x03\xe8"));
        sim.advance(999);
        assert!(sim.injects_failure() || sim.events().len() == 1, "too early");
        sim.advance(1);
    };
    run_scenario(scenario, &["connected", "closed OK in Closing by Local, got 1000, sent 1000"]);
}

#[test]
fn a_full_queue_stops_decoding_between_two_messages() {
    let scenario = |sim: &mut Simulation| {
        sim.open();
        sim.set_full_after(3);
        sim.server_sends(&[frame(TEXT, b"1"), frame(TEXT, b"2"), frame(TEXT, b"3"), frame(TEXT, b"4")].concat());
        assert!(sim.events().len() <= 3, "the rest waits: {:?}", sim.events());
        sim.server_sends(&[frame(TEXT, b"5"), frame(CLOSE, b"\x03\xe8")].concat());
        sim.end_stream();
        assert!(sim.events().len() <= 3 || sim.injects_failure());
        sim.set_full(false);
    };
    run_scenario(
        scenario,
        &[
            "connected",
            "text 1",
            "text 2",
            "text 3",
            "text 4",
            "text 5",
            "closed OK in Closing by Peer, got 1000, sent 1000",
        ],
    );
}

#[test]
fn a_closing_handshake_has_a_deadline() {
    let scenario = |sim: &mut Simulation| {
        sim.open();
        let _ = sim.send("hello");
        sim.close(b"\x03\xe8");
        sim.advance(2000);
    };
    run_scenario(scenario, &["connected", "closed Timeout in Closing by Transport, got 1006, sent 1000"]);
}

#[test]
fn unwritten_messages_are_counted() {
    let scenario = |sim: &mut Simulation| {
        sim.open();
        sim.wire().room = 9 + 7; // one message, and most of the next
        let _ = sim.send("one");
        let _ = sim.send("two");
        let _ = sim.send("three");
        sim.close(b"\x03\xe8");
        sim.advance(3000);
    };
    run_scenario(
        scenario,
        &["connected", "closed Timeout in Flush by Transport, got 1006, sent 0, unsent 2 of 8 bytes"],
    );
}

#[test]
fn a_stream_that_ends_without_a_close_frame_is_lost() {
    let scenario = |sim: &mut Simulation| {
        sim.open();
        sim.server_sends(&frame(TEXT, b"whole"));
        sim.server_sends(&frame(TEXT, b"cut off")[..5]);
        sim.end_stream();
    };
    run_scenario(
        scenario,
        &["connected", "text whole", "closed ConnectionLost in Open by Transport, got 1006, sent 0"],
    );
}

#[test]
fn a_violation_sends_its_close_code_and_ends_the_connection() {
    for (bytes, error, code) in [
        (frame(0xc1, b"reserved bit"), "Protocol", 1002),
        (frame(TEXT, b"\xff"), "InvalidUtf8", 1007),
        (frame(0x82, &[0; 1001]), "MessageTooBig", 1009),
        (frame(CLOSE, b"\x03\xed"), "Protocol", 1002),
    ] {
        let scenario = |sim: &mut Simulation| {
            sim.open();
            sim.server_sends(&[frame(TEXT, b"before"), bytes.clone(), frame(TEXT, b"after")].concat());
            let close = format!("close {:x?}", u16::to_be_bytes(code));
            assert!([close.as_str()].starts_with(&as_strs(&sim.written())));
            sim.end_stream();
        };
        let closed = format!("closed {error} in Open by Local, got 1006, sent {code}");
        run_scenario(scenario, &["connected", "text before", &closed]);
    }
}

#[test]
fn a_host_can_answer_messages_before_a_violation() {
    let scenario = |sim: &mut Simulation| {
        sim.open();
        sim.set_undispatched(true);
        sim.server_sends(&[frame(TEXT, b"question"), frame(0x83, b"")].concat());
        assert!(sim.written().is_empty(), "the host has not seen the question yet");
        let _ = sim.send("answer");
        sim.set_undispatched(false);
        assert!(["text answer", "close [3, ea]"].starts_with(&as_strs(&sim.written())));
        sim.end_stream();
    };
    run_scenario(scenario, &["connected", "text question", "closed Protocol in Open by Local, got 1006, sent 1002"]);
}

#[test]
fn the_close_code_of_a_violation_is_sent_though_the_host_does_not_poll() {
    let scenario = |sim: &mut Simulation| {
        sim.open();
        sim.set_undispatched(true);
        sim.server_sends(&frame(0x83, b""));
        sim.advance(1999);
        assert!(sim.written().is_empty());
        sim.advance(1);
        assert!(["close [3, ea]"].starts_with(&as_strs(&sim.written())));
        sim.advance(1000);
    };
    run_scenario(scenario, &["connected", "closed Protocol in Open by Local, got 1006, sent 1002"]);
}

#[test]
fn after_a_violation_the_connection_has_a_deadline() {
    let scenario = |sim: &mut Simulation| {
        sim.open();
        sim.server_sends(&frame(0x83, b""));
        for _ in 0..10 {
            sim.server_sends(&[0x55; 100]);
            sim.advance(99);
        }
        sim.advance(10);
    };
    run_scenario(scenario, &["connected", "closed Protocol in Open by Local, got 1006, sent 1002"]);
}

#[test]
fn no_second_close_frame_follows_the_first() {
    let scenario = |sim: &mut Simulation| {
        sim.open();
        sim.close(b"\x03\xe8");
        sim.server_sends(&frame(0x83, b""));
        assert!(["close [3, e8]"].starts_with(&as_strs(&sim.written())));
        sim.end_stream();
    };
    run_scenario(scenario, &["connected", "closed Protocol in Closing by Local, got 1006, sent 1000"]);
}

#[test]
fn pings_are_answered_in_order_and_a_flood_of_them_is_bounded() {
    let scenario = |sim: &mut Simulation| {
        sim.open();
        sim.server_sends(&[frame(PING, b"1"), frame(PING, b"2")].concat());
        assert!(["pong 1", "pong 2"].starts_with(&as_strs(&sim.written())));
        sim.wire().room = 0;
        for _ in 0..100 {
            sim.server_sends(&frame(PING, &[b'x'; 125]));
        }
        sim.server_sends(&frame(PING, b"last"));
        sim.wire().room = usize::MAX;
        sim.turn();
        let written = sim.written();
        if written.len() > 2 {
            assert!(written.len() < 80, "only the last pings are answered");
        }
        sim.end_stream();
    };
    run_scenario(scenario, &["connected", "closed ConnectionLost in Open by Transport, got 1006, sent 0"]);
}

#[test]
fn bytes_after_the_response_head_are_the_first_frames() {
    let scenario = |sim: &mut Simulation| {
        sim.begin("ws://10.0.0.1/");
        sim.connect_result(Ok(()));
        let answer = sim.answer();
        sim.server_sends(&[answer.as_bytes(), &frame(TEXT, b"quick"), &frame(CLOSE, b"\x03\xe8")].concat());
        sim.end_stream();
    };
    run_scenario(scenario, &["connected", "text quick", "closed OK in Closing by Peer, got 1000, sent 1000"]);
}

/// Large messages are read directly to their place, together with the bytes that follow.
#[test]
fn large_messages_and_frames_between_them_are_received_in_order() {
    let large = |byte: u8| frame(0x82, &vec![byte; 40_000]);
    let fragments = || [frame(0x01, &[b'x'; 30_000]), frame(PING, b"?"), frame(0x80, &[b'y'; 20_000])].concat();
    let stream =
        [large(1), large(2), frame(TEXT, b"small"), large(3), fragments(), large(4), frame(CLOSE, b"\x03\xe8")]
            .concat();
    let text = format!("text {}{}", "x".repeat(30_000), "y".repeat(20_000));
    let binary = "binary of 40000";
    let end = "closed OK in Closing by Peer, got 1000, sent 1000";
    // The stream is sent at once, and cut at different places. In each case, it is also tested with a full queue.
    for cut in [stream.len(), 39_999, 40_004, 17_001, 4_099, 997] {
        for is_full in [false, true] {
            let mut sim = Simulation::new();
            sim.open_with(|config| config.limits.max_message = 131_072);
            for piece in stream.chunks(cut) {
                sim.server_sends(piece);
                if is_full {
                    sim.set_full(true);
                    sim.turn();
                    sim.set_full(false);
                }
                sim.turn();
            }
            sim.end_stream();
            assert_eq!(sim.events(), ["connected", binary, binary, "text small", binary, &text, binary, end], "{cut}");
            assert_eq!(sim.written(), ["pong ?", "close [3, e8]"]);
        }
    }
}

/// So its payload goes to its place without a copy.
#[test]
fn after_a_large_message_only_the_header_of_the_next_one_is_read() {
    let mut sim = Simulation::new();
    sim.use_engine_buffer();
    sim.open_with(|config| config.limits.max_message = 131_072);
    // Returns the size of the read that follows.
    let mut asked_after = |bytes: &[u8]| {
        sim.server_sends(bytes);
        sim.turn();
        sim.wire().asked
    };
    let (small, large) = (frame(0x82, &[1; 100]), frame(0x82, &[1; 60_000]));
    assert_eq!(asked_after(&small), 65_536);
    // The first message comes in two pieces.
    assert_eq!(asked_after(&large[..5000]), 65_536);
    assert_eq!(asked_after(&large[5000..]), 4096);
    assert_eq!(asked_after(&large), 4096);
    assert_eq!(asked_after(&large), 4096);
    assert_eq!(asked_after(&small), 65_536);
}

#[test]
fn a_large_text_is_refused_at_its_first_invalid_byte() {
    let mut text = vec![b'x'; 40_000];
    text[30_000] = 0xff;
    let mut sim = Simulation::new();
    sim.open_with(|config| config.limits.max_message = 131_072);
    sim.server_sends(&frame(TEXT, &text)[..35_000]);
    sim.advance(10);
    assert_eq!(sim.written(), ["close [3, ef]"]);
}

#[test]
fn a_full_queue_stops_reading_and_loses_nothing() {
    let scenario = |sim: &mut Simulation| {
        sim.open();
        sim.set_full(true);
        sim.server_sends(&[frame(TEXT, b"1"), frame(TEXT, b"2"), frame(CLOSE, b"\x03\xe8")].concat());
        sim.end_stream();
        assert!(sim.events().len() <= 1 || sim.events()[1].starts_with("closed"), "no message is read");
        sim.set_full(false);
    };
    run_scenario(scenario, &["connected", "text 1", "text 2", "closed OK in Closing by Peer, got 1000, sent 1000"]);
}

/// This includes bytes that arrived before the end and were not read yet, because the TLS of the host works on another thread.
#[test]
fn all_bytes_of_the_peer_are_read_before_a_failed_write_ends_the_connection() {
    for is_busy in [false, true] {
        let mut sim = Simulation::new();
        sim.open();
        sim.wire().to_client.extend(frame(TEXT, b"the last words"));
        (sim.wire().is_broken, sim.wire().is_busy) = (true, is_busy);
        let _ = sim.send("into the void");
        if is_busy {
            sim.turn();
            assert_eq!(as_strs(&sim.events()), ["connected"], "it waits");
            sim.wire().is_busy = false;
            sim.turn();
        }
        let events = sim.events();
        assert_eq!(as_strs(&events)[..2], ["connected", "text the last words"], "{events:?}");
        assert!(events.len() == 3 && events[2].starts_with("closed ConnectionLost"), "{events:?}");
    }
}
