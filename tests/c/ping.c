/* A ping carries the payload of the host, and on_pong gets each pong except those of the heartbeat. */
#include "server.h"

typedef struct {
    recorder r; /* the first field, because callbacks use `user` as a recorder */
    int pongs;
    size_t len;
    uint8_t data[125];
} ping_recorder;

static void record_pong(void *user, egret_ws *ws, const uint8_t *data, size_t len) {
    ping_recorder *p = (ping_recorder *)user;
    CHECK(recorder_of_socket(user, ws) == &p->r && p->r.connects == 1 && p->r.closes == 0);
    CHECK(data != NULL && len <= sizeof p->data);
    p->pongs++;
    p->len = len;
    memcpy(p->data, data, len);
}

static void begin_with_pongs(egret_ws_loop *loop, const char *url, ping_recorder *p, uint32_t interval_ms) {
    egret_ws_options options;
    memset(p, 0, sizeof *p);
    options = recorder_options(&p->r);
    options.on_pong = record_pong;
    options.ping_interval_ms = interval_ms;
    CHECK_OK(egret_ws_connect(loop, url, &options, &p->r.ws));
}

static void payloads_come_back(egret_ws_loop *loop) {
    static ping_recorder p;
    uint8_t data[126];
    size_t len;
    begin_with_pongs(loop, echo_url, &p, EGRET_WS_UNLIMITED);
    CHECK_EQ(egret_ws_ping(p.r.ws, NULL, 0), EGRET_WS_ERR_NOT_OPEN);
    POLL_UNTIL(loop, p.r.connects == 1);
    for (len = 0; len < sizeof data; len++) data[len] = (uint8_t)len;
    for (len = 0; len <= 125; len += 25) {
        const int before = p.pongs;
        CHECK_OK(egret_ws_ping(p.r.ws, data, len));
        POLL_UNTIL(loop, p.pongs == before + 1);
        CHECK_EQ(p.len, len);
        CHECK(memcmp(p.data, data, len) == 0);
    }
    CHECK_EQ(egret_ws_ping(p.r.ws, data, 126), EGRET_WS_ERR_INVALID_ARGUMENT);
    CHECK_EQ(egret_ws_ping(p.r.ws, NULL, 1), EGRET_WS_ERR_INVALID_ARGUMENT);
    CHECK_EQ(egret_ws_ping(p.r.ws, data, SIZE_MAX), EGRET_WS_ERR_INVALID_ARGUMENT);
    /* A pong does not wait for messages of a paused socket. */
    CHECK_OK(egret_ws_pause_receive(p.r.ws));
    CHECK_OK(egret_ws_send(p.r.ws, EGRET_WS_TEXT, "before", 6));
    CHECK_OK(egret_ws_ping(p.r.ws, "x", 1));
    POLL_UNTIL(loop, p.len == 1);
    CHECK_EQ(p.r.messages, 0);
    CHECK_OK(egret_ws_resume_receive(p.r.ws));
    POLL_UNTIL(loop, p.r.messages == 1);
    close_and_free(loop, &p.r);
}

/* The server's script: it sends unsolicited pongs, and then reads. */
static void send_pongs(server *s, int fd) {
    static const uint8_t pongs[] = {0x8a, 3, 'o', 'n', 'e', 0x8a, 0, 0x81, 1, 'x'};
    CHECK(send_all(fd, pongs, sizeof pongs));
    swallow(s, fd);
}

static void unsolicited_pongs_count(egret_ws_loop *loop) {
    static ping_recorder p;
    static server peer;
    start_server(&peer, send_pongs);
    begin_with_pongs(loop, peer.at.url, &p, EGRET_WS_UNLIMITED);
    POLL_UNTIL(loop, p.r.messages == 1);
    CHECK_EQ(p.pongs, 2);
    free_socket(&p.r);
    stop_server(&peer);
}

/* The heartbeat pings the echo server, which answers. */
static void the_heartbeat_is_silent(egret_ws_loop *loop) {
    static ping_recorder p;
    egret_ws_statistics stats;
    begin_with_pongs(loop, echo_url, &p, 1);
    memset(&stats, 0, sizeof stats);
    stats.struct_size = sizeof stats;
    while (stats.rtt_us == 0) {
        CHECK(poll_loop(loop, 5) >= 0);
        CHECK_OK(egret_ws_stats(p.r.ws, &stats));
    }
    CHECK_EQ(p.pongs, 0);
    close_and_free(loop, &p.r);
}

int main(int argc, char **argv) {
    egret_ws_loop *loop;
    begin(argc, argv);
    loop = new_loop();
    payloads_come_back(loop);
    unsolicited_pongs_count(loop);
    the_heartbeat_is_silent(loop);
    free_loop(loop);
    return 0;
}
