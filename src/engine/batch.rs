//! Events on their way from the engine to the poll: a list, and one buffer for the payloads of small messages. The engine fills a
//! batch, the engine and the poll exchange batches, and the poll dispatches it. So a message needs no allocation, no lock and no
//! reference count. A batch can also keep the read buffer of the engine, so that received messages are not even copied.

use crate::buffer_pool::{BufferPool, NoMemory};
use crate::connection::Direction;
use crate::connection::connect_info::ConnectInfo;
use crate::connection::report::Report;
use crate::error::Error;
use crate::protocol::frame_trace::FrameHead;
use crate::protocol::message::{MessageKind, Payload};
use std::hint::assert_unchecked;

/// Collected payloads of at least this size keep their own memory; smaller ones are copied into the payload buffer.
const LARGE: usize = 16 * 1024;
/// The largest number of bytes that an empty batch keeps for payloads, and for the list of events.
const KEPT_BYTES: usize = 1024 * 1024;
/// The largest number of bytes that an empty batch keeps for each of its other lists.
const KEPT_BYTES_OF_RARE: usize = 64 * 1024;
/// Messages leave room for this many other events in the list of events.
const SPARE: usize = 16;
/// The first words of the report's message when messages were dropped.
const NO_MEMORY: &str = "messages of the peer were dropped because there was no memory for them";

/// An event of a socket. It is small, because a fast peer causes many events.
#[derive(Debug)]
pub struct Event {
    /// The key of the socket, see [`super::SocketShared::key`].
    pub key: usize,
    /// The kind of event.
    pub what: EventKind,
}

/// The kind of an event, with the place of its data in the batch.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub enum EventKind {
    Connected {
        index: u32,
    },
    /// A message in the payload buffer or, if `in_place`, in the read buffer.
    Message {
        kind: MessageKind,
        in_place: bool,
        len: u32,
        start: usize,
    },
    /// A message with its own memory.
    LargeMessage {
        kind: MessageKind,
        len: u32,
        index: u32,
    },
    /// A pong for the host, in the payload buffer.
    Pong {
        len: u32,
        start: usize,
    },
    /// A frame for the trace of the host, with the fields of a [`FrameHead`].
    Frame {
        direction: Direction,
        opcode: u8,
        fin: bool,
        is_compressed: bool,
        length: u64,
    },
    /// The connection was lost and is tried again. The event has a report.
    Retrying {
        index: u32,
        attempt: u32,
        delay_ms: u32,
    },
    /// The host is asked before an attempt. The event has the report of the previous end.
    Asked {
        index: u32,
        attempt: u32,
        question: u32,
    },
    Drained,
    Closed {
        index: u32,
    },
}

impl EventKind {
    fn frame(direction: Direction, frame: FrameHead) -> EventKind {
        let FrameHead { opcode, fin, is_compressed, length } = frame;
        EventKind::Frame { direction, opcode, fin, is_compressed, length }
    }
}

/// An event other than a message, a pong or a frame, with its data. It is not an enum with data, because that would be copied
/// once more, and in each variant.
#[derive(Debug)]
#[allow(missing_docs)]
pub struct RareEvent {
    pub kind: RareKind,
    /// The report of `Retrying`, `Asked` and `Closed`.
    pub report: Option<Report>,
    /// The info of `Connected`, `Retrying` and `Closed`.
    pub info: Option<ConnectInfo>,
}

/// The kind of a [`RareEvent`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum RareKind {
    Connected,
    Retrying { attempt: u32, delay_ms: u32 },
    Asked { attempt: u32, question: u32 },
    Drained,
    Closed,
}

/// Events in their order. A batch is always boxed, because each poll exchanges it.
#[derive(Debug, Default)]
pub struct Batch {
    events: Vec<Event>,
    /// The payloads of small messages.
    payloads: Vec<u8>,
    /// A read buffer with messages, or an unused one for the engine. Empty before the first use.
    read: Box<[u8]>,
    /// There are messages in `read`.
    has_messages_in_read: bool,
    /// The index of the first event whose in-place message may still be in the read buffer of the engine.
    kept: usize,
    /// Whether such a message exists.
    has_new_in_place: bool,
    /// The payload size of each dropped message.
    dropped: Vec<u32>,
    large: Vec<Vec<u8>>,
    reports: Vec<Option<Report>>,
    /// Information about a connection: one for each report and each [`EventKind::Connected`].
    info: Vec<Option<ConnectInfo>>,
}

impl Batch {
    /// Returns whether there are no events.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Returns the size of the payload buffer.
    pub fn payload_bytes(&self) -> usize {
        self.payloads.len()
    }

    /// Returns the events.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Adds a connect event.
    pub fn connected(&mut self, key: usize, info: ConnectInfo) {
        let index = self.add(None, Some(info));
        self.events.push(Event { key, what: EventKind::Connected { index } });
    }

    fn add(&mut self, report: Option<Report>, info: Option<ConnectInfo>) -> u32 {
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
        let start = self.payloads.len();
        let what = try_copy_payload(&mut self.payloads, kind, payload)?;
        self.push_message(Event { key, what }).inspect_err(|_| self.payloads.truncate(start))
    }

    /// Adds the event of a message, and leaves room for other events, because they must not be lost if a message is lost.
    #[inline]
    #[allow(unsafe_code)] // hot path: the capacity is checked once
    fn push_message(&mut self, event: Event) -> Result<(), NoMemory> {
        if self.events.capacity() - self.events.len() <= SPARE {
            self.enlarge()?;
        }
        // SAFETY: more than SPARE places were free, or `enlarge` has reserved 2 * SPARE. So at least one place is free.
        unsafe { assert_unchecked(self.events.len() < self.events.capacity()) };
        self.events.push(event);
        Ok(())
    }

    #[cold]
    fn enlarge(&mut self) -> Result<(), NoMemory> {
        Ok(self.events.try_reserve(2 * SPARE)?)
    }

    /// Adds a message that is in the read buffer of the engine, from `start` on. The byte after it must be unused.
    /// Call [`Batch::keep_messages`] before the buffer is used again. After an error nothing has changed.
    #[inline]
    pub fn in_place(&mut self, key: usize, kind: MessageKind, start: usize, len: usize) -> Result<(), NoMemory> {
        self.has_new_in_place = true;
        self.push_message(Event { key, what: EventKind::Message { kind, in_place: true, len: len as u32, start } })
    }

    /// Keeps the messages that are in the read buffer: exchanges the buffer for another one of equal size. If the batch already has
    /// a buffer, or if there is no memory for another one, copies the messages. False if there is no memory for the copy: see
    /// [`Batch::take_dropped`].
    #[inline]
    #[must_use]
    pub fn keep_messages(&mut self, buffer: &mut Box<[u8]>) -> bool {
        let from = std::mem::replace(&mut self.kept, self.events.len());
        if std::mem::take(&mut self.has_new_in_place) && (self.has_messages_in_read || !self.take_read(buffer)) {
            return self.copy(from, buffer);
        }
        true
    }

    /// Takes the payload size of each message that was dropped because there was no memory. The caller must then end the
    /// connection.
    pub fn take_dropped(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.dropped)
    }

    #[inline]
    fn take_read(&mut self, buffer: &mut Box<[u8]>) -> bool {
        if self.read.is_empty() && !self.make_read(buffer.len()) {
            return false;
        }
        std::mem::swap(&mut self.read, buffer);
        self.has_messages_in_read = true;
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

    /// Copies the in-place messages of the events from index `from` on out of `buffer`.
    #[cold]
    fn copy(&mut self, from: usize, buffer: &[u8]) -> bool {
        for at in from..self.events.len() {
            if let EventKind::Message { kind, in_place: true, len, start } = self.events[at].what {
                match try_copy_payload(&mut self.payloads, kind, &buffer[start..start + len as usize]) {
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

    /// Drops the messages from this event on. If there is a close or retry event among the events, it reports the loss.
    fn drop_messages(&mut self, from: usize) {
        let later = self.events.split_off(from);
        for event in later {
            match event.what {
                EventKind::Message { len, .. } | EventKind::LargeMessage { len, .. } | EventKind::Pong { len, .. } => {
                    self.dropped.push(len);
                }
                EventKind::Closed { index } | EventKind::Retrying { index, .. } => {
                    if let Some(Some(report)) = self.reports.get_mut(index as usize) {
                        report_dropped(report);
                    }
                    self.events.push(event);
                }
                EventKind::Connected { .. }
                | EventKind::Asked { .. }
                | EventKind::Drained
                | EventKind::Frame { .. } => self.events.push(event),
            }
        }
        self.kept = self.events.len();
    }

    /// Drops all messages, when an engine without memory ends.
    pub fn drop_all_messages(&mut self) {
        self.drop_messages(0);
        (self.payloads, self.large, self.read) = (Vec::new(), Vec::new(), Box::default());
        (self.has_messages_in_read, self.has_new_in_place) = (false, false);
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

    /// Adds a pong. After an error nothing has changed.
    pub fn pong(&mut self, key: usize, payload: &[u8]) -> Result<(), NoMemory> {
        let start = self.payloads.len();
        self.payloads.try_reserve(payload.len())?;
        let what = EventKind::Pong { len: payload.len() as u32, start };
        self.push_message(Event { key, what })?;
        self.payloads.extend_from_slice(payload);
        Ok(())
    }

    /// Adds a frame. After an error nothing has changed.
    pub fn frame(&mut self, key: usize, direction: Direction, frame: FrameHead) -> Result<(), NoMemory> {
        self.push_message(Event { key, what: EventKind::frame(direction, frame) })
    }

    /// Adds the number of frames that were not recorded.
    pub fn lost_frames(&mut self, key: usize, length: u64) {
        let what = EventKind::frame(Direction::Lost, FrameHead { length, ..FrameHead::default() });
        self.events.push(Event { key, what });
    }

    /// Adds a retry event.
    pub fn retrying(&mut self, key: usize, report: Report, info: Option<ConnectInfo>, attempt: u32, delay_ms: u32) {
        let index = self.add(Some(report), info);
        self.events.push(Event { key, what: EventKind::Retrying { index, attempt, delay_ms } });
    }

    /// Adds a question to the host.
    pub fn asked(&mut self, key: usize, question: u32, attempt: u32, last: Option<Report>) {
        let index = self.add(last, None);
        self.events.push(Event { key, what: EventKind::Asked { index, attempt, question } });
    }

    /// Adds a drain event.
    pub fn drained(&mut self, key: usize) {
        self.events.push(Event { key, what: EventKind::Drained });
    }

    /// Adds a close event.
    pub fn closed(&mut self, key: usize, report: Report, info: Option<ConnectInfo>) {
        let index = self.add(Some(report), info);
        self.events.push(Event { key, what: EventKind::Closed { index } });
    }

    /// Returns the payload of a message that is not large. If it is text, a NUL follows it in memory.
    #[inline]
    pub fn small_message(&mut self, what: EventKind) -> Option<(MessageKind, &[u8])> {
        let EventKind::Message { kind, in_place, len, start } = what else { return None };
        let end = start + len as usize;
        if !in_place {
            return Some((kind, &self.payloads[start..end]));
        }
        if kind == MessageKind::Text {
            // This overwrites the first byte of the next frame's header, which was already decoded.
            self.read[end] = 0;
        }
        Some((kind, &self.read[start..end]))
    }

    /// Returns the payload of a large message. If it is text, a NUL follows it in memory.
    pub fn large(&self, index: u32, len: usize) -> &[u8] {
        &self.large[index as usize][..len]
    }

    /// Returns the payload of a pong.
    pub fn pong_payload(&self, start: usize, len: u32) -> &[u8] {
        &self.payloads[start..start + len as usize]
    }

    /// Takes a large message, with the NUL after a text.
    pub fn take_large(&mut self, index: u32) -> Vec<u8> {
        std::mem::take(&mut self.large[index as usize])
    }

    /// Gives back the memory of a large message that was dispatched.
    pub fn give_large(&mut self, index: u32, pool: &BufferPool) {
        pool.give(&mut self.large[index as usize]);
    }

    /// Takes the data of an event. `None` for messages, pongs and frames.
    pub fn take_rare(&mut self, what: EventKind) -> Option<RareEvent> {
        let (kind, index) = match what {
            EventKind::Connected { index } => (RareKind::Connected, index),
            EventKind::Retrying { index, attempt, delay_ms } => (RareKind::Retrying { attempt, delay_ms }, index),
            EventKind::Asked { index, attempt, question } => (RareKind::Asked { attempt, question }, index),
            EventKind::Drained => return Some(RareEvent { kind: RareKind::Drained, report: None, info: None }),
            EventKind::Closed { index } => (RareKind::Closed, index),
            EventKind::Message { .. }
            | EventKind::LargeMessage { .. }
            | EventKind::Pong { .. }
            | EventKind::Frame { .. } => return None,
        };
        let (report, info) = (&mut self.reports[index as usize], &mut self.info[index as usize]);
        Some(RareEvent { kind, report: report.take(), info: info.take() })
    }

    /// Appends all events of `other`. After an error nothing has changed.
    pub fn append(self: &mut Box<Batch>, other: &mut Box<Batch>) -> Result<(), NoMemory> {
        if self.is_empty() {
            std::mem::swap(self, other);
            return Ok(());
        }
        let copies = self.has_messages_in_read && other.has_messages_in_read;
        self.reserve(other, copies)?;
        if other.has_messages_in_read && !copies {
            std::mem::swap(&mut self.read, &mut other.read);
            self.has_messages_in_read = true;
        }
        let (start_of_payloads, large, reports) =
            (self.payloads.len(), self.large.len() as u32, self.reports.len() as u32);
        self.payloads.append(&mut other.payloads);
        self.large.append(&mut other.large);
        self.reports.append(&mut other.reports);
        self.info.append(&mut other.info);
        let Batch { events, payloads, .. } = &mut **self;
        let Batch { events: others, read, .. } = &mut **other;
        events.extend(others.drain(..).map(|event| Event {
            key: event.key,
            what: match event.what {
                EventKind::Connected { index } => EventKind::Connected { index: reports + index },
                EventKind::Message { kind, in_place: false, len, start } => {
                    EventKind::Message { kind, in_place: false, len, start: start_of_payloads + start }
                }
                EventKind::Message { kind, len, start, .. } if copies => {
                    copy_payload(payloads, kind, &read[start..start + len as usize])
                }
                EventKind::Message { .. } | EventKind::Frame { .. } => event.what,
                EventKind::Pong { len, start } => EventKind::Pong { len, start: start_of_payloads + start },
                EventKind::LargeMessage { kind, len, index } => {
                    EventKind::LargeMessage { kind, len, index: large + index }
                }
                EventKind::Retrying { index, attempt, delay_ms } => {
                    EventKind::Retrying { index: reports + index, attempt, delay_ms }
                }
                EventKind::Asked { index, attempt, question } => {
                    EventKind::Asked { index: reports + index, attempt, question }
                }
                EventKind::Drained => EventKind::Drained,
                EventKind::Closed { index } => EventKind::Closed { index: reports + index },
            },
        }));
        other.free_excess();
        Ok(())
    }

    /// Reserves memory for all events of another batch. `copies`: also for the messages in its read buffer.
    fn reserve(&mut self, other: &Batch, copies: bool) -> Result<(), NoMemory> {
        let copied = |event: &Event| match event.what {
            EventKind::Message { in_place: true, len, .. } => len as usize + 1,
            _ => 0,
        };
        let in_place: usize = if copies { other.events.iter().map(copied).sum() } else { 0 };
        self.payloads.try_reserve(other.payloads.len() + in_place)?;
        self.large.try_reserve(other.large.len())?;
        self.reports.try_reserve(other.reports.len())?;
        self.info.try_reserve(other.info.len())?;
        Ok(self.events.try_reserve(other.events.len())?)
    }

    /// Empties the batch for the next use.
    pub fn clear(&mut self) {
        if !self.is_empty() {
            self.events.clear();
            self.payloads.clear();
            self.large.clear();
            self.reports.clear();
            self.info.clear();
            self.free_excess();
        }
        (self.has_messages_in_read, self.kept) = (false, 0);
    }

    /// Frees the memory that an empty batch must not keep.
    #[inline]
    fn free_excess(&mut self) {
        free_excess(&mut self.payloads, KEPT_BYTES);
        free_excess(&mut self.events, KEPT_BYTES);
        free_excess(&mut self.large, KEPT_BYTES_OF_RARE);
        free_excess(&mut self.reports, KEPT_BYTES_OF_RARE);
        free_excess(&mut self.info, KEPT_BYTES_OF_RARE);
    }
}

/// Changes a report, because messages before its event were dropped.
pub fn report_dropped(report: &mut Report) {
    report.error = Some(Error::NoResources);
    report.message = format!("{NO_MEMORY}; {}", report.message);
}

/// Frees the memory of an empty list if it is more than `keep` bytes.
#[inline]
fn free_excess<T>(list: &mut Vec<T>, keep: usize) {
    if list.capacity() > keep / size_of::<T>() {
        *list = Vec::new();
    }
}

/// Copies a message into the payload buffer, and adds a NUL if it is text.
fn try_copy_payload(payloads: &mut Vec<u8>, kind: MessageKind, payload: &[u8]) -> Result<EventKind, NoMemory> {
    payloads.try_reserve(payload.len() + 1)?;
    Ok(copy_payload(payloads, kind, payload))
}

/// Like [`try_copy_payload`], if the memory is already reserved.
fn copy_payload(payloads: &mut Vec<u8>, kind: MessageKind, payload: &[u8]) -> EventKind {
    let start = payloads.len();
    payloads.extend_from_slice(payload);
    if kind == MessageKind::Text {
        payloads.push(0);
    }
    // The length fits, because no message is longer than 128 KiB.
    EventKind::Message { kind, in_place: false, len: payload.len() as u32, start }
}

#[cfg(test)]
impl Batch {
    /// Returns the bytes that are allocated for its lists.
    pub fn kept_memory(&self) -> usize {
        self.payloads.capacity()
            + self.events.capacity() * size_of::<Event>()
            + self.large.capacity() * size_of::<Vec<u8>>()
            + self.reports.capacity() * size_of::<Option<Report>>()
            + self.info.capacity() * size_of::<Option<ConnectInfo>>()
    }
}

#[cfg(test)]
mod tests;
