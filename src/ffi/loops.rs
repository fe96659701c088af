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

/// Sets all options of a loop to their defaults.
///
/// It fills the struct with zeros and sets its `struct_size`. The size may be that of an older or newer header, from
/// the size of the first release to 4096.
///
/// - `options`: The struct to fill. It has `size` bytes.
/// - `size`: Pass `sizeof *options`, in bytes.
/// - Returns: `EGRET_WS_OK`, or a negative error.
/// - Errors: `INVALID_ARGUMENT` (`options` is NULL), `BAD_STRUCT` (no release has this size), `FORKED`, `INTERNAL`.
/// - Threads: Any thread.
/// - Since: 0.2
///
/// # Safety
/// The pointers are as the list above says.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_loop_options_init(
    options: *mut egret_ws_loop_options,
    size: usize,
) -> egret_ws_error_t {
    // SAFETY: the caller's promise, passed on.
    guard_code("egret_ws_loop_options_init", NoHandle, |()| unsafe { sized::init(options, size) })
}

/// Makes a loop.
///
/// Without `EGRET_WS_LOOP_INLINE` the loop starts its I/O thread here. Free the loop with `egret_ws_loop_free`.
///
/// - `options`: The options, read during the call. The struct has `options->struct_size` bytes. NULL means the
///   defaults.
/// - `out`: Receives the handle of the loop. It is written only on success.
/// - Returns: `EGRET_WS_OK`, or a negative error.
/// - Errors: `INVALID_ARGUMENT` (`out` is NULL, or an option has a value that is not allowed), `BAD_STRUCT`,
///   `NO_RESOURCES` (no thread, descriptor or handle is left), `FORKED`, `INTERNAL`.
/// - Threads: Any thread. Never blocks.
/// - Since: 0.2
///
/// # Safety
/// The pointers are as the list above says.
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

/// Runs the callbacks that are due, on the calling thread.
///
/// Call it once a frame with a `timeout_ms` of 0. If there is nothing to do, such a call costs tens of nanoseconds, or
/// with an inline loop one system call. The options `poll_max_callbacks` and `poll_max_us` of the loop limit the work
/// of one call. The next call does the rest.
///
/// - `loop`: The loop.
/// - `timeout_ms`: How long to wait for something to do, in milliseconds. 0 never blocks. A positive number is the
///   longest wait. A negative number waits without limit.
/// - Returns: The number of callbacks, 0 or more, or a negative error. A callback that is NULL is counted too. `on_log`
///   is not counted.
/// - Errors: `BUSY` (another thread polls this loop), `REENTRANT` (the call was made inside a callback), `BAD_HANDLE`,
///   `FORKED`, `INTERNAL`.
/// - Threads: One thread at a time, not inside a callback of this loop.
/// - Since: 0.2
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn egret_ws_loop_poll(r#loop: *mut egret_ws_loop, timeout_ms: i32) -> i32 {
    let poll = |host_loop: &FoundLoop| {
        let callbacks = host_loop.poll(timeout_ms)?;
        Ok(i32::try_from(callbacks).unwrap_or(i32::MAX))
    };
    guard_with("egret_ws_loop_poll", r#loop, poll, Error::code)
}

/// Makes a waiting poll of the loop return at once.
///
/// If no poll is waiting, the next poll returns at once. That poll returns 0 if nothing was due.
///
/// - `loop`: The loop.
/// - Returns: `EGRET_WS_OK`, or a negative error.
/// - Errors: `BAD_HANDLE`, `FORKED`, `INTERNAL`.
/// - Threads: Any thread, also inside any callback.
/// - Since: 0.2
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn egret_ws_loop_wake(r#loop: *mut egret_ws_loop) -> egret_ws_error_t {
    guard_code("egret_ws_loop_wake", r#loop, |host_loop| {
        host_loop.wake();
        Ok(())
    })
}

/// Sets the callback that asks for a poll, for applications that do not poll each frame.
///
/// A new loop has no such callback. The callback is called once when something becomes due; it is called again only
/// after the next poll. It is also called when a poll ends at its budget and work is left. If something is due now, it
/// is called soon, perhaps before this call returns.
///
/// The call waits until no other thread is inside an earlier callback of this function. After it has returned
/// `EGRET_WS_OK`, the `user` of each earlier callback can be freed. The `user` of the last callback can be freed when
/// `egret_ws_loop_free` has returned `EGRET_WS_OK`.
///
/// Do not hold a lock that an earlier callback takes, and do not let an earlier callback wait for this thread.
/// Otherwise this call never returns. There is one exception: inside an `on_log` or wake-up callback, of any loop, this
/// function does not wait, because otherwise two threads could wait for each other. In that case free the earlier
/// `user` later, after a call from outside such a callback.
///
/// - `loop`: The loop, which must have an I/O thread.
/// - `on_wakeup`: The callback. NULL removes it.
/// - `user`: Passed to the callback. The library does not dereference it. May be NULL.
/// - Returns: `EGRET_WS_OK`, or a negative error.
/// - Errors: `UNSUPPORTED` (an inline loop has no thread that could call: see `egret_ws_loop_descriptor`), `BAD_HANDLE`
///   (also if another thread is freeing the loop), `FORKED`, `INTERNAL`.
/// - Threads: Any thread, also inside any callback. It can wait for a callback, as described above.
/// - Since: 0.2
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn egret_ws_loop_set_wakeup(
    r#loop: *mut egret_ws_loop,
    on_wakeup: egret_ws_on_wakeup_fn,
    user: *mut c_void,
) -> egret_ws_error_t {
    guard_code("egret_ws_loop_set_wakeup", r#loop, |host_loop| host_loop.set_wakeup(callbacks::wakeup(on_wakeup, user)))
}

/// Returns a file descriptor that is readable while a poll has something to do.
///
/// Use it with `poll`, `epoll`, GLib, ALooper, CFFileDescriptor or libuv. Only wait on it: the library reads from it,
/// and closes it when the loop is freed. Wait no longer than `egret_ws_loop_next_poll_ms` returns. The descriptor is
/// close-on-exec, like all descriptors of this library: a program that this process runs does not inherit it.
///
/// - `loop`: The loop.
/// - Returns: The descriptor, or a negative error. It stays open until the loop is freed.
/// - Errors: `UNSUPPORTED` (on Windows: use `egret_ws_loop_set_wakeup`), `NO_RESOURCES` (no descriptor is left),
///   `BAD_HANDLE`, `FORKED`, `INTERNAL`.
/// - Threads: Any thread.
/// - Since: 0.2
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn egret_ws_loop_descriptor(r#loop: *mut egret_ws_loop) -> i32 {
    guard("egret_ws_loop_descriptor", r#loop, |host_loop| host_loop.descriptor())
}

/// Returns the time after which to poll even if the descriptor of the loop is not readable.
///
/// Call it before each wait. A loop with an I/O thread handles its timers itself and has no such limit.
///
/// - `loop`: The loop.
/// - Returns: A time in milliseconds, or a negative error. 0 means that a poll has something to do now. INT32_MAX means
///   that there is no limit.
/// - Errors: `BAD_HANDLE`, `FORKED`, `INTERNAL`.
/// - Threads: Any thread.
/// - Since: 0.2
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn egret_ws_loop_next_poll_ms(r#loop: *mut egret_ws_loop) -> i32 {
    guard("egret_ws_loop_next_poll_ms", r#loop, |host_loop| Ok(host_loop.timeout()))
}

/// Suspends the loop because the process may be frozen from now on.
///
/// Call it when the application goes to the background. Until `egret_ws_loop_resume` no socket connects again. Open
/// connections stay open. The clock of the loop stands still: no deadline passes, and no ping is sent. The loop still
/// receives messages, and polls still dispatch them. A second call does nothing.
///
/// With `EGRET_WS_LOOP_CLOSE_ON_SUSPEND` the loop instead closes open sockets with 1001 (going away) and abandons
/// connecting ones. Its clock keeps running. Poll until the `on_close` of these sockets was called, or their `on_retry`
/// if they have `retry_attempts`. Sockets with `retry_attempts` wait for `egret_ws_loop_resume` before they connect
/// again. A socket still connects if it is made during the suspend, or if `egret_ws_retry_now` is called for it.
///
/// - `loop`: The loop.
/// - Returns: `EGRET_WS_OK`, or a negative error.
/// - Errors: `BAD_HANDLE`, `FORKED`, `INTERNAL`.
/// - Threads: Any thread. Never blocks.
/// - Since: 0.2
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn egret_ws_loop_suspend(r#loop: *mut egret_ws_loop) -> egret_ws_error_t {
    guard_code("egret_ws_loop_suspend", r#loop, |host_loop| {
        host_loop.suspend();
        Ok(())
    })
}

/// Resumes the loop because the process runs again.
///
/// The clock of the loop runs again. Each open connection is probed with a ping. If nothing is received within
/// `probe_timeout_ms`, the connection ends, or is made again if the socket has `retry_attempts`. A connection that is
/// being made starts again, and a wait before a reconnect ends.
///
/// Call it also without an earlier suspend, whenever connections may be lost. If several calls of suspend, resume and
/// network_changed come before the loop has handled them, the last state counts, and connections are probed once.
///
/// - `loop`: The loop.
/// - Returns: `EGRET_WS_OK`, or a negative error.
/// - Errors: `BAD_HANDLE`, `FORKED`, `INTERNAL`.
/// - Threads: Any thread. Never blocks.
/// - Since: 0.2
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn egret_ws_loop_resume(r#loop: *mut egret_ws_loop) -> egret_ws_error_t {
    guard_code("egret_ws_loop_resume", r#loop, |host_loop| {
        host_loop.resume();
        Ok(())
    })
}

/// Notifies the loop that the network of the machine has changed.
///
/// Examples are a change from Wi-Fi to mobile, a VPN, and a new address. The call has the effects of
/// `egret_ws_loop_resume`. In addition, names are looked up again. During a suspend it takes effect with the resume.
///
/// Call it when another network is in use, not for each notice of the system: sockets that are connecting start again
/// each time.
///
/// - `loop`: The loop.
/// - Returns: `EGRET_WS_OK`, or a negative error.
/// - Errors: `BAD_HANDLE`, `FORKED`, `INTERNAL`.
/// - Threads: Any thread. Never blocks.
/// - Since: 0.2
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn egret_ws_loop_network_changed(r#loop: *mut egret_ws_loop) -> egret_ws_error_t {
    guard_code("egret_ws_loop_network_changed", r#loop, |host_loop| {
        host_loop.network_changed();
        Ok(())
    })
}

/// Frees the loop and all its sockets.
///
/// Their handles are invalid when the call returns. `on_close` is not called. For each socket `release_user` is called
/// now, on this thread, unless it was called before. Open sockets are closed with 1001 (going away). Connections that
/// have not begun do not begin.
///
/// The call waits for three things, in this order:
/// 1. Accepted messages are written and closing handshakes have ended. This wait takes at most `linger_ms` of the
///    loop's options. During this wait no socket is cut by its own `flush_timeout_ms` or `close_timeout_ms`.
/// 2. The I/O thread has ended. This thread never blocks and stops its work early. Only a TLS provider that does not
///    return can delay it, by at most a second (see `egret_ws_tls_provider`).
/// 3. No other thread is inside `on_log` or the wake-up callback of this loop.
///
/// After the call has returned `EGRET_WS_OK`, no callback of the loop is running, and none follows, except hooks, the
/// `new_context` of a TLS provider, and the `release_user` of both. Every other `user` can be freed. Do not hold a lock
/// that one of these callbacks takes.
///
/// For each socket that has lost messages, a line is logged at `EGRET_WS_LOG_WARN`, also if `egret_ws_free` freed the
/// socket before. After an error other than INTERNAL nothing was freed.
///
/// - `loop`: The loop.
/// - `lost`: Receives the number of accepted messages that were not sent and that no callback has reported. Its
///   `sockets` is 0 if all messages were sent. The struct has `lost->struct_size` bytes; set `struct_size` before the
///   call. After an error other than INTERNAL it is unchanged. May be NULL.
/// - Returns: `EGRET_WS_OK`, or a negative error.
/// - Errors: `BAD_STRUCT` (no release has this `lost->struct_size`), `REENTRANT` (the call was made inside a callback),
///   `BUSY` (another thread polls the loop), `BAD_HANDLE`, `FORKED`, `INTERNAL`.
/// - Threads: One thread at a time, not inside a callback of this loop. It blocks as described above.
/// - Since: 0.2
///
/// # Safety
/// The pointers are as the list above says.
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
