/* abort URL: ends a connection immediately, without a closing handshake, and reads the report afterwards.
 *
 * Use it when a player leaves a match, or when the server is known to be down. Nothing is waited for, and the peer gets a reset. */
#include <egret_ws.h>
#include <stdio.h>

static void on_connect(void *user, egret_ws *ws)
{
    static const uint8_t position[1024] = {0};
    int i;
    (void)user;
    for (i = 0; i < 100; i++)
        egret_ws_send(ws, EGRET_WS_BINARY, position, sizeof position);
    egret_ws_abort(ws); /* queued messages are dropped and counted; a later poll calls on_close */
}

int main(int argc, char **argv)
{
    egret_ws_loop *loop = NULL;
    egret_ws *ws = NULL;
    egret_ws_options options;
    egret_ws_close_info info = {0};
    int32_t result;

    if (argc != 2)
        return fprintf(stderr, "usage: abort URL\n"), 2;
    egret_ws_options_init(&options, sizeof options);
    options.on_connect = on_connect;
    result = egret_ws_loop_new(NULL, &loop);
    if (result == EGRET_WS_OK)
        result = egret_ws_connect(loop, argv[1], &options, &ws);
    while (result >= 0 && egret_ws_state(ws) != EGRET_WS_STATE_CLOSED)
        result = egret_ws_loop_poll(loop, -1);

    /* The report of on_close can be read until egret_ws_free. */
    info.struct_size = sizeof info;
    if (result >= 0)
        result = egret_ws_close_report(ws, &info);
    if (result < 0)
        fprintf(stderr, "%s: %s\n", egret_ws_error_name(result), egret_ws_last_error_message());
    else
        printf("%s: %s\n", egret_ws_error_name(info.error), info.message);
    egret_ws_loop_free(loop, NULL);
    return info.error != EGRET_WS_ERR_ABORTED;
}
