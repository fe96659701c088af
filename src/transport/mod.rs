//! Byte streams. Each kind advances by itself and never blocks; a proxy and TLS are asked over the stream below them, and
//! hand it up.

#[cfg_attr(not(feature = "proxies"), path = "without_proxies.rs")]
pub mod proxy;
pub mod stream;
pub mod tcp;
pub mod tls;

use std::io;
use std::time::Duration;

/// A byte stream that never blocks: what cannot be done now is `WouldBlock`.
pub trait Transport {
    /// A read that brings fewer bytes than were asked for means that no more are there, and that readiness will be told
    /// anew: the read that would say `WouldBlock` can be saved.
    fn short_read_is_last(&self) -> bool;

    /// Readiness told that the stream has ended or failed. It is told once: from now on only a read that says so is the
    /// last.
    fn note_hangup(&mut self);

    /// True when the connection is made, false while it is being made. An error when it cannot be.
    fn poll_connected(&mut self) -> io::Result<bool>;

    /// Reads at most `buffer.len()` bytes. 0 at the end of the stream. `Interrupted`: the budget of this turn is used up, and more may
    /// be there; read again in the next turn. `QuotaExceeded`: the peer has sent too many bytes that carry no data.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Reads at most `most` bytes to the end of `out`, which has room for them, and what follows those to `beyond`, all at once.
    /// How many to each; `None` where that saves no copy.
    fn read_onto(
        &mut self,
        _out: &mut Vec<u8>,
        _most: usize,
        _beyond: &mut [u8],
    ) -> Option<io::Result<(usize, usize)>> {
        None
    }

    /// Writes at most `bytes.len()` bytes. What was not taken must be given again by the next call.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// The stream will be used for long. `patience`: how long the peer may leave bytes of ours untaken.
    fn enable_keepalive(&mut self, _patience: Duration) {}

    /// Bytes written that have not reached the peer; `None` if the system does not tell.
    fn unacked_bytes(&mut self) -> Option<usize> {
        None
    }

    /// Tells the peer that nothing more will be written.
    fn end_writing(&mut self);

    /// The connection is over: the last courtesy before it is dropped.
    fn close_notify(&mut self) {}
}

/// Is it a name that RFC 6761 section 6.3 gives a loopback address?
pub fn is_localhost(name: &str) -> bool {
    is_under(name, "localhost")
}

/// Whether `name` is `domain` or ends in it at the border of a label. Both are in lower case, as the URL parser makes them.
fn is_under(name: &str, domain: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}
