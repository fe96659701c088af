//! What the host's threads and the engine share of one socket.

use crate::connection::connect_info::Details;
use crate::connection::counters::{Counters, RoundTrip};
use crate::connection::outbox::Outbox;
use parking_lot::Mutex;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, fence};

/// What a waiting event counts beyond its payload, so that a flood of empty messages is bounded too.
pub const EVENT_COST: usize = 32;

/// If so many connect and retry events of a socket are not dispatched, its next try waits for the host. More than one is allowed so
/// that a connection that is lost while the host loads a level is open again when it polls.
pub const MAX_UNTOLD: u32 = 8;

/// A request of a socket's host to the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Ask {
    /// Write the outbox.
    Flush = 1,
    /// Read again: there is room for messages.
    Read = 2,
    /// Go on with the next try: the host has dispatched the events before it.
    CatchUp = 4,
    /// Do not wait for the next try.
    RetryNow = 8,
    /// Measure the round trip.
    Ping = 16,
    /// Close: the outbox ends with a Close frame.
    Close = 32,
    /// The host has freed the socket.
    Free = 64,
}

/// The requests since the engine last took them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked(u8);

impl Asked {
    /// Is this the only request?
    #[inline]
    pub fn is_only(self, what: Ask) -> bool {
        self.0 == what as u8
    }

    /// Is there no request?
    pub fn is_nothing(self) -> bool {
        self.0 == 0
    }

    /// Is this one of the requests?
    pub fn has(self, what: Ask) -> bool {
        self.0 & what as u8 != 0
    }
}

/// One socket, seen from both sides.
#[derive(Debug)]
pub struct SocketShared {
    /// Its place in the engine's table and in the dispatcher's. Used again only when both are done with it.
    pub key: usize,
    /// The number of its handle, for log lines.
    pub id: usize,
    /// What the host sent.
    pub outbox: Mutex<Outbox>,
    /// How the connection was made, or how far it came, as far as the host was told.
    pub info: Mutex<Details>,
    /// How long a round trip takes.
    pub round_trip: Mutex<RoundTrip>,
    /// Tries to reconnect that were begun.
    pub retries: AtomicU32,
    counts: [AtomicU64; 4],
    max_queue: usize,
    /// Bytes received for the host since ever, and how many of them it has dispatched: what is queued lies between. Each has
    /// one writer, the engine and the poll, so that a message costs neither of them an atomic addition.
    enqueued: AtomicUsize,
    dequeued: AtomicUsize,
    /// The most that ever were queued.
    peak: AtomicUsize,
    /// The engine waits until no more than this is queued, plus one; 0 if it does not wait.
    awaited: AtomicUsize,
    /// The host has freed it: nothing it receives counts any more.
    freed: AtomicBool,
    /// The requests of the host, as bits of [`Ask`]. If there is one, the command queue has an entry for this socket.
    asked: AtomicU8,
    /// The number of connect and retry events that are not dispatched, times two; plus one if the next try waits for them.
    untold: AtomicU32,
    /// A drain event is not dispatched.
    drain_untold: AtomicBool,
}

impl SocketShared {
    /// A socket that nothing has passed.
    pub fn new(key: usize, id: usize, outbox: Outbox, max_queue: usize) -> SocketShared {
        SocketShared {
            key,
            id,
            outbox: Mutex::new(outbox),
            info: Mutex::default(),
            round_trip: Mutex::default(),
            retries: AtomicU32::new(0),
            counts: Default::default(),
            max_queue,
            enqueued: AtomicUsize::new(0),
            dequeued: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
            awaited: AtomicUsize::new(0),
            freed: AtomicBool::new(false),
            asked: AtomicU8::new(0),
            untold: AtomicU32::new(0),
            drain_untold: AtomicBool::new(false),
        }
    }

    /// The host has freed the socket. True the first time.
    pub fn free(&self) -> bool {
        !self.freed.swap(true, SeqCst)
    }

    /// Was it freed?
    pub fn is_freed(&self) -> bool {
        self.freed.load(SeqCst)
    }

    /// Adds a request. Returns true if it is the first one, so that the engine must be notified.
    #[must_use]
    #[inline]
    pub fn ask(&self, what: Ask) -> bool {
        self.asked.fetch_or(what as u8, SeqCst) == 0
    }

    /// Takes all requests.
    #[inline]
    pub fn take_asked(&self) -> Asked {
        Asked(self.asked.swap(0, SeqCst))
    }

    /// The engine has queued a connect or retry event.
    pub fn leave_untold(&self) {
        self.untold.fetch_add(2, SeqCst);
    }

    /// Must the next try wait until the host has dispatched the events before it? If so, [`SocketShared::tell`] returns true when it has.
    pub fn holds_try(&self) -> bool {
        let waits = |untold| (untold / 2 >= MAX_UNTOLD).then_some(untold | 1);
        self.untold.fetch_update(SeqCst, SeqCst, waits).is_ok()
    }

    /// The host dispatches a connect or retry event. Returns true if it is the last one and the engine waits for it.
    #[must_use]
    pub fn tell(&self) -> bool {
        // Three is one event and the flag: after this event only the flag is left.
        self.untold.fetch_sub(2, SeqCst) == 3 && self.untold.compare_exchange(1, 0, SeqCst, SeqCst).is_ok()
    }

    /// There is room to send again. Returns true if a drain event must be queued: no other one waits for the host.
    #[must_use]
    pub fn leave_drain_untold(&self) -> bool {
        !self.drain_untold.swap(true, SeqCst)
    }

    /// The host dispatches the drain event.
    pub fn tell_drain(&self) {
        self.drain_untold.store(false, SeqCst);
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
    pub fn not_enqueued(&self, payload: usize) {
        self.enqueued.store(self.enqueued.load(Relaxed).wrapping_sub(payload + EVENT_COST), Relaxed);
    }

    #[inline]
    fn queued(&self) -> usize {
        // In this order: what is dispatched was queued before.
        let dequeued = self.dequeued.load(Acquire);
        self.enqueued.load(Relaxed).wrapping_sub(dequeued)
    }

    /// Bytes received and not dispatched, and the most that ever were.
    pub fn receive_queue(&self) -> (usize, usize) {
        (self.queued(), self.peak.load(Relaxed))
    }

    /// The engine counts what has passed.
    #[inline]
    pub fn count(&self, counters: &Counters) {
        // Only the engine writes them.
        let add = |all: &AtomicU64, more| all.store(all.load(Relaxed) + more, Relaxed);
        let [messages, bytes, wire_in, wire_out] = &self.counts;
        add(messages, counters.messages);
        add(bytes, counters.bytes);
        add(wire_in, counters.wire_in);
        add(wire_out, counters.wire_out);
    }

    /// What has passed in all.
    pub fn passed(&self) -> Counters {
        let [messages, bytes, wire_in, wire_out] = std::array::from_fn(|at| self.counts[at].load(Relaxed));
        Counters { messages, bytes, wire_in, wire_out }
    }

    /// The host has dispatched a message. True if the engine, which waits for that, is to turn the connection. An engine that
    /// began to wait a moment ago may be missed: [`SocketShared::settle`] is to follow, after the last of several.
    #[must_use]
    #[inline]
    pub fn dequeued(&self, payload: usize) -> bool {
        let dequeued = self.dequeued.load(Relaxed).wrapping_add(payload + EVENT_COST);
        self.dequeued.store(dequeued, Release);
        self.awaited.load(Relaxed) != 0 && self.is_awaited()
    }

    /// The host has dispatched all it had for now. True as [`SocketShared::dequeued`].
    #[must_use]
    #[inline]
    pub fn settle(&self) -> bool {
        // Either this sees that the engine waits, or the engine sees what was dispatched: see waits_until.
        fence(SeqCst);
        self.is_awaited()
    }

    fn is_awaited(&self) -> bool {
        self.queued() < self.awaited.load(SeqCst) && self.awaited.swap(0, SeqCst) != 0
    }

    /// Is the queue full? If so, the engine stops reading until [`SocketShared::dequeued`] or [`SocketShared::settle`] has seen it half empty.
    #[inline]
    pub fn is_full(&self) -> bool {
        self.queued() >= self.max_queue && self.waits_until(self.max_queue / 2)
    }

    /// Is anything queued? If so, [`SocketShared::dequeued`] says when nothing is any more.
    pub fn is_behind(&self) -> bool {
        self.queued() > 0 && self.waits_until(0)
    }

    fn waits_until(&self, left: usize) -> bool {
        if self.is_freed() {
            return false;
        }
        self.awaited.store(left + 1, SeqCst);
        // The host may have got there in between, and have seen nobody wait.
        fence(SeqCst);
        let is_there = self.queued() <= left;
        !(is_there && self.awaited.swap(0, SeqCst) != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::outbox::no_entropy;

    #[test]
    fn reading_stops_at_the_limit_and_goes_on_at_half() {
        let socket = SocketShared::new(0, 0, Outbox::new(100, 100, no_entropy()), 1000);
        for _ in 0..4 {
            socket.enqueued(218);
        }
        assert!(socket.is_full()); // 4 × 250
        assert!(!socket.dequeued(218)); // 750 left
        assert!(socket.dequeued(218)); // 500
        assert!(!socket.dequeued(218)); // told once
        assert!(!socket.is_full());
    }

    #[test]
    fn requests_of_one_socket_notify_the_engine_once() {
        let socket = SocketShared::new(0, 0, Outbox::new(100, 100, no_entropy()), 1000);
        assert!(socket.take_asked().is_nothing());
        assert!(socket.ask(Ask::Ping));
        assert!((0..100).all(|_| !socket.ask(Ask::Ping) && !socket.ask(Ask::Flush)));
        let asked = socket.take_asked();
        assert!(asked.has(Ask::Ping) && asked.has(Ask::Flush) && !asked.has(Ask::Close) && !asked.is_only(Ask::Flush));
        assert!(socket.ask(Ask::Flush) && socket.take_asked().is_only(Ask::Flush));
    }

    #[test]
    fn next_try_waits_until_all_events_are_dispatched() {
        let socket = SocketShared::new(0, 0, Outbox::new(100, 100, no_entropy()), 1000);
        for _ in 0..MAX_UNTOLD {
            assert!(!socket.holds_try());
            socket.leave_untold();
        }
        assert!(socket.holds_try());
        assert!((1..MAX_UNTOLD).all(|_| !socket.tell()), "others are left");
        assert!(socket.tell());
        socket.leave_untold();
        assert!(!socket.tell(), "nothing waits any more");
    }
}
