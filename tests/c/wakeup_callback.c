/* A host that polls only after the wake-up callback misses no work, with any number of threads that cause work. */
#include "server.h"

/* The host: it sleeps until a wake-up, and polls once for each. */
typedef struct {
    egret_ws_loop *loop;
    int pipe[2];
    pthread_mutex_t lock;
    int wakeups; /* the total number; protected by the lock */
    int polls;   /* number of polls after a wake-up */
    int sets;    /* the test sets the callback while work becomes due, which may cause two wake-ups */
} host;

/* Runs on any thread. */
static void notify_host(void *user) {
    host *h = (host *)user;
    CHECK_EQ(egret_ws_loop_poll(h->loop, 0), EGRET_WS_ERR_REENTRANT);
    CHECK_EQ(egret_ws_loop_free(h->loop, NULL), EGRET_WS_ERR_REENTRANT);
    CHECK(egret_ws_loop_next_poll_ms(h->loop) >= 0);
    pthread_mutex_lock(&h->lock);
    h->wakeups++;
    pthread_mutex_unlock(&h->lock);
    CHECK_EQ(write(h->pipe[1], "", 1), 1);
}

static int count_wakeups(host *h) {
    int wakeups;
    pthread_mutex_lock(&h->lock);
    wakeups = h->wakeups;
    pthread_mutex_unlock(&h->lock);
    return wakeups;
}

static void begin_host(host *h, const egret_ws_loop_options *options) {
    memset(h, 0, sizeof *h);
    CHECK_EQ(pipe(h->pipe), 0);
    CHECK_EQ(pthread_mutex_init(&h->lock, NULL), 0);
    CHECK_OK(egret_ws_loop_new(options, &h->loop));
    CHECK_OK(egret_ws_loop_set_wakeup(h->loop, notify_host, h));
}

static void end_host(host *h) {
    free_loop(h->loop);
    CHECK_EQ(close(h->pipe[0]) + close(h->pipe[1]), 0);
    pthread_mutex_destroy(&h->lock);
}

/* Sleeps until a wake-up. No second wake-up comes before the poll. */
static void poll_after_wakeup(host *h, const char *waiting_for) {
    struct pollfd pipe_end;
    char byte;
    pipe_end.fd = h->pipe[0];
    pipe_end.events = POLLIN;
    if (poll(&pipe_end, 1, WAIT_LIMIT_MS) != 1) fail(__FILE__, __LINE__, waiting_for);
    CHECK_EQ(read(h->pipe[0], &byte, 1), 1);
    h->polls++;
    CHECK(h->sets || count_wakeups(h) == h->polls);
    CHECK(poll_loop(h->loop, 0) >= 0);
}

#define POLL_AFTER_WAKEUPS_UNTIL(h, condition) \
    while (!(condition)) poll_after_wakeup(h, "no wake-up, waiting for: " #condition)

static void due_work_causes_a_wakeup(void) {
    static recorder r, freed, refused;
    egret_ws_loop_options options = loop_options();
    listener unused = bind_loopback();
    host h;

    begin_host(&h, &options);
    begin_connect(h.loop, echo_url, &r);
    POLL_AFTER_WAKEUPS_UNTIL(&h, r.connects == 1);
    CHECK_OK(egret_ws_send(r.ws, EGRET_WS_TEXT, "x", 1));
    POLL_AFTER_WAKEUPS_UNTIL(&h, r.messages == 1);
    CHECK_OK(egret_ws_close(r.ws, 1000, NULL, 0));
    POLL_AFTER_WAKEUPS_UNTIL(&h, r.closes == 1 && r.releases == 1);
    free_socket(&r);

    begin_connect(h.loop, unused.url, &refused);
    POLL_AFTER_WAKEUPS_UNTIL(&h, refused.closes == 1 && refused.releases == 1);
    CHECK_EQ(refused.report.error, EGRET_WS_ERR_CONNECT);
    free_socket(&refused);

    begin_connect(h.loop, echo_url, &freed);
    POLL_AFTER_WAKEUPS_UNTIL(&h, freed.connects == 1);
    free_socket(&freed);
    POLL_AFTER_WAKEUPS_UNTIL(&h, freed.releases == 1);
    CHECK_EQ(freed.closes, 0);

    CHECK_OK(egret_ws_loop_wake(h.loop));
    poll_after_wakeup(&h, "no wake-up after egret_ws_loop_wake");
    end_host(&h);
    close_listener(&unused);
}

/* A host may use both: a request for the descriptor neither repeats a wake-up nor clears the descriptor. */
static void descriptor_requests_repeat_no_wakeup(void) {
    static recorder r;
    egret_ws_loop_options options = loop_options();
    listener unused = bind_loopback();
    struct pollfd loop;
    host h;
    int i;

    begin_host(&h, &options);
    begin_connect(h.loop, unused.url, &r);
    loop.fd = h.pipe[0];
    loop.events = POLLIN;
    CHECK_EQ(poll(&loop, 1, WAIT_LIMIT_MS), 1); /* the wake-up callback was called */
    for (i = 0; i < 5; i++) {
        loop.fd = egret_ws_loop_descriptor(h.loop);
        CHECK(loop.fd >= 0);
        CHECK_EQ(poll(&loop, 1, 0), 1); /* also for one that is requested only now */
        CHECK_EQ(count_wakeups(&h), 1);
    }
    POLL_AFTER_WAKEUPS_UNTIL(&h, r.closes == 1 && r.releases == 1);
    CHECK_EQ(poll(&loop, 1, 0), 0);
    free_socket(&r);
    end_host(&h);
    close_listener(&unused);
}

static const uint8_t frames[] = {0x82, 1, 0, 0x82, 1, 1, 0x82, 1, 2, 0x82, 1, 3, 0x82, 1, 4, 0x88, 0};

/* A poll makes one callback and leaves the rest: a wake-up follows each time. */
static void work_left_by_a_budget_causes_a_wakeup(void) {
    static recorder r;
    static server peer;
    egret_ws_loop_options options = loop_options();
    host h;

    options.poll_max_callbacks = 1;
    start_answering_server(&peer, send_answer, frames, sizeof frames);
    begin_host(&h, &options);
    begin_connect(h.loop, peer.at.url, &r);
    POLL_AFTER_WAKEUPS_UNTIL(&h, r.releases == 1);
    CHECK(r.connects == 1 && r.messages == 5 && r.closes == 1);
    CHECK(h.polls >= 8);
    free_socket(&r);
    POLL_AFTER_WAKEUPS_UNTIL(&h, h.polls >= 9); /* polls for the free */
    end_host(&h);
    stop_server(&peer);
}

/* At the end of a poll the wake-up callback may make another thread poll, and wait for it: the library holds no lock then. */

static int others;

static void *poll_once(void *loop) {
    CHECK(poll_loop((egret_ws_loop *)loop, 0) >= 0);
    return NULL;
}

static void have_another_poll(void *loop) {
    pthread_t other;
    if (!callbacks_may_run) return; /* this is not the end of a poll */
    others++;
    CHECK_EQ(pthread_create(&other, NULL, poll_once, loop), 0);
    CHECK_EQ(pthread_join(other, NULL), 0);
}

static void another_thread_polls_in_the_callback(void) {
    static recorder r[3];
    egret_ws_loop_options options = loop_options();
    egret_ws_loop *loop = NULL;
    listener silent = listen_silently();
    int round, i;

    options.poll_max_callbacks = 1;
    CHECK_OK(egret_ws_loop_new(&options, &loop));
    CHECK_OK(egret_ws_loop_set_wakeup(loop, have_another_poll, loop));
    for (round = 0; round < 20; round++) {
        memset(r, 0, sizeof r);
        for (i = 0; i < 3; i++) begin_connect(loop, silent.url, &r[i]);
        for (i = 0; i < 3; i++) free_socket(&r[i]);
        POLL_UNTIL(loop, r[0].releases + r[1].releases + r[2].releases == 3);
    }
    CHECK(others > 0);
    free_loop(loop);
    close_listener(&silent);
}

static void echo_without_wakeup(host *h, recorder *r) {
    const int messages = r->messages;
    CHECK_OK(egret_ws_send(r->ws, EGRET_WS_TEXT, "x", 1));
    POLL_UNTIL(h->loop, r->messages == messages + 1);
}

/* Removes the callback. The I/O thread may still be about to call it; it has done so before the echo below arrives. */
static int remove_callback(host *h, recorder *r) {
    CHECK_OK(egret_ws_loop_set_wakeup(h->loop, NULL, NULL));
    echo_without_wakeup(h, r);
    return count_wakeups(h);
}

/* Work that is due when the callback is set causes a wake-up. After the callback is set to NULL, there is no wake-up. */
static void callback_is_set_late_and_removed(void) {
    static recorder r;
    egret_ws_loop_options options = loop_options();
    int round, wakeups, messages;
    host h;

    begin_host(&h, &options);
    begin_connect(h.loop, echo_url, &r);
    POLL_AFTER_WAKEUPS_UNTIL(&h, r.connects == 1);
    h.sets = 1;
    for (round = 0; round < 50; round++) {
        wakeups = remove_callback(&h, &r);
        echo_without_wakeup(&h, &r);
        CHECK_EQ(count_wakeups(&h), wakeups);
        messages = r.messages;
        CHECK_OK(egret_ws_send(r.ws, EGRET_WS_TEXT, "x", 1));
        WAIT_UNTIL(egret_ws_loop_next_poll_ms(h.loop) == 0); /* due */
        CHECK_EQ(count_wakeups(&h), wakeups);
        CHECK_OK(egret_ws_loop_set_wakeup(h.loop, notify_host, &h));
        POLL_AFTER_WAKEUPS_UNTIL(&h, r.messages == messages + 1);
    }
    wakeups = remove_callback(&h, &r);
    close_and_free(h.loop, &r);
    CHECK_EQ(count_wakeups(&h), wakeups);
    end_host(&h);
}

/* Many threads send at any moment, and no wake-up is missing. */

enum { SENDERS = 3, EACH = SLOW ? 500 : 4000 };

typedef struct {
    pthread_t thread;
    egret_ws *ws;
} sender;

static int sends_and_waits(egret_ws *ws, int i) {
    char text[16];
    const int len = snprintf(text, sizeof text, "%d", i);
    const int32_t result = egret_ws_send(ws, EGRET_WS_TEXT, text, (size_t)len);
    CHECK(result == EGRET_WS_OK || result == EGRET_WS_ERR_BACKPRESSURE);
    if (i % 7 == 0) WAIT_UNTIL(egret_ws_buffered_amount(ws) == 0); /* the I/O thread has time to begin its wait */
    return result == EGRET_WS_OK;
}

static void *send_many(void *argument) {
    sender *s = (sender *)argument;
    int i = 0;
    while (i < EACH) {
        if (sends_and_waits(s->ws, i)) i++;
        else sched_yield();
    }
    return NULL;
}

static void many_senders(void) {
    static recorder sockets[SENDERS];
    static sender senders[SENDERS];
    egret_ws_loop_options options = loop_options();
    int i;
    host h;

    begin_host(&h, &options);
    for (i = 0; i < SENDERS; i++) {
        begin_connect(h.loop, echo_url, &sockets[i]);
        POLL_AFTER_WAKEUPS_UNTIL(&h, sockets[i].connects == 1);
        senders[i].ws = sockets[i].ws;
    }
    for (i = 0; i < SENDERS; i++) CHECK_EQ(pthread_create(&senders[i].thread, NULL, send_many, &senders[i]), 0);
    for (i = 0; i < SENDERS; i++) POLL_AFTER_WAKEUPS_UNTIL(&h, sockets[i].messages == EACH);
    for (i = 0; i < SENDERS; i++) {
        pthread_join(senders[i].thread, NULL);
        CHECK_OK(egret_ws_close(sockets[i].ws, 1000, NULL, 0));
    }
    for (i = 0; i < SENDERS; i++) POLL_AFTER_WAKEUPS_UNTIL(&h, sockets[i].releases == 1);
    end_host(&h);
}

static void ignore(void *user) {
    (void)user;
}

static void inline_loops_refuse_the_callback(void) {
    egret_ws_loop *loop = new_loop();
    CHECK_EQ(egret_ws_loop_set_wakeup(loop, ignore, NULL), EGRET_WS_ERR_UNSUPPORTED);
    CHECK_EQ(egret_ws_loop_set_wakeup(loop, NULL, NULL), EGRET_WS_ERR_UNSUPPORTED);
    settle(loop);
    free_loop(loop);
    CHECK_EQ(egret_ws_loop_set_wakeup(loop, ignore, NULL), EGRET_WS_ERR_BAD_HANDLE);
}

int main(int argc, char **argv) {
    begin(argc, argv);
    if (driver == EGRET_WS_LOOP_INLINE) {
        inline_loops_refuse_the_callback();
        return 0;
    }
    due_work_causes_a_wakeup();
    descriptor_requests_repeat_no_wakeup();
    work_left_by_a_budget_causes_a_wakeup();
    another_thread_polls_in_the_callback();
    callback_is_set_late_and_removed();
    many_senders();
    return 0;
}
