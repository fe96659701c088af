//! The structs and callback types of a TLS provider in the header.
#![allow(non_camel_case_types)] // these are the header's names

use super::types::{egret_ws, egret_ws_error_t, egret_ws_release_user_fn};
use std::ffi::{c_char, c_void};

/// The settings of a TLS context, from the options of sockets. All pointers are borrowed until the call returns.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct egret_ws_tls_settings {
    /// Bytes of this struct as the library knows it.
    pub struct_size: u32,
    /// The lowest version of TLS: `EGRET_WS_TLS_1_2` or `EGRET_WS_TLS_1_3`.
    pub min_version: u32,
    /// Certificates of authorities to trust besides those of the system, in PEM, `roots_len` bytes; NULL: none. Not NULL only with
    /// `EGRET_WS_TLS_CAN_ROOTS`.
    pub roots: *const c_char,
    /// Bytes of `roots`.
    pub roots_len: usize,
    /// The certificate and the private key of this side, in PKCS#12, `identity_len` bytes; NULL: none. Not NULL only with
    /// `EGRET_WS_TLS_CAN_IDENTITY`.
    pub identity: *const u8,
    /// Bytes of `identity`.
    pub identity_len: usize,
    /// The password of `identity`, which may be empty; NULL without `identity`.
    pub identity_password: *const c_char,
    /// The protocol to offer by ALPN (RFC 7301), `http/1.1`; NULL: offer none.
    pub alpn: *const c_char,
    /// 1: trust `roots` only, and not the certificates of the system. Not 1 without `EGRET_WS_TLS_CAN_ROOTS`.
    pub only_these_roots: u32,
    /// 1: accept any certificate: expired, of another host, of an unknown issuer. Not 1 without `EGRET_WS_TLS_CAN_ANY_CERTIFICATE`.
    pub any_certificate: u32,
}

/// The peer of a TLS session. All pointers are borrowed until the call returns.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct egret_ws_tls_destination {
    /// Bytes of this struct as the library knows it.
    pub struct_size: u32,
    /// The port of the peer's URL.
    pub port: u32,
    /// The name that the peer's certificate must have: a DNS name in ASCII without a dot at its end, or an IP address without
    /// brackets. Send a DNS name, but not an address, as SNI (RFC 6066 section 3). It is the host of the URL, or `tls_server_name`.
    pub name: *const c_char,
    /// The host of the peer's URL. Host, port and name together tell servers apart, for example to keep their sessions.
    pub host: *const c_char,
    /// 1: the peer is a proxy of `https://`. 0: it is the server.
    pub is_proxy: u32,
    /// 1: a session of an earlier connection may be resumed, and this one may be kept. 0: neither. Not 0 without
    /// `EGRET_WS_TLS_CAN_RESUME`.
    pub resumes: u32,
    /// The socket, for `egret_ws_tls_ready`.
    pub ws: *mut egret_ws,
}

/// A call of a TLS session: the bytes for it, the room for its result, and the result. The library sets `input`, `input_len`, `output` and
/// `output_size`, and sets `state`, `output_len` and the first byte of `message` to 0; the session sets `state` and `output_len`. All pointers
/// are borrowed until the call returns.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct egret_ws_tls_call {
    /// Bytes of this struct as the library knows it.
    pub struct_size: u32,
    /// Result: the state of the session after the call, bits of `EGRET_WS_TLS_ESTABLISHED`, `EGRET_WS_TLS_HAS_OUTPUT`,
    /// `EGRET_WS_TLS_PEER_CLOSED` and `EGRET_WS_TLS_BUSY`.
    pub state: u32,
    /// The bytes for the session. Never NULL; it takes all of them.
    pub input: *const u8,
    /// Bytes of `input`.
    pub input_len: usize,
    /// The room for the result. Its bytes have no meaning before the call; it does not overlap `input`.
    pub output: *mut u8,
    /// Bytes of `output`.
    pub output_size: usize,
    /// Result: the number of bytes that the session has written to `output`.
    pub output_len: usize,
    /// Result, with an error: the reason in words, in UTF-8 with a NUL at its end, for the close report. It has
    /// `EGRET_WS_TLS_MESSAGE_BYTES` bytes. Leave it empty if there is none.
    pub message: *mut c_char,
}

/// The facts about a TLS session: for the statistics, `egret_ws_tls_cipher`, `egret_ws_peer_certificate`, and the checks of the library. The
/// library sets `struct_size`, and all other fields to 0; the session sets the ones that it knows. The pointers must stay valid until
/// the next call for this session.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct egret_ws_tls_facts {
    /// Bytes of this struct as the library knows it.
    pub struct_size: u32,
    /// The version: `EGRET_WS_TLS_1_2` or `EGRET_WS_TLS_1_3`; 0: not known yet.
    pub version: u32,
    /// 1: an earlier session was resumed.
    pub is_resumed: u32,
    /// 0.
    pub reserved: u32,
    /// The name of the cipher suite; NULL: unknown.
    pub cipher: *const c_char,
    /// The protocol that the peer has selected by ALPN; NULL: none. The library refuses another one than `http/1.1`.
    pub alpn: *const c_char,
    /// The certificates that the peer has sent, in DER, one right after the other, the peer's own first, `chain_len` bytes; NULL:
    /// unknown. After a failed check of the certificate too. With `EGRET_WS_TLS_CAN_CHAIN` it has at least the peer's own.
    pub chain: *const u8,
    /// Bytes of `chain`.
    pub chain_len: usize,
}

/// TLS provider: makes a context for sockets with equal TLS options, stores it in `*context`, and returns `EGRET_WS_OK`. The library keeps
/// at most 8 contexts of a loop besides those that its sockets use. It drops a context with an identity with its last socket, and every
/// context in `egret_ws_loop_network_changed` with `EGRET_WS_LOOP_FORGET_TLS_SESSIONS`, so sessions belong to the context.
///
/// With an error, which should be `EGRET_WS_ERR_TLS_OPTIONS` or `EGRET_WS_ERR_NO_RESOURCES`, sockets with these options end with it;
/// write the reason to `message`, which has `EGRET_WS_TLS_MESSAGE_BYTES` bytes, with a NUL at its end. It is empty before the call.
/// `*context` is not read then, and `free_context` is not called.
///
/// Called on a worker thread of the library, at most 16 times at once in a loop, for different settings; it may block, for example to
/// read files: only the sockets that need this context wait, within their time-outs.
pub type egret_ws_tls_new_context_fn = Option<
    unsafe extern "C" fn(
        user: *mut c_void,
        settings: *const egret_ws_tls_settings,
        context: *mut *mut c_void,
        message: *mut c_char,
    ) -> egret_ws_error_t,
>;

/// TLS provider: frees a context, after its last session. Called on any thread of the library, or by a call of the application.
pub type egret_ws_tls_free_context_fn = Option<unsafe extern "C" fn(user: *mut c_void, context: *mut c_void)>;

/// TLS provider: begins a session with a peer, stores it in `*session`, and returns `EGRET_WS_OK`. It sends nothing yet: the library calls
/// `send` next. With an error the connection fails: `*session` is not read, and `free_session` is not called. Errors and
/// `message` are as for `egret_ws_tls_call_fn`.
pub type egret_ws_tls_open_fn = Option<
    unsafe extern "C" fn(
        user: *mut c_void,
        context: *mut c_void,
        destination: *const egret_ws_tls_destination,
        session: *mut *mut c_void,
        message: *mut c_char,
    ) -> egret_ws_error_t,
>;

/// TLS provider: a step of a session, which turns the bytes of `input` into bytes of `output`, without any I/O.
///
/// | step           | `input`                               | `output`       | `output_size` at least |
/// |----------------|---------------------------------------|----------------|------------------------|
/// | `receive`      | one whole TLS record, with its header | its plaintext  | 16384                  |
/// | `send`         | plaintext, at most 16 KiB             | TLS records    | `input_len` + 2048     |
/// | `close_notify` | nothing                               | a close_notify | 2048                   |
///
/// Each step takes all of `input`. If there are more TLS records to send than `output` has room for, the step sets `EGRET_WS_TLS_HAS_OUTPUT`, and
/// the library calls `send` without plaintext for the rest. `receive` sets it too, for an answer such as that to a key update. The
/// handshake begins with such a `send`, and goes on with `receive` for each record, until a step sets `EGRET_WS_TLS_ESTABLISHED`; before
/// that there is no plaintext in either direction.
///
/// Return `EGRET_WS_OK`, or `EGRET_WS_ERR_TLS`, `_TLS_EXPIRED`, `_TLS_HOST`, `_TLS_ISSUER`, `_TLS_OPTIONS` or `_NO_RESOURCES`: the
/// handshake fails with it; another number counts as `EGRET_WS_ERR_TLS`. After the handshake any error ends the connection with
/// `EGRET_WS_ERR_CONNECTION_LOST`, or before the server's answer with `EGRET_WS_ERR_TLS`. The close report has the text of `message`. After an
/// error of `receive`, or of `send` for a session that was busy, the library calls `send` without plaintext once more, for an alert to the
/// peer, then `get_facts`, then `free_session`. After an error `state` and `output_len` do not count; of the call for the alert only
/// `output` and `output_len` count, whatever it returns.
pub type egret_ws_tls_call_fn = Option<
    unsafe extern "C" fn(user: *mut c_void, session: *mut c_void, call: *mut egret_ws_tls_call) -> egret_ws_error_t,
>;

/// TLS provider: sets the facts about a session. Called when the handshake has ended, successfully or not, and when it takes too long.
/// With `tls_pins` also before output of the handshake is sent, until there is a chain: return it as soon as it is known, because a
/// server with another key must not get the certificate of `tls_identity`. Not called while the session is busy.
pub type egret_ws_tls_get_facts_fn =
    Option<unsafe extern "C" fn(user: *mut c_void, session: *mut c_void, facts: *mut egret_ws_tls_facts)>;

/// TLS provider: frees a session. Called once for each session, as its last call; also in the middle of a handshake.
pub type egret_ws_tls_free_session_fn = Option<unsafe extern "C" fn(user: *mut c_void, session: *mut c_void)>;

/// A TLS provider: the application's own TLS, instead of the one that the library was built with; for example that of the platform, or a TLS
/// library that the application has already. It turns bytes into bytes; the library does all reading and writing, keeps the time
/// limits, and checks `tls_pins` and ALPN. Fill it with `egret_ws_tls_provider_init`, then set every callback. All `wss` connections of
/// the loop, and those to `https://` proxies, go through it. `examples/tls_provider` has one.
///
/// **The provider checks the certificate of the peer**, unless `any_certificate` is 1: its issuer, its dates, that it is one for servers, and
/// that it has the `name` of the destination. The library does not check that again.
///
/// **The callbacks come from other threads**: those of sessions from the I/O thread of the loop, or with `EGRET_WS_LOOP_INLINE` from any
/// thread that is inside a call for the loop or for one of its sockets, except `egret_ws_tls_ready`: so a provider may hold its own
/// lock while it calls that. The calls for the sessions of a loop never overlap. Only `new_context` may block. In the others all
/// connections of the loop wait: for work that may take long, such as a question to the user or a file, return `EGRET_WS_TLS_BUSY`, do
/// it on a thread of yours, and call `egret_ws_tls_ready`. Do not wait for another thread that may be inside a call of this library.
///
/// Inside these callbacks every function that takes a handle, but `egret_ws_tls_ready`, returns `EGRET_WS_ERR_REENTRANT`. Callbacks must
/// not throw a C++ exception or longjmp out. If one forks, it must not return in the child: the child calls `_exit` or `exec`.
///
/// The library checks the results. A session that returns something impossible, such as more bytes than there was room for, fails
/// as if it had returned `EGRET_WS_ERR_TLS`, with a message that names the TLS provider. `egret_ws_loop_free` waits at most a second longer
/// than `linger_ms` for a call that does not return; then the thread of the loop ends by itself when it does. With
/// `EGRET_WS_LOOP_INLINE` it makes the last calls itself, and waits for these. It does not wait for `new_context`. So before you unload
/// the provider's code, or end its TLS library, wait for `release_user`. (OpenSSL ends itself in `exit`, unless it was initialized with
/// `OPENSSL_INIT_NO_ATEXIT`.)
#[repr(C)]
#[derive(Clone, Copy)]
pub struct egret_ws_tls_provider {
    /// Bytes of this struct as the caller knows it; set by `egret_ws_tls_provider_init`.
    pub struct_size: u32,
    /// The options that the provider honours, bits of `EGRET_WS_TLS_CAN_*`. A connect call with another one returns
    /// `EGRET_WS_ERR_UNSUPPORTED`. Unknown bits are refused.
    pub capabilities: u32,
    /// Passed to every callback. The library does not dereference it; free it in `release_user`.
    pub user: *mut c_void,
    /// Called exactly once: when the loop is freed and no callback is running any more, by `egret_ws_loop_free` or on a thread of the
    /// library. Not called if `egret_ws_loop_new` fails. NULL: not called.
    pub release_user: egret_ws_release_user_fn,
    /// See the types of these callbacks. None may be NULL.
    pub new_context: egret_ws_tls_new_context_fn,
    /// Frees what `new_context` has made.
    pub free_context: egret_ws_tls_free_context_fn,
    /// Begins a session.
    pub open: egret_ws_tls_open_fn,
    /// Decrypts a record.
    pub receive: egret_ws_tls_call_fn,
    /// Encrypts bytes, and returns what the handshake has to send.
    pub send: egret_ws_tls_call_fn,
    /// Makes the record that ends this side's data (RFC 8446 section 6.1).
    pub close_notify: egret_ws_tls_call_fn,
    /// Sets the facts about a session.
    pub get_facts: egret_ws_tls_get_facts_fn,
    /// Frees a session.
    pub free_session: egret_ws_tls_free_session_fn,
}
