/* hello_wss URL [ROOTS]: sends a message over TLS of this program's own OpenSSL. ROOTS is a file of additional trusted
 * certificates (PEM). cc hello_wss.c openssl_provider.c $(pkg-config --cflags --libs egret_ws openssl) -pthread -o hello_wss
 * (examples/README.md has the option for a library outside of the system's folders.) */
#include "openssl_provider.h"
#include <stdio.h>

static void on_connect(void *user, egret_ws *ws) {
    (void)user, egret_ws_send(ws, EGRET_WS_TEXT, "Hello from OpenSSL", EGRET_WS_NUL_TERMINATED);
}

static void on_message(void *user, egret_ws *ws, egret_ws_kind_t kind, const uint8_t *data, size_t len) {
    egret_ws_statistics statistics;
    char cipher[64] = "";
    (void)user, (void)kind, printf("received: %.*s\n", (int)len, (const char *)data);
    statistics.struct_size = sizeof statistics;
    egret_ws_stats(ws, &statistics);
    egret_ws_tls_cipher(ws, cipher, sizeof cipher);
    printf("TLS 1.%d with %s\n", (int)statistics.tls_version - 0x0301, cipher);
    egret_ws_close(ws, 1000, NULL, 0);
}

static void on_close(void *user, egret_ws *ws, const egret_ws_close_info *info) {
    (void)ws, *(int *)user = info->error == EGRET_WS_OK;
    if (info->error != EGRET_WS_OK) fprintf(stderr, "%s (%s)\n", info->message, egret_ws_error_name(info->error));
}

int main(int argc, char **argv) {
    static char roots[64 << 10];
    int closed_cleanly = 0;
    egret_ws_loop *loop = NULL;
    egret_ws *ws = NULL;
    egret_ws_tls_provider provider;
    egret_ws_loop_options loop_options;
    egret_ws_options options;
    egret_ws_error_t result;
    FILE *file = argc > 2 ? fopen(argv[2], "rb") : NULL;
    if (argc < 2 || (argc > 2 && file == NULL)) {
        fprintf(stderr, argc < 2 ? "usage: hello_wss URL [ROOTS]\n" : "ROOTS cannot be read\n");
        return 2;
    }
    egret_ws_loop_options_init(&loop_options, sizeof loop_options);
    egret_ws_options_init(&options, sizeof options);
    options.user = &closed_cleanly;
    options.on_connect = on_connect, options.on_message = on_message, options.on_close = on_close;
    if (file != NULL) options.tls_roots = roots, options.tls_roots_len = fread(roots, 1, sizeof roots, file), fclose(file);

    result = openssl_provider(&provider);
    loop_options.tls_provider = &provider;
    if (result >= 0) result = egret_ws_loop_new(&loop_options, &loop);
    if (result >= 0) result = egret_ws_connect(loop, argv[1], &options, &ws);
    while (result >= 0 && egret_ws_state(ws) != EGRET_WS_STATE_CLOSED) result = egret_ws_loop_poll(loop, -1);
    if (result < 0) fprintf(stderr, "%s (%s)\n", egret_ws_last_error_message(), egret_ws_error_name(result));
    egret_ws_loop_free(loop, NULL);
    return closed_cleanly ? 0 : 1;
}
