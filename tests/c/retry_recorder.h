/* A socket with retry_attempts whose callbacks are checked against the contract, and a port where a server starts again. */
#ifndef RETRY_RECORDER_H
#define RETRY_RECORDER_H

#include "server.h"

enum { FLOOR_MS = 2, FIRST_MS = 8, CEILING_MS = 32, AN_HOUR_MS = 3600000 };

/* Records the retries of a socket. */
typedef struct retry_recorder {
    recorder r; /* for one connection: each on_retry resets it */
    int retries;
    int32_t generation;
    /* The values of the last on_retry, without its texts. */
    egret_ws_close_info lost;
    uint32_t attempt, delay_ms;
    egret_ws_retry_options waits;
    void (*then_retry)(struct retry_recorder *);
} retry_recorder;

static inline void record_retry(void *user, egret_ws *ws, const egret_ws_close_info *info, uint32_t attempt,
                         uint32_t delay_ms) {
    retry_recorder *t = (retry_recorder *)recorder_of_socket(user, ws);
    CHECK_EQ(t->r.closes, 0);
    CHECK(info->struct_size >= sizeof *info && info->message[0] != '\0' && info->reason[info->reason_len] == '\0');
    CHECK_EQ(attempt, delay_ms == EGRET_WS_UNLIMITED ? 1 : t->attempt + 1); /* a suspend uses up no attempts */
    CHECK_EQ(egret_ws_state(ws), EGRET_WS_STATE_CONNECTING);
    CHECK_EQ(egret_ws_send(ws, EGRET_WS_TEXT, "too early", 9), EGRET_WS_ERR_NOT_OPEN);
    CHECK(strstr(egret_ws_last_error_message(), "waits to connect again") != NULL);
    CHECK_EQ(egret_ws_generation(ws), t->generation + t->r.connects);
    t->generation += t->r.connects;
    t->r.connects = t->r.messages = 0;
    t->retries++;
    t->lost = *info;
    t->attempt = attempt;
    t->delay_ms = delay_ms;
    if (t->then_retry) t->then_retry(t);
}

static inline egret_ws_retry_options retry_waits(uint32_t min_ms, uint32_t first_ms, uint32_t max_ms) {
    egret_ws_retry_options waits;
    CHECK_EQ(egret_ws_retry_options_init(&waits, sizeof waits), EGRET_WS_OK);
    waits.min_wait_ms = min_ms;
    waits.first_wait_ms = first_ms;
    waits.max_wait_ms = max_ms;
    return waits;
}

static inline egret_ws_options retry_options(retry_recorder *t) {
    egret_ws_options options;
    memset(t, 0, sizeof *t);
    options = recorder_options(&t->r);
    options.on_retry = record_retry;
    options.retry_attempts = EGRET_WS_UNLIMITED;
    t->waits = retry_waits(FLOOR_MS, FIRST_MS, CEILING_MS);
    options.retry = &t->waits;
    return options;
}

/* The wait before a retry does not end by itself. */
static inline egret_ws_options long_timeout_options(retry_recorder *t) {
    egret_ws_options options = retry_options(t);
    t->waits = retry_waits(AN_HOUR_MS, AN_HOUR_MS, AN_HOUR_MS);
    t->waits.total_ms = EGRET_WS_UNLIMITED;
    return options;
}

/* A port that this program keeps while no server listens on it. */
static inline listener reserve(void) {
    const int yes = 1;
    listener l = bind_loopback();
    CHECK_EQ(setsockopt(l.fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes), 0);
    return l;
}

static inline listener listen_at(const listener *reserved) {
    const int yes = 1;
    struct sockaddr_in address = loopback(reserved->port);
    listener l = *reserved;
    l.fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(l.fd >= 0);
    CHECK_EQ(setsockopt(l.fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes), 0);
    CHECK_EQ(bind(l.fd, (struct sockaddr *)&address, sizeof address), 0);
    CHECK_EQ(listen(l.fd, 64), 0);
    return l;
}

static inline void serve_again(server *s, const listener *reserved, void (*script)(server *, int fd)) {
    start_server_at(s, listen_at(reserved), script, NULL, 0);
}

#endif
