/* event_loop URL: waits for a socket and for other descriptors together, with poll(2) and without a thread.
 *
 * The descriptor can also be added to epoll, GLib, ALooper or libuv. */
#define _POSIX_C_SOURCE 200809L
#include <egret_ws.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

static void on_connect(void *user, egret_ws *ws)
{
    (void)user;
    egret_ws_send(ws, EGRET_WS_TEXT, "Hello event loop", EGRET_WS_NUL_TERMINATED);
}

static void on_message(void *user, egret_ws *ws, egret_ws_kind_t kind, const uint8_t *data, size_t len)
{
    (void)user, (void)kind;
    printf("received: %.*s\n", (int)len, (const char *)data);
    egret_ws_close(ws, 1000, NULL, 0);
}

static void on_close(void *user, egret_ws *ws, const egret_ws_close_info *info)
{
    (void)ws;
    printf("%s\n", info->message);
    *(int *)user = info->error == EGRET_WS_OK;
}

int main(int argc, char **argv)
{
    int closed_cleanly = 0;
    egret_ws_loop *loop = NULL;
    egret_ws *ws = NULL;
    egret_ws_loop_options loop_options;
    egret_ws_options options;
    struct pollfd waits[2] = {{0, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
    int32_t result;

    if (argc != 2)
        return fprintf(stderr, "usage: event_loop URL\n"), 2;
    egret_ws_loop_options_init(&loop_options, sizeof loop_options);
    loop_options.flags = EGRET_WS_LOOP_INLINE; /* egret_ws_loop_poll reads and writes itself */
    egret_ws_options_init(&options, sizeof options);
    options.user = &closed_cleanly;
    options.on_connect = on_connect;
    options.on_message = on_message;
    options.on_close = on_close;

    result = egret_ws_loop_new(&loop_options, &loop);
    if (result == EGRET_WS_OK)
        result = egret_ws_connect(loop, argv[1], &options, &ws);
    if (result >= 0)
        result = waits[0].fd = egret_ws_loop_descriptor(loop); /* the library closes it */
    while (result >= 0 && egret_ws_state(ws) != EGRET_WS_STATE_CLOSED) {
        poll(waits, 2, egret_ws_loop_next_poll_ms(loop)); /* ask before each wait: timers change */
        if (waits[1].revents != 0)
            waits[1].fd = -1; /* an application would read its input here */
        result = egret_ws_loop_poll(loop, 0);
    }
    if (result < 0)
        fprintf(stderr, "%s: %s\n", egret_ws_error_name(result), egret_ws_last_error_message());
    egret_ws_loop_free(loop, NULL);
    return !closed_cleanly;
}
