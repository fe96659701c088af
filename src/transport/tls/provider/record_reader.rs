//! Reads whole TLS records from a stream.

use super::super::record_budget::HEADER_LEN;
use super::super::stream_status::CONTENT_TYPES;
use std::io::{self, ErrorKind, Read};

/// The largest number of bytes after the header: 2^14 + 2048 in TLS 1.2 (RFC 5246 section 6.2.3), and less in TLS 1.3.
const MAX_BODY: usize = 16 * 1024 + 2048;
/// A size that has room for the record of a small message.
const SMALL: usize = 512;

/// Reads one record after the other. After an error of the stream, including `WouldBlock`, the bytes of the record that were read
/// are kept.
#[derive(Debug, Default)]
pub(super) struct RecordReader {
    /// The record. Bytes after `len` were not yet read.
    bytes: Vec<u8>,
    len: usize,
}

impl RecordReader {
    /// Reads a record. `InvalidData`: the bytes are not TLS. `UnexpectedEof`: the stream has ended.
    pub(super) fn read(&mut self, stream: &mut dyn Read) -> io::Result<&[u8]> {
        let filled = self.fill(stream, HEADER_LEN).and_then(|()| {
            let body = body_len(&self.bytes[..HEADER_LEN])?;
            self.fill(stream, HEADER_LEN + body)
        });
        match filled {
            Ok(()) => {
                let len = std::mem::take(&mut self.len);
                Ok(&self.bytes[..len])
            }
            Err(error) => {
                self.rest();
                Err(error)
            }
        }
    }

    /// Frees memory, because no more bytes are available now and an idle connection should need no memory.
    pub(super) fn rest(&mut self) {
        if self.len == 0 {
            self.bytes = Vec::new();
        }
    }

    #[cfg(test)]
    pub(super) fn kept_memory(&self) -> usize {
        self.bytes.capacity()
    }

    fn fill(&mut self, stream: &mut dyn Read, until: usize) -> io::Result<()> {
        if self.bytes.len() < until {
            if self.bytes.capacity() == 0 {
                self.bytes.reserve_exact(SMALL); // allocated once for most records
            }
            self.bytes.resize(until, 0);
        }
        while self.len < until {
            match stream.read(&mut self.bytes[self.len..until]) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(count) => self.len += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Returns the length of the body of the record with this header.
fn body_len(header: &[u8]) -> io::Result<usize> {
    match *header {
        [content_type, 3, _, high, low] if CONTENT_TYPES.contains(&content_type) => {
            let len = usize::from(u16::from_be_bytes([high, low]));
            if len <= MAX_BODY {
                return Ok(len);
            }
            Err(io::Error::new(ErrorKind::InvalidData, "the peer sent a TLS record that is too long"))
        }
        _ => Err(io::Error::new(ErrorKind::InvalidData, "the peer sent bytes that are not a TLS record")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stream of these bytes, in pieces of this size, with a `WouldBlock` before each piece.
    struct Pieces<'a> {
        bytes: &'a [u8],
        size: usize,
        blocks: bool,
    }

    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.blocks = !self.blocks;
            if self.blocks {
                return Err(ErrorKind::WouldBlock.into());
            }
            let len = self.bytes.len().min(self.size).min(buffer.len());
            let piece = self.bytes.split_off(..len).unwrap();
            buffer[..len].copy_from_slice(piece);
            Ok(len)
        }
    }

    fn record(content_type: u8, body: &[u8]) -> Vec<u8> {
        [&[content_type, 3, 3], &(body.len() as u16).to_be_bytes()[..], body].concat()
    }

    fn read_all(bytes: &[u8], size: usize) -> (Vec<Vec<u8>>, io::Error) {
        let (mut stream, mut reader) = (Pieces { bytes, size, blocks: false }, RecordReader::default());
        let mut records = Vec::new();
        loop {
            match reader.read(&mut stream) {
                Ok(record) => records.push(record.to_vec()),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return (records, error),
            }
        }
    }

    #[test]
    fn records_are_whole_in_any_division_of_the_bytes() {
        let records = [record(22, b"hello"), record(23, &[]), record(23, &[7; MAX_BODY]), record(21, &[1, 0])];
        for size in [1, 4, 5, 6, 1000, 100_000] {
            let (read, end) = read_all(&records.concat(), size);
            assert!(read == records && end.kind() == ErrorKind::UnexpectedEof, "{size}");
        }
    }

    #[test]
    fn other_bytes_are_refused_after_the_header() {
        let too_long = [&[23, 3, 3][..], &(MAX_BODY as u16 + 1).to_be_bytes()].concat();
        for (bytes, text) in [
            (b"HTTP/1.1 400".to_vec(), "not a TLS record"),
            (vec![23, 2, 0, 0, 1], "not a TLS record"),
            (vec![19, 3, 3, 0, 1], "not a TLS record"),
            (too_long, "too long"),
        ] {
            let (read, error) = read_all(&bytes, 3);
            assert!(read.is_empty() && error.kind() == ErrorKind::InvalidData && error.to_string().ends_with(text));
        }
    }

    #[test]
    fn no_memory_is_kept_between_records() {
        let (bytes, mut reader) = (record(23, &[7; 9000]), RecordReader::default());
        let mut stream = Pieces { bytes: &bytes, size: 4000, blocks: false };
        while reader.read(&mut stream).is_err() {}
        assert!(reader.read(&mut stream).is_err() && reader.bytes.capacity() == 0);
    }
}
