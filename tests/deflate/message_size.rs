//! The limit of 128 KiB applies to the inflated message: 131072 bytes pass and 131073 do not, in whatever way they are compressed
//! and split.

use ::egret_ws::*;
use test_support::deflate::client::RandomMessages;
use test_support::deflate::codec::{TAIL, deflated, stored};
use test_support::deflate::server::{compressed, expect_failure, expect_failure_with, expect_messages};
use test_support::frame::{BINARY, Frame, TEXT, wire};
use test_support::recorder::Event;

const CAP: usize = 131_072;

/// Returns data that shrinks to a ten-thousandth, text, and data that does not shrink.
fn contents(size: usize) -> [Vec<u8>; 3] {
    let mut random = RandomMessages::new(21);
    [
        vec![0; size],
        (0..size).map(|at| b'a' + (at * 7 % 26 + at / 1000 % 3) as u8 % 26).collect(),
        (0..size).map(|_| random.random(256) as u8).collect(),
    ]
}

/// Returns a compressed message in one frame, in fragments, and in fragments of which the last one is empty.
fn shapes(payload: &[u8]) -> [Vec<u8>; 3] {
    let size = (payload.len() / 50).max(1);
    let mut pieces = payload.chunks(size);
    let mut frames = vec![compressed(BINARY, pieces.next().unwrap_or_default()).unfinished()];
    for piece in pieces {
        frames.extend([Frame::pong("unasked"), Frame::continuation(piece).unfinished()]);
    }
    let ended_by_an_empty_one = [wire(&frames), Frame::continuation("").bytes()].concat();
    frames.last_mut().expect("a frame").fin = true;
    [compressed(BINARY, payload).bytes(), wire(&frames), ended_by_an_empty_one]
}

/// Returns different encodings of these bytes.
fn payloads(bytes: &[u8]) -> [Vec<u8>; 4] {
    let whole = deflated(bytes);
    // There are 300 empty blocks of type 0, then as many of type 1, which have ten bits each.
    let empty_stored = [&whole[..], &[0, 0, 0xff, 0xff, 0].repeat(300)].concat();
    let empty_fixed =
        [&whole[..], &TAIL, &[0b0000_0010, 0b0000_1000, 0b0010_0000, 0b1000_0000, 0].repeat(75), &[0]].concat();
    [whole, empty_stored, empty_fixed, stored(bytes, 65_535)]
}

#[test]
fn message_of_exactly_the_limit_is_received() {
    for bytes in contents(CAP) {
        for payload in payloads(&bytes) {
            for shape in shapes(&payload) {
                // The next message shows that the first one has left no state.
                let next = compressed(TEXT, deflated("next")).bytes();
                expect_messages([shape, next].concat(), &[Event::Binary(bytes.clone()), Event::Text("next".into())]);
            }
        }
    }
}

#[track_caller]
fn is_too_big(what: &str, bytes: Vec<u8>) {
    expect_failure(what, bytes, &[], EGRET_WS_ERR_MESSAGE_TOO_BIG, 1009);
}

#[test]
fn message_of_one_byte_more_is_refused() {
    for bytes in contents(CAP + 1) {
        for payload in payloads(&bytes) {
            for shape in shapes(&payload) {
                is_too_big("131073 bytes", shape);
            }
        }
    }
}

/// The cap counts bytes of text.
#[test]
fn text_limit_counts_bytes() {
    let text = "€".repeat(CAP / 3) + "ß"; // 43690 × 3 + 2
    assert_eq!(text.len(), CAP);
    expect_messages(compressed(TEXT, deflated(&text)).bytes(), &[Event::Text(text.clone())]);
    is_too_big("131074 bytes of text", compressed(TEXT, deflated(text + "  ")).bytes());
}

#[test]
fn a_lowered_cap_is_exact_and_earlier_messages_are_delivered() {
    let bytes = &contents(1001)[1];
    let right: Vec<u8> = shapes(&deflated(&bytes[..1000])).concat();
    let expected = vec![Event::Binary(bytes[..1000].to_vec()); 3];
    for payload in payloads(bytes) {
        for shape in shapes(&payload) {
            expect_failure_with(
                "1001 bytes",
                |options| options.max_message_bytes = 1000,
                [&right[..], &shape].concat(),
                &expected,
                EGRET_WS_ERR_MESSAGE_TOO_BIG,
                1009,
            );
        }
    }
}

/// There are more bytes on the wire than the limit, but fewer in the message.
#[test]
fn limit_does_not_count_compressed_bytes() {
    let bytes = vec![7; 30_000];
    // Each block has six bytes.
    let payload = stored(&bytes, 1);
    assert!(payload.len() > CAP);
    for shape in shapes(&payload) {
        expect_messages(shape, &[Event::Binary(bytes.clone())]);
    }
    // This is an empty message in a megabyte.
    for shape in shapes(&[&[0, 0, 0, 0xff, 0xff].repeat(200_000)[..], &[0]].concat()) {
        expect_messages(shape, &[Event::Binary(Vec::new())]);
    }
}

/// Inflating stops at the limit, although the frame announces more bytes and the message continues.
#[test]
fn decompression_bombs_are_refused() {
    let bomb = deflated(vec![0; 20_000_000]);
    assert!(bomb.len() < 20_000);
    for shape in shapes(&bomb) {
        is_too_big("20 MB in one message", shape);
    }
    let start = &bomb[..1000];
    is_too_big("a fragment", compressed(BINARY, start).unfinished().bytes());
    is_too_big("half a frame", [compressed(BINARY, "").header_claiming(1 << 40), start.to_vec()].concat());
    let fragments: Vec<Frame> = start.iter().map(|byte| Frame::continuation([*byte]).unfinished()).collect();
    is_too_big("a byte a fragment", [compressed(BINARY, "").unfinished().bytes(), wire(&fragments)].concat());
}
