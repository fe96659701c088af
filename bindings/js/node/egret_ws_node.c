/*
 * Node-API glue between egret_ws.h and egret_ws.js: converts strings and buffers, and calls through.
 *
 * The module exports one class, Host: a loop and its sockets. Its methods are the host functions that egret_ws.js asks
 * for, plus poll and free. Nothing native refers to a JavaScript value: `poll` is given the functions to call each time,
 * so a Host that nobody polls any more is garbage like any other object, and takes its loop along.
 */
#define NAPI_VERSION 8
#include <egret_ws.h>
#include <node_api.h>
#include <stdlib.h>
#include <string.h>

#define OK(call) ((call) == napi_ok)
#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { BUCKETS = 1024 };

/* What a poll was given; its values live as long as the call. */
typedef struct poll_scope {
    napi_env env;
    napi_value events;
    napi_value report_error;
} poll_scope;

typedef struct host host;

/* The `user` of a socket, from open to release_user. */
typedef struct peer {
    host *owner;
    struct peer *next; /* in its bucket */
    egret_ws *ws;
    int64_t id;
} peer;

struct host {
    egret_ws_loop *loop;    /* NULL once freed */
    const poll_scope *poll; /* NULL outside a poll */
    bool free_after_poll;
    bool hooked; /* the environment's clean-up hook is set */
    int64_t last_id;
    uint32_t peers;
    peer *buckets[BUCKETS]; /* by id */
};

static const napi_type_tag host_tag = {0x6567726574777330, 0x486f7374486f7374};

/* Sockets by id. Ids count upwards and are never used again, so a late call meets no stranger. */

static peer **find(host *h, int64_t id) {
    peer **at = &h->buckets[id % BUCKETS];
    while (*at && (*at)->id != id) at = &(*at)->next;
    return at;
}

static peer *add_peer(host *h) {
    peer *p = calloc(1, sizeof *p);
    if (!p) return NULL;
    p->owner = h;
    p->id = ++h->last_id;
    *find(h, p->id) = p;
    h->peers++;
    return p;
}

static void remove_peer(void *user) {
    peer *p = user;
    *find(p->owner, p->id) = p->next;
    p->owner->peers--;
    free(p);
}

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

/* A string as UTF-8 with a NUL, to be freed; NULL if it is none. */
static char *utf8_of(napi_env env, napi_value value, size_t *len) {
    char *utf8;
    if (!OK(napi_get_value_string_utf8(env, value, NULL, 0, len))) return NULL;
    if ((utf8 = malloc(*len + 1)) != NULL) napi_get_value_string_utf8(env, value, utf8, *len + 1, len);
    return utf8;
}

/* The same where C reads to the NUL: a string that has a NUL inside would be cut, so it is refused. */
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

/* The bytes of an ArrayBuffer or a view of one. False for anything else, also for a SharedArrayBuffer: other threads write to it. */
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

/* Events: from the library's callbacks, inside a poll, to the functions that egret_ws.js gave. */

/* Takes what was thrown and hands it to the host's reportError, whose own exceptions are dropped. */
static void report(const poll_scope *poll) {
    napi_value exception, undefined;
    if (!OK(napi_get_and_clear_last_exception(poll->env, &exception))) return;
    napi_get_undefined(poll->env, &undefined);
    if (napi_call_function(poll->env, undefined, poll->report_error, 1, &exception, NULL) == napi_pending_exception)
        napi_get_and_clear_last_exception(poll->env, &exception);
}

/* Calls events[name]; its result, or NULL if it threw. */
static napi_value emit(const poll_scope *poll, const char *name, size_t argc, const napi_value *argv) {
    napi_value function, result;
    if (OK(napi_get_named_property(poll->env, poll->events, name, &function)) &&
        OK(napi_call_function(poll->env, poll->events, function, argc, argv, &result)))
        return result;
    report(poll);
    return NULL;
}

/* What egret_ws_subprotocol or egret_ws_extensions tell of the socket; nothing if there is no memory for it. */
static napi_value agreed(napi_env env, egret_ws *ws, int32_t (*ask)(egret_ws *, char *, size_t)) {
    int32_t len = ask(ws, NULL, 0);
    char *utf8 = len > 0 ? malloc((size_t)len + 1) : NULL;
    napi_value result;
    if (!utf8 || ask(ws, utf8, (size_t)len + 1) != len) len = 0;
    result = text(env, len > 0 ? utf8 : "", (size_t)len);
    free(utf8);
    return result;
}

static void on_connect(void *user, egret_ws *ws) {
    const peer *p = user;
    const poll_scope *poll = p->owner->poll;
    napi_handle_scope scope;
    if (!OK(napi_open_handle_scope(poll->env, &scope))) return;
    napi_value argv[3] = {number(poll->env, (double)p->id), agreed(poll->env, ws, egret_ws_subprotocol),
                          agreed(poll->env, ws, egret_ws_extensions)};
    emit(poll, "connected", COUNT(argv), argv);
    napi_close_handle_scope(poll->env, scope);
}

static void on_data(void *user, egret_ws *ws, int32_t kind, const uint8_t *data, size_t len) {
    const peer *p = user;
    const poll_scope *poll = p->owner->poll;
    napi_handle_scope scope;
    (void)ws;
    if (!OK(napi_open_handle_scope(poll->env, &scope))) return;
    napi_value argv[2] = {number(poll->env, (double)p->id)};
    if (kind == EGRET_WS_TEXT) {
        argv[1] = text(poll->env, (const char *)data, len);
        emit(poll, "text", COUNT(argv), argv);
    } else {
        /* A copy, since some hosts (Electron) allow no buffers over foreign memory. */
        void *copy;
        if (OK(napi_create_arraybuffer(poll->env, len, &copy, &argv[1]))) {
            if (len > 0) memcpy(copy, data, len);
            emit(poll, "binary", COUNT(argv), argv);
        } else {
            report(poll);
        }
    }
    napi_close_handle_scope(poll->env, scope);
}

static void on_close(void *user, egret_ws *ws, const egret_ws_close_info *info) {
    const peer *p = user;
    const poll_scope *poll = p->owner->poll;
    napi_handle_scope scope;
    if (OK(napi_open_handle_scope(poll->env, &scope))) {
        napi_value was_clean;
        napi_get_boolean(poll->env, info->error == EGRET_WS_OK, &was_clean);
        napi_value argv[6] = {number(poll->env, (double)p->id),
                              number(poll->env, info->code),
                              text(poll->env, info->reason, info->reason_len),
                              was_clean,
                              number(poll->env, info->error),
                              text(poll->env, info->message, NAPI_AUTO_LENGTH)};
        emit(poll, "closed", COUNT(argv), argv);
        napi_close_handle_scope(poll->env, scope);
    }
    egret_ws_free(ws);
}

/* Host functions */

/* The arguments of a method, undefined where there are fewer, and its Host; NULL (and a TypeError) for any other `this`. */
static host *enter(napi_env env, napi_callback_info info, size_t argc, napi_value *argv) {
    napi_value self;
    bool is_host = false;
    host *h = NULL;
    if (OK(napi_get_cb_info(env, info, &argc, argv, &self, NULL)) &&
        OK(napi_check_object_type_tag(env, self, &host_tag, &is_host)) && is_host)
        napi_unwrap(env, self, (void **)&h);
    if (!h) napi_throw_type_error(env, NULL, "this is not a Host of egret_ws");
    return h;
}

static egret_ws *socket_of(napi_env env, host *h, napi_value id) {
    int64_t wanted;
    if (!OK(napi_get_value_int64(env, id, &wanted)) || wanted <= 0) return NULL;
    peer *p = *find(h, wanted);
    return p ? p->ws : NULL;
}

static int64_t open_peer(host *h, const char *url, const char *protocols) {
    egret_ws_options options;
    peer *p = add_peer(h);
    if (!p) return EGRET_WS_ERR_NO_RESOURCES;
    egret_ws_options_init(&options, sizeof options);
    options.user = p;
    options.on_connect = on_connect;
    options.on_data = on_data;
    options.on_close = on_close;
    options.release_user = remove_peer;
    options.subprotocols = protocols[0] ? protocols : NULL;
    int32_t result = egret_ws_connect_url(h->loop, url, &options, &p->ws);
    if (result == EGRET_WS_OK) return p->id;
    remove_peer(p);
    return result;
}

static napi_value host_open(napi_env env, napi_callback_info info) {
    napi_value argv[2];
    host *h = enter(env, info, COUNT(argv), argv);
    if (!h) return NULL;
    char *url = c_string_of(env, argv[0]), *protocols = c_string_of(env, argv[1]);
    int64_t result = url && protocols ? open_peer(h, url, protocols) : EGRET_WS_ERR_INVALID_ARGUMENT;
    free(url);
    free(protocols);
    return number(env, (double)result);
}

static napi_value host_send_text(napi_env env, napi_callback_info info) {
    napi_value argv[2];
    host *h = enter(env, info, COUNT(argv), argv);
    if (!h) return NULL;
    size_t len;
    char *utf8 = utf8_of(env, argv[1], &len);
    int32_t result = utf8 ? egret_ws_send_text(socket_of(env, h, argv[0]), utf8, len) : EGRET_WS_ERR_INVALID_ARGUMENT;
    free(utf8);
    return number(env, result);
}

static napi_value host_send_binary(napi_env env, napi_callback_info info) {
    napi_value argv[2];
    host *h = enter(env, info, COUNT(argv), argv);
    if (!h) return NULL;
    const uint8_t *data;
    size_t len;
    if (!bytes_of(env, argv[1], &data, &len)) return number(env, EGRET_WS_ERR_INVALID_ARGUMENT);
    return number(env, egret_ws_send_binary(socket_of(env, h, argv[0]), data, len));
}

static napi_value host_close(napi_env env, napi_callback_info info) {
    napi_value argv[3];
    host *h = enter(env, info, COUNT(argv), argv);
    if (!h) return NULL;
    uint32_t code;
    size_t len;
    int32_t result = EGRET_WS_ERR_INVALID_ARGUMENT;
    char *reason = utf8_of(env, argv[2], &len);
    if (reason && OK(napi_get_value_uint32(env, argv[1], &code)))
        result = code > UINT16_MAX ? EGRET_WS_ERR_INVALID_CLOSE
                                   : egret_ws_close(socket_of(env, h, argv[0]), (uint16_t)code, reason, len);
    free(reason);
    return number(env, result);
}

static napi_value host_buffered_amount(napi_env env, napi_callback_info info) {
    napi_value argv[1];
    host *h = enter(env, info, COUNT(argv), argv);
    if (!h) return NULL;
    int64_t bytes = egret_ws_buffered_amount(socket_of(env, h, argv[0]));
    return number(env, bytes > 0 ? (double)bytes : 0); /* a socket that is gone has nothing waiting */
}

static napi_value host_normalize_url(napi_env env, napi_callback_info info) {
    napi_value argv[1], result = NULL;
    host *h = enter(env, info, COUNT(argv), argv);
    if (!h) return NULL;
    char *url = c_string_of(env, argv[0]);
    int32_t len = url ? egret_ws_normalize_url(url, NULL, 0) : EGRET_WS_ERR_INVALID_URL;
    char *out = len > 0 ? malloc((size_t)len + 1) : NULL;
    if (out && egret_ws_normalize_url(url, out, (size_t)len + 1) == len) result = text(env, out, (size_t)len);
    if (!result) napi_get_null(env, &result);
    free(out);
    free(url);
    return result;
}

/* The loop */

static void throw_error(napi_env env, int32_t error) {
    napi_throw_error(env, egret_ws_error_name(error), egret_ws_error_name(error));
}

static void free_loop(host *h) {
    if (egret_ws_loop_free(h->loop) == EGRET_WS_OK) h->loop = NULL;
}

/* poll(events, reportError, timeoutMs): how many callbacks and events there were. */
static napi_value host_poll(napi_env env, napi_callback_info info) {
    napi_value argv[3];
    host *h = enter(env, info, COUNT(argv), argv);
    if (!h) return NULL;
    const poll_scope poll = {env, argv[0], argv[1]};
    int32_t timeout_ms = 0, own = 0;
    napi_get_value_int32(env, argv[2], &timeout_ms);
    if (h->poll) {
        throw_error(env, EGRET_WS_ERR_REENTRANT);
        return NULL;
    }

    h->poll = &poll;
    napi_value made_in_js = emit(&poll, "poll", 0, NULL);
    if (made_in_js) napi_get_value_int32(env, made_in_js, &own);
    int32_t result = egret_ws_loop_poll(h->loop, own > 0 ? 0 : timeout_ms);
    h->poll = NULL;

    if (h->free_after_poll) free_loop(h);
    if (result >= 0) return number(env, (double)result + own);
    throw_error(env, result);
    return NULL;
}

/* Ends every connection; no event comes any more. From a handler: when the poll returns. */
static napi_value host_free(napi_env env, napi_callback_info info) {
    host *h = enter(env, info, 0, NULL);
    if (h && h->poll) h->free_after_poll = true;
    else if (h) free_loop(h);
    return NULL;
}

static napi_value host_sockets(napi_env env, napi_callback_info info) {
    host *h = enter(env, info, 0, NULL);
    return h ? number(env, h->peers) : NULL;
}

/* The environment (the process, a worker) ends: the I/O thread must have ended before the library is unloaded. */
static void on_environment_end(void *user) {
    host *h = user;
    h->hooked = false;
    free_loop(h);
}

static void finalize(napi_env env, void *data, void *hint) {
    host *h = data;
    (void)hint;
    if (h->hooked) napi_remove_env_cleanup_hook(env, on_environment_end, h);
    free_loop(h);
    free(h);
}

/* new Host(inline): with an I/O thread of its own unless `inline` is true. */
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

    egret_ws_loop_options options;
    host *h = calloc(1, sizeof *h);
    egret_ws_loop_options_init(&options, sizeof options);
    options.flags = inline_loop ? EGRET_WS_LOOP_INLINE : 0;
    int32_t result = h ? egret_ws_loop_new(&options, &h->loop) : EGRET_WS_ERR_NO_RESOURCES;
    if (result != EGRET_WS_OK) {
        free(h);
        throw_error(env, result);
        return NULL;
    }
    if (!OK(napi_type_tag_object(env, self, &host_tag)) || !OK(napi_wrap(env, self, h, finalize, NULL, NULL))) {
        free_loop(h);
        free(h);
        throw_error(env, EGRET_WS_ERR_INTERNAL);
        return NULL;
    }
    h->hooked = OK(napi_add_env_cleanup_hook(env, on_environment_end, h));
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
        METHOD("normalizeUrl", host_normalize_url),
        METHOD("poll", host_poll),
        METHOD("free", host_free),
        {"sockets", NULL, NULL, host_sockets, NULL, NULL, napi_default, NULL},
    };
    napi_value class;
    if (OK(napi_define_class(env, "Host", NAPI_AUTO_LENGTH, host_new, NULL, COUNT(methods), methods, &class)))
        napi_set_named_property(env, exports, "Host", class);
    return exports;
}
