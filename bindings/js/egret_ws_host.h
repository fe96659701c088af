/*
 * egret_ws_host.h - the part of a glue that is the same for every JavaScript engine: a loop, its sockets by id, and the host
 * functions of egret_ws.js.
 *
 * A glue compiles egret_ws_host.c, converts the values of its engine, and calls these functions with C values. Each host
 * function of egret_ws.js has one here: `open` calls egret_ws_host_open, and so on. In the other direction, the glue gives a
 * table of functions (egret_ws_host_events), one for each function of `events` in egret_ws.js.
 *
 * Call all functions on the thread of the JavaScript engine.
 */
#ifndef EGRET_WS_HOST_H
#define EGRET_WS_HOST_H

#include <egret_ws.h>
#include <stdbool.h>

typedef struct egret_ws_host egret_ws_host;

/*
 * Functions of the glue that call `events` of egret_ws.js. They run inside egret_ws_host_poll only. `engine` is the pointer
 * that was given to egret_ws_host_new; pointers are valid until the function returns.
 */
typedef struct egret_ws_host_events {
    /* events.connected. Both texts end in a NUL. */
    void (*connected)(void *engine, int64_t id, const char *subprotocol, const char *extensions);
    /* events.text. `utf8` is valid UTF-8, without a NUL at its end. False: the engine has no memory for the message. */
    bool (*text)(void *engine, int64_t id, const char *utf8, size_t len);
    /* events.binary. False: the engine has no memory for the message. */
    bool (*binary)(void *engine, int64_t id, const uint8_t *data, size_t len);
    /* events.closed: the last call with this id. */
    void (*closed)(void *engine, int64_t id, const egret_ws_close_info *info);
    /* events.poll: how many events it delivered. */
    int32_t (*poll)(void *engine);
} egret_ws_host_events;

/*
 * Makes a loop with `options` (NULL: the defaults). `events` must stay valid as long as the host.
 * Errors: those of egret_ws_loop_new.
 */
int32_t egret_ws_host_new(const egret_ws_loop_options *options, const egret_ws_host_events *events, void *engine,
                          egret_ws_host **out);

/*
 * Frees the loop and every socket, without further events. Afterwards every other function returns EGRET_WS_ERR_BAD_HANDLE,
 * or 0 where it returns an amount. Errors: those of egret_ws_loop_free; after EGRET_WS_ERR_REENTRANT nothing was freed.
 */
int32_t egret_ws_host_free_loop(egret_ws_host *host);

/* Frees the loop if that was not done, and the host. Not inside a poll. NULL does nothing. */
void egret_ws_host_free(egret_ws_host *host);

/*
 * Delivers the events that are due: first those of egret_ws.js, then those of the loop. It waits `timeout_ms` (see
 * egret_ws_loop_poll) only if egret_ws.js had none. Returns how many callbacks and events there were, or an error:
 * EGRET_WS_ERR_REENTRANT inside a poll, else those of egret_ws_loop_poll.
 */
int32_t egret_ws_host_poll(egret_ws_host *host, int32_t timeout_ms);
bool egret_ws_host_is_polling(const egret_ws_host *host);

/* How many sockets are connecting, open or closing. */
size_t egret_ws_host_sockets(const egret_ws_host *host);

/*
 * The host functions. README.md describes them, and the results that egret_ws.js expects. An unknown id gives
 * EGRET_WS_ERR_BAD_HANDLE. A NULL for a text is EGRET_WS_ERR_INVALID_ARGUMENT: the value was not a string, or not one that
 * ends at its first NUL. `lastError` of egret_ws.js is egret_ws_last_error_message.
 */
int64_t egret_ws_host_open(egret_ws_host *host, const char *url, const char *protocols);
int32_t egret_ws_host_send_text(egret_ws_host *host, int64_t id, const char *utf8, size_t len);
int32_t egret_ws_host_send_binary(egret_ws_host *host, int64_t id, const uint8_t *data, size_t len);
int32_t egret_ws_host_close(egret_ws_host *host, int64_t id, int64_t code, const char *reason, size_t len);
int64_t egret_ws_host_buffered_amount(egret_ws_host *host, int64_t id);
/* A copy for free(), or NULL: the URL is invalid, or there is no memory. */
char *egret_ws_host_normalize_url(const char *url);

#endif
