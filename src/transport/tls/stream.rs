//! TLS set up.

use super::adapter::{Adapter, Loss};
use super::failure::TlsError;
use super::{backend, pins};
use crate::error::Error;
use crate::transport::Transport;
use std::io::{self, ErrorKind};
use std::time::Duration;

/// The most payload of a record (RFC 8446 section 5.1).
const MAX_RECORD: usize = 16 * 1024;

/// The name of HTTP/1.1 in ALPN (RFC 7301 section 6).
const HTTP_1_1: &[u8] = b"http/1.1";

/// A stream made secure.
pub struct Tls<S> {
    inner: backend::Stream<Adapter<S>>,
    version: u32,
    /// Reading is over.
    end: Option<End>,
    /// Bytes that are encrypted, but not all taken by the stream below: the next write tells that they were.
    owed: usize,
    notified: bool,
}

/// How reading ended.
enum End {
    /// By the peer's close_notify.
    Clean,
    /// By the stream below.
    Lost,
    /// By a violation of TLS, or by the peer's alert.
    Failed(String),
}

impl<S: Transport> Tls<S> {
    pub(super) fn new(mut inner: backend::Stream<Adapter<S>>) -> Tls<S> {
        inner.adapter().opened();
        let version = inner.version();
        Tls { inner, version, end: None, owed: 0, notified: false }
    }

    /// The version of TLS, 0x0303 or 0x0304; 0 in the unlikely case that it could not be seen.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Is the key of the server's own certificate one of these? (The keys of its issuers cannot be pinned: native-tls tells
    /// the server's certificate only.) Without pins, any key is.
    pub(super) fn check_pins(&self, pins: &[pins::Pin]) -> Result<(), TlsError> {
        if pins.is_empty() {
            return Ok(());
        }
        match self.inner.certificate().and_then(|certificate| pins::of_certificate(&certificate)) {
            Some(pin) if pins.contains(&pin) => Ok(()),
            Some(pin) => Err(TlsError::pin(&pin)),
            None => Err(TlsError::unreadable_key()),
        }
    }

    /// Checks that the server selected HTTP/1.1 by ALPN, or nothing.
    pub(super) fn check_protocol(&self) -> Result<(), TlsError> {
        match self.inner.protocol() {
            None => Ok(()),
            Some(protocol) if protocol == HTTP_1_1 => Ok(()),
            Some(other) => {
                let other = other.escape_ascii();
                let message = format!(
                    "the TLS handshake failed: the server selected the protocol `{other}` by ALPN, and only `http/1.1` was \
                     offered"
                );
                Err(TlsError::new(Error::Tls, message))
            }
        }
    }

    /// Bytes that the stream below has not taken yet.
    #[cfg(test)]
    pub(super) fn outgoing(&self) -> usize {
        self.inner.adapter_ref().outgoing()
    }

    /// The stream below.
    pub fn stream(&mut self) -> &mut S {
        self.inner.adapter().stream()
    }

    /// Tells the peer that nothing more will be written, unless it knows, or TLS has failed.
    fn notify(&mut self) {
        if !self.notified && matches!(self.end, None | Some(End::Clean)) {
            self.notified = true;
            // It fails only where nothing can be told any more.
            let _ = self.inner.shutdown();
        }
    }

    fn told_end(&self, end: &End) -> io::Result<usize> {
        match end {
            End::Clean => Ok(0),
            End::Lost => Err(self.inner.adapter_ref().loss().map_or(ErrorKind::UnexpectedEof.into(), Loss::to_error)),
            End::Failed(text) => Err(io::Error::new(ErrorKind::InvalidData, text.clone())),
        }
    }

    fn end_of(&self, result: io::Result<usize>) -> End {
        match result {
            _ if self.inner.adapter_ref().loss().is_some() => End::Lost,
            Ok(_) => End::Clean,
            Err(error) => End::Failed(format!("TLS failed: {error}")),
        }
    }
}

impl<S: Transport> Transport for Tls<S> {
    /// As it is below: a read here goes on until the stream below has nothing more.
    fn short_read_is_last(&self) -> bool {
        let adapter = self.inner.adapter_ref();
        self.end.is_none() && !adapter.has_had_its_turn() && adapter.short_read_is_last()
    }

    fn note_hangup(&mut self) {
        self.stream().note_hangup();
    }

    fn poll_connected(&mut self) -> io::Result<bool> {
        Ok(true)
    }

    /// 0 only after the peer's close_notify: `UnexpectedEof` if the stream below ended without one, `InvalidData` if TLS
    /// itself failed, `QuotaExceeded` if the peer has sent too much without data. `Interrupted`: the budget of this turn is used up,
    /// and more may be there.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(end) = &self.end {
            return self.told_end(end);
        }
        self.inner.adapter().refresh();
        let mut filled = 0;
        while filled < buffer.len() {
            match self.inner.read(&mut buffer[filled..]) {
                Ok(count @ 1..) => {
                    filled += count;
                    self.inner.adapter().brought_data();
                    if self.inner.adapter_ref().is_drained() {
                        break;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock && filled > 0 => break,
                Err(error) if error.kind() == ErrorKind::WouldBlock && self.inner.adapter_ref().has_had_its_turn() => {
                    return Err(ErrorKind::Interrupted.into());
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Err(error),
                result => {
                    let end = self.end_of(result);
                    // What came before it is told first.
                    let told = if filled > 0 { Ok(filled) } else { self.told_end(&end) };
                    self.end = Some(end);
                    return told;
                }
            }
        }
        Ok(filled)
    }

    /// Bytes are told as written when the stream below has all of their record.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.inner.adapter().refresh();
        debug_assert!(self.owed <= bytes.len(), "what was not taken is given again");
        if self.owed == 0 && self.inner.adapter_ref().is_flushed() {
            let record = &bytes[..bytes.len().min(MAX_RECORD)];
            self.owed = self.inner.write(record).map_err(|error| match error.kind() {
                ErrorKind::WouldBlock => error,
                _ => io::Error::new(ErrorKind::InvalidData, format!("TLS failed: {error}")),
            })?;
        }
        let adapter = self.inner.adapter_ref();
        match adapter.write_error() {
            Some(error) => Err(error),
            None if adapter.is_flushed() => Ok(std::mem::take(&mut self.owed)),
            None => Err(ErrorKind::WouldBlock.into()),
        }
    }

    fn enable_keepalive(&mut self, patience: Duration) {
        self.stream().enable_keepalive(patience);
    }

    fn unacked_bytes(&mut self) -> Option<usize> {
        self.stream().unacked_bytes()
    }

    /// Sends close_notify, and ends the stream below behind it.
    fn end_writing(&mut self) {
        self.notify();
        self.inner.adapter().end_writing();
    }

    fn close_notify(&mut self) {
        self.notify();
        self.inner.adapter().refresh();
    }
}
