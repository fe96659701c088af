//! A host on a phone: a loop with one socket, which may connect more than once; all that happens is kept, with its time.
#![allow(unsafe_code)] // calls the C ABI

use crate::support::client::Driver;
use crate::support::record::Report;
use crate::support::{PATIENCE, answer};
use ::egret_ws::*;
use std::cell::RefCell;
use std::ffi::{CStr, CString, c_void};
use std::ptr;
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

/// A callback that was made.
#[derive(Clone, Debug)]
pub enum Event {
    Connect,
    Data(Vec<u8>),
    Retry(Report),
    Close(Report),
    Release,
}

type Diary = RefCell<Vec<(Instant, Event)>>;

pub struct Phone {
    host: *mut egret_ws_loop,
    ws: *mut egret_ws,
    diary: Rc<Diary>,
}

impl Phone {
    /// Begins to connect.
    pub fn connect(driver: Driver, url: &str, set: impl FnOnce(&mut egret_ws_options)) -> Phone {
        // SAFETY: C structs of numbers, pointers and nullable functions may be all zeros.
        let (mut of_loop, mut options): (egret_ws_loop_options, egret_ws_options) = unsafe { std::mem::zeroed() };
        // SAFETY: it is writable for its own size.
        unsafe { egret_ws_loop_options_init(&mut of_loop, size_of::<egret_ws_loop_options>()) };
        // SAFETY: the same.
        unsafe { egret_ws_options_init(&mut options, size_of::<egret_ws_options>()) };
        of_loop.flags = if driver == Driver::Inline { EGRET_WS_LOOP_INLINE } else { 0 };
        let diary = Rc::<Diary>::default();
        options.user = Rc::as_ptr(&diary).cast_mut().cast();
        options.on_connect = Some(on_connect);
        options.on_data = Some(on_data);
        options.on_retry = Some(on_retry);
        options.on_close = Some(on_close);
        options.release_user = Some(release_user);
        set(&mut options);
        let url = CString::new(url).expect("no NUL in a URL");
        let (mut host, mut ws) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: the options are whole and `host` is writable.
        assert_eq!(unsafe { egret_ws_loop_new(&of_loop, &mut host) }, EGRET_WS_OK);
        // SAFETY: the URL ends in a NUL, the options are whole, `ws` is writable, and `diary` outlives the loop, see `drop`.
        assert_eq!(unsafe { egret_ws_connect_url(host, url.as_ptr(), &options, &mut ws) }, EGRET_WS_OK);
        Phone { host, ws, diary }
    }

    /// Polls once; returns the number of callbacks.
    pub fn poll(&self, timeout_ms: i32) -> i32 {
        let polled = egret_ws_loop_poll(self.host, timeout_ms);
        assert!(polled >= 0, "the poll failed with {polled}");
        polled
    }

    /// Polls until something has happened for the `count`th time; returns when that was, and what.
    #[track_caller]
    pub fn wait<T>(&self, what: &str, count: usize, find: impl Fn(&Event) -> Option<T>) -> (Instant, T) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let found = self.diary.borrow().iter().filter_map(|(at, event)| Some((*at, find(event)?))).nth(count - 1);
            if let Some(found) = found {
                return found;
            }
            assert!(Instant::now() < deadline, "waited in vain for {what} number {count}: {:?}", self.summary());
            self.poll(10);
        }
    }

    #[track_caller]
    pub fn wait_connect(&self, count: usize) -> Instant {
        self.wait("on_connect", count, |event| matches!(event, Event::Connect).then_some(())).0
    }

    #[track_caller]
    pub fn wait_retry(&self, count: usize) -> (Instant, Report) {
        self.wait("on_retry", count, |event| match event {
            Event::Retry(report) => Some(report.clone()),
            _ => None,
        })
    }

    #[track_caller]
    pub fn wait_close(&self) -> (Instant, Report) {
        self.wait("on_close", 1, |event| match event {
            Event::Close(report) => Some(report.clone()),
            _ => None,
        })
    }

    /// Polls until so many messages have come in all; returns them.
    #[track_caller]
    pub fn wait_messages(&self, count: usize) -> Vec<Vec<u8>> {
        self.wait("message", count, |event| matches!(event, Event::Data(_)).then_some(()));
        self.messages()
    }

    pub fn messages(&self) -> Vec<Vec<u8>> {
        let data = |event: &Event| if let Event::Data(bytes) = event { Some(bytes.clone()) } else { None };
        self.diary.borrow().iter().filter_map(|(_, event)| data(event)).collect()
    }

    /// Sends something that is echoed, and waits for it.
    #[track_caller]
    pub fn greet(&self) {
        let count = self.messages().len() + 1;
        let greeting = format!("greeting {count}");
        assert_eq!(self.send(greeting.as_bytes()), EGRET_WS_OK);
        assert_eq!(self.wait_messages(count).last().expect("an echo"), greeting.as_bytes());
    }

    /// Polls for so long, in which nothing may happen.
    #[track_caller]
    pub fn expect_nothing_for(&self, time: Duration) {
        let until = Instant::now() + time;
        while Instant::now() < until {
            assert_eq!(self.poll(10), 0, "{:?}", self.summary());
        }
    }

    pub fn send(&self, bytes: &[u8]) -> i32 {
        // SAFETY: the pointer and the length are those of a slice.
        unsafe { egret_ws_send_binary(self.ws, bytes.as_ptr(), bytes.len()) }
    }

    pub fn state(&self) -> i32 {
        egret_ws_state(self.ws)
    }

    pub fn stats(&self) -> egret_ws_stats {
        answer::stats(self.ws)
    }

    pub fn generation(&self) -> i32 {
        egret_ws_generation(self.ws)
    }

    pub fn buffered_amount(&self) -> i64 {
        egret_ws_buffered_amount(self.ws)
    }

    pub fn network_changed(&self) {
        assert_eq!(egret_ws_loop_network_changed(self.host), EGRET_WS_OK);
    }

    pub fn suspend(&self) {
        assert_eq!(egret_ws_loop_suspend(self.host), EGRET_WS_OK);
    }

    pub fn resume(&self) {
        assert_eq!(egret_ws_loop_resume(self.host), EGRET_WS_OK);
    }

    /// What happened, without the messages.
    pub fn summary(&self) -> Vec<Event> {
        let all = self.diary.borrow();
        all.iter().map(|(_, event)| event).filter(|event| !matches!(event, Event::Data(_))).cloned().collect()
    }

    /// The contract of the header: `on_connect` and `on_retry` take turns as they may, messages come while it is connected,
    /// nothing comes after `on_close` but one release.
    fn check(&self) {
        let (mut open, mut closed) = (false, false);
        let diary = self.diary.borrow();
        let Some(((_, Event::Release), before)) = diary.split_last() else { panic!("{:?}", self.summary()) };
        for (_, event) in before {
            assert!(!closed, "after on_close came {event:?}");
            match event {
                Event::Connect => assert!(!std::mem::replace(&mut open, true), "on_connect came twice"),
                Event::Data(_) => assert!(open, "a message of no connection"),
                Event::Retry(_) => open = false,
                Event::Close(_) => closed = true,
                Event::Release => panic!("release_user ran twice"),
            }
        }
    }
}

impl Drop for Phone {
    fn drop(&mut self) {
        let freed = (egret_ws_free(self.ws), egret_ws_loop_free(self.host));
        if !thread::panicking() {
            assert_eq!(freed, (EGRET_WS_OK, EGRET_WS_OK));
            self.check();
        }
    }
}

fn note(user: *mut c_void, event: Event) {
    // SAFETY: `user` is the diary of a phone, which frees its loop before that; callbacks come on its own thread only, in a
    // poll or when the loop is freed, where nothing is borrowed.
    let diary = unsafe { &*user.cast::<Diary>() };
    diary.borrow_mut().push((Instant::now(), event));
}

unsafe extern "C" fn on_connect(user: *mut c_void, _: *mut egret_ws) {
    note(user, Event::Connect);
}

unsafe extern "C" fn on_data(user: *mut c_void, _: *mut egret_ws, _: i32, data: *const u8, len: usize) {
    // SAFETY: the header promises `len` readable bytes and a pointer that is not NULL.
    note(user, Event::Data(unsafe { std::slice::from_raw_parts(data, len) }.to_vec()));
}

unsafe extern "C" fn on_retry(user: *mut c_void, _: *mut egret_ws, info: *const egret_ws_close_info, _: u32, _: u32) {
    // SAFETY: the header promises a readable struct.
    note(user, Event::Retry(report(unsafe { &*info })));
}

unsafe extern "C" fn on_close(user: *mut c_void, _: *mut egret_ws, info: *const egret_ws_close_info) {
    // SAFETY: the header promises a readable struct.
    note(user, Event::Close(report(unsafe { &*info })));
}

unsafe extern "C" fn release_user(user: *mut c_void) {
    note(user, Event::Release);
}

fn report(info: &egret_ws_close_info) -> Report {
    // SAFETY: the header promises texts that are not NULL and end in a NUL.
    let text = |text| unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned();
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
        reason: text(info.reason),
        message: text(info.message),
    }
}
