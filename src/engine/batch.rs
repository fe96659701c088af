//! What the engine has for the host: a list of events, and one flat memory for their payloads. A batch is filled on one
//! side, swapped whole, and walked on the other: no allocation, no lock and no reference count for each message. It can take the
//! read buffer itself along, so that what was received in it is not even copied.

use crate::buffer_pool::{BufferPool, NoMemory};
use crate::connection::connect_info::Details;
use crate::connection::report::Report;
use crate::error::Error;
use crate::protocol::message::{MessageKind, Payload};
use std::hint::assert_unchecked;

/// Collected payloads of at least this size are handed over as they are; smaller ones are copied into the flat memory.
const LARGE: usize = 16 * 1024;
/// The memory that an emptied batch may keep for payloads, and for the list of its events.
const KEEP: usize = 1024 * 1024;
/// The memory that an emptied batch may keep for each of its other lists.
const KEEP_SELDOM: usize = 64 * 1024;
/// Room for events of other kinds that messages must leave free in the list of events.
const SPARE: usize = 16;
/// Begins the message of the report when messages were dropped.
const NO_MEMORY: &str = "messages of the peer were dropped because there was no memory for them";

/// An event of the socket with this key. Small, for a flood makes many.
#[derive(Debug)]
pub struct Event {
    /// See [`super::SocketShared::key`].
    pub key: usize,
    /// What happened.
    pub what: EventKind,
}

/// What happened; the rest of it lies in the batch.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub enum EventKind {
    Connected {
        index: u32,
    },
    /// A message in the flat memory, or, in place, in the read buffer.
    Message {
        kind: MessageKind,
        in_place: bool,
        len: u32,
        start: usize,
    },
    /// A message of its own memory.
    LargeMessage {
        kind: MessageKind,
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

/// Events in their order. Boxed where it is swapped, which is for each poll.
#[derive(Debug, Default)]
pub struct Batch {
    events: Vec<Event>,
    flat: Vec<u8>,
    /// A read buffer that the engine has filled, or one for it to fill; without memory before the first.
    read: Box<[u8]>,
    /// Messages lie in `read`.
    keeps_read: bool,
    /// From this event on, what is in place is so in the engine's buffer; and whether anything is.
    kept: usize,
    is_fresh: bool,
    /// The payload size of each dropped message.
    dropped: Vec<u32>,
    large: Vec<Vec<u8>>,
    reports: Vec<Option<Report>>,
    /// How a connection was made, or how far it came: one for each report and for each [`EventKind::Connected`].
    info: Vec<Option<Details>>,
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
    pub fn connected(&mut self, key: usize, info: Details) {
        let index = self.add(None, Some(info));
        self.events.push(Event { key, what: EventKind::Connected { index } });
    }

    fn add(&mut self, report: Option<Report>, info: Option<Details>) -> u32 {
        self.reports.push(report);
        self.info.push(info);
        self.reports.len() as u32 - 1
    }

    /// Adds a message, and a NUL after it if it is text. After an error nothing has changed.
    #[inline]
    pub fn message(&mut self, key: usize, kind: MessageKind, body: Payload<'_>) -> Result<(), NoMemory> {
        match body {
            Payload::InPlace(payload) => self.small(key, kind, payload),
            Payload::Assembled(collected) => self.collected(key, kind, collected),
        }
    }

    fn small(&mut self, key: usize, kind: MessageKind, payload: &[u8]) -> Result<(), NoMemory> {
        let start = self.flat.len();
        let what = add_flat(&mut self.flat, kind, payload)?;
        self.push_message(Event { key, what }).inspect_err(|_| self.flat.truncate(start))
    }

    /// Adds the event of a message, and leaves room for other events: those must not be lost if a message is.
    #[inline]
    #[allow(unsafe_code)] // hot path: the capacity is checked once
    fn push_message(&mut self, event: Event) -> Result<(), NoMemory> {
        if self.events.capacity() - self.events.len() <= SPARE {
            self.enlarge()?;
        }
        // SAFETY: either more than SPARE places were free, or `enlarge` has reserved 2 * SPARE; both are more than none.
        unsafe { assert_unchecked(self.events.len() < self.events.capacity()) };
        self.events.push(event);
        Ok(())
    }

    #[cold]
    fn enlarge(&mut self) -> Result<(), NoMemory> {
        Ok(self.events.try_reserve(2 * SPARE)?)
    }

    /// Adds a message that lies in the engine's read buffer from `start` on, with at least a byte behind it that nothing is in.
    /// Call [`Batch::keep`] before the buffer is used again. After an error nothing has changed.
    #[inline]
    pub fn in_place(&mut self, key: usize, kind: MessageKind, start: usize, len: usize) -> Result<(), NoMemory> {
        self.is_fresh = true;
        self.push_message(Event { key, what: EventKind::Message { kind, in_place: true, len: len as u32, start } })
    }

    /// Keeps the messages that lie in the read buffer: exchanges the buffer for another of the same size, or copies the messages if it
    /// has taken a buffer already or has no memory for another. False if there is no memory for a copy either: see
    /// [`Batch::take_dropped`].
    #[inline]
    #[must_use]
    pub fn keep(&mut self, buffer: &mut Box<[u8]>) -> bool {
        let from = std::mem::replace(&mut self.kept, self.events.len());
        if std::mem::take(&mut self.is_fresh) && (self.keeps_read || !self.take_read(buffer)) {
            return self.copy(from, buffer);
        }
        true
    }

    /// Takes the payload size of each message that was dropped because there was no memory. The caller must then end the connection.
    pub fn take_dropped(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.dropped)
    }

    #[inline]
    fn take_read(&mut self, buffer: &mut Box<[u8]>) -> bool {
        if self.read.is_empty() && !self.make_read(buffer.len()) {
            return false;
        }
        std::mem::swap(&mut self.read, buffer);
        self.keeps_read = true;
        true
    }

    #[cold]
    fn make_read(&mut self, len: usize) -> bool {
        let mut read = Vec::new();
        if read.try_reserve_exact(len).is_err() {
            return false;
        }
        read.resize(len, 0);
        self.read = read.into_boxed_slice();
        true
    }

    /// Copies what is in place from `buffer` on, of the events from this one on.
    #[cold]
    fn copy(&mut self, from: usize, buffer: &[u8]) -> bool {
        for at in from..self.events.len() {
            if let EventKind::Message { kind, in_place: true, len, start } = self.events[at].what {
                match add_flat(&mut self.flat, kind, &buffer[start..start + len as usize]) {
                    Ok(what) => self.events[at].what = what,
                    Err(NoMemory) => {
                        self.drop_messages(at);
                        return false;
                    }
                }
            }
        }
        true
    }

    /// Drops the messages from this event on. A close or retry event among the events then reports it.
    fn drop_messages(&mut self, from: usize) {
        let later = self.events.split_off(from);
        for event in later {
            match event.what {
                EventKind::Message { len, .. } | EventKind::LargeMessage { len, .. } => self.dropped.push(len),
                EventKind::Closed { index } | EventKind::Retrying { index, .. } => {
                    if let Some(Some(report)) = self.reports.get_mut(index as usize) {
                        report.error = Some(Error::NoResources);
                        report.message = format!("{NO_MEMORY}; {}", report.message);
                    }
                    self.events.push(event);
                }
                EventKind::Connected { .. } | EventKind::Drained => self.events.push(event),
            }
        }
        self.kept = self.events.len();
    }

    /// Drops all messages: the last resort of an engine that ends without memory.
    pub fn drop_all_messages(&mut self) {
        self.drop_messages(0);
        (self.flat, self.large, self.read) = (Vec::new(), Vec::new(), Box::default());
        (self.keeps_read, self.is_fresh) = (false, false);
    }

    #[inline(never)]
    fn collected(&mut self, key: usize, kind: MessageKind, collected: &mut Vec<u8>) -> Result<(), NoMemory> {
        if collected.len() < LARGE {
            return self.small(key, kind, collected);
        }
        self.large.try_reserve(1)?;
        collected.try_reserve(1)?; // for a NUL
        let (index, len) = (self.large.len() as u32, collected.len() as u32);
        self.push_message(Event { key, what: EventKind::LargeMessage { kind, len, index } })?;
        let mut collected = std::mem::take(collected);
        if kind == MessageKind::Text {
            collected.push(0);
        }
        self.large.push(collected);
        Ok(())
    }

    /// Adds that the connection is tried again.
    pub fn retrying(&mut self, key: usize, report: Report, info: Option<Details>, attempt: u32, delay_ms: u32) {
        let index = self.add(Some(report), info);
        self.events.push(Event { key, what: EventKind::Retrying { index, attempt, delay_ms } });
    }

    /// Adds that there is room to send again.
    pub fn drained(&mut self, key: usize) {
        self.events.push(Event { key, what: EventKind::Drained });
    }

    /// Adds the end of the connection.
    pub fn closed(&mut self, key: usize, report: Report, info: Option<Details>) {
        let index = self.add(Some(report), info);
        self.events.push(Event { key, what: EventKind::Closed { index } });
    }

    /// The payload of a message that is not large; if it is text, a NUL follows it in memory.
    #[inline]
    pub fn small_message(&mut self, what: EventKind) -> Option<(MessageKind, &[u8])> {
        let EventKind::Message { kind, in_place, len, start } = what else { return None };
        let end = start + len as usize;
        if !in_place {
            return Some((kind, &self.flat[start..end]));
        }
        if kind == MessageKind::Text {
            // On the header of the frame behind it, which was read long ago.
            self.read[end] = 0;
        }
        Some((kind, &self.read[start..end]))
    }

    /// The payload of a large message; if it is text, a NUL follows it in memory.
    pub fn large(&self, index: u32, len: usize) -> &[u8] {
        &self.large[index as usize][..len]
    }

    /// Gives the memory of a large message that was dispatched back.
    pub fn give_large(&mut self, index: u32, pool: &BufferPool) {
        pool.give(&mut self.large[index as usize]);
    }

    /// Takes a report out.
    pub fn take_report(&mut self, index: u32) -> Option<Report> {
        self.reports[index as usize].take()
    }

    /// Takes out how the connection was made, if that is news.
    pub fn take_details(&mut self, index: u32) -> Option<Details> {
        self.info[index as usize].take()
    }

    /// Moves all of `other` behind what is here. After an error nothing has changed.
    pub fn append(self: &mut Box<Batch>, other: &mut Box<Batch>) -> Result<(), NoMemory> {
        if self.is_empty() {
            std::mem::swap(self, other);
            return Ok(());
        }
        let copies = self.keeps_read && other.keeps_read;
        self.reserve(other, copies)?;
        if other.keeps_read && !copies {
            std::mem::swap(&mut self.read, &mut other.read);
            self.keeps_read = true;
        }
        let (start_of_flat, large, reports) = (self.flat.len(), self.large.len() as u32, self.reports.len() as u32);
        self.flat.append(&mut other.flat);
        self.large.append(&mut other.large);
        self.reports.append(&mut other.reports);
        self.info.append(&mut other.info);
        let Batch { events, flat, .. } = &mut **self;
        let Batch { events: others, read, .. } = &mut **other;
        events.extend(others.drain(..).map(|event| Event {
            key: event.key,
            what: match event.what {
                EventKind::Connected { index } => EventKind::Connected { index: reports + index },
                EventKind::Message { kind, in_place: false, len, start } => {
                    EventKind::Message { kind, in_place: false, len, start: start_of_flat + start }
                }
                EventKind::Message { kind, len, start, .. } if copies => {
                    put_flat(flat, kind, &read[start..start + len as usize])
                }
                EventKind::Message { .. } => event.what,
                EventKind::LargeMessage { kind, len, index } => {
                    EventKind::LargeMessage { kind, len, index: large + index }
                }
                EventKind::Retrying { index, attempt, delay_ms } => {
                    EventKind::Retrying { index: reports + index, attempt, delay_ms }
                }
                EventKind::Drained => EventKind::Drained,
                EventKind::Closed { index } => EventKind::Closed { index: reports + index },
            },
        }));
        other.shed();
        Ok(())
    }

    /// Reserves memory for all of another batch; with `copies` also for the messages in its read buffer.
    fn reserve(&mut self, other: &Batch, copies: bool) -> Result<(), NoMemory> {
        let copied = |event: &Event| match event.what {
            EventKind::Message { in_place: true, len, .. } => len as usize + 1,
            _ => 0,
        };
        let in_place: usize = if copies { other.events.iter().map(copied).sum() } else { 0 };
        self.flat.try_reserve(other.flat.len() + in_place)?;
        self.large.try_reserve(other.large.len())?;
        self.reports.try_reserve(other.reports.len())?;
        self.info.try_reserve(other.info.len())?;
        Ok(self.events.try_reserve(other.events.len())?)
    }

    /// Empties the batch for the next use.
    pub fn clear(&mut self) {
        if !self.is_empty() {
            self.events.clear();
            self.flat.clear();
            self.large.clear();
            self.reports.clear();
            self.info.clear();
            self.shed();
        }
        (self.keeps_read, self.kept) = (false, 0);
    }

    /// Frees the memory that an empty batch must not keep.
    #[inline]
    fn shed(&mut self) {
        shed(&mut self.flat, KEEP);
        shed(&mut self.events, KEEP);
        shed(&mut self.large, KEEP_SELDOM);
        shed(&mut self.reports, KEEP_SELDOM);
        shed(&mut self.info, KEEP_SELDOM);
    }
}

/// Frees the memory of an empty list, if it is more than `keep` bytes.
#[inline]
fn shed<T>(list: &mut Vec<T>, keep: usize) {
    if list.capacity() > keep / size_of::<T>() {
        *list = Vec::new();
    }
}

/// Adds a message to the flat memory, and a NUL after it if it is text.
fn add_flat(flat: &mut Vec<u8>, kind: MessageKind, payload: &[u8]) -> Result<EventKind, NoMemory> {
    flat.try_reserve(payload.len() + 1)?;
    Ok(put_flat(flat, kind, payload))
}

/// As [`add_flat`], where memory is reserved already.
fn put_flat(flat: &mut Vec<u8>, kind: MessageKind, payload: &[u8]) -> EventKind {
    let start = flat.len();
    flat.extend_from_slice(payload);
    if kind == MessageKind::Text {
        flat.push(0);
    }
    // No message is longer than the cap.
    EventKind::Message { kind, in_place: false, len: payload.len() as u32, start }
}

#[cfg(test)]
impl Batch {
    /// The bytes allocated for its lists.
    pub fn kept_memory(&self) -> usize {
        self.flat.capacity()
            + self.events.capacity() * size_of::<Event>()
            + self.large.capacity() * size_of::<Vec<u8>>()
            + self.reports.capacity() * size_of::<Option<Report>>()
            + self.info.capacity() * size_of::<Option<Details>>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::report::{Ending, Initiator, Phase};
    use crate::limited_memory;

    fn payloads(batch: &mut Batch) -> Vec<Vec<u8>> {
        let whats: Vec<_> = batch.events().iter().map(|event| event.what).collect();
        let payload = |what| match what {
            EventKind::LargeMessage { index, len, .. } => Some(batch.large(index, len as usize).to_vec()),
            _ => batch.small_message(what).map(|(_, payload)| payload.to_vec()),
        };
        whats.into_iter().filter_map(payload).collect()
    }

    #[test]
    fn batches_join_in_order_with_their_payloads() {
        let big = vec![7; LARGE];
        let mut first = Box::<Batch>::default();
        let mut second = Box::<Batch>::default();
        first.message(1, MessageKind::Text, Payload::InPlace(b"one")).unwrap();
        first.message(1, MessageKind::Binary, Payload::Assembled(&mut big.clone())).unwrap();
        second.message(2, MessageKind::Text, Payload::InPlace(b"two")).unwrap();
        second.message(2, MessageKind::Text, Payload::Assembled(&mut b"three".to_vec())).unwrap();
        second.message(2, MessageKind::Text, Payload::Assembled(&mut big.clone())).unwrap();
        first.append(&mut second).unwrap();
        assert!(second.is_empty());
        assert_eq!(payloads(&mut first), [b"one".to_vec(), big.clone(), b"two".to_vec(), b"three".to_vec(), big]);
        let mut third = Box::<Batch>::default();
        third.append(&mut first).unwrap();
        assert_eq!(payloads(&mut third).len(), 5);
    }

    #[test]
    fn an_emptied_batch_keeps_little_memory_however_it_was_emptied() {
        for into_another in [false, true] {
            let (mut first, mut second) = (Box::<Batch>::default(), Box::<Batch>::default());
            first.message(1, MessageKind::Binary, Payload::InPlace(b"before")).unwrap();
            for _ in 0..KEEP / 8 {
                second.message(1, MessageKind::Binary, Payload::InPlace(b"ten bytes.")).unwrap();
            }
            for _ in 0..KEEP_SELDOM {
                second.connected(1, Details::default());
            }
            second.large.resize_with(KEEP_SELDOM, Vec::new);
            if into_another {
                first.append(&mut second).unwrap();
            }
            second.clear();
            assert!(second.kept_memory() <= 2 * KEEP + 3 * KEEP_SELDOM, "{}", second.kept_memory());
        }
    }

    /// A read buffer of two text messages, with a header between them.
    fn filled(bytes: &[u8; 8]) -> Box<[u8]> {
        Box::from(*bytes)
    }

    fn add_two(batch: &mut Batch, key: usize) {
        batch.in_place(key, MessageKind::Text, 0, 3).unwrap();
        batch.in_place(key, MessageKind::Text, 5, 2).unwrap();
    }

    #[test]
    fn what_is_in_place_outlives_the_next_read() {
        let mut batch = Batch::default();
        let mut buffer = filled(b"one\x81\x02TWO");
        add_two(&mut batch, 1);
        assert!(batch.keep(&mut buffer));
        assert_eq!(buffer.len(), 8, "another to read into");
        // One was taken along already: what the next reads bring is copied.
        for bytes in [b"abc\x81\x02DEF", b"ghi\x81\x02JKL"] {
            buffer.copy_from_slice(bytes);
            add_two(&mut batch, 2);
            assert!(batch.keep(&mut buffer));
        }
        buffer.fill(b'-');
        assert!(batch.keep(&mut buffer)); // nothing new
        assert_eq!(payloads(&mut batch), [&b"one"[..], b"TW", b"abc", b"DE", b"ghi", b"JK"]);
        batch.clear();
        assert!(batch.is_empty());
        add_two(&mut batch, 3);
        assert!(batch.keep(&mut buffer));
        buffer.fill(b'x');
        assert_eq!(payloads(&mut batch), [b"---".to_vec(), b"--".to_vec()]);
    }

    #[test]
    fn batches_join_with_the_read_buffers_they_keep() {
        for (one, two) in [(false, false), (false, true), (true, false), (true, true)] {
            let (mut first, mut second) = (Box::<Batch>::default(), Box::<Batch>::default());
            for (batch, keeps, bytes) in [(&mut first, one, b"one\x81\x02TWO"), (&mut second, two, b"abc\x81\x02DEF")] {
                batch.drained(0);
                if keeps {
                    add_two(batch, 1);
                    assert!(batch.keep(&mut filled(bytes)));
                } else {
                    batch.message(1, MessageKind::Text, Payload::InPlace(&bytes[..3])).unwrap();
                    batch.message(1, MessageKind::Text, Payload::InPlace(&bytes[5..7])).unwrap();
                }
            }
            first.append(&mut second).unwrap();
            second.clear();
            second.drained(0);
            add_two(&mut second, 1);
            assert!(second.keep(&mut filled(b"ghi\x81\x02JKL")));
            assert_eq!(payloads(&mut first), [&b"one"[..], b"TW", b"abc", b"DE"], "{one} {two}");
            assert_eq!(payloads(&mut second), [&b"ghi"[..], b"JK"]);
        }
    }

    #[test]
    fn batches_do_not_change_without_memory() {
        let (mut first, mut second) = (Box::<Batch>::default(), Box::<Batch>::default());
        for batch in [&mut first, &mut second] {
            for _ in 0..3 {
                batch.message(1, MessageKind::Text, Payload::InPlace(&[b'x'; 15_000])).unwrap();
            }
        }
        assert!(limited_memory::with_largest(80_000, || first.append(&mut second)).is_err());
        assert_eq!((payloads(&mut first).len(), payloads(&mut second).len()), (3, 3));
        let refused = limited_memory::with_largest(50_000, || {
            first.message(1, MessageKind::Text, Payload::InPlace(&[b'x'; 20_000]))
        });
        assert!(refused.is_err());
        assert_eq!(payloads(&mut first).len(), 3);
        first.append(&mut second).unwrap();
        assert_eq!(payloads(&mut first), vec![vec![b'x'; 15_000]; 6]);
    }

    #[test]
    fn messages_without_memory_are_dropped_and_reported() {
        let report = Report::new(Ending::clean(Initiator::Peer), Phase::Closing);
        let mut batch = Batch::default();
        let mut buffer = vec![b'x'; 60_000].into_boxed_slice();
        let kept = limited_memory::with_largest(30_000, || {
            for start in [0, 10_000, 20_000, 40_000] {
                batch.in_place(1, MessageKind::Binary, start, 9_000).unwrap();
            }
            batch.drained(1);
            batch.closed(1, report, None);
            batch.keep(&mut buffer)
        });
        let dropped = batch.take_dropped();
        assert!(!kept && !dropped.is_empty() && dropped.iter().all(|len| *len == 9_000));
        assert_eq!(payloads(&mut batch).len() + dropped.len(), 4);
        let [.., Event { what: EventKind::Drained, .. }, Event { what: EventKind::Closed { index }, .. }] =
            *batch.events()
        else {
            panic!("{:?}", batch.events())
        };
        let report = batch.take_report(index).unwrap();
        assert!(report.error == Some(Error::NoResources) && report.message.starts_with(NO_MEMORY), "{report:?}");
    }

    #[test]
    fn an_event_is_small() {
        assert!(size_of::<Event>() <= 3 * size_of::<u64>());
    }

    #[test]
    fn text_is_followed_by_a_nul() {
        let mut batch = Batch::default();
        batch.message(0, MessageKind::Text, Payload::InPlace(b"abc")).unwrap();
        batch.message(0, MessageKind::Text, Payload::Assembled(&mut vec![b'x'; LARGE])).unwrap();
        assert_eq!(batch.flat[3], 0);
        assert_eq!(batch.large[0].len(), LARGE + 1);
        assert_eq!(batch.large[0][LARGE], 0);
        let mut batch = Batch::default();
        batch.in_place(0, MessageKind::Text, 0, 3).unwrap();
        assert!(batch.keep(&mut filled(b"abc\x81\x02def")));
        assert_eq!(payloads(&mut batch), [b"abc"]);
        assert_eq!(batch.read[3], 0);
    }
}
