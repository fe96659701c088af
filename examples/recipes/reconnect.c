/* reconnect URL: connects again when the connection is lost, and reports when another attempt is useless. */
#include <egret_ws.h>
#include <stdio.h>

static void on_connect(void *user, egret_ws *ws)
{
    (void)user;
    /* This is the first connection or a later one: log in again, and request the missed data. */
    printf("connection %d\n", (int)egret_ws_generation(ws));
    egret_ws_send(ws, EGRET_WS_TEXT, "login", EGRET_WS_NUL_TERMINATED);
}

static void on_message(void *user, egret_ws *ws, egret_ws_kind_t kind, const uint8_t *data, size_t len)
{
    (void)kind;
    printf("received: %.*s\n", (int)len, (const char *)data);
    *(int *)user = 1;
    egret_ws_close(ws, 1000, NULL, 0); /* after a close by this side there is no new attempt */
}

static void on_retry(void *user, egret_ws *ws, const egret_ws_close_info *info, uint32_t attempt, uint32_t delay_ms)
{
    (void)user;
    printf("%s; attempt %u in %u ms, %u messages wait\n", info->message, (unsigned)attempt, (unsigned)delay_ms,
           (unsigned)info->unsent_messages);
    if (info->code == 4001) /* this server sends 4001 when it logs a player out */
        egret_ws_close(ws, 1000, NULL, 0);
    else if (attempt == 1) /* for example when the player presses a button */
        egret_ws_retry_now(ws);
}

static void on_close(void *user, egret_ws *ws, const egret_ws_close_info *info)
{
    (void)user, (void)ws;
    printf("%s\n", info->message);
    if (info->error != EGRET_WS_OK)
        printf("%s\n", egret_ws_is_retryable(info) == 1 ? "try again later" : "trying again is of no use");
}

int main(int argc, char **argv)
{
    int has_answer = 0;
    egret_ws_loop *loop = NULL;
    egret_ws *ws = NULL;
    egret_ws_options options;
    egret_ws_retry_options retry;
    int32_t result;

    if (argc != 2)
        return fprintf(stderr, "usage: reconnect URL\n"), 2;
    egret_ws_retry_options_init(&retry, sizeof retry); /* the defaults fit most programs; these values are for a fast game */
    retry.min_wait_ms = 50;
    retry.first_wait_ms = 200; /* a random time up to this, doubled each time */
    retry.max_wait_ms = 5000;
    retry.total_ms = EGRET_WS_UNLIMITED;
    egret_ws_options_init(&options, sizeof options);
    options.user = &has_answer;
    options.on_connect = on_connect;
    options.on_message = on_message;
    options.on_retry = on_retry;
    options.on_close = on_close;
    options.retry_attempts = 5;
    options.retry = &retry;
    options.flags = EGRET_WS_RESEND; /* the next connection sends the unsent messages */

    result = egret_ws_loop_new(NULL, &loop);
    if (result == EGRET_WS_OK)
        result = egret_ws_connect(loop, argv[1], &options, &ws);
    while (result >= 0 && egret_ws_state(ws) != EGRET_WS_STATE_CLOSED)
        result = egret_ws_loop_poll(loop, -1);
    if (result < 0)
        fprintf(stderr, "%s: %s\n", egret_ws_error_name(result), egret_ws_last_error_message());
    egret_ws_loop_free(loop, NULL);
    return !has_answer;
}
