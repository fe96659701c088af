//! The largest allocation of this thread: what a peer can make the library allocate is counted, not believed.
#![allow(unsafe_code)] // a global allocator is unsafe to write; this one only looks on

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static LARGEST: Cell<usize> = const { Cell::new(0) };
}

/// Forgets the allocations before this.
pub fn reset() {
    LARGEST.set(0);
}

/// Bytes of the largest allocation since [`reset`].
pub fn largest() -> usize {
    LARGEST.get()
}

struct Watched;

#[global_allocator]
static HEAP: Watched = Watched;

// SAFETY: everything is done by the system's allocator, with the caller's own arguments.
unsafe impl GlobalAlloc for Watched {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LARGEST.set(LARGEST.get().max(layout.size()));
        // SAFETY: the caller's promises are those that are asked for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        LARGEST.set(LARGEST.get().max(size));
        // SAFETY: as above.
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(block, layout) }
    }
}
