/* first_retry URL: says hello to an echo server, and connects again when that fails. */
#include <egret_ws.h>
#include <stdio.h>

static void on_connect(void *user, egret_ws *ws)
{
    (void)user;
    printf("connected\n");
    if (egret_ws_send(ws, EGRET_WS_TEXT, "hello", EGRET_WS_NUL_TERMINATED) != EGRET_WS_OK)
        fprintf(stderr, "not sent: %s\n", egret_ws_last_error_message());
}

static void on_message(void *user, egret_ws *ws, egret_ws_kind_t kind, const uint8_t *data, size_t len)
{
    (void)user, (void)kind;
    printf("received: %.*s\n", (int)len, (const char *)data);
    egret_ws_close(ws, 1000, NULL, 0);
}

static void on_retry(void *user, egret_ws *ws, const egret_ws_close_info *info, uint32_t attempt, uint32_t delay_ms)
{
    (void)user, (void)ws;
    printf("%s; attempt %u in %u ms\n", info->message, (unsigned)attempt, (unsigned)delay_ms);
}

static void on_close(void *user, egret_ws *ws, const egret_ws_close_info *info)
{
    int *is_clean = user;
    (void)ws;
    *is_clean = info->error == EGRET_WS_OK;
    printf("%s (%s)\n", info->message, egret_ws_error_name(info->error));
}

int main(int argc, char **argv)
{
    int is_clean = 0;
    egret_ws_loop *loop = NULL;
    egret_ws *ws = NULL;
    egret_ws_options options;
    int32_t result;

    if (argc < 2)
        return fprintf(stderr, "usage: %s URL\n", argv[0]), 2;
    egret_ws_options_init(&options, sizeof options);
    options.user = &is_clean; /* passed to each callback */
    options.on_connect = on_connect;
    options.on_message = on_message;
    options.on_close = on_close;
    options.on_retry = on_retry;
    options.retry_attempts = 5;

    result = egret_ws_loop_new(NULL, &loop);
    if (result == EGRET_WS_OK)
        result = egret_ws_connect(loop, argv[1], &options, &ws);
    while (result >= 0 && egret_ws_state(ws) != EGRET_WS_STATE_CLOSED)
        result = egret_ws_loop_poll(loop, -1); /* a game polls once a frame, with 0 */
    if (result < 0)
        fprintf(stderr, "refused: %s (%s)\n", egret_ws_last_error_message(), egret_ws_error_name(result));
    egret_ws_loop_free(loop, NULL); /* also frees its sockets */
    return !is_clean;
}
