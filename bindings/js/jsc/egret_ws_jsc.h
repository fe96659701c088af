/* egret_ws_jsc.h - WebSocket in JavaScriptCore, by its C API: the glue between egret_ws.h and egret_ws.js.
 *
 *   egret_ws_jsc *sockets;
 *   egret_ws_jsc_new(context, text_of_egret_ws_js, NULL, &sockets);   defines WebSocket and egret_native.WebSocket
 *   egret_ws_jsc_poll(sockets, 0);                                    once a frame; every event comes from in here
 *   egret_ws_jsc_free(sockets);                                       before the last reference to the context goes
 *
 * Call all of it on the thread of the context. Functions that can fail return EGRET_WS_OK (0) or a negative
 * EGRET_WS_ERR_*.
 */
#ifndef EGRET_WS_JSC_H
#define EGRET_WS_JSC_H

#include <JavaScriptCore/JavaScript.h>
#include <egret_ws.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct egret_ws_jsc egret_ws_jsc;

typedef struct egret_ws_jsc_options {
    /* The loop's options: the driver, the log, the budget of a poll. NULL: the defaults. */
    const egret_ws_loop_options *loop;
    /* An event handler of the game threw `exception`; everything goes on. NULL: nobody is told. */
    void (*on_exception)(void *user, JSContextRef context, JSValueRef exception);
    /* Handed to `on_exception`. */
    void *user;
} egret_ws_jsc_options;

/* Evaluates `script`, the text of egret_ws.js in UTF-8, in the context, which is retained, and installs what it defines on
 * the global object. `options` may be NULL. EGRET_WS_ERR_INVALID_ARGUMENT if `script` is not egret_ws.js (what it threw
 * goes to `on_exception`); and what egret_ws_loop_new returns. */
int32_t egret_ws_jsc_new(JSGlobalContextRef context, const char *script, const egret_ws_jsc_options *options,
                         egret_ws_jsc **out);

/* Dispatches the events that are due; `timeout_ms` is that of egret_ws_loop_poll. Returns how many callbacks ran; 0 means
 * that no JavaScript ran. */
int32_t egret_ws_jsc_poll(egret_ws_jsc *self, int32_t timeout_ms);

/* How many sockets are connecting, open or closing. */
size_t egret_ws_jsc_live(const egret_ws_jsc *self);

/* Frees the loop and every socket of it without further events. What the game still does with its objects fails as on a
 * broken connection. EGRET_WS_ERR_REENTRANT inside a poll: nothing was freed then. */
int32_t egret_ws_jsc_free(egret_ws_jsc *self);

#ifdef __cplusplus
}
#endif

#endif
