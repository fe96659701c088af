//! Measures permessage-deflate: the CPU time of a message of 16 KiB of JSON, received and sent, compared with `flate2` alone on the
//! same bytes. The limit for received messages is 1.1 times the time of `flate2`.
//!
//! A received message is text in one frame. The library reads the header, inflates the payload and checks UTF-8. Then the benchmark
//! takes the buffer, as the library's receive queue does, so each message gets new memory. `flate2` alone inflates into one buffer
//! that is large enough from the start. For sent messages both compress into one buffer.
#![allow(unsafe_code)] // The CPU time of a thread comes from libc.

use egret_ws::protocol::decoder::{Decoder, Incoming};
use egret_ws::protocol::deflate::{Agreement, Deflater, Inflater, MAX_WINDOW_BITS, Offer};
use egret_ws::protocol::message::{MessageKind, Payload};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use std::fmt::Write;
use std::hint::black_box;
use std::mem;
use std::time::Duration;

const ROUNDS: usize = 41;
const MESSAGES: usize = 128;
const SIZE: usize = 16 * 1024;
/// The payload of one TCP packet. Some reads return only that much.
const PIECE: usize = 1448;
const MAX_MESSAGE: usize = 128 * 1024;
const LEVEL: u8 = 6;
/// The last bytes of a compressed message, which are not sent (RFC 7692 section 7.2.1).
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

fn main() {
    let messages: Vec<String> = (0..MESSAGES as u64).map(json).collect();
    println!("CPU time of a message of 16 KiB of JSON, in µs, medians of {ROUNDS} rounds.");
    for (context, is_alone) in [("context taken over", false), ("each by itself", true)] {
        let streams = deflated(&messages, is_alone);
        let wire: usize = streams.iter().map(|stream| stream.len() - TAIL.len()).sum();
        println!("{context}: {} bytes on the wire", wire / MESSAGES);
        received("received", usize::MAX, &messages, &streams, is_alone);
        received("in pieces", PIECE, &messages, &streams, is_alone);
        sent(&messages, &streams, is_alone);
    }
}

/// Passes `piece` bytes at a time to both, or a whole message if it is shorter.
fn received(name: &str, piece: usize, messages: &[String], streams: &[Vec<u8>], is_alone: bool) {
    let frames: Vec<Vec<u8>> = streams.iter().map(|stream| frame(&stream[..stream.len() - TAIL.len()])).collect();
    let mut decoder = Decoder::new(MAX_MESSAGE, Some(Inflater::new(&agreement(is_alone))));
    let mut ours = |check: Check| {
        for (frame, message) in frames.iter().zip(messages) {
            let mut is_whole = false;
            for mut input in frame.chunks(piece) {
                match decoder.next(&mut input) {
                    Ok(None) => {}
                    Ok(Some(Incoming::Message(MessageKind::Text, Payload::Assembled(body)))) => {
                        check(&mem::take(body), message.as_bytes());
                        is_whole = true;
                    }
                    other => panic!("not the message: {other:?}"),
                }
            }
            assert!(is_whole, "the message is not complete");
        }
    };
    let (mut stream, mut out) = (Decompress::new(false), Vec::with_capacity(SIZE + 1));
    let mut alone = |check: Check| {
        for (deflated, message) in streams.iter().zip(messages) {
            out.clear();
            for input in deflated.chunks(piece) {
                stream.decompress_vec(input, &mut out, FlushDecompress::None).expect("it is DEFLATE");
            }
            check(&out, message.as_bytes());
            if is_alone {
                stream.reset(false);
            }
        }
    };
    compare(name, Some(1.1), &mut ours, &mut alone);
}

fn sent(messages: &[String], streams: &[Vec<u8>], is_alone: bool) {
    let mut deflater = Deflater::new(&offer(is_alone), &agreement(is_alone));
    let mut out = Vec::with_capacity(SIZE);
    let mut ours = |check: Check| {
        for (message, deflated) in messages.iter().zip(streams) {
            out.clear();
            assert_eq!(
                deflater.deflate(message.as_bytes(), &mut out),
                Ok(true),
                "compression makes the message smaller"
            );
            check(&out, &deflated[..deflated.len() - TAIL.len()]);
        }
    };
    let mut stream = Compress::new(Compression::new(LEVEL.into()), false);
    let mut out = Vec::with_capacity(SIZE);
    let mut alone = |check: Check| {
        for (message, deflated) in messages.iter().zip(streams) {
            deflate(&mut stream, message, &mut out, is_alone);
            check(&out, deflated);
        }
    };
    compare("sent", None, &mut ours, &mut alone);
}

/// Gets the actual and the expected bytes. In the warm-up round it compares them.
type Check = fn(&[u8], &[u8]);

/// Each ratio is computed within one round, so that other load on the machine affects both values.
fn compare(name: &str, limit: Option<f64>, ours: &mut dyn FnMut(Check), alone: &mut dyn FnMut(Check)) {
    let whole: Check = |found, expected| assert!(found == expected, "another message");
    ours(whole);
    alone(whole);
    let mut rounds = Vec::new();
    for round in 0..ROUNDS {
        let first = round % 2 == 0;
        let early = if first { cost(ours) } else { cost(alone) };
        let late = if first { cost(alone) } else { cost(ours) };
        rounds.push(if first { (early, late) } else { (late, early) });
    }
    let median = |number: fn(&(f64, f64)) -> f64| {
        let mut numbers: Vec<f64> = rounds.iter().map(number).collect();
        numbers.sort_by(f64::total_cmp);
        numbers[ROUNDS / 2]
    };
    let ratio = median(|(ours, alone)| ours / alone);
    let verdict = match limit {
        Some(limit) if ratio > limit => ", ABOVE the limit",
        Some(_) => ", within the limit",
        None => "",
    };
    let (ours, alone) = (median(|round| round.0), median(|round| round.1));
    println!("  {name:<11}egret-ws {ours:7.2}   flate2 {alone:7.2}   ratio {ratio:.3}{verdict}");
}

/// Microseconds of CPU time for each message.
fn cost(work: &mut dyn FnMut(Check)) -> f64 {
    let began = thread_time();
    work(|found, _| {
        black_box(found);
    });
    (thread_time() - began).as_secs_f64() * 1e6 / MESSAGES as f64
}

/// Returns the state of a game as JSON: the names repeat, the numbers differ.
fn json(number: u64) -> String {
    let mut seed = number * 2 + 1;
    let mut random = move |below: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % below
    };
    let mut text = format!(r#"{{"type":"state","tick":{},"entities":["#, number * 3);
    while text.len() < SIZE - 200 {
        let (id, x, y) = (random(10_000), random(1_000_000), random(1_000_000));
        let (kind, health) = (["player", "monster", "arrow", "tree"][random(4) as usize], random(101));
        let (x, y) = (x as f64 / 1000.0, y as f64 / 1000.0);
        write!(text, r#"{{"id":{id},"kind":"{kind}","x":{x:.3},"y":{y:.3},"health":{health},"name":"{kind} {id}"}},"#)
            .expect("a String takes all");
    }
    text += r#"null],"padding":""#;
    let padding = SIZE - text.len() - 2;
    text + &".".repeat(padding) + "\"}"
}

/// Returns the messages, compressed by a server, each with its tail.
fn deflated(messages: &[String], is_alone: bool) -> Vec<Vec<u8>> {
    let mut stream = Compress::new(Compression::new(LEVEL.into()), false);
    let deflated = |message| {
        let mut out = Vec::with_capacity(SIZE);
        deflate(&mut stream, message, &mut out, is_alone);
        assert!(out.ends_with(&TAIL) && out.len() < out.capacity(), "everything is flushed");
        out
    };
    messages.iter().map(deflated).collect()
}

fn deflate(stream: &mut Compress, message: &String, out: &mut Vec<u8>, is_alone: bool) {
    out.clear();
    stream.compress_vec(message.as_bytes(), out, FlushCompress::Sync).expect("it does not fail");
    if is_alone {
        stream.reset();
    }
}

/// Returns a compressed text message in one frame of a server.
fn frame(payload: &[u8]) -> Vec<u8> {
    let len = u16::try_from(payload.len()).expect("it shrinks").to_be_bytes();
    [&[0xc1, 126], &len[..], payload].concat()
}

fn offer(is_alone: bool) -> Offer {
    Offer {
        client_no_context_takeover: is_alone,
        server_no_context_takeover: is_alone,
        client_max_window_bits: MAX_WINDOW_BITS,
        server_max_window_bits: MAX_WINDOW_BITS,
        level: LEVEL,
        threshold: 256,
    }
}

fn agreement(is_alone: bool) -> Agreement {
    Agreement {
        client_no_context_takeover: is_alone,
        server_no_context_takeover: is_alone,
        client_max_window_bits: MAX_WINDOW_BITS,
        server_max_window_bits: MAX_WINDOW_BITS,
    }
}

/// The CPU time of this thread.
fn thread_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is writable.
    assert_eq!(unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) }, 0);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
