//! Makes an open connection from the configuration. If the server redirects, this takes several hops.
//!
//! ```text
//!   ┌─► on_proxy ──► connecting ──► TLS ───────────► proxy ───► TLS ──────► upgrading ──► open
//!   │   (if set)     (look-up, TCP) (https:// proxy) (if any)   (if wss)        │
//!   └────────────────── redirect ◄──────────────────────────────────────────────┘
//!
//!   Each stage has a deadline, and all of them together have one. Several proxies are tried from `connecting` on, one after the other.
//! ```
//!
//! If the server or a proxy refuses, the body of its response is read within the time limit of the stage. Reading ends
//! early if no byte of the body has arrived for one second. Then the attempt ends.

mod address_space;
mod cookies;
mod endpoint;
mod happy_eyeballs;
mod nat64;
mod outcome;
mod proxy_handshake;
mod redirect;
mod refusal;
mod routes;
mod stage;
mod tls_stages;
mod upgrade;

use super::connect_info::ConnectInfo;
use super::ports::{Context, Events, Family, Network, Ports, Unresolved};
use super::query::{QueryAnswer, QuerySubject};
use super::report::{Ending, Initiator, Phase};
use crate::config::{ConnectConfig, Limits};
use crate::error::{DetailedError, Error};
use crate::protocol::deflate::{Agreement, Offer};
use crate::protocol::http_head::{Head, header};
use crate::transport::Transport;
use crate::transport::proxy::Tunnel;
use crate::transport::stream::Stream;
use crate::transport::tls::{Connector, Peer};
use address_space::AddressSpace;
use cookies::Cookies;
use endpoint::Endpoint;
pub use happy_eyeballs::MAX_ADDRESSES;
use happy_eyeballs::{Connected, HappyEyeballs};
pub(super) use outcome::Outcome;
use redirect::{FirstOrigin, Redirector};
use routes::Routes;
use stage::HopStage;
use std::net::SocketAddr;
use std::ops::Range;
use std::time::{Duration, Instant};
use upgrade::{Accepted, Refused, Upgrade};

/// A connection that is being made.
pub(super) struct Opening<S> {
    config: Box<ConnectConfig>,
    /// The routes to the server of this hop.
    routes: Routes,
    /// The server that redirected the connection to this hop.
    redirector: Option<Redirector>,
    /// The address space of this hop's server, once this side is connected to it. `None` with a proxy, which chooses the address.
    space: Option<AddressSpace>,
    /// `None` before the first redirect.
    first_origin: Option<Box<FirstOrigin>>,
    /// `None` without TLS, and until a worker has made the connector.
    connector: Option<Connector>,
    /// The deadline of all hops together.
    open_deadline: Instant,
    /// The deadline of the look-ups.
    resolve_deadline: Instant,
    /// The deadline of the stage.
    stage_deadline: Instant,
    stage_began: Instant,
    stage: HopStage<S>,
    info: ConnectInfo,
    /// The cookies of all hops.
    cookies: Cookies,
}

/// An open connection.
pub(super) struct Opened<S> {
    pub(super) stream: Stream<S>,
    /// The parameters of permessage-deflate, if the server has agreed to it.
    pub(super) deflate: Option<(Offer, Agreement)>,
    /// The position, in the read buffer, of the bytes after the head of the response.
    pub(super) after_head: Range<usize>,
    /// The stream has no more bytes at the moment.
    pub(super) would_block: bool,
}

/// Returns the phase of a connection that has not begun.
pub(super) fn first_phase(config: &ConnectConfig) -> Phase {
    let target = &config.target;
    let proxy = config.proxies.for_target(target.is_secure(), target.host(), target.port()).unwrap_or_default();
    Endpoint::new(target, proxy, &config.addresses).first_phase()
}

impl<S: Transport> Opening<S> {
    pub(super) fn begin<P: Ports<Stream = S>>(
        config: Box<ConnectConfig>,
        context: &mut Context<'_, P>,
    ) -> (Box<Opening<S>>, Outcome<Opened<S>>) {
        let open_deadline = context.now + config.limits.open;
        let mut opening = Box::new(Opening {
            config,
            routes: Routes::default(),
            redirector: None,
            space: None,
            first_origin: None,
            connector: None,
            open_deadline,
            resolve_deadline: open_deadline,
            stage_deadline: open_deadline,
            stage_began: context.now,
            stage: HopStage::Left,
            info: ConnectInfo::default(),
            cookies: Cookies::default(),
        });
        let outcome = opening.begin_hop(context).unwrap_or_else(|| opening.turn(context));
        (opening, outcome)
    }

    /// The machine may have another network: begins the hop again, within the time limit of all hops. If the server has refused,
    /// the attempt ends without the rest of the body.
    pub(super) fn restart<P: Ports<Stream = S>>(&mut self, context: &mut Context<'_, P>) -> Outcome<Opened<S>> {
        if matches!(self.stage, HopStage::Refused(_)) {
            return self.end_refusal(context.now);
        }
        context.events.debug(format_args!("connecting again to {}", self.config.target));
        drop(self.leave_stage(context.now));
        self.info = ConnectInfo { redirects: self.info.redirects, ..ConnectInfo::default() };
        self.begin_hop(context).unwrap_or_else(|| self.turn(context))
    }

    /// Begins a hop. Returns `Some` if it cannot begin.
    #[inline(never)]
    fn begin_hop<P: Ports<Stream = S>>(&mut self, context: &mut Context<'_, P>) -> Option<Outcome<Opened<S>>> {
        let target = &self.config.target;
        self.connector = None;
        if self.config.proxies.are_unset()
            && let Some(asked) = context.network.ask_host(QuerySubject::Proxies, || target.origin())
        {
            return self.find_proxies(asked, context);
        }
        match self.config.proxies.for_target(target.is_secure(), target.host(), target.port()) {
            Ok(proxy) => self.routes = Routes::one(proxy.cloned()),
            Err(DetailedError { detail: why, .. }) => {
                return Some(Outcome::Failed(Ending::new(Error::Proxy, Initiator::Local, why), Phase::Proxy));
            }
        }
        self.begin_route(context)
    }

    /// Begins the current route to the server. Returns `Some` if it cannot begin.
    fn begin_route<P: Ports<Stream = S>>(&mut self, context: &mut Context<'_, P>) -> Option<Outcome<Opened<S>>> {
        let target = &self.config.target;
        let mut nearest_space = self.redirector.map_or(AddressSpace::Loopback, |redirector| redirector.space);
        self.info.proxy.clear();
        if let Some(proxy) = self.routes.proxy() {
            self.info.proxy = proxy.to_string();
            // The proxy resolves names, so only an address or `localhost` can be checked here.
            if let Some(space) = AddressSpace::of_host(target.host())
                && space > nearest_space
            {
                let ending = happy_eyeballs::leads_nearer(target.host_text(), space);
                return Some(Outcome::Failed(self.with_redirect_status(ending), Phase::Proxy));
            }
            nearest_space = AddressSpace::Loopback;
        }
        if target.is_secure() && self.connector.is_none() {
            // A worker makes a missing connector while the TCP connection is made.
            match context.network.tls_connector(&self.config.tls) {
                None => {}
                Some(Ok(connector)) => self.connector = Some(connector),
                Some(Err(ending)) => return Some(Outcome::Failed(ending, Phase::Tls)),
            }
        }
        if let Some(ending) = self.prepare_proxy_tls(context) {
            return Some(Outcome::Failed(ending, Phase::Proxy));
        }
        let endpoint = Endpoint::new(&self.config.target, self.routes.proxy(), &self.config.addresses);
        let Limits { resolve, connect, attempt_delay, .. } = self.config.limits;
        let connecting = HappyEyeballs::begin(endpoint, nearest_space, attempt_delay, &self.config.local, context);
        self.enter_stage(HopStage::Connecting(connecting), connect, context.now);
        self.resolve_deadline = self.stage_deadline.min(context.now + resolve);
        None
    }

    /// Begins a stage with this time limit. It is inlined, because a call would copy the stage.
    #[inline(always)]
    fn enter_stage(&mut self, stage: HopStage<S>, limit: Duration, now: Instant) {
        self.stage.record(self.stage_began, now, &mut self.info);
        self.stage = stage;
        self.stage_began = now;
        self.stage_deadline = self.open_deadline.min(now + limit);
    }

    /// Like [`Opening::enter_stage`], after [`Opening::leave_stage`]. Both stages together have one time limit, so the deadline
    /// stays.
    #[inline(always)]
    fn continue_stage(&mut self, stage: HopStage<S>, now: Instant) {
        self.stage = stage;
        self.stage_began = now;
    }

    /// Takes the stage out, so that the next one can be made from it.
    fn leave_stage(&mut self, now: Instant) -> HopStage<S> {
        self.stage.record(self.stage_began, now, &mut self.info);
        std::mem::replace(&mut self.stage, HopStage::Left)
    }

    /// Returns the host of this hop, and its port unless it is the default port.
    pub(super) fn host(&self) -> &str {
        self.config.target.authority()
    }

    pub(super) fn phase(&self) -> Phase {
        self.stage.phase()
    }

    pub(super) fn note_hangup(&mut self) {
        self.stage.note_hangup();
    }

    pub(super) fn waits_for_writing(&mut self) -> bool {
        self.stage.waits_for_writing()
    }

    /// Every stream is reset when it is dropped.
    pub(super) fn reset(&mut self) {
        self.stage.reset_on_drop();
    }

    pub(super) fn deadline(&self) -> Instant {
        let next_attempt = match &self.stage {
            HopStage::Connecting(connecting) => connecting.deadline(),
            _ => None,
        };
        next_attempt.map_or(self.time_limit(), |deadline| deadline.min(self.time_limit()))
    }

    /// Returns the time at which the stage has taken too long.
    fn time_limit(&self) -> Instant {
        match &self.stage {
            HopStage::Connecting(connecting) if connecting.is_resolving() => self.resolve_deadline,
            HopStage::Refused(refusal) => self.stage_deadline.min(refusal.deadline()),
            _ => self.stage_deadline,
        }
    }

    /// Takes the connect info of a connection that is open now.
    pub(super) fn take_connect_info(&mut self) -> ConnectInfo {
        ConnectInfo { cookies: self.cookies.take(), ..std::mem::take(&mut self.info) }
    }

    /// Returns the connect info of a connection that was not made.
    pub(super) fn into_connect_info(mut self, now: Instant) -> ConnectInfo {
        // The host has ended the attempt while the body was read.
        if let HopStage::Refused(refusal) = self.leave_stage(now) {
            (self.info.body, ..) = refusal.end();
        }
        self.take_connect_info()
    }

    pub(super) fn resolved<P: Ports<Stream = S>>(
        &mut self,
        name: &str,
        family: Family,
        answer: Result<Vec<SocketAddr>, Unresolved>,
        context: &mut Context<'_, P>,
    ) -> Outcome<Opened<S>> {
        if let HopStage::Connecting(connecting) = &mut self.stage {
            connecting.resolved(name, family, answer, context.now);
        }
        self.turn(context)
    }

    pub(super) fn query_answered<P: Ports<Stream = S>>(
        &mut self,
        number: u64,
        answer: QueryAnswer,
        context: &mut Context<'_, P>,
    ) -> Outcome<Opened<S>> {
        match (&mut self.stage, answer) {
            (HopStage::Connecting(connecting), QueryAnswer::Addresses(addresses)) => {
                connecting.answered(number, addresses, context);
            }
            (HopStage::FindingProxies(query), QueryAnswer::Proxies(proxies)) if query.has_number(number) => {
                return self.proxies_found(proxies, context);
            }
            _ => {}
        }
        self.turn(context)
    }

    /// Does everything that can be done now.
    pub(super) fn turn<P: Ports<Stream = S>>(&mut self, context: &mut Context<'_, P>) -> Outcome<Opened<S>> {
        loop {
            let stopped = match &self.stage {
                HopStage::Connecting(_) => self.connect(context),
                HopStage::Proxy(_) => self.ask_proxy(context),
                HopStage::TlsConnector(..) => self.begin_tls(context),
                HopStage::TlsHandshake(_) => self.tls_handshake(context),
                HopStage::Upgrading(_) => self.upgrade(context),
                HopStage::Refused(_) => self.read_refusal(context),
                HopStage::FindingProxies(_) | HopStage::Left => Some(Outcome::Wait),
            };
            context.now = context.network.now();
            if let Some(outcome) = stopped {
                return outcome;
            }
        }
    }

    // The stages. Each returns `None` when it has entered the next one. Proxy and TLS are not inlined, so that `turn` remains small.

    fn connect<P: Ports<Stream = S>>(&mut self, context: &mut Context<'_, P>) -> Option<Outcome<Opened<S>>> {
        let HopStage::Connecting(connecting) = &mut self.stage else { return None };
        let Connected { stream, address, space } = match connecting.advance(context) {
            Outcome::Wait => return Some(Outcome::Wait),
            Outcome::Again => return Some(Outcome::Again),
            Outcome::Failed(ending, phase) => return self.route_failed(ending, phase, context),
            Outcome::Done(connected) => connected,
        };
        self.info.address = Some(address);
        self.info.local_address = stream.local_address();
        self.space = self.routes.proxy().is_none().then_some(space);
        context.events.debug(format_args!("TCP is connected to {address}"));
        let stream = Stream::Plain(stream);
        match self.routes.proxy() {
            None => self.connected(stream, context),
            // All stages until the answer of the proxy together have one time limit.
            Some(proxy) if proxy.is_secure() => {
                let stage = HopStage::TlsConnector(stream, Peer::Proxy);
                self.enter_stage(stage, self.config.limits.proxy, context.now);
            }
            Some(_) => {
                let stage = self.tunnel(stream, context);
                self.enter_stage(stage, self.config.limits.proxy, context.now);
            }
        }
        None
    }

    #[inline(never)]
    fn ask_proxy<P: Ports<Stream = S>>(&mut self, context: &mut Context<'_, P>) -> Option<Outcome<Opened<S>>> {
        let HopStage::Proxy(handshake) = &mut self.stage else { return None };
        match handshake.advance(context.buffer) {
            Outcome::Wait => return Some(Outcome::Wait),
            Outcome::Again => return Some(Outcome::Again),
            Outcome::Failed(ending, phase) => {
                handshake.stream.fail_before_answer();
                return Some(Outcome::Failed(ending, phase));
            }
            Outcome::Done(Ok(())) => {}
            Outcome::Done(Err(refused)) => return self.refused_by_proxy(refused, context),
        }
        if let HopStage::Proxy(handshake) = self.leave_stage(context.now) {
            self.info.tls = None;
            self.connected(handshake.stream, context);
        }
        None
    }

    /// The stream leads to the server.
    fn connected<P: Ports>(&mut self, stream: Stream<S>, context: &mut Context<'_, P>) {
        if self.config.target.is_secure() {
            self.enter_stage(HopStage::TlsConnector(stream, Peer::Server), self.config.limits.tls, context.now);
        } else {
            self.begin_upgrade(stream, context);
        }
    }

    fn begin_upgrade<P: Ports>(&mut self, stream: Stream<S>, context: &mut Context<'_, P>) {
        let (target, nonce) = (&self.config.target, context.keys.next_nonce());
        let upgrade = Upgrade::new(stream, target, nonce, &self.config.request);
        self.enter_stage(HopStage::Upgrading(Box::new(upgrade)), self.config.limits.handshake, context.now);
    }

    fn upgrade<P: Ports<Stream = S>>(&mut self, context: &mut Context<'_, P>) -> Option<Outcome<Opened<S>>> {
        let HopStage::Upgrading(upgrade) = &mut self.stage else { return None };
        match upgrade.advance(context.buffer) {
            Outcome::Wait => Some(Outcome::Wait),
            Outcome::Again => Some(Outcome::Again),
            Outcome::Failed(ending, phase) => {
                upgrade.stream.fail_before_answer();
                Some(Outcome::Failed(ending, phase))
            }
            Outcome::Done(answer) => self.answered(answer, context),
        }
    }

    /// The server has answered the request for the upgrade.
    fn answered<P: Ports<Stream = S>>(
        &mut self,
        answer: Result<Accepted, Refused>,
        context: &mut Context<'_, P>,
    ) -> Option<Outcome<Opened<S>>> {
        let HopStage::Upgrading(upgrade) = self.leave_stage(context.now) else { return None };
        let (stream, head) = upgrade.into_parts();
        if let Some(head) = &head {
            self.cookies.add(&self.config.target, &head.headers);
        }
        match answer {
            Ok(Accepted { subprotocol, deflate, after_head, would_block }) => {
                self.note_head(head);
                self.info.subprotocol = subprotocol;
                let deflate = self.config.request.deflate.zip(deflate);
                if deflate.is_some() {
                    let extensions = header(&self.info.headers, "sec-websocket-extensions");
                    self.info.extensions = extensions.unwrap_or_default();
                }
                Some(Outcome::Done(Opened { stream, deflate, after_head, would_block }))
            }
            Err(refused) => self.refused(refused, stream, head, context),
        }
    }

    fn note_head(&mut self, head: Option<Head>) {
        (self.info.status, self.info.headers) = head.map(|head| (head.status, head.headers)).unwrap_or_default();
        self.info.headers.shrink_to_fit(); // it is kept as long as the connection
    }

    /// The server redirects the connection. Changes the configuration to the one of the next hop, or returns why it is not
    /// followed. `is_whole`: the head of the response is complete.
    fn redirected(&mut self, status: u16, is_whole: bool) -> Result<(), Ending> {
        let followed = self.info.redirects;
        let host_space = || AddressSpace::of_host(self.config.target.host()).unwrap_or(AddressSpace::Public);
        let space = self.space.unwrap_or_else(host_space);
        let headers = if is_whole { &*self.info.headers } else { "" };
        let first = self.first_origin.get_or_insert_with(|| Box::new(FirstOrigin::of(&self.config)));
        redirect::follow(&mut self.config, first, headers, followed).map_err(|why| {
            let message = format!("the server redirected the connection ({status}), but {why}");
            Ending { http_status: status, ..Ending::new(Error::Redirect, Initiator::Local, message) }
        })?;
        self.redirector = (!self.config.redirects_to_private).then_some(Redirector { status, space });
        self.info = ConnectInfo { redirects: followed + 1, ..ConnectInfo::default() };
        Ok(())
    }

    /// Adds the HTTP status of the redirect to the ending of a redirect that is not followed.
    fn with_redirect_status(&self, ending: Ending) -> Ending {
        match self.redirector {
            Some(redirector) if ending.error == Some(Error::Redirect) => {
                Ending { http_status: redirector.status, ..ending }
            }
            _ => ending,
        }
    }

    /// The time of [`Opening::deadline`] has come.
    pub(super) fn expire<P: Ports<Stream = S>>(&mut self, context: &mut Context<'_, P>) -> Outcome<Opened<S>> {
        if context.now < self.time_limit() {
            return self.turn(context); // this begins the next connection attempt
        }
        match &mut self.stage {
            HopStage::Connecting(connecting) => {
                if let Some((ending, phase)) = connecting.give_up() {
                    return self.try_next_route(ending, phase, context);
                }
            }
            // A status line counts as an answer, even if the rest of the head did not arrive in time.
            HopStage::Proxy(handshake) => {
                if let Some(refused) = handshake.refusal_so_far()
                    && let Some(outcome) = self.refused_by_proxy(refused, context)
                {
                    return outcome;
                }
            }
            HopStage::Upgrading(upgrade) => {
                if let Some(refusal) = upgrade.refusal_so_far()
                    && let Some(outcome) = self.answered(Err(refusal), context)
                {
                    return outcome;
                }
            }
            HopStage::Refused(_) => return self.expire_refusal(context),
            HopStage::TlsHandshake(handshake) => self.info.tls = handshake.give_up(),
            _ => {}
        }
        let what = if context.now >= self.open_deadline {
            format!("connecting to {}, in all its stages,", self.config.target)
        } else {
            self.stage.describe()
        };
        let (ending, phase) = (Ending::timeout(&what), self.phase());
        match self.stage.is_before_tunnel() {
            true => self.try_next_route(ending, phase, context),
            false => Outcome::Failed(ending, phase),
        }
    }
}
