//! A server that decodes the frames of the client, and panics if they violate the protocol.

use crate::protocol::deflate::{Agreement, Inflater, Offer};
use crate::protocol::mask;

#[cfg(feature = "deflate")]
pub const OFFER: Option<Offer> = Some(Offer {
    client_no_context_takeover: false,
    server_no_context_takeover: false,
    client_max_window_bits: 15,
    server_max_window_bits: 15,
    level: 6,
    threshold: 100,
});
#[cfg(feature = "deflate")]
const AGREEMENT: Option<Agreement> = Some(Agreement {
    client_no_context_takeover: false,
    server_no_context_takeover: false,
    client_max_window_bits: 15,
    server_max_window_bits: 15,
});

#[cfg(not(feature = "deflate"))]
pub const OFFER: Option<Offer> = None;
#[cfg(not(feature = "deflate"))]
const AGREEMENT: Option<Agreement> = None;

/// A frame of the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientFrame {
    Message(String),
    Close(Vec<u8>),
    Ping(Vec<u8>),
    Pong,
}

/// The server's end of one connection.
#[derive(Default)]
pub struct StrictServer {
    inflater: Option<Inflater>,
    closed: bool,
    /// The incomplete frame.
    partial: Vec<u8>,
    pub masks: Vec<[u8; 4]>,
    pub deflated: usize,
}

impl StrictServer {
    pub fn new(deflates: bool) -> StrictServer {
        StrictServer {
            inflater: AGREEMENT.filter(|_| deflates).map(|agreed| Inflater::new(&agreed)),
            ..StrictServer::default()
        }
    }

    /// The size of the incomplete frame so far.
    pub fn partial_bytes(&self) -> usize {
        self.partial.len()
    }

    pub fn has_closed(&self) -> bool {
        self.closed
    }

    /// Decodes the bytes.
    pub fn decode(&mut self, bytes: &mut Vec<u8>) -> Vec<ClientFrame> {
        self.partial.append(bytes);
        let mut frames = Vec::new();
        while let Some((first, mask, payload, size)) = split(&self.partial) {
            assert!(!self.closed, "frame {first:x} follows a Close frame");
            self.masks.push(mask);
            frames.push(self.read(first, payload));
            self.partial.drain(..size);
        }
        frames
    }

    fn read(&mut self, first: u8, payload: Vec<u8>) -> ClientFrame {
        let text = |payload| ClientFrame::Message(String::from_utf8(payload).expect("text is UTF-8"));
        match first {
            0x81 => text(payload),
            0xc1 => {
                let inflater = self.inflater.as_mut().expect("permessage-deflate was negotiated");
                let mut message = Vec::new();
                inflater.feed(&payload, &mut message, 1000).expect("the payload is deflated");
                inflater.finish().expect("and complete");
                self.deflated += 1;
                text(message)
            }
            0x88 => {
                self.closed = true;
                ClientFrame::Close(payload)
            }
            0x89 => ClientFrame::Ping(payload),
            0x8a => ClientFrame::Pong,
            other => panic!("a client does not send {other:x}"),
        }
    }
}

/// Returns the frame at the front of `bytes`, if it is complete: its first byte, masking key, unmasked payload, and size.
fn split(bytes: &[u8]) -> Option<(u8, [u8; 4], Vec<u8>, usize)> {
    let [first, second, ..] = *bytes else { return None };
    assert_eq!(second & 0x80, 0x80, "the client masks");
    let (len, header) = match second & 0x7f {
        126 => (usize::from(u16::from_be_bytes(*bytes.get(2..)?.first_chunk()?)), 8),
        127 => panic!("no message of the tests is so long"),
        short => (usize::from(short), 6),
    };
    let mask = *bytes.get(..header)?.last_chunk()?;
    let mut payload = bytes.get(header..header + len)?.to_vec();
    mask::apply(&mut payload, mask);
    Some((first, mask, payload, header + len))
}
