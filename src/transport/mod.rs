//! Byte streams that never block: TCP, and TLS over it. The negotiation with a proxy uses the stream to the proxy: TCP, or, with
//! a proxy of `https://`, TLS. TLS to the server begins after the negotiation.
//!
//! ```text
//!   Stream ─┬─────────────────────► Tcp     ws
//!           ├─► Tls ──────────────► Tcp     wss; ws through a proxy of https
//!           └─► Tls ─► Tls ───────► Tcp     wss through a proxy of https
//! ```

pub mod local_side;
#[cfg_attr(not(feature = "proxies"), path = "without_proxies.rs")]
pub mod proxy;
pub mod stream;
pub mod tcp;
pub mod tls;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// A call of a hook of the host that has not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostCall {
    /// It has not begun, because earlier calls use all threads.
    Waits,
    /// It has begun.
    Runs,
}

/// A byte stream that never blocks. An operation that is not possible now returns `WouldBlock`.
pub trait Transport {
    /// Returns true if a read that does not fill the buffer shows that no more bytes are available, and that a readiness event
    /// will report new ones. So the caller does not need another read, which would return `WouldBlock`.
    fn short_read_is_last(&self) -> bool;

    /// A readiness event has reported the end or an error of the stream. No other event will report it, so the caller must read until
    /// a read returns it.
    fn note_hangup(&mut self);

    /// The system has reported that the stream is writable. Returns true if the stream waited for that: it connects, or its last
    /// write would have blocked. Such a write counts for one report only, because the connection may have nothing more to write.
    fn waits_for_writing(&mut self) -> bool {
        true
    }

    /// The call of `on_socket` that must end before the connection begins.
    fn host_call(&self) -> Option<HostCall> {
        None
    }

    /// Returns true if the connection is established, false if it is in progress, and an error if it has failed.
    fn poll_connected(&mut self) -> io::Result<bool>;

    /// Reads at most `buffer.len()` bytes. Returns 0 at the end of the stream. `Interrupted`: the budget of this turn is used up,
    /// and more bytes may be available. Read again in the next turn. `QuotaExceeded`: the peer has sent too many bytes without
    /// data.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Reads at most `most` bytes to the end of `out`, which has room for them, and further bytes to `beyond`, in one call.
    /// Returns both numbers of bytes, or `None` if this stream cannot read without a copy.
    fn read_onto(
        &mut self,
        _out: &mut Vec<u8>,
        _most: usize,
        _beyond: &mut [u8],
    ) -> Option<io::Result<(usize, usize)>> {
        None
    }

    /// Writes at most `bytes.len()` bytes. Bytes that were not written must be passed again in the next call.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Returns the local address of a TCP connection.
    fn local_address(&self) -> Option<SocketAddr> {
        None
    }

    /// Enables the keep-alive probes of TCP. The connection fails if sent bytes are not acknowledged within `unacked_timeout`.
    fn enable_keepalive(&mut self, _unacked_timeout: Duration) {}

    /// Returns the number of written bytes that the peer has not acknowledged. `None` if the system does not report it.
    fn unacked_bytes(&mut self) -> Option<usize> {
        None
    }

    /// Returns true if the last read has used up the budget of this turn. Then more bytes may be available, and no readiness
    /// event will report them.
    fn is_turn_over(&self) -> bool {
        false
    }

    /// Returns true if the TLS of the host works on another thread. Then nothing can be read now, although bytes may be
    /// available.
    fn is_busy(&self) -> bool {
        false
    }

    /// Ends the writing side of the stream.
    fn end_writing(&mut self);

    /// Sends the close_notify of TLS, before the stream is dropped.
    fn close_notify(&mut self) {}

    /// Makes TCP reset the connection when the stream is dropped. Bytes that wait in the system are dropped, and no close_notify
    /// is sent.
    fn reset_on_drop(&mut self);
}

/// An error of the operating system, with the name of the option or object that it concerns.
#[derive(Debug)]
struct InContext {
    what: String,
    error: io::Error,
}

impl InContext {
    fn error(what: String, error: io::Error) -> io::Error {
        // The kind is not kept: the kind of a failed bind does not have the meaning that it has for a failed connect.
        io::Error::other(InContext { what, error })
    }
}

impl fmt::Display for InContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.error)
    }
}

impl std::error::Error for InContext {}

/// Returns the number of an error of the operating system. 0 if the error has none.
pub fn os_error(error: &io::Error) -> i32 {
    let inner = || error.get_ref()?.downcast_ref::<InContext>()?.error.raw_os_error();
    error.raw_os_error().or_else(inner).unwrap_or(0)
}

/// Returns true if RFC 6761 section 6.3 reserves this name for loopback addresses.
pub fn is_localhost(name: &str) -> bool {
    is_under(name, "localhost")
}

/// Returns true if `name` is `domain` or one of its subdomains. Both are in lower case, as the URL parser returns them.
fn is_under(name: &str, domain: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}
