/* egret_ws_v8.h - WebSocket in V8, through its C++ API.
 *
 *   egret_ws_v8 *sockets;
 *   egret_ws_v8_new(isolate, context, text_of_egret_ws_js, nullptr, &sockets);  defines WebSocket and egret_native.WebSocket
 *   egret_ws_v8_poll(sockets, 0);                                               once per frame; delivers all events
 *   egret_ws_v8_free(sockets);                                                  before the isolate is disposed of
 *
 * Compile egret_ws_v8.cc (C++17, or C++20 if your V8 needs it) and egret_ws_host.c (C99), with the defines of your V8, such as
 * V8_COMPRESS_POINTERS and V8_ENABLE_SANDBOX. C++ exceptions and RTTI are not needed.
 *
 * Call all functions on the thread that may use the isolate. If the application uses v8::Locker, it must hold the lock. The
 * functions enter the isolate and the context, open their own handle scope, and leave no handle behind. Functions that can fail
 * return EGRET_WS_OK (0) or a negative EGRET_WS_ERR_*.
 */
#ifndef EGRET_WS_V8_H
#define EGRET_WS_V8_H

#include "../egret_ws_host.h"

#include <v8.h>

struct egret_ws_v8;

struct egret_ws_v8_options {
    /* The loop's options, and the hook that configures each socket. */
    egret_ws_host_options host;
    /* An event handler of the game threw `exception`. The other events are still delivered. NULL: exceptions are dropped.
     * v8::Exception::CreateMessage returns the location in the script. */
    void (*on_exception)(void *user, v8::Local<v8::Context> context, v8::Local<v8::Value> exception);
    /* Passed to `on_exception`. */
    void *user;
    /* An object with the functions `resolve` or `findProxy`: see the README. Used during egret_ws_v8_new, which sets
     * `host.script_hooks` from it. Empty: none. */
    v8::Local<v8::Object> hooks;
};

/* Evaluates `script`, the text of egret_ws.js in UTF-8, in the context, and defines WebSocket and egret_native.WebSocket on the
 * global object. Keeps the context until egret_ws_v8_free. `options` may be NULL. Errors: EGRET_WS_ERR_INVALID_ARGUMENT if
 * `script` is not egret_ws.js (its exception is passed to `on_exception`), and the errors of egret_ws_loop_new. */
int32_t egret_ws_v8_new(v8::Isolate *isolate, v8::Local<v8::Context> context, const char *script,
                        const egret_ws_v8_options *options, egret_ws_v8 **out);

/* Delivers the pending events; for `timeout_ms` see egret_ws_loop_poll. Returns the number of callbacks that ran. If it returns
 * 0, no JavaScript event was delivered.
 *
 * Call it from C++ with no JavaScript on the stack. Each event is a task: a microtask checkpoint follows it, with each of V8's
 * policies (kAuto, kScoped, kExplicit), on the microtask queue of the context. Inside a v8::MicrotasksScope of the application
 * that runs microtasks, there is no checkpoint, because V8 performs it at the end of the scope. */
int32_t egret_ws_v8_poll(egret_ws_v8 *self, int32_t timeout_ms);

/* The maximum number of milliseconds until the next poll, for a shell that waits for the descriptor of the loop; see
 * egret_ws_host_next_poll_ms. */
int32_t egret_ws_v8_next_poll_ms(const egret_ws_v8 *self);

/* The loop, for suspend, resume, the descriptor and similar functions; see egret_ws_host_loop. */
egret_ws_loop *egret_ws_v8_loop(const egret_ws_v8 *self);

/* The number of sockets that are connecting, open or closing. */
size_t egret_ws_v8_live(const egret_ws_v8 *self);

/* Frees the loop and all its sockets without further events. Later calls of the game on its objects fail as on a lost connection.
 * Returns EGRET_WS_ERR_REENTRANT inside a poll; then nothing was freed. */
int32_t egret_ws_v8_free(egret_ws_v8 *self);

#endif
