/* flush_and_quit URL: sends 100 messages, and ends when the server has received all of them, or when there is no progress.
 *
 * egret_ws_close first sends the accepted messages. If an application must end earlier, egret_ws_loop_free reports the lost
 * messages. */
#include <egret_ws.h>
#include <stdio.h>

static void on_close(void *user, egret_ws *ws, const egret_ws_close_info *info)
{
    (void)ws;
    *(int *)user = info->error == EGRET_WS_OK; /* the server has answered after the last message */
    printf("%s; %u messages were not sent\n", info->message, (unsigned)info->unsent_messages);
}

int main(int argc, char **argv)
{
    static const uint8_t record[4096] = {0};
    int has_all = 0, i;
    egret_ws_loop *loop = NULL;
    egret_ws *ws = NULL;
    egret_ws_loop_options loop_options;
    egret_ws_options options;
    egret_ws_free_report lost = {0};
    int32_t result;

    if (argc != 2)
        return fprintf(stderr, "usage: flush_and_quit URL\n"), 2;
    egret_ws_loop_options_init(&loop_options, sizeof loop_options);
    loop_options.linger_ms = 3000; /* the longest time of egret_ws_loop_free */
    egret_ws_options_init(&options, sizeof options);
    options.user = &has_all;
    options.on_close = on_close;
    options.flush_timeout_ms = 10000; /* the longest time without progress in sending */
    options.close_timeout_ms = 2000;  /* after that, the time for the server's Close frame */

    result = egret_ws_loop_new(&loop_options, &loop);
    if (result == EGRET_WS_OK)
        result = egret_ws_connect(loop, argv[1], &options, &ws);
    while (result >= 0 && egret_ws_state(ws) == EGRET_WS_STATE_CONNECTING)
        result = egret_ws_loop_poll(loop, -1);
    for (i = 0; result >= 0 && i < 100; i++)
        result = egret_ws_send(ws, EGRET_WS_BINARY, record, sizeof record);
    if (result == EGRET_WS_ERR_NOT_OPEN)
        result = EGRET_WS_OK; /* the connection has ended: on_close has the reason */
    if (result >= 0)
        result = egret_ws_close(ws, 1000, NULL, 0);
    while (result >= 0 && egret_ws_state(ws) != EGRET_WS_STATE_CLOSED)
        result = egret_ws_loop_poll(loop, -1);
    if (result < 0)
        fprintf(stderr, "%s: %s\n", egret_ws_error_name(result), egret_ws_last_error_message());

    lost.struct_size = sizeof lost;
    egret_ws_loop_free(loop, &lost);
    if (lost.sockets > 0) /* not in this program: all sockets have closed */
        fprintf(stderr, "lost %u messages, %u bytes\n", (unsigned)lost.unsent_messages, (unsigned)lost.unsent_bytes);
    return !has_all;
}
