//! The structs and callback types of the header.
#![allow(non_camel_case_types)] // these are the header's names

use super::tls_types::egret_ws_tls_provider;
use std::ffi::{c_char, c_void};

// A suffix shows the sort of a type: `_t` is a number, `_fn` a callback; a struct or a handle has none.

/// An error: `EGRET_WS_OK` or one of `EGRET_WS_ERR_*`. All errors are negative.
pub type egret_ws_error_t = i32;
/// The state of a socket: one of `EGRET_WS_STATE_*`.
pub type egret_ws_state_t = i32;
/// A phase of a connection: one of `EGRET_WS_PHASE_*`.
pub type egret_ws_phase_t = i32;
/// The side that ended a connection: one of `EGRET_WS_INITIATOR_*`.
pub type egret_ws_initiator_t = i32;
/// The kind of a message: `EGRET_WS_TEXT` or `EGRET_WS_BINARY`.
pub type egret_ws_kind_t = i32;
/// The direction of a frame: one of `EGRET_WS_FRAME_SENT`, `EGRET_WS_FRAME_RECEIVED`, `EGRET_WS_FRAME_LOST`.
pub type egret_ws_direction_t = i32;
/// A level of the log: one of `EGRET_WS_LOG_*`.
pub type egret_ws_log_level_t = i32;

/// A loop: the I/O of any number of sockets, and the queue of their events. Opaque; it is a handle, not an address.
pub struct egret_ws_loop {
    _opaque: (),
}

/// A socket: one WebSocket connection of a loop. Opaque; it is a handle, not an address.
pub struct egret_ws {
    _opaque: (),
}

/// The request of an attempt, inside `on_request`. Opaque; it is a handle, not an address.
pub struct egret_ws_request {
    _opaque: (),
}

/// A question that a hook was asked, until it is answered or nothing waits for the answer any more. Opaque; it is a handle, not an
/// address.
pub struct egret_ws_query {
    _opaque: (),
}

/// Called when the connection is open: once, or with `retry_attempts` once for each connection (`egret_ws_generation` returns its
/// number). `user` is that of the socket's options. From now on messages can be sent, inside this callback too, unless the
/// connection has ended in the meantime; `on_retry` or `on_close` will report that.
pub type egret_ws_on_connect_fn = Option<unsafe extern "C" fn(user: *mut c_void, ws: *mut egret_ws)>;

/// Called for each message. `kind` is `EGRET_WS_TEXT` or `EGRET_WS_BINARY`; `data` is never NULL and has `len` bytes, 0 to
/// `max_message_bytes`, borrowed until the callback returns. Text is valid UTF-8 and is followed by a NUL that `len` does
/// not count (the text may contain NULs). Messages come in the order in which the server sent them; they may still come
/// after `egret_ws_close`, until the server's Close frame. If the server breaks the protocol, the library sends it a Close frame when
/// the messages before were dispatched, so that the application can still answer them, or after `close_timeout_ms`.
pub type egret_ws_on_message_fn = Option<
    unsafe extern "C" fn(user: *mut c_void, ws: *mut egret_ws, kind: egret_ws_kind_t, data: *const u8, len: usize),
>;

/// Called exactly once, unless the socket or its loop was freed before: after every message that came before the end, or, after an
/// `egret_ws_abort`, without them. `info` is borrowed until the callback returns; the texts that it points to are valid until
/// `egret_ws_free`, but at least until the callback returns. The handle stays valid, in state `EGRET_WS_STATE_CLOSED`, until
/// `egret_ws_free`; `egret_ws_close_report` returns the report again.
pub type egret_ws_on_close_fn =
    Option<unsafe extern "C" fn(user: *mut c_void, ws: *mut egret_ws, info: *const egret_ws_close_info)>;

/// Called exactly once for each socket, as its last callback: right after `on_close`, also if the socket is not freed, or after
/// `egret_ws_free`. The poll that runs then calls it, or the next one, or `egret_ws_loop_free` for the sockets that are left. Free
/// `user` here, or drop the reference to it. `egret_ws_user` returns NULL from now on.
pub type egret_ws_release_user_fn = Option<unsafe extern "C" fn(user: *mut c_void)>;

/// Called once after sends were refused with `EGRET_WS_ERR_BACKPRESSURE`, when the send buffer is at most half full and
/// has room for the largest of the messages that were refused. Called once, also if that happens several times between two
/// polls. Not called when the connection is lost or closes before that: after `on_retry`, send again in `on_connect`.
pub type egret_ws_on_drain_fn = Option<unsafe extern "C" fn(user: *mut c_void, ws: *mut egret_ws)>;

/// Called with `retry_attempts`, before each wait, when a connection was lost or could not be made and will be tried again.
/// `info` describes the end of that connection as for `on_close`, with the messages that were not sent; it is borrowed until the
/// callback returns. `attempt` counts from 1; `delay_ms` is the length of the wait. During a suspend it is `EGRET_WS_UNLIMITED`: the
/// wait ends with `egret_ws_loop_resume`. From now on the socket is in state `EGRET_WS_STATE_CONNECTING`; `on_connect` is called when
/// it is open again. `egret_ws_retry_now` ends the wait and connects at once. If `on_request` is set, it is called after
/// the wait and may still stop the attempt. `egret_ws_close` ends the attempts: call it to stop
/// for a reason of the application, such as a close code of the server. If the application does not poll, a socket connects again
/// only until eight calls of `on_connect`, `on_retry` and `on_request` wait for the poll; the next attempt begins after the poll.
pub type egret_ws_on_retry_fn = Option<
    unsafe extern "C" fn(
        user: *mut c_void,
        ws: *mut egret_ws,
        info: *const egret_ws_close_info,
        attempt: u32,
        delay_ms: u32,
    ),
>;

/// Called for each pong (RFC 6455 section 5.5.3) that the server sends, whether or not it answers a ping, but for the answers to the
/// pings of the heartbeat. `data` is never NULL and has `len` bytes, 0 to 125, borrowed until the callback returns: the payload of
/// the `egret_ws_ping` that it answers, if there is one. Pongs and messages come in the order in which the server sent them, except
/// that a pong does not wait for a message while receiving is paused. A pong that waits for the poll counts as a message in
/// `max_receive_queue_bytes`, so a server cannot send pongs faster than polls take them.
pub type egret_ws_on_pong_fn =
    Option<unsafe extern "C" fn(user: *mut c_void, ws: *mut egret_ws, data: *const u8, len: usize)>;

/// Called before each attempt to connect, the first one included, to let the application change the request: replace an expired token in
/// a header or in the URL, choose another server, or wait for a login. Like every callback of a socket it runs in
/// `egret_ws_loop_poll`, and it may call every function that they may call. It is not called for redirects.
///
/// `attempt` is 0 for the first attempt, then as `on_retry` has counted it. `last` describes the last end, as `on_retry` has got
/// it; NULL at the first attempt. `request` may be changed with `egret_ws_request_set_url`, `egret_ws_request_set_header` and
/// `egret_ws_request_set_subprotocols`; the changes hold for this attempt and all later ones. Both pointers are borrowed until the
/// callback returns; a later use of `request`, or one on another thread, returns `EGRET_WS_ERR_BAD_HANDLE`.
///
/// Return one of `EGRET_WS_REQUEST_*`. With this callback and `retry_attempts`, the HTTP statuses 401, 403, 404, 407 and 410 do
/// not end the attempts: `on_retry` is called, and after the wait this callback decides.
///
/// | `EGRET_WS_REQUEST_*` | then                                                                                                 |
/// |----------------------|------------------------------------------------------------------------------------------------------|
/// | CONTINUE             | connect; but after one of those statuses, as STOP                                                    |
/// | CONNECT              | connect, also after one of those statuses                                                            |
/// | WAIT                 | nothing, until `egret_ws_retry_now`, a resume or `egret_ws_loop_network_changed`: they call it again |
/// | STOP                 | `on_close` with the report of the last end; at the first attempt ABORTED in `EGRET_WS_PHASE_REQUEST` |
/// | another number       | as STOP, with a log line                                                                             |
///
/// After STOP, `unsent_messages` of the report are those that no report has counted.
///
/// If the application calls `egret_ws_retry_now` before WAIT is returned, the callback comes again at once, so that no call is lost.
/// If no attempt has begun `open_timeout_ms` after the first question about it, it ends with `EGRET_WS_ERR_TIMEOUT` in
/// `EGRET_WS_PHASE_REQUEST`, like any other attempt that takes too long; so it does if the application does not poll. The state is
/// `EGRET_WS_STATE_CONNECTING` all the time. With `EGRET_WS_LOOP_CLOSE_ON_SUSPEND` a suspend stops this time-out, and the resume asks
/// again unless STOP was returned.
pub type egret_ws_on_request_fn = Option<
    unsafe extern "C" fn(
        user: *mut c_void,
        ws: *mut egret_ws,
        attempt: u32,
        last: *const egret_ws_close_info,
        request: *mut egret_ws_request,
    ) -> i32,
>;

/// Called for each frame (RFC 6455 section 5.2) that was sent or received, to trace a connection. Like every callback of a socket it runs
/// in `egret_ws_loop_poll`. A received frame is recorded with its header, before the message that it completes, and also if it breaks a
/// rule; a sent one when the operating system has taken its last byte. While receiving is paused, frames do not wait for the messages.
///
/// `direction` is `EGRET_WS_FRAME_SENT` or `EGRET_WS_FRAME_RECEIVED`; `opcode` is that of the frame, 0 to 15; `flags` are bits of
/// `EGRET_WS_FRAME_FIN` and `EGRET_WS_FRAME_COMPRESSED`; `length` is the length of the payload as it is on the wire, so after
/// compression. A frame that waits for the poll counts 32 bytes in `max_receive_queue_bytes`, so a server cannot send frames faster
/// than polls take them. While the receive queue is full, sent frames are not recorded: before the next frame that is, or at the end of
/// the connection, `direction` is `EGRET_WS_FRAME_LOST` once, `length` is their number, and the other numbers are 0.
pub type egret_ws_on_frame_fn = Option<
    unsafe extern "C" fn(
        user: *mut c_void,
        ws: *mut egret_ws,
        direction: egret_ws_direction_t,
        opcode: u32,
        flags: u32,
        length: u64,
    ),
>;

/// Hook: finds the addresses of a name, for example by HTTPDNS, DNS over HTTPS, or a cache of the application. Called instead of the
/// system's resolver, for a server's name and for a proxy's, but not for `localhost`, a literal address, or where the socket has
/// `addresses`.
///
/// Answer with `egret_ws_resolved`: in here, or later from any thread. The time-outs are those of a look-up of the library
/// (`resolve_timeout_ms`). `host` ends in a NUL; it is borrowed until the hook returns. `query` is valid until it is answered, or
/// until no connection waits for it any more. `ws` is the socket that asks; it may be freed already.
///
/// **Comes from another thread**, see `egret_ws_hooks`.
pub type egret_ws_on_resolve_fn =
    Option<unsafe extern "C" fn(user: *mut c_void, ws: *mut egret_ws, host: *const c_char, query: *mut egret_ws_query)>;

/// Hook: finds the proxies for a URL, for example those of the system's settings. Called at the beginning of each attempt, and after each
/// redirect, where the socket's `proxy` is NULL and `EGRET_WS_PROXY_FROM_ENVIRONMENT` is not set.
///
/// Answer with `egret_ws_proxy_found`: in here, or later from any thread. The time-out is `proxy_timeout_ms`. `url` has the scheme, the
/// host and the port of the server, and no user name, path or query (`wss://example.com:443/`); it ends in a NUL, and is borrowed
/// until the hook returns. The rest is as for `on_resolve`.
///
/// **Comes from another thread**, see `egret_ws_hooks`.
pub type egret_ws_on_proxy_fn =
    Option<unsafe extern "C" fn(user: *mut c_void, ws: *mut egret_ws, url: *const c_char, query: *mut egret_ws_query)>;

/// Hook: changes the descriptor of a TCP connection before it connects, for example by `VpnService.protect`, `Network.bindSocket`,
/// `SO_BINDTODEVICE` or `IP_TOS`. Called for each address that is tried, those of proxies too.
///
/// Return 0 to connect. Any other number refuses the address: the next one is tried, and the error of the last one is
/// `EGRET_WS_ERR_CONNECT` with this number in its message. `descriptor` is a file descriptor, or a `SOCKET` on Windows; it is not
/// connected, does not block, and stays open until the hook returns. Do not close, connect or keep it. The time-out is
/// `connect_timeout_ms`; other addresses are tried in the meantime.
///
/// **Comes from another thread**, see `egret_ws_hooks`.
pub type egret_ws_on_socket_fn =
    Option<unsafe extern "C" fn(user: *mut c_void, ws: *mut egret_ws, descriptor: isize) -> i32>;

/// Called when `egret_ws_loop_poll` has something to do: once, until the next poll. **Comes from another thread**: the
/// I/O thread, or a thread that calls this library; several threads may be in here at the same time. Post a task or write to a pipe,
/// and return soon: the connections wait until the callback returns. In here `egret_ws_loop_poll` and `egret_ws_loop_free` return
/// `EGRET_WS_ERR_REENTRANT`, and no call is logged. `egret_ws_loop_set_wakeup` and `egret_ws_loop_free` wait until no other
/// thread is inside: their comments say when `user` can be freed. If this callback forks, it must not return in the child: the child
/// calls `_exit` or `exec`.
pub type egret_ws_on_wakeup_fn = Option<unsafe extern "C" fn(user: *mut c_void)>;

/// Called for each log line at or below the loop's `log_level`. **May come from another thread**: from the I/O thread, or from
/// inside any call of this library, on its caller's thread; several threads may be in here at the same time. `text` is UTF-8,
/// ends in a NUL and has no line break; it is borrowed until the callback returns. `ws` is the socket that the line is about, or
/// NULL; it may be freed already, so only compare it. The text never contains message payloads. Return soon: the connection
/// waits. In here `egret_ws_loop_poll` and `egret_ws_loop_free` return `EGRET_WS_ERR_REENTRANT`, and no call is logged. When
/// `egret_ws_loop_free` has returned, no line is being written on any thread, and none follows, so `user` can be freed. If this
/// callback forks, it must not return in the child: the child calls `_exit` or `exec`.
pub type egret_ws_on_log_fn = Option<
    unsafe extern "C" fn(user: *mut c_void, level: egret_ws_log_level_t, text: *const c_char, ws: *mut egret_ws),
>;

/// Hooks of a loop: functions of the application that take part in the making of connections. Fill it with `egret_ws_hooks_init`, then
/// set those that you need; the others are NULL, and the library does that work.
///
/// Hooks run on threads of the library, several at the same time, and may block: only the connection that has asked waits, within its
/// time-outs. A hook may call every function but `egret_ws_loop_poll` and `egret_ws_loop_free`, which return
/// `EGRET_WS_ERR_REENTRANT`. Hooks must not throw a C++ exception or longjmp out. If one forks, it must not return in the child: the
/// child calls `_exit` or `exec`.
///
/// `egret_ws_loop_free` does not wait for hooks that are running: free `user` in `release_user`.
/// `release_user` of a socket does not wait for them either: in a hook, use the result of `egret_ws_user` only if something else keeps it
/// alive.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct egret_ws_hooks {
    /// Bytes of this struct as the caller knows it; set by `egret_ws_hooks_init`.
    pub struct_size: u32,
    /// The most threads for hooks, 1 to 64; calls beyond them wait. A hook that blocks keeps its thread, so this limits how many can
    /// block. One socket uses at most two of them at a time. 0: 32.
    pub max_threads: u32,
    /// Passed to every hook. The library does not dereference it; free it in `release_user`.
    pub user: *mut c_void,
    /// Called exactly once: when the loop is freed and no hook is running any more, by `egret_ws_loop_free` or on a thread of the
    /// library. Not called if `egret_ws_loop_new` fails. NULL: not called.
    pub release_user: egret_ws_release_user_fn,
    /// See the type. NULL: the system's resolver.
    pub on_resolve: egret_ws_on_resolve_fn,
    /// See the type. NULL: only the proxies of the options.
    pub on_proxy: egret_ws_on_proxy_fn,
    /// See the type. NULL: not called.
    pub on_socket: egret_ws_on_socket_fn,
}

/// Options of a loop. Fill it with `egret_ws_loop_options_init`, then set the fields that you need; a field that is zero means its
/// default. Read during `egret_ws_loop_new` only; `user` and `on_log` are used until `egret_ws_loop_free` has returned
/// `EGRET_WS_OK`. If `egret_ws_loop_new` fails, they are not used after it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct egret_ws_loop_options {
    /// Bytes of this struct as the caller knows it; set by `egret_ws_loop_options_init`.
    pub struct_size: u32,
    /// Any of `EGRET_WS_LOOP_INLINE`, `EGRET_WS_LOOP_CLOSE_ON_SUSPEND`, `EGRET_WS_LOOP_FORGET_TLS_SESSIONS`; 0: a loop with an I/O
    /// thread. Unknown bits are refused.
    pub flags: u32,
    /// Passed to `on_log`. The library does not dereference it.
    pub user: *mut c_void,
    /// Called for each log line. NULL: no log.
    pub on_log: egret_ws_on_log_fn,
    /// The highest `EGRET_WS_LOG_*` level to log. 0: `EGRET_WS_LOG_WARN`.
    pub log_level: egret_ws_log_level_t,
    /// Budget of a poll: the most callbacks of one `egret_ws_loop_poll`; the others wait for the next poll. 0: 4096.
    /// `EGRET_WS_UNLIMITED`: no limit.
    pub poll_max_callbacks: u32,
    /// Budget of a poll: the microseconds after which one `egret_ws_loop_poll` begins no further callback; it handles at
    /// least one event. As long as callbacks take less than a microsecond each, the clock is read once for up to 16 of them. 0: 4000.
    /// `EGRET_WS_UNLIMITED`: no limit. With `EGRET_WS_LOOP_INLINE` the reading and writing of the poll counts too: it takes at most about
    /// half of the budget, and never more than a few milliseconds. The next poll goes on with the sockets that were not served.
    /// Events without a callback, such as messages that wait because receiving is paused, count in the time too. So a poll may use it up
    /// without any callback, and return 0.
    pub poll_max_us: u32,
    /// The longest time in milliseconds that `egret_ws_loop_free` waits until accepted messages are written and closing
    /// handshakes have ended. During this time it is the only limit: `flush_timeout_ms` and `close_timeout_ms` cut no socket. 0: it
    /// does not wait; bytes that the network does not take at once are dropped.
    pub linger_ms: u32,
    /// The hooks of the application, copied. NULL: none.
    pub hooks: *const egret_ws_hooks,
    /// The application's own TLS, copied. NULL: that of the library.
    pub tls_provider: *const egret_ws_tls_provider,
}

/// The waits of reconnecting, for `retry` of the options of a socket. Fill it with `egret_ws_retry_options_init`, then set the fields
/// that you need; a field that is zero means its default. The waits are `min_wait_ms <= first_wait_ms <= max_wait_ms`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct egret_ws_retry_options {
    /// Bytes of this struct as the caller knows it; set by `egret_ws_retry_options_init`.
    pub struct_size: u32,
    /// The shortest wait before an attempt, in milliseconds. 0: 250, or the smaller of the next two options. `EGRET_WS_AT_ONCE`: an
    /// attempt may begin at once.
    pub min_wait_ms: u32,
    /// The longest wait before the first attempt, in milliseconds; it doubles with each further attempt. The wait is random between
    /// `min_wait_ms` and this, so that the clients of a server do not all come back at the same time. If the server sends
    /// `Retry-After` (RFC 9110 section 10.2.3), the wait is added to it. 0: 4000, or the nearest value between the other two
    /// waits. `EGRET_WS_AT_ONCE`: the first attempt begins at once, and so do all others.
    pub first_wait_ms: u32,
    /// The limit of the doubling, in milliseconds. 0: 30000, or `first_wait_ms` if that is more.
    pub max_wait_ms: u32,
    /// Milliseconds after the loss from which on no attempt begins. 0: 600000. `EGRET_WS_UNLIMITED`: no limit.
    pub total_ms: u32,
}

/// The settings of permessage-deflate (RFC 7692), for `deflate` of the options of a socket. Fill it with
/// `egret_ws_deflate_options_init`, then set the fields that you need; a field that is zero means its default.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct egret_ws_deflate_options {
    /// Bytes of this struct as the caller knows it; set by `egret_ws_deflate_options_init`.
    pub struct_size: u32,
    /// The level at which this side compresses, 1 (fast) to 9 (small). 0: 6.
    pub level: u32,
    /// Messages of fewer bytes are sent without compression, and so are messages that compression does not make smaller. 0: 256.
    /// `EGRET_WS_AT_ONCE`: messages of any size are compressed. `EGRET_WS_UNLIMITED`: no message is compressed.
    pub threshold_bytes: u32,
    /// The largest window that this side uses to compress, as a power of two, 9 to 15; the server may ask for less. The compressor
    /// needs memory of 4 times the window and 244 KiB, from the first compressed message on. 0: 15.
    pub client_window_bits: u32,
    /// The largest window that the server may use, 9 to 15. A socket whose server agreed to compress needs 47 KiB for incoming
    /// messages, with any window. A server that accepts the offer without this limit fails the handshake. 0: 15, that is no limit.
    pub server_window_bits: u32,
    /// 1: this side compresses each message by itself, without the context of the messages before, which makes messages larger. The
    /// compressor keeps its memory. 0: with the context.
    pub client_no_context_takeover: u32,
    /// 1: the server must compress each message by itself. A server that accepts the offer without this parameter fails the
    /// handshake. 0: as the server wants.
    pub server_no_context_takeover: u32,
}

/// Options of a socket. Fill it with `egret_ws_options_init`, then set the fields that you need; a field that is zero means its
/// default. Read during the connect call only; `user` and the callbacks are kept until `release_user` ran. The table NUMBERS at the
/// head of this file lists the fields that accept `EGRET_WS_UNLIMITED` and `EGRET_WS_AT_ONCE`.
///
/// The connect call returns `EGRET_WS_ERR_INVALID_ARGUMENT`, and logs the name of the field, for a text or list that is longer
/// than its field allows, for a NULL with a length or count that is not 0, and for a pointer with a length of 0. An array with a
/// count of 0 is an empty list.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct egret_ws_options {
    /// Bytes of this struct as the caller knows it; set by `egret_ws_options_init`.
    pub struct_size: u32,
    /// Any of `EGRET_WS_ONLY_THESE_ROOTS`, `EGRET_WS_PROXY_FROM_ENVIRONMENT`, `EGRET_WS_RESEND`, `EGRET_WS_DISABLE_DEFLATE`,
    /// `EGRET_WS_DISABLE_ALPN`, `EGRET_WS_DISABLE_TLS_RESUMPTION`, `EGRET_WS_SECURE_REDIRECTS_ONLY`, `EGRET_WS_ACCEPT_ANY_CERTIFICATE`,
    /// `EGRET_WS_ALLOW_PRIVATE_REDIRECTS`. Unknown bits and flags of loops are refused.
    pub flags: u32,
    /// Passed to every callback of the socket. The library does not dereference it; free it in `release_user`.
    pub user: *mut c_void,
    /// See the callback's type. NULL: not called.
    pub on_connect: egret_ws_on_connect_fn,
    /// See the callback's type. NULL: messages are counted as received and dropped.
    pub on_message: egret_ws_on_message_fn,
    /// See the callback's type. NULL: not called.
    pub on_close: egret_ws_on_close_fn,
    /// See the callback's type. NULL: not called.
    pub release_user: egret_ws_release_user_fn,
    /// The longest time in milliseconds for the name look-up and TCP together. 0: 15000.
    pub connect_timeout_ms: u32,
    /// The longest time in milliseconds for the HTTP upgrade, from the moment its request can be sent. 0: 10000.
    pub handshake_timeout_ms: u32,
    /// The longest time in milliseconds without progress while a closing socket writes accepted messages and then its Close frame.
    /// The time counts from the last progress, so a slow upload is not cut. Progress is 4 KiB that the operating system takes, or all
    /// that is left; with TLS, a record of up to 16 KiB counts when all of it is taken. No ping is sent during this time. After it the
    /// socket ends with `EGRET_WS_ERR_TIMEOUT` in `EGRET_WS_PHASE_FLUSH`. 0: 10000. `EGRET_WS_AT_ONCE`: messages that the network does
    /// not take at once are dropped.
    pub flush_timeout_ms: u32,
    /// The longest time in milliseconds of the closing handshake: from the moment when the Close frame of this side was passed to the
    /// operating system to the end of the connection. After it the socket ends with `EGRET_WS_ERR_TIMEOUT` in
    /// `EGRET_WS_PHASE_CLOSING`. 0: 5000. `EGRET_WS_AT_ONCE`: the connection ends as soon as the Close frame is written; without the
    /// server's Close frame that is also reported as `EGRET_WS_ERR_TIMEOUT`.
    pub close_timeout_ms: u32,
    /// The most payload bytes of a message, sent or received, at most `EGRET_WS_MAX_MESSAGE_BYTES`. 0: 131072.
    pub max_message_bytes: u32,
    /// The most bytes, frame headers counted, that may wait to be written; a send that would go beyond returns
    /// `EGRET_WS_ERR_BACKPRESSURE`. At least `max_message_bytes` + 14. 0: 1 MiB.
    pub max_send_buffer_bytes: u32,
    /// The number of bytes waiting to be dispatched (each message, and each pong for `on_pong`, counts 32 bytes more than its
    /// payload) at which the library stops reading this socket, until polls have taken half of them; TCP then slows the
    /// server down. The queue may exceed the limit by one message, and by 64 KiB that were read and not decoded. 0: 1 MiB.
    pub max_receive_queue_bytes: u32,
    /// Reconnecting: the most attempts in a row when a connection is lost or cannot be made. The count starts again from 0 when a
    /// connection has been open for 10 seconds. 0: none. `EGRET_WS_UNLIMITED`: no limit. There is no attempt after a close of this
    /// side, nor where it would be of no use: the table at `egret_ws_is_retryable` says where. After the HTTP statuses 401, 403, 404,
    /// 407 and 410 there is one only if `on_request` is set and says so. There is one after most closes by the server, 1000 included:
    /// close the socket in `on_retry` if you do not want that.
    pub retry_attempts: u32,
    /// The subprotocols the server may choose from (RFC 6455 section 1.9): a comma-separated list of at most 128 tokens, at
    /// most 8192 bytes, in the order of preference, ending in a NUL, copied. NULL: none. A server that chooses none of them
    /// fails the handshake, as in a browser. `egret_ws_subprotocol` returns the chosen one. A socket with subprotocols does not
    /// follow redirects to another origin.
    pub subprotocols: *const c_char,
    /// See the callback's type. NULL: not called.
    pub on_drain: egret_ws_on_drain_fn,
    /// See the callback's type. NULL: not called.
    pub on_retry: egret_ws_on_retry_fn,
    /// Further headers of the request: `header_count` of them, at most 256, copied. May be NULL if that is 0. Names are tokens,
    /// values have no control characters but tabs (so no CR, LF or NUL); together at most 8192 bytes. `Host`, `Connection`,
    /// `Upgrade`, `Origin`, `User-Agent`, names that begin with `Sec-WebSocket-` and headers that describe a body are refused: the
    /// library sets them, or they have their own options. A redirect to another origin does not get the `headers`.
    pub headers: *const egret_ws_header,
    /// The number of `headers`.
    pub header_count: u32,
    /// How many redirects (HTTP 301, 302, 303, 307, 308) to follow, at most 20. 0: none. Each attempt to connect begins at the URL
    /// of the connect call, or of `on_request`, again. The library never follows one from `wss` to `ws`; one to another origin
    /// only without `subprotocols`, which often carry a token; one to a nearer address, such as a private one, only with
    /// `EGRET_WS_ALLOW_PRIVATE_REDIRECTS`. A `Location` has at most 8192 bytes; the library ignores a fragment, a user name and a
    /// password in it.
    ///
    /// At another origin (scheme, host, port) the restrictions hold and the permissions do not. `tls_pins`, `tls_min_version`, and
    /// `EGRET_WS_ONLY_THESE_ROOTS` with its `tls_roots` hold there too. `EGRET_WS_ACCEPT_ANY_CERTIFICATE`, `tls_roots` without that flag
    /// and `tls_server_name` do not; they hold again where a redirect leads back to the first origin. `headers`, `username` and
    /// `tls_identity` are for the first origin only, and are not sent again after a redirect to another one.
    pub max_redirects: u32,
    /// The `Origin` header (RFC 6455 section 10.2), such as `https://example.com`, at most 8192 bytes, ending in a
    /// NUL, copied. NULL: none, as usual outside of browsers.
    pub origin: *const c_char,
    /// The `User-Agent` header, at most 8192 bytes, ending in a NUL, copied. NULL: `egret-ws/` and the version. Empty: none.
    pub user_agent: *const c_char,
    /// User name for basic authentication (RFC 7617) at the server, at most 8192 bytes, ending in a NUL, copied. NULL: the
    /// user name of the URL, if it has one. Redirects to another origin do not get it.
    pub username: *const c_char,
    /// The password of `username`, at most 8192 bytes, ending in a NUL, copied. It is refused without a `username`. NULL: empty.
    pub password: *const c_char,
    /// The proxy to connect through: `http://host:port` (with CONNECT), `https://host:port` (the same, with TLS to the proxy) or
    /// `socks5://host:port`, with `user:password@` before the host if the proxy requires it, at most 8192 bytes, ending in a NUL,
    /// copied. The only authentication at an HTTP proxy is Basic: one that wants NTLM, Negotiate or Digest ends the connection with
    /// `EGRET_WS_ERR_PROXY`, and the message names them. The proxy resolves the server's name. The certificate of an `https://` proxy
    /// is always checked, for the host of its URL: the trusted authorities and `tls_min_version` are those of the socket, and
    /// `tls_pins`, `tls_identity`, `tls_server_name` and `EGRET_WS_ACCEPT_ANY_CERTIFICATE` are for the server only; a failure has the
    /// error of a server's certificate, in `EGRET_WS_PHASE_PROXY`. NULL: see `EGRET_WS_PROXY_FROM_ENVIRONMENT`, else see `on_proxy`,
    /// else none. Empty: none, whatever these say.
    pub proxy: *const c_char,
    /// The longest time in milliseconds for the name look-up. 0: `connect_timeout_ms`.
    pub resolve_timeout_ms: u32,
    /// The longest time in milliseconds for the proxy's answer, with the TLS handshake before it if it is an `https://` proxy; also for
    /// the answer to `on_proxy`. 0: 10000.
    pub proxy_timeout_ms: u32,
    /// The longest time in milliseconds for the TLS handshake. 0: 10000.
    pub tls_timeout_ms: u32,
    /// The longest time in milliseconds for all stages together, redirects included. 0: 60000. The wait for `on_request` before them has
    /// this limit too, counted separately.
    pub open_timeout_ms: u32,
    /// Heartbeat: a ping (RFC 6455 section 5.5.2) is sent when nothing has been received for this many milliseconds.
    /// It detects a lost connection, and it prevents routers on the path from dropping an idle connection: mobile
    /// networks do so after half a minute, most proxies after one. Hence the default. When a time limit of any socket
    /// has woken the loop, a ping that is due within a second (or an eighth of this, if that is less) is sent at once, so that idle
    /// sockets share wake-ups. 0: 20000. `EGRET_WS_UNLIMITED`: no pings but those of `egret_ws_ping`, `egret_ws_loop_resume` and
    /// `egret_ws_loop_network_changed`.
    pub ping_interval_ms: u32,
    /// Heartbeat: the milliseconds after a ping in which a byte must be received, else the connection ends with
    /// `EGRET_WS_ERR_TIMEOUT` in `EGRET_WS_PHASE_OPEN`. While queued bytes are before the ping, the connection also counts as
    /// alive when the network takes some of them; and while the receive queue is full, no answer is expected. The default is
    /// longer than a phone's radio in a crowded cell may take. (Where the system offers it, TCP itself also gives up when the
    /// server has acknowledged nothing for four times `ping_interval_ms` and this.) 0: 10000. `EGRET_WS_UNLIMITED`: no time-out, for
    /// servers that do not answer pings.
    pub pong_timeout_ms: u32,
    /// Heartbeat: as `pong_timeout_ms`, for the ping after `egret_ws_loop_resume` and `egret_ws_loop_network_changed`, when the
    /// connection is probably lost. 0: 3000, or `pong_timeout_ms` if that is less. `EGRET_WS_UNLIMITED`: as `pong_timeout_ms`. Without
    /// effect if that is `EGRET_WS_UNLIMITED`.
    pub probe_timeout_ms: u32,
    /// With `wss`: the lowest version of TLS, `EGRET_WS_TLS_1_2` or `EGRET_WS_TLS_1_3`. 0: 1.2. Secure Transport, the TLS of Apple's
    /// systems, has no TLS 1.3: there `EGRET_WS_TLS_1_3` ends the connection with `EGRET_WS_ERR_TLS_OPTIONS`, unless the loop has a TLS
    /// provider, or the library was built with OpenSSL (see the README of the Swift binding).
    pub tls_min_version: u32,
    /// With `wss` or an `https://` proxy: certificates of authorities to trust besides the system's, or with
    /// `EGRET_WS_ONLY_THESE_ROOTS` instead of them: PEM, `tls_roots_len` bytes (or up to its NUL with `EGRET_WS_NUL_TERMINATED`), at
    /// most 1048576 bytes, copied. NULL if, and only if, that is 0. Each certificate is trusted as given: a root, an authority below
    /// one, or a server's own certificate (on Windows a root only). The name and the dates of a server's certificate are always
    /// checked. OpenSSL does not check whether a certificate was revoked; Windows and Apple's systems refuse one if they know that
    /// already. On Linux the system's certificates are those of `SSL_CERT_FILE` and `SSL_CERT_DIR`, else those of the distribution; a
    /// process with more rights than its user (setuid, setgid) does not read the two variables.
    pub tls_roots: *const c_char,
    /// Bytes of `tls_roots`.
    pub tls_roots_len: usize,
    /// With `wss`: the public keys that the server's certificate may have, each as `sha256/` and the base64 of the SHA-256
    /// of its SubjectPublicKeyInfo (as RFC 7469 section 2.4 counts it): a comma-separated list of at most 64 pins, at most 8192
    /// bytes, ending in a NUL, copied. One of them must match, so list the next key beside the present key. The key is checked
    /// after the certificate and before the request is sent. It is also checked before the certificate of `tls_identity` is sent,
    /// except with the TLS of Apple's systems and of Windows. NULL: none.
    pub tls_pins: *const c_char,
    /// With `wss`: the certificate and key of this side, for a server that asks for them: PKCS#12, `tls_identity_len` bytes,
    /// at most 1048576, copied. NULL if, and only if, that is 0. Redirects to another origin do not get it.
    pub tls_identity: *const u8,
    /// Bytes of `tls_identity`.
    pub tls_identity_len: usize,
    /// The password of `tls_identity`, at most 8192 bytes, ending in a NUL, copied. NULL: empty.
    pub tls_identity_password: *const c_char,
    /// With `wss`: the name to send in the handshake (SNI), which the certificate must have, instead of the URL's host; a name
    /// or an IP address, at most 253 bytes, ending in a NUL, copied. NULL: the URL's host. Redirects to another origin do not
    /// use it.
    pub tls_server_name: *const c_char,
    /// The waits of reconnecting, copied. NULL: the defaults, which suit most applications.
    pub retry: *const egret_ws_retry_options,
    /// The settings of permessage-deflate (RFC 7692), copied. NULL: the defaults, which suit most applications.
    pub deflate: *const egret_ws_deflate_options,
    /// See the callback's type. NULL: pongs only count for the heartbeat and the round trip.
    pub on_pong: egret_ws_on_pong_fn,
    /// See the callback's type. NULL: not called, and nothing waits for it.
    pub on_request: egret_ws_on_request_fn,
    /// The addresses of the server, instead of a look-up of its name: a comma-separated list of at most 16 IP addresses, each with or
    /// without a port (`192.0.2.1, 192.0.2.1:8443, 2001:db8::1, [2001:db8::1]:8443`), at most 8192 bytes, ending in a NUL, copied.
    /// For HTTPDNS, DNS over HTTPS and edges of a CDN. They are tried in this order, the next one after `attempt_delay_ms` or at a
    /// failure; a port that is missing is that of the URL. SNI, the certificate check, the `Host` header and the origin stay those of
    /// the URL. A redirect to another origin does not use them. Refused together with `proxy`; a proxy that
    /// `EGRET_WS_PROXY_FROM_ENVIRONMENT` or `on_proxy` has found looks the name up itself. NULL: look the name up.
    pub addresses: *const c_char,
    /// The local IP address of the TCP connection, an address of this machine without a port, at most 45 bytes, ending in a NUL,
    /// copied. Addresses of the server of the other family fail. NULL: the system chooses.
    pub local_address: *const c_char,
    /// The network interface of the TCP connection, such as `wlan0`, at most 64 bytes, ending in a NUL, copied: `SO_BINDTODEVICE` on Linux
    /// and Android, `IP_BOUND_IF` on Apple's systems; elsewhere it is refused with `EGRET_WS_ERR_UNSUPPORTED`. NULL: the system
    /// chooses.
    pub local_interface: *const c_char,
    /// See the callback's type. NULL: not called, and nothing is recorded.
    pub on_frame: egret_ws_on_frame_fn,
    /// The most bytes of the body of a refusal that are kept for `egret_ws_response_body`, at most 131072. The report comes when the
    /// body or this part of it has been read, or when no byte of it has come for a second: so if the server does not say where its body
    /// ends, by `Content-Length` or chunks, and keeps the connection. It comes at the end of `handshake_timeout_ms` (of a proxy:
    /// `proxy_timeout_ms`) at the latest. 0: 16384. `EGRET_WS_AT_ONCE`: no body is read.
    pub max_refusal_body_bytes: u32,
    /// Milliseconds between two attempts to connect to different addresses of a server (RFC 8305 section 5), 10 to 2000. 0: 250.
    /// `EGRET_WS_AT_ONCE`: all addresses are tried at the same time.
    pub attempt_delay_ms: u32,
}

/// A header of the request. Both texts end in a NUL and are copied.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct egret_ws_header {
    /// Its name, such as `Authorization`.
    pub name: *const c_char,
    /// Its value.
    pub value: *const c_char,
}

/// Statistics of a socket, available from `on_connect` on, or in `on_close`. Set `struct_size` to `sizeof(egret_ws_statistics)` and call
/// `egret_ws_stats`.
///
/// The times are those of the last connection, or of the last attempt; after redirects, of the last hop. A stage that was not
/// reached, or not needed, has 0. They are measured in the loop's time, which stands still during a suspend without
/// `EGRET_WS_LOOP_CLOSE_ON_SUSPEND`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct egret_ws_statistics {
    /// Bytes of this struct as the caller knows it.
    pub struct_size: u32,
    /// The HTTP status of the server's answer, 101 if it accepted the upgrade; 0: no answer yet.
    pub http_status: u32,
    /// The version of TLS, `EGRET_WS_TLS_1_2` or `EGRET_WS_TLS_1_3`; 0: no TLS, or the server has not chosen one.
    pub tls_version: u32,
    /// The number of redirects that were followed.
    pub redirects: u32,
    /// Microseconds of the name look-up, until its first usable address.
    pub resolve_us: u64,
    /// Microseconds of TCP, for all addresses that were tried.
    pub connect_us: u64,
    /// Microseconds until the proxy's answer, with those of `on_proxy` and of TLS to the proxy.
    pub proxy_us: u64,
    /// Microseconds of the TLS handshake, and of reading the trusted roots if they were not read before.
    pub tls_us: u64,
    /// Microseconds of the HTTP upgrade.
    pub handshake_us: u64,
    /// Connections made so far. `egret_ws_generation` returns for how many of them `on_connect` was called.
    pub connections: u32,
    /// Attempts to reconnect that were begun so far.
    pub retries: u32,
    /// Messages that were completely passed to the operating system. This count and those below are of all connections together.
    pub messages_sent: u64,
    /// Payload bytes of `messages_sent`.
    pub bytes_sent: u64,
    /// Bytes written, with frame headers and control frames, after compression, before TLS.
    pub wire_bytes_sent: u64,
    /// Messages received.
    pub messages_received: u64,
    /// Payload bytes of `messages_received`.
    pub bytes_received: u64,
    /// Bytes read, as `wire_bytes_sent` counts.
    pub wire_bytes_received: u64,
    /// Bytes that wait to be written, as `max_send_buffer_bytes` counts.
    pub send_queue_bytes: u64,
    /// The largest value of `send_queue_bytes` so far.
    pub send_queue_peak_bytes: u64,
    /// Bytes that wait to be dispatched, as `max_receive_queue_bytes` counts.
    pub receive_queue_bytes: u64,
    /// The largest value of `receive_queue_bytes` so far.
    pub receive_queue_peak_bytes: u64,
    /// Microseconds from the last answered ping to its pong; 0: no ping was answered.
    pub rtt_us: u64,
    /// The round trip, smoothed as in TCP (RFC 6298: an eighth of each new value).
    pub rtt_smoothed_us: u64,
    /// 1 if TLS resumed an earlier session, without an exchange of certificates; 0 if not, or without TLS.
    pub tls_resumed: u32,
    /// The number of addresses that were tried. `egret_ws_tried_addresses` lists them.
    pub addresses_tried: u32,
}

/// Messages that `egret_ws_loop_free` has lost: they were accepted and not sent, and no `on_close` or `on_retry` has reported them. Set
/// `struct_size` to `sizeof(egret_ws_free_report)` before the call.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct egret_ws_free_report {
    /// Bytes of this struct as the caller knows it.
    pub struct_size: u32,
    /// Sockets that have lost messages. Those that `egret_ws_free` freed before count too.
    pub sockets: u32,
    /// Messages that a send accepted and that were not completely passed to the operating system.
    pub unsent_messages: u64,
    /// Payload bytes of `unsent_messages`.
    pub unsent_bytes: u64,
}

/// How and why a connection ended. The texts that it points to are valid until `on_retry` or `on_request` returns; those of
/// `on_close` and `egret_ws_close_report` until `egret_ws_free` or `egret_ws_loop_free`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct egret_ws_close_info {
    /// In a callback: bytes of this struct as the library knows it; read a field only if it lies within, see
    /// `EGRET_WS_HAS_FIELD`. For `egret_ws_close_report`: bytes of this struct as the caller knows it.
    pub struct_size: u32,
    /// `EGRET_WS_OK` when both Close frames were exchanged and neither side failed the connection (what a browser calls
    /// `wasClean`), else one of `EGRET_WS_ERR_*`.
    pub error: egret_ws_error_t,
    /// In which phase it ended: one of `EGRET_WS_PHASE_*`.
    pub phase: egret_ws_phase_t,
    /// The side that ended it: one of `EGRET_WS_INITIATOR_*`.
    pub initiator: egret_ws_initiator_t,
    /// The HTTP status of the server's answer to the upgrade, or of a proxy's answer; 0 if there was no answer.
    pub http_status: i32,
    /// The operating system's error number (`errno`, `WSAGetLastError`), or 0.
    pub os_error: i32,
    /// The code as in a browser's `CloseEvent.code`: that of the server's Close frame; 1005 if the frame had no code; 1006 if
    /// no Close frame came.
    pub code: u16,
    /// The code of the Close frame that this side sent: 1005 if the frame had no code, 0 if no Close frame was sent.
    pub sent_code: u16,
    /// Messages that a send accepted and that were not completely passed to the operating system.
    pub unsent_messages: u32,
    /// Payload bytes of `unsent_messages`.
    pub unsent_bytes: u64,
    /// The reason of the server's Close frame: UTF-8, `reason_len` bytes and then a NUL; never NULL.
    pub reason: *const c_char,
    /// Bytes of `reason`, 0 to 123.
    pub reason_len: usize,
    /// A description of the end for a log: a readable English sentence, UTF-8, ending in a NUL; never NULL.
    pub message: *const c_char,
    /// Bytes of `message`.
    pub message_len: usize,
}
