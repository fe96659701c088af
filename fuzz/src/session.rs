//! The decoder: frames, messages, permessage-deflate.

use super::heap;
use super::received::{DecoderConfig, Received};
use super::script::{ExpectedEnd, Script};
use super::source::{PieceSizes, Source};
use egret_ws::protocol::decoder::{Decoder, Incoming};
use egret_ws::protocol::deflate::Inflater;
use egret_ws::protocol::message::{MessageKind, Payload};
use egret_ws::protocol::{Violation, ViolationKind};

/// How many bytes one allocation may have at most beyond the size limit of messages: a control frame, or one step of inflating.
const MAX_EXTRA_ALLOCATION: usize = 16 << 10;

/// Decodes a stream, which is the fuzz input itself or is generated from it.
pub fn session(data: &[u8]) {
    let mut source = Source(data);
    let config = DecoderConfig::read(&mut source);
    let sizes = PieceSizes::read(&mut source);
    let script = source.flag().then(|| Script::build(&config, &mut source));
    let stream = script.as_ref().map_or(source.0, |script| &script.stream);

    let outcomes = sizes.each_ref().map(|sizes| decode(&config, stream, sizes));
    for (outcome, sizes) in outcomes.iter().zip(&sizes) {
        if let Some(script) = &script {
            compare(script, outcome, &format!("{config:?}, {sizes:?}"));
        }
        assert_same(&config, &outcomes[0], outcome, &format!("{config:?}, {sizes:?}"));
    }
}

type Outcome = (Vec<Received>, Option<Violation>);

/// Decodes the stream in these pieces. Returns all results, and the violation at the end, if any.
fn decode(config: &DecoderConfig, stream: &[u8], sizes: &PieceSizes) -> Outcome {
    let mut decoder = Decoder::new(config.max_message, config.deflate.as_ref().map(Inflater::new));
    let mut received = Vec::new();
    for mut piece in sizes.pieces(stream) {
        loop {
            heap::reset();
            let incoming = decoder.next(&mut piece);
            let largest = heap::largest();
            assert!(largest <= config.max_message + MAX_EXTRA_ALLOCATION, "{largest} bytes were allocated, {config:?}");
            match incoming {
                Ok(Some(Incoming::Fragment)) => {}
                Ok(Some(incoming)) => received.push(copy(config, incoming, received.len())),
                Ok(None) => break,
                Err(violation) => return (received, Some(violation)),
            }
            if matches!(received.last(), Some(Received::Close(..))) {
                return (received, None); // The decoder is not used after a Close frame.
            }
        }
        assert!(piece.is_empty(), "all of the input was used");
    }
    (received, None)
}

fn copy(config: &DecoderConfig, incoming: Incoming, number: usize) -> Received {
    let (kind, bytes) = match incoming {
        Incoming::Ping(payload) => return Received::Ping(payload.to_vec()),
        Incoming::Pong(payload) => return Received::Pong(payload.to_vec()),
        Incoming::Close(code, reason) => return Received::Close(code, reason.to_owned()),
        Incoming::Fragment => unreachable!("the caller skips fragments"),
        Incoming::Message(kind, Payload::InPlace(bytes)) => (kind, bytes.to_vec()),
        // A caller may take the buffer or leave it, so both cases are tested.
        Incoming::Message(kind, Payload::Assembled(buffer)) if number.is_multiple_of(2) => {
            (kind, std::mem::take(buffer))
        }
        Incoming::Message(kind, Payload::Assembled(buffer)) => (kind, buffer.clone()),
    };
    assert!(bytes.len() <= config.max_message, "{} bytes, {config:?}", bytes.len());
    assert!(kind == MessageKind::Binary || str::from_utf8(&bytes).is_ok(), "a text that is not UTF-8");
    Received::Message(kind, bytes)
}

/// Checks that the division of the stream does not change the results.
fn assert_same(config: &DecoderConfig, whole: &Outcome, other: &Outcome, context: &str) {
    if whole == other {
        return;
    }
    // If a compressed message violates several rules, pieces show the first violation, and the whole message shows the one that
    // ended its inflation.
    let in_a_message = |outcome: &Outcome| {
        outcome.1.is_some_and(|it| it.kind != ViolationKind::Protocol || it.detail == CANNOT_BE_INFLATED)
    };
    if config.deflate.is_some() && whole.0 == other.0 && in_a_message(whole) && in_a_message(other) {
        return;
    }
    assert_eq!(whole, other, "{context}");
}

const CANNOT_BE_INFLATED: &str = "a compressed message cannot be inflated";

/// Compares the results with those that the generator expects.
fn compare(script: &Script, (received, violation): &Outcome, context: &str) {
    let kind = violation.map(|violation| violation.kind);
    match &script.end {
        ExpectedEnd::Open => assert_eq!((received, kind), (&script.expected, None), "{context}"),
        ExpectedEnd::Refused { at_least, kinds } => {
            // Control frames between the fragments may be returned before the message is refused.
            assert!(
                received.len() >= *at_least && script.expected.starts_with(received),
                "{received:?}, {script:?}, {context}"
            );
            assert!(kind.is_some_and(|kind| kinds.contains(&kind)), "{violation:?}, {script:?}, {context}");
        }
    }
}
