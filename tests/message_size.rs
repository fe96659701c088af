//! The limit of 128 KiB: a message of 131072 bytes passes and a message of 131073 does not, in both directions, and for every
//! division into frames. A message that is too big is refused at the header of its frame, before its payload is read.

use ::egret_ws::*;
use test_support::client::on_both_drivers;
use test_support::exchange::{closed_by_peer, expect_failure, expect_messages};
use test_support::frame::{BINARY, Frame, TEXT, wire};
use test_support::recorder::Event;
use test_support::scripted_server::{Peer, Server};

const CAP: usize = 131_072;
const GIB: u64 = 1 << 30;

/// Returns ASCII text of `len` bytes in which a lost, doubled or moved piece is noticed.
fn sample(len: usize) -> Vec<u8> {
    (0..len).map(|at| b'a' + (at * 7 % 26 + at / 1000 % 3) as u8 % 26).collect()
}

fn event(opcode: u8, payload: Vec<u8>) -> Event {
    match opcode {
        TEXT => Event::Text(String::from_utf8(payload).expect("samples are UTF-8")),
        _ => Event::Binary(payload),
    }
}

/// Returns `payload` as a message of fragments of `size` bytes, with a ping between any two, and an empty fragment at the end.
fn fragments(opcode: u8, payload: &[u8], size: usize) -> Vec<u8> {
    let mut frames = Vec::new();
    for (number, piece) in payload.chunks(size).enumerate() {
        frames.push(Frame::new(if number == 0 { opcode } else { 0 }, piece).unfinished());
        frames.push(Frame::pong("unasked"));
    }
    frames.push(Frame::continuation(""));
    wire(&frames)
}

/// Checks that a message with these bytes on the wire is delivered as `expected`.
#[track_caller]
fn passes(bytes: Vec<u8>, expected: Event) {
    let script = move |mut peer: Peer| {
        peer.write(&bytes);
        peer.close(1000);
    };
    expect_messages(&[expected], script, closed_by_peer);
}

#[track_caller]
fn is_too_big(what: &str, bytes: Vec<u8>) {
    expect_failure(what, bytes, EGRET_WS_ERR_MESSAGE_TOO_BIG, 1009);
}

#[test]
fn the_header_states_the_cap() {
    assert_eq!(EGRET_WS_MAX_MESSAGE_BYTES as usize, CAP);
}

#[test]
fn a_message_of_exactly_the_cap_passes_in_one_frame() {
    for opcode in [TEXT, BINARY] {
        passes(Frame::new(opcode, sample(CAP)).bytes(), event(opcode, sample(CAP)));
    }
}

#[test]
fn a_message_of_exactly_the_cap_passes_in_fragments_of_any_size() {
    for opcode in [TEXT, BINARY] {
        for size in [16, 1000, 65_536, CAP - 1, CAP] {
            passes(fragments(opcode, &sample(CAP), size), event(opcode, sample(CAP)));
        }
    }
}

#[test]
fn the_cap_counts_bytes_of_text_and_not_characters() {
    let text = "€".repeat(CAP / 3) + "ß"; // 43690 × 3 + 2
    assert_eq!(text.len(), CAP);
    passes(Frame::text(text.clone()).bytes(), Event::Text(text.clone()));
    passes(fragments(TEXT, text.as_bytes(), 1000), Event::Text(text));
}

#[test]
fn a_frame_above_the_cap_is_refused_from_its_header() {
    for opcode in [TEXT, BINARY] {
        for length in [CAP as u64 + 1, GIB, 1 << 62] {
            is_too_big("a whole message", Frame::new(opcode, "").header_claiming(length));
            is_too_big("a first fragment", Frame::new(opcode, "").unfinished().header_claiming(length));
        }
    }
}

#[test]
fn a_running_total_above_the_cap_is_refused_from_the_fragments_header() {
    for opcode in [TEXT, BINARY] {
        for (sent, claimed) in [(CAP, 1), (CAP - 1, 2), (1, CAP as u64), (100_000, GIB)] {
            let start = Frame::new(opcode, sample(sent)).unfinished().bytes();
            for next in [Frame::continuation(""), Frame::continuation("").unfinished()] {
                is_too_big("a later fragment", [&start[..], &next.header_claiming(claimed)].concat());
            }
        }
        let start = fragments(opcode, &sample(CAP), 1000);
        let start = &start[..start.len() - Frame::continuation("").bytes().len()];
        is_too_big("one byte after many fragments", [start, &Frame::continuation("").header_claiming(1)].concat());
    }
}

#[test]
fn a_lowered_cap_is_exact_and_earlier_messages_are_delivered() {
    on_both_drivers(|host| {
        let server = Server::start(|mut peer| {
            peer.upgrade();
            peer.send(&Frame::text(sample(1000)));
            peer.write(fragments(BINARY, &sample(1000), 300));
            peer.write(Frame::text("").header_claiming(1001));
            assert_eq!(peer.read_close(), 1009);
            peer.expect_end();
        });
        let socket = host.connect_with(server.port(), |options| options.max_message_bytes = 1000);
        let report = socket.wait_closed();
        report.expect(EGRET_WS_ERR_MESSAGE_TOO_BIG, EGRET_WS_PHASE_OPEN, EGRET_WS_INITIATOR_LOCAL);
        assert_eq!(socket.messages(), [event(TEXT, sample(1000)), event(BINARY, sample(1000))]);
        server.finish();
    });
}

#[test]
fn largest_message_is_sent_and_one_byte_more_is_refused() {
    on_both_drivers(|host| {
        let server = Server::start(|mut peer| {
            peer.upgrade();
            for opcode in [TEXT, BINARY, TEXT] {
                let message = peer.read();
                assert_eq!((message.opcode, message.fin), (opcode, true), "{message:?}");
                let len = message.payload.len();
                assert!(message.payload == sample(len), "a payload of {len} bytes is damaged");
                assert!(len == CAP || len == 5, "{len} bytes");
            }
            peer.close(1000);
        });
        let socket = host.connect(server.port());
        socket.wait_open();
        assert_eq!(socket.send_text(sample(CAP)), EGRET_WS_OK);
        assert_eq!(socket.send_text(sample(CAP + 1)), EGRET_WS_ERR_MESSAGE_TOO_BIG);
        assert_eq!(socket.send_binary(&sample(CAP + 1)), EGRET_WS_ERR_MESSAGE_TOO_BIG);
        assert_eq!(socket.send_binary(&sample(CAP)), EGRET_WS_OK);
        assert_eq!(socket.state(), EGRET_WS_STATE_OPEN);
        assert_eq!(socket.send_text(sample(5)), EGRET_WS_OK);
        assert_eq!(socket.wait_closed().error, EGRET_WS_OK);
        server.finish();
    });
}

#[test]
fn a_lowered_cap_also_applies_to_sending() {
    on_both_drivers(|host| {
        let server = Server::start(|mut peer| {
            peer.upgrade();
            assert_eq!(peer.read(), Frame::text(sample(10)));
            peer.close(1000);
        });
        let socket = host.connect_with(server.port(), |options| options.max_message_bytes = 10);
        socket.wait_open();
        assert_eq!(socket.send_text(sample(11)), EGRET_WS_ERR_MESSAGE_TOO_BIG);
        assert_eq!(socket.send_text("ßßßßß!"), EGRET_WS_ERR_MESSAGE_TOO_BIG); // 6 characters, 11 bytes
        assert_eq!(socket.send_text(sample(10)), EGRET_WS_OK);
        assert_eq!(socket.wait_closed().error, EGRET_WS_OK);
        server.finish();
    });
}
