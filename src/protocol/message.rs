//! Bytes from the peer → messages and control frames: RFC 6455 sections 5.4 to 5.6.
//!
//! ```text
//!             ┌───────────── header not whole: kept in `head` ◄──┐
//!             ▼                                                  │
//!   header ──► checked: opcode order, cap ──► payload whole and ─┼─► handed out from the input itself
//!                                             message unbroken   │
//!                                       └──► else collected: control frames in `control`, data in `message`,
//!                                            text checked as it comes; handed out at the last byte
//! ```

use super::close;
use super::deflate::{Inflater, Problem};
use super::frame::{self, Header, MAX_HEADER};
use super::utf8::Utf8;
use super::{NO_MEMORY, Violation, ViolationKind, reserve_within};
use crate::buffer_pool::BufferPool;
use std::sync::Arc;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

/// What a message is made of. The numbers are the header's, and the opcodes'.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// UTF-8.
    Text = 1,
    /// Bytes.
    Binary = 2,
}

impl Kind {
    /// The opcode of a message of this kind.
    pub fn opcode(self) -> OpCode {
        OpCode::Data(match self {
            Kind::Text => Data::Text,
            Kind::Binary => Data::Binary,
        })
    }
}

/// What the decoder hands out. It borrows the input or the decoder until the next call.
#[derive(Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// A whole message.
    Message(Kind, Body<'a>),
    /// A ping, to be answered with the same payload.
    Ping(&'a [u8]),
    /// A pong.
    Pong(&'a [u8]),
    /// A Close frame: its code, if it had one, and reason. Nothing that follows it counts.
    Close(Option<u16>, &'a str),
    /// A fragment that does not end its message. The caller counts it.
    Fragment,
}

/// The payload of a message.
#[derive(Debug, PartialEq, Eq)]
pub enum Body<'a> {
    /// It lies whole in the input.
    Input(&'a [u8]),
    /// It came in pieces and was collected; whoever wants to keep it may take it.
    Collected(&'a mut Vec<u8>),
}

impl Body<'_> {
    /// Bytes of the payload.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        match self {
            Body::Input(payload) => payload.len(),
            Body::Collected(payload) => payload.len(),
        }
    }
}

/// Takes the peer's bytes in pieces of any size. After a violation it must not be used again.
#[derive(Debug)]
pub struct Decoder {
    max_message: usize,
    /// The bytes of an unfinished header.
    head: [u8; MAX_HEADER],
    head_len: usize,
    /// The frame whose payload is being collected.
    frame: Option<Partial>,
    /// The kind of the message that is being collected.
    kind: Option<Kind>,
    /// Bytes of the frames of the present message so far, headers included.
    wire: u64,
    message: Vec<u8>,
    utf8: Utf8,
    control: Vec<u8>,
    /// Once permessage-deflate was agreed on.
    inflater: Option<Box<Inflater>>,
    /// The message that is being collected is deflated.
    deflated: bool,
    /// Where large buffers come from, and go to.
    pool: Arc<BufferPool>,
}

#[derive(Clone, Copy, Debug)]
struct Partial {
    fin: bool,
    /// Control frames may stand between the fragments of a message.
    control: Option<Control>,
    remaining: u64,
}

/// The most bytes of a message's frames, headers included: 16 times the largest message. One byte in each frame needs a fifth of that.
/// Only empty fragments and compressed blocks without content need more, and they could go on for ever.
const MAX_WIRE: u64 = 2 * 1024 * 1024;
/// A message of this size is read to its place; a smaller one comes with what is before and behind it.
const LARGE: usize = 16 * 1024;
/// What a decoder at rest may keep of its memory.
const KEEP: usize = 4096;

const TOO_BIG: Violation =
    Violation { kind: ViolationKind::TooBig, detail: "a message is larger than max_message_bytes" };
const TOO_MUCH_WIRE: Violation =
    Violation { kind: ViolationKind::TooBig, detail: "the frames of a message have more than 2 MiB" };
const NOT_UTF8: Violation = Violation { kind: ViolationKind::InvalidUtf8, detail: "a text message is not UTF-8" };

impl Decoder {
    /// A decoder at the beginning of the stream, that refuses messages of more than `max_message` bytes, inflated.
    pub fn new(max_message: usize, inflater: Option<Inflater>) -> Decoder {
        Decoder {
            max_message,
            head: [0; MAX_HEADER],
            head_len: 0,
            frame: None,
            kind: None,
            wire: 0,
            message: Vec::new(),
            utf8: Utf8::default(),
            control: Vec::new(),
            inflater: inflater.map(Box::new),
            deflated: false,
            pool: Arc::default(),
        }
    }

    /// The same, with large buffers from a pool.
    pub fn with_pool(self, pool: Arc<BufferPool>) -> Decoder {
        Decoder { pool, ..self }
    }

    /// Nothing more has come for now: lets go of memory that only a message in its making needs.
    pub fn rest(&mut self) {
        if self.kind.is_none() && self.message.capacity() > KEEP {
            self.pool.give(&mut self.message);
        }
    }

    /// The next message or control frame, taken off the front of `input`; `None` when more bytes are needed, and then
    /// `input` is used up.
    #[inline]
    pub fn next<'a, 'i: 'a>(&'a mut self, input: &mut &'i [u8]) -> Result<Option<Item<'a>>, Violation> {
        if input.is_empty() {
            return Ok(None);
        }
        let between = self.frame.is_none() && self.kind.is_none() && self.head_len == 0;
        if between
            && let Some((kind, payload, rest)) = frame::unbroken(input)
            && payload.len() <= self.max_message
        {
            *input = rest;
            if kind == Kind::Text && simdutf8::basic::from_utf8(payload).is_err() {
                return Err(NOT_UTF8);
            }
            return Ok(Some(Item::Message(kind, Body::Input(payload))));
        }
        self.next_of_any(input)
    }

    /// The same, of all that there can be. Out of line, so that the usual has the registers.
    #[inline(never)]
    fn next_of_any<'a, 'i: 'a>(&'a mut self, input: &mut &'i [u8]) -> Result<Option<Item<'a>>, Violation> {
        loop {
            if let Some(frame) = self.frame {
                if !self.collect(frame, input)? {
                    return Ok(None);
                }
                match frame.control {
                    Some(control) => return control_item(control, &self.control).map(Some),
                    None if frame.fin => return self.collected().map(Some),
                    None => return Ok(Some(Item::Fragment)),
                }
            }
            let Some(header) = self.header(input)? else { return Ok(None) };
            let (kind, fresh) = match header.opcode {
                OpCode::Control(control) => {
                    let len = header.payload as usize; // at most 125
                    if let Some((payload, rest)) = input.split_at_checked(len) {
                        *input = rest;
                        return control_item(control, payload).map(Some);
                    }
                    self.control.clear();
                    self.frame = Some(Partial { fin: true, control: Some(control), remaining: header.payload });
                    continue;
                }
                OpCode::Data(data) => match (data, self.kind) {
                    (Data::Text, None) => (Kind::Text, true),
                    (Data::Binary, None) => (Kind::Binary, true),
                    (Data::Continue, Some(kind)) => (kind, false),
                    (Data::Continue, None) => {
                        return Err(Violation::protocol("a continuation frame came without a message to continue"));
                    }
                    _ => return Err(Violation::protocol("a new message began inside an unfinished one")),
                },
            };
            if fresh && header.deflated || !fresh && self.deflated {
                self.count_wire(header, fresh)?;
                if self.begin_deflated(header, kind, fresh, input)? {
                    return Ok(Some(Item::Message(kind, Body::Collected(&mut self.message))));
                }
                continue;
            }
            // The cap is decided here, from the announced length, before any of the payload is kept.
            let collected = if fresh { 0 } else { self.message.len() };
            if header.payload > (self.max_message - collected) as u64 {
                return Err(TOO_BIG);
            }
            let len = header.payload as usize;
            if header.fin
                && fresh
                && let Some((payload, rest)) = input.split_at_checked(len)
            {
                *input = rest;
                if kind == Kind::Text && simdutf8::basic::from_utf8(payload).is_err() {
                    return Err(NOT_UTF8);
                }
                return Ok(Some(Item::Message(kind, Body::Input(payload))));
            }
            self.count_wire(header, fresh)?;
            if fresh {
                self.message.clear();
                self.kind = Some(kind);
                self.deflated = false;
            }
            if header.fin {
                self.make_room(len)?;
            }
            self.frame = Some(Partial { fin: header.fin, control: None, remaining: header.payload });
        }
    }

    /// Counts a frame of a message.
    fn count_wire(&mut self, header: Header, fresh: bool) -> Result<(), Violation> {
        let before = if fresh { 0 } else { self.wire };
        self.wire = before.saturating_add(header.payload).saturating_add(header.size as u64);
        if self.wire > MAX_WIRE { Err(TOO_MUCH_WIRE) } else { Ok(()) }
    }

    /// The next header, from `head` and the input; `None` when the input ended first.
    #[inline]
    fn header(&mut self, input: &mut &[u8]) -> Result<Option<Header>, Violation> {
        if self.head_len == 0 {
            if let Some(header) = Header::parse(input, self.inflater.is_some())? {
                *input = &input[header.size..];
                return Ok(Some(header));
            }
            self.head[..input.len()].copy_from_slice(input);
            self.head_len = input.len();
            *input = &[];
            return Ok(None);
        }
        while let Some((&byte, rest)) = input.split_first() {
            *input = rest;
            self.head[self.head_len] = byte;
            self.head_len += 1;
            if let Some(header) = Header::parse(&self.head[..self.head_len], self.inflater.is_some())? {
                self.head_len = 0;
                return Ok(Some(header));
            }
        }
        Ok(None)
    }

    /// Moves what the input has of the frame's payload to where it is collected. True when the frame is whole.
    fn collect(&mut self, mut frame: Partial, input: &mut &[u8]) -> Result<bool, Violation> {
        let (piece, rest) = input.split_at(frame.remaining.min(input.len() as u64) as usize);
        *input = rest;
        frame.remaining -= piece.len() as u64;
        if frame.control.is_some() {
            self.control.extend_from_slice(piece);
        } else if self.deflated {
            self.inflate(piece)?;
        } else {
            if self.kind == Some(Kind::Text) {
                self.utf8.feed(piece).map_err(|_| NOT_UTF8)?;
            }
            let most = self.max_message + 1 - self.message.len(); // and a NUL
            reserve_within(&mut self.message, piece.len(), most)?;
            self.message.extend_from_slice(piece);
        }
        let whole = frame.remaining == 0;
        self.frame = (!whole).then_some(frame);
        Ok(whole)
    }

    /// Makes room for the rest of a message, of which so many bytes follow, and a NUL.
    fn make_room(&mut self, bytes: usize) -> Result<(), Violation> {
        let len = self.message.len() + bytes + 1;
        if self.message.capacity() >= len {
            return Ok(());
        }
        // The buffer waits for the host with the message in it: it may be twice as large, not many times.
        if (BufferPool::SIZE / 2..=BufferPool::SIZE).contains(&len)
            && let Ok(mut large) = self.pool.take()
        {
            large.extend_from_slice(&self.message);
            self.message = large;
            return Ok(());
        }
        Ok(self.message.try_reserve_exact(bytes + 1)?)
    }

    /// Where the next bytes may be read to, and how many at most: those of a large message's last frame, into which nothing
    /// has to be looked.
    pub fn direct(&mut self) -> Option<(&mut Vec<u8>, usize)> {
        let frame = self.frame.filter(|frame| frame.fin && frame.control.is_none() && !self.deflated)?;
        let remaining = usize::try_from(frame.remaining).ok()?;
        (self.message.len() + remaining >= LARGE).then_some((&mut self.message, remaining))
    }

    /// So many bytes were read to where [`Decoder::direct`] said. The message, if it is whole.
    pub fn filled(&mut self, bytes: usize) -> Result<Option<(Kind, &mut Vec<u8>)>, Violation> {
        if self.kind == Some(Kind::Text) {
            let piece = &self.message[self.message.len() - bytes..];
            self.utf8.feed(piece).map_err(|_| NOT_UTF8)?;
        }
        if let Some(frame) = &mut self.frame {
            frame.remaining -= bytes as u64;
        }
        if self.frame.is_some_and(|frame| frame.remaining > 0) {
            return Ok(None);
        }
        self.frame = None;
        let kind = self.end_of_message()?;
        Ok(Some((kind, &mut self.message)))
    }

    /// Begins a frame of a deflated message, or inflates it at once if it is whole and in the input: then true. Its announced
    /// length says nothing about the cap.
    fn begin_deflated(
        &mut self,
        header: Header,
        kind: Kind,
        fresh: bool,
        input: &mut &[u8],
    ) -> Result<bool, Violation> {
        if fresh {
            self.message.clear();
            self.kind = Some(kind);
            self.deflated = true;
        }
        if header.fin
            && fresh
            && let Some(inflater) = &mut self.inflater
            && let Ok(len) = usize::try_from(header.payload)
            && let Some((payload, rest)) = input.split_at_checked(len)
        {
            *input = rest;
            self.kind = None;
            let inflated = inflater.feed(payload, &mut self.message, self.max_message);
            inflated.and_then(|()| inflater.finish()).map_err(not_inflated)?;
            if kind == Kind::Text && simdutf8::basic::from_utf8(&self.message).is_err() {
                return Err(NOT_UTF8);
            }
            return Ok(true);
        }
        self.frame = Some(Partial { fin: header.fin, control: None, remaining: header.payload });
        Ok(false)
    }

    /// Inflates a piece of the message that is being collected.
    fn inflate(&mut self, piece: &[u8]) -> Result<(), Violation> {
        let before = self.message.len();
        if let Some(inflater) = &mut self.inflater {
            inflater.feed(piece, &mut self.message, self.max_message).map_err(not_inflated)?;
        }
        match self.kind {
            Some(Kind::Text) => self.utf8.feed(&self.message[before..]).map_err(|_| NOT_UTF8),
            _ => Ok(()),
        }
    }

    /// Hands out the collected message.
    fn collected(&mut self) -> Result<Item<'_>, Violation> {
        let kind = self.end_of_message()?;
        Ok(Item::Message(kind, Body::Collected(&mut self.message)))
    }

    fn end_of_message(&mut self) -> Result<Kind, Violation> {
        if self.deflated
            && let Some(inflater) = &mut self.inflater
        {
            inflater.finish().map_err(not_inflated)?;
        }
        // Never absent: a frame of a message is only collected once its kind is known.
        let kind = self.kind.take().unwrap_or(Kind::Binary);
        if kind == Kind::Text {
            self.utf8.finish().map_err(|_| NOT_UTF8)?;
        }
        Ok(kind)
    }
}

fn not_inflated(problem: Problem) -> Violation {
    match problem {
        Problem::TooBig => TOO_BIG,
        Problem::NoMemory => NO_MEMORY,
        Problem::Broken => Violation::protocol("a compressed message cannot be inflated"),
    }
}

fn control_item(control: Control, payload: &[u8]) -> Result<Item<'_>, Violation> {
    match control {
        Control::Ping => Ok(Item::Ping(payload)),
        Control::Pong => Ok(Item::Pong(payload)),
        Control::Close => close::parse(payload).map(|(code, reason)| Item::Close(code, reason)),
        Control::Reserved(_) => Err(Violation::protocol("a frame has a reserved opcode")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limited_memory;

    #[test]
    fn messages_without_memory_fail_the_connection() {
        let whole = frame(true, 2, &[7; 100_000]);
        let parts = [frame(false, 2, &[7; 50_000]), frame(true, 0, &[7; 50_000])].concat();
        for stream in [&whole, &parts] {
            let mut decoder = Decoder::new(131_072, None);
            let refused = limited_memory::with_largest(60_000, || {
                stream.chunks(1000).find_map(|mut piece| decoder.next(&mut piece).err())
            });
            assert_eq!(refused, Some(NO_MEMORY));
            assert_eq!(NO_MEMORY.close_code(), 1011);
        }
        // A buffer of the pool does not fit, but the message does.
        let mut decoder = Decoder::new(131_072, None);
        let received = limited_memory::with_largest(BufferPool::SIZE - 1, || {
            let mut sizes = whole.chunks(1000).filter_map(|mut piece| match decoder.next(&mut piece) {
                Ok(Some(Item::Message(_, body))) => Some(body.len()),
                _ => None,
            });
            sizes.next()
        });
        assert_eq!(received, Some(100_000));
    }

    /// A frame as a server sends it.
    fn frame(fin: bool, opcode: u8, payload: &[u8]) -> Vec<u8> {
        let mut out = vec![u8::from(fin) << 7 | opcode];
        match payload.len() {
            len @ 0..126 => out.push(len as u8),
            len @ 126..65536 => {
                out.push(126);
                out.extend_from_slice(&(len as u16).to_be_bytes());
            }
            len => {
                out.push(127);
                out.extend_from_slice(&(len as u64).to_be_bytes());
            }
        }
        out.extend_from_slice(payload);
        out
    }

    /// What comes out, in words, with the stream cut into pieces of `size`.
    fn decode(stream: &[u8], size: usize, max_message: usize) -> (Vec<(String, Vec<u8>)>, Option<u16>) {
        let mut decoder = Decoder::new(max_message, None);
        let mut items = Vec::new();
        for mut piece in stream.chunks(size) {
            loop {
                match decoder.next(&mut piece) {
                    Err(violation) => return (items, Some(violation.close_code())),
                    Ok(None) => break,
                    Ok(Some(Item::Message(kind, Body::Input(body)))) => {
                        items.push((format!("{kind:?}"), body.to_vec()))
                    }
                    Ok(Some(Item::Message(kind, Body::Collected(body)))) => {
                        items.push((format!("{kind:?}"), std::mem::take(body)));
                    }
                    Ok(Some(Item::Ping(payload))) => items.push(("ping".into(), payload.to_vec())),
                    Ok(Some(Item::Pong(payload))) => items.push(("pong".into(), payload.to_vec())),
                    Ok(Some(Item::Close(code, reason))) => items.push((format!("close {code:?}"), reason.into())),
                    Ok(Some(Item::Fragment)) => {}
                }
            }
            assert!(piece.is_empty(), "None only when the input is used up");
        }
        (items, None)
    }

    /// The same with payload put to its place directly, `size` bytes at a time, where that is offered.
    fn decode_directly(mut stream: &[u8], size: usize) -> Vec<(String, Vec<u8>)> {
        let mut decoder = Decoder::new(131_072, None);
        let mut items = Vec::new();
        while !stream.is_empty() {
            if let Some((message, most)) = decoder.direct() {
                let (piece, rest) = stream.split_at(size.min(most).min(stream.len()));
                let before = message.capacity();
                message.extend_from_slice(piece);
                assert_eq!(message.capacity(), before, "there was room");
                stream = rest;
                if let Some((kind, message)) = decoder.filled(piece.len()).unwrap() {
                    items.push((format!("{kind:?}"), std::mem::take(message)));
                }
                continue;
            }
            let (mut piece, rest) = stream.split_at(size.min(stream.len()));
            stream = rest;
            while let Some(item) = decoder.next(&mut piece).unwrap() {
                let Item::Message(kind, body) = item else { continue };
                let payload = match body {
                    Body::Input(payload) => payload.to_vec(),
                    Body::Collected(payload) => std::mem::take(payload),
                };
                items.push((format!("{kind:?}"), payload));
            }
        }
        items
    }

    #[test]
    fn what_is_put_to_its_place_directly_comes_out_the_same() {
        let text = "κόσμε".repeat(9_000);
        let binary: Vec<u8> = (0..131_072).map(|n| n as u8).collect();
        let halves = binary.split_at(50_000);
        let stream = [
            frame(true, 2, &binary),
            frame(true, 1, text.as_bytes()),
            frame(true, 1, b"small"),
            frame(false, 2, halves.0),
            frame(true, 9, b"ping"),
            frame(true, 0, halves.1),
            frame(true, 2, &[7; LARGE]),
        ]
        .concat();
        let expected = [
            item("Binary", &binary),
            item("Text", text.as_bytes()),
            item("Text", b"small"),
            item("Binary", &binary),
            item("Binary", &[7; LARGE]),
        ];
        for size in [1, 3, 4096, 65_536, usize::MAX] {
            assert!(decode_directly(&stream, size) == expected, "{size}");
        }
    }

    fn item(name: &str, payload: &[u8]) -> (String, Vec<u8>) {
        (name.into(), payload.to_vec())
    }

    const CUTS: [usize; 7] = [1, 2, 3, 7, 125, 4096, usize::MAX];

    #[test]
    fn messages_fragments_and_control_frames_come_out_whole_however_the_stream_is_cut() {
        let long = vec![b'x'; 70_000];
        let stream = [
            frame(true, 1, b"hello"),
            frame(true, 2, b""),
            frame(false, 1, "κ".as_bytes().split_at(1).0), // cut inside a character
            frame(true, 9, b"are you there"),
            frame(false, 0, "κ".as_bytes().split_at(1).1),
            frame(false, 0, b""),
            frame(true, 0, b"!"),
            frame(true, 2, &long),
            frame(true, 10, &[7; 125]),
            frame(true, 8, b"\x03\xe8bye"),
        ]
        .concat();
        for cut in CUTS {
            let (items, violation) = decode(&stream, cut.min(stream.len()), 131072);
            assert_eq!(violation, None);
            assert_eq!(
                items,
                [
                    item("Text", b"hello"),
                    item("Binary", b""),
                    item("ping", b"are you there"),
                    item("Text", "κ!".as_bytes()),
                    item("Binary", &long),
                    item("pong", &[7; 125]),
                    item("close Some(1000)", b"bye"),
                ],
                "cut by {cut}"
            );
        }
    }

    #[test]
    fn the_cap_is_inclusive_in_one_frame_and_in_many() {
        for opcode in [1, 2] {
            let whole = frame(true, opcode, &vec![b'x'; 131072]);
            let many: Vec<u8> = (0..33)
                .flat_map(|n| {
                    let payload = if n == 32 { 0 } else { 4096 };
                    frame(n == 32, if n == 0 { opcode } else { 0 }, &vec![b'x'; payload])
                })
                .collect();
            for stream in [&whole, &many] {
                for cut in [1000, usize::MAX] {
                    let (items, violation) = decode(stream, cut.min(stream.len()), 131072);
                    assert_eq!((items.len(), violation), (1, None));
                    assert_eq!(items[0].1.len(), 131072);
                }
            }
        }
    }

    #[test]
    fn too_much_is_refused_at_the_header_before_any_payload() {
        let one_over = &frame(true, 2, &[0; 131073])[..10];
        assert_eq!(decode(one_over, 1, 131072).1, Some(1009));
        let mut enormous = vec![0x82, 127];
        enormous.extend_from_slice(&(u64::MAX >> 1).to_be_bytes());
        assert_eq!(decode(&enormous, 10, 131072).1, Some(1009));
        let running_total = [frame(false, 1, &[b'x'; 100]), vec![0x80, 29]].concat();
        assert_eq!(decode(&running_total, 1, 128).1, Some(1009));
        assert_eq!(decode(&running_total, 1, 129).1, None);
    }

    /// Empty fragments add nothing to a message, so the limit of its size does not stop them.
    #[test]
    fn frames_of_a_message_are_bounded() {
        let [begin, empty, end] = [frame(false, 2, b""), frame(false, 0, b""), frame(true, 0, b"x")];
        let most = (MAX_WIRE as usize - begin.len() - end.len()) / empty.len();
        for (fragments, violation) in [(most, None), (most + 1, Some(1009)), (3 * most, Some(1009))] {
            // Control frames between the fragments, and earlier messages, do not count.
            let between = [frame(true, 9, b"?"), empty.repeat(1000)].concat();
            let middle = [between.repeat(fragments / 1000), empty.repeat(fragments % 1000)].concat();
            let stream = [&frame(true, 2, &[7; 4000]), &begin, &middle, &end].map(|bytes| &bytes[..]).concat();
            let (items, got) = decode(&stream, 65_536, 131_072);
            assert_eq!(got, violation, "{fragments} fragments");
            let whole = items.last().is_some_and(|last| *last == item("Binary", b"x"));
            assert_eq!(whole, violation.is_none());
        }
        let bytes: Vec<u8> =
            (0..131_072).flat_map(|at| frame(at == 131_071, if at == 0 { 2 } else { 0 }, b"x")).collect();
        let (items, violation) = decode(&bytes, 65_536, 131_072);
        assert!(violation.is_none() && items[0].1.len() == 131_072, "a byte a frame");
    }

    #[test]
    fn each_fragment_before_the_last_is_reported() {
        for size in [1, 3, usize::MAX] {
            let stream =
                [frame(false, 1, b"a"), frame(false, 0, b""), frame(true, 10, b""), frame(false, 0, b"b")].concat();
            let mut decoder = Decoder::new(100, None);
            let mut fragments = 0;
            for mut piece in stream.chunks(size) {
                while let Some(item) = decoder.next(&mut piece).unwrap() {
                    fragments += usize::from(item == Item::Fragment);
                }
            }
            assert_eq!(fragments, 3);
        }
    }

    #[test]
    fn what_stands_before_a_violation_still_comes_out() {
        let stream = [frame(true, 1, b"last words"), frame(true, 0, b"")].concat();
        for cut in CUTS {
            assert_eq!(decode(&stream, cut.min(stream.len()), 100), (vec![item("Text", b"last words")], Some(1002)));
        }
    }

    #[test]
    fn a_message_takes_no_more_than_twice_its_size() {
        for len in [LARGE, 40_000, 65_536, 131_072] {
            let mut decoder = Decoder::new(131_072, None);
            assert_eq!(decoder.next(&mut &frame(true, 2, &vec![0; len])[..100]), Ok(None));
            let capacity = decoder.message.capacity();
            assert!((len + 1..=2 * len + 64).contains(&capacity), "{capacity} for {len}");
        }
    }

    #[test]
    fn order_of_fragments_is_checked() {
        let begun_twice = [frame(false, 1, b"a"), frame(true, 1, b"b")].concat();
        assert_eq!(decode(&begun_twice, 1, 100).1, Some(1002));
        let begun_twice = [frame(false, 1, b"a"), frame(true, 2, b"b")].concat();
        assert_eq!(decode(&begun_twice, 100, 100).1, Some(1002));
        assert_eq!(decode(&frame(false, 0, b""), 100, 100).1, Some(1002));
    }

    #[test]
    fn bad_text_is_refused_as_soon_as_it_shows() {
        assert_eq!(decode(&frame(true, 1, b"ab\xff"), 100, 100).1, Some(1007));
        // The frame has more to come, and so has the message.
        let first_bytes = &frame(false, 1, b"\xf4\x90\x80\x80 and so on")[..4];
        assert_eq!(decode(first_bytes, 1, 100).1, Some(1007));
        // A character that the message's end cuts off.
        let cut_off = [frame(false, 1, b"\xce"), frame(true, 0, b"")].concat();
        for cut in CUTS {
            assert_eq!(decode(&cut_off, cut.min(cut_off.len()), 100).1, Some(1007));
        }
        // A broken text does not spoil the next decoder's state: binary may hold anything.
        assert_eq!(decode(&frame(true, 2, b"\xff"), 1, 100).1, None);
    }
}
