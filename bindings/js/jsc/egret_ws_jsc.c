/* See the header. Nothing in here knows what a WebSocket does: strings, buffers and numbers are converted, no more.
 *
 * JavaScriptCore scans the C stack, so values in local variables are safe from its collector; those in memory of ours
 * have to be protected. */
#include "egret_ws_jsc.h"

#include <stdlib.h>
#include <string.h>

/* What egret_ws.js gives us to call. */
enum event { EVENT_CONNECTED, EVENT_TEXT, EVENT_BINARY, EVENT_CLOSED, EVENT_POLL, EVENT_COUNT };
static const char *const event_names[EVENT_COUNT] = {"connected", "text", "binary", "closed", "poll"};

/* A native socket, which JavaScript knows by its number. */
struct socket {
    egret_ws_jsc *owner;
    egret_ws *ws;
    uint32_t id;
};

struct egret_ws_jsc {
    JSGlobalContextRef context;
    egret_ws_jsc_options options;
    egret_ws_loop *loop;
    int polling;
    JSObjectRef host;
    JSObjectRef events;
    JSObjectRef event[EVENT_COUNT];
    /* The live sockets by ascending id: ids are counted up, so a new one belongs at the end. */
    struct socket **sockets;
    size_t count;
    size_t capacity;
    uint32_t last_id;
    /* A message on its way from UTF-8 to UTF-16, which never takes more units than the message has bytes. */
    JSChar units[EGRET_WS_MAX_MESSAGE_BYTES];
};

/* Sockets by number */

/* Where in the table the id is, or would be. */
static size_t position(const egret_ws_jsc *self, double id)
{
    size_t low = 0, high = self->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (self->sockets[middle]->id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The handle, or NULL, which the library refuses as any bad handle. */
static egret_ws *find(const egret_ws_jsc *self, double id)
{
    const size_t at = position(self, id);
    return at < self->count && self->sockets[at]->id == id ? self->sockets[at]->ws : NULL;
}

/* A place for one more, so that nothing can fail once the socket is there. */
static int reserve(egret_ws_jsc *self)
{
    const size_t capacity = self->capacity ? 2 * self->capacity : 16;
    struct socket **sockets;
    if (self->count < self->capacity)
        return 1;
    sockets = realloc(self->sockets, capacity * sizeof *sockets);
    if (!sockets)
        return 0;
    self->sockets = sockets;
    self->capacity = capacity;
    return 1;
}

static void forget(egret_ws_jsc *self, uint32_t id)
{
    const size_t at = position(self, id);
    memmove(self->sockets + at, self->sockets + at + 1, (--self->count - at) * sizeof *self->sockets);
}

/* From C to JavaScript */

static JSValueRef make_number(const egret_ws_jsc *self, double number)
{
    return JSValueMakeNumber(self->context, number);
}

/* `text` is valid UTF-8. JSStringCreateWithUTF8CString would end it at its first NUL. */
static JSValueRef make_string(egret_ws_jsc *self, const char *text, size_t len)
{
    const uint8_t *byte = (const uint8_t *)text, *const end = byte + len;
    size_t count = 0;
    JSStringRef string;
    JSValueRef value;
    while (byte < end) {
        uint32_t scalar = *byte++;
        int more = scalar < 0x80 ? 0 : scalar < 0xe0 ? 1 : scalar < 0xf0 ? 2 : 3;
        if (more)
            scalar &= 0x3fu >> more;
        for (; more; --more)
            scalar = scalar << 6 | (*byte++ & 0x3fu);
        if (scalar >= 0x10000) {
            self->units[count++] = (JSChar)(0xd7c0 + (scalar >> 10));
            scalar = 0xdc00 | (scalar & 0x3ff);
        }
        self->units[count++] = (JSChar)scalar;
    }
    string = JSStringCreateWithCharacters(self->units, count);
    value = JSValueMakeString(self->context, string);
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

/* An ArrayBuffer, or NULL if there is no memory for it. */
static JSValueRef make_buffer(const egret_ws_jsc *self, const uint8_t *data, size_t len)
{
    JSValueRef exception = NULL, buffer;
    void *copy = malloc(len ? len : 1);
    if (!copy)
        return NULL;
    memcpy(copy, data, len);
    /* The engine frees the copy, also if it throws. */
    buffer = JSObjectMakeArrayBufferWithBytesNoCopy(self->context, copy, len, free_bytes, NULL, &exception);
    return exception ? NULL : buffer;
}

static JSValueRef emit(const egret_ws_jsc *self, enum event event, size_t count, const JSValueRef arguments[])
{
    JSValueRef exception = NULL;
    JSValueRef result =
        JSObjectCallAsFunction(self->context, self->event[event], self->events, count, arguments, &exception);
    if (exception)
        report(self, exception);
    return result;
}

/* The library's callbacks */

/* What egret_ws_subprotocol or egret_ws_extensions tell of the socket; nothing if there is no memory for it. */
static JSValueRef agreed(egret_ws_jsc *self, egret_ws *ws, int32_t (*ask)(egret_ws *, char *, size_t))
{
    int32_t len = ask(ws, NULL, 0);
    char *text = len > 0 ? malloc((size_t)len + 1) : NULL;
    JSValueRef value;
    if (!text || ask(ws, text, (size_t)len + 1) != len)
        len = 0;
    value = make_string(self, len > 0 ? text : "", (size_t)len);
    free(text);
    return value;
}

static void on_connect(void *user, egret_ws *ws)
{
    const struct socket *socket = user;
    egret_ws_jsc *self = socket->owner;
    JSValueRef arguments[3];
    arguments[0] = make_number(self, socket->id);
    arguments[1] = agreed(self, ws, egret_ws_subprotocol);
    arguments[2] = agreed(self, ws, egret_ws_extensions);
    emit(self, EVENT_CONNECTED, 3, arguments);
}

static void on_data(void *user, egret_ws *ws, int32_t kind, const uint8_t *data, size_t len)
{
    const struct socket *socket = user;
    egret_ws_jsc *self = socket->owner;
    const int is_text = kind == EGRET_WS_TEXT;
    JSValueRef arguments[2];
    arguments[0] = make_number(self, socket->id);
    arguments[1] = is_text ? make_string(self, (const char *)data, len) : make_buffer(self, data, len);
    if (arguments[1])
        emit(self, is_text ? EVENT_TEXT : EVENT_BINARY, 2, arguments);
    else /* rather end the connection than lose a message in the midst of it */
        egret_ws_close(ws, 1011, "out of memory", EGRET_WS_NUL_TERMINATED);
}

static void on_close(void *user, egret_ws *ws, const egret_ws_close_info *info)
{
    const struct socket *socket = user;
    egret_ws_jsc *self = socket->owner;
    JSValueRef arguments[6];
    arguments[0] = make_number(self, socket->id);
    arguments[1] = make_number(self, info->code);
    arguments[2] = make_string(self, info->reason, info->reason_len);
    arguments[3] = JSValueMakeBoolean(self->context, info->error == EGRET_WS_OK);
    arguments[4] = make_number(self, info->error);
    arguments[5] = make_string(self, info->message, strlen(info->message));
    emit(self, EVENT_CLOSED, 6, arguments); /* in here bufferedAmount still answers */
    forget(self, socket->id);
    egret_ws_free(ws);
}

/* From JavaScript to C: the functions of the host object, which egret_ws.js has and the game has not. */

/* JavaScriptCore's signature of a native function. */
#define HOST_FUNCTION(name)                                                                                          \
    static JSValueRef name(JSContextRef context, JSObjectRef function, JSObjectRef host, size_t count,               \
                           const JSValueRef arguments[], JSValueRef *exception)

/* Begins the body of a host function of `n` arguments that needs the loop: after egret_ws_jsc_free there is none. */
#define HOST_SELF(n)                                                                                                 \
    egret_ws_jsc *const self = JSObjectGetPrivate(host);                                                             \
    (void)function;                                                                                                  \
    (void)exception;                                                                                                 \
    if (!self || count < (n))                                                                                        \
    return JSValueMakeNumber(context, EGRET_WS_ERR_BAD_HANDLE)

/* The value as UTF-8 with a NUL, for free(); NULL if there is no memory or it has lone surrogates. */
static char *to_utf8(JSContextRef context, JSValueRef value, size_t *len, JSValueRef *exception)
{
    JSStringRef string = JSValueToStringCopy(context, value, exception);
    char *text = NULL;
    size_t size;
    if (!string)
        return NULL;
    size = JSStringGetMaximumUTF8CStringSize(string);
    text = malloc(size);
    size = text ? JSStringGetUTF8CString(string, text, size) : 0;
    JSStringRelease(string);
    if (size == 0) {
        free(text);
        return NULL;
    }
    *len = size - 1;
    return text;
}

/* The same for the functions that take their text up to its NUL: it must have no other. */
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

static size_t size_property(JSContextRef context, JSObjectRef object, const char *name, JSValueRef *exception)
{
    JSStringRef string = JSStringCreateWithUTF8CString(name);
    JSValueRef value = JSObjectGetProperty(context, object, string, exception);
    double number = value && !*exception ? JSValueToNumber(context, value, exception) : -1;
    JSStringRelease(string);
    return number >= 0 && number <= UINT32_MAX ? (size_t)number : SIZE_MAX;
}

/* The bytes of an ArrayBuffer or a view, or NULL. The C API knows no DataView, and what it says of the offset of the other
 * views differs between versions, so a view is asked for its properties; they are not trusted. */
static const uint8_t *to_bytes(JSContextRef context, JSValueRef value, size_t *len, JSValueRef *exception)
{
    JSObjectRef buffer = JSValueIsObject(context, value) ? (JSObjectRef)value : NULL;
    size_t offset = 0, size;
    const uint8_t *bytes;
    if (!buffer)
        return NULL;
    if (JSValueGetTypedArrayType(context, value, exception) != kJSTypedArrayTypeArrayBuffer) {
        JSStringRef name = JSStringCreateWithUTF8CString("buffer");
        JSValueRef property = JSObjectGetProperty(context, buffer, name, exception);
        JSStringRelease(name);
        if (!property || JSValueGetTypedArrayType(context, property, exception) != kJSTypedArrayTypeArrayBuffer)
            return NULL;
        offset = size_property(context, buffer, "byteOffset", exception);
        *len = size_property(context, buffer, "byteLength", exception);
        buffer = (JSObjectRef)property;
        size = JSObjectGetArrayBufferByteLength(context, buffer, exception);
    } else {
        *len = size = JSObjectGetArrayBufferByteLength(context, buffer, exception);
    }
    if (offset > size || *len > size - offset)
        return NULL;
    bytes = JSObjectGetArrayBufferBytesPtr(context, buffer, exception);
    return bytes ? bytes + offset : (const uint8_t *)"";
}

static void release_user(void *user)
{
    free(user);
}

static int32_t open_socket(egret_ws_jsc *self, const char *url, const char *protocols)
{
    struct socket *socket;
    egret_ws_options options;
    int32_t result;
    if (!url || !protocols)
        return EGRET_WS_ERR_INVALID_URL;
    if (self->last_id == INT32_MAX || !reserve(self) || !(socket = malloc(sizeof *socket)))
        return EGRET_WS_ERR_NO_RESOURCES;
    socket->owner = self;
    socket->id = self->last_id + 1;
    egret_ws_options_init(&options, sizeof options);
    options.user = socket;
    options.on_connect = on_connect;
    options.on_data = on_data;
    options.on_close = on_close;
    options.release_user = release_user;
    options.subprotocols = *protocols ? protocols : NULL;
    result = egret_ws_connect_url(self->loop, url, &options, &socket->ws);
    if (result != EGRET_WS_OK) {
        free(socket);
        return result;
    }
    self->sockets[self->count++] = socket;
    return (int32_t)(self->last_id = socket->id);
}

HOST_FUNCTION(host_open)
{
    char *url, *protocols;
    int32_t result;
    HOST_SELF(2);
    url = to_c_string(context, arguments[0], exception);
    protocols = to_c_string(context, arguments[1], exception);
    result = open_socket(self, url, protocols);
    free(url);
    free(protocols);
    return make_number(self, result);
}

HOST_FUNCTION(host_send_text)
{
    size_t len = 0;
    char *text;
    int32_t result;
    HOST_SELF(2);
    text = to_utf8(context, arguments[1], &len, exception);
    result = text ? egret_ws_send_text(find(self, JSValueToNumber(context, arguments[0], exception)), text, len)
                  : EGRET_WS_ERR_NO_RESOURCES;
    free(text);
    return make_number(self, result);
}

HOST_FUNCTION(host_send_binary)
{
    size_t len = 0;
    const uint8_t *data;
    HOST_SELF(2);
    data = to_bytes(context, arguments[1], &len, exception);
    if (!data)
        return make_number(self, EGRET_WS_ERR_INVALID_ARGUMENT);
    return make_number(self,
                       egret_ws_send_binary(find(self, JSValueToNumber(context, arguments[0], exception)), data, len));
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
    if (reason && code >= 0 && code <= UINT16_MAX)
        result = egret_ws_close(find(self, JSValueToNumber(context, arguments[0], exception)), (uint16_t)code, reason, len);
    free(reason);
    return make_number(self, result);
}

HOST_FUNCTION(host_buffered_amount)
{
    int64_t amount;
    HOST_SELF(1);
    amount = egret_ws_buffered_amount(find(self, JSValueToNumber(context, arguments[0], exception)));
    return make_number(self, amount > 0 ? (double)amount : 0);
}

HOST_FUNCTION(host_normalize_url)
{
    char *url, *normal = NULL;
    int32_t len;
    JSStringRef string;
    JSValueRef result;
    (void)function;
    (void)host;
    if (count < 1)
        return JSValueMakeNull(context);
    url = to_c_string(context, arguments[0], exception);
    len = url ? egret_ws_normalize_url(url, NULL, 0) : EGRET_WS_ERR_INVALID_URL;
    if (len > 0 && (normal = malloc((size_t)len + 1)))
        len = egret_ws_normalize_url(url, normal, (size_t)len + 1);
    free(url);
    if (len <= 0 || !normal) {
        free(normal);
        return JSValueMakeNull(context);
    }
    string = JSStringCreateWithUTF8CString(normal); /* a URL has no NUL, and may be longer than a message */
    result = JSValueMakeString(context, string);
    JSStringRelease(string);
    free(normal);
    return result;
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
    {"normalizeUrl", host_normalize_url, kJSPropertyAttributeReadOnly},
    {"reportError", host_report_error, kJSPropertyAttributeReadOnly},
    {NULL, NULL, 0},
};

/* The interface */

/* Runs egret_ws.js and keeps what it returns; false if it is not that script. */
static int install(egret_ws_jsc *self, const char *script)
{
    const JSContextRef context = self->context;
    JSStringRef text = JSStringCreateWithUTF8CString(script), name = JSStringCreateWithUTF8CString("egret_ws.js");
    JSClassDefinition definition = kJSClassDefinitionEmpty;
    JSClassRef host_class;
    JSValueRef arguments[2], value, exception = NULL;
    int i;

    definition.className = "EgretWebSocketHost";
    definition.staticFunctions = host_functions;
    host_class = JSClassCreate(&definition);
    self->host = JSObjectMake(context, host_class, self);
    JSClassRelease(host_class);
    JSValueProtect(context, self->host);

    value = JSEvaluateScript(context, text, NULL, name, 1, &exception);
    JSStringRelease(text);
    JSStringRelease(name);
    if (!exception && JSValueIsObject(context, value)) {
        arguments[0] = JSContextGetGlobalObject(context);
        arguments[1] = self->host;
        value = JSObjectCallAsFunction(context, (JSObjectRef)value, NULL, 2, arguments, &exception);
    }
    if (exception)
        report(self, exception);
    if (exception || !value || !JSValueIsObject(context, value))
        return 0;
    self->events = (JSObjectRef)value;
    JSValueProtect(context, self->events);
    for (i = 0; i < EVENT_COUNT; ++i) {
        name = JSStringCreateWithUTF8CString(event_names[i]);
        value = JSObjectGetProperty(context, self->events, name, NULL);
        JSStringRelease(name);
        if (!value || !JSValueIsObject(context, value) || !JSObjectIsFunction(context, (JSObjectRef)value))
            return 0;
        self->event[i] = (JSObjectRef)value;
        JSValueProtect(context, value);
    }
    return 1;
}

/* All but the loop. */
static void uninstall(egret_ws_jsc *self)
{
    int i;
    for (i = 0; i < EVENT_COUNT; ++i)
        if (self->event[i])
            JSValueUnprotect(self->context, self->event[i]);
    if (self->events)
        JSValueUnprotect(self->context, self->events);
    if (self->host) {
        JSObjectSetPrivate(self->host, NULL);
        JSValueUnprotect(self->context, self->host);
    }
    JSGlobalContextRelease(self->context);
    free(self->sockets);
    free(self);
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
    result = egret_ws_loop_new(self->options.loop, &self->loop);
    if (result == EGRET_WS_OK && !install(self, script)) {
        egret_ws_loop_free(self->loop);
        result = EGRET_WS_ERR_INVALID_ARGUMENT;
    }
    if (result != EGRET_WS_OK) {
        uninstall(self);
        return result;
    }
    *out = self;
    return EGRET_WS_OK;
}

int32_t egret_ws_jsc_poll(egret_ws_jsc *self, int32_t timeout_ms)
{
    JSValueRef value;
    int32_t made = 0, ran;
    if (!self)
        return EGRET_WS_ERR_INVALID_ARGUMENT;
    if (self->polling)
        return EGRET_WS_ERR_REENTRANT;
    self->polling = 1;
    /* Events made in JavaScript first: while there are any there is nothing to wait for. */
    value = emit(self, EVENT_POLL, 0, NULL);
    if (value)
        made = (int32_t)JSValueToNumber(self->context, value, NULL);
    ran = egret_ws_loop_poll(self->loop, made > 0 ? 0 : timeout_ms);
    self->polling = 0;
    return ran < 0 ? ran : ran + made;
}

size_t egret_ws_jsc_live(const egret_ws_jsc *self)
{
    return self ? self->count : 0;
}

int32_t egret_ws_jsc_free(egret_ws_jsc *self)
{
    int32_t result;
    if (!self)
        return EGRET_WS_ERR_INVALID_ARGUMENT;
    if (self->polling)
        return EGRET_WS_ERR_REENTRANT;
    result = egret_ws_loop_free(self->loop);
    if (result == EGRET_WS_OK)
        uninstall(self);
    return result;
}
