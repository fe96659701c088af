//! The life of one connection, as a state machine. It has no thread, no clock and no handle of the operating system of its
//! own: the time, the read buffer, the network and the place for events are handed in with each call.
//!
//! ```text
//!            ┌──────────────── opening ────────────────┐      ┌───────────────── session ──────────────────┐
//!  begin ──► resolve ──► dial ──► (proxy) ──► (secure) ──► upgrade ──► open ──► closing ──► closed
//!    ▲          │          │         │            │           │         │          │
//!    │          │          │         │            │           │         └ violation: failing ──► closed
//!    │          └──────────┴─────────┴─ close, deadline, error ─────────────────────────────► closed
//!    │                                        │
//!    └──── wait over, or "now" ──── waiting ◄─┘ if it is to be tried again
//! ```
//!
//! Exactly one [`Events::closed`] is told, as the last event.

mod compression;
pub mod connect_info;
pub mod counters;
pub mod heartbeat;
mod opening;
pub mod outbox;
pub mod report;
pub mod retry;
mod session;
#[cfg(test)]
pub(crate) mod tests;

use crate::config::{ConnectConfig, HeartbeatOptions, Limits};
use crate::error::Error;
use crate::protocol::deflate::{Deflater, Inflater};
use crate::protocol::message::{MessageKind, Payload};
use crate::transport::Transport;
use crate::transport::stream::Stream;
use crate::transport::tls;
use compression::Compression;
use connect_info::Details;
use counters::Counters;
pub use opening::MAX_ADDRESSES;
use opening::{Opening, Step};
use outbox::Outbox;
use parking_lot::Mutex;
use report::{Ending, Initiator, Phase, Report};
use retry::{Retry, Verdict};
use session::Session;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

/// Returns the report of a connection that ended before it began.
pub fn report_before_begin(config: &ConnectConfig, ending: Ending) -> Report {
    Report::new(ending, opening::first_phase(config))
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

    /// A fault in this library.
    pub fn internal() -> Unresolved {
        Unresolved { error: Error::Internal, os_error: 0, text: Ending::internal().message }
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

/// A look-up that a connection waits for. Dropping it means that the connection does not wait any more.
#[derive(Debug, Default)]
pub struct Inquiry(Arc<()>);

/// Says whether a connection still waits for a look-up.
#[derive(Clone, Debug)]
pub struct Waits(Weak<()>);

impl Inquiry {
    /// Returns the other side, for the resolver.
    pub fn waits(&self) -> Waits {
        Waits(Arc::downgrade(&self.0))
    }
}

impl Waits {
    /// Does the connection still wait?
    pub fn is_true(&self) -> bool {
        self.0.strong_count() > 0
    }
}

/// What a connection asks of the network.
pub trait Network {
    /// What [`Network::dial`] gives.
    type Stream: Transport;

    /// Begins to look a name up; the answer comes through [`Connection::resolved`].
    fn resolve(&mut self, name: &str, family: Family) -> Inquiry;

    /// The TLS connector for these settings, or why there is none. `None`: it is being made, and comes through
    /// [`Connection::prepared`].
    fn prepare(&mut self, settings: &Arc<tls::Settings>) -> Option<Prepared>;

    /// Reads the clock anew, for a stage that took its time inside one turn.
    fn now(&self) -> Instant;

    /// Any number, drawn anew.
    fn random(&mut self) -> u32;

    /// Is the loop suspended? Until it is resumed there is no new try.
    fn is_suspended(&self) -> bool;

    /// Begins to connect to an address.
    fn dial(&mut self, address: SocketAddr) -> io::Result<Self::Stream>;
}

/// Where a connection tells what happened.
pub trait Events {
    /// The connection is open.
    fn connected(&mut self, info: Details);

    /// A message was received. Returns its share of the bytes of a turn: its payload bytes. [`NO_ROOM`]: there is no memory for it;
    /// neither this message nor a later one may be delivered.
    #[must_use]
    fn message(&mut self, kind: MessageKind, body: Payload<'_>) -> usize;

    /// The connection has ended. The last event. `info` if it was never open.
    fn closed(&mut self, report: Report, info: Option<Details>);

    /// The connection was lost, or could not be made, and is tried again after a wait (`None`: until the loop is resumed).
    /// `info` if it was never open.
    fn retrying(&mut self, report: Report, info: Option<Details>, attempt: u32, delay: Option<Duration>);

    /// The wait is over.
    fn trying_again(&mut self);

    /// The outbox has room again after it had refused a message.
    fn drained(&mut self);

    /// What has passed since this was last told.
    fn passed(&mut self, counters: &Counters);

    /// A ping was answered.
    fn round_trip(&mut self, took: Duration);

    /// The host has enough to do: stop reading. Whoever says so calls [`Connection::turn`] when that changes.
    fn is_full(&mut self) -> bool;

    /// Must the next try wait, because the host has too many connect and retry events of this socket to dispatch? If true, the
    /// implementation calls [`Connection::catch_up`] when the host has dispatched them.
    fn holds_try(&mut self) -> bool;

    /// The host has messages of this connection before it. Whoever says so calls [`Connection::turn`] when that changes.
    fn is_behind(&mut self) -> bool;

    /// A step worth a debug log line.
    fn step(&mut self, what: std::fmt::Arguments<'_>);

    /// Something the host should know of.
    fn warn(&mut self, what: std::fmt::Arguments<'_>);
}

/// See [`Events::message`]. The value is so large that it ends the turn, so that other messages need no check of their own.
pub const NO_ROOM: usize = usize::MAX / 2;

/// What a connection is handed with each call.
#[allow(missing_docs)]
pub struct Context<'a, N, E> {
    pub now: Instant,
    /// Every connection of an engine reads into the same memory. It becomes shorter by what is read: messages handed out of it
    /// lie there until the call returns.
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
    heartbeat: HeartbeatOptions,
    retry: Option<Box<Retry>>,
    /// The connection was closed because the loop was suspended.
    held: bool,
    stage: Stage<S>,
}

enum Stage<S> {
    Opening(Box<Opening<S>>),
    Session(Box<Session<Stream<S>>>),
    /// Waits for the next try.
    Waiting(Wait),
    Closed,
}

/// The end of the wait for the next try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    Until(Instant),
    /// When the loop is resumed.
    Resume,
    /// When the host has dispatched events; the time is over.
    Host,
}

impl<S: Transport> Connection<S> {
    /// Begins to connect.
    pub fn begin<N, E>(config: Box<ConnectConfig>, context: &mut Context<'_, N, E>) -> Connection<S>
    where
        N: Network<Stream = S>,
        E: Events,
    {
        let retry = config.retry.map(|options| Box::new(Retry::new(options, config.clone())));
        let ConnectConfig { limits, heartbeat, .. } = *config;
        let mut connection = Connection { limits, heartbeat, retry, held: false, stage: Stage::Closed };
        connection.open(config, context);
        connection
    }

    fn open<N, E>(&mut self, config: Box<ConnectConfig>, context: &mut Context<'_, N, E>) -> Turn
    where
        N: Network<Stream = S>,
        E: Events,
    {
        let (opening, step) = Opening::begin(config, context);
        self.stage = Stage::Opening(opening);
        self.take_step(step, context)
    }

    /// The time of a wait is over. The try may still have to wait for the host, so that its events are bounded if it does not poll.
    fn try_again<N, E>(&mut self, context: &mut Context<'_, N, E>) -> Turn
    where
        N: Network<Stream = S>,
        E: Events,
    {
        let Some(retry) = &self.retry else { return Turn::Wait };
        if context.events.holds_try() {
            self.stage = Stage::Waiting(Wait::Host);
            return Turn::Wait;
        }
        let config = retry.config.clone();
        context.events.trying_again();
        self.open(config, context)
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

    /// The TLS connector for these settings was made, or cannot be.
    pub fn prepared<N, E>(&mut self, settings: &tls::Settings, made: Prepared, context: &mut Context<'_, N, E>) -> Turn
    where
        N: Network<Stream = S>,
        E: Events,
    {
        if let Stage::Opening(opening) = &mut self.stage {
            let step = opening.prepared(settings, made, context);
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
            Stage::Waiting(_) | Stage::Closed => Turn::Wait,
        }
    }

    /// Readiness told that the stream has ended or failed; [`Connection::turn`] is to follow.
    pub fn note_hangup(&mut self) {
        match &mut self.stage {
            Stage::Opening(opening) => opening.note_hangup(),
            Stage::Session(session) => session.stream().note_hangup(),
            Stage::Waiting(_) | Stage::Closed => {}
        }
    }

    /// The host has sent: writes what can be written now.
    #[inline]
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
            Stage::Opening(_) | Stage::Waiting(_) => {
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
            Stage::Waiting(Wait::Until(until)) if *until <= context.now => self.try_again(context),
            Stage::Waiting(_) | Stage::Closed => Turn::Wait,
        }
    }

    /// The host has dispatched the events for which the next try waited.
    pub fn catch_up<N, E>(&mut self, context: &mut Context<'_, N, E>) -> Turn
    where
        N: Network<Stream = S>,
        E: Events,
    {
        if matches!(self.stage, Stage::Waiting(Wait::Host)) { self.try_again(context) } else { Turn::Wait }
    }

    /// The host does not want to wait for the next try.
    pub fn retry_now<N, E>(&mut self, context: &mut Context<'_, N, E>) -> Turn
    where
        N: Network<Stream = S>,
        E: Events,
    {
        if matches!(self.stage, Stage::Waiting(_)) { self.try_again(context) } else { Turn::Wait }
    }

    /// The host wants to know the round trip.
    pub fn ping<N, E>(&mut self, context: &mut Context<'_, N, E>) -> Turn
    where
        N: Network<Stream = S>,
        E: Events,
    {
        let Stage::Session(session) = &mut self.stage else { return Turn::Wait };
        let progress = session.ping(context);
        self.take_progress(progress, context)
    }

    /// The loop is suspended, and the host wants connections closed then.
    pub fn suspend<N, E>(&mut self, context: &mut Context<'_, N, E>) -> Turn
    where
        N: Network<Stream = S>,
        E: Events,
    {
        self.held = true;
        match &mut self.stage {
            Stage::Opening(_) => {
                let phase = self.phase();
                let message = "abandoned because the loop was suspended";
                self.end(Ending::new(Error::Aborted, Initiator::Local, message), phase, context);
                Turn::Wait
            }
            Stage::Session(session) => {
                let progress = session.go_away(context);
                self.take_progress(progress, context)
            }
            Stage::Waiting(wait) => {
                *wait = Wait::Resume;
                Turn::Wait
            }
            Stage::Closed => Turn::Wait,
        }
    }

    /// The loop is resumed, or the machine's network is another: what was open may be dead.
    pub fn probe<N, E>(&mut self, context: &mut Context<'_, N, E>) -> Turn
    where
        N: Network<Stream = S>,
        E: Events,
    {
        if std::mem::take(&mut self.held)
            && let Some(retry) = &mut self.retry
        {
            retry.count_anew();
        }
        match &mut self.stage {
            Stage::Opening(opening) => {
                let step = opening.restart(context);
                return self.take_step(step, context);
            }
            // Its closing handshake is of no interest any more if another connection can be made.
            Stage::Session(session) if session.is_going_away() && self.retry.is_some() => {
                let ending = Ending::timeout("the closing handshake, which the suspend began,");
                self.end(ending, Phase::Closing, context);
            }
            Stage::Session(session) => {
                let progress = session.probe(true, context);
                return self.take_progress(progress, context);
            }
            Stage::Waiting(_) | Stage::Closed => {}
        }
        self.retry_now(context)
    }

    /// This process did not run for a while; or the whole `machine`, and with it the clock.
    pub fn slept<N, E>(&mut self, machine: bool, context: &mut Context<'_, N, E>) -> Turn
    where
        N: Network<Stream = S>,
        E: Events,
    {
        let Stage::Session(session) = &mut self.stage else { return Turn::Wait };
        let progress = if machine { session.probe(false, context) } else { session.slept(context) };
        self.take_progress(progress, context)
    }

    /// Ends the connection at once, and for good; the peer is told no more than TLS asks for.
    pub fn abandon<E: Events>(&mut self, ending: Ending, now: Instant, outbox: &Mutex<Outbox>, events: &mut E) {
        let phase = self.phase();
        let (report, info) = match std::mem::replace(&mut self.stage, Stage::Closed) {
            Stage::Opening(opening) => {
                (Report::unsent(ending, phase, outbox.lock().break_off()), Some(opening.into_details(now)))
            }
            Stage::Session(mut session) => (session.report(ending, outbox), None),
            Stage::Waiting(_) => (Report::unsent(ending, phase, outbox.lock().break_off()), None),
            Stage::Closed => return,
        };
        outbox.lock().shut_down();
        events.closed(report, info);
    }

    /// When [`Connection::expire`] is to be called.
    #[inline]
    pub fn deadline(&self) -> Option<Instant> {
        match &self.stage {
            Stage::Opening(opening) => Some(opening.deadline()),
            Stage::Session(session) => session.deadline(),
            Stage::Waiting(Wait::Until(until)) => Some(*until),
            Stage::Waiting(_) | Stage::Closed => None,
        }
    }

    /// True when [`Events::closed`] was told.
    pub fn is_closed(&self) -> bool {
        matches!(self.stage, Stage::Closed)
    }

    fn phase(&self) -> Phase {
        match &self.stage {
            Stage::Opening(opening) => opening.phase(),
            Stage::Session(session) => session.phase(),
            Stage::Waiting(_) | Stage::Closed => Phase::Connect,
        }
    }

    /// Ends the connection, or has it tried again.
    fn end<N, E>(&mut self, ending: Ending, phase: Phase, context: &mut Context<'_, N, E>)
    where
        N: Network<Stream = S>,
        E: Events,
    {
        let Context { now, outbox, .. } = *context;
        let stage = std::mem::replace(&mut self.stage, Stage::Closed);
        let keeps = self.retry.as_ref().is_some_and(|retry| retry.options.resend);
        let (mut report, info, session) = match stage {
            Stage::Opening(opening) => {
                (Report::unsent(ending, phase, outbox.lock().break_off()), Some(opening.into_details(now)), None)
            }
            Stage::Session(mut session) => (session.report(ending, outbox), None, Some(session)),
            Stage::Waiting(_) | Stage::Closed => return,
        };
        let headers = info.as_ref().map(|info| info.headers.as_str());
        let verdict = match &mut self.retry {
            Some(retry) if !outbox.lock().is_ended() => {
                let random = context.network.random();
                retry.lost(now, &report, headers, random)
            }
            _ => Verdict::Useless,
        };
        match verdict {
            Verdict::Wait { attempt, delay } => {
                let taken = session.as_ref().map_or((&[][..], 0), |session| session.taken());
                let mut queue = outbox.lock();
                if queue.rest(keeps.then_some(taken)) {
                    let lost = if keeps { queue.dropped_last() } else { 0 };
                    drop(queue);
                    if lost > 0 {
                        let what = "messages are dropped: there is no memory to keep them for the next connection";
                        context.events.warn(format_args!("{lost} {what}"));
                    }
                    // During a suspend the wait has no length: the resume ends it.
                    let delay = (!context.network.is_suspended()).then_some(delay);
                    self.stage = Stage::Waiting(delay.map_or(Wait::Resume, |delay| Wait::Until(now + delay)));
                    return context.events.retrying(report, info, attempt, delay);
                }
            }
            Verdict::Enough(why) => report.message = format!("{}; {why}", report.message),
            Verdict::Useless => {}
        }
        outbox.lock().shut_down();
        context.events.closed(report, info);
    }

    fn take_step<N, E>(&mut self, step: Step<S>, context: &mut Context<'_, N, E>) -> Turn
    where
        N: Network<Stream = S>,
        E: Events,
    {
        match step {
            Step::Wait => Turn::Wait,
            Step::Again => Turn::Again,
            Step::Ended(ending, phase) => {
                self.end(ending, phase, context);
                Turn::Wait
            }
            Step::Open { stream, info, deflate, early, emptied } => {
                let now = context.now;
                let keeps = self.retry.as_mut().is_some_and(|retry| {
                    retry.opened(now);
                    retry.options.resend
                });
                let inflater = deflate.map(|(_, agreement)| Inflater::new(&agreement));
                let mut outbox = context.outbox.lock();
                let (plain, pool) = (outbox.begin(deflate.is_some()), Arc::clone(outbox.pool()));
                drop(outbox);
                let compression = deflate
                    .filter(|_| plain)
                    .map(|(offer, agreement)| Compression::new(Deflater::new(&offer, &agreement), keeps));
                context.events.connected(*info);
                let session = Session::new(stream, self.limits, self.heartbeat, now, inflater, compression, pool);
                let mut session = Box::new(session);
                let progress = session.begin(early, emptied, context);
                self.stage = Stage::Session(session);
                self.take_progress(progress, context)
            }
        }
    }

    #[inline]
    fn take_progress<N, E>(&mut self, progress: session::Progress, context: &mut Context<'_, N, E>) -> Turn
    where
        N: Network<Stream = S>,
        E: Events,
    {
        match progress {
            session::Progress::Wait => Turn::Wait,
            session::Progress::Again => Turn::Again,
            session::Progress::Ended(ending) => {
                self.end(ending, Phase::Open, context);
                Turn::Wait
            }
        }
    }
}
