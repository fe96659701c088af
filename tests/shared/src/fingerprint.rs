//! A fingerprint of a message, which distinguishes it from other messages.

use crate::frame::{BINARY, TEXT};

/// Type, length and CRC-32 of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// Makes a fingerprint. `kind` is the opcode, which is equal to the number of the constant in the header.
    pub fn of(kind: u8, payload: &[u8]) -> Fingerprint {
        let sum = zlib_rs::crc32::crc32(0, payload);
        Fingerprint(u64::from(kind) << 56 | (payload.len() as u64) << 32 | u64::from(sum))
    }

    pub fn text(text: &str) -> Fingerprint {
        Fingerprint::of(TEXT, text.as_bytes())
    }

    pub fn binary(bytes: &[u8]) -> Fingerprint {
        Fingerprint::of(BINARY, bytes)
    }

    /// Returns the number of bytes of the payload.
    pub fn payload_len(self) -> u64 {
        self.0 >> 32 & 0xFF_FFFF
    }
}
