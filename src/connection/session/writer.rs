//! Writes frames to the stream. The order on the wire is: the buffer that is partly written, then control frames, then frames of
//! the send queue. Our Close frame is the last frame of the send queue.

use crate::connection::framer::Framer;
use crate::connection::heartbeat::SendProgress;
use crate::connection::ports::{Context, Direction, Events, Ports};
use crate::connection::send_queue::{MessageChunk, SendQueue};
use crate::protocol::frame_trace::FrameTracer;
use crate::protocol::{close, frame};
use crate::transport::Transport;
use parking_lot::MutexGuard;
use std::io::{self, ErrorKind};
use tungstenite::protocol::frame::coding::{Control as ControlOpcode, OpCode};

/// The largest number of writes in one turn.
const WRITES_A_TURN: usize = 16;
/// If more bytes of control frames than this wait, only the last ping is answered (RFC 6455 section 5.5.3). A ping of the
/// heartbeat may be dropped too, because a peer that sends pings is still there.
const MAX_PONGS: usize = 4096;

pub(super) struct Writer {
    /// The bytes that are being written: either control frames or frames of the send queue, never both.
    out: Vec<u8>,
    written: usize,
    /// How many of the bytes in `written` were reported to the send queue.
    settled: usize,
    out_is_control: bool,
    /// Complete control frames that wait to be written.
    control: Vec<u8>,
    /// A copy of those control frames that are pings of the host. They are never dropped. The host can queue only a few.
    pings: Vec<u8>,
    /// The number of `pings`.
    ping_count: usize,
    /// Present if the send queue keeps messages, not frames.
    framer: Option<Box<Framer>>,
    /// Everything is written, and the send queue was empty. [`Writer::has_more`] ends this state. Frames of the host come with a
    /// call of `Session::flush` or `Session::close`.
    idle: bool,
    /// The code of our Close frame (1005: none) after it is written. 0 before.
    sent_code: u16,
    /// Writing has failed. The session still reads the bytes that the peer has sent.
    error: Option<io::Error>,
    /// The number of all bytes written.
    position: u64,
    /// Bytes that are written and not yet counted.
    uncounted: u64,
    /// Present if the host traces frames.
    tracer: Option<Box<FrameTracer>>,
}

/// The result of [`Writer::write`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// Everything is written.
    All,
    /// Everything is written, and our Close frame was the last frame.
    Close,
    /// The stream takes no more bytes at the moment.
    WouldBlock,
    /// The budget of the turn is used up.
    Budget,
    /// Writing has failed, see [`Writer::take_error`].
    Failed,
}

impl Writer {
    /// `traces`: the host traces frames.
    pub(super) fn new(framer: Option<Framer>, traces: bool) -> Writer {
        Writer {
            out: Vec::new(),
            written: 0,
            settled: 0,
            out_is_control: false,
            control: Vec::new(),
            pings: Vec::new(),
            ping_count: 0,
            framer: framer.map(Box::new),
            idle: false,
            sent_code: 0,
            error: None,
            position: 0,
            uncounted: 0,
            tracer: traces.then(|| Box::new(FrameTracer::of_sent())),
        }
    }

    /// Frames of this library were queued.
    pub(super) fn has_more(&mut self) {
        self.idle = false;
    }

    /// Returns whether there is nothing to write.
    #[inline]
    pub(super) fn is_idle(&self) -> bool {
        self.idle && self.control.is_empty()
    }

    #[inline]
    pub(super) fn sent_code(&self) -> u16 {
        self.sent_code
    }

    #[inline]
    pub(super) fn has_failed(&self) -> bool {
        self.error.is_some()
    }

    pub(super) fn take_error(&mut self) -> Option<io::Error> {
        self.error.take()
    }

    /// Takes the number of bytes written since the last call.
    #[inline]
    pub(super) fn take_uncounted(&mut self) -> u64 {
        std::mem::take(&mut self.uncounted)
    }

    pub(super) fn queue_pong(&mut self, payload: &[u8], key: [u8; 4]) {
        // These are more bytes than the pings of the host, which are not dropped.
        if self.control.len() > MAX_PONGS + self.pings.len() {
            self.control.clone_from(&self.pings);
        }
        self.queue_control(ControlOpcode::Pong, payload, key);
    }

    pub(super) fn queue_ping_of_host(&mut self, payload: &[u8], key: [u8; 4]) {
        let start = self.control.len();
        self.queue_control(ControlOpcode::Ping, payload, key);
        self.pings.extend_from_slice(&self.control[start..]);
        self.ping_count += 1;
    }

    pub(super) fn queue_control(&mut self, opcode: ControlOpcode, payload: &[u8], key: [u8; 4]) {
        frame::append(&mut self.control, OpCode::Control(opcode), false, payload, key);
    }

    /// Returns how many of our bytes were sent and acknowledged, for the heartbeat.
    pub(super) fn progress<S: Transport>(&self, stream: &mut S) -> SendProgress {
        let waiting = self.out.len() - self.written + self.control.len();
        let next_frame = self.position + waiting as u64;
        let unacked_bytes = stream.unacked_bytes();
        let acked = unacked_bytes.map_or(next_frame, |bytes| self.position.saturating_sub(bytes as u64));
        SendProgress { next_frame, acked }
    }

    /// Returns the messages that were taken last, for the next connection.
    pub(super) fn take_back(&mut self) -> MessageChunk {
        self.framer.as_mut().map(|framer| framer.take_back()).unwrap_or_default()
    }

    /// Writes as much as the stream and the budget allow.
    pub(super) fn write<S: Transport, P: Ports>(&mut self, stream: &mut S, context: &mut Context<'_, P>) -> Written {
        let mut deflated = false;
        let mut result = Written::Budget;
        for _ in 0..WRITES_A_TURN {
            // Deflating takes long, so a turn deflates one chunk of the send queue.
            let deflates =
                self.framer.as_ref().is_some_and(|framer| framer.deflates()) && self.written == self.out.len();
            if deflates && std::mem::replace(&mut deflated, true) && !context.send_queue.lock().is_empty() {
                break;
            }
            if self.error.is_some() {
                break;
            }
            if self.written == self.out.len()
                && let Some(end) = self.refill(context)
            {
                result = end;
                break;
            }
            match stream.write(&self.out[self.written..]) {
                Ok(0) => self.error = Some(ErrorKind::WriteZero.into()),
                Ok(count) => {
                    if self.tracer.is_some() {
                        self.trace(count, context.events);
                    }
                    self.written += count;
                    self.position += count as u64;
                    self.uncounted += count as u64;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    result = Written::WouldBlock;
                    break;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => self.error = Some(error),
            }
        }
        self.settle(context);
        if self.error.is_some() { Written::Failed } else { result }
    }

    /// Reports the frames that end in the next `count` bytes of the out buffer, which are written.
    #[cold]
    #[inline(never)]
    fn trace<E: Events>(&mut self, count: usize, events: &mut E) {
        let Some(tracer) = &mut self.tracer else { return };
        let mut bytes = &self.out[self.written..self.written + count];
        while !bytes.is_empty() {
            let (taken, frame) = tracer.step(bytes);
            bytes = &bytes[taken..];
            if let Some(frame) = frame {
                events.frame(Direction::Sent, frame);
            }
        }
    }

    /// Reports to the send queue how many of its bytes are written.
    fn settle<P: Ports>(&mut self, context: &mut Context<'_, P>) {
        if self.settled < self.written {
            let written = self.newly_written();
            if context.send_queue.lock().note_written(written) {
                context.events.drained();
            }
        }
    }

    /// Returns the written bytes of the send queue that were not yet reported to it.
    #[inline(always)]
    fn newly_written(&mut self) -> usize {
        let new = self.written - std::mem::replace(&mut self.settled, self.written);
        match &mut self.framer {
            _ if self.out_is_control => 0,
            Some(framer) => framer.counted(self.written, new),
            None => new,
        }
    }

    /// Puts the next frames into `out`, which is completely written. Returns `Some` if there are none.
    fn refill<P: Ports>(&mut self, context: &mut Context<'_, P>) -> Option<Written> {
        let written = self.newly_written();
        (self.written, self.settled) = (0, 0);
        // The queue is locked once, for everything that is read and written here.
        let mut send_queue = context.send_queue.lock();
        let has_room = send_queue.note_written(written);
        self.out_is_control = !self.control.is_empty();
        let taken = if self.out_is_control {
            send_queue.recycle(&mut self.out);
            std::mem::swap(&mut self.out, &mut self.control);
            true
        } else {
            match &mut self.framer {
                Some(framer) => send_queue.take_messages(framer.chunk()),
                None => send_queue.take_frames(&mut self.out),
            }
        };
        let end = if taken { None } else { Some(self.all_written(&mut send_queue)) };
        self.idle = !taken;
        drop(send_queue);
        if self.out_is_control && self.ping_count > 0 {
            self.pings = Vec::new();
            context.events.pings_written(std::mem::take(&mut self.ping_count));
        }
        if has_room {
            context.events.drained();
        }
        if taken
            && !self.out_is_control
            && let Some(framer) = &mut self.framer
            && framer.frame(context.send_queue, context.keys, &mut self.out).is_err()
        {
            return Some(self.out_of_memory());
        }
        end
    }

    /// Everything is written. Returns whether our Close frame was the last frame.
    #[inline]
    fn all_written(&mut self, send_queue: &mut MutexGuard<'_, SendQueue>) -> Written {
        let closed = send_queue.close_code().filter(|_| self.sent_code == 0);
        send_queue.recycle(&mut self.out);
        match closed {
            Some(code) => {
                self.sent_code = code.unwrap_or(close::NO_STATUS);
                Written::Close
            }
            None => Written::All,
        }
    }

    /// There was no memory to deflate a message.
    #[cold]
    #[inline(never)]
    fn out_of_memory(&mut self) -> Written {
        self.out.clear();
        self.error = Some(ErrorKind::OutOfMemory.into());
        Written::Failed
    }
}
