//! What the host's threads and the engine share of one socket.

use crate::connection::details::Details;
use crate::connection::outbox::Outbox;
use crate::connection::passed::{Passed, RoundTrip};
use parking_lot::Mutex;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, fence};

/// What a waiting event counts beyond its payload, so that a flood of empty messages is bounded too.
pub const EVENT_COST: usize = 32;

/// One socket, seen from both sides.
#[derive(Debug)]
pub struct Link {
    /// Its place in the engine's table and in the dispatcher's. Used again only when both are done with it.
    pub key: usize,
    /// The number of its handle, for log lines.
    pub id: usize,
    /// What the host sent.
    pub outbox: Mutex<Outbox>,
    /// How the connection was made, or how far it came, as far as the host was told.
    pub details: Mutex<Details>,
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
}

impl Link {
    /// A link that nothing has passed.
    pub fn new(key: usize, id: usize, outbox: Outbox, max_queue: usize) -> Link {
        Link {
            key,
            id,
            outbox: Mutex::new(outbox),
            details: Mutex::default(),
            round_trip: Mutex::default(),
            retries: AtomicU32::new(0),
            counts: Default::default(),
            max_queue,
            enqueued: AtomicUsize::new(0),
            dequeued: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
            awaited: AtomicUsize::new(0),
            freed: AtomicBool::new(false),
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

    /// It was not, after all: there was no memory for it.
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
    pub fn count(&self, passed: &Passed) {
        // Only the engine writes them.
        let add = |all: &AtomicU64, more| all.store(all.load(Relaxed) + more, Relaxed);
        let [messages, bytes, wire_in, wire_out] = &self.counts;
        add(messages, passed.messages);
        add(bytes, passed.bytes);
        add(wire_in, passed.wire_in);
        add(wire_out, passed.wire_out);
    }

    /// What has passed in all.
    pub fn passed(&self) -> Passed {
        let [messages, bytes, wire_in, wire_out] = std::array::from_fn(|at| self.counts[at].load(Relaxed));
        Passed { messages, bytes, wire_in, wire_out }
    }

    /// The host has dispatched a message. True if the engine, which waits for that, is to turn the connection. An engine that
    /// began to wait a moment ago may be missed: [`Link::settle`] is to follow, after the last of several.
    #[must_use]
    #[inline]
    pub fn dequeued(&self, payload: usize) -> bool {
        let dequeued = self.dequeued.load(Relaxed).wrapping_add(payload + EVENT_COST);
        self.dequeued.store(dequeued, Release);
        self.awaited.load(Relaxed) != 0 && self.is_awaited()
    }

    /// The host has dispatched all it had for now. True as [`Link::dequeued`].
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

    /// Is the queue full? If so, the engine stops reading until [`Link::dequeued`] or [`Link::settle`] has seen it half empty.
    #[inline]
    pub fn is_full(&self) -> bool {
        self.queued() >= self.max_queue && self.waits_until(self.max_queue / 2)
    }

    /// Is anything queued? If so, [`Link::dequeued`] says when nothing is any more.
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
        let link = Link::new(0, 0, Outbox::new(100, 100, no_entropy()), 1000);
        for _ in 0..4 {
            link.enqueued(218);
        }
        assert!(link.is_full()); // 4 × 250
        assert!(!link.dequeued(218)); // 750 left
        assert!(link.dequeued(218)); // 500
        assert!(!link.dequeued(218)); // told once
        assert!(!link.is_full());
    }
}
