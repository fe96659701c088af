/* hello [URL]: connects to an echo server, says hello, prints the answer and closes. */
#include <egret_ws.h>
#include <stdio.h>

static const char hello[] = "Hello Egret WebSocket";

static void on_connect(void *user, egret_ws *ws)
{
    (void)user;
    printf("connected\n");
    if (egret_ws_send(ws, EGRET_WS_TEXT, hello, EGRET_WS_NUL_TERMINATED) == EGRET_WS_OK)
        printf("data sent: %s\n", hello);
}

static void on_message(void *user, egret_ws *ws, int32_t kind, const uint8_t *data, size_t len)
{
    (void)user, (void)kind;
    printf("data received: %.*s\n", (int)len, (const char *)data);
    egret_ws_close(ws, 1000, NULL, 0);
}

static void on_close(void *user, egret_ws *ws, const egret_ws_close_info *info)
{
    (void)ws;
    if (info->error == EGRET_WS_OK)
        printf("closed %d\n", info->code);
    else
        fprintf(stderr, "%s (%s)\n", info->message, egret_ws_error_name(info->error));
    *(int *)user = info->error == EGRET_WS_OK;
}

int main(int argc, char **argv)
{
    const char *url = argc > 1 ? argv[1] : "ws://127.0.0.1:9000/";
    int closed_cleanly = 0;
    egret_ws_loop *loop = NULL;
    egret_ws *ws = NULL;
    egret_ws_options options;
    int32_t result;

    egret_ws_options_init(&options, sizeof options);
    options.user = &closed_cleanly;
    options.on_connect = on_connect;
    options.on_message = on_message;
    options.on_close = on_close;

    result = egret_ws_loop_new(NULL, &loop);
    if (result == EGRET_WS_OK)
        result = egret_ws_connect(loop, url, &options, &ws);
    while (result >= 0 && egret_ws_state(ws) != EGRET_WS_STATE_CLOSED)
        result = egret_ws_loop_poll(loop, -1); /* a game polls once a frame, with 0 */
    if (result < 0)
        fprintf(stderr, "%s: %s\n", url, egret_ws_error_name(result));

    egret_ws_loop_free(loop, NULL); /* and its sockets */
    return closed_cleanly ? 0 : 1;
}
