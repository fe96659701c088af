//! Measures the largest allocation of this thread, to check how much memory a peer can make the library allocate.
#![allow(unsafe_code)] // a global allocator needs it

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static LARGEST: Cell<usize> = const { Cell::new(0) };
}

/// Sets the maximum to 0.
pub fn reset() {
    LARGEST.set(0);
}

/// Returns the number of bytes in the largest allocation since [`reset`].
pub fn largest() -> usize {
    LARGEST.get()
}

struct MeasuringAllocator;

#[global_allocator]
static HEAP: MeasuringAllocator = MeasuringAllocator;

// SAFETY: each call is passed to the system's allocator with equal arguments.
unsafe impl GlobalAlloc for MeasuringAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LARGEST.set(LARGEST.get().max(layout.size()));
        // SAFETY: the caller ensures the conditions of this call.
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
