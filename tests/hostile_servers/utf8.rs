//! Text that is not UTF-8 ends the connection with 1007, at the first byte that is not valid.

use ::egret_ws::EGRET_WS_ERR_INVALID_UTF8;
use test_support::exchange::{closed_by_peer, expect_failure, expect_messages};
use test_support::frame::{Frame, wire};
use test_support::recorder::Event;
use test_support::scripted_server::Peer;

#[track_caller]
fn is_not_utf8(what: &str, bytes: Vec<u8>) {
    expect_failure(what, bytes, EGRET_WS_ERR_INVALID_UTF8, 1007);
}

/// Byte sequences that no UTF-8 text contains.
const INVALID: [&[u8]; 10] = [
    b"\xff",
    b"\x80",
    b"\xc0\x80",         // NUL, too long
    b"\xe0\x80\xaf",     // a slash, too long
    b"\xed\xa0\x80",     // half a surrogate pair
    b"\xf0\x80\x80\x80", // NUL, too long
    b"\xf4\x90\x80\x80", // above U+10FFFF
    b"\xf5\x80\x80\x80",
    b"\xe2\x82A",
    b"\xc3\xc3",
];

#[test]
fn invalid_text_is_refused() {
    for bytes in INVALID {
        is_not_utf8("in one frame", Frame::text([b"good ", bytes, b" good"].concat()).bytes());
    }
}

#[test]
fn text_that_ends_within_a_character_is_refused() {
    for end in [b"\xc3".as_slice(), b"\xe2\x82", b"\xf0\x9f\x98"] {
        is_not_utf8("in one frame", Frame::text(end).bytes());
        is_not_utf8("in the last fragment", wire([&Frame::text("a").unfinished(), &Frame::continuation(end)]));
        is_not_utf8("before an empty last fragment", wire([&Frame::text(end).unfinished(), &Frame::continuation("")]));
    }
}

#[test]
fn invalid_text_is_refused_also_where_fragments_split_it() {
    for bytes in INVALID.into_iter().filter(|bytes| bytes.len() > 1) {
        for cut in 1..bytes.len() {
            let (first, second) = bytes.split_at(cut);
            is_not_utf8("split", wire([&Frame::text(first).unfinished(), &Frame::continuation(second)]));
        }
    }
}

#[test]
fn invalid_text_is_refused_before_the_message_is_complete() {
    let bad = Frame::text([b"good ".as_slice(), b"\xff", b" never sent"].concat());
    is_not_utf8("a first fragment", bad.clone().unfinished().bytes());
    let frame = bad.bytes();
    is_not_utf8("half a frame", frame[..frame.len() - " never sent".len()].to_vec());
    let start = Frame::text("good").unfinished().bytes();
    is_not_utf8(
        "half a fragment",
        [start, Frame::continuation(b"\xe2A").header_claiming(100), b"\xe2A".to_vec()].concat(),
    );
}

#[test]
fn characters_may_be_split_by_fragments_and_pings() {
    const TEXT: &str = "aß€😀z";
    let cuts = 0..=TEXT.len();
    let frames: Vec<Frame> = cuts
        .clone()
        .flat_map(|cut| {
            let (first, second) = TEXT.as_bytes().split_at(cut);
            [Frame::text(first).unfinished(), Frame::pong("unasked"), Frame::continuation(second)]
        })
        .collect();
    let expected = vec![Event::Text(TEXT.into()); cuts.count()];
    let script = move |mut peer: Peer| {
        peer.write(wire(&frames));
        peer.close(1000);
    };
    expect_messages(&expected, script, closed_by_peer);
}

#[test]
fn binary_messages_may_hold_any_bytes() {
    let bytes: Vec<u8> = (0..=255).collect();
    let frames =
        [Frame::binary(&bytes[..]), Frame::binary(&bytes[..200]).unfinished(), Frame::continuation(&bytes[200..])];
    let script = move |mut peer: Peer| {
        peer.write(wire(&frames));
        peer.close(1000);
    };
    expect_messages(&[Event::Binary(bytes.clone()), Event::Binary(bytes)], script, closed_by_peer);
}
