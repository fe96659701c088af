//! Turns connections: readiness, timers, wake-ups, name look-ups. One pass is [`Engine::turn`]; a thread of the loop's own
//! or the host's poll calls it, and that is all that differs between the two.
//!
//! ```text
//!   host threads ── Command ──► Shared ──► Engine::turn ──► Connection ──► network
//!   host's poll ◄─── Batch ──── Shared ◄──────┘    ▲
//!                                                  └── readiness, deadlines, look-ups
//! ```

pub mod batch;
mod clock;
pub mod commands;
mod dns;
mod notifier;
mod orders;
mod pass;
mod ports;
mod shared;
mod slice;
mod socket_shared;
pub mod table;
#[cfg(test)]
mod tests;
pub mod thread;
mod tls_cache;
mod workers;

pub use commands::Wish;
pub use notifier::Wakeup;
pub use pass::PASS;
pub use shared::Shared;
pub use socket_shared::{Ask, SocketShared};

use crate::buffer_pool::NoMemory;
use crate::connection::report::{Ending, Phase, Report};
use crate::connection::{Connection, Context, Prepared, Turn, report_before_begin};
use crate::log::Log;
use crate::panics::{self, Panicked};
use crate::transport::tcp::Tcp;
use crate::transport::tls::Settings;
use batch::Batch;
use clock::Clock;
use commands::{Command, Commands, Next};
use dns::Dns;
use mio::{Poll, Token, Waker};
use orders::Round;
use ports::{Delivery, Net};
use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};
use table::Table;
use tls_cache::TlsCache;

/// The buffer into which every connection reads, one at a time; a batch may take it along, and leaves another.
const READ_BUFFER: usize = 64 * 1024;
/// Events are handed over before the pass ends when their payloads reach this size.
const PUBLISH_AT: usize = 256 * 1024;
/// Events for which there was no memory are published again after this time.
const UNPUBLISHED: Duration = Duration::from_millis(10);
/// Readiness events a pass.
const MAX_READY: usize = 256;
const WAKER: Token = Token(usize::MAX);

/// The result of [`Engine::publish`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Published {
    /// There were no events.
    Nothing,
    /// The host can take the events.
    All,
    /// There is no memory for the events until the host has taken earlier ones.
    Later,
}

/// All connections of a loop.
pub struct Engine {
    shared: Arc<Shared>,
    poll: Poll,
    readiness: mio::Events,
    /// Keys of the connections that have work, in order: those that are ready, and those that have used up their budget. Each key is
    /// here at most once.
    turns: Vec<usize>,
    /// By [`SocketShared::key`].
    entries: Table<Entry>,
    live: usize,
    timers: BTreeSet<(Instant, usize)>,
    /// Taken from the host, and not yet run.
    commands: Commands,
    /// Connections that have waited for a TLS connector, and what became of it.
    prepared: VecDeque<Waiter>,
    /// A round that has not ended.
    round: Option<Round>,
    /// There is a round, or `prepared` is not empty.
    has_more: bool,
    /// The number of the last round.
    rounds: u64,
    /// The longest time of a pass.
    limit: Duration,
    /// The last pass had no time for everything.
    has_left: bool,
    dns: Dns,
    tls_cache: TlsCache,
    buffer: Box<[u8]>,
    batch: Box<Batch>,
    clock: Clock,
    now: Instant,
    stop_at: Option<Instant>,
    /// How long after the last turn the next one is meant to be, as [`Engine::next_turn`] has told; `None`: at any time.
    put_off: Option<Duration>,
    /// [`Wish::Suspend`] closes open connections. Otherwise it stops the loop's clock.
    closes_on_suspend: bool,
    suspended: bool,
    /// [`Wish::NetworkChanged`] came during a suspend.
    network_changed: bool,
    /// A poll waited for what was published.
    woke: bool,
}

/// A connection that has waited for a TLS connector, the settings that it was to be made of, and what became of it.
struct Waiter {
    socket: Arc<SocketShared>,
    settings: Arc<Settings>,
    made: Prepared,
}

struct Entry {
    socket: Arc<SocketShared>,
    connection: Connection<Tcp>,
    timer: Option<Instant>,
    /// Its key is in `turns`.
    in_turns: bool,
    /// The number of the last round that has reached this connection, or that began before it was made.
    round: u64,
    told_closed: bool,
}

/// What a connection is to do.
type Act<'a> = &'a mut dyn FnMut(&mut Connection<Tcp>, &mut Context<'_, Net<'_>, Delivery<'_>>) -> Turn;

impl Engine {
    /// An engine without connections. Fails when the operating system has no descriptors left.
    /// `by_poll`: the host's poll runs it. `limit`: the longest time of a pass, approximately.
    pub fn new(log: Arc<Log>, by_poll: bool, closes_on_suspend: bool, limit: Duration) -> io::Result<Engine> {
        let poll = Poll::new()?;
        let waker = Waker::new(poll.registry(), WAKER)?;
        let shared = Arc::new(Shared::new(waker, log, by_poll));
        Ok(Engine {
            dns: Dns::new(Arc::clone(&shared)),
            tls_cache: TlsCache::new(Arc::clone(&shared)),
            shared,
            poll,
            readiness: mio::Events::with_capacity(MAX_READY),
            turns: Vec::new(),
            entries: Table::default(),
            live: 0,
            timers: BTreeSet::new(),
            commands: Commands::default(),
            prepared: VecDeque::new(),
            round: None,
            has_more: false,
            rounds: 0,
            limit,
            has_left: false,
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

    /// The loop is being freed, and no connection or no time is left.
    pub fn is_stopped(&self) -> bool {
        self.stop_at.is_some_and(|stop_at| self.live == 0 || self.now >= stop_at)
    }

    /// Has the connection in this place write what the host has sent.
    pub fn flush(&mut self, key: usize) {
        self.with(key, |connection, context| connection.flush(context));
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
        let Entry { socket, connection, told_closed, .. } = entry;
        let mut network = Net {
            registry: self.poll.registry(),
            clock: &self.clock,
            dns: &mut self.dns,
            tls_cache: &mut self.tls_cache,
            socket,
            suspended: self.suspended,
        };
        let buffer = &mut self.buffer[..READ_BUFFER];
        let mut events = Delivery {
            batch: &mut self.batch,
            buffer: buffer.as_ptr().addr(),
            socket,
            log: &self.shared.log,
            told_closed,
        };
        let mut context =
            Context { now: self.now, buffer, network: &mut network, events: &mut events, outbox: &socket.outbox };
        let turn = panics::catch(|| act(connection, &mut context));
        let turn = turn.map_err(|panicked| self.log_panic(key, &panicked)).ok();
        self.look_after(key, turn);
    }

    #[cold]
    #[inline(never)]
    fn log_panic(&self, key: usize, panicked: &Panicked) {
        let id = self.entries.get(key).and_then(Option::as_ref).map_or(0, |entry| entry.socket.id);
        self.shared.log.error(id, format_args!("{panicked}, in a connection"));
    }

    /// Updates timer, turn and end of a connection after it ran; `None`: it panicked, which was logged. A function of its own, so that
    /// it is compiled once and not with each caller of [`Engine::with`].
    #[inline(never)]
    fn look_after(&mut self, key: usize, turn: Option<Turn>) {
        if !self.batch.keep(&mut self.buffer) {
            self.end_without_memory(key);
        }
        let Some(Some(entry)) = self.entries.get_mut(key) else { return };
        match turn {
            Some(Turn::Again) if !entry.connection.is_closed() => {
                if !std::mem::replace(&mut entry.in_turns, true) {
                    self.turns.push(key);
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

    /// Ends a connection whose messages were dropped, because no later message may be delivered.
    #[cold]
    fn end_without_memory(&mut self, key: usize) {
        let dropped = self.batch.take_dropped();
        let Some(Some(entry)) = self.entries.get(key) else { return };
        dropped.iter().for_each(|len| entry.socket.not_enqueued(*len as usize));
        if !entry.told_closed {
            self.abandon(key, Ending::no_memory("there is no memory for messages of the peer"));
        }
    }

    /// Ends a connection at once, whatever state a panic may have left it in.
    fn abandon(&mut self, key: usize, ending: Ending) {
        let Some(Some(entry)) = self.entries.get_mut(key) else { return };
        let Entry { socket, connection, told_closed, .. } = entry;
        let mut events = Delivery {
            batch: &mut self.batch,
            buffer: self.buffer.as_ptr().addr(),
            socket,
            log: &self.shared.log,
            told_closed,
        };
        let ended = panics::catch(|| connection.abandon(ending.clone(), self.now, &socket.outbox, &mut events));
        if let Err(panicked) = &ended {
            self.shared.log.error(socket.id, format_args!("{panicked}, while a connection was ended"));
        }
        if ended.is_err() || !*told_closed {
            socket.outbox.lock().shut_down();
            self.batch.closed(key, Report::new(ending, Phase::Open), None);
            *told_closed = true;
        }
    }

    fn remove(&mut self, key: usize) {
        if let Some(entry) = self.entries.take(key) {
            self.live -= 1;
            if let Some(timer) = entry.timer {
                self.timers.remove(&(timer, key));
            }
            drop(entry);
            self.tls_cache.tidy();
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

    /// Hands the events over.
    pub fn publish(&mut self) -> Published {
        if self.batch.is_empty() {
            return Published::Nothing;
        }
        match self.shared.publish(&mut self.batch) {
            Ok(woke) => {
                self.woke |= woke;
                self.batch.clear();
                Published::All
            }
            Err(NoMemory) => Published::Later,
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
        let left = self.shared.close_commands(failed).into_list();
        for command in std::mem::take(&mut self.commands).into_list().into_iter().chain(left) {
            if let Command::Connect(socket, config) = command {
                self.drop_unbegun(&socket, report_before_begin(&config, ending.clone()));
            }
        }
        for key in (0..self.entries.len()).rev() {
            self.abandon(key, ending.clone());
            self.remove(key);
        }
        if self.publish() == Published::Later {
            // Without the messages the rest needs little memory. The reports of the connections say that messages were dropped.
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
