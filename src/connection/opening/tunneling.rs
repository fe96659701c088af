//! A proxy asked for a connection to the server: the bytes of a [`Tunnel`] on their stream.

use super::super::report::{Ending, Initiator};
use crate::error::Error;
use crate::transport::Transport;
use crate::transport::proxy::Tunnel;
use std::io::{self, ErrorKind};

/// A stream to a proxy.
pub(super) struct Tunneling<S> {
    pub(super) stream: S,
    tunnel: Tunnel,
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

    /// Does all that can be done now. True when the stream leads to the server.
    pub(super) fn advance(&mut self, buffer: &mut [u8]) -> Result<bool, Ending> {
        let lost = |error: &io::Error| Ending::io(Error::Proxy, "the connection to the proxy broke", error);
        loop {
            // A proxy may refuse before it has read all that was asked, so its answer is looked for in any case.
            let broken = self.write().err();
            let count = match self.stream.read(buffer) {
                Ok(0) => {
                    let message = "the proxy ended the connection before it had made one to the server";
                    return Err(Ending::new(Error::Proxy, Initiator::Transport, message));
                }
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    return broken.map_or(Ok(false), |error| Err(lost(&error)));
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(lost(&error)),
            };
            let refused = match self.tunnel.feed(&buffer[..count]) {
                Ok(false) => continue,
                Ok(true) => return Ok(true),
                Err(refused) => refused,
            };
            let ending = Ending::new(Error::Proxy, Initiator::Peer, refused.message);
            return Err(Ending { http_status: refused.http_status, ..ending });
        }
    }
}
