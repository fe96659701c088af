/* Connecting: copies options from Java arrays to the C struct. */
#include "jvm.h"
#include <stdlib.h>

typedef struct all_options {
    egret_ws_options socket;
    egret_ws_retry_options retry;
    egret_ws_deflate_options deflate;
} all_options;

#define FIELD(name) offsetof(all_options, name)

/* The fields for the numbers and texts of Java's WebSocketOptions, in the same order. */
/* generated: options for C, by "make header"; do not edit */
static const size_t number_fields[] = {
    FIELD(socket.connect_timeout_ms),
    FIELD(socket.handshake_timeout_ms),
    FIELD(socket.flush_timeout_ms),
    FIELD(socket.close_timeout_ms),
    FIELD(socket.resolve_timeout_ms),
    FIELD(socket.proxy_timeout_ms),
    FIELD(socket.tls_timeout_ms),
    FIELD(socket.open_timeout_ms),
    FIELD(socket.max_message_bytes),
    FIELD(socket.max_send_buffer_bytes),
    FIELD(socket.max_receive_queue_bytes),
    FIELD(socket.max_refusal_body_bytes),
    FIELD(socket.max_redirects),
    FIELD(socket.tls_min_version),
    FIELD(socket.attempt_delay_ms),
    FIELD(socket.ping_interval_ms),
    FIELD(socket.pong_timeout_ms),
    FIELD(socket.probe_timeout_ms),
    FIELD(socket.retry_attempts),
    FIELD(retry.min_wait_ms),
    FIELD(retry.first_wait_ms),
    FIELD(retry.max_wait_ms),
    FIELD(retry.total_ms),
    FIELD(deflate.level),
    FIELD(deflate.threshold_bytes),
    FIELD(deflate.client_window_bits),
    FIELD(deflate.server_window_bits),
    FIELD(deflate.client_no_context_takeover),
    FIELD(deflate.server_no_context_takeover),
};
static const size_t text_fields[] = {
    FIELD(socket.subprotocols),
    FIELD(socket.origin),
    FIELD(socket.user_agent),
    FIELD(socket.username),
    FIELD(socket.password),
    FIELD(socket.proxy),
    FIELD(socket.tls_pins),
    FIELD(socket.tls_identity_password),
    FIELD(socket.tls_server_name),
    FIELD(socket.addresses),
    FIELD(socket.local_address),
    FIELD(socket.local_interface),
};
/* generated: end */

/* Copies that live until the library has made its own. `failed`: there was no memory for a copy, or an exception is pending. Then
 * no other JNI function is called, and no connection is made. */
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

static void set_numbers(copies *c, all_options *options, jintArray numbers) {
    jint values[COUNT(number_fields)];
    (*c->env)->GetIntArrayRegion(c->env, numbers, 0, COUNT(values), values);
    if ((*c->env)->ExceptionCheck(c->env)) c->failed = true;
    for (size_t i = 0; !c->failed && i < COUNT(values); i++)
        *(uint32_t *)(void *)((char *)options + number_fields[i]) = (uint32_t)values[i];
}

static void set_texts(copies *c, all_options *options, jobjectArray texts) {
    for (size_t i = 0; i < COUNT(text_fields); i++)
        *(const char **)(void *)((char *)options + text_fields[i]) = string_at(c, texts, (jsize)i);
}

static void set_headers(copies *c, egret_ws_options *options, jobjectArray texts) {
    options->header_count = c->failed ? 0 : (uint32_t)(*c->env)->GetArrayLength(c->env, texts) / 2;
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
                    jbyteArray tls_identity, jboolean hook, jboolean frames, jobject small, jobject direct, jlongArray out) {
    all_options all;
    egret_ws_options *options = &all.socket;
    egret_ws *ws = NULL;
    peer *user = peer_new(env, socket, small, direct);
    /* Texts, headers and their array, the URL or host, roots and identity. */
    copies c = {env, NULL, 0, COUNT(text_fields) + (size_t)(*env)->GetArrayLength(env, headers) + 4, false};
    int32_t result = EGRET_WS_ERR_NO_RESOURCES;
    bool prepared = false;
    (void)native;

    c.all = calloc(c.capacity, sizeof *c.all);
    if (user && c.all) {
        egret_ws_options_init(options, sizeof *options);
        egret_ws_retry_options_init(&all.retry, sizeof all.retry);
        egret_ws_deflate_options_init(&all.deflate, sizeof all.deflate);
        options->retry = &all.retry;
        options->deflate = &all.deflate;
        options->flags = (uint32_t)flags;
        set_callbacks(options, user, hook, frames);
        set_numbers(&c, &all, numbers);
        set_texts(&c, &all, texts);
        set_headers(&c, options, headers);
        options->tls_roots = bytes_of(&c, tls_roots, &options->tls_roots_len);
        options->tls_identity = bytes_of(&c, tls_identity, &options->tls_identity_len);
        const char *text = string_of(&c, target);
        prepared = !c.failed;
        if (port > UINT16_MAX)
            result = EGRET_WS_ERR_INVALID_ARGUMENT;
        else if (prepared && port < 0)
            result = egret_ws_connect(LOOP(loop), text, options, &ws);
        else if (prepared)
            result = egret_ws_connect_host(LOOP(loop), text, (uint16_t)port, options, &ws);
    }
    if (result == EGRET_WS_OK) {
        jlong handle = NUMBER(ws);
        (*env)->SetLongArrayRegion(env, out, 0, 1, &handle);
        if ((*env)->ExceptionCheck(env)) egret_ws_free(ws); /* Java does not get the handle */
    } else if (user) {
        peer_free(user); /* the library does not own it */
    }
    while (c.count > 0) free(c.all[--c.count]);
    free(c.all);
    if (!prepared) jvm_no_memory(env);
    return result;
}
