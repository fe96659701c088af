/* Every function returns an error for a handle that is stale, forged, of the wrong type or freed twice. Other sockets continue. */
#include "server.h"

static egret_ws *as_socket(uintptr_t number) {
    return (egret_ws *)number;
}

static egret_ws_loop *as_loop(uintptr_t number) {
    return (egret_ws_loop *)number;
}

/* Outside of on_request no number is a valid request handle. */
static void no_request(uintptr_t number) {
    egret_ws_request *request = (egret_ws_request *)number;
    CHECK_EQ(egret_ws_request_set_url(request, echo_url), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_request_set_header(request, "X-A", "b"), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_request_set_subprotocols(request, "a"), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_request_set_addresses(request, "192.0.2.1"), EGRET_WS_ERR_BAD_HANDLE);
}

static void no_socket(uintptr_t number) {
    egret_ws *ws = as_socket(number);
    CHECK_EQ(egret_ws_state(ws), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_buffered_amount(ws), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_send(ws, EGRET_WS_TEXT, "x", 1), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_send(ws, EGRET_WS_BINARY, (const uint8_t *)"x", 1), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_close(ws, 1000, NULL, 0), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_subprotocol(ws, NULL, 0), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_abort(ws), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_remote_address(ws, NULL, 0), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_local_address(ws, NULL, 0), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_tried_addresses(ws, NULL, 0), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_ping(ws, "x", 1), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_pause_receive(ws), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_resume_receive(ws), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_close_report(ws, NULL), EGRET_WS_ERR_BAD_HANDLE);
    CHECK(egret_ws_user(ws) == NULL);
    CHECK_EQ(egret_ws_free(ws), EGRET_WS_ERR_BAD_HANDLE);
    no_request(number);
}

static void no_loop(uintptr_t number) {
    egret_ws_loop *loop = as_loop(number);
    egret_ws *ws = NULL;
    CHECK_EQ(egret_ws_loop_poll(loop, 0), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_loop_poll(loop, -1), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_connect_host(loop, "127.0.0.1", 9, NULL, &ws), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_connect(loop, echo_url, NULL, &ws), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_loop_free(loop, NULL), EGRET_WS_ERR_BAD_HANDLE);
    CHECK(ws == NULL);
}

/* Random numbers, equal in each run (xorshift64). */
static uintptr_t random_number(void) {
    static uint64_t state = UINT64_C(0x9E3779B97F4A7C15);
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uintptr_t)state;
}

static void forged(egret_ws_loop *loop, egret_ws *ws) {
    const uintptr_t live_loop = (uintptr_t)loop, live_socket = (uintptr_t)ws;
    size_t bit;
    int i;
    for (bit = 0; bit < 8 * sizeof(uintptr_t); bit++) {
        const uintptr_t flip = (uintptr_t)1 << bit;
        if ((live_socket ^ flip) != live_loop) no_loop(live_socket ^ flip);
        if ((live_loop ^ flip) != live_loop) no_loop(live_loop ^ flip);
        if ((live_loop ^ flip) != live_socket) no_socket(live_loop ^ flip);
        if ((live_socket ^ flip) != live_socket) no_socket(live_socket ^ flip);
        no_loop(flip);
        no_socket(flip);
    }
    for (i = 0; i < 10000; i++) {
        const uintptr_t number = random_number();
        if (number != live_loop) no_loop(number);
        if (number != live_socket) no_socket(number);
    }
    for (i = 1; i < 64; i++) { /* misaligned ones too */
        no_loop(live_loop + (uintptr_t)i);
        no_socket(live_loop + (uintptr_t)i == live_socket ? 0 : live_loop + (uintptr_t)i);
        no_loop((uintptr_t)i);
        no_socket((uintptr_t)i);
        no_loop(UINTPTR_MAX - (uintptr_t)i);
        no_socket(UINTPTR_MAX - (uintptr_t)i);
    }
    no_loop((uintptr_t)&live_loop);
    no_socket((uintptr_t)&live_socket);
}

/* A slot is used repeatedly; the first handle stays stale, and two handles in succession differ. */
static void stale(egret_ws_loop *loop) {
    listener silent = listen_silently();
    egret_ws *first = NULL, *before, *ws = NULL;
    int i;
    CHECK_OK(egret_ws_connect_host(loop, "127.0.0.1", silent.port, NULL, &first));
    CHECK_OK(egret_ws_free(first));
    before = first;
    for (i = 0; i < 200; i++) {
        CHECK_OK(egret_ws_connect_host(loop, "127.0.0.1", silent.port, NULL, &ws));
        CHECK(ws != first && ws != before);
        no_socket((uintptr_t)before);
        CHECK_EQ(egret_ws_state(ws), EGRET_WS_STATE_CONNECTING);
        CHECK_OK(egret_ws_free(ws));
        no_socket((uintptr_t)ws);
        no_socket((uintptr_t)first);
        CHECK(poll_loop(loop, 0) >= 0);
        before = ws;
    }
    close_listener(&silent);
}

int main(int argc, char **argv) {
    static recorder r, last;
    egret_ws_loop *loop, *another;

    begin(argc, argv);
    loop = new_loop();
    another = new_loop();
    open_socket(loop, echo_url, &r);

    /* a loop handle instead of a socket handle, and a socket handle instead of a loop handle */
    no_socket((uintptr_t)loop);
    no_loop((uintptr_t)r.ws);
    no_request((uintptr_t)r.ws);
    no_request((uintptr_t)loop);

    CHECK_OK(egret_ws_loop_free(another, NULL));
    no_loop((uintptr_t)another);
    forged(loop, r.ws);
    stale(loop);

    /* the valid handles still work */
    expect_echo(loop, &r);
    close_and_free(loop, &r);
    no_socket((uintptr_t)r.ws);

    /* when a loop is freed, the handles of its sockets become stale */
    open_socket(loop, echo_url, &last);
    free_loop(loop);
    CHECK_EQ(last.releases, 1);
    no_loop((uintptr_t)loop);
    no_socket((uintptr_t)last.ws);
    return 0;
}
