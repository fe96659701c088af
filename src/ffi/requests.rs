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

/// Changes the URL of a request, for this attempt and all later ones. Only inside `on_request`, on its thread.
///
/// The rules are those of `egret_ws_connect`. A user name and a password in the URL replace those of the URL before; if the options
/// have a `username`, that one stays. Headers, subprotocols and options such as `tls_pins` stay too, whatever the origin of
/// the new URL is: change or remove those that it must not get. After an error the request is unchanged.
///
/// Errors: `INVALID_URL`, `INVALID_ARGUMENT` (`url` is NULL; it has a user name and the headers have an `Authorization`; the proxy of the
/// environment cannot be used for it), `UNSUPPORTED` (it needs TLS or has a host name that is not ASCII, and the library was built
/// without that feature), `BAD_HANDLE` (no request of an `on_request` that runs on this thread), `FORKED`, `INTERNAL`.
///
/// # Safety
/// `url` is NULL or ends in a NUL.
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

/// Changes a header of a request, for this attempt and all later ones: replaces all headers of this name, in upper or lower case, by one
/// with this value. A `value` of NULL removes them. Only inside `on_request`, on its thread.
///
/// The rules are those of `headers` in `egret_ws_options`. After an error the request is unchanged.
///
/// Errors: `INVALID_ARGUMENT` (a name or value that is not allowed, too many bytes or headers, `Authorization` with a user name),
/// `NO_RESOURCES` (no memory for a copy), `BAD_HANDLE` (no request of an `on_request` that runs on this thread), `FORKED`, `INTERNAL`.
///
/// # Safety
/// `name` and `value` are NULL or end in a NUL.
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

/// Changes the subprotocols of a request, for this attempt and all later ones. A `list` of NULL removes them. Only inside `on_request`,
/// on its thread.
///
/// The rules are those of `subprotocols` in `egret_ws_options`. After an error the request is unchanged.
///
/// Errors: `INVALID_ARGUMENT`, `BAD_HANDLE` (no request of an `on_request` that runs on this thread), `FORKED`, `INTERNAL`.
///
/// # Safety
/// `list` is NULL or ends in a NUL.
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

/// Changes the addresses of a request, for this attempt and all later ones: they replace those of the option `addresses`. A `list` of
/// NULL removes them, so that the name is looked up. Only inside `on_request`, on its thread.
///
/// The rules are those of `addresses` in `egret_ws_options`. `egret_ws_request_set_url` with another origin removes the addresses: set them
/// after it. After an error the request is unchanged.
///
/// Errors: `INVALID_ARGUMENT` (not a list of addresses, or the socket has a `proxy`), `BAD_HANDLE` (no request of an `on_request` that runs
/// on this thread), `FORKED`, `INTERNAL`.
///
/// # Safety
/// `list` is NULL or ends in a NUL.
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
