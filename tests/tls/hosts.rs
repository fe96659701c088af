//! The loops of this suite. They use the TLS of the library. The suites in the other folders use a TLS provider instead.

use ::egret_ws::egret_ws_loop_options;
use test_support::client::{DRIVERS, Driver, Loop};

/// The TLS library that the loops of a suite use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code)] // a suite uses one of them
pub enum TlsLibrary {
    /// The OpenSSL that the library was built with.
    Own,
    /// OpenSSL, through the TLS provider of the examples.
    OpensslProvider,
    /// rustls, through a TLS provider.
    Rustls,
}

impl TlsLibrary {
    /// Returns whether it is a TLS provider. In this case the library checks pins after the handshake, and does not know why the
    /// provider fails.
    pub fn is_provider(self) -> bool {
        self != TlsLibrary::Own
    }
}

/// Texts of OpenSSL, and the texts of rustls for these failures.
const WORDS: &[(&str, &str)] = &[
    ("IP address mismatch", "certificate not valid for name"),
    ("bad record mac", "cannot decrypt peer's message"),
    ("certificate has expired", "certificate expired"),
    ("certificate is not yet valid", "certificate not valid yet"),
    ("certificate required", "CertificateRequired"),
    ("handshake failure", "HandshakeFailure"),
    ("hostname mismatch", "certificate not valid for name"),
    ("protocol", "ProtocolVersion"),
    ("self-signed certificate", "UnknownIssuer"),
    ("unable to get local issuer certificate", "UnknownIssuer"),
    ("unknown ca", "UnknownCA"),
    ("unsuitable certificate purpose", "does not allow extended key usage"),
];

/// Returns the words of this suite's TLS library that correspond to these words of OpenSSL.
#[track_caller]
pub fn words(openssl: &str) -> &str {
    if crate::LIBRARY != TlsLibrary::Rustls || openssl.is_empty() {
        return openssl;
    }
    let row = WORDS.iter().find(|(of_openssl, _)| *of_openssl == openssl);
    row.unwrap_or_else(|| panic!("the text of rustls for {openssl:?} is missing")).1
}

/// Like [`Loop::new`].
pub fn new_loop(driver: Driver) -> Loop {
    Loop::with(driver, crate::set_tls)
}

/// Like [`Loop::with`].
pub fn loop_with(driver: Driver, set: impl FnOnce(&mut egret_ws_loop_options)) -> Loop {
    Loop::with(driver, |options| {
        crate::set_tls(options);
        set(options);
    })
}

/// Runs a test once on each driver, each time with a fresh loop.
pub fn on_both_drivers(test: impl Fn(&Loop)) {
    for driver in DRIVERS {
        println!("driver: {driver:?}"); // shown when the test fails
        test(&new_loop(driver));
    }
}
