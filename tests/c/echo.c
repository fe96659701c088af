/* Messages to an echo server come back with the same type, bytes and order. */
#include "check.h"

enum { COUNT = 1000 };

static void expect_text_back(egret_ws_loop *loop, recorder *r, const char *text, size_t len) {
    const int before = r->messages;
    CHECK_OK(egret_ws_send(r->ws, EGRET_WS_TEXT, text, len));
    POLL_UNTIL(loop, r->messages > before);
    CHECK_EQ(r->messages, before + 1);
    expect_message(r, EGRET_WS_TEXT, text, len == EGRET_WS_NUL_TERMINATED ? strlen(text) : len);
}

static void expect_binary_back(egret_ws_loop *loop, recorder *r, const uint8_t *data, size_t len) {
    const int before = r->messages;
    CHECK_OK(egret_ws_send(r->ws, EGRET_WS_BINARY, data, len));
    POLL_UNTIL(loop, r->messages > before);
    CHECK_EQ(r->messages, before + 1);
    expect_message(r, EGRET_WS_BINARY, data, len);
}

/* Message n, alternately text and binary, carries n: the recorder compares n with its count. */
static void check_number(recorder *r) {
    char number[16];
    const int n = r->messages - 1;
    const int len = snprintf(number, sizeof number, "%d", n);
    expect_message(r, n % 2 ? EGRET_WS_BINARY : EGRET_WS_TEXT, number, (size_t)len);
}

static void send_numbers(egret_ws *ws) {
    int n;
    for (n = 0; n < COUNT; n++) {
        char number[16];
        const size_t len = (size_t)snprintf(number, sizeof number, "%d", n);
        if (n % 2)
            CHECK_OK(egret_ws_send(ws, EGRET_WS_BINARY, (const uint8_t *)number, len));
        else
            CHECK_OK(egret_ws_send(ws, EGRET_WS_TEXT, number, len));
    }
}

int main(int argc, char **argv) {
    static recorder r, counted;
    uint8_t bytes[256];
    egret_ws_loop *loop;
    size_t i;

    begin(argc, argv);
    loop = new_loop();
    open_socket(loop, echo_url, &r);
    for (i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)i;

    expect_text_back(loop, &r, "Hello Egret WebSocket", 21);
    expect_text_back(loop, &r, "up to its NUL", EGRET_WS_NUL_TERMINATED);
    expect_text_back(loop, &r, "", EGRET_WS_NUL_TERMINATED);
    expect_text_back(loop, &r, "", 0);
    expect_text_back(loop, &r, NULL, 0);
    expect_text_back(loop, &r, "NULs \0 inside \0", 15);
    expect_text_back(loop, &r, "\xE7\x99\xBD\xE9\xB9\xAD \xF0\x9F\x90\xA6", EGRET_WS_NUL_TERMINATED);
    expect_binary_back(loop, &r, bytes, sizeof bytes);
    expect_binary_back(loop, &r, bytes, 0);
    expect_binary_back(loop, &r, NULL, 0);

    counted.then_data = check_number;
    open_socket(loop, echo_url, &counted);
    send_numbers(counted.ws);
    POLL_UNTIL(loop, counted.messages == COUNT);

    close_and_free(loop, &counted);
    close_and_free(loop, &r);
    free_loop(loop);
    CHECK_EQ(counted.messages, COUNT);
    return 0;
}
