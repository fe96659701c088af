//! A message: its kind and its payload.

use tungstenite::protocol::frame::coding::{Data, OpCode};

/// The kind of a message. The numbers match the opcodes and the C header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum MessageKind {
    /// UTF-8 text.
    Text = 1,
    /// Bytes.
    Binary = 2,
}

impl MessageKind {
    /// The opcode of a message of this kind.
    pub fn opcode(self) -> OpCode {
        OpCode::Data(match self {
            MessageKind::Text => Data::Text,
            MessageKind::Binary => Data::Binary,
        })
    }
}

/// The payload of a received message.
#[derive(Debug, PartialEq, Eq)]
pub enum Payload<'a> {
    /// The input contains the whole payload, at this place.
    InPlace(&'a [u8]),
    /// The payload came in pieces, and the decoder assembled it in this buffer. The caller may take the buffer.
    Assembled(&'a mut Vec<u8>),
}

impl Payload<'_> {
    /// The number of bytes.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        match self {
            Payload::InPlace(bytes) => bytes.len(),
            Payload::Assembled(bytes) => bytes.len(),
        }
    }
}
