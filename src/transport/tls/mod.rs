//! TLS over another stream, with the certificates that the platform trusts. On Linux, Android and the BSDs the backend is
//! OpenSSL. On Apple systems and Windows it is the TLS of the platform. On Apple systems it can also be OpenSSL, with the
//! system's check of certificates. Without the Cargo feature `tls` there is no TLS. Instead of these, a host can use its own TLS:
//! a TLS provider.
//!
//! ```text
//!   Settings ─► Connector ─► Handshake ─► Tls        no step blocks, except Connector::build, which reads certificates
//!
//!   Handshake, Tls ─► backends ─► openssl, native, none or provider ─► BufferedStream ─► the stream below: TCP, or the TLS to a proxy
//! ```

// On other systems only the tests of this module are compiled.
#[cfg(any(test, target_vendor = "apple"))]
mod apple_status;
mod backends;
mod buffered_stream;
mod connector;
mod destination;
mod handshake;
mod handshake_step;
// On other systems only the tests of this module are compiled.
#[cfg(any(test, tls_native))]
#[cfg_attr(not(tls_native), allow(dead_code))]
mod native;
#[cfg(not(feature = "tls"))]
mod none;
#[cfg(tls_openssl)]
mod openssl;
mod peer;
mod pem;
mod pins;
mod provider;
mod record_budget;
mod settings;
mod stream;
mod stream_status;
// The server of the tests is OpenSSL.
#[cfg(all(test, tls_openssl))]
pub(crate) mod tests;
mod tls_error;
mod tls_info;

#[cfg(tls_native)]
use native::backend;
#[cfg(not(feature = "tls"))]
use none as backend;
#[cfg(tls_openssl)]
use openssl::backend;

pub use connector::{Connector, Sources};
pub use destination::Destination;
pub use handshake::{Advance, Handshake, is_server_name};
pub use peer::Peer;
pub use pins::read_pins;
pub use provider::{Capabilities, Facts, Failure, HostContext, HostSession, HostTls, Reply, Request, Step};
pub use settings::Settings;
pub use stream::Tls;
pub use tls_error::TlsError;
pub use tls_info::TlsInfo;

/// The text of errors if a connection needs TLS and there is none.
pub const NO_TLS: &str =
    "this build has no TLS: build the library with the feature `tls`, or give the loop a TLS provider";

/// Returns the warning for the log if the secrets of connections are written to a file.
#[cfg(all(feature = "keylog", tls_openssl))]
pub fn keylog_warning() -> Option<String> {
    backend::keylog_warning()
}

/// Secrets are written only with the cargo feature `keylog` and with OpenSSL.
#[cfg(not(all(feature = "keylog", tls_openssl)))]
pub fn keylog_warning() -> Option<String> {
    None
}

/// Prepares for the end of the process, so that no thread of the library runs TLS code then. The host's thread calls this when it
/// requests a connection with TLS.
pub fn watch_exit() {
    backend::watch_exit();
}

/// Frees the TLS data of this thread. A thread that has used TLS calls this before it ends.
pub fn leave_thread() {
    backend::leave_thread();
}
