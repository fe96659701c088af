/* glib URL: a chat in the main loop of GLib or GTK. It sends the lines of its standard input and prints the answers.
 *
 *     export PKG_CONFIG_PATH=$HOME/egret/lib/pkgconfig
 *     cc glib.c $(pkg-config --cflags --libs egret_ws glib-2.0) -Wl,-rpath,$HOME/egret/lib -o glib
 *     ./glib ws://127.0.0.1:9000/
 *
 * The loop of egret-ws has no thread here (EGRET_WS_LOOP_INLINE). A GSource waits for its descriptor and its next time-out,
 * together with all other sources of the program. The loop is polled only when there is work. */
#include <egret_ws.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>

typedef struct {
    GMainLoop *main;
    GSource *source;   /* polls `loop` */
    GIOChannel *input; /* the standard input */
    guint input_watch; /* the watch; 0: not watched */
    egret_ws_loop *loop;
    egret_ws *ws;
    gchar *unsent; /* the line that did not fit into the send queue, or NULL */
    gsize unsent_len;
    gboolean is_closed_cleanly;
} Chat;

/* A source of GLib that polls a loop of egret-ws. */
typedef struct {
    GSource base;
    egret_ws_loop *loop;
    gpointer tag; /* the tag of the descriptor */
} LoopSource;

/* Returns how long GLib may wait. The time-outs of the library change, so GLib asks before each wait. */
static gboolean loop_prepare(GSource *source, gint *timeout_ms)
{
    const int32_t next = egret_ws_loop_next_poll_ms(((LoopSource *)source)->loop);
    *timeout_ms = next;
    return next <= 0; /* there is work now, or the poll will report an error */
}

static gboolean loop_check(GSource *source)
{
    LoopSource *const self = (LoopSource *)source;
    return g_source_query_unix_fd(source, self->tag) != 0 || egret_ws_loop_next_poll_ms(self->loop) <= 0;
}

static gboolean loop_dispatch(GSource *source, GSourceFunc callback, gpointer user)
{
    /* The callbacks of the sockets run inside this function. */
    return egret_ws_loop_poll(((LoopSource *)source)->loop, 0) >= 0 ? G_SOURCE_CONTINUE : callback(user);
}

/* `on_error` is called if a poll fails. The source returns its result. */
static GSource *loop_source_new(egret_ws_loop *loop, GSourceFunc on_error, gpointer user)
{
    static GSourceFuncs functions = {loop_prepare, loop_check, loop_dispatch, NULL, NULL, NULL};
    GSource *const source = g_source_new(&functions, sizeof(LoopSource));
    LoopSource *const self = (LoopSource *)source;
    self->loop = loop;
    self->tag = g_source_add_unix_fd(source, egret_ws_loop_descriptor(loop), G_IO_IN); /* the library closes it */
    g_source_set_callback(source, on_error, user, NULL);
    return source;
}

static gboolean on_poll_error(gpointer user)
{
    fprintf(stderr, "%s\n", egret_ws_last_error_message());
    g_main_loop_quit(((Chat *)user)->main);
    return G_SOURCE_REMOVE;
}

/* Returns FALSE if the send queue is full. Then on_drain sends the line and continues to read. */
static gboolean send_line(Chat *chat, const gchar *line, gsize len)
{
    const int32_t result = egret_ws_send(chat->ws, EGRET_WS_TEXT, line, len);
    if (result == EGRET_WS_ERR_BACKPRESSURE)
        return FALSE;
    if (result < 0) /* too long, or not UTF-8 */
        fprintf(stderr, "not sent: %s\n", egret_ws_last_error_message());
    return TRUE;
}

static gboolean on_input(GIOChannel *input, GIOCondition condition, gpointer user)
{
    Chat *const chat = user;
    gchar *line = NULL;
    gsize end = 0;
    const GIOStatus status = g_io_channel_read_line(input, &line, NULL, &end, NULL);
    (void)condition;
    if (status == G_IO_STATUS_NORMAL && !send_line(chat, line, end)) {
        chat->unsent = line, chat->unsent_len = end;
        chat->input_watch = 0;
        return G_SOURCE_REMOVE;
    }
    g_free(line);
    if (status == G_IO_STATUS_NORMAL || status == G_IO_STATUS_AGAIN)
        return G_SOURCE_CONTINUE;
    chat->input_watch = 0;
    egret_ws_close(chat->ws, 1000, NULL, 0); /* the end of the input: all lines are sent first */
    return G_SOURCE_REMOVE;
}

static void watch_input(Chat *chat)
{
    chat->input_watch = g_io_add_watch(chat->input, G_IO_IN | G_IO_HUP, on_input, chat);
}

static void on_connect(void *user, egret_ws *ws)
{
    (void)ws;
    watch_input(user);
}

static void on_drain(void *user, egret_ws *ws)
{
    Chat *const chat = user;
    (void)ws;
    if (chat->unsent != NULL && send_line(chat, chat->unsent, chat->unsent_len)) {
        g_free(chat->unsent);
        chat->unsent = NULL;
        watch_input(chat);
    }
}

static void on_message(void *user, egret_ws *ws, egret_ws_kind_t kind, const uint8_t *data, size_t len)
{
    (void)user, (void)ws;
    if (kind == EGRET_WS_TEXT)
        printf("%.*s\n", (int)len, (const char *)data), fflush(stdout);
}

static void on_close(void *user, egret_ws *ws, const egret_ws_close_info *info)
{
    Chat *const chat = user;
    (void)ws;
    fprintf(stderr, "%s\n", info->message);
    chat->is_closed_cleanly = info->error == EGRET_WS_OK;
    if (chat->input_watch != 0)
        g_source_remove(chat->input_watch);
    g_main_loop_quit(chat->main);
}

int main(int argc, char **argv)
{
    Chat chat;
    egret_ws_loop_options loop_options;
    egret_ws_options options;
    GIOFlags input_flags;
    int32_t result;

    if (argc != 2)
        return fprintf(stderr, "usage: glib URL\n"), 2;
    memset(&chat, 0, sizeof chat);
    egret_ws_loop_options_init(&loop_options, sizeof loop_options);
    loop_options.flags = EGRET_WS_LOOP_INLINE;
    egret_ws_options_init(&options, sizeof options);
    options.user = &chat;
    options.on_connect = on_connect;
    options.on_message = on_message;
    options.on_drain = on_drain;
    options.on_close = on_close;

    result = egret_ws_loop_new(&loop_options, &chat.loop);
    if (result == EGRET_WS_OK)
        result = egret_ws_connect(chat.loop, argv[1], &options, &chat.ws);
    if (result == EGRET_WS_OK) {
        chat.main = g_main_loop_new(NULL, FALSE);
        chat.input = g_io_channel_unix_new(0);
        input_flags = g_io_channel_get_flags(chat.input);
        g_io_channel_set_encoding(chat.input, NULL, NULL); /* a line that is not UTF-8 is refused by egret_ws_send */
        g_io_channel_set_flags(chat.input, G_IO_FLAG_NONBLOCK, NULL); /* an incomplete line must not block the sockets */
        chat.source = loop_source_new(chat.loop, on_poll_error, &chat);
        g_source_attach(chat.source, NULL);
        g_main_loop_run(chat.main);
        g_source_destroy(chat.source); /* before the loop is freed, which owns the descriptor */
        g_source_unref(chat.source);
        g_io_channel_set_flags(chat.input, input_flags & G_IO_FLAG_NONBLOCK, NULL);
        g_io_channel_unref(chat.input);
        g_main_loop_unref(chat.main);
    } else {
        fprintf(stderr, "%s: %s\n", egret_ws_error_name(result), egret_ws_last_error_message());
    }
    egret_ws_loop_free(chat.loop, NULL);
    g_free(chat.unsent);
    return !chat.is_closed_cleanly;
}
