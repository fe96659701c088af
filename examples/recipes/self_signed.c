/* self_signed URL: connects to your own server with a self-signed certificate, during development.
 *
 * Never ship this: with ACCEPT_ANY_CERTIFICATE everyone on the network path can read and change all data. In a shipped game put the
 * server's certificate into tls_roots: see certificates.c. */
#include <egret_ws.h>
#include <stdio.h>

static void on_connect(void *user, egret_ws *ws)
{
    *(int *)user = 1;
    egret_ws_close(ws, 1000, NULL, 0);
}

static void on_close(void *user, egret_ws *ws, const egret_ws_close_info *info)
{
    (void)user, (void)ws;
    printf("%s\n", info->message);
}

int main(int argc, char **argv)
{
    int was_open = 0;
    egret_ws_loop *loop = NULL;
    egret_ws *ws = NULL;
    egret_ws_options options;
    int32_t result;

    if (argc != 2)
        return fprintf(stderr, "usage: self_signed URL\n"), 2;
    egret_ws_options_init(&options, sizeof options);
    options.user = &was_open;
    options.on_connect = on_connect;
    options.on_close = on_close;
#ifndef NDEBUG
    /* DISABLE_ALPN: for an old server that fails if it gets the name of the protocol. The flag does not reduce security. */
    options.flags = EGRET_WS_ACCEPT_ANY_CERTIFICATE | EGRET_WS_DISABLE_ALPN;
#endif

    result = egret_ws_loop_new(NULL, &loop);
    if (result == EGRET_WS_OK)
        result = egret_ws_connect(loop, argv[1], &options, &ws);
    while (result >= 0 && egret_ws_state(ws) != EGRET_WS_STATE_CLOSED)
        result = egret_ws_loop_poll(loop, -1);
    if (result < 0)
        fprintf(stderr, "%s: %s\n", egret_ws_error_name(result), egret_ws_last_error_message());
    egret_ws_loop_free(loop, NULL);
    return !was_open;
}
