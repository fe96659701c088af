//! Masking keys and masking: RFC 6455 section 5.3.

use std::mem::MaybeUninit;

/// Fills a buffer with bytes that nobody can predict, as section 5.3 asks of masking keys.
pub type Entropy = fn(&mut [u8]);

/// The operating system's generator. Where even that fails (which no supported system does after its start), there is no
/// safe way on: it panics, and the socket is closed with `EGRET_WS_ERR_INTERNAL`.
pub fn system_entropy(bytes: &mut [u8]) {
    use rand::{TryRng, rngs::SysRng};
    SysRng.try_fill_bytes(bytes).expect("the operating system's random numbers");
}

/// A supply of masking keys: 64 for each call of the generator, since a system call a message costs more than the mask. But 8
/// at first, which the system makes in half the time: many a connection needs no more.
#[derive(Debug)]
pub struct Keys {
    entropy: Entropy,
    block: [u8; Keys::BLOCK],
    used: usize,
    /// Where the next call of the generator begins to fill the block.
    fill_from: usize,
}

impl Keys {
    const BLOCK: usize = 256;
    const FIRST: usize = 32;

    /// Keys from `entropy`.
    pub fn new(entropy: Entropy) -> Keys {
        Keys { entropy, block: [0; Keys::BLOCK], used: Keys::BLOCK, fill_from: Keys::BLOCK - Keys::FIRST }
    }

    /// The next key. Never the same bytes twice.
    pub fn draw(&mut self) -> [u8; 4] {
        if self.used == Keys::BLOCK {
            self.used = std::mem::take(&mut self.fill_from);
            (self.entropy)(&mut self.block[self.used..]);
        }
        let key = self.block[self.used..].first_chunk().copied().unwrap_or_default();
        self.used += 4;
        key
    }
}

/// Writes `payload` to `out`, which is as long, masked: every byte of `out` is initialised then. One pass does both, so that each
/// byte is touched once.
#[inline]
pub fn write_masked(out: &mut [MaybeUninit<u8>], payload: &[u8], key: [u8; 4]) {
    let wide = widen(key);
    let (to_words, to_rest) = out.as_chunks_mut::<8>();
    let (words, rest) = payload.as_chunks::<8>();
    for (to, word) in to_words.iter_mut().zip(words) {
        *to = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes().map(MaybeUninit::new);
    }
    for ((to, byte), key) in to_rest.iter_mut().zip(rest).zip(key.iter().cycle()) {
        to.write(byte ^ key);
    }
}

fn widen(key: [u8; 4]) -> u64 {
    let key = u64::from(u32::from_ne_bytes(key));
    key << 32 | key
}

/// Masks, or unmasks, in place.
pub fn apply(bytes: &mut [u8], key: [u8; 4]) {
    let wide = widen(key);
    let (words, rest) = bytes.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(key.iter().cycle()) {
        *byte ^= key;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tungstenite::protocol::frame::coding::{Data, OpCode};

    /// By both ways.
    fn masked(payload: &[u8], key: [u8; 4]) -> Vec<u8> {
        let mut in_place = payload.to_vec();
        apply(&mut in_place, key);
        let mut frame = Vec::new();
        crate::protocol::frame::append(&mut frame, OpCode::Data(Data::Binary), false, payload, key);
        assert!(frame.ends_with(&in_place), "{}", payload.len());
        in_place
    }

    #[test]
    fn masks_as_the_rfc_says_at_every_length() {
        let key = [0x37, 0xfa, 0x21, 0x3d];
        for len in (0..70).chain(4090..4110).chain([131072]) {
            let payload: Vec<u8> = (0..len).map(|n| (n * 7) as u8).collect();
            let expected: Vec<u8> = payload.iter().enumerate().map(|(n, byte)| byte ^ key[n % 4]).collect();
            assert_eq!(masked(&payload, key), expected, "{len}");
        }
    }

    #[test]
    fn the_rfcs_own_example() {
        assert_eq!(masked(b"Hello", [0x37, 0xfa, 0x21, 0x3d]), [0x7f, 0x9f, 0x4d, 0x51, 0x58]);
    }

    #[test]
    fn every_byte_of_the_supply_is_used_once_and_in_order() {
        thread_local!(static NEXT: std::cell::Cell<u32> = const { std::cell::Cell::new(0) });
        let mut keys = Keys::new(|bytes| {
            for word in bytes.as_chunks_mut().0 {
                *word = NEXT.replace(NEXT.get() + 1).to_be_bytes();
            }
        });
        for expected in 0..200 {
            assert_eq!(u32::from_be_bytes(keys.draw()), expected);
        }
    }

    #[test]
    fn keys_do_not_repeat() {
        let mut keys = Keys::new(system_entropy);
        let drawn: std::collections::HashSet<[u8; 4]> = (0..1000).map(|_| keys.draw()).collect();
        // A thousand draws of 32 bits collide once in some ten thousand runs, and hardly ever twice.
        assert!(drawn.len() >= 998);
    }
}
