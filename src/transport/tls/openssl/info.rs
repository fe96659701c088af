//! Reads from OpenSSL how TLS was set up. This is also possible during a handshake, and after a failed one.
#![allow(unsafe_code)] // a function of OpenSSL that the crate does not have

use super::resumption::Resumption;
use crate::transport::tls::tls_info::{Chain, TlsInfo, bounded_chain};
use ::openssl::ssl::{SslCipherRef, SslRef, SslVersion};
use foreign_types::ForeignTypeRef;
use std::sync::Arc;

unsafe extern "C" {
    fn SSL_get_pending_cipher(ssl: *const openssl_sys::SSL) -> *const openssl_sys::SSL_CIPHER;
}

/// Returns the known facts about the handshake. `refused`: the certificates, if they were refused.
pub(super) fn read(ssl: &SslRef, resumption: &Resumption, refused: Option<&Chain>) -> TlsInfo {
    let is_resumed = ssl.session_reused();
    let received = ssl.peer_cert_chain();
    // Until the server has answered, the version is the newest one of this side, and the current cipher comes from the offered
    // session. TLS 1.2 uses the cipher of the answer only after the handshake.
    let cipher = match pending_cipher(ssl) {
        None if !is_resumed && received.is_none() && resumption.has_offered() => None,
        pending => pending.or(ssl.current_cipher()),
    };
    let Some(cipher) = cipher else { return TlsInfo::default() };
    TlsInfo {
        version: match ssl.version2() {
            Some(SslVersion::TLS1_3) => 0x0304,
            Some(SslVersion::TLS1_2) => 0x0303,
            _ => 0,
        },
        is_resumed,
        cipher: cipher.standard_name().unwrap_or_default().to_owned(),
        alpn: String::from_utf8_lossy(ssl.selected_alpn_protocol().unwrap_or_default()).into_owned(),
        chain: match (received, refused) {
            _ if is_resumed => resumption.chain(),
            (_, Some(refused)) => Arc::clone(refused),
            (Some(received), None) => bounded_chain(received.iter().filter_map(|received| received.to_der().ok())),
            (None, None) => Chain::default(),
        },
    }
}

/// Returns the cipher of the server's answer.
fn pending_cipher(ssl: &SslRef) -> Option<&SslCipherRef> {
    // SAFETY: the pointer belongs to a live connection, and the function only reads it.
    let cipher = unsafe { SSL_get_pending_cipher(ssl.as_ptr()) };
    // SAFETY: a cipher that is not NULL is a constant of the library.
    (!cipher.is_null()).then(|| unsafe { SslCipherRef::from_ptr(cipher.cast_mut()) })
}
