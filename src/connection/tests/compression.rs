//! Connections with permessage-deflate.

use super::lab::{Lab, frame, play};
use crate::protocol::deflate::{Agreement, Deflater, Inflater, MAX_WINDOW_BITS, Offer};

const OFFER: Offer = Offer {
    client_no_context_takeover: false,
    server_no_context_takeover: false,
    client_max_window_bits: MAX_WINDOW_BITS,
    server_max_window_bits: MAX_WINDOW_BITS,
    level: 6,
    threshold: 100,
};
const AGREEMENT: Agreement = Agreement {
    client_no_context_takeover: false,
    server_no_context_takeover: false,
    client_max_window_bits: MAX_WINDOW_BITS,
    server_max_window_bits: MAX_WINDOW_BITS,
};

fn open(lab: &mut Lab) {
    lab.begin_with("ws://10.0.0.1/", |config| config.request.deflate = Some(OFFER));
    lab.tcp(Ok(()));
    let answer = lab.answer();
    lab.serve(answer.trim_end().as_bytes());
    lab.serve(b"\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n");
    lab.tell();
}

/// A frame of a deflated message, as a server sends it.
fn deflated(deflater: &mut Deflater, message: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    assert_eq!(deflater.deflate(message, &mut out), Ok(true));
    frame(0xc1, &out)
}

/// The masked frames that the client wrote: their first bytes, and their payloads.
fn frames(wire: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut rest = wire;
    let mut frames = Vec::new();
    while let [first, second, ..] = *rest {
        let (len, header) = match second & 0x7f {
            126 => (usize::from(u16::from_be_bytes([rest[2], rest[3]])), 8),
            short => (usize::from(short), 6),
        };
        frames.push((first, rest[header..header + len].to_vec())); // the lab's masks are zero
        rest = &rest[header + len..];
    }
    frames
}

#[test]
fn messages_go_both_ways_deflated_or_not() {
    let long = "all work and no play ".repeat(20);
    let scenario = |lab: &mut Lab| {
        open(lab);
        let _ = lab.send(&long);
        let _ = lab.send("short");
        let _ = lab.send(&long);
        let mut server = Deflater::new(&OFFER, &AGREEMENT);
        let bytes =
            [deflated(&mut server, long.as_bytes()), frame(0x81, b"plain"), deflated(&mut server, long.as_bytes())];
        lab.serve(&bytes.concat());
        lab.close(b"\x03\xe8");
        if !lab.fails() {
            let written = frames(&lab.wire().from_client);
            assert_eq!(written.iter().map(|(first, _)| *first).collect::<Vec<_>>(), [0xc1, 0x81, 0xc1, 0x88]);
            let mut inflater = Inflater::new(&AGREEMENT);
            for at in [0, 2] {
                let mut message = Vec::new();
                inflater.feed(&written[at].1, &mut message, 1000).unwrap();
                inflater.finish().unwrap();
                assert_eq!(message, long.as_bytes());
            }
            assert!(written[2].1.len() < written[0].1.len(), "the context is taken over");
            assert_eq!(lab.buffered(), 0);
        }
        lab.serve(&frame(0x88, b"\x03\xe8"));
        lab.end_stream();
    };
    let text = format!("text {long}");
    play(scenario, &["connected", &text, "text plain", &text, "closed OK in Closing by Local, got 1000, sent 1000"]);
}

#[test]
fn what_could_not_be_written_is_counted_as_it_was_sent() {
    let long = "x".repeat(400);
    let scenario = |lab: &mut Lab| {
        open(lab);
        lab.wire().from_client.clear();
        lab.wire().room = 0;
        for _ in 0..3 {
            let _ = lab.send(&long);
        }
        // The first frame and a part of the second.
        lab.wire().room = 20;
        lab.turn();
        lab.wire().room = 0;
        let whole = lab.wire().from_client.get(1).map_or(0, |len| usize::from(len & 0x7f) + 6);
        assert!(lab.fails() || whole < 20, "it is deflated");
        lab.end_stream();
    };
    play(
        scenario,
        &["connected", "closed ConnectionLost in Open by Transport, got 1006, sent 0, unsent 2 of 800 bytes"],
    );
}

#[test]
fn what_cannot_be_inflated_breaks_the_protocol() {
    let scenario = |lab: &mut Lab| {
        open(lab);
        lab.serve(&frame(0xc1, b"\x07"));
        lab.end_stream();
    };
    play(scenario, &["connected", "closed Protocol in Open by Local, got 1006, sent 1002"]);
    let too_big = |lab: &mut Lab| {
        open(lab);
        let bomb = deflated(&mut Deflater::new(&OFFER, &AGREEMENT), &[b'x'; 1001]);
        lab.serve(&bomb);
        lab.end_stream();
    };
    play(too_big, &["connected", "closed MessageTooBig in Open by Local, got 1006, sent 1009"]);
}
