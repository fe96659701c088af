//! The numbers of the ABI. They never change. The number of a constant that was removed is not used again.

/// The largest payload of a message, sent or received: 131072 bytes (128 KiB). A message of 131072 bytes is accepted. A
/// message of 131073 bytes is refused. The payload of a text message is counted in UTF-8 bytes. The payload of a
/// fragmented message is counted after its fragments were joined. The option `max_message_bytes` can lower this limit.
/// This limit cannot be raised.
pub const EGRET_WS_MAX_MESSAGE_BYTES: u32 = 131072;

/// The largest number of sockets that can wait for their loop. Connect calls that the loop has not begun to handle are
/// counted. Freed sockets are counted separately, until a poll has called their `release_user`. Beyond this number a
/// connect call returns `EGRET_WS_ERR_NO_RESOURCES`: poll the loop, then try again. Sockets that are connecting or open
/// are not counted.
pub const EGRET_WS_MAX_PENDING_SOCKETS: u32 = 16384;

/// Pass this as the length of a `char` pointer if the text ends at its NUL.
pub const EGRET_WS_NUL_TERMINATED: usize = usize::MAX;

/// Value of an option: no limit, or never. The table under NUMBERS at the head of this file lists the fields that
/// accept it.
pub const EGRET_WS_UNLIMITED: u32 = 0xFFFF_FFFF;

/// Value of an option: no wait. (0 is the default of each field.) The table under NUMBERS at the head of this file
/// lists the fields that accept it.
pub const EGRET_WS_AT_ONCE: u32 = 0xFFFF_FFFE;

// Flags. Those of loops, harmless ones of sockets, and those that weaken security have different bits, so that one that is given
// to the wrong function is refused.

/// `flags` of the loop's options: the loop has no I/O thread. `egret_ws_loop_poll` reads and writes, and a send outside
/// a callback writes at once. Without this flag a loop has one I/O thread for all its sockets. In both cases name
/// look-ups run on threads of the library.
pub const EGRET_WS_LOOP_INLINE: u32 = 0x1_0000;
/// `flags` of the loop's options: `egret_ws_loop_suspend` closes open sockets with 1001 (going away). Without this flag
/// it keeps them open.
pub const EGRET_WS_LOOP_CLOSE_ON_SUSPEND: u32 = 0x2_0000;
/// `flags` of the loop's options: `egret_ws_loop_network_changed` drops all TLS sessions. A server then cannot
/// recognize a player by a session of another network (RFC 8446 appendix C.4). Without this flag a reconnect on the new
/// network resumes its session.
pub const EGRET_WS_LOOP_FORGET_TLS_SESSIONS: u32 = 0x4_0000;

/// `flags` of a socket's options: with `wss`, only the certificates of `tls_roots` are trusted. `tls_roots` must not be
/// empty.
pub const EGRET_WS_ONLY_THESE_ROOTS: u32 = 1;
/// `flags` of a socket's options: if `proxy` is NULL, the connect call reads the proxy from the environment. It reads
/// `https_proxy` for `wss`, or `http_proxy` for `ws`. If that variable is not set, it reads `all_proxy`. For the hosts
/// in `no_proxy` no proxy is used. Each name is read in lower case first, then in upper case. `HTTP_PROXY` is not read
/// if `REQUEST_METHOD` is set, because in a CGI program the client sets `HTTP_PROXY`. A process with more rights than
/// its user (setuid, setgid) does not read these variables. Loopback hosts never use a proxy. A proxy that cannot be
/// used, and a `no_proxy` of more than 65536 bytes, are refused with `EGRET_WS_ERR_INVALID_ARGUMENT`.
pub const EGRET_WS_PROXY_FROM_ENVIRONMENT: u32 = 2;
/// `flags` of a socket's options: messages are kept when a connection is lost and made again. Messages that were
/// accepted, but not completely passed to the operating system, are sent first on the next connection. (Messages that
/// were passed to the operating system may be lost too. Only an answer of the server can confirm them.) Without this
/// flag such messages are dropped, and `on_retry` reports their number.
pub const EGRET_WS_RESEND: u32 = 4;
/// `flags` of a socket's options: permessage-deflate (RFC 7692) is not offered. Without this flag it is offered, as
/// browsers do.
pub const EGRET_WS_DISABLE_DEFLATE: u32 = 8;
/// `flags` of a socket's options: with `wss`, the protocol `http/1.1` is not offered by ALPN (RFC 7301). Without this
/// flag it is offered, as browsers do. If the server selects another protocol, the handshake fails with
/// `EGRET_WS_ERR_TLS`. A server without ALPN is accepted. The flag has no effect with `ws`.
pub const EGRET_WS_DISABLE_ALPN: u32 = 16;
/// `flags` of a socket's options: with `wss`, TLS sessions are neither kept nor resumed (RFC 8446 section 2.2). Each
/// connection makes a full handshake. Without this flag a connection may resume a session of an earlier connection of
/// the loop that had the same host, port and TLS options. Such a session is resumed only if its certificate was checked
/// at most a day ago and has not expired. Each session is used for one connection. With the TLS of Windows and of
/// Apple's systems every connection makes a full handshake.
pub const EGRET_WS_DISABLE_TLS_RESUMPTION: u32 = 32;
/// `flags` of a socket's options: a redirect to a `ws` URL, which has no TLS, is not followed. It ends the connection
/// with `EGRET_WS_ERR_REDIRECT`. (A redirect from `wss` to `ws` is never followed.)
pub const EGRET_WS_SECURE_REDIRECTS_ONLY: u32 = 64;

/// `flags` of a socket's options: with `wss`, any certificate is accepted: an expired one, one for another host, or one
/// of an unknown issuer. **This weakens security.** Use it only for tests with your own server, because anyone on the
/// network path can read and change all data. Each such connection logs a warning. `tls_pins` are still checked. After
/// a redirect the flag does not apply to another origin.
pub const EGRET_WS_ACCEPT_ANY_CERTIFICATE: u32 = 0x100_0000;
/// `flags` of a socket's options: a redirect may lead to an address that is nearer than the address of the server that
/// sent the redirect. A nearer address is a private, link-local or loopback address after a public one, or a loopback
/// address after a private one. **This weakens security.** Without this flag such a redirect ends with
/// `EGRET_WS_ERR_REDIRECT` in `EGRET_WS_PHASE_CONNECT`, because the server could make this machine connect to services
/// that trust its network. The addresses are checked after the look-up. A proxy looks names up itself. With a proxy,
/// the library therefore checks only a host that is an address or `localhost`, and the phase is `EGRET_WS_PHASE_PROXY`.
pub const EGRET_WS_ALLOW_PRIVATE_REDIRECTS: u32 = 0x200_0000;

/// TLS 1.2, for `tls_min_version` and in the statistics.
pub const EGRET_WS_TLS_1_2: u32 = 0x0303;
/// TLS 1.3, for `tls_min_version` and in the statistics. Secure Transport, the TLS of Apple's systems, does not support
/// it.
pub const EGRET_WS_TLS_1_3: u32 = 0x0304;

/// Capability of a TLS provider: it supports `tls_roots` and `EGRET_WS_ONLY_THESE_ROOTS`.
pub const EGRET_WS_TLS_CAN_ROOTS: u32 = 1;
/// Capability of a TLS provider: it supports `tls_identity`.
pub const EGRET_WS_TLS_CAN_IDENTITY: u32 = 2;
/// Capability of a TLS provider: it supports `EGRET_WS_ACCEPT_ANY_CERTIFICATE`.
pub const EGRET_WS_TLS_CAN_ANY_CERTIFICATE: u32 = 4;
/// Capability of a TLS provider: it supports a `tls_min_version` of TLS 1.3.
pub const EGRET_WS_TLS_CAN_MIN_VERSION: u32 = 8;
/// Capability of a TLS provider: it returns the peer's certificates. The library checks `tls_pins` with them.
pub const EGRET_WS_TLS_CAN_CHAIN: u32 = 16;
/// Capability of a TLS provider: it resumes sessions and supports `EGRET_WS_DISABLE_TLS_RESUMPTION`. A provider without
/// this bit must not resume any session.
pub const EGRET_WS_TLS_CAN_RESUME: u32 = 32;

/// State of a TLS session: the handshake is complete. The bit stays set.
pub const EGRET_WS_TLS_ESTABLISHED: u32 = 1;
/// State of a TLS session: there are more bytes to send to the peer. The library calls `send` without plaintext until
/// the bit is clear. Each of these calls must return some bytes or clear the bit.
pub const EGRET_WS_TLS_HAS_OUTPUT: u32 = 2;
/// State of a TLS session: the peer has sent its close_notify. The bit stays set. The library does not call `receive`
/// any more.
pub const EGRET_WS_TLS_PEER_CLOSED: u32 = 4;
/// State of a TLS session: the session works on another thread. The library calls `send` without plaintext after the
/// next `egret_ws_tls_ready`. It may make that call earlier too. Until this bit is clear, the library makes no other
/// call for the session except `free_session`. `free_session` may come at any time. If it comes while this bit is set,
/// the connection has ended without a close_notify, and the facts about the session stay unknown. A step that returns
/// bytes may set this bit too. The time-outs keep running.
pub const EGRET_WS_TLS_BUSY: u32 = 8;

/// Size in bytes of the `message` buffer of a TLS provider. The NUL at its end is counted.
pub const EGRET_WS_TLS_MESSAGE_BYTES: usize = 256;

/// Return value of `on_request`: connect, unless the last answer of the server requires another request (HTTP 401, 403,
/// 404, 407, 410).
pub const EGRET_WS_REQUEST_CONTINUE: i32 = 0;
/// Return value of `on_request`: connect, also after an answer that requires another request (HTTP 401, 403, 404, 407,
/// 410).
pub const EGRET_WS_REQUEST_CONNECT: i32 = 1;
/// Return value of `on_request`: the request is not ready yet. `egret_ws_retry_now` makes the loop call `on_request`
/// again.
pub const EGRET_WS_REQUEST_WAIT: i32 = 2;
/// Return value of `on_request`: do not connect. `on_close` follows.
pub const EGRET_WS_REQUEST_STOP: i32 = 3;

/// State: the connection is being made, or made again, or `on_connect` has not been called yet.
pub const EGRET_WS_STATE_CONNECTING: i32 = 0;
/// State: `on_connect` was called, and messages can be sent.
pub const EGRET_WS_STATE_OPEN: i32 = 1;
/// State: one side has begun to close, or the connection has ended and `on_close` has not been called yet. (After
/// `on_retry` the state stays CONNECTING until the next callback, or until this side closes or aborts.)
pub const EGRET_WS_STATE_CLOSING: i32 = 2;
/// State: `on_close` was called or is running.
pub const EGRET_WS_STATE_CLOSED: i32 = 3;

/// Kind of a message: text, which is valid UTF-8.
pub const EGRET_WS_TEXT: i32 = 1;
/// Kind of a message: binary.
pub const EGRET_WS_BINARY: i32 = 2;

/// Direction of a frame: it was sent.
pub const EGRET_WS_FRAME_SENT: i32 = 1;
/// Direction of a frame: it was received.
pub const EGRET_WS_FRAME_RECEIVED: i32 = 2;
/// This value is used instead of a direction: sent frames were not recorded, because the receive queue was full.
pub const EGRET_WS_FRAME_LOST: i32 = 3;
/// Flag of a frame: it is the last frame of its message (FIN).
pub const EGRET_WS_FRAME_FIN: u32 = 1;
/// Flag of a frame: its message is compressed (RFC 7692 section 6). Each frame of the message has this flag.
pub const EGRET_WS_FRAME_COMPRESSED: u32 = 2;

/// Phase: the attempt had not begun, because `on_request` had not allowed it.
pub const EGRET_WS_PHASE_REQUEST: i32 = 1;
/// Phase: the server's name was being looked up.
pub const EGRET_WS_PHASE_RESOLVE: i32 = 2;
/// Phase: TCP was connecting.
pub const EGRET_WS_PHASE_CONNECT: i32 = 3;
/// Phase: the library was asking the proxy for a connection to the server.
pub const EGRET_WS_PHASE_PROXY: i32 = 4;
/// Phase: TLS was being set up. This phase contains the TLS handshake and the check of the server's certificate.
pub const EGRET_WS_PHASE_TLS: i32 = 5;
/// Phase: the HTTP upgrade was in progress (RFC 6455 section 4).
pub const EGRET_WS_PHASE_HANDSHAKE: i32 = 6;
/// Phase: the connection was open.
pub const EGRET_WS_PHASE_OPEN: i32 = 7;
/// Phase: the connection was closing, and accepted messages were being written before the Close frame.
pub const EGRET_WS_PHASE_FLUSH: i32 = 8;
/// Phase: the closing handshake was in progress (RFC 6455 section 7). The Close frame of this side was passed to the
/// operating system.
pub const EGRET_WS_PHASE_CLOSING: i32 = 9;

/// Initiator: this side ended the connection. It closed the socket, or it refused something that the server sent (see
/// `error`). This value is also used if this side closed before the server's Close frame came, and the closing
/// handshake then failed. In that case `error` names the failure, such as a reset or a time-out.
pub const EGRET_WS_INITIATOR_LOCAL: i32 = 1;
/// Initiator: the server or a proxy ended the connection. Its Close frame came first, or its HTTP answer was a refusal.
/// This value is also used if the closing handshake failed after the server's Close frame. In that case `error` names
/// the failure, such as a reset or a time-out.
pub const EGRET_WS_INITIATOR_PEER: i32 = 2;
/// Initiator: the network ended the connection before a Close frame of the server was received. A name was not found,
/// there was no route, the connection was reset, the stream ended, or a deadline passed.
pub const EGRET_WS_INITIATOR_TRANSPORT: i32 = 3;

/// Log level: something failed inside the library.
pub const EGRET_WS_LOG_ERROR: i32 = 1;
/// Log level: a call was refused, or a connection failed. This is the default of a loop.
pub const EGRET_WS_LOG_WARN: i32 = 2;
/// Log level: a connection was made or ended.
pub const EGRET_WS_LOG_INFO: i32 = 3;
/// Log level: each step.
pub const EGRET_WS_LOG_DEBUG: i32 = 4;

/// No error.
pub const EGRET_WS_OK: i32 = 0;
/// An argument is not allowed: a required pointer is NULL, a flag is unknown, or a value is out of range.
pub const EGRET_WS_ERR_INVALID_ARGUMENT: i32 = -1;
/// The handle does not belong to a live loop, socket or query. It was freed, answered or forged, or it is of another
/// kind.
pub const EGRET_WS_ERR_BAD_HANDLE: i32 = -2;
/// This library does not know the `struct_size`, or bytes after the fields that it knows are not zero. In the second
/// case the caller was compiled with a newer header and uses a field that this library does not have.
pub const EGRET_WS_ERR_BAD_STRUCT: i32 = -3;
/// A callback made a call that is not allowed inside it. A callback of a socket cannot poll or free its loop. `on_log`,
/// a wake-up callback and a hook cannot poll or free any loop. A TLS provider cannot call functions that take a handle,
/// except the function that reports the end of its work.
pub const EGRET_WS_ERR_REENTRANT: i32 = -4;
/// Another thread is polling this loop.
pub const EGRET_WS_ERR_BUSY: i32 = -5;
/// The process was forked after a loop had been made. No call works in the child process. If a callback forks, the poll
/// or the `egret_ws_loop_free` that called the callback returns this error in the child and does nothing more there.
pub const EGRET_WS_ERR_FORKED: i32 = -6;
/// No descriptor, thread, memory or handle is left, or `EGRET_WS_MAX_PENDING_SOCKETS` sockets wait for the loop. For a
/// call, `egret_ws_last_error_message` and the log line name the resource. For a close report, `os_error` or `message`
/// names it. If a send returns this error, nothing was sent and the socket stays open.
pub const EGRET_WS_ERR_NO_RESOURCES: i32 = -7;
/// The library has a fault. It was caught before it could harm the application. Please report it with the line that
/// `on_log` gets at the level `EGRET_WS_LOG_ERROR`, or with `egret_ws_last_error_message`. Both contain the message and
/// the source line.
pub const EGRET_WS_ERR_INTERNAL: i32 = -8;
/// The library cannot do this on this system, or was built without this feature.
pub const EGRET_WS_ERR_UNSUPPORTED: i32 = -9;
/// The socket is not open. `on_connect` has not been called yet, or the socket is closing or closed.
pub const EGRET_WS_ERR_NOT_OPEN: i32 = -10;
/// The message is larger than `max_message_bytes`. If a send returns this error, nothing was sent and the socket stays
/// open. In a close report it means that the server sent such a message and the library closed with 1009. A close
/// report also has this error if the server sent more than 2 MiB of frames for one message (many empty fragments, or
/// compressed blocks without content).
pub const EGRET_WS_ERR_MESSAGE_TOO_BIG: i32 = -11;
/// A text is not UTF-8. If a call returns this error, nothing was sent. In a close report it means that the server sent
/// the text and the library closed with 1007.
pub const EGRET_WS_ERR_INVALID_UTF8: i32 = -12;
/// The send queue has no room for this message now. Nothing was sent, and the socket stays open. Try again in
/// `on_drain`.
pub const EGRET_WS_ERR_BACKPRESSURE: i32 = -13;
/// The URL or the host cannot be used. `egret_ws_last_error_message` and the log line say why.
pub const EGRET_WS_ERR_INVALID_URL: i32 = -14;
/// The close code must not be sent (RFC 6455 section 7.4), or the reason is longer than 123 bytes.
pub const EGRET_WS_ERR_INVALID_CLOSE: i32 = -15;
/// The server's answer has no header of this name, or there was no answer yet. A call that reads a certificate returns
/// this error if the server has sent no certificate with this index. A call that reads the close report returns it if
/// `on_close` has not begun.
pub const EGRET_WS_ERR_NOT_FOUND: i32 = -16;

/// Close report: the host's name was not found.
pub const EGRET_WS_ERR_RESOLVE: i32 = -30;
/// Close report: no address of the host accepted a TCP connection. `os_error` has the reason of the last failure.
pub const EGRET_WS_ERR_CONNECT: i32 = -31;
/// Close report: the proxy refused the connection, could not reach the host, or broke its protocol. `http_status` has
/// the status of an HTTP proxy. It is 407 (some proxies send 401) if the proxy wants another user name and password
/// than those in the URL of `proxy`. The answer of a proxy has the same limits as that of a server (see
/// `EGRET_WS_ERR_HANDSHAKE`).
pub const EGRET_WS_ERR_PROXY: i32 = -32;
/// Close report: the answer to the upgrade was not valid for a WebSocket server (RFC 6455 section 4.1). The answer is
/// also not valid if its head is longer than 64 KiB (interim answers are counted) or has more than 256 lines.
pub const EGRET_WS_ERR_HANDSHAKE: i32 = -40;
/// Close report: the server answered the upgrade with another HTTP status, which is in `http_status`. This error is
/// also reported if the header lines after the status line are malformed, too many or cut off.
pub const EGRET_WS_ERR_HTTP_STATUS: i32 = -41;
/// Close report: the server redirected the connection, and the library did not follow. There were more redirects than
/// `max_redirects`, or the redirect is not allowed. A redirect is not allowed if it leads from `wss` to `ws`, to
/// another origin although the socket has subprotocols, or to a nearer address (see
/// `EGRET_WS_ALLOW_PRIVATE_REDIRECTS`). It is also not allowed if its target is not a URL. `http_status` is the status
/// of the redirect. If redirects are off, the error is `EGRET_WS_ERR_HTTP_STATUS`.
pub const EGRET_WS_ERR_REDIRECT: i32 = -42;
/// Close report: a time-out passed. `phase` names the stage. In `EGRET_WS_PHASE_OPEN` it is the time-out of the
/// heartbeat: the server has not answered a ping. In `EGRET_WS_PHASE_FLUSH` it is `flush_timeout_ms`, and in
/// `EGRET_WS_PHASE_CLOSING` it is `close_timeout_ms`. In `EGRET_WS_PHASE_REQUEST` the application took too long:
/// `on_request` has not allowed the attempt to begin.
pub const EGRET_WS_ERR_TIMEOUT: i32 = -50;
/// Close report: the connection broke without a closing handshake.
pub const EGRET_WS_ERR_CONNECTION_LOST: i32 = -51;
/// Close report: the server broke the protocol, and the library closed with 1002 (or with the code of an earlier
/// `egret_ws_close`).
pub const EGRET_WS_ERR_PROTOCOL: i32 = -52;
/// Close report: the connection was aborted. This side closed the socket before the connection was made, or aborted the
/// connection. Other causes are that `on_request` stopped before the first attempt, or that a suspend abandoned the
/// attempt (`EGRET_WS_LOOP_CLOSE_ON_SUSPEND`). `phase` says when.
pub const EGRET_WS_ERR_ABORTED: i32 = -53;
/// Close report: TLS failed, and none of the more specific TLS errors applies. `message` has the reason. In
/// `EGRET_WS_PHASE_TLS` the TLS handshake failed. In a later phase the server sent 256 TLS records in a row without
/// data (key updates, session tickets).
pub const EGRET_WS_ERR_TLS: i32 = -60;
/// Close report: the server's certificate has expired or is not valid yet. A wrong clock of this machine causes this
/// error too.
pub const EGRET_WS_ERR_TLS_EXPIRED: i32 = -61;
/// Close report: the server's certificate is for another host.
pub const EGRET_WS_ERR_TLS_HOST: i32 = -62;
/// Close report: the server's certificate is not trusted. Its issuer is unknown, it is self-signed, or the server did
/// not send the certificate of an issuer. It is also possible that the certificate must not be used for this purpose:
/// it is not a certificate for servers, an issuer was not allowed to issue it (name constraints, path length), or a key
/// or a signature is too weak. `message` names the cause.
pub const EGRET_WS_ERR_TLS_ISSUER: i32 = -63;
/// Close report: the server's public key is none of `tls_pins`. The request was not sent. The certificate of
/// `tls_identity` was not sent either, except on Apple's systems and Windows.
pub const EGRET_WS_ERR_TLS_PIN: i32 = -64;
/// Close report: `tls_roots`, `tls_identity` or its password cannot be used. `message` says which one and why.
pub const EGRET_WS_ERR_TLS_OPTIONS: i32 = -65;
