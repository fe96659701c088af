//! Queries: questions of a connection that a hook of the host answers, now or later. (`question` is about `on_request`, which is a
//! callback of the poll.)

use crate::transport::proxy::Proxy;
use std::any::Any;
use std::net::SocketAddr;

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
    _open: Box<dyn Any + Send>,
}

impl Query {
    /// A query with a number of its own. `open` is dropped with it.
    pub fn new(number: u64, open: Box<dyn Any + Send>) -> Query {
        Query { number, _open: open }
    }

    /// Has this query the number? An answer can be on its way when its query is withdrawn and another one is made.
    pub fn has_number(&self, number: u64) -> bool {
        self.number == number
    }
}
