//! What a strict server makes of a client's bytes.

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

/// What the client said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    Message(String),
    Close(Vec<u8>),
    Ping(Vec<u8>),
    Pong,
}

/// The server's end of one connection. It panics at whatever a client may not send.
#[derive(Default)]
pub struct Peer {
    inflater: Option<Inflater>,
    closed: bool,
    /// Bytes of the frame that has not come whole.
    rest: Vec<u8>,
    pub masks: Vec<[u8; 4]>,
    pub deflated: usize,
}

impl Peer {
    pub fn new(deflates: bool) -> Peer {
        Peer { inflater: AGREEMENT.filter(|_| deflates).map(|agreed| Inflater::new(&agreed)), ..Peer::default() }
    }

    /// Bytes of a frame that has begun and has not come whole.
    pub fn begun(&self) -> usize {
        self.rest.len()
    }

    pub fn has_closed(&self) -> bool {
        self.closed
    }

    /// Takes what came, and tells what it was.
    pub fn take(&mut self, bytes: &mut Vec<u8>) -> Vec<Said> {
        self.rest.append(bytes);
        let mut said = Vec::new();
        while let Some((first, mask, payload, size)) = split(&self.rest) {
            assert!(!self.closed, "nothing may follow a Close frame, but {first:x} did");
            self.masks.push(mask);
            said.push(self.read(first, payload));
            self.rest.drain(..size);
        }
        said
    }

    fn read(&mut self, first: u8, payload: Vec<u8>) -> Said {
        let text = |payload| Said::Message(String::from_utf8(payload).expect("text is UTF-8"));
        match first {
            0x81 => text(payload),
            0xc1 => {
                let inflater = self.inflater.as_mut().expect("deflating was agreed on");
                let mut message = Vec::new();
                inflater.feed(&payload, &mut message, 1000).expect("it is deflated");
                inflater.finish().expect("and whole");
                self.deflated += 1;
                text(message)
            }
            0x88 => {
                self.closed = true;
                Said::Close(payload)
            }
            0x89 => Said::Ping(payload),
            0x8a => Said::Pong,
            other => panic!("a client does not send {other:x}"),
        }
    }
}

/// The frame at the front of `bytes`, if it is whole: its first byte, mask, payload without it, and size.
fn split(bytes: &[u8]) -> Option<(u8, [u8; 4], Vec<u8>, usize)> {
    let [first, second, ..] = *bytes else { return None };
    assert_eq!(second & 0x80, 0x80, "the client masks");
    let (len, header) = match second & 0x7f {
        126 => (usize::from(u16::from_be_bytes(*bytes.get(2..)?.first_chunk()?)), 8),
        127 => panic!("no message of the lab is so long"),
        short => (usize::from(short), 6),
    };
    let mask = *bytes.get(..header)?.last_chunk()?;
    let mut payload = bytes.get(header..header + len)?.to_vec();
    mask::apply(&mut payload, mask);
    Some((first, mask, payload, header + len))
}
