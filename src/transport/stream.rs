//! The stream of a connection, with or without TLS.

use super::Transport;
use super::tls::Tls;
use std::io;
use std::time::Duration;

/// A stream with or without TLS. If a tunnel to the server goes through TLS to a proxy, there is TLS over TLS.
#[allow(missing_docs)]
pub enum Stream<S> {
    Plain(S),
    Secure(Box<Tls<Stream<S>>>),
}

impl<S: Transport> Stream<S> {
    /// The connection has failed before an answer of the peer.
    pub fn fail_before_answer(&mut self) {
        if let Stream::Secure(tls) = self {
            tls.fail_before_answer();
        }
    }
}

macro_rules! either {
    ($stream:expr, $inner:ident => $call:expr) => {
        match $stream {
            Stream::Plain($inner) => $call,
            Stream::Secure($inner) => $call,
        }
    };
}

impl<S: Transport> Transport for Stream<S> {
    fn short_read_is_last(&self) -> bool {
        either!(self, stream => stream.short_read_is_last())
    }

    fn note_hangup(&mut self) {
        either!(self, stream => stream.note_hangup());
    }

    fn waits_for_writing(&mut self) -> bool {
        either!(self, stream => stream.waits_for_writing())
    }

    fn poll_connected(&mut self) -> io::Result<bool> {
        either!(self, stream => stream.poll_connected())
    }

    #[inline]
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        either!(self, stream => stream.read(buffer))
    }

    fn read_onto(&mut self, out: &mut Vec<u8>, most: usize, beyond: &mut [u8]) -> Option<io::Result<(usize, usize)>> {
        either!(self, stream => stream.read_onto(out, most, beyond))
    }

    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        either!(self, stream => stream.write(bytes))
    }

    fn enable_keepalive(&mut self, unacked_timeout: Duration) {
        either!(self, stream => stream.enable_keepalive(unacked_timeout));
    }

    fn unacked_bytes(&mut self) -> Option<usize> {
        either!(self, stream => stream.unacked_bytes())
    }

    fn is_turn_over(&self) -> bool {
        either!(self, stream => stream.is_turn_over())
    }

    fn is_busy(&self) -> bool {
        either!(self, stream => stream.is_busy())
    }

    fn end_writing(&mut self) {
        either!(self, stream => stream.end_writing());
    }

    fn close_notify(&mut self) {
        either!(self, stream => stream.close_notify());
    }

    fn reset_on_drop(&mut self) {
        either!(self, stream => stream.reset_on_drop());
    }
}
