//! Facts about the stream below TLS, for the text of an error. They can still be read after the platform's TLS has dropped the
//! stream, which native-tls does when a handshake fails.

use super::peer::Peer;
use std::io::{self, ErrorKind};
use std::ops::RangeInclusive;
use std::sync::OnceLock;

/// The reason why a direction of the stream has ended. Every later call reports it again.
#[derive(Debug)]
pub(super) enum StreamError {
    /// The stream has ended.
    Eof,
    /// The peer has sent too many bytes without data, so no more are read. The text describes these bytes.
    Flood(&'static str),
    /// An error of the operating system.
    Os(i32),
    /// An error of the TLS below, or an error without a number.
    Other(ErrorKind, String),
}

impl StreamError {
    pub(super) fn of(error: &io::Error) -> StreamError {
        match error.raw_os_error() {
            Some(number) => StreamError::Os(number),
            None => StreamError::Other(error.kind(), error.to_string()),
        }
    }

    pub(super) fn to_error(&self) -> io::Error {
        match self {
            StreamError::Eof => {
                io::Error::new(ErrorKind::UnexpectedEof, "the stream ended without a close_notify of TLS")
            }
            StreamError::Flood(text) => io::Error::new(ErrorKind::QuotaExceeded, *text),
            StreamError::Os(number) => io::Error::from_raw_os_error(*number),
            StreamError::Other(kind, text) => io::Error::new(*kind, text.clone()),
        }
    }
}

/// The facts. The stream sets them, and the handshake reads them.
#[derive(Debug)]
pub(super) struct StreamStatus {
    peer: Peer,
    /// The reason why reading has ended.
    read_error: OnceLock<StreamError>,
    /// The first bytes from the peer, at most [`MAX_FIRST_BYTES`].
    first_bytes: OnceLock<Vec<u8>>,
}

/// The largest number of first bytes that are kept.
const MAX_FIRST_BYTES: usize = 40;
/// The content types of TLS records (RFC 8446 section 5.1). The version that follows always begins with 3.
pub(super) const CONTENT_TYPES: RangeInclusive<u8> = 20..=24;

impl StreamStatus {
    pub(super) fn new(peer: Peer) -> StreamStatus {
        StreamStatus { peer, read_error: OnceLock::new(), first_bytes: OnceLock::new() }
    }

    pub(super) fn peer(&self) -> Peer {
        self.peer
    }

    pub(super) fn read_error(&self) -> Option<&StreamError> {
        self.read_error.get()
    }

    /// Sets the reason why reading has ended, unless there is already one. Returns the reason that is set.
    pub(super) fn set_read_error(&self, error: StreamError) -> &StreamError {
        self.read_error.get_or_init(|| error)
    }

    /// Returns true if the peer has sent no byte.
    pub(super) fn is_silent(&self) -> bool {
        self.first_bytes.get().is_none()
    }

    /// Returns the first bytes from the peer if they are not TLS.
    pub(super) fn other_protocol(&self) -> Option<&[u8]> {
        self.first_bytes.get().map(Vec::as_slice).filter(|first| match first {
            [content_type, 3, ..] | [content_type] => !CONTENT_TYPES.contains(content_type),
            _ => true,
        })
    }

    /// Keeps the first bytes from the peer.
    pub(super) fn note_bytes(&self, bytes: &[u8]) {
        if !bytes.is_empty() && self.is_silent() {
            let _ = self.first_bytes.set(bytes[..bytes.len().min(MAX_FIRST_BYTES)].to_vec());
        }
    }
}
