//! The exports that change a request inside `on_request`, and the numbers that stand for requests there.
//!
//! A request exists only while its callback runs, and only on its thread. So each thread has a list of the requests that it has lent to
//! callbacks: mostly of none or one, because a callback can poll another loop. On 64-bit systems a number is not used
//! again, on others after a billion requests.

use super::guard::guard_code;
use super::text::nul_terminated_or_null;
use super::types::{egret_ws_error_t, egret_ws_request};
use crate::constants::*;
use crate::error::Error;
use crate::socket::{RequestAnswer, Socket};
use std::cell::RefCell;
use std::ffi::c_char;
use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The numbers of requests are 2 modulo 4: not NULL, and no handle of a loop or socket.
const STEP: usize = 4;
static NEXT: AtomicUsize = AtomicUsize::new(2);

/// A request that is lent to a callback of this thread.
struct Lent {
    number: usize,
    socket: Arc<Socket>,
}

thread_local! {
    /// The innermost one is the last. It has no destructor, which could keep the library loaded: the list is empty when no callback runs.
    static LENT: RefCell<ManuallyDrop<Vec<Lent>>> = const { RefCell::new(ManuallyDrop::new(Vec::new())) };
}

/// Makes the number invalid when the callback has returned, also by a panic.
struct Returned;

impl Drop for Returned {
    fn drop(&mut self) {
        LENT.with_borrow_mut(|lent| {
            lent.pop();
            if lent.is_empty() {
                **lent = Vec::new(); // frees its memory
            }
        });
    }
}

/// Calls a callback with a number for the request of this socket.
pub(super) fn lend<T>(socket: &Arc<Socket>, call: impl FnOnce(*mut egret_ws_request) -> T) -> T {
    let number = NEXT.fetch_add(STEP, Relaxed);
    LENT.with_borrow_mut(|lent| lent.push(Lent { number, socket: Arc::clone(socket) }));
    let _returned = Returned;
    call(std::ptr::without_provenance_mut(number))
}

/// Converts the number that `on_request` has returned.
pub(super) fn answer(socket: &Socket, number: i32) -> RequestAnswer {
    match number {
        EGRET_WS_REQUEST_CONTINUE => RequestAnswer::Continue,
        EGRET_WS_REQUEST_CONNECT => RequestAnswer::Connect,
        EGRET_WS_REQUEST_WAIT => RequestAnswer::Wait,
        EGRET_WS_REQUEST_STOP => RequestAnswer::Stop,
        other => {
            let (log, id) = socket.log();
            log.error(id, format_args!("on_request returned {other}, which is none of EGRET_WS_REQUEST_*"));
            RequestAnswer::Stop
        }
    }
}

/// Finds the socket whose request this number stands for, on this thread.
pub(super) fn find(request: *mut egret_ws_request) -> Result<Arc<Socket>, Error> {
    // Not borrowed longer: a refusal is logged, and the log of the application may call again.
    LENT.with_borrow(|lent| {
        let found = lent.iter().find(|lent| lent.number == request.addr());
        found.map(|lent| Arc::clone(&lent.socket)).ok_or(Error::BadHandle)
    })
}

/// Changes the URL of a request, for this attempt and all later ones.
///
/// The rules are those of `egret_ws_connect`. A user name and a password in the URL replace those of the earlier URL,
/// except if the options have a `username`. The headers, the subprotocols and options such as `tls_pins` stay, also if
/// the new URL has another origin: change or remove those that the new server must not get. After an error the request
/// is unchanged.
///
/// - `request`: The request that `on_request` got.
/// - `url`: The URL, copied. It ends in a NUL.
/// - Returns: `EGRET_WS_OK`, or a negative error.
/// - Errors: `INVALID_URL`, `INVALID_ARGUMENT` (`url` is NULL, or it has a user name and the headers have an
///   `Authorization`, or the proxy of the environment cannot be used for it), `UNSUPPORTED` (the URL needs TLS or has a
///   host name that is not ASCII, and the library was built without that feature), `BAD_HANDLE` (`request` does not
///   belong to an `on_request` that runs on this thread), `FORKED`, `INTERNAL`.
/// - Threads: Only inside `on_request`, on its thread.
/// - Since: 0.2
///
/// # Safety
/// The pointers are as the list above says.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_request_set_url(
    request: *mut egret_ws_request,
    url: *const c_char,
) -> egret_ws_error_t {
    guard_code("egret_ws_request_set_url", request, |socket| {
        // SAFETY: the caller's promise, passed on.
        let url = unsafe { nul_terminated_or_null(url) };
        socket.change_request(|config| config.set_url(url))
    })
}

/// Changes a header of a request, for this attempt and all later ones.
///
/// All headers of this name, in upper or lower case, are replaced by one header with this value. The rules are those of
/// `headers` in `egret_ws_options`. After an error the request is unchanged.
///
/// - `request`: The request that `on_request` got.
/// - `name`: The name of the header, copied. It ends in a NUL.
/// - `value`: The value, copied. It ends in a NUL. NULL removes all headers of this name.
/// - Returns: `EGRET_WS_OK`, or a negative error.
/// - Errors: `INVALID_ARGUMENT` (`name` is NULL, the name or value is not allowed, there are too many bytes or headers,
///   or the name is `Authorization` and the request has a user name), `NO_RESOURCES` (there is no memory for a copy),
///   `BAD_HANDLE` (`request` does not belong to an `on_request` that runs on this thread), `FORKED`, `INTERNAL`.
/// - Threads: Only inside `on_request`, on its thread.
/// - Since: 0.2
///
/// # Safety
/// The pointers are as the list above says.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_request_set_header(
    request: *mut egret_ws_request,
    name: *const c_char,
    value: *const c_char,
) -> egret_ws_error_t {
    guard_code("egret_ws_request_set_header", request, |socket| {
        // SAFETY: the caller's promise, passed on for both texts.
        let [name, value] = [name, value].map(|text| unsafe { nul_terminated_or_null(text) });
        socket.change_request(|config| config.set_header(name, value))
    })
}

/// Changes the subprotocols of a request, for this attempt and all later ones.
///
/// The rules are those of `subprotocols` in `egret_ws_options`. After an error the request is unchanged.
///
/// - `request`: The request that `on_request` got.
/// - `list`: The comma-separated list, copied. It ends in a NUL. NULL removes the subprotocols.
/// - Returns: `EGRET_WS_OK`, or a negative error.
/// - Errors: `INVALID_ARGUMENT` (the text is not a list of subprotocols), `BAD_HANDLE` (`request` does not belong to an
///   `on_request` that runs on this thread), `FORKED`, `INTERNAL`.
/// - Threads: Only inside `on_request`, on its thread.
/// - Since: 0.2
///
/// # Safety
/// The pointers are as the list above says.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_request_set_subprotocols(
    request: *mut egret_ws_request,
    list: *const c_char,
) -> egret_ws_error_t {
    guard_code("egret_ws_request_set_subprotocols", request, |socket| {
        // SAFETY: the caller's promise, passed on.
        let list = unsafe { nul_terminated_or_null(list) };
        socket.change_request(|config| config.set_subprotocols(list))
    })
}

/// Changes the addresses of a request, for this attempt and all later ones.
///
/// These addresses replace those of the option `addresses`. The rules are those of `addresses` in `egret_ws_options`.
/// `egret_ws_request_set_url` with another origin removes the addresses, so call it before this function. After an
/// error the request is unchanged.
///
/// - `request`: The request that `on_request` got.
/// - `list`: The comma-separated list, copied. It ends in a NUL. NULL removes the addresses, so that the name is looked
///   up.
/// - Returns: `EGRET_WS_OK`, or a negative error.
/// - Errors: `INVALID_ARGUMENT` (the text is not a list of addresses, or the socket has a `proxy`), `BAD_HANDLE`
///   (`request` does not belong to an `on_request` that runs on this thread), `FORKED`, `INTERNAL`.
/// - Threads: Only inside `on_request`, on its thread.
/// - Since: 0.2
///
/// # Safety
/// The pointers are as the list above says.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_request_set_addresses(
    request: *mut egret_ws_request,
    list: *const c_char,
) -> egret_ws_error_t {
    guard_code("egret_ws_request_set_addresses", request, |socket| {
        // SAFETY: the caller's promise, passed on.
        let list = unsafe { nul_terminated_or_null(list) };
        socket.change_request(|config| config.set_addresses(list))
    })
}
