//! TLS with OpenSSL: on Linux, Android and the BSDs, and on Apple systems with the compiler's option `--cfg egret_ws_openssl`.

pub(super) mod backend;
mod exit_guard;
mod info;
#[cfg(feature = "keylog")]
mod keylog;
#[cfg(not(any(test, target_vendor = "apple")))]
mod no_system_trust;
mod resumption;
mod sessions;
mod system_roots;
// On other systems only the tests of this module are compiled.
#[cfg(any(test, target_vendor = "apple"))]
pub(super) mod system_trust;
mod verify;

#[cfg(not(any(test, target_vendor = "apple")))]
use no_system_trust as system_trust;

#[cfg(test)]
pub(super) use resumption::tests::CLOCK_IS_AHEAD;
#[cfg(test)]
pub(super) use verify::error_code;
