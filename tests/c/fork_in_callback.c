/* A callback forks. When it returns in the child, the library does nothing more there: no other callback, no write to the parent's
 * connection, no log line, no wake-up; the poll returns EGRET_WS_ERR_FORKED. The parent continues as usual. */
#include "check.h"

#include <sys/wait.h>

enum { BEFORE = 5 };

static egret_ws_loop *loop;
static pid_t child = -1;
static int is_child, calls_in_child;

/* Counts calls in the child. The child has one thread. */
static void count_in_child(void) {
    if (is_child) calls_in_child++;
}

static void log_line(void *user, int32_t level, const char *text, egret_ws *ws) {
    (void)user, (void)level, (void)text, (void)ws;
    count_in_child();
}

static void wakeup(void *user) {
    (void)user;
    count_in_child();
}

static void data_again(recorder *r) {
    (void)r;
    count_in_child();
}

static void fork_once(recorder *r) {
    int i;
    if (child >= 0) {
        count_in_child();
        return;
    }
    /* Messages sent before the fork stay queued until the poll ends, in the child too. */
    for (i = 0; i < BEFORE; i++) {
        const int32_t sent = egret_ws_send(r->ws, EGRET_WS_TEXT, "before", EGRET_WS_NUL_TERMINATED);
        CHECK(sent == EGRET_WS_OK || sent == EGRET_WS_ERR_NOT_OPEN || sent == EGRET_WS_ERR_BAD_HANDLE);
    }
    child = fork();
    CHECK(child >= 0);
    if (child != 0) return;
    is_child = 1; /* not written in the parent, where the I/O thread reads it */
    alarm(5);     /* in case the child waits for a thread of the parent */
    CHECK_EQ(egret_ws_send(r->ws, EGRET_WS_TEXT, "child", EGRET_WS_NUL_TERMINATED), EGRET_WS_ERR_FORKED);
}

/* Ends the process if it is the child. `returned` is the result of the call whose callback has forked. */
static void end_child(int32_t returned) {
    if (!is_child) return;
    CHECK_EQ(returned, EGRET_WS_ERR_FORKED);
    CHECK_EQ(egret_ws_loop_poll(loop, 0), EGRET_WS_ERR_FORKED);
    CHECK_EQ(egret_ws_loop_free(loop, NULL), EGRET_WS_ERR_FORKED);
    CHECK_EQ(calls_in_child, 0);
    _exit(0);
}

static void child_was_right(void) {
    int status = -1;
    CHECK(child > 0);
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void poll_once(void) {
    int32_t polled;
    callbacks_may_run = 1;
    polled = egret_ws_loop_poll(loop, 5);
    callbacks_may_run = 0;
    end_child(polled);
    CHECK(polled >= 0);
}

#define POLL_AND_FORK_UNTIL(condition)                                                              \
    do {                                                                                            \
        const int64_t deadline_us = now_us() + WAIT_LIMIT_MS * INT64_C(1000);                         \
        while (!(condition)) {                                                                      \
            if (now_us() > deadline_us) fail(__FILE__, __LINE__, "timed out before: " #condition);   \
            poll_once();                                                                            \
        }                                                                                           \
    } while (0)

static void begin_loop(void) {
    egret_ws_loop_options options = loop_options();
    options.on_log = log_line;
    options.log_level = EGRET_WS_LOG_DEBUG;
    options.linger_ms = 2000;
    CHECK_OK(egret_ws_loop_new(&options, &loop));
    if (driver == 0) CHECK_OK(egret_ws_loop_set_wakeup(loop, wakeup, NULL));
    child = -1;
}

/* The echo server returns each message of the parent once, and none of the child. */
static void in_on_connect(void) {
    static recorder r;
    egret_ws_options options = recorder_options(&r);
    begin_loop();
    r.then_connect = fork_once;
    r.then_data = data_again;
    CHECK_OK(egret_ws_connect(loop, echo_url, &options, &r.ws));
    POLL_AND_FORK_UNTIL(r.connects == 1);
    child_was_right();
    CHECK_OK(egret_ws_send(r.ws, EGRET_WS_TEXT, "parent", EGRET_WS_NUL_TERMINATED));
    POLL_AND_FORK_UNTIL(r.messages > BEFORE);
    CHECK_EQ(r.messages, BEFORE + 1);
    expect_message(&r, EGRET_WS_TEXT, "parent", 6);
    close_and_free(loop, &r);
    CHECK_EQ(r.messages, BEFORE + 1);
    settle(loop);
    free_loop(loop);
}

static int32_t ask(void *user, egret_ws *ws, uint32_t attempt, const egret_ws_close_info *last,
                   egret_ws_request *request) {
    recorder *r = recorder_of_socket(user, ws);
    (void)attempt, (void)last;
    if (child >= 0 && !is_child) return EGRET_WS_REQUEST_CONTINUE;
    fork_once(r);
    CHECK_EQ(egret_ws_request_set_header(request, "X-A", "b"), is_child ? EGRET_WS_ERR_FORKED : EGRET_WS_OK);
    return EGRET_WS_REQUEST_CONTINUE;
}

static void in_on_request(void) {
    static recorder r;
    egret_ws_options options = recorder_options(&r);
    begin_loop();
    options.on_request = ask;
    CHECK_OK(egret_ws_connect(loop, echo_url, &options, &r.ws));
    POLL_AND_FORK_UNTIL(r.connects == 1);
    child_was_right();
    expect_echo(loop, &r);
    close_and_free(loop, &r);
    settle(loop);
    free_loop(loop);
}

static void in_on_data(void) {
    static recorder r;
    int i;
    begin_loop();
    open_socket(loop, echo_url, &r);
    r.then_data = fork_once;
    for (i = 0; i < BEFORE; i++) CHECK_OK(egret_ws_send(r.ws, EGRET_WS_TEXT, "first", EGRET_WS_NUL_TERMINATED));
    POLL_AND_FORK_UNTIL(r.messages > 0);
    child_was_right();
    POLL_AND_FORK_UNTIL(r.messages == 2 * BEFORE);
    close_and_free(loop, &r);
    CHECK_EQ(r.messages, 2 * BEFORE);
    settle(loop);
    free_loop(loop);
}

static void in_on_close_and_in_release_user(void) {
    static recorder r[2];
    int i;
    for (i = 0; i < 2; i++) {
        begin_loop();
        open_socket(loop, echo_url, &r[i]);
        if (i == 0) {
            r[i].then_close = fork_once;
        } else {
            r[i].then_release = fork_once;
        }
        CHECK_OK(egret_ws_close(r[i].ws, 1000, NULL, 0));
        POLL_AND_FORK_UNTIL(r[i].releases == 1);
        child_was_right();
        free_socket(&r[i]);
        settle(loop);
        free_loop(loop);
    }
}

/* release_user forks while egret_ws_loop_free calls it. The child does not release the other sockets. */
static void in_loop_free(void) {
    static recorder r[3];
    int32_t freed;
    int i;
    begin_loop();
    memset(r, 0, sizeof r);
    for (i = 0; i < 3; i++) {
        open_socket(loop, echo_url, &r[i]);
        r[i].then_release = fork_once;
    }
    callbacks_may_run = 1;
    freed = egret_ws_loop_free(loop, NULL);
    callbacks_may_run = 0;
    end_child(freed);
    CHECK_OK(freed);
    child_was_right();
    for (i = 0; i < 3; i++) CHECK_EQ(r[i].releases, 1);
}

/* A hook runs on a thread of the library, so its child must end there. */
static void fork_and_answer(void *user, egret_ws *ws, const char *name, egret_ws_query *query) {
    (void)user, (void)ws, (void)name;
    if (child < 0) {
        child = fork();
        CHECK(child >= 0);
        if (child == 0) {
            CHECK_EQ(egret_ws_resolved(query, "127.0.0.1"), EGRET_WS_ERR_FORKED);
            CHECK_EQ(egret_ws_loop_poll(loop, 0), EGRET_WS_ERR_FORKED);
            _exit(0);
        }
    }
    CHECK_OK(egret_ws_resolved(query, "127.0.0.1"));
}

static void in_a_hook(void) {
    static recorder r;
    egret_ws_options options = recorder_options(&r);
    egret_ws_loop_options of_loop = loop_options();
    egret_ws_hooks hooks;
    const char *colon = strrchr(echo_url, ':');
    CHECK_OK(egret_ws_hooks_init(&hooks, sizeof hooks));
    hooks.on_resolve = fork_and_answer;
    of_loop.hooks = &hooks;
    CHECK_OK(egret_ws_loop_new(&of_loop, &loop));
    child = -1;
    CHECK_OK(egret_ws_connect_host(loop, "fork.invalid", (uint16_t)atoi(colon + 1), &options, &r.ws));
    POLL_AND_FORK_UNTIL(r.connects == 1);
    child_was_right();
    expect_echo(loop, &r);
    close_and_free(loop, &r);
    free_loop(loop);
}

int main(int argc, char **argv) {
    begin(argc, argv);
    in_a_hook();
    in_on_connect();
    in_on_request();
    in_on_data();
    in_on_close_and_in_release_user();
    in_loop_free();
    return 0;
}
