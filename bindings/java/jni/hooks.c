/* Hooks of a loop: static methods of the Java class Callbacks, called on threads of the library. These threads have no Java
 * frame that would free local references. */
#include "jvm.h"
#include <string.h>

/* Reports an exception that Callbacks could not catch: a lack of memory, or a full stack. Returns whether there was one. */
static bool has_thrown(JNIEnv *env, jobject socket) {
    jthrowable thrown = (*env)->ExceptionOccurred(env);
    if (!thrown) return false;
    (*env)->ExceptionClear(env);
    (*env)->CallStaticVoidMethod(env, java.callbacks, java.report, socket, thrown);
    if ((*env)->ExceptionCheck(env)) (*env)->ExceptionClear(env);
    (*env)->DeleteLocalRef(env, thrown);
    return true;
}

/* Calls a hook with a text and a query. False: it was not called, or it gave no answer. */
static bool ask(egret_ws *ws, jmethodID method, const char *text, egret_ws_query *query) {
    JNIEnv *env = jvm_env();
    if (!env) return false;
    jobject socket = peer_socket(env, ws); /* NULL: the socket was freed, and nothing waits for the answer */
    jstring string = socket ? text_to_java(env, text, strlen(text)) : NULL;
    if (string) (*env)->CallStaticVoidMethod(env, java.callbacks, method, socket, NUMBER(ws), string, NUMBER(query));
    bool failed = has_thrown(env, socket) || !string;
    (*env)->DeleteLocalRef(env, string);
    (*env)->DeleteLocalRef(env, socket);
    return !failed;
}

static void on_resolve(void *user, egret_ws *ws, const char *host, egret_ws_query *query) {
    (void)user;
    if (!ask(ws, java.on_resolve, host, query)) egret_ws_resolved(query, "");
}

static void on_proxy(void *user, egret_ws *ws, const char *url, egret_ws_query *query) {
    (void)user;
    if (!ask(ws, java.on_proxy, url, query)) egret_ws_proxy_found(query, NULL);
}

static int32_t on_socket(void *user, egret_ws *ws, ptrdiff_t descriptor) {
    JNIEnv *env = jvm_env();
    jobject socket = env ? peer_socket(env, ws) : NULL;
    bool connects = false;
    (void)user;
    if (!socket) return -1;
    connects = (*env)->CallStaticBooleanMethod(env, java.callbacks, java.on_socket, socket, NUMBER(ws), (jint)descriptor);
    if (has_thrown(env, socket)) connects = false;
    (*env)->DeleteLocalRef(env, socket);
    return connects ? 0 : -1;
}

/* The hooks have no `user`: the socket refers to its loop and so to the hooks of the program, which Java frees. */
void set_hooks(egret_ws_hooks *hooks, bool resolve, bool proxy, bool socket, uint32_t max_threads) {
    egret_ws_hooks_init(hooks, sizeof *hooks);
    hooks->max_threads = max_threads;
    hooks->on_resolve = resolve ? on_resolve : NULL;
    hooks->on_proxy = proxy ? on_proxy : NULL;
    hooks->on_socket = socket ? on_socket : NULL;
}
