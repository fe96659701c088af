//! The error of a negotiation with a proxy.

use crate::error::Error;
use crate::protocol::http_head::Head;

/// The reason why there is no tunnel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TunnelError {
    /// `Proxy` if the proxy has refused, `NoResources` if there is no memory for its response.
    pub error: Error,
    /// The status of an HTTP proxy's response. 0 if there was none.
    pub http_status: u16,
    /// The head of that response, if it refuses the tunnel.
    pub head: Option<Head>,
    /// The head is complete, so a body may follow.
    pub is_whole: bool,
    /// The text for the close report: the response of the proxy, and the remedy if there is one.
    pub message: String,
}

impl TunnelError {
    pub(super) fn new(http_status: u16, message: impl Into<String>) -> TunnelError {
        let message = message.into();
        TunnelError { error: Error::Proxy, http_status, head: None, is_whole: false, message }
    }

    pub(super) fn no_memory() -> TunnelError {
        let message = "there is no memory for the proxy's answer";
        TunnelError { error: Error::NoResources, ..TunnelError::new(0, message) }
    }

    /// There are bytes after the response. They cannot come from the server, because with `ws` and `wss` the client sends first.
    pub(super) fn trailing_bytes(http_status: u16) -> TunnelError {
        TunnelError::new(
            http_status,
            "the proxy sent more than its answer, before anything was sent through the tunnel",
        )
    }
}
