//! Valid and invalid frames of RFC 6455 section 5.2.

use std::fmt;

pub const CONTINUATION: u8 = 0x0;
pub const TEXT: u8 = 0x1;
pub const BINARY: u8 = 0x2;
pub const CLOSE: u8 = 0x8;
pub const PING: u8 = 0x9;
pub const PONG: u8 = 0xA;

/// One frame. A new one is valid for a server to send. The methods that take `self` can make it invalid.
#[derive(Clone, PartialEq)]
pub struct Frame {
    pub fin: bool,
    /// RSV1, RSV2 and RSV3 as the numbers 4, 2 and 1.
    pub rsv: u8,
    pub opcode: u8,
    pub payload: Vec<u8>,
    mask: Option<[u8; 4]>,
    length: Length,
}

/// The three ways to write a payload's length.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Length {
    Shortest,
    SixteenBits,
    SixtyFourBits,
}

impl Frame {
    pub fn new(opcode: u8, payload: impl Into<Vec<u8>>) -> Frame {
        Frame { fin: true, rsv: 0, opcode, payload: payload.into(), mask: None, length: Length::Shortest }
    }

    pub fn text(text: impl Into<Vec<u8>>) -> Frame {
        Frame::new(TEXT, text)
    }

    pub fn binary(bytes: impl Into<Vec<u8>>) -> Frame {
        Frame::new(BINARY, bytes)
    }

    pub fn continuation(bytes: impl Into<Vec<u8>>) -> Frame {
        Frame::new(CONTINUATION, bytes)
    }

    pub fn ping(payload: impl Into<Vec<u8>>) -> Frame {
        Frame::new(PING, payload)
    }

    pub fn pong(payload: impl Into<Vec<u8>>) -> Frame {
        Frame::new(PONG, payload)
    }

    pub fn close(code: u16, reason: impl AsRef<[u8]>) -> Frame {
        Frame::new(CLOSE, [&code.to_be_bytes(), reason.as_ref()].concat())
    }

    /// Removes FIN: more fragments follow.
    pub fn unfinished(self) -> Frame {
        Frame { fin: false, ..self }
    }

    pub fn rsv(self, rsv: u8) -> Frame {
        Frame { rsv, ..self }
    }

    pub fn masked(self, key: [u8; 4]) -> Frame {
        Frame { mask: Some(key), ..self }
    }

    pub fn length_as(self, length: Length) -> Frame {
        Frame { length, ..self }
    }

    /// Returns only the header, which claims `length` bytes of payload.
    pub fn header_claiming(&self, length: u64) -> Vec<u8> {
        let mask_bit = if self.mask.is_some() { 0x80 } else { 0 };
        let mut bytes = vec![u8::from(self.fin) << 7 | self.rsv << 4 | self.opcode];
        let form = match self.length {
            Length::Shortest if length <= 125 => Length::Shortest,
            Length::Shortest if length <= 0xFFFF => Length::SixteenBits,
            Length::Shortest => Length::SixtyFourBits,
            forced => forced,
        };
        match form {
            Length::Shortest => bytes.push(mask_bit | length as u8),
            Length::SixteenBits => {
                bytes.push(mask_bit | 126);
                bytes.extend((length as u16).to_be_bytes());
            }
            Length::SixtyFourBits => {
                bytes.push(mask_bit | 127);
                bytes.extend(length.to_be_bytes());
            }
        }
        bytes.extend(self.mask.iter().flatten());
        bytes
    }

    /// Returns the whole frame as bytes on the wire.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.header_claiming(self.payload.len() as u64);
        let start = bytes.len();
        bytes.extend(&self.payload);
        if let Some(key) = self.mask {
            unmask(&mut bytes[start..], key);
        }
        bytes
    }
}

/// Returns frames one after the other on the wire.
pub fn wire<'a>(frames: impl IntoIterator<Item = &'a Frame>) -> Vec<u8> {
    frames.into_iter().flat_map(Frame::bytes).collect()
}

/// Masks or unmasks. Both are one operation.
pub fn unmask(bytes: &mut [u8], key: [u8; 4]) {
    for (byte, mask) in bytes.iter_mut().zip(key.into_iter().cycle()) {
        *byte ^= mask;
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = &self.payload[..self.payload.len().min(40)];
        write!(
            f,
            "Frame(fin {}, rsv {}, opcode {:#x}, {} bytes: {:?}…)",
            self.fin,
            self.rsv,
            self.opcode,
            self.payload.len(),
            String::from_utf8_lossy(shown)
        )
    }
}
