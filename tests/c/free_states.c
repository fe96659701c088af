/* A socket is freed in any state, a loop with sockets in all states: no on_close after it, release_user once for each,
 * and what was accepted before a close still goes out. */
#include "server.h"

enum { SMALL = 1000, PARTS = 100 };

/* The work that free leaves to the background is done while the loop continues. */
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

/* Freed before any poll saw it: nothing but release_user comes. */
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
    begin_connect(loop, silent.url, &r[0]); /* connecting, seen by no poll */
    open_socket(loop, echo_url, &r[1]);     /* open */
    open_socket(loop, echo_url, &r[2]);
    open_socket(loop, echo_url, &r[3]); /* open, with data on its way */
    send_parts(&r[3]);
    begin_connect(loop, silent.url, &r[4]); /* connecting */
    open_socket(loop, unresponsive.at.url, &r[5]);  /* closing: the peer does not answer */
    CHECK_OK(egret_ws_close(r[5].ws, 1000, NULL, 0));
    open_socket(loop, echo_url, &r[6]); /* closed, its handle kept */
    CHECK_OK(egret_ws_close(r[6].ws, 1000, NULL, 0));
    POLL_UNTIL(loop, r[6].releases == 1);
    open_socket(loop, echo_url, &r[7]); /* freed in the end, and released */
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
    CHECK(now_us() - begun < WAIT_LIMIT_MS * 1000 / 2); /* it does not wait after the peers have answered */
    CHECK_EQ(closing.releases + open.releases, 2);

    WAIT_UNTIL(SERVER_SAW(to_closing, close_code) == 1000);
    WAIT_UNTIL(SERVER_SAW(to_open, close_code) == 1001);
    expect_parts(&to_closing);
    expect_parts(&to_open);
    stop_server(&to_closing);
    stop_server(&to_open);
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
    return 0;
}
