/* trace URL: prints each frame of a connection, to see the data on the wire and its order. */
#include <egret_ws.h>
#include <stdio.h>

static void on_frame(void *user, egret_ws *ws, egret_ws_direction_t direction, uint32_t opcode, uint32_t flags,
                     uint64_t length)
{
    static const char *const names[16] = {"more of a message", "text", "binary", "?", "?", "?", "?", "?",
                                          "close", "ping", "pong", "?", "?", "?", "?", "?"};
    (void)user, (void)ws;
    switch (direction) {
    case EGRET_WS_FRAME_SENT:
    case EGRET_WS_FRAME_RECEIVED:
        printf("%s %s, %lu bytes%s%s\n", direction == EGRET_WS_FRAME_SENT ? "-->" : "<--", names[opcode & 15],
               (unsigned long)length, flags & EGRET_WS_FRAME_COMPRESSED ? ", compressed" : "",
               flags & EGRET_WS_FRAME_FIN ? "" : ", and more follows");
        break;
    case EGRET_WS_FRAME_LOST: /* the loop was not polled often enough, or max_receive_queue_bytes is small */
        printf("... %lu sent frames are missing here\n", (unsigned long)length);
        break;
    default: /* a newer library */
        break;
    }
}

static void on_connect(void *user, egret_ws *ws)
{
    (void)user;
    egret_ws_send(ws, EGRET_WS_TEXT, "hello", EGRET_WS_NUL_TERMINATED);
    egret_ws_ping(ws, NULL, 0);
}

static void on_message(void *user, egret_ws *ws, egret_ws_kind_t kind, const uint8_t *data, size_t len)
{
    (void)user, (void)kind;
    printf("a message: %.*s\n", (int)len, (const char *)data); /* called after the frame that completes the message */
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
    egret_ws_close_info info = {0};
    int32_t result;

    if (argc != 2)
        return fprintf(stderr, "usage: trace URL\n"), 2;
    egret_ws_options_init(&options, sizeof options);
    options.on_connect = on_connect;
    options.on_message = on_message;
    options.on_close = on_close;
    options.on_frame = on_frame; /* without it no frame is recorded, and there is no cost */

    result = egret_ws_loop_new(NULL, &loop);
    if (result == EGRET_WS_OK)
        result = egret_ws_connect(loop, argv[1], &options, &ws);
    while (result >= 0 && egret_ws_state(ws) != EGRET_WS_STATE_CLOSED)
        result = egret_ws_loop_poll(loop, -1);
    if (result < 0)
        fprintf(stderr, "%s: %s\n", egret_ws_error_name(result), egret_ws_last_error_message());
    info.struct_size = sizeof info;
    result = ws != NULL ? egret_ws_close_report(ws, &info) : result;
    egret_ws_loop_free(loop, NULL);
    return result < 0 || info.error != EGRET_WS_OK;
}
