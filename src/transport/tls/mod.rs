//! TLS over another stream, with the certificates that the platform trusts. OpenSSL does it, or the platform's TLS on Apple's
//! systems and Windows.
//!
//! [`Settings`] become a [`Connector`], which begins a [`Handshake`] over a stream that is connected; that becomes a
//! [`Tls`] stream. None of them blocks but [`Connector::build`], which reads the trusted roots.
//!
//! ```text
//!   Tls ─► openssl (Linux, Android, BSD) or native (Apple, Windows) ─► Adapter ─► the stream below
//! ```

mod adapter;
mod failure;
mod handshake;
// Used by `native` only; its tests run everywhere.
mod intake;
#[cfg(any(windows, target_vendor = "apple"))]
mod native;
#[cfg(not(any(windows, target_vendor = "apple")))]
mod openssl;
mod pem;
mod pins;
#[cfg(any(test, windows, target_vendor = "apple"))]
#[cfg_attr(not(any(windows, target_vendor = "apple")), allow(dead_code))]
mod server_hello;
mod stream;
// The other side of the tests is OpenSSL's.
#[cfg(all(test, not(any(windows, target_vendor = "apple"))))]
pub(crate) mod tests;

#[cfg(any(windows, target_vendor = "apple"))]
use native as backend;
#[cfg(not(any(windows, target_vendor = "apple")))]
use openssl as backend;

pub use failure::TlsError;
pub use handshake::is_server_name;
pub use handshake::{Advance, Handshake};
pub use pins::read_pins;
pub use stream::Tls;

use crate::secret::Secret;
use std::fmt;

/// What a host may say about TLS.
#[derive(Clone, PartialEq, Eq)]
pub struct Settings {
    /// Certificate authorities to trust besides the system's, in PEM; may be empty.
    pub roots: Vec<u8>,
    /// Trust `roots` and nothing else.
    pub only_these_roots: bool,
    /// This side's certificate and key, in PKCS#12, with its password.
    pub identity: Option<(Secret<Vec<u8>>, Secret<String>)>,
    /// The oldest version, 0x0303 (TLS 1.2) or 0x0304 (TLS 1.3).
    pub min_version: u32,
    /// Accept any certificate.
    pub insecure: bool,
    /// Offer HTTP/1.1 by ALPN.
    pub alpn: bool,
}

impl Settings {
    fn needs_tls_1_3(&self) -> bool {
        self.min_version >= 0x0304
    }
}

#[cfg(test)]
impl Settings {
    /// All defaults.
    pub(crate) fn plain() -> Settings {
        Settings {
            roots: Vec::new(),
            only_these_roots: false,
            identity: None,
            min_version: 0x0303,
            insecure: false,
            alpn: true,
        }
    }
}

/// Without the key and the password.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("roots", &format_args!("{} bytes", self.roots.len()))
            .field("only_these_roots", &self.only_these_roots)
            .field("identity", &self.identity.is_some())
            .field("min_version", &format_args!("{:#06x}", self.min_version))
            .field("insecure", &self.insecure)
            .field("alpn", &self.alpn)
            .finish()
    }
}

/// Settings made ready for any number of connections.
#[derive(Clone)]
pub struct Connector(backend::Connector);

impl Connector {
    /// Makes a connector of settings. Takes tens of milliseconds, because it reads the system's roots, and may block. The error says
    /// which option is unusable, and why.
    pub fn build(settings: &Settings) -> Result<Connector, String> {
        Sources::read(settings)?.connector(settings, &|| true)
    }
}

/// The certificates of a connector. Reading them is a step of its own, because a file may block; making the connector does not.
pub struct Sources {
    /// Those of the settings, in DER.
    roots: Vec<Vec<u8>>,
    backend: backend::Sources,
}

impl Sources {
    /// Reads the certificates. The error is that of [`Connector::build`].
    pub fn read(settings: &Settings) -> Result<Sources, String> {
        if settings.only_these_roots && settings.roots.is_empty() {
            return Err("only the certificates of `tls_roots` are to be trusted, and it is empty".into());
        }
        if settings.needs_tls_1_3() && cfg!(target_vendor = "apple") {
            return Err("`tls_min_version` is TLS 1.3, which Secure Transport, Apple's TLS, does not have".into());
        }
        if settings.identity.as_ref().is_some_and(|(_, password)| password.contains('\0')) {
            return Err("`tls_identity_password` has a NUL in it".into());
        }
        let roots = match settings.roots.as_slice() {
            [] => Vec::new(),
            roots => pem::certificates(roots).map_err(|why| format!("`tls_roots` cannot be used: {why}"))?,
        };
        Ok(Sources { roots, backend: backend::Sources::read(settings) })
    }

    /// Makes the connector of the same settings. It stops when `goes_on` returns false, and calls it every few dozen microseconds.
    pub fn connector(&self, settings: &Settings, goes_on: &dyn Fn() -> bool) -> Result<Connector, String> {
        backend::Connector::build(settings, &self.roots, &self.backend, goes_on).map(Connector)
    }
}

/// Prepares for the end of the process, so that no thread of ours runs TLS code then. The host's thread that asks for a connection
/// with TLS calls this.
pub fn watch_exit() {
    backend::watch_exit();
}

/// Frees the TLS data of this thread. A thread that has used TLS calls this last, before it ends.
pub fn leave_thread() {
    backend::leave_thread();
}

fn bad_root(at: usize, error: impl fmt::Display) -> String {
    format!("`tls_roots` cannot be used: certificate {} is none: {error}", at + 1)
}

fn bad_identity(error: impl fmt::Display) -> String {
    let text = error.to_string();
    let has = |signs: &[&str]| signs.iter().any(|sign| text.contains(sign));
    // As OpenSSL, Apple's errSecAuthFailed and errSecPkcs12VerifyFailure, and Windows's ERROR_INVALID_PASSWORD say it.
    if has(&["mac verify failure", "passphrase", "MAC verification", "(os error 86)"]) {
        return format!("`tls_identity_password` is not that of `tls_identity`: {text}");
    }
    if has(&["unsupported"]) {
        let advice = "it may be encrypted in a way that is out of use; export it anew, with AES";
        return format!("`tls_identity` cannot be used: {text}; {advice}");
    }
    format!("`tls_identity` cannot be used: {text}; a certificate with its key in PKCS#12 is expected")
}

fn unusable(error: impl fmt::Display) -> String {
    format!("TLS cannot be set up: {error}")
}
