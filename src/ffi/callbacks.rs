//! Calls the callbacks of the host for events of a socket and for log lines.

use super::handle::Handle;
use super::types::{
    egret_ws, egret_ws_close_info, egret_ws_loop_options, egret_ws_on_close_fn, egret_ws_on_connect_fn,
    egret_ws_on_drain_fn, egret_ws_on_log_fn, egret_ws_on_message_fn, egret_ws_on_retry_fn, egret_ws_on_wakeup_fn,
    egret_ws_options, egret_ws_release_user_fn,
};
use crate::constants::EGRET_WS_OK;
use crate::error::Error;
use crate::log::{Log, Sink};
use crate::socket::{Listener, MessageKind, Report, Wakeup};
use std::ffi::{CStr, CString, c_void};
use std::sync::Arc;

/// The pointer `user` of the host. The library never dereferences it.
#[derive(Clone, Copy)]
struct User(*mut c_void);

// SAFETY: the library only passes it to the functions of the host. The header says on which threads they run.
unsafe impl Send for User {}
// SAFETY: as above.
unsafe impl Sync for User {}

/// The callbacks of a socket.
pub(super) struct Callbacks {
    user: User,
    functions: Functions,
    handle: Handle,
}

struct Functions {
    on_connect: egret_ws_on_connect_fn,
    on_message: egret_ws_on_message_fn,
    on_close: egret_ws_on_close_fn,
    on_drain: egret_ws_on_drain_fn,
    on_retry: egret_ws_on_retry_fn,
    release_user: egret_ws_release_user_fn,
}

impl Callbacks {
    pub(super) fn new(given: &egret_ws_options, handle: Handle) -> Callbacks {
        let egret_ws_options { user, on_connect, on_message, on_close, on_drain, on_retry, release_user, .. } = *given;
        let functions = Functions { on_connect, on_message, on_close, on_drain, on_retry, release_user };
        Callbacks { user: User(user), functions, handle }
    }

    fn socket(&self) -> *mut egret_ws {
        self.handle.to_socket()
    }
}

impl Listener for Callbacks {
    fn connected(&self) {
        if let Some(on_connect) = self.functions.on_connect {
            // SAFETY: the host gave a function of this type, which the poll may call with `user`.
            unsafe { on_connect(self.user.0, self.socket()) }
        }
    }

    #[inline]
    fn data(&self, kind: MessageKind, data: &[u8]) {
        if let Some(on_message) = self.functions.on_message {
            // SAFETY: as above; `data` lives until the call returns.
            unsafe { on_message(self.user.0, self.socket(), kind as i32, data.as_ptr(), data.len()) }
        }
    }

    fn closed(&self, report: &Report) {
        let Some(on_close) = self.functions.on_close else { return };
        // SAFETY: as above; the info lives until the call returns.
        with_info(report, |info| unsafe { on_close(self.user.0, self.socket(), info) });
    }

    fn drained(&self) {
        if let Some(on_drain) = self.functions.on_drain {
            // SAFETY: as above.
            unsafe { on_drain(self.user.0, self.socket()) }
        }
    }

    fn retrying(&self, report: &Report, attempt: u32, delay_ms: u32) {
        let Some(on_retry) = self.functions.on_retry else { return };
        // SAFETY: as above; the info lives until the call returns.
        with_info(report, |info| unsafe { on_retry(self.user.0, self.socket(), info, attempt, delay_ms) });
    }

    fn release(&self) {
        if let Some(release_user) = self.functions.release_user {
            // SAFETY: as above; the caller makes this call last, and once.
            unsafe { release_user(self.user.0) }
        }
    }
}

/// Calls C with a report, which is valid until the call returns.
fn with_info(report: &Report, call: impl FnOnce(&egret_ws_close_info)) {
    // A reason may contain a NUL; `reason_len` is then longer than the C string.
    let reason = [report.reason.as_bytes(), &[0]].concat();
    let message = CString::new(report.message.replace('\0', " ")).unwrap_or_default();
    call(&egret_ws_close_info {
        struct_size: size_of::<egret_ws_close_info>() as u32,
        error: report.error.map_or(EGRET_WS_OK, Error::code),
        phase: report.phase as i32,
        initiator: report.initiator as i32,
        http_status: report.http_status.into(),
        os_error: report.os_error,
        code: report.code,
        sent_code: report.sent_code,
        unsent_messages: report.unsent_messages,
        reason: reason.as_ptr().cast(),
        reason_len: report.reason.len(),
        message: message.as_ptr(),
        unsent_bytes: report.unsent_bytes,
    });
}

/// Makes the wake-up callback of a loop.
pub(super) fn wakeup(on_wakeup: egret_ws_on_wakeup_fn, user: *mut c_void) -> Option<Wakeup> {
    let user = User(user);
    on_wakeup.map(|on_wakeup| {
        Arc::new(move || {
            let User(user) = { &user };
            // SAFETY: the host gave a function of this type, which any thread may call with `user`.
            unsafe { on_wakeup(*user) }
        }) as Wakeup
    })
}

struct LogCallback {
    user: User,
    on_log: unsafe extern "C" fn(*mut c_void, i32, *const std::ffi::c_char, *mut egret_ws),
}

impl Sink for LogCallback {
    fn line(&self, level: i32, text: &CStr, socket: usize) {
        // SAFETY: the host gave a function of this type, which any thread may call with `user`.
        unsafe { (self.on_log)(self.user.0, level, text.as_ptr(), std::ptr::without_provenance_mut(socket)) }
    }
}

/// Makes the log of a loop.
pub(super) fn log(given: &egret_ws_loop_options, level: i32) -> Log {
    let on_log: egret_ws_on_log_fn = given.on_log;
    let sink = on_log.map(|on_log| Arc::new(LogCallback { user: User(given.user), on_log }) as Arc<dyn Sink>);
    Log::new(level, sink)
}
