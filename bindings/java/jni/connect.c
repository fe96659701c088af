/* Connecting: copies options from Java arrays to the C struct. */
#include "jvm.h"
#include <stdlib.h>

#define FIELD(name) offsetof(egret_ws_options, name)

/* The fields for the numbers and texts of Java's WebSocketOptions, in the same order. */
/* generated: options for C, by "make header"; do not edit */
static const size_t number_fields[] = {
    FIELD(connect_timeout_ms),
    FIELD(handshake_timeout_ms),
    FIELD(close_timeout_ms),
    FIELD(resolve_timeout_ms),
    FIELD(proxy_timeout_ms),
    FIELD(tls_timeout_ms),
    FIELD(open_timeout_ms),
    FIELD(max_message_bytes),
    FIELD(max_send_buffer_bytes),
    FIELD(max_receive_queue_bytes),
    FIELD(max_redirects),
    FIELD(tls_min_version),
    FIELD(deflate_level),
    FIELD(deflate_threshold_bytes),
    FIELD(deflate_client_window_bits),
    FIELD(deflate_server_window_bits),
    FIELD(ping_interval_ms),
    FIELD(pong_timeout_ms),
    FIELD(probe_timeout_ms),
    FIELD(retry_attempts),
    FIELD(retry_floor_ms),
    FIELD(retry_first_ms),
    FIELD(retry_ceiling_ms),
    FIELD(retry_total_ms),
};
static const size_t text_fields[] = {
    FIELD(subprotocols),
    FIELD(origin),
    FIELD(user_agent),
    FIELD(username),
    FIELD(password),
    FIELD(proxy),
    FIELD(tls_pins),
    FIELD(tls_identity_password),
    FIELD(tls_server_name),
};
/* generated: end */

/* Copies that live until the library has made its own. `failed`: there was no memory for one, or an exception is pending. Then
 * no further JNI function is called, and no connection is made. */
typedef struct copies {
    JNIEnv *env;
    void **all;
    size_t count, capacity;
    bool failed;
} copies;

static void *keep(copies *c, void *copy) {
    if (copy && c->count < c->capacity) return c->all[c->count++] = copy;
    free(copy);
    c->failed = true;
    return NULL;
}

static char *string_of(copies *c, jstring string) {
    return string && !c->failed ? keep(c, utf8_copy(c->env, string)) : NULL;
}

static char *string_at(copies *c, jobjectArray array, jsize i) {
    if (c->failed) return NULL;
    jstring string = (*c->env)->GetObjectArrayElement(c->env, array, i);
    if ((*c->env)->ExceptionCheck(c->env)) c->failed = true;
    if (!string || c->failed) return NULL;
    char *copy = string_of(c, string);
    (*c->env)->DeleteLocalRef(c->env, string);
    return copy;
}

static void *bytes_of(copies *c, jbyteArray array, size_t *len) {
    *len = array && !c->failed ? (size_t)(*c->env)->GetArrayLength(c->env, array) : 0;
    if (*len == 0) return NULL;
    jbyte *copy = keep(c, malloc(*len));
    if (copy) (*c->env)->GetByteArrayRegion(c->env, array, 0, (jsize)*len, copy);
    if ((*c->env)->ExceptionCheck(c->env)) c->failed = true;
    return copy;
}

static void set_numbers(copies *c, egret_ws_options *options, jintArray numbers) {
    jint values[COUNT(number_fields)];
    (*c->env)->GetIntArrayRegion(c->env, numbers, 0, COUNT(values), values);
    if ((*c->env)->ExceptionCheck(c->env)) c->failed = true;
    for (size_t i = 0; !c->failed && i < COUNT(values); i++)
        *(uint32_t *)(void *)((char *)options + number_fields[i]) = (uint32_t)values[i];
}

static void set_texts(copies *c, egret_ws_options *options, jobjectArray texts) {
    for (size_t i = 0; i < COUNT(text_fields); i++)
        *(const char **)(void *)((char *)options + text_fields[i]) = string_at(c, texts, (jsize)i);
}

static void set_headers(copies *c, egret_ws_options *options, jobjectArray texts) {
    options->header_count = c->failed ? 0 : (size_t)(*c->env)->GetArrayLength(c->env, texts) / 2;
    if (options->header_count == 0) return;
    egret_ws_header *headers = keep(c, calloc(options->header_count, sizeof *headers));
    for (size_t i = 0; headers && i < options->header_count; i++) {
        headers[i].name = string_at(c, texts, (jsize)(2 * i));
        headers[i].value = string_at(c, texts, (jsize)(2 * i + 1));
    }
    options->headers = headers;
}

jint connect_socket(JNIEnv *env, jclass native, jlong loop, jstring target, jint port, jobject socket, jint flags,
                    jintArray numbers, jobjectArray texts, jobjectArray headers, jbyteArray tls_roots,
                    jbyteArray tls_identity, jobject direct, jlongArray out) {
    egret_ws_options options;
    egret_ws *ws = NULL;
    peer *user = peer_new(env, socket, direct);
    /* Texts, headers and their array, the URL or host, roots and identity. */
    copies c = {env, NULL, 0, COUNT(text_fields) + (size_t)(*env)->GetArrayLength(env, headers) + 4, false};
    int32_t result = EGRET_WS_ERR_NO_RESOURCES;
    (void)native;

    c.all = calloc(c.capacity, sizeof *c.all);
    if (user && c.all) {
        egret_ws_options_init(&options, sizeof options);
        options.flags = (uint32_t)flags;
        set_callbacks(&options, user);
        set_numbers(&c, &options, numbers);
        set_texts(&c, &options, texts);
        set_headers(&c, &options, headers);
        options.tls_roots = bytes_of(&c, tls_roots, &options.tls_roots_len);
        options.tls_identity = bytes_of(&c, tls_identity, &options.tls_identity_len);
        const char *text = string_of(&c, target);
        if (port > UINT16_MAX)
            result = EGRET_WS_ERR_INVALID_ARGUMENT;
        else if (!c.failed && port < 0)
            result = egret_ws_connect_url(LOOP(loop), text, &options, &ws);
        else if (!c.failed)
            result = egret_ws_connect(LOOP(loop), text, (uint16_t)port, &options, &ws);
    }
    if (result == EGRET_WS_OK) {
        jlong handle = NUMBER(ws);
        (*env)->SetLongArrayRegion(env, out, 0, 1, &handle);
        if ((*env)->ExceptionCheck(env)) egret_ws_free(ws); /* Java did not receive the handle */
    } else if (user) {
        peer_free(user); /* the library did not take it */
    }
    while (c.count > 0) free(c.all[--c.count]);
    free(c.all);
    return result;
}
