//! Control frames (RFC 6455 section 5.5): answers the peer's pings and Close frames, and sends our own.

use super::closing::Closing;
use super::writer::Writer;
use crate::connection::heartbeat::Heartbeat;
use crate::connection::outbox::Outbox;
use crate::connection::ports::Events;
use crate::protocol::Violation;
use parking_lot::Mutex;
use std::time::Instant;
use tungstenite::protocol::frame::coding::Control as ControlOpcode;

/// What control frames act on.
pub(super) struct Control {
    pub(super) writer: Writer,
    pub(super) closing: Closing,
    pub(super) heartbeat: Heartbeat,
}

impl Control {
    /// A ping was received. The answer is a pong with the same payload (section 5.5.2).
    pub(super) fn answer_ping(&mut self, payload: &[u8], outbox: &Mutex<Outbox>) {
        let key = outbox.lock().next_key();
        self.writer.queue_pong(payload, key);
    }

    /// A pong was received. It may be the answer to a ping of the heartbeat.
    pub(super) fn pong<E: Events>(&mut self, payload: &[u8], now: Instant, events: &mut E) {
        if let Some(took) = self.heartbeat.pong(payload, now) {
            events.round_trip(took);
        }
    }

    /// A Close frame was received. The answer has the same code, and follows all messages that the host has sent; there is none if
    /// our own Close frame is queued already.
    pub(super) fn answer_close(&mut self, code: Option<u16>, reason: &str, now: Instant, outbox: &Mutex<Outbox>) {
        let mut outbox = outbox.lock();
        self.closing.peer_close(code, reason.to_owned(), outbox.is_sealed(), now);
        let payload = code.map(u16::to_be_bytes);
        outbox.close(payload.as_ref().map_or(&[], |code| code));
        self.writer.has_more();
    }

    /// The peer has broken a rule. Our Close frame says which, see [`Control::queue_violation_close`].
    pub(super) fn fail(&mut self, violation: Violation, now: Instant) {
        self.closing.fail(violation, now);
    }

    /// Queues the Close frame for a violation when the host has dispatched all messages before it. Queues nothing if ours is
    /// queued already: no second one may follow it (section 5.5.1).
    #[inline]
    pub(super) fn queue_violation_close<E: Events>(&mut self, events: &mut E, outbox: &Mutex<Outbox>) {
        if self.closing.has_pending_code()
            && !events.has_undispatched_messages()
            && let Some(code) = self.closing.take_pending_code()
        {
            outbox.lock().close(&code.to_be_bytes());
            self.writer.has_more();
        }
    }

    /// Queues a ping of the heartbeat. Returns false if our Close frame is queued, because no ping may follow it.
    pub(super) fn queue_ping(&mut self, payload: [u8; 4], outbox: &Mutex<Outbox>) -> bool {
        let mut outbox = outbox.lock();
        // The host's request to close may still be on the way to the engine.
        if outbox.is_sealed() {
            return false;
        }
        let key = outbox.next_key();
        drop(outbox);
        self.writer.queue_control(ControlOpcode::Ping, &payload, key);
        true
    }
}
