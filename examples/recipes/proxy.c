/* proxy URL [PROXY]: connects through a proxy, such as http://user:password@proxy.example:8080, socks5://proxy.example:1080 or
 * https://proxy.example:8443 (the connection to that proxy uses TLS).
 *
 * Without PROXY it uses the proxy of the environment (https_proxy, http_proxy, all_proxy, no_proxy), if there is one. */
#include <egret_ws.h>
#include <stdio.h>

static void on_connect(void *user, egret_ws *ws)
{
    char address[128];
    *(int *)user = 1;
    if (egret_ws_remote_address(ws, address, sizeof address) > 0)
        printf("connected by way of %s\n", address); /* the proxy's address, if there is one */
    egret_ws_close(ws, 1000, NULL, 0);
}

static void on_close(void *user, egret_ws *ws, const egret_ws_close_info *info)
{
    (void)user, (void)ws;
    if (info->phase == EGRET_WS_PHASE_PROXY && info->http_status == 407)
        fprintf(stderr, "ask the player for the proxy's user name and password\n");
    printf("%s\n", info->message);
}

int main(int argc, char **argv)
{
    int was_open = 0;
    egret_ws_loop *loop = NULL;
    egret_ws *ws = NULL;
    egret_ws_options options;
    int32_t result;

    if (argc < 2)
        return fprintf(stderr, "usage: proxy URL [PROXY]\n"), 2;
    egret_ws_options_init(&options, sizeof options);
    options.user = &was_open;
    options.on_connect = on_connect;
    options.on_close = on_close;
    options.proxy_timeout_ms = 5000; /* the time for the proxy's answer, including TLS to the proxy */
    if (argc > 2)
        options.proxy = argv[2];
    else
        options.flags = EGRET_WS_PROXY_FROM_ENVIRONMENT;

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
