//! TLS of the platform: Secure Transport on Apple systems, Schannel on Windows. Only the tests of the parsers are compiled on other
//! systems.

#[cfg(tls_native)]
pub(super) mod backend;
mod error_code;
pub(super) mod server_hello;
