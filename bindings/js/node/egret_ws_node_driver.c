/*
 * The driver: it polls the loop of a Host, and manages the lifetime of a Host.
 *
 * libuv polls when the loop's descriptor is readable, or, if the loop has no descriptor, after its wake-up callback was called. A
 * timer polls at the loop's next deadline (a heartbeat, a time-out). So an idle loop costs nothing. A send outside an event is
 * written by the call itself; then the library makes the descriptor readable, because the next deadline may have changed.
 *
 * libuv closes a handle in a later turn of its loop. So the memory of a Host, which contains the handles, is freed after the object
 * was collected and the handles are closed. The cleanup hook of the environment (the process, a worker) waits for that.
 */
#include "egret_ws_node.h"

#include <stdlib.h>

/* Other work of the process waits at most this long. The next poll continues in the next turn of libuv's loop. */
static const uint32_t poll_us = 1000;
/* While egret_ws_host_is_draining, the host polls after this time, because a loop with a thread does not report written bytes. */
static const int32_t drain_poll_ms = 50;

static bool is_libuv(const node_host *node) {
    return node->driver == DRIVER_DESCRIPTOR || node->driver == DRIVER_WAKEUP;
}

/* The end */

static void free_if_done(node_host *node) {
    if (!node->is_collected || node->open_handles > 0) return;
    egret_ws_host_free(node->host);
    free(node->scratch);
    free(node);
}

/* Lets the environment continue to end. */
static void remove_cleanup_hook(node_host *node) {
    if (node->cleanup_hook) napi_remove_async_cleanup_hook(node->cleanup_hook);
    node->cleanup_hook = NULL;
}

static void on_handle_closed(uv_handle_t *handle) {
    node_host *node = handle->data;
    if (--node->open_handles > 0) return;
    remove_cleanup_hook(node);
    free_if_done(node);
}

void node_driver_end(node_host *node) {
    const node_driver driver = node->driver;
    if (driver == DRIVER_ENDED) return;
    if (egret_ws_host_is_polling(node->host)) {
        node->free_after_poll = true;
        return;
    }
    /* The loop closes its descriptor, and calls its wake-up callback until it is freed. */
    if (driver == DRIVER_DESCRIPTOR) uv_close(&node->watcher.handle, on_handle_closed);
    egret_ws_host_free_loop(node->host);
    if (driver == DRIVER_WAKEUP) uv_close(&node->watcher.handle, on_handle_closed);
    if (is_libuv(node)) uv_close((uv_handle_t *)&node->timer, on_handle_closed);
    else remove_cleanup_hook(node);
    node->driver = DRIVER_ENDED;
    node_driver_update(node);
    node_memory_release(&node->memory);
}

static void on_environment_end(napi_async_cleanup_hook_handle hook, void *user) {
    (void)hook;
    node_driver_end(user);
}

void node_driver_collect(node_host *node) {
    node_driver_end(node);
    if (node->self) napi_delete_reference(node->env, node->self);
    node_forget_listeners(node);
    if (node->async_context) napi_async_destroy(node->env, node->async_context);
    node->self = NULL;
    node->is_collected = true;
    free_if_done(node);
}

/* Polling */

static void on_timer(uv_timer_t *timer);

/* An inline loop has its own deadlines; only a loop with a thread needs polls for `drained`. */
static bool polls_for_drain(const node_host *node) {
    return !node->is_inline && egret_ws_host_is_draining(node->host);
}

static int32_t next_poll_ms(const node_host *node) {
    if (egret_ws_host_tasks(node->host) > 0) return 0;
    if (polls_for_drain(node)) return drain_poll_ms;
    return egret_ws_loop_next_poll_ms(egret_ws_host_loop(node->host));
}

/* A timer that is too early is not changed: it fires once, and is then set again. */
static void set_timer(node_host *node, int32_t ms) {
    if (ms < 0 || ms == INT32_MAX) return;
    if (uv_is_active((uv_handle_t *)&node->timer) && uv_timer_get_due_in(&node->timer) <= (uint64_t)ms) return;
    uv_timer_start(&node->timer, on_timer, (uint64_t)ms, 0);
}

void node_driver_update(node_host *node) {
    if (egret_ws_host_is_polling(node->host)) return;
    const size_t waiting = egret_ws_host_sockets(node->host) + egret_ws_host_tasks(node->host);
    const bool is_live = is_libuv(node) && waiting > 0;
    if (is_live != node->is_live) {
        node->is_live = is_live;
        if (is_live) napi_reference_ref(node->env, node->self, NULL);
        else napi_reference_unref(node->env, node->self, NULL);
    }
    if (!is_libuv(node)) return;
    if (is_live && node->is_referenced) uv_ref(&node->watcher.handle);
    else uv_unref(&node->watcher.handle);
    if (egret_ws_host_tasks(node->host) > 0 || polls_for_drain(node)) set_timer(node, next_poll_ms(node));
}

int32_t node_driver_poll(node_host *node, int32_t timeout_ms) {
    const int32_t result = egret_ws_host_poll(node->host, timeout_ms);
    if (result < 0 || node->free_after_poll) {
        node_driver_end(node);
        return result;
    }
    const int32_t memory_ms = node_memory_update(&node->memory);
    if (is_libuv(node)) set_timer(node, memory_ms);
    node_driver_update(node);
    return result;
}

static void poll_from_libuv(node_host *node) {
    napi_handle_scope scope;
    if (!OK(napi_open_handle_scope(node->env, &scope))) return;
    const uint64_t end = uv_hrtime() + poll_us * 1000;
    int32_t ms, result;
    /* If a poll has read only a part of the data, the next poll must read the rest, although the descriptor is not readable. */
    do {
        result = node_driver_poll(node, 0);
        ms = is_libuv(node) ? next_poll_ms(node) : INT32_MAX;
    } while (ms == 0 && uv_hrtime() < end);
    set_timer(node, ms);
    if (result < 0) {
        node_throw_error(node->env, result);
        node_report_exception(node->env);
    }
    napi_close_handle_scope(node->env, scope);
}

static void on_timer(uv_timer_t *timer) {
    poll_from_libuv(timer->data);
}

static void on_readable(uv_poll_t *descriptor, int status, int events) {
    (void)status, (void)events;
    poll_from_libuv(descriptor->data);
}

static void on_async(uv_async_t *wakeup) {
    poll_from_libuv(wakeup->data);
}

/* Runs on the I/O thread. */
static void on_wakeup(void *user) {
    node_host *node = user;
    uv_async_send(&node->watcher.wakeup);
}

/* The beginning */

static int32_t new_loop(node_host *node, const node_settings *settings, bool is_inline) {
    node->is_inline = is_inline;
    return node_new_host(node, settings, settings->driver != DRIVER_APPLICATION ? poll_us : 0);
}

static int32_t watch_descriptor(node_host *node, uv_loop_t *uv) {
    const int32_t descriptor = egret_ws_loop_descriptor(egret_ws_host_loop(node->host));
    if (descriptor < 0) return descriptor;
    if (uv_poll_init(uv, &node->watcher.descriptor, descriptor) != 0) return EGRET_WS_ERR_NO_RESOURCES;
    uv_poll_start(&node->watcher.descriptor, UV_READABLE, on_readable);
    node->driver = DRIVER_DESCRIPTOR;
    return EGRET_WS_OK;
}

static int32_t watch_wakeup(node_host *node, uv_loop_t *uv) {
    if (uv_async_init(uv, &node->watcher.wakeup, on_async) != 0) return EGRET_WS_ERR_NO_RESOURCES;
    node->driver = DRIVER_WAKEUP;
    node->watcher.handle.data = node;
    return egret_ws_loop_set_wakeup(egret_ws_host_loop(node->host), on_wakeup, node);
}

static int32_t watch(node_host *node, const node_settings *settings) {
    uv_loop_t *uv;
    int32_t result = EGRET_WS_ERR_UNSUPPORTED;
    if (!OK(napi_get_uv_event_loop(node->env, &uv))) return EGRET_WS_ERR_INTERNAL;
    if (settings->driver == DRIVER_DESCRIPTOR) result = watch_descriptor(node, uv);
    if (result == EGRET_WS_ERR_UNSUPPORTED && settings->is_inline) {
        /* An inline loop has no thread that could call the wake-up callback. */
        egret_ws_host_free(node->host);
        node->host = NULL;
        result = new_loop(node, settings, false);
        if (result != EGRET_WS_OK) return result;
        result = EGRET_WS_ERR_UNSUPPORTED;
    }
    if (result == EGRET_WS_ERR_UNSUPPORTED) result = watch_wakeup(node, uv);
    if (!is_libuv(node)) return result;
    uv_timer_init(uv, &node->timer);
    uv_unref((uv_handle_t *)&node->timer);
    node->timer.data = node->watcher.handle.data = node;
    node->open_handles = 2;
    return result;
}

int32_t node_driver_start(node_host *node, const node_settings *settings) {
    node->is_referenced = true;
    node->driver = DRIVER_ENDED;
    int32_t result = new_loop(node, settings, settings->is_inline);
    if (result != EGRET_WS_OK) return result;
    if (settings->driver == DRIVER_APPLICATION) node->driver = DRIVER_APPLICATION;
    else result = watch(node, settings);
    if (result != EGRET_WS_OK) return result;
    node_driver_update(node);
    if (OK(napi_add_async_cleanup_hook(node->env, on_environment_end, node, &node->cleanup_hook))) return EGRET_WS_OK;
    return EGRET_WS_ERR_INTERNAL;
}
