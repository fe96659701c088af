//! The exports that take a socket.

use super::guard::{NoHandle, guard, guard_code, guard_with};
use super::handle::{self, FoundSocket, SocketEntry};
use super::types::{
    egret_ws, egret_ws_close_info, egret_ws_deflate_options, egret_ws_error_t, egret_ws_kind_t, egret_ws_loop,
    egret_ws_options, egret_ws_retry_options, egret_ws_statistics,
};
use super::{callbacks, options, sized, stats, text};
use crate::config::ConnectConfig;
use crate::config::url::{self, Url};
use crate::constants::{EGRET_WS_BINARY, EGRET_WS_OK, EGRET_WS_TEXT};
use crate::error::{DetailedError, Error};
use crate::input_limits;
use crate::socket::{Loop, MessageKind, Socket, header_values};
use std::ffi::{c_char, c_void};
use std::mem::MaybeUninit;
use std::sync::Arc;

const _: () = assert!(MessageKind::Text as i32 == EGRET_WS_TEXT && MessageKind::Binary as i32 == EGRET_WS_BINARY);

/// Sets all options of a socket to their defaults.
///
/// It fills the struct with zeros and sets its `struct_size`. The size may be that of an older or newer header, from
/// the size of the first release to 4096.
///
/// - `options`: The struct to fill. It has `size` bytes.
/// - `size`: Pass `sizeof *options`, in bytes.
/// - Returns: `EGRET_WS_OK`, or a negative error.
/// - Errors: `INVALID_ARGUMENT` (`options` is NULL), `BAD_STRUCT` (no release has this size), `FORKED`, `INTERNAL`.
/// - Threads: Any thread.
/// - Since: 0.2
///
/// # Safety
/// The pointers are as the list above says.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_options_init(options: *mut egret_ws_options, size: usize) -> egret_ws_error_t {
    // SAFETY: the caller's promise, passed on.
    guard_code("egret_ws_options_init", NoHandle, |()| unsafe { sized::init(options, size) })
}

/// Sets all options of reconnecting to their defaults.
///
/// It fills the struct with zeros and sets its `struct_size`. The accepted sizes are those of `egret_ws_options_init`.
///
/// - `options`: The struct to fill. It has `size` bytes.
/// - `size`: Pass `sizeof *options`, in bytes.
/// - Returns: `EGRET_WS_OK`, or a negative error.
/// - Errors: `INVALID_ARGUMENT` (`options` is NULL), `BAD_STRUCT` (no release has this size), `FORKED`, `INTERNAL`.
/// - Threads: Any thread.
/// - Since: 0.2
///
/// # Safety
/// The pointers are as the list above says.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_retry_options_init(
    options: *mut egret_ws_retry_options,
    size: usize,
) -> egret_ws_error_t {
    // SAFETY: the caller's promise, passed on.
    guard_code("egret_ws_retry_options_init", NoHandle, |()| unsafe { sized::init(options, size) })
}

/// Sets all options of permessage-deflate to their defaults.
///
/// It fills the struct with zeros and sets its `struct_size`. The accepted sizes are those of `egret_ws_options_init`.
///
/// - `options`: The struct to fill. It has `size` bytes.
/// - `size`: Pass `sizeof *options`, in bytes.
/// - Returns: `EGRET_WS_OK`, or a negative error.
/// - Errors: `INVALID_ARGUMENT` (`options` is NULL), `BAD_STRUCT` (no release has this size), `FORKED`, `INTERNAL`.
/// - Threads: Any thread.
/// - Since: 0.2
///
/// # Safety
/// The pointers are as the list above says.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_deflate_options_init(
    options: *mut egret_ws_deflate_options,
    size: usize,
) -> egret_ws_error_t {
    // SAFETY: the caller's promise, passed on.
    guard_code("egret_ws_deflate_options_init", NoHandle, |()| unsafe { sized::init(options, size) })
}

/// Makes a socket and begins to connect it to a URL.
///
/// `egret_ws_loop_poll` reports the outcome by `on_connect`, `on_retry` or `on_close`. All arguments are copied before
/// the call returns. If another thread polls the loop, a callback may run before this call returns; `*out` is written
/// before that. Free the socket with `egret_ws_free`, also after it has closed.
///
/// After an error no callback runs, and the caller keeps `user`: `release_user` is not called.
///
/// The URL is read as browsers read it (WHATWG). Its scheme is `ws` (default port 80) or `wss` (TLS, default port 443).
/// A URL with a fragment is refused with `EGRET_WS_ERR_INVALID_URL`, as RFC 6455 section 3 requires. A user name and
/// password in the URL are sent as basic authentication (RFC 7617). An IPv6 address may have a zone:
/// `ws://[fe80::1%25eth0]:9000/` (RFC 6874).
///
/// On a network with IPv6 only, IPv4 addresses are reached through its NAT64. This includes addresses in a URL, in
/// `addresses` and of proxies. If there is a route for IPv6, but none for an IPv4 address, the library looks up the
/// prefix of the NAT64 (RFC 7050, within `resolve_timeout_ms`). It then tries the IPv6 addresses that contain the IPv4
/// address (RFC 6052). On Apple's systems the resolver of the system makes these addresses.
///
/// - `loop`: The loop that will own the socket.
/// - `url`: The URL, such as `ws://example.com/chat?room=1`. It has at most 16384 bytes and ends in a NUL.
/// - `options`: The options. The struct has `options->struct_size` bytes. NULL means the defaults.
/// - `out`: Receives the handle of the socket. After an error it is unchanged.
/// - Returns: `EGRET_WS_OK`, or a negative error.
/// - Errors: `INVALID_ARGUMENT` (`url` or `out` is NULL, or an option has a value that is not allowed), `BAD_STRUCT`,
///   `BAD_HANDLE`, `INVALID_URL`, `UNSUPPORTED` (an option, a `wss` URL or a host name that is not ASCII needs
///   something that this library or the TLS provider of the loop cannot do, or a feature that this build does not
///   have), `NO_RESOURCES` (there is no memory for a copy of the options, no handle is left, or
///   `EGRET_WS_MAX_PENDING_SOCKETS` sockets wait for the loop: poll it, then try again), `FORKED`, `INTERNAL`.
/// - Threads: Any thread. Never blocks.
/// - Since: 0.2
///
/// # Safety
/// The pointers are as the list above says.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_connect(
    r#loop: *mut egret_ws_loop,
    url: *const c_char,
    options: *const egret_ws_options,
    out: *mut *mut egret_ws,
) -> egret_ws_error_t {
    guard_code("egret_ws_connect", r#loop, |host_loop| {
        // SAFETY: the caller's promises about `url`, `options` and `out`, passed on.
        unsafe { connect(host_loop, url, options, out, &Url::from_url) }
    })
}

/// Makes a socket and begins to connect it to `ws://host:port/`.
///
/// In all other respects it works as `egret_ws_connect`.
///
/// - `loop`: The loop that will own the socket.
/// - `host`: A name, an IPv4 address, or an IPv6 address with or without brackets. It has at most 16384 bytes and ends
///   in a NUL.
/// - `port`: The port, 1 to 65535.
/// - `options`: The options. The struct has `options->struct_size` bytes. NULL means the defaults.
/// - `out`: Receives the handle of the socket. After an error it is unchanged.
/// - Returns: `EGRET_WS_OK`, or a negative error.
/// - Errors: `INVALID_ARGUMENT` (`host` or `out` is NULL, `port` is 0, or an option has a value that is not allowed),
///   `BAD_STRUCT`, `BAD_HANDLE`, `INVALID_URL`, `UNSUPPORTED`, `NO_RESOURCES`, `FORKED`, `INTERNAL`.
/// - Threads: Any thread. Never blocks.
/// - Since: 0.2
///
/// # Safety
/// The pointers are as the list above says.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_connect_host(
    r#loop: *mut egret_ws_loop,
    host: *const c_char,
    port: u16,
    options: *const egret_ws_options,
    out: *mut *mut egret_ws,
) -> egret_ws_error_t {
    guard_code("egret_ws_connect_host", r#loop, |host_loop| {
        // SAFETY: the caller's promises about `host`, `options` and `out`, passed on.
        unsafe { connect(host_loop, host, options, out, &|host| Url::from_host_and_port(host, port)) }
    })
}

/// Parses a host or a URL.
type ParseTarget<'a> = &'a dyn Fn(&str) -> Result<Url, DetailedError>;

/// The common part of both connect calls.
///
/// # Safety
/// As for [`egret_ws_connect`].
#[allow(unsafe_code)]
unsafe fn connect(
    host_loop: &Arc<Loop>,
    host_or_url: *const c_char,
    given: *const egret_ws_options,
    out: *mut *mut egret_ws,
    parse: ParseTarget<'_>,
) -> Result<(), DetailedError> {
    if out.is_null() {
        return Err(DetailedError::invalid("out is NULL: give the address of an egret_ws pointer"));
    }
    if host_or_url.is_null() {
        return Err(DetailedError::invalid("the host or URL is NULL"));
    }
    // SAFETY: not NULL, and ends in a NUL by the caller's promise.
    let host_or_url = url::text(unsafe { text::nul_terminated(host_or_url) })?;
    // SAFETY: the caller's promise about `given`, passed on.
    let given = unsafe { sized::read(given) }?;
    let target = parse(host_or_url)?;
    // SAFETY: the caller's promise about `given`, of which this is a copy.
    let options = unsafe { options::of_socket(&given) }?;
    let config = ConnectConfig::new(target, &options, host_loop.tls())?;
    let (id, slot) = handle::reserve_socket()
        .map_err(|error| DetailedError::new(error, "too many sockets: free those that are closed"))?;
    let callbacks = Arc::new(callbacks::Callbacks::new(&given, id));
    // The connection begins when the slot is filled and the caller knows the handle: if another thread polls, a callback may
    // run at once. If it does not begin, the old value is restored.
    let out = out.cast::<MaybeUninit<*mut egret_ws>>();
    // SAFETY: not NULL, and readable and writable by the caller's promise; it may be uninitialised.
    let before = unsafe { out.replace(MaybeUninit::new(id.to_socket())) };
    let listener = Arc::clone(&callbacks);
    let publish = |socket: &Arc<Socket>| slot.fill(SocketEntry { socket: Arc::clone(socket), callbacks });
    host_loop.connect(Box::new(config), id.number(), listener, publish).map_err(|error| {
        // SAFETY: as above.
        unsafe { out.write(before) };
        // The loop may have been freed, with its sockets.
        let _ = handle::resolve_socket(id.to_socket()).and_then(|socket| handle::remove_socket(&socket));
        match error {
            Error::NoResources => DetailedError::new(
                error,
                "too many sockets wait for the loop (EGRET_WS_MAX_PENDING_SOCKETS): poll it, then try again",
            ),
            _ => error.into(),
        }
    })
}

/// Queues a message to be sent.
///
/// The data is copied before the call returns. An accepted message is written in order, or it is counted in
/// `unsent_messages`: see QUEUED MESSAGES at the head of this file. After an error other than INTERNAL nothing was sent
/// and the socket is unchanged.
///
/// - `ws`: The socket.
/// - `kind`: `EGRET_WS_TEXT` or `EGRET_WS_BINARY`.
/// - `data`: The payload. For `EGRET_WS_TEXT` it is UTF-8. May be NULL if `len` is 0.
/// - `len`: Bytes of `data`, at most `max_message_bytes`. With `EGRET_WS_TEXT` it may be `EGRET_WS_NUL_TERMINATED`: the
///   text then ends at its NUL.
/// - Returns: `EGRET_WS_OK`, or a negative error.
/// - Errors: `NOT_OPEN`, `MESSAGE_TOO_BIG`, `INVALID_UTF8`, `BACKPRESSURE`, `NO_RESOURCES` (there is no memory to queue
///   it), `INVALID_ARGUMENT` (`kind` is another number, or `data` is NULL and `len` is not 0, or
///   `EGRET_WS_NUL_TERMINATED` is used with `EGRET_WS_BINARY`), `BAD_HANDLE`, `FORKED`, `INTERNAL`.
/// - Threads: Any thread. Messages of one thread keep their order. Never blocks.
/// - Since: 0.2
///
/// # Safety
/// The pointers are as the list above says.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_send(
    ws: *mut egret_ws,
    kind: egret_ws_kind_t,
    data: *const c_void,
    len: usize,
) -> egret_ws_error_t {
    let send = |socket: &FoundSocket| {
        let (kind, data) = match kind {
            // SAFETY: the caller's promise, passed on.
            EGRET_WS_TEXT => (MessageKind::Text, unsafe { text::bytes(data.cast(), len) }),
            // SAFETY: as above.
            EGRET_WS_BINARY => (MessageKind::Binary, unsafe { text::slice(data.cast(), len) }),
            _ => return Err(DetailedError::invalid("kind is neither EGRET_WS_TEXT nor EGRET_WS_BINARY")),
        };
        let data = data.map_err(|unreadable| unreadable.of("data"))?;
        match socket.send(kind, data) {
            Ok(()) => Ok(EGRET_WS_OK),
            Err(error) => Err(socket.explain(error, data.len())),
        }
    };
    guard_with("egret_ws_send", ws, send, Error::code)
}

/// Closes the socket with a closing handshake.
///
/// The library sends the accepted messages, then a Close frame, and waits for the server's Close frame.
/// `flush_timeout_ms` limits the time without progress while it sends, and `close_timeout_ms` limits the wait for the
/// server. `on_close` reports the outcome.
///
/// A socket that is still connecting is abandoned at once. It reports `EGRET_WS_ERR_ABORTED`, unless the server has
/// closed the connection before. A second close does nothing and returns `EGRET_WS_OK`. After an error other than
/// INTERNAL the call had no effect.
///
/// - `ws`: The socket.
/// - `code`: The close code: 1000 (the usual code), 1001 to 1003, 1007 to 1014, or 3000 to 4999. 0 sends a Close frame
///   without a code.
/// - `reason`: The reason in UTF-8, at most 123 bytes, copied. It must be empty if `code` is 0. May be NULL if
///   `reason_len` is 0.
/// - `reason_len`: Bytes of `reason`. `EGRET_WS_NUL_TERMINATED` means that the reason ends at its NUL.
/// - Returns: `EGRET_WS_OK`, or a negative error.
/// - Errors: `INVALID_CLOSE`, `INVALID_UTF8`, `INVALID_ARGUMENT` (`reason` is NULL and `reason_len` is not 0),
///   `BAD_HANDLE`, `FORKED`, `INTERNAL`.
/// - Threads: Any thread. Never blocks.
/// - Since: 0.2
///
/// # Safety
/// The pointers are as the list above says.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_close(
    ws: *mut egret_ws,
    code: u16,
    reason: *const c_char,
    reason_len: usize,
) -> egret_ws_error_t {
    guard_code("egret_ws_close", ws, |socket| {
        // SAFETY: the caller's promise, passed on.
        let reason = unsafe { text::bytes(reason, reason_len) }.map_err(|unreadable| unreadable.of("reason"))?;
        socket.close(code, reason)
    })
}

/// Drops the connection at once, without a Close frame.
///
/// TCP resets the connection. Messages that wait to be sent are dropped and counted in the close report. Messages that
/// were received and not dispatched are dropped too. If the polling thread makes the call, no `on_message` of this
/// socket begins after it. If another thread makes the call, a callback that has begun may still be running.
///
/// A later poll calls `on_close` with `EGRET_WS_ERR_ABORTED`, `EGRET_WS_INITIATOR_LOCAL` and the phase of the
/// connection. No other callback comes before it. If the connection has ended before the library can drop it,
/// `on_close` reports that end instead.
///
/// A connecting socket is abandoned, a wait before a reconnect ends, and a flush or a closing handshake is cut. A
/// closed socket stays as it is. The handle stays valid until `egret_ws_free`.
///
/// - `ws`: The socket.
/// - Returns: `EGRET_WS_OK`, or a negative error.
/// - Errors: `BAD_HANDLE`, `FORKED`, `INTERNAL`.
/// - Threads: Any thread, also inside any callback. Never blocks.
/// - Since: 0.2
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn egret_ws_abort(ws: *mut egret_ws) -> egret_ws_error_t {
    guard_code("egret_ws_abort", ws, |socket| {
        socket.abort();
        Ok(())
    })
}

/// Frees the handle of a socket, in any state.
///
/// After the call `on_close` is not called, and no callback of this socket begins except `release_user`. The poll that
/// is running calls `release_user`, or the next poll does, unless it was called after `on_close`. If a thread other
/// than the polling thread frees the socket, a callback that has begun may still be running.
///
/// If the socket was closed by `egret_ws_close` before, its accepted messages are still sent, and the closing handshake
/// ends in the background. An open socket sends its accepted messages and then a Close frame with 1001 (going away). A
/// connecting socket is abandoned. If messages are lost in the background, a poll logs the loss at `EGRET_WS_LOG_WARN`,
/// and `egret_ws_loop_free` counts these messages.
///
/// - `ws`: The socket. Its handle is invalid after the call.
/// - Returns: `EGRET_WS_OK`, or a negative error.
/// - Errors: `BAD_HANDLE` (perhaps the socket was freed already), `FORKED`, `INTERNAL`.
/// - Threads: Any thread, also inside any callback, also those of this socket. Never blocks.
/// - Since: 0.2
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn egret_ws_free(ws: *mut egret_ws) -> egret_ws_error_t {
    guard_code("egret_ws_free", ws, |socket| {
        handle::remove_socket(socket)?;
        socket.free();
        Ok(())
    })
}

/// Returns the state of the socket.
///
/// - `ws`: The socket.
/// - Returns: One of `EGRET_WS_STATE_*`, or a negative error.
/// - Errors: `BAD_HANDLE`, `FORKED`, `INTERNAL`.
/// - Threads: Any thread.
/// - Since: 0.2
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn egret_ws_state(ws: *mut egret_ws) -> i32 {
    guard("egret_ws_state", ws, |socket| Ok(socket.state() as i32))
}

/// Returns how many payload bytes were accepted and not yet passed to the operating system.
///
/// All bytes of a message count until its last byte is written.
///
/// - `ws`: The socket.
/// - Returns: A number of bytes, or a negative error.
/// - Errors: `BAD_HANDLE`, `FORKED`, `INTERNAL`.
/// - Threads: Any thread.
/// - Since: 0.2
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn egret_ws_buffered_amount(ws: *mut egret_ws) -> i64 {
    guard_with(
        "egret_ws_buffered_amount",
        ws,
        |socket| {
            let bytes = socket.buffered_amount();
            Ok(i64::try_from(bytes).unwrap_or(i64::MAX))
        },
        |error| i64::from(error.code()),
    )
}

/// Returns how many times `on_connect` was called for the socket.
///
/// It is the number of the latest connection whose `on_connect` was called.
///
/// - `ws`: The socket.
/// - Returns: A count, or a negative error.
/// - Errors: `BAD_HANDLE`, `FORKED`, `INTERNAL`.
/// - Threads: Any thread.
/// - Since: 0.2
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn egret_ws_generation(ws: *mut egret_ws) -> i32 {
    guard("egret_ws_generation", ws, |socket| Ok(i32::try_from(socket.generation()).unwrap_or(i32::MAX)))
}

/// Ends a wait before a reconnect, so that the next attempt begins now.
///
/// If `on_request` has returned `EGRET_WS_REQUEST_WAIT`, it is called again. If there is no wait, the call does
/// nothing.
///
/// - `ws`: The socket.
/// - Returns: `EGRET_WS_OK`, or a negative error.
/// - Errors: `BAD_HANDLE`, `FORKED`, `INTERNAL`.
/// - Threads: Any thread.
/// - Since: 0.2
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn egret_ws_retry_now(ws: *mut egret_ws) -> egret_ws_error_t {
    guard_code("egret_ws_retry_now", ws, |socket| {
        socket.retry_now();
        Ok(())
    })
}

/// Sends a ping (RFC 6455 section 5.5.2) before the messages that wait to be written.
///
/// The payload is copied. When the server has answered, `on_pong` gets the payload back. If `len` is 0, the library
/// chooses a payload, and `on_pong` gets a `len` of 0. If a server has several pings to answer, it may answer only the
/// last one (RFC 6455 section 5.5.3). `pong_timeout_ms` applies as for a ping of the heartbeat. `rtt_us` of the
/// statistics has the round trip of the last ping that was measured. Only one ping is measured at a time.
///
/// At most 16 pings of a socket can wait to be written. Beyond that the call returns `EGRET_WS_ERR_BACKPRESSURE`, and
/// no `on_drain` follows. If the socket closes or the connection ends, a ping that still waits is dropped. After an
/// error other than INTERNAL the call had no effect.
///
/// - `ws`: The socket.
/// - `data`: The payload. May be NULL if `len` is 0.
/// - `len`: Bytes of `data`, 0 to 125.
/// - Returns: `EGRET_WS_OK`, or a negative error.
/// - Errors: `NOT_OPEN`, `BACKPRESSURE`, `NO_RESOURCES` (there is no memory to queue it), `INVALID_ARGUMENT` (`len` is
///   above 125, or `data` is NULL and `len` is not 0), `BAD_HANDLE`, `FORKED`, `INTERNAL`.
/// - Threads: Any thread. Never blocks.
/// - Since: 0.2
///
/// # Safety
/// The pointers are as the list above says.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_ping(ws: *mut egret_ws, data: *const c_void, len: usize) -> egret_ws_error_t {
    guard_code("egret_ws_ping", ws, |socket| {
        // SAFETY: the caller's promise, passed on.
        let payload = unsafe { text::slice(data.cast(), len) }.map_err(|unreadable| unreadable.of("data"))?;
        socket.ping(payload)
    })
}

/// Pauses receiving: no `on_message` of the socket begins until `egret_ws_resume_receive`.
///
/// If the call is made inside a callback, it takes effect with the next message. If another thread makes the call while
/// a poll runs, it takes effect with the next `on_message` that has not begun. It works in any state, also before the
/// connection is made, and stays in effect when the connection is made again. A second call does nothing.
///
/// Messages wait in the receive queue. When this queue is full (`max_receive_queue_bytes`), the library stops reading,
/// and TCP slows the server down. `on_drain`, `on_pong` and `on_frame` still come. All other callbacks keep their place
/// behind the messages that wait. So `on_retry` and `on_close` come after the resume, also after an `egret_ws_close`.
/// If no message waits, they are not delayed. A paused socket causes no work for its loop and does not delay other
/// sockets.
///
/// While the receive queue is not full, pings of the server are answered, and the heartbeat works. While it is full,
/// nothing is read: pongs, Close frames and the loss of the connection are not noticed, and no answer to a ping is
/// expected. To end such a socket at once, call `egret_ws_abort` or `egret_ws_free`.
///
/// - `ws`: The socket.
/// - Returns: `EGRET_WS_OK`, or a negative error.
/// - Errors: `BAD_HANDLE`, `FORKED`, `INTERNAL`.
/// - Threads: Any thread. Never blocks.
/// - Since: 0.2
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn egret_ws_pause_receive(ws: *mut egret_ws) -> egret_ws_error_t {
    guard_code("egret_ws_pause_receive", ws, |socket| {
        socket.pause_receive();
        Ok(())
    })
}

/// Resumes receiving after `egret_ws_pause_receive`.
///
/// The poll that is running or the next one dispatches the messages that wait; a poll is due from now on. If `on_retry`
/// or `on_close` waits behind these messages, it follows them. If receiving is not paused, the call does nothing.
///
/// - `ws`: The socket.
/// - Returns: `EGRET_WS_OK`, or a negative error.
/// - Errors: `BAD_HANDLE`, `FORKED`, `INTERNAL`.
/// - Threads: Any thread. Never blocks.
/// - Since: 0.2
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn egret_ws_resume_receive(ws: *mut egret_ws) -> egret_ws_error_t {
    guard_code("egret_ws_resume_receive", ws, |socket| {
        socket.resume_receive();
        Ok(())
    })
}

/// Returns the `user` of the socket's options.
///
/// - `ws`: The socket.
/// - Returns: The pointer, or NULL if `ws` is not a valid handle or `release_user` was called or is running.
/// - Errors: none.
/// - Threads: Any thread.
/// - Since: 0.2
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn egret_ws_user(ws: *mut egret_ws) -> *mut c_void {
    guard_with(
        "egret_ws_user",
        ws,
        |socket| Ok(if socket.is_released() { std::ptr::null_mut() } else { socket.callbacks.user() }),
        |_| std::ptr::null_mut(),
    )
}

#[cold]
fn not_closed() -> DetailedError {
    DetailedError::new(Error::NotFound, "on_close has not begun, so there is no close report")
}

/// Returns the close report of the socket: the report that `on_close` gets.
///
/// The report is available from the moment when `on_close` begins until `egret_ws_free`. If `on_close` is NULL, the
/// report is available from the moment when `on_close` would begin. The texts of the report are valid until
/// `egret_ws_free` or `egret_ws_loop_free`.
///
/// - `ws`: The socket.
/// - `info`: Receives the report. The struct has `info->struct_size` bytes; set `struct_size` before the call. Fields
///   that this library does not know become 0.
/// - Returns: `EGRET_WS_OK`, or a negative error.
/// - Errors: `NOT_FOUND` (`on_close` has not begun), `INVALID_ARGUMENT` (`info` is NULL), `BAD_STRUCT` (no release has
///   this `struct_size`), `BAD_HANDLE`, `FORKED`, `INTERNAL`.
/// - Threads: Any thread.
/// - Since: 0.2
///
/// # Safety
/// The pointers are as the list above says.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_close_report(ws: *mut egret_ws, info: *mut egret_ws_close_info) -> egret_ws_error_t {
    guard_code("egret_ws_close_report", ws, |socket| {
        // SAFETY: the caller's promise, passed on.
        unsafe { sized::try_write(info, |size| socket.callbacks.close_info(size).ok_or_else(not_closed)) }
    })
}

/// Writes the remote address of the connection, such as `192.0.2.1:443` or `[2001:db8::1]:443`.
///
/// With a proxy it is the address of the proxy. It is empty until `on_connect`. In `on_close` it is empty if TCP was
/// not connected.
///
/// - `ws`: The socket.
/// - `out`: Receives the text and a NUL. May be NULL if `capacity` is 0.
/// - `capacity`: Bytes of `out`. If it is 0, only the length is returned.
/// - Returns: The length of the text in bytes, without the NUL, or a negative error. 0 means that there is no address.
/// - Errors: `INVALID_ARGUMENT` (`capacity` is not 0 and not more than the length, or `out` is NULL), `BAD_HANDLE`,
///   `FORKED`, `INTERNAL`.
/// - Threads: Any thread.
/// - Since: 0.2
///
/// # Safety
/// The pointers are as the list above says.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_remote_address(ws: *mut egret_ws, out: *mut c_char, capacity: usize) -> i32 {
    guard("egret_ws_remote_address", ws, |socket| {
        let address = socket.read_connect_info(|info| info.address);
        let address = address.map(|address| address.to_string()).unwrap_or_default();
        // SAFETY: the caller's promise, passed on.
        unsafe { text::write(&address, out, capacity) }
    })
}

/// Writes the subprotocol that the server chose.
///
/// - `ws`: The socket.
/// - `out`: Receives the text and a NUL. May be NULL if `capacity` is 0.
/// - `capacity`: Bytes of `out`. If it is 0, only the length is returned.
/// - Returns: The length of the text in bytes, without the NUL, or a negative error. 0 means that the server chose none
///   or that the connection is not made yet.
/// - Errors: `INVALID_ARGUMENT` (`capacity` is not 0 and not more than the length, or `out` is NULL), `BAD_HANDLE`,
///   `FORKED`, `INTERNAL`.
/// - Threads: Any thread.
/// - Since: 0.2
///
/// # Safety
/// The pointers are as the list above says.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_subprotocol(ws: *mut egret_ws, out: *mut c_char, capacity: usize) -> i32 {
    guard("egret_ws_subprotocol", ws, |socket| {
        // SAFETY: the caller's promise, passed on.
        socket.read_connect_info(|info| unsafe { text::write(&info.subprotocol, out, capacity) })
    })
}

/// Writes the extension that both sides agreed on, as the server wrote it.
///
/// The text is `permessage-deflate` with its parameters, or it is empty.
///
/// - `ws`: The socket.
/// - `out`: Receives the text and a NUL. May be NULL if `capacity` is 0.
/// - `capacity`: Bytes of `out`. If it is 0, only the length is returned.
/// - Returns: The length of the text in bytes, without the NUL, or a negative error. 0 means that there is no extension
///   or that the connection is not made yet.
/// - Errors: `INVALID_ARGUMENT` (`capacity` is not 0 and not more than the length, or `out` is NULL), `BAD_HANDLE`,
///   `FORKED`, `INTERNAL`.
/// - Threads: Any thread.
/// - Since: 0.2
///
/// # Safety
/// The pointers are as the list above says.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_extensions(ws: *mut egret_ws, out: *mut c_char, capacity: usize) -> i32 {
    guard("egret_ws_extensions", ws, |socket| {
        // SAFETY: the caller's promise, passed on.
        socket.read_connect_info(|info| unsafe { text::write(&info.extensions, out, capacity) })
    })
}

/// Writes the value of a header of the server's answer.
///
/// If the answer has several headers of this name, their values are joined by `, ` (RFC 9110 section 5.3). Bytes that
/// are not UTF-8 are written as U+FFFD. The headers are available from `on_connect` on. In `on_retry` and `on_close`
/// the headers of a refusal (`Retry-After`, `WWW-Authenticate`) are available too, also those of a proxy.
///
/// - `ws`: The socket.
/// - `name`: The name of the header, in upper or lower case. It ends in a NUL.
/// - `out`: Receives the text and a NUL. May be NULL if `capacity` is 0.
/// - `capacity`: Bytes of `out`. If it is 0, only the length is returned.
/// - Returns: The length of the text in bytes, without the NUL, or a negative error.
/// - Errors: `NOT_FOUND` (the answer has no such header, or there was no answer yet), `INVALID_ARGUMENT` (`name` is
///   NULL, `capacity` is not 0 and not more than the length, or `out` is NULL), `BAD_HANDLE`, `FORKED`, `INTERNAL`.
/// - Threads: Any thread.
/// - Since: 0.2
///
/// # Safety
/// The pointers are as the list above says.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_response_header(
    ws: *mut egret_ws,
    name: *const c_char,
    out: *mut c_char,
    capacity: usize,
) -> i32 {
    guard("egret_ws_response_header", ws, |socket| {
        if name.is_null() {
            return Err(DetailedError::invalid("name is NULL: give the name of a header"));
        }
        // SAFETY: not NULL, and ends in a NUL by the caller's promise.
        let name = unsafe { text::nul_terminated(name) };
        if name.len() > input_limits::TEXT {
            return Err(Error::NotFound.into());
        }
        let name = str::from_utf8(name).map_err(|_| Error::NotFound)?;
        socket.read_connect_info(|info| {
            let parts = header_values(&info.headers, name);
            if parts.clone().next().is_none() {
                return Err(Error::NotFound.into());
            }
            // SAFETY: the caller's promise, passed on.
            unsafe { text::write_parts(parts, out, capacity) }
        })
    })
}

/// Writes all headers of the server's answer, in their order.
///
/// Each header is written as `Name: value` and a line feed. Bytes that are not UTF-8 are written as U+FFFD. The headers
/// are available at the times that `egret_ws_response_header` lists.
///
/// - `ws`: The socket.
/// - `out`: Receives the text and a NUL. May be NULL if `capacity` is 0.
/// - `capacity`: Bytes of `out`. If it is 0, only the length is returned.
/// - Returns: The length of the text in bytes, without the NUL, or a negative error. 0 means that there was no answer
///   yet.
/// - Errors: `INVALID_ARGUMENT` (`capacity` is not 0 and not more than the length, or `out` is NULL), `BAD_HANDLE`,
///   `FORKED`, `INTERNAL`.
/// - Threads: Any thread.
/// - Since: 0.2
///
/// # Safety
/// The pointers are as the list above says.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_response_headers(ws: *mut egret_ws, out: *mut c_char, capacity: usize) -> i32 {
    guard("egret_ws_response_headers", ws, |socket| {
        // SAFETY: the caller's promise, passed on.
        socket.read_connect_info(|info| unsafe { text::write(&info.headers, out, capacity) })
    })
}

/// Writes the body of a refusal, which is an answer of a server or a proxy that is not an upgrade.
///
/// At most the first `max_refusal_body_bytes` are kept. Chunks are joined. A compressed body stays compressed. The body
/// may contain NULs and need not be UTF-8. It is available in `on_retry` and `on_close`.
///
/// - `ws`: The socket.
/// - `out`: Receives the body and a NUL. May be NULL if `capacity` is 0.
/// - `capacity`: Bytes of `out`. If it is 0, only the length is returned.
/// - Returns: The length of the body in bytes, without the NUL, or a negative error. 0 means that there was no body or
///   that the connection was made.
/// - Errors: `INVALID_ARGUMENT` (`capacity` is not 0 and not more than the length, or `out` is NULL), `BAD_HANDLE`,
///   `FORKED`, `INTERNAL`.
/// - Threads: Any thread.
/// - Since: 0.2
///
/// # Safety
/// The pointers are as the list above says.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_response_body(ws: *mut egret_ws, out: *mut c_char, capacity: usize) -> i32 {
    guard("egret_ws_response_body", ws, |socket| {
        // SAFETY: the caller's promise, passed on.
        socket.read_connect_info(|info| unsafe { text::write_bytes(&info.body, out, capacity) })
    })
}

/// Writes the cookies that the servers of this attempt have set.
///
/// There is one line for each `Set-Cookie` header of an answer, also of redirects and refusals. A line has the URL that
/// was requested (with its query, without a user name and password), a space, the value of the header, and a line feed.
/// At most the first 65536 bytes are kept. Bytes that are not UTF-8 are written as U+FFFD. The cookies are available at
/// the times that `egret_ws_response_header` lists.
///
/// The library keeps no cookies. To send one, set a `Cookie` header.
///
/// - `ws`: The socket.
/// - `out`: Receives the text and a NUL. May be NULL if `capacity` is 0.
/// - `capacity`: Bytes of `out`. If it is 0, only the length is returned.
/// - Returns: The length of the text in bytes, without the NUL, or a negative error. 0 means that there are no cookies.
/// - Errors: `INVALID_ARGUMENT` (`capacity` is not 0 and not more than the length, or `out` is NULL), `BAD_HANDLE`,
///   `FORKED`, `INTERNAL`.
/// - Threads: Any thread.
/// - Since: 0.2
///
/// # Safety
/// The pointers are as the list above says.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_response_cookies(ws: *mut egret_ws, out: *mut c_char, capacity: usize) -> i32 {
    guard("egret_ws_response_cookies", ws, |socket| {
        // SAFETY: the caller's promise, passed on.
        socket.read_connect_info(|info| unsafe { text::write(&info.cookies, out, capacity) })
    })
}

/// Writes the local address of the connection, such as `192.0.2.7:50312` or `[2001:db8::7]:50312`.
///
/// It is empty until `on_connect`. In `on_close` it is empty if TCP was not connected.
///
/// - `ws`: The socket.
/// - `out`: Receives the text and a NUL. May be NULL if `capacity` is 0.
/// - `capacity`: Bytes of `out`. If it is 0, only the length is returned.
/// - Returns: The length of the text in bytes, without the NUL, or a negative error. 0 means that there is no address.
/// - Errors: `INVALID_ARGUMENT` (`capacity` is not 0 and not more than the length, or `out` is NULL), `BAD_HANDLE`,
///   `FORKED`, `INTERNAL`.
/// - Threads: Any thread.
/// - Since: 0.2
///
/// # Safety
/// The pointers are as the list above says.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_local_address(ws: *mut egret_ws, out: *mut c_char, capacity: usize) -> i32 {
    guard("egret_ws_local_address", ws, |socket| {
        let address = socket.read_connect_info(|info| info.local_address);
        let address = address.map(|address| address.to_string()).unwrap_or_default();
        // SAFETY: the caller's promise, passed on.
        unsafe { text::write(&address, out, capacity) }
    })
}

/// Writes the addresses that were tried, in the order of the attempts.
///
/// There is one line for each address. A line has the address, a space, the result, and a line feed:
/// `192.0.2.1:443 Connection refused`, `[2001:db8::1]:443 connected`, `192.0.2.2:443 no answer`. With a proxy the
/// addresses are those of the proxy. The text has at most 8192 bytes. It is available from `on_connect` on, and in
/// `on_retry` and `on_close`.
///
/// - `ws`: The socket.
/// - `out`: Receives the text and a NUL. May be NULL if `capacity` is 0.
/// - `capacity`: Bytes of `out`. If it is 0, only the length is returned.
/// - Returns: The length of the text in bytes, without the NUL, or a negative error.
/// - Errors: `INVALID_ARGUMENT` (`capacity` is not 0 and not more than the length, or `out` is NULL), `BAD_HANDLE`,
///   `FORKED`, `INTERNAL`.
/// - Threads: Any thread.
/// - Since: 0.2
///
/// # Safety
/// The pointers are as the list above says.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_tried_addresses(ws: *mut egret_ws, out: *mut c_char, capacity: usize) -> i32 {
    guard("egret_ws_tried_addresses", ws, |socket| {
        let tried = socket.read_connect_info(|info| info.tried_addresses.to_string());
        // SAFETY: the caller's promise, passed on.
        unsafe { text::write(&tried, out, capacity) }
    })
}

/// Writes the proxy of the connection, as a URL without a user name and password.
///
/// It is available from `on_connect` on, and in `on_retry` and `on_close`.
///
/// - `ws`: The socket.
/// - `out`: Receives the text and a NUL. May be NULL if `capacity` is 0.
/// - `capacity`: Bytes of `out`. If it is 0, only the length is returned.
/// - Returns: The length of the text in bytes, without the NUL, or a negative error. 0 means that there is no proxy.
/// - Errors: `INVALID_ARGUMENT` (`capacity` is not 0 and not more than the length, or `out` is NULL), `BAD_HANDLE`,
///   `FORKED`, `INTERNAL`.
/// - Threads: Any thread.
/// - Since: 0.2
///
/// # Safety
/// The pointers are as the list above says.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_proxy(ws: *mut egret_ws, out: *mut c_char, capacity: usize) -> i32 {
    guard("egret_ws_proxy", ws, |socket| {
        // SAFETY: the caller's promise, passed on.
        socket.read_connect_info(|info| unsafe { text::write(&info.proxy, out, capacity) })
    })
}

/// Writes the name of the cipher suite of TLS, such as `TLS_AES_256_GCM_SHA384`.
///
/// It is available from `on_connect` on, and in `on_retry` and `on_close`.
///
/// - `ws`: The socket.
/// - `out`: Receives the text and a NUL. May be NULL if `capacity` is 0.
/// - `capacity`: Bytes of `out`. If it is 0, only the length is returned.
/// - Returns: The length of the text in bytes, without the NUL, or a negative error. It is 0 without TLS, before the
///   handshake has agreed on a cipher suite, and with the TLS of Apple's systems and Windows.
/// - Errors: `INVALID_ARGUMENT` (`capacity` is not 0 and not more than the length, or `out` is NULL), `BAD_HANDLE`,
///   `FORKED`, `INTERNAL`.
/// - Threads: Any thread.
/// - Since: 0.2
///
/// # Safety
/// The pointers are as the list above says.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_tls_cipher(ws: *mut egret_ws, out: *mut c_char, capacity: usize) -> i32 {
    guard("egret_ws_tls_cipher", ws, |socket| {
        socket.read_connect_info(|info| {
            let cipher = info.tls.as_ref().map_or("", |tls| &tls.cipher);
            // SAFETY: the caller's promise, passed on.
            unsafe { text::write(cipher, out, capacity) }
        })
    })
}

/// Writes the protocol that the server selected by ALPN (RFC 7301).
///
/// It is available from `on_connect` on, and in `on_retry` and `on_close`.
///
/// - `ws`: The socket.
/// - `out`: Receives the text and a NUL. May be NULL if `capacity` is 0.
/// - `capacity`: Bytes of `out`. If it is 0, only the length is returned.
/// - Returns: The length of the text in bytes, without the NUL, or a negative error. 0 means that the server selected
///   none.
/// - Errors: `INVALID_ARGUMENT` (`capacity` is not 0 and not more than the length, or `out` is NULL), `BAD_HANDLE`,
///   `FORKED`, `INTERNAL`.
/// - Threads: Any thread.
/// - Since: 0.2
///
/// # Safety
/// The pointers are as the list above says.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_tls_alpn(ws: *mut egret_ws, out: *mut c_char, capacity: usize) -> i32 {
    guard("egret_ws_tls_alpn", ws, |socket| {
        socket.read_connect_info(|info| {
            let alpn = info.tls.as_ref().map_or("", |tls| &tls.alpn);
            // SAFETY: the caller's promise, passed on.
            unsafe { text::write(alpn, out, capacity) }
        })
    })
}

/// Writes a certificate that the server sent in the TLS handshake, in DER.
///
/// The certificates are available from `on_connect` on. In `on_retry` and `on_close` they are also available if the
/// certificate was not trusted. After an end in `EGRET_WS_PHASE_PROXY` they are those of the proxy. A resumed session
/// has the certificates of its first handshake. On Apple's systems and Windows only the first certificate is available,
/// and only after a handshake that succeeded. A TLS provider returns its own list, of which at most 10 certificates and
/// 64 KiB are kept.
///
/// - `ws`: The socket.
/// - `index`: 0 for the server's own certificate. The others follow in the order of the server.
/// - `out`: Receives the certificate, without a NUL. May be NULL if `capacity` is 0.
/// - `capacity`: Bytes of `out`. If it is 0, only the length is returned.
/// - Returns: The length of the certificate in bytes, or a negative error.
/// - Errors: `NOT_FOUND` (there is no certificate with this index), `INVALID_ARGUMENT` (`capacity` is not 0 and less
///   than the length, or `out` is NULL), `BAD_HANDLE`, `FORKED`, `INTERNAL`.
/// - Threads: Any thread.
/// - Since: 0.2
///
/// # Safety
/// The pointers are as the list above says.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_peer_certificate(
    ws: *mut egret_ws,
    index: u32,
    out: *mut u8,
    capacity: usize,
) -> i32 {
    guard("egret_ws_peer_certificate", ws, |socket| {
        text::check_out(out, capacity)?;
        socket.read_connect_info(|info| {
            let certificate = info.tls.as_ref().and_then(|tls| tls.chain.get(index as usize)).ok_or_else(|| {
                let detail = format!("the server has sent no certificate with the index {index}");
                DetailedError::new(Error::NotFound, detail)
            })?;
            // SAFETY: the caller's promise, passed on.
            unsafe { text::write_data(certificate, out, capacity) }
        })
    })
}

/// Returns the statistics of the socket.
///
/// - `ws`: The socket.
/// - `stats`: Receives the statistics. The struct has `stats->struct_size` bytes; set `struct_size` before the call.
///   Fields that this library does not know become 0.
/// - Returns: `EGRET_WS_OK`, or a negative error.
/// - Errors: `INVALID_ARGUMENT` (`stats` is NULL), `BAD_STRUCT` (no release has this `struct_size`), `BAD_HANDLE`,
///   `FORKED`, `INTERNAL`.
/// - Threads: Any thread.
/// - Since: 0.2
///
/// # Safety
/// The pointers are as the list above says.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_stats(ws: *mut egret_ws, stats: *mut egret_ws_statistics) -> egret_ws_error_t {
    guard_code("egret_ws_stats", ws, |socket| {
        // SAFETY: the caller's promise, passed on.
        unsafe { sized::write(stats, |size| stats::stats(&socket.stats(), size)) }
    })
}

/// Normalizes a URL as the constructor of a browser's `WebSocket` does.
///
/// The result is serialized by the WHATWG rules. `http` becomes `ws`, and `https` becomes `wss`. This function is for
/// bindings that offer the interface of browsers.
///
/// - `url`: The URL. It has at most 16384 bytes and ends in a NUL.
/// - `out`: Receives the text and a NUL. May be NULL if `capacity` is 0.
/// - `capacity`: Bytes of `out`. If it is 0, only the length is returned.
/// - Returns: The length of the text in bytes, without the NUL, or a negative error.
/// - Errors: `INVALID_URL` (it is not a URL, or it has another scheme, a fragment, or too many bytes),
///   `INVALID_ARGUMENT` (`url` is NULL, `capacity` is not 0 and not more than the length, or `out` is NULL),
///   `UNSUPPORTED` (the host name is not ASCII, and the library was built without its feature `idn`), `FORKED`,
///   `INTERNAL`.
/// - Threads: Any thread.
/// - Since: 0.2
///
/// # Safety
/// The pointers are as the list above says.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_normalize_url(url: *const c_char, out: *mut c_char, capacity: usize) -> i32 {
    guard("egret_ws_normalize_url", NoHandle, |()| {
        if url.is_null() {
            return Err(DetailedError::invalid("url is NULL: give the text of a URL"));
        }
        // SAFETY: not NULL, and ends in a NUL by the caller's promise.
        let url = url::text(unsafe { text::nul_terminated(url) });
        let normal = url.and_then(url::normalize_url)?;
        // SAFETY: the caller's promise, passed on.
        unsafe { text::write(&normal, out, capacity) }
    })
}
