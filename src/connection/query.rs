//! Queries: questions of a connection that a hook of the host answers, now or later. (`question` is about `on_request`, which is a
//! callback of the poll.)

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
    /// The addresses of the name. A port of 0 is that of the endpoint. `None`: the system's resolver is to be asked.
    Addresses(Option<Vec<SocketAddr>>),
    /// The proxies in the order in which they are tried; an item without a proxy is a direct connection. `None`: they could not be found.
    Proxies(Option<Vec<Option<Proxy>>>),
}

/// A query whose answer a connection waits for. Dropping it withdraws the query: an answer that comes later is refused.
pub struct Query {
    number: u64,
    has_begun: Arc<AtomicBool>,
    _open: Box<dyn Any + Send>,
}

impl Query {
    /// A query with a number of its own. `has_begun`: the hook was called, or is about to. `open` is dropped with the query.
    pub fn new(number: u64, has_begun: Arc<AtomicBool>, open: Box<dyn Any + Send>) -> Query {
        Query { number, has_begun, _open: open }
    }

    /// The call of the hook.
    pub fn call(&self) -> HostCall {
        if self.has_begun.load(Relaxed) { HostCall::Runs } else { HostCall::Waits }
    }

    /// Has this query the number? An answer can be on its way when its query is withdrawn and another one is made.
    pub fn has_number(&self, number: u64) -> bool {
        self.number == number
    }
}
