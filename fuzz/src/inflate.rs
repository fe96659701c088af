//! A reference implementation of inflation (RFC 1951), for comparison. It is slow and simple, and uses no library.

/// The end of each compressed message, which the sender removes (RFC 7692 section 7.2.2).
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

/// The reason why a message cannot be inflated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InflateError {
    /// It is not DEFLATE, or it ends inside a block.
    Broken,
    TooBig,
}

/// Inflates the messages of one connection, in order.
pub struct Reference {
    no_context_takeover: bool,
    max: usize,
    /// All output so far.
    out: Vec<u8>,
    /// The index at which the current message begins.
    begin: usize,
    /// The index before which no distance may point.
    context: usize,
}

impl Reference {
    pub fn new(no_context_takeover: bool, max: usize) -> Reference {
        Reference { no_context_takeover, max, out: Vec::new(), begin: 0, context: 0 }
    }

    /// Inflates a message. After an error it must not be called again.
    pub fn message(&mut self, payload: &[u8]) -> Result<&[u8], InflateError> {
        self.begin = self.out.len();
        if self.no_context_takeover {
            self.context = self.begin;
        }
        // The RFC requires more than zero bytes for a message. A message of zero bytes is harmless, so it is accepted.
        if !payload.is_empty() {
            let mut bits = Bits { bytes: &[payload, &TAIL].concat(), at: 0, tail: payload.len() * 8 };
            while !self.block(&mut bits)? {}
        }
        Ok(&self.out[self.begin..])
    }

    /// Reads a block. Returns true if the message may end with it.
    fn block(&mut self, bits: &mut Bits) -> Result<bool, InflateError> {
        let is_final = bits.take(1)? == 1;
        let kind = bits.take(2)?;
        // A stored block with the tail as its lengths. It has no bytes.
        let is_ended_by_tail = kind == 0 && bits.at.next_multiple_of(8) == bits.tail;
        match kind {
            0 => self.stored(bits)?,
            1 => {
                let lengths = [[8; 144].as_slice(), &[9; 112], &[7; 24], &[8; 8]].concat();
                self.compressed(bits, &Code::new(&lengths)?, &Code::new(&[5; 32])?)?;
            }
            2 => {
                let (literals, distances) = read_codes(bits)?;
                self.compressed(bits, &literals, &distances)?;
            }
            _ => return Err(InflateError::Broken),
        }
        // The bytes after it are a new DEFLATE stream (RFC 7692 section 7.2.3.4).
        if is_final {
            bits.align();
            self.context = self.out.len();
        }
        // A block that by chance ends with the last bit of the tail looks like a valid one, and is harmless. The last byte of a
        // final block is filled with padding, even in the tail.
        Ok(is_ended_by_tail || bits.at == bits.bytes.len() * 8 || is_final && bits.at == bits.tail)
    }

    /// Reads a stored block (section 3.2.4).
    fn stored(&mut self, bits: &mut Bits) -> Result<(), InflateError> {
        bits.align();
        let len = bits.take(16)?;
        if bits.take(16)? != len ^ 0xffff {
            return Err(InflateError::Broken);
        }
        for _ in 0..len {
            let byte = bits.take(8)?;
            self.push(byte as u8, bits)?;
        }
        Ok(())
    }

    /// Reads a compressed block (section 3.2.5).
    fn compressed(&mut self, bits: &mut Bits, literals: &Code, distances: &Code) -> Result<(), InflateError> {
        loop {
            let symbol = literals.read(bits)?;
            let len = match symbol {
                0..256 => {
                    self.push(symbol as u8, bits)?;
                    continue;
                }
                256 => return Ok(()),
                257..265 => symbol - 254,
                285 => 258,
                265..285 => {
                    let extra = (symbol - 261) / 4;
                    3 + ((4 + (symbol - 261) % 4) << extra) + bits.take(extra)?
                }
                _ => return Err(InflateError::Broken),
            };
            let symbol = distances.read(bits)?;
            let distance = match symbol {
                0..4 => symbol + 1,
                4..30 => {
                    let extra = symbol / 2 - 1;
                    1 + ((2 + symbol % 2) << extra) + bits.take(extra)?
                }
                _ => return Err(InflateError::Broken),
            };
            if distance > self.out.len() - self.context {
                return Err(InflateError::Broken);
            }
            for _ in 0..len {
                self.push(self.out[self.out.len() - distance], bits)?;
            }
        }
    }

    fn push(&mut self, byte: u8, bits: &Bits) -> Result<(), InflateError> {
        // The tail has no content.
        if bits.at > bits.tail {
            return Err(InflateError::Broken);
        }
        if self.out.len() - self.begin == self.max {
            return Err(InflateError::TooBig);
        }
        self.out.push(byte);
        Ok(())
    }
}

/// Reads the codes of a dynamic block (section 3.2.7).
fn read_codes(bits: &mut Bits) -> Result<(Code, Code), InflateError> {
    const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
    let literals = 257 + bits.take(5)?;
    let distances = 1 + bits.take(5)?;
    let count = 4 + bits.take(4)?;
    if literals > 286 || distances > 30 {
        return Err(InflateError::Broken);
    }
    let mut lengths = [0; 19];
    for at in &ORDER[..count] {
        lengths[*at] = bits.take(3)?;
    }
    if lengths.iter().filter(|len| **len > 0).count() < 2 {
        return Err(InflateError::Broken);
    }
    let code = Code::new(&lengths)?;
    let mut lengths: Vec<usize> = Vec::new();
    while lengths.len() < literals + distances {
        let (len, count) = match code.read(bits)? {
            16 => (*lengths.last().ok_or(InflateError::Broken)?, 3 + bits.take(2)?),
            17 => (0, 3 + bits.take(3)?),
            18 => (0, 11 + bits.take(7)?),
            len => (len, 1),
        };
        lengths.extend(std::iter::repeat_n(len, count));
    }
    if lengths.len() > literals + distances || lengths[256] == 0 {
        return Err(InflateError::Broken);
    }
    let (literals, distances) = lengths.split_at(literals);
    Ok((Code::new(literals)?, Code::new(distances)?))
}

/// A Huffman code: section 3.2.2.
struct Code {
    /// The number of symbols of each length.
    counts: [usize; 16],
    /// The symbols, ordered by length and then by value.
    symbols: Vec<usize>,
}

impl Code {
    /// Makes a code from the lengths of the symbols. As in zlib, an incomplete code is an error unless it has at most one bit.
    fn new(lengths: &[usize]) -> Result<Code, InflateError> {
        let mut counts = [0; 16];
        for len in lengths.iter().filter(|len| **len > 0) {
            counts[*len] += 1;
        }
        let used: usize = (1..16).map(|len| counts[len] << (15 - len)).sum();
        let is_tiny = counts[2..].iter().all(|count| *count == 0);
        if used > 1 << 15 || used < 1 << 15 && !is_tiny {
            return Err(InflateError::Broken);
        }
        let mut symbols: Vec<usize> = (0..lengths.len()).filter(|symbol| lengths[*symbol] > 0).collect();
        symbols.sort_by_key(|symbol| lengths[*symbol]);
        Ok(Code { counts, symbols })
    }

    fn read(&self, bits: &mut Bits) -> Result<usize, InflateError> {
        let (mut code, mut first, mut before) = (0, 0, 0);
        for count in &self.counts[1..] {
            code |= bits.take(1)?;
            if code < first + count {
                return Ok(self.symbols[before + code - first]);
            }
            before += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        Err(InflateError::Broken)
    }
}

/// A reader of bits. The lowest bit of each byte is first.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The index of the first bit of the tail.
    tail: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: usize) -> Result<usize, InflateError> {
        let mut value = 0;
        for bit in 0..count {
            let byte = *self.bytes.get(self.at / 8).ok_or(InflateError::Broken)?;
            value |= usize::from(byte >> (self.at % 8) & 1) << bit;
            self.at += 1;
        }
        Ok(value)
    }

    fn align(&mut self) {
        self.at = self.at.next_multiple_of(8);
    }
}
