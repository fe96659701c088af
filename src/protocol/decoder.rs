//! The decoder: bytes from the peer become messages and control frames (RFC 6455 sections 5.4 to 5.6).
//!
//! ```text
//!   input ─► header ─► opcode, order and size checked ─┬─► a whole message or control frame in the input: returned in place
//!              │                                       └─► otherwise assembled: control frames in `control`, data in `message`,
//!              │                                           UTF-8 checked piece by piece; returned after the last byte
//!              └─► incomplete header: kept in `header`
//! ```

use super::close;
use super::deflate::{InflateError, Inflater};
use super::frame::{self, Header, MAX_HEADER};
use super::message::{MessageKind, Payload};
use super::utf8::Utf8;
use super::{NO_MEMORY, Violation, ViolationKind, reserve_within};
use crate::buffer_pool::BufferPool;
use std::sync::Arc;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

/// One result of the decoder. It borrows from the input or from the decoder, until the next call.
#[derive(Debug, PartialEq, Eq)]
pub enum Incoming<'a> {
    /// A complete message.
    Message(MessageKind, Payload<'a>),
    /// A ping. The answer is a pong with the payload of the ping.
    Ping(&'a [u8]),
    /// A pong.
    Pong(&'a [u8]),
    /// A Close frame: its code, if it has one, and its reason. The caller ignores all bytes after it.
    Close(Option<u16>, &'a str),
    /// A fragment that does not complete its message. The caller counts it as work.
    Fragment,
}

/// Takes the peer's bytes in pieces of any size. It must not be used after it has returned a violation.
#[derive(Debug)]
pub struct Decoder {
    max_message: usize,
    position: Position,
    /// The first bytes of an incomplete header.
    header: [u8; MAX_HEADER],
    /// The kind of the incomplete message.
    kind: Option<MessageKind>,
    /// The number of bytes in the frames of the current message so far, headers included.
    wire_bytes: u64,
    message: Vec<u8>,
    utf8: Utf8,
    control: Vec<u8>,
    /// Present if permessage-deflate was negotiated.
    inflater: Option<Box<Inflater>>,
    /// The incomplete message is compressed.
    is_compressed: bool,
    /// Large buffers are taken from this pool and returned to it.
    pool: Arc<BufferPool>,
}

/// The position in the current frame.
///
/// ```text
///   Boundary ──header──► Payload ──last byte──► Boundary
///       └─► Header ────────▲
/// ```
#[derive(Clone, Copy, Debug)]
enum Position {
    /// The next byte begins a frame.
    Boundary,
    /// The header is incomplete: this number of its bytes has come.
    Header(usize),
    /// The header is complete, and the payload is incomplete.
    Payload(PartialFrame),
}

/// A frame whose header was read and whose payload is incomplete.
#[derive(Clone, Copy, Debug)]
struct PartialFrame {
    fin: bool,
    /// The opcode of a control frame, which may come between the fragments of a message.
    control: Option<Control>,
    remaining: u64,
}

/// The largest number of bytes in the frames of one message, headers included: 16 times the largest message. A message with one
/// byte in each frame needs a fifth of that. Only empty fragments and compressed blocks without content need more, and a peer
/// could send those endlessly.
const MAX_WIRE_BYTES: u64 = 2 * 1024 * 1024;
/// A message of at least this size is read directly into its buffer. A smaller one is read together with the frames around it.
const DIRECT_READ_SIZE: usize = 16 * 1024;
/// The largest capacity in bytes that an idle decoder keeps.
const MAX_IDLE_CAPACITY: usize = 4096;

const TOO_BIG: Violation =
    Violation { kind: ViolationKind::TooBig, detail: "a message is larger than max_message_bytes" };
const TOO_MANY_WIRE_BYTES: Violation =
    Violation { kind: ViolationKind::TooBig, detail: "the frames of a message have more than 2 MiB" };
const NOT_UTF8: Violation = Violation { kind: ViolationKind::InvalidUtf8, detail: "a text message is not UTF-8" };

impl Decoder {
    /// Makes a decoder for the beginning of a stream. It refuses messages of more than `max_message` bytes, counted after
    /// decompression.
    pub fn new(max_message: usize, inflater: Option<Inflater>) -> Decoder {
        Decoder::with_pool(max_message, inflater, Arc::default())
    }

    /// Like [`Decoder::new`]. Large buffers are taken from this pool.
    pub fn with_pool(max_message: usize, inflater: Option<Inflater>, pool: Arc<BufferPool>) -> Decoder {
        Decoder {
            max_message,
            position: Position::Boundary,
            header: [0; MAX_HEADER],
            kind: None,
            wire_bytes: 0,
            message: Vec::new(),
            utf8: Utf8::default(),
            control: Vec::new(),
            inflater: inflater.map(Box::new),
            is_compressed: false,
            pool,
        }
    }

    /// Frees memory that only an incomplete message needs. The caller calls this when no more bytes are available for now.
    pub fn rest(&mut self) {
        if self.kind.is_none() && self.message.capacity() > MAX_IDLE_CAPACITY {
            self.pool.give(&mut self.message);
        }
    }

    /// Takes the next message or control frame from the front of `input`. Returns `None` if it needs more bytes; `input` is
    /// empty then.
    #[inline]
    pub fn next<'a, 'i: 'a>(&'a mut self, input: &mut &'i [u8]) -> Result<Option<Incoming<'a>>, Violation> {
        if input.is_empty() {
            return Ok(None);
        }
        let is_between_messages = matches!(self.position, Position::Boundary) && self.kind.is_none();
        if is_between_messages
            && let Some((kind, payload, rest)) = frame::whole_message(input)
            && payload.len() <= self.max_message
        {
            *input = rest;
            if kind == MessageKind::Text && simdutf8::basic::from_utf8(payload).is_err() {
                return Err(NOT_UTF8);
            }
            return Ok(Some(Incoming::Message(kind, Payload::InPlace(payload))));
        }
        self.next_slow(input)
    }

    /// Handles all cases. It is not inlined, so that the compiler can keep the common case in registers.
    #[inline(never)]
    fn next_slow<'a, 'i: 'a>(&'a mut self, input: &mut &'i [u8]) -> Result<Option<Incoming<'a>>, Violation> {
        loop {
            if let Position::Payload(frame) = self.position {
                if !self.take_payload(frame, input)? {
                    return Ok(None);
                }
                match frame.control {
                    Some(control) => return control_frame(control, &self.control).map(Some),
                    None if frame.fin => return self.assembled().map(Some),
                    None => return Ok(Some(Incoming::Fragment)),
                }
            }
            let Some(header) = self.header(input)? else { return Ok(None) };
            let (kind, is_first) = match header.opcode {
                OpCode::Control(control) => {
                    let len = header.payload as usize; // at most 125
                    if let Some((payload, rest)) = input.split_at_checked(len) {
                        *input = rest;
                        return control_frame(control, payload).map(Some);
                    }
                    self.control.clear();
                    let frame = PartialFrame { fin: true, control: Some(control), remaining: header.payload };
                    self.position = Position::Payload(frame);
                    continue;
                }
                OpCode::Data(data) => match (data, self.kind) {
                    (Data::Text, None) => (MessageKind::Text, true),
                    (Data::Binary, None) => (MessageKind::Binary, true),
                    (Data::Continue, Some(kind)) => (kind, false),
                    (Data::Continue, None) => {
                        return Err(Violation::protocol("a continuation frame came without a message to continue"));
                    }
                    _ => return Err(Violation::protocol("a new message began inside an unfinished one")),
                },
            };
            if is_first && header.is_compressed || !is_first && self.is_compressed {
                self.count_wire_bytes(header, is_first)?;
                if self.begin_compressed(header, kind, is_first, input)? {
                    return Ok(Some(Incoming::Message(kind, Payload::Assembled(&mut self.message))));
                }
                continue;
            }
            // The size limit is checked here, by the announced length, before any of the payload is stored.
            let assembled = if is_first { 0 } else { self.message.len() };
            if header.payload > (self.max_message - assembled) as u64 {
                return Err(TOO_BIG);
            }
            let len = header.payload as usize;
            if header.fin
                && is_first
                && let Some((payload, rest)) = input.split_at_checked(len)
            {
                *input = rest;
                if kind == MessageKind::Text && simdutf8::basic::from_utf8(payload).is_err() {
                    return Err(NOT_UTF8);
                }
                return Ok(Some(Incoming::Message(kind, Payload::InPlace(payload))));
            }
            self.count_wire_bytes(header, is_first)?;
            if is_first {
                self.message.clear();
                self.kind = Some(kind);
                self.is_compressed = false;
            }
            if header.fin {
                self.make_room(len)?;
            }
            let frame = PartialFrame { fin: header.fin, control: None, remaining: header.payload };
            self.position = Position::Payload(frame);
        }
    }

    /// Counts the bytes of a frame that belongs to a message.
    fn count_wire_bytes(&mut self, header: Header, is_first: bool) -> Result<(), Violation> {
        let before = if is_first { 0 } else { self.wire_bytes };
        self.wire_bytes = before.saturating_add(header.payload).saturating_add(header.size as u64);
        if self.wire_bytes > MAX_WIRE_BYTES { Err(TOO_MANY_WIRE_BYTES) } else { Ok(()) }
    }

    /// Reads the next header from the bytes that were kept and the input. Returns `None` if it is still incomplete.
    #[inline]
    fn header(&mut self, input: &mut &[u8]) -> Result<Option<Header>, Violation> {
        let Position::Header(mut len) = self.position else {
            if let Some(header) = Header::parse(input, self.inflater.is_some())? {
                *input = &input[header.size..];
                return Ok(Some(header));
            }
            if !input.is_empty() {
                self.header[..input.len()].copy_from_slice(input);
                self.position = Position::Header(input.len());
                *input = &[];
            }
            return Ok(None);
        };
        while let Some((&byte, rest)) = input.split_first() {
            *input = rest;
            self.header[len] = byte;
            len += 1;
            if let Some(header) = Header::parse(&self.header[..len], self.inflater.is_some())? {
                self.position = Position::Boundary;
                return Ok(Some(header));
            }
        }
        self.position = Position::Header(len);
        Ok(None)
    }

    /// Takes payload of this frame from the input. Returns true if the frame is complete.
    fn take_payload(&mut self, mut frame: PartialFrame, input: &mut &[u8]) -> Result<bool, Violation> {
        let (piece, rest) = input.split_at(frame.remaining.min(input.len() as u64) as usize);
        *input = rest;
        frame.remaining -= piece.len() as u64;
        if frame.control.is_some() {
            self.control.extend_from_slice(piece);
        } else if self.is_compressed {
            self.inflate(piece)?;
        } else {
            if self.kind == Some(MessageKind::Text) {
                self.utf8.feed(piece).map_err(|_| NOT_UTF8)?;
            }
            let most = self.max_message + 1 - self.message.len(); // one more for a NUL
            reserve_within(&mut self.message, piece.len(), most)?;
            self.message.extend_from_slice(piece);
        }
        let is_complete = frame.remaining == 0;
        self.position = if is_complete { Position::Boundary } else { Position::Payload(frame) };
        Ok(is_complete)
    }

    /// Reserves room for the last `bytes` of a message and for a NUL.
    fn make_room(&mut self, bytes: usize) -> Result<(), Violation> {
        let len = self.message.len() + bytes + 1;
        if self.message.capacity() >= len {
            return Ok(());
        }
        // The message keeps this buffer until the host has read it. So the buffer may be twice as large as the message, but not
        // many times.
        if (BufferPool::SIZE / 2..=BufferPool::SIZE).contains(&len)
            && let Ok(mut large) = self.pool.take()
        {
            large.extend_from_slice(&self.message);
            self.message = large;
            return Ok(());
        }
        Ok(self.message.try_reserve_exact(bytes + 1)?)
    }

    /// Returns the buffer into which the caller may read the next bytes directly, and the maximum number of these bytes. This is
    /// possible for the last frame of a large message, because all of these bytes are payload.
    pub fn direct(&mut self) -> Option<(&mut Vec<u8>, usize)> {
        let Position::Payload(frame) = self.position else { return None };
        if !frame.fin || frame.control.is_some() || self.is_compressed {
            return None;
        }
        let remaining = usize::try_from(frame.remaining).ok()?;
        (self.message.len() + remaining >= DIRECT_READ_SIZE).then_some((&mut self.message, remaining))
    }

    /// The caller has read this number of bytes into the buffer of [`Decoder::direct`]. Returns the message if it is complete.
    pub fn filled(&mut self, bytes: usize) -> Result<Option<(MessageKind, &mut Vec<u8>)>, Violation> {
        if self.kind == Some(MessageKind::Text) {
            let piece = &self.message[self.message.len() - bytes..];
            self.utf8.feed(piece).map_err(|_| NOT_UTF8)?;
        }
        if let Position::Payload(frame) = &mut self.position {
            frame.remaining -= bytes as u64;
            if frame.remaining > 0 {
                return Ok(None);
            }
        }
        self.position = Position::Boundary;
        let kind = self.finish_message()?;
        Ok(Some((kind, &mut self.message)))
    }

    /// Begins a frame of a compressed message. If the input has the whole message, inflates it and returns true. The announced
    /// length is not checked against the size limit, because it is the compressed length.
    fn begin_compressed(
        &mut self,
        header: Header,
        kind: MessageKind,
        is_first: bool,
        input: &mut &[u8],
    ) -> Result<bool, Violation> {
        if is_first {
            self.message.clear();
            self.kind = Some(kind);
            self.is_compressed = true;
        }
        if header.fin
            && is_first
            && let Some(inflater) = &mut self.inflater
            && let Ok(len) = usize::try_from(header.payload)
            && let Some((payload, rest)) = input.split_at_checked(len)
        {
            *input = rest;
            self.kind = None;
            let inflated = inflater.feed(payload, &mut self.message, self.max_message);
            inflated.and_then(|()| inflater.finish()).map_err(inflate_violation)?;
            if kind == MessageKind::Text && simdutf8::basic::from_utf8(&self.message).is_err() {
                return Err(NOT_UTF8);
            }
            return Ok(true);
        }
        let frame = PartialFrame { fin: header.fin, control: None, remaining: header.payload };
        self.position = Position::Payload(frame);
        Ok(false)
    }

    /// Inflates a piece of the incomplete message.
    fn inflate(&mut self, piece: &[u8]) -> Result<(), Violation> {
        let before = self.message.len();
        if let Some(inflater) = &mut self.inflater {
            inflater.feed(piece, &mut self.message, self.max_message).map_err(inflate_violation)?;
        }
        match self.kind {
            Some(MessageKind::Text) => self.utf8.feed(&self.message[before..]).map_err(|_| NOT_UTF8),
            _ => Ok(()),
        }
    }

    /// Returns the assembled message.
    fn assembled(&mut self) -> Result<Incoming<'_>, Violation> {
        let kind = self.finish_message()?;
        Ok(Incoming::Message(kind, Payload::Assembled(&mut self.message)))
    }

    fn finish_message(&mut self) -> Result<MessageKind, Violation> {
        if self.is_compressed
            && let Some(inflater) = &mut self.inflater
        {
            inflater.finish().map_err(inflate_violation)?;
        }
        // It is always present here: the first frame of a message sets it.
        let kind = self.kind.take().unwrap_or(MessageKind::Binary);
        if kind == MessageKind::Text {
            self.utf8.finish().map_err(|_| NOT_UTF8)?;
        }
        Ok(kind)
    }
}

fn inflate_violation(error: InflateError) -> Violation {
    match error {
        InflateError::TooBig => TOO_BIG,
        InflateError::NoMemory => NO_MEMORY,
        InflateError::Broken => Violation::protocol("a compressed message cannot be inflated"),
    }
}

fn control_frame(control: Control, payload: &[u8]) -> Result<Incoming<'_>, Violation> {
    match control {
        Control::Ping => Ok(Incoming::Ping(payload)),
        Control::Pong => Ok(Incoming::Pong(payload)),
        Control::Close => close::parse(payload).map(|(code, reason)| Incoming::Close(code, reason)),
        Control::Reserved(_) => Err(Violation::protocol("a frame has a reserved opcode")),
    }
}

#[cfg(test)]
mod tests;
