//! A safe client over the C ABI. It records every callback and, when a loop is freed, checks them against the contract of the header.
#![allow(unsafe_code)] // calls the C ABI

use crate::WAIT_LIMIT;
use crate::close_report::CloseReport;
use crate::kept;
use crate::recorder::{Event, Log, Recorder, Retry};
use crate::response::{self, Responses};
use ::egret_ws::*;
use std::cell::RefCell;
use std::ffi::{CStr, CString, c_char};
use std::ptr;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// The driver of a loop: its own thread, or the poll.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Driver {
    Threaded,
    Inline,
}

pub const DRIVERS: [Driver; 2] = [Driver::Threaded, Driver::Inline];

/// Runs a test once on each driver, each time with a fresh loop.
pub fn on_both_drivers(test: impl Fn(&Loop)) {
    for driver in DRIVERS {
        println!("driver: {driver:?}"); // shown when the test fails
        test(&Loop::new(driver));
    }
}

/// A header of the request.
pub const fn header(name: &'static CStr, value: &'static CStr) -> egret_ws_header {
    egret_ws_header { name: name.as_ptr(), value: value.as_ptr() }
}

/// Sets the headers of the request.
pub fn set_headers(options: &mut egret_ws_options, headers: &[egret_ws_header]) {
    options.headers = headers.as_ptr();
    options.header_count = u32::try_from(headers.len()).expect("a test has few headers");
}

/// Returns the struct behind a pointer of the options. If there is none, it is made. It is never freed: a test makes few of them,
/// and the options are plain C structs, which own nothing.
fn pointed<T>(pointer: &mut *const T, init: unsafe extern "C" fn(*mut T, usize) -> i32) -> &'static mut T {
    if pointer.is_null() {
        // SAFETY: a C struct of numbers may be all zeros.
        let made = kept::keep(unsafe { std::mem::zeroed::<T>() });
        // SAFETY: the struct is writable.
        assert_eq!(unsafe { init(made, size_of::<T>()) }, EGRET_WS_OK);
        *pointer = made;
    }
    // SAFETY: it was made above, or by an earlier call. The caller has one reference at a time.
    unsafe { &mut *pointer.cast_mut() }
}

/// Changes the waits of reconnecting.
pub fn set_retry(options: &mut egret_ws_options, change: impl FnOnce(&mut egret_ws_retry_options)) {
    change(pointed(&mut options.retry, egret_ws_retry_options_init));
}

/// Sets the waits of reconnecting in milliseconds: the shortest, the first, and the longest; 0: the default.
pub fn set_retry_waits(options: &mut egret_ws_options, min: u32, first: u32, max: u32) {
    set_retry(options, |retry| {
        (retry.min_wait_ms, retry.first_wait_ms, retry.max_wait_ms) = (min, first, max);
    });
}

/// Changes the settings of permessage-deflate.
pub fn set_deflate(options: &mut egret_ws_options, change: impl FnOnce(&mut egret_ws_deflate_options)) {
    change(pointed(&mut options.deflate, egret_ws_deflate_options_init));
}

/// Calls `egret_ws_send` with a text. Callbacks may use it too.
pub fn send_text(ws: *mut egret_ws, text: impl AsRef<[u8]>) -> i32 {
    let text = text.as_ref();
    // SAFETY: the pointer and the length belong to a slice.
    unsafe { egret_ws_send(ws, EGRET_WS_TEXT, text.as_ptr().cast(), text.len()) }
}

/// Calls `egret_ws_ping`. Callbacks may use it too.
pub fn ping(ws: *mut egret_ws, payload: &[u8]) -> i32 {
    // SAFETY: the pointer and the length belong to a slice.
    unsafe { egret_ws_ping(ws, payload.as_ptr().cast(), payload.len()) }
}

pub fn close(ws: *mut egret_ws, code: u16, reason: &str) -> i32 {
    // SAFETY: the pointer and the length belong to a slice.
    unsafe { egret_ws_close(ws, code, reason.as_ptr().cast(), reason.len()) }
}

/// Makes a loop with the default options, except those that `set` changes.
pub(crate) fn make_loop(driver: Driver, set: impl FnOnce(&mut egret_ws_loop_options)) -> *mut egret_ws_loop {
    // SAFETY: a C struct of numbers, pointers and nullable functions may be all zeros.
    let mut options: egret_ws_loop_options = unsafe { std::mem::zeroed() };
    // SAFETY: `options` is writable, and its size is passed.
    assert_eq!(unsafe { egret_ws_loop_options_init(&mut options, size_of_val(&options)) }, EGRET_WS_OK);
    options.flags = if driver == Driver::Inline { EGRET_WS_LOOP_INLINE } else { 0 };
    set(&mut options);
    let mut handle = ptr::null_mut();
    // SAFETY: `options` is complete, and `handle` is writable.
    assert_eq!(unsafe { egret_ws_loop_new(&options, &mut handle) }, EGRET_WS_OK);
    handle
}

/// Returns the default options of a socket.
pub(crate) fn default_options() -> egret_ws_options {
    // SAFETY: a C struct of numbers, pointers and nullable functions may be all zeros.
    let mut options: egret_ws_options = unsafe { std::mem::zeroed() };
    // SAFETY: `options` is writable, and its size is passed.
    assert_eq!(unsafe { egret_ws_options_init(&mut options, size_of_val(&options)) }, EGRET_WS_OK);
    options
}

/// An `egret_ws_loop` that is freed when dropped.
pub struct Loop {
    handle: *mut egret_ws_loop,
    log: Arc<Log>,
    recorders: RefCell<Vec<Arc<Recorder>>>,
}

impl Loop {
    pub fn new(driver: Driver) -> Loop {
        Loop::with(driver, |_| {})
    }

    pub fn with(driver: Driver, set: impl FnOnce(&mut egret_ws_loop_options)) -> Loop {
        let log = Arc::new(Log::default());
        // `log` lives longer than the loop, see `drop`.
        let handle = make_loop(driver, |options| {
            log.listen_by(options);
            set(options);
        });
        Loop { handle, log, recorders: RefCell::default() }
    }

    /// Returns the handle itself, for calls without a method here.
    pub fn handle(&self) -> *mut egret_ws_loop {
        self.handle
    }

    /// Polls once, and returns the number of callbacks.
    #[track_caller]
    pub fn poll(&self, timeout_ms: i32) -> usize {
        let polled = egret_ws_loop_poll(self.handle, timeout_ms);
        usize::try_from(polled).unwrap_or_else(|_| panic!("the poll failed with {polled}"))
    }

    /// Polls until `done` returns true. `done` is checked before each poll.
    #[track_caller]
    pub fn wait_until(&self, what: &str, mut done: impl FnMut() -> bool) {
        if !done() {
            self.watch_polls(what, |_| done());
        }
    }

    /// Polls until `done` returns true. After each poll it gets the number of callbacks.
    #[track_caller]
    pub fn watch_polls(&self, what: &str, mut done: impl FnMut(usize) -> bool) {
        let deadline = Instant::now() + WAIT_LIMIT;
        while !done(self.poll(10)) {
            assert!(Instant::now() < deadline, "{what} did not happen within {WAIT_LIMIT:?}");
        }
    }

    /// Begins to connect to a server on this machine.
    #[track_caller]
    pub fn connect(&self, port: u16) -> Socket<'_> {
        self.connect_with(port, |_| {})
    }

    #[track_caller]
    pub fn connect_with(&self, port: u16, set: impl FnOnce(&mut egret_ws_options)) -> Socket<'_> {
        self.open_host("127.0.0.1", port, set).expect("the connect call succeeds")
    }

    /// Calls `egret_ws_connect_host`, and returns a socket or the error.
    pub fn try_connect(&self, host: &str, port: u16) -> Result<Socket<'_>, i32> {
        self.open_host(host, port, |_| {})
    }

    /// Calls `egret_ws_connect`, and returns a socket or the error.
    pub fn try_connect_url(&self, url: impl AsRef<[u8]>) -> Result<Socket<'_>, i32> {
        self.open_url(url, |_| {})
    }

    pub fn suspend(&self) {
        assert_eq!(egret_ws_loop_suspend(self.handle), EGRET_WS_OK);
    }

    pub fn resume(&self) {
        assert_eq!(egret_ws_loop_resume(self.handle), EGRET_WS_OK);
    }

    pub fn network_changed(&self) {
        assert_eq!(egret_ws_loop_network_changed(self.handle), EGRET_WS_OK);
    }

    /// Returns the lines logged since the last call.
    pub fn take_log(&self) -> Vec<String> {
        self.log.take()
    }

    /// Frees the loop, and returns the lines logged since the last `take_log`.
    #[track_caller]
    pub fn end(self) -> Vec<String> {
        let log = Arc::clone(&self.log);
        drop(self);
        log.take()
    }

    /// Calls `egret_ws_connect_host` with options, and returns a socket or the error.
    pub fn open_host(&self, host: &str, port: u16, set: impl FnOnce(&mut egret_ws_options)) -> Result<Socket<'_>, i32> {
        self.open(host, set, |host, options, out| {
            // SAFETY: `open` passes a C string, complete options and a writable `out`.
            unsafe { egret_ws_connect_host(self.handle, host, port, options, out) }
        })
    }

    /// Calls `egret_ws_connect` with options, and returns a socket or the error.
    pub fn open_url(&self, url: impl AsRef<[u8]>, set: impl FnOnce(&mut egret_ws_options)) -> Result<Socket<'_>, i32> {
        self.open(url, set, |url, options, out| {
            // SAFETY: `open` passes a C string, complete options and a writable `out`.
            unsafe { egret_ws_connect(self.handle, url, options, out) }
        })
    }

    fn open(
        &self,
        place: impl AsRef<[u8]>,
        set: impl FnOnce(&mut egret_ws_options),
        connect: impl FnOnce(*const c_char, *const egret_ws_options, *mut *mut egret_ws) -> i32,
    ) -> Result<Socket<'_>, i32> {
        let place = CString::new(place.as_ref()).expect("no NUL in a test's host or URL");
        let recorder = Arc::new(Recorder::default());
        let mut options = default_options();
        recorder.listen_by(&mut options);
        set(&mut options);
        // It is kept until the loop is freed, so that a late callback is detected and is not undefined behaviour.
        self.recorders.borrow_mut().push(Arc::clone(&recorder));
        let mut handle = ptr::null_mut();
        match connect(place.as_ptr(), &options, &mut handle) {
            EGRET_WS_OK => Ok(Socket { host: self, handle, recorder }),
            error => {
                assert!(handle.is_null(), "a failed connect call wrote its out-parameter");
                recorder.state().refused = true;
                Err(error)
            }
        }
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        // SAFETY: NULL is allowed.
        let freed = unsafe { egret_ws_loop_free(self.handle, std::ptr::null_mut()) };
        if thread::panicking() {
            return; // the test has already failed
        }
        assert_eq!(freed, EGRET_WS_OK);
        for recorder in self.recorders.borrow().iter() {
            recorder.state().check();
        }
    }
}

/// An `egret_ws` that is freed when dropped.
pub struct Socket<'a> {
    host: &'a Loop,
    handle: *mut egret_ws,
    recorder: Arc<Recorder>,
}

impl Socket<'_> {
    /// Returns the handle itself, for calls without a method here.
    pub fn handle(&self) -> *mut egret_ws {
        self.handle
    }

    /// Polls until the events so far satisfy `done`.
    #[track_caller]
    pub fn wait_for(&self, what: &str, done: impl Fn(&[Event]) -> bool) {
        let deadline = Instant::now() + WAIT_LIMIT;
        while !done(&self.recorder.state().events) {
            let is_late = Instant::now() >= deadline;
            let last = self.last();
            assert!(
                !is_late && !matches!(last, Some(Event::Close(_))),
                "{what} did not happen; the last event was {last:?}"
            );
            self.host.poll(10);
        }
    }

    #[track_caller]
    pub fn wait_open(&self) {
        self.wait_for("on_connect", |events| events.first() == Some(&Event::Connect));
    }

    /// Waits for the call of `on_connect` with this number, counted from 1.
    #[track_caller]
    pub fn wait_connected(&self, count: usize) {
        self.wait_for("on_connect", |events| events.iter().filter(|event| **event == Event::Connect).count() >= count);
    }

    /// Waits for the call of `on_retry` with this number, counted from 1, and returns it.
    #[track_caller]
    pub fn wait_retry(&self, count: usize) -> Retry {
        let retry = |events: &[Event]| {
            let mut retries = events.iter().filter_map(|event| match event {
                Event::Retry(retry) => Some(Retry::clone(retry)),
                _ => None,
            });
            retries.nth(count - 1)
        };
        self.wait_for("on_retry", |events| retry(events).is_some());
        retry(&self.events()).expect("it came")
    }

    /// Waits for `on_close` and for `release_user` after it.
    #[track_caller]
    pub fn wait_closed(&self) -> CloseReport {
        self.wait_for("on_close", |events| matches!(events.last(), Some(Event::Close(_))));
        self.host.wait_until("release_user after on_close", || self.recorder.state().released > 0);
        match self.last() {
            Some(Event::Close(report)) => *report,
            other => panic!("{other:?} came after on_close"),
        }
    }

    /// Waits until there are `count` messages in total, and returns them.
    #[track_caller]
    pub fn wait_messages(&self, count: usize) -> Vec<Event> {
        self.wait_for("messages", |events| events.iter().filter(|event| event.is_message()).count() >= count);
        self.messages()
    }

    pub fn events(&self) -> Vec<Event> {
        self.recorder.state().events.clone()
    }

    /// Returns the number of callbacks so far.
    pub fn count_callbacks(&self) -> usize {
        let state = self.recorder.state();
        state.events.len() + state.released as usize
    }

    fn last(&self) -> Option<Event> {
        self.recorder.state().events.last().cloned()
    }

    /// Returns the messages so far.
    pub fn messages(&self) -> Vec<Event> {
        self.recorder.state().events.iter().filter(|event| event.is_message()).cloned().collect()
    }

    pub fn count_messages(&self) -> usize {
        self.recorder.state().events.iter().filter(|event| event.is_message()).count()
    }

    /// Makes every `on_message` keep the poll busy for `work`.
    pub fn work_in_on_data(&self, work: Duration) {
        self.recorder.state().work = work;
    }

    /// After this, runs `reaction` inside each callback.
    pub fn react(&self, reaction: impl FnMut(*mut egret_ws, &Event) + Send + 'static) {
        self.recorder.state().reaction = Some(Box::new(reaction));
    }

    /// Forgets a handle that a callback has freed.
    pub fn forget(self) {
        std::mem::forget(self);
    }

    /// After this, `on_connect` and `on_close` read the response of the server.
    pub fn keep_responses(&self) {
        self.recorder.state().responses = Some(Box::default());
    }

    #[track_caller]
    pub fn take_responses(&self) -> Responses {
        *self.recorder.state().responses.take().expect("they are kept")
    }

    pub fn send_text(&self, text: impl AsRef<[u8]>) -> i32 {
        send_text(self.handle, text)
    }

    pub fn send_binary(&self, bytes: &[u8]) -> i32 {
        // SAFETY: the pointer and the length belong to a slice.
        unsafe { egret_ws_send(self.handle, EGRET_WS_BINARY, bytes.as_ptr().cast(), bytes.len()) }
    }

    pub fn close(&self, code: u16, reason: &str) -> i32 {
        close(self.handle, code, reason)
    }

    pub fn abort(&self) -> i32 {
        egret_ws_abort(self.handle)
    }

    pub fn state(&self) -> i32 {
        egret_ws_state(self.handle)
    }

    pub fn subprotocol(&self) -> String {
        response::subprotocol(self.handle)
    }

    pub fn response_header(&self, name: &str) -> Result<String, i32> {
        response::response_header(self.handle, name)
    }

    pub fn response_headers(&self) -> String {
        response::response_headers(self.handle)
    }

    pub fn ping(&self) -> i32 {
        self.ping_with(b"")
    }

    pub fn ping_with(&self, payload: &[u8]) -> i32 {
        ping(self.handle, payload)
    }

    pub fn pause_receive(&self) {
        assert_eq!(egret_ws_pause_receive(self.handle), EGRET_WS_OK);
    }

    pub fn resume_receive(&self) {
        assert_eq!(egret_ws_resume_receive(self.handle), EGRET_WS_OK);
    }

    pub fn retry_now(&self) -> i32 {
        egret_ws_retry_now(self.handle)
    }

    pub fn generation(&self) -> i32 {
        egret_ws_generation(self.handle)
    }

    pub fn tls(&self) -> response::TlsDetails {
        response::tls(self.handle)
    }

    pub fn stats(&self) -> response::Stats {
        response::stats(self.handle)
    }

    #[track_caller]
    pub fn buffered_amount(&self) -> u64 {
        u64::try_from(egret_ws_buffered_amount(self.handle)).expect("the handle is valid")
    }
}

impl Drop for Socket<'_> {
    fn drop(&mut self) {
        let freed = egret_ws_free(self.handle);
        assert!(freed == EGRET_WS_OK || thread::panicking(), "egret_ws_free failed with {freed}");
    }
}
