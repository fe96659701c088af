//! An open connection, until its end: messages both ways, pings, the closing handshake (RFC 6455 section 7).
//!
//! ```text
//!   Open ──host closes──► Closing(Local) ──peer's Close──┐
//!    │                                                   ├─► both sent ──end of stream, or linger──► ended, clean
//!    ├────peer's Close──► Closing(Peer) ──ours written───┘
//!    │                        │
//!    │                        └─ deadline ─► ended, TIMEOUT          at any time: end of stream, error
//!    └────violation─────► Failing ── host caught up, our Close written, stream ended, or deadline ─► ended, PROTOCOL …
//! ```
//!
//! While it is open, the heartbeat asks a silent peer for a sign of life; without one it ends, TIMEOUT.
//!
//! Order on the wire: what is in flight, then control frames, then the outbox, whose last frame is our Close.

use super::compression::Compression;
use super::counters::Counters;
use super::heartbeat::{Beat, Flow, Heartbeat};
use super::outbox::Outbox;
use super::report::{Ending, Initiator, Phase, Report};
use super::{Context, Events, HeartbeatOptions, Limits, NO_ROOM};
use crate::buffer_pool::BufferPool;
use crate::error::Error;
use crate::protocol::decoder::{Decoder, Incoming};
use crate::protocol::deflate::Inflater;
use crate::protocol::message::Payload;
use crate::protocol::{NO_MEMORY, Violation, close, frame};
use crate::transport::Transport;
use parking_lot::Mutex;
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tungstenite::protocol::frame::coding::{Control, OpCode};

/// Reads before others get their turn, if they bring little; else it is one read buffer, or so much of large messages.
const READS_A_TURN: usize = 8;
const READ_A_TURN: usize = 256 * 1024;
/// What is read beyond the end of a large message: enough to see that nothing follows, or for the header of the next one, whose
/// payload then goes to its place without a copy.
const ABOUT_A_HEADER: usize = 4096;
/// Writes before others get their turn.
const WRITES_A_TURN: usize = 16;
/// Payload bytes decoded before others get their turn: inflated, a few reads may come to a hundred times that.
const DECODED_A_TURN: usize = 1024 * 1024;
/// A control frame or a fragment counts as so many of these bytes. So one turn takes at most 4096 of them.
const FRAME_COST: usize = 256;
/// With permessage-deflate each byte that is read counts as so many of these bytes, because blocks without content take time too. So
/// one turn reads at most 16 KiB.
const INFLATE_COST: usize = 64;
/// Waiting pongs, in bytes, beyond which only the last ping is answered (RFC 6455 section 5.5.3).
const MAX_PONGS: usize = 4096;
/// How long the server is given to end the stream, as it should (section 7.1.1), once nothing else is to be waited for.
const LINGER: Duration = Duration::from_secs(1);
/// An interval and a time-out, where the heartbeat has none.
const ORDINARY: (Duration, Duration) = (Duration::from_secs(20), Duration::from_secs(10));

/// An open connection.
pub(super) struct Session<S> {
    stream: S,
    limits: Limits,
    decoder: Decoder,
    /// What was read and not decoded, because the host's queue became full or others were to get their turn; and how much
    /// of it was decoded since.
    backlog: Vec<u8>,
    backlog_taken: usize,
    /// Payload bytes decoded in this turn, and the cost of other work in the same unit.
    decoded: usize,
    /// The cost of each byte that is read, in addition to its payload, and the most bytes that are decoded at once.
    cost: usize,
    portion: usize,
    life: Life,
    phase: Phase,
    /// What is being written, and how much of it is. Either control frames or frames of the outbox, never both.
    out: Vec<u8>,
    written: usize,
    /// How much of that the outbox was told of.
    settled: usize,
    out_is_control: bool,
    /// Control frames that wait their turn, whole.
    control: Vec<u8>,
    /// The peer's Close frame.
    peer_close: Option<(Option<u16>, String)>,
    /// The code of our Close frame (1005: none), once it is written; 0 before.
    sent_code: u16,
    /// With permessage-deflate.
    compression: Option<Box<Compression>>,
    /// All is written, and the outbox was empty: what is queued from here on is told with a call of [`Session::flush`] or
    /// [`Session::close`], unless it is queued here.
    rested: bool,
    /// Writing failed: no more of it, but what the peer sent before is still read.
    write_error: Option<io::Error>,
    deadline: Option<Instant>,
    heartbeat: Heartbeat,
    /// The host's queue is full: nothing is read, so nothing can be heard.
    paused: bool,
    /// All that has come is read.
    caught_up: bool,
    /// Since it was last told.
    counters: Counters,
    /// Bytes written in all.
    position: u64,
    /// The library closes it, because the loop is suspended.
    going_away: bool,
}

#[derive(Debug)]
enum Life {
    Open,
    Closing(Initiator),
    /// The peer broke a rule: nothing more that comes in counts. `tell` is the code of our Close frame as long as it waits
    /// for the host, which may still answer what came before.
    Failing {
        ending: Ending,
        tell: Option<u16>,
    },
}

/// What a call came to.
pub(super) enum Progress {
    Wait,
    Again,
    Ended(Ending),
}

/// How reading stopped.
enum Read {
    Emptied,
    /// The host's queue is full.
    Paused,
    Budget,
    Ended(Option<io::Error>),
}

impl<S: Transport> Session<S> {
    /// `inflater` and `compression`: with permessage-deflate. `pool`: where large buffers come from.
    pub(super) fn new(
        mut stream: S,
        limits: Limits,
        heartbeat: HeartbeatOptions,
        now: Instant,
        inflater: Option<Inflater>,
        compression: Option<Compression>,
        pool: Arc<BufferPool>,
    ) -> Session<S> {
        // Much longer than the heartbeat takes, for the system does not tell a peer that is gone from one that does not read.
        let heartbeats = heartbeat.interval.unwrap_or(ORDINARY.0) + heartbeat.timeout.unwrap_or(ORDINARY.1);
        stream.enable_keepalive(heartbeats * 4);
        let cost = if inflater.is_some() { INFLATE_COST } else { 0 };
        Session {
            stream,
            limits,
            decoder: Decoder::new(limits.max_message, inflater).with_pool(pool),
            backlog: Vec::new(),
            backlog_taken: 0,
            decoded: 0,
            cost,
            portion: DECODED_A_TURN.checked_div(cost).unwrap_or(usize::MAX),
            life: Life::Open,
            phase: Phase::Open,
            out: Vec::new(),
            written: 0,
            settled: 0,
            out_is_control: false,
            control: Vec::new(),
            peer_close: None,
            sent_code: 0,
            compression: compression.map(Box::new),
            rested: false,
            write_error: None,
            deadline: None,
            heartbeat: Heartbeat::new(heartbeat, now),
            paused: false,
            caught_up: false,
            counters: Counters::default(),
            position: 0,
            going_away: false,
        }
    }

    #[inline]
    pub(super) fn deadline(&self) -> Option<Instant> {
        if matches!(self.life, Life::Open) { self.heartbeat.deadline() } else { self.deadline }
    }

    pub(super) fn phase(&self) -> Phase {
        self.phase
    }

    /// Takes the bytes that came with the answer to the upgrade, and goes on from there. `emptied`: no others were there.
    pub(super) fn begin<N, E: Events>(
        &mut self,
        early: Range<usize>,
        emptied: bool,
        context: &mut Context<'_, N, E>,
    ) -> Progress {
        self.counters.wire_in += early.len() as u64;
        self.take_input(early, context);
        self.go_on(emptied && self.backlog.is_empty(), context)
    }

    pub(super) fn stream(&mut self) -> &mut S {
        &mut self.stream
    }

    /// Reads and writes all that can be, within the budget.
    pub(super) fn turn<N, E: Events>(&mut self, context: &mut Context<'_, N, E>) -> Progress {
        self.go_on(false, context)
    }

    /// The same. `emptied`: it is known that nothing is there to be read.
    fn go_on<N, E: Events>(&mut self, emptied: bool, context: &mut Context<'_, N, E>) -> Progress {
        let read = if emptied { self.emptied() } else { self.read(context) };
        self.paused = matches!(read, Read::Paused);
        self.caught_up = matches!(read, Read::Emptied);
        if self.caught_up {
            self.heartbeat.caught_up();
        }
        self.tell_violation(context);
        // What the system would still take after the end is lost: it is better counted as unsent, or kept.
        let is_lost = matches!(read, Read::Ended(_)) && self.listens();
        let has_more = !self.rested || !self.control.is_empty();
        let more = has_more && !is_lost && self.write(context);
        self.tell_passed(context.events);
        match read {
            Read::Ended(error) => match self.stream_ended(error) {
                // The budget ended the writing, and no readiness follows.
                Progress::Wait if more => Progress::Again,
                progress => progress,
            },
            Read::Emptied if self.write_error.is_some() => self.stream_ended(None),
            Read::Emptied | Read::Paused if !more => Progress::Wait,
            _ => Progress::Again,
        }
    }

    /// Writes all that can be.
    #[inline]
    pub(super) fn flush<N, E: Events>(&mut self, context: &mut Context<'_, N, E>) -> Progress {
        let more = self.write(context);
        self.tell_passed(context.events);
        match self.write_error {
            // The peer may still have said why: read to the end.
            Some(_) => self.turn(context),
            None if more => Progress::Again,
            None => Progress::Wait,
        }
    }

    /// The host's Close frame is in the outbox.
    pub(super) fn close<N, E: Events>(&mut self, context: &mut Context<'_, N, E>) -> Progress {
        if matches!(self.life, Life::Open) {
            self.life = Life::Closing(Initiator::Local);
            self.phase = Phase::Closing;
            self.deadline = Some(context.now + self.limits.close);
        }
        self.flush(context)
    }

    /// The same, though the host does not know that the connection is open. It is abandoned after this.
    pub(super) fn close_early<N, E: Events>(&mut self, context: &mut Context<'_, N, E>) {
        self.phase = Phase::Handshake;
        self.write(context);
    }

    /// The loop is suspended: says goodbye with 1001, unless it closes already.
    pub(super) fn go_away<N, E: Events>(&mut self, context: &mut Context<'_, N, E>) -> Progress {
        if matches!(self.life, Life::Open) {
            self.going_away = true;
            context.outbox.lock().close(&close::GOING_AWAY.to_be_bytes());
        }
        self.close(context)
    }

    /// Is that what it does?
    pub(super) fn is_going_away(&self) -> bool {
        self.going_away
    }

    // The heartbeat.

    /// The host wants to know the round trip.
    pub(super) fn ping<N, E: Events>(&mut self, context: &mut Context<'_, N, E>) -> Progress {
        let flow = self.flow();
        let beat = self.heartbeat.ping(context.now, || flow);
        self.beat(beat, context)
    }

    /// Asks for a sign of life. `likely_gone`: at the short deadline.
    pub(super) fn probe<N, E: Events>(&mut self, likely_gone: bool, context: &mut Context<'_, N, E>) -> Progress {
        // What has come already is no answer.
        let progress = self.turn(context);
        if matches!(progress, Progress::Ended(_)) {
            return progress;
        }
        let flow = self.flow();
        let beat = self.heartbeat.probe(context.now, likely_gone, !self.caught_up, flow);
        match (self.beat(beat, context), progress) {
            (Progress::Wait, before) => before,
            (after, _) => after,
        }
    }

    /// This process did not run for a while.
    pub(super) fn slept<N, E: Events>(&mut self, context: &mut Context<'_, N, E>) -> Progress {
        let flow = self.flow();
        let beat = self.heartbeat.slept(context.now, || flow);
        self.beat(beat, context)
    }

    /// How far the stream of our bytes is.
    fn flow(&mut self) -> Flow {
        let waiting = self.out.len() - self.written + self.control.len();
        let next = self.position + waiting as u64;
        let unacked_bytes = self.stream.unacked_bytes();
        Flow { next, delivered: unacked_bytes.map_or(next, |bytes| self.position.saturating_sub(bytes as u64)) }
    }

    fn beat<N, E: Events>(&mut self, beat: Beat, context: &mut Context<'_, N, E>) -> Progress {
        match beat {
            _ if !matches!(self.life, Life::Open) => Progress::Wait,
            Beat::Nothing => Progress::Wait,
            // Nothing follows our Close; the command that tells of the host's may be on its way.
            Beat::Ping(_) if context.outbox.lock().is_sealed() => Progress::Wait,
            Beat::Ping(payload) => {
                let key = context.outbox.lock().next_key();
                frame::append(&mut self.control, OpCode::Control(Control::Ping), false, &payload, key);
                self.flush(context)
            }
            Beat::Dead => Progress::Ended(Ending::new(
                Error::Timeout,
                Initiator::Transport,
                "the peer did not answer a ping in time: it is gone, or the way to it is",
            )),
        }
    }

    /// The time of [`Session::deadline`] has come.
    pub(super) fn expire<N, E: Events>(&mut self, context: &mut Context<'_, N, E>) -> Progress {
        if matches!(self.life, Life::Open) {
            if self.paused {
                self.heartbeat.excuse(context.now);
            }
            let flow = self.flow();
            let beat = self.heartbeat.expire(context.now, || flow);
            return self.beat(beat, context);
        }
        if self.deadline.is_none_or(|deadline| context.now < deadline) {
            return Progress::Wait;
        }
        if let Life::Failing { tell: tell @ Some(_), .. } = &mut self.life {
            // The host does not poll. The peer is told all the same.
            let code = tell.take().unwrap_or(close::NO_STATUS);
            self.deadline = Some(context.now + LINGER);
            context.outbox.lock().close(&code.to_be_bytes());
            return self.flush(context);
        }
        Progress::Ended(match self.ended_well() {
            Some(ending) => ending,
            None => Ending::timeout("the closing handshake"),
        })
    }

    /// How it ends if the stream ends now, should all that is needed have been exchanged.
    fn ended_well(&self) -> Option<Ending> {
        match &self.life {
            Life::Failing { ending, .. } => Some(ending.clone()),
            Life::Closing(initiator) if self.handshake_done() => Some(Ending::clean(*initiator)),
            _ => None,
        }
    }

    fn handshake_done(&self) -> bool {
        self.peer_close.is_some() && self.sent_code != 0
    }

    fn stream_ended(&mut self, error: Option<io::Error>) -> Progress {
        if let Some(ending) = self.ended_well() {
            return Progress::Ended(ending);
        }
        let error = error.or(self.write_error.take());
        if error.as_ref().is_some_and(|error| error.kind() == ErrorKind::OutOfMemory) {
            return Progress::Ended(Ending::no_memory("there is no memory for a message to the peer"));
        }
        // The peer has said goodbye and ended its side; ours may still be on its way out.
        if self.peer_close.is_some() && error.is_none() {
            return Progress::Wait;
        }
        Progress::Ended(match error {
            Some(error) if error.kind() == ErrorKind::QuotaExceeded => Ending::io(Error::Tls, "TLS was ended", &error),
            Some(error) => Ending::io(Error::ConnectionLost, "the connection broke", &error),
            None => Ending::new(
                Error::ConnectionLost,
                Initiator::Transport,
                "the peer ended the connection without a Close frame",
            ),
        })
    }

    // Reading.

    fn read<N, E: Events>(&mut self, context: &mut Context<'_, N, E>) -> Read {
        self.decoded = 0;
        let whole = context.buffer.len();
        let mut taken = 0;
        for _ in 0..READS_A_TURN {
            if self.listens() && context.events.is_full() {
                return Read::Paused;
            }
            if self.decoded >= DECODED_A_TURN {
                return Read::Budget;
            }
            if !self.backlog.is_empty() {
                self.take_backlog(context);
                continue;
            }
            // What came with the answer to the upgrade may have filled it.
            if context.buffer.is_empty() {
                return Read::Budget;
            }
            let (count, asked) = match self.read_some(context) {
                Ok((0, _)) => return Read::Ended(None),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return self.emptied(),
                // TLS has used its budget of this turn.
                Err(error) if error.kind() == ErrorKind::Interrupted => return Read::Budget,
                Err(error) => return Read::Ended(Some(error)),
            };
            if count < asked && self.stream.short_read_is_last() && self.backlog.is_empty() {
                return self.emptied();
            }
            // What was read is dispatched while it is in the cache, before more is.
            taken += count;
            if taken >= READ_A_TURN || context.buffer.len() < whole / 4 {
                break;
            }
        }
        Read::Budget
    }

    fn emptied(&mut self) -> Read {
        self.decoder.rest();
        Read::Emptied
    }

    /// Reads once, and takes what that brings. How much that was, and how much was asked for.
    fn read_some<N, E: Events>(&mut self, context: &mut Context<'_, N, E>) -> io::Result<(usize, usize)> {
        let beyond = ABOUT_A_HEADER.min(context.buffer.len());
        if self.listens()
            && let Some((message, most)) = self.decoder.direct()
            && let Some(read) = self.stream.read_onto(message, most, &mut context.buffer[..beyond])
        {
            let (payload, more) = read?;
            self.heard(payload + more, context);
            self.take_payload(payload, context);
            if self.listens() && context.events.is_full() {
                self.keep_for_later(&context.buffer[..more], context.now);
            } else {
                self.take_input(0..more, context);
            }
            return Ok((payload + more, most + beyond));
        }
        let asked = context.buffer.len().min(self.portion);
        let count = self.stream.read(&mut context.buffer[..asked])?;
        self.heard(count, context);
        self.take_input(0..count, context);
        Ok((count, asked))
    }

    #[inline]
    fn heard<N, E>(&mut self, count: usize, context: &Context<'_, N, E>) {
        if count > 0 {
            self.counters.wire_in += count as u64;
            self.heartbeat.heard(context.now);
        }
    }

    /// Does what comes in still count?
    fn listens(&self) -> bool {
        self.peer_close.is_none() && !matches!(self.life, Life::Failing { .. })
    }

    /// Takes bytes of the read buffer. What is handed out of them lies there still, so the next read goes behind them.
    fn take_input<N, E: Events>(&mut self, range: Range<usize>, context: &mut Context<'_, N, E>) {
        let (input, rest) = std::mem::take(&mut context.buffer).split_at_mut(range.end);
        context.buffer = rest;
        let input = &input[range.start..];
        let taken = self.decode(input, context.now, context.events, context.outbox);
        if taken < input.len() {
            self.keep_for_later(&input[taken..], context.now);
        }
    }

    /// Keeps bytes that were read and cannot be decoded now.
    #[cold]
    #[inline(never)]
    fn keep_for_later(&mut self, input: &[u8], now: Instant) {
        if !self.listens() {
            return;
        }
        match self.backlog.try_reserve(input.len()) {
            Ok(()) => self.backlog.extend_from_slice(input),
            Err(_) => self.fail(NO_MEMORY, now),
        }
    }

    /// Takes bytes of a large message that were read to their place.
    fn take_payload<N, E: Events>(&mut self, count: usize, context: &mut Context<'_, N, E>) {
        if count == 0 {
            return;
        }
        match self.decoder.filled(count) {
            Ok(None) => {}
            Ok(Some((kind, message))) => {
                self.counters.message(message.len());
                self.decoded += context.events.message(kind, Payload::Assembled(message));
                if self.decoded >= NO_ROOM {
                    self.check_memory(context.now);
                }
            }
            Err(violation) => self.fail(violation, context.now),
        }
    }

    /// Takes the bytes that waited for the host.
    fn take_backlog<N, E: Events>(&mut self, context: &mut Context<'_, N, E>) {
        let backlog = std::mem::take(&mut self.backlog);
        let from = std::mem::take(&mut self.backlog_taken);
        let taken = from + self.decode(&backlog[from..], context.now, context.events, context.outbox);
        if taken < backlog.len() {
            (self.backlog, self.backlog_taken) = (backlog, taken);
        }
    }

    /// Decodes until the input ends, the host's queue is full or the turn is over, and returns how much of it was taken. What
    /// follows an end does not count, and counts as taken.
    fn decode<E: Events>(&mut self, bytes: &[u8], now: Instant, events: &mut E, outbox: &Mutex<Outbox>) -> usize {
        let taken = self.decode_portion(&bytes[..bytes.len().min(self.portion)], now, events, outbox);
        self.decoded += taken * self.cost;
        if self.listens() { taken } else { bytes.len() }
    }

    fn decode_portion<E: Events>(
        &mut self,
        bytes: &[u8],
        now: Instant,
        events: &mut E,
        outbox: &Mutex<Outbox>,
    ) -> usize {
        let mut input = bytes;
        while self.listens() {
            match self.decoder.next(&mut input) {
                Ok(None) => return bytes.len(),
                Ok(Some(Incoming::Message(kind, body))) => {
                    self.counters.message(body.len());
                    self.decoded += events.message(kind, body);
                    // One read can bring thousands of messages, and a compressed one a thousand times its size.
                    if events.is_full() || self.decoded >= DECODED_A_TURN {
                        self.check_memory(now);
                        return bytes.len() - input.len();
                    }
                }
                Ok(Some(Incoming::Ping(payload))) => {
                    if self.control.len() > MAX_PONGS {
                        self.control.clear();
                    }
                    let key = outbox.lock().next_key();
                    frame::append(&mut self.control, OpCode::Control(Control::Pong), false, payload, key);
                    if self.is_spent() {
                        return bytes.len() - input.len();
                    }
                }
                Ok(Some(Incoming::Pong(payload))) => {
                    if let Some(took) = self.heartbeat.pong(payload, now) {
                        events.round_trip(took);
                    }
                    if self.is_spent() {
                        return bytes.len() - input.len();
                    }
                }
                Ok(Some(Incoming::Fragment)) => {
                    if self.is_spent() {
                        return bytes.len() - input.len();
                    }
                }
                Ok(Some(Incoming::Close(code, reason))) => {
                    self.peer_close = Some((code, reason.to_owned()));
                    self.answer_close(code, now, outbox);
                }
                Err(violation) => self.fail(violation, now),
            }
        }
        bytes.len()
    }

    /// Counts a frame that completes no message. True if the turn is over.
    fn is_spent(&mut self) -> bool {
        self.decoded += FRAME_COST;
        self.decoded >= DECODED_A_TURN
    }

    /// The peer's Close is answered with its own code, after all that was accepted before; unless ours was first.
    fn answer_close(&mut self, code: Option<u16>, now: Instant, outbox: &Mutex<Outbox>) {
        let mut outbox = outbox.lock();
        // The host may have closed a moment ago, and its command be on the way.
        let ours_was_first = matches!(self.life, Life::Closing(_)) || outbox.is_sealed();
        self.life = Life::Closing(if ours_was_first { Initiator::Local } else { Initiator::Peer });
        self.phase = Phase::Closing;
        let payload = code.map(u16::to_be_bytes);
        outbox.close(payload.as_ref().map_or(&[], |code| code));
        self.rested = false;
        self.deadline.get_or_insert(now + self.limits.close);
    }

    /// Fails the connection if there was no memory for its last message.
    #[cold]
    #[inline(never)]
    fn check_memory(&mut self, now: Instant) {
        if self.decoded >= NO_ROOM {
            self.decoded = 0;
            self.fail(NO_MEMORY, now);
        }
    }

    /// RFC 6455 section 7.1.7.
    fn fail(&mut self, violation: Violation, now: Instant) {
        self.life = Life::Failing { ending: Ending::violation(violation), tell: Some(violation.close_code()) };
        self.deadline = Some(now + self.limits.close);
    }

    /// Queues the Close frame that tells the peer of its violation, once the host has had every message before it.
    /// Does nothing if ours is queued already: no second one may follow it (section 5.5.1).
    fn tell_violation<N, E: Events>(&mut self, context: &mut Context<'_, N, E>) {
        if let Life::Failing { tell, .. } = &mut self.life
            && tell.is_some()
            && !context.events.is_behind()
            && let Some(code) = tell.take()
        {
            context.outbox.lock().close(&code.to_be_bytes());
            self.rested = false;
        }
    }

    // Writing.

    /// True if more can be written, but others are to get their turn.
    fn write<N, E: Events>(&mut self, context: &mut Context<'_, N, E>) -> bool {
        let mut deflated = false;
        let mut more = true;
        for _ in 0..WRITES_A_TURN {
            // Deflating takes its time: one chunk of the outbox, then others get their turn.
            let deflates = self.compression.is_some() && self.written == self.out.len();
            if deflates && std::mem::replace(&mut deflated, true) && context.outbox.lock().has_frames() {
                break;
            }
            if self.write_error.is_some() || !self.refill(context) {
                more = false;
                break;
            }
            match self.stream.write(&self.out[self.written..]) {
                Ok(0) => self.write_error = Some(ErrorKind::WriteZero.into()),
                Ok(count) => {
                    self.written += count;
                    self.position += count as u64;
                    self.counters.wire_out += count as u64;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    more = false;
                    break;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => self.write_error = Some(error),
            }
        }
        self.settle(context);
        more && self.write_error.is_none()
    }

    /// Tells the outbox what is written of what it gave.
    fn settle<N, E: Events>(&mut self, context: &mut Context<'_, N, E>) {
        if self.settled < self.written {
            let written = self.newly_written();
            if context.outbox.lock().settle(written) {
                context.events.drained();
            }
        }
    }

    /// How many bytes of the outbox's are written that it was not told of.
    #[inline]
    fn newly_written(&mut self) -> usize {
        let new = self.written - std::mem::replace(&mut self.settled, self.written);
        match &mut self.compression {
            _ if self.out_is_control => 0,
            Some(compression) => compression.settled(self.written),
            None => new,
        }
    }

    /// Puts the next bytes to be written into `out`, if all before them are written. False if there are none.
    fn refill<N, E: Events>(&mut self, context: &mut Context<'_, N, E>) -> bool {
        if self.written < self.out.len() {
            return true;
        }
        let written = self.newly_written();
        (self.written, self.settled) = (0, 0);
        // Once for all that is asked and told here.
        let mut outbox = context.outbox.lock();
        let has_room = outbox.settle(written);
        self.out_is_control = !self.control.is_empty();
        let taken = if self.out_is_control {
            outbox.recycle(&mut self.out);
            std::mem::swap(&mut self.out, &mut self.control);
            true
        } else {
            outbox.take(self.compression.as_mut().map_or(&mut self.out, |compression| compression.plain()))
        };
        // All is written. Was a Close frame the last?
        let closed = outbox.close_code().filter(|_| !taken && self.sent_code == 0);
        if !taken {
            outbox.recycle(&mut self.out);
        }
        self.rested = !taken;
        drop(outbox);
        if has_room {
            context.events.drained();
        }
        if taken
            && !self.out_is_control
            && let Some(compression) = &mut self.compression
        {
            // A message that is only partly deflated must not be sent.
            if compression.deflate(context.outbox, &mut self.out).is_err() {
                return self.stop_writing();
            }
        }
        if let Some(code) = closed {
            self.sent_code = code.unwrap_or(close::NO_STATUS);
            if matches!(self.life, Life::Failing { .. }) {
                self.stream.end_writing();
            }
        }
        if !taken && self.sent_code != 0 && !self.listens() {
            // Nothing is left to say or to hear: only the end of the stream.
            let linger = context.now + LINGER;
            self.deadline = Some(self.deadline.map_or(linger, |deadline| deadline.min(linger)));
        }
        taken
    }

    /// There was no memory to deflate a message.
    #[cold]
    #[inline(never)]
    fn stop_writing(&mut self) -> bool {
        self.out.clear();
        self.write_error = Some(ErrorKind::OutOfMemory.into());
        false
    }

    #[inline]
    fn tell_passed<E: Events>(&mut self, events: &mut E) {
        if self.counters != Counters::default() {
            events.passed(&std::mem::take(&mut self.counters));
        }
    }

    /// The chunk of the outbox that was taken last, and how much of it is written.
    pub(super) fn taken(&self) -> (&[u8], usize) {
        match &self.compression {
            Some(compression) => compression.taken(),
            None if self.out_is_control => (&[], 0),
            None => (&self.out, self.written),
        }
    }

    /// The close report of a connection that ends so. No message is accepted after it.
    pub(super) fn report(&mut self, mut ending: Ending, outbox: &Mutex<Outbox>) -> Report {
        self.stream.close_notify();
        // Once the peer's Close frame was received, the side that closed first is the initiator, even if the closing handshake
        // fails.
        if let Life::Closing(first) = self.life
            && self.peer_close.is_some()
        {
            ending.initiator = first;
            if first == Initiator::Peer && ending.error.is_some() {
                ending.message = format!("after the Close frame of the peer: {}", ending.message);
            }
        }
        let unsent = outbox.lock().break_off();
        let (code, reason) = match self.peer_close.take() {
            Some((code, reason)) => (code.unwrap_or(close::NO_STATUS), reason),
            None => (close::ABNORMAL, String::new()),
        };
        Report {
            http_status: 101,
            code,
            reason,
            sent_code: self.sent_code,
            ..Report::unsent(ending, self.phase, unsent)
        }
    }
}
