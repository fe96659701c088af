//! A client for sockets that reconnect. The events of a socket go to a listener. The callbacks find it by a number, not by a
//! pointer. So a callback that comes too late or on another thread is an error of the test, and not undefined behaviour.
#![allow(unsafe_code)] // calls the C ABI, and is called by it

use crate::client::{Driver, default_options, make_loop};
use crate::close_report::CloseReport;
use crate::response;
use ::egret_ws::*;
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ffi::{CString, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr;
use std::rc::Rc;
use std::slice;

/// Receives the events of one socket, during the polls of its loop.
pub trait Listener {
    fn connected(&mut self, ws: Handle);
    fn received(&mut self, ws: Handle, kind: u8, data: &[u8]);
    fn drained(&mut self, _: Handle) {}
    fn retrying(&mut self, ws: Handle, report: CloseReport, attempt: u32, delay_ms: u32);
    fn closed(&mut self, ws: Handle, report: CloseReport);
    fn released(&mut self);
}

thread_local! {
    /// The listeners of this thread, by the number that the library has as `user`.
    static LISTENERS: RefCell<HashMap<usize, Rc<RefCell<dyn Listener>>>> = RefCell::default();
    static LAST_NUMBER: Cell<usize> = const { Cell::new(0) };
    /// The first panic of a callback. It must not leave the callback, so the poll resumes it.
    static PANIC: RefCell<Option<Box<dyn Any + Send>>> = const { RefCell::new(None) };
}

/// A loop. The thread that made it polls it and frees it.
pub struct EventLoop {
    handle: *mut egret_ws_loop,
    /// The numbers of its listeners.
    numbers: RefCell<Vec<usize>>,
}

impl EventLoop {
    pub fn new(driver: Driver, set: impl FnOnce(&mut egret_ws_loop_options)) -> EventLoop {
        EventLoop { handle: make_loop(driver, set), numbers: RefCell::default() }
    }

    /// Polls once, and returns the number of callbacks. Resumes the panic of a callback.
    #[track_caller]
    pub fn poll(&self, timeout_ms: i32) -> u32 {
        let polled = egret_ws_loop_poll(self.handle, timeout_ms);
        self.resume_panic();
        u32::try_from(polled).unwrap_or_else(|_| panic!("the poll failed with {polled}"))
    }

    /// Begins to connect. The listener is kept until `release_user`.
    pub fn connect(
        &self,
        url: &str,
        listener: Rc<RefCell<dyn Listener>>,
        set: impl FnOnce(&mut egret_ws_options),
    ) -> Handle {
        let number = LAST_NUMBER.get() + 1;
        LAST_NUMBER.set(number);
        LISTENERS.with_borrow_mut(|listeners| listeners.insert(number, listener));
        self.numbers.borrow_mut().push(number);
        let url = CString::new(url).expect("no NUL in a URL");
        let mut options = default_options();
        options.user = ptr::without_provenance_mut(number);
        options.on_connect = Some(on_connect);
        options.on_message = Some(on_message);
        options.on_close = Some(on_close);
        options.on_drain = Some(on_drain);
        options.on_retry = Some(on_retry);
        options.release_user = Some(release_user);
        set(&mut options);
        let mut handle = ptr::null_mut();
        // SAFETY: the URL ends in a NUL, `options` is complete, and `handle` is writable.
        let begun = unsafe { egret_ws_connect(self.handle, url.as_ptr(), &options, &mut handle) };
        assert_eq!(begun, EGRET_WS_OK);
        Handle(handle)
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

    /// Returns the number of sockets that are not released.
    pub fn unreleased(&self) -> usize {
        let mut numbers = self.numbers.borrow_mut();
        LISTENERS.with_borrow(|listeners| numbers.retain(|number| listeners.contains_key(number)));
        numbers.len()
    }

    fn resume_panic(&self) {
        if let Some(panic) = PANIC.take() {
            resume_unwind(panic);
        }
    }
}

impl Drop for EventLoop {
    fn drop(&mut self) {
        // SAFETY: NULL is allowed.
        let freed = unsafe { egret_ws_loop_free(self.handle, std::ptr::null_mut()) };
        if !std::thread::panicking() {
            assert_eq!(freed, EGRET_WS_OK);
            self.resume_panic();
            assert_eq!(self.unreleased(), 0, "a socket whose loop was freed was not released");
        }
    }
}

/// A socket. Its methods return what the functions of the library return.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Handle(*mut egret_ws);

impl Handle {
    /// Returns the handle as a number, for another thread.
    pub fn number(self) -> usize {
        self.0.expose_provenance()
    }

    pub fn from_number(number: usize) -> Handle {
        Handle(ptr::with_exposed_provenance_mut(number))
    }

    pub fn send(self, kind: u8, data: &[u8]) -> i32 {
        // SAFETY: the pointer and the length belong to a slice.
        unsafe { egret_ws_send(self.0, kind.into(), data.as_ptr().cast(), data.len()) }
    }

    pub fn close(self, code: u16) -> i32 {
        // SAFETY: a reason may be NULL if its length is 0.
        unsafe { egret_ws_close(self.0, code, ptr::null(), 0) }
    }

    pub fn free(self) -> i32 {
        egret_ws_free(self.0)
    }

    pub fn ping(self) -> i32 {
        // SAFETY: the data may be NULL if its length is 0.
        unsafe { egret_ws_ping(self.0, ptr::null(), 0) }
    }

    pub fn retry_now(self) -> i32 {
        egret_ws_retry_now(self.0)
    }

    pub fn state(self) -> i32 {
        egret_ws_state(self.0)
    }

    pub fn generation(self) -> i32 {
        egret_ws_generation(self.0)
    }

    pub fn buffered(self) -> u64 {
        u64::try_from(egret_ws_buffered_amount(self.0)).expect("the handle is valid")
    }

    pub fn stats(self) -> response::Stats {
        response::stats(self.0)
    }

    /// Returns a header of the response, if it has come.
    pub fn header(self, name: &str) -> Option<String> {
        response::response_header(self.0, name).ok()
    }
}

unsafe extern "C" fn on_connect(user: *mut c_void, ws: *mut egret_ws) {
    notify(user, |listener| listener.connected(Handle(ws)));
}

unsafe extern "C" fn on_message(user: *mut c_void, ws: *mut egret_ws, kind: i32, data: *const u8, len: usize) {
    // SAFETY: according to the header, there are `len` readable bytes, and the pointer is not NULL.
    let data = unsafe { slice::from_raw_parts(data, len) };
    notify(user, |listener| listener.received(Handle(ws), kind as u8, data));
}

unsafe extern "C" fn on_drain(user: *mut c_void, ws: *mut egret_ws) {
    notify(user, |listener| listener.drained(Handle(ws)));
}

unsafe extern "C" fn on_retry(
    user: *mut c_void,
    ws: *mut egret_ws,
    info: *const egret_ws_close_info,
    attempt: u32,
    delay_ms: u32,
) {
    notify(user, |listener| listener.retrying(Handle(ws), read_report(info), attempt, delay_ms));
}

unsafe extern "C" fn on_close(user: *mut c_void, ws: *mut egret_ws, info: *const egret_ws_close_info) {
    notify(user, |listener| listener.closed(Handle(ws), read_report(info)));
}

unsafe extern "C" fn release_user(user: *mut c_void) {
    notify(user, |listener| listener.released());
    LISTENERS.with_borrow_mut(|listeners| listeners.remove(&user.addr()));
}

fn notify(user: *mut c_void, call: impl FnOnce(&mut dyn Listener)) {
    let called = catch_unwind(AssertUnwindSafe(|| {
        let listener = LISTENERS.with_borrow(|listeners| listeners.get(&user.addr()).cloned());
        let listener = listener.expect("a callback came after release_user, or on a thread that does not poll");
        call(&mut *listener.try_borrow_mut().expect("a callback was called inside another one"));
    }));
    if let Err(panic) = called {
        PANIC.with_borrow_mut(|first| _ = first.get_or_insert(panic));
    }
}

fn read_report(info: *const egret_ws_close_info) -> CloseReport {
    // SAFETY: it is the argument of the callback.
    unsafe { CloseReport::read(info) }
}
