/* A connection that is lost or cannot be made is retried. The retries end when the host closes or frees the socket, or when the
 * attempts are used up. on_retry comes before each wait, and on_connect when a connection is open again. */
#include "retry_recorder.h"

static void check_delay(retry_recorder *t) {
    uint32_t most = CEILING_MS;
    if (t->attempt < 3) most = (uint32_t)FIRST_MS << (t->attempt - 1);
    CHECK(t->delay_ms >= FLOOR_MS && t->delay_ms <= most);
}

/* The server stops and starts again, several times. */
static void lost_and_made_again(egret_ws_loop *loop) {
    enum { TIMES = 4 };
    static retry_recorder t;
    static server peer;
    listener port = reserve();
    egret_ws_options options = retry_options(&t);
    egret_ws_statistics stats;
    int time, retries;

    t.then_retry = check_delay;
    serve_again(&peer, &port, swallow);
    CHECK_OK(egret_ws_connect(loop, port.url, &options, &t.r.ws));
    CHECK_EQ(egret_ws_generation(t.r.ws), 0);
    for (time = 1; time <= TIMES; time++) {
        POLL_UNTIL(loop, t.r.connects == 1);
        CHECK_EQ(egret_ws_generation(t.r.ws), time);
        CHECK_EQ(egret_ws_state(t.r.ws), EGRET_WS_STATE_OPEN);
        CHECK_OK(egret_ws_send(t.r.ws, EGRET_WS_TEXT, "here again", EGRET_WS_NUL_TERMINATED));
        POLL_UNTIL(loop, SERVER_SAW(peer, messages) == 1);
        if (time == TIMES) break;

        retries = t.retries;
        stop_server(&peer);
        POLL_UNTIL(loop, t.retries > retries);
        if (t.retries == retries + 1) {
            CHECK_EQ(t.lost.error, EGRET_WS_ERR_CONNECTION_LOST);
            CHECK_EQ(t.lost.phase, EGRET_WS_PHASE_OPEN);
            CHECK_EQ(t.lost.initiator, EGRET_WS_INITIATOR_TRANSPORT);
            CHECK_EQ(t.lost.code, 1006);
            CHECK_EQ(t.lost.unsent_messages + t.lost.unsent_bytes, 0);
        }
        POLL_UNTIL(loop, t.retries > retries + 2);
        CHECK_EQ(t.lost.error, EGRET_WS_ERR_CONNECT);
        CHECK_EQ(t.lost.phase, EGRET_WS_PHASE_CONNECT);
        CHECK_EQ(t.r.connects, 0);
        serve_again(&peer, &port, swallow);
    }
    POLL_UNTIL(loop, egret_ws_buffered_amount(t.r.ws) == 0);
    stats.struct_size = sizeof stats;
    CHECK_OK(egret_ws_stats(t.r.ws, &stats));
    CHECK_EQ(stats.connections, TIMES);
    CHECK_EQ(stats.retries, t.retries);
    CHECK_EQ(stats.messages_sent, TIMES); /* the sum over all connections */
    close_and_free(loop, &t.r);
    stop_server(&peer);
    close_listener(&port);
}

static void retry_at_once(retry_recorder *t) {
    CHECK_OK(egret_ws_retry_now(t->r.ws));
}

/* The host ends the wait with retry_now, outside of on_retry and inside. */
static void now(egret_ws_loop *loop) {
    static retry_recorder t;
    static server peer;
    listener port = reserve();
    egret_ws_options options = long_timeout_options(&t);
    int retries;

    CHECK_OK(egret_ws_connect(loop, port.url, &options, &t.r.ws));
    POLL_UNTIL(loop, t.retries == 1);
    CHECK_EQ(t.delay_ms, AN_HOUR_MS);
    CHECK_OK(egret_ws_retry_now(t.r.ws));
    POLL_UNTIL(loop, t.retries == 2);
    serve_again(&peer, &port, swallow);
    CHECK_OK(egret_ws_retry_now(t.r.ws));
    POLL_UNTIL(loop, t.r.connects == 1);
    CHECK_OK(egret_ws_retry_now(t.r.ws)); /* does nothing: there is no wait */
    settle(loop);
    CHECK_EQ(egret_ws_generation(t.r.ws), 1);
    CHECK_EQ(SERVER_SAW(peer, upgrades), 1);

    retries = t.retries;
    t.then_retry = retry_at_once;
    stop_server(&peer);
    POLL_UNTIL(loop, t.retries >= retries + 5);
    serve_again(&peer, &port, swallow);
    POLL_UNTIL(loop, t.r.connects == 1);
    CHECK_EQ(egret_ws_generation(t.r.ws), 2);
    close_and_free(loop, &t.r);
    CHECK_EQ(egret_ws_retry_now(t.r.ws), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_generation(t.r.ws), EGRET_WS_ERR_BAD_HANDLE);
    stop_server(&peer);
    close_listener(&port);
}

static void close_it(retry_recorder *t) {
    CHECK_OK(egret_ws_close(t->r.ws, 4000, "enough", 6));
    CHECK_EQ(egret_ws_state(t->r.ws), EGRET_WS_STATE_CLOSING);
    CHECK_OK(egret_ws_retry_now(t->r.ws));
    CHECK_EQ(t->r.closes, 0);
}

static void free_it(retry_recorder *t) {
    free_socket(&t->r);
}

/* The host ends the wait in on_retry or later, for a connection that was open or one that never was. No connection is tried again. */
static void ended_while_waiting(egret_ws_loop *loop, void (*end)(retry_recorder *), int was_open, int in_callback) {
    static retry_recorder t;
    static server peer;
    listener port = reserve();
    egret_ws_options options = in_callback ? retry_options(&t) : long_timeout_options(&t);

    if (in_callback) t.then_retry = end;
    if (was_open) serve_again(&peer, &port, swallow);
    CHECK_OK(egret_ws_connect(loop, port.url, &options, &t.r.ws));
    if (was_open) {
        POLL_UNTIL(loop, t.r.connects == 1);
        stop_server(&peer);
    }
    POLL_UNTIL(loop, t.retries == 1);
    serve_again(&peer, &port, swallow);
    if (!in_callback) end(&t);
    POLL_UNTIL(loop, t.r.releases == 1);
    CHECK_EQ(t.retries, 1);
    CHECK_EQ(t.r.connects, 0); /* on_retry has reset it */
    CHECK_EQ(t.r.closes, end == close_it);
    if (end == close_it) {
        CHECK_EQ(t.r.report.error, EGRET_WS_ERR_ABORTED);
        CHECK_EQ(t.r.report.initiator, EGRET_WS_INITIATOR_LOCAL);
        CHECK_EQ(t.r.report.code, 1006);
        CHECK_EQ(t.r.report.sent_code, 0);
        CHECK_EQ(egret_ws_generation(t.r.ws), was_open);
        free_socket(&t.r);
    }
    settle(loop);
    CHECK_EQ(SERVER_SAW(peer, upgrades), 0);
    stop_server(&peer);
    close_listener(&port);
}

/* There are three attempts after the first one, or fewer if the time allows no more. */
static void given_up(egret_ws_loop *loop) {
    static retry_recorder t;
    listener unused = bind_loopback();
    egret_ws_options options = retry_options(&t);

    options.retry_attempts = 3;
    CHECK_OK(egret_ws_connect(loop, unused.url, &options, &t.r.ws));
    POLL_UNTIL(loop, t.r.releases == 1);
    CHECK_EQ(t.retries, 3);
    CHECK_EQ(t.r.closes, 1);
    CHECK_EQ(t.r.report.error, EGRET_WS_ERR_CONNECT);
    CHECK(strstr(t.r.message, "given up") != NULL);
    free_socket(&t.r);

    options = retry_options(&t);
    t.waits = retry_waits(40, 40, 40);
    t.waits.total_ms = 100;
    CHECK_OK(egret_ws_connect(loop, unused.url, &options, &t.r.ws));
    POLL_UNTIL(loop, t.r.releases == 1);
    CHECK(t.retries == 1 || t.retries == 2); /* after 40 ms and 80, which may have become more; not after 120 */
    CHECK_EQ(t.r.report.error, EGRET_WS_ERR_CONNECT);
    CHECK(strstr(t.r.message, "given up") != NULL);
    free_socket(&t.r);
    close_listener(&unused);
}

/* Writes to the pipe when the I/O thread has ended a socket. */
static void notice_the_end(void *user, int32_t level, const char *text, egret_ws *ws) {
    print_log(NULL, level, text, ws);
    if (strstr(text, "given up") != NULL) CHECK_EQ(write(*(int *)user, "", 1), 1);
}

/* The I/O thread has ended the socket before the program polls. Each on_retry still reports that another connection follows, and the
 * state agrees (see record_retry), until on_close. */
static void given_up_before_the_first_poll(void) {
    static retry_recorder t;
    int ends[2];
    struct pollfd log;
    listener unused = bind_loopback();
    egret_ws_options options = retry_options(&t);
    egret_ws_loop_options with_log = loop_options();
    egret_ws_loop *loop = NULL;

    CHECK_EQ(pipe(ends), 0);
    with_log.on_log = notice_the_end;
    with_log.user = &ends[1];
    options.retry_attempts = 3;
    CHECK_OK(egret_ws_loop_new(&with_log, &loop));
    CHECK_OK(egret_ws_connect(loop, unused.url, &options, &t.r.ws));
    log.fd = ends[0];
    log.events = POLLIN;
    CHECK_EQ(poll(&log, 1, WAIT_LIMIT_MS), 1);
    CHECK_EQ(egret_ws_state(t.r.ws), EGRET_WS_STATE_CLOSING); /* nothing was reported, and the connection has ended */
    POLL_UNTIL(loop, t.r.releases == 1);
    CHECK_EQ(t.retries, 3);
    CHECK_EQ(t.r.closes, 1);
    free_socket(&t.r);
    free_loop(loop);
    close_listener(&unused);
    CHECK_EQ(close(ends[0]) + close(ends[1]), 0);
}

/* The close code of the server decides whether there is a retry: "go away" is final, "going away" is not. The host can change this. */
static void closed_by_the_server(egret_ws_loop *loop) {
    static const uint8_t policy[] = {0x88, 2, 1008 >> 8, 1008 & 0xFF}, bye[] = {0x88, 2, 1001 >> 8, 1001 & 0xFF};
    static retry_recorder t;
    static server peer;
    egret_ws_options options = retry_options(&t);

    start_answering_server(&peer, send_answer, policy, sizeof policy);
    CHECK_OK(egret_ws_connect(loop, peer.at.url, &options, &t.r.ws));
    POLL_UNTIL(loop, t.r.releases == 1);
    CHECK_EQ(t.retries, 0);
    CHECK_EQ(t.r.closes, 1);
    CHECK_EQ(t.r.report.code, 1008);
    free_socket(&t.r);
    stop_server(&peer);

    start_answering_server(&peer, send_answer, bye, sizeof bye);
    options = retry_options(&t);
    t.then_retry = close_it;
    CHECK_OK(egret_ws_connect(loop, peer.at.url, &options, &t.r.ws));
    POLL_UNTIL(loop, t.r.releases == 1);
    CHECK_EQ(t.retries, 1);
    CHECK_EQ(t.lost.error, EGRET_WS_OK);
    CHECK_EQ(t.lost.initiator, EGRET_WS_INITIATOR_PEER);
    CHECK_EQ(t.lost.code, 1001);
    CHECK_EQ(t.r.closes, 1);
    CHECK_EQ(SERVER_SAW(peer, upgrades), 1);
    free_socket(&t.r);
    stop_server(&peer);
}

int main(int argc, char **argv) {
    egret_ws_loop *loop;
    int was_open, in_callback;
    begin(argc, argv);
    loop = new_loop();
    lost_and_made_again(loop);
    now(loop);
    for (was_open = 0; was_open <= 1; was_open++) {
        for (in_callback = 0; in_callback <= 1; in_callback++) {
            ended_while_waiting(loop, close_it, was_open, in_callback);
            ended_while_waiting(loop, free_it, was_open, in_callback);
        }
    }
    given_up(loop);
    if (driver != EGRET_WS_LOOP_INLINE) given_up_before_the_first_poll(); /* an inline loop connects in polls only */
    closed_by_the_server(loop);
    settle(loop);
    free_loop(loop);
    return 0;
}
