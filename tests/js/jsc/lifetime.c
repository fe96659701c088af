/* lifetime EGRET_WS_JS: the rules of egret_ws_jsc.h for scripts that are not egret_ws.js, for calls inside a poll, and for calls
 * of the game after the loop was freed. */
#include <egret_ws_jsc.h>

#include <stdio.h>
#include <stdlib.h>

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
    CHECK(!exception);
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
    egret_ws_jsc_options options = {{NULL, NULL, NULL, false}, on_exception, &exceptions};
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
    /* The first connect fails at once, so its events come from JavaScript. The second one fails in the network. */
    run(context, "new WebSocket('ws://127.0.0.1:0/').onerror = nested");
    CHECK(egret_ws_jsc_live(sockets) == 0 && egret_ws_jsc_poll(sockets, -1) > 0);
    CHECK(nested_poll == EGRET_WS_ERR_REENTRANT && nested_free == EGRET_WS_ERR_REENTRANT);
    nested_poll = nested_free = 0;
    run(context, "new WebSocket('ws://127.0.0.1:1/').onclose = nested");
    CHECK(egret_ws_jsc_live(sockets) == 1);
    for (polls = 0; egret_ws_jsc_live(sockets) > 0 && polls < 100; ++polls)
        CHECK(egret_ws_jsc_poll(sockets, 100) >= 0);
    CHECK(nested_poll == EGRET_WS_ERR_REENTRANT && nested_free == EGRET_WS_ERR_REENTRANT);

    run(context, "var old = new WebSocket('ws://127.0.0.1:1/')");
    CHECK(egret_ws_jsc_live(sockets) == 1 && egret_ws_jsc_free(sockets) == EGRET_WS_OK);
    run(context, "old.bufferedAmount; old.close(); old.close(1000, 'x'); new WebSocket('ws://127.0.0.1:1/').close();"
                 "new egret_native.WebSocket('ws://127.0.0.1:1/').send(new ArrayBuffer(1))");
    JSGarbageCollect(context);

    /* A second installation in the same context. A socket whose `close` was delivered does not count, also if the budget of the
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
    JSGlobalContextRelease(context);
    CHECK(exceptions == 2);
    return 0;
}
