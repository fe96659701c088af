//! The memory of the chunks of a send queue: a small buffer that is used repeatedly, or large buffers of the loop's pool.

use crate::buffer_pool::{BufferPool, NoMemory};
use std::collections::VecDeque;
use std::mem::{replace, take};
use std::sync::Arc;

/// How many bytes of memory an empty buffer may keep.
pub const SMALL: usize = 16 * 1024;

/// Buffers that are not in use.
#[derive(Debug)]
pub struct Buffers {
    /// An empty buffer, if it is small.
    pub spare: Vec<u8>,
    pub pool: Arc<BufferPool>,
    /// False in a queue whose limit is less than one buffer of the pool.
    uses_pool: bool,
}

impl Buffers {
    pub fn new(pool: Arc<BufferPool>, uses_pool: bool) -> Buffers {
        Buffers { spare: Vec::new(), pool, uses_pool }
    }

    /// Empties a buffer, and returns its memory to the pool if it is large.
    #[inline]
    pub fn recycle(&self, buffer: &mut Vec<u8>) {
        if buffer.capacity() <= SMALL {
            buffer.clear();
        } else {
            self.pool.give(buffer);
        }
    }

    /// Keeps a recycled buffer for the next chunk.
    #[inline]
    pub fn keep(&mut self, buffer: Vec<u8>) {
        if buffer.capacity() > 0 {
            self.spare = buffer;
        }
    }

    /// Returns the chunk for the next frame, with room for this many bytes. A large chunk is as large as a buffer of the
    /// pool: control frames wait until one chunk is written, but not longer.
    #[cold]
    pub fn room<'a>(&mut self, chunks: &'a mut VecDeque<Vec<u8>>, bytes: usize) -> Result<&'a mut Vec<u8>, NoMemory> {
        let goes_on = |chunk: &Vec<u8>| chunk.len() + bytes <= BufferPool::SIZE;
        if !chunks.back().is_some_and(goes_on) {
            if chunks.len() == chunks.capacity() {
                chunks.try_reserve(1)?;
            }
            chunks.push_back(take(&mut self.spare));
        }
        let last = chunks.len() - 1;
        let room = chunks[last].capacity() - chunks[last].len();
        if room < bytes && self.grow(&mut chunks[last], bytes).is_err() {
            return self.room_elsewhere(chunks, bytes);
        }
        Ok(&mut chunks[last])
    }

    /// Called if there is no memory to enlarge the last chunk. Tries a new chunk of the needed size.
    #[inline(never)]
    fn room_elsewhere<'a>(
        &mut self,
        chunks: &'a mut VecDeque<Vec<u8>>,
        bytes: usize,
    ) -> Result<&'a mut Vec<u8>, NoMemory> {
        if chunks.back().is_some_and(Vec::is_empty)
            && let Some(empty) = chunks.pop_back()
        {
            self.spare = empty;
            return Err(NoMemory);
        }
        let mut chunk = Vec::new();
        chunk.try_reserve_exact(bytes)?;
        chunks.try_reserve(1)?;
        chunks.push_back(chunk);
        chunks.back_mut().ok_or(NoMemory)
    }

    /// Makes room for this many more bytes, in a buffer of the pool if the size becomes large.
    pub fn grow(&mut self, chunk: &mut Vec<u8>, bytes: usize) -> Result<(), NoMemory> {
        let is_large = self.uses_pool && (SMALL..=BufferPool::SIZE).contains(&(chunk.len() + bytes));
        if is_large && let Ok(mut large) = self.pool.take() {
            large.extend_from_slice(chunk);
            let mut small = replace(chunk, large);
            if small.capacity() <= SMALL {
                small.clear();
                self.spare = small;
            }
            return Ok(());
        }
        if chunk.capacity() - chunk.len() < bytes {
            chunk.try_reserve(bytes)?;
        }
        Ok(())
    }
}
