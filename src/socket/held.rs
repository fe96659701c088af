//! Events that the dispatcher holds, because the host has paused receiving on their sockets.
//!
//! Messages wait for a resume. An event after a held message waits too, but drain events, pongs and frames overtake messages. So
//! all events except messages arrive in time unless a message is before them. The receive queue counts held messages, so it
//! limits their number.

use crate::buffer_pool::NoMemory;
use crate::connection::Direction;
use crate::engine::batch::{Batch, EventKind, RareEvent, RareKind, report_dropped};
use crate::engine::table::Table;
use crate::protocol::frame_trace::FrameHead;
use crate::protocol::message::MessageKind;
use std::collections::VecDeque;

/// An event that is held.
#[derive(Debug)]
pub(super) enum HeldEvent {
    Message {
        kind: MessageKind,
        len: usize,
        /// The payload, and a NUL after a text.
        bytes: Vec<u8>,
    },
    Pong(Vec<u8>),
    Frame(Direction, FrameHead),
    /// Boxed, because most held events are messages.
    Rare(Box<RareEvent>),
}

impl HeldEvent {
    fn is_message(&self) -> bool {
        matches!(self, HeldEvent::Message { .. })
    }
}

/// The held events of one socket.
#[derive(Default)]
struct Queue {
    events: VecDeque<HeldEvent>,
    /// The number of `events` that are not messages.
    others: usize,
    /// There was no memory for a message, so no later message may be delivered.
    is_lossy: bool,
}

/// The result of [`Held::hold`].
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Holding {
    /// It is held.
    Held,
    /// It does not have to wait.
    NotNeeded,
    /// It was dropped: a message or a pong with this many payload bytes, or a frame. There is no memory, or there was none for an
    /// earlier message.
    Dropped(usize),
}

/// The held events of all sockets, by their keys.
#[derive(Default)]
pub(super) struct Held {
    queues: Table<Box<Queue>>,
    /// Sockets whose events may be dispatched, because receiving was resumed or the socket was freed.
    ready: VecDeque<usize>,
}

/// The next event of a socket.
pub(super) enum Next {
    Event(HeldEvent),
    /// Nothing is held any more after this event.
    Last(HeldEvent),
    /// The next event is a message that waits for a resume, or there is no event.
    Nothing,
}

impl Held {
    /// Returns the socket whose turn it is.
    pub(super) fn next_ready(&self) -> Option<usize> {
        self.ready.front().copied()
    }

    /// Marks that the events of this socket may be dispatched.
    pub(super) fn make_ready(&mut self, key: usize) {
        self.ready.push_back(key);
    }

    /// Returns whether events of this socket are held or must be held.
    pub(super) fn has(&self, key: usize) -> bool {
        self.queues.get(key).is_some_and(Option::is_some)
    }

    /// Holds an event of the batch if it must wait. The result of `has` can only change from false to true.
    pub(super) fn hold(&mut self, key: usize, what: EventKind, batch: &mut Batch) -> Holding {
        let payload = match what {
            EventKind::Message { len, .. } | EventKind::LargeMessage { len, .. } | EventKind::Pong { len, .. } => {
                Some(len as usize)
            }
            EventKind::Frame { .. } => Some(0),
            _ => None,
        };
        let is_message = matches!(what, EventKind::Message { .. } | EventKind::LargeMessage { .. });
        if is_message && !self.has(key) {
            self.queues.put(key, Box::default());
        }
        let Some(Some(queue)) = self.queues.get_mut(key) else { return Holding::NotNeeded };
        if let (true, Some(len)) = (queue.is_lossy, payload) {
            return Holding::Dropped(len);
        }
        let overtakes = matches!(what, EventKind::Drained | EventKind::Pong { .. } | EventKind::Frame { .. });
        if overtakes && queue.others == 0 {
            return Holding::NotNeeded;
        }
        match (queue.add(what, batch), payload) {
            (Ok(()), _) => {
                if !is_message && queue.events.len() == 1 {
                    self.ready.push_back(key); // a message was dropped, so no message is before it
                }
                Holding::Held
            }
            (Err(NoMemory), Some(len)) => {
                queue.is_lossy = true;
                Holding::Dropped(len)
            }
            (Err(NoMemory), None) => Holding::NotNeeded, // only payloads are allocated in this way
        }
    }

    /// Takes the next event of a socket that is ready. `holds_messages`: receiving is paused again.
    pub(super) fn next(&mut self, key: usize, holds_messages: bool) -> Next {
        let Some(Some(queue)) = self.queues.get_mut(key) else {
            self.ready.pop_front();
            return Next::Nothing;
        };
        let is_held = |next: &HeldEvent| holds_messages && next.is_message();
        let event = if queue.events.front().is_some_and(is_held) { None } else { queue.events.pop_front() };
        let Some(event) = event else {
            self.ready.pop_front();
            return Next::Nothing;
        };
        queue.others -= usize::from(!event.is_message());
        let is_closed = matches!(&event, HeldEvent::Rare(event) if event.kind == RareKind::Closed);
        if queue.events.is_empty() && !queue.is_lossy || is_closed {
            self.queues.remove(key);
            self.ready.pop_front();
            return Next::Last(event);
        }
        Next::Event(event)
    }
}

impl Queue {
    fn add(&mut self, what: EventKind, batch: &mut Batch) -> Result<(), NoMemory> {
        self.events.try_reserve(1)?;
        let event = match what {
            EventKind::Message { .. } => {
                let Some((kind, payload)) = batch.small_message(what) else { return Ok(()) };
                let nul: &[u8] = if kind == MessageKind::Text { &[0] } else { &[] };
                HeldEvent::Message { kind, len: payload.len(), bytes: copy(payload, nul)? }
            }
            EventKind::LargeMessage { kind, len, index } => {
                HeldEvent::Message { kind, len: len as usize, bytes: batch.take_large(index) }
            }
            EventKind::Pong { len, start } => HeldEvent::Pong(copy(batch.pong_payload(start, len), &[])?),
            EventKind::Frame { direction, opcode, fin, is_compressed, length } => {
                HeldEvent::Frame(direction, FrameHead { opcode, fin, is_compressed, length })
            }
            _ => match batch.take_rare(what) {
                Some(mut event) => {
                    if self.is_lossy
                        && let Some(report) = &mut event.report
                    {
                        report_dropped(report);
                    }
                    HeldEvent::Rare(Box::new(event))
                }
                None => return Ok(()),
            },
        };
        self.others += usize::from(!event.is_message());
        self.events.push_back(event);
        Ok(())
    }
}

fn copy(payload: &[u8], end: &[u8]) -> Result<Vec<u8>, NoMemory> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(payload.len() + end.len())?;
    bytes.extend_from_slice(payload);
    bytes.extend_from_slice(end);
    Ok(bytes)
}

#[cfg(test)]
mod tests;
