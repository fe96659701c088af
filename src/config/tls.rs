//! The options of TLS.

use super::ConnectConfig;
use super::options::SocketOptions;
use super::value::{Number, Numbers, copy, copy_bytes, number, text};
use crate::constants::*;
use crate::error::{DetailedError, Error};
use crate::input_limits;
use crate::transport::tls::{Capabilities, NO_TLS, Settings, is_server_name, read_pins};

/// The TLS of the connections of a loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoopTls {
    /// The TLS that the library was built with.
    Library,
    /// No TLS: the library was built without it.
    None,
    /// The TLS provider of the host, which supports these options.
    Host(Capabilities),
}

impl LoopTls {
    /// The TLS that the library was built with, if any.
    pub fn of_library() -> LoopTls {
        if cfg!(feature = "tls") { LoopTls::Library } else { LoopTls::None }
    }

    /// Returns an error if TLS is needed and there is none.
    pub fn check(self, is_needed: bool) -> Result<(), DetailedError> {
        match self {
            LoopTls::None if is_needed => Err(DetailedError::new(Error::Unsupported, NO_TLS)),
            LoopTls::None | LoopTls::Library | LoopTls::Host(_) => Ok(()),
        }
    }

    /// Returns whether this TLS can resume sessions.
    pub(super) fn resumes(self) -> bool {
        match self {
            LoopTls::Host(capabilities) => capabilities.has(EGRET_WS_TLS_CAN_RESUME),
            LoopTls::Library | LoopTls::None => true,
        }
    }

    /// Refuses options that the TLS provider of the host does not support.
    pub(super) fn check_options(self, config: &ConnectConfig) -> Result<(), DetailedError> {
        let LoopTls::Host(capabilities) = self else { return Ok(()) };
        let tls = &*config.tls;
        let refused = [
            (!tls.roots.is_empty(), EGRET_WS_TLS_CAN_ROOTS, "tls_roots"),
            (tls.identity.is_some(), EGRET_WS_TLS_CAN_IDENTITY, "tls_identity"),
            (tls.insecure, EGRET_WS_TLS_CAN_ANY_CERTIFICATE, "EGRET_WS_ACCEPT_ANY_CERTIFICATE"),
            (tls.min_version > EGRET_WS_TLS_1_2, EGRET_WS_TLS_CAN_MIN_VERSION, "a tls_min_version of TLS 1.3"),
            (!config.pins.is_empty(), EGRET_WS_TLS_CAN_CHAIN, "tls_pins"),
        ];
        match refused.iter().find(|(is_set, capability, _)| *is_set && !capabilities.has(*capability)) {
            Some((.., name)) => {
                let detail = format!("the TLS provider of the loop does not support {name}: leave it out");
                Err(DetailedError::new(Error::Unsupported, detail))
            }
            None => Ok(()),
        }
    }
}

pub(super) fn settings(options: &SocketOptions<'_>) -> Result<Settings, DetailedError> {
    let mut numbers = Numbers::default();
    let min_version = numbers.or(number!(options.tls_min_version), EGRET_WS_TLS_1_2);
    numbers.check()?;
    if ![EGRET_WS_TLS_1_2, EGRET_WS_TLS_1_3].contains(&min_version) {
        return Err(DetailedError::invalid("tls_min_version is neither EGRET_WS_TLS_1_2 nor EGRET_WS_TLS_1_3"));
    }
    let SocketOptions { tls_roots: roots, tls_identity: identity, .. } = *options;
    let only_these_roots = options.has(EGRET_WS_ONLY_THESE_ROOTS);
    if only_these_roots && roots.is_empty() {
        let detail = "EGRET_WS_ONLY_THESE_ROOTS is set without tls_roots: no certificate would be trusted";
        return Err(DetailedError::invalid(detail));
    }
    let password = text(&"tls_identity_password", options.tls_identity_password, input_limits::TEXT)?.unwrap_or("");
    Ok(Settings {
        roots: copy_bytes(roots)?,
        only_these_roots,
        identity: match identity {
            [] => None,
            identity => Some((copy_bytes(identity)?.into(), copy(password)?.into())),
        },
        min_version,
        insecure: options.has(EGRET_WS_ACCEPT_ANY_CERTIFICATE),
        alpn: !options.has(EGRET_WS_DISABLE_ALPN),
    })
}

pub(super) fn pins(options: &SocketOptions<'_>) -> Result<Vec<[u8; 32]>, DetailedError> {
    match text(&"tls_pins", options.tls_pins, input_limits::TEXT)? {
        Some(list) if list.trim_ascii().is_empty() => {
            let detail = "tls_pins is empty: pass NULL for no pins, or a list of pins such as `sha256/<base64>`";
            Err(DetailedError::invalid(detail))
        }
        Some(list) => read_pins(list).map_err(|why| DetailedError::invalid(format!("tls_pins: {why}"))),
        None => Ok(Vec::new()),
    }
}

pub(super) fn server_name(options: &SocketOptions<'_>) -> Result<Option<String>, DetailedError> {
    match text(&"tls_server_name", options.tls_server_name, input_limits::SERVER_NAME)? {
        Some(name) if !is_server_name(name) => {
            Err(DetailedError::invalid("tls_server_name is neither a name nor an IP address (without brackets)"))
        }
        name => name.map(copy).transpose(),
    }
}
