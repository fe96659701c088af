//! The peer of a TLS stream, and its names in the texts of errors.

use std::fmt;

/// The other end of a TLS stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// The server of the connection, directly or through a tunnel.
    Server,
    /// A proxy between this side and the server.
    Proxy,
}

impl Peer {
    /// Returns the subject of an error of the handshake.
    pub fn handshake(self) -> &'static str {
        match self {
            Peer::Server => "the TLS handshake",
            Peer::Proxy => "the TLS handshake with the proxy",
        }
    }

    /// Returns the subject of an error after the handshake.
    pub(super) fn tls(self) -> &'static str {
        match self {
            Peer::Server => "TLS",
            Peer::Proxy => "TLS to the proxy",
        }
    }

    /// Returns the scheme of a URL without TLS.
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
