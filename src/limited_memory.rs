//! For tests: an allocator that can refuse large blocks to a thread, and that counts the allocations of each thread.
#![allow(unsafe_code)] // an allocator
#![allow(dead_code, reason = "each test that includes this needs a part of it")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ptr;

thread_local! {
    static LARGEST: Cell<usize> = const { Cell::new(usize::MAX) };
    /// The number of allocations, and of their bytes.
    static COUNTED: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

struct Scarce;

#[global_allocator]
static ALLOCATOR: Scarce = Scarce;

fn is_refused(size: usize) -> bool {
    let _ = COUNTED.try_with(|counted| {
        let (allocations, bytes) = counted.get();
        counted.set((allocations + 1, bytes + size));
    });
    LARGEST.try_with(Cell::get).is_ok_and(|largest| size > largest)
}

// SAFETY: every block comes from the system's allocator with the given layout; a refusal returns a null pointer, as the trait asks.
unsafe impl GlobalAlloc for Scarce {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise, passed on.
        if is_refused(layout.size()) { ptr::null_mut() } else { unsafe { System.alloc(layout) } }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise, passed on.
        if is_refused(layout.size()) { ptr::null_mut() } else { unsafe { System.alloc_zeroed(layout) } }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise, passed on: the block is the system's.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's promise, passed on: the block is the system's.
        if is_refused(size) { ptr::null_mut() } else { unsafe { System.realloc(block, layout, size) } }
    }
}

/// Runs `act` on this thread, and returns the number of its allocations and their bytes.
pub fn count(act: impl FnOnce()) -> (usize, usize) {
    let before = COUNTED.get();
    act();
    let after = COUNTED.get();
    (after.0 - before.0, after.1 - before.1)
}

/// Runs `act` on this thread. Meanwhile every allocation of more than `largest` bytes fails.
pub fn with_largest<T>(largest: usize, act: impl FnOnce() -> T) -> T {
    struct Restore(usize);
    impl Drop for Restore {
        fn drop(&mut self) {
            LARGEST.set(self.0);
        }
    }
    let _restore = Restore(LARGEST.replace(largest));
    act()
}
