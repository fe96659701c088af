//! Invalid compressed messages end the connection with 1002; text that inflates to invalid UTF-8, with 1007.

use ::egret_ws::{EGRET_WS_ERR_INVALID_UTF8, EGRET_WS_ERR_PROTOCOL};
use test_support::client::on_both_drivers;
use test_support::deflate::client::RandomMessages;
use test_support::deflate::codec::{TAIL, deflated, stored};
use test_support::deflate::server::{accept, compressed, expect_failure};
use test_support::frame::{BINARY, Frame, TEXT, wire};
use test_support::recorder::Event;
use test_support::scripted_server::Server;

#[track_caller]
fn is_wrong(what: &str, bytes: Vec<u8>) {
    expect_failure(what, bytes, &[], EGRET_WS_ERR_PROTOCOL, 1002);
}

#[track_caller]
fn is_not_utf8(what: &str, bytes: Vec<u8>) {
    expect_failure(what, bytes, &[], EGRET_WS_ERR_INVALID_UTF8, 1007);
}

#[test]
fn rsv1_stands_on_the_first_frame_of_a_message_only() {
    let payload = deflated("hello");
    let (start, end) = payload.split_at(3);
    let first = compressed(TEXT, start).unfinished();
    is_wrong("on the last fragment", wire([&first, &compressed(0, end)]));
    is_wrong("on a fragment", wire([&first, &compressed(0, end).unfinished()]));
    is_wrong("on a fragment of an uncompressed message", wire([&Frame::text("a").unfinished(), &compressed(0, end)]));
    is_wrong("on a continuation of nothing", compressed(0, &*payload).bytes());
    for control in [Frame::ping("a"), Frame::pong(""), Frame::close(1000, "")] {
        is_wrong("on a control frame", control.clone().rsv(4).bytes());
        is_wrong("on a control frame within a message", wire([&first, &control.rsv(4)]));
    }
}

#[test]
fn no_extension_has_the_other_bits() {
    let payload = deflated("hello");
    for rsv in [1, 2, 3, 5, 6, 7] {
        is_wrong("on text", Frame::text(&*payload).rsv(rsv).bytes());
        is_wrong("on binary", Frame::binary(&*payload).rsv(rsv).bytes());
        is_wrong("on a ping", Frame::ping("").rsv(rsv).bytes());
        let fragments = [compressed(TEXT, &*payload).unfinished(), Frame::continuation("").rsv(rsv)];
        is_wrong("on a fragment", wire(&fragments));
    }
}

/// Sends the payload as one frame, in two fragments, and after a valid message, which is delivered.
#[track_caller]
fn cannot_be_inflated(what: &str, payload: &[u8]) {
    is_wrong(what, compressed(BINARY, payload).bytes());
    let (start, end) = payload.split_at(payload.len() / 2);
    let right = compressed(BINARY, [0x00, 0x02, 0x00, 0xfd, 0xff, 7, 7, 0x00]);
    let bytes = wire([&right, &compressed(BINARY, start).unfinished(), &Frame::continuation(end)]);
    expect_failure(what, bytes, &[Event::Binary(vec![7, 7])], EGRET_WS_ERR_PROTOCOL, 1002);
}

#[test]
fn garbage() {
    cannot_be_inflated("a block of the reserved type", &[0x06]);
    cannot_be_inflated("a block of the reserved type, said to be the last", &[0x07]);
    cannot_be_inflated("a stored block whose lengths differ", &[0x00, 0x05, 0x00, 0xfa, 0xfe, 1, 2, 3, 4, 5, 0x00]);
    cannot_be_inflated("a distance to before the first byte of the stream", &[0xf2, 0x00, 0x11, 0x00, 0x00]);
    cannot_be_inflated("text", b"hello, this is not DEFLATE");
    cannot_be_inflated("ones", &[0xff; 40]);
    cannot_be_inflated("zlib's header", &[&[0x78, 0x9c], &*deflated("hello")].concat());
    cannot_be_inflated("gzip's header", &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]);
}

#[test]
fn trailing_garbage() {
    let whole = deflated("hello");
    cannot_be_inflated("after the last block", &[&whole, &[0xff; 9][..]].concat());
    cannot_be_inflated("after a final block", &[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0xff, 0xff, 0xff]);
    cannot_be_inflated("lengths that do not fit", &[&whole, &[0xff, 0xff, 0xff, 0xff][..]].concat());
}

/// A message that refers to the previous message, from a server that has promised to drop its context.
#[test]
fn back_reference_into_a_dropped_context_is_refused() {
    on_both_drivers(|host| {
        let server = Server::start(|mut peer| {
            accept(&mut peer, &["permessage-deflate; server_no_context_takeover"]);
            peer.send(&compressed(TEXT, [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]));
            peer.send(&compressed(TEXT, [0xf2, 0x00, 0x11, 0x00, 0x00])); // RFC 7692 section 7.2.3.2
            assert_eq!(peer.read_close(), 1002);
            peer.expect_end();
        });
        let socket = host.connect(server.port());
        assert_eq!(socket.wait_closed().error, EGRET_WS_ERR_PROTOCOL);
        assert_eq!(socket.messages(), [Event::Text("Hello".into())]);
        server.finish();
    });
}

/// Returns a short text in a block with its own codes.
fn dynamic() -> Vec<u8> {
    let mut random = RandomMessages::new(2);
    let payload = deflated((0..200).map(|_| b"aaaaaaaabbbbccde"[random.random(16)]).collect::<Vec<u8>>());
    assert_eq!(payload[0] & 6, 4, "a block of type 2");
    payload
}

#[track_caller]
fn ends_early(payload: &[u8], cuts: impl IntoIterator<Item = usize>) {
    for cut in cuts {
        is_wrong(&format!("{cut} of {} bytes", payload.len()), compressed(BINARY, &payload[..cut]).bytes());
    }
}

#[test]
fn a_stream_that_ends_early_within_its_content() {
    ends_early(&deflated("hello"), 1..6);
    ends_early(&stored(b"hello", 5), 2..10); // 1 would be an empty message
    let payload = dynamic();
    ends_early(&payload, payload.len() / 2..payload.len() - 1);
}

/// The message is complete, but the stream is not.
#[test]
fn a_stream_that_ends_early_within_the_end_of_its_last_block() {
    for payload in [deflated("hello"), stored(b"hello", 5), dynamic()] {
        ends_early(&payload, [payload.len() - 1]);
    }
}

#[test]
fn a_stream_that_ends_early_within_the_header_of_a_block() {
    let payload = dynamic();
    ends_early(&payload, 1..payload.len() / 2);
}

/// The message has a second tail, which does not end a block.
#[test]
fn second_sync_flush_tail_is_refused() {
    is_wrong("two tails", compressed(TEXT, [&deflated("hello")[..], &TAIL, &TAIL].concat()).bytes());
    is_wrong("a tail alone", compressed(TEXT, TAIL).bytes());
}

/// Byte sequences that are not UTF-8.
const INVALID: [&[u8]; 5] = [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82A"];

#[test]
fn text_that_inflates_to_invalid_utf8_is_refused() {
    for bytes in INVALID {
        let text = [b"good ", bytes, b" good"].concat();
        is_not_utf8("deflated", compressed(TEXT, deflated(&text)).bytes());
        is_not_utf8("stored", compressed(TEXT, stored(&text, 1)).bytes());
    }
    is_not_utf8("that ends within a character", compressed(TEXT, deflated("€".as_bytes().split_at(2).0)).bytes());
}

#[test]
fn fragmented_text_that_inflates_to_invalid_utf8_is_refused() {
    for bytes in INVALID {
        let payload = deflated([b"good ", bytes, b" good"].concat());
        for cut in 0..=payload.len() {
            let (start, end) = payload.split_at(cut);
            is_not_utf8("cut", wire([&compressed(TEXT, start).unfinished(), &Frame::continuation(end)]));
        }
    }
    let payload = deflated("€".as_bytes().split_at(2).0);
    is_not_utf8("unfinished", wire([&compressed(TEXT, payload).unfinished(), &Frame::continuation("")]));
}

/// The error is found before the message is complete, and ends the connection at once.
#[test]
fn invalid_utf8_is_refused_as_soon_as_it_is_inflated() {
    let payload = stored(b"good \xff and so on", 1);
    let start = &payload[..payload.len() - 20];
    is_not_utf8("a fragment", compressed(TEXT, start).unfinished().bytes());
    let frame = compressed(TEXT, &*payload).bytes();
    is_not_utf8("half a frame", frame[..frame.len() - 20].to_vec());
}
