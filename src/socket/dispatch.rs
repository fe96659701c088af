//! Dispatches events to the callbacks of the host.

use super::budget::Budget;
use super::held::{Held, HeldEvent, Holding, Next};
use super::{FreeReport, Loop, MessageKind, Socket};
use crate::connection::Direction;
use crate::connection::send_queue::SendQueue;
use crate::engine::batch::{Batch, Event, EventKind, RareEvent, RareKind};
use crate::engine::table::Table;
use crate::engine::{SocketRequest, SocketShared};
use crate::protocol::frame_trace::FrameHead;
use crate::{fork, interrupt};
use std::sync::Arc;

/// The state of dispatching. The running poll holds its lock (`Loop::dispatcher`), and no other lock while it calls a callback.
#[derive(Default)]
pub(super) struct Dispatcher {
    batch: Box<Batch>,
    /// Events of the batch that were dispatched.
    done: usize,
    /// The sockets, by [`crate::engine::SocketShared::key`].
    sockets: Table<Arc<Socket>>,
    /// A socket whose last event was dispatched. Its `release` follows.
    ended: Option<Arc<Socket>>,
    /// Messages that freed sockets have lost.
    lost: FreeReport,
    /// The events of sockets whose receiving is paused, or was paused.
    held: Held,
    /// Something must be done before the next event of the batch: there is an `ended` socket, or one that is ready in `held`.
    is_busy: bool,
    /// The key of the socket whose events were dispatched last. [`Dispatcher::resume_reading`] runs after them.
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
            // This is read before the checks below, so that a change after them is noticed.
            let seen = interrupt::count();
            if fork::is_child() {
                return false;
            }
            if self.is_busy || host_loop.has_waiting() {
                if !budget.allows() {
                    return true;
                }
                budget.count(self.dispatch_waiting(host_loop));
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
                if !host_loop.shared().take_events(&mut self.batch) && !host_loop.has_waiting() {
                    return false;
                }
            }
        }
    }

    /// The fast path: dispatches the next small messages of this socket, until something else must be done.
    fn dispatch_messages(&mut self, host_loop: &Loop, key: usize, budget: &mut Budget, seen: u32) {
        let Some(Some(socket)) = self.sockets.get(key) else { return };
        while interrupt::count() == seen
            && let Some(&Event { key: next, what }) = self.batch.events().get(self.done)
            && next == key
            && let Some((kind, data)) = self.batch.small_message(what)
            && budget.allows()
            && socket.shared.flow().is_direct()
        {
            self.done += 1;
            budget.count(deliver(host_loop, socket, true, kind, data));
        }
    }

    /// Does one thing that must be done before the next event of the batch. Returns true if a callback was called.
    #[inline(never)]
    fn dispatch_waiting(&mut self, host_loop: &Loop) -> bool {
        let mut called = false;
        if let Some(socket) = self.ended.take().or_else(|| host_loop.take_freed()) {
            if socket.shared.flow().has_held() {
                self.held.make_ready(socket.shared.key);
            }
            called = socket.release();
        } else if let Some(socket) = host_loop.take_resumed() {
            socket.shared.resume_taken();
            if socket.shared.flow().has_held() {
                self.held.make_ready(socket.shared.key);
            }
        } else if let Some(key) = self.held.next_ready() {
            called = self.dispatch_held(host_loop, key);
        }
        self.is_busy = self.ended.is_some() || self.held.next_ready().is_some();
        called
    }

    /// Dispatches the next held event of a socket. The result is as for [`Dispatcher::dispatch`].
    fn dispatch_held(&mut self, host_loop: &Loop, key: usize) -> bool {
        let socket = self.sockets.get(key).and_then(Option::as_ref);
        let holds_messages = socket.is_some_and(|socket| holds_messages(socket));
        let next = self.held.next(key, holds_messages);
        let Some(socket) = socket else { return false }; // it became ready twice, and has ended meanwhile
        let event = match next {
            Next::Nothing => return false,
            Next::Event(event) => event,
            Next::Last(event) => {
                socket.shared.holds_nothing();
                event
            }
        };
        let listens = !socket.shared.is_freed();
        match event {
            HeldEvent::Message { kind, len, mut bytes } => {
                let called = deliver(host_loop, socket, listens, kind, &bytes[..len]);
                if !fork::is_child() {
                    host_loop.shared().pool.give(&mut bytes);
                    self.resume_reading(host_loop, Some(key));
                }
                called
            }
            HeldEvent::Pong(payload) => deliver_pong(host_loop, socket, listens, &payload),
            HeldEvent::Frame(direction, frame) => deliver_frame(host_loop, socket, listens, direction, frame),
            HeldEvent::Rare(event) => self.dispatch_rare(host_loop, key, listens, *event),
        }
    }

    /// Holds an event of a socket whose receiving is paused, or was paused, if the event must wait. False: it must be dispatched
    /// now.
    #[cold]
    #[inline(never)]
    fn hold(&mut self, host_loop: &Loop, key: usize, what: EventKind) -> bool {
        let Some(Some(socket)) = self.sockets.get(key) else { return false };
        let shared = &socket.shared;
        let had = self.held.has(key);
        if !had && !holds_messages(socket) {
            return false;
        }
        let holding = self.held.hold(key, what, &mut self.batch);
        if !had && self.held.has(key) && !shared.begin_to_hold() {
            self.held.make_ready(key);
        }
        self.is_busy |= self.held.next_ready().is_some();
        match holding {
            Holding::Held => true,
            Holding::NotNeeded => false,
            Holding::Dropped(len) => {
                if shared.dequeued(len) || shared.lose_message() {
                    request(host_loop, shared, SocketRequest::Read);
                }
                true
            }
        }
    }

    /// Must be called before the events of another socket (`next`), and when the poll ends. Notifies the engine if it waits until
    /// the last socket has room for messages and was not notified yet.
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

    /// Dispatches one event. Returns true if a callback was called, or if the callback is NULL.
    fn dispatch(&mut self, host_loop: &Loop, key: usize, what: EventKind) -> bool {
        if self.sockets.get(key).is_none_or(Option::is_none) {
            host_loop.take_joined(&mut self.sockets);
        }
        // It always exists: a socket joins before its connection begins, and leaves after its last event.
        let Some(Some(socket)) = self.sockets.get(key) else { return false };
        let flow = socket.shared.flow();
        if flow.is_interrupted() && self.hold(host_loop, key, what) {
            return false;
        }
        let Some(Some(socket)) = self.sockets.get(key) else { return false };
        let listens = !flow.is_freed();
        match what {
            EventKind::Message { .. } => {
                let message = self.batch.small_message(what);
                message.is_some_and(|(kind, data)| deliver(host_loop, socket, listens, kind, data))
            }
            EventKind::LargeMessage { kind, index, len } => {
                let called = deliver(host_loop, socket, listens, kind, self.batch.large(index, len as usize));
                if !fork::is_child() {
                    self.batch.give_large(index, &host_loop.shared().pool);
                }
                called
            }
            EventKind::Pong { len, start } => {
                deliver_pong(host_loop, socket, listens, self.batch.pong_payload(start, len))
            }
            EventKind::Frame { direction, opcode, fin, is_compressed, length } => {
                let frame = FrameHead { opcode, fin, is_compressed, length };
                deliver_frame(host_loop, socket, listens, direction, frame)
            }
            _ => match self.batch.take_rare(what) {
                Some(event) => self.dispatch_rare(host_loop, key, listens, event),
                None => false,
            },
        }
    }

    /// Like [`Dispatcher::dispatch`], for events other than messages, pongs and frames. `listens`: the socket was not freed.
    #[inline(never)]
    fn dispatch_rare(&mut self, host_loop: &Loop, key: usize, listens: bool, event: RareEvent) -> bool {
        let Some(Some(socket)) = self.sockets.get(key) else { return false };
        // This comes before the callback, so that the engine can begin the next try while the callback runs.
        let delays_retry =
            matches!(event.kind, RareKind::Connected | RareKind::Retrying { .. } | RareKind::Asked { .. });
        if delays_retry && socket.shared.event_dispatched() {
            request(host_loop, &socket.shared, SocketRequest::ContinueRetry);
        }
        if let Some(info) = event.info {
            *socket.shared.info.lock() = info;
        }
        match event.kind {
            RareKind::Connected => {
                if !listens || !socket.notify(SendQueue::notify_connect) {
                    return false;
                }
                socket.listener.connected();
            }
            RareKind::Retrying { attempt, delay_ms } => {
                if !socket.notify(|queue| queue.notify_retry(listens)) {
                    return false;
                }
                if let Some(report) = event.report {
                    socket.listener.retrying(report, attempt, delay_ms);
                }
            }
            RareKind::Asked { attempt, question } => {
                if !listens || !socket.is_asked(question) {
                    return false;
                }
                let answer = socket.listener.asked(socket, attempt, event.report);
                if !fork::is_child() {
                    socket.answer(question, answer);
                }
            }
            RareKind::Drained => {
                socket.shared.drain_dispatched();
                if !listens || !socket.is_open() {
                    return false;
                }
                socket.listener.drained();
            }
            RareKind::Closed => {
                let (lost, unreported) = socket.notify(|queue| {
                    let lost = queue.lost();
                    queue.notify_close();
                    (lost, queue.unreported())
                });
                if let Some(report) = event.report {
                    if listens {
                        socket.listener.closed(report.with_unreported(unreported));
                    } else {
                        self.lost.add(host_loop.log(), socket.shared.id, lost, &report.message);
                    }
                    if fork::is_child() {
                        return true;
                    }
                }
                self.ended = self.sockets.take(key);
                self.is_busy = true;
                host_loop.keys.lock().release(key);
            }
        }
        listens
    }

    /// Ends dispatching, because the loop is being freed. Returns all of its sockets, for their last calls, and the losses of
    /// freed sockets.
    pub(super) fn into_sockets(self) -> (impl Iterator<Item = Arc<Socket>>, FreeReport) {
        (self.sockets.into_entries().chain(self.ended), self.lost)
    }
}

/// Returns whether messages must wait for a resume. Messages that are not delivered need not wait.
fn holds_messages(socket: &Socket) -> bool {
    socket.shared.flow().holds_messages() && socket.delivers_messages()
}

/// Calls `on_message`, if it may be called, and notifies an engine that waits for room. Returns true if the callback was called.
/// `listens`: the socket was not freed.
#[inline]
fn deliver(host_loop: &Loop, socket: &Socket, listens: bool, kind: MessageKind, data: &[u8]) -> bool {
    let delivers = listens && socket.delivers_messages();
    if delivers {
        socket.listener.data(kind, data);
    }
    if socket.shared.dequeued(data.len()) {
        request(host_loop, &socket.shared, SocketRequest::Read);
    }
    delivers
}

/// Like [`deliver`], for a pong.
fn deliver_pong(host_loop: &Loop, socket: &Socket, listens: bool, payload: &[u8]) -> bool {
    let delivers = listens && socket.delivers_messages();
    if delivers {
        socket.listener.pong(payload);
    }
    if socket.shared.dequeued(payload.len()) {
        request(host_loop, &socket.shared, SocketRequest::Read);
    }
    delivers
}

/// Like [`deliver`], for a frame.
fn deliver_frame(host_loop: &Loop, socket: &Socket, listens: bool, direction: Direction, frame: FrameHead) -> bool {
    let delivers = listens && socket.delivers_messages();
    if delivers {
        socket.listener.frame(direction, frame);
    }
    if socket.shared.dequeued(0) {
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
