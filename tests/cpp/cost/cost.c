/* cost MESSAGES URL: sends messages of 64 bytes to an echo server and waits for each echo, with the inline driver. callgrind counts
 * the instructions. cost.cpp is an equal program that uses the binding. */
#include <egret_ws.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    long left;
    unsigned sum;
    int clean;
} game;

static char text[65] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

static void send_next(game *g, egret_ws *ws)
{
    if (g->left-- > 0)
        egret_ws_send(ws, EGRET_WS_TEXT, text, 64);
    else
        egret_ws_close(ws, 1000, NULL, 0);
}

static void on_connect(void *user, egret_ws *ws)
{
    send_next(user, ws);
}

static void on_message(void *user, egret_ws *ws, int32_t kind, const uint8_t *data, size_t len)
{
    game *g = user;
    if (kind == EGRET_WS_TEXT)
        g->sum += data[0] + (unsigned)len;
    send_next(g, ws);
}

static void on_close(void *user, egret_ws *ws, const egret_ws_close_info *info)
{
    (void)ws;
    ((game *)user)->clean = info->error == EGRET_WS_OK;
}

int main(int argc, char **argv)
{
    static game g;
    egret_ws_loop_options loop_options;
    egret_ws_options options;
    egret_ws_loop *loop = NULL;
    egret_ws *ws = NULL;

    if (argc != 3)
        return 2;
    g.left = atol(argv[1]);
    egret_ws_loop_options_init(&loop_options, sizeof loop_options);
    loop_options.flags = EGRET_WS_LOOP_INLINE;
    egret_ws_options_init(&options, sizeof options);
    options.user = &g;
    options.on_connect = on_connect;
    options.on_message = on_message;
    options.on_close = on_close;
    egret_ws_loop_new(&loop_options, &loop);
    if (egret_ws_connect(loop, argv[2], &options, &ws) != EGRET_WS_OK)
        return 1;
    while (egret_ws_state(ws) != EGRET_WS_STATE_CLOSED)
        egret_ws_loop_poll(loop, -1);
    printf("%u\n", g.sum);
    return g.clean ? 0 : 1;
}
