//! A TLS stream after the handshake.

use super::buffered_stream::BufferedStream;
use super::peer::Peer;
use super::stream_status::StreamError;
use super::tls_error::TlsError;
use super::tls_info::TlsInfo;
use super::{backends, pins};
use crate::error::Error;
use crate::transport::Transport;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

/// The largest payload of a record (RFC 8446 section 5.1).
pub(super) const MAX_RECORD: usize = 16 * 1024;

/// The name of HTTP/1.1 in ALPN (RFC 7301 section 6).
const HTTP_1_1: &str = "http/1.1";

/// A stream with TLS.
pub struct Tls<S> {
    inner: backends::Stream<BufferedStream<S>>,
    info: Arc<TlsInfo>,
    /// The reason why reading has ended, if it has.
    end: Option<ReadEnd>,
    /// How many bytes were encrypted, but not yet reported as written, because the stream below has not taken all of them.
    unreported: usize,
    close_notify_sent: bool,
}

/// The reason why reading has ended.
enum ReadEnd {
    /// The peer has sent close_notify.
    CloseNotify,
    /// The stream below has ended or failed.
    StreamFailed,
    /// TLS has failed, or the peer has sent an alert.
    TlsFailed(String),
}

impl<S: Transport> Tls<S> {
    pub(super) fn new(mut inner: backends::Stream<BufferedStream<S>>, info: Arc<TlsInfo>) -> Tls<S> {
        inner.get_mut().handshake_done();
        Tls { inner, info, end: None, unreported: 0, close_notify_sent: false }
    }

    /// Returns how TLS was set up.
    #[cfg(all(test, tls_openssl))]
    pub(super) fn info(&self) -> &TlsInfo {
        &self.info
    }

    /// Returns the version of TLS, 0x0303 or 0x0304.
    #[cfg(all(test, tls_openssl))]
    pub(super) fn version(&self) -> u32 {
        self.info.version
    }

    /// Must be called when the result of the handshake was accepted: sessions of the server may be kept.
    pub(super) fn accept(&self, resumption: &mut backends::Resumption) {
        self.inner.accept(resumption, &self.info.chain);
    }

    /// The connection has failed before an answer of the peer. If it was resumed, the peer may be unable to handle that, so the
    /// next connection makes a full handshake.
    #[cold]
    pub fn fail_before_answer(&mut self) {
        if self.info.is_resumed {
            self.inner.fail_after_handshake();
        }
    }

    /// Checks that the key of the server's own certificate is one of these pins, if there are any. The keys of its issuers cannot
    /// be pinned, because native-tls returns only the server's certificate.
    pub(super) fn check_pins(&self, pins: &[pins::Pin]) -> Result<(), TlsError> {
        pins::check(pins, self.info.chain.first().map(|certificate| &certificate[..]))
    }

    /// Checks that the server has selected HTTP/1.1 by ALPN, or nothing.
    pub(super) fn check_protocol(&self) -> Result<(), TlsError> {
        match &*self.info.alpn {
            "" | HTTP_1_1 => Ok(()),
            other => {
                let other = other.escape_debug();
                let peer = self.peer();
                let why = format!("{peer} selected the protocol `{other}` by ALPN, and only `http/1.1` was offered");
                Err(TlsError::new(Error::Tls, why).with_subject(peer))
            }
        }
    }

    /// Returns whether the buffers of OpenSSL may be freed.
    #[cfg(all(test, tls_openssl))]
    pub(super) fn is_between_records(&self) -> bool {
        self.inner.is_between_records()
    }

    /// Returns the number of bytes that the stream below has not yet taken.
    #[cfg(all(test, tls_openssl))]
    pub(super) fn buffered_output(&self) -> usize {
        self.inner.get_ref().buffered_output()
    }

    fn peer(&self) -> Peer {
        self.inner.get_ref().peer()
    }

    /// Returns the stream below.
    pub fn stream(&mut self) -> &mut S {
        self.inner.get_mut().stream()
    }

    /// Sends close_notify, unless it was sent already or TLS has failed.
    fn send_close_notify(&mut self) {
        if !self.close_notify_sent && matches!(self.end, None | Some(ReadEnd::CloseNotify)) {
            self.close_notify_sent = true;
            // An error does not matter, because the stream cannot be used any more.
            let _ = self.inner.shutdown();
        }
    }

    fn end_result(&self, end: &ReadEnd) -> io::Result<usize> {
        match end {
            ReadEnd::CloseNotify => Ok(0),
            ReadEnd::StreamFailed => {
                Err(self.inner.get_ref().read_error().map_or(ErrorKind::UnexpectedEof.into(), StreamError::to_error))
            }
            ReadEnd::TlsFailed(text) => Err(io::Error::new(ErrorKind::InvalidData, text.clone())),
        }
    }

    fn end_of(&self, result: io::Result<usize>) -> ReadEnd {
        match result {
            _ if self.inner.get_ref().read_error().is_some() => ReadEnd::StreamFailed,
            Ok(_) => ReadEnd::CloseNotify,
            Err(error) => ReadEnd::TlsFailed(format!("{} failed: {error}", self.peer().tls())),
        }
    }
}

impl<S: Transport> Transport for Tls<S> {
    /// Returns the value of the stream below, because [`Tls::read`] continues until that stream has no more bytes.
    fn short_read_is_last(&self) -> bool {
        let stream = self.inner.get_ref();
        self.end.is_none() && !stream.is_turn_over() && stream.short_read_is_last()
    }

    fn note_hangup(&mut self) {
        self.stream().note_hangup();
    }

    fn waits_for_writing(&mut self) -> bool {
        self.stream().waits_for_writing()
    }

    fn poll_connected(&mut self) -> io::Result<bool> {
        Ok(true)
    }

    /// Returns 0 only after the peer's close_notify. `UnexpectedEof`: the stream below has ended without one. `InvalidData`: TLS
    /// has failed. `QuotaExceeded`: the peer has sent too many records without data. `Interrupted`: the budget of this turn is
    /// used up, and more bytes may be available.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(end) = &self.end {
            return self.end_result(end);
        }
        self.inner.get_mut().begin_turn();
        let mut filled = 0;
        while filled < buffer.len() {
            match self.inner.read(&mut buffer[filled..]) {
                Ok(count @ 1..) => {
                    filled += count;
                    self.inner.get_mut().note_data();
                    if self.inner.get_ref().is_drained() && self.inner.reads_single_records() {
                        self.inner.rest();
                        break;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock && filled > 0 => break,
                Err(error) if error.kind() == ErrorKind::WouldBlock && self.inner.get_ref().is_turn_over() => {
                    return Err(ErrorKind::Interrupted.into());
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Err(error),
                result => {
                    let end = self.end_of(result);
                    // The bytes before the end are returned first.
                    let result = if filled > 0 { Ok(filled) } else { self.end_result(&end) };
                    self.end = Some(end);
                    return result;
                }
            }
        }
        Ok(filled)
    }

    /// Reports bytes as written when the stream below has taken their whole record.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.inner.get_mut().begin_turn();
        debug_assert!(self.unreported <= bytes.len(), "the caller passes the same bytes again");
        if self.unreported == 0 && self.inner.get_ref().is_flushed() {
            let record = &bytes[..bytes.len().min(MAX_RECORD)];
            let peer = self.peer();
            self.unreported = self.inner.write(record).map_err(|error| match error.kind() {
                ErrorKind::WouldBlock => error,
                _ => io::Error::new(ErrorKind::InvalidData, format!("{} failed: {error}", peer.tls())),
            })?;
        }
        let stream = self.inner.get_ref();
        match stream.write_error() {
            Some(error) => Err(error),
            None if stream.is_flushed() => Ok(std::mem::take(&mut self.unreported)),
            None => Err(ErrorKind::WouldBlock.into()),
        }
    }

    fn enable_keepalive(&mut self, unacked_timeout: Duration) {
        self.stream().enable_keepalive(unacked_timeout);
    }

    fn unacked_bytes(&mut self) -> Option<usize> {
        self.stream().unacked_bytes()
    }

    fn is_turn_over(&self) -> bool {
        self.inner.get_ref().is_turn_over()
    }

    fn is_busy(&self) -> bool {
        self.end.is_none() && (self.inner.is_busy() || self.inner.get_ref().is_busy())
    }

    /// Sends close_notify, and ends the writing side of the stream below after it.
    fn end_writing(&mut self) {
        self.send_close_notify();
        self.inner.get_mut().end_writing();
    }

    fn close_notify(&mut self) {
        self.send_close_notify();
        self.inner.get_mut().begin_turn();
        // The close_notify of the TLS below comes last.
        self.stream().close_notify();
    }

    fn reset_on_drop(&mut self) {
        self.close_notify_sent = true;
        self.stream().reset_on_drop();
    }
}
