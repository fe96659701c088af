//! Compressed messages in every form that RFC 7692 allows.

use test_support::deflate::client::RandomMessages;
use test_support::deflate::codec::{Deflater, TAIL, deflated, stored};
use test_support::deflate::server::{BARE, compressed, expect_messages, expect_messages_with};
use test_support::frame::{BINARY, Frame, TEXT, wire};
use test_support::recorder::Event;

const WORDS: &str = "größte Wörter, größte Worte 😀 größte";

fn words() -> Event {
    Event::Text(WORDS.into())
}

fn nothing() -> Event {
    Event::Text(String::new())
}

/// The examples of RFC 7692 section 7.2.3, in its order. All contain "Hello".
#[test]
fn the_examples_of_the_rfc() {
    let first = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
    let taken_over = [0xf2, 0x00, 0x11, 0x00, 0x00];
    let no_compression = [0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00];
    let bfinal = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00];
    let two_blocks = [0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00];
    let (start, end) = first.split_at(3);
    let frames = [
        compressed(TEXT, first),
        compressed(TEXT, start).unfinished(),
        Frame::continuation(end),
        compressed(TEXT, taken_over),
        compressed(TEXT, no_compression),
        compressed(TEXT, bfinal),
        compressed(TEXT, two_blocks),
    ];
    expect_messages(wire(&frames), &vec![Event::Text("Hello".into()); 6]);
}

#[test]
fn uncompressed_messages_are_received_unchanged() {
    let mut deflater = Deflater::new(15);
    let mut frames = Vec::new();
    for _ in 0..5 {
        // Uncompressed messages do not belong to the context.
        frames.push(compressed(TEXT, deflater.message(WORDS.as_bytes())));
        frames.push(Frame::text(WORDS));
        frames.push(Frame::text(&WORDS.as_bytes()[..3]).unfinished());
        frames.push(Frame::continuation(&WORDS.as_bytes()[3..]));
        frames.push(Frame::text(""));
    }
    let expected = [words(), words(), words(), nothing()];
    expect_messages(wire(&frames), &std::iter::repeat_n(expected, 5).flatten().collect::<Vec<_>>());
}

/// The payload looks compressed, but RSV1 is not set.
#[test]
fn rsv1_alone_marks_compressed_messages() {
    let payload = deflated("abc");
    let frames = [Frame::binary(&*payload), compressed(BINARY, &*payload)];
    expect_messages(wire(&frames), &[Event::Binary(payload), Event::Binary(b"abc".to_vec())]);
}

#[test]
fn fragments_are_cut_at_every_byte_with_pings_between() {
    let mut deflater = Deflater::new(15);
    let mut frames = Vec::new();
    let mut count = 1;
    // The payloads differ: from the second message on, each refers to the message before.
    for cut in 0.. {
        let payload = deflater.message(format!("{WORDS}{cut}").as_bytes());
        let Some((start, end)) = payload.split_at_checked(cut) else { break };
        frames.extend([
            compressed(TEXT, start).unfinished(),
            Frame::ping("a"),
            Frame::continuation(end).unfinished(),
            Frame::ping(""),
            Frame::continuation(""),
        ]);
        count = cut + 1;
    }
    assert!(count > 5);
    let expected: Vec<_> = (0..count).map(|cut| Event::Text(format!("{WORDS}{cut}"))).collect();
    expect_messages(wire(&frames), &expected);
}

#[test]
fn fragments_of_a_byte_each() {
    let payload = deflated(WORDS);
    let mut frames = vec![compressed(TEXT, "").unfinished()];
    for byte in payload {
        frames.extend([Frame::continuation([byte]).unfinished(), Frame::continuation("").unfinished()]);
        frames.push(Frame::ping("between"));
    }
    frames.push(Frame::continuation(""));
    expect_messages(wire(&frames), &[words()]);
}

/// Tests every encoding of an empty message. A message after it shows that the context is unchanged.
#[test]
fn empty_messages() {
    let empty: [&[Frame]; 6] = [
        &[compressed(TEXT, [0])],
        &[compressed(TEXT, [2, 0])], // a block of fixed codes without content
        &[compressed(TEXT, [0, 0, 0, 0xff, 0xff, 0])],
        &[compressed(TEXT, "").unfinished(), Frame::continuation([0])],
        &[compressed(TEXT, [0]).unfinished(), Frame::ping(""), Frame::continuation("")],
        &[compressed(TEXT, "").unfinished(), Frame::continuation("").unfinished(), Frame::continuation([0])],
    ];
    let mut deflater = Deflater::new(15);
    let (mut frames, mut expected) = (Vec::new(), Vec::new());
    for message in empty {
        frames.push(compressed(TEXT, deflater.message(WORDS.as_bytes())));
        frames.extend_from_slice(message);
        expected.extend([words(), nothing()]);
    }
    frames.push(compressed(TEXT, deflater.message(WORDS.as_bytes())));
    expected.push(words());
    expect_messages(wire(&frames), &expected);
}

#[test]
fn blocks_of_type_0() {
    let mut random = RandomMessages::new(3);
    let noise: Vec<u8> = (0..70_000).map(|_| random.random(256) as u8).collect();
    for size in [1, 7, 1000, 65_535] {
        let bytes = &noise[..noise.len().min(size * 300)];
        let payload = stored(bytes, size);
        let (start, end) = payload.split_at(payload.len() / 2);
        let frames = [
            compressed(BINARY, &*payload),
            compressed(BINARY, start).unfinished(),
            Frame::continuation(end),
            compressed(TEXT, deflated(WORDS)),
        ];
        expect_messages(wire(&frames), &[Event::Binary(bytes.to_vec()), Event::Binary(bytes.to_vec()), words()]);
    }
}

/// Section 7.2.3.4: a block with BFINAL ends a stream. The message continues with another stream, or ends.
#[test]
fn final_blocks() {
    // BFINAL is the lowest bit of a block, and the block is the first of the stream.
    let hello = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
    let stored = [0x01, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f];
    let messages = [
        [&hello[..], &[0]].concat(),
        [&stored[..], &[0]].concat(),
        [&hello[..], &stored, &hello, &[0]].concat(),
        [&hello[..], &[1, 0, 0, 0xff, 0xff], &[0]].concat(),
    ];
    let (mut frames, mut expected) = (Vec::new(), Vec::new());
    for (payload, times) in messages.iter().zip([1, 1, 3, 1]) {
        let (start, end) = payload.split_at(payload.len() - 1);
        frames.push(compressed(TEXT, &**payload));
        frames.extend([compressed(TEXT, start).unfinished(), Frame::continuation(end)]);
        expected.extend([(); 2].map(|()| Event::Text("Hello".repeat(times))));
    }
    expect_messages(wire(&frames), &expected);
}

#[test]
fn context_takeover_and_windows_of_every_size_are_received() {
    let mut random = RandomMessages::new(5);
    // The noise repeats at a distance that is only slightly less than the largest window.
    let noise: Vec<u8> = (0..32_000).map(|_| random.random(256) as u8).collect();
    let expected = vec![Event::Binary(noise.clone()); 3];
    for (bits, extension) in [
        (9, "permessage-deflate; server_max_window_bits=8"), // zlib writes 9 in this case
        (9, "permessage-deflate; server_max_window_bits=9"),
        (12, "permessage-deflate; server_max_window_bits=12"),
        (15, BARE),
    ] {
        let mut deflater = Deflater::new(bits);
        let payloads = [(); 3].map(|()| deflater.message(&noise));
        assert_eq!(bits == 15, payloads[1].len() < 1000, "only the largest window reaches back to the first");
        expect_messages_with(extension, wire(&payloads.map(|payload| compressed(BINARY, payload))), &expected);
    }
    let alone = [(); 3].map(|()| compressed(BINARY, deflated(&noise)));
    expect_messages_with("permessage-deflate; server_no_context_takeover", wire(&alone), &expected);
}

/// A message contains several flushes, as from a server that writes it piece by piece.
#[test]
fn flushes_within_a_message() {
    let mut deflater = Deflater::new(15);
    let pieces = WORDS.as_bytes().chunks(5).map(|piece| deflater.message(piece));
    let payload = pieces.collect::<Vec<_>>().join(&TAIL[..]);
    let frames = payload.chunks(7).map(|piece| Frame::continuation(piece).unfinished());
    let fragments: Vec<Frame> = [compressed(TEXT, "").unfinished()].into_iter().chain(frames).collect();
    let bytes = [wire(&fragments), Frame::continuation("").bytes(), compressed(TEXT, payload).bytes()].concat();
    expect_messages(bytes, &[words(), words()]);
}

/// The server does not remove the tail of its messages. No message is lost, and the context stays correct.
#[test]
fn messages_with_the_sync_flush_tail_are_received() {
    let mut deflater = Deflater::new(15);
    let (mut frames, mut expected) = (Vec::new(), Vec::new());
    for _ in 0..4 {
        let payload = [&deflater.message(WORDS.as_bytes())[..], &TAIL].concat();
        frames.push(compressed(TEXT, &*payload));
        let payload = [&deflater.message(WORDS.as_bytes())[..], &TAIL, &[0], &TAIL].concat();
        let (start, end) = payload.split_at(payload.len() - 2);
        frames.extend([compressed(TEXT, start).unfinished(), Frame::continuation(end)]);
        frames.push(compressed(TEXT, deflater.message(WORDS.as_bytes())));
        expected.extend([words(), words(), words()]);
    }
    expect_messages(wire(&frames), &expected);
}
