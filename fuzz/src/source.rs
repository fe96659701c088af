//! The fuzz input, read as choices. When it has ended every choice is the first.

/// What is left of the input.
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

    /// A number below `end`, which is at most 256.
    pub fn below(&mut self, end: usize) -> usize {
        usize::from(self.byte()) % end
    }

    /// At most so many bytes.
    pub fn take(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// At most 255 bytes; the first byte says how many.
    pub fn bytes(&mut self) -> &'a [u8] {
        let len = self.byte().into();
        self.take(len)
    }
}

/// How a stream is cut: pieces of these sizes, over and over.
#[derive(Debug)]
pub struct Cuts(Vec<usize>);

impl Cuts {
    /// The whole, single bytes, and as the input chooses: many small pieces, and some of whole reads.
    pub fn read(source: &mut Source) -> [Cuts; 3] {
        let chosen = [(); 4].map(|()| 1 + usize::from(source.byte()).pow(2)).to_vec();
        [Cuts(vec![usize::MAX]), Cuts(vec![1]), Cuts(chosen)]
    }

    pub fn pieces<'a>(&'a self, mut stream: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let mut sizes = self.0.iter().cycle();
        std::iter::from_fn(move || {
            let size = sizes.next().filter(|_| !stream.is_empty())?;
            stream.split_off(..stream.len().min(*size))
        })
    }
}
