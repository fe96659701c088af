//! WebSocket itself (RFC 6455), bytes in and bytes out: no socket, no clock, no thread.
//!
//! ```text
//!   head      the head of a server's or proxy's HTTP answer (RFC 9112)
//!   upgrade   the HTTP request, and the check of its answer (section 4)
//!   frame     frame headers, both ways (section 5.2)
//!   mask      masking keys and masking (section 5.3)
//!   message   bytes from the peer → messages and control frames (sections 5.4 to 5.6)
//!   utf8      text that arrives in pieces (section 8.1)
//!   deflate   compressed messages: agreed on in `upgrade`, marked in `frame`, inflated in `message` (RFC 7692)
//!   close     close codes and reasons (sections 5.5.1 and 7.4)
//! ```

pub mod close;
#[cfg_attr(not(feature = "deflate"), path = "without_deflate.rs")]
pub mod deflate;
pub mod frame;
pub mod head;
pub mod mask;
pub mod message;
pub mod upgrade;
pub mod utf8;

use std::collections::TryReserveError;

/// Makes room for `more` bytes: twice what is there, as a Vec grows by itself, but for `most` at most, so that a message never
/// takes more memory than it may have bytes.
fn reserve_within(out: &mut Vec<u8>, more: usize, most: usize) -> Result<(), TryReserveError> {
    if out.capacity() - out.len() < more {
        return out.try_reserve_exact(more.max(out.len()).min(most));
    }
    Ok(())
}

/// Why this side ends the connection: RFC 6455 section 7.1.7, "fail the WebSocket connection".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Of which sort, which decides the close code.
    pub kind: ViolationKind,
    /// In words, for the close report.
    pub detail: &'static str,
}

/// The sorts of violation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViolationKind {
    /// A broken rule of the protocol: 1002.
    Protocol,
    /// Text that is not UTF-8: 1007.
    InvalidUtf8,
    /// A message above the cap: 1009.
    TooBig,
    /// There is no memory for the peer's message. This is not the peer's fault: 1011.
    NoMemory,
}

/// There is no memory for a message of the peer's.
pub const NO_MEMORY: Violation =
    Violation { kind: ViolationKind::NoMemory, detail: "there is no memory for a message of the peer" };

impl From<TryReserveError> for Violation {
    fn from(_: TryReserveError) -> Violation {
        NO_MEMORY
    }
}

impl Violation {
    /// A broken rule of the protocol.
    pub const fn protocol(detail: &'static str) -> Violation {
        Violation { kind: ViolationKind::Protocol, detail }
    }

    /// The close code the peer is told.
    pub fn close_code(self) -> u16 {
        match self.kind {
            ViolationKind::Protocol => 1002,
            ViolationKind::InvalidUtf8 => 1007,
            ViolationKind::TooBig => 1009,
            ViolationKind::NoMemory => 1011,
        }
    }
}
