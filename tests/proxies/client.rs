//! A client over the C ABI that connects to URLs with any options and reads statistics. What its callbacks get is recorded
//! and held to the contract as everywhere in the tests.
#![allow(unsafe_code)] // calls the C ABI

use crate::support::PATIENCE;
use crate::support::client::Driver;
use crate::support::record::{Event, Log, Recorder, Report};
use ::egret_ws::*;
use std::cell::RefCell;
use std::ffi::CString;
use std::ptr;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

/// Runs a test once on each driver, each time with a fresh loop.
pub fn on_both_drivers(test: impl Fn(&Loop)) {
    for driver in [Driver::Threaded, Driver::Inline] {
        println!("driver: {driver:?}"); // shown when the test fails
        test(&Loop::new(driver, EGRET_WS_LOG_WARN));
    }
}

/// An `egret_ws_loop` that is freed when dropped.
pub struct Loop {
    handle: *mut egret_ws_loop,
    log: Box<Log>,
    recorders: RefCell<Vec<Arc<Recorder>>>,
}

impl Loop {
    pub fn new(driver: Driver, log_level: i32) -> Loop {
        let log = Box::<Log>::default();
        // SAFETY: a C struct of numbers, pointers and nullable functions may be all zeros.
        let mut options: egret_ws_loop_options = unsafe { std::mem::zeroed() };
        options.struct_size = size_of::<egret_ws_loop_options>() as u32;
        options.flags = if driver == Driver::Inline { EGRET_WS_LOOP_INLINE } else { 0 };
        options.log_level = log_level;
        log.listen_by(&mut options);
        let mut handle = ptr::null_mut();
        // SAFETY: `options` is whole and `handle` writable; `log` outlives the loop, see `drop`.
        assert_eq!(unsafe { egret_ws_loop_new(&options, &mut handle) }, EGRET_WS_OK);
        Loop { handle, log, recorders: RefCell::default() }
    }

    /// Polls once; returns the number of callbacks.
    #[track_caller]
    pub fn poll(&self, timeout_ms: i32) -> usize {
        let polled = egret_ws_loop_poll(self.handle, timeout_ms);
        usize::try_from(polled).unwrap_or_else(|_| panic!("the poll failed with {polled}"))
    }

    /// Polls until `done`, which is asked before each poll.
    #[track_caller]
    pub fn wait_until(&self, what: &str, mut done: impl FnMut() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !done() {
            assert!(Instant::now() < deadline, "waited {PATIENCE:?} in vain for {what}");
            self.poll(10);
        }
    }

    /// The lines logged since this was last asked.
    pub fn take_log(&self) -> Vec<String> {
        self.log.take()
    }

    /// `egret_ws_connect_url` with options, or its error.
    pub fn open_url(&self, url: &str, set: impl FnOnce(&mut egret_ws_options)) -> Result<Socket<'_>, i32> {
        let url = CString::new(url).expect("no NUL in a test's URL");
        let recorder = Arc::new(Recorder::new());
        // SAFETY: as above.
        let mut options: egret_ws_options = unsafe { std::mem::zeroed() };
        options.struct_size = size_of::<egret_ws_options>() as u32;
        recorder.listen_by(&mut options);
        set(&mut options);
        // Kept until the loop is freed, so that a callback that comes too late is seen, not undefined.
        self.recorders.borrow_mut().push(Arc::clone(&recorder));
        let mut handle = ptr::null_mut();
        // SAFETY: a C string, whole options and a writable handle.
        match unsafe { egret_ws_connect_url(self.handle, url.as_ptr(), &options, &mut handle) } {
            EGRET_WS_OK => Ok(Socket { host: self, handle, recorder }),
            error => {
                recorder.state().refused = true;
                Err(error)
            }
        }
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        let freed = egret_ws_loop_free(self.handle);
        if thread::panicking() {
            return; // the test has failed already, and says why
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
    /// Polls until there are `count` events.
    #[track_caller]
    pub fn wait_events(&self, count: usize) -> Vec<Event> {
        self.host.wait_until("events", || {
            let events = &self.recorder.state().events;
            let is_closed = matches!(events.last(), Some(Event::Close(_)));
            assert!(events.len() >= count || !is_closed, "{count} events are due, not {events:?}");
            events.len() >= count
        });
        self.events()
    }

    /// Waits for `on_close` and for `release_user` after it.
    #[track_caller]
    pub fn wait_closed(&self) -> Report {
        self.host.wait_until("on_close and release_user", || self.recorder.state().released > 0);
        match self.recorder.state().events.last() {
            Some(Event::Close(report)) => (**report).clone(),
            other => panic!("not on_close but {other:?} came last"),
        }
    }

    pub fn events(&self) -> Vec<Event> {
        self.recorder.state().events.clone()
    }

    pub fn state(&self) -> i32 {
        egret_ws_state(self.handle)
    }

    #[track_caller]
    pub fn send_text(&self, text: &str) {
        // SAFETY: the pointer and the length are those of a slice.
        assert_eq!(unsafe { egret_ws_send_text(self.handle, text.as_ptr().cast(), text.len()) }, EGRET_WS_OK);
    }

    #[track_caller]
    pub fn send_binary(&self, bytes: &[u8]) {
        // SAFETY: the pointer and the length are those of a slice.
        assert_eq!(unsafe { egret_ws_send_binary(self.handle, bytes.as_ptr(), bytes.len()) }, EGRET_WS_OK);
    }

    #[track_caller]
    pub fn close(&self) {
        // SAFETY: the reason is empty.
        assert_eq!(unsafe { egret_ws_close(self.handle, 1000, ptr::null(), 0) }, EGRET_WS_OK);
    }

    #[track_caller]
    pub fn stats(&self) -> egret_ws_stats {
        // SAFETY: a C struct of numbers may be all zeros.
        let mut stats: egret_ws_stats = unsafe { std::mem::zeroed() };
        stats.struct_size = size_of::<egret_ws_stats>() as u32;
        // SAFETY: `stats` is writable for its own size.
        assert_eq!(unsafe { egret_ws_get_stats(self.handle, &mut stats) }, EGRET_WS_OK);
        stats
    }
}

impl Drop for Socket<'_> {
    fn drop(&mut self) {
        let freed = egret_ws_free(self.handle);
        assert!(freed == EGRET_WS_OK || thread::panicking(), "egret_ws_free failed with {freed}");
    }
}
