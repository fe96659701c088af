/* heartbeat URL: measures the round trip to the server with pings, and detects a lost connection early.
 *
 * The library itself sends pings when nothing was received. These are additional pings; the pong returns their payload. */
#define _POSIX_C_SOURCE 200809L
#include <egret_ws.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

static void send_ping(egret_ws *ws)
{
    const int64_t now = now_us();
    if (egret_ws_ping(ws, &now, sizeof now) < 0) /* at most 125 bytes */
        fprintf(stderr, "%s\n", egret_ws_last_error_message());
}

static void on_connect(void *user, egret_ws *ws)
{
    (void)user;
    send_ping(ws);
}

static void on_pong(void *user, egret_ws *ws, const uint8_t *data, size_t len)
{
    int *pongs = user;
    int64_t sent;
    if (len != sizeof sent)
        return; /* the answer to a ping of the library */
    memcpy(&sent, data, sizeof sent);
    printf("%ld us\n", (long)(now_us() - sent));
    if (++*pongs < 3)
        send_ping(ws);
    else
        egret_ws_close(ws, 1000, NULL, 0);
}

static void on_close(void *user, egret_ws *ws, const egret_ws_close_info *info)
{
    (void)user, (void)ws;
    if (info->error == EGRET_WS_ERR_TIMEOUT && info->phase == EGRET_WS_PHASE_OPEN)
        fprintf(stderr, "the server has not answered a ping\n");
    printf("%s\n", info->message);
}

int main(int argc, char **argv)
{
    int pongs = 0;
    egret_ws_loop *loop = NULL;
    egret_ws *ws = NULL;
    egret_ws_options options;
    int32_t result;

    if (argc != 2)
        return fprintf(stderr, "usage: heartbeat URL\n"), 2;
    egret_ws_options_init(&options, sizeof options);
    options.user = &pongs;
    options.on_connect = on_connect;
    options.on_pong = on_pong;
    options.on_close = on_close;
    options.ping_interval_ms = 5000; /* after this time without data; EGRET_WS_UNLIMITED: never */
    options.pong_timeout_ms = 3000;  /* without a pong in this time, the connection is lost */

    result = egret_ws_loop_new(NULL, &loop);
    if (result == EGRET_WS_OK)
        result = egret_ws_connect(loop, argv[1], &options, &ws);
    while (result >= 0 && egret_ws_state(ws) != EGRET_WS_STATE_CLOSED)
        result = egret_ws_loop_poll(loop, -1);
    if (result < 0)
        fprintf(stderr, "%s: %s\n", egret_ws_error_name(result), egret_ws_last_error_message());
    egret_ws_loop_free(loop, NULL);
    return pongs != 3;
}
