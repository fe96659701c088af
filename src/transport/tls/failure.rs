//! Why a handshake failed, read from what the platform's TLS says.

use super::pins;
use crate::error::Error;
use std::fmt;

/// A handshake that failed, or a certificate that is not to be trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsError {
    /// What it is, in the header's terms.
    pub error: Error,
    /// The operating system's number; 0 if it has none.
    pub os_error: i32,
    /// What it is, in words, with the platform's own.
    pub message: String,
}

impl TlsError {
    pub(super) fn new(error: Error, message: String) -> TlsError {
        TlsError { error, os_error: 0, message }
    }

    /// The server's key is none of those pinned.
    pub(super) fn pin(found: &pins::Pin) -> TlsError {
        let message = format!("the server's public key, {}, is none of those pinned", pins::spell(found));
        TlsError::new(Error::TlsPin, message)
    }

    /// The server's key cannot be read.
    pub(super) fn unreadable_key() -> TlsError {
        TlsError::new(Error::TlsPin, "the server's public key could not be read".into())
    }

    /// The server's certificate is refused.
    #[cfg(not(any(target_vendor = "apple", windows)))]
    pub(super) fn certificate(error: Error, why: &str) -> TlsError {
        TlsError::new(error, format!("the server's certificate is not accepted: {why}"))
    }

    /// The handshake failed for another reason.
    #[cfg(not(any(target_vendor = "apple", windows)))]
    pub(super) fn of_handshake(why: &impl fmt::Display) -> TlsError {
        TlsError::new(Error::Tls, format!("the TLS handshake failed: {why}"))
    }

    /// Reads what the platform's TLS reports of a handshake.
    #[cfg(any(target_vendor = "apple", windows))]
    pub(super) fn of_platform(report: &(impl fmt::Display + fmt::Debug)) -> TlsError {
        let text = report.to_string();
        #[cfg(target_vendor = "apple")]
        let (error, os_error) = apple::read(&format!("{report:?}"));
        #[cfg(windows)]
        let (error, os_error) = windows::read(&text);
        let what = match error {
            Error::Tls => "the TLS handshake failed",
            _ => "the server's certificate is not accepted",
        };
        TlsError { error, os_error, message: format!("{what}: {text}") }
    }
}

/// The number that follows `before` in `text`.
#[cfg(any(test, target_vendor = "apple", windows))]
fn number_after(text: &str, before: &str) -> Option<i32> {
    let (_, rest) = text.split_once(before)?;
    let digits = rest.find(|char: char| !char.is_ascii_digit() && char != '-').unwrap_or(rest.len());
    rest[..digits].parse().ok()
}

/// Secure Transport and the trust evaluation say an `OSStatus`, which `Debug` of the error shows: `Error { code: -9807, … }`.
#[cfg(any(test, target_vendor = "apple"))]
mod apple {
    use crate::error::Error;

    pub(super) fn read(debug: &str) -> (Error, i32) {
        let status = super::number_after(debug, "code: ").unwrap_or(0);
        let error = match status {
            // errSSLCertExpired, errSSLCertNotYetValid, errSecCertificateExpired, errSecCertificateNotValidYet
            -9814 | -9815 | -67818 | -67819 => Error::TlsExpired,
            // errSSLHostNameMismatch, errSecHostNameMismatch
            -9843 | -67602 => Error::TlsHost,
            // errSSLXCertChainInvalid, errSSLUnknownRootCert, errSSLNoRootCert, errSecNotTrusted, errSecCreateChainFailed,
            // errSecTrustSettingDeny
            -9807 | -9812 | -9813 | -67843 | -25318 | -67654 => Error::TlsIssuer,
            // errSSLBadCert, errSecInvalidExtendedKeyUsage, errSecCertificateRevoked
            -9808 | -67609 | -67820 => Error::TlsIssuer,
            _ => Error::Tls,
        };
        (error, status)
    }
}

/// Schannel and the chain policy say an `HRESULT`, which std's text of the error ends in: `… (os error -2146762487)`.
#[cfg(any(test, windows))]
mod windows {
    use crate::error::Error;

    pub(super) fn read(text: &str) -> (Error, i32) {
        let status = super::number_after(text, "(os error ").unwrap_or(0);
        let error = match status as u32 {
            // CERT_E_EXPIRED, CERT_E_VALIDITYPERIODNESTING, SEC_E_CERT_EXPIRED
            0x800b_0101 | 0x800b_0102 | 0x8009_0328 => Error::TlsExpired,
            // CERT_E_CN_NO_MATCH, SEC_E_WRONG_PRINCIPAL
            0x800b_010f | 0x8009_0322 => Error::TlsHost,
            // CERT_E_ISSUERCHAINING, CERT_E_UNTRUSTEDROOT, CERT_E_CHAINING, CERT_E_UNTRUSTEDTESTROOT, CERT_E_UNTRUSTEDCA,
            // SEC_E_UNTRUSTED_ROOT, TRUST_E_CERT_SIGNATURE
            0x800b_0107 | 0x800b_0109 | 0x800b_010a | 0x800b_010d | 0x800b_0112 | 0x8009_0325 | 0x8009_6004 => {
                Error::TlsIssuer
            }
            // CERT_E_ROLE, CERT_E_PATHLENCONST, CERT_E_CRITICAL, CERT_E_PURPOSE, CERT_E_MALFORMED, CERT_E_REVOKED,
            // CERT_E_WRONG_USAGE, CERT_E_INVALID_POLICY, CERT_E_INVALID_NAME, TRUST_E_BASIC_CONSTRAINTS, CRYPT_E_REVOKED,
            // SEC_E_CERT_WRONG_USAGE
            0x800b_0103 | 0x800b_0104 | 0x800b_0105 | 0x800b_0106 | 0x800b_0108 | 0x800b_010c | 0x800b_0110
            | 0x800b_0113 | 0x800b_0114 | 0x8009_6019 | 0x8009_2010 | 0x8009_0349 => Error::TlsIssuer,
            // native-tls's own check of "only these roots".
            _ if text.contains("user-specified roots") => Error::TlsIssuer,
            _ => Error::Tls,
        };
        (error, status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn apple_is_read() {
        let read = |code: i32| apple::read(&format!("Error {{ code: {code}, message: \"code: 1 is not it\" }}"));
        assert_eq!(read(-9814), (Error::TlsExpired, -9814));
        assert_eq!(read(-67602), (Error::TlsHost, -67602));
        assert_eq!(read(-67843), (Error::TlsIssuer, -67843));
        assert_eq!(read(-9824), (Error::Tls, -9824));
        assert_eq!(apple::read("Error"), (Error::Tls, 0));
    }

    #[test]
    fn windows_is_read() {
        let read = |code: u32| windows::read(&format!("A certificate (chain). (os error {})", code as i32));
        assert_eq!(read(0x800b_0101), (Error::TlsExpired, 0x800b_0101_u32 as i32));
        assert_eq!(read(0x800b_010f).0, Error::TlsHost);
        for refused in [0x800b_0109, 0x800b_0110, 0x800b_0114, 0x8009_0349] {
            assert_eq!(read(refused).0, Error::TlsIssuer);
        }
        assert_eq!(read(0x8009_0326).0, Error::Tls);
        assert_eq!(
            windows::read("unable to find any user-specified roots in the final cert chain").0,
            Error::TlsIssuer
        );
    }
}
