//! The negotiation of a tunnel, with either of the two protocols.

use super::http::Connect;
use super::proxy_url::{Proxy, ProxyScheme};
use super::socks5::Negotiation;
use super::tunnel_error::TunnelError;
use crate::web_url::Host;
use std::fmt;
use zeroize::Zeroizing;

/// The negotiation of a tunnel. After it, the stream to the proxy is a stream to the server.
pub struct Tunnel {
    protocol: Protocol,
    output: Zeroizing<Vec<u8>>,
    /// The number of output bytes that were written.
    written: usize,
}

enum Protocol {
    Http(Connect),
    Socks5(Negotiation),
}

/// Does not show the bytes, because they contain the password.
impl fmt::Debug for Tunnel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Tunnel").finish_non_exhaustive()
    }
}

impl Tunnel {
    /// Begins the negotiation with this proxy for a connection to the host.
    pub fn new(proxy: &Proxy, host: &Host, port: u16) -> Tunnel {
        // The buffer gets its full capacity at once, because growing would leave a copy of the password in freed memory.
        let mut output = Zeroizing::new(Vec::with_capacity(2048));
        let protocol = match proxy.scheme {
            ProxyScheme::Http | ProxyScheme::Https => Protocol::Http(Connect::new(proxy, host, port, &mut output)),
            ProxyScheme::Socks5 => Protocol::Socks5(Negotiation::new(proxy, host, port, &mut output)),
        };
        Tunnel { protocol, output, written: 0 }
    }

    /// Returns the bytes to write now. There may be none.
    pub fn output(&self) -> &[u8] {
        &self.output[self.written..]
    }

    /// The caller has written this number of bytes of [`Tunnel::output`].
    pub fn written(&mut self, count: usize) {
        self.written += count;
    }

    /// Takes the next bytes from the proxy, in pieces of any size. Returns true if the tunnel is established. After each call
    /// there may be new output. It must not be called again after true or an error. After the refusal of an HTTP proxy, `input`
    /// contains the bytes after the head of its response.
    pub fn feed(&mut self, input: &mut &[u8]) -> Result<bool, TunnelError> {
        let is_established = match &mut self.protocol {
            Protocol::Http(connect) => connect.feed(input)?,
            Protocol::Socks5(negotiation) => negotiation.feed(input, &mut self.output)?,
        };
        if is_established && !self.output().is_empty() {
            return Err(TunnelError::new(0, "the proxy answered before the request was sent"));
        }
        Ok(is_established)
    }

    /// Ends the negotiation early, because no more bytes will come. Returns an error if the status line of a refusal was read.
    pub fn broken_off(&self) -> Option<TunnelError> {
        match &self.protocol {
            Protocol::Http(connect) => connect.broken_off(),
            Protocol::Socks5(_) => None,
        }
    }
}
