/* While a loop is suspended its time stops. After a resume or a change of the network, open connections are probed. With
 * EGRET_WS_LOOP_CLOSE_ON_SUSPEND sockets are closed instead. */
#include "retry_recorder.h"

enum { SHORT_MS = 50, FAR_LONGER_MS = 300 };

static egret_ws_loop *new_loop_with(uint32_t flags, uint32_t linger_ms) {
    egret_ws_loop_options options = loop_options();
    egret_ws_loop *loop;
    options.flags |= flags;
    options.linger_ms = linger_ms;
    CHECK_OK(egret_ws_loop_new(&options, &loop));
    return loop;
}

static void poll_for(egret_ws_loop *loop, int milliseconds) {
    const int64_t until_us = now_us() + milliseconds * INT64_C(1000);
    while (now_us() < until_us) CHECK(poll_loop(loop, 5) >= 0);
}

static int can_be_read(int fd) {
    struct pollfd one;
    one.fd = fd;
    one.events = POLLIN;
    return poll(&one, 1, 0) == 1;
}

/* Accepts a connection and waits until it is readable: then its request has come. */
static int accept_request(egret_ws_loop *loop, const listener *at) {
    int fd;
    POLL_UNTIL(loop, can_be_read(at->fd));
    fd = accept(at->fd, NULL, NULL);
    CHECK(fd >= 0);
    POLL_UNTIL(loop, can_be_read(fd));
    return fd;
}

/* The upgrade is not answered. The deadline expires only after the resume, and the time before the resume does not count: the
 * connection starts again. */
static void no_deadline_passes(void) {
    static recorder r;
    listener silent = listen_silently();
    egret_ws_loop *loop = new_loop();
    egret_ws_options options = recorder_options(&r);
    int first, second;

    options.connect_timeout_ms = options.handshake_timeout_ms = options.open_timeout_ms = SHORT_MS;
    CHECK_OK(egret_ws_loop_suspend(loop)); /* before the connection begins, so that no time passes */
    CHECK_OK(egret_ws_connect(loop, silent.url, &options, &r.ws));
    first = accept_request(loop, &silent);
    poll_for(loop, FAR_LONGER_MS);
    CHECK_EQ(r.closes, 0);
    CHECK_OK(egret_ws_loop_suspend(loop)); /* a second call has no effect */
    CHECK_EQ(egret_ws_state(r.ws), EGRET_WS_STATE_CONNECTING);

    CHECK_OK(egret_ws_loop_resume(loop));
    POLL_UNTIL(loop, r.closes == 1);
    CHECK_EQ(r.report.error, EGRET_WS_ERR_TIMEOUT);
    CHECK(r.report.phase == EGRET_WS_PHASE_HANDSHAKE || r.report.phase == EGRET_WS_PHASE_CONNECT);
    second = accept_request(loop, &silent);
    free_socket(&r);
    free_loop(loop);
    close(first);
    close(second);
    close_listener(&silent);
}

/* Suspended while connecting, while waiting for a retry, and during a closing handshake. */
static void whatever_is_under_way(void) {
    enum { DEADLINE_MS = SLOW ? 2000 : 700, LONGER_MS = DEADLINE_MS + 200 };
    static recorder connecting, closing, waiting;
    static server stubborn;
    listener silent = listen_silently(), unused = bind_loopback();
    egret_ws_loop *loop = new_loop();
    egret_ws_options options = recorder_options(&connecting);
    const egret_ws_retry_options deadline = retry_waits(DEADLINE_MS, DEADLINE_MS, DEADLINE_MS);

    options.handshake_timeout_ms = DEADLINE_MS;
    CHECK_OK(egret_ws_connect(loop, silent.url, &options, &connecting.ws));
    options = recorder_options(&closing);
    options.close_timeout_ms = DEADLINE_MS;
    start_server(&stubborn, ignore_close);
    CHECK_OK(egret_ws_connect(loop, stubborn.at.url, &options, &closing.ws));
    options = recorder_options(&waiting);
    options.retry_attempts = 1;
    options.retry = &deadline;
    CHECK_OK(egret_ws_connect(loop, unused.url, &options, &waiting.ws));
    POLL_UNTIL(loop, closing.connects == 1);
    CHECK_OK(egret_ws_close(closing.ws, 1000, NULL, 0));
    POLL_UNTIL(loop, SERVER_SAW(stubborn, close_code) == 1000);
    CHECK_OK(egret_ws_loop_suspend(loop));
    CHECK_EQ(connecting.closes + closing.closes + waiting.closes, 0);
    poll_for(loop, LONGER_MS);
    CHECK_EQ(connecting.closes + closing.closes + waiting.closes, 0);
    CHECK_OK(egret_ws_loop_resume(loop));
    POLL_UNTIL(loop, connecting.closes == 1 && closing.closes == 1 && waiting.closes == 1);
    CHECK_EQ(connecting.report.error, EGRET_WS_ERR_TIMEOUT);
    CHECK_EQ(closing.report.error, EGRET_WS_ERR_TIMEOUT);
    CHECK_EQ(closing.report.phase, EGRET_WS_PHASE_CLOSING);
    CHECK_EQ(waiting.report.error, EGRET_WS_ERR_CONNECT);
    free_loop(loop);
    stop_server(&stubborn);
    close_listener(&silent);
    close_listener(&unused);
}

/* Messages are received and sent, and sockets can be made, closed and freed. */
static void all_else_goes_on(void) {
    static recorder r;
    egret_ws_loop *loop = new_loop();
    open_socket(loop, echo_url, &r);
    CHECK_OK(egret_ws_loop_suspend(loop));
    expect_echo(loop, &r);
    settle(loop);
    CHECK_OK(egret_ws_loop_resume(loop));
    expect_echo(loop, &r);
    CHECK_OK(egret_ws_loop_suspend(loop));
    close_and_free(loop, &r);
    free_loop(loop);
}

/* A probe: the connection to a server that answers pings stays open, the other one is reported as lost. Both with and without a
 * suspend before it. */
static void dead_connections_are_found(int32_t (*notify)(egret_ws_loop *), int suspended) {
    static recorder dead, alive;
    static server unresponsive;
    egret_ws_loop *loop = new_loop();
    egret_ws_options options = recorder_options(&dead);

    memset(&dead, 0, sizeof dead);
    memset(&alive, 0, sizeof alive);
    options = recorder_options(&dead);
    options.probe_timeout_ms = SHORT_MS;
    start_server(&unresponsive, swallow); /* reads pings, and answers none */
    CHECK_OK(egret_ws_connect(loop, unresponsive.at.url, &options, &dead.ws));
    open_socket(loop, echo_url, &alive);
    POLL_UNTIL(loop, dead.connects == 1);
    if (suspended) CHECK_OK(egret_ws_loop_suspend(loop));
    CHECK_OK(notify(loop));
    if (suspended && notify != egret_ws_loop_resume) { /* after a change of the network the probe waits for the resume */
        poll_for(loop, FAR_LONGER_MS);
        CHECK_EQ(dead.closes, 0);
        CHECK_OK(egret_ws_loop_resume(loop));
    }
    POLL_UNTIL(loop, dead.closes == 1);
    CHECK_EQ(dead.report.error, EGRET_WS_ERR_TIMEOUT);
    CHECK_EQ(dead.report.phase, EGRET_WS_PHASE_OPEN);
    CHECK_EQ(dead.report.initiator, EGRET_WS_INITIATOR_TRANSPORT);
    expect_echo(loop, &alive);
    close_and_free(loop, &alive);
    free_loop(loop);
    stop_server(&unresponsive);
}

static void closed_instead(void) {
    static recorder open, connecting;
    static server peer;
    listener silent = listen_silently();
    egret_ws_loop *loop = new_loop_with(EGRET_WS_LOOP_CLOSE_ON_SUSPEND, 0);

    start_server(&peer, swallow);
    open_socket(loop, peer.at.url, &open);
    begin_connect(loop, silent.url, &connecting);
    CHECK_OK(egret_ws_send(open.ws, EGRET_WS_TEXT, "the last", EGRET_WS_NUL_TERMINATED));
    CHECK_OK(egret_ws_loop_suspend(loop));
    POLL_UNTIL(loop, open.releases == 1 && connecting.releases == 1);
    CHECK_EQ(open.report.error, EGRET_WS_OK);
    CHECK_EQ(open.report.initiator, EGRET_WS_INITIATOR_LOCAL);
    CHECK_EQ(open.report.sent_code, 1001);
    CHECK_EQ(open.report.code, 1001);
    CHECK_EQ(SERVER_SAW(peer, close_code), 1001);
    CHECK_EQ(SERVER_SAW(peer, messages), 1);
    CHECK_EQ(connecting.report.error, EGRET_WS_ERR_ABORTED);
    CHECK_EQ(connecting.report.initiator, EGRET_WS_INITIATOR_LOCAL);
    CHECK_EQ(connecting.connects, 0);
    CHECK_OK(egret_ws_loop_resume(loop));
    settle(loop);
    free_loop(loop);
    stop_server(&peer);
    close_listener(&silent);
}

/* The suspend closes the connection, and the resume makes it again. */
static void closed_and_made_again(void) {
    static retry_recorder t;
    static server peer;
    egret_ws_loop *loop = new_loop_with(EGRET_WS_LOOP_CLOSE_ON_SUSPEND, 0);
    egret_ws_options options = retry_options(&t);
    int time;

    start_server(&peer, swallow);
    CHECK_OK(egret_ws_connect(loop, peer.at.url, &options, &t.r.ws));
    for (time = 1; time <= 3; time++) {
        POLL_UNTIL(loop, t.r.connects == 1);
        CHECK_EQ(egret_ws_generation(t.r.ws), time);
        if (time == 3) break;
        CHECK_OK(egret_ws_loop_suspend(loop));
        POLL_UNTIL(loop, t.retries == time);
        CHECK_EQ(t.delay_ms, UINT32_MAX);
        CHECK_EQ(SERVER_SAW(peer, close_code), 1001);
        CHECK_EQ(egret_ws_state(t.r.ws), EGRET_WS_STATE_CONNECTING);
        poll_for(loop, SHORT_MS);
        CHECK_EQ(t.r.connects, 0);
        CHECK_EQ(SERVER_SAW(peer, upgrades), time);
        CHECK_OK(egret_ws_loop_resume(loop));
    }
    CHECK_OK(egret_ws_loop_suspend(loop));
    POLL_UNTIL(loop, t.retries == 3);
    CHECK_OK(egret_ws_close(t.r.ws, 1000, NULL, 0)); /* while it waits for the resume */
    POLL_UNTIL(loop, t.r.releases == 1);
    CHECK_EQ(t.r.report.error, EGRET_WS_ERR_ABORTED);
    free_socket(&t.r);
    free_loop(loop);
    stop_server(&peer);
}

/* The loop is freed while suspended: no on_close comes, all users are released, and linger_ms passes although the loop's time stands
 * still. */
static void freed_while_suspended(uint32_t flags, uint32_t linger_ms) {
    static recorder open, connecting, closing;
    static server stubborn, peer;
    listener silent = listen_silently();
    egret_ws_loop *loop = new_loop_with(flags, linger_ms);
    recorder *const all[3] = {&open, &connecting, &closing};
    int64_t begun_us;
    int i;

    for (i = 0; i < 3; i++) memset(all[i], 0, sizeof *all[i]);
    start_server(&stubborn, ignore_close);
    start_server(&peer, swallow);
    open_socket(loop, peer.at.url, &open);
    begin_connect(loop, silent.url, &connecting);
    open_socket(loop, stubborn.at.url, &closing);
    CHECK_OK(egret_ws_loop_suspend(loop));
    CHECK_OK(egret_ws_close(closing.ws, 1000, NULL, 0));
    begun_us = now_us();
    free_loop(loop);
    CHECK(now_us() - begun_us < (linger_ms + WAIT_LIMIT_MS / 2) * INT64_C(1000)); /* it ends; never_blocks.c measures how soon */
    CHECK_EQ(open.closes + connecting.closes + closing.closes, 0);
    CHECK_EQ(open.releases + connecting.releases + closing.releases, 3);
    if (linger_ms > 0) WAIT_UNTIL(SERVER_SAW(peer, close_code) == 1001);
    stop_server(&stubborn);
    stop_server(&peer);
    close_listener(&silent);
}

static void bad_handles(void) {
    int32_t (*const calls[3])(egret_ws_loop *) = {egret_ws_loop_suspend, egret_ws_loop_resume,
                                                  egret_ws_loop_network_changed};
    static recorder r;
    egret_ws_loop *loop = new_loop();
    int i;
    open_socket(loop, echo_url, &r);
    for (i = 0; i < 3; i++) {
        CHECK_EQ(calls[i](NULL), EGRET_WS_ERR_BAD_HANDLE);
        CHECK_EQ(calls[i]((egret_ws_loop *)(void *)&r), EGRET_WS_ERR_BAD_HANDLE);
        CHECK_EQ(calls[i]((egret_ws_loop *)(void *)r.ws), EGRET_WS_ERR_BAD_HANDLE);
    }
    free_loop(loop);
    for (i = 0; i < 3; i++) CHECK_EQ(calls[i](loop), EGRET_WS_ERR_BAD_HANDLE);
}

int main(int argc, char **argv) {
    begin(argc, argv);
    no_deadline_passes();
    whatever_is_under_way();
    all_else_goes_on();
    dead_connections_are_found(egret_ws_loop_resume, 1);
    dead_connections_are_found(egret_ws_loop_resume, 0);
    dead_connections_are_found(egret_ws_loop_network_changed, 1);
    dead_connections_are_found(egret_ws_loop_network_changed, 0);
    closed_instead();
    closed_and_made_again();
    freed_while_suspended(0, 0);
    freed_while_suspended(0, 100);
    freed_while_suspended(EGRET_WS_LOOP_CLOSE_ON_SUSPEND, 100);
    bad_handles();
    return 0;
}
