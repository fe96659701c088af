//! TLS providers for the loops of tests: the example in C that uses OpenSSL, and any that a test writes in safe Rust.
#![allow(unsafe_code)] // calls the C ABI, and is called by it

use crate::{kept, library, paths};
use ::egret_ws::*;
use std::cell::Cell;
use std::ffi::{CStr, CString, c_char, c_void};
use std::path::Path;
use std::process::Command;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, OnceLock};

/// An error of a provider: its number, and the reason as text.
pub type Failure = (i32, String);

/// A provider of a test. Its calls come from threads of the library.
pub trait Provider: Send + Sync + 'static {
    fn capabilities(&self) -> u32 {
        EGRET_WS_TLS_CAN_ROOTS
            | EGRET_WS_TLS_CAN_IDENTITY
            | EGRET_WS_TLS_CAN_ANY_CERTIFICATE
            | EGRET_WS_TLS_CAN_MIN_VERSION
            | EGRET_WS_TLS_CAN_CHAIN
            | EGRET_WS_TLS_CAN_RESUME
    }

    fn new_context(&self, settings: &Settings) -> Result<Box<dyn Context>, Failure>;
}

/// TLS options that sockets share.
pub trait Context: Send + Sync {
    fn open(&self, destination: &Destination) -> Result<Box<dyn Session>, Failure>;
}

/// A connection.
pub trait Session: Send {
    fn receive(&mut self, call: &mut Call<'_>) -> Result<(), Failure>;
    fn send(&mut self, call: &mut Call<'_>) -> Result<(), Failure>;
    fn close_notify(&mut self, call: &mut Call<'_>) -> Result<(), Failure>;
    fn facts(&mut self) -> Facts;
}

/// A copy of `egret_ws_tls_settings`.
#[derive(Clone, Debug)]
pub struct Settings {
    pub min_version: u32,
    pub roots: Vec<u8>,
    pub identity: Option<(Vec<u8>, String)>,
    pub alpn: Option<String>,
    pub only_these_roots: bool,
    pub any_certificate: bool,
}

/// A copy of `egret_ws_tls_destination`.
#[derive(Clone, Debug)]
pub struct Destination {
    pub port: u32,
    pub name: String,
    pub host: String,
    pub is_proxy: bool,
    pub resumes: bool,
    pub socket: Ready,
}

thread_local!(static INSIDE_READY: Cell<bool> = const { Cell::new(false) });

/// The handle of the socket of a session, for `egret_ws_tls_ready` on any thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ready(pub usize);

impl Ready {
    /// `egret_ws_tls_ready`
    pub fn call(self) -> i32 {
        let was_inside = INSIDE_READY.replace(true);
        let result = egret_ws_tls_ready(ptr::without_provenance_mut(self.0));
        INSIDE_READY.set(was_inside);
        result
    }
}

/// A step of a session.
pub struct Call<'a> {
    pub input: &'a [u8],
    pub output: &'a mut [u8],
    /// The results. A test may set impossible ones.
    pub output_len: usize,
    pub state: u32,
}

impl Call<'_> {
    /// Moves as many bytes of `from` to the output as there is room for.
    pub fn put(&mut self, from: &mut Vec<u8>) {
        let count = from.len().min(self.output.len() - self.output_len);
        self.output[self.output_len..self.output_len + count].copy_from_slice(&from[..count]);
        self.output_len += count;
        from.drain(..count);
    }
}

/// The facts about a session. `None`: NULL.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    pub version: u32,
    pub is_resumed: u32,
    pub cipher: Option<CString>,
    pub alpn: Option<CString>,
    pub chain: Vec<u8>,
}

/// The objects of a provider that exist.
#[derive(Debug, Default)]
pub struct Count {
    pub contexts: AtomicUsize,
    pub sessions: AtomicUsize,
    /// Calls of `release_user`.
    pub released: AtomicUsize,
    /// All contexts and sessions that were ever made.
    pub made: AtomicUsize,
}

impl Count {
    pub fn of(number: &AtomicUsize) -> usize {
        number.load(SeqCst)
    }
}

/// `user` of the provider.
struct Host {
    provider: Box<dyn Provider>,
    count: Arc<Count>,
}

/// Sets the provider of a loop. Returns the counts of its objects.
pub fn set(options: &mut egret_ws_loop_options, provider: impl Provider) -> Arc<Count> {
    let count = Arc::new(Count::default());
    let mut given = empty();
    given.capabilities = provider.capabilities();
    given.user = Box::into_raw(Box::new(Host { provider: Box::new(provider), count: Arc::clone(&count) })).cast();
    given.release_user = Some(release_user);
    given.new_context = Some(new_context);
    given.free_context = Some(free_context);
    given.open = Some(open);
    given.receive = Some(receive);
    given.send = Some(send);
    given.close_notify = Some(close_notify);
    given.get_facts = Some(get_facts);
    given.free_session = Some(free_session);
    // The library copies the struct. It is never freed, because a test makes few of them.
    options.tls_provider = kept::keep(given);
    count
}

/// A provider without callbacks.
pub fn empty() -> egret_ws_tls_provider {
    // SAFETY: a C struct of numbers, pointers and nullable functions may be all zeros.
    let mut provider: egret_ws_tls_provider = unsafe { std::mem::zeroed() };
    // SAFETY: `provider` is writable, and its size is passed.
    assert_eq!(unsafe { egret_ws_tls_provider_init(&mut provider, size_of_val(&provider)) }, EGRET_WS_OK);
    provider
}

/// Sets the provider of the examples, which is compiled once for the process.
pub fn set_openssl(options: &mut egret_ws_loop_options) {
    type Fill = unsafe extern "C" fn(*mut egret_ws_tls_provider) -> i32;
    static FILL: OnceLock<Fill> = OnceLock::new();
    let fill = FILL.get_or_init(|| {
        let library = compile_openssl();
        let path = CString::new(library.to_str().expect("a path in UTF-8")).expect("no NUL");
        // SAFETY: when the library is loaded, it runs only the code of OpenSSL.
        let loaded = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
        // SAFETY: it is the last error of this thread, a C string.
        assert!(!loaded.is_null(), "{:?}", unsafe { CStr::from_ptr(libc::dlerror()) });
        type Init = unsafe extern "C" fn(*mut egret_ws_tls_provider, usize) -> i32;
        // SAFETY: the file of `compile_openssl` has this variable and this function, with these types.
        unsafe {
            let init = libc::dlsym(loaded, c"init_of_test".as_ptr()).cast::<Option<Init>>();
            init.write(Some(egret_ws_tls_provider_init));
            std::mem::transmute::<*mut c_void, Fill>(libc::dlsym(loaded, c"openssl_provider".as_ptr()))
        }
    });
    let mut provider = empty();
    // SAFETY: the function fills in a struct of this type.
    assert_eq!(unsafe { fill(&mut provider) }, EGRET_WS_OK);
    options.tls_provider = kept::keep(provider);
}

/// Compiles the example as a shared library. It calls the one function of the library that it needs through a variable, because
/// the library is a part of the test program, which exports no symbols.
fn compile_openssl() -> std::path::PathBuf {
    let source = paths::repository().join("examples/tls_provider");
    let folder = paths::scratch().join(format!("tls-provider-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for the provider");
    let (calls, out) = (folder.join("calls.c"), folder.join("openssl_provider.so"));
    let text = "#include <egret_ws.h>\n\
                egret_ws_error_t (*init_of_test)(egret_ws_tls_provider *, size_t);\n\
                egret_ws_error_t egret_ws_tls_provider_init(egret_ws_tls_provider *provider, size_t size) {\n\
                    return init_of_test(provider, size);\n\
                }\n";
    std::fs::write(&calls, text).expect("a C file");
    let mut compiler = Command::new(library::compiler(false));
    compiler.args(["-std=c99", "-O2", "-g", "-shared", "-fPIC", "-Wl,-Bsymbolic", "-I"]).arg(library::include_dir());
    compiler.arg(Path::new(&source).join("openssl_provider.c")).arg(&calls).arg("-o").arg(&out);
    library::run(compiler.args(["-lssl", "-lcrypto"]));
    out
}

/// # Safety
/// `user` is the pointer that [`set`] has given.
unsafe fn host<'a>(user: *mut c_void) -> &'a Host {
    // SAFETY: the caller ensures the condition. `release_user` is called after the last call.
    unsafe { &*user.cast() }
}

/// # Safety
/// `text` is NULL or a C string.
unsafe fn text(text: *const c_char) -> Option<String> {
    // SAFETY: the caller ensures the condition.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_str().expect("providers get UTF-8").to_owned())
}

/// # Safety
/// `bytes` is NULL, or has `len` bytes.
unsafe fn bytes<'a>(bytes: *const u8, len: usize) -> Option<&'a [u8]> {
    // SAFETY: the caller ensures the condition.
    (!bytes.is_null()).then(|| unsafe { std::slice::from_raw_parts(bytes, len) })
}

/// Writes as much of the reason as there is room for. If it is too long, there is no NUL at the end: the library must not rely on
/// one.
///
/// # Safety
/// `message` has `EGRET_WS_TLS_MESSAGE_BYTES` bytes.
unsafe fn explain(message: *mut c_char, (error, reason): Failure) -> i32 {
    let mut reason = reason.into_bytes();
    reason.push(0);
    let count = reason.len().min(EGRET_WS_TLS_MESSAGE_BYTES);
    // SAFETY: the caller ensures the condition, and the two texts do not overlap.
    unsafe { ptr::copy_nonoverlapping(reason.as_ptr().cast(), message, count) };
    error
}

unsafe extern "C" fn release_user(user: *mut c_void) {
    // SAFETY: it is the pointer of `set`, and no call is running any more.
    let host: Box<Host> = unsafe { Box::from_raw(user.cast()) };
    assert_eq!(
        (Count::of(&host.count.contexts), Count::of(&host.count.sessions)),
        (0, 0),
        "objects that were not freed"
    );
    host.count.released.fetch_add(1, SeqCst);
}

unsafe extern "C" fn new_context(
    user: *mut c_void,
    settings: *const egret_ws_tls_settings,
    context: *mut *mut c_void,
    message: *mut c_char,
) -> i32 {
    // SAFETY: the header guarantees this.
    let (host, settings) = unsafe { (host(user), &*settings) };
    // SAFETY: as above, for all pointers of the settings.
    let settings = unsafe {
        Settings {
            min_version: settings.min_version,
            roots: bytes(settings.roots.cast(), settings.roots_len).unwrap_or_default().to_vec(),
            identity: bytes(settings.identity, settings.identity_len)
                .map(|identity| (identity.to_vec(), text(settings.identity_password).expect("a password"))),
            alpn: text(settings.alpn),
            only_these_roots: settings.only_these_roots == 1,
            any_certificate: settings.any_certificate == 1,
        }
    };
    match host.provider.new_context(&settings) {
        Ok(made) => {
            host.count.contexts.fetch_add(1, SeqCst);
            host.count.made.fetch_add(1, SeqCst);
            // SAFETY: it is the out-parameter of the header.
            unsafe { context.write(Box::into_raw(Box::new(made)).cast()) };
            EGRET_WS_OK
        }
        // SAFETY: the header guarantees this.
        Err(failure) => unsafe { explain(message, failure) },
    }
}

unsafe extern "C" fn free_context(user: *mut c_void, context: *mut c_void) {
    // SAFETY: `new_context` has made it, and this is its last call.
    drop(unsafe { Box::from_raw(context.cast::<Box<dyn Context>>()) });
    // SAFETY: the header guarantees this.
    assert_ne!(unsafe { host(user) }.count.contexts.fetch_sub(1, SeqCst), 0);
}

unsafe extern "C" fn open(
    user: *mut c_void,
    context: *mut c_void,
    destination: *const egret_ws_tls_destination,
    session: *mut *mut c_void,
    message: *mut c_char,
) -> i32 {
    // SAFETY: the header guarantees this. `new_context` has made the context.
    let (host, context, given) = unsafe { (host(user), &*context.cast::<Box<dyn Context>>(), &*destination) };
    // SAFETY: as above, for all pointers of the destination.
    let destination = unsafe {
        Destination {
            port: given.port,
            name: text(given.name).expect("a name"),
            host: text(given.host).expect("a host"),
            is_proxy: given.is_proxy == 1,
            resumes: given.resumes == 1,
            socket: Ready(given.ws.addr()),
        }
    };
    match context.open(&destination) {
        Ok(made) => {
            host.count.sessions.fetch_add(1, SeqCst);
            host.count.made.fetch_add(1, SeqCst);
            let made = OpenSession { session: made, facts: Facts::default() };
            // SAFETY: it is the out-parameter of the header.
            unsafe { session.write(Box::into_raw(Box::new(made)).cast()) };
            EGRET_WS_OK
        }
        // SAFETY: the header guarantees this.
        Err(failure) => unsafe { explain(message, failure) },
    }
}

/// A session, and the data to which it has returned pointers.
struct OpenSession {
    session: Box<dyn Session>,
    facts: Facts,
}

type Method = fn(&mut dyn Session, &mut Call<'_>) -> Result<(), Failure>;

/// # Safety
/// The contract of the header.
unsafe fn step(session: *mut c_void, call: *mut egret_ws_tls_call, method: Method) -> i32 {
    // SAFETY: `open` has made the session, and its calls do not overlap. The message has at least one byte.
    let (session, call, first) = unsafe { (&mut *session.cast::<OpenSession>(), &mut *call, *(*call).message) };
    assert!(!INSIDE_READY.get(), "a provider may hold a lock while it calls egret_ws_tls_ready");
    assert!(!call.input.is_null() && call.output_len == 0 && call.state == 0 && first == 0);
    // SAFETY: the pointers and lengths come from the header's struct.
    let (input, output) = unsafe {
        (
            std::slice::from_raw_parts(call.input, call.input_len),
            std::slice::from_raw_parts_mut(call.output, call.output_size),
        )
    };
    let mut step = Call { input, output, output_len: 0, state: 0 };
    let result = method(&mut *session.session, &mut step);
    (call.output_len, call.state) = (step.output_len, step.state);
    match result {
        Ok(()) => EGRET_WS_OK,
        // SAFETY: the field has this number of bytes.
        Err(failure) => unsafe { explain(call.message, failure) },
    }
}

unsafe extern "C" fn receive(_: *mut c_void, session: *mut c_void, call: *mut egret_ws_tls_call) -> i32 {
    // SAFETY: the header guarantees this.
    unsafe {
        assert!((*call).output_size >= 16384 && (*call).input_len >= 5);
        let header = std::slice::from_raw_parts((*call).input, 5);
        let body = usize::from(u16::from_be_bytes([header[3], header[4]]));
        assert_eq!((*call).input_len, 5 + body, "the input is not one whole record");
        step(session, call, |session, call| session.receive(call))
    }
}

unsafe extern "C" fn send(_: *mut c_void, session: *mut c_void, call: *mut egret_ws_tls_call) -> i32 {
    // SAFETY: the header guarantees this.
    unsafe {
        assert!((*call).input_len <= 16384 && (*call).output_size >= (*call).input_len + 2048);
        step(session, call, |session, call| session.send(call))
    }
}

unsafe extern "C" fn close_notify(_: *mut c_void, session: *mut c_void, call: *mut egret_ws_tls_call) -> i32 {
    // SAFETY: the header guarantees this.
    unsafe {
        assert!((*call).input_len == 0 && (*call).output_size >= 2048);
        step(session, call, |session, call| session.close_notify(call))
    }
}

unsafe extern "C" fn get_facts(_: *mut c_void, session: *mut c_void, facts: *mut egret_ws_tls_facts) {
    // SAFETY: the header guarantees this.
    let (session, facts) = unsafe { (&mut *session.cast::<OpenSession>(), &mut *facts) };
    session.facts = session.session.facts();
    let pointer = |text: &Option<CString>| text.as_ref().map_or(ptr::null(), |text| text.as_ptr());
    (facts.version, facts.is_resumed) = (session.facts.version, session.facts.is_resumed);
    (facts.cipher, facts.alpn) = (pointer(&session.facts.cipher), pointer(&session.facts.alpn));
    (facts.chain, facts.chain_len) = (session.facts.chain.as_ptr(), session.facts.chain.len());
}

unsafe extern "C" fn free_session(user: *mut c_void, session: *mut c_void) {
    // SAFETY: `open` has made it, and this is its last call.
    drop(unsafe { Box::from_raw(session.cast::<OpenSession>()) });
    // SAFETY: the header guarantees this.
    assert_ne!(unsafe { host(user) }.count.sessions.fetch_sub(1, SeqCst), 0);
}
