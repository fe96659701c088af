//! Reads the stream and decodes frames, within the budget of a turn. Messages go to the host's queue, and control frames to
//! [`Control`].

use super::control::Control;
use crate::buffer_pool::BufferPool;
use crate::connection::counters::Counters;
use crate::connection::ports::{Context, Direction, Events, NO_ROOM, Ports};
use crate::protocol::NO_MEMORY;
use crate::protocol::decoder::{Decoder, Incoming};
use crate::protocol::deflate::Inflater;
use crate::protocol::frame_trace::FrameTracer;
use crate::protocol::message::Payload;
use crate::transport::Transport;
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

/// The largest number of reads in one turn, if each returns little. Otherwise a turn takes one read buffer, or an equal number of
/// bytes of large messages.
const READS_A_TURN: usize = 8;
const READ_A_TURN: usize = 256 * 1024;
/// How many bytes are read beyond the end of a large message. This is enough to see that nothing follows, or to read the header
/// of the next message, so that its payload goes to its place without a copy.
const ABOUT_A_HEADER: usize = 4096;
/// The largest number of payload bytes that one turn decodes. Without this limit, a few reads could inflate to a hundred times
/// their size.
const DECODED_A_TURN: usize = 1024 * 1024;
/// The cost of a control frame or a fragment, in payload bytes. So one turn decodes at most 4096 of them.
const FRAME_COST: usize = 256;
/// The cost of a byte that is read with permessage-deflate, because blocks without content take time too. So one turn decodes at
/// most 16 KiB.
const INFLATE_COST: usize = 64;

pub(super) struct Reader {
    decoder: Decoder,
    /// Bytes that were read and not decoded, because the host's queue was full or the budget of the turn was used up.
    backlog: Vec<u8>,
    /// How much of the backlog was decoded since then.
    backlog_decoded: usize,
    /// The payload bytes decoded in this turn, and the cost of other work in that unit.
    work: usize,
    /// The cost of each byte read, in addition to its payload.
    byte_cost: usize,
    /// The largest number of bytes that are decoded at once.
    portion: usize,
    /// The last bytes went directly to the place of a large message, and the next message may be large too.
    expects_large: bool,
    /// The counters since they were last taken.
    counters: Counters,
    /// The reason why the stream has ended. `None` if the peer ended it normally.
    error: Option<io::Error>,
    /// Present if the host traces frames.
    tracer: Option<Box<FrameTracer>>,
}

/// The reason why [`Reader::read`] has stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReadStop {
    /// The stream has no more bytes at the moment.
    WouldBlock,
    /// The receive queue of the host is full.
    QueueFull,
    /// The budget of the turn is used up.
    Budget,
    /// The stream has ended, see [`Reader::take_error`].
    Ended,
}

impl Reader {
    /// `inflater` is present with permessage-deflate. `pool`: for large buffers. `traces`: the host traces frames.
    pub(super) fn new(max_message: usize, inflater: Option<Inflater>, pool: Arc<BufferPool>, traces: bool) -> Reader {
        let byte_cost = if inflater.is_some() { INFLATE_COST } else { 0 };
        Reader {
            decoder: Decoder::with_pool(max_message, inflater, pool),
            backlog: Vec::new(),
            backlog_decoded: 0,
            work: 0,
            byte_cost,
            portion: DECODED_A_TURN.checked_div(byte_cost).unwrap_or(usize::MAX),
            expects_large: false,
            counters: Counters::default(),
            error: None,
            tracer: traces.then(|| Box::new(FrameTracer::of_received())),
        }
    }

    #[inline]
    pub(super) fn take_counters(&mut self) -> Counters {
        std::mem::take(&mut self.counters)
    }

    pub(super) fn take_error(&mut self) -> Option<io::Error> {
        self.error.take()
    }

    pub(super) fn has_backlog(&self) -> bool {
        !self.backlog.is_empty()
    }

    /// Takes the bytes of the read buffer that came with the response to the upgrade.
    pub(super) fn begin<P: Ports>(&mut self, bytes: Range<usize>, control: &mut Control, context: &mut Context<'_, P>) {
        self.counters.wire_in += bytes.len() as u64;
        self.take_input(bytes, control, context);
    }

    /// Reads and decodes as much as the stream, the host's queue and the budget allow.
    pub(super) fn read<S: Transport, P: Ports>(
        &mut self,
        stream: &mut S,
        control: &mut Control,
        context: &mut Context<'_, P>,
    ) -> ReadStop {
        self.work = 0;
        let whole = context.buffer.len();
        let mut taken = 0;
        for _ in 0..READS_A_TURN {
            if control.closing.accepts_input() && context.events.is_full() {
                return ReadStop::QueueFull;
            }
            if self.work >= DECODED_A_TURN {
                return ReadStop::Budget;
            }
            if !self.backlog.is_empty() {
                self.take_backlog(control, context);
                continue;
            }
            // Bytes that arrived with the response to the upgrade may have filled the buffer.
            if context.buffer.is_empty() {
                return ReadStop::Budget;
            }
            let (count, asked) = match self.read_once(stream, control, context) {
                Ok((0, _)) => return ReadStop::Ended,
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return self.would_block(),
                // TLS has used up its budget of this turn.
                Err(error) if error.kind() == ErrorKind::Interrupted => return ReadStop::Budget,
                Err(error) => {
                    self.error = Some(error);
                    return ReadStop::Ended;
                }
            };
            if count < asked && stream.short_read_is_last() && self.backlog.is_empty() {
                return self.would_block();
            }
            // The messages are dispatched while they are in the processor's cache, before more bytes are read.
            taken += count;
            if taken >= READ_A_TURN || context.buffer.len() < whole / 4 {
                break;
            }
        }
        ReadStop::Budget
    }

    pub(super) fn would_block(&mut self) -> ReadStop {
        self.decoder.rest();
        ReadStop::WouldBlock
    }

    /// Reads once, and decodes the bytes. Returns how many bytes were read, and how many were requested.
    fn read_once<S: Transport, P: Ports>(
        &mut self,
        stream: &mut S,
        control: &mut Control,
        context: &mut Context<'_, P>,
    ) -> io::Result<(usize, usize)> {
        let beyond = ABOUT_A_HEADER.min(context.buffer.len());
        if control.closing.accepts_input()
            && let Some((message, most)) = self.decoder.direct()
            && let Some(read) = stream.read_onto(message, most, &mut context.buffer[..beyond])
        {
            let (payload, more) = read?;
            self.expects_large = true;
            self.received(payload + more, control, context.now);
            self.take_payload(payload, control, context);
            if control.closing.accepts_input() && context.events.is_full() {
                self.keep_for_later(&context.buffer[..more], control, context.now);
            } else {
                self.take_input(0..more, control, context);
            }
            return Ok((payload + more, most + beyond));
        }
        // The payload of a large message goes to its place without a copy only if its header was read before.
        let most = if self.expects_large { ABOUT_A_HEADER } else { usize::MAX };
        let asked = context.buffer.len().min(self.portion).min(most);
        let count = stream.read(&mut context.buffer[..asked])?;
        self.expects_large = false;
        self.received(count, control, context.now);
        self.take_input(0..count, control, context);
        Ok((count, asked))
    }

    #[inline]
    fn received(&mut self, count: usize, control: &mut Control, now: Instant) {
        if count > 0 {
            self.counters.wire_in += count as u64;
            control.heartbeat.received(now);
        }
    }

    /// Decodes bytes of the read buffer. Messages may remain there, so the next read writes after them.
    fn take_input<P: Ports>(&mut self, range: Range<usize>, control: &mut Control, context: &mut Context<'_, P>) {
        let (input, rest) = std::mem::take(&mut context.buffer).split_at_mut(range.end);
        context.buffer = rest;
        let input = &input[range.start..];
        let taken = self.decode(input, control, context);
        if taken < input.len() {
            self.keep_for_later(&input[taken..], control, context.now);
        }
    }

    /// Keeps bytes that cannot be decoded now.
    #[cold]
    #[inline(never)]
    fn keep_for_later(&mut self, input: &[u8], control: &mut Control, now: Instant) {
        if !control.closing.accepts_input() {
            return;
        }
        match self.backlog.try_reserve(input.len()) {
            Ok(()) => self.backlog.extend_from_slice(input),
            Err(_) => control.fail(NO_MEMORY, now),
        }
    }

    /// Takes bytes of a large message. They were read directly to their place.
    fn take_payload<P: Ports>(&mut self, count: usize, control: &mut Control, context: &mut Context<'_, P>) {
        if count == 0 {
            return;
        }
        if let Some(tracer) = &mut self.tracer {
            tracer.skip_payload(count);
        }
        match self.decoder.filled(count) {
            Ok(None) => {}
            Ok(Some((kind, message))) => {
                self.counters.message(message.len());
                self.work += context.events.message(kind, Payload::Assembled(message));
                if self.work >= NO_ROOM {
                    self.check_memory(control, context.now);
                }
            }
            Err(violation) => control.fail(violation, context.now),
        }
    }

    /// Decodes bytes of the backlog.
    fn take_backlog<P: Ports>(&mut self, control: &mut Control, context: &mut Context<'_, P>) {
        let backlog = std::mem::take(&mut self.backlog);
        let from = std::mem::take(&mut self.backlog_decoded);
        let taken = from + self.decode(&backlog[from..], control, context);
        if taken < backlog.len() {
            (self.backlog, self.backlog_decoded) = (backlog, taken);
        }
    }

    /// Decodes until the input ends, the host's queue is full or the budget is used up. Returns how many bytes were decoded.
    /// Bytes after a Close frame or a violation are ignored and count as decoded.
    fn decode<P: Ports>(&mut self, bytes: &[u8], control: &mut Control, context: &mut Context<'_, P>) -> usize {
        if self.tracer.is_some() {
            return self.decode_traced(bytes, control, context);
        }
        let taken = self.decode_portion(&bytes[..bytes.len().min(self.portion)], control, context);
        self.work += taken * self.byte_cost;
        if control.closing.accepts_input() { taken } else { bytes.len() }
    }

    /// Like [`Reader::decode`], but frame by frame, for a host that traces frames. Each frame is reported before it is decoded,
    /// so a frame that violates the protocol is reported too.
    #[cold]
    #[inline(never)]
    fn decode_traced<P: Ports>(&mut self, bytes: &[u8], control: &mut Control, context: &mut Context<'_, P>) -> usize {
        let portion = &bytes[..bytes.len().min(self.portion)];
        let mut taken = 0;
        while taken < portion.len() && control.closing.accepts_input() {
            let Some(tracer) = &mut self.tracer else { break };
            let (count, frame) = tracer.step(&portion[taken..]);
            if let Some(frame) = frame {
                context.events.frame(Direction::Received, frame);
            }
            self.decode_portion(&portion[taken..taken + count], control, context);
            taken += count;
            if self.work >= DECODED_A_TURN || context.events.is_full() {
                break;
            }
        }
        self.work += taken * self.byte_cost;
        if control.closing.accepts_input() { taken } else { bytes.len() }
    }

    fn decode_portion<P: Ports>(&mut self, bytes: &[u8], control: &mut Control, context: &mut Context<'_, P>) -> usize {
        let Context { now, send_queue, .. } = *context;
        let events = &mut *context.events;
        let mut input = bytes;
        if !control.closing.accepts_input() {
            return bytes.len();
        }
        loop {
            match self.decoder.next(&mut input) {
                Ok(None) => return bytes.len(),
                Ok(Some(Incoming::Message(kind, body))) => {
                    self.counters.message(body.len());
                    self.work += events.message(kind, body);
                    // One read can contain thousands of messages, and a compressed message can become a thousand times as large.
                    if events.is_full() || self.work >= DECODED_A_TURN {
                        self.check_memory(control, now);
                        return bytes.len() - input.len();
                    }
                    continue;
                }
                Ok(Some(Incoming::Ping(payload))) => control.answer_ping(payload, context.keys),
                Ok(Some(Incoming::Pong(payload))) => {
                    // A pong for the host is queued like a message.
                    self.work += control.pong(payload, now, events);
                    if events.is_full() || self.work >= NO_ROOM {
                        self.check_memory(control, now);
                        return bytes.len() - input.len();
                    }
                }
                Ok(Some(Incoming::Fragment)) => {}
                Ok(Some(Incoming::Close(code, reason))) => {
                    control.answer_close(code, reason, now, send_queue);
                    return bytes.len();
                }
                Err(violation) => {
                    control.fail(violation, now);
                    return bytes.len();
                }
            }
            // This is a frame that completes no message.
            self.work += FRAME_COST;
            if self.work >= DECODED_A_TURN {
                return bytes.len() - input.len();
            }
        }
    }

    /// Fails the connection if there was no memory for its last message.
    #[cold]
    #[inline(never)]
    fn check_memory(&mut self, control: &mut Control, now: Instant) {
        if self.work >= NO_ROOM {
            self.work = 0;
            control.fail(NO_MEMORY, now);
        }
    }
}
