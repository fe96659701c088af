//! The peer of a handshake, and the rules for it.

use super::peer::Peer;
use super::pins::Pin;

/// The peer of a handshake, and the rules for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Destination<'a> {
    /// The kind of peer.
    pub peer: Peer,
    /// The name that the peer's certificate must have: a DNS name in ASCII, or an IP address without brackets. A DNS name is sent
    /// as SNI (RFC 6066 section 3).
    pub name: &'a str,
    /// The host in the URL of the peer.
    pub host: &'a str,
    /// The port in the URL of the peer.
    pub port: u16,
    /// The pinned keys. If there are any, the key of the peer's certificate must be one of them.
    pub pins: &'a [Pin],
    /// TLS sessions with the peer are kept and resumed.
    pub resumes: bool,
    /// The number of the socket's handle.
    pub socket: usize,
}
