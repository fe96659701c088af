/* Every stage ends at its time-out, and the report names the stage. */
#include "blocked_lookup.h"
#include "server.h"

enum { LIMIT_MS = 100 };

static egret_ws_loop *loop;

/* All time-outs are longer than this test. */
static egret_ws_options long_timeout_options(recorder *r) {
    egret_ws_options options = recorder_options(r);
    options.connect_timeout_ms = options.handshake_timeout_ms = options.close_timeout_ms = 1000 * WAIT_LIMIT_MS;
    return options;
}

static void expect_timeout(recorder *r, int64_t begun_us, int32_t phase) {
    POLL_UNTIL(loop, r->releases == 1);
    CHECK(now_us() - begun_us >= LIMIT_MS * 1000); /* not before the time-out has passed */
    CHECK_EQ(r->report.error, EGRET_WS_ERR_TIMEOUT);
    CHECK_EQ(r->report.phase, phase);
    CHECK_EQ(r->report.initiator, EGRET_WS_INITIATOR_TRANSPORT);
    CHECK_EQ(r->report.code, 1006);
    CHECK_EQ(r->report.reason_len, 0);
    free_socket(r);
}

static void a_lookup_takes_too_long(void) {
    static recorder r;
    const int64_t begun_us = now_us();
    egret_ws_options options = long_timeout_options(&r);
    options.connect_timeout_ms = LIMIT_MS;
    CHECK_OK(egret_ws_connect_host(loop, "hung.test", 9, &options, &r.ws));
    expect_timeout(&r, begun_us, EGRET_WS_PHASE_RESOLVE);
    CHECK_EQ(r.connects, 0);
}

static void tcp_takes_too_long(void) {
    static recorder r;
    listener full = listen_with_full_queue();
    const int64_t begun_us = now_us();
    egret_ws_options options = long_timeout_options(&r);
    options.connect_timeout_ms = LIMIT_MS;
    CHECK_OK(egret_ws_connect(loop, full.url, &options, &r.ws));
    expect_timeout(&r, begun_us, EGRET_WS_PHASE_CONNECT);
    CHECK_EQ(r.connects, 0);
    close_listener(&full);
}

static void the_upgrade_takes_too_long(void) {
    static recorder r;
    listener silent = listen_silently();
    const int64_t begun_us = now_us();
    egret_ws_options options = long_timeout_options(&r);
    options.handshake_timeout_ms = LIMIT_MS;
    CHECK_OK(egret_ws_connect(loop, silent.url, &options, &r.ws));
    expect_timeout(&r, begun_us, EGRET_WS_PHASE_HANDSHAKE);
    CHECK_EQ(r.connects, 0);
    CHECK_EQ(r.report.http_status, 0);
    close_listener(&silent);
}

static void the_close_is_not_answered(void) {
    static recorder r;
    static server unresponsive;
    int64_t begun_us;
    egret_ws_options options = long_timeout_options(&r);
    start_server(&unresponsive, ignore_close);
    options.close_timeout_ms = LIMIT_MS;
    CHECK_OK(egret_ws_connect(loop, unresponsive.at.url, &options, &r.ws));
    POLL_UNTIL(loop, r.connects == 1);
    begun_us = now_us();
    CHECK_OK(egret_ws_close(r.ws, 1000, NULL, 0));
    expect_timeout(&r, begun_us, EGRET_WS_PHASE_CLOSING);
    CHECK_EQ(r.report.sent_code, 1000);
    WAIT_UNTIL(SERVER_SAW(unresponsive, close_code) == 1000);
    CHECK_EQ(r.report.unsent_messages, 0);
    stop_server(&unresponsive);
}

/* An open connection has no time-out, even if those of the stages are short. */
static void open_is_no_stage(void) {
    static recorder r;
    egret_ws_options options = recorder_options(&r);
    /* Long enough for a connection to be made on a busy machine. */
    options.connect_timeout_ms = options.handshake_timeout_ms = options.close_timeout_ms = 10 * LIMIT_MS;
    CHECK_OK(egret_ws_connect(loop, echo_url, &options, &r.ws));
    POLL_UNTIL(loop, r.connects == 1);
    CHECK_EQ(poll_loop(loop, 11 * LIMIT_MS), 0);
    expect_echo(loop, &r);
    close_and_free(loop, &r);
}

int main(int argc, char **argv) {
    begin(argc, argv);
    loop = new_loop();
    a_lookup_takes_too_long();
    tcp_takes_too_long();
    the_upgrade_takes_too_long();
    the_close_is_not_answered();
    open_is_no_stage();
    settle(loop);
    free_loop(loop);
    let_lookups_end();
    return 0;
}
