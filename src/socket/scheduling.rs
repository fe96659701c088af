//! Scheduling: which thread runs the engine for a request of the host, and when.
//!
//! The engine of a *threaded* loop runs on its own thread. The engine of an *inline* loop runs inside the host's poll. Between two
//! polls, and while a poll runs callbacks, any thread with a request can run the engine for a short time.
//!
//! A request from a callback usually waits until the callbacks of the poll have returned, so that all such requests together cost
//! one wake-up or one write. [`action`] is the table of these decisions.

use crate::config::LoopConfig;
use crate::engine::batch::Batch;
use crate::engine::{Engine, HostParts, MAX_PASS, Shared, SocketRequest, SocketShared, thread};
use crate::error::Error;
use crate::host_callback;
use crate::log::Log;
use crate::panics;
use crate::socket::deadline::Deadline;
use crate::socket::try_lock::TryLock;
use parking_lot::Mutex;
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use std::time::{Duration, Instant};

/// The longest time that the end of a loop waits for a TLS provider of the host that does not return.
const MAX_PROVIDER_WAIT: Duration = Duration::from_secs(1);

/// A kind of request of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Request {
    /// Write the send queue. Its first message was just added.
    Flush,
    /// Write the send queue. The message is after others, and a poll has deferred writing them.
    FlushBehind,
    /// Write the send queue, which has become large.
    FlushLarge,
    /// Run a command that was queued.
    Command,
    /// Continue with TLS of the host, which has finished its work on another thread.
    Tls,
    /// Make the poll return.
    WakePoll,
}

/// The origin of a request. A thread that polls can make a request only in a callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Caller {
    /// The host, in a callback of the poll of this thread.
    Callback,
    /// The dispatcher, between two callbacks of the poll of this thread.
    Dispatcher,
    /// The host, on a thread that does not poll now.
    OtherThread,
}

/// Which thread runs the engine of the loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DriverKind {
    Threaded,
    Inline,
}

/// How a request is served. The command of a request is queued first, unless the action says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    /// Do nothing, and queue no command. The deferred flush also writes this message.
    Nothing,
    /// Wake the engine if it sleeps. An inline engine does not sleep while the dispatcher runs. Its next pass takes the command.
    WakeEngine,
    /// Run the engine on this thread. If another thread already runs it, that thread takes the command.
    RunEngine,
    /// When its callbacks have returned, the poll lets the engine take the commands.
    AfterCallbacks,
    /// When its callbacks have returned, the poll lets the engine write this one connection. This needs no command.
    FlushAfterCallbacks,
    /// Ends the waiting poll early; if no poll waits, the next poll ends early. There is no command.
    WakePoll,
}

/// Returns how a request is served.
#[inline]
const fn action(request: Request, caller: Caller, driver: DriverKind) -> Action {
    use {Caller::*, DriverKind::*, Request::*};
    match (request, caller, driver) {
        (Flush, Callback, Threaded) => Action::AfterCallbacks,
        (Flush, Callback, Inline) => Action::FlushAfterCallbacks,
        (FlushBehind, Callback, _) => Action::Nothing,
        // It is written at once, even in a callback, so that its memory is used again while it is still in the cache.
        (FlushLarge, Callback, Threaded) => Action::WakeEngine,
        (FlushLarge, Callback, Inline) => Action::RunEngine,
        (Command | Tls, Callback, _) => Action::AfterCallbacks,

        // The engine can work while the next callback runs.
        (Flush | FlushBehind | FlushLarge | Command | Tls, Dispatcher, _) => Action::WakeEngine,

        // This also holds if a poll on another thread has deferred a flush, because its callback may take long.
        (Flush | FlushBehind | FlushLarge | Command, OtherThread, Threaded) => Action::WakeEngine,
        (Flush | FlushBehind | FlushLarge | Command, OtherThread, Inline) => Action::RunEngine,

        // The caller may hold a lock that the TLS of the host takes, so it must not run the engine. The next poll runs it.
        (Tls, OtherThread, _) => Action::WakeEngine,

        (WakePoll, _, _) => Action::WakePoll,
    }
}

/// The work of a poll after its callbacks have returned, as one number. Only the thread that polls sets it.
struct Deferred;

impl Deferred {
    const NOTHING: usize = 0;
    /// The engine takes its commands.
    const COMMANDS: usize = 1;

    /// The inline engine writes this connection, and takes its commands if there are any.
    const fn flush(key: usize) -> usize {
        key + 2
    }

    const fn key(deferred: usize) -> Option<usize> {
        deferred.checked_sub(2)
    }
}

/// Runs the engine of a loop, or wakes the thread that runs it.
pub(super) struct Scheduler {
    shared: Arc<Shared>,
    driver: Driver,
    /// The number of the thread that polls, from [`this_thread`]. 0 if no thread polls.
    polling_thread: AtomicUsize,
    /// See [`Deferred`].
    deferred: AtomicUsize,
    /// The engine calls a TLS provider of the host. The provider must not block, but may do so nevertheless.
    calls_provider: bool,
}

enum Driver {
    Threaded(Mutex<Option<thread::Handle>>),
    Inline {
        /// The thread that runs the engine holds this lock: see [`Scheduler::run_commands`].
        engine: EngineSlot,
        #[cfg(unix)]
        descriptor: std::os::fd::RawFd,
    },
}

type EngineSlot = TryLock<Option<Box<Engine>>>;

/// Returns a number for the calling thread. It is not 0, and no other living thread has an equal number.
#[inline]
fn this_thread() -> usize {
    thread_local!(static HERE: u8 = const { 0 });
    HERE.with(|here| std::ptr::from_ref(here).addr())
}

impl Scheduler {
    /// Makes an engine, and starts its thread unless the loop is inline. `pass` is the longest time of a pass.
    pub(super) fn new(log: Arc<Log>, config: &LoopConfig, pass: Duration, host: HostParts) -> io::Result<Scheduler> {
        let calls_provider = host.tls.is_some();
        let engine = Engine::new(log, config, pass, host)?;
        let shared = Arc::clone(engine.shared());
        let driver = if config.inline {
            Driver::Inline {
                #[cfg(unix)]
                descriptor: engine.descriptor(),
                engine: TryLock::new(Some(Box::new(engine))),
            }
        } else {
            Driver::Threaded(Mutex::new(Some(thread::spawn(engine)?)))
        };
        Ok(Scheduler {
            shared,
            driver,
            polling_thread: AtomicUsize::new(0),
            deferred: AtomicUsize::new(Deferred::NOTHING),
            calls_provider,
        })
    }

    /// The part of the engine that all threads may use.
    #[inline]
    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    #[inline]
    fn action(&self, request: Request) -> Action {
        let caller = if self.polls_on_this_thread() { Caller::Callback } else { Caller::OtherThread };
        self.action_for(request, caller)
    }

    #[inline]
    fn action_for(&self, request: Request, caller: Caller) -> Action {
        let driver = match self.driver {
            Driver::Threaded(_) => DriverKind::Threaded,
            Driver::Inline { .. } => DriverKind::Inline,
        };
        action(request, caller, driver)
    }

    #[inline(always)]
    fn perform(&self, action: Action) {
        match action {
            // The poll has already deferred something, so it takes the commands too.
            Action::Nothing | Action::FlushAfterCallbacks => {}
            Action::WakeEngine => self.shared.wake(),
            Action::RunEngine => self.run_engine(),
            Action::AfterCallbacks => {
                if self.deferred.load(Relaxed) == Deferred::NOTHING {
                    self.deferred.store(Deferred::COMMANDS, Release);
                }
            }
            Action::WakePoll => self.shared.wake_poll(),
        }
    }

    // Requests.

    /// Queues a request of a socket for the engine, and wakes or runs the engine.
    #[inline]
    pub(super) fn request(&self, socket: &SocketShared, request: SocketRequest) {
        // If the engine has ended, its connections have ended too, so there is nothing to do.
        if self.shared.push_socket_request(socket, request).is_ok() {
            self.command_queued();
        }
    }

    /// Lets the engine continue with a connection that waited for the host's TLS.
    pub(super) fn continue_tls(&self, socket: &SocketShared) {
        if self.shared.push_socket_request(socket, SocketRequest::Read).is_ok() {
            self.perform(self.action(Request::Tls));
        }
    }

    /// Requests that a connection is retried without a wait.
    pub(super) fn retry_now(&self, socket: &SocketShared) {
        if self.shared.push_retry_now(socket).is_ok() {
            self.command_queued();
        }
    }

    /// Like [`Scheduler::request`], for the dispatcher.
    #[cold]
    #[inline(never)]
    pub(super) fn request_of_dispatcher(&self, socket: &SocketShared, request: SocketRequest) {
        if self.shared.push_socket_request(socket, request).is_ok() {
            self.perform(self.action_for(Request::Command, Caller::Dispatcher));
        }
    }

    /// Lets the engine run the command that the caller has queued.
    pub(super) fn command_queued(&self) {
        self.perform(self.action(Request::Command));
    }

    /// Requests that a send queue is written. It was empty before this message was queued.
    #[inline]
    pub(super) fn flush(&self, socket: &SocketShared) {
        let action = self.action(Request::Flush);
        if action == Action::FlushAfterCallbacks && self.deferred.load(Relaxed) == Deferred::NOTHING {
            self.deferred.store(Deferred::flush(socket.key), Release);
        } else {
            self.request_flush(socket, action);
        }
    }

    /// Requests that a send queue is written in which a message was queued after others. Usually there is nothing to do: the
    /// engine knows about the others, and checks the queue again before it sleeps. But the flush of the others may be deferred.
    #[inline]
    pub(super) fn flush_behind(&self, socket: &SocketShared) {
        if self.deferred.load(Acquire) != Deferred::NOTHING {
            self.request_flush(socket, self.action(Request::FlushBehind));
        }
    }

    /// Requests that a send queue is written because it has become large.
    #[inline]
    pub(super) fn flush_large(&self, socket: &SocketShared) {
        self.request_flush(socket, self.action(Request::FlushLarge));
    }

    #[inline]
    fn request_flush(&self, socket: &SocketShared, action: Action) {
        if action != Action::Nothing && self.shared.push_socket_request(socket, SocketRequest::Flush).is_ok() {
            self.perform(action);
        }
    }

    /// Ends the poll that waits, or the next one, early.
    pub(super) fn wake_poll(&self) {
        self.perform(self.action(Request::WakePoll));
    }

    // Polling.

    /// Makes this thread the one that polls. Fails if another thread already polls.
    #[inline]
    pub(super) fn begin_poll(&self) -> Result<(), Error> {
        self.check_poll()?;
        let claimed = self.polling_thread.compare_exchange(0, this_thread(), SeqCst, SeqCst);
        claimed.map(|_| ()).map_err(|_| Error::Busy) // another thread has claimed it since the check
    }

    /// Returns an error if this thread may not poll now.
    #[inline]
    pub(super) fn check_poll(&self) -> Result<(), Error> {
        match self.polling_thread.load(Acquire) {
            _ if host_callback::forbids_polls() => Err(Error::Reentrant),
            0 => Ok(()),
            other if other == this_thread() => Err(Error::Reentrant),
            _ => Err(Error::Busy),
        }
    }

    /// Ends the claim of [`Scheduler::begin_poll`]: no thread polls any more.
    #[inline]
    pub(super) fn end_poll(&self) {
        self.polling_thread.store(0, Release);
    }

    #[inline]
    fn polls_on_this_thread(&self) -> bool {
        self.polling_thread.load(Acquire) == this_thread()
    }

    /// Inline: runs one pass of the engine, and moves its events into `batch`. The pass waits for readiness until the deadline,
    /// unless there are already events. If another thread runs the engine, this does nothing: that thread only serves requests
    /// for a moment, so the engine will be free again soon. Returns the time at which the engine last read the clock.
    pub(super) fn run_pass(&self, deadline: Deadline, batch: &mut Box<Batch>) -> Option<Instant> {
        let Driver::Inline { engine: slot, .. } = &self.driver else { return None };
        let Some(mut locked) = slot.try_lock() else {
            std::thread::yield_now();
            return None;
        };
        let engine = locked.as_mut()?;
        // This is read while the engine is locked: a thread that makes something due later finds the engine locked, and wakes it.
        let wait =
            if self.shared.due.load(SeqCst) || !batch.is_empty() { Some(Duration::ZERO) } else { deadline.left() };
        if !self.shared.has_failed() {
            match panics::catch(|| engine.run_pass(wait)) {
                Ok(Ok(())) => engine.publish_to_poll(batch),
                Ok(Err(error)) => engine.fail(format_args!("{error}")),
                Err(panicked) => engine.fail(format_args!("{panicked}")),
            }
        }
        let last_read = engine.last_read();
        drop(locked);
        // Another thread may have added a command while the engine was locked.
        self.run_commands(slot);
        Some(last_read)
    }

    /// Does the deferred work after the callbacks of a poll have returned. `socket_of` returns the socket with a key.
    #[inline]
    pub(super) fn after_callbacks<'a>(&self, socket_of: impl FnOnce(usize) -> Option<&'a SocketShared>) {
        let deferred = self.deferred.load(Relaxed);
        if deferred == Deferred::NOTHING {
            return;
        }
        match &self.driver {
            Driver::Threaded(_) => self.shared.wake(),
            Driver::Inline { engine, .. } => {
                if let Some(key) = Deferred::key(deferred)
                    && !self.with_engine(engine, |engine| engine.flush(key))
                    && let Some(socket) = socket_of(key)
                {
                    // The thread that runs the engine takes this request. If the request is refused, the engine has ended, and
                    // the connection too.
                    let _ = self.shared.push_socket_request(socket, SocketRequest::Flush);
                }
                self.run_commands(engine);
            }
        }
        // This must come last. While the code above runs, a message that the host sends in its log callback becomes a command,
        // which that code runs.
        self.deferred.store(Deferred::NOTHING, Relaxed);
    }

    // The inline engine.

    /// Returns the descriptor of the inline engine. `None` if the loop is threaded.
    #[cfg(unix)]
    pub(super) fn inline_descriptor(&self) -> Option<std::os::fd::RawFd> {
        match self.driver {
            Driver::Threaded(_) => None,
            Driver::Inline { descriptor, .. } => Some(descriptor),
        }
    }

    /// Returns the time until a poll must run a pass of the inline engine, if nothing becomes ready before. `None`: no limit.
    pub(super) fn time_to_next_pass(&self) -> Option<Duration> {
        let Driver::Inline { engine, .. } = &self.driver else { return None };
        // Another thread may run the engine for a moment, and may change this time.
        let Some(mut locked) = engine.try_lock() else { return Some(Duration::ZERO) };
        let wait = locked.as_mut()?.time_to_next_pass();
        drop(locked);
        // A thread that has added a command meanwhile has found the engine locked, so the command still waits.
        if self.shared.has_commands() { Some(Duration::ZERO) } else { wait }
    }

    fn run_engine(&self) {
        if let Driver::Inline { engine, .. } = &self.driver {
            self.run_commands(engine);
            // A host that waits with a time-out must read the new time-out.
            self.shared.wake_waiting_host();
        }
    }

    /// Inline: runs the commands on this thread. If another thread runs the engine, that thread takes them. The time is limited:
    /// long work, and commands that other threads keep adding, are left to the poll.
    fn run_commands(&self, slot: &EngineSlot) {
        const PASSES: usize = 16;
        let mut until = None;
        for _ in 0..PASSES {
            // Either this thread finds the engine free, or the thread that unlocks the engine sees the command here.
            if !self.shared.has_commands() {
                return;
            }
            if !self.with_engine(slot, Engine::run_commands_between_passes) {
                break;
            }
            if self.shared.has_commands() {
                let now = Instant::now();
                if now >= *until.get_or_insert(now + MAX_PASS / 4) {
                    break;
                }
            }
        }
        self.shared.wake();
    }

    /// Runs `act` on the inline engine, and publishes its events. False if another thread runs the engine.
    fn with_engine(&self, slot: &EngineSlot, act: impl FnOnce(&mut Engine)) -> bool {
        let Some(mut engine) = slot.try_lock() else { return false };
        if let Some(engine) = engine.as_mut() {
            if let Err(panicked) = panics::catch(|| act(engine)) {
                engine.fail(format_args!("{panicked}"));
            }
            engine.publish();
        }
        true
    }

    // The end.

    /// Ends the engine, at the latest after `linger`. If a TLS provider does not return, it takes slightly longer.
    pub(super) fn stop(&self, linger: Duration) {
        let give_up = self.calls_provider.then_some(linger + MAX_PROVIDER_WAIT);
        // This fails if the engine has failed. Then it has ended, or is about to end.
        let _ = self.shared.push_stop(linger);
        match &self.driver {
            Driver::Threaded(thread) => {
                self.shared.wake();
                let thread = thread.lock().take();
                if thread.is_some_and(|thread| thread.join(give_up) == thread::Joined::StillRuns) {
                    self.log_blocked_provider();
                }
            }
            Driver::Inline { engine, .. } => {
                let now = Instant::now();
                self.stop_inline(engine, now + linger, give_up.map(|wait| now + wait));
            }
        }
    }

    #[cold]
    fn log_blocked_provider(&self) {
        let text =
            "the loop was freed, but a call of its TLS provider does not return; its engine ends after that call";
        self.shared.log.error(0, format_args!("{text}"));
    }

    fn stop_inline(&self, slot: &EngineSlot, stop_at: Instant, give_up_at: Option<Instant>) {
        let mut engine = loop {
            match slot.try_lock().and_then(|mut slot| slot.take()) {
                Some(engine) => break engine,
                // The engine ends with the loop, which that thread still uses.
                None if give_up_at.is_some_and(|give_up_at| Instant::now() >= give_up_at) => {
                    return self.log_blocked_provider();
                }
                // Another thread runs it for a moment.
                None => std::thread::yield_now(),
            }
        };
        let passes = panics::catch(|| {
            // A failed engine has no connections left to close.
            while !self.shared.has_failed() {
                engine.run_pass(Some(stop_at.saturating_duration_since(Instant::now())))?;
                if engine.is_stopped() || Instant::now() >= stop_at {
                    break;
                }
            }
            Ok::<(), io::Error>(())
        });
        if let Err(panicked) = passes {
            self.shared.log.error(0, format_args!("{panicked}, while the loop was freed"));
        }
        engine.end();
    }
}

#[cfg(test)]
mod tests;
