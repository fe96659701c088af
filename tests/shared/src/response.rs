//! What can be read of a socket: the server's answer, and the statistics.
#![allow(unsafe_code)] // calls the C ABI

use ::egret_ws::*;
use std::ffi::{CStr, CString, c_char};
use std::ptr;

/// The server's answer and the statistics as they could be read at one moment.
pub struct Response {
    pub headers: String,
    /// Each name of `headers` with its value, as it is told when asked for by the name.
    named: Vec<(String, String)>,
    pub stats: egret_ws_stats,
}

impl Response {
    pub fn read(ws: *mut egret_ws) -> Response {
        let headers = response_headers(ws);
        let names = headers.lines().filter_map(|line| line.split_once(": "));
        let named =
            names.map(|(name, _)| (name.to_owned(), response_header(ws, name).expect("a header of the answer")));
        Response { named: named.collect(), headers, stats: stats(ws) }
    }

    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        let found = self.named.iter().find(|(header, _)| header == name);
        &found.unwrap_or_else(|| panic!("no {name} in {:?}", self.headers)).1
    }
}

/// What was read in `on_connect` and in `on_close`, as far as they came.
#[derive(Default)]
pub struct Responses {
    pub opened: Option<Response>,
    pub closed: Option<Response>,
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

pub fn subprotocol(ws: *mut egret_ws) -> String {
    // SAFETY: `text` gives as much room as it says.
    text(|out, capacity| unsafe { egret_ws_subprotocol(ws, out, capacity) }).expect("the handle is valid")
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

pub fn stats(ws: *mut egret_ws) -> egret_ws_stats {
    // SAFETY: a C struct of numbers may be all zeros.
    let mut stats: egret_ws_stats = unsafe { std::mem::zeroed() };
    stats.struct_size = size_of::<egret_ws_stats>() as u32;
    // SAFETY: `stats` is writable for its own size.
    assert_eq!(unsafe { egret_ws_get_stats(ws, &mut stats) }, EGRET_WS_OK);
    stats
}

/// The address that won.
#[track_caller]
pub fn address(stats: &egret_ws_stats) -> String {
    let bytes = stats.address.map(|byte| byte as u8);
    CStr::from_bytes_until_nul(&bytes).expect("a NUL").to_str().expect("an address is ASCII").to_owned()
}
