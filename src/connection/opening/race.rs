//! From a name or an address to a TCP connection: the addresses of both families raced, as RFC 8305 ("happy eyeballs") says.
//!
//! ```text
//!   IPv6 addresses ──┐  (IPv4 alone waits 50 ms for them)
//!                    ├──► one by one, families in turn, the next after 250 ms or at a failure ──► the first that connects
//!   IPv4 addresses ──┘                                                                            the others are dropped
//! ```

use super::super::report::{Ending, Initiator, Phase};
use super::super::{Events, Family, Inquiry, Network, Unresolved};
use super::space::Space;
use crate::error::Error;
use crate::transport::Transport;
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Between one attempt and the next (RFC 8305 section 5).
const STAGGER: Duration = Duration::from_millis(250);
/// How long IPv4 addresses wait for IPv6 ones (section 3).
const RESOLUTION_DELAY: Duration = Duration::from_millis(50);
/// A name with more addresses than this, in one family, is not tried at all of them.
pub const MAX_ADDRESSES: usize = 16;

/// A race.
pub(super) struct Race<S> {
    /// Where to, for messages.
    pub(super) whereto: String,
    port: u16,
    /// Looked up and not yet tried.
    waiting: VecDeque<SocketAddr>,
    /// Being tried.
    attempts: Vec<(SocketAddr, S)>,
    /// What was asked for, if it was a name.
    name: String,
    /// Look-ups that are not answered.
    asked: Vec<(Family, Inquiry)>,
    /// No attempt before this.
    not_before: Option<Instant>,
    /// When the first address was there.
    pub(super) resolved_at: Option<Instant>,
    last: Option<Family>,
    unresolved: Option<Unresolved>,
    failure: Option<Ending>,
    /// Addresses of a nearer space than this are not tried.
    nearest: Space,
}

/// What a race came to.
pub(super) enum Raced<S> {
    Running,
    Won { stream: S, address: SocketAddr },
    Lost(Ending, Phase),
}

impl<S: Transport> Race<S> {
    /// A race to the port of a place, which `whereto` names.
    pub(super) fn new(whereto: String, port: u16) -> Race<S> {
        Race {
            whereto,
            port,
            waiting: VecDeque::new(),
            attempts: Vec::new(),
            name: String::new(),
            asked: Vec::new(),
            not_before: None,
            resolved_at: None,
            last: None,
            unresolved: None,
            failure: None,
            nearest: Space::Loopback,
        }
    }

    /// Limits the addresses to this space and farther ones: that of the server that sent the redirect.
    pub(super) fn not_nearer_than(self, nearest: Space) -> Race<S> {
        Race { nearest, ..self }
    }

    /// The addresses are known.
    pub(super) fn with_addresses(mut self, addresses: &[SocketAddr], now: Instant) -> Race<S> {
        self.waiting.extend(addresses);
        self.resolved_at = Some(now);
        self
    }

    /// The addresses are to be looked up.
    pub(super) fn with_name<N>(mut self, name: &str, families: &[Family], network: &mut N) -> Race<S>
    where
        N: Network<Stream = S>,
    {
        name.clone_into(&mut self.name);
        self.asked.extend(families.iter().map(|family| (*family, network.resolve(name, *family))));
        self
    }

    /// Is there no answer yet for this family?
    fn asks(&self, family: Family) -> bool {
        self.asked.iter().any(|(asked, _)| *asked == family)
    }

    /// A look-up was answered. It may be one of a hop before this.
    pub(super) fn resolved(
        &mut self,
        name: &str,
        family: Family,
        answer: Result<Vec<SocketAddr>, Unresolved>,
        now: Instant,
    ) {
        if self.name != name || !self.asks(family) {
            return;
        }
        self.asked.retain(|(asked, _)| *asked != family);
        let mut addresses = match answer {
            Ok(addresses) => addresses,
            Err(why) => {
                // Of IPv6 it says little that there is none.
                if family == Family::V4 || self.unresolved.is_none() {
                    self.unresolved = Some(why);
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
                for address in addresses.into_iter().rev() {
                    self.waiting.push_front(address);
                }
                if self.attempts.is_empty() {
                    self.not_before = None;
                }
            }
            Family::V4 => {
                if !addresses.is_empty() && self.asks(Family::V6) {
                    self.not_before = Some(now + RESOLUTION_DELAY);
                }
                self.waiting.extend(addresses);
            }
        }
    }

    /// When [`Race::advance`] can go on by itself.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.not_before.filter(|_| !self.waiting.is_empty())
    }

    /// Has an attempt been made?
    pub(super) fn phase(&self) -> Phase {
        if self.resolved_at.is_some() { Phase::Connect } else { Phase::Resolve }
    }

    /// Is there nothing to do but to wait for look-ups?
    pub(super) fn waits_for_names(&self) -> bool {
        !self.asked.is_empty() && self.attempts.is_empty() && self.waiting.is_empty()
    }

    /// The time is over: how the last attempt failed, if none is under way.
    pub(super) fn give_up(&mut self) -> Option<(Ending, Phase)> {
        self.failure.take_if(|_| self.attempts.is_empty()).map(|failure| (failure, Phase::Connect))
    }

    /// Readiness told that a stream has ended or failed; which, is not known.
    pub(super) fn note_hangup(&mut self) {
        for (_, stream) in &mut self.attempts {
            stream.note_hangup();
        }
    }

    /// Does all that can be done now.
    pub(super) fn advance<N, E>(&mut self, now: Instant, network: &mut N, events: &mut E) -> Raced<S>
    where
        N: Network<Stream = S>,
        E: Events,
    {
        let mut at = 0;
        while let Some((_, stream)) = self.attempts.get_mut(at) {
            match stream.poll_connected() {
                Ok(false) => at += 1,
                Ok(true) => {
                    let (address, stream) = self.attempts.swap_remove(at);
                    // The others are closed at once.
                    self.attempts.clear();
                    self.waiting.clear();
                    return Raced::Won { stream, address };
                }
                Err(error) => {
                    let (address, _) = self.attempts.remove(at);
                    self.failed(address, &error, events);
                }
            }
        }
        while self.not_before.is_none_or(|at| now >= at)
            && let Some(address) = self.next_address()
        {
            // Checked for each address that is dialled, because a name can have any address.
            let space = Space::of(address.ip());
            if space > self.nearest {
                events.step(format_args!("{address} is not dialled: a redirect must not lead to {space}"));
                // A failure of a dialled address says more, so it is kept.
                self.failure.get_or_insert_with(|| leads_nearer(&format!("{} ({address})", self.whereto), space));
                continue;
            }
            events.step(format_args!("connecting to {address}"));
            match network.dial(address) {
                Ok(stream) => {
                    self.attempts.push((address, stream));
                    self.not_before = Some(now + STAGGER);
                }
                Err(error) => self.failed(address, &error, events),
            }
        }
        if !(self.attempts.is_empty() && self.waiting.is_empty() && self.asked.is_empty()) {
            return Raced::Running;
        }
        match (self.failure.take(), self.unresolved.take()) {
            (Some(failure), _) => Raced::Lost(failure, Phase::Connect),
            (None, Some(why)) => Raced::Lost(why.ending(&self.whereto), Phase::Resolve),
            (None, None) => Raced::Lost(Unresolved::none().ending(&self.whereto), Phase::Resolve),
        }
    }

    /// The families take turns (section 4).
    fn next_address(&mut self) -> Option<SocketAddr> {
        let other = self.waiting.iter().position(|address| Some(Family::of(address)) != self.last).unwrap_or(0);
        let address = self.waiting.remove(other)?;
        self.last = Some(Family::of(&address));
        Some(address)
    }

    /// The next is tried at once.
    fn failed<E: Events>(&mut self, address: SocketAddr, error: &io::Error, events: &mut E) {
        events.step(format_args!("{address} failed: {error}"));
        self.not_before = None;
        let ours = if is_out_of_resources(error) { Error::NoResources } else { Error::Connect };
        self.failure = Some(Ending::io(ours, &format!("connecting to {} ({address}) failed", self.whereto), error));
    }
}

/// The ending for a redirect that leads to a nearer space than that of the server that sent it.
pub(super) fn leads_nearer(whereto: &str, space: Space) -> Ending {
    let message = format!(
        "the server redirected the connection to {whereto}, {space}, which its own address does not allow; \
         set EGRET_WS_REDIRECT_TO_PRIVATE to follow such redirects"
    );
    Ending::new(Error::Redirect, Initiator::Local, message)
}

/// Was it the operating system of this machine that had none left: descriptors, ports, memory?
fn is_out_of_resources(error: &io::Error) -> bool {
    #[cfg(unix)]
    return matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM));
    #[cfg(not(unix))]
    return matches!(error.kind(), io::ErrorKind::OutOfMemory);
}
