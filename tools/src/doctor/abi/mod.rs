//! The functions of `egret_ws.h` that the doctor uses, with safe types. The doctor uses nothing else of the library. So an
//! application can read every fact that the doctor reports.
//!
//! - `options`: the settings of the command line as `egret_ws_options`
//! - `events`: callbacks, as values in a queue
#![allow(unsafe_code)] // calls the C ABI

mod events;
mod options;

use crate::settings::Settings;
use ::egret_ws::*;
use events::Events;
pub use events::{Event, Frame, Report};
use options::Texts;
use std::ffi::{CStr, CString, c_char, c_void};
use std::io::Write;
use std::ptr;
use std::rc::Rc;
use std::time::Duration;

/// The reason why a call was refused.
#[derive(Debug)]
pub struct Refused {
    /// The name of the error, such as `EGRET_WS_ERR_INVALID_URL`.
    pub error: String,
    pub reason: String,
}

/// # Safety
/// `text` is not NULL and ends in a NUL.
unsafe fn c_text(text: *const c_char) -> String {
    // SAFETY: see above.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

pub fn version() -> String {
    // SAFETY: it is a static string.
    unsafe { c_text(egret_ws_version_string()) }
}

pub fn error_name(error: i32) -> String {
    // SAFETY: it is a static string.
    unsafe { c_text(egret_ws_error_name(error)) }
}

fn check(result: i32) -> Result<(), Refused> {
    if result >= EGRET_WS_OK {
        return Ok(());
    }
    // SAFETY: the text is valid until the next call of this thread.
    Err(Refused { error: error_name(result), reason: unsafe { c_text(egret_ws_last_error_message()) } })
}

/// Calls `egret_ws_normalize_url`.
pub fn normalize_url(url: &str) -> Result<String, Refused> {
    let url = c_string(url)?;
    // SAFETY: the URL ends in a NUL, and the buffer of `bytes` has the given capacity.
    let call = |out, capacity| unsafe { egret_ws_normalize_url(url.as_ptr(), out, capacity) };
    check(call(ptr::null_mut(), 0))?;
    Ok(String::from_utf8_lossy(&bytes(call)).into_owned())
}

fn c_string(text: &str) -> Result<CString, Refused> {
    CString::new(text).map_err(|_| Refused {
        error: "EGRET_WS_ERR_INVALID_ARGUMENT".to_owned(),
        reason: "an argument contains a NUL".to_owned(),
    })
}

/// Reads a text of the library: first its length, then the text. After an error it is empty.
fn bytes(call: impl Fn(*mut c_char, usize) -> i32) -> Vec<u8> {
    let Ok(length) = usize::try_from(call(ptr::null_mut(), 0)) else { return vec![] };
    let mut out = vec![0; length + 1];
    let Ok(length) = usize::try_from(call(out.as_mut_ptr().cast(), out.len())) else { return vec![] };
    out.truncate(length);
    out
}

/// A loop. It is freed when it is dropped.
pub struct Loop(*mut egret_ws_loop);

/// Wakes a loop from another thread. The loop may already be freed: its handle is a number that the library checks.
#[derive(Clone, Copy)]
pub struct Waker(usize);

impl Waker {
    pub fn wake(self) {
        egret_ws_loop_wake(ptr::without_provenance_mut(self.0));
    }
}

impl Loop {
    pub fn new(logs_steps: bool) -> Result<Loop, Refused> {
        // SAFETY: a C struct of numbers, pointers and nullable functions may be all zeros.
        let mut options: egret_ws_loop_options = unsafe { std::mem::zeroed() };
        // SAFETY: `options` is writable, and its size is passed.
        check(unsafe { egret_ws_loop_options_init(&mut options, size_of_val(&options)) })?;
        if logs_steps {
            options.on_log = Some(on_log);
            options.log_level = EGRET_WS_LOG_DEBUG;
        }
        let mut handle = ptr::null_mut();
        // SAFETY: `options` is complete, and `handle` is writable.
        check(unsafe { egret_ws_loop_new(&options, &mut handle) })?;
        Ok(Loop(handle))
    }

    pub fn waker(&self) -> Waker {
        Waker(self.0.addr())
    }

    /// Runs callbacks. Waits at most this long for one.
    pub fn poll(&self, wait: Duration) -> Result<(), Refused> {
        let wait = i32::try_from(wait.as_millis()).unwrap_or(i32::MAX);
        check(egret_ws_loop_poll(self.0, wait))
    }

    /// Calls `egret_ws_connect`.
    pub fn connect(&self, url: &str, settings: &Settings) -> Result<Socket, Refused> {
        let url = c_string(url)?;
        let texts = Texts::new(settings)?;
        let events: Rc<Events> = Rc::default();
        let options = texts.options(settings, &events)?;
        let mut handle = ptr::null_mut();
        // SAFETY: the texts of the options live until the call has returned, and the call copies them. `handle` is writable.
        let connected = check(unsafe { egret_ws_connect(self.0, url.as_ptr(), &options, &mut handle) });
        if let Err(refused) = connected {
            // SAFETY: `Events::listen` made it, and after an error `release_user` is not called.
            drop(unsafe { Rc::from_raw(options.user.cast::<Events>()) });
            return Err(refused);
        }
        Ok(Socket { handle, events })
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        // SAFETY: NULL is allowed.
        unsafe { egret_ws_loop_free(self.0, ptr::null_mut()) };
    }
}

unsafe extern "C" fn on_log(_: *mut c_void, _: egret_ws_log_level_t, text: *const c_char, _: *mut egret_ws) {
    // SAFETY: according to the header, it is a text.
    let text = unsafe { c_text(text) };
    let _ = writeln!(std::io::stderr(), "log: {}", crate::words::plain(&text));
}

/// A socket. It is freed when it is dropped.
pub struct Socket {
    handle: *mut egret_ws,
    events: Rc<Events>,
}

/// Whether a message was queued.
#[derive(Debug, PartialEq)]
pub enum Sent {
    Queued,
    /// Send it again after [`Event::Drain`].
    Full,
    /// The connection has ended. Its report follows.
    NotOpen,
}

impl Socket {
    /// Returns the oldest event that was not taken yet.
    pub fn take_event(&self) -> Option<Event> {
        self.events.take()
    }

    /// Sends bytes as text if they are UTF-8, otherwise as binary.
    pub fn send(&self, data: &[u8]) -> Result<Sent, Refused> {
        let kind = if str::from_utf8(data).is_ok() { EGRET_WS_TEXT } else { EGRET_WS_BINARY };
        // SAFETY: the pointer and the length belong to a slice.
        match unsafe { egret_ws_send(self.handle, kind, data.as_ptr().cast(), data.len()) } {
            EGRET_WS_ERR_BACKPRESSURE => Ok(Sent::Full),
            EGRET_WS_ERR_NOT_OPEN => Ok(Sent::NotOpen),
            result => check(result).map(|()| Sent::Queued),
        }
    }

    /// Sends a ping. Returns false if the connection has ended.
    pub fn ping(&self, payload: &[u8]) -> Result<bool, Refused> {
        // SAFETY: the pointer and the length belong to a slice.
        match unsafe { egret_ws_ping(self.handle, payload.as_ptr().cast(), payload.len()) } {
            EGRET_WS_ERR_NOT_OPEN => Ok(false),
            result => check(result).map(|()| true),
        }
    }

    pub fn close(&self) {
        // SAFETY: an empty reason may be NULL.
        unsafe { egret_ws_close(self.handle, 1000, ptr::null(), 0) };
    }

    fn read(&self, call: unsafe extern "C" fn(*mut egret_ws, *mut c_char, usize) -> i32) -> String {
        String::from_utf8_lossy(&self.read_bytes(call)).into_owned()
    }

    fn read_bytes(&self, call: unsafe extern "C" fn(*mut egret_ws, *mut c_char, usize) -> i32) -> Vec<u8> {
        // SAFETY: the buffer of `bytes` has the given capacity.
        bytes(|out, capacity| unsafe { call(self.handle, out, capacity) })
    }

    pub fn remote_address(&self) -> String {
        self.read(egret_ws_remote_address)
    }

    pub fn local_address(&self) -> String {
        self.read(egret_ws_local_address)
    }

    pub fn tried_addresses(&self) -> String {
        self.read(egret_ws_tried_addresses)
    }

    pub fn proxy(&self) -> String {
        self.read(egret_ws_proxy)
    }

    pub fn tls_cipher(&self) -> String {
        self.read(egret_ws_tls_cipher)
    }

    pub fn tls_alpn(&self) -> String {
        self.read(egret_ws_tls_alpn)
    }

    pub fn subprotocol(&self) -> String {
        self.read(egret_ws_subprotocol)
    }

    pub fn extensions(&self) -> String {
        self.read(egret_ws_extensions)
    }

    pub fn response_headers(&self) -> String {
        self.read(egret_ws_response_headers)
    }

    pub fn response_cookies(&self) -> String {
        self.read(egret_ws_response_cookies)
    }

    pub fn response_body(&self) -> Vec<u8> {
        self.read_bytes(egret_ws_response_body)
    }

    /// Returns the certificates of the server in DER, with its own first.
    pub fn certificates(&self) -> Vec<Vec<u8>> {
        let mut certificates = vec![];
        for index in 0.. {
            // SAFETY: no bytes are written.
            let length = unsafe { egret_ws_peer_certificate(self.handle, index, ptr::null_mut(), 0) };
            let Ok(length @ 1..) = usize::try_from(length) else { break };
            let mut der = vec![0; length];
            // SAFETY: `der` has the given capacity.
            if unsafe { egret_ws_peer_certificate(self.handle, index, der.as_mut_ptr(), der.len()) } < 0 {
                break;
            }
            certificates.push(der);
        }
        certificates
    }

    /// Calls `egret_ws_stats`.
    pub fn statistics(&self) -> egret_ws_statistics {
        // SAFETY: a C struct of numbers may be all zeros.
        let mut statistics: egret_ws_statistics = unsafe { std::mem::zeroed() };
        statistics.struct_size = size_of_val(&statistics) as u32;
        // SAFETY: the struct is writable, and its size is passed. After an error it stays all zeros.
        unsafe { egret_ws_stats(self.handle, &mut statistics) };
        statistics
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        egret_ws_free(self.handle);
    }
}
