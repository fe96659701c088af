/* lifetime EGRET_WS_JS: tests the rules of egret_ws_jsc.h for scripts that are not egret_ws.js, for calls inside a poll, for
 * calls of the game after the loop was freed, and for the hook of the shell. */
#include <egret_ws_jsc.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                                              \
    ((condition) ? (void)0 : (fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition), exit(1)))

static egret_ws_jsc *sockets;
static int32_t nested_poll, nested_free;
static int exceptions;

static void on_exception(void *user, JSContextRef context, JSValueRef exception)
{
    (void)context, (void)exception;
    ++*(int *)user;
}

static JSValueRef nested(JSContextRef context, JSObjectRef function, JSObjectRef object, size_t count,
                         const JSValueRef arguments[], JSValueRef *exception)
{
    (void)function, (void)object, (void)count, (void)arguments, (void)exception;
    nested_poll = egret_ws_jsc_poll(sockets, 0);
    nested_free = egret_ws_jsc_free(sockets);
    return JSValueMakeUndefined(context);
}

static void run(JSContextRef context, const char *code)
{
    JSStringRef script = JSStringCreateWithUTF8CString(code);
    JSValueRef exception = NULL;
    JSEvaluateScript(context, script, NULL, NULL, 1, &exception);
    JSStringRelease(script);
    if (exception) {
        char text[256] = "";
        script = JSValueToStringCopy(context, exception, NULL);
        JSStringGetUTF8CString(script, text, sizeof text);
        fprintf(stderr, "%s\n%s\n", code, text);
    }
    CHECK(!exception);
}

/* The hook of the shell. */
static int32_t hook_result;
static char hook_url[64];

static egret_ws_error_t configure(void *user, const char *url, egret_ws_options *options)
{
    CHECK(user == hook_url && options->connect_timeout_ms == 1234); /* the value of the script */
    snprintf(hook_url, sizeof hook_url, "%s", url);
    return (egret_ws_error_t)hook_result;
}

/* This script gives the host functions to the test. */
static const char open_script[] =
    "(function (global, host) {"
    "    var events = {};"
    "    global.host = host;"
    "    'connected text binary retrying drained failed closed task frame asked'.split(' ').forEach(function (name) {"
    "        events[name] = function () {};"
    "    });"
    "    return events;"
    "})";

/* The shell gets each URL and can refuse it. The loop belongs to the shell. */
static void check_the_shells_control(JSGlobalContextRef context, egret_ws_jsc_options options)
{
    const char *const expect =
        "function expect(found, expected) { if (found !== expected) throw new Error(found + ', not ' + expected); }";
    egret_ws_loop *loop;
    int polls;
    options.host.loop = NULL;
    options.host.configure = configure;
    options.host.user = hook_url;
    run(context, expect);
    CHECK(egret_ws_jsc_new(context, open_script, &options, &sockets) == EGRET_WS_OK);
    run(context, "var id = host.open('ws://127.0.0.1:1/a', '', 'connect_timeout_ms\\0001234\\0'); expect(id > 0, true);"
                 "expect(/(^|\\0)connections\\0000\\0/.test(host.stats(id)), true); expect(host.stats(id + 1), '')");
    CHECK(strcmp(hook_url, "ws://127.0.0.1:1/a") == 0);
    hook_result = EGRET_WS_ERR_UNSUPPORTED;
    run(context, "expect(host.open('ws://127.0.0.1:1/b', '', 'connect_timeout_ms\\0001234\\0'), -9);"
                 "expect(/refuses ws:..127.0.0.1:1.b/.test(host.lastError()), true)");
    CHECK(EGRET_WS_ERR_UNSUPPORTED == -9);
    loop = egret_ws_jsc_loop(sockets);
    CHECK(egret_ws_loop_suspend(loop) == EGRET_WS_OK && egret_ws_loop_resume(loop) == EGRET_WS_OK);
    CHECK(egret_ws_loop_network_changed(loop) == EGRET_WS_OK);
    for (polls = 0; egret_ws_jsc_live(sockets) > 0 && polls < 100; ++polls)
        CHECK(egret_ws_jsc_poll(sockets, 100) >= 0);

    /* egret_ws.js never passes these values. A fault in the script must not become a memory error. */
    run(context, "[{}, 'text', 1, null, undefined].forEach("
                 "    function (data) { expect(host.sendBinary(1, data), -1); });"
                 "expect(host.sendText(1, {}), -1); expect(host.open('ws://h/\\0', '', ''), -1);"
                 "[1, -1, 1e300, NaN].forEach(function (id) { expect(host.sendText(id, 'x'), -2); });"
                 "expect(host.sendBinary(1, new DataView(new ArrayBuffer(8), 8)), -2);"
                 "expect(host.notifyDrain(1, 0), -2); expect(host.normalizeUrl('ws://a/\\0'), null);"
                 "expect(host.text(1, 'proxy'), ''); expect(host.text(), ''); expect(host.text(1, {}), '');"
                 "expect(host.bytes(1, 'response_body', 0), null); expect(host.bytes(1), null);"
                 "[1, 1e300, NaN].forEach(function (ticket) { expect(host.answer(ticket, ''), -2); });"
                 "[1, {}, undefined, 'a\\0'].forEach(function (list) { expect(host.answer(1, list), -1); })");
    CHECK(egret_ws_jsc_free(sockets) == EGRET_WS_OK && egret_ws_jsc_loop(NULL) == NULL);

    options.host.configure = NULL;
    options.host.refuse_script_options = true;
    CHECK(egret_ws_jsc_new(context, open_script, &options, &sockets) == EGRET_WS_OK);
    run(context, "expect(host.open('ws://127.0.0.1:1/', '', 'origin\\0https://a.example\\0'), -9);"
                 "expect(host.open('ws://127.0.0.1:1/', '', '') > 0, true)");
    CHECK(egret_ws_jsc_free(sockets) == EGRET_WS_OK);
}

static JSObjectRef evaluate(JSContextRef context, const char *code)
{
    JSStringRef script = JSStringCreateWithUTF8CString(code);
    JSValueRef value = JSEvaluateScript(context, script, NULL, NULL, 1, NULL);
    JSStringRelease(script);
    CHECK(value && JSValueIsObject(context, value));
    return (JSObjectRef)value;
}

static void shell_resolves(void *user, egret_ws *ws, const char *host, egret_ws_query *query)
{
    (void)user, (void)ws, (void)host;
    egret_ws_resolved(query, "");
}

static char last_exception[128];

static void keep_exception(void *user, JSContextRef context, JSValueRef exception)
{
    JSStringRef text = JSValueToStringCopy(context, exception, NULL);
    (void)user;
    JSStringGetUTF8CString(text, last_exception, sizeof last_exception);
    JSStringRelease(text);
}

/* The loop ends while a question is open. A hook of the shell and one of the script for the same question are refused. */
static void check_hooks(JSGlobalContextRef context, const char *script)
{
    egret_ws_jsc_options options = {{NULL, NULL, NULL, false, 0}, keep_exception, NULL, NULL};
    egret_ws_loop_options loop;
    egret_ws_hooks hooks;
    int polls;
    run(context, "var answer = null, hooks = { resolve: function () { return new Promise(function (done) { answer = done; }); } }");
    options.hooks = evaluate(context, "hooks");
    CHECK(egret_ws_jsc_new(context, script, &options, &sockets) == EGRET_WS_OK);
    run(context, "new WebSocket('ws://game.test/')");
    run(context, "hooks = null");
    JSGarbageCollect(context);
    for (polls = 0; polls < 100 && !JSObjectIsFunction(context, evaluate(context, "answer || {}")); ++polls)
        CHECK(egret_ws_jsc_poll(sockets, 100) >= 0);
    CHECK(polls < 100 && egret_ws_jsc_free(sockets) == EGRET_WS_OK);
    run(context, "answer('127.0.0.1')");

    egret_ws_loop_options_init(&loop, sizeof loop);
    egret_ws_hooks_init(&hooks, sizeof hooks);
    hooks.on_resolve = shell_resolves;
    loop.hooks = &hooks;
    options.host.loop = &loop;
    options.hooks = evaluate(context, "({ resolve: function () {} })");
    CHECK(egret_ws_jsc_new(context, script, &options, &sockets) == EGRET_WS_ERR_INVALID_ARGUMENT);
    CHECK(strstr(last_exception, "the hook resolve is not called: the shell has a hook of its own"));
    options.hooks = evaluate(context, "({ findProxy: function () {} })");
    CHECK(egret_ws_jsc_new(context, script, &options, &sockets) == EGRET_WS_OK);
    CHECK(egret_ws_jsc_free(sockets) == EGRET_WS_OK);
    options.hooks = evaluate(context, "({ resolve: 'text', findProxy: {} })");
    last_exception[0] = '\0';
    CHECK(egret_ws_jsc_new(context, script, &options, &sockets) == EGRET_WS_ERR_INVALID_ARGUMENT);
    CHECK(strstr(last_exception, "is not a function"));
}

static char *read_file(const char *path)
{
    static char text[1 << 20];
    FILE *file = fopen(path, "rb");
    CHECK(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

int main(int argc, char **argv)
{
    JSGlobalContextRef context = JSGlobalContextCreate(NULL);
    JSStringRef name = JSStringCreateWithUTF8CString("nested");
    egret_ws_jsc_options options = {{NULL, NULL, NULL, false, 0}, on_exception, &exceptions, NULL};
    egret_ws_loop_options loop;
    const char *script;
    int polls;
    CHECK(argc == 2);
    script = read_file(argv[1]);
    JSObjectSetProperty(context, JSContextGetGlobalObject(context), name,
                        JSObjectMakeFunctionWithCallback(context, name, nested), kJSPropertyAttributeNone, NULL);
    JSStringRelease(name);

    CHECK(egret_ws_jsc_new(context, NULL, &options, &sockets) == EGRET_WS_ERR_INVALID_ARGUMENT);
    CHECK(egret_ws_jsc_new(context, "1", &options, &sockets) == EGRET_WS_ERR_INVALID_ARGUMENT && exceptions == 0);
    CHECK(egret_ws_jsc_new(context, "({})", &options, &sockets) == EGRET_WS_ERR_INVALID_ARGUMENT && exceptions == 0);
    CHECK(egret_ws_jsc_new(context, "}", &options, &sockets) == EGRET_WS_ERR_INVALID_ARGUMENT && exceptions == 1);
    CHECK(egret_ws_jsc_new(context, "(function () { throw 1; })", &options, &sockets) == EGRET_WS_ERR_INVALID_ARGUMENT);
    CHECK(egret_ws_jsc_new(context, "(function () { return {}; })", &options, &sockets) == EGRET_WS_ERR_INVALID_ARGUMENT);
    CHECK(sockets == NULL && exceptions == 2);

    CHECK(egret_ws_jsc_new(context, script, &options, &sockets) == EGRET_WS_OK);
    CHECK(egret_ws_jsc_live(sockets) == 0 && egret_ws_jsc_poll(sockets, 0) == 0);
    /* The first connect fails immediately, so its events come from JavaScript. The second one fails in the network. */
    run(context, "new WebSocket('ws://127.0.0.1:0/').onerror = nested");
    CHECK(egret_ws_jsc_live(sockets) == 0 && egret_ws_jsc_next_poll_ms(sockets) == 0 && egret_ws_jsc_poll(sockets, -1) > 0);
    CHECK(nested_poll == EGRET_WS_ERR_REENTRANT && nested_free == EGRET_WS_ERR_REENTRANT);
    while (egret_ws_jsc_poll(sockets, 0) > 0)
        continue;
    nested_poll = nested_free = 0;
    run(context, "new WebSocket('ws://127.0.0.1:1/').onclose = nested");
    CHECK(egret_ws_jsc_live(sockets) == 1);
    for (polls = 0; egret_ws_jsc_live(sockets) > 0 && polls < 100; ++polls)
        CHECK(egret_ws_jsc_poll(sockets, 100) >= 0);
    CHECK(nested_poll == EGRET_WS_ERR_REENTRANT && nested_free == EGRET_WS_ERR_REENTRANT);

    run(context, "var old = new WebSocket('ws://127.0.0.1:1/')");
    CHECK(egret_ws_jsc_live(sockets) == 1 && egret_ws_jsc_free(sockets) == EGRET_WS_OK);
    run(context, "old.bufferedAmount; old.stats(); old.close(); old.close(1000, 'x'); new WebSocket('ws://127.0.0.1:1/').close();"
                 "new egret_native.WebSocket('ws://127.0.0.1:1/').send(new ArrayBuffer(1))");
    JSGarbageCollect(context);

    /* A second installation in the same context. A socket is not counted after its `close` was delivered, even if the budget of the
     * poll ended there, before `release_user`. */
    sockets = NULL;
    nested_poll = 0;
    egret_ws_loop_options_init(&loop, sizeof loop);
    loop.poll_max_callbacks = 1;
    options.host.loop = &loop;
    CHECK(egret_ws_jsc_new(context, script, &options, &sockets) == EGRET_WS_OK);
    run(context, "new WebSocket('ws://127.0.0.1:1/').onclose = nested");
    CHECK(egret_ws_jsc_live(sockets) == 1);
    for (polls = 0; nested_poll == 0 && polls < 100; ++polls)
        CHECK(egret_ws_jsc_poll(sockets, 100) >= 0);
    CHECK(nested_poll == EGRET_WS_ERR_REENTRANT && egret_ws_jsc_live(sockets) == 0);
    run(context, "new WebSocket('ws://127.0.0.1:1/')");
    CHECK(egret_ws_jsc_live(sockets) == 1);
    CHECK(egret_ws_jsc_free(sockets) == EGRET_WS_OK);
    check_the_shells_control(context, options);
    check_hooks(context, script);
    JSGlobalContextRelease(context);
    CHECK(exceptions == 2);
    return 0;
}
