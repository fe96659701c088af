//! The error of a handshake.

use super::pins;
use crate::error::Error;

/// The reason why a handshake has failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsError {
    /// The error code.
    pub error: Error,
    /// The error number of the operating system; 0 if it has none.
    pub os_error: i32,
    /// The text for the close report, with the text of the platform.
    pub message: String,
}

impl TlsError {
    pub(super) fn new(error: Error, message: String) -> TlsError {
        TlsError { error, os_error: 0, message }
    }

    /// The key of the server's certificate is none of the pins.
    pub(super) fn pin(found: &pins::Pin) -> TlsError {
        let message = format!("the server's public key, {}, is none of the pinned keys", pins::format_pin(found));
        TlsError::new(Error::TlsPin, message)
    }

    /// The key of the server's certificate cannot be read.
    pub(super) fn unreadable_key() -> TlsError {
        TlsError::new(Error::TlsPin, "the server's public key could not be read".into())
    }

    /// The certificate of the server is refused.
    #[cfg(not(any(target_vendor = "apple", windows)))]
    pub(super) fn certificate(error: Error, why: &str) -> TlsError {
        TlsError::new(error, format!("the server's certificate is not accepted: {why}"))
    }

    /// The handshake has failed for another reason.
    #[cfg(not(any(target_vendor = "apple", windows)))]
    pub(super) fn of_handshake(why: &impl std::fmt::Display) -> TlsError {
        TlsError::new(Error::Tls, format!("the TLS handshake failed: {why}"))
    }
}
