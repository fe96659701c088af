//! A session's incoming half: frames, messages, permessage-deflate.

use super::heap;
use super::script::{End, Script};
use super::source::{Cuts, Source};
use egret_ws::protocol::deflate::{Agreement, Inflater};
use egret_ws::protocol::message::{Body, Decoder, Item, Kind};
use egret_ws::protocol::{Violation, ViolationKind};

/// What may be allocated at a time beyond the cap: a control frame, or a step of inflating.
const STEP: usize = 16 << 10;

/// Under what the stream is read.
#[derive(Debug)]
pub struct Terms {
    pub deflate: Option<Agreement>,
    pub cap: usize,
}

/// What comes out of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    Message(Kind, Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<u16>, String),
}

/// Reads a stream, which is the input itself or built as the input says.
pub fn session(data: &[u8]) {
    let mut source = Source(data);
    let terms = Terms::read(&mut source);
    let cuts = Cuts::read(&mut source);
    let script = source.flag().then(|| Script::build(&terms, &mut source));
    let stream = script.as_ref().map_or(source.0, |script| &script.stream);

    let outcomes = cuts.each_ref().map(|cuts| decode(&terms, stream, cuts));
    for (outcome, cuts) in outcomes.iter().zip(&cuts) {
        if let Some(script) = &script {
            compare(script, outcome, &format!("{terms:?}, {cuts:?}"));
        }
        assert_alike(&terms, &outcomes[0], outcome, &format!("{terms:?}, {cuts:?}"));
    }
}

impl Terms {
    fn read(source: &mut Source) -> Terms {
        const CAPS: [usize; 8] = [0, 1, 5, 125, 126, 1000, 65_535, 131_072];
        let (flags, bits) = (source.byte(), source.byte());
        let deflate = Agreement {
            client_no_context_takeover: flags & 2 != 0,
            server_no_context_takeover: flags & 4 != 0,
            client_max_window_bits: 8 + bits % 8,
            server_max_window_bits: 8 + bits / 8 % 8,
        };
        Terms { deflate: (flags & 1 != 0).then_some(deflate), cap: CAPS[source.below(CAPS.len())] }
    }
}

type Outcome = (Vec<Seen>, Option<Violation>);

/// Everything that comes out of the stream in these pieces, and the violation it ends with, if any.
fn decode(terms: &Terms, stream: &[u8], cuts: &Cuts) -> Outcome {
    let mut decoder = Decoder::new(terms.cap, terms.deflate.as_ref().map(Inflater::new));
    let mut seen = Vec::new();
    for mut piece in cuts.pieces(stream) {
        loop {
            heap::reset();
            let item = decoder.next(&mut piece);
            let largest = heap::largest();
            assert!(largest <= terms.cap + STEP, "{largest} bytes were allocated, {terms:?}");
            match item {
                Ok(Some(Item::Fragment)) => {}
                Ok(Some(item)) => seen.push(see(terms, item, seen.len())),
                Ok(None) => break,
                Err(violation) => return (seen, Some(violation)),
            }
            if matches!(seen.last(), Some(Seen::Close(..))) {
                return (seen, None); // Nothing that follows counts.
            }
        }
        assert!(piece.is_empty(), "all of the input was used");
    }
    (seen, None)
}

fn see(terms: &Terms, item: Item, number: usize) -> Seen {
    let (kind, bytes) = match item {
        Item::Ping(payload) => return Seen::Ping(payload.to_vec()),
        Item::Pong(payload) => return Seen::Pong(payload.to_vec()),
        Item::Close(code, reason) => return Seen::Close(code, reason.to_owned()),
        Item::Fragment => unreachable!("it is nothing to be seen"),
        Item::Message(kind, Body::Input(bytes)) => (kind, bytes.to_vec()),
        // It may be taken and may be left.
        Item::Message(kind, Body::Collected(body)) if number.is_multiple_of(2) => (kind, std::mem::take(body)),
        Item::Message(kind, Body::Collected(body)) => (kind, body.clone()),
    };
    assert!(bytes.len() <= terms.cap, "{} bytes, {terms:?}", bytes.len());
    assert!(kind == Kind::Binary || str::from_utf8(&bytes).is_ok(), "a text that is not UTF-8");
    Seen::Message(kind, bytes)
}

/// However the stream is cut, the same comes out of it.
fn assert_alike(terms: &Terms, whole: &Outcome, other: &Outcome, context: &str) {
    if whole == other {
        return;
    }
    // Of several things wrong with a deflated message, pieces show the first, and the whole what ended its inflation.
    let in_a_message = |outcome: &Outcome| {
        outcome.1.is_some_and(|it| it.kind != ViolationKind::Protocol || it.detail == CANNOT_BE_INFLATED)
    };
    if terms.deflate.is_some() && whole.0 == other.0 && in_a_message(whole) && in_a_message(other) {
        return;
    }
    assert_eq!(whole, other, "{context}");
}

const CANNOT_BE_INFLATED: &str = "a compressed message cannot be inflated";

/// What was built came out.
fn compare(script: &Script, (seen, violation): &Outcome, context: &str) {
    let kind = violation.map(|violation| violation.kind);
    match &script.end {
        End::Open => assert_eq!((seen, kind), (&script.expected, None), "{context}"),
        End::Refused { certain, kinds } => {
            // Control frames between the fragments may come out before the message shows what it is.
            assert!(seen.len() >= *certain && script.expected.starts_with(seen), "{seen:?}, {script:?}, {context}");
            assert!(kind.is_some_and(|kind| kinds.contains(&kind)), "{violation:?}, {script:?}, {context}");
        }
    }
}
