//! One connection from the connect call to its end, with any options, and what could be read of the server's answer.
#![allow(unsafe_code)] // calls the C ABI

use crate::support::PATIENCE;
use crate::support::client::Driver;
use crate::support::record::{Event, Log, Recorder, Report};
use ::egret_ws::*;
use parking_lot::Mutex;
use std::ffi::{CStr, CString, c_char, c_void};
use std::ptr;
use std::sync::Arc;
use std::time::Instant;

pub const DRIVERS: [Driver; 2] = [Driver::Threaded, Driver::Inline];

/// A header of the request.
pub const fn header(name: &'static CStr, value: &'static CStr) -> egret_ws_header {
    egret_ws_header { name: name.as_ptr(), value: value.as_ptr() }
}

/// Sets the headers of the request.
pub fn set_headers(options: &mut egret_ws_options, headers: &[egret_ws_header]) {
    options.headers = headers.as_ptr();
    options.header_count = headers.len();
}

/// What a connect call that failed returned and logged.
#[derive(Debug)]
pub struct Refused {
    pub error: i32,
    pub log: Vec<String>,
}

/// A connection that is not at its end.
pub struct Visit {
    host: *mut egret_ws_loop,
    ws: *mut egret_ws,
    tap: Arc<Tap>,
    log: Arc<Log>,
}

/// What a connection came to.
pub struct Outcome {
    pub report: Report,
    /// What `on_connect` could read, if it was called.
    pub opened: Option<Answer>,
    /// What `on_close` could read.
    pub closed: Answer,
    /// All that was logged.
    pub log: Vec<String>,
}

impl Outcome {
    /// It was opened, and ended by both Close frames.
    #[track_caller]
    pub fn expect_open(&self) -> &Answer {
        assert_eq!((self.report.error, self.report.http_status), (EGRET_WS_OK, 101), "{:#?}", self.report);
        self.opened.as_ref().expect("on_connect came")
    }

    /// It was not opened, and ended in the phase of the upgrade.
    #[track_caller]
    pub fn expect_refusal(&self, error: i32, initiator: i32, http_status: i32) -> &Answer {
        self.report.expect(error, EGRET_WS_PHASE_HANDSHAKE, initiator);
        assert_eq!(self.report.http_status, http_status, "{:#?}", self.report);
        assert!(self.opened.is_none(), "on_connect came");
        &self.closed
    }
}

/// The server's answer and the statistics as they could be read at one moment.
pub struct Answer {
    pub headers: String,
    /// Each name of `headers` with its value, as it is told when asked for by the name.
    named: Vec<(String, String)>,
    pub stats: egret_ws_stats,
}

impl Answer {
    fn read(ws: *mut egret_ws) -> Answer {
        let headers = response_headers(ws);
        let names = headers.lines().filter_map(|line| line.split_once(": "));
        let named =
            names.map(|(name, _)| (name.to_owned(), response_header(ws, name).expect("a header of the answer")));
        Answer { named: named.collect(), headers, stats: stats(ws) }
    }

    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        let found = self.named.iter().find(|(header, _)| header == name);
        &found.unwrap_or_else(|| panic!("no {name} in {:?}", self.headers)).1
    }
}

/// A recorder, first so that its callbacks take this for it, and what was read before they were called.
#[repr(C)]
struct Tap {
    recorder: Recorder,
    on_connect: egret_ws_on_connect,
    on_close: egret_ws_on_close,
    opened: Mutex<Option<Answer>>,
    closed: Mutex<Option<Answer>>,
}

impl Visit {
    /// Connects on a loop of its own that logs all there is to log.
    pub fn begin(
        driver: Driver,
        url: impl AsRef<[u8]>,
        set: impl FnOnce(&mut egret_ws_options),
    ) -> Result<Visit, Refused> {
        let url = CString::new(url.as_ref()).expect("no NUL in a test's URL");
        let log = Arc::new(Log::default());
        // SAFETY: a C struct of numbers, pointers and nullable functions may be all zeros.
        let mut of_loop: egret_ws_loop_options = unsafe { std::mem::zeroed() };
        of_loop.struct_size = size_of::<egret_ws_loop_options>() as u32;
        of_loop.flags = if driver == Driver::Inline { EGRET_WS_LOOP_INLINE } else { 0 };
        of_loop.log_level = EGRET_WS_LOG_DEBUG;
        log.listen_by(&mut of_loop);
        let mut host = ptr::null_mut();
        // SAFETY: `of_loop` is whole and `host` writable; `log` outlives the loop.
        assert_eq!(unsafe { egret_ws_loop_new(&of_loop, &mut host) }, EGRET_WS_OK);

        // SAFETY: as above.
        let mut options: egret_ws_options = unsafe { std::mem::zeroed() };
        options.struct_size = size_of::<egret_ws_options>() as u32;
        let recorder = Recorder::new();
        recorder.listen_by(&mut options);
        let (on_connect, on_close) = (options.on_connect, options.on_close);
        let tap = Arc::new(Tap { recorder, on_connect, on_close, opened: Mutex::default(), closed: Mutex::default() });
        options.user = ptr::from_ref(&*tap).cast_mut().cast();
        options.on_connect = Some(read_on_connect);
        options.on_close = Some(read_on_close);
        set(&mut options);

        let mut ws = ptr::null_mut();
        // SAFETY: a C string, whole options and a writable `ws`; `tap` outlives the loop.
        let error = unsafe { egret_ws_connect_url(host, url.as_ptr(), &options, &mut ws) };
        tap.recorder.state().refused = error != EGRET_WS_OK;
        let visit = Visit { host, ws, tap, log };
        if error == EGRET_WS_OK {
            return Ok(visit);
        }
        assert!(ws.is_null(), "a failed connect call wrote its out-parameter");
        Err(Refused { error, log: visit.free() })
    }

    pub fn ws(&self) -> *mut egret_ws {
        self.ws
    }

    /// Polls until `on_close` and `release_user` were called.
    #[track_caller]
    pub fn wait_closed(&self) {
        let deadline = Instant::now() + PATIENCE;
        while self.tap.recorder.state().released == 0 {
            assert!(Instant::now() < deadline, "waited {PATIENCE:?} in vain for the end");
            assert!(egret_ws_loop_poll(self.host, 10) >= 0);
        }
    }

    #[track_caller]
    pub fn end(self) -> Outcome {
        self.wait_closed();
        let report = match self.tap.recorder.state().events.last() {
            Some(Event::Close(report)) => (**report).clone(),
            other => panic!("not on_close but {other:?} came last"),
        };
        let opened = self.tap.opened.lock().take();
        let closed = self.tap.closed.lock().take().expect("on_close came");
        assert_eq!(egret_ws_free(self.ws), EGRET_WS_OK);
        Outcome { report, opened, closed, log: self.free() }
    }

    /// Frees the loop; returns what was logged until then.
    #[track_caller]
    fn free(mut self) -> Vec<String> {
        let host = std::mem::replace(&mut self.host, ptr::null_mut());
        assert_eq!(egret_ws_loop_free(host), EGRET_WS_OK);
        self.tap.recorder.state().check();
        self.log.take()
    }
}

impl Drop for Visit {
    /// No callback may outlive what it uses, though the test has failed.
    fn drop(&mut self) {
        if !self.host.is_null() {
            egret_ws_loop_free(self.host);
        }
    }
}

/// A whole connection. The connect call must succeed.
#[track_caller]
pub fn visit(driver: Driver, url: impl AsRef<[u8]>, set: impl FnOnce(&mut egret_ws_options)) -> Outcome {
    Visit::begin(driver, url, set).expect("the connect call succeeds").end()
}

/// A connect call that must fail.
#[track_caller]
pub fn refused(url: impl AsRef<[u8]>, set: impl FnOnce(&mut egret_ws_options)) -> Refused {
    Visit::begin(Driver::Threaded, url, set).err().expect("the connect call fails")
}

/// A text of the library: its length is asked for, then there is room for just that.
fn text(call: impl Fn(*mut c_char, usize) -> i32) -> Result<String, i32> {
    let length = call(ptr::null_mut(), 0);
    let room = usize::try_from(length).map_err(|_| length)?;
    let mut out = vec![b'?'; room + 1];
    assert_eq!(call(out.as_mut_ptr().cast(), out.len()), length);
    assert_eq!(out.pop(), Some(0), "a NUL follows");
    Ok(String::from_utf8(out).expect("UTF-8"))
}

pub fn response_header(ws: *mut egret_ws, name: &str) -> Result<String, i32> {
    let name = CString::new(name).expect("no NUL in a name");
    // SAFETY: the name ends in a NUL, and `text` gives as much room as it says.
    text(|out, capacity| unsafe { egret_ws_response_header(ws, name.as_ptr(), out, capacity) })
}

pub fn response_headers(ws: *mut egret_ws) -> String {
    // SAFETY: `text` gives as much room as it says.
    text(|out, capacity| unsafe { egret_ws_response_headers(ws, out, capacity) }).expect("the handle is valid")
}

pub fn stats(ws: *mut egret_ws) -> egret_ws_stats {
    // SAFETY: a C struct of numbers may be all zeros.
    let mut stats: egret_ws_stats = unsafe { std::mem::zeroed() };
    stats.struct_size = size_of::<egret_ws_stats>() as u32;
    // SAFETY: `stats` is writable for its own size.
    assert_eq!(unsafe { egret_ws_get_stats(ws, &mut stats) }, EGRET_WS_OK);
    stats
}

unsafe extern "C" fn read_on_connect(user: *mut c_void, ws: *mut egret_ws) {
    // SAFETY: `user` is the tap of a loop that is not freed yet.
    let tap = unsafe { &*user.cast::<Tap>() };
    *tap.opened.lock() = Some(Answer::read(ws));
    // SAFETY: the recorder's own callback, which finds the recorder at the tap's start.
    unsafe { tap.on_connect.expect("the recorder's")(user, ws) }
}

unsafe extern "C" fn read_on_close(user: *mut c_void, ws: *mut egret_ws, info: *const egret_ws_close_info) {
    // SAFETY: as above.
    let tap = unsafe { &*user.cast::<Tap>() };
    *tap.closed.lock() = Some(Answer::read(ws));
    // SAFETY: as above.
    unsafe { tap.on_close.expect("the recorder's")(user, ws, info) }
}
