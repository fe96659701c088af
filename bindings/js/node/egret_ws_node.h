/*
 * egret_ws_node.h - the internal header of the Node-API glue. The addon exports one function, createHost. It returns a Host, an
 * object with the host functions of egret_ws.js: a loop and its sockets.
 *
 *   egret_ws_node.c          the module, and the functions of a Host
 *   egret_ws_node_values.c   conversions of values
 *   egret_ws_node_memory.c   the memory of large messages
 *   egret_ws_node_events.c   calls of `events` of egret_ws.js
 *   egret_ws_node_driver.c   polls: by handles of libuv, or by the application; the lifetime of a Host
 *
 * A Host is collected like any other object when nothing refers to it: the references to the functions of `events` are weak,
 * because the object itself refers to them. The Host is kept alive only while there are sockets or tasks, and libuv polls. The
 * native part is the data of each function of the Host, because a look-up by `this` is slower. So it lives until the object
 * and all of its functions were collected.
 */
#ifndef EGRET_WS_NODE_H
#define EGRET_WS_NODE_H

#define NAPI_VERSION 8
#include "../egret_ws_host.h"

#include <node_api.h>
#ifndef __OHOS__
#include <uv.h>
#endif

#define OK(call) ((call) == napi_ok)
#define COUNT(array) (sizeof(array) / sizeof *(array))

/* The part that polls the loop, and so delivers the events. */
typedef enum node_driver {
    DRIVER_APPLICATION, /* calls of `poll` */
    DRIVER_DESCRIPTOR,  /* libuv, when the loop's descriptor is readable */
    DRIVER_WAKEUP,      /* libuv, after the loop's wake-up callback has requested it: on Windows */
    DRIVER_ENDED        /* none: the loop was freed */
} node_driver;

/* See egret_ws_node_memory.c. */
#if defined(__GLIBC__) && !defined(__OHOS__)
#define NODE_KEEPS_MEMORY
#endif
typedef struct node_memory {
    size_t bytes;            /* the bytes of large messages since the last pause, counted up to burst_bytes */
    bool is_recent;          /* a large message was received since the last update */
    uint64_t pause_began_ms; /* the time of the last update that saw a large message */
} node_memory;

/* The native part of a Host object. */
typedef struct node_host {
    napi_env env;
    egret_ws_host *host;
    napi_ref self;                   /* strong while is_live */
    napi_ref functions[EGRET_WS_HOST_EVENT_COUNT]; /* weak; NULL before `listen` */
    napi_ref after_event;            /* weak; runs the jobs of an event, where napi_make_callback does not */
    napi_ref allow;                  /* weak; called with the URL of a new socket */
    napi_async_context async_context;
    napi_async_cleanup_hook_handle cleanup_hook; /* NULL after its removal */
    node_driver driver;
    bool is_inline;      /* the loop has no I/O thread */
    bool is_live;        /* there are sockets or tasks, and libuv polls */
    bool is_referenced;  /* a live Host keeps the process alive: see ref and unref */
    bool is_called;      /* JavaScript called the running poll and is on the stack */
    bool free_after_poll;
    unsigned holders;    /* objects that refer to this struct: the Host and its functions */
    bool is_collected;   /* all of these objects were collected */
#ifdef __OHOS__
    napi_threadsafe_function wakeup; /* see ../ohos/egret_ws_ohos_driver.c */
#else
    unsigned open_handles; /* open handles of libuv, whose memory is in this struct */
    uv_timer_t timer;
    union {
        uv_handle_t handle;
        uv_poll_t descriptor; /* DRIVER_DESCRIPTOR */
        uv_async_t wakeup;    /* DRIVER_WAKEUP */
    } watcher;
#endif
    char *scratch; /* memory for the UTF-8 of a string; NULL before the first string */
    node_memory memory;
} node_host;

/* Values */

napi_value node_number(napi_env env, int64_t value);
napi_value node_text(napi_env env, const char *utf8, size_t len);
/* Returns an ArrayBuffer with a copy of the bytes; NULL if the engine cannot create it. */
napi_value node_array_buffer(napi_env env, const uint8_t *data, size_t len);
/*
 * Returns a string as UTF-8 in the scratch memory of the Host, or, if it is very long, in `*copy`, for free(). Valid until the next
 * call. NULL if the value is not a string.
 */
const char *node_utf8_in(node_host *node, napi_value value, size_t *len, char **copy);
/* Returns a string as UTF-8 that ends in a NUL, for free(); NULL if the value is not a string. */
char *node_utf8_of(napi_env env, napi_value value, size_t *len);
/* Like node_utf8_of, but returns NULL for a string that contains a NUL, because C would read only the part before it. */
char *node_c_string_of(napi_env env, napi_value value);
/* Gets the bytes of an ArrayBuffer or of a view. False for any other value, including a SharedArrayBuffer, to which other threads
 * may write. */
bool node_bytes_of(napi_env env, napi_value value, const uint8_t **data, size_t *len);

/* Memory */

/* Binary messages of at least this size are large: their memory is not filled with zeros, and is kept between messages. */
#define NODE_LARGE_BYTES ((size_t)16 * 1024)

#ifdef NODE_KEEPS_MEMORY
/* Call it for each large message, before its buffer is allocated. */
void node_memory_received(node_memory *memory, size_t len);
/* Call it after each poll. Returns the maximum number of milliseconds until the next call. */
int32_t node_memory_update(node_memory *memory);
/* Call it at the end of the Host. */
void node_memory_release(node_memory *memory);
#else
static inline void node_memory_received(node_memory *memory, size_t len) {
    (void)memory, (void)len;
}
static inline int32_t node_memory_update(node_memory *memory) {
    (void)memory;
    return INT32_MAX;
}
static inline void node_memory_release(node_memory *memory) {
    (void)memory;
}
#endif

/* Events */

extern const egret_ws_host_events node_host_events;
/* Stores the functions of `events`, and the two others, which may be undefined. False: a function of `events` is missing. */
bool node_listen(node_host *node, napi_value events, napi_value after_event, napi_value allow);
void node_forget_listeners(node_host *node);
/* The `configure` of egret_ws_host_options. It calls `allow`; every result except true refuses the URL. */
egret_ws_error_t node_configure(void *node, const char *url, egret_ws_options *options);
/* Passes the pending exception to process.on('uncaughtException'). */
bool node_report_exception(napi_env env);

/* The driver */

/* The settings of a Host. */
typedef struct node_settings {
    node_driver driver; /* where descriptors are not supported, DRIVER_DESCRIPTOR means DRIVER_WAKEUP */
    bool is_inline, closes_on_suspend, refuses_script_options, forgets_tls_sessions;
    uint32_t hooks; /* script_hooks of egret_ws_host_options */
} node_settings;

/* Creates the loop, without its handles of libuv. `poll_us` is the budget of a poll; 0 means no budget. */
int32_t node_new_host(node_host *node, const node_settings *settings, uint32_t poll_us);

/* Creates the loop, and the handles of libuv. */
int32_t node_driver_start(node_host *node, const node_settings *settings);
/* Polls once. Do not call it inside a poll, or after the loop was freed. `timeout_ms`: see egret_ws_loop_poll. */
int32_t node_driver_poll(node_host *node, int32_t timeout_ms);
/* Call it after each call that may have changed the number of sockets or tasks. Inside a poll it does nothing; the poll calls it at
 * its end. */
void node_driver_update(node_host *node);
/* Frees the loop and closes the handles; inside a poll, after the poll. */
void node_driver_end(node_host *node);
/* Frees the native part: immediately, or when libuv has closed the handles. */
void node_driver_collect(node_host *node);

/* Throws an error whose `code` is the name of `error`, and whose `message` is the name and the reason. */
void node_throw_reason(napi_env env, int32_t error, const char *reason);
/* Like node_throw_reason, for an error that the library has just returned. */
void node_throw_error(napi_env env, int32_t error);

#endif
