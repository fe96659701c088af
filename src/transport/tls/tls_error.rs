//! The error of a handshake.

use super::peer::Peer;
use super::pins;
use crate::error::Error;

/// The reason why a handshake has failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsError {
    /// The error code.
    pub error: Error,
    /// The error number of the operating system. 0 if there is none.
    pub os_error: i32,
    /// The text for the close report, with the text of the platform. A backend provides only that text, see
    /// `TlsError::with_subject`.
    pub message: String,
}

impl TlsError {
    pub(super) fn new(error: Error, message: String) -> TlsError {
        TlsError { error, os_error: 0, message }
    }

    /// Completes the text of a backend.
    pub(super) fn with_subject(self, peer: Peer) -> TlsError {
        let message = match self.error {
            Error::TlsPin => self.message,
            Error::TlsExpired | Error::TlsHost | Error::TlsIssuer => {
                format!("{peer}'s certificate is not accepted: {}", self.message)
            }
            _ => format!("{} failed: {}", peer.handshake(), self.message),
        };
        TlsError { message, ..self }
    }

    /// The key of the server's certificate is not one of the pins.
    pub(super) fn pin(found: &pins::Pin) -> TlsError {
        let message = format!("the server's public key, {}, is not one of the pinned keys", pins::format_pin(found));
        TlsError::new(Error::TlsPin, message)
    }

    /// The key of the server's certificate cannot be read.
    pub(super) fn unreadable_key() -> TlsError {
        TlsError::new(Error::TlsPin, "the server's public key could not be read".into())
    }

    /// The certificate of the peer is refused.
    #[cfg(tls_openssl)]
    pub(super) fn certificate(error: Error, why: &str) -> TlsError {
        TlsError::new(error, why.to_owned())
    }

    /// The handshake has failed for another reason.
    #[cfg(tls_openssl)]
    pub(super) fn of_handshake(why: &impl std::fmt::Display) -> TlsError {
        TlsError::new(Error::Tls, why.to_string())
    }
}
