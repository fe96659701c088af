//! The values that a host can read from a socket: the response of the server, and the statistics.
#![allow(unsafe_code)] // calls the C ABI

use ::egret_ws::*;
use std::ffi::{CString, c_char};
use std::ops::Deref;
use std::ptr;

/// The response of the server and the statistics at one moment.
pub struct Response {
    pub headers: String,
    /// Each name in `headers`, with the value that a query for this name returns.
    named: Vec<(String, String)>,
    /// The first bytes of the body of a refusal.
    pub body: Vec<u8>,
    pub cookies: String,
    pub stats: Stats,
    /// See [`tried_addresses`].
    pub tried: String,
    /// See [`local_address`].
    pub local_address: String,
}

impl Response {
    pub fn read(ws: *mut egret_ws) -> Response {
        let headers = response_headers(ws);
        let names = headers.lines().filter_map(|line| line.split_once(": "));
        let named =
            names.map(|(name, _)| (name.to_owned(), response_header(ws, name).expect("a header of the answer")));
        Response {
            named: named.collect(),
            headers,
            body: response_body(ws),
            cookies: response_cookies(ws),
            stats: stats(ws),
            tried: tried_addresses(ws),
            local_address: local_address(ws),
        }
    }

    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        let found = self.named.iter().find(|(header, _)| header == name);
        &found.unwrap_or_else(|| panic!("no {name} in {:?}", self.headers)).1
    }
}

/// The responses read in `on_connect` and in `on_close`.
#[derive(Default)]
pub struct Responses {
    pub opened: Option<Response>,
    pub closed: Option<Response>,
}

pub fn response_header(ws: *mut egret_ws, name: &str) -> Result<String, i32> {
    let name = CString::new(name).expect("no NUL in a name");
    // SAFETY: the name ends in a NUL, and the buffer of `text` has the given capacity.
    text(|out, capacity| unsafe { egret_ws_response_header(ws, name.as_ptr(), out, capacity) })
}

pub fn response_headers(ws: *mut egret_ws) -> String {
    // SAFETY: the buffer of `text` has the given capacity.
    text(|out, capacity| unsafe { egret_ws_response_headers(ws, out, capacity) }).expect("the handle is valid")
}

pub fn response_body(ws: *mut egret_ws) -> Vec<u8> {
    // SAFETY: the buffer of `bytes` has the given capacity.
    bytes(|out, capacity| unsafe { egret_ws_response_body(ws, out, capacity) }).expect("the handle is valid")
}

pub fn response_cookies(ws: *mut egret_ws) -> String {
    // SAFETY: the buffer of `text` has the given capacity.
    text(|out, capacity| unsafe { egret_ws_response_cookies(ws, out, capacity) }).expect("the handle is valid")
}

pub fn subprotocol(ws: *mut egret_ws) -> String {
    // SAFETY: the buffer of `text` has the given capacity.
    text(|out, capacity| unsafe { egret_ws_subprotocol(ws, out, capacity) }).expect("the handle is valid")
}

/// Returns the addresses that were tried, with their results: one in each line.
pub fn tried_addresses(ws: *mut egret_ws) -> String {
    // SAFETY: the buffer of `text` has the given capacity.
    text(|out, capacity| unsafe { egret_ws_tried_addresses(ws, out, capacity) }).expect("the handle is valid")
}

/// Returns the local address of the connection.
pub fn local_address(ws: *mut egret_ws) -> String {
    // SAFETY: the buffer of `text` has the given capacity.
    text(|out, capacity| unsafe { egret_ws_local_address(ws, out, capacity) }).expect("the handle is valid")
}

/// Reads a text of the library: first its length, then the text into a buffer of exactly that size.
fn text(call: impl Fn(*mut c_char, usize) -> i32) -> Result<String, i32> {
    Ok(String::from_utf8(bytes(call)?).expect("UTF-8"))
}

/// Like [`text`], for bytes that need not be UTF-8.
fn bytes(call: impl Fn(*mut c_char, usize) -> i32) -> Result<Vec<u8>, i32> {
    let length = call(ptr::null_mut(), 0);
    let room = usize::try_from(length).map_err(|_| length)?;
    let mut out = vec![b'?'; room + 1];
    assert_eq!(call(out.as_mut_ptr().cast(), out.len()), length);
    assert_eq!(out.pop(), Some(0), "a NUL follows");
    Ok(out)
}

/// The statistics of a socket, with its address.
pub struct Stats {
    values: egret_ws_statistics,
    address: String,
}

impl Deref for Stats {
    type Target = egret_ws_statistics;

    fn deref(&self) -> &egret_ws_statistics {
        &self.values
    }
}

pub fn stats(ws: *mut egret_ws) -> Stats {
    // SAFETY: a C struct of numbers may be all zeros.
    let mut stats: egret_ws_statistics = unsafe { std::mem::zeroed() };
    stats.struct_size = size_of::<egret_ws_statistics>() as u32;
    // SAFETY: `stats` is writable, and its size is passed.
    assert_eq!(unsafe { egret_ws_stats(ws, &mut stats) }, EGRET_WS_OK);
    Stats { values: stats, address: remote_address(ws) }
}

pub fn remote_address(ws: *mut egret_ws) -> String {
    // SAFETY: the buffer of `text` has the given capacity.
    text(|out, capacity| unsafe { egret_ws_remote_address(ws, out, capacity) }).expect("the handle is valid")
}

/// Returns the proxy of the connection.
pub fn proxy(ws: *mut egret_ws) -> String {
    // SAFETY: the buffer of `text` has the given capacity.
    text(|out, capacity| unsafe { egret_ws_proxy(ws, out, capacity) }).expect("the handle is valid")
}

/// Returns the address and port to which the connection was made.
pub fn address(stats: &Stats) -> String {
    stats.address.clone()
}

/// How TLS was set up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsDetails {
    pub version: u32,
    pub is_resumed: bool,
    pub cipher: String,
    pub alpn: String,
    /// The certificates in DER.
    pub chain: Vec<Vec<u8>>,
}

pub fn tls(ws: *mut egret_ws) -> TlsDetails {
    let stats = stats(ws);
    TlsDetails {
        version: stats.tls_version,
        is_resumed: stats.tls_resumed != 0,
        // SAFETY: the buffer of `text` has the given capacity.
        cipher: text(|out, capacity| unsafe { egret_ws_tls_cipher(ws, out, capacity) }).expect("the handle is valid"),
        // SAFETY: the buffer of `text` has the given capacity.
        alpn: text(|out, capacity| unsafe { egret_ws_tls_alpn(ws, out, capacity) }).expect("the handle is valid"),
        chain: (0..).map_while(|index| certificate(ws, index)).collect(),
    }
}

/// Reads a certificate: first its length, then its bytes into a buffer of exactly that size.
fn certificate(ws: *mut egret_ws, index: u32) -> Option<Vec<u8>> {
    // SAFETY: with a capacity of 0 nothing is written.
    let length = unsafe { egret_ws_peer_certificate(ws, index, ptr::null_mut(), 0) };
    if length == EGRET_WS_ERR_NOT_FOUND {
        return None;
    }
    let mut der = vec![0; usize::try_from(length).expect("a length")];
    // SAFETY: the buffer has this capacity.
    assert_eq!(unsafe { egret_ws_peer_certificate(ws, index, der.as_mut_ptr(), der.len()) }, length);
    Some(der)
}
