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
 *                                    options.on_message = on_message;
 *                                    options.on_close = on_close;
 *   3. Connect:                      egret_ws *ws;
 *                                    egret_ws_connect(loop, "ws://127.0.0.1:9000/", &options, &ws);
 *   4. Poll, once a frame:           egret_ws_loop_poll(loop, 0);       (the callbacks run in here)
 *      and send when connected:      egret_ws_send(ws, EGRET_WS_TEXT, "hello", EGRET_WS_NUL_TERMINATED);
 *   5. Close, go on polling:         egret_ws_close(ws, 1000, NULL, 0); (on_close comes from a later poll)
 *      and free after on_close:      egret_ws_free(ws);                 (or at any other time: then no on_close comes)
 *                                    egret_ws_loop_free(loop, NULL);
 *
 *   In this file "the server" is the other side of a connection, "the application" is the program that calls this library, "this
 *   side" is the library with the application, and "a host" is a name or an address in a URL.
 *
 *
 * QUESTIONS, AND THE HEADING OR THE COMMENT THAT ANSWERS THEM
 *
 *   May I send from a worker thread? Which call blocks?                       THREADS
 *   Which callbacks come from another thread?                                 THREADS
 *   In which order do the callbacks come? Does on_close always come?          THE ORDER OF CALLBACKS
 *   When may I free `user`? How long is a pointer valid?                      OWNERSHIP
 *   What happens to queued messages when a connection ends?                   QUEUED MESSAGES
 *   How am I sure that everything has gone out before I quit?                 BEFORE YOU QUIT
 *   Why was a call refused? Why did a connection end?                         ERRORS
 *   Which errors are worth a retry?                                           egret_ws_is_retryable
 *   How do I replace an expired token before a retry?                         ANOTHER TOKEN FOR A RETRY
 *   Which numbers mean "default", "never", "at once"?                         NUMBERS
 *   What do I do when a phone pauses, resumes, changes its network?           A PHONE'S PAUSE AND RESUME
 *   How do I run a loop of 60 frames a second with low latency?               LOW LATENCY
 *   How large may a message be, or the head of an answer?                     LIMITS
 *   How much memory can one socket and one loop take?                         MEMORY
 *   How do I look names up by HTTPDNS, or keep a socket out of a VPN?         egret_ws_hooks, and `addresses` of egret_ws_options
 *   How do I use the proxies of the system's settings?                        on_proxy of egret_ws_hooks
 *   How do I use the application's own TLS, or that of the platform?          egret_ws_tls_provider
 *   Does it work on a network with IPv6 only?                                 egret_ws_connect
 *   How do I read the reason of a refusal, or its cookies?                    egret_ws_response_body, egret_ws_response_cookies
 *   Which addresses were tried, which certificates came?                      egret_ws_tried_addresses, egret_ws_peer_certificate
 *   Which frames go over the wire?                                            on_frame of egret_ws_options
 *   Which network or address of this machine does a socket use?               local_address, local_interface, on_socket
 *   What follows a redirect to another origin?                                max_redirects of egret_ws_options
 *   Are descriptors close-on-exec? What happens after a fork?                 PROCESSES
 *   Does my program work with a later version of the library?                 VERSIONS
 *
 *
 * THREADS
 *
 *   Every function may be called from any thread at any time, also from inside a callback: send from a worker thread, close
 *   from another one. There are three exceptions: a loop is polled and freed by one thread at a time, a callback cannot poll
 *   or free its loop, and egret_ws_request_set_... works inside on_request only.
 *
 *   The callbacks of a socket run only inside egret_ws_loop_poll, on the thread that called it, never inside connect, send or
 *   close; egret_ws_loop_free runs the release_user calls that are left. These come from other threads too: on_log, the wake-up
 *   callback, and release_user of hooks and of a TLS provider. Hooks (on_resolve, on_proxy, on_socket) come only from threads of
 *   the library, several at the same time, and may block: that delays nothing but the connection that has asked. The callbacks of
 *   a TLS provider come from other threads too, and only its new_context may block: see egret_ws_tls_provider.
 *
 *   Inside a callback of a socket, egret_ws_loop_poll and egret_ws_loop_free of its loop return EGRET_WS_ERR_REENTRANT; inside
 *   on_log, the wake-up callback and hooks, those of every loop do. Inside a TLS provider every function that takes a handle
 *   does, except egret_ws_tls_ready.
 *
 *   Three calls can block. egret_ws_loop_poll waits as long as its time-out says. egret_ws_loop_free waits at most linger_ms, and
 *   a second more for a TLS provider that does not return.
 *   It and egret_ws_loop_set_wakeup also wait until an on_log or wake-up callback that another thread is inside of has
 *   returned; so do not hold a lock that such a callback takes. No other call waits for the network, for a callback, or for a
 *   poll, and no call waits for a hook.
 *
 *   A callback must not throw a C++ exception or longjmp out: catch what your code throws.
 *
 *
 * THE ORDER OF CALLBACKS
 *
 *   state        event                                                  callback             next state
 *   CONNECTING   an attempt to connect is about to begin                on_request           CONNECTING
 *   CONNECTING   the connection is open                                 on_connect           OPEN
 *   CONNECTING   the connection cannot be made, and is tried again      on_retry             CONNECTING
 *   CONNECTING   the connection cannot be made, and is not tried again  on_close             CLOSED
 *   CONNECTING   on_request returns EGRET_WS_REQUEST_STOP               on_close             CLOSED
 *   CONNECTING   egret_ws_close, egret_ws_abort                         none yet             CLOSING
 *   OPEN         a message, a pong                                      on_message, on_pong  OPEN
 *   OPEN         there is room again after ERR_BACKPRESSURE             on_drain             OPEN
 *   OPEN         the connection is lost, and is made again              on_retry             CONNECTING
 *   OPEN         the connection is lost, and is not made again          on_close             CLOSED
 *   OPEN         this side or the server closes                         none yet             CLOSING
 *   OPEN         egret_ws_abort                                         none yet             CLOSING
 *   CLOSING      a message or pong before the server's Close frame      on_message, on_pong  CLOSING
 *   CLOSING      the end, after egret_ws_close or without a retry       on_close             CLOSED
 *   CLOSING      the end, and the connection is made again              on_retry             CONNECTING
 *   CLOSED       right after on_close, in that poll or the next         release_user         CLOSED
 *   any          egret_ws_free                                          release_user, once   no handle any more
 *
 *   For each socket: one on_connect for each connection, any number of on_message, then one on_retry or on_close. If the loop
 *   is polled, on_close comes exactly once, unless the socket or its loop is freed before: then it does not come. release_user
 *   comes exactly once, and is the last. on_drain comes only while the state is OPEN, so never after on_retry or on_close of its
 *   connection. After egret_ws_abort no callback comes but on_close and release_user. After egret_ws_free has returned, no
 *   callback of that socket begins but release_user. A connect call that fails makes no callback.
 *
 *   The state of the table is that of the callbacks. egret_ws_state knows the end of a connection before its on_retry or
 *   on_close: it is CLOSING then, or CONNECTING if the connection is made again, while messages from before the end still come.
 *   While receiving is paused and messages wait, on_retry and on_close wait behind them: see egret_ws_pause_receive.
 *
 *
 * OWNERSHIP
 *
 *   Texts, data and options are copied before the call returns. Pointers given to a callback are borrowed until it returns; the
 *   texts of a close report live until egret_ws_free. egret_ws_error_name and egret_ws_version_string return static strings,
 *   egret_ws_last_error_message one that lives until the thread's next call. An out-parameter is written only on success.
 *
 *   `user` of a socket: free it in release_user. When a connect call fails, the caller keeps it. `user` of the loop's options
 *   and of the wake-up callback: free it when egret_ws_loop_free has returned; that of the wake-up callback also when
 *   egret_ws_loop_set_wakeup has replaced it, unless that call was made inside on_log or a wake-up callback. `user` of hooks:
 *   free it in their release_user, because a hook may still run when egret_ws_loop_free has returned. So do with that of a TLS
 *   provider.
 *
 *   The query of a hook is valid until it is answered, or until no connection waits for the answer any more: there is nothing to
 *   free, and an answer that comes twice or too late gives EGRET_WS_ERR_BAD_HANDLE.
 *
 *   A handle is a number that looks like a pointer: it is checked at every call and never dereferenced. A freed, forged or
 *   foreign handle gives EGRET_WS_ERR_BAD_HANDLE. Free each socket with egret_ws_free, also after on_close.
 *
 *
 * QUEUED MESSAGES
 *
 *   A message that egret_ws_send accepted is sent in order, or counted in unsent_messages: of the report of on_close or
 *   on_retry, or, after egret_ws_free, of the report of egret_ws_loop_free. But messages that were passed to the operating
 *   system may still be lost with the connection: only an answer of the server can confirm a message.
 *
 *   egret_ws_close       sends them, then closes, as long as they make progress (flush_timeout_ms)
 *   egret_ws_free        the same in the background, as long as the loop is polled or has an I/O thread
 *   egret_ws_abort       drops them
 *   a lost connection    drops them; with EGRET_WS_RESEND and retry_attempts they are sent first on the next connection
 *   egret_ws_loop_free   sends them for at most linger_ms, then drops them
 *
 *   The queue limit max_send_buffer_bytes counts bytes, not messages. Beyond it a send returns EGRET_WS_ERR_BACKPRESSURE, and
 *   on_drain notifies when there is room. Received messages wait for the poll: see max_receive_queue_bytes.
 *
 *
 * BEFORE YOU QUIT
 *
 *   To be sure that everything has gone out: egret_ws_close sends the accepted messages, then a Close frame, and waits for
 *   the server's Close frame. A slow upload is not cut as long as it makes progress.
 *
 *     1. Close each socket:           egret_ws_close(ws, 1000, NULL, 0);
 *     2. Poll until all have closed:  while (sockets_without_on_close > 0) egret_ws_loop_poll(loop, 100);
 *
 *   This loop ends, at the latest by flush_timeout_ms and close_timeout_ms, unless the library's loop is suspended or a socket
 *   is paused: call egret_ws_loop_resume and egret_ws_resume_receive before.
 *
 *   EGRET_WS_OK with EGRET_WS_INITIATOR_LOCAL in on_close means that the server has answered the Close frame behind the last
 *   message. If the server closed by itself, or with any error, it may not have got the last messages; unsent_messages counts
 *   those that the operating system did not take.
 *
 *   An application that cannot poll any more frees the loop with a linger time:
 *
 *                                     options.linger_ms = 3000;         (before egret_ws_loop_new)
 *                                     egret_ws_free_report lost;
 *                                     lost.struct_size = sizeof lost;
 *                                     egret_ws_loop_free(loop, &lost);
 *                                     if (lost.sockets > 0) ...         (lost.unsent_messages have not gone out)
 *
 *   A process may end at any time, by exit() too: the library does nothing then, and servers see connections end without a
 *   Close frame. A loop that is not freed may still log, and call its wake-up, from its I/O thread while exit() runs. A TLS
 *   provider may be inside a call then, also after egret_ws_loop_free: if its TLS library ends itself in exit(), as OpenSSL does,
 *   free the loop and wait for the provider's release_user before.
 *
 *
 * ERRORS
 *
 *   Every function that can fail returns EGRET_WS_OK (0) or another number that is not negative, or a negative
 *   EGRET_WS_ERR_*. Its comment lists each error that it can return after "Errors:", without EGRET_WS_ERR_.
 *   egret_ws_last_error_message returns the reason of a refused call in words; on_log gets it too.
 *
 *   A connection ends with a report, egret_ws_close_info, for on_retry and on_close: `error`, `phase`, `initiator`, and in words
 *   `message`. egret_ws_is_retryable has the table of the ends that are worth a retry; retry_attempts follows it.
 *
 *   Where a size comes from the server or from the application (messages both ways, queues, answers, the copies that a call
 *   makes of its options), a failed allocation is reported: the call returns EGRET_WS_ERR_NO_RESOURCES and nothing happened,
 *   or the socket closes with it, after the messages that came before. Any other failed allocation aborts the process; among
 *   them are some of a few KiB for each attempt to connect.
 *
 *
 * ANOTHER TOKEN FOR A RETRY
 *
 *   Set retry_attempts and on_request, which is called before each attempt to connect. This one has a new token for each attempt,
 *   and also connects again after HTTP 401:
 *
 *     int32_t on_request(void *user, egret_ws *ws, uint32_t attempt, const egret_ws_close_info *last,
 *                        egret_ws_request *request) {
 *         if (!my_game_has_token(user)) return EGRET_WS_REQUEST_WAIT;    (when it is there: egret_ws_retry_now(ws))
 *         egret_ws_request_set_header(request, "Authorization", my_game_token(user));
 *         return last != NULL && last->http_status == 401 ? EGRET_WS_REQUEST_CONNECT : EGRET_WS_REQUEST_CONTINUE;
 *     }
 *
 *
 * NUMBERS
 *
 *   In the options 0 is the default of a field; the comment of the field says which that is. EGRET_WS_UNLIMITED and
 *   EGRET_WS_AT_ONCE are accepted by the fields of this table. Any other number above INT32_MAX, such as a negative number that
 *   was converted, is refused with EGRET_WS_ERR_INVALID_ARGUMENT.
 *
 *   field                                      EGRET_WS_UNLIMITED               EGRET_WS_AT_ONCE
 *   resolve_, connect_, proxy_, tls_,
 *     handshake_ and open_timeout_ms           no time-out                      refused
 *   flush_timeout_ms                           no time-out                      keeps only what the network takes at once
 *   close_timeout_ms                           no time-out                      does not wait for the server's Close frame
 *   linger_ms                                  refused                          does not wait (the default)
 *   ping_interval_ms                           no ping after a silence          refused
 *   pong_timeout_ms                            no time-out                      refused
 *   probe_timeout_ms                           the time of pong_timeout_ms      refused
 *   retry_attempts, retry.total_ms             no limit                         refused
 *   retry.min_wait_ms, retry.first_wait_ms     refused                          no wait
 *   deflate.threshold_bytes                    no message is compressed         messages of any size are compressed
 *   attempt_delay_ms                           refused                          all addresses at the same time
 *   max_refusal_body_bytes                     refused                          no body is read
 *   poll_max_callbacks, poll_max_us            no limit                         refused
 *   all others                                 refused                          refused
 *
 *
 * A PHONE'S PAUSE AND RESUME
 *
 *   Call egret_ws_loop_suspend before the process may be frozen (Android: onStop; iOS: when the application enters the
 *   background), egret_ws_loop_resume when it runs again, and egret_ws_loop_network_changed when another network is in use.
 *   None of them blocks.
 *
 *   A suspend keeps the connections open, and the resume probes them with a ping. With EGRET_WS_LOOP_CLOSE_ON_SUSPEND a suspend
 *   closes them; poll until on_close or on_retry has come, then let the system freeze the process. With retry_attempts the
 *   library connects again by itself after the resume. The heartbeat detects connections that are lost without notice.
 *
 *
 * LOW LATENCY
 *
 *   Poll instead of sleeping until the next frame; then a message is dispatched when it comes, not up to 16 ms later:
 *
 *     int32_t left;
 *     do {
 *         left = milliseconds_until_the_next_frame();
 *         egret_ws_loop_poll(loop, left > 0 ? left : 0);
 *     } while (left > 0);
 *
 *   Where the system waits for the frame (vsync), call egret_ws_loop_poll(loop, 0) at the beginning of each frame. TCP_NODELAY is
 *   set. A send outside a callback is written at once: by the I/O thread, or with EGRET_WS_LOOP_INLINE by the call itself. Sends
 *   inside callbacks are written together when the callbacks of the poll have returned, or when 64 KiB wait. An application
 *   with its own event loop waits on egret_ws_loop_descriptor, or is notified by egret_ws_loop_set_wakeup.
 *
 *
 * LIMITS
 *
 *   A message has at most 128 KiB (131072 bytes) of payload, both ways. Sending more returns EGRET_WS_ERR_MESSAGE_TOO_BIG and
 *   the socket stays open; if a server sends more, the library closes with 1009 and on_close reports
 *   EGRET_WS_ERR_MESSAGE_TOO_BIG.
 *
 *   The head of an answer, of the server or of a proxy, has at most 64 KiB and 256 lines. For the head of a request, a URL has
 *   at most 16 KiB, `headers` have 8 KiB together, and any other text of the options has at most 8 KiB. tls_roots and
 *   tls_identity have 1 MiB each.
 *
 *   A loop looks names up on threads, two for a name (IPv4 and IPv6). It runs at most 64 look-ups that a socket waits for; more
 *   of them wait. Only the system can end a look-up: one that no socket waits for any more keeps its thread until then. With
 *   these a loop has at most 96 threads for look-ups. While a look-up hangs, at most four others begin for the same name and
 *   family, after waits that double, and only while the loop has fewer than 64.
 *
 *   Hooks run on at most max_threads threads of a loop, 32 by default, and one socket uses at most two of them at a time. The
 *   sockets take turns; a call for which nothing waits any more does not begin. While on_socket runs, its address takes one more
 *   descriptor.
 *
 *
 * MEMORY
 *
 *   The most heap memory of one socket is the sum of these lines (docs/memory.md explains the numbers):
 *     itself                        8 KiB + 4 × the bytes of its options (3 KiB when it is open and idle)
 *     messages to send              4 × max_send_buffer_bytes + 256 KiB
 *       with EGRET_WS_RESEND        7 × max_send_buffer_bytes + 1 MiB, instead
 *       with permessage-deflate     7 × max_send_buffer_bytes + 3 MiB + 4 × 2^client_window_bits, instead
 *     received messages             5 × (max_receive_queue_bytes + max_message_bytes) + 64 KiB
 *     a message half received       3 × max_message_bytes
 *     answers of the server         1.4 MiB + 2 × max_refusal_body_bytes; with retry_attempts 3.9 MiB + 10 × the same (only a
 *                                   hostile server sends so much)
 *     with wss (OpenSSL)            192 KiB; 4 MiB if a hostile server sends hundreds of certificates; as much again with
 *                                   an https:// proxy
 *     with wss (TLS provider)       320 KiB, besides the memory of the provider; as much again with an https:// proxy
 *   The factors are those of the worst sizes of messages, while the lists of the library grow. With messages of 1 KiB, a
 *   full send queue takes about 1.2 × max_send_buffer_bytes (RESEND 1.4, deflate 1.7).
 *
 *   The most of one loop, threaded or inline, besides its sockets:
 *     itself                        128 KiB
 *     buffers that it keeps         9 MiB, after bursts of messages, for any number of sockets
 *     TLS                           128 KiB + 8 KiB × the trusted certificates, for each different set of TLS options
 *     TLS sessions                  640 KiB, for each different set of TLS options
 *     look-ups                      2 KiB and a thread for each, at most 96
 *     hooks                         2 KiB for each call that waits or runs, and at most max_threads threads
 *   Not counted: stacks of threads, buffers of the kernel, overhead of the allocator. Measured on 64-bit Linux.
 *
 *
 * PROCESSES
 *
 *   All descriptors of the library are close-on-exec: a program that this process runs does not inherit them.
 *
 *   After fork() the child process gets EGRET_WS_ERR_FORKED from every call that can fail, if the parent had made a loop. A
 *   callback of a socket may fork too: when it returns in the child, the library does nothing more there, and the poll returns
 *   EGRET_WS_ERR_FORKED. A hook that forks must not return in the child, which calls _exit or exec.
 *
 *   Free every loop, and wait for the release_user of its hooks and of its TLS provider, before unloading the library. On ELF
 *   systems it stays in memory nevertheless, because a look-up may hang.
 *
 *
 * VERSIONS
 *
 *   Structs begin with struct_size and only grow at their end. From 1.0 on, an application that was compiled with this header
 *   works with every later version of the library; before 1.0, with every later version of the same minor number. Fields that
 *   the application does not have are 0, their default. In a struct of a newer header, bytes that the library does not know
 *   must be 0, else the call returns EGRET_WS_ERR_BAD_STRUCT. An application that may run with an older library reads newer
 *   fields of a struct that the library fills by EGRET_WS_HAS_FIELD.
 *
 *   The suffix of a type shows its sort: _t is a number, _fn a callback; a struct or a handle has none.
 */

#ifndef EGRET_WS_H
#define EGRET_WS_H

#include <stddef.h>
#include <stdint.h>

/* Pass this as the length of a `char` pointer to say that the text ends at its NUL. */
#define EGRET_WS_NUL_TERMINATED ((size_t)-1)

/*
 * True if the struct at `pointer`, of the type `type`, has this field, as its `struct_size` says. A struct that an older library fills
 * may end before a field of this header: `EGRET_WS_HAS_FIELD(egret_ws_close_info, info, message_len) ? info->message_len : ...`.
 */
#define EGRET_WS_HAS_FIELD(type, pointer, field) \
    ((pointer)->struct_size >= offsetof(type, field) + sizeof((pointer)->field))

/*
 * The most payload bytes of a message, sent or received: 128 KiB, inclusive. A message of 131072 bytes is accepted, one of
 * 131073 bytes is not. It counts UTF-8 bytes for text, after reassembly of fragments. `max_message_bytes` can lower it, nothing
 * raises it.
 */
#define EGRET_WS_MAX_MESSAGE_BYTES 131072

/*
 * The most sockets that can wait for their loop: connect calls that the loop has not begun, and, counted separately, freed sockets
 * whose `release_user` no poll has called yet. Beyond this number a connect call returns `EGRET_WS_ERR_NO_RESOURCES`: poll the
 * loop, then try again. Sockets that are connecting or open do not count.
 */
#define EGRET_WS_MAX_PENDING_SOCKETS 16384

/*
 * A number of the options: without limit, or never. The table of numbers at the head of this file lists the fields that
 * accept it.
 */
#define EGRET_WS_UNLIMITED 0xFFFFFFFFu

/*
 * A number of the options: without any wait. (0 is the default of each field.) The table of numbers at the head of this
 * file lists the fields that accept it.
 */
#define EGRET_WS_AT_ONCE 0xFFFFFFFEu

/*
 * `flags` of the loop's options: no I/O thread. `egret_ws_loop_poll` does the reading and writing itself, and a send outside a
 * callback is written at once by the call. Without this flag a loop has one I/O thread, however many sockets it has. Name look-ups
 * have threads in both cases.
 */
#define EGRET_WS_LOOP_INLINE 0x00010000u

/*
 * `flags` of the loop's options: `egret_ws_loop_suspend` closes open sockets, with 1001 (going away), instead of keeping them
 * open.
 */
#define EGRET_WS_LOOP_CLOSE_ON_SUSPEND 0x00020000u

/*
 * `flags` of the loop's options: `egret_ws_loop_network_changed` drops all TLS sessions, so that no server can recognize a player by a
 * session of another network (RFC 8446 appendix C.4). Without this flag a reconnect on the new network resumes its session.
 */
#define EGRET_WS_LOOP_FORGET_TLS_SESSIONS 0x00040000u

/*
 * `flags` of a socket's options: with `wss`, trust the certificates of `tls_roots`, which must not be empty, and no
 * others.
 */
#define EGRET_WS_ONLY_THESE_ROOTS 0x00000001u

/*
 * `flags` of a socket's options: without a `proxy`, take it from the environment, as it is during the connect call:
 * `https_proxy` for `wss`, `http_proxy` for `ws`, else `all_proxy`; none for the hosts of `no_proxy`. The names are read
 * in lower case first, then in upper case (`HTTP_PROXY` not where `REQUEST_METHOD` is set: a CGI program's is its
 * client's). A process with more rights than its user (setuid, setgid) does not read them. Loopback hosts are never proxied.
 * A proxy that cannot be used, and a `no_proxy` of more than 65536 bytes, are refused with `EGRET_WS_ERR_INVALID_ARGUMENT`.
 */
#define EGRET_WS_PROXY_FROM_ENVIRONMENT 0x00000002u

/*
 * `flags` of a socket's options: when a connection is lost and made again, messages that were accepted and not completely passed
 * to the operating system are kept, and sent first on the next connection. (Messages that were passed to it may be lost too; only
 * an answer of the server can confirm them.) Without this flag they are dropped, and `on_retry` reports their number.
 */
#define EGRET_WS_RESEND 0x00000004u

/* `flags` of a socket's options: do not offer permessage-deflate (RFC 7692). Without this flag it is offered, as browsers do. */
#define EGRET_WS_DISABLE_DEFLATE 0x00000008u

/*
 * `flags` of a socket's options: with `wss`, do not offer the protocol `http/1.1` by ALPN (RFC 7301). Without this flag it is
 * offered, as browsers do. If the server selects another protocol, the handshake fails with `EGRET_WS_ERR_TLS`; a server without
 * ALPN is accepted. The flag has no effect with `ws`.
 */
#define EGRET_WS_DISABLE_ALPN 0x00000010u

/*
 * `flags` of a socket's options: with `wss`, neither keep nor resume TLS sessions (RFC 8446 section 2.2): each connection makes a full
 * handshake. Without this flag a connection may resume a session of an earlier one of the same loop, with the same host, port and TLS
 * options, whose certificate was checked then, at most a day ago, and has not expired. Each session is used for one connection. With
 * the TLS of Windows and of Apple's systems every connection makes a full handshake.
 */
#define EGRET_WS_DISABLE_TLS_RESUMPTION 0x00000020u

/*
 * `flags` of a socket's options: do not follow a redirect to a URL of `ws`, so without TLS; it ends with `EGRET_WS_ERR_REDIRECT`. (A
 * redirect from `wss` to `ws` is never followed.)
 */
#define EGRET_WS_SECURE_REDIRECTS_ONLY 0x00000040u

/*
 * `flags` of a socket's options: with `wss`, accept any certificate: expired, of another host, of an unknown issuer. **It weakens
 * security**, and is for tests with your own server only: anyone on the network path can read and change all data. Each such
 * connection logs a warning. `tls_pins` are checked nevertheless. It does not hold for another origin after a redirect.
 */
#define EGRET_WS_ACCEPT_ANY_CERTIFICATE 0x01000000u

/*
 * `flags` of a socket's options: also follow a redirect to a nearer address than that of the server that sent it: from a public
 * address to a private, link-local or loopback one, or from a private address to a loopback one. **It weakens security**: without
 * this flag such a redirect ends with `EGRET_WS_ERR_REDIRECT` in `EGRET_WS_PHASE_CONNECT`, because the server could make this
 * machine connect to services that trust its network. The addresses are checked after the look-up. A proxy looks names up itself:
 * with a proxy, only a host that is an address or `localhost` is checked, and the phase is `EGRET_WS_PHASE_PROXY`.
 */
#define EGRET_WS_ALLOW_PRIVATE_REDIRECTS 0x02000000u

/* TLS 1.2, for `tls_min_version`, and in the statistics. */
#define EGRET_WS_TLS_1_2 771

/* TLS 1.3, for `tls_min_version`, and in the statistics. Secure Transport, the TLS of Apple's systems, does not have it. */
#define EGRET_WS_TLS_1_3 772

/* A TLS provider honours `tls_roots` and `EGRET_WS_ONLY_THESE_ROOTS`. */
#define EGRET_WS_TLS_CAN_ROOTS 1

/* A TLS provider honours `tls_identity`. */
#define EGRET_WS_TLS_CAN_IDENTITY 2

/* A TLS provider honours `EGRET_WS_ACCEPT_ANY_CERTIFICATE`. */
#define EGRET_WS_TLS_CAN_ANY_CERTIFICATE 4

/* A TLS provider honours a `tls_min_version` of TLS 1.3. */
#define EGRET_WS_TLS_CAN_MIN_VERSION 8

/* A TLS provider returns the peer's certificates, from which the library checks `tls_pins`. */
#define EGRET_WS_TLS_CAN_CHAIN 16

/* A TLS provider resumes sessions, and honours `EGRET_WS_DISABLE_TLS_RESUMPTION`. A provider without this bit must not resume any. */
#define EGRET_WS_TLS_CAN_RESUME 32

/* State of a TLS session: the handshake is complete. The bit stays set. */
#define EGRET_WS_TLS_ESTABLISHED 1

/*
 * State of a TLS session: there is more to send to the peer. The library calls `send` without plaintext until the bit is gone; each of
 * these calls must return some bytes, or clear the bit.
 */
#define EGRET_WS_TLS_HAS_OUTPUT 2

/* State of a TLS session: the peer has sent its close_notify. The bit stays set. The library does not call `receive` any more. */
#define EGRET_WS_TLS_PEER_CLOSED 4

/*
 * State of a TLS session: it works on another thread. The library calls `send` without plaintext after the next
 * `egret_ws_tls_ready`, perhaps before it too. Until this bit is gone it calls nothing else for the session but `free_session`, which
 * may come at any time: then the connection has ended without a close_notify, and nothing is known of the session. A step that returns
 * bytes may set this bit too. The time-outs go on.
 */
#define EGRET_WS_TLS_BUSY 8

/* Bytes of the `message` of a TLS provider, with the zero at its end. */
#define EGRET_WS_TLS_MESSAGE_BYTES 256

/* Return value of `on_request`: connect, unless the last answer of the server needs another request (HTTP 401, 403, 404, 407, 410). */
#define EGRET_WS_REQUEST_CONTINUE 0

/* Return value of `on_request`: connect, also after such an answer. */
#define EGRET_WS_REQUEST_CONNECT 1

/* Return value of `on_request`: not ready yet. `egret_ws_retry_now` has `on_request` called again. */
#define EGRET_WS_REQUEST_WAIT 2

/* Return value of `on_request`: no connection; `on_close` follows. */
#define EGRET_WS_REQUEST_STOP 3

/* State: the connection is being made, or made again, or `on_connect` has not been called yet. */
#define EGRET_WS_STATE_CONNECTING 0

/* State: `on_connect` was called; messages can be sent. */
#define EGRET_WS_STATE_OPEN 1

/*
 * State: one side has begun to close, or the connection has ended and `on_close` has not been called yet. (After `on_retry` the
 * state stays CONNECTING until the next callback, or until this side closes or aborts.)
 */
#define EGRET_WS_STATE_CLOSING 2

/* State: `on_close` was called, or is running. */
#define EGRET_WS_STATE_CLOSED 3

/* Kind of a message: text, valid UTF-8. */
#define EGRET_WS_TEXT 1

/* Kind of a message: binary. */
#define EGRET_WS_BINARY 2

/* Direction of a frame: sent. */
#define EGRET_WS_FRAME_SENT 1

/* Direction of a frame: received. */
#define EGRET_WS_FRAME_RECEIVED 2

/* Instead of a direction: sent frames were not recorded, because the receive queue was full. */
#define EGRET_WS_FRAME_LOST 3

/* Flag of a frame: it is the last one of its message (FIN). */
#define EGRET_WS_FRAME_FIN 1

/* Flag of a frame: its message is compressed (RFC 7692 section 6). Each frame of the message has it. */
#define EGRET_WS_FRAME_COMPRESSED 2

/* Phase: `on_request` had not let the attempt begin. */
#define EGRET_WS_PHASE_REQUEST 1

/* Phase: the server's name was being looked up. */
#define EGRET_WS_PHASE_RESOLVE 2

/* Phase: TCP was connecting. */
#define EGRET_WS_PHASE_CONNECT 3

/* Phase: the proxy was being asked for a connection to the server. */
#define EGRET_WS_PHASE_PROXY 4

/* Phase: TLS was being set up: its handshake, and the check of the server's certificate. */
#define EGRET_WS_PHASE_TLS 5

/* Phase: the HTTP upgrade was under way (RFC 6455 section 4). */
#define EGRET_WS_PHASE_HANDSHAKE 6

/* Phase: the connection was open. */
#define EGRET_WS_PHASE_OPEN 7

/* Phase: the connection was closing, and accepted messages were being written before the Close frame. */
#define EGRET_WS_PHASE_FLUSH 8

/* Phase: the closing handshake was under way (RFC 6455 section 7): the Close frame of this side was passed to the operating system. */
#define EGRET_WS_PHASE_CLOSING 9

/*
 * Initiator: this side ended it: a close, or a refusal of something the server sent (see `error`). A close of this side that came
 * before the server's Close frame stays the reason if the closing handshake then failed, by a reset or a time-out, as `error` says.
 */
#define EGRET_WS_INITIATOR_LOCAL 1

/*
 * Initiator: the server (or a proxy) ended it: its Close frame came first, or its HTTP answer was a refusal. Also if the closing
 * handshake failed after the server's Close frame; `error` then says how (a reset, a time-out).
 */
#define EGRET_WS_INITIATOR_PEER 2

/*
 * Initiator: the network did, before a Close frame of the server was received: no name, no route, a reset, an end of the stream,
 * a deadline that passed.
 */
#define EGRET_WS_INITIATOR_TRANSPORT 3

/* Log level: something failed inside the library. */
#define EGRET_WS_LOG_ERROR 1

/* Log level: a call was refused, or a connection failed. The default of a loop. */
#define EGRET_WS_LOG_WARN 2

/* Log level: connections made and ended. */
#define EGRET_WS_LOG_INFO 3

/* Log level: each step. */
#define EGRET_WS_LOG_DEBUG 4

/* No error. */
#define EGRET_WS_OK 0

/* An argument is not allowed: a NULL for a required pointer, an unknown flag, a value out of its range. */
#define EGRET_WS_ERR_INVALID_ARGUMENT (-1)

/* The handle is not one of a live loop, socket or query: freed, answered, forged, or of another kind. */
#define EGRET_WS_ERR_BAD_HANDLE (-2)

/*
 * This library does not know the `struct_size`, or bytes after the fields that it knows are not zero: the caller was compiled
 * with a newer header and uses a field that this library does not have.
 */
#define EGRET_WS_ERR_BAD_STRUCT (-3)

/* A poll or a free of a loop inside one of its callbacks, or, of any loop, inside `on_log` or a wake-up callback. */
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
 * `message` of the close report, `egret_ws_last_error_message` or the log line says which. From a send: nothing was sent and the
 * socket stays open.
 */
#define EGRET_WS_ERR_NO_RESOURCES (-7)

/*
 * A fault in this library, caught before it could harm the application. Please report it with the line that `on_log` gets at the
 * level `EGRET_WS_LOG_ERROR`, or with `egret_ws_last_error_message`: both have the message and the source line.
 */
#define EGRET_WS_ERR_INTERNAL (-8)

/* Something this library cannot do on this system, or was built without. */
#define EGRET_WS_ERR_UNSUPPORTED (-9)

/* The socket is not open: `on_connect` was not called yet, or it is closing or closed. */
#define EGRET_WS_ERR_NOT_OPEN (-10)

/*
 * The message is larger than `max_message_bytes`. From a send: nothing was sent and the socket stays open. In a close
 * report: the server sent it, and the library closed with 1009; or the server sent more than 2 MiB of frames for one message (many
 * empty fragments, or compressed blocks without content).
 */
#define EGRET_WS_ERR_MESSAGE_TOO_BIG (-11)

/* Text that is not UTF-8. From a call: nothing was sent. In a close report: the server sent it, and the library closed with 1007. */
#define EGRET_WS_ERR_INVALID_UTF8 (-12)

/* The send buffer has no room for this message now. Nothing was sent, and the socket stays open: try again in `on_drain`. */
#define EGRET_WS_ERR_BACKPRESSURE (-13)

/* The URL or the host cannot be used; `egret_ws_last_error_message` and the log line say why. */
#define EGRET_WS_ERR_INVALID_URL (-14)

/* The close code may not be sent (RFC 6455 section 7.4), or the reason is longer than 123 bytes. */
#define EGRET_WS_ERR_INVALID_CLOSE (-15)

/*
 * The server's answer has no header of this name, or there was no answer yet; or there is no close report, because `on_close` has
 * not begun.
 */
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
 * Close report: the answer to the upgrade was not valid for a WebSocket server (RFC 6455 section 4.1), or its head was
 * longer than 64 KiB (interim answers counted) or had more than 256 lines.
 */
#define EGRET_WS_ERR_HANDSHAKE (-40)

/*
 * Close report: the server answered the upgrade with another HTTP status; see `http_status`. Also if the header lines after the
 * status line are malformed, too many, or cut off.
 */
#define EGRET_WS_ERR_HTTP_STATUS (-41)

/*
 * Close report: the server redirected the connection, and the redirect was not followed: more than `max_redirects`, from `wss`
 * to `ws`, to another origin although the socket has subprotocols, to a nearer address (see `EGRET_WS_ALLOW_PRIVATE_REDIRECTS`), or
 * to a text that is not a URL. `http_status` is that of the redirect. With redirects off it is `EGRET_WS_ERR_HTTP_STATUS`.
 */
#define EGRET_WS_ERR_REDIRECT (-42)

/*
 * Close report: a time-out passed; `phase` says in which stage. In `EGRET_WS_PHASE_OPEN` it is that of the heartbeat: the server
 * has not answered a ping. In `EGRET_WS_PHASE_FLUSH` it is `flush_timeout_ms`, in `EGRET_WS_PHASE_CLOSING` it is `close_timeout_ms`.
 * In `EGRET_WS_PHASE_REQUEST` the application has taken too long: `on_request` has not let the attempt begin.
 */
#define EGRET_WS_ERR_TIMEOUT (-50)

/* Close report: the connection broke without a closing handshake. */
#define EGRET_WS_ERR_CONNECTION_LOST (-51)

/* Close report: the server broke the protocol, and the library closed with 1002 (or with the code of an `egret_ws_close` before). */
#define EGRET_WS_ERR_PROTOCOL (-52)

/*
 * Close report: closed by this side before the connection was made, aborted by this side, stopped by `on_request` before the first
 * attempt, or abandoned by a suspend (`EGRET_WS_LOOP_CLOSE_ON_SUSPEND`); `phase` says when.
 */
#define EGRET_WS_ERR_ABORTED (-53)

/*
 * Close report: TLS failed, for another reason than the next errors; `message` says why. In `EGRET_WS_PHASE_TLS` the TLS handshake
 * failed. In a later phase the server sent 256 TLS records in a row without data (key updates, session tickets).
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
#define EGRET_WS_VERSION_NUMBER 512

/* A socket: one WebSocket connection of a loop. Opaque; it is a handle, not an address. */
typedef struct egret_ws egret_ws;

/* A loop: the I/O of any number of sockets, and the queue of their events. Opaque; it is a handle, not an address. */
typedef struct egret_ws_loop egret_ws_loop;

/*
 * A question that a hook was asked, until it is answered or nothing waits for the answer any more. Opaque; it is a handle, not an
 * address.
 */
typedef struct egret_ws_query egret_ws_query;

/* The request of an attempt, inside `on_request`. Opaque; it is a handle, not an address. */
typedef struct egret_ws_request egret_ws_request;

/* An error: `EGRET_WS_OK` or one of `EGRET_WS_ERR_*`. All errors are negative. */
typedef int32_t egret_ws_error_t;

/* A level of the log: one of `EGRET_WS_LOG_*`. */
typedef int32_t egret_ws_log_level_t;

/*
 * Called for each log line at or below the loop's `log_level`. **May come from another thread**: from the I/O thread, or from
 * inside any call of this library, on its caller's thread; several threads may be in here at the same time. `text` is UTF-8,
 * ends in a NUL and has no line break; it is borrowed until the callback returns. `ws` is the socket that the line is about, or
 * NULL; it may be freed already, so only compare it. The text never contains message payloads. Return soon: the connection
 * waits. In here `egret_ws_loop_poll` and `egret_ws_loop_free` return `EGRET_WS_ERR_REENTRANT`, and no call is logged. When
 * `egret_ws_loop_free` has returned, no line is being written on any thread, and none follows, so `user` can be freed. If this
 * callback forks, it must not return in the child: the child calls `_exit` or `exec`.
 */
typedef void (*egret_ws_on_log_fn)(void *user, egret_ws_log_level_t level, const char *text, egret_ws *ws);

/*
 * Called exactly once for each socket, as its last callback: right after `on_close`, also if the socket is not freed, or after
 * `egret_ws_free`. The poll that runs then calls it, or the next one, or `egret_ws_loop_free` for the sockets that are left. Free
 * `user` here, or drop the reference to it. `egret_ws_user` returns NULL from now on.
 */
typedef void (*egret_ws_release_user_fn)(void *user);

/*
 * Hook: finds the addresses of a name, for example by HTTPDNS, DNS over HTTPS, or a cache of the application. Called instead of the
 * system's resolver, for a server's name and for a proxy's, but not for `localhost`, a literal address, or where the socket has
 * `addresses`.
 *
 * Answer with `egret_ws_resolved`: in here, or later from any thread. The time-outs are those of a look-up of the library
 * (`resolve_timeout_ms`). `host` ends in a NUL; it is borrowed until the hook returns. `query` is valid until it is answered, or
 * until no connection waits for it any more. `ws` is the socket that asks; it may be freed already.
 *
 * **Comes from another thread**, see `egret_ws_hooks`.
 */
typedef void (*egret_ws_on_resolve_fn)(void *user, egret_ws *ws, const char *host, egret_ws_query *query);

/*
 * Hook: finds the proxies for a URL, for example those of the system's settings. Called at the beginning of each attempt, and after each
 * redirect, where the socket's `proxy` is NULL and `EGRET_WS_PROXY_FROM_ENVIRONMENT` is not set.
 *
 * Answer with `egret_ws_proxy_found`: in here, or later from any thread. The time-out is `proxy_timeout_ms`. `url` has the scheme, the
 * host and the port of the server, and no user name, path or query (`wss://example.com:443/`); it ends in a NUL, and is borrowed
 * until the hook returns. The rest is as for `on_resolve`.
 *
 * **Comes from another thread**, see `egret_ws_hooks`.
 */
typedef void (*egret_ws_on_proxy_fn)(void *user, egret_ws *ws, const char *url, egret_ws_query *query);

/*
 * Hook: changes the descriptor of a TCP connection before it connects, for example by `VpnService.protect`, `Network.bindSocket`,
 * `SO_BINDTODEVICE` or `IP_TOS`. Called for each address that is tried, those of proxies too.
 *
 * Return 0 to connect. Any other number refuses the address: the next one is tried, and the error of the last one is
 * `EGRET_WS_ERR_CONNECT` with this number in its message. `descriptor` is a file descriptor, or a `SOCKET` on Windows; it is not
 * connected, does not block, and stays open until the hook returns. Do not close, connect or keep it. The time-out is
 * `connect_timeout_ms`; other addresses are tried in the meantime.
 *
 * **Comes from another thread**, see `egret_ws_hooks`.
 */
typedef int32_t (*egret_ws_on_socket_fn)(void *user, egret_ws *ws, ptrdiff_t descriptor);

/*
 * Hooks of a loop: functions of the application that take part in the making of connections. Fill it with `egret_ws_hooks_init`, then
 * set those that you need; the others are NULL, and the library does that work.
 *
 * Hooks run on threads of the library, several at the same time, and may block: only the connection that has asked waits, within its
 * time-outs. A hook may call every function but `egret_ws_loop_poll` and `egret_ws_loop_free`, which return
 * `EGRET_WS_ERR_REENTRANT`. Hooks must not throw a C++ exception or longjmp out. If one forks, it must not return in the child: the
 * child calls `_exit` or `exec`.
 *
 * `egret_ws_loop_free` does not wait for hooks that are running: free `user` in `release_user`.
 * `release_user` of a socket does not wait for them either: in a hook, use the result of `egret_ws_user` only if something else keeps it
 * alive.
 */
typedef struct egret_ws_hooks {
    /* Bytes of this struct as the caller knows it; set by `egret_ws_hooks_init`. */
    uint32_t struct_size;
    /*
     * The most threads for hooks, 1 to 64; calls beyond them wait. A hook that blocks keeps its thread, so this limits how many can
     * block. One socket uses at most two of them at a time. 0: 32.
     */
    uint32_t max_threads;
    /* Passed to every hook. The library does not dereference it; free it in `release_user`. */
    void *user;
    /*
     * Called exactly once: when the loop is freed and no hook is running any more, by `egret_ws_loop_free` or on a thread of the
     * library. Not called if `egret_ws_loop_new` fails. NULL: not called.
     */
    egret_ws_release_user_fn release_user;
    /* See the type. NULL: the system's resolver. */
    egret_ws_on_resolve_fn on_resolve;
    /* See the type. NULL: only the proxies of the options. */
    egret_ws_on_proxy_fn on_proxy;
    /* See the type. NULL: not called. */
    egret_ws_on_socket_fn on_socket;
} egret_ws_hooks;

/* The settings of a TLS context, from the options of sockets. All pointers are borrowed until the call returns. */
typedef struct egret_ws_tls_settings {
    /* Bytes of this struct as the library knows it. */
    uint32_t struct_size;
    /* The lowest version of TLS: `EGRET_WS_TLS_1_2` or `EGRET_WS_TLS_1_3`. */
    uint32_t min_version;
    /*
     * Certificates of authorities to trust besides those of the system, in PEM, `roots_len` bytes; NULL: none. Not NULL only with
     * `EGRET_WS_TLS_CAN_ROOTS`.
     */
    const char *roots;
    /* Bytes of `roots`. */
    size_t roots_len;
    /*
     * The certificate and the private key of this side, in PKCS#12, `identity_len` bytes; NULL: none. Not NULL only with
     * `EGRET_WS_TLS_CAN_IDENTITY`.
     */
    const uint8_t *identity;
    /* Bytes of `identity`. */
    size_t identity_len;
    /* The password of `identity`, which may be empty; NULL without `identity`. */
    const char *identity_password;
    /* The protocol to offer by ALPN (RFC 7301), `http/1.1`; NULL: offer none. */
    const char *alpn;
    /* 1: trust `roots` only, and not the certificates of the system. Not 1 without `EGRET_WS_TLS_CAN_ROOTS`. */
    uint32_t only_these_roots;
    /* 1: accept any certificate: expired, of another host, of an unknown issuer. Not 1 without `EGRET_WS_TLS_CAN_ANY_CERTIFICATE`. */
    uint32_t any_certificate;
} egret_ws_tls_settings;

/*
 * TLS provider: makes a context for sockets with equal TLS options, stores it in `*context`, and returns `EGRET_WS_OK`. The library keeps
 * at most 8 contexts of a loop besides those that its sockets use. It drops a context with an identity with its last socket, and every
 * context in `egret_ws_loop_network_changed` with `EGRET_WS_LOOP_FORGET_TLS_SESSIONS`, so sessions belong to the context.
 *
 * With an error, which should be `EGRET_WS_ERR_TLS_OPTIONS` or `EGRET_WS_ERR_NO_RESOURCES`, sockets with these options end with it;
 * write the reason to `message`, which has `EGRET_WS_TLS_MESSAGE_BYTES` bytes, with a NUL at its end. It is empty before the call.
 * `*context` is not read then, and `free_context` is not called.
 *
 * Called on a worker thread of the library, at most 16 times at once in a loop, for different settings; it may block, for example to
 * read files: only the sockets that need this context wait, within their time-outs.
 */
typedef egret_ws_error_t (*egret_ws_tls_new_context_fn)(void *user,
                                                        const egret_ws_tls_settings *settings,
                                                        void **context,
                                                        char *message);

/* TLS provider: frees a context, after its last session. Called on any thread of the library, or by a call of the application. */
typedef void (*egret_ws_tls_free_context_fn)(void *user, void *context);

/* The peer of a TLS session. All pointers are borrowed until the call returns. */
typedef struct egret_ws_tls_destination {
    /* Bytes of this struct as the library knows it. */
    uint32_t struct_size;
    /* The port of the peer's URL. */
    uint32_t port;
    /*
     * The name that the peer's certificate must have: a DNS name in ASCII without a dot at its end, or an IP address without
     * brackets. Send a DNS name, but not an address, as SNI (RFC 6066 section 3). It is the host of the URL, or `tls_server_name`.
     */
    const char *name;
    /* The host of the peer's URL. Host, port and name together tell servers apart, for example to keep their sessions. */
    const char *host;
    /* 1: the peer is a proxy of `https://`. 0: it is the server. */
    uint32_t is_proxy;
    /*
     * 1: a session of an earlier connection may be resumed, and this one may be kept. 0: neither. Not 0 without
     * `EGRET_WS_TLS_CAN_RESUME`.
     */
    uint32_t resumes;
    /* The socket, for `egret_ws_tls_ready`. */
    egret_ws *ws;
} egret_ws_tls_destination;

/*
 * TLS provider: begins a session with a peer, stores it in `*session`, and returns `EGRET_WS_OK`. It sends nothing yet: the library calls
 * `send` next. With an error the connection fails: `*session` is not read, and `free_session` is not called. Errors and
 * `message` are as for `egret_ws_tls_call_fn`.
 */
typedef egret_ws_error_t (*egret_ws_tls_open_fn)(void *user,
                                                 void *context,
                                                 const egret_ws_tls_destination *destination,
                                                 void **session,
                                                 char *message);

/*
 * A call of a TLS session: the bytes for it, the room for its result, and the result. The library sets `input`, `input_len`, `output` and
 * `output_size`, and sets `state`, `output_len` and the first byte of `message` to 0; the session sets `state` and `output_len`. All pointers
 * are borrowed until the call returns.
 */
typedef struct egret_ws_tls_call {
    /* Bytes of this struct as the library knows it. */
    uint32_t struct_size;
    /*
     * Result: the state of the session after the call, bits of `EGRET_WS_TLS_ESTABLISHED`, `EGRET_WS_TLS_HAS_OUTPUT`,
     * `EGRET_WS_TLS_PEER_CLOSED` and `EGRET_WS_TLS_BUSY`.
     */
    uint32_t state;
    /* The bytes for the session. Never NULL; it takes all of them. */
    const uint8_t *input;
    /* Bytes of `input`. */
    size_t input_len;
    /* The room for the result. Its bytes have no meaning before the call; it does not overlap `input`. */
    uint8_t *output;
    /* Bytes of `output`. */
    size_t output_size;
    /* Result: the number of bytes that the session has written to `output`. */
    size_t output_len;
    /*
     * Result, with an error: the reason in words, in UTF-8 with a NUL at its end, for the close report. It has
     * `EGRET_WS_TLS_MESSAGE_BYTES` bytes. Leave it empty if there is none.
     */
    char *message;
} egret_ws_tls_call;

/*
 * TLS provider: a step of a session, which turns the bytes of `input` into bytes of `output`, without any I/O.
 *
 * | step           | `input`                               | `output`       | `output_size` at least |
 * |----------------|---------------------------------------|----------------|------------------------|
 * | `receive`      | one whole TLS record, with its header | its plaintext  | 16384                  |
 * | `send`         | plaintext, at most 16 KiB             | TLS records    | `input_len` + 2048     |
 * | `close_notify` | nothing                               | a close_notify | 2048                   |
 *
 * Each step takes all of `input`. If there are more TLS records to send than `output` has room for, the step sets `EGRET_WS_TLS_HAS_OUTPUT`, and
 * the library calls `send` without plaintext for the rest. `receive` sets it too, for an answer such as that to a key update. The
 * handshake begins with such a `send`, and goes on with `receive` for each record, until a step sets `EGRET_WS_TLS_ESTABLISHED`; before
 * that there is no plaintext in either direction.
 *
 * Return `EGRET_WS_OK`, or `EGRET_WS_ERR_TLS`, `_TLS_EXPIRED`, `_TLS_HOST`, `_TLS_ISSUER`, `_TLS_OPTIONS` or `_NO_RESOURCES`: the
 * handshake fails with it; another number counts as `EGRET_WS_ERR_TLS`. After the handshake any error ends the connection with
 * `EGRET_WS_ERR_CONNECTION_LOST`, or before the server's answer with `EGRET_WS_ERR_TLS`. The close report has the text of `message`. After an
 * error of `receive`, or of `send` for a session that was busy, the library calls `send` without plaintext once more, for an alert to the
 * peer, then `get_facts`, then `free_session`. After an error `state` and `output_len` do not count; of the call for the alert only
 * `output` and `output_len` count, whatever it returns.
 */
typedef egret_ws_error_t (*egret_ws_tls_call_fn)(void *user, void *session, egret_ws_tls_call *call);

/*
 * The facts about a TLS session: for the statistics, `egret_ws_tls_cipher`, `egret_ws_peer_certificate`, and the checks of the library. The
 * library sets `struct_size`, and all other fields to 0; the session sets the ones that it knows. The pointers must stay valid until
 * the next call for this session.
 */
typedef struct egret_ws_tls_facts {
    /* Bytes of this struct as the library knows it. */
    uint32_t struct_size;
    /* The version: `EGRET_WS_TLS_1_2` or `EGRET_WS_TLS_1_3`; 0: not known yet. */
    uint32_t version;
    /* 1: an earlier session was resumed. */
    uint32_t is_resumed;
    /* 0. */
    uint32_t reserved;
    /* The name of the cipher suite; NULL: unknown. */
    const char *cipher;
    /* The protocol that the peer has selected by ALPN; NULL: none. The library refuses another one than `http/1.1`. */
    const char *alpn;
    /*
     * The certificates that the peer has sent, in DER, one right after the other, the peer's own first, `chain_len` bytes; NULL:
     * unknown. After a failed check of the certificate too. With `EGRET_WS_TLS_CAN_CHAIN` it has at least the peer's own.
     */
    const uint8_t *chain;
    /* Bytes of `chain`. */
    size_t chain_len;
} egret_ws_tls_facts;

/*
 * TLS provider: sets the facts about a session. Called when the handshake has ended, successfully or not, and when it takes too long.
 * With `tls_pins` also before output of the handshake is sent, until there is a chain: return it as soon as it is known, because a
 * server with another key must not get the certificate of `tls_identity`. Not called while the session is busy.
 */
typedef void (*egret_ws_tls_get_facts_fn)(void *user, void *session, egret_ws_tls_facts *facts);

/* TLS provider: frees a session. Called once for each session, as its last call; also in the middle of a handshake. */
typedef void (*egret_ws_tls_free_session_fn)(void *user, void *session);

/*
 * A TLS provider: the application's own TLS, instead of the one that the library was built with; for example that of the platform, or a TLS
 * library that the application has already. It turns bytes into bytes; the library does all reading and writing, keeps the time
 * limits, and checks `tls_pins` and ALPN. Fill it with `egret_ws_tls_provider_init`, then set every callback. All `wss` connections of
 * the loop, and those to `https://` proxies, go through it. `examples/tls_provider` has one.
 *
 * **The provider checks the certificate of the peer**, unless `any_certificate` is 1: its issuer, its dates, that it is one for servers, and
 * that it has the `name` of the destination. The library does not check that again.
 *
 * **The callbacks come from other threads**: those of sessions from the I/O thread of the loop, or with `EGRET_WS_LOOP_INLINE` from any
 * thread that is inside a call for the loop or for one of its sockets, except `egret_ws_tls_ready`: so a provider may hold its own
 * lock while it calls that. The calls for the sessions of a loop never overlap. Only `new_context` may block. In the others all
 * connections of the loop wait: for work that may take long, such as a question to the user or a file, return `EGRET_WS_TLS_BUSY`, do
 * it on a thread of yours, and call `egret_ws_tls_ready`. Do not wait for another thread that may be inside a call of this library.
 *
 * Inside these callbacks every function that takes a handle, but `egret_ws_tls_ready`, returns `EGRET_WS_ERR_REENTRANT`. Callbacks must
 * not throw a C++ exception or longjmp out. If one forks, it must not return in the child: the child calls `_exit` or `exec`.
 *
 * The library checks the results. A session that returns something impossible, such as more bytes than there was room for, fails
 * as if it had returned `EGRET_WS_ERR_TLS`, with a message that names the TLS provider. `egret_ws_loop_free` waits at most a second longer
 * than `linger_ms` for a call that does not return; then the thread of the loop ends by itself when it does. With
 * `EGRET_WS_LOOP_INLINE` it makes the last calls itself, and waits for these. It does not wait for `new_context`. So before you unload
 * the provider's code, or end its TLS library, wait for `release_user`. (OpenSSL ends itself in `exit`, unless it was initialized with
 * `OPENSSL_INIT_NO_ATEXIT`.)
 */
typedef struct egret_ws_tls_provider {
    /* Bytes of this struct as the caller knows it; set by `egret_ws_tls_provider_init`. */
    uint32_t struct_size;
    /*
     * The options that the provider honours, bits of `EGRET_WS_TLS_CAN_*`. A connect call with another one returns
     * `EGRET_WS_ERR_UNSUPPORTED`. Unknown bits are refused.
     */
    uint32_t capabilities;
    /* Passed to every callback. The library does not dereference it; free it in `release_user`. */
    void *user;
    /*
     * Called exactly once: when the loop is freed and no callback is running any more, by `egret_ws_loop_free` or on a thread of the
     * library. Not called if `egret_ws_loop_new` fails. NULL: not called.
     */
    egret_ws_release_user_fn release_user;
    /* See the types of these callbacks. None may be NULL. */
    egret_ws_tls_new_context_fn new_context;
    /* Frees what `new_context` has made. */
    egret_ws_tls_free_context_fn free_context;
    /* Begins a session. */
    egret_ws_tls_open_fn open;
    /* Decrypts a record. */
    egret_ws_tls_call_fn receive;
    /* Encrypts bytes, and returns what the handshake has to send. */
    egret_ws_tls_call_fn send;
    /* Makes the record that ends this side's data (RFC 8446 section 6.1). */
    egret_ws_tls_call_fn close_notify;
    /* Sets the facts about a session. */
    egret_ws_tls_get_facts_fn get_facts;
    /* Frees a session. */
    egret_ws_tls_free_session_fn free_session;
} egret_ws_tls_provider;

/*
 * Options of a loop. Fill it with `egret_ws_loop_options_init`, then set the fields that you need; a field that is zero means its
 * default. Read during `egret_ws_loop_new` only; `user` and `on_log` are used until `egret_ws_loop_free` has returned
 * `EGRET_WS_OK`. If `egret_ws_loop_new` fails, they are not used after it.
 */
typedef struct egret_ws_loop_options {
    /* Bytes of this struct as the caller knows it; set by `egret_ws_loop_options_init`. */
    uint32_t struct_size;
    /*
     * Any of `EGRET_WS_LOOP_INLINE`, `EGRET_WS_LOOP_CLOSE_ON_SUSPEND`, `EGRET_WS_LOOP_FORGET_TLS_SESSIONS`; 0: a loop with an I/O
     * thread. Unknown bits are refused.
     */
    uint32_t flags;
    /* Passed to `on_log`. The library does not dereference it. */
    void *user;
    /* Called for each log line. NULL: no log. */
    egret_ws_on_log_fn on_log;
    /* The highest `EGRET_WS_LOG_*` level to log. 0: `EGRET_WS_LOG_WARN`. */
    egret_ws_log_level_t log_level;
    /*
     * Budget of a poll: the most callbacks of one `egret_ws_loop_poll`; the others wait for the next poll. 0: 4096.
     * `EGRET_WS_UNLIMITED`: no limit.
     */
    uint32_t poll_max_callbacks;
    /*
     * Budget of a poll: the microseconds after which one `egret_ws_loop_poll` begins no further callback; it handles at
     * least one event. As long as callbacks take less than a microsecond each, the clock is read once for up to 16 of them. 0: 4000.
     * `EGRET_WS_UNLIMITED`: no limit. With `EGRET_WS_LOOP_INLINE` the reading and writing of the poll counts too: it takes at most about
     * half of the budget, and never more than a few milliseconds. The next poll goes on with the sockets that were not served.
     * Events without a callback, such as messages that wait because receiving is paused, count in the time too. So a poll may use it up
     * without any callback, and return 0.
     */
    uint32_t poll_max_us;
    /*
     * The longest time in milliseconds that `egret_ws_loop_free` waits until accepted messages are written and closing
     * handshakes have ended. During this time it is the only limit: `flush_timeout_ms` and `close_timeout_ms` cut no socket. 0: it
     * does not wait; bytes that the network does not take at once are dropped.
     */
    uint32_t linger_ms;
    /* The hooks of the application, copied. NULL: none. */
    const egret_ws_hooks *hooks;
    /* The application's own TLS, copied. NULL: that of the library. */
    const egret_ws_tls_provider *tls_provider;
} egret_ws_loop_options;

/*
 * Called when `egret_ws_loop_poll` has something to do: once, until the next poll. **Comes from another thread**: the
 * I/O thread, or a thread that calls this library; several threads may be in here at the same time. Post a task or write to a pipe,
 * and return soon: the connections wait until the callback returns. In here `egret_ws_loop_poll` and `egret_ws_loop_free` return
 * `EGRET_WS_ERR_REENTRANT`, and no call is logged. `egret_ws_loop_set_wakeup` and `egret_ws_loop_free` wait until no other
 * thread is inside: their comments say when `user` can be freed. If this callback forks, it must not return in the child: the child
 * calls `_exit` or `exec`.
 */
typedef void (*egret_ws_on_wakeup_fn)(void *user);

/*
 * Messages that `egret_ws_loop_free` has lost: they were accepted and not sent, and no `on_close` or `on_retry` has reported them. Set
 * `struct_size` to `sizeof(egret_ws_free_report)` before the call.
 */
typedef struct egret_ws_free_report {
    /* Bytes of this struct as the caller knows it. */
    uint32_t struct_size;
    /* Sockets that have lost messages. Those that `egret_ws_free` freed before count too. */
    uint32_t sockets;
    /* Messages that a send accepted and that were not completely passed to the operating system. */
    uint64_t unsent_messages;
    /* Payload bytes of `unsent_messages`. */
    uint64_t unsent_bytes;
} egret_ws_free_report;

/*
 * Called when the connection is open: once, or with `retry_attempts` once for each connection (`egret_ws_generation` returns its
 * number). `user` is that of the socket's options. From now on messages can be sent, inside this callback too, unless the
 * connection has ended in the meantime; `on_retry` or `on_close` will report that.
 */
typedef void (*egret_ws_on_connect_fn)(void *user, egret_ws *ws);

/* The kind of a message: `EGRET_WS_TEXT` or `EGRET_WS_BINARY`. */
typedef int32_t egret_ws_kind_t;

/*
 * Called for each message. `kind` is `EGRET_WS_TEXT` or `EGRET_WS_BINARY`; `data` is never NULL and has `len` bytes, 0 to
 * `max_message_bytes`, borrowed until the callback returns. Text is valid UTF-8 and is followed by a NUL that `len` does
 * not count (the text may contain NULs). Messages come in the order in which the server sent them; they may still come
 * after `egret_ws_close`, until the server's Close frame. If the server breaks the protocol, the library sends it a Close frame when
 * the messages before were dispatched, so that the application can still answer them, or after `close_timeout_ms`.
 */
typedef void (*egret_ws_on_message_fn)(void *user,
                                       egret_ws *ws,
                                       egret_ws_kind_t kind,
                                       const uint8_t *data,
                                       size_t len);

/* A phase of a connection: one of `EGRET_WS_PHASE_*`. */
typedef int32_t egret_ws_phase_t;

/* The side that ended a connection: one of `EGRET_WS_INITIATOR_*`. */
typedef int32_t egret_ws_initiator_t;

/*
 * How and why a connection ended. The texts that it points to are valid until `on_retry` or `on_request` returns; those of
 * `on_close` and `egret_ws_close_report` until `egret_ws_free` or `egret_ws_loop_free`.
 */
typedef struct egret_ws_close_info {
    /*
     * In a callback: bytes of this struct as the library knows it; read a field only if it lies within, see
     * `EGRET_WS_HAS_FIELD`. For `egret_ws_close_report`: bytes of this struct as the caller knows it.
     */
    uint32_t struct_size;
    /*
     * `EGRET_WS_OK` when both Close frames were exchanged and neither side failed the connection (what a browser calls
     * `wasClean`), else one of `EGRET_WS_ERR_*`.
     */
    egret_ws_error_t error;
    /* In which phase it ended: one of `EGRET_WS_PHASE_*`. */
    egret_ws_phase_t phase;
    /* The side that ended it: one of `EGRET_WS_INITIATOR_*`. */
    egret_ws_initiator_t initiator;
    /* The HTTP status of the server's answer to the upgrade, or of a proxy's answer; 0 if there was no answer. */
    int32_t http_status;
    /* The operating system's error number (`errno`, `WSAGetLastError`), or 0. */
    int32_t os_error;
    /*
     * The code as in a browser's `CloseEvent.code`: that of the server's Close frame; 1005 if the frame had no code; 1006 if
     * no Close frame came.
     */
    uint16_t code;
    /* The code of the Close frame that this side sent: 1005 if the frame had no code, 0 if no Close frame was sent. */
    uint16_t sent_code;
    /* Messages that a send accepted and that were not completely passed to the operating system. */
    uint32_t unsent_messages;
    /* Payload bytes of `unsent_messages`. */
    uint64_t unsent_bytes;
    /* The reason of the server's Close frame: UTF-8, `reason_len` bytes and then a NUL; never NULL. */
    const char *reason;
    /* Bytes of `reason`, 0 to 123. */
    size_t reason_len;
    /* A description of the end for a log: a readable English sentence, UTF-8, ending in a NUL; never NULL. */
    const char *message;
    /* Bytes of `message`. */
    size_t message_len;
} egret_ws_close_info;

/*
 * Called exactly once, unless the socket or its loop was freed before: after every message that came before the end, or, after an
 * `egret_ws_abort`, without them. `info` is borrowed until the callback returns; the texts that it points to are valid until
 * `egret_ws_free`, but at least until the callback returns. The handle stays valid, in state `EGRET_WS_STATE_CLOSED`, until
 * `egret_ws_free`; `egret_ws_close_report` returns the report again.
 */
typedef void (*egret_ws_on_close_fn)(void *user, egret_ws *ws, const egret_ws_close_info *info);

/*
 * Called once after sends were refused with `EGRET_WS_ERR_BACKPRESSURE`, when the send buffer is at most half full and
 * has room for the largest of the messages that were refused. Called once, also if that happens several times between two
 * polls. Not called when the connection is lost or closes before that: after `on_retry`, send again in `on_connect`.
 */
typedef void (*egret_ws_on_drain_fn)(void *user, egret_ws *ws);

/*
 * Called with `retry_attempts`, before each wait, when a connection was lost or could not be made and will be tried again.
 * `info` describes the end of that connection as for `on_close`, with the messages that were not sent; it is borrowed until the
 * callback returns. `attempt` counts from 1; `delay_ms` is the length of the wait. During a suspend it is `EGRET_WS_UNLIMITED`: the
 * wait ends with `egret_ws_loop_resume`. From now on the socket is in state `EGRET_WS_STATE_CONNECTING`; `on_connect` is called when
 * it is open again. `egret_ws_retry_now` ends the wait and connects at once. If `on_request` is set, it is called after
 * the wait and may still stop the attempt. `egret_ws_close` ends the attempts: call it to stop
 * for a reason of the application, such as a close code of the server. If the application does not poll, a socket connects again
 * only until eight calls of `on_connect`, `on_retry` and `on_request` wait for the poll; the next attempt begins after the poll.
 */
typedef void (*egret_ws_on_retry_fn)(void *user,
                                     egret_ws *ws,
                                     const egret_ws_close_info *info,
                                     uint32_t attempt,
                                     uint32_t delay_ms);

/* A header of the request. Both texts end in a NUL and are copied. */
typedef struct egret_ws_header {
    /* Its name, such as `Authorization`. */
    const char *name;
    /* Its value. */
    const char *value;
} egret_ws_header;

/*
 * The waits of reconnecting, for `retry` of the options of a socket. Fill it with `egret_ws_retry_options_init`, then set the fields
 * that you need; a field that is zero means its default. The waits are `min_wait_ms <= first_wait_ms <= max_wait_ms`.
 */
typedef struct egret_ws_retry_options {
    /* Bytes of this struct as the caller knows it; set by `egret_ws_retry_options_init`. */
    uint32_t struct_size;
    /*
     * The shortest wait before an attempt, in milliseconds. 0: 250, or the smaller of the next two options. `EGRET_WS_AT_ONCE`: an
     * attempt may begin at once.
     */
    uint32_t min_wait_ms;
    /*
     * The longest wait before the first attempt, in milliseconds; it doubles with each further attempt. The wait is random between
     * `min_wait_ms` and this, so that the clients of a server do not all come back at the same time. If the server sends
     * `Retry-After` (RFC 9110 section 10.2.3), the wait is added to it. 0: 4000, or the nearest value between the other two
     * waits. `EGRET_WS_AT_ONCE`: the first attempt begins at once, and so do all others.
     */
    uint32_t first_wait_ms;
    /* The limit of the doubling, in milliseconds. 0: 30000, or `first_wait_ms` if that is more. */
    uint32_t max_wait_ms;
    /* Milliseconds after the loss from which on no attempt begins. 0: 600000. `EGRET_WS_UNLIMITED`: no limit. */
    uint32_t total_ms;
} egret_ws_retry_options;

/*
 * The settings of permessage-deflate (RFC 7692), for `deflate` of the options of a socket. Fill it with
 * `egret_ws_deflate_options_init`, then set the fields that you need; a field that is zero means its default.
 */
typedef struct egret_ws_deflate_options {
    /* Bytes of this struct as the caller knows it; set by `egret_ws_deflate_options_init`. */
    uint32_t struct_size;
    /* The level at which this side compresses, 1 (fast) to 9 (small). 0: 6. */
    uint32_t level;
    /*
     * Messages of fewer bytes are sent without compression, and so are messages that compression does not make smaller. 0: 256.
     * `EGRET_WS_AT_ONCE`: messages of any size are compressed. `EGRET_WS_UNLIMITED`: no message is compressed.
     */
    uint32_t threshold_bytes;
    /*
     * The largest window that this side uses to compress, as a power of two, 9 to 15; the server may ask for less. The compressor
     * needs memory of 4 times the window and 244 KiB, from the first compressed message on. 0: 15.
     */
    uint32_t client_window_bits;
    /*
     * The largest window that the server may use, 9 to 15. A socket whose server agreed to compress needs 47 KiB for incoming
     * messages, with any window. A server that accepts the offer without this limit fails the handshake. 0: 15, that is no limit.
     */
    uint32_t server_window_bits;
    /*
     * 1: this side compresses each message by itself, without the context of the messages before, which makes messages larger. The
     * compressor keeps its memory. 0: with the context.
     */
    uint32_t client_no_context_takeover;
    /*
     * 1: the server must compress each message by itself. A server that accepts the offer without this parameter fails the
     * handshake. 0: as the server wants.
     */
    uint32_t server_no_context_takeover;
} egret_ws_deflate_options;

/*
 * Called for each pong (RFC 6455 section 5.5.3) that the server sends, whether or not it answers a ping, but for the answers to the
 * pings of the heartbeat. `data` is never NULL and has `len` bytes, 0 to 125, borrowed until the callback returns: the payload of
 * the `egret_ws_ping` that it answers, if there is one. Pongs and messages come in the order in which the server sent them, except
 * that a pong does not wait for a message while receiving is paused. A pong that waits for the poll counts as a message in
 * `max_receive_queue_bytes`, so a server cannot send pongs faster than polls take them.
 */
typedef void (*egret_ws_on_pong_fn)(void *user, egret_ws *ws, const uint8_t *data, size_t len);

/*
 * Called before each attempt to connect, the first one included, to let the application change the request: replace an expired token in
 * a header or in the URL, choose another server, or wait for a login. Like every callback of a socket it runs in
 * `egret_ws_loop_poll`, and it may call every function that they may call. It is not called for redirects.
 *
 * `attempt` is 0 for the first attempt, then as `on_retry` has counted it. `last` describes the last end, as `on_retry` has got
 * it; NULL at the first attempt. `request` may be changed with `egret_ws_request_set_url`, `egret_ws_request_set_header` and
 * `egret_ws_request_set_subprotocols`; the changes hold for this attempt and all later ones. Both pointers are borrowed until the
 * callback returns; a later use of `request`, or one on another thread, returns `EGRET_WS_ERR_BAD_HANDLE`.
 *
 * Return one of `EGRET_WS_REQUEST_*`. With this callback and `retry_attempts`, the HTTP statuses 401, 403, 404, 407 and 410 do
 * not end the attempts: `on_retry` is called, and after the wait this callback decides.
 *
 * | `EGRET_WS_REQUEST_*` | then                                                                                                 |
 * |----------------------|------------------------------------------------------------------------------------------------------|
 * | CONTINUE             | connect; but after one of those statuses, as STOP                                                    |
 * | CONNECT              | connect, also after one of those statuses                                                            |
 * | WAIT                 | nothing, until `egret_ws_retry_now`, a resume or `egret_ws_loop_network_changed`: they call it again |
 * | STOP                 | `on_close` with the report of the last end; at the first attempt ABORTED in `EGRET_WS_PHASE_REQUEST` |
 * | another number       | as STOP, with a log line                                                                             |
 *
 * After STOP, `unsent_messages` of the report are those that no report has counted.
 *
 * If the application calls `egret_ws_retry_now` before WAIT is returned, the callback comes again at once, so that no call is lost.
 * If no attempt has begun `open_timeout_ms` after the first question about it, it ends with `EGRET_WS_ERR_TIMEOUT` in
 * `EGRET_WS_PHASE_REQUEST`, like any other attempt that takes too long; so it does if the application does not poll. The state is
 * `EGRET_WS_STATE_CONNECTING` all the time. With `EGRET_WS_LOOP_CLOSE_ON_SUSPEND` a suspend stops this time-out, and the resume asks
 * again unless STOP was returned.
 */
typedef int32_t (*egret_ws_on_request_fn)(void *user,
                                          egret_ws *ws,
                                          uint32_t attempt,
                                          const egret_ws_close_info *last,
                                          egret_ws_request *request);

/* The direction of a frame: one of `EGRET_WS_FRAME_SENT`, `EGRET_WS_FRAME_RECEIVED`, `EGRET_WS_FRAME_LOST`. */
typedef int32_t egret_ws_direction_t;

/*
 * Called for each frame (RFC 6455 section 5.2) that was sent or received, to trace a connection. Like every callback of a socket it runs
 * in `egret_ws_loop_poll`. A received frame is recorded with its header, before the message that it completes, and also if it breaks a
 * rule; a sent one when the operating system has taken its last byte. While receiving is paused, frames do not wait for the messages.
 *
 * `direction` is `EGRET_WS_FRAME_SENT` or `EGRET_WS_FRAME_RECEIVED`; `opcode` is that of the frame, 0 to 15; `flags` are bits of
 * `EGRET_WS_FRAME_FIN` and `EGRET_WS_FRAME_COMPRESSED`; `length` is the length of the payload as it is on the wire, so after
 * compression. A frame that waits for the poll counts 32 bytes in `max_receive_queue_bytes`, so a server cannot send frames faster
 * than polls take them. While the receive queue is full, sent frames are not recorded: before the next frame that is, or at the end of
 * the connection, `direction` is `EGRET_WS_FRAME_LOST` once, `length` is their number, and the other numbers are 0.
 */
typedef void (*egret_ws_on_frame_fn)(void *user,
                                     egret_ws *ws,
                                     egret_ws_direction_t direction,
                                     uint32_t opcode,
                                     uint32_t flags,
                                     uint64_t length);

/*
 * Options of a socket. Fill it with `egret_ws_options_init`, then set the fields that you need; a field that is zero means its
 * default. Read during the connect call only; `user` and the callbacks are kept until `release_user` ran. The table NUMBERS at the
 * head of this file lists the fields that accept `EGRET_WS_UNLIMITED` and `EGRET_WS_AT_ONCE`.
 *
 * The connect call returns `EGRET_WS_ERR_INVALID_ARGUMENT`, and logs the name of the field, for a text or list that is longer
 * than its field allows, for a NULL with a length or count that is not 0, and for a pointer with a length of 0. An array with a
 * count of 0 is an empty list.
 */
typedef struct egret_ws_options {
    /* Bytes of this struct as the caller knows it; set by `egret_ws_options_init`. */
    uint32_t struct_size;
    /*
     * Any of `EGRET_WS_ONLY_THESE_ROOTS`, `EGRET_WS_PROXY_FROM_ENVIRONMENT`, `EGRET_WS_RESEND`, `EGRET_WS_DISABLE_DEFLATE`,
     * `EGRET_WS_DISABLE_ALPN`, `EGRET_WS_DISABLE_TLS_RESUMPTION`, `EGRET_WS_SECURE_REDIRECTS_ONLY`, `EGRET_WS_ACCEPT_ANY_CERTIFICATE`,
     * `EGRET_WS_ALLOW_PRIVATE_REDIRECTS`. Unknown bits and flags of loops are refused.
     */
    uint32_t flags;
    /* Passed to every callback of the socket. The library does not dereference it; free it in `release_user`. */
    void *user;
    /* See the callback's type. NULL: not called. */
    egret_ws_on_connect_fn on_connect;
    /* See the callback's type. NULL: messages are counted as received and dropped. */
    egret_ws_on_message_fn on_message;
    /* See the callback's type. NULL: not called. */
    egret_ws_on_close_fn on_close;
    /* See the callback's type. NULL: not called. */
    egret_ws_release_user_fn release_user;
    /* The longest time in milliseconds for the name look-up and TCP together. 0: 15000. */
    uint32_t connect_timeout_ms;
    /* The longest time in milliseconds for the HTTP upgrade, from the moment its request can be sent. 0: 10000. */
    uint32_t handshake_timeout_ms;
    /*
     * The longest time in milliseconds without progress while a closing socket writes accepted messages and then its Close frame.
     * The time counts from the last progress, so a slow upload is not cut. Progress is 4 KiB that the operating system takes, or all
     * that is left; with TLS, a record of up to 16 KiB counts when all of it is taken. No ping is sent during this time. After it the
     * socket ends with `EGRET_WS_ERR_TIMEOUT` in `EGRET_WS_PHASE_FLUSH`. 0: 10000. `EGRET_WS_AT_ONCE`: messages that the network does
     * not take at once are dropped.
     */
    uint32_t flush_timeout_ms;
    /*
     * The longest time in milliseconds of the closing handshake: from the moment when the Close frame of this side was passed to the
     * operating system to the end of the connection. After it the socket ends with `EGRET_WS_ERR_TIMEOUT` in
     * `EGRET_WS_PHASE_CLOSING`. 0: 5000. `EGRET_WS_AT_ONCE`: the connection ends as soon as the Close frame is written; without the
     * server's Close frame that is also reported as `EGRET_WS_ERR_TIMEOUT`.
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
     * The number of bytes waiting to be dispatched (each message, and each pong for `on_pong`, counts 32 bytes more than its
     * payload) at which the library stops reading this socket, until polls have taken half of them; TCP then slows the
     * server down. The queue may exceed the limit by one message, and by 64 KiB that were read and not decoded. 0: 1 MiB.
     */
    uint32_t max_receive_queue_bytes;
    /*
     * Reconnecting: the most attempts in a row when a connection is lost or cannot be made. The count starts again from 0 when a
     * connection has been open for 10 seconds. 0: none. `EGRET_WS_UNLIMITED`: no limit. There is no attempt after a close of this
     * side, nor where it would be of no use: the table at `egret_ws_is_retryable` says where. After the HTTP statuses 401, 403, 404,
     * 407 and 410 there is one only if `on_request` is set and says so. There is one after most closes by the server, 1000 included:
     * close the socket in `on_retry` if you do not want that.
     */
    uint32_t retry_attempts;
    /*
     * The subprotocols the server may choose from (RFC 6455 section 1.9): a comma-separated list of at most 128 tokens, at
     * most 8192 bytes, in the order of preference, ending in a NUL, copied. NULL: none. A server that chooses none of them
     * fails the handshake, as in a browser. `egret_ws_subprotocol` returns the chosen one. A socket with subprotocols does not
     * follow redirects to another origin.
     */
    const char *subprotocols;
    /* See the callback's type. NULL: not called. */
    egret_ws_on_drain_fn on_drain;
    /* See the callback's type. NULL: not called. */
    egret_ws_on_retry_fn on_retry;
    /*
     * Further headers of the request: `header_count` of them, at most 256, copied. May be NULL if that is 0. Names are tokens,
     * values have no control characters but tabs (so no CR, LF or NUL); together at most 8192 bytes. `Host`, `Connection`,
     * `Upgrade`, `Origin`, `User-Agent`, names that begin with `Sec-WebSocket-` and headers that describe a body are refused: the
     * library sets them, or they have their own options. A redirect to another origin does not get the `headers`.
     */
    const egret_ws_header *headers;
    /* The number of `headers`. */
    uint32_t header_count;
    /*
     * How many redirects (HTTP 301, 302, 303, 307, 308) to follow, at most 20. 0: none. Each attempt to connect begins at the URL
     * of the connect call, or of `on_request`, again. The library never follows one from `wss` to `ws`; one to another origin
     * only without `subprotocols`, which often carry a token; one to a nearer address, such as a private one, only with
     * `EGRET_WS_ALLOW_PRIVATE_REDIRECTS`. A `Location` has at most 8192 bytes; the library ignores a fragment, a user name and a
     * password in it.
     *
     * At another origin (scheme, host, port) the restrictions hold and the permissions do not. `tls_pins`, `tls_min_version`, and
     * `EGRET_WS_ONLY_THESE_ROOTS` with its `tls_roots` hold there too. `EGRET_WS_ACCEPT_ANY_CERTIFICATE`, `tls_roots` without that flag
     * and `tls_server_name` do not; they hold again where a redirect leads back to the first origin. `headers`, `username` and
     * `tls_identity` are for the first origin only, and are not sent again after a redirect to another one.
     */
    uint32_t max_redirects;
    /*
     * The `Origin` header (RFC 6455 section 10.2), such as `https://example.com`, at most 8192 bytes, ending in a
     * NUL, copied. NULL: none, as usual outside of browsers.
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
     * The proxy to connect through: `http://host:port` (with CONNECT), `https://host:port` (the same, with TLS to the proxy) or
     * `socks5://host:port`, with `user:password@` before the host if the proxy requires it, at most 8192 bytes, ending in a NUL,
     * copied. The only authentication at an HTTP proxy is Basic: one that wants NTLM, Negotiate or Digest ends the connection with
     * `EGRET_WS_ERR_PROXY`, and the message names them. The proxy resolves the server's name. The certificate of an `https://` proxy
     * is always checked, for the host of its URL: the trusted authorities and `tls_min_version` are those of the socket, and
     * `tls_pins`, `tls_identity`, `tls_server_name` and `EGRET_WS_ACCEPT_ANY_CERTIFICATE` are for the server only; a failure has the
     * error of a server's certificate, in `EGRET_WS_PHASE_PROXY`. NULL: see `EGRET_WS_PROXY_FROM_ENVIRONMENT`, else see `on_proxy`,
     * else none. Empty: none, whatever these say.
     */
    const char *proxy;
    /* The longest time in milliseconds for the name look-up. 0: `connect_timeout_ms`. */
    uint32_t resolve_timeout_ms;
    /*
     * The longest time in milliseconds for the proxy's answer, with the TLS handshake before it if it is an `https://` proxy; also for
     * the answer to `on_proxy`. 0: 10000.
     */
    uint32_t proxy_timeout_ms;
    /* The longest time in milliseconds for the TLS handshake. 0: 10000. */
    uint32_t tls_timeout_ms;
    /*
     * The longest time in milliseconds for all stages together, redirects included. 0: 60000. The wait for `on_request` before them has
     * this limit too, counted separately.
     */
    uint32_t open_timeout_ms;
    /*
     * Heartbeat: a ping (RFC 6455 section 5.5.2) is sent when nothing has been received for this many milliseconds.
     * It detects a lost connection, and it prevents routers on the path from dropping an idle connection: mobile
     * networks do so after half a minute, most proxies after one. Hence the default. When a time limit of any socket
     * has woken the loop, a ping that is due within a second (or an eighth of this, if that is less) is sent at once, so that idle
     * sockets share wake-ups. 0: 20000. `EGRET_WS_UNLIMITED`: no pings but those of `egret_ws_ping`, `egret_ws_loop_resume` and
     * `egret_ws_loop_network_changed`.
     */
    uint32_t ping_interval_ms;
    /*
     * Heartbeat: the milliseconds after a ping in which a byte must be received, else the connection ends with
     * `EGRET_WS_ERR_TIMEOUT` in `EGRET_WS_PHASE_OPEN`. While queued bytes are before the ping, the connection also counts as
     * alive when the network takes some of them; and while the receive queue is full, no answer is expected. The default is
     * longer than a phone's radio in a crowded cell may take. (Where the system offers it, TCP itself also gives up when the
     * server has acknowledged nothing for four times `ping_interval_ms` and this.) 0: 10000. `EGRET_WS_UNLIMITED`: no time-out, for
     * servers that do not answer pings.
     */
    uint32_t pong_timeout_ms;
    /*
     * Heartbeat: as `pong_timeout_ms`, for the ping after `egret_ws_loop_resume` and `egret_ws_loop_network_changed`, when the
     * connection is probably lost. 0: 3000, or `pong_timeout_ms` if that is less. `EGRET_WS_UNLIMITED`: as `pong_timeout_ms`. Without
     * effect if that is `EGRET_WS_UNLIMITED`.
     */
    uint32_t probe_timeout_ms;
    /*
     * With `wss`: the lowest version of TLS, `EGRET_WS_TLS_1_2` or `EGRET_WS_TLS_1_3`. 0: 1.2. Secure Transport, the TLS of Apple's
     * systems, has no TLS 1.3: there `EGRET_WS_TLS_1_3` ends the connection with `EGRET_WS_ERR_TLS_OPTIONS`, unless the loop has a TLS
     * provider, or the library was built with OpenSSL (see the README of the Swift binding).
     */
    uint32_t tls_min_version;
    /*
     * With `wss` or an `https://` proxy: certificates of authorities to trust besides the system's, or with
     * `EGRET_WS_ONLY_THESE_ROOTS` instead of them: PEM, `tls_roots_len` bytes (or up to its NUL with `EGRET_WS_NUL_TERMINATED`), at
     * most 1048576 bytes, copied. NULL if, and only if, that is 0. Each certificate is trusted as given: a root, an authority below
     * one, or a server's own certificate (on Windows a root only). The name and the dates of a server's certificate are always
     * checked. OpenSSL does not check whether a certificate was revoked; Windows and Apple's systems refuse one if they know that
     * already. On Linux the system's certificates are those of `SSL_CERT_FILE` and `SSL_CERT_DIR`, else those of the distribution; a
     * process with more rights than its user (setuid, setgid) does not read the two variables.
     */
    const char *tls_roots;
    /* Bytes of `tls_roots`. */
    size_t tls_roots_len;
    /*
     * With `wss`: the public keys that the server's certificate may have, each as `sha256/` and the base64 of the SHA-256
     * of its SubjectPublicKeyInfo (as RFC 7469 section 2.4 counts it): a comma-separated list of at most 64 pins, at most 8192
     * bytes, ending in a NUL, copied. One of them must match, so list the next key beside the present key. The key is checked
     * after the certificate and before the request is sent. It is also checked before the certificate of `tls_identity` is sent,
     * except with the TLS of Apple's systems and of Windows. NULL: none.
     */
    const char *tls_pins;
    /*
     * With `wss`: the certificate and key of this side, for a server that asks for them: PKCS#12, `tls_identity_len` bytes,
     * at most 1048576, copied. NULL if, and only if, that is 0. Redirects to another origin do not get it.
     */
    const uint8_t *tls_identity;
    /* Bytes of `tls_identity`. */
    size_t tls_identity_len;
    /* The password of `tls_identity`, at most 8192 bytes, ending in a NUL, copied. NULL: empty. */
    const char *tls_identity_password;
    /*
     * With `wss`: the name to send in the handshake (SNI), which the certificate must have, instead of the URL's host; a name
     * or an IP address, at most 253 bytes, ending in a NUL, copied. NULL: the URL's host. Redirects to another origin do not
     * use it.
     */
    const char *tls_server_name;
    /* The waits of reconnecting, copied. NULL: the defaults, which suit most applications. */
    const egret_ws_retry_options *retry;
    /* The settings of permessage-deflate (RFC 7692), copied. NULL: the defaults, which suit most applications. */
    const egret_ws_deflate_options *deflate;
    /* See the callback's type. NULL: pongs only count for the heartbeat and the round trip. */
    egret_ws_on_pong_fn on_pong;
    /* See the callback's type. NULL: not called, and nothing waits for it. */
    egret_ws_on_request_fn on_request;
    /*
     * The addresses of the server, instead of a look-up of its name: a comma-separated list of at most 16 IP addresses, each with or
     * without a port (`192.0.2.1, 192.0.2.1:8443, 2001:db8::1, [2001:db8::1]:8443`), at most 8192 bytes, ending in a NUL, copied.
     * For HTTPDNS, DNS over HTTPS and edges of a CDN. They are tried in this order, the next one after `attempt_delay_ms` or at a
     * failure; a port that is missing is that of the URL. SNI, the certificate check, the `Host` header and the origin stay those of
     * the URL. A redirect to another origin does not use them. Refused together with `proxy`; a proxy that
     * `EGRET_WS_PROXY_FROM_ENVIRONMENT` or `on_proxy` has found looks the name up itself. NULL: look the name up.
     */
    const char *addresses;
    /*
     * The local IP address of the TCP connection, an address of this machine without a port, at most 45 bytes, ending in a NUL,
     * copied. Addresses of the server of the other family fail. NULL: the system chooses.
     */
    const char *local_address;
    /*
     * The network interface of the TCP connection, such as `wlan0`, at most 64 bytes, ending in a NUL, copied: `SO_BINDTODEVICE` on Linux
     * and Android, `IP_BOUND_IF` on Apple's systems; elsewhere it is refused with `EGRET_WS_ERR_UNSUPPORTED`. NULL: the system
     * chooses.
     */
    const char *local_interface;
    /* See the callback's type. NULL: not called, and nothing is recorded. */
    egret_ws_on_frame_fn on_frame;
    /*
     * The most bytes of the body of a refusal that are kept for `egret_ws_response_body`, at most 131072. The report comes when the
     * body or this part of it has been read, or when no byte of it has come for a second: so if the server does not say where its body
     * ends, by `Content-Length` or chunks, and keeps the connection. It comes at the end of `handshake_timeout_ms` (of a proxy:
     * `proxy_timeout_ms`) at the latest. 0: 16384. `EGRET_WS_AT_ONCE`: no body is read.
     */
    uint32_t max_refusal_body_bytes;
    /*
     * Milliseconds between two attempts to connect to different addresses of a server (RFC 8305 section 5), 10 to 2000. 0: 250.
     * `EGRET_WS_AT_ONCE`: all addresses are tried at the same time.
     */
    uint32_t attempt_delay_ms;
} egret_ws_options;

/*
 * Statistics of a socket, available from `on_connect` on, or in `on_close`. Set `struct_size` to `sizeof(egret_ws_statistics)` and call
 * `egret_ws_stats`.
 *
 * The times are those of the last connection, or of the last attempt; after redirects, of the last hop. A stage that was not
 * reached, or not needed, has 0. They are measured in the loop's time, which stands still during a suspend without
 * `EGRET_WS_LOOP_CLOSE_ON_SUSPEND`.
 */
typedef struct egret_ws_statistics {
    /* Bytes of this struct as the caller knows it. */
    uint32_t struct_size;
    /* The HTTP status of the server's answer, 101 if it accepted the upgrade; 0: no answer yet. */
    uint32_t http_status;
    /* The version of TLS, `EGRET_WS_TLS_1_2` or `EGRET_WS_TLS_1_3`; 0: no TLS, or the server has not chosen one. */
    uint32_t tls_version;
    /* The number of redirects that were followed. */
    uint32_t redirects;
    /* Microseconds of the name look-up, until its first usable address. */
    uint64_t resolve_us;
    /* Microseconds of TCP, for all addresses that were tried. */
    uint64_t connect_us;
    /* Microseconds until the proxy's answer, with those of `on_proxy` and of TLS to the proxy. */
    uint64_t proxy_us;
    /* Microseconds of the TLS handshake, and of reading the trusted roots if they were not read before. */
    uint64_t tls_us;
    /* Microseconds of the HTTP upgrade. */
    uint64_t handshake_us;
    /* Connections made so far. `egret_ws_generation` returns for how many of them `on_connect` was called. */
    uint32_t connections;
    /* Attempts to reconnect that were begun so far. */
    uint32_t retries;
    /* Messages that were completely passed to the operating system. This count and those below are of all connections together. */
    uint64_t messages_sent;
    /* Payload bytes of `messages_sent`. */
    uint64_t bytes_sent;
    /* Bytes written, with frame headers and control frames, after compression, before TLS. */
    uint64_t wire_bytes_sent;
    /* Messages received. */
    uint64_t messages_received;
    /* Payload bytes of `messages_received`. */
    uint64_t bytes_received;
    /* Bytes read, as `wire_bytes_sent` counts. */
    uint64_t wire_bytes_received;
    /* Bytes that wait to be written, as `max_send_buffer_bytes` counts. */
    uint64_t send_queue_bytes;
    /* The largest value of `send_queue_bytes` so far. */
    uint64_t send_queue_peak_bytes;
    /* Bytes that wait to be dispatched, as `max_receive_queue_bytes` counts. */
    uint64_t receive_queue_bytes;
    /* The largest value of `receive_queue_bytes` so far. */
    uint64_t receive_queue_peak_bytes;
    /* Microseconds from the last answered ping to its pong; 0: no ping was answered. */
    uint64_t rtt_us;
    /* The round trip, smoothed as in TCP (RFC 6298: an eighth of each new value). */
    uint64_t rtt_smoothed_us;
    /* 1 if TLS resumed an earlier session, without an exchange of certificates; 0 if not, or without TLS. */
    uint32_t tls_resumed;
    /* The number of addresses that were tried. `egret_ws_tried_addresses` lists them. */
    uint32_t addresses_tried;
} egret_ws_statistics;

/* The state of a socket: one of `EGRET_WS_STATE_*`. */
typedef int32_t egret_ws_state_t;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/*
 * Returns the name of an error, such as `"EGRET_WS_ERR_NOT_OPEN"`; `"EGRET_WS_OK"` for 0; for all other numbers, positive numbers
 * included, `"EGRET_WS_ERR_?"`. A static string: it is never NULL, and must not be freed. Any thread.
 *
 * Errors: none.
 */
const char *egret_ws_error_name(egret_ws_error_t error);

/*
 * Returns the version of the library: major × 65536 + minor × 256 + patch. See VERSIONS at the head of
 * this file for the headers that it works with. Any thread.
 *
 * Errors: none.
 */
uint32_t egret_ws_version_number(void);

/*
 * Returns the version of the library as text, such as `"0.1.0"`. A static string: it is never NULL, and must not be freed. Any
 * thread.
 *
 * Errors: none.
 */
const char *egret_ws_version_string(void);

/*
 * Returns why the last refused call of the calling thread was refused, in English: its cause and, where it is not obvious, the remedy,
 * such as `"the send buffer is full: send again in on_drain"`. It is the text that `on_log` gets, without the name of the function.
 * `""` if no call of this thread was refused yet; a call that succeeds does not change it. UTF-8, at most 511 bytes (a longer text is
 * cut), without a line break; never NULL. Valid until this thread calls a function of this library again, so copy it if you keep it.
 * Any thread.
 *
 * The text is for logs and exceptions. It changes from version to version: an application decides by the error.
 *
 * Errors: none.
 */
const char *egret_ws_last_error_message(void);

/*
 * Fills `options` with zeros, that is with defaults, and sets its `struct_size` to `size`; pass `sizeof *options`.
 * Sizes of older and newer headers are accepted, from that of the first release to 4096. Any thread.
 *
 * Errors: `INVALID_ARGUMENT` (`options` is NULL), `BAD_STRUCT` (no release has this size), `FORKED`, `INTERNAL`.
 *
 * Precondition:
 * `options` is NULL or points to `size` writable bytes.
 */
egret_ws_error_t egret_ws_loop_options_init(egret_ws_loop_options *options, size_t size);

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
egret_ws_error_t egret_ws_loop_new(const egret_ws_loop_options *options,
                                   egret_ws_loop **out);

/*
 * Runs the callbacks that are due, on this thread, and returns their number (0 or more; a callback that is NULL counts too,
 * `on_log` does not), or a negative error. Call it once a frame with `timeout_ms` 0: with nothing to do it costs tens
 * of nanoseconds, or with an inline loop one system call.
 *
 * `timeout_ms`: 0 never blocks; a positive number waits at most that many milliseconds for something to do; a negative
 * number waits without limit. The poll's budget (see the loop's options) limits the work of one call; the rest is done by
 * the next call.
 *
 * One thread at a time.
 *
 * Errors: `BUSY` (another thread polls this loop), `REENTRANT` (from a callback), `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 */
int32_t egret_ws_loop_poll(egret_ws_loop *loop,
                           int32_t timeout_ms);

/*
 * Makes a waiting poll of this loop return at once, or else the next poll. That poll returns 0 if nothing was due. Any thread, any
 * callback.
 *
 * Errors: `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 */
egret_ws_error_t egret_ws_loop_wake(egret_ws_loop *loop);

/*
 * Sets the callback that asks for a poll, for applications that do not poll each frame; NULL for none, as at the beginning. It is
 * called when something becomes due, once until the next poll, and when a poll ends at its budget and work is left. If
 * something is due now, it is called soon, perhaps before this call returns. Any thread, any callback.
 *
 * Waits until no other thread is inside an earlier callback of this function. So when it has returned `EGRET_WS_OK`, the `user` of
 * each earlier callback can be freed; that of the last one when `egret_ws_loop_free` has returned `EGRET_WS_OK`. Do not hold a lock
 * that an earlier callback takes, and do not let it wait for this thread: the call would never return. There is one exception: inside
 * an `on_log` or a wake-up callback, of any loop, this function does not wait, because two threads could then wait for each other.
 * There, free the earlier `user` later, after a call from outside.
 *
 * Errors: `UNSUPPORTED` (an inline loop, which has no thread that could call: see `egret_ws_loop_descriptor`), `BAD_HANDLE`
 * (also if another thread is freeing the loop), `FORKED`, `INTERNAL`.
 */
egret_ws_error_t egret_ws_loop_set_wakeup(egret_ws_loop *loop,
                                          egret_ws_on_wakeup_fn on_wakeup,
                                          void *user);

/*
 * Returns a file descriptor that is readable while a poll has something to do: for `poll`, `epoll`, GLib, ALooper,
 * CFFileDescriptor, libuv. Only wait on it: the library reads from it, and closes it when the loop is freed. Like all descriptors
 * of this library it is close-on-exec: a program that this process runs does not inherit it. Wait no longer than
 * `egret_ws_loop_next_poll_ms` returns. Any thread.
 *
 * Errors: `UNSUPPORTED` (on Windows: use `egret_ws_loop_set_wakeup`), `NO_RESOURCES` (no descriptor left), `BAD_HANDLE`, `FORKED`,
 * `INTERNAL`.
 */
int32_t egret_ws_loop_descriptor(egret_ws_loop *loop);

/*
 * Returns the milliseconds after which to poll even if the descriptor is not readable: 0 if a poll has something to do now,
 * INT32_MAX for no limit. Call it before each wait; a loop with an I/O thread handles its timers itself and has no limit. Any
 * thread.
 *
 * Errors: `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 */
int32_t egret_ws_loop_next_poll_ms(egret_ws_loop *loop);

/*
 * Suspends the loop: the process may be frozen from now on, because the application goes to the background. Until
 * `egret_ws_loop_resume` no connection is made again. Connections stay open, and the loop's time stands still: no deadline passes,
 * and no ping is sent. The loop still receives messages, and polls still dispatch.
 *
 * With `EGRET_WS_LOOP_CLOSE_ON_SUSPEND` the loop instead closes open sockets with 1001 (going away), and abandons those that are
 * connecting; its time goes on. Poll until their `on_close`, or with `retry_attempts` their `on_retry`, was called; the latter
 * wait for `egret_ws_loop_resume` to connect again. A socket that is made during the suspend, or for which `egret_ws_retry_now` is
 * called, still connects.
 *
 * Never blocks. A second call does nothing. Any thread.
 *
 * Errors: `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 */
egret_ws_error_t egret_ws_loop_suspend(egret_ws_loop *loop);

/*
 * Resumes the loop: the process runs again, and the loop's time goes on. Each open connection is probed with a ping. If nothing
 * is received within `probe_timeout_ms`, it ends, or with `retry_attempts` is made again. A connection that is being made starts
 * again, and a wait of reconnecting ends. Call it also without a suspend before it, whenever connections may be lost. If several
 * calls of suspend, resume and network_changed come before the loop has handled them, the last state counts, and connections are
 * probed once. Never blocks. Any thread.
 *
 * Errors: `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 */
egret_ws_error_t egret_ws_loop_resume(egret_ws_loop *loop);

/*
 * Notifies the loop of a change of the machine's network: Wi-Fi to mobile, a VPN, an address. Has the effects of
 * `egret_ws_loop_resume`, and names are looked up again. During a suspend it takes effect with the resume. Call it when another
 * network is in use, not for each notice of the system: sockets that are connecting start again each time. Never blocks. Any thread.
 *
 * Errors: `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 */
egret_ws_error_t egret_ws_loop_network_changed(egret_ws_loop *loop);

/*
 * Frees the loop and all its sockets; their handles are invalid when it returns. No `on_close` is called; each
 * `release_user` that has not run yet runs now, on this thread. Open sockets are closed with 1001 (going away).
 *
 * Waits at most `linger_ms` (see the loop's options) until accepted messages are written and closing handshakes have ended, then
 * until the I/O thread has ended, which never blocks and stops its work early, and until no other thread is inside `on_log` or the
 * wake-up callback of this loop. So when it has returned `EGRET_WS_OK`, no callback of the loop is running or follows but hooks
 * and their `release_user`, and each other `user` can be freed. Do not hold a lock that one of these callbacks takes. During the linger
 * time no socket is cut by its own `flush_timeout_ms` or `close_timeout_ms`. Connections that have not begun do not begin.
 *
 * `lost` may be NULL. It gets the number of accepted messages that were not sent and that no callback has reported: 0 `sockets` if
 * all have gone out. For each socket that has lost messages there is a log line at `EGRET_WS_LOG_WARN`, also for those that
 * `egret_ws_free` freed before. After an error other than INTERNAL nothing was freed, and `*lost` is as it was.
 *
 * Errors: `BAD_STRUCT` (no release has this `lost->struct_size`), `REENTRANT` (from a callback), `BUSY` (another
 * thread polls it), `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 *
 * Precondition:
 * `lost` is NULL or points to `lost->struct_size` readable and writable bytes.
 */
egret_ws_error_t egret_ws_loop_free(egret_ws_loop *loop,
                                    egret_ws_free_report *lost);

/*
 * Fills `options` with zeros, that is with defaults, and sets its `struct_size` to `size`; pass `sizeof *options`.
 * Sizes of older and newer headers are accepted, from that of the first release to 4096. Any thread.
 *
 * Errors: `INVALID_ARGUMENT` (`options` is NULL), `BAD_STRUCT` (no release has this size), `FORKED`, `INTERNAL`.
 *
 * Precondition:
 * `options` is NULL or points to `size` writable bytes.
 */
egret_ws_error_t egret_ws_options_init(egret_ws_options *options, size_t size);

/*
 * Fills `options` with zeros, that is with defaults, and sets its `struct_size` to `size`; pass `sizeof *options`. As
 * `egret_ws_options_init` in all other respects.
 *
 * Errors: `INVALID_ARGUMENT`, `BAD_STRUCT`, `FORKED`, `INTERNAL`.
 *
 * Precondition:
 * `options` is NULL or points to `size` writable bytes.
 */
egret_ws_error_t egret_ws_retry_options_init(egret_ws_retry_options *options, size_t size);

/*
 * Fills `options` with zeros, that is with defaults, and sets its `struct_size` to `size`; pass `sizeof *options`. As
 * `egret_ws_options_init` in all other respects.
 *
 * Errors: `INVALID_ARGUMENT`, `BAD_STRUCT`, `FORKED`, `INTERNAL`.
 *
 * Precondition:
 * `options` is NULL or points to `size` writable bytes.
 */
egret_ws_error_t egret_ws_deflate_options_init(egret_ws_deflate_options *options, size_t size);

/*
 * Begins to connect to a URL such as `ws://example.com/chat?room=1` and stores the socket's handle in `*out`. Never blocks:
 * `egret_ws_loop_poll` reports the outcome by `on_connect`, `on_retry` or `on_close`. Any thread.
 *
 * The URL is read as browsers read it (WHATWG), has at most 16384 bytes, and ends in a NUL. Its scheme is `ws` (without a
 * port, 80) or `wss` (TLS; without a port, 443). A fragment is refused with `EGRET_WS_ERR_INVALID_URL`, as RFC 6455 section 3
 * requires. A user name and password in it are sent as basic authentication (RFC 7617). An IPv6 address may have a zone:
 * `ws://[fe80::1%25eth0]:9000/` (RFC 6874).
 *
 * On a network with IPv6 only, IPv4 addresses are reached through its NAT64, also those in a URL, of `addresses` and of proxies. Where
 * an IPv4 address has no route and IPv6 has one, the library looks up the prefix of the NAT64 (RFC 7050, within
 * `resolve_timeout_ms`) and tries the IPv6 addresses that contain the IPv4 address (RFC 6052); on Apple's systems the system's
 * resolver makes them.
 *
 * `options` may be NULL. All arguments are copied before the call returns. Free the socket with `egret_ws_free`, also after it has
 * closed. If another thread polls the loop, a callback may run before this call returns; `*out` is written before that.
 *
 * After an error no callback runs, `*out` is unchanged, and the caller keeps `user`: `release_user` is not called.
 *
 * Errors: `INVALID_ARGUMENT`, `BAD_STRUCT`, `BAD_HANDLE`, `INVALID_URL`, `UNSUPPORTED` (an option, a `wss` URL or a host name that is not
 * ASCII asks for something that this library or the TLS provider of the loop cannot do, or that needs a feature without which the
 * library was built), `NO_RESOURCES` (no memory for a copy of the options, no handle left, or `EGRET_WS_MAX_PENDING_SOCKETS` sockets
 * wait for the loop: poll it, then try again), `FORKED`, `INTERNAL`.
 *
 * Precondition:
 * `url` is NULL or ends in a NUL; `options` is NULL or points to `options->struct_size` readable bytes, with what they point to;
 * `out` is NULL or writable.
 */
egret_ws_error_t egret_ws_connect(egret_ws_loop *loop,
                                  const char *url,
                                  const egret_ws_options *options,
                                  egret_ws **out);

/*
 * Begins to connect to `ws://host:port/` and stores the socket's handle in `*out`. As `egret_ws_connect` in all other respects.
 *
 * `host` is a name, an IPv4 address or an IPv6 address (with or without brackets), at most 16384 bytes, ending in a NUL;
 * `port` is 1 to 65535.
 *
 * Errors: `INVALID_ARGUMENT`, `BAD_STRUCT`, `BAD_HANDLE`, `INVALID_URL`, `UNSUPPORTED`, `NO_RESOURCES`, `FORKED`, `INTERNAL`.
 *
 * Precondition:
 * `host` is NULL or ends in a NUL; `options` and `out` are as for `egret_ws_connect`.
 */
egret_ws_error_t egret_ws_connect_host(egret_ws_loop *loop,
                                       const char *host,
                                       uint16_t port,
                                       const egret_ws_options *options,
                                       egret_ws **out);

/*
 * Queues a message of `len` bytes: with `kind` `EGRET_WS_TEXT`, UTF-8, or the text up to its NUL if `len` is
 * `EGRET_WS_NUL_TERMINATED`; with `EGRET_WS_BINARY`, any bytes. The data is copied before the call returns. Never blocks. Any
 * thread; messages of one thread keep their order.
 *
 * `data` may be NULL if `len` is 0. After an error other than INTERNAL nothing was sent and the socket is unchanged. An
 * accepted message is written in order, or counted in `unsent_messages`: see QUEUED MESSAGES at the head of this file.
 *
 * Errors: `NOT_OPEN`, `MESSAGE_TOO_BIG`, `INVALID_UTF8`, `BACKPRESSURE`, `NO_RESOURCES` (no memory to queue it),
 * `INVALID_ARGUMENT` (`kind` is another number, or `data` is NULL and `len` is not 0, or `EGRET_WS_NUL_TERMINATED` with
 * `EGRET_WS_BINARY`), `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 *
 * Precondition:
 * `data` points to `len` readable bytes, or ends in a NUL.
 */
egret_ws_error_t egret_ws_send(egret_ws *ws,
                               egret_ws_kind_t kind,
                               const void *data,
                               size_t len);

/*
 * Closes the socket: it sends the accepted messages and then a Close frame with `code` and `reason`, and waits for the server's
 * Close frame. `flush_timeout_ms` limits a send without progress, `close_timeout_ms` the wait for the server. Never blocks;
 * `on_close` reports the outcome. Any thread.
 *
 * `code` is 1000 (the usual code), 1001 to 1003, 1007 to 1014, 3000 to 4999, or 0 for a Close frame without a code.
 * `reason` is UTF-8 of at most 123 bytes (`reason_len` bytes, or up to its NUL with `EGRET_WS_NUL_TERMINATED`); it may be
 * NULL if `reason_len` is 0, and must be empty if `code` is 0. A socket that is still connecting is abandoned at once
 * and reports `EGRET_WS_ERR_ABORTED`, unless the server has closed it before. Closing again does nothing and returns `EGRET_WS_OK`.
 *
 * After an error other than INTERNAL nothing happened.
 *
 * Errors: `INVALID_CLOSE`, `INVALID_UTF8`, `INVALID_ARGUMENT` (`reason` is NULL and `reason_len` is not 0), `BAD_HANDLE`,
 * `FORKED`, `INTERNAL`.
 *
 * Precondition:
 * `reason` points to `reason_len` readable bytes, or ends in a NUL.
 */
egret_ws_error_t egret_ws_close(egret_ws *ws,
                                uint16_t code,
                                const char *reason,
                                size_t reason_len);

/*
 * Drops the connection now: TCP resets it, and no Close frame is sent. Messages that wait to be sent are dropped, and counted in
 * the close report. Messages that were received and not dispatched are dropped too: on the polling thread, no `on_message` of this
 * socket begins after the call. (If another thread calls, a callback that has begun may still be running.)
 *
 * `on_close` comes from a poll, with `EGRET_WS_ERR_ABORTED`, `EGRET_WS_INITIATOR_LOCAL` and the phase in which the connection was.
 * No other callback comes before it. If the connection has ended before the library can drop it, `on_close` reports that end.
 *
 * A connecting socket is abandoned, a wait of reconnecting ends, and a flush or a closing handshake is cut. A closed socket stays
 * as it is. The handle stays valid until `egret_ws_free`. Never blocks. Any thread, any callback.
 *
 * Errors: `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 */
egret_ws_error_t egret_ws_abort(egret_ws *ws);

/*
 * Frees the handle, in any state and inside any callback, also inside those of this socket. Returns at once. After it no callback
 * of this socket begins but `release_user`, which the poll that runs or the next one calls, unless it was called after `on_close`. (If another
 * thread than the polling thread frees the socket, a callback that has begun may still be running.) `on_close` is not called.
 *
 * Messages that were accepted before an `egret_ws_close` are still sent, and the closing handshake ends in the background. An open
 * socket sends accepted messages and then a Close frame with 1001 (going away). A connecting socket is abandoned. If messages are
 * lost in the background, a poll logs that at `EGRET_WS_LOG_WARN`, and `egret_ws_loop_free` counts them. Any thread.
 *
 * Errors: `BAD_HANDLE` (freed already, perhaps), `FORKED`, `INTERNAL`.
 */
egret_ws_error_t egret_ws_free(egret_ws *ws);

/*
 * Returns the state: one of `EGRET_WS_STATE_*`, or a negative error. Any thread.
 *
 * Errors: `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 */
int32_t egret_ws_state(egret_ws *ws);

/*
 * Returns the payload bytes that were accepted and not yet passed to the operating system, or a negative error. All bytes of a
 * message count until its last byte is written. Any thread.
 *
 * Errors: `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 */
int64_t egret_ws_buffered_amount(egret_ws *ws);

/*
 * Returns how many times `on_connect` was called for this socket: the number of the connection that the application knows. Any
 * thread.
 *
 * Errors: `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 */
int32_t egret_ws_generation(egret_ws *ws);

/*
 * Ends a wait of reconnecting: the next attempt begins now. Ends a wait that `on_request` has asked for: it is called again. Does
 * nothing if there is no wait. Any thread.
 *
 * Errors: `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 */
egret_ws_error_t egret_ws_retry_now(egret_ws *ws);

/*
 * Sends a ping (RFC 6455 section 5.5.2) with a payload of `len` bytes, 0 to 125, before the messages that wait to be written.
 * The payload is copied. `on_pong` gets it back when the server has answered. Never blocks. Any thread.
 *
 * With a `len` of 0, for which `data` may be NULL, the library chooses a payload; `on_pong` then gets a `len` of 0. A server may
 * leave pings unanswered but for the last one (RFC 6455 section 5.5.3), and `pong_timeout_ms` applies as for a ping of the heartbeat.
 * `rtt_us` of the statistics has the round trip of the last ping that was measured, one at a time.
 *
 * At most 16 pings of a socket wait to be written; then it returns `EGRET_WS_ERR_BACKPRESSURE`, and no `on_drain` follows. A ping
 * that waits when the socket closes, or the connection ends, is dropped. After an error other than INTERNAL nothing happened.
 *
 * Errors: `NOT_OPEN`, `BACKPRESSURE`, `NO_RESOURCES` (no memory to queue it), `INVALID_ARGUMENT` (`len` is above 125, or `data` is
 * NULL and `len` is not 0), `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 *
 * Precondition:
 * `data` points to `len` readable bytes, or is NULL.
 */
egret_ws_error_t egret_ws_ping(egret_ws *ws,
                               const void *data,
                               size_t len);

/*
 * Pauses receiving: from now on no `on_message` of this socket begins, until `egret_ws_resume_receive`. Called in a callback, it
 * takes effect with the next message; called on another thread while a poll runs, with the next message that has not begun.
 *
 * Messages wait in the receive queue. When that is full (`max_receive_queue_bytes`), the library stops reading, and TCP slows the
 * server down. `on_drain`, `on_pong` and `on_frame` still come. All other callbacks keep their place behind the messages that wait:
 * `on_retry` and `on_close` come after the resume, also after an `egret_ws_close`, or in time if no message waits. A loop with a
 * paused socket sleeps as any other, and other sockets are not delayed. The pause outlasts reconnecting.
 *
 * While the receive queue is not full, pings of the server are answered, and the heartbeat works. While it is full, nothing is read:
 * no pong, no Close frame and no loss is noticed, and no answer to a ping is expected. To end such a socket at once, call
 * `egret_ws_abort` or `egret_ws_free`.
 *
 * In any state, before the connection too. A second call does nothing. Never blocks. Any thread.
 *
 * Errors: `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 */
egret_ws_error_t egret_ws_pause_receive(egret_ws *ws);

/*
 * Resumes receiving after `egret_ws_pause_receive`. The messages that wait come with this poll or the next one, which is due from
 * now on, and so do the `on_retry` and `on_close` behind them. Does nothing if receiving is not paused. Never blocks. Any thread.
 *
 * Errors: `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 */
egret_ws_error_t egret_ws_resume_receive(egret_ws *ws);

/*
 * Returns the `user` of the socket's options; NULL if `ws` is not a valid handle, or if `release_user` has been called or is
 * running. Any thread.
 *
 * Errors: none.
 */
void *egret_ws_user(egret_ws *ws);

/*
 * Fills `*info` with the close report of the socket, up to its `struct_size`; fields of a newer header than this library's become
 * 0. It is the report that `on_close` gets, and is there from the moment when `on_close` begins, or would begin if it is not NULL,
 * until `egret_ws_free`. Its texts stay valid until `egret_ws_free` or `egret_ws_loop_free`. Any thread.
 *
 * Errors: `NOT_FOUND` (`on_close` has not begun), `INVALID_ARGUMENT` (`info` is NULL), `BAD_STRUCT` (no release has this
 * `struct_size`), `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 *
 * Precondition:
 * `info` is NULL or points to `info->struct_size` readable and writable bytes.
 */
egret_ws_error_t egret_ws_close_report(egret_ws *ws,
                                       egret_ws_close_info *info);

/*
 * Writes the address of the connection to `out`, such as `192.0.2.1:443` or `[2001:db8::1]:443`, with a NUL, and returns its
 * length without the NUL; that of the proxy, if there is one; 0 until `on_connect`, or in `on_close` if TCP was not connected. As
 * `egret_ws_subprotocol` in all other respects.
 *
 * Errors: `INVALID_ARGUMENT`, `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 *
 * Precondition:
 * `out` points to `capacity` writable bytes.
 */
int32_t egret_ws_remote_address(egret_ws *ws,
                                char *out,
                                size_t capacity);

/*
 * Writes the subprotocol that the server chose to `out`, with a NUL, and returns its length without the NUL:
 * 0 if it chose none, or the connection is not made yet. `out` may be NULL if `capacity` is 0: then only the length is returned.
 * Any thread.
 *
 * Errors: `INVALID_ARGUMENT` (`capacity` is not 0 and not more than the length, or `out` is NULL), `BAD_HANDLE`, `FORKED`,
 * `INTERNAL`.
 *
 * Precondition:
 * `out` points to `capacity` writable bytes.
 */
int32_t egret_ws_subprotocol(egret_ws *ws,
                             char *out,
                             size_t capacity);

/*
 * Writes the extension that both sides agreed on to `out`, as the server wrote it (`permessage-deflate; ...`, or nothing). As
 * `egret_ws_subprotocol` in all other respects.
 *
 * Errors: `INVALID_ARGUMENT`, `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 *
 * Precondition:
 * `out` points to `capacity` writable bytes.
 */
int32_t egret_ws_extensions(egret_ws *ws,
                            char *out,
                            size_t capacity);

/*
 * Writes the value of a header of the server's answer to `out`, with a NUL, and returns its length without the NUL; if the
 * answer has several of this name, their values are joined by `, ` (RFC 9110 section 5.3). From `on_connect` on, in `on_retry` and
 * `on_close` too, for the headers of a refusal (`Retry-After`, `WWW-Authenticate`), also of a proxy. `name` is not case-sensitive;
 * bytes that are not UTF-8 are written as U+FFFD. `out` may be NULL if `capacity` is 0: then only the length is returned. Any thread.
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
 * and returns the length without the NUL: 0 if there was no answer yet. As `egret_ws_response_header` in all other respects.
 *
 * Errors: `INVALID_ARGUMENT`, `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 *
 * Precondition:
 * `out` points to `capacity` writable bytes.
 */
int32_t egret_ws_response_headers(egret_ws *ws,
                                  char *out,
                                  size_t capacity);

/*
 * Writes the body of a refusal to `out`, with a NUL, and returns its length without the NUL: the first `max_refusal_body_bytes`
 * of what a server, or a proxy, sent behind the head of an answer that is not an upgrade. Chunks are joined; a compressed body stays
 * compressed. 0 if there was none, or if the connection was made. It may contain NULs and need not be UTF-8. In `on_retry` and
 * `on_close`, and as `egret_ws_subprotocol` in all other respects.
 *
 * Errors: `INVALID_ARGUMENT`, `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 *
 * Precondition:
 * `out` points to `capacity` writable bytes.
 */
int32_t egret_ws_response_body(egret_ws *ws,
                               char *out,
                               size_t capacity);

/*
 * Writes the cookies that the servers of this attempt have set to `out`, with a NUL, and returns the length without the NUL: for each
 * `Set-Cookie` header of an answer, those of redirects and refusals too, the URL that was requested (with its query, without a user
 * name and password), a space, the value of the header, and a line feed; at most 65536 bytes, the first ones. The library keeps no
 * cookies: to send one, set a `Cookie` header. As `egret_ws_response_headers` in all other respects.
 *
 * Errors: `INVALID_ARGUMENT`, `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 *
 * Precondition:
 * `out` points to `capacity` writable bytes.
 */
int32_t egret_ws_response_cookies(egret_ws *ws,
                                  char *out,
                                  size_t capacity);

/*
 * Writes the local address of the connection to `out`. As `egret_ws_remote_address` in all other respects.
 *
 * Errors: `INVALID_ARGUMENT`, `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 *
 * Precondition:
 * `out` points to `capacity` writable bytes.
 */
int32_t egret_ws_local_address(egret_ws *ws, char *out, size_t capacity);

/*
 * Writes the addresses that were tried to `out`, with a NUL, and returns the length without the NUL: each as the address, a space, the
 * result, and a line feed (`192.0.2.1:443 Connection refused`, `[2001:db8::1]:443 connected`, `192.0.2.2:443 no answer`), in the order
 * of the attempts; those of the proxy, if there is one; at most 8192 bytes. As `egret_ws_subprotocol` in all other respects; in
 * `on_retry` and `on_close` too.
 *
 * Errors: `INVALID_ARGUMENT`, `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 *
 * Precondition:
 * `out` points to `capacity` writable bytes.
 */
int32_t egret_ws_tried_addresses(egret_ws *ws,
                                 char *out,
                                 size_t capacity);

/*
 * Writes the proxy of the connection to `out`, as a URL without a user name and password, with a NUL, and returns its length without
 * the NUL: 0 if there is none. As `egret_ws_subprotocol` in all other respects; in `on_retry` and `on_close` too.
 *
 * Errors: `INVALID_ARGUMENT`, `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 *
 * Precondition:
 * `out` points to `capacity` writable bytes.
 */
int32_t egret_ws_proxy(egret_ws *ws,
                       char *out,
                       size_t capacity);

/*
 * Writes the name of the cipher suite of TLS to `out`, such as `TLS_AES_256_GCM_SHA384`, with a NUL, and returns its length without the
 * NUL: 0 without TLS, before the handshake has agreed on one, and with the TLS of Apple's systems and Windows. As
 * `egret_ws_subprotocol` in all other respects; in `on_retry` and `on_close` too.
 *
 * Errors: `INVALID_ARGUMENT`, `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 *
 * Precondition:
 * `out` points to `capacity` writable bytes.
 */
int32_t egret_ws_tls_cipher(egret_ws *ws,
                            char *out,
                            size_t capacity);

/*
 * Writes the protocol that the server selected by ALPN (RFC 7301) to `out`, with a NUL, and returns its length without the NUL: 0 if it
 * selected none. As `egret_ws_tls_cipher` in all other respects.
 *
 * Errors: `INVALID_ARGUMENT`, `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 *
 * Precondition:
 * `out` points to `capacity` writable bytes.
 */
int32_t egret_ws_tls_alpn(egret_ws *ws,
                          char *out,
                          size_t capacity);

/*
 * Writes a certificate that the server sent in the TLS handshake to `out`, in DER, and returns its length. `index` 0 is the server's
 * own certificate, then the others follow in the order of the server. From `on_connect` on; in `on_retry` and `on_close` also if it
 * was not trusted; after an end in `EGRET_WS_PHASE_PROXY` those of the proxy. A resumed session has the certificates of its first
 * handshake. On Apple's systems and Windows only the first one, and only after a handshake that succeeded. With a TLS provider those
 * that it returns, at most 10 and 64 KiB. `out` may be NULL if `capacity` is 0: then only the length is returned. Any thread.
 *
 * Errors: `NOT_FOUND` (there is none with this index), `INVALID_ARGUMENT` (`capacity` is not 0 and less than the length, or `out`
 * is NULL), `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 *
 * Precondition:
 * `out` points to `capacity` writable bytes.
 */
int32_t egret_ws_peer_certificate(egret_ws *ws,
                                  uint32_t index,
                                  uint8_t *out,
                                  size_t capacity);

/*
 * Fills `*stats` with the statistics of the socket, up to its `struct_size`; fields of a newer header than this library's become
 * 0. Any thread.
 *
 * Errors: `INVALID_ARGUMENT` (`stats` is NULL), `BAD_STRUCT` (no release has this `struct_size`), `BAD_HANDLE`, `FORKED`,
 * `INTERNAL`.
 *
 * Precondition:
 * `stats` is NULL or points to `stats->struct_size` readable and writable bytes.
 */
egret_ws_error_t egret_ws_stats(egret_ws *ws,
                                egret_ws_statistics *stats);

/*
 * Normalizes a URL as the constructor of a browser's `WebSocket` does, writes it to `out`, with a NUL, and returns its length
 * without the NUL: serialized by the WHATWG rules, with `ws` for `http` and `wss` for `https`. For bindings that offer that
 * interface. `out` may be NULL if `capacity` is 0: then only the length is returned. Any thread.
 *
 * Errors: `INVALID_URL` (not a URL, another scheme, a fragment, more than 16384 bytes), `INVALID_ARGUMENT` (`url` is NULL,
 * `capacity` is not 0 and not more than the length, or `out` is NULL), `UNSUPPORTED` (the host name is not ASCII, and the library was
 * built without its feature `idn`), `FORKED`, `INTERNAL`.
 *
 * Precondition:
 * `url` is NULL or ends in a NUL; `out` points to `capacity` writable bytes.
 */
int32_t egret_ws_normalize_url(const char *url,
                               char *out,
                               size_t capacity);

/*
 * Fills `hooks` with zeros, that is with no hooks, and sets its `struct_size` to `size`; pass `sizeof *hooks`. Sizes of older and newer
 * headers are accepted, from that of the first release to 4096. Any thread.
 *
 * Errors: `INVALID_ARGUMENT` (`hooks` is NULL), `BAD_STRUCT` (no release has this size), `FORKED`, `INTERNAL`.
 *
 * Precondition:
 * `hooks` is NULL or points to `size` writable bytes.
 */
egret_ws_error_t egret_ws_hooks_init(egret_ws_hooks *hooks,
                                     size_t size);

/*
 * Answers `on_resolve`: `addresses` is a list with the rules of `addresses` in `egret_ws_options`, and the addresses are tried as those of
 * a look-up are (RFC 8305 section 4). An empty text: the name has no address; the attempt fails with `EGRET_WS_ERR_RESOLVE`. NULL: the
 * library asks the system's resolver. After INVALID_ARGUMENT the question is still open. Any thread, inside the hook too.
 *
 * Errors: `INVALID_ARGUMENT` (not a list of addresses), `BAD_HANDLE` (answered already; or no connection waits any more, because of a
 * time-out, a close or a change of the network; or a question of `on_proxy`), `FORKED`, `INTERNAL`.
 *
 * Precondition:
 * `addresses` is NULL or ends in a NUL.
 */
egret_ws_error_t egret_ws_resolved(egret_ws_query *query,
                                   const char *addresses);

/*
 * Answers `on_proxy`: `proxies` is a comma-separated list of at most 8 proxies, each a URL as in the option `proxy` (a comma in a user name
 * or password is `%2C`), or `direct` for a direct connection; at most 8192 bytes. If a proxy cannot be connected to (its name, TCP or
 * TLS), the next one is tried, within `open_timeout_ms`; the close report has the error of the last one, and the log those of the
 * others. A proxy that refuses the connection to the server is the last one. An empty text: a direct connection. NULL: the proxies
 * could not be found; the attempt fails with `EGRET_WS_ERR_PROXY`. After INVALID_ARGUMENT and UNSUPPORTED the question is
 * still open. Any thread, inside the hook too.
 *
 * Errors: `INVALID_ARGUMENT` (not a list of proxies), `UNSUPPORTED` (the library was built without proxies; or one is `https://`, and there
 * is no TLS; or one has a host name that is not ASCII, and the library was built without `idn`), `BAD_HANDLE` (as for `egret_ws_resolved`; or a
 * question of `on_resolve`), `FORKED`, `INTERNAL`.
 *
 * Precondition:
 * `proxies` is NULL or ends in a NUL.
 */
egret_ws_error_t egret_ws_proxy_found(egret_ws_query *query,
                                      const char *proxies);

/*
 * Fills `provider` with zeros, and sets its `struct_size` to `size`; pass `sizeof *provider`. Sizes of older and newer headers are
 * accepted, from that of the first release to 4096. Any thread.
 *
 * Errors: `INVALID_ARGUMENT` (`provider` is NULL), `BAD_STRUCT` (no release has this size), `FORKED`, `INTERNAL`.
 *
 * Precondition:
 * `provider` is NULL or points to `size` writable bytes.
 */
egret_ws_error_t egret_ws_tls_provider_init(egret_ws_tls_provider *provider,
                                            size_t size);

/*
 * Reports that the work of a TLS session of this socket has ended, after its TLS provider has returned `EGRET_WS_TLS_BUSY`. `ws` is that of
 * `egret_ws_tls_destination`. A call without such a session does nothing. It makes no callback: the I/O thread goes on with the session,
 * or with `EGRET_WS_LOOP_INLINE` the next poll. Any thread, any callback of the provider too.
 *
 * The handle stays valid for this call until the last session of the socket is freed: a socket that was freed sends what is queued.
 *
 * Errors: `BAD_HANDLE` (also: the socket was freed, and has no session), `FORKED`, `INTERNAL`.
 */
egret_ws_error_t egret_ws_tls_ready(egret_ws *ws);

/*
 * Changes the URL of a request, for this attempt and all later ones. Only inside `on_request`, on its thread.
 *
 * The rules are those of `egret_ws_connect`. A user name and a password in the URL replace those of the URL before; if the options
 * have a `username`, that one stays. Headers, subprotocols and options such as `tls_pins` stay too, whatever the origin of
 * the new URL is: change or remove those that it must not get. After an error the request is unchanged.
 *
 * Errors: `INVALID_URL`, `INVALID_ARGUMENT` (`url` is NULL; it has a user name and the headers have an `Authorization`; the proxy of the
 * environment cannot be used for it), `UNSUPPORTED` (it needs TLS or has a host name that is not ASCII, and the library was built
 * without that feature), `BAD_HANDLE` (no request of an `on_request` that runs on this thread), `FORKED`, `INTERNAL`.
 *
 * Precondition:
 * `url` is NULL or ends in a NUL.
 */
egret_ws_error_t egret_ws_request_set_url(egret_ws_request *request,
                                          const char *url);

/*
 * Changes a header of a request, for this attempt and all later ones: replaces all headers of this name, in upper or lower case, by one
 * with this value. A `value` of NULL removes them. Only inside `on_request`, on its thread.
 *
 * The rules are those of `headers` in `egret_ws_options`. After an error the request is unchanged.
 *
 * Errors: `INVALID_ARGUMENT` (a name or value that is not allowed, too many bytes or headers, `Authorization` with a user name),
 * `NO_RESOURCES` (no memory for a copy), `BAD_HANDLE` (no request of an `on_request` that runs on this thread), `FORKED`, `INTERNAL`.
 *
 * Precondition:
 * `name` and `value` are NULL or end in a NUL.
 */
egret_ws_error_t egret_ws_request_set_header(egret_ws_request *request,
                                             const char *name,
                                             const char *value);

/*
 * Changes the subprotocols of a request, for this attempt and all later ones. A `list` of NULL removes them. Only inside `on_request`,
 * on its thread.
 *
 * The rules are those of `subprotocols` in `egret_ws_options`. After an error the request is unchanged.
 *
 * Errors: `INVALID_ARGUMENT`, `BAD_HANDLE` (no request of an `on_request` that runs on this thread), `FORKED`, `INTERNAL`.
 *
 * Precondition:
 * `list` is NULL or ends in a NUL.
 */
egret_ws_error_t egret_ws_request_set_subprotocols(egret_ws_request *request,
                                                   const char *list);

/*
 * Changes the addresses of a request, for this attempt and all later ones: they replace those of the option `addresses`. A `list` of
 * NULL removes them, so that the name is looked up. Only inside `on_request`, on its thread.
 *
 * The rules are those of `addresses` in `egret_ws_options`. `egret_ws_request_set_url` with another origin removes the addresses: set them
 * after it. After an error the request is unchanged.
 *
 * Errors: `INVALID_ARGUMENT` (not a list of addresses, or the socket has a `proxy`), `BAD_HANDLE` (no request of an `on_request` that runs
 * on this thread), `FORKED`, `INTERNAL`.
 *
 * Precondition:
 * `list` is NULL or ends in a NUL.
 */
egret_ws_error_t egret_ws_request_set_addresses(egret_ws_request *request,
                                                const char *list);

/*
 * Returns 1 if another connection is worth an attempt after this end, 0 if it would end in the same way or the application has
 * ended this one, or a negative error. It is the rule of `retry_attempts`, for applications that connect again by themselves. Any
 * thread.
 *
 * | error                                                          | result |                                                   |
 * |----------------------------------------------------------------|--------|---------------------------------------------------|
 * | RESOLVE, CONNECT, PROXY, HANDSHAKE, HTTP_STATUS, REDIRECT      | 1      |                                                   |
 * | TIMEOUT, CONNECTION_LOST, NO_RESOURCES                         | 1      |                                                   |
 * | TLS, TLS_EXPIRED                                               | 1      | a clock or a certificate may become right         |
 * | OK, closed by the server                                       | 1      | 1000 too                                          |
 * | TLS_HOST, TLS_ISSUER, TLS_PIN, TLS_OPTIONS                     | 0      |                                                   |
 * | PROTOCOL, INVALID_UTF8, MESSAGE_TOO_BIG                        | 0      |                                                   |
 * | INTERNAL, and errors that only calls return                    | 0      |                                                   |
 * | ABORTED; OK, closed by this side                               | 0      | the application has ended it                      |
 * | any in the phases FLUSH and CLOSING, if this side closed first | 0      | as above: `initiator` is LOCAL, or `code` is 1006 |
 * | any, if `code` or `sent_code` is 1002, 1007, 1008 or 1009      | 0      |                                                   |
 * | any, if `http_status` is 401, 403, 404, 407 or 410             | 0      | it needs another request: see `on_request`        |
 *
 * There is one exception: a connection that a suspend has ended (`EGRET_WS_LOOP_CLOSE_ON_SUSPEND`) has the report of one that the
 * application has closed, so this returns 0; with `retry_attempts` the library makes it again when the loop is resumed.
 *
 * Errors: `INVALID_ARGUMENT` (`info` is NULL), `BAD_STRUCT` (no release has this `struct_size`), `FORKED`, `INTERNAL`.
 *
 * Precondition:
 * `info` is NULL or points to `struct_size` readable bytes.
 */
int32_t egret_ws_is_retryable(const egret_ws_close_info *info);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* EGRET_WS_H */
