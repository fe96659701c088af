//! Makes a TCP connection to an endpoint: tries the addresses of both families as in RFC 8305 ("happy eyeballs").
//!
//! ```text
//!   IPv6 addresses ──┐  (IPv4 addresses wait 50 ms for them)
//!                    ├──► attempts: alternately of each family, the next after `attempt_delay` or at a failure
//!   IPv4 addresses ──┘          └──► the first stream that connects; the other attempts are dropped
//! ```
//!
//! Addresses that are known without a look-up are tried in their order. If an IPv4 address has no route and the network has
//! NAT64, the address is replaced by IPv6 addresses that contain it (section 7).
//!
//! If the host has set `on_resolve`, it is asked first. Its answer replaces the look-ups, or lets them begin.

use super::address_space::AddressSpace;
use super::endpoint::{Addresses, Endpoint};
use super::nat64::{Candidate, Nat64};
use super::outcome::Outcome;
use crate::connection::report::{Ending, Initiator, Phase};
use crate::connection::tried::TriedAddresses;
use crate::connection::{Context, Events, Family, Lookup, Network, Ports, Query, QuerySubject, Unresolved};
use crate::error::Error;
use crate::transport::local_side::LocalSide;
use crate::transport::{HostCall, Transport};
use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, SocketAddrV4};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long IPv4 addresses wait for IPv6 ones (section 3). They never wait longer than the time between two attempts.
const RESOLUTION_DELAY: Duration = Duration::from_millis(50);
const BOTH_FAMILIES: [Family; 2] = [Family::V6, Family::V4];
/// The size in bytes up to which the message of a failure names further addresses.
const MAX_FAILURES: usize = 350;
/// The largest number of addresses in one family that are tried for a name.
pub const MAX_ADDRESSES: usize = 16;

/// The connection attempts to one endpoint.
pub(super) struct HappyEyeballs<S> {
    /// The endpoint, for messages.
    pub(super) endpoint: String,
    port: u16,
    /// Addresses without an attempt.
    untried: VecDeque<Candidate>,
    attempts: Vec<Attempt<S>>,
    pub(super) tried: TriedAddresses,
    /// The time between two attempts (section 5).
    attempt_delay: Duration,
    /// The name that was looked up, if any.
    name: String,
    /// The query for the host's addresses, until it is answered.
    query: Option<Query>,
    /// Look-ups in progress.
    lookups: Vec<(Family, Lookup)>,
    /// No attempt begins before this time.
    next_attempt_at: Option<Instant>,
    /// The time at which the first address was known.
    pub(super) resolved_at: Option<Instant>,
    last_family: Option<Family>,
    resolve_error: Option<Unresolved>,
    /// The error of the attempt that failed last. Its message names the earlier attempts too.
    connect_error: Option<Ending>,
    /// How many failed attempts the message does not name.
    unnamed: u32,
    /// The error shows that an IPv4 address has no route.
    lacks_route: bool,
    nat64: Nat64,
    local: Arc<LocalSide>,
    /// Addresses in a nearer address space than this are not tried.
    nearest_space: AddressSpace,
}

/// An attempt in progress.
struct Attempt<S> {
    candidate: Candidate,
    stream: S,
    /// The number of its address in the list of tried addresses.
    number: usize,
}

/// The connection to one of the addresses.
pub(super) struct Connected<S> {
    pub(super) stream: S,
    pub(super) address: SocketAddr,
    /// The address space of that address.
    pub(super) space: AddressSpace,
}

impl<S: Transport> HappyEyeballs<S> {
    /// Begins the look-ups, if any are necessary. `nearest_space` is the space of the server that sent the redirect.
    pub(super) fn begin<P: Ports<Stream = S>>(
        endpoint: Endpoint,
        nearest_space: AddressSpace,
        attempt_delay: Duration,
        local: &Arc<LocalSide>,
        context: &mut Context<'_, P>,
    ) -> HappyEyeballs<S> {
        let mut eyeballs = HappyEyeballs {
            port: endpoint.port,
            untried: VecDeque::new(),
            attempts: Vec::new(),
            tried: TriedAddresses::default(),
            attempt_delay,
            name: String::new(),
            query: None,
            lookups: Vec::new(),
            next_attempt_at: None,
            resolved_at: (endpoint.first_phase() != Phase::Resolve).then_some(context.now),
            last_family: None,
            resolve_error: None,
            connect_error: None,
            unnamed: 0,
            lacks_route: false,
            nat64: Nat64::default(),
            nearest_space,
            local: Arc::clone(local),
            endpoint: endpoint.text,
        };
        match endpoint.addresses {
            Addresses::Known(addresses) => eyeballs.untried.extend(addresses.into_iter().map(Candidate::from)),
            Addresses::Scoped(address) => eyeballs.look_up(address, &[Family::V6], context),
            Addresses::LookUp(name) => match context.network.ask_host(QuerySubject::Addresses, || name.clone()) {
                None => eyeballs.look_up(name, &BOTH_FAMILIES, context),
                Some(Ok(query)) => (eyeballs.query, eyeballs.name) = (Some(query), name),
                Some(Err(error)) => eyeballs.resolve_error = Some(Unresolved::no_hook(&error)),
            },
        }
        eyeballs
    }

    /// Begins the look-ups of the system.
    fn look_up<P: Ports<Stream = S>>(&mut self, name: String, families: &[Family], context: &mut Context<'_, P>) {
        let lookups = families.iter().map(|family| (*family, context.network.resolve(&name, *family)));
        self.lookups.extend(lookups);
        self.name = name;
    }

    /// The host has answered a query, which may belong to an earlier hop. `None`: the system's resolver must be asked.
    pub(super) fn answered<P: Ports<Stream = S>>(
        &mut self,
        number: u64,
        answer: Option<Vec<SocketAddr>>,
        context: &mut Context<'_, P>,
    ) {
        if self.query.take_if(|query| query.has_number(number)).is_none() {
            return;
        }
        let Some(addresses) = answer else {
            context.events.debug(format_args!("on_resolve leaves {} to the system's resolver", self.endpoint));
            let name = std::mem::take(&mut self.name);
            return self.look_up(name, &BOTH_FAMILIES, context);
        };
        if addresses.is_empty() {
            self.resolve_error = Some(Unresolved::by_hook());
            return;
        }
        self.resolved_at.get_or_insert(context.now);
        let (v6, v4): (Vec<_>, Vec<_>) = addresses.into_iter().partition(SocketAddr::is_ipv6);
        self.add(v6.into_iter().chain(v4));
    }

    /// Adds addresses after the others. Addresses without a port get the port of the endpoint.
    fn add(&mut self, addresses: impl Iterator<Item = SocketAddr>) {
        let port = self.port;
        self.untried.extend(addresses.map(|mut address| {
            if address.port() == 0 {
                address.set_port(port);
            }
            Candidate::from(address)
        }));
    }

    /// Returns whether a look-up of this family is in progress.
    fn looks_up(&self, family: Family) -> bool {
        self.lookups.iter().any(|(pending, _)| *pending == family)
    }

    /// A look-up has ended. It may belong to an earlier hop.
    pub(super) fn resolved(
        &mut self,
        name: &str,
        family: Family,
        answer: Result<Vec<SocketAddr>, Unresolved>,
        now: Instant,
    ) {
        if self.name != name || !self.looks_up(family) {
            if let Some(addresses) = self.nat64.resolved(name, family, &answer) {
                self.try_next(addresses);
            }
            return;
        }
        self.lookups.retain(|(pending, _)| *pending != family);
        let mut addresses = match answer {
            Ok(addresses) => addresses,
            Err(why) => {
                // Most names have no IPv6 address, so the error of IPv4 is more useful.
                if family == Family::V4 || self.resolve_error.is_none() {
                    self.resolve_error = Some(why);
                }
                Vec::new()
            }
        };
        addresses.truncate(MAX_ADDRESSES);
        addresses.iter_mut().for_each(|address| address.set_port(self.port));
        if !addresses.is_empty() {
            self.resolved_at.get_or_insert(now);
        }
        match family {
            Family::V6 => {
                self.try_next(addresses.into_iter().map(Candidate::from).collect());
                if self.attempts.is_empty() {
                    self.next_attempt_at = None;
                }
            }
            Family::V4 => {
                if !addresses.is_empty() && self.looks_up(Family::V6) {
                    self.next_attempt_at = Some(now + RESOLUTION_DELAY.min(self.attempt_delay));
                }
                self.untried.extend(addresses.into_iter().map(Candidate::from));
            }
        }
    }

    /// Puts addresses before the others, so that they are tried next.
    fn try_next(&mut self, addresses: Vec<Candidate>) {
        addresses.into_iter().rev().for_each(|address| self.untried.push_front(address));
    }

    /// Returns the time at which [`HappyEyeballs::advance`] can begin the next attempt.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.next_attempt_at.filter(|_| !self.untried.is_empty())
    }

    pub(super) fn phase(&self) -> Phase {
        if self.resolved_at.is_some() { Phase::Connect } else { Phase::Resolve }
    }

    /// Returns the call of `on_resolve`, if it has not answered yet.
    pub(super) fn resolver_call(&self) -> Option<HostCall> {
        self.query.as_ref().map(Query::call)
    }

    /// Returns the call of `on_socket` for one of the addresses, if one has not returned yet. A running call is preferred.
    pub(super) fn socket_call(&self) -> Option<HostCall> {
        let calls = || self.attempts.iter().filter_map(|attempt| attempt.stream.host_call());
        calls().find(|call| *call == HostCall::Runs).or_else(|| calls().next())
    }

    /// Returns whether only look-ups are in progress.
    pub(super) fn is_resolving(&self) -> bool {
        self.is_looking_up() && self.attempts.is_empty() && self.untried.is_empty()
    }

    /// Returns whether a look-up is in progress, or the answer of the host is awaited.
    fn is_looking_up(&self) -> bool {
        self.query.is_some() || !self.lookups.is_empty() || self.nat64.is_looking_up()
    }

    /// The deadline has come. Returns the error of the last attempt, unless another attempt is in progress.
    pub(super) fn give_up(&mut self) -> Option<(Ending, Phase)> {
        self.attempts.is_empty().then(|| self.take_connect_error()).flatten().map(|ending| (ending, Phase::Connect))
    }

    fn take_connect_error(&mut self) -> Option<Ending> {
        let mut ending = self.connect_error.take()?;
        if self.unnamed > 0 {
            ending.message += &format!("; {} more failed", self.unnamed);
        }
        if self.lacks_route {
            ending.message = format!("{}; {}", ending.message, self.nat64.explain());
        }
        Some(ending)
    }

    /// Returns the stream of each attempt. If readiness reports that one has ended or failed, it does not report which one.
    pub(super) fn streams(&mut self) -> impl Iterator<Item = &mut S> {
        self.attempts.iter_mut().map(|attempt| &mut attempt.stream)
    }

    /// Does everything that can be done now.
    pub(super) fn advance<P: Ports<Stream = S>>(&mut self, context: &mut Context<'_, P>) -> Outcome<Connected<S>> {
        let Context { now, network, events, .. } = context;
        let mut at = 0;
        while let Some(attempt) = self.attempts.get_mut(at) {
            match network.poll_connected(&mut attempt.stream) {
                Ok(false) => at += 1,
                Ok(true) => {
                    let Attempt { candidate, stream, number } = self.attempts.swap_remove(at);
                    self.tried.connected(number);
                    // The other attempts are closed at once.
                    self.attempts.clear();
                    self.untried.clear();
                    return Outcome::Done(Connected { stream, address: candidate.address, space: candidate.space() });
                }
                Err(error) => {
                    let Attempt { candidate, number, .. } = self.attempts.remove(at);
                    self.attempt_failed(candidate, number, &error, *network, *events);
                }
            }
        }
        while self.next_attempt_at.is_none_or(|at| *now >= at)
            && let Some(candidate) = self.next_address()
        {
            let (address, space) = (candidate.address, candidate.space());
            // Each address is checked before the connection to it begins, because a name can have any address.
            if space > self.nearest_space {
                events.debug(format_args!("{address} is not tried: a redirect must not lead to {space}"));
                // The error of an address that was tried is more useful, so it is kept.
                self.connect_error
                    .get_or_insert_with(|| leads_nearer(&format!("{} ({address})", self.endpoint), space));
                continue;
            }
            events.debug(format_args!("connecting to {address}"));
            let number = self.tried.begin(address);
            match network.dial(address, &self.local) {
                Ok(stream) => {
                    self.attempts.push(Attempt { candidate, stream, number });
                    self.next_attempt_at = Some(*now + self.attempt_delay);
                }
                Err(error) => self.attempt_failed(candidate, number, &error, *network, *events),
            }
        }
        if self.is_looking_up() || !self.attempts.is_empty() || !self.untried.is_empty() {
            return Outcome::Wait;
        }
        match (self.take_connect_error(), self.resolve_error.take()) {
            (Some(ending), _) => Outcome::Failed(ending, Phase::Connect),
            (None, Some(error)) => Outcome::Failed(error.ending(&self.endpoint), Phase::Resolve),
            (None, None) => Outcome::Failed(Unresolved::no_addresses().ending(&self.endpoint), Phase::Resolve),
        }
    }

    /// Returns the next address to try. The families alternate (section 4), if a look-up has found the addresses.
    fn next_address(&mut self) -> Option<Candidate> {
        if self.name.is_empty() {
            return self.untried.pop_front();
        }
        let other = self.untried.iter().position(|one| Some(Family::of(&one.address)) != self.last_family).unwrap_or(0);
        let candidate = self.untried.remove(other)?;
        self.last_family = Some(Family::of(&candidate.address));
        Some(candidate)
    }

    /// Handles the failure of an attempt. The next attempt begins at once.
    fn attempt_failed(
        &mut self,
        candidate: Candidate,
        number: usize,
        error: &io::Error,
        network: &mut impl Network,
        events: &mut impl Events,
    ) {
        let address = candidate.address;
        self.tried.failed(number, error);
        events.debug(format_args!("{address} failed: {error}"));
        self.next_attempt_at = None;
        let ours = if is_out_of_resources(error) { Error::NoResources } else { Error::Connect };
        let fits = self.local.fits(&address);
        let ending = match &mut self.connect_error {
            // The error of an address that the local address can reach is more useful, so it is kept.
            Some(_) if !fits => return,
            Some(earlier) if earlier.error != Some(Error::Redirect) => {
                let named = std::mem::take(&mut earlier.message);
                let mut ending = Ending::io(ours, &format!("{named}; {address}"), error);
                if ending.message.len() > MAX_FAILURES {
                    ending.message = named;
                    self.unnamed += 1;
                }
                ending
            }
            _ => Ending::io(ours, &format!("connecting to {} ({address}) failed", self.endpoint), error),
        };
        self.connect_error = Some(ending);
        if !fits {
            return;
        }
        self.lacks_route = false;
        if let Some(address) = ipv4(address).filter(|_| says_no_route(error))
            && let Some(addresses) = self.nat64.no_route(address, network)
        {
            events.debug(format_args!("{address} has no route; trying NAT64"));
            self.lacks_route = true;
            self.try_next(addresses);
        }
    }
}

/// Returns the ending for a redirect to a nearer address space than the space of the server that sent it.
pub(super) fn leads_nearer(destination: &str, space: AddressSpace) -> Ending {
    let message = format!(
        "the server redirected the connection to {destination}, {space}, which its own address does not allow; \
         set EGRET_WS_ALLOW_PRIVATE_REDIRECTS to follow such redirects"
    );
    Ending::new(Error::Redirect, Initiator::Local, message)
}

/// Returns the IPv4 address of an endpoint, even if it is mapped into IPv6.
fn ipv4(address: SocketAddr) -> Option<SocketAddrV4> {
    match address {
        SocketAddr::V4(address) => Some(address),
        SocketAddr::V6(address) => Some(SocketAddrV4::new(address.ip().to_ipv4_mapped()?, address.port())),
    }
}

/// Returns whether the error may mean that this machine has no route to the address. Some systems report that they have no
/// address to send from.
fn says_no_route(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NetworkUnreachable | io::ErrorKind::AddrNotAvailable)
}

/// Returns whether the operating system of this machine had no descriptors, ports, threads or memory left.
fn is_out_of_resources(error: &io::Error) -> bool {
    #[cfg(unix)]
    return matches!(
        error.raw_os_error(),
        Some(libc::EAGAIN | libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM)
    );
    #[cfg(not(unix))]
    return matches!(error.kind(), io::ErrorKind::OutOfMemory);
}
