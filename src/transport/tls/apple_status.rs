//! The status codes of Apple's Security framework as errors of this library. The tests run on every system.

use crate::error::Error;

/// Returns the error for a status of Secure Transport or of a check of certificates.
pub(super) fn error_of(status: i32) -> Error {
    match status {
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
    }
}

/// Like [`error_of`], for a status that is known to come from a check of certificates. Such a check has many status codes for
/// certificates that it does not accept.
#[cfg_attr(not(all(target_vendor = "apple", tls_openssl)), allow(dead_code))]
pub(super) fn error_of_check(status: i32) -> Error {
    match error_of(status) {
        // errSecParam, errSecAllocate, errSecIO, errSecUnimplemented, errSecNotAvailable, errSecInternalComponent,
        // errSecInternalError: the certificate is not the cause
        Error::Tls if ![0, -50, -108, -36, -4, -25291, -2070, -67671].contains(&status) => Error::TlsIssuer,
        error => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_of_a_check_blames_the_certificate_unless_it_is_technical() {
        for (status, error) in [
            (-67818, Error::TlsExpired),
            (-67819, Error::TlsExpired),
            (-67602, Error::TlsHost),
            (-67843, Error::TlsIssuer),
            (-67820, Error::TlsIssuer),
            (-67901, Error::TlsIssuer), // errSecCertificateValidityPeriodTooLong
            (-108, Error::Tls),
            (0, Error::Tls),
        ] {
            assert_eq!(error_of_check(status), error, "{status}");
        }
    }
}
