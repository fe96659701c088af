//! The HTTP upgrade: writes the request and reads the response.

use super::outcome::{Outcome, READS_A_TURN};
use crate::config::url::Url;
use crate::connection::report::{Ending, Initiator, Phase};
use crate::error::Error;
use crate::protocol::deflate::Agreement;
use crate::protocol::handshake::{self, RequestOptions, ResponseReader, UpgradeError, Upgraded};
use crate::protocol::http_head::Head;
use crate::secret::SecretBytes;
use crate::transport::Transport;
use std::io::{self, ErrorKind};
use std::ops::Range;

/// A stream, and the state of the upgrade on it.
pub(super) struct Upgrade<S> {
    pub(super) stream: S,
    request: SecretBytes,
    written: usize,
    response: ResponseReader,
    /// The connection to the server has no TLS, and the server has sent nothing.
    may_expect_tls: bool,
}

/// The server has agreed to the upgrade.
pub(super) struct Accepted {
    pub(super) subprotocol: String,
    pub(super) deflate: Option<Agreement>,
    /// The position, in the read buffer, of the bytes after the head of the response.
    pub(super) after_head: Range<usize>,
    /// The stream has no more bytes at the moment.
    pub(super) would_block: bool,
}

/// The server has refused the upgrade.
pub(super) struct Refused {
    pub(super) why: UpgradeError,
    /// The position, in the read buffer, of the bytes after a complete head.
    pub(super) after_head: Range<usize>,
}

impl<S: Transport> Upgrade<S> {
    pub(super) fn new(stream: S, target: &Url, nonce: [u8; 16], options: &RequestOptions) -> Upgrade<S> {
        let key = handshake::key(nonce);
        let request = handshake::request(target.authority(), target.path_and_query(), &key, options);
        Upgrade {
            stream,
            request: SecretBytes::from(request),
            written: 0,
            response: ResponseReader::new(&key, options),
            may_expect_tls: !target.is_secure(),
        }
    }

    /// Returns the stream, and the head of the response.
    pub(super) fn into_parts(self) -> (S, Option<Head>) {
        (self.stream, self.response.into_head())
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

    /// Writes and reads as much as possible now, within the budget of a turn. The error is a refusal by the server's response.
    pub(super) fn advance(&mut self, buffer: &mut [u8]) -> Outcome<Result<Accepted, Refused>> {
        let write_error = self.write().err();
        // A server may refuse before it has read the whole request, so the response is read in any case.
        for _ in 0..READS_A_TURN {
            let count = match self.stream.read(buffer) {
                Ok(0) => {
                    let message = "the server ended the connection before it answered the upgrade";
                    let ending = Ending::new(Error::ConnectionLost, Initiator::Transport, message);
                    return self.ended_by_peer(ending);
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
            self.may_expect_tls = false;
            let mut rest = &buffer[..count];
            let result = self.response.feed(&mut rest);
            let after_head = count - rest.len()..count;
            match result {
                Ok(None) => {}
                Ok(Some(_)) if self.written < self.request.len() => {
                    let detail = "the server agreed to the upgrade before it had received the request";
                    let why = UpgradeError::Malformed { status: 101, detail };
                    return Outcome::Done(Err(Refused { why, after_head }));
                }
                Ok(Some(Upgraded { subprotocol, deflate })) => {
                    let would_block = count < buffer.len() && self.stream.short_read_is_last();
                    return Outcome::Done(Ok(Accepted { subprotocol, deflate, after_head, would_block }));
                }
                Err(why) => return Outcome::Done(Err(Refused { why, after_head })),
            }
        }
        Outcome::Again
    }

    fn io_error(&mut self, error: &io::Error) -> Outcome<Result<Accepted, Refused>> {
        // With TLS 1.3, a server refuses our certificate only after the TLS handshake.
        let is_tls = matches!(error.kind(), ErrorKind::InvalidData | ErrorKind::QuotaExceeded);
        let code = if is_tls { Error::Tls } else { Error::ConnectionLost };
        let ending = Ending::io(code, "the connection broke during the upgrade", error);
        match error.kind() {
            ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => {
                self.ended_by_peer(ending)
            }
            _ => self.failed(ending),
        }
    }

    /// A server that expects TLS ends the connection without an answer to the request, or with a TLS alert, which the
    /// reader of the response recognizes.
    fn ended_by_peer(&mut self, mut ending: Ending) -> Outcome<Result<Accepted, Refused>> {
        if self.may_expect_tls {
            ending.message.push_str("; if the server expects TLS on this port, use wss://");
        }
        self.failed(ending)
    }

    fn failed(&mut self, ending: Ending) -> Outcome<Result<Accepted, Refused>> {
        match self.refusal_so_far() {
            Some(refusal) => Outcome::Done(Err(refusal)),
            None => Outcome::Failed(ending, Phase::Handshake),
        }
    }

    /// Returns the refusal in an incomplete response after which no more bytes will come. `None` if not even its status line was
    /// read.
    pub(super) fn refusal_so_far(&mut self) -> Option<Refused> {
        Some(Refused { why: self.response.broken_off()?, after_head: 0..0 })
    }
}
