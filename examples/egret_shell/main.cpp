// egret_shell [--inline] [--seconds N] [--expose-gc] {--eval CODE | SCRIPT}...: the smallest native shell for Egret games.
//
// Runs classic scripts in JavaScriptCore, in the order given, in one global object that has WebSocket and
// egret_native.WebSocket; then frames, each of which runs timers and polls the sockets, until no socket and no timer is
// left. --inline: without an I/O thread. --seconds: fail if something is left after N seconds. --expose-gc: gc() collects.
//
// Exit status: 0, or 1 if an exception was not caught or time ran out, or 2 if a script or an option cannot be used.

#include <egret_ws_jsc.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <string>

// The scripts, compiled in: build.sh makes these files.
static const char egret_ws_js[] =
#include "egret_ws.js.inc"
    ;
static const char page_js[] =
#include "page.js.inc"
    ;

// From JSContextRefPrivate.h, which is not installed. JSGarbageCollect only requests a collection at some later time.
extern "C" void JSSynchronousGarbageCollectForDebugging(JSContextRef);

static const int frame_ms = 16;

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

static bool uncaught = false;

static void print_exception(void *, JSContextRef context, JSValueRef exception)
{
    uncaught = true;
    std::string text = "Uncaught " + to_string(context, exception);
    if (JSValueIsObject(context, exception)) {
        for (const char *name : {"sourceURL", "line", "stack"}) {
            JSValueRef value =
                JSObjectGetProperty(context, reinterpret_cast<JSObjectRef>(const_cast<OpaqueJSValue *>(exception)),
                                    String(name), nullptr);
            if (value && !JSValueIsUndefined(context, value))
                text += std::string("\n    ") + name + ": " + to_string(context, value);
        }
    }
    std::fprintf(stderr, "%s\n", text.c_str());
}

static double now_ms()
{
    using Milliseconds = std::chrono::duration<double, std::milli>;
    return Milliseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// The functions that page.js gets.

static JSValueRef host_print(JSContextRef context, JSObjectRef, JSObjectRef, std::size_t count, const JSValueRef arguments[],
                             JSValueRef *)
{
    if (count == 2) {
        std::FILE *stream = JSValueToBoolean(context, arguments[0]) ? stderr : stdout;
        std::fprintf(stream, "%s\n", to_string(context, arguments[1]).c_str());
        std::fflush(stream);
    }
    return JSValueMakeUndefined(context);
}

static JSValueRef host_now(JSContextRef context, JSObjectRef, JSObjectRef, std::size_t, const JSValueRef[], JSValueRef *)
{
    return JSValueMakeNumber(context, now_ms());
}

static JSValueRef host_report_error(JSContextRef context, JSObjectRef, JSObjectRef, std::size_t count,
                                    const JSValueRef arguments[], JSValueRef *)
{
    if (count == 1)
        print_exception(nullptr, context, arguments[0]);
    return JSValueMakeUndefined(context);
}

static JSValueRef global_gc(JSContextRef context, JSObjectRef, JSObjectRef, std::size_t, const JSValueRef[], JSValueRef *)
{
    JSSynchronousGarbageCollectForDebugging(context);
    return JSValueMakeUndefined(context);
}

static void log_line(void *, int32_t, const char *text, egret_ws *)
{
    std::fprintf(stderr, "%s\n", text);
}

static void check(int32_t result, const char *what)
{
    if (result < 0)
        throw std::runtime_error(std::string(what) + ": " + egret_ws_error_name(result));
}

class Shell {
public:
    explicit Shell(std::uint32_t loop_flags) : context_(JSGlobalContextCreate(nullptr))
    {
        JSObjectRef host = JSObjectMake(context_, nullptr, nullptr);
        define(host, "print", host_print);
        define(host, "now", host_now);
        define(host, "reportError", host_report_error);
        const JSValueRef install = evaluate(page_js, "page.js");
        const JSValueRef arguments[] = {JSContextGetGlobalObject(context_), host};
        frame_ = object(call(object(install), 2, arguments));
        JSValueProtect(context_, frame_);

        egret_ws_loop_options loop;
        egret_ws_loop_options_init(&loop, sizeof loop);
        loop.flags = loop_flags;
        loop.on_log = log_line;
        egret_ws_jsc_options options = {};
        options.host.loop = &loop;
        options.on_exception = print_exception;
        check(egret_ws_jsc_new(context_, egret_ws_js, &options, &sockets_), "egret_ws.js");
    }

    ~Shell()
    {
        egret_ws_jsc_free(sockets_);
        JSValueUnprotect(context_, frame_);
        JSGlobalContextRelease(context_);
    }

    Shell(const Shell &) = delete;
    Shell &operator=(const Shell &) = delete;

    void expose_gc() { define(JSContextGetGlobalObject(context_), "gc", global_gc); }

    // An exception is reported, and the next script still runs, as in a page.
    JSValueRef evaluate(const std::string &code, const char *name)
    {
        JSValueRef exception = nullptr;
        JSValueRef value = JSEvaluateScript(context_, String(code.c_str()), nullptr, String(name), 1, &exception);
        if (exception)
            print_exception(nullptr, context_, exception);
        return value;
    }

    // False if something is left after `seconds`.
    bool run(double seconds)
    {
        const double end = now_ms() + seconds * 1000;
        for (double now = now_ms(); now < end; now = now_ms()) {
            const JSValueRef argument = JSValueMakeNumber(context_, now);
            const double wait = JSValueToNumber(context_, call(frame_, 1, &argument), nullptr);
            const bool idle = wait < 0 && egret_ws_jsc_live(sockets_) == 0;
            // A real shell draws, waits for the screen, and polls with 0.
            const double timeout = idle ? 0 : wait < 0 ? frame_ms : std::min<double>(wait, frame_ms);
            const int32_t ran = egret_ws_jsc_poll(sockets_, static_cast<int32_t>(timeout));
            check(ran, "egret_ws_jsc_poll");
            if (idle && ran == 0)
                return true;
        }
        return false;
    }

private:
    JSObjectRef object(JSValueRef value)
    {
        JSObjectRef result = value ? JSValueToObject(context_, value, nullptr) : nullptr;
        if (!result)
            throw std::runtime_error("page.js cannot be used");
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

static std::string read_file(const char *path)
{
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    if (!file || text.str().empty())
        throw std::runtime_error(std::string("cannot read ") + path);
    return text.str();
}

int main(int argc, char **argv)
{
    std::uint32_t loop_flags = 0;
    double seconds = std::numeric_limits<double>::infinity();
    bool expose_gc = false;
    int i = 1;
    try {
        for (; i < argc; ++i) {
            const std::string option = argv[i];
            if (option == "--inline")
                loop_flags = EGRET_WS_LOOP_INLINE;
            else if (option == "--seconds" && i + 1 < argc)
                seconds = std::atof(argv[++i]);
            else if (option == "--expose-gc")
                expose_gc = true;
            else
                break;
        }
        if (i == argc)
            throw std::runtime_error("usage: egret_shell [--inline] [--seconds N] [--expose-gc] {--eval CODE | SCRIPT}...");
        Shell shell(loop_flags);
        if (expose_gc)
            shell.expose_gc();
        for (; i < argc; ++i) {
            if (std::string(argv[i]) == "--eval" && i + 1 < argc)
                shell.evaluate(argv[++i], "--eval");
            else
                shell.evaluate(read_file(argv[i]), argv[i]);
        }
        if (!shell.run(seconds)) {
            std::fprintf(stderr, "egret_shell: sockets or timers are left after %g seconds\n", seconds);
            return 1;
        }
        return uncaught ? 1 : 0;
    } catch (const std::exception &error) {
        std::fprintf(stderr, "egret_shell: %s\n", error.what());
        return 2;
    }
}
