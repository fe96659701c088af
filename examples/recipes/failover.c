/* failover URL OTHER_URL: connects to another server if the first one does not answer.
 *
 * on_request is called before each attempt to connect, and may change the URL, the headers and the subprotocols. */
#include <egret_ws.h>
#include <stdio.h>

static int32_t on_request(void *user, egret_ws *ws, uint32_t attempt, const egret_ws_close_info *last,
                          egret_ws_request *request)
{
    (void)ws;
    if (attempt == 0) /* the first attempt: `last` is NULL */
        return EGRET_WS_REQUEST_CONTINUE;
    fprintf(stderr, "%s; next is %s\n", last->message, (const char *)user);
    /* The other server is older. Changes also apply to later attempts. */
    if (egret_ws_request_set_url(request, user) < 0 || egret_ws_request_set_subprotocols(request, "chat.v1") < 0) {
        fprintf(stderr, "%s\n", egret_ws_last_error_message());
        return EGRET_WS_REQUEST_STOP; /* on_close follows */
    }
    return EGRET_WS_REQUEST_CONTINUE; /* does not retry after an answer that makes another attempt useless, such as 403 */
}

static void on_connect(void *user, egret_ws *ws)
{
    char subprotocol[64];
    (void)user;
    if (egret_ws_subprotocol(ws, subprotocol, sizeof subprotocol) >= 0)
        printf("connected, speaking %s\n", subprotocol);
    egret_ws_close(ws, 1000, NULL, 0);
}

static void on_close(void *user, egret_ws *ws, const egret_ws_close_info *info)
{
    (void)user, (void)ws;
    printf("%s\n", info->message);
}

int main(int argc, char **argv)
{
    egret_ws_loop *loop = NULL;
    egret_ws *ws = NULL;
    egret_ws_options options;
    egret_ws_retry_options retry;
    int32_t result;

    if (argc != 3)
        return fprintf(stderr, "usage: failover URL OTHER_URL\n"), 2;
    egret_ws_retry_options_init(&retry, sizeof retry);
    retry.first_wait_ms = EGRET_WS_AT_ONCE;
    egret_ws_options_init(&options, sizeof options);
    options.user = argv[2];
    options.on_request = on_request;
    options.on_connect = on_connect;
    options.on_close = on_close;
    options.subprotocols = "chat.v2, chat.v1";
    options.retry_attempts = 3;
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
