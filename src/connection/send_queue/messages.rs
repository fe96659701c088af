//! Messages that wait without header and mask, in chunks.

use super::buffers::Buffers;
use crate::buffer_pool::{BufferPool, NoMemory};
use crate::protocol::frame;
use std::collections::VecDeque;
use std::mem::take;
use tungstenite::protocol::frame::coding::OpCode;

/// Messages that the connection takes at once.
#[derive(Debug, Default)]
pub struct MessageChunk {
    /// The payloads of the messages, one after the other.
    payloads: Vec<u8>,
    messages: Vec<Message>,
    /// The size of the frames of the messages, if they are not deflated.
    wire_bytes: usize,
}

/// A message, or our Close frame.
#[derive(Clone, Copy, Debug)]
struct Message {
    opcode: OpCode,
    /// The length of its payload.
    len: u32,
}

impl MessageChunk {
    /// Returns the number of messages.
    pub fn len(&self) -> usize {
        self.messages.len()
    }

    /// Returns whether there are no messages.
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// Returns the messages: opcodes and payloads.
    pub fn iter(&self) -> impl Iterator<Item = (OpCode, &[u8])> {
        let mut rest = self.payloads.as_slice();
        self.messages.iter().map(move |message| {
            let (payload, after) = rest.split_at(message.len as usize);
            rest = after;
            (message.opcode, payload)
        })
    }

    /// Returns the size of the memory of the payloads, in bytes.
    pub fn capacity(&self) -> usize {
        self.payloads.capacity()
    }

    /// Drops the messages, and returns the buffer of their payloads.
    pub fn into_payloads(self) -> Vec<u8> {
        self.payloads
    }

    fn has_room(&self, size: usize) -> bool {
        self.wire_bytes + size <= BufferPool::SIZE
    }

    fn reserve(&mut self, buffers: &mut Buffers, bytes: usize) -> Result<(), NoMemory> {
        self.messages.try_reserve(1)?;
        buffers.grow(&mut self.payloads, bytes)
    }

    /// Appends a message. The caller has made room for it.
    fn append(&mut self, opcode: OpCode, payload: &[u8], size: usize) {
        self.payloads.extend_from_slice(payload);
        // No message is longer than max_message, so the length fits.
        self.messages.push(Message { opcode, len: payload.len() as u32 });
        self.wire_bytes += size;
    }

    /// Keeps the last `count` messages.
    fn keep_last(&mut self, count: usize) {
        let written = self.messages.len().saturating_sub(count);
        let lens = self.messages.drain(..written).map(|message| message.len as usize);
        let (bytes, wire_bytes) =
            lens.fold((0, 0), |(bytes, wire), len| (bytes + len, wire + frame::header_size(len) + len));
        self.payloads.drain(..bytes);
        self.wire_bytes -= wire_bytes;
    }
}

/// Queues a message, and returns the size of its frame. After an error nothing has changed.
pub fn append(
    chunks: &mut VecDeque<MessageChunk>,
    buffers: &mut Buffers,
    opcode: OpCode,
    payload: &[u8],
) -> Result<usize, NoMemory> {
    let size = frame::header_size(payload.len()) + payload.len();
    if let Some(chunk) = chunks.back_mut().filter(|chunk| chunk.has_room(size))
        && chunk.reserve(buffers, payload.len()).is_ok()
    {
        chunk.append(opcode, payload, size);
        return Ok(size);
    }
    // One place more than necessary is reserved, for put_back.
    chunks.try_reserve(2)?;
    let mut chunk = MessageChunk { payloads: take(&mut buffers.spare), ..MessageChunk::default() };
    chunk.reserve(buffers, payload.len())?;
    chunk.append(opcode, payload, size);
    chunks.push_back(chunk);
    Ok(size)
}

/// Moves the last `unwritten` messages of the chunk `taken` to the front of the queue, from which the chunk came. This allocates
/// no memory, because `append` has reserved it.
pub fn put_back(chunks: &mut VecDeque<MessageChunk>, mut taken: MessageChunk, unwritten: usize) {
    taken.keep_last(unwritten);
    if !taken.is_empty() {
        chunks.push_front(taken);
    }
}

/// Removes the last message.
pub fn remove_last(chunks: &mut VecDeque<MessageChunk>) {
    let Some(chunk) = chunks.back_mut() else { return };
    if let Some(last) = chunk.messages.pop() {
        let len = last.len as usize;
        chunk.payloads.truncate(chunk.payloads.len().saturating_sub(len));
        chunk.wire_bytes -= frame::header_size(len) + len;
    }
    if chunk.is_empty() {
        chunks.pop_back();
    }
}
