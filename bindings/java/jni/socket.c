/* Sockets: sending, closing and getters. */
#include "jvm.h"
#include <stdlib.h>
#include <string.h>

/* A text with more units than this is always too long, so it need not be converted. */
enum { MAX_UNITS = EGRET_WS_MAX_MESSAGE_BYTES + 1 };

static jint send_text(JNIEnv *env, jclass native, jlong socket, jstring string, jcharArray units) {
    utf8 text;
    (void)native;
    if (!string) return EGRET_WS_ERR_INVALID_ARGUMENT;
    if (!utf8_of(env, string, units, MAX_UNITS, &text)) return jvm_no_memory(env);
    int32_t result = egret_ws_send(SOCKET(socket), EGRET_WS_TEXT, text.data, text.len);
    utf8_release(&text);
    return result;
}

/* Returns whether the range lies within `capacity` bytes. Java also checks this, but another thread can change a ByteBuffer after
 * that check. This check makes sure that no memory outside the buffer is sent. */
static bool has_part(jlong capacity, jint offset, jint length) {
    return offset >= 0 && length >= 0 && offset <= capacity - length;
}

/*
 * Copies small messages to the stack. For large ones it gets the elements from the VM, which copies nothing on Android, because its
 * VM does not move large arrays. GetPrimitiveArrayCritical is not allowed here, because the library may log, which calls Java, or
 * write to the network.
 */
static jint send_array(JNIEnv *env, jclass native, jlong socket, jbyteArray array, jint offset, jint length) {
    jbyte small[4096];
    (void)native;
    if (!array || !has_part((*env)->GetArrayLength(env, array), offset, length)) return EGRET_WS_ERR_INVALID_ARGUMENT;
    if ((size_t)length <= sizeof small) {
        (*env)->GetByteArrayRegion(env, array, offset, length, small);
        if ((*env)->ExceptionCheck(env)) return EGRET_WS_ERR_INTERNAL;
        return egret_ws_send(SOCKET(socket), EGRET_WS_BINARY, (const uint8_t *)small, (size_t)length);
    }
    jbyte *bytes = (*env)->GetByteArrayElements(env, array, NULL);
    if (!bytes || (*env)->ExceptionCheck(env)) return jvm_no_memory(env);
    int32_t result = egret_ws_send(SOCKET(socket), EGRET_WS_BINARY, (const uint8_t *)bytes + offset, (size_t)length);
    (*env)->ReleaseByteArrayElements(env, array, bytes, JNI_ABORT);
    return result;
}

static jint send_direct(JNIEnv *env, jclass native, jlong socket, jobject buffer, jint offset, jint length) {
    (void)native;
    if (!buffer) return EGRET_WS_ERR_INVALID_ARGUMENT;
    const uint8_t *bytes = (*env)->GetDirectBufferAddress(env, buffer);
    jlong capacity = (*env)->GetDirectBufferCapacity(env, buffer); /* -1: not a direct buffer */
    if (!bytes || !has_part(capacity, offset, length)) return EGRET_WS_ERR_INVALID_ARGUMENT;
    if ((*env)->ExceptionCheck(env)) return EGRET_WS_ERR_INTERNAL;
    return egret_ws_send(SOCKET(socket), EGRET_WS_BINARY, bytes + offset, (size_t)length);
}

static jint close_socket(JNIEnv *env, jclass native, jlong socket, jint code, jstring reason) {
    utf8 text;
    (void)native;
    if (code < 0 || code > UINT16_MAX) return EGRET_WS_ERR_INVALID_CLOSE;
    /* A reason has at most 123 bytes. */
    if (!utf8_of(env, reason, NULL, 124, &text)) return jvm_no_memory(env);
    int32_t result = egret_ws_close(SOCKET(socket), (uint16_t)code, text.data, text.len);
    utf8_release(&text);
    return result;
}

static jint abort_socket(JNIEnv *env, jclass native, jlong socket) {
    (void)env, (void)native;
    return egret_ws_abort(SOCKET(socket));
}

static jint free_socket(JNIEnv *env, jclass native, jlong socket) {
    (void)env, (void)native;
    return egret_ws_free(SOCKET(socket));
}

static jint state(JNIEnv *env, jclass native, jlong socket) {
    (void)env, (void)native;
    return egret_ws_state(SOCKET(socket));
}

static jlong buffered_amount(JNIEnv *env, jclass native, jlong socket) {
    (void)env, (void)native;
    return egret_ws_buffered_amount(SOCKET(socket));
}

static jint generation(JNIEnv *env, jclass native, jlong socket) {
    (void)env, (void)native;
    return egret_ws_generation(SOCKET(socket));
}

static jint retry_now(JNIEnv *env, jclass native, jlong socket) {
    (void)env, (void)native;
    return egret_ws_retry_now(SOCKET(socket));
}

static jint pause_receive(JNIEnv *env, jclass native, jlong socket) {
    (void)env, (void)native;
    return egret_ws_pause_receive(SOCKET(socket));
}

static jint resume_receive(JNIEnv *env, jclass native, jlong socket) {
    (void)env, (void)native;
    return egret_ws_resume_receive(SOCKET(socket));
}

static jint ping(JNIEnv *env, jclass native, jlong socket, jbyteArray array) {
    jbyte data[125]; /* the largest payload of a ping */
    jsize len = array ? (*env)->GetArrayLength(env, array) : 0;
    (void)native;
    if ((size_t)len > sizeof data) return EGRET_WS_ERR_INVALID_ARGUMENT;
    if (array) (*env)->GetByteArrayRegion(env, array, 0, len, data);
    if ((*env)->ExceptionCheck(env)) return EGRET_WS_ERR_INTERNAL;
    return egret_ws_ping(SOCKET(socket), data, (size_t)len);
}

/* Requests. Their texts may be NULL. */

static jint request_set_url(JNIEnv *env, jclass native, jlong request, jstring string) {
    utf8 url;
    (void)native;
    if (!utf8_of(env, string, NULL, SIZE_MAX, &url)) return jvm_no_memory(env);
    int32_t result = egret_ws_request_set_url(REQUEST(request), url.data);
    utf8_release(&url);
    return result;
}

static jint request_set_header(JNIEnv *env, jclass native, jlong request, jstring string, jstring value_string) {
    utf8 name, value;
    (void)native;
    if (!utf8_of(env, string, NULL, SIZE_MAX, &name)) return jvm_no_memory(env);
    if (!utf8_of(env, value_string, NULL, SIZE_MAX, &value)) {
        utf8_release(&name);
        return jvm_no_memory(env);
    }
    int32_t result = egret_ws_request_set_header(REQUEST(request), name.data, value.data);
    utf8_release(&name);
    utf8_release(&value);
    return result;
}

static jint request_set_list(JNIEnv *env, int32_t (*set)(egret_ws_request *request, const char *list), jlong request,
                             jstring string) {
    utf8 list;
    if (!utf8_of(env, string, NULL, SIZE_MAX, &list)) return jvm_no_memory(env);
    int32_t result = set(REQUEST(request), list.data);
    utf8_release(&list);
    return result;
}

static jint request_set_subprotocols(JNIEnv *env, jclass native, jlong request, jstring list) {
    (void)native;
    return request_set_list(env, egret_ws_request_set_subprotocols, request, list);
}

static jint request_set_addresses(JNIEnv *env, jclass native, jlong request, jstring list) {
    (void)native;
    return request_set_list(env, egret_ws_request_set_addresses, request, list);
}

/* The functions that write a text, in the order of Java's LastValues. */
static int32_t (*const texts[])(egret_ws *ws, char *out, size_t capacity) = {
    egret_ws_subprotocol,
    egret_ws_extensions,
    egret_ws_response_headers,
    egret_ws_response_cookies,
    egret_ws_remote_address,
    egret_ws_local_address,
    egret_ws_tried_addresses,
    egret_ws_proxy,
    egret_ws_tls_cipher,
    egret_ws_tls_alpn,
};

/* The question of a getter: the text with a number, a header, the body of a refusal, or a certificate. */
typedef struct question {
    enum { TEXT, HEADER, BODY, CERTIFICATE } kind;
    jint number;
    const char *name;
} question;

static int32_t ask(egret_ws *ws, const question *q, char *out, size_t capacity) {
    switch (q->kind) {
    case TEXT: return texts[q->number](ws, out, capacity);
    case HEADER: return egret_ws_response_header(ws, q->name, out, capacity);
    case BODY: return egret_ws_response_body(ws, out, capacity);
    default: return egret_ws_peer_certificate(ws, (uint32_t)q->number, (uint8_t *)out, capacity);
    }
}

/* Returns the answer, for free(), and its length. NULL if there is no such header or certificate, if the socket was freed, or if an
 * exception is pending. */
static char *answer_to(JNIEnv *env, jlong socket, const question *q, int32_t *len) {
    char *answer = NULL;
    do { /* repeat if a reconnection has made the answer longer */
        free(answer);
        answer = NULL;
        if ((*len = ask(SOCKET(socket), q, NULL, 0)) < 0) break;
        size_t capacity = (size_t)*len + 1;
        answer = malloc(capacity);
        if (!answer) {
            jvm_no_memory(env);
            return NULL;
        }
        *len = ask(SOCKET(socket), q, answer, capacity);
    } while (*len == EGRET_WS_ERR_INVALID_ARGUMENT);
    if (*len >= 0) return answer;
    if (*len != EGRET_WS_ERR_NOT_FOUND && *len != EGRET_WS_ERR_BAD_HANDLE) jvm_throw(env, *len);
    free(answer);
    return NULL;
}

static jstring text_from(JNIEnv *env, jlong socket, const question *q) {
    int32_t len;
    char *text = answer_to(env, socket, q, &len);
    jstring result = text ? text_to_java(env, text, (size_t)len) : NULL;
    free(text);
    return result;
}

static jbyteArray bytes_from(JNIEnv *env, jlong socket, const question *q) {
    int32_t len;
    char *bytes = answer_to(env, socket, q, &len);
    jbyteArray result = bytes ? (*env)->NewByteArray(env, len) : NULL;
    if (result) (*env)->SetByteArrayRegion(env, result, 0, len, (const jbyte *)bytes);
    free(bytes);
    return result;
}

static jstring text(JNIEnv *env, jclass native, jlong socket, jint which) {
    (void)native;
    return text_from(env, socket, &(question){.kind = TEXT, .number = which});
}

static jstring response_header(JNIEnv *env, jclass native, jlong socket, jstring name) {
    utf8 text;
    (void)native;
    if (!utf8_of(env, name, NULL, SIZE_MAX, &text)) {
        jvm_no_memory(env);
        return NULL;
    }
    jstring result = text_from(env, socket, &(question){.kind = HEADER, .name = text.data});
    utf8_release(&text);
    return result;
}

static jbyteArray response_body(JNIEnv *env, jclass native, jlong socket) {
    (void)native;
    return bytes_from(env, socket, &(question){.kind = BODY});
}

static jbyteArray peer_certificate(JNIEnv *env, jclass native, jlong socket, jint index) {
    (void)native;
    return bytes_from(env, socket, &(question){.kind = CERTIFICATE, .number = index});
}

/* Returns false if the socket was freed. */
static jboolean stats(JNIEnv *env, jclass native, jlong socket, jlongArray out) {
    egret_ws_statistics s = {.struct_size = sizeof s};
    (void)native;
    int32_t result = egret_ws_stats(SOCKET(socket), &s);
    if (result < 0) {
        if (result != EGRET_WS_ERR_BAD_HANDLE) jvm_throw(env, result);
        return JNI_FALSE;
    }
    /* In the order of Java's WebSocketStats. */
    /* generated: statistics, by "make header"; do not edit */
    const jlong values[] = {
        (jlong)s.http_status,
        (jlong)s.tls_version,
        (jlong)s.redirects,
        (jlong)s.resolve_us,
        (jlong)s.connect_us,
        (jlong)s.proxy_us,
        (jlong)s.tls_us,
        (jlong)s.handshake_us,
        (jlong)s.connections,
        (jlong)s.retries,
        (jlong)s.messages_sent,
        (jlong)s.bytes_sent,
        (jlong)s.wire_bytes_sent,
        (jlong)s.messages_received,
        (jlong)s.bytes_received,
        (jlong)s.wire_bytes_received,
        (jlong)s.send_queue_bytes,
        (jlong)s.send_queue_peak_bytes,
        (jlong)s.receive_queue_bytes,
        (jlong)s.receive_queue_peak_bytes,
        (jlong)s.rtt_us,
        (jlong)s.rtt_smoothed_us,
        (jlong)s.tls_resumed,
        (jlong)s.addresses_tried,
    };
    /* generated: end */
    (*env)->SetLongArrayRegion(env, out, 0, COUNT(values), values);
    return (*env)->ExceptionCheck(env) ? JNI_FALSE : JNI_TRUE;
}

#define STRING "Ljava/lang/String;"
#define METHOD(name, signature, function) {(char *)name, (char *)signature, (void *)(intptr_t)function}

const JNINativeMethod socket_natives[] = {
    METHOD("connect", "(J" STRING "IL" PACKAGE "WebSocket;I[I[" STRING "[" STRING "[B[BZZLjava/nio/ByteBuffer;Ljava/nio/ByteBuffer;[J)I",
           connect_socket),
    METHOD("sendText", "(J" STRING "[C)I", send_text),
    METHOD("sendArray", "(J[BII)I", send_array),
    METHOD("sendDirect", "(JLjava/nio/ByteBuffer;II)I", send_direct),
    METHOD("close", "(JI" STRING ")I", close_socket),
    METHOD("abort", "(J)I", abort_socket),
    METHOD("free", "(J)I", free_socket),
    METHOD("state", "(J)I", state),
    METHOD("bufferedAmount", "(J)J", buffered_amount),
    METHOD("generation", "(J)I", generation),
    METHOD("retryNow", "(J)I", retry_now),
    METHOD("pauseReceive", "(J)I", pause_receive),
    METHOD("resumeReceive", "(J)I", resume_receive),
    METHOD("ping", "(J[B)I", ping),
    METHOD("requestSetUrl", "(J" STRING ")I", request_set_url),
    METHOD("requestSetHeader", "(J" STRING STRING ")I", request_set_header),
    METHOD("requestSetSubprotocols", "(J" STRING ")I", request_set_subprotocols),
    METHOD("requestSetAddresses", "(J" STRING ")I", request_set_addresses),
    METHOD("text", "(JI)" STRING, text),
    METHOD("responseHeader", "(J" STRING ")" STRING, response_header),
    METHOD("responseBody", "(J)[B", response_body),
    METHOD("peerCertificate", "(JI)[B", peer_certificate),
    METHOD("stats", "(J[J)Z", stats),
};
const jint socket_natives_count = COUNT(socket_natives);
