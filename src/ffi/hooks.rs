//! The hooks of a loop: the functions of the application behind [`HostHooks`], and the exports that answer their queries.

use super::callbacks::User;
use super::guard::{NoHandle, guard_code};
use super::handle::{self, FoundQuery};
use super::sized;
use super::text::nul_terminated_or_null;
use super::types::{
    egret_ws, egret_ws_error_t, egret_ws_hooks, egret_ws_on_proxy_fn, egret_ws_on_resolve_fn, egret_ws_on_socket_fn,
    egret_ws_query, egret_ws_release_user_fn,
};
use crate::config;
use crate::error::DetailedError;
use crate::fork;
use crate::socket::{HostHooks, OpenQuery, QueryAnswer, QuerySubject, Reply};
use std::ffi::{CStr, c_char};
use std::io;
use std::ptr::without_provenance_mut;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// The hooks of the application. `release_user` is called when this is dropped, unless no loop was made.
pub(super) struct Hooks {
    user: User,
    release_user: egret_ws_release_user_fn,
    on_resolve: egret_ws_on_resolve_fn,
    on_proxy: egret_ws_on_proxy_fn,
    on_socket: egret_ws_on_socket_fn,
    has_loop: AtomicBool,
}

impl Hooks {
    pub(super) fn new(given: &egret_ws_hooks) -> Hooks {
        let egret_ws_hooks { user, release_user, on_resolve, on_proxy, on_socket, .. } = *given;
        Hooks { user: User(user), release_user, on_resolve, on_proxy, on_socket, has_loop: AtomicBool::new(false) }
    }

    /// The loop was made: the user data now belongs to it.
    pub(super) fn keep_user(&self) {
        self.has_loop.store(true, Relaxed);
    }
}

impl Drop for Hooks {
    fn drop(&mut self) {
        // In a forked child nothing of the application is called any more.
        if !*self.has_loop.get_mut() || fork::is_child() {
            return;
        }
        if let Some(release_user) = self.release_user {
            // SAFETY: the application gave a function of this type, which is called once, when no hook is running. The header says on
            // which threads.
            unsafe { release_user(self.user.0) }
        }
    }
}

impl HostHooks for Hooks {
    fn answers(&self, subject: QuerySubject) -> bool {
        match subject {
            QuerySubject::Addresses => self.on_resolve.is_some(),
            QuerySubject::Proxies => self.on_proxy.is_some(),
        }
    }

    fn open(&self, reply: Reply) -> io::Result<Box<dyn OpenQuery>> {
        let open = handle::open_query(reply).map_err(|_| io::Error::other("no handle is left for a query"))?;
        Ok(Box::new(open))
    }

    fn changes_sockets(&self) -> bool {
        self.on_socket.is_some()
    }

    fn change_socket(&self, socket: usize, descriptor: isize) -> i32 {
        match self.on_socket {
            // SAFETY: the application gave a function of this type, which any thread may call with `user`; the handle is a number.
            Some(on_socket) => unsafe { on_socket(self.user.0, without_provenance_mut(socket), descriptor) },
            None => 0,
        }
    }

    fn ask(&self, subject: QuerySubject, socket: usize, text: &CStr, query: usize) {
        let hook = match subject {
            QuerySubject::Addresses => self.on_resolve,
            QuerySubject::Proxies => self.on_proxy,
        };
        let (socket, query): (*mut egret_ws, _) = (without_provenance_mut(socket), without_provenance_mut(query));
        if let Some(hook) = hook {
            // SAFETY: the application gave a function of this type, which any thread may call with `user`; `text` lives until the call
            // returns, and the handles are numbers.
            unsafe { hook(self.user.0, socket, text.as_ptr(), query) }
        }
    }
}

/// Answers a query of this subject with what `read` makes of the text; `None`: the text is NULL.
///
/// # Safety
/// `text` is NULL or ends in a NUL.
unsafe fn answer(
    query: &FoundQuery,
    subject: QuerySubject,
    text: *const c_char,
    read: impl Fn(Option<&[u8]>) -> Result<QueryAnswer, DetailedError>,
) -> Result<(), DetailedError> {
    if query.subject() != subject {
        return Err(DetailedError::bad_query());
    }
    // SAFETY: the caller's promise, passed on.
    let answer = read(unsafe { nul_terminated_or_null(text) })?;
    // If several threads answer at the same time, only one of them continues here.
    handle::close_query(query)?;
    query.send(answer);
    Ok(())
}

/// Sets all hooks to NULL.
///
/// It fills the struct with zeros and sets its `struct_size`. The size may be that of an older or newer header, from
/// the size of the first release to 4096.
///
/// - `hooks`: The struct to fill. It has `size` bytes.
/// - `size`: Pass `sizeof *hooks`, in bytes.
/// - Returns: `EGRET_WS_OK`, or a negative error.
/// - Errors: `INVALID_ARGUMENT` (`hooks` is NULL), `BAD_STRUCT` (no release has this size), `FORKED`, `INTERNAL`.
/// - Threads: Any thread.
/// - Since: 0.2
///
/// # Safety
/// The pointers are as the list above says.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_hooks_init(hooks: *mut egret_ws_hooks, size: usize) -> egret_ws_error_t {
    // SAFETY: the caller's promise, passed on.
    guard_code("egret_ws_hooks_init", NoHandle, |()| unsafe { sized::init(hooks, size) })
}

/// Answers `on_resolve` with the addresses of a name.
///
/// The addresses are tried like those of a look-up (RFC 8305 section 4). After INVALID_ARGUMENT the query still waits
/// for an answer.
///
/// - `query`: The query. Its handle is invalid after a successful call.
/// - `addresses`: A list with the rules of `addresses` in `egret_ws_options`. It ends in a NUL. An empty text means
///   that the name has no address: the attempt fails with `EGRET_WS_ERR_RESOLVE`. NULL means that the library asks the
///   resolver of the system.
/// - Returns: `EGRET_WS_OK`, or a negative error.
/// - Errors: `INVALID_ARGUMENT` (the text is not a list of addresses), `BAD_HANDLE` (the query was answered already, or
///   it belongs to `on_proxy`, or no connection waits for it any more because of a time-out, a close or a change of the
///   network), `FORKED`, `INTERNAL`.
/// - Threads: Any thread, also inside the hook.
/// - Since: 0.2
///
/// # Safety
/// The pointers are as the list above says.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_resolved(query: *mut egret_ws_query, addresses: *const c_char) -> egret_ws_error_t {
    guard_code("egret_ws_resolved", query, |query| {
        let read = |list: Option<&[u8]>| Ok(QueryAnswer::Addresses(list.map(config::found_addresses).transpose()?));
        // SAFETY: the caller's promise, passed on.
        unsafe { answer(query, QuerySubject::Addresses, addresses, read) }
    })
}

/// Answers `on_proxy` with the proxies for a URL.
///
/// If the library cannot connect to a proxy (name look-up, TCP or TLS), it tries the next one, within
/// `open_timeout_ms`. The close report has the error of the last proxy, and the log has those of the others. If a proxy
/// refuses the connection to the server, no other proxy is tried. After INVALID_ARGUMENT and UNSUPPORTED the query
/// still waits for an answer.
///
/// - `query`: The query. Its handle is invalid after a successful call.
/// - `proxies`: A comma-separated list of at most 8 proxies, at most 8192 bytes. It ends in a NUL. Each proxy is a URL
///   as in the option `proxy`, or `direct` for a direct connection. Write a comma in a user name or password as `%2C`.
///   An empty text means a direct connection. NULL means that the proxies could not be found: the attempt fails with
///   `EGRET_WS_ERR_PROXY`.
/// - Returns: `EGRET_WS_OK`, or a negative error.
/// - Errors: `INVALID_ARGUMENT` (the text is not a list of proxies), `UNSUPPORTED` (the library was built without
///   proxies, or a proxy is `https://` and there is no TLS, or a proxy has a host name that is not ASCII and the
///   library was built without `idn`), `BAD_HANDLE` (the query was answered already, or it belongs to `on_resolve`, or
///   no connection waits for it any more because of a time-out, a close or a change of the network), `FORKED`,
///   `INTERNAL`.
/// - Threads: Any thread, also inside the hook.
/// - Since: 0.2
///
/// # Safety
/// The pointers are as the list above says.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_proxy_found(query: *mut egret_ws_query, proxies: *const c_char) -> egret_ws_error_t {
    guard_code("egret_ws_proxy_found", query, |query| {
        let found = |list: &[u8]| config::found_proxies(list, query.loop_tls());
        let read = |list: Option<&[u8]>| Ok(QueryAnswer::Proxies(list.map(found).transpose()?));
        // SAFETY: the caller's promise, passed on.
        unsafe { answer(query, QuerySubject::Proxies, proxies, read) }
    })
}
