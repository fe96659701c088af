//! How a connection was made. The host can read it, also after a failure.

use super::tried::TriedAddresses;
use crate::transport::tls::TlsInfo;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// How a connection was made, or which stages an attempt has completed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectInfo {
    /// The HTTP status of the server's response. 0 if there was no response.
    pub status: u16,
    /// The headers of the response, each as `Name: value` and a line feed.
    pub headers: String,
    /// The subprotocol that the server has chosen. Empty if it has chosen none.
    pub subprotocol: String,
    /// The negotiated extension, as the server spelled it. Empty if there is none.
    pub extensions: String,
    /// The number of redirects that were followed.
    pub redirects: u32,
    /// The address of the TCP connection: the server's or the proxy's.
    pub address: Option<SocketAddr>,
    /// The local address.
    pub local_address: Option<SocketAddr>,
    /// The number of addresses that were tried.
    pub addresses_tried: u32,
    /// The addresses that were tried, each with its result.
    pub tried_addresses: TriedAddresses,
    /// The proxy, without credentials. Empty if there is none.
    pub proxy: String,
    /// The first bytes of the body of a refusal.
    pub body: Vec<u8>,
    /// The cookies of all responses: each as the URL, a space, the value of the `Set-Cookie` header, and a line feed.
    pub cookies: String,
    /// How TLS was set up, or which steps of TLS were completed. `None` without TLS.
    pub tls: Option<Arc<TlsInfo>>,
    /// How long each stage took.
    pub timings: Timings,
}

impl ConnectInfo {
    /// Returns the parts that are numbers. The texts of the result are empty.
    pub fn numbers(&self) -> ConnectInfo {
        ConnectInfo {
            status: self.status,
            redirects: self.redirects,
            addresses_tried: self.addresses_tried,
            tls: self.tls.clone(),
            timings: self.timings,
            ..ConnectInfo::default()
        }
    }
}

/// How long each stage took. Zero for a stage that was not reached or not necessary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Timings {
    pub resolve: Duration,
    pub connect: Duration,
    pub proxy: Duration,
    pub tls: Duration,
    pub handshake: Duration,
}
