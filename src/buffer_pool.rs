//! A pool of buffers for large messages. A new buffer costs more than the work on its message, because the system zeroes its pages, one
//! page fault at a time.

use parking_lot::Mutex;
use std::collections::TryReserveError;
use std::mem::take;

/// The size of a buffer in bytes: room for the longest message, and for its header or a final NUL.
const SIZE: usize = 128 * 1024 + 64;
/// The largest number of unused buffers that are kept. They suffice for a full send queue of the default size and for the message
/// that is being written.
const KEPT: usize = 10;

/// An allocation has failed. It has no fields, so that results that carry it stay small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoMemory;

impl From<TryReserveError> for NoMemory {
    fn from(_: TryReserveError) -> NoMemory {
        NoMemory
    }
}

/// The buffers of a loop.
#[derive(Debug, Default)]
pub struct BufferPool {
    unused: Mutex<Vec<Vec<u8>>>,
}

impl BufferPool {
    /// The capacity of a buffer, in bytes.
    pub const SIZE: usize = SIZE;

    /// Returns an empty buffer, or an error if there is no memory for one.
    pub fn take(&self) -> Result<Vec<u8>, NoMemory> {
        if let Some(unused) = self.unused.lock().pop() {
            return Ok(unused);
        }
        let mut buffer = Vec::new();
        buffer.try_reserve_exact(SIZE)?;
        Ok(buffer)
    }

    /// Frees the unused buffers.
    pub fn clear(&self) {
        let unused = take(&mut *self.unused.lock());
        drop(unused);
    }

    /// Takes back a buffer with any content, and leaves an empty buffer without memory in its place. A buffer that did not
    /// come from a pool is freed.
    pub fn give(&self, buffer: &mut Vec<u8>) {
        let mut buffer = take(buffer);
        if buffer.capacity() < SIZE || buffer.capacity() > 2 * SIZE {
            return;
        }
        buffer.clear();
        let mut unused = self.unused.lock();
        if unused.len() < KEPT {
            unused.push(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_reused_empty_and_few_are_kept() {
        let pool = BufferPool::default();
        let mut buffers: Vec<_> = (0..2 * KEPT).map(|_| pool.take().unwrap()).collect();
        buffers[0].push(1);
        let first = buffers[0].as_ptr();
        pool.give(&mut buffers[0]);
        let again = pool.take().unwrap();
        assert!(again.as_ptr() == first && again.is_empty() && again.capacity() >= SIZE);
        buffers.iter_mut().for_each(|buffer| pool.give(buffer));
        assert!(buffers.iter().all(|buffer| buffer.capacity() == 0));
        assert_eq!(pool.unused.lock().len(), KEPT);
    }

    #[test]
    fn buffers_of_other_sizes_are_not_kept() {
        let pool = BufferPool::default();
        pool.give(&mut Vec::with_capacity(100));
        pool.give(&mut Vec::with_capacity(9 * SIZE));
        assert!(pool.unused.lock().is_empty());
    }
}
