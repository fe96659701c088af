//! Turns connections: readiness, timers, wake-ups, name look-ups. One pass is [`Engine::turn`]; a thread of the loop's own
//! or the host's poll calls it, and that is all that differs between the two.
//!
//! ```text
//!   host threads ── Command ──► Shared ──► Engine::turn ──► Connection ──► network
//!   host's poll ◄─── Batch ──── Shared ◄──────┘    ▲
//!                                                  └── readiness, deadlines, look-ups
//! ```

mod bell;
mod clock;
mod connectors;
pub mod inbox;
mod link;
mod lookup;
mod shared;
pub mod thread;
mod workers;
mod world;

pub use bell::Wakeup;
pub use link::Link;
pub use shared::{Command, Shared};

use crate::connection::report::{Ending, Phase, Report};
use crate::connection::{Connection, Context, Plan, Turn};
use crate::fault;
use crate::log::Log;
use crate::panics::{self, Panicked};
use crate::protocol::close;
use crate::transport::tcp::Tcp;
use clock::{Clock, Gap};
use connectors::Connectors;
use inbox::Batch;
use lookup::Lookups;
use mio::{Poll, Token, Waker};
use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};
use world::{Delivery, Net};

/// The buffer into which every connection reads, one at a time; a batch may take it along, and leaves another.
const READ_BUFFER: usize = 64 * 1024;
/// Events are handed over before the pass ends when their payloads reach this size.
const PUBLISH_AT: usize = 256 * 1024;
/// How soon it is tried again to publish events for which there was no memory.
const UNPUBLISHED: Duration = Duration::from_millis(10);
/// Readiness events a pass.
const MAX_READY: usize = 256;
const WAKER: Token = Token(usize::MAX);

/// All connections of a loop.
pub struct Engine {
    shared: Arc<Shared>,
    poll: Poll,
    readiness: mio::Events,
    /// Keys of connections that are ready in this pass, and whether their stream has ended or failed.
    ready: Vec<(usize, bool)>,
    /// Keys of connections that stopped so that others got their turn.
    again: Vec<usize>,
    /// By [`Link::key`].
    entries: Vec<Option<Entry>>,
    live: usize,
    timers: BTreeSet<(Instant, usize)>,
    /// Taken from the host, and not yet run.
    commands: VecDeque<Command>,
    lookups: Lookups,
    connectors: Connectors,
    buffer: Box<[u8]>,
    batch: Box<Batch>,
    clock: Clock,
    now: Instant,
    stop_at: Option<Instant>,
    /// How long after the last turn the next one is meant to be, as [`Engine::next_turn`] has told; `None`: at any time.
    put_off: Option<Duration>,
    /// What [`Command::Suspend`] does: close what is open, or have the time stand still.
    closes_on_suspend: bool,
    suspended: bool,
    /// [`Command::NetworkChanged`] came meanwhile.
    network_changed: bool,
    /// A poll waited for what was published.
    woke: bool,
}

struct Entry {
    link: Arc<Link>,
    connection: Connection<Tcp>,
    timer: Option<Instant>,
    in_again: bool,
    told_closed: bool,
}

/// What a connection is to do.
type Act<'a> = &'a mut dyn FnMut(&mut Connection<Tcp>, &mut Context<'_, Net<'_>, Delivery<'_>>) -> Turn;

impl Engine {
    /// An engine without connections. Fails when the operating system has no descriptors left.
    /// `by_poll`: it is the host's poll that turns it.
    pub fn new(log: Arc<Log>, by_poll: bool, closes_on_suspend: bool) -> io::Result<Engine> {
        let poll = Poll::new()?;
        let waker = Waker::new(poll.registry(), WAKER)?;
        let shared = Arc::new(Shared::new(waker, log, by_poll));
        Ok(Engine {
            lookups: Lookups::new(Arc::clone(&shared)),
            connectors: Connectors::new(Arc::clone(&shared)),
            shared,
            poll,
            readiness: mio::Events::with_capacity(MAX_READY),
            ready: Vec::new(),
            again: Vec::new(),
            entries: Vec::new(),
            live: 0,
            timers: BTreeSet::new(),
            commands: VecDeque::new(),
            buffer: vec![0; READ_BUFFER + 1].into_boxed_slice(), // and a NUL
            batch: Box::default(),
            clock: Clock::new(),
            now: Instant::now(),
            stop_at: None,
            put_off: Some(Duration::ZERO),
            closes_on_suspend,
            suspended: false,
            network_changed: false,
            woke: false,
        })
    }

    /// What can be read from when there is readiness to be told.
    #[cfg(unix)]
    pub fn descriptor(&self) -> std::os::fd::RawFd {
        use std::os::fd::AsRawFd;
        self.poll.as_raw_fd()
    }

    /// When it last looked at the clock.
    pub fn looked(&self) -> Instant {
        self.clock.looked()
    }

    /// What it shares with the host.
    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// After [`Command::Stop`]: nothing is left to do, or no time to do it.
    pub fn is_stopped(&self) -> bool {
        self.stop_at.is_some_and(|stop_at| self.live == 0 || self.now >= stop_at)
    }

    /// One pass: commands, then sleep until something is ready, at most `wait` (`None`: without limit), then all that is
    /// ready. It does not sleep if it has told events. [`Engine::publish`] or [`Engine::hand_over`] is to follow.
    pub fn turn(&mut self, wait: Option<Duration>) -> io::Result<()> {
        fault::point(fault::Place::Engine);
        let meant = self.put_off.replace(Duration::ZERO);
        let idle = self.look(meant);
        self.run_commands();
        if self.is_stopped() {
            return Ok(());
        }
        let mut sleep = earlier(wait, self.next_timer());
        if self.publish() || !self.again.is_empty() {
            sleep = Some(Duration::ZERO);
        }
        if !self.batch.is_empty() {
            sleep = earlier(sleep, Some(UNPUBLISHED));
        }
        let sleeps = sleep != Some(Duration::ZERO);
        if sleeps && !self.shared.fall_asleep() {
            sleep = Some(Duration::ZERO);
        }
        let mut polled = self.poll.poll(&mut self.readiness, sleep);
        if sleeps {
            self.shared.awake();
        }
        if polled.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::Interrupted) {
            // By a signal, or after this process was stopped: what has come is to be read before a deadline is looked at.
            polled = self.poll.poll(&mut self.readiness, Some(Duration::ZERO));
        }
        match polled {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
            Err(_) => {}
            Ok(()) => {
                let ready = self.readiness.iter().filter(|event| event.token() != WAKER);
                self.ready.extend(ready.map(|event| (event.token().0, event.is_read_closed() || event.is_error())));
            }
        }
        // Without a sleep, what was looked at before it is true still.
        let gap = if sleeps { self.look(sleep).or(idle) } else { idle };
        self.turn_ready();
        if let Some(gap) = gap {
            self.slept(gap);
        }
        self.expire();
        self.run_commands();
        Ok(())
    }

    /// Has the connection in this place write what the host has sent.
    pub fn flush(&mut self, key: usize) {
        self.with(key, |connection, context| connection.flush(context));
    }

    /// How long until there is something to do by the clock.
    #[inline]
    fn next_timer(&self) -> Option<Duration> {
        let timer = self.timers.first().map(|(deadline, _)| *deadline).filter(|_| !self.clock.stands());
        earlier(timer, self.stop_at).map(|at| at.saturating_duration_since(self.now))
    }

    /// How long [`Engine::turn`] can be put off if no readiness is told: `None` for ever.
    pub fn next_turn(&mut self) -> Option<Duration> {
        let wait = if !self.again.is_empty() || self.shared.has_commands() {
            Some(Duration::ZERO)
        } else {
            let since = self.clock.now().saturating_duration_since(self.now);
            self.next_timer().map(|timer| timer.saturating_sub(since))
        };
        self.put_off = wait.map(|wait| self.clock.since_look() + wait);
        wait
    }

    fn look(&mut self, meant: Option<Duration>) -> Option<Gap> {
        let (now, gap) = self.clock.look(meant);
        self.now = now;
        gap
    }

    /// All keys in use.
    fn keys(&self) -> Vec<usize> {
        (0..self.entries.len()).filter(|key| self.entries[*key].is_some()).collect()
    }

    fn slept(&mut self, gap: Gap) {
        self.shared.log.info(0, format_args!("did not run for a while ({gap:?})"));
        for key in self.keys() {
            self.with_seldom(key, &mut |connection, context| connection.slept(gap == Gap::Machine, context));
        }
    }

    fn suspend(&mut self) {
        if self.stop_at.is_some() || std::mem::replace(&mut self.suspended, true) {
            return;
        }
        self.shared.log.info(0, format_args!("suspended"));
        if self.closes_on_suspend {
            for key in self.keys() {
                self.with_seldom(key, &mut |connection, context| connection.suspend(context));
            }
        } else {
            self.clock.stop();
        }
    }

    fn resume(&mut self) {
        self.suspended = false;
        self.clock.go_on();
        self.now = self.clock.now();
        self.shared.log.info(0, format_args!("resumed"));
        if std::mem::take(&mut self.network_changed) {
            self.lookups.forget();
        }
        self.probe();
    }

    fn change_network(&mut self) {
        if self.suspended {
            self.network_changed = true;
            return;
        }
        self.shared.log.info(0, format_args!("the network has changed"));
        self.lookups.forget();
        self.probe();
    }

    fn probe(&mut self) {
        for key in self.keys() {
            self.with_seldom(key, &mut |connection, context| connection.probe(context));
        }
    }

    fn turn_ready(&mut self) {
        if !self.again.is_empty() {
            // Who has its turn anyway has it once.
            self.ready.retain(|(key, end_is_near)| match self.entries.get_mut(*key) {
                Some(Some(entry)) if entry.in_again => {
                    if *end_is_near {
                        entry.connection.end_is_near();
                    }
                    false
                }
                _ => true,
            });
        }
        for &key in &self.again {
            if let Some(entry) = self.entries.get_mut(key).and_then(Option::as_mut) {
                entry.in_again = false;
                self.ready.push((key, false));
            }
        }
        self.again.clear();
        for at in 0..self.ready.len() {
            let (key, end_is_near) = self.ready[at];
            self.with(key, |connection, context| {
                if end_is_near {
                    connection.end_is_near();
                }
                connection.turn(context)
            });
        }
        self.ready.clear();
    }

    fn expire(&mut self) {
        // Each timer once, so that one that does not move on can keep nothing else from being done.
        for _ in 0..self.timers.len() {
            let due = self.timers.first().copied().filter(|(deadline, _)| *deadline <= self.now);
            let Some((_, key)) = due else { return };
            self.timers.pop_first();
            if let Some(entry) = self.entries.get_mut(key).and_then(Option::as_mut) {
                entry.timer = None;
            }
            self.with_seldom(key, &mut |connection, context| connection.expire(context));
        }
    }

    /// Does what the host has asked for so far.
    pub fn run_commands(&mut self) {
        if !self.shared.has_commands() {
            return;
        }
        self.shared.take_commands(&mut self.commands);
        let mut is_now = false;
        while let Some(command) = self.commands.pop_front() {
            // Writing needs no clock; what else is asked for may come long after it was read.
            if !matches!(command, Command::Flush(_)) && !std::mem::replace(&mut is_now, true) {
                self.now = self.clock.now();
            }
            self.run(command);
        }
    }

    fn run(&mut self, command: Command) {
        match command {
            Command::Connect(link, plan) => self.connect(link, plan),
            Command::Resolved(link, name, family, answer) => {
                self.with_link(&link, &mut |connection, context| {
                    connection.resolved(&name, family, answer.clone(), context)
                });
            }
            Command::Made(settings, made) => {
                for link in self.connectors.made(settings, &made) {
                    self.with_link(&link, &mut |connection, context| connection.prepared(made.clone(), context));
                }
            }
            Command::Panicked(text) => self.shared.log.error(0, format_args!("{text}")),
            Command::Flush(key) => self.flush(key),
            Command::Close(link) => self.with_link(&link, &mut |connection, context| connection.close(context)),
            Command::Read(link) => self.with_link(&link, &mut |connection, context| connection.turn(context)),
            Command::RetryNow(link) => self.with_link(&link, &mut |connection, context| connection.retry_now(context)),
            Command::Ping(link) => self.with_link(&link, &mut |connection, context| connection.ping(context)),
            Command::Suspend => self.suspend(),
            Command::Resume => self.resume(),
            Command::NetworkChanged => self.change_network(),
            Command::Free(link) => self.say_goodbye(&link),
            Command::Stop(linger) => {
                self.suspended = false;
                self.clock.go_on();
                self.now = self.clock.now();
                self.stop_at = Some(self.now + linger);
                let links: Vec<_> = self.entries.iter().flatten().map(|entry| Arc::clone(&entry.link)).collect();
                for link in links {
                    link.free();
                    self.say_goodbye(&link);
                }
            }
        }
    }

    /// Nobody listens any more: an open connection ends with 1001 (going away), one that is closing goes on.
    fn say_goodbye(&mut self, link: &Arc<Link>) {
        link.outbox.lock().forsake(&close::GOING_AWAY.to_be_bytes());
        // Also reads again what a full queue had stopped.
        self.with_link(link, &mut |connection, context| match connection.close(context) {
            Turn::Wait => connection.turn(context),
            Turn::Again => Turn::Again,
        });
    }

    fn connect(&mut self, link: Arc<Link>, plan: Box<Plan>) {
        let key = link.key;
        if self.entries.len() <= key {
            self.entries.resize_with(key + 1, || None);
        }
        self.shared.log.debug(link.id, format_args!("connecting to {}", plan.target));
        let mut told_closed = false;
        let begun = panics::catch(|| {
            let mut network = Net {
                registry: self.poll.registry(),
                clock: &self.clock,
                lookups: &self.lookups,
                connectors: &mut self.connectors,
                link: &link,
                suspended: self.suspended,
            };
            let buffer = &mut self.buffer[..READ_BUFFER];
            let mut events = Delivery {
                batch: &mut self.batch,
                buffer: buffer.as_ptr().addr(),
                link: &link,
                log: &self.shared.log,
                told_closed: &mut told_closed,
            };
            let mut context =
                Context { now: self.now, buffer, network: &mut network, events: &mut events, outbox: &link.outbox };
            fault::point(fault::Place::Connection);
            Connection::begin(plan, &mut context)
        });
        // It has no messages yet.
        let _ = self.batch.keep(&mut self.buffer);
        match begun {
            Ok(connection) if !connection.is_closed() => {
                self.entries[key] = Some(Entry { link, connection, timer: None, in_again: false, told_closed });
                self.live += 1;
                self.set_timer(key);
                // The host may have closed it already.
                let closed = self.entries[key].as_ref().is_some_and(|entry| entry.link.outbox.lock().is_sealed());
                if closed {
                    self.with_seldom(key, &mut |connection, context| connection.close(context));
                }
            }
            Ok(_) => {}
            Err(panicked) => {
                link.outbox.lock().shut_down();
                if !told_closed {
                    self.batch.closed(key, Report::new(Ending::internal(), Phase::Connect), None);
                }
                self.shared.log.error(link.id, format_args!("{panicked}, while a connection was begun"));
            }
        }
    }

    /// Lets a connection do something, if it is still the one meant.
    fn with_link(&mut self, link: &Arc<Link>, act: Act<'_>) {
        let entry = self.entries.get(link.key).and_then(Option::as_ref);
        if entry.is_some_and(|entry| Arc::ptr_eq(&entry.link, link)) {
            self.with_seldom(link.key, act);
        }
    }

    /// As [`Engine::with`], which is compiled for each call of it, of what is not for each message.
    fn with_seldom(&mut self, key: usize, act: Act<'_>) {
        self.with(key, act);
    }

    /// Lets a connection do something, then looks after its timer, its next turn and its end. A panic ends that
    /// connection only.
    fn with(
        &mut self,
        key: usize,
        act: impl FnOnce(&mut Connection<Tcp>, &mut Context<'_, Net<'_>, Delivery<'_>>) -> Turn,
    ) {
        let Some(Some(entry)) = self.entries.get_mut(key) else { return };
        let Entry { link, connection, told_closed, .. } = entry;
        let mut network = Net {
            registry: self.poll.registry(),
            clock: &self.clock,
            lookups: &self.lookups,
            connectors: &mut self.connectors,
            link,
            suspended: self.suspended,
        };
        let buffer = &mut self.buffer[..READ_BUFFER];
        let mut events = Delivery {
            batch: &mut self.batch,
            buffer: buffer.as_ptr().addr(),
            link,
            log: &self.shared.log,
            told_closed,
        };
        let mut context =
            Context { now: self.now, buffer, network: &mut network, events: &mut events, outbox: &link.outbox };
        let turn = panics::catch(|| act(connection, &mut context));
        let turn = turn.map_err(|panicked| self.log_panic(key, &panicked)).ok();
        self.look_after(key, turn);
    }

    #[cold]
    #[inline(never)]
    fn log_panic(&self, key: usize, panicked: &Panicked) {
        let id = self.entries.get(key).and_then(Option::as_ref).map_or(0, |entry| entry.link.id);
        self.shared.log.error(id, format_args!("{panicked}, in a connection"));
    }

    /// What follows when a connection has done something; `None`: it panicked, which is logged. Compiled once, and not for each
    /// thing that it can do.
    #[inline(never)]
    fn look_after(&mut self, key: usize, turn: Option<Turn>) {
        if !self.batch.keep(&mut self.buffer) {
            self.end_without_memory(key);
        }
        let Some(Some(entry)) = self.entries.get_mut(key) else { return };
        match turn {
            Some(Turn::Again) if !entry.connection.is_closed() => {
                if !std::mem::replace(&mut entry.in_again, true) {
                    self.again.push(key);
                }
            }
            Some(_) => {}
            None => self.abandon(key, Ending::internal()),
        }
        let Some(Some(entry)) = self.entries.get(key) else { return };
        if entry.told_closed {
            self.remove(key);
        } else {
            self.set_timer(key);
        }
        if self.batch.flat_len() > PUBLISH_AT {
            self.publish();
        }
    }

    /// Messages of a connection were dropped: nothing may follow them.
    #[cold]
    fn end_without_memory(&mut self, key: usize) {
        let dropped = self.batch.take_dropped();
        let Some(Some(entry)) = self.entries.get(key) else { return };
        dropped.iter().for_each(|len| entry.link.not_enqueued(*len as usize));
        if !entry.told_closed {
            self.abandon(key, Ending::no_memory("there is no memory for messages of the peer"));
        }
    }

    /// Ends a connection at once, whatever state a panic may have left it in.
    fn abandon(&mut self, key: usize, ending: Ending) {
        let Some(Some(entry)) = self.entries.get_mut(key) else { return };
        let Entry { link, connection, told_closed, .. } = entry;
        let mut events = Delivery {
            batch: &mut self.batch,
            buffer: self.buffer.as_ptr().addr(),
            link,
            log: &self.shared.log,
            told_closed,
        };
        let ended = panics::catch(|| connection.abandon(ending.clone(), self.now, &link.outbox, &mut events));
        if let Err(panicked) = &ended {
            self.shared.log.error(link.id, format_args!("{panicked}, while a connection was ended"));
        }
        if ended.is_err() || !*told_closed {
            link.outbox.lock().shut_down();
            self.batch.closed(key, Report::new(ending, Phase::Open), None);
            *told_closed = true;
        }
    }

    fn remove(&mut self, key: usize) {
        if let Some(entry) = self.entries[key].take() {
            self.live -= 1;
            if let Some(timer) = entry.timer {
                self.timers.remove(&(timer, key));
            }
        }
    }

    #[inline]
    fn set_timer(&mut self, key: usize) {
        let Some(Some(entry)) = self.entries.get_mut(key) else { return };
        let deadline = entry.connection.deadline();
        if deadline != entry.timer {
            let before = std::mem::replace(&mut entry.timer, deadline);
            self.move_timer(key, before, deadline);
        }
    }

    #[cold]
    fn move_timer(&mut self, key: usize, from: Option<Instant>, to: Option<Instant>) {
        if let Some(from) = from {
            self.timers.remove(&(from, key));
        }
        if let Some(to) = to {
            self.timers.insert((to, key));
        }
    }

    /// Puts the events into an empty batch of the poll that turns this engine, unless there are older ones to be taken before.
    pub fn hand_over(&mut self, empty: &mut Box<Batch>) {
        if self.batch.is_empty() {
            return;
        }
        if empty.is_empty() && !self.shared.due.load(SeqCst) {
            std::mem::swap(&mut self.batch, empty);
        } else {
            self.publish();
        }
    }

    /// Hands the events over. False if there are none, or if there is no memory for them before the host has taken earlier ones.
    pub fn publish(&mut self) -> bool {
        if self.batch.is_empty() {
            return false;
        }
        match self.shared.publish(&mut self.batch) {
            Ok(woke) => {
                self.woke |= woke;
                self.batch.clear();
                true
            }
            Err(_) => false,
        }
    }

    /// Has a poll waited for what was published since this was last asked?
    pub fn take_woke(&mut self) -> bool {
        std::mem::take(&mut self.woke)
    }

    /// The engine itself has failed: every connection ends with `EGRET_WS_ERR_INTERNAL`.
    pub fn fail(&mut self, why: std::fmt::Arguments<'_>) {
        self.shared.log.error(0, format_args!("the engine has failed: {why}"));
        self.end_all(true);
    }

    /// The engine ends: every connection that is left ends at once, and no command is taken any more.
    pub fn end(&mut self) {
        self.end_all(false);
    }

    fn end_all(&mut self, failed: bool) {
        let ending = if failed { Ending::internal() } else { Ending::freed() };
        let left = self.shared.close_commands(failed);
        for command in std::mem::take(&mut self.commands).into_iter().chain(left) {
            if let Command::Connect(link, _) = command {
                link.outbox.lock().shut_down();
                self.batch.closed(link.key, Report::new(ending.clone(), Phase::Resolve), None);
            }
        }
        for key in 0..self.entries.len() {
            self.abandon(key, ending.clone());
            self.remove(key);
        }
        if !self.publish() && !self.batch.is_empty() {
            // Messages are dropped, and their connections' reports say so; what is left needs little memory.
            self.batch.drop_all_messages();
            self.publish();
        }
        self.shared.fall_silent();
    }
}

/// The one that comes first, of what may be without an end.
#[inline]
fn earlier<T: Ord>(one: Option<T>, other: Option<T>) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
