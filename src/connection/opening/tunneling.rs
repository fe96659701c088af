//! A proxy asked for a connection to the server: the bytes of a [`Tunnel`] on their stream.

use super::super::report::{Ending, Initiator};
use super::READS_A_TURN;
use crate::error::Error;
use crate::transport::Transport;
use crate::transport::proxy::{Tunnel, TunnelError};
use std::io::{self, ErrorKind};

/// A stream to a proxy.
pub(super) struct Tunneling<S> {
    pub(super) stream: S,
    tunnel: Tunnel,
}

/// The result of [`Tunneling::advance`].
pub(super) enum Tunneled {
    Wait,
    /// The budget of the turn is used up.
    Again,
    /// The stream leads to the server.
    Stands,
    Ended(Ending),
}

impl<S: Transport> Tunneling<S> {
    pub(super) fn new(stream: S, tunnel: Tunnel) -> Tunneling<S> {
        Tunneling { stream, tunnel }
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

    /// Writes and reads as far as possible now, within the budget of a turn.
    pub(super) fn advance(&mut self, buffer: &mut [u8]) -> Tunneled {
        for _ in 0..READS_A_TURN {
            // A proxy may refuse before it has read all that was asked, so its answer is looked for in any case.
            let broken = self.write().err();
            let count = match self.stream.read(buffer) {
                Ok(0) => {
                    let message = "the proxy ended the connection before it had made one to the server";
                    return self.lost(Ending::new(Error::Proxy, Initiator::Transport, message));
                }
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => match broken {
                    None => return Tunneled::Wait,
                    Some(error) => return self.broke(&error),
                },
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return self.broke(&error),
            };
            match self.tunnel.feed(&buffer[..count]) {
                Ok(false) => {}
                Ok(true) => return Tunneled::Stands,
                Err(refusal) => return Tunneled::Ended(refused(refusal)),
            }
        }
        Tunneled::Again
    }

    fn broke(&self, error: &io::Error) -> Tunneled {
        self.lost(Ending::io(Error::Proxy, "the connection to the proxy broke", error))
    }

    fn lost(&self, ending: Ending) -> Tunneled {
        Tunneled::Ended(self.broken_off().unwrap_or(ending))
    }

    /// Called when no more of the answer will come. `Some` if the status line of a refusal was read.
    pub(super) fn broken_off(&self) -> Option<Ending> {
        self.tunnel.broken_off().map(refused)
    }
}

fn refused(refusal: TunnelError) -> Ending {
    let initiator = if refusal.error == Error::NoResources { Initiator::Local } else { Initiator::Peer };
    Ending { http_status: refusal.http_status, ..Ending::new(refusal.error, initiator, refusal.message) }
}
