//! The fuzz input as a sequence of choices. After its end, every choice is the first alternative.

/// The rest of the input.
pub struct Source<'a>(pub &'a [u8]);

impl<'a> Source<'a> {
    pub fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or(0)
    }

    pub fn u16(&mut self) -> u16 {
        u16::from_le_bytes([self.byte(), self.byte()])
    }

    pub fn flag(&mut self) -> bool {
        self.byte() & 1 != 0
    }

    /// Returns a number below `end`, which is at most 256.
    pub fn below(&mut self, end: usize) -> usize {
        usize::from(self.byte()) % end
    }

    /// Returns at most `len` bytes.
    pub fn take(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// Returns at most 255 bytes. The first byte of the input is their number.
    pub fn bytes(&mut self) -> &'a [u8] {
        let len = self.byte().into();
        self.take(len)
    }
}

/// The sizes of the pieces in which a stream is fed. They are repeated.
#[derive(Debug)]
pub struct PieceSizes(Vec<usize>);

impl PieceSizes {
    /// Returns three divisions: all bytes at once, single bytes, and sizes that the input chooses, which are mostly small.
    pub fn read(source: &mut Source) -> [PieceSizes; 3] {
        let chosen = [(); 4].map(|()| 1 + usize::from(source.byte()).pow(2)).to_vec();
        [PieceSizes(vec![usize::MAX]), PieceSizes(vec![1]), PieceSizes(chosen)]
    }

    pub fn pieces<'a>(&'a self, mut stream: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let mut sizes = self.0.iter().cycle();
        std::iter::from_fn(move || {
            let size = sizes.next().filter(|_| !stream.is_empty())?;
            stream.split_off(..stream.len().min(*size))
        })
    }
}
