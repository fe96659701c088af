//! Prepares TLS for connections: reads certificates, and sets rules.

use super::provider::{self, HostTls};
use super::settings::Settings;
use super::tls_error::TlsError;
use super::tls_info::SharedInfos;
use super::{backend, backends, pem};
use crate::error::Error;
use std::sync::Arc;

/// The certificates and rules for any number of connections, made from [`Settings`].
#[derive(Clone)]
pub struct Connector {
    pub(super) backend: backends::Connector,
    pub(super) infos: Arc<SharedInfos>,
}

impl Connector {
    /// Returns this connector without the sessions that it has kept. Connections that have already begun keep no session for it.
    /// `None`: a new connector must be made.
    pub fn without_sessions(&self) -> Option<Connector> {
        Some(Connector { backend: self.backend.without_sessions()?, infos: Arc::clone(&self.infos) })
    }

    /// Makes a connector. This takes tens of milliseconds, because it reads the certificates of the system, and it may block. The
    /// error names the option that cannot be used, and the reason.
    pub fn build(settings: &Settings) -> Result<Connector, TlsError> {
        Sources::read(settings, None)?.connector(settings, &|| true)
    }
}

/// The parts of a connector. They are read in a separate step, because reading a file may block, while making the connector does
/// not block.
pub enum Sources {
    /// The parts for the TLS of this build.
    Library {
        /// The certificates of the settings, in DER.
        roots: Vec<Vec<u8>>,
        /// The certificates of the system.
        system: backend::Sources,
    },
    /// A context of the host. It needs nothing more.
    Host(provider::backend::Connector),
}

impl Sources {
    /// Reads the certificates, or lets the host make a context. The errors are as for [`Connector::build`].
    pub fn read(settings: &Settings, host: Option<&dyn HostTls>) -> Result<Sources, TlsError> {
        let unusable = |why| Err(TlsError::new(Error::TlsOptions, why));
        if settings.only_these_roots && settings.roots.is_empty() {
            return unusable("only the certificates in `tls_roots` are trusted, but it is empty".into());
        }
        if settings.identity.as_ref().is_some_and(|(_, password)| password.contains('\0')) {
            return unusable("`tls_identity_password` contains a NUL".into());
        }
        if let Some(host) = host {
            return provider::backend::Connector::build(host, settings).map(Sources::Host);
        }
        if settings.needs_tls_1_3() && cfg!(all(target_vendor = "apple", tls_native)) {
            return unusable("`tls_min_version` is TLS 1.3, which Secure Transport, Apple's TLS, does not have".into());
        }
        let roots = match settings.roots.as_slice() {
            [] => Ok(Vec::new()),
            roots => pem::certificates(roots).map_err(|why| format!("`tls_roots` cannot be used: {why}")),
        };
        match roots {
            Ok(roots) => Ok(Sources::Library { roots, system: backend::Sources::read(settings) }),
            Err(why) => unusable(why),
        }
    }

    /// Makes the connector from equal settings. It stops when `may_continue` returns false. `may_continue` is called every few
    /// dozen microseconds.
    pub fn connector(self, settings: &Settings, may_continue: &dyn Fn() -> bool) -> Result<Connector, TlsError> {
        let backend = match self {
            Sources::Library { roots, system } => {
                let built = backend::Connector::build(settings, &roots, &system, may_continue);
                backends::Connector::Library(built.map_err(|why| TlsError::new(Error::TlsOptions, why))?)
            }
            Sources::Host(host) => backends::Connector::Host(host),
        };
        Ok(Connector { backend, infos: Arc::default() })
    }
}
