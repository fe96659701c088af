//! Options from C: the size of the struct, then each value.

use super::text;
use super::types::{egret_ws_loop_options, egret_ws_options};
use crate::constants::*;
use crate::error::Error;
use crate::protocol::frame::MAX_HEADER;
use crate::socket::{Limits, LoopOptions, subprotocols};
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

/// Reads a struct that begins with `struct_size`. `None` if `options` is NULL.
///
/// # Safety
/// `options` is NULL or points to `struct_size` readable bytes; all zeros, and all bit patterns that C can write into
/// its fields, are valid for `T`.
unsafe fn read<T: Copy>(options: *const T) -> Result<Option<T>, Error> {
    if options.is_null() {
        return Ok(None);
    }
    // SAFETY: every options struct has at least its `struct_size`.
    let size = unsafe { options.cast::<u32>().read_unaligned() } as usize;
    let known = size_of::<T>();
    if !(known..=LARGEST).contains(&size) {
        return Err(Error::BadStruct);
    }
    // SAFETY: `size` bytes are readable by the caller's promise, and it is at least `known`.
    let tail = unsafe { std::slice::from_raw_parts(options.cast::<u8>().add(known), size - known) };
    if tail.iter().any(|byte| *byte != 0) {
        return Err(Error::BadStruct);
    }
    // SAFETY: `known` bytes are readable, and valid for `T` by the caller's promise.
    Ok(Some(unsafe { options.read_unaligned() }))
}

/// Reads the options of a loop.
///
/// # Safety
/// `options` is NULL or points to `struct_size` readable bytes.
pub(super) unsafe fn read_loop(options: *const egret_ws_loop_options) -> Result<egret_ws_loop_options, Error> {
    let defaults = egret_ws_loop_options {
        struct_size: 0,
        flags: 0,
        user: std::ptr::null_mut(),
        on_log: None,
        log_level: 0,
        poll_max_callbacks: 0,
        poll_max_us: 0,
        linger_ms: 0,
    };
    // SAFETY: the caller's promise; the struct has numbers, a pointer and a nullable function pointer.
    unsafe { read(options) }.map(|given| given.unwrap_or(defaults))
}

/// Reads the options of a socket.
///
/// # Safety
/// `options` is NULL or points to `struct_size` readable bytes.
pub(super) unsafe fn read_socket(options: *const egret_ws_options) -> Result<egret_ws_options, Error> {
    let defaults = egret_ws_options {
        struct_size: 0,
        flags: 0,
        user: std::ptr::null_mut(),
        on_connect: None,
        on_data: None,
        on_close: None,
        release_user: None,
        connect_timeout_ms: 0,
        handshake_timeout_ms: 0,
        close_timeout_ms: 0,
        max_message_bytes: 0,
        max_send_buffer_bytes: 0,
        max_receive_queue_bytes: 0,
        subprotocols: std::ptr::null(),
    };
    // SAFETY: the caller's promise; the struct has numbers, pointers and nullable function pointers.
    unsafe { read(options) }.map(|given| given.unwrap_or(defaults))
}

fn or(value: u32, default: u32) -> u32 {
    if value == 0 { default } else { value }
}

/// The level that a loop logs at.
pub(super) fn log_level(given: &egret_ws_loop_options) -> i32 {
    if given.log_level == 0 { EGRET_WS_LOG_WARN } else { given.log_level }
}

/// Checks the options of a loop. An error comes with what is wrong.
pub(super) fn check_loop(given: &egret_ws_loop_options) -> Result<LoopOptions, (Error, String)> {
    let invalid = |why: &str| Err((Error::InvalidArgument, why.to_owned()));
    if given.flags & !EGRET_WS_LOOP_INLINE != 0 {
        return invalid("flags has an unknown bit");
    }
    if !(EGRET_WS_LOG_ERROR..=EGRET_WS_LOG_DEBUG).contains(&log_level(given)) {
        return invalid("log_level is not one of EGRET_WS_LOG_*");
    }
    let poll_max_us = or(given.poll_max_us, 4000);
    Ok(LoopOptions {
        inline: given.flags & EGRET_WS_LOOP_INLINE != 0,
        poll_max_callbacks: or(given.poll_max_callbacks, 4096),
        poll_max_time: (poll_max_us != u32::MAX).then(|| Duration::from_micros(poll_max_us.into())),
        linger: Duration::from_millis(given.linger_ms.into()),
    })
}

/// Checks the options of a socket. An error comes with what is wrong.
pub(super) fn check_socket(given: &egret_ws_options) -> Result<Limits, (Error, &'static str)> {
    let invalid = |why| Err((Error::InvalidArgument, why));
    if given.flags != 0 {
        return invalid("flags has an unknown bit");
    }
    let max_message = or(given.max_message_bytes, EGRET_WS_MAX_MESSAGE_BYTES);
    if max_message > EGRET_WS_MAX_MESSAGE_BYTES {
        return invalid("max_message_bytes is above EGRET_WS_MAX_MESSAGE_BYTES, which nothing raises");
    }
    let max_send_buffer = or(given.max_send_buffer_bytes, 1024 * 1024);
    if (max_send_buffer as usize) < max_message as usize + MAX_HEADER {
        return invalid("max_send_buffer_bytes is less than max_message_bytes + 14: not every message could be sent");
    }
    let milliseconds = |value, default| Duration::from_millis(or(value, default).into());
    Ok(Limits {
        connect: milliseconds(given.connect_timeout_ms, 15_000),
        handshake: milliseconds(given.handshake_timeout_ms, 10_000),
        close: milliseconds(given.close_timeout_ms, 5_000),
        max_message: max_message as usize,
        max_send_buffer: max_send_buffer as usize,
        max_receive_queue: or(given.max_receive_queue_bytes, 1024 * 1024) as usize,
    })
}

/// Reads the list of subprotocols of the options. An error comes with what is wrong.
///
/// # Safety
/// `given.subprotocols` is NULL or ends in a NUL.
pub(super) unsafe fn check_subprotocols(given: &egret_ws_options) -> Result<Vec<String>, (Error, &'static str)> {
    if given.subprotocols.is_null() {
        return Ok(Vec::new());
    }
    // SAFETY: not NULL, and ends in a NUL by the caller's promise.
    let list = unsafe { text::nul_terminated(given.subprotocols) }
        .map_err(|_| (Error::InvalidArgument, "subprotocols is not UTF-8"))?;
    subprotocols(list).map_err(|why| (Error::InvalidArgument, why))
}
