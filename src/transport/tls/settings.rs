//! The options for TLS, and the errors of options that cannot be used.

use crate::secret::Secret;
use std::fmt;

/// The options of a host for TLS.
#[derive(Clone, PartialEq, Eq)]
pub struct Settings {
    /// Certificate authorities that are trusted in addition to those of the system, in PEM. May be empty.
    pub roots: Vec<u8>,
    /// Only `roots` are trusted.
    pub only_these_roots: bool,
    /// The certificate and key of this side, in PKCS#12, with its password.
    pub identity: Option<(Secret<Vec<u8>>, Secret<String>)>,
    /// The oldest version, 0x0303 (TLS 1.2) or 0x0304 (TLS 1.3).
    pub min_version: u32,
    /// Any certificate is accepted.
    pub insecure: bool,
    /// HTTP/1.1 is offered by ALPN.
    pub alpn: bool,
}

impl Settings {
    /// Returns the settings for TLS to a proxy. Its certificate is always checked, and it does not get the certificate of this
    /// side.
    pub fn for_proxy(&self) -> Settings {
        let Settings { ref roots, only_these_roots, min_version, .. } = *self;
        Settings { roots: roots.clone(), only_these_roots, identity: None, min_version, insecure: false, alpn: true }
    }

    pub(super) fn needs_tls_1_3(&self) -> bool {
        self.min_version >= 0x0304
    }
}

#[cfg(test)]
impl Settings {
    /// Returns the defaults.
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

/// Does not show the key and the password.
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

#[cfg(feature = "tls")]
pub(super) fn bad_root(at: usize, error: impl fmt::Display) -> String {
    format!("`tls_roots` cannot be used: certificate {} is invalid: {error}", at + 1)
}

/// The reason why `tls_identity` cannot be used.
#[cfg(feature = "tls")]
#[derive(Clone, Copy)]
pub(super) enum IdentityProblem {
    WrongPassword,
    /// The TLS library no longer supports the encryption of the identity.
    Unsupported,
    Other,
}

#[cfg(feature = "tls")]
pub(super) fn bad_identity(problem: IdentityProblem, text: impl fmt::Display) -> String {
    match problem {
        IdentityProblem::WrongPassword => {
            format!("`tls_identity_password` is not the password of `tls_identity`: {text}")
        }
        IdentityProblem::Unsupported => {
            let advice = "its encryption may be obsolete; export it again, with AES";
            format!("`tls_identity` cannot be used: {text}; {advice}")
        }
        IdentityProblem::Other => {
            format!("`tls_identity` cannot be used: {text}; a certificate with its key in PKCS#12 is expected")
        }
    }
}

#[cfg(feature = "tls")]
pub(super) fn unusable(error: impl fmt::Display) -> String {
    format!("TLS cannot be set up: {error}")
}
