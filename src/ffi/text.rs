//! Converts pointers and lengths of C to slices, and writes text to buffers of the host.

use crate::constants::EGRET_WS_NUL_TERMINATED;
use crate::error::Error;
use std::ffi::{CStr, c_char};

/// Returns the bytes at `text`, without the NUL.
///
/// # Safety
/// `text` ends in a NUL and is not written to as long as the result lives.
pub(super) unsafe fn nul_terminated<'a>(text: *const c_char) -> &'a [u8] {
    // SAFETY: the caller's promise.
    unsafe { CStr::from_ptr(text) }.to_bytes()
}

/// As [`nul_terminated`], or `None` if `text` is NULL.
///
/// # Safety
/// `text` is NULL, or as for [`nul_terminated`].
pub(super) unsafe fn nul_terminated_or_null<'a>(text: *const c_char) -> Option<&'a [u8]> {
    // SAFETY: not NULL; the rest is the caller's promise.
    (!text.is_null()).then(|| unsafe { nul_terminated(text) })
}

/// Returns `len` bytes at `data`, or the bytes before the NUL if `len` is `EGRET_WS_NUL_TERMINATED`.
///
/// # Safety
/// As for [`slice()`]; with `EGRET_WS_NUL_TERMINATED`, `data` is NULL or ends in a NUL.
pub(super) unsafe fn bytes<'a>(data: *const c_char, len: usize) -> Result<&'a [u8], Error> {
    if len == EGRET_WS_NUL_TERMINATED {
        if data.is_null() {
            return Err(Error::InvalidArgument);
        }
        // SAFETY: not NULL, and ends in a NUL by the caller's promise.
        return Ok(unsafe { nul_terminated(data) });
    }
    // SAFETY: the caller's promise.
    unsafe { slice(data.cast(), len) }
}

/// Returns `len` bytes at `data`.
///
/// # Safety
/// `data` is NULL or points to `len` readable bytes that are not written to as long as the result lives.
pub(super) unsafe fn slice<'a>(data: *const u8, len: usize) -> Result<&'a [u8], Error> {
    if len == 0 {
        return Ok(&[]);
    }
    if data.is_null() || isize::try_from(len).is_err() {
        return Err(Error::InvalidArgument);
    }
    // SAFETY: not NULL, not too long, and readable by the caller's promise; bytes have no alignment.
    Ok(unsafe { std::slice::from_raw_parts(data, len) })
}

/// Writes `text` and a NUL to `out`, and returns the length without the NUL. With a capacity of 0 it only returns the length.
///
/// # Safety
/// As for [`write_parts`].
pub(super) unsafe fn write(text: &str, out: *mut c_char, capacity: usize) -> Result<i32, Error> {
    // SAFETY: the caller's promise, passed on.
    unsafe { write_parts(std::iter::once(text), out, capacity) }
}

/// As [`write()`], for a text in parts.
///
/// # Safety
/// `out` points to `capacity` writable bytes, or is NULL.
pub(super) unsafe fn write_parts<'a>(
    parts: impl Iterator<Item = &'a str> + Clone,
    out: *mut c_char,
    capacity: usize,
) -> Result<i32, Error> {
    let len = parts.clone().map(str::len).sum::<usize>();
    let length = i32::try_from(len).map_err(|_| Error::InvalidArgument)?;
    if capacity == 0 {
        return Ok(length);
    }
    if out.is_null() || capacity <= len {
        return Err(Error::InvalidArgument);
    }
    let mut at = out.cast::<u8>();
    for part in parts {
        // SAFETY: `out` is not NULL, has `capacity` bytes by the caller's promise, and `capacity` is more than `len`, the sum of
        // all parts; it cannot overlap a string of ours.
        unsafe {
            at.copy_from_nonoverlapping(part.as_ptr(), part.len());
            at = at.add(part.len());
        }
    }
    // SAFETY: all `len` bytes were written, and `capacity` is more than that.
    unsafe { at.write(0) };
    Ok(length)
}
