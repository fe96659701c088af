//! A stream as a server may send it, built from the fuzz input, and what must come out of it.

use super::inflate::{Fault, Reference};
use super::session::{Seen, Terms};
use super::source::Source;
use egret_ws::protocol::ViolationKind;
use egret_ws::protocol::deflate::{Agreement, Deflater, Offer};
use egret_ws::protocol::message::Kind;
use flate2::{Compress, Compression, FlushCompress};

/// The most messages and control frames of a script.
const STEPS: usize = 16;

/// A stream and what is expected of it.
#[derive(Debug)]
pub struct Script {
    pub stream: Vec<u8>,
    pub expected: Vec<Seen>,
    pub end: End,
}

/// How reading the stream ends.
#[derive(Debug)]
pub enum End {
    /// There is nothing wrong with it.
    Open,
    /// By a violation of one of these kinds, after at least so many of the items expected.
    Refused { certain: usize, kinds: Vec<ViolationKind> },
}

/// The content of a message, or what may be said to be wrong with it.
type Verdict = Result<Vec<u8>, Vec<ViolationKind>>;

/// The server's deflate.
struct Server {
    stream: Stream,
    reference: Reference,
    no_context_takeover: bool,
    /// Nothing but its own messages was inflated so far: then what was deflated inflates to the same.
    is_pure: bool,
}

enum Stream {
    Zlib(Box<Compress>),
    Ours(Box<Deflater>),
}

impl Script {
    pub fn build(terms: &Terms, source: &mut Source) -> Script {
        let mut script = Script { stream: Vec::new(), expected: Vec::new(), end: End::Open };
        let mut server = terms.deflate.map(|agreement| Server::new(agreement, terms.cap, source));
        for _ in 0..STEPS {
            if source.0.is_empty() || !matches!(script.end, End::Open) {
                break;
            }
            match (source.below(6), &mut server) {
                (0, _) => script.control(source),
                (1, Some(server)) => script.any_payload(server, source),
                (2 | 3, Some(server)) => script.deflated(terms, server, source),
                _ => {
                    let (kind, content) = (kind(source), content(source));
                    script.plain(terms, kind, &content, source);
                }
            }
        }
        script
    }

    /// A message that is not compressed.
    fn plain(&mut self, terms: &Terms, kind: Kind, content: &[u8], source: &mut Source) {
        self.message(kind, false, content, verdict(terms, kind, content), source);
    }

    /// A message that a server has deflated, and that may have been harmed since.
    fn deflated(&mut self, terms: &Terms, server: &mut Server, source: &mut Source) {
        let (kind, content) = (kind(source), content(source));
        let Some(mut payload) = server.deflate(&content, source) else {
            return self.plain(terms, kind, &content, source);
        };
        if source.below(8) == 7 {
            let at = usize::from(source.u16()) % payload.len().max(1);
            match source.flag() {
                true => payload.truncate(at),
                false => payload.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << source.below(8)),
            }
            server.is_pure = false;
        }
        let inflated = server.reference.message(&payload);
        if !server.is_pure {
            let inflated = inflated.map(<[u8]>::to_vec);
            return self.inflated(kind, &payload, inflated, source);
        }
        let same = if content.len() > terms.cap { Err(Fault::TooBig) } else { Ok(content.as_slice()) };
        assert_eq!(inflated, same, "what was deflated inflates to the same");
        self.message(kind, true, &payload, verdict(terms, kind, &content), source);
    }

    /// A message whose payload is the input.
    fn any_payload(&mut self, server: &mut Server, source: &mut Source) {
        server.is_pure = false;
        let (kind, payload) = (kind(source), source.bytes());
        let inflated = server.reference.message(payload).map(<[u8]>::to_vec);
        self.inflated(kind, payload, inflated, source);
    }

    /// A compressed message, of which the reference knows what comes out.
    fn inflated(&mut self, kind: Kind, payload: &[u8], inflated: Result<Vec<u8>, Fault>, source: &mut Source) {
        use ViolationKind::*;
        let verdict = match inflated {
            Ok(content) if kind == Kind::Text && str::from_utf8(&content).is_err() => Err(vec![InvalidUtf8]),
            Ok(content) => Ok(content),
            // Or its text is wrong before, or what follows is read first.
            Err(Fault::TooBig | Fault::Broken) => Err(vec![TooBig, Protocol, InvalidUtf8]),
        };
        self.message(kind, true, payload, verdict, source);
    }

    /// Writes a message in some frames, with control frames in between.
    fn message(&mut self, kind: Kind, deflated: bool, payload: &[u8], verdict: Verdict, source: &mut Source) {
        let certain = self.expected.len();
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
        match verdict {
            Ok(content) => self.expected.push(Seen::Message(kind, content)),
            Err(kinds) => self.end = End::Refused { certain, kinds },
        }
    }

    fn control(&mut self, source: &mut Source) {
        let is_ping = source.flag();
        let payload = source.bytes();
        let payload = &payload[..payload.len().min(125)];
        self.frame(if is_ping { 0x89 } else { 0x8a }, payload);
        let payload = payload.to_vec();
        self.expected.push(if is_ping { Seen::Ping(payload) } else { Seen::Pong(payload) });
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
    fn new(agreement: Agreement, cap: usize, source: &mut Source) -> Server {
        let Agreement { server_max_window_bits: bits, server_no_context_takeover: alone, .. } = agreement;
        let level = 1 + source.below(9) as u8;
        let stream = if source.flag() {
            let level = Compression::new(level.into());
            Stream::Zlib(Box::new(Compress::new_with_window_bits(level, false, bits.max(9))))
        } else {
            // What a client deflates as a server would: the sides are exchanged.
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
        let reference = Reference::new(alone, cap);
        Server { stream, reference, no_context_takeover: alone, is_pure: true }
    }

    /// The payload of a compressed message, unless it is to go as it is.
    fn deflate(&mut self, content: &[u8], source: &mut Source) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        let stream = match &mut self.stream {
            Stream::Ours(deflater) => return (deflater.deflate(content, &mut out) == Ok(true)).then_some(out),
            Stream::Zlib(stream) => stream,
        };
        // In several blocks, as RFC 7692 section 7.2.3 shows them.
        let (start, end) = content.split_at(usize::from(source.u16()) % (content.len() + 1));
        let flushes = [FlushCompress::Sync, FlushCompress::Partial, FlushCompress::Full, FlushCompress::None];
        compress(stream, start, &mut out, flushes[source.below(flushes.len())]);
        let is_final = source.below(8) == 7;
        match is_final {
            false => {
                compress(stream, end, &mut out, FlushCompress::Sync);
                // There is nothing to flush in an empty message.
                if out.is_empty() {
                    out.extend_from_slice(&[0, 0, 0, 0xff, 0xff]);
                }
                assert!(out.ends_with(&[0, 0, 0xff, 0xff]), "a flush ends so");
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
    // Room for all of it, as a second call would write a second block.
    out.reserve(input.len() * 2 + 1000);
    let taken = stream.total_in();
    stream.compress_vec(input, out, flush).expect("zlib compresses");
    assert!(stream.total_in() - taken == input.len() as u64 && out.len() < out.capacity(), "in one call");
}

fn verdict(terms: &Terms, kind: Kind, content: &[u8]) -> Verdict {
    let mut wrong = Vec::new();
    if content.len() > terms.cap {
        wrong.push(ViolationKind::TooBig);
    }
    if kind == Kind::Text && str::from_utf8(content).is_err() {
        wrong.push(ViolationKind::InvalidUtf8);
    }
    if wrong.is_empty() { Ok(content.to_vec()) } else { Err(wrong) }
}

fn kind(source: &mut Source) -> Kind {
    if source.flag() { Kind::Text } else { Kind::Binary }
}

/// The input's bytes, or some of them over and over.
fn content(source: &mut Source) -> Vec<u8> {
    let bytes = source.bytes();
    let times = match source.below(8) {
        0..6 => 1,
        6 => source.byte().into(),
        _ => source.u16().into(),
    };
    bytes.iter().copied().cycle().take((bytes.len() * times).min(200_000)).collect()
}
