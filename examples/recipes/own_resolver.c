/* own_resolver URL ADDRESSES: looks up the name of the server with its own function, for example DNS over HTTPS or HTTPDNS.
 *
 * on_resolve replaces the system's resolver. The certificate check and the Host header still use the name in the URL. */
#include <egret_ws.h>
#include <stdio.h>
#include <string.h>

/* Asks your service. Returns NULL if it does not answer. Here an argument has the addresses; "-" means no answer. */
static const char *ask_service(const char *name, const char *addresses)
{
    printf("asking for %s\n", name);
    return strcmp(addresses, "-") == 0 ? NULL : addresses;
}

/* Runs on a thread of the library, and may block: only this connection waits, for at most resolve_timeout_ms. */
static void on_resolve(void *user, egret_ws *ws, const char *host, egret_ws_query *query)
{
    (void)ws;
    /* Answer here or later, from any thread: the query is a number, and `host` is valid until this function returns. NULL: the
     * library asks the system's resolver. An answer that is too late is refused. Nothing must be freed. */
    if (egret_ws_resolved(query, ask_service(host, user)) == EGRET_WS_ERR_INVALID_ARGUMENT) {
        fprintf(stderr, "%s\n", egret_ws_last_error_message());
        egret_ws_resolved(query, NULL); /* the query is still open */
    }
}

static void release_user(void *user)
{
    printf("no hook is running any more; %s can be freed\n", (const char *)user);
}

static void on_connect(void *user, egret_ws *ws)
{
    char address[64];
    (void)user;
    if (egret_ws_remote_address(ws, address, sizeof address) > 0)
        printf("connected to %s\n", address);
    egret_ws_close(ws, 1000, NULL, 0);
}

static void on_close(void *user, egret_ws *ws, const egret_ws_close_info *info)
{
    (void)user, (void)ws;
    printf("%s\n", info->message);
}

int main(int argc, char **argv)
{
    egret_ws_hooks hooks;
    egret_ws_loop_options loop_options;
    egret_ws_options options;
    egret_ws_loop *loop = NULL;
    egret_ws *ws = NULL;
    int32_t result;

    if (argc != 3)
        return fprintf(stderr, "usage: own_resolver URL ADDRESSES\n"), 2;
    egret_ws_hooks_init(&hooks, sizeof hooks);
    hooks.user = argv[2];
    hooks.on_resolve = on_resolve;
    hooks.release_user = release_user;
    hooks.max_threads = 8; /* the maximum number of look-ups at the same time */
    egret_ws_loop_options_init(&loop_options, sizeof loop_options);
    loop_options.hooks = &hooks; /* the library copies it */
    egret_ws_options_init(&options, sizeof options);
    options.on_connect = on_connect;
    options.on_close = on_close;

    result = egret_ws_loop_new(&loop_options, &loop);
    if (result == EGRET_WS_OK)
        result = egret_ws_connect(loop, argv[1], &options, &ws);
    while (result >= 0 && egret_ws_state(ws) != EGRET_WS_STATE_CLOSED)
        result = egret_ws_loop_poll(loop, -1);
    if (result < 0)
        fprintf(stderr, "%s: %s\n", egret_ws_error_name(result), egret_ws_last_error_message());
    result = egret_ws_generation(ws); /* how many connections were made */
    egret_ws_loop_free(loop, NULL);
    return result != 1;
}
