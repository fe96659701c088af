//! What the engine has for the host: a list of events, and one flat memory for their payloads. A batch is filled on one
//! side, swapped whole, and walked on the other: no allocation, no lock and no reference count for each message.

use crate::connection::details::Details;
use crate::connection::report::Report;
use crate::pool::Pool;
use crate::protocol::message::{Body, Kind};

/// Collected payloads of at least this size are handed over as they are; smaller ones are copied into the flat memory.
const LARGE: usize = 16 * 1024;
/// What an emptied batch may keep of its memory.
const KEEP: usize = 1024 * 1024;

/// An event of the socket with this key. Small, for a flood makes many.
#[derive(Debug)]
pub struct Event {
    /// See [`super::Link::key`].
    pub key: usize,
    /// What happened.
    pub what: What,
}

/// What happened; the rest of it lies in the batch.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub enum What {
    Connected {
        index: u32,
    },
    /// A message in the flat memory.
    Message {
        kind: Kind,
        len: u32,
        start: usize,
    },
    /// A message of its own memory.
    LargeMessage {
        kind: Kind,
        len: u32,
        index: u32,
    },
    /// The report tells why.
    Retrying {
        index: u32,
        attempt: u32,
        delay_ms: u32,
    },
    Drained,
    Closed {
        index: u32,
    },
}

/// Events in their order.
#[derive(Debug, Default)]
pub struct Batch {
    events: Vec<Event>,
    flat: Vec<u8>,
    large: Vec<Vec<u8>>,
    reports: Vec<Option<Report>>,
    /// How a connection was made, or how far it came: one for each report and for each [`What::Connected`].
    details: Vec<Option<Details>>,
}

impl Batch {
    /// Nothing happened.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Bytes of payload in the flat memory.
    pub fn flat_len(&self) -> usize {
        self.flat.len()
    }

    /// The events.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Adds that the connection is open.
    pub fn connected(&mut self, key: usize, details: Details) {
        let index = self.add(None, Some(details));
        self.events.push(Event { key, what: What::Connected { index } });
    }

    fn add(&mut self, report: Option<Report>, details: Option<Details>) -> u32 {
        self.reports.push(report);
        self.details.push(details);
        self.reports.len() as u32 - 1
    }

    /// Adds a message, and a NUL after it if it is text.
    #[inline]
    pub fn message(&mut self, key: usize, kind: Kind, body: Body<'_>) {
        match body {
            Body::Input(payload) => self.small(key, kind, payload),
            Body::Collected(collected) => self.collected(key, kind, collected),
        }
    }

    #[inline]
    fn small(&mut self, key: usize, kind: Kind, payload: &[u8]) {
        let start = self.flat.len();
        self.flat.extend_from_slice(payload);
        if kind == Kind::Text {
            self.flat.push(0);
        }
        // No message is longer than the cap.
        self.events.push(Event { key, what: What::Message { kind, len: payload.len() as u32, start } });
    }

    #[inline(never)]
    fn collected(&mut self, key: usize, kind: Kind, collected: &mut Vec<u8>) {
        if collected.len() < LARGE {
            return self.small(key, kind, collected);
        }
        let (index, len) = (self.large.len() as u32, collected.len() as u32);
        let mut collected = std::mem::take(collected);
        if kind == Kind::Text {
            collected.push(0);
        }
        self.events.push(Event { key, what: What::LargeMessage { kind, len, index } });
        self.large.push(collected);
    }

    /// Adds that the connection is tried again.
    pub fn retrying(&mut self, key: usize, report: Report, details: Option<Details>, attempt: u32, delay_ms: u32) {
        let index = self.add(Some(report), details);
        self.events.push(Event { key, what: What::Retrying { index, attempt, delay_ms } });
    }

    /// Adds that there is room to send again.
    pub fn drained(&mut self, key: usize) {
        self.events.push(Event { key, what: What::Drained });
    }

    /// Adds the end of the connection.
    pub fn closed(&mut self, key: usize, report: Report, details: Option<Details>) {
        let index = self.add(Some(report), details);
        self.events.push(Event { key, what: What::Closed { index } });
    }

    /// The payload of a message; if it is text, a NUL follows it in memory.
    #[inline]
    pub fn flat(&self, start: usize, len: usize) -> &[u8] {
        &self.flat[start..start + len]
    }

    /// The payload of a large message; if it is text, a NUL follows it in memory.
    pub fn large(&self, index: u32, len: usize) -> &[u8] {
        &self.large[index as usize][..len]
    }

    /// Gives the memory of a large message that was dispatched back.
    pub fn give_large(&mut self, index: u32, pool: &Pool) {
        pool.give(&mut self.large[index as usize]);
    }

    /// Takes a report out.
    pub fn take_report(&mut self, index: u32) -> Option<Report> {
        self.reports[index as usize].take()
    }

    /// Takes out how the connection was made, if that is news.
    pub fn take_details(&mut self, index: u32) -> Option<Details> {
        self.details[index as usize].take()
    }

    /// Moves all of `other` behind what is here.
    pub fn append(&mut self, other: &mut Batch) {
        if self.is_empty() {
            std::mem::swap(self, other);
            return;
        }
        let (flat, large, reports) = (self.flat.len(), self.large.len() as u32, self.reports.len() as u32);
        self.flat.append(&mut other.flat);
        self.large.append(&mut other.large);
        self.reports.append(&mut other.reports);
        self.details.append(&mut other.details);
        self.events.extend(other.events.drain(..).map(|event| Event {
            key: event.key,
            what: match event.what {
                What::Connected { index } => What::Connected { index: reports + index },
                What::Message { kind, len, start } => What::Message { kind, len, start: flat + start },
                What::LargeMessage { kind, len, index } => What::LargeMessage { kind, len, index: large + index },
                What::Retrying { index, attempt, delay_ms } => {
                    What::Retrying { index: reports + index, attempt, delay_ms }
                }
                What::Drained => What::Drained,
                What::Closed { index } => What::Closed { index: reports + index },
            },
        }));
    }

    /// Empties the batch for the next use.
    pub fn clear(&mut self) {
        if !self.is_empty() {
            self.events.clear();
            self.flat.clear();
            self.large.clear();
            self.reports.clear();
            self.details.clear();
        }
        // Also of one that was emptied into another.
        if self.flat.capacity() > KEEP {
            self.flat = Vec::new();
        }
        if self.events.capacity() > KEEP / size_of::<Event>() {
            self.events = Vec::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payloads(batch: &Batch) -> Vec<Vec<u8>> {
        let payload = |event: &Event| match event.what {
            What::Message { start, len, .. } => Some(batch.flat(start, len as usize).to_vec()),
            What::LargeMessage { index, len, .. } => Some(batch.large(index, len as usize).to_vec()),
            _ => None,
        };
        batch.events().iter().filter_map(payload).collect()
    }

    #[test]
    fn batches_join_in_order_with_their_payloads() {
        let big = vec![7; LARGE];
        let mut first = Batch::default();
        let mut second = Batch::default();
        first.message(1, Kind::Text, Body::Input(b"one"));
        first.message(1, Kind::Binary, Body::Collected(&mut big.clone()));
        second.message(2, Kind::Text, Body::Input(b"two"));
        second.message(2, Kind::Text, Body::Collected(&mut b"three".to_vec()));
        second.message(2, Kind::Text, Body::Collected(&mut big.clone()));
        first.append(&mut second);
        assert!(second.is_empty());
        assert_eq!(payloads(&first), [b"one".to_vec(), big.clone(), b"two".to_vec(), b"three".to_vec(), big]);
        let mut third = Batch::default();
        third.append(&mut first);
        assert_eq!(payloads(&third).len(), 5);
    }

    #[test]
    fn an_emptied_batch_keeps_little_memory_however_it_was_emptied() {
        for into_another in [false, true] {
            let (mut first, mut second) = (Batch::default(), Batch::default());
            first.message(1, Kind::Binary, Body::Input(b"before"));
            for _ in 0..KEEP / 8 {
                second.message(1, Kind::Binary, Body::Input(b"ten bytes."));
            }
            if into_another {
                first.append(&mut second);
            }
            second.clear();
            assert!(second.flat.capacity() <= KEEP && second.events.capacity() * size_of::<Event>() <= KEEP);
        }
    }

    #[test]
    fn an_event_is_small() {
        assert!(size_of::<Event>() <= 3 * size_of::<u64>());
    }

    #[test]
    fn text_is_followed_by_a_nul() {
        let mut batch = Batch::default();
        batch.message(0, Kind::Text, Body::Input(b"abc"));
        batch.message(0, Kind::Text, Body::Collected(&mut vec![b'x'; LARGE]));
        assert_eq!(batch.flat[3], 0);
        assert_eq!(batch.large[0].len(), LARGE + 1);
        assert_eq!(batch.large[0][LARGE], 0);
    }
}
