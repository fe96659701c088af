/* The TLS of the platform: a TLS provider that calls the Java classes TlsProvider and TlsSession. Bytes pass through the two direct
 * buffers of the TlsProvider; all sessions of a loop share them, because the calls for them never overlap.
 *
 * The calls run on threads of the library, which have no Java frame that would free local references. */
#include "jvm.h"
#include <stdlib.h>
#include <string.h>

static struct {
    jclass provider, failure;
    jmethodID capabilities, new_context, open, release;
    jfieldID input, output, failure_error, failure_message;
    jmethodID receive, send, close_notify, details, cipher, alpn, chain, free_session;
} names;

/* The `user` of a provider. */
typedef struct tls_user {
    jobject java;
    uint8_t *input, *output;
    jlong input_size, output_size;
} tls_user;

typedef struct tls_session {
    jobject java;
    /* Texts that were returned to the library, valid until the next call. */
    utf8 cipher, alpn;
    uint8_t *chain;
} tls_session;

bool tls_find_names(JNIEnv *env) {
    if (!(names.provider = find_class(env, PACKAGE "TlsProvider")) || !(names.failure = find_class(env, PACKAGE "TlsFailure")))
        return false;
    jclass session = (*env)->FindClass(env, PACKAGE "TlsSession");
    if (!session) return false;
    const struct {
        jmethodID *id;
        jclass class;
        const char *name, *signature;
    } methods[] = {
        {&names.capabilities, names.provider, "capabilities", "()I"},
        {&names.new_context, names.provider, "newContext",
         "(I[BZZ[BLjava/lang/String;Ljava/lang/String;)Ljava/lang/Object;"},
        {&names.open, names.provider, "open",
         "(L" PACKAGE "TlsContext;Ljava/lang/String;Ljava/lang/String;IZZJ)Ljava/lang/Object;"},
        {&names.release, names.provider, "release", "()V"},
        {&names.receive, session, "receive", "(II)J"},
        {&names.send, session, "send", "(II)J"},
        {&names.close_notify, session, "closeNotify", "(I)J"},
        {&names.details, session, "details", "()I"},
        {&names.cipher, session, "cipher", "()Ljava/lang/String;"},
        {&names.alpn, session, "alpn", "()Ljava/lang/String;"},
        {&names.chain, session, "chain", "()[B"},
        {&names.free_session, session, "free", "()V"},
    };
    bool found = true;
    for (size_t i = 0; found && i < COUNT(methods); i++) {
        *methods[i].id = (*env)->GetMethodID(env, methods[i].class, methods[i].name, methods[i].signature);
        found = *methods[i].id != NULL;
    }
    (*env)->DeleteLocalRef(env, session);
    return found && (names.input = (*env)->GetFieldID(env, names.provider, "input", "Ljava/nio/ByteBuffer;")) &&
           (names.output = (*env)->GetFieldID(env, names.provider, "output", "Ljava/nio/ByteBuffer;")) &&
           (names.failure_error = (*env)->GetFieldID(env, names.failure, "error", "I")) &&
           (names.failure_message = (*env)->GetFieldID(env, names.failure, "message", "Ljava/lang/String;"));
}

/* Errors. Java catches every exception. If one arrives here, there was no memory, or the stack was full. */

static bool has_thrown(JNIEnv *env) {
    if (!(*env)->ExceptionCheck(env)) return false;
    (*env)->ExceptionClear(env);
    return true;
}

/* Copies a text of Java. If it is too long, it is cut at the start of a character. */
static void set_message(char *message, const char *text, size_t len) {
    if (len >= EGRET_WS_TLS_MESSAGE_BYTES) {
        len = EGRET_WS_TLS_MESSAGE_BYTES - 1;
        while (len > 0 && ((uint8_t)text[len] & 0xC0) == 0x80) len--;
    }
    memcpy(message, text, len);
    message[len] = '\0';
}

static int32_t no_memory(char *message) {
    static const char text[] = "no memory for a call of Java";
    set_message(message, text, sizeof text - 1);
    return EGRET_WS_ERR_NO_RESOURCES;
}

/* Handles the local reference that a method has returned: a TlsFailure, or another object, for which it makes a global
 * reference. */
static int32_t take(JNIEnv *env, jobject made, jobject *out, char *message) {
    if (has_thrown(env) || !made) return no_memory(message);
    int32_t error = EGRET_WS_OK;
    if ((*env)->IsInstanceOf(env, made, names.failure)) {
        utf8 text;
        jstring string = (*env)->GetObjectField(env, made, names.failure_message);
        error = (*env)->GetIntField(env, made, names.failure_error);
        if (utf8_of(env, string, NULL, EGRET_WS_TLS_MESSAGE_BYTES, &text)) {
            if (text.data) set_message(message, text.data, text.len);
            utf8_release(&text);
        }
        has_thrown(env);
        (*env)->DeleteLocalRef(env, string);
    } else if (!(*out = (*env)->NewGlobalRef(env, made))) {
        error = no_memory(message);
    }
    (*env)->DeleteLocalRef(env, made);
    return error;
}

/* Converts arguments. NULL stays NULL. False: an exception is pending. */

static bool to_array(JNIEnv *env, const void *bytes, size_t len, jbyteArray *out) {
    *out = NULL;
    if (!bytes) return true;
    *out = len <= INT32_MAX ? (*env)->NewByteArray(env, (jsize)len) : NULL;
    if (*out) (*env)->SetByteArrayRegion(env, *out, 0, (jsize)len, bytes);
    return *out && !(*env)->ExceptionCheck(env);
}

static bool to_string(JNIEnv *env, const char *text, jstring *out) {
    *out = text ? text_to_java(env, text, strlen(text)) : NULL;
    return !text || *out;
}

/* The callbacks. They get no env if the thread cannot be attached to Java. */

static egret_ws_error_t new_context(void *user, const egret_ws_tls_settings *settings, void **context, char *message) {
    tls_user *u = user;
    JNIEnv *env = jvm_env();
    jbyteArray roots = NULL, identity = NULL;
    jstring password = NULL, alpn = NULL;
    jobject made = NULL;
    if (!env) return no_memory(message);
    if (to_array(env, settings->roots, settings->roots_len, &roots) &&
        to_array(env, settings->identity, settings->identity_len, &identity) &&
        to_string(env, settings->identity_password, &password) && to_string(env, settings->alpn, &alpn))
        made = (*env)->CallObjectMethod(env, u->java, names.new_context, (jint)settings->min_version, roots,
                                        (jboolean)(settings->only_these_roots != 0),
                                        (jboolean)(settings->any_certificate != 0), identity, password, alpn);
    int32_t error = take(env, made, (jobject *)context, message);
    (*env)->DeleteLocalRef(env, alpn);
    (*env)->DeleteLocalRef(env, password);
    (*env)->DeleteLocalRef(env, identity);
    (*env)->DeleteLocalRef(env, roots);
    return error;
}

static void free_context(void *user, void *context) {
    JNIEnv *env = jvm_env();
    (void)user;
    if (env) (*env)->DeleteGlobalRef(env, context);
}

static egret_ws_error_t open_session(void *user, void *context, const egret_ws_tls_destination *to, void **session, char *message) {
    tls_user *u = user;
    JNIEnv *env = jvm_env();
    tls_session *s = env ? calloc(1, sizeof *s) : NULL;
    jstring name = NULL, host = NULL;
    jobject made = NULL;
    if (!s) return no_memory(message);
    if (to_string(env, to->name, &name) && to_string(env, to->host, &host))
        made = (*env)->CallObjectMethod(env, u->java, names.open, (jobject)context, name, host, (jint)to->port,
                                        (jboolean)(to->is_proxy != 0), (jboolean)(to->resumes != 0), NUMBER(to->ws));
    int32_t error = take(env, made, &s->java, message);
    (*env)->DeleteLocalRef(env, host);
    (*env)->DeleteLocalRef(env, name);
    if (error == EGRET_WS_OK)
        *session = s;
    else
        free(s);
    return error;
}

/* Calls a step of a TlsSession, which reads the provider's input and writes its output. */
static egret_ws_error_t step(void *user, void *session, egret_ws_tls_call *call, jmethodID method, bool has_input) {
    tls_user *u = user;
    tls_session *s = session;
    JNIEnv *env = jvm_env();
    jlong result;
    jint room = call->output_size > INT32_MAX ? INT32_MAX : (jint)call->output_size;
    if (!env || call->input_len > (size_t)u->input_size) return no_memory(call->message);
    if (call->input_len) memcpy(u->input, call->input, call->input_len);
    result = has_input ? (*env)->CallLongMethod(env, s->java, method, (jint)call->input_len, room)
                       : (*env)->CallLongMethod(env, s->java, method, room);
    if (has_thrown(env)) return no_memory(call->message);
    int32_t state = (int32_t)(result >> 32);
    uint32_t len = (uint32_t)result;
    if (len > (uint64_t)u->output_size) return EGRET_WS_ERR_TLS;
    if (state < 0) {
        set_message(call->message, (const char *)u->output, len);
        return state;
    }
    if (len <= call->output_size) memcpy(call->output, u->output, len);
    call->output_len = len;
    call->state = (uint32_t)state;
    return EGRET_WS_OK;
}

static egret_ws_error_t receive(void *user, void *session, egret_ws_tls_call *call) {
    return step(user, session, call, names.receive, true);
}

static egret_ws_error_t send_bytes(void *user, void *session, egret_ws_tls_call *call) {
    return step(user, session, call, names.send, true);
}

static egret_ws_error_t close_notify(void *user, void *session, egret_ws_tls_call *call) {
    return step(user, session, call, names.close_notify, false);
}

static void free_facts(tls_session *s) {
    utf8_release(&s->cipher);
    utf8_release(&s->alpn);
    free(s->chain);
    s->cipher.data = s->alpn.data = NULL;
    s->chain = NULL;
}

/* Stores and returns the string that a method returns; NULL if there is none. */
static const char *text_fact(JNIEnv *env, const tls_session *s, jmethodID method, utf8 *out) {
    jstring text = (*env)->CallObjectMethod(env, s->java, method);
    if (has_thrown(env) || !utf8_of(env, text, NULL, SIZE_MAX, out)) out->data = NULL;
    has_thrown(env);
    (*env)->DeleteLocalRef(env, text);
    return out->data;
}

static void get_facts(void *user, void *session, egret_ws_tls_facts *facts) {
    tls_session *s = session;
    JNIEnv *env = jvm_env();
    (void)user;
    if (!env) return;
    free_facts(s);
    uint32_t details = (uint32_t)(*env)->CallIntMethod(env, s->java, names.details);
    if (has_thrown(env)) return;
    facts->version = details & 0xFFFF;
    facts->is_resumed = details >> 16;
    facts->cipher = text_fact(env, s, names.cipher, &s->cipher);
    facts->alpn = text_fact(env, s, names.alpn, &s->alpn);
    jbyteArray chain = (*env)->CallObjectMethod(env, s->java, names.chain);
    if (!has_thrown(env) && chain) {
        jsize len = (*env)->GetArrayLength(env, chain);
        s->chain = malloc(len > 0 ? (size_t)len : 1);
        if (s->chain) (*env)->GetByteArrayRegion(env, chain, 0, len, (jbyte *)s->chain);
        if (s->chain && !has_thrown(env)) {
            facts->chain = s->chain;
            facts->chain_len = (size_t)len;
        }
    }
    (*env)->DeleteLocalRef(env, chain);
}

static void free_session(void *user, void *session) {
    tls_session *s = session;
    JNIEnv *env = jvm_env();
    (void)user;
    if (env) {
        (*env)->CallVoidMethod(env, s->java, names.free_session);
        has_thrown(env);
        (*env)->DeleteGlobalRef(env, s->java);
    }
    free_facts(s);
    free(s);
}

static void release_user(void *user) {
    tls_user *u = user;
    JNIEnv *env = jvm_env();
    if (env) {
        (*env)->CallVoidMethod(env, u->java, names.release);
        has_thrown(env);
        (*env)->DeleteGlobalRef(env, u->java);
    }
    free(u);
}

/* Returns the memory of a direct buffer of the provider. The provider keeps the buffer. */
static uint8_t *memory_of(JNIEnv *env, jobject java_provider, jfieldID field, jlong *size) {
    jobject buffer = (*env)->GetObjectField(env, java_provider, field);
    uint8_t *memory = (*env)->GetDirectBufferAddress(env, buffer);
    *size = (*env)->GetDirectBufferCapacity(env, buffer);
    (*env)->DeleteLocalRef(env, buffer);
    return memory;
}

bool tls_provider_new(JNIEnv *env, jobject java_provider, egret_ws_tls_provider *provider) {
    tls_user *u = calloc(1, sizeof *u);
    if (!u) return false;
    u->input = memory_of(env, java_provider, names.input, &u->input_size);
    u->output = memory_of(env, java_provider, names.output, &u->output_size);
    egret_ws_tls_provider_init(provider, sizeof *provider);
    provider->capabilities = (uint32_t)(*env)->CallIntMethod(env, java_provider, names.capabilities);
    if (!(*env)->ExceptionCheck(env)) u->java = (*env)->NewGlobalRef(env, java_provider);
    if (!u->java || !u->input || !u->output) {
        free(u);
        return false;
    }
    provider->user = u;
    provider->release_user = release_user;
    provider->new_context = new_context;
    provider->free_context = free_context;
    provider->open = open_session;
    provider->receive = receive;
    provider->send = send_bytes;
    provider->close_notify = close_notify;
    provider->get_facts = get_facts;
    provider->free_session = free_session;
    return true;
}

void tls_provider_free(egret_ws_tls_provider *provider) { release_user(provider->user); }
