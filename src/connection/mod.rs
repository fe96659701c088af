//! The life of one connection, as a state machine. It has no thread, no clock and no handle of the operating system of its
//! own: the time, the read buffer, the network and the place for events are handed in with each call.
//!
//! ```text
//!            ┌──────────────── opening ────────────────┐      ┌───────────────── session ──────────────────┐
//!  begin ──► resolve ──► dial ──► (proxy) ──► (secure) ──► upgrade ──► open ──► closing ──► closed
//!               │          │                                  │         │          │
//!               │          │                                  │         └ violation: failing ──► closed
//!               └──────────┴──── close, deadline, error ──────┴──────────────────────────────► closed
//! ```
//!
//! Proxy and secure (TLS) have their place here and come later. Exactly one [`Events::closed`] is told, as the last event.

mod opening;
pub mod outbox;
pub mod report;
mod session;
pub mod target;
#[cfg(test)]
mod tests;

use crate::protocol::message::{Body, Kind};
use crate::transport::Transport;
use opening::{Opening, Step};
use outbox::Outbox;
use parking_lot::Mutex;
use report::{Ending, Phase, Report};
use session::Session;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use target::Target;

/// The bounds a connection keeps.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct Limits {
    /// For the look-up and TCP together.
    pub connect: Duration,
    /// For the upgrade.
    pub handshake: Duration,
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
    /// Those the server may choose from.
    pub subprotocols: Vec<String>,
    pub limits: Limits,
}

/// What a connection asks of the network.
pub trait Network {
    /// What [`Network::dial`] gives.
    type Stream: Transport;

    /// Begins to look a name up; the answer comes through [`Connection::resolved`].
    fn resolve(&mut self, host: &str, port: u16);

    /// Begins to connect to an address.
    fn dial(&mut self, address: SocketAddr) -> io::Result<Self::Stream>;
}

/// Where a connection tells what happened.
pub trait Events {
    /// The connection is open, with this subprotocol or none.
    fn connected(&mut self, subprotocol: String);

    /// A message came.
    fn message(&mut self, kind: Kind, body: Body<'_>);

    /// The connection has ended. The last event.
    fn closed(&mut self, report: Report);

    /// The host has enough to do: stop reading. Whoever says so calls [`Connection::turn`] when that changes.
    fn is_full(&mut self) -> bool;

    /// The host has messages of this connection before it. Whoever says so calls [`Connection::turn`] when that changes.
    fn is_behind(&mut self) -> bool;

    /// A step worth a debug log line.
    fn step(&mut self, what: std::fmt::Arguments<'_>);
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
#[derive(Debug)]
pub struct Connection<S> {
    limits: Limits,
    stage: Stage<S>,
}

#[derive(Debug)]
enum Stage<S> {
    Opening(Box<Opening<S>>),
    Session(Box<Session<S>>),
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

    /// The look-up has ended.
    pub fn resolved<N, E>(&mut self, addresses: io::Result<Vec<SocketAddr>>, context: &mut Context<'_, N, E>) -> Turn
    where
        N: Network<Stream = S>,
        E: Events,
    {
        if let Stage::Opening(opening) = &mut self.stage {
            let step = opening.resolved(addresses, context);
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
        let stream = match &mut self.stage {
            Stage::Opening(opening) => opening.stream(),
            Stage::Session(session) => Some(session.stream()),
            Stage::Closed => None,
        };
        if let Some(stream) = stream {
            stream.end_is_near();
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
            Stage::Opening(opening) => {
                let phase = opening.phase();
                self.end(Ending::aborted(), phase, context);
                Turn::Wait
            }
            // For the host it was not open yet: it gets what it would have got before, and the server a Close frame if
            // that can be written now.
            Stage::Session(session) if context.outbox.lock().is_closed_early() => {
                session.close_early(context);
                self.abandon(Ending::aborted(), context.outbox, context.events);
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

    /// Ends the connection at once, without a word to the peer.
    pub fn abandon<E: Events>(&mut self, ending: Ending, outbox: &Mutex<Outbox>, events: &mut E) {
        match std::mem::replace(&mut self.stage, Stage::Closed) {
            Stage::Opening(opening) => {
                end_opening(ending, opening.phase(), outbox, events);
            }
            Stage::Session(session) => events.closed(session.report(ending, outbox)),
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
                self.end(ending, phase, context);
                Turn::Wait
            }
            Step::Open { stream, subprotocol, early } => {
                context.events.connected(subprotocol);
                let mut session = Box::new(Session::new(stream, self.limits));
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
                self.abandon(ending, context.outbox, context.events);
                Turn::Wait
            }
        }
    }

    fn end<N, E: Events>(&mut self, ending: Ending, phase: Phase, context: &mut Context<'_, N, E>) {
        self.stage = Stage::Closed;
        end_opening(ending, phase, context.outbox, context.events);
    }
}

/// Nothing was accepted before the connection was open, so there is nothing to count.
fn end_opening<E: Events>(ending: Ending, phase: Phase, outbox: &Mutex<Outbox>, events: &mut E) {
    outbox.lock().shut_down();
    events.closed(Report::new(ending, phase));
}
