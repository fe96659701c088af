/* A send into a full buffer returns EGRET_WS_ERR_BACKPRESSURE. Then on_drain comes once, when the refused message fits and the buffer is
 * at most half full. It comes neither without a refusal nor after a close. */
#include "server.h"

enum { LARGE = EGRET_WS_MAX_MESSAGE_BYTES, BUFFER = 1 << 20, SMALLEST_BUFFER = LARGE + 14 };

static uint8_t large[LARGE];

/* A socket that counts its drains. */
typedef struct drained {
    recorder r;
    uint32_t buffer;
    int drains;
    size_t size;              /* of each message */
    int64_t accepted, wanted; /* messages */
    void (*then_drain)(struct drained *);
} drained;

static egret_ws_statistics stats_of(egret_ws *ws) {
    egret_ws_statistics stats;
    stats.struct_size = sizeof stats;
    CHECK_OK(egret_ws_stats(ws, &stats));
    return stats;
}

static void record_drain(void *user, egret_ws *ws) {
    drained *d = (drained *)recorder_of_socket(user, ws);
    CHECK(d->r.connects == 1 && d->r.closes == 0);
    CHECK_EQ(egret_ws_state(ws), EGRET_WS_STATE_OPEN);
    CHECK(stats_of(ws).send_queue_bytes <= d->buffer / 2);
    d->drains++;
    if (d->then_drain) d->then_drain(d);
}

static void open_drained(egret_ws_loop *loop, const char *url, drained *d, uint32_t buffer) {
    egret_ws_options options;
    memset(d, 0, sizeof *d);
    d->buffer = buffer;
    options = recorder_options(&d->r);
    options.max_send_buffer_bytes = buffer;
    options.on_drain = record_drain;
    options.flags = EGRET_WS_DISABLE_DEFLATE;
    CHECK_OK(egret_ws_connect(loop, url, &options, &d->r.ws));
    POLL_UNTIL(loop, d->r.connects == 1);
}

/* A server that does not read until the test allows it. */

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER; /* while it is locked, the server waits */

static void read_when_allowed(server *s, int fd) {
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
    swallow(s, fd);
}

static void expect_all_came(egret_ws_loop *loop, server *peer, const drained *d) {
    POLL_UNTIL(loop, SERVER_SAW(*peer, messages) == d->accepted && egret_ws_buffered_amount(d->r.ws) == 0);
}

static void send_what_was_refused(drained *d) {
    CHECK_OK(egret_ws_send(d->r.ws, EGRET_WS_BINARY, large, LARGE));
    d->accepted++;
}

/* After several refusals on_drain comes once, and then the largest message fits. */
static void once_after_refusals(egret_ws_loop *loop, uint32_t buffer) {
    static drained d;
    static server peer;
    start_server(&peer, read_when_allowed);
    pthread_mutex_lock(&gate);
    open_drained(loop, peer.at.url, &d, buffer);
    d.accepted = fill(loop, &d.r);
    d.drains = 0; /* meanwhile the operating system took many bytes; now it takes no more */
    d.then_drain = send_what_was_refused;
    CHECK_EQ(egret_ws_send(d.r.ws, EGRET_WS_BINARY, large, LARGE), EGRET_WS_ERR_BACKPRESSURE);
    CHECK(egret_ws_buffered_amount(d.r.ws) <= (int64_t)buffer + PART);
    settle(loop);
    CHECK_EQ(d.drains, 0); /* as long as it is full */

    pthread_mutex_unlock(&gate);
    POLL_UNTIL(loop, d.drains == 1);
    expect_all_came(loop, &peer, &d);
    settle(loop);
    CHECK_EQ(d.drains, 1);
    close_and_free(loop, &d.r);
    stop_server(&peer);
}

/* Sends until a message is refused again. The message that was refused before is accepted. */
static void send_until_refused(drained *d) {
    const int64_t before = d->accepted;
    while (d->accepted < d->wanted) {
        const int32_t result = egret_ws_send(d->r.ws, EGRET_WS_BINARY, large, d->size);
        /* One message may be partly written; it still counts with its full size. */
        CHECK(egret_ws_buffered_amount(d->r.ws) <= (int64_t)(d->buffer + d->size));
        if (result == EGRET_WS_ERR_BACKPRESSURE) {
            CHECK(d->accepted > before);
            return;
        }
        CHECK_OK(result);
        d->accepted++;
    }
}

/* A host can send more than the buffer holds: it sends in on_drain until a refusal, and on_drain comes again each time. */
static void a_long_transfer(egret_ws_loop *loop, uint32_t buffer, size_t size, int64_t parts) {
    static drained d;
    static server peer;
    egret_ws_statistics stats;

    start_server(&peer, read_when_allowed);
    pthread_mutex_lock(&gate);
    open_drained(loop, peer.at.url, &d, buffer);
    d.size = size;
    d.wanted = parts;
    d.then_drain = send_until_refused;
    send_until_refused(&d);
    CHECK(d.accepted < d.wanted);
    pthread_mutex_unlock(&gate);
    POLL_UNTIL(loop, d.accepted == d.wanted);
    CHECK(d.drains > 0); /* many times, unless the sender is slow */
    expect_all_came(loop, &peer, &d);
    CHECK_EQ(SERVER_SAW(peer, bytes), parts * (int64_t)size);
    stats = stats_of(d.r.ws);
    CHECK_EQ(stats.messages_sent, parts);
    CHECK_EQ(stats.bytes_sent, parts * (int64_t)size);
    CHECK_EQ(stats.send_queue_bytes, 0);
    CHECK(stats.send_queue_peak_bytes <= buffer && stats.send_queue_peak_bytes > buffer / 2);
    close_and_free(loop, &d.r);
    stop_server(&peer);
}

static void not_without_a_refusal(egret_ws_loop *loop) {
    static drained d;
    static server peer;
    int i;
    start_server(&peer, swallow);
    open_drained(loop, peer.at.url, &d, BUFFER);
    for (i = 0; i < 50; i++) {
        while (egret_ws_buffered_amount(d.r.ws) + LARGE + 14 * 10 > BUFFER) CHECK(poll_loop(loop, 5) >= 0);
        send_what_was_refused(&d);
    }
    CHECK_EQ(egret_ws_send(d.r.ws, EGRET_WS_BINARY, large, (size_t)LARGE + 1), EGRET_WS_ERR_MESSAGE_TOO_BIG);
    CHECK_EQ(egret_ws_send(d.r.ws, EGRET_WS_TEXT, "\xff", 1), EGRET_WS_ERR_INVALID_UTF8);
    expect_all_came(loop, &peer, &d);
    close_and_free(loop, &d.r);
    CHECK_EQ(d.drains, 0);
    stop_server(&peer);
}

/* Closed or freed after a refusal: accepted messages are sent, and on_drain does not come. */
static void not_after_a_close(egret_ws_loop *loop, int by_free) {
    static drained d;
    static server peer;
    start_server(&peer, read_when_allowed);
    pthread_mutex_lock(&gate);
    open_drained(loop, peer.at.url, &d, SMALLEST_BUFFER);
    d.accepted = fill(loop, &d.r);
    d.drains = 0;
    if (by_free) free_socket(&d.r);
    else CHECK_OK(egret_ws_close(d.r.ws, 1000, NULL, 0));
    pthread_mutex_unlock(&gate);
    POLL_UNTIL(loop, d.r.releases == 1 && SERVER_SAW(peer, close_code) != 0);
    CHECK_EQ(SERVER_SAW(peer, messages), d.accepted);
    settle(loop);
    CHECK_EQ(d.drains, 0);
    CHECK_EQ(d.r.closes, by_free ? 0 : 1);
    if (!by_free) free_socket(&d.r);
    stop_server(&peer);
}

int main(int argc, char **argv) {
    egret_ws_loop *loop;
    begin(argc, argv);
    loop = new_loop();
    once_after_refusals(loop, BUFFER);
    once_after_refusals(loop, SMALLEST_BUFFER); /* there is room for the refused message when all others were written */
    a_long_transfer(loop, BUFFER, PART, SLOW ? 200 : 1000);
    a_long_transfer(loop, SMALLEST_BUFFER, LARGE, SLOW ? 50 : 200); /* one at a time */
    not_without_a_refusal(loop);
    not_after_a_close(loop, 0);
    not_after_a_close(loop, 1);
    settle(loop);
    free_loop(loop);
    return 0;
}
