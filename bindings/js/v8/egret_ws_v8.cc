// Glue for V8: converts values between JavaScript and the C functions of egret_ws_host.h. See the header.
//
// Compiles with V8 10.2 (Node 18) to 14.6 (Node 26). Only the functions in "Differences between versions" depend on the version.
#include "egret_ws_v8.h"

#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

namespace {

// JavaScript's Number.MAX_SAFE_INTEGER.
const double max_safe_integer = 9007199254740991.0;

// UTF-8 has at most this many bytes for one UTF-16 unit.
const std::size_t max_bytes_per_unit = 3;

} // namespace

struct egret_ws_v8 {
    v8::Isolate *isolate;
    egret_ws_v8_options options = {};
    egret_ws_host *host = nullptr;
    v8::Global<v8::Context> context;
    v8::Global<v8::Object> host_object;
    v8::Global<v8::Object> events;
    v8::Global<v8::Function> event[EGRET_WS_HOST_EVENT_COUNT];
    // Scratch space for the UTF-8 of one text to send.
    char utf8[EGRET_WS_MAX_MESSAGE_BYTES];

    explicit egret_ws_v8(v8::Isolate *engine) : isolate(engine) {}
};

namespace {

using Info = v8::FunctionCallbackInfo<v8::Value>;

// Differences between versions

#define V8_IS_AT_LEAST(major, minor) \
    (V8_MAJOR_VERSION > (major) || (V8_MAJOR_VERSION == (major) && V8_MINOR_VERSION >= (minor)))

#if V8_IS_AT_LEAST(14, 2)
const v8::EmbedderDataTypeTag pointer_tag = 1;
void set_pointer(v8::Local<v8::Object> object, void *pointer) {
    object->SetAlignedPointerInInternalField(0, pointer, pointer_tag);
}
egret_ws_v8 *get_pointer(v8::Local<v8::Object> object) {
    return static_cast<egret_ws_v8 *>(object->GetAlignedPointerFromInternalField(0, pointer_tag));
}
#else
void set_pointer(v8::Local<v8::Object> object, void *pointer) {
    object->SetAlignedPointerInInternalField(0, pointer);
}
egret_ws_v8 *get_pointer(v8::Local<v8::Object> object) {
    return static_cast<egret_ws_v8 *>(object->GetAlignedPointerFromInternalField(0));
}
#endif

#if V8_IS_AT_LEAST(13, 6)
std::size_t utf8_length(v8::Isolate *isolate, v8::Local<v8::String> string) {
    return string->Utf8LengthV2(isolate);
}
std::size_t write_utf8(v8::Isolate *isolate, v8::Local<v8::String> string, char *to, std::size_t capacity) {
    return string->WriteUtf8V2(isolate, to, capacity, v8::String::WriteFlags::kReplaceInvalidUtf8);
}
void write_one_byte(v8::Isolate *isolate, v8::Local<v8::String> string, char *to) {
    string->WriteOneByteV2(isolate, 0, static_cast<std::uint32_t>(string->Length()), reinterpret_cast<std::uint8_t *>(to));
}
#else
std::size_t utf8_length(v8::Isolate *isolate, v8::Local<v8::String> string) {
    return static_cast<std::size_t>(string->Utf8Length(isolate));
}
std::size_t write_utf8(v8::Isolate *isolate, v8::Local<v8::String> string, char *to, std::size_t capacity) {
    const int options = v8::String::NO_NULL_TERMINATION | v8::String::REPLACE_INVALID_UTF8;
    return static_cast<std::size_t>(string->WriteUtf8(isolate, to, static_cast<int>(capacity), nullptr, options));
}
void write_one_byte(v8::Isolate *isolate, v8::Local<v8::String> string, char *to) {
    string->WriteOneByte(isolate, reinterpret_cast<std::uint8_t *>(to), 0, string->Length(),
                         v8::String::NO_NULL_TERMINATION);
}
#endif

v8::ScriptOrigin make_origin(v8::Isolate *isolate, v8::Local<v8::String> name) {
#if V8_IS_AT_LEAST(12, 4)
    static_cast<void>(isolate);
    return v8::ScriptOrigin(name);
#else
    return v8::ScriptOrigin(isolate, name);
#endif
}

// From C++ to JavaScript

bool is_ascii(const char *text, std::size_t len) {
    const std::uint64_t high_bits = 0x8080808080808080;
    std::uint64_t words[4], all = 0;
    for (; len >= sizeof words; text += sizeof words, len -= sizeof words) {
        std::memcpy(words, text, sizeof words);
        all |= words[0] | words[1] | words[2] | words[3];
    }
    for (; len > 0; --len) all |= static_cast<std::uint8_t>(*text++);
    return (all & high_bits) == 0;
}

// Converts valid UTF-8. Returns an empty handle if the engine has no room for the string.
v8::MaybeLocal<v8::String> make_string(v8::Isolate *isolate, const char *text, std::size_t len) {
    const auto kind = v8::NewStringType::kNormal;
    const int length = static_cast<int>(len);
    if (is_ascii(text, len)) // this is one copy, while the engine's conversion makes two passes
        return v8::String::NewFromOneByte(isolate, reinterpret_cast<const std::uint8_t *>(text), kind, length);
    return v8::String::NewFromUtf8(isolate, text, kind, length);
}

// Like make_string, for the short texts of the library.
v8::Local<v8::String> make_text(v8::Isolate *isolate, const char *text, std::size_t len) {
    return make_string(isolate, text, len).FromMaybe(v8::String::Empty(isolate));
}

v8::Local<v8::Number> make_number(v8::Isolate *isolate, std::int64_t number) {
    return v8::Number::New(isolate, static_cast<double>(number));
}

#ifndef V8_ENABLE_SANDBOX
void free_bytes(void *bytes, std::size_t, void *) {
    std::free(bytes);
}
#endif

// Returns an ArrayBuffer with a copy of the bytes, or an empty handle if there is no memory.
v8::MaybeLocal<v8::ArrayBuffer> make_buffer(v8::Isolate *isolate, const std::uint8_t *data, std::size_t len) {
    if (len == 0) return v8::ArrayBuffer::New(isolate, 0);
#ifdef V8_ENABLE_SANDBOX
    // Buffers must be inside the sandbox, where only the engine can allocate.
    std::unique_ptr<v8::BackingStore> store = v8::ArrayBuffer::NewBackingStore(isolate, len);
    std::memcpy(store->Data(), data, len);
#else
    // The engine would first fill its own memory with zeros.
    void *copy = std::malloc(len);
    if (!copy) return {};
    std::memcpy(copy, data, len);
    std::unique_ptr<v8::BackingStore> store = v8::ArrayBuffer::NewBackingStore(copy, len, free_bytes, nullptr);
#endif
    return v8::ArrayBuffer::New(isolate, std::move(store));
}

void report(const egret_ws_v8 *self, v8::Local<v8::Context> context, v8::Local<v8::Value> exception) {
    if (self->options.on_exception) self->options.on_exception(self->options.user, context, exception);
}

// After TerminateExecution there is no exception to report.
void report(const egret_ws_v8 *self, v8::Local<v8::Context> context, const v8::TryCatch &caught) {
    if (caught.HasCaught() && !caught.HasTerminated()) report(self, context, caught.Exception());
}

// Runs one task: calls the function of `events`, then performs a microtask checkpoint. With the policy kAuto, the engine has
// already performed one when the call returns, and the queue is empty.
void emit(const egret_ws_v8 *self, egret_ws_host_event event, int count, v8::Local<v8::Value> arguments[]) {
    v8::Isolate *const isolate = self->isolate;
    const v8::Local<v8::Context> context = self->context.Get(isolate);
    v8::MicrotaskQueue *const microtasks = context->GetMicrotaskQueue();
    {
        v8::TryCatch caught(isolate);
        v8::MicrotasksScope scope(isolate, microtasks, v8::MicrotasksScope::kDoNotRunMicrotasks);
        const v8::Local<v8::Function> function = self->event[event].Get(isolate);
        v8::Local<v8::Value> unused;
        if (!function->Call(context, self->events.Get(isolate), count, arguments).ToLocal(&unused))
            report(self, context, caught);
    }
    microtasks->PerformCheckpoint(isolate);
}

// Events, during a poll. The handles of each event are released after its delivery.

void on_connected(void *engine, int64_t id, const char *subprotocol, const char *extensions) {
    const auto self = static_cast<egret_ws_v8 *>(engine);
    v8::HandleScope scope(self->isolate);
    v8::Local<v8::Value> arguments[] = {
        make_number(self->isolate, id),
        make_text(self->isolate, subprotocol, std::strlen(subprotocol)),
        make_text(self->isolate, extensions, std::strlen(extensions)),
    };
    emit(self, EGRET_WS_HOST_CONNECTED, 3, arguments);
}

bool on_text(void *engine, int64_t id, const char *utf8, size_t len) {
    const auto self = static_cast<egret_ws_v8 *>(engine);
    v8::HandleScope scope(self->isolate);
    v8::Local<v8::String> text;
    if (!make_string(self->isolate, utf8, len).ToLocal(&text)) return false;
    v8::Local<v8::Value> arguments[] = {make_number(self->isolate, id), text};
    emit(self, EGRET_WS_HOST_TEXT, 2, arguments);
    return true;
}

bool on_binary(void *engine, int64_t id, const uint8_t *data, size_t len) {
    const auto self = static_cast<egret_ws_v8 *>(engine);
    v8::HandleScope scope(self->isolate);
    v8::Local<v8::ArrayBuffer> buffer;
    if (!make_buffer(self->isolate, data, len).ToLocal(&buffer)) return false;
    v8::Local<v8::Value> arguments[] = {make_number(self->isolate, id), buffer};
    emit(self, EGRET_WS_HOST_BINARY, 2, arguments);
    return true;
}

void on_retrying(void *engine, int64_t id, const egret_ws_close_info *info, uint32_t delay_ms) {
    const auto self = static_cast<egret_ws_v8 *>(engine);
    v8::HandleScope scope(self->isolate);
    v8::Local<v8::Value> arguments[] = {
        make_number(self->isolate, id),
        make_number(self->isolate, info->error),
        make_text(self->isolate, info->message, info->message_len),
        make_number(self->isolate, delay_ms),
        make_number(self->isolate, info->code),
        make_text(self->isolate, info->reason, info->reason_len),
    };
    emit(self, EGRET_WS_HOST_RETRYING, 6, arguments);
}

void on_drained(void *engine, int64_t id) {
    const auto self = static_cast<egret_ws_v8 *>(engine);
    v8::HandleScope scope(self->isolate);
    v8::Local<v8::Value> arguments[] = {make_number(self->isolate, id)};
    emit(self, EGRET_WS_HOST_DRAINED, 1, arguments);
}

void on_failed(void *engine, int64_t id, const egret_ws_close_info *info) {
    const auto self = static_cast<egret_ws_v8 *>(engine);
    v8::HandleScope scope(self->isolate);
    v8::Local<v8::Value> arguments[] = {
        make_number(self->isolate, id),
        make_number(self->isolate, info->error),
        make_text(self->isolate, info->message, info->message_len),
    };
    emit(self, EGRET_WS_HOST_FAILED, 3, arguments);
}

void on_closed(void *engine, int64_t id, const egret_ws_close_info *info) {
    const auto self = static_cast<egret_ws_v8 *>(engine);
    v8::HandleScope scope(self->isolate);
    v8::Local<v8::Value> arguments[] = {
        make_number(self->isolate, id),
        make_number(self->isolate, info->code),
        make_text(self->isolate, info->reason, info->reason_len),
        v8::Boolean::New(self->isolate, info->error == EGRET_WS_OK),
        make_number(self->isolate, info->error),
        make_text(self->isolate, info->message, info->message_len),
    };
    emit(self, EGRET_WS_HOST_CLOSED, 6, arguments);
}

void on_task(void *engine) {
    const auto self = static_cast<egret_ws_v8 *>(engine);
    v8::HandleScope scope(self->isolate);
    emit(self, EGRET_WS_HOST_TASK, 0, nullptr);
}

void on_frame(void *engine, int64_t id, int32_t direction, uint32_t opcode, uint32_t flags, uint64_t length) {
    const auto self = static_cast<egret_ws_v8 *>(engine);
    v8::HandleScope scope(self->isolate);
    v8::Local<v8::Value> arguments[] = {
        make_number(self->isolate, id),
        make_number(self->isolate, direction),
        make_number(self->isolate, opcode),
        make_number(self->isolate, flags),
        make_number(self->isolate, static_cast<std::int64_t>(length)),
    };
    emit(self, EGRET_WS_HOST_FRAME, 5, arguments);
}

void on_asked(void *engine, int64_t ticket, const char *hook, const char *text) {
    const auto self = static_cast<egret_ws_v8 *>(engine);
    v8::HandleScope scope(self->isolate);
    v8::Local<v8::Value> arguments[] = {
        make_number(self->isolate, ticket),
        make_text(self->isolate, hook, std::strlen(hook)),
        make_text(self->isolate, text, std::strlen(text)),
    };
    emit(self, EGRET_WS_HOST_ASKED, 3, arguments);
}

const egret_ws_host_events host_events = {on_connected, on_text,   on_binary, on_retrying, on_drained,
                                          on_failed,    on_closed, on_task,   on_frame,    on_asked};

// From JavaScript to C++

// A string as UTF-8 that ends in a NUL.
class Utf8 {
public:
    Utf8(v8::Isolate *isolate, v8::Local<v8::Value> value) {
        if (!value->IsString()) return;
        const auto string = value.As<v8::String>();
        len_ = utf8_length(isolate, string);
        text_ = static_cast<char *>(std::malloc(len_ + 1));
        if (!text_) return;
        write_utf8(isolate, string, text_, len_);
        text_[len_] = '\0';
    }
    ~Utf8() { std::free(text_); }
    Utf8(const Utf8 &) = delete;
    Utf8 &operator=(const Utf8 &) = delete;

    // NULL if the value is not a string, or there is no memory.
    const char *text() const { return text_; }
    std::size_t len() const { return len_; }
    // Like text(), but NULL for a string that contains a NUL, because C would read only the part before it.
    const char *c_string() const { return text_ && std::strlen(text_) == len_ ? text_ : nullptr; }

private:
    char *text_ = nullptr;
    std::size_t len_ = 0;
};

// Returns a whole number that is not negative. For other values it returns 0, which is no valid id.
int64_t to_id(v8::Local<v8::Value> value) {
    const double id = value->IsNumber() ? value.As<v8::Number>()->Value() : 0;
    return id > 0 && id <= max_safe_integer ? static_cast<int64_t>(id) : 0;
}

// Returns the bytes of an ArrayBuffer or a view; NULL for another value. The engine returns the true bounds of a view, even if the
// game has defined other properties, and its methods cannot be overwritten. Memory that other threads write to is refused.
const std::uint8_t *to_bytes(v8::Local<v8::Value> value, std::size_t *len) {
    v8::Local<v8::ArrayBuffer> buffer;
    std::size_t offset = 0;
    if (value->IsArrayBufferView()) {
        const auto view = value.As<v8::ArrayBufferView>();
        buffer = view->Buffer();
        offset = view->ByteOffset();
        *len = view->ByteLength();
    } else if (value->IsArrayBuffer()) {
        buffer = value.As<v8::ArrayBuffer>();
        *len = buffer->ByteLength();
    }
    if (buffer.IsEmpty() || !v8::Local<v8::Value>(buffer)->IsArrayBuffer()) return nullptr;
    const auto bytes = static_cast<const std::uint8_t *>(buffer->Data());
    if (*len == 0 || !bytes) { // also true for a detached buffer
        *len = 0;
        return reinterpret_cast<const std::uint8_t *>("");
    }
    return bytes + offset;
}

// Host functions: methods of the host object, which only egret_ws.js can reach. After egret_ws_v8_free the host object has no
// egret_ws_v8.

egret_ws_v8 *self_of(const Info &info) {
    return get_pointer(info.Data().As<v8::Object>());
}

void return_number(const Info &info, std::int64_t number) {
    info.GetReturnValue().Set(static_cast<double>(number));
}

void return_text(const Info &info, const char *text, std::size_t len) {
    info.GetReturnValue().Set(make_text(info.GetIsolate(), text, len));
}

void host_open(const Info &info) {
    egret_ws_v8 *const self = self_of(info);
    if (!self) return return_number(info, EGRET_WS_ERR_BAD_HANDLE);
    const Utf8 url(self->isolate, info[0]), protocols(self->isolate, info[1]), options(self->isolate, info[2]);
    return_number(info, egret_ws_host_open(self->host, url.c_string(), protocols.c_string(), options.text(), options.len()));
}

int32_t send_text(egret_ws_v8 *self, int64_t id, v8::Local<v8::String> string) {
    v8::Isolate *const isolate = self->isolate;
    const auto units = static_cast<std::size_t>(string->Length());
    if (units <= sizeof self->utf8 && string->IsOneByte()) {
        write_one_byte(isolate, string, self->utf8);
        if (is_ascii(self->utf8, units)) return egret_ws_host_send_text(self->host, id, self->utf8, units);
    }
    if (units * max_bytes_per_unit <= sizeof self->utf8) {
        const std::size_t len = write_utf8(isolate, string, self->utf8, sizeof self->utf8);
        return egret_ws_host_send_text(self->host, id, self->utf8, len);
    }
    const Utf8 text(isolate, string); // not checked here: the library refuses a text that is too long
    return text.text() ? egret_ws_host_send_text(self->host, id, text.text(), text.len()) : EGRET_WS_ERR_NO_RESOURCES;
}

void host_send_text(const Info &info) {
    egret_ws_v8 *const self = self_of(info);
    if (!self) return return_number(info, EGRET_WS_ERR_BAD_HANDLE);
    if (!info[1]->IsString()) return return_number(info, EGRET_WS_ERR_INVALID_ARGUMENT);
    return_number(info, send_text(self, to_id(info[0]), info[1].As<v8::String>()));
}

void host_send_binary(const Info &info) {
    egret_ws_v8 *const self = self_of(info);
    std::size_t len = 0;
    if (!self) return return_number(info, EGRET_WS_ERR_BAD_HANDLE);
    const std::uint8_t *const data = to_bytes(info[1], &len);
    if (!data) return return_number(info, EGRET_WS_ERR_INVALID_ARGUMENT);
    return_number(info, egret_ws_host_send_binary(self->host, to_id(info[0]), data, len));
}

void host_close(const Info &info) {
    egret_ws_v8 *const self = self_of(info);
    if (!self) return return_number(info, EGRET_WS_ERR_BAD_HANDLE);
    const double code = info[1]->IsNumber() ? info[1].As<v8::Number>()->Value() : -1;
    if (!(code >= 0 && code <= UINT16_MAX)) return return_number(info, EGRET_WS_ERR_INVALID_CLOSE);
    const Utf8 reason(self->isolate, info[2]);
    return_number(info, egret_ws_host_close(self->host, to_id(info[0]), static_cast<int64_t>(code), reason.text(), reason.len()));
}

void host_buffered_amount(const Info &info) {
    egret_ws_v8 *const self = self_of(info);
    return_number(info, self ? egret_ws_host_buffered_amount(self->host, to_id(info[0])) : EGRET_WS_ERR_BAD_HANDLE);
}

void host_notify_drain(const Info &info) {
    egret_ws_v8 *const self = self_of(info);
    return_number(info, self ? egret_ws_host_notify_drain(self->host, to_id(info[0]), to_id(info[1])) : EGRET_WS_ERR_BAD_HANDLE);
}

void host_normalize_url(const Info &info) {
    egret_ws_v8 *const self = self_of(info);
    const Utf8 url(info.GetIsolate(), info[0]);
    char *const normal = egret_ws_host_normalize_url(self ? self->host : nullptr, url.c_string());
    if (normal) return_text(info, normal, std::strlen(normal));
    else info.GetReturnValue().SetNull();
    std::free(normal);
}

void host_stats(const Info &info) {
    egret_ws_v8 *const self = self_of(info);
    std::size_t len = 0;
    char *const text = self ? egret_ws_host_stats(self->host, to_id(info[0]), &len) : nullptr;
    return_text(info, text ? text : "", text ? len : 0);
    std::free(text);
}

// text(id, name)
void host_text(const Info &info) {
    egret_ws_v8 *const self = self_of(info);
    if (!self) return return_text(info, "", 0);
    const Utf8 name(self->isolate, info[1]);
    std::size_t len = 0;
    char *const text = egret_ws_host_text(self->host, to_id(info[0]), name.c_string(), &len);
    return_text(info, text ? text : "", len);
    std::free(text);
}

// bytes(id, name, index)
void host_bytes(const Info &info) {
    egret_ws_v8 *const self = self_of(info);
    info.GetReturnValue().SetNull();
    if (!self) return;
    const Utf8 name(self->isolate, info[1]);
    std::size_t len = 0;
    std::uint8_t *const bytes = egret_ws_host_bytes(self->host, to_id(info[0]), name.c_string(), to_id(info[2]), &len);
    v8::Local<v8::ArrayBuffer> buffer;
    if (bytes && make_buffer(self->isolate, bytes, len).ToLocal(&buffer)) info.GetReturnValue().Set(buffer);
    std::free(bytes);
}

// answer(ticket, list)
void host_answer(const Info &info) {
    egret_ws_v8 *const self = self_of(info);
    if (!self) return return_number(info, EGRET_WS_ERR_BAD_HANDLE);
    const Utf8 list(self->isolate, info[1]);
    if (!list.c_string() && !info[1]->IsNull()) return return_number(info, EGRET_WS_ERR_INVALID_ARGUMENT);
    return_number(info, egret_ws_host_answer(self->host, to_id(info[0]), list.c_string()));
}

void host_last_error(const Info &info) {
    const egret_ws_v8 *const self = self_of(info);
    const char *const reason = self ? egret_ws_host_last_error(self->host) : "the shell has freed the sockets";
    return_text(info, reason, std::strlen(reason));
}

void host_wake(const Info &info) {
    if (egret_ws_v8 *const self = self_of(info)) egret_ws_host_wake(self->host);
}

void host_report_error(const Info &info) {
    if (const egret_ws_v8 *const self = self_of(info)) report(self, self->context.Get(self->isolate), info[0]);
}

const struct {
    const char *name;
    v8::FunctionCallback call;
} host_functions[] = {
    {"open", host_open},
    {"sendText", host_send_text},
    {"sendBinary", host_send_binary},
    {"close", host_close},
    {"bufferedAmount", host_buffered_amount},
    {"notifyDrain", host_notify_drain},
    {"normalizeUrl", host_normalize_url},
    {"stats", host_stats},
    {"text", host_text},
    {"bytes", host_bytes},
    {"answer", host_answer},
    {"lastError", host_last_error},
    {"wake", host_wake},
    {"reportError", host_report_error},
};

// The interface

v8::Local<v8::String> make_name(v8::Isolate *isolate, const char *name) {
    return v8::String::NewFromUtf8(isolate, name, v8::NewStringType::kInternalized).ToLocalChecked();
}

bool make_host_object(egret_ws_v8 *self, v8::Local<v8::Context> context) {
    v8::Isolate *const isolate = self->isolate;
    const v8::Local<v8::ObjectTemplate> host_template = v8::ObjectTemplate::New(isolate);
    v8::Local<v8::Object> object;
    host_template->SetInternalFieldCount(1);
    if (!host_template->NewInstance(context).ToLocal(&object)) return false;
    set_pointer(object, self);
    for (const auto &each : host_functions) {
        v8::Local<v8::Function> function;
        if (!v8::Function::New(context, each.call, object, 0, v8::ConstructorBehavior::kThrow).ToLocal(&function) ||
            !object->Set(context, make_name(isolate, each.name), function).FromMaybe(false))
            return false;
    }
    self->host_object.Reset(isolate, object);
    return true;
}

// Runs egret_ws.js and keeps the `events` that it returns. Returns false for any other script.
bool run_script(egret_ws_v8 *self, v8::Local<v8::Context> context, const char *text) {
    v8::Isolate *const isolate = self->isolate;
    v8::ScriptOrigin origin = make_origin(isolate, make_name(isolate, "egret_ws.js"));
    v8::Local<v8::String> source;
    v8::Local<v8::Script> script;
    v8::Local<v8::Value> value;
    if (!v8::String::NewFromUtf8(isolate, text).ToLocal(&source) ||
        !v8::Script::Compile(context, source, &origin).ToLocal(&script) || !script->Run(context).ToLocal(&value) ||
        !value->IsFunction())
        return false;
    const v8::Local<v8::Value> undefined = v8::Undefined(isolate);
    v8::Local<v8::Value> hooks = self->options.hooks;
    v8::Local<v8::Value> arguments[] = {context->Global(), self->host_object.Get(isolate), undefined,
                                        hooks.IsEmpty() ? undefined : hooks};
    if (!value.As<v8::Function>()->Call(context, undefined, 4, arguments).ToLocal(&value) || !value->IsObject())
        return false;
    const auto events = value.As<v8::Object>();
    self->events.Reset(isolate, events);
    for (int i = 0; i < EGRET_WS_HOST_EVENT_COUNT; ++i) {
        if (!events->Get(context, make_name(isolate, egret_ws_host_event_names[i])).ToLocal(&value) || !value->IsFunction()) return false;
        self->event[i].Reset(isolate, value.As<v8::Function>());
    }
    return true;
}

bool has_hook(egret_ws_v8 *self, const char *name) {
    const v8::Local<v8::Context> context = self->context.Get(self->isolate);
    v8::Context::Scope entered(context);
    v8::TryCatch caught(self->isolate);
    v8::Local<v8::Value> hook;
    return self->options.hooks->Get(context, make_name(self->isolate, name)).ToLocal(&hook) && hook->IsFunction();
}

bool install(egret_ws_v8 *self, const char *script) {
    const v8::Local<v8::Context> context = self->context.Get(self->isolate);
    v8::Context::Scope entered(context);
    v8::TryCatch caught(self->isolate);
    v8::MicrotasksScope scope(self->isolate, context->GetMicrotaskQueue(), v8::MicrotasksScope::kDoNotRunMicrotasks);
    if (make_host_object(self, context) && run_script(self, context, script)) return true;
    report(self, context, caught);
    return false;
}

// Frees everything except the loop, which must be freed before.
void uninstall(egret_ws_v8 *self) {
    if (!self->host_object.IsEmpty()) set_pointer(self->host_object.Get(self->isolate), nullptr);
    egret_ws_host_free(self->host);
    delete self; // resets the handles
}

} // namespace

int32_t egret_ws_v8_new(v8::Isolate *isolate, v8::Local<v8::Context> context, const char *script,
                        const egret_ws_v8_options *options, egret_ws_v8 **out) {
    if (!isolate || context.IsEmpty() || !script || !out) return EGRET_WS_ERR_INVALID_ARGUMENT;
    v8::Isolate::Scope entered(isolate);
    v8::HandleScope scope(isolate);
    egret_ws_v8 *const self = new (std::nothrow) egret_ws_v8(isolate);
    if (!self) return EGRET_WS_ERR_NO_RESOURCES;
    if (options) self->options = *options;
    self->context.Reset(isolate, context);
    if (!self->options.hooks.IsEmpty())
        self->options.host.script_hooks = (has_hook(self, "resolve") ? EGRET_WS_HOST_RESOLVE : 0) |
                                          (has_hook(self, "findProxy") ? EGRET_WS_HOST_FIND_PROXY : 0);
    int32_t result = egret_ws_host_new(&self->options.host, &host_events, self, &self->host);
    if (result == EGRET_WS_OK && !install(self, script)) result = EGRET_WS_ERR_INVALID_ARGUMENT;
    if (result != EGRET_WS_OK) {
        uninstall(self);
        return result;
    }
    self->options.hooks = {}; // the script keeps its functions
    *out = self;
    return EGRET_WS_OK;
}

int32_t egret_ws_v8_poll(egret_ws_v8 *self, int32_t timeout_ms) {
    if (!self) return EGRET_WS_ERR_INVALID_ARGUMENT;
    v8::Isolate::Scope entered(self->isolate);
    v8::HandleScope scope(self->isolate);
    v8::Context::Scope context(self->context.Get(self->isolate));
    return egret_ws_host_poll(self->host, timeout_ms);
}

int32_t egret_ws_v8_next_poll_ms(const egret_ws_v8 *self) {
    return self ? egret_ws_host_next_poll_ms(self->host) : EGRET_WS_ERR_INVALID_ARGUMENT;
}

egret_ws_loop *egret_ws_v8_loop(const egret_ws_v8 *self) {
    return self ? egret_ws_host_loop(self->host) : nullptr;
}

size_t egret_ws_v8_live(const egret_ws_v8 *self) {
    return self ? egret_ws_host_sockets(self->host) : 0;
}

int32_t egret_ws_v8_free(egret_ws_v8 *self) {
    if (!self) return EGRET_WS_ERR_INVALID_ARGUMENT;
    if (egret_ws_host_is_polling(self->host)) return EGRET_WS_ERR_REENTRANT;
    const int32_t result = egret_ws_host_free_loop(self->host);
    if (result != EGRET_WS_OK) return result;
    v8::Isolate::Scope entered(self->isolate);
    v8::HandleScope scope(self->isolate);
    uninstall(self);
    return EGRET_WS_OK;
}
