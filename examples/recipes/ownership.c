/* ownership URL: three sockets, each with its own object, which is freed at the right time.
 *
 * release_user is always the last callback of a socket, for every kind of end. Free its `user` only there. */
#include <egret_ws.h>
#include <stdio.h>
#include <stdlib.h>

static int players; /* the number of allocated players */

struct player {
    int number, answers;
};

static struct player *new_player(int number)
{
    struct player *player = calloc(1, sizeof *player);
    if (player) {
        player->number = number;
        players++;
    }
    return player;
}

static void free_player(void *user)
{
    free(user);
    players--;
}

static void on_connect(void *user, egret_ws *ws)
{
    (void)user;
    egret_ws_send(ws, EGRET_WS_TEXT, "hello", EGRET_WS_NUL_TERMINATED);
}

static void on_message(void *user, egret_ws *ws, egret_ws_kind_t kind, const uint8_t *data, size_t len)
{
    struct player *player = user;
    (void)kind, (void)data, (void)len;
    player->answers++;
    if (player->number == 0)
        egret_ws_free(ws); /* allowed in any callback; `player` is valid until the callback has returned */
    else
        egret_ws_close(ws, 1000, NULL, 0);
}

int main(int argc, char **argv)
{
    egret_ws_loop *loop = NULL;
    egret_ws *sockets[3] = {NULL, NULL, NULL};
    egret_ws_options options;
    int32_t result;
    int i;

    if (argc != 2)
        return fprintf(stderr, "usage: ownership URL\n"), 2;
    egret_ws_options_init(&options, sizeof options);
    options.on_connect = on_connect;
    options.on_message = on_message;
    options.release_user = free_player;

    result = egret_ws_loop_new(NULL, &loop);
    for (i = 0; result == EGRET_WS_OK && i < 3; i++) {
        options.user = new_player(i);
        result = egret_ws_connect(loop, argv[1], &options, &sockets[i]);
        if (result != EGRET_WS_OK && options.user)
            free_player(options.user); /* a failed connect call keeps nothing */
    }
    if (result < 0)
        fprintf(stderr, "%s: %s\n", egret_ws_error_name(result), egret_ws_last_error_message());
    /* With only the handle, egret_ws_user returns the object, or NULL for a freed socket. */
    while (result >= 0 && (egret_ws_user(sockets[0]) || egret_ws_state(sockets[1]) != EGRET_WS_STATE_CLOSED))
        result = egret_ws_loop_poll(loop, -1);
    egret_ws_loop_free(loop, NULL); /* calls release_user for the remaining sockets */
    printf("%d players left\n", players);
    return result < 0 || players != 0;
}
