/* Each stage of connecting has a time-out, all stages together have one, and close and free end each stage at once. */
#include "blocked_lookup.h"
#include "server.h"

enum { LIMIT_MS = 100 };

static egret_ws_loop *loop;

/* Stages that never end by themselves. */
enum { RESOLVE, CONNECT, PROXY, TLS, HANDSHAKE, STAGES };

static const int32_t phases[STAGES] = {
    EGRET_WS_PHASE_RESOLVE, EGRET_WS_PHASE_CONNECT,   EGRET_WS_PHASE_PROXY,
    EGRET_WS_PHASE_TLS,     EGRET_WS_PHASE_HANDSHAKE,
};

/* A connection that stays in one stage. */
typedef struct {
    recorder r;
    listener peer; /* it never answers */
    int fd;        /* of the connection to it, or -1 */
} stalled_socket;

/* Connects with the time-out `own_ms` for the stage and `open_ms` for all stages. All other time-outs are longer than this test. */
static stalled_socket *begin_stalled(int stage, uint32_t own_ms, uint32_t open_ms) {
    stalled_socket *s = (stalled_socket *)calloc(1, sizeof *s);
    egret_ws_options options;
    char url[64], proxy[64];

    CHECK(s != NULL);
    s->fd = -1;
    s->peer = stage == CONNECT ? listen_with_full_queue() : listen_silently();
    options = recorder_options(&s->r);
    options.connect_timeout_ms = options.handshake_timeout_ms = options.close_timeout_ms = 1000 * WAIT_LIMIT_MS;
    options.resolve_timeout_ms = options.proxy_timeout_ms = options.tls_timeout_ms = 1000 * WAIT_LIMIT_MS;
    options.open_timeout_ms = open_ms;
    snprintf(url, sizeof url, "%s://127.0.0.1:%d/", stage == TLS ? "wss" : "ws", (int)s->peer.port);
    switch (stage) {
    case RESOLVE:
        snprintf(url, sizeof url, "ws://hung.test/");
        options.resolve_timeout_ms = own_ms;
        break;
    case CONNECT: options.connect_timeout_ms = own_ms; break;
    case PROXY:
        snprintf(url, sizeof url, "ws://game.test/");
        snprintf(proxy, sizeof proxy, "http://127.0.0.1:%d", (int)s->peer.port);
        options.proxy = proxy;
        options.proxy_timeout_ms = own_ms;
        break;
    case TLS: options.tls_timeout_ms = own_ms; break;
    default: options.handshake_timeout_ms = own_ms; break;
    }
    CHECK_OK(egret_ws_connect(loop, url, &options, &s->r.ws));
    return s;
}

static void end_stalled(stalled_socket *s) {
    if (s->fd >= 0) close(s->fd);
    close_listener(&s->peer);
    free(s);
}

static void expect_report(const stalled_socket *s, int32_t error, int stage, int32_t initiator) {
    CHECK_EQ(s->r.connects, 0);
    CHECK_EQ(s->r.closes, 1);
    CHECK_EQ(s->r.report.error, error);
    CHECK_EQ(s->r.report.phase, phases[stage]);
    CHECK_EQ(s->r.report.initiator, initiator);
    CHECK_EQ(s->r.report.code, 1006);
    CHECK_EQ(s->r.report.http_status, 0);
}

/* All stages at the same time. */
static void deadlines_are_kept(uint32_t own_ms, uint32_t open_ms) {
    const int64_t begun_us = now_us();
    stalled_socket *all[STAGES];
    int64_t took_us;
    int stage;
    for (stage = 0; stage < STAGES; stage++) all[stage] = begin_stalled(stage, own_ms, open_ms);
    for (stage = 0; stage < STAGES; stage++) {
        stalled_socket *s = all[stage];
        POLL_UNTIL(loop, s->r.releases == 1);
        took_us = now_us() - begun_us;
        CHECK(took_us >= LIMIT_MS * 1000 && took_us < WAIT_LIMIT_MS * 1000 / 2);
        expect_report(s, EGRET_WS_ERR_TIMEOUT, stage, EGRET_WS_INITIATOR_TRANSPORT);
        free_socket(&s->r);
        end_stalled(s);
    }
}

/* True when the library has sent the first byte of this stage. */
static int stage_has_begun(stalled_socket *s) {
    struct pollfd queue;
    char byte;
    queue.fd = s->peer.fd;
    queue.events = POLLIN;
    if (s->fd < 0 && poll(&queue, 1, 0) == 1) s->fd = accept(s->peer.fd, NULL, NULL);
    return s->fd >= 0 && recv(s->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
}

static stalled_socket *reach(int stage) {
    stalled_socket *s = begin_stalled(stage, 1000 * WAIT_LIMIT_MS, 1000 * WAIT_LIMIT_MS);
    if (stage == RESOLVE) {
        POLL_UNTIL(loop, a_lookup_hangs());
    } else if (stage != CONNECT) { /* that stage begins at once */
        POLL_UNTIL(loop, stage_has_begun(s));
    }
    CHECK_EQ(egret_ws_state(s->r.ws), EGRET_WS_STATE_CONNECTING);
    return s;
}

/* The peer reads all bytes that were sent, and then the end of the stream, by a FIN or a reset. */
static int has_hung_up(const stalled_socket *s) {
    char rest[4096];
    ssize_t got;
    do got = recv(s->fd, rest, sizeof rest, MSG_DONTWAIT);
    while (got > 0);
    return got == 0 || errno == ECONNRESET;
}

static void close_ends_it_at_once(int stage) {
    stalled_socket *s = reach(stage);
    const int64_t begun_us = now_us();
    CHECK_OK(egret_ws_close(s->r.ws, 1000, NULL, 0));
    POLL_UNTIL(loop, s->r.releases == 1);
    CHECK(now_us() - begun_us < WAIT_LIMIT_MS * 1000 / 2);
    expect_report(s, EGRET_WS_ERR_ABORTED, stage, EGRET_WS_INITIATOR_LOCAL);
    if (s->fd >= 0) POLL_UNTIL(loop, has_hung_up(s));
    free_socket(&s->r);
    end_stalled(s);
}

static void free_ends_it_at_once(int stage) {
    stalled_socket *s = reach(stage);
    const int64_t begun_us = now_us();
    free_socket(&s->r);
    POLL_UNTIL(loop, s->r.releases == 1);
    if (s->fd >= 0) POLL_UNTIL(loop, has_hung_up(s));
    CHECK(now_us() - begun_us < WAIT_LIMIT_MS * 1000 / 2);
    CHECK_EQ(s->r.connects + s->r.closes, 0);
    end_stalled(s);
}

int main(int argc, char **argv) {
    int stage;
    begin(argc, argv);
    loop = new_loop();
    deadlines_are_kept(LIMIT_MS, 1000 * WAIT_LIMIT_MS);
    deadlines_are_kept(1000 * WAIT_LIMIT_MS, LIMIT_MS);
    for (stage = 0; stage < STAGES; stage++) {
        close_ends_it_at_once(stage);
        free_ends_it_at_once(stage);
    }
    settle(loop);
    free_loop(loop);
    let_lookups_end();
    return 0;
}
