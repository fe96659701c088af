//! What is asked of the server's certificate, and how a refusal is named.

use crate::error::Error;
use crate::transport::tls::failure::Failure;
use crate::transport::tls::pins::{self, Pin};
use ::openssl::error::ErrorStack;
use ::openssl::ssl::{self, SslRef, SslVerifyMode};
use ::openssl::x509::verify::{X509CheckFlags, X509VerifyFlags};
use ::openssl::x509::{X509StoreContextRef, X509VerifyResult};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::OnceLock;

/// The pin of a server whose key is none of those pinned; none if it could not be read.
pub(super) type OtherKey = Arc<OnceLock<Option<Pin>>>;

/// Sets the rules for one connection.
pub(super) fn set_rules(
    ssl: &mut SslRef,
    name: &str,
    address: Option<IpAddr>,
    insecure: bool,
    pinned: &[Pin],
) -> Result<OtherKey, ErrorStack> {
    if !insecure {
        let rules = ssl.param_mut();
        // Who is trusted is trusted as given: an authority between a root and a server too, or a server's own certificate.
        rules.set_flags(X509VerifyFlags::PARTIAL_CHAIN)?;
        // A subject is no name of a server (RFC 9525 section 2), though OpenSSL would look at it where there is no other.
        rules.set_hostflags(X509CheckFlags::NO_PARTIAL_WILDCARDS | X509CheckFlags::NEVER_CHECK_SUBJECT);
        match address {
            Some(address) => rules.set_ip(address)?,
            None => rules.set_host(name)?,
        }
    }
    let other = OtherKey::default();
    if !pinned.is_empty() {
        // Before this side shows a certificate of its own, which comes after this check.
        let (pinned, other) = (pinned.to_vec(), Arc::clone(&other));
        ssl.set_verify_callback(SslVerifyMode::PEER, move |is_right, chain| {
            (is_right || insecure) && (chain.error_depth() != 0 || is_pinned(chain, &pinned, &other))
        });
    }
    Ok(other)
}

fn is_pinned(chain: &mut X509StoreContextRef, pinned: &[Pin], other: &OtherKey) -> bool {
    let der = chain.current_cert().and_then(|certificate| certificate.to_der().ok());
    let found = der.and_then(|der| pins::of_certificate(&der));
    if found.is_some_and(|found| pinned.contains(&found)) {
        return true;
    }
    let _ = other.set(found);
    chain.set_error(X509VerifyResult::APPLICATION_VERIFICATION);
    false
}

/// `SSL_R_CERTIFICATE_VERIFY_FAILED`: the rules above. Behind it is a result of X509_verify_cert.
const VERIFY_FAILED: i32 = 134;
/// What TLS itself finds wrong with a certificate: a key of another type than the cipher's or of a weak kind, or one that may
/// not sign. `SSL_R_` UNABLE_TO_FIND_PUBLIC_KEY_PARAMETERS, UNKNOWN_CERTIFICATE_TYPE, BAD_ECC_CERT, ECC_CERT_NOT_FOR_SIGNING,
/// WRONG_CERTIFICATE_TYPE, CA_KEY_TOO_SMALL, CA_MD_TOO_WEAK, EE_KEY_TOO_SMALL.
const UNUSABLE: [i32; 8] = [239, 247, 304, 318, 383, 397, 398, 399];

/// Names why a handshake failed.
pub(super) fn failure(error: &ssl::Error, ssl: &SslRef, other: &OtherKey) -> Failure {
    if let Some(found) = other.get() {
        return match found {
            Some(pin) => Failure::pin(pin),
            None => Failure::unreadable_key(),
        };
    }
    let reasons = error.ssl_error().map_or(&[][..], ErrorStack::errors).iter().map(|error| error.reason_code());
    for reason in reasons {
        if reason == VERIFY_FAILED && ssl.verify_result() != X509VerifyResult::OK {
            let result = ssl.verify_result();
            return Failure::certificate(kind(result.as_raw()), result.error_string());
        }
        if UNUSABLE.contains(&reason) {
            return Failure::certificate(Error::TlsIssuer, &error.to_string());
        }
    }
    Failure::of_handshake(error)
}

/// The numbers are those of `openssl/x509_vfy.h`, `X509_V_ERR_`.
pub(in super::super) fn kind(result: i32) -> Error {
    match result {
        // CERT_NOT_YET_VALID, CERT_HAS_EXPIRED
        9 | 10 => Error::TlsExpired,
        // HOSTNAME_MISMATCH, IP_ADDRESS_MISMATCH
        62 | 64 => Error::TlsHost,
        // UNSPECIFIED, OUT_OF_MEM, INVALID_CALL, STORE_LOOKUP: not the certificate's fault
        1 | 17 | 69 | 70 => Error::Tls,
        // Each of the others: who issued it is not trusted, or not for this, or what was signed is not trustworthy.
        _ => Error::TlsIssuer,
    }
}
