//! Options from C: the size of the struct, then each value.

use super::types::{egret_ws_loop_options, egret_ws_options};
use crate::constants::*;
use crate::error::Error;
use crate::socket::LoopOptions;
use std::mem::{MaybeUninit, align_of, offset_of, size_of};
use std::time::Duration;

/// No struct of options will ever be larger: a size above it is not a size.
const LARGEST: usize = 4096;

/// Zeroes `size` bytes at `options` and writes `struct_size`.
///
/// # Safety
/// `options` is NULL or points to `size` writable bytes.
pub(super) unsafe fn init<T>(options: *mut T, size: usize, known: usize) -> Result<(), Error> {
    if options.is_null() {
        return Err(Error::InvalidArgument);
    }
    if !(known..=LARGEST).contains(&size) {
        return Err(Error::BadStruct);
    }
    // SAFETY: writable for `size` bytes by the caller's promise, and `size` covers the leading u32 `struct_size`.
    unsafe {
        options.cast::<u8>().write_bytes(0, size);
        options.cast::<u32>().write_unaligned(size as u32);
    }
    Ok(())
}

/// Reads a struct that begins with `struct_size`, which was `smallest` in its first version. `None` if `options` is NULL.
///
/// # Safety
/// `options` is NULL or points to `struct_size` readable bytes; all zeros, and all bit patterns that C can write into
/// its fields, are valid for `T`.
unsafe fn read<T: Copy>(options: *const T, smallest: usize) -> Result<Option<T>, Error> {
    if options.is_null() {
        return Ok(None);
    }
    // SAFETY: every options struct has at least its `struct_size`.
    let size = unsafe { options.cast::<u32>().read_unaligned() } as usize;
    // Every version of a struct has a size of whole alignments, so that no field is cut.
    if !(smallest..=LARGEST).contains(&size) || !size.is_multiple_of(align_of::<T>()) {
        return Err(Error::BadStruct);
    }
    let known = size.min(size_of::<T>());
    // SAFETY: `size` bytes are readable by the caller's promise, and it is at least `known`.
    let tail = unsafe { std::slice::from_raw_parts(options.cast::<u8>().add(known), size - known) };
    if tail.iter().any(|byte| *byte != 0) {
        return Err(Error::BadStruct);
    }
    let mut read = MaybeUninit::<T>::zeroed();
    // SAFETY: `known` bytes are readable by the caller's promise, and not more than `T` has; what an older struct lacks is
    // zero, and all of it valid for `T` by the caller's promise.
    unsafe {
        read.as_mut_ptr().cast::<u8>().copy_from_nonoverlapping(options.cast(), known);
        Ok(Some(read.assume_init()))
    }
}

/// Reads the options of a loop; NULL is all defaults.
///
/// # Safety
/// `options` is NULL or points to `struct_size` readable bytes.
pub(super) unsafe fn read_loop(options: *const egret_ws_loop_options) -> Result<egret_ws_loop_options, Error> {
    // SAFETY: the caller's promise; the struct has numbers, a pointer and a nullable function pointer, valid as zeros too.
    unsafe { Ok(read(options, size_of::<egret_ws_loop_options>())?.unwrap_or(std::mem::zeroed())) }
}

/// Reads the options of a socket; NULL is all defaults.
///
/// # Safety
/// `options` is NULL or points to `struct_size` readable bytes.
pub(super) unsafe fn read_socket(options: *const egret_ws_options) -> Result<egret_ws_options, Error> {
    // SAFETY: the caller's promise; the struct has numbers, pointers and nullable function pointers, valid as zeros too.
    unsafe { Ok(read(options, offset_of!(egret_ws_options, headers))?.unwrap_or(std::mem::zeroed())) }
}

pub(super) fn or(value: u32, default: u32) -> u32 {
    if value == 0 { default } else { value }
}

/// The level that a loop logs at.
pub(super) fn log_level(given: &egret_ws_loop_options) -> i32 {
    if given.log_level == 0 { EGRET_WS_LOG_WARN } else { given.log_level }
}

/// Checks the options of a loop. An error comes with what is wrong.
pub(super) fn check_loop(given: &egret_ws_loop_options) -> Result<LoopOptions, (Error, String)> {
    let invalid = |why: &str| Err((Error::InvalidArgument, why.to_owned()));
    if given.flags & !(EGRET_WS_LOOP_INLINE | EGRET_WS_LOOP_CLOSE_ON_SUSPEND) != 0 {
        return invalid("flags has an unknown bit");
    }
    if !(EGRET_WS_LOG_ERROR..=EGRET_WS_LOG_DEBUG).contains(&log_level(given)) {
        return invalid("log_level is not one of EGRET_WS_LOG_*");
    }
    let poll_max_us = or(given.poll_max_us, 4000);
    Ok(LoopOptions {
        inline: given.flags & EGRET_WS_LOOP_INLINE != 0,
        close_on_suspend: given.flags & EGRET_WS_LOOP_CLOSE_ON_SUSPEND != 0,
        poll_max_callbacks: or(given.poll_max_callbacks, 4096),
        poll_max_time: (poll_max_us != u32::MAX).then(|| Duration::from_micros(poll_max_us.into())),
        linger: Duration::from_millis(given.linger_ms.into()),
    })
}
