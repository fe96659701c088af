/* Only a poll with a time-out blocks. Each function is called and timed while a look-up hangs, while TCP does not connect, while the
 * upgrade is not answered and while the send buffer is full.
 *
 * The fastest of several rounds counts: a call that blocks does so in each round, a busy machine delays only some. */
#include "blocked_lookup.h"
#include "server.h"

#define BOUND_US (SLOW ? 500000 : 50000)

enum { ROUNDS = 3, MOST_LINES = 500, LINGER_MS = 100 };

static int64_t fastest_us[MOST_LINES]; /* indexed by line of this file; 0 if the line has no timed call */

static void note(int line, int64_t elapsed_us) {
    CHECK(line < MOST_LINES);
    if (elapsed_us < 1) elapsed_us = 1;
    if (fastest_us[line] == 0 || elapsed_us < fastest_us[line]) fastest_us[line] = elapsed_us;
}

static void check_the_fastest(void) {
    int line;
    for (line = 0; line < MOST_LINES; line++)
        if (fastest_us[line] > BOUND_US) fail(__FILE__, line, "this call blocked, in every round");
}

/* `call` must return `should` and take at most `allowed_ms` plus the bound. */
#define TIMED(call, should, allowed_ms)                                          \
    do {                                                                         \
        const int64_t begun_us = now_us();                                       \
        const int64_t result = (call);                                           \
        note(__LINE__, now_us() - begun_us - (allowed_ms) * INT64_C(1000));      \
        check_eq(__FILE__, __LINE__, #call, result, should);                     \
    } while (0)

static egret_ws_loop *new_timed_loop(uint32_t linger_ms) {
    egret_ws_loop_options options;
    egret_ws_loop *loop = NULL;
    TIMED(egret_ws_loop_options_init(&options, sizeof options), EGRET_WS_OK, 0);
    options = loop_options();
    options.linger_ms = linger_ms;
    TIMED(egret_ws_loop_new(&options, &loop), EGRET_WS_OK, 0);
    return loop;
}

static void free_timed_loop(egret_ws_loop *loop, uint32_t linger_ms) {
    callbacks_may_run = 1;
    TIMED(egret_ws_loop_free(loop, NULL), EGRET_WS_OK, linger_ms);
    callbacks_may_run = 0;
}

static egret_ws_options fresh(recorder *r) {
    memset(r, 0, sizeof *r);
    return recorder_options(r);
}

static void connect_timed(egret_ws_loop *loop, const char *host, uint16_t port, recorder *r) {
    const egret_ws_options options = fresh(r);
    TIMED(egret_ws_connect_host(loop, host, port, &options, &r->ws), EGRET_WS_OK, 0);
}

static void connect_url_timed(egret_ws_loop *loop, const char *host, uint16_t port, recorder *r) {
    const egret_ws_options options = fresh(r);
    char url[64];
    snprintf(url, sizeof url, "ws://%s:%d/", host, (int)port);
    TIMED(egret_ws_connect(loop, url, &options, &r->ws), EGRET_WS_OK, 0);
}

/* The connection to `host` and `port` gets no further than `phase`. */
static void while_connecting(const char *host, uint16_t port, int32_t phase) {
    static recorder closed, freed, left;
    egret_ws_loop *loop = new_timed_loop(LINGER_MS);

    connect_timed(loop, host, port, &closed);
    connect_url_timed(loop, host, port, &freed);
    connect_timed(loop, host, port, &left);
    settle(loop);
    if (phase == EGRET_WS_PHASE_RESOLVE) POLL_UNTIL(loop, a_lookup_hangs());

    TIMED(egret_ws_state(closed.ws), EGRET_WS_STATE_CONNECTING, 0);
    TIMED(egret_ws_buffered_amount(closed.ws), 0, 0);
    TIMED(egret_ws_send(closed.ws, EGRET_WS_TEXT, "x", 1), EGRET_WS_ERR_NOT_OPEN, 0);
    TIMED(egret_ws_send(closed.ws, EGRET_WS_BINARY, (const uint8_t *)"x", 1), EGRET_WS_ERR_NOT_OPEN, 0);
    TIMED(poll_loop(loop, 0), 0, 0);
    TIMED(poll_loop(loop, 5), 0, 5);
    freed.freed = 1;
    TIMED(egret_ws_free(freed.ws), EGRET_WS_OK, 0);
    TIMED(egret_ws_close(closed.ws, 1000, NULL, 0), EGRET_WS_OK, 0);

    POLL_UNTIL(loop, closed.releases == 1 && freed.releases == 1);
    CHECK_EQ(closed.report.error, EGRET_WS_ERR_ABORTED);
    CHECK_EQ(closed.report.phase, phase);
    CHECK_EQ(closed.report.initiator, EGRET_WS_INITIATOR_LOCAL);
    CHECK_EQ(closed.report.code, 1006);
    CHECK_EQ(closed.report.sent_code, 0);
    CHECK_EQ(left.closes, 0);
    free_timed_loop(loop, 0); /* it does not linger: no messages wait */
    CHECK_EQ(left.releases, 1);
}

static void while_the_upgrade_is_not_answered(void) {
    listener silent = listen_silently();
    while_connecting("127.0.0.1", silent.port, EGRET_WS_PHASE_HANDSHAKE);
    close_listener(&silent);
}

static void while_tcp_does_not_connect(void) {
    listener full = listen_with_full_queue();
    while_connecting("127.0.0.1", full.port, EGRET_WS_PHASE_CONNECT);
    close_listener(&full);
}

/* fill has seen the refusal, but the operating system may accept a little more at any time. */
static int taken_or_refused(int32_t result) {
    return result == EGRET_WS_OK || result == EGRET_WS_ERR_BACKPRESSURE;
}

static void call_all_while_full(egret_ws_loop *loop, recorder *r) {
    static uint8_t part[EGRET_WS_MAX_MESSAGE_BYTES];
    TIMED(taken_or_refused(egret_ws_send(r->ws, EGRET_WS_TEXT, (const char *)part, sizeof part)), 1, 0);
    TIMED(taken_or_refused(egret_ws_send(r->ws, EGRET_WS_BINARY, part, sizeof part)), 1, 0);
    TIMED(egret_ws_state(r->ws), EGRET_WS_STATE_OPEN, 0);
    TIMED(egret_ws_buffered_amount(r->ws) > 0, 1, 0);
    TIMED(poll_loop(loop, 0), 0, 0);
    TIMED(poll_loop(loop, 5), 0, 5);
    CHECK_EQ(r->closes, 0);
}

static void while_the_send_buffer_is_full(uint32_t linger_ms) {
    static recorder closed, freed, left;
    static server unread[3];
    recorder *const sockets[3] = {&closed, &freed, &left};
    egret_ws_loop *loop = new_timed_loop(linger_ms);
    int i;

    for (i = 0; i < 3; i++) {
        memset(sockets[i], 0, sizeof *sockets[i]);
        start_server(&unread[i], never_read);
        open_socket(loop, unread[i].at.url, sockets[i]);
        TIMED(egret_ws_send(sockets[i]->ws, EGRET_WS_TEXT, "x", 1), EGRET_WS_OK, 0);
        fill(loop, sockets[i]);
        call_all_while_full(loop, sockets[i]);
    }
    TIMED(egret_ws_close(closed.ws, 1000, NULL, 0), EGRET_WS_OK, 0);
    TIMED(egret_ws_close(closed.ws, 1000, NULL, 0), EGRET_WS_OK, 0);
    freed.freed = 1;
    TIMED(egret_ws_free(freed.ws), EGRET_WS_OK, 0);
    TIMED(egret_ws_state(closed.ws), EGRET_WS_STATE_CLOSING, 0);
    POLL_UNTIL(loop, freed.releases == 1);
    free_timed_loop(loop, linger_ms);
    CHECK_EQ(closed.releases + left.releases, 2);
    CHECK_EQ(closed.closes + left.closes, 0);
    for (i = 0; i < 3; i++) stop_server(&unread[i]);
}

int main(int argc, char **argv) {
    int round;

    begin(argc, argv);
    for (round = 0; round < ROUNDS; round++) {
        while_connecting("hung.test", 9, EGRET_WS_PHASE_RESOLVE);
        while_tcp_does_not_connect();
        while_the_upgrade_is_not_answered();
        while_the_send_buffer_is_full(0);
        while_the_send_buffer_is_full(LINGER_MS);
    }
    check_the_fastest();
    let_lookups_end();
    return 0;
}
