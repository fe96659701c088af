//! The response to the upgrade request: an HTTP head, with permessage-deflate, and the body of a refusal.

use super::source::{PieceSizes, Source};
use egret_ws::protocol::deflate::{Agreement, Offer};
use egret_ws::protocol::handshake::{RequestOptions, ResponseReader, UpgradeError, Upgraded};
use egret_ws::protocol::http_body::BodyReader;
use egret_ws::protocol::http_head::MAX_HEAD;

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
/// The accept value for this key. Both are the example of RFC 6455.
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
/// How many bytes of a body are kept at most.
const MAX_BODY: usize = 100;

/// The result of reading the response, with its head and its body for the host.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    result: Result<Option<Accepted>, UpgradeError>,
    status: u16,
    headers: String,
    /// The body of a refusal with a complete head. Below: whether it needs no more bytes.
    body: Vec<u8>,
    is_done: bool,
}

/// The content of a response that accepts the upgrade, and the bytes after it.
#[derive(Debug, PartialEq, Eq)]
struct Accepted {
    subprotocol: String,
    deflate: Option<Agreement>,
    rest: Vec<u8>,
}

/// Reads a response: either the fuzz input itself, or a valid head with the fuzz input as additional headers.
pub fn answer(data: &[u8]) {
    let mut source = Source(data);
    let options = options(&mut source);
    let sizes = PieceSizes::read(&mut source);
    let valid_head = format!(
        "HTTP/1.1 101 Switching Protocols\r\n\
         Connection: Upgrade\r\n\
         Upgrade: websocket\r\n\
         Sec-WebSocket-Accept: {ACCEPT}\r\n"
    );
    let extension = "Sec-WebSocket-Extensions: permessage-deflate";
    let stream = match source.below(4) {
        0 => source.0.to_vec(),
        1 => [valid_head.as_bytes(), source.0].concat(),
        2 => [valid_head.as_bytes(), extension.as_bytes(), source.0].concat(),
        // These heads have a length near the limit.
        _ => {
            let interim = if source.flag() { "HTTP/1.1 103 Early Hints\r\n\r\n" } else { "" };
            let head = [interim, &valid_head, "X: "].concat();
            let padding = "x".repeat(MAX_HEAD - head.len() - "\r\n\r\n".len() - 8 + source.below(16));
            [head.as_bytes(), padding.as_bytes(), b"\r\n\r\n", source.0].concat()
        }
    };
    let outcomes = sizes.each_ref().map(|sizes| read(&options, &stream, sizes));
    for (outcome, sizes) in outcomes.iter().zip(&sizes) {
        check(&options, &stream, outcome);
        assert_eq!(*outcome, outcomes[0], "{sizes:?}, {}", stream.escape_ascii());
    }
}

fn options(source: &mut Source) -> RequestOptions {
    let (flags, bits) = (source.byte(), source.byte());
    let offer = Offer {
        client_no_context_takeover: flags & 2 != 0,
        server_no_context_takeover: flags & 4 != 0,
        client_max_window_bits: 9 + bits % 7,
        server_max_window_bits: 9 + bits / 16 % 7,
        level: 6,
        threshold: 0,
    };
    let offered = if flags & 8 != 0 { ["chat", "superchat"].map(str::to_owned).to_vec() } else { Vec::new() };
    RequestOptions { deflate: (flags & 1 != 0).then_some(offer), subprotocols: offered, ..RequestOptions::default() }
}

fn read(options: &RequestOptions, stream: &[u8], sizes: &PieceSizes) -> Outcome {
    let mut reader = ResponseReader::new(KEY, options);
    let mut result = Ok(None);
    let mut fed = 0;
    let mut pieces = sizes.pieces(stream);
    let mut rest: &[u8] = &[];
    for piece in pieces.by_ref() {
        fed += piece.len();
        rest = piece;
        match reader.feed(&mut rest) {
            Ok(None) => continue,
            Ok(Some(Upgraded { subprotocol, deflate })) => {
                assert!(piece.ends_with(rest), "the rest is the end of the piece");
                // The bytes that were not fed are added, because the end of the head must not depend on the pieces.
                result = Ok(Some(Accepted { subprotocol, deflate, rest: [rest, &stream[fed..]].concat() }));
            }
            Err(error) => result = Err(error),
        }
        break;
    }
    let is_whole = matches!(result, Err(UpgradeError::Status { is_whole: true, .. }));
    let head = reader.into_head();
    let mut body = BodyReader::new(head.as_ref().filter(|_| is_whole), MAX_BODY);
    let is_done = body.feed(rest) || is_whole && pieces.any(|piece| body.feed(piece));
    let (status, headers) = head.map(|head| (head.status, head.headers)).unwrap_or_default();
    Outcome { result, status, headers, body: body.into_body(), is_done }
}

/// Checks rules that apply to every outcome.
fn check(options: &RequestOptions, stream: &[u8], outcome: &Outcome) {
    let context = stream.escape_ascii();
    match &outcome.result {
        Ok(None) => assert!(stream.len() < MAX_HEAD, "the reader waits for more than {MAX_HEAD} bytes: {context}"),
        Ok(Some(Accepted { subprotocol, deflate, rest })) => {
            assert_eq!(outcome.status, 101);
            assert!(stream.len() - rest.len() <= MAX_HEAD, "{context}");
            assert_eq!(subprotocol.is_empty(), options.subprotocols.is_empty(), "{context}");
            assert!(subprotocol.is_empty() || options.subprotocols.contains(subprotocol), "{context}");
            if let Some(agreement) = deflate {
                let offer = options.deflate.as_ref().expect("the response accepts only what was offered");
                assert!(is_allowed(agreement, offer), "{agreement:?}, {offer:?}, {context}");
            }
        }
        Err(UpgradeError::Status { status, .. }) => assert!(*status == outcome.status && *status != 101, "{context}"),
        Err(UpgradeError::Malformed { status, .. }) => assert!([0, 101].contains(status), "{context}"),
        Err(UpgradeError::NoMemory) => panic!("{context}"),
    }
    assert!(outcome.body.len() <= MAX_BODY && outcome.body.len() <= stream.len(), "{context}");
    assert!(outcome.body.len() < MAX_BODY || outcome.is_done, "nothing is kept beyond the limit: {context}");
    assert!(outcome.headers.lines().all(|line| line.contains(": ")), "{context}");
}

/// RFC 7692 section 7.1: a response may reduce what was offered, and must grant what was requested.
fn is_allowed(agreement: &Agreement, offer: &Offer) -> bool {
    (8..=offer.client_max_window_bits).contains(&agreement.client_max_window_bits)
        && (8..=offer.server_max_window_bits).contains(&agreement.server_max_window_bits)
        && agreement.client_no_context_takeover >= offer.client_no_context_takeover
        && agreement.server_no_context_takeover >= offer.server_no_context_takeover
}
