/* A poll keeps to its budget of callbacks and time. The rest comes with the next poll, in order. */
#include "server.h"

enum { MESSAGES = 20 };

/* Sends this number of messages, each with its number as payload, and a Close. */
static uint8_t frames[3 * MESSAGES + 2];

static void fill_frames(void) {
    uint8_t *at = frames;
    int n;
    for (n = 0; n < MESSAGES; n++) {
        *at++ = 0x82;
        *at++ = 1;
        *at++ = (uint8_t)n;
    }
    *at++ = 0x88;
    *at++ = 0;
}

static int callbacks(const recorder *r) {
    return r->connects + r->messages + r->closes + r->releases;
}

static void check_number(recorder *r) {
    const uint8_t number = (uint8_t)(r->messages - 1);
    expect_message(r, EGRET_WS_BINARY, &number, 1);
}

static void check_all_came(recorder *r) {
    CHECK_EQ(r->messages, MESSAGES);
}

static void check_number_slowly(recorder *r) {
    const int64_t begun_us = now_us();
    check_number(r);
    while (now_us() - begun_us < 10) continue;
}

/* Polls until the socket has ended. Each poll returns the number of its callbacks, and makes at most this number of callbacks and
 * of messages. */
static void expect_budget(const egret_ws_loop_options *options, int most, int most_messages,
                          void (*then_data)(recorder *)) {
    recorder *r = (recorder *)calloc(1, sizeof *r);
    static server peer;
    egret_ws_loop *loop = NULL;
    const int64_t deadline_us = now_us() + WAIT_LIMIT_MS * INT64_C(1000);

    CHECK(r != NULL);
    start_answering_server(&peer, send_answer, frames, sizeof frames);
    CHECK_OK(egret_ws_loop_new(options, &loop));
    r->then_data = then_data;
    r->then_close = check_all_came;
    begin_connect(loop, peer.at.url, r);
    while (r->releases == 0) {
        const int before = callbacks(r), messages_before = r->messages;
        const int32_t ran = poll_loop(loop, 10);
        CHECK(ran <= most);
        CHECK(r->messages - messages_before <= most_messages);
        CHECK_EQ(callbacks(r) - before, ran);
        CHECK(now_us() < deadline_us);
    }
    CHECK_EQ(callbacks(r), MESSAGES + 3);
    free_socket(r);
    free_loop(loop);
    stop_server(&peer);
    free(r);
}

static void at_most_so_many_callbacks(uint32_t most) {
    egret_ws_loop_options options = loop_options();
    options.poll_max_callbacks = most;
    options.poll_max_us = UINT32_MAX;
    expect_budget(&options, (int)most, (int)most, check_number);
}

/* Each message takes longer than the time limit of a poll: each poll delivers one, so no poll is without progress. */
static void at_most_so_much_time(void) {
    egret_ws_loop_options options = loop_options();
    options.poll_max_callbacks = UINT32_MAX;
    options.poll_max_us = 1;
    expect_budget(&options, MESSAGES + 3, 1, check_number_slowly);
}

static void no_limit(void) {
    egret_ws_loop_options options = loop_options();
    options.poll_max_callbacks = UINT32_MAX;
    options.poll_max_us = UINT32_MAX;
    expect_budget(&options, MESSAGES + 3, MESSAGES, check_number);
}

int main(int argc, char **argv) {
    begin(argc, argv);
    fill_frames();
    at_most_so_many_callbacks(1);
    at_most_so_many_callbacks(7);
    at_most_so_much_time();
    no_limit();
    return 0;
}
