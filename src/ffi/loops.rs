//! The exports that take a loop.

use super::guard::{self, NoHandle, guard, guard_code, guard_with};
use super::handle::{self, FoundLoop, Handle};
use super::options::Host;
use super::types::{
    egret_ws_error_t, egret_ws_free_report, egret_ws_loop, egret_ws_loop_options, egret_ws_on_wakeup_fn,
};
use super::{callbacks, options, sized};
use crate::config::{LoopConfig, LoopOptions};
use crate::error::{DetailedError, Error};
use crate::log::Log;
use crate::socket::{FreeReport, Loop};
use crate::{failpoint, fork, panics};
use std::ffi::c_void;
use std::sync::Arc;

/// Fills `options` with zeros, that is with defaults, and sets its `struct_size` to `size`; pass `sizeof *options`.
/// Sizes of older and newer headers are accepted, from that of the first release to 4096. Any thread.
///
/// Errors: `INVALID_ARGUMENT` (`options` is NULL), `BAD_STRUCT` (no release has this size), `FORKED`, `INTERNAL`.
///
/// # Safety
/// `options` is NULL or points to `size` writable bytes.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_loop_options_init(
    options: *mut egret_ws_loop_options,
    size: usize,
) -> egret_ws_error_t {
    // SAFETY: the caller's promise, passed on.
    guard_code("egret_ws_loop_options_init", NoHandle, |()| unsafe { sized::init(options, size) })
}

/// Makes a loop and stores its handle in `*out`. `options` may be NULL for the defaults. Never blocks. Any thread.
///
/// Without `EGRET_WS_LOOP_INLINE` the loop starts its I/O thread here. Free the loop with `egret_ws_loop_free`. After an error
/// `*out` is as it was.
///
/// Errors: `INVALID_ARGUMENT`, `BAD_STRUCT`, `NO_RESOURCES` (no thread, descriptor or handle left), `FORKED`, `INTERNAL`.
///
/// # Safety
/// `options` is NULL or points to `options->struct_size` readable bytes; `out` is NULL or writable.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_loop_new(
    options: *const egret_ws_loop_options,
    out: *mut *mut egret_ws_loop,
) -> egret_ws_error_t {
    guard_code("egret_ws_loop_new", NoHandle, |()| {
        if out.is_null() {
            return Err(DetailedError::invalid("out is NULL: give the address of an egret_ws_loop pointer"));
        }
        // SAFETY: the caller's promise about `options`, passed on.
        let given = unsafe { sized::read(options) }?;
        // SAFETY: as above.
        let (options, host) = unsafe { options::of_loop(&given) }?;
        let log = Arc::new(callbacks::log(&given, options.log_level()));
        panics::watch();
        let make = || {
            let refused = |refusal: &DetailedError| guard::log_refusal(&log, 0, "egret_ws_loop_new", refusal);
            make(&options, &log, &host).inspect_err(refused)
        };
        let made = panics::catch(make).unwrap_or_else(|panicked| {
            log.error(0, format_args!("{panicked}, while a loop was made"));
            Err(guard::fault(&panicked))
        });
        // SAFETY: not NULL, and writable by the caller's promise.
        unsafe { out.write(made?.to_loop()) };
        Ok(())
    })
}

fn make(options: &LoopOptions, log: &Arc<Log>, host: &Host) -> Result<Handle, DetailedError> {
    failpoint::point(failpoint::Place::Loop);
    let parts = host.parts();
    let config = LoopConfig::new(options)?;
    let (id, slot) = handle::reserve_loop()
        .map_err(|error| DetailedError::new(error, "no handle is left: free another loop first"))?;
    fork::watch()?;
    let made = Loop::new(config, Arc::clone(log), parts)?;
    failpoint::arm();
    slot.fill(made);
    host.keep_users();
    Ok(id)
}

/// Runs the callbacks that are due, on this thread, and returns their number (0 or more; a callback that is NULL counts too,
/// `on_log` does not), or a negative error. Call it once a frame with `timeout_ms` 0: with nothing to do it costs tens
/// of nanoseconds, or with an inline loop one system call.
///
/// `timeout_ms`: 0 never blocks; a positive number waits at most that many milliseconds for something to do; a negative
/// number waits without limit. The poll's budget (see the loop's options) limits the work of one call; the rest is done by
/// the next call.
///
/// One thread at a time.
///
/// Errors: `BUSY` (another thread polls this loop), `REENTRANT` (from a callback), `BAD_HANDLE`, `FORKED`, `INTERNAL`.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn egret_ws_loop_poll(r#loop: *mut egret_ws_loop, timeout_ms: i32) -> i32 {
    let poll = |host_loop: &FoundLoop| {
        let callbacks = host_loop.poll(timeout_ms)?;
        Ok(i32::try_from(callbacks).unwrap_or(i32::MAX))
    };
    guard_with("egret_ws_loop_poll", r#loop, poll, Error::code)
}

/// Makes a waiting poll of this loop return at once, or else the next poll. That poll returns 0 if nothing was due. Any thread, any
/// callback.
///
/// Errors: `BAD_HANDLE`, `FORKED`, `INTERNAL`.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn egret_ws_loop_wake(r#loop: *mut egret_ws_loop) -> egret_ws_error_t {
    guard_code("egret_ws_loop_wake", r#loop, |host_loop| {
        host_loop.wake();
        Ok(())
    })
}

/// Sets the callback that asks for a poll, for applications that do not poll each frame; NULL for none, as at the beginning. It is
/// called when something becomes due, once until the next poll, and when a poll ends at its budget and work is left. If
/// something is due now, it is called soon, perhaps before this call returns. Any thread, any callback.
///
/// Waits until no other thread is inside an earlier callback of this function. So when it has returned `EGRET_WS_OK`, the `user` of
/// each earlier callback can be freed; that of the last one when `egret_ws_loop_free` has returned `EGRET_WS_OK`. Do not hold a lock
/// that an earlier callback takes, and do not let it wait for this thread: the call would never return. There is one exception: inside
/// an `on_log` or a wake-up callback, of any loop, this function does not wait, because two threads could then wait for each other.
/// There, free the earlier `user` later, after a call from outside.
///
/// Errors: `UNSUPPORTED` (an inline loop, which has no thread that could call: see `egret_ws_loop_descriptor`), `BAD_HANDLE`
/// (also if another thread is freeing the loop), `FORKED`, `INTERNAL`.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn egret_ws_loop_set_wakeup(
    r#loop: *mut egret_ws_loop,
    on_wakeup: egret_ws_on_wakeup_fn,
    user: *mut c_void,
) -> egret_ws_error_t {
    guard_code("egret_ws_loop_set_wakeup", r#loop, |host_loop| host_loop.set_wakeup(callbacks::wakeup(on_wakeup, user)))
}

/// Returns a file descriptor that is readable while a poll has something to do: for `poll`, `epoll`, GLib, ALooper,
/// CFFileDescriptor, libuv. Only wait on it: the library reads from it, and closes it when the loop is freed. Like all descriptors
/// of this library it is close-on-exec: a program that this process runs does not inherit it. Wait no longer than
/// `egret_ws_loop_next_poll_ms` returns. Any thread.
///
/// Errors: `UNSUPPORTED` (on Windows: use `egret_ws_loop_set_wakeup`), `NO_RESOURCES` (no descriptor left), `BAD_HANDLE`, `FORKED`,
/// `INTERNAL`.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn egret_ws_loop_descriptor(r#loop: *mut egret_ws_loop) -> i32 {
    guard("egret_ws_loop_descriptor", r#loop, |host_loop| host_loop.descriptor())
}

/// Returns the milliseconds after which to poll even if the descriptor is not readable: 0 if a poll has something to do now,
/// INT32_MAX for no limit. Call it before each wait; a loop with an I/O thread handles its timers itself and has no limit. Any
/// thread.
///
/// Errors: `BAD_HANDLE`, `FORKED`, `INTERNAL`.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn egret_ws_loop_next_poll_ms(r#loop: *mut egret_ws_loop) -> i32 {
    guard("egret_ws_loop_next_poll_ms", r#loop, |host_loop| Ok(host_loop.timeout()))
}

/// Suspends the loop: the process may be frozen from now on, because the application goes to the background. Until
/// `egret_ws_loop_resume` no connection is made again. Connections stay open, and the loop's time stands still: no deadline passes,
/// and no ping is sent. The loop still receives messages, and polls still dispatch.
///
/// With `EGRET_WS_LOOP_CLOSE_ON_SUSPEND` the loop instead closes open sockets with 1001 (going away), and abandons those that are
/// connecting; its time goes on. Poll until their `on_close`, or with `retry_attempts` their `on_retry`, was called; the latter
/// wait for `egret_ws_loop_resume` to connect again. A socket that is made during the suspend, or for which `egret_ws_retry_now` is
/// called, still connects.
///
/// Never blocks. A second call does nothing. Any thread.
///
/// Errors: `BAD_HANDLE`, `FORKED`, `INTERNAL`.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn egret_ws_loop_suspend(r#loop: *mut egret_ws_loop) -> egret_ws_error_t {
    guard_code("egret_ws_loop_suspend", r#loop, |host_loop| {
        host_loop.suspend();
        Ok(())
    })
}

/// Resumes the loop: the process runs again, and the loop's time goes on. Each open connection is probed with a ping. If nothing
/// is received within `probe_timeout_ms`, it ends, or with `retry_attempts` is made again. A connection that is being made starts
/// again, and a wait of reconnecting ends. Call it also without a suspend before it, whenever connections may be lost. If several
/// calls of suspend, resume and network_changed come before the loop has handled them, the last state counts, and connections are
/// probed once. Never blocks. Any thread.
///
/// Errors: `BAD_HANDLE`, `FORKED`, `INTERNAL`.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn egret_ws_loop_resume(r#loop: *mut egret_ws_loop) -> egret_ws_error_t {
    guard_code("egret_ws_loop_resume", r#loop, |host_loop| {
        host_loop.resume();
        Ok(())
    })
}

/// Notifies the loop of a change of the machine's network: Wi-Fi to mobile, a VPN, an address. Has the effects of
/// `egret_ws_loop_resume`, and names are looked up again. During a suspend it takes effect with the resume. Call it when another
/// network is in use, not for each notice of the system: sockets that are connecting start again each time. Never blocks. Any thread.
///
/// Errors: `BAD_HANDLE`, `FORKED`, `INTERNAL`.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn egret_ws_loop_network_changed(r#loop: *mut egret_ws_loop) -> egret_ws_error_t {
    guard_code("egret_ws_loop_network_changed", r#loop, |host_loop| {
        host_loop.network_changed();
        Ok(())
    })
}

/// Frees the loop and all its sockets; their handles are invalid when it returns. No `on_close` is called; each
/// `release_user` that has not run yet runs now, on this thread. Open sockets are closed with 1001 (going away).
///
/// Waits at most `linger_ms` (see the loop's options) until accepted messages are written and closing handshakes have ended, then
/// until the I/O thread has ended, which never blocks and stops its work early, and until no other thread is inside `on_log` or the
/// wake-up callback of this loop. So when it has returned `EGRET_WS_OK`, no callback of the loop is running or follows but hooks
/// and their `release_user`, and each other `user` can be freed. Do not hold a lock that one of these callbacks takes. During the linger
/// time no socket is cut by its own `flush_timeout_ms` or `close_timeout_ms`. Connections that have not begun do not begin.
///
/// `lost` may be NULL. It gets the number of accepted messages that were not sent and that no callback has reported: 0 `sockets` if
/// all have gone out. For each socket that has lost messages there is a log line at `EGRET_WS_LOG_WARN`, also for those that
/// `egret_ws_free` freed before. After an error other than INTERNAL nothing was freed, and `*lost` is as it was.
///
/// Errors: `BAD_STRUCT` (no release has this `lost->struct_size`), `REENTRANT` (from a callback), `BUSY` (another
/// thread polls it), `BAD_HANDLE`, `FORKED`, `INTERNAL`.
///
/// # Safety
/// `lost` is NULL or points to `lost->struct_size` readable and writable bytes.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_loop_free(
    r#loop: *mut egret_ws_loop,
    lost: *mut egret_ws_free_report,
) -> egret_ws_error_t {
    guard_code("egret_ws_loop_free", r#loop, |host_loop| {
        // SAFETY: the caller's promise, passed on.
        unsafe { sized::check_optional(lost) }?;
        host_loop.begin_free()?;
        handle::remove_loop(host_loop);
        let FreeReport { sockets, messages, bytes } = host_loop.finish_free()?;
        // A connect call of another thread may have made a socket just before the loop refused new ones.
        handle::remove_loop(host_loop);
        if !lost.is_null() {
            let report = |struct_size| egret_ws_free_report {
                struct_size,
                sockets,
                unsent_messages: messages,
                unsent_bytes: bytes,
            };
            // SAFETY: the caller's promise, passed on.
            unsafe { sized::write(lost, report) }?;
        }
        Ok(())
    })
}
