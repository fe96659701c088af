/* libuv URL [COUNT [MS]]: a client in an event loop of libuv. It sends COUNT messages (10), one every MS milliseconds (100), and
 * prints the answers. Ctrl-C also ends it.
 *
 *     export PKG_CONFIG_PATH=$HOME/egret/lib/pkgconfig
 *     cc libuv.c $(pkg-config --cflags --libs egret_ws libuv) -Wl,-rpath,$HOME/egret/lib -o libuv
 *     ./libuv ws://127.0.0.1:9000/
 *
 * The loop of egret-ws has no thread here (EGRET_WS_LOOP_INLINE). It needs three handles of libuv: a poll handle waits for the
 * descriptor, a prepare handle asks before each wait how long the wait may be, and a timer ends the wait at that time. */
#include <egret_ws.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

typedef struct {
    uv_loop_t uv;
    uv_poll_t readable;
    uv_prepare_t before_wait;
    uv_timer_t deadline; /* of the library */
    uv_timer_t ticks;    /* of the application */
    uv_signal_t interrupt;
    egret_ws_loop *loop;
    egret_ws *ws;
    long count, sent; /* messages */
    uint64_t tick_ms;
    int is_closed_cleanly;
} Client;

/* Ends uv_run, which returns when no handle is left. */
static void end(Client *client)
{
    uv_handle_t *const handles[] = {(uv_handle_t *)&client->readable, (uv_handle_t *)&client->before_wait,
                                    (uv_handle_t *)&client->deadline, (uv_handle_t *)&client->ticks,
                                    (uv_handle_t *)&client->interrupt};
    size_t i;
    for (i = 0; i < sizeof handles / sizeof *handles; ++i)
        if (!uv_is_closing(handles[i]))
            uv_close(handles[i], NULL);
}

static void poll_sockets(Client *client)
{
    if (egret_ws_loop_poll(client->loop, 0) < 0) { /* the callbacks of the sockets run inside this call */
        fprintf(stderr, "%s\n", egret_ws_last_error_message());
        end(client);
    }
}

static void on_readable(uv_poll_t *handle, int status, int events)
{
    (void)status, (void)events;
    poll_sockets(handle->data);
}

static void on_deadline(uv_timer_t *handle)
{
    poll_sockets(handle->data);
}

/* The time-outs of the library change with each event, so the timer is set before each wait. */
static void on_before_wait(uv_prepare_t *handle)
{
    Client *const client = handle->data;
    const int32_t next = egret_ws_loop_next_poll_ms(client->loop);
    if (next == INT32_MAX) {
        uv_timer_stop(&client->deadline);
    } else {
        uv_update_time(&client->uv); /* the callbacks of this pass have taken some time */
        uv_timer_start(&client->deadline, on_deadline, next > 0 ? (uint64_t)next : 0, 0);
    }
}

static void on_tick(uv_timer_t *handle)
{
    Client *const client = handle->data;
    char text[32];
    int32_t result;
    snprintf(text, sizeof text, "message %ld", client->sent + 1);
    result = egret_ws_send(client->ws, EGRET_WS_TEXT, text, EGRET_WS_NUL_TERMINATED);
    if (result == EGRET_WS_ERR_BACKPRESSURE)
        return; /* try again at the next tick */
    if (result < 0)
        fprintf(stderr, "not sent: %s\n", egret_ws_last_error_message());
    if (++client->sent < client->count)
        return;
    uv_timer_stop(handle);
    egret_ws_close(client->ws, 1000, NULL, 0); /* the messages are sent first; on_close is called when the server has answered */
}

static void on_interrupt(uv_signal_t *handle, int number)
{
    Client *const client = handle->data;
    (void)number;
    uv_timer_stop(&client->ticks);
    egret_ws_close(client->ws, 1000, NULL, 0);
}

static void on_connect(void *user, egret_ws *ws)
{
    Client *const client = user;
    (void)ws;
    uv_timer_start(&client->ticks, on_tick, 0, client->tick_ms);
}

static void on_message(void *user, egret_ws *ws, egret_ws_kind_t kind, const uint8_t *data, size_t len)
{
    (void)user, (void)ws;
    if (kind == EGRET_WS_TEXT)
        printf("%.*s\n", (int)len, (const char *)data), fflush(stdout);
}

static void on_close(void *user, egret_ws *ws, const egret_ws_close_info *info)
{
    Client *const client = user;
    (void)ws;
    fprintf(stderr, "%s\n", info->message);
    client->is_closed_cleanly = info->error == EGRET_WS_OK;
    end(client);
}

static void run(Client *client)
{
    uv_loop_init(&client->uv);
    uv_poll_init(&client->uv, &client->readable, egret_ws_loop_descriptor(client->loop)); /* the library closes it */
    uv_prepare_init(&client->uv, &client->before_wait);
    uv_timer_init(&client->uv, &client->deadline);
    uv_timer_init(&client->uv, &client->ticks);
    uv_signal_init(&client->uv, &client->interrupt);
    client->readable.data = client->before_wait.data = client->deadline.data = client;
    client->ticks.data = client->interrupt.data = client;
    uv_poll_start(&client->readable, UV_READABLE, on_readable);
    uv_prepare_start(&client->before_wait, on_before_wait);
    uv_signal_start(&client->interrupt, on_interrupt, SIGINT);
    uv_run(&client->uv, UV_RUN_DEFAULT);
    uv_loop_close(&client->uv); /* before the loop of egret-ws is freed, which owns the descriptor */
}

int main(int argc, char **argv)
{
    Client client;
    egret_ws_loop_options loop_options;
    egret_ws_options options;
    int32_t result;

    if (argc < 2 || argc > 4)
        return fprintf(stderr, "usage: libuv URL [COUNT [MS]]\n"), 2;
    memset(&client, 0, sizeof client);
    client.count = argc > 2 ? atol(argv[2]) : 10;
    client.tick_ms = argc > 3 ? strtoul(argv[3], NULL, 10) : 100;
    if (client.tick_ms == 0)
        client.tick_ms = 1; /* with 0 the timer would not repeat */
    egret_ws_loop_options_init(&loop_options, sizeof loop_options);
    loop_options.flags = EGRET_WS_LOOP_INLINE;
    egret_ws_options_init(&options, sizeof options);
    options.user = &client;
    options.on_connect = on_connect;
    options.on_message = on_message;
    options.on_close = on_close;

    result = egret_ws_loop_new(&loop_options, &client.loop);
    if (result == EGRET_WS_OK)
        result = egret_ws_connect(client.loop, argv[1], &options, &client.ws);
    if (result == EGRET_WS_OK)
        run(&client);
    else
        fprintf(stderr, "%s: %s\n", egret_ws_error_name(result), egret_ws_last_error_message());
    egret_ws_loop_free(client.loop, NULL);
    return !client.is_closed_cleanly;
}
