//! The state that the engine and the threads of the host share: the queue of commands to the engine, and the events that it
//! publishes.
//!
//! # Locks
//! This is the order of all locks of the library. A thread that holds a lock takes only locks that are further down. Locks on one
//! line are never held together. A callback of a poll runs while the first lock is held, and no other. `on_log` and a TLS
//! provider may also run while the second one is held.
//!
//! 1. `Loop::dispatcher`: held by the poll, for as long as it runs. No other thread waits for it.
//! 2. The engine of an inline loop (`socket::scheduling`): taken with `try_lock` only. Only the end of the loop tries until it gets it.
//! 3. `Loop::joined`, held while the connect command is queued.
//! 4. `Shared::commands`, `Shared::events`, `SocketShared::send_queue`, `SocketShared::info`, `SocketShared::pings`,
//!    `SocketShared::round_trip`, `Socket::request`, `Loop::waiting`, `Loop::keys`, the pipe of the notifier, a `host_callback::Slot`, the queries of `dns`,
//!    the jobs of `hooks` and `workers`, a socket that `tcp` lends to the host, the permits of `tls_cache`, the sessions and the infos of
//!    a TLS connector, `Loop::hooks`.
//! 5. The buffer pool and the source of masking keys, which the send queue uses.
//!
//! Two functions also wait for code of the host: `Slot::close` and `Replaced::wait` return when no other thread is inside the
//! callback. While they wait, they hold only the right to poll, for which no thread waits. If the wake-up callback is set inside
//! a callback of the poll, the first lock is held too. So the callback may call every function.
//!
//! The slabs of handles in `ffi` are not in this order: no other lock is taken while a lock of a slab is held. The handle of the
//! loop's thread (`socket::scheduling`) is not in this order either: only `egret_ws_loop_free` locks it, with no other lock held.
//!
//! # Atomics
//! Each of these pairs needs sequentially consistent order. Each side writes its own variable, then reads the variable of the
//! other side. At least one side must see the write of the other:
//! - [`Shared::wake`] (command, then `sleeping`) and [`Shared::fall_asleep`] (`sleeping`, then command): otherwise the engine
//!   would sleep although there is a command.
//! - `SocketShared::after_dispatch` (messages dispatched, then the engine's wait) and `SocketShared::is_full` (wait, then
//!   messages dispatched): otherwise a connection would never read again.
//! - `Scheduler::run_commands` (command, then the lock of the inline engine), on the thread that adds a command and on the thread
//!   that unlocks the engine: otherwise no thread would run the command.
//! - [`Shared::publish`] (`due`, then the notifier's `polling`) and [`Shared::poll_ends`] (`polling`, then `due`): otherwise the
//!   host would not be notified of events.

use super::SocketShared;
use super::batch::Batch;
use super::command_queue::{Command, CommandQueue, LoopRequest, MAX_PENDING_CONNECTS};
use super::notifier::{Notifier, Wakeup};
use super::socket_shared::SocketRequest;
use crate::buffer_pool::{BufferPool, NoMemory};
use crate::config::{ConnectConfig, LoopTls};
use crate::error::Error;
use crate::host_callback::Closed;
use crate::log::Log;
use crate::protocol::mask::{self, Entropy};
use mio::Waker;
use parking_lot::{Condvar, Mutex};
#[cfg(unix)]
use std::io;
#[cfg(unix)]
use std::os::fd::RawFd;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, fence};
use std::time::{Duration, Instant};

/// The part of an engine that all threads use.
pub struct Shared {
    commands: Mutex<CommandChannel>,
    /// There are commands that the engine has not run.
    commands_pending: AtomicBool,
    /// The loop is being freed: the engine must stop its current work.
    stopping: AtomicBool,
    /// The number of connect commands that the engine has not run.
    pending_connects: AtomicUsize,
    /// The number of suspend requests, see [`Shared::push_retry_now`].
    suspends: AtomicU32,
    /// The engine sleeps, or is about to sleep: a thread that adds a command must wake it.
    sleeping: AtomicBool,
    waker: Waker,
    events: Mutex<PublishedEvents>,
    /// Signalled when something becomes due while a poll waits.
    became_due: Condvar,
    /// A poll may have something to do. If it is false, a poll costs only one load.
    pub due: AtomicBool,
    /// A poll must return, even if nothing is due.
    wake_requested: AtomicBool,
    notifier: Notifier,
    /// The host's poll runs the engine. So a request to wake the poll also prevents the engine from sleeping.
    by_poll: bool,
    /// The engine has failed: it takes no commands. It has published its last events, or is about to publish them.
    failed: AtomicBool,
    /// The last events were published.
    finished: AtomicBool,
    /// Large buffers, for both directions.
    pub pool: Arc<BufferPool>,
    /// The source of masking keys.
    pub entropy: Entropy,
    /// The TLS of the loop.
    pub tls: LoopTls,
    /// The log of the loop.
    pub log: Arc<Log>,
}

#[derive(Default)]
struct CommandChannel {
    queue: CommandQueue,
    /// The engine has ended: it takes no more commands.
    closed: bool,
}

#[derive(Default)]
struct PublishedEvents {
    batch: Box<Batch>,
    /// A poll waits for events.
    poll_waits: bool,
}

impl Shared {
    pub(super) fn new(waker: Waker, log: Arc<Log>, by_poll: bool, tls: LoopTls) -> Shared {
        Shared {
            commands: Mutex::default(),
            commands_pending: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            pending_connects: AtomicUsize::new(0),
            suspends: AtomicU32::new(0),
            sleeping: AtomicBool::new(false),
            waker,
            events: Mutex::default(),
            became_due: Condvar::new(),
            due: AtomicBool::new(false),
            wake_requested: AtomicBool::new(false),
            notifier: Notifier::default(),
            by_poll,
            failed: AtomicBool::new(false),
            finished: AtomicBool::new(false),
            pool: Arc::default(),
            entropy: mask::generator(),
            tls,
            log,
        }
    }

    // Commands.

    /// Queues a command. The caller must then call [`Shared::wake`]. Fails if the engine has ended.
    pub fn push(&self, command: Command) -> Result<(), Error> {
        self.push_with(|queue| {
            queue.push(command);
            Ok(())
        })
    }

    #[inline]
    fn push_with(&self, add: impl FnOnce(&mut CommandQueue) -> Result<(), Error>) -> Result<(), Error> {
        let mut commands = self.commands.lock();
        if commands.closed {
            return Err(self.closed_error());
        }
        add(&mut commands.queue)?;
        self.commands_pending.store(true, SeqCst);
        Ok(())
    }

    /// Returns the error of a call after the engine has ended.
    #[cold]
    fn closed_error(&self) -> Error {
        if self.has_failed() { Error::Internal } else { Error::BadHandle }
    }

    /// Queues a connect command. Returns [`Error::NoResources`] if too many connect commands already wait.
    pub fn push_connect(&self, socket: Arc<SocketShared>, config: Box<ConnectConfig>) -> Result<(), Error> {
        self.push_with(|queue| {
            if self.is_stopping() {
                return Err(self.closed_error());
            }
            if self.pending_connects.load(Relaxed) >= MAX_PENDING_CONNECTS {
                return Err(Error::NoResources);
            }
            self.pending_connects.fetch_add(1, Relaxed);
            queue.push(Command::Connect(socket, config));
            Ok(())
        })
    }

    /// Records that the engine runs a connect command.
    pub(super) fn connect_started(&self) {
        self.pending_connects.fetch_sub(1, Relaxed);
    }

    /// Queues a request of a socket. A socket has at most one entry in the queue.
    #[inline]
    pub fn push_socket_request(&self, socket: &SocketShared, request: SocketRequest) -> Result<(), Error> {
        if socket.add_request(request) { self.push(Command::SocketRequests(socket.key)) } else { Ok(()) }
    }

    /// Queues [`SocketRequest::RetryNow`]. Requests of a socket are merged. If a suspend was requested between two such requests,
    /// a merged request could run before the suspend, and the suspend would end its retry. In this case the second request is
    /// kept separate.
    pub fn push_retry_now(&self, socket: &SocketShared) -> Result<(), Error> {
        let is_first = socket.add_retry_now(self.suspends.load(SeqCst));
        if is_first { self.push(Command::SocketRequests(socket.key)) } else { Ok(()) }
    }

    /// Queues a request that concerns the whole loop.
    pub fn push_loop_request(&self, request: LoopRequest) -> Result<(), Error> {
        self.push_with(|queue| {
            if request == LoopRequest::Suspend {
                self.suspends.fetch_add(1, SeqCst);
            }
            queue.push_loop_request(request);
            Ok(())
        })
    }

    /// Requests that the engine ends, at the latest after this time. The engine handles this request before all commands.
    pub fn push_stop(&self, linger: Duration) -> Result<(), Error> {
        self.push_with(|queue| {
            queue.push_stop(linger);
            self.stopping.store(true, SeqCst);
            Ok(())
        })
    }

    /// Returns whether the loop is being freed.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Relaxed)
    }

    /// Returns whether the engine has failed. If so, every connection has ended, and none can begin.
    pub fn has_failed(&self) -> bool {
        self.failed.load(SeqCst)
    }

    /// Returns whether there are commands that the engine has not run.
    pub fn has_commands(&self) -> bool {
        self.commands_pending.load(SeqCst)
    }

    /// Wakes the engine if it sleeps. If it does not sleep, it runs its commands before it sleeps.
    pub fn wake(&self) {
        // Either this thread sees that the engine sleeps, or the engine sees the command: see fall_asleep.
        if self.end_sleep() || self.notifier.must_signal_host() {
            self.signal_waker();
        }
    }

    /// Returns true if the engine sleeps and the caller must signal its waker.
    fn end_sleep(&self) -> bool {
        fence(SeqCst);
        self.sleeping.load(Relaxed) && self.sleeping.swap(false, SeqCst)
    }

    /// Inline: wakes a host that waits for the descriptor, because the time until the next pass may have changed.
    pub fn wake_waiting_host(&self) {
        if self.notifier.must_signal_host() {
            self.signal_waker();
        }
    }

    fn signal_waker(&self) {
        if let Err(error) = self.waker.wake() {
            self.log.error(0, format_args!("cannot wake the thread that waits for the loop: {error}"));
        }
    }

    /// Returns the number of commands that the engine has not taken.
    #[cfg(test)]
    pub(super) fn queued(&self) -> usize {
        self.commands.lock().queue.len()
    }

    /// Appends all commands to the commands of `onto`.
    pub(super) fn take_commands(&self, onto: &mut CommandQueue) {
        let mut commands = self.commands.lock();
        self.commands_pending.store(false, Relaxed);
        onto.append(&mut commands.queue);
    }

    /// Records that the engine leaves commands for its next pass.
    pub(super) fn mark_commands_pending(&self) {
        self.commands_pending.store(true, SeqCst);
    }

    /// Takes the last commands. The engine ends, and accepts no more commands.
    pub(super) fn close_commands(&self, failed: bool) -> CommandQueue {
        let mut commands = self.commands.lock();
        self.failed.fetch_or(failed, SeqCst);
        self.commands_pending.store(false, Relaxed);
        commands.closed = true;
        std::mem::take(&mut commands.queue)
    }

    /// Called when the engine is about to sleep. False if it must not sleep: there is a command, or, in a poll, something else to
    /// do, for which no thread will wake it.
    pub(super) fn fall_asleep(&self) -> bool {
        self.sleeping.store(true, Relaxed);
        fence(SeqCst);
        !(self.has_commands() || self.by_poll && (self.wake_requested.load(SeqCst) || self.due.load(SeqCst)))
    }

    /// Called when the engine does not sleep any more.
    pub(super) fn awake(&self) {
        self.sleeping.store(false, Relaxed);
    }

    // Events.

    /// Returns whether the last events were published.
    pub fn is_finished(&self) -> bool {
        self.finished.load(SeqCst)
    }

    pub(super) fn finish(&self) {
        self.finished.store(true, SeqCst);
        self.make_due(); // a poll that waits must notice it
    }

    /// Appends a batch to the events for the host, and wakes the poll that waits for it. False if no poll waits. After an error
    /// the batch is unchanged: there is no memory for it until the host has taken earlier events.
    pub(super) fn publish(&self, batch: &mut Box<Batch>) -> Result<bool, NoMemory> {
        let mut events = self.events.lock();
        events.batch.append(batch)?;
        let poll_waits = std::mem::take(&mut events.poll_waits);
        // This is set under the lock: a poll that finds the events also finds that they are due.
        self.due.store(true, SeqCst);
        drop(events);
        if poll_waits {
            self.became_due.notify_all();
        }
        self.notify();
        Ok(poll_waits)
    }

    /// Called when the loop was freed: drops the events that no poll has taken, and the buffers. If a worker hangs in a hook or a
    /// look-up, it keeps the rest of this object for as long as it hangs.
    pub fn clear(&self) {
        let batch = std::mem::take(&mut self.events.lock().batch);
        drop(batch);
        self.pool.clear();
    }

    /// Swaps the published events for an empty batch, if something is due. False if there are no events.
    pub fn take_events(&self, empty: &mut Box<Batch>) -> bool {
        if !self.due.load(SeqCst) {
            return false;
        }
        let mut events = self.events.lock();
        // The order matters: an event that is published after this makes the poll due again.
        self.due.store(false, SeqCst);
        std::mem::swap(&mut events.batch, empty);
        !empty.is_empty()
    }

    /// Returns whether a poll would find nothing to do.
    pub fn is_quiet(&self) -> bool {
        !self.due.load(SeqCst) && !self.notifier.is_notified()
    }

    /// Makes the poll due for something that is not an event.
    pub fn make_due(&self) {
        self.due.store(true, SeqCst);
        if std::mem::take(&mut self.events.lock().poll_waits) {
            self.became_due.notify_all();
        }
        self.notify();
        // The poll of an inline loop waits in the engine. Perhaps no command that would wake the engine follows: it takes no
        // commands of a connection that has ended.
        if self.by_poll && self.end_sleep() {
            self.signal_waker();
        }
    }

    /// Ends the poll that waits, or the next one, early.
    pub fn wake_poll(&self) {
        self.wake_requested.store(true, SeqCst);
        self.make_due();
        self.wake();
    }

    /// Takes the request of [`Shared::wake_poll`]. True if there was one.
    pub fn take_woken(&self) -> bool {
        self.wake_requested.load(SeqCst) && self.wake_requested.swap(false, SeqCst)
    }

    // Notifying a host that does not poll by itself.

    /// Sets the callback that notifies the host when something is due, and waits until no other thread is inside an earlier
    /// callback. Fails if the loop is being freed.
    pub fn set_wakeup(&self, wakeup: Option<Wakeup>) -> Result<(), Error> {
        let replaced = self.notifier.set_wakeup(wakeup).map_err(|Closed| Error::BadHandle)?;
        self.notify_if_due();
        replaced.wait();
        Ok(())
    }

    /// Removes the callback permanently, and waits until no other thread is inside it.
    pub fn close_wakeup(&self) {
        self.notifier.close_wakeup();
    }

    /// Returns a descriptor that is readable while something is due.
    #[cfg(unix)]
    pub fn descriptor(&self) -> io::Result<RawFd> {
        let descriptor = self.notifier.descriptor()?;
        self.notify_if_due();
        Ok(descriptor)
    }

    /// Inline: after this call the descriptor of the engine becomes readable when something is due.
    pub fn notify_by_waker(&self) {
        self.notifier.notify_by_waker();
        self.notify_if_due();
    }

    /// Called when a poll begins. The poll notices everything that becomes due after this.
    pub fn poll_begins(&self) {
        self.notifier.poll_begins();
    }

    /// Called when a poll ends. Notifies the host if events are left.
    pub fn poll_ends(&self) {
        self.notifier.poll_ends();
        self.notify_if_due();
    }

    fn notify_if_due(&self) {
        if self.due.load(SeqCst) {
            self.notify();
        }
    }

    fn notify(&self) {
        if self.notifier.notify() {
            self.signal_waker();
        }
    }

    /// Waits until something is due, at most until `deadline`.
    pub fn wait_until_due(&self, deadline: Option<Instant>) {
        let mut events = self.events.lock();
        while !self.due.load(SeqCst) && events.batch.is_empty() {
            events.poll_waits = true;
            match deadline {
                None => self.became_due.wait(&mut events),
                Some(deadline) if self.became_due.wait_until(&mut events, deadline).timed_out() => break,
                Some(_) => {}
            }
        }
        events.poll_waits = false;
    }
}
