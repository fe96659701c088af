//! Memory functions for OpenSSL, so that the allocator of this program counts its memory. Each block begins with its size.

use std::alloc::{Layout, alloc, dealloc, realloc};
use std::ffi::{c_char, c_int, c_void};

const HEAD: usize = 16;

type Allocate = unsafe extern "C" fn(usize, *const c_char, c_int) -> *mut c_void;
type Reallocate = unsafe extern "C" fn(*mut c_void, usize, *const c_char, c_int) -> *mut c_void;
type Free = unsafe extern "C" fn(*mut c_void, *const c_char, c_int);

unsafe extern "C" {
    fn CRYPTO_set_mem_functions(allocate: Allocate, reallocate: Reallocate, free: Free) -> c_int;
}

fn layout(size: usize) -> Layout {
    Layout::from_size_align(size + HEAD, HEAD).expect("a possible size")
}

/// Writes the size to the head of a block, and returns the address after the head.
unsafe fn with_head(block: *mut u8, size: usize) -> *mut c_void {
    if block.is_null() {
        return block.cast();
    }
    // SAFETY: the block has room for its head, and is aligned for it.
    unsafe {
        block.cast::<usize>().write(size);
        block.add(HEAD).cast()
    }
}

unsafe extern "C" fn allocate(size: usize, _: *const c_char, _: c_int) -> *mut c_void {
    // SAFETY: the size in the layout is not zero, because it contains the head.
    unsafe { with_head(alloc(layout(size)), size) }
}

unsafe extern "C" fn reallocate(old: *mut c_void, size: usize, file: *const c_char, line: c_int) -> *mut c_void {
    if old.is_null() {
        // SAFETY: this is the behaviour of C's realloc, which allocates in this case.
        return unsafe { allocate(size, file, line) };
    }
    // SAFETY: `old` came from these functions, so its head is before it.
    unsafe {
        let block = old.cast::<u8>().sub(HEAD);
        let before = block.cast::<usize>().read();
        with_head(realloc(block, layout(before), size + HEAD), size)
    }
}

unsafe extern "C" fn free(old: *mut c_void, _: *const c_char, _: c_int) {
    if old.is_null() {
        return;
    }
    // SAFETY: `old` came from these functions, so its head is before it.
    unsafe {
        let block = old.cast::<u8>().sub(HEAD);
        dealloc(block, layout(block.cast::<usize>().read()));
    }
}

/// This must be called before any use of OpenSSL.
pub fn count() {
    // SAFETY: the three functions belong together.
    assert_eq!(unsafe { CRYPTO_set_mem_functions(allocate, reallocate, free) }, 1, "OpenSSL was used already");
}
