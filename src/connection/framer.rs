//! Makes frames of the messages of the send queue, if the queue contains messages and not frames: deflates them if
//! permessage-deflate was agreed on, and masks them. The thread that runs the engine does this, without a lock.

use super::send_queue::{MessageChunk, SMALL, SendQueue};
use crate::buffer_pool::NoMemory;
use crate::protocol::deflate::Deflater;
use crate::protocol::frame;
use crate::protocol::mask::KeySource;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::mem::take;
use tungstenite::protocol::frame::coding::OpCode;

/// Makes the frames of one connection.
#[derive(Debug)]
pub(super) struct Framer {
    /// Present with permessage-deflate.
    deflater: Option<Deflater>,
    /// The messages that were taken last.
    chunk: MessageChunk,
    /// The messages are kept until all of them are written.
    keeps: bool,
    /// A deflated message.
    deflated: Vec<u8>,
    /// With permessage-deflate: for each frame in the out buffer, the position of its end, and how many bytes the queue counts
    /// for it.
    marks: VecDeque<(usize, usize)>,
}

impl Framer {
    /// `keeps`: messages that are not completely written are taken back ([`Framer::take_back`]).
    pub(super) fn new(deflater: Option<Deflater>, keeps: bool) -> Framer {
        Framer { deflater, chunk: MessageChunk::default(), keeps, deflated: Vec::new(), marks: VecDeque::new() }
    }

    /// Returns whether permessage-deflate was agreed on.
    pub(super) fn deflates(&self) -> bool {
        self.deflater.is_some()
    }

    /// Returns the place where [`SendQueue::take_messages`] puts the next messages when all earlier ones are written. Then call
    /// [`Framer::frame`].
    pub(super) fn chunk(&mut self) -> &mut MessageChunk {
        &mut self.chunk
    }

    /// Writes the frames of the messages to `out`. After an error nothing more can be sent: a partly deflated message must not be
    /// sent, and the peer's context would differ from ours.
    pub(super) fn frame(
        &mut self,
        queue: &Mutex<SendQueue>,
        keys: &mut KeySource,
        out: &mut Vec<u8>,
    ) -> Result<(), NoMemory> {
        out.clear();
        let Framer { deflater, chunk, keeps, deflated, marks } = self;
        for (opcode, payload) in chunk.iter() {
            let deflates = match deflater {
                Some(deflater) if matches!(opcode, OpCode::Data(_)) => {
                    deflated.clear();
                    deflater.deflate(payload, deflated)?
                }
                _ => false,
            };
            let content = if deflates { deflated.as_slice() } else { payload };
            out.try_reserve(frame::HEADER_ROOM + content.len())?;
            if deflater.is_some() {
                marks.try_reserve(1)?;
            }
            frame::append(out, opcode, deflates, content, keys.next_key());
            if deflater.is_some() {
                marks.push_back((out.len(), frame::header_size(payload.len()) + payload.len()));
            }
        }
        if chunk.capacity() > SMALL && !*keeps {
            queue.lock().recycle_messages(chunk);
        }
        if deflated.capacity() > SMALL {
            *deflated = Vec::new();
        }
        Ok(())
    }

    /// `written` bytes of the out buffer are written, `new` of them since the last call. Returns how many bytes this is in the
    /// counting of the queue. A deflated message counts when all of it is written.
    pub(super) fn counted(&mut self, written: usize, new: usize) -> usize {
        if !self.deflates() {
            return new;
        }
        let mut counted = 0;
        while let Some(&(end, size)) = self.marks.front()
            && end <= written
        {
            self.marks.pop_front();
            counted += size;
        }
        if self.marks.is_empty() && self.marks.capacity() > SMALL / size_of::<(usize, usize)>() {
            self.marks = VecDeque::new();
        }
        counted
    }

    /// Returns the messages that were taken last, for [`SendQueue::retry`].
    pub(super) fn take_back(&mut self) -> MessageChunk {
        take(&mut self.chunk)
    }
}
