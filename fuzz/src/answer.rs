//! The answer to the upgrade: an HTTP head, and permessage-deflate in it.

use super::source::{Cuts, Source};
use egret_ws::protocol::deflate::{Agreement, Offer};
use egret_ws::protocol::head::MAX_HEAD;
use egret_ws::protocol::upgrade::{Agreed, Answer, Refusal, RequestOptions, subprotocols};

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
/// What answers it: both are RFC 6455's own example.
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// What the answer came to, and its head for the host.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    result: Result<Option<Opened>, Refusal>,
    status: u16,
    headers: String,
}

/// What a right answer agreed on, and what follows it.
#[derive(Debug, PartialEq, Eq)]
struct Opened {
    subprotocol: String,
    deflate: Option<Agreement>,
    rest: Vec<u8>,
}

/// Reads an answer: the input itself, or the input as headers of an answer that is right but for them.
pub fn answer(data: &[u8]) {
    let mut source = Source(data);
    let extras = extras(&mut source);
    let cuts = Cuts::read(&mut source);
    let is_right = format!(
        "HTTP/1.1 101 Switching Protocols\r\n\
         Connection: Upgrade\r\n\
         Upgrade: websocket\r\n\
         Sec-WebSocket-Accept: {ACCEPT}\r\n"
    );
    let extension = "Sec-WebSocket-Extensions: permessage-deflate";
    let stream = match source.below(4) {
        0 => source.0.to_vec(),
        1 => [is_right.as_bytes(), source.0].concat(),
        2 => [is_right.as_bytes(), extension.as_bytes(), source.0].concat(),
        // Heads of the longest length there may be, and around it.
        _ => {
            let interim = if source.flag() { "HTTP/1.1 103 Early Hints\r\n\r\n" } else { "" };
            let head = [interim, &is_right, "X: "].concat();
            let padding = "x".repeat(MAX_HEAD - head.len() - "\r\n\r\n".len() - 8 + source.below(16));
            [head.as_bytes(), padding.as_bytes(), b"\r\n\r\n", source.0].concat()
        }
    };
    let outcomes = cuts.each_ref().map(|cuts| read(&extras, &stream, cuts));
    for (outcome, cuts) in outcomes.iter().zip(&cuts) {
        check(&extras, &stream, outcome);
        assert_eq!(*outcome, outcomes[0], "{cuts:?}, {}", stream.escape_ascii());
    }
}

fn extras(source: &mut Source) -> RequestOptions {
    let (flags, bits) = (source.byte(), source.byte());
    let offer = Offer {
        client_no_context_takeover: flags & 2 != 0,
        server_no_context_takeover: flags & 4 != 0,
        client_max_window_bits: 9 + bits % 7,
        server_max_window_bits: 9 + bits / 16 % 7,
        level: 6,
        threshold: 0,
    };
    let offered = if flags & 8 != 0 { subprotocols("chat, superchat").expect("tokens") } else { Vec::new() };
    RequestOptions { deflate: (flags & 1 != 0).then_some(offer), subprotocols: offered, ..RequestOptions::default() }
}

fn read(extras: &RequestOptions, stream: &[u8], cuts: &Cuts) -> Outcome {
    let mut answer = Answer::new(KEY, extras);
    let mut result = Ok(None);
    let mut fed = 0;
    for piece in cuts.pieces(stream) {
        fed += piece.len();
        match answer.feed(piece) {
            Ok(None) => continue,
            Ok(Some(Agreed { subprotocol, deflate, rest })) => {
                assert!(piece.ends_with(rest), "what is left of the input is its end");
                // With all that was not fed, since where the head ends is what must not depend on the pieces.
                result = Ok(Some(Opened { subprotocol, deflate, rest: [rest, &stream[fed..]].concat() }));
            }
            Err(refusal) => result = Err(refusal),
        }
        break;
    }
    let (status, headers) = answer.into_head();
    Outcome { result, status, headers }
}

/// What holds for every outcome.
fn check(extras: &RequestOptions, stream: &[u8], outcome: &Outcome) {
    let context = stream.escape_ascii();
    match &outcome.result {
        Ok(None) => assert!(stream.len() < MAX_HEAD, "more than a head was waited for: {context}"),
        Ok(Some(Opened { subprotocol, deflate, rest })) => {
            assert_eq!(outcome.status, 101);
            assert!(stream.len() - rest.len() <= MAX_HEAD, "{context}");
            assert_eq!(subprotocol.is_empty(), extras.subprotocols.is_empty(), "{context}");
            assert!(subprotocol.is_empty() || extras.subprotocols.contains(subprotocol), "{context}");
            if let Some(agreement) = deflate {
                let offer = extras.deflate.as_ref().expect("nothing is agreed on that was not offered");
                assert!(is_within(agreement, offer), "{agreement:?}, {offer:?}, {context}");
            }
        }
        Err(Refusal::Status { status, .. }) => assert!(*status == outcome.status && *status != 101, "{context}"),
        Err(Refusal::Malformed { status, .. }) => assert!([0, 101].contains(status), "{context}"),
        Err(Refusal::NoMemory) => panic!("{context}"),
    }
    assert!(outcome.headers.lines().all(|line| line.contains(": ")), "{context}");
}

/// RFC 7692 section 7.1: an answer may give less than was offered, and must give what was asked for.
fn is_within(agreement: &Agreement, offer: &Offer) -> bool {
    (8..=offer.client_max_window_bits).contains(&agreement.client_max_window_bits)
        && (8..=offer.server_max_window_bits).contains(&agreement.server_max_window_bits)
        && agreement.client_no_context_takeover >= offer.client_no_context_takeover
        && agreement.server_no_context_takeover >= offer.server_no_context_takeover
}
