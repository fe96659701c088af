//! The WebSocket protocol (RFC 6455) as a conversion of bytes, without I/O, clock or thread.
//!
//! ```text
//!   http_head   the head of an HTTP response, of a server or a proxy (RFC 9112)
//!   http_body   the body of an HTTP response that refuses a connection (RFC 9112 section 6)
//!   handshake   the upgrade request, and the check of its response (section 4)
//!   message     the kind and the payload of a message
//!   frame       frame headers in both directions (section 5.2)
//!   frame_trace the frames of one direction, for a host that traces them
//!   mask        masking keys and masking (section 5.3)
//!   close       the payload of Close frames (sections 5.5.1 and 7.4)
//!   ping        the payload of pings (section 5.5.2)
//!   utf8        validation of text that arrives in pieces (section 8.1)
//!   deflate     permessage-deflate: negotiated in `handshake`, marked in `frame`, inflated in `decoder` (RFC 7692)
//!   decoder     bytes from the peer become messages and control frames (sections 5.4 to 5.6)
//! ```

pub mod close;
pub mod decoder;
#[cfg_attr(not(feature = "deflate"), path = "without_deflate.rs")]
pub mod deflate;
pub mod frame;
pub mod frame_trace;
pub mod handshake;
pub mod http_body;
pub mod http_head;
pub mod mask;
pub mod message;
pub mod ping;
pub mod utf8;

use std::collections::TryReserveError;

/// Reserves room for `more` bytes. The capacity doubles, as in [`Vec::reserve`], but there is room for at most `most` further
/// bytes. So a message never takes more memory than its size limit.
fn reserve_within(out: &mut Vec<u8>, more: usize, most: usize) -> Result<(), TryReserveError> {
    if out.capacity() - out.len() < more {
        return out.try_reserve_exact(more.max(out.len()).min(most));
    }
    Ok(())
}

/// The reason why this side fails the connection (RFC 6455 section 7.1.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The kind, which decides the close code.
    pub kind: ViolationKind,
    /// The text for the close report.
    pub detail: &'static str,
}

/// The kinds of violation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViolationKind {
    /// The peer violated a rule of the protocol: 1002.
    Protocol,
    /// Text that is not UTF-8: 1007.
    InvalidUtf8,
    /// A message is larger than the limit: 1009.
    TooBig,
    /// There is no memory for a message of the peer, which is not an error of the peer: 1011.
    NoMemory,
}

/// The violation of kind [`ViolationKind::NoMemory`].
pub const NO_MEMORY: Violation =
    Violation { kind: ViolationKind::NoMemory, detail: "there is no memory for a message of the peer" };

impl From<TryReserveError> for Violation {
    fn from(_: TryReserveError) -> Violation {
        NO_MEMORY
    }
}

impl Violation {
    /// The peer violated a rule of the protocol.
    pub const fn protocol(detail: &'static str) -> Violation {
        Violation { kind: ViolationKind::Protocol, detail }
    }

    /// The code of the Close frame to the peer.
    pub fn close_code(self) -> u16 {
        match self.kind {
            ViolationKind::Protocol => 1002,
            ViolationKind::InvalidUtf8 => 1007,
            ViolationKind::TooBig => 1009,
            ViolationKind::NoMemory => 1011,
        }
    }
}
