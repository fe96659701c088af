/* The virtual machine: loading, threads and exceptions. */
#include "jvm.h"
#include <pthread.h>

static JavaVM *vm;
static pthread_key_t attached; /* set in threads that this shim attached */

java_names java;

static void detach(void *env) {
    (void)env;
    (*vm)->DetachCurrentThread(vm);
}

JNIEnv *jvm_env(void) {
    void *env = NULL;
    jint result = (*vm)->GetEnv(vm, &env, JNI_VERSION_1_6);
    if (result == JNI_OK) return env;
    if (result != JNI_EDETACHED) return NULL;
    /* Attach it as a daemon, so that a loop's thread does not keep the program running. */
    JavaVMAttachArgs args = {JNI_VERSION_1_6, "egret-ws", NULL};
#ifdef __ANDROID__
    JNIEnv *fresh = NULL;
    result = (*vm)->AttachCurrentThreadAsDaemon(vm, &fresh, &args);
    env = fresh;
#else
    result = (*vm)->AttachCurrentThreadAsDaemon(vm, &env, &args);
#endif
    if (result != JNI_OK) return NULL;
    pthread_setspecific(attached, env);
    return env;
}

void jvm_throw(JNIEnv *env, int32_t error) {
    if ((*env)->ExceptionCheck(env)) return;
    jobject exception = (*env)->NewObject(env, java.exception, java.exception_new, (jint)error);
    if (exception) (*env)->Throw(env, exception);
}

int32_t jvm_no_memory(JNIEnv *env) {
    if (!(*env)->ExceptionCheck(env)) {
        jclass error = (*env)->FindClass(env, "java/lang/OutOfMemoryError");
        if (error) (*env)->ThrowNew(env, error, "egret_ws");
        (*env)->DeleteLocalRef(env, error);
    }
    return EGRET_WS_ERR_NO_RESOURCES;
}

jclass find_class(JNIEnv *env, const char *name) {
    jclass local = (*env)->FindClass(env, name);
    return local ? (*env)->NewGlobalRef(env, local) : NULL;
}

static bool find_names(JNIEnv *env) {
    const struct {
        jmethodID *id;
        const char *name, *signature;
    } callbacks[] = {
        {&java.on_connect, "onConnect", "(L" PACKAGE "WebSocket;J)V"},
        {&java.on_small_text, "onSmallText", "(L" PACKAGE "WebSocket;I)V"},
        {&java.on_small_binary, "onSmallBinary", "(L" PACKAGE "WebSocket;I)V"},
        {&java.on_utf8, "onUtf8", "(L" PACKAGE "WebSocket;[B)V"},
        {&java.on_binary, "onBinary", "(L" PACKAGE "WebSocket;[B)V"},
        {&java.on_direct, "onDirect", "(L" PACKAGE "WebSocket;Ljava/nio/ByteBuffer;I)V"},
        {&java.on_pong, "onPong", "(L" PACKAGE "WebSocket;[B)V"},
        {&java.on_close, "onClose", "(L" PACKAGE "WebSocket;JL" PACKAGE "CloseInfo;)V"},
        {&java.on_drain, "onDrain", "(L" PACKAGE "WebSocket;)V"},
        {&java.on_retry, "onRetry", "(L" PACKAGE "WebSocket;JL" PACKAGE "CloseInfo;IJ)V"},
        {&java.on_request, "onRequest", "(L" PACKAGE "WebSocket;JJIL" PACKAGE "CloseInfo;)I"},
        {&java.on_frame, "onFrame", "(L" PACKAGE "WebSocket;IIZZJ)V"},
        {&java.on_resolve, "onResolve", "(L" PACKAGE "WebSocket;JLjava/lang/String;J)V"},
        {&java.on_proxy, "onProxy", "(L" PACKAGE "WebSocket;JLjava/lang/String;J)V"},
        {&java.on_socket, "onSocket", "(L" PACKAGE "WebSocket;JI)Z"},
        {&java.on_log, "onLog", "(L" PACKAGE "WebSocketLoop;ILjava/lang/String;J)V"},
        {&java.on_wakeup, "onWakeup", "(L" PACKAGE "WebSocketLoop;)V"},
        {&java.report, "report", "(L" PACKAGE "WebSocket;Ljava/lang/Throwable;)V"},
    };
    if (!(java.callbacks = find_class(env, PACKAGE "Callbacks"))) return false;
    for (size_t i = 0; i < COUNT(callbacks); i++) {
        *callbacks[i].id = (*env)->GetStaticMethodID(env, java.callbacks, callbacks[i].name, callbacks[i].signature);
        if (!*callbacks[i].id) return false;
    }
    return (java.close_info = find_class(env, PACKAGE "CloseInfo")) &&
           (java.close_info_new = (*env)->GetMethodID(env, java.close_info, "<init>",
                                                      "(IIIIIIIJJZLjava/lang/String;Ljava/lang/String;)V")) &&
           (java.exception = find_class(env, PACKAGE "WebSocketException")) &&
           (java.exception_new = (*env)->GetMethodID(env, java.exception, "<init>", "(I)V"));
}

/* Looks up all names once, so that a name that is missing in the Java classes is an error at the start and not during a game. */
JNIEXPORT jint JNICALL JNI_OnLoad(JavaVM *machine, void *reserved) {
    void *found;
    (void)reserved;
    vm = machine;
    if ((*vm)->GetEnv(vm, &found, JNI_VERSION_1_6) != JNI_OK || pthread_key_create(&attached, detach) != 0) return JNI_ERR;
    JNIEnv *env = found;
    jclass native = (*env)->FindClass(env, PACKAGE "Native");
    if (!native || !find_names(env) || !tls_find_names(env) ||
        (*env)->RegisterNatives(env, native, socket_natives, socket_natives_count) != JNI_OK ||
        (*env)->RegisterNatives(env, native, loop_natives, loop_natives_count) != JNI_OK)
        return JNI_ERR; /* an exception with the reason is pending */
    return JNI_VERSION_1_6;
}
