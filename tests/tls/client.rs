//! A client that connects to URLs with the options for TLS. What its callbacks get is recorded as everywhere in the tests.
#![allow(unsafe_code)] // calls the C ABI

use crate::support::PATIENCE;
use crate::support::certificates::{Certificate, ROOT};
use crate::support::client::Driver;
use crate::support::record::{Event, Log, Recorder, Report};
use ::egret_ws::*;
use std::cell::RefCell;
use std::ffi::{CStr, CString, c_char};
use std::ptr;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

/// Options of a socket that matter here. The default trusts the system's roots.
#[derive(Clone, Default)]
pub struct Settings {
    roots: Vec<u8>,
    flags: u32,
    pins: Option<CString>,
    identity: Option<(Vec<u8>, CString)>,
    server_name: Option<CString>,
    min_version: u32,
    timeout_ms: u32,
}

impl Settings {
    /// Trusts `ROOT` besides the system's.
    pub fn trusting() -> Settings {
        Settings::default().roots(ROOT.pem())
    }

    pub fn roots(self, pem: impl Into<Vec<u8>>) -> Settings {
        Settings { roots: pem.into(), ..self }
    }

    pub fn flags(self, flags: u32) -> Settings {
        Settings { flags, ..self }
    }

    pub fn pins(self, pins: &str) -> Settings {
        Settings { pins: Some(CString::new(pins).expect("no NUL")), ..self }
    }

    pub fn identity(self, certificate: &Certificate) -> Settings {
        self.pkcs12(certificate.pkcs12("open sesame"), "open sesame")
    }

    pub fn pkcs12(self, bytes: Vec<u8>, password: &str) -> Settings {
        Settings { identity: Some((bytes, CString::new(password).expect("no NUL"))), ..self }
    }

    pub fn server_name(self, name: &str) -> Settings {
        Settings { server_name: Some(CString::new(name).expect("no NUL")), ..self }
    }

    pub fn min_version(self, version: u32) -> Settings {
        Settings { min_version: version, ..self }
    }

    /// For the TLS handshake.
    pub fn timeout_ms(self, timeout_ms: u32) -> Settings {
        Settings { timeout_ms, ..self }
    }

    /// `options` borrow from this.
    fn fill(&self, options: &mut egret_ws_options) {
        let text = |text: &Option<CString>| text.as_ref().map_or(ptr::null(), |text| text.as_ptr());
        options.flags = self.flags;
        if !self.roots.is_empty() {
            (options.tls_roots, options.tls_roots_len) = (self.roots.as_ptr().cast(), self.roots.len());
        }
        options.tls_pins = text(&self.pins);
        if let Some((bytes, password)) = &self.identity {
            (options.tls_identity, options.tls_identity_len) = (bytes.as_ptr(), bytes.len());
            options.tls_identity_password = password.as_ptr();
        }
        options.tls_server_name = text(&self.server_name);
        options.tls_min_version = self.min_version;
        options.tls_timeout_ms = self.timeout_ms;
    }
}

/// Runs a test once on each driver, each time with a fresh loop.
pub fn on_both_drivers(test: impl Fn(&Loop)) {
    for driver in [Driver::Threaded, Driver::Inline] {
        println!("driver: {driver:?}"); // shown when the test fails
        test(&Loop::new(driver));
    }
}

/// An `egret_ws_loop` that is freed when dropped.
pub struct Loop {
    handle: *mut egret_ws_loop,
    log: Box<Log>,
    recorders: RefCell<Vec<Arc<Recorder>>>,
}

impl Loop {
    pub fn new(driver: Driver) -> Loop {
        let log = Box::<Log>::default();
        // SAFETY: a C struct of numbers, pointers and nullable functions may be all zeros.
        let mut options: egret_ws_loop_options = unsafe { std::mem::zeroed() };
        options.struct_size = size_of::<egret_ws_loop_options>() as u32;
        options.flags = if driver == Driver::Inline { EGRET_WS_LOOP_INLINE } else { 0 };
        log.listen_by(&mut options);
        let mut handle = ptr::null_mut();
        // SAFETY: `options` is whole and `handle` writable; `log` outlives the loop, see `drop`.
        assert_eq!(unsafe { egret_ws_loop_new(&options, &mut handle) }, EGRET_WS_OK);
        Loop { handle, log, recorders: RefCell::default() }
    }

    /// `egret_ws_connect_url`, or its error.
    pub fn try_connect(&self, url: &str, settings: &Settings) -> Result<Socket<'_>, i32> {
        let url = CString::new(url).expect("no NUL in a test's URL");
        let recorder = Arc::new(Recorder::new());
        // SAFETY: as above.
        let mut options: egret_ws_options = unsafe { std::mem::zeroed() };
        options.struct_size = size_of::<egret_ws_options>() as u32;
        recorder.listen_by(&mut options);
        settings.fill(&mut options);
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

    #[track_caller]
    pub fn connect(&self, url: &str, settings: &Settings) -> Socket<'_> {
        self.try_connect(url, settings).expect("the connect call succeeds")
    }

    /// Connects to `127.0.0.1` by TLS.
    #[track_caller]
    pub fn connect_port(&self, port: u16, settings: &Settings) -> Socket<'_> {
        self.connect(&format!("wss://127.0.0.1:{port}/"), settings)
    }

    #[track_caller]
    pub fn wait_until(&self, what: &str, mut done: impl FnMut() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !done() {
            assert!(Instant::now() < deadline, "waited {PATIENCE:?} in vain for {what}");
            assert!(egret_ws_loop_poll(self.handle, 10) >= 0);
        }
    }

    /// The lines logged since this was last asked.
    pub fn take_log(&self) -> Vec<String> {
        self.log.take()
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
    #[track_caller]
    fn wait_for(&self, what: &str, done: impl Fn(&[Event]) -> bool) {
        self.host.wait_until(what, || {
            let events = &self.recorder.state().events;
            let is_closed = matches!(events.last(), Some(Event::Close(_)));
            assert!(done(events) || !is_closed, "waited for {what}; then came {:?}", events.last());
            done(events)
        });
    }

    #[track_caller]
    pub fn wait_open(&self) {
        self.wait_for("on_connect", |events| !events.is_empty());
        assert_eq!(self.recorder.state().events[0], Event::Connect);
    }

    /// Waits for `count` messages in all, and returns them.
    #[track_caller]
    pub fn wait_messages(&self, count: usize) -> Vec<Event> {
        self.wait_for("messages", |events| events.iter().filter(|event| event.is_message()).count() >= count);
        self.recorder.state().events.iter().filter(|event| event.is_message()).cloned().collect()
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

    #[track_caller]
    pub fn send_text(&self, text: &str) {
        // SAFETY: the pointer and the length are those of a slice.
        assert_eq!(unsafe { egret_ws_send_text(self.handle, text.as_ptr().cast(), text.len()) }, EGRET_WS_OK);
    }

    #[track_caller]
    pub fn send_binary(&self, bytes: &[u8]) {
        assert_eq!(self.try_send_binary(bytes), EGRET_WS_OK);
    }

    pub fn try_send_binary(&self, bytes: &[u8]) -> i32 {
        // SAFETY: the pointer and the length are those of a slice.
        unsafe { egret_ws_send_binary(self.handle, bytes.as_ptr(), bytes.len()) }
    }

    #[track_caller]
    pub fn close(&self, code: u16, reason: &str) {
        let reason: (*const c_char, usize) = (reason.as_ptr().cast(), reason.len());
        // SAFETY: the pointer and the length are those of a slice.
        assert_eq!(unsafe { egret_ws_close(self.handle, code, reason.0, reason.1) }, EGRET_WS_OK);
    }

    /// What was measured, and the address that won.
    #[track_caller]
    pub fn stats(&self) -> (egret_ws_stats, String) {
        // SAFETY: a C struct of numbers may be all zeros.
        let mut stats: egret_ws_stats = unsafe { std::mem::zeroed() };
        stats.struct_size = size_of::<egret_ws_stats>() as u32;
        // SAFETY: `stats` is writable for its own size.
        assert_eq!(unsafe { egret_ws_get_stats(self.handle, &mut stats) }, EGRET_WS_OK);
        // SAFETY: the header promises a NUL.
        let address = unsafe { CStr::from_ptr(stats.address.as_ptr()) };
        (stats, address.to_str().expect("an address is ASCII").to_owned())
    }
}

impl Drop for Socket<'_> {
    fn drop(&mut self) {
        let freed = egret_ws_free(self.handle);
        assert!(freed == EGRET_WS_OK || thread::panicking(), "egret_ws_free failed with {freed}");
    }
}
