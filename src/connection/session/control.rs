//! Control frames (RFC 6455 section 5.5): answers the peer's pings and Close frames, and sends our own.

use super::closing::Closing;
use super::writer::Writer;
use crate::connection::heartbeat::{Heartbeat, Pong};
use crate::connection::ports::{Context, Events, Ports};
use crate::connection::send_queue::SendQueue;
use crate::protocol::Violation;
use crate::protocol::mask::KeySource;
use crate::protocol::ping::PingPayload;
use parking_lot::Mutex;
use std::time::Instant;
use tungstenite::protocol::frame::coding::Control as ControlOpcode;

/// The side of this library that sends a ping.
#[derive(Clone, Copy)]
pub(super) enum PingOf {
    Heartbeat,
    Host,
}

/// The parts of a session that control frames act on.
pub(super) struct Control {
    pub(super) writer: Writer,
    pub(super) closing: Closing,
    pub(super) heartbeat: Heartbeat,
}

impl Control {
    /// A ping was received. The answer is a pong with the same payload (section 5.5.2).
    pub(super) fn answer_ping(&mut self, payload: &[u8], keys: &mut KeySource) {
        self.writer.queue_pong(payload, keys.next_key());
    }

    /// A pong was received. Answers to pings of the heartbeat are not for the host. Returns the result of [`Events::pong`].
    pub(super) fn pong<E: Events>(&mut self, payload: &[u8], now: Instant, events: &mut E) -> usize {
        let Pong { payload, took } = self.heartbeat.pong(payload, now);
        if let Some(took) = took {
            events.round_trip(took);
        }
        payload.map_or(0, |payload| events.pong(payload))
    }

    /// A Close frame was received. The answer has the code of that frame, and follows all messages that the host has sent. There
    /// is no answer if our own Close frame is already queued.
    pub(super) fn answer_close(
        &mut self,
        code: Option<u16>,
        reason: &str,
        now: Instant,
        send_queue: &Mutex<SendQueue>,
    ) {
        let mut send_queue = send_queue.lock();
        self.closing.peer_close(code, reason.to_owned(), send_queue.gate().is_closing(), now);
        let payload = code.map(u16::to_be_bytes);
        send_queue.close_by_library(payload.as_ref().map_or(&[], |code| code));
        self.writer.has_more();
    }

    /// The peer has violated the protocol, or there is no memory for its message. The code of our Close frame shows the reason,
    /// see [`Control::queue_violation_close`].
    pub(super) fn fail(&mut self, violation: Violation, now: Instant) {
        self.closing.fail(violation, now);
    }

    /// Queues the Close frame for a violation when the host has dispatched all earlier messages. Queues nothing if our Close
    /// frame is already queued, because no second one may follow it (section 5.5.1).
    #[inline]
    pub(super) fn queue_violation_close<P: Ports>(&mut self, context: &mut Context<'_, P>) {
        if self.closing.has_pending_code()
            && !context.events.has_undispatched_messages()
            && let Some(code) = self.closing.take_pending_code(context.now)
        {
            context.send_queue.lock().close_by_library(&code.to_be_bytes());
            self.writer.has_more();
        }
    }

    /// Queues a ping. Returns false if our Close frame is queued, because no ping may follow it.
    pub(super) fn queue_ping<P: Ports>(
        &mut self,
        payload: &PingPayload,
        by: PingOf,
        context: &mut Context<'_, P>,
    ) -> bool {
        // The host's request to close may not have reached the engine yet.
        if context.send_queue.lock().gate().is_closing() {
            return false;
        }
        let key = context.keys.next_key();
        match by {
            PingOf::Heartbeat => self.writer.queue_control(ControlOpcode::Ping, payload, key),
            PingOf::Host => self.writer.queue_ping_of_host(payload, key),
        }
        true
    }
}
