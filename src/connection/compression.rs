//! What goes out with permessage-deflate: the outbox's frames, deflated and masked on their way to the wire.

use super::outbox::Outbox;
use crate::buffer_pool::NoMemory;
use crate::protocol::deflate::Deflater;
use crate::protocol::frame;
use parking_lot::Mutex;
use std::collections::VecDeque;

/// What an empty buffer may keep of its memory.
const KEEP: usize = 16 * 1024;

/// Deflates for one connection.
#[derive(Debug)]
pub(super) struct Compression {
    deflater: Deflater,
    /// Frames as the outbox queued them.
    plain: Vec<u8>,
    /// How much of them is written, deflated; known as long as they are there.
    written: usize,
    /// They are to be kept until all is written.
    keeps: bool,
    /// A message, deflated.
    deflated: Vec<u8>,
    /// For each frame in the out buffer: where it ends there, and how many bytes the outbox counts for it.
    marks: VecDeque<(usize, usize)>,
}

impl Compression {
    /// `keeps`: what is not written wholly may be asked for.
    pub(super) fn new(deflater: Deflater, keeps: bool) -> Compression {
        Compression { deflater, plain: Vec::new(), written: 0, keeps, deflated: Vec::new(), marks: VecDeque::new() }
    }

    /// Where the outbox's next frames are to be put, once all before them are written; [`Compression::deflate`] is to follow.
    pub(super) fn plain(&mut self) -> &mut Vec<u8> {
        self.written = 0;
        &mut self.plain
    }

    /// Writes the frames to `out`, deflated and masked. After an error nothing more can be sent.
    pub(super) fn deflate(&mut self, outbox: &Mutex<Outbox>, out: &mut Vec<u8>) -> Result<(), NoMemory> {
        out.clear();
        let mut rest = self.plain.as_slice();
        while let Some(queued) = frame::split_queued(&mut rest) {
            self.deflated.clear();
            let deflates = queued.is_message && self.deflater.deflate(queued.payload, &mut self.deflated)?;
            let payload = if deflates { &self.deflated } else { queued.payload };
            out.try_reserve(frame::HEADER_ROOM + payload.len())?;
            self.marks.try_reserve(1)?;
            let key = outbox.lock().next_key();
            frame::append(out, queued.opcode, deflates, payload, key);
            self.marks.push_back((out.len(), queued.size));
        }
        if self.plain.capacity() > KEEP && !self.keeps {
            outbox.lock().recycle(&mut self.plain);
        }
        if self.deflated.capacity() > KEEP {
            self.deflated = Vec::new();
        }
        Ok(())
    }

    /// `written` bytes of the out buffer are written: what that settles of what the outbox counts.
    pub(super) fn settled(&mut self, written: usize) -> usize {
        let mut settled = 0;
        while let Some((_, queued)) = self.marks.pop_front_if(|(end, _)| *end <= written) {
            settled += queued;
        }
        if self.marks.is_empty() && self.marks.capacity() > KEEP / size_of::<(usize, usize)>() {
            self.marks = VecDeque::new();
        }
        self.written += settled;
        if self.keeps && self.marks.is_empty() && self.plain.capacity() > KEEP {
            (self.plain, self.written) = (Vec::new(), 0);
        }
        settled
    }

    /// The frames that were taken last, and how much of them is written.
    pub(super) fn taken(&self) -> (&[u8], usize) {
        (&self.plain, self.written)
    }
}
