//! Messages from the peer, inflated: RFC 7692 section 7.2.2.

use super::{Agreement, TAIL};
use crate::protocol::reserve_within;
use zlib_rs::{Inflate, InflateFlush, Status};

/// The most that a piece of input is expected to inflate to; more room follows when that is full.
const STEP: usize = 16 * 1024;
/// The least.
const FIRST_STEP: usize = 512;
/// Stands for the last bytes of an empty message. It contains no part of a tail.
const NO_BYTES: [u8; TAIL.len()] = [1; TAIL.len()];

/// Inflates one message after the other.
pub struct Inflater {
    stream: Inflate,
    no_context_takeover: bool,
    place: Place,
    /// The last bytes of the present message.
    last: [u8; TAIL.len()],
}

/// How far the present message came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Nothing of it came.
    Before,
    Inside,
    /// A block said to be the last has just ended.
    AfterLastBlock,
}

impl std::fmt::Debug for Inflater {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Inflater({:?})", self.place)
    }
}

/// Why a message cannot be inflated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// It has more bytes than are allowed.
    TooBig,
    /// There is no memory for it.
    NoMemory,
    /// It is not DEFLATE, or ends before its end.
    Broken,
}

impl Inflater {
    /// An inflater for what the server sends. It takes its memory at once: 47 KiB, whatever the window.
    pub fn new(agreement: &Agreement) -> Inflater {
        // zlib knows no window of 256 bytes (8); a larger one reads it as well.
        let window_bits = agreement.server_max_window_bits.max(9);
        Inflater {
            stream: Inflate::new(false, window_bits),
            no_context_takeover: agreement.server_no_context_takeover,
            place: Place::Before,
            last: NO_BYTES,
        }
    }

    /// Appends what `input`, the next bytes of a message, inflates to; `out` has the message so far and may get `max` bytes.
    pub fn feed(&mut self, mut input: &[u8], out: &mut Vec<u8>, max: usize) -> Result<(), Problem> {
        if input.is_empty() {
            return Ok(());
        }
        self.place = Place::Inside;
        match input.last_chunk() {
            Some(last) => self.last = *last,
            None => {
                self.last.rotate_left(input.len());
                self.last[TAIL.len() - input.len()..].copy_from_slice(input);
            }
        }
        loop {
            // One byte more than may come shows that too much does; and blocks without content need room to be passed.
            let most = max + 1 - out.len();
            let room = (input.len() * 4).clamp(FIRST_STEP, STEP).min(most);
            reserve_within(out, room, most).map_err(|_| Problem::NoMemory)?;
            let before = out.len();
            out.resize(before + room, 0);
            let (taken, made) = (self.stream.total_in(), self.stream.total_out());
            let status = self.stream.decompress(input, &mut out[before..], InflateFlush::NoFlush);
            let made = (self.stream.total_out() - made) as usize;
            input = &input[(self.stream.total_in() - taken) as usize..];
            out.truncate(before + made);
            if out.len() > max {
                return Err(Problem::TooBig);
            }
            match status {
                // It ends the stream, not the message (section 7.2.3.4): a new stream begins.
                Ok(Status::StreamEnd) => {
                    self.stream.reset(false);
                    self.place = Place::AfterLastBlock;
                }
                Ok(Status::Ok | Status::BufError) if !input.is_empty() && made < room => return Err(Problem::Broken),
                Ok(Status::Ok | Status::BufError) => {}
                Err(_) => return Err(Problem::Broken),
            }
            // Unless the room was filled, all that is in the input has come out.
            if input.is_empty() && made < room {
                return Ok(());
            }
            if !input.is_empty() {
                self.place = Place::Inside;
            }
        }
    }

    /// The message has ended.
    pub fn finish(&mut self) -> Result<(), Problem> {
        // A message of no bytes at all is not what the RFC asks for, but there is nothing in it to get wrong.
        if std::mem::replace(&mut self.place, Place::Before) == Place::Inside {
            if self.last == TAIL { self.pass_border()? } else { self.pass_tail()? }
        }
        self.last = NO_BYTES;
        if self.no_context_takeover {
            self.stream.reset(false);
        }
        Ok(())
    }

    /// Checks a message that ends with the four bytes that a sender must remove (section 7.2.1): it must end where a block ends.
    ///
    /// A receiver appends the four bytes (section 7.2.2). Here zlib would take them for the beginning of a block of 65280 bytes. So
    /// Chrome and Node's clients (undici, `ws`), which always append them, deliver this message and fail at the next one, unless there
    /// is no context takeover and they start again. This inflater appends nothing, because the message is already complete, so
    /// its context stays correct. A correct message cannot end like this: its last byte contains the header of the block that
    /// the removed bytes end, and three bits of that are zero.
    fn pass_border(&mut self) -> Result<(), Problem> {
        let [a, b, c, d] = TAIL;
        match self.probe(&[0, a, b, c, d, 0])? {
            (Status::Ok | Status::BufError, 5) => Ok(()),
            _ => Err(Problem::Broken),
        }
    }

    /// The message must end where the four bytes that were left out end a block: they are taken, the byte after them is
    /// not, and nothing comes out. An empty block behind them shows that it is also the border of a byte; unless the block
    /// was said to be the last.
    fn pass_tail(&mut self) -> Result<(), Problem> {
        let [a, b, c, d] = TAIL;
        match (self.probe(&[a, b, c, d, 0])?, self.probe(&[0, a, b, c, d, 0])?) {
            ((Status::Ok | Status::BufError, 4), (Status::Ok | Status::BufError, 5)) => Ok(()),
            ((Status::Ok | Status::BufError, 4), (Status::StreamEnd, 0)) => {
                self.stream.reset(false);
                Ok(())
            }
            _ => Err(Problem::Broken),
        }
    }

    /// Inflates to the end of a block, of which nothing may come. How much of the input was taken?
    fn probe(&mut self, input: &[u8]) -> Result<(Status, u64), Problem> {
        let (taken, made) = (self.stream.total_in(), self.stream.total_out());
        let status = self.stream.decompress(input, &mut [0], InflateFlush::Block);
        let (taken, made) = (self.stream.total_in() - taken, self.stream.total_out() - made);
        match status {
            Ok(status) if made == 0 => Ok((status, taken)),
            _ => Err(Problem::Broken),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::MAX_WINDOW_BITS;
    use super::*;

    fn inflater(no_context_takeover: bool) -> Inflater {
        Inflater::new(&Agreement {
            client_no_context_takeover: false,
            server_no_context_takeover: no_context_takeover,
            client_max_window_bits: MAX_WINDOW_BITS,
            server_max_window_bits: MAX_WINDOW_BITS,
        })
    }

    /// Inflates a message cut into pieces of `size`.
    fn message(inflater: &mut Inflater, wire: &[u8], size: usize, max: usize) -> Result<Vec<u8>, Problem> {
        let mut out = Vec::new();
        for piece in wire.chunks(size) {
            inflater.feed(piece, &mut out, max)?;
        }
        inflater.finish()?;
        Ok(out)
    }

    #[test]
    fn missing_memory_and_broken_messages_are_different_errors() {
        let mut wire = Vec::with_capacity(1000);
        let mut stream = flate2::Compress::new(flate2::Compression::best(), false);
        stream.compress_vec(&[0; 50_000], &mut wire, flate2::FlushCompress::Sync).unwrap();
        let mut inflater = inflater(false);
        let fed = crate::limited_memory::with_largest(40_000, || inflater.feed(&wire, &mut Vec::new(), 131_072));
        assert_eq!(fed, Err(Problem::NoMemory));
    }

    const SIZES: [usize; 3] = [1, 3, usize::MAX];
    // The examples of RFC 7692 section 7.2.3: "Hello".
    const ONE_BLOCK: &[u8] = &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
    const TAKEN_OVER: &[u8] = &[0xf2, 0x00, 0x11, 0x00, 0x00];
    const STORED: &[u8] = &[0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00];
    const FINAL: &[u8] = &[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00];
    const TWO_BLOCKS: &[u8] = &[0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00];

    #[test]
    fn the_examples_of_the_rfc() {
        for size in SIZES {
            for wire in [ONE_BLOCK, STORED, FINAL, TWO_BLOCKS] {
                let mut inflater = inflater(false);
                for _ in 0..3 {
                    assert_eq!(message(&mut inflater, wire, size, 5), Ok(b"Hello".to_vec()), "{wire:x?}");
                }
                assert_eq!(message(&mut inflater, &[0], size, 5), Ok(Vec::new()), "section 7.2.3.6: no bytes");
                assert_eq!(message(&mut inflater, &[1], size, 5), Ok(Vec::new()), "the same in a last block");
                assert_eq!(message(&mut inflater, &[], size, 5), Ok(Vec::new()));
            }
            let mut taking_over = inflater(false);
            assert_eq!(message(&mut taking_over, ONE_BLOCK, size, 5), Ok(b"Hello".to_vec()));
            assert_eq!(message(&mut taking_over, TAKEN_OVER, size, 5), Ok(b"Hello".to_vec()));
            let mut alone = inflater(true);
            assert_eq!(message(&mut alone, ONE_BLOCK, size, 5), Ok(b"Hello".to_vec()));
            assert_eq!(message(&mut alone, TAKEN_OVER, size, 5), Err(Problem::Broken), "there is no context");
        }
    }

    #[test]
    fn the_cap_is_inclusive_also_with_empty_blocks_after_it() {
        for size in SIZES {
            for wire in [ONE_BLOCK, STORED, FINAL, TWO_BLOCKS] {
                assert_eq!(message(&mut inflater(false), wire, size, 4), Err(Problem::TooBig));
                let padded = [wire, &[0, 0, 0xff, 0xff, 0]].concat();
                assert_eq!(message(&mut inflater(false), &padded, size, 5), Ok(b"Hello".to_vec()));
            }
        }
    }

    /// Messages of servers that do not remove the tail, or that add empty blocks. A message that refers to an earlier one follows
    /// each, and shows whether the context is still correct.
    #[test]
    fn kept_tails_and_empty_blocks_are_accepted() {
        let empty = [&[0][..], &TAIL].concat();
        let final_empty = [&[1][..], &TAIL].concat();
        let one = [ONE_BLOCK, &TAIL].concat();
        let messages: &[(Vec<u8>, bool)] = &[
            // The flag says whether the context is kept: a final block ends it.
            (one.clone(), true),
            ([STORED, &TAIL].concat(), true),
            ([TWO_BLOCKS, &TAIL].concat(), true),
            ([&one[..], &empty].concat(), true),
            ([&one[..], &empty, &empty, &empty, &[0]].concat(), true),
            ([&empty[..], &empty, ONE_BLOCK].concat(), true),
            ([&empty[..], &one].concat(), true),
            // Section 7.2.3.5.
            (FINAL.to_vec(), false),
            (FINAL[..FINAL.len() - 1].to_vec(), false),
            ([FINAL, &TAIL].concat(), false),
            ([FINAL, &TAIL, &[0]].concat(), false),
            ([&one[..], &final_empty].concat(), false),
            ([&one[..], &final_empty, &[0]].concat(), false),
            ([&final_empty[..], &final_empty, ONE_BLOCK].concat(), true),
        ];
        for size in SIZES {
            for (wire, goes_on) in messages {
                let mut inflater = inflater(false);
                for _ in 0..3 {
                    assert_eq!(message(&mut inflater, wire, size, 5), Ok(b"Hello".to_vec()), "{wire:x?}");
                }
                assert_eq!(message(&mut inflater, &empty, size, 5), Ok(Vec::new()), "{wire:x?}");
                let after = message(&mut inflater, TAKEN_OVER, size, 5);
                assert_eq!(after, if *goes_on { Ok(b"Hello".to_vec()) } else { Err(Problem::Broken) }, "{wire:x?}");
            }
        }
    }

    #[test]
    fn what_is_broken_or_cut_off_is_refused() {
        for size in SIZES {
            for wire in [
                &[0x07][..],                                             // a block of the reserved type
                &[0x00, 0x05, 0x00, 0xfa, 0xfe],                         // a stored block whose lengths do not fit
                &[0xf2, 0x00, 0x11, 0x00, 0x00], // a distance that leads to before the first byte
                &ONE_BLOCK[..4],                 // cut off inside a code
                &ONE_BLOCK[..6],                 // cut off before the last block's end
                &[0x00, 0x00, 0xff, 0xff],       // a tail without the header of its block
                &[ONE_BLOCK, &TAIL, &TAIL].concat(), // one more
                &[ONE_BLOCK, &[0], &TAIL].concat(), // the header twice
                &[0x00, 0x08, 0x00, 0xf7, 0xff, 7, 7, 0, 0, 0xff, 0xff], // cut off inside a stored block, where it has a tail
                &[0x04, 0xc0, 0x01],                                     // cut off inside the header of a dynamic block
                &STORED[..8],                                            // cut off inside a stored block
                &[FINAL, b"trailing"].concat(),                          // no block begins so
                &[ONE_BLOCK, &[0xff; 40]].concat(),                      //
            ] {
                assert_eq!(message(&mut inflater(false), wire, size, 1000), Err(Problem::Broken), "{wire:x?}");
            }
        }
    }

    #[test]
    fn a_bomb_is_stopped_a_byte_beyond_the_cap() {
        // A thousand to one.
        let mut bomb = Vec::new();
        let mut stream = flate2::Compress::new(flate2::Compression::best(), false);
        bomb.reserve(200_000);
        stream.compress_vec(&vec![0; 20_000_000], &mut bomb, flate2::FlushCompress::Sync).unwrap();
        let mut out = Vec::new();
        assert_eq!(inflater(false).feed(&bomb, &mut out, 131_072), Err(Problem::TooBig));
        assert_eq!(out.capacity(), 131_073);
    }
}
