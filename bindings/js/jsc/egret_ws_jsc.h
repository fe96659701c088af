/* egret_ws_jsc.h - WebSocket in JavaScriptCore, through its C API.
 *
 *   egret_ws_jsc *sockets;
 *   egret_ws_jsc_new(context, text_of_egret_ws_js, NULL, &sockets);   defines WebSocket and egret_native.WebSocket
 *   egret_ws_jsc_poll(sockets, 0);                                    once per frame; delivers all events
 *   egret_ws_jsc_free(sockets);                                       before the last reference to the context is released
 *
 * Compile egret_ws_jsc.c and egret_ws_host.c, and call all functions on the thread of the context. Functions that can fail
 * return EGRET_WS_OK (0) or a negative EGRET_WS_ERR_*.
 */
#ifndef EGRET_WS_JSC_H
#define EGRET_WS_JSC_H

#include <JavaScriptCore/JavaScript.h>
#include "../egret_ws_host.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct egret_ws_jsc egret_ws_jsc;

typedef struct egret_ws_jsc_options {
    /* The loop's options, and the hook that configures each socket. */
    egret_ws_host_options host;
    /* An event handler of the game threw `exception`. The other events are still delivered. NULL: exceptions are dropped. */
    void (*on_exception)(void *user, JSContextRef context, JSValueRef exception);
    /* Passed to `on_exception`. */
    void *user;
    /* An object with the functions `resolve` or `findProxy`: see the README. Used during egret_ws_jsc_new, which sets
     * `host.script_hooks` from it. NULL: none. */
    JSObjectRef hooks;
} egret_ws_jsc_options;

/* Evaluates `script`, the text of egret_ws.js in UTF-8, in the context, and defines WebSocket and egret_native.WebSocket on the
 * global object. Retains the context. `options` may be NULL. Errors: EGRET_WS_ERR_INVALID_ARGUMENT if `script` is not
 * egret_ws.js (its exception is passed to `on_exception`), and the errors of egret_ws_loop_new. */
int32_t egret_ws_jsc_new(JSGlobalContextRef context, const char *script, const egret_ws_jsc_options *options,
                         egret_ws_jsc **out);

/* Delivers the pending events; for `timeout_ms` see egret_ws_loop_poll. Returns the number of callbacks that ran. If it returns
 * 0, no JavaScript event was delivered.
 *
 * Call it from C with no JavaScript on the stack. Then each event is a task: JavaScriptCore runs the promise jobs when the call
 * of a handler returns. If JavaScript calls a function that polls, the jobs of all events wait until that JavaScript has
 * returned. */
int32_t egret_ws_jsc_poll(egret_ws_jsc *self, int32_t timeout_ms);

/* The maximum number of milliseconds until the next poll, for a shell that waits for the descriptor of the loop; see
 * egret_ws_host_next_poll_ms. */
int32_t egret_ws_jsc_next_poll_ms(const egret_ws_jsc *self);

/* The loop, for suspend, resume, the descriptor and similar functions; see egret_ws_host_loop. */
egret_ws_loop *egret_ws_jsc_loop(const egret_ws_jsc *self);

/* The number of sockets that are connecting, open or closing. */
size_t egret_ws_jsc_live(const egret_ws_jsc *self);

/* Frees the loop and all its sockets without further events. Later calls of the game on its objects fail as on a lost connection.
 * Returns EGRET_WS_ERR_REENTRANT inside a poll; then nothing was freed. */
int32_t egret_ws_jsc_free(egret_ws_jsc *self);

#ifdef __cplusplus
}
#endif

#endif
