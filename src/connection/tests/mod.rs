//! The state machine, without a network, in virtual time.

mod budgets;
mod closing;
#[cfg(feature = "deflate")]
mod compression;
mod heads;
mod heartbeat;
mod herd;
pub mod lab;
mod model;
mod opening;
mod peer;
mod redirects;
mod resending;
mod retrying;
mod suspending;
mod world;

use crate::error::Error;
use lab::{Lab, frame, play};

const TEXT: u8 = 0x81;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;

#[test]
fn opens_talks_and_closes() {
    play(
        |lab| {
            lab.begin("ws://example.com:7000/chat");
            assert_eq!(lab.looked_up(), ["example.com V6", "example.com V4"]);
            assert_eq!(lab.send("early"), Err(Error::NotOpen));
            lab.resolved(&["10.0.0.1"]);
            lab.tcp(Ok(()));
            let answer = lab.answer();
            lab.serve(answer.as_bytes());
            lab.tell();
            let _ = lab.send("hello");
            lab.serve(&frame(TEXT, b"hello yourself"));
            lab.close(b"\x03\xe8bye");
            assert_eq!(lab.send("late"), Err(Error::NotOpen));
            lab.serve(&frame(TEXT, b"one more"));
            lab.serve(&frame(CLOSE, b"\x03\xe8"));
            lab.end_stream();
        },
        &["connected", "text hello yourself", "text one more", "closed OK in Closing by Local, got 1000, sent 1000"],
    );
}

#[test]
fn what_was_accepted_is_written_before_the_close_frame() {
    let scenario = |lab: &mut Lab| {
        lab.open();
        lab.wire().room = 0;
        let _ = lab.send("one");
        let _ = lab.send("two");
        lab.close(b"\x03\xe8");
        lab.wire().room = usize::MAX;
        lab.turn();
        assert!(["text one", "text two", "close [3, e8]"].starts_with(&as_strs(&lab.written())));
        lab.serve(&frame(CLOSE, b"\x03\xe8"));
        lab.end_stream();
    };
    play(scenario, &["connected", "closed OK in Closing by Local, got 1000, sent 1000"]);
}

fn as_strs(lines: &[String]) -> Vec<&str> {
    lines.iter().map(String::as_str).collect()
}

#[test]
fn the_peers_close_is_answered_with_its_code_after_what_was_accepted() {
    let scenario = |lab: &mut Lab| {
        lab.open();
        lab.wire().room = 0;
        let _ = lab.send("accepted");
        lab.serve(&[frame(TEXT, b"last words"), frame(CLOSE, b"\x0f\xa0enough"), frame(TEXT, b"ignored")].concat());
        lab.wire().room = usize::MAX;
        lab.turn();
        assert!(["text accepted", "close [f, a0]"].starts_with(&as_strs(&lab.written())));
        lab.end_stream();
    };
    play(
        scenario,
        &["connected", "text last words", "closed OK in Closing by Peer, got 4000, sent 4000, reason enough"],
    );
}

#[test]
fn a_close_without_a_code_is_answered_in_kind() {
    let scenario = |lab: &mut Lab| {
        lab.open();
        lab.serve(&frame(CLOSE, b""));
        assert!(["close []"].starts_with(&as_strs(&lab.written())));
        lab.end_stream();
    };
    play(scenario, &["connected", "closed OK in Closing by Peer, got 1005, sent 1005"]);
}

#[test]
fn a_server_that_does_not_end_the_stream_after_the_handshake_is_not_waited_for_long() {
    let scenario = |lab: &mut Lab| {
        lab.open();
        lab.close(b"\x03\xe8");
        lab.serve(&frame(CLOSE, b"\x03\xe8"));
        lab.advance(999);
        assert!(lab.fails() || lab.told().len() == 1, "not yet");
        lab.advance(1);
    };
    play(scenario, &["connected", "closed OK in Closing by Local, got 1000, sent 1000"]);
}

#[test]
fn a_full_queue_stops_in_the_midst_of_what_was_read() {
    let scenario = |lab: &mut Lab| {
        lab.open();
        lab.set_full_after(3);
        lab.serve(&[frame(TEXT, b"1"), frame(TEXT, b"2"), frame(TEXT, b"3"), frame(TEXT, b"4")].concat());
        assert!(lab.told().len() <= 3, "the rest waits: {:?}", lab.told());
        lab.serve(&[frame(TEXT, b"5"), frame(CLOSE, b"\x03\xe8")].concat());
        lab.end_stream();
        assert!(lab.told().len() <= 3 || lab.fails());
        lab.set_full(false);
    };
    play(
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
    let scenario = |lab: &mut Lab| {
        lab.open();
        let _ = lab.send("hello");
        lab.close(b"\x03\xe8");
        lab.advance(2000);
    };
    play(scenario, &["connected", "closed Timeout in Closing by Transport, got 1006, sent 1000"]);
}

#[test]
fn what_could_not_be_written_is_counted() {
    let scenario = |lab: &mut Lab| {
        lab.open();
        lab.wire().room = 9 + 7; // one message, and most of the next
        let _ = lab.send("one");
        let _ = lab.send("two");
        let _ = lab.send("three");
        lab.close(b"\x03\xe8");
        lab.advance(2000);
    };
    play(scenario, &["connected", "closed Timeout in Closing by Transport, got 1006, sent 0, unsent 2 of 8 bytes"]);
}

#[test]
fn a_stream_that_ends_without_a_close_frame_is_lost() {
    let scenario = |lab: &mut Lab| {
        lab.open();
        lab.serve(&frame(TEXT, b"whole"));
        lab.serve(&frame(TEXT, b"cut off")[..5]);
        lab.end_stream();
    };
    play(scenario, &["connected", "text whole", "closed ConnectionLost in Open by Transport, got 1006, sent 0"]);
}

#[test]
fn a_violation_is_told_to_the_peer_and_ends_the_connection() {
    for (bytes, error, code) in [
        (frame(0xc1, b"reserved bit"), "Protocol", 1002),
        (frame(TEXT, b"\xff"), "InvalidUtf8", 1007),
        (frame(0x82, &[0; 1001]), "MessageTooBig", 1009),
        (frame(CLOSE, b"\x03\xed"), "Protocol", 1002),
    ] {
        let scenario = |lab: &mut Lab| {
            lab.open();
            lab.serve(&[frame(TEXT, b"before"), bytes.clone(), frame(TEXT, b"after")].concat());
            let close = format!("close {:x?}", u16::to_be_bytes(code));
            assert!([close.as_str()].starts_with(&as_strs(&lab.written())));
            lab.end_stream();
        };
        let closed = format!("closed {error} in Open by Local, got 1006, sent {code}");
        play(scenario, &["connected", "text before", &closed]);
    }
}

#[test]
fn a_host_can_answer_what_came_before_a_violation() {
    let scenario = |lab: &mut Lab| {
        lab.open();
        lab.set_behind(true);
        lab.serve(&[frame(TEXT, b"question"), frame(0x83, b"")].concat());
        assert!(lab.written().is_empty(), "the host has not seen the question yet");
        let _ = lab.send("answer");
        lab.set_behind(false);
        assert!(["text answer", "close [3, ea]"].starts_with(&as_strs(&lab.written())));
        lab.end_stream();
    };
    play(scenario, &["connected", "text question", "closed Protocol in Open by Local, got 1006, sent 1002"]);
}

#[test]
fn a_violation_is_told_though_the_host_does_not_poll() {
    let scenario = |lab: &mut Lab| {
        lab.open();
        lab.set_behind(true);
        lab.serve(&frame(0x83, b""));
        lab.advance(1999);
        assert!(lab.written().is_empty());
        lab.advance(1);
        assert!(["close [3, ea]"].starts_with(&as_strs(&lab.written())));
        lab.advance(1000);
    };
    play(scenario, &["connected", "closed Protocol in Open by Local, got 1006, sent 1002"]);
}

#[test]
fn after_a_violation_the_peer_is_not_listened_to_for_ever() {
    let scenario = |lab: &mut Lab| {
        lab.open();
        lab.serve(&frame(0x83, b""));
        for _ in 0..10 {
            lab.serve(&[0x55; 100]);
            lab.advance(99);
        }
        lab.advance(10);
    };
    play(scenario, &["connected", "closed Protocol in Open by Local, got 1006, sent 1002"]);
}

#[test]
fn no_second_close_frame_follows_the_first() {
    let scenario = |lab: &mut Lab| {
        lab.open();
        lab.close(b"\x03\xe8");
        lab.serve(&frame(0x83, b""));
        assert!(["close [3, e8]"].starts_with(&as_strs(&lab.written())));
        lab.end_stream();
    };
    play(scenario, &["connected", "closed Protocol in Closing by Local, got 1006, sent 1000"]);
}

#[test]
fn pings_are_answered_in_order_and_a_flood_of_them_is_bounded() {
    let scenario = |lab: &mut Lab| {
        lab.open();
        lab.serve(&[frame(PING, b"1"), frame(PING, b"2")].concat());
        assert!(["pong 1", "pong 2"].starts_with(&as_strs(&lab.written())));
        lab.wire().room = 0;
        for _ in 0..100 {
            lab.serve(&frame(PING, &[b'x'; 125]));
        }
        lab.serve(&frame(PING, b"last"));
        lab.wire().room = usize::MAX;
        lab.turn();
        let written = lab.written();
        if written.len() > 2 {
            assert!(written.len() < 80, "only the latest are answered");
        }
        lab.end_stream();
    };
    play(scenario, &["connected", "closed ConnectionLost in Open by Transport, got 1006, sent 0"]);
}

#[test]
fn bytes_that_come_with_the_answer_are_the_first_frame() {
    let scenario = |lab: &mut Lab| {
        lab.begin("ws://10.0.0.1/");
        lab.tcp(Ok(()));
        let answer = lab.answer();
        lab.serve(&[answer.as_bytes(), &frame(TEXT, b"quick"), &frame(CLOSE, b"\x03\xe8")].concat());
        lab.end_stream();
    };
    play(scenario, &["connected", "text quick", "closed OK in Closing by Peer, got 1000, sent 1000"]);
}

/// Large messages are read to their place, and what follows them with them.
#[test]
fn large_messages_and_what_lies_between_them_come_in_order() {
    let large = |byte: u8| frame(0x82, &vec![byte; 40_000]);
    let fragments = || [frame(0x01, &[b'x'; 30_000]), frame(PING, b"?"), frame(0x80, &[b'y'; 20_000])].concat();
    let stream =
        [large(1), large(2), frame(TEXT, b"small"), large(3), fragments(), large(4), frame(CLOSE, b"\x03\xe8")]
            .concat();
    let text = format!("text {}{}", "x".repeat(30_000), "y".repeat(20_000));
    let binary = "binary of 40000";
    let end = "closed OK in Closing by Peer, got 1000, sent 1000";
    // At once, and cut at places of all sorts; also while the host has enough to do at each.
    for cut in [stream.len(), 39_999, 40_004, 17_001, 4_099, 997] {
        for is_full in [false, true] {
            let mut lab = Lab::whole();
            lab.open_with(|config| config.limits.max_message = 131_072);
            for piece in stream.chunks(cut) {
                lab.serve(piece);
                if is_full {
                    lab.set_full(true);
                    lab.turn();
                    lab.set_full(false);
                }
                lab.turn();
            }
            lab.end_stream();
            assert_eq!(lab.told(), ["connected", binary, binary, "text small", binary, &text, binary, end], "{cut}");
            assert_eq!(lab.written(), ["pong ?", "close [3, e8]"]);
        }
    }
}

#[test]
fn a_large_text_that_goes_wrong_is_refused_where_it_does() {
    let mut text = vec![b'x'; 40_000];
    text[30_000] = 0xff;
    let mut lab = Lab::whole();
    lab.open_with(|config| config.limits.max_message = 131_072);
    lab.serve(&frame(TEXT, &text)[..35_000]);
    lab.advance(10);
    assert_eq!(lab.written(), ["close [3, ef]"]);
}

#[test]
fn reading_stops_while_the_host_has_enough_and_nothing_is_lost() {
    let scenario = |lab: &mut Lab| {
        lab.open();
        lab.set_full(true);
        lab.serve(&[frame(TEXT, b"1"), frame(TEXT, b"2"), frame(CLOSE, b"\x03\xe8")].concat());
        lab.end_stream();
        assert!(lab.told().len() <= 1 || lab.told()[1].starts_with("closed"), "nothing is read");
        lab.set_full(false);
    };
    play(scenario, &["connected", "text 1", "text 2", "closed OK in Closing by Peer, got 1000, sent 1000"]);
}
