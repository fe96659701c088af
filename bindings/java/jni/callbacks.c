/* Events: the library's callbacks call static methods of the Java class Callbacks, which catch the exceptions of listeners. */
#include "jvm.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* For a message of at most this size, Java code creates the array or the string: the VM compiles that code, and fewer JNI calls
 * mean fewer changes of the thread's state. */
enum { SMALL_BYTES = 4096 };

/* Locked while a peer is freed, and while a thread that does not poll reads one. */
static pthread_mutex_t peers = PTHREAD_MUTEX_INITIALIZER;

/* Gets a global reference to a direct buffer of at least `size` bytes, and its memory. False: it is no such buffer, or there is no
 * memory. */
static bool keep_buffer(JNIEnv *env, jobject buffer, jlong size, jobject *kept, uint8_t **bytes) {
    if (!buffer || (*env)->GetDirectBufferCapacity(env, buffer) < size) return false;
    *kept = (*env)->NewGlobalRef(env, buffer);
    *bytes = (*env)->GetDirectBufferAddress(env, buffer);
    return *kept && *bytes;
}

peer *peer_new(JNIEnv *env, jobject socket, jobject small, jobject direct) {
    peer *p = calloc(1, sizeof *p);
    if (!p) return NULL;
    p->socket = (*env)->NewWeakGlobalRef(env, socket);
    /* on_message relies on these sizes when it copies a message. */
    if (p->socket && keep_buffer(env, small, SMALL_BYTES, &p->small, &p->small_bytes) &&
        (!direct || keep_buffer(env, direct, EGRET_WS_MAX_MESSAGE_BYTES, &p->direct, &p->direct_bytes)))
        return p;
    peer_free(p);
    return NULL;
}

/* Only Java threads poll and free, so there is always an env. */
void peer_free(void *user) {
    peer *p = user;
    JNIEnv *env = jvm_env();
    pthread_mutex_lock(&peers);
    if (env) {
        (*env)->DeleteWeakGlobalRef(env, p->socket);
        (*env)->DeleteGlobalRef(env, p->small);
        (*env)->DeleteGlobalRef(env, p->direct);
    }
    free(p);
    pthread_mutex_unlock(&peers);
}

jobject peer_socket(JNIEnv *env, egret_ws *ws) {
    pthread_mutex_lock(&peers);
    const peer *p = egret_ws_user(ws); /* NULL after release_user has begun */
    jobject socket = p ? (*env)->NewLocalRef(env, p->socket) : NULL;
    pthread_mutex_unlock(&peers);
    return socket;
}

/* Reports an exception that Callbacks could not catch, and clears it: an object could not be created, or the stack is full. */
static void report(JNIEnv *env, const peer *p) {
    jthrowable thrown = (*env)->ExceptionOccurred(env);
    if (!thrown) return;
    (*env)->ExceptionClear(env);
    (*env)->CallStaticVoidMethod(env, java.callbacks, java.report, p->socket, thrown);
    if ((*env)->ExceptionCheck(env)) (*env)->ExceptionClear(env);
    (*env)->DeleteLocalRef(env, thrown);
}

static void on_connect(void *user, egret_ws *ws) {
    const peer *p = user;
    JNIEnv *env = jvm_env();
    if (!env) return;
    (*env)->CallStaticVoidMethod(env, java.callbacks, java.on_connect, p->socket, NUMBER(ws));
    report(env, p);
}

static void on_small(JNIEnv *env, const peer *p, jmethodID method, const uint8_t *data, size_t len) {
    memcpy(p->small_bytes, data, len);
    (*env)->CallStaticVoidMethod(env, java.callbacks, method, p->socket, (jint)len);
    report(env, p);
}

static void on_bytes(JNIEnv *env, const peer *p, jmethodID method, const uint8_t *data, size_t len) {
    jbyteArray array = (*env)->NewByteArray(env, (jsize)len);
    if (array) (*env)->SetByteArrayRegion(env, array, 0, (jsize)len, (const jbyte *)data);
    if (array && !(*env)->ExceptionCheck(env)) {
        (*env)->CallStaticVoidMethod(env, java.callbacks, method, p->socket, array);
    }
    report(env, p);
    (*env)->DeleteLocalRef(env, array);
}

/* A buffer over `data` itself would save the copy, but a listener that keeps the buffer could read freed memory. */
static void on_direct(JNIEnv *env, const peer *p, const uint8_t *data, size_t len) {
    memcpy(p->direct_bytes, data, len);
    (*env)->CallStaticVoidMethod(env, java.callbacks, java.on_direct, p->socket, p->direct, (jint)len);
    report(env, p);
}

static void on_message(void *user, egret_ws *ws, int32_t kind, const uint8_t *data, size_t len) {
    const peer *p = user;
    JNIEnv *env = jvm_env();
    (void)ws;
    if (!env) return;
    if (kind != EGRET_WS_TEXT && p->direct)
        on_direct(env, p, data, len);
    else if (len <= SMALL_BYTES)
        on_small(env, p, kind == EGRET_WS_TEXT ? java.on_small_text : java.on_small_binary, data, len);
    else
        on_bytes(env, p, kind == EGRET_WS_TEXT ? java.on_utf8 : java.on_binary, data, len);
}

static void on_pong(void *user, egret_ws *ws, const uint8_t *data, size_t len) {
    JNIEnv *env = jvm_env();
    (void)ws;
    if (env) on_bytes(env, user, java.on_pong, data, len);
}

/* Returns a CloseInfo; NULL if an exception is pending. */
static jobject close_info(JNIEnv *env, const egret_ws_close_info *info) {
    jstring reason = text_to_java(env, info->reason, info->reason_len);
    jstring message = reason ? text_to_java(env, info->message, info->message_len) : NULL;
    jobject result = message ? (*env)->NewObject(env, java.close_info, java.close_info_new, (jint)info->error,
                                                 (jint)info->phase, (jint)info->initiator, (jint)info->http_status,
                                                 (jint)info->os_error, (jint)info->code, (jint)info->sent_code,
                                                 (jlong)info->unsent_messages, (jlong)info->unsent_bytes,
                                                 (jboolean)(egret_ws_is_retryable(info) == 1), reason, message)
                             : NULL;
    (*env)->DeleteLocalRef(env, reason);
    (*env)->DeleteLocalRef(env, message);
    return result;
}

/* Frees the socket after its last event, so that a Java program need not free it. */
static void on_close(void *user, egret_ws *ws, const egret_ws_close_info *info) {
    const peer *p = user;
    JNIEnv *env = jvm_env();
    if (env) {
        jobject java_info = close_info(env, info);
        if (!java_info) report(env, p); /* no memory: Java has a constant report for this case */
        (*env)->CallStaticVoidMethod(env, java.callbacks, java.on_close, p->socket, NUMBER(ws), java_info);
        report(env, p);
        (*env)->DeleteLocalRef(env, java_info);
    }
    egret_ws_free(ws);
}

static void on_drain(void *user, egret_ws *ws) {
    const peer *p = user;
    JNIEnv *env = jvm_env();
    (void)ws;
    if (!env) return;
    (*env)->CallStaticVoidMethod(env, java.callbacks, java.on_drain, p->socket);
    report(env, p);
}

static void on_retry(void *user, egret_ws *ws, const egret_ws_close_info *info, uint32_t attempt, uint32_t delay_ms) {
    const peer *p = user;
    JNIEnv *env = jvm_env();
    if (!env) return;
    jobject java_info = close_info(env, info);
    jlong delay = delay_ms == UINT32_MAX ? INT64_MAX : (jlong)delay_ms;
    if (java_info)
        (*env)->CallStaticVoidMethod(env, java.callbacks, java.on_retry, p->socket, NUMBER(ws), java_info, (jint)attempt,
                                     delay);
    report(env, p);
    (*env)->DeleteLocalRef(env, java_info);
}

static int32_t on_request(void *user, egret_ws *ws, uint32_t attempt, const egret_ws_close_info *last,
                          egret_ws_request *request) {
    const peer *p = user;
    JNIEnv *env = jvm_env();
    int32_t action = EGRET_WS_REQUEST_STOP;
    if (!env) return action;
    jobject java_last = last ? close_info(env, last) : NULL;
    if (!last || java_last)
        action = (*env)->CallStaticIntMethod(env, java.callbacks, java.on_request, p->socket, NUMBER(ws), NUMBER(request),
                                             (jint)attempt, java_last);
    if ((*env)->ExceptionCheck(env)) action = EGRET_WS_REQUEST_STOP;
    report(env, p);
    (*env)->DeleteLocalRef(env, java_last);
    return action;
}

static void on_frame(void *user, egret_ws *ws, int32_t direction, uint32_t opcode, uint32_t flags, uint64_t length) {
    const peer *p = user;
    JNIEnv *env = jvm_env();
    (void)ws;
    if (!env) return;
    (*env)->CallStaticVoidMethod(env, java.callbacks, java.on_frame, p->socket, (jint)direction, (jint)opcode,
                                 (jboolean)((flags & EGRET_WS_FRAME_FIN) != 0),
                                 (jboolean)((flags & EGRET_WS_FRAME_COMPRESSED) != 0), (jlong)length);
    report(env, p);
}

void set_callbacks(egret_ws_options *options, peer *user, bool hook, bool frames) {
    options->user = user;
    options->on_connect = on_connect;
    options->on_message = on_message;
    options->on_close = on_close;
    options->on_drain = on_drain;
    options->on_pong = on_pong;
    options->on_retry = on_retry;
    options->on_request = hook ? on_request : NULL;
    options->on_frame = frames ? on_frame : NULL;
    options->release_user = peer_free;
}

/* Any thread may call these two. `user` is a weak reference to the WebSocketLoop, which is NULL after the loop was collected.
 * They do nothing if an exception of other native code is pending, because then no Java method may be called. */

void on_log(void *user, int32_t level, const char *text, egret_ws *ws) {
    JNIEnv *env = jvm_env();
    if (!env || (*env)->ExceptionCheck(env)) return;
    jobject loop = (*env)->NewLocalRef(env, user);
    jstring line = loop ? text_to_java(env, text, strlen(text)) : NULL;
    if (line) (*env)->CallStaticVoidMethod(env, java.callbacks, java.on_log, loop, (jint)level, line, NUMBER(ws));
    if ((*env)->ExceptionCheck(env)) (*env)->ExceptionClear(env);
    (*env)->DeleteLocalRef(env, line);
    (*env)->DeleteLocalRef(env, loop);
}

void on_wakeup(void *user) {
    JNIEnv *env = jvm_env();
    if (!env || (*env)->ExceptionCheck(env)) return;
    jobject loop = (*env)->NewLocalRef(env, user);
    if (loop) (*env)->CallStaticVoidMethod(env, java.callbacks, java.on_wakeup, loop);
    if ((*env)->ExceptionCheck(env)) (*env)->ExceptionClear(env);
    (*env)->DeleteLocalRef(env, loop);
}
