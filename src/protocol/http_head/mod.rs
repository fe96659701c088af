//! The head of an HTTP response, of a server or a proxy (RFC 9112 sections 2 to 5).
//!
//! ```text
//!   bytes in pieces of any size ─► HeadReader ─► complete head ─► Head: status, headers, and the first flaw
//! ```
//!
//! A flaw is an error in the head that does not prevent reading the rest of it. A `403` with a malformed header line is still a `403`,
//! as in browsers and curl. The caller decides which responses must have no flaw: those that accept (`101`, and `2xx` of a proxy).

mod reader;
#[cfg(test)]
mod tests;

pub use reader::{HeadError, HeadReader};

use crate::buffer_pool::NoMemory;
use crate::text::floor_char_boundary;
use std::borrow::Cow;

/// The largest size of a head in bytes, including the heads of interim responses before it.
pub const MAX_HEAD: usize = 64 * 1024;
/// The largest number of header lines of a head.
pub const MAX_LINES: usize = 256;
const START: &[u8] = b"HTTP/1.";
/// The largest number of bytes of a reason phrase that are kept.
const MAX_REASON_PHRASE: usize = 100;

/// The flaw of an incomplete head.
pub const FLAW_INCOMPLETE: &str = "the head of the answer is not complete";
/// The flaw of a head that is longer than [`MAX_HEAD`].
pub const FLAW_TOO_LONG: &str = "the head of the answer is longer than 64 KiB";
/// The flaw of a head with more than [`MAX_LINES`] lines.
pub const FLAW_TOO_MANY_LINES: &str = "the head of the answer has more than 256 lines";
/// The flaw of a head without headers, because there was no memory for them.
pub const FLAW_NO_MEMORY: &str = "there is no memory for the headers of the answer";

/// Counts the bytes that this thread has looked at, so that tests can check that the work is linear.
#[cfg(test)]
#[allow(missing_docs)]
pub mod bytes_read {
    use std::cell::Cell;

    thread_local! {
        static COUNT: Cell<usize> = const { Cell::new(0) };
    }

    pub fn add(bytes: usize) {
        COUNT.set(COUNT.get() + bytes);
    }

    /// Returns the count and sets it to 0.
    pub fn take() -> usize {
        COUNT.replace(0)
    }
}

/// A parsed head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The version is HTTP/1.0.
    pub is_http_1_0: bool,
    /// The status, 100 to 999.
    pub status: u16,
    /// The first bytes of the reason phrase, which may be empty.
    pub reason: String,
    /// The headers in their order, each as `Name: value` and a line feed. Bytes that are not UTF-8 become U+FFFD.
    pub headers: String,
    /// The first flaw. `headers` does not contain the line with the flaw.
    pub flaw: Option<&'static str>,
}

impl Head {
    /// Parses a head, or the complete lines of an incomplete head. Returns `None` if the status line is missing, malformed or
    /// incomplete.
    pub fn read(bytes: &[u8]) -> Option<Head> {
        #[cfg(test)]
        bytes_read::add(bytes.len());
        // Line feeds and colons are ASCII, so replacing invalid bytes in the whole head gives the same result as in each value.
        let text = match str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => match without_invalid(bytes) {
                Ok(text) => Cow::Owned(text),
                Err(NoMemory) => return Head::read_status(bytes),
            },
        };
        let mut rest = &*text;
        let mut lines = std::iter::from_fn(|| take_line(&mut rest));
        let mut head = Head::read_status_line(lines.next()?)?;
        // Each line may grow by the space after its colon.
        if head.headers.try_reserve(text.len() + MAX_LINES).is_err() {
            head.flaw = Some(FLAW_NO_MEMORY);
            return Some(head);
        }
        // Whether the next line may be a folded line. This is true if the previous line is a header.
        let mut continues = false;
        for (number, line) in lines.take_while(|line| !line.is_empty()).enumerate() {
            if number == MAX_LINES {
                head.flaw.get_or_insert(FLAW_TOO_MANY_LINES);
                break;
            }
            match head.read_line(line, continues) {
                Ok(()) => continues = true,
                Err(flaw) => {
                    head.flaw.get_or_insert(flaw);
                    // Folded lines after a malformed line are left out too.
                    continues &= is_folded(line);
                }
            }
        }
        Some(head)
    }

    /// Parses only the status of a head, because it is not UTF-8 and there is no memory to convert it.
    #[cold]
    fn read_status(bytes: &[u8]) -> Option<Head> {
        let end = find(bytes, b'\n')?;
        let line = str::from_utf8(&bytes[..end.min("HTTP/1.x nnn".len())]).ok()?;
        Some(Head { flaw: Some(FLAW_NO_MEMORY), ..Head::read_status_line(line)? })
    }

    /// Parses `HTTP/1.x nnn reason`. The reason, and the space before it, may be missing.
    fn read_status_line(line: &str) -> Option<Head> {
        let (start, reason) = line.split_at_checked("HTTP/1.x nnn".len())?;
        let &[minor, b' ', ref digits @ ..] = start.as_bytes().strip_prefix(START)? else { return None };
        let reason = if reason.is_empty() { reason } else { reason.strip_prefix(' ')? };
        if !minor.is_ascii_digit() || !digits.iter().all(u8::is_ascii_digit) || digits[0] == b'0' {
            return None;
        }
        let is_valid = is_header_value(reason);
        let status = digits.iter().fold(0, |status, digit| status * 10 + u16::from(digit - b'0'));
        let mut reason = reason[..floor_char_boundary(reason, MAX_REASON_PHRASE)].to_owned();
        if !is_valid {
            reason.retain(|c| !c.is_control());
        }
        Some(Head {
            is_http_1_0: minor == b'0',
            status,
            reason,
            headers: String::new(),
            flaw: (!is_valid).then_some("the status line of the answer has a control character"),
        })
    }

    fn read_line(&mut self, line: &str, continues: bool) -> Result<(), &'static str> {
        const CONTROL: &str = "the value of a header of the answer has a control character";
        if is_folded(line) {
            if !continues {
                return Err("a header line of the answer begins with a space but continues no header");
            }
            // RFC 9112 section 5.2: a user agent must replace the fold by spaces.
            let more = line.trim_ascii();
            if !is_header_value(line) {
                return Err(CONTROL);
            }
            if !more.is_empty() && self.headers.pop().is_some() {
                let separator = if self.headers.ends_with(": ") { "" } else { " " };
                self.headers.extend([separator, more, "\n"]);
            }
            return Ok(());
        }
        let colon = find(line.as_bytes(), b':').ok_or("a header line of the answer has no colon")?;
        let (name, value) = (&line[..colon], &line[colon + 1..]);
        if !is_token(name) {
            return Err("the name of a header of the answer is not a token");
        }
        if !is_header_value(value) {
            return Err(CONTROL);
        }
        for part in [name, ": ", value.trim_ascii(), "\n"] {
            self.headers.push_str(part);
        }
        Ok(())
    }
}

/// Converts the bytes to text, with U+FFFD for each sequence that is not UTF-8.
#[cold]
fn without_invalid(bytes: &[u8]) -> Result<String, NoMemory> {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        let replacement = if chunk.invalid().is_empty() { "" } else { "\u{fffd}" };
        text.try_reserve(chunk.valid().len() + replacement.len())?;
        text.extend([chunk.valid(), replacement]);
    }
    Ok(text)
}

/// Finds the first byte with this value. It reads eight bytes at a time, because each head is searched three times.
fn find(bytes: &[u8], byte: u8) -> Option<usize> {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    let (words, rest) = bytes.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        // In the lowest byte that is zero, the highest bit is set, and no lower such bit is set.
        let other = u64::from_le_bytes(*word) ^ (ONES * u64::from(byte));
        let found = other.wrapping_sub(ONES) & !other & (ONES << 7);
        if found != 0 {
            return Some(at * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    let at = rest.iter().position(|other| *other == byte)?;
    Some(words.len() * 8 + at)
}

/// Takes the next line, without its line end. Returns `None` if it is incomplete.
fn take_line<'a>(text: &mut &'a str) -> Option<&'a str> {
    let end = find(text.as_bytes(), b'\n')?;
    let line = &text[..end];
    *text = &text[end + 1..];
    Some(line.strip_suffix('\r').unwrap_or(line))
}

fn is_folded(line: &str) -> bool {
    line.starts_with([' ', '\t'])
}

/// Returns true if a header value may contain this byte.
fn is_value_byte(byte: u8) -> bool {
    byte == b'\t' || byte >= b' ' && byte != 0x7f
}

/// Returns true if the text is a token (RFC 9110 section 5.6.2).
pub fn is_token(text: &str) -> bool {
    let is_token = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~')
    };
    !text.is_empty() && text.bytes().all(is_token)
}

/// Returns true if it may be the value of a header. Control characters are refused, because they could begin another header.
pub fn is_header_value(value: &str) -> bool {
    // This checks all bytes, because that takes fewer instructions than to stop at the first invalid one.
    !value.bytes().fold(false, |bad, byte| bad | !is_value_byte(byte))
}

/// The names and values in `headers`, which has the form of [`Head::headers`].
pub fn pairs(headers: &str) -> impl Iterator<Item = (&str, &str)> + Clone {
    let mut rest = headers;
    std::iter::from_fn(move || {
        let line = take_line(&mut rest)?;
        let colon = find(line.as_bytes(), b':')?;
        Some((&line[..colon], line[colon..].strip_prefix(": ")?))
    })
}

/// The values of the header with this name.
pub fn values<'a>(headers: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> + Clone {
    pairs(headers).filter(move |(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// As [`values`], with `, ` between them (RFC 9110 section 5.3).
pub fn header_values<'a>(headers: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> + Clone {
    values(headers, name).enumerate().flat_map(|(at, value)| [if at == 0 { "" } else { ", " }, value])
}

/// As [`header_values`], in one text. Returns `None` if there is no such header.
pub fn header(headers: &str, name: &str) -> Option<String> {
    let mut parts = header_values(headers, name).peekable();
    parts.peek().is_some().then(|| parts.collect())
}
