// JavaScriptCore, through its C API.
#include "engine.h"

#include <egret_ws_jsc.h>

// From JSContextRefPrivate.h, which is not installed. JSGarbageCollect only requests a collection at some later time.
extern "C" void JSSynchronousGarbageCollectForDebugging(JSContextRef);

// An owned JSStringRef.
class String {
public:
    explicit String(const char *text) : ref_(JSStringCreateWithUTF8CString(text)) {}
    explicit String(JSStringRef ref) : ref_(ref) {}
    ~String() { if (ref_) JSStringRelease(ref_); }
    String(const String &) = delete;
    String &operator=(const String &) = delete;
    operator JSStringRef() const { return ref_; }

    std::string utf8() const
    {
        if (!ref_)
            return "(not a string)";
        std::string text(JSStringGetMaximumUTF8CStringSize(ref_), '\0');
        const std::size_t size = JSStringGetUTF8CString(ref_, &text[0], text.size());
        text.resize(size > 0 ? size - 1 : 0); // without the NUL
        return text;
    }

private:
    JSStringRef ref_;
};

static std::string to_string(JSContextRef context, JSValueRef value)
{
    return String(JSValueToStringCopy(context, value, nullptr)).utf8();
}

static void print_exception(void *, JSContextRef context, JSValueRef exception)
{
    std::string text = to_string(context, exception);
    if (JSValueIsObject(context, exception)) {
        const JSObjectRef error = JSValueToObject(context, exception, nullptr);
        for (const char *name : {"sourceURL", "line", "stack"}) {
            JSValueRef value = JSObjectGetProperty(context, error, String(name), nullptr);
            if (value && !JSValueIsUndefined(context, value))
                text += std::string("\n    ") + name + ": " + to_string(context, value);
        }
    }
    print_uncaught(text);
}

// The functions that page.js and the tools get.

#define HOST_FUNCTION(name)                                                                                          \
    static JSValueRef name(JSContextRef context, JSObjectRef, JSObjectRef, std::size_t count,                        \
                           const JSValueRef arguments[], JSValueRef *)

HOST_FUNCTION(host_print)
{
    if (count == 2)
        print_line(JSValueToBoolean(context, arguments[0]), to_string(context, arguments[1]));
    return JSValueMakeUndefined(context);
}

HOST_FUNCTION(host_now)
{
    (void)count, (void)arguments;
    return JSValueMakeNumber(context, now_ms());
}

HOST_FUNCTION(host_report_error)
{
    if (count == 1)
        print_exception(nullptr, context, arguments[0]);
    return JSValueMakeUndefined(context);
}

HOST_FUNCTION(global_gc)
{
    (void)count, (void)arguments;
    JSSynchronousGarbageCollectForDebugging(context);
    return JSValueMakeUndefined(context);
}

HOST_FUNCTION(global_cpu_time)
{
    (void)count, (void)arguments;
    return JSValueMakeNumber(context, cpu_ms());
}

class JscEngine : public Engine {
public:
    explicit JscEngine(const EngineSetup &setup) : context_(JSGlobalContextCreate(nullptr))
    {
        JSObjectRef host = JSObjectMake(context_, nullptr, nullptr);
        define(host, "print", host_print);
        define(host, "now", host_now);
        define(host, "reportError", host_report_error);
        const JSValueRef install = run(setup.page_js, "page.js");
        const JSValueRef arguments[] = {JSContextGetGlobalObject(context_), host};
        frame_ = object(call(object(install), 2, arguments));
        JSValueProtect(context_, frame_);

        egret_ws_loop_options loop;
        egret_ws_loop_options_init(&loop, sizeof loop);
        loop.flags = setup.loop_flags;
        loop.on_log = log_line;
        egret_ws_jsc_options options = {};
        options.host.loop = &loop;
        options.on_exception = print_exception;
        if (!setup.hooks_js.empty())
            options.hooks = object(run(setup.hooks_js.c_str(), "hooks"));
        check(egret_ws_jsc_new(context_, setup.egret_ws_js, &options, &sockets_), "egret_ws.js");
    }

    ~JscEngine()
    {
        egret_ws_jsc_free(sockets_);
        JSValueUnprotect(context_, frame_);
        JSGlobalContextRelease(context_);
    }

    void evaluate(const std::string &code, const std::string &name) override { run(code.c_str(), name.c_str()); }

    void define_tools() override
    {
        define(JSContextGetGlobalObject(context_), "gc", global_gc);
        define(JSContextGetGlobalObject(context_), "cpuTime", global_cpu_time);
    }

    double frame(double now) override
    {
        const JSValueRef argument = JSValueMakeNumber(context_, now);
        return JSValueToNumber(context_, call(frame_, 1, &argument), nullptr);
    }

    std::int32_t poll(std::int32_t timeout_ms) override { return egret_ws_jsc_poll(sockets_, timeout_ms); }
    std::size_t live() const override { return egret_ws_jsc_live(sockets_); }

private:
    JSValueRef run(const char *code, const char *name)
    {
        JSValueRef exception = nullptr;
        JSValueRef value = JSEvaluateScript(context_, String(code), nullptr, String(name), 1, &exception);
        if (exception)
            print_exception(nullptr, context_, exception);
        return value;
    }

    JSObjectRef object(JSValueRef value)
    {
        JSObjectRef result = value ? JSValueToObject(context_, value, nullptr) : nullptr;
        if (!result)
            throw std::runtime_error("page.js, or the script of hooks, cannot be used");
        return result;
    }

    void define(JSObjectRef target, const char *name, JSObjectCallAsFunctionCallback callback)
    {
        const String string(name);
        JSObjectSetProperty(context_, target, string, JSObjectMakeFunctionWithCallback(context_, string, callback),
                            kJSPropertyAttributeNone, nullptr);
    }

    JSValueRef call(JSObjectRef function, std::size_t count, const JSValueRef arguments[])
    {
        return JSObjectCallAsFunction(context_, function, nullptr, count, arguments, nullptr);
    }

    JSGlobalContextRef context_;
    JSObjectRef frame_ = nullptr;
    egret_ws_jsc *sockets_ = nullptr;
};

std::unique_ptr<Engine> make_engine(const EngineSetup &setup)
{
    return std::unique_ptr<Engine>(new JscEngine(setup));
}
