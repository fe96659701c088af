/* egret_ws_loop_wake, from any thread, ends a waiting poll, otherwise the next one. No call is lost, and work that waits for a poll uses
 * no CPU. */
#include "server.h"

enum { ROUNDS = SLOW ? 300 : 1000 };

static egret_ws_loop *shared;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int returned; /* number of polls without limit that have returned; protected by the lock */

static int polls_returned(void) {
    int value;
    pthread_mutex_lock(&lock);
    value = returned;
    pthread_mutex_unlock(&lock);
    return value;
}

static void *poll_without_limit(void *argument) {
    int i;
    (void)argument;
    for (i = 0; i < ROUNDS; i++) {
        CHECK_EQ(poll_loop(shared, -1), 0);
        pthread_mutex_lock(&lock);
        returned++;
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

/* The next call comes when the poll has returned: before the poll after that, at its beginning, or when it sleeps. */
static void *wake_each(void *argument) {
    int i;
    (void)argument;
    for (i = 0; i < ROUNDS; i++) {
        if (i % 3 == 0) sched_yield();
        CHECK_OK(egret_ws_loop_wake(shared));
        WAIT_UNTIL(polls_returned() > i);
    }
    return NULL;
}

static void wake_in_a_callback(recorder *r) {
    (void)r;
    CHECK_OK(egret_ws_loop_wake(shared));
    CHECK_OK(egret_ws_loop_wake(shared)); /* the second call has no further effect */
}

static void a_poll_without_limit_is_woken(void) {
    static recorder r;
    pthread_t poller, waker;
    shared = new_loop();
    CHECK_EQ(pthread_create(&poller, NULL, poll_without_limit, NULL), 0);
    CHECK_EQ(pthread_create(&waker, NULL, wake_each, NULL), 0);
    pthread_join(waker, NULL);
    pthread_join(poller, NULL);

    CHECK_OK(egret_ws_loop_wake(shared)); /* before the poll */
    CHECK_EQ(poll_loop(shared, -1), 0);

    r.then_data = wake_in_a_callback;
    open_socket(shared, echo_url, &r);
    CHECK_OK(egret_ws_send(r.ws, EGRET_WS_TEXT, "x", 1));
    POLL_UNTIL(shared, r.messages == 1); /* a poll that has made callbacks returns in any case, and uses up the wake-up */
    close_and_free(shared, &r);
    free_loop(shared);
    CHECK_EQ(egret_ws_loop_wake(shared), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_loop_wake(NULL), EGRET_WS_ERR_BAD_HANDLE);
}

static int64_t cpu_us(void) {
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * 1000000 + used.tv_nsec / 1000;
}

/* Work that is due waits for a late poll. The I/O thread sleeps meanwhile. */
static void nothing_spins_until_then(void) {
    const struct timespec a_while = {0, 200000000};
    egret_ws_loop *loop = new_loop();
    static recorder r;
    int64_t before_us;

    open_socket(loop, echo_url, &r);
    CHECK_OK(egret_ws_send(r.ws, EGRET_WS_TEXT, "x", 1));
    CHECK_OK(egret_ws_loop_wake(loop));
    before_us = cpu_us();
    CHECK_EQ(nanosleep(&a_while, NULL), 0);
    CHECK(cpu_us() - before_us < 100000); /* half of the wall time, 200000 us */
    POLL_UNTIL(loop, r.messages == 1);
    close_and_free(loop, &r);
    free_loop(loop);
}

int main(int argc, char **argv) {
    begin(argc, argv);
    a_poll_without_limit_is_woken();
    nothing_spins_until_then();
    return 0;
}
