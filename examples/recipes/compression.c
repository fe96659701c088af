/* compression URL [off]: sends one text ten times, and prints how many bytes were transferred.
 *
 * Compression is on by default. These options reduce the use of memory or processor time. With "off" it is not offered. */
#include <egret_ws.h>
#include <stdio.h>
#include <string.h>

static const char scores[] = "{\"scores\":[{\"player\":\"Ada\",\"points\":1200},{\"player\":\"Grace\",\"points\":1150},"
                             "{\"player\":\"Edsger\",\"points\":1100},{\"player\":\"Barbara\",\"points\":1050}]}";

static void on_connect(void *user, egret_ws *ws)
{
    char agreed[256];
    int i;
    (void)user;
    if (egret_ws_extensions(ws, agreed, sizeof agreed) > 0)
        printf("agreed: %s\n", agreed);
    for (i = 0; i < 10; i++)
        egret_ws_send(ws, EGRET_WS_TEXT, scores, EGRET_WS_NUL_TERMINATED);
    egret_ws_close(ws, 1000, NULL, 0);
}

int main(int argc, char **argv)
{
    egret_ws_loop *loop = NULL;
    egret_ws *ws = NULL;
    egret_ws_options options;
    egret_ws_deflate_options deflate;
    egret_ws_statistics statistics = {0};
    int32_t result;

    if (argc < 2)
        return fprintf(stderr, "usage: compression URL [off]\n"), 2;
    egret_ws_deflate_options_init(&deflate, sizeof deflate);
    deflate.level = 3;                       /* fast */
    deflate.threshold_bytes = 100;           /* shorter messages are not compressed */
    deflate.client_window_bits = 12;         /* 4 KiB: less memory here */
    deflate.server_window_bits = 15;         /* the default: no limit for the server */
    deflate.client_no_context_takeover = 0;  /* 1: each message is compressed alone, and is larger */
    deflate.server_no_context_takeover = 0;
    egret_ws_options_init(&options, sizeof options);
    options.on_connect = on_connect;
    options.deflate = &deflate;              /* copied by the connect call */
    if (argc > 2 && strcmp(argv[2], "off") == 0)
        options.flags = EGRET_WS_DISABLE_DEFLATE;

    result = egret_ws_loop_new(NULL, &loop);
    if (result == EGRET_WS_OK)
        result = egret_ws_connect(loop, argv[1], &options, &ws);
    while (result >= 0 && egret_ws_state(ws) != EGRET_WS_STATE_CLOSED)
        result = egret_ws_loop_poll(loop, -1);
    statistics.struct_size = sizeof statistics;
    if (result >= 0)
        result = egret_ws_stats(ws, &statistics);
    if (result < 0)
        fprintf(stderr, "%s: %s\n", egret_ws_error_name(result), egret_ws_last_error_message());
    else
        printf("%d bytes, %d over the wire\n", (int)statistics.bytes_sent, (int)statistics.wire_bytes_sent);
    egret_ws_loop_free(loop, NULL);
    return statistics.messages_sent != 10;
}
