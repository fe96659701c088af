//! A loop: an engine, who turns it, and the poll that dispatches.

use super::budget::Budget;
use super::dispatch::Dispatcher;
use super::{Listener, Socket, TOLD_NOTHING};
use crate::config::{ConnectConfig, LoopConfig};
use crate::connection::outbox::Outbox;
use crate::constants::EGRET_WS_MAX_PENDING_SOCKETS;
use crate::engine::batch::Batch;
use crate::engine::table::Table;
use crate::engine::{Ask, Engine, PASS, Shared, SocketShared, Wakeup, Wish, thread};
use crate::error::{DetailedError, Error};
use crate::log::{self, Log};
use crate::transport::tls;
use crate::{fork, interrupt, panics};
use parking_lot::{Mutex, MutexGuard};
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, fence};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The memory that an empty list of sockets may keep, in sockets.
const FEW: usize = 256;
/// The most freed sockets whose `release_user` no poll has called.
const MAX_FREED: usize = EGRET_WS_MAX_PENDING_SOCKETS as usize;

/// A loop.
pub struct Loop {
    pub(super) shared: Arc<Shared>,
    options: LoopConfig,
    driver: Driver,
    /// Locked by the poll that runs, or by the loop's end; nobody else asks for it. `None` when the loop has ended.
    dispatcher: Mutex<Option<Dispatcher>>,
    /// The thread that polls, as [`this_thread`] numbers it; 0 if none does.
    poller: AtomicUsize,
    /// What was asked for inside callbacks, for when the poll ends: see [`Later`].
    later: AtomicUsize,
    /// Sockets that the dispatcher does not know yet.
    joined: Mutex<Vec<Arc<Socket>>>,
    /// Sockets that were freed and whose user data is to be released.
    /// `None` when the loop has ended.
    freed: Mutex<Option<VecDeque<Arc<Socket>>>>,
    any_freed: AtomicBool,
    pub(super) keys: Mutex<Keys>,
}

enum Driver {
    Threaded(Mutex<Option<JoinHandle<()>>>),
    Inline {
        /// Locked by who turns it; nobody else waits for the lock.
        engine: Mutex<Option<Box<Engine>>>,
        #[cfg(unix)]
        descriptor: std::os::fd::RawFd,
    },
}

/// The keys of the tables of the engine and the dispatcher. The lowest free key is used first, so that the tables stay short.
#[derive(Default)]
pub(super) struct Keys {
    unused: BTreeSet<usize>,
    next: usize,
}

impl Keys {
    fn take(&mut self) -> usize {
        self.unused.pop_first().unwrap_or_else(|| {
            self.next += 1;
            self.next - 1
        })
    }

    pub(super) fn give_back(&mut self, key: usize) {
        if key + 1 < self.next {
            self.unused.insert(key);
            return;
        }
        self.next = key;
        while self.unused.last().is_some_and(|last| last + 1 == self.next) {
            self.unused.pop_last();
            self.next -= 1;
        }
    }
}

/// A number for the calling thread that no other living thread has, and that is not 0.
#[inline]
fn this_thread() -> usize {
    thread_local!(static HERE: u8 = const { 0 });
    HERE.with(|here| std::ptr::from_ref(here).addr())
}

/// What a poll has to do when its callbacks are through. Only the thread that polls sets it.
struct Later;

impl Later {
    const NOTHING: usize = 0;
    /// To have the engine take its commands.
    const COMMANDS: usize = 1;

    /// To have this one connection of an inline engine written, which needs no command; and commands, if there are any.
    const fn flush(key: usize) -> usize {
        key + 2
    }

    const fn key(later: usize) -> Option<usize> {
        later.checked_sub(2)
    }
}

/// Until when a poll waits.
#[derive(Clone, Copy)]
enum Until {
    /// It does not: no look at the clock.
    Now,
    Then(Instant),
    Forever,
}

impl Until {
    fn new(timeout_ms: i32) -> Until {
        match u64::try_from(timeout_ms) {
            Ok(0) => Until::Now,
            // A time-out too long for the clock is one without limit.
            Ok(timeout) => {
                Instant::now().checked_add(Duration::from_millis(timeout)).map_or(Until::Forever, Until::Then)
            }
            Err(_) => Until::Forever,
        }
    }

    #[inline]
    fn left(self) -> Option<Duration> {
        match self {
            Until::Now => Some(Duration::ZERO),
            Until::Then(deadline) => Some(deadline.saturating_duration_since(Instant::now())),
            Until::Forever => None,
        }
    }

    fn is_over(self) -> bool {
        self.left() == Some(Duration::ZERO)
    }

    fn deadline(self) -> Option<Instant> {
        match self {
            Until::Then(deadline) => Some(deadline),
            Until::Now | Until::Forever => None,
        }
    }
}

/// Ends the poll, also when it ends by a panic. No lock may be held any more: the host may be told, and have another thread poll.
struct Polling<'a>(&'a Loop);

impl Drop for Polling<'_> {
    #[inline]
    fn drop(&mut self) {
        let Loop { shared, poller, .. } = self.0;
        if std::thread::panicking() {
            // What it was about is not lost: the next poll goes on.
            shared.due.store(true, SeqCst);
        }
        poller.store(0, Release);
        shared.poll_ends();
    }
}

impl Loop {
    /// Makes a loop.
    pub fn new(options: LoopConfig, log: Arc<Log>) -> Result<Arc<Loop>, DetailedError> {
        let no_resources = |error: std::io::Error| DetailedError::new(Error::NoResources, error.to_string());
        // Half of the time of a poll is for the engine, half for callbacks.
        let limit = options.poll_max_time.filter(|_| options.inline).map_or(PASS, |time| PASS.min(time / 2));
        let engine = Engine::new(log, options.inline, options.close_on_suspend, limit).map_err(no_resources)?;
        let shared = Arc::clone(engine.shared());
        let driver = if options.inline {
            Driver::Inline {
                #[cfg(unix)]
                descriptor: engine.descriptor(),
                engine: Mutex::new(Some(Box::new(engine))),
            }
        } else {
            Driver::Threaded(Mutex::new(Some(thread::spawn(engine).map_err(no_resources)?)))
        };
        Ok(Arc::new(Loop {
            shared,
            options,
            driver,
            dispatcher: Mutex::new(Some(Dispatcher::default())),
            poller: AtomicUsize::new(0),
            later: AtomicUsize::new(Later::NOTHING),
            joined: Mutex::default(),
            freed: Mutex::new(Some(VecDeque::new())),
            any_freed: AtomicBool::new(false),
            keys: Mutex::default(),
        }))
    }

    /// Where it logs.
    pub fn log(&self) -> &Log {
        &self.shared.log
    }

    // Sockets.

    /// Makes a socket that [`Socket::start`] is to begin. `id` is its number in log lines.
    pub fn socket(self: &Arc<Loop>, config: ConnectConfig, id: usize, listener: Box<dyn Listener>) -> Arc<Socket> {
        if config.may_use_tls() {
            tls::watch_exit();
        }
        let limits = config.limits;
        let key = self.keys.lock().take();
        let entropy = Arc::clone(&self.shared.entropy);
        let outbox =
            Outbox::new(limits.max_message, limits.max_send_buffer, entropy).with_pool(Arc::clone(&self.shared.pool));
        Arc::new(Socket {
            shared: Arc::new(SocketShared::new(key, id, outbox, limits.max_receive_queue)),
            host_loop: Arc::clone(self),
            listener,
            told: AtomicU8::new(TOLD_NOTHING),
            released: AtomicBool::new(false),
            config: Mutex::new(Some(Box::new(config))),
        })
    }

    pub(super) fn begin(&self, socket: &Arc<Socket>, config: Box<ConnectConfig>) -> Result<(), Error> {
        let give_back = |_: &Error| self.keys.lock().give_back(socket.shared.key);
        if self.freed.lock().as_ref().is_some_and(|freed| freed.len() >= MAX_FREED) {
            return Err(Error::NoResources).inspect_err(give_back);
        }
        // It joins under the lock under which the command is added, so that freeing the loop finds it, or it is refused.
        let mut joined = self.joined.lock();
        self.shared.connect(Arc::clone(&socket.shared), config).inspect_err(give_back)?;
        joined.push(Arc::clone(socket));
        drop(joined);
        self.run_commands();
        Ok(())
    }

    pub(super) fn take_joined(&self, sockets: &mut Table<Arc<Socket>>) {
        let mut joined = self.joined.lock();
        for socket in joined.drain(..) {
            sockets.put(socket.shared.key, socket);
        }
        joined.shrink_to(FEW);
    }

    pub(super) fn freed(&self, socket: &Arc<Socket>) {
        let mut freed = self.freed.lock();
        let Some(list) = freed.as_mut() else { return };
        list.push_back(Arc::clone(socket));
        self.any_freed.store(true, SeqCst);
        drop(freed);
        interrupt::call();
        self.shared.make_due();
    }

    /// Takes the oldest of the freed sockets that are not released.
    pub(super) fn take_freed(&self) -> Option<Arc<Socket>> {
        let mut freed = self.freed.lock();
        let list = freed.as_mut()?;
        let socket = list.pop_front();
        if list.is_empty() {
            self.any_freed.store(false, SeqCst);
            list.shrink_to(FEW);
        }
        socket
    }

    pub(super) fn has_freed(&self) -> bool {
        self.any_freed.load(SeqCst)
    }

    // The lifecycle of the host.

    /// The process may be frozen from now on.
    pub fn suspend(&self) {
        self.wish(Wish::Suspend);
    }

    /// The process runs again.
    pub fn resume(&self) {
        self.wish(Wish::Resume);
    }

    /// The machine's network is another one.
    pub fn network_changed(&self) {
        self.wish(Wish::NetworkChanged);
    }

    // Telling the host when to poll.

    /// Makes a poll return.
    pub fn wake(&self) {
        self.shared.wake_poll();
    }

    /// Has the host called when a poll has something to do.
    pub fn set_wakeup(&self, wakeup: Option<Wakeup>) -> Result<(), Error> {
        if self.options.inline {
            return Err(Error::Unsupported);
        }
        self.shared.set_wakeup(wakeup);
        Ok(())
    }

    /// What can be read from while a poll has something to do.
    #[cfg(unix)]
    pub fn descriptor(&self) -> Result<i32, Error> {
        match &self.driver {
            Driver::Threaded(_) => self.shared.descriptor().map_err(|error| {
                self.log().error(0, format_args!("no descriptor to wait on: {error}"));
                Error::NoResources
            }),
            Driver::Inline { descriptor, .. } => {
                self.shared.ring_by_waker();
                Ok(*descriptor)
            }
        }
    }

    /// Not here.
    #[cfg(not(unix))]
    pub fn descriptor(&self) -> Result<i32, Error> {
        Err(Error::Unsupported)
    }

    /// In how many milliseconds a poll is due without a sign of the descriptor; `i32::MAX` without limit.
    pub fn timeout(&self) -> i32 {
        if self.shared.due.load(SeqCst) {
            return 0;
        }
        let Driver::Inline { engine, .. } = &self.driver else { return i32::MAX };
        let Some(mut engine) = engine.try_lock() else {
            // Another thread has it for the moment of a send; what becomes of that is known after.
            return 0;
        };
        engine.as_mut().and_then(|engine| engine.next_turn()).map_or(i32::MAX, |wait| {
            // Rounded up: a poll that comes too early finds nothing to do.
            i32::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX)
        })
    }

    // Commands.

    /// Sends a request of a socket to the engine, and wakes the engine if needed.
    #[inline]
    pub(super) fn ask(&self, socket: &SocketShared, what: Ask) {
        // An engine that has ended has ended its connections too: there is nothing left to do.
        if self.shared.ask(socket, what).is_ok() {
            self.run_commands();
        }
    }

    fn wish(&self, wish: Wish) {
        if self.shared.wish(wish).is_ok() {
            self.run_commands();
        }
    }

    fn run_commands(&self) {
        if !self.polls_here() {
            self.run_commands_now();
        } else if self.later.load(Relaxed) == Later::NOTHING {
            self.later.store(Later::COMMANDS, Release);
        }
    }

    /// Is it this thread that polls?
    #[inline]
    fn polls_here(&self) -> bool {
        self.poller.load(Acquire) == this_thread()
    }

    /// The same, though a callback may add more.
    fn run_commands_now(&self) {
        match &self.driver {
            Driver::Threaded(_) => self.shared.wake(),
            Driver::Inline { engine, .. } => {
                self.turn_commands(engine);
                // Who waits with another time-out than is right now is to ask again.
                self.shared.nudge();
            }
        }
    }

    /// A message was queued: has it written, with all others that callbacks send.
    pub(super) fn flush_soon(&self, socket: &SocketShared) {
        if self.options.inline && self.later.load(Relaxed) == Later::NOTHING && self.polls_here() {
            self.later.store(Later::flush(socket.key), Release);
        } else {
            self.ask(socket, Ask::Flush);
        }
    }

    /// Much is queued: has it written, though callbacks may send more.
    pub(super) fn flush_now(&self, socket: &SocketShared) {
        if self.shared.ask(socket, Ask::Flush).is_ok() {
            self.run_commands_now();
        }
    }

    /// A message was queued behind another that is to be written when the poll ends, perhaps that of another thread, whose
    /// callback may last: has it written now.
    pub(super) fn hurry(&self, socket: &SocketShared) {
        if self.later.load(Acquire) != Later::NOTHING && !self.polls_here() {
            self.flush_now(socket);
        }
    }

    /// Inline: does what was asked for on this thread, unless another is at it; that one takes it along. Not for ever: what
    /// takes longer, or what other threads add all the time, is left to the poll.
    fn turn_commands(&self, slot: &Mutex<Option<Box<Engine>>>) {
        const PASSES: usize = 16;
        let mut until = None;
        for _ in 0..PASSES {
            // Either this finds the engine free, or who lets go of it now sees the command here.
            fence(SeqCst);
            if !self.shared.has_commands() {
                return;
            }
            if !self.with_engine(slot, Engine::serve) {
                break;
            }
            if self.shared.has_commands() {
                let now = Instant::now();
                if now >= *until.get_or_insert(now + PASS / 4) {
                    break;
                }
            }
        }
        self.shared.wake();
    }

    /// Inline: has the engine do something. False if another thread has it.
    fn with_engine(&self, slot: &Mutex<Option<Box<Engine>>>, act: impl FnOnce(&mut Engine)) -> bool {
        let Some(mut engine) = slot.try_lock() else { return false };
        if let Some(engine) = engine.as_mut() {
            if let Err(panicked) = panics::catch(|| act(engine)) {
                engine.fail(format_args!("{panicked}"));
            }
            engine.publish();
        }
        true
    }

    // Polling.

    fn begin_poll(&self) -> Result<(), Error> {
        if log::is_lent() {
            return Err(Error::Reentrant);
        }
        let me = this_thread();
        match self.poller.compare_exchange(0, me, SeqCst, SeqCst) {
            Ok(_) => Ok(()),
            Err(other) if other == me => Err(Error::Reentrant),
            Err(_) => Err(Error::Busy),
        }
    }

    /// Runs the callbacks that are due and returns how many ran. `timeout_ms` as in `egret_ws_loop_poll`.
    pub fn poll(&self, timeout_ms: i32) -> Result<u32, Error> {
        self.begin_poll()?;
        if timeout_ms == 0 && !self.options.inline && self.shared.is_quiet() {
            self.poller.store(0, Release);
            return Ok(0);
        }
        let polling = Polling(self);
        let mut locked = self.dispatcher.lock();
        self.shared.poll_begins();
        let Some(dispatcher) = locked.as_mut() else { return Err(Error::Internal) };
        let until = Until::new(timeout_ms);
        loop {
            let mut budget = Budget::new(self.options.poll_max_callbacks, self.options.poll_max_time);
            if let Driver::Inline { engine, .. } = &self.driver
                && let Some(now) = self.turn(engine, until, dispatcher.inbox())
            {
                budget = budget.from(now);
            }
            let (made, left) = dispatcher.run(self, budget);
            if fork::is_child() {
                MutexGuard::leak(locked);
                std::mem::forget(polling);
                return Err(Error::Forked);
            }
            if left {
                self.shared.due.store(true, SeqCst);
            }
            self.end_of_round(dispatcher);
            if self.shared.take_woken() || made > 0 || until.is_over() {
                return Ok(made);
            }
            // Asked in this order: what was published before the silence is due.
            if self.shared.is_silent() && !self.shared.due.load(SeqCst) {
                return Err(Error::Internal);
            }
            // An inline engine has waited by itself.
            if !self.options.inline {
                self.shared.wait_until_due(until.deadline());
            }
        }
    }

    /// Inline: one pass of the engine. While another thread has it (a send that writes at once), its commands are all that
    /// is to be done, and it is soon back. When the engine last looked at the clock.
    fn turn(&self, slot: &Mutex<Option<Box<Engine>>>, until: Until, inbox: &mut Box<Batch>) -> Option<Instant> {
        let Some(mut turning) = slot.try_lock() else {
            std::thread::yield_now();
            return None;
        };
        let engine = turning.as_mut()?;
        // Looked at only now: what another thread makes due from here on finds the engine out, and wakes it.
        let wait = if self.shared.due.load(SeqCst) || !inbox.is_empty() { Some(Duration::ZERO) } else { until.left() };
        if !self.shared.has_failed() {
            match panics::catch(|| engine.turn(wait)) {
                Ok(Ok(())) => engine.hand_over(inbox),
                Ok(Err(error)) => engine.fail(format_args!("{error}")),
                Err(panicked) => engine.fail(format_args!("{panicked}")),
            }
        }
        let looked = engine.looked();
        drop(turning);
        // Another thread may have added a command while the engine was out.
        self.turn_commands(slot);
        Some(looked)
    }

    /// What was sent inside callbacks goes out together.
    fn end_of_round(&self, dispatcher: &Dispatcher) {
        let later = self.later.load(Relaxed);
        if later == Later::NOTHING {
            return;
        }
        match &self.driver {
            Driver::Threaded(_) => self.shared.wake(),
            Driver::Inline { engine, .. } => {
                if let Some(key) = Later::key(later)
                    && !self.with_engine(engine, |engine| engine.flush(key))
                    && let Some(socket) = dispatcher.socket(key)
                {
                    // Whoever has it takes this along. It fails if the engine has ended, and with it the connection.
                    let _ = self.shared.ask(socket, Ask::Flush);
                }
                self.turn_commands(engine);
            }
        }
        // Only now: what the host's log has it send meanwhile becomes a command, which is taken here too.
        self.later.store(Later::NOTHING, Relaxed);
    }

    // Freeing.

    /// Claims the loop for [`Loop::finish_free`]: no poll can begin any more.
    pub fn begin_free(&self) -> Result<(), Error> {
        self.begin_poll()
    }

    /// Ends the engine and releases every socket. The handle is invalid by now. Fails in a child that a callback has forked.
    pub fn finish_free(&self) -> Result<(), Error> {
        let linger = self.options.linger;
        self.shared.set_wakeup(None);
        // Fails if the engine has failed: then it has ended, or is about to.
        let _ = self.shared.stop(linger);
        match &self.driver {
            Driver::Threaded(thread) => {
                self.shared.wake();
                if let Some(thread) = thread.lock().take() {
                    // It catches its own panics.
                    let _ = thread.join();
                }
            }
            Driver::Inline { engine: slot, .. } => self.stop_inline(slot, Instant::now() + linger),
        }
        // The engine has ended, and takes no further socket.
        let dispatcher = self.dispatcher.lock().take();
        let known = dispatcher.map(|dispatcher| dispatcher.into_sockets());
        let joined = std::mem::take(&mut *self.joined.lock());
        let freed = self.freed.lock().take();
        for socket in known.into_iter().flatten().chain(joined).chain(freed.into_iter().flatten()) {
            socket.shared.free();
            socket.release();
            if fork::is_child() {
                return Err(Error::Forked);
            }
        }
        self.log().close();
        Ok(())
    }

    fn stop_inline(&self, slot: &Mutex<Option<Box<Engine>>>, stop_at: Instant) {
        loop {
            // Another thread may have it for the moment of a send.
            let Some(mut engine) = slot.try_lock().and_then(|mut slot| slot.take()) else {
                std::thread::yield_now();
                continue;
            };
            let turned = panics::catch(|| {
                // A failed engine has no use for the time.
                while !self.shared.has_failed() {
                    engine.turn(Some(stop_at.saturating_duration_since(Instant::now())))?;
                    if engine.is_stopped() || Instant::now() >= stop_at {
                        break;
                    }
                }
                Ok::<(), std::io::Error>(())
            });
            if let Err(panicked) = turned {
                self.log().error(0, format_args!("{panicked}, while the loop was freed"));
            }
            engine.end();
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_key_is_used_first_and_none_is_kept_for_nothing() {
        let mut keys = Keys::default();
        assert_eq!(Vec::from_iter((0..5).map(|_| keys.take())), [0, 1, 2, 3, 4]);
        for key in [3, 1, 2] {
            keys.give_back(key);
        }
        assert_eq!((keys.take(), keys.take()), (1, 2));
        for key in [1, 2, 4, 0] {
            keys.give_back(key);
        }
        assert_eq!((keys.next, keys.unused.len()), (0, 0));
        assert_eq!(keys.take(), 0);
    }
}
