//! TLS with OpenSSL: on Linux, Android and the BSDs.

pub(super) mod backend;
mod exit_guard;
mod system_roots;
mod verify;

#[cfg(test)]
pub(super) use verify::error_code;
