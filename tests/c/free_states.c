/* A socket can be freed in any state, and a loop with sockets in all states. After that no on_close comes, release_user comes once
 * for each, and messages that were accepted before a close are still sent. */
#include "server.h"

enum { SMALL = 1000, PARTS = 100 };

/* The loop continues, and does the work in the background that a free leaves. */
static void expect_released(egret_ws_loop *loop, recorder *r, int closes) {
    POLL_UNTIL(loop, r->releases == 1);
    CHECK_EQ(egret_ws_state(r->ws), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(r->closes, closes);
}

static void free_while_connecting(egret_ws_loop *loop) {
    static recorder tcp, http;
    listener full = listen_with_full_queue(), silent = listen_silently();
    begin_connect(loop, full.url, &tcp);
    begin_connect(loop, silent.url, &http);
    CHECK(poll_loop(loop, 0) >= 0);
    CHECK_EQ(egret_ws_state(tcp.ws), EGRET_WS_STATE_CONNECTING);
    free_socket(&tcp);
    free_socket(&http);
    expect_released(loop, &tcp, 0);
    expect_released(loop, &http, 0);
    close_listener(&full);
    close_listener(&silent);
}

static void send_parts(recorder *r) {
    static uint8_t part[SMALL];
    int i;
    for (i = 0; i < PARTS; i++) CHECK_OK(egret_ws_send(r->ws, EGRET_WS_BINARY, part, sizeof part));
}

static void expect_parts(server *peer) {
    CHECK_EQ(SERVER_SAW(*peer, messages), PARTS);
    CHECK_EQ(SERVER_SAW(*peer, bytes), PARTS * SMALL);
}

static void free_while_open(egret_ws_loop *loop) {
    static recorder r;
    static server peer;
    start_server(&peer, swallow);
    open_socket(loop, peer.at.url, &r);
    send_parts(&r);
    free_socket(&r);
    expect_released(loop, &r, 0);
    POLL_UNTIL(loop, SERVER_SAW(peer, close_code) == 1001);
    expect_parts(&peer);
    stop_server(&peer);
}

static void free_while_closing(egret_ws_loop *loop) {
    static recorder r;
    static server peer;
    start_server(&peer, swallow);
    open_socket(loop, peer.at.url, &r);
    send_parts(&r);
    CHECK_OK(egret_ws_close(r.ws, 3999, "done", 4));
    free_socket(&r);
    expect_released(loop, &r, 0);
    POLL_UNTIL(loop, SERVER_SAW(peer, close_code) == 3999);
    expect_parts(&peer);
    stop_server(&peer);
}

static void free_when_closed(egret_ws_loop *loop) {
    static recorder r;
    open_socket(loop, echo_url, &r);
    CHECK_OK(egret_ws_close(r.ws, 1000, NULL, 0));
    POLL_UNTIL(loop, r.releases == 1);
    CHECK_EQ(egret_ws_state(r.ws), EGRET_WS_STATE_CLOSED);
    free_socket(&r);
    expect_released(loop, &r, 1);
}

/* Freed before any poll saw the socket: only release_user comes. */
static void free_at_once(egret_ws_loop *loop) {
    static recorder r;
    begin_connect(loop, echo_url, &r);
    free_socket(&r);
    CHECK_EQ(r.releases, 0); /* a poll calls it */
    expect_released(loop, &r, 0);
    CHECK_EQ(r.connects, 0);
}

/* release_user is a callback like others: a poll that waits for one returns after it. */
static void a_poll_waits_for_release_user(egret_ws_loop *loop) {
    static recorder r;
    open_socket(loop, echo_url, &r);
    free_socket(&r);
    CHECK_EQ(poll_loop(loop, WAIT_LIMIT_MS), 1);
    CHECK_EQ(r.releases, 1);
}

static void free_a_loop_with_sockets_in_all_states(void) {
    static recorder r[10];
    static server unresponsive;
    listener silent = listen_silently();
    egret_ws_loop *loop = new_loop();
    int i;

    start_server(&unresponsive, ignore_close);
    begin_connect(loop, silent.url, &r[0]); /* connecting, but no poll has seen it */
    open_socket(loop, echo_url, &r[1]);     /* open */
    open_socket(loop, echo_url, &r[2]);
    open_socket(loop, echo_url, &r[3]); /* open, with data in transit */
    send_parts(&r[3]);
    begin_connect(loop, silent.url, &r[4]); /* connecting */
    open_socket(loop, unresponsive.at.url, &r[5]);  /* closing: the peer does not answer */
    CHECK_OK(egret_ws_close(r[5].ws, 1000, NULL, 0));
    open_socket(loop, echo_url, &r[6]); /* closed, its handle kept */
    CHECK_OK(egret_ws_close(r[6].ws, 1000, NULL, 0));
    POLL_UNTIL(loop, r[6].releases == 1);
    open_socket(loop, echo_url, &r[7]); /* freed after its end, and released */
    free_socket(&r[7]);
    POLL_UNTIL(loop, r[7].releases == 1);
    open_socket(loop, echo_url, &r[8]); /* freed, not released */
    free_socket(&r[8]);
    begin_connect(loop, silent.url, &r[9]); /* closed while connecting, not reported */
    CHECK_OK(egret_ws_close(r[9].ws, 1000, NULL, 0));
    CHECK_EQ(r[8].releases + r[9].releases, 0);

    free_loop(loop);
    for (i = 0; i < 10; i++) {
        CHECK_EQ(r[i].releases, 1);
        CHECK_EQ(r[i].closes, i == 6);
        CHECK_EQ(egret_ws_state(r[i].ws), EGRET_WS_ERR_BAD_HANDLE);
        CHECK_EQ(egret_ws_free(r[i].ws), EGRET_WS_ERR_BAD_HANDLE);
    }
    close_listener(&silent);
    stop_server(&unresponsive);
}

/* With a linger time, loop_free returns after the accepted messages were sent. */
static void free_a_loop_that_lingers(void) {
    static recorder closing, open;
    static server to_closing, to_open;
    egret_ws_loop_options options = loop_options();
    egret_ws_loop *loop = NULL;
    int64_t begun;

    options.linger_ms = WAIT_LIMIT_MS;
    CHECK_OK(egret_ws_loop_new(&options, &loop));
    start_server(&to_closing, swallow);
    start_server(&to_open, swallow);
    open_socket(loop, to_closing.at.url, &closing);
    open_socket(loop, to_open.at.url, &open);
    send_parts(&closing);
    send_parts(&open);
    CHECK_OK(egret_ws_close(closing.ws, 1000, NULL, 0));
    begun = now_us();
    free_loop(loop);
    CHECK(now_us() - begun < WAIT_LIMIT_MS * 1000 / 2); /* loop_free does not wait longer than the peers need to answer */
    CHECK_EQ(closing.releases + open.releases, 2);

    WAIT_UNTIL(SERVER_SAW(to_closing, close_code) == 1000);
    WAIT_UNTIL(SERVER_SAW(to_open, close_code) == 1001);
    expect_parts(&to_closing);
    expect_parts(&to_open);
    stop_server(&to_closing);
    stop_server(&to_open);
}

/* Warnings about lost messages: their number, and the socket of the last one. They may come from the I/O thread. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int64_t losses;
static egret_ws *loser;

static void note_loss(void *user, int32_t level, const char *text, egret_ws *ws) {
    print_log(user, level, text, ws);
    if (level != EGRET_WS_LOG_WARN || strstr(text, "were not sent") == NULL) return;
    pthread_mutex_lock(&lock);
    losses++;
    loser = ws;
    pthread_mutex_unlock(&lock);
}

static int64_t losses_so_far(void) {
    int64_t seen;
    pthread_mutex_lock(&lock);
    seen = losses;
    pthread_mutex_unlock(&lock);
    return seen;
}

static egret_ws_loop *new_loop_that_notes_losses(uint32_t linger_ms) {
    egret_ws_loop_options options = loop_options();
    egret_ws_loop *loop = NULL;
    options.linger_ms = linger_ms;
    options.on_log = note_loss;
    CHECK_OK(egret_ws_loop_new(&options, &loop));
    losses = 0;
    loser = NULL;
    return loop;
}

static egret_ws_free_report free_and_report(egret_ws_loop *loop) {
    egret_ws_free_report lost;
    memset(&lost, 0xAA, sizeof lost);
    lost.struct_size = sizeof lost;
    callbacks_may_run = 1;
    CHECK_OK(egret_ws_loop_free(loop, &lost));
    callbacks_may_run = 0;
    CHECK_EQ(lost.struct_size, sizeof lost);
    return lost;
}

/* The servers never read. The loop reports the lost messages of all its sockets in one line. */
static void a_loop_reports_what_it_has_lost(void) {
    enum { OPEN, CLOSING, FREED, ABORTED, UNUSED, SOCKETS };
    static recorder r[SOCKETS];
    static server unread[SOCKETS];
    egret_ws_statistics stats;
    egret_ws_loop *loop = new_loop_that_notes_losses(20);
    egret_ws_free_report lost;
    int64_t accepted = 0, sent = 0;
    int i;

    for (i = 0; i < SOCKETS; i++) {
        start_server(&unread[i], never_read);
        open_socket(loop, unread[i].at.url, &r[i]);
        if (i != UNUSED) accepted += fill(loop, &r[i]);
        memset(&stats, 0, sizeof stats);
        stats.struct_size = sizeof stats;
        CHECK_OK(egret_ws_stats(r[i].ws, &stats));
        sent += (int64_t)stats.messages_sent;
    }
    CHECK_OK(egret_ws_close(r[CLOSING].ws, 1000, NULL, 0));
    free_socket(&r[FREED]);
    CHECK_OK(egret_ws_abort(r[ABORTED].ws)); /* no poll dispatches its on_close */
    lost = free_and_report(loop);
    CHECK_EQ(lost.sockets, 4);
    /* The operating system may have taken a few more messages. */
    CHECK(lost.unsent_messages > 0 && (int64_t)lost.unsent_messages <= accepted - sent);
    CHECK_EQ(lost.unsent_bytes, lost.unsent_messages * PART);
    CHECK_EQ(losses_so_far(), 4);
    for (i = 0; i < SOCKETS; i++) stop_server(&unread[i]);
}

/* The server of the socket does not read, and the time-out of the flush is short. */
static egret_ws_loop *new_loop_with_a_full_socket(server *unread, recorder *r) {
    egret_ws_loop *loop = new_loop_that_notes_losses(0);
    egret_ws_options options = recorder_options(r);

    start_server(unread, never_read);
    options.flush_timeout_ms = 20;
    CHECK_OK(egret_ws_connect(loop, unread->at.url, &options, &r->ws));
    POLL_UNTIL(loop, r->connects == 1);
    fill(loop, r);
    return loop;
}

/* A socket that was freed before loses its messages in the background. A log line names it, and the loop counts it. */
static void a_loss_in_the_background_is_reported(void) {
    static recorder r;
    static server unread;
    egret_ws_loop *loop = new_loop_with_a_full_socket(&unread, &r);
    egret_ws_free_report lost;

    free_socket(&r);
    POLL_UNTIL(loop, losses_so_far() == 1);
    CHECK(loser == r.ws);
    lost = free_and_report(loop);
    CHECK_EQ(lost.sockets, 1);
    CHECK(lost.unsent_messages > 0);
    CHECK_EQ(lost.unsent_bytes, lost.unsent_messages * PART);
    CHECK_EQ(losses_so_far(), 1);
    stop_server(&unread);
}

/* Messages that on_close has reported are not counted again. */
static void a_reported_loss_is_not_counted(void) {
    static recorder r;
    static server unread;
    egret_ws_loop *loop = new_loop_with_a_full_socket(&unread, &r);
    egret_ws_free_report lost;

    CHECK_OK(egret_ws_close(r.ws, 1000, NULL, 0));
    POLL_UNTIL(loop, r.closes == 1);
    CHECK(r.report.unsent_messages > 0);
    lost = free_and_report(loop);
    CHECK_EQ(lost.sockets, 0);
    CHECK_EQ(lost.unsent_messages, 0);
    CHECK_EQ(losses_so_far(), 0);
    stop_server(&unread);
}

/* While the loop lingers, the time-outs of a socket end neither its flush nor its closing handshake. */
static void linger_is_the_only_deadline(void) {
    static recorder flushing, closing;
    static server unread, silent;
    egret_ws_loop *loop = new_loop_that_notes_losses(300);
    egret_ws_options options = recorder_options(&flushing);
    egret_ws_free_report lost;
    int64_t begun;

    start_server(&unread, never_read);
    start_server(&silent, ignore_close);
    options.flush_timeout_ms = options.close_timeout_ms = 1;
    CHECK_OK(egret_ws_connect(loop, unread.at.url, &options, &flushing.ws));
    options.user = &closing;
    CHECK_OK(egret_ws_connect(loop, silent.at.url, &options, &closing.ws));
    POLL_UNTIL(loop, flushing.connects == 1 && closing.connects == 1);
    fill(loop, &flushing);
    begun = now_us();
    lost = free_and_report(loop);
    CHECK(now_us() - begun >= 300000);
    CHECK_EQ(lost.sockets, 1);
    stop_server(&unread);
    stop_server(&silent);
}

int main(int argc, char **argv) {
    egret_ws_loop *loop;

    begin(argc, argv);
    loop = new_loop();
    free_while_connecting(loop);
    free_while_open(loop);
    free_while_closing(loop);
    free_when_closed(loop);
    free_at_once(loop);
    a_poll_waits_for_release_user(loop);
    settle(loop);
    free_loop(loop);
    free_a_loop_with_sockets_in_all_states();
    free_a_loop_that_lingers();
    a_loop_reports_what_it_has_lost();
    a_loss_in_the_background_is_reported();
    a_reported_loss_is_not_counted();
    linger_is_the_only_deadline();
    return 0;
}
