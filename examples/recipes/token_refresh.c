/* token_refresh URL: logs in with a token, and gets a new token when the server answers 401 because the old one has expired. The
 * new token arrives later, from another request of the game. Until then the socket waits. */
#include <egret_ws.h>
#include <stdio.h>

struct session {
    char token[64];       /* empty: there is no token */
    int asks_for_a_token, was_open;
};

static int32_t on_request(void *user, egret_ws *ws, uint32_t attempt, const egret_ws_close_info *last,
                          egret_ws_request *request)
{
    struct session *session = user;
    (void)ws, (void)attempt;
    /* `last` is NULL at the first attempt. After a wait it has the value from before the wait. */
    if (last && last->http_status == 401 && !session->asks_for_a_token) {
        session->token[0] = '\0';
        session->asks_for_a_token = 1;
    }
    if (session->token[0] == '\0') return EGRET_WS_REQUEST_WAIT; /* waits until egret_ws_retry_now, at most open_timeout_ms */
    if (egret_ws_request_set_header(request, "Authorization", session->token) < 0) {
        fprintf(stderr, "%s\n", egret_ws_last_error_message());
        return EGRET_WS_REQUEST_STOP;
    }
    /* CONTINUE makes no new attempt after an answer such as 401 or 403. */
    return last && last->http_status == 401 ? EGRET_WS_REQUEST_CONNECT : EGRET_WS_REQUEST_CONTINUE;
}

static void on_retry(void *user, egret_ws *ws, const egret_ws_close_info *info, uint32_t attempt, uint32_t delay_ms)
{
    (void)user, (void)attempt, (void)delay_ms;
    if (info->http_status == 401) egret_ws_retry_now(ws); /* the server can be reached, so no wait is needed */
}

static void on_connect(void *user, egret_ws *ws)
{
    ((struct session *)user)->was_open = 1;
    printf("logged in\n");
    egret_ws_close(ws, 1000, NULL, 0);
}

static void on_close(void *user, egret_ws *ws, const egret_ws_close_info *info)
{
    (void)user, (void)ws;
    printf("%s\n", info->message);
}

int main(int argc, char **argv)
{
    struct session session = {"Bearer old", 0, 0};
    egret_ws_loop *loop = NULL;
    egret_ws *ws = NULL;
    egret_ws_options options;
    int32_t result;

    if (argc != 2) return fprintf(stderr, "usage: token_refresh URL\n"), 2;
    egret_ws_options_init(&options, sizeof options);
    options.user = &session;
    options.on_request = on_request;
    options.on_retry = on_retry;
    options.on_connect = on_connect;
    options.on_close = on_close;
    options.retry_attempts = 3;

    result = egret_ws_loop_new(NULL, &loop);
    if (result == EGRET_WS_OK)
        result = egret_ws_connect(loop, argv[1], &options, &ws);
    while (result >= 0 && egret_ws_state(ws) != EGRET_WS_STATE_CLOSED) {
        result = egret_ws_loop_poll(loop, 100);
        if (result >= 0 && session.asks_for_a_token && session.token[0] == '\0') {
            printf("got a new token\n"); /* a game would ask its login server */
            snprintf(session.token, sizeof session.token, "Bearer new");
            result = egret_ws_retry_now(ws); /* on_request is called again */
        }
    }
    if (result < 0) fprintf(stderr, "%s: %s\n", egret_ws_error_name(result), egret_ws_last_error_message());
    egret_ws_loop_free(loop, NULL);
    return !session.was_open;
}
