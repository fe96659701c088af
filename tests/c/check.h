/* Included by every program: checks that end the program, a recorder of callbacks, and waits with a limit.
 *
 * A program is valid C99 and valid C++11. Its arguments are the URL of an echo server and the driver, "threaded" or "inline".
 * It ends with 0 if the statement at its top holds. Otherwise it prints the line of the failed check and ends with 1.
 */
#ifndef CHECK_H
#define CHECK_H

#define _POSIX_C_SOURCE 200809L

#include "egret_ws.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* 1 if this program was compiled with a sanitizer. */
#ifdef __has_feature
#define BUILT_WITH(sanitizer) __has_feature(sanitizer)
#else
#define BUILT_WITH(sanitizer) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || BUILT_WITH(address_sanitizer) || \
    BUILT_WITH(thread_sanitizer)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

/* A sanitizer or an emulator makes a program many times slower. It then does less, and its limits are longer. */
#ifdef TRANSLATED
#define SLOW 1
#else
#define SLOW SANITIZED
#endif

/* The longest time that a program waits for anything. */
#define WAIT_LIMIT_MS 10000

static inline int64_t now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Checks. They call _exit, not exit: other threads may be running, and a leak report would hide the message. */

static inline void fail(const char *file, int line, const char *what) {
    fprintf(stderr, "%s:%d: %s\n", file, line, what);
    fflush(stderr);
    _exit(1);
}

static inline const char *error_name(int64_t number) {
    return number < 0 && number > -1000 ? egret_ws_error_name((int32_t)number) : "";
}

static inline void check_eq(const char *file, int line, const char *what, int64_t is, int64_t should) {
    char text[512];
    if (is == should) return;
    snprintf(text, sizeof text, "%s is %lld %s, should be %lld %s", what, (long long)is, error_name(is),
             (long long)should, error_name(should));
    fail(file, line, text);
}

#define CHECK(condition) ((condition) ? (void)0 : fail(__FILE__, __LINE__, "not true: " #condition))
#define CHECK_EQ(is, should) check_eq(__FILE__, __LINE__, #is, (int64_t)(is), (int64_t)(should))
#define CHECK_OK(call) CHECK_EQ(call, EGRET_WS_OK)

/* The program's arguments. */

static const char *echo_url;
static uint32_t driver; /* flags of a loop's options */

static inline void begin(int argc, char **argv) {
    CHECK_EQ(argc, 3);
    echo_url = argv[1];
    driver = strcmp(argv[2], "inline") == 0 ? EGRET_WS_LOOP_INLINE : 0;
    CHECK(driver != 0 || strcmp(argv[2], "threaded") == 0);
}

/* Loops. */

/* True inside the two calls that may run callbacks, on the thread that made the call. */
static __thread int callbacks_may_run;

static inline void print_log(void *user, int32_t level, const char *text, egret_ws *ws) {
    (void)user;
    fprintf(stderr, "  log %d %p: %s\n", (int)level, (void *)ws, text);
}

static inline egret_ws_loop_options loop_options(void) {
    egret_ws_loop_options options;
    CHECK_OK(egret_ws_loop_options_init(&options, sizeof options));
    options.flags = driver;
    options.on_log = print_log;
    options.log_level = EGRET_WS_LOG_INFO;
    return options;
}

static inline egret_ws_loop *new_loop(void) {
    egret_ws_loop_options options = loop_options();
    egret_ws_loop *loop = NULL;
    CHECK_OK(egret_ws_loop_new(&options, &loop));
    CHECK(loop != NULL);
    return loop;
}

static inline int32_t poll_loop(egret_ws_loop *loop, int32_t timeout_ms) {
    int32_t callbacks;
    callbacks_may_run = 1;
    callbacks = egret_ws_loop_poll(loop, timeout_ms);
    callbacks_may_run = 0;
    return callbacks;
}

static inline void free_loop(egret_ws_loop *loop) {
    callbacks_may_run = 1;
    CHECK_OK(egret_ws_loop_free(loop, NULL));
    callbacks_may_run = 0;
}

/* Polls until the condition is true. The loop is polled in small steps, since the condition may depend on other threads. */
#define POLL_UNTIL(loop, condition)                                                                              \
    do {                                                                                                         \
        const int64_t deadline_us = now_us() + WAIT_LIMIT_MS * INT64_C(1000);                                      \
        while (!(condition)) {                                                                                   \
            if (now_us() > deadline_us) fail(__FILE__, __LINE__, "timed out before: " #condition);               \
            if (poll_loop(loop, 5) < 0) fail(__FILE__, __LINE__, "the poll failed, waiting for: " #condition);   \
        }                                                                                                        \
    } while (0)

/* The recorder of a socket: `user` of its options. It checks every callback against the contract. A program adds its own work in
 * the hooks. */

typedef struct recorder {
    egret_ws *ws; /* set by the connect call; if NULL, the first callback sets it */
    int connects, messages, closes, releases;
    int freed; /* set before egret_ws_free: only release_user may come after that */
    /* The last message. */
    int32_t kind;
    size_t len;
    uint8_t data[EGRET_WS_MAX_MESSAGE_BYTES];
    /* The close report, and copies of what it points to. */
    egret_ws_close_info report;
    char reason[124];
    char message[256];
    /* Hooks, called last in the callback. */
    void (*then_connect)(struct recorder *);
    void (*then_data)(struct recorder *);
    void (*then_close)(struct recorder *);
    void (*then_release)(struct recorder *);
} recorder;

static inline recorder *recorder_of(void *user) {
    recorder *r = (recorder *)user;
    CHECK(callbacks_may_run);
    CHECK_EQ(r->releases, 0);
    return r;
}

static inline recorder *recorder_of_socket(void *user, egret_ws *ws) {
    recorder *r = recorder_of(user);
    if (r->ws == NULL) r->ws = ws;
    CHECK(ws == r->ws && !r->freed);
    return r;
}

static inline void record_connect(void *user, egret_ws *ws) {
    recorder *r = recorder_of_socket(user, ws);
    CHECK(r->connects == 0 && r->messages == 0 && r->closes == 0);
    r->connects++;
    if (r->then_connect) r->then_connect(r);
}

static inline void record_data(void *user, egret_ws *ws, int32_t kind, const uint8_t *data, size_t len) {
    recorder *r = recorder_of_socket(user, ws);
    CHECK(r->connects == 1 && r->closes == 0);
    CHECK(kind == EGRET_WS_TEXT || kind == EGRET_WS_BINARY);
    CHECK(data != NULL && len <= sizeof r->data);
    CHECK(kind != EGRET_WS_TEXT || data[len] == '\0');
    r->messages++;
    r->kind = kind;
    r->len = len;
    memcpy(r->data, data, len);
    if (r->then_data) r->then_data(r);
}

static inline void record_close(void *user, egret_ws *ws, const egret_ws_close_info *info) {
    recorder *r = recorder_of_socket(user, ws);
    CHECK_EQ(r->closes, 0);
    CHECK(info->struct_size >= sizeof *info);
    CHECK(info->reason_len < sizeof r->reason && info->reason[info->reason_len] == '\0');
    CHECK(info->message[0] != '\0');
    r->closes++;
    r->report = *info;
    memcpy(r->reason, info->reason, info->reason_len + 1);
    snprintf(r->message, sizeof r->message, "%s", info->message);
    r->report.reason = r->reason;
    r->report.message = r->message;
    if (r->then_close) r->then_close(r);
}

static inline void record_release(void *user) {
    recorder *r = recorder_of(user);
    r->releases++;
    if (r->then_release) r->then_release(r);
}

static inline egret_ws_options recorder_options(recorder *r) {
    egret_ws_options options;
    CHECK_OK(egret_ws_options_init(&options, sizeof options));
    options.user = r;
    options.on_connect = record_connect;
    options.on_message = record_data;
    options.on_close = record_close;
    options.release_user = record_release;
    return options;
}

/* Makes a new recorder and a new socket, as all programs do. */

static inline void begin_connect(egret_ws_loop *loop, const char *url, recorder *r) {
    egret_ws_options options = recorder_options(r);
    CHECK_OK(egret_ws_connect(loop, url, &options, &r->ws));
    CHECK(r->ws != NULL);
}

static inline void open_socket(egret_ws_loop *loop, const char *url, recorder *r) {
    begin_connect(loop, url, r);
    POLL_UNTIL(loop, r->connects + r->closes > 0);
    CHECK_EQ(r->connects, 1);
}

static inline void free_socket(recorder *r) {
    r->freed = 1;
    CHECK_OK(egret_ws_free(r->ws));
}

/* Closes an open socket whose peer answers, and polls until the socket has ended. */
static inline void close_and_free(egret_ws_loop *loop, recorder *r) {
    CHECK_OK(egret_ws_close(r->ws, 1000, NULL, 0));
    POLL_UNTIL(loop, r->releases == 1);
    CHECK_EQ(r->closes, 1);
    CHECK_EQ(r->report.error, EGRET_WS_OK);
    free_socket(r);
}

static inline void expect_message(const recorder *r, int32_t kind, const void *data, size_t len) {
    CHECK_EQ(r->kind, kind);
    CHECK_EQ(r->len, len);
    CHECK(len == 0 || memcmp(r->data, data, len) == 0);
}

/* Checks that the socket works: sends one text to the echo server and receives it. */
static inline void expect_echo(egret_ws_loop *loop, recorder *r) {
    const int before = r->messages;
    CHECK_OK(egret_ws_send(r->ws, EGRET_WS_TEXT, "echo", 4));
    POLL_UNTIL(loop, r->messages > before);
    expect_message(r, EGRET_WS_TEXT, "echo", 4);
}

/* Connects, uses and frees another socket. This checks that the loop works, and after it the loop has done all earlier work. */
static inline void settle(egret_ws_loop *loop) {
    recorder *r = (recorder *)calloc(1, sizeof *r);
    CHECK(r != NULL);
    open_socket(loop, echo_url, r);
    expect_echo(loop, r);
    close_and_free(loop, r);
    free(r);
}

#endif
