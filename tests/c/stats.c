/* The statistics count a known exchange exactly, also queues and round trips. The call writes no more bytes of the struct than its
 * struct_size. */
#include "server.h"

enum { FIRST_SIZE = 56, MESSAGES = 10 };

static egret_ws_statistics stats_of(egret_ws *ws) {
    egret_ws_statistics stats;
    memset(&stats, 0xAA, sizeof stats);
    stats.struct_size = sizeof stats;
    CHECK_OK(egret_ws_stats(ws, &stats));
    CHECK_EQ(stats.struct_size, sizeof stats);
    return stats;
}

/* Bytes of a frame's header without the mask. */
static uint64_t header_bytes(uint64_t payload) {
    return payload < 126 ? 2 : payload < 65536 ? 4 : 10;
}

static void open_plain(egret_ws_loop *loop, const char *url, recorder *r) {
    egret_ws_options options = recorder_options(r);
    options.flags = EGRET_WS_DISABLE_DEFLATE;
    CHECK_OK(egret_ws_connect(loop, url, &options, &r->ws));
    POLL_UNTIL(loop, r->connects == 1);
}

static void an_exchange(egret_ws_loop *loop) {
    static const size_t sizes[MESSAGES] = {0, 1, 125, 126, 127, 1000, 65535, 65536, 100000, EGRET_WS_MAX_MESSAGE_BYTES};
    static uint8_t payload[EGRET_WS_MAX_MESSAGE_BYTES];
    static recorder r;
    egret_ws_statistics stats;
    uint64_t bytes = 0, headers = 0, most = 0, before_out, before_in;
    int i;

    open_plain(loop, echo_url, &r);
    stats = stats_of(r.ws);
    CHECK_EQ(stats.http_status, 101);
    CHECK(stats.connections == 1 && stats.retries == 0);
    CHECK(stats.messages_sent == 0 && stats.bytes_sent == 0);
    CHECK(stats.messages_received == 0 && stats.bytes_received == 0);
    CHECK(stats.send_queue_bytes == 0 && stats.receive_queue_bytes == 0);
    CHECK(stats.rtt_us == 0 && stats.rtt_smoothed_us == 0);
    before_out = stats.wire_bytes_sent;
    before_in = stats.wire_bytes_received;

    for (i = 0; i < MESSAGES; i++) {
        CHECK_OK(egret_ws_send(r.ws, EGRET_WS_BINARY, payload, sizes[i]));
        POLL_UNTIL(loop, r.messages == i + 1);
        bytes += sizes[i];
        headers += header_bytes(sizes[i]);
        if (sizes[i] + header_bytes(sizes[i]) + 4 > most) most = sizes[i] + header_bytes(sizes[i]) + 4;
        stats = stats_of(r.ws);
        CHECK_EQ(stats.messages_sent, i + 1);
        CHECK_EQ(stats.bytes_sent, bytes);
        CHECK_EQ(stats.messages_received, i + 1);
        CHECK_EQ(stats.bytes_received, bytes);
        CHECK_EQ(stats.wire_bytes_sent - before_out, bytes + headers + 4 * (uint64_t)(i + 1)); /* each with a mask */
        CHECK_EQ(stats.wire_bytes_received - before_in, bytes + headers);
        CHECK_EQ(stats.send_queue_bytes, 0);
        CHECK_EQ(stats.receive_queue_bytes, 0);
        CHECK_EQ(stats.send_queue_peak_bytes, most);
        CHECK_EQ(stats.receive_queue_peak_bytes, sizes[i] + 32); /* they came one by one, each larger than the previous one */
    }
    CHECK_OK(egret_ws_close(r.ws, 1000, NULL, 0));
    POLL_UNTIL(loop, r.closes == 1);
    stats = stats_of(r.ws); /* still known */
    CHECK_EQ(stats.messages_sent, MESSAGES);
    CHECK_EQ(stats.bytes_received, bytes);
    CHECK_EQ(stats.wire_bytes_sent - before_out, bytes + headers + 4 * MESSAGES + 8); /* 8: a Close with a code */
    CHECK_EQ(stats.wire_bytes_received - before_in, bytes + headers + 4);
    free_socket(&r);
}

/* Messages wait: in the send buffer while the peer does not read, in the receive queue while the program does not poll. */
static void queues(egret_ws_loop *loop) {
    static const uint8_t frames[] = {0x82, 3, 'a', 'b', 'c', 0x82, 1, 'd'};
    static recorder full, waiting;
    static server unread, peer;
    egret_ws_statistics stats;
    int64_t accepted;

    start_server(&unread, never_read);
    open_plain(loop, unread.at.url, &full);
    accepted = fill(loop, &full);
    stats = stats_of(full.ws);
    CHECK(stats.send_queue_bytes > PART && stats.send_queue_bytes <= 1 << 20);
    CHECK(stats.send_queue_peak_bytes >= stats.send_queue_bytes && stats.send_queue_peak_bytes <= 1 << 20);
    CHECK(stats.messages_sent < (uint64_t)accepted);
    CHECK(stats.messages_sent * PART == stats.bytes_sent);
    CHECK_EQ((int64_t)(accepted - (int64_t)stats.messages_sent) * PART, egret_ws_buffered_amount(full.ws));
    free_socket(&full);
    stop_server(&unread);

    start_answering_server(&peer, send_answer, frames, sizeof frames);
    open_plain(loop, peer.at.url, &waiting);
    if (driver != EGRET_WS_LOOP_INLINE && waiting.messages == 0) { /* not in the poll that called on_connect */
        WAIT_UNTIL(stats_of(waiting.ws).receive_queue_bytes == 3 + 32 + 1 + 32);
        WAIT_UNTIL(stats_of(waiting.ws).messages_received == 2); /* both messages are counted when their bytes enter the queue */
    }
    POLL_UNTIL(loop, waiting.messages == 2);
    stats = stats_of(waiting.ws);
    CHECK_EQ(stats.receive_queue_bytes, 0);
    CHECK(stats.receive_queue_peak_bytes <= 3 + 32 + 1 + 32 && stats.receive_queue_peak_bytes >= 3 + 32);
    CHECK_EQ(stats.messages_received, 2);
    CHECK_EQ(stats.bytes_received, 4);
    close_and_free(loop, &waiting);
    stop_server(&peer);
}

static void round_trips(egret_ws_loop *loop) {
    static recorder r;
    egret_ws_statistics stats;
    uint64_t first, sent, received;

    open_plain(loop, echo_url, &r);
    sent = stats_of(r.ws).wire_bytes_sent;
    CHECK_OK(egret_ws_ping(r.ws, NULL, 0));
    POLL_UNTIL(loop, stats_of(r.ws).rtt_us > 0);
    stats = stats_of(r.ws);
    first = stats.rtt_us;
    received = stats.wire_bytes_received;
    CHECK(first < WAIT_LIMIT_MS * INT64_C(1000));
    CHECK_EQ(stats.rtt_smoothed_us, first);
    CHECK(stats.wire_bytes_sent > sent);
    CHECK_EQ(stats.messages_sent + stats.messages_received, 0); /* a ping is not a message */

    CHECK_OK(egret_ws_ping(r.ws, NULL, 0));
    POLL_UNTIL(loop, stats_of(r.ws).wire_bytes_received > received);
    settle(loop); /* the round trip may be equal; after this it has certainly been measured */
    stats = stats_of(r.ws);
    /* (7 · first + last) / 8, where each value was rounded to microseconds */
    CHECK(stats.rtt_smoothed_us + 2 >= (7 * first + stats.rtt_us) / 8);
    CHECK(stats.rtt_smoothed_us <= (7 * first + stats.rtt_us) / 8 + 2);

    CHECK_OK(egret_ws_close(r.ws, 1000, NULL, 0));
    CHECK_EQ(egret_ws_ping(r.ws, NULL, 0), EGRET_WS_ERR_NOT_OPEN);
    POLL_UNTIL(loop, r.releases == 1);
    CHECK_EQ(egret_ws_ping(r.ws, NULL, 0), EGRET_WS_ERR_NOT_OPEN);
    free_socket(&r);
    CHECK_EQ(egret_ws_ping(r.ws, NULL, 0), EGRET_WS_ERR_BAD_HANDLE);
}

/* A program may be compiled with an older header: any size of the struct since its first version is accepted. */
static void older_headers(egret_ws_loop *loop) {
    static recorder r;
    union {
        egret_ws_statistics stats;
        uint8_t bytes[sizeof(egret_ws_statistics) + 64];
    } known, older;
    size_t size, i;

    CHECK_EQ(offsetof(egret_ws_statistics, connections), FIRST_SIZE); /* where the first version ended */
    open_plain(loop, echo_url, &r);
    expect_echo(loop, &r);
    memset(&known, 0, sizeof known);
    known.stats = stats_of(r.ws);
    for (size = FIRST_SIZE; size <= sizeof known.stats; size += 8) {
        memset(&older, 0xAA, sizeof older);
        older.stats.struct_size = (uint32_t)size;
        CHECK_OK(egret_ws_stats(r.ws, &older.stats));
        CHECK_EQ(older.stats.struct_size, size);
        CHECK(memcmp(older.bytes + 4, known.bytes + 4, size - 4) == 0);
        for (i = size; i < sizeof older.bytes; i++) CHECK_EQ(older.bytes[i], 0xAA);
    }
    close_and_free(loop, &r);
}

int main(int argc, char **argv) {
    egret_ws_loop *loop;
    begin(argc, argv);
    loop = new_loop();
    an_exchange(loop);
    queues(loop);
    round_trips(loop);
    older_headers(loop);
    settle(loop);
    free_loop(loop);
    return 0;
}
