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

/// Fills `options` with zeros, that is with defaults, and sets its `struct_size` to `size`; pass `sizeof *options`.
/// Sizes of older and newer headers are accepted, from that of the first release to 4096. Any thread.
///
/// Errors: `INVALID_ARGUMENT` (`options` is NULL), `BAD_STRUCT` (no release has this size), `FORKED`, `INTERNAL`.
///
/// # Safety
/// `options` is NULL or points to `size` writable bytes.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_options_init(options: *mut egret_ws_options, size: usize) -> egret_ws_error_t {
    // SAFETY: the caller's promise, passed on.
    guard_code("egret_ws_options_init", NoHandle, |()| unsafe { sized::init(options, size) })
}

/// Fills `options` with zeros, that is with defaults, and sets its `struct_size` to `size`; pass `sizeof *options`. As
/// `egret_ws_options_init` in all other respects.
///
/// Errors: `INVALID_ARGUMENT`, `BAD_STRUCT`, `FORKED`, `INTERNAL`.
///
/// # Safety
/// `options` is NULL or points to `size` writable bytes.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_retry_options_init(
    options: *mut egret_ws_retry_options,
    size: usize,
) -> egret_ws_error_t {
    // SAFETY: the caller's promise, passed on.
    guard_code("egret_ws_retry_options_init", NoHandle, |()| unsafe { sized::init(options, size) })
}

/// Fills `options` with zeros, that is with defaults, and sets its `struct_size` to `size`; pass `sizeof *options`. As
/// `egret_ws_options_init` in all other respects.
///
/// Errors: `INVALID_ARGUMENT`, `BAD_STRUCT`, `FORKED`, `INTERNAL`.
///
/// # Safety
/// `options` is NULL or points to `size` writable bytes.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_deflate_options_init(
    options: *mut egret_ws_deflate_options,
    size: usize,
) -> egret_ws_error_t {
    // SAFETY: the caller's promise, passed on.
    guard_code("egret_ws_deflate_options_init", NoHandle, |()| unsafe { sized::init(options, size) })
}

/// Begins to connect to a URL such as `ws://example.com/chat?room=1` and stores the socket's handle in `*out`. Never blocks:
/// `egret_ws_loop_poll` reports the outcome by `on_connect`, `on_retry` or `on_close`. Any thread.
///
/// The URL is read as browsers read it (WHATWG), has at most 16384 bytes, and ends in a NUL. Its scheme is `ws` (without a
/// port, 80) or `wss` (TLS; without a port, 443). A fragment is refused with `EGRET_WS_ERR_INVALID_URL`, as RFC 6455 section 3
/// requires. A user name and password in it are sent as basic authentication (RFC 7617). An IPv6 address may have a zone:
/// `ws://[fe80::1%25eth0]:9000/` (RFC 6874).
///
/// On a network with IPv6 only, IPv4 addresses are reached through its NAT64, also those in a URL, of `addresses` and of proxies. Where
/// an IPv4 address has no route and IPv6 has one, the library looks up the prefix of the NAT64 (RFC 7050, within
/// `resolve_timeout_ms`) and tries the IPv6 addresses that contain the IPv4 address (RFC 6052); on Apple's systems the system's
/// resolver makes them.
///
/// `options` may be NULL. All arguments are copied before the call returns. Free the socket with `egret_ws_free`, also after it has
/// closed. If another thread polls the loop, a callback may run before this call returns; `*out` is written before that.
///
/// After an error no callback runs, `*out` is unchanged, and the caller keeps `user`: `release_user` is not called.
///
/// Errors: `INVALID_ARGUMENT`, `BAD_STRUCT`, `BAD_HANDLE`, `INVALID_URL`, `UNSUPPORTED` (an option, a `wss` URL or a host name that is not
/// ASCII asks for something that this library or the TLS provider of the loop cannot do, or that needs a feature without which the
/// library was built), `NO_RESOURCES` (no memory for a copy of the options, no handle left, or `EGRET_WS_MAX_PENDING_SOCKETS` sockets
/// wait for the loop: poll it, then try again), `FORKED`, `INTERNAL`.
///
/// # Safety
/// `url` is NULL or ends in a NUL; `options` is NULL or points to `options->struct_size` readable bytes, with what they point to;
/// `out` is NULL or writable.
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

/// Begins to connect to `ws://host:port/` and stores the socket's handle in `*out`. As `egret_ws_connect` in all other respects.
///
/// `host` is a name, an IPv4 address or an IPv6 address (with or without brackets), at most 16384 bytes, ending in a NUL;
/// `port` is 1 to 65535.
///
/// Errors: `INVALID_ARGUMENT`, `BAD_STRUCT`, `BAD_HANDLE`, `INVALID_URL`, `UNSUPPORTED`, `NO_RESOURCES`, `FORKED`, `INTERNAL`.
///
/// # Safety
/// `host` is NULL or ends in a NUL; `options` and `out` are as for `egret_ws_connect`.
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

/// Queues a message of `len` bytes: with `kind` `EGRET_WS_TEXT`, UTF-8, or the text up to its NUL if `len` is
/// `EGRET_WS_NUL_TERMINATED`; with `EGRET_WS_BINARY`, any bytes. The data is copied before the call returns. Never blocks. Any
/// thread; messages of one thread keep their order.
///
/// `data` may be NULL if `len` is 0. After an error other than INTERNAL nothing was sent and the socket is unchanged. An
/// accepted message is written in order, or counted in `unsent_messages`: see QUEUED MESSAGES at the head of this file.
///
/// Errors: `NOT_OPEN`, `MESSAGE_TOO_BIG`, `INVALID_UTF8`, `BACKPRESSURE`, `NO_RESOURCES` (no memory to queue it),
/// `INVALID_ARGUMENT` (`kind` is another number, or `data` is NULL and `len` is not 0, or `EGRET_WS_NUL_TERMINATED` with
/// `EGRET_WS_BINARY`), `BAD_HANDLE`, `FORKED`, `INTERNAL`.
///
/// # Safety
/// `data` points to `len` readable bytes, or ends in a NUL.
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
        socket.send(kind, data.map_err(|unreadable| unreadable.of("data"))?)?;
        Ok(EGRET_WS_OK)
    };
    guard_with("egret_ws_send", ws, send, Error::code)
}

/// Closes the socket: it sends the accepted messages and then a Close frame with `code` and `reason`, and waits for the server's
/// Close frame. `flush_timeout_ms` limits a send without progress, `close_timeout_ms` the wait for the server. Never blocks;
/// `on_close` reports the outcome. Any thread.
///
/// `code` is 1000 (the usual code), 1001 to 1003, 1007 to 1014, 3000 to 4999, or 0 for a Close frame without a code.
/// `reason` is UTF-8 of at most 123 bytes (`reason_len` bytes, or up to its NUL with `EGRET_WS_NUL_TERMINATED`); it may be
/// NULL if `reason_len` is 0, and must be empty if `code` is 0. A socket that is still connecting is abandoned at once
/// and reports `EGRET_WS_ERR_ABORTED`, unless the server has closed it before. Closing again does nothing and returns `EGRET_WS_OK`.
///
/// After an error other than INTERNAL nothing happened.
///
/// Errors: `INVALID_CLOSE`, `INVALID_UTF8`, `INVALID_ARGUMENT` (`reason` is NULL and `reason_len` is not 0), `BAD_HANDLE`,
/// `FORKED`, `INTERNAL`.
///
/// # Safety
/// `reason` points to `reason_len` readable bytes, or ends in a NUL.
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

/// Drops the connection now: TCP resets it, and no Close frame is sent. Messages that wait to be sent are dropped, and counted in
/// the close report. Messages that were received and not dispatched are dropped too: on the polling thread, no `on_message` of this
/// socket begins after the call. (If another thread calls, a callback that has begun may still be running.)
///
/// `on_close` comes from a poll, with `EGRET_WS_ERR_ABORTED`, `EGRET_WS_INITIATOR_LOCAL` and the phase in which the connection was.
/// No other callback comes before it. If the connection has ended before the library can drop it, `on_close` reports that end.
///
/// A connecting socket is abandoned, a wait of reconnecting ends, and a flush or a closing handshake is cut. A closed socket stays
/// as it is. The handle stays valid until `egret_ws_free`. Never blocks. Any thread, any callback.
///
/// Errors: `BAD_HANDLE`, `FORKED`, `INTERNAL`.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn egret_ws_abort(ws: *mut egret_ws) -> egret_ws_error_t {
    guard_code("egret_ws_abort", ws, |socket| {
        socket.abort();
        Ok(())
    })
}

/// Frees the handle, in any state and inside any callback, also inside those of this socket. Returns at once. After it no callback
/// of this socket begins but `release_user`, which the poll that runs or the next one calls, unless it was called after `on_close`. (If another
/// thread than the polling thread frees the socket, a callback that has begun may still be running.) `on_close` is not called.
///
/// Messages that were accepted before an `egret_ws_close` are still sent, and the closing handshake ends in the background. An open
/// socket sends accepted messages and then a Close frame with 1001 (going away). A connecting socket is abandoned. If messages are
/// lost in the background, a poll logs that at `EGRET_WS_LOG_WARN`, and `egret_ws_loop_free` counts them. Any thread.
///
/// Errors: `BAD_HANDLE` (freed already, perhaps), `FORKED`, `INTERNAL`.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn egret_ws_free(ws: *mut egret_ws) -> egret_ws_error_t {
    guard_code("egret_ws_free", ws, |socket| {
        handle::remove_socket(socket)?;
        socket.free();
        Ok(())
    })
}

/// Returns the state: one of `EGRET_WS_STATE_*`, or a negative error. Any thread.
///
/// Errors: `BAD_HANDLE`, `FORKED`, `INTERNAL`.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn egret_ws_state(ws: *mut egret_ws) -> i32 {
    guard("egret_ws_state", ws, |socket| Ok(socket.state() as i32))
}

/// Returns the payload bytes that were accepted and not yet passed to the operating system, or a negative error. All bytes of a
/// message count until its last byte is written. Any thread.
///
/// Errors: `BAD_HANDLE`, `FORKED`, `INTERNAL`.
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

/// Returns how many times `on_connect` was called for this socket: the number of the connection that the application knows. Any
/// thread.
///
/// Errors: `BAD_HANDLE`, `FORKED`, `INTERNAL`.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn egret_ws_generation(ws: *mut egret_ws) -> i32 {
    guard("egret_ws_generation", ws, |socket| Ok(i32::try_from(socket.generation()).unwrap_or(i32::MAX)))
}

/// Ends a wait of reconnecting: the next attempt begins now. Ends a wait that `on_request` has asked for: it is called again. Does
/// nothing if there is no wait. Any thread.
///
/// Errors: `BAD_HANDLE`, `FORKED`, `INTERNAL`.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn egret_ws_retry_now(ws: *mut egret_ws) -> egret_ws_error_t {
    guard_code("egret_ws_retry_now", ws, |socket| {
        socket.retry_now();
        Ok(())
    })
}

/// Sends a ping (RFC 6455 section 5.5.2) with a payload of `len` bytes, 0 to 125, before the messages that wait to be written.
/// The payload is copied. `on_pong` gets it back when the server has answered. Never blocks. Any thread.
///
/// With a `len` of 0, for which `data` may be NULL, the library chooses a payload; `on_pong` then gets a `len` of 0. A server may
/// leave pings unanswered but for the last one (RFC 6455 section 5.5.3), and `pong_timeout_ms` applies as for a ping of the heartbeat.
/// `rtt_us` of the statistics has the round trip of the last ping that was measured, one at a time.
///
/// At most 16 pings of a socket wait to be written; then it returns `EGRET_WS_ERR_BACKPRESSURE`, and no `on_drain` follows. A ping
/// that waits when the socket closes, or the connection ends, is dropped. After an error other than INTERNAL nothing happened.
///
/// Errors: `NOT_OPEN`, `BACKPRESSURE`, `NO_RESOURCES` (no memory to queue it), `INVALID_ARGUMENT` (`len` is above 125, or `data` is
/// NULL and `len` is not 0), `BAD_HANDLE`, `FORKED`, `INTERNAL`.
///
/// # Safety
/// `data` points to `len` readable bytes, or is NULL.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_ping(ws: *mut egret_ws, data: *const c_void, len: usize) -> egret_ws_error_t {
    guard_code("egret_ws_ping", ws, |socket| {
        // SAFETY: the caller's promise, passed on.
        let payload = unsafe { text::slice(data.cast(), len) }.map_err(|unreadable| unreadable.of("data"))?;
        socket.ping(payload)
    })
}

/// Pauses receiving: from now on no `on_message` of this socket begins, until `egret_ws_resume_receive`. Called in a callback, it
/// takes effect with the next message; called on another thread while a poll runs, with the next message that has not begun.
///
/// Messages wait in the receive queue. When that is full (`max_receive_queue_bytes`), the library stops reading, and TCP slows the
/// server down. `on_drain`, `on_pong` and `on_frame` still come. All other callbacks keep their place behind the messages that wait:
/// `on_retry` and `on_close` come after the resume, also after an `egret_ws_close`, or in time if no message waits. A loop with a
/// paused socket sleeps as any other, and other sockets are not delayed. The pause outlasts reconnecting.
///
/// While the receive queue is not full, pings of the server are answered, and the heartbeat works. While it is full, nothing is read:
/// no pong, no Close frame and no loss is noticed, and no answer to a ping is expected. To end such a socket at once, call
/// `egret_ws_abort` or `egret_ws_free`.
///
/// In any state, before the connection too. A second call does nothing. Never blocks. Any thread.
///
/// Errors: `BAD_HANDLE`, `FORKED`, `INTERNAL`.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn egret_ws_pause_receive(ws: *mut egret_ws) -> egret_ws_error_t {
    guard_code("egret_ws_pause_receive", ws, |socket| {
        socket.pause_receive();
        Ok(())
    })
}

/// Resumes receiving after `egret_ws_pause_receive`. The messages that wait come with this poll or the next one, which is due from
/// now on, and so do the `on_retry` and `on_close` behind them. Does nothing if receiving is not paused. Never blocks. Any thread.
///
/// Errors: `BAD_HANDLE`, `FORKED`, `INTERNAL`.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn egret_ws_resume_receive(ws: *mut egret_ws) -> egret_ws_error_t {
    guard_code("egret_ws_resume_receive", ws, |socket| {
        socket.resume_receive();
        Ok(())
    })
}

/// Returns the `user` of the socket's options; NULL if `ws` is not a valid handle, or if `release_user` has been called or is
/// running. Any thread.
///
/// Errors: none.
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

/// Fills `*info` with the close report of the socket, up to its `struct_size`; fields of a newer header than this library's become
/// 0. It is the report that `on_close` gets, and is there from the moment when `on_close` begins, or would begin if it is not NULL,
/// until `egret_ws_free`. Its texts stay valid until `egret_ws_free` or `egret_ws_loop_free`. Any thread.
///
/// Errors: `NOT_FOUND` (`on_close` has not begun), `INVALID_ARGUMENT` (`info` is NULL), `BAD_STRUCT` (no release has this
/// `struct_size`), `BAD_HANDLE`, `FORKED`, `INTERNAL`.
///
/// # Safety
/// `info` is NULL or points to `info->struct_size` readable and writable bytes.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_close_report(ws: *mut egret_ws, info: *mut egret_ws_close_info) -> egret_ws_error_t {
    guard_code("egret_ws_close_report", ws, |socket| {
        // SAFETY: the caller's promise, passed on.
        unsafe { sized::try_write(info, |size| socket.callbacks.close_info(size).ok_or_else(not_closed)) }
    })
}

/// Writes the address of the connection to `out`, such as `192.0.2.1:443` or `[2001:db8::1]:443`, with a NUL, and returns its
/// length without the NUL; that of the proxy, if there is one; 0 until `on_connect`, or in `on_close` if TCP was not connected. As
/// `egret_ws_subprotocol` in all other respects.
///
/// Errors: `INVALID_ARGUMENT`, `BAD_HANDLE`, `FORKED`, `INTERNAL`.
///
/// # Safety
/// `out` points to `capacity` writable bytes.
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

/// Writes the subprotocol that the server chose to `out`, with a NUL, and returns its length without the NUL:
/// 0 if it chose none, or the connection is not made yet. `out` may be NULL if `capacity` is 0: then only the length is returned.
/// Any thread.
///
/// Errors: `INVALID_ARGUMENT` (`capacity` is not 0 and not more than the length, or `out` is NULL), `BAD_HANDLE`, `FORKED`,
/// `INTERNAL`.
///
/// # Safety
/// `out` points to `capacity` writable bytes.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_subprotocol(ws: *mut egret_ws, out: *mut c_char, capacity: usize) -> i32 {
    guard("egret_ws_subprotocol", ws, |socket| {
        // SAFETY: the caller's promise, passed on.
        socket.read_connect_info(|info| unsafe { text::write(&info.subprotocol, out, capacity) })
    })
}

/// Writes the extension that both sides agreed on to `out`, as the server wrote it (`permessage-deflate; ...`, or nothing). As
/// `egret_ws_subprotocol` in all other respects.
///
/// Errors: `INVALID_ARGUMENT`, `BAD_HANDLE`, `FORKED`, `INTERNAL`.
///
/// # Safety
/// `out` points to `capacity` writable bytes.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_extensions(ws: *mut egret_ws, out: *mut c_char, capacity: usize) -> i32 {
    guard("egret_ws_extensions", ws, |socket| {
        // SAFETY: the caller's promise, passed on.
        socket.read_connect_info(|info| unsafe { text::write(&info.extensions, out, capacity) })
    })
}

/// Writes the value of a header of the server's answer to `out`, with a NUL, and returns its length without the NUL; if the
/// answer has several of this name, their values are joined by `, ` (RFC 9110 section 5.3). From `on_connect` on, in `on_retry` and
/// `on_close` too, for the headers of a refusal (`Retry-After`, `WWW-Authenticate`), also of a proxy. `name` is not case-sensitive;
/// bytes that are not UTF-8 are written as U+FFFD. `out` may be NULL if `capacity` is 0: then only the length is returned. Any thread.
///
/// Errors: `NOT_FOUND`, `INVALID_ARGUMENT` (`name` is NULL, `capacity` is not 0 and not more than the length, or `out` is NULL),
/// `BAD_HANDLE`, `FORKED`, `INTERNAL`.
///
/// # Safety
/// `name` is NULL or ends in a NUL; `out` points to `capacity` writable bytes.
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

/// Writes all headers of the server's answer to `out`, each as `Name: value` and a line feed, in their order, with a NUL,
/// and returns the length without the NUL: 0 if there was no answer yet. As `egret_ws_response_header` in all other respects.
///
/// Errors: `INVALID_ARGUMENT`, `BAD_HANDLE`, `FORKED`, `INTERNAL`.
///
/// # Safety
/// `out` points to `capacity` writable bytes.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_response_headers(ws: *mut egret_ws, out: *mut c_char, capacity: usize) -> i32 {
    guard("egret_ws_response_headers", ws, |socket| {
        // SAFETY: the caller's promise, passed on.
        socket.read_connect_info(|info| unsafe { text::write(&info.headers, out, capacity) })
    })
}

/// Writes the body of a refusal to `out`, with a NUL, and returns its length without the NUL: the first `max_refusal_body_bytes`
/// of what a server, or a proxy, sent behind the head of an answer that is not an upgrade. Chunks are joined; a compressed body stays
/// compressed. 0 if there was none, or if the connection was made. It may contain NULs and need not be UTF-8. In `on_retry` and
/// `on_close`, and as `egret_ws_subprotocol` in all other respects.
///
/// Errors: `INVALID_ARGUMENT`, `BAD_HANDLE`, `FORKED`, `INTERNAL`.
///
/// # Safety
/// `out` points to `capacity` writable bytes.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_response_body(ws: *mut egret_ws, out: *mut c_char, capacity: usize) -> i32 {
    guard("egret_ws_response_body", ws, |socket| {
        // SAFETY: the caller's promise, passed on.
        socket.read_connect_info(|info| unsafe { text::write_bytes(&info.body, out, capacity) })
    })
}

/// Writes the cookies that the servers of this attempt have set to `out`, with a NUL, and returns the length without the NUL: for each
/// `Set-Cookie` header of an answer, those of redirects and refusals too, the URL that was requested (with its query, without a user
/// name and password), a space, the value of the header, and a line feed; at most 65536 bytes, the first ones. The library keeps no
/// cookies: to send one, set a `Cookie` header. As `egret_ws_response_headers` in all other respects.
///
/// Errors: `INVALID_ARGUMENT`, `BAD_HANDLE`, `FORKED`, `INTERNAL`.
///
/// # Safety
/// `out` points to `capacity` writable bytes.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_response_cookies(ws: *mut egret_ws, out: *mut c_char, capacity: usize) -> i32 {
    guard("egret_ws_response_cookies", ws, |socket| {
        // SAFETY: the caller's promise, passed on.
        socket.read_connect_info(|info| unsafe { text::write(&info.cookies, out, capacity) })
    })
}

/// Writes the local address of the connection to `out`. As `egret_ws_remote_address` in all other respects.
///
/// Errors: `INVALID_ARGUMENT`, `BAD_HANDLE`, `FORKED`, `INTERNAL`.
///
/// # Safety
/// `out` points to `capacity` writable bytes.
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

/// Writes the addresses that were tried to `out`, with a NUL, and returns the length without the NUL: each as the address, a space, the
/// result, and a line feed (`192.0.2.1:443 Connection refused`, `[2001:db8::1]:443 connected`, `192.0.2.2:443 no answer`), in the order
/// of the attempts; those of the proxy, if there is one; at most 8192 bytes. As `egret_ws_subprotocol` in all other respects; in
/// `on_retry` and `on_close` too.
///
/// Errors: `INVALID_ARGUMENT`, `BAD_HANDLE`, `FORKED`, `INTERNAL`.
///
/// # Safety
/// `out` points to `capacity` writable bytes.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_tried_addresses(ws: *mut egret_ws, out: *mut c_char, capacity: usize) -> i32 {
    guard("egret_ws_tried_addresses", ws, |socket| {
        let tried = socket.read_connect_info(|info| info.tried_addresses.to_string());
        // SAFETY: the caller's promise, passed on.
        unsafe { text::write(&tried, out, capacity) }
    })
}

/// Writes the proxy of the connection to `out`, as a URL without a user name and password, with a NUL, and returns its length without
/// the NUL: 0 if there is none. As `egret_ws_subprotocol` in all other respects; in `on_retry` and `on_close` too.
///
/// Errors: `INVALID_ARGUMENT`, `BAD_HANDLE`, `FORKED`, `INTERNAL`.
///
/// # Safety
/// `out` points to `capacity` writable bytes.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_proxy(ws: *mut egret_ws, out: *mut c_char, capacity: usize) -> i32 {
    guard("egret_ws_proxy", ws, |socket| {
        // SAFETY: the caller's promise, passed on.
        socket.read_connect_info(|info| unsafe { text::write(&info.proxy, out, capacity) })
    })
}

/// Writes the name of the cipher suite of TLS to `out`, such as `TLS_AES_256_GCM_SHA384`, with a NUL, and returns its length without the
/// NUL: 0 without TLS, before the handshake has agreed on one, and with the TLS of Apple's systems and Windows. As
/// `egret_ws_subprotocol` in all other respects; in `on_retry` and `on_close` too.
///
/// Errors: `INVALID_ARGUMENT`, `BAD_HANDLE`, `FORKED`, `INTERNAL`.
///
/// # Safety
/// `out` points to `capacity` writable bytes.
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

/// Writes the protocol that the server selected by ALPN (RFC 7301) to `out`, with a NUL, and returns its length without the NUL: 0 if it
/// selected none. As `egret_ws_tls_cipher` in all other respects.
///
/// Errors: `INVALID_ARGUMENT`, `BAD_HANDLE`, `FORKED`, `INTERNAL`.
///
/// # Safety
/// `out` points to `capacity` writable bytes.
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

/// Writes a certificate that the server sent in the TLS handshake to `out`, in DER, and returns its length. `index` 0 is the server's
/// own certificate, then the others follow in the order of the server. From `on_connect` on; in `on_retry` and `on_close` also if it
/// was not trusted; after an end in `EGRET_WS_PHASE_PROXY` those of the proxy. A resumed session has the certificates of its first
/// handshake. On Apple's systems and Windows only the first one, and only after a handshake that succeeded. With a TLS provider those
/// that it returns, at most 10 and 64 KiB. `out` may be NULL if `capacity` is 0: then only the length is returned. Any thread.
///
/// Errors: `NOT_FOUND` (there is none with this index), `INVALID_ARGUMENT` (`capacity` is not 0 and less than the length, or `out`
/// is NULL), `BAD_HANDLE`, `FORKED`, `INTERNAL`.
///
/// # Safety
/// `out` points to `capacity` writable bytes.
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

/// Fills `*stats` with the statistics of the socket, up to its `struct_size`; fields of a newer header than this library's become
/// 0. Any thread.
///
/// Errors: `INVALID_ARGUMENT` (`stats` is NULL), `BAD_STRUCT` (no release has this `struct_size`), `BAD_HANDLE`, `FORKED`,
/// `INTERNAL`.
///
/// # Safety
/// `stats` is NULL or points to `stats->struct_size` readable and writable bytes.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_stats(ws: *mut egret_ws, stats: *mut egret_ws_statistics) -> egret_ws_error_t {
    guard_code("egret_ws_stats", ws, |socket| {
        // SAFETY: the caller's promise, passed on.
        unsafe { sized::write(stats, |size| stats::stats(&socket.stats(), size)) }
    })
}

/// Normalizes a URL as the constructor of a browser's `WebSocket` does, writes it to `out`, with a NUL, and returns its length
/// without the NUL: serialized by the WHATWG rules, with `ws` for `http` and `wss` for `https`. For bindings that offer that
/// interface. `out` may be NULL if `capacity` is 0: then only the length is returned. Any thread.
///
/// Errors: `INVALID_URL` (not a URL, another scheme, a fragment, more than 16384 bytes), `INVALID_ARGUMENT` (`url` is NULL,
/// `capacity` is not 0 and not more than the length, or `out` is NULL), `UNSUPPORTED` (the host name is not ASCII, and the library was
/// built without its feature `idn`), `FORKED`, `INTERNAL`.
///
/// # Safety
/// `url` is NULL or ends in a NUL; `out` points to `capacity` writable bytes.
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
