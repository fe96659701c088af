//! Generates a stream of a server from the fuzz input, with the results that the decoder must return.

use super::inflate::{InflateError, Reference};
use super::received::{DecoderConfig, Received};
use super::source::Source;
use egret_ws::protocol::ViolationKind;
use egret_ws::protocol::deflate::{Agreement, Deflater, Offer};
use egret_ws::protocol::message::MessageKind;
use flate2::{Compress, Compression, FlushCompress};

/// The largest number of messages and control frames in a script.
const STEPS: usize = 16;

/// A generated stream and the expected results.
#[derive(Debug)]
pub struct Script {
    pub stream: Vec<u8>,
    pub expected: Vec<Received>,
    pub end: ExpectedEnd,
}

/// The expected end of decoding.
#[derive(Debug)]
pub enum ExpectedEnd {
    /// The stream violates no rule.
    Open,
    /// A violation of one of these kinds, after at least this number of the expected results.
    Refused { at_least: usize, kinds: Vec<ViolationKind> },
}

/// The content of a message, or the violations that the decoder may return for it.
type Expectation = Result<Vec<u8>, Vec<ViolationKind>>;

/// The compression of the server.
struct Server {
    stream: Stream,
    reference: Reference,
    no_context_takeover: bool,
    /// All messages so far were compressed ones without changes. In this case each message inflates to its content.
    is_unchanged: bool,
}

enum Stream {
    Zlib(Box<Compress>),
    Ours(Box<Deflater>),
}

impl Script {
    pub fn build(config: &DecoderConfig, source: &mut Source) -> Script {
        let mut script = Script { stream: Vec::new(), expected: Vec::new(), end: ExpectedEnd::Open };
        let mut server = config.deflate.map(|agreement| Server::new(agreement, config.max_message, source));
        for _ in 0..STEPS {
            if source.0.is_empty() || !matches!(script.end, ExpectedEnd::Open) {
                break;
            }
            match (source.below(6), &mut server) {
                (0, _) => script.control(source),
                (1, Some(server)) => script.any_payload(server, source),
                (2 | 3, Some(server)) => script.deflated(config, server, source),
                _ => {
                    let (kind, content) = (kind(source), content(source));
                    script.plain(config, kind, &content, source);
                }
            }
        }
        script
    }

    /// Adds an uncompressed message.
    fn plain(&mut self, config: &DecoderConfig, kind: MessageKind, content: &[u8], source: &mut Source) {
        self.message(kind, false, content, expectation(config, kind, content), source);
    }

    /// Adds a compressed message. Its payload may be damaged.
    fn deflated(&mut self, config: &DecoderConfig, server: &mut Server, source: &mut Source) {
        let (kind, content) = (kind(source), content(source));
        let Some(mut payload) = server.deflate(&content, source) else {
            return self.plain(config, kind, &content, source);
        };
        if source.below(8) == 7 {
            let at = usize::from(source.u16()) % payload.len().max(1);
            match source.flag() {
                true => payload.truncate(at),
                false => payload.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << source.below(8)),
            }
            server.is_unchanged = false;
        }
        let inflated = server.reference.message(&payload);
        if !server.is_unchanged {
            let inflated = inflated.map(<[u8]>::to_vec);
            return self.inflated(kind, &payload, inflated, source);
        }
        let expected =
            if content.len() > config.max_message { Err(InflateError::TooBig) } else { Ok(content.as_slice()) };
        assert_eq!(inflated, expected, "a compressed message inflates to its content");
        self.message(kind, true, &payload, expectation(config, kind, &content), source);
    }

    /// Adds a message whose compressed payload is the fuzz input.
    fn any_payload(&mut self, server: &mut Server, source: &mut Source) {
        server.is_unchanged = false;
        let (kind, payload) = (kind(source), source.bytes());
        let inflated = server.reference.message(payload).map(<[u8]>::to_vec);
        self.inflated(kind, payload, inflated, source);
    }

    /// Adds a compressed message with the result of the reference implementation.
    fn inflated(
        &mut self,
        kind: MessageKind,
        payload: &[u8],
        inflated: Result<Vec<u8>, InflateError>,
        source: &mut Source,
    ) {
        use ViolationKind::*;
        let expectation = match inflated {
            Ok(content) if kind == MessageKind::Text && str::from_utf8(&content).is_err() => Err(vec![InvalidUtf8]),
            Ok(content) => Ok(content),
            // The decoder may find invalid UTF-8 earlier, or may read the bytes in another order.
            Err(InflateError::TooBig | InflateError::Broken) => Err(vec![TooBig, Protocol, InvalidUtf8]),
        };
        self.message(kind, true, payload, expectation, source);
    }

    /// Writes a message in several frames, with control frames between them.
    fn message(
        &mut self,
        kind: MessageKind,
        deflated: bool,
        payload: &[u8],
        expectation: Expectation,
        source: &mut Source,
    ) {
        let at_least = self.expected.len();
        let mut first = kind as u8 | if deflated { 0x40 } else { 0 };
        let mut rest = payload;
        for _ in 0..source.below(4) {
            let len = usize::from(source.u16()) % (rest.len() + 1);
            let (piece, left) = rest.split_at(len);
            self.frame(first, piece);
            (first, rest) = (0, left);
            if source.flag() {
                self.control(source);
            }
        }
        self.frame(0x80 | first, rest);
        match expectation {
            Ok(content) => self.expected.push(Received::Message(kind, content)),
            Err(kinds) => self.end = ExpectedEnd::Refused { at_least, kinds },
        }
    }

    fn control(&mut self, source: &mut Source) {
        let is_ping = source.flag();
        let payload = source.bytes();
        let payload = &payload[..payload.len().min(125)];
        self.frame(if is_ping { 0x89 } else { 0x8a }, payload);
        let payload = payload.to_vec();
        self.expected.push(if is_ping { Received::Ping(payload) } else { Received::Pong(payload) });
    }

    fn frame(&mut self, first: u8, payload: &[u8]) {
        self.stream.push(first);
        match payload.len() {
            len @ 0..126 => self.stream.push(len as u8),
            len @ 126..65536 => {
                self.stream.push(126);
                self.stream.extend_from_slice(&(len as u16).to_be_bytes());
            }
            len => {
                self.stream.push(127);
                self.stream.extend_from_slice(&(len as u64).to_be_bytes());
            }
        }
        self.stream.extend_from_slice(payload);
    }
}

impl Server {
    fn new(agreement: Agreement, max_message: usize, source: &mut Source) -> Server {
        let Agreement { server_max_window_bits: bits, server_no_context_takeover: alone, .. } = agreement;
        let level = 1 + source.below(9) as u8;
        let stream = if source.flag() {
            let level = Compression::new(level.into());
            Stream::Zlib(Box::new(Compress::new_with_window_bits(level, false, bits.max(9))))
        } else {
            // Our own deflater acts as a server, so client and server parameters are exchanged.
            let offer = Offer {
                client_no_context_takeover: alone,
                server_no_context_takeover: false,
                client_max_window_bits: bits,
                server_max_window_bits: 15,
                level,
                threshold: source.byte().into(),
            };
            let agreement = Agreement { client_max_window_bits: bits, client_no_context_takeover: alone, ..agreement };
            Stream::Ours(Box::new(Deflater::new(&offer, &agreement)))
        };
        let reference = Reference::new(alone, max_message);
        Server { stream, reference, no_context_takeover: alone, is_unchanged: true }
    }

    /// Compresses a message. Returns `None` if it must be sent uncompressed.
    fn deflate(&mut self, content: &[u8], source: &mut Source) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        let stream = match &mut self.stream {
            Stream::Ours(deflater) => return (deflater.deflate(content, &mut out) == Ok(true)).then_some(out),
            Stream::Zlib(stream) => stream,
        };
        // The content is divided into several blocks (RFC 7692 section 7.2.3).
        let (start, end) = content.split_at(usize::from(source.u16()) % (content.len() + 1));
        let flushes = [FlushCompress::Sync, FlushCompress::Partial, FlushCompress::Full, FlushCompress::None];
        compress(stream, start, &mut out, flushes[source.below(flushes.len())]);
        let is_final = source.below(8) == 7;
        match is_final {
            false => {
                compress(stream, end, &mut out, FlushCompress::Sync);
                // zlib flushes nothing for an empty message.
                if out.is_empty() {
                    out.extend_from_slice(&[0, 0, 0, 0xff, 0xff]);
                }
                assert!(out.ends_with(&[0, 0, 0xff, 0xff]), "a flush ends with an empty block");
                out.truncate(out.len() - 4);
            }
            true => {
                compress(stream, end, &mut out, FlushCompress::Finish);
                out.push(0);
            }
        }
        if is_final || self.no_context_takeover {
            stream.reset();
        }
        Some(out)
    }
}

fn compress(stream: &mut Compress, input: &[u8], out: &mut Vec<u8>, flush: FlushCompress) {
    // There must be room for all output, because a second call would write a second block.
    out.reserve(input.len() * 2 + 1000);
    let taken = stream.total_in();
    stream.compress_vec(input, out, flush).expect("zlib compresses");
    assert!(stream.total_in() - taken == input.len() as u64 && out.len() < out.capacity(), "in one call");
}

fn expectation(config: &DecoderConfig, kind: MessageKind, content: &[u8]) -> Expectation {
    let mut violations = Vec::new();
    if content.len() > config.max_message {
        violations.push(ViolationKind::TooBig);
    }
    if kind == MessageKind::Text && str::from_utf8(content).is_err() {
        violations.push(ViolationKind::InvalidUtf8);
    }
    if violations.is_empty() { Ok(content.to_vec()) } else { Err(violations) }
}

fn kind(source: &mut Source) -> MessageKind {
    if source.flag() { MessageKind::Text } else { MessageKind::Binary }
}

/// Returns bytes of the fuzz input, or some of them repeated.
fn content(source: &mut Source) -> Vec<u8> {
    let bytes = source.bytes();
    let times = match source.below(8) {
        0..6 => 1,
        6 => source.byte().into(),
        _ => source.u16().into(),
    };
    bytes.iter().copied().cycle().take((bytes.len() * times).min(200_000)).collect()
}
