//! Messages that the host has sent and the connection has not written, and whether more are accepted ([`Gate`]).
//!
//! Messages wait in one of two forms. Usually they are masked frames, so that a send writes each byte once, in its place on
//! the wire, and the connection writes whole buffers. With permessage-deflate, or if messages are kept for the next
//! connection, they are kinds and payloads, of which the connection makes frames (`framer`). In both forms a
//! message counts as its uncompressed frame.
//!
//! # Back-pressure
//!
//! [`SendQueue::push`] refuses a message that would make the queue larger than `max_send_buffer` bytes: the call of the host returns
//! `EGRET_WS_ERR_BACKPRESSURE`, and nothing is queued. [`SendQueue::note_written`] reports when the queue is at most half full and the largest
//! refused message fits; then `on_drain` is called, once.
//!
//! # Locks
//!
//! One mutex ([`crate::engine::SocketShared`]) holds the queue and its gate. These threads lock it, each for the time of a
//! copy at most:
//! - every thread of the host, in `egret_ws_send_…`, `_close`, `_ping`, and to read the state and statistics;
//! - the thread that polls, before it calls `on_connect`, `on_retry`, `on_drain` and `on_close`;
//! - the thread that runs the engine (its own, or the one that polls), to take and count frames, and to close, lose and end a
//!   connection.
//!
//! `engine::shared` has the order of all locks: those of the pool of buffers and of the random number generator come behind this
//! one. No callback runs while it is locked.

mod buffers;
mod messages;
#[cfg(test)]
mod tests;

pub use buffers::SMALL;
pub use messages::MessageChunk;

use super::gate::{Gate, State};
use crate::buffer_pool::{BufferPool, NoMemory};
use crate::error::Error;
use crate::protocol::frame;
use crate::protocol::mask::KeySource;
use crate::protocol::message::MessageKind;
use buffers::Buffers;
use std::alloc::{Layout, handle_alloc_error};
use std::collections::VecDeque;
use std::sync::Arc;
use tungstenite::protocol::frame::coding::{Control, OpCode};

/// The queue between the sends of the host and the writes of the connection.
#[derive(Debug)]
pub struct SendQueue {
    gate: Gate,
    queued: Queued,
    unsent: Unsent,
    buffers: Buffers,
    /// For the frames that sends write.
    keys: KeySource,
    flush: FlushState,
    /// Bytes of the largest message that was refused because the queue was full; 0 if none was.
    refused: usize,
    /// Messages and payload bytes that each lost connection has dropped, as long as no report has named them to the host.
    unreported: VecDeque<(u32, u64)>,
    stats: SendStats,
    max_message: usize,
    max_buffer: usize,
}

/// The queue, in order.
#[derive(Debug)]
enum Queued {
    /// Masked frames. No chunk is empty.
    Frames(VecDeque<Vec<u8>>),
    /// Messages without header and mask. There is room for one chunk more.
    Messages(VecDeque<MessageChunk>),
}

/// The frames that are accepted and not written: those that are queued, and those that the connection has taken.
#[derive(Debug, Default)]
struct Unsent {
    /// The size of each frame, in order. All are messages, but for our Close frame, which is the last.
    sizes: VecDeque<u32>,
    /// Bytes of the first frame that are written.
    partly_written: usize,
    /// Bytes of all frames, with headers, without those that are written.
    wire_bytes: usize,
    payload_bytes: usize,
    /// The code of the Close frame that was queued.
    close_code: Option<Option<u16>>,
}

/// Accepted messages that were not sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Lost {
    pub messages: u64,
    /// Their payload bytes.
    pub bytes: u64,
}

/// The statistics of a queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SendStats {
    /// Messages that are wholly written.
    pub messages_sent: u64,
    /// Their payload bytes.
    pub bytes_sent: u64,
    /// Bytes that wait, with frame headers.
    pub waiting: usize,
    /// The most bytes that ever waited.
    pub peak: usize,
}

/// Whether the connection knows of queued messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FlushState {
    /// No send has queued a message since the connection has last looked into the queue.
    Idle,
    /// The send that queued the first message requests a flush, at the latest at the end of the host's poll.
    Requested,
    /// The connection writes, and looks into the queue again before it stops; or it knows that much is queued.
    Running,
}

/// The task of the sender of a message, so that the message is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flush {
    /// Nothing: the connection looks into the queue again.
    NotNeeded,
    /// Nothing, unless an earlier message waits for the end of a poll of another thread.
    Requested,
    /// Request a flush, at the end of the poll at the latest.
    Soon,
    /// Request a flush now, because much is queued: the memory is used again while it is in the cache.
    Now,
}

/// The queued bytes from which on writing costs more than waking the engine.
const MUCH: usize = 64 * 1024;

impl SendQueue {
    /// An empty queue of a socket without a connection. Large buffers are taken from this pool.
    pub fn with_pool(max_message: usize, max_buffer: usize, keys: KeySource, pool: Arc<BufferPool>) -> SendQueue {
        SendQueue {
            gate: Gate::new(),
            queued: Queued::Frames(VecDeque::new()),
            unsent: Unsent::default(),
            buffers: Buffers::new(pool, max_buffer >= BufferPool::SIZE),
            keys,
            flush: FlushState::Idle,
            refused: 0,
            unreported: VecDeque::new(),
            stats: SendStats::default(),
            max_message,
            max_buffer,
        }
    }

    /// As [`SendQueue::with_pool`], with a pool of its own.
    #[cfg(test)]
    pub fn new(max_message: usize, max_buffer: usize, keys: KeySource) -> SendQueue {
        SendQueue::with_pool(max_message, max_buffer, keys, Arc::default())
    }

    /// The pool of large buffers.
    pub fn pool(&self) -> &Arc<BufferPool> {
        &self.buffers.pool
    }

    /// Whether the host may send, and which events it was notified of.
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    // The host sends and closes.

    /// Accepts a message, or refuses the whole of it. The caller has checked that text is UTF-8, before it locked the queue.
    #[inline]
    pub fn push(&mut self, kind: MessageKind, payload: &[u8]) -> Result<Flush, Error> {
        self.check(payload.len())?;
        if self.append_inline(kind as u8, payload).is_err() {
            return Err(Error::NoResources);
        }
        self.unsent.payload_bytes += payload.len();
        Ok(match self.flush {
            FlushState::Idle => {
                self.flush = FlushState::Requested;
                Flush::Soon
            }
            FlushState::Requested if self.unsent.wire_bytes >= MUCH => {
                self.flush = FlushState::Running;
                Flush::Now
            }
            FlushState::Requested => Flush::Requested,
            FlushState::Running => Flush::NotNeeded,
        })
    }

    /// Refuses a text of so many bytes that is not UTF-8. Returns why: the first of all reasons counts.
    pub fn refuse_text(&mut self, len: usize) -> Error {
        self.check(len).err().unwrap_or(Error::InvalidUtf8)
    }

    /// Checks whether a message of so many bytes can be accepted.
    #[inline(always)]
    fn check(&mut self, len: usize) -> Result<(), Error> {
        if !self.gate.is_open() {
            return Err(Error::NotOpen);
        }
        if len > self.max_message {
            return Err(Error::MessageTooBig);
        }
        let size = frame::header_size(len) + len;
        if self.unsent.wire_bytes + size > self.max_buffer {
            self.refused = self.refused.max(size);
            return Err(Error::Backpressure);
        }
        Ok(())
    }

    /// The host closes: queues a Close frame, unless one is queued or the connection has ended. Returns true if it has
    /// queued one: the caller notifies the engine.
    pub fn close_by_host(&mut self, payload: &[u8]) -> bool {
        let queues = !self.gate.is_closing();
        if queues {
            self.append_close(payload);
        }
        self.gate.close_by_host();
        queues
    }

    /// The host drops the connection. Nothing is queued; what is queued counts as unsent, unless it is written before the engine knows.
    pub fn abort(&mut self) {
        self.gate.abort();
    }

    /// Payload bytes that are accepted and not written.
    pub fn payload_bytes(&self) -> usize {
        self.unsent.payload_bytes
    }

    /// Bytes of all frames that are not written.
    pub fn waiting(&self) -> usize {
        self.unsent.wire_bytes
    }

    /// The statistics.
    pub fn stats(&self) -> SendStats {
        SendStats { waiting: self.unsent.wire_bytes, ..self.stats }
    }

    // The host is notified.

    /// `on_connect` is about to be called. False if it must not be, because the host has closed early.
    #[must_use]
    pub fn notify_connect(&mut self) -> bool {
        self.gate.notify_connect()
    }

    /// `on_retry` is about to be called, if the host `listens`, because it has not freed the socket. False if it must not be called,
    /// because the host does not listen or has closed early. Then the messages that were dropped with that connection are reported
    /// with the end ([`SendQueue::unreported`]).
    #[must_use]
    pub fn notify_retry(&mut self, listens: bool) -> bool {
        let notifies = self.gate.notify_retry() && listens;
        if notifies {
            self.unreported.pop_front();
        }
        notifies
    }

    /// `on_close` is about to be called, unless the socket was freed.
    pub fn notify_close(&mut self) {
        self.gate.notify_close();
    }

    /// Messages that were dropped with lost connections and that no report has named to the host, and their payload bytes.
    pub fn unreported(&self) -> (u32, u64) {
        self.unreported.iter().fold((0, 0), |sum, dropped| (sum.0 + dropped.0, sum.1 + dropped.1))
    }

    /// All accepted messages that were not sent and that no report has named to the host.
    pub fn lost(&self) -> Lost {
        let mut lost = Lost::default();
        if self.gate.state() != State::Closed {
            for (messages, bytes) in [self.unsent(), self.unreported()] {
                lost.messages += u64::from(messages);
                lost.bytes += bytes;
            }
        }
        lost
    }

    // Appending.

    fn append_close(&mut self, payload: &[u8]) {
        if self.append_inline(OpCode::Control(Control::Close).into(), payload).is_err() {
            // Without memory for a few bytes the connection cannot be closed in order.
            handle_alloc_error(Layout::new::<[u8; 128]>());
        }
        self.unsent.close_code = Some(payload.first_chunk().copied().map(u16::from_be_bytes));
    }

    /// Queues a frame or message. After an error nothing has changed.
    #[inline(always)]
    fn append_inline(&mut self, opcode: u8, payload: &[u8]) -> Result<(), NoMemory> {
        let Queued::Frames(chunks) = &mut self.queued else { return self.append_message(opcode, payload) };
        let key = self.keys.next_key();
        let chunk = match chunks.back_mut() {
            Some(chunk) if chunk.capacity() - chunk.len() >= frame::HEADER_ROOM + payload.len() => chunk,
            _ => self.buffers.room(chunks, frame::HEADER_ROOM + payload.len())?,
        };
        let before = chunk.len();
        frame::append_inline(chunk, opcode, payload, key);
        let size = chunk.len() - before;
        // Checked here, so that the compiler removes the check in the push.
        if self.unsent.sizes.len() == self.unsent.sizes.capacity() {
            self.unsent.reserve_size(chunks, before)?;
        }
        self.count(size);
        Ok(())
    }

    #[inline(never)]
    fn append_message(&mut self, opcode: u8, payload: &[u8]) -> Result<(), NoMemory> {
        let Queued::Messages(chunks) = &mut self.queued else { return Err(NoMemory) };
        self.unsent.sizes.try_reserve(1)?;
        let size = messages::append(chunks, &mut self.buffers, OpCode::from(opcode), payload)?;
        self.count(size);
        Ok(())
    }

    /// Counts a frame of so many bytes. There is room for its size.
    #[inline]
    fn count(&mut self, size: usize) {
        self.unsent.wire_bytes += size;
        self.stats.peak = self.stats.peak.max(self.unsent.wire_bytes);
        // No frame is longer than max_message and a header, so it fits.
        self.unsent.sizes.push_back(size as u32);
    }

    // The connection is made, lost, closed and ended.

    /// A connection was made. `deflates`: permessage-deflate was agreed on. `keeps`: messages are kept for the next
    /// connection. Returns whether messages must be deflated: not if a Close frame is queued already.
    pub fn connect(&mut self, deflates: bool, keeps: bool) -> bool {
        self.gate.connect();
        if self.gate.is_closing() {
            return false; // nothing will be queued any more
        }
        let needs_framer = deflates || keeps;
        if needs_framer != self.needs_framer() {
            debug_assert!(self.is_empty(), "messages wait in another form");
            self.queued =
                if needs_framer { Queued::Messages(VecDeque::new()) } else { Queued::Frames(VecDeque::new()) };
        }
        deflates
    }

    /// Does the connection make the frames of messages, and call [`SendQueue::take_messages`] instead of
    /// [`SendQueue::take_frames`]?
    pub fn needs_framer(&self) -> bool {
        matches!(self.queued, Queued::Messages(_))
    }

    /// The library closes: queues a Close frame, unless one is queued.
    pub fn close_by_library(&mut self, payload: &[u8]) {
        if !self.gate.is_closing() {
            self.append_close(payload);
        }
        self.gate.close_by_library();
    }

    /// The host has freed the socket: queues a Close frame, unless one is queued or the connection has ended.
    pub fn close_by_free(&mut self, payload: &[u8]) {
        if !self.gate.is_closing() {
            self.append_close(payload);
        }
        self.gate.free();
    }

    /// The connection is lost: no message is accepted. Returns the unsent messages and their payload bytes.
    /// [`SendQueue::retry`] or [`SendQueue::end`] follows.
    pub fn lose(&mut self) -> (u32, u64) {
        self.gate.lose();
        self.unsent()
    }

    /// Another connection follows the lost one. Drops the messages, or `keeps` those that are not wholly written; `taken`:
    /// the chunk that the connection took last. False if the host has closed: then no other connection follows, and nothing
    /// changes.
    #[must_use]
    pub fn retry(&mut self, keeps: bool, taken: MessageChunk) -> bool {
        if !self.gate.retry() {
            return false;
        }
        let dropped = if keeps { (0, 0) } else { self.unsent() };
        self.unreported.push_back(dropped);
        (self.refused, self.flush) = (0, FlushState::Idle);
        match &mut self.queued {
            Queued::Messages(chunks) if keeps => {
                let queued: usize = chunks.iter().map(MessageChunk::len).sum();
                self.unsent.restart();
                messages::put_back(chunks, taken, self.unsent.sizes.len() - queued);
                if self.unsent.drop_close() {
                    messages::remove_last(chunks);
                }
                self.stats.peak = self.stats.peak.max(self.unsent.wire_bytes);
            }
            // They could be kept only in the other form.
            Queued::Frames(_) | Queued::Messages(_) => {
                debug_assert!(!keeps || self.is_empty());
                self.drop_queued();
                self.unsent = Unsent::default();
            }
        }
        true
    }

    /// The connection has ended for good: drops what is queued, which stays counted as unsent.
    pub fn end(&mut self) {
        self.gate.end();
        self.drop_queued();
    }

    fn drop_queued(&mut self) {
        match &mut self.queued {
            Queued::Frames(chunks) => *chunks = VecDeque::new(),
            Queued::Messages(chunks) => *chunks = VecDeque::new(),
        }
    }

    /// Accepted messages that are not wholly written, and their payload bytes.
    pub fn unsent(&self) -> (u32, u64) {
        let Unsent { sizes, close_code, payload_bytes, .. } = &self.unsent;
        let messages = sizes.len().saturating_sub(usize::from(close_code.is_some()));
        (u32::try_from(messages).unwrap_or(u32::MAX), *payload_bytes as u64)
    }

    // The connection writes.

    /// Is nothing queued? What was taken does not count.
    pub fn is_empty(&self) -> bool {
        match &self.queued {
            Queued::Frames(chunks) => chunks.is_empty(),
            Queued::Messages(chunks) => chunks.is_empty(),
        }
    }

    /// Swaps the next frames into `out`, whose memory is used again. False if nothing is queued; then the next push
    /// requests a flush again.
    pub fn take_frames(&mut self, out: &mut Vec<u8>) -> bool {
        self.buffers.recycle(out);
        let chunk = match &mut self.queued {
            Queued::Frames(chunks) => chunks.pop_front(),
            Queued::Messages(_) => None,
        };
        let Some(chunk) = chunk else {
            self.flush = FlushState::Idle;
            return false;
        };
        self.flush = FlushState::Running;
        self.buffers.keep(std::mem::replace(out, chunk));
        true
    }

    /// As [`SendQueue::take_frames`], of messages whose frames the connection makes.
    pub fn take_messages(&mut self, taken: &mut MessageChunk) -> bool {
        self.recycle_messages(taken);
        let chunk = match &mut self.queued {
            Queued::Messages(chunks) => chunks.pop_front(),
            Queued::Frames(_) => None,
        };
        let Some(chunk) = chunk else {
            self.flush = FlushState::Idle;
            return false;
        };
        self.flush = FlushState::Running;
        *taken = chunk;
        true
    }

    /// Empties a buffer, and returns its memory to the pool if it is large.
    pub fn recycle(&self, buffer: &mut Vec<u8>) {
        self.buffers.recycle(buffer);
    }

    /// Drops messages that were taken, and uses their memory again.
    pub fn recycle_messages(&mut self, taken: &mut MessageChunk) {
        let mut payloads = std::mem::take(taken).into_payloads();
        self.buffers.recycle(&mut payloads);
        self.buffers.keep(payloads);
    }

    /// `bytes` more of what was taken are written, counted as uncompressed frames. Returns true if the host must be
    /// notified that there is room again.
    #[must_use]
    pub fn note_written(&mut self, bytes: usize) -> bool {
        let Unsent { sizes, partly_written, wire_bytes, payload_bytes, close_code } = &mut self.unsent;
        *wire_bytes -= bytes;
        *partly_written += bytes;
        while let Some(&size) = sizes.front()
            && size as usize <= *partly_written
        {
            sizes.pop_front();
            *partly_written -= size as usize;
            let is_close = sizes.is_empty() && close_code.is_some();
            if !is_close {
                let payload = frame::payload_size(size as usize);
                *payload_bytes -= payload;
                self.stats.messages_sent += 1;
                self.stats.bytes_sent += payload as u64;
            }
        }
        if sizes.is_empty() && sizes.capacity() > SMALL / size_of::<u32>() {
            *sizes = VecDeque::new();
        }
        let has_room = *wire_bytes <= self.max_buffer / 2 && *wire_bytes + self.refused <= self.max_buffer;
        self.refused > 0 && has_room && std::mem::take(&mut self.refused) > 0
    }

    /// The code of the Close frame that was queued: `None` if none was, `Some(None)` if it has no code.
    pub fn close_code(&self) -> Option<Option<u16>> {
        self.unsent.close_code
    }
}

impl Unsent {
    /// Makes room for one size more, or removes the last frame again: its chunk had `before` bytes.
    #[cold]
    fn reserve_size(&mut self, chunks: &mut VecDeque<Vec<u8>>, before: usize) -> Result<(), NoMemory> {
        let reserved = self.sizes.try_reserve(1);
        if reserved.is_err()
            && let Some(chunk) = chunks.back_mut()
        {
            chunk.truncate(before);
            if chunk.is_empty() {
                chunks.pop_back();
            }
        }
        Ok(reserved?)
    }

    /// The first frame must be written again from its beginning.
    fn restart(&mut self) {
        self.wire_bytes += std::mem::take(&mut self.partly_written);
    }

    /// Forgets the Close frame. Returns true if it was not written.
    fn drop_close(&mut self) -> bool {
        let size = self.close_code.take().and_then(|_| self.sizes.pop_back());
        self.wire_bytes -= size.unwrap_or(0) as usize;
        size.is_some()
    }
}
