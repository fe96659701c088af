//! The part of a socket that the engine and the threads of the host share.

use crate::connection::connect_info::ConnectInfo;
use crate::connection::counters::{Counters, RoundTrip};
use crate::connection::send_queue::SendQueue;
use crate::error::Error;
use crate::protocol::ping::PingPayload;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, fence};

/// How many bytes a message counts in the receive queue besides its payload. So the number of empty messages is limited too.
pub const EVENT_COST: usize = 32;

/// If this many connect, retry and request events of a socket are not dispatched, its next retry waits for the host. The number
/// is more than one, so that a connection that is lost while the host loads a level is open again when the host polls.
pub const MAX_UNDISPATCHED: u32 = 8;

/// A request of the host to the engine, for one socket. Each is one bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum SocketRequest {
    /// Write the send queue.
    Flush = 1,
    /// Read again, because the receive queue has room.
    Read = 2,
    /// Continue with the next retry, because the host has dispatched the events before it.
    ContinueRetry = 4,
    /// Retry now, without a wait.
    RetryNow = 8,
    /// Send the pings of [`SocketShared::pings`].
    Ping = 16,
    /// Close. The send queue ends with a Close frame.
    Close = 32,
    /// The host has freed the socket.
    Free = 64,
    /// Reset the connection.
    Abort = 256,
}

/// The bit of a [`SocketRequest::RetryNow`] that came after an earlier one and after a suspend, see [`SocketShared::add_retry_now`].
const RETRY_AFTER_SUSPEND: u16 = 128;

/// The requests of one socket since the engine last took them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketRequests(u16);

impl SocketRequests {
    /// Returns whether this is the only request.
    #[inline]
    pub fn is_only(self, request: SocketRequest) -> bool {
        self.0 == request as u16
    }

    /// Returns whether there is no request.
    #[cfg(test)]
    pub fn is_nothing(self) -> bool {
        self.0 == 0
    }

    /// Returns whether this is one of the requests.
    pub fn has(self, request: SocketRequest) -> bool {
        self.0 & request as u16 != 0
    }

    /// Returns whether the loop was suspended between two requests to retry now.
    pub fn has_retry_after_suspend(self) -> bool {
        self.0 & RETRY_AFTER_SUSPEND != 0
    }
}

/// The state that decides how events get to the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow(u8);

impl Flow {
    /// The host has freed the socket, so received messages are dropped.
    const FREED: u8 = 1;
    /// The host has paused receiving.
    const PAUSED: u8 = 2;
    /// The dispatcher holds events.
    const HELD: u8 = 4;
    /// Receiving was resumed while the dispatcher held events, and the dispatcher has not seen that.
    const RESUMED: u8 = 8;

    /// Returns whether all events go to the host at once.
    #[inline]
    pub fn is_direct(self) -> bool {
        self.0 == 0
    }

    /// Returns whether the host has freed the socket.
    #[inline]
    pub fn is_freed(self) -> bool {
        self.0 & Flow::FREED != 0
    }

    /// Returns whether receiving is paused, or was paused so that older events must come first.
    #[inline]
    pub fn is_interrupted(self) -> bool {
        self.0 & (Flow::PAUSED | Flow::HELD) != 0
    }

    /// Returns whether the dispatcher holds events.
    pub fn has_held(self) -> bool {
        self.0 & Flow::HELD != 0
    }

    /// Returns whether messages must wait for a resume.
    pub fn holds_messages(self) -> bool {
        self.0 & (Flow::PAUSED | Flow::FREED) == Flow::PAUSED
    }
}

/// The largest number of pings of the host that wait to be written.
pub const MAX_PINGS: usize = 16;

/// The pings of the host that wait to be written.
#[derive(Debug, Default)]
pub struct PingQueue {
    /// The pings that the engine has not taken.
    waiting: VecDeque<PingPayload>,
    /// The number of pings that the engine has taken, and that are not yet written.
    taken: usize,
}

impl PingQueue {
    /// Adds a ping. Returns [`Error::Backpressure`] if too many pings already wait.
    pub fn push(&mut self, payload: PingPayload) -> Result<(), Error> {
        if self.waiting.len() + self.taken >= MAX_PINGS {
            return Err(Error::Backpressure);
        }
        self.waiting.try_reserve(1).map_err(|_| Error::NoResources)?;
        self.waiting.push_back(payload);
        Ok(())
    }

    /// Takes the oldest ping. It still counts as waiting until [`PingQueue::written`] is called for it.
    pub fn take(&mut self) -> Option<PingPayload> {
        let payload = self.waiting.pop_front()?;
        self.taken += 1;
        Some(payload)
    }

    /// Records that this many pings do not wait any more.
    pub fn written(&mut self, count: usize) {
        self.taken = self.taken.saturating_sub(count);
    }
}

/// Events that are made only if the host wants them.
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs)]
pub struct Wants {
    pub pongs: bool,
    pub frames: bool,
}

/// The shared part of a socket.
#[derive(Debug)]
pub struct SocketShared {
    /// Its key in the tables of the engine and of the dispatcher. No other socket gets the key before both tables have removed
    /// this one.
    pub key: usize,
    /// The number of its handle, for log lines.
    pub id: usize,
    /// The messages that the host has sent.
    pub send_queue: Mutex<SendQueue>,
    /// The latest information about the connection that was dispatched to the host.
    pub info: Mutex<ConnectInfo>,
    /// The pings of the host.
    pub pings: Mutex<PingQueue>,
    /// The measured round trip times.
    pub round_trip: Mutex<RoundTrip>,
    /// The number of retries that have begun.
    pub retries: AtomicU32,
    counters: [AtomicU64; 4],
    max_queue: usize,
    /// The number of all bytes that were ever queued for the host, and of those that were dispatched. The difference is the size
    /// of the receive queue. The engine writes the first number and the poll the second one, so a message needs no atomic
    /// addition.
    enqueued: AtomicUsize,
    dequeued: AtomicUsize,
    /// The largest size that the receive queue ever had.
    peak: AtomicUsize,
    /// The engine does not read until the receive queue is smaller than this. 0 if the engine does not wait.
    resume_below: AtomicUsize,
    /// The bits of [`Flow`].
    flow: AtomicU8,
    /// The events that the host wants to receive.
    pub wants: Wants,
    /// The number of frames that were not recorded. Only the engine uses it.
    lost_frames: AtomicU64,
    /// There was no memory to keep a received message.
    lost_message: AtomicBool,
    /// The requests of the host, as bits of [`SocketRequest`]. If there is one, the command queue has an entry for this socket.
    requests: AtomicU16,
    /// The number of suspends of the loop before the last request to retry now.
    suspends_at_retry: AtomicU32,
    /// Twice the number of connect, retry and request events that are not dispatched, plus one if the next retry waits for them.
    undispatched: AtomicU32,
    /// A drain event is queued and not yet dispatched.
    drain_queued: AtomicBool,
    /// The number of the last question to the host. It is void if the question was withdrawn.
    question: AtomicU32,
}

impl SocketShared {
    /// Makes the shared part of a new socket.
    pub fn new(key: usize, id: usize, send_queue: SendQueue, max_queue: usize, wants: Wants) -> SocketShared {
        SocketShared {
            key,
            id,
            send_queue: Mutex::new(send_queue),
            info: Mutex::default(),
            pings: Mutex::default(),
            round_trip: Mutex::default(),
            retries: AtomicU32::new(0),
            counters: Default::default(),
            max_queue,
            enqueued: AtomicUsize::new(0),
            dequeued: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
            resume_below: AtomicUsize::new(0),
            flow: AtomicU8::new(0),
            wants,
            lost_frames: AtomicU64::new(0),
            lost_message: AtomicBool::new(false),
            requests: AtomicU16::new(0),
            suspends_at_retry: AtomicU32::new(0),
            undispatched: AtomicU32::new(0),
            drain_queued: AtomicBool::new(false),
            question: AtomicU32::new(0),
        }
    }

    /// Records that the host has freed the socket. True the first time.
    pub fn free(&self) -> bool {
        !self.change_flow(Flow::FREED, 0).is_freed()
    }

    /// Returns whether the host has freed the socket.
    #[inline]
    pub fn is_freed(&self) -> bool {
        self.flow().is_freed()
    }

    /// Returns the state that decides how events get to the host.
    #[inline]
    pub fn flow(&self) -> Flow {
        Flow(self.flow.load(SeqCst))
    }

    /// Sets and clears bits. Returns the previous state.
    fn change_flow(&self, set: u8, clear: u8) -> Flow {
        Flow(self.flow.fetch_update(SeqCst, SeqCst, |flow| Some(flow & !clear | set)).unwrap_or_default())
    }

    /// The host pauses receiving.
    pub fn pause(&self) {
        self.change_flow(Flow::PAUSED, 0);
    }

    /// The host resumes receiving. True if events are held: the caller must then request that the poll dispatches them.
    #[must_use]
    pub fn resume(&self) -> bool {
        let resumes = |flow| {
            let is_due = flow & (Flow::PAUSED | Flow::HELD | Flow::RESUMED) == Flow::PAUSED | Flow::HELD;
            Some(flow & !Flow::PAUSED | if is_due { Flow::RESUMED } else { 0 })
        };
        let before = self.flow.fetch_update(SeqCst, SeqCst, resumes).unwrap_or_default();
        before & (Flow::PAUSED | Flow::HELD | Flow::RESUMED) == Flow::PAUSED | Flow::HELD
    }

    /// The poll dispatches what a resume has released.
    pub fn resume_taken(&self) {
        self.change_flow(0, Flow::RESUMED);
    }

    /// The poll begins to hold events. Returns false if receiving is no longer paused, and no thread will report that.
    #[must_use]
    pub fn begin_to_hold(&self) -> bool {
        self.change_flow(Flow::HELD, 0).holds_messages()
    }

    /// Records that no event is held any more.
    pub fn holds_nothing(&self) {
        self.change_flow(0, Flow::HELD);
    }

    /// Records that there was no memory to keep a received message. True the first time. The engine ends the connection when it
    /// gets [`SocketRequest::Read`].
    #[must_use]
    pub fn lose_message(&self) -> bool {
        !self.lost_message.swap(true, SeqCst)
    }

    /// See [`SocketShared::lose_message`].
    pub fn has_lost_message(&self) -> bool {
        self.lost_message.load(SeqCst)
    }

    /// Adds a request. True if it is the only one, so that the caller must queue a command.
    #[must_use]
    #[inline]
    pub fn add_request(&self, request: SocketRequest) -> bool {
        self.requests.fetch_or(request as u16, SeqCst) == 0
    }

    /// Like [`SocketShared::add_request`], for [`SocketRequest::RetryNow`]. `suspends` is the number of suspends of the loop so
    /// far. If there was a suspend after an earlier request that the engine has not taken, this request is kept separate.
    #[must_use]
    pub fn add_retry_now(&self, suspends: u32) -> bool {
        let was_suspended = self.suspends_at_retry.swap(suspends, SeqCst) != suspends;
        let before = self.requests.fetch_or(SocketRequest::RetryNow as u16, SeqCst);
        if before & SocketRequest::RetryNow as u16 != 0 && was_suspended {
            // It is zero if the engine has taken the requests just now.
            return self.requests.fetch_or(RETRY_AFTER_SUSPEND, SeqCst) == 0;
        }
        before == 0
    }

    /// Takes all requests.
    #[inline]
    pub fn take_requests(&self) -> SocketRequests {
        SocketRequests(self.requests.swap(0, SeqCst))
    }

    /// The engine has queued a connect, retry or request event.
    pub fn event_queued(&self) {
        self.undispatched.fetch_add(2, SeqCst);
    }

    /// Returns whether the next retry must wait until the host has dispatched the events before it. If so,
    /// [`SocketShared::event_dispatched`] returns true for the last of them.
    pub fn must_delay_retry(&self) -> bool {
        let waits = |events| (events / 2 >= MAX_UNDISPATCHED).then_some(events | 1);
        self.undispatched.fetch_update(SeqCst, SeqCst, waits).is_ok()
    }

    /// The host dispatches a connect, retry or request event. Returns true if it is the last one and the engine waits for it.
    #[must_use]
    pub fn event_dispatched(&self) -> bool {
        // Three stands for one event and the flag, so only the flag is left.
        self.undispatched.fetch_sub(2, SeqCst) == 3 && self.undispatched.compare_exchange(1, 0, SeqCst, SeqCst).is_ok()
    }

    /// The engine asks the host. Returns the number of the question.
    pub fn ask(&self) -> u32 {
        self.question.fetch_add(1, SeqCst).wrapping_add(1)
    }

    /// Makes the last question void.
    pub fn withdraw_question(&self) {
        self.question.fetch_add(1, SeqCst);
    }

    /// Returns whether this is the last question and is not void.
    pub fn is_asked(&self, question: u32) -> bool {
        self.question.load(SeqCst) == question
    }

    /// Records that the send queue has room again. True if the caller must queue a drain event, because no earlier one waits for
    /// the host.
    #[must_use]
    pub fn queue_drain(&self) -> bool {
        !self.drain_queued.swap(true, SeqCst)
    }

    /// The host dispatches the drain event.
    pub fn drain_dispatched(&self) {
        self.drain_queued.store(false, SeqCst);
    }

    /// The engine has queued a message.
    #[inline]
    pub fn enqueued(&self, payload: usize) {
        let enqueued = self.enqueued.load(Relaxed).wrapping_add(payload + EVENT_COST);
        self.enqueued.store(enqueued, Relaxed);
        let queued = enqueued.wrapping_sub(self.dequeued.load(Relaxed));
        if queued > self.peak.load(Relaxed) {
            self.peak.store(queued, Relaxed);
        }
    }

    /// Undoes [`SocketShared::enqueued`] for a message for which there was no memory.
    pub fn undo_enqueued(&self, payload: usize) {
        self.enqueued.store(self.enqueued.load(Relaxed).wrapping_sub(payload + EVENT_COST), Relaxed);
    }

    #[inline]
    fn queued(&self) -> usize {
        // `dequeued` is read first. Bytes are queued before they are dispatched, so the difference is never negative.
        let dequeued = self.dequeued.load(Acquire);
        self.enqueued.load(Relaxed).wrapping_sub(dequeued)
    }

    /// Returns the current size of the receive queue, and its largest size so far, in bytes.
    pub fn receive_queue(&self) -> (usize, usize) {
        (self.queued(), self.peak.load(Relaxed))
    }

    /// Adds to the counters. Only the engine calls this.
    #[inline]
    pub fn count(&self, counters: &Counters) {
        let add = |all: &AtomicU64, more| all.store(all.load(Relaxed) + more, Relaxed);
        let [messages, bytes, wire_in, wire_out] = &self.counters;
        add(messages, counters.messages);
        add(bytes, counters.bytes);
        add(wire_in, counters.wire_in);
        add(wire_out, counters.wire_out);
    }

    /// Returns the sum of the counters of all its connections.
    pub fn counters(&self) -> Counters {
        let [messages, bytes, wire_in, wire_out] = std::array::from_fn(|at| self.counters[at].load(Relaxed));
        Counters { messages, bytes, wire_in, wire_out }
    }

    /// The host has dispatched a message. True if the engine waits for that: the caller must then request
    /// [`SocketRequest::Read`]. This may miss an engine that began to wait a moment ago, so call [`SocketShared::after_dispatch`]
    /// after the last of several messages.
    #[must_use]
    #[inline]
    pub fn dequeued(&self, payload: usize) -> bool {
        let dequeued = self.dequeued.load(Relaxed).wrapping_add(payload + EVENT_COST);
        self.dequeued.store(dequeued, Release);
        self.resume_below.load(Relaxed) != 0 && self.is_resume_due()
    }

    /// The host has dispatched the last of several messages. The result means the same as for [`SocketShared::dequeued`].
    #[must_use]
    #[inline]
    pub fn after_dispatch(&self) -> bool {
        // Either this thread sees that the engine waits, or the engine sees the dispatched bytes: see wait_until_left.
        fence(SeqCst);
        self.is_resume_due()
    }

    fn is_resume_due(&self) -> bool {
        self.queued() < self.resume_below.load(SeqCst) && self.resume_below.swap(0, SeqCst) != 0
    }

    /// Returns whether the queue is full. If so, the engine does not read until [`SocketShared::dequeued`] or
    /// [`SocketShared::after_dispatch`] finds it half empty.
    #[inline]
    pub fn is_full(&self) -> bool {
        self.queued() >= self.max_queue && self.wait_until_left(self.max_queue / 2)
    }

    /// Returns whether the receive queue has room for a frame that was sent. It uses the limit of [`SocketShared::is_full`], but
    /// nothing waits.
    pub fn has_room(&self) -> bool {
        self.queued() < self.max_queue
    }

    /// Records that a frame was not recorded.
    pub fn lose_frame(&self) {
        self.lost_frames.fetch_add(1, Relaxed);
    }

    /// Returns the number of frames that were not recorded.
    pub fn lost_frames(&self) -> u64 {
        self.lost_frames.load(Relaxed)
    }

    /// Resets that number, because it was reported.
    pub fn forget_lost_frames(&self) {
        self.lost_frames.store(0, Relaxed);
    }

    /// Returns whether the receive queue is not empty. If so, [`SocketShared::dequeued`] or [`SocketShared::after_dispatch`]
    /// reports when it becomes empty.
    pub fn has_undispatched(&self) -> bool {
        self.queued() > 0 && self.wait_until_left(0)
    }

    /// Begins to wait until at most `left` bytes are queued. False if this is already so.
    fn wait_until_left(&self, left: usize) -> bool {
        if self.is_freed() {
            return false;
        }
        self.resume_below.store(left + 1, SeqCst);
        // The host may have dispatched enough before it could see that the engine waits.
        fence(SeqCst);
        let is_reached = self.queued() <= left;
        !(is_reached && self.resume_below.swap(0, SeqCst) != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::mask::zero_keys;

    #[test]
    fn reading_stops_at_the_limit_and_goes_on_at_half() {
        let socket = SocketShared::new(0, 0, SendQueue::new(100, 100, zero_keys()), 1000, Wants::default());
        for _ in 0..4 {
            socket.enqueued(218);
        }
        assert!(socket.is_full()); // 4 × 250
        assert!(!socket.dequeued(218)); // 750 left
        assert!(socket.dequeued(218)); // 500
        assert!(!socket.dequeued(218)); // reported once
        assert!(!socket.is_full());
    }

    #[test]
    fn requests_of_one_socket_notify_the_engine_once() {
        let socket = SocketShared::new(0, 0, SendQueue::new(100, 100, zero_keys()), 1000, Wants::default());
        assert!(socket.take_requests().is_nothing());
        assert!(socket.add_request(SocketRequest::Ping));
        assert!(
            (0..100).all(|_| !socket.add_request(SocketRequest::Ping) && !socket.add_request(SocketRequest::Flush))
        );
        let requests = socket.take_requests();
        assert!(
            requests.has(SocketRequest::Ping)
                && requests.has(SocketRequest::Flush)
                && !requests.has(SocketRequest::Close)
                && !requests.is_only(SocketRequest::Flush)
        );
        assert!(socket.add_request(SocketRequest::Flush) && socket.take_requests().is_only(SocketRequest::Flush));
    }

    #[test]
    fn next_try_waits_until_all_events_are_dispatched() {
        let socket = SocketShared::new(0, 0, SendQueue::new(100, 100, zero_keys()), 1000, Wants::default());
        for _ in 0..MAX_UNDISPATCHED {
            assert!(!socket.must_delay_retry());
            socket.event_queued();
        }
        assert!(socket.must_delay_retry());
        assert!((1..MAX_UNDISPATCHED).all(|_| !socket.event_dispatched()), "other events are left");
        assert!(socket.event_dispatched());
        socket.event_queued();
        assert!(!socket.event_dispatched(), "nothing waits any more");
    }
}
