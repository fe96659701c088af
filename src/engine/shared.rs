//! The two ways between the host's threads and the engine: commands in, events out.

use super::SocketShared;
use super::batch::Batch;
use super::commands::{Command, Commands, MAX_UNBEGUN, Wish};
use super::notifier::{Notifier, Wakeup};
use super::socket_shared::Ask;
use crate::buffer_pool::{BufferPool, NoMemory};
use crate::config::ConnectConfig;
use crate::error::Error;
use crate::log::Log;
use crate::protocol::mask::{self, Entropy};
use mio::Waker;
use parking_lot::{Condvar, Mutex};
#[cfg(unix)]
use std::io;
#[cfg(unix)]
use std::os::fd::RawFd;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use std::sync::atomic::{AtomicBool, AtomicUsize, fence};
use std::time::{Duration, Instant};

/// What an engine shares with the host's threads.
pub struct Shared {
    commands: Mutex<Entrance>,
    /// There are commands that the engine has not run.
    commanded: AtomicBool,
    /// The loop is being freed: the engine must stop its present work.
    stopping: AtomicBool,
    /// Connect calls that the engine has not begun to serve.
    unbegun: AtomicUsize,
    /// The engine sleeps, or is about to: who adds a command has to wake it.
    sleeping: AtomicBool,
    waker: Waker,
    inbox: Mutex<Inbox>,
    arrived: Condvar,
    /// There may be something to dispatch. So a poll with nothing to do costs one load.
    pub due: AtomicBool,
    /// A poll is to return, whether or not something is due.
    woken: AtomicBool,
    notifier: Notifier,
    /// The host's poll turns the engine: what makes the one return keeps the other from sleeping.
    by_poll: bool,
    /// The engine has failed: it takes no commands, and its last events are on their way.
    failed: AtomicBool,
    /// The last events were published.
    silent: AtomicBool,
    /// Large buffers, both ways.
    pub pool: Arc<BufferPool>,
    /// Where masking keys come from.
    pub entropy: Entropy,
    /// Where it logs.
    pub log: Arc<Log>,
}

#[derive(Default)]
struct Entrance {
    queue: Commands,
    /// The engine has ended: it takes no more.
    closed: bool,
}

#[derive(Default)]
struct Inbox {
    batch: Box<Batch>,
    /// A poll waits for events.
    waiting: bool,
}

impl Shared {
    pub(super) fn new(waker: Waker, log: Arc<Log>, by_poll: bool) -> Shared {
        Shared {
            commands: Mutex::default(),
            commanded: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            unbegun: AtomicUsize::new(0),
            sleeping: AtomicBool::new(false),
            waker,
            inbox: Mutex::default(),
            arrived: Condvar::new(),
            due: AtomicBool::new(false),
            woken: AtomicBool::new(false),
            notifier: Notifier::default(),
            by_poll,
            failed: AtomicBool::new(false),
            silent: AtomicBool::new(false),
            pool: Arc::default(),
            entropy: mask::generator(),
            log,
        }
    }

    // Commands.

    /// Adds a command; [`Shared::wake`] is to follow. Fails if the engine has ended, with the reason.
    pub fn command(&self, command: Command) -> Result<(), Error> {
        self.enter(|queue| {
            queue.push(command);
            Ok(())
        })
    }

    #[inline]
    fn enter(&self, add: impl FnOnce(&mut Commands) -> Result<(), Error>) -> Result<(), Error> {
        let mut commands = self.commands.lock();
        if commands.closed {
            return Err(self.gone());
        }
        add(&mut commands.queue)?;
        self.commanded.store(true, Release);
        Ok(())
    }

    /// The error of a call after the engine has ended.
    #[cold]
    fn gone(&self) -> Error {
        if self.has_failed() { Error::Internal } else { Error::BadHandle }
    }

    /// Queues a connect call. Returns [`Error::NoResources`] if too many connect calls wait already.
    pub fn connect(&self, socket: Arc<SocketShared>, config: Box<ConnectConfig>) -> Result<(), Error> {
        self.enter(|queue| {
            if self.is_stopping() {
                return Err(self.gone());
            }
            if self.unbegun.load(Relaxed) >= MAX_UNBEGUN {
                return Err(Error::NoResources);
            }
            self.unbegun.fetch_add(1, Relaxed);
            queue.push(Command::Connect(socket, config));
            Ok(())
        })
    }

    /// The engine begins to serve a connect call.
    pub(super) fn begun(&self) {
        self.unbegun.fetch_sub(1, Relaxed);
    }

    /// Queues a request of a socket. A socket has at most one entry in the queue.
    #[inline]
    pub fn ask(&self, socket: &SocketShared, what: Ask) -> Result<(), Error> {
        if socket.ask(what) { self.command(Command::Asked(socket.key)) } else { Ok(()) }
    }

    /// Queues a request that concerns the whole loop.
    pub fn wish(&self, wish: Wish) -> Result<(), Error> {
        self.enter(|queue| {
            queue.wish(wish);
            Ok(())
        })
    }

    /// Asks the engine to end, at the latest after this time. It serves this request before all others.
    pub fn stop(&self, linger: Duration) -> Result<(), Error> {
        self.enter(|queue| {
            queue.stop(linger);
            self.stopping.store(true, SeqCst);
            Ok(())
        })
    }

    /// Is the loop being freed?
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Relaxed)
    }

    /// The engine has failed: every connection of it has ended, and none can be begun.
    pub fn has_failed(&self) -> bool {
        self.failed.load(SeqCst)
    }

    /// Are there commands that the engine has not run?
    pub fn has_commands(&self) -> bool {
        self.commanded.load(Acquire)
    }

    /// Wakes the engine if it sleeps; else it will look at its commands by itself before it does.
    pub fn wake(&self) {
        // Either this sees that it sleeps, or it sees the command: see fall_asleep.
        fence(SeqCst);
        if self.sleeping.load(Relaxed) && self.sleeping.swap(false, SeqCst) || self.notifier.is_waited_for() {
            self.ring_waker();
        }
    }

    /// Has who waits for an inline engine's readiness poll, for its timers may have changed.
    pub fn nudge(&self) {
        if self.notifier.is_waited_for() {
            self.ring_waker();
        }
    }

    fn ring_waker(&self) {
        if let Err(error) = self.waker.wake() {
            self.log.error(0, format_args!("cannot wake who waits for the loop: {error}"));
        }
    }

    /// Commands that the engine has not taken.
    #[cfg(test)]
    pub(super) fn queued(&self) -> usize {
        self.commands.lock().queue.len()
    }

    pub(super) fn take_commands(&self, onto: &mut Commands) {
        let mut commands = self.commands.lock();
        self.commanded.store(false, Relaxed);
        onto.append(&mut commands.queue);
    }

    /// The engine has left commands for its next pass.
    pub(super) fn has_left_commands(&self) {
        self.commanded.store(true, Release);
    }

    /// The engine ends: it takes what is there, and nothing after.
    pub(super) fn close_commands(&self, failed: bool) -> Commands {
        let mut commands = self.commands.lock();
        self.failed.fetch_or(failed, SeqCst);
        self.commanded.store(false, Relaxed);
        commands.closed = true;
        std::mem::take(&mut commands.queue)
    }

    /// Says that the engine will sleep. False if it must not: a command was added that nobody will wake it for.
    pub(super) fn fall_asleep(&self) -> bool {
        self.sleeping.store(true, Relaxed);
        fence(SeqCst);
        !(self.has_commands() || self.by_poll && self.woken.load(SeqCst))
    }

    pub(super) fn awake(&self) {
        self.sleeping.store(false, Relaxed);
    }

    // Events.

    /// No further event will come.
    pub fn is_silent(&self) -> bool {
        self.silent.load(SeqCst)
    }

    pub(super) fn fall_silent(&self) {
        self.silent.store(true, SeqCst);
        self.make_due(); // a poll that waits is to see it
    }

    /// Appends a batch to the events for the host, and wakes the poll that waits for it; false if none waits. After an error the batch
    /// is unchanged: there is no memory for it until the host has taken earlier events.
    pub(super) fn publish(&self, batch: &mut Box<Batch>) -> Result<bool, NoMemory> {
        let mut inbox = self.inbox.lock();
        inbox.batch.append(batch)?;
        let waiting = std::mem::take(&mut inbox.waiting);
        // Under the lock: who finds events there finds them due.
        self.due.store(true, SeqCst);
        drop(inbox);
        if waiting {
            self.arrived.notify_all();
        }
        self.ring();
        Ok(waiting)
    }

    /// Swaps the waiting events for an empty batch, if something is due. False if there are none.
    pub fn take_events(&self, empty: &mut Box<Batch>) -> bool {
        if !self.due.load(SeqCst) {
            return false;
        }
        let mut inbox = self.inbox.lock();
        // In this order: what becomes due after this is seen by the next look.
        self.due.store(false, SeqCst);
        std::mem::swap(&mut inbox.batch, empty);
        !empty.is_empty()
    }

    /// A poll would find nothing to do.
    pub fn is_quiet(&self) -> bool {
        !self.due.load(SeqCst) && !self.notifier.is_rung()
    }

    /// Something other than an event is to be done in the poll.
    pub fn make_due(&self) {
        self.due.store(true, SeqCst);
        if std::mem::take(&mut self.inbox.lock().waiting) {
            self.arrived.notify_all();
        }
        self.ring();
    }

    /// Makes the poll that waits, or else the next one, return.
    pub fn wake_poll(&self) {
        self.woken.store(true, SeqCst);
        self.make_due();
        self.wake();
    }

    /// Was it made to? True once.
    pub fn take_woken(&self) -> bool {
        self.woken.load(SeqCst) && self.woken.swap(false, SeqCst)
    }

    // Telling a host that does not poll by itself.

    /// Has the host called when something is due.
    pub fn set_wakeup(&self, wakeup: Option<Wakeup>) {
        self.notifier.set_wakeup(wakeup);
        self.ring_if_due();
    }

    /// What can be read from while something is due.
    #[cfg(unix)]
    pub fn descriptor(&self) -> io::Result<RawFd> {
        let descriptor = self.notifier.descriptor()?;
        self.ring_if_due();
        Ok(descriptor)
    }

    /// From now on the engine's own readiness tells that something is due, for who waits for that.
    pub fn ring_by_waker(&self) {
        self.notifier.ring_by_waker();
        self.ring_if_due();
    }

    /// A poll begins: what becomes due from now on, it finds itself.
    pub fn poll_begins(&self) {
        self.notifier.poll_begins();
    }

    /// A poll ends: what it has left is to be told.
    pub fn poll_ends(&self) {
        self.notifier.poll_ends();
        self.ring_if_due();
    }

    fn ring_if_due(&self) {
        if self.due.load(SeqCst) {
            self.ring();
        }
    }

    fn ring(&self) {
        if self.notifier.ring() {
            self.ring_waker();
        }
    }

    /// Waits until something is due, at most until `deadline`.
    pub fn wait_until_due(&self, deadline: Option<Instant>) {
        let mut inbox = self.inbox.lock();
        while !self.due.load(SeqCst) && inbox.batch.is_empty() {
            inbox.waiting = true;
            match deadline {
                None => self.arrived.wait(&mut inbox),
                Some(deadline) if self.arrived.wait_until(&mut inbox, deadline).timed_out() => break,
                Some(_) => {}
            }
        }
        inbox.waiting = false;
    }
}
