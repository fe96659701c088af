//! From the configuration to an open connection, hop by hop if the server redirects.
//!
//! ```text
//!   ┌─► reaching ──► tunneling ──► securing ──► asking ──► open
//!   │   (race)       (if proxied)  (if wss)       │
//!   └───────────── redirect ◄─────────────────────┘        each stage has a deadline, and all of them together have one
//! ```

mod asking;
mod race;
mod redirect;
mod space;
mod tunneling;

use super::connect_info::Details;
use super::report::{Ending, Initiator, Phase};
use super::{ConnectConfig, Context, Events, Family, Network, Prepared, Unresolved};
use crate::error::Error;
use crate::protocol::deflate::{Agreement, Offer};
use crate::protocol::handshake::UpgradeError;
use crate::protocol::http_head::header;
use crate::transport::proxy::{Proxy, Tunnel};
use crate::transport::stream::Stream;
use crate::transport::tls::{self, Advance, Connector, Handshake};
use crate::transport::{Transport, is_localhost};
use asking::{Asked, Asking, Open};
pub use race::MAX_ADDRESSES;
use race::{Race, Raced};
use redirect::SentBy;
use space::Space;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::Range;
use std::time::{Duration, Instant};
use tunneling::{Tunneled, Tunneling};
use url::Host;

/// The most reads of a server's or proxy's answer in one turn. (`MAX_HEAD` limits the whole answer.)
const READS_A_TURN: usize = 8;

/// A connection that is being made.
pub(super) struct Opening<S> {
    config: Box<ConnectConfig>,
    /// On the way of this hop.
    proxy: Option<Proxy>,
    /// The server that redirected the connection to this hop.
    sent_by: Option<SentBy>,
    /// `None` without TLS, and as long as it is being made.
    connector: Option<Connector>,
    /// For all hops together.
    whole_deadline: Instant,
    /// For the look-up alone, and with TCP.
    resolve_deadline: Instant,
    /// For the stage.
    deadline: Instant,
    stage_began: Instant,
    stage: Stage<S>,
    info: Details,
}

enum Stage<S> {
    Reaching(Race<S>),
    Tunneling(Box<Tunneling<S>>),
    /// The stream is there, the connector is not.
    Preparing(S),
    Securing(Handshake<S>),
    Asking(Box<Asking<Stream<S>>>),
    Over,
}

/// What an opening came to.
pub(super) enum Step<S> {
    Wait,
    /// It has used its budget of this turn.
    Again,
    /// It is open. `early` is where in the read buffer the first bytes after the answer are; `emptied` if no others were there.
    Open {
        stream: Stream<S>,
        info: Box<Details>,
        /// What was offered and agreed on, if it was.
        deflate: Option<(Offer, Agreement)>,
        early: Range<usize>,
        emptied: bool,
    },
    Ended(Ending, Phase),
}

/// The phase of a connection that has not begun. An address needs no look-up.
pub(super) fn first_phase(config: &ConnectConfig) -> Phase {
    let target = &config.target;
    let host = target.host();
    let (host, zone) = match config.proxies.for_target(target.is_secure(), &host, target.port()) {
        Ok(Some(proxy)) => (proxy.host.clone(), None),
        _ => (host, target.zone()),
    };
    match host {
        Host::Domain(name) if !is_localhost(&name) => Phase::Resolve,
        Host::Ipv6(_) if zone.is_some() => Phase::Resolve,
        _ => Phase::Connect,
    }
}

impl<S: Transport> Opening<S> {
    pub(super) fn begin<N, E>(config: Box<ConnectConfig>, context: &mut Context<'_, N, E>) -> (Box<Opening<S>>, Step<S>)
    where
        N: Network<Stream = S>,
        E: Events,
    {
        let whole_deadline = context.now + config.limits.open;
        let mut opening = Box::new(Opening {
            config,
            proxy: None,
            sent_by: None,
            connector: None,
            whole_deadline,
            resolve_deadline: whole_deadline,
            deadline: whole_deadline,
            stage_began: context.now,
            stage: Stage::Over,
            info: Details::default(),
        });
        let step = opening.set_out(context).unwrap_or_else(|| opening.turn(context));
        (opening, step)
    }

    /// The network may be another one: begins the hop anew, within the time there is for all of them.
    pub(super) fn restart<N, E>(&mut self, context: &mut Context<'_, N, E>) -> Step<S>
    where
        N: Network<Stream = S>,
        E: Events,
    {
        context.events.step(format_args!("connecting to {} anew", self.config.target));
        drop(self.leave(context.now));
        self.info = Details { redirects: self.info.redirects, ..Details::default() };
        self.set_out(context).unwrap_or_else(|| self.turn(context))
    }

    /// Begins a hop. Returns `Some` if it cannot begin.
    fn set_out<N, E>(&mut self, context: &mut Context<'_, N, E>) -> Option<Step<S>>
    where
        N: Network<Stream = S>,
        E: Events,
    {
        let target = &self.config.target;
        let (host, port) = (target.host(), target.port());
        self.proxy = match self.config.proxies.for_target(target.is_secure(), &host, port) {
            Ok(proxy) => proxy.cloned(),
            Err(error) => {
                let ending = Ending::new(Error::Proxy, Initiator::Local, error.detail);
                return Some(Step::Ended(ending, Phase::Proxy));
            }
        };
        let nearest = self.sent_by.map_or(Space::Loopback, |sent_by| sent_by.space);
        // The proxy resolves names, so only an address or `localhost` can be checked here.
        if self.proxy.is_some()
            && let Some(space) = Space::of_host(&host)
            && space > nearest
        {
            let ending = race::leads_nearer(target.host_text(), space);
            return Some(Step::Ended(self.not_followed(ending), Phase::Proxy));
        }
        let nearest = if self.proxy.is_some() { Space::Loopback } else { nearest };
        self.connector = None;
        if target.is_secure() {
            // Made while the connection is, if it is not there.
            match context.network.prepare(&self.config.tls) {
                None => {}
                Some(Ok(connector)) => self.connector = Some(connector),
                Some(Err(ending)) => return Some(Step::Ended(ending, Phase::Tls)),
            }
        }
        let (race, name) = match &self.proxy {
            Some(proxy) => {
                (Race::new(format!("the proxy {}:{}", proxy.host, proxy.port), proxy.port), proxy.host.clone())
            }
            None => (Race::new(target.host_text().to_owned(), port), host),
        };
        let race = race.not_nearer_than(nearest);
        let zone = target.zone().filter(|_| self.proxy.is_none());
        let port = self.proxy.as_ref().map_or(port, |proxy| proxy.port);
        let race = match (name, zone) {
            // What the zone means, only the system knows.
            (Host::Ipv6(address), Some(zone)) => {
                race.with_name(&format!("{address}%{zone}"), &[Family::V6], context.network)
            }
            (Host::Ipv4(address), _) => race.with_addresses(&[SocketAddr::from((address, port))], context.now),
            (Host::Ipv6(address), None) => race.with_addresses(&[SocketAddr::from((address, port))], context.now),
            // RFC 6761 section 6.3: never a question for the network.
            (Host::Domain(name), _) if is_localhost(&name) => {
                let both =
                    [SocketAddr::from((Ipv4Addr::LOCALHOST, port)), SocketAddr::from((Ipv6Addr::LOCALHOST, port))];
                race.with_addresses(&both, context.now)
            }
            (Host::Domain(name), _) => race.with_name(&name, &[Family::V6, Family::V4], context.network),
        };
        self.enter(Stage::Reaching(race), self.config.limits.connect, context.now);
        self.resolve_deadline = self.deadline.min(context.now + self.config.limits.resolve);
        None
    }

    /// Begins a stage, which has this long.
    fn enter(&mut self, stage: Stage<S>, limit: Duration, now: Instant) {
        self.stamp(now);
        self.stage = stage;
        self.stage_began = now;
        self.deadline = self.whole_deadline.min(now + limit);
    }

    /// Notes how long the stage has taken.
    fn stamp(&mut self, now: Instant) {
        // Zero is for a stage that was not reached; one turn of the engine has one time.
        let at_least = Duration::from_micros(1);
        let took = now.saturating_duration_since(self.stage_began).max(at_least);
        let timings = &mut self.info.timings;
        match &self.stage {
            Stage::Reaching(race) => match race.resolved_at {
                Some(at) => {
                    timings.resolve = at.saturating_duration_since(self.stage_began);
                    timings.connect = now.saturating_duration_since(at).max(at_least);
                }
                None => timings.resolve = took,
            },
            Stage::Tunneling(_) => timings.proxy = took,
            Stage::Preparing(_) | Stage::Securing(_) => timings.tls += took,
            Stage::Asking(_) => timings.handshake = took,
            Stage::Over => {}
        }
    }

    pub(super) fn phase(&self) -> Phase {
        match &self.stage {
            Stage::Reaching(race) => race.phase(),
            Stage::Tunneling(_) => Phase::Proxy,
            Stage::Preparing(_) | Stage::Securing(_) => Phase::Tls,
            Stage::Asking(_) | Stage::Over => Phase::Handshake,
        }
    }

    pub(super) fn note_hangup(&mut self) {
        match &mut self.stage {
            Stage::Reaching(race) => race.note_hangup(),
            Stage::Tunneling(tunneling) => tunneling.stream.note_hangup(),
            Stage::Preparing(stream) => stream.note_hangup(),
            Stage::Securing(handshake) => {
                if let Some(stream) = handshake.stream() {
                    stream.note_hangup();
                }
            }
            Stage::Asking(asking) => asking.stream.note_hangup(),
            Stage::Over => {}
        }
    }

    pub(super) fn deadline(&self) -> Instant {
        match &self.stage {
            Stage::Reaching(race) => {
                race.deadline().map_or(self.stage_deadline(), |deadline| deadline.min(self.stage_deadline()))
            }
            _ => self.deadline,
        }
    }

    fn stage_deadline(&self) -> Instant {
        match &self.stage {
            Stage::Reaching(race) if race.waits_for_names() => self.resolve_deadline,
            _ => self.deadline,
        }
    }

    /// How far it came.
    pub(super) fn into_details(mut self, now: Instant) -> Details {
        self.stamp(now);
        self.info
    }

    pub(super) fn resolved<N, E>(
        &mut self,
        name: &str,
        family: Family,
        answer: Result<Vec<SocketAddr>, Unresolved>,
        context: &mut Context<'_, N, E>,
    ) -> Step<S>
    where
        N: Network<Stream = S>,
        E: Events,
    {
        if let Stage::Reaching(race) = &mut self.stage {
            race.resolved(name, family, answer, context.now);
        }
        self.turn(context)
    }

    /// The connector for these settings was made, or cannot be.
    pub(super) fn prepared<N, E>(
        &mut self,
        settings: &tls::Settings,
        made: Prepared,
        context: &mut Context<'_, N, E>,
    ) -> Step<S>
    where
        N: Network<Stream = S>,
        E: Events,
    {
        // It may come for a hop or a try before this one. It must not show the certificate of that one to another server.
        if !self.config.target.is_secure() || self.connector.is_some() || *self.config.tls != *settings {
            return Step::Wait;
        }
        match made {
            Ok(connector) => self.connector = Some(connector),
            Err(ending) => return Step::Ended(ending, Phase::Tls),
        }
        self.turn(context)
    }

    /// Does all that can be done now.
    pub(super) fn turn<N, E>(&mut self, context: &mut Context<'_, N, E>) -> Step<S>
    where
        N: Network<Stream = S>,
        E: Events,
    {
        loop {
            let stopped = match &self.stage {
                Stage::Reaching(_) => self.reach(context),
                Stage::Tunneling(_) => self.tunnel(context),
                Stage::Preparing(_) => self.prepare(context),
                Stage::Securing(_) => self.secure(context),
                Stage::Asking(_) => self.ask(context),
                Stage::Over => Some(Step::Wait),
            };
            context.now = context.network.now();
            if let Some(step) = stopped {
                return step;
            }
        }
    }

    // The stages. Each returns `None` when it has entered the next.

    fn reach<N, E>(&mut self, context: &mut Context<'_, N, E>) -> Option<Step<S>>
    where
        N: Network<Stream = S>,
        E: Events,
    {
        let Stage::Reaching(race) = &mut self.stage else { return None };
        match race.advance(context.now, context.network, context.events) {
            Raced::Running => Some(Step::Wait),
            Raced::Lost(ending, phase) => Some(Step::Ended(self.not_followed(ending), phase)),
            Raced::Won { stream, address } => {
                self.info.address = Some(address);
                if let Some(proxy) = &self.proxy {
                    context
                        .events
                        .step(format_args!("connected to {address}, asking the proxy for {}", self.config.target));
                    let target = &self.config.target;
                    let tunnel = Tunnel::new(proxy, &target.host(), target.port());
                    let tunneling = Box::new(Tunneling::new(stream, tunnel));
                    self.enter(Stage::Tunneling(tunneling), self.config.limits.proxy, context.now);
                } else {
                    context.events.step(format_args!("connected to {address}"));
                    self.connected(stream, context);
                }
                None
            }
        }
    }

    /// The stream leads to the server.
    fn connected<N, E>(&mut self, stream: S, context: &Context<'_, N, E>) {
        if self.config.target.is_secure() {
            self.enter(Stage::Preparing(stream), self.config.limits.tls, context.now);
        } else {
            self.begin_asking(Stream::Plain(stream), context);
        }
    }

    fn begin_asking<N, E>(&mut self, stream: Stream<S>, context: &Context<'_, N, E>) {
        let (target, nonce) = (&self.config.target, context.outbox.lock().nonce());
        let asking = Asking::new(stream, target.authority(), target.path_and_query(), nonce, &self.config.request);
        self.enter(Stage::Asking(Box::new(asking)), self.config.limits.handshake, context.now);
    }

    fn tunnel<N, E>(&mut self, context: &mut Context<'_, N, E>) -> Option<Step<S>> {
        let Stage::Tunneling(tunneling) = &mut self.stage else { return None };
        match tunneling.advance(context.buffer) {
            Tunneled::Wait => return Some(Step::Wait),
            Tunneled::Again => return Some(Step::Again),
            Tunneled::Stands => {}
            Tunneled::Ended(ending) => return Some(Step::Ended(ending, Phase::Proxy)),
        }
        if let Stage::Tunneling(tunneling) = self.leave(context.now) {
            self.connected(tunneling.stream, context);
        }
        None
    }

    /// Takes the stage out to make the next of it.
    fn leave(&mut self, now: Instant) -> Stage<S> {
        self.stamp(now);
        std::mem::replace(&mut self.stage, Stage::Over)
    }

    fn prepare<N, E: Events>(&mut self, context: &mut Context<'_, N, E>) -> Option<Step<S>> {
        let Some(connector) = self.connector.clone() else { return Some(Step::Wait) };
        if self.config.tls.insecure {
            context
                .events
                .warn(format_args!("EGRET_WS_INSECURE: the certificate of {} is not checked", self.config.target));
        }
        let Stage::Preparing(stream) = self.leave(context.now) else { return None };
        let name = self.config.server_name.clone().unwrap_or_else(|| self.config.target.server_name());
        // The same stage for the clock: the deadline stays.
        self.stage = Stage::Securing(Handshake::begin(&connector, &name, &self.config.pins, stream));
        self.stage_began = context.now;
        None
    }

    fn secure<N, E>(&mut self, context: &mut Context<'_, N, E>) -> Option<Step<S>>
    where
        N: Network<Stream = S>,
        E: Events,
    {
        let Stage::Securing(handshake) = &mut self.stage else { return None };
        let secured = match handshake.advance() {
            Ok(Advance::Wait) => return Some(Step::Wait),
            Ok(Advance::Again) => return Some(Step::Again),
            Ok(Advance::Done(stream)) => stream,
            Err(failure) => return Some(Step::Ended(tls_failed(failure), Phase::Tls)),
        };
        self.info.tls_version = secured.version();
        context.events.step(format_args!("TLS is set up"));
        context.now = context.network.now();
        self.begin_asking(Stream::Secure(secured), context);
        None
    }

    fn ask<N, E>(&mut self, context: &mut Context<'_, N, E>) -> Option<Step<S>>
    where
        N: Network<Stream = S>,
        E: Events,
    {
        let Stage::Asking(asking) = &mut self.stage else { return None };
        let answer = match asking.advance(context.buffer) {
            Asked::Wait => return Some(Step::Wait),
            Asked::Again => return Some(Step::Again),
            Asked::Lost(ending) => return Some(Step::Ended(ending, Phase::Handshake)),
            Asked::Answered(answer) => answer,
        };
        Some(self.answered(answer, context))
    }

    /// The server has answered.
    fn answered<N, E>(&mut self, answer: Result<Open, UpgradeError>, context: &mut Context<'_, N, E>) -> Step<S>
    where
        N: Network<Stream = S>,
        E: Events,
    {
        let Stage::Asking(asking) = self.leave(context.now) else { return Step::Wait };
        let (mut stream, status, headers) = asking.into_parts();
        (self.info.status, self.info.headers) = (status, headers);
        match answer {
            Ok(Open { subprotocol, deflate, early, emptied }) => {
                self.info.subprotocol = subprotocol;
                let deflate = self.config.request.deflate.zip(deflate);
                if deflate.is_some() {
                    let extensions = header(&self.info.headers, "sec-websocket-extensions");
                    self.info.extensions = extensions.unwrap_or_default();
                }
                let info = Box::new(std::mem::take(&mut self.info));
                Step::Open { stream, info, deflate, early, emptied }
            }
            Err(UpgradeError::Status { status, is_whole, .. })
                if self.config.max_redirects > 0 && redirect::is_redirect(status) =>
            {
                stream.close_notify();
                drop(stream);
                self.redirected(status, is_whole, context)
            }
            Err(refusal) => {
                stream.close_notify();
                Step::Ended(Ending::refusal(refusal, &self.info.headers), Phase::Handshake)
            }
        }
    }

    /// The server redirects the connection. `is_whole`: the head of its answer is complete.
    fn redirected<N, E>(&mut self, status: u16, is_whole: bool, context: &mut Context<'_, N, E>) -> Step<S>
    where
        N: Network<Stream = S>,
        E: Events,
    {
        let followed = self.info.redirects;
        let space = match (&self.proxy, self.info.address) {
            (None, Some(address)) => Space::of(address.ip()),
            // The proxy resolved the name, so the address is not known.
            _ => Space::of_host(&self.config.target.host()).unwrap_or(Space::Public),
        };
        let headers = if is_whole { &*self.info.headers } else { "" };
        match redirect::follow(&mut self.config, headers, followed) {
            Ok(()) => {
                self.sent_by = (!self.config.redirects_to_private).then_some(SentBy { status, space });
                self.info = Details { redirects: followed + 1, ..Details::default() };
                context.events.step(format_args!("redirected to {}", self.config.target));
                // At most one hop in a turn.
                self.set_out(context).unwrap_or(Step::Again)
            }
            Err(why) => {
                let message = format!("the server redirected the connection ({status}), but {why}");
                let ending = Ending::new(Error::Redirect, Initiator::Local, message);
                Step::Ended(Ending { http_status: status, ..ending }, Phase::Handshake)
            }
        }
    }

    /// Adds the status of the redirect to the report of a refused redirect.
    fn not_followed(&self, ending: Ending) -> Ending {
        match self.sent_by {
            Some(sent_by) if ending.error == Some(Error::Redirect) => Ending { http_status: sent_by.status, ..ending },
            _ => ending,
        }
    }

    /// The time of [`Opening::deadline`] has come.
    pub(super) fn expire<N, E>(&mut self, context: &mut Context<'_, N, E>) -> Step<S>
    where
        N: Network<Stream = S>,
        E: Events,
    {
        if context.now < self.stage_deadline() {
            return self.turn(context); // the next address of the race
        }
        match &mut self.stage {
            Stage::Reaching(race) => {
                if let Some((ending, phase)) = race.give_up() {
                    return Step::Ended(self.not_followed(ending), phase);
                }
            }
            // A status line is an answer, even if the rest of the head did not come in time.
            Stage::Tunneling(tunneling) => {
                if let Some(ending) = tunneling.broken_off() {
                    return Step::Ended(ending, Phase::Proxy);
                }
            }
            Stage::Asking(asking) => {
                if let Some(refusal) = asking.broken_off() {
                    return self.answered(Err(refusal), context);
                }
            }
            _ => {}
        }
        let what = match &self.stage {
            _ if context.now >= self.whole_deadline => {
                format!("connecting to {}, in all its stages,", self.config.target)
            }
            Stage::Reaching(race) if race.phase() == Phase::Resolve => format!("looking up {}", race.whereto),
            Stage::Reaching(race) => format!("connecting to {}", race.whereto),
            Stage::Tunneling(_) => "the answer of the proxy (is its scheme right, http or socks5?)".to_owned(),
            Stage::Preparing(_) | Stage::Securing(_) => "the TLS handshake".to_owned(),
            Stage::Asking(_) | Stage::Over => "the answer to the upgrade".to_owned(),
        };
        Step::Ended(Ending::timeout(&what), self.phase())
    }
}

fn tls_failed(failure: tls::TlsError) -> Ending {
    let initiator = match failure.error {
        Error::Tls | Error::ConnectionLost => Initiator::Transport,
        _ => Initiator::Local,
    };
    Ending { os_error: failure.os_error, ..Ending::new(failure.error, initiator, failure.message) }
}
