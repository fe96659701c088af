//! Streams that are valid, too large, invalid, or divided in different ways.

use super::*;
use crate::limited_memory;

#[test]
fn messages_without_memory_fail_the_connection() {
    let whole = frame(true, 2, &[7; 100_000]);
    let parts = [frame(false, 2, &[7; 50_000]), frame(true, 0, &[7; 50_000])].concat();
    for stream in [&whole, &parts] {
        let mut decoder = Decoder::new(131_072, None);
        let refused = limited_memory::with_largest(60_000, || {
            stream.chunks(1000).find_map(|mut piece| decoder.next(&mut piece).err())
        });
        assert_eq!(refused, Some(NO_MEMORY));
        assert_eq!(NO_MEMORY.close_code(), 1011);
    }
    // A buffer of the pool does not fit, but the message does.
    let mut decoder = Decoder::new(131_072, None);
    let received = limited_memory::with_largest(BufferPool::SIZE - 1, || {
        let mut sizes = whole.chunks(1000).filter_map(|mut piece| match decoder.next(&mut piece) {
            Ok(Some(Incoming::Message(_, payload))) => Some(payload.len()),
            _ => None,
        });
        sizes.next()
    });
    assert_eq!(received, Some(100_000));
}

/// Makes a frame of a server.
fn frame(fin: bool, opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![u8::from(fin) << 7 | opcode];
    match payload.len() {
        len @ 0..126 => out.push(len as u8),
        len @ 126..65536 => {
            out.push(126);
            out.extend_from_slice(&(len as u16).to_be_bytes());
        }
        len => {
            out.push(127);
            out.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(payload);
    out
}

/// Decodes the stream in pieces of `size`. Returns the name and payload of each result, and the close code of a violation.
fn decode(stream: &[u8], size: usize, max_message: usize) -> (Vec<(String, Vec<u8>)>, Option<u16>) {
    let mut decoder = Decoder::new(max_message, None);
    let mut results = Vec::new();
    for mut piece in stream.chunks(size) {
        loop {
            match decoder.next(&mut piece) {
                Err(violation) => return (results, Some(violation.close_code())),
                Ok(None) => break,
                Ok(Some(Incoming::Message(kind, Payload::InPlace(bytes)))) => {
                    results.push((format!("{kind:?}"), bytes.to_vec()))
                }
                Ok(Some(Incoming::Message(kind, Payload::Assembled(buffer)))) => {
                    results.push((format!("{kind:?}"), std::mem::take(buffer)));
                }
                Ok(Some(Incoming::Ping(payload))) => results.push(("ping".into(), payload.to_vec())),
                Ok(Some(Incoming::Pong(payload))) => results.push(("pong".into(), payload.to_vec())),
                Ok(Some(Incoming::Close(code, reason))) => results.push((format!("close {code:?}"), reason.into())),
                Ok(Some(Incoming::Fragment)) => {}
            }
        }
        assert!(piece.is_empty(), "None means that the input is used up");
    }
    (results, None)
}

/// Decodes the stream with [`Decoder::direct`] where possible, `size` bytes at a time.
fn decode_directly(mut stream: &[u8], size: usize) -> Vec<(String, Vec<u8>)> {
    let mut decoder = Decoder::new(131_072, None);
    let mut results = Vec::new();
    while !stream.is_empty() {
        if let Some((message, most)) = decoder.direct() {
            let (piece, rest) = stream.split_at(size.min(most).min(stream.len()));
            let before = message.capacity();
            message.extend_from_slice(piece);
            assert_eq!(message.capacity(), before, "the buffer has room");
            stream = rest;
            if let Some((kind, message)) = decoder.filled(piece.len()).unwrap() {
                results.push((format!("{kind:?}"), std::mem::take(message)));
            }
            continue;
        }
        let (mut piece, rest) = stream.split_at(size.min(stream.len()));
        stream = rest;
        while let Some(incoming) = decoder.next(&mut piece).unwrap() {
            let Incoming::Message(kind, payload) = incoming else { continue };
            let payload = match payload {
                Payload::InPlace(bytes) => bytes.to_vec(),
                Payload::Assembled(buffer) => std::mem::take(buffer),
            };
            results.push((format!("{kind:?}"), payload));
        }
    }
    results
}

#[test]
fn messages_read_directly_are_the_same() {
    let text = "κόσμε".repeat(9_000);
    let binary: Vec<u8> = (0..131_072).map(|n| n as u8).collect();
    let halves = binary.split_at(50_000);
    let stream = [
        frame(true, 2, &binary),
        frame(true, 1, text.as_bytes()),
        frame(true, 1, b"small"),
        frame(false, 2, halves.0),
        frame(true, 9, b"ping"),
        frame(true, 0, halves.1),
        frame(true, 2, &[7; DIRECT_READ_SIZE]),
    ]
    .concat();
    let expected = [
        result("Binary", &binary),
        result("Text", text.as_bytes()),
        result("Text", b"small"),
        result("Binary", &binary),
        result("Binary", &[7; DIRECT_READ_SIZE]),
    ];
    for size in [1, 3, 4096, 65_536, usize::MAX] {
        assert!(decode_directly(&stream, size) == expected, "{size}");
    }
}

fn result(name: &str, payload: &[u8]) -> (String, Vec<u8>) {
    (name.into(), payload.to_vec())
}

const SIZES: [usize; 7] = [1, 2, 3, 7, 125, 4096, usize::MAX];

#[test]
fn any_division_of_the_stream_gives_the_same_messages_and_control_frames() {
    let long = vec![b'x'; 70_000];
    let stream = [
        frame(true, 1, b"hello"),
        frame(true, 2, b""),
        frame(false, 1, "κ".as_bytes().split_at(1).0), // divided inside a character
        frame(true, 9, b"are you there"),
        frame(false, 0, "κ".as_bytes().split_at(1).1),
        frame(false, 0, b""),
        frame(true, 0, b"!"),
        frame(true, 2, &long),
        frame(true, 10, &[7; 125]),
        frame(true, 8, b"\x03\xe8bye"),
    ]
    .concat();
    for size in SIZES {
        let (results, violation) = decode(&stream, size.min(stream.len()), 131072);
        assert_eq!(violation, None);
        assert_eq!(
            results,
            [
                result("Text", b"hello"),
                result("Binary", b""),
                result("ping", b"are you there"),
                result("Text", "κ!".as_bytes()),
                result("Binary", &long),
                result("pong", &[7; 125]),
                result("close Some(1000)", b"bye"),
            ],
            "pieces of {size}"
        );
    }
}

#[test]
fn the_size_limit_is_inclusive_in_one_frame_and_in_many() {
    for opcode in [1, 2] {
        let whole = frame(true, opcode, &vec![b'x'; 131072]);
        let many: Vec<u8> = (0..33)
            .flat_map(|n| {
                let payload = if n == 32 { 0 } else { 4096 };
                frame(n == 32, if n == 0 { opcode } else { 0 }, &vec![b'x'; payload])
            })
            .collect();
        for stream in [&whole, &many] {
            for size in [1000, usize::MAX] {
                let (results, violation) = decode(stream, size.min(stream.len()), 131072);
                assert_eq!((results.len(), violation), (1, None));
                assert_eq!(results[0].1.len(), 131072);
            }
        }
    }
}

#[test]
fn messages_that_are_too_large_are_refused_at_the_header() {
    let one_over = &frame(true, 2, &[0; 131073])[..10];
    assert_eq!(decode(one_over, 1, 131072).1, Some(1009));
    let mut enormous = vec![0x82, 127];
    enormous.extend_from_slice(&(u64::MAX >> 1).to_be_bytes());
    assert_eq!(decode(&enormous, 10, 131072).1, Some(1009));
    let running_total = [frame(false, 1, &[b'x'; 100]), vec![0x80, 29]].concat();
    assert_eq!(decode(&running_total, 1, 128).1, Some(1009));
    assert_eq!(decode(&running_total, 1, 129).1, None);
}

/// Empty fragments add no bytes to a message, so they never reach the limit for its size.
#[test]
fn frames_of_a_message_are_bounded() {
    let [begin, empty, end] = [frame(false, 2, b""), frame(false, 0, b""), frame(true, 0, b"x")];
    let most = (MAX_WIRE_BYTES as usize - begin.len() - end.len()) / empty.len();
    for (fragments, violation) in [(most, None), (most + 1, Some(1009)), (3 * most, Some(1009))] {
        // Control frames between the fragments, and earlier messages, do not count.
        let between = [frame(true, 9, b"?"), empty.repeat(1000)].concat();
        let middle = [between.repeat(fragments / 1000), empty.repeat(fragments % 1000)].concat();
        let stream = [&frame(true, 2, &[7; 4000]), &begin, &middle, &end].map(|bytes| &bytes[..]).concat();
        let (results, got) = decode(&stream, 65_536, 131_072);
        assert_eq!(got, violation, "{fragments} fragments");
        let whole = results.last().is_some_and(|last| *last == result("Binary", b"x"));
        assert_eq!(whole, violation.is_none());
    }
    let bytes: Vec<u8> = (0..131_072).flat_map(|at| frame(at == 131_071, if at == 0 { 2 } else { 0 }, b"x")).collect();
    let (results, violation) = decode(&bytes, 65_536, 131_072);
    assert!(violation.is_none() && results[0].1.len() == 131_072, "one byte in each frame");
}

#[test]
fn each_fragment_before_the_last_is_reported() {
    for size in [1, 3, usize::MAX] {
        let stream =
            [frame(false, 1, b"a"), frame(false, 0, b""), frame(true, 10, b""), frame(false, 0, b"b")].concat();
        let mut decoder = Decoder::new(100, None);
        let mut fragments = 0;
        for mut piece in stream.chunks(size) {
            while let Some(incoming) = decoder.next(&mut piece).unwrap() {
                fragments += usize::from(incoming == Incoming::Fragment);
            }
        }
        assert_eq!(fragments, 3);
    }
}

#[test]
fn messages_before_a_violation_are_returned() {
    let stream = [frame(true, 1, b"last words"), frame(true, 0, b"")].concat();
    for size in SIZES {
        assert_eq!(decode(&stream, size.min(stream.len()), 100), (vec![result("Text", b"last words")], Some(1002)));
    }
}

#[test]
fn a_message_buffer_has_at_most_twice_the_size_of_the_message() {
    for len in [DIRECT_READ_SIZE, 40_000, 65_536, 131_072] {
        let mut decoder = Decoder::new(131_072, None);
        assert_eq!(decoder.next(&mut &frame(true, 2, &vec![0; len])[..100]), Ok(None));
        let capacity = decoder.message.capacity();
        assert!((len + 1..=2 * len + 64).contains(&capacity), "{capacity} for {len}");
    }
}

#[test]
fn order_of_fragments_is_checked() {
    let begun_twice = [frame(false, 1, b"a"), frame(true, 1, b"b")].concat();
    assert_eq!(decode(&begun_twice, 1, 100).1, Some(1002));
    let begun_twice = [frame(false, 1, b"a"), frame(true, 2, b"b")].concat();
    assert_eq!(decode(&begun_twice, 100, 100).1, Some(1002));
    assert_eq!(decode(&frame(false, 0, b""), 100, 100).1, Some(1002));
}

#[test]
fn invalid_utf8_is_refused_at_its_first_byte() {
    assert_eq!(decode(&frame(true, 1, b"ab\xff"), 100, 100).1, Some(1007));
    // Neither the frame nor the message is complete.
    let first_bytes = &frame(false, 1, b"\xf4\x90\x80\x80 and so on")[..4];
    assert_eq!(decode(first_bytes, 1, 100).1, Some(1007));
    // The message ends inside a character.
    let cut_off = [frame(false, 1, b"\xce"), frame(true, 0, b"")].concat();
    for size in SIZES {
        assert_eq!(decode(&cut_off, size.min(cut_off.len()), 100).1, Some(1007));
    }
    // A binary message may have any bytes.
    assert_eq!(decode(&frame(true, 2, b"\xff"), 1, 100).1, None);
}

#[test]
fn the_text_of_the_frame_limit_has_its_number() {
    let number = format!("{} MiB", MAX_WIRE_BYTES >> 20);
    assert!(TOO_MANY_WIRE_BYTES.detail.ends_with(&number), "{number}");
}
