//! An open connection, until its end.
//!
//! ```text
//!    stream ──► reader ──messages──► host             heartbeat ──ping──┐
//!                 │                                                     ▼
//!                 └──ping, pong, Close──► control ──pong, ping───► writer ──► stream
//!                                            │                          ▲
//!                                         closing ──Close──────► send queue ◄── host
//! ```
//!
//! - `mod`: the life of the session: reads, writes, checks deadlines, and decides how the connection ends.
//! - `reader`: decodes frames within the budget of a turn.
//! - `control`: answers pings ([`Control::answer_ping`]) and Close frames. `protocol::close` checks close codes.
//! - `closing`: the state of the flush before our Close frame and of the closing handshake, with its diagram.
//! - `writer`: the bytes that are being written, and their order.
//!
//! While the connection is open, the heartbeat pings a silent peer. If it does not answer in time, the connection ends with
//! `EGRET_WS_ERR_TIMEOUT`.

mod closing;
mod control;
mod reader;
mod writer;

use super::counters::Counters;
use super::framer::Framer;
use super::heartbeat::{Action, Heartbeat};
use super::ports::{Context, Events, Ports};
use super::report::{Ending, Initiator, Phase, Report};
use super::send_queue::{MessageChunk, SendQueue};
use crate::buffer_pool::BufferPool;
use crate::config::Limits;
use crate::error::Error;
use crate::protocol::close;
use crate::protocol::deflate::Inflater;
use crate::transport::Transport;
use closing::{Cause, Closing};
use control::{Control, PingOf};
use parking_lot::Mutex;
use reader::{ReadStop, Reader};
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};
use writer::{Writer, Written};

/// An open connection.
pub(super) struct Session<S> {
    stream: S,
    reader: Reader,
    control: Control,
    /// The reason why the last turn stopped reading.
    read_stop: ReadStop,
}

/// The result of a call to a session.
pub(super) enum Progress {
    Wait,
    /// The budget of the turn is used up.
    Again,
    Ended(Ending),
}

impl<S: Transport> Session<S> {
    /// `inflater` is present with permessage-deflate. `framer` is present if the send queue keeps messages, not frames. `pool`:
    /// for large buffers. `traces`: the host traces frames.
    pub(super) fn new(
        mut stream: S,
        limits: Limits,
        heartbeat: Heartbeat,
        inflater: Option<Inflater>,
        framer: Option<Framer>,
        pool: Arc<BufferPool>,
        traces: bool,
    ) -> Session<S> {
        // This time is much longer than the heartbeat needs, because the system cannot distinguish a lost peer from a peer that
        // does not read.
        stream.enable_keepalive(heartbeat.longest_silence() * 4);
        Session {
            stream,
            reader: Reader::new(limits.max_message, inflater, pool, traces),
            control: Control {
                writer: Writer::new(framer, traces),
                closing: Closing::new(limits.flush, limits.close),
                heartbeat,
            },
            read_stop: ReadStop::Budget,
        }
    }

    #[inline]
    pub(super) fn deadline(&self) -> Option<Instant> {
        let Control { closing, heartbeat, .. } = &self.control;
        if closing.is_open() { heartbeat.deadline() } else { closing.deadline() }
    }

    /// Returns how long before its deadline [`Session::expire`] may be called.
    pub(super) fn slack(&self) -> Duration {
        let Control { closing, heartbeat, .. } = &self.control;
        if closing.is_open() { heartbeat.slack() } else { Duration::ZERO }
    }

    pub(super) fn phase(&self) -> Phase {
        self.control.closing.phase()
    }

    pub(super) fn note_hangup(&mut self) {
        self.stream.note_hangup();
    }

    pub(super) fn waits_for_writing(&mut self) -> bool {
        self.stream.waits_for_writing()
    }

    /// Begins with the bytes that came with the response to the upgrade. `would_block`: the stream has no more bytes at the
    /// moment.
    pub(super) fn begin<P: Ports>(
        &mut self,
        after_head: Range<usize>,
        would_block: bool,
        context: &mut Context<'_, P>,
    ) -> Progress {
        self.reader.begin(after_head, &mut self.control, context);
        self.read_and_write(would_block && !self.reader.has_backlog(), context)
    }

    /// Reads and writes as much as the stream and the budget allow.
    pub(super) fn turn<P: Ports>(&mut self, context: &mut Context<'_, P>) -> Progress {
        self.read_and_write(false, context)
    }

    /// Like [`Session::turn`]. `would_block`: the stream has no bytes to read.
    fn read_and_write<P: Ports>(&mut self, would_block: bool, context: &mut Context<'_, P>) -> Progress {
        let stop = if would_block {
            self.reader.would_block()
        } else {
            self.reader.read(&mut self.stream, &mut self.control, context)
        };
        self.read_stop = stop;
        if stop == ReadStop::WouldBlock {
            self.control.heartbeat.input_read();
        }
        self.control.queue_violation_close(context);
        // Bytes that are written after the end of the stream would be lost. It is better to count them as unsent, or to keep
        // them.
        let is_lost = stop == ReadStop::Ended && self.control.closing.accepts_input();
        let more = !self.control.writer.is_idle() && !is_lost && self.write(context) == Written::Budget;
        self.count(context.events);
        match stop {
            ReadStop::Ended => match self.stream_ended() {
                // The budget ended the writing, and no readiness event will follow.
                Progress::Wait if more => Progress::Again,
                progress => progress,
            },
            // A stream that is busy has not yet read to the end.
            ReadStop::WouldBlock if self.control.writer.has_failed() && !self.stream.is_busy() => self.stream_ended(),
            ReadStop::WouldBlock | ReadStop::QueueFull if !more => Progress::Wait,
            _ => Progress::Again,
        }
    }

    /// Writes as much as the stream and the budget allow.
    #[inline]
    pub(super) fn flush<P: Ports>(&mut self, context: &mut Context<'_, P>) -> Progress {
        let written = self.write(context);
        self.count(context.events);
        match written {
            // The peer may have sent the reason before, so the stream is read to its end.
            Written::Failed => self.turn(context),
            Written::Budget => Progress::Again,
            Written::All | Written::Close | Written::WouldBlock => Progress::Wait,
        }
    }

    #[inline]
    fn write<P: Ports>(&mut self, context: &mut Context<'_, P>) -> Written {
        let written = self.control.writer.write(&mut self.stream, context);
        if !self.control.closing.is_open() {
            self.written_before_end(written, context);
        }
        written
    }

    /// Frames were written after the session has begun to close.
    #[cold]
    #[inline(never)]
    fn written_before_end<P: Ports>(&mut self, written: Written, context: &mut Context<'_, P>) {
        let Control { writer, closing, .. } = &mut self.control;
        if writer.sent_code() == 0 {
            return closing.note_left(context.send_queue.lock().waiting(), context.now);
        }
        if written == Written::Close && closing.is_failing() {
            self.stream.end_writing();
        }
        closing.close_written(context.now);
    }

    /// Reports what was sent and received.
    #[inline]
    fn count<E: Events>(&mut self, events: &mut E) {
        let counters = Counters { wire_out: self.control.writer.take_uncounted(), ..self.reader.take_counters() };
        if counters != Counters::default() {
            events.count(&counters);
        }
    }

    // Closing.

    /// The host's Close frame is in the send queue.
    pub(super) fn close<P: Ports>(&mut self, context: &mut Context<'_, P>) -> Progress {
        self.control.closing.close(Cause::Host, context.now);
        self.flush(context)
    }

    /// The host has closed before it knew that the connection is open. The caller abandons the connection after this.
    pub(super) fn close_early<P: Ports>(&mut self, context: &mut Context<'_, P>) {
        self.write(context);
    }

    /// The loop is suspended: closes with 1001, unless the connection is already closing.
    pub(super) fn close_for_suspend<P: Ports>(&mut self, context: &mut Context<'_, P>) -> Progress {
        if self.control.closing.is_open() {
            context.send_queue.lock().close_by_library(&close::GOING_AWAY.to_be_bytes());
            self.control.closing.close(Cause::Suspend, context.now);
        }
        self.flush(context)
    }

    /// The loop is being freed, and only its own deadline limits the flush and the closing handshake.
    pub(super) fn lift_deadlines(&mut self) {
        self.control.closing.lift_deadlines();
    }

    /// Makes the stream send a reset when it is dropped.
    pub(super) fn reset(&mut self) {
        self.stream.reset_on_drop();
    }

    /// Returns whether a Close frame of the peer was received.
    pub(super) fn has_peer_close(&self) -> bool {
        self.control.closing.has_peer_close()
    }

    pub(super) fn is_closing_for_suspend(&self) -> bool {
        self.control.closing.is_for_suspend()
    }

    // The heartbeat.

    /// Sends the pings of the host.
    pub(super) fn ping<P: Ports>(&mut self, context: &mut Context<'_, P>) -> Progress {
        let mut queued = false;
        while let Some(given) = context.events.take_ping() {
            let Control { heartbeat, writer, closing } = &mut self.control;
            if closing.is_open() {
                let payload = heartbeat.ping(&given, context.now, || writer.progress(&mut self.stream));
                queued |= self.control.queue_ping(&payload, PingOf::Host, context);
            }
        }
        if queued { self.flush(context) } else { Progress::Wait }
    }

    /// Pings the peer. If `likely_lost`, the shorter time-out applies.
    pub(super) fn probe<P: Ports>(&mut self, likely_lost: bool, context: &mut Context<'_, P>) -> Progress {
        // Bytes that were received before the ping do not answer it.
        let progress = self.turn(context);
        if matches!(progress, Progress::Ended(_)) {
            return progress;
        }
        let Control { heartbeat, writer, .. } = &mut self.control;
        let unread = self.read_stop != ReadStop::WouldBlock;
        let action = heartbeat.probe(context.now, likely_lost, unread, writer.progress(&mut self.stream));
        match (self.act(action, context), progress) {
            (Progress::Wait, before) => before,
            (after, _) => after,
        }
    }

    /// This process did not run for some time.
    pub(super) fn slept<P: Ports>(&mut self, context: &mut Context<'_, P>) -> Progress {
        let Control { heartbeat, writer, .. } = &mut self.control;
        let action = heartbeat.slept(context.now, || writer.progress(&mut self.stream));
        self.act(action, context)
    }

    fn act<P: Ports>(&mut self, action: Action, context: &mut Context<'_, P>) -> Progress {
        if !self.control.closing.is_open() {
            return Progress::Wait;
        }
        match action {
            Action::Nothing => Progress::Wait,
            Action::Ping(payload) => {
                if self.control.queue_ping(&payload, PingOf::Heartbeat, context) {
                    self.flush(context)
                } else {
                    Progress::Wait
                }
            }
            Action::End => Progress::Ended(Ending::new(
                Error::Timeout,
                Initiator::Transport,
                "the peer did not answer a ping in time: the peer or the network is not reachable",
            )),
        }
    }

    /// Must be called at the time of [`Session::deadline`], and may be called up to [`Session::slack`] before it.
    pub(super) fn expire<P: Ports>(&mut self, context: &mut Context<'_, P>) -> Progress {
        let Control { heartbeat, writer, closing } = &mut self.control;
        if closing.is_open() {
            if self.read_stop == ReadStop::QueueFull {
                heartbeat.not_reading(context.now);
            }
            let action = heartbeat.expire(context.now, || writer.progress(&mut self.stream));
            return self.act(action, context);
        }
        if closing.deadline().is_none_or(|deadline| context.now < deadline) {
            return Progress::Wait;
        }
        if let Some(code) = closing.take_pending_code(context.now) {
            // The host does not poll. The peer still gets its Close frame.
            context.send_queue.lock().close_by_library(&code.to_be_bytes());
            return self.flush(context);
        }
        if closing.is_flushing() {
            // The system may take bytes before it reports that it can: it reports only when much of its buffer is free.
            let progress = self.flush(context);
            let is_over = |closing: &Closing| closing.deadline().is_some_and(|deadline| deadline <= context.now);
            let closing = &self.control.closing;
            if !matches!(progress, Progress::Wait) || !closing.is_flushing() || !is_over(closing) {
                return progress;
            }
        }
        Progress::Ended(self.control.closing.expired())
    }

    // The end.

    /// The stream has ended, or writing has failed and nothing more can be read.
    fn stream_ended(&mut self) -> Progress {
        let Control { writer, closing, .. } = &mut self.control;
        let error = self.reader.take_error();
        if let Some(ending) = closing.ending() {
            return Progress::Ended(ending);
        }
        let error = error.or(writer.take_error());
        if error.as_ref().is_some_and(|error| error.kind() == ErrorKind::OutOfMemory) {
            return Progress::Ended(Ending::no_memory("there is no memory for a message to the peer"));
        }
        // The peer has closed and ended its side. Our bytes may still be in transit.
        if closing.has_peer_close() && error.is_none() {
            return Progress::Wait;
        }
        Progress::Ended(stream_ending(error))
    }

    /// Returns the messages that were taken last, for the next connection.
    pub(super) fn take_back(&mut self) -> MessageChunk {
        self.control.writer.take_back()
    }

    /// Returns the report of a connection that ends in this phase. No message is accepted after this.
    pub(super) fn report(&mut self, ending: Ending, phase: Phase, send_queue: &Mutex<SendQueue>) -> Report {
        self.stream.close_notify();
        let unsent = send_queue.lock().lose();
        let report = self.control.closing.report(ending, phase, unsent);
        Report { sent_code: self.control.writer.sent_code(), ..report }
    }
}

/// Returns the ending of a connection whose stream has ended without a closing handshake.
fn stream_ending(error: Option<io::Error>) -> Ending {
    match error {
        Some(error) if error.kind() == ErrorKind::QuotaExceeded => {
            Ending::io(Error::Tls, "this side ended TLS", &error)
        }
        Some(error) if error.kind() != ErrorKind::UnexpectedEof => {
            Ending::io(Error::ConnectionLost, "the connection broke", &error)
        }
        eof => {
            let message = match eof {
                Some(_) => "the peer ended the connection without a Close frame and without the close_notify of TLS",
                None => "the peer ended the connection without a Close frame",
            };
            Ending::new(Error::ConnectionLost, Initiator::Transport, message)
        }
    }
}
