/* The module, and the methods of Host: see egret_ws_node.h. */
#include "egret_ws_node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const napi_type_tag host_tag = {0x6567726574777330, 0x486f7374486f7374};

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
    if (!node) return NULL;
    size_t len = 0;
    char *utf8 = node_utf8_of(env, argv[1], &len);
    int32_t result = egret_ws_host_send_text(node->host, id_of(env, argv[0]), utf8, len);
    free(utf8);
    return node_number(env, result);
}

static napi_value host_send_binary(napi_env env, napi_callback_info info) {
    napi_value argv[2];
    node_host *node = enter(env, info, COUNT(argv), argv);
    if (!node) return NULL;
    const uint8_t *data;
    size_t len;
    if (!node_bytes_of(env, argv[1], &data, &len)) return node_number(env, EGRET_WS_ERR_INVALID_ARGUMENT);
    return node_number(env, egret_ws_host_send_binary(node->host, id_of(env, argv[0]), data, len));
}

static napi_value host_close(napi_env env, napi_callback_info info) {
    napi_value argv[3];
    node_host *node = enter(env, info, COUNT(argv), argv);
    if (!node) return NULL;
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
    return node ? node_number(env, egret_ws_host_buffered_amount(node->host, id_of(env, argv[0]))) : NULL;
}

static napi_value host_notify_drain(napi_env env, napi_callback_info info) {
    napi_value argv[2];
    node_host *node = enter(env, info, COUNT(argv), argv);
    if (!node) return NULL;
    const int32_t result = egret_ws_host_notify_drain(node->host, id_of(env, argv[0]), id_of(env, argv[1]));
    node_driver_update(node);
    return node_number(env, result);
}

static napi_value host_normalize_url(napi_env env, napi_callback_info info) {
    napi_value argv[1], result = NULL;
    node_host *node = enter(env, info, COUNT(argv), argv);
    if (!node) return NULL;
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
    if (!node) return NULL;
    size_t len = 0;
    char *stats = egret_ws_host_stats(node->host, id_of(env, argv[0]), &len);
    napi_value result = node_text(env, stats ? stats : "", len);
    free(stats);
    return result;
}

static napi_value host_last_error(napi_env env, napi_callback_info info) {
    node_host *node = enter(env, info, 0, NULL);
    if (!node) return NULL;
    const char *reason = egret_ws_host_last_error(node->host);
    return node_text(env, reason, strlen(reason));
}

static napi_value host_wake(napi_env env, napi_callback_info info) {
    node_host *node = enter(env, info, 0, NULL);
    if (!node) return NULL;
    egret_ws_host_wake(node->host);
    node_driver_update(node);
    return NULL;
}

/* The loop */

/* listen(events, afterEvent) */
static napi_value host_listen(napi_env env, napi_callback_info info) {
    napi_value argv[2], self;
    node_host *node = enter(env, info, COUNT(argv), argv);
    if (node && OK(napi_get_cb_info(env, info, NULL, NULL, &self, NULL)) && !node_listen(node, self, argv[0], argv[1]))
        node_throw_reason(env, EGRET_WS_ERR_INVALID_ARGUMENT, "a function of events is missing");
    return NULL;
}

/* poll(timeoutMs): how many callbacks and events there were; 0 after free. */
static napi_value host_poll(napi_env env, napi_callback_info info) {
    napi_value argv[1];
    node_host *node = enter(env, info, COUNT(argv), argv);
    if (!node) return NULL;
    int32_t timeout_ms = 0;
    napi_get_value_int32(env, argv[0], &timeout_ms);
    if (egret_ws_host_is_polling(node->host)) {
        node_throw_reason(env, EGRET_WS_ERR_REENTRANT, "poll is running: call it again when it has returned");
        return NULL;
    }
    const int32_t result = node->driver == DRIVER_ENDED ? 0 : node_driver_poll(node, timeout_ms);
    if (result >= 0) return node_number(env, result);
    node_throw_error(env, result);
    return NULL;
}

/* Ends every connection without further events. */
static napi_value host_free(napi_env env, napi_callback_info info) {
    node_host *node = enter(env, info, 0, NULL);
    if (node) node_driver_end(node);
    return NULL;
}

/* setReferenced(isReferenced): whether sockets keep the process alive. */
static napi_value host_set_referenced(napi_env env, napi_callback_info info) {
    napi_value argv[1];
    node_host *node = enter(env, info, COUNT(argv), argv);
    if (!node) return NULL;
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

static void finalize(napi_env env, void *data, void *hint) {
    (void)env, (void)hint;
    node_driver_collect(data);
}

/* new Host(driver, inline): `driver` is a node_driver; without an I/O thread if `inline` is true. */
static napi_value host_new(napi_env env, napi_callback_info info) {
    napi_value argv[2], self, name, target = NULL;
    size_t argc = COUNT(argv);
    uint32_t driver = DRIVER_APPLICATION;
    bool inline_loop = false;
    napi_get_new_target(env, info, &target);
    if (!target || !OK(napi_get_cb_info(env, info, &argc, argv, &self, NULL))) {
        napi_throw_type_error(env, NULL, "Host needs new");
        return NULL;
    }
    napi_get_value_uint32(env, argv[0], &driver);
    napi_get_value_bool(env, argv[1], &inline_loop);

    node_host *node = calloc(1, sizeof *node);
    if (!node) {
        node_throw_reason(env, EGRET_WS_ERR_NO_RESOURCES, "there is no memory for the object");
        return NULL;
    }
    node->env = env;
    const bool is_made = OK(napi_type_tag_object(env, self, &host_tag)) &&
                         OK(napi_create_reference(env, self, 0, &node->self)) &&
                         OK(napi_create_string_latin1(env, "egret_ws", NAPI_AUTO_LENGTH, &name)) &&
                         OK(napi_async_init(env, NULL, name, &node->async_context));
    const int32_t result = is_made ? node_driver_start(node, driver < DRIVER_ENDED ? (node_driver)driver : DRIVER_APPLICATION,
                                                       inline_loop)
                                   : EGRET_WS_ERR_INTERNAL;
    if (result == EGRET_WS_OK && OK(napi_wrap(env, self, node, finalize, NULL, NULL))) return self;
    if (!is_made || result == EGRET_WS_OK) node_throw_reason(env, EGRET_WS_ERR_INTERNAL, "the engine could not make the object");
    else node_throw_error(env, result);
    node_driver_collect(node);
    return NULL;
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
        METHOD("listen", host_listen),
        METHOD("poll", host_poll),
        METHOD("free", host_free),
        METHOD("setReferenced", host_set_referenced),
    };
    napi_value class;
    if (OK(napi_define_class(env, "Host", NAPI_AUTO_LENGTH, host_new, NULL, COUNT(methods), methods, &class)))
        napi_set_named_property(env, exports, "Host", class);
    return exports;
}
