/* Glue for JavaScriptCore: converts values between JavaScript and the C functions of egret_ws_host.h. See the header.
 *
 * JavaScriptCore's garbage collector scans the C stack, so it does not collect values in local variables. Values in allocated
 * memory must be protected. */
#include "egret_ws_jsc.h"

#include "egret_ws_jsc_utf.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* JavaScript's Number.MAX_SAFE_INTEGER. */
#define MAX_SAFE_INTEGER 9007199254740991.0

/*
 * Makes the object `host` of egret_ws.js from the native one, because access to the functions of a plain object is fast. It keeps
 * the engine's getters for the bounds of a view, because a game can define other properties on a view and change prototypes.
 * The C API does not support DataView, and the offset that it returns for other views differs between versions.
 */
static const char host_script[] =
    "(function (native) {"
    "    'use strict';"
    "    var host = {}, isView = ArrayBuffer.isView, send = native.sendBinary;"
    "    function bind(name) {"
    "        var method = native[name];"
    "        host[name] = function (a, b, c) { return method.call(native, a, b, c); };"
    "    }"
    "    function getter(prototype, name) {"
    "        return Object.getOwnPropertyDescriptor(prototype, name).get;"
    "    }"
    "    function getters(prototype) {"
    "        return {"
    "            buffer: getter(prototype, 'buffer'),"
    "            offset: getter(prototype, 'byteOffset'),"
    "            length: getter(prototype, 'byteLength')"
    "        };"
    "    }"
    "    var array = Object.getPrototypeOf(Uint8Array.prototype), kind = getter(array, Symbol.toStringTag);"
    "    var ofArray = getters(array), ofDataView = getters(DataView.prototype);"
    "    ['open', 'sendText', 'close', 'bufferedAmount', 'notifyDrain', 'normalizeUrl', 'stats', 'text', 'bytes', 'answer',"
    "        'lastError', 'wake', 'reportError'].forEach(bind);"
    "    host.sendBinary = function (id, data) {"
    "        if (!isView(data)) return send.call(native, id, data, 0, -1);"
    "        var get = kind.call(data) === undefined ? ofDataView : ofArray;"
    "        try {"
    "            return send.call(native, id, get.buffer.call(data), get.offset.call(data), get.length.call(data));"
    "        } catch (detached) {"
    "            return send.call(native, id);"
    "        }"
    "    };"
    "    return host;"
    "})";

struct egret_ws_jsc {
    JSGlobalContextRef context;
    egret_ws_jsc_options options;
    egret_ws_host *host;
    JSObjectRef host_object; /* the native object */
    JSObjectRef events;
    JSObjectRef event[EGRET_WS_HOST_EVENT_COUNT];
    /* Scratch space for one string. UTF-8 of n bytes never needs more than n units. */
    JSChar units[EGRET_WS_MAX_MESSAGE_BYTES];
    char utf8[3 * EGRET_WS_MAX_MESSAGE_BYTES];
};

/* From C to JavaScript */

static JSValueRef make_number(const egret_ws_jsc *self, double number)
{
    return JSValueMakeNumber(self->context, number);
}

/* Converts valid UTF-8, at most as long as a message. */
static JSValueRef make_string(egret_ws_jsc *self, const char *text, size_t len)
{
    JSStringRef string = JSStringCreateWithCharacters(self->units, decode(text, len, self->units));
    JSValueRef value = JSValueMakeString(self->context, string);
    JSStringRelease(string);
    return value;
}

static void free_bytes(void *bytes, void *unused)
{
    (void)unused;
    free(bytes);
}

static void report(const egret_ws_jsc *self, JSValueRef exception)
{
    if (self->options.on_exception)
        self->options.on_exception(self->options.user, self->context, exception);
}

/* Returns an ArrayBuffer with a copy of the bytes, or NULL if there is no memory for it. */
static JSValueRef make_buffer(const egret_ws_jsc *self, const uint8_t *data, size_t len)
{
    JSValueRef exception = NULL, buffer;
    void *copy = malloc(len ? len : 1);
    if (!copy)
        return NULL;
    memcpy(copy, data, len);
    /* The engine frees the copy, even if it throws. */
    buffer = JSObjectMakeArrayBufferWithBytesNoCopy(self->context, copy, len, free_bytes, NULL, &exception);
    return exception ? NULL : buffer;
}

/* The engine runs the promise jobs when this outermost call returns, so each event is one task. */
static void emit(const egret_ws_jsc *self, egret_ws_host_event event, size_t count, const JSValueRef arguments[])
{
    JSValueRef exception = NULL;
    JSObjectCallAsFunction(self->context, self->event[event], self->events, count, arguments, &exception);
    if (exception)
        report(self, exception);
}

/* Events, during a poll */

static void on_connected(void *engine, int64_t id, const char *subprotocol, const char *extensions)
{
    egret_ws_jsc *self = engine;
    JSValueRef arguments[3];
    arguments[0] = make_number(self, (double)id);
    arguments[1] = make_string(self, subprotocol, strlen(subprotocol));
    arguments[2] = make_string(self, extensions, strlen(extensions));
    emit(self, EGRET_WS_HOST_CONNECTED, 3, arguments);
}

static bool on_text(void *engine, int64_t id, const char *utf8, size_t len)
{
    egret_ws_jsc *self = engine;
    JSValueRef arguments[2];
    arguments[0] = make_number(self, (double)id);
    arguments[1] = make_string(self, utf8, len);
    emit(self, EGRET_WS_HOST_TEXT, 2, arguments);
    return true;
}

static bool on_binary(void *engine, int64_t id, const uint8_t *data, size_t len)
{
    egret_ws_jsc *self = engine;
    JSValueRef arguments[2];
    arguments[0] = make_number(self, (double)id);
    arguments[1] = make_buffer(self, data, len);
    if (!arguments[1])
        return false;
    emit(self, EGRET_WS_HOST_BINARY, 2, arguments);
    return true;
}

static void on_closed(void *engine, int64_t id, const egret_ws_close_info *info)
{
    egret_ws_jsc *self = engine;
    JSValueRef arguments[6];
    arguments[0] = make_number(self, (double)id);
    arguments[1] = make_number(self, info->code);
    arguments[2] = make_string(self, info->reason, info->reason_len);
    arguments[3] = JSValueMakeBoolean(self->context, info->error == EGRET_WS_OK);
    arguments[4] = make_number(self, info->error);
    arguments[5] = make_string(self, info->message, strlen(info->message));
    emit(self, EGRET_WS_HOST_CLOSED, 6, arguments);
}

static void on_retrying(void *engine, int64_t id, const egret_ws_close_info *info, uint32_t delay_ms)
{
    egret_ws_jsc *self = engine;
    JSValueRef arguments[6];
    arguments[0] = make_number(self, (double)id);
    arguments[1] = make_number(self, info->error);
    arguments[2] = make_string(self, info->message, info->message_len);
    arguments[3] = make_number(self, delay_ms);
    arguments[4] = make_number(self, info->code);
    arguments[5] = make_string(self, info->reason, info->reason_len);
    emit(self, EGRET_WS_HOST_RETRYING, 6, arguments);
}

static void on_drained(void *engine, int64_t id)
{
    const egret_ws_jsc *self = engine;
    const JSValueRef argument = make_number(self, (double)id);
    emit(self, EGRET_WS_HOST_DRAINED, 1, &argument);
}

static void on_failed(void *engine, int64_t id, const egret_ws_close_info *info)
{
    egret_ws_jsc *self = engine;
    JSValueRef arguments[3];
    arguments[0] = make_number(self, (double)id);
    arguments[1] = make_number(self, info->error);
    arguments[2] = make_string(self, info->message, info->message_len);
    emit(self, EGRET_WS_HOST_FAILED, 3, arguments);
}

static void on_task(void *engine)
{
    emit(engine, EGRET_WS_HOST_TASK, 0, NULL);
}

static void on_frame(void *engine, int64_t id, int32_t direction, uint32_t opcode, uint32_t flags, uint64_t length)
{
    const egret_ws_jsc *self = engine;
    JSValueRef arguments[5];
    arguments[0] = make_number(self, (double)id);
    arguments[1] = make_number(self, direction);
    arguments[2] = make_number(self, opcode);
    arguments[3] = make_number(self, flags);
    arguments[4] = make_number(self, (double)length);
    emit(self, EGRET_WS_HOST_FRAME, 5, arguments);
}

static JSValueRef make_c_string(JSContextRef context, const char *text);

static void on_asked(void *engine, int64_t ticket, const char *hook, const char *text)
{
    const egret_ws_jsc *self = engine;
    JSValueRef arguments[3];
    arguments[0] = make_number(self, (double)ticket);
    arguments[1] = make_c_string(self->context, hook);
    arguments[2] = make_c_string(self->context, text);
    emit(self, EGRET_WS_HOST_ASKED, 3, arguments);
}

static const egret_ws_host_events host_events = {on_connected, on_text,   on_binary, on_retrying, on_drained,
                                                 on_failed,    on_closed, on_task,   on_frame,    on_asked};

/* Host functions: methods of the host object, which only egret_ws.js can reach. */

/* JavaScriptCore's signature of a native function. */
#define HOST_FUNCTION(name)                                                                                          \
    static JSValueRef name(JSContextRef context, JSObjectRef function, JSObjectRef host, size_t count,               \
                           const JSValueRef arguments[], JSValueRef *exception)

/* Begins the body of a host function with `n` arguments. After egret_ws_jsc_free the host object has no `self`. */
#define HOST_SELF(n)                                                                                                 \
    egret_ws_jsc *const self = JSObjectGetPrivate(host);                                                             \
    (void)function;                                                                                                  \
    (void)exception;                                                                                                 \
    if (!self || count + 1 <= (n))                                                                                   \
    return JSValueMakeNumber(context, EGRET_WS_ERR_BAD_HANDLE)

/* Returns the string as UTF-8 that ends in a NUL, for free(); NULL if there is no memory. */
static char *copy_utf8(JSStringRef string, size_t *len)
{
    const size_t count = JSStringGetLength(string);
    char *text = malloc(3 * count + 1);
    if (!text)
        return NULL;
    *len = encode(JSStringGetCharactersPtr(string), count, text);
    text[*len] = '\0';
    return text;
}

/* Like copy_utf8. Also returns NULL if the value is not a string. */
static char *to_utf8(JSContextRef context, JSValueRef value, size_t *len, JSValueRef *exception)
{
    JSStringRef string = JSValueIsString(context, value) ? JSValueToStringCopy(context, value, exception) : NULL;
    char *text = string ? copy_utf8(string, len) : NULL;
    if (string)
        JSStringRelease(string);
    return text;
}

/* Like to_utf8, but returns NULL for a string that contains a NUL, because C would read only the part before it. */
static char *to_c_string(JSContextRef context, JSValueRef value, JSValueRef *exception)
{
    size_t len = 0;
    char *text = to_utf8(context, value, &len, exception);
    if (text && strlen(text) != len) {
        free(text);
        return NULL;
    }
    return text;
}

/* Returns 0, which is no valid id, if the value is not the number of a socket. */
static int64_t to_id(JSContextRef context, JSValueRef value, JSValueRef *exception)
{
    const double id = JSValueToNumber(context, value, exception);
    return id > 0 && id <= MAX_SAFE_INTEGER ? (int64_t)id : 0;
}

/* Returns `length` bytes of an ArrayBuffer from `offset` on, or all bytes if `length` is negative. NULL for another value, and for
 * memory that other threads write to. */
static const uint8_t *to_bytes(JSContextRef context, JSValueRef value, double offset, double length, size_t *len)
{
    const JSObjectRef buffer = (JSObjectRef)value;
    const uint8_t *bytes;
    double size;
    if (JSValueGetTypedArrayType(context, value, NULL) != kJSTypedArrayTypeArrayBuffer)
        return NULL;
    size = (double)JSObjectGetArrayBufferByteLength(context, buffer, NULL);
    if (length < 0)
        length = size;
    if (!(offset >= 0 && offset <= size && length <= size - offset))
        return NULL;
    *len = (size_t)length;
    bytes = JSObjectGetArrayBufferBytesPtr(context, buffer, NULL);
    return bytes ? bytes + (size_t)offset : (const uint8_t *)"";
}

HOST_FUNCTION(host_open)
{
    char *url, *protocols, *options;
    size_t len = 0;
    int64_t result;
    HOST_SELF(3);
    url = to_c_string(context, arguments[0], exception);
    protocols = to_c_string(context, arguments[1], exception);
    options = to_utf8(context, arguments[2], &len, exception);
    result = egret_ws_host_open(self->host, url, protocols, options, len);
    free(url);
    free(protocols);
    free(options);
    return make_number(self, (double)result);
}

/* The length is not checked here, because the library refuses a text that is too long. */
static int32_t send_text(egret_ws_jsc *self, int64_t id, JSStringRef string)
{
    const size_t count = JSStringGetLength(string);
    size_t len;
    char *text;
    int32_t result;
    if (count <= EGRET_WS_MAX_MESSAGE_BYTES) {
        len = encode(JSStringGetCharactersPtr(string), count, self->utf8);
        return egret_ws_host_send_text(self->host, id, self->utf8, len);
    }
    text = copy_utf8(string, &len);
    result = text ? egret_ws_host_send_text(self->host, id, text, len) : EGRET_WS_ERR_NO_RESOURCES;
    free(text);
    return result;
}

HOST_FUNCTION(host_send_text)
{
    JSStringRef string;
    int32_t result;
    HOST_SELF(2);
    string = JSValueIsString(context, arguments[1]) ? JSValueToStringCopy(context, arguments[1], exception) : NULL;
    if (!string)
        return make_number(self, EGRET_WS_ERR_INVALID_ARGUMENT);
    result = send_text(self, to_id(context, arguments[0], exception), string);
    JSStringRelease(string);
    return make_number(self, result);
}

/* sendBinary(id, buffer, offset, length); the last two are the bounds of a view */
HOST_FUNCTION(host_send_binary)
{
    size_t len = 0;
    const uint8_t *data = NULL;
    HOST_SELF(1);
    if (count >= 4)
        data = to_bytes(context, arguments[1], JSValueToNumber(context, arguments[2], NULL),
                        JSValueToNumber(context, arguments[3], NULL), &len);
    if (!data)
        return make_number(self, EGRET_WS_ERR_INVALID_ARGUMENT);
    return make_number(self, egret_ws_host_send_binary(self->host, to_id(context, arguments[0], exception), data, len));
}

HOST_FUNCTION(host_close)
{
    size_t len = 0;
    char *reason;
    double code;
    int32_t result = EGRET_WS_ERR_INVALID_CLOSE;
    HOST_SELF(3);
    code = JSValueToNumber(context, arguments[1], exception);
    reason = to_utf8(context, arguments[2], &len, exception);
    if (code >= 0 && code <= UINT16_MAX)
        result = egret_ws_host_close(self->host, to_id(context, arguments[0], exception), (int64_t)code, reason, len);
    free(reason);
    return make_number(self, result);
}

HOST_FUNCTION(host_buffered_amount)
{
    HOST_SELF(1);
    return make_number(self, (double)egret_ws_host_buffered_amount(self->host, to_id(context, arguments[0], exception)));
}

HOST_FUNCTION(host_notify_drain)
{
    HOST_SELF(2);
    return make_number(self, egret_ws_host_notify_drain(self->host, to_id(context, arguments[0], exception),
                                                        to_id(context, arguments[1], exception)));
}

HOST_FUNCTION(host_normalize_url)
{
    char *url, *normal;
    JSStringRef string;
    JSValueRef result;
    egret_ws_jsc *const self = JSObjectGetPrivate(host);
    (void)function;
    if (count < 1)
        return JSValueMakeNull(context);
    url = to_c_string(context, arguments[0], exception);
    normal = egret_ws_host_normalize_url(self ? self->host : NULL, url);
    free(url);
    if (!normal)
        return JSValueMakeNull(context);
    string = JSStringCreateWithUTF8CString(normal); /* not make_string: a URL may be longer than `units` */
    result = JSValueMakeString(context, string);
    JSStringRelease(string);
    free(normal);
    return result;
}

/* Converts a text that ends in a NUL. Also works after the host object has lost its `self`. */
static JSValueRef make_c_string(JSContextRef context, const char *text)
{
    JSStringRef string = JSStringCreateWithUTF8CString(text);
    JSValueRef value = JSValueMakeString(context, string);
    JSStringRelease(string);
    return value;
}

HOST_FUNCTION(host_stats)
{
    egret_ws_jsc *const self = JSObjectGetPrivate(host);
    size_t len = 0;
    char *text;
    JSValueRef result;
    (void)function;
    if (!self || count < 1)
        return make_c_string(context, "");
    text = egret_ws_host_stats(self->host, to_id(context, arguments[0], exception), &len);
    result = make_string(self, text ? text : "", len);
    free(text);
    return result;
}

/* text(id, name) */
HOST_FUNCTION(host_text)
{
    egret_ws_jsc *const self = JSObjectGetPrivate(host);
    size_t len = 0;
    char *name, *text;
    JSValueRef result;
    (void)function;
    if (!self || count < 2)
        return make_c_string(context, "");
    name = to_c_string(context, arguments[1], exception);
    text = egret_ws_host_text(self->host, to_id(context, arguments[0], exception), name, &len);
    result = make_c_string(context, text ? text : ""); /* not make_string: a text may be longer than `units` */
    free(text);
    free(name);
    return result;
}

/* bytes(id, name, index) */
HOST_FUNCTION(host_bytes)
{
    egret_ws_jsc *const self = JSObjectGetPrivate(host);
    size_t len = 0;
    char *name;
    uint8_t *bytes;
    JSValueRef result = NULL;
    (void)function;
    if (!self || count < 3)
        return JSValueMakeNull(context);
    name = to_c_string(context, arguments[1], exception);
    bytes = egret_ws_host_bytes(self->host, to_id(context, arguments[0], exception), name,
                                to_id(context, arguments[2], exception), &len);
    if (bytes)
        result = make_buffer(self, bytes, len);
    free(bytes);
    free(name);
    return result ? result : JSValueMakeNull(context);
}

/* answer(ticket, list) */
HOST_FUNCTION(host_answer)
{
    char *list;
    int32_t result = EGRET_WS_ERR_INVALID_ARGUMENT;
    HOST_SELF(2);
    list = to_c_string(context, arguments[1], exception);
    if (list || JSValueIsNull(context, arguments[1]))
        result = egret_ws_host_answer(self->host, to_id(context, arguments[0], exception), list);
    free(list);
    return make_number(self, result);
}

HOST_FUNCTION(host_last_error)
{
    const egret_ws_jsc *const self = JSObjectGetPrivate(host);
    (void)function, (void)count, (void)arguments, (void)exception;
    return make_c_string(context, self ? egret_ws_host_last_error(self->host) : "the shell has freed the sockets");
}

HOST_FUNCTION(host_wake)
{
    (void)arguments;
    HOST_SELF(0);
    egret_ws_host_wake(self->host);
    return JSValueMakeUndefined(context);
}

HOST_FUNCTION(host_report_error)
{
    HOST_SELF(1);
    report(self, arguments[0]);
    return JSValueMakeUndefined(context);
}

static const JSStaticFunction host_functions[] = {
    {"open", host_open, kJSPropertyAttributeReadOnly},
    {"sendText", host_send_text, kJSPropertyAttributeReadOnly},
    {"sendBinary", host_send_binary, kJSPropertyAttributeReadOnly},
    {"close", host_close, kJSPropertyAttributeReadOnly},
    {"bufferedAmount", host_buffered_amount, kJSPropertyAttributeReadOnly},
    {"notifyDrain", host_notify_drain, kJSPropertyAttributeReadOnly},
    {"normalizeUrl", host_normalize_url, kJSPropertyAttributeReadOnly},
    {"stats", host_stats, kJSPropertyAttributeReadOnly},
    {"text", host_text, kJSPropertyAttributeReadOnly},
    {"bytes", host_bytes, kJSPropertyAttributeReadOnly},
    {"answer", host_answer, kJSPropertyAttributeReadOnly},
    {"lastError", host_last_error, kJSPropertyAttributeReadOnly},
    {"wake", host_wake, kJSPropertyAttributeReadOnly},
    {"reportError", host_report_error, kJSPropertyAttributeReadOnly},
    {NULL, NULL, 0},
};

/* The interface */

/* Evaluates a script whose value is a function, and calls it. Returns the resulting object, or NULL. Reports exceptions. */
static JSObjectRef run_script(const egret_ws_jsc *self, const char *script, const char *name, size_t count,
                              const JSValueRef arguments[])
{
    const JSContextRef context = self->context;
    JSStringRef text = JSStringCreateWithUTF8CString(script), url = JSStringCreateWithUTF8CString(name);
    JSValueRef exception = NULL, value = JSEvaluateScript(context, text, NULL, url, 1, &exception);
    JSStringRelease(text);
    JSStringRelease(url);
    if (!exception && JSValueIsObject(context, value))
        value = JSObjectCallAsFunction(context, (JSObjectRef)value, NULL, count, arguments, &exception);
    if (exception)
        report(self, exception);
    return !exception && value && JSValueIsObject(context, value) ? (JSObjectRef)value : NULL;
}

/* Runs egret_ws.js and keeps the `events` that it returns. Returns false for any other script. */
static bool install(egret_ws_jsc *self, const char *script)
{
    const JSContextRef context = self->context;
    JSClassDefinition definition = kJSClassDefinitionEmpty;
    JSClassRef host_class;
    JSValueRef arguments[4], value;
    int i;

    definition.className = "EgretWebSocketHost";
    definition.staticFunctions = host_functions;
    host_class = JSClassCreate(&definition);
    self->host_object = JSObjectMake(context, host_class, self);
    JSClassRelease(host_class);
    JSValueProtect(context, self->host_object);

    value = self->host_object;
    arguments[0] = JSContextGetGlobalObject(context);
    arguments[1] = run_script(self, host_script, "egret_ws_jsc.c", 1, &value);
    arguments[2] = JSValueMakeUndefined(context);
    arguments[3] = self->options.hooks ? self->options.hooks : JSValueMakeUndefined(context);
    self->events = arguments[1] ? run_script(self, script, "egret_ws.js", 4, arguments) : NULL;
    if (!self->events)
        return false;
    JSValueProtect(context, self->events);
    for (i = 0; i < EGRET_WS_HOST_EVENT_COUNT; ++i) {
        JSStringRef name = JSStringCreateWithUTF8CString(egret_ws_host_event_names[i]);
        value = JSObjectGetProperty(context, self->events, name, NULL);
        JSStringRelease(name);
        if (!value || !JSValueIsObject(context, value) || !JSObjectIsFunction(context, (JSObjectRef)value))
            return false;
        self->event[i] = (JSObjectRef)value;
        JSValueProtect(context, value);
    }
    return true;
}

/* Frees everything except the loop, which must be freed before. */
static void uninstall(egret_ws_jsc *self)
{
    int i;
    for (i = 0; i < EGRET_WS_HOST_EVENT_COUNT; ++i)
        if (self->event[i])
            JSValueUnprotect(self->context, self->event[i]);
    if (self->events)
        JSValueUnprotect(self->context, self->events);
    if (self->host_object) {
        JSObjectSetPrivate(self->host_object, NULL);
        JSValueUnprotect(self->context, self->host_object);
    }
    JSGlobalContextRelease(self->context);
    egret_ws_host_free(self->host);
    free(self);
}

static bool has_hook(const egret_ws_jsc *self, const char *name)
{
    JSStringRef string = JSStringCreateWithUTF8CString(name);
    JSValueRef hook = JSObjectGetProperty(self->context, self->options.hooks, string, NULL);
    JSStringRelease(string);
    return hook && JSValueIsObject(self->context, hook);
}

int32_t egret_ws_jsc_new(JSGlobalContextRef context, const char *script, const egret_ws_jsc_options *options,
                         egret_ws_jsc **out)
{
    egret_ws_jsc *self;
    int32_t result;
    if (!context || !script || !out)
        return EGRET_WS_ERR_INVALID_ARGUMENT;
    self = calloc(1, sizeof *self);
    if (!self)
        return EGRET_WS_ERR_NO_RESOURCES;
    if (options)
        self->options = *options;
    self->context = JSGlobalContextRetain(context);
    if (self->options.hooks)
        self->options.host.script_hooks = (has_hook(self, "resolve") ? EGRET_WS_HOST_RESOLVE : 0) |
                                          (has_hook(self, "findProxy") ? EGRET_WS_HOST_FIND_PROXY : 0);
    result = egret_ws_host_new(&self->options.host, &host_events, self, &self->host);
    if (result == EGRET_WS_OK && !install(self, script))
        result = EGRET_WS_ERR_INVALID_ARGUMENT;
    if (result != EGRET_WS_OK) {
        uninstall(self);
        return result;
    }
    self->options.hooks = NULL; /* the script keeps its functions */
    *out = self;
    return EGRET_WS_OK;
}

int32_t egret_ws_jsc_poll(egret_ws_jsc *self, int32_t timeout_ms)
{
    return self ? egret_ws_host_poll(self->host, timeout_ms) : EGRET_WS_ERR_INVALID_ARGUMENT;
}

int32_t egret_ws_jsc_next_poll_ms(const egret_ws_jsc *self)
{
    return self ? egret_ws_host_next_poll_ms(self->host) : EGRET_WS_ERR_INVALID_ARGUMENT;
}

size_t egret_ws_jsc_live(const egret_ws_jsc *self)
{
    return self ? egret_ws_host_sockets(self->host) : 0;
}

egret_ws_loop *egret_ws_jsc_loop(const egret_ws_jsc *self)
{
    return self ? egret_ws_host_loop(self->host) : NULL;
}

int32_t egret_ws_jsc_free(egret_ws_jsc *self)
{
    int32_t result;
    if (!self)
        return EGRET_WS_ERR_INVALID_ARGUMENT;
    if (egret_ws_host_is_polling(self->host))
        return EGRET_WS_ERR_REENTRANT;
    result = egret_ws_host_free_loop(self->host);
    if (result == EGRET_WS_OK)
        uninstall(self);
    return result;
}
