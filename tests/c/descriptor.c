/* A host with its own event loop polls only when the descriptor is readable or the time-out has passed. It misses
 * no work and does not spin. */
#include "server.h"

#include <sys/epoll.h>

/* The event loop, with poll(2) or epoll. */
typedef struct {
    egret_ws_loop *loop;
    int descriptor;
    int epoll; /* or -1 */
    int64_t polls, callbacks;
} host;

static void begin_host(host *h, egret_ws_loop *loop, int with_epoll) {
    memset(h, 0, sizeof *h);
    h->loop = loop;
    h->epoll = -1;
    h->descriptor = egret_ws_loop_descriptor(loop);
    CHECK(h->descriptor >= 0);
    if (with_epoll) {
        struct epoll_event event;
        memset(&event, 0, sizeof event);
        event.events = EPOLLIN;
        h->epoll = epoll_create1(EPOLL_CLOEXEC);
        CHECK(h->epoll >= 0);
        CHECK_EQ(epoll_ctl(h->epoll, EPOLL_CTL_ADD, h->descriptor, &event), 0);
    }
}

static void end_host(host *h) {
    if (h->epoll >= 0) close(h->epoll);
}

/* The number of readable descriptors: 0 or 1. */
static int wait_for_descriptor(const host *h, int timeout_ms) {
    struct pollfd one;
    struct epoll_event event;
    if (h->epoll >= 0) return epoll_wait(h->epoll, &event, 1, timeout_ms);
    one.fd = h->descriptor;
    one.events = POLLIN;
    return poll(&one, 1, timeout_ms);
}

/* Sleeps until there is something to do, and does it. */
static void go_round(host *h, const char *waiting_for) {
    const int32_t asked_ms = egret_ws_loop_next_poll_ms(h->loop);
    const int timeout_ms = asked_ms < WAIT_LIMIT_MS ? asked_ms : WAIT_LIMIT_MS;
    int32_t callbacks;
    CHECK(asked_ms >= 0);
    CHECK(driver == EGRET_WS_LOOP_INLINE || asked_ms == 0 || asked_ms == INT32_MAX);
    if (wait_for_descriptor(h, timeout_ms) == 0 && timeout_ms == WAIT_LIMIT_MS) fail(__FILE__, __LINE__, waiting_for);
    callbacks = poll_loop(h->loop, 0);
    CHECK(callbacks >= 0);
    h->polls++;
    h->callbacks += callbacks;
}

#define ROUND_UNTIL(h, condition) \
    while (!(condition)) go_round(h, "nothing to read, waiting for: " #condition)

/* Without work the descriptor is not readable after a few polls; it may be readable once more after a poll has done the work. */
static void expect_silence(host *h) {
    int polls = 0;
    while (wait_for_descriptor(h, 0) != 0) {
        CHECK_EQ(poll_loop(h->loop, 0), 0);
        CHECK(++polls < 20);
    }
}

enum { MESSAGES = SLOW ? 500 : 3000, WINDOW = 50 };

static void send_numbers(egret_ws *ws, int begin, int end) {
    int i;
    for (i = begin; i < end; i++) CHECK_OK(egret_ws_send(ws, EGRET_WS_BINARY, (const uint8_t *)&i, sizeof i));
}

static void check_number(recorder *r) {
    const int number = r->messages - 1;
    expect_message(r, EGRET_WS_BINARY, &number, sizeof number);
}

/* Messages and their echoes, one by one and then many at a time. */
static void a_conversation(int with_epoll) {
    static recorder r;
    egret_ws_loop *loop = new_loop();
    host h;
    int i;

    memset(&r, 0, sizeof r);
    r.then_data = check_number;
    begin_host(&h, loop, with_epoll);
    begin_connect(loop, echo_url, &r);
    ROUND_UNTIL(&h, r.connects == 1);
    h.polls = h.callbacks = 0;
    for (i = 0; i < MESSAGES; i++) {
        send_numbers(r.ws, i, i + 1);
        ROUND_UNTIL(&h, r.messages == i + 1);
    }
    /* With the inline driver polls are also due to read, to write, and for calls of other threads. */
    CHECK_EQ(h.callbacks, MESSAGES);
    CHECK(h.polls <= 4 * MESSAGES);
    expect_silence(&h);

    for (; i < 2 * MESSAGES; i += WINDOW) {
        send_numbers(r.ws, i, i + WINDOW);
        ROUND_UNTIL(&h, r.messages == i + WINDOW);
        expect_silence(&h);
    }
    CHECK_OK(egret_ws_close(r.ws, 1000, NULL, 0));
    ROUND_UNTIL(&h, r.closes == 1 && r.releases == 1);
    CHECK_EQ(r.report.error, EGRET_WS_OK);
    free_socket(&r);
    expect_silence(&h);
    end_host(&h);
    free_loop(loop);
}

enum { FRAMES = SLOW ? 2000 : 10000 };

static void idle_us(int64_t microseconds) {
    const int64_t until_us = now_us() + microseconds;
    while (now_us() < until_us) continue;
}

/* A host that also polls in each frame, possibly while the I/O thread makes the descriptor readable. That poll may come between
 * any two steps of the I/O thread; the descriptor must not stay readable. */
static void polls_of_their_own(void) {
    static recorder r;
    egret_ws_loop *loop = new_loop();
    host h;
    int i;

    r.then_data = check_number;
    begin_host(&h, loop, 0);
    open_socket(loop, echo_url, &r);
    for (i = 0; i < FRAMES; i++) {
        const int64_t deadline_us = now_us() + WAIT_LIMIT_MS * INT64_C(1000);
        send_numbers(r.ws, i, i + 1);
        while (r.messages == i) {
            CHECK(poll_loop(loop, 0) >= 0);
            CHECK(now_us() < deadline_us);
        }
        idle_us(i % 20); /* so that the I/O thread has usually taken its last step */
        expect_silence(&h);
    }
    close_and_free(loop, &r);
    free_loop(loop);
    end_host(&h);
}

/* Only the end of a time-out makes a poll due. */
static void deadlines(void) {
    static recorder tcp, http;
    listener full = listen_with_full_queue(), silent = listen_silently();
    egret_ws_loop *loop = new_loop();
    egret_ws_options options = recorder_options(&tcp);
    host h;

    begin_host(&h, loop, 0);
    options.connect_timeout_ms = 150;
    CHECK_OK(egret_ws_connect(loop, full.url, &options, &tcp.ws));
    options = recorder_options(&http);
    options.handshake_timeout_ms = 100;
    CHECK_OK(egret_ws_connect(loop, silent.url, &options, &http.ws));
    ROUND_UNTIL(&h, tcp.releases == 1 && http.releases == 1);
    CHECK_EQ(tcp.report.error, EGRET_WS_ERR_TIMEOUT);
    CHECK_EQ(tcp.report.phase, EGRET_WS_PHASE_CONNECT);
    CHECK_EQ(http.report.error, EGRET_WS_ERR_TIMEOUT);
    CHECK_EQ(http.report.phase, EGRET_WS_PHASE_HANDSHAKE);
    CHECK(h.polls <= 40); /* two deadlines, two connections */
    free_socket(&tcp);
    free_socket(&http);
    end_host(&h);
    free_loop(loop);
    close_listener(&full);
    close_listener(&silent);
}

static const uint8_t frames[] = {0x82, 1, 0, 0x82, 1, 1, 0x82, 1, 2, 0x82, 1, 3, 0x82, 1, 4, 0x88, 0};

/* A poll makes one callback and leaves the rest: the descriptor stays readable. */
static void what_a_budget_leaves(void) {
    static recorder r;
    static server peer;
    egret_ws_loop_options options = loop_options();
    egret_ws_loop *loop;
    host h;

    options.poll_max_callbacks = 1;
    start_answering_server(&peer, send_answer, frames, sizeof frames);
    CHECK_OK(egret_ws_loop_new(&options, &loop));
    begin_host(&h, loop, 0);
    begin_connect(loop, peer.at.url, &r);
    ROUND_UNTIL(&h, r.closes == 1); /* at least release_user has not been called yet */
    CHECK_EQ(r.releases, 0);
    CHECK_EQ(wait_for_descriptor(&h, 0), 1);
    CHECK_EQ(egret_ws_loop_next_poll_ms(loop), 0);
    ROUND_UNTIL(&h, r.releases == 1);
    CHECK_EQ(r.messages, 5);
    free_socket(&r);
    free_loop(loop);
    end_host(&h);
    stop_server(&peer);
}

/* Calls of other threads make a poll due: a connect, a message, a free, a wake-up. */

static egret_ws_loop *shared;

static void *open_and_send(void *argument) {
    recorder *r = (recorder *)argument;
    const egret_ws_options options = recorder_options(r);
    egret_ws *ws;
    CHECK_OK(egret_ws_connect(shared, echo_url, &options, &ws));
    WAIT_UNTIL(egret_ws_state(ws) == EGRET_WS_STATE_OPEN);
    send_numbers(ws, 0, 1);
    return NULL;
}

static void *close_it(void *argument) {
    CHECK_OK(egret_ws_close(((recorder *)argument)->ws, 1000, NULL, 0));
    return NULL;
}

static void *free_it(void *argument) {
    CHECK_OK(egret_ws_free(((recorder *)argument)->ws));
    return NULL;
}

static void *wake_it(void *argument) {
    (void)argument;
    CHECK_OK(egret_ws_loop_wake(shared));
    return NULL;
}

static void other_threads(void) {
    static recorder r;
    pthread_t thread;
    int64_t polls;
    host h;

    shared = new_loop();
    begin_host(&h, shared, 1);
    CHECK_EQ(pthread_create(&thread, NULL, open_and_send, &r), 0);
    ROUND_UNTIL(&h, r.messages == 1);
    pthread_join(thread, NULL);

    expect_silence(&h);
    polls = h.polls;
    CHECK_EQ(pthread_create(&thread, NULL, wake_it, NULL), 0);
    ROUND_UNTIL(&h, h.polls > polls);
    pthread_join(thread, NULL);
    expect_silence(&h);

    CHECK_EQ(pthread_create(&thread, NULL, close_it, &r), 0);
    ROUND_UNTIL(&h, r.closes == 1);
    pthread_join(thread, NULL);
    CHECK_EQ(pthread_create(&thread, NULL, free_it, &r), 0);
    ROUND_UNTIL(&h, r.releases == 1);
    pthread_join(thread, NULL);
    end_host(&h);
    free_loop(shared);
}

/* A descriptor that is requested late is readable if a poll is already due. A second request returns the same descriptor. Freeing
 * the loop closes it. */
static void asked_for(void) {
    static recorder r;
    egret_ws_loop *loop = new_loop();
    host h;

    open_socket(loop, echo_url, &r);
    CHECK_OK(egret_ws_send(r.ws, EGRET_WS_TEXT, "x", 1));
    if (driver != EGRET_WS_LOOP_INLINE) WAIT_UNTIL(egret_ws_loop_next_poll_ms(loop) == 0);
    begin_host(&h, loop, 0);
    if (driver != EGRET_WS_LOOP_INLINE) CHECK_EQ(wait_for_descriptor(&h, 0), 1);
    ROUND_UNTIL(&h, r.messages == 1);
    CHECK(fcntl(h.descriptor, F_GETFD) & FD_CLOEXEC);
    CHECK_EQ(egret_ws_loop_descriptor(loop), h.descriptor);
    free_socket(&r);
    CHECK_EQ(egret_ws_loop_descriptor(loop), h.descriptor);
    free_loop(loop);
    CHECK(fcntl(h.descriptor, F_GETFD) == -1 && errno == EBADF);
    CHECK_EQ(egret_ws_loop_descriptor(loop), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_loop_next_poll_ms(loop), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_loop_descriptor(NULL), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_loop_next_poll_ms(NULL), EGRET_WS_ERR_BAD_HANDLE);
}

int main(int argc, char **argv) {
    begin(argc, argv);
    asked_for();
    a_conversation(0);
    a_conversation(1);
    polls_of_their_own();
    deadlines();
    what_a_budget_leaves();
    other_threads();
    return 0;
}
