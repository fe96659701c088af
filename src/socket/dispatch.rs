//! Events on their way to the host's callbacks.

use super::budget::Budget;
use super::{Loop, MessageKind, Socket, TOLD_CLOSED};
use crate::engine::batch::{Batch, Event, EventKind};
use crate::engine::table::Table;
use crate::engine::{SocketRequest, SocketShared};
use crate::{fork, interrupt};
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

/// What the poll works on. It is owned by the poll that runs, and no lock is held while it works.
#[derive(Default)]
pub(super) struct Dispatcher {
    batch: Box<Batch>,
    /// Events of the batch that were dispatched.
    done: usize,
    /// By [`crate::engine::SocketShared::key`].
    sockets: Table<Arc<Socket>>,
    /// A socket whose last event was dispatched. Its `release_user` is still to be called.
    over: Option<Arc<Socket>>,
    /// The socket whose messages were dispatched last: its socket is to be settled.
    unsettled: Option<usize>,
}

impl Dispatcher {
    /// Where an inline engine may put its events; not empty if there are older ones.
    pub(super) fn inbox(&mut self) -> &mut Box<Batch> {
        if self.done == self.batch.events().len() {
            self.batch.clear();
            self.done = 0;
        }
        &mut self.batch
    }

    /// Dispatches the events that are due, within the budget. Returns the number of callbacks, and whether events are left. If a
    /// callback forks, it returns at once in the child.
    pub(super) fn run(&mut self, host_loop: &Loop, mut budget: Budget) -> (u32, bool) {
        let left = self.run_within(host_loop, &mut budget);
        self.settle(host_loop, None);
        (budget.made(), left)
    }

    fn run_within(&mut self, host_loop: &Loop, budget: &mut Budget) -> bool {
        loop {
            // Read before the checks below: a change after them is then seen.
            let seen = interrupt::number();
            if fork::is_child() {
                return false;
            }
            if self.over.is_some() || host_loop.has_freed() {
                if !budget.allows() {
                    return true;
                }
                let over = self.over.take().or_else(|| host_loop.take_freed());
                budget.count(over.is_some_and(|socket| socket.release()));
            } else if let Some(event) = self.batch.events().get(self.done) {
                if !budget.allows() {
                    return true;
                }
                let (key, what) = (event.key, event.what);
                self.settle(host_loop, Some(key));
                self.done += 1;
                budget.count(self.dispatch(host_loop, key, what));
                self.go_on(host_loop, key, budget, seen);
            } else {
                self.batch.clear();
                self.done = 0;
                if !host_loop.shared.take_events(&mut self.batch) && !host_loop.has_freed() {
                    return false;
                }
            }
        }
    }

    /// The usual, quickly: dispatches the messages that follow for the same socket, as long as nothing else is to be looked at.
    fn go_on(&mut self, host_loop: &Loop, key: usize, budget: &mut Budget, seen: u32) {
        let Some(Some(socket)) = self.sockets.get(key) else { return };
        while interrupt::number() == seen
            && let Some(&Event { key: next, what }) = self.batch.events().get(self.done)
            && next == key
            && let Some((kind, data)) = self.batch.small_message(what)
            && budget.allows()
        {
            self.done += 1;
            budget.count(deliver(host_loop, socket, kind, data));
        }
    }

    /// An engine that waits for the host to get on with a socket's messages is told at the latest here: when it run_queue to those
    /// of another (`next`), or rests.
    #[inline]
    fn settle(&mut self, host_loop: &Loop, next: Option<usize>) {
        if self.unsettled != next
            && let Some(key) = std::mem::replace(&mut self.unsettled, next)
            && let Some(Some(socket)) = self.sockets.get(key)
            && socket.shared.after_dispatch()
        {
            ask(host_loop, &socket.shared, SocketRequest::Read);
        }
    }

    /// Returns the socket of the socket with this key.
    pub(super) fn socket(&self, key: usize) -> Option<&SocketShared> {
        self.sockets.get(key)?.as_deref().map(|socket| &*socket.shared)
    }

    /// True if a callback was made.
    fn dispatch(&mut self, host_loop: &Loop, key: usize, what: EventKind) -> bool {
        if self.sockets.get(key).is_none_or(Option::is_none) {
            host_loop.take_joined(&mut self.sockets);
        }
        // Never absent: a socket joins before its connection begins, and leaves after its last event.
        let Some(Some(socket)) = self.sockets.get(key) else { return false };
        let listens = !socket.shared.is_freed();
        if let EventKind::Connected { index } | EventKind::Retrying { index, .. } | EventKind::Closed { index } = what
            && let Some(info) = self.batch.take_connect_info(index)
        {
            *socket.shared.info.lock() = info;
        }
        // Before the callback, so that the engine can begin the next try while it runs.
        if matches!(what, EventKind::Connected { .. } | EventKind::Retrying { .. }) && socket.shared.event_dispatched()
        {
            ask(host_loop, &socket.shared, SocketRequest::ContinueRetry);
        }
        match what {
            EventKind::Connected { .. } => {
                if !listens || !socket.tell_connected() {
                    return false;
                }
                socket.listener.connected();
            }
            EventKind::Retrying { index, attempt, delay_ms } => {
                let tells = socket.tell_lost();
                if !listens || !tells {
                    return false;
                }
                if let Some(report) = self.batch.take_report(index) {
                    socket.listener.retrying(&report, attempt, delay_ms);
                }
            }
            EventKind::Drained => {
                socket.shared.drain_dispatched();
                if !listens || !socket.can_send() {
                    return false;
                }
                socket.listener.drained();
            }
            EventKind::Message { .. } => {
                let message = self.batch.small_message(what);
                return message.is_some_and(|(kind, data)| deliver(host_loop, socket, kind, data));
            }
            EventKind::LargeMessage { kind, index, len } => {
                let heard = deliver(host_loop, socket, kind, self.batch.large(index, len as usize));
                if fork::is_child() {
                    return heard;
                }
                self.batch.give_large(index, &host_loop.shared.pool);
                return heard;
            }
            EventKind::Closed { index } => {
                socket.told.store(TOLD_CLOSED, SeqCst);
                if listens && let Some(report) = self.batch.take_report(index) {
                    let untold = socket.shared.outbox.lock().untold();
                    socket.listener.closed(&report.with_untold(untold));
                    if fork::is_child() {
                        return true;
                    }
                }
                self.over = self.sockets.take(key);
                host_loop.keys.lock().release(key);
            }
        }
        listens
    }

    /// The loop is being freed: every socket of it, for the last calls.
    pub(super) fn into_sockets(self) -> impl Iterator<Item = Arc<Socket>> {
        self.sockets.into_entries().chain(self.over)
    }
}

/// Hands a message to the host, if it listens, and tells an engine that waits for that. True if a callback was made.
#[inline]
fn deliver(host_loop: &Loop, socket: &Socket, kind: MessageKind, data: &[u8]) -> bool {
    let heard = !socket.shared.is_freed() && socket.was_told_connected();
    if heard {
        socket.listener.data(kind, data);
    }
    if socket.shared.dequeued(data.len()) {
        ask(host_loop, &socket.shared, SocketRequest::Read);
    }
    heard
}

#[cold]
fn ask(host_loop: &Loop, socket: &SocketShared, what: SocketRequest) {
    if !fork::is_child() {
        host_loop.scheduler.request_of_dispatcher(socket, what);
    }
}
