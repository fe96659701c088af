// lifetime EGRET_WS_JS: tests the rules of egret_ws_v8.h: scripts that are not egret_ws.js, calls inside a poll, microtasks,
// lifetimes, the hook of the shell, and the values that the glue refuses. Needs no server: a refused connection has enough
// events.
#include <egret_ws_v8.h>
#include <libplatform/libplatform.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>

#define CHECK(condition) \
    ((condition) ? (void)0 : (std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition), std::exit(1)))

namespace {

using Info = v8::FunctionCallbackInfo<v8::Value>;

egret_ws_v8 *sockets;
int32_t nested_poll, nested_free;
int exceptions;

void on_exception(void *user, v8::Local<v8::Context>, v8::Local<v8::Value> exception) {
    CHECK(!exception.IsEmpty());
    ++*static_cast<int *>(user);
}

void nested(const Info &) {
    nested_poll = egret_ws_v8_poll(sockets, 0);
    nested_free = egret_ws_v8_free(sockets);
}

void terminate(const Info &info) {
    info.GetIsolate()->TerminateExecution();
}

// An isolate and a context. Both are entered for the lifetime of this object.
class Engine {
public:
    explicit Engine(v8::MicrotasksPolicy policy = v8::MicrotasksPolicy::kAuto, bool has_own_queue = false)
        : memory_(v8::ArrayBuffer::Allocator::NewDefaultAllocator()) {
        v8::Isolate::CreateParams params;
        params.array_buffer_allocator = memory_.get();
        isolate = v8::Isolate::New(params);
        isolate->SetMicrotasksPolicy(policy);
        isolate->Enter();
        v8::HandleScope scope(isolate);
        if (has_own_queue) microtasks_ = v8::MicrotaskQueue::New(isolate, policy);
        const v8::Local<v8::Context> fresh = v8::Context::New(isolate, nullptr, {}, {}, {}, microtasks_.get());
        context.Reset(isolate, fresh);
        define("nested", nested);
        define("terminate", terminate);
    }
    ~Engine() {
        context.Reset();
        isolate->Exit();
        isolate->Dispose();
    }

    int32_t install(const char *script, const egret_ws_v8_options *options) {
        v8::HandleScope scope(isolate);
        return egret_ws_v8_new(isolate, context.Get(isolate), script, options, &sockets);
    }

    // Runs the code and returns the value of the last expression as a string.
    std::string run(const char *code) {
        v8::HandleScope scope(isolate);
        const v8::Local<v8::Context> local = context.Get(isolate);
        v8::Context::Scope entered(local);
        v8::MicrotasksScope no_microtasks(isolate, local->GetMicrotaskQueue(), v8::MicrotasksScope::kDoNotRunMicrotasks);
        v8::Local<v8::Script> script;
        v8::Local<v8::Value> value;
        CHECK(v8::Script::Compile(local, v8::String::NewFromUtf8(isolate, code).ToLocalChecked()).ToLocal(&script));
        CHECK(script->Run(local).ToLocal(&value));
        return *v8::String::Utf8Value(isolate, value);
    }

    v8::Isolate *isolate;
    v8::Global<v8::Context> context;

private:
    void define(const char *name, v8::FunctionCallback call) {
        const v8::Local<v8::Context> local = context.Get(isolate);
        const auto key = v8::String::NewFromUtf8(isolate, name).ToLocalChecked();
        local->Global()->Set(local, key, v8::Function::New(local, call).ToLocalChecked()).Check();
    }

    std::unique_ptr<v8::ArrayBuffer::Allocator> memory_;
    std::unique_ptr<v8::MicrotaskQueue> microtasks_;
};

void poll_until_none_lives() {
    for (int polls = 0; egret_ws_v8_live(sockets) > 0 && polls < 100; ++polls) CHECK(egret_ws_v8_poll(sockets, 100) >= 0);
    CHECK(egret_ws_v8_live(sockets) == 0);
}

// A script that returns the host functions, and logs each event and the microtasks after it.
const char *const logging_script =
    "(function (global, host) {"
    "    var log = global.log = [], events = {};"
    "    global.host = host;"
    "    'connected text binary retrying drained failed closed task frame asked'.split(' ').forEach(function (name) {"
    "        events[name] = function () {"
    "            log.push(name);"
    "            Promise.resolve().then(function () { return null; }).then(function () { log.push(name + ' job'); });"
    "            if (global.onEvent) global.onEvent(name);"
    "        };"
    "    });"
    "    return events;"
    "})";

void refuses_other_scripts(const egret_ws_v8_options &options) {
    Engine engine;
    sockets = nullptr;
    CHECK(engine.install(nullptr, &options) == EGRET_WS_ERR_INVALID_ARGUMENT);
    CHECK(engine.install("1", &options) == EGRET_WS_ERR_INVALID_ARGUMENT && exceptions == 0);
    CHECK(engine.install("({})", &options) == EGRET_WS_ERR_INVALID_ARGUMENT && exceptions == 0);
    CHECK(engine.install("}", &options) == EGRET_WS_ERR_INVALID_ARGUMENT && exceptions == 1);
    CHECK(engine.install("(function () { throw 1; })", &options) == EGRET_WS_ERR_INVALID_ARGUMENT && exceptions == 2);
    CHECK(engine.install("(function () { return {}; })", &options) == EGRET_WS_ERR_INVALID_ARGUMENT && exceptions == 2);
    CHECK(sockets == nullptr);
    CHECK(egret_ws_v8_poll(nullptr, 0) == EGRET_WS_ERR_INVALID_ARGUMENT && egret_ws_v8_live(nullptr) == 0);
    CHECK(egret_ws_v8_free(nullptr) == EGRET_WS_ERR_INVALID_ARGUMENT && egret_ws_v8_loop(nullptr) == nullptr);
}

// Inside a poll, calls that would free its objects are refused. After the end, calls of the game do nothing.
void lives_until_it_is_freed(const char *script, egret_ws_v8_options options) {
    Engine engine;
    CHECK(engine.install(script, &options) == EGRET_WS_OK);
    CHECK(egret_ws_v8_live(sockets) == 0 && egret_ws_v8_poll(sockets, 0) == 0);
    // The first connect fails immediately, so its events come from JavaScript. The second one fails in the network.
    engine.run("new WebSocket('ws://127.0.0.1:0/').onerror = nested");
    CHECK(egret_ws_v8_live(sockets) == 0 && egret_ws_v8_next_poll_ms(sockets) == 0 && egret_ws_v8_poll(sockets, -1) > 0);
    CHECK(nested_poll == EGRET_WS_ERR_REENTRANT && nested_free == EGRET_WS_ERR_REENTRANT);
    while (egret_ws_v8_poll(sockets, 0) > 0) continue;
    nested_poll = nested_free = 0;
    engine.run("new WebSocket('ws://127.0.0.1:1/').onclose = nested");
    CHECK(egret_ws_v8_live(sockets) == 1);
    poll_until_none_lives();
    CHECK(nested_poll == EGRET_WS_ERR_REENTRANT && nested_free == EGRET_WS_ERR_REENTRANT);

    engine.run("var old = new WebSocket('ws://127.0.0.1:1/')");
    CHECK(egret_ws_v8_live(sockets) == 1 && egret_ws_v8_free(sockets) == EGRET_WS_OK);
    engine.run("old.bufferedAmount; old.stats(); old.close(); old.close(1000, 'x'); new WebSocket('ws://127.0.0.1:1/').close();"
               "new egret_native.WebSocket('ws://127.0.0.1:1/').send(new ArrayBuffer(1))");
    engine.isolate->LowMemoryNotification();

    // A second installation in the same context. A socket is not counted after its `close` was delivered, even if the budget of the
    // poll ended there, before `release_user`.
    egret_ws_loop_options loop;
    egret_ws_loop_options_init(&loop, sizeof loop);
    loop.poll_max_callbacks = 1;
    options.host.loop = &loop;
    nested_poll = 0;
    CHECK(engine.install(script, &options) == EGRET_WS_OK);
    engine.run("new WebSocket('ws://127.0.0.1:1/').onclose = nested");
    CHECK(egret_ws_v8_live(sockets) == 1);
    for (int polls = 0; nested_poll == 0 && polls < 100; ++polls) CHECK(egret_ws_v8_poll(sockets, 100) >= 0);
    CHECK(nested_poll == EGRET_WS_ERR_REENTRANT && egret_ws_v8_live(sockets) == 0);
    engine.run("new WebSocket('ws://127.0.0.1:1/')");
    CHECK(egret_ws_v8_live(sockets) == 1);
    CHECK(egret_ws_v8_free(sockets) == EGRET_WS_OK);
}

void after_free(const v8::WeakCallbackInfo<v8::Global<v8::Context>> &info) {
    info.GetParameter()->Reset();
}

// After free nothing refers to the context, so it is collected with all objects that the glue made in it.
void leaves_no_handle(const char *script) {
    Engine engine;
    v8::Global<v8::Context> weak;
    {
        v8::HandleScope scope(engine.isolate);
        const v8::Local<v8::Context> other = v8::Context::New(engine.isolate);
        CHECK(egret_ws_v8_new(engine.isolate, other, script, nullptr, &sockets) == EGRET_WS_OK);
        weak.Reset(engine.isolate, other);
        weak.SetWeak(&weak, after_free, v8::WeakCallbackType::kParameter);
    }
    engine.isolate->LowMemoryNotification();
    CHECK(!weak.IsEmpty()); // the glue keeps the context
    CHECK(egret_ws_v8_free(sockets) == EGRET_WS_OK);
    engine.isolate->LowMemoryNotification();
    CHECK(weak.IsEmpty());
}

// With each policy, the jobs of each event run before the next event.
void performs_checkpoints(v8::MicrotasksPolicy policy, bool has_own_queue) {
    Engine engine(policy, has_own_queue);
    CHECK(engine.install(logging_script, nullptr) == EGRET_WS_OK);
    engine.run("host.wake(); host.wake()");
    CHECK(egret_ws_v8_poll(sockets, 0) == 2);
    CHECK(engine.run("log.join()") == "task,task job,task,task job");
    engine.run("log.length = 0; host.open('ws://127.0.0.1:1/', '', '')");
    poll_until_none_lives();
    CHECK(engine.run("log.join()") == "failed,failed job,closed,closed job");
    CHECK(egret_ws_v8_free(sockets) == EGRET_WS_OK);
}

// A termination ends the handling of one event, without a report; the next event is delivered.
void survives_a_termination(const egret_ws_v8_options &options) {
    Engine engine;
    const int before = exceptions;
    CHECK(engine.install(logging_script, &options) == EGRET_WS_OK);
    engine.run("onEvent = function () { if (log.length === 1) { terminate(); for (;;) {} } }; host.wake(); host.wake()");
    CHECK(egret_ws_v8_poll(sockets, 0) == 2);
    CHECK(engine.run("log.filter(function (name) { return name === 'task'; }).length") == "2");
    engine.run("onEvent = function () { throw new Error('on purpose'); }; host.wake()");
    CHECK(egret_ws_v8_poll(sockets, 0) == 1 && exceptions == before + 1);
    CHECK(egret_ws_v8_free(sockets) == EGRET_WS_OK);
}

struct Hook {
    std::string urls;
    int32_t result;
};

egret_ws_error_t configure(void *user, const char *url, egret_ws_options *options) {
    const auto hook = static_cast<Hook *>(user);
    hook->urls += std::string(url) + " ";
    CHECK(options->connect_timeout_ms == 1234); // the value of the script
    return static_cast<egret_ws_error_t>(hook->result);
}

// The shell gets each URL and can refuse it. The loop belongs to the shell.
void gives_the_shell_control() {
    Engine engine;
    Hook hook = {"", EGRET_WS_OK};
    egret_ws_v8_options options = {};
    options.host.configure = configure;
    options.host.user = &hook;
    CHECK(engine.install(logging_script, &options) == EGRET_WS_OK);
    CHECK(engine.run("var id = host.open('ws://127.0.0.1:1/a', '', 'connect_timeout_ms\\0001234\\0'); id > 0") == "true");
    CHECK(hook.urls == "ws://127.0.0.1:1/a ");
    CHECK(engine.run("/(^|\\0)connections\\0000\\0/.test(host.stats(id))") == "true" && engine.run("host.stats(id + 1)") == "");
    hook.result = EGRET_WS_ERR_UNSUPPORTED;
    CHECK(engine.run("host.open('ws://127.0.0.1:1/b', '', 'connect_timeout_ms\\0001234\\0')") ==
          std::to_string(EGRET_WS_ERR_UNSUPPORTED));
    CHECK(engine.run("/refuses ws:..127.0.0.1:1.b/.test(host.lastError())") == "true");

    egret_ws_loop *const loop = egret_ws_v8_loop(sockets);
    CHECK(egret_ws_loop_suspend(loop) == EGRET_WS_OK && egret_ws_loop_resume(loop) == EGRET_WS_OK);
    CHECK(egret_ws_loop_network_changed(loop) == EGRET_WS_OK);
    poll_until_none_lives();
    CHECK(egret_ws_v8_free(sockets) == EGRET_WS_OK);

    options = {};
    options.host.refuse_script_options = true;
    CHECK(engine.install(logging_script, &options) == EGRET_WS_OK);
    CHECK(engine.run("host.open('ws://127.0.0.1:1/', '', 'origin\\0https://a.example\\0')") ==
          std::to_string(EGRET_WS_ERR_UNSUPPORTED));
    CHECK(engine.run("host.open('ws://127.0.0.1:1/', '', '') > 0") == "true");
    CHECK(egret_ws_v8_free(sockets) == EGRET_WS_OK);
}

// egret_ws.js never passes these values. A fault in the script must not become a memory error.
void checks_values() {
    static const char *const invalid[] = {
        "host.open()", "host.open('ws://127.0.0.1:1/\\0', '', '')", "host.open('ws://h/', 'a\\0b', '')", "host.open(1, 2, 3)",
        "host.sendText(1)", "host.sendText(1, {})", "host.sendBinary(1)", "host.sendBinary(1, 'text')", "host.sendBinary(1, {})",
        "host.sendBinary(1, new SharedArrayBuffer(8))", "host.sendBinary(1, new Uint8Array(new SharedArrayBuffer(8), 1))",
        "host.sendBinary(1, new DataView(new SharedArrayBuffer(8), 1))", "host.answer(1)", "host.answer(1, {})",
        "host.answer(1, 'a\\0')",
    };
    static const char *const unknown[] = {
        "host.sendText(1, 'x')", "host.sendText(-1, 'x')", "host.sendText(1e300, 'x')", "host.sendText(NaN, 'x')",
        "host.sendText('1', 'x')", "host.sendBinary(1, new ArrayBuffer(8))", "host.sendBinary(1, new DataView(new ArrayBuffer(8), 8))",
        "host.sendBinary(1, new Float64Array(2).subarray(1))", "host.close(1, 1000, '')", "host.close(undefined, 1000, 'x')",
        "host.notifyDrain(1, 0)", "host.answer(1, null)", "host.answer(NaN, '')", "host.answer(1e300, '')",
    };
    Engine engine;
    CHECK(engine.install(logging_script, nullptr) == EGRET_WS_OK);
    for (const char *each : invalid) CHECK(engine.run(each) == std::to_string(EGRET_WS_ERR_INVALID_ARGUMENT));
    for (const char *each : unknown) CHECK(engine.run(each) == std::to_string(EGRET_WS_ERR_BAD_HANDLE));
    for (const char *each : {"host.close(1, NaN, '')", "host.close(1, 65536, '')", "host.close(1, '1000', '')"})
        CHECK(engine.run(each) == std::to_string(EGRET_WS_ERR_INVALID_CLOSE));
    CHECK(engine.run("host.bufferedAmount(1) + host.bufferedAmount()") == "0");
    CHECK(engine.run("host.text() + host.text(1, {}) + host.text(1, 'proxy')") == "");
    CHECK(engine.run("[host.bytes(), host.bytes(1, 'response_body', 0), host.bytes(1, {}, {})].join()") == ",,");
    CHECK(engine.run("host.normalizeUrl('ws://a/\\0')") == "null" && engine.run("host.normalizeUrl(1)") == "null");
    CHECK(engine.run("host.normalizeUrl('WS://A/\\u4e2d')") == "ws://a/%E4%B8%AD");
    CHECK(engine.run("try { new host.open(); } catch (error) { error.name; }") == "TypeError");
    CHECK(egret_ws_v8_free(sockets) == EGRET_WS_OK);
    for (const char *each : {"host.sendText(1, 'x')", "host.open('ws://h/', '', '')", "host.close(1, 0, '')"})
        CHECK(engine.run(each) == std::to_string(EGRET_WS_ERR_BAD_HANDLE));
    engine.run("host.wake(); host.reportError(1); host.stats(1); host.lastError(); host.text(1, 'proxy'); host.bytes(1, 'x', 0)");
    CHECK(engine.run("host.answer(1, '')") == std::to_string(EGRET_WS_ERR_BAD_HANDLE));
}

std::string last_exception;

void keep_exception(void *, v8::Local<v8::Context>, v8::Local<v8::Value> exception) {
    last_exception = *v8::String::Utf8Value(v8::Isolate::GetCurrent(), exception);
}

void shell_resolves(void *, egret_ws *, const char *, egret_ws_query *query) {
    egret_ws_resolved(query, "");
}

// The loop ends while a question is open. A hook of the shell and one of the script for the same question are refused.
void asks_hooks(const char *script) {
    Engine engine;
    egret_ws_v8_options options = {};
    options.on_exception = keep_exception;
    // Installs with the hooks that the code returns.
    const auto install = [&](const char *code) {
        v8::HandleScope scope(engine.isolate);
        const v8::Local<v8::Context> context = engine.context.Get(engine.isolate);
        v8::Context::Scope entered(context);
        const auto source = v8::String::NewFromUtf8(engine.isolate, code).ToLocalChecked();
        const auto value = v8::Script::Compile(context, source).ToLocalChecked()->Run(context).ToLocalChecked();
        options.hooks = value.As<v8::Object>();
        const int32_t result = engine.install(script, &options);
        options.hooks = {};
        return result;
    };
    CHECK(install("var answer = null; ({ resolve: function () { return new Promise(function (done) { answer = done; }); } })") == EGRET_WS_OK);
    engine.run("new WebSocket('ws://game.test/')");
    int polls = 0;
    for (; polls < 100 && engine.run("answer") == "null"; ++polls) CHECK(egret_ws_v8_poll(sockets, 100) >= 0);
    CHECK(polls < 100 && egret_ws_v8_free(sockets) == EGRET_WS_OK);
    engine.run("answer('127.0.0.1')");
    engine.isolate->PerformMicrotaskCheckpoint();

    egret_ws_loop_options loop;
    egret_ws_loop_options_init(&loop, sizeof loop);
    egret_ws_hooks hooks;
    egret_ws_hooks_init(&hooks, sizeof hooks);
    hooks.on_resolve = shell_resolves;
    loop.hooks = &hooks;
    options.host.loop = &loop;
    CHECK(install("({ resolve: function () {} })") == EGRET_WS_ERR_INVALID_ARGUMENT);
    CHECK(last_exception.find("the hook resolve is not called: the shell has a hook of its own") != std::string::npos);
    CHECK(install("({ findProxy: function () {} })") == EGRET_WS_OK);
    CHECK(egret_ws_v8_free(sockets) == EGRET_WS_OK);
    CHECK(install("({ findProxy: 'direct' })") == EGRET_WS_ERR_INVALID_ARGUMENT);
    CHECK(last_exception.find("is not a function") != std::string::npos);
}

} // namespace

int main(int argc, char **argv) {
    CHECK(argc == 2);
    std::ifstream file(argv[1], std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    const std::string script = text.str();
    egret_ws_v8_options options = {};
    options.on_exception = on_exception;
    options.user = &exceptions;

    const std::unique_ptr<v8::Platform> platform = v8::platform::NewDefaultPlatform();
    v8::V8::InitializePlatform(platform.get());
    v8::V8::Initialize();
    refuses_other_scripts(options);
    lives_until_it_is_freed(script.c_str(), options);
    leaves_no_handle(script.c_str());
    for (const auto policy : {v8::MicrotasksPolicy::kAuto, v8::MicrotasksPolicy::kScoped, v8::MicrotasksPolicy::kExplicit}) {
        performs_checkpoints(policy, false);
        performs_checkpoints(policy, true);
    }
    CHECK(exceptions == 2);
    survives_a_termination(options);
    gives_the_shell_control();
    checks_values();
    asks_hooks(script.c_str());
    return 0;
}
