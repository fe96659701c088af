//! A global allocator for tests. It counts the memory in use and the allocations of each thread, and can refuse large blocks to a
//! thread. A test program declares it:
//!
//! ```
//! #[global_allocator]
//! static ALLOCATOR: test_allocator::TestAllocator = test_allocator::TestAllocator;
//! ```

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The system's allocator with counters. A block that grows is always moved to a new block, as in the worst case of the system's
/// `realloc`, so that the peaks of all runs are equal.
pub struct TestAllocator;

/// The bytes in use by all threads that are not excluded, and their largest number since the last [`Peak::start`].
static IN_USE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static IS_EXCLUDED: Cell<bool> = const { Cell::new(false) };
    /// Allocations of larger blocks fail on this thread.
    static LARGEST: Cell<usize> = const { Cell::new(usize::MAX) };
    /// The number of allocations of this thread, and the number of their bytes.
    static COUNTED: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

// SAFETY: every block comes from the system's allocator with the given layout, and is returned to it with that layout. A refusal
// returns a null pointer, as the trait requires.
unsafe impl GlobalAlloc for TestAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let size = layout.size();
        let (allocations, bytes) = COUNTED.get();
        COUNTED.set((allocations + 1, bytes + size));
        if size > LARGEST.get() {
            return ptr::null_mut();
        }
        if !IS_EXCLUDED.get() {
            PEAK.fetch_max(IN_USE.fetch_add(size, Relaxed) + size, Relaxed);
        }
        // SAFETY: the caller ensures the conditions.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if !IS_EXCLUDED.get() {
            IN_USE.fetch_sub(layout.size(), Relaxed);
        }
        // SAFETY: the caller ensures the conditions, and the block comes from the system's allocator.
        unsafe { System.dealloc(block, layout) }
    }
}

/// Returns the number of bytes in use.
pub fn in_use() -> usize {
    IN_USE.load(Relaxed)
}

/// Measures the largest number of bytes in use since a moment. There may be one such object at a time.
pub struct Peak {
    before: usize,
}

impl Peak {
    pub fn start() -> Peak {
        let before = in_use();
        PEAK.store(before, Relaxed);
        Peak { before }
    }

    /// Returns the largest number of bytes so far, beyond those that were in use at the start.
    pub fn bytes(&self) -> usize {
        PEAK.load(Relaxed) - self.before
    }
}

/// Runs `work`, and returns the largest number of bytes in use during it, beyond those in use before.
pub fn peak_during(work: impl FnOnce()) -> usize {
    let peak = Peak::start();
    work();
    peak.bytes()
}

/// After this, [`in_use`] and [`Peak`] do not count the allocations of this thread. It is for the thread of a server.
pub fn exclude_this_thread() {
    IS_EXCLUDED.set(true);
}

/// Runs `work` on this thread, and returns the number of its allocations and their bytes.
pub fn count_allocations(work: impl FnOnce()) -> (usize, usize) {
    let before = COUNTED.get();
    work();
    let after = COUNTED.get();
    (after.0 - before.0, after.1 - before.1)
}

/// Runs `work` on this thread. During it, every allocation of more than `largest` bytes fails.
pub fn with_largest<T>(largest: usize, work: impl FnOnce() -> T) -> T {
    struct Restore(usize);
    impl Drop for Restore {
        fn drop(&mut self) {
            LARGEST.set(self.0);
        }
    }
    let _restore = Restore(LARGEST.replace(largest));
    work()
}
