//! Decompression of messages from the peer (RFC 7692 section 7.2.2).

use super::{Agreement, TAIL};
use crate::protocol::reserve_within;
use zlib_rs::{Inflate, InflateFlush, Status};

/// The largest number of output bytes that are reserved in one step. If they are full, there is another step.
const MAX_STEP: usize = 16 * 1024;
/// How many bytes of output are reserved in one step at least.
const MIN_STEP: usize = 512;
/// The value of `last` before the first byte of a message. It contains no part of a tail.
const NOT_A_TAIL: [u8; TAIL.len()] = [1; TAIL.len()];

/// Inflates the messages of one connection, in order.
pub struct Inflater {
    stream: Inflate,
    no_context_takeover: bool,
    state: MessageState,
    /// The last bytes of the current message.
    last: [u8; TAIL.len()],
}

/// The progress of the current message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MessageState {
    /// No byte of it has come.
    Idle,
    /// Some bytes have come.
    Partial,
    /// A block with the final bit has just ended.
    AfterFinalBlock,
}

impl std::fmt::Debug for Inflater {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Inflater({:?})", self.state)
    }
}

/// The reason why a message cannot be inflated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InflateError {
    /// It has more bytes than the limit.
    TooBig,
    /// There is no memory for it.
    NoMemory,
    /// It is not DEFLATE, or it is incomplete.
    Broken,
}

impl Inflater {
    /// Makes an inflater for the messages of the server. It allocates its memory here: 47 KiB for every size of the window.
    pub fn new(agreement: &Agreement) -> Inflater {
        // zlib does not support a window of 256 bytes (8). A larger window works too.
        let window_bits = agreement.server_max_window_bits.max(9);
        Inflater {
            stream: Inflate::new(false, window_bits),
            no_context_takeover: agreement.server_no_context_takeover,
            state: MessageState::Idle,
            last: NOT_A_TAIL,
        }
    }

    /// Inflates the next bytes of a message and appends the result to `out`, which contains the message so far. The message may
    /// have at most `max` bytes.
    pub fn feed(&mut self, mut input: &[u8], out: &mut Vec<u8>, max: usize) -> Result<(), InflateError> {
        if input.is_empty() {
            return Ok(());
        }
        self.state = MessageState::Partial;
        match input.last_chunk() {
            Some(last) => self.last = *last,
            None => {
                self.last.rotate_left(input.len());
                self.last[TAIL.len() - input.len()..].copy_from_slice(input);
            }
        }
        loop {
            // One byte more than the limit is allowed, to detect a message that exceeds it, and because zlib needs room even for
            // empty blocks.
            let most = max + 1 - out.len();
            let room = (input.len() * 4).clamp(MIN_STEP, MAX_STEP).min(most);
            reserve_within(out, room, most).map_err(|_| InflateError::NoMemory)?;
            let before = out.len();
            out.resize(before + room, 0);
            let (taken, made) = (self.stream.total_in(), self.stream.total_out());
            let status = self.stream.decompress(input, &mut out[before..], InflateFlush::NoFlush);
            let made = (self.stream.total_out() - made) as usize;
            input = &input[(self.stream.total_in() - taken) as usize..];
            out.truncate(before + made);
            if out.len() > max {
                return Err(InflateError::TooBig);
            }
            match status {
                // The final bit ends the DEFLATE stream, not the message (section 7.2.3.4). A new stream begins.
                Ok(Status::StreamEnd) => {
                    self.stream.reset(false);
                    self.state = MessageState::AfterFinalBlock;
                }
                Ok(Status::Ok | Status::BufError) if !input.is_empty() && made < room => {
                    return Err(InflateError::Broken);
                }
                Ok(Status::Ok | Status::BufError) => {}
                Err(_) => return Err(InflateError::Broken),
            }
            // If there is room left, all output of this input has been written.
            if input.is_empty() && made < room {
                return Ok(());
            }
            if !input.is_empty() {
                self.state = MessageState::Partial;
            }
        }
    }

    /// Ends the message. Fails if it is incomplete.
    pub fn finish(&mut self) -> Result<(), InflateError> {
        // The RFC requires more than zero bytes for a message. A message of zero bytes is harmless, so it is accepted.
        if std::mem::replace(&mut self.state, MessageState::Idle) == MessageState::Partial {
            if self.last == TAIL { self.check_kept_tail()? } else { self.check_removed_tail()? }
        }
        self.last = NOT_A_TAIL;
        if self.no_context_takeover {
            self.stream.reset(false);
        }
        Ok(())
    }

    /// Checks a message that ends with the four bytes that a sender must remove (section 7.2.1): it must end where a block ends.
    ///
    /// A receiver appends the four bytes (section 7.2.2). In this case zlib would treat them as the beginning of a block of 65280
    /// bytes. So the clients of Chrome and Node (undici, `ws`), which always append them, deliver this message and fail at the
    /// next one, unless there is no context takeover and they start again. This inflater appends nothing, because the message is
    /// already complete. So its context stays correct. A correct message cannot end like this: its last byte contains the header
    /// of the block that the removed bytes end, and three bits of that header are zero.
    fn check_kept_tail(&mut self) -> Result<(), InflateError> {
        let [a, b, c, d] = TAIL;
        match self.probe(&[0, a, b, c, d, 0])? {
            (Status::Ok | Status::BufError, 5) => Ok(()),
            _ => Err(InflateError::Broken),
        }
    }

    /// Checks that the four bytes that the sender removed would end a block here: zlib takes them, takes no byte after them, and
    /// writes no output. An empty block after them shows that the block ends at the border of a byte. If the block has the final
    /// bit, that empty block is not needed.
    fn check_removed_tail(&mut self) -> Result<(), InflateError> {
        let [a, b, c, d] = TAIL;
        match (self.probe(&[a, b, c, d, 0])?, self.probe(&[0, a, b, c, d, 0])?) {
            ((Status::Ok | Status::BufError, 4), (Status::Ok | Status::BufError, 5)) => Ok(()),
            ((Status::Ok | Status::BufError, 4), (Status::StreamEnd, 0)) => {
                self.stream.reset(false);
                Ok(())
            }
            _ => Err(InflateError::Broken),
        }
    }

    /// Inflates to the end of a block that must have no output. Returns the number of bytes that zlib has taken.
    fn probe(&mut self, input: &[u8]) -> Result<(Status, u64), InflateError> {
        let (taken, made) = (self.stream.total_in(), self.stream.total_out());
        let status = self.stream.decompress(input, &mut [0], InflateFlush::Block);
        let (taken, made) = (self.stream.total_in() - taken, self.stream.total_out() - made);
        match status {
            Ok(status) if made == 0 => Ok((status, taken)),
            _ => Err(InflateError::Broken),
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

    /// Inflates a message in pieces of `size`.
    fn message(inflater: &mut Inflater, wire: &[u8], size: usize, max: usize) -> Result<Vec<u8>, InflateError> {
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
        assert_eq!(fed, Err(InflateError::NoMemory));
    }

    const SIZES: [usize; 3] = [1, 3, usize::MAX];
    // The examples of RFC 7692 section 7.2.3: "Hello".
    const ONE_BLOCK: &[u8] = &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
    const TAKEN_OVER: &[u8] = &[0xf2, 0x00, 0x11, 0x00, 0x00];
    const STORED: &[u8] = &[0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00];
    const FINAL: &[u8] = &[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00];
    const TWO_BLOCKS: &[u8] = &[0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00];

    #[test]
    fn examples_of_the_rfc_are_inflated() {
        for size in SIZES {
            for wire in [ONE_BLOCK, STORED, FINAL, TWO_BLOCKS] {
                let mut inflater = inflater(false);
                for _ in 0..3 {
                    assert_eq!(message(&mut inflater, wire, size, 5), Ok(b"Hello".to_vec()), "{wire:x?}");
                }
                assert_eq!(message(&mut inflater, &[0], size, 5), Ok(Vec::new()), "section 7.2.3.6: an empty message");
                assert_eq!(message(&mut inflater, &[1], size, 5), Ok(Vec::new()), "an empty message in a final block");
                assert_eq!(message(&mut inflater, &[], size, 5), Ok(Vec::new()));
            }
            let mut taking_over = inflater(false);
            assert_eq!(message(&mut taking_over, ONE_BLOCK, size, 5), Ok(b"Hello".to_vec()));
            assert_eq!(message(&mut taking_over, TAKEN_OVER, size, 5), Ok(b"Hello".to_vec()));
            let mut alone = inflater(true);
            assert_eq!(message(&mut alone, ONE_BLOCK, size, 5), Ok(b"Hello".to_vec()));
            assert_eq!(
                message(&mut alone, TAKEN_OVER, size, 5),
                Err(InflateError::Broken),
                "without context takeover there is no context"
            );
        }
    }

    #[test]
    fn the_size_limit_is_inclusive_also_before_empty_blocks() {
        for size in SIZES {
            for wire in [ONE_BLOCK, STORED, FINAL, TWO_BLOCKS] {
                assert_eq!(message(&mut inflater(false), wire, size, 4), Err(InflateError::TooBig));
                let padded = [wire, &[0, 0, 0xff, 0xff, 0]].concat();
                assert_eq!(message(&mut inflater(false), &padded, size, 5), Ok(b"Hello".to_vec()));
            }
        }
    }

    /// Messages of servers that do not remove the tail, or that add empty blocks. After each of them comes a message that refers
    /// to an earlier one, and shows whether the context is still correct.
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
                assert_eq!(
                    after,
                    if *goes_on { Ok(b"Hello".to_vec()) } else { Err(InflateError::Broken) },
                    "{wire:x?}"
                );
            }
        }
    }

    #[test]
    fn broken_and_incomplete_messages_are_refused() {
        for size in SIZES {
            for wire in [
                &[0x07][..],                                             // a block of the reserved type
                &[0x00, 0x05, 0x00, 0xfa, 0xfe],                         // a stored block whose lengths do not match
                &[0xf2, 0x00, 0x11, 0x00, 0x00],                         // a distance that points before the first byte
                &ONE_BLOCK[..4],                                         // ends inside a code
                &ONE_BLOCK[..6],                                         // ends before the end of the last block
                &[0x00, 0x00, 0xff, 0xff],                               // a tail without the header of its block
                &[ONE_BLOCK, &TAIL, &TAIL].concat(),                     // one tail too many
                &[ONE_BLOCK, &[0], &TAIL].concat(),                      // the header of the empty block twice
                &[0x00, 0x08, 0x00, 0xf7, 0xff, 7, 7, 0, 0, 0xff, 0xff], // ends inside a stored block, with the bytes of a tail
                &[0x04, 0xc0, 0x01],                                     // ends inside the header of a dynamic block
                &STORED[..8],                                            // ends inside a stored block
                &[FINAL, b"trailing"].concat(),                          // no block begins like this
                &[ONE_BLOCK, &[0xff; 40]].concat(),                      //
            ] {
                assert_eq!(message(&mut inflater(false), wire, size, 1000), Err(InflateError::Broken), "{wire:x?}");
            }
        }
    }

    #[test]
    fn a_decompression_bomb_is_stopped_one_byte_above_the_limit() {
        // It inflates to a thousand times its size.
        let mut bomb = Vec::new();
        let mut stream = flate2::Compress::new(flate2::Compression::best(), false);
        bomb.reserve(200_000);
        stream.compress_vec(&vec![0; 20_000_000], &mut bomb, flate2::FlushCompress::Sync).unwrap();
        let mut out = Vec::new();
        assert_eq!(inflater(false).feed(&bomb, &mut out, 131_072), Err(InflateError::TooBig));
        assert_eq!(out.capacity(), 131_073);
    }
}
