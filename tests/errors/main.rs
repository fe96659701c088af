//! Each function of the header can return exactly the errors that its comment lists: the tests cause each of them, and random calls
//! return no other error.
#![cfg(unix)] // forks
#![allow(unsafe_code)] // the C ABI is called as a host would

mod functions;
mod tls_providers;

use ::egret_ws::*;
use functions::{Args, FUNCTIONS, Function, error_name, listed};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{CStr, CString, c_char, c_void};
use std::net::TcpListener;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicPtr, AtomicUsize, Ordering::SeqCst};
use std::thread;
use test_support::client::{Driver, Loop, Socket};
use test_support::hooks::{Ask, Hooks, Query};
use test_support::scripted_server::Server;

static BYTES: [u8; EGRET_WS_MAX_MESSAGE_BYTES as usize + 2] = {
    let mut bytes = [b'x'; EGRET_WS_MAX_MESSAGE_BYTES as usize + 2];
    bytes[EGRET_WS_MAX_MESSAGE_BYTES as usize + 1] = 0;
    bytes
};

#[global_allocator]
static ALLOCATOR: test_allocator::TestAllocator = test_allocator::TestAllocator;

/// The memory that arguments point to.
struct ArgumentMemory {
    loop_options: egret_ws_loop_options,
    options: egret_ws_options,
    stats: egret_ws_statistics,
    lost: egret_ws_free_report,
    info: egret_ws_close_info,
    /// The request of the running `on_request`.
    request: *mut egret_ws_request,
    /// A query for each hook with queries, which the hook has not answered.
    queries: [*mut egret_ws_query; 2],
    /// Room for a struct of options of any size that the calls use.
    room: [u64; 64],
    out: [c_char; 256],
}

impl ArgumentMemory {
    fn new() -> Box<ArgumentMemory> {
        // SAFETY: C structs of numbers, pointers and nullable functions may be all zeros.
        unsafe { Box::new(std::mem::zeroed()) }
    }

    /// Returns new arguments with which every call succeeds, except `egret_ws_close_report` on a socket that has not closed.
    fn args(&mut self, host_loop: *mut egret_ws_loop, ws: *mut egret_ws) -> Args {
        // SAFETY: as in `new`.
        (self.loop_options, self.options, self.stats, self.lost, self.info) = unsafe { std::mem::zeroed() };
        self.loop_options.struct_size = size_of::<egret_ws_loop_options>() as u32;
        self.options.struct_size = size_of::<egret_ws_options>() as u32;
        self.stats.struct_size = size_of::<egret_ws_statistics>() as u32;
        self.lost.struct_size = size_of::<egret_ws_free_report>() as u32;
        self.info.struct_size = size_of::<egret_ws_close_info>() as u32;
        Args {
            host_loop,
            ws,
            loop_options: &mut self.loop_options,
            options: &mut self.options,
            retry: self.room.as_mut_ptr().cast(),
            deflate: self.room.as_mut_ptr().cast(),
            size: size_of::<egret_ws_loop_options>().min(size_of::<egret_ws_options>()),
            takes_out: true,
            url: c"ws://127.0.0.1:9/".as_ptr(),
            port: 9,
            timeout_ms: 0,
            kind: EGRET_WS_TEXT,
            data: BYTES.as_ptr().cast(),
            len: 10,
            code: 1000,
            reason: ptr::null(),
            reason_len: 0,
            name: c"Upgrade".as_ptr(),
            out: self.out.as_mut_ptr(),
            capacity: self.out.len(),
            stats: &mut self.stats,
            lost: &mut self.lost,
            request: self.request,
            hooks: self.room.as_mut_ptr().cast(),
            provider: self.room.as_mut_ptr().cast(),
            query: self.queries[0],
            proxy_query: self.queries[1],
            list: c"nonsense".as_ptr(),
            info: &mut self.info,
        }
    }
}

/// The errors that each function has returned.
type Seen = BTreeMap<&'static str, BTreeSet<&'static str>>;

fn function(name: &str) -> &'static Function {
    FUNCTIONS.iter().find(|function| function.name == name).unwrap_or_else(|| panic!("{name} is not called here"))
}

/// The text of `egret_ws_last_error_message`.
fn message() -> String {
    // SAFETY: according to the header, the text ends in a NUL and lives until the next call of this thread.
    let message = unsafe { CStr::from_ptr(egret_ws_last_error_message()) };
    message.to_str().expect("UTF-8").to_owned()
}

/// Makes another function refuse a call, so that the message of the next call is not there before.
fn refuse_another(name: &str) -> String {
    let before = message();
    let own = name == "egret_ws_options_init";
    // SAFETY: both functions accept NULL.
    let refused = unsafe {
        if own { egret_ws_loop_options_init(ptr::null_mut(), 8) } else { egret_ws_options_init(ptr::null_mut(), 8) }
    };
    assert_eq!(refused, EGRET_WS_ERR_INVALID_ARGUMENT);
    let marked = message();
    assert!(before != marked || marked.contains("NULL"));
    marked
}

/// Makes a call that must be refused with this error, and with a message that contains the word.
fn expect(seen: &mut Seen, name: &'static str, args: &Args, error: i32, word: &str) {
    let marked = refuse_another(name);
    expect_after(&marked, seen, name, args, error, word);
}

fn expect_after(marked: &str, seen: &mut Seen, name: &'static str, args: &Args, error: i32, word: &str) {
    let result = (function(name).call)(args);
    assert_eq!(
        result,
        i64::from(error),
        "{name} returned {}, not {}",
        error_name(result.min(0)),
        error_name(error.into())
    );
    let message = message();
    assert_ne!(message, marked, "{name} left the message of the call before");
    assert!(message.contains(word), "{name}, {}: {message:?} has no {word:?}", error_name(error.into()));
    assert!(is_fragment(&message), "{name}, {}: {message:?}", error_name(error.into()));
    assert_eq!(thread::spawn(self::message).join().expect("no panic"), "", "each thread has its own message");
    seen.entry(name).or_default().insert(error_name(error.into()));
}

/// Returns whether a message reads like a part of a sentence, and fits into a line.
fn is_fragment(message: &str) -> bool {
    let is_whole = !message.is_empty() && message.len() < 512 && message.trim() == message;
    is_whole && !message.ends_with(['.', ':', ',']) && !message.contains(|c: char| c.is_control())
}

fn takes_loop(name: &str) -> bool {
    name.starts_with("egret_ws_loop_") && !["egret_ws_loop_options_init", "egret_ws_loop_new"].contains(&name)
        || name.starts_with("egret_ws_connect")
}

fn takes_request(name: &str) -> bool {
    name.starts_with("egret_ws_request_")
}

fn takes_socket(name: &str) -> bool {
    !takes_loop(name)
        && !takes_request(name)
        && !takes_query(name)
        && !name.starts_with("egret_ws_loop_")
        && !name.ends_with("_init")
        && !["egret_ws_normalize_url", "egret_ws_is_retryable"].contains(&name)
}

fn takes_query(name: &str) -> bool {
    ["egret_ws_resolved", "egret_ws_proxy_found"].contains(&name)
}

/// The wrong values of one argument.
fn wrong_arguments(
    seen: &mut Seen,
    memory: &mut ArgumentMemory,
    host: &Loop,
    open: &Socket<'_>,
    connecting: &Socket<'_>,
) {
    const INVALID: i32 = EGRET_WS_ERR_INVALID_ARGUMENT;
    type Change = fn(&mut Args);
    let changes: &[(&str, i32, &str, Change)] = &[
        ("egret_ws_loop_options_init", INVALID, "egret_ws_loop_options is NULL", |a| a.loop_options = ptr::null_mut()),
        ("egret_ws_loop_options_init", EGRET_WS_ERR_BAD_STRUCT, "struct_size of egret_ws_loop_options", |a| a.size = 3),
        ("egret_ws_loop_new", INVALID, "out is NULL", |a| a.takes_out = false),
        // SAFETY: `args` has set the pointer to a struct. This also applies to the pointers below.
        ("egret_ws_loop_new", INVALID, "flags", |a| unsafe { (*a.loop_options).flags = 1 << 31 }),
        // SAFETY: as above.
        ("egret_ws_loop_new", EGRET_WS_ERR_BAD_STRUCT, "struct_size of egret_ws_loop_options", |a| unsafe {
            (*a.loop_options).struct_size = 3
        }),
        ("egret_ws_options_init", INVALID, "egret_ws_options is NULL", |a| a.options = ptr::null_mut()),
        ("egret_ws_options_init", EGRET_WS_ERR_BAD_STRUCT, "struct_size of egret_ws_options", |a| a.size = 3),
        ("egret_ws_retry_options_init", INVALID, "egret_ws_retry_options is NULL", |a| a.retry = ptr::null_mut()),
        ("egret_ws_retry_options_init", EGRET_WS_ERR_BAD_STRUCT, "struct_size of egret_ws_retry_options", |a| {
            a.size = 3
        }),
        ("egret_ws_deflate_options_init", INVALID, "egret_ws_deflate_options is NULL", |a| a.deflate = ptr::null_mut()),
        ("egret_ws_deflate_options_init", EGRET_WS_ERR_BAD_STRUCT, "struct_size of egret_ws_deflate_options", |a| {
            a.size = 3
        }),
        ("egret_ws_hooks_init", INVALID, "egret_ws_hooks is NULL", |a| a.hooks = ptr::null_mut()),
        ("egret_ws_hooks_init", EGRET_WS_ERR_BAD_STRUCT, "struct_size of egret_ws_hooks", |a| a.size = 3),
        ("egret_ws_tls_provider_init", INVALID, "egret_ws_tls_provider is NULL", |a| a.provider = ptr::null_mut()),
        ("egret_ws_tls_provider_init", EGRET_WS_ERR_BAD_STRUCT, "struct_size of egret_ws_tls_provider", |a| a.size = 3),
        ("egret_ws_resolved", INVALID, "addresses: `nonsense` is not", |_| ()),
        ("egret_ws_proxy_found", INVALID, "proxies is longer than", |a| {
            (a.query, a.list) = (a.proxy_query, BYTES.as_ptr().cast());
        }),
        #[cfg(not(feature = "proxies"))]
        ("egret_ws_proxy_found", EGRET_WS_ERR_UNSUPPORTED, "proxies", |a| {
            (a.query, a.list) = (a.proxy_query, c"http://h/".as_ptr());
        }),
        #[cfg(all(feature = "proxies", not(feature = "tls")))]
        ("egret_ws_proxy_found", EGRET_WS_ERR_UNSUPPORTED, "no TLS", |a| {
            (a.query, a.list) = (a.proxy_query, c"http://h/,https://h/".as_ptr());
        }),
        ("egret_ws_proxy_found", EGRET_WS_ERR_BAD_HANDLE, "handle of the query", |_| ()),
        ("egret_ws_resolved", EGRET_WS_ERR_BAD_HANDLE, "handle of the query", |a| a.query = a.proxy_query),
        ("egret_ws_send", INVALID, "data is NULL", |a| a.data = ptr::null()),
        ("egret_ws_send", INVALID, "kind", |a| a.kind = 0),
        ("egret_ws_send", INVALID, "kind", |a| a.kind = 3),
        ("egret_ws_send", INVALID, "NUL_TERMINATED", |a| (a.kind, a.len) = (EGRET_WS_BINARY, EGRET_WS_NUL_TERMINATED)),
        ("egret_ws_send", EGRET_WS_ERR_INVALID_UTF8, "UTF-8", |a| (a.data, a.len) = (c"\xff".as_ptr(), 1)),
        ("egret_ws_send", EGRET_WS_ERR_MESSAGE_TOO_BIG, "long, and max_message_bytes is ", |a| {
            a.len = EGRET_WS_NUL_TERMINATED
        }),
        ("egret_ws_send", INVALID, "data is NULL", |a| (a.kind, a.data) = (EGRET_WS_BINARY, ptr::null())),
        ("egret_ws_send", EGRET_WS_ERR_MESSAGE_TOO_BIG, "long, and max_message_bytes is ", |a| {
            (a.kind, a.len) = (EGRET_WS_BINARY, BYTES.len())
        }),
        ("egret_ws_close", EGRET_WS_ERR_INVALID_CLOSE, "1005", |a| a.code = 1005),
        ("egret_ws_close", EGRET_WS_ERR_INVALID_CLOSE, "124 bytes", |a| (a.reason, a.reason_len) = (a.data, 124)),
        ("egret_ws_close", EGRET_WS_ERR_INVALID_UTF8, "reason is not UTF-8", |a| {
            (a.reason, a.reason_len) = (c"\xff".as_ptr(), 1)
        }),
        ("egret_ws_close", INVALID, "reason is NULL", |a| (a.reason, a.reason_len) = (ptr::null(), 1)),
        ("egret_ws_ping", INVALID, "data is NULL", |a| a.data = ptr::null()),
        ("egret_ws_ping", INVALID, "126 bytes", |a| a.len = 126),
        ("egret_ws_close_report", EGRET_WS_ERR_NOT_FOUND, "on_close has not begun", |_| ()),
        ("egret_ws_close_report", INVALID, "egret_ws_close_info is NULL", |a| a.info = ptr::null_mut()),
        // SAFETY: as above.
        ("egret_ws_close_report", EGRET_WS_ERR_BAD_STRUCT, "struct_size of egret_ws_close_info", |a| unsafe {
            (*a.info).struct_size = 3
        }),
        ("egret_ws_remote_address", INVALID, "capacity", |a| a.capacity = 3),
        ("egret_ws_local_address", INVALID, "capacity", |a| a.capacity = 3),
        ("egret_ws_tried_addresses", INVALID, "out is NULL", |a| a.out = ptr::null_mut()),
        ("egret_ws_proxy", INVALID, "out is NULL", |a| a.out = ptr::null_mut()),
        ("egret_ws_subprotocol", INVALID, "out is NULL", |a| a.out = ptr::null_mut()),
        ("egret_ws_extensions", INVALID, "out is NULL", |a| a.out = ptr::null_mut()),
        ("egret_ws_response_header", INVALID, "name is NULL", |a| a.name = ptr::null()),
        ("egret_ws_response_header", INVALID, "capacity", |a| a.capacity = 3),
        ("egret_ws_response_header", EGRET_WS_ERR_NOT_FOUND, "header", |a| a.name = c"X-None".as_ptr()),
        ("egret_ws_response_headers", INVALID, "capacity", |a| a.capacity = 3),
        ("egret_ws_response_body", INVALID, "out is NULL", |a| a.out = ptr::null_mut()),
        ("egret_ws_response_cookies", INVALID, "out is NULL", |a| a.out = ptr::null_mut()),
        ("egret_ws_tls_cipher", INVALID, "out is NULL", |a| a.out = ptr::null_mut()),
        ("egret_ws_tls_alpn", INVALID, "out is NULL", |a| a.out = ptr::null_mut()),
        ("egret_ws_peer_certificate", INVALID, "out is NULL", |a| a.out = ptr::null_mut()),
        ("egret_ws_peer_certificate", EGRET_WS_ERR_NOT_FOUND, "no certificate with the index 0", |_| ()),
        ("egret_ws_stats", INVALID, "egret_ws_statistics is NULL", |a| a.stats = ptr::null_mut()),
        // SAFETY: as above.
        ("egret_ws_stats", EGRET_WS_ERR_BAD_STRUCT, "struct_size of egret_ws_statistics", |a| unsafe {
            (*a.stats).struct_size = 3
        }),
        // SAFETY: as above.
        ("egret_ws_loop_free", EGRET_WS_ERR_BAD_STRUCT, "struct_size of egret_ws_free_report", |a| unsafe {
            (*a.lost).struct_size = 3
        }),
        ("egret_ws_request_set_url", INVALID, "NULL", |a| a.url = ptr::null()),
        #[cfg(not(feature = "tls"))]
        ("egret_ws_request_set_url", EGRET_WS_ERR_UNSUPPORTED, "no TLS", |a| a.url = c"wss://h/".as_ptr()),
        #[cfg(not(feature = "idn"))]
        ("egret_ws_request_set_url", EGRET_WS_ERR_UNSUPPORTED, "`idn`", |a| a.url = c"ws://\u{fc}/".as_ptr()),
        ("egret_ws_request_set_url", EGRET_WS_ERR_INVALID_URL, "must begin with ws://", |a| {
            a.url = c"http://h/".as_ptr()
        }),
        ("egret_ws_request_set_header", INVALID, "NULL", |a| a.name = ptr::null()),
        ("egret_ws_request_set_header", INVALID, "library sets it", |a| a.name = c"Host".as_ptr()),
        ("egret_ws_request_set_header", INVALID, "control character", |a| a.reason = c"\n".as_ptr()),
        ("egret_ws_request_set_subprotocols", INVALID, "twice", |a| a.reason = c"a,a".as_ptr()),
        ("egret_ws_request_set_addresses", INVALID, "not an IP address", |a| a.reason = c"example.com".as_ptr()),
        ("egret_ws_is_retryable", INVALID, "NULL", |a| a.info = ptr::null_mut()),
        // SAFETY: as above.
        ("egret_ws_is_retryable", EGRET_WS_ERR_BAD_STRUCT, "struct_size", |a| unsafe { (*a.info).struct_size = 3 }),
        ("egret_ws_normalize_url", INVALID, "url is NULL", |a| a.url = ptr::null()),
        ("egret_ws_normalize_url", INVALID, "capacity", |a| a.capacity = 3),
        ("egret_ws_normalize_url", EGRET_WS_ERR_INVALID_URL, "mailto", |a| a.url = c"mailto:x".as_ptr()),
        #[cfg(not(feature = "idn"))]
        ("egret_ws_normalize_url", EGRET_WS_ERR_UNSUPPORTED, "`idn`", |a| a.url = c"ws://\u{fc}/".as_ptr()),
        #[cfg(not(feature = "idn"))]
        ("egret_ws_connect", EGRET_WS_ERR_UNSUPPORTED, "`idn`", |a| a.url = c"ws://\u{fc}/".as_ptr()),
    ];
    let of_connect: &[(i32, &str, Change)] = &[
        (INVALID, "out is NULL", |a| a.takes_out = false),
        (INVALID, "URL is NULL", |a| a.url = ptr::null()),
        // SAFETY: as above.
        (INVALID, "flags", |a| unsafe { (*a.options).flags = 1 << 31 }),
        // SAFETY: as above.
        (EGRET_WS_ERR_BAD_STRUCT, "struct_size of egret_ws_options", |a| unsafe { (*a.options).struct_size = 3 }),
        (EGRET_WS_ERR_INVALID_URL, "", |a| a.url = c"".as_ptr()),
        #[cfg(not(feature = "proxies"))]
        // SAFETY: as above.
        (EGRET_WS_ERR_UNSUPPORTED, "proxies", |a| unsafe { (*a.options).proxy = c"http://h/".as_ptr() }),
        #[cfg(all(feature = "proxies", not(feature = "tls")))]
        // SAFETY: as above.
        (EGRET_WS_ERR_UNSUPPORTED, "no TLS", |a| unsafe { (*a.options).proxy = c"https://h/".as_ptr() }),
    ];
    let all = changes.iter().copied();
    let of_connect = |name| of_connect.iter().map(move |(error, word, change)| (name, *error, *word, *change));
    let all = all.chain(of_connect("egret_ws_connect_host")).chain(of_connect("egret_ws_connect"));
    for (name, error, word, change) in all {
        let mut args = memory.args(host.handle(), open.handle());
        change(&mut args);
        expect(seen, name, &args, error, word);
    }
    for name in ["egret_ws_send", "egret_ws_ping"] {
        let args = memory.args(host.handle(), connecting.handle());
        expect(seen, name, &args, EGRET_WS_ERR_NOT_OPEN, "still connecting: send after on_connect");
    }
    // Invalid handles, and handles of the other kind.
    for Function { name, .. } in FUNCTIONS {
        let mut wrong = [memory.args(ptr::null_mut(), ptr::null_mut()); 2];
        (wrong[0].request, wrong[0].query) = (ptr::null_mut(), ptr::null_mut());
        let (request, query) = (open.handle().cast(), open.handle().cast());
        wrong[1] = Args { host_loop: open.handle().cast(), ws: host.handle().cast(), request, query, ..wrong[0] };
        let takes_handle = takes_loop(name) || takes_socket(name) || takes_request(name) || takes_query(name);
        let text = match name {
            _ if takes_query(name) => "the handle of the query is not valid",
            _ if takes_request(name) => "the handle of the request is not valid",
            _ => "the handle is not valid: it is NULL, was freed, or is of another kind",
        };
        for args in wrong.iter().filter(|_| takes_handle) {
            expect(seen, name, args, EGRET_WS_ERR_BAD_HANDLE, text);
        }
    }
}

/// Causes a lack of memory, descriptors, or room in the send queue.
fn shortages(seen: &mut Seen, memory: &mut ArgumentMemory, host: &Loop, open: &Socket<'_>) {
    const NONE: i32 = EGRET_WS_ERR_NO_RESOURCES;
    let roots = vec![b'x'; 200_000];
    for name in ["egret_ws_send", "egret_ws_connect_host", "egret_ws_connect"] {
        let args = memory.args(host.handle(), open.handle());
        // SAFETY: `args` has set the pointer to a struct.
        unsafe { ((*args.options).tls_roots, (*args.options).tls_roots_len) = (roots.as_ptr().cast(), roots.len()) };
        let args = Args { len: EGRET_WS_MAX_MESSAGE_BYTES as usize, ..args };
        test_allocator::with_largest(50_000, || expect(seen, name, &args, NONE, "memory"));
    }
    let args = memory.args(host.handle(), open.handle());
    test_allocator::with_largest(100, || expect(seen, "egret_ws_ping", &args, NONE, "memory"));
    let value = CString::new([b'x'; 8000]).expect("no NUL in it");
    let args = Args { reason: value.as_ptr(), ..memory.args(host.handle(), open.handle()) };
    test_allocator::with_largest(4000, || expect(seen, "egret_ws_request_set_header", &args, NONE, "memory"));
    for name in ["egret_ws_loop_new", "egret_ws_loop_descriptor"] {
        let args = memory.args(host.handle(), open.handle());
        without_descriptors(|| expect(seen, name, &args, NONE, "open files"));
    }
    const LARGEST: usize = EGRET_WS_MAX_MESSAGE_BYTES as usize;
    let full = [("egret_ws_send", EGRET_WS_TEXT, LARGEST), ("egret_ws_send", EGRET_WS_BINARY, LARGEST)];
    for (name, kind, len) in full.into_iter().chain([("egret_ws_ping", EGRET_WS_BINARY, 125)]) {
        let args = Args { kind, len, ..memory.args(host.handle(), open.handle()) };
        // The server does not read.
        let results = std::iter::repeat_with(|| (function(name).call)(&args));
        let refused = results.into_iter().find(|result| *result != i64::from(EGRET_WS_OK));
        assert_eq!(refused, Some(EGRET_WS_ERR_BACKPRESSURE.into()));
        let word = if name == "egret_ws_ping" { "16 pings already wait" } else { "on_drain" };
        assert!(message().contains(word), "{}", message());
        seen.entry(name).or_default().insert("BACKPRESSURE");
    }
}

fn without_descriptors(act: impl FnOnce()) {
    let mut before = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: both calls only read or write the struct.
    unsafe {
        assert_eq!(libc::getrlimit(libc::RLIMIT_NOFILE, &mut before), 0);
        assert_eq!(libc::setrlimit(libc::RLIMIT_NOFILE, &libc::rlimit { rlim_cur: 0, ..before }), 0);
    }
    act();
    // SAFETY: as above.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &before) }, 0);
}

/// Runs `act` inside an `on_request`. Without TLS its socket has no proxy. With TLS it has one that cannot be used.
fn in_on_request(act: impl FnOnce(*mut egret_ws_request)) {
    unsafe extern "C" fn on_request<F: FnOnce(*mut egret_ws_request)>(
        user: *mut c_void,
        _: *mut egret_ws,
        _: u32,
        _: *const egret_ws_close_info,
        request: *mut egret_ws_request,
    ) -> i32 {
        // SAFETY: it is the `user` of the options below, which lives until the poll has returned.
        let act = unsafe { &mut *user.cast::<Option<F>>() };
        act.take().expect("it is called once")(request);
        EGRET_WS_REQUEST_STOP
    }
    fn callback_for<F: FnOnce(*mut egret_ws_request)>(_: &Option<F>) -> egret_ws_on_request_fn {
        Some(on_request::<F>)
    }
    let mut act = Some(act);
    let host = Loop::new(Driver::Inline);
    // SAFETY: as in `ArgumentMemory::new`.
    let mut options: egret_ws_options = unsafe { std::mem::zeroed() };
    options.struct_size = size_of::<egret_ws_options>() as u32;
    (options.user, options.on_request) = ((&raw mut act).cast(), callback_for(&act));
    let mut ws = ptr::null_mut();
    // SAFETY: the arguments are valid.
    let made = unsafe { egret_ws_connect(host.handle(), c"ws://127.0.0.1:9/".as_ptr(), &options, &mut ws) };
    assert_eq!(made, EGRET_WS_OK);
    host.wait_until("on_request has stopped", || egret_ws_state(ws) == EGRET_WS_STATE_CLOSED);
    assert!(act.is_none(), "on_request was called");
    assert_eq!(egret_ws_free(ws), EGRET_WS_OK);
}

/// Calls `act` with a query of each hook that has queries, while a connection waits for its answer.
fn with_queries(act: impl FnOnce([*mut egret_ws_query; 2])) {
    let queries: [Arc<AtomicUsize>; 2] = Default::default();
    let keep = |of: &Arc<AtomicUsize>| {
        let of = Arc::clone(of);
        Some(Box::new(move |_: &str, query: Query| of.store(query.number(), SeqCst)) as Ask)
    };
    let hooks = Hooks { on_resolve: keep(&queries[0]), on_proxy: keep(&queries[1]), ..Hooks::default() };
    let host = Loop::with(Driver::Threaded, |options| hooks.listen_by(options));
    // An empty `proxy` means a direct connection, for which `on_proxy` is not asked.
    let sockets = [Some(c""), None].map(|proxy| {
        let unlimited = |options: &mut egret_ws_options| {
            options.proxy = proxy.map_or(ptr::null(), CStr::as_ptr);
            (options.resolve_timeout_ms, options.proxy_timeout_ms) = (EGRET_WS_UNLIMITED, EGRET_WS_UNLIMITED);
            (options.connect_timeout_ms, options.open_timeout_ms) = (EGRET_WS_UNLIMITED, EGRET_WS_UNLIMITED);
        };
        host.open_host("query.invalid", 9, unlimited).expect("options")
    });
    let has = |query: &Arc<AtomicUsize>| query.load(SeqCst) != 0;
    host.wait_until("the hooks", || has(&queries[0]) && has(&queries[1]));
    act([0, 1].map(|at| ptr::without_provenance_mut(queries[at].load(SeqCst))));
    drop(sockets);
}

/// Polls and frees at times when they are not allowed.
fn at_the_wrong_time(seen: &mut Seen, memory: &mut ArgumentMemory) {
    static INSIDE: [AtomicI64; 2] = [const { AtomicI64::new(1) }; 2];
    static HOST: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());
    unsafe extern "C" fn on_close(_: *mut c_void, _: *mut egret_ws, _: *const egret_ws_close_info) {
        let host = HOST.load(SeqCst).cast();
        INSIDE[0].store(egret_ws_loop_poll(host, 0).into(), SeqCst);
        // SAFETY: NULL is allowed.
        INSIDE[1].store(unsafe { egret_ws_loop_free(host, ptr::null_mut()) }.into(), SeqCst);
    }
    let host = Loop::new(Driver::Inline);
    HOST.store(host.handle().cast(), SeqCst);
    let args = memory.args(host.handle(), ptr::null_mut());
    // SAFETY: `args` has set the pointer to a struct.
    unsafe { (*args.options).on_close = Some(on_close) };
    let mut ws = ptr::null_mut();
    // SAFETY: the arguments are valid.
    assert_eq!(unsafe { egret_ws_connect(args.host_loop, args.url, args.options, &mut ws) }, EGRET_WS_OK);
    host.wait_until("on_close", || INSIDE[1].load(SeqCst) != 1);
    for (name, result) in ["egret_ws_loop_poll", "egret_ws_loop_free"].into_iter().zip(&INSIDE) {
        assert_eq!(result.load(SeqCst), i64::from(EGRET_WS_ERR_REENTRANT));
        seen.entry(name).or_default().insert("REENTRANT");
    }
    assert_eq!(egret_ws_free(ws), EGRET_WS_OK);
    let args = memory.args(host.handle(), ptr::null_mut());
    expect(seen, "egret_ws_loop_set_wakeup", &args, EGRET_WS_ERR_UNSUPPORTED, "inline");

    let threaded = Loop::new(Driver::Threaded);
    let handle = threaded.handle().addr();
    let poller = thread::spawn(move || egret_ws_loop_poll(ptr::without_provenance_mut(handle), -1));
    let args = memory.args(threaded.handle(), ptr::null_mut());
    while (function("egret_ws_loop_poll").call)(&args) != i64::from(EGRET_WS_ERR_BUSY) {
        thread::yield_now();
    }
    expect(seen, "egret_ws_loop_poll", &args, EGRET_WS_ERR_BUSY, "another thread");
    expect(seen, "egret_ws_loop_free", &args, EGRET_WS_ERR_BUSY, "another thread");
    assert_eq!(egret_ws_loop_wake(threaded.handle()), EGRET_WS_OK);
    assert_eq!(poller.join().expect("the poll returns"), 0);
}

/// Makes calls in the child of a fork.
fn in_a_forked_child(seen: &mut Seen, memory: &mut ArgumentMemory, host: &Loop, open: &Socket<'_>) {
    let args = memory.args(host.handle(), open.handle());
    let mut results = [0i64; 64];
    let mut pipe = [0; 2];
    // SAFETY: the array has room for two descriptors.
    assert_eq!(unsafe { libc::pipe(pipe.as_mut_ptr()) }, 0);
    // SAFETY: the child calls only functions that POSIX allows there, and the library, which then only checks a flag.
    match unsafe { libc::fork() } {
        0 => {
            for (result, function) in results.iter_mut().zip(FUNCTIONS) {
                *result = (function.call)(&args);
                // The message needs no memory, because such a child may not allocate any.
                // SAFETY: as in `message`.
                let message = unsafe { CStr::from_ptr(egret_ws_last_error_message()) };
                *result = if message.to_bytes().starts_with(b"not usable in a forked child") { *result } else { 0 };
            }
            // SAFETY: the array is readable, and `_exit` runs no handlers of the parent.
            unsafe {
                libc::write(pipe[1], results.as_ptr().cast(), size_of_val(&results));
                libc::_exit(0);
            }
        }
        child => {
            assert!(child > 0);
            // SAFETY: the array is writable.
            let read = unsafe { libc::read(pipe[0], results.as_mut_ptr().cast(), size_of_val(&results)) };
            assert_eq!(usize::try_from(read), Ok(size_of_val(&results)));
            // SAFETY: it is a child of this process, and waitpid accepts NULL for the status.
            assert_eq!(unsafe { libc::waitpid(child, ptr::null_mut(), 0) }, child);
        }
    }
    for (result, Function { name, .. }) in results.iter().zip(FUNCTIONS) {
        assert_eq!(*result, i64::from(EGRET_WS_ERR_FORKED), "{name} in a forked child");
        seen.entry(name).or_default().insert("FORKED");
    }
    for descriptor in pipe {
        // SAFETY: this test opened the descriptors, and does not use them after this.
        unsafe { libc::close(descriptor) };
    }
}

/// A debug build of the library panics on request.
fn with_a_fault(seen: &mut Seen, memory: &mut ArgumentMemory, host: &Loop, open: &Socket<'_>) {
    for Function { name, .. } in FUNCTIONS {
        if cfg!(debug_assertions) {
            let marked = refuse_another(name);
            // SAFETY: the only other threads belong to the library, and do not read the environment here.
            unsafe { std::env::set_var("EGRET_WS_FAULT", "export") };
            let idle = Loop::new(Driver::Inline);
            // SAFETY: as above.
            unsafe { std::env::remove_var("EGRET_WS_FAULT") };
            let args = memory.args(host.handle(), open.handle());
            expect_after(
                &marked,
                seen,
                name,
                &args,
                EGRET_WS_ERR_INTERNAL,
                "a panic that a test asked for: Export (at src",
            );
            drop(idle);
        } else {
            seen.entry(name).or_default().insert("INTERNAL");
        }
    }
}

/// Random calls. The sequence is the same each time.
fn misuse(listed: &BTreeMap<String, BTreeSet<String>>, memory: &mut ArgumentMemory) {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 33) as usize % below
    };
    for driver in [Driver::Inline, Driver::Threaded] {
        let server = Server::start(|mut peer| {
            let request = peer.read_request();
            peer.write(request.answer());
            peer.read_to_end();
        });
        let host = Loop::new(driver);
        let open = host.connect(server.port());
        open.wait_open();
        let (loops, sockets) = ([host.handle(), ptr::null_mut()], [open.handle(), ptr::null_mut()]);
        let odd: [usize; 9] = [0, 1, 3, 10, 125, 1000, 65_536, BYTES.len() - 1, EGRET_WS_NUL_TERMINATED];
        for _ in 0..20_000 {
            let function = &FUNCTIONS[random(FUNCTIONS.len())];
            // The handles must stay valid, and no call may wait.
            if ["egret_ws_loop_free", "egret_ws_free", "egret_ws_abort"].contains(&function.name) {
                continue;
            }
            let mut args = memory.args(loops[usize::from(random(8) == 0)], sockets[usize::from(random(8) == 0)]);
            match random(12) {
                0 => args.data = ptr::null(),
                1 => args.len = odd[random(odd.len())],
                2 => args.code = odd[random(odd.len())] as u16,
                3 => (args.reason, args.reason_len) = (args.data, odd[random(odd.len())]),
                4 => args.name = ptr::null(),
                5 => args.capacity = random(args.capacity + 1),
                6 => args.out = ptr::null_mut(),
                7 => args.url = [c"".as_ptr(), c"x".as_ptr(), ptr::null(), c"wss://h:1/".as_ptr()][random(4)],
                // SAFETY: `args` has set the pointers to structs. This also applies to the pointers below.
                8 => unsafe { (*args.options).flags = 1 << random(32) },
                // SAFETY: as above.
                9 => unsafe { (*args.options).struct_size = random(300) as u32 },
                // SAFETY: as above.
                10 => unsafe { (*args.stats).struct_size = random(size_of::<egret_ws_statistics>()) as u32 },
                _ => args.takes_out = random(2) == 0,
            }
            let result = (function.call)(&args);
            let name = if result < 0 { error_name(result) } else { "" };
            assert!(result >= 0 || is_fragment(&message()), "{} returned {name}: {:?}", function.name, message());
            assert!(result >= 0 || listed[function.name].contains(name), "{} returned {name}", function.name);
        }
        drop(open);
        drop(host);
        server.finish();
    }
}

/// This is one test, because panics, resource limits and forks affect the whole process.
#[test]
fn functions_return_exactly_the_errors_they_list() {
    let listed = listed();
    let named: BTreeSet<&str> = listed.iter().filter(|(_, list)| !list.is_empty()).map(|(name, _)| &**name).collect();
    assert_eq!(named, FUNCTIONS.iter().map(|function| function.name).collect(), "the functions of the header");
    let (mut seen, mut memory) = (Seen::new(), ArgumentMemory::new());
    let server = Server::start(|mut peer| {
        let request = peer.read_request();
        peer.write(request.answer());
        peer
    });
    let host = Loop::new(Driver::Threaded);
    let open = host.connect(server.port());
    open.wait_open();
    // Connections wait in the backlog, and nobody answers, so the socket stays in the state CONNECTING.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let connecting = host.connect(silent.local_addr().expect("an address").port());
    in_on_request(|request| {
        memory.request = request;
        with_queries(|queries| {
            memory.queries = queries;
            wrong_arguments(&mut seen, &mut memory, &host, &open, &connecting);
            drop(connecting);
            at_the_wrong_time(&mut seen, &mut memory);
            in_a_forked_child(&mut seen, &mut memory, &host, &open);
            with_a_fault(&mut seen, &mut memory, &host, &open);
            shortages(&mut seen, &mut memory, &host, &open);
        });
    });
    // Only a library without a feature returns it.
    if cfg!(all(feature = "proxies", feature = "tls")) {
        for name in ["egret_ws_connect", "egret_ws_connect_host", "egret_ws_proxy_found"] {
            seen.entry(name).or_default().insert("UNSUPPORTED");
        }
    }
    if cfg!(feature = "tls") {
        seen.entry("egret_ws_request_set_url").or_default().insert("UNSUPPORTED");
    }
    if cfg!(feature = "idn") {
        seen.entry("egret_ws_normalize_url").or_default().insert("UNSUPPORTED");
    }
    // Only the library for Windows returns it.
    seen.entry("egret_ws_loop_descriptor").or_default().insert("UNSUPPORTED");
    for (name, list) in &listed {
        let brought_about: BTreeSet<String> =
            seen.get(&**name).into_iter().flatten().map(|error| (*error).to_owned()).collect();
        assert_eq!(*list, brought_about, "{name}: the errors that the header lists, and those that it returned");
    }
    drop(open);
    drop(host);
    drop(server.finish());
    misuse(&listed, &mut memory);
    tls_providers::inside_a_provider();
    tls_providers::incomplete_providers();
}
