/* Sends a message to a server, prints the answer, and closes. */
#include <egret_ws.h>
#include <stdio.h>

#define HELLO "Hello Egret WebSocket"

struct session {
    int is_finished, has_failed;
};

static void on_connect(void *user, egret_ws *ws) {
    (void)user;
    if (egret_ws_send(ws, EGRET_WS_TEXT, HELLO, EGRET_WS_NUL_TERMINATED) != EGRET_WS_OK)
        fprintf(stderr, "not sent: %s\n", egret_ws_last_error_message());
}

static void on_message(void *user, egret_ws *ws, egret_ws_kind_t kind, const uint8_t *data, size_t len) {
    (void)user, (void)kind;
    printf("received: %.*s\n", (int)len, (const char *)data);
    egret_ws_close(ws, 1000, NULL, 0);
}

static void on_close(void *user, egret_ws *ws, const egret_ws_close_info *info) {
    struct session *session = user;
    (void)ws;
    session->is_finished = 1;
    session->has_failed = info->error != EGRET_WS_OK;
    if (session->has_failed) fprintf(stderr, "failed: %s\n", info->message);
}

int main(int argc, char **argv) {
    struct session session = {0};
    egret_ws_options options;
    egret_ws_loop *loop;
    egret_ws *ws;
    (void)argc;

    if (egret_ws_loop_new(NULL, &loop) != EGRET_WS_OK) return 1;
    egret_ws_options_init(&options, sizeof options);
    options.user = &session;
    options.on_connect = on_connect;
    options.on_message = on_message;
    options.on_close = on_close;
    if (egret_ws_connect(loop, argv[1], &options, &ws) != EGRET_WS_OK) {
        fprintf(stderr, "failed: %s\n", egret_ws_last_error_message());
        session.is_finished = session.has_failed = 1;
    }

    while (!session.is_finished && egret_ws_loop_poll(loop, -1) >= 0) {} /* a game polls once a frame, with 0 */
    egret_ws_loop_free(loop, NULL);
    return session.has_failed;
}
