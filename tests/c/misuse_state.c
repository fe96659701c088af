/* Calls that the state of the socket or RFC 6455 does not allow return an error, and do not change the socket. */
#include "server.h"

#define TEXT_OF_123 "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789" \
                    "01234567890123456789012"

/* The message of the error contains the reason. */
static void expect_not_open(egret_ws *ws, const char *reason) {
    CHECK_EQ(egret_ws_send(ws, EGRET_WS_TEXT, "x", 1), EGRET_WS_ERR_NOT_OPEN);
    CHECK(strstr(egret_ws_last_error_message(), reason) != NULL);
    CHECK_EQ(egret_ws_send(ws, EGRET_WS_TEXT, "", 0), EGRET_WS_ERR_NOT_OPEN);
    CHECK_EQ(egret_ws_send(ws, EGRET_WS_BINARY, (const uint8_t *)"x", 1), EGRET_WS_ERR_NOT_OPEN);
    CHECK_EQ(egret_ws_ping(ws, "x", 1), EGRET_WS_ERR_NOT_OPEN);
    CHECK(strstr(egret_ws_last_error_message(), reason) != NULL);
    CHECK_EQ(egret_ws_buffered_amount(ws), 0);
    /* These work in any state. */
    CHECK_OK(egret_ws_pause_receive(ws));
    CHECK_OK(egret_ws_resume_receive(ws));
}

static void before_the_connection(egret_ws_loop *loop) {
    static recorder r;
    listener silent = listen_silently();
    begin_connect(loop, silent.url, &r);
    expect_not_open(r.ws, "still connecting");
    CHECK_OK(egret_ws_close(r.ws, 1000, NULL, 0));
    expect_not_open(r.ws, "is closing");
    CHECK_OK(egret_ws_close(r.ws, 1000, NULL, 0));
    POLL_UNTIL(loop, r.releases == 1);
    CHECK_EQ(r.report.error, EGRET_WS_ERR_ABORTED);
    CHECK_EQ(r.connects, 0);
    expect_not_open(r.ws, "is closed");
    free_socket(&r);
    close_listener(&silent);
}

static void closes_that_may_not_be(egret_ws_loop *loop) {
    static recorder r;
    const uint16_t codes[] = {1, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535};
    size_t i;
    open_socket(loop, echo_url, &r);
    for (i = 0; i < sizeof codes / sizeof *codes; i++)
        CHECK_EQ(egret_ws_close(r.ws, codes[i], NULL, 0), EGRET_WS_ERR_INVALID_CLOSE);
    CHECK_EQ(egret_ws_close(r.ws, 1000, TEXT_OF_123 "3", 124), EGRET_WS_ERR_INVALID_CLOSE);
    CHECK_EQ(egret_ws_close(r.ws, 1000, TEXT_OF_123 "3", EGRET_WS_NUL_TERMINATED), EGRET_WS_ERR_INVALID_CLOSE);
    CHECK_EQ(egret_ws_close(r.ws, 0, "why", 3), EGRET_WS_ERR_INVALID_CLOSE);
    CHECK_EQ(egret_ws_close(r.ws, 1000, "\xFF", 1), EGRET_WS_ERR_INVALID_UTF8);
    CHECK_EQ(egret_ws_close(r.ws, 1000, "\xE7\x99\xBD", 2), EGRET_WS_ERR_INVALID_UTF8);
    CHECK_EQ(egret_ws_state(r.ws), EGRET_WS_STATE_OPEN);
    expect_echo(loop, &r);

    CHECK_OK(egret_ws_close(r.ws, 4999, TEXT_OF_123, EGRET_WS_NUL_TERMINATED));
    POLL_UNTIL(loop, r.releases == 1);
    CHECK_EQ(r.report.error, EGRET_WS_OK);
    CHECK_EQ(r.report.sent_code, 4999);
    CHECK_EQ(r.report.code, 4999);
    free_socket(&r);
}

static void closes_that_may_be(egret_ws_loop *loop) {
    const uint16_t codes[] = {0, 1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4999};
    static server peer;
    size_t i;
    start_server(&peer, swallow);
    for (i = 0; i < sizeof codes / sizeof *codes; i++) {
        const int on_the_wire = codes[i] == 0 ? 1005 : codes[i];
        recorder *r = (recorder *)calloc(1, sizeof *r);
        CHECK(r != NULL);
        open_socket(loop, peer.at.url, r);
        CHECK_OK(egret_ws_close(r->ws, codes[i], "", EGRET_WS_NUL_TERMINATED));
        POLL_UNTIL(loop, r->releases == 1);
        CHECK_EQ(r->report.error, EGRET_WS_OK);
        CHECK_EQ(r->report.sent_code, on_the_wire);
        CHECK_EQ(r->report.code, on_the_wire);
        CHECK_EQ(SERVER_SAW(peer, close_code), on_the_wire);
        free_socket(r);
        free(r);
    }
    stop_server(&peer);
}

static void after_a_close(egret_ws_loop *loop) {
    static recorder r;
    open_socket(loop, echo_url, &r);
    CHECK_OK(egret_ws_close(r.ws, 3001, "first", 5));
    CHECK_EQ(egret_ws_send(r.ws, EGRET_WS_TEXT, "late", 4), EGRET_WS_ERR_NOT_OPEN);
    CHECK_OK(egret_ws_close(r.ws, 3002, "second", 6)); /* does nothing */
    CHECK_EQ(egret_ws_close(r.ws, 999, NULL, 0), EGRET_WS_ERR_INVALID_CLOSE);
    POLL_UNTIL(loop, r.releases == 1);
    CHECK_EQ(r.report.sent_code, 3001);
    expect_not_open(r.ws, "is closed");
    CHECK_OK(egret_ws_close(r.ws, 1000, NULL, 0));
    CHECK_OK(egret_ws_abort(r.ws)); /* does nothing */
    CHECK_OK(egret_ws_abort(r.ws));
    CHECK_EQ(egret_ws_state(r.ws), EGRET_WS_STATE_CLOSED);
    CHECK_EQ(r.messages, 0);
    free_socket(&r);
}

static void text_that_is_no_utf8(egret_ws_loop *loop) {
    static recorder r;
    static const char *const bad[] = {
        "\xFF",             /* no such byte */
        "\xC0\x80",         /* NUL, overlong */
        "\xED\xA0\x80",     /* half of a surrogate pair */
        "\xF4\x90\x80\x80", /* beyond U+10FFFF */
        "caf\xC3",          /* cut off */
        "\x80",             /* out of place */
    };
    size_t i;
    open_socket(loop, echo_url, &r);
    for (i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK_EQ(egret_ws_send(r.ws, EGRET_WS_TEXT, bad[i], EGRET_WS_NUL_TERMINATED), EGRET_WS_ERR_INVALID_UTF8);
        CHECK_OK(egret_ws_send(r.ws, EGRET_WS_BINARY, (const uint8_t *)bad[i], strlen(bad[i])));
    }
    POLL_UNTIL(loop, r.messages == (int)(sizeof bad / sizeof *bad));
    CHECK_EQ(r.kind, EGRET_WS_BINARY);
    CHECK_EQ(egret_ws_state(r.ws), EGRET_WS_STATE_OPEN);
    close_and_free(loop, &r);
}

static void places_that_are_none(egret_ws_loop *loop) {
    egret_ws *ws = NULL;
    CHECK_EQ(egret_ws_connect_host(loop, "127.0.0.1", 0, NULL, &ws), EGRET_WS_ERR_INVALID_ARGUMENT);
    CHECK_EQ(egret_ws_connect_host(loop, "", 9000, NULL, &ws), EGRET_WS_ERR_INVALID_URL);
    CHECK_EQ(egret_ws_connect_host(loop, "a b", 9000, NULL, &ws), EGRET_WS_ERR_INVALID_URL);
    CHECK_EQ(egret_ws_connect_host(loop, "\xFF", 9000, NULL, &ws), EGRET_WS_ERR_INVALID_URL);
    CHECK_EQ(egret_ws_connect(loop, "", NULL, &ws), EGRET_WS_ERR_INVALID_URL);
    CHECK_EQ(egret_ws_connect(loop, "http://127.0.0.1/", NULL, &ws), EGRET_WS_ERR_INVALID_URL);
    CHECK_EQ(egret_ws_connect(loop, "wss://127.0.0.1:0/", NULL, &ws), EGRET_WS_ERR_INVALID_URL);
    CHECK(ws == NULL);
}

int main(int argc, char **argv) {
    egret_ws_loop *loop;

    begin(argc, argv);
    loop = new_loop();
    before_the_connection(loop);
    closes_that_may_not_be(loop);
    closes_that_may_be(loop);
    after_a_close(loop);
    text_that_is_no_utf8(loop);
    places_that_are_none(loop);
    free_loop(loop);
    return 0;
}
