//! The structs and callback types of a TLS provider in the header.
#![allow(non_camel_case_types)] // these are the header's names

use super::types::{egret_ws, egret_ws_error_t, egret_ws_release_user_fn};
use std::ffi::{c_char, c_void};

/// The settings of a TLS context, from the options of sockets.
///
/// All pointers are borrowed until the call returns.
///
/// - Since: 0.2
#[repr(C)]
#[derive(Clone, Copy)]
pub struct egret_ws_tls_settings {
    /// Bytes of this struct as the library knows it.
    pub struct_size: u32,
    /// The lowest version of TLS: `EGRET_WS_TLS_1_2` or `EGRET_WS_TLS_1_3`.
    pub min_version: u32,
    /// Certificates of authorities to trust besides those of the system: PEM text of `roots_len` bytes. NULL means
    /// none. Without `EGRET_WS_TLS_CAN_ROOTS` it is always NULL.
    pub roots: *const c_char,
    /// Bytes of `roots`.
    pub roots_len: usize,
    /// The certificate and the private key of this side: PKCS#12 of `identity_len` bytes. NULL means none. Without
    /// `EGRET_WS_TLS_CAN_IDENTITY` it is always NULL.
    pub identity: *const u8,
    /// Bytes of `identity`.
    pub identity_len: usize,
    /// The password of `identity`, which may be empty. It ends in a NUL. It is NULL without `identity`.
    pub identity_password: *const c_char,
    /// The protocol to offer by ALPN (RFC 7301): `http/1.1`. NULL means that none is offered.
    pub alpn: *const c_char,
    /// 1 means that only `roots` are trusted, and not the certificates of the system. It is 1 only with
    /// `EGRET_WS_TLS_CAN_ROOTS`.
    pub only_these_roots: u32,
    /// 1 means that any certificate is accepted: an expired one, one for another host, or one of an unknown issuer. It
    /// is 1 only with `EGRET_WS_TLS_CAN_ANY_CERTIFICATE`.
    pub any_certificate: u32,
}

/// The peer of a TLS session.
///
/// All pointers are borrowed until the call returns.
///
/// - Since: 0.2
#[repr(C)]
#[derive(Clone, Copy)]
pub struct egret_ws_tls_destination {
    /// Bytes of this struct as the library knows it.
    pub struct_size: u32,
    /// The port of the peer's URL.
    pub port: u32,
    /// The name that the peer's certificate must have. It is a DNS name in ASCII without a dot at its end, or an IP
    /// address without brackets. Send a DNS name as SNI (RFC 6066 section 3), but not an address. The name is the host
    /// of the URL, or `tls_server_name`.
    pub name: *const c_char,
    /// The host of the peer's URL. The host, the port and the name together identify a server, for example to keep its
    /// sessions.
    pub host: *const c_char,
    /// 1 if the peer is an `https://` proxy. 0 if it is the server.
    pub is_proxy: u32,
    /// 1 if a session of an earlier connection may be resumed, and this session may be kept. 0 if neither is allowed.
    /// It is 1 only with `EGRET_WS_TLS_CAN_RESUME`.
    pub resumes: u32,
    /// The socket, for `egret_ws_tls_ready`.
    pub ws: *mut egret_ws,
}

/// A call of a TLS session: the bytes for it, the room for its result, and the result.
///
/// The library sets `input`, `input_len`, `output` and `output_size`. It sets `state`, `output_len` and the first byte
/// of `message` to 0. The session sets `state` and `output_len`. All pointers are borrowed until the call returns.
///
/// - Since: 0.2
#[repr(C)]
#[derive(Clone, Copy)]
pub struct egret_ws_tls_call {
    /// Bytes of this struct as the library knows it.
    pub struct_size: u32,
    /// Result: the state of the session after the call. It has bits of `EGRET_WS_TLS_ESTABLISHED`,
    /// `EGRET_WS_TLS_HAS_OUTPUT`, `EGRET_WS_TLS_PEER_CLOSED` and `EGRET_WS_TLS_BUSY`.
    pub state: u32,
    /// The bytes for the session. The session takes all of them. The pointer is never NULL.
    pub input: *const u8,
    /// Bytes of `input`.
    pub input_len: usize,
    /// The room for the result. Its bytes have no meaning before the call. It does not overlap `input`.
    pub output: *mut u8,
    /// Bytes of `output`.
    pub output_size: usize,
    /// Result: the number of bytes that the session has written to `output`.
    pub output_len: usize,
    /// Result of an error: the reason in words for the close report, in UTF-8 with a NUL at its end. It has room for
    /// `EGRET_WS_TLS_MESSAGE_BYTES` bytes. Leave it empty if there is no reason.
    pub message: *mut c_char,
}

/// The facts about a TLS session.
///
/// The library uses them for the statistics, `egret_ws_tls_cipher`, `egret_ws_peer_certificate`, and its own checks. It
/// sets `struct_size`, and sets all other fields to 0. The session sets the fields that it knows. The pointers must
/// stay valid until the next call for this session.
///
/// - Since: 0.2
#[repr(C)]
#[derive(Clone, Copy)]
pub struct egret_ws_tls_facts {
    /// Bytes of this struct as the library knows it.
    pub struct_size: u32,
    /// The version: `EGRET_WS_TLS_1_2` or `EGRET_WS_TLS_1_3`. 0 means that it is not known yet.
    pub version: u32,
    /// 1 if an earlier session was resumed.
    pub is_resumed: u32,
    /// It is 0.
    pub reserved: u32,
    /// The name of the cipher suite, ending in a NUL. NULL means that it is unknown.
    pub cipher: *const c_char,
    /// The protocol that the peer has selected by ALPN, ending in a NUL. NULL means none. The library refuses any
    /// protocol except `http/1.1`.
    pub alpn: *const c_char,
    /// The certificates that the peer has sent, in DER, one right after the other, `chain_len` bytes. The peer's own
    /// certificate comes first. NULL means that they are unknown. Set them also after a failed check of the
    /// certificate. With `EGRET_WS_TLS_CAN_CHAIN` at least the peer's own certificate must be there.
    pub chain: *const u8,
    /// Bytes of `chain`.
    pub chain_len: usize,
}

/// TLS provider: makes a context for sockets with equal TLS options.
///
/// The library keeps at most 8 contexts of a loop besides those that its sockets use. It drops a context with an
/// identity when the last socket of this context ends. With `EGRET_WS_LOOP_FORGET_TLS_SESSIONS`,
/// `egret_ws_loop_network_changed` drops every context, so sessions should belong to the context.
///
/// After an error, sockets with these options end with this error. `*context` is then not read, and `free_context` is
/// not called.
///
/// - `user`: The `user` of the provider.
/// - `settings`: The settings, never NULL, borrowed until the call returns.
/// - `context`: Receives the context.
/// - `message`: Receives the reason of an error in words: at most `EGRET_WS_TLS_MESSAGE_BYTES` bytes, with a NUL at its
///   end. It is empty before the call.
/// - Returns: `EGRET_WS_OK`, or an error, which should be `EGRET_WS_ERR_TLS_OPTIONS` or `EGRET_WS_ERR_NO_RESOURCES`.
/// - Threads: A worker thread of the library, at most 16 at once in a loop, for different settings. It may block, for
///   example to read files. Only the sockets that need this context wait, within their time-outs.
/// - Since: 0.2
pub type egret_ws_tls_new_context_fn = Option<
    unsafe extern "C" fn(
        user: *mut c_void,
        settings: *const egret_ws_tls_settings,
        context: *mut *mut c_void,
        message: *mut c_char,
    ) -> egret_ws_error_t,
>;

/// TLS provider: frees a context, after its last session.
///
/// - `user`: The `user` of the provider.
/// - `context`: The context. The library does not use it again.
/// - Threads: Any thread of the library, or a thread of the application inside a call. It must not block.
/// - Since: 0.2
pub type egret_ws_tls_free_context_fn = Option<unsafe extern "C" fn(user: *mut c_void, context: *mut c_void)>;

/// TLS provider: begins a session with a peer.
///
/// It sends nothing yet: the library calls `send` next. After an error the connection fails. `*session` is then not
/// read, and `free_session` is not called.
///
/// - `user`: The `user` of the provider.
/// - `context`: The context of the session.
/// - `destination`: The peer, never NULL, borrowed until the call returns.
/// - `session`: Receives the session.
/// - `message`: Receives the reason of an error in words: at most `EGRET_WS_TLS_MESSAGE_BYTES` bytes, with a NUL at its
///   end. It is empty before the call.
/// - Returns: `EGRET_WS_OK`, or one of the errors of `egret_ws_tls_call_fn`.
/// - Threads: The threads of sessions, never two at a time in a loop: see `egret_ws_tls_provider`. It must not block.
/// - Since: 0.2
pub type egret_ws_tls_open_fn = Option<
    unsafe extern "C" fn(
        user: *mut c_void,
        context: *mut c_void,
        destination: *const egret_ws_tls_destination,
        session: *mut *mut c_void,
        message: *mut c_char,
    ) -> egret_ws_error_t,
>;

/// TLS provider: does a step of a session, which turns the bytes of `input` into bytes of `output`, without any I/O.
///
/// | step           | `input`                               | `output`       | `output_size` at least |
/// |----------------|---------------------------------------|----------------|------------------------|
/// | `receive`      | one whole TLS record, with its header | its plaintext  | 16384                  |
/// | `send`         | plaintext, at most 16 KiB             | TLS records    | `input_len` + 2048     |
/// | `close_notify` | nothing                               | a close_notify | 2048                   |
///
/// Each step takes all of `input`. If `output` has no room for all TLS records that are to be sent, the step sets
/// `EGRET_WS_TLS_HAS_OUTPUT`. The library then calls `send` without plaintext for the rest. `receive` also sets this
/// bit if there is an answer to send, for example to a key update.
///
/// The handshake begins with a `send` without plaintext and goes on with `receive` for each record, until a step sets
/// `EGRET_WS_TLS_ESTABLISHED`. Before that there is no plaintext in either direction.
///
/// An error during the handshake makes the handshake fail. The close report has this error; a number that is not in the
/// list below counts as `EGRET_WS_ERR_TLS`. After the handshake any error ends the connection. The connection ends with
/// `EGRET_WS_ERR_TLS` before the server's answer, or with `EGRET_WS_ERR_CONNECTION_LOST` after the answer. The close
/// report has the text of `message`.
///
/// After an error of `receive`, or of `send` for a session that was busy, the library makes three more calls: `send`
/// without plaintext for an alert to the peer, `get_facts`, and `free_session`. After an error `state` and `output_len`
/// are ignored. From the call for the alert the library uses only `output` and `output_len`, also if this call returns
/// an error.
///
/// - `user`: The `user` of the provider.
/// - `session`: The session.
/// - `call`: The bytes and the result, never NULL, borrowed until the call returns.
/// - Returns: `EGRET_WS_OK`, or `EGRET_WS_ERR_TLS`, `EGRET_WS_ERR_TLS_EXPIRED`, `EGRET_WS_ERR_TLS_HOST`,
///   `EGRET_WS_ERR_TLS_ISSUER`, `EGRET_WS_ERR_TLS_OPTIONS` or `EGRET_WS_ERR_NO_RESOURCES`.
/// - Threads: The threads of sessions, never two at a time in a loop: see `egret_ws_tls_provider`. It must not block.
/// - Since: 0.2
pub type egret_ws_tls_call_fn = Option<
    unsafe extern "C" fn(user: *mut c_void, session: *mut c_void, call: *mut egret_ws_tls_call) -> egret_ws_error_t,
>;

/// TLS provider: sets the facts about a session.
///
/// It is called when the handshake has ended, successfully or not, and when it takes too long. With `tls_pins` it is
/// also called before output of the handshake is sent, until there is a chain. Return the chain as soon as it is known,
/// because a server with another key must not get the certificate of `tls_identity`. It is not called while the session
/// is busy.
///
/// - `user`: The `user` of the provider.
/// - `session`: The session.
/// - `facts`: Receives the facts. It is never NULL.
/// - Threads: The threads of sessions, never two at a time in a loop: see `egret_ws_tls_provider`. It must not block.
/// - Since: 0.2
pub type egret_ws_tls_get_facts_fn =
    Option<unsafe extern "C" fn(user: *mut c_void, session: *mut c_void, facts: *mut egret_ws_tls_facts)>;

/// TLS provider: frees a session.
///
/// It is called once for each session, as its last call, also in the middle of a handshake.
///
/// - `user`: The `user` of the provider.
/// - `session`: The session. The library does not use it again.
/// - Threads: The threads of sessions, never two at a time in a loop: see `egret_ws_tls_provider`. It must not block.
/// - Since: 0.2
pub type egret_ws_tls_free_session_fn = Option<unsafe extern "C" fn(user: *mut c_void, session: *mut c_void)>;

/// A TLS provider: the application's own TLS, instead of the TLS of the library.
///
/// It can be the TLS of the platform, or a TLS library that the application already has. It turns bytes into bytes. The
/// library does all reading and writing, keeps the time limits, and checks `tls_pins` and ALPN. Fill the struct with
/// `egret_ws_tls_provider_init`, then set every callback. All `wss` connections of the loop, and all connections to
/// `https://` proxies, use the provider. `examples/tls_provider` contains a complete provider.
///
/// **The provider checks the certificate of the peer**, unless `any_certificate` is 1. It checks the issuer, the dates,
/// that the certificate is one for servers, and that it has the `name` of the destination. The library does not repeat
/// these checks.
///
/// **The callbacks run on other threads.** The callbacks of sessions run on the I/O thread of the loop. With
/// `EGRET_WS_LOOP_INLINE` they run on any thread that is inside a call for the loop or for one of its sockets. No
/// callback runs inside `egret_ws_tls_ready`, so a provider may hold its own lock while it makes that call. The calls
/// for the sessions of a loop never overlap.
///
/// Only `new_context` may block. While another callback runs, all connections of the loop wait. Some work may take
/// long, for example to ask the user or to read a file. For such work return `EGRET_WS_TLS_BUSY`, do the work on a
/// thread of your own, and then call `egret_ws_tls_ready`. Do not wait for another thread that may be inside a call of
/// this library.
///
/// Inside these callbacks every function that takes a handle returns `EGRET_WS_ERR_REENTRANT`, except
/// `egret_ws_tls_ready`. Callbacks must not throw a C++ exception or leave by longjmp. If a callback forks, it must not
/// return in the child: the child calls `_exit` or `exec`.
///
/// The library checks the results. If a session returns an impossible result, such as more bytes than `output` has room
/// for, the library handles this result like the error `EGRET_WS_ERR_TLS`. The message then names the TLS provider.
///
/// `egret_ws_loop_free` waits for a call that does not return, but at most a second longer than `linger_ms`. After that
/// the thread of the loop ends by itself when the call returns. With `EGRET_WS_LOOP_INLINE`, `egret_ws_loop_free` makes
/// the last calls itself and waits for them. It does not wait for `new_context`. Before you unload the code of the
/// provider, or clean up its TLS library, wait for `release_user`. (OpenSSL cleans up in `exit`, unless it was
/// initialized with `OPENSSL_INIT_NO_ATEXIT`.)
///
/// - Since: 0.2
#[repr(C)]
#[derive(Clone, Copy)]
pub struct egret_ws_tls_provider {
    /// Bytes of this struct as the caller knows it. `egret_ws_tls_provider_init` sets it.
    pub struct_size: u32,
    /// The options that the provider supports: bits of `EGRET_WS_TLS_CAN_*`. A connect call with another option returns
    /// `EGRET_WS_ERR_UNSUPPORTED`. Unknown bits are refused.
    pub capabilities: u32,
    /// Passed to every callback. The library does not dereference it. Free it in `release_user`.
    pub user: *mut c_void,
    /// Called exactly once, when the loop is freed and no callback is running any more. `egret_ws_loop_free` or a
    /// thread of the library calls it. It is not called if `egret_ws_loop_new` fails. NULL means that it is not called.
    pub release_user: egret_ws_release_user_fn,
    /// Makes a context. This callback and those below must not be NULL; see their types.
    pub new_context: egret_ws_tls_new_context_fn,
    /// Frees what `new_context` has made.
    pub free_context: egret_ws_tls_free_context_fn,
    /// Begins a session.
    pub open: egret_ws_tls_open_fn,
    /// Decrypts a record.
    pub receive: egret_ws_tls_call_fn,
    /// Encrypts bytes, and returns the bytes that the handshake has to send.
    pub send: egret_ws_tls_call_fn,
    /// Makes the record that ends this side's data (RFC 8446 section 6.1).
    pub close_notify: egret_ws_tls_call_fn,
    /// Sets the facts about a session.
    pub get_facts: egret_ws_tls_get_facts_fn,
    /// Frees a session.
    pub free_session: egret_ws_tls_free_session_fn,
}
