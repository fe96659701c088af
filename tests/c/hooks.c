/* Hooks of a loop. A hook that blocks delays only the connection that called it. The first answer in time counts, from any thread.
 * `release_user` is called once, when the loop is freed and no hook is running. A gate holds hooks until the test opens it. */
#include "flag.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

enum { MOST_QUERIES = 4096, BLOCKED = 6, ANSWERING_THREADS = 4, UNANSWERED = SLOW ? 400 : 3000 };

/* The `user` of the hooks. The beginning of a name selects what on_resolve does. */
typedef struct {
    pthread_mutex_t lock; /* protects all fields below */
    pthread_cond_t changed;
    int at_gate;
    int is_open;
    int blocks_sockets; /* on_socket waits at the gate */
    int socket_verdict; /* the result of on_socket */
    int sockets;        /* calls of on_socket */
    int asked;
    egret_ws_query *queries[MOST_QUERIES]; /* queries for names that begin with "later" */
    int late;                              /* refused answers that came after the gate was opened */
    int releases;
    egret_ws_loop *loop; /* for the calls that the hook of "calls" makes */
    recorder *other;
    int calls_done;
} host;

static void init_host(host *h) {
    memset(h, 0, sizeof *h);
    CHECK_EQ(pthread_mutex_init(&h->lock, NULL) + pthread_cond_init(&h->changed, NULL), 0);
}

static void end_host(host *h) {
    CHECK_EQ(pthread_mutex_destroy(&h->lock) + pthread_cond_destroy(&h->changed), 0);
}

static int seen(host *h, const int *number) {
    int value;
    pthread_mutex_lock(&h->lock);
    value = *number;
    pthread_mutex_unlock(&h->lock);
    return value;
}

static void set(host *h, int *number, int value) {
    pthread_mutex_lock(&h->lock);
    *number = value;
    pthread_cond_broadcast(&h->changed);
    pthread_mutex_unlock(&h->lock);
}

/* Waits until the number is at least that. */
static void wait_for(host *h, const int *number, int value) {
    struct timespec limit;
    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += WAIT_LIMIT_MS / 1000;
    pthread_mutex_lock(&h->lock);
    while (*number < value) CHECK_EQ(pthread_cond_timedwait(&h->changed, &h->lock, &limit), 0);
    pthread_mutex_unlock(&h->lock);
}

static void pass_gate(host *h) {
    pthread_mutex_lock(&h->lock);
    h->at_gate++;
    pthread_cond_broadcast(&h->changed);
    while (!h->is_open) pthread_cond_wait(&h->changed, &h->lock);
    pthread_mutex_unlock(&h->lock);
}

static int begins(const char *name, const char *beginning) {
    return strncmp(name, beginning, strlen(beginning)) == 0;
}

static int32_t answer(egret_ws_query *query) {
    return egret_ws_resolved(query, "127.0.0.1");
}

static uint16_t port_of_echo(void) {
    const char *colon = strrchr(echo_url, ':');
    CHECK(colon != NULL);
    return (uint16_t)atoi(colon + 1);
}

/* A hook may call every function except polls and frees of loops, also for its own loop. */
static void call_everything(host *h) {
    egret_ws_options options = recorder_options(h->other);
    egret_ws *ws = NULL;
    egret_ws_loop *another = new_loop();
    CHECK_EQ(egret_ws_loop_poll(h->loop, 0), EGRET_WS_ERR_REENTRANT);
    CHECK_EQ(egret_ws_loop_free(h->loop, NULL), EGRET_WS_ERR_REENTRANT);
    CHECK_EQ(egret_ws_loop_poll(another, 0), EGRET_WS_ERR_REENTRANT);
    CHECK_EQ(egret_ws_loop_free(another, NULL), EGRET_WS_ERR_REENTRANT);
    CHECK_OK(egret_ws_loop_wake(h->loop));
    CHECK(egret_ws_loop_next_poll_ms(h->loop) >= 0);
    CHECK_OK(egret_ws_connect(h->loop, echo_url, &options, &ws)); /* on_connect sets the recorder's socket */
    CHECK(egret_ws_state(ws) >= 0 && egret_ws_buffered_amount(ws) >= 0);
    CHECK_OK(egret_ws_pause_receive(ws));
    CHECK_OK(egret_ws_resume_receive(ws));
    if (driver == 0) CHECK_OK(egret_ws_loop_set_wakeup(h->loop, NULL, NULL));
    pthread_mutex_lock(&h->lock);
    h->loop = another; /* the test frees it */
    h->calls_done = 1;
    pthread_cond_broadcast(&h->changed);
    pthread_mutex_unlock(&h->lock);
}

static void on_resolve(void *user, egret_ws *ws, const char *name, egret_ws_query *query) {
    host *h = (host *)user;
    CHECK(ws != NULL && query != NULL);
    if (begins(name, "later")) {
        pthread_mutex_lock(&h->lock);
        CHECK(h->asked < MOST_QUERIES);
        h->queries[h->asked++] = query;
        pthread_cond_broadcast(&h->changed);
        pthread_mutex_unlock(&h->lock);
    } else if (begins(name, "blocked")) {
        pass_gate(h);
        if (answer(query) == EGRET_WS_ERR_BAD_HANDLE) {
            pthread_mutex_lock(&h->lock);
            h->late++;
            pthread_mutex_unlock(&h->lock);
        }
    } else if (begins(name, "calls")) {
        call_everything(h);
        CHECK_OK(answer(query));
    } else {
        CHECK(begins(name, "free") || begins(name, "proxy-blocked"));
        CHECK_EQ(egret_ws_proxy_found(query, ""), EGRET_WS_ERR_BAD_HANDLE);
        CHECK_EQ(egret_ws_resolved(query, "nonsense"), EGRET_WS_ERR_INVALID_ARGUMENT);
        CHECK_OK(answer(query));
        CHECK_EQ(answer(query), EGRET_WS_ERR_BAD_HANDLE);
        CHECK_EQ(egret_ws_resolved(query, NULL), EGRET_WS_ERR_BAD_HANDLE);
    }
}

/* The environment and the options have no proxy, so each connection is direct. */
static void on_proxy(void *user, egret_ws *ws, const char *url, egret_ws_query *query) {
    int32_t result;
    CHECK(ws != NULL && begins(url, "ws://"));
    CHECK_EQ(egret_ws_resolved(query, NULL), EGRET_WS_ERR_BAD_HANDLE);
    if (begins(url, "ws://proxy-blocked")) pass_gate((host *)user);
    result = egret_ws_proxy_found(query, "direct"); /* the connection may have ended by now */
    CHECK(result == EGRET_WS_OK || result == EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_proxy_found(query, NULL), EGRET_WS_ERR_BAD_HANDLE);
}

static int32_t on_socket(void *user, egret_ws *ws, ptrdiff_t descriptor) {
    host *h = (host *)user;
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    int blocks, verdict;
    CHECK(ws != NULL);
    CHECK_EQ(getsockname((int)descriptor, (struct sockaddr *)&address, &size), 0);
    pthread_mutex_lock(&h->lock);
    h->sockets++;
    blocks = h->blocks_sockets;
    verdict = h->socket_verdict;
    pthread_mutex_unlock(&h->lock);
    if (blocks) pass_gate(h);
    CHECK_EQ(getsockname((int)descriptor, (struct sockaddr *)&address, &size), 0);
    return verdict;
}

static void release_hooks(void *user) {
    host *h = (host *)user;
    pthread_mutex_lock(&h->lock);
    h->releases++;
    pthread_cond_broadcast(&h->changed);
    pthread_mutex_unlock(&h->lock);
}

static egret_ws_hooks hooks_of(host *h) {
    egret_ws_hooks hooks;
    CHECK_OK(egret_ws_hooks_init(&hooks, sizeof hooks));
    hooks.user = h;
    hooks.on_resolve = on_resolve;
    hooks.on_proxy = on_proxy;
    hooks.on_socket = on_socket;
    hooks.release_user = release_hooks;
    return hooks;
}

static egret_ws_loop *new_hooked_loop(host *h) {
    egret_ws_hooks hooks = hooks_of(h); /* copied by the call */
    egret_ws_loop_options options = loop_options();
    egret_ws_loop *loop = NULL;
    init_host(h);
    options.hooks = &hooks;
    CHECK_OK(egret_ws_loop_new(&options, &loop));
    memset(&hooks, 0xEE, sizeof hooks);
    return loop;
}

/* Frees the loop, and waits for release_user: a thread that has run a hook may call it later. */
static void free_hooked_loop(egret_ws_loop *loop, host *h) {
    CHECK_EQ(seen(h, &h->releases), 0);
    free_loop(loop);
    wait_for(h, &h->releases, 1);
    CHECK_EQ(seen(h, &h->releases), 1);
    end_host(h);
}

static recorder *new_recorder(void) {
    recorder *r = (recorder *)calloc(1, sizeof *r);
    CHECK(r != NULL);
    return r;
}

static void connect_to(egret_ws_loop *loop, const char *name, recorder *r) {
    egret_ws_options options = recorder_options(r);
    CHECK_OK(egret_ws_connect_host(loop, name, port_of_echo(), &options, &r->ws));
}

static void expect_open(egret_ws_loop *loop, recorder *r) {
    POLL_UNTIL(loop, r->connects + r->closes > 0);
    CHECK_EQ(r->connects, 1);
    expect_echo(loop, r);
    close_and_free(loop, r);
    free(r);
}

/* Waits for the next query of a name that begins with "later". */
static egret_ws_query *next_query(egret_ws_loop *loop, host *h, int before) {
    POLL_UNTIL(loop, seen(h, &h->asked) > before);
    return h->queries[before];
}

static void a_hook_that_blocks_delays_only_its_own_connection(void) {
    static host h;
    egret_ws_loop *loop = new_hooked_loop(&h);
    recorder *blocked[3 * BLOCKED], *r;
    int i;
    for (i = 0; i < BLOCKED; i++) connect_to(loop, "blocked.invalid", blocked[i] = new_recorder());
    for (; i < 2 * BLOCKED; i++) connect_to(loop, "proxy-blocked.invalid", blocked[i] = new_recorder());
    POLL_UNTIL(loop, seen(&h, &h.at_gate) == 2 * BLOCKED);
    set(&h, &h.blocks_sockets, 1);
    for (; i < 3 * BLOCKED; i++) begin_connect(loop, echo_url, blocked[i] = new_recorder());
    POLL_UNTIL(loop, seen(&h, &h.at_gate) == 3 * BLOCKED);
    set(&h, &h.blocks_sockets, 0);

    /* This works as if no hook blocked. */
    for (i = 0; i < 3; i++) {
        settle(loop);
        connect_to(loop, "free.invalid", r = new_recorder());
        expect_open(loop, r);
    }
    /* Some continue when the gate is open, others have ended by then. */
    for (i = 0; i < 3 * BLOCKED; i++) {
        CHECK(blocked[i]->connects == 0 && blocked[i]->closes == 0);
        if (i % 3 == 0) {
            CHECK_OK(egret_ws_close(blocked[i]->ws, 1000, NULL, 0));
            POLL_UNTIL(loop, blocked[i]->releases == 1);
            CHECK_EQ(blocked[i]->report.error, EGRET_WS_ERR_ABORTED);
            free_socket(blocked[i]);
        } else if (i % 3 == 1) {
            free_socket(blocked[i]);
            POLL_UNTIL(loop, blocked[i]->releases == 1);
        }
    }
    settle(loop); /* the engine has done all that by then */
    set(&h, &h.is_open, 1);
    for (i = 0; i < 3 * BLOCKED; i++) {
        if (i % 3 == 2) {
            expect_open(loop, blocked[i]);
        } else {
            free(blocked[i]);
        }
    }
    free_hooked_loop(loop, &h);
    CHECK_EQ(h.late, BLOCKED / 3 * 2);
}

static void freeing_a_loop_does_not_wait_for_hooks(void) {
    static host h;
    egret_ws_loop *loop = new_hooked_loop(&h);
    recorder *r[2];
    connect_to(loop, "blocked.invalid", r[0] = new_recorder());
    POLL_UNTIL(loop, seen(&h, &h.at_gate) == 1);
    set(&h, &h.blocks_sockets, 1);
    begin_connect(loop, echo_url, r[1] = new_recorder());
    POLL_UNTIL(loop, seen(&h, &h.at_gate) == 2);
    free_loop(loop);
    CHECK(r[0]->releases == 1 && r[1]->releases == 1);
    CHECK_EQ(seen(&h, &h.releases), 0);
    set(&h, &h.is_open, 1);
    wait_for(&h, &h.releases, 1);
    CHECK_EQ(h.late, 1);
    end_host(&h);
    free(r[0]);
    free(r[1]);
}

static void a_refused_descriptor_fails_its_address(void) {
    static host h;
    egret_ws_loop *loop = new_hooked_loop(&h);
    recorder *r = new_recorder();
    h.socket_verdict = -13;
    begin_connect(loop, echo_url, r);
    POLL_UNTIL(loop, r->closes == 1);
    CHECK_EQ(r->report.error, EGRET_WS_ERR_CONNECT);
    CHECK(strstr(r->message, "on_socket refused the descriptor (it returned -13)") != NULL);
    CHECK_EQ(seen(&h, &h.sockets), 1);
    free_socket(r);
    free_hooked_loop(loop, &h);
    free(r);
}

/* Several threads answer at the same time. */

typedef struct {
    host *h;
    egret_ws_query *query; /* NULL: all queries of the host, repeatedly */
    int32_t result;
    int stop;
} answerer;

static void *answer_on_thread(void *argument) {
    answerer *a = (answerer *)argument;
    a->result = answer(a->query);
    return NULL;
}

static void one_of_many_answers_counts(void) {
    static host h;
    egret_ws_loop *loop = new_hooked_loop(&h);
    int round;
    for (round = 0; round < 20; round++) {
        pthread_t threads[ANSWERING_THREADS];
        answerer answers[ANSWERING_THREADS];
        recorder *r = new_recorder();
        egret_ws_query *query;
        int i, accepted = 0;
        connect_to(loop, "later.invalid", r);
        query = next_query(loop, &h, round);
        CHECK_EQ(egret_ws_resolved(query, "127.0.0.1,"), EGRET_WS_ERR_INVALID_ARGUMENT);
        /* A query is not accepted as another handle, and other handles are not accepted as a query. */
        CHECK_EQ(egret_ws_state((egret_ws *)query), EGRET_WS_ERR_BAD_HANDLE);
        CHECK_EQ(egret_ws_loop_wake((egret_ws_loop *)query), EGRET_WS_ERR_BAD_HANDLE);
        CHECK_EQ(answer((egret_ws_query *)r->ws), EGRET_WS_ERR_BAD_HANDLE);
        CHECK_EQ(answer((egret_ws_query *)loop), EGRET_WS_ERR_BAD_HANDLE);
        CHECK_EQ(answer(NULL), EGRET_WS_ERR_BAD_HANDLE);
        for (i = 0; i < ANSWERING_THREADS; i++) {
            answers[i].query = query;
            CHECK_EQ(pthread_create(&threads[i], NULL, answer_on_thread, &answers[i]), 0);
        }
        for (i = 0; i < ANSWERING_THREADS; i++) {
            CHECK_EQ(pthread_join(threads[i], NULL), 0);
            CHECK(answers[i].result == EGRET_WS_OK || answers[i].result == EGRET_WS_ERR_BAD_HANDLE);
            accepted += answers[i].result == EGRET_WS_OK;
        }
        CHECK_EQ(accepted, 1);
        expect_open(loop, r);
    }
    free_hooked_loop(loop, &h);
}

/* Repeats the connect until the hook is called before the time-out: on a busy machine a short time-out may expire earlier. */
static recorder *time_out_after_the_hook(egret_ws_loop *loop, host *h) {
    uint32_t timeout_ms;
    for (timeout_ms = 20;; timeout_ms *= 2) {
        recorder *r = new_recorder();
        egret_ws_options options = recorder_options(r);
        options.resolve_timeout_ms = timeout_ms;
        CHECK_OK(egret_ws_connect_host(loop, "later.invalid", port_of_echo(), &options, &r->ws));
        POLL_UNTIL(loop, r->releases == 1);
        if (seen(h, &h->asked) > 0) return r;
        free_socket(r);
        free(r);
    }
}

static void a_late_answer_is_refused(void) {
    static host h;
    egret_ws_loop *loop = new_hooked_loop(&h);
    recorder *r;
    egret_ws_query *query;
    int end;
    for (end = 0; end < 4; end++) {
        const int asked = seen(&h, &h.asked);
        if (end == 0) {
            r = time_out_after_the_hook(loop, &h);
            query = h.queries[0];
        } else {
            connect_to(loop, "later.invalid", r = new_recorder());
            query = next_query(loop, &h, asked);
        }
        if (end == 1) CHECK_OK(egret_ws_close(r->ws, 1000, NULL, 0));
        if (end == 2) CHECK_OK(egret_ws_abort(r->ws));
        if (end == 3) free_socket(r);
        POLL_UNTIL(loop, r->releases == 1);
        settle(loop);
        CHECK_EQ(answer(query), EGRET_WS_ERR_BAD_HANDLE);
        if (end == 0) {
            CHECK_EQ(r->report.error, EGRET_WS_ERR_TIMEOUT);
            CHECK_EQ(r->report.phase, EGRET_WS_PHASE_RESOLVE);
            CHECK(strstr(r->message, "on_resolve has not answered") != NULL);
        }
        if (end != 3) free_socket(r);
        free(r);
    }
    end = seen(&h, &h.asked);
    connect_to(loop, "later.invalid", r = new_recorder());
    query = next_query(loop, &h, end);
    free_hooked_loop(loop, &h);
    CHECK_EQ(answer(query), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(r->releases, 1);
    free(r);
}

static int timed_out;

static void count_time_out(void *user, egret_ws *ws, const egret_ws_close_info *info) {
    (void)user;
    CHECK_EQ(info->error, EGRET_WS_ERR_TIMEOUT);
    timed_out++;
    CHECK_OK(egret_ws_free(ws));
}

static void queries_without_an_answer_end_with_their_connections(void) {
    static host h;
    egret_ws_loop *loop = new_hooked_loop(&h);
    egret_ws_options options;
    egret_ws *ws;
    int i;
    timed_out = 0;
    CHECK_OK(egret_ws_options_init(&options, sizeof options));
    options.on_close = count_time_out;
    options.resolve_timeout_ms = 300;
    for (i = 0; i < UNANSWERED; i++) {
        CHECK_OK(egret_ws_connect_host(loop, "later.invalid", 1, &options, &ws));
        if (i % 100 == 0) CHECK(poll_loop(loop, 0) >= 0);
    }
    POLL_UNTIL(loop, timed_out == UNANSWERED);
    settle(loop);
    for (i = 0; i < seen(&h, &h.asked); i++) CHECK_EQ(answer(h.queries[i]), EGRET_WS_ERR_BAD_HANDLE);
    CHECK(seen(&h, &h.asked) > 0);
    free_hooked_loop(loop, &h);
}

static void *answer_all(void *argument) {
    answerer *a = (answerer *)argument;
    int at = 0;
    for (;;) {
        egret_ws_query *query = NULL;
        int32_t result;
        pthread_mutex_lock(&a->h->lock);
        if (a->stop) {
            pthread_mutex_unlock(&a->h->lock);
            return NULL;
        }
        if (a->h->asked > 0) query = a->h->queries[at++ % a->h->asked];
        pthread_mutex_unlock(&a->h->lock);
        result = egret_ws_resolved(query, at % 3 == 0 ? NULL : at % 3 == 1 ? "127.0.0.1:1" : "::1, 127.0.0.1");
        CHECK(result == EGRET_WS_OK || result == EGRET_WS_ERR_BAD_HANDLE);
    }
}

/* Threads answer while sockets begin and end, and while the loop is freed. */
static void answers_race_with_the_ends(void) {
    static host h;
    egret_ws_loop *loop = new_hooked_loop(&h);
    pthread_t threads[ANSWERING_THREADS];
    answerer answers[ANSWERING_THREADS];
    egret_ws_options options;
    egret_ws *ws;
    int i;
    CHECK_OK(egret_ws_options_init(&options, sizeof options));
    memset(answers, 0, sizeof answers);
    for (i = 0; i < ANSWERING_THREADS; i++) {
        answers[i].h = &h;
        CHECK_EQ(pthread_create(&threads[i], NULL, answer_all, &answers[i]), 0);
    }
    for (i = 0; i < 200; i++) {
        CHECK_OK(egret_ws_connect_host(loop, "later.invalid", 1, &options, &ws));
        CHECK(poll_loop(loop, 0) >= 0);
        if (i % 4 == 0) CHECK_OK(egret_ws_loop_network_changed(loop));
        if (i % 2 == 0) CHECK_OK(egret_ws_free(ws));
    }
    free_loop(loop);
    for (i = 0; i < ANSWERING_THREADS; i++) {
        set(&h, &answers[i].stop, 1);
        CHECK_EQ(pthread_join(threads[i], NULL), 0);
    }
    wait_for(&h, &h.releases, 1);
    CHECK_EQ(h.releases, 1);
    end_host(&h);
}

static void a_hook_may_call_everything_but_polls_and_frees_of_loops(void) {
    static host h;
    egret_ws_loop *loop = new_hooked_loop(&h);
    recorder *r = new_recorder();
    h.other = new_recorder();
    h.loop = loop;
    connect_to(loop, "calls.invalid", r);
    POLL_UNTIL(loop, seen(&h, &h.calls_done) == 1);
    free_loop(h.loop);
    expect_open(loop, r);
    expect_open(loop, h.other);
    free_hooked_loop(loop, &h);
}

static void without_a_loop_the_user_is_not_released(void) {
    static host h;
    egret_ws_hooks hooks = hooks_of(&h);
    egret_ws_loop_options options = loop_options();
    egret_ws_loop *loop = NULL;
    init_host(&h);
    options.hooks = &hooks;
    hooks.max_threads = 65;
    CHECK_EQ(egret_ws_loop_new(&options, &loop), EGRET_WS_ERR_INVALID_ARGUMENT);
    hooks.max_threads = EGRET_WS_UNLIMITED;
    CHECK_EQ(egret_ws_loop_new(&options, &loop), EGRET_WS_ERR_INVALID_ARGUMENT);
    hooks.max_threads = 1;
    hooks.struct_size = 7;
    CHECK_EQ(egret_ws_loop_new(&options, &loop), EGRET_WS_ERR_BAD_STRUCT);
    CHECK(loop == NULL && h.releases == 0);
    /* release_user is also called if no hook was ever called. */
    hooks.struct_size = sizeof hooks;
    CHECK_OK(egret_ws_loop_new(&options, &loop));
    CHECK_EQ(h.releases, 0);
    free_loop(loop);
    CHECK_EQ(h.releases, 1);
    end_host(&h);
}

int main(int argc, char **argv) {
    begin(argc, argv);
    a_hook_that_blocks_delays_only_its_own_connection();
    freeing_a_loop_does_not_wait_for_hooks();
    a_refused_descriptor_fails_its_address();
    one_of_many_answers_counts();
    a_late_answer_is_refused();
    queries_without_an_answer_end_with_their_connections();
    answers_race_with_the_ends();
    a_hook_may_call_everything_but_polls_and_frees_of_loops();
    without_a_loop_the_user_is_not_released();
    return 0;
}
