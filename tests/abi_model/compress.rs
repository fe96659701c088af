//! The server's side of permessage-deflate.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

/// Ends a flushed stream, and is left out on the wire (RFC 7692 section 7.2.1).
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

/// Compresses one message after the other.
pub struct Deflater(Compress);

impl Deflater {
    pub fn new(window_bits: u8) -> Deflater {
        Deflater(Compress::new_with_window_bits(Compression::fast(), false, window_bits))
    }

    /// The payload of a message on the wire.
    pub fn message(&mut self, bytes: &[u8]) -> Vec<u8> {
        // A flush with nothing new writes nothing: RFC 7692 section 7.2.3.6 has this for it.
        if bytes.is_empty() {
            return vec![0];
        }
        // Noise grows, the more the smaller the window is.
        let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 8 + 64);
        self.0.compress_vec(bytes, &mut out, FlushCompress::Sync).expect("no dictionary is asked for");
        assert!(out.ends_with(&TAIL), "there was room for all of it");
        out.truncate(out.len() - TAIL.len());
        out
    }
}

/// Decompresses one message after the other.
pub struct Inflater(Decompress);

impl Inflater {
    pub fn new() -> Inflater {
        Inflater(Decompress::new(false))
    }

    /// The message, of at most `most` bytes, or what is wrong with it.
    pub fn message(&mut self, payload: &[u8], most: usize) -> Result<Vec<u8>, String> {
        let wire = [payload, &TAIL].concat();
        let mut message = Vec::with_capacity(most + 1);
        let before = self.0.total_in();
        let inflated = self.0.decompress_vec(&wire, &mut message, FlushDecompress::None);
        let status = inflated.map_err(|error| error.to_string())?;
        let taken = self.0.total_in() - before;
        if status == Status::StreamEnd || taken != wire.len() as u64 {
            return Err(format!("{status:?} after {taken} of {} bytes", wire.len()));
        }
        Ok(message)
    }
}
