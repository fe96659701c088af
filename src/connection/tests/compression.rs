//! Connections with permessage-deflate.

use super::scenario::run_scenario;
use super::simulation::{Simulation, frame};
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

fn open(sim: &mut Simulation) {
    sim.begin_with("ws://10.0.0.1/", |config| config.request.deflate = Some(OFFER));
    sim.connect_result(Ok(()));
    let answer = sim.answer();
    sim.server_sends(answer.trim_end().as_bytes());
    sim.server_sends(b"\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n");
    sim.report_open();
}

/// A frame of a deflated message, as a server sends it.
fn deflated(deflater: &mut Deflater, message: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    assert_eq!(deflater.deflate(message, &mut out), Ok(true));
    frame(0xc1, &out)
}

/// Returns the masked frames that the client wrote: their first bytes, and their payloads.
fn frames(wire: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut rest = wire;
    let mut frames = Vec::new();
    while let [first, second, ..] = *rest {
        let (len, header) = match second & 0x7f {
            126 => (usize::from(u16::from_be_bytes([rest[2], rest[3]])), 8),
            short => (usize::from(short), 6),
        };
        frames.push((first, rest[header..header + len].to_vec())); // the masking keys are zero
        rest = &rest[header + len..];
    }
    frames
}

#[test]
fn messages_are_deflated_from_the_threshold_both_ways() {
    let long = "all work and no play ".repeat(20);
    let scenario = |sim: &mut Simulation| {
        open(sim);
        let _ = sim.send(&long);
        let _ = sim.send("short");
        let _ = sim.send(&long);
        let mut server = Deflater::new(&OFFER, &AGREEMENT);
        let bytes =
            [deflated(&mut server, long.as_bytes()), frame(0x81, b"plain"), deflated(&mut server, long.as_bytes())];
        sim.server_sends(&bytes.concat());
        sim.close(b"\x03\xe8");
        if !sim.injects_failure() {
            let written = frames(&sim.wire().from_client);
            assert_eq!(written.iter().map(|(first, _)| *first).collect::<Vec<_>>(), [0xc1, 0x81, 0xc1, 0x88]);
            let mut inflater = Inflater::new(&AGREEMENT);
            for at in [0, 2] {
                let mut message = Vec::new();
                inflater.feed(&written[at].1, &mut message, 1000).unwrap();
                inflater.finish().unwrap();
                assert_eq!(message, long.as_bytes());
            }
            assert!(written[2].1.len() < written[0].1.len(), "the context is taken over");
            assert_eq!(sim.buffered(), 0);
        }
        sim.server_sends(&frame(0x88, b"\x03\xe8"));
        sim.end_stream();
    };
    let text = format!("text {long}");
    run_scenario(
        scenario,
        &["connected", &text, "text plain", &text, "closed OK in Closing by Local, got 1000, sent 1000"],
    );
}

#[test]
fn unsent_messages_are_counted_by_their_uncompressed_size() {
    let long = "x".repeat(400);
    let scenario = |sim: &mut Simulation| {
        open(sim);
        sim.wire().from_client.clear();
        sim.wire().room = 0;
        for _ in 0..3 {
            let _ = sim.send(&long);
        }
        // The network takes the first frame and a part of the second.
        sim.wire().room = 20;
        sim.turn();
        sim.wire().room = 0;
        let whole = sim.wire().from_client.get(1).map_or(0, |len| usize::from(len & 0x7f) + 6);
        assert!(sim.injects_failure() || whole < 20, "the message is deflated");
        sim.end_stream();
    };
    run_scenario(
        scenario,
        &["connected", "closed ConnectionLost in Open by Transport, got 1006, sent 0, unsent 2 of 800 bytes"],
    );
}

#[test]
fn invalid_and_too_large_compressed_messages_fail_the_connection() {
    let scenario = |sim: &mut Simulation| {
        open(sim);
        sim.server_sends(&frame(0xc1, b"\x07"));
        sim.end_stream();
    };
    run_scenario(scenario, &["connected", "closed Protocol in Open by Local, got 1006, sent 1002"]);
    let too_big = |sim: &mut Simulation| {
        open(sim);
        let bomb = deflated(&mut Deflater::new(&OFFER, &AGREEMENT), &[b'x'; 1001]);
        sim.server_sends(&bomb);
        sim.end_stream();
    };
    run_scenario(too_big, &["connected", "closed MessageTooBig in Open by Local, got 1006, sent 1009"]);
}

/// The trace contains the lengths on the wire, and marks each frame of a compressed message.
#[test]
fn a_trace_has_compressed_frames() {
    let long = "all work and no play ".repeat(20);
    let mut sim = Simulation::new();
    sim.trace_frames();
    open(&mut sim);
    sim.send(&long).unwrap();
    sim.send("short").unwrap();
    let whole = deflated(&mut Deflater::new(&OFFER, &AGREEMENT), long.as_bytes());
    let len = whole.len() - 2;
    let parts = [frame(0x41, &whole[2..5]), frame(0x89, b""), frame(0x80, &whole[5..])];
    sim.server_sends(&[whole.clone(), parts.concat(), frame(0x81, b"plain")].concat());
    let text = format!("text {long}");
    let wanted = [
        "connected",
        &format!("Sent 1 of {len}, compressed"),
        "Sent 1 of 5",
        &format!("Received 1 of {len}, compressed"),
        &text,
        "Received 1 of 3, more, compressed",
        "Received 9 of 0",
        &format!("Received 0 of {}, compressed", len - 3),
        &text,
        "Received 1 of 5",
        "text plain",
        "Sent 10 of 0",
    ];
    assert_eq!(sim.events(), wanted);
}
