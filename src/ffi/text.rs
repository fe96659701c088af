//! Converts pointers and lengths of C to slices, and writes text to buffers of the application.

use crate::constants::EGRET_WS_NUL_TERMINATED;
use crate::error::DetailedError;
use std::ffi::{CStr, c_char};

/// Why a pointer and a length are not a slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// The pointer is NULL, and the length is not 0.
    Null,
    /// No object can have this length.
    TooLong,
}

impl Unreadable {
    /// The error of a call whose argument has this name.
    #[cold]
    #[inline(never)]
    pub(super) fn of(self, name: &str) -> DetailedError {
        DetailedError::invalid(match self {
            Unreadable::Null => format!("{name} is NULL, but its length is not 0"),
            Unreadable::TooLong => {
                format!("the length of {name} is larger than any object (EGRET_WS_NUL_TERMINATED is for text only)")
            }
        })
    }
}

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

/// The text before the NUL; all of it if there is none. Bytes that are not UTF-8 become U+FFFD, and control characters spaces.
pub(super) fn lossy(text: &[c_char]) -> String {
    let bytes: Vec<u8> = text.iter().map(|byte| *byte as u8).take_while(|byte| *byte != 0).collect();
    String::from_utf8_lossy(&bytes).replace(char::is_control, " ")
}

/// Returns `len` bytes at `data`, or the bytes before the NUL if `len` is `EGRET_WS_NUL_TERMINATED`.
///
/// # Safety
/// As for [`slice()`]; with `EGRET_WS_NUL_TERMINATED`, `data` is NULL or ends in a NUL.
pub(super) unsafe fn bytes<'a>(data: *const c_char, len: usize) -> Result<&'a [u8], Unreadable> {
    if len == EGRET_WS_NUL_TERMINATED {
        if data.is_null() {
            return Err(Unreadable::Null);
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
pub(super) unsafe fn slice<'a>(data: *const u8, len: usize) -> Result<&'a [u8], Unreadable> {
    if len == 0 {
        return Ok(&[]);
    }
    if data.is_null() {
        return Err(Unreadable::Null);
    }
    if isize::try_from(len).is_err() {
        return Err(Unreadable::TooLong);
    }
    // SAFETY: not NULL, not too long, and readable by the caller's promise; bytes have no alignment.
    Ok(unsafe { std::slice::from_raw_parts(data, len) })
}

/// Writes `text` and a NUL to `out`, and returns the length without the NUL. With a capacity of 0 it only returns the length.
///
/// # Safety
/// As for [`write_parts`].
pub(super) unsafe fn write(text: &str, out: *mut c_char, capacity: usize) -> Result<i32, DetailedError> {
    // SAFETY: the caller's promise, passed on.
    unsafe { write_parts(std::iter::once(text), out, capacity) }
}

/// As [`write()`], for bytes that need not be UTF-8.
///
/// # Safety
/// As for [`write_parts`].
pub(super) unsafe fn write_bytes(bytes: &[u8], out: *mut c_char, capacity: usize) -> Result<i32, DetailedError> {
    // SAFETY: the caller's promise, passed on.
    unsafe { write_parts(std::iter::once(bytes), out, capacity) }
}

/// Checks the pointer of an out-parameter, which may be NULL only if it has no room.
pub(super) fn check_out<T>(out: *const T, capacity: usize) -> Result<(), DetailedError> {
    match out.is_null() && capacity != 0 {
        true => Err(DetailedError::invalid("out is NULL, but capacity is not 0")),
        false => Ok(()),
    }
}

/// Writes bytes to `out`, without a NUL, and returns their length. With a capacity of 0 it only returns the length.
///
/// # Safety
/// `out` points to `capacity` writable bytes, or is NULL.
pub(super) unsafe fn write_data(bytes: &[u8], out: *mut u8, capacity: usize) -> Result<i32, DetailedError> {
    let length =
        i32::try_from(bytes.len()).map_err(|_| DetailedError::invalid("there are more than INT32_MAX bytes"))?;
    if capacity == 0 {
        return Ok(length);
    }
    check_out(out, capacity)?;
    if capacity < bytes.len() {
        return Err(DetailedError::invalid(format!("capacity is {capacity}, but there are {length} bytes")));
    }
    // SAFETY: `out` is not NULL and has `capacity` bytes by the caller's promise, which is not less than this length.
    unsafe { out.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
    Ok(length)
}

/// As [`write()`], for a text in parts.
///
/// # Safety
/// `out` points to `capacity` writable bytes, or is NULL.
pub(super) unsafe fn write_parts<'a>(
    parts: impl Iterator<Item = &'a (impl AsRef<[u8]> + ?Sized + 'a)> + Clone,
    out: *mut c_char,
    capacity: usize,
) -> Result<i32, DetailedError> {
    let len = parts.clone().map(|part| part.as_ref().len()).sum::<usize>();
    let length = i32::try_from(len).map_err(|_| DetailedError::invalid("the text is longer than INT32_MAX bytes"))?;
    if capacity == 0 {
        return Ok(length);
    }
    check_out(out, capacity)?;
    if capacity <= len {
        return Err(DetailedError::invalid(format!(
            "capacity is {capacity}, but the text needs {} bytes with its NUL",
            len + 1
        )));
    }
    let mut at = out.cast::<u8>();
    for part in parts {
        let part = part.as_ref();
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
