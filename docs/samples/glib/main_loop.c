/* main_loop URL: polls a loop of this library from GLib's main loop, without another thread.
 *
 * A GSource waits for the descriptor of the loop and for its next deadline. */
#include <egret_ws.h>
#include <glib-unix.h>
#include <stdio.h>

struct source {
    GSource base;
    egret_ws_loop *loop;
    gpointer descriptor;
};

static gboolean prepare(GSource *base, gint *timeout_ms)
{
    const int32_t ms = egret_ws_loop_next_poll_ms(((struct source *)base)->loop);
    *timeout_ms = ms == INT32_MAX ? -1 : ms;
    return ms <= 0; /* 0: now; negative: an error, which the poll reports */
}

static gboolean check(GSource *base)
{
    struct source *source = (struct source *)base;
    return g_source_query_unix_fd(base, source->descriptor) != 0 || egret_ws_loop_next_poll_ms(source->loop) <= 0;
}

static gboolean dispatch(GSource *base, GSourceFunc callback, gpointer user)
{
    (void)callback, (void)user;
    if (egret_ws_loop_poll(((struct source *)base)->loop, 0) >= 0)
        return G_SOURCE_CONTINUE;
    fprintf(stderr, "%s\n", egret_ws_last_error_message());
    return G_SOURCE_REMOVE;
}

static GSourceFuncs functions = {prepare, check, dispatch, NULL, NULL, NULL};

static void on_connect(void *user, egret_ws *ws)
{
    (void)user;
    egret_ws_send(ws, EGRET_WS_TEXT, "Hello GLib", EGRET_WS_NUL_TERMINATED);
}

static void on_message(void *user, egret_ws *ws, egret_ws_kind_t kind, const uint8_t *data, size_t len)
{
    (void)user, (void)kind;
    printf("received: %.*s\n", (int)len, (const char *)data);
    egret_ws_close(ws, 1000, NULL, 0);
}

static void on_close(void *user, egret_ws *ws, const egret_ws_close_info *info)
{
    (void)ws;
    printf("%s\n", info->message);
    g_main_loop_quit(user);
}

int main(int argc, char **argv)
{
    GMainLoop *main_loop = g_main_loop_new(NULL, FALSE);
    GSource *base = g_source_new(&functions, sizeof(struct source));
    struct source *source = (struct source *)base;
    egret_ws *ws = NULL;
    egret_ws_loop_options loop_options;
    egret_ws_options options;
    egret_ws_close_info info = {0};
    int32_t result;

    if (argc != 2)
        return fprintf(stderr, "usage: main_loop URL\n"), 2;
    egret_ws_loop_options_init(&loop_options, sizeof loop_options);
    loop_options.flags = EGRET_WS_LOOP_INLINE;
    egret_ws_options_init(&options, sizeof options);
    options.user = main_loop;
    options.on_connect = on_connect;
    options.on_message = on_message;
    options.on_close = on_close;

    result = egret_ws_loop_new(&loop_options, &source->loop);
    if (result == EGRET_WS_OK)
        result = egret_ws_connect(source->loop, argv[1], &options, &ws);
    if (result == EGRET_WS_OK)
        result = egret_ws_loop_descriptor(source->loop);
    if (result >= 0) {
        source->descriptor = g_source_add_unix_fd(base, result, G_IO_IN);
        g_source_attach(base, NULL);
        g_main_loop_run(main_loop);
    } else {
        fprintf(stderr, "%s: %s\n", egret_ws_error_name(result), egret_ws_last_error_message());
    }
    g_source_destroy(base); /* before the loop, which closes the descriptor */
    info.struct_size = sizeof info;
    result = result >= 0 ? egret_ws_close_report(ws, &info) : result;
    egret_ws_loop_free(source->loop, NULL);
    g_source_unref(base);
    g_main_loop_unref(main_loop);
    return result < 0 || info.error != EGRET_WS_OK;
}
