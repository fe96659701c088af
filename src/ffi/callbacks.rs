//! Calls the callbacks of the application for events of a socket and for log lines.

use super::handle::Handle;
use super::requests;
use super::types::{
    egret_ws, egret_ws_close_info, egret_ws_loop_options, egret_ws_on_close_fn, egret_ws_on_connect_fn,
    egret_ws_on_drain_fn, egret_ws_on_frame_fn, egret_ws_on_log_fn, egret_ws_on_message_fn, egret_ws_on_pong_fn,
    egret_ws_on_request_fn, egret_ws_on_retry_fn, egret_ws_on_wakeup_fn, egret_ws_options, egret_ws_release_user_fn,
};
use crate::constants::{EGRET_WS_FRAME_COMPRESSED, EGRET_WS_FRAME_FIN, EGRET_WS_OK};
use crate::error::Error;
use crate::log::{Log, Sink};
use crate::socket::{Direction, FrameHead, Listener, MessageKind, Report, RequestAnswer, Socket, Wakeup, Wants};
use std::ffi::{CStr, c_void};
use std::sync::{Arc, OnceLock};

/// The pointer `user` of the application. The library never dereferences it.
#[derive(Clone, Copy)]
pub(super) struct User(pub(super) *mut c_void);

// SAFETY: the library only passes it to the functions of the application. The header says on which threads they run.
unsafe impl Send for User {}
// SAFETY: as above.
unsafe impl Sync for User {}

/// The callbacks of a socket.
pub(super) struct Callbacks {
    user: User,
    functions: Functions,
    handle: Handle,
    /// The report of `on_close`, from the moment on when that begins.
    closed: OnceLock<CloseReport>,
}

struct Functions {
    on_connect: egret_ws_on_connect_fn,
    on_message: egret_ws_on_message_fn,
    on_close: egret_ws_on_close_fn,
    on_drain: egret_ws_on_drain_fn,
    on_retry: egret_ws_on_retry_fn,
    on_pong: egret_ws_on_pong_fn,
    on_frame: egret_ws_on_frame_fn,
    on_request: egret_ws_on_request_fn,
    release_user: egret_ws_release_user_fn,
}

impl Callbacks {
    pub(super) fn new(given: &egret_ws_options, handle: Handle) -> Callbacks {
        let egret_ws_options {
            user,
            on_connect,
            on_message,
            on_close,
            on_drain,
            on_retry,
            on_request,
            on_pong,
            on_frame,
            release_user,
            ..
        } = *given;
        let functions = Functions {
            on_connect,
            on_message,
            on_close,
            on_drain,
            on_retry,
            on_request,
            on_pong,
            on_frame,
            release_user,
        };
        Callbacks { user: User(user), functions, handle, closed: OnceLock::new() }
    }

    /// The pointer `user` of the application.
    pub(super) fn user(&self) -> *mut c_void {
        self.user.0
    }

    /// The report of `on_close`. `None` before `on_close` begins. Its texts live as long as this.
    pub(super) fn close_info(&self, struct_size: u32) -> Option<egret_ws_close_info> {
        self.closed.get().map(|closed| closed.info(struct_size))
    }

    fn socket(&self) -> *mut egret_ws {
        self.handle.to_socket()
    }
}

impl Listener for Callbacks {
    fn connected(&self) {
        if let Some(on_connect) = self.functions.on_connect {
            // SAFETY: the application gave a function of this type, which the poll may call with `user`.
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

    fn closed(&self, report: Report) {
        let info = self.closed.get_or_init(|| CloseReport::new(report)).info(INFO_SIZE);
        if let Some(on_close) = self.functions.on_close {
            // SAFETY: as above; the info lives until the call returns.
            unsafe { on_close(self.user.0, self.socket(), &raw const info) }
        }
    }

    fn asked(&self, socket: &Arc<Socket>, attempt: u32, last: Option<Report>) -> RequestAnswer {
        let Some(on_request) = self.functions.on_request else { return RequestAnswer::Connect };
        let call = |last: *const egret_ws_close_info| {
            requests::lend(socket, |request| {
                // SAFETY: as above; the info lives until the call returns, and `request` is a number.
                unsafe { on_request(self.user.0, self.socket(), attempt, last, request) }
            })
        };
        let last = last.map(CloseReport::new);
        let answer = match last.as_ref().map(|last| last.info(INFO_SIZE)) {
            Some(info) => call(&raw const info),
            None => call(std::ptr::null()),
        };
        requests::answer(socket, answer)
    }

    fn drained(&self) {
        if let Some(on_drain) = self.functions.on_drain {
            // SAFETY: as above.
            unsafe { on_drain(self.user.0, self.socket()) }
        }
    }

    fn retrying(&self, report: Report, attempt: u32, delay_ms: u32) {
        let Some(on_retry) = self.functions.on_retry else { return };
        let lost = CloseReport::new(report);
        let info = lost.info(INFO_SIZE);
        // SAFETY: as above; the info and its texts live until the call returns.
        unsafe { on_retry(self.user.0, self.socket(), &raw const info, attempt, delay_ms) }
    }

    fn pong(&self, payload: &[u8]) {
        if let Some(on_pong) = self.functions.on_pong {
            // SAFETY: as above; the payload lives until the call returns.
            unsafe { on_pong(self.user.0, self.socket(), payload.as_ptr(), payload.len()) }
        }
    }

    fn frame(&self, direction: Direction, frame: FrameHead) {
        let Some(on_frame) = self.functions.on_frame else { return };
        let flag = |is_set, flag| if is_set { flag } else { 0 };
        let flags = flag(frame.fin, EGRET_WS_FRAME_FIN) | flag(frame.is_compressed, EGRET_WS_FRAME_COMPRESSED);
        // SAFETY: as above.
        unsafe {
            on_frame(self.user.0, self.socket(), direction as i32, frame.opcode.into(), flags, frame.length);
        }
    }

    fn wants(&self) -> Wants {
        Wants { pongs: self.functions.on_pong.is_some(), frames: self.functions.on_frame.is_some() }
    }

    fn release(&self) {
        if let Some(release_user) = self.functions.release_user {
            // SAFETY: as above; the caller makes this call last, and once.
            unsafe { release_user(self.user.0) }
        }
    }
}

const INFO_SIZE: u32 = size_of::<egret_ws_close_info>() as u32;

/// A close report, with its texts as C reads them: each has a NUL at the end, unless it is empty.
struct CloseReport(Report);

impl CloseReport {
    fn new(mut report: Report) -> CloseReport {
        if report.message.contains('\0') {
            report.message = report.message.replace('\0', " ");
        }
        // The reason of the peer may contain NULs; `reason_len` is then longer than the C string.
        for text in [&mut report.reason, &mut report.message] {
            if !text.is_empty() {
                text.push('\0');
            }
        }
        CloseReport(report)
    }

    /// The report as C reads it. Its texts live as long as `self`.
    fn info(&self, struct_size: u32) -> egret_ws_close_info {
        let CloseReport(report) = self;
        let [reason, message] = [&report.reason, &report.message].map(|text| match text.len() {
            0 => (c"".as_ptr(), 0),
            with_nul => (text.as_ptr().cast(), with_nul - 1),
        });
        egret_ws_close_info {
            struct_size,
            error: report.error.map_or(EGRET_WS_OK, Error::code),
            phase: report.phase as i32,
            initiator: report.initiator as i32,
            http_status: report.http_status.into(),
            os_error: report.os_error,
            code: report.code,
            sent_code: report.sent_code,
            unsent_messages: report.unsent_messages,
            unsent_bytes: report.unsent_bytes,
            reason: reason.0,
            reason_len: reason.1,
            message: message.0,
            message_len: message.1,
        }
    }
}

/// Makes the wake-up callback of a loop.
pub(super) fn wakeup(on_wakeup: egret_ws_on_wakeup_fn, user: *mut c_void) -> Option<Wakeup> {
    let user = User(user);
    on_wakeup.map(|on_wakeup| {
        Arc::new(move || {
            let User(user) = { &user };
            // SAFETY: the application gave a function of this type, which any thread may call with `user`.
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
        // SAFETY: the application gave a function of this type, which any thread may call with `user`.
        unsafe { (self.on_log)(self.user.0, level, text.as_ptr(), std::ptr::without_provenance_mut(socket)) }
    }
}

/// Makes the log of a loop.
pub(super) fn log(given: &egret_ws_loop_options, level: i32) -> Log {
    let on_log: egret_ws_on_log_fn = given.on_log;
    let sink = on_log.map(|on_log| Arc::new(LogCallback { user: User(given.user), on_log }) as Arc<dyn Sink>);
    Log::new(level, sink)
}
