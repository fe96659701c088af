/* Any thread may make every call except poll and loop_free at any time. One thread at a time polls a loop. */
#include "check.h"

enum { WORKERS = 4, ROUNDS = 5, MESSAGES = 50 };

static egret_ws_loop *loop;

/* One thread waits for another. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

static int add(int *number, int more) {
    int now;
    pthread_mutex_lock(&lock);
    now = *number += more;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    return now;
}

static void wait_for(const int *number, int value) {
    struct timespec deadline;
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += WAIT_LIMIT_MS / 1000;
    pthread_mutex_lock(&lock);
    while (*number < value) CHECK_EQ(pthread_cond_timedwait(&changed, &lock, &deadline), 0);
    pthread_mutex_unlock(&lock);
}

/* A socket that a worker thread uses, with its callbacks on the polling thread. */
typedef struct {
    recorder record;
    egret_ws *ws; /* from connect, not from the recorder, because callbacks may come before connect returns */
    int connected, echoed, closed, released; /* under the lock */
} life;

static void count_connected(recorder *r) {
    add(&((life *)r)->connected, 1);
}

static void count_echoed(recorder *r) {
    add(&((life *)r)->echoed, 1);
}

static void count_closed(recorder *r) {
    add(&((life *)r)->closed, 1);
}

static void count_released(recorder *r) {
    add(&((life *)r)->released, 1);
}

static void begin_life(life *l) {
    egret_ws_options options;
    memset(l, 0, sizeof *l);
    l->record.then_connect = count_connected;
    l->record.then_data = count_echoed;
    l->record.then_close = count_closed;
    l->record.then_release = count_released;
    options = recorder_options(&l->record);
    CHECK_OK(egret_ws_connect(loop, echo_url, &options, &l->ws));
}

static int running; /* number of workers that run; protected by the lock */

static void *use_many_sockets(void *argument) {
    life *l = (life *)argument;
    int round, i;
    for (round = 0; round < ROUNDS; round++) {
        begin_life(l);
        CHECK(egret_ws_state(l->ws) >= 0);
        if (round == ROUNDS - 1) { /* freed before it is connected */
            CHECK_OK(egret_ws_free(l->ws));
            wait_for(&l->released, 1);
            break;
        }
        wait_for(&l->connected, 1);
        CHECK(l->record.ws == l->ws);
        for (i = 0; i < MESSAGES; i++) {
            CHECK_OK(egret_ws_send(l->ws, EGRET_WS_TEXT, "from a worker", EGRET_WS_NUL_TERMINATED));
            CHECK(egret_ws_buffered_amount(l->ws) >= 0);
            CHECK_EQ(egret_ws_state(l->ws), EGRET_WS_STATE_OPEN);
        }
        wait_for(&l->echoed, MESSAGES);
        if (round % 2 == 0) {
            CHECK_OK(egret_ws_close(l->ws, 1000, NULL, 0));
            wait_for(&l->closed, 1);
        }
        CHECK_OK(egret_ws_free(l->ws));
        wait_for(&l->released, 1);
    }
    add(&running, -1);
    return NULL;
}

static int workers_run(void) {
    return add(&running, 0) > 0;
}

static void workers_use_separate_sockets(void) {
    static life lives[WORKERS];
    pthread_t threads[WORKERS];
    int i;
    add(&running, WORKERS);
    for (i = 0; i < WORKERS; i++) CHECK_EQ(pthread_create(&threads[i], NULL, use_many_sockets, &lives[i]), 0);
    POLL_UNTIL(loop, !workers_run());
    for (i = 0; i < WORKERS; i++) pthread_join(threads[i], NULL);
}

static life shared;
static int frees; /* number of frees that succeeded; protected by the lock */

static void *use_the_shared_socket(void *argument) {
    egret_ws *ws = shared.ws;
    int i, result;
    (void)argument;
    for (i = 0; i < MESSAGES; i++) {
        result = egret_ws_send(ws, EGRET_WS_BINARY, (const uint8_t *)"shared", 6);
        CHECK(result == EGRET_WS_OK || result == EGRET_WS_ERR_NOT_OPEN || result == EGRET_WS_ERR_BAD_HANDLE);
        CHECK(egret_ws_state(ws) >= 0 || egret_ws_state(ws) == EGRET_WS_ERR_BAD_HANDLE);
        CHECK(egret_ws_buffered_amount(ws) >= 0 || egret_ws_buffered_amount(ws) == EGRET_WS_ERR_BAD_HANDLE);
    }
    result = egret_ws_close(ws, 1000, NULL, 0);
    CHECK(result == EGRET_WS_OK || result == EGRET_WS_ERR_BAD_HANDLE);
    result = egret_ws_free(ws);
    CHECK(result == EGRET_WS_OK || result == EGRET_WS_ERR_BAD_HANDLE);
    if (result == EGRET_WS_OK) add(&frees, 1);
    CHECK_EQ(egret_ws_send(ws, EGRET_WS_TEXT, "x", 1), EGRET_WS_ERR_BAD_HANDLE);
    add(&running, -1);
    return NULL;
}

static void workers_share_a_socket(void) {
    pthread_t threads[WORKERS];
    int i;
    begin_life(&shared);
    POLL_UNTIL(loop, add(&shared.connected, 0) == 1);
    add(&running, WORKERS);
    for (i = 0; i < WORKERS; i++) CHECK_EQ(pthread_create(&threads[i], NULL, use_the_shared_socket, NULL), 0);
    POLL_UNTIL(loop, !workers_run() && add(&shared.released, 0) == 1);
    for (i = 0; i < WORKERS; i++) pthread_join(threads[i], NULL);
    CHECK_EQ(frees, 1);
    CHECK_EQ(shared.record.releases, 1);
}

static int intruded; /* protected by the lock */

static void *intrude(void *argument) {
    (void)argument;
    CHECK_EQ(egret_ws_loop_poll(loop, 0), EGRET_WS_ERR_BUSY);
    CHECK_EQ(egret_ws_loop_poll(loop, -1), EGRET_WS_ERR_BUSY);
    CHECK_EQ(egret_ws_loop_free(loop, NULL), EGRET_WS_ERR_BUSY);
    add(&intruded, 1);
    return NULL;
}

/* During a callback the loop is certainly being polled. */
static void let_another_thread_poll(recorder *r) {
    pthread_t thread;
    (void)r;
    CHECK_EQ(pthread_create(&thread, NULL, intrude, NULL), 0);
    wait_for(&intruded, 1);
    pthread_join(thread, NULL);
}

static void a_second_poller_is_turned_away(void) {
    static recorder r;
    r.then_connect = let_another_thread_poll;
    open_socket(loop, echo_url, &r);
    CHECK_EQ(intruded, 1);
    expect_echo(loop, &r);
    close_and_free(loop, &r);
}

static void *poll_without_limit(void *argument) {
    const int *released = (const int *)argument;
    int done = 0;
    while (!done) {
        CHECK(poll_loop(loop, -1) >= 0);
        pthread_mutex_lock(&lock);
        done = *released;
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

/* Another thread sleeps in a poll without limit. Each call of this test wakes it to run callbacks, and with the inline
 * driver also to do the work. */
static void a_sleeping_poll_is_woken(void) {
    static life l;
    pthread_t poller;
    CHECK_EQ(pthread_create(&poller, NULL, poll_without_limit, &l.released), 0);
    begin_life(&l);
    wait_for(&l.connected, 1);
    CHECK_OK(egret_ws_send(l.ws, EGRET_WS_TEXT, "wake up", EGRET_WS_NUL_TERMINATED));
    wait_for(&l.echoed, 1);
    CHECK_OK(egret_ws_close(l.ws, 1000, NULL, 0));
    wait_for(&l.closed, 1);
    CHECK_OK(egret_ws_free(l.ws));
    wait_for(&l.released, 1);
    pthread_join(poller, NULL);
}

int main(int argc, char **argv) {
    begin(argc, argv);
    loop = new_loop();
    workers_use_separate_sockets();
    workers_share_a_socket();
    a_second_poller_is_turned_away();
    a_sleeping_poll_is_woken();
    settle(loop);
    free_loop(loop);
    return 0;
}
