//! The error code of a failed handshake. It is found in the text of the error, because native-tls has no public error number.
//! Only `native::backend` uses this, because OpenSSL reports numbers. The tests run on every system.

#[cfg(tls_native)]
use super::super::tls_error::TlsError;

/// Makes the error of a handshake that native-tls reports as failed.
#[cfg(tls_native)]
pub(super) fn handshake_error(error: &native_tls::Error) -> TlsError {
    let text = error.to_string();
    #[cfg(target_vendor = "apple")]
    let (code, os_error) = apple::classify(&format!("{error:?}"));
    #[cfg(windows)]
    let (code, os_error) = windows::classify(&text);
    TlsError { error: code, os_error, message: text }
}

/// Returns the number after `before` in `text`.
fn number_after(text: &str, before: &str) -> Option<i32> {
    let (_, rest) = text.split_once(before)?;
    let digits = rest.find(|char: char| !char.is_ascii_digit() && char != '-').unwrap_or(rest.len());
    rest[..digits].parse().ok()
}

/// Secure Transport and the trust evaluation report an `OSStatus`. `Debug` of the error shows it: `Error { code: -9807, … }`.
#[cfg(any(test, target_vendor = "apple"))]
mod apple {
    use crate::error::Error;
    use crate::transport::tls::apple_status::error_of;

    pub(super) fn classify(debug: &str) -> (Error, i32) {
        let status = super::number_after(debug, "code: ").unwrap_or(0);
        (error_of(status), status)
    }
}

/// Schannel and the chain policy report an `HRESULT`. The text of the error ends with it: `… (os error -2146762487)`.
#[cfg(any(test, windows))]
mod windows {
    use crate::error::Error;

    pub(super) fn classify(text: &str) -> (Error, i32) {
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
            // CERT_E_REVOCATION_FAILURE, CRYPT_E_NO_REVOCATION_CHECK, CRYPT_E_REVOCATION_OFFLINE: it is not known whether the
            // certificate was revoked. native-tls lets Windows ignore that, but Wine does not ignore it.
            0x800b_010e | 0x8009_2012 | 0x8009_2013 => Error::TlsIssuer,
            // This comes from a check of native-tls itself, which applies if only the given roots are trusted.
            _ if text.contains("user-specified roots") => Error::TlsIssuer,
            _ => Error::Tls,
        };
        (error, status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn errors_of_apple_are_classified() {
        let read = |code: i32| apple::classify(&format!("Error {{ code: {code}, message: \"code: 1 is not it\" }}"));
        assert_eq!(read(-9814), (Error::TlsExpired, -9814));
        assert_eq!(read(-67602), (Error::TlsHost, -67602));
        assert_eq!(read(-67843), (Error::TlsIssuer, -67843));
        assert_eq!(read(-9824), (Error::Tls, -9824));
        assert_eq!(apple::classify("Error"), (Error::Tls, 0));
    }

    #[test]
    fn errors_of_windows_are_classified() {
        let read = |code: u32| windows::classify(&format!("A certificate (chain). (os error {})", code as i32));
        assert_eq!(read(0x800b_0101), (Error::TlsExpired, 0x800b_0101_u32 as i32));
        assert_eq!(read(0x800b_010f).0, Error::TlsHost);
        for refused in [0x800b_0109, 0x800b_010e, 0x800b_0110, 0x800b_0114, 0x8009_0349] {
            assert_eq!(read(refused).0, Error::TlsIssuer);
        }
        assert_eq!(read(0x8009_0326).0, Error::Tls);
        assert_eq!(
            windows::classify("unable to find any user-specified roots in the final cert chain").0,
            Error::TlsIssuer
        );
    }
}
