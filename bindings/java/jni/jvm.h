/* Shared declarations of the JNI shim: the virtual machine, text, and the functions of the Java class Native. */
#ifndef EGRET_WS_JVM_H
#define EGRET_WS_JVM_H

#include <egret_ws.h>
#include <jni.h>
#include <stdbool.h>

#define PACKAGE "org/egret/websocket/"
#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Handles and references are numbers in Java. */
#define LOOP(number) ((egret_ws_loop *)(intptr_t)(number))
#define SOCKET(number) ((egret_ws *)(intptr_t)(number))
#define REFERENCE(number) ((jobject)(intptr_t)(number))
#define QUERY(number) ((egret_ws_query *)(intptr_t)(number))
#define REQUEST(number) ((egret_ws_request *)(intptr_t)(number))
#define NUMBER(pointer) ((jlong)(intptr_t)(pointer))

/* jvm.c */

/* Classes and methods that callbacks use, looked up once. */
typedef struct java_names {
    jclass callbacks;
    jmethodID on_connect, on_small_text, on_small_binary, on_utf8, on_binary, on_direct, on_pong, on_close, on_drain, on_retry, on_request, on_frame, on_resolve, on_proxy, on_socket,
        on_log, on_wakeup, report;
    jclass close_info;
    jmethodID close_info_new;
    jclass exception;
    jmethodID exception_new;
} java_names;
extern java_names java;

/* Returns this thread's JNIEnv. Attaches a thread that Java does not know, until the thread ends. NULL if this fails. */
JNIEnv *jvm_env(void);

/* Returns a global reference to a class, for JNI_OnLoad; NULL if an exception is pending. */
jclass find_class(JNIEnv *env, const char *name);

/* Throws a WebSocketException with the library's reason, unless an exception is already pending. Call it immediately after the
 * library has returned the error.
 *
 * A native function that finds a pending exception calls no function of the library, so a call that throws has sent nothing. Then
 * Java does not get its result. */
void jvm_throw(JNIEnv *env, int32_t error);

/* Throws an OutOfMemoryError, unless an exception is already pending. Returns an error for a native function; Java does not get
 * it. */
int32_t jvm_no_memory(JNIEnv *env);

/* text.c: JNI's own functions convert to "modified" UTF-8, which has other bytes for NUL and for characters above U+FFFF. */

/* A string as UTF-8. */
typedef struct utf8 {
    char *data; /* NULL: no string, or no memory */
    size_t len;
    char small[1024];
} utf8;

/* Converts at most `max_units` UTF-16 units of an array, or, if there is none, of a string. Without both, the result is NULL.
 * False: there is no memory, or an exception is pending. */
bool utf8_of(JNIEnv *env, jstring string, jcharArray array, size_t max_units, utf8 *out);
void utf8_release(utf8 *text);

/* Returns a string as UTF-8 with a NUL at its end, for free(). NULL: there is no memory, or an exception is pending. */
char *utf8_copy(JNIEnv *env, jstring string);

/* Creates a string from valid UTF-8. Do not call it while an exception is pending. NULL: now an exception is pending. */
jstring text_to_java(JNIEnv *env, const char *data, size_t len);

/* callbacks.c */

/* The `user` of a socket, from connect to release_user. */
typedef struct peer {
    jweak socket;   /* the WebSocket, which its loop keeps alive until it ends or is freed */
    jobject small;  /* the loop's buffer for small messages */
    jobject direct; /* the loop's buffer for binary messages, or NULL */
    uint8_t *small_bytes, *direct_bytes; /* the memory of `small` and `direct` */
} peer;

peer *peer_new(JNIEnv *env, jobject socket, jobject small, jobject direct);
void peer_free(void *user);
/* Returns a local reference to the WebSocket of a socket, on any thread; NULL if the library or Java has freed it. */
jobject peer_socket(JNIEnv *env, egret_ws *ws);
void set_callbacks(egret_ws_options *options, peer *user, bool hook, bool frames);
void on_log(void *user, int32_t level, const char *text, egret_ws *ws);
void on_wakeup(void *user);

/* hooks.c */
void set_hooks(egret_ws_hooks *hooks, bool resolve, bool proxy, bool socket, uint32_t max_threads);

/* tls.c */

/* Looks up the names of the TLS provider. False: an exception is pending. */
bool tls_find_names(JNIEnv *env);
/* Fills `provider` with a TLS provider that calls a Java TlsProvider. False: there is no memory, or an exception is pending. */
bool tls_provider_new(JNIEnv *env, jobject java_provider, egret_ws_tls_provider *provider);
/* Frees a provider that no loop owns. */
void tls_provider_free(egret_ws_tls_provider *provider);

/* connect.c */
jint connect_socket(JNIEnv *env, jclass native, jlong loop, jstring target, jint port, jobject socket, jint flags,
                    jintArray numbers, jobjectArray texts, jobjectArray headers, jbyteArray tls_roots,
                    jbyteArray tls_identity, jboolean hook, jboolean frames, jobject small, jobject direct, jlongArray out);

/* socket.c, loop.c: the functions of Java's class Native, for RegisterNatives. */
extern const JNINativeMethod socket_natives[], loop_natives[];
extern const jint socket_natives_count, loop_natives_count;

#endif
