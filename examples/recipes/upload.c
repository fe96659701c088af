/* upload URL: sends 8 MiB as fast as the network allows, with a small send queue.
 *
 * When the send queue is full, a send is refused with BACKPRESSURE, and on_drain is called when there is room. */
#include <egret_ws.h>
#include <stdio.h>

struct upload {
    size_t left;
    int refusals, error;
};

static void send_more(struct upload *upload, egret_ws *ws)
{
    static const uint8_t block[32768] = {0};
    while (upload->left > 0) {
        const size_t len = upload->left < sizeof block ? upload->left : sizeof block;
        const egret_ws_error_t result = egret_ws_send(ws, EGRET_WS_BINARY, block, len);
        if (result == EGRET_WS_ERR_BACKPRESSURE) {
            upload->refusals++; /* the message was not sent; on_drain will be called */
            return;
        }
        if (result != EGRET_WS_OK) {
            fprintf(stderr, "%s: %s\n", egret_ws_error_name(result), egret_ws_last_error_message());
            egret_ws_close(ws, 1000, NULL, 0);
            return;
        }
        upload->left -= len;
    }
    egret_ws_close(ws, 1000, NULL, 0); /* first sends the accepted messages */
}

static void on_connect(void *user, egret_ws *ws)
{
    send_more(user, ws);
}

static void on_drain(void *user, egret_ws *ws)
{
    send_more(user, ws);
}

static void on_close(void *user, egret_ws *ws, const egret_ws_close_info *info)
{
    struct upload *upload = user;
    (void)ws;
    upload->error = info->error;
    printf("%s; %u messages were not sent\n", info->message, (unsigned)info->unsent_messages);
}

int main(int argc, char **argv)
{
    struct upload upload = {8 * 1024 * 1024, 0, 0};
    int64_t most = 0, waiting;
    egret_ws_loop *loop = NULL;
    egret_ws *ws = NULL;
    egret_ws_options options;
    int32_t result;

    if (argc != 2)
        return fprintf(stderr, "usage: upload URL\n"), 2;
    egret_ws_options_init(&options, sizeof options);
    options.user = &upload;
    options.on_connect = on_connect;
    options.on_drain = on_drain;
    options.on_close = on_close;
    options.max_message_bytes = 32768;
    options.max_send_buffer_bytes = 128 * 1024;

    result = egret_ws_loop_new(NULL, &loop);
    if (result == EGRET_WS_OK)
        result = egret_ws_connect(loop, argv[1], &options, &ws);
    while (result >= 0 && egret_ws_state(ws) != EGRET_WS_STATE_CLOSED) {
        result = egret_ws_loop_poll(loop, -1);
        waiting = egret_ws_buffered_amount(ws); /* for a progress bar */
        most = waiting > most ? waiting : most;
    }
    if (result < 0)
        fprintf(stderr, "%s: %s\n", egret_ws_error_name(result), egret_ws_last_error_message());
    printf("%d refusals, at most %ld bytes waited\n", upload.refusals, (long)most);
    egret_ws_loop_free(loop, NULL);
    return result < 0 || upload.error != EGRET_WS_OK || upload.left != 0;
}
