/* system_proxy URL PROXIES: a loop that asks the application for the proxies of each connection.
 *
 * PROXIES replaces the settings of the system, the best proxy first: `https://proxy.example:8443,http://10.0.0.1:3128,direct`. */
#include <egret_ws.h>
#include <stdio.h>

/* Runs on a thread of the library, and may block: other connections do not wait. A real program asks the system here. */
static void on_proxy(void *user, egret_ws *ws, const char *url, egret_ws_query *query)
{
    const char *proxies = user;
    (void)ws;
    printf("the proxies for %s: %s\n", url, proxies);
    if (egret_ws_proxy_found(query, proxies) == EGRET_WS_ERR_INVALID_ARGUMENT) {
        fprintf(stderr, "%s\n", egret_ws_last_error_message());
        egret_ws_proxy_found(query, NULL); /* the proxies could not be found: the attempt fails */
    }
}

static void on_connect(void *user, egret_ws *ws)
{
    char proxy[300];
    int32_t length = egret_ws_proxy(ws, proxy, sizeof proxy);
    *(int *)user = 1;
    printf("connected through %s\n", length > 0 ? proxy : "no proxy");
    egret_ws_close(ws, 1000, NULL, 0);
}

static void on_close(void *user, egret_ws *ws, const egret_ws_close_info *info)
{
    (void)user, (void)ws;
    printf("%s\n", info->message); /* contains the last proxy */
}

int main(int argc, char **argv)
{
    int was_open = 0;
    egret_ws_loop *loop = NULL;
    egret_ws *ws = NULL;
    egret_ws_loop_options loop_options;
    egret_ws_hooks hooks;
    egret_ws_options options;
    int32_t result;

    if (argc < 3)
        return fprintf(stderr, "usage: system_proxy URL PROXIES\n"), 2;
    egret_ws_hooks_init(&hooks, sizeof hooks);
    hooks.user = argv[2]; /* must be valid until release_user is called, like the arguments of main */
    hooks.on_proxy = on_proxy;
    egret_ws_loop_options_init(&loop_options, sizeof loop_options);
    loop_options.hooks = &hooks;
    egret_ws_options_init(&options, sizeof options);
    options.user = &was_open;
    options.on_connect = on_connect;
    options.on_close = on_close;

    result = egret_ws_loop_new(&loop_options, &loop);
    if (result == EGRET_WS_OK)
        result = egret_ws_connect(loop, argv[1], &options, &ws); /* the options have no `proxy`, so on_proxy is called */
    while (result >= 0 && egret_ws_state(ws) != EGRET_WS_STATE_CLOSED)
        result = egret_ws_loop_poll(loop, -1);
    if (result < 0)
        fprintf(stderr, "%s: %s\n", egret_ws_error_name(result), egret_ws_last_error_message());
    egret_ws_loop_free(loop, NULL);
    return !was_open;
}
