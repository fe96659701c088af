//! The refusal of a proxy.

use crate::error::Error;

/// The reason why there is no tunnel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// `Proxy` if the proxy refused, `NoResources` if this machine has no memory for its answer.
    pub error: Error,
    /// The status of an HTTP proxy's answer; 0 if there was none.
    pub http_status: u16,
    /// The proxy's answer, and what to do about it.
    pub message: String,
}

impl Refusal {
    pub(super) fn new(http_status: u16, message: impl Into<String>) -> Refusal {
        Refusal { error: Error::Proxy, http_status, message: message.into() }
    }

    pub(super) fn no_memory() -> Refusal {
        let message = "there is no memory for the proxy's answer".to_owned();
        Refusal { error: Error::NoResources, http_status: 0, message }
    }

    /// Bytes followed the answer. They are not the server's: with `ws` and `wss` the client sends first.
    pub(super) fn trailing_bytes(http_status: u16) -> Refusal {
        Refusal::new(http_status, "the proxy sent more than its answer, before anything was sent through the tunnel")
    }
}
