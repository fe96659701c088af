//! The options for TLS.

use ::egret_ws::*;
use std::ffi::CString;
use std::ptr;
use test_support::certificates::{Certificate, ROOT};
use test_support::client::{Loop, Socket};

/// Options of a socket that these tests use. The default trusts the system's roots.
#[derive(Clone, Default)]
pub struct Settings {
    roots: Vec<u8>,
    flags: u32,
    pins: Option<CString>,
    identity: Option<(Vec<u8>, CString)>,
    server_name: Option<CString>,
    min_version: u32,
    timeout_ms: u32,
    redirects: u32,
}

impl Settings {
    /// Trusts `ROOT` in addition to the system's roots.
    pub fn trusting() -> Settings {
        Settings::default().roots(ROOT.pem())
    }

    pub fn roots(self, pem: impl Into<Vec<u8>>) -> Settings {
        Settings { roots: pem.into(), ..self }
    }

    pub fn flags(self, flags: u32) -> Settings {
        Settings { flags, ..self }
    }

    pub fn pins(self, pins: &str) -> Settings {
        Settings { pins: Some(CString::new(pins).expect("no NUL")), ..self }
    }

    pub fn identity(self, certificate: &Certificate) -> Settings {
        self.pkcs12(certificate.pkcs12("open sesame"), "open sesame")
    }

    pub fn pkcs12(self, bytes: Vec<u8>, password: &str) -> Settings {
        Settings { identity: Some((bytes, CString::new(password).expect("no NUL"))), ..self }
    }

    pub fn server_name(self, name: &str) -> Settings {
        Settings { server_name: Some(CString::new(name).expect("no NUL")), ..self }
    }

    pub fn min_version(self, version: u32) -> Settings {
        Settings { min_version: version, ..self }
    }

    /// The time-out of the TLS handshake.
    pub fn timeout_ms(self, timeout_ms: u32) -> Settings {
        Settings { timeout_ms, ..self }
    }

    /// The largest number of redirects to follow.
    pub fn redirects(self, redirects: u32) -> Settings {
        Settings { redirects, ..self }
    }

    /// Sets the options, which borrow from this value.
    pub fn set(&self) -> impl FnOnce(&mut egret_ws_options) {
        let text = |text: &Option<CString>| text.as_ref().map_or(ptr::null(), |text| text.as_ptr());
        move |options| {
            options.flags = self.flags;
            if !self.roots.is_empty() {
                (options.tls_roots, options.tls_roots_len) = (self.roots.as_ptr().cast(), self.roots.len());
            }
            options.tls_pins = text(&self.pins);
            if let Some((bytes, password)) = &self.identity {
                (options.tls_identity, options.tls_identity_len) = (bytes.as_ptr(), bytes.len());
                options.tls_identity_password = password.as_ptr();
            }
            options.tls_server_name = text(&self.server_name);
            options.tls_min_version = self.min_version;
            options.tls_timeout_ms = self.timeout_ms;
            options.max_redirects = self.redirects;
        }
    }
}

/// Connects with TLS and these settings.
pub trait ConnectTls {
    fn connect_url(&self, url: &str, settings: &Settings) -> Socket<'_>;

    /// Connects to `127.0.0.1`.
    fn connect_port(&self, port: u16, settings: &Settings) -> Socket<'_>;
}

impl ConnectTls for Loop {
    #[track_caller]
    fn connect_url(&self, url: &str, settings: &Settings) -> Socket<'_> {
        self.open_url(url, settings.set()).expect("the connect call succeeds")
    }

    #[track_caller]
    fn connect_port(&self, port: u16, settings: &Settings) -> Socket<'_> {
        self.connect_url(&format!("wss://127.0.0.1:{port}/"), settings)
    }
}
