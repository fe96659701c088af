/* Loops, and functions that need no socket. */
#include "jvm.h"
#include <stdlib.h>
#include <string.h>

/* Stores the loop's handle and the `user` of its callbacks, which lives until loop_free. */
static jint loop_new(JNIEnv *env, jclass native, jobject self, jint flags, jboolean log, jintArray numbers,
                     jboolean resolve, jboolean proxy, jboolean socket, jint max_hook_threads, jobject tls, jlongArray out) {
    egret_ws_loop_options options;
    egret_ws_hooks hooks;
    egret_ws_tls_provider provider;
    egret_ws_loop *loop = NULL;
    jweak user = (*env)->NewWeakGlobalRef(env, self);
    (void)native;
    egret_ws_loop_options_init(&options, sizeof options);
    options.flags = (uint32_t)flags;
    options.user = user;
    options.on_log = log ? on_log : NULL;
    set_hooks(&hooks, resolve, proxy, socket, (uint32_t)max_hook_threads);
    options.hooks = &hooks;
    /* generated: loop options for C, by "make header"; do not edit */
    jint values[4] = {0};
    (*env)->GetIntArrayRegion(env, numbers, 0, COUNT(values), values);
    options.log_level = values[0];
    options.poll_max_callbacks = (uint32_t)values[1];
    options.poll_max_us = (uint32_t)values[2];
    options.linger_ms = (uint32_t)values[3];
    /* generated: end */
    bool is_ready = user && !(*env)->ExceptionCheck(env) && (!tls || tls_provider_new(env, tls, &provider));
    if (is_ready && tls) options.tls_provider = &provider;
    int32_t result = is_ready ? egret_ws_loop_new(&options, &loop) : jvm_no_memory(env);
    if (result != EGRET_WS_OK && options.tls_provider) tls_provider_free(&provider);
    if (result == EGRET_WS_OK) {
        jlong values[] = {NUMBER(loop), NUMBER(user)};
        (*env)->SetLongArrayRegion(env, out, 0, COUNT(values), values);
        if (!(*env)->ExceptionCheck(env)) return result;
        egret_ws_loop_free(loop, NULL); /* Java does not get the handle */
    }
    (*env)->DeleteWeakGlobalRef(env, user);
    return result;
}

static jint loop_poll(JNIEnv *env, jclass native, jlong loop, jint timeout_ms) {
    (void)env, (void)native;
    return egret_ws_loop_poll(LOOP(loop), timeout_ms);
}

static jint loop_wake(JNIEnv *env, jclass native, jlong loop) {
    (void)env, (void)native;
    return egret_ws_loop_wake(LOOP(loop));
}

static jint loop_set_wakeup(JNIEnv *env, jclass native, jlong loop, jlong user, jboolean on) {
    (void)env, (void)native;
    return egret_ws_loop_set_wakeup(LOOP(loop), on ? on_wakeup : NULL, REFERENCE(user));
}

static jint loop_descriptor(JNIEnv *env, jclass native, jlong loop) {
    (void)env, (void)native;
    return egret_ws_loop_descriptor(LOOP(loop));
}

static jint loop_timeout(JNIEnv *env, jclass native, jlong loop) {
    (void)env, (void)native;
    return egret_ws_loop_next_poll_ms(LOOP(loop));
}

static jint loop_suspend(JNIEnv *env, jclass native, jlong loop) {
    (void)env, (void)native;
    return egret_ws_loop_suspend(LOOP(loop));
}

static jint loop_resume(JNIEnv *env, jclass native, jlong loop) {
    (void)env, (void)native;
    return egret_ws_loop_resume(LOOP(loop));
}

static jint loop_network_changed(JNIEnv *env, jclass native, jlong loop) {
    (void)env, (void)native;
    return egret_ws_loop_network_changed(LOOP(loop));
}

/* After the library has freed the loop, no callback of it is running. */
static jint loop_free(JNIEnv *env, jclass native, jlong loop, jlong user, jlongArray out) {
    egret_ws_free_report lost = {.struct_size = sizeof lost};
    (void)native;
    int32_t result = egret_ws_loop_free(LOOP(loop), &lost);
    if (result != EGRET_WS_OK) return result;
    (*env)->DeleteWeakGlobalRef(env, REFERENCE(user));
    /* In the order of Java's LoopCloseInfo. */
    const jlong values[] = {(jlong)lost.sockets, (jlong)lost.unsent_messages, (jlong)lost.unsent_bytes};
    (*env)->SetLongArrayRegion(env, out, 0, COUNT(values), values);
    return result;
}

static jstring normalize_url(JNIEnv *env, jclass native, jstring url) {
    char *text = url ? utf8_copy(env, url) : NULL;
    jstring result = NULL;
    (void)native;
    if (url && !text) {
        jvm_no_memory(env);
        return NULL;
    }
    int32_t len = egret_ws_normalize_url(text, NULL, 0);
    char *normal = len >= 0 ? malloc((size_t)len + 1) : NULL;
    if (normal) len = egret_ws_normalize_url(text, normal, (size_t)len + 1);
    if (len < 0)
        jvm_throw(env, len);
    else if (!normal)
        jvm_no_memory(env);
    else
        result = text_to_java(env, normal, (size_t)len);
    free(normal);
    free(text);
    return result;
}

/* Answers the question of a hook. The text may be NULL. */
static jint answer(JNIEnv *env, int32_t (*give)(egret_ws_query *query, const char *text), jlong query, jstring string) {
    utf8 text;
    if (!utf8_of(env, string, NULL, SIZE_MAX, &text)) return jvm_no_memory(env);
    int32_t result = give(QUERY(query), text.data);
    utf8_release(&text);
    return result;
}

static jint resolved(JNIEnv *env, jclass native, jlong query, jstring addresses) {
    (void)native;
    return answer(env, egret_ws_resolved, query, addresses);
}

static jint proxy_found(JNIEnv *env, jclass native, jlong query, jstring proxies) {
    (void)native;
    return answer(env, egret_ws_proxy_found, query, proxies);
}

static jint tls_ready(JNIEnv *env, jclass native, jlong socket) {
    (void)env, (void)native;
    return egret_ws_tls_ready(SOCKET(socket));
}

static int32_t never(void *user, egret_ws *ws, uint32_t attempt, const egret_ws_close_info *last, egret_ws_request *request) {
    (void)user, (void)ws, (void)attempt, (void)last, (void)request;
    return EGRET_WS_REQUEST_STOP;
}

/* Returns whether the library accepts wss, which it refuses if it has no TLS. The socket makes no connection: with an
 * on_request it does nothing before a poll, and an inline loop has no thread. */
static jboolean has_tls(JNIEnv *env, jclass native) {
    egret_ws_loop_options loop_options;
    egret_ws_options options;
    egret_ws_loop *loop = NULL;
    egret_ws *ws = NULL;
    (void)env, (void)native;
    egret_ws_loop_options_init(&loop_options, sizeof loop_options);
    loop_options.flags = EGRET_WS_LOOP_INLINE;
    egret_ws_options_init(&options, sizeof options);
    options.on_request = never;
    if (egret_ws_loop_new(&loop_options, &loop) != EGRET_WS_OK) return JNI_TRUE;
    bool is_refused = egret_ws_connect(loop, "wss://localhost/", &options, &ws) == EGRET_WS_ERR_UNSUPPORTED;
    egret_ws_loop_free(loop, NULL);
    return !is_refused;
}

static jstring last_error_message(JNIEnv *env, jclass native) {
    const char *message = egret_ws_last_error_message();
    (void)native;
    return text_to_java(env, message, strlen(message));
}

static jstring version_string(JNIEnv *env, jclass native) {
    const char *version = egret_ws_version_string();
    (void)native;
    return text_to_java(env, version, strlen(version));
}

static jint version_number(JNIEnv *env, jclass native) {
    (void)env, (void)native;
    return (jint)egret_ws_version_number();
}

#define STRING "Ljava/lang/String;"
#define METHOD(name, signature, function) {(char *)name, (char *)signature, (void *)(intptr_t)function}

const JNINativeMethod loop_natives[] = {
    METHOD("loopNew", "(L" PACKAGE "WebSocketLoop;IZ[IZZZIL" PACKAGE "TlsProvider;[J)I", loop_new),
    METHOD("loopPoll", "(JI)I", loop_poll),
    METHOD("loopWake", "(J)I", loop_wake),
    METHOD("loopSetWakeup", "(JJZ)I", loop_set_wakeup),
    METHOD("loopDescriptor", "(J)I", loop_descriptor),
    METHOD("loopTimeout", "(J)I", loop_timeout),
    METHOD("loopSuspend", "(J)I", loop_suspend),
    METHOD("loopResume", "(J)I", loop_resume),
    METHOD("loopNetworkChanged", "(J)I", loop_network_changed),
    METHOD("loopFree", "(JJ[J)I", loop_free),
    METHOD("resolved", "(J" STRING ")I", resolved),
    METHOD("proxyFound", "(J" STRING ")I", proxy_found),
    METHOD("hasTls", "()Z", has_tls),
    METHOD("tlsReady", "(J)I", tls_ready),
    METHOD("normalizeUrl", "(" STRING ")" STRING, normalize_url),
    METHOD("lastErrorMessage", "()" STRING, last_error_message),
    METHOD("versionString", "()" STRING, version_string),
    METHOD("versionNumber", "()I", version_number),
};
const jint loop_natives_count = COUNT(loop_natives);
