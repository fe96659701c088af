//! The exports that take a loop.

use super::guard::{guard, guard_code};
use super::handle::{self, Reserved};
use super::types::{egret_ws_loop, egret_ws_loop_options};
use super::{callbacks, fork, options};
use crate::error::Error;
use crate::fault;
use crate::socket::Loop;
use std::mem::size_of;
use std::sync::Arc;

/// Fills `options` with zeros, that is with defaults, and sets its `struct_size` to `size`; pass `sizeof *options`.
/// Any thread. `EGRET_WS_ERR_INVALID_ARGUMENT` if `options` is NULL, `EGRET_WS_ERR_BAD_STRUCT` for a size that is too
/// small or larger than 4096.
///
/// # Safety
/// `options` is NULL or points to `size` writable bytes.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_loop_options_init(options: *mut egret_ws_loop_options, size: usize) -> i32 {
    // SAFETY: the caller's promise, passed on.
    guard_code(|| unsafe { options::init(options, size, size_of::<egret_ws_loop_options>()) })
}

/// Makes a loop and stores its handle in `*out`. `options` may be NULL for the defaults. Never blocks. Any thread.
///
/// Without `EGRET_WS_LOOP_INLINE` the loop starts its I/O thread here. Free the loop with `egret_ws_loop_free`.
/// Errors: `INVALID_ARGUMENT`, `BAD_STRUCT`, `NO_RESOURCES` (no thread or descriptor left), `FORKED`; `*out` is then
/// left as it was.
///
/// # Safety
/// `options` is NULL or points to `options->struct_size` readable bytes; `out` is NULL or writable.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_loop_new(options: *const egret_ws_loop_options, out: *mut *mut egret_ws_loop) -> i32 {
    guard_code(|| {
        if out.is_null() {
            return Err(Error::InvalidArgument);
        }
        // SAFETY: the caller's promise about `options`, passed on.
        let given = unsafe { options::read_loop(options) }?;
        let log = Arc::new(callbacks::log(&given));
        let refuse = |(error, why): (Error, String)| {
            log.warn(0, format_args!("egret_ws_loop_new refused: {why}"));
            error
        };
        let options = options::check_loop(&given).map_err(refuse)?;
        let reserved = Reserved::new(handle::Kind::Loop)?;
        fork::watch().map_err(refuse)?;
        let made = Loop::new(options, Arc::clone(&log)).map_err(refuse)?;
        fault::arm();
        let id = reserved.handle();
        reserved.fill(handle::Entry::Loop(made));
        // SAFETY: not NULL, and writable by the caller's promise.
        unsafe { out.write(id.to_loop()) };
        Ok(())
    })
}

/// Runs the callbacks that are due, on this thread, and returns how many ran (0 or more; one that is NULL counts too,
/// `on_log` does not), or a negative error. Call it once a frame with `timeout_ms` 0: with nothing to do that costs tens
/// of nanoseconds, inline one system call.
///
/// `timeout_ms`: 0 never blocks; a positive number waits at most that many milliseconds for something to do; a negative
/// one waits without limit. The poll's budget (see the loop's options) bounds what one call does; what is left comes
/// with the next call.
///
/// One thread at a time: `EGRET_WS_ERR_BUSY` while another polls this loop, `EGRET_WS_ERR_REENTRANT` from a callback.
/// Other errors: `BAD_HANDLE`, `FORKED`, `INTERNAL`.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn egret_ws_loop_poll(r#loop: *mut egret_ws_loop, timeout_ms: i32) -> i32 {
    guard(|| {
        let host_loop = handle::resolve_loop(r#loop)?;
        let polled = host_loop.poll(timeout_ms).inspect_err(|error| refused(&host_loop, "poll", *error));
        polled.map(|callbacks| i32::try_from(callbacks).unwrap_or(i32::MAX))
    })
}

/// Frees the loop and every socket of it; their handles are invalid when it returns. No `on_close` is called; each
/// socket's `release_user` that has not run yet runs now, on this thread. Open sockets are told 1001 (going away).
///
/// Waits for the I/O thread to end, which never blocks, and at most `linger_ms` (see the loop's options) for what was
/// accepted to be written. `EGRET_WS_ERR_REENTRANT` from a callback of this loop, `EGRET_WS_ERR_BUSY` while another
/// thread polls it: then nothing was freed. Other errors: `BAD_HANDLE`, `FORKED`.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn egret_ws_loop_free(r#loop: *mut egret_ws_loop) -> i32 {
    guard_code(|| {
        let host_loop = handle::resolve_loop(r#loop)?;
        host_loop.begin_free().inspect_err(|error| refused(&host_loop, "free", *error))?;
        handle::remove_loop(&host_loop);
        host_loop.finish_free();
        // A connect call of another thread may have made a socket just before the loop took no more.
        handle::remove_loop(&host_loop);
        Ok(())
    })
}

fn refused(host_loop: &Loop, call: &str, error: Error) {
    host_loop.log().warn(0, format_args!("egret_ws_loop_{call} refused: {}", error.text()));
}
