//! UTF-8 validation of text that arrives in pieces. A piece may end inside a character. Invalid bytes are found at once.

use simdutf8::compat;

/// The text is not UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invalid;

/// Validates a text piece by piece. Between pieces it keeps at most three bytes of an incomplete character.
#[derive(Debug, Default)]
pub struct Utf8 {
    incomplete: [u8; 4],
    len: u8,
}

impl Utf8 {
    /// Validates the next piece. Fails at the first byte after which the text cannot become valid.
    pub fn feed(&mut self, mut piece: &[u8]) -> Result<(), Invalid> {
        while self.len > 0 {
            let Some((&byte, rest)) = piece.split_first() else { return Ok(()) };
            self.incomplete[usize::from(self.len)] = byte;
            self.len += 1;
            piece = rest;
            match std::str::from_utf8(&self.incomplete[..usize::from(self.len)]) {
                Ok(_) => self.len = 0,
                Err(error) if error.error_len().is_some() => return Err(Invalid),
                Err(_) => {}
            }
        }
        match compat::from_utf8(piece) {
            Ok(_) => Ok(()),
            Err(error) if error.error_len().is_some() => Err(Invalid),
            Err(error) => {
                let tail = &piece[error.valid_up_to()..];
                self.incomplete[..tail.len()].copy_from_slice(tail);
                self.len = tail.len() as u8;
                Ok(())
            }
        }
    }

    /// Ends the text. Fails if the last character is incomplete. After that, the validator is ready for the next text.
    pub fn finish(&mut self) -> Result<(), Invalid> {
        match std::mem::take(&mut self.len) {
            0 => Ok(()),
            _ => Err(Invalid),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &[u8]) -> Result<(), Invalid> {
        let mut utf8 = Utf8::default();
        utf8.feed(text).and_then(|()| utf8.finish())
    }

    fn in_pieces(text: &[u8], size: usize) -> Result<(), Invalid> {
        let mut utf8 = Utf8::default();
        text.chunks(size).try_for_each(|piece| utf8.feed(piece))?;
        utf8.finish()
    }

    #[test]
    fn any_division_of_the_text_gives_the_result_of_std() {
        let texts: [&[u8]; 12] = [
            b"",
            b"plain",
            "κόσμε — 𐍈 \u{10FFFF}\u{0}".as_bytes(),
            b"\xce\xba\xed\xa0\x80edited", // a surrogate
            b"\xf4\x90\x80\x80",           // beyond U+10FFFF
            b"\xc0\x80",                   // overlong
            b"\xe0\x80\x80",
            b"\x80",
            b"abc\xff",
            b"\xf0\x9f\x98", // incomplete
            b"\xc3",
            b"\xc3\xc3",
        ];
        for text in texts {
            let expected = std::str::from_utf8(text).map(drop).map_err(|_| Invalid);
            assert_eq!(whole(text), expected, "{text:x?}");
            for size in 1..=5 {
                assert_eq!(in_pieces(text, size), expected, "{text:x?} by {size}");
            }
        }
    }

    #[test]
    fn strings_of_three_bytes_give_the_result_of_std() {
        for first in 0x80..=0xffu8 {
            for second in 0..=0xffu8 {
                for third in [0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff] {
                    let text = [first, second, third];
                    assert_eq!(in_pieces(&text, 1).is_ok(), std::str::from_utf8(&text).is_ok(), "{text:x?}");
                }
            }
        }
    }

    #[test]
    fn an_invalid_byte_is_found_before_the_character_ends() {
        let mut utf8 = Utf8::default();
        assert_eq!(utf8.feed(b"\xf4"), Ok(()));
        assert_eq!(utf8.feed(b"\x90"), Err(Invalid)); // no third byte can make it valid
    }
}
