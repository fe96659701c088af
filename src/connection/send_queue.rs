//! Messages that the host has sent and the connection has not written. [`Gate`] decides whether more are accepted.
//!
//! Messages wait in one of two forms. Usually they are masked frames, so that a send writes each byte only once, to its place on
//! the wire, and the connection writes whole buffers. With permessage-deflate, or if messages are kept for the next
//! connection, they are kinds and payloads, and the connection makes frames of them (`framer`). In both forms the size of a
//! message is the size of its uncompressed frame.
//!
//! # Back-pressure
//!
//! [`SendQueue::push`] refuses a message that would make the queue larger than `max_send_buffer` bytes: the call of the host
//! returns `EGRET_WS_ERR_BACKPRESSURE`, and nothing is queued. [`SendQueue::note_written`] reports when the queue is at most half
//! full and the largest refused message fits. Then `on_drain` is called once.
//!
//! # Locks
//!
//! One mutex ([`crate::engine::SocketShared`]) protects the queue and its gate. These threads lock it, each at most for the time
//! of a copy:
//! - every thread of the host, in `egret_ws_send_…`, `_close`, `_ping`, and to read the state and statistics;
//! - the thread that polls, before it calls `on_connect`, `on_retry`, `on_drain` and `on_close`;
//! - the thread that runs the engine (its own, or the one that polls), to take and count frames, and to close, lose and end a
//!   connection.
//!
//! `engine::shared` describes the order of all locks: the locks of the buffer pool and of the random number generator come after
//! this one. No callback runs while it is locked.

mod buffers;
mod messages;
#[cfg(test)]
mod tests;

pub use buffers::SMALL;
pub use messages::MessageChunk;

use super::gate::{Gate, State};
use crate::buffer_pool::{BufferPool, NoMemory};
use crate::error::{DetailedError, Error};
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
    /// The masking keys of the frames that sends write.
    keys: KeySource,
    flush: FlushState,
    /// The size in bytes of the largest message that was refused because the queue was full. 0 if none was refused.
    refused: usize,
    /// For each lost connection, the dropped messages and their payload bytes, until a report to the host contains them.
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
    /// Messages without header and mask. There is always room for one more chunk.
    Messages(VecDeque<MessageChunk>),
}

/// The frames that are accepted and not written: the queued ones, and those that the connection has taken.
#[derive(Debug, Default)]
struct Unsent {
    /// The size of each frame, in order. All are messages, except our Close frame, which is the last one.
    sizes: VecDeque<u32>,
    /// The number of bytes of the first frame that are written.
    partly_written: usize,
    /// The bytes of all frames with their headers, except the written bytes.
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
    /// The payload bytes of these messages.
    pub bytes: u64,
}

/// The statistics of a queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SendStats {
    /// The number of messages that are completely written.
    pub messages_sent: u64,
    /// The payload bytes of these messages.
    pub bytes_sent: u64,
    /// The bytes that wait, with frame headers.
    pub waiting: usize,
    /// The largest number of bytes that ever waited.
    pub peak: usize,
}

/// Whether the connection knows that messages are queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FlushState {
    /// No send has queued a message since the connection last checked the queue.
    Idle,
    /// The send that queued the first message requests a flush, not later than at the end of the host's poll.
    Requested,
    /// The connection writes, and checks the queue again before it stops; or it knows that much is queued.
    Running,
}

/// The action that the sender of a message must take so that the message is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flush {
    /// Nothing, because the connection checks the queue again.
    NotNeeded,
    /// Nothing, unless an earlier message waits for the end of a poll on another thread.
    Requested,
    /// Request a flush, not later than at the end of the poll.
    Soon,
    /// Request a flush now, because much is queued. So the memory is used again while it is in the cache.
    Now,
}

/// If this many bytes are queued, writing them costs more than waking the engine.
const MUCH: usize = 64 * 1024;

impl SendQueue {
    /// Makes an empty queue of a socket without a connection. Large buffers are taken from this pool.
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

    /// Like [`SendQueue::with_pool`], with its own pool.
    #[cfg(test)]
    pub fn new(max_message: usize, max_buffer: usize, keys: KeySource) -> SendQueue {
        SendQueue::with_pool(max_message, max_buffer, keys, Arc::default())
    }

    /// Returns the pool of large buffers.
    pub fn pool(&self) -> &Arc<BufferPool> {
        &self.buffers.pool
    }

    /// Returns the gate: whether the host may send, and which events it was notified of.
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    // The host sends and closes.

    /// Accepts a message, or refuses all of it. Before it locked the queue, the caller has checked that text is UTF-8.
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

    /// Refuses a text of this length that is not UTF-8. Returns the reason: if there are several, the first one.
    pub fn refuse_text(&mut self, len: usize) -> Error {
        self.check(len).err().unwrap_or(Error::InvalidUtf8)
    }

    /// Explains the refusal of a message of this length, or of a ping.
    #[cold]
    #[inline(never)]
    pub fn explain(&self, error: Error, len: usize) -> DetailedError {
        match error {
            Error::NotOpen => DetailedError::new(error, self.gate.why_not_open()),
            Error::MessageTooBig => {
                let most = self.max_message;
                DetailedError::new(error, format!("the message is {len} bytes long, and max_message_bytes is {most}"))
            }
            _ => error.into(),
        }
    }

    /// Checks whether a message of this length can be accepted.
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

    /// The host closes: queues a Close frame, unless one is already queued or the connection has ended. Returns true if it was
    /// queued. The caller must then notify the engine.
    pub fn close_by_host(&mut self, payload: &[u8]) -> bool {
        let queues = !self.gate.is_closing();
        if queues {
            self.append_close(payload);
        }
        self.gate.close_by_host();
        queues
    }

    /// The host drops the connection. Nothing is queued. Queued messages count as unsent, unless they are written before the
    /// engine knows.
    pub fn abort(&mut self) {
        self.gate.abort();
    }

    /// Returns the payload bytes that are accepted and not written.
    pub fn payload_bytes(&self) -> usize {
        self.unsent.payload_bytes
    }

    /// Returns the bytes of all frames that are not written.
    pub fn waiting(&self) -> usize {
        self.unsent.wire_bytes
    }

    /// Returns the statistics.
    pub fn stats(&self) -> SendStats {
        SendStats { waiting: self.unsent.wire_bytes, ..self.stats }
    }

    // The host is notified.

    /// `on_connect` is about to be called. False if it must not be called, because the host has closed early.
    #[must_use]
    pub fn notify_connect(&mut self) -> bool {
        self.gate.notify_connect()
    }

    /// `on_retry` is about to be called. `listens`: the host has not freed the socket. False if it must not be called, because
    /// the host does not listen or has closed early. Then the report of the end contains the messages that were dropped with that
    /// connection ([`SendQueue::unreported`]).
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

    /// Returns the messages that were dropped with lost connections and are in no report to the host yet, and their payload
    /// bytes.
    pub fn unreported(&self) -> (u32, u64) {
        self.unreported.iter().fold((0, 0), |sum, dropped| (sum.0 + dropped.0, sum.1 + dropped.1))
    }

    /// Returns all accepted messages that were not sent and are in no report to the host yet.
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
            // Without memory for a few bytes, the connection cannot be closed normally.
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
        // This is checked here, so that the compiler removes the check in the push.
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

    /// Counts a frame of this size. There is room for the number.
    #[inline]
    fn count(&mut self, size: usize) {
        self.unsent.wire_bytes += size;
        self.stats.peak = self.stats.peak.max(self.unsent.wire_bytes);
        // No frame is longer than max_message and a header, so the size fits.
        self.unsent.sizes.push_back(size as u32);
    }

    // The connection is made, lost, closed and ended.

    /// A connection was made. `deflates`: permessage-deflate was agreed on. `keeps`: messages are kept for the next
    /// connection. Returns whether messages must be deflated. This is false if a Close frame is already queued.
    pub fn connect(&mut self, deflates: bool, keeps: bool) -> bool {
        self.gate.connect();
        if self.gate.is_closing() {
            return false; // no more messages will be queued
        }
        let needs_framer = deflates || keeps;
        if needs_framer != self.needs_framer() {
            debug_assert!(self.is_empty(), "no messages wait in the other form");
            self.queued =
                if needs_framer { Queued::Messages(VecDeque::new()) } else { Queued::Frames(VecDeque::new()) };
        }
        deflates
    }

    /// Returns whether the connection makes the frames of messages, and calls [`SendQueue::take_messages`] instead of
    /// [`SendQueue::take_frames`].
    pub fn needs_framer(&self) -> bool {
        matches!(self.queued, Queued::Messages(_))
    }

    /// The library closes: queues a Close frame, unless one is already queued.
    pub fn close_by_library(&mut self, payload: &[u8]) {
        if !self.gate.is_closing() {
            self.append_close(payload);
        }
        self.gate.close_by_library();
    }

    /// The host has freed the socket: queues a Close frame, unless one is already queued or the connection has ended.
    pub fn close_by_free(&mut self, payload: &[u8]) {
        if !self.gate.is_closing() {
            self.append_close(payload);
        }
        self.gate.free();
    }

    /// The connection is lost, and no message is accepted. Returns the unsent messages and their payload bytes.
    /// Then call [`SendQueue::retry`] or [`SendQueue::end`].
    pub fn lose(&mut self) -> (u32, u64) {
        self.gate.lose();
        self.unsent()
    }

    /// Another connection will be made after the lost one. Drops the messages, or, if `keeps`, keeps those that are not
    /// completely written. `taken` is the chunk that the connection took last. False if the host has closed: then no other
    /// connection will be made, and nothing changes.
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

    /// The connection has ended permanently. Drops the queued messages, which still count as unsent.
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

    /// Returns the accepted messages that are not completely written, and their payload bytes.
    pub fn unsent(&self) -> (u32, u64) {
        let Unsent { sizes, close_code, payload_bytes, .. } = &self.unsent;
        let messages = sizes.len().saturating_sub(usize::from(close_code.is_some()));
        (u32::try_from(messages).unwrap_or(u32::MAX), *payload_bytes as u64)
    }

    // The connection writes.

    /// Returns whether nothing is queued. Messages that were taken do not count.
    pub fn is_empty(&self) -> bool {
        match &self.queued {
            Queued::Frames(chunks) => chunks.is_empty(),
            Queued::Messages(chunks) => chunks.is_empty(),
        }
    }

    /// Exchanges the next frames with `out`, and uses the memory of `out` again. False if nothing is queued. Then the next push
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

    /// Like [`SendQueue::take_frames`], for messages whose frames the connection makes.
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

    /// `bytes` more of the taken messages are written, counted as uncompressed frames. Returns true if the host must be notified
    /// that there is room again.
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

    /// Returns the code of the queued Close frame: `None` if none was queued, `Some(None)` if it has no code.
    pub fn close_code(&self) -> Option<Option<u16>> {
        self.unsent.close_code
    }
}

impl Unsent {
    /// Makes room for one more size, or removes the last frame again. Its chunk had `before` bytes before the frame.
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

    /// Records that the first frame must be written again from its beginning.
    fn restart(&mut self) {
        self.wire_bytes += std::mem::take(&mut self.partly_written);
    }

    /// Discards the Close frame. Returns true if it was not written.
    fn drop_close(&mut self) -> bool {
        let size = self.close_code.take().and_then(|_| self.sizes.pop_back());
        self.wire_bytes -= size.unwrap_or(0) as usize;
        size.is_some()
    }
}
