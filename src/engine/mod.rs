//! The engine runs all connections of a loop: readiness, timers, wake-ups, DNS look-ups. One pass is [`Engine::run_pass`]. In a
//! threaded loop the thread of the engine calls it; in an inline loop the poll calls it. There is no other difference between the
//! two.
//!
//! ```text
//!   host threads ── Command ──► Shared ──► Engine::run_pass ──► Connection ──► network
//!   host's poll ◄─── Batch ──── Shared ◄──────┘    ▲
//!                                                  └── readiness, deadlines, look-ups
//! ```
//!
//! - `shared`, `socket_shared`: the parts of the engine, and of one socket, that all threads use; with the order of all locks.
//! - `command_queue`, `commands`: requests of the host, and how they run.
//! - `pass`, `rounds`, `time_slice`: the order of all work, and the time limit of each kind of work.
//! - `ports`: the network and the events, as one connection sees them. `batch`: the events on their way to the poll.
//! - `notifier`: notifies a host that does not poll all the time.
//! - `dns`, `tls_cache`, `hooks`: blocking work, done by `workers`.

pub mod batch;
mod clock;
pub mod command_queue;
mod commands;
mod dns;
pub mod hooks;
mod notifier;
mod pass;
mod ports;
mod rounds;
mod shared;
mod socket_shared;
pub mod table;
#[cfg(test)]
mod tests;
pub mod thread;
mod time_slice;
mod tls_cache;
mod workers;

pub use command_queue::LoopRequest;
pub use notifier::Wakeup;
pub use pass::MAX_PASS;
pub use shared::Shared;
pub use socket_shared::{MAX_PINGS, SocketRequest, SocketShared, Wants};

use crate::buffer_pool::NoMemory;
use crate::config::LoopConfig;
use crate::connection::report::{Ending, Phase, Report};
use crate::connection::{Connection, Context, Prepared, Turn, report_before_begin};
use crate::log::Log;
use crate::panics::{self, Panicked};
use crate::protocol::mask::KeySource;
use crate::transport::tcp::Tcp;
use crate::transport::tls::{HostTls, Settings};
use batch::Batch;
use clock::Clock;
use command_queue::{Command, CommandQueue};
use dns::Dns;
use hooks::{HookOptions, Hooks};
use mio::{Poll, Token, Waker};
use ports::{EnginePorts, Parts};
use rounds::Round;
use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};
use table::Table;
use tls_cache::TlsCache;

/// The size of the buffer into which the connections read, one at a time. A batch may keep the buffer, and then provides another
/// one.
const READ_BUFFER: usize = 64 * 1024;
/// When the payloads of the events reach this size, the events are published before the pass ends.
const PUBLISH_AT: usize = 256 * 1024;
/// If there was no memory to publish events, the engine tries again after this time.
const PUBLISH_RETRY: Duration = Duration::from_millis(10);
/// The largest number of readiness events of a pass.
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

/// The parts of an engine that the host provides.
#[derive(Default)]
pub struct HostParts {
    /// Functions that take part in opening connections.
    pub hooks: Option<HookOptions>,
    /// The TLS that is used instead of the TLS of this build.
    pub tls: Option<Arc<dyn HostTls>>,
}

/// The engine of a loop.
pub struct Engine {
    shared: Arc<Shared>,
    poll: Poll,
    readiness: mio::Events,
    /// Keys of the connections that have work, in order: those that are ready, and those that have used up their budget. Each key
    /// is here at most once.
    run_queue: Vec<usize>,
    /// The connections, by [`SocketShared::key`].
    entries: Table<Entry>,
    live: usize,
    timers: BTreeSet<(Instant, usize)>,
    /// Commands that were taken from [`Shared`] and have not yet run.
    commands: CommandQueue,
    /// TLS connectors that were made, for connections that have waited for them.
    ready_connectors: VecDeque<ReadyConnector>,
    /// The round that has not yet ended.
    round: Option<Round>,
    /// There is a round, or `ready_connectors` is not empty.
    has_long_work: bool,
    /// The number of the last round.
    rounds: u64,
    /// The longest time of a pass.
    limit: Duration,
    /// The last pass had no time for all of its work.
    has_unfinished_work: bool,
    dns: Dns,
    hooks: Option<Hooks>,
    tls_cache: TlsCache,
    buffer: Box<[u8]>,
    /// The masking keys of the frames that connections write.
    keys: KeySource,
    batch: Box<Batch>,
    clock: Clock,
    now: Instant,
    stop_at: Option<Instant>,
    /// The time between the last pass and the next one, as returned by [`Engine::time_to_next_pass`]. `None`: no limit.
    expected_wait: Option<Duration>,
    /// [`LoopRequest::Suspend`] closes open connections. Otherwise it stops the loop's clock.
    closes_on_suspend: bool,
    /// [`LoopRequest::NetworkChanged`] drops the TLS sessions.
    forgets_tls_sessions: bool,
    suspended: bool,
    /// A [`LoopRequest::NetworkChanged`] came during a suspend.
    network_changed: bool,
    /// A poll waited for the events that were published.
    woke_poll: bool,
}

/// A TLS connector, or the reason why there is none, for a connection that has waited for it.
struct ReadyConnector {
    socket: Arc<SocketShared>,
    settings: Arc<Settings>,
    made: Prepared,
}

struct Entry {
    socket: Arc<SocketShared>,
    connection: Connection<Tcp>,
    timer: Option<Instant>,
    /// The key of the connection is in `run_queue`.
    in_run_queue: bool,
    /// The number of the last round that has reached this connection, or that began before the connection.
    round: u64,
    /// The close event is in the batch.
    close_reported: bool,
}

/// A call of a connection.
type ConnectionCall<'a> = &'a mut dyn FnMut(&mut Connection<Tcp>, &mut Context<'_, EnginePorts<'_>>) -> Turn;

impl Engine {
    /// Makes an engine without connections. Fails when the operating system has no descriptors left.
    /// `limit` is the approximate longest time of a pass.
    pub fn new(log: Arc<Log>, config: &LoopConfig, limit: Duration, host: HostParts) -> io::Result<Engine> {
        let HostParts { hooks, tls } = host;
        let poll = Poll::new()?;
        let waker = Waker::new(poll.registry(), WAKER)?;
        let shared = Arc::new(Shared::new(waker, log, config.inline, config.tls));
        Ok(Engine {
            dns: Dns::new(Arc::clone(&shared)),
            hooks: hooks.map(|hooks| Hooks::new(hooks, Arc::clone(&shared))),
            tls_cache: TlsCache::new(Arc::clone(&shared), tls),
            keys: KeySource::new(Arc::clone(&shared.entropy)),
            shared,
            poll,
            readiness: mio::Events::with_capacity(MAX_READY),
            run_queue: Vec::new(),
            entries: Table::default(),
            live: 0,
            timers: BTreeSet::new(),
            commands: CommandQueue::default(),
            ready_connectors: VecDeque::new(),
            round: None,
            has_long_work: false,
            rounds: 0,
            limit,
            has_unfinished_work: false,
            buffer: vec![0; READ_BUFFER + 1].into_boxed_slice(), // one more byte for a NUL
            batch: Box::default(),
            clock: Clock::new(),
            now: Instant::now(),
            stop_at: None,
            expected_wait: Some(Duration::ZERO),
            closes_on_suspend: config.close_on_suspend,
            forgets_tls_sessions: config.forget_tls_sessions,
            suspended: false,
            network_changed: false,
            woke_poll: false,
        })
    }

    /// Returns the descriptor that is readable when a connection is ready.
    #[cfg(unix)]
    pub fn descriptor(&self) -> std::os::fd::RawFd {
        use std::os::fd::AsRawFd;
        self.poll.as_raw_fd()
    }

    /// Returns the time at which the engine last read the clock.
    pub fn last_read(&self) -> Instant {
        self.clock.last_read()
    }

    /// Returns the part that all threads use.
    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Returns whether the loop is being freed, and no connection or no time is left.
    pub fn is_stopped(&self) -> bool {
        self.stop_at.is_some_and(|stop_at| self.live == 0 || self.now >= stop_at)
    }

    /// Writes the send queue of the connection with this key.
    pub fn flush(&mut self, key: usize) {
        self.with_connection(key, |connection, context| connection.flush(context));
    }

    /// Like [`Engine::with_connection`], for calls that are not made for each message. It is compiled once, not for each caller.
    fn with_connection_dyn(&mut self, key: usize, act: ConnectionCall<'_>) {
        self.with_connection(key, act);
    }

    /// Calls a connection, then updates its timer, the run queue, and its entry if it has ended. A panic ends this connection only.
    fn with_connection(
        &mut self,
        key: usize,
        act: impl FnOnce(&mut Connection<Tcp>, &mut Context<'_, EnginePorts<'_>>) -> Turn,
    ) {
        let (parts, entries) = self.split();
        let Some(Some(entry)) = entries.get_mut(key) else { return };
        let Entry { socket, connection, close_reported, .. } = entry;
        let turn = parts.with_context(socket, close_reported, |context| panics::catch(|| act(connection, context)));
        let turn = turn.map_err(|panicked| self.log_panic(key, &panicked)).ok();
        self.update_entry(key, turn);
    }

    /// Splits the engine into the parts that a connection uses, and the connections.
    #[inline(always)]
    fn split(&mut self) -> (Parts<'_>, &mut Table<Entry>) {
        let parts = Parts {
            now: self.now,
            registry: self.poll.registry(),
            clock: &self.clock,
            dns: &mut self.dns,
            hooks: &mut self.hooks,
            tls_cache: &mut self.tls_cache,
            batch: &mut self.batch,
            keys: &mut self.keys,
            buffer: &mut self.buffer[..READ_BUFFER],
            log: &self.shared.log,
            suspended: self.suspended,
        };
        (parts, &mut self.entries)
    }

    #[cold]
    #[inline(never)]
    fn log_panic(&self, key: usize, panicked: &Panicked) {
        let id = self.entries.get(key).and_then(Option::as_ref).map_or(0, |entry| entry.socket.id);
        self.shared.log.error(id, format_args!("{panicked}, in a connection"));
    }

    /// Updates the state of a connection after a call. `None`: the call panicked, and the panic was logged. This is a separate
    /// function, so that it is compiled once and not with each caller of [`Engine::with_connection`].
    #[inline(never)]
    fn update_entry(&mut self, key: usize, turn: Option<Turn>) {
        if !self.batch.keep_messages(&mut self.buffer) {
            self.end_without_memory(key);
        }
        let Some(Some(entry)) = self.entries.get_mut(key) else { return };
        match turn {
            Some(Turn::Again) if !entry.connection.is_closed() => {
                if !std::mem::replace(&mut entry.in_run_queue, true) {
                    self.run_queue.push(key);
                }
            }
            Some(_) => {}
            None => self.abandon(key, Ending::internal()),
        }
        let Some(Some(entry)) = self.entries.get(key) else { return };
        if entry.close_reported {
            self.remove(key);
        } else {
            self.set_timer(key);
        }
        if self.batch.payload_bytes() > PUBLISH_AT {
            self.publish();
        }
    }

    /// Ends a connection whose messages were dropped, because no later message may be delivered.
    #[cold]
    fn end_without_memory(&mut self, key: usize) {
        let dropped = self.batch.take_dropped();
        let Some(Some(entry)) = self.entries.get(key) else { return };
        dropped.iter().for_each(|len| entry.socket.undo_enqueued(*len as usize));
        if !entry.close_reported {
            self.abandon(key, Ending::no_memory("there is no memory for messages of the peer"));
        }
    }

    /// Ends a connection at once. It may be in any state, because it may have panicked.
    fn abandon(&mut self, key: usize, ending: Ending) {
        let (parts, entries) = self.split();
        let Some(Some(entry)) = entries.get_mut(key) else { return };
        let Entry { socket, connection, close_reported, .. } = entry;
        let ended = parts.with_context(socket, close_reported, |context| {
            panics::catch(|| connection.abandon(ending.clone(), context))
        });
        let Some(Some(Entry { socket, close_reported, .. })) = self.entries.get_mut(key) else { return };
        if let Err(panicked) = &ended {
            self.shared.log.error(socket.id, format_args!("{panicked}, while a connection was ended"));
        }
        if ended.is_err() || !*close_reported {
            socket.send_queue.lock().end();
            self.batch.closed(key, Report::new(ending, Phase::Open), None);
            *close_reported = true;
        }
    }

    fn remove(&mut self, key: usize) {
        let Some(Some(entry)) = self.entries.get(key) else { return };
        if let Some(timer) = entry.timer {
            self.timers.remove(&(timer, key));
        }
        self.live -= 1;
        self.entries.remove(key);
        self.tls_cache.drop_unused_keys();
    }

    #[inline(always)]
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

    /// Puts the events into an empty batch of the poll that runs this engine, unless older events must be taken first.
    #[inline(always)]
    pub fn publish_to_poll(&mut self, empty: &mut Box<Batch>) {
        if self.batch.is_empty() {
            return;
        }
        if empty.is_empty() && !self.shared.due.load(SeqCst) {
            std::mem::swap(&mut self.batch, empty);
        } else {
            self.publish();
        }
    }

    /// Publishes the events, so that the poll can take them.
    pub fn publish(&mut self) -> Published {
        if self.batch.is_empty() {
            return Published::Nothing;
        }
        match self.shared.publish(&mut self.batch) {
            Ok(poll_waited) => {
                self.woke_poll |= poll_waited;
                self.batch.clear();
                Published::All
            }
            Err(NoMemory) => Published::Later,
        }
    }

    /// Returns whether a poll has waited for events that were published since the last call.
    pub fn take_woke_poll(&mut self) -> bool {
        std::mem::take(&mut self.woke_poll)
    }

    /// Handles a failure of the engine itself: every connection ends with `EGRET_WS_ERR_INTERNAL`.
    pub fn fail(&mut self, why: std::fmt::Arguments<'_>) {
        self.shared.log.error(0, format_args!("the engine has failed: {why}"));
        self.end_all(true);
    }

    /// Ends the engine: every connection ends at once, and commands are refused.
    pub fn end(&mut self) {
        self.end_all(false);
    }

    fn end_all(&mut self, failed: bool) {
        let ending = if failed { Ending::internal() } else { Ending::freed() };
        let left = self.shared.close_commands(failed).into_list();
        for command in std::mem::take(&mut self.commands).into_list().into_iter().chain(left) {
            if let Command::Connect(socket, config) = command {
                self.close_unstarted(&socket, report_before_begin(&config, ending.clone()));
            }
        }
        for key in (0..self.entries.len()).rev() {
            self.abandon(key, ending.clone());
            self.remove(key);
        }
        if self.publish() == Published::Later {
            // Without the messages, the rest needs little memory. The reports of the connections say that messages were dropped.
            self.batch.drop_all_messages();
            self.publish();
        }
        self.shared.finish();
    }
}

/// Returns the smaller of two limits. `None` means no limit.
#[inline]
fn earlier<T: Ord>(one: Option<T>, other: Option<T>) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
