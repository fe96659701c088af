/* timeouts URL: limits the time of each stage, and reports which stage took too long. */
#include <egret_ws.h>
#include <stdio.h>

static void on_connect(void *user, egret_ws *ws)
{
    *(int *)user = 1;
    egret_ws_close(ws, 1000, NULL, 0);
}

static void on_close(void *user, egret_ws *ws, const egret_ws_close_info *info)
{
    const char *slow = "something else";
    (void)user, (void)ws;
    switch (info->phase) {
    case EGRET_WS_PHASE_REQUEST: slow = "the application's on_request"; break;
    case EGRET_WS_PHASE_RESOLVE: slow = "the look-up of the name"; break;
    case EGRET_WS_PHASE_CONNECT: slow = "the network"; break;
    case EGRET_WS_PHASE_PROXY: slow = "the proxy"; break;
    case EGRET_WS_PHASE_TLS: slow = "the server, during TLS"; break;
    case EGRET_WS_PHASE_HANDSHAKE: slow = "the server's answer"; break;
    case EGRET_WS_PHASE_OPEN: slow = "the answer to a ping"; break;
    case EGRET_WS_PHASE_FLUSH: slow = "the sending of the last messages"; break;
    case EGRET_WS_PHASE_CLOSING: slow = "the server's Close frame"; break;
    }
    if (info->error == EGRET_WS_ERR_TIMEOUT)
        printf("%s took too long\n", slow);
    else
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
        return fprintf(stderr, "usage: timeouts URL\n"), 2;
    egret_ws_options_init(&options, sizeof options);
    options.user = &was_open;
    options.on_connect = on_connect;
    options.on_close = on_close;
    options.resolve_timeout_ms = 2000;
    options.connect_timeout_ms = 3000; /* the look-up and TCP */
    options.tls_timeout_ms = 2000;
    options.handshake_timeout_ms = 2000;
    options.open_timeout_ms = 6000;    /* all stages together */
    options.close_timeout_ms = 2000;

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
