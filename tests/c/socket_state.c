/* The state changes to OPEN with on_connect and to CLOSED with on_close, not before. The buffered amount counts what was accepted and
 * not yet written. */
#include "server.h"

static void expect_state_open(recorder *r) {
    CHECK_EQ(egret_ws_state(r->ws), EGRET_WS_STATE_OPEN);
}

static void expect_state_closed(recorder *r) {
    CHECK_EQ(egret_ws_state(r->ws), EGRET_WS_STATE_CLOSED);
}

static void our_close(egret_ws_loop *loop) {
    static recorder r;
    r.then_connect = r.then_data = expect_state_open;
    r.then_close = r.then_release = expect_state_closed;
    begin_connect(loop, echo_url, &r);
    CHECK_EQ(egret_ws_state(r.ws), EGRET_WS_STATE_CONNECTING);
    POLL_UNTIL(loop, r.connects == 1);
    CHECK_EQ(egret_ws_state(r.ws), EGRET_WS_STATE_OPEN);
    expect_echo(loop, &r);
    CHECK_OK(egret_ws_close(r.ws, 1000, NULL, 0));
    CHECK_EQ(egret_ws_state(r.ws), EGRET_WS_STATE_CLOSING);
    POLL_UNTIL(loop, r.releases == 1);
    CHECK_EQ(egret_ws_state(r.ws), EGRET_WS_STATE_CLOSED);
    CHECK_EQ(egret_ws_buffered_amount(r.ws), 0);
    free_socket(&r);
    CHECK_EQ(egret_ws_state(r.ws), EGRET_WS_ERR_BAD_HANDLE);
}

/* A pong shows that the connection is open, although on_connect has not come. */
static void send_a_message_and_wait_for_a_pong(server *s, int fd) {
    static const uint8_t text_and_ping[] = {0x81, 1, 'x', 0x89, 0};
    uint8_t data[125];
    size_t len;
    send_all(fd, text_and_ping, sizeof text_and_ping);
    if (receive_frame(fd, data, sizeof data, &len) != OPCODE_PONG) return;
    pthread_mutex_lock(&s->lock);
    s->messages++;
    pthread_mutex_unlock(&s->lock);
    swallow(s, fd);
}

/* Until on_connect the socket is connecting, and a close abandons the connection at any stage. */
static void our_close_while_connecting(egret_ws_loop *loop) {
    static recorder r;
    static server peer;
    start_server(&peer, send_a_message_and_wait_for_a_pong);
    r.then_close = r.then_release = expect_state_closed;
    begin_connect(loop, peer.at.url, &r);
    if (!driver) WAIT_UNTIL(SERVER_SAW(peer, messages) == 1);
    CHECK_EQ(egret_ws_state(r.ws), EGRET_WS_STATE_CONNECTING);
    CHECK_OK(egret_ws_close(r.ws, 1000, NULL, 0));
    CHECK_EQ(egret_ws_state(r.ws), EGRET_WS_STATE_CLOSING);
    POLL_UNTIL(loop, r.releases == 1);
    CHECK_EQ(r.connects, 0);
    CHECK_EQ(r.messages, 0);
    CHECK_EQ(r.report.error, EGRET_WS_ERR_ABORTED);
    CHECK_EQ(r.report.initiator, EGRET_WS_INITIATOR_LOCAL);
    CHECK_EQ(egret_ws_state(r.ws), EGRET_WS_STATE_CLOSED);
    free_socket(&r);
    stop_server(&peer);
}

static void close_after_a_message(server *s, int fd) {
    static const uint8_t close_frame[] = {0x88, 2, 0x03, 0xE8};
    uint8_t data[16];
    size_t len;
    CHECK(receive_frame(fd, data, sizeof data, &len) == OPCODE_TEXT);
    send_all(fd, close_frame, sizeof close_frame);
    swallow(s, fd);
}

/* The I/O thread works between polls. The state follows the callbacks: the socket is connecting until on_connect, although the server
 * has answered. Only the end of a connection shows at once, since sends fail from then on. */
static void between_polls(egret_ws_loop *loop) {
    static recorder r;
    static server peer;

    start_server(&peer, close_after_a_message);
    r.then_connect = expect_state_open;
    r.then_close = r.then_release = expect_state_closed;
    begin_connect(loop, peer.at.url, &r);
    if (!driver) WAIT_UNTIL(SERVER_SAW(peer, upgrades) == 1);
    CHECK_EQ(egret_ws_state(r.ws), EGRET_WS_STATE_CONNECTING);
    CHECK_EQ(egret_ws_send(r.ws, EGRET_WS_TEXT, "early", 5), EGRET_WS_ERR_NOT_OPEN);
    POLL_UNTIL(loop, r.connects == 1);

    CHECK_OK(egret_ws_send(r.ws, EGRET_WS_TEXT, "go", 2));
    if (!driver) {
        WAIT_UNTIL(egret_ws_state(r.ws) != EGRET_WS_STATE_OPEN);
        CHECK_EQ(egret_ws_state(r.ws), EGRET_WS_STATE_CLOSING);
        CHECK_EQ(egret_ws_send(r.ws, EGRET_WS_TEXT, "late", 4), EGRET_WS_ERR_NOT_OPEN);
    }
    CHECK_EQ(r.closes, 0);
    POLL_UNTIL(loop, r.releases == 1);
    CHECK_EQ(r.report.error, EGRET_WS_OK);
    CHECK_EQ(r.report.initiator, EGRET_WS_INITIATOR_PEER);
    free_socket(&r);
    stop_server(&peer);
}

static int may_read; /* protected by the server's lock */

static void read_when_allowed(server *s, int fd) {
    pthread_mutex_lock(&s->lock);
    while (!may_read && !s->stopping) pthread_cond_wait(&s->changed, &s->lock);
    pthread_mutex_unlock(&s->lock);
    swallow(s, fd);
}

static void send_five_in_a_callback(recorder *r) {
    CHECK_EQ(egret_ws_buffered_amount(r->ws), 0);
    CHECK_OK(egret_ws_send(r->ws, EGRET_WS_TEXT, "12345", 5));
    /* Inline, sends in callbacks are written when the poll ends; the I/O thread writes at any time. */
    if (driver == EGRET_WS_LOOP_INLINE)
        CHECK_EQ(egret_ws_buffered_amount(r->ws), 5);
    else
        CHECK(egret_ws_buffered_amount(r->ws) == 5 || egret_ws_buffered_amount(r->ws) == 0);
}

static void the_buffered_amount(egret_ws_loop *loop) {
    static recorder r;
    static server peer;
    int64_t accepted, waiting;

    start_server(&peer, read_when_allowed);
    r.then_connect = send_five_in_a_callback;
    open_socket(loop, peer.at.url, &r);
    POLL_UNTIL(loop, egret_ws_buffered_amount(r.ws) == 0);

    accepted = fill(loop, &r);
    waiting = egret_ws_buffered_amount(r.ws);
    CHECK(waiting > 0 && waiting < accepted * PART);
    CHECK_EQ(waiting % PART, 0); /* a message counts with its full size until its last byte is written */
    CHECK(waiting < (1 << 20) + PART);
    CHECK_EQ(egret_ws_state(r.ws), EGRET_WS_STATE_OPEN);

    pthread_mutex_lock(&peer.lock);
    may_read = 1;
    pthread_cond_broadcast(&peer.changed);
    pthread_mutex_unlock(&peer.lock);
    POLL_UNTIL(loop, egret_ws_buffered_amount(r.ws) == 0);
    close_and_free(loop, &r);
    CHECK_EQ(SERVER_SAW(peer, messages), accepted + 1);
    CHECK_EQ(SERVER_SAW(peer, bytes), accepted * PART + 5);
    stop_server(&peer);
}

int main(int argc, char **argv) {
    egret_ws_loop *loop;

    begin(argc, argv);
    loop = new_loop();
    our_close(loop);
    our_close_while_connecting(loop);
    between_polls(loop);
    the_buffered_amount(loop);
    free_loop(loop);
    return 0;
}
