/* When egret_ws_loop_set_wakeup or egret_ws_loop_free has returned, no other thread is inside the callback that it ends, so that `user`
 * can be freed. A thread that is itself inside such a callback does not wait. */
#include "flag.h"

/* A call that does not wait returns within this time. */
#define WHILE_WAITING_MS 50

/* The `user` of callbacks. The program frees it as soon as this is allowed: a late callback would use freed memory. */
typedef struct {
    egret_ws_loop *loop;
    flag inside, may_return;
    flag *returned; /* set when the call that must wait has returned */
    int blocks;     /* the number of calls that block: only the first one */
} guest;

static guest *new_guest(egret_ws_loop *loop, flag *returned) {
    guest *g = (guest *)calloc(1, sizeof *g);
    CHECK(g != NULL);
    g->loop = loop;
    g->returned = returned;
    g->blocks = 1;
    init_flag(&g->inside);
    init_flag(&g->may_return);
    return g;
}

static void free_guest(guest *g) {
    end_flag(&g->inside);
    end_flag(&g->may_return);
    memset(g, 0xEE, sizeof *g);
    free(g);
}

/* A callback. It is running when another thread makes the call that must wait for it. */
static void block(guest *g) {
    if (!g->blocks) return;
    g->blocks = 0;
    raise_flag(&g->inside);
    AWAIT(&g->may_return);
    CHECK(!is_raised_within(g->returned, WHILE_WAITING_MS));
}

static void block_wakeup(void *user) {
    block((guest *)user);
}

static void block_log(void *user, int32_t level, const char *text, egret_ws *ws) {
    (void)level, (void)text, (void)ws;
    block((guest *)user);
}

static void ignore_wakeup(void *user) {
    (void)user;
}

/* A thread whose call of the library runs the callback. */

static void *wake(void *loop) {
    CHECK_OK(egret_ws_loop_wake((egret_ws_loop *)loop));
    return NULL;
}

static void *be_refused(void *loop) {
    egret_ws *ws = NULL;
    CHECK_EQ(egret_ws_connect((egret_ws_loop *)loop, "no URL", NULL, &ws), EGRET_WS_ERR_INVALID_URL);
    return NULL;
}

static pthread_t start(void *(*run)(void *), void *argument) {
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, run, argument), 0);
    return thread;
}

static void join(pthread_t thread) {
    CHECK_EQ(pthread_join(thread, NULL), 0);
}

/* Tests each call that must wait while a wake-up callback runs on another thread. */

enum { SET_NULL, SET_ANOTHER, FREE, WAYS };

static void the_wakeup_callback_is_waited_for(int way) {
    egret_ws_loop *loop = new_loop();
    flag returned;
    guest *g;
    pthread_t other;
    init_flag(&returned);
    g = new_guest(loop, &returned);
    CHECK_OK(egret_ws_loop_set_wakeup(loop, block_wakeup, g));
    other = start(wake, loop);
    AWAIT(&g->inside);
    raise_flag(&g->may_return);
    if (way == SET_NULL) CHECK_OK(egret_ws_loop_set_wakeup(loop, NULL, NULL));
    if (way == SET_ANOTHER) CHECK_OK(egret_ws_loop_set_wakeup(loop, ignore_wakeup, NULL));
    if (way == FREE) free_loop(loop);
    raise_flag(&returned);
    free_guest(g);
    join(other);
    if (way != FREE) free_loop(loop);
    end_flag(&returned);
}

/* The callback runs on the I/O thread. */
static void the_io_thread_is_waited_for(int way) {
    static recorder r[WAYS];
    egret_ws_loop *loop = new_loop();
    flag returned;
    guest *g;
    init_flag(&returned);
    g = new_guest(loop, &returned);
    CHECK_OK(egret_ws_loop_set_wakeup(loop, block_wakeup, g));
    begin_connect(loop, echo_url, &r[way]);
    AWAIT(&g->inside);
    raise_flag(&g->may_return);
    if (way == SET_NULL) CHECK_OK(egret_ws_loop_set_wakeup(loop, NULL, NULL));
    if (way == SET_ANOTHER) CHECK_OK(egret_ws_loop_set_wakeup(loop, ignore_wakeup, NULL));
    if (way == FREE) free_loop(loop);
    raise_flag(&returned);
    free_guest(g);
    if (way != FREE) free_loop(loop);
    CHECK_EQ(r[way].releases, 1);
    end_flag(&returned);
}

/* A call of another thread writes the log line. */
static void the_log_is_waited_for(void) {
    egret_ws_loop_options options = loop_options();
    egret_ws_loop *loop = NULL;
    flag returned;
    guest *g;
    pthread_t other;
    init_flag(&returned);
    g = new_guest(NULL, &returned);
    options.user = g;
    options.on_log = block_log;
    CHECK_OK(egret_ws_loop_new(&options, &loop));
    other = start(be_refused, loop);
    AWAIT(&g->inside);
    raise_flag(&g->may_return);
    free_loop(loop);
    raise_flag(&returned);
    free_guest(g);
    join(other);
    end_flag(&returned);
}

/* In a callback of the poll, while another thread is inside the wake-up callback, the call waits too. */

static guest *replaced;
static flag replaced_returned;

static void replace_in_release(void *user) {
    guest *g = replaced;
    (void)user;
    raise_flag(&g->may_return);
    CHECK_OK(egret_ws_loop_set_wakeup(g->loop, NULL, NULL));
    raise_flag(&replaced_returned);
    free_guest(g);
    replaced = NULL;
}

/* The blocked thread may be the I/O thread: it may call the wake-up callback for work that a poll has already done. So the callback
 * of this test is release_user, which needs no I/O thread. */
static void a_callback_of_the_poll_waits(void) {
    egret_ws_loop *loop = new_loop();
    egret_ws *ws = NULL;
    egret_ws_options options;
    pthread_t other;
    init_flag(&replaced_returned);
    CHECK_OK(egret_ws_options_init(&options, sizeof options));
    options.release_user = replace_in_release;
    CHECK_OK(egret_ws_connect(loop, echo_url, &options, &ws));
    replaced = new_guest(loop, &replaced_returned);
    CHECK_OK(egret_ws_loop_set_wakeup(loop, block_wakeup, replaced));
    other = start(wake, loop);
    AWAIT(&replaced->inside);
    CHECK_OK(egret_ws_free(ws));
    POLL_UNTIL(loop, replaced == NULL);
    join(other);
    free_loop(loop);
    end_flag(&replaced_returned);
}

/* Two threads are each inside a callback of one loop and replace the callback of the other loop: neither waits. */

typedef struct crossing {
    egret_ws_loop *loop;
    struct crossing *other;
    flag inside;
    int done;
} crossing;

static void replace_the_others(crossing *c) {
    if (c->done) return;
    c->done = 1;
    raise_flag(&c->inside);
    AWAIT(&c->other->inside);
    CHECK_OK(egret_ws_loop_set_wakeup(c->other->loop, ignore_wakeup, NULL));
    CHECK_OK(egret_ws_loop_set_wakeup(c->loop, ignore_wakeup, NULL));
    CHECK_EQ(egret_ws_loop_free(c->other->loop, NULL), EGRET_WS_ERR_REENTRANT);
}

static void cross_in_wakeup(void *user) {
    replace_the_others((crossing *)user);
}

static void cross_in_log(void *user, int32_t level, const char *text, egret_ws *ws) {
    (void)level, (void)text, (void)ws;
    replace_the_others((crossing *)user);
}

static void callbacks_do_not_wait_for_each_other(int in_log) {
    egret_ws_loop_options options = loop_options();
    crossing c[2];
    pthread_t threads[2];
    int i;
    memset(c, 0, sizeof c);
    for (i = 0; i < 2; i++) {
        c[i].other = &c[1 - i];
        init_flag(&c[i].inside);
        options.user = &c[i];
        options.on_log = in_log ? cross_in_log : NULL;
        CHECK_OK(egret_ws_loop_new(&options, &c[i].loop));
        if (!in_log) CHECK_OK(egret_ws_loop_set_wakeup(c[i].loop, cross_in_wakeup, &c[i]));
    }
    for (i = 0; i < 2; i++) threads[i] = start(in_log ? be_refused : wake, c[i].loop);
    for (i = 0; i < 2; i++) join(threads[i]);
    for (i = 0; i < 2; i++) {
        CHECK(c[i].done);
        free_loop(c[i].loop);
        end_flag(&c[i].inside);
    }
}

/* Any number of calls race with the end of the loop. */

enum { ROUNDS = SLOW ? 60 : 200, CALLERS = 2 };

static int *new_user(void) {
    int *user = (int *)malloc(sizeof *user);
    CHECK(user != NULL);
    *user = 1;
    return user;
}

/* This may be freed as soon as no callback uses it. */
static void free_user(void *user) {
    *(int *)user = 0;
    free(user);
}

/* Several threads may be in this function. */
static void read_in_wakeup(void *user) {
    CHECK_EQ(*(volatile int *)user, 1);
}

static void read_in_log(void *user, int32_t level, const char *text, egret_ws *ws) {
    (void)level, (void)text, (void)ws;
    read_in_wakeup(user);
}

typedef struct {
    egret_ws_loop *loop;
    int *wakeup_user;
} caller;

/* Logs, wakes and replaces until the loop is freed. */
static void *call_until_freed(void *argument) {
    caller *c = (caller *)argument;
    egret_ws *ws = NULL;
    int32_t result = EGRET_WS_OK;
    while (result != EGRET_WS_ERR_BAD_HANDLE) {
        result = egret_ws_connect(c->loop, "no URL", NULL, &ws);
        CHECK(result == EGRET_WS_ERR_INVALID_URL || result == EGRET_WS_ERR_BAD_HANDLE);
        if (driver == 0) {
            result = egret_ws_loop_set_wakeup(c->loop, read_in_wakeup, c->wakeup_user);
            CHECK(result == EGRET_WS_OK || result == EGRET_WS_ERR_BAD_HANDLE);
        }
        egret_ws_loop_wake(c->loop);
    }
    return NULL;
}

static void user_is_freed_at_once(void) {
    egret_ws_loop_options options = loop_options();
    caller callers[CALLERS];
    pthread_t threads[CALLERS];
    int round, i, poll;
    options.on_log = read_in_log;
    for (round = 0; round < ROUNDS; round++) {
        egret_ws_loop *loop = NULL;
        options.user = new_user();
        CHECK_OK(egret_ws_loop_new(&options, &loop));
        for (i = 0; i < CALLERS; i++) {
            callers[i].loop = loop;
            callers[i].wakeup_user = new_user();
            threads[i] = start(call_until_freed, &callers[i]);
        }
        for (poll = 0; poll < round % 8; poll++) {
            int *mine = new_user();
            if (driver == 0) {
                CHECK_OK(egret_ws_loop_set_wakeup(loop, read_in_wakeup, mine));
                CHECK_OK(egret_ws_loop_set_wakeup(loop, NULL, NULL));
            }
            free_user(mine);
            CHECK(poll_loop(loop, 0) >= 0);
        }
        free_loop(loop);
        free_user(options.user);
        for (i = 0; i < CALLERS; i++) free_user(callers[i].wakeup_user);
        for (i = 0; i < CALLERS; i++) join(threads[i]);
    }
}

int main(int argc, char **argv) {
    int way;
    begin(argc, argv);
    the_log_is_waited_for();
    user_is_freed_at_once();
    if (driver == EGRET_WS_LOOP_INLINE) return 0; /* it has no wake-up callback */
    for (way = 0; way < WAYS; way++) {
        the_wakeup_callback_is_waited_for(way);
        the_io_thread_is_waited_for(way);
    }
    a_callback_of_the_poll_waits();
    callbacks_do_not_wait_for_each_other(0);
    callbacks_do_not_wait_for_each_other(1);
    return 0;
}
