//! The life of one connection, as a state machine. It has no thread, no clock and no handle of the operating system of its
//! own: the time, the read buffer, the network and the place for events are handed in with each call.
//!
//! ```text
//!            ┌──────────────── opening ────────────────┐      ┌───────────────── session ──────────────────┐
//!  begin ──► resolve ──► dial ──► (proxy) ──► (secure) ──► upgrade ──► open ──► closing ──► closed
//!               │          │         │            │           │         │          │
//!               │          │         │            │           │         └ violation: failing ──► closed
//!               └──────────┴─────────┴─ close, deadline, error ─────────────────────────────► closed
//! ```
//!
//! Exactly one [`Events::closed`] is told, as the last event.

mod compression;
pub mod details;
mod opening;
pub mod outbox;
pub mod report;
mod session;
pub mod target;
#[cfg(test)]
mod tests;

use crate::error::Error;
use crate::protocol::deflate::{Deflater, Inflater};
use crate::protocol::message::{Body, Kind};
use crate::protocol::upgrade::Extras;
use crate::transport::Transport;
use crate::transport::proxy::Proxies;
use crate::transport::stream::Stream;
use crate::transport::tls;
use compression::Compression;
use details::Details;
use opening::{Opening, Step};
use outbox::Outbox;
use parking_lot::Mutex;
use report::{Ending, Initiator, Phase, Report};
use session::Session;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use target::Target;

/// The bounds a connection keeps.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct Limits {
    /// For the look-up.
    pub resolve: Duration,
    /// For the look-up and TCP together.
    pub connect: Duration,
    /// For the proxy's answer.
    pub proxy: Duration,
    /// For the TLS handshake.
    pub tls: Duration,
    /// For the upgrade.
    pub handshake: Duration,
    /// For all of these, redirects too.
    pub open: Duration,
    /// For the closing handshake and the end of the connection.
    pub close: Duration,
    pub max_message: usize,
    pub max_send_buffer: usize,
    pub max_receive_queue: usize,
}

/// What a connection is to be.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Plan {
    pub target: Target,
    pub extras: Extras,
    pub proxies: Proxies,
    /// What the connector is made of; used with `wss` only.
    pub tls: Arc<tls::Settings>,
    /// SHA-256 of the public keys that the server may have; empty: any.
    pub pins: Vec<[u8; 32]>,
    /// Asked for and checked instead of the target's host.
    pub server_name: Option<String>,
    pub max_redirects: u32,
    pub limits: Limits,
}

/// A family of addresses, looked up by itself: a name server that is slow with one does not hold the other up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Family {
    V4,
    V6,
}

impl Family {
    /// The family of an address.
    pub fn of(address: &SocketAddr) -> Family {
        if address.is_ipv4() { Family::V4 } else { Family::V6 }
    }
}

/// The TLS connector for some settings, or why there is none.
pub type Prepared = Result<tls::Connector, Ending>;

/// Why a name has no addresses.
#[derive(Clone, Debug)]
pub struct Unresolved {
    error: Error,
    os_error: i32,
    text: String,
}

impl Unresolved {
    /// From what the operating system says.
    pub fn io(error: &io::Error) -> Unresolved {
        Unresolved { error: Error::Resolve, os_error: error.raw_os_error().unwrap_or(0), text: error.to_string() }
    }

    /// There was no thread to look it up.
    pub fn no_thread(error: &io::Error) -> Unresolved {
        Unresolved { error: Error::NoResources, ..Unresolved::io(error) }
    }

    /// The name has none.
    fn none() -> Unresolved {
        Unresolved { error: Error::Resolve, os_error: 0, text: "the name has none".to_owned() }
    }

    fn ending(&self, whereto: &str) -> Ending {
        let message = format!("no address for {whereto}: {}", self.text);
        Ending { os_error: self.os_error, ..Ending::new(self.error, Initiator::Transport, message) }
    }
}

/// What a connection asks of the network.
pub trait Network {
    /// What [`Network::dial`] gives.
    type Stream: Transport;

    /// Begins to look a name up; the answer comes through [`Connection::resolved`].
    fn resolve(&mut self, name: &str, family: Family);

    /// The TLS connector for these settings, or why there is none. `None`: it is being made, and comes through
    /// [`Connection::prepared`].
    fn prepare(&mut self, settings: &Arc<tls::Settings>) -> Option<Prepared>;

    /// Reads the clock anew, for a stage that took its time inside one turn.
    fn now(&self) -> Instant;

    /// Begins to connect to an address.
    fn dial(&mut self, address: SocketAddr) -> io::Result<Self::Stream>;
}

/// Where a connection tells what happened.
pub trait Events {
    /// The connection is open.
    fn connected(&mut self, details: Details);

    /// A message came.
    fn message(&mut self, kind: Kind, body: Body<'_>);

    /// The connection has ended. The last event. `details` if it was never open.
    fn closed(&mut self, report: Report, details: Option<Details>);

    /// The host has enough to do: stop reading. Whoever says so calls [`Connection::turn`] when that changes.
    fn is_full(&mut self) -> bool;

    /// The host has messages of this connection before it. Whoever says so calls [`Connection::turn`] when that changes.
    fn is_behind(&mut self) -> bool;

    /// A step worth a debug log line.
    fn step(&mut self, what: std::fmt::Arguments<'_>);

    /// Something the host should know of.
    fn warn(&mut self, what: std::fmt::Arguments<'_>);
}

/// What a connection is handed with each call.
#[allow(missing_docs)]
pub struct Context<'a, N, E> {
    pub now: Instant,
    /// Every connection of an engine reads into the same memory.
    pub buffer: &'a mut [u8],
    pub network: &'a mut N,
    pub events: &'a mut E,
    pub outbox: &'a Mutex<Outbox>,
}

/// What is to be done after a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Wait: for readiness, the deadline or the host.
    Wait,
    /// It stopped so that others get their turn; more can be done at once.
    Again,
}

/// One connection.
pub struct Connection<S> {
    limits: Limits,
    stage: Stage<S>,
}

enum Stage<S> {
    Opening(Box<Opening<S>>),
    Session(Box<Session<Stream<S>>>),
    Closed,
}

impl<S: Transport> Connection<S> {
    /// Begins to connect.
    pub fn begin<N, E>(plan: Plan, context: &mut Context<'_, N, E>) -> Connection<S>
    where
        N: Network<Stream = S>,
        E: Events,
    {
        let limits = plan.limits;
        let (opening, step) = Opening::begin(plan, context);
        let mut connection = Connection { limits, stage: Stage::Opening(Box::new(opening)) };
        connection.take_step(step, context);
        connection
    }

    /// A look-up has ended.
    pub fn resolved<N, E>(
        &mut self,
        name: &str,
        family: Family,
        answer: Result<Vec<SocketAddr>, Unresolved>,
        context: &mut Context<'_, N, E>,
    ) -> Turn
    where
        N: Network<Stream = S>,
        E: Events,
    {
        if let Stage::Opening(opening) = &mut self.stage {
            let step = opening.resolved(name, family, answer, context);
            self.take_step(step, context)
        } else {
            Turn::Wait
        }
    }

    /// The TLS connector was made, or cannot be.
    pub fn prepared<N, E>(&mut self, made: Prepared, context: &mut Context<'_, N, E>) -> Turn
    where
        N: Network<Stream = S>,
        E: Events,
    {
        if let Stage::Opening(opening) = &mut self.stage {
            let step = opening.prepared(made, context);
            self.take_step(step, context)
        } else {
            Turn::Wait
        }
    }

    /// The stream may be ready, or the host may have sent or closed: does all that can be done now.
    pub fn turn<N, E>(&mut self, context: &mut Context<'_, N, E>) -> Turn
    where
        N: Network<Stream = S>,
        E: Events,
    {
        match &mut self.stage {
            Stage::Opening(opening) => {
                let step = opening.turn(context);
                self.take_step(step, context)
            }
            Stage::Session(session) => {
                let progress = session.turn(context);
                self.take_progress(progress, context)
            }
            Stage::Closed => Turn::Wait,
        }
    }

    /// Readiness told that the stream has ended or failed; [`Connection::turn`] is to follow.
    pub fn end_is_near(&mut self) {
        match &mut self.stage {
            Stage::Opening(opening) => opening.end_is_near(),
            Stage::Session(session) => session.stream().end_is_near(),
            Stage::Closed => {}
        }
    }

    /// The host has sent: writes what can be written now.
    pub fn flush<N, E>(&mut self, context: &mut Context<'_, N, E>) -> Turn
    where
        N: Network<Stream = S>,
        E: Events,
    {
        if let Stage::Session(session) = &mut self.stage {
            let progress = session.flush(context);
            self.take_progress(progress, context)
        } else {
            Turn::Wait
        }
    }

    /// The host has closed: its Close frame is the last in the outbox. A connection that is not open, or not yet so for the
    /// host, is abandoned.
    pub fn close<N, E>(&mut self, context: &mut Context<'_, N, E>) -> Turn
    where
        N: Network<Stream = S>,
        E: Events,
    {
        match &mut self.stage {
            Stage::Opening(_) => {
                self.abandon(Ending::aborted(), context.now, context.outbox, context.events);
                Turn::Wait
            }
            // For the host it was not open yet: it gets what it would have got before, and the server a Close frame if
            // that can be written now.
            Stage::Session(session) if context.outbox.lock().is_closed_early() => {
                session.close_early(context);
                self.abandon(Ending::aborted(), context.now, context.outbox, context.events);
                Turn::Wait
            }
            Stage::Session(session) => {
                let progress = session.close(context);
                self.take_progress(progress, context)
            }
            Stage::Closed => Turn::Wait,
        }
    }

    /// The time of [`Connection::deadline`] has come.
    pub fn expire<N, E>(&mut self, context: &mut Context<'_, N, E>) -> Turn
    where
        N: Network<Stream = S>,
        E: Events,
    {
        match &mut self.stage {
            Stage::Opening(opening) => {
                let step = opening.expire(context);
                self.take_step(step, context)
            }
            Stage::Session(session) => {
                let progress = session.expire(context);
                self.take_progress(progress, context)
            }
            Stage::Closed => Turn::Wait,
        }
    }

    /// Ends the connection at once; the peer is told no more than TLS asks for.
    pub fn abandon<E: Events>(&mut self, ending: Ending, now: Instant, outbox: &Mutex<Outbox>, events: &mut E) {
        match std::mem::replace(&mut self.stage, Stage::Closed) {
            Stage::Opening(opening) => {
                let phase = opening.phase();
                end_opening(*opening, (ending, phase), now, outbox, events);
            }
            Stage::Session(session) => events.closed(session.report(ending, outbox), None),
            Stage::Closed => {}
        }
    }

    /// When [`Connection::expire`] is to be called.
    pub fn deadline(&self) -> Option<Instant> {
        match &self.stage {
            Stage::Opening(opening) => Some(opening.deadline()),
            Stage::Session(session) => session.deadline(),
            Stage::Closed => None,
        }
    }

    /// True when [`Events::closed`] was told.
    pub fn is_closed(&self) -> bool {
        matches!(self.stage, Stage::Closed)
    }

    fn take_step<N, E>(&mut self, step: Step<S>, context: &mut Context<'_, N, E>) -> Turn
    where
        N: Network<Stream = S>,
        E: Events,
    {
        match step {
            Step::Wait => Turn::Wait,
            Step::Ended(ending, phase) => {
                if let Stage::Opening(opening) = std::mem::replace(&mut self.stage, Stage::Closed) {
                    end_opening(*opening, (ending, phase), context.now, context.outbox, context.events);
                }
                Turn::Wait
            }
            Step::Open { stream, details, deflate, early } => {
                let inflater = deflate.map(|(_, agreement)| Inflater::new(&agreement));
                let compression = deflate
                    .filter(|_| context.outbox.lock().queue_plain())
                    .map(|(offer, agreement)| Compression::new(Deflater::new(&offer, &agreement)));
                context.events.connected(*details);
                let mut session = Box::new(Session::new(stream, self.limits, inflater, compression));
                let progress = session.begin(early, context);
                self.stage = Stage::Session(session);
                self.take_progress(progress, context)
            }
        }
    }

    fn take_progress<N, E: Events>(&mut self, progress: session::Progress, context: &mut Context<'_, N, E>) -> Turn {
        match progress {
            session::Progress::Wait => Turn::Wait,
            session::Progress::Again => Turn::Again,
            session::Progress::Ended(ending) => {
                self.abandon(ending, context.now, context.outbox, context.events);
                Turn::Wait
            }
        }
    }
}

/// Nothing was accepted before the connection was open, so there is nothing to count.
fn end_opening<S: Transport, E: Events>(
    opening: Opening<S>,
    (ending, phase): (Ending, Phase),
    now: Instant,
    outbox: &Mutex<Outbox>,
    events: &mut E,
) {
    outbox.lock().shut_down();
    events.closed(Report::new(ending, phase), Some(opening.into_details(now)));
}
