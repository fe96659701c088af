//! The checks of the model after each action.

use super::super::strict_server::{ClientFrame, StrictServer};
use super::HostState;
use super::{Model, unsent};
use crate::connection::gate::State;
use crate::connection::machine::Stage;
use crate::protocol::frame::header_size;

impl Model {
    /// Checks the frames and the events since the last check.
    pub(super) fn check_progress(&mut self) {
        for (at, server) in self.servers.iter_mut().enumerate() {
            let Some(server) = server else { continue };
            for frame in server.decode(&mut self.sim.wire_at(at).from_client) {
                match frame {
                    ClientFrame::Message(text) => {
                        self.received += 1;
                        let next = self.pending.pop_front().map(|(_, text)| text);
                        assert_eq!(Some(text), next, "lost, repeated, or out of order");
                    }
                    ClientFrame::Ping(payload) => self.pinged = Some(payload),
                    ClientFrame::Close(_) | ClientFrame::Pong => {}
                }
            }
        }
        while self.servers.len() < self.sim.dialed_so_far() {
            self.servers.push(None);
        }
        while self.checked < self.sim.event_count() {
            let event = self.sim.event_at(self.checked);
            self.checked += 1;
            self.check_event(&event);
        }
    }

    /// The number of unsent messages, and their bytes.
    pub(super) fn unsent(&self) -> (usize, usize) {
        (self.pending.len(), self.pending.iter().map(|(_, text)| text.len()).sum())
    }

    /// The number of messages that were dropped at losses not yet reported to the host.
    pub(super) fn unreported_unsent(&self) -> usize {
        let dropped = self.dropped.iter().fold((0, 0), |sum, dropped| (sum.0 + dropped.0, sum.1 + dropped.1));
        let (messages, bytes) = self.sim.send_queue().unreported();
        assert_eq!((messages as usize, bytes as usize), dropped);
        dropped.0
    }

    /// If a Close frame of the server was received, it decides the initiator.
    fn check_initiator(&self, event: &str) {
        if !event.contains(", received ") || event.contains("received 1006") {
            return;
        }
        let by_peer = event.contains(" by StrictServer, ");
        assert!(by_peer || event.contains(" by Local, "), "{event}");
        if let Some(first) = self.peer_was_first {
            assert_eq!(by_peer, first, "{event}");
        }
    }

    /// The flush ends when the whole Close frame of this side is written. A violation is reported in the phase in which it
    /// happened.
    fn check_phase(&self, event: &str) {
        let has_closed = self.servers.last().and_then(Option::as_ref).is_some_and(StrictServer::has_closed);
        assert!(!event.contains(" in Flush ") || event.contains("Protocol") || !has_closed, "{event}");
        assert!(!event.contains(" in Closing ") || has_closed, "{event}");
        let silent = event.contains("got 1006") && !event.contains("Protocol");
        assert!(!event.contains(" in Flush ") || !silent || event.contains("sent 0"), "{event}");
    }

    fn check_event(&mut self, event: &str) {
        self.check_initiator(event);
        let what = event.split(' ').next().unwrap_or_default();
        match what {
            "lost" => {
                assert_eq!(unsent(event), self.unsent());
                assert!(self.setup.retries && !self.engine_knows_end && !self.closed, "{event}");
                self.refused = false;
                self.dropped.push_back(if self.setup.resends { (0, 0) } else { self.unsent() });
                if !self.setup.resends {
                    self.pending.clear();
                }
            }
            "asked" => assert!(self.setup.asks && !self.engine_knows_end, "{event}"),
            "trying" => assert!(!self.engine_knows_end, "the host has ended the socket"),
            "closed" => {
                assert_eq!(unsent(event), self.unsent());
                self.check_phase(event);
                assert_eq!(self.checked, self.sim.event_count(), "closed is the last event");
            }
            "drained" => assert!(std::mem::take(&mut self.refused), "no message was refused"),
            _ => {}
        }
    }

    /// Checks what is always true.
    pub(super) fn check_invariants(&self) {
        let (payload, wire) = self.pending.iter().fold((0, 0), |(payload, wire), (_, text)| {
            (payload + text.len(), wire + text.len() + header_size(text.len()))
        });
        let close_frame = 8;
        // A message that was partly written at the loss is kept completely, although its room may already be used.
        let cap = 2000 + close_frame + if self.setup.resends { 1008 } else { 0 };
        let send_queue = self.sim.send_queue();
        assert_eq!(send_queue.payload_bytes(), payload);
        let (messages, bytes) = send_queue.unsent();
        assert_eq!((messages as usize, bytes as usize), self.unsent());
        let waiting = send_queue.stats().waiting;
        assert!(waiting <= (wire + close_frame).min(cap), "{waiting}");
        let partial = self.servers.last().and_then(Option::as_ref).map_or(0, StrictServer::partial_bytes);
        assert!(waiting + partial >= wire || self.setup.offers_deflate, "{waiting} + {partial} of {wire}");
        let (open, state) = (send_queue.gate().is_open(), send_queue.gate().state());
        let send_queue_delivers = send_queue.gate().delivers_messages();
        drop(send_queue);
        assert_eq!((state == State::Open, state == State::Closed), (open, self.host_state == HostState::Closed));
        assert!(!self.closed || matches!(state, State::Closing | State::Closed), "{state:?} after a close");
        assert!(!open || self.may_send() || self.freed, "open although the host may not send");
        let is_settled = self.commands.is_empty() && !self.peer_closes && !self.suspend_closes;
        assert!(open || !is_settled || !self.may_send(), "not open although the host may send");
        assert!(!self.aborted || !send_queue_delivers, "a message would follow an abort");
        if self.closed || self.freed {
            assert!(!open || self.freed);
        }
        assert!(self.sim.open_streams().len() <= 1, "one connection at a time");
    }

    /// A description of the state. Two states with equal fingerprints count as one state.
    pub fn fingerprint(&self) -> String {
        let stage = match &self.sim.connection().stage {
            Stage::Opening(_) => 0,
            Stage::Session(_) => 1,
            Stage::Waiting(_) => 2,
            Stage::Closed => 3,
            Stage::Asking(_) => 4,
        };
        let (waiting, unsent, gate, behind) = {
            let send_queue = self.sim.send_queue();
            let gate = (
                send_queue.gate().is_open(),
                send_queue.gate().is_closing(),
                send_queue.gate().is_closed_early(),
                send_queue.close_code(),
            );
            (
                send_queue.stats().waiting,
                send_queue.unsent(),
                gate,
                send_queue.gate().connections() - send_queue.gate().generation(),
            )
        };
        let unreported: Vec<_> = (self.dispatched..self.checked).map(|at| self.sim.event_at(at)).collect();
        let peer =
            self.servers.last().and_then(Option::as_ref).map(|server| (server.partial_bytes(), server.has_closed()));
        let wire = self.sim.wire();
        let network = (wire.is_connected(), wire.ended, wire.room, wire.to_client.len(), peer);
        let host = (
            self.host_state,
            self.closed,
            (self.freed, self.aborted),
            self.engine_knows_end,
            self.suspended,
            self.peer_closes,
            self.suspend_closes,
            self.refused,
            self.question,
        );
        format!(
            "{stage} {waiting} {unsent:?} {gate:?} {unreported:?} {behind} {network:?} {host:?} {:?} {:?}",
            self.commands,
            self.sim.time_left()
        )
    }
}
