/* The message limit: 131072 bytes pass in both directions, 131073 do not. Options can lower it, not raise it. */
#include "server.h"

static char big[EGRET_WS_MAX_MESSAGE_BYTES + 1];

static void check_cap(egret_ws_loop *loop, recorder *r, size_t cap) {
    const uint8_t *bytes = (const uint8_t *)big;

    CHECK_OK(egret_ws_send(r->ws, EGRET_WS_TEXT, big, cap));
    POLL_UNTIL(loop, r->messages == 1);
    expect_message(r, EGRET_WS_TEXT, big, cap);

    CHECK_OK(egret_ws_send(r->ws, EGRET_WS_BINARY, bytes, cap));
    POLL_UNTIL(loop, r->messages == 2);
    expect_message(r, EGRET_WS_BINARY, big, cap);

    CHECK_EQ(egret_ws_send(r->ws, EGRET_WS_TEXT, big, cap + 1), EGRET_WS_ERR_MESSAGE_TOO_BIG);
    CHECK_EQ(egret_ws_send(r->ws, EGRET_WS_BINARY, bytes, cap + 1), EGRET_WS_ERR_MESSAGE_TOO_BIG);
    CHECK_EQ(egret_ws_state(r->ws), EGRET_WS_STATE_OPEN);
    expect_echo(loop, r);
    CHECK_EQ(r->messages, 3);
    close_and_free(loop, r);
}

static void the_default_cap(egret_ws_loop *loop) {
    static recorder r;
    open_socket(loop, echo_url, &r);
    check_cap(loop, &r, EGRET_WS_MAX_MESSAGE_BYTES);
}

static void a_lowered_cap(egret_ws_loop *loop) {
    static recorder r;
    egret_ws_options options = recorder_options(&r);
    options.max_message_bytes = 1000;
    CHECK_OK(egret_ws_connect(loop, echo_url, &options, &r.ws));
    POLL_UNTIL(loop, r.connects == 1);
    check_cap(loop, &r, 1000);
}

static void a_raised_cap_is_refused(egret_ws_loop *loop) {
    static recorder r;
    egret_ws_options options = recorder_options(&r);
    options.max_message_bytes = EGRET_WS_MAX_MESSAGE_BYTES + 1;
    CHECK_EQ(egret_ws_connect(loop, echo_url, &options, &r.ws), EGRET_WS_ERR_INVALID_ARGUMENT);
    CHECK(r.ws == NULL);
    options.max_message_bytes = EGRET_WS_MAX_MESSAGE_BYTES;
    CHECK_OK(egret_ws_connect(loop, echo_url, &options, &r.ws));
    POLL_UNTIL(loop, r.connects == 1);
    close_and_free(loop, &r);
}

/* The server announces a message of `len` bytes and sends none of them: the client refuses it because of its header. */
static void too_much_is_refused(egret_ws_loop *loop, uint32_t cap, uint32_t len) {
    static server peer;
    recorder *r = (recorder *)calloc(1, sizeof *r);
    const uint8_t head[10] = {0x82, 127, 0, 0, 0, 0, 0, (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len};
    egret_ws_options options;

    CHECK(r != NULL);
    start_answering_server(&peer, send_answer, head, sizeof head);
    options = recorder_options(r);
    options.max_message_bytes = cap;
    CHECK_OK(egret_ws_connect(loop, peer.at.url, &options, &r->ws));
    POLL_UNTIL(loop, r->releases == 1);
    CHECK_EQ(r->report.error, EGRET_WS_ERR_MESSAGE_TOO_BIG);
    CHECK_EQ(r->report.initiator, EGRET_WS_INITIATOR_LOCAL);
    CHECK_EQ(r->report.sent_code, 1009);
    CHECK_EQ(r->messages, 0);
    POLL_UNTIL(loop, SERVER_SAW(peer, close_code) == 1009);
    free_socket(r);
    stop_server(&peer);
    free(r);
}

int main(int argc, char **argv) {
    egret_ws_loop *loop;

    begin(argc, argv);
    CHECK_EQ(EGRET_WS_MAX_MESSAGE_BYTES, 131072);
    memset(big, 'x', sizeof big);
    loop = new_loop();
    the_default_cap(loop);
    a_lowered_cap(loop);
    a_raised_cap_is_refused(loop);
    too_much_is_refused(loop, 0, 131073);
    too_much_is_refused(loop, 70000, 70001);
    free_loop(loop);
    return 0;
}
