/* Options that this library does not know make the whole call fail: no handle is written, and `user` is not released. */
#include "check.h"

/* Options as a newer header might have them. */
typedef struct {
    egret_ws_options known;
    uint8_t tail[64];
} newer_options;

typedef struct {
    egret_ws_loop_options known;
    uint8_t tail[64];
} newer_loop_options;

static egret_ws_loop *loop;

/* `options` may be longer than its type. */
static void refused(int32_t error, const egret_ws_options *options) {
    static uint8_t mark;
    egret_ws *untouched = (egret_ws *)(void *)&mark, *out = untouched;
    const recorder *r = (const recorder *)options->user;
    CHECK_EQ(egret_ws_connect(loop, echo_url, options, &out), error);
    CHECK_EQ(egret_ws_connect_host(loop, "127.0.0.1", 9, options, &out), error);
    CHECK(out == untouched);
    CHECK(poll_loop(loop, 0) >= 0);
    CHECK_EQ(r->closes + r->releases, 0);
}

static void loop_refused(int32_t error, const egret_ws_loop_options *options) {
    static uint8_t mark;
    egret_ws_loop *untouched = (egret_ws_loop *)(void *)&mark, *out = untouched;
    CHECK_EQ(egret_ws_loop_new(options, &out), error);
    CHECK(out == untouched);
}

static void struct_sizes(recorder *r) {
    const uint32_t sizes[] = {0, 1, 4, sizeof(egret_ws_options) - 1, 4097, 8192, UINT32_MAX};
    static uint8_t room[8192]; /* all of the accepted sizes must be readable */
    egret_ws_options options = recorder_options(r);
    size_t i;
    for (i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        options.struct_size = sizes[i];
        memcpy(room, &options, sizeof options);
        refused(EGRET_WS_ERR_BAD_STRUCT, (const egret_ws_options *)(void *)room);
    }
}

static void loop_struct_sizes(void) {
    const uint32_t sizes[] = {0, 1, 4, sizeof(egret_ws_loop_options) - 1, 4097, 8192, UINT32_MAX};
    static uint8_t room[8192];
    egret_ws_loop_options options = loop_options();
    size_t i;
    for (i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        options.struct_size = sizes[i];
        memcpy(room, &options, sizeof options);
        loop_refused(EGRET_WS_ERR_BAD_STRUCT, (const egret_ws_loop_options *)(void *)room);
    }
}

/* A struct that the library fills in. */
static void written_struct_sizes(void) {
    static recorder r;
    const uint32_t sizes[] = {0, 1, 4, 12, 4097, 8192, UINT32_MAX};
    static union {
        egret_ws_statistics stats;
        egret_ws_close_info info;
        uint8_t bytes[8192];
    } room;
    size_t i, j;
    open_socket(loop, echo_url, &r);
    for (i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        memset(&room, 0xAA, sizeof room);
        room.stats.struct_size = sizes[i];
        CHECK_EQ(egret_ws_stats(r.ws, &room.stats), EGRET_WS_ERR_BAD_STRUCT);
        CHECK_EQ(egret_ws_close_report(r.ws, &room.info), EGRET_WS_ERR_BAD_STRUCT);
        for (j = 4; j < sizeof room; j++) CHECK_EQ(room.bytes[j], 0xAA);
    }
    close_and_free(loop, &r);
}

static void newer_structs(recorder *r) {
    newer_options options;
    newer_loop_options of_loop;
    egret_ws_loop *another = NULL;
    size_t i;

    CHECK_OK(egret_ws_options_init(&options.known, sizeof options));
    CHECK_EQ(options.known.struct_size, sizeof options);
    options.known = recorder_options(r);
    options.known.struct_size = sizeof options;
    for (i = 0; i < sizeof options.tail; i++) {
        CHECK_EQ(options.tail[i], 0); /* init cleared it */
        options.tail[i] = 1;
        refused(EGRET_WS_ERR_BAD_STRUCT, &options.known);
        options.tail[i] = 0;
    }
    CHECK_OK(egret_ws_connect(loop, echo_url, &options.known, &r->ws));
    POLL_UNTIL(loop, r->connects == 1);
    close_and_free(loop, r);

    CHECK_OK(egret_ws_loop_options_init(&of_loop.known, sizeof of_loop));
    CHECK_EQ(of_loop.known.struct_size, sizeof of_loop);
    of_loop.known.flags = driver;
    of_loop.tail[sizeof of_loop.tail - 1] = 1;
    loop_refused(EGRET_WS_ERR_BAD_STRUCT, &of_loop.known);
    of_loop.tail[sizeof of_loop.tail - 1] = 0;
    CHECK_OK(egret_ws_loop_new(&of_loop.known, &another));
    CHECK_OK(egret_ws_loop_free(another, NULL));
}

/* After an error the loop is not freed, and the report is unchanged. */
static void reports_of_a_freed_loop(void) {
    const uint32_t wrong[] = {0, 1, sizeof(egret_ws_free_report) - 8, sizeof(egret_ws_free_report) + 1, 4104, UINT32_MAX};
    struct {
        egret_ws_free_report known;
        uint8_t tail[64];
    } newer;
    egret_ws_free_report lost;
    egret_ws_loop *another = new_loop();
    size_t i;

    for (i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        memset(&lost, 0xAA, sizeof lost);
        lost.struct_size = wrong[i];
        CHECK_EQ(egret_ws_loop_free(another, &lost), EGRET_WS_ERR_BAD_STRUCT);
        CHECK_EQ(lost.struct_size, wrong[i]);
        CHECK_EQ(lost.sockets, UINT32_C(0xAAAAAAAA));
    }
    CHECK_EQ(poll_loop(another, 0), 0); /* it still works */
    memset(&newer, 0xAA, sizeof newer);
    newer.known.struct_size = sizeof newer;
    CHECK_OK(egret_ws_loop_free(another, &newer.known));
    CHECK_EQ(newer.known.struct_size, sizeof newer);
    CHECK_EQ(newer.known.sockets, 0);
    CHECK_EQ(newer.known.unsent_messages, 0);
    CHECK_EQ(newer.known.unsent_bytes, 0);
    for (i = 0; i < sizeof newer.tail; i++) CHECK_EQ(newer.tail[i], 0);
}

static void unknown_flags_and_values(recorder *r) {
    egret_ws_options options = recorder_options(r);
    egret_ws_loop_options of_loop = loop_options();
    int bit;

    for (bit = 0; bit < 32; bit++) {
        const uint32_t flag = UINT32_C(1) << bit;
        if (flag > EGRET_WS_ALLOW_PRIVATE_REDIRECTS) {
            options.flags = flag;
            refused(EGRET_WS_ERR_INVALID_ARGUMENT, &options);
        }
        if (flag > EGRET_WS_LOOP_FORGET_TLS_SESSIONS) {
            of_loop.flags = driver | flag;
            loop_refused(EGRET_WS_ERR_INVALID_ARGUMENT, &of_loop);
        }
    }
    of_loop = loop_options();
    of_loop.log_level = EGRET_WS_LOG_DEBUG + 1;
    loop_refused(EGRET_WS_ERR_INVALID_ARGUMENT, &of_loop);
    of_loop.log_level = -1;
    loop_refused(EGRET_WS_ERR_INVALID_ARGUMENT, &of_loop);

    options = recorder_options(r);
    options.max_send_buffer_bytes = EGRET_WS_MAX_MESSAGE_BYTES + 13; /* too small for one message and its header */
    refused(EGRET_WS_ERR_INVALID_ARGUMENT, &options);
    options = recorder_options(r);
    options.max_message_bytes = UINT32_MAX;
    refused(EGRET_WS_ERR_INVALID_ARGUMENT, &options);
}

static void init_with_wrong_sizes(void) {
    egret_ws_options options;
    egret_ws_loop_options of_loop;
    memset(&options, 0xAA, sizeof options);
    memset(&of_loop, 0xAA, sizeof of_loop);
    CHECK_EQ(egret_ws_options_init(&options, 0), EGRET_WS_ERR_BAD_STRUCT);
    CHECK_EQ(egret_ws_options_init(&options, sizeof options - 1), EGRET_WS_ERR_BAD_STRUCT);
    CHECK_EQ(egret_ws_options_init(&options, 4097), EGRET_WS_ERR_BAD_STRUCT);
    CHECK_EQ(egret_ws_options_init(&options, SIZE_MAX), EGRET_WS_ERR_BAD_STRUCT);
    CHECK_EQ(egret_ws_loop_options_init(&of_loop, 0), EGRET_WS_ERR_BAD_STRUCT);
    CHECK_EQ(egret_ws_loop_options_init(&of_loop, sizeof of_loop - 1), EGRET_WS_ERR_BAD_STRUCT);
    CHECK_EQ(egret_ws_loop_options_init(&of_loop, 4097), EGRET_WS_ERR_BAD_STRUCT);
    CHECK_EQ(egret_ws_loop_options_init(&of_loop, SIZE_MAX), EGRET_WS_ERR_BAD_STRUCT);
    CHECK_EQ(options.struct_size, 0xAAAAAAAA);
    CHECK_EQ(of_loop.struct_size, 0xAAAAAAAA);
}

int main(int argc, char **argv) {
    static recorder refusals, newer;

    begin(argc, argv);
    loop = new_loop();
    init_with_wrong_sizes();
    reports_of_a_freed_loop();
    struct_sizes(&refusals);
    loop_struct_sizes();
    unknown_flags_and_values(&refusals);
    written_struct_sizes();
    newer_structs(&newer);
    settle(loop);
    free_loop(loop);
    CHECK_EQ(refusals.connects + refusals.closes + refusals.releases, 0);
    return 0;
}
