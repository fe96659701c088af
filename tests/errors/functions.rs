//! Calls every function of the header, with the arguments in one struct. Reads the errors that the header lists for each
//! function.

use ::egret_ws::*;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{CStr, c_char};
use std::ptr;

/// The arguments of all functions. Unless a test changes them, every call succeeds.
#[derive(Clone, Copy)]
pub struct Args {
    pub host_loop: *mut egret_ws_loop,
    pub ws: *mut egret_ws,
    pub loop_options: *mut egret_ws_loop_options,
    pub options: *mut egret_ws_options,
    pub retry: *mut egret_ws_retry_options,
    pub deflate: *mut egret_ws_deflate_options,
    pub size: usize,
    pub takes_out: bool,
    pub url: *const c_char,
    pub port: u16,
    pub timeout_ms: i32,
    pub kind: i32,
    pub data: *const c_char,
    pub len: usize,
    pub code: u16,
    pub reason: *const c_char,
    pub reason_len: usize,
    pub name: *const c_char,
    pub out: *mut c_char,
    pub capacity: usize,
    pub stats: *mut egret_ws_statistics,
    pub lost: *mut egret_ws_free_report,
    pub request: *mut egret_ws_request,
    pub hooks: *mut egret_ws_hooks,
    pub provider: *mut egret_ws_tls_provider,
    pub query: *mut egret_ws_query,
    /// The query of `on_proxy`.
    pub proxy_query: *mut egret_ws_query,
    pub list: *const c_char,
    pub info: *mut egret_ws_close_info,
}

pub struct Function {
    pub name: &'static str,
    pub call: fn(&Args) -> i64,
}

/// Calls that make an object and free it.
fn made_loop(a: &Args) -> i64 {
    let mut made = ptr::null_mut();
    let out = if a.takes_out { &raw mut made } else { ptr::null_mut() };
    // SAFETY: the options are complete, and `out` is NULL or writable.
    let result = unsafe { egret_ws_loop_new(a.loop_options, out) };
    assert_eq!(made.is_null(), result != EGRET_WS_OK, "an out-parameter is written on success only");
    if !made.is_null() {
        // SAFETY: NULL is allowed.
        assert_eq!(unsafe { egret_ws_loop_free(made, ptr::null_mut()) }, EGRET_WS_OK);
    }
    result.into()
}

fn made_socket(a: &Args, connect: impl FnOnce(*mut *mut egret_ws) -> i32) -> i64 {
    let mut made = ptr::null_mut();
    let result = connect(if a.takes_out { &raw mut made } else { ptr::null_mut() });
    assert_eq!(made.is_null(), result != EGRET_WS_OK, "an out-parameter is written on success only");
    if !made.is_null() {
        assert_eq!(egret_ws_free(made), EGRET_WS_OK);
    }
    result.into()
}

macro_rules! functions {
    ($($name:ident: $call:expr;)*) => {
        &[$(Function {
            name: stringify!($name),
            // SAFETY: every pointer of the arguments is NULL or points to memory of the needed length; see `World::args`.
            call: |a: &Args| { let call: fn(&Args) -> i64 = $call; call(a) },
        }),*]
    };
}

#[allow(clippy::undocumented_unsafe_blocks, reason = "one argument for all: pointers are NULL or to what is asked for")]
pub const FUNCTIONS: &[Function] = functions! {
    egret_ws_loop_options_init: |a| unsafe { egret_ws_loop_options_init(a.loop_options, a.size).into() };
    egret_ws_loop_new: made_loop;
    egret_ws_loop_poll: |a| egret_ws_loop_poll(a.host_loop, a.timeout_ms).into();
    egret_ws_loop_wake: |a| egret_ws_loop_wake(a.host_loop).into();
    egret_ws_loop_set_wakeup: |a| egret_ws_loop_set_wakeup(a.host_loop, None, ptr::null_mut()).into();
    egret_ws_loop_descriptor: |a| egret_ws_loop_descriptor(a.host_loop).into();
    egret_ws_loop_next_poll_ms: |a| egret_ws_loop_next_poll_ms(a.host_loop).into();
    egret_ws_loop_suspend: |a| egret_ws_loop_suspend(a.host_loop).into();
    egret_ws_loop_resume: |a| egret_ws_loop_resume(a.host_loop).into();
    egret_ws_loop_network_changed: |a| egret_ws_loop_network_changed(a.host_loop).into();
    egret_ws_loop_free: |a| unsafe { egret_ws_loop_free(a.host_loop, a.lost).into() };
    egret_ws_options_init: |a| unsafe { egret_ws_options_init(a.options, a.size).into() };
    egret_ws_retry_options_init: |a| unsafe { egret_ws_retry_options_init(a.retry, a.size).into() };
    egret_ws_deflate_options_init: |a| unsafe { egret_ws_deflate_options_init(a.deflate, a.size).into() };
    egret_ws_hooks_init: |a| unsafe { egret_ws_hooks_init(a.hooks, a.size).into() };
    egret_ws_tls_provider_init: |a| unsafe { egret_ws_tls_provider_init(a.provider, a.size).into() };
    egret_ws_tls_ready: |a| egret_ws_tls_ready(a.ws).into();
    egret_ws_resolved: |a| unsafe { egret_ws_resolved(a.query, a.list).into() };
    egret_ws_proxy_found: |a| unsafe { egret_ws_proxy_found(a.query, a.list).into() };
    egret_ws_connect_host: |a| made_socket(a, |out| unsafe {
        let host = if a.url.is_null() || a.url == c"".as_ptr() { a.url } else { c"127.0.0.1".as_ptr() };
        egret_ws_connect_host(a.host_loop, host, a.port, a.options, out)
    });
    egret_ws_connect: |a| made_socket(a, |out| unsafe { egret_ws_connect(a.host_loop, a.url, a.options, out) });
    egret_ws_send: |a| unsafe { egret_ws_send(a.ws, a.kind, a.data.cast(), a.len).into() };
    egret_ws_close: |a| unsafe { egret_ws_close(a.ws, a.code, a.reason, a.reason_len).into() };
    egret_ws_abort: |a| egret_ws_abort(a.ws).into();
    egret_ws_free: |a| egret_ws_free(a.ws).into();
    egret_ws_state: |a| egret_ws_state(a.ws).into();
    egret_ws_buffered_amount: |a| egret_ws_buffered_amount(a.ws);
    egret_ws_generation: |a| egret_ws_generation(a.ws).into();
    egret_ws_retry_now: |a| egret_ws_retry_now(a.ws).into();
    egret_ws_ping: |a| unsafe { egret_ws_ping(a.ws, a.data.cast(), a.len).into() };
    egret_ws_pause_receive: |a| egret_ws_pause_receive(a.ws).into();
    egret_ws_resume_receive: |a| egret_ws_resume_receive(a.ws).into();
    egret_ws_close_report: |a| unsafe { egret_ws_close_report(a.ws, a.info).into() };
    egret_ws_remote_address: |a| unsafe { egret_ws_remote_address(a.ws, a.out, a.capacity).into() };
    egret_ws_local_address: |a| unsafe { egret_ws_local_address(a.ws, a.out, a.capacity).into() };
    egret_ws_tried_addresses: |a| unsafe { egret_ws_tried_addresses(a.ws, a.out, a.capacity).into() };
    egret_ws_proxy: |a| unsafe { egret_ws_proxy(a.ws, a.out, a.capacity).into() };
    egret_ws_subprotocol: |a| unsafe { egret_ws_subprotocol(a.ws, a.out, a.capacity).into() };
    egret_ws_extensions: |a| unsafe { egret_ws_extensions(a.ws, a.out, a.capacity).into() };
    egret_ws_response_header: |a| unsafe { egret_ws_response_header(a.ws, a.name, a.out, a.capacity).into() };
    egret_ws_response_headers: |a| unsafe { egret_ws_response_headers(a.ws, a.out, a.capacity).into() };
    egret_ws_response_body: |a| unsafe { egret_ws_response_body(a.ws, a.out, a.capacity).into() };
    egret_ws_response_cookies: |a| unsafe { egret_ws_response_cookies(a.ws, a.out, a.capacity).into() };
    egret_ws_tls_cipher: |a| unsafe { egret_ws_tls_cipher(a.ws, a.out, a.capacity).into() };
    egret_ws_tls_alpn: |a| unsafe { egret_ws_tls_alpn(a.ws, a.out, a.capacity).into() };
    egret_ws_peer_certificate: |a| unsafe { egret_ws_peer_certificate(a.ws, 0, a.out.cast(), a.capacity).into() };
    egret_ws_stats: |a| unsafe { egret_ws_stats(a.ws, a.stats).into() };
    egret_ws_request_set_url: |a| unsafe { egret_ws_request_set_url(a.request, a.url).into() };
    egret_ws_request_set_header: |a| unsafe {
        // The name in the valid arguments is not allowed in a request.
        let name = if a.name == c"Upgrade".as_ptr() { c"X-A".as_ptr() } else { a.name };
        egret_ws_request_set_header(a.request, name, a.reason).into()
    };
    egret_ws_request_set_subprotocols: |a| unsafe { egret_ws_request_set_subprotocols(a.request, a.reason).into() };
    egret_ws_request_set_addresses: |a| unsafe { egret_ws_request_set_addresses(a.request, a.reason).into() };
    egret_ws_is_retryable: |a| unsafe { egret_ws_is_retryable(a.info).into() };
    egret_ws_normalize_url: |a| unsafe { egret_ws_normalize_url(a.url, a.out, a.capacity).into() };
};

/// The name of an error, without its prefix.
pub fn error_name(code: i64) -> &'static str {
    let code = i32::try_from(code).expect("an error is an int32_t");
    // SAFETY: it is a static C string.
    let name = unsafe { CStr::from_ptr(egret_ws_error_name(code)) };
    name.to_str().expect("ASCII").trim_start_matches("EGRET_WS_ERR_").trim_start_matches("EGRET_WS_")
}

/// Returns each function of the header, and the errors that its comment lists: the words in backquotes and capital letters between
/// `Errors:`, which begins a paragraph, and `Threads:`.
pub fn listed() -> BTreeMap<String, BTreeSet<String>> {
    let header = include_str!("../../include/egret_ws.h");
    let mut functions = BTreeMap::new();
    for part in header.split("/*").skip(1) {
        let (comment, rest) = part.split_once("*/").expect("the comment ends");
        let declaration = rest.trim_start();
        let Some((before, _)) = declaration.split_once('(') else { continue };
        let Some(name) = before.rsplit([' ', '*']).next().filter(|name| name.starts_with("egret_ws_")) else {
            continue;
        };
        if declaration.starts_with("typedef") || declaration.starts_with('#') {
            continue;
        }
        let lines: Vec<&str> = comment.lines().map(|line| line.trim().trim_start_matches('*').trim()).collect();
        let paragraphs = lines.split(|line| line.is_empty()).map(|lines| lines.join(" "));
        let lists: Vec<String> = paragraphs
            .filter_map(|text| Some(text.strip_prefix("Errors: ")?.split_once(" Threads: ")?.0.trim().to_owned()))
            .collect();
        let [list] = &lists[..] else { panic!("{name} has {} lists of errors", lists.len()) };
        let is_error =
            |word: &&str| !word.is_empty() && word.chars().all(|c| c.is_ascii_uppercase() || c == '_' || c == '8');
        let errors = list.split('`').skip(1).step_by(2).filter(is_error);
        let errors: BTreeSet<String> =
            errors.filter(|word| !word.starts_with("EGRET_WS_")).map(str::to_owned).collect();
        assert_eq!(errors.is_empty(), list == "none.", "{name}: {list}");
        functions.insert(name.to_owned(), errors);
    }
    functions
}
