//! Compression of messages to the peer (RFC 7692 section 7.2.1).

use super::{Agreement, Offer, TAIL};
use flate2::{Compress, Compression, FlushCompress};
use std::collections::TryReserveError;

/// Deflates the messages of one connection, in order.
#[derive(Debug)]
pub struct Deflater {
    /// Created for the first message that is compressed, because it takes 244 KiB and four times the window.
    stream: Option<Compress>,
    level: Compression,
    threshold: usize,
    window_bits: u8,
    no_context_takeover: bool,
}

impl Deflater {
    /// Makes a deflater for the messages of this side.
    pub fn new(offer: &Offer, agreement: &Agreement) -> Deflater {
        Deflater {
            stream: None,
            level: Compression::new(offer.level.into()),
            threshold: offer.threshold,
            window_bits: agreement.client_max_window_bits,
            no_context_takeover: agreement.client_no_context_takeover,
        }
    }

    /// Deflates the message to `out`, which must be empty. Returns false if the message must be sent uncompressed, because it is
    /// short or does not become smaller. RFC 7692 section 6 allows the sender to decide for each message. After an error nothing
    /// more can be sent, because the peer's context would differ from ours.
    pub fn deflate(&mut self, message: &[u8], out: &mut Vec<u8>) -> Result<bool, TryReserveError> {
        // zlib does not support a window of 256 bytes (8). Then no message is compressed, which is always allowed.
        if message.len() < self.threshold.max(1) || self.window_bits < 9 {
            return Ok(false);
        }
        let (level, window_bits) = (self.level, self.window_bits);
        let stream = self.stream.get_or_insert_with(|| Compress::new_with_window_bits(level, false, window_bits));
        let mut input = message;
        loop {
            out.try_reserve((input.len() / 2).max(64))?;
            let taken = stream.total_in();
            // This fails only for a wrong level or dictionary, so it does not fail here.
            let ended = stream.compress_vec(input, out, FlushCompress::Sync).is_err();
            input = &input[(stream.total_in() - taken) as usize..];
            // According to zlib's documentation, all output was flushed if there is room left.
            if ended || input.is_empty() && out.len() < out.capacity() {
                break;
            }
        }
        let is_complete = input.is_empty() && out.ends_with(&TAIL);
        debug_assert!(is_complete, "a flush ends with an empty block");
        if !is_complete {
            // The peer's context would differ from ours, so no further message is compressed.
            self.stream = None;
            self.window_bits = 0;
            return Ok(false);
        }
        out.truncate(out.len().saturating_sub(TAIL.len()));
        let shrinks = out.len() < message.len();
        if self.no_context_takeover || !shrinks {
            // A message that is sent uncompressed does not enter the peer's window, so no later message may refer to it. The
            // reset also removes the messages before it. Keeping them would require deflating them again.
            stream.reset();
        }
        Ok(shrinks)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Inflater, MAX_WINDOW_BITS};
    use super::*;

    const OFFER: Offer = Offer {
        client_no_context_takeover: false,
        server_no_context_takeover: false,
        client_max_window_bits: MAX_WINDOW_BITS,
        server_max_window_bits: MAX_WINDOW_BITS,
        level: 6,
        threshold: 16,
    };

    /// Equal parameters for both directions, because the inflater reads what the deflater wrote.
    fn agreement(alone: bool, bits: u8) -> Agreement {
        Agreement {
            client_no_context_takeover: alone,
            server_no_context_takeover: alone,
            client_max_window_bits: bits,
            server_max_window_bits: bits,
        }
    }

    /// Repetitive text and noise, in several sizes.
    fn messages() -> Vec<Vec<u8>> {
        let mut seed = 1u64;
        let mut random = move || {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed as u8
        };
        [16, 17, 100, 1000, 16_384, 40_000, 131_072, 50, 131_072]
            .iter()
            .flat_map(|len| {
                let text: Vec<u8> = b"{\"x\":1,\"y\":2},".iter().copied().cycle().take(*len).collect();
                let noise: Vec<u8> = (0..*len).map(|_| random()).collect();
                [text, noise]
            })
            .collect()
    }

    #[test]
    fn deflated_messages_are_inflated_to_their_content() {
        for (alone, bits, level) in [(false, 15, 6), (true, 15, 1), (false, 9, 9), (true, 10, 3)] {
            let agreement = agreement(alone, bits);
            let mut deflater = Deflater::new(&Offer { level, ..OFFER }, &agreement);
            let mut inflater = Inflater::new(&agreement);
            for message in messages() {
                let (mut wire, mut got) = (Vec::new(), Vec::new());
                if !deflater.deflate(&message, &mut wire).unwrap() {
                    assert!(wire.len() >= message.len(), "only messages that do not shrink are sent uncompressed");
                    continue;
                }
                assert!(wire.len() < message.len());
                for piece in wire.chunks(997) {
                    inflater.feed(piece, &mut got, 131_072).unwrap();
                }
                inflater.finish().unwrap();
                assert!(got == message, "{} bytes, {bits} bits", message.len());
            }
        }
    }

    #[test]
    fn messages_without_memory_are_errors() {
        let mut deflater = Deflater::new(&OFFER, &agreement(false, 15));
        assert_eq!(deflater.deflate(&[b'x'; 100], &mut Vec::new()), Ok(true));
        let message = vec![b'x'; 100_000];
        let deflated = crate::limited_memory::with_largest(20_000, || deflater.deflate(&message, &mut Vec::new()));
        assert!(deflated.is_err());
    }

    #[test]
    fn short_messages_and_unsupported_windows_are_not_compressed() {
        let mut out = Vec::new();
        let mut deflater = Deflater::new(&OFFER, &agreement(false, 15));
        assert_eq!(deflater.deflate(&[b'x'; 15], &mut out), Ok(false));
        assert!(deflater.stream.is_none() && out.is_empty(), "no memory is allocated for them");
        assert_eq!(deflater.deflate(&[b'x'; 16], &mut out), Ok(true));
        let deflate = |mut deflater: Deflater, message: &[u8]| deflater.deflate(message, &mut Vec::new());
        assert_eq!(deflate(Deflater::new(&OFFER, &agreement(false, 8)), &[b'x'; 1000]), Ok(false));
        assert_eq!(deflate(Deflater::new(&Offer { threshold: 0, ..OFFER }, &agreement(false, 15)), b""), Ok(false));
    }

    /// Some messages shrink, some do not, and some would shrink only by referring to a message that was sent uncompressed.
    #[test]
    fn no_message_refers_to_an_uncompressed_one() {
        let noise = messages().swap_remove(9)[..3000].to_vec();
        let text = messages().swap_remove(8);
        let mut seed = 7u64;
        let mut random = move |limit: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) as usize % limit
        };
        for (alone, bits) in [(false, 15), (false, 9), (false, 12), (true, 15)] {
            let agreement = agreement(alone, bits);
            let mut deflater = Deflater::new(&OFFER, &agreement);
            // This is another implementation, with one context for the whole connection, as in a server.
            let mut inflater = flate2::Decompress::new(false);
            let (mut plain, mut deflated) = (0, 0);
            for _ in 0..300 {
                let source = if random(3) == 0 { &text } else { &noise };
                let size = 16 + random(900);
                let message = &source[random(source.len() - size)..][..size];
                let mut wire = Vec::new();
                if !deflater.deflate(message, &mut wire).unwrap() {
                    plain += 1;
                    continue;
                }
                deflated += 1;
                wire.extend_from_slice(&TAIL);
                let mut got = Vec::with_capacity(size + 1);
                inflater.decompress_vec(&wire, &mut got, flate2::FlushDecompress::None).unwrap();
                assert!(got == message && wire.len() - TAIL.len() < size, "{size} bytes, {bits} bits, {alone}");
            }
            assert!(plain > 50 && deflated > 50, "{plain} uncompressed, {deflated} compressed");
        }
    }

    #[test]
    fn context_takeover_makes_the_second_message_smaller() {
        // It has only 64 different values, so that the first message shrinks too.
        let message: Vec<u8> = (0..600usize).map(|at| (at * at / 7 % 64) as u8).collect();
        let sizes = |alone| {
            let mut deflater = Deflater::new(&OFFER, &agreement(alone, 15));
            [(); 2].map(|()| {
                let mut out = Vec::new();
                deflater.deflate(&message, &mut out).unwrap();
                out.len()
            })
        };
        let [first, second] = sizes(false);
        assert!(second * 5 < first, "{first}, then {second}");
        let [first, second] = sizes(true);
        assert_eq!(first, second);
    }
}
