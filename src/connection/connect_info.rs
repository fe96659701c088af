//! What is known of how a connection was made: for the host to read, also when it failed.

use std::net::SocketAddr;
use std::time::Duration;

/// How a connection was made, or how far it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// The HTTP status of the server's answer; 0 without one.
    pub status: u16,
    /// The headers of the answer, each as `Name: value` and a line feed.
    pub headers: String,
    /// What the server chose of the subprotocols offered; empty if nothing.
    pub subprotocol: String,
    /// The extension that was agreed on, as the server spelled it; empty if none.
    pub extensions: String,
    /// Redirects that were followed.
    pub redirects: u32,
    /// The address that won: the server's, or the proxy's.
    pub address: Option<SocketAddr>,
    /// The version of TLS as its records number it; 0 without TLS.
    pub tls_version: u32,
    /// How long each stage took.
    pub timings: Timings,
}

/// How long each stage took; zero for one that was not reached or not needed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Timings {
    pub resolve: Duration,
    pub connect: Duration,
    pub proxy: Duration,
    pub tls: Duration,
    pub handshake: Duration,
}
