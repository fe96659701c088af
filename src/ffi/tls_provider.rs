//! The TLS provider of a loop: the callbacks of the application behind [`HostTls`], and its exports.

use super::callbacks::User;
use super::guard::{NoHandle, Subject, guard_code};
use super::handle;
use super::sized;
use super::text::lossy;
use super::tls_types::*;
use super::types::{egret_ws, egret_ws_error_t, egret_ws_release_user_fn};
use crate::constants::*;
use crate::error::{DetailedError, Error};
use crate::log::Log;
use crate::socket::{
    Capabilities, Facts, Failure, HostContext, HostSession, HostTls, Request, Settings, Step, TlsContinuation, TlsInfo,
    TlsReply,
};
use crate::{fork, host_callback};
use parking_lot::Mutex;
use std::ffi::{CString, c_char, c_void};
use std::mem::size_of;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// The callbacks of a provider, none of which is NULL.
struct Callbacks {
    user: User,
    release_user: egret_ws_release_user_fn,
    new_context: unsafe extern "C" fn(*mut c_void, *const egret_ws_tls_settings, *mut *mut c_void, *mut c_char) -> i32,
    free_context: unsafe extern "C" fn(*mut c_void, *mut c_void),
    open: unsafe extern "C" fn(
        *mut c_void,
        *mut c_void,
        *const egret_ws_tls_destination,
        *mut *mut c_void,
        *mut c_char,
    ) -> i32,
    receive: unsafe extern "C" fn(*mut c_void, *mut c_void, *mut egret_ws_tls_call) -> i32,
    send: unsafe extern "C" fn(*mut c_void, *mut c_void, *mut egret_ws_tls_call) -> i32,
    close_notify: unsafe extern "C" fn(*mut c_void, *mut c_void, *mut egret_ws_tls_call) -> i32,
    get_facts: unsafe extern "C" fn(*mut c_void, *mut c_void, *mut egret_ws_tls_facts),
    free_session: unsafe extern "C" fn(*mut c_void, *mut c_void),
    has_loop: AtomicBool,
}

impl Drop for Callbacks {
    fn drop(&mut self) {
        // In a forked child nothing of the application is called any more.
        if let Some(release_user) = self.release_user
            && *self.has_loop.get_mut()
            && !fork::is_child()
        {
            // SAFETY: the application gave a function of this type, which is called once, when no callback is running.
            unsafe { release_user(self.user.0) }
        }
    }
}

/// A TLS provider of the application. `release_user` is called when the last reference is dropped, unless no loop was made.
pub(super) struct Provider {
    callbacks: Arc<Callbacks>,
    capabilities: Capabilities,
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Provider").field("capabilities", &self.capabilities).finish_non_exhaustive()
    }
}

impl Provider {
    /// Checks and copies the struct of the application.
    pub(super) fn new(given: &egret_ws_tls_provider) -> Result<Provider, DetailedError> {
        let missing =
            |name| DetailedError::invalid(format!("{name} of the TLS provider is NULL: set each of its callbacks"));
        let capabilities = Capabilities(given.capabilities);
        if given.capabilities & !Capabilities::ALL.0 != 0 {
            return Err(DetailedError::invalid("capabilities of the TLS provider has an unknown bit"));
        }
        let callbacks = Callbacks {
            user: User(given.user),
            release_user: given.release_user,
            new_context: given.new_context.ok_or_else(|| missing("new_context"))?,
            free_context: given.free_context.ok_or_else(|| missing("free_context"))?,
            open: given.open.ok_or_else(|| missing("open"))?,
            receive: given.receive.ok_or_else(|| missing("receive"))?,
            send: given.send.ok_or_else(|| missing("send"))?,
            close_notify: given.close_notify.ok_or_else(|| missing("close_notify"))?,
            get_facts: given.get_facts.ok_or_else(|| missing("get_facts"))?,
            free_session: given.free_session.ok_or_else(|| missing("free_session"))?,
            has_loop: AtomicBool::new(false),
        };
        Ok(Provider { callbacks: Arc::new(callbacks), capabilities })
    }

    /// The loop was made: the user data now belongs to it.
    pub(super) fn keep_user(&self) {
        self.callbacks.has_loop.store(true, Relaxed);
    }
}

/// The text that a callback writes.
type Message = [c_char; EGRET_WS_TLS_MESSAGE_BYTES];

const NO_MESSAGE: Message = [0; EGRET_WS_TLS_MESSAGE_BYTES];

impl HostTls for Provider {
    fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    fn new_context(&self, settings: &Settings) -> Result<Box<dyn HostContext>, Failure> {
        let password = settings.identity.as_ref().map(|(_, password)| c_text(password.as_str()));
        let identity = settings.identity.as_ref().map(|(pkcs12, _)| pkcs12.as_slice());
        let given = egret_ws_tls_settings {
            struct_size: size_of::<egret_ws_tls_settings>() as u32,
            min_version: settings.min_version,
            roots: if settings.roots.is_empty() { ptr::null() } else { settings.roots.as_ptr().cast() },
            roots_len: settings.roots.len(),
            identity: identity.map_or(ptr::null(), <[u8]>::as_ptr),
            identity_len: identity.map_or(0, <[u8]>::len),
            identity_password: password.as_ref().map_or(ptr::null(), |password| password.as_ptr()),
            alpn: if settings.alpn { c"http/1.1".as_ptr() } else { ptr::null() },
            only_these_roots: settings.only_these_roots.into(),
            any_certificate: settings.insecure.into(),
        };
        let (mut context, mut message) = (ptr::null_mut(), NO_MESSAGE);
        let callbacks = &self.callbacks;
        // SAFETY: the application gave a function of this type. All pointers live until it returns; `message` has the bytes that the
        // header says.
        let code = host_callback::in_provider(|| unsafe {
            (callbacks.new_context)(callbacks.user.0, &raw const given, &raw mut context, message.as_mut_ptr())
        });
        if let Some(mut password) = password.map(CString::into_bytes_with_nul) {
            zeroize::Zeroize::zeroize(&mut password);
        }
        match code {
            EGRET_WS_OK => Ok(Box::new(Context { callbacks: Arc::clone(callbacks), context: User(context) })),
            code => Err(Failure { code, message: lossy(&message) }),
        }
    }
}

/// A context of the application.
struct Context {
    callbacks: Arc<Callbacks>,
    context: User,
}

impl HostContext for Context {
    fn open(&self, request: &Request) -> Result<Box<dyn HostSession>, Failure> {
        let (name, host) = (c_text(&request.name), c_text(&request.host));
        let given = egret_ws_tls_destination {
            struct_size: size_of::<egret_ws_tls_destination>() as u32,
            port: request.port.into(),
            name: name.as_ptr(),
            host: host.as_ptr(),
            is_proxy: request.is_proxy().into(),
            resumes: request.resumes.into(),
            ws: ptr::without_provenance_mut(request.socket),
        };
        let (mut session, mut message) = (ptr::null_mut(), NO_MESSAGE);
        let Callbacks { open, user, .. } = &*self.callbacks;
        // SAFETY: as for `new_context`; the context is one that the application has made and not freed.
        let code = host_callback::in_provider(|| unsafe {
            open(user.0, self.context.0, &raw const given, &raw mut session, message.as_mut_ptr())
        });
        match code {
            EGRET_WS_OK => {
                let call = Box::new(egret_ws_tls_call {
                    struct_size: size_of::<egret_ws_tls_call>() as u32,
                    state: 0,
                    input: ptr::null(),
                    input_len: 0,
                    output: ptr::null_mut(),
                    output_size: 0,
                    output_len: 0,
                    message: ptr::null_mut(),
                });
                let ready = KnownSession::new(request.socket);
                Ok(Box::new(Session { callbacks: Arc::clone(&self.callbacks), session: User(session), call, ready }))
            }
            code => Err(Failure { code, message: lossy(&message) }),
        }
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        if fork::is_child() {
            return;
        }
        // SAFETY: the application has made the context, and this frees it once: sessions hold a reference to `self`.
        host_callback::in_provider(|| unsafe { (self.callbacks.free_context)(self.callbacks.user.0, self.context.0) });
    }
}

/// A session of the application.
struct Session {
    callbacks: Arc<Callbacks>,
    session: User,
    /// The struct of each call, with pointers to nothing between two calls.
    call: Box<egret_ws_tls_call>,
    #[allow(dead_code)] // its end is what counts
    ready: KnownSession,
}

// SAFETY: the pointers of `call` are those of a call that has ended; `Callbacks` and `User` are `Send`.
unsafe impl Send for Session {}

impl HostSession for Session {
    fn step(&mut self, step: Step, input: &[u8], output: &mut [u8]) -> TlsReply {
        let Callbacks { user, receive, send, close_notify, .. } = &*self.callbacks;
        let function = match step {
            Step::Receive => receive,
            Step::Send => send,
            Step::CloseNotify => close_notify,
        };
        let call = &mut *self.call;
        let mut message = NO_MESSAGE;
        (call.state, call.output_len, call.message) = (0, 0, message.as_mut_ptr());
        (call.input, call.input_len) = (input.as_ptr(), input.len());
        (call.output, call.output_size) = (output.as_mut_ptr(), output.len());
        // SAFETY: the application gave a function of this type. The session is one that it has made and not freed; `input`, `output`
        // and `message` live until the call returns.
        let code = host_callback::in_provider(|| unsafe { function(user.0, self.session.0, &raw mut *call) });
        let message = if code == EGRET_WS_OK { String::new() } else { lossy(&message) };
        TlsReply { code, state: call.state, len: call.output_len, message }
    }

    fn facts(&mut self) -> Facts {
        let mut facts = egret_ws_tls_facts {
            struct_size: size_of::<egret_ws_tls_facts>() as u32,
            version: 0,
            is_resumed: 0,
            reserved: 0,
            cipher: ptr::null(),
            alpn: ptr::null(),
            chain: ptr::null(),
            chain_len: 0,
        };
        let Callbacks { user, get_facts, .. } = &*self.callbacks;
        // SAFETY: as for a step; `facts` lives until the call returns.
        host_callback::in_provider(|| unsafe { get_facts(user.0, self.session.0, &raw mut facts) });
        let text = |text: *const c_char| match text.is_null() {
            true => String::new(),
            // SAFETY: the application promises texts that end in a NUL, and live until the next call for this session.
            false => unsafe { std::ffi::CStr::from_ptr(text) }.to_string_lossy().chars().take(MAX_TEXT).collect(),
        };
        let chain = match facts.chain.is_null() {
            true => Vec::new(),
            // SAFETY: the application promises so many bytes, which live until the next call for this session.
            false => unsafe { std::slice::from_raw_parts(facts.chain, facts.chain_len.min(MAX_CHAIN)) }.to_vec(),
        };
        let info = TlsInfo {
            version: facts.version,
            is_resumed: facts.is_resumed != 0,
            cipher: text(facts.cipher),
            alpn: text(facts.alpn),
            ..TlsInfo::default()
        };
        Facts { info, chain }
    }
}

/// The most characters of the name of a cipher or a protocol, and the most bytes of a chain, that are read: no more are kept.
const MAX_TEXT: usize = 255;
const MAX_CHAIN: usize = 64 * 1024;

impl Drop for Session {
    fn drop(&mut self) {
        if fork::is_child() {
            return;
        }
        // SAFETY: the application has made the session, and this frees it once.
        host_callback::in_provider(|| unsafe { (self.callbacks.free_session)(self.callbacks.user.0, self.session.0) });
    }
}

/// A socket with sessions. Its connection outlives its handle while it sends what is queued, and a session may be busy then.
struct KnownSocket {
    /// The number of the handle.
    number: usize,
    sessions: usize,
    continuation: TlsContinuation,
}

/// The sockets with sessions, in the order of their numbers.
static KNOWN: Mutex<Vec<KnownSocket>> = Mutex::new(Vec::new());

fn place_in(known: &[KnownSocket], number: usize) -> Result<usize, usize> {
    known.binary_search_by_key(&number, |socket| socket.number)
}

/// A session in [`KNOWN`]: the number of its socket. `None`: the socket was freed before its connection was open. This ends the
/// connection.
struct KnownSession(Option<usize>);

impl KnownSession {
    fn new(number: usize) -> KnownSession {
        let Ok(found) = handle::resolve_socket(ptr::without_provenance_mut(number)) else { return KnownSession(None) };
        let continuation = found.tls_continuation();
        let mut known = KNOWN.lock();
        match place_in(&known, number) {
            Ok(place) => known[place].sessions += 1,
            Err(place) => known.insert(place, KnownSocket { number, sessions: 1, continuation }),
        }
        KnownSession(Some(number))
    }
}

impl Drop for KnownSession {
    fn drop(&mut self) {
        let Some(number) = self.0.filter(|_| !fork::is_child()) else { return };
        let mut known = KNOWN.lock();
        let Ok(place) = place_in(&known, number) else { return };
        known[place].sessions -= 1;
        let last = (known[place].sessions == 0).then(|| known.remove(place));
        drop(known);
        drop(last); // after the lock
    }
}

/// A socket, or the connection of one that was freed.
struct OfSession(*mut egret_ws);

impl Subject for OfSession {
    type Found = TlsContinuation;
    const FROM_PROVIDER: bool = true;

    fn find(self) -> Result<TlsContinuation, Error> {
        let freed = || {
            let known = KNOWN.lock();
            place_in(&known, self.0.addr()).ok().map(|place| known[place].continuation.clone())
        };
        handle::resolve_socket(self.0).map(|found| found.tls_continuation()).or_else(|error| freed().ok_or(error))
    }

    fn owner(_: &TlsContinuation) -> Option<(Arc<Log>, usize)> {
        None
    }

    fn log(_: &TlsContinuation) -> Option<(&Log, usize)> {
        None
    }
}

/// The text with a NUL at its end. It has none inside: names and passwords are checked for that.
fn c_text(text: &str) -> CString {
    CString::new(text).unwrap_or_default()
}

/// Sets all fields of a TLS provider to zero, except its `struct_size`.
///
/// The size may be that of an older or newer header, from the size of the first release to 4096.
///
/// - `provider`: The struct to fill. It has `size` bytes.
/// - `size`: Pass `sizeof *provider`, in bytes.
/// - Returns: `EGRET_WS_OK`, or a negative error.
/// - Errors: `INVALID_ARGUMENT` (`provider` is NULL), `BAD_STRUCT` (no release has this size), `FORKED`, `INTERNAL`.
/// - Threads: Any thread.
/// - Since: 0.2
///
/// # Safety
/// The pointers are as the list above says.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_tls_provider_init(
    provider: *mut egret_ws_tls_provider,
    size: usize,
) -> egret_ws_error_t {
    // SAFETY: the caller's promise, passed on.
    guard_code("egret_ws_tls_provider_init", NoHandle, |()| unsafe { sized::init(provider, size) })
}

/// Reports that the work of a busy TLS session has ended.
///
/// A TLS provider makes this call after it has returned `EGRET_WS_TLS_BUSY`. The call runs no callback. The I/O thread
/// continues with the session; with `EGRET_WS_LOOP_INLINE` the next poll does. If the socket has no busy session, the
/// call does nothing.
///
/// For this call the handle stays valid until the last session of the socket is freed, because a freed socket still
/// sends its queued messages.
///
/// - `ws`: The socket of `egret_ws_tls_destination`.
/// - Returns: `EGRET_WS_OK`, or a negative error.
/// - Errors: `BAD_HANDLE` (also if the socket was freed and has no session), `FORKED`, `INTERNAL`.
/// - Threads: Any thread, also inside any callback of the provider.
/// - Since: 0.2
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn egret_ws_tls_ready(ws: *mut egret_ws) -> egret_ws_error_t {
    guard_code("egret_ws_tls_ready", OfSession(ws), |session| {
        session.call();
        Ok(())
    })
}
