/* httpdns URL ADDRESSES [OTHER_ADDRESSES]: connects to addresses that a service has returned for the URL's host: HTTPDNS,
 * DNS over HTTPS, or an edge of a CDN. Example: `192.0.2.1, 192.0.2.2:8443`. The default port is the port of the URL. */
#include <egret_ws.h>
#include <stdio.h>

/* Each tried address with its result: report it to the operators of the service. */
static void print_tried(egret_ws *ws)
{
    char tried[8193];
    egret_ws_statistics statistics = {0};
    statistics.struct_size = sizeof statistics;
    if (egret_ws_stats(ws, &statistics) == EGRET_WS_OK && egret_ws_tried_addresses(ws, tried, sizeof tried) >= 0)
        printf("%u tried:\n%s", (unsigned)statistics.addresses_tried, tried);
}

static int32_t on_request(void *user, egret_ws *ws, uint32_t attempt, const egret_ws_close_info *last,
                          egret_ws_request *request)
{
    const char *others = user;
    (void)last;
    if (attempt == 0 || others == NULL)
        return EGRET_WS_REQUEST_CONTINUE;
    print_tried(ws);
    /* None of the first addresses has worked: use the addresses of another service. NULL: look the name up. */
    if (egret_ws_request_set_addresses(request, others) != EGRET_WS_OK) {
        fprintf(stderr, "%s\n", egret_ws_last_error_message());
        return EGRET_WS_REQUEST_STOP;
    }
    return EGRET_WS_REQUEST_CONTINUE;
}

static void on_connect(void *user, egret_ws *ws)
{
    char local[128];
    (void)user;
    print_tried(ws);
    if (egret_ws_local_address(ws, local, sizeof local) >= 0)
        printf("connected from %s\n", local);
    egret_ws_close(ws, 1000, NULL, 0);
}

static void on_close(void *user, egret_ws *ws, const egret_ws_close_info *info)
{
    (void)user;
    if (info->error != EGRET_WS_OK)
        print_tried(ws);
    printf("%s\n", info->message);
}

int main(int argc, char **argv)
{
    egret_ws_loop *loop = NULL;
    egret_ws *ws = NULL;
    egret_ws_options options;
    egret_ws_retry_options retry;
    int32_t result;

    if (argc < 3)
        return fprintf(stderr, "usage: httpdns URL ADDRESSES [OTHER_ADDRESSES]\n"), 2;
    egret_ws_retry_options_init(&retry, sizeof retry);
    retry.first_wait_ms = EGRET_WS_AT_ONCE;
    egret_ws_options_init(&options, sizeof options);
    options.user = argc > 3 ? argv[3] : NULL;
    options.on_request = on_request;
    options.on_connect = on_connect;
    options.on_close = on_close;
    options.addresses = argv[2];    /* SNI, certificate and Host still use the URL's host */
    options.attempt_delay_ms = 100; /* an address that does not answer causes only this delay */
    options.retry_attempts = 1;
    options.retry = &retry;

    result = egret_ws_loop_new(NULL, &loop);
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
