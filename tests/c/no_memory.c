/* Where the peer or the host chooses a size, a failed allocation does not end the process. The call returns NO_RESOURCES and changes
 * nothing, or the socket closes with NO_RESOURCES after the messages received before. No message is lost without a report, other
 * sockets continue, and everything works when there is memory again. */
#include "server.h"

#if defined(__GLIBC__) && !SANITIZED

#ifdef __cplusplus
#define NOTHROW __THROW
extern "C" {
#else
#define NOTHROW
#endif

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);

/* The largest allocation that succeeds (0: no limit), and the number of failed ones. */
static volatile size_t largest;
static volatile int failures;

static int fails(size_t size) {
    const size_t limit = largest;
    if (limit == 0 || size <= limit) return 0;
    failures++;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size) NOTHROW;
void *malloc(size_t size) NOTHROW {
    return fails(size) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size) NOTHROW;
void *calloc(size_t count, size_t size) NOTHROW {
    return fails(count * size) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size) NOTHROW;
void *realloc(void *old, size_t size) NOTHROW {
    return fails(size) ? NULL : __libc_realloc(old, size);
}

#ifdef __cplusplus
}
#endif

static egret_ws_loop *loop;

static void begin_scarcity(size_t limit) {
    failures = 0;
    largest = limit;
}

static void end_scarcity(void) {
    largest = 0;
}

/* The frames that the server sends on request. */
static uint8_t frames[2 << 20];
static size_t frames_len;
static volatile int may_send;

static void send_when_allowed(server *s, int fd) {
    while (!may_send) sched_yield();
    send_all(fd, frames, frames_len);
    swallow(s, fd);
}

static void add_frame(uint8_t first, size_t len) {
    uint8_t *out = frames + frames_len;
    CHECK(frames_len + 10 + len <= sizeof frames);
    *out++ = first;
    if (len < 126) {
        *out++ = (uint8_t)len;
    } else if (len < 65536) {
        *out++ = 126;
        *out++ = (uint8_t)(len >> 8);
        *out++ = (uint8_t)len;
    } else {
        *out++ = 127;
        memset(out, 0, 5);
        out[5] = (uint8_t)(len >> 16);
        out[6] = (uint8_t)(len >> 8);
        out[7] = (uint8_t)len;
        out += 8;
    }
    memset(out, 'x', len);
    frames_len = (size_t)(out - frames) + len;
}

/* Numbered messages of `len` bytes, `len` at least 4. */
static void add_numbered(int count, size_t len) {
    int i;
    for (i = 0; i < count; i++) {
        add_frame(0x82, len);
        memcpy(frames + frames_len - len, &i, sizeof i);
    }
}

static int next_number;

static void expect_next(recorder *r) {
    int number;
    memcpy(&number, r->data, sizeof number);
    CHECK_EQ(number, next_number);
    next_number++;
}

/* Receives the frames with little memory. At least the first `before` messages are delivered; then the socket closes. Other sockets
 * stay open. */
static void receive(size_t limit, int before, int numbered) {
    static server peer;
    static recorder other;
    recorder *r = (recorder *)calloc(1, sizeof *r);
    egret_ws_options options;

    CHECK(r != NULL);
    memset(&other, 0, sizeof other);
    open_socket(loop, echo_url, &other);
    may_send = 0;
    start_server(&peer, send_when_allowed);
    options = recorder_options(r);
    options.max_receive_queue_bytes = 8 << 20;
    options.close_timeout_ms = 2000;
    CHECK_OK(egret_ws_connect(loop, peer.at.url, &options, &r->ws));
    POLL_UNTIL(loop, r->connects == 1);
    next_number = 0;
    r->then_data = numbered ? expect_next : NULL;
    begin_scarcity(limit);
    may_send = 1;
    if (driver != EGRET_WS_LOOP_INLINE) WAIT_UNTIL(failures > 0); /* the events wait, because the program does not poll */
    POLL_UNTIL(loop, r->releases == 1);
    end_scarcity();
    CHECK(failures > 0);
    CHECK_EQ(r->report.error, EGRET_WS_ERR_NO_RESOURCES);
    CHECK_EQ(r->report.initiator, EGRET_WS_INITIATOR_LOCAL);
    CHECK(strstr(r->message, "memory") != NULL);
    CHECK(r->messages >= before);
    free_socket(r);
    expect_echo(loop, &other);
    close_and_free(loop, &other);
    stop_server(&peer);
    free(r);
    settle(loop);
}

static void received(void) {
    /* A message in one frame. */
    frames_len = 0;
    add_numbered(3, 100);
    add_frame(0x82, 131072);
    receive(100000, 3, 0);
    /* A message in fragments. */
    frames_len = 0;
    add_numbered(3, 100);
    add_frame(0x02, 50000);
    add_frame(0x00, 50000);
    add_frame(0x80, 20000);
    receive(60000, 3, 0);
    /* Text, with a NUL after it. */
    frames_len = 0;
    add_frame(0x81, 65536);
    receive(65536, 0, 0);
    /* Many small messages: they need memory for the list of events and for read buffers. */
    frames_len = 0;
    add_numbered(100000, 8);
    receive(20000, 0, 1);
    frames_len = 0;
    add_numbered(20000, 60);
    receive(100000, 0, 1);
}

static void pause_without_memory(recorder *r) {
    expect_next(r);
    if (r->messages > 1) return;
    CHECK_OK(egret_ws_pause_receive(r->ws));
    begin_scarcity(8000);
}

/* Messages wait for a resume. The socket closes with NO_RESOURCES after those for which there was memory. */
static void held(void) {
    static server peer;
    static recorder r;
    memset(&r, 0, sizeof r);
    r.then_data = pause_without_memory;
    next_number = 0;
    frames_len = 0;
    add_numbered(3, 100);
    add_frame(0x82, 12000);
    add_numbered(3, 100);
    may_send = 1;
    start_server(&peer, send_when_allowed);
    begin_connect(loop, peer.at.url, &r);
    POLL_UNTIL(loop, r.messages == 1);
    POLL_UNTIL(loop, failures > 0);
    end_scarcity();
    CHECK_OK(egret_ws_resume_receive(r.ws));
    POLL_UNTIL(loop, r.releases == 1);
    CHECK_EQ(r.messages, 3);
    CHECK_EQ(r.report.error, EGRET_WS_ERR_NO_RESOURCES);
    CHECK_EQ(r.report.initiator, EGRET_WS_INITIATOR_LOCAL);
    CHECK(strstr(r.message, "memory") != NULL);
    free_socket(&r);
    stop_server(&peer);
    settle(loop);
}

/* A send without memory is refused completely, and the socket stays open. Accepted messages arrive complete and in order. */
static void sent(void) {
    static server peer;
    static uint8_t big[EGRET_WS_MAX_MESSAGE_BYTES];
    static recorder r;
    const size_t sizes[] = {131072, 5000, 20, 60000, 1};
    const size_t limits[] = {100000, 10000, 3000};
    int64_t accepted = 0, bytes = 0, refused = 0;
    size_t limit;
    int i;

    start_server(&peer, swallow);
    open_socket(loop, peer.at.url, &r);
    for (limit = 0; limit < sizeof limits / sizeof *limits; limit++) {
        for (i = 0; i < 500; i++) {
            const size_t len = sizes[i % 5];
            int64_t before;
            int32_t result;
            poll_loop(loop, 0);
            begin_scarcity(limits[limit]);
            before = egret_ws_buffered_amount(r.ws);
            result = egret_ws_send(r.ws, EGRET_WS_BINARY, big, len);
            end_scarcity();
            if (result == EGRET_WS_OK) {
                accepted++;
                bytes += (int64_t)len;
                continue;
            }
            if (result == EGRET_WS_ERR_BACKPRESSURE) continue;
            CHECK_EQ(result, EGRET_WS_ERR_NO_RESOURCES);
            CHECK(egret_ws_buffered_amount(r.ws) <= before);
            CHECK_EQ(egret_ws_state(r.ws), EGRET_WS_STATE_OPEN);
            refused++;
        }
    }
    CHECK(refused > 0 && accepted > 0);
    POLL_UNTIL(loop, egret_ws_buffered_amount(r.ws) == 0);
    CHECK_OK(egret_ws_send(r.ws, EGRET_WS_BINARY, big, 7));
    close_and_free(loop, &r);
    CHECK_EQ(r.report.unsent_messages, 0);
    CHECK_EQ(SERVER_SAW(peer, messages), accepted + 1);
    CHECK_EQ(SERVER_SAW(peer, bytes), bytes + 7);
    stop_server(&peer);
}

/* A connect call that cannot copy its long options is refused completely. */
static void copied(void) {
    static char roots[200000];
    static recorder r;
    egret_ws_options options = recorder_options(&r);
    int32_t result;

    memset(roots, 'x', sizeof roots);
    options.tls_roots = roots;
    options.tls_roots_len = sizeof roots;
    begin_scarcity(100000);
    result = egret_ws_connect(loop, echo_url, &options, &r.ws);
    end_scarcity();
    CHECK_EQ(result, EGRET_WS_ERR_NO_RESOURCES);
    CHECK(r.ws == NULL && failures > 0);
    settle(loop);
    CHECK_EQ(r.releases, 0);
}

int main(int argc, char **argv) {
    egret_ws_loop_options options;
    begin(argc, argv);
    options = loop_options();
    options.poll_max_callbacks = 16; /* so that messages wait, and take memory */
    CHECK_OK(egret_ws_loop_new(&options, &loop));
    received();
    held();
    sent();
    copied();
    settle(loop);
    free_loop(loop);
    return 0;
}

#else /* the allocator belongs to a sanitizer, or the system is not Linux */

int main(void) {
    return 0;
}

#endif
