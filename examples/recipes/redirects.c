/* redirects URL [secure]: follows the redirects of a server, for example to a machine that has capacity. */
#include <egret_ws.h>
#include <stdio.h>

static void on_connect(void *user, egret_ws *ws)
{
    char cookies[1024];
    egret_ws_statistics statistics = {0};
    statistics.struct_size = sizeof statistics;
    if (egret_ws_stats(ws, &statistics) == EGRET_WS_OK)
        printf("%u redirects\n", (unsigned)statistics.redirects);
    /* Each line is a URL and a cookie that it has set. The library does not send it back. A game can: with a `Cookie` header. */
    if (egret_ws_response_cookies(ws, cookies, sizeof cookies) > 0)
        printf("cookies:\n%s", cookies);
    *(int *)user = 1;
    egret_ws_close(ws, 1000, NULL, 0);
}

static void on_close(void *user, egret_ws *ws, const egret_ws_close_info *info)
{
    (void)user, (void)ws;
    if (info->error == EGRET_WS_ERR_REDIRECT)
        fprintf(stderr, "a redirect that is not allowed\n");
    printf("%s\n", info->message);
}

int main(int argc, char **argv)
{
    int was_open = 0;
    egret_ws_loop *loop = NULL;
    egret_ws *ws = NULL;
    egret_ws_options options;
    int32_t result;

    if (argc != 2 && argc != 3)
        return fprintf(stderr, "usage: redirects URL [secure]\n"), 2;
    egret_ws_options_init(&options, sizeof options);
    options.user = &was_open;
    options.on_connect = on_connect;
    options.on_close = on_close;
    options.max_redirects = 5; /* without it no redirect is followed */
    /* Only for servers in the player's own network: otherwise a public server could reach machines behind the player's router. */
    options.flags = EGRET_WS_ALLOW_PRIVATE_REDIRECTS;
    if (argc == 3)
        options.flags |= EGRET_WS_SECURE_REDIRECTS_ONLY; /* only to wss, for systems that forbid connections without TLS */

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
