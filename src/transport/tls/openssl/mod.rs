//! TLS with OpenSSL: on Linux, Android and the BSDs.

pub(super) mod backend;
mod exit_guard;
mod info;
#[cfg(feature = "keylog")]
mod keylog;
mod resumption;
mod sessions;
mod system_roots;
mod verify;

#[cfg(test)]
pub(super) use resumption::tests::CLOCK_IS_AHEAD;
#[cfg(test)]
pub(super) use verify::error_code;
