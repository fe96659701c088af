/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * egret_ws.h: the C API of egret-ws, a WebSocket library for native Egret game shells.
 * Generated from the Rust sources by cbindgen (make header); do not edit.
 */

/**
 * @mainpage egret_ws.h, the C API of egret-ws
 *
 * ## HOW TO USE IT, IN FIVE STEPS
 *
 * ```c
 * // 1. Make a loop, once.
 * egret_ws_loop *loop;
 * egret_ws_loop_new(NULL, &loop);
 *
 * // 2. Fill in the options of a socket.
 * egret_ws_options options;
 * egret_ws_options_init(&options, sizeof options);
 * options.user = my_game;             // every callback gets it
 * options.on_connect = on_connect;    // see the callback types below
 * options.on_message = on_message;
 * options.on_close = on_close;
 *
 * // 3. Connect.
 * egret_ws *ws;
 * egret_ws_connect(loop, "ws://127.0.0.1:9000/", &options, &ws);
 *
 * // 4. Poll once a frame: callbacks run inside the poll. Send after on_connect.
 * egret_ws_loop_poll(loop, 0);
 * egret_ws_send(ws, EGRET_WS_TEXT, "hello", EGRET_WS_NUL_TERMINATED);
 *
 * // 5. Close, and poll until on_close has come. Then free.
 * //    You may also free at any other time. Then on_close does not come.
 * egret_ws_close(ws, 1000, NULL, 0);
 * egret_ws_free(ws);
 * egret_ws_loop_free(loop, NULL);
 * ```
 *
 * In this file "the server" is the other side of a connection. "The application" is the program that calls this library.
 * "This side" is the library together with the application. "A host" is a name or an address in a URL.
 *
 *
 * ## THE CONTRACT IN FIVE RULES
 *
 * 1. **Callbacks of a socket run only inside `egret_ws_loop_poll`**, on the thread that called it. Only the log, the wake-up
 *    callback, hooks and a TLS provider are called on other threads. See THREADS.
 * 2. **Calls do not block**, except a poll with a time-out, `egret_ws_loop_free` and `egret_ws_loop_set_wakeup`. Any thread and
 *    any callback may send, close or free. See THREADS.
 * 3. **Each socket ends once.** If you do not free the socket first, on_close comes once, after its last message. Then
 *    release_user comes, once. See LIFECYCLE.
 * 4. **Misuse returns an error.** An invalid handle, a NULL, a nested poll or text that is not UTF-8 returns a negative
 *    `EGRET_WS_ERR_*`. `egret_ws_last_error_message` and a log line give the reason. See ERRORS.
 * 5. **A message has at most 131072 bytes**, and queues are limited too. If the send queue is full, a send returns
 *    `EGRET_WS_ERR_BACKPRESSURE`. If the receive queue is full, the library does not read until you poll. See LIMITS.
 *
 *
 * ## LIFECYCLE
 *
 * | state      | event                                                      | callback            | next state |
 * |------------|------------------------------------------------------------|---------------------|------------|
 * | CONNECTING | an attempt to connect is about to begin                    | on_request          | CONNECTING |
 * | CONNECTING | the connection is open                                     | on_connect          | OPEN       |
 * | CONNECTING | the connection cannot be made; another attempt follows     | on_retry            | CONNECTING |
 * | CONNECTING | the connection cannot be made; no attempt follows          | on_close            | CLOSED     |
 * | CONNECTING | on_request returns `EGRET_WS_REQUEST_STOP`                 | on_close            | CLOSED     |
 * | CONNECTING | `egret_ws_close`, `egret_ws_abort`                         | none yet            | CLOSING    |
 * | OPEN       | a message, a pong                                          | on_message, on_pong | OPEN       |
 * | OPEN       | there is room again after `EGRET_WS_ERR_BACKPRESSURE`      | on_drain            | OPEN       |
 * | OPEN       | the connection is lost; another attempt follows            | on_retry            | CONNECTING |
 * | OPEN       | the connection is lost; no attempt follows                 | on_close            | CLOSED     |
 * | OPEN       | this side or the server closes                             | none yet            | CLOSING    |
 * | OPEN       | `egret_ws_abort`                                           | none yet            | CLOSING    |
 * | CLOSING    | a message or pong before the server's Close frame          | on_message, on_pong | CLOSING    |
 * | CLOSING    | the connection ends; no attempt, as after `egret_ws_close` | on_close            | CLOSED     |
 * | CLOSING    | the connection ends; another attempt follows               | on_retry            | CONNECTING |
 * | CLOSED     | right after on_close, in that poll or the next             | release_user        | CLOSED     |
 * | any        | `egret_ws_free`                                            | release_user, once  | no handle  |
 *
 * The next table shows which callbacks of a socket can come next:
 *
 * | after                                               | the next callback can be                                    |
 * |-----------------------------------------------------|-------------------------------------------------------------|
 * | the connect call                                    | on_request, on_connect, on_retry, on_close                  |
 * | on_request                                          | on_request, on_connect, on_retry, on_close                  |
 * | on_connect, on_message, on_pong, on_frame, on_drain | on_message, on_pong, on_frame, on_drain, on_retry, on_close |
 * | on_retry                                            | on_request, on_connect, on_retry, on_close                  |
 * | on_close                                            | release_user                                                |
 * | `egret_ws_free`, in any state                       | release_user, if it was not called after on_close           |
 *
 * If on_request is set, it comes before each attempt. on_request comes twice in a row only after it has returned
 * `EGRET_WS_REQUEST_WAIT`.
 *
 * - Each connection has one on_connect, then any number of on_message, and then one on_retry or on_close.
 * - If the loop is polled, on_close comes exactly once. If the socket or its loop is freed first, on_close does not come.
 * - release_user comes exactly once and is the last callback.
 * - on_drain comes only in the state OPEN, so it never comes after on_retry or on_close of its connection.
 * - After `egret_ws_abort` no callback comes except on_close and release_user.
 * - After `egret_ws_free` has returned, no callback of the socket begins except release_user.
 * - A connect call that fails makes no callback.
 *
 * The table shows the state that callbacks see. `egret_ws_state` may be ahead of the callbacks. It returns CLOSING if the
 * connection has ended and its on_close has not come yet. It returns CONNECTING if the connection has ended and the library
 * will connect again. In both cases, messages that were received before the end are still dispatched. If receiving is paused
 * and messages wait, on_retry and on_close come after these messages: see `egret_ws_pause_receive`.
 *
 *
 * ## QUESTIONS, AND WHERE THE ANSWER IS
 *
 * | question                                                          | answer                                                     |
 * |-------------------------------------------------------------------|------------------------------------------------------------|
 * | May I send from a worker thread? Which calls block?               | THREADS                                                    |
 * | Which callbacks run on another thread?                            | THREADS                                                    |
 * | In which order do callbacks come? Does on_close always come?      | LIFECYCLE                                                  |
 * | When may I free `user`? How long is a pointer valid?              | OWNERSHIP                                                  |
 * | What happens to queued messages when a connection ends?           | QUEUED MESSAGES                                            |
 * | How can I be sure that everything was sent before I quit?         | BEFORE YOU QUIT                                            |
 * | Why was a call refused? Why did a connection end?                 | ERRORS                                                     |
 * | After which errors is a retry useful?                             | `egret_ws_is_retryable`                                    |
 * | How do I replace an expired token before a retry?                 | A NEW TOKEN FOR A RETRY                                    |
 * | Which numbers mean "default", "never" and "at once"?              | NUMBERS                                                    |
 * | What do I do when a phone pauses, resumes or changes its network? | PAUSE AND RESUME OF A PHONE                                |
 * | How do I run a loop of 60 frames a second with low latency?       | LOW LATENCY                                                |
 * | How large may a message or the head of an answer be?              | LIMITS                                                     |
 * | How much memory can a socket and a loop need?                     | MEMORY                                                     |
 * | How do I use HTTPDNS, or keep a socket out of a VPN?              | `egret_ws_hooks`, `egret_ws_options::addresses`            |
 * | How do I use the proxies of the system's settings?                | `egret_ws_on_proxy_fn`                                     |
 * | How do I use the TLS of the application or of the platform?       | `egret_ws_tls_provider`                                    |
 * | Does the library work on a network with IPv6 only?                | `egret_ws_connect`                                         |
 * | How do I read the reason or the cookies of a refusal?             | `egret_ws_response_body`, `egret_ws_response_cookies`      |
 * | Which addresses were tried? Which certificates came?              | `egret_ws_tried_addresses`, `egret_ws_peer_certificate`    |
 * | Which frames were sent and received?                              | `egret_ws_on_frame_fn`                                     |
 * | Which network or address of this machine does a socket use?       | `egret_ws_options::local_address`, `egret_ws_on_socket_fn` |
 * | Which options apply to another origin after a redirect?           | `egret_ws_options::max_redirects`                          |
 * | Are descriptors close-on-exec? What happens after a fork?         | PROCESSES                                                  |
 * | Does my program work with a later version of the library?         | VERSIONS                                                   |
 *
 *
 * ## THREADS
 *
 * Every function may be called from any thread at any time, also inside a callback. A worker thread may send, and another
 * thread may close. There are three exceptions:
 *
 * - A loop is polled and freed by one thread at a time.
 * - A callback cannot poll or free its loop.
 * - `egret_ws_request_set_*` works only inside on_request.
 *
 * The callbacks of a socket run only inside `egret_ws_loop_poll`, on the thread that called it. They never run inside connect,
 * send or close. `egret_ws_loop_free` calls each release_user that has not been called yet.
 *
 * These callbacks run on other threads too:
 *
 * - on_log, the wake-up callback, and release_user of hooks and of a TLS provider.
 * - Hooks (on_resolve, on_proxy, on_socket). They run only on threads of the library, several at the same time. They may
 *   block. A hook that blocks delays only the connection that waits for it.
 * - The callbacks of a TLS provider. Only its new_context may block: see `egret_ws_tls_provider`.
 *
 * Inside a callback of a socket, `egret_ws_loop_poll` and `egret_ws_loop_free` of its loop return `EGRET_WS_ERR_REENTRANT`.
 * Inside on_log, the wake-up callback and hooks, they return this error for every loop. Inside a TLS provider, every function
 * that takes a handle returns this error, except `egret_ws_tls_ready`.
 *
 * Three calls can block:
 *
 * - `egret_ws_loop_poll` waits at most for its time-out.
 * - `egret_ws_loop_free` waits at most linger_ms, plus one second for a TLS provider that does not return.
 * - `egret_ws_loop_free` and `egret_ws_loop_set_wakeup` also wait while another thread is inside an on_log or wake-up callback.
 *   So do not hold a lock that such a callback takes.
 *
 * No other call waits for the network, for a callback or for a poll. No call waits for a hook.
 *
 * A callback must not throw a C++ exception or leave by longjmp. Catch all exceptions of your code inside the callback.
 *
 *
 * ## OWNERSHIP
 *
 * - Texts, data and options are copied before the call returns.
 * - Pointers that a callback gets are borrowed until the callback returns. The texts of the close report of on_close are valid
 *   until `egret_ws_free`.
 * - `egret_ws_error_name` and `egret_ws_version_string` return static strings. The string of `egret_ws_last_error_message` is
 *   valid until the next call of the thread.
 * - An out-parameter is written only on success.
 *
 * When `user` can be freed:
 *
 * | `user` of                      | free it                                                                                     |
 * |--------------------------------|---------------------------------------------------------------------------------------------|
 * | a socket                       | in release_user; if the connect call fails, the caller keeps it                             |
 * | the options of a loop (on_log) | when `egret_ws_loop_free` has returned                                                      |
 * | the wake-up callback           | when `egret_ws_loop_free` has returned; after a replacement: see `egret_ws_loop_set_wakeup` |
 * | hooks                          | in their release_user (a hook may still run after `egret_ws_loop_free`)                     |
 * | a TLS provider                 | in its release_user                                                                         |
 *
 * The query of a hook is valid until it is answered, or until no connection waits for the answer any more. You do not free a
 * query. An answer that comes twice or too late returns `EGRET_WS_ERR_BAD_HANDLE`.
 *
 * A handle is a number that looks like a pointer. Each call checks it and never dereferences it. A call with a freed or forged
 * handle, or with a handle of another kind, returns `EGRET_WS_ERR_BAD_HANDLE`. Free each socket with `egret_ws_free`, also
 * after on_close.
 *
 *
 * ## QUEUED MESSAGES
 *
 * A message that `egret_ws_send` accepted is sent in order, or it is counted in unsent_messages. The report of on_close or
 * on_retry contains this number. After `egret_ws_free`, the report of `egret_ws_loop_free` contains this number. Messages that
 * were passed to the operating system may still be lost if the connection is lost. Only an answer of the server can confirm a
 * message.
 *
 * | event                | what happens to accepted messages                                                     |
 * |----------------------|---------------------------------------------------------------------------------------|
 * | `egret_ws_close`     | sent as long as there is progress (flush_timeout_ms); then the socket closes          |
 * | `egret_ws_free`      | as after `egret_ws_close`, while the loop is polled or has an I/O thread              |
 * | `egret_ws_abort`     | dropped                                                                               |
 * | a lost connection    | dropped; with `EGRET_WS_RESEND` and retry_attempts: sent first on the next connection |
 * | `egret_ws_loop_free` | sent for at most linger_ms, then dropped                                              |
 *
 * The limit of the send queue, max_send_buffer_bytes, counts bytes, not messages. A send that would exceed it returns
 * `EGRET_WS_ERR_BACKPRESSURE`, and on_drain reports when there is room. Received messages wait for the poll: see
 * max_receive_queue_bytes.
 *
 *
 * ## BEFORE YOU QUIT
 *
 * `egret_ws_close` makes sure that everything was sent: it sends the accepted messages, then a Close frame, and waits for the
 * server's Close frame. A slow upload is not cut as long as it makes progress.
 *
 * ```c
 * // 1. Close each socket.
 * egret_ws_close(ws, 1000, NULL, 0);
 *
 * // 2. Poll until all sockets have closed.
 * while (sockets_without_on_close > 0) egret_ws_loop_poll(loop, 100);
 * ```
 *
 * The poll loop ends at the latest when flush_timeout_ms and close_timeout_ms have passed. It does not end if the library's
 * loop is suspended or a socket is paused: call `egret_ws_loop_resume` and `egret_ws_resume_receive` first.
 *
 * If the report of on_close has `EGRET_WS_OK` and `EGRET_WS_INITIATOR_LOCAL`, the server has answered the Close frame that
 * followed the last message. If the server closed by itself, or if there is an error, the server may not have received the last
 * messages. unsent_messages counts the messages that the operating system did not take.
 *
 * An application that cannot poll any more frees the loop with a linger time:
 *
 * ```c
 * options.linger_ms = 3000;             // before egret_ws_loop_new
 *
 * egret_ws_free_report lost;
 * lost.struct_size = sizeof lost;
 * egret_ws_loop_free(loop, &lost);
 * if (lost.sockets > 0) ...             // lost.unsent_messages were not sent
 * ```
 *
 * A process may end at any time, also by exit(). In that case the library does nothing, and servers see connections that end
 * without a Close frame. A loop that is not freed may still log, and call its wake-up callback, from its I/O thread while
 * exit() runs. A TLS provider may be inside a call at that time, also after `egret_ws_loop_free`. If its TLS library cleans up
 * in exit(), as OpenSSL does, free the loop and wait for the provider's release_user before exit().
 *
 *
 * ## ERRORS
 *
 * Every function that can fail returns `EGRET_WS_OK` (0) or another number that is not negative, or a negative
 * `EGRET_WS_ERR_*`. The list "Errors:" in the comment of a function contains each error that the function can return, without
 * the prefix EGRET_WS_ERR_. `egret_ws_last_error_message` returns the reason of a refused call in words. on_log gets this text
 * too.
 *
 * A connection ends with a report, `egret_ws_close_info`, for on_retry and on_close. It has `error`, `phase` and `initiator`,
 * and a sentence in `message`. The table at `egret_ws_is_retryable` lists the ends after which a retry is useful. With
 * retry_attempts the library follows this table.
 *
 * Some sizes depend on the server or on the application: messages in both directions, queues, answers, and copies of options.
 * If an allocation of such a size fails, either the call returns `EGRET_WS_ERR_NO_RESOURCES` and has no effect, or the socket
 * closes with this error after the messages that came before. Any other failed allocation aborts the process. Each attempt to
 * connect also makes such allocations, of a few KiB: if one of them fails, the process aborts.
 *
 *
 * ## A NEW TOKEN FOR A RETRY
 *
 * Set retry_attempts and on_request, which is called before each attempt to connect. This on_request sends a new token with
 * each attempt, and also connects again after HTTP 401:
 *
 * ```c
 * int32_t on_request(void *user, egret_ws *ws, uint32_t attempt, const egret_ws_close_info *last,
 *                    egret_ws_request *request) {
 *     if (!my_game_has_token(user)) return EGRET_WS_REQUEST_WAIT;    // with a token: call egret_ws_retry_now(ws)
 *     egret_ws_request_set_header(request, "Authorization", my_game_token(user));
 *     return last != NULL && last->http_status == 401 ? EGRET_WS_REQUEST_CONNECT : EGRET_WS_REQUEST_CONTINUE;
 * }
 * ```
 *
 *
 * ## NUMBERS
 *
 * In the options, 0 means the default of a field. The comment of the field gives the default. The fields of this table accept
 * `EGRET_WS_UNLIMITED` and `EGRET_WS_AT_ONCE`. Any other number above INT32_MAX, such as a negative number that was converted,
 * is refused with `EGRET_WS_ERR_INVALID_ARGUMENT`.
 *
 * | field                                  | `EGRET_WS_UNLIMITED`        | `EGRET_WS_AT_ONCE`                              |
 * |----------------------------------------|-----------------------------|-------------------------------------------------|
 * | resolve_timeout_ms, connect_timeout_ms | no time-out                 | refused                                         |
 * | proxy_timeout_ms, tls_timeout_ms       | no time-out                 | refused                                         |
 * | handshake_timeout_ms, open_timeout_ms  | no time-out                 | refused                                         |
 * | flush_timeout_ms                       | no time-out                 | sends only bytes that the network takes at once |
 * | close_timeout_ms                       | no time-out                 | does not wait for the server's Close frame      |
 * | linger_ms                              | refused                     | does not wait (the default)                     |
 * | ping_interval_ms                       | no ping after a silence     | refused                                         |
 * | pong_timeout_ms                        | no time-out                 | refused                                         |
 * | probe_timeout_ms                       | the time of pong_timeout_ms | refused                                         |
 * | retry_attempts, retry.total_ms         | no limit                    | refused                                         |
 * | retry.min_wait_ms, retry.first_wait_ms | refused                     | no wait                                         |
 * | deflate.threshold_bytes                | no message is compressed    | messages of any size are compressed             |
 * | attempt_delay_ms                       | refused                     | all addresses at the same time                  |
 * | max_refusal_body_bytes                 | refused                     | no body is read                                 |
 * | poll_max_callbacks, poll_max_us        | no limit                    | refused                                         |
 * | all others                             | refused                     | refused                                         |
 *
 *
 * ## PAUSE AND RESUME OF A PHONE
 *
 * - Call `egret_ws_loop_suspend` before the process may be frozen (Android: onStop; iOS: when the application enters the
 *   background).
 * - Call `egret_ws_loop_resume` when the process runs again.
 * - Call `egret_ws_loop_network_changed` when another network is in use.
 *
 * None of these calls blocks.
 *
 * A suspend keeps the connections open, and the resume probes them with a ping. With `EGRET_WS_LOOP_CLOSE_ON_SUSPEND` a suspend
 * closes them: poll until on_close or on_retry has come, then let the system freeze the process. With retry_attempts the
 * library connects again by itself after the resume. The heartbeat detects connections that are lost without notice.
 *
 *
 * ## LOW LATENCY
 *
 * Do not sleep until the next frame. Poll with a time-out instead. A message is then dispatched when it comes, and not up to
 * 16 ms later:
 *
 * ```c
 * int32_t left;
 * do {
 *     left = milliseconds_until_the_next_frame();
 *     egret_ws_loop_poll(loop, left > 0 ? left : 0);
 * } while (left > 0);
 * ```
 *
 * A poll waits for whole milliseconds. If you round the remaining time up, a frame may begin up to 1 ms late. If that is too
 * late, round down, and call egret_ws_loop_poll(loop, 0) in the last millisecond until the frame begins.
 *
 * If the system makes your thread wait for each frame (vsync), call egret_ws_loop_poll(loop, 0) at the beginning of each
 * frame.
 *
 * TCP_NODELAY is set. A send outside a callback is written at once: by the I/O thread, or with `EGRET_WS_LOOP_INLINE` by the
 * call itself. Sends inside callbacks are written together when the callbacks of the poll have returned, or when 64 KiB wait.
 * An application with its own event loop waits on `egret_ws_loop_descriptor`, or `egret_ws_loop_set_wakeup` notifies it.
 *
 *
 * ## LIMITS
 *
 * A message has at most 128 KiB (131072 bytes) of payload, both ways. If the application sends more, the call returns
 * `EGRET_WS_ERR_MESSAGE_TOO_BIG` and the socket stays open. If a server sends more, the library closes with 1009, and on_close
 * reports `EGRET_WS_ERR_MESSAGE_TOO_BIG`.
 *
 * The head of an answer, of the server or of a proxy, has at most 64 KiB and 256 lines. The head of a request has these
 * limits: a URL has at most 16 KiB, `headers` have at most 8 KiB together, and any other text of the options has at most 8 KiB.
 * tls_roots and tls_identity have at most 1 MiB each.
 *
 * A loop looks up each name on two threads (IPv4 and IPv6). It runs at most 64 look-ups for waiting sockets at a time; further
 * look-ups wait. The library cannot stop a look-up. A look-up that no socket waits for any more keeps its thread until the
 * system ends the look-up. A loop has at most 96 threads for look-ups, such threads included. While a look-up hangs, at most
 * four other look-ups begin for the same name and address family. The wait before such a look-up doubles each time. These
 * look-ups begin only while the loop runs fewer than 64 look-ups.
 *
 * Hooks run on at most max_threads threads of a loop, 32 by default. One socket uses at most two of them at a time. The
 * sockets take turns. If no connection waits any more for a hook call that has not begun, the call is dropped. While on_socket
 * runs for an address, this address needs one more descriptor.
 *
 *
 * ## MEMORY
 *
 * The largest heap memory of one socket is the sum of these lines. docs/memory.md explains the numbers.
 *
 * | part                               | bytes                                                                      |
 * |------------------------------------|----------------------------------------------------------------------------|
 * | the socket itself                  | 8 KiB + 4 × the bytes of its options (3 KiB when it is open and idle)      |
 * | messages to send                   | 4 × max_send_buffer_bytes + 256 KiB                                        |
 * | - with EGRET_WS_RESEND, instead    | 7 × max_send_buffer_bytes + 1 MiB                                          |
 * | - with permessage-deflate, instead | 7 × max_send_buffer_bytes + 3 MiB + 4 × 2^client_window_bits               |
 * | received messages                  | 5 × (max_receive_queue_bytes + max_message_bytes) + 64 KiB                 |
 * | a message that is half received    | 3 × max_message_bytes                                                      |
 * | answers of the server              | 1.4 MiB + 2 × max_refusal_body_bytes (only a hostile server sends so much) |
 * | - with retry_attempts, instead     | 3.9 MiB + 10 × max_refusal_body_bytes                                      |
 * | with wss (OpenSSL)                 | 192 KiB; 4 MiB if a hostile server sends hundreds of certificates          |
 * | with wss (TLS provider)            | 320 KiB, besides the memory of the provider                                |
 * | with an https:// proxy             | the line for wss again                                                     |
 *
 * The factors are those of the worst message sizes, at the moment when the library enlarges its lists. With messages of 1 KiB,
 * a full send queue takes about 1.2 × max_send_buffer_bytes (with RESEND 1.4, with deflate 1.7).
 *
 * The largest memory of one loop, threaded or inline, without its sockets, is:
 *
 * | part                  | memory                                                                            |
 * |-----------------------|-----------------------------------------------------------------------------------|
 * | the loop itself       | 128 KiB                                                                           |
 * | buffers that it keeps | 9 MiB, after bursts of messages, for any number of sockets                        |
 * | TLS                   | 128 KiB + 8 KiB × the trusted certificates, for each different set of TLS options |
 * | TLS sessions          | 640 KiB, for each different set of TLS options                                    |
 * | look-ups              | 2 KiB and a thread for each, at most 96                                           |
 * | hooks                 | 2 KiB for each call that waits or runs, and at most max_threads threads           |
 *
 * Stacks of threads, buffers of the kernel, and the overhead of the allocator are not included. The numbers were measured on
 * 64-bit Linux.
 *
 *
 * ## PROCESSES
 *
 * All descriptors of the library are close-on-exec: a program that this process runs does not inherit them.
 *
 * If a process makes a loop and then calls fork(), every call that can fail returns `EGRET_WS_ERR_FORKED` in the child. A
 * callback of a socket may fork too. When this callback returns in the child, the library does nothing more there, and the
 * poll returns `EGRET_WS_ERR_FORKED`. A hook that forks must not return in the child: the child calls _exit or exec.
 *
 * Before you unload the library, free every loop, and wait for the release_user of its hooks and of its TLS provider. On ELF
 * systems the library stays in memory even after you unload it, because a look-up may hang.
 *
 *
 * ## VERSIONS
 *
 * Structs begin with struct_size and only grow at their end. From 1.0 on, an application that was compiled with this header
 * works with every later version of the library. Before 1.0 it works with every later version of the same minor number. Fields
 * that the application's header does not have count as 0, which is their default. In a struct of a newer header, bytes that the
 * library does not know must be 0. Otherwise the call returns `EGRET_WS_ERR_BAD_STRUCT`. An application that may run with an
 * older library calls `EGRET_WS_HAS_FIELD` before it reads a newer field of a struct that the library fills.
 *
 * "Since:" in a comment is the version that introduced a function or type. Constants and fields without "Since:" were
 * introduced in 0.2.
 *
 * The suffix of a type shows its kind: `_t` is a number, and `_fn` is a callback. A struct or a handle has no suffix.
 */

/**
 * @file
 * The C API of egret-ws. The main page has the rules for threads, ownership and errors.
 */

#ifndef EGRET_WS_H
#define EGRET_WS_H

#include <stddef.h>
#include <stdint.h>

/**
 * @defgroup loops Loops
 * A loop does the I/O of its sockets and runs their callbacks when it is polled.
 * @{
 */

/**
 * `flags` of the loop's options: the loop has no I/O thread. `egret_ws_loop_poll` reads and writes, and a send outside
 * a callback writes at once. Without this flag a loop has one I/O thread for all its sockets. In both cases name
 * look-ups run on threads of the library.
 */
#define EGRET_WS_LOOP_INLINE 0x00010000u

/** @} */

/**
 * @defgroup sockets Sockets
 * A socket is one WebSocket connection of a loop: connecting, closing, states and the close report.
 * @{
 */

/**
 * The largest number of sockets that can wait for their loop. Connect calls that the loop has not begun to handle are
 * counted. Freed sockets are counted separately, until a poll has called their `release_user`. Beyond this number a
 * connect call returns `EGRET_WS_ERR_NO_RESOURCES`: poll the loop, then try again. Sockets that are connecting or open
 * are not counted.
 */
#define EGRET_WS_MAX_PENDING_SOCKETS 16384

/** State: the connection is being made, or made again, or `on_connect` has not been called yet. */
#define EGRET_WS_STATE_CONNECTING 0

/** State: `on_connect` was called, and messages can be sent. */
#define EGRET_WS_STATE_OPEN 1

/**
 * State: one side has begun to close, or the connection has ended and `on_close` has not been called yet. (After
 * `on_retry` the state stays CONNECTING until the next callback, or until this side closes or aborts.)
 */
#define EGRET_WS_STATE_CLOSING 2

/** State: `on_close` was called or is running. */
#define EGRET_WS_STATE_CLOSED 3

/** Phase: the attempt had not begun, because `on_request` had not allowed it. */
#define EGRET_WS_PHASE_REQUEST 1

/** Phase: the server's name was being looked up. */
#define EGRET_WS_PHASE_RESOLVE 2

/** Phase: TCP was connecting. */
#define EGRET_WS_PHASE_CONNECT 3

/** Phase: the library was asking the proxy for a connection to the server. */
#define EGRET_WS_PHASE_PROXY 4

/** Phase: TLS was being set up. This phase contains the TLS handshake and the check of the server's certificate. */
#define EGRET_WS_PHASE_TLS 5

/** Phase: the HTTP upgrade was in progress (RFC 6455 section 4). */
#define EGRET_WS_PHASE_HANDSHAKE 6

/** Phase: the connection was open. */
#define EGRET_WS_PHASE_OPEN 7

/** Phase: the connection was closing, and accepted messages were being written before the Close frame. */
#define EGRET_WS_PHASE_FLUSH 8

/**
 * Phase: the closing handshake was in progress (RFC 6455 section 7). The Close frame of this side was passed to the
 * operating system.
 */
#define EGRET_WS_PHASE_CLOSING 9

/**
 * Initiator: this side ended the connection. It closed the socket, or it refused something that the server sent (see
 * `error`). This value is also used if this side closed before the server's Close frame came, and the closing handshake
 * then failed. In that case `error` names the failure, such as a reset or a time-out.
 */
#define EGRET_WS_INITIATOR_LOCAL 1

/**
 * Initiator: the server or a proxy ended the connection. Its Close frame came first, or its HTTP answer was a refusal.
 * This value is also used if the closing handshake failed after the server's Close frame. In that case `error` names
 * the failure, such as a reset or a time-out.
 */
#define EGRET_WS_INITIATOR_PEER 2

/**
 * Initiator: the network ended the connection before a Close frame of the server was received. A name was not found,
 * there was no route, the connection was reset, the stream ended, or a deadline passed.
 */
#define EGRET_WS_INITIATOR_TRANSPORT 3

/** @} */

/**
 * @defgroup sending Sending
 * Messages and pings of the application, and the send queue.
 * @{
 */

/**
 * The largest payload of a message, sent or received: 131072 bytes (128 KiB). A message of 131072 bytes is accepted. A
 * message of 131073 bytes is refused. The payload of a text message is counted in UTF-8 bytes. The payload of a
 * fragmented message is counted after its fragments were joined. The option `max_message_bytes` can lower this limit.
 * This limit cannot be raised.
 */
#define EGRET_WS_MAX_MESSAGE_BYTES 131072

/** Kind of a message: text, which is valid UTF-8. */
#define EGRET_WS_TEXT 1

/** Kind of a message: binary. */
#define EGRET_WS_BINARY 2

/** @} */

/**
 * @defgroup receiving Receiving
 * Messages, pongs and frames of the server, and the receive queue.
 * @{
 */

/** Direction of a frame: it was sent. */
#define EGRET_WS_FRAME_SENT 1

/** Direction of a frame: it was received. */
#define EGRET_WS_FRAME_RECEIVED 2

/** This value is used instead of a direction: sent frames were not recorded, because the receive queue was full. */
#define EGRET_WS_FRAME_LOST 3

/** Flag of a frame: it is the last frame of its message (FIN). */
#define EGRET_WS_FRAME_FIN 1

/** Flag of a frame: its message is compressed (RFC 7692 section 6). Each frame of the message has this flag. */
#define EGRET_WS_FRAME_COMPRESSED 2

/** @} */

/**
 * @defgroup reconnecting Reconnecting
 * Attempts after a loss, the waits between them, and the request of each attempt.
 * @{
 */

/**
 * Return value of `on_request`: connect, unless the last answer of the server requires another request (HTTP 401, 403,
 * 404, 407, 410).
 */
#define EGRET_WS_REQUEST_CONTINUE 0

/**
 * Return value of `on_request`: connect, also after an answer that requires another request (HTTP 401, 403, 404, 407,
 * 410).
 */
#define EGRET_WS_REQUEST_CONNECT 1

/**
 * Return value of `on_request`: the request is not ready yet. `egret_ws_retry_now` makes the loop call `on_request`
 * again.
 */
#define EGRET_WS_REQUEST_WAIT 2

/** Return value of `on_request`: do not connect. `on_close` follows. */
#define EGRET_WS_REQUEST_STOP 3

/** @} */

/**
 * @defgroup phone Phone
 * Suspend, resume, and a change of the network.
 * @{
 */

/**
 * `flags` of the loop's options: `egret_ws_loop_suspend` closes open sockets with 1001 (going away). Without this flag
 * it keeps them open.
 */
#define EGRET_WS_LOOP_CLOSE_ON_SUSPEND 0x00020000u

/**
 * `flags` of the loop's options: `egret_ws_loop_network_changed` drops all TLS sessions. A server then cannot recognize
 * a player by a session of another network (RFC 8446 appendix C.4). Without this flag a reconnect on the new network
 * resumes its session.
 */
#define EGRET_WS_LOOP_FORGET_TLS_SESSIONS 0x00040000u

/** @} */

/**
 * @defgroup options Options
 * Options and flags of sockets, and special values of options.
 * @{
 */

/** Pass this as the length of a `char` pointer if the text ends at its NUL. */
#define EGRET_WS_NUL_TERMINATED ((size_t)-1)

/**
 * Value of an option: no limit, or never. The table under NUMBERS at the head of this file lists the fields that accept
 * it.
 */
#define EGRET_WS_UNLIMITED 0xFFFFFFFFu

/**
 * Value of an option: no wait. (0 is the default of each field.) The table under NUMBERS at the head of this file lists
 * the fields that accept it.
 */
#define EGRET_WS_AT_ONCE 0xFFFFFFFEu

/**
 * `flags` of a socket's options: with `wss`, only the certificates of `tls_roots` are trusted. `tls_roots` must not be
 * empty.
 */
#define EGRET_WS_ONLY_THESE_ROOTS 0x00000001u

/**
 * `flags` of a socket's options: if `proxy` is NULL, the connect call reads the proxy from the environment. It reads
 * `https_proxy` for `wss`, or `http_proxy` for `ws`. If that variable is not set, it reads `all_proxy`. For the hosts
 * in `no_proxy` no proxy is used. Each name is read in lower case first, then in upper case. `HTTP_PROXY` is not read
 * if `REQUEST_METHOD` is set, because in a CGI program the client sets `HTTP_PROXY`. A process with more rights than
 * its user (setuid, setgid) does not read these variables. Loopback hosts never use a proxy. A proxy that cannot be
 * used, and a `no_proxy` of more than 65536 bytes, are refused with `EGRET_WS_ERR_INVALID_ARGUMENT`.
 */
#define EGRET_WS_PROXY_FROM_ENVIRONMENT 0x00000002u

/**
 * `flags` of a socket's options: messages are kept when a connection is lost and made again. Messages that were
 * accepted, but not completely passed to the operating system, are sent first on the next connection. (Messages that
 * were passed to the operating system may be lost too. Only an answer of the server can confirm them.) Without this
 * flag such messages are dropped, and `on_retry` reports their number.
 */
#define EGRET_WS_RESEND 0x00000004u

/**
 * `flags` of a socket's options: permessage-deflate (RFC 7692) is not offered. Without this flag it is offered, as
 * browsers do.
 */
#define EGRET_WS_DISABLE_DEFLATE 0x00000008u

/**
 * `flags` of a socket's options: with `wss`, the protocol `http/1.1` is not offered by ALPN (RFC 7301). Without this
 * flag it is offered, as browsers do. If the server selects another protocol, the handshake fails with
 * `EGRET_WS_ERR_TLS`. A server without ALPN is accepted. The flag has no effect with `ws`.
 */
#define EGRET_WS_DISABLE_ALPN 0x00000010u

/**
 * `flags` of a socket's options: with `wss`, TLS sessions are neither kept nor resumed (RFC 8446 section 2.2). Each
 * connection makes a full handshake. Without this flag a connection may resume a session of an earlier connection of
 * the loop that had the same host, port and TLS options. Such a session is resumed only if its certificate was checked
 * at most a day ago and has not expired. Each session is used for one connection. With the TLS of Windows and of
 * Apple's systems every connection makes a full handshake.
 */
#define EGRET_WS_DISABLE_TLS_RESUMPTION 0x00000020u

/**
 * `flags` of a socket's options: a redirect to a `ws` URL, which has no TLS, is not followed. It ends the connection
 * with `EGRET_WS_ERR_REDIRECT`. (A redirect from `wss` to `ws` is never followed.)
 */
#define EGRET_WS_SECURE_REDIRECTS_ONLY 0x00000040u

/**
 * `flags` of a socket's options: with `wss`, any certificate is accepted: an expired one, one for another host, or one
 * of an unknown issuer. **This weakens security.** Use it only for tests with your own server, because anyone on the
 * network path can read and change all data. Each such connection logs a warning. `tls_pins` are still checked. After a
 * redirect the flag does not apply to another origin.
 */
#define EGRET_WS_ACCEPT_ANY_CERTIFICATE 0x01000000u

/**
 * `flags` of a socket's options: a redirect may lead to an address that is nearer than the address of the server that
 * sent the redirect. A nearer address is a private, link-local or loopback address after a public one, or a loopback
 * address after a private one. **This weakens security.** Without this flag such a redirect ends with
 * `EGRET_WS_ERR_REDIRECT` in `EGRET_WS_PHASE_CONNECT`, because the server could make this machine connect to services
 * that trust its network. The addresses are checked after the look-up. A proxy looks names up itself. With a proxy, the
 * library therefore checks only a host that is an address or `localhost`, and the phase is `EGRET_WS_PHASE_PROXY`.
 */
#define EGRET_WS_ALLOW_PRIVATE_REDIRECTS 0x02000000u

/** @} */

/**
 * @defgroup errors Errors
 * The numbers that calls and close reports have, and the reason of a refusal in words.
 * @{
 */

/** No error. */
#define EGRET_WS_OK 0

/** An argument is not allowed: a required pointer is NULL, a flag is unknown, or a value is out of range. */
#define EGRET_WS_ERR_INVALID_ARGUMENT (-1)

/**
 * The handle does not belong to a live loop, socket or query. It was freed, answered or forged, or it is of another
 * kind.
 */
#define EGRET_WS_ERR_BAD_HANDLE (-2)

/**
 * This library does not know the `struct_size`, or bytes after the fields that it knows are not zero. In the second
 * case the caller was compiled with a newer header and uses a field that this library does not have.
 */
#define EGRET_WS_ERR_BAD_STRUCT (-3)

/**
 * A callback made a call that is not allowed inside it. A callback of a socket cannot poll or free its loop. `on_log`,
 * a wake-up callback and a hook cannot poll or free any loop. A TLS provider cannot call functions that take a handle,
 * except the function that reports the end of its work.
 */
#define EGRET_WS_ERR_REENTRANT (-4)

/** Another thread is polling this loop. */
#define EGRET_WS_ERR_BUSY (-5)

/**
 * The process was forked after a loop had been made. No call works in the child process. If a callback forks, the poll
 * or the `egret_ws_loop_free` that called the callback returns this error in the child and does nothing more there.
 */
#define EGRET_WS_ERR_FORKED (-6)

/**
 * No descriptor, thread, memory or handle is left, or `EGRET_WS_MAX_PENDING_SOCKETS` sockets wait for the loop. For a
 * call, `egret_ws_last_error_message` and the log line name the resource. For a close report, `os_error` or `message`
 * names it. If a send returns this error, nothing was sent and the socket stays open.
 */
#define EGRET_WS_ERR_NO_RESOURCES (-7)

/**
 * The library has a fault. It was caught before it could harm the application. Please report it with the line that
 * `on_log` gets at the level `EGRET_WS_LOG_ERROR`, or with `egret_ws_last_error_message`. Both contain the message and
 * the source line.
 */
#define EGRET_WS_ERR_INTERNAL (-8)

/** The library cannot do this on this system, or was built without this feature. */
#define EGRET_WS_ERR_UNSUPPORTED (-9)

/** The socket is not open. `on_connect` has not been called yet, or the socket is closing or closed. */
#define EGRET_WS_ERR_NOT_OPEN (-10)

/**
 * The message is larger than `max_message_bytes`. If a send returns this error, nothing was sent and the socket stays
 * open. In a close report it means that the server sent such a message and the library closed with 1009. A close report
 * also has this error if the server sent more than 2 MiB of frames for one message (many empty fragments, or compressed
 * blocks without content).
 */
#define EGRET_WS_ERR_MESSAGE_TOO_BIG (-11)

/**
 * A text is not UTF-8. If a call returns this error, nothing was sent. In a close report it means that the server sent
 * the text and the library closed with 1007.
 */
#define EGRET_WS_ERR_INVALID_UTF8 (-12)

/**
 * The send queue has no room for this message now. Nothing was sent, and the socket stays open. Try again in
 * `on_drain`.
 */
#define EGRET_WS_ERR_BACKPRESSURE (-13)

/** The URL or the host cannot be used. `egret_ws_last_error_message` and the log line say why. */
#define EGRET_WS_ERR_INVALID_URL (-14)

/** The close code must not be sent (RFC 6455 section 7.4), or the reason is longer than 123 bytes. */
#define EGRET_WS_ERR_INVALID_CLOSE (-15)

/**
 * The server's answer has no header of this name, or there was no answer yet. A call that reads a certificate returns
 * this error if the server has sent no certificate with this index. A call that reads the close report returns it if
 * `on_close` has not begun.
 */
#define EGRET_WS_ERR_NOT_FOUND (-16)

/** Close report: the host's name was not found. */
#define EGRET_WS_ERR_RESOLVE (-30)

/** Close report: no address of the host accepted a TCP connection. `os_error` has the reason of the last failure. */
#define EGRET_WS_ERR_CONNECT (-31)

/**
 * Close report: the proxy refused the connection, could not reach the host, or broke its protocol. `http_status` has
 * the status of an HTTP proxy. It is 407 (some proxies send 401) if the proxy wants another user name and password than
 * those in the URL of `proxy`. The answer of a proxy has the same limits as that of a server (see
 * `EGRET_WS_ERR_HANDSHAKE`).
 */
#define EGRET_WS_ERR_PROXY (-32)

/**
 * Close report: the answer to the upgrade was not valid for a WebSocket server (RFC 6455 section 4.1). The answer is
 * also not valid if its head is longer than 64 KiB (interim answers are counted) or has more than 256 lines.
 */
#define EGRET_WS_ERR_HANDSHAKE (-40)

/**
 * Close report: the server answered the upgrade with another HTTP status, which is in `http_status`. This error is also
 * reported if the header lines after the status line are malformed, too many or cut off.
 */
#define EGRET_WS_ERR_HTTP_STATUS (-41)

/**
 * Close report: the server redirected the connection, and the library did not follow. There were more redirects than
 * `max_redirects`, or the redirect is not allowed. A redirect is not allowed if it leads from `wss` to `ws`, to another
 * origin although the socket has subprotocols, or to a nearer address (see `EGRET_WS_ALLOW_PRIVATE_REDIRECTS`). It is
 * also not allowed if its target is not a URL. `http_status` is the status of the redirect. If redirects are off, the
 * error is `EGRET_WS_ERR_HTTP_STATUS`.
 */
#define EGRET_WS_ERR_REDIRECT (-42)

/**
 * Close report: a time-out passed. `phase` names the stage. In `EGRET_WS_PHASE_OPEN` it is the time-out of the
 * heartbeat: the server has not answered a ping. In `EGRET_WS_PHASE_FLUSH` it is `flush_timeout_ms`, and in
 * `EGRET_WS_PHASE_CLOSING` it is `close_timeout_ms`. In `EGRET_WS_PHASE_REQUEST` the application took too long:
 * `on_request` has not allowed the attempt to begin.
 */
#define EGRET_WS_ERR_TIMEOUT (-50)

/** Close report: the connection broke without a closing handshake. */
#define EGRET_WS_ERR_CONNECTION_LOST (-51)

/**
 * Close report: the server broke the protocol, and the library closed with 1002 (or with the code of an earlier
 * `egret_ws_close`).
 */
#define EGRET_WS_ERR_PROTOCOL (-52)

/**
 * Close report: the connection was aborted. This side closed the socket before the connection was made, or aborted the
 * connection. Other causes are that `on_request` stopped before the first attempt, or that a suspend abandoned the
 * attempt (`EGRET_WS_LOOP_CLOSE_ON_SUSPEND`). `phase` says when.
 */
#define EGRET_WS_ERR_ABORTED (-53)

/**
 * Close report: TLS failed, and none of the more specific TLS errors applies. `message` has the reason. In
 * `EGRET_WS_PHASE_TLS` the TLS handshake failed. In a later phase the server sent 256 TLS records in a row without data
 * (key updates, session tickets).
 */
#define EGRET_WS_ERR_TLS (-60)

/**
 * Close report: the server's certificate has expired or is not valid yet. A wrong clock of this machine causes this
 * error too.
 */
#define EGRET_WS_ERR_TLS_EXPIRED (-61)

/** Close report: the server's certificate is for another host. */
#define EGRET_WS_ERR_TLS_HOST (-62)

/**
 * Close report: the server's certificate is not trusted. Its issuer is unknown, it is self-signed, or the server did
 * not send the certificate of an issuer. It is also possible that the certificate must not be used for this purpose: it
 * is not a certificate for servers, an issuer was not allowed to issue it (name constraints, path length), or a key or
 * a signature is too weak. `message` names the cause.
 */
#define EGRET_WS_ERR_TLS_ISSUER (-63)

/**
 * Close report: the server's public key is none of `tls_pins`. The request was not sent. The certificate of
 * `tls_identity` was not sent either, except on Apple's systems and Windows.
 */
#define EGRET_WS_ERR_TLS_PIN (-64)

/** Close report: `tls_roots`, `tls_identity` or its password cannot be used. `message` says which one and why. */
#define EGRET_WS_ERR_TLS_OPTIONS (-65)

/** @} */

/**
 * @defgroup log Log
 * Log lines and their levels.
 * @{
 */

/** Log level: something failed inside the library. */
#define EGRET_WS_LOG_ERROR 1

/** Log level: a call was refused, or a connection failed. This is the default of a loop. */
#define EGRET_WS_LOG_WARN 2

/** Log level: a connection was made or ended. */
#define EGRET_WS_LOG_INFO 3

/** Log level: each step. */
#define EGRET_WS_LOG_DEBUG 4

/** @} */

/**
 * @defgroup tls TLS
 * Versions, certificates, and TLS providers: TLS that the application brings.
 * @{
 */

/** TLS 1.2, for `tls_min_version` and in the statistics. */
#define EGRET_WS_TLS_1_2 771

/**
 * TLS 1.3, for `tls_min_version` and in the statistics. Secure Transport, the TLS of Apple's systems, does not support
 * it.
 */
#define EGRET_WS_TLS_1_3 772

/** Capability of a TLS provider: it supports `tls_roots` and `EGRET_WS_ONLY_THESE_ROOTS`. */
#define EGRET_WS_TLS_CAN_ROOTS 1

/** Capability of a TLS provider: it supports `tls_identity`. */
#define EGRET_WS_TLS_CAN_IDENTITY 2

/** Capability of a TLS provider: it supports `EGRET_WS_ACCEPT_ANY_CERTIFICATE`. */
#define EGRET_WS_TLS_CAN_ANY_CERTIFICATE 4

/** Capability of a TLS provider: it supports a `tls_min_version` of TLS 1.3. */
#define EGRET_WS_TLS_CAN_MIN_VERSION 8

/** Capability of a TLS provider: it returns the peer's certificates. The library checks `tls_pins` with them. */
#define EGRET_WS_TLS_CAN_CHAIN 16

/**
 * Capability of a TLS provider: it resumes sessions and supports `EGRET_WS_DISABLE_TLS_RESUMPTION`. A provider without
 * this bit must not resume any session.
 */
#define EGRET_WS_TLS_CAN_RESUME 32

/** State of a TLS session: the handshake is complete. The bit stays set. */
#define EGRET_WS_TLS_ESTABLISHED 1

/**
 * State of a TLS session: there are more bytes to send to the peer. The library calls `send` without plaintext until
 * the bit is clear. Each of these calls must return some bytes or clear the bit.
 */
#define EGRET_WS_TLS_HAS_OUTPUT 2

/**
 * State of a TLS session: the peer has sent its close_notify. The bit stays set. The library does not call `receive`
 * any more.
 */
#define EGRET_WS_TLS_PEER_CLOSED 4

/**
 * State of a TLS session: the session works on another thread. The library calls `send` without plaintext after the
 * next `egret_ws_tls_ready`. It may make that call earlier too. Until this bit is clear, the library makes no other
 * call for the session except `free_session`. `free_session` may come at any time. If it comes while this bit is set,
 * the connection has ended without a close_notify, and the facts about the session stay unknown. A step that returns
 * bytes may set this bit too. The time-outs keep running.
 */
#define EGRET_WS_TLS_BUSY 8

/** Size in bytes of the `message` buffer of a TLS provider. The NUL at its end is counted. */
#define EGRET_WS_TLS_MESSAGE_BYTES 256

/** @} */

/**
 * @defgroup library Library
 * Versions, and helpers for bindings.
 * @{
 */

/**
 * Checks by `struct_size` whether a struct has a field.
 *
 * A struct that an older library fills may end before a field of this header. Example:
 * `EGRET_WS_HAS_FIELD(egret_ws_close_info, info, message_len) ? info->message_len : 0`.
 *
 * @param type     The type of the struct.
 * @param pointer  A pointer to the struct. It is not NULL, and `struct_size` is readable.
 * @param field    The name of the field.
 * @return         1 if the struct has the field, or 0.
 *
 * Threads: Any thread.
 * Since:   0.2
 */
#define EGRET_WS_HAS_FIELD(type, pointer, field) \
    ((pointer)->struct_size >= offsetof(type, field) + sizeof((pointer)->field))

/** The version of the header: major × 65536 + minor × 256 + patch. Compare it with `egret_ws_version_number`. */
#define EGRET_WS_VERSION_NUMBER 512

/** @} */

/**
 * @addtogroup loops
 * @{
 */

/**
 * A loop: it does the I/O of any number of sockets and queues their events. The type is opaque; it is a handle, not an
 * address.
 */
typedef struct egret_ws_loop egret_ws_loop;

/**
 * Notifies the application that `egret_ws_loop_poll` has something to do.
 *
 * It is called once, and again only after the next poll. Post a task or write to a pipe, and return soon: the
 * connections wait until the callback returns. Inside it `egret_ws_loop_poll` and `egret_ws_loop_free` return
 * `EGRET_WS_ERR_REENTRANT`, and calls write no log line. If this callback forks, it must not return in the child: the
 * child calls `_exit` or `exec`.
 *
 * `egret_ws_loop_set_wakeup` and `egret_ws_loop_free` wait until no other thread is inside this callback. Their
 * comments say when `user` can be freed.
 *
 * @param user  The `user` of `egret_ws_loop_set_wakeup`.
 *
 * Threads: **Another thread**: the I/O thread, or a thread that calls this library; several at the same time.
 * Since:   0.2
 */
typedef void (*egret_ws_on_wakeup_fn)(void *user);

/**
 * Messages that `egret_ws_loop_free` has lost.
 *
 * These messages were accepted and not sent, and no `on_close` or `on_retry` has reported them. Set `struct_size` to
 * `sizeof(egret_ws_free_report)` before the call.
 *
 * Since: 0.2
 */
typedef struct egret_ws_free_report {
    /** Bytes of this struct as the caller knows it. */
    uint32_t struct_size;
    /** Sockets that have lost messages. Sockets that `egret_ws_free` freed before are counted too. */
    uint32_t sockets;
    /** Messages that a send accepted and that were not completely passed to the operating system. */
    uint64_t unsent_messages;
    /** Payload bytes of `unsent_messages`. */
    uint64_t unsent_bytes;
} egret_ws_free_report;

/** @} */

/**
 * @addtogroup sockets
 * @{
 */

/** A socket: one WebSocket connection of a loop. The type is opaque; it is a handle, not an address. */
typedef struct egret_ws egret_ws;

/**
 * Releases `user`: the library will not pass it to a callback again.
 *
 * Free `user` here, or drop your reference to it. The callback is called exactly once.
 *
 * For a socket it is the last callback. It comes right after `on_close`, even if the socket is not freed. If the socket
 * is freed before `on_close`, it comes after `egret_ws_free`. The poll that is running calls it, or the next poll does.
 * `egret_ws_loop_free` calls it for the sockets that are left. From this callback on, `egret_ws_user` returns NULL. For
 * hooks and TLS providers, see `egret_ws_hooks` and `egret_ws_tls_provider`.
 *
 * @param user  The `user` of the socket's options, of the hooks or of the TLS provider.
 *
 * Threads: Of a socket: the thread that polls or frees the loop, inside that call. Of hooks and of a TLS provider: any
 *          thread.
 * Since:   0.2
 */
typedef void (*egret_ws_release_user_fn)(void *user);

/**
 * Reports that the connection is open.
 *
 * It is called once, or with `retry_attempts` once for each connection (`egret_ws_generation` returns its number). From
 * now on messages can be sent, also inside this callback. If the connection has ended in the meantime, no message can
 * be sent, and `on_retry` or `on_close` will report the end.
 *
 * @param user  The `user` of the socket's options.
 * @param ws    The socket.
 *
 * Threads: The thread that polls, inside `egret_ws_loop_poll`.
 * Since:   0.2
 */
typedef void (*egret_ws_on_connect_fn)(void *user, egret_ws *ws);

/** A phase of a connection: one of `EGRET_WS_PHASE_*`. */
typedef int32_t egret_ws_phase_t;

/** The side that ended a connection: one of `EGRET_WS_INITIATOR_*`. */
typedef int32_t egret_ws_initiator_t;

/** The state of a socket: one of `EGRET_WS_STATE_*`. */
typedef int32_t egret_ws_state_t;

/** @} */

/**
 * @addtogroup sending
 * @{
 */

/** The kind of a message: `EGRET_WS_TEXT` or `EGRET_WS_BINARY`. */
typedef int32_t egret_ws_kind_t;

/**
 * Reports that the send queue has room again.
 *
 * It is called once after sends were refused with `EGRET_WS_ERR_BACKPRESSURE`. At that time the send queue is at most
 * half full and has room for the largest of the refused messages. If this happens several times between two polls, the
 * callback is called once. It is not called if the connection is lost or closes before there is room. After `on_retry`,
 * send again in `on_connect`.
 *
 * @param user  The `user` of the socket's options.
 * @param ws    The socket.
 *
 * Threads: The thread that polls, inside `egret_ws_loop_poll`.
 * Since:   0.2
 */
typedef void (*egret_ws_on_drain_fn)(void *user, egret_ws *ws);

/** @} */

/**
 * @addtogroup receiving
 * @{
 */

/**
 * Delivers a message.
 *
 * Messages come in the order in which the server sent them. They may still come after `egret_ws_close`, until the
 * server's Close frame. If the server breaks the protocol, the library dispatches the earlier messages first, so that
 * the application can still answer them. Then, or after `close_timeout_ms`, the library sends its Close frame.
 *
 * @param user  The `user` of the socket's options.
 * @param ws    The socket.
 * @param kind  `EGRET_WS_TEXT` or `EGRET_WS_BINARY`.
 * @param data  The payload, never NULL, borrowed until the callback returns. Text is valid UTF-8 and is followed by a
 *              NUL that `len` does not count. The text itself may contain NULs.
 * @param len   Bytes of `data`, 0 to `max_message_bytes`.
 *
 * Threads: The thread that polls, inside `egret_ws_loop_poll`.
 * Since:   0.2
 */
typedef void (*egret_ws_on_message_fn)(void *user,
                                       egret_ws *ws,
                                       egret_ws_kind_t kind,
                                       const uint8_t *data,
                                       size_t len);

/**
 * Delivers a pong (RFC 6455 section 5.5.3) of the server.
 *
 * It is called for each pong, whether or not it answers a ping. Answers to the pings of the heartbeat are not reported.
 * Pongs and messages come in the order in which the server sent them. There is one exception: while receiving is
 * paused, a pong does not wait for a message. A pong that waits for the poll counts as a message in
 * `max_receive_queue_bytes`, so a server cannot send pongs faster than polls take them.
 *
 * @param user  The `user` of the socket's options.
 * @param ws    The socket.
 * @param data  The payload, never NULL, borrowed until the callback returns. If the pong answers an `egret_ws_ping`, it
 *              is the payload of that ping.
 * @param len   Bytes of `data`, 0 to 125.
 *
 * Threads: The thread that polls, inside `egret_ws_loop_poll`.
 * Since:   0.2
 */
typedef void (*egret_ws_on_pong_fn)(void *user, egret_ws *ws, const uint8_t *data, size_t len);

/** The direction of a frame: one of `EGRET_WS_FRAME_SENT`, `EGRET_WS_FRAME_RECEIVED`, `EGRET_WS_FRAME_LOST`. */
typedef int32_t egret_ws_direction_t;

/**
 * Reports a frame (RFC 6455 section 5.2) that was sent or received, to trace a connection.
 *
 * Like every callback of a socket it runs in `egret_ws_loop_poll`. A received frame is recorded as soon as its header
 * is complete, even if the frame breaks a rule. It is therefore reported before the message that it completes. A sent
 * frame is recorded when the operating system has taken its last byte. While receiving is paused, frames do not wait
 * for the messages.
 *
 * A frame that waits for the poll counts 32 bytes in `max_receive_queue_bytes`, so a server cannot send frames faster
 * than polls take them. While the receive queue is full, sent frames are not recorded. Their number is then reported
 * once with the direction `EGRET_WS_FRAME_LOST`, before the next frame that is recorded or at the end of the
 * connection.
 *
 * @param user       The `user` of the socket's options.
 * @param ws         The socket.
 * @param direction  `EGRET_WS_FRAME_SENT`, `EGRET_WS_FRAME_RECEIVED` or `EGRET_WS_FRAME_LOST`.
 * @param opcode     The opcode of the frame, 0 to 15. With `EGRET_WS_FRAME_LOST` it is 0.
 * @param flags      Bits of `EGRET_WS_FRAME_FIN` and `EGRET_WS_FRAME_COMPRESSED`. With `EGRET_WS_FRAME_LOST` it is 0.
 * @param length     The length of the payload on the wire in bytes, which is the length after compression. With
 *                   `EGRET_WS_FRAME_LOST` it is the number of sent frames that were not recorded.
 *
 * Threads: The thread that polls, inside `egret_ws_loop_poll`.
 * Since:   0.2
 */
typedef void (*egret_ws_on_frame_fn)(void *user,
                                     egret_ws *ws,
                                     egret_ws_direction_t direction,
                                     uint32_t opcode,
                                     uint32_t flags,
                                     uint64_t length);

/** @} */

/**
 * @addtogroup reconnecting
 * @{
 */

/** The request of an attempt, inside `on_request`. The type is opaque; it is a handle, not an address. */
typedef struct egret_ws_request egret_ws_request;

/**
 * The waits of reconnecting, for `retry` of the options of a socket.
 *
 * Fill the struct with `egret_ws_retry_options_init`, then set the fields that you need. A field that is zero has its
 * default. The waits must satisfy `min_wait_ms <= first_wait_ms <= max_wait_ms`.
 *
 * Since: 0.2
 */
typedef struct egret_ws_retry_options {
    /** Bytes of this struct as the caller knows it. `egret_ws_retry_options_init` sets it. */
    uint32_t struct_size;
    /**
     * The shortest wait before an attempt, in milliseconds. 0 means 250, or the smaller of the next two options if that
     * is less. `EGRET_WS_AT_ONCE` means that an attempt may begin at once.
     */
    uint32_t min_wait_ms;
    /**
     * The longest wait before the first attempt, in milliseconds. This limit doubles with each further attempt. The
     * wait is random between `min_wait_ms` and this value, so that the clients of a server do not all come back at the
     * same time. If the server sends `Retry-After` (RFC 9110 section 10.2.3), the wait is added to the time of
     * `Retry-After`. 0 means 4000, or the nearest value that lies between the other two waits. `EGRET_WS_AT_ONCE` means
     * that the first attempt begins at once, and all others too.
     */
    uint32_t first_wait_ms;
    /** The limit of the doubling, in milliseconds. 0 means 30000, or `first_wait_ms` if that is more. */
    uint32_t max_wait_ms;
    /**
     * The longest time in milliseconds from the loss to the beginning of an attempt. After this time no attempt begins.
     * 0 means 600000. `EGRET_WS_UNLIMITED` means no limit.
     */
    uint32_t total_ms;
} egret_ws_retry_options;

/** @} */

/**
 * @addtogroup options
 * @{
 */

/**
 * A header of the request. Both texts end in a NUL and are copied.
 *
 * Since: 0.2
 */
typedef struct egret_ws_header {
    /** Its name, such as `Authorization`. */
    const char *name;
    /** Its value. */
    const char *value;
} egret_ws_header;

/**
 * The settings of permessage-deflate (RFC 7692), for `deflate` of the options of a socket.
 *
 * Fill the struct with `egret_ws_deflate_options_init`, then set the fields that you need. A field that is zero has its
 * default.
 *
 * Since: 0.2
 */
typedef struct egret_ws_deflate_options {
    /** Bytes of this struct as the caller knows it. `egret_ws_deflate_options_init` sets it. */
    uint32_t struct_size;
    /** The level at which this side compresses, 1 (fast) to 9 (small). 0 means 6. */
    uint32_t level;
    /**
     * The size in bytes of the smallest message that is compressed. Smaller messages are sent without compression.
     * Messages that compression does not make smaller are also sent without it. 0 means 256. `EGRET_WS_AT_ONCE` means
     * that messages of any size are compressed. `EGRET_WS_UNLIMITED` means that no message is compressed.
     */
    uint32_t threshold_bytes;
    /**
     * The largest window that this side uses to compress, as a power of two, 9 to 15. The server may ask for less. From
     * the first compressed message on, the compressor needs 4 times the window plus 244 KiB of memory. 0 means 15.
     */
    uint32_t client_window_bits;
    /**
     * The largest window that the server may use, as a power of two, 9 to 15. If the server agreed to compress, the
     * socket needs 47 KiB for incoming messages, with any window. If a server accepts the offer without this limit, the
     * handshake fails. 0 means 15, which is no limit.
     */
    uint32_t server_window_bits;
    /**
     * 1 means that this side compresses each message by itself, without the context of earlier messages. This makes
     * messages larger. The compressor still keeps its memory. 0 means that the context is used.
     */
    uint32_t client_no_context_takeover;
    /**
     * 1 means that the server must compress each message by itself. If a server accepts the offer without this
     * parameter, the handshake fails. 0 means that the server chooses.
     */
    uint32_t server_no_context_takeover;
} egret_ws_deflate_options;

/** @} */

/**
 * @addtogroup errors
 * @{
 */

/** An error: `EGRET_WS_OK` or one of `EGRET_WS_ERR_*`. All errors are negative. */
typedef int32_t egret_ws_error_t;

/** @} */

/**
 * @addtogroup sockets
 * @{
 */

/**
 * How and why a connection ended.
 *
 * In `on_retry` and `on_request` the texts of the report are valid until the callback returns. The texts of `on_close`
 * and of `egret_ws_close_report` are valid until `egret_ws_free` or `egret_ws_loop_free`.
 *
 * Since: 0.2
 */
typedef struct egret_ws_close_info {
    /**
     * In a callback: bytes of this struct as the library knows it. Read a field only if it lies within these bytes, see
     * `EGRET_WS_HAS_FIELD`. For `egret_ws_close_report`: bytes of this struct as the caller knows it.
     */
    uint32_t struct_size;
    /**
     * `EGRET_WS_OK` if both Close frames were exchanged and neither side failed the connection. (A browser calls this
     * `wasClean`.) Otherwise it is one of `EGRET_WS_ERR_*`.
     */
    egret_ws_error_t error;
    /** The phase in which the connection ended: one of `EGRET_WS_PHASE_*`. */
    egret_ws_phase_t phase;
    /** The side that ended the connection: one of `EGRET_WS_INITIATOR_*`. */
    egret_ws_initiator_t initiator;
    /** The HTTP status of the server's answer to the upgrade, or of a proxy's answer. It is 0 if there was no answer. */
    int32_t http_status;
    /** The error number of the operating system (`errno`, `WSAGetLastError`), or 0. */
    int32_t os_error;
    /**
     * The code as in a browser's `CloseEvent.code`: the code of the server's Close frame. It is 1005 if the frame had
     * no code, and 1006 if no Close frame came.
     */
    uint16_t code;
    /**
     * The code of the Close frame that this side sent. It is 1005 if the frame had no code, and 0 if no Close frame was
     * sent.
     */
    uint16_t sent_code;
    /** Messages that a send accepted and that were not completely passed to the operating system. */
    uint32_t unsent_messages;
    /** Payload bytes of `unsent_messages`. */
    uint64_t unsent_bytes;
    /** The reason of the server's Close frame in UTF-8: `reason_len` bytes and then a NUL. It is never NULL. */
    const char *reason;
    /** Bytes of `reason`, 0 to 123. */
    size_t reason_len;
    /** A description of the end for a log: an English sentence in UTF-8 that ends in a NUL. It is never NULL. */
    const char *message;
    /** Bytes of `message`. */
    size_t message_len;
} egret_ws_close_info;

/**
 * Reports the end of the socket.
 *
 * It is called exactly once, unless the socket or its loop was freed before. It comes after all messages that were
 * received before the end. After an `egret_ws_abort`, messages that were not dispatched are dropped. The handle stays
 * valid until `egret_ws_free`, in the state `EGRET_WS_STATE_CLOSED`. `egret_ws_close_report` returns the report again.
 *
 * @param user  The `user` of the socket's options.
 * @param ws    The socket.
 * @param info  The report, never NULL, borrowed until the callback returns. The texts that it points to are valid until
 *              `egret_ws_free`, but at least until the callback returns.
 *
 * Threads: The thread that polls, inside `egret_ws_loop_poll`.
 * Since:   0.2
 */
typedef void (*egret_ws_on_close_fn)(void *user, egret_ws *ws, const egret_ws_close_info *info);

/** @} */

/**
 * @addtogroup reconnecting
 * @{
 */

/**
 * Reports that a connection was lost or could not be made, and that another attempt follows.
 *
 * It is called before each wait, only if `retry_attempts` is set. From now on the socket is in the state
 * `EGRET_WS_STATE_CONNECTING`. When it is open again, `on_connect` is called. `egret_ws_retry_now` ends the wait and
 * connects at once. If `on_request` is set, it is called after the wait and may still stop the attempt.
 *
 * `egret_ws_close` ends the attempts. Call it to stop for a reason of the application, such as a close code of the
 * server.
 *
 * If the application does not poll, calls of `on_connect`, `on_retry` and `on_request` wait for the poll. When eight
 * such calls of a socket wait, its next attempt begins only after the poll.
 *
 * @param user      The `user` of the socket's options.
 * @param ws        The socket.
 * @param info      The report of the end, with the messages that were not sent; see `on_close`. It is never NULL. The
 *                  report and its texts are borrowed until the callback returns.
 * @param attempt   The number of the next attempt. It counts from 1.
 * @param delay_ms  The length of the wait in milliseconds. During a suspend it is `EGRET_WS_UNLIMITED`: the wait ends
 *                  with `egret_ws_loop_resume`.
 *
 * Threads: The thread that polls, inside `egret_ws_loop_poll`.
 * Since:   0.2
 */
typedef void (*egret_ws_on_retry_fn)(void *user,
                                     egret_ws *ws,
                                     const egret_ws_close_info *info,
                                     uint32_t attempt,
                                     uint32_t delay_ms);

/**
 * Lets the application change the request before each attempt to connect, the first one included.
 *
 * Use it to replace an expired token in a header or in the URL, to choose another server, or to wait for a login. Like
 * every callback of a socket it runs in `egret_ws_loop_poll`, and it may call every function that the other callbacks
 * may call. It is not called for redirects.
 *
 * The functions `egret_ws_request_set_url`, `egret_ws_request_set_header`, `egret_ws_request_set_subprotocols` and
 * `egret_ws_request_set_addresses` change the request. The changes hold for this attempt and all later ones.
 *
 * With this callback and `retry_attempts`, the HTTP statuses 401, 403, 404, 407 and 410 do not end the attempts.
 * `on_retry` is called, and after the wait this callback decides.
 *
 * | `EGRET_WS_REQUEST_*` | effect                                                                                                |
 * |----------------------|-------------------------------------------------------------------------------------------------------|
 * | CONTINUE             | connect; after one of those statuses it has the effect of STOP                                        |
 * | CONNECT              | connect, also after one of those statuses                                                             |
 * | WAIT                 | wait; `egret_ws_retry_now`, a resume and `egret_ws_loop_network_changed` call this callback again     |
 * | STOP                 | `on_close` with the report of the last end; at the first attempt: ABORTED in `EGRET_WS_PHASE_REQUEST` |
 * | another number       | the effect of STOP, with a log line                                                                   |
 *
 * After STOP, `unsent_messages` of the report counts only the messages that no earlier report has counted.
 *
 * If the application calls `egret_ws_retry_now` before this callback returns WAIT, the callback comes again at once. So
 * no call is lost.
 *
 * An attempt must begin within `open_timeout_ms` after the first call of this callback for this attempt. Otherwise it
 * ends with `EGRET_WS_ERR_TIMEOUT` in `EGRET_WS_PHASE_REQUEST`, like any other attempt that takes too long. This
 * time-out also applies if the application does not poll. During the whole time the state is
 * `EGRET_WS_STATE_CONNECTING`. With `EGRET_WS_LOOP_CLOSE_ON_SUSPEND` a suspend stops this time-out, and the resume
 * calls the callback again, unless it has returned STOP.
 *
 * @param user     The `user` of the socket's options.
 * @param ws       The socket.
 * @param attempt  0 for the first attempt, then the number that `on_retry` got.
 * @param last     The report of the last end, which `on_retry` got. NULL at the first attempt. It is borrowed until the
 *                 callback returns.
 * @param request  The request. It is borrowed until the callback returns. If it is used later or on another thread, the
 *                 call returns `EGRET_WS_ERR_BAD_HANDLE`.
 * @return         One of `EGRET_WS_REQUEST_*`.
 *
 * Threads: The thread that polls, inside `egret_ws_loop_poll`.
 * Since:   0.2
 */
typedef int32_t (*egret_ws_on_request_fn)(void *user,
                                          egret_ws *ws,
                                          uint32_t attempt,
                                          const egret_ws_close_info *last,
                                          egret_ws_request *request);

/** @} */

/**
 * @addtogroup options
 * @{
 */

/**
 * Options of a socket.
 *
 * Fill the struct with `egret_ws_options_init`, then set the fields that you need. A field that is zero has its
 * default. The struct is read only during the connect call. `user` and the callbacks are kept until `release_user` has
 * run. The table under NUMBERS at the head of this file lists the fields that accept `EGRET_WS_UNLIMITED` and
 * `EGRET_WS_AT_ONCE`.
 *
 * The connect call returns `EGRET_WS_ERR_INVALID_ARGUMENT` and logs the name of the field in three cases: a text or
 * list is longer than its field allows, a pointer is NULL and its length or count is not 0, or a pointer is set and its
 * length is 0. An array with a count of 0 is an empty list.
 *
 * Since: 0.2
 */
typedef struct egret_ws_options {
    /** Bytes of this struct as the caller knows it. `egret_ws_options_init` sets it. */
    uint32_t struct_size;
    /**
     * Any of `EGRET_WS_ONLY_THESE_ROOTS`, `EGRET_WS_PROXY_FROM_ENVIRONMENT`, `EGRET_WS_RESEND`,
     * `EGRET_WS_DISABLE_DEFLATE`, `EGRET_WS_DISABLE_ALPN`, `EGRET_WS_DISABLE_TLS_RESUMPTION`,
     * `EGRET_WS_SECURE_REDIRECTS_ONLY`, `EGRET_WS_ACCEPT_ANY_CERTIFICATE`, `EGRET_WS_ALLOW_PRIVATE_REDIRECTS`. Unknown
     * bits and flags of loops are refused.
     */
    uint32_t flags;
    /** Passed to every callback of the socket. The library does not dereference it. Free it in `release_user`. */
    void *user;
    /** See the callback's type. NULL means that it is not called. */
    egret_ws_on_connect_fn on_connect;
    /** See the callback's type. NULL means that messages are counted as received and dropped. */
    egret_ws_on_message_fn on_message;
    /** See the callback's type. NULL means that it is not called. */
    egret_ws_on_close_fn on_close;
    /** See the callback's type. NULL means that it is not called. */
    egret_ws_release_user_fn release_user;
    /** The longest time in milliseconds for the name look-up and TCP together. 0 means 15000. */
    uint32_t connect_timeout_ms;
    /**
     * The longest time in milliseconds for the HTTP upgrade. The time begins when the request can be sent. 0 means
     * 10000.
     */
    uint32_t handshake_timeout_ms;
    /**
     * The longest time in milliseconds without progress while a closing socket writes accepted messages and then its
     * Close frame. The time counts from the last progress, so a slow upload is not cut. Progress means that the
     * operating system takes 4 KiB, or all bytes that are left. With TLS, a record of up to 16 KiB counts when all of
     * it is taken. No ping is sent during this time. When this time has passed, the socket ends with
     * `EGRET_WS_ERR_TIMEOUT` in `EGRET_WS_PHASE_FLUSH`. 0 means 10000. `EGRET_WS_AT_ONCE` means that messages are
     * dropped if the network does not take them at once.
     */
    uint32_t flush_timeout_ms;
    /**
     * The longest time in milliseconds of the closing handshake. The time begins when the Close frame of this side was
     * passed to the operating system, and lasts until the end of the connection. When this time has passed, the socket
     * ends with `EGRET_WS_ERR_TIMEOUT` in `EGRET_WS_PHASE_CLOSING`. 0 means 5000. `EGRET_WS_AT_ONCE` means that the
     * connection ends as soon as the Close frame is written. If the server's Close frame has not come by then, the
     * error is also `EGRET_WS_ERR_TIMEOUT`.
     */
    uint32_t close_timeout_ms;
    /**
     * The largest payload of a message in bytes, sent or received, at most `EGRET_WS_MAX_MESSAGE_BYTES`. 0 means
     * 131072.
     */
    uint32_t max_message_bytes;
    /**
     * The limit of the send queue: the largest number of bytes that may wait to be written. Frame headers are counted.
     * A send that would exceed this limit returns `EGRET_WS_ERR_BACKPRESSURE`. The limit must be at least
     * `max_message_bytes` + 14. 0 means 1 MiB.
     */
    uint32_t max_send_buffer_bytes;
    /**
     * The limit of the receive queue: the library stops reading this socket when this number of bytes waits to be
     * dispatched. TCP then slows the server down. The library reads again when polls have taken half of the bytes. Each
     * message, and each pong for `on_pong`, counts 32 bytes more than its payload. The queue may exceed the limit by
     * one message, and by 64 KiB that were read and not decoded. 0 means 1 MiB.
     */
    uint32_t max_receive_queue_bytes;
    /**
     * Reconnecting: the largest number of attempts in a row when a connection is lost or cannot be made. The count
     * starts again from 0 when a connection has been open for 10 seconds. 0 means none. `EGRET_WS_UNLIMITED` means no
     * limit. There is no attempt after a close of this side, or if an attempt would be of no use: the table at
     * `egret_ws_is_retryable` lists these cases. After the HTTP statuses 401, 403, 404, 407 and 410 there is an attempt
     * only if `on_request` is set and allows it. There is an attempt after most closes by the server, also after 1000:
     * close the socket in `on_retry` if you do not want that.
     */
    uint32_t retry_attempts;
    /**
     * The subprotocols from which the server may choose (RFC 6455 section 1.9), in the order of preference. It is a
     * comma-separated list of at most 128 tokens, at most 8192 bytes, ending in a NUL, copied. NULL means none. If the
     * server chooses none of them, the handshake fails, as in a browser. `egret_ws_subprotocol` returns the chosen one.
     * A socket with subprotocols does not follow redirects to another origin.
     */
    const char *subprotocols;
    /** See the callback's type. NULL means that it is not called. */
    egret_ws_on_drain_fn on_drain;
    /** See the callback's type. NULL means that it is not called. */
    egret_ws_on_retry_fn on_retry;
    /**
     * Further headers of the request: `header_count` of them, at most 256, copied. May be NULL if `header_count` is 0.
     * Names are tokens. Values have no control characters except tabs (so no CR, LF or NUL). Together they have at most
     * 8192 bytes. These headers are refused, because the library sets them or they have their own options: `Host`,
     * `Connection`, `Upgrade`, `Origin`, `User-Agent`, names that begin with `Sec-WebSocket-`, and headers that
     * describe a body. After a redirect, another origin does not get the `headers`.
     */
    const egret_ws_header *headers;
    /** The number of `headers`. */
    uint32_t header_count;
    /**
     * The largest number of redirects (HTTP 301, 302, 303, 307, 308) to follow, at most 20. 0 means none. Each attempt
     * to connect begins again at the URL of the connect call or of `on_request`. A redirect from `wss` to `ws` is never
     * followed. A redirect to another origin is followed only without `subprotocols`, which often carry a token. A
     * redirect to a nearer address, such as a private one, is followed only with `EGRET_WS_ALLOW_PRIVATE_REDIRECTS`. A
     * `Location` has at most 8192 bytes. A fragment, a user name and a password in it are ignored.
     *
     * At another origin (scheme, host, port) the restrictions hold and the permissions do not. `tls_pins`,
     * `tls_min_version`, and `EGRET_WS_ONLY_THESE_ROOTS` with its `tls_roots` hold there too.
     * `EGRET_WS_ACCEPT_ANY_CERTIFICATE`, `tls_roots` without `EGRET_WS_ONLY_THESE_ROOTS`, and `tls_server_name` do not
     * hold there. They hold again if a redirect leads back to the first origin. `headers`, `username` and
     * `tls_identity` are for the first origin only. After a redirect to another origin they are not sent again.
     */
    uint32_t max_redirects;
    /**
     * The `Origin` header (RFC 6455 section 10.2), such as `https://example.com`, at most 8192 bytes, ending in a NUL,
     * copied. NULL means none, as usual outside of browsers.
     */
    const char *origin;
    /**
     * The `User-Agent` header, at most 8192 bytes, ending in a NUL, copied. NULL means `egret-ws/` and the version. An
     * empty text means no such header.
     */
    const char *user_agent;
    /**
     * The user name for basic authentication (RFC 7617) at the server, at most 8192 bytes, ending in a NUL, copied.
     * NULL means the user name of the URL, if it has one. After a redirect, another origin does not get it.
     */
    const char *username;
    /**
     * The password of `username`, at most 8192 bytes, ending in a NUL, copied. It is refused without a `username`. NULL
     * means an empty password.
     */
    const char *password;
    /**
     * The proxy to connect through: `http://host:port` (with CONNECT), `https://host:port` (with CONNECT, and TLS to
     * the proxy) or `socks5://host:port`. If the proxy requires a user name, write `user:password@` before the host.
     * This URL is a text of at most 8192 bytes, ending in a NUL, copied. NULL means the proxy of
     * `EGRET_WS_PROXY_FROM_ENVIRONMENT` if that flag is set, or else the proxy of `on_proxy` if that hook is set, or
     * else no proxy. An empty text always means no proxy. The proxy resolves the server's name. Basic is the only
     * authentication that is supported at an HTTP proxy. If a proxy requires NTLM, Negotiate or Digest, the connection
     * ends with `EGRET_WS_ERR_PROXY`, and the message names these methods. The certificate of an `https://` proxy is
     * always checked. It must be valid for the host of the proxy's URL. The trusted authorities and `tls_min_version`
     * are those of the socket. `tls_pins`, `tls_identity`, `tls_server_name` and `EGRET_WS_ACCEPT_ANY_CERTIFICATE` are
     * for the server only. If the check of the proxy's certificate fails, the error is that of a server's certificate,
     * in `EGRET_WS_PHASE_PROXY`.
     */
    const char *proxy;
    /** The longest time in milliseconds for the name look-up. 0 means `connect_timeout_ms`. */
    uint32_t resolve_timeout_ms;
    /**
     * The longest time in milliseconds for the proxy's answer. With an `https://` proxy the TLS handshake before it is
     * included. This option is also the longest time for the answer to `on_proxy`. 0 means 10000.
     */
    uint32_t proxy_timeout_ms;
    /** The longest time in milliseconds for the TLS handshake. 0 means 10000. */
    uint32_t tls_timeout_ms;
    /**
     * The longest time in milliseconds for all stages together, redirects included. 0 means 60000. The wait for
     * `on_request` before these stages has the same limit, but is counted separately.
     */
    uint32_t open_timeout_ms;
    /**
     * Heartbeat: after this many milliseconds without any received data a ping (RFC 6455 section 5.5.2) is sent. The
     * heartbeat detects a lost connection. It also prevents routers on the path from dropping an idle connection.
     * Mobile networks drop an idle connection after half a minute, most proxies after one minute; the default is
     * shorter. Idle sockets share wake-ups, so a ping may be sent early. When a time limit of any socket has woken the
     * loop, each ping that is due within a second (or within an eighth of this interval, if that is less) is sent at
     * once. 0 means 20000. `EGRET_WS_UNLIMITED` means that there are no pings except those of `egret_ws_ping`,
     * `egret_ws_loop_resume` and `egret_ws_loop_network_changed`.
     */
    uint32_t ping_interval_ms;
    /**
     * Heartbeat: the time in milliseconds after a ping within which at least one byte must be received. Otherwise the
     * connection ends with `EGRET_WS_ERR_TIMEOUT` in `EGRET_WS_PHASE_OPEN`. While the ping waits behind queued bytes,
     * the connection also counts as alive when the network takes some of these bytes. While the receive queue is full,
     * no answer is expected. The default is longer than the delay that a phone's radio may have in a crowded cell. (On
     * systems with such an option, TCP also ends the connection if the server has acknowledged nothing for four times
     * the sum of `ping_interval_ms` and this time.) 0 means 10000. `EGRET_WS_UNLIMITED` means no time-out, for servers
     * that do not answer pings.
     */
    uint32_t pong_timeout_ms;
    /**
     * Heartbeat: like `pong_timeout_ms`, but for the ping after `egret_ws_loop_resume` and
     * `egret_ws_loop_network_changed`, when the connection is probably lost. 0 means 3000, or `pong_timeout_ms` if that
     * is less. `EGRET_WS_UNLIMITED` means the time of `pong_timeout_ms`. The option has no effect if `pong_timeout_ms`
     * is `EGRET_WS_UNLIMITED`.
     */
    uint32_t probe_timeout_ms;
    /**
     * With `wss`: the lowest version of TLS, `EGRET_WS_TLS_1_2` or `EGRET_WS_TLS_1_3`. 0 means 1.2. Secure Transport,
     * the TLS of Apple's systems, has no TLS 1.3. There `EGRET_WS_TLS_1_3` ends the connection with
     * `EGRET_WS_ERR_TLS_OPTIONS`, unless the loop has a TLS provider or the library was built with OpenSSL (see the
     * README of the Swift binding).
     */
    uint32_t tls_min_version;
    /**
     * With `wss` or an `https://` proxy: certificates of authorities to trust besides the system's, or instead of them
     * with `EGRET_WS_ONLY_THESE_ROOTS`. They are PEM text of `tls_roots_len` bytes (or up to its NUL with
     * `EGRET_WS_NUL_TERMINATED`), at most 1048576 bytes, copied. The pointer is NULL if, and only if, `tls_roots_len`
     * is 0. Each certificate is trusted as given. It may be a root, an authority below one, or a server's own
     * certificate (on Windows a root only). The name and the dates of a server's certificate are always checked.
     * OpenSSL does not check whether a certificate was revoked. Windows and Apple's systems refuse a revoked
     * certificate if they already know that it was revoked. On Linux the system's certificates are those of
     * `SSL_CERT_FILE` and `SSL_CERT_DIR`, or else those of the distribution. A process with more rights than its user
     * (setuid, setgid) does not read these two variables.
     */
    const char *tls_roots;
    /** Bytes of `tls_roots`. */
    size_t tls_roots_len;
    /**
     * With `wss`: the public keys that the server's certificate may have. It is a comma-separated list of at most 64
     * pins, at most 8192 bytes, ending in a NUL, copied. A pin is `sha256/` and the base64 of the SHA-256 of the
     * SubjectPublicKeyInfo (RFC 7469 section 2.4). One of the pins must match, so list the next key in addition to the
     * present key. The key is checked after the certificate and before the request is sent. It is also checked before
     * the certificate of `tls_identity` is sent, except with the TLS of Apple's systems and of Windows. NULL means
     * none.
     */
    const char *tls_pins;
    /**
     * With `wss`: the certificate and key of this side, for a server that asks for them. They are PKCS#12 of
     * `tls_identity_len` bytes, at most 1048576, copied. The pointer is NULL if, and only if, `tls_identity_len` is 0.
     * After a redirect, another origin does not get them.
     */
    const uint8_t *tls_identity;
    /** Bytes of `tls_identity`. */
    size_t tls_identity_len;
    /** The password of `tls_identity`, at most 8192 bytes, ending in a NUL, copied. NULL means an empty password. */
    const char *tls_identity_password;
    /**
     * With `wss`: the name to send in the handshake (SNI) and to require in the certificate, instead of the URL's host.
     * It is a name or an IP address, at most 253 bytes, ending in a NUL, copied. NULL means the URL's host. After a
     * redirect it is not used for another origin.
     */
    const char *tls_server_name;
    /** The waits of reconnecting, copied. NULL means the defaults, which suit most applications. */
    const egret_ws_retry_options *retry;
    /** The settings of permessage-deflate (RFC 7692), copied. NULL means the defaults, which suit most applications. */
    const egret_ws_deflate_options *deflate;
    /** See the callback's type. NULL means that pongs only count for the heartbeat and the round trip. */
    egret_ws_on_pong_fn on_pong;
    /** See the callback's type. NULL means that it is not called, and nothing waits for it. */
    egret_ws_on_request_fn on_request;
    /**
     * The addresses of the server, instead of a look-up of its name. It is a comma-separated list of at most 16 IP
     * addresses (`192.0.2.1, 192.0.2.1:8443, 2001:db8::1, [2001:db8::1]:8443`), each with or without a port, at most
     * 8192 bytes, ending in a NUL, copied. The option is for HTTPDNS, DNS over HTTPS and edges of a CDN. The addresses
     * are tried in this order. The next address is tried after `attempt_delay_ms`, or as soon as an attempt fails. If
     * an address has no port, the port of the URL is used. SNI, the certificate check, the `Host` header and the origin
     * stay those of the URL. A redirect to another origin does not use the addresses. If both `addresses` and `proxy`
     * are set, the connect call refuses them. A proxy that `EGRET_WS_PROXY_FROM_ENVIRONMENT` or `on_proxy` has found
     * looks the name up itself. NULL means that the name is looked up.
     */
    const char *addresses;
    /**
     * The local IP address of the TCP connection: an address of this machine without a port, at most 45 bytes, ending
     * in a NUL, copied. Connections to server addresses of the other family fail. NULL means that the system chooses.
     */
    const char *local_address;
    /**
     * The network interface of the TCP connection, such as `wlan0`, at most 64 bytes, ending in a NUL, copied. It sets
     * `SO_BINDTODEVICE` on Linux and Android, and `IP_BOUND_IF` on Apple's systems. On other systems it is refused with
     * `EGRET_WS_ERR_UNSUPPORTED`. NULL means that the system chooses.
     */
    const char *local_interface;
    /** See the callback's type. NULL means that it is not called, and nothing is recorded. */
    egret_ws_on_frame_fn on_frame;
    /**
     * The largest part of the body of a refusal that is kept for `egret_ws_response_body`, in bytes, at most 131072.
     * The close report comes when the body or this part of it has been read. It also comes when no byte of the body has
     * been received for a second. (This happens if the server keeps the connection open and marks the end of the body
     * neither by `Content-Length` nor by chunks.) At the latest it comes at the end of `handshake_timeout_ms` (with a
     * proxy: `proxy_timeout_ms`). 0 means 16384. `EGRET_WS_AT_ONCE` means that no body is read.
     */
    uint32_t max_refusal_body_bytes;
    /**
     * The time in milliseconds between two attempts to connect to different addresses of a server (RFC 8305 section 5),
     * 10 to 2000. 0 means 250. `EGRET_WS_AT_ONCE` means that all addresses are tried at the same time.
     */
    uint32_t attempt_delay_ms;
} egret_ws_options;

/** @} */

/**
 * @addtogroup log
 * @{
 */

/** A level of the log: one of `EGRET_WS_LOG_*`. */
typedef int32_t egret_ws_log_level_t;

/**
 * Delivers a log line at or below the `log_level` of the loop.
 *
 * The text never contains payloads of messages. Return soon: the connection waits. Inside the callback
 * `egret_ws_loop_poll` and `egret_ws_loop_free` return `EGRET_WS_ERR_REENTRANT`, and calls write no log line. When
 * `egret_ws_loop_free` has returned, no thread is inside this callback, and no line follows: `user` can be freed. If
 * this callback forks, it must not return in the child: the child calls `_exit` or `exec`.
 *
 * @param user   The `user` of the loop's options.
 * @param level  One of `EGRET_WS_LOG_*`.
 * @param text   The line in UTF-8. It ends in a NUL and has no line break. It is borrowed until the callback returns.
 * @param ws     The socket that the line is about, or NULL. It may be freed already, so use it only for comparisons.
 *
 * Threads: **Another thread is possible**: the I/O thread, or any thread that calls this library, inside its call;
 *          several at the same time.
 * Since:   0.2
 */
typedef void (*egret_ws_on_log_fn)(void *user, egret_ws_log_level_t level, const char *text, egret_ws *ws);

/** @} */

/**
 * @addtogroup tls
 * @{
 */

/**
 * The settings of a TLS context, from the options of sockets.
 *
 * All pointers are borrowed until the call returns.
 *
 * Since: 0.2
 */
typedef struct egret_ws_tls_settings {
    /** Bytes of this struct as the library knows it. */
    uint32_t struct_size;
    /** The lowest version of TLS: `EGRET_WS_TLS_1_2` or `EGRET_WS_TLS_1_3`. */
    uint32_t min_version;
    /**
     * Certificates of authorities to trust besides those of the system: PEM text of `roots_len` bytes. NULL means none.
     * Without `EGRET_WS_TLS_CAN_ROOTS` it is always NULL.
     */
    const char *roots;
    /** Bytes of `roots`. */
    size_t roots_len;
    /**
     * The certificate and the private key of this side: PKCS#12 of `identity_len` bytes. NULL means none. Without
     * `EGRET_WS_TLS_CAN_IDENTITY` it is always NULL.
     */
    const uint8_t *identity;
    /** Bytes of `identity`. */
    size_t identity_len;
    /** The password of `identity`, which may be empty. It ends in a NUL. It is NULL without `identity`. */
    const char *identity_password;
    /** The protocol to offer by ALPN (RFC 7301): `http/1.1`. NULL means that none is offered. */
    const char *alpn;
    /**
     * 1 means that only `roots` are trusted, and not the certificates of the system. It is 1 only with
     * `EGRET_WS_TLS_CAN_ROOTS`.
     */
    uint32_t only_these_roots;
    /**
     * 1 means that any certificate is accepted: an expired one, one for another host, or one of an unknown issuer. It
     * is 1 only with `EGRET_WS_TLS_CAN_ANY_CERTIFICATE`.
     */
    uint32_t any_certificate;
} egret_ws_tls_settings;

/**
 * TLS provider: makes a context for sockets with equal TLS options.
 *
 * The library keeps at most 8 contexts of a loop besides those that its sockets use. It drops a context with an
 * identity when the last socket of this context ends. With `EGRET_WS_LOOP_FORGET_TLS_SESSIONS`,
 * `egret_ws_loop_network_changed` drops every context, so sessions should belong to the context.
 *
 * After an error, sockets with these options end with this error. `*context` is then not read, and `free_context` is
 * not called.
 *
 * @param user      The `user` of the provider.
 * @param settings  The settings, never NULL, borrowed until the call returns.
 * @param context   Receives the context.
 * @param message   Receives the reason of an error in words: at most `EGRET_WS_TLS_MESSAGE_BYTES` bytes, with a NUL at
 *                  its end. It is empty before the call.
 * @return          `EGRET_WS_OK`, or an error, which should be `EGRET_WS_ERR_TLS_OPTIONS` or
 *                  `EGRET_WS_ERR_NO_RESOURCES`.
 *
 * Threads: A worker thread of the library, at most 16 at once in a loop, for different settings. It may block, for
 *          example to read files. Only the sockets that need this context wait, within their time-outs.
 * Since:   0.2
 */
typedef egret_ws_error_t (*egret_ws_tls_new_context_fn)(void *user,
                                                        const egret_ws_tls_settings *settings,
                                                        void **context,
                                                        char *message);

/**
 * TLS provider: frees a context, after its last session.
 *
 * @param user     The `user` of the provider.
 * @param context  The context. The library does not use it again.
 *
 * Threads: Any thread of the library, or a thread of the application inside a call. It must not block.
 * Since:   0.2
 */
typedef void (*egret_ws_tls_free_context_fn)(void *user, void *context);

/**
 * The peer of a TLS session.
 *
 * All pointers are borrowed until the call returns.
 *
 * Since: 0.2
 */
typedef struct egret_ws_tls_destination {
    /** Bytes of this struct as the library knows it. */
    uint32_t struct_size;
    /** The port of the peer's URL. */
    uint32_t port;
    /**
     * The name that the peer's certificate must have. It is a DNS name in ASCII without a dot at its end, or an IP
     * address without brackets. Send a DNS name as SNI (RFC 6066 section 3), but not an address. The name is the host
     * of the URL, or `tls_server_name`.
     */
    const char *name;
    /**
     * The host of the peer's URL. The host, the port and the name together identify a server, for example to keep its
     * sessions.
     */
    const char *host;
    /** 1 if the peer is an `https://` proxy. 0 if it is the server. */
    uint32_t is_proxy;
    /**
     * 1 if a session of an earlier connection may be resumed, and this session may be kept. 0 if neither is allowed. It
     * is 1 only with `EGRET_WS_TLS_CAN_RESUME`.
     */
    uint32_t resumes;
    /** The socket, for `egret_ws_tls_ready`. */
    egret_ws *ws;
} egret_ws_tls_destination;

/**
 * TLS provider: begins a session with a peer.
 *
 * It sends nothing yet: the library calls `send` next. After an error the connection fails. `*session` is then not
 * read, and `free_session` is not called.
 *
 * @param user         The `user` of the provider.
 * @param context      The context of the session.
 * @param destination  The peer, never NULL, borrowed until the call returns.
 * @param session      Receives the session.
 * @param message      Receives the reason of an error in words: at most `EGRET_WS_TLS_MESSAGE_BYTES` bytes, with a NUL
 *                     at its end. It is empty before the call.
 * @return             `EGRET_WS_OK`, or one of the errors of `egret_ws_tls_call_fn`.
 *
 * Threads: The threads of sessions, never two at a time in a loop: see `egret_ws_tls_provider`. It must not block.
 * Since:   0.2
 */
typedef egret_ws_error_t (*egret_ws_tls_open_fn)(void *user,
                                                 void *context,
                                                 const egret_ws_tls_destination *destination,
                                                 void **session,
                                                 char *message);

/**
 * A call of a TLS session: the bytes for it, the room for its result, and the result.
 *
 * The library sets `input`, `input_len`, `output` and `output_size`. It sets `state`, `output_len` and the first byte
 * of `message` to 0. The session sets `state` and `output_len`. All pointers are borrowed until the call returns.
 *
 * Since: 0.2
 */
typedef struct egret_ws_tls_call {
    /** Bytes of this struct as the library knows it. */
    uint32_t struct_size;
    /**
     * Result: the state of the session after the call. It has bits of `EGRET_WS_TLS_ESTABLISHED`,
     * `EGRET_WS_TLS_HAS_OUTPUT`, `EGRET_WS_TLS_PEER_CLOSED` and `EGRET_WS_TLS_BUSY`.
     */
    uint32_t state;
    /** The bytes for the session. The session takes all of them. The pointer is never NULL. */
    const uint8_t *input;
    /** Bytes of `input`. */
    size_t input_len;
    /** The room for the result. Its bytes have no meaning before the call. It does not overlap `input`. */
    uint8_t *output;
    /** Bytes of `output`. */
    size_t output_size;
    /** Result: the number of bytes that the session has written to `output`. */
    size_t output_len;
    /**
     * Result of an error: the reason in words for the close report, in UTF-8 with a NUL at its end. It has room for
     * `EGRET_WS_TLS_MESSAGE_BYTES` bytes. Leave it empty if there is no reason.
     */
    char *message;
} egret_ws_tls_call;

/**
 * TLS provider: does a step of a session, which turns the bytes of `input` into bytes of `output`, without any I/O.
 *
 * | step           | `input`                               | `output`       | `output_size` at least |
 * |----------------|---------------------------------------|----------------|------------------------|
 * | `receive`      | one whole TLS record, with its header | its plaintext  | 16384                  |
 * | `send`         | plaintext, at most 16 KiB             | TLS records    | `input_len` + 2048     |
 * | `close_notify` | nothing                               | a close_notify | 2048                   |
 *
 * Each step takes all of `input`. If `output` has no room for all TLS records that are to be sent, the step sets
 * `EGRET_WS_TLS_HAS_OUTPUT`. The library then calls `send` without plaintext for the rest. `receive` also sets this bit
 * if there is an answer to send, for example to a key update.
 *
 * The handshake begins with a `send` without plaintext and goes on with `receive` for each record, until a step sets
 * `EGRET_WS_TLS_ESTABLISHED`. Before that there is no plaintext in either direction.
 *
 * An error during the handshake makes the handshake fail. The close report has this error; a number that is not in the
 * list below counts as `EGRET_WS_ERR_TLS`. After the handshake any error ends the connection. The connection ends with
 * `EGRET_WS_ERR_TLS` before the server's answer, or with `EGRET_WS_ERR_CONNECTION_LOST` after the answer. The close
 * report has the text of `message`.
 *
 * After an error of `receive`, or of `send` for a session that was busy, the library makes three more calls: `send`
 * without plaintext for an alert to the peer, `get_facts`, and `free_session`. After an error `state` and `output_len`
 * are ignored. From the call for the alert the library uses only `output` and `output_len`, also if this call returns
 * an error.
 *
 * @param user     The `user` of the provider.
 * @param session  The session.
 * @param call     The bytes and the result, never NULL, borrowed until the call returns.
 * @return         `EGRET_WS_OK`, or `EGRET_WS_ERR_TLS`, `EGRET_WS_ERR_TLS_EXPIRED`, `EGRET_WS_ERR_TLS_HOST`,
 *                 `EGRET_WS_ERR_TLS_ISSUER`, `EGRET_WS_ERR_TLS_OPTIONS` or `EGRET_WS_ERR_NO_RESOURCES`.
 *
 * Threads: The threads of sessions, never two at a time in a loop: see `egret_ws_tls_provider`. It must not block.
 * Since:   0.2
 */
typedef egret_ws_error_t (*egret_ws_tls_call_fn)(void *user, void *session, egret_ws_tls_call *call);

/**
 * The facts about a TLS session.
 *
 * The library uses them for the statistics, `egret_ws_tls_cipher`, `egret_ws_peer_certificate`, and its own checks. It
 * sets `struct_size`, and sets all other fields to 0. The session sets the fields that it knows. The pointers must stay
 * valid until the next call for this session.
 *
 * Since: 0.2
 */
typedef struct egret_ws_tls_facts {
    /** Bytes of this struct as the library knows it. */
    uint32_t struct_size;
    /** The version: `EGRET_WS_TLS_1_2` or `EGRET_WS_TLS_1_3`. 0 means that it is not known yet. */
    uint32_t version;
    /** 1 if an earlier session was resumed. */
    uint32_t is_resumed;
    /** It is 0. */
    uint32_t reserved;
    /** The name of the cipher suite, ending in a NUL. NULL means that it is unknown. */
    const char *cipher;
    /**
     * The protocol that the peer has selected by ALPN, ending in a NUL. NULL means none. The library refuses any
     * protocol except `http/1.1`.
     */
    const char *alpn;
    /**
     * The certificates that the peer has sent, in DER, one right after the other, `chain_len` bytes. The peer's own
     * certificate comes first. NULL means that they are unknown. Set them also after a failed check of the certificate.
     * With `EGRET_WS_TLS_CAN_CHAIN` at least the peer's own certificate must be there.
     */
    const uint8_t *chain;
    /** Bytes of `chain`. */
    size_t chain_len;
} egret_ws_tls_facts;

/**
 * TLS provider: sets the facts about a session.
 *
 * It is called when the handshake has ended, successfully or not, and when it takes too long. With `tls_pins` it is
 * also called before output of the handshake is sent, until there is a chain. Return the chain as soon as it is known,
 * because a server with another key must not get the certificate of `tls_identity`. It is not called while the session
 * is busy.
 *
 * @param user     The `user` of the provider.
 * @param session  The session.
 * @param facts    Receives the facts. It is never NULL.
 *
 * Threads: The threads of sessions, never two at a time in a loop: see `egret_ws_tls_provider`. It must not block.
 * Since:   0.2
 */
typedef void (*egret_ws_tls_get_facts_fn)(void *user, void *session, egret_ws_tls_facts *facts);

/**
 * TLS provider: frees a session.
 *
 * It is called once for each session, as its last call, also in the middle of a handshake.
 *
 * @param user     The `user` of the provider.
 * @param session  The session. The library does not use it again.
 *
 * Threads: The threads of sessions, never two at a time in a loop: see `egret_ws_tls_provider`. It must not block.
 * Since:   0.2
 */
typedef void (*egret_ws_tls_free_session_fn)(void *user, void *session);

/**
 * A TLS provider: the application's own TLS, instead of the TLS of the library.
 *
 * It can be the TLS of the platform, or a TLS library that the application already has. It turns bytes into bytes. The
 * library does all reading and writing, keeps the time limits, and checks `tls_pins` and ALPN. Fill the struct with
 * `egret_ws_tls_provider_init`, then set every callback. All `wss` connections of the loop, and all connections to
 * `https://` proxies, use the provider. `examples/tls_provider` contains a complete provider.
 *
 * **The provider checks the certificate of the peer**, unless `any_certificate` is 1. It checks the issuer, the dates,
 * that the certificate is one for servers, and that it has the `name` of the destination. The library does not repeat
 * these checks.
 *
 * **The callbacks run on other threads.** The callbacks of sessions run on the I/O thread of the loop. With
 * `EGRET_WS_LOOP_INLINE` they run on any thread that is inside a call for the loop or for one of its sockets. No
 * callback runs inside `egret_ws_tls_ready`, so a provider may hold its own lock while it makes that call. The calls
 * for the sessions of a loop never overlap.
 *
 * Only `new_context` may block. While another callback runs, all connections of the loop wait. Some work may take long,
 * for example to ask the user or to read a file. For such work return `EGRET_WS_TLS_BUSY`, do the work on a thread of
 * your own, and then call `egret_ws_tls_ready`. Do not wait for another thread that may be inside a call of this
 * library.
 *
 * Inside these callbacks every function that takes a handle returns `EGRET_WS_ERR_REENTRANT`, except
 * `egret_ws_tls_ready`. Callbacks must not throw a C++ exception or leave by longjmp. If a callback forks, it must not
 * return in the child: the child calls `_exit` or `exec`.
 *
 * The library checks the results. If a session returns an impossible result, such as more bytes than `output` has room
 * for, the library handles this result like the error `EGRET_WS_ERR_TLS`. The message then names the TLS provider.
 *
 * `egret_ws_loop_free` waits for a call that does not return, but at most a second longer than `linger_ms`. After that
 * the thread of the loop ends by itself when the call returns. With `EGRET_WS_LOOP_INLINE`, `egret_ws_loop_free` makes
 * the last calls itself and waits for them. It does not wait for `new_context`. Before you unload the code of the
 * provider, or clean up its TLS library, wait for `release_user`. (OpenSSL cleans up in `exit`, unless it was
 * initialized with `OPENSSL_INIT_NO_ATEXIT`.)
 *
 * Since: 0.2
 */
typedef struct egret_ws_tls_provider {
    /** Bytes of this struct as the caller knows it. `egret_ws_tls_provider_init` sets it. */
    uint32_t struct_size;
    /**
     * The options that the provider supports: bits of `EGRET_WS_TLS_CAN_*`. A connect call with another option returns
     * `EGRET_WS_ERR_UNSUPPORTED`. Unknown bits are refused.
     */
    uint32_t capabilities;
    /** Passed to every callback. The library does not dereference it. Free it in `release_user`. */
    void *user;
    /**
     * Called exactly once, when the loop is freed and no callback is running any more. `egret_ws_loop_free` or a thread
     * of the library calls it. It is not called if `egret_ws_loop_new` fails. NULL means that it is not called.
     */
    egret_ws_release_user_fn release_user;
    /** Makes a context. This callback and those below must not be NULL; see their types. */
    egret_ws_tls_new_context_fn new_context;
    /** Frees what `new_context` has made. */
    egret_ws_tls_free_context_fn free_context;
    /** Begins a session. */
    egret_ws_tls_open_fn open;
    /** Decrypts a record. */
    egret_ws_tls_call_fn receive;
    /** Encrypts bytes, and returns the bytes that the handshake has to send. */
    egret_ws_tls_call_fn send;
    /** Makes the record that ends this side's data (RFC 8446 section 6.1). */
    egret_ws_tls_call_fn close_notify;
    /** Sets the facts about a session. */
    egret_ws_tls_get_facts_fn get_facts;
    /** Frees a session. */
    egret_ws_tls_free_session_fn free_session;
} egret_ws_tls_provider;

/** @} */

/**
 * @defgroup hooks Hooks
 * Functions of the application that look names up, find proxies, and change descriptors.
 * @{
 */

/**
 * A question to a hook. It is valid until it is answered, or until no connection waits for the answer any more. The
 * type is opaque; it is a handle, not an address.
 */
typedef struct egret_ws_query egret_ws_query;

/**
 * Hook: finds the addresses of a name, for example by HTTPDNS, DNS over HTTPS, or a cache of the application.
 *
 * It is called instead of the system's resolver, for the name of a server and for that of a proxy. It is not called for
 * `localhost`, for a literal address, or if the socket has `addresses`. Answer with `egret_ws_resolved`, inside the
 * hook or later. The time-outs are those of a look-up of the library (`resolve_timeout_ms`).
 *
 * @param user   The `user` of the hooks.
 * @param ws     The socket that asks. It may be freed already.
 * @param host   The name. It ends in a NUL and is borrowed until the hook returns.
 * @param query  The query for `egret_ws_resolved`. It is valid until it is answered, or until no connection waits for
 *               it any more.
 *
 * Threads: **Threads of the library**, several at the same time; it may block: see `egret_ws_hooks`.
 * Since:   0.2
 */
typedef void (*egret_ws_on_resolve_fn)(void *user, egret_ws *ws, const char *host, egret_ws_query *query);

/**
 * Hook: finds the proxies for a URL, for example those of the system's settings.
 *
 * It is called at the beginning of each attempt and after each redirect, if the socket's `proxy` is NULL and
 * `EGRET_WS_PROXY_FROM_ENVIRONMENT` is not set. Answer with `egret_ws_proxy_found`, inside the hook or later. The
 * time-out is `proxy_timeout_ms`.
 *
 * @param user   The `user` of the hooks.
 * @param ws     The socket that asks. It may be freed already.
 * @param url    The scheme, the host and the port of the server, without user name, path and query:
 *               `wss://example.com:443/`. It ends in a NUL and is borrowed until the hook returns.
 * @param query  The query for `egret_ws_proxy_found`. It is valid until it is answered, or until no connection waits
 *               for it any more.
 *
 * Threads: **Threads of the library**, several at the same time; it may block: see `egret_ws_hooks`.
 * Since:   0.2
 */
typedef void (*egret_ws_on_proxy_fn)(void *user, egret_ws *ws, const char *url, egret_ws_query *query);

/**
 * Hook: changes the descriptor of a TCP connection before it connects.
 *
 * Examples are `VpnService.protect`, `Network.bindSocket`, `SO_BINDTODEVICE` and `IP_TOS`. The hook is called for each
 * address that is tried, also for addresses of proxies. The time-out is `connect_timeout_ms`; other addresses are tried
 * in the meantime.
 *
 * @param user        The `user` of the hooks.
 * @param ws          The socket that connects. It may be freed already.
 * @param descriptor  A file descriptor, or a `SOCKET` on Windows. It is not connected, does not block, and stays open
 *                    until the hook returns. Do not close, connect or keep it.
 * @return            0 to connect. Any other number refuses the address, and the next address is tried. If the last
 *                    address is refused, the error is `EGRET_WS_ERR_CONNECT` with this number in its message.
 *
 * Threads: **Threads of the library**, several at the same time; it may block: see `egret_ws_hooks`.
 * Since:   0.2
 */
typedef int32_t (*egret_ws_on_socket_fn)(void *user, egret_ws *ws, ptrdiff_t descriptor);

/**
 * Hooks of a loop: functions of the application that take part in making connections.
 *
 * Fill the struct with `egret_ws_hooks_init`, then set the hooks that you need. The other hooks stay NULL, and the
 * library does their work.
 *
 * Hooks run on threads of the library, several at the same time, and may block. While a hook blocks, only the
 * connection that asked waits, within its time-outs. A hook may call every function except `egret_ws_loop_poll` and
 * `egret_ws_loop_free`, which return `EGRET_WS_ERR_REENTRANT`. A hook must not throw a C++ exception or leave by
 * longjmp. If a hook forks, it must not return in the child: the child calls `_exit` or `exec`.
 *
 * `egret_ws_loop_free` does not wait for hooks that are running: free `user` in `release_user`. `release_user` of a
 * socket does not wait for them either. In a hook, use the result of `egret_ws_user` only if something else keeps it
 * alive.
 *
 * Since: 0.2
 */
typedef struct egret_ws_hooks {
    /** Bytes of this struct as the caller knows it. `egret_ws_hooks_init` sets it. */
    uint32_t struct_size;
    /**
     * The largest number of threads for hooks, 1 to 64. Further calls wait. A hook that blocks keeps its thread, so
     * this number limits how many hooks can block. One socket uses at most two threads at a time. 0 means 32.
     */
    uint32_t max_threads;
    /** Passed to every hook. The library does not dereference it. Free it in `release_user`. */
    void *user;
    /**
     * Called exactly once, when the loop is freed and no hook is running any more. `egret_ws_loop_free` or a thread of
     * the library calls it. It is not called if `egret_ws_loop_new` fails. NULL means that it is not called.
     */
    egret_ws_release_user_fn release_user;
    /** See the type. NULL means the system's resolver. */
    egret_ws_on_resolve_fn on_resolve;
    /** See the type. NULL means that only the proxies of the options are used. */
    egret_ws_on_proxy_fn on_proxy;
    /** See the type. NULL means that it is not called. */
    egret_ws_on_socket_fn on_socket;
} egret_ws_hooks;

/** @} */

/**
 * @addtogroup loops
 * @{
 */

/**
 * Options of a loop.
 *
 * Fill the struct with `egret_ws_loop_options_init`, then set the fields that you need. A field that is zero has its
 * default. The struct is read only during `egret_ws_loop_new`. `user` and `on_log` are used until `egret_ws_loop_free`
 * has returned `EGRET_WS_OK`. If `egret_ws_loop_new` fails, they are not used after the call.
 *
 * Since: 0.2
 */
typedef struct egret_ws_loop_options {
    /** Bytes of this struct as the caller knows it. `egret_ws_loop_options_init` sets it. */
    uint32_t struct_size;
    /**
     * Any of `EGRET_WS_LOOP_INLINE`, `EGRET_WS_LOOP_CLOSE_ON_SUSPEND`, `EGRET_WS_LOOP_FORGET_TLS_SESSIONS`. 0 means a
     * loop with an I/O thread. Unknown bits are refused.
     */
    uint32_t flags;
    /** Passed to `on_log`. The library does not dereference it. */
    void *user;
    /** Called for each log line. NULL means no log. */
    egret_ws_on_log_fn on_log;
    /** The highest `EGRET_WS_LOG_*` level to log. 0 means `EGRET_WS_LOG_WARN`. */
    egret_ws_log_level_t log_level;
    /**
     * Budget of a poll: the largest number of callbacks in one `egret_ws_loop_poll`. The others wait for the next poll.
     * 0 means 4096. `EGRET_WS_UNLIMITED` means no limit.
     */
    uint32_t poll_max_callbacks;
    /**
     * Budget of a poll: the time in microseconds after which one `egret_ws_loop_poll` begins no further callback. A
     * poll handles at least one event. 0 means 4000. `EGRET_WS_UNLIMITED` means no limit. While callbacks take less
     * than a microsecond each, the clock is read once for up to 16 of them. With `EGRET_WS_LOOP_INLINE` the reading and
     * writing of the poll is counted too. Reading and writing take at most about half of the budget, and never more
     * than a few milliseconds. The next poll continues with the sockets that were not served. Events without a callback
     * are also counted, such as messages that wait because receiving is paused. A poll may therefore use up its budget
     * without any callback and return 0.
     */
    uint32_t poll_max_us;
    /**
     * The longest time in milliseconds that `egret_ws_loop_free` waits until accepted messages are written and closing
     * handshakes have ended. During this time this option is the only limit: `flush_timeout_ms` and `close_timeout_ms`
     * do not cut a socket. 0 means that the call does not wait: bytes that the network does not take at once are
     * dropped.
     */
    uint32_t linger_ms;
    /** The hooks of the application, copied. NULL means none. */
    const egret_ws_hooks *hooks;
    /** The application's own TLS, copied. NULL means the TLS of the library. */
    const egret_ws_tls_provider *tls_provider;
} egret_ws_loop_options;

/** @} */

/**
 * @defgroup statistics Statistics
 * Counts, times and queues of a socket.
 * @{
 */

/**
 * Statistics of a socket, available from `on_connect` on, and in `on_close`.
 *
 * Set `struct_size` to `sizeof(egret_ws_statistics)` and call `egret_ws_stats`.
 *
 * The times are those of the last connection, or of the last attempt. After redirects they are those of the last hop.
 * If a stage was not reached or not needed, its time is 0. The times are measured with the clock of the loop. This
 * clock stands still during a suspend without `EGRET_WS_LOOP_CLOSE_ON_SUSPEND`.
 *
 * Since: 0.2
 */
typedef struct egret_ws_statistics {
    /** Bytes of this struct as the caller knows it. */
    uint32_t struct_size;
    /**
     * The HTTP status of the server's answer. It is 101 if the server accepted the upgrade, and 0 if there is no answer
     * yet.
     */
    uint32_t http_status;
    /**
     * The version of TLS, `EGRET_WS_TLS_1_2` or `EGRET_WS_TLS_1_3`. It is 0 without TLS, or if the server has not
     * chosen a version.
     */
    uint32_t tls_version;
    /** The number of redirects that were followed. */
    uint32_t redirects;
    /** Microseconds of the name look-up, until its first usable address. */
    uint64_t resolve_us;
    /** Microseconds of TCP, for all addresses that were tried. */
    uint64_t connect_us;
    /** Microseconds until the proxy's answer. The times of `on_proxy` and of TLS to the proxy are included. */
    uint64_t proxy_us;
    /** Microseconds of the TLS handshake. If the trusted roots were not read before, the time to read them is included. */
    uint64_t tls_us;
    /** Microseconds of the HTTP upgrade. */
    uint64_t handshake_us;
    /** Connections that were made so far. `egret_ws_generation` returns for how many of them `on_connect` was called. */
    uint32_t connections;
    /** The number of attempts to reconnect that have begun so far. */
    uint32_t retries;
    /**
     * Messages that were completely passed to the operating system. This count and the counts below include all
     * connections of the socket.
     */
    uint64_t messages_sent;
    /** Payload bytes of `messages_sent`. */
    uint64_t bytes_sent;
    /** Bytes written, after compression and before TLS. Frame headers and control frames are included. */
    uint64_t wire_bytes_sent;
    /** Messages received. */
    uint64_t messages_received;
    /** Payload bytes of `messages_received`. */
    uint64_t bytes_received;
    /** Bytes read, counted as in `wire_bytes_sent`. */
    uint64_t wire_bytes_received;
    /** Bytes that wait to be written, counted as in `max_send_buffer_bytes`. */
    uint64_t send_queue_bytes;
    /** The largest value of `send_queue_bytes` so far. */
    uint64_t send_queue_peak_bytes;
    /** Bytes that wait to be dispatched, counted as in `max_receive_queue_bytes`. */
    uint64_t receive_queue_bytes;
    /** The largest value of `receive_queue_bytes` so far. */
    uint64_t receive_queue_peak_bytes;
    /** Microseconds from the last answered ping to its pong. It is 0 if no ping was answered. */
    uint64_t rtt_us;
    /** Microseconds of the round trip, smoothed as in TCP (RFC 6298: each new value counts an eighth). */
    uint64_t rtt_smoothed_us;
    /** 1 if TLS resumed an earlier session, without an exchange of certificates. It is 0 if not, or without TLS. */
    uint32_t tls_resumed;
    /** The number of addresses that were tried. `egret_ws_tried_addresses` lists them. */
    uint32_t addresses_tried;
} egret_ws_statistics;

/** @} */

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * @addtogroup loops
 * @{
 */

/**
 * Sets all options of a loop to their defaults.
 *
 * It fills the struct with zeros and sets its `struct_size`. The size may be that of an older or newer header, from the
 * size of the first release to 4096.
 *
 * @param options  The struct to fill. It has `size` bytes.
 * @param size     Pass `sizeof *options`, in bytes.
 * @return         `EGRET_WS_OK`, or a negative error.
 *
 * Errors:  `INVALID_ARGUMENT` (`options` is NULL), `BAD_STRUCT` (no release has this size), `FORKED`, `INTERNAL`.
 * Threads: Any thread.
 * Since:   0.2
 */
egret_ws_error_t egret_ws_loop_options_init(egret_ws_loop_options *options, size_t size);

/**
 * Makes a loop.
 *
 * Without `EGRET_WS_LOOP_INLINE` the loop starts its I/O thread here. Free the loop with `egret_ws_loop_free`.
 *
 * @param options  The options, read during the call. The struct has `options->struct_size` bytes. NULL means the
 *                 defaults.
 * @param out      Receives the handle of the loop. It is written only on success.
 * @return         `EGRET_WS_OK`, or a negative error.
 *
 * Errors:  `INVALID_ARGUMENT` (`out` is NULL, or an option has a value that is not allowed), `BAD_STRUCT`,
 *          `NO_RESOURCES` (no thread, descriptor or handle is left), `FORKED`, `INTERNAL`.
 * Threads: Any thread. Never blocks.
 * Since:   0.2
 */
egret_ws_error_t egret_ws_loop_new(const egret_ws_loop_options *options, egret_ws_loop **out);

/**
 * Runs the callbacks that are due, on the calling thread.
 *
 * Call it once a frame with a `timeout_ms` of 0. If there is nothing to do, such a call costs tens of nanoseconds, or
 * with an inline loop one system call. The options `poll_max_callbacks` and `poll_max_us` of the loop limit the work of
 * one call. The next call does the rest.
 *
 * @param loop        The loop.
 * @param timeout_ms  How long to wait for something to do, in milliseconds. 0 never blocks. A positive number is the
 *                    longest wait. A negative number waits without limit.
 * @return            The number of callbacks, 0 or more, or a negative error. A callback that is NULL is counted too.
 *                    `on_log` is not counted.
 *
 * Errors:  `BUSY` (another thread polls this loop), `REENTRANT` (the call was made inside a callback), `BAD_HANDLE`,
 *          `FORKED`, `INTERNAL`.
 * Threads: One thread at a time, not inside a callback of this loop.
 * Since:   0.2
 */
int32_t egret_ws_loop_poll(egret_ws_loop *loop, int32_t timeout_ms);

/**
 * Makes a waiting poll of the loop return at once.
 *
 * If no poll is waiting, the next poll returns at once. That poll returns 0 if nothing was due.
 *
 * @param loop  The loop.
 * @return      `EGRET_WS_OK`, or a negative error.
 *
 * Errors:  `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 * Threads: Any thread, also inside any callback.
 * Since:   0.2
 */
egret_ws_error_t egret_ws_loop_wake(egret_ws_loop *loop);

/**
 * Sets the callback that asks for a poll, for applications that do not poll each frame.
 *
 * A new loop has no such callback. The callback is called once when something becomes due; it is called again only
 * after the next poll. It is also called when a poll ends at its budget and work is left. If something is due now, it
 * is called soon, perhaps before this call returns.
 *
 * The call waits until no other thread is inside an earlier callback of this function. After it has returned
 * `EGRET_WS_OK`, the `user` of each earlier callback can be freed. The `user` of the last callback can be freed when
 * `egret_ws_loop_free` has returned `EGRET_WS_OK`.
 *
 * Do not hold a lock that an earlier callback takes, and do not let an earlier callback wait for this thread. Otherwise
 * this call never returns. There is one exception: inside an `on_log` or wake-up callback, of any loop, this function
 * does not wait, because otherwise two threads could wait for each other. In that case free the earlier `user` later,
 * after a call from outside such a callback.
 *
 * @param loop       The loop, which must have an I/O thread.
 * @param on_wakeup  The callback. NULL removes it.
 * @param user       Passed to the callback. The library does not dereference it. May be NULL.
 * @return           `EGRET_WS_OK`, or a negative error.
 *
 * Errors:  `UNSUPPORTED` (an inline loop has no thread that could call: see `egret_ws_loop_descriptor`), `BAD_HANDLE`
 *          (also if another thread is freeing the loop), `FORKED`, `INTERNAL`.
 * Threads: Any thread, also inside any callback. It can wait for a callback, as described above.
 * Since:   0.2
 */
egret_ws_error_t egret_ws_loop_set_wakeup(egret_ws_loop *loop, egret_ws_on_wakeup_fn on_wakeup, void *user);

/**
 * Returns a file descriptor that is readable while a poll has something to do.
 *
 * Use it with `poll`, `epoll`, GLib, ALooper, CFFileDescriptor or libuv. Only wait on it: the library reads from it,
 * and closes it when the loop is freed. Wait no longer than `egret_ws_loop_next_poll_ms` returns. The descriptor is
 * close-on-exec, like all descriptors of this library: a program that this process runs does not inherit it.
 *
 * @param loop  The loop.
 * @return      The descriptor, or a negative error. It stays open until the loop is freed.
 *
 * Errors:  `UNSUPPORTED` (on Windows: use `egret_ws_loop_set_wakeup`), `NO_RESOURCES` (no descriptor is left),
 *          `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 * Threads: Any thread.
 * Since:   0.2
 */
int32_t egret_ws_loop_descriptor(egret_ws_loop *loop);

/**
 * Returns the time after which to poll even if the descriptor of the loop is not readable.
 *
 * Call it before each wait. A loop with an I/O thread handles its timers itself and has no such limit.
 *
 * @param loop  The loop.
 * @return      A time in milliseconds, or a negative error. 0 means that a poll has something to do now. INT32_MAX
 *              means that there is no limit.
 *
 * Errors:  `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 * Threads: Any thread.
 * Since:   0.2
 */
int32_t egret_ws_loop_next_poll_ms(egret_ws_loop *loop);

/**
 * Frees the loop and all its sockets.
 *
 * Their handles are invalid when the call returns. `on_close` is not called. For each socket `release_user` is called
 * now, on this thread, unless it was called before. Open sockets are closed with 1001 (going away). Connections that
 * have not begun do not begin.
 *
 * The call waits for three things, in this order:
 * 1. Accepted messages are written and closing handshakes have ended. This wait takes at most `linger_ms` of the loop's
 *    options. During this wait no socket is cut by its own `flush_timeout_ms` or `close_timeout_ms`.
 * 2. The I/O thread has ended. This thread never blocks and stops its work early. Only a TLS provider that does not
 *    return can delay it, by at most a second (see `egret_ws_tls_provider`).
 * 3. No other thread is inside `on_log` or the wake-up callback of this loop.
 *
 * After the call has returned `EGRET_WS_OK`, no callback of the loop is running, and none follows, except hooks, the
 * `new_context` of a TLS provider, and the `release_user` of both. Every other `user` can be freed. Do not hold a lock
 * that one of these callbacks takes.
 *
 * For each socket that has lost messages, a line is logged at `EGRET_WS_LOG_WARN`, also if `egret_ws_free` freed the
 * socket before. After an error other than INTERNAL nothing was freed.
 *
 * @param loop  The loop.
 * @param lost  Receives the number of accepted messages that were not sent and that no callback has reported. Its
 *              `sockets` is 0 if all messages were sent. The struct has `lost->struct_size` bytes; set `struct_size`
 *              before the call. After an error other than INTERNAL it is unchanged. May be NULL.
 * @return      `EGRET_WS_OK`, or a negative error.
 *
 * Errors:  `BAD_STRUCT` (no release has this `lost->struct_size`), `REENTRANT` (the call was made inside a callback),
 *          `BUSY` (another thread polls the loop), `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 * Threads: One thread at a time, not inside a callback of this loop. It blocks as described above.
 * Since:   0.2
 */
egret_ws_error_t egret_ws_loop_free(egret_ws_loop *loop, egret_ws_free_report *lost);

/** @} */

/**
 * @addtogroup sockets
 * @{
 */

/**
 * Makes a socket and begins to connect it to a URL.
 *
 * `egret_ws_loop_poll` reports the outcome by `on_connect`, `on_retry` or `on_close`. All arguments are copied before
 * the call returns. If another thread polls the loop, a callback may run before this call returns; `*out` is written
 * before that. Free the socket with `egret_ws_free`, also after it has closed.
 *
 * After an error no callback runs, and the caller keeps `user`: `release_user` is not called.
 *
 * The URL is read as browsers read it (WHATWG). Its scheme is `ws` (default port 80) or `wss` (TLS, default port 443).
 * A URL with a fragment is refused with `EGRET_WS_ERR_INVALID_URL`, as RFC 6455 section 3 requires. A user name and
 * password in the URL are sent as basic authentication (RFC 7617). An IPv6 address may have a zone:
 * `ws://[fe80::1%25eth0]:9000/` (RFC 6874).
 *
 * On a network with IPv6 only, IPv4 addresses are reached through its NAT64. This includes addresses in a URL, in
 * `addresses` and of proxies. If there is a route for IPv6, but none for an IPv4 address, the library looks up the
 * prefix of the NAT64 (RFC 7050, within `resolve_timeout_ms`). It then tries the IPv6 addresses that contain the IPv4
 * address (RFC 6052). On Apple's systems the resolver of the system makes these addresses.
 *
 * @param loop     The loop that will own the socket.
 * @param url      The URL, such as `ws://example.com/chat?room=1`. It has at most 16384 bytes and ends in a NUL.
 * @param options  The options. The struct has `options->struct_size` bytes. NULL means the defaults.
 * @param out      Receives the handle of the socket. After an error it is unchanged.
 * @return         `EGRET_WS_OK`, or a negative error.
 *
 * Errors:  `INVALID_ARGUMENT` (`url` or `out` is NULL, or an option has a value that is not allowed), `BAD_STRUCT`,
 *          `BAD_HANDLE`, `INVALID_URL`, `UNSUPPORTED` (an option, a `wss` URL or a host name that is not ASCII needs
 *          something that this library or the TLS provider of the loop cannot do, or a feature that this build does not
 *          have), `NO_RESOURCES` (there is no memory for a copy of the options, no handle is left, or
 *          `EGRET_WS_MAX_PENDING_SOCKETS` sockets wait for the loop: poll it, then try again), `FORKED`, `INTERNAL`.
 * Threads: Any thread. Never blocks.
 * Since:   0.2
 */
egret_ws_error_t egret_ws_connect(egret_ws_loop *loop,
                                  const char *url,
                                  const egret_ws_options *options,
                                  egret_ws **out);

/**
 * Makes a socket and begins to connect it to `ws://host:port/`.
 *
 * In all other respects it works as `egret_ws_connect`.
 *
 * @param loop     The loop that will own the socket.
 * @param host     A name, an IPv4 address, or an IPv6 address with or without brackets. It has at most 16384 bytes and
 *                 ends in a NUL.
 * @param port     The port, 1 to 65535.
 * @param options  The options. The struct has `options->struct_size` bytes. NULL means the defaults.
 * @param out      Receives the handle of the socket. After an error it is unchanged.
 * @return         `EGRET_WS_OK`, or a negative error.
 *
 * Errors:  `INVALID_ARGUMENT` (`host` or `out` is NULL, `port` is 0, or an option has a value that is not allowed),
 *          `BAD_STRUCT`, `BAD_HANDLE`, `INVALID_URL`, `UNSUPPORTED`, `NO_RESOURCES`, `FORKED`, `INTERNAL`.
 * Threads: Any thread. Never blocks.
 * Since:   0.2
 */
egret_ws_error_t egret_ws_connect_host(egret_ws_loop *loop,
                                       const char *host,
                                       uint16_t port,
                                       const egret_ws_options *options,
                                       egret_ws **out);

/**
 * Closes the socket with a closing handshake.
 *
 * The library sends the accepted messages, then a Close frame, and waits for the server's Close frame.
 * `flush_timeout_ms` limits the time without progress while it sends, and `close_timeout_ms` limits the wait for the
 * server. `on_close` reports the outcome.
 *
 * A socket that is still connecting is abandoned at once. It reports `EGRET_WS_ERR_ABORTED`, unless the server has
 * closed the connection before. A second close does nothing and returns `EGRET_WS_OK`. After an error other than
 * INTERNAL the call had no effect.
 *
 * @param ws          The socket.
 * @param code        The close code: 1000 (the usual code), 1001 to 1003, 1007 to 1014, or 3000 to 4999. 0 sends a
 *                    Close frame without a code.
 * @param reason      The reason in UTF-8, at most 123 bytes, copied. It must be empty if `code` is 0. May be NULL if
 *                    `reason_len` is 0.
 * @param reason_len  Bytes of `reason`. `EGRET_WS_NUL_TERMINATED` means that the reason ends at its NUL.
 * @return            `EGRET_WS_OK`, or a negative error.
 *
 * Errors:  `INVALID_CLOSE`, `INVALID_UTF8`, `INVALID_ARGUMENT` (`reason` is NULL and `reason_len` is not 0),
 *          `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 * Threads: Any thread. Never blocks.
 * Since:   0.2
 */
egret_ws_error_t egret_ws_close(egret_ws *ws, uint16_t code, const char *reason, size_t reason_len);

/**
 * Drops the connection at once, without a Close frame.
 *
 * TCP resets the connection. Messages that wait to be sent are dropped and counted in the close report. Messages that
 * were received and not dispatched are dropped too. If the polling thread makes the call, no `on_message` of this
 * socket begins after it. If another thread makes the call, a callback that has begun may still be running.
 *
 * A later poll calls `on_close` with `EGRET_WS_ERR_ABORTED`, `EGRET_WS_INITIATOR_LOCAL` and the phase of the
 * connection. No other callback comes before it. If the connection has ended before the library can drop it, `on_close`
 * reports that end instead.
 *
 * A connecting socket is abandoned, a wait before a reconnect ends, and a flush or a closing handshake is cut. A closed
 * socket stays as it is. The handle stays valid until `egret_ws_free`.
 *
 * @param ws  The socket.
 * @return    `EGRET_WS_OK`, or a negative error.
 *
 * Errors:  `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 * Threads: Any thread, also inside any callback. Never blocks.
 * Since:   0.2
 */
egret_ws_error_t egret_ws_abort(egret_ws *ws);

/**
 * Frees the handle of a socket, in any state.
 *
 * After the call `on_close` is not called, and no callback of this socket begins except `release_user`. The poll that
 * is running calls `release_user`, or the next poll does, unless it was called after `on_close`. If a thread other than
 * the polling thread frees the socket, a callback that has begun may still be running.
 *
 * If the socket was closed by `egret_ws_close` before, its accepted messages are still sent, and the closing handshake
 * ends in the background. An open socket sends its accepted messages and then a Close frame with 1001 (going away). A
 * connecting socket is abandoned. If messages are lost in the background, a poll logs the loss at `EGRET_WS_LOG_WARN`,
 * and `egret_ws_loop_free` counts these messages.
 *
 * @param ws  The socket. Its handle is invalid after the call.
 * @return    `EGRET_WS_OK`, or a negative error.
 *
 * Errors:  `BAD_HANDLE` (perhaps the socket was freed already), `FORKED`, `INTERNAL`.
 * Threads: Any thread, also inside any callback, also those of this socket. Never blocks.
 * Since:   0.2
 */
egret_ws_error_t egret_ws_free(egret_ws *ws);

/**
 * Returns the state of the socket.
 *
 * @param ws  The socket.
 * @return    One of `EGRET_WS_STATE_*`, or a negative error.
 *
 * Errors:  `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 * Threads: Any thread.
 * Since:   0.2
 */
int32_t egret_ws_state(egret_ws *ws);

/**
 * Returns the `user` of the socket's options.
 *
 * @param ws  The socket.
 * @return    The pointer, or NULL if `ws` is not a valid handle or `release_user` was called or is running.
 *
 * Errors:  none.
 * Threads: Any thread.
 * Since:   0.2
 */
void *egret_ws_user(egret_ws *ws);

/**
 * Returns the close report of the socket: the report that `on_close` gets.
 *
 * The report is available from the moment when `on_close` begins until `egret_ws_free`. If `on_close` is NULL, the
 * report is available from the moment when `on_close` would begin. The texts of the report are valid until
 * `egret_ws_free` or `egret_ws_loop_free`.
 *
 * @param ws    The socket.
 * @param info  Receives the report. The struct has `info->struct_size` bytes; set `struct_size` before the call. Fields
 *              that this library does not know become 0.
 * @return      `EGRET_WS_OK`, or a negative error.
 *
 * Errors:  `NOT_FOUND` (`on_close` has not begun), `INVALID_ARGUMENT` (`info` is NULL), `BAD_STRUCT` (no release has
 *          this `struct_size`), `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 * Threads: Any thread.
 * Since:   0.2
 */
egret_ws_error_t egret_ws_close_report(egret_ws *ws, egret_ws_close_info *info);

/** @} */

/**
 * @addtogroup sending
 * @{
 */

/**
 * Queues a message to be sent.
 *
 * The data is copied before the call returns. An accepted message is written in order, or it is counted in
 * `unsent_messages`: see QUEUED MESSAGES at the head of this file. After an error other than INTERNAL nothing was sent
 * and the socket is unchanged.
 *
 * @param ws    The socket.
 * @param kind  `EGRET_WS_TEXT` or `EGRET_WS_BINARY`.
 * @param data  The payload. For `EGRET_WS_TEXT` it is UTF-8. May be NULL if `len` is 0.
 * @param len   Bytes of `data`, at most `max_message_bytes`. With `EGRET_WS_TEXT` it may be `EGRET_WS_NUL_TERMINATED`:
 *              the text then ends at its NUL.
 * @return      `EGRET_WS_OK`, or a negative error.
 *
 * Errors:  `NOT_OPEN`, `MESSAGE_TOO_BIG`, `INVALID_UTF8`, `BACKPRESSURE`, `NO_RESOURCES` (there is no memory to queue
 *          it), `INVALID_ARGUMENT` (`kind` is another number, or `data` is NULL and `len` is not 0, or
 *          `EGRET_WS_NUL_TERMINATED` is used with `EGRET_WS_BINARY`), `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 * Threads: Any thread. Messages of one thread keep their order. Never blocks.
 * Since:   0.2
 */
egret_ws_error_t egret_ws_send(egret_ws *ws, egret_ws_kind_t kind, const void *data, size_t len);

/**
 * Returns how many payload bytes were accepted and not yet passed to the operating system.
 *
 * All bytes of a message count until its last byte is written.
 *
 * @param ws  The socket.
 * @return    A number of bytes, or a negative error.
 *
 * Errors:  `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 * Threads: Any thread.
 * Since:   0.2
 */
int64_t egret_ws_buffered_amount(egret_ws *ws);

/**
 * Sends a ping (RFC 6455 section 5.5.2) before the messages that wait to be written.
 *
 * The payload is copied. When the server has answered, `on_pong` gets the payload back. If `len` is 0, the library
 * chooses a payload, and `on_pong` gets a `len` of 0. If a server has several pings to answer, it may answer only the
 * last one (RFC 6455 section 5.5.3). `pong_timeout_ms` applies as for a ping of the heartbeat. `rtt_us` of the
 * statistics has the round trip of the last ping that was measured. Only one ping is measured at a time.
 *
 * At most 16 pings of a socket can wait to be written. Beyond that the call returns `EGRET_WS_ERR_BACKPRESSURE`, and no
 * `on_drain` follows. If the socket closes or the connection ends, a ping that still waits is dropped. After an error
 * other than INTERNAL the call had no effect.
 *
 * @param ws    The socket.
 * @param data  The payload. May be NULL if `len` is 0.
 * @param len   Bytes of `data`, 0 to 125.
 * @return      `EGRET_WS_OK`, or a negative error.
 *
 * Errors:  `NOT_OPEN`, `BACKPRESSURE`, `NO_RESOURCES` (there is no memory to queue it), `INVALID_ARGUMENT` (`len` is
 *          above 125, or `data` is NULL and `len` is not 0), `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 * Threads: Any thread. Never blocks.
 * Since:   0.2
 */
egret_ws_error_t egret_ws_ping(egret_ws *ws, const void *data, size_t len);

/** @} */

/**
 * @addtogroup receiving
 * @{
 */

/**
 * Pauses receiving: no `on_message` of the socket begins until `egret_ws_resume_receive`.
 *
 * If the call is made inside a callback, it takes effect with the next message. If another thread makes the call while
 * a poll runs, it takes effect with the next `on_message` that has not begun. It works in any state, also before the
 * connection is made, and stays in effect when the connection is made again. A second call does nothing.
 *
 * Messages wait in the receive queue. When this queue is full (`max_receive_queue_bytes`), the library stops reading,
 * and TCP slows the server down. `on_drain`, `on_pong` and `on_frame` still come. All other callbacks keep their place
 * behind the messages that wait. So `on_retry` and `on_close` come after the resume, also after an `egret_ws_close`. If
 * no message waits, they are not delayed. A paused socket causes no work for its loop and does not delay other sockets.
 *
 * While the receive queue is not full, pings of the server are answered, and the heartbeat works. While it is full,
 * nothing is read: pongs, Close frames and the loss of the connection are not noticed, and no answer to a ping is
 * expected. To end such a socket at once, call `egret_ws_abort` or `egret_ws_free`.
 *
 * @param ws  The socket.
 * @return    `EGRET_WS_OK`, or a negative error.
 *
 * Errors:  `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 * Threads: Any thread. Never blocks.
 * Since:   0.2
 */
egret_ws_error_t egret_ws_pause_receive(egret_ws *ws);

/**
 * Resumes receiving after `egret_ws_pause_receive`.
 *
 * The poll that is running or the next one dispatches the messages that wait; a poll is due from now on. If `on_retry`
 * or `on_close` waits behind these messages, it follows them. If receiving is not paused, the call does nothing.
 *
 * @param ws  The socket.
 * @return    `EGRET_WS_OK`, or a negative error.
 *
 * Errors:  `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 * Threads: Any thread. Never blocks.
 * Since:   0.2
 */
egret_ws_error_t egret_ws_resume_receive(egret_ws *ws);

/** @} */

/**
 * @addtogroup reconnecting
 * @{
 */

/**
 * Sets all options of reconnecting to their defaults.
 *
 * It fills the struct with zeros and sets its `struct_size`. The accepted sizes are those of `egret_ws_options_init`.
 *
 * @param options  The struct to fill. It has `size` bytes.
 * @param size     Pass `sizeof *options`, in bytes.
 * @return         `EGRET_WS_OK`, or a negative error.
 *
 * Errors:  `INVALID_ARGUMENT` (`options` is NULL), `BAD_STRUCT` (no release has this size), `FORKED`, `INTERNAL`.
 * Threads: Any thread.
 * Since:   0.2
 */
egret_ws_error_t egret_ws_retry_options_init(egret_ws_retry_options *options, size_t size);

/**
 * Returns how many times `on_connect` was called for the socket.
 *
 * It is the number of the latest connection whose `on_connect` was called.
 *
 * @param ws  The socket.
 * @return    A count, or a negative error.
 *
 * Errors:  `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 * Threads: Any thread.
 * Since:   0.2
 */
int32_t egret_ws_generation(egret_ws *ws);

/**
 * Ends a wait before a reconnect, so that the next attempt begins now.
 *
 * If `on_request` has returned `EGRET_WS_REQUEST_WAIT`, it is called again. If there is no wait, the call does nothing.
 *
 * @param ws  The socket.
 * @return    `EGRET_WS_OK`, or a negative error.
 *
 * Errors:  `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 * Threads: Any thread.
 * Since:   0.2
 */
egret_ws_error_t egret_ws_retry_now(egret_ws *ws);

/**
 * Changes the URL of a request, for this attempt and all later ones.
 *
 * The rules are those of `egret_ws_connect`. A user name and a password in the URL replace those of the earlier URL,
 * except if the options have a `username`. The headers, the subprotocols and options such as `tls_pins` stay, also if
 * the new URL has another origin: change or remove those that the new server must not get. After an error the request
 * is unchanged.
 *
 * @param request  The request that `on_request` got.
 * @param url      The URL, copied. It ends in a NUL.
 * @return         `EGRET_WS_OK`, or a negative error.
 *
 * Errors:  `INVALID_URL`, `INVALID_ARGUMENT` (`url` is NULL, or it has a user name and the headers have an
 *          `Authorization`, or the proxy of the environment cannot be used for it), `UNSUPPORTED` (the URL needs TLS or
 *          has a host name that is not ASCII, and the library was built without that feature), `BAD_HANDLE` (`request`
 *          does not belong to an `on_request` that runs on this thread), `FORKED`, `INTERNAL`.
 * Threads: Only inside `on_request`, on its thread.
 * Since:   0.2
 */
egret_ws_error_t egret_ws_request_set_url(egret_ws_request *request, const char *url);

/**
 * Changes a header of a request, for this attempt and all later ones.
 *
 * All headers of this name, in upper or lower case, are replaced by one header with this value. The rules are those of
 * `headers` in `egret_ws_options`. After an error the request is unchanged.
 *
 * @param request  The request that `on_request` got.
 * @param name     The name of the header, copied. It ends in a NUL.
 * @param value    The value, copied. It ends in a NUL. NULL removes all headers of this name.
 * @return         `EGRET_WS_OK`, or a negative error.
 *
 * Errors:  `INVALID_ARGUMENT` (`name` is NULL, the name or value is not allowed, there are too many bytes or headers,
 *          or the name is `Authorization` and the request has a user name), `NO_RESOURCES` (there is no memory for a
 *          copy), `BAD_HANDLE` (`request` does not belong to an `on_request` that runs on this thread), `FORKED`,
 *          `INTERNAL`.
 * Threads: Only inside `on_request`, on its thread.
 * Since:   0.2
 */
egret_ws_error_t egret_ws_request_set_header(egret_ws_request *request, const char *name, const char *value);

/**
 * Changes the subprotocols of a request, for this attempt and all later ones.
 *
 * The rules are those of `subprotocols` in `egret_ws_options`. After an error the request is unchanged.
 *
 * @param request  The request that `on_request` got.
 * @param list     The comma-separated list, copied. It ends in a NUL. NULL removes the subprotocols.
 * @return         `EGRET_WS_OK`, or a negative error.
 *
 * Errors:  `INVALID_ARGUMENT` (the text is not a list of subprotocols), `BAD_HANDLE` (`request` does not belong to an
 *          `on_request` that runs on this thread), `FORKED`, `INTERNAL`.
 * Threads: Only inside `on_request`, on its thread.
 * Since:   0.2
 */
egret_ws_error_t egret_ws_request_set_subprotocols(egret_ws_request *request, const char *list);

/**
 * Changes the addresses of a request, for this attempt and all later ones.
 *
 * These addresses replace those of the option `addresses`. The rules are those of `addresses` in `egret_ws_options`.
 * `egret_ws_request_set_url` with another origin removes the addresses, so call it before this function. After an error
 * the request is unchanged.
 *
 * @param request  The request that `on_request` got.
 * @param list     The comma-separated list, copied. It ends in a NUL. NULL removes the addresses, so that the name is
 *                 looked up.
 * @return         `EGRET_WS_OK`, or a negative error.
 *
 * Errors:  `INVALID_ARGUMENT` (the text is not a list of addresses, or the socket has a `proxy`), `BAD_HANDLE`
 *          (`request` does not belong to an `on_request` that runs on this thread), `FORKED`, `INTERNAL`.
 * Threads: Only inside `on_request`, on its thread.
 * Since:   0.2
 */
egret_ws_error_t egret_ws_request_set_addresses(egret_ws_request *request, const char *list);

/**
 * Returns whether a new connection attempt is worthwhile after this end.
 *
 * It is not worthwhile if the attempt would end in the same way, or if the application has ended the connection.
 * `retry_attempts` uses this rule. The function is for applications that connect again by themselves.
 *
 * | error                                                          | result | remark                                            |
 * |----------------------------------------------------------------|--------|---------------------------------------------------|
 * | RESOLVE, CONNECT, PROXY, HANDSHAKE, HTTP_STATUS, REDIRECT      | 1      |                                                   |
 * | TIMEOUT, CONNECTION_LOST, NO_RESOURCES                         | 1      |                                                   |
 * | TLS, TLS_EXPIRED                                               | 1      | a clock or a certificate may be corrected         |
 * | OK, closed by the server                                       | 1      | also with 1000                                    |
 * | TLS_HOST, TLS_ISSUER, TLS_PIN, TLS_OPTIONS                     | 0      |                                                   |
 * | PROTOCOL, INVALID_UTF8, MESSAGE_TOO_BIG                        | 0      |                                                   |
 * | INTERNAL, and errors that only calls return                    | 0      |                                                   |
 * | ABORTED; OK, closed by this side                               | 0      | the application has ended the connection          |
 * | any in the phases FLUSH and CLOSING, if this side closed first | 0      | that is: `initiator` is LOCAL, or `code` is 1006  |
 * | any, if `code` or `sent_code` is 1002, 1007, 1008 or 1009      | 0      |                                                   |
 * | any, if `http_status` is 401, 403, 404, 407 or 410             | 0      | it needs another request: see `on_request`        |
 *
 * There is one exception. A connection that a suspend has ended (`EGRET_WS_LOOP_CLOSE_ON_SUSPEND`) has the report of a
 * connection that the application has closed. This function therefore returns 0, but with `retry_attempts` the library
 * connects again when the loop is resumed.
 *
 * @param info  The report of the end. The struct has `info->struct_size` bytes.
 * @return      1 if a new attempt is worthwhile, 0 if not, or a negative error.
 *
 * Errors:  `INVALID_ARGUMENT` (`info` is NULL), `BAD_STRUCT` (no release has this `struct_size`), `FORKED`, `INTERNAL`.
 * Threads: Any thread.
 * Since:   0.2
 */
int32_t egret_ws_is_retryable(const egret_ws_close_info *info);

/** @} */

/**
 * @addtogroup phone
 * @{
 */

/**
 * Suspends the loop because the process may be frozen from now on.
 *
 * Call it when the application goes to the background. Until `egret_ws_loop_resume` no socket connects again. Open
 * connections stay open. The clock of the loop stands still: no deadline passes, and no ping is sent. The loop still
 * receives messages, and polls still dispatch them. A second call does nothing.
 *
 * With `EGRET_WS_LOOP_CLOSE_ON_SUSPEND` the loop instead closes open sockets with 1001 (going away) and abandons
 * connecting ones. Its clock keeps running. Poll until the `on_close` of these sockets was called, or their `on_retry`
 * if they have `retry_attempts`. Sockets with `retry_attempts` wait for `egret_ws_loop_resume` before they connect
 * again. A socket still connects if it is made during the suspend, or if `egret_ws_retry_now` is called for it.
 *
 * @param loop  The loop.
 * @return      `EGRET_WS_OK`, or a negative error.
 *
 * Errors:  `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 * Threads: Any thread. Never blocks.
 * Since:   0.2
 */
egret_ws_error_t egret_ws_loop_suspend(egret_ws_loop *loop);

/**
 * Resumes the loop because the process runs again.
 *
 * The clock of the loop runs again. Each open connection is probed with a ping. If nothing is received within
 * `probe_timeout_ms`, the connection ends, or is made again if the socket has `retry_attempts`. A connection that is
 * being made starts again, and a wait before a reconnect ends.
 *
 * Call it also without an earlier suspend, whenever connections may be lost. If several calls of suspend, resume and
 * network_changed come before the loop has handled them, the last state counts, and connections are probed once.
 *
 * @param loop  The loop.
 * @return      `EGRET_WS_OK`, or a negative error.
 *
 * Errors:  `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 * Threads: Any thread. Never blocks.
 * Since:   0.2
 */
egret_ws_error_t egret_ws_loop_resume(egret_ws_loop *loop);

/**
 * Notifies the loop that the network of the machine has changed.
 *
 * Examples are a change from Wi-Fi to mobile, a VPN, and a new address. The call has the effects of
 * `egret_ws_loop_resume`. In addition, names are looked up again. During a suspend it takes effect with the resume.
 *
 * Call it when another network is in use, not for each notice of the system: sockets that are connecting start again
 * each time.
 *
 * @param loop  The loop.
 * @return      `EGRET_WS_OK`, or a negative error.
 *
 * Errors:  `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 * Threads: Any thread. Never blocks.
 * Since:   0.2
 */
egret_ws_error_t egret_ws_loop_network_changed(egret_ws_loop *loop);

/** @} */

/**
 * @addtogroup options
 * @{
 */

/**
 * Sets all options of a socket to their defaults.
 *
 * It fills the struct with zeros and sets its `struct_size`. The size may be that of an older or newer header, from the
 * size of the first release to 4096.
 *
 * @param options  The struct to fill. It has `size` bytes.
 * @param size     Pass `sizeof *options`, in bytes.
 * @return         `EGRET_WS_OK`, or a negative error.
 *
 * Errors:  `INVALID_ARGUMENT` (`options` is NULL), `BAD_STRUCT` (no release has this size), `FORKED`, `INTERNAL`.
 * Threads: Any thread.
 * Since:   0.2
 */
egret_ws_error_t egret_ws_options_init(egret_ws_options *options, size_t size);

/**
 * Sets all options of permessage-deflate to their defaults.
 *
 * It fills the struct with zeros and sets its `struct_size`. The accepted sizes are those of `egret_ws_options_init`.
 *
 * @param options  The struct to fill. It has `size` bytes.
 * @param size     Pass `sizeof *options`, in bytes.
 * @return         `EGRET_WS_OK`, or a negative error.
 *
 * Errors:  `INVALID_ARGUMENT` (`options` is NULL), `BAD_STRUCT` (no release has this size), `FORKED`, `INTERNAL`.
 * Threads: Any thread.
 * Since:   0.2
 */
egret_ws_error_t egret_ws_deflate_options_init(egret_ws_deflate_options *options, size_t size);

/** @} */

/**
 * @addtogroup errors
 * @{
 */

/**
 * Returns the name of an error.
 *
 * @param error  Any number.
 * @return       A name such as `"EGRET_WS_ERR_NOT_OPEN"`, `"EGRET_WS_OK"` for 0, or `"EGRET_WS_ERR_?"` for all other
 *               numbers, positive ones included. It is a static string: it is never NULL and must not be freed.
 *
 * Errors:  none.
 * Threads: Any thread.
 * Since:   0.2
 */
const char *egret_ws_error_name(egret_ws_error_t error);

/**
 * Returns the reason of the last refused call of the calling thread.
 *
 * The text is in English. It names the cause and, if that is not obvious, the remedy:
 * `"the send queue is full: send again in on_drain"`. `on_log` gets the same text after the name of the function. A
 * call that succeeds does not change the text.
 *
 * The text is for logs and exceptions. It changes from version to version. Make decisions by the error that the call
 * returned, not by this text.
 *
 * @return UTF-8 text without a line break, at most 511 bytes (a longer text is cut). It is never NULL; it is `""` if no
 *         call of this thread was refused yet. It is valid until this thread calls a function of this library again:
 *         copy it to keep it.
 *
 * Errors:  none.
 * Threads: Any thread. Each thread has its own text.
 * Since:   0.2
 */
const char *egret_ws_last_error_message(void);

/** @} */

/**
 * @addtogroup tls
 * @{
 */

/**
 * Writes the name of the cipher suite of TLS, such as `TLS_AES_256_GCM_SHA384`.
 *
 * It is available from `on_connect` on, and in `on_retry` and `on_close`.
 *
 * @param ws        The socket.
 * @param out       Receives the text and a NUL. May be NULL if `capacity` is 0.
 * @param capacity  Bytes of `out`. If it is 0, only the length is returned.
 * @return          The length of the text in bytes, without the NUL, or a negative error. It is 0 without TLS, before
 *                  the handshake has agreed on a cipher suite, and with the TLS of Apple's systems and Windows.
 *
 * Errors:  `INVALID_ARGUMENT` (`capacity` is not 0 and not more than the length, or `out` is NULL), `BAD_HANDLE`,
 *          `FORKED`, `INTERNAL`.
 * Threads: Any thread.
 * Since:   0.2
 */
int32_t egret_ws_tls_cipher(egret_ws *ws, char *out, size_t capacity);

/**
 * Writes the protocol that the server selected by ALPN (RFC 7301).
 *
 * It is available from `on_connect` on, and in `on_retry` and `on_close`.
 *
 * @param ws        The socket.
 * @param out       Receives the text and a NUL. May be NULL if `capacity` is 0.
 * @param capacity  Bytes of `out`. If it is 0, only the length is returned.
 * @return          The length of the text in bytes, without the NUL, or a negative error. 0 means that the server
 *                  selected none.
 *
 * Errors:  `INVALID_ARGUMENT` (`capacity` is not 0 and not more than the length, or `out` is NULL), `BAD_HANDLE`,
 *          `FORKED`, `INTERNAL`.
 * Threads: Any thread.
 * Since:   0.2
 */
int32_t egret_ws_tls_alpn(egret_ws *ws, char *out, size_t capacity);

/**
 * Writes a certificate that the server sent in the TLS handshake, in DER.
 *
 * The certificates are available from `on_connect` on. In `on_retry` and `on_close` they are also available if the
 * certificate was not trusted. After an end in `EGRET_WS_PHASE_PROXY` they are those of the proxy. A resumed session
 * has the certificates of its first handshake. On Apple's systems and Windows only the first certificate is available,
 * and only after a handshake that succeeded. A TLS provider returns its own list, of which at most 10 certificates and
 * 64 KiB are kept.
 *
 * @param ws        The socket.
 * @param index     0 for the server's own certificate. The others follow in the order of the server.
 * @param out       Receives the certificate, without a NUL. May be NULL if `capacity` is 0.
 * @param capacity  Bytes of `out`. If it is 0, only the length is returned.
 * @return          The length of the certificate in bytes, or a negative error.
 *
 * Errors:  `NOT_FOUND` (there is no certificate with this index), `INVALID_ARGUMENT` (`capacity` is not 0 and less than
 *          the length, or `out` is NULL), `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 * Threads: Any thread.
 * Since:   0.2
 */
int32_t egret_ws_peer_certificate(egret_ws *ws, uint32_t index, uint8_t *out, size_t capacity);

/**
 * Sets all fields of a TLS provider to zero, except its `struct_size`.
 *
 * The size may be that of an older or newer header, from the size of the first release to 4096.
 *
 * @param provider  The struct to fill. It has `size` bytes.
 * @param size      Pass `sizeof *provider`, in bytes.
 * @return          `EGRET_WS_OK`, or a negative error.
 *
 * Errors:  `INVALID_ARGUMENT` (`provider` is NULL), `BAD_STRUCT` (no release has this size), `FORKED`, `INTERNAL`.
 * Threads: Any thread.
 * Since:   0.2
 */
egret_ws_error_t egret_ws_tls_provider_init(egret_ws_tls_provider *provider, size_t size);

/**
 * Reports that the work of a busy TLS session has ended.
 *
 * A TLS provider makes this call after it has returned `EGRET_WS_TLS_BUSY`. The call runs no callback. The I/O thread
 * continues with the session; with `EGRET_WS_LOOP_INLINE` the next poll does. If the socket has no busy session, the
 * call does nothing.
 *
 * For this call the handle stays valid until the last session of the socket is freed, because a freed socket still
 * sends its queued messages.
 *
 * @param ws  The socket of `egret_ws_tls_destination`.
 * @return    `EGRET_WS_OK`, or a negative error.
 *
 * Errors:  `BAD_HANDLE` (also if the socket was freed and has no session), `FORKED`, `INTERNAL`.
 * Threads: Any thread, also inside any callback of the provider.
 * Since:   0.2
 */
egret_ws_error_t egret_ws_tls_ready(egret_ws *ws);

/** @} */

/**
 * @addtogroup hooks
 * @{
 */

/**
 * Sets all hooks to NULL.
 *
 * It fills the struct with zeros and sets its `struct_size`. The size may be that of an older or newer header, from the
 * size of the first release to 4096.
 *
 * @param hooks  The struct to fill. It has `size` bytes.
 * @param size   Pass `sizeof *hooks`, in bytes.
 * @return       `EGRET_WS_OK`, or a negative error.
 *
 * Errors:  `INVALID_ARGUMENT` (`hooks` is NULL), `BAD_STRUCT` (no release has this size), `FORKED`, `INTERNAL`.
 * Threads: Any thread.
 * Since:   0.2
 */
egret_ws_error_t egret_ws_hooks_init(egret_ws_hooks *hooks, size_t size);

/**
 * Answers `on_resolve` with the addresses of a name.
 *
 * The addresses are tried like those of a look-up (RFC 8305 section 4). After INVALID_ARGUMENT the query still waits
 * for an answer.
 *
 * @param query      The query. Its handle is invalid after a successful call.
 * @param addresses  A list with the rules of `addresses` in `egret_ws_options`. It ends in a NUL. An empty text means
 *                   that the name has no address: the attempt fails with `EGRET_WS_ERR_RESOLVE`. NULL means that the
 *                   library asks the resolver of the system.
 * @return           `EGRET_WS_OK`, or a negative error.
 *
 * Errors:  `INVALID_ARGUMENT` (the text is not a list of addresses), `BAD_HANDLE` (the query was answered already, or
 *          it belongs to `on_proxy`, or no connection waits for it any more because of a time-out, a close or a change
 *          of the network), `FORKED`, `INTERNAL`.
 * Threads: Any thread, also inside the hook.
 * Since:   0.2
 */
egret_ws_error_t egret_ws_resolved(egret_ws_query *query, const char *addresses);

/**
 * Answers `on_proxy` with the proxies for a URL.
 *
 * If the library cannot connect to a proxy (name look-up, TCP or TLS), it tries the next one, within `open_timeout_ms`.
 * The close report has the error of the last proxy, and the log has those of the others. If a proxy refuses the
 * connection to the server, no other proxy is tried. After INVALID_ARGUMENT and UNSUPPORTED the query still waits for
 * an answer.
 *
 * @param query    The query. Its handle is invalid after a successful call.
 * @param proxies  A comma-separated list of at most 8 proxies, at most 8192 bytes. It ends in a NUL. Each proxy is a
 *                 URL as in the option `proxy`, or `direct` for a direct connection. Write a comma in a user name or
 *                 password as `%2C`. An empty text means a direct connection. NULL means that the proxies could not be
 *                 found: the attempt fails with `EGRET_WS_ERR_PROXY`.
 * @return         `EGRET_WS_OK`, or a negative error.
 *
 * Errors:  `INVALID_ARGUMENT` (the text is not a list of proxies), `UNSUPPORTED` (the library was built without
 *          proxies, or a proxy is `https://` and there is no TLS, or a proxy has a host name that is not ASCII and the
 *          library was built without `idn`), `BAD_HANDLE` (the query was answered already, or it belongs to
 *          `on_resolve`, or no connection waits for it any more because of a time-out, a close or a change of the
 *          network), `FORKED`, `INTERNAL`.
 * Threads: Any thread, also inside the hook.
 * Since:   0.2
 */
egret_ws_error_t egret_ws_proxy_found(egret_ws_query *query, const char *proxies);

/** @} */

/**
 * @defgroup details Details of a connection
 * Addresses, the proxy, and the answer of the server.
 * @{
 */

/**
 * Writes the remote address of the connection, such as `192.0.2.1:443` or `[2001:db8::1]:443`.
 *
 * With a proxy it is the address of the proxy. It is empty until `on_connect`. In `on_close` it is empty if TCP was not
 * connected.
 *
 * @param ws        The socket.
 * @param out       Receives the text and a NUL. May be NULL if `capacity` is 0.
 * @param capacity  Bytes of `out`. If it is 0, only the length is returned.
 * @return          The length of the text in bytes, without the NUL, or a negative error. 0 means that there is no
 *                  address.
 *
 * Errors:  `INVALID_ARGUMENT` (`capacity` is not 0 and not more than the length, or `out` is NULL), `BAD_HANDLE`,
 *          `FORKED`, `INTERNAL`.
 * Threads: Any thread.
 * Since:   0.2
 */
int32_t egret_ws_remote_address(egret_ws *ws, char *out, size_t capacity);

/**
 * Writes the subprotocol that the server chose.
 *
 * @param ws        The socket.
 * @param out       Receives the text and a NUL. May be NULL if `capacity` is 0.
 * @param capacity  Bytes of `out`. If it is 0, only the length is returned.
 * @return          The length of the text in bytes, without the NUL, or a negative error. 0 means that the server chose
 *                  none or that the connection is not made yet.
 *
 * Errors:  `INVALID_ARGUMENT` (`capacity` is not 0 and not more than the length, or `out` is NULL), `BAD_HANDLE`,
 *          `FORKED`, `INTERNAL`.
 * Threads: Any thread.
 * Since:   0.2
 */
int32_t egret_ws_subprotocol(egret_ws *ws, char *out, size_t capacity);

/**
 * Writes the extension that both sides agreed on, as the server wrote it.
 *
 * The text is `permessage-deflate` with its parameters, or it is empty.
 *
 * @param ws        The socket.
 * @param out       Receives the text and a NUL. May be NULL if `capacity` is 0.
 * @param capacity  Bytes of `out`. If it is 0, only the length is returned.
 * @return          The length of the text in bytes, without the NUL, or a negative error. 0 means that there is no
 *                  extension or that the connection is not made yet.
 *
 * Errors:  `INVALID_ARGUMENT` (`capacity` is not 0 and not more than the length, or `out` is NULL), `BAD_HANDLE`,
 *          `FORKED`, `INTERNAL`.
 * Threads: Any thread.
 * Since:   0.2
 */
int32_t egret_ws_extensions(egret_ws *ws, char *out, size_t capacity);

/**
 * Writes the value of a header of the server's answer.
 *
 * If the answer has several headers of this name, their values are joined by `, ` (RFC 9110 section 5.3). Bytes that
 * are not UTF-8 are written as U+FFFD. The headers are available from `on_connect` on. In `on_retry` and `on_close` the
 * headers of a refusal (`Retry-After`, `WWW-Authenticate`) are available too, also those of a proxy.
 *
 * @param ws        The socket.
 * @param name      The name of the header, in upper or lower case. It ends in a NUL.
 * @param out       Receives the text and a NUL. May be NULL if `capacity` is 0.
 * @param capacity  Bytes of `out`. If it is 0, only the length is returned.
 * @return          The length of the text in bytes, without the NUL, or a negative error.
 *
 * Errors:  `NOT_FOUND` (the answer has no such header, or there was no answer yet), `INVALID_ARGUMENT` (`name` is NULL,
 *          `capacity` is not 0 and not more than the length, or `out` is NULL), `BAD_HANDLE`, `FORKED`, `INTERNAL`.
 * Threads: Any thread.
 * Since:   0.2
 */
int32_t egret_ws_response_header(egret_ws *ws, const char *name, char *out, size_t capacity);

/**
 * Writes all headers of the server's answer, in their order.
 *
 * Each header is written as `Name: value` and a line feed. Bytes that are not UTF-8 are written as U+FFFD. The headers
 * are available at the times that `egret_ws_response_header` lists.
 *
 * @param ws        The socket.
 * @param out       Receives the text and a NUL. May be NULL if `capacity` is 0.
 * @param capacity  Bytes of `out`. If it is 0, only the length is returned.
 * @return          The length of the text in bytes, without the NUL, or a negative error. 0 means that there was no
 *                  answer yet.
 *
 * Errors:  `INVALID_ARGUMENT` (`capacity` is not 0 and not more than the length, or `out` is NULL), `BAD_HANDLE`,
 *          `FORKED`, `INTERNAL`.
 * Threads: Any thread.
 * Since:   0.2
 */
int32_t egret_ws_response_headers(egret_ws *ws, char *out, size_t capacity);

/**
 * Writes the body of a refusal, which is an answer of a server or a proxy that is not an upgrade.
 *
 * At most the first `max_refusal_body_bytes` are kept. Chunks are joined. A compressed body stays compressed. The body
 * may contain NULs and need not be UTF-8. It is available in `on_retry` and `on_close`.
 *
 * @param ws        The socket.
 * @param out       Receives the body and a NUL. May be NULL if `capacity` is 0.
 * @param capacity  Bytes of `out`. If it is 0, only the length is returned.
 * @return          The length of the body in bytes, without the NUL, or a negative error. 0 means that there was no
 *                  body or that the connection was made.
 *
 * Errors:  `INVALID_ARGUMENT` (`capacity` is not 0 and not more than the length, or `out` is NULL), `BAD_HANDLE`,
 *          `FORKED`, `INTERNAL`.
 * Threads: Any thread.
 * Since:   0.2
 */
int32_t egret_ws_response_body(egret_ws *ws, char *out, size_t capacity);

/**
 * Writes the cookies that the servers of this attempt have set.
 *
 * There is one line for each `Set-Cookie` header of an answer, also of redirects and refusals. A line has the URL that
 * was requested (with its query, without a user name and password), a space, the value of the header, and a line feed.
 * At most the first 65536 bytes are kept. Bytes that are not UTF-8 are written as U+FFFD. The cookies are available at
 * the times that `egret_ws_response_header` lists.
 *
 * The library keeps no cookies. To send one, set a `Cookie` header.
 *
 * @param ws        The socket.
 * @param out       Receives the text and a NUL. May be NULL if `capacity` is 0.
 * @param capacity  Bytes of `out`. If it is 0, only the length is returned.
 * @return          The length of the text in bytes, without the NUL, or a negative error. 0 means that there are no
 *                  cookies.
 *
 * Errors:  `INVALID_ARGUMENT` (`capacity` is not 0 and not more than the length, or `out` is NULL), `BAD_HANDLE`,
 *          `FORKED`, `INTERNAL`.
 * Threads: Any thread.
 * Since:   0.2
 */
int32_t egret_ws_response_cookies(egret_ws *ws, char *out, size_t capacity);

/**
 * Writes the local address of the connection, such as `192.0.2.7:50312` or `[2001:db8::7]:50312`.
 *
 * It is empty until `on_connect`. In `on_close` it is empty if TCP was not connected.
 *
 * @param ws        The socket.
 * @param out       Receives the text and a NUL. May be NULL if `capacity` is 0.
 * @param capacity  Bytes of `out`. If it is 0, only the length is returned.
 * @return          The length of the text in bytes, without the NUL, or a negative error. 0 means that there is no
 *                  address.
 *
 * Errors:  `INVALID_ARGUMENT` (`capacity` is not 0 and not more than the length, or `out` is NULL), `BAD_HANDLE`,
 *          `FORKED`, `INTERNAL`.
 * Threads: Any thread.
 * Since:   0.2
 */
int32_t egret_ws_local_address(egret_ws *ws, char *out, size_t capacity);

/**
 * Writes the addresses that were tried, in the order of the attempts.
 *
 * There is one line for each address. A line has the address, a space, the result, and a line feed:
 * `192.0.2.1:443 Connection refused`, `[2001:db8::1]:443 connected`, `192.0.2.2:443 no answer`. With a proxy the
 * addresses are those of the proxy. The text has at most 8192 bytes. It is available from `on_connect` on, and in
 * `on_retry` and `on_close`.
 *
 * @param ws        The socket.
 * @param out       Receives the text and a NUL. May be NULL if `capacity` is 0.
 * @param capacity  Bytes of `out`. If it is 0, only the length is returned.
 * @return          The length of the text in bytes, without the NUL, or a negative error.
 *
 * Errors:  `INVALID_ARGUMENT` (`capacity` is not 0 and not more than the length, or `out` is NULL), `BAD_HANDLE`,
 *          `FORKED`, `INTERNAL`.
 * Threads: Any thread.
 * Since:   0.2
 */
int32_t egret_ws_tried_addresses(egret_ws *ws, char *out, size_t capacity);

/**
 * Writes the proxy of the connection, as a URL without a user name and password.
 *
 * It is available from `on_connect` on, and in `on_retry` and `on_close`.
 *
 * @param ws        The socket.
 * @param out       Receives the text and a NUL. May be NULL if `capacity` is 0.
 * @param capacity  Bytes of `out`. If it is 0, only the length is returned.
 * @return          The length of the text in bytes, without the NUL, or a negative error. 0 means that there is no
 *                  proxy.
 *
 * Errors:  `INVALID_ARGUMENT` (`capacity` is not 0 and not more than the length, or `out` is NULL), `BAD_HANDLE`,
 *          `FORKED`, `INTERNAL`.
 * Threads: Any thread.
 * Since:   0.2
 */
int32_t egret_ws_proxy(egret_ws *ws, char *out, size_t capacity);

/** @} */

/**
 * @addtogroup statistics
 * @{
 */

/**
 * Returns the statistics of the socket.
 *
 * @param ws     The socket.
 * @param stats  Receives the statistics. The struct has `stats->struct_size` bytes; set `struct_size` before the call.
 *               Fields that this library does not know become 0.
 * @return       `EGRET_WS_OK`, or a negative error.
 *
 * Errors:  `INVALID_ARGUMENT` (`stats` is NULL), `BAD_STRUCT` (no release has this `struct_size`), `BAD_HANDLE`,
 *          `FORKED`, `INTERNAL`.
 * Threads: Any thread.
 * Since:   0.2
 */
egret_ws_error_t egret_ws_stats(egret_ws *ws, egret_ws_statistics *stats);

/** @} */

/**
 * @addtogroup library
 * @{
 */

/**
 * Returns the version of the library as a number.
 *
 * VERSIONS at the head of this file says with which headers the library works.
 *
 * @return Major × 65536 + minor × 256 + patch.
 *
 * Errors:  none.
 * Threads: Any thread.
 * Since:   0.2
 */
uint32_t egret_ws_version_number(void);

/**
 * Returns the version of the library as text.
 *
 * @return A text such as `"0.2.0"`. It is a static string: it is never NULL and must not be freed.
 *
 * Errors:  none.
 * Threads: Any thread.
 * Since:   0.2
 */
const char *egret_ws_version_string(void);

/**
 * Normalizes a URL as the constructor of a browser's `WebSocket` does.
 *
 * The result is serialized by the WHATWG rules. `http` becomes `ws`, and `https` becomes `wss`. This function is for
 * bindings that offer the interface of browsers.
 *
 * @param url       The URL. It has at most 16384 bytes and ends in a NUL.
 * @param out       Receives the text and a NUL. May be NULL if `capacity` is 0.
 * @param capacity  Bytes of `out`. If it is 0, only the length is returned.
 * @return          The length of the text in bytes, without the NUL, or a negative error.
 *
 * Errors:  `INVALID_URL` (it is not a URL, or it has another scheme, a fragment, or too many bytes), `INVALID_ARGUMENT`
 *          (`url` is NULL, `capacity` is not 0 and not more than the length, or `out` is NULL), `UNSUPPORTED` (the host
 *          name is not ASCII, and the library was built without its feature `idn`), `FORKED`, `INTERNAL`.
 * Threads: Any thread.
 * Since:   0.2
 */
int32_t egret_ws_normalize_url(const char *url, char *out, size_t capacity);

/** @} */

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* EGRET_WS_H */
