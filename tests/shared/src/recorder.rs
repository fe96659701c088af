//! Records the callbacks of a socket and checks them against the header.
#![allow(unsafe_code)] // is called by the C ABI

use crate::close_report::CloseReport;
use crate::response::{Response, Responses};
use ::egret_ws::*;
use parking_lot::{Mutex, MutexGuard};
use std::ffi::{CStr, c_char, c_void};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

/// A callback that was made.
#[derive(Clone, PartialEq)]
pub enum Event {
    Connect,
    Text(String),
    Binary(Vec<u8>),
    Drain,
    /// A pong. It is recorded only if the test sets [`on_pong`].
    Pong(Vec<u8>),
    Retry(Box<Retry>),
    Close(Box<CloseReport>),
}

/// The arguments of `on_retry`.
#[derive(Clone, Debug, PartialEq)]
pub struct Retry {
    pub report: CloseReport,
    pub attempt: u32,
    pub delay_ms: u32,
}

/// A function of a test. It runs inside each callback, after the callback was recorded as this event.
pub type Reaction = Box<dyn FnMut(*mut egret_ws, &Event) + Send>;

impl Event {
    pub fn is_message(&self) -> bool {
        matches!(self, Event::Text(_) | Event::Binary(_))
    }
}

// Long messages are shown by their length.
impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Connect => write!(f, "Connect"),
            Event::Text(text) if text.len() <= 40 => write!(f, "Text({text:?})"),
            Event::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Event::Binary(bytes) => write!(f, "Binary({} bytes)", bytes.len()),
            Event::Drain => write!(f, "Drain"),
            Event::Pong(payload) => write!(f, "Pong({payload:x?})"),
            Event::Retry(retry) => write!(f, "{retry:?}"),
            Event::Close(report) => write!(f, "{report:?}"),
        }
    }
}

/// The `user` of the callbacks of one socket.
pub struct Recorder {
    thread: ThreadId,
    state: Mutex<State>,
}

#[derive(Default)]
pub struct State {
    pub events: Vec<Event>,
    /// The number of calls of `release_user`.
    pub released: u32,
    /// The connect call failed, so no callback may come.
    pub refused: bool,
    /// How long each `on_message` keeps the poll busy.
    pub work: Duration,
    /// The responses of the server, if the callbacks read them.
    pub responses: Option<Box<Responses>>,
    /// Runs inside each callback of the socket.
    pub reaction: Option<Reaction>,
    /// Errors that no single event shows: callbacks on a wrong thread or after the last one, and wrong arguments.
    wrong: Vec<&'static str>,
}

impl Default for Recorder {
    /// Callbacks must come on the thread that calls this.
    fn default() -> Recorder {
        Recorder { thread: thread::current().id(), state: Mutex::default() }
    }
}

impl Recorder {
    /// Sets the callbacks, with this object as their `user`. It must live longer than the loop.
    pub fn listen_by(&self, options: &mut egret_ws_options) {
        options.user = ptr::from_ref(self).cast_mut().cast();
        options.on_connect = Some(on_connect);
        options.on_message = Some(on_message);
        options.on_close = Some(on_close);
        options.on_drain = Some(on_drain);
        options.on_retry = Some(on_retry);
        options.release_user = Some(release_user);
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    fn record(&self, ws: *mut egret_ws, event: Event) {
        let mut state = self.state();
        if self.thread != thread::current().id() {
            state.wrong.push("a callback came on a thread that does not poll");
        }
        if state.released > 0 {
            state.wrong.push("a callback came after release_user");
        }
        let Some(mut react) = state.reaction.take() else { return state.events.push(event) };
        state.events.push(event.clone());
        drop(state); // because it may call functions for the socket
        // A panic must not leave a callback.
        let reacted = catch_unwind(AssertUnwindSafe(|| react(ws, &event)));
        let mut state = self.state();
        if reacted.is_err() {
            state.wrong.push("a function of the test failed inside a callback");
        }
        state.reaction.get_or_insert(react);
    }
}

impl State {
    /// Checks the contract of the header: for each connection at most one `on_connect`, then messages, then `on_retry` or the
    /// only `on_close`. `release_user` is called once.
    pub fn check(&self) {
        let last = self.events.len().saturating_sub(1);
        let mut is_open = false;
        for (at, event) in self.events.iter().enumerate() {
            match event {
                Event::Connect => assert!(!std::mem::replace(&mut is_open, true), "on_connect came late or twice"),
                Event::Retry(_) => is_open = false,
                Event::Close(_) => assert_eq!(at, last, "a callback came after on_close"),
                Event::Text(_) | Event::Binary(_) | Event::Drain | Event::Pong(_) => {
                    assert!(is_open, "data came before on_connect")
                }
            }
        }
        assert_eq!(self.released, u32::from(!self.refused), "release_user runs once for each socket made");
        assert!(!self.refused || self.events.is_empty(), "callbacks came although the connect call failed");
        assert!(self.wrong.is_empty(), "{:?}", self.wrong);
    }
}

unsafe extern "C" fn on_connect(user: *mut c_void, ws: *mut egret_ws) {
    if let Some(responses) = &mut recorder(user).state().responses {
        responses.opened = Some(Response::read(ws));
    }
    recorder(user).record(ws, Event::Connect);
}

unsafe extern "C" fn on_message(user: *mut c_void, ws: *mut egret_ws, kind: i32, data: *const u8, len: usize) {
    // SAFETY: according to the header, there are `len` readable bytes, and the pointer is not NULL.
    let bytes = unsafe { std::slice::from_raw_parts(data, len) }.to_vec();
    let recorder = recorder(user);
    match kind {
        EGRET_WS_TEXT => {
            // SAFETY: according to the header, a NUL follows text.
            if unsafe { data.add(len).read() } != 0 {
                recorder.state().wrong.push("text without a NUL after it");
            }
            match String::from_utf8(bytes) {
                Ok(text) => recorder.record(ws, Event::Text(text)),
                Err(_) => recorder.state().wrong.push("text that is not UTF-8"),
            }
        }
        EGRET_WS_BINARY => recorder.record(ws, Event::Binary(bytes)),
        _ => recorder.state().wrong.push("a message of an unknown kind"),
    }
    let work = recorder.state().work;
    let begun = Instant::now();
    while begun.elapsed() < work {
        std::hint::spin_loop();
    }
}

/// Reads a report. A panic must not leave the callback that calls this, so an error is stored until the end of the test.
fn read_report(recorder: &Recorder, info: *const egret_ws_close_info) -> Option<CloseReport> {
    // SAFETY: it is the argument of the callback.
    let read = catch_unwind(|| unsafe { CloseReport::read(info) });
    if read.is_err() {
        recorder.state().wrong.push("a close report violates the contract of the header");
    }
    read.ok()
}

unsafe extern "C" fn on_close(user: *mut c_void, ws: *mut egret_ws, info: *const egret_ws_close_info) {
    if let Some(responses) = &mut recorder(user).state().responses {
        responses.closed = Some(Response::read(ws));
    }
    if let Some(report) = read_report(recorder(user), info) {
        recorder(user).record(ws, Event::Close(Box::new(report)));
    }
}

/// Records pongs, if a test sets this function in the options.
///
/// # Safety
/// The library calls it, with the recorder as `user`.
pub unsafe extern "C" fn on_pong(user: *mut c_void, ws: *mut egret_ws, data: *const u8, len: usize) {
    // SAFETY: according to the header, there are `len` readable bytes, and the pointer is not NULL.
    let payload = unsafe { std::slice::from_raw_parts(data, len) }.to_vec();
    recorder(user).record(ws, Event::Pong(payload));
}

unsafe extern "C" fn on_drain(user: *mut c_void, ws: *mut egret_ws) {
    recorder(user).record(ws, Event::Drain);
}

unsafe extern "C" fn on_retry(
    user: *mut c_void,
    ws: *mut egret_ws,
    info: *const egret_ws_close_info,
    attempt: u32,
    delay_ms: u32,
) {
    if let Some(report) = read_report(recorder(user), info) {
        recorder(user).record(ws, Event::Retry(Box::new(Retry { report, attempt, delay_ms })));
    }
}

unsafe extern "C" fn release_user(user: *mut c_void) {
    recorder(user).state().released += 1;
}

fn recorder<'a>(user: *mut c_void) -> &'a Recorder {
    // SAFETY: `user` is the recorder of a socket. Its loop keeps it until the loop is freed.
    unsafe { &*user.cast::<Recorder>() }
}

fn text(text: *const c_char) -> String {
    // SAFETY: according to the header, the text is not NULL and ends in a NUL.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

/// The lines that a loop logs.
#[derive(Default)]
pub struct Log(Mutex<Vec<String>>);

impl Log {
    /// Like [`Recorder::listen_by`].
    pub fn listen_by(&self, options: &mut egret_ws_loop_options) {
        options.user = ptr::from_ref(self).cast_mut().cast();
        options.on_log = Some(on_log);
    }

    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock())
    }
}

unsafe extern "C" fn on_log(user: *mut c_void, _: i32, line: *const c_char, _: *mut egret_ws) {
    // SAFETY: `user` is the log of a loop that is not freed yet.
    let log = unsafe { &*user.cast::<Log>() };
    log.0.lock().push(text(line));
}
