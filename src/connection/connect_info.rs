//! How a connection was made. The host can read it, also after a failure.

use std::net::SocketAddr;
use std::time::Duration;

/// How a connection was made, or how far an attempt came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectInfo {
    /// The HTTP status of the server's response; 0 without one.
    pub status: u16,
    /// The headers of the response, each as `Name: value` and a line feed.
    pub headers: String,
    /// The subprotocol that the server has chosen; empty if none.
    pub subprotocol: String,
    /// The negotiated extension, as the server spelled it; empty if none.
    pub extensions: String,
    /// The number of redirects that were followed.
    pub redirects: u32,
    /// The address of the TCP connection: the server's or the proxy's.
    pub address: Option<SocketAddr>,
    /// The version of TLS as its records number it; 0 without TLS.
    pub tls_version: u32,
    /// How long each stage took.
    pub timings: Timings,
}

/// How long each stage took; zero for a stage that was not reached or not necessary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Timings {
    pub resolve: Duration,
    pub connect: Duration,
    pub proxy: Duration,
    pub tls: Duration,
    pub handshake: Duration,
}
