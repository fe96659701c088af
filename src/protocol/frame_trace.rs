//! Finds the frames in the bytes of one direction, for a host that traces them. It checks no rule and changes nothing, so a
//! connection without a trace does not need it.

use super::frame::MAX_HEADER;

/// A frame, as described by its header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FrameHead {
    /// The opcode, from 0 to 15.
    pub opcode: u8,
    /// It is the last frame of its message.
    pub fin: bool,
    /// Its message is compressed.
    pub is_compressed: bool,
    /// The bytes of its payload, as they are on the wire.
    pub length: u64,
}

/// The time at which a frame is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ReportAt {
    /// The frame is reported with the last byte of its header, not counting a masking key.
    Header,
    /// The frame is reported with its last byte.
    End,
}

/// Follows the frames of one direction.
///
/// ```text
///   Header ──last byte──► Payload ──last byte──► Header
///     └───────────────────(no payload)─────────────┘
/// ```
#[derive(Debug)]
pub struct FrameTracer {
    report_at: ReportAt,
    /// The first bytes of an incomplete header.
    header: [u8; MAX_HEADER],
    header_len: usize,
    /// The frame whose payload is incomplete, and the number of bytes that are left of it.
    frame: FrameHead,
    remaining: u64,
    /// The message that has begun is compressed.
    is_compressed: bool,
}

impl FrameTracer {
    /// Makes a tracer for received frames. Each frame is reported with its header.
    pub fn of_received() -> FrameTracer {
        FrameTracer::new(ReportAt::Header)
    }

    /// Makes a tracer for sent frames. Each frame is reported with its last byte.
    pub fn of_sent() -> FrameTracer {
        FrameTracer::new(ReportAt::End)
    }

    fn new(report_at: ReportAt) -> FrameTracer {
        FrameTracer {
            report_at,
            header: [0; MAX_HEADER],
            header_len: 0,
            frame: FrameHead::default(),
            remaining: 0,
            is_compressed: false,
        }
    }

    /// Records that this many bytes of the payload were read elsewhere.
    pub fn skip_payload(&mut self, bytes: usize) {
        self.remaining = self.remaining.saturating_sub(bytes as u64);
    }

    /// Takes bytes up to the end of the current frame. Returns their number, and the frame if it must be reported now.
    pub fn step(&mut self, bytes: &[u8]) -> (usize, Option<FrameHead>) {
        let mut at = 0;
        let mut report = None;
        while self.remaining == 0 {
            let Some(&byte) = bytes.get(at) else { return (at, None) };
            at += 1;
            self.header[self.header_len] = byte;
            self.header_len += 1;
            if let Some(frame) = self.header() {
                (self.header_len, self.remaining, self.frame) = (0, frame.length, frame);
                report = (self.report_at == ReportAt::Header).then_some(frame);
                break;
            }
        }
        let payload = self.remaining.min((bytes.len() - at) as u64);
        self.remaining -= payload;
        if self.remaining == 0 && self.report_at == ReportAt::End {
            report = Some(self.frame);
        }
        (at + payload as usize, report)
    }

    /// Returns the frame of the header, if the header is complete.
    fn header(&mut self) -> Option<FrameHead> {
        let &[first, second, ref rest @ ..] = &self.header[..self.header_len] else { return None };
        let (length, rest) = match second & 0x7f {
            126 => rest.split_first_chunk().map(|(length, rest)| (u16::from_be_bytes(*length).into(), rest))?,
            127 => rest.split_first_chunk().map(|(length, rest)| (u64::from_be_bytes(*length), rest))?,
            length => (length.into(), rest),
        };
        let has_key = second & 0x80 != 0 && self.report_at == ReportAt::End;
        if has_key && rest.len() < 4 {
            return None;
        }
        let (opcode, fin, rsv1) = (first & 0x0f, first & 0x80 != 0, first & 0x40 != 0);
        match opcode {
            // Only the first frame of a message has the bit.
            1 | 2 => self.is_compressed = rsv1,
            _ => {}
        }
        let is_compressed = rsv1 || opcode == 0 && self.is_compressed;
        Some(FrameHead { opcode, fin, is_compressed, length })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns all reports of a stream, each with the number of bytes before it.
    fn trace(mut tracer: FrameTracer, stream: &[u8], size: usize) -> Vec<(usize, FrameHead)> {
        let mut found = Vec::new();
        let mut taken = 0;
        for piece in stream.chunks(size) {
            let mut rest = piece;
            while !rest.is_empty() {
                let (count, frame) = tracer.step(rest);
                rest = &rest[count..];
                taken += count;
                // A step ends with the frame, or with the piece.
                found.extend(frame.map(|frame| (taken, frame)));
            }
        }
        found
    }

    fn head(opcode: u8, fin: bool, is_compressed: bool, length: u64) -> FrameHead {
        FrameHead { opcode, fin, is_compressed, length }
    }

    #[test]
    fn frames_of_each_length_and_opcode_are_found() {
        let mut received = vec![0x81, 2, b'a', b'b'];
        received.extend([0xc1, 0, 0x02, 126, 0, 200]);
        received.extend([0; 200]);
        received.extend([0x89, 1, b'x', 0x80, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
        received.extend(vec![0; 65_536]);
        received.extend([0x42, 0, 0x00, 0, 0x80, 0, 0x8a, 0, 0x88, 2, 3, 0xe8, 0xff, 1, 0]);
        // Each row has the end of the header, the end of the frame, and the frame.
        let frames = [
            (2, 4, head(1, true, false, 2)),
            (6, 6, head(1, true, true, 0)),
            (10, 210, head(2, false, false, 200)),
            (212, 213, head(9, true, false, 1)),
            (223, 65_759, head(0, true, false, 65_536)),
            (65_761, 65_761, head(2, false, true, 0)),
            (65_763, 65_763, head(0, false, true, 0)),
            (65_765, 65_765, head(0, true, true, 0)),
            (65_767, 65_767, head(10, true, false, 0)),
            (65_769, 65_771, head(8, true, false, 2)),
            (65_773, 65_774, head(15, true, true, 1)),
        ];
        let whole = trace(FrameTracer::of_received(), &received, usize::MAX);
        assert_eq!(whole, frames.map(|(_, end, frame)| (end, frame)), "a step takes a whole frame");
        let single = trace(FrameTracer::of_received(), &received, 1);
        assert_eq!(single, frames.map(|(header, _, frame)| (header, frame)), "the header is enough");
        for size in [2, 3, 7, 100] {
            let found = trace(FrameTracer::of_received(), &received, size);
            assert!(found.iter().map(|(_, frame)| frame).eq(frames.iter().map(|(_, _, frame)| frame)), "{size}");
        }
    }

    #[test]
    fn masked_frames_are_reported_with_their_last_byte() {
        let mut sent = vec![0x81, 0x82, 1, 2, 3, 4, b'a', b'b', 0xc2, 0x80, 1, 2, 3, 4];
        sent.extend([0x89, 0x80 | 126, 0, 126, 1, 2, 3, 4]);
        sent.extend([0; 126]);
        let frames = [(8, head(1, true, false, 2)), (14, head(2, true, true, 0)), (148, head(9, true, false, 126))];
        for size in [1, 2, 3, 7, 100, usize::MAX] {
            assert_eq!(trace(FrameTracer::of_sent(), &sent, size), frames, "{size}");
        }
        // The last frame is not sent without its last byte.
        assert_eq!(trace(FrameTracer::of_sent(), &sent[..147], 10), frames[..2]);
    }

    #[test]
    fn payload_that_is_read_elsewhere_is_skipped() {
        let mut tracer = FrameTracer::of_received();
        assert_eq!(tracer.step(&[0x82, 10, 0, 0]), (4, Some(head(2, true, false, 10))));
        tracer.skip_payload(8);
        assert_eq!(tracer.step(&[0x8a, 0]), (2, Some(head(10, true, false, 0))));
    }
}
