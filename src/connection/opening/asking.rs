//! The HTTP upgrade: the request out, the answer in.

use super::super::report::{Ending, Initiator};
use super::READS_A_TURN;
use crate::error::Error;
use crate::protocol::deflate::Agreement;
use crate::protocol::handshake::{self, RequestOptions, ResponseReader, UpgradeError, Upgraded};
use crate::transport::Transport;
use std::io::{self, ErrorKind};
use std::ops::Range;
use zeroize::Zeroizing;

/// A stream on which the upgrade is asked for.
pub(super) struct Asking<S> {
    pub(super) stream: S,
    request: Zeroizing<Vec<u8>>,
    written: usize,
    answer: ResponseReader,
}

/// What asking came to.
pub(super) enum Asked {
    Wait,
    /// The budget of the turn is used up.
    Again,
    Answered(Result<Open, UpgradeError>),
    Lost(Ending),
}

/// What was agreed on.
pub(super) struct Open {
    pub(super) subprotocol: String,
    pub(super) deflate: Option<Agreement>,
    /// Where in the read buffer the first bytes after the answer are.
    pub(super) early: Range<usize>,
    /// Nothing but those was there to be read.
    pub(super) emptied: bool,
}

impl<S: Transport> Asking<S> {
    pub(super) fn new(
        stream: S,
        authority: &str,
        target: &str,
        nonce: [u8; 16],
        options: &RequestOptions,
    ) -> Asking<S> {
        let key = handshake::key(nonce);
        let request = Zeroizing::new(handshake::request(authority, target, &key, options));
        Asking { stream, request, written: 0, answer: ResponseReader::new(&key, options) }
    }

    /// The stream, and status and headers of the answer.
    pub(super) fn into_parts(self) -> (S, u16, String) {
        let (status, headers) = self.answer.into_head();
        (self.stream, status, headers)
    }

    fn write(&mut self) -> io::Result<()> {
        while self.written < self.request.len() {
            match self.stream.write(&self.request[self.written..]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => self.written += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Writes and reads as far as possible now, within the budget of a turn.
    pub(super) fn advance(&mut self, buffer: &mut [u8]) -> Asked {
        let broken = self.write().err();
        // A server may refuse before it has read the whole request, so the answer is looked for in any case.
        for _ in 0..READS_A_TURN {
            let count = match self.stream.read(buffer) {
                Ok(0) => {
                    let message = "the server ended the connection before it answered the upgrade";
                    return self.lost(Ending::new(Error::ConnectionLost, Initiator::Transport, message));
                }
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => match broken {
                    None => return Asked::Wait,
                    Some(error) => return self.broke(&error),
                },
                Err(error) if error.kind() == ErrorKind::Interrupted => return Asked::Again,
                Err(error) => return self.broke(&error),
            };
            match self.answer.feed(&buffer[..count]) {
                Ok(None) => {}
                Ok(Some(_)) if self.written < self.request.len() => {
                    let detail = "the server agreed to the upgrade before it had the request";
                    return Asked::Answered(Err(UpgradeError::Malformed { status: 101, detail }));
                }
                Ok(Some(Upgraded { subprotocol, deflate, rest })) => {
                    let early = count - rest.len()..count;
                    let emptied = count < buffer.len() && self.stream.short_read_is_last();
                    return Asked::Answered(Ok(Open { subprotocol, deflate, early, emptied }));
                }
                Err(refusal) => return Asked::Answered(Err(refusal)),
            }
        }
        Asked::Again
    }

    fn broke(&mut self, error: &io::Error) -> Asked {
        // With TLS 1.3 a server refuses our certificate only after the handshake.
        let is_tls = matches!(error.kind(), ErrorKind::InvalidData | ErrorKind::QuotaExceeded);
        let ours = if is_tls { Error::Tls } else { Error::ConnectionLost };
        self.lost(Ending::io(ours, "the connection broke during the upgrade", error))
    }

    fn lost(&mut self, ending: Ending) -> Asked {
        self.broken_off().map_or(Asked::Lost(ending), |refusal| Asked::Answered(Err(refusal)))
    }

    /// Called when no more of the answer will come. `Some` if the status line of a refusal was read.
    pub(super) fn broken_off(&mut self) -> Option<UpgradeError> {
        self.answer.broken_off()
    }
}
