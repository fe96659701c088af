//! Dispatches events to the callbacks of the host.

use super::budget::Budget;
use super::{FreeReport, Loop, MessageKind, Socket};
use crate::connection::send_queue::SendQueue;
use crate::engine::batch::{Batch, Event, EventKind};
use crate::engine::table::Table;
use crate::engine::{SocketRequest, SocketShared};
use crate::{fork, interrupt};
use std::sync::Arc;

/// The state of dispatching. The poll that runs holds its lock (`Loop::dispatcher`), and no other lock while it calls a callback.
#[derive(Default)]
pub(super) struct Dispatcher {
    batch: Box<Batch>,
    /// Events of the batch that were dispatched.
    done: usize,
    /// By [`crate::engine::SocketShared::key`].
    sockets: Table<Arc<Socket>>,
    /// A socket whose last event was dispatched. Its `release` follows.
    ended: Option<Arc<Socket>>,
    /// What freed sockets have lost.
    lost: FreeReport,
    /// The key of the socket whose events were dispatched last: [`Dispatcher::resume_reading`] follows.
    last: Option<usize>,
}

impl Dispatcher {
    /// The batch into which an inline engine puts its events. It is not empty if there are older events.
    pub(super) fn batch(&mut self) -> &mut Box<Batch> {
        if self.done == self.batch.events().len() {
            self.batch.clear();
            self.done = 0;
        }
        &mut self.batch
    }

    /// Dispatches the waiting events, within the budget. Returns the number of callbacks, and whether events are left. If a
    /// callback forks, this function returns at once in the child.
    pub(super) fn run(&mut self, host_loop: &Loop, mut budget: Budget) -> (u32, bool) {
        let left = self.run_within(host_loop, &mut budget);
        self.resume_reading(host_loop, None);
        (budget.made(), left)
    }

    fn run_within(&mut self, host_loop: &Loop, budget: &mut Budget) -> bool {
        loop {
            // Read before the checks below, so that a change after them is seen.
            let seen = interrupt::count();
            if fork::is_child() {
                return false;
            }
            if self.ended.is_some() || host_loop.has_freed() {
                if !budget.allows() {
                    return true;
                }
                let ended = self.ended.take().or_else(|| host_loop.take_freed());
                budget.count(ended.is_some_and(|socket| socket.release()));
            } else if let Some(event) = self.batch.events().get(self.done) {
                if !budget.allows() {
                    return true;
                }
                let (key, what) = (event.key, event.what);
                self.resume_reading(host_loop, Some(key));
                self.done += 1;
                budget.count(self.dispatch(host_loop, key, what));
                self.dispatch_messages(host_loop, key, budget, seen);
            } else {
                self.batch.clear();
                self.done = 0;
                if !host_loop.shared().take_events(&mut self.batch) && !host_loop.has_freed() {
                    return false;
                }
            }
        }
    }

    /// The fast path: dispatches the small messages that follow for the same socket, as long as nothing else needs attention.
    fn dispatch_messages(&mut self, host_loop: &Loop, key: usize, budget: &mut Budget, seen: u32) {
        let Some(Some(socket)) = self.sockets.get(key) else { return };
        while interrupt::count() == seen
            && let Some(&Event { key: next, what }) = self.batch.events().get(self.done)
            && next == key
            && let Some((kind, data)) = self.batch.small_message(what)
            && budget.allows()
        {
            self.done += 1;
            budget.count(deliver(host_loop, socket, kind, data));
        }
    }

    /// Before events of another socket (`next`), or when the poll ends: if the engine waits until the last socket has room
    /// for messages, and has not been notified yet, notifies it now.
    #[inline]
    fn resume_reading(&mut self, host_loop: &Loop, next: Option<usize>) {
        if self.last != next
            && let Some(key) = std::mem::replace(&mut self.last, next)
            && let Some(Some(socket)) = self.sockets.get(key)
            && socket.shared.after_dispatch()
        {
            request(host_loop, &socket.shared, SocketRequest::Read);
        }
    }

    /// Returns the socket with this key.
    pub(super) fn socket(&self, key: usize) -> Option<&SocketShared> {
        self.sockets.get(key)?.as_deref().map(|socket| &*socket.shared)
    }

    /// Dispatches one event. Returns true if a callback was called, or is NULL.
    fn dispatch(&mut self, host_loop: &Loop, key: usize, what: EventKind) -> bool {
        if self.sockets.get(key).is_none_or(Option::is_none) {
            host_loop.take_joined(&mut self.sockets);
        }
        // It always exists: a socket joins before its connection begins, and leaves after its last event.
        let Some(Some(socket)) = self.sockets.get(key) else { return false };
        let listens = !socket.shared.is_freed();
        if let EventKind::Connected { index } | EventKind::Retrying { index, .. } | EventKind::Closed { index } = what
            && let Some(info) = self.batch.take_connect_info(index)
        {
            *socket.shared.info.lock() = info;
        }
        // Before the callback, so that the engine can begin the next try while the callback runs.
        if matches!(what, EventKind::Connected { .. } | EventKind::Retrying { .. }) && socket.shared.event_dispatched()
        {
            request(host_loop, &socket.shared, SocketRequest::ContinueRetry);
        }
        match what {
            EventKind::Connected { .. } => {
                if !listens || !socket.notify(SendQueue::notify_connect) {
                    return false;
                }
                socket.listener.connected();
            }
            EventKind::Retrying { index, attempt, delay_ms } => {
                if !socket.notify(|queue| queue.notify_retry(listens)) {
                    return false;
                }
                if let Some(report) = self.batch.take_report(index) {
                    socket.listener.retrying(&report, attempt, delay_ms);
                }
            }
            EventKind::Drained => {
                socket.shared.drain_dispatched();
                if !listens || !socket.is_open() {
                    return false;
                }
                socket.listener.drained();
            }
            EventKind::Message { .. } => {
                let message = self.batch.small_message(what);
                return message.is_some_and(|(kind, data)| deliver(host_loop, socket, kind, data));
            }
            EventKind::LargeMessage { kind, index, len } => {
                let delivered = deliver(host_loop, socket, kind, self.batch.large(index, len as usize));
                if fork::is_child() {
                    return delivered;
                }
                self.batch.give_large(index, &host_loop.shared().pool);
                return delivered;
            }
            EventKind::Closed { index } => {
                let (lost, unreported) = socket.notify(|queue| {
                    let lost = queue.lost();
                    queue.notify_close();
                    (lost, queue.unreported())
                });
                if let Some(report) = self.batch.take_report(index) {
                    if listens {
                        socket.listener.closed(&report.with_unreported(unreported));
                    } else {
                        self.lost.add(host_loop.log(), socket.shared.id, lost, &report.message);
                    }
                    if fork::is_child() {
                        return true;
                    }
                }
                self.ended = self.sockets.take(key);
                host_loop.keys.lock().release(key);
            }
        }
        listens
    }

    /// The loop is being freed. Returns all of its sockets, for the last calls, and what freed sockets have lost.
    pub(super) fn into_sockets(self) -> (impl Iterator<Item = Arc<Socket>>, FreeReport) {
        (self.sockets.into_entries().chain(self.ended), self.lost)
    }
}

/// Calls `on_message`, if it may be called, and notifies an engine that waits for room. Returns true if the callback was called.
#[inline]
fn deliver(host_loop: &Loop, socket: &Socket, kind: MessageKind, data: &[u8]) -> bool {
    let delivers = !socket.shared.is_freed() && socket.delivers_messages();
    if delivers {
        socket.listener.data(kind, data);
    }
    if socket.shared.dequeued(data.len()) {
        request(host_loop, &socket.shared, SocketRequest::Read);
    }
    delivers
}

#[cold]
fn request(host_loop: &Loop, socket: &SocketShared, what: SocketRequest) {
    if !fork::is_child() {
        host_loop.scheduler.request_of_dispatcher(socket, what);
    }
}
