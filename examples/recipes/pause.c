/* pause URL: receives no messages while a level is loading, without closing the connection.
 *
 * When the receive queue is full, the socket stops reading, and TCP slows the server down. Sending continues. */
#include <egret_ws.h>
#include <stdio.h>

struct game {
    int messages, is_loading;
};

static void on_connect(void *user, egret_ws *ws)
{
    int i;
    (void)user;
    for (i = 0; i < 10; i++)
        egret_ws_send(ws, EGRET_WS_TEXT, "move", EGRET_WS_NUL_TERMINATED);
}

static void on_message(void *user, egret_ws *ws, egret_ws_kind_t kind, const uint8_t *data, size_t len)
{
    struct game *game = user;
    (void)kind, (void)data, (void)len;
    if (game->is_loading)
        fprintf(stderr, "a message during the pause\n");
    if (++game->messages == 3) {
        egret_ws_pause_receive(ws); /* on_message is not called until egret_ws_resume_receive */
        game->is_loading = 1;
    }
    if (game->messages == 10)
        egret_ws_close(ws, 1000, NULL, 0);
}

static void on_close(void *user, egret_ws *ws, const egret_ws_close_info *info)
{
    (void)user, (void)ws;
    printf("%s\n", info->message);
}

int main(int argc, char **argv)
{
    struct game game = {0, 0};
    int part = 0;
    egret_ws_loop *loop = NULL;
    egret_ws *ws = NULL;
    egret_ws_options options;
    int32_t result;

    if (argc != 2)
        return fprintf(stderr, "usage: pause URL\n"), 2;
    egret_ws_options_init(&options, sizeof options);
    options.user = &game;
    options.on_connect = on_connect;
    options.on_message = on_message;
    options.on_close = on_close;
    options.max_receive_queue_bytes = 256 * 1024; /* the limit for queued data before a poll and during a pause */

    result = egret_ws_loop_new(NULL, &loop);
    if (result == EGRET_WS_OK)
        result = egret_ws_connect(loop, argv[1], &options, &ws);
    while (result >= 0 && egret_ws_state(ws) != EGRET_WS_STATE_CLOSED) {
        result = egret_ws_loop_poll(loop, 16); /* keep polling: other callbacks are still called */
        if (game.is_loading && ++part == 5) { /* the level is complete */
            printf("%d messages before the pause\n", game.messages);
            game.is_loading = 0;
            result = egret_ws_resume_receive(ws);
        }
    }
    if (result < 0)
        fprintf(stderr, "%s: %s\n", egret_ws_error_name(result), egret_ws_last_error_message());
    printf("%d messages\n", game.messages);
    egret_ws_loop_free(loop, NULL);
    return game.messages != 10;
}
