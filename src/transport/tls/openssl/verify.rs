//! The rules for the server's certificate, and the errors if it violates them.
#![allow(unsafe_code)] // a function of OpenSSL that the crate does not have

use super::system_trust::SystemTrust;
use crate::error::Error;
use crate::transport::tls::pins::{self, Pin};
use crate::transport::tls::tls_error::TlsError;
use crate::transport::tls::tls_info::{Chain, bounded_chain};
use ::openssl::error::ErrorStack;
use ::openssl::ssl::{self, SslRef, SslVerifyMode};
use ::openssl::stack::StackRef;
use ::openssl::x509::verify::{X509CheckFlags, X509VerifyFlags};
use ::openssl::x509::{X509, X509StoreContextRef, X509VerifyResult};
use foreign_types::ForeignTypeRef;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::OnceLock;

/// The reason why a connection refuses the certificates of the server.
#[derive(Clone, Default)]
pub(super) struct Refusal(Arc<Refused>);

#[derive(Default)]
struct Refused {
    /// The error, if a rule that is not OpenSSL's is violated.
    failure: OnceLock<TlsError>,
    /// The certificates, if one of the rules is violated.
    chain: OnceLock<Chain>,
}

impl Refusal {
    /// Returns the certificates, if they were refused.
    pub(super) fn chain(&self) -> Option<&Chain> {
        self.0.chain.get()
    }

    /// Records that a rule that is not OpenSSL's is violated.
    #[cfg_attr(not(any(test, target_vendor = "apple")), allow(dead_code))]
    pub(super) fn set(&self, failure: TlsError, chain: Chain) {
        let _ = self.0.failure.set(failure);
        let _ = self.0.chain.set(chain);
    }
}

unsafe extern "C" {
    fn X509_STORE_CTX_get0_untrusted(context: *const openssl_sys::X509_STORE_CTX) -> *mut openssl_sys::stack_st_X509;
}

/// Sets the rules for one connection. If there is `trust`, it checks the certificates instead of OpenSSL.
pub(super) fn set_rules(
    ssl: &mut SslRef,
    name: &str,
    address: Option<IpAddr>,
    insecure: bool,
    trust: Option<&SystemTrust>,
    pinned: &[Pin],
) -> Result<Refusal, ErrorStack> {
    if let Some(trust) = trust {
        let refusal = Refusal::default();
        trust.set_rules(ssl, name, pinned, &refusal)?;
        return Ok(refusal);
    }
    if !insecure {
        let rules = ssl.param_mut();
        // Every certificate of the store is trusted, even if it is an intermediate authority or the server's own certificate.
        rules.set_flags(X509VerifyFlags::PARTIAL_CHAIN)?;
        // The subject is not the name of a server (RFC 9525 section 2). OpenSSL would use it if the certificate has no other
        // name.
        rules.set_hostflags(X509CheckFlags::NO_PARTIAL_WILDCARDS | X509CheckFlags::NEVER_CHECK_SUBJECT);
        match address {
            Some(address) => rules.set_ip(address)?,
            None => rules.set_host(name)?,
        }
    }
    let refusal = Refusal::default();
    if !insecure || !pinned.is_empty() {
        // OpenSSL calls this before it sends the certificate of this side.
        let (pinned, refusal) = (pinned.to_vec(), refusal.clone());
        ssl.set_verify_callback(SslVerifyMode::PEER, move |is_verified, chain| {
            let is_accepted = (is_verified || insecure)
                && (pinned.is_empty() || chain.error_depth() != 0 || is_pinned(chain, &pinned, &refusal));
            if !is_accepted {
                refusal.0.chain.get_or_init(|| received_chain(chain));
            }
            is_accepted
        });
    }
    Ok(refusal)
}

/// Returns the certificates that the server has sent.
pub(super) fn received_chain(chain: &X509StoreContextRef) -> Chain {
    // SAFETY: the pointer belongs to a live context, and the function only reads it.
    let received = unsafe { X509_STORE_CTX_get0_untrusted(chain.as_ptr()) };
    if received.is_null() {
        return Chain::default();
    }
    // SAFETY: the stack is not NULL, contains certificates, and lives as long as the context, which is borrowed until the end of
    // this function.
    let received = unsafe { StackRef::<X509>::from_ptr(received) };
    bounded_chain(received.iter().filter_map(|certificate| certificate.to_der().ok()))
}

fn is_pinned(chain: &mut X509StoreContextRef, pinned: &[Pin], refusal: &Refusal) -> bool {
    let der = chain.current_cert().and_then(|certificate| certificate.to_der().ok());
    let Err(failure) = pins::check(pinned, der.as_deref()) else { return true };
    let _ = refusal.0.failure.set(failure);
    chain.set_error(X509VerifyResult::APPLICATION_VERIFICATION);
    false
}

/// `SSL_R_CERTIFICATE_VERIFY_FAILED`: one of the rules above is violated. The result of X509_verify_cert shows which one.
const VERIFY_FAILED: i32 = 134;
/// Errors that TLS itself reports for a certificate: its key does not have the type of the cipher's, is weak, or may not sign.
/// `SSL_R_` UNABLE_TO_FIND_PUBLIC_KEY_PARAMETERS, UNKNOWN_CERTIFICATE_TYPE, BAD_ECC_CERT, ECC_CERT_NOT_FOR_SIGNING,
/// WRONG_CERTIFICATE_TYPE, CA_KEY_TOO_SMALL, CA_MD_TOO_WEAK, EE_KEY_TOO_SMALL.
const UNUSABLE: [i32; 8] = [239, 247, 304, 318, 383, 397, 398, 399];

/// Makes the error of a handshake that OpenSSL reports as failed.
pub(super) fn failure(error: &ssl::Error, ssl: &SslRef, refusal: &Refusal) -> TlsError {
    if let Some(failure) = refusal.0.failure.get() {
        return failure.clone();
    }
    let reasons = error.ssl_error().map_or(&[][..], ErrorStack::errors).iter().map(|error| error.reason_code());
    for reason in reasons {
        if reason == VERIFY_FAILED && ssl.verify_result() != X509VerifyResult::OK {
            let result = ssl.verify_result();
            return TlsError::certificate(error_code(result.as_raw()), result.error_string());
        }
        if UNUSABLE.contains(&reason) {
            return TlsError::certificate(Error::TlsIssuer, &error.to_string());
        }
    }
    TlsError::of_handshake(error)
}

/// Returns the error code for a result of the verification: `X509_V_ERR_` in `openssl/x509_vfy.h`.
pub(in super::super) fn error_code(result: i32) -> Error {
    match result {
        // CERT_NOT_YET_VALID, CERT_HAS_EXPIRED
        9 | 10 => Error::TlsExpired,
        // HOSTNAME_MISMATCH, IP_ADDRESS_MISMATCH
        62 | 64 => Error::TlsHost,
        // UNSPECIFIED, OUT_OF_MEM, INVALID_CALL, STORE_LOOKUP: the certificate is not the cause
        1 | 17 | 69 | 70 => Error::Tls,
        // All others: the issuer is not trusted or may not issue this certificate, or a key or signature is too weak.
        _ => Error::TlsIssuer,
    }
}
