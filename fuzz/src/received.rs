//! The parameters and the results of a decoder. The generator of streams and the check of their decoding share these types.

use super::source::Source;
use egret_ws::protocol::deflate::Agreement;
use egret_ws::protocol::message::MessageKind;

/// The parameters of the decoder.
#[derive(Debug)]
pub struct DecoderConfig {
    pub deflate: Option<Agreement>,
    pub max_message: usize,
}

impl DecoderConfig {
    pub fn read(source: &mut Source) -> DecoderConfig {
        const SIZES: [usize; 8] = [0, 1, 5, 125, 126, 1000, 65_535, 131_072];
        let (flags, bits) = (source.byte(), source.byte());
        let deflate = Agreement {
            client_no_context_takeover: flags & 2 != 0,
            server_no_context_takeover: flags & 4 != 0,
            client_max_window_bits: 8 + bits % 8,
            server_max_window_bits: 8 + bits / 8 % 8,
        };
        let max_message = SIZES[source.below(SIZES.len())];
        DecoderConfig { deflate: (flags & 1 != 0).then_some(deflate), max_message }
    }
}

/// A message or control frame that the decoder has returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    Message(MessageKind, Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<u16>, String),
}
