//! The loop of a host: its life, its sockets, and the poll that runs the callbacks. [`Scheduler`] decides which thread runs the
//! engine.

use super::budget::Budget;
use super::deadline::Deadline;
use super::dispatch::Dispatcher;
use super::scheduling::Scheduler;
use super::{FreeReport, Listener, Socket};
use crate::config::{ConnectConfig, LoopConfig, LoopTls};
use crate::connection::send_queue::SendQueue;
use crate::constants::EGRET_WS_MAX_PENDING_SOCKETS;
use crate::engine::hooks::{HookOptions, HostHooks};
use crate::engine::table::{KeyAllocator, Table};
use crate::engine::{HostParts, LoopRequest, MAX_PASS, Shared, SocketShared, Wakeup};
use crate::error::{DetailedError, Error};
use crate::log::Log;
use crate::protocol::mask::KeySource;
use crate::transport::tls::{self, HostTls};
use crate::{fork, interrupt};
use parking_lot::{Mutex, MutexGuard};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;

/// The capacity that an emptied list of sockets may keep.
const KEPT_SOCKETS: usize = 256;
/// The largest number of freed sockets that wait until a poll calls their `release_user`.
const MAX_FREED: usize = EGRET_WS_MAX_PENDING_SOCKETS as usize;

/// The parts of a loop that the host provides.
#[derive(Clone, Default)]
pub struct LoopParts {
    /// Functions that take part in opening connections.
    pub hooks: Option<Arc<dyn HostHooks>>,
    /// The TLS that is used instead of the TLS of this build.
    pub tls: Option<Arc<dyn HostTls>>,
}

/// A loop.
pub struct Loop {
    options: LoopConfig,
    pub(super) scheduler: Scheduler,
    /// Locked by the running poll, or by the end of the loop. No other thread locks it. `None` when the loop has ended.
    dispatcher: Mutex<Option<Dispatcher>>,
    /// Sockets that the dispatcher does not know yet.
    joined: Mutex<Vec<Arc<Socket>>>,
    /// Sockets that the poll must check. `None` when the loop has ended.
    waiting: Mutex<Option<WaitingSockets>>,
    any_waiting: AtomicBool,
    /// Kept until the loop is freed, so that these parts are not released earlier, even if the engine fails.
    host: Mutex<LoopParts>,
    /// The keys of the sockets, in the tables of the engine and of the dispatcher.
    pub(super) keys: Mutex<KeyAllocator>,
}

/// Sockets that the poll must check, besides those with events.
#[derive(Default)]
struct WaitingSockets {
    /// Freed sockets whose user data must be released.
    freed: VecDeque<Arc<Socket>>,
    /// Sockets whose receiving was resumed, and that have held events. Each is here at most once.
    resumed: VecDeque<Arc<Socket>>,
}

/// Ends the poll, also when it ends by a panic. The thread must hold no lock when this is dropped: it may notify the host, and
/// the host may then start a poll on another thread.
struct PollGuard<'a>(&'a Loop);

impl Drop for PollGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        let scheduler = &self.0.scheduler;
        if std::thread::panicking() {
            // The events are not lost: the next poll continues.
            scheduler.shared().due.store(true, SeqCst);
        }
        scheduler.end_poll();
        scheduler.shared().poll_ends();
    }
}

/// Closes the log when the loop has been freed, also if that ends by a panic, because the host may then free the data of
/// `on_log`.
struct LogClosing<'a>(&'a Log);

impl Drop for LogClosing<'_> {
    fn drop(&mut self) {
        // In a child that a callback has forked, no callback is called any more, and locks may belong to threads of the parent.
        if !fork::is_child() {
            self.0.close();
        }
    }
}

impl Loop {
    /// Makes a loop.
    pub fn new(options: LoopConfig, log: Arc<Log>, host: LoopParts) -> Result<Arc<Loop>, DetailedError> {
        // Half of the time of a poll is for the engine, and half is for callbacks.
        let pass = options.poll_max_time.filter(|_| options.inline).map_or(MAX_PASS, |time| MAX_PASS.min(time / 2));
        let hooks = host.hooks.clone().map(|host| HookOptions { host, max_threads: options.hook_threads });
        let parts = HostParts { hooks, tls: host.tls.clone() };
        let scheduler = Scheduler::new(log, &options, pass, parts).map_err(|error| {
            DetailedError::new(Error::NoResources, format!("no descriptor or thread is left for a loop: {error}"))
        })?;
        Ok(Arc::new(Loop {
            options,
            scheduler,
            dispatcher: Mutex::new(Some(Dispatcher::default())),
            joined: Mutex::default(),
            waiting: Mutex::new(Some(WaitingSockets::default())),
            any_waiting: AtomicBool::new(false),
            host: Mutex::new(host),
            keys: Mutex::default(),
        }))
    }

    /// The part of the engine that all threads may use.
    #[inline]
    pub(super) fn shared(&self) -> &Shared {
        self.scheduler.shared()
    }

    /// The TLS of the connections of this loop.
    pub fn tls(&self) -> LoopTls {
        self.options.tls
    }

    /// The log of the loop.
    pub fn log(&self) -> &Arc<Log> {
        &self.shared().log
    }

    // Sockets.

    /// Makes a socket and begins to connect it. `id` is its number in log lines. `publish` is called with the socket before the
    /// connection begins: if another thread polls, a callback may run at once, and the host must know the socket by then. After
    /// an error the connection has not begun.
    pub fn connect(
        self: &Arc<Loop>,
        config: Box<ConnectConfig>,
        id: usize,
        listener: Arc<dyn Listener>,
        publish: impl FnOnce(&Arc<Socket>),
    ) -> Result<(), Error> {
        if config.may_use_tls() && config.loop_tls == LoopTls::Library {
            tls::watch_exit();
        }
        let limits = config.limits;
        let key = self.keys.lock().allocate();
        let keys = KeySource::new(Arc::clone(&self.shared().entropy));
        let pool = Arc::clone(&self.shared().pool);
        let send_queue = SendQueue::with_pool(limits.max_message, limits.max_send_buffer, keys, pool);
        let socket = Arc::new(Socket {
            shared: Arc::new(SocketShared::new(key, id, send_queue, limits.max_receive_queue, listener.wants())),
            host_loop: Arc::clone(self),
            listener,
            max_message: limits.max_message,
            request: config.asks_host.then(|| Mutex::new(config.clone())),
            delivers_messages: AtomicBool::new(false),
            released: AtomicBool::new(false),
        });
        publish(&socket);
        self.join(&socket, config).inspect_err(|_| self.keys.lock().release(key))
    }

    fn join(&self, socket: &Arc<Socket>, config: Box<ConnectConfig>) -> Result<(), Error> {
        if self.waiting.lock().as_ref().is_some_and(|waiting| waiting.freed.len() >= MAX_FREED) {
            return Err(Error::NoResources);
        }
        // The command is added while `joined` is locked: so either the end of the loop finds the socket, or the command is
        // refused.
        let mut joined = self.joined.lock();
        self.shared().push_connect(Arc::clone(&socket.shared), config)?;
        joined.push(Arc::clone(socket));
        drop(joined);
        self.scheduler.command_queued();
        Ok(())
    }

    /// Moves the sockets that are new into the table of the dispatcher.
    pub(super) fn take_joined(&self, sockets: &mut Table<Arc<Socket>>) {
        let mut joined = self.joined.lock();
        for socket in joined.drain(..) {
            sockets.put(socket.shared.key, socket);
        }
        joined.shrink_to(KEPT_SOCKETS);
    }

    /// Requests that the poll releases the user data of a freed socket.
    pub(super) fn freed(&self, socket: &Arc<Socket>) {
        self.add_waiting(socket, |waiting| &mut waiting.freed);
    }

    /// Requests that the poll dispatches the held events of a socket.
    pub(super) fn resumed(&self, socket: &Arc<Socket>) {
        self.add_waiting(socket, |waiting| &mut waiting.resumed);
    }

    fn add_waiting(&self, socket: &Arc<Socket>, list: impl FnOnce(&mut WaitingSockets) -> &mut VecDeque<Arc<Socket>>) {
        let mut waiting = self.waiting.lock();
        let Some(sockets) = waiting.as_mut() else { return };
        list(sockets).push_back(Arc::clone(socket));
        self.any_waiting.store(true, SeqCst);
        drop(waiting);
        interrupt::raise();
        self.shared().make_due();
    }

    /// Takes the freed socket that has waited longest for its release.
    pub(super) fn take_freed(&self) -> Option<Arc<Socket>> {
        self.take_waiting(|waiting| &mut waiting.freed)
    }

    /// Takes the resumed socket that has waited longest.
    pub(super) fn take_resumed(&self) -> Option<Arc<Socket>> {
        self.take_waiting(|waiting| &mut waiting.resumed)
    }

    fn take_waiting(
        &self,
        list: impl FnOnce(&mut WaitingSockets) -> &mut VecDeque<Arc<Socket>>,
    ) -> Option<Arc<Socket>> {
        let mut waiting = self.waiting.lock();
        let sockets = waiting.as_mut()?;
        let list = list(sockets);
        let socket = list.pop_front();
        if list.is_empty() {
            list.shrink_to(KEPT_SOCKETS);
        }
        self.any_waiting.store(!(sockets.freed.is_empty() && sockets.resumed.is_empty()), SeqCst);
        socket
    }

    /// Returns whether a socket was freed or resumed.
    pub(super) fn has_waiting(&self) -> bool {
        self.any_waiting.load(SeqCst)
    }

    // The lifecycle of the host.

    /// The host reports that the process may be frozen from now on.
    pub fn suspend(&self) {
        self.request(LoopRequest::Suspend);
    }

    /// The host reports that the process runs again.
    pub fn resume(&self) {
        self.request(LoopRequest::Resume);
    }

    /// The host reports that the machine has changed to another network.
    pub fn network_changed(&self) {
        self.request(LoopRequest::NetworkChanged);
    }

    fn request(&self, request: LoopRequest) {
        if self.shared().push_loop_request(request).is_ok() {
            self.scheduler.command_queued();
        }
    }

    // Notifying a host that does not poll by itself.

    /// Makes the poll that waits, or the next one, return.
    pub fn wake(&self) {
        self.scheduler.wake_poll();
    }

    /// Sets the callback that notifies the host when a poll has something to do.
    pub fn set_wakeup(&self, wakeup: Option<Wakeup>) -> Result<(), DetailedError> {
        if self.options.inline {
            const WHY: &str = "an inline loop has no thread that could call it: wait with egret_ws_loop_descriptor";
            return Err(DetailedError::new(Error::Unsupported, WHY));
        }
        Ok(self.shared().set_wakeup(wakeup)?)
    }

    /// Returns a descriptor that is readable while a poll has something to do.
    #[cfg(unix)]
    pub fn descriptor(&self) -> Result<i32, DetailedError> {
        if let Some(descriptor) = self.scheduler.inline_descriptor() {
            self.shared().notify_by_waker();
            return Ok(descriptor);
        }
        let refuse =
            |error| DetailedError::new(Error::NoResources, format!("no descriptor to wait on could be made: {error}"));
        self.shared().descriptor().map_err(refuse)
    }

    /// This system has no descriptors.
    #[cfg(not(unix))]
    pub fn descriptor(&self) -> Result<i32, DetailedError> {
        Err(DetailedError::new(Error::Unsupported, "this system has no descriptors: use egret_ws_loop_set_wakeup"))
    }

    /// Returns the time in milliseconds after which the host must poll although the descriptor is not readable. `i32::MAX`: no
    /// limit.
    pub fn timeout(&self) -> i32 {
        if self.shared().due.load(SeqCst) {
            return 0;
        }
        self.scheduler.time_to_next_pass().map_or(i32::MAX, |wait| {
            // It is rounded up, because a poll that comes too early finds nothing to do.
            i32::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX)
        })
    }

    // Polling.

    /// Runs the callbacks that are due and returns how many ran. For `timeout_ms` see `egret_ws_loop_poll`.
    pub fn poll(&self, timeout_ms: i32) -> Result<u32, Error> {
        if timeout_ms == 0 && !self.options.inline && self.shared().is_quiet() {
            return self.scheduler.check_poll().map(|()| 0);
        }
        self.scheduler.begin_poll()?;
        let guard = PollGuard(self);
        let mut locked = self.dispatcher.lock();
        self.shared().poll_begins();
        let Some(dispatcher) = locked.as_mut() else { return Err(Error::Internal) };
        let deadline = Deadline::new(timeout_ms);
        loop {
            let mut budget = Budget::new(self.options.poll_max_callbacks, self.options.poll_max_time);
            if self.options.inline
                && let Some(now) = self.scheduler.run_pass(deadline, dispatcher.batch())
            {
                budget = budget.from(now);
            }
            let (made, left) = dispatcher.run(self, budget);
            if fork::is_child() {
                MutexGuard::leak(locked);
                std::mem::forget(guard);
                return Err(Error::Forked);
            }
            if left {
                self.shared().due.store(true, SeqCst);
            }
            self.scheduler.after_callbacks(|key| dispatcher.socket(key));
            if self.shared().take_woken() || made > 0 || deadline.is_over() {
                return Ok(made);
            }
            // The order matters: events that were published before the end have made the poll due.
            if self.shared().is_finished() && !self.shared().due.load(SeqCst) {
                return Err(Error::Internal);
            }
            // The pass of an inline engine has already waited.
            if !self.options.inline {
                self.shared().wait_until_due(deadline.instant());
            }
        }
    }

    // Freeing.

    /// Claims the loop for [`Loop::finish_free`]. After this no poll can begin.
    pub fn begin_free(&self) -> Result<(), Error> {
        self.scheduler.begin_poll()
    }

    /// Ends the engine and releases every socket. The handle is already invalid. Returns the lost messages. Fails in a child that
    /// a callback has forked.
    pub fn finish_free(&self) -> Result<FreeReport, Error> {
        let _closing = LogClosing(self.log());
        self.shared().close_wakeup();
        self.scheduler.stop(self.options.linger);
        // The engine has ended, and accepts no more sockets.
        let dispatcher = self.dispatcher.lock().take();
        let (known, mut report) = dispatcher.unwrap_or_default().into_sockets();
        let joined = std::mem::take(&mut *self.joined.lock());
        let freed = self.waiting.lock().take().map(|waiting| waiting.freed);
        let mut sockets = Vec::from_iter(known.chain(joined));
        for socket in &sockets {
            let lost = socket.shared.send_queue.lock().lost();
            report.add(self.log(), socket.shared.id, lost, "the loop was freed");
        }
        // For sockets that are only in this list, the end was dispatched, and was counted then.
        sockets.extend(freed.into_iter().flatten());
        for socket in sockets {
            socket.shared.free();
            socket.release();
            if fork::is_child() {
                return Err(Error::Forked);
            }
        }
        self.shared().clear();
        let host = std::mem::take(&mut *self.host.lock());
        drop(host); // after the lock is released: if none of its code is running, this calls the host
        if fork::is_child() { Err(Error::Forked) } else { Ok(report) }
    }
}
