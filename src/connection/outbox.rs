//! What the host accepted to send, as frames ready for the wire, or to be deflated and masked on their way. The host's
//! threads fill it and the connection empties it, each under its lock, each for the time of a copy at most.

use crate::buffer_pool::{BufferPool, NoMemory};
use crate::error::Error;
use crate::protocol::frame;
use crate::protocol::mask::{Entropy, Keys};
use crate::protocol::message::MessageKind;
use std::alloc::{Layout, handle_alloc_error};
use std::collections::VecDeque;
use std::sync::Arc;
use tungstenite::protocol::frame::coding::{Control, OpCode};

/// May the host send?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gate {
    /// Not yet: there is no connection.
    Absent,
    /// Not yet: `on_connect` was not called for the connection there is.
    Shut,
    Open,
    /// No more: closing or closed.
    Sealed,
}

/// The queue between the host's sends and the connection's writes.
#[derive(Debug)]
pub struct Outbox {
    gate: Gate,
    /// Whole frames, in order, in chunks.
    wire: VecDeque<Vec<u8>>,
    /// An emptied chunk, if it is small.
    spare: Vec<u8>,
    /// Where large ones come from, and go to.
    pool: Arc<BufferPool>,
    /// The size of each frame in `wire` and, before those, in what [`Outbox::take`] handed out and is not yet settled. All are
    /// messages, but for our Close frame, which is the last.
    pending: VecDeque<u32>,
    /// Bytes of the first pending frame that are written.
    partly_written: usize,
    /// Bytes of all pending frames, headers counted.
    wire_bytes: usize,
    payload_bytes: usize,
    /// The code of the Close frame that was put at the end.
    close_code: Option<Option<u16>>,
    /// The host has closed or freed the socket: no other connection follows.
    ended: bool,
    /// There is no connection any more, and none follows.
    over: bool,
    /// The host closed before it was told that the connection is open.
    closed_early: bool,
    /// Connections that were made, and of how many of them the poll has come to tell the host.
    made: u32,
    told: u32,
    /// The same, without those that it was not told of because it had closed.
    generation: u32,
    /// What was dropped at each loss of which the host is not told: messages and bytes.
    dropped: VecDeque<(u32, u64)>,
    /// Chunks at the front of `wire` that an earlier connection has left, unmasked.
    kept: usize,
    /// Bytes of the largest message that was refused because the queue was full; 0 if none was.
    refused: usize,
    queues: Queues,
    notice: Notice,
    max_message: usize,
    max_buffer: usize,
    keys: Keys,
    /// Frames are queued with a key of zeros: who takes them deflates and masks them.
    is_plain: bool,
}

/// What has passed through an outbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Queues {
    /// Messages written whole.
    pub messages_sent: u64,
    /// Their payload bytes.
    pub bytes_sent: u64,
    /// Bytes that wait, frame headers counted.
    pub waiting: usize,
    /// The most that ever waited.
    pub peak: usize,
}

/// What the engine knows of what is queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Notice {
    /// Nothing: there was nothing.
    None,
    /// Who pushed the first of it tells, perhaps not before the end of the host's poll.
    Given,
    /// It was told that it is much, or it looks by itself before it rests.
    Known,
}

/// What is to be done about a message that was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// Nothing: the engine knows of an earlier one, and looks again before it rests.
    Known,
    /// The engine is told of an earlier one, at the end of the host's poll if not before.
    Behind,
    /// The engine is to be told.
    First,
    /// So much is queued that the engine is to be told now: memory is used again while it is in the cache.
    Much,
}

/// So much is much: writing it costs more than waking who writes.
const MUCH: usize = 64 * 1024;
/// What a queue that is empty may keep of its memory.
const KEEP: usize = 16 * 1024;

impl Outbox {
    /// An empty outbox without a connection.
    pub fn new(max_message: usize, max_buffer: usize, entropy: Entropy) -> Outbox {
        Outbox {
            gate: Gate::Absent,
            wire: VecDeque::new(),
            spare: Vec::new(),
            pool: Arc::default(),
            pending: VecDeque::new(),
            partly_written: 0,
            wire_bytes: 0,
            payload_bytes: 0,
            close_code: None,
            ended: false,
            over: false,
            closed_early: false,
            made: 0,
            told: 0,
            generation: 0,
            dropped: VecDeque::new(),
            kept: 0,
            refused: 0,
            queues: Queues::default(),
            notice: Notice::None,
            max_message,
            max_buffer,
            keys: Keys::new(entropy),
            is_plain: false,
        }
    }

    /// The same, with large buffers from a pool.
    pub fn with_pool(self, pool: Arc<BufferPool>) -> Outbox {
        Outbox { pool, ..self }
    }

    /// Where large buffers come from.
    pub fn pool(&self) -> &Arc<BufferPool> {
        &self.pool
    }

    // The host's side.

    /// The host is about to be told of the next connection: opens the gate, if that is the one there is. False if the host
    /// has closed: then it is not to be told.
    pub fn open(&mut self) -> bool {
        self.told += 1;
        self.generation += u32::from(!self.closed_early);
        if self.gate == Gate::Shut && self.told == self.made {
            self.gate = Gate::Open;
        }
        !self.closed_early
    }

    /// The host is about to be told that a connection is lost and will be made again. False if it has closed: then it is not to
    /// be told, and what that loss has dropped stays [`Outbox::untold`].
    pub fn lose(&mut self) -> bool {
        if !self.closed_early {
            self.dropped.pop_front();
        }
        !self.closed_early
    }

    /// What losses have dropped of which the host was not told: messages, and their payload bytes.
    pub fn untold(&self) -> (u32, u64) {
        self.dropped.iter().fold((0, 0), |sum, dropped| (sum.0 + dropped.0, sum.1 + dropped.1))
    }

    /// How many connections the host was told of.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// Connections made.
    pub fn made(&self) -> u32 {
        self.made
    }

    /// Has the host closed or freed the socket?
    pub fn is_ended(&self) -> bool {
        self.ended
    }

    /// Can the host send?
    pub fn is_open(&self) -> bool {
        self.gate == Gate::Open
    }

    /// Is it closing or closed, as far as the host knows? `is_told`: it was told of a connection, and of no loss since.
    pub fn is_closing(&self, is_told: bool) -> bool {
        let knows = if is_told { self.told == self.made } else { self.over && self.generation == 0 };
        self.is_sealed() && (self.ended || knows)
    }

    /// The host closes: puts a Close frame at the end and seals the gate. The engine has to be told if this is true: it was
    /// not sealed before.
    pub fn end(&mut self, payload: &[u8]) -> bool {
        self.closed_early |= matches!(self.gate, Gate::Absent | Gate::Shut) || self.told != self.made;
        self.forsake(payload)
    }

    /// The same, of a host that does not listen any more.
    pub fn forsake(&mut self, payload: &[u8]) -> bool {
        self.ended = true;
        let was_sealed = self.is_sealed();
        self.close(payload);
        !was_sealed
    }

    /// The host has closed without having been told that the connection is open.
    pub fn is_closed_early(&self) -> bool {
        self.closed_early
    }

    /// No message is accepted any more.
    pub fn is_sealed(&self) -> bool {
        self.gate == Gate::Sealed
    }

    /// Takes a message, or refuses it whole.
    #[inline]
    pub fn push(&mut self, kind: MessageKind, payload: &[u8]) -> Result<Pushed, Error> {
        if self.gate != Gate::Open {
            return Err(Error::NotOpen);
        }
        if payload.len() > self.max_message {
            return Err(Error::MessageTooBig);
        }
        let size = frame::header_size(payload.len()) + payload.len();
        if self.wire_bytes + size > self.max_buffer {
            self.refused = self.refused.max(size);
            return Err(Error::Backpressure);
        }
        if kind == MessageKind::Text && simdutf8::basic::from_utf8(payload).is_err() {
            return Err(Error::InvalidUtf8);
        }
        if self.append_inline(kind as u8, payload).is_err() {
            return Err(Error::NoResources);
        }
        self.payload_bytes += payload.len();
        Ok(match self.notice {
            Notice::None => {
                self.notice = Notice::Given;
                Pushed::First
            }
            Notice::Given if self.wire_bytes >= MUCH => {
                self.notice = Notice::Known;
                Pushed::Much
            }
            Notice::Given => Pushed::Behind,
            Notice::Known => Pushed::Known,
        })
    }

    /// Puts a Close frame at the end and seals the gate; the engine has to be told. Does nothing if it is sealed.
    pub fn close(&mut self, payload: &[u8]) {
        if !self.is_sealed() {
            if self.append(OpCode::Control(Control::Close), payload).is_err() {
                // Without memory for a few bytes, the connection cannot be closed in order.
                handle_alloc_error(Layout::new::<[u8; 128]>());
            }
            self.gate = Gate::Sealed;
            self.close_code = Some(payload.first_chunk().copied().map(u16::from_be_bytes));
        }
    }

    /// Payload bytes that are accepted and not written.
    pub fn payload_bytes(&self) -> usize {
        self.payload_bytes
    }

    /// Queues a frame. After an error nothing has changed.
    fn append(&mut self, opcode: OpCode, payload: &[u8]) -> Result<(), NoMemory> {
        self.append_inline(opcode.into(), payload)
    }

    /// The same, for the host's messages.
    #[inline(always)]
    fn append_inline(&mut self, opcode: u8, payload: &[u8]) -> Result<(), NoMemory> {
        let key = if self.is_plain { [0; 4] } else { self.keys.draw() };
        let chunk = match self.wire.back_mut() {
            Some(chunk) if chunk.capacity() - chunk.len() >= frame::HEADER_ROOM + payload.len() && self.kept == 0 => {
                chunk
            }
            _ => self.room(frame::HEADER_ROOM + payload.len())?,
        };
        let before = chunk.len();
        frame::append_inline(chunk, opcode, payload, key);
        let wire = chunk.len() - before;
        // Checked here, so that the compiler removes the check in the push.
        if self.pending.len() == self.pending.capacity() {
            self.more_pending(before)?;
        }
        self.wire_bytes += wire;
        self.queues.peak = self.queues.peak.max(self.wire_bytes);
        // No frame is longer than max_message and a header, so it fits.
        self.pending.push_back(wire as u32);
        Ok(())
    }

    /// Makes room for one more entry, or removes the last frame again: its chunk had `before` bytes.
    #[cold]
    fn more_pending(&mut self, before: usize) -> Result<(), NoMemory> {
        let more = self.pending.try_reserve(1);
        if more.is_err()
            && let Some(chunk) = self.wire.back_mut()
        {
            chunk.truncate(before);
            if chunk.is_empty() {
                self.wire.pop_back(); // a chunk must not be empty
            }
        }
        Ok(more?)
    }

    /// The chunk for the next frame, with room for so many bytes. A large one is as large as the pool's buffers: that is written
    /// at most before a control frame gets its turn.
    #[cold]
    fn room(&mut self, bytes: usize) -> Result<&mut Vec<u8>, NoMemory> {
        let goes_on = |chunk: &Vec<u8>| chunk.len() + bytes <= BufferPool::SIZE || chunk.is_empty();
        if self.wire.len() == self.kept || !self.wire.back().is_some_and(goes_on) {
            if self.wire.len() == self.wire.capacity() {
                self.wire.try_reserve(1)?;
            }
            self.wire.push_back(std::mem::take(&mut self.spare));
        }
        let last = self.wire.len() - 1;
        let chunk = &mut self.wire[last];
        // A queue that has to be small is no place for the pool's buffers.
        let is_large =
            (KEEP..=BufferPool::SIZE).contains(&(chunk.len() + bytes)) && self.max_buffer >= BufferPool::SIZE;
        if is_large && let Ok(mut large) = self.pool.take() {
            large.extend_from_slice(chunk);
            let mut small = std::mem::replace(chunk, large);
            if small.capacity() <= KEEP {
                small.clear();
                self.spare = small;
            }
        } else if chunk.capacity() - chunk.len() < bytes && chunk.try_reserve(bytes).is_err() {
            return self.room_elsewhere(bytes);
        }
        Ok(&mut self.wire[last])
    }

    /// There is no memory to enlarge the last chunk. Tries a new chunk of the needed size. A chunk must not be empty.
    #[inline(never)]
    fn room_elsewhere(&mut self, bytes: usize) -> Result<&mut Vec<u8>, NoMemory> {
        if let Some(empty) = self.wire.pop_back_if(|chunk| chunk.is_empty()) {
            self.spare = empty;
            return Err(NoMemory);
        }
        let mut chunk = Vec::new();
        chunk.try_reserve_exact(bytes)?;
        self.wire.try_reserve(1)?;
        self.wire.push_back(chunk);
        self.wire.back_mut().ok_or(NoMemory)
    }

    // The connection's side.

    /// A connection was made. If it `deflates`, frames are queued unmasked from now on; false if they cannot be, because the
    /// gate is sealed: then a Close frame is queued, masked, and nothing will follow it.
    pub fn begin(&mut self, deflates: bool) -> bool {
        self.made += 1;
        if self.gate == Gate::Absent {
            self.gate = Gate::Shut;
        }
        self.is_plain = deflates && !self.is_sealed();
        let kept = std::mem::take(&mut self.kept);
        if !self.is_plain {
            for chunk in self.wire.iter_mut().take(kept) {
                frame::rekey(chunk, || self.keys.draw());
            }
        }
        self.is_plain
    }

    /// The connection has broken: no message is accepted from here on. Messages that are not wholly written, and their payload
    /// bytes. [`Outbox::rest`] or [`Outbox::shut_down`] is to follow.
    pub fn break_off(&mut self) -> (u32, u64) {
        if !self.is_sealed() {
            self.gate = Gate::Absent;
        }
        self.unsent()
    }

    /// The connection has broken, and another is to be made: shuts the gate until it is. False if the host has ended it. What is
    /// queued is dropped, or with `keep` kept for the next: that is the chunk which was taken last, and how much of it
    /// is written.
    pub fn rest(&mut self, keep: Option<(&[u8], usize)>) -> bool {
        if self.ended {
            return false;
        }
        let mut dropped = if keep.is_some() { (0, 0) } else { self.unsent() };
        let queued = std::mem::take(&mut self.wire);
        let partly_written = std::mem::take(&mut self.partly_written);
        self.pending.clear();
        (self.wire_bytes, self.payload_bytes, self.refused) = (0, 0, 0);
        (self.gate, self.close_code, self.notice, self.kept) = (Gate::Absent, None, Notice::None, 0);
        if let Some((taken, written)) = keep {
            self.is_plain = true;
            let unwritten = taken.get(written.saturating_sub(partly_written)..).unwrap_or_default();
            let mut first = Vec::new();
            if first.try_reserve_exact(unwritten.len()).is_ok() {
                first.extend_from_slice(unwritten);
            } else {
                let mut lost = unwritten;
                while let Some(frame) = frame::split_queued(&mut lost).filter(|frame| frame.is_message) {
                    dropped = (dropped.0 + 1, dropped.1 + frame.payload.len() as u64);
                }
            }
            for mut chunk in std::iter::once(first).chain(queued) {
                frame::rekey(&mut chunk, || [0; 4]);
                let mut rest = chunk.as_slice();
                while let Some(frame) = frame::split_queued(&mut rest) {
                    if !frame.is_message {
                        continue;
                    }
                    match self.append(frame.opcode, frame.payload) {
                        Ok(()) => self.payload_bytes += frame.payload.len(),
                        // There is no memory to keep this message.
                        Err(_) => dropped = (dropped.0 + 1, dropped.1 + frame.payload.len() as u64),
                    }
                }
            }
        }
        self.dropped.push_back(dropped);
        self.is_plain = false;
        self.kept = self.wire.len();
        true
    }

    /// The number of messages that were dropped when the connection was last lost.
    pub fn dropped_last(&self) -> u32 {
        self.dropped.back().map_or(0, |dropped| dropped.0)
    }

    /// A masking key for a frame that does not pass through here.
    pub fn next_key(&mut self) -> [u8; 4] {
        self.keys.draw()
    }

    /// What nobody can predict either, for a handshake. Of the same supply: one look at the generator serves both.
    pub fn nonce(&mut self) -> [u8; 16] {
        let mut nonce = [0; 16];
        for part in nonce.as_chunks_mut().0 {
            *part = self.keys.draw();
        }
        nonce
    }

    /// The code of the Close frame that was queued: `None` if none was, `Some(None)` if it has no code.
    pub fn close_code(&self) -> Option<Option<u16>> {
        self.close_code
    }

    /// Is there anything to take?
    pub fn has_frames(&self) -> bool {
        !self.wire.is_empty()
    }

    /// Swaps the next chunk into `out`, whose memory is used again. False if nothing is queued; from then on the next push has
    /// to be told again.
    pub fn take(&mut self, out: &mut Vec<u8>) -> bool {
        self.recycle(out);
        let Some(chunk) = self.wire.pop_front() else {
            self.notice = Notice::None;
            return false;
        };
        self.notice = Notice::Known;
        self.kept = self.kept.saturating_sub(1);
        let emptied = std::mem::replace(out, chunk);
        if emptied.capacity() > 0 {
            self.spare = emptied;
        }
        true
    }

    /// Empties a buffer, and takes its memory if it is large.
    pub fn recycle(&self, out: &mut Vec<u8>) {
        if out.capacity() <= KEEP {
            out.clear();
        } else {
            self.pool.give(out);
        }
    }

    /// `bytes` more of what was taken are written. True when the host is to be told that there is room again.
    #[must_use]
    pub fn settle(&mut self, bytes: usize) -> bool {
        self.wire_bytes -= bytes;
        self.partly_written += bytes;
        while let Some(size) = self.pending.pop_front_if(|size| *size as usize <= self.partly_written) {
            self.partly_written -= size as usize;
            let is_close = self.pending.is_empty() && self.close_code.is_some();
            if !is_close {
                let payload = frame::payload_size(size as usize);
                self.payload_bytes -= payload;
                self.queues.messages_sent += 1;
                self.queues.bytes_sent += payload as u64;
            }
        }
        if self.pending.is_empty() && self.pending.capacity() > KEEP / size_of::<u32>() {
            self.pending = VecDeque::new();
        }
        let has_room = self.wire_bytes <= self.max_buffer / 2 && self.wire_bytes + self.refused <= self.max_buffer;
        self.refused > 0 && has_room && std::mem::take(&mut self.refused) > 0
    }

    /// What has passed, and what waits.
    pub fn queues(&self) -> Queues {
        Queues { waiting: self.wire_bytes, ..self.queues }
    }

    /// Seals the gate without a Close frame and drops what is queued; it stays counted as unsent.
    pub fn shut_down(&mut self) {
        self.gate = Gate::Sealed;
        self.over = true;
        self.wire = VecDeque::new();
    }

    /// Messages accepted and not wholly written, and their payload bytes.
    pub fn unsent(&self) -> (u32, u64) {
        let close = usize::from(self.close_code.is_some());
        let messages = self.pending.len().saturating_sub(close);
        (u32::try_from(messages).unwrap_or(u32::MAX), self.payload_bytes as u64)
    }
}

/// For tests and simulations: keys that are all zero, so that masked bytes read as they are.
#[cfg(test)]
pub fn no_entropy() -> Entropy {
    Arc::new(|bytes| bytes.fill(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limited_memory;

    fn open_outbox(max_message: usize, max_buffer: usize) -> Outbox {
        let mut outbox = Outbox::new(max_message, max_buffer, no_entropy());
        outbox.begin(false);
        outbox.open();
        outbox
    }

    #[test]
    fn messages_without_memory_are_refused_whole() {
        let mut outbox = open_outbox(131_072, 1 << 20);
        assert_eq!(outbox.push(MessageKind::Binary, b"one"), Ok(Pushed::First));
        let before = (outbox.payload_bytes(), outbox.queues(), outbox.unsent());
        let large = vec![7; 100_000];
        let refused = limited_memory::with_largest(50_000, || outbox.push(MessageKind::Binary, &large));
        assert_eq!(refused, Err(Error::NoResources));
        assert_eq!((outbox.payload_bytes(), outbox.queues(), outbox.unsent()), before);
        // There is memory for a smaller message and for the Close frame, though not for a buffer of the pool.
        limited_memory::with_largest(50_000, || {
            assert!(outbox.push(MessageKind::Binary, &large[..40_000]).is_ok());
            assert!(outbox.end(&1000u16.to_be_bytes()));
        });
        let (mut out, mut wire) = (Vec::new(), Vec::new());
        while outbox.take(&mut out) {
            assert!(!out.is_empty());
            wire.extend_from_slice(&out);
        }
        let mut rest = wire.as_slice();
        let sizes: Vec<usize> =
            std::iter::from_fn(|| frame::split_queued(&mut rest)).map(|frame| frame.payload.len()).collect();
        assert_eq!(sizes, [3, 40_000, 2]);
    }

    #[test]
    fn messages_without_memory_for_their_entry_are_removed() {
        let mut outbox = open_outbox(131_072, 1 << 20);
        let mut accepted = 0;
        let refused = limited_memory::with_largest(2 * KEEP, || {
            std::iter::repeat_with(|| outbox.push(MessageKind::Binary, b"x")).find_map(|pushed| {
                accepted += usize::from(pushed.is_ok());
                pushed.err()
            })
        });
        assert_eq!(refused, Some(Error::NoResources));
        assert_eq!(
            (outbox.unsent().0 as usize, outbox.payload_bytes(), outbox.queues().waiting),
            (accepted, accepted, 7 * accepted)
        );
        let (mut out, mut taken) = (Vec::new(), 0);
        while outbox.take(&mut out) {
            assert!(!out.is_empty());
            taken += out.len();
        }
        assert_eq!(taken, 7 * accepted);
    }

    #[test]
    fn messages_without_memory_to_keep_count_as_dropped() {
        let mut outbox = open_outbox(131_072, 1 << 20);
        for message in [&[7; 10][..], &[7; 90_000], &[7; 20]] {
            outbox.push(MessageKind::Binary, message).unwrap();
        }
        assert!(limited_memory::with_largest(80_000, || outbox.rest(Some((&[], 0)))));
        assert_eq!((outbox.dropped_last(), outbox.untold()), (1, (1, 90_000)));
        assert_eq!((outbox.unsent(), outbox.payload_bytes()), ((2, 30), 30));
    }

    #[test]
    fn refuses_whole_and_names_why() {
        let mut outbox = Outbox::new(10, 40, no_entropy());
        assert_eq!(outbox.push(MessageKind::Text, b"early"), Err(Error::NotOpen));
        outbox.begin(false);
        outbox.open();
        assert_eq!(outbox.push(MessageKind::Text, b"hello world"), Err(Error::MessageTooBig));
        assert_eq!(outbox.push(MessageKind::Text, b"\xff"), Err(Error::InvalidUtf8));
        assert_eq!(outbox.push(MessageKind::Binary, b"\xff"), Ok(Pushed::First));
        assert_eq!(outbox.push(MessageKind::Text, b"0123456789"), Ok(Pushed::Behind));
        assert_eq!(outbox.push(MessageKind::Text, b"0123456789"), Ok(Pushed::Behind)); // 7 + 16 + 16 of 40
        assert_eq!(outbox.push(MessageKind::Text, b""), Err(Error::Backpressure));
        assert_eq!(outbox.unsent(), (3, 21));
        outbox.close(b"");
        assert_eq!(outbox.push(MessageKind::Text, b"late"), Err(Error::NotOpen));
    }

    #[test]
    fn a_message_counts_until_its_last_byte_is_written() {
        let mut outbox = open_outbox(100, 1000);
        outbox.push(MessageKind::Text, b"abc").unwrap(); // 9 bytes on the wire
        outbox.push(MessageKind::Text, b"").unwrap(); // 6
        outbox.push(MessageKind::Text, b"de").unwrap(); // 8
        let mut out = Vec::new();
        assert!(outbox.take(&mut out));
        assert_eq!(out.len(), 23);
        let step = |_: &u8| {
            let _ = outbox.settle(1);
            outbox.unsent()
        };
        let unsent: Vec<_> = out.iter().map(step).collect();
        assert_eq!(unsent[7], (3, 5));
        assert_eq!(unsent[8], (2, 2));
        assert_eq!(unsent[14], (1, 2));
        assert_eq!(unsent[22], (0, 0));
        assert!(!outbox.take(&mut out));
    }

    #[test]
    fn a_backlog_is_handed_out_in_chunks_and_in_order() {
        let mut outbox = open_outbox(BufferPool::SIZE, usize::MAX);
        for number in 0..100u8 {
            outbox.push(MessageKind::Binary, &[number; 10_000]).unwrap();
        }
        let (mut out, mut numbers) = (Vec::new(), Vec::new());
        while outbox.take(&mut out) {
            assert!(out.len() <= BufferPool::SIZE, "control frames wait for no more than this");
            numbers.extend(out.chunks(10_008).map(|frame| frame[8]));
            let _ = outbox.settle(out.len());
            out.clear();
        }
        assert_eq!(numbers, Vec::from_iter(0..100));
        assert_eq!(outbox.unsent(), (0, 0));
    }

    #[test]
    fn what_is_kept_of_a_burst_is_small() {
        for size in [1, 100, 1000, 15_000, 20_000] {
            let mut outbox = open_outbox(BufferPool::SIZE, usize::MAX);
            for _ in 0..300_000 / size {
                outbox.push(MessageKind::Binary, &vec![0; size]).unwrap();
            }
            let mut out = Vec::new();
            while outbox.take(&mut out) {
                let _ = outbox.settle(out.len());
            }
            assert!(outbox.spare.capacity() <= KEEP && out.capacity() <= KEEP, "{size}");
        }
    }

    #[test]
    fn the_engine_is_told_once_until_it_has_looked() {
        let mut outbox = open_outbox(100, 1000);
        assert_eq!(outbox.push(MessageKind::Text, b"a"), Ok(Pushed::First));
        assert_eq!(outbox.push(MessageKind::Text, b"b"), Ok(Pushed::Behind));
        let mut out = Vec::new();
        assert!(outbox.take(&mut out));
        assert_eq!(outbox.push(MessageKind::Text, b"c"), Ok(Pushed::Known)); // it will look again before it rests
        out.clear();
        assert!(outbox.take(&mut out));
        out.clear();
        assert!(!outbox.take(&mut out));
        assert_eq!(outbox.push(MessageKind::Text, b"d"), Ok(Pushed::First));
    }

    #[test]
    fn the_engine_is_told_at_once_when_much_waits() {
        let mut outbox = open_outbox(BufferPool::SIZE, usize::MAX);
        let half = [0; MUCH / 2];
        let told: Vec<_> = (0..4).map(|_| outbox.push(MessageKind::Binary, &half).unwrap()).collect();
        assert_eq!(told, [Pushed::First, Pushed::Much, Pushed::Known, Pushed::Known]);
    }

    #[test]
    fn a_close_frame_that_is_queued_before_deflating_is_agreed_on_stays_masked() {
        let mut early = Outbox::new(100, 1000, Arc::new(|bytes| bytes.fill(7)));
        early.end(b"\x03\xe8");
        assert!(early.is_closed_early() && !early.begin(true), "so nothing may take its frames for plain ones");
        let mut out = Vec::new();
        assert!(early.take(&mut out) && out == [0x88, 0x82, 7, 7, 7, 7, 3 ^ 7, 0xe8 ^ 7]);
        let mut open = Outbox::new(100, 1000, Arc::new(|bytes| bytes.fill(7)));
        assert!(open.begin(true));
        open.open();
        open.push(MessageKind::Text, b"a").unwrap();
        out.clear();
        assert!(open.take(&mut out) && out == [0x81, 0x81, 0, 0, 0, 0, b'a']);
    }

    #[test]
    fn what_is_dropped_stays_counted() {
        let mut outbox = open_outbox(100, 1000);
        outbox.push(MessageKind::Text, b"abc").unwrap();
        outbox.push(MessageKind::Text, b"de").unwrap();
        let mut out = Vec::new();
        outbox.take(&mut out);
        let _ = outbox.settle(10);
        outbox.push(MessageKind::Text, b"f").unwrap();
        outbox.shut_down();
        out.clear();
        assert!(!outbox.take(&mut out));
        assert_eq!(outbox.unsent(), (2, 3));
    }

    // One connection after the other.

    fn counting(bytes: &mut [u8]) {
        thread_local!(static DRAWN: std::cell::Cell<u8> = const { std::cell::Cell::new(1) });
        bytes.iter_mut().for_each(|byte| *byte = DRAWN.replace(DRAWN.get().wrapping_add(1)));
    }

    /// What is queued: each frame's payload, `"close"` for a Close frame, and its key.
    fn queued(outbox: &mut Outbox) -> Vec<(String, [u8; 4])> {
        let (mut out, mut queued) = (Vec::new(), Vec::new());
        while outbox.take(&mut out) {
            let mut plain = out.clone();
            frame::rekey(&mut plain, || [0; 4]);
            let (mut rest, mut at) = (plain.as_slice(), 0);
            while let Some(frame) = frame::split_queued(&mut rest) {
                let key = *out[at..at + frame.size - frame.payload.len()].last_chunk().unwrap();
                let text = String::from_utf8_lossy(frame.payload).into_owned();
                queued.push((if frame.is_message { text } else { "close".into() }, key));
                at += frame.size;
            }
            let _ = outbox.settle(out.len());
            out.clear();
        }
        queued
    }

    /// Lost before, at and after each byte that is written; with and without a Close frame of the library's own behind it; with
    /// and without deflating before and after; kept or not.
    #[test]
    fn what_is_kept_is_each_message_that_is_not_wholly_written() {
        const SENT: [&str; 3] = ["a", "bcd", ""];
        let ends = [7, 16, 22]; // 6 bytes of header each
        for combination in 0..23 * 16 {
            let written = combination / 16;
            let [goodbye, before, after, keeps] = [1, 2, 4, 8].map(|bit| combination & bit != 0);
            let mut outbox = Outbox::new(100, 1000, Arc::new(counting));
            outbox.begin(before);
            outbox.open();
            for text in SENT {
                outbox.push(MessageKind::Text, text.as_bytes()).unwrap();
            }
            if goodbye {
                outbox.close(b"\x03\xe9");
            }
            let mut taken = Vec::new();
            assert!(outbox.take(&mut taken));
            let whole = ends.iter().filter(|end| **end <= written).count();
            // With deflating only whole frames are settled.
            let settled = if before { [0, 7, 16, 22][whole] } else { written };
            let _ = outbox.settle(settled);
            assert!(outbox.rest(keeps.then_some((&taken, settled))));
            assert_eq!(outbox.push(MessageKind::Text, b"early"), Err(Error::NotOpen));
            let left = if keeps { &SENT[whole..] } else { &[] };
            let bytes: usize = left.iter().map(|text| text.len()).sum();
            assert_eq!((outbox.payload_bytes(), outbox.unsent().0 as usize), (bytes, left.len()));
            assert_eq!(outbox.close_code(), None, "the goodbye was for that one");

            assert_eq!(outbox.begin(after), after);
            assert!(outbox.open());
            outbox.push(MessageKind::Text, b"new").unwrap();
            let frames = queued(&mut outbox);
            let texts: Vec<_> = frames.iter().map(|(text, _)| text.as_str()).collect();
            assert_eq!(texts, [left, &["new"]].concat(), "{combination}");
            for (at, (text, key)) in frames.iter().enumerate() {
                assert_eq!(*key == [0; 4], after, "{text}: deflating wants them plain, the wire masked");
                assert!(after || frames[..at].iter().all(|(_, other)| other != key), "a key of its own");
            }
            assert_eq!((outbox.unsent(), outbox.queues().waiting), ((0, 0), 0));
        }
    }

    #[test]
    fn a_close_of_the_hosts_goes_out_after_what_was_kept_and_masked_as_that_is() {
        for deflates in [false, true] {
            let mut outbox = Outbox::new(100, 1000, Arc::new(counting));
            outbox.begin(deflates);
            outbox.open();
            outbox.push(MessageKind::Text, b"kept").unwrap();
            assert!(outbox.rest(Some((&[], 0))));
            assert!(outbox.end(b"\x03\xe8") && outbox.is_closed_early());
            assert!(!outbox.end(b"\x03\xe8"), "again: nothing");
            assert!(!outbox.begin(deflates), "nothing is deflated behind a Close frame");
            assert!(!outbox.open(), "the host is not told");
            let frames = queued(&mut outbox);
            assert_eq!(frames.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>(), ["kept", "close"]);
            assert!(frames.iter().all(|(_, key)| *key != [0; 4]));
        }
    }

    #[test]
    fn after_the_hosts_end_no_connection_follows() {
        for forsakes in [false, true] {
            for deflates in [false, true] {
                let mut outbox = Outbox::new(100, 1000, Arc::new(counting));
                outbox.begin(deflates);
                outbox.open();
                outbox.push(MessageKind::Text, b"accepted").unwrap();
                if forsakes {
                    outbox.forsake(b"")
                } else {
                    outbox.end(b"")
                };
                assert!(!outbox.rest(Some((&[], 0))) && !outbox.rest(None));
                assert_eq!(outbox.unsent(), (1, 8), "it stays counted");
            }
        }
    }

    #[test]
    fn nobody_sends_over_a_connection_he_was_not_told_of() {
        let mut outbox = Outbox::new(100, 1000, Arc::new(counting));
        let can_send = |outbox: &mut Outbox| outbox.push(MessageKind::Text, b"x").is_ok();
        outbox.begin(false);
        outbox.rest(None);
        outbox.open(); // of the first, which is lost
        assert!(!can_send(&mut outbox) && !outbox.is_open());
        outbox.begin(false);
        outbox.rest(None);
        outbox.begin(false);
        assert!(!can_send(&mut outbox));
        outbox.open(); // of the second
        assert!(!can_send(&mut outbox));
        outbox.open();
        assert!(can_send(&mut outbox));
        assert_eq!((outbox.made(), outbox.generation()), (3, 3));
    }

    #[test]
    fn room_given_back_is_told_once_and_not_for_a_connection_that_is_lost() {
        let mut outbox = open_outbox(100, 200);
        outbox.push(MessageKind::Binary, &[0; 100]).unwrap(); // 106
        assert_eq!(outbox.push(MessageKind::Binary, &[0; 100]), Err(Error::Backpressure));
        assert_eq!(outbox.push(MessageKind::Binary, &[0; 50]), Ok(Pushed::Behind), "a smaller one has room");
        let mut out = Vec::new();
        outbox.take(&mut out);
        let told: Vec<_> = (0..162).filter(|_| outbox.settle(1)).collect();
        assert_eq!(told, [67], "at 94 of 200 both is so: half is free, and there is room for 106");
        outbox.push(MessageKind::Binary, &[0; 100]).unwrap();
        assert_eq!(outbox.push(MessageKind::Binary, &[0; 100]), Err(Error::Backpressure));
        outbox.rest(None);
        outbox.begin(false);
        outbox.open();
        outbox.push(MessageKind::Binary, b"x").unwrap();
        out.clear();
        outbox.take(&mut out);
        assert!(!outbox.settle(out.len()), "the host was told of the loss");
    }
}
