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

/// The bytes that a message counts in the receive queue besides its payload. So the number of empty messages is bounded too.
pub const EVENT_COST: usize = 32;

/// If this many connect, retry and request events of a socket are not dispatched, its next retry waits for the host. More than one is allowed so
/// that a connection that is lost while the host loads a level is open again when it polls.
pub const MAX_UNDISPATCHED: u32 = 8;

/// A request of the host to the engine, for one socket. Each is one bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum SocketRequest {
    /// Write the send queue.
    Flush = 1,
    /// Read again: the receive queue has room.
    Read = 2,
    /// Continue with the next retry: the host has dispatched the events before it.
    ContinueRetry = 4,
    /// Retry now, without a wait.
    RetryNow = 8,
    /// Send the pings of [`SocketShared::pings`].
    Ping = 16,
    /// Close: the send queue ends with a Close frame.
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
    /// Is this the only request?
    #[inline]
    pub fn is_only(self, request: SocketRequest) -> bool {
        self.0 == request as u16
    }

    /// Is there no request?
    #[cfg(test)]
    pub fn is_nothing(self) -> bool {
        self.0 == 0
    }

    /// Is this one of the requests?
    pub fn has(self, request: SocketRequest) -> bool {
        self.0 & request as u16 != 0
    }

    /// Was there a suspend of the loop between two requests to retry now?
    pub fn has_retry_after_suspend(self) -> bool {
        self.0 & RETRY_AFTER_SUSPEND != 0
    }
}

/// How events get to the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow(u8);

impl Flow {
    /// The host has freed the socket: received messages are dropped.
    const FREED: u8 = 1;
    /// The host has paused receiving.
    const PAUSED: u8 = 2;
    /// The dispatcher holds events.
    const HELD: u8 = 4;
    /// Receiving was resumed while the dispatcher held events, and the dispatcher has not seen that.
    const RESUMED: u8 = 8;

    /// Do all events go to the host at once?
    #[inline]
    pub fn is_direct(self) -> bool {
        self.0 == 0
    }

    /// Has the host freed the socket?
    #[inline]
    pub fn is_freed(self) -> bool {
        self.0 & Flow::FREED != 0
    }

    /// Is receiving paused, or was it, so that older events must come first?
    #[inline]
    pub fn is_interrupted(self) -> bool {
        self.0 & (Flow::PAUSED | Flow::HELD) != 0
    }

    /// Does the dispatcher hold events?
    pub fn has_held(self) -> bool {
        self.0 & Flow::HELD != 0
    }

    /// Must messages wait for a resume?
    pub fn holds_messages(self) -> bool {
        self.0 & (Flow::PAUSED | Flow::FREED) == Flow::PAUSED
    }
}

/// The most pings of the host that wait to be written.
pub const MAX_PINGS: usize = 16;

/// The pings of the host that wait to be written.
#[derive(Debug, Default)]
pub struct PingQueue {
    /// Those that the engine has not taken.
    waiting: VecDeque<PingPayload>,
    /// The number of those that it has taken.
    taken: usize,
}

impl PingQueue {
    /// Adds a ping. Returns [`Error::Backpressure`] if too many wait already.
    pub fn push(&mut self, payload: PingPayload) -> Result<(), Error> {
        if self.waiting.len() + self.taken >= MAX_PINGS {
            return Err(Error::Backpressure);
        }
        self.waiting.try_reserve(1).map_err(|_| Error::NoResources)?;
        self.waiting.push_back(payload);
        Ok(())
    }

    /// Takes the oldest one. It still waits, until [`PingQueue::written`] counts it.
    pub fn take(&mut self) -> Option<PingPayload> {
        let payload = self.waiting.pop_front()?;
        self.taken += 1;
        Some(payload)
    }

    /// So many do not wait any more.
    pub fn written(&mut self, count: usize) {
        self.taken = self.taken.saturating_sub(count);
    }
}

/// Events that come only to a host that wants them.
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs)]
pub struct Wants {
    pub pongs: bool,
    pub frames: bool,
}

/// The shared part of a socket.
#[derive(Debug)]
pub struct SocketShared {
    /// Its key in the tables of the engine and of the dispatcher. No other socket gets the key before both have removed this one.
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
    /// All bytes that were ever queued for the host, and those of them that were dispatched. The difference is the size of the receive
    /// queue. Each has one writer, the engine and the poll, so a message needs no atomic addition.
    enqueued: AtomicUsize,
    dequeued: AtomicUsize,
    /// The largest size that the receive queue ever had.
    peak: AtomicUsize,
    /// The engine does not read until the receive queue is smaller than this; 0 if it does not wait.
    resume_below: AtomicUsize,
    /// Bits of [`Flow`].
    flow: AtomicU8,
    /// The events that the host wants to know of.
    pub wants: Wants,
    /// The number of frames that were not recorded. Only the engine uses it.
    lost_frames: AtomicU64,
    /// There was no memory to keep a received message.
    lost_message: AtomicBool,
    /// The requests of the host, as bits of [`SocketRequest`]. If there is one, the command queue has an entry for this socket.
    requests: AtomicU16,
    /// The number of suspends of the loop before the last request to retry now.
    suspends_at_retry: AtomicU32,
    /// The number of connect, retry and request events that are not dispatched, times two; plus one if the next retry waits for them.
    undispatched: AtomicU32,
    /// A drain event is queued and not dispatched.
    drain_queued: AtomicBool,
    /// The number of the question to the host that is not withdrawn.
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

    /// The host has freed the socket. True the first time.
    pub fn free(&self) -> bool {
        !self.change_flow(Flow::FREED, 0).is_freed()
    }

    /// Has the host freed it?
    #[inline]
    pub fn is_freed(&self) -> bool {
        self.flow().is_freed()
    }

    /// How events get to the host.
    #[inline]
    pub fn flow(&self) -> Flow {
        Flow(self.flow.load(SeqCst))
    }

    /// Sets and clears bits. Returns what was before.
    fn change_flow(&self, set: u8, clear: u8) -> Flow {
        Flow(self.flow.fetch_update(SeqCst, SeqCst, |flow| Some(flow & !clear | set)).unwrap_or_default())
    }

    /// The host pauses receiving.
    pub fn pause(&self) {
        self.change_flow(Flow::PAUSED, 0);
    }

    /// The host resumes receiving. True if events are held, and the caller must have the poll dispatch them.
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

    /// The poll begins to hold events. Returns false if receiving is not paused any more, and no thread reports that.
    #[must_use]
    pub fn begin_to_hold(&self) -> bool {
        self.change_flow(Flow::HELD, 0).holds_messages()
    }

    /// No event is held any more.
    pub fn holds_nothing(&self) {
        self.change_flow(0, Flow::HELD);
    }

    /// There was no memory to keep a message that was received. True the first time: the engine ends the connection when it gets
    /// [`SocketRequest::Read`].
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

    /// As [`SocketShared::add_request`], for [`SocketRequest::RetryNow`]. `suspends` is the number of suspends of the loop so far. If
    /// there was one since an earlier request that the engine has not taken, this request is kept apart.
    #[must_use]
    pub fn add_retry_now(&self, suspends: u32) -> bool {
        let was_suspended = self.suspends_at_retry.swap(suspends, SeqCst) != suspends;
        let before = self.requests.fetch_or(SocketRequest::RetryNow as u16, SeqCst);
        if before & SocketRequest::RetryNow as u16 != 0 && was_suspended {
            // Zero if the engine has taken the requests just now.
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

    /// Must the next retry wait until the host has dispatched the events before it? If so, [`SocketShared::event_dispatched`] returns true
    /// for the last of them.
    pub fn must_delay_retry(&self) -> bool {
        let waits = |events| (events / 2 >= MAX_UNDISPATCHED).then_some(events | 1);
        self.undispatched.fetch_update(SeqCst, SeqCst, waits).is_ok()
    }

    /// The host dispatches a connect, retry or request event. Returns true if it is the last one and the engine waits for it.
    #[must_use]
    pub fn event_dispatched(&self) -> bool {
        // Three: one event and the flag, so only the flag is left.
        self.undispatched.fetch_sub(2, SeqCst) == 3 && self.undispatched.compare_exchange(1, 0, SeqCst, SeqCst).is_ok()
    }

    /// The engine asks the host. Returns the number of the question.
    pub fn ask(&self) -> u32 {
        self.question.fetch_add(1, SeqCst).wrapping_add(1)
    }

    /// The last question is void.
    pub fn withdraw_question(&self) {
        self.question.fetch_add(1, SeqCst);
    }

    /// Is this the last question, and not void?
    pub fn is_asked(&self, question: u32) -> bool {
        self.question.load(SeqCst) == question
    }

    /// The send queue has room again. True if the caller must queue a drain event: no earlier one waits for the host.
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

    /// Undoes [`SocketShared::enqueued`] for a message that there was no memory for.
    pub fn undo_enqueued(&self, payload: usize) {
        self.enqueued.store(self.enqueued.load(Relaxed).wrapping_sub(payload + EVENT_COST), Relaxed);
    }

    #[inline]
    fn queued(&self) -> usize {
        // `dequeued` is read first: bytes are queued before they are dispatched, so the difference is never negative.
        let dequeued = self.dequeued.load(Acquire);
        self.enqueued.load(Relaxed).wrapping_sub(dequeued)
    }

    /// The bytes of the receive queue, now and at most.
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

    /// The sum of all counters of its connections.
    pub fn counters(&self) -> Counters {
        let [messages, bytes, wire_in, wire_out] = std::array::from_fn(|at| self.counters[at].load(Relaxed));
        Counters { messages, bytes, wire_in, wire_out }
    }

    /// The host has dispatched a message. True if the engine waits for that, so that the caller must request [`SocketRequest::Read`].
    /// This may miss an engine that began to wait a moment ago: call [`SocketShared::after_dispatch`] after the last of several messages.
    #[must_use]
    #[inline]
    pub fn dequeued(&self, payload: usize) -> bool {
        let dequeued = self.dequeued.load(Relaxed).wrapping_add(payload + EVENT_COST);
        self.dequeued.store(dequeued, Release);
        self.resume_below.load(Relaxed) != 0 && self.is_resume_due()
    }

    /// The host has dispatched the last of several messages. True as for [`SocketShared::dequeued`].
    #[must_use]
    #[inline]
    pub fn after_dispatch(&self) -> bool {
        // Either this sees that the engine waits, or the engine sees the dispatched bytes: see wait_until_left.
        fence(SeqCst);
        self.is_resume_due()
    }

    fn is_resume_due(&self) -> bool {
        self.queued() < self.resume_below.load(SeqCst) && self.resume_below.swap(0, SeqCst) != 0
    }

    /// Is the queue full? If so, the engine does not read until [`SocketShared::dequeued`] or
    /// [`SocketShared::after_dispatch`] finds it half empty.
    #[inline]
    pub fn is_full(&self) -> bool {
        self.queued() >= self.max_queue && self.wait_until_left(self.max_queue / 2)
    }

    /// Has the receive queue room for a frame that was sent? As [`SocketShared::is_full`], but nothing waits for it.
    pub fn has_room(&self) -> bool {
        self.queued() < self.max_queue
    }

    /// A frame was not recorded.
    pub fn lose_frame(&self) {
        self.lost_frames.fetch_add(1, Relaxed);
    }

    /// The number of frames that were not recorded.
    pub fn lost_frames(&self) -> u64 {
        self.lost_frames.load(Relaxed)
    }

    /// They are reported.
    pub fn forget_lost_frames(&self) {
        self.lost_frames.store(0, Relaxed);
    }

    /// Is the receive queue not empty? If so, [`SocketShared::dequeued`] or [`SocketShared::after_dispatch`] reports when it is.
    pub fn has_undispatched(&self) -> bool {
        self.queued() > 0 && self.wait_until_left(0)
    }

    /// Begins to wait until only so many bytes are queued. False if that is so already.
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
        assert!((1..MAX_UNDISPATCHED).all(|_| !socket.event_dispatched()), "others are left");
        assert!(socket.event_dispatched());
        socket.event_queued();
        assert!(!socket.event_dispatched(), "nothing waits any more");
    }
}
