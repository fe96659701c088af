//! Queries: questions of a connection that a hook of the host answers, immediately or later. (`question` is about `on_request`,
//! which is a callback of the poll.)

use crate::transport::HostCall;
use crate::transport::proxy::Proxy;
use std::any::Any;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

/// The subject of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuerySubject {
    /// The addresses of a name: `on_resolve`.
    Addresses,
    /// The proxies for a URL: `on_proxy`.
    Proxies,
}

/// The answer of a hook.
#[derive(Clone, Debug)]
pub enum QueryAnswer {
    /// The addresses of the name. A port of 0 means the port of the endpoint. `None`: the system's resolver must be asked.
    Addresses(Option<Vec<SocketAddr>>),
    /// The proxies in the order in which they are tried. An item without a proxy is a direct connection. `None`: they could not
    /// be found.
    Proxies(Option<Vec<Option<Proxy>>>),
}

/// A query that a connection waits for. Dropping it withdraws the query: an answer that comes later is refused.
pub struct Query {
    number: u64,
    has_begun: Arc<AtomicBool>,
    _open: Box<dyn Any + Send>,
}

impl Query {
    /// Makes a query with its own number. `has_begun`: the hook was called, or is about to be called. `open` is dropped with the
    /// query.
    pub fn new(number: u64, has_begun: Arc<AtomicBool>, open: Box<dyn Any + Send>) -> Query {
        Query { number, has_begun, _open: open }
    }

    /// Returns the state of the call of the hook.
    pub fn call(&self) -> HostCall {
        if self.has_begun.load(Relaxed) { HostCall::Runs } else { HostCall::Waits }
    }

    /// Returns whether the query has this number. An answer may arrive after its query was withdrawn and another one was made.
    pub fn has_number(&self, number: u64) -> bool {
        self.number == number
    }
}
