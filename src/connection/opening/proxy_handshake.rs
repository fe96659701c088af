//! The handshake with a proxy: requests a connection to the server, and reads the proxy's response.

use super::outcome::{Outcome, READS_A_TURN};
use crate::connection::report::{Ending, Initiator, Phase};
use crate::error::Error;
use crate::protocol::http_head::Head;
use crate::transport::Transport;
use crate::transport::proxy::{Tunnel, TunnelError};
use std::io::{self, ErrorKind};
use std::ops::Range;

/// A stream to a proxy, and the state of the handshake with it.
pub(super) struct ProxyHandshake<S> {
    pub(super) stream: S,
    tunnel: Tunnel,
}

/// The reason why there is no tunnel.
pub(super) struct ProxyRefused {
    pub(super) ending: Ending,
    /// The head of the proxy's response.
    pub(super) head: Option<Head>,
    /// A body may follow the head.
    pub(super) is_whole: bool,
    /// The position, in the read buffer, of the bytes after a complete head.
    pub(super) after_head: Range<usize>,
}

impl<S: Transport> ProxyHandshake<S> {
    pub(super) fn new(stream: S, tunnel: Tunnel) -> ProxyHandshake<S> {
        ProxyHandshake { stream, tunnel }
    }

    fn write(&mut self) -> io::Result<()> {
        while !self.tunnel.output().is_empty() {
            match self.stream.write(self.tunnel.output()) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => self.tunnel.written(count),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Writes and reads as much as possible now, within the budget of a turn.
    pub(super) fn advance(&mut self, buffer: &mut [u8]) -> Outcome<Result<(), ProxyRefused>> {
        for _ in 0..READS_A_TURN {
            // A proxy may refuse before it has read the whole request, so its response is read in any case.
            let write_error = self.write().err();
            let count = match self.stream.read(buffer) {
                Ok(0) => {
                    let message = "the proxy ended the connection before it had connected to the server";
                    return self.failed(Ending::new(Error::Proxy, Initiator::Transport, message));
                }
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => match write_error {
                    None => return Outcome::Wait,
                    Some(_) if self.stream.is_busy() => return Outcome::Wait, // it has not yet read to the end
                    Some(error) => return self.io_error(&error),
                },
                Err(error) if error.kind() == ErrorKind::Interrupted => return Outcome::Again,
                Err(error) => return self.io_error(&error),
            };
            let mut rest = &buffer[..count];
            match self.tunnel.feed(&mut rest) {
                Ok(false) => {}
                Ok(true) => return Outcome::Done(Ok(())),
                Err(error) => return Outcome::Done(Err(refused(error, count - rest.len()..count))),
            }
        }
        Outcome::Again
    }

    fn io_error(&self, error: &io::Error) -> Outcome<Result<(), ProxyRefused>> {
        // With TLS 1.3, a proxy that requires a certificate of this side reports that only after the TLS handshake.
        let is_tls = matches!(error.kind(), ErrorKind::InvalidData | ErrorKind::QuotaExceeded);
        let code = if is_tls { Error::Tls } else { Error::Proxy };
        self.failed(Ending::io(code, "the connection to the proxy broke", error))
    }

    fn failed(&self, ending: Ending) -> Outcome<Result<(), ProxyRefused>> {
        match self.refusal_so_far() {
            Some(refusal) => Outcome::Done(Err(refusal)),
            None => Outcome::Failed(ending, Phase::Proxy),
        }
    }

    /// Returns the refusal in an incomplete response after which no more bytes will come. `None` if not even its status line was
    /// read.
    pub(super) fn refusal_so_far(&self) -> Option<ProxyRefused> {
        self.tunnel.broken_off().map(|error| refused(error, 0..0))
    }
}

fn refused(error: TunnelError, after_head: Range<usize>) -> ProxyRefused {
    let TunnelError { error, http_status, head, is_whole, message } = error;
    let initiator = if error == Error::NoResources { Initiator::Local } else { Initiator::Peer };
    let ending = Ending { http_status, ..Ending::new(error, initiator, message) };
    ProxyRefused { ending, head, is_whole, after_head }
}
