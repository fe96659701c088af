/* The module, and the methods of Host: see egret_ws_node.h. */
#include "egret_ws_node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Gets the arguments of a function (undefined for missing ones), and returns its Host. */
static node_host *enter(napi_env env, napi_callback_info info, size_t argc, napi_value *argv) {
    void *node = NULL;
    napi_get_cb_info(env, info, &argc, argv, NULL, &node);
    return node;
}

/* Returns 0, which is no valid id, if the value is not a number. */
static int64_t id_of(napi_env env, napi_value value) {
    int64_t id;
    return OK(napi_get_value_int64(env, value, &id)) ? id : 0;
}

static napi_value host_open(napi_env env, napi_callback_info info) {
    napi_value argv[3];
    node_host *node = enter(env, info, COUNT(argv), argv);
    size_t len = 0;
    char *url = node_c_string_of(env, argv[0]), *protocols = node_c_string_of(env, argv[1]), *options = node_utf8_of(env, argv[2], &len);
    int64_t result = egret_ws_host_open(node->host, url, protocols, options, len);
    free(url);
    free(protocols);
    free(options);
    node_driver_update(node);
    return node_number(env, result);
}

static napi_value host_send_text(napi_env env, napi_callback_info info) {
    napi_value argv[2];
    node_host *node = enter(env, info, COUNT(argv), argv);
    size_t len = 0;
    char *copy = NULL;
    const char *utf8 = node_utf8_in(node, argv[1], &len, &copy);
    const int32_t result = egret_ws_host_send_text(node->host, id_of(env, argv[0]), utf8, len);
    free(copy);
    return node_number(env, result);
}

static napi_value host_send_binary(napi_env env, napi_callback_info info) {
    napi_value argv[2];
    node_host *node = enter(env, info, COUNT(argv), argv);
    const uint8_t *data;
    size_t len;
    if (!node_bytes_of(env, argv[1], &data, &len)) return node_number(env, EGRET_WS_ERR_INVALID_ARGUMENT);
    return node_number(env, egret_ws_host_send_binary(node->host, id_of(env, argv[0]), data, len));
}

static napi_value host_close(napi_env env, napi_callback_info info) {
    napi_value argv[3];
    node_host *node = enter(env, info, COUNT(argv), argv);
    uint32_t code;
    size_t len = 0;
    if (!OK(napi_get_value_uint32(env, argv[1], &code))) return node_number(env, EGRET_WS_ERR_INVALID_ARGUMENT);
    char *reason = node_utf8_of(env, argv[2], &len);
    int32_t result = egret_ws_host_close(node->host, id_of(env, argv[0]), code, reason, len);
    free(reason);
    return node_number(env, result);
}

static napi_value host_buffered_amount(napi_env env, napi_callback_info info) {
    napi_value argv[1];
    node_host *node = enter(env, info, COUNT(argv), argv);
    return node_number(env, egret_ws_host_buffered_amount(node->host, id_of(env, argv[0])));
}

static napi_value host_notify_drain(napi_env env, napi_callback_info info) {
    napi_value argv[2];
    node_host *node = enter(env, info, COUNT(argv), argv);
    const int32_t result = egret_ws_host_notify_drain(node->host, id_of(env, argv[0]), id_of(env, argv[1]));
    node_driver_update(node);
    return node_number(env, result);
}

static napi_value host_normalize_url(napi_env env, napi_callback_info info) {
    napi_value argv[1], result = NULL;
    node_host *node = enter(env, info, COUNT(argv), argv);
    char *url = node_c_string_of(env, argv[0]), *normal = egret_ws_host_normalize_url(node->host, url);
    if (normal) result = node_text(env, normal, strlen(normal));
    else napi_get_null(env, &result);
    free(normal);
    free(url);
    return result;
}

static napi_value host_stats(napi_env env, napi_callback_info info) {
    napi_value argv[1];
    node_host *node = enter(env, info, COUNT(argv), argv);
    size_t len = 0;
    char *stats = egret_ws_host_stats(node->host, id_of(env, argv[0]), &len);
    napi_value result = node_text(env, stats ? stats : "", len);
    free(stats);
    return result;
}

/* text(id, name) */
static napi_value host_text(napi_env env, napi_callback_info info) {
    napi_value argv[2];
    node_host *node = enter(env, info, COUNT(argv), argv);
    size_t len = 0;
    char *name = node_c_string_of(env, argv[1]), *text = egret_ws_host_text(node->host, id_of(env, argv[0]), name, &len);
    napi_value result = node_text(env, text ? text : "", len);
    free(text);
    free(name);
    return result;
}

/* bytes(id, name, index) */
static napi_value host_bytes(napi_env env, napi_callback_info info) {
    napi_value argv[3], result = NULL;
    node_host *node = enter(env, info, COUNT(argv), argv);
    size_t len = 0;
    char *name = node_c_string_of(env, argv[1]);
    uint8_t *bytes = egret_ws_host_bytes(node->host, id_of(env, argv[0]), name, id_of(env, argv[2]), &len);
    if (bytes) result = node_array_buffer(env, bytes, len);
    else napi_get_null(env, &result);
    free(bytes);
    free(name);
    return result;
}

/* answer(ticket, list) */
static napi_value host_answer(napi_env env, napi_callback_info info) {
    napi_value argv[2];
    napi_valuetype type = napi_undefined;
    node_host *node = enter(env, info, COUNT(argv), argv);
    char *list = node_c_string_of(env, argv[1]);
    int32_t result = EGRET_WS_ERR_INVALID_ARGUMENT;
    if (list || (OK(napi_typeof(env, argv[1], &type)) && type == napi_null))
        result = egret_ws_host_answer(node->host, id_of(env, argv[0]), list);
    free(list);
    node_driver_update(node);
    return node_number(env, result);
}

static napi_value host_last_error(napi_env env, napi_callback_info info) {
    node_host *node = enter(env, info, 0, NULL);
    const char *reason = egret_ws_host_last_error(node->host);
    return node_text(env, reason, strlen(reason));
}

static napi_value host_wake(napi_env env, napi_callback_info info) {
    node_host *node = enter(env, info, 0, NULL);
    egret_ws_host_wake(node->host);
    node_driver_update(node);
    return NULL;
}

/* The loop */

/* listen(events, afterEvent, allow) */
static napi_value host_listen(napi_env env, napi_callback_info info) {
    napi_value argv[3];
    node_host *node = enter(env, info, COUNT(argv), argv);
    if (!node_listen(node, argv[0], argv[1], argv[2]))
        node_throw_reason(env, EGRET_WS_ERR_INVALID_ARGUMENT, "a function of events is missing");
    return NULL;
}

/* poll(timeoutMs): returns the number of callbacks and events; 0 after free. */
static napi_value host_poll(napi_env env, napi_callback_info info) {
    napi_value argv[1];
    node_host *node = enter(env, info, COUNT(argv), argv);
    int32_t timeout_ms = 0;
    napi_get_value_int32(env, argv[0], &timeout_ms);
    if (node->driver == DRIVER_ENDED || node->free_after_poll) return node_number(env, 0);
    if (egret_ws_host_is_polling(node->host)) {
        node_throw_reason(env, EGRET_WS_ERR_REENTRANT, "poll is running: call it again after it has returned");
        return NULL;
    }
    node->is_called = true;
    const int32_t result = node_driver_poll(node, timeout_ms);
    node->is_called = false;
    if (result >= 0) return node_number(env, result);
    node_throw_error(env, result);
    return NULL;
}

/* Ends every connection without further events. */
static napi_value host_free(napi_env env, napi_callback_info info) {
    node_host *node = enter(env, info, 0, NULL);
    node_driver_end(node);
    return NULL;
}

/* suspend(), resume() and networkChanged() of the process and its network; they do nothing after free. */

static napi_value host_suspend(napi_env env, napi_callback_info info) {
    egret_ws_loop_suspend(egret_ws_host_loop(enter(env, info, 0, NULL)->host));
    return NULL;
}

static napi_value host_resume(napi_env env, napi_callback_info info) {
    egret_ws_loop_resume(egret_ws_host_loop(enter(env, info, 0, NULL)->host));
    return NULL;
}

static napi_value host_network_changed(napi_env env, napi_callback_info info) {
    egret_ws_loop_network_changed(egret_ws_host_loop(enter(env, info, 0, NULL)->host));
    return NULL;
}

/* setReferenced(isReferenced): whether sockets keep the process alive. */
static napi_value host_set_referenced(napi_env env, napi_callback_info info) {
    napi_value argv[1];
    node_host *node = enter(env, info, COUNT(argv), argv);
    napi_get_value_bool(env, argv[0], &node->is_referenced);
    node_driver_update(node);
    return NULL;
}

void node_throw_reason(napi_env env, int32_t error, const char *reason) {
    char message[640];
    snprintf(message, sizeof message, "%s: %s", egret_ws_error_name(error), reason);
    napi_throw_error(env, egret_ws_error_name(error), message);
}

void node_throw_error(napi_env env, int32_t error) {
    node_throw_reason(env, error, egret_ws_last_error_message());
}

/* Called when the object or one of its functions was collected. */
static void finalize(napi_env env, void *data, void *hint) {
    node_host *node = data;
    (void)env, (void)hint;
    if (--node->holders == 0) node_driver_collect(node);
}

/* Keeps the native part as long as this object lives. */
static bool hold(node_host *node, napi_value object) {
    if (!OK(napi_add_finalizer(node->env, object, node, finalize, NULL, NULL))) return false;
    node->holders++;
    return true;
}

static const struct host_function {
    const char *name;
    napi_callback call;
} host_functions[] = {
    {"open", host_open},
    {"sendText", host_send_text},
    {"sendBinary", host_send_binary},
    {"close", host_close},
    {"bufferedAmount", host_buffered_amount},
    {"notifyDrain", host_notify_drain},
    {"normalizeUrl", host_normalize_url},
    {"stats", host_stats},
    {"text", host_text},
    {"bytes", host_bytes},
    {"answer", host_answer},
    {"lastError", host_last_error},
    {"wake", host_wake},
    {"listen", host_listen},
    {"poll", host_poll},
    {"free", host_free},
    {"suspend", host_suspend},
    {"resume", host_resume},
    {"networkChanged", host_network_changed},
    {"setReferenced", host_set_referenced},
};

static bool add_functions(node_host *node, napi_value object) {
    napi_value function;
    size_t i;
    for (i = 0; i < COUNT(host_functions); i++) {
        const struct host_function *each = &host_functions[i];
        if (!OK(napi_create_function(node->env, each->name, NAPI_AUTO_LENGTH, each->call, node, &function)) ||
            !hold(node, function) || !OK(napi_set_named_property(node->env, object, each->name, function)))
            return false;
    }
    return true;
}

int32_t node_new_host(node_host *node, const node_settings *settings, uint32_t poll_us) {
    egret_ws_loop_options loop;
    const egret_ws_host_options options = {&loop, node_configure, node, settings->refuses_script_options, settings->hooks};
    egret_ws_loop_options_init(&loop, sizeof loop);
    if (node->is_inline) loop.flags |= EGRET_WS_LOOP_INLINE;
    if (settings->closes_on_suspend) loop.flags |= EGRET_WS_LOOP_CLOSE_ON_SUSPEND;
    if (settings->forgets_tls_sessions) loop.flags |= EGRET_WS_LOOP_FORGET_TLS_SESSIONS;
    loop.poll_max_us = poll_us;
    return egret_ws_host_new(&options, &node_host_events, node, &node->host);
}

static bool make_object(node_host *node, napi_value *object) {
    napi_value name;
    return OK(napi_create_string_latin1(node->env, "egret_ws", NAPI_AUTO_LENGTH, &name)) &&
           OK(napi_async_init(node->env, NULL, name, &node->async_context)) &&
           OK(napi_create_object(node->env, object)) && hold(node, *object) && add_functions(node, *object) &&
           OK(napi_create_reference(node->env, *object, 0, &node->self));
}

/* createHost(driver, isInline, closesOnSuspend, refusesScriptOptions, forgetsTlsSessions, hooks): see node_settings; `driver` and
 * `hooks` are numbers. */
static napi_value create_host(napi_env env, napi_callback_info info) {
    napi_value argv[6], object = NULL;
    size_t argc = COUNT(argv);
    node_settings settings = {DRIVER_APPLICATION, false, false, false, false, 0};
    uint32_t driver;
    node_host *node = calloc(1, sizeof *node);
    if (!node) {
        node_throw_reason(env, EGRET_WS_ERR_NO_RESOURCES, "there is no memory for the object");
        return NULL;
    }
    napi_get_cb_info(env, info, &argc, argv, NULL, NULL);
    if (OK(napi_get_value_uint32(env, argv[0], &driver)) && driver < DRIVER_ENDED) settings.driver = (node_driver)driver;
    napi_get_value_bool(env, argv[1], &settings.is_inline);
    napi_get_value_bool(env, argv[2], &settings.closes_on_suspend);
    napi_get_value_bool(env, argv[3], &settings.refuses_script_options);
    napi_get_value_bool(env, argv[4], &settings.forgets_tls_sessions);
    napi_get_value_uint32(env, argv[5], &settings.hooks);

    node->env = env;
    const int32_t result = node_driver_start(node, &settings);
    if (result == EGRET_WS_OK && make_object(node, &object)) return object;
    if (result == EGRET_WS_OK) node_throw_reason(env, EGRET_WS_ERR_INTERNAL, "the engine could not make the object");
    else node_throw_error(env, result);
    /* Otherwise the last finalizer does it. */
    if (node->holders == 0) node_driver_collect(node);
    else node_driver_end(node);
    return NULL;
}

NAPI_MODULE_INIT() {
    napi_value function;
    if (OK(napi_create_function(env, "createHost", NAPI_AUTO_LENGTH, create_host, NULL, &function)))
        napi_set_named_property(env, exports, "createHost", function);
    return exports;
}
