//! The structs and callback types of the header.
#![allow(non_camel_case_types)] // these are the header's names

use super::tls_types::egret_ws_tls_provider;
use std::ffi::{c_char, c_void};

// The suffix of a type shows its kind: `_t` is a number, and `_fn` is a callback. A struct or a handle has no suffix.

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

/// A loop: it does the I/O of any number of sockets and queues their events. The type is opaque; it is a handle, not an
/// address.
pub struct egret_ws_loop {
    _opaque: (),
}

/// A socket: one WebSocket connection of a loop. The type is opaque; it is a handle, not an address.
pub struct egret_ws {
    _opaque: (),
}

/// The request of an attempt, inside `on_request`. The type is opaque; it is a handle, not an address.
pub struct egret_ws_request {
    _opaque: (),
}

/// A question to a hook. It is valid until it is answered, or until no connection waits for the answer any more. The
/// type is opaque; it is a handle, not an address.
pub struct egret_ws_query {
    _opaque: (),
}

/// Reports that the connection is open.
///
/// It is called once, or with `retry_attempts` once for each connection (`egret_ws_generation` returns its number).
/// From now on messages can be sent, also inside this callback. If the connection has ended in the meantime, no message
/// can be sent, and `on_retry` or `on_close` will report the end.
///
/// - `user`: The `user` of the socket's options.
/// - `ws`: The socket.
/// - Threads: The thread that polls, inside `egret_ws_loop_poll`.
/// - Since: 0.2
pub type egret_ws_on_connect_fn = Option<unsafe extern "C" fn(user: *mut c_void, ws: *mut egret_ws)>;

/// Delivers a message.
///
/// Messages come in the order in which the server sent them. They may still come after `egret_ws_close`, until the
/// server's Close frame. If the server breaks the protocol, the library dispatches the earlier messages first, so that
/// the application can still answer them. Then, or after `close_timeout_ms`, the library sends its Close frame.
///
/// - `user`: The `user` of the socket's options.
/// - `ws`: The socket.
/// - `kind`: `EGRET_WS_TEXT` or `EGRET_WS_BINARY`.
/// - `data`: The payload, never NULL, borrowed until the callback returns. Text is valid UTF-8 and is followed by a NUL
///   that `len` does not count. The text itself may contain NULs.
/// - `len`: Bytes of `data`, 0 to `max_message_bytes`.
/// - Threads: The thread that polls, inside `egret_ws_loop_poll`.
/// - Since: 0.2
pub type egret_ws_on_message_fn = Option<
    unsafe extern "C" fn(user: *mut c_void, ws: *mut egret_ws, kind: egret_ws_kind_t, data: *const u8, len: usize),
>;

/// Reports the end of the socket.
///
/// It is called exactly once, unless the socket or its loop was freed before. It comes after all messages that were
/// received before the end. After an `egret_ws_abort`, messages that were not dispatched are dropped. The handle stays
/// valid until `egret_ws_free`, in the state `EGRET_WS_STATE_CLOSED`. `egret_ws_close_report` returns the report again.
///
/// - `user`: The `user` of the socket's options.
/// - `ws`: The socket.
/// - `info`: The report, never NULL, borrowed until the callback returns. The texts that it points to are valid until
///   `egret_ws_free`, but at least until the callback returns.
/// - Threads: The thread that polls, inside `egret_ws_loop_poll`.
/// - Since: 0.2
pub type egret_ws_on_close_fn =
    Option<unsafe extern "C" fn(user: *mut c_void, ws: *mut egret_ws, info: *const egret_ws_close_info)>;

/// Releases `user`: the library will not pass it to a callback again.
///
/// Free `user` here, or drop your reference to it. The callback is called exactly once.
///
/// For a socket it is the last callback. It comes right after `on_close`, even if the socket is not freed. If the
/// socket is freed before `on_close`, it comes after `egret_ws_free`. The poll that is running calls it, or the next
/// poll does. `egret_ws_loop_free` calls it for the sockets that are left. From this callback on, `egret_ws_user`
/// returns NULL. For hooks and TLS providers, see `egret_ws_hooks` and `egret_ws_tls_provider`.
///
/// - `user`: The `user` of the socket's options, of the hooks or of the TLS provider.
/// - Threads: Of a socket: the thread that polls or frees the loop, inside that call. Of hooks and of a TLS provider:
///   any thread.
/// - Since: 0.2
pub type egret_ws_release_user_fn = Option<unsafe extern "C" fn(user: *mut c_void)>;

/// Reports that the send queue has room again.
///
/// It is called once after sends were refused with `EGRET_WS_ERR_BACKPRESSURE`. At that time the send queue is at most
/// half full and has room for the largest of the refused messages. If this happens several times between two polls, the
/// callback is called once. It is not called if the connection is lost or closes before there is room. After
/// `on_retry`, send again in `on_connect`.
///
/// - `user`: The `user` of the socket's options.
/// - `ws`: The socket.
/// - Threads: The thread that polls, inside `egret_ws_loop_poll`.
/// - Since: 0.2
pub type egret_ws_on_drain_fn = Option<unsafe extern "C" fn(user: *mut c_void, ws: *mut egret_ws)>;

/// Reports that a connection was lost or could not be made, and that another attempt follows.
///
/// It is called before each wait, only if `retry_attempts` is set. From now on the socket is in the state
/// `EGRET_WS_STATE_CONNECTING`. When it is open again, `on_connect` is called. `egret_ws_retry_now` ends the wait and
/// connects at once. If `on_request` is set, it is called after the wait and may still stop the attempt.
///
/// `egret_ws_close` ends the attempts. Call it to stop for a reason of the application, such as a close code of the
/// server.
///
/// If the application does not poll, calls of `on_connect`, `on_retry` and `on_request` wait for the poll. When eight
/// such calls of a socket wait, its next attempt begins only after the poll.
///
/// - `user`: The `user` of the socket's options.
/// - `ws`: The socket.
/// - `info`: The report of the end, with the messages that were not sent; see `on_close`. It is never NULL. The report
///   and its texts are borrowed until the callback returns.
/// - `attempt`: The number of the next attempt. It counts from 1.
/// - `delay_ms`: The length of the wait in milliseconds. During a suspend it is `EGRET_WS_UNLIMITED`: the wait ends
///   with `egret_ws_loop_resume`.
/// - Threads: The thread that polls, inside `egret_ws_loop_poll`.
/// - Since: 0.2
pub type egret_ws_on_retry_fn = Option<
    unsafe extern "C" fn(
        user: *mut c_void,
        ws: *mut egret_ws,
        info: *const egret_ws_close_info,
        attempt: u32,
        delay_ms: u32,
    ),
>;

/// Delivers a pong (RFC 6455 section 5.5.3) of the server.
///
/// It is called for each pong, whether or not it answers a ping. Answers to the pings of the heartbeat are not
/// reported. Pongs and messages come in the order in which the server sent them. There is one exception: while
/// receiving is paused, a pong does not wait for a message. A pong that waits for the poll counts as a message in
/// `max_receive_queue_bytes`, so a server cannot send pongs faster than polls take them.
///
/// - `user`: The `user` of the socket's options.
/// - `ws`: The socket.
/// - `data`: The payload, never NULL, borrowed until the callback returns. If the pong answers an `egret_ws_ping`, it
///   is the payload of that ping.
/// - `len`: Bytes of `data`, 0 to 125.
/// - Threads: The thread that polls, inside `egret_ws_loop_poll`.
/// - Since: 0.2
pub type egret_ws_on_pong_fn =
    Option<unsafe extern "C" fn(user: *mut c_void, ws: *mut egret_ws, data: *const u8, len: usize)>;

/// Lets the application change the request before each attempt to connect, the first one included.
///
/// Use it to replace an expired token in a header or in the URL, to choose another server, or to wait for a login. Like
/// every callback of a socket it runs in `egret_ws_loop_poll`, and it may call every function that the other callbacks
/// may call. It is not called for redirects.
///
/// The functions `egret_ws_request_set_url`, `egret_ws_request_set_header`, `egret_ws_request_set_subprotocols` and
/// `egret_ws_request_set_addresses` change the request. The changes hold for this attempt and all later ones.
///
/// With this callback and `retry_attempts`, the HTTP statuses 401, 403, 404, 407 and 410 do not end the attempts.
/// `on_retry` is called, and after the wait this callback decides.
///
/// | `EGRET_WS_REQUEST_*` | effect                                                                                                |
/// |----------------------|-------------------------------------------------------------------------------------------------------|
/// | CONTINUE             | connect; after one of those statuses it has the effect of STOP                                        |
/// | CONNECT              | connect, also after one of those statuses                                                             |
/// | WAIT                 | wait; `egret_ws_retry_now`, a resume and `egret_ws_loop_network_changed` call this callback again     |
/// | STOP                 | `on_close` with the report of the last end; at the first attempt: ABORTED in `EGRET_WS_PHASE_REQUEST` |
/// | another number       | the effect of STOP, with a log line                                                                   |
///
/// After STOP, `unsent_messages` of the report counts only the messages that no earlier report has counted.
///
/// If the application calls `egret_ws_retry_now` before this callback returns WAIT, the callback comes again at once.
/// So no call is lost.
///
/// An attempt must begin within `open_timeout_ms` after the first call of this callback for this attempt. Otherwise it
/// ends with `EGRET_WS_ERR_TIMEOUT` in `EGRET_WS_PHASE_REQUEST`, like any other attempt that takes too long. This
/// time-out also applies if the application does not poll. During the whole time the state is
/// `EGRET_WS_STATE_CONNECTING`. With `EGRET_WS_LOOP_CLOSE_ON_SUSPEND` a suspend stops this time-out, and the resume
/// calls the callback again, unless it has returned STOP.
///
/// - `user`: The `user` of the socket's options.
/// - `ws`: The socket.
/// - `attempt`: 0 for the first attempt, then the number that `on_retry` got.
/// - `last`: The report of the last end, which `on_retry` got. NULL at the first attempt. It is borrowed until the
///   callback returns.
/// - `request`: The request. It is borrowed until the callback returns. If it is used later or on another thread, the
///   call returns `EGRET_WS_ERR_BAD_HANDLE`.
/// - Returns: One of `EGRET_WS_REQUEST_*`.
/// - Threads: The thread that polls, inside `egret_ws_loop_poll`.
/// - Since: 0.2
pub type egret_ws_on_request_fn = Option<
    unsafe extern "C" fn(
        user: *mut c_void,
        ws: *mut egret_ws,
        attempt: u32,
        last: *const egret_ws_close_info,
        request: *mut egret_ws_request,
    ) -> i32,
>;

/// Reports a frame (RFC 6455 section 5.2) that was sent or received, to trace a connection.
///
/// Like every callback of a socket it runs in `egret_ws_loop_poll`. A received frame is recorded as soon as its header
/// is complete, even if the frame breaks a rule. It is therefore reported before the message that it completes. A sent
/// frame is recorded when the operating system has taken its last byte. While receiving is paused, frames do not wait
/// for the messages.
///
/// A frame that waits for the poll counts 32 bytes in `max_receive_queue_bytes`, so a server cannot send frames faster
/// than polls take them. While the receive queue is full, sent frames are not recorded. Their number is then reported
/// once with the direction `EGRET_WS_FRAME_LOST`, before the next frame that is recorded or at the end of the
/// connection.
///
/// - `user`: The `user` of the socket's options.
/// - `ws`: The socket.
/// - `direction`: `EGRET_WS_FRAME_SENT`, `EGRET_WS_FRAME_RECEIVED` or `EGRET_WS_FRAME_LOST`.
/// - `opcode`: The opcode of the frame, 0 to 15. With `EGRET_WS_FRAME_LOST` it is 0.
/// - `flags`: Bits of `EGRET_WS_FRAME_FIN` and `EGRET_WS_FRAME_COMPRESSED`. With `EGRET_WS_FRAME_LOST` it is 0.
/// - `length`: The length of the payload on the wire in bytes, which is the length after compression. With
///   `EGRET_WS_FRAME_LOST` it is the number of sent frames that were not recorded.
/// - Threads: The thread that polls, inside `egret_ws_loop_poll`.
/// - Since: 0.2
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

/// Hook: finds the addresses of a name, for example by HTTPDNS, DNS over HTTPS, or a cache of the application.
///
/// It is called instead of the system's resolver, for the name of a server and for that of a proxy. It is not called
/// for `localhost`, for a literal address, or if the socket has `addresses`. Answer with `egret_ws_resolved`, inside
/// the hook or later. The time-outs are those of a look-up of the library (`resolve_timeout_ms`).
///
/// - `user`: The `user` of the hooks.
/// - `ws`: The socket that asks. It may be freed already.
/// - `host`: The name. It ends in a NUL and is borrowed until the hook returns.
/// - `query`: The query for `egret_ws_resolved`. It is valid until it is answered, or until no connection waits for it
///   any more.
/// - Threads: **Threads of the library**, several at the same time; it may block: see `egret_ws_hooks`.
/// - Since: 0.2
pub type egret_ws_on_resolve_fn =
    Option<unsafe extern "C" fn(user: *mut c_void, ws: *mut egret_ws, host: *const c_char, query: *mut egret_ws_query)>;

/// Hook: finds the proxies for a URL, for example those of the system's settings.
///
/// It is called at the beginning of each attempt and after each redirect, if the socket's `proxy` is NULL and
/// `EGRET_WS_PROXY_FROM_ENVIRONMENT` is not set. Answer with `egret_ws_proxy_found`, inside the hook or later. The
/// time-out is `proxy_timeout_ms`.
///
/// - `user`: The `user` of the hooks.
/// - `ws`: The socket that asks. It may be freed already.
/// - `url`: The scheme, the host and the port of the server, without user name, path and query:
///   `wss://example.com:443/`. It ends in a NUL and is borrowed until the hook returns.
/// - `query`: The query for `egret_ws_proxy_found`. It is valid until it is answered, or until no connection waits for
///   it any more.
/// - Threads: **Threads of the library**, several at the same time; it may block: see `egret_ws_hooks`.
/// - Since: 0.2
pub type egret_ws_on_proxy_fn =
    Option<unsafe extern "C" fn(user: *mut c_void, ws: *mut egret_ws, url: *const c_char, query: *mut egret_ws_query)>;

/// Hook: changes the descriptor of a TCP connection before it connects.
///
/// Examples are `VpnService.protect`, `Network.bindSocket`, `SO_BINDTODEVICE` and `IP_TOS`. The hook is called for each
/// address that is tried, also for addresses of proxies. The time-out is `connect_timeout_ms`; other addresses are
/// tried in the meantime.
///
/// - `user`: The `user` of the hooks.
/// - `ws`: The socket that connects. It may be freed already.
/// - `descriptor`: A file descriptor, or a `SOCKET` on Windows. It is not connected, does not block, and stays open
///   until the hook returns. Do not close, connect or keep it.
/// - Returns: 0 to connect. Any other number refuses the address, and the next address is tried. If the last address is
///   refused, the error is `EGRET_WS_ERR_CONNECT` with this number in its message.
/// - Threads: **Threads of the library**, several at the same time; it may block: see `egret_ws_hooks`.
/// - Since: 0.2
pub type egret_ws_on_socket_fn =
    Option<unsafe extern "C" fn(user: *mut c_void, ws: *mut egret_ws, descriptor: isize) -> i32>;

/// Notifies the application that `egret_ws_loop_poll` has something to do.
///
/// It is called once, and again only after the next poll. Post a task or write to a pipe, and return soon: the
/// connections wait until the callback returns. Inside it `egret_ws_loop_poll` and `egret_ws_loop_free` return
/// `EGRET_WS_ERR_REENTRANT`, and calls write no log line. If this callback forks, it must not return in the child: the
/// child calls `_exit` or `exec`.
///
/// `egret_ws_loop_set_wakeup` and `egret_ws_loop_free` wait until no other thread is inside this callback. Their
/// comments say when `user` can be freed.
///
/// - `user`: The `user` of `egret_ws_loop_set_wakeup`.
/// - Threads: **Another thread**: the I/O thread, or a thread that calls this library; several at the same time.
/// - Since: 0.2
pub type egret_ws_on_wakeup_fn = Option<unsafe extern "C" fn(user: *mut c_void)>;

/// Delivers a log line at or below the `log_level` of the loop.
///
/// The text never contains payloads of messages. Return soon: the connection waits. Inside the callback
/// `egret_ws_loop_poll` and `egret_ws_loop_free` return `EGRET_WS_ERR_REENTRANT`, and calls write no log line. When
/// `egret_ws_loop_free` has returned, no thread is inside this callback, and no line follows: `user` can be freed. If
/// this callback forks, it must not return in the child: the child calls `_exit` or `exec`.
///
/// - `user`: The `user` of the loop's options.
/// - `level`: One of `EGRET_WS_LOG_*`.
/// - `text`: The line in UTF-8. It ends in a NUL and has no line break. It is borrowed until the callback returns.
/// - `ws`: The socket that the line is about, or NULL. It may be freed already, so use it only for comparisons.
/// - Threads: **Another thread is possible**: the I/O thread, or any thread that calls this library, inside its call;
///   several at the same time.
/// - Since: 0.2
pub type egret_ws_on_log_fn = Option<
    unsafe extern "C" fn(user: *mut c_void, level: egret_ws_log_level_t, text: *const c_char, ws: *mut egret_ws),
>;

/// Hooks of a loop: functions of the application that take part in making connections.
///
/// Fill the struct with `egret_ws_hooks_init`, then set the hooks that you need. The other hooks stay NULL, and the
/// library does their work.
///
/// Hooks run on threads of the library, several at the same time, and may block. While a hook blocks, only the
/// connection that asked waits, within its time-outs. A hook may call every function except `egret_ws_loop_poll` and
/// `egret_ws_loop_free`, which return `EGRET_WS_ERR_REENTRANT`. A hook must not throw a C++ exception or leave by
/// longjmp. If a hook forks, it must not return in the child: the child calls `_exit` or `exec`.
///
/// `egret_ws_loop_free` does not wait for hooks that are running: free `user` in `release_user`. `release_user` of a
/// socket does not wait for them either. In a hook, use the result of `egret_ws_user` only if something else keeps it
/// alive.
///
/// - Since: 0.2
#[repr(C)]
#[derive(Clone, Copy)]
pub struct egret_ws_hooks {
    /// Bytes of this struct as the caller knows it. `egret_ws_hooks_init` sets it.
    pub struct_size: u32,
    /// The largest number of threads for hooks, 1 to 64. Further calls wait. A hook that blocks keeps its thread, so
    /// this number limits how many hooks can block. One socket uses at most two threads at a time. 0 means 32.
    pub max_threads: u32,
    /// Passed to every hook. The library does not dereference it. Free it in `release_user`.
    pub user: *mut c_void,
    /// Called exactly once, when the loop is freed and no hook is running any more. `egret_ws_loop_free` or a thread of
    /// the library calls it. It is not called if `egret_ws_loop_new` fails. NULL means that it is not called.
    pub release_user: egret_ws_release_user_fn,
    /// See the type. NULL means the system's resolver.
    pub on_resolve: egret_ws_on_resolve_fn,
    /// See the type. NULL means that only the proxies of the options are used.
    pub on_proxy: egret_ws_on_proxy_fn,
    /// See the type. NULL means that it is not called.
    pub on_socket: egret_ws_on_socket_fn,
}

/// Options of a loop.
///
/// Fill the struct with `egret_ws_loop_options_init`, then set the fields that you need. A field that is zero has its
/// default. The struct is read only during `egret_ws_loop_new`. `user` and `on_log` are used until `egret_ws_loop_free`
/// has returned `EGRET_WS_OK`. If `egret_ws_loop_new` fails, they are not used after the call.
///
/// - Since: 0.2
#[repr(C)]
#[derive(Clone, Copy)]
pub struct egret_ws_loop_options {
    /// Bytes of this struct as the caller knows it. `egret_ws_loop_options_init` sets it.
    pub struct_size: u32,
    /// Any of `EGRET_WS_LOOP_INLINE`, `EGRET_WS_LOOP_CLOSE_ON_SUSPEND`, `EGRET_WS_LOOP_FORGET_TLS_SESSIONS`. 0 means a
    /// loop with an I/O thread. Unknown bits are refused.
    pub flags: u32,
    /// Passed to `on_log`. The library does not dereference it.
    pub user: *mut c_void,
    /// Called for each log line. NULL means no log.
    pub on_log: egret_ws_on_log_fn,
    /// The highest `EGRET_WS_LOG_*` level to log. 0 means `EGRET_WS_LOG_WARN`.
    pub log_level: egret_ws_log_level_t,
    /// Budget of a poll: the largest number of callbacks in one `egret_ws_loop_poll`. The others wait for the next
    /// poll. 0 means 4096. `EGRET_WS_UNLIMITED` means no limit.
    pub poll_max_callbacks: u32,
    /// Budget of a poll: the time in microseconds after which one `egret_ws_loop_poll` begins no further callback. A
    /// poll handles at least one event. 0 means 4000. `EGRET_WS_UNLIMITED` means no limit. While callbacks take less
    /// than a microsecond each, the clock is read once for up to 16 of them. With `EGRET_WS_LOOP_INLINE` the reading
    /// and writing of the poll is counted too. Reading and writing take at most about half of the budget, and never
    /// more than a few milliseconds. The next poll continues with the sockets that were not served. Events without a
    /// callback are also counted, such as messages that wait because receiving is paused. A poll may therefore use up
    /// its budget without any callback and return 0.
    pub poll_max_us: u32,
    /// The longest time in milliseconds that `egret_ws_loop_free` waits until accepted messages are written and closing
    /// handshakes have ended. During this time this option is the only limit: `flush_timeout_ms` and `close_timeout_ms`
    /// do not cut a socket. 0 means that the call does not wait: bytes that the network does not take at once are
    /// dropped.
    pub linger_ms: u32,
    /// The hooks of the application, copied. NULL means none.
    pub hooks: *const egret_ws_hooks,
    /// The application's own TLS, copied. NULL means the TLS of the library.
    pub tls_provider: *const egret_ws_tls_provider,
}

/// The waits of reconnecting, for `retry` of the options of a socket.
///
/// Fill the struct with `egret_ws_retry_options_init`, then set the fields that you need. A field that is zero has its
/// default. The waits must satisfy `min_wait_ms <= first_wait_ms <= max_wait_ms`.
///
/// - Since: 0.2
#[repr(C)]
#[derive(Clone, Copy)]
pub struct egret_ws_retry_options {
    /// Bytes of this struct as the caller knows it. `egret_ws_retry_options_init` sets it.
    pub struct_size: u32,
    /// The shortest wait before an attempt, in milliseconds. 0 means 250, or the smaller of the next two options if
    /// that is less. `EGRET_WS_AT_ONCE` means that an attempt may begin at once.
    pub min_wait_ms: u32,
    /// The longest wait before the first attempt, in milliseconds. This limit doubles with each further attempt. The
    /// wait is random between `min_wait_ms` and this value, so that the clients of a server do not all come back at the
    /// same time. If the server sends `Retry-After` (RFC 9110 section 10.2.3), the wait is added to the time of
    /// `Retry-After`. 0 means 4000, or the nearest value that lies between the other two waits. `EGRET_WS_AT_ONCE`
    /// means that the first attempt begins at once, and all others too.
    pub first_wait_ms: u32,
    /// The limit of the doubling, in milliseconds. 0 means 30000, or `first_wait_ms` if that is more.
    pub max_wait_ms: u32,
    /// The longest time in milliseconds from the loss to the beginning of an attempt. After this time no attempt
    /// begins. 0 means 600000. `EGRET_WS_UNLIMITED` means no limit.
    pub total_ms: u32,
}

/// The settings of permessage-deflate (RFC 7692), for `deflate` of the options of a socket.
///
/// Fill the struct with `egret_ws_deflate_options_init`, then set the fields that you need. A field that is zero has
/// its default.
///
/// - Since: 0.2
#[repr(C)]
#[derive(Clone, Copy)]
pub struct egret_ws_deflate_options {
    /// Bytes of this struct as the caller knows it. `egret_ws_deflate_options_init` sets it.
    pub struct_size: u32,
    /// The level at which this side compresses, 1 (fast) to 9 (small). 0 means 6.
    pub level: u32,
    /// The size in bytes of the smallest message that is compressed. Smaller messages are sent without compression.
    /// Messages that compression does not make smaller are also sent without it. 0 means 256. `EGRET_WS_AT_ONCE` means
    /// that messages of any size are compressed. `EGRET_WS_UNLIMITED` means that no message is compressed.
    pub threshold_bytes: u32,
    /// The largest window that this side uses to compress, as a power of two, 9 to 15. The server may ask for less.
    /// From the first compressed message on, the compressor needs 4 times the window plus 244 KiB of memory. 0 means
    /// 15.
    pub client_window_bits: u32,
    /// The largest window that the server may use, as a power of two, 9 to 15. If the server agreed to compress, the
    /// socket needs 47 KiB for incoming messages, with any window. If a server accepts the offer without this limit,
    /// the handshake fails. 0 means 15, which is no limit.
    pub server_window_bits: u32,
    /// 1 means that this side compresses each message by itself, without the context of earlier messages. This makes
    /// messages larger. The compressor still keeps its memory. 0 means that the context is used.
    pub client_no_context_takeover: u32,
    /// 1 means that the server must compress each message by itself. If a server accepts the offer without this
    /// parameter, the handshake fails. 0 means that the server chooses.
    pub server_no_context_takeover: u32,
}

/// Options of a socket.
///
/// Fill the struct with `egret_ws_options_init`, then set the fields that you need. A field that is zero has its
/// default. The struct is read only during the connect call. `user` and the callbacks are kept until `release_user` has
/// run. The table under NUMBERS at the head of this file lists the fields that accept `EGRET_WS_UNLIMITED` and
/// `EGRET_WS_AT_ONCE`.
///
/// The connect call returns `EGRET_WS_ERR_INVALID_ARGUMENT` and logs the name of the field in three cases: a text or
/// list is longer than its field allows, a pointer is NULL and its length or count is not 0, or a pointer is set and
/// its length is 0. An array with a count of 0 is an empty list.
///
/// - Since: 0.2
#[repr(C)]
#[derive(Clone, Copy)]
pub struct egret_ws_options {
    /// Bytes of this struct as the caller knows it. `egret_ws_options_init` sets it.
    pub struct_size: u32,
    /// Any of `EGRET_WS_ONLY_THESE_ROOTS`, `EGRET_WS_PROXY_FROM_ENVIRONMENT`, `EGRET_WS_RESEND`,
    /// `EGRET_WS_DISABLE_DEFLATE`, `EGRET_WS_DISABLE_ALPN`, `EGRET_WS_DISABLE_TLS_RESUMPTION`,
    /// `EGRET_WS_SECURE_REDIRECTS_ONLY`, `EGRET_WS_ACCEPT_ANY_CERTIFICATE`, `EGRET_WS_ALLOW_PRIVATE_REDIRECTS`. Unknown
    /// bits and flags of loops are refused.
    pub flags: u32,
    /// Passed to every callback of the socket. The library does not dereference it. Free it in `release_user`.
    pub user: *mut c_void,
    /// See the callback's type. NULL means that it is not called.
    pub on_connect: egret_ws_on_connect_fn,
    /// See the callback's type. NULL means that messages are counted as received and dropped.
    pub on_message: egret_ws_on_message_fn,
    /// See the callback's type. NULL means that it is not called.
    pub on_close: egret_ws_on_close_fn,
    /// See the callback's type. NULL means that it is not called.
    pub release_user: egret_ws_release_user_fn,
    /// The longest time in milliseconds for the name look-up and TCP together. 0 means 15000.
    pub connect_timeout_ms: u32,
    /// The longest time in milliseconds for the HTTP upgrade. The time begins when the request can be sent. 0 means
    /// 10000.
    pub handshake_timeout_ms: u32,
    /// The longest time in milliseconds without progress while a closing socket writes accepted messages and then its
    /// Close frame. The time counts from the last progress, so a slow upload is not cut. Progress means that the
    /// operating system takes 4 KiB, or all bytes that are left. With TLS, a record of up to 16 KiB counts when all of
    /// it is taken. No ping is sent during this time. When this time has passed, the socket ends with
    /// `EGRET_WS_ERR_TIMEOUT` in `EGRET_WS_PHASE_FLUSH`. 0 means 10000. `EGRET_WS_AT_ONCE` means that messages are
    /// dropped if the network does not take them at once.
    pub flush_timeout_ms: u32,
    /// The longest time in milliseconds of the closing handshake. The time begins when the Close frame of this side was
    /// passed to the operating system, and lasts until the end of the connection. When this time has passed, the socket
    /// ends with `EGRET_WS_ERR_TIMEOUT` in `EGRET_WS_PHASE_CLOSING`. 0 means 5000. `EGRET_WS_AT_ONCE` means that the
    /// connection ends as soon as the Close frame is written. If the server's Close frame has not come by then, the
    /// error is also `EGRET_WS_ERR_TIMEOUT`.
    pub close_timeout_ms: u32,
    /// The largest payload of a message in bytes, sent or received, at most `EGRET_WS_MAX_MESSAGE_BYTES`. 0 means
    /// 131072.
    pub max_message_bytes: u32,
    /// The limit of the send queue: the largest number of bytes that may wait to be written. Frame headers are counted.
    /// A send that would exceed this limit returns `EGRET_WS_ERR_BACKPRESSURE`. The limit must be at least
    /// `max_message_bytes` + 14. 0 means 1 MiB.
    pub max_send_buffer_bytes: u32,
    /// The limit of the receive queue: the library stops reading this socket when this number of bytes waits to be
    /// dispatched. TCP then slows the server down. The library reads again when polls have taken half of the bytes.
    /// Each message, and each pong for `on_pong`, counts 32 bytes more than its payload. The queue may exceed the limit
    /// by one message, and by 64 KiB that were read and not decoded. 0 means 1 MiB.
    pub max_receive_queue_bytes: u32,
    /// Reconnecting: the largest number of attempts in a row when a connection is lost or cannot be made. The count
    /// starts again from 0 when a connection has been open for 10 seconds. 0 means none. `EGRET_WS_UNLIMITED` means no
    /// limit. There is no attempt after a close of this side, or if an attempt would be of no use: the table at
    /// `egret_ws_is_retryable` lists these cases. After the HTTP statuses 401, 403, 404, 407 and 410 there is an
    /// attempt only if `on_request` is set and allows it. There is an attempt after most closes by the server, also
    /// after 1000: close the socket in `on_retry` if you do not want that.
    pub retry_attempts: u32,
    /// The subprotocols from which the server may choose (RFC 6455 section 1.9), in the order of preference. It is a
    /// comma-separated list of at most 128 tokens, at most 8192 bytes, ending in a NUL, copied. NULL means none. If the
    /// server chooses none of them, the handshake fails, as in a browser. `egret_ws_subprotocol` returns the chosen
    /// one. A socket with subprotocols does not follow redirects to another origin.
    pub subprotocols: *const c_char,
    /// See the callback's type. NULL means that it is not called.
    pub on_drain: egret_ws_on_drain_fn,
    /// See the callback's type. NULL means that it is not called.
    pub on_retry: egret_ws_on_retry_fn,
    /// Further headers of the request: `header_count` of them, at most 256, copied. May be NULL if `header_count` is 0.
    /// Names are tokens. Values have no control characters except tabs (so no CR, LF or NUL). Together they have at
    /// most 8192 bytes. These headers are refused, because the library sets them or they have their own options:
    /// `Host`, `Connection`, `Upgrade`, `Origin`, `User-Agent`, names that begin with `Sec-WebSocket-`, and headers
    /// that describe a body. After a redirect, another origin does not get the `headers`.
    pub headers: *const egret_ws_header,
    /// The number of `headers`.
    pub header_count: u32,
    /// The largest number of redirects (HTTP 301, 302, 303, 307, 308) to follow, at most 20. 0 means none. Each attempt
    /// to connect begins again at the URL of the connect call or of `on_request`. A redirect from `wss` to `ws` is
    /// never followed. A redirect to another origin is followed only without `subprotocols`, which often carry a token.
    /// A redirect to a nearer address, such as a private one, is followed only with `EGRET_WS_ALLOW_PRIVATE_REDIRECTS`.
    /// A `Location` has at most 8192 bytes. A fragment, a user name and a password in it are ignored.
    ///
    /// At another origin (scheme, host, port) the restrictions hold and the permissions do not. `tls_pins`,
    /// `tls_min_version`, and `EGRET_WS_ONLY_THESE_ROOTS` with its `tls_roots` hold there too.
    /// `EGRET_WS_ACCEPT_ANY_CERTIFICATE`, `tls_roots` without `EGRET_WS_ONLY_THESE_ROOTS`, and `tls_server_name` do not
    /// hold there. They hold again if a redirect leads back to the first origin. `headers`, `username` and
    /// `tls_identity` are for the first origin only. After a redirect to another origin they are not sent again.
    pub max_redirects: u32,
    /// The `Origin` header (RFC 6455 section 10.2), such as `https://example.com`, at most 8192 bytes, ending in a NUL,
    /// copied. NULL means none, as usual outside of browsers.
    pub origin: *const c_char,
    /// The `User-Agent` header, at most 8192 bytes, ending in a NUL, copied. NULL means `egret-ws/` and the version. An
    /// empty text means no such header.
    pub user_agent: *const c_char,
    /// The user name for basic authentication (RFC 7617) at the server, at most 8192 bytes, ending in a NUL, copied.
    /// NULL means the user name of the URL, if it has one. After a redirect, another origin does not get it.
    pub username: *const c_char,
    /// The password of `username`, at most 8192 bytes, ending in a NUL, copied. It is refused without a `username`.
    /// NULL means an empty password.
    pub password: *const c_char,
    /// The proxy to connect through: `http://host:port` (with CONNECT), `https://host:port` (with CONNECT, and TLS to
    /// the proxy) or `socks5://host:port`. If the proxy requires a user name, write `user:password@` before the host.
    /// This URL is a text of at most 8192 bytes, ending in a NUL, copied. NULL means the proxy of
    /// `EGRET_WS_PROXY_FROM_ENVIRONMENT` if that flag is set, or else the proxy of `on_proxy` if that hook is set, or
    /// else no proxy. An empty text always means no proxy. The proxy resolves the server's name. Basic is the only
    /// authentication that is supported at an HTTP proxy. If a proxy requires NTLM, Negotiate or Digest, the connection
    /// ends with `EGRET_WS_ERR_PROXY`, and the message names these methods. The certificate of an `https://` proxy is
    /// always checked. It must be valid for the host of the proxy's URL. The trusted authorities and `tls_min_version`
    /// are those of the socket. `tls_pins`, `tls_identity`, `tls_server_name` and `EGRET_WS_ACCEPT_ANY_CERTIFICATE` are
    /// for the server only. If the check of the proxy's certificate fails, the error is that of a server's certificate,
    /// in `EGRET_WS_PHASE_PROXY`.
    pub proxy: *const c_char,
    /// The longest time in milliseconds for the name look-up. 0 means `connect_timeout_ms`.
    pub resolve_timeout_ms: u32,
    /// The longest time in milliseconds for the proxy's answer. With an `https://` proxy the TLS handshake before it is
    /// included. This option is also the longest time for the answer to `on_proxy`. 0 means 10000.
    pub proxy_timeout_ms: u32,
    /// The longest time in milliseconds for the TLS handshake. 0 means 10000.
    pub tls_timeout_ms: u32,
    /// The longest time in milliseconds for all stages together, redirects included. 0 means 60000. The wait for
    /// `on_request` before these stages has the same limit, but is counted separately.
    pub open_timeout_ms: u32,
    /// Heartbeat: after this many milliseconds without any received data a ping (RFC 6455 section 5.5.2) is sent. The
    /// heartbeat detects a lost connection. It also prevents routers on the path from dropping an idle connection.
    /// Mobile networks drop an idle connection after half a minute, most proxies after one minute; the default is
    /// shorter. Idle sockets share wake-ups, so a ping may be sent early. When a time limit of any socket has woken the
    /// loop, each ping that is due within a second (or within an eighth of this interval, if that is less) is sent at
    /// once. 0 means 20000. `EGRET_WS_UNLIMITED` means that there are no pings except those of `egret_ws_ping`,
    /// `egret_ws_loop_resume` and `egret_ws_loop_network_changed`.
    pub ping_interval_ms: u32,
    /// Heartbeat: the time in milliseconds after a ping within which at least one byte must be received. Otherwise the
    /// connection ends with `EGRET_WS_ERR_TIMEOUT` in `EGRET_WS_PHASE_OPEN`. While the ping waits behind queued bytes,
    /// the connection also counts as alive when the network takes some of these bytes. While the receive queue is full,
    /// no answer is expected. The default is longer than the delay that a phone's radio may have in a crowded cell. (On
    /// systems with such an option, TCP also ends the connection if the server has acknowledged nothing for four times
    /// the sum of `ping_interval_ms` and this time.) 0 means 10000. `EGRET_WS_UNLIMITED` means no time-out, for servers
    /// that do not answer pings.
    pub pong_timeout_ms: u32,
    /// Heartbeat: like `pong_timeout_ms`, but for the ping after `egret_ws_loop_resume` and
    /// `egret_ws_loop_network_changed`, when the connection is probably lost. 0 means 3000, or `pong_timeout_ms` if
    /// that is less. `EGRET_WS_UNLIMITED` means the time of `pong_timeout_ms`. The option has no effect if
    /// `pong_timeout_ms` is `EGRET_WS_UNLIMITED`.
    pub probe_timeout_ms: u32,
    /// With `wss`: the lowest version of TLS, `EGRET_WS_TLS_1_2` or `EGRET_WS_TLS_1_3`. 0 means 1.2. Secure Transport,
    /// the TLS of Apple's systems, has no TLS 1.3. There `EGRET_WS_TLS_1_3` ends the connection with
    /// `EGRET_WS_ERR_TLS_OPTIONS`, unless the loop has a TLS provider or the library was built with OpenSSL (see the
    /// README of the Swift binding).
    pub tls_min_version: u32,
    /// With `wss` or an `https://` proxy: certificates of authorities to trust besides the system's, or instead of them
    /// with `EGRET_WS_ONLY_THESE_ROOTS`. They are PEM text of `tls_roots_len` bytes (or up to its NUL with
    /// `EGRET_WS_NUL_TERMINATED`), at most 1048576 bytes, copied. The pointer is NULL if, and only if, `tls_roots_len`
    /// is 0. Each certificate is trusted as given. It may be a root, an authority below one, or a server's own
    /// certificate (on Windows a root only). The name and the dates of a server's certificate are always checked.
    /// OpenSSL does not check whether a certificate was revoked. Windows and Apple's systems refuse a revoked
    /// certificate if they already know that it was revoked. On Linux the system's certificates are those of
    /// `SSL_CERT_FILE` and `SSL_CERT_DIR`, or else those of the distribution. A process with more rights than its user
    /// (setuid, setgid) does not read these two variables.
    pub tls_roots: *const c_char,
    /// Bytes of `tls_roots`.
    pub tls_roots_len: usize,
    /// With `wss`: the public keys that the server's certificate may have. It is a comma-separated list of at most 64
    /// pins, at most 8192 bytes, ending in a NUL, copied. A pin is `sha256/` and the base64 of the SHA-256 of the
    /// SubjectPublicKeyInfo (RFC 7469 section 2.4). One of the pins must match, so list the next key in addition to the
    /// present key. The key is checked after the certificate and before the request is sent. It is also checked before
    /// the certificate of `tls_identity` is sent, except with the TLS of Apple's systems and of Windows. NULL means
    /// none.
    pub tls_pins: *const c_char,
    /// With `wss`: the certificate and key of this side, for a server that asks for them. They are PKCS#12 of
    /// `tls_identity_len` bytes, at most 1048576, copied. The pointer is NULL if, and only if, `tls_identity_len` is 0.
    /// After a redirect, another origin does not get them.
    pub tls_identity: *const u8,
    /// Bytes of `tls_identity`.
    pub tls_identity_len: usize,
    /// The password of `tls_identity`, at most 8192 bytes, ending in a NUL, copied. NULL means an empty password.
    pub tls_identity_password: *const c_char,
    /// With `wss`: the name to send in the handshake (SNI) and to require in the certificate, instead of the URL's
    /// host. It is a name or an IP address, at most 253 bytes, ending in a NUL, copied. NULL means the URL's host.
    /// After a redirect it is not used for another origin.
    pub tls_server_name: *const c_char,
    /// The waits of reconnecting, copied. NULL means the defaults, which suit most applications.
    pub retry: *const egret_ws_retry_options,
    /// The settings of permessage-deflate (RFC 7692), copied. NULL means the defaults, which suit most applications.
    pub deflate: *const egret_ws_deflate_options,
    /// See the callback's type. NULL means that pongs only count for the heartbeat and the round trip.
    pub on_pong: egret_ws_on_pong_fn,
    /// See the callback's type. NULL means that it is not called, and nothing waits for it.
    pub on_request: egret_ws_on_request_fn,
    /// The addresses of the server, instead of a look-up of its name. It is a comma-separated list of at most 16 IP
    /// addresses (`192.0.2.1, 192.0.2.1:8443, 2001:db8::1, [2001:db8::1]:8443`), each with or without a port, at most
    /// 8192 bytes, ending in a NUL, copied. The option is for HTTPDNS, DNS over HTTPS and edges of a CDN. The addresses
    /// are tried in this order. The next address is tried after `attempt_delay_ms`, or as soon as an attempt fails. If
    /// an address has no port, the port of the URL is used. SNI, the certificate check, the `Host` header and the
    /// origin stay those of the URL. A redirect to another origin does not use the addresses. If both `addresses` and
    /// `proxy` are set, the connect call refuses them. A proxy that `EGRET_WS_PROXY_FROM_ENVIRONMENT` or `on_proxy` has
    /// found looks the name up itself. NULL means that the name is looked up.
    pub addresses: *const c_char,
    /// The local IP address of the TCP connection: an address of this machine without a port, at most 45 bytes, ending
    /// in a NUL, copied. Connections to server addresses of the other family fail. NULL means that the system chooses.
    pub local_address: *const c_char,
    /// The network interface of the TCP connection, such as `wlan0`, at most 64 bytes, ending in a NUL, copied. It sets
    /// `SO_BINDTODEVICE` on Linux and Android, and `IP_BOUND_IF` on Apple's systems. On other systems it is refused
    /// with `EGRET_WS_ERR_UNSUPPORTED`. NULL means that the system chooses.
    pub local_interface: *const c_char,
    /// See the callback's type. NULL means that it is not called, and nothing is recorded.
    pub on_frame: egret_ws_on_frame_fn,
    /// The largest part of the body of a refusal that is kept for `egret_ws_response_body`, in bytes, at most 131072.
    /// The close report comes when the body or this part of it has been read. It also comes when no byte of the body
    /// has been received for a second. (This happens if the server keeps the connection open and marks the end of the
    /// body neither by `Content-Length` nor by chunks.) At the latest it comes at the end of `handshake_timeout_ms`
    /// (with a proxy: `proxy_timeout_ms`). 0 means 16384. `EGRET_WS_AT_ONCE` means that no body is read.
    pub max_refusal_body_bytes: u32,
    /// The time in milliseconds between two attempts to connect to different addresses of a server (RFC 8305 section
    /// 5), 10 to 2000. 0 means 250. `EGRET_WS_AT_ONCE` means that all addresses are tried at the same time.
    pub attempt_delay_ms: u32,
}

/// A header of the request. Both texts end in a NUL and are copied.
///
/// - Since: 0.2
#[repr(C)]
#[derive(Clone, Copy)]
pub struct egret_ws_header {
    /// Its name, such as `Authorization`.
    pub name: *const c_char,
    /// Its value.
    pub value: *const c_char,
}

/// Statistics of a socket, available from `on_connect` on, and in `on_close`.
///
/// Set `struct_size` to `sizeof(egret_ws_statistics)` and call `egret_ws_stats`.
///
/// The times are those of the last connection, or of the last attempt. After redirects they are those of the last hop.
/// If a stage was not reached or not needed, its time is 0. The times are measured with the clock of the loop. This
/// clock stands still during a suspend without `EGRET_WS_LOOP_CLOSE_ON_SUSPEND`.
///
/// - Since: 0.2
#[repr(C)]
#[derive(Clone, Copy)]
pub struct egret_ws_statistics {
    /// Bytes of this struct as the caller knows it.
    pub struct_size: u32,
    /// The HTTP status of the server's answer. It is 101 if the server accepted the upgrade, and 0 if there is no
    /// answer yet.
    pub http_status: u32,
    /// The version of TLS, `EGRET_WS_TLS_1_2` or `EGRET_WS_TLS_1_3`. It is 0 without TLS, or if the server has not
    /// chosen a version.
    pub tls_version: u32,
    /// The number of redirects that were followed.
    pub redirects: u32,
    /// Microseconds of the name look-up, until its first usable address.
    pub resolve_us: u64,
    /// Microseconds of TCP, for all addresses that were tried.
    pub connect_us: u64,
    /// Microseconds until the proxy's answer. The times of `on_proxy` and of TLS to the proxy are included.
    pub proxy_us: u64,
    /// Microseconds of the TLS handshake. If the trusted roots were not read before, the time to read them is included.
    pub tls_us: u64,
    /// Microseconds of the HTTP upgrade.
    pub handshake_us: u64,
    /// Connections that were made so far. `egret_ws_generation` returns for how many of them `on_connect` was called.
    pub connections: u32,
    /// The number of attempts to reconnect that have begun so far.
    pub retries: u32,
    /// Messages that were completely passed to the operating system. This count and the counts below include all
    /// connections of the socket.
    pub messages_sent: u64,
    /// Payload bytes of `messages_sent`.
    pub bytes_sent: u64,
    /// Bytes written, after compression and before TLS. Frame headers and control frames are included.
    pub wire_bytes_sent: u64,
    /// Messages received.
    pub messages_received: u64,
    /// Payload bytes of `messages_received`.
    pub bytes_received: u64,
    /// Bytes read, counted as in `wire_bytes_sent`.
    pub wire_bytes_received: u64,
    /// Bytes that wait to be written, counted as in `max_send_buffer_bytes`.
    pub send_queue_bytes: u64,
    /// The largest value of `send_queue_bytes` so far.
    pub send_queue_peak_bytes: u64,
    /// Bytes that wait to be dispatched, counted as in `max_receive_queue_bytes`.
    pub receive_queue_bytes: u64,
    /// The largest value of `receive_queue_bytes` so far.
    pub receive_queue_peak_bytes: u64,
    /// Microseconds from the last answered ping to its pong. It is 0 if no ping was answered.
    pub rtt_us: u64,
    /// Microseconds of the round trip, smoothed as in TCP (RFC 6298: each new value counts an eighth).
    pub rtt_smoothed_us: u64,
    /// 1 if TLS resumed an earlier session, without an exchange of certificates. It is 0 if not, or without TLS.
    pub tls_resumed: u32,
    /// The number of addresses that were tried. `egret_ws_tried_addresses` lists them.
    pub addresses_tried: u32,
}

/// Messages that `egret_ws_loop_free` has lost.
///
/// These messages were accepted and not sent, and no `on_close` or `on_retry` has reported them. Set `struct_size` to
/// `sizeof(egret_ws_free_report)` before the call.
///
/// - Since: 0.2
#[repr(C)]
#[derive(Clone, Copy)]
pub struct egret_ws_free_report {
    /// Bytes of this struct as the caller knows it.
    pub struct_size: u32,
    /// Sockets that have lost messages. Sockets that `egret_ws_free` freed before are counted too.
    pub sockets: u32,
    /// Messages that a send accepted and that were not completely passed to the operating system.
    pub unsent_messages: u64,
    /// Payload bytes of `unsent_messages`.
    pub unsent_bytes: u64,
}

/// How and why a connection ended.
///
/// In `on_retry` and `on_request` the texts of the report are valid until the callback returns. The texts of `on_close`
/// and of `egret_ws_close_report` are valid until `egret_ws_free` or `egret_ws_loop_free`.
///
/// - Since: 0.2
#[repr(C)]
#[derive(Clone, Copy)]
pub struct egret_ws_close_info {
    /// In a callback: bytes of this struct as the library knows it. Read a field only if it lies within these bytes,
    /// see `EGRET_WS_HAS_FIELD`. For `egret_ws_close_report`: bytes of this struct as the caller knows it.
    pub struct_size: u32,
    /// `EGRET_WS_OK` if both Close frames were exchanged and neither side failed the connection. (A browser calls this
    /// `wasClean`.) Otherwise it is one of `EGRET_WS_ERR_*`.
    pub error: egret_ws_error_t,
    /// The phase in which the connection ended: one of `EGRET_WS_PHASE_*`.
    pub phase: egret_ws_phase_t,
    /// The side that ended the connection: one of `EGRET_WS_INITIATOR_*`.
    pub initiator: egret_ws_initiator_t,
    /// The HTTP status of the server's answer to the upgrade, or of a proxy's answer. It is 0 if there was no answer.
    pub http_status: i32,
    /// The error number of the operating system (`errno`, `WSAGetLastError`), or 0.
    pub os_error: i32,
    /// The code as in a browser's `CloseEvent.code`: the code of the server's Close frame. It is 1005 if the frame had
    /// no code, and 1006 if no Close frame came.
    pub code: u16,
    /// The code of the Close frame that this side sent. It is 1005 if the frame had no code, and 0 if no Close frame
    /// was sent.
    pub sent_code: u16,
    /// Messages that a send accepted and that were not completely passed to the operating system.
    pub unsent_messages: u32,
    /// Payload bytes of `unsent_messages`.
    pub unsent_bytes: u64,
    /// The reason of the server's Close frame in UTF-8: `reason_len` bytes and then a NUL. It is never NULL.
    pub reason: *const c_char,
    /// Bytes of `reason`, 0 to 123.
    pub reason_len: usize,
    /// A description of the end for a log: an English sentence in UTF-8 that ends in a NUL. It is never NULL.
    pub message: *const c_char,
    /// Bytes of `message`.
    pub message_len: usize,
}
