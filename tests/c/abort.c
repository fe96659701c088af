/* egret_ws_abort drops the connection in each state: the server sees a reset, and on_close comes once with
 * the counts of unsent messages and bytes. */
#include "server.h"

static egret_ws_loop *loop;

/* The server reads to the end of the stream, and records whether the end is a reset. */
static int64_t resets, ends;

static void note_end(server *s, int is_reset) {
    pthread_mutex_lock(&s->lock);
    resets += is_reset;
    ends++;
    pthread_mutex_unlock(&s->lock);
}

static void read_to_the_end(server *s, int fd) {
    static uint8_t data[1 << 16];
    ssize_t got;
    while ((got = recv(fd, data, sizeof data, 0)) > 0) continue;
    note_end(s, got < 0 && errno == ECONNRESET);
}

/* As above, but the server reads nothing before the client has aborted. */
static int64_t may_read;

static void read_late(server *s, int fd) {
    pthread_mutex_lock(&s->lock);
    while (!may_read && !s->stopping) pthread_cond_wait(&s->changed, &s->lock);
    pthread_mutex_unlock(&s->lock);
    read_to_the_end(s, fd);
}

/* The server sends, and then reads to the end. The reset may come while it sends. */
static void send_answer_and_read(server *s, int fd) {
    if (send_all(fd, s->answer, s->answer_len))
        read_to_the_end(s, fd);
    else
        note_end(s, errno == ECONNRESET);
}

static void start(server *peer, void (*script)(server *, int), const void *answer, size_t len) {
    resets = ends = may_read = 0;
    start_answering_server(peer, script, answer, len);
}

static void expect_reset(server *peer) {
    pthread_mutex_lock(&peer->lock);
    may_read = 1;
    pthread_cond_broadcast(&peer->changed);
    pthread_mutex_unlock(&peer->lock);
    WAIT_UNTIL(server_read(peer, &ends) == 1);
    CHECK_EQ(server_read(peer, &resets), 1);
    stop_server(peer);
}

/* Polls until the socket has ended, and checks its report. */
static void expect_aborted(recorder *r, int32_t phase, int sent_code) {
    POLL_UNTIL(loop, r->releases == 1);
    CHECK_EQ(r->closes, 1);
    CHECK_EQ(r->report.error, EGRET_WS_ERR_ABORTED);
    CHECK_EQ(r->report.phase, phase);
    CHECK_EQ(r->report.initiator, EGRET_WS_INITIATOR_LOCAL);
    CHECK_EQ(r->report.sent_code, sent_code);
    CHECK_EQ(egret_ws_state(r->ws), EGRET_WS_STATE_CLOSED);
    CHECK_OK(egret_ws_abort(r->ws)); /* does nothing */
    settle(loop);
    CHECK_EQ(r->closes, 1);
    free_socket(r);
}

static void while_open(void) {
    static recorder r;
    static server peer;
    start(&peer, read_to_the_end, NULL, 0);
    open_socket(loop, peer.at.url, &r);
    CHECK_OK(egret_ws_abort(r.ws));
    CHECK_EQ(egret_ws_state(r.ws), EGRET_WS_STATE_CLOSING);
    CHECK_EQ(egret_ws_send(r.ws, EGRET_WS_TEXT, "late", 4), EGRET_WS_ERR_NOT_OPEN);
    CHECK_EQ(r.closes, 0); /* on_close comes from a poll */
    CHECK_OK(egret_ws_abort(r.ws));
    CHECK_OK(egret_ws_close(r.ws, 1000, NULL, 0));
    expect_aborted(&r, EGRET_WS_PHASE_OPEN, 0);
    CHECK_EQ(r.report.unsent_messages, 0);
    CHECK_EQ(r.report.http_status, 101);
    expect_reset(&peer);
}

/* Each accepted message was passed to the operating system or is counted as unsent. */
static void expect_all_counted(const recorder *r, int64_t accepted) {
    egret_ws_statistics stats;
    memset(&stats, 0, sizeof stats);
    stats.struct_size = sizeof stats;
    CHECK_OK(egret_ws_stats(r->ws, &stats));
    CHECK(r->report.unsent_messages > 0);
    CHECK_EQ((int64_t)stats.messages_sent + r->report.unsent_messages, accepted);
    CHECK_EQ(r->report.unsent_bytes, (uint64_t)r->report.unsent_messages * PART);
}

static int64_t accepted_by_full;

static void check_full(recorder *r) {
    expect_all_counted(r, accepted_by_full);
}

/* The send queue is full. This is also tested after a close, which then still flushes the queue. */
static void with_a_full_queue(int closed_before) {
    static recorder r;
    static server peer;
    memset(&r, 0, sizeof r);
    r.then_close = check_full;
    start(&peer, read_late, NULL, 0);
    open_socket(loop, peer.at.url, &r);
    accepted_by_full = fill(loop, &r);
    if (closed_before) CHECK_OK(egret_ws_close(r.ws, 1000, NULL, 0));
    settle(loop);
    CHECK_OK(egret_ws_abort(r.ws));
    expect_aborted(&r, closed_before ? EGRET_WS_PHASE_FLUSH : EGRET_WS_PHASE_OPEN, 0);
    expect_reset(&peer);
}

static void while_closing(void) {
    static recorder r;
    static server peer;
    start(&peer, read_to_the_end, NULL, 0);
    open_socket(loop, peer.at.url, &r);
    CHECK_OK(egret_ws_close(r.ws, 1000, NULL, 0));
    settle(loop);
    CHECK_OK(egret_ws_abort(r.ws));
    expect_aborted(&r, EGRET_WS_PHASE_CLOSING, 1000);
    expect_reset(&peer);
}

static void while_connecting(void) {
    static recorder tcp, http, at_once;
    listener full = listen_with_full_queue(), silent = listen_silently();
    uint8_t data[4096];
    ssize_t got;
    int fd;

    begin_connect(loop, full.url, &tcp);
    begin_connect(loop, silent.url, &http);
    settle(loop);
    CHECK_OK(egret_ws_abort(tcp.ws));
    CHECK_OK(egret_ws_abort(http.ws));
    expect_aborted(&tcp, EGRET_WS_PHASE_CONNECT, 0);
    expect_aborted(&http, EGRET_WS_PHASE_HANDSHAKE, 0);
    CHECK_EQ(tcp.connects + http.connects, 0);
    fd = accept(silent.fd, NULL, NULL);
    CHECK(fd >= 0);
    while ((got = recv(fd, data, sizeof data, 0)) > 0) continue;
    CHECK(got < 0 && errno == ECONNRESET);
    close(fd);

    begin_connect(loop, silent.url, &at_once); /* before the loop has seen the socket */
    CHECK_OK(egret_ws_abort(at_once.ws));
    POLL_UNTIL(loop, at_once.releases == 1);
    CHECK_EQ(at_once.report.error, EGRET_WS_ERR_ABORTED);
    CHECK_EQ(at_once.connects, 0);
    free_socket(&at_once);
    close_listener(&full);
    close_listener(&silent);
}

static void abort_it(recorder *r) {
    CHECK_OK(egret_ws_abort(r->ws));
}

/* Three messages arrive together. The callback of the first one aborts, and the others are dropped. */
static const uint8_t three[] = {0x81, 1, '1', 0x81, 1, '2', 0x82, 1, '3'};

static void inside_callbacks(void) {
    static recorder in_connect, in_message, in_close;
    static server peer;
    start(&peer, send_answer_and_read, three, sizeof three);
    in_connect.then_connect = abort_it;
    begin_connect(loop, peer.at.url, &in_connect);
    expect_aborted(&in_connect, EGRET_WS_PHASE_OPEN, 0);
    CHECK_EQ(in_connect.messages, 0);
    expect_reset(&peer);

    start(&peer, send_answer_and_read, three, sizeof three);
    in_message.then_data = abort_it;
    begin_connect(loop, peer.at.url, &in_message);
    expect_aborted(&in_message, EGRET_WS_PHASE_OPEN, 0);
    CHECK_EQ(in_message.messages, 1);
    expect_reset(&peer);

    in_close.then_close = abort_it; /* does nothing */
    open_socket(loop, echo_url, &in_close);
    close_and_free(loop, &in_close);
    settle(loop);
    CHECK_EQ(in_close.closes, 1);
}

/* The receive queue is full, so the library does not read. The messages in it are dropped. */
static void send_much_and_read(server *s, int fd) {
    static const uint8_t message[] = {0x82, 1, 'm'};
    int i;
    for (i = 0; i < 10000; i++) {
        if (send_all(fd, message, sizeof message)) continue;
        note_end(s, errno == ECONNRESET);
        return;
    }
    read_to_the_end(s, fd);
}

static void with_a_full_receive_queue(void) {
    static recorder r;
    static server peer;
    egret_ws_options options = recorder_options(&r);
    int seen;

    start(&peer, send_much_and_read, NULL, 0);
    options.max_receive_queue_bytes = 1000;
    CHECK_OK(egret_ws_connect(loop, peer.at.url, &options, &r.ws));
    POLL_UNTIL(loop, r.messages > 0);
    seen = r.messages;
    CHECK_OK(egret_ws_abort(r.ws));
    expect_aborted(&r, EGRET_WS_PHASE_OPEN, 0);
    CHECK_EQ(r.messages, seen);
    expect_reset(&peer);
}

/* An abort ends the wait before a retry. */
static int retries;

static void count_retry(void *user, egret_ws *ws, const egret_ws_close_info *info, uint32_t attempt, uint32_t delay_ms) {
    (void)user, (void)info, (void)attempt, (void)delay_ms;
    retries++;
    CHECK_OK(egret_ws_abort(ws));
}

static void while_waiting_for_a_retry(void) {
    static recorder r;
    egret_ws_options options = recorder_options(&r);
    listener unused = bind_loopback();
    options.retry_attempts = EGRET_WS_UNLIMITED;
    options.on_retry = count_retry;
    CHECK_OK(egret_ws_connect(loop, unused.url, &options, &r.ws));
    expect_aborted(&r, EGRET_WS_PHASE_CONNECT, 0);
    CHECK_EQ(retries, 1);
    close_listener(&unused);
}

static void *abort_on_another_thread(void *argument) {
    recorder *r = (recorder *)argument;
    CHECK_OK(egret_ws_abort(r->ws));
    return NULL;
}

static void on_another_thread(void) {
    static recorder r;
    static server peer;
    pthread_t thread;
    start(&peer, read_to_the_end, NULL, 0);
    open_socket(loop, peer.at.url, &r);
    CHECK_EQ(pthread_create(&thread, NULL, abort_on_another_thread, &r), 0);
    expect_aborted(&r, EGRET_WS_PHASE_OPEN, 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    expect_reset(&peer);
}

/* The handle may be freed at once: no on_close comes, and nothing is sent in the background. */
static void before_a_free(void) {
    static recorder r;
    static server peer;
    start(&peer, read_late, NULL, 0);
    open_socket(loop, peer.at.url, &r);
    fill(loop, &r);
    CHECK_OK(egret_ws_abort(r.ws));
    free_socket(&r);
    CHECK_EQ(egret_ws_abort(r.ws), EGRET_WS_ERR_BAD_HANDLE);
    POLL_UNTIL(loop, r.releases == 1);
    CHECK_EQ(r.closes, 0);
    expect_reset(&peer);
}

int main(int argc, char **argv) {
    begin(argc, argv);
    loop = new_loop();
    while_open();
    with_a_full_queue(0);
    with_a_full_queue(1);
    while_closing();
    while_connecting();
    inside_callbacks();
    with_a_full_receive_queue();
    while_waiting_for_a_retry();
    on_another_thread();
    before_a_free();
    free_loop(loop);
    return 0;
}
