/* log URL: writes the log lines of the library to stderr, with the name of the socket. */
#include <egret_ws.h>
#include <stdio.h>

/* May run on any thread. Write or queue the line, and return soon. After egret_ws_loop_free there are no more lines. */
static void on_log(void *user, egret_ws_log_level_t level, const char *text, egret_ws *ws)
{
    static const char *const names[] = {"?", "error", "warn", "info", "debug"};
    const int known = level >= EGRET_WS_LOG_ERROR && level <= EGRET_WS_LOG_DEBUG;
    /* `ws` may already be freed: only print or compare it. It is NULL if the line is not about a socket. */
    fprintf(user, "[%s] %p %s\n", names[known ? level : 0], (void *)ws, text);
}

static void on_connect(void *user, egret_ws *ws)
{
    (void)user;
    egret_ws_send(ws, EGRET_WS_TEXT, "\xff", 1); /* not UTF-8: refused, with a log line */
    egret_ws_close(ws, 1000, NULL, 0);
}

int main(int argc, char **argv)
{
    egret_ws_loop *loop = NULL;
    egret_ws *ws = NULL;
    egret_ws_loop_options loop_options;
    egret_ws_options options;
    int32_t result;

    if (argc != 2)
        return fprintf(stderr, "usage: log URL\n"), 2;
    egret_ws_loop_options_init(&loop_options, sizeof loop_options);
    loop_options.on_log = on_log;
    loop_options.user = stderr;
    loop_options.log_level = EGRET_WS_LOG_DEBUG; /* in a shipped game: the default, EGRET_WS_LOG_WARN */
    egret_ws_options_init(&options, sizeof options);
    options.on_connect = on_connect;

    result = egret_ws_loop_new(&loop_options, &loop);
    if (result == EGRET_WS_OK)
        result = egret_ws_connect(loop, argv[1], &options, &ws);
    while (result >= 0 && egret_ws_state(ws) != EGRET_WS_STATE_CLOSED)
        result = egret_ws_loop_poll(loop, -1);
    egret_ws_loop_free(loop, NULL);
    return result < 0;
}
