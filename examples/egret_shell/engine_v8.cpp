// V8, through its C++ API.
#include "engine.h"

#include <egret_ws_v8.h>
#include <libplatform/libplatform.h>

using Info = v8::FunctionCallbackInfo<v8::Value>;

static std::string to_string(v8::Isolate *isolate, v8::Local<v8::Value> value)
{
    v8::String::Utf8Value text(isolate, value);
    return *text ? std::string(*text, static_cast<std::size_t>(text.length())) : "(not a string)";
}

static v8::Local<v8::String> make_string(v8::Isolate *isolate, const std::string &text)
{
    return v8::String::NewFromUtf8(isolate, text.data(), v8::NewStringType::kNormal, static_cast<int>(text.size()))
        .ToLocalChecked();
}

// The stack frames of V8 are not printed: the message contains the place, as in a browser's console.
static void print_message(v8::Isolate *isolate, v8::Local<v8::Context> context, v8::Local<v8::Message> message,
                          v8::Local<v8::Value> exception)
{
    std::string text = to_string(isolate, exception);
    text += "\n    " + to_string(isolate, message->GetScriptResourceName());
    text += ":" + std::to_string(message->GetLineNumber(context).FromMaybe(0));
    print_uncaught(text);
}

static void print_exception(void *, v8::Local<v8::Context> context, v8::Local<v8::Value> exception)
{
    v8::Isolate *const isolate = v8::Isolate::GetCurrent();
    print_message(isolate, context, v8::Exception::CreateMessage(isolate, exception), exception);
}

// Exceptions of microtasks are reported here.
static void on_message(v8::Local<v8::Message> message, v8::Local<v8::Value> exception)
{
    v8::Isolate *const isolate = v8::Isolate::GetCurrent();
    print_message(isolate, isolate->GetCurrentContext(), message, exception);
}

// The functions that page.js and the tools get.

static void host_print(const Info &info)
{
    print_line(info[0]->BooleanValue(info.GetIsolate()), to_string(info.GetIsolate(), info[1]));
}

static void host_now(const Info &info)
{
    info.GetReturnValue().Set(now_ms());
}

static void host_report_error(const Info &info)
{
    print_exception(nullptr, info.GetIsolate()->GetCurrentContext(), info[0]);
}

static void global_gc(const Info &info)
{
    info.GetIsolate()->RequestGarbageCollectionForTesting(v8::Isolate::kFullGarbageCollection);
}

static void global_cpu_time(const Info &info)
{
    info.GetReturnValue().Set(cpu_ms());
}

// V8 is started once in a process, before the first isolate.
static v8::Platform *start_v8()
{
    static std::unique_ptr<v8::Platform> platform = v8::platform::NewDefaultPlatform();
    v8::V8::SetFlagsFromString("--expose-gc"); // for RequestGarbageCollectionForTesting
    v8::V8::InitializePlatform(platform.get());
    v8::V8::Initialize();
    return platform.get();
}

class V8Engine : public Engine {
public:
    explicit V8Engine(const EngineSetup &setup)
        : platform_(start_v8()), memory_(v8::ArrayBuffer::Allocator::NewDefaultAllocator())
    {
        v8::Isolate::CreateParams params;
        params.array_buffer_allocator = memory_.get();
        isolate_ = v8::Isolate::New(params);
        isolate_->AddMessageListener(on_message);
        v8::Isolate::Scope entered(isolate_);
        v8::HandleScope scope(isolate_);
        const v8::Local<v8::Context> context = v8::Context::New(isolate_);
        context_.Reset(isolate_, context);
        v8::Context::Scope context_scope(context);

        const v8::Local<v8::Object> host = v8::Object::New(isolate_);
        define(host, "print", host_print);
        define(host, "now", host_now);
        define(host, "reportError", host_report_error);
        v8::Local<v8::Value> value = run(setup.page_js, "page.js");
        v8::Local<v8::Value> arguments[] = {context->Global(), host};
        if (value.IsEmpty() || !value->IsFunction() ||
            !value.As<v8::Function>()->Call(context, v8::Undefined(isolate_), 2, arguments).ToLocal(&value))
            throw std::runtime_error("page.js cannot be used");
        frame_.Reset(isolate_, value.As<v8::Function>());

        egret_ws_loop_options loop;
        egret_ws_loop_options_init(&loop, sizeof loop);
        loop.flags = setup.loop_flags;
        loop.on_log = log_line;
        egret_ws_v8_options options = {};
        options.host.loop = &loop;
        options.on_exception = print_exception;
        if (!setup.hooks_js.empty()) {
            value = run(setup.hooks_js, "hooks");
            if (value.IsEmpty() || !value->IsObject())
                throw std::runtime_error("the script of hooks cannot be used");
            options.hooks = value.As<v8::Object>();
        }
        check(egret_ws_v8_new(isolate_, context, setup.egret_ws_js, &options, &sockets_), "egret_ws.js");
    }

    ~V8Engine()
    {
        egret_ws_v8_free(sockets_);
        frame_.Reset();
        context_.Reset();
        isolate_->Dispose();
    }

    void evaluate(const std::string &code, const std::string &name) override
    {
        v8::Isolate::Scope entered(isolate_);
        v8::HandleScope scope(isolate_);
        v8::Context::Scope context_scope(context_.Get(isolate_));
        run(code, name);
    }

    void define_tools() override
    {
        v8::Isolate::Scope entered(isolate_);
        v8::HandleScope scope(isolate_);
        const v8::Local<v8::Context> context = context_.Get(isolate_);
        v8::Context::Scope context_scope(context);
        define(context->Global(), "gc", global_gc);
        define(context->Global(), "cpuTime", global_cpu_time);
    }

    double frame(double now) override
    {
        v8::Isolate::Scope entered(isolate_);
        v8::HandleScope scope(isolate_);
        const v8::Local<v8::Context> context = context_.Get(isolate_);
        v8::Context::Scope context_scope(context);
        // Tasks of the engine itself, such as the callbacks of a FinalizationRegistry.
        while (v8::platform::PumpMessageLoop(platform_, isolate_)) continue;
        v8::Local<v8::Value> argument = v8::Number::New(isolate_, now), wait;
        if (!frame_.Get(isolate_)->Call(context, v8::Undefined(isolate_), 1, &argument).ToLocal(&wait))
            throw std::runtime_error("page.js failed");
        return wait.As<v8::Number>()->Value();
    }

    std::int32_t poll(std::int32_t timeout_ms) override { return egret_ws_v8_poll(sockets_, timeout_ms); }
    std::size_t live() const override { return egret_ws_v8_live(sockets_); }

private:
    v8::Local<v8::Value> run(const std::string &code, const std::string &name)
    {
        const v8::Local<v8::Context> context = isolate_->GetCurrentContext();
        v8::TryCatch caught(isolate_);
        caught.SetVerbose(true); // on_message prints the exception
        v8::ScriptCompiler::Source source(make_string(isolate_, code), origin(make_string(isolate_, name)));
        v8::Local<v8::Script> script;
        if (!v8::ScriptCompiler::Compile(context, &source).ToLocal(&script))
            return {};
        return script->Run(context).FromMaybe(v8::Local<v8::Value>());
    }

    v8::ScriptOrigin origin(v8::Local<v8::String> name)
    {
#if V8_MAJOR_VERSION > 12 || (V8_MAJOR_VERSION == 12 && V8_MINOR_VERSION >= 4)
        return v8::ScriptOrigin(name);
#else
        return v8::ScriptOrigin(isolate_, name);
#endif
    }

    void define(v8::Local<v8::Object> target, const char *name, v8::FunctionCallback callback)
    {
        const v8::Local<v8::Context> context = isolate_->GetCurrentContext();
        const v8::Local<v8::Function> function = v8::Function::New(context, callback).ToLocalChecked();
        target->Set(context, make_string(isolate_, name), function).Check();
    }

    v8::Platform *platform_;
    std::unique_ptr<v8::ArrayBuffer::Allocator> memory_;
    v8::Isolate *isolate_ = nullptr;
    v8::Global<v8::Context> context_;
    v8::Global<v8::Function> frame_;
    egret_ws_v8 *sockets_ = nullptr;
};

std::unique_ptr<Engine> make_engine(const EngineSetup &setup)
{
    return std::unique_ptr<Engine>(new V8Engine(setup));
}
