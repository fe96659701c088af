//! How TLS was set up. The host can read it, also after a failure.

/// How TLS was set up, or how far a handshake came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsInfo {
    /// The version as its records number it; 0 if it is unknown.
    pub version: u32,
    /// An earlier session was resumed.
    pub is_resumed: bool,
    /// The name of the cipher suite; empty if it is unknown.
    pub cipher: String,
    /// The protocol that the server has selected by ALPN; empty: none.
    pub alpn: String,
    /// The certificates that the server has sent, in DER, its own first.
    pub chain: Vec<Vec<u8>>,
}
