//! DEFLATE as it is used in RFC 7692 section 7.2, for the server side, and parts of it that make invalid data.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

/// The end of a flushed stream. It is not sent on the wire.
pub const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

/// Compresses one message after the other.
pub struct Deflater(Compress);

impl Deflater {
    /// Makes a deflater that compresses as well as possible.
    pub fn new(window_bits: u8) -> Deflater {
        Deflater(Compress::new_with_window_bits(Compression::best(), false, window_bits))
    }

    /// Makes a deflater that compresses fast.
    pub fn fast(window_bits: u8) -> Deflater {
        Deflater(Compress::new_with_window_bits(Compression::fast(), false, window_bits))
    }

    /// Returns the message's payload on the wire.
    pub fn message(&mut self, bytes: &[u8]) -> Vec<u8> {
        // A flush without new data writes nothing. For an empty message, RFC 7692 section 7.2.3.6 requires this byte.
        if bytes.is_empty() {
            return vec![0];
        }
        // Noise grows when it is compressed. It grows more if the window is smaller.
        let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 8 + 64);
        let before = self.0.total_in();
        self.0.compress_vec(bytes, &mut out, FlushCompress::Sync).expect("no dictionary is asked for");
        assert_eq!(self.0.total_in() - before, bytes.len() as u64);
        assert!(out.ends_with(&TAIL), "the room was too small");
        out.truncate(out.len() - TAIL.len());
        out
    }
}

/// Returns a message that does not refer to another one.
pub fn deflated(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    Deflater::new(15).message(bytes.as_ref())
}

/// Returns a message in blocks of type 0, each of at most `size` bytes. The last block is empty, which is required for each
/// message.
pub fn stored(bytes: &[u8], size: usize) -> Vec<u8> {
    let blocks = bytes.chunks(size).flat_map(|piece| {
        let length = u16::try_from(piece.len()).expect("a block has at most 65535 bytes");
        [&[0][..], &length.to_le_bytes(), &(!length).to_le_bytes(), piece].concat()
    });
    blocks.chain([0]).collect()
}

/// Decompresses one message after the other.
pub struct Inflater(Decompress);

impl Default for Inflater {
    fn default() -> Inflater {
        Inflater(Decompress::new(false))
    }
}

impl Inflater {
    /// Returns the message, which has at most `most` bytes, or its first error.
    pub fn message(&mut self, payload: &[u8], most: usize) -> Result<Vec<u8>, String> {
        let wire = [payload, &TAIL].concat();
        let mut message = Vec::with_capacity(most + 1);
        let before = self.0.total_in();
        let inflated = self.0.decompress_vec(&wire, &mut message, FlushDecompress::None);
        let status = inflated.map_err(|error| error.to_string())?;
        let taken = self.0.total_in() - before;
        // The library never sets BFINAL.
        if status == Status::StreamEnd || taken != wire.len() as u64 {
            return Err(format!("{status:?} after {taken} of {} bytes", wire.len()));
        }
        Ok(message)
    }
}

/// Returns the longest back reference of a message. A decoder of RFC 1951 without output finds it. An inflater could not check
/// that, because zlib-rs always has the largest window.
pub fn longest_distance(payload: &[u8]) -> usize {
    let bytes = [payload, &TAIL].concat();
    let mut bits = Bits { bytes: &bytes, at: 0 };
    let mut longest = 0;
    while bits.at < 8 * bytes.len() {
        assert_eq!(bits.take(1), 0, "the client does not need BFINAL");
        let (symbols, distances) = match bits.take(2) {
            0 => {
                bits.at = bits.at.next_multiple_of(8);
                let (length, inverse) = (bits.take(16), bits.take(16));
                assert_eq!(length, !inverse & 0xffff);
                bits.at += 8 * length;
                continue;
            }
            1 => {
                let lengths = [&[8; 144][..], &[9; 112], &[7; 24], &[8; 8]].concat();
                (Code::new(&lengths), Code::new(&[5; 30]))
            }
            2 => bits.take_codes(),
            _ => panic!("a block of the reserved type"),
        };
        loop {
            match symbols.next(&mut bits) {
                0..256 => {}
                256 => break,
                symbol => {
                    bits.take(match symbol {
                        265..285 => (symbol - 261) / 4,
                        _ => 0,
                    });
                    let symbol = distances.next(&mut bits);
                    let extra = (symbol / 2).saturating_sub(1);
                    let least = if symbol < 2 { symbol } else { (2 + symbol % 2) << extra };
                    longest = longest.max(1 + least + bits.take(extra));
                }
            }
        }
    }
    longest
}

struct Bits<'a> {
    bytes: &'a [u8],
    /// The position in bits.
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: usize) -> usize {
        let bit = |at: usize| usize::from(self.bytes[at / 8]) >> (at % 8) & 1;
        let value = (0..count).map(|place| bit(self.at + place) << place).sum();
        self.at += count;
        value
    }

    /// Reads the code lengths of section 3.2.7.
    fn take_codes(&mut self) -> (Code, Code) {
        const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
        let (symbols, distances, count) = (257 + self.take(5), 1 + self.take(5), 4 + self.take(4));
        let mut lengths = [0; 19];
        for place in &ORDER[..count] {
            lengths[*place] = self.take(3);
        }
        let code = Code::new(&lengths);
        let mut lengths = Vec::new();
        while lengths.len() < symbols + distances {
            let (length, times) = match code.next(self) {
                16 => (*lengths.last().expect("something to repeat"), 3 + self.take(2)),
                17 => (0, 3 + self.take(3)),
                18 => (0, 11 + self.take(7)),
                length => (length, 1),
            };
            lengths.extend(std::iter::repeat_n(length, times));
        }
        (Code::new(&lengths[..symbols]), Code::new(&lengths[symbols..]))
    }
}

/// A Huffman code (section 3.2.2).
struct Code {
    /// How many symbols have a code of this number of bits.
    counts: [usize; 16],
    /// The symbols in the order of their codes.
    symbols: Vec<usize>,
}

impl Code {
    fn new(lengths: &[usize]) -> Code {
        let mut symbols: Vec<usize> = (0..lengths.len()).filter(|symbol| lengths[*symbol] != 0).collect();
        symbols.sort_by_key(|symbol| lengths[*symbol]);
        let mut counts = [0; 16];
        symbols.iter().for_each(|symbol| counts[lengths[*symbol]] += 1);
        Code { counts, symbols }
    }

    fn next(&self, bits: &mut Bits) -> usize {
        let (mut code, mut first, mut index) = (0, 0, 0);
        for count in &self.counts[1..] {
            code += bits.take(1);
            if code - first < *count {
                return self.symbols[index + code - first];
            }
            index += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        panic!("no symbol has this code");
    }
}
