//! The life of one connection, as a state machine. It has no thread, no clock and no handle of the operating system.
//! With each call the engine passes the time, the read buffer, the network and the receiver of events ([`Context`], in `ports`).
//!
//! ```text
//!            ┌──────────────── opening ─────────────────┐      ┌──────────── session ───────────┐
//!  begin ──► resolve ──► dial ──► (proxy) ──► (TLS) ──► upgrade ──► open ──► closing ──► closed
//!    ▲          │          │         │          │          │         │          │
//!    │          │          │         │          │          │         └─ violation: failing ──► closed
//!    │          └──────────┴─────────┴──────────┴──────────┴─────────┬──────────┘
//!    │                            close, deadline, error ────────────┴───────────────────► closed
//!    │                                                               │
//!    └── delay over, or retry_now ◄── waiting ◄── if it is retried ──┘
//! ```
//!
//! With `on_request`, the host is asked before each `begin`: see `question`.
//!
//! `machine` moves a connection from stage to stage, and uses `retry` to decide whether a lost connection is retried. `opening`
//! leads from the configuration to an open connection. `session` is an open connection until its end. `ports` has the traits
//! through which a connection reaches its network and its host.
//!
//! [`Events::closed`] is called exactly once, as the last event.

pub mod connect_info;
pub mod counters;
mod framer;
pub mod gate;
pub mod heartbeat;
mod machine;
mod opening;
mod ports;
mod query;
mod question;
pub mod report;
pub mod retry;
pub mod send_queue;
mod session;
#[cfg(test)]
pub(crate) mod tests;
mod tried;

pub use machine::{Connection, Turn};
pub use opening::MAX_ADDRESSES;
pub use ports::{
    Context, Direction, Events, Family, Lookup, LookupWatch, NO_ROOM, Network, Ports, Prepared, Unresolved,
};
pub use query::{Query, QueryAnswer, QuerySubject};
pub use question::Answer;

use crate::config::ConnectConfig;
use report::{Ending, Phase, Report};

/// Returns the report of a connection that ended before it began.
pub fn report_before_begin(config: &ConnectConfig, ending: Ending) -> Report {
    let phase = if config.asks_host { Phase::Request } else { opening::first_phase(config) };
    Report::new(ending, phase)
}
