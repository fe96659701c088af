//! The body of an HTTP response that refuses a connection, of a server or a proxy (RFC 9112 section 6).
//!
//! ```text
//!   head ─► BodyReader ──bytes in pieces of any size──► the first bytes of the body
//! ```
//!
//! The body helps to find out why a connection was refused. So this reader keeps the first bytes even of an incomplete or
//! malformed body. It ends as soon as it can: at the limit, and at the last chunk without its trailers. Content codings such as
//! gzip are not removed.

#[cfg(test)]
mod tests;

use super::http_head::{FLAW_NO_MEMORY, FLAW_TOO_MANY_LINES, Head, values};
use super::reserve_within;

/// The bytes of chunk headers that are allowed besides [`FRAMING_OF_BYTE`] for each byte of the body.
const MAX_FRAMING: usize = 16 * 1024;
/// A chunk of one byte has five bytes around it, and its size may have leading zeros.
const FRAMING_OF_BYTE: usize = 8;

/// Reads a body.
#[derive(Debug)]
pub struct BodyReader {
    framing: Framing,
    /// The largest number of bytes that are kept.
    limit: usize,
    body: Vec<u8>,
    /// The number of bytes in chunk headers.
    framing_bytes: usize,
}

/// The rule for the end of the body, and the position in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    /// The body has ended, or no more of it can be read.
    Done,
    /// The body ends after this number of bytes.
    Length(u64),
    /// The body ends after the last chunk.
    Chunked(Chunk),
    /// The body ends with the stream.
    UntilEnd,
}

/// The position in a chunked body.
///
/// ```text
///   Size ──;──► Extension ──line feed──► Data ──last byte──► End ──line feed──► Size
///     └────────line feed──────────────────▲
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Chunk {
    /// The next byte belongs to the digits of the size. `has_digit`: there was at least one digit.
    Size { size: u64, has_digit: bool },
    /// The digits have ended, and the line has not.
    Extension { size: u64 },
    /// This many bytes of the data follow.
    Data(u64),
    /// The next byte belongs to the line end after the data.
    End,
}

const FIRST_CHUNK: Framing = Framing::Chunked(Chunk::Size { size: 0, has_digit: false });

impl BodyReader {
    /// Makes a reader for the body of the final response with this head. Without a complete head there is no body. It keeps at
    /// most `limit` bytes.
    pub fn new(head: Option<&Head>, limit: usize) -> BodyReader {
        let framing = head.filter(|_| limit > 0).map_or(Framing::Done, Framing::of);
        BodyReader { framing, limit, body: Vec::new(), framing_bytes: 0 }
    }

    /// Returns the bytes that were kept.
    pub fn into_body(self) -> Vec<u8> {
        self.body
    }

    /// Takes the next bytes. Returns true when no more bytes of the body need to be read.
    pub fn feed(&mut self, mut input: &[u8]) -> bool {
        loop {
            self.framing = match self.framing {
                Framing::Done => return true,
                Framing::Length(0) => Framing::Done,
                _ if input.is_empty() => return false,
                Framing::Length(rest) => match self.keep(&mut input, rest) {
                    Some(kept) => Framing::Length(rest - kept),
                    None => Framing::Done,
                },
                Framing::UntilEnd => match self.keep(&mut input, u64::MAX) {
                    Some(_) => Framing::UntilEnd,
                    None => Framing::Done,
                },
                Framing::Chunked(chunk) => self.feed_chunk(chunk, &mut input).map_or(Framing::Done, Framing::Chunked),
            };
        }
    }

    /// Takes bytes of a chunk. Returns the next position, or `None` at the end of the body.
    fn feed_chunk(&mut self, chunk: Chunk, input: &mut &[u8]) -> Option<Chunk> {
        if let Chunk::Data(rest) = chunk {
            let kept = self.keep(input, rest)?;
            return Some(if kept == rest { Chunk::End } else { Chunk::Data(rest - kept) });
        }
        let (&byte, after) = input.split_first()?;
        *input = after;
        // Without this count, a peer that sends only chunk headers would be read until the deadline.
        self.framing_bytes += 1;
        if self.framing_bytes > MAX_FRAMING + FRAMING_OF_BYTE * self.body.len() {
            return None;
        }
        match (chunk, byte) {
            (Chunk::Size { has_digit: true, size: 0 } | Chunk::Extension { size: 0 }, b'\n') => None,
            (Chunk::Size { has_digit: true, size } | Chunk::Extension { size }, b'\n') => Some(Chunk::Data(size)),
            (Chunk::Size { has_digit: true, size }, b';' | b' ' | b'\t' | b'\r') => Some(Chunk::Extension { size }),
            (Chunk::Size { size, .. }, digit) => {
                let digit = char::from(digit).to_digit(16)?;
                // No body is so long, so every larger size gives the same first bytes.
                let size = size.saturating_mul(16).saturating_add(digit.into());
                Some(Chunk::Size { size, has_digit: true })
            }
            (Chunk::Extension { size }, _) => Some(Chunk::Extension { size }),
            (Chunk::End, b'\r') => Some(Chunk::End),
            (Chunk::End, b'\n') => Some(Chunk::Size { size: 0, has_digit: false }),
            (Chunk::End | Chunk::Data(_), _) => None,
        }
    }

    /// Keeps at most `most` bytes of the input, and returns their number. Returns `None` at the limit, and if there is no memory.
    fn keep(&mut self, input: &mut &[u8], most: u64) -> Option<u64> {
        let room = self.limit - self.body.len();
        let count = input.len().min(room).min(usize::try_from(most).unwrap_or(usize::MAX));
        let (piece, rest) = input.split_at(count);
        reserve_within(&mut self.body, count, room).ok()?;
        self.body.extend_from_slice(piece);
        *input = rest;
        (count < room).then_some(count as u64)
    }
}

impl Framing {
    /// Returns the framing of the body after this head.
    fn of(head: &Head) -> Framing {
        // If headers are missing, the end of the body is unknown.
        if matches!(head.status, 100..=199 | 204 | 304)
            || matches!(head.flaw, Some(FLAW_NO_MEMORY | FLAW_TOO_MANY_LINES))
        {
            return Framing::Done;
        }
        let headers = &*head.headers;
        let mut codings = values(headers, "transfer-encoding").flat_map(|value| value.split(',')).map(str::trim_ascii);
        // HTTP/1.0 has no transfer codings: RFC 9112 section 6.1.
        if !head.is_http_1_0
            && let Some(last) = codings.by_ref().filter(|coding| !coding.is_empty()).last()
        {
            return if last.eq_ignore_ascii_case("chunked") { FIRST_CHUNK } else { Framing::UntilEnd };
        }
        let mut lengths = values(headers, "content-length").flat_map(|value| value.split(',')).map(str::trim_ascii);
        let Some(first) = lengths.next() else { return Framing::UntilEnd };
        // RFC 9112 section 6.3: if lengths are invalid or differ, that is an error, and the bytes after the head are not a body.
        let read = |length: &str| {
            let is_number = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| length.parse().unwrap_or(u64::MAX))
        };
        match read(first) {
            Some(length) if lengths.all(|other| read(other) == Some(length)) => Framing::Length(length),
            _ => Framing::Done,
        }
    }
}
