//! Frame headers (RFC 6455 section 5.2). Frames of the client are always masked, and frames of the server are never masked.

use super::Violation;
use super::mask;
use super::message::MessageKind;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

/// The largest size of a header in bytes: two bytes, a length of eight bytes, and a masking key.
pub const MAX_HEADER: usize = 14;

/// The largest payload of a control frame, in bytes (section 5.5).
pub const MAX_CONTROL_PAYLOAD: usize = 125;

/// The header of a frame from the server. Its rules were checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// This is the last frame of its message.
    pub fin: bool,
    /// RSV1 of the first frame of a message: the message is compressed (RFC 7692 section 6).
    pub is_compressed: bool,
    /// The opcode.
    pub opcode: OpCode,
    /// The number of bytes in the payload.
    pub payload: u64,
    /// The number of bytes in the header itself.
    pub size: usize,
}

impl Header {
    /// Reads the header at the front of `bytes`. Returns `None` if it needs more bytes, and an error at the first byte that
    /// violates a rule. `may_deflate`: permessage-deflate was negotiated.
    #[inline]
    pub fn parse(bytes: &[u8], may_deflate: bool) -> Result<Option<Header>, Violation> {
        let Some(&first) = bytes.first() else { return Ok(None) };
        let fin = first & 0x80 != 0;
        let opcode = OpCode::from(first & 0x0f);
        if first & 0x70 != 0 {
            check_reserved_bits(first, opcode, may_deflate)?;
        }
        let control = match opcode {
            OpCode::Data(Data::Reserved(_)) | OpCode::Control(Control::Reserved(_)) => {
                return Err(Violation::protocol("a frame has a reserved opcode"));
            }
            OpCode::Control(_) => true,
            OpCode::Data(_) => false,
        };
        if control && !fin {
            return Err(Violation::protocol("a control frame is fragmented"));
        }
        let Some(&second) = bytes.get(1) else { return Ok(None) };
        if second & 0x80 != 0 {
            return Err(Violation::protocol("a frame from the server is masked"));
        }
        if control && second > MAX_CONTROL_PAYLOAD as u8 {
            return Err(Violation::protocol("a control frame is longer than 125 bytes"));
        }
        let (payload, size) = match second {
            126 => {
                let Some(length) = bytes.get(2..).and_then(<[u8]>::first_chunk) else { return Ok(None) };
                (u64::from(u16::from_be_bytes(*length)), 4)
            }
            127 => {
                let Some(length) = bytes.get(2..).and_then(<[u8]>::first_chunk) else { return Ok(None) };
                (u64::from_be_bytes(*length), 10)
            }
            short => (u64::from(short), 2),
        };
        let shortest = match payload {
            0..126 => 2,
            126..65536 => 4,
            _ => 10,
        };
        if size != shortest {
            return Err(Violation::protocol("a frame's length is not in its shortest form"));
        }
        if payload >> 63 != 0 {
            return Err(Violation::protocol("a frame's length has its highest bit set"));
        }
        Ok(Some(Header { fin, is_compressed: first & RSV1 != 0, opcode, payload, size }))
    }
}

/// The fast path. If `bytes` begins with a complete, uncompressed message in one frame of less than 64 KiB, returns its kind, its
/// payload and the bytes after it. Returns `None` in all other cases; [`Header::parse`] handles them.
#[inline]
pub fn whole_message(bytes: &[u8]) -> Option<(MessageKind, &[u8], &[u8])> {
    let (&[first, second], rest) = bytes.split_first_chunk()?;
    let kind = match first {
        0x81 => MessageKind::Text,
        0x82 => MessageKind::Binary,
        _ => return None,
    };
    let (len, rest) = match second {
        0..126 => (usize::from(second), rest),
        126 => {
            let (len, rest) = rest.split_first_chunk()?;
            let len = u16::from_be_bytes(*len);
            (usize::from(len), (len >= 126).then_some(rest)?)
        }
        _ => return None,
    };
    let (payload, rest) = rest.split_at_checked(len)?;
    Some((kind, payload, rest))
}

const FIN: u8 = 0x80;
const RSV1: u8 = 0x40;

#[cold]
fn check_reserved_bits(first: u8, opcode: OpCode, may_deflate: bool) -> Result<(), Violation> {
    let begins = matches!(opcode, OpCode::Data(Data::Text | Data::Binary));
    Err(Violation::protocol(match first & 0x70 {
        RSV1 if may_deflate && begins => return Ok(()),
        RSV1 if may_deflate => "RSV1 is set on a frame that does not begin a message",
        _ => "a reserved bit is set though no extension was agreed on",
    }))
}

/// Appends a masked frame, which is a whole message or a control frame, to `out`.
pub fn append(out: &mut Vec<u8>, opcode: OpCode, deflated: bool, payload: &[u8], key: [u8; 4]) {
    append_inline(out, if deflated { RSV1 } else { 0 } | u8::from(opcode), payload, key);
}

/// Like [`append`], but inlined where each message is queued. `opcode` is the byte on the wire, with the reserved bits.
#[inline(always)]
#[allow(unsafe_code)] // fills reserved memory without setting it to zero first
pub fn append_inline(out: &mut Vec<u8>, opcode: u8, payload: &[u8], key: [u8; 4]) {
    let len = payload.len();
    out.reserve(HEADER_ROOM + len);
    let room = &mut out.spare_capacity_mut()[..HEADER_ROOM + len];
    let (header, size) = header(FIN | opcode, len, key);
    // All 16 bytes are always written. The payload overwrites the bytes after the header.
    let (words, _) = room.as_chunks_mut();
    mask::put(&mut words[0], header[0].to_le_bytes());
    mask::put(&mut words[1], header[1].to_le_bytes());
    mask::write_masked(&mut room[size..size + len], payload, key);
    let end = out.len() + size + len;
    // SAFETY: the memory was reserved. The header has initialised its first `size` bytes, and write_masked has initialised the
    // bytes of the payload after them.
    unsafe { out.set_len(end) };
}

/// How many bytes [`append`] reserves for a header.
pub const HEADER_ROOM: usize = 16;

/// Returns the header of a frame in two words, with the first byte in the lowest position, and the size of the header in bytes.
#[inline]
fn header(first: u8, len: usize, key: [u8; 4]) -> ([u64; 2], usize) {
    const MASKED: u64 = 0x80 << 8;
    let start = u64::from(first) | MASKED;
    let key = u64::from(u32::from_le_bytes(key));
    // The length is in network byte order.
    match len {
        0..126 => ([start | (len as u64) << 8 | key << 16, 0], 6),
        126..65536 => ([start | 126 << 8 | u64::from((len as u16).swap_bytes()) << 16 | key << 32, 0], 8),
        _ => {
            let len = (len as u64).swap_bytes();
            ([start | 127 << 8 | len << 16, len >> 48 | key << 16], MAX_HEADER)
        }
    }
}

/// Returns the size of the header that [`append`] writes before a payload of `len` bytes.
pub fn header_size(len: usize) -> usize {
    match len {
        0..126 => 6,
        126..65536 => 8,
        _ => MAX_HEADER,
    }
}

/// Returns the payload length of a frame of `size` bytes that [`append`] wrote.
#[inline]
pub fn payload_size(size: usize) -> usize {
    size - match size {
        0..132 => 6,
        132..65544 => 8,
        _ => MAX_HEADER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: OpCode = OpCode::Data(Data::Text);

    fn parse(bytes: &[u8]) -> Result<Option<Header>, Violation> {
        Header::parse(bytes, false)
    }

    #[test]
    fn each_form_of_length_is_read_when_all_its_bytes_are_there() {
        let forms: [(&[u8], u64); 6] = [
            (&[0x81, 0], 0),
            (&[0x81, 125], 125),
            (&[0x81, 126, 0, 126], 126),
            (&[0x81, 126, 0xff, 0xff], 65535),
            (&[0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0], 65536),
            (&[0x81, 127, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], u64::MAX >> 1),
        ];
        for (bytes, payload) in forms {
            for cut in 0..bytes.len() {
                assert_eq!(parse(&bytes[..cut]), Ok(None));
            }
            let header = Header { fin: true, is_compressed: false, opcode: TEXT, payload, size: bytes.len() };
            assert_eq!(parse(bytes), Ok(Some(header)));
        }
    }

    #[test]
    fn headers_that_break_the_rfc_are_refused() {
        let refused: [&[u8]; 13] = [
            &[0xc1],                                    // RSV1
            &[0xa1],                                    // RSV2
            &[0x91],                                    // RSV3
            &[0x83],                                    // reserved data opcodes
            &[0x87],                                    //
            &[0x8b],                                    // reserved control opcodes
            &[0x8f],                                    //
            &[0x09],                                    // a ping without FIN
            &[0x81, 0x80],                              // masked
            &[0x88, 126],                               // a long control frame
            &[0x81, 126, 0, 125],                       // lengths longer than needed
            &[0x81, 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff], //
            &[0x81, 127, 0x80, 0, 0, 0, 0, 0, 0, 0],    // the highest bit
        ];
        for bytes in refused {
            assert!(matches!(parse(bytes), Err(violation) if violation.close_code() == 1002), "{bytes:x?}");
        }
    }

    #[test]
    fn rsv1_is_allowed_on_the_first_frame_of_a_message_only() {
        for first in [0xc1, 0xc2, 0x41, 0x42] {
            assert!(Header::parse(&[first, 0], true).unwrap().unwrap().is_compressed);
            assert!(Header::parse(&[first, 0], false).is_err());
        }
        for first in [0xc0, 0x40, 0xc8, 0xc9, 0xca, 0xe1, 0xd1, 0xf2, 0xa1, 0x91] {
            assert!(Header::parse(&[first], true).is_err(), "{first:x}");
        }
        assert!(!Header::parse(&[0x81, 0], true).unwrap().unwrap().is_compressed);
    }

    #[test]
    fn the_fast_path_agrees_with_the_header_parser() {
        let mut bytes = [7; 302];
        for (start, len) in (0..=u16::MAX).flat_map(|start| [0, 125, 126, 298, 299].map(|len: u16| (start, len))) {
            bytes[..2].copy_from_slice(&start.to_be_bytes());
            bytes[2..4].copy_from_slice(&len.to_be_bytes());
            let whole = Header::parse(&bytes, true).ok().flatten().and_then(|header| {
                let begins = matches!(header.opcode, OpCode::Data(Data::Text | Data::Binary));
                let is_message = begins && header.fin && !header.is_compressed;
                let (payload, rest) = bytes[header.size..].split_at_checked(usize::try_from(header.payload).ok()?)?;
                is_message.then_some((header.opcode, payload, rest))
            });
            let fast = whole_message(&bytes).map(|(kind, payload, rest)| (kind.opcode(), payload, rest));
            assert_eq!(fast, whole, "{start:x} {len}");
        }
    }

    #[test]
    fn payload_size_is_the_inverse_of_header_size() {
        for len in (0..70_000).chain([131_072]) {
            assert_eq!(payload_size(header_size(len) + len), len);
        }
    }

    #[test]
    fn tungstenite_reads_the_written_frames() {
        use std::io::Cursor;
        use tungstenite::protocol::frame::FrameHeader;
        for len in [0, 1, 125, 126, 127, 65535, 65536, 131072] {
            let payload: Vec<u8> = (0..len).map(|n| n as u8).collect();
            let mut out = Vec::new();
            append(&mut out, OpCode::Data(Data::Binary), false, &payload, [1, 2, 3, 4]);
            let mut cursor = Cursor::new(&out);
            let (header, size) = FrameHeader::parse(&mut cursor).unwrap().unwrap();
            assert_eq!((header.is_final, header.opcode, size), (true, OpCode::Data(Data::Binary), len as u64));
            assert_eq!(header.mask, Some([1, 2, 3, 4]));
            let start = cursor.position() as usize;
            assert_eq!(start, header_size(len));
            crate::protocol::mask::apply(&mut out[start..], [1, 2, 3, 4]);
            assert_eq!(out[start..], payload);
        }
    }

    #[test]
    fn the_text_of_the_control_limit_has_its_number() {
        let violation = parse(&[0x89, 126]).unwrap_err();
        assert!(
            violation.detail.ends_with(&format!("longer than {MAX_CONTROL_PAYLOAD} bytes")),
            "{}",
            violation.detail
        );
    }
}
