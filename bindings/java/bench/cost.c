/* Measures in C what Cost.java measures in Java: `cost URL text|binary BYTES`. */
#define _POSIX_C_SOURCE 200809L
#include <egret_ws.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WINDOW = 64 };

static long received;

static void on_message(void *user, egret_ws *ws, int32_t kind, const uint8_t *data, size_t len) {
    (void)user, (void)ws, (void)kind, (void)data, (void)len;
    received++;
}

static long cpu_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * 1000000000L + now.tv_nsec;
}

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    size_t bytes = strtoul(argv[3], NULL, 10);
    long count = 500000000L / (long)(bytes + 2000), sent = 0, start = 0;
    if (count > 100000) count = 100000;
    char *data = malloc(bytes + 1);
    memset(data, 'x', bytes);
    egret_ws_loop_options loop_options;
    egret_ws_options options;
    egret_ws_loop *loop;
    egret_ws *ws;
    egret_ws_loop_options_init(&loop_options, sizeof loop_options);
    loop_options.poll_max_us = UINT32_MAX;
    egret_ws_options_init(&options, sizeof options);
    options.flags = EGRET_WS_DISABLE_DEFLATE;
    options.on_message = on_message;
    if (egret_ws_loop_new(&loop_options, &loop) || egret_ws_connect(loop, argv[1], &options, &ws)) return 1;
    while (egret_ws_state(ws) != EGRET_WS_STATE_OPEN) egret_ws_loop_poll(loop, -1);
    while (received < 2 * count) { /* the first half warms up */
        if (!start && received >= count) start = cpu_ns();
        for (int i = 0; i < WINDOW && sent < 2 * count; i++, sent++) {
            int32_t result = argv[2][0] == 't' ? egret_ws_send(ws, EGRET_WS_TEXT, data, bytes)
                                               : egret_ws_send(ws, EGRET_WS_BINARY, (const uint8_t *)data, bytes);
            if (result) return 1;
        }
        while (received < sent) egret_ws_loop_poll(loop, -1);
    }
    printf("%ld\n", (cpu_ns() - start) / count);
    free(data);
    egret_ws_loop_free(loop, NULL);
    return 0;
}
