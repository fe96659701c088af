//! The TLS of the platform: Secure Transport on Apple systems, Schannel on Windows. On other systems only the tests of the
//! parsers are compiled.

#[cfg(tls_native)]
pub(super) mod backend;
mod error_code;
pub(super) mod server_hello;
