//! The C ABI for sockets that reconnect: a listener for each, found by a number and not by a pointer, so that a callback
//! that comes too late or on another thread is seen, and not undefined.
#![allow(unsafe_code)] // calls the C ABI, and is called by it

use crate::support::answer;
use crate::support::client::Driver;
use crate::support::record::Report;
use ::egret_ws::*;
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ffi::{CStr, CString, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr;
use std::rc::Rc;
use std::slice;

/// Hears of one socket's events, in its loop's polls.
pub trait Listener {
    fn connected(&mut self, ws: Ws);
    fn heard(&mut self, ws: Ws, kind: u8, data: &[u8]);
    fn drained(&mut self, _: Ws) {}
    fn retrying(&mut self, ws: Ws, report: Report, attempt: u32, delay_ms: u32);
    fn closed(&mut self, ws: Ws, report: Report);
    fn released(&mut self);
}

thread_local! {
    /// Who listens on this thread, by what the library has as `user`.
    static LISTENERS: RefCell<HashMap<usize, Rc<RefCell<dyn Listener>>>> = RefCell::default();
    static LAST: Cell<usize> = const { Cell::new(0) };
    /// What a callback panicked with: no panic may leave it.
    static PANIC: RefCell<Option<Box<dyn Any + Send>>> = const { RefCell::new(None) };
}

/// A loop, polled and freed by the thread that made it.
pub struct Host {
    handle: *mut egret_ws_loop,
}

impl Host {
    pub fn new(driver: Driver, set: impl FnOnce(&mut egret_ws_loop_options)) -> Host {
        // SAFETY: a C struct of numbers, pointers and nullable functions may be all zeros.
        let mut options: egret_ws_loop_options = unsafe { std::mem::zeroed() };
        let mut handle = ptr::null_mut();
        // SAFETY: `options` is writable for its own size.
        assert_eq!(unsafe { egret_ws_loop_options_init(&mut options, size_of_val(&options)) }, EGRET_WS_OK);
        options.flags = if driver == Driver::Inline { EGRET_WS_LOOP_INLINE } else { 0 };
        set(&mut options);
        // SAFETY: `options` is whole and `handle` writable.
        assert_eq!(unsafe { egret_ws_loop_new(&options, &mut handle) }, EGRET_WS_OK);
        Host { handle }
    }

    /// Polls once; returns the number of callbacks. A panic in one of them goes on from here.
    #[track_caller]
    pub fn poll(&self, timeout_ms: i32) -> u32 {
        let polled = egret_ws_loop_poll(self.handle, timeout_ms);
        self.pass_panic_on();
        u32::try_from(polled).unwrap_or_else(|_| panic!("the poll failed with {polled}"))
    }

    /// Begins to connect. `listener` is known until it is released.
    pub fn connect(
        &self,
        url: &str,
        listener: Rc<RefCell<dyn Listener>>,
        set: impl FnOnce(&mut egret_ws_options),
    ) -> Ws {
        let number = LAST.get() + 1;
        LAST.set(number);
        LISTENERS.with_borrow_mut(|listeners| listeners.insert(number, listener));
        let url = CString::new(url).expect("no NUL in a URL");
        // SAFETY: a C struct of numbers, pointers and nullable functions may be all zeros.
        let mut options: egret_ws_options = unsafe { std::mem::zeroed() };
        // SAFETY: `options` is writable for its own size.
        assert_eq!(unsafe { egret_ws_options_init(&mut options, size_of_val(&options)) }, EGRET_WS_OK);
        options.user = ptr::without_provenance_mut(number);
        options.on_connect = Some(on_connect);
        options.on_data = Some(on_data);
        options.on_close = Some(on_close);
        options.on_drain = Some(on_drain);
        options.on_retry = Some(on_retry);
        options.release_user = Some(release_user);
        set(&mut options);
        let mut handle = ptr::null_mut();
        // SAFETY: the URL ends in a NUL, `options` is whole and `handle` writable.
        let begun = unsafe { egret_ws_connect_url(self.handle, url.as_ptr(), &options, &mut handle) };
        assert_eq!(begun, EGRET_WS_OK);
        Ws(handle)
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

    /// How many sockets are not released, of all loops of this thread.
    pub fn unreleased() -> usize {
        LISTENERS.with_borrow(HashMap::len)
    }

    fn pass_panic_on(&self) {
        if let Some(panic) = PANIC.take() {
            resume_unwind(panic);
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let freed = egret_ws_loop_free(self.handle);
        if !std::thread::panicking() {
            assert_eq!(freed, EGRET_WS_OK);
            self.pass_panic_on();
            assert_eq!(Host::unreleased(), 0, "a socket whose loop was freed was not released");
        }
    }
}

/// A socket. Its calls give what the library's give.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Ws(*mut egret_ws);

impl Ws {
    /// As a number, for another thread.
    pub fn number(self) -> usize {
        self.0.expose_provenance()
    }

    pub fn from_number(number: usize) -> Ws {
        Ws(ptr::with_exposed_provenance_mut(number))
    }

    pub fn send(self, kind: u8, data: &[u8]) -> i32 {
        match i32::from(kind) {
            // SAFETY: the pointer and the length are those of a slice.
            EGRET_WS_TEXT => unsafe { egret_ws_send_text(self.0, data.as_ptr().cast(), data.len()) },
            // SAFETY: as above.
            _ => unsafe { egret_ws_send_binary(self.0, data.as_ptr(), data.len()) },
        }
    }

    pub fn close(self, code: u16) -> i32 {
        // SAFETY: a reason may be NULL if its length is 0.
        unsafe { egret_ws_close(self.0, code, ptr::null(), 0) }
    }

    pub fn free(self) -> i32 {
        egret_ws_free(self.0)
    }

    pub fn ping(self) -> i32 {
        egret_ws_ping(self.0)
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

    pub fn stats(self) -> egret_ws_stats {
        answer::stats(self.0)
    }

    /// A header of the server's answer, if it has come.
    pub fn header(self, name: &str) -> Option<String> {
        answer::response_header(self.0, name).ok()
    }
}

unsafe extern "C" fn on_connect(user: *mut c_void, ws: *mut egret_ws) {
    tell(user, |listener| listener.connected(Ws(ws)));
}

unsafe extern "C" fn on_data(user: *mut c_void, ws: *mut egret_ws, kind: i32, data: *const u8, len: usize) {
    // SAFETY: the header promises `len` readable bytes and a pointer that is not NULL.
    let data = unsafe { slice::from_raw_parts(data, len) };
    tell(user, |listener| listener.heard(Ws(ws), kind as u8, data));
}

unsafe extern "C" fn on_drain(user: *mut c_void, ws: *mut egret_ws) {
    tell(user, |listener| listener.drained(Ws(ws)));
}

unsafe extern "C" fn on_retry(
    user: *mut c_void,
    ws: *mut egret_ws,
    info: *const egret_ws_close_info,
    attempt: u32,
    delay_ms: u32,
) {
    tell(user, |listener| listener.retrying(Ws(ws), report(info), attempt, delay_ms));
}

unsafe extern "C" fn on_close(user: *mut c_void, ws: *mut egret_ws, info: *const egret_ws_close_info) {
    tell(user, |listener| listener.closed(Ws(ws), report(info)));
}

unsafe extern "C" fn release_user(user: *mut c_void) {
    tell(user, |listener| listener.released());
    LISTENERS.with_borrow_mut(|listeners| listeners.remove(&user.addr()));
}

fn tell(user: *mut c_void, what: impl FnOnce(&mut dyn Listener)) {
    let told = catch_unwind(AssertUnwindSafe(|| {
        let listener = LISTENERS.with_borrow(|listeners| listeners.get(&user.addr()).cloned());
        let listener = listener.expect("a callback came after release_user, or on another thread than the poll's");
        what(&mut *listener.try_borrow_mut().expect("a callback inside another"));
    }));
    if let Err(panic) = told {
        PANIC.with_borrow_mut(|first| _ = first.get_or_insert(panic));
    }
}

fn report(info: *const egret_ws_close_info) -> Report {
    // SAFETY: the header promises a readable struct, whose `reason` has `reason_len` bytes and whose `message` ends in a
    // NUL.
    let (info, reason, message) = unsafe {
        let info = &*info;
        (info, slice::from_raw_parts(info.reason.cast::<u8>(), info.reason_len), CStr::from_ptr(info.message))
    };
    Report {
        error: info.error,
        phase: info.phase,
        initiator: info.initiator,
        http_status: info.http_status,
        os_error: info.os_error,
        code: info.code,
        sent_code: info.sent_code,
        unsent_messages: info.unsent_messages,
        unsent_bytes: info.unsent_bytes,
        reason: String::from_utf8_lossy(reason).into_owned(),
        message: message.to_string_lossy().into_owned(),
    }
}
