//! Masking and masking keys: RFC 6455 section 5.3.
//!
//! A loop has one random number generator ([`generator`]), which all its threads share behind a lock. A [`KeySource`] takes
//! 128 bytes from it at a time and serves one owner without a lock. Each send queue has one for the frames that sends write
//! (it is used under the lock of the queue, because a second lock would make each send slower). Each engine has one for
//! the frames that connections write.

use parking_lot::Mutex;
use rand::rngs::{StdRng, SysRng};
use rand::{Rng, SeedableRng};
use std::mem::MaybeUninit;
use std::sync::Arc;

/// Fills a buffer with unpredictable bytes, as section 5.3 requires for masking keys.
pub type Entropy = Arc<dyn Fn(&mut [u8]) + Send + Sync>;

/// Returns a random number generator: ChaCha with twelve rounds. The operating system's generator seeds it when it is first
/// used. The operating system is not asked for each key, because its call and its twenty rounds take a fifth of the time of
/// a small message. If the operating system has no random numbers (no supported one fails after its start), the generator
/// panics, and the socket is closed with `EGRET_WS_ERR_INTERNAL`.
pub fn generator() -> Entropy {
    let generator = Mutex::new(None);
    let seeded = || StdRng::try_from_rng(&mut SysRng).expect("the operating system's random numbers");
    Arc::new(move |bytes| generator.lock().get_or_insert_with(seeded).fill_bytes(bytes))
}

/// Masking keys, and nonces of handshakes. It takes a block of random bytes at a time, so that most messages do not lock
/// the generator.
pub struct KeySource {
    entropy: Entropy,
    block: [u8; KeySource::BLOCK],
    used: usize,
}

impl std::fmt::Debug for KeySource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeySource").finish_non_exhaustive()
    }
}

impl KeySource {
    const BLOCK: usize = 128;

    /// Makes a source of keys from the bytes of `entropy`. It takes no bytes before the first key.
    pub fn new(entropy: Entropy) -> KeySource {
        KeySource { entropy, block: [0; KeySource::BLOCK], used: KeySource::BLOCK }
    }

    /// Returns the next masking key. Each random byte is used once.
    #[inline]
    pub fn next_key(&mut self) -> [u8; 4] {
        if self.used == KeySource::BLOCK {
            self.refill();
        }
        let key = self.block[self.used..].first_chunk().copied().unwrap_or_default();
        self.used += 4;
        key
    }

    /// Returns the nonce of a handshake.
    pub fn next_nonce(&mut self) -> [u8; 16] {
        let mut nonce = [0; 16];
        for part in nonce.as_chunks_mut().0 {
            *part = self.next_key();
        }
        nonce
    }

    #[cold]
    fn refill(&mut self) {
        (self.entropy)(&mut self.block);
        self.used = 0;
    }
}

/// Writes the masked `payload` to `out`, which has an equal length. After that, every byte of `out` is initialised. One pass
/// copies and masks, so that each byte is processed once.
#[inline(always)]
pub fn write_masked(out: &mut [MaybeUninit<u8>], payload: &[u8], key: [u8; 4]) {
    #[cfg(target_arch = "x86_64")]
    if payload.len() >= avx2::MIN_BYTES {
        return avx2::write_masked(out, payload, key);
    }
    write_masked_lanes(out, payload, key);
}

#[inline(always)]
fn write_masked_lanes(out: &mut [MaybeUninit<u8>], payload: &[u8], key: [u8; 4]) {
    let wide = widen(key);
    let (to_rest, rest) = write_lanes::<LANE>(out, payload, |lane| xor(lane, wide));
    if rest.is_empty() {
        return;
    }
    let (to_words, to_rest) = to_rest.as_chunks_mut::<4>();
    let (words, rest) = rest.as_chunks();
    for (to, word) in to_words.iter_mut().zip(words) {
        put(to, xor_word(*word, key));
    }
    for ((to, byte), key) in to_rest.iter_mut().zip(rest).zip(&key) {
        to.write(byte ^ key);
    }
}

/// Writes as many lanes as there are, and returns the rest.
#[inline(always)]
fn write_lanes<'a, 'b, const LANE: usize>(
    out: &'a mut [MaybeUninit<u8>],
    payload: &'b [u8],
    xor: impl Fn([u8; LANE]) -> [u8; LANE],
) -> (&'a mut [MaybeUninit<u8>], &'b [u8]) {
    let (to_lanes, to_rest) = out.as_chunks_mut::<LANE>();
    let (lanes, rest) = payload.as_chunks::<LANE>();
    // Four lanes at a time are read before they are written. Otherwise long messages take a tenth longer.
    let (to_fours, to_ones) = to_lanes.as_chunks_mut::<4>();
    let (fours, ones) = lanes.as_chunks();
    for ([to_a, to_b, to_c, to_d], [a, b, c, d]) in to_fours.iter_mut().zip(fours) {
        let (a, b, c, d) = (xor(*a), xor(*b), xor(*c), xor(*d));
        put(to_a, a);
        put(to_b, b);
        put(to_c, c);
        put(to_d, d);
    }
    for (to, lane) in to_ones.iter_mut().zip(ones) {
        put(to, xor(*lane));
    }
    (to_rest, rest)
}

/// Uses registers of 32 bytes, which most processors have. With them, masking 1 KiB takes two thirds of the time.
#[cfg(target_arch = "x86_64")]
mod avx2 {
    use super::{write_lanes, write_masked_lanes};
    use std::arch::x86_64::{__m256i, _mm256_set1_epi32, _mm256_xor_si256};
    use std::mem::MaybeUninit;

    /// For shorter messages the call costs more than it saves.
    pub(super) const MIN_BYTES: usize = 128;

    /// Like [`super::write_masked`]. It is a separate function, so that short messages do not become slower.
    #[inline(never)]
    pub(super) fn write_masked(out: &mut [MaybeUninit<u8>], payload: &[u8], key: [u8; 4]) {
        let (out, payload) = if std::is_x86_feature_detected!("avx2") {
            #[allow(unsafe_code)] // a function that needs a feature of the processor
            // SAFETY: this processor has the feature.
            unsafe {
                write_most(out, payload, key)
            }
        } else {
            (out, payload)
        };
        write_masked_lanes(out, payload, key);
    }

    /// Writes all bytes except the last ones, and returns the last ones.
    #[target_feature(enable = "avx2")]
    fn write_most<'a, 'b>(
        out: &'a mut [MaybeUninit<u8>],
        payload: &'b [u8],
        key: [u8; 4],
    ) -> (&'a mut [MaybeUninit<u8>], &'b [u8]) {
        let key = _mm256_set1_epi32(i32::from_ne_bytes(key));
        write_lanes::<32>(out, payload, |lane| {
            #[allow(unsafe_code)] // vector instructions in stable Rust
            // SAFETY: an array and a vector both have 32 bytes, and every value of them is valid.
            unsafe {
                let lane = std::mem::transmute::<[u8; 32], __m256i>(lane);
                std::mem::transmute::<__m256i, [u8; 32]>(_mm256_xor_si256(lane, key))
            }
        })
    }
}

/// Does one store. `write_copy_of_slice` of std is newer than the oldest Rust that compiles this. When the compiler optimises for
/// size, it is also a call with a check of the length.
#[inline(always)]
#[allow(unsafe_code)] // std has no safe conversion between the two arrays yet
pub(super) fn put<const N: usize>(to: &mut [MaybeUninit<u8>; N], bytes: [u8; N]) {
    // SAFETY: `to` is valid for writes, and an array of bytes that may be uninitialised has the layout of an array of bytes.
    unsafe { *std::ptr::from_mut(to).cast::<[u8; N]>() = bytes };
}

/// Masks or unmasks in place. The library itself masks only while it copies.
#[cfg(test)]
pub fn apply(bytes: &mut [u8], key: [u8; 4]) {
    let wide = widen(key);
    let (lanes, rest) = bytes.as_chunks_mut();
    for lane in lanes {
        *lane = xor(*lane, wide);
    }
    let (words, rest) = rest.as_chunks_mut();
    for word in words {
        *word = xor_word(*word, key);
    }
    for (byte, key) in rest.iter_mut().zip(&key) {
        *byte ^= key;
    }
}

/// The number of bytes that are masked at once: one register of SSE2 or NEON.
const LANE: usize = 16;

#[inline(always)]
fn widen(key: [u8; 4]) -> [u8; LANE] {
    let key = u128::from(u32::from_ne_bytes(key));
    let twice = key << 32 | key;
    (twice << 64 | twice).to_ne_bytes()
}

/// Uses vector instructions explicitly. A compiler that optimises for size, as in the link-time pass, does not generate them,
/// and with 64-bit registers a long message takes one and a half times as many instructions.
#[inline(always)]
#[allow(unsafe_code)] // vector instructions in stable Rust
fn xor(lane: [u8; LANE], key: [u8; LANE]) -> [u8; LANE] {
    #[cfg(target_arch = "aarch64")]
    use std::arch::aarch64::{uint8x16_t as Vector, veorq_u8 as xor};
    #[cfg(target_arch = "x86_64")]
    use std::arch::x86_64::{__m128i as Vector, _mm_xor_si128 as xor};
    #[cfg(any(target_arch = "aarch64", target_arch = "x86_64"))]
    // SAFETY: an array and a vector both have 16 bytes, and every value of them is valid. Every x86-64 has SSE2, and every
    // arm64 has NEON.
    return unsafe {
        let [lane, key] = std::mem::transmute::<[[u8; LANE]; 2], [Vector; 2]>([lane, key]);
        std::mem::transmute::<Vector, [u8; LANE]>(xor(lane, key))
    };
    #[cfg(not(any(target_arch = "aarch64", target_arch = "x86_64")))]
    (u128::from_ne_bytes(lane) ^ u128::from_ne_bytes(key)).to_ne_bytes()
}

#[inline(always)]
fn xor_word(word: [u8; 4], key: [u8; 4]) -> [u8; 4] {
    (u32::from_ne_bytes(word) ^ u32::from_ne_bytes(key)).to_ne_bytes()
}

/// Makes a source of keys that are zero, so that masked bytes are equal to the payload.
#[cfg(test)]
pub fn zero_keys() -> KeySource {
    KeySource::new(Arc::new(|bytes| bytes.fill(0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
    use tungstenite::protocol::frame::coding::{Data, OpCode};

    /// Masks in place and while copying, and checks that both give the same bytes.
    #[allow(unsafe_code)]
    fn masked(payload: &[u8], key: [u8; 4]) -> Vec<u8> {
        let mut in_place = payload.to_vec();
        apply(&mut in_place, key);
        let mut frame = Vec::new();
        crate::protocol::frame::append(&mut frame, OpCode::Data(Data::Binary), false, payload, key);
        assert!(frame.ends_with(&in_place), "{}", payload.len());
        // This is also tested on a processor with AVX2.
        let mut without = vec![MaybeUninit::new(0); payload.len()];
        write_masked_lanes(&mut without, payload, key);
        // SAFETY: each byte was initialised before the call.
        let equals = |(byte, expected): (&MaybeUninit<u8>, &u8)| unsafe { byte.assume_init() } == *expected;
        assert!(without.iter().zip(&in_place).all(equals), "{}", payload.len());
        in_place
    }

    #[test]
    fn each_byte_is_masked_with_its_byte_of_the_key_at_every_length() {
        let key = [0x37, 0xfa, 0x21, 0x3d];
        for len in (0..300).chain(4090..4110).chain([131_072, 131_071]) {
            let payload: Vec<u8> = (0..len).map(|n| (n * 7) as u8).collect();
            let expected: Vec<u8> = payload.iter().enumerate().map(|(n, byte)| byte ^ key[n % 4]).collect();
            assert_eq!(masked(&payload, key), expected, "{len}");
        }
    }

    #[test]
    fn example_of_the_rfc_is_masked_as_printed_there() {
        assert_eq!(masked(b"Hello", [0x37, 0xfa, 0x21, 0x3d]), [0x7f, 0x9f, 0x4d, 0x51, 0x58]);
    }

    #[test]
    fn random_bytes_are_used_once_and_in_order() {
        let next = AtomicU32::new(0);
        let mut keys = KeySource::new(Arc::new(move |bytes| {
            for word in bytes.as_chunks_mut().0 {
                *word = next.fetch_add(1, Relaxed).to_be_bytes();
            }
        }));
        for expected in 0..200 {
            assert_eq!(u32::from_be_bytes(keys.next_key()), expected);
        }
        let words = keys.next_nonce().as_chunks().0.iter().copied().map(u32::from_be_bytes).collect::<Vec<_>>();
        assert_eq!(words, [200, 201, 202, 203]);
    }

    #[test]
    fn keys_do_not_repeat() {
        let mut keys = KeySource::new(generator());
        let different: std::collections::HashSet<[u8; 4]> = (0..1000).map(|_| keys.next_key()).collect();
        // Two of a thousand 32-bit numbers are equal about once in ten thousand runs. Two such pairs almost never occur.
        assert!(different.len() >= 998);
    }
}
