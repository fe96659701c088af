//! The life of one connection: its stages, retries and end. The diagram is at the beginning of `connection`.

use super::connect_info::ConnectInfo;
use super::framer::Framer;
use super::heartbeat::{self, Heartbeat};
use super::opening::{Opened, Opening, Outcome};
use super::ports::{Context, Events, Family, Network, Ports, Prepared, Unresolved};
use super::query::QueryAnswer;
use super::question::{Question, Subject};
use super::report::{Ending, Initiator, Phase, Report};
use super::retry::{Decision, HostPart, Retry};
use super::session::{Progress, Session};
use crate::config::{ConnectConfig, HeartbeatOptions, Limits};
use crate::error::Error;
use crate::protocol::deflate::{Deflater, Inflater};
use crate::transport::Transport;
use crate::transport::stream::Stream;
use crate::transport::tls;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The result of a call to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Call again when the stream is ready, at the deadline, or at a request of the host.
    Wait,
    /// The budget of the turn is used up. Call again after other connections have had their turn.
    Again,
}

/// One connection.
pub struct Connection<S> {
    pub(super) limits: Limits,
    heartbeat: HeartbeatOptions,
    retry: Option<Box<Retry>>,
    /// `None`: the host is not asked before an attempt.
    pub(super) asks: Option<Box<Subject>>,
    /// A suspend has closed the connection or delayed its retry. The resume resets the number of attempts.
    closed_by_suspend: bool,
    pub(super) stage: Stage<S>,
}

pub(super) enum Stage<S> {
    /// The connection waits until the host allows the attempt to begin.
    Asking(Question),
    Opening(Box<Opening<S>>),
    Session(Box<Session<Stream<S>>>),
    /// The connection waits for the next retry.
    Waiting(RetryAt),
    Closed,
}

/// The time at which the next retry begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RetryAt {
    /// It begins at this time.
    Time(Instant),
    /// It begins when the loop is resumed.
    Resume,
    /// When the host has dispatched events. The delay is already over.
    Dispatch,
}

/// A stage that has ended.
pub(super) struct Left<S> {
    pub(super) report: Report,
    /// The info of a connection that was never open.
    info: Option<ConnectInfo>,
    session: Option<Box<Session<Stream<S>>>>,
}

impl<S: Transport> Connection<S> {
    /// Begins to connect.
    pub fn begin<P: Ports<Stream = S>>(config: Box<ConnectConfig>, context: &mut Context<'_, P>) -> Connection<S> {
        let asks = config.asks_host.then(Box::default);
        let fixed = asks.is_none().then_some(&config);
        let retry = config.retry.map(|options| Box::new(Retry::new(options, fixed.cloned())));
        let ConnectConfig { limits, heartbeat, .. } = *config;
        let stage = Stage::Closed;
        let mut connection = Connection { limits, heartbeat, retry, asks, closed_by_suspend: false, stage };
        if connection.asks.is_some() {
            connection.ask(context.now + limits.open, context);
        } else {
            connection.open(config, context);
        }
        connection
    }

    pub(super) fn open<P: Ports<Stream = S>>(
        &mut self,
        config: Box<ConnectConfig>,
        context: &mut Context<'_, P>,
    ) -> Turn {
        let (opening, outcome) = Opening::begin(config, context);
        self.stage = Stage::Opening(opening);
        self.after_opening(outcome, context)
    }

    /// A look-up has ended.
    pub fn resolved<P: Ports<Stream = S>>(
        &mut self,
        name: &str,
        family: Family,
        answer: Result<Vec<SocketAddr>, Unresolved>,
        context: &mut Context<'_, P>,
    ) -> Turn {
        let Stage::Opening(opening) = &mut self.stage else { return Turn::Wait };
        let outcome = opening.resolved(name, family, answer, context);
        self.after_opening(outcome, context)
    }

    /// A hook has answered the query with this number. The query may have been withdrawn since.
    pub fn query_answered<P: Ports<Stream = S>>(
        &mut self,
        number: u64,
        answer: QueryAnswer,
        context: &mut Context<'_, P>,
    ) -> Turn {
        let Stage::Opening(opening) = &mut self.stage else { return Turn::Wait };
        let outcome = opening.query_answered(number, answer, context);
        self.after_opening(outcome, context)
    }

    /// The TLS connector for these settings was made, or cannot be made.
    pub fn prepared<P: Ports<Stream = S>>(
        &mut self,
        settings: &tls::Settings,
        connector: Prepared,
        context: &mut Context<'_, P>,
    ) -> Turn {
        let Stage::Opening(opening) = &mut self.stage else { return Turn::Wait };
        let outcome = opening.prepared(settings, connector, context);
        self.after_opening(outcome, context)
    }

    /// Does everything that can be done now. Called when the stream may be ready, or the host may have sent or closed.
    pub fn turn<P: Ports<Stream = S>>(&mut self, context: &mut Context<'_, P>) -> Turn {
        match &mut self.stage {
            Stage::Opening(opening) => {
                let outcome = opening.turn(context);
                self.after_opening(outcome, context)
            }
            Stage::Session(session) => {
                let progress = session.turn(context);
                self.after_session(progress, context)
            }
            Stage::Asking(_) | Stage::Waiting(_) | Stage::Closed => Turn::Wait,
        }
    }

    /// Readiness has reported that the stream has ended or failed. A call of [`Connection::turn`] must follow.
    pub fn note_hangup(&mut self) {
        match &mut self.stage {
            Stage::Opening(opening) => opening.note_hangup(),
            Stage::Session(session) => session.note_hangup(),
            Stage::Asking(_) | Stage::Waiting(_) | Stage::Closed => {}
        }
    }

    /// Returns true if a stream waited to become writable: see [`Transport::waits_for_writing`].
    pub fn waits_for_writing(&mut self) -> bool {
        match &mut self.stage {
            Stage::Opening(opening) => opening.waits_for_writing(),
            Stage::Session(session) => session.waits_for_writing(),
            Stage::Asking(_) | Stage::Waiting(_) | Stage::Closed => false,
        }
    }

    /// The host has sent: writes as much as can be written now.
    #[inline]
    pub fn flush<P: Ports<Stream = S>>(&mut self, context: &mut Context<'_, P>) -> Turn {
        let Stage::Session(session) = &mut self.stage else { return Turn::Wait };
        let progress = session.flush(context);
        self.after_session(progress, context)
    }

    /// The host has closed: its Close frame is the last one in the send queue. If the connection is not open, or the host was not
    /// yet notified of its opening, it is abandoned.
    pub fn close<P: Ports<Stream = S>>(&mut self, context: &mut Context<'_, P>) -> Turn {
        match &mut self.stage {
            Stage::Waiting(_) => {
                self.abandon(Ending::closed_by_this_side("while it waited to connect again"), context);
                Turn::Wait
            }
            Stage::Asking(_) | Stage::Opening(_) => {
                let was_open = context.send_queue.lock().gate().connections() > 0;
                let ending = match was_open {
                    true => Ending::closed_by_this_side("while it connected again"),
                    false => Ending::aborted(),
                };
                self.abandon(ending, context);
                Turn::Wait
            }
            // The host gets the report of a connection that was never open. The server gets a Close frame if it can be written
            // now. If the server has closed before, the report contains its code and reason.
            Stage::Session(session)
                if !session.has_peer_close() && context.send_queue.lock().gate().is_closed_early() =>
            {
                session.close_early(context);
                self.end(Ending::aborted(), Phase::Handshake, context);
                Turn::Wait
            }
            Stage::Session(session) => {
                let progress = session.close(context);
                self.after_session(progress, context)
            }
            Stage::Closed => Turn::Wait,
        }
    }

    /// Must be called at the time of [`Connection::deadline`], and may be called up to [`Connection::slack`] before it.
    pub fn expire<P: Ports<Stream = S>>(&mut self, context: &mut Context<'_, P>) -> Turn {
        match &mut self.stage {
            Stage::Opening(opening) => {
                let outcome = opening.expire(context);
                self.after_opening(outcome, context)
            }
            Stage::Session(session) => {
                let progress = session.expire(context);
                self.after_session(progress, context)
            }
            Stage::Waiting(RetryAt::Time(time)) if *time <= context.now => self.start_retry(context),
            Stage::Asking(question) if question.deadline().is_some_and(|deadline| deadline <= context.now) => {
                self.question_expired(context);
                Turn::Wait
            }
            Stage::Asking(_) | Stage::Waiting(_) | Stage::Closed => Turn::Wait,
        }
    }

    /// The host has dispatched the events that delayed the next retry.
    pub fn events_dispatched<P: Ports<Stream = S>>(&mut self, context: &mut Context<'_, P>) -> Turn {
        if matches!(self.stage, Stage::Waiting(RetryAt::Dispatch)) { self.start_retry(context) } else { Turn::Wait }
    }

    /// The host does not want to wait for the next retry, or is ready for an attempt.
    pub fn retry_now<P: Ports<Stream = S>>(&mut self, context: &mut Context<'_, P>) -> Turn {
        match self.stage {
            Stage::Waiting(_) => self.start_retry(context),
            Stage::Asking(_) => {
                self.ask_again(context);
                Turn::Wait
            }
            _ => Turn::Wait,
        }
    }

    /// The host wants to send pings: see [`Events::take_ping`].
    pub fn ping<P: Ports<Stream = S>>(&mut self, context: &mut Context<'_, P>) -> Turn {
        let Stage::Session(session) = &mut self.stage else { return Turn::Wait };
        let progress = session.ping(context);
        self.after_session(progress, context)
    }

    /// The loop is suspended, and the host has configured that this closes connections.
    pub fn suspend<P: Ports<Stream = S>>(&mut self, context: &mut Context<'_, P>) -> Turn {
        self.closed_by_suspend = true;
        match &mut self.stage {
            Stage::Opening(_) => {
                let message = "abandoned because the loop was suspended";
                self.retry_or_end(Ending::new(Error::Aborted, Initiator::Local, message), self.phase(), context);
                Turn::Wait
            }
            Stage::Session(session) => {
                let progress = session.close_for_suspend(context);
                self.after_session(progress, context)
            }
            Stage::Waiting(retry_at) => {
                *retry_at = RetryAt::Resume;
                Turn::Wait
            }
            Stage::Asking(question) => {
                question.suspend();
                Turn::Wait
            }
            Stage::Closed => Turn::Wait,
        }
    }

    /// The loop is resumed, or the machine has another network. An open connection may be dead.
    pub fn probe<P: Ports<Stream = S>>(&mut self, context: &mut Context<'_, P>) -> Turn {
        if std::mem::take(&mut self.closed_by_suspend)
            && let Some(retry) = &mut self.retry
        {
            retry.reset();
        }
        match &mut self.stage {
            Stage::Opening(opening) => {
                let outcome = opening.restart(context);
                return self.after_opening(outcome, context);
            }
            // A retry begins at once. It does not wait for the closing handshake.
            Stage::Session(session) if session.is_closing_for_suspend() && self.retry.is_some() => {
                let ending =
                    Ending::deadline("the close that the suspend began was not complete at the resume".to_owned());
                self.retry_or_end(ending, self.phase(), context);
            }
            Stage::Session(session) => {
                let progress = session.probe(true, context);
                return self.after_session(progress, context);
            }
            Stage::Asking(_) | Stage::Waiting(_) | Stage::Closed => {}
        }
        self.retry_now(context)
    }

    /// This process did not run for some time. `machine`: the whole machine did not run, and its clock stood still.
    pub fn slept<P: Ports<Stream = S>>(&mut self, machine: bool, context: &mut Context<'_, P>) -> Turn {
        let Stage::Session(session) = &mut self.stage else { return Turn::Wait };
        let progress = if machine { session.probe(false, context) } else { session.slept(context) };
        self.after_session(progress, context)
    }

    /// Ends the connection at once and without a retry. The peer gets no Close frame, only the close_notify of TLS.
    pub fn abandon<P: Ports<Stream = S>>(&mut self, ending: Ending, context: &mut Context<'_, P>) {
        self.end(ending, self.phase(), context);
    }

    /// The host drops the connection. It is reset at once, without a retry.
    pub fn abort<P: Ports<Stream = S>>(&mut self, context: &mut Context<'_, P>) {
        let phase = match &mut self.stage {
            Stage::Opening(opening) => {
                opening.reset();
                opening.phase()
            }
            Stage::Session(session) => {
                session.reset();
                // The host gets the report of a connection that was never open.
                if context.send_queue.lock().gate().is_closed_early() { Phase::Handshake } else { session.phase() }
            }
            Stage::Asking(_) | Stage::Waiting(_) | Stage::Closed => self.phase(),
        };
        self.end(Ending::dropped_by_host(), phase, context);
    }

    /// The loop is being freed. Only the deadline of the loop then limits the rest of the sending and the closing handshake.
    pub fn lift_deadlines(&mut self) {
        if let Stage::Session(session) = &mut self.stage {
            session.lift_deadlines();
        }
    }

    fn end<P: Ports<Stream = S>>(&mut self, ending: Ending, phase: Phase, context: &mut Context<'_, P>) {
        if let Some(Left { report, info, .. }) = self.leave(ending, phase, context) {
            context.send_queue.lock().end();
            context.events.closed(report, info);
        }
    }

    /// Returns the time at which [`Connection::expire`] must be called.
    #[inline]
    pub fn deadline(&self) -> Option<Instant> {
        match &self.stage {
            Stage::Opening(opening) => Some(opening.deadline()),
            Stage::Session(session) => session.deadline(),
            Stage::Waiting(RetryAt::Time(time)) => Some(*time),
            Stage::Asking(question) => question.deadline(),
            Stage::Waiting(_) | Stage::Closed => None,
        }
    }

    /// The largest result of [`Connection::slack`].
    pub const MAX_SLACK: Duration = heartbeat::MAX_SLACK;

    /// Returns how long before its deadline [`Connection::expire`] may be called, together with other connections.
    pub fn slack(&self) -> Duration {
        match &self.stage {
            Stage::Session(session) => session.slack(),
            _ => Duration::ZERO,
        }
    }

    /// Returns true after [`Events::closed`].
    pub fn is_closed(&self) -> bool {
        matches!(self.stage, Stage::Closed)
    }

    fn phase(&self) -> Phase {
        match &self.stage {
            Stage::Opening(opening) => opening.phase(),
            Stage::Session(session) => session.phase(),
            Stage::Asking(_) => Phase::Request,
            Stage::Waiting(_) | Stage::Closed => Phase::Connect,
        }
    }

    // Changes of the stage.

    fn after_opening<P: Ports<Stream = S>>(
        &mut self,
        outcome: Outcome<Opened<S>>,
        context: &mut Context<'_, P>,
    ) -> Turn {
        match outcome {
            Outcome::Wait => Turn::Wait,
            Outcome::Again => Turn::Again,
            Outcome::Failed(ending, phase) => {
                self.retry_or_end(ending, phase, context);
                Turn::Wait
            }
            Outcome::Done(opened) => self.begin_session(opened, context),
        }
    }

    fn begin_session<P: Ports<Stream = S>>(&mut self, opened: Opened<S>, context: &mut Context<'_, P>) -> Turn {
        let Opened { stream, deflate, after_head, would_block } = opened;
        let now = context.now;
        let keeps = self.retry.as_mut().is_some_and(|retry| {
            retry.opened(now);
            retry.options.resend
        });
        let inflater = deflate.map(|(_, agreement)| Inflater::new(&agreement));
        let mut send_queue = context.send_queue.lock();
        let deflates = send_queue.connect(deflate.is_some(), keeps);
        let (needs_framer, pool) = (send_queue.needs_framer(), Arc::clone(send_queue.pool()));
        drop(send_queue);
        let framer = needs_framer.then(|| {
            let deflate = deflate.filter(|_| deflates);
            Framer::new(deflate.map(|(offer, agreement)| Deflater::new(&offer, &agreement)), keeps)
        });
        if let Stage::Opening(opening) = &mut self.stage {
            let info = opening.take_connect_info();
            context.events.connected(opening.host(), info);
        }
        let heartbeat = Heartbeat::new(self.heartbeat, u32::from_ne_bytes(context.keys.next_key()), now);
        let traces = context.events.traces_frames();
        let session = Session::new(stream, self.limits, heartbeat, inflater, framer, pool, traces);
        let mut session = Box::new(session);
        let progress = session.begin(after_head, would_block, context);
        self.stage = Stage::Session(session);
        self.after_session(progress, context)
    }

    #[inline]
    fn after_session<P: Ports<Stream = S>>(&mut self, progress: Progress, context: &mut Context<'_, P>) -> Turn {
        match progress {
            Progress::Wait => Turn::Wait,
            Progress::Again => Turn::Again,
            Progress::Ended(ending) => {
                self.session_ended(ending, context);
                Turn::Wait
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn session_ended<P: Ports<Stream = S>>(&mut self, ending: Ending, context: &mut Context<'_, P>) {
        let closed_by_us = ending.error.is_none() && ending.initiator == Initiator::Local;
        if closed_by_us && context.send_queue.lock().gate().is_closed_early() {
            // The host has closed before `on_connect`, and the server has answered before the engine took the request. The report
            // is the one that would be made if the engine had taken the request first.
            self.end(Ending::aborted(), Phase::Handshake, context);
        } else {
            self.retry_or_end(ending, self.phase(), context);
        }
    }

    /// Begins a retry, unless the host must dispatch events first. So a host that does not poll gets a limited number of events.
    fn start_retry<P: Ports<Stream = S>>(&mut self, context: &mut Context<'_, P>) -> Turn {
        let Some(retry) = &self.retry else { return Turn::Wait };
        if context.events.must_delay_retry() {
            self.stage = Stage::Waiting(RetryAt::Dispatch);
            return Turn::Wait;
        }
        match retry.config.clone() {
            Some(config) => {
                context.events.retry_started(config.target.authority());
                self.open(config, context)
            }
            None => {
                self.ask(context.now + self.limits.open, context);
                Turn::Wait
            }
        }
    }

    /// Ends the stage. Returns `None` if the connection has already ended.
    pub(super) fn leave<P: Ports<Stream = S>>(
        &mut self,
        ending: Ending,
        phase: Phase,
        context: &mut Context<'_, P>,
    ) -> Option<Left<S>> {
        let Context { now, send_queue, .. } = *context;
        let (report, info, session) = match std::mem::replace(&mut self.stage, Stage::Closed) {
            Stage::Opening(opening) => {
                let report = Report::unsent(ending, phase, send_queue.lock().lose());
                (report, Some(opening.into_connect_info(now)), None)
            }
            Stage::Session(mut session) => (session.report(ending, phase, send_queue), None, Some(session)),
            Stage::Asking(_) => {
                context.events.question_withdrawn();
                (Report::unsent(ending, phase, send_queue.lock().lose()), None, None)
            }
            Stage::Waiting(_) => (Report::unsent(ending, phase, send_queue.lock().lose()), None, None),
            Stage::Closed => return None,
        };
        Some(Left { report, info, session })
    }

    /// Retries the connection, or ends it.
    pub(super) fn retry_or_end<P: Ports<Stream = S>>(
        &mut self,
        ending: Ending,
        phase: Phase,
        context: &mut Context<'_, P>,
    ) {
        let Context { now, send_queue, .. } = *context;
        let Some(Left { mut report, info, mut session }) = self.leave(ending, phase, context) else { return };
        let keeps = self.retry.as_ref().is_some_and(|retry| retry.options.resend);
        let headers = info.as_ref().map(|info| info.headers.as_str());
        let decision = match &mut self.retry {
            Some(retry) if !send_queue.lock().gate().is_closed_by_host() => {
                let random = context.network.random();
                let closes = session.as_ref().is_some_and(|session| session.is_closing_for_suspend());
                let has_suspended = self.closed_by_suspend || closes;
                let host = HostPart { asks: self.asks.is_some(), has_suspended };
                retry.decide(now, &report, headers, host, random)
            }
            _ => Decision::End,
        };
        match decision {
            Decision::Retry { attempt, delay } => {
                let taken = session.as_mut().map(|session| session.take_back()).unwrap_or_default();
                if send_queue.lock().retry(keeps, taken) {
                    // While the loop is suspended, the delay is unlimited. The resume begins the retry.
                    let delay = (!context.network.is_suspended()).then_some(delay);
                    if let Some(subject) = &mut self.asks {
                        **subject = Subject { attempt, last: Some(report.clone()) };
                    }
                    self.stage = Stage::Waiting(delay.map_or(RetryAt::Resume, |delay| RetryAt::Time(now + delay)));
                    return context.events.retrying(report, info, attempt, delay);
                }
            }
            Decision::GiveUp(why) => report.message = format!("{}; {why}", report.message),
            Decision::End => {}
        }
        send_queue.lock().end();
        context.events.closed(report, info);
    }
}
