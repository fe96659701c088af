//! The numbers of the ABI. They never change. The number of a constant that was removed is not used again.

/// The most payload bytes of a message, sent or received: 128 KiB, inclusive. A message of 131072 bytes is accepted, one of
/// 131073 bytes is not. It counts UTF-8 bytes for text, after reassembly of fragments. `max_message_bytes` can lower it, nothing
/// raises it.
pub const EGRET_WS_MAX_MESSAGE_BYTES: u32 = 131072;

/// The most sockets that can wait for their loop: connect calls that the loop has not begun, and, counted separately, freed sockets
/// whose `release_user` no poll has called yet. Beyond this number a connect call returns `EGRET_WS_ERR_NO_RESOURCES`: poll the
/// loop, then try again. Sockets that are connecting or open do not count.
pub const EGRET_WS_MAX_PENDING_SOCKETS: u32 = 16384;

/// Pass this as the length of a `char` pointer to say that the text ends at its NUL.
pub const EGRET_WS_NUL_TERMINATED: usize = usize::MAX;

/// A number of the options: without limit, or never. The table of numbers at the head of this file lists the fields that
/// accept it.
pub const EGRET_WS_UNLIMITED: u32 = 0xFFFF_FFFF;

/// A number of the options: without any wait. (0 is the default of each field.) The table of numbers at the head of this
/// file lists the fields that accept it.
pub const EGRET_WS_AT_ONCE: u32 = 0xFFFF_FFFE;

// Flags. Those of loops, harmless ones of sockets, and those that weaken security have different bits, so that one that is given
// to the wrong function is refused.

/// `flags` of the loop's options: no I/O thread. `egret_ws_loop_poll` does the reading and writing itself, and a send outside a
/// callback is written at once by the call. Without this flag a loop has one I/O thread, however many sockets it has. Name look-ups
/// have threads in both cases.
pub const EGRET_WS_LOOP_INLINE: u32 = 0x1_0000;
/// `flags` of the loop's options: `egret_ws_loop_suspend` closes open sockets, with 1001 (going away), instead of keeping them
/// open.
pub const EGRET_WS_LOOP_CLOSE_ON_SUSPEND: u32 = 0x2_0000;
/// `flags` of the loop's options: `egret_ws_loop_network_changed` drops all TLS sessions, so that no server can recognize a player by a
/// session of another network (RFC 8446 appendix C.4). Without this flag a reconnect on the new network resumes its session.
pub const EGRET_WS_LOOP_FORGET_TLS_SESSIONS: u32 = 0x4_0000;

/// `flags` of a socket's options: with `wss`, trust the certificates of `tls_roots`, which must not be empty, and no
/// others.
pub const EGRET_WS_ONLY_THESE_ROOTS: u32 = 1;
/// `flags` of a socket's options: without a `proxy`, take it from the environment, as it is during the connect call:
/// `https_proxy` for `wss`, `http_proxy` for `ws`, else `all_proxy`; none for the hosts of `no_proxy`. The names are read
/// in lower case first, then in upper case (`HTTP_PROXY` not where `REQUEST_METHOD` is set: a CGI program's is its
/// client's). A process with more rights than its user (setuid, setgid) does not read them. Loopback hosts are never proxied.
/// A proxy that cannot be used, and a `no_proxy` of more than 65536 bytes, are refused with `EGRET_WS_ERR_INVALID_ARGUMENT`.
pub const EGRET_WS_PROXY_FROM_ENVIRONMENT: u32 = 2;
/// `flags` of a socket's options: when a connection is lost and made again, messages that were accepted and not completely passed
/// to the operating system are kept, and sent first on the next connection. (Messages that were passed to it may be lost too; only
/// an answer of the server can confirm them.) Without this flag they are dropped, and `on_retry` reports their number.
pub const EGRET_WS_RESEND: u32 = 4;
/// `flags` of a socket's options: do not offer permessage-deflate (RFC 7692). Without this flag it is offered, as browsers do.
pub const EGRET_WS_DISABLE_DEFLATE: u32 = 8;
/// `flags` of a socket's options: with `wss`, do not offer the protocol `http/1.1` by ALPN (RFC 7301). Without this flag it is
/// offered, as browsers do. If the server selects another protocol, the handshake fails with `EGRET_WS_ERR_TLS`; a server without
/// ALPN is accepted. The flag has no effect with `ws`.
pub const EGRET_WS_DISABLE_ALPN: u32 = 16;
/// `flags` of a socket's options: with `wss`, neither keep nor resume TLS sessions (RFC 8446 section 2.2): each connection makes a full
/// handshake. Without this flag a connection may resume a session of an earlier one of the same loop, with the same host, port and TLS
/// options, whose certificate was checked then, at most a day ago, and has not expired. Each session is used for one connection. With
/// the TLS of Windows and of Apple's systems every connection makes a full handshake.
pub const EGRET_WS_DISABLE_TLS_RESUMPTION: u32 = 32;
/// `flags` of a socket's options: do not follow a redirect to a URL of `ws`, so without TLS; it ends with `EGRET_WS_ERR_REDIRECT`. (A
/// redirect from `wss` to `ws` is never followed.)
pub const EGRET_WS_SECURE_REDIRECTS_ONLY: u32 = 64;

/// `flags` of a socket's options: with `wss`, accept any certificate: expired, of another host, of an unknown issuer. **It weakens
/// security**, and is for tests with your own server only: anyone on the network path can read and change all data. Each such
/// connection logs a warning. `tls_pins` are checked nevertheless. It does not hold for another origin after a redirect.
pub const EGRET_WS_ACCEPT_ANY_CERTIFICATE: u32 = 0x100_0000;
/// `flags` of a socket's options: also follow a redirect to a nearer address than that of the server that sent it: from a public
/// address to a private, link-local or loopback one, or from a private address to a loopback one. **It weakens security**: without
/// this flag such a redirect ends with `EGRET_WS_ERR_REDIRECT` in `EGRET_WS_PHASE_CONNECT`, because the server could make this
/// machine connect to services that trust its network. The addresses are checked after the look-up. A proxy looks names up itself:
/// with a proxy, only a host that is an address or `localhost` is checked, and the phase is `EGRET_WS_PHASE_PROXY`.
pub const EGRET_WS_ALLOW_PRIVATE_REDIRECTS: u32 = 0x200_0000;

/// TLS 1.2, for `tls_min_version`, and in the statistics.
pub const EGRET_WS_TLS_1_2: u32 = 0x0303;
/// TLS 1.3, for `tls_min_version`, and in the statistics. Secure Transport, the TLS of Apple's systems, does not have it.
pub const EGRET_WS_TLS_1_3: u32 = 0x0304;

/// A TLS provider honours `tls_roots` and `EGRET_WS_ONLY_THESE_ROOTS`.
pub const EGRET_WS_TLS_CAN_ROOTS: u32 = 1;
/// A TLS provider honours `tls_identity`.
pub const EGRET_WS_TLS_CAN_IDENTITY: u32 = 2;
/// A TLS provider honours `EGRET_WS_ACCEPT_ANY_CERTIFICATE`.
pub const EGRET_WS_TLS_CAN_ANY_CERTIFICATE: u32 = 4;
/// A TLS provider honours a `tls_min_version` of TLS 1.3.
pub const EGRET_WS_TLS_CAN_MIN_VERSION: u32 = 8;
/// A TLS provider returns the peer's certificates, from which the library checks `tls_pins`.
pub const EGRET_WS_TLS_CAN_CHAIN: u32 = 16;
/// A TLS provider resumes sessions, and honours `EGRET_WS_DISABLE_TLS_RESUMPTION`. A provider without this bit must not resume any.
pub const EGRET_WS_TLS_CAN_RESUME: u32 = 32;

/// State of a TLS session: the handshake is complete. The bit stays set.
pub const EGRET_WS_TLS_ESTABLISHED: u32 = 1;
/// State of a TLS session: there is more to send to the peer. The library calls `send` without plaintext until the bit is gone; each of
/// these calls must return some bytes, or clear the bit.
pub const EGRET_WS_TLS_HAS_OUTPUT: u32 = 2;
/// State of a TLS session: the peer has sent its close_notify. The bit stays set. The library does not call `receive` any more.
pub const EGRET_WS_TLS_PEER_CLOSED: u32 = 4;
/// State of a TLS session: it works on another thread. The library calls `send` without plaintext after the next
/// `egret_ws_tls_ready`, perhaps before it too. Until this bit is gone it calls nothing else for the session but `free_session`, which
/// may come at any time: then the connection has ended without a close_notify, and nothing is known of the session. A step that returns
/// bytes may set this bit too. The time-outs go on.
pub const EGRET_WS_TLS_BUSY: u32 = 8;

/// Bytes of the `message` of a TLS provider, with the zero at its end.
pub const EGRET_WS_TLS_MESSAGE_BYTES: usize = 256;

/// Return value of `on_request`: connect, unless the last answer of the server needs another request (HTTP 401, 403, 404, 407, 410).
pub const EGRET_WS_REQUEST_CONTINUE: i32 = 0;
/// Return value of `on_request`: connect, also after such an answer.
pub const EGRET_WS_REQUEST_CONNECT: i32 = 1;
/// Return value of `on_request`: not ready yet. `egret_ws_retry_now` has `on_request` called again.
pub const EGRET_WS_REQUEST_WAIT: i32 = 2;
/// Return value of `on_request`: no connection; `on_close` follows.
pub const EGRET_WS_REQUEST_STOP: i32 = 3;

/// State: the connection is being made, or made again, or `on_connect` has not been called yet.
pub const EGRET_WS_STATE_CONNECTING: i32 = 0;
/// State: `on_connect` was called; messages can be sent.
pub const EGRET_WS_STATE_OPEN: i32 = 1;
/// State: one side has begun to close, or the connection has ended and `on_close` has not been called yet. (After `on_retry` the
/// state stays CONNECTING until the next callback, or until this side closes or aborts.)
pub const EGRET_WS_STATE_CLOSING: i32 = 2;
/// State: `on_close` was called, or is running.
pub const EGRET_WS_STATE_CLOSED: i32 = 3;

/// Kind of a message: text, valid UTF-8.
pub const EGRET_WS_TEXT: i32 = 1;
/// Kind of a message: binary.
pub const EGRET_WS_BINARY: i32 = 2;

/// Direction of a frame: sent.
pub const EGRET_WS_FRAME_SENT: i32 = 1;
/// Direction of a frame: received.
pub const EGRET_WS_FRAME_RECEIVED: i32 = 2;
/// Instead of a direction: sent frames were not recorded, because the receive queue was full.
pub const EGRET_WS_FRAME_LOST: i32 = 3;
/// Flag of a frame: it is the last one of its message (FIN).
pub const EGRET_WS_FRAME_FIN: u32 = 1;
/// Flag of a frame: its message is compressed (RFC 7692 section 6). Each frame of the message has it.
pub const EGRET_WS_FRAME_COMPRESSED: u32 = 2;

/// Phase: `on_request` had not let the attempt begin.
pub const EGRET_WS_PHASE_REQUEST: i32 = 1;
/// Phase: the server's name was being looked up.
pub const EGRET_WS_PHASE_RESOLVE: i32 = 2;
/// Phase: TCP was connecting.
pub const EGRET_WS_PHASE_CONNECT: i32 = 3;
/// Phase: the proxy was being asked for a connection to the server.
pub const EGRET_WS_PHASE_PROXY: i32 = 4;
/// Phase: TLS was being set up: its handshake, and the check of the server's certificate.
pub const EGRET_WS_PHASE_TLS: i32 = 5;
/// Phase: the HTTP upgrade was under way (RFC 6455 section 4).
pub const EGRET_WS_PHASE_HANDSHAKE: i32 = 6;
/// Phase: the connection was open.
pub const EGRET_WS_PHASE_OPEN: i32 = 7;
/// Phase: the connection was closing, and accepted messages were being written before the Close frame.
pub const EGRET_WS_PHASE_FLUSH: i32 = 8;
/// Phase: the closing handshake was under way (RFC 6455 section 7): the Close frame of this side was passed to the operating system.
pub const EGRET_WS_PHASE_CLOSING: i32 = 9;

/// Initiator: this side ended it: a close, or a refusal of something the server sent (see `error`). A close of this side that came
/// before the server's Close frame stays the reason if the closing handshake then failed, by a reset or a time-out, as `error` says.
pub const EGRET_WS_INITIATOR_LOCAL: i32 = 1;
/// Initiator: the server (or a proxy) ended it: its Close frame came first, or its HTTP answer was a refusal. Also if the closing
/// handshake failed after the server's Close frame; `error` then says how (a reset, a time-out).
pub const EGRET_WS_INITIATOR_PEER: i32 = 2;
/// Initiator: the network did, before a Close frame of the server was received: no name, no route, a reset, an end of the stream,
/// a deadline that passed.
pub const EGRET_WS_INITIATOR_TRANSPORT: i32 = 3;

/// Log level: something failed inside the library.
pub const EGRET_WS_LOG_ERROR: i32 = 1;
/// Log level: a call was refused, or a connection failed. The default of a loop.
pub const EGRET_WS_LOG_WARN: i32 = 2;
/// Log level: connections made and ended.
pub const EGRET_WS_LOG_INFO: i32 = 3;
/// Log level: each step.
pub const EGRET_WS_LOG_DEBUG: i32 = 4;

/// No error.
pub const EGRET_WS_OK: i32 = 0;
/// An argument is not allowed: a NULL for a required pointer, an unknown flag, a value out of its range.
pub const EGRET_WS_ERR_INVALID_ARGUMENT: i32 = -1;
/// The handle is not one of a live loop, socket or query: freed, answered, forged, or of another kind.
pub const EGRET_WS_ERR_BAD_HANDLE: i32 = -2;
/// This library does not know the `struct_size`, or bytes after the fields that it knows are not zero: the caller was compiled
/// with a newer header and uses a field that this library does not have.
pub const EGRET_WS_ERR_BAD_STRUCT: i32 = -3;
/// A poll or a free of a loop inside one of its callbacks, or, of any loop, inside `on_log` or a wake-up callback.
pub const EGRET_WS_ERR_REENTRANT: i32 = -4;
/// Another thread is polling this loop.
pub const EGRET_WS_ERR_BUSY: i32 = -5;
/// The process was forked after a loop had been made: in the child no call works. If a callback forks, the poll or the
/// `egret_ws_loop_free` that called it returns this in the child, and does nothing more there.
pub const EGRET_WS_ERR_FORKED: i32 = -6;
/// No descriptor, thread, memory or handle is left, or `EGRET_WS_MAX_PENDING_SOCKETS` sockets wait for the loop. `os_error` or
/// `message` of the close report, `egret_ws_last_error_message` or the log line says which. From a send: nothing was sent and the
/// socket stays open.
pub const EGRET_WS_ERR_NO_RESOURCES: i32 = -7;
/// A fault in this library, caught before it could harm the application. Please report it with the line that `on_log` gets at the
/// level `EGRET_WS_LOG_ERROR`, or with `egret_ws_last_error_message`: both have the message and the source line.
pub const EGRET_WS_ERR_INTERNAL: i32 = -8;
/// Something this library cannot do on this system, or was built without.
pub const EGRET_WS_ERR_UNSUPPORTED: i32 = -9;
/// The socket is not open: `on_connect` was not called yet, or it is closing or closed.
pub const EGRET_WS_ERR_NOT_OPEN: i32 = -10;
/// The message is larger than `max_message_bytes`. From a send: nothing was sent and the socket stays open. In a close
/// report: the server sent it, and the library closed with 1009; or the server sent more than 2 MiB of frames for one message (many
/// empty fragments, or compressed blocks without content).
pub const EGRET_WS_ERR_MESSAGE_TOO_BIG: i32 = -11;
/// Text that is not UTF-8. From a call: nothing was sent. In a close report: the server sent it, and the library closed with 1007.
pub const EGRET_WS_ERR_INVALID_UTF8: i32 = -12;
/// The send buffer has no room for this message now. Nothing was sent, and the socket stays open: try again in `on_drain`.
pub const EGRET_WS_ERR_BACKPRESSURE: i32 = -13;
/// The URL or the host cannot be used; `egret_ws_last_error_message` and the log line say why.
pub const EGRET_WS_ERR_INVALID_URL: i32 = -14;
/// The close code may not be sent (RFC 6455 section 7.4), or the reason is longer than 123 bytes.
pub const EGRET_WS_ERR_INVALID_CLOSE: i32 = -15;
/// The server's answer has no header of this name, or there was no answer yet; or there is no close report, because `on_close` has
/// not begun.
pub const EGRET_WS_ERR_NOT_FOUND: i32 = -16;

/// Close report: the host's name was not found.
pub const EGRET_WS_ERR_RESOLVE: i32 = -30;
/// Close report: no TCP connection to any address of the host; `os_error` says why the last one failed.
pub const EGRET_WS_ERR_CONNECT: i32 = -31;
/// Close report: the proxy refused, could not reach the host, or did not speak its protocol. An HTTP proxy's status is in
/// `http_status`: 407 (from some, 401) if it wants another user name and password than the URL of `proxy` has. Its answer has the
/// same limits as a server's (see `EGRET_WS_ERR_HANDSHAKE`).
pub const EGRET_WS_ERR_PROXY: i32 = -32;
/// Close report: the answer to the upgrade was not valid for a WebSocket server (RFC 6455 section 4.1), or its head was
/// longer than 64 KiB (interim answers counted) or had more than 256 lines.
pub const EGRET_WS_ERR_HANDSHAKE: i32 = -40;
/// Close report: the server answered the upgrade with another HTTP status; see `http_status`. Also if the header lines after the
/// status line are malformed, too many, or cut off.
pub const EGRET_WS_ERR_HTTP_STATUS: i32 = -41;
/// Close report: the server redirected the connection, and the redirect was not followed: more than `max_redirects`, from `wss`
/// to `ws`, to another origin although the socket has subprotocols, to a nearer address (see `EGRET_WS_ALLOW_PRIVATE_REDIRECTS`), or
/// to a text that is not a URL. `http_status` is that of the redirect. With redirects off it is `EGRET_WS_ERR_HTTP_STATUS`.
pub const EGRET_WS_ERR_REDIRECT: i32 = -42;
/// Close report: a time-out passed; `phase` says in which stage. In `EGRET_WS_PHASE_OPEN` it is that of the heartbeat: the server
/// has not answered a ping. In `EGRET_WS_PHASE_FLUSH` it is `flush_timeout_ms`, in `EGRET_WS_PHASE_CLOSING` it is `close_timeout_ms`.
/// In `EGRET_WS_PHASE_REQUEST` the application has taken too long: `on_request` has not let the attempt begin.
pub const EGRET_WS_ERR_TIMEOUT: i32 = -50;
/// Close report: the connection broke without a closing handshake.
pub const EGRET_WS_ERR_CONNECTION_LOST: i32 = -51;
/// Close report: the server broke the protocol, and the library closed with 1002 (or with the code of an `egret_ws_close` before).
pub const EGRET_WS_ERR_PROTOCOL: i32 = -52;
/// Close report: closed by this side before the connection was made, aborted by this side, stopped by `on_request` before the first
/// attempt, or abandoned by a suspend (`EGRET_WS_LOOP_CLOSE_ON_SUSPEND`); `phase` says when.
pub const EGRET_WS_ERR_ABORTED: i32 = -53;
/// Close report: TLS failed, for another reason than the next errors; `message` says why. In `EGRET_WS_PHASE_TLS` the TLS handshake
/// failed. In a later phase the server sent 256 TLS records in a row without data (key updates, session tickets).
pub const EGRET_WS_ERR_TLS: i32 = -60;
/// Close report: the server's certificate has expired, or is not valid yet. A wrong clock of this machine looks the same.
pub const EGRET_WS_ERR_TLS_EXPIRED: i32 = -61;
/// Close report: the server's certificate is for another host.
pub const EGRET_WS_ERR_TLS_HOST: i32 = -62;
/// Close report: the server's certificate is not trusted. Its issuer is unknown, it is self-signed, or the certificate of an
/// issuer is missing from what the server sent. Or it may not be used for this purpose: it is not a certificate for servers, an
/// issuer may not issue it (name constraints, path length), or a key or a signature is too weak. `message` says which.
pub const EGRET_WS_ERR_TLS_ISSUER: i32 = -63;
/// Close report: the server's public key is none of `tls_pins`. The request was not sent. The certificate of `tls_identity` was
/// not sent either, except on Apple's systems and Windows.
pub const EGRET_WS_ERR_TLS_PIN: i32 = -64;
/// Close report: `tls_roots`, `tls_identity` or its password cannot be used; `message` says which and why.
pub const EGRET_WS_ERR_TLS_OPTIONS: i32 = -65;
