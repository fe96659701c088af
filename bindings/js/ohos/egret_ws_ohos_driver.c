/*
 * The driver for HarmonyOS, which replaces ../node/egret_ws_node_driver.c. The loop has an I/O thread. Its wake-up callback,
 * which is also called when the budget has ended a poll, calls a thread-safe function, and that function polls. Handles of
 * libuv cannot do this here, because the main loop of an application does not run libuv's loop in the way that they need.
 *
 * No wake-up reports a drained send queue (egret_ws_host_notify_drain): install.js has a timer for this.
 */
#include "../node/egret_ws_node.h"

#include <stdlib.h>

/* The user interface is drawn on this thread. After this time, the remaining events wait for another task. */
static const uint32_t poll_us = 1000;

/* The end */

static void on_environment_end(void *user) {
    node_driver_end(user);
}

void node_driver_end(node_host *node) {
    const bool has_wakeup = node->driver == DRIVER_WAKEUP;
    if (node->driver == DRIVER_ENDED) return;
    if (egret_ws_host_is_polling(node->host)) {
        node->free_after_poll = true;
        return;
    }
    node->driver = DRIVER_ENDED;
    /* Free the loop first, so that its thread no longer calls the function. */
    egret_ws_host_free_loop(node->host);
    if (has_wakeup) napi_release_threadsafe_function(node->wakeup, napi_tsfn_abort);
    node_driver_update(node);
    napi_remove_env_cleanup_hook(node->env, on_environment_end, node);
}

void node_driver_collect(node_host *node) {
    node_driver_end(node);
    if (node->self) napi_delete_reference(node->env, node->self);
    node_forget_listeners(node);
    if (node->async_context) napi_async_destroy(node->env, node->async_context);
    egret_ws_host_free(node->host);
    free(node->scratch);
    free(node);
}

/* Polling */

/* Runs on any thread. The queue has one place, because one waiting call is enough. */
static void request_poll(void *user) {
    const node_host *node = user;
    napi_call_threadsafe_function(node->wakeup, NULL, napi_tsfn_nonblocking);
}

void node_driver_update(node_host *node) {
    const size_t tasks = egret_ws_host_tasks(node->host);
    const bool is_live = node->driver == DRIVER_WAKEUP && egret_ws_host_sockets(node->host) + tasks > 0;
    if (is_live != node->is_live) {
        node->is_live = is_live;
        if (is_live) napi_reference_ref(node->env, node->self, NULL);
        else napi_reference_unref(node->env, node->self, NULL);
    }
    if (node->driver != DRIVER_WAKEUP) return;
    if (is_live && node->is_referenced) napi_ref_threadsafe_function(node->env, node->wakeup);
    else napi_unref_threadsafe_function(node->env, node->wakeup);
    if (tasks > 0) request_poll(node);
}

int32_t node_driver_poll(node_host *node, int32_t timeout_ms) {
    const int32_t result = egret_ws_host_poll(node->host, timeout_ms);
    if (result < 0 || node->free_after_poll) node_driver_end(node);
    else node_driver_update(node);
    return result;
}

/* Runs when the thread-safe function was called. */
static void on_requested(napi_env env, napi_value function, void *context, void *data) {
    node_host *node = context;
    napi_handle_scope scope;
    (void)function, (void)data;
    /* If there is no environment, the function is being freed, and the Host may be freed already. */
    if (!env || node->driver != DRIVER_WAKEUP || !OK(napi_open_handle_scope(env, &scope))) return;
    const int32_t result = node_driver_poll(node, 0);
    if (result < 0) {
        node_throw_error(env, result);
        node_report_exception(env);
    }
    napi_close_handle_scope(env, scope);
}

/* The beginning */

static int32_t watch_wakeup(node_host *node) {
    napi_value name;
    if (!OK(napi_create_string_latin1(node->env, "egret_ws", NAPI_AUTO_LENGTH, &name)) ||
        !OK(napi_create_threadsafe_function(node->env, NULL, NULL, name, 1, 1, NULL, NULL, node, on_requested, &node->wakeup)))
        return EGRET_WS_ERR_NO_RESOURCES;
    node->driver = DRIVER_WAKEUP;
    return egret_ws_loop_set_wakeup(egret_ws_host_loop(node->host), request_poll, node);
}

int32_t node_driver_start(node_host *node, const node_settings *settings) {
    const bool is_polled = settings->driver == DRIVER_APPLICATION;
    node->is_referenced = true;
    node->driver = DRIVER_ENDED;
    /* An inline loop has no thread that could call the wake-up callback. */
    node->is_inline = settings->is_inline && is_polled;
    int32_t result = node_new_host(node, settings, is_polled ? 0 : poll_us);
    if (result != EGRET_WS_OK) return result;
    if (is_polled) node->driver = DRIVER_APPLICATION;
    else result = watch_wakeup(node);
    if (result != EGRET_WS_OK) return result;
    node_driver_update(node);
    return OK(napi_add_env_cleanup_hook(node->env, on_environment_end, node)) ? EGRET_WS_OK : EGRET_WS_ERR_INTERNAL;
}
