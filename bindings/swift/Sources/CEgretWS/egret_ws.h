/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * egret_ws.h - the WebSocket of native Egret game shells.
 * Generated from the Rust sources by cbindgen (make header); do not edit.
 *
 *
 * HOW TO USE IT, IN FIVE STEPS
 *
 *   1. Make a loop, once:            egret_ws_loop *loop;
 *                                    egret_ws_loop_new(NULL, &loop);
 *   2. Fill in a socket's options:   egret_ws_options options;
 *                                    egret_ws_options_init(&options, sizeof options);
 *                                    options.user = my_game;            (comes back in every callback)
 *                                    options.on_connect = on_connect;   (see the callback types below)
 *                                    options.on_data = on_data;
 *                                    options.on_close = on_close;
 *   3. Connect:                      egret_ws *ws;
 *                                    egret_ws_connect(loop, "127.0.0.1", 9000, &options, &ws);
 *   4. Poll, once a frame:           egret_ws_loop_poll(loop, 0);       (the callbacks run in here)
 *      and send when connected:      egret_ws_send_text(ws, "hello", EGRET_WS_NUL_TERMINATED);
 *   5. Close, and free:              egret_ws_close(ws, 1000, NULL, 0); (on_close comes from a later poll)
 *                                    egret_ws_free(ws);                 (at any time, in any state)
 *                                    egret_ws_loop_free(loop);
 *
 *   Every function that can fail returns an int32_t (one an int64_t): EGRET_WS_OK (0) or another number that is not negative, or
 *   a negative EGRET_WS_ERR_*. Its comment lists each error that it can return after "Errors:", without EGRET_WS_ERR_. Set on_log
 *   in the loop's options to read, in words, what was wrong with a call that was refused.
 *
 *
 * THE CONTRACT
 *
 *   Callbacks run only inside egret_ws_loop_poll, on its caller's thread, never inside connect, send or close. For each
 *   socket: at most one on_connect for each connection made, any number of on_data, exactly one on_close, then
 *   release_user once. (Exceptions, said where they are declared: on_log and the wake-up callback may come from any thread,
 *   and egret_ws_loop_free runs the release_user calls that are left.) With retry_attempts, an on_retry comes between the last
 *   on_data of one connection and the on_connect of the next.
 *
 *   Any function but egret_ws_loop_poll and egret_ws_loop_free may be called from a callback, egret_ws_free on that very
 *   socket too; a nested poll returns EGRET_WS_ERR_REENTRANT. After egret_ws_free returns, no callback of that socket
 *   begins; release_user still runs, once.
 *
 *   Every function but egret_ws_loop_poll and egret_ws_loop_free may be called from any thread at any time. A loop is
 *   polled and freed by one thread at a time.
 *
 *   Pointers given to callbacks are borrowed until the callback returns; pointers given to the library are copied before
 *   it returns. When a connect call fails, no callback runs, and `user` stays the caller's.
 *
 *   No call blocks but a poll with a time-out, and egret_ws_loop_free for at most linger_ms. No lock of the library is
 *   held while a callback runs.
 *
 *   A handle is a number that looks like a pointer: it is checked at every call and never dereferenced. A freed, forged or
 *   foreign one gives EGRET_WS_ERR_BAD_HANDLE. An out-parameter is written only on success.
 *
 *   Where a size comes from the peer or from the program (messages both ways, queues, answers, the copies that a call makes of
 *   its options), a failed allocation is reported: the call returns EGRET_WS_ERR_NO_RESOURCES and nothing happened, or the socket
 *   closes with it, after the messages that came before. Any other failed allocation aborts the process; among them are some of a
 *   few KiB for each attempt to connect.
 *
 *   A callback must not throw a C++ exception or longjmp out: catch what your code throws.
 *
 *   A message has at most 128 KiB (131072 bytes) of payload, both ways. Sending more returns
 *   EGRET_WS_ERR_MESSAGE_TOO_BIG and the socket stays open; a peer that sends more is told 1009 and on_close says
 *   EGRET_WS_ERR_MESSAGE_TOO_BIG.
 *
 *   A phone's shell says what it knows: egret_ws_loop_suspend before its process may be frozen, egret_ws_loop_resume after,
 *   egret_ws_loop_network_changed when the system says so. What it does not know, the heartbeat finds out.
 *
 *   A process may end at any time, by exit() too: the library does nothing then, and peers see connections end without a Close
 *   frame; free the loop first, with linger_ms, to say goodbye. A loop that is not freed may still log, and call its wake-up,
 *   from its I/O thread while exit() runs.
 *
 *   A loop looks names up on threads, two for a name (IPv4 and IPv6): at most 64 whose answers a socket waits for. Only the
 *   system can end a look-up. One that no socket waits for any more keeps its thread; with those a loop has at most 96. While a
 *   look-up hangs, at most four others are begun for the same name and family, after waits that double, and only while the loop
 *   has fewer than 64; the next one waits until others end.
 *
 *   After fork() the child process gets EGRET_WS_ERR_FORKED from every call, if the parent had made a loop. A callback may fork
 *   too: when it returns in the child, the library does nothing more there, and the poll returns EGRET_WS_ERR_FORKED. Free every
 *   loop before unloading the library; on ELF systems it stays in memory all the same, for a name look-up that hangs.
 *
 *   Structs begin with struct_size and only ever grow at their end: a program compiled with this header works with every
 *   later version of the library. Fields that the program does not have are 0, their default. In a struct of a newer header,
 *   bytes that the library does not know must be 0, else the call returns EGRET_WS_ERR_BAD_STRUCT.
 */

#ifndef EGRET_WS_H
#define EGRET_WS_H

#include <stddef.h>
#include <stdint.h>

/* Pass this as the length of a `char` pointer to say that the text ends at its NUL. */
#define EGRET_WS_NUL_TERMINATED ((size_t)-1)

/*
 * The most payload bytes one message may have, sent or received: 128 KiB, inclusive. 131072 bytes pass and 131073 do
 * not. It counts UTF-8 bytes for text, after reassembly of fragments. `max_message_bytes` can lower it, nothing raises it.
 */
#define EGRET_WS_MAX_MESSAGE_BYTES 131072

/*
 * How many sockets can wait for their loop: connect calls that the loop has not begun, and, counted separately, freed sockets
 * whose `release_user` no poll has called yet. Beyond this number a connect call returns `EGRET_WS_ERR_NO_RESOURCES`: poll the
 * loop, then try again. Sockets that are connecting or open do not count.
 */
#define EGRET_WS_MAX_PENDING_SOCKETS 16384

/*
 * `flags` of the loop's options: no thread. `egret_ws_loop_poll` does the reading and writing itself, and a send outside
 * a callback is written at once. Without this flag a loop has one I/O thread, however many sockets it has.
 */
#define EGRET_WS_LOOP_INLINE 1

/*
 * `flags` of the loop's options: `egret_ws_loop_suspend` closes what is open, with 1001 (going away), instead of letting it
 * wait.
 */
#define EGRET_WS_LOOP_CLOSE_ON_SUSPEND 2

/*
 * `flags` of a socket's options: with `wss`, accept any certificate: expired, of another host, of an unknown issuer. For
 * tests with a server of your own only: anyone on the way can read and change all that is sent. Each connection made so
 * logs a warning. `tls_pins` are checked all the same.
 */
#define EGRET_WS_INSECURE 1

/*
 * `flags` of a socket's options: with `wss`, trust the certificates of `tls_roots`, which must not be empty, and no
 * others.
 */
#define EGRET_WS_ONLY_THESE_ROOTS 2

/*
 * `flags` of a socket's options: without a `proxy`, take it from the environment, as it is during the connect call:
 * `https_proxy` for `wss`, `http_proxy` for `ws`, else `all_proxy`; none for the hosts of `no_proxy`. The names are read
 * in lower case first, then in upper case (`HTTP_PROXY` not where `REQUEST_METHOD` is set: a CGI program's is its
 * client's). A process with more rights than its user (setuid, setgid) does not read them. Loopback hosts are never proxied.
 * A proxy that cannot be used, and a `no_proxy` of more than 65536 bytes, give `EGRET_WS_ERR_INVALID_ARGUMENT`; a proxy that
 * needs TLS (`https://`) gives `EGRET_WS_ERR_UNSUPPORTED`.
 */
#define EGRET_WS_PROXY_FROM_ENVIRONMENT 4

/* `flags` of a socket's options: do without permessage-deflate (RFC 7692). Without this flag it is offered, as browsers do. */
#define EGRET_WS_NO_DEFLATE 8

/*
 * `flags` of a socket's options: this side compresses each message by itself (`client_no_context_takeover`): nothing
 * of one is kept for the next, and each is the larger for it. The compressor's memory stays.
 */
#define EGRET_WS_CLIENT_NO_CONTEXT_TAKEOVER 16

/*
 * `flags` of a socket's options: the server is to compress each message by itself (`server_no_context_takeover`). A server
 * that takes the offer without this fails the handshake.
 */
#define EGRET_WS_SERVER_NO_CONTEXT_TAKEOVER 32

/*
 * `flags` of a socket's options: when a connection is lost and tried again, messages that were accepted and not wholly handed
 * to the operating system are kept, and sent first on the next one. (What it was handed may be lost too; only an answer of
 * the server's can tell.) Without this flag they are dropped, and `on_retry` tells how many.
 */
#define EGRET_WS_RESEND 64

/*
 * `flags` of a socket's options: with `wss`, do not offer the protocol `http/1.1` by ALPN (RFC 7301). Without this flag it is
 * offered, as browsers do. If the server selects another protocol, the handshake fails with `EGRET_WS_ERR_TLS`; a server without
 * ALPN is accepted. The flag has no effect with `ws`.
 */
#define EGRET_WS_NO_ALPN 128

/*
 * `flags` of a socket's options: also follow a redirect to a nearer address than that of the server that sent it: from a public
 * address to a private, link-local or loopback one, or from a private address to a loopback one. Without this flag such a
 * redirect ends with `EGRET_WS_ERR_REDIRECT` in `EGRET_WS_PHASE_CONNECT`, because the server could make this machine connect to
 * services that trust its network. The addresses are checked after the look-up. A proxy looks names up itself: with a proxy,
 * only a host that is an address or `localhost` is checked, and the phase is `EGRET_WS_PHASE_PROXY`.
 */
#define EGRET_WS_REDIRECT_TO_PRIVATE 256

/* TLS 1.2, for `tls_min_version`, and in the statistics. */
#define EGRET_WS_TLS_1_2 771

/* TLS 1.3, for `tls_min_version`, and in the statistics. */
#define EGRET_WS_TLS_1_3 772

/* State: the connection is being made, or made again, or `on_connect` has not been called yet. */
#define EGRET_WS_STATE_CONNECTING 0

/* State: `on_connect` was called; messages can be sent. */
#define EGRET_WS_STATE_OPEN 1

/*
 * State: one side has begun to close, or the connection has ended and `on_close` has not been called yet. (After `on_retry` the state
 * stays CONNECTING until the next callback.)
 */
#define EGRET_WS_STATE_CLOSING 2

/* State: `on_close` was called, or is running. */
#define EGRET_WS_STATE_CLOSED 3

/* Kind of a message: text, valid UTF-8. */
#define EGRET_WS_TEXT 1

/* Kind of a message: binary. */
#define EGRET_WS_BINARY 2

/* Phase: the host's name was being looked up. */
#define EGRET_WS_PHASE_RESOLVE 1

/* Phase: TCP was connecting. */
#define EGRET_WS_PHASE_CONNECT 2

/* Phase: the proxy was being asked for a connection to the host. */
#define EGRET_WS_PHASE_PROXY 3

/* Phase: TLS was being set up: its handshake, and the check of the server's certificate. */
#define EGRET_WS_PHASE_TLS 4

/* Phase: the HTTP upgrade was under way (RFC 6455 section 4). */
#define EGRET_WS_PHASE_HANDSHAKE 5

/* Phase: the connection was open. */
#define EGRET_WS_PHASE_OPEN 6

/* Phase: the closing handshake was under way (RFC 6455 section 7). */
#define EGRET_WS_PHASE_CLOSING 7

/*
 * Initiator: this side ended it: a close, or a refusal of something the peer sent (see `error`). A close of this side that came
 * before the peer's Close frame stays the reason if the closing handshake then failed, by a reset or a time-out, as `error` says.
 */
#define EGRET_WS_INITIATOR_LOCAL 1

/*
 * Initiator: the peer ended it: its Close frame came first, or its HTTP answer was a refusal. Also if the closing handshake
 * failed after the peer's Close frame; `error` then says how (a reset, a time-out).
 */
#define EGRET_WS_INITIATOR_PEER 2

/*
 * Initiator: the network did, before a Close frame of the peer was received: no name, no route, a reset, an end of the stream,
 * a deadline that passed.
 */
#define EGRET_WS_INITIATOR_TRANSPORT 3

/* Log level: something failed inside the library. */
#define EGRET_WS_LOG_ERROR 1

/* Log level: a call was refused, or a connection failed. What a loop logs unless told otherwise. */
#define EGRET_WS_LOG_WARN 2

/* Log level: connections made and ended. */
#define EGRET_WS_LOG_INFO 3

/* Log level: each step. */
#define EGRET_WS_LOG_DEBUG 4

/* No error. */
#define EGRET_WS_OK 0

/* An argument is not allowed: a NULL where something is needed, an unknown flag, a value out of its range. */
#define EGRET_WS_ERR_INVALID_ARGUMENT (-1)

/* The handle is not one of a live loop or socket: freed, forged, or of the other kind. */
#define EGRET_WS_ERR_BAD_HANDLE (-2)

/*
 * `struct_size` is none this library knows, or bytes past the end it knows are not zero: the caller was compiled
 * against a newer header and uses something this library does not have.
 */
#define EGRET_WS_ERR_BAD_STRUCT (-3)

/* The call is not allowed inside a callback: a poll in a poll, or freeing the loop from its own callback. */
#define EGRET_WS_ERR_REENTRANT (-4)

/* Another thread is polling this loop. */
#define EGRET_WS_ERR_BUSY (-5)

/*
 * The process was forked after a loop had been made: in the child no call works. If a callback forks, the poll or the
 * `egret_ws_loop_free` that called it returns this in the child, and does nothing more there.
 */
#define EGRET_WS_ERR_FORKED (-6)

/*
 * No descriptor, thread, memory or handle is left, or `EGRET_WS_MAX_PENDING_SOCKETS` sockets wait for the loop. `os_error` or
 * `message` of the close report, or the log line, says which. From a send: nothing was sent and the socket stays open.
 */
#define EGRET_WS_ERR_NO_RESOURCES (-7)

/*
 * A fault in this library, caught before it could reach the game. Please report it with the line that `on_log` gets at the level
 * `EGRET_WS_LOG_ERROR`: it has the message and the source line. (A call without a handle prints it to stderr only.)
 */
#define EGRET_WS_ERR_INTERNAL (-8)

/* Something this library cannot do, for example use a proxy that needs TLS (`https://`). */
#define EGRET_WS_ERR_UNSUPPORTED (-9)

/* The socket is not open: `on_connect` was not called yet, or it is closing or closed. */
#define EGRET_WS_ERR_NOT_OPEN (-10)

/*
 * The message is larger than `max_message_bytes`. From a send: nothing was sent and the socket stays open. In a close
 * report: the peer sent it, and was told 1009; or the peer sent more than 2 MiB of frames for one message (many empty
 * fragments, or compressed blocks without content).
 */
#define EGRET_WS_ERR_MESSAGE_TOO_BIG (-11)

/* Text that is not UTF-8. From a call: nothing was sent. In a close report: the peer sent it, and was told 1007. */
#define EGRET_WS_ERR_INVALID_UTF8 (-12)

/* The send buffer has no room for this message now. Nothing was sent, nothing is closed: try again from `on_drain`. */
#define EGRET_WS_ERR_BACKPRESSURE (-13)

/* The URL or host cannot be used; the log line says why. */
#define EGRET_WS_ERR_INVALID_URL (-14)

/* The close code may not be sent (RFC 6455 section 7.4), or the reason is longer than 123 bytes. */
#define EGRET_WS_ERR_INVALID_CLOSE (-15)

/* The server's answer has no header of this name, or there was no answer yet. */
#define EGRET_WS_ERR_NOT_FOUND (-16)

/* Close report: the host's name was not found. */
#define EGRET_WS_ERR_RESOLVE (-30)

/* Close report: no TCP connection to any address of the host; `os_error` says why the last one failed. */
#define EGRET_WS_ERR_CONNECT (-31)

/*
 * Close report: the proxy refused, could not reach the host, or did not speak its protocol. An HTTP proxy's status is in
 * `http_status`: 407 (from some, 401) if it wants another user name and password than the URL of `proxy` has. Its answer has the
 * same limits as a server's (see `EGRET_WS_ERR_HANDSHAKE`).
 */
#define EGRET_WS_ERR_PROXY (-32)

/*
 * Close report: the answer to the upgrade was not one a WebSocket server may give (RFC 6455 section 4.1), or its head was
 * longer than 64 KiB (interim answers counted) or had more than 256 lines.
 */
#define EGRET_WS_ERR_HANDSHAKE (-40)

/*
 * Close report: the server answered the upgrade with another HTTP status; see `http_status`. Also if the header lines after the
 * status line are malformed, too many, or cut off.
 */
#define EGRET_WS_ERR_REFUSED (-41)

/*
 * Close report: the server sent the connection elsewhere, and it was not followed: more than `max_redirects`, from `wss`
 * to `ws`, to another origin although the socket has subprotocols, to a nearer address (see `EGRET_WS_REDIRECT_TO_PRIVATE`), or
 * to something that is not a URL. `http_status` is that of the redirect. With redirects off it is `EGRET_WS_ERR_REFUSED`.
 */
#define EGRET_WS_ERR_REDIRECT (-42)

/*
 * Close report: a deadline passed; `phase` says in which stage. In `EGRET_WS_PHASE_OPEN` it is the heartbeat's: the peer has
 * not answered a ping.
 */
#define EGRET_WS_ERR_TIMEOUT (-50)

/* Close report: the connection broke without a closing handshake. */
#define EGRET_WS_ERR_CONNECTION_LOST (-51)

/* Close report: the peer broke the protocol, and was told 1002 (or the code of a close of ours that came before it). */
#define EGRET_WS_ERR_PROTOCOL (-52)

/* Close report: closed by this side before the connection was made. */
#define EGRET_WS_ERR_ABORTED (-53)

/*
 * Close report: TLS failed, for another reason than those below; `message` says why. In `EGRET_WS_PHASE_TLS` the TLS handshake
 * failed. In a later phase the peer sent 256 TLS records in a row without data (key updates, session tickets).
 */
#define EGRET_WS_ERR_TLS (-60)

/* Close report: the server's certificate has expired, or is not valid yet. A wrong clock of this machine looks the same. */
#define EGRET_WS_ERR_TLS_EXPIRED (-61)

/* Close report: the server's certificate is for another host. */
#define EGRET_WS_ERR_TLS_HOST (-62)

/*
 * Close report: the server's certificate is not trusted. Its issuer is unknown, it is self-signed, or the certificate of an
 * issuer is missing from what the server sent. Or it may not be used for this purpose: it is not a certificate for servers, an
 * issuer may not issue it (name constraints, path length), or a key or a signature is too weak. `message` says which.
 */
#define EGRET_WS_ERR_TLS_ISSUER (-63)

/*
 * Close report: the server's public key is none of `tls_pins`. The request was not sent. The certificate of `tls_identity` was
 * not sent either, except on Apple's systems and Windows.
 */
#define EGRET_WS_ERR_TLS_PIN (-64)

/* Close report: `tls_roots`, `tls_identity` or its password cannot be used; `message` says which and why. */
#define EGRET_WS_ERR_TLS_OPTIONS (-65)

/* The version of the header: major × 65536 + minor × 256 + patch. Compare with `egret_ws_version_number`. */
#define EGRET_WS_VERSION_NUMBER 256

/* A socket: one WebSocket connection of a loop. Opaque; never dereferenced. */
typedef struct egret_ws egret_ws;

/* A loop: the I/O of any number of sockets and the queue of their events. Opaque; never dereferenced. */
typedef struct egret_ws_loop egret_ws_loop;

/*
 * Called for each log line at or below the loop's `log_level`. **The one callback that may come from another thread**:
 * from the I/O thread, or from inside any call of this library, on its caller's thread. `text` is UTF-8, ends in a NUL
 * and has no line break; it is borrowed until the callback returns. `ws` is the socket meant, or NULL; it may be freed
 * already, so use it to compare only. Never contains message payloads. Return soon: the connection waits. In here
 * `egret_ws_loop_poll` and `egret_ws_loop_free` return `EGRET_WS_ERR_REENTRANT`, and no call is logged. No line begins after
 * `egret_ws_loop_free` has returned; one that another thread's call has begun may still be running. If this callback forks, it
 * must not return in the child: the child calls `_exit` or `exec`.
 */
typedef void (*egret_ws_on_log)(void *user, int32_t level, const char *text, egret_ws *ws);

/*
 * Options of a loop. Fill it with `egret_ws_loop_options_init`, then set what you need; a field that is zero means its
 * default. Read during `egret_ws_loop_new` only; `user` and `on_log` are kept until `egret_ws_loop_free` returns.
 */
typedef struct egret_ws_loop_options {
    /* Bytes of this struct as the caller knows it; set by `egret_ws_loop_options_init`. */
    uint32_t struct_size;
    /* Any of `EGRET_WS_LOOP_INLINE`, `EGRET_WS_LOOP_CLOSE_ON_SUSPEND`; 0: a loop with an I/O thread. Unknown bits are refused. */
    uint32_t flags;
    /* Handed to `on_log`. Not touched by the library. */
    void *user;
    /* Where log lines go. NULL: nowhere. */
    egret_ws_on_log on_log;
    /* The highest `EGRET_WS_LOG_*` level to log. 0: `EGRET_WS_LOG_WARN`. */
    int32_t log_level;
    /*
     * Budget of a poll: the most callbacks one `egret_ws_loop_poll` makes; the rest waits for the next. 0: 4096.
     * UINT32_MAX: no limit.
     */
    uint32_t poll_max_callbacks;
    /*
     * Budget of a poll: the microseconds after which one `egret_ws_loop_poll` begins no further callback; at least one
     * is made. As long as callbacks take less than a microsecond each, the clock is read once for up to 16 of them. 0: 4000.
     * UINT32_MAX: no limit. With `EGRET_WS_LOOP_INLINE` the reading and writing of the poll counts too: it takes at most about
     * half of the budget, and never more than a few milliseconds. The next poll goes on with the sockets that were not served.
     */
    uint32_t poll_max_us;
    /*
     * The longest time in milliseconds that `egret_ws_loop_free` waits for what was accepted to be written and for
     * closing handshakes to end. 0: it does not wait; what the network does not take at once is dropped.
     */
    uint32_t linger_ms;
} egret_ws_loop_options;

/*
 * Called to say that `egret_ws_loop_poll` has something to do: once, until the next poll. **Comes from another thread**: the
 * I/O thread, or one that makes a call of this library. Hand the word on (post a task, write to a pipe) and return soon: the
 * connections wait. In here `egret_ws_loop_poll` and `egret_ws_loop_free` return `EGRET_WS_ERR_REENTRANT`, and no call is logged.
 * If this callback forks, it must not return in the child: the child calls `_exit` or `exec`.
 */
typedef void (*egret_ws_on_wakeup)(void *user);

/*
 * Called when the connection is open: once, or with `retry_attempts` once for each connection made (`egret_ws_generation`
 * tells which it is). `user` is the one of the socket's options. From here on messages can be sent,
 * from inside this callback too; unless the connection has ended meanwhile, as `on_close` will tell.
 */
typedef void (*egret_ws_on_connect)(void *user, egret_ws *ws);

/*
 * Called for each message. `kind` is `EGRET_WS_TEXT` or `EGRET_WS_BINARY`; `data` is never NULL and has `len` bytes, 0 to
 * `max_message_bytes`, borrowed until the callback returns. Text is valid UTF-8 and is followed by a NUL that `len` does
 * not count (the text may contain NULs of its own). Messages come in the order in which the peer sent them; they may
 * still come after `egret_ws_close`, until the peer's Close frame. A peer that breaks the protocol is told when the
 * messages before that were dispatched, so they can be answered still, or after `close_timeout_ms`.
 */
typedef void (*egret_ws_on_data)(void *user, egret_ws *ws, int32_t kind, const uint8_t *data, size_t len);

/* How and why a connection ended. Everything it points to is borrowed until `on_close` returns. */
typedef struct egret_ws_close_info {
    /* Bytes of this struct as the library knows it. Read a field only if it lies within. */
    uint32_t struct_size;
    /*
     * `EGRET_WS_OK` when both Close frames were exchanged and neither side failed the connection (what a browser calls
     * `wasClean`), else one of `EGRET_WS_ERR_*`.
     */
    int32_t error;
    /* In which phase it ended: one of `EGRET_WS_PHASE_*`. */
    int32_t phase;
    /* Who ended it: one of `EGRET_WS_INITIATOR_*`. */
    int32_t initiator;
    /* The HTTP status that the server answered the upgrade with, or a proxy its request; 0 if there was no answer. */
    int32_t http_status;
    /* The operating system's error number (`errno`, `WSAGetLastError`), or 0. */
    int32_t os_error;
    /*
     * What a browser's `CloseEvent.code` says: the code of the peer's Close frame; 1005 if that had none; 1006 if none
     * came.
     */
    uint16_t code;
    /* The code of the Close frame this side sent: 1005 if that had none, 0 if none was sent. */
    uint16_t sent_code;
    /* Messages accepted by a send and not, or not wholly, handed to the operating system. */
    uint32_t unsent_messages;
    /* The reason of the peer's Close frame: UTF-8, `reason_len` bytes and then a NUL; never NULL. */
    const char *reason;
    /* Bytes of `reason`, 0 to 123. */
    size_t reason_len;
    /* What happened, for a log: a readable English sentence, UTF-8, ending in a NUL; never NULL. */
    const char *message;
    /* Payload bytes of `unsent_messages`. */
    uint64_t unsent_bytes;
} egret_ws_close_info;

/*
 * Called exactly once, after every message that came before the end, unless the socket or its loop was freed before.
 * `info` and what it points to are borrowed until the callback returns. The handle stays valid, in state
 * `EGRET_WS_STATE_CLOSED`, until `egret_ws_free`.
 */
typedef void (*egret_ws_on_close)(void *user, egret_ws *ws, const egret_ws_close_info *info);

/*
 * Called exactly once for each socket that was made, as its very last callback: after `on_close`, or after
 * `egret_ws_free`, from the next `egret_ws_loop_poll`, or from `egret_ws_loop_free` for what is left then. The place to
 * free `user`, or to drop the reference to it.
 */
typedef void (*egret_ws_release_user)(void *user);

/* A header of the request. Both end in a NUL and are copied. */
typedef struct egret_ws_header {
    /* Its name, such as `Authorization`. */
    const char *name;
    /* Its value. */
    const char *value;
} egret_ws_header;

/*
 * Called once after sends were refused with `EGRET_WS_ERR_BACKPRESSURE`, when the send buffer is at most half full and
 * has room for the largest of the messages that were refused. Called once, also if that happens several times between two
 * polls. Not called when the connection broke or closes before that.
 */
typedef void (*egret_ws_on_drain)(void *user, egret_ws *ws);

/*
 * Called with `retry_attempts`, before each wait, when a connection was lost or could not be made and will be tried again.
 * `info` tells of that one as `on_close` would, with what was unsent, and is borrowed until the callback returns. `attempt`
 * counts from 1; `delay_ms` is the length of the wait. During a suspend it is UINT32_MAX: the wait ends with
 * `egret_ws_loop_resume`. The socket is in state `EGRET_WS_STATE_CONNECTING` from here on; `on_connect` is called when it is open
 * again. `egret_ws_retry_now` ends the wait and tries at once. `egret_ws_close` ends the trying: call it to stop for reasons of
 * your own, such as a close code of your server's. If the host does not poll, a socket is tried again only until eight calls of
 * `on_connect` and `on_retry` wait for the poll; the next try begins when the host has polled.
 */
typedef void (*egret_ws_on_retry)(void *user,
                                  egret_ws *ws,
                                  const egret_ws_close_info *info,
                                  uint32_t attempt,
                                  uint32_t delay_ms);

/*
 * Options of a socket. Fill it with `egret_ws_options_init`, then set what you need; a field that is zero means its
 * default. Read during the connect call only; `user` and the callbacks are kept until `release_user` ran.
 *
 * The connect call returns `EGRET_WS_ERR_INVALID_ARGUMENT`, and logs the name of the field, for a text or list that is longer
 * than its field allows, for a NULL with a length or count that is not 0, and for a pointer with a length of 0. An array with a
 * count of 0 is an empty list.
 */
typedef struct egret_ws_options {
    /* Bytes of this struct as the caller knows it; set by `egret_ws_options_init`. */
    uint32_t struct_size;
    /*
     * Any of `EGRET_WS_INSECURE`, `EGRET_WS_ONLY_THESE_ROOTS`, `EGRET_WS_PROXY_FROM_ENVIRONMENT`, `EGRET_WS_NO_DEFLATE`,
     * `EGRET_WS_CLIENT_NO_CONTEXT_TAKEOVER`, `EGRET_WS_SERVER_NO_CONTEXT_TAKEOVER`, `EGRET_WS_RESEND`, `EGRET_WS_NO_ALPN`,
     * `EGRET_WS_REDIRECT_TO_PRIVATE`. Unknown bits are refused.
     */
    uint32_t flags;
    /* Handed to every callback of the socket. Not touched by the library; yours to free in `release_user`. */
    void *user;
    /* See the callback's type. NULL: not called. */
    egret_ws_on_connect on_connect;
    /* See the callback's type. NULL: messages are counted as received and dropped. */
    egret_ws_on_data on_data;
    /* See the callback's type. NULL: not called. */
    egret_ws_on_close on_close;
    /* See the callback's type. NULL: not called. */
    egret_ws_release_user release_user;
    /* The longest time in milliseconds for the name look-up and TCP together. 0: 15000. */
    uint32_t connect_timeout_ms;
    /* The longest time in milliseconds for the HTTP upgrade, from the moment its request can be sent. 0: 10000. */
    uint32_t handshake_timeout_ms;
    /*
     * The longest time in milliseconds from `egret_ws_close`, or from the peer's Close frame, to the end of the
     * connection. 0: 5000.
     */
    uint32_t close_timeout_ms;
    /* The most payload bytes of a message, sent or received, at most `EGRET_WS_MAX_MESSAGE_BYTES`. 0: 131072. */
    uint32_t max_message_bytes;
    /*
     * The most bytes, frame headers counted, that may wait to be written; a send that would go beyond returns
     * `EGRET_WS_ERR_BACKPRESSURE`. At least `max_message_bytes` + 14. 0: 1 MiB.
     */
    uint32_t max_send_buffer_bytes;
    /*
     * The number of bytes waiting to be dispatched (each message counts 32 bytes more than its payload) at which the
     * library stops reading this socket, until polls have taken half of them; TCP then pushes back. One message may
     * lie above it, and 64 KiB that were read and not decoded. 0: 1 MiB.
     */
    uint32_t max_receive_queue_bytes;
    /*
     * The subprotocols the server may choose from (RFC 6455 section 1.9): a comma-separated list of at most 128 tokens, at
     * most 8192 bytes, in the order of preference, ending in a NUL, copied. NULL: none. A server that chooses none of them
     * fails the handshake, as in a browser. `egret_ws_subprotocol` returns the chosen one. A socket with subprotocols does not
     * follow redirects to another origin.
     */
    const char *subprotocols;
    /*
     * Further headers of the request: `header_count` of them, at most 256, copied. May be NULL if that is 0. Names are tokens,
     * values have no control characters but tabs (so no CR, LF or NUL); together at most 8192 bytes. `Host`, `Connection`,
     * `Upgrade`, `Origin`, `User-Agent`, what begins with `Sec-WebSocket-` and what describes a body are refused: they are the
     * library's, or have options of their own. Redirects to another origin do not get them.
     */
    const egret_ws_header *headers;
    /* The number of `headers`. */
    size_t header_count;
    /*
     * The `Origin` header (RFC 6455 section 10.2), such as `https://example.com`, at most 8192 bytes, ending in a
     * NUL, copied. NULL: none, as is usual outside of browsers.
     */
    const char *origin;
    /* The `User-Agent` header, at most 8192 bytes, ending in a NUL, copied. NULL: `egret-ws/` and the version. Empty: none. */
    const char *user_agent;
    /*
     * User name for basic authentication (RFC 7617) at the server, at most 8192 bytes, ending in a NUL, copied. NULL: the
     * user name of the URL, if it has one. Redirects to another origin do not get it.
     */
    const char *username;
    /* The password of `username`, at most 8192 bytes, ending in a NUL, copied. It is refused without a `username`. NULL: empty. */
    const char *password;
    /*
     * How many redirects (HTTP 301, 302, 303, 307, 308) to follow, at most 20. 0: none. The library never follows one from
     * `wss` to `ws`; one to another origin only without `subprotocols`, which often carry a token; one from a public to a
     * private address only with `EGRET_WS_REDIRECT_TO_PRIVATE`. A `Location` has at most 8192 bytes; the library ignores a
     * fragment, a user name and a password in it.
     */
    uint32_t max_redirects;
    /* With `wss`: the lowest version of TLS, `EGRET_WS_TLS_1_2` or `EGRET_WS_TLS_1_3`. 0: 1.2. */
    uint32_t tls_min_version;
    /*
     * The proxy to connect through: `http://host:port` (asked by CONNECT) or `socks5://host:port`, with
     * `user:password@` before the host if it wants them, at most 8192 bytes, ending in a NUL, copied. The proxy looks the
     * server's name up. `https://` is refused with `EGRET_WS_ERR_UNSUPPORTED`. NULL: none, or see
     * `EGRET_WS_PROXY_FROM_ENVIRONMENT`. Empty: none, whatever the flag says.
     */
    const char *proxy;
    /*
     * With `wss`: certificates of authorities to trust besides the system's, or with `EGRET_WS_ONLY_THESE_ROOTS` instead of
     * them: PEM, `tls_roots_len` bytes (or up to its NUL with `EGRET_WS_NUL_TERMINATED`), at most 1048576 bytes, copied. NULL
     * if, and only if, that is 0. Each certificate is trusted as given: a root, an authority below one, or a server's own
     * certificate (on Windows a root only). The name and the dates of a server's certificate are always checked. On Linux the
     * system's certificates are those of `SSL_CERT_FILE` and `SSL_CERT_DIR`, else those of the distribution; a process with
     * more rights than its user (setuid, setgid) does not read the two variables.
     */
    const char *tls_roots;
    /* Bytes of `tls_roots`. */
    size_t tls_roots_len;
    /*
     * With `wss`: the public keys that the server's certificate may have, each as `sha256/` and the base64 of the SHA-256
     * of its SubjectPublicKeyInfo (as RFC 7469 section 2.4 counts it): a comma-separated list of at most 64 pins, at most 8192
     * bytes, ending in a NUL, copied. One of them must match, so name the next key beside the present one. The key is checked
     * after the certificate and before the request is sent. It is also checked before this side's own certificate is sent,
     * except on Apple's systems and Windows. NULL: none.
     */
    const char *tls_pins;
    /*
     * With `wss`: this side's own certificate and key, if the server asks for them: PKCS#12, `tls_identity_len` bytes,
     * at most 1048576, copied. NULL if, and only if, that is 0. Redirects to another origin do not get it.
     */
    const uint8_t *tls_identity;
    /* Bytes of `tls_identity`. */
    size_t tls_identity_len;
    /* The password of `tls_identity`, at most 8192 bytes, ending in a NUL, copied. NULL: empty. */
    const char *tls_identity_password;
    /*
     * With `wss`: the name that is asked for (SNI) and that the certificate must have, instead of the URL's host; a name
     * or an IP address, at most 253 bytes, ending in a NUL, copied. NULL: the URL's host. Redirects to another origin do not
     * ask for it.
     */
    const char *tls_server_name;
    /* The longest time in milliseconds for the name look-up. 0: `connect_timeout_ms`. */
    uint32_t resolve_timeout_ms;
    /* The longest time in milliseconds for the proxy's answer. 0: 10000. */
    uint32_t proxy_timeout_ms;
    /* The longest time in milliseconds for the TLS handshake. 0: 10000. */
    uint32_t tls_timeout_ms;
    /* The longest time in milliseconds for all of it, redirects too. 0: 60000. */
    uint32_t open_timeout_ms;
    /* permessage-deflate: how hard this side compresses, 1 (fast) to 9 (small). 0: 6. */
    uint32_t deflate_level;
    /*
     * permessage-deflate: messages of fewer bytes are sent without compression, and so are messages that compression does not
     * make smaller. 0: 256. UINT32_MAX: no message is compressed.
     */
    uint32_t deflate_threshold_bytes;
    /*
     * permessage-deflate: the largest window this side uses to compress, as a power of two, 9 to 15; the server may ask for
     * less. The compressor takes 4 times the window and 244 KiB, from the first message on that is compressed. 0: 15.
     */
    uint32_t deflate_client_window_bits;
    /*
     * permessage-deflate: the largest window that the server may use, 9 to 15. A socket whose server agreed to compress
     * takes 47 KiB for what comes in, whatever the window. A server that takes the offer without this limit fails the
     * handshake. 0: 15, that is no limit.
     */
    uint32_t deflate_server_window_bits;
    /* See the callback's type. NULL: not called. */
    egret_ws_on_drain on_drain;
    /* See the callback's type. NULL: not called. */
    egret_ws_on_retry on_retry;
    /*
     * Heartbeat: a ping (RFC 6455 section 5.5.2) is sent when nothing at all has been received for this many milliseconds.
     * It finds out about a peer that is gone, and keeps the routers on the way from forgetting the connection: mobile
     * networks do after half a minute, proxies mostly after one. Hence the default. 0: 20000. UINT32_MAX: no pings but those
     * of `egret_ws_ping`, `egret_ws_loop_resume` and `egret_ws_loop_network_changed`.
     */
    uint32_t ping_interval_ms;
    /*
     * Heartbeat: how many milliseconds after a ping any byte must have been received, else the connection ends with
     * `EGRET_WS_ERR_TIMEOUT` in `EGRET_WS_PHASE_OPEN`. While a backlog is before the ping, what the network is seen to take of
     * it counts as a sign of life too; and while the receive queue is full, nothing is expected. The default is what a
     * phone's radio in a crowded cell may take, and some more. (Where the system offers it, TCP itself gives up too when the
     * peer has taken nothing of what was written for four times `ping_interval_ms` and this.) 0: 10000. UINT32_MAX: none, for
     * servers that answer no pings.
     */
    uint32_t pong_timeout_ms;
    /*
     * The same after `egret_ws_loop_resume` and `egret_ws_loop_network_changed`, where it is likely that the connection is
     * gone. 0: 3000, or `pong_timeout_ms` if that is less. UINT32_MAX: as `pong_timeout_ms`. Without effect if that is UINT32_MAX.
     */
    uint32_t probe_timeout_ms;
    /*
     * Reconnecting: how many times in a row to try again when a connection is lost or cannot be made. Counted anew once a
     * connection has been open for 10 seconds. 0: never. UINT32_MAX: no limit. It is not tried again after a close of this
     * side's, nor where it would be of no use: `EGRET_WS_ERR_TLS_PIN`, `EGRET_WS_ERR_TLS_OPTIONS`, the HTTP statuses 401, 403,
     * 404, 407 and 410, the close codes 1002, 1007, 1008 and 1009, whoever sent them. After any other close of the server's it
     * is, 1000 too: close the socket in `on_retry` where that is not wanted.
     */
    uint32_t retry_attempts;
    /* Reconnecting: the least milliseconds to wait before a try. 0: 250, or the smaller of the two that follow. */
    uint32_t retry_floor_ms;
    /*
     * Reconnecting: the most milliseconds to wait before the first try; doubled with each further one. The wait is drawn at
     * random between the floor and this, so that a server that many clients have lost gets them back one by one. After a
     * `Retry-After` of the server (RFC 9110 section 10.2.3) it is added to that. At least the floor. 0: 4000, or what the
     * two others leave.
     */
    uint32_t retry_first_ms;
    /* Reconnecting: what the doubling ends at. At least `retry_first_ms`. 0: 30000, or `retry_first_ms`. */
    uint32_t retry_ceiling_ms;
    /* Reconnecting: milliseconds from the loss on, after which no try is begun. 0: 600000. UINT32_MAX: no limit. */
    uint32_t retry_total_ms;
} egret_ws_options;

/*
 * What a socket has measured: known from `on_connect` on, or in `on_close`. Set `struct_size` to `sizeof(egret_ws_stats)` and call `egret_ws_get_stats`.
 *
 * The times are those of the last connection made or tried, of its last hop if it was redirected; a stage that was not
 * reached, or not needed, has 0. They are measured in the loop's time, which stands still during a suspend.
 */
typedef struct egret_ws_stats {
    /* Bytes of this struct as the caller knows it. */
    uint32_t struct_size;
    /* The HTTP status that the server answered with, 101 if it agreed; 0: no answer yet. */
    uint32_t http_status;
    /* The version of TLS, `EGRET_WS_TLS_1_2` or `EGRET_WS_TLS_1_3`; 0 without TLS. */
    uint32_t tls_version;
    /* Redirects that were followed. */
    uint32_t redirects;
    /* Microseconds of the name look-up, until its first usable address. */
    uint64_t resolve_us;
    /* Microseconds of TCP, all addresses that were tried. */
    uint64_t connect_us;
    /* Microseconds that the proxy took. */
    uint64_t proxy_us;
    /* Microseconds of the TLS handshake, reading the trusted roots included where that was not done before. */
    uint64_t tls_us;
    /* Microseconds of the HTTP upgrade. */
    uint64_t handshake_us;
    /*
     * The address that won, such as `192.0.2.1:443` or `[2001:db8::1]:443`, with a NUL; the proxy's, if there is one. Empty
     * as long as none has.
     */
    char address[64];
    /* Connections made so far. `egret_ws_generation` tells how many of them the host was told of. */
    uint32_t connections;
    /* Tries to reconnect that were begun so far. */
    uint32_t retries;
    /* Messages handed to the operating system whole. These and the counts below are of all connections together. */
    uint64_t messages_sent;
    /* Payload bytes of `messages_sent`. */
    uint64_t bytes_sent;
    /* Bytes written, frame headers and control frames counted, after compression, before TLS. */
    uint64_t wire_bytes_sent;
    /* Messages received. */
    uint64_t messages_received;
    /* Payload bytes of `messages_received`. */
    uint64_t bytes_received;
    /* Bytes read, as `wire_bytes_sent` counts. */
    uint64_t wire_bytes_received;
    /* Bytes that wait to be written, as `max_send_buffer_bytes` counts. */
    uint64_t send_queue_bytes;
    /* The most that ever waited. */
    uint64_t send_queue_peak_bytes;
    /* Bytes that wait to be dispatched, as `max_receive_queue_bytes` counts. */
    uint64_t receive_queue_bytes;
    /* The most that ever waited. */
    uint64_t receive_queue_peak_bytes;
    /* Microseconds from the last ping that was answered to its pong; 0: none was. */
    uint64_t rtt_us;
    /* The same, smoothed as TCP does (RFC 6298: an eighth of each new one). */
    uint64_t rtt_smoothed_us;
} egret_ws_stats;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/*
 * The name of an error, such as `"EGRET_WS_ERR_NOT_OPEN"`; `"EGRET_WS_OK"` for 0; for other numbers, a positive one
 * included, `"EGRET_WS_ERR_?"`. A static string, never NULL, never to be freed. Any thread.
 *
 * Errors: none.
 */
const char *egret_ws_error_name(int32_t error);

/*
 * The version of the library: major × 65536 + minor × 256 + patch. It works with programs compiled against a header of
 * the same version or an older one (from 1.0 on; before, of the same minor version). Any thread.
 *
 * Errors: none.
 */
uint32_t egret_ws_version_number(void);

/*
 * The version of the library as text, such as `"0.1.0"`. A static string, never NULL, never to be freed. Any thread.
 *
 * Errors: none.
 */
const char *egret_ws_version_string(void);

/*
 * Fills `options` with zeros, that is with defaults, and sets its `struct_size` to `size`; pass `sizeof *options`.
 * Sizes of older and newer headers are accepted, from that of the first release to 4096. Any thread.
 *
 * Errors: `INVALID_ARGUMENT` (`options` is NULL), `BAD_STRUCT` (no release has this size), `FORKED`, `INTERNAL`.
 *
 * Precondition:
 * `options` is NULL or points to `size` writable bytes.
 */
int32_t egret_ws_loop_options_init(egret_ws_loop_options *options, size_t size);

/*
 * Makes a loop and stores its handle in `*out`. `options` may be NULL for the defaults. Never blocks. Any thread.
 *
 * Without `EGRET_WS_LOOP_INLINE` the loop starts its I/O thread here. Free the loop with `egret_ws_loop_free`. After an error
 * `*out` is as it was.
 *
 * Errors: `INVALID_ARGUMENT`, `BAD_STRUCT`, `NO_RESOURCES` (no thread, descriptor or handle left), `FORKED`, `INTERNAL`.
 *
 * Precondition:
 * `options` is NULL or points to `options->struct_size` readable bytes; `out` is NULL or writable.
 */
int32_t egret_ws_loop_new(const egret_ws_loop_options *options,
                          egret_ws_loop **out);

/*
 * Runs the callbacks that are due, on this thread, and returns how many ran (0 or more; one that is NULL counts too,
 * `on_log` does not), or a negative error. Call it once a frame with `timeout_ms` 0: with nothing to do that costs tens
 * of nanoseconds, inline one system call.
 *
 * `timeout_ms`: 0 never blocks; a positive number waits at most that many milliseconds for something to do; a negative
 * one waits without limit. The poll's budget (see the loop's options) bounds what one call does; what is left comes
 * with the next call.
 *
 * One thread at a time.
 *
 * Errors: `BUSY` (another thread polls this loop), `REENTRANT` (from a callback), `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 */
int32_t egret_ws_loop_poll(egret_ws_loop *loop, int32_t timeout_ms);

/*
 * Makes a poll of this loop that waits, or else the next one, return at once; with 0 if nothing was due. Any thread, any
 * callback.
 *
 * Errors: `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 */
int32_t egret_ws_loop_wake(egret_ws_loop *loop);

/*
 * Sets the callback that says "poll me", for hosts that do not poll each frame; NULL for none, as at the beginning. It is
 * called when something becomes due, once until the next poll, and when a poll ends and leaves something by its budget. If
 * something is due now, it is called soon, perhaps before this returns. Any thread. Keep `user` alive until
 * `egret_ws_loop_free` has returned: another thread may be about to call the callback that is replaced. After that only a
 * call that another thread's use of the loop has begun may still be running.
 *
 * Errors: `UNSUPPORTED` (an inline loop, which has no thread that could call: see `egret_ws_loop_descriptor`), `BAD_HANDLE`,
 * `FORKED`, `INTERNAL`.
 */
int32_t egret_ws_loop_set_wakeup(egret_ws_loop *loop,
                                 egret_ws_on_wakeup on_wakeup,
                                 void *user);

/*
 * Returns a file descriptor that can be read from while a poll has something to do: for `poll`, `epoll`, GLib, ALooper,
 * CFFileDescriptor, libuv. Only wait on it: reading is the library's, and so is closing it, when the loop is freed. It is
 * to be waited for no longer than `egret_ws_loop_timeout` says. Any thread.
 *
 * Errors: `UNSUPPORTED` (on Windows: use `egret_ws_loop_set_wakeup`), `NO_RESOURCES` (no descriptor left), `BAD_HANDLE`, `FORKED`,
 * `INTERNAL`.
 */
int32_t egret_ws_loop_descriptor(egret_ws_loop *loop);

/*
 * Returns in how many milliseconds a poll is to be made though the descriptor cannot be read from: 0 if one has something
 * to do now, INT32_MAX without limit. Ask before each wait; a loop with an I/O thread looks after its timers by itself and
 * has no limit. Any thread.
 *
 * Errors: `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 */
int32_t egret_ws_loop_timeout(egret_ws_loop *loop);

/*
 * Tells the loop that the process may be frozen from now on: a phone's app goes to the background. Until
 * `egret_ws_loop_resume` the loop's time stands still: no deadline passes, no ping is sent, nothing is tried again. What comes
 * in is still taken, and polls still dispatch.
 *
 * With `EGRET_WS_LOOP_CLOSE_ON_SUSPEND` open sockets are closed instead, with 1001 (going away), and those that are connecting
 * are abandoned: poll until their `on_close` came. A socket with `retry_attempts` waits for `egret_ws_loop_resume` to connect again.
 * A socket that is made during the suspend, or for which `egret_ws_retry_now` is called, still connects.
 *
 * Never blocks. Doing it again does nothing. Any thread.
 *
 * Errors: `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 */
int32_t egret_ws_loop_suspend(egret_ws_loop *loop);

/*
 * Tells the loop that the process runs again: the loop's time goes on. Each open connection is probed with a ping and ends,
 * or with `retry_attempts` is made again, if nothing comes back within `probe_timeout_ms`; one that is being made begins anew, and a
 * wait of reconnecting is over. Also without a suspend before it, whenever connections may be dead. If several calls of suspend,
 * resume and network_changed come before the loop has handled them, the last state counts, and connections are probed once.
 * Never blocks. Any thread.
 *
 * Errors: `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 */
int32_t egret_ws_loop_resume(egret_ws_loop *loop);

/*
 * Tells the loop that the machine's network is another one: Wi-Fi to mobile, a VPN, an address. As `egret_ws_loop_resume`, and
 * names are looked up anew. During a suspend it waits for the resume. Call it when the network that is used is another one, not
 * for each notice of the system's: what is connecting begins anew each time. Never blocks. Any thread.
 *
 * Errors: `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 */
int32_t egret_ws_loop_network_changed(egret_ws_loop *loop);

/*
 * Frees the loop and every socket of it; their handles are invalid when it returns. No `on_close` is called; each
 * socket's `release_user` that has not run yet runs now, on this thread. Open sockets are closed with 1001 (going away).
 *
 * Waits at most `linger_ms` (see the loop's options) until what was accepted is written, then for the I/O thread to end, which
 * never blocks and stops its work early. Connections that were not begun are not begun any more. After an error other than
 * INTERNAL nothing was freed.
 *
 * Errors: `REENTRANT` (from a callback of this loop), `BUSY` (another thread polls it), `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 */
int32_t egret_ws_loop_free(egret_ws_loop *loop);

/*
 * Fills `options` with zeros, that is with defaults, and sets its `struct_size` to `size`; pass `sizeof *options`.
 * Sizes of older and newer headers are accepted, from that of the first release to 4096. Any thread.
 *
 * Errors: `INVALID_ARGUMENT` (`options` is NULL), `BAD_STRUCT` (no release has this size), `FORKED`, `INTERNAL`.
 *
 * Precondition:
 * `options` is NULL or points to `size` writable bytes.
 */
int32_t egret_ws_options_init(egret_ws_options *options, size_t size);

/*
 * Begins to connect to `ws://host:port/` and stores the socket's handle in `*out`. Never blocks: the outcome comes as
 * `on_connect` or `on_close`, from `egret_ws_loop_poll`. Any thread.
 *
 * `host` is a name, an IPv4 address or an IPv6 address (with or without brackets), at most 16384 bytes, ending in a NUL;
 * `port` is 1 to 65535. `options` may be NULL. Everything given is copied before the call returns. Free the socket with
 * `egret_ws_free`, also after it closed. If another thread polls the loop, a callback may run before this call returns;
 * `*out` is written by then.
 *
 * After an error no callback runs, `*out` is as it was, and `user` stays the caller's: `release_user` is not called.
 *
 * Errors: `INVALID_ARGUMENT`, `BAD_STRUCT`, `BAD_HANDLE`, `INVALID_URL`, `UNSUPPORTED` (an option asks for something this library
 * cannot do, or was built without), `NO_RESOURCES` (no memory for a copy of the options, no handle left, or
 * `EGRET_WS_MAX_PENDING_SOCKETS` sockets wait for the loop: poll it, then try again), `FORKED`, `INTERNAL`.
 *
 * Precondition:
 * `host` is NULL or ends in a NUL; `options` is NULL or points to `options->struct_size` readable bytes, with what
 * they point to; `out` is NULL or writable.
 */
int32_t egret_ws_connect(egret_ws_loop *loop,
                         const char *host,
                         uint16_t port,
                         const egret_ws_options *options,
                         egret_ws **out);

/*
 * Begins to connect to a URL such as `ws://example.com/chat?room=1` and stores the socket's handle in `*out`. As
 * `egret_ws_connect` in all else.
 *
 * The URL is read as browsers read it (WHATWG), has at most 16384 bytes, and ends in a NUL. Its scheme is `ws` (without a
 * port, 80) or `wss` (TLS; without a port, 443). A fragment is refused with `EGRET_WS_ERR_INVALID_URL`, as RFC 6455 section 3
 * asks. A user name and password in it are sent as basic authentication (RFC 7617). An IPv6 address may have a zone:
 * `ws://[fe80::1%25eth0]:9000/` (RFC 6874).
 *
 * Errors: `INVALID_ARGUMENT`, `BAD_STRUCT`, `BAD_HANDLE`, `INVALID_URL`, `UNSUPPORTED`, `NO_RESOURCES`, `FORKED`, `INTERNAL`.
 *
 * Precondition:
 * `url` is NULL or ends in a NUL; `options` is NULL or points to `options->struct_size` readable bytes; `out` is NULL
 * or writable.
 */
int32_t egret_ws_connect_url(egret_ws_loop *loop,
                             const char *url,
                             const egret_ws_options *options,
                             egret_ws **out);

/*
 * Queues a text message of `len` bytes of UTF-8, or up to its NUL if `len` is `EGRET_WS_NUL_TERMINATED`. The text is
 * copied before the call returns. Never blocks. Any thread; messages of one thread keep their order.
 *
 * `data` may be NULL if `len` is 0. After an error other than INTERNAL nothing was sent and the socket stays as it was. A
 * message that was accepted is written in order, or counted in the close report's `unsent_messages`.
 *
 * Errors: `NOT_OPEN`, `MESSAGE_TOO_BIG`, `INVALID_UTF8`, `BACKPRESSURE`, `NO_RESOURCES` (no memory to queue it), `INVALID_ARGUMENT`
 * (`data` is NULL and `len` is not 0), `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 *
 * Precondition:
 * `data` points to `len` readable bytes, or ends in a NUL.
 */
int32_t egret_ws_send_text(egret_ws *ws,
                           const char *data,
                           size_t len);

/*
 * Queues a binary message of `len` bytes. As `egret_ws_send_text` in all else.
 *
 * Errors: `NOT_OPEN`, `MESSAGE_TOO_BIG`, `BACKPRESSURE`, `NO_RESOURCES`, `INVALID_ARGUMENT`, `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 *
 * Precondition:
 * `data` points to `len` readable bytes.
 */
int32_t egret_ws_send_binary(egret_ws *ws,
                             const uint8_t *data,
                             size_t len);

/*
 * Closes the socket: what was accepted before is sent, then a Close frame with `code` and `reason`, then the peer's is
 * waited for, at most `close_timeout_ms`. Never blocks; the outcome comes as `on_close`. Any thread.
 *
 * `code` is 1000 (the usual one), 1001 to 1003, 1007 to 1014, 3000 to 4999, or 0 for a Close frame without a code.
 * `reason` is UTF-8 of at most 123 bytes (`reason_len` bytes, or up to its NUL with `EGRET_WS_NUL_TERMINATED`); it may be
 * NULL if `reason_len` is 0, and must be empty if `code` is 0. A socket that is still connecting is abandoned at once
 * and reports `EGRET_WS_ERR_ABORTED`. Closing again does nothing and returns `EGRET_WS_OK`.
 *
 * After an error other than INTERNAL nothing happened.
 *
 * Errors: `INVALID_CLOSE`, `INVALID_UTF8`, `INVALID_ARGUMENT` (`reason` is NULL and `reason_len` is not 0), `BAD_HANDLE`, `FORKED`,
 * `INTERNAL`.
 *
 * Precondition:
 * `reason` points to `reason_len` readable bytes, or ends in a NUL.
 */
int32_t egret_ws_close(egret_ws *ws,
                       uint16_t code,
                       const char *reason,
                       size_t reason_len);

/*
 * Frees the handle, in any state and inside any callback, this socket's own too. Returns at once. After it no callback
 * of this socket begins but `release_user`, which runs once from the next poll (on another thread than the polling
 * one, a callback that has begun may still be running). `on_close` is not called.
 *
 * What was accepted before a `egret_ws_close` still goes out and its closing handshake ends in the background; an open
 * socket sends what was accepted and says goodbye with 1001; a connecting one is abandoned. Any thread.
 *
 * Errors: `BAD_HANDLE` (freed already, perhaps), `FORKED`, `INTERNAL`.
 */
int32_t egret_ws_free(egret_ws *ws);

/*
 * The state: one of `EGRET_WS_STATE_*`, or a negative error. Any thread.
 *
 * Errors: `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 */
int32_t egret_ws_state(egret_ws *ws);

/*
 * Payload bytes accepted and not yet handed to the operating system, or a negative error. A message counts whole until its last
 * byte is written. Any thread.
 *
 * Errors: `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 */
int64_t egret_ws_buffered_amount(egret_ws *ws);

/*
 * Returns how many times `on_connect` was called for this socket: which of its connections the host is at. Any thread.
 *
 * Errors: `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 */
int32_t egret_ws_generation(egret_ws *ws);

/*
 * Ends a wait of reconnecting: the connection is tried now. Does nothing if there is no wait. Any thread.
 *
 * Errors: `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 */
int32_t egret_ws_retry_now(egret_ws *ws);

/*
 * Sends a ping (RFC 6455 section 5.5.2) now, to measure the round trip: `rtt_us` of the statistics has it when the pong has
 * come. `pong_timeout_ms` applies. While one is not answered, further ones are not sent. Any thread.
 *
 * Errors: `NOT_OPEN`, `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 */
int32_t egret_ws_ping(egret_ws *ws);

/*
 * Writes what the server chose of the subprotocols offered to `out`, with a NUL, and returns its length without the NUL:
 * 0 if it chose none, or the connection is not made yet. `out` may be NULL if `capacity` is 0: then only the length is returned.
 * Any thread.
 *
 * Errors: `INVALID_ARGUMENT` (`capacity` is not 0 and not more than the length, or `out` is NULL), `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 *
 * Precondition:
 * `out` points to `capacity` writable bytes.
 */
int32_t egret_ws_subprotocol(egret_ws *ws,
                             char *out,
                             size_t capacity);

/*
 * Writes the extension that was agreed on to `out`, as the server spelled it (`permessage-deflate; ...`, or nothing). As
 * `egret_ws_subprotocol` in all else.
 *
 * Errors: `INVALID_ARGUMENT`, `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 *
 * Precondition:
 * `out` points to `capacity` writable bytes.
 */
int32_t egret_ws_extensions(egret_ws *ws, char *out, size_t capacity);

/*
 * Writes the value of a header of the server's answer to `out`, with a NUL, and returns its length without the NUL; if the
 * answer has several of this name, their values are joined by `, ` (RFC 9110 section 5.3). From `on_connect` on, in
 * `on_close` too, where a refusal has its reasons here (`Retry-After`, `WWW-Authenticate`). Letter case of `name` does not
 * count; bytes that are not UTF-8 come as U+FFFD. `out` may be NULL if `capacity` is 0: then only the length is returned. Any thread.
 *
 * Errors: `NOT_FOUND`, `INVALID_ARGUMENT` (`name` is NULL, `capacity` is not 0 and not more than the length, or `out` is NULL),
 * `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 *
 * Precondition:
 * `name` is NULL or ends in a NUL; `out` points to `capacity` writable bytes.
 */
int32_t egret_ws_response_header(egret_ws *ws,
                                 const char *name,
                                 char *out,
                                 size_t capacity);

/*
 * Writes all headers of the server's answer to `out`, each as `Name: value` and a line feed, in their order, with a NUL,
 * and returns the length without the NUL: 0 if there was no answer yet. As `egret_ws_response_header` in all else.
 *
 * Errors: `INVALID_ARGUMENT`, `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 *
 * Precondition:
 * `out` points to `capacity` writable bytes.
 */
int32_t egret_ws_response_headers(egret_ws *ws, char *out, size_t capacity);

/*
 * Fills `*stats` with what the socket has measured so far, as far as its `struct_size` reaches; fields of a newer header
 * than this library's become 0. Any thread.
 *
 * Errors: `INVALID_ARGUMENT` (`stats` is NULL), `BAD_STRUCT` (no release has this `struct_size`), `BAD_HANDLE`, `FORKED`,
 * `INTERNAL`.
 *
 * Precondition:
 * `stats` is NULL or points to `stats->struct_size` readable and writable bytes.
 */
int32_t egret_ws_get_stats(egret_ws *ws, egret_ws_stats *stats);

/*
 * Writes what the constructor of a browser's `WebSocket` would make of a URL to `out`, with a NUL, and returns its length
 * without the NUL: serialised as WHATWG says, with `ws` for `http` and `wss` for `https`. For bindings that offer that
 * interface. `out` may be NULL if `capacity` is 0: then only the length is returned. Any thread.
 *
 * Errors: `INVALID_URL` (not a URL, another scheme, a fragment, more than 16384 bytes), `INVALID_ARGUMENT` (`url` is NULL, `capacity`
 * is not 0 and not more than the length, or `out` is NULL), `FORKED`, `INTERNAL`.
 *
 * Precondition:
 * `url` is NULL or ends in a NUL; `out` points to `capacity` writable bytes.
 */
int32_t egret_ws_normalize_url(const char *url,
                               char *out,
                               size_t capacity);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* EGRET_WS_H */
