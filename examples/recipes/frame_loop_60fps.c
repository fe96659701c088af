/* frame_loop_60fps HOST PORT: a game loop of 60 frames a second, with low latency.
 *
 * It does not sleep until the next frame, but polls with a time-out: a message that arrives meanwhile is handled immediately. */
#define _POSIX_C_SOURCE 200809L
#include <egret_ws.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct game {
    int frames, answers;
};

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

static void on_message(void *user, egret_ws *ws, egret_ws_kind_t kind, const uint8_t *data, size_t len)
{
    struct game *game = user;
    (void)ws, (void)kind, (void)data, (void)len;
    game->answers++;
}

static void on_close(void *user, egret_ws *ws, const egret_ws_close_info *info)
{
    (void)user, (void)ws;
    printf("%s\n", info->message);
}

int main(int argc, char **argv)
{
    struct game game = {0, 0};
    egret_ws_loop *loop = NULL;
    egret_ws *ws = NULL;
    egret_ws_loop_options loop_options;
    egret_ws_options options;
    int64_t next_us, left_us;
    int32_t result;

    if (argc != 3)
        return fprintf(stderr, "usage: frame_loop_60fps HOST PORT\n"), 2;
    egret_ws_loop_options_init(&loop_options, sizeof loop_options);
    loop_options.poll_max_callbacks = 1000; /* the most work of one poll; the rest is left for the next one, */
    loop_options.poll_max_us = 2000;        /* so that a burst of messages does not delay a frame */
    egret_ws_options_init(&options, sizeof options);
    options.user = &game;
    options.on_message = on_message;
    options.on_close = on_close;

    result = egret_ws_loop_new(&loop_options, &loop);
    if (result == EGRET_WS_OK)
        result = egret_ws_connect_host(loop, argv[1], (uint16_t)atoi(argv[2]), &options, &ws);
    next_us = now_us();
    while (result >= 0 && egret_ws_state(ws) != EGRET_WS_STATE_CLOSED) {
        /* Update and draw the scene here, then send the actions of the player. */
        if (egret_ws_state(ws) == EGRET_WS_STATE_OPEN) {
            if (++game.frames <= 30)
                egret_ws_send(ws, EGRET_WS_BINARY, &game.frames, sizeof game.frames);
            else if (game.answers == 30)
                egret_ws_close(ws, 1000, NULL, 0);
        }
        next_us += 1000000 / 60;
        do {
            left_us = next_us - now_us();
            /* Polls at least once per frame, and without a wait if the frame took too long. */
            result = egret_ws_loop_poll(loop, left_us > 0 ? (int32_t)(left_us + 999) / 1000 : 0);
        } while (result >= 0 && now_us() < next_us);
    }
    if (result < 0)
        fprintf(stderr, "%s: %s\n", egret_ws_error_name(result), egret_ws_last_error_message());
    printf("%d answers\n", game.answers);
    egret_ws_loop_free(loop, NULL);
    return game.answers != 30;
}
