/* hello [URL [CERTIFICATES]]: prints the version. With a URL, it sends a message to an echo server and prints the answer. */
#include <egret_ws.h>
#include <stdio.h>
#include <string.h>

static void on_connect(void *user, egret_ws *ws) {
    (void)user, egret_ws_send(ws, EGRET_WS_TEXT, "Hello Egret WebSocket", EGRET_WS_NUL_TERMINATED);
}

static void on_message(void *user, egret_ws *ws, egret_ws_kind_t kind, const uint8_t *data, size_t len) {
    (void)user, (void)kind, printf("received: %.*s\n", (int)len, (const char *)data);
    egret_ws_close(ws, 1000, NULL, 0);
}

static void on_close(void *user, egret_ws *ws, const egret_ws_close_info *info) {
    (void)ws, *(int *)user = info->error == EGRET_WS_OK;
    if (info->error != EGRET_WS_OK) fprintf(stderr, "%s (%s)\n", info->message, egret_ws_error_name(info->error));
}

int main(int argc, char **argv) {
    static char roots[65536];
    int closed_cleanly = 0;
    egret_ws_loop *loop = NULL;
    egret_ws *ws = NULL;
    egret_ws_options options;
    printf("egret_ws %s\n", egret_ws_version_string());
    if (argc < 2) return 0;
    egret_ws_options_init(&options, sizeof options);
    options.user = &closed_cleanly;
    options.on_connect = on_connect, options.on_message = on_message, options.on_close = on_close;
    if (argc > 2) {
        FILE *file = fopen(argv[2], "rb");
        if (!file) return 2;
        options.tls_roots = roots;
        options.tls_roots_len = fread(roots, 1, sizeof roots, file);
        fclose(file);
    }
    int32_t result = egret_ws_loop_new(NULL, &loop);
    if (result >= 0) result = egret_ws_connect(loop, argv[1], &options, &ws);
    while (result >= 0 && egret_ws_state(ws) != EGRET_WS_STATE_CLOSED) result = egret_ws_loop_poll(loop, -1);
    if (result < 0) fprintf(stderr, "%s (%s)\n", egret_ws_last_error_message(), egret_ws_error_name(result));
    egret_ws_loop_free(loop, NULL);
    return closed_cleanly ? 0 : 1;
}
