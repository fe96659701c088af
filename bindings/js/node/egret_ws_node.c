/*
 * Glue for Node-API: converts values between JavaScript and the C functions of egret_ws_host.h.
 *
 * The addon exports one class, Host: a loop and its sockets. Its methods are the host functions of egret_ws.js, and poll and
 * free. No native memory refers to a JavaScript value: each `poll` gets the functions that it calls as arguments. So a Host that
 * nothing refers to is collected like any other object, and its finalizer frees the loop.
 */
#define NAPI_VERSION 8
#include "../egret_ws_host.h"

#include <node_api.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OK(call) ((call) == napi_ok)
#define COUNT(array) (sizeof(array) / sizeof *(array))

/* The arguments of the current poll; the values are valid until it returns. */
typedef struct poll_scope {
    napi_env env;
    napi_value events;
    napi_value report_error;
} poll_scope;

/* The native part of a Host object. */
typedef struct node_host {
    egret_ws_host *host;
    const poll_scope *poll; /* NULL outside a poll */
    bool free_after_poll;
    bool has_cleanup_hook;
} node_host;

static const napi_type_tag host_tag = {0x6567726574777330, 0x486f7374486f7374};

/* Values */

static napi_value number(napi_env env, double value) {
    napi_value result = NULL;
    napi_create_double(env, value, &result);
    return result;
}

static napi_value text(napi_env env, const char *utf8, size_t len) {
    napi_value result = NULL;
    napi_create_string_utf8(env, utf8, len, &result);
    return result;
}

/* A string as UTF-8 that ends in a NUL, for free(); NULL if the value is not a string. */
static char *utf8_of(napi_env env, napi_value value, size_t *len) {
    char *utf8;
    if (!OK(napi_get_value_string_utf8(env, value, NULL, 0, len))) return NULL;
    if ((utf8 = malloc(*len + 1)) != NULL) napi_get_value_string_utf8(env, value, utf8, *len + 1, len);
    return utf8;
}

/* As utf8_of, but NULL for a string with a NUL inside: C would read only the part before it. */
static char *c_string_of(napi_env env, napi_value value) {
    size_t len;
    char *utf8 = utf8_of(env, value, &len);
    if (utf8 && strlen(utf8) == len) return utf8;
    free(utf8);
    return NULL;
}

static size_t element_size(napi_typedarray_type type) {
    switch (type) {
    case napi_int16_array:
    case napi_uint16_array: return 2;
    case napi_int32_array:
    case napi_uint32_array:
    case napi_float32_array: return 4;
    case napi_float64_array:
    case napi_bigint64_array:
    case napi_biguint64_array: return 8;
    default: return 1;
    }
}

/* The bytes of an ArrayBuffer or of a view. False for any other value, also for a SharedArrayBuffer: other threads write to it. */
static bool bytes_of(napi_env env, napi_value value, const uint8_t **data, size_t *len) {
    bool is, is_view = true;
    void *bytes;
    size_t size, offset = 0;
    napi_typedarray_type type;
    napi_value buffer = value;
    if (OK(napi_is_dataview(env, value, &is)) && is) {
        if (!OK(napi_get_dataview_info(env, value, len, NULL, &buffer, &offset))) return false;
    } else if (OK(napi_is_typedarray(env, value, &is)) && is) {
        if (!OK(napi_get_typedarray_info(env, value, &type, len, NULL, &buffer, &offset))) return false;
        *len *= element_size(type);
    } else {
        is_view = false;
    }
    /* False for a SharedArrayBuffer. */
    if (!OK(napi_is_arraybuffer(env, buffer, &is)) || !is) return false;
    if (!OK(napi_get_arraybuffer_info(env, buffer, &bytes, &size))) return false;
    if (!is_view) *len = size;
    if (offset > size || *len > size - offset) return false;
    *data = *len > 0 ? (const uint8_t *)bytes + offset : NULL;
    return true;
}

/* Events, during a poll */

/* Clears the pending exception and passes it to the host's reportError. An exception of reportError itself is dropped. */
static void report(const poll_scope *poll) {
    napi_value exception, undefined;
    if (!OK(napi_get_and_clear_last_exception(poll->env, &exception))) return;
    napi_get_undefined(poll->env, &undefined);
    if (napi_call_function(poll->env, undefined, poll->report_error, 1, &exception, NULL) == napi_pending_exception)
        napi_get_and_clear_last_exception(poll->env, &exception);
}

/* Calls events[name]. */
static void emit(const poll_scope *poll, const char *name, size_t argc, const napi_value *argv) {
    napi_value function;
    if (!OK(napi_get_named_property(poll->env, poll->events, name, &function)) ||
        !OK(napi_call_function(poll->env, poll->events, function, argc, argv, NULL)))
        report(poll);
}

static void on_connected(void *engine, int64_t id, const char *subprotocol, const char *extensions) {
    const poll_scope *poll = ((const node_host *)engine)->poll;
    napi_handle_scope scope;
    if (!OK(napi_open_handle_scope(poll->env, &scope))) return;
    napi_value argv[3] = {number(poll->env, (double)id), text(poll->env, subprotocol, NAPI_AUTO_LENGTH),
                          text(poll->env, extensions, NAPI_AUTO_LENGTH)};
    emit(poll, "connected", COUNT(argv), argv);
    napi_close_handle_scope(poll->env, scope);
}

/* Calls events[name] with a message; false if there is none because the engine has no memory. */
static bool emit_message(const poll_scope *poll, const char *name, int64_t id, napi_value message) {
    napi_value argv[2] = {number(poll->env, (double)id), message};
    if (message) emit(poll, name, COUNT(argv), argv);
    else report(poll);
    return message != NULL;
}

static bool on_text(void *engine, int64_t id, const char *utf8, size_t len) {
    const poll_scope *poll = ((const node_host *)engine)->poll;
    napi_handle_scope scope;
    if (!OK(napi_open_handle_scope(poll->env, &scope))) return false;
    bool delivered = emit_message(poll, "text", id, text(poll->env, utf8, len));
    napi_close_handle_scope(poll->env, scope);
    return delivered;
}

static bool on_binary(void *engine, int64_t id, const uint8_t *data, size_t len) {
    const poll_scope *poll = ((const node_host *)engine)->poll;
    napi_handle_scope scope;
    napi_value buffer = NULL;
    void *copy;
    if (!OK(napi_open_handle_scope(poll->env, &scope))) return false;
    /* A copy, because some hosts (Electron) do not allow a buffer over memory of ours. */
    if (OK(napi_create_arraybuffer(poll->env, len, &copy, &buffer)) && len > 0) memcpy(copy, data, len);
    bool delivered = emit_message(poll, "binary", id, buffer);
    napi_close_handle_scope(poll->env, scope);
    return delivered;
}

static void on_closed(void *engine, int64_t id, const egret_ws_close_info *info) {
    const poll_scope *poll = ((const node_host *)engine)->poll;
    napi_handle_scope scope;
    napi_value was_clean;
    if (!OK(napi_open_handle_scope(poll->env, &scope))) return;
    napi_get_boolean(poll->env, info->error == EGRET_WS_OK, &was_clean);
    napi_value argv[6] = {number(poll->env, (double)id),
                          number(poll->env, info->code),
                          text(poll->env, info->reason, info->reason_len),
                          was_clean,
                          number(poll->env, info->error),
                          text(poll->env, info->message, NAPI_AUTO_LENGTH)};
    emit(poll, "closed", COUNT(argv), argv);
    napi_close_handle_scope(poll->env, scope);
}

/* Calls events[name](id, error, message, delay). */
static void emit_failure(void *engine, const char *name, int64_t id, const egret_ws_close_info *info, uint32_t delay_ms) {
    const poll_scope *poll = ((const node_host *)engine)->poll;
    napi_handle_scope scope;
    if (!OK(napi_open_handle_scope(poll->env, &scope))) return;
    napi_value argv[4] = {number(poll->env, (double)id), number(poll->env, info->error),
                          text(poll->env, info->message, info->message_len), number(poll->env, delay_ms)};
    emit(poll, name, COUNT(argv), argv);
    napi_close_handle_scope(poll->env, scope);
}

static void on_retrying(void *engine, int64_t id, const egret_ws_close_info *info, uint32_t delay_ms) {
    emit_failure(engine, "retrying", id, info, delay_ms);
}

static void on_failed(void *engine, int64_t id, const egret_ws_close_info *info) {
    emit_failure(engine, "failed", id, info, 0);
}

static void on_drained(void *engine, int64_t id) {
    const poll_scope *poll = ((const node_host *)engine)->poll;
    napi_handle_scope scope;
    if (!OK(napi_open_handle_scope(poll->env, &scope))) return;
    napi_value argv[1] = {number(poll->env, (double)id)};
    emit(poll, "drained", COUNT(argv), argv);
    napi_close_handle_scope(poll->env, scope);
}

static void on_task(void *engine) {
    emit(((const node_host *)engine)->poll, "task", 0, NULL);
}

static const egret_ws_host_events host_events = {on_connected, on_text,   on_binary, on_retrying,
                                                 on_drained,   on_failed, on_closed, on_task};

/* Host functions */

/* The arguments of a method, undefined where there are fewer, and its Host; NULL (and a TypeError) for any other `this`. */
static node_host *enter(napi_env env, napi_callback_info info, size_t argc, napi_value *argv) {
    napi_value self;
    bool is_host = false;
    node_host *node = NULL;
    if (OK(napi_get_cb_info(env, info, &argc, argv, &self, NULL)) &&
        OK(napi_check_object_type_tag(env, self, &host_tag, &is_host)) && is_host)
        napi_unwrap(env, self, (void **)&node);
    if (!node) napi_throw_type_error(env, NULL, "this is not a Host of egret_ws");
    return node;
}

/* 0, which no socket has, if the value is not a number. */
static int64_t id_of(napi_env env, napi_value value) {
    int64_t id;
    return OK(napi_get_value_int64(env, value, &id)) ? id : 0;
}

static napi_value host_open(napi_env env, napi_callback_info info) {
    napi_value argv[3];
    node_host *node = enter(env, info, COUNT(argv), argv);
    if (!node) return NULL;
    size_t len = 0;
    char *url = c_string_of(env, argv[0]), *protocols = c_string_of(env, argv[1]), *options = utf8_of(env, argv[2], &len);
    int64_t result = egret_ws_host_open(node->host, url, protocols, options, len);
    free(url);
    free(protocols);
    free(options);
    return number(env, (double)result);
}

static napi_value host_send_text(napi_env env, napi_callback_info info) {
    napi_value argv[2];
    node_host *node = enter(env, info, COUNT(argv), argv);
    if (!node) return NULL;
    size_t len = 0;
    char *utf8 = utf8_of(env, argv[1], &len);
    int32_t result = egret_ws_host_send_text(node->host, id_of(env, argv[0]), utf8, len);
    free(utf8);
    return number(env, result);
}

static napi_value host_send_binary(napi_env env, napi_callback_info info) {
    napi_value argv[2];
    node_host *node = enter(env, info, COUNT(argv), argv);
    if (!node) return NULL;
    const uint8_t *data;
    size_t len;
    if (!bytes_of(env, argv[1], &data, &len)) return number(env, EGRET_WS_ERR_INVALID_ARGUMENT);
    return number(env, egret_ws_host_send_binary(node->host, id_of(env, argv[0]), data, len));
}

static napi_value host_close(napi_env env, napi_callback_info info) {
    napi_value argv[3];
    node_host *node = enter(env, info, COUNT(argv), argv);
    if (!node) return NULL;
    uint32_t code;
    size_t len = 0;
    if (!OK(napi_get_value_uint32(env, argv[1], &code))) return number(env, EGRET_WS_ERR_INVALID_ARGUMENT);
    char *reason = utf8_of(env, argv[2], &len);
    int32_t result = egret_ws_host_close(node->host, id_of(env, argv[0]), code, reason, len);
    free(reason);
    return number(env, result);
}

static napi_value host_buffered_amount(napi_env env, napi_callback_info info) {
    napi_value argv[1];
    node_host *node = enter(env, info, COUNT(argv), argv);
    return node ? number(env, (double)egret_ws_host_buffered_amount(node->host, id_of(env, argv[0]))) : NULL;
}

static napi_value host_notify_drain(napi_env env, napi_callback_info info) {
    napi_value argv[2];
    node_host *node = enter(env, info, COUNT(argv), argv);
    return node ? number(env, egret_ws_host_notify_drain(node->host, id_of(env, argv[0]), id_of(env, argv[1]))) : NULL;
}

static napi_value host_normalize_url(napi_env env, napi_callback_info info) {
    napi_value argv[1], result = NULL;
    if (!enter(env, info, COUNT(argv), argv)) return NULL;
    char *url = c_string_of(env, argv[0]), *normal = egret_ws_host_normalize_url(url);
    if (normal) result = text(env, normal, NAPI_AUTO_LENGTH);
    else napi_get_null(env, &result);
    free(normal);
    free(url);
    return result;
}

static napi_value host_stats(napi_env env, napi_callback_info info) {
    napi_value argv[1];
    node_host *node = enter(env, info, COUNT(argv), argv);
    if (!node) return NULL;
    size_t len = 0;
    char *stats = egret_ws_host_stats(node->host, id_of(env, argv[0]), &len);
    napi_value result = text(env, stats ? stats : "", len);
    free(stats);
    return result;
}

static napi_value host_last_error(napi_env env, napi_callback_info info) {
    node_host *node = enter(env, info, 0, NULL);
    return node ? text(env, egret_ws_host_last_error(node->host), NAPI_AUTO_LENGTH) : NULL;
}

static napi_value host_wake(napi_env env, napi_callback_info info) {
    node_host *node = enter(env, info, 0, NULL);
    if (node) egret_ws_host_wake(node->host);
    return NULL;
}

/* The loop */

/* Throws an error whose `code` is the name of `error`, and whose `message` is the name and the reason. */
static void throw_reason(napi_env env, int32_t error, const char *reason) {
    char message[640];
    snprintf(message, sizeof message, "%s: %s", egret_ws_error_name(error), reason);
    napi_throw_error(env, egret_ws_error_name(error), message);
}

/* For an error that the library has just returned. */
static void throw_error(napi_env env, int32_t error) {
    throw_reason(env, error, egret_ws_last_error_message());
}

/* poll(events, reportError, timeoutMs): how many callbacks and events there were. */
static napi_value host_poll(napi_env env, napi_callback_info info) {
    napi_value argv[3];
    node_host *node = enter(env, info, COUNT(argv), argv);
    if (!node) return NULL;
    const poll_scope poll = {env, argv[0], argv[1]};
    int32_t timeout_ms = 0;
    napi_get_value_int32(env, argv[2], &timeout_ms);
    if (egret_ws_host_is_polling(node->host)) {
        throw_reason(env, EGRET_WS_ERR_REENTRANT, "poll is running: call it again when it has returned");
        return NULL;
    }

    node->poll = &poll;
    int32_t result = egret_ws_host_poll(node->host, timeout_ms);
    node->poll = NULL;

    if (node->free_after_poll) egret_ws_host_free_loop(node->host);
    if (result >= 0) return number(env, result);
    throw_error(env, result);
    return NULL;
}

/* Ends every connection without further events. During a poll: when the poll returns. */
static napi_value host_free(napi_env env, napi_callback_info info) {
    node_host *node = enter(env, info, 0, NULL);
    if (node && egret_ws_host_is_polling(node->host)) node->free_after_poll = true;
    else if (node) egret_ws_host_free_loop(node->host);
    return NULL;
}

static napi_value host_sockets(napi_env env, napi_callback_info info) {
    node_host *node = enter(env, info, 0, NULL);
    return node ? number(env, (double)egret_ws_host_sockets(node->host)) : NULL;
}

/* The environment (the process, a worker) ends: the I/O thread must end before the library is unloaded. */
static void on_environment_end(void *user) {
    node_host *node = user;
    node->has_cleanup_hook = false;
    egret_ws_host_free_loop(node->host);
}

static void free_node_host(node_host *node) {
    egret_ws_host_free(node->host);
    free(node);
}

static void finalize(napi_env env, void *data, void *hint) {
    node_host *node = data;
    (void)hint;
    if (node->has_cleanup_hook) napi_remove_env_cleanup_hook(env, on_environment_end, node);
    free_node_host(node);
}

/* new Host(inline): with an I/O thread unless `inline` is true. */
static napi_value host_new(napi_env env, napi_callback_info info) {
    napi_value argv[1], self, target = NULL;
    size_t argc = COUNT(argv);
    bool inline_loop = false;
    napi_get_new_target(env, info, &target);
    if (!target || !OK(napi_get_cb_info(env, info, &argc, argv, &self, NULL))) {
        napi_throw_type_error(env, NULL, "Host needs new");
        return NULL;
    }
    napi_get_value_bool(env, argv[0], &inline_loop);

    egret_ws_loop_options loop;
    const egret_ws_host_options options = {&loop, NULL, NULL, false};
    node_host *node = calloc(1, sizeof *node);
    egret_ws_loop_options_init(&loop, sizeof loop);
    loop.flags = inline_loop ? EGRET_WS_LOOP_INLINE : 0;
    int32_t result = node ? egret_ws_host_new(&options, &host_events, node, &node->host) : EGRET_WS_ERR_NO_RESOURCES;
    if (result != EGRET_WS_OK) {
        if (node) throw_error(env, result);
        else throw_reason(env, result, "there is no memory for the object");
        free(node);
        return NULL;
    }
    if (!OK(napi_type_tag_object(env, self, &host_tag)) || !OK(napi_wrap(env, self, node, finalize, NULL, NULL))) {
        free_node_host(node);
        throw_reason(env, EGRET_WS_ERR_INTERNAL, "the engine could not make the object");
        return NULL;
    }
    node->has_cleanup_hook = OK(napi_add_env_cleanup_hook(env, on_environment_end, node));
    return self;
}

NAPI_MODULE_INIT() {
#define METHOD(name, function) {name, NULL, function, NULL, NULL, NULL, napi_default_method, NULL}
    const napi_property_descriptor methods[] = {
        METHOD("open", host_open),
        METHOD("sendText", host_send_text),
        METHOD("sendBinary", host_send_binary),
        METHOD("close", host_close),
        METHOD("bufferedAmount", host_buffered_amount),
        METHOD("notifyDrain", host_notify_drain),
        METHOD("normalizeUrl", host_normalize_url),
        METHOD("stats", host_stats),
        METHOD("lastError", host_last_error),
        METHOD("wake", host_wake),
        METHOD("poll", host_poll),
        METHOD("free", host_free),
        {"sockets", NULL, NULL, host_sockets, NULL, NULL, napi_default, NULL},
    };
    napi_value class;
    if (OK(napi_define_class(env, "Host", NAPI_AUTO_LENGTH, host_new, NULL, COUNT(methods), methods, &class)))
        napi_set_named_property(env, exports, "Host", class);
    return exports;
}
