//! The preparation of TLS for connections: certificates are read, and rules are set.

use super::settings::Settings;
use super::tls_info::SharedInfos;
use super::{backend, pem};
use std::sync::Arc;

/// The certificates and rules for any number of connections, made from [`Settings`].
#[derive(Clone)]
pub struct Connector {
    pub(super) backend: backend::Connector,
    pub(super) infos: Arc<SharedInfos>,
}

impl Connector {
    /// This connector without the sessions that it has kept. Connections that have begun keep no session for it.
    pub fn without_sessions(&self) -> Connector {
        Connector { backend: self.backend.without_sessions(), infos: Arc::clone(&self.infos) }
    }

    /// Makes a connector. Takes tens of milliseconds, because it reads the certificates of the system, and may block. The error says
    /// which option cannot be used, and why.
    pub fn build(settings: &Settings) -> Result<Connector, String> {
        Sources::read(settings)?.connector(settings, &|| true)
    }
}

/// The certificates for a connector. They are read in a separate step, because reading a file may block; making the connector does
/// not block.
pub struct Sources {
    /// The certificates of the settings, in DER.
    roots: Vec<Vec<u8>>,
    backend: backend::Sources,
}

impl Sources {
    /// Reads the certificates. The errors are those of [`Connector::build`].
    pub fn read(settings: &Settings) -> Result<Sources, String> {
        if settings.only_these_roots && settings.roots.is_empty() {
            return Err("only the certificates in `tls_roots` are trusted, but it is empty".into());
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

    /// Makes the connector from the same settings. Stops when `may_continue` returns false. It is called every few dozen microseconds.
    pub fn connector(&self, settings: &Settings, may_continue: &dyn Fn() -> bool) -> Result<Connector, String> {
        let backend = backend::Connector::build(settings, &self.roots, &self.backend, may_continue)?;
        Ok(Connector { backend, infos: Arc::default() })
    }
}
