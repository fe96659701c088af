/*
 * egret_ws_host.h - the common part of the glue for all JavaScript engines: a loop, its sockets by id, and the host functions of
 * egret_ws.js.
 *
 * A glue compiles egret_ws_host.c, converts the values of its engine, and calls these functions with C values. There is one
 * function for each host function of egret_ws.js: `open` calls egret_ws_host_open, and so on. In the other direction, the glue
 * passes a table of functions (egret_ws_host_events), one for each function of `events` in egret_ws.js.
 *
 * A glue must
 *   - call each function of `events` as a task: no other JavaScript is on the stack, and a microtask checkpoint follows before the
 *     next call;
 *   - make sure that egret_ws_host_poll is called soon after host.wake, in the next frame or after egret_ws_host_next_poll_ms, and
 *     never inside a host function;
 *   - pass exceptions of `events` to the shell and continue with the events of other sockets;
 *   - pass strings with all their characters, including NUL, and as valid UTF-8;
 *   - get the bytes of a view from the engine, and not from properties of the object, and refuse memory that other threads write to;
 *   - keep the functions of `events` and all other references in its own handles from its start to its end, and look up nothing
 *     for a message;
 *   - refuse to be freed inside a poll, and make sure that the host functions do nothing after the end;
 *   - pass egret_ws_host_options and egret_ws_host_loop to the shell.
 *
 * Call all functions on the thread of the JavaScript engine.
 */
#ifndef EGRET_WS_HOST_H
#define EGRET_WS_HOST_H

#include <egret_ws.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct egret_ws_host egret_ws_host;

/* The functions of `events` in egret_ws.js, and their names there. */
typedef enum egret_ws_host_event {
    EGRET_WS_HOST_CONNECTED,
    EGRET_WS_HOST_TEXT,
    EGRET_WS_HOST_BINARY,
    EGRET_WS_HOST_RETRYING,
    EGRET_WS_HOST_DRAINED,
    EGRET_WS_HOST_FAILED,
    EGRET_WS_HOST_CLOSED,
    EGRET_WS_HOST_TASK,
    EGRET_WS_HOST_FRAME,
    EGRET_WS_HOST_ASKED,
    EGRET_WS_HOST_EVENT_COUNT
} egret_ws_host_event;
extern const char *const egret_ws_host_event_names[EGRET_WS_HOST_EVENT_COUNT];

/*
 * Functions of the glue that call `events` of egret_ws.js. They run only inside egret_ws_host_poll. `engine` is the pointer
 * that was passed to egret_ws_host_new. Pointers are valid until the function returns.
 *
 * Each call is one task in the sense of an event loop: the glue calls the function of `events` with no other JavaScript on the
 * stack, and performs a microtask checkpoint after it. Then promise jobs of a handler run before the next event.
 */
typedef struct egret_ws_host_events {
    /* events.connected. Both texts end in a NUL. */
    void (*connected)(void *engine, int64_t id, const char *subprotocol, const char *extensions);
    /* events.text. `utf8` is valid UTF-8, and is followed by a NUL. False: the engine has no memory for the message. */
    bool (*text)(void *engine, int64_t id, const char *utf8, size_t len);
    /* events.binary. False: the engine has no memory for the message. */
    bool (*binary)(void *engine, int64_t id, const uint8_t *data, size_t len);
    /* events.retrying: the connection was lost or could not be made, and is made again after `delay_ms` (UINT32_MAX: after a
     * resume). */
    void (*retrying)(void *engine, int64_t id, const egret_ws_close_info *info, uint32_t delay_ms);
    /* events.drained, after egret_ws_host_notify_drain. */
    void (*drained)(void *engine, int64_t id);
    /* events.failed: the end of the connection was not clean. `closed` follows immediately. */
    void (*failed)(void *engine, int64_t id, const egret_ws_close_info *info);
    /* events.closed: the last call with this id. */
    void (*closed)(void *engine, int64_t id, const egret_ws_close_info *info);
    /* events.task: runs one task of egret_ws.js. */
    void (*task)(void *engine);
    /* events.frame, for a socket with the option `frames`: the numbers of egret_ws_on_frame_fn. */
    void (*frame)(void *engine, int64_t id, int32_t direction, uint32_t opcode, uint32_t flags, uint64_t length);
    /* events.asked: the question of a hook. The script answers with egret_ws_host_answer and this ticket. Both texts end in a
     * NUL. */
    void (*asked)(void *engine, int64_t ticket, const char *hook, const char *text);
} egret_ws_host_events;

/* Hooks that a script can answer instead of on_resolve and on_proxy of egret_ws_hooks. In egret_ws.js: `resolve` and
 * `findProxy`. */
#define EGRET_WS_HOST_RESOLVE 1u
#define EGRET_WS_HOST_FIND_PROXY 2u

/* Options of a host. Zeros are the defaults. */
typedef struct egret_ws_host_options {
    /* The loop's options: the driver, the log, the budget of a poll. NULL: the defaults. Read by egret_ws_host_new only. */
    const egret_ws_loop_options *loop;
    /*
     * Called for each socket that a script creates, after the options of the script were applied. So the shell decides about
     * headers, Origin, cookies, authorities, pins, proxy, heartbeat, limits and reconnecting. `url` is normalised. A result other
     * than EGRET_WS_OK refuses the socket with this error (a positive one with EGRET_WS_ERR_UNSUPPORTED); README.md describes how
     * the script gets it. `options->headers` contains the headers of the script; to add others, copy them to a new array. The
     * pointers that this function sets must stay valid until its next call. The host ignores its values of `user`, `on_connect`,
     * `on_message`, `on_close`, `on_retry`, `on_drain`, `on_frame` and `release_user`, because these fields belong to the host.
     * NULL: not called.
     */
    egret_ws_error_t (*configure)(void *user, const char *url, egret_ws_options *options);
    /* Passed to `configure`. */
    void *user;
    /* True: if a script passes options for a socket, the socket is refused with EGRET_WS_ERR_UNSUPPORTED. */
    bool refuse_script_options;
    /*
     * The hooks that the script answers: EGRET_WS_HOST_RESOLVE, EGRET_WS_HOST_FIND_PROXY. Hooks of `loop` for the same question
     * take precedence. Then `install` of egret_ws.js throws an Error that says so, as it does for a hook that is not set here.
     */
    uint32_t script_hooks;
} egret_ws_host_options;

/*
 * Creates a loop. `options` may be NULL. `events` must stay valid as long as the host. Errors: as for egret_ws_loop_new.
 */
int32_t egret_ws_host_new(const egret_ws_host_options *options, const egret_ws_host_events *events, void *engine,
                          egret_ws_host **out);

/*
 * The loop, for egret_ws_loop_suspend, _resume, _network_changed, _descriptor, _next_poll_ms and _set_wakeup. Only
 * egret_ws_host_poll may poll it, and only egret_ws_host_free_loop may free it. NULL once it is freed.
 */
egret_ws_loop *egret_ws_host_loop(const egret_ws_host *host);

/*
 * Frees the loop and every socket, without further events. Afterwards every other function returns EGRET_WS_ERR_BAD_HANDLE, or 0
 * if it returns an amount. Errors: as for egret_ws_loop_free; after EGRET_WS_ERR_REENTRANT nothing was freed.
 */
int32_t egret_ws_host_free_loop(egret_ws_host *host);

/* Frees the loop, if it is not freed yet, and the host. Do not call it inside a poll. NULL does nothing. */
void egret_ws_host_free(egret_ws_host *host);

/*
 * Delivers the pending events: first the tasks of egret_ws.js that waited before the call, then the events of the loop, then the
 * questions of hooks that the script answers. It waits `timeout_ms` (see egret_ws_loop_poll) only if there was no task. Returns
 * the number of callbacks, tasks and questions, or an error: EGRET_WS_ERR_REENTRANT inside a poll, otherwise an
 * error of egret_ws_loop_poll.
 */
int32_t egret_ws_host_poll(egret_ws_host *host, int32_t timeout_ms);
/*
 * Like egret_ws_loop_next_poll_ms, for a shell that waits for the descriptor of the loop: the maximum number of milliseconds
 * until the next poll. It is 0 while a task waits. It is at most 50 while egret_ws_host_is_draining, because no descriptor or
 * wake-up reports the end of that state.
 */
int32_t egret_ws_host_next_poll_ms(const egret_ws_host *host);
bool egret_ws_host_is_polling(const egret_ws_host *host);

/* host.wake: one task of egret_ws.js waits for the next poll. The glue also makes sure that a poll comes soon. */
void egret_ws_host_wake(egret_ws_host *host);
/* The number of pending tasks of egret_ws.js. */
size_t egret_ws_host_tasks(const egret_ws_host *host);

/* The number of sockets that are connecting, open or closing. */
size_t egret_ws_host_sockets(const egret_ws_host *host);

/*
 * The host functions. GLUE.md describes them, and the results that egret_ws.js expects. For an unknown id they return
 * EGRET_WS_ERR_BAD_HANDLE. For a text that is NULL, because the value was not a string or contained a NUL, they return
 * EGRET_WS_ERR_INVALID_ARGUMENT. The functions that send return the length of the message in bytes. `options` has `options_len`
 * bytes: for each option a name, NUL, a value, NUL.
 */
int64_t egret_ws_host_open(egret_ws_host *host, const char *url, const char *protocols, const char *options,
                           size_t options_len);
int32_t egret_ws_host_send_text(egret_ws_host *host, int64_t id, const char *utf8, size_t len);
int32_t egret_ws_host_send_binary(egret_ws_host *host, int64_t id, const uint8_t *data, size_t len);
int32_t egret_ws_host_close(egret_ws_host *host, int64_t id, int64_t code, const char *reason, size_t len);
int64_t egret_ws_host_buffered_amount(egret_ws_host *host, int64_t id);
/*
 * host.notifyDrain: calls `drained` once, in the first poll at whose end at most `bytes` payload bytes wait to be written.
 */
int32_t egret_ws_host_notify_drain(egret_ws_host *host, int64_t id, int64_t bytes);
bool egret_ws_host_is_draining(const egret_ws_host *host);
/* Returns a copy for free(), or NULL if the URL is invalid or there is no memory. If `host` is NULL, the library has the reason. */
char *egret_ws_host_normalize_url(egret_ws_host *host, const char *url);
/* Returns, for each statistic, a name, NUL, a number, NUL; for free(). NULL if there are none, or no memory. Sets `*len`. */
char *egret_ws_host_stats(egret_ws_host *host, int64_t id, size_t *len);
/*
 * host.text: returns a text of the socket, for free(). NULL if it is empty, if no text has this name, or if there is no memory.
 * With the id 0 and the name `hooks` it returns the names of the hooks that the script answers, each followed by a space.
 */
char *egret_ws_host_text(egret_ws_host *host, int64_t id, const char *name, size_t *len);
/* host.bytes: returns bytes of the socket, for free(). `index` selects a certificate. NULL: see egret_ws_host_text. */
uint8_t *egret_ws_host_bytes(egret_ws_host *host, int64_t id, const char *name, int64_t index, size_t *len);
/*
 * host.answer: answers `asked`; see egret_ws_resolved and egret_ws_proxy_found. After an error other than
 * EGRET_WS_ERR_BAD_HANDLE the question is still open.
 */
int32_t egret_ws_host_answer(egret_ws_host *host, int64_t ticket, const char *list);
/* The reason of the last error that one of these functions returned. Valid until the next call. */
const char *egret_ws_host_last_error(const egret_ws_host *host);

#ifdef __cplusplus
}
#endif

#endif
