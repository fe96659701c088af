//! The peer of a TLS stream, as the texts of errors name it.

use std::fmt;

/// The other end of a TLS stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// The server of the connection, directly or through a tunnel.
    Server,
    /// A proxy on the way to it.
    Proxy,
}

impl Peer {
    /// The subject of an error of the handshake.
    pub fn handshake(self) -> &'static str {
        match self {
            Peer::Server => "the TLS handshake",
            Peer::Proxy => "the TLS handshake with the proxy",
        }
    }

    /// The subject of an error after the handshake.
    pub(super) fn tls(self) -> &'static str {
        match self {
            Peer::Server => "TLS",
            Peer::Proxy => "TLS to the proxy",
        }
    }

    /// The scheme of a URL without TLS.
    pub(super) fn plain_scheme(self) -> &'static str {
        match self {
            Peer::Server => "ws://",
            Peer::Proxy => "http://",
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Peer::Server => "the server",
            Peer::Proxy => "the proxy",
        })
    }
}
