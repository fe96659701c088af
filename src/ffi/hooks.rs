//! The exports for hooks: their struct, and the answers to their questions.

use super::guard::{NoHandle, guard_code};
use super::sized;
use super::types::{egret_ws_error_t, egret_ws_hooks, egret_ws_query};
use crate::error::Error;
use std::ffi::c_char;

/// Fills `hooks` with zeros, that is with no hooks, and sets its `struct_size` to `size`; pass `sizeof *hooks`. Sizes of older and newer
/// headers are accepted, from that of the first release to 4096. Any thread.
///
/// Errors: `INVALID_ARGUMENT` (`hooks` is NULL), `BAD_STRUCT` (no release has this size), `FORKED`, `INTERNAL`.
///
/// # Safety
/// `hooks` is NULL or points to `size` writable bytes.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_hooks_init(hooks: *mut egret_ws_hooks, size: usize) -> egret_ws_error_t {
    // SAFETY: the caller's promise, passed on.
    guard_code("egret_ws_hooks_init", NoHandle, |()| unsafe { sized::init(hooks, size) })
}

/// Answers `on_resolve`: `addresses` is a list with the rules of `addresses` in `egret_ws_options`, and the addresses are tried as those of
/// a look-up are (RFC 8305 section 4). An empty text: the name has no address; the attempt fails with `EGRET_WS_ERR_RESOLVE`. NULL: the
/// library asks the system's resolver. After INVALID_ARGUMENT and NO_RESOURCES the question is still open. Any thread, inside the hook too.
///
/// Errors: `INVALID_ARGUMENT` (not a list of addresses), `NO_RESOURCES` (no memory), `BAD_HANDLE` (answered already; or no
/// connection waits any more, because of a time-out, a close or a change of the network; or a question of `on_proxy`), `FORKED`, `INTERNAL`.
///
/// # Safety
/// `addresses` is NULL or ends in a NUL.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_resolved(query: *mut egret_ws_query, addresses: *const c_char) -> egret_ws_error_t {
    let _ = addresses;
    guard_code("egret_ws_resolved", NoHandle, |()| {
        let _ = query;
        Err(Error::BadHandle.into())
    })
}

/// Answers `on_proxy`: `proxies` is a comma-separated list of at most 8 proxies, each a URL as in the option `proxy`, or `direct` for a
/// direct connection; at most 8192 bytes. If TCP to a proxy cannot be made, the next one is tried. An empty text: a direct
/// connection. NULL: the proxies could not be found; the attempt fails with `EGRET_WS_ERR_PROXY`. After INVALID_ARGUMENT and NO_RESOURCES the question is still open. Any thread, inside the hook too.
///
/// Errors: `INVALID_ARGUMENT` (not a list of proxies), `UNSUPPORTED` (the library was built without proxies), `NO_RESOURCES` (no memory),
/// `BAD_HANDLE` (as for `egret_ws_resolved`; or a question of `on_resolve`), `FORKED`, `INTERNAL`.
///
/// # Safety
/// `proxies` is NULL or ends in a NUL.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_proxy_found(query: *mut egret_ws_query, proxies: *const c_char) -> egret_ws_error_t {
    let _ = proxies;
    guard_code("egret_ws_proxy_found", NoHandle, |()| {
        let _ = query;
        Err(Error::BadHandle.into())
    })
}
