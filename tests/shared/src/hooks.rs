//! Hooks of a loop, as closures.
#![allow(unsafe_code)] // calls the C ABI, and is called by it

use crate::kept;
use ::egret_ws::*;
use socket2::SockRef;
use std::ffi::{CStr, CString, c_char, c_void};
use std::os::fd::{BorrowedFd, RawFd};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// The handle of a query. It may be sent to other threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Query(usize);

/// A hook that answers queries.
pub type Ask = Box<dyn Fn(&str, Query) + Send + Sync>;
/// `on_socket`
pub type ChangeSocket = Box<dyn Fn(SockRef<'_>) -> i32 + Send + Sync>;

/// The hooks that a test sets. A hook that is `None` is NULL.
#[derive(Default)]
pub struct Hooks {
    pub max_threads: u32,
    pub on_resolve: Option<Ask>,
    pub on_proxy: Option<Ask>,
    pub on_socket: Option<ChangeSocket>,
    /// Counts the calls of `release_user`.
    pub released: Arc<AtomicUsize>,
}

impl Query {
    /// Makes a query from a number, for tests with forged handles.
    pub fn forged(number: usize) -> Query {
        Query(number)
    }

    pub fn number(self) -> usize {
        self.0
    }

    /// `egret_ws_resolved`
    pub fn resolved(self, addresses: Option<&str>) -> i32 {
        // SAFETY: the pointer is NULL or a C string.
        with_text(addresses, |text| unsafe { egret_ws_resolved(self.handle(), text) })
    }

    /// `egret_ws_proxy_found`
    pub fn proxy_found(self, proxies: Option<&str>) -> i32 {
        // SAFETY: the pointer is NULL or a C string.
        with_text(proxies, |text| unsafe { egret_ws_proxy_found(self.handle(), text) })
    }

    fn handle(self) -> *mut egret_ws_query {
        ptr::without_provenance_mut(self.0)
    }
}

fn with_text(text: Option<&str>, call: impl FnOnce(*const c_char) -> i32) -> i32 {
    let text = text.map(|text| CString::new(text).expect("no NUL in a test's text"));
    call(text.as_ref().map_or(ptr::null(), |text| text.as_ptr()))
}

impl Hooks {
    /// Sets the hooks of a loop. `release_user` frees them.
    pub fn listen_by(self, options: &mut egret_ws_loop_options) {
        // SAFETY: a C struct of numbers, pointers and nullable functions may be all zeros.
        let mut hooks: egret_ws_hooks = unsafe { std::mem::zeroed() };
        // SAFETY: `hooks` is writable, and its size is passed.
        assert_eq!(unsafe { egret_ws_hooks_init(&mut hooks, size_of_val(&hooks)) }, EGRET_WS_OK);
        hooks.max_threads = self.max_threads;
        hooks.on_resolve = self.on_resolve.is_some().then_some(on_resolve as _);
        hooks.on_proxy = self.on_proxy.is_some().then_some(on_proxy as _);
        hooks.on_socket = self.on_socket.is_some().then_some(on_socket as _);
        hooks.release_user = Some(release_user);
        hooks.user = Box::into_raw(Box::new(self)).cast();
        // The library copies the struct. It is never freed, because a test makes few of them.
        options.hooks = kept::keep(hooks);
    }
}

/// # Safety
/// `user` is the pointer that [`Hooks::listen_by`] has set.
unsafe fn hooks<'a>(user: *mut c_void) -> &'a Hooks {
    // SAFETY: the caller ensures the condition. `release_user` is called after the last hook has returned.
    unsafe { &*user.cast() }
}

/// # Safety
/// `text` is a C string.
unsafe fn text<'a>(text: *const c_char) -> &'a str {
    // SAFETY: the caller ensures the condition.
    unsafe { CStr::from_ptr(text) }.to_str().expect("hooks get UTF-8")
}

unsafe extern "C" fn on_resolve(user: *mut c_void, _: *mut egret_ws, host: *const c_char, query: *mut egret_ws_query) {
    // SAFETY: the header guarantees this.
    let (hooks, host) = unsafe { (hooks(user), text(host)) };
    hooks.on_resolve.as_ref().expect("it is set")(host, Query(query.addr()));
}

unsafe extern "C" fn on_proxy(user: *mut c_void, _: *mut egret_ws, url: *const c_char, query: *mut egret_ws_query) {
    // SAFETY: the header guarantees this.
    let (hooks, url) = unsafe { (hooks(user), text(url)) };
    hooks.on_proxy.as_ref().expect("it is set")(url, Query(query.addr()));
}

unsafe extern "C" fn on_socket(user: *mut c_void, _: *mut egret_ws, descriptor: isize) -> i32 {
    // SAFETY: the header guarantees this: the descriptor is open until this function returns.
    let (hooks, socket) = unsafe { (hooks(user), BorrowedFd::borrow_raw(descriptor as RawFd)) };
    hooks.on_socket.as_ref().expect("it is set")(SockRef::from(&socket))
}

unsafe extern "C" fn release_user(user: *mut c_void) {
    // SAFETY: it is the pointer of `listen_by`, and no hook is called any more.
    let hooks: Box<Hooks> = unsafe { Box::from_raw(user.cast()) };
    hooks.released.fetch_add(1, SeqCst);
}
