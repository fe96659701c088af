/*
 * Calls of `events` of egret_ws.js. Each call is one task: napi_make_callback then runs the jobs of process.nextTick and the
 * microtasks, if no other JavaScript is on the stack. If JavaScript called the poll, that JavaScript is on the stack, so
 * `after_event` is called after each event to run them.
 */
#include "egret_ws_node.h"

#include <string.h>

/* Listening */

/* Returns a weak reference to object[name]; NULL if that is not a function. */
static napi_ref reference_to(napi_env env, napi_value object, const char *name) {
    napi_value function;
    napi_valuetype type;
    napi_ref reference = NULL;
    if (!OK(napi_get_named_property(env, object, name, &function)) || !OK(napi_typeof(env, function, &type))) return NULL;
    if (type == napi_function) napi_create_reference(env, function, 0, &reference);
    return reference;
}

bool node_listen(node_host *node, napi_value events, napi_value after_event, napi_value allow) {
    napi_value self = NULL;
    size_t i;
    if (!OK(napi_get_reference_value(node->env, node->self, &self)) || !self) return false;
    node_forget_listeners(node);
    /* The object refers to the functions, so they live as long as it does. */
    if (!OK(napi_set_named_property(node->env, self, "events", events))) return false;
    if (!OK(napi_set_named_property(node->env, self, "afterEvent", after_event))) return false;
    if (!OK(napi_set_named_property(node->env, self, "allow", allow))) return false;
    for (i = 0; i < EGRET_WS_HOST_EVENT_COUNT; i++) {
        node->functions[i] = reference_to(node->env, events, egret_ws_host_event_names[i]);
        if (!node->functions[i]) return false;
    }
    node->after_event = reference_to(node->env, self, "afterEvent");
    node->allow = reference_to(node->env, self, "allow");
    return true;
}

static void forget(napi_env env, napi_ref *reference) {
    if (*reference) napi_delete_reference(env, *reference);
    *reference = NULL;
}

void node_forget_listeners(node_host *node) {
    size_t i;
    for (i = 0; i < EGRET_WS_HOST_EVENT_COUNT; i++) forget(node->env, &node->functions[i]);
    forget(node->env, &node->after_event);
    forget(node->env, &node->allow);
}

/* Calls */

bool node_report_exception(napi_env env) {
    bool is_pending = false;
    napi_value exception;
    if (!OK(napi_is_exception_pending(env, &is_pending)) || !is_pending) return false;
    return OK(napi_get_and_clear_last_exception(env, &exception)) && OK(napi_fatal_exception(env, exception));
}

/* Returns NULL if the object is being collected. */
static napi_value referenced(const node_host *node, napi_ref reference) {
    napi_value function = NULL;
    if (reference) napi_get_reference_value(node->env, reference, &function);
    return function;
}

/* Runs the jobs of process.nextTick and the microtasks. napi_make_callback is not used, because its asynchronous context would
 * be on the stack of Node when a job throws. A job that throws ends the call, so the other jobs need another call. */
static void run_jobs(const node_host *node) {
    const napi_value after_event = referenced(node, node->after_event);
    if (!after_event) return;
    while (!OK(napi_call_function(node->env, after_event, after_event, 0, NULL, NULL)))
        if (!node_report_exception(node->env)) return;
}

/* No event follows `free`, even inside a poll. After the worker was terminated, the calls fail, so no event is delivered. */
static void emit(const node_host *node, egret_ws_host_event event, size_t argc, const napi_value *argv) {
    const napi_value function = node->free_after_poll ? NULL : referenced(node, node->functions[event]);
    if (!function) return;
    /* The receiver must be an object; none of these functions uses it. */
    const bool has_thrown = !OK(napi_make_callback(node->env, node->async_context, function, function, argc, argv, NULL));
    if (has_thrown) node_report_exception(node->env);
    /* After a job that throws, Node runs the remaining jobs in a later turn of its event loop; the next event may be earlier. */
    if (has_thrown || node->is_called) run_jobs(node);
}

static void on_connected(void *engine, int64_t id, const char *subprotocol, const char *extensions) {
    const node_host *node = engine;
    napi_handle_scope scope;
    if (!OK(napi_open_handle_scope(node->env, &scope))) return;
    const napi_value argv[] = {node_number(node->env, id), node_text(node->env, subprotocol, strlen(subprotocol)),
                               node_text(node->env, extensions, strlen(extensions))};
    emit(node, EGRET_WS_HOST_CONNECTED, COUNT(argv), argv);
    napi_close_handle_scope(node->env, scope);
}

static bool on_message(const node_host *node, egret_ws_host_event event, int64_t id, const uint8_t *data, size_t len) {
    napi_handle_scope scope;
    if (!OK(napi_open_handle_scope(node->env, &scope))) return false;
    const napi_value argv[] = {node_number(node->env, id), event == EGRET_WS_HOST_TEXT
                                                               ? node_text(node->env, (const char *)data, len)
                                                               : node_array_buffer(node->env, data, len)};
    const bool is_made = argv[1] != NULL;
    if (is_made) emit(node, event, COUNT(argv), argv);
    else node_report_exception(node->env);
    napi_close_handle_scope(node->env, scope);
    return is_made;
}

static bool on_text(void *engine, int64_t id, const char *utf8, size_t len) {
    return on_message(engine, EGRET_WS_HOST_TEXT, id, (const uint8_t *)utf8, len);
}

static bool on_binary(void *engine, int64_t id, const uint8_t *data, size_t len) {
    node_host *node = engine;
    if (len >= NODE_LARGE_BYTES) node_memory_received(&node->memory, len);
    return on_message(node, EGRET_WS_HOST_BINARY, id, data, len);
}

static void on_retrying(void *engine, int64_t id, const egret_ws_close_info *info, uint32_t delay_ms) {
    const node_host *node = engine;
    napi_handle_scope scope;
    if (!OK(napi_open_handle_scope(node->env, &scope))) return;
    const napi_value argv[] = {node_number(node->env, id),
                               node_number(node->env, info->error),
                               node_text(node->env, info->message, info->message_len),
                               node_number(node->env, delay_ms),
                               node_number(node->env, info->code),
                               node_text(node->env, info->reason, info->reason_len)};
    emit(node, EGRET_WS_HOST_RETRYING, COUNT(argv), argv);
    napi_close_handle_scope(node->env, scope);
}

static void on_failed(void *engine, int64_t id, const egret_ws_close_info *info) {
    const node_host *node = engine;
    napi_handle_scope scope;
    if (!OK(napi_open_handle_scope(node->env, &scope))) return;
    const napi_value argv[] = {node_number(node->env, id), node_number(node->env, info->error),
                               node_text(node->env, info->message, info->message_len)};
    emit(node, EGRET_WS_HOST_FAILED, COUNT(argv), argv);
    napi_close_handle_scope(node->env, scope);
}

static void on_closed(void *engine, int64_t id, const egret_ws_close_info *info) {
    const node_host *node = engine;
    napi_handle_scope scope;
    napi_value was_clean;
    if (!OK(napi_open_handle_scope(node->env, &scope))) return;
    napi_get_boolean(node->env, info->error == EGRET_WS_OK, &was_clean);
    const napi_value argv[] = {node_number(node->env, id),
                               node_number(node->env, info->code),
                               node_text(node->env, info->reason, info->reason_len),
                               was_clean,
                               node_number(node->env, info->error),
                               node_text(node->env, info->message, info->message_len)};
    emit(node, EGRET_WS_HOST_CLOSED, COUNT(argv), argv);
    napi_close_handle_scope(node->env, scope);
}

static void on_drained(void *engine, int64_t id) {
    const node_host *node = engine;
    napi_handle_scope scope;
    if (!OK(napi_open_handle_scope(node->env, &scope))) return;
    const napi_value argv[] = {node_number(node->env, id)};
    emit(node, EGRET_WS_HOST_DRAINED, COUNT(argv), argv);
    napi_close_handle_scope(node->env, scope);
}

static void on_task(void *engine) {
    const node_host *node = engine;
    napi_handle_scope scope;
    if (!OK(napi_open_handle_scope(node->env, &scope))) return;
    emit(node, EGRET_WS_HOST_TASK, 0, NULL);
    napi_close_handle_scope(node->env, scope);
}

static void on_frame(void *engine, int64_t id, int32_t direction, uint32_t opcode, uint32_t flags, uint64_t length) {
    const node_host *node = engine;
    napi_handle_scope scope;
    if (!OK(napi_open_handle_scope(node->env, &scope))) return;
    const napi_value argv[] = {node_number(node->env, id), node_number(node->env, direction), node_number(node->env, opcode),
                               node_number(node->env, flags), node_number(node->env, (int64_t)length)};
    emit(node, EGRET_WS_HOST_FRAME, COUNT(argv), argv);
    napi_close_handle_scope(node->env, scope);
}

static void on_asked(void *engine, int64_t ticket, const char *hook, const char *text) {
    const node_host *node = engine;
    napi_handle_scope scope;
    if (!OK(napi_open_handle_scope(node->env, &scope))) return;
    const napi_value argv[] = {node_number(node->env, ticket), node_text(node->env, hook, strlen(hook)),
                               node_text(node->env, text, strlen(text))};
    emit(node, EGRET_WS_HOST_ASKED, COUNT(argv), argv);
    napi_close_handle_scope(node->env, scope);
}

/* This is not an event: JavaScript called `open`, which throws the exception of `allow`. */
egret_ws_error_t node_configure(void *user, const char *url, egret_ws_options *options) {
    const node_host *node = user;
    napi_handle_scope scope;
    napi_value result;
    bool is_allowed = false;
    (void)options;
    if (!node->allow) return EGRET_WS_OK;
    if (!OK(napi_open_handle_scope(node->env, &scope))) return EGRET_WS_ERR_INTERNAL;
    const napi_value function = referenced(node, node->allow), argv[] = {node_text(node->env, url, strlen(url))};
    /* Only true allows the URL. The promise of an async function does not. */
    if (function && OK(napi_call_function(node->env, function, function, COUNT(argv), argv, &result)))
        napi_get_value_bool(node->env, result, &is_allowed);
    napi_close_handle_scope(node->env, scope);
    return is_allowed ? EGRET_WS_OK : EGRET_WS_ERR_ABORTED;
}

const egret_ws_host_events node_host_events = {on_connected, on_text,   on_binary, on_retrying, on_drained,
                                               on_failed,    on_closed, on_task,   on_frame,    on_asked};
