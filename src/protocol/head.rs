//! The head of an HTTP answer, a server's or a proxy's: RFC 9112 sections 2 to 5.
//!
//! ```text
//!   bytes in pieces of any size ──► Collector ──► a whole head ──► Head: status, headers, and the first flaw
//! ```
//!
//! A flaw does not hide the rest. A `403` with a malformed header line is still a `403`, as it is for browsers and curl. The caller
//! decides which answers must be without one: those that agree (`101`, and `2xx` of a proxy).

use crate::buffer_pool::NoMemory;
use std::borrow::Cow;

/// The most bytes of a head, those of interim answers before it included.
pub const MAX_HEAD: usize = 64 * 1024;
/// The most header lines of a head.
pub const MAX_LINES: usize = 256;
const START: &[u8] = b"HTTP/1.";
/// The most bytes of a reason phrase that are kept.
const MAX_REASON: usize = 100;

/// The flaw of a head that did not end.
pub const BROKEN_OFF: &str = "the head of the answer is not complete";
/// The flaw of a head that reached [`MAX_HEAD`].
pub const TOO_LONG: &str = "the head of the answer is longer than 64 KiB";
/// The flaw of a head with more than [`MAX_LINES`] lines.
pub const TOO_MANY_LINES: &str = "the head of the answer has more than 256 lines";

/// The flaw of a head for whose headers there was no memory: it has none of them.
pub const NO_MEMORY: &str = "there is no memory for the headers of the answer";

/// Counts the bytes that this thread reads, so that tests can check that the work is linear.
#[cfg(test)]
#[allow(missing_docs)]
pub mod work {
    use std::cell::Cell;

    thread_local! {
        static LOOKED_AT: Cell<usize> = const { Cell::new(0) };
    }

    pub fn add(bytes: usize) {
        LOOKED_AT.set(LOOKED_AT.get() + bytes);
    }

    /// The count since it was last taken.
    pub fn take() -> usize {
        LOOKED_AT.replace(0)
    }
}

/// Collects one head after the other. It reads and copies each byte once.
#[derive(Debug, Default)]
pub struct Collector {
    bytes: Vec<u8>,
    /// Bytes of the heads before the present one.
    before: usize,
}

/// The result of [`Collector::feed`].
#[derive(Debug, PartialEq, Eq)]
pub enum Collected {
    /// The input is used up, the head goes on.
    More,
    /// The first bytes are not those of an HTTP/1 answer.
    NotHttp,
    /// The head has [`MAX_HEAD`] bytes and goes on.
    TooLong,
    /// There is no memory for these bytes.
    NoMemory,
    /// The head is whole. It was taken off the front of the input.
    Whole(Vec<u8>),
}

impl Collector {
    /// Takes the next bytes off the front of `input`.
    pub fn feed(&mut self, input: &mut &[u8]) -> Collected {
        let room = MAX_HEAD - self.before - self.bytes.len();
        let next = &input[..input.len().min(room)];
        let end = end_of_head(&self.bytes, next);
        let next_of_head = &next[..end.unwrap_or(next.len())];
        if self.bytes.try_reserve(next_of_head.len()).is_err() {
            return Collected::NoMemory;
        }
        self.bytes.extend_from_slice(next_of_head);
        let begun = self.bytes.len().min(START.len());
        if self.bytes[..begun] != START[..begun] {
            return Collected::NotHttp;
        }
        let Some(end) = end else {
            *input = &[];
            return if next.len() == room { Collected::TooLong } else { Collected::More };
        };
        *input = &input[end..];
        self.before += self.bytes.len();
        Collected::Whole(std::mem::take(&mut self.bytes))
    }

    /// The bytes of the present head so far.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// The index after the empty line that ends a head, if it is in its `next` bytes. Bare line feeds end lines too, as RFC 9112
/// section 2.2 allows a recipient to read them.
fn end_of_head(known: &[u8], next: &[u8]) -> Option<usize> {
    let before = |at: usize, back: usize| match at.checked_sub(back) {
        Some(at) => Some(next[at]),
        None => known.len().checked_sub(back - at).map(|at| known[at]),
    };
    let mut at = 0;
    let end = loop {
        let Some(line_feed) = find(&next[at..], b'\n').map(|more| at + more) else {
            break None;
        };
        at = line_feed + 1;
        match before(line_feed, 1) {
            Some(b'\n') => break Some(at),
            Some(b'\r') if before(line_feed, 2) == Some(b'\n') => break Some(at),
            _ => {}
        }
    };
    #[cfg(test)]
    work::add(end.unwrap_or(next.len()));
    end
}

/// A head that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The version is HTTP/1.0.
    pub is_http_1_0: bool,
    /// 100 to 999.
    pub status: u16,
    /// The beginning of the reason phrase, perhaps empty.
    pub reason: String,
    /// Each as `Name: value` and a line feed, in order. Bytes that are not UTF-8 become U+FFFD.
    pub headers: String,
    /// The first thing that is wrong with it. The line it is in is left out of `headers`.
    pub flaw: Option<&'static str>,
}

impl Head {
    /// Reads a head, or the complete lines of one that is not complete. `None` if the status line is missing, malformed or not
    /// complete.
    pub fn read(bytes: &[u8]) -> Option<Head> {
        #[cfg(test)]
        work::add(bytes.len());
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
        // A line may get a space behind its colon.
        if head.headers.try_reserve(text.len() + MAX_LINES).is_err() {
            head.flaw = Some(NO_MEMORY);
            return Some(head);
        }
        // Whether the line before, which a folded one continues, was a header.
        let mut continues = false;
        for (number, line) in lines.take_while(|line| !line.is_empty()).enumerate() {
            if number == MAX_LINES {
                head.flaw.get_or_insert(TOO_MANY_LINES);
                break;
            }
            match head.read_line(line, continues) {
                Ok(()) => continues = true,
                Err(flaw) => {
                    head.flaw.get_or_insert(flaw);
                    // Lines that continue a malformed line are left out with it.
                    continues &= is_folded(line);
                }
            }
        }
        Some(head)
    }

    /// The status of a head that is not UTF-8 and for which there is no memory.
    #[cold]
    fn read_status(bytes: &[u8]) -> Option<Head> {
        let end = find(bytes, b'\n')?;
        let line = str::from_utf8(&bytes[..end.min("HTTP/1.x nnn".len())]).ok()?;
        Some(Head { flaw: Some(NO_MEMORY), ..Head::read_status_line(line)? })
    }

    /// `HTTP/1.x nnn reason`; the reason, and the space before it, may be missing.
    fn read_status_line(line: &str) -> Option<Head> {
        let (start, reason) = line.split_at_checked("HTTP/1.x nnn".len())?;
        let &[minor, b' ', ref digits @ ..] = start.as_bytes().strip_prefix(START)? else { return None };
        let reason = if reason.is_empty() { reason } else { reason.strip_prefix(' ')? };
        if !minor.is_ascii_digit() || !digits.iter().all(u8::is_ascii_digit) || digits[0] == b'0' {
            return None;
        }
        let is_right = is_header_value(reason);
        let status = digits.iter().fold(0, |status, digit| status * 10 + u16::from(digit - b'0'));
        let mut reason = reason[..reason.floor_char_boundary(MAX_REASON)].to_owned();
        if !is_right {
            reason.retain(|c| !c.is_control());
        }
        Some(Head {
            is_http_1_0: minor == b'0',
            status,
            reason,
            headers: String::new(),
            flaw: (!is_right).then_some("the status line of the answer has a control character"),
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

/// A text with U+FFFD for each sequence of bytes that is not UTF-8.
#[cold]
fn without_invalid(bytes: &[u8]) -> Result<String, NoMemory> {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        let instead = if chunk.invalid().is_empty() { "" } else { "\u{fffd}" };
        text.try_reserve(chunk.valid().len() + instead.len())?;
        text.extend([chunk.valid(), instead]);
    }
    Ok(text)
}

/// Returns the index of the first such byte. Reads eight bytes at a time, because each head is searched three times.
fn find(bytes: &[u8], byte: u8) -> Option<usize> {
    const EACH: u64 = u64::from_le_bytes([1; 8]);
    let (words, rest) = bytes.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        // The lowest byte that is zero has its highest bit set, and none below it.
        let other = u64::from_le_bytes(*word) ^ (EACH * u64::from(byte));
        let found = other.wrapping_sub(EACH) & !other & (EACH << 7);
        if found != 0 {
            return Some(at * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    let at = rest.iter().position(|other| *other == byte)?;
    Some(words.len() * 8 + at)
}

/// Takes the next line, without its end; `None` if it is not complete.
fn take_line<'a>(text: &mut &'a str) -> Option<&'a str> {
    let end = find(text.as_bytes(), b'\n')?;
    let line = &text[..end];
    *text = &text[end + 1..];
    Some(line.strip_suffix('\r').unwrap_or(line))
}

fn is_folded(line: &str) -> bool {
    line.starts_with([' ', '\t'])
}

/// May this byte be in a header's value?
fn is_value(byte: u8) -> bool {
    byte == b'\t' || byte >= b' ' && byte != 0x7f
}

/// Is it a token (RFC 9110 section 5.6.2)?
pub fn is_token(text: &str) -> bool {
    let is_token = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~')
    };
    !text.is_empty() && text.bytes().all(is_token)
}

/// May this be a header's value? Control characters could end the header and begin another.
pub fn is_header_value(value: &str) -> bool {
    // All bytes are checked: this takes fewer instructions than stopping at the first bad one.
    !value.bytes().fold(false, |bad, byte| bad | !is_value(byte))
}

/// Iterates over names and values of `headers`, which have the form of [`Head::headers`].
pub fn pairs(headers: &str) -> impl Iterator<Item = (&str, &str)> + Clone {
    let mut rest = headers;
    std::iter::from_fn(move || {
        let line = take_line(&mut rest)?;
        let colon = find(line.as_bytes(), b':')?;
        Some((&line[..colon], line[colon..].strip_prefix(": ")?))
    })
}

/// The values of a header among them.
pub fn values<'a>(headers: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> + Clone {
    pairs(headers).filter(move |(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// These values with `, ` between them (RFC 9110 section 5.3).
pub fn header_values<'a>(headers: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> + Clone {
    values(headers, name).enumerate().flat_map(|(at, value)| [if at == 0 { "" } else { ", " }, value])
}

/// As [`header_values`], in one text; `None` if there is no such header.
pub fn header(headers: &str, name: &str) -> Option<String> {
    let mut parts = header_values(headers, name).peekable();
    parts.peek().is_some().then(|| parts.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(head: &str) -> Head {
        Head::read(head.as_bytes()).unwrap_or_else(|| panic!("no status line: {head:?}"))
    }

    #[test]
    fn a_head_without_memory_still_has_its_status() {
        for value in ["x", "\u{fc}"] {
            let latin: Vec<u8> = value.chars().map(|letter| letter as u8).collect();
            let head = [b"HTTP/1.1 403 Forbidden\r\nX: ", &*latin.repeat(50_000), b"\r\n\r\n"].concat();
            let read = crate::limited_memory::with_largest(20_000, || Head::read(&head)).unwrap();
            assert_eq!((read.status, read.flaw, read.headers.len()), (403, Some(NO_MEMORY), 0), "{value}");
        }
    }

    #[test]
    fn status_lines_are_read_or_refused() {
        for (line, is_http_1_0, status, reason) in [
            ("HTTP/1.1 200 OK", false, 200, "OK"),
            ("HTTP/1.0 404 Not Found", true, 404, "Not Found"),
            ("HTTP/1.1 503", false, 503, ""),
            ("HTTP/1.1 503 ", false, 503, ""),
            // RFC 9110 section 2.5: read as the highest version that is known.
            ("HTTP/1.7 999  two  spaces ", false, 999, " two  spaces "),
            ("HTTP/1.1 418 \u{fc}", false, 418, "\u{fc}"),
        ] {
            for end in ["\n", "\r\n"] {
                let head = read(&format!("{line}{end}"));
                assert_eq!((head.is_http_1_0, head.status, &*head.reason), (is_http_1_0, status, reason));
                assert_eq!((&*head.headers, head.flaw), ("", None));
            }
            assert_eq!(Head::read(line.as_bytes()), None, "it goes on");
        }
        let odd = Head { flaw: None, ..read("HTTP/1.1 403 For\u{1}bid\rden\r\n") };
        assert_eq!(odd, read("HTTP/1.1 403 Forbidden\r\n"), "the reason is for a log");
        assert!(read("HTTP/1.1 403 For\u{1}bidden\n").flaw.is_some());
        assert_eq!(read(&format!("HTTP/1.1 500 {}\n", "x".repeat(1000))).reason.len(), MAX_REASON);
        for line in [
            "",
            "HTTP/1.1",
            "HTTP/1.1 ",
            "HTTP/1.1 20",
            "HTTP/1.1 2000",
            "HTTP/1.1  200",
            "HTTP/1.1 20x",
            "HTTP/1.1\t200",
        ]
        .into_iter()
        .chain([
            "HTTP/1.1 099 x",
            "HTTP/1.x 200",
            "HTTP/1.11 200",
            "HTTP/2 200",
            "http/1.1 200",
            " HTTP/1.1 200",
        ]) {
            assert_eq!(Head::read(format!("{line}\r\n\r\n").as_bytes()), None, "{line}");
        }
    }

    /// Each kind of malformed line, and the rest of the head around it.
    #[test]
    fn malformed_lines_hide_no_other_line() {
        for (line, flaw) in [
            ("no colon", Some("no colon")),
            ("X Foo: bar", Some("token")),
            ("X : bar", Some("token")),
            (": bar", Some("token")),
            ("\u{fc}: bar", Some("token")),
            ("X: a\u{1}b", Some("control")),
            ("X: a\u{7f}b", Some("control")),
            ("X: a\0b", Some("control")),
            ("X: a\rb", Some("control")),
            ("no colon\r\n but: a fold", Some("no colon")),
            ("X: a\u{1}b\r\n\tfold\r\n fold", Some("control")),
            (&"a: b\r\n".repeat(256), Some("256 lines")),
        ] {
            for status in ["101 x", "403 x"] {
                let head = read(&format!("HTTP/1.1 {status}\r\nA: 1\r\n{line}\r\nB: 2\r\n\r\n"));
                assert!(head.flaw.is_some_and(|said| flaw.is_some_and(|flaw| said.contains(flaw))), "{line}: {head:?}");
                let more = if flaw == Some("256 lines") { "1, b" } else { "1" };
                assert!(header(&head.headers, "a").is_some_and(|value| value.starts_with(more)), "{line}");
                let after = header(&head.headers, "b");
                assert_eq!(after.as_deref(), (flaw != Some("256 lines")).then_some("2"), "{line}");
                assert_eq!(header(&head.headers, "x"), None, "{line}");
            }
        }
        let first = read("HTTP/1.1 403 x\r\n folded: onto nothing\r\n and more\r\nA: 1\r\n\r\n");
        assert!(first.headers == "A: 1\n" && first.flaw.is_some());
    }

    #[test]
    fn folded_lines_continue_the_value_after_a_space() {
        for (folded, value) in [
            ("a\r\n b", "a b"),
            ("a \t\r\n \t b\r\n\tc", "a b c"),
            ("\r\n a", "a"),
            ("\r\n \r\n\t a", "a"),
            ("a\r\n ", "a"),
            ("a\n b: c", "a b: c"),
            ("a:\r\n b", "a: b"),
        ] {
            let head = read(&format!("HTTP/1.1 200 OK\r\nX: {folded}\r\nY: 1\r\n\r\n"));
            assert_eq!((head.headers, head.flaw), (format!("X: {value}\nY: 1\n"), None), "{folded:?}");
        }
        let most = "X: a\r\n".to_owned() + &" a\r\n".repeat(MAX_LINES - 1);
        assert_eq!(read(&format!("HTTP/1.1 200 OK\r\n{most}\r\n")).flaw, None);
        assert_eq!(read(&format!("HTTP/1.1 200 OK\r\n{most} a\r\n\r\n")).flaw, Some(TOO_MANY_LINES));
    }

    #[test]
    fn incomplete_lines_are_left_out() {
        let head = "HTTP/1.1 403 No\r\nA: 1\r\nB: 2\r\n\r\n";
        for cut in 0..head.len() {
            let lines = head[..cut].matches('\n').count();
            let headers = ["", "", "A: 1\n", "A: 1\nB: 2\n"][lines.min(3)];
            assert_eq!(
                Head::read(&head.as_bytes()[..cut]).map(|head| head.headers),
                (lines > 0).then(|| headers.to_owned())
            );
        }
    }

    /// For heads without a flaw the result is that of hyper's parser.
    #[test]
    fn heads_without_a_flaw_are_read_as_httparse_reads_them() {
        let parts =
            ["X: 1", "Y:2", "z:  \t", "A-b_c!#$%&'*+.^`|~: \u{fc} \t,;=\"", "no colon", "X : 1", "Q: a\u{8}", ": v"];
        let lines = parts.iter().flat_map(|one| parts.iter().map(move |two| [*one, *two]));
        for pair in lines {
            for end in ["\r\n", "\n"] {
                let head = format!("HTTP/1.1 200 OK{end}{}{end}{}{end}{end}", pair[0], pair[1]);
                let mut headers = [httparse::EMPTY_HEADER; 8];
                let mut response = httparse::Response::new(&mut headers);
                let theirs = response.parse(head.as_bytes()).ok().map(|_| {
                    let text = |value: &[u8]| String::from_utf8_lossy(value.trim_ascii()).into_owned();
                    response.headers.iter().map(|header| format!("{}: {}\n", header.name, text(header.value))).collect()
                });
                let ours = Some(read(&head)).filter(|head| head.flaw.is_none()).map(|head| head.headers);
                assert_eq!(ours, theirs, "{head:?}");
            }
        }
    }

    #[test]
    fn first_byte_of_a_value_is_found() {
        for size in 0..40 {
            for at in 0..size {
                for (other, second) in [(b'a', b'\n'), (b'\x0b', b'\n'), (b'\x8a', b'\n'), (0xff, b'\x0b'), (0, b'\n')]
                {
                    let mut bytes = vec![other; size];
                    assert_eq!(find(&bytes, b'\n'), None);
                    bytes[at] = b'\n';
                    bytes[(at + 1..size).next().unwrap_or(at)] = if at + 1 < size { second } else { b'\n' };
                    assert_eq!(find(&bytes, b'\n'), Some(at), "{bytes:?}");
                }
            }
        }
    }

    /// Each byte is read once to find the head's end, and once to parse it, however the stream is divided.
    #[test]
    fn heads_in_small_pieces_are_read_twice() {
        let head = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(MAX_HEAD - 24));
        let lines = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a:b\r\n".repeat(255));
        let interims = "HTTP/1.1 100\r\n\r\n".repeat(MAX_HEAD / 16);
        let (short, endless) = (format!("{}{lines}", &interims[..16_000]), "HTTP/1.1 403 x\r\nX: ".to_owned() + &head);
        assert_eq!(head.len(), MAX_HEAD);
        for (stream, ends) in [(&head, true), (&lines, true), (&short, true), (&endless, false), (&interims, false)] {
            for size in [1, 2, 7, 1000, usize::MAX] {
                let mut collector = Collector::default();
                work::take();
                let mut last = Collected::More;
                'fed: for mut piece in stream.as_bytes().chunks(size) {
                    loop {
                        last = collector.feed(&mut piece);
                        match &last {
                            Collected::Whole(head) if Head::read(head).is_some_and(|head| head.status == 100) => {}
                            Collected::More => break,
                            _ => break 'fed,
                        }
                    }
                }
                assert!(matches!(last, Collected::Whole(_)) == ends && (ends || last == Collected::TooLong), "{size}");
                let looked = work::take();
                assert!(looked <= 2 * stream.len(), "{looked} bytes looked at, of {}, cut by {size}", stream.len());
            }
        }
    }
}
