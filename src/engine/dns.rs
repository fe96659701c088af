//! DNS look-ups. They run on worker threads, because the resolver of the system blocks, sometimes for minutes.
//!
//! A call of the resolver cannot be interrupted. If no socket waits for its answer any more (the sockets were closed, timed out,
//! or began again on another network), the call continues as an *abandoned* one. Three limits apply to the calls:
//! - [`MAX_AWAITED_CALLS`] calls at a time for which a socket waits;
//! - [`MAX_CALLS`] in total, so that some abandoned calls take no room from awaited ones;
//! - [`MAX_CALLS_OF_ONE_QUERY`] for one query. The second call begins at once, because another network may answer while the first
//!   call hangs. Further calls begin after waits that double, so that the end of an outage is noticed with few threads. They
//!   begin only while there are fewer than [`MAX_AWAITED_CALLS`] calls in total. The other calls are reserved for names that do
//!   not hang yet.

use super::command_queue::{Command, Resolved};
use super::workers::Workers;
use super::{Shared, SocketShared};
use crate::connection::{Family, Lookup, LookupWatch, MAX_ADDRESSES, Unresolved};
use crate::{failpoint, panics};
use dns_lookup::{AddrFamily, AddrInfoHints, SockType, getaddrinfo};
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{io, mem};

/// The largest number of calls for which a socket waits.
const MAX_AWAITED_CALLS: usize = 64;
/// The largest number of calls in total.
const MAX_CALLS: usize = 96;
/// The largest number of calls for one name and family.
const MAX_CALLS_OF_ONE_QUERY: usize = 5;
/// A second look-up of a name shares the answer of a running call, unless that call began longer ago than this. An old call may
/// hang on a network that no longer exists, while a new call would not.
const SHARE_WINDOW: Duration = Duration::from_secs(1);
/// After this time, queries that wait for a thread are checked again.
const RECHECK_INTERVAL: Duration = Duration::from_secs(1);

/// A name and a family of addresses.
type Query = (Arc<str>, Family);
type Answer = Result<Vec<SocketAddr>, Unresolved>;
type Resolver = Arc<dyn Fn(&Query) -> Answer + Send + Sync>;

/// The look-ups of a loop.
pub struct Dns {
    /// The time at which the next waiting query may begin. `None` if no query waits.
    due: Option<Instant>,
    shared: Arc<DnsShared>,
}

/// The part that the engine and the workers share.
struct DnsShared {
    state: Mutex<State>,
    workers: Workers,
    resolver: Resolver,
    engine: Arc<Shared>,
}

#[derive(Default)]
struct State {
    /// Calls of the resolver that have not returned, the oldest first.
    calls: Vec<Call>,
    /// Queries that have not begun, in order.
    waiting: VecDeque<Waiting>,
    /// The number of the last call.
    last: u64,
}

struct Call {
    number: u64,
    query: Query,
    begun: Instant,
    /// The call was begun after the last change of the network.
    is_fresh: bool,
    waiters: Vec<Waiter>,
}

struct Waiting {
    query: Query,
    waiters: Vec<Waiter>,
}

/// A socket that has asked, and a watch that shows whether it still waits.
struct Waiter {
    socket: Arc<SocketShared>,
    watch: LookupWatch,
}

/// Returns whether one of them still waits. Drops those at the end that do not wait, so that many calls of this check each one
/// only once.
fn is_awaited(waiters: &mut Vec<Waiter>) -> bool {
    while waiters.pop_if(|last| !last.watch.is_wanted()).is_some() {}
    !waiters.is_empty()
}

/// Adds a waiter. When the list would grow, drops waiters that do not wait any more, so that the cost of each waiter is low.
fn add(waiters: &mut Vec<Waiter>, waiter: Waiter) {
    if waiters.len() == waiters.capacity() {
        waiters.retain(|waiter| waiter.watch.is_wanted());
        waiters.reserve(waiters.len() + 1);
    }
    waiters.push(waiter);
}

impl State {
    /// Returns when a call for this query may begin, considering only calls for an equal query. `None`: when one of those calls
    /// has ended.
    fn begins_at(&self, query: &Query, now: Instant) -> Option<Instant> {
        let mut calls = self.calls.iter().filter(|call| call.query == *query);
        let (count, youngest) = (calls.clone().count(), calls.next_back());
        let Some(youngest) = youngest else { return Some(now) };
        match count {
            _ if self.calls.len() >= MAX_AWAITED_CALLS => None,
            1 => Some(youngest.begun),
            MAX_CALLS_OF_ONE_QUERY.. => None,
            _ => Some(youngest.begun + SHARE_WINDOW * (1 << (count - 2))),
        }
    }

    /// Adds a query behind the others. When the list would grow, drops those for which no socket waits any more, so that the cost
    /// of each query is low.
    fn push_waiting(&mut self, query: Query, waiter: Waiter) {
        if self.waiting.len() == self.waiting.capacity() {
            self.waiting.retain_mut(|waiting| is_awaited(&mut waiting.waiters));
            self.waiting.reserve(self.waiting.len() + 1);
        }
        self.waiting.push_back(Waiting { query, waiters: vec![waiter] });
    }

    /// Returns whether one more call may begin.
    fn has_room(&mut self) -> bool {
        let count = self.calls.len();
        let mut awaited =
            || self.calls.iter_mut().filter_map(|call| is_awaited(&mut call.waiters).then_some(())).count();
        count < MAX_CALLS && (count < MAX_AWAITED_CALLS || awaited() < MAX_AWAITED_CALLS)
    }

    /// Takes the next query that can begin, and records it as a call. The cost is limited, even if many queries wait. A query
    /// that cannot begin has a call, so at most [`MAX_CALLS`] of them are before one that can begin. A query without a socket is
    /// dropped.
    fn begin(&mut self, now: Instant) -> Option<(u64, Query)> {
        if !self.has_room() {
            return None;
        }
        let mut at = 0;
        let Waiting { query, waiters } = loop {
            let waiting = self.waiting.get_mut(at)?;
            if !is_awaited(&mut waiting.waiters) {
                self.waiting.remove(at);
                continue;
            }
            if self.begins_at(&self.waiting[at].query, now).is_some_and(|begin| begin <= now) {
                break self.waiting.remove(at)?;
            }
            at += 1;
        };
        self.last += 1;
        let number = self.last;
        self.calls.push(Call { number, query: query.clone(), begun: now, is_fresh: true, waiters });
        Some((number, query))
    }

    /// Returns when [`State::begin`] must be tried again after it has found no query that can begin.
    fn due(&mut self, now: Instant) -> Option<Instant> {
        if self.calls.len() >= MAX_AWAITED_CALLS {
            while self.waiting.front_mut().is_some_and(|first| !is_awaited(&mut first.waiters)) {
                self.waiting.pop_front();
            }
            // Each query waits until a call ends, or until no socket waits for one of the calls.
            return (!self.waiting.is_empty()).then_some(now + RECHECK_INTERVAL);
        }
        // There is room for a call, so each query that waits has a call. So there are few of them.
        let soonest = self.waiting.iter().filter_map(|waiting| self.begins_at(&waiting.query, now)).min();
        let recheck = (!self.waiting.is_empty()).then_some(now + RECHECK_INTERVAL);
        // A query that could have begun by now, but has not begun, found no room.
        soonest.filter(|soonest| *soonest > now).map_or(recheck, |soonest| Some(soonest.min(now + RECHECK_INTERVAL)))
    }
}

impl Dns {
    /// Makes the look-ups of a loop. The answers are sent to `engine`, as commands.
    pub fn new(engine: Arc<Shared>) -> Dns {
        Dns::with_resolver(engine, Arc::new(resolve))
    }

    fn with_resolver(engine: Arc<Shared>, resolver: Resolver) -> Dns {
        let workers = Workers::new("egret-ws-lookup", MAX_CALLS);
        Dns { due: None, shared: Arc::new(DnsShared { state: Mutex::default(), workers, resolver, engine }) }
    }

    /// Looks up the addresses of one family for a name. The caller drops the result when it no longer waits for the answer.
    pub fn look_up(&mut self, name: &str, family: Family, socket: &Arc<SocketShared>) -> Lookup {
        let now = Instant::now();
        let query = (Arc::from(name), family);
        let lookup = Lookup::default();
        let waiter = Waiter { socket: Arc::clone(socket), watch: lookup.watch() };
        let mut state = self.shared.state.lock();
        let youngest = state.calls.iter_mut().rfind(|call| call.query == query);
        if let Some(call) = youngest.filter(|call| call.is_fresh && now.duration_since(call.begun) < SHARE_WINDOW) {
            add(&mut call.waiters, waiter);
            return lookup;
        }
        // This searches all waiting queries. They differ, so their number is at most the number of names that the host uses at a
        // time.
        // Only their lengths and a few characters are compared.
        match state.waiting.iter_mut().find(|waiting| waiting.query == query) {
            Some(waiting) => add(&mut waiting.waiters, waiter),
            None => state.push_waiting(query, waiter),
        }
        drop(state);
        self.begin(now);
        lookup
    }

    /// Returns when [`Dns::start_waiting`] must be called.
    #[inline]
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Begins the waiting queries that can begin now.
    pub fn start_waiting(&mut self) {
        let now = Instant::now();
        if self.due.is_some_and(|due| due <= now) {
            self.begin(now);
        }
    }

    /// Begins a call for each query that can begin.
    fn begin(&mut self, now: Instant) {
        loop {
            let mut state = self.shared.state.lock();
            let Some((number, query)) = state.begin(now) else {
                self.due = state.due(now);
                return;
            };
            drop(state);
            let shared = Arc::clone(&self.shared);
            if let Err(error) = self.shared.workers.run(move || shared.work(number, query)) {
                self.shared.finish(number, &Err(Unresolved::no_thread(&error)));
            }
        }
    }

    /// Handles a change of the network: no socket waits for answers of the old network any more.
    pub fn discard(&mut self) {
        let mut state = self.shared.state.lock();
        for call in &mut state.calls {
            call.is_fresh = false;
            call.waiters.clear();
        }
        // The sockets look up these names again.
        state.waiting.clear();
    }
}

impl Drop for Dns {
    fn drop(&mut self) {
        self.shared.state.lock().waiting.clear();
    }
}

impl DnsShared {
    /// The job of a worker: makes one call after the other.
    fn work(self: Arc<DnsShared>, mut number: u64, mut query: Query) {
        loop {
            let result = panics::catch(|| {
                failpoint::point(failpoint::Place::LookUp);
                (self.resolver)(&query)
            });
            let answer = result.unwrap_or_else(|panicked| {
                let _ = self.engine.push(Command::WorkerPanicked(format!("{panicked}, while a name was looked up")));
                Err(Unresolved::internal())
            });
            self.finish(number, &answer);
            let Some(next) = self.state.lock().begin(Instant::now()) else { return };
            (number, query) = next;
        }
    }

    /// Ends a call: sends the answer to the sockets that still wait.
    fn finish(&self, number: u64, answer: &Answer) {
        let mut state = self.state.lock();
        let Some(at) = state.calls.iter().position(|call| call.number == number) else { return };
        let Call { query: (name, family), waiters, .. } = state.calls.remove(at);
        if state.calls.is_empty() {
            mem::take(&mut state.calls); // frees its memory
        }
        drop(state);
        for Waiter { socket, .. } in waiters.into_iter().filter(|waiter| waiter.watch.is_wanted()) {
            // If this is refused, the engine has ended, and no socket waits.
            let resolved = Box::new(Resolved { name: Arc::clone(&name), family, answer: answer.clone() });
            if self.engine.push(Command::Resolved(socket, resolved)).is_ok() {
                self.engine.wake();
            }
        }
    }
}

/// The system's resolver returns the IPv6 addresses of NAT64 for an IPv4 address.
pub(super) const MAKES_NAT64_ADDRESSES: bool = cfg!(target_vendor = "apple");

/// Calls the system's resolver.
fn resolve((name, family): &Query) -> Answer {
    let address = match family {
        Family::V4 => AddrFamily::Inet,
        Family::V6 => AddrFamily::Inet6,
    };
    let hints =
        AddrInfoHints { socktype: SockType::Stream.into(), address: address.into(), ..AddrInfoHints::default() };
    // It makes them only with its default flags and for both families ("Supporting IPv6 DNS64/NAT64 Networks").
    #[cfg(target_vendor = "apple")]
    let hints = match name.parse::<std::net::Ipv4Addr>() {
        Ok(_) => AddrInfoHints { flags: libc::AI_V4MAPPED_CFG | libc::AI_ADDRCONFIG, address: 0, ..hints },
        Err(_) => hints,
    };
    let failed = |error: dns_lookup::LookupError| Unresolved::io(&io::Error::from(error));
    let found = getaddrinfo(Some(name), None, Some(hints)).map_err(failed)?;
    let is_wanted = |address: &SocketAddr| Family::of(address) == *family;
    Ok(limit_addresses(found.filter_map(Result::ok).map(|info| info.sockaddr).filter(is_wanted)))
}

/// Limits the number of addresses, because a name server may return any number.
fn limit_addresses(addresses: impl Iterator<Item = SocketAddr>) -> Vec<SocketAddr> {
    addresses.take(MAX_ADDRESSES).collect()
}

#[cfg(test)]
mod tests;
