/* The code at the head of the header, statement by statement (tests/header compares both). This program checks that the code
 * compiles and works as the text says. */
#include "server.h"

typedef struct game {
    int connects, echoes, closes, requests;
    const char *token; /* NULL: not yet received */
    egret_ws *asked;
} game;

static int sockets_without_on_close;
static int64_t frame_at_us;

static void on_connect(void *user, egret_ws *ws) {
    (void)ws;
    ((game *)user)->connects++;
}

static void on_message(void *user, egret_ws *ws, egret_ws_kind_t kind, const uint8_t *data, size_t len) {
    (void)ws;
    CHECK(kind == EGRET_WS_TEXT && len == 5 && memcmp(data, "hello", 5) == 0);
    ((game *)user)->echoes++;
}

static void on_close(void *user, egret_ws *ws, const egret_ws_close_info *info) {
    (void)ws;
    CHECK_EQ(info->error, EGRET_WS_OK);
    CHECK_EQ(info->initiator, EGRET_WS_INITIATOR_LOCAL);
    ((game *)user)->closes++;
    sockets_without_on_close--;
}

static void five_steps(void) {
    static game the_game;
    game *my_game = &the_game;

    egret_ws_loop *loop;
    egret_ws_loop_new(NULL, &loop);

    egret_ws_options options;
    egret_ws_options_init(&options, sizeof options);
    options.user = my_game;
    options.on_connect = on_connect;
    options.on_message = on_message;
    options.on_close = on_close;

    egret_ws *ws;
    egret_ws_connect(loop, echo_url, &options, &ws);

    while (my_game->connects == 0) {
        egret_ws_loop_poll(loop, 0);
    }
    egret_ws_send(ws, EGRET_WS_TEXT, "hello", EGRET_WS_NUL_TERMINATED);
    POLL_UNTIL(loop, my_game->echoes == 1);

    egret_ws_close(ws, 1000, NULL, 0);
    POLL_UNTIL(loop, my_game->closes == 1);
    egret_ws_free(ws);
    egret_ws_loop_free(loop, NULL);
}

static egret_ws_loop *new_lingering_loop(void) {
    egret_ws_loop *loop;
    egret_ws_loop_options options = loop_options();
    options.linger_ms = 3000;
    CHECK_OK(egret_ws_loop_new(&options, &loop));
    return loop;
}

static egret_ws *open_game(egret_ws_loop *loop, const char *url, game *my_game) {
    egret_ws *ws;
    egret_ws_options options;
    CHECK_OK(egret_ws_options_init(&options, sizeof options));
    options.user = my_game;
    options.on_connect = on_connect;
    options.on_message = on_message;
    options.on_close = on_close;
    CHECK_OK(egret_ws_connect(loop, url, &options, &ws));
    POLL_UNTIL(loop, my_game->connects == 1);
    return ws;
}

static void before_you_quit(void) {
    enum { MESSAGES = 1000 };
    static game my_game;
    egret_ws_loop *loop = new_lingering_loop();
    egret_ws *ws;
    server peer;
    int i;

    /* With polls. */
    start_server(&peer, swallow);
    ws = open_game(loop, peer.at.url, &my_game);
    for (i = 0; i < MESSAGES; i++) CHECK_OK(egret_ws_send(ws, EGRET_WS_TEXT, "hello", 5));
    sockets_without_on_close = 1;
    egret_ws_close(ws, 1000, NULL, 0);
    while (sockets_without_on_close > 0) egret_ws_loop_poll(loop, 100);
    CHECK_EQ(my_game.closes, 1);
    CHECK_EQ(SERVER_SAW(peer, messages), MESSAGES);
    stop_server(&peer);

    /* Without polls. */
    start_server(&peer, swallow);
    my_game.connects = 0;
    ws = open_game(loop, peer.at.url, &my_game);
    for (i = 0; i < MESSAGES; i++) CHECK_OK(egret_ws_send(ws, EGRET_WS_TEXT, "hello", 5));
    {
        egret_ws_free_report lost;
        lost.struct_size = sizeof lost;
        egret_ws_loop_free(loop, &lost);
        CHECK_EQ(lost.sockets, 0);
    }
    CHECK_EQ(SERVER_SAW(peer, messages), MESSAGES);
    CHECK_EQ(my_game.closes, 1);
    stop_server(&peer);
}

/* A server that requires a token. */

static const char *wants_token(const char *head) {
    if (strstr(head, "\r\nAuthorization: Bearer fresh\r\n") != NULL) return NULL;
    return "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n";
}

static int my_game_has_token(void *user) {
    return ((game *)user)->token != NULL;
}

static const char *my_game_token(void *user) {
    return ((game *)user)->token;
}

static int32_t on_request(void *user, egret_ws *ws, uint32_t attempt, const egret_ws_close_info *last,
                          egret_ws_request *request) {
    (void)ws, (void)attempt;
    ((game *)user)->requests++;
    if (!my_game_has_token(user)) return EGRET_WS_REQUEST_WAIT;
    egret_ws_request_set_header(request, "Authorization", my_game_token(user));
    return last != NULL && last->http_status == 401 ? EGRET_WS_REQUEST_CONNECT : EGRET_WS_REQUEST_CONTINUE;
}

static void on_retry(void *user, egret_ws *ws, const egret_ws_close_info *info, uint32_t attempt, uint32_t delay_ms) {
    (void)ws, (void)attempt, (void)delay_ms;
    CHECK_EQ(info->http_status, 401);
    ((game *)user)->token = "Bearer fresh";
}

static void another_token(void) {
    static game my_game;
    egret_ws_loop *loop = new_lingering_loop();
    egret_ws *ws;
    egret_ws_options options;
    egret_ws_retry_options waits;
    server peer;

    start_judging_server_at(&peer, listen_silently(), wants_token, swallow, NULL, 0);
    CHECK_OK(egret_ws_retry_options_init(&waits, sizeof waits));
    waits.first_wait_ms = EGRET_WS_AT_ONCE;
    CHECK_OK(egret_ws_options_init(&options, sizeof options));
    options.user = &my_game;
    options.on_connect = on_connect;
    options.on_retry = on_retry;
    options.on_request = on_request;
    options.retry_attempts = 2;
    options.retry = &waits;
    CHECK_OK(egret_ws_connect(loop, peer.at.url, &options, &ws));
    POLL_UNTIL(loop, my_game.requests == 1);
    my_game.token = "Bearer old";
    CHECK_OK(egret_ws_retry_now(ws));
    POLL_UNTIL(loop, my_game.connects == 1);
    CHECK_EQ(my_game.requests, 3);
    CHECK_OK(egret_ws_loop_free(loop, NULL));
    stop_server(&peer);
}

static int32_t milliseconds_until_the_next_frame(void) {
    return (int32_t)((frame_at_us - now_us()) / 1000);
}

static void low_latency(void) {
    static game my_game;
    egret_ws_loop *loop = new_lingering_loop();
    egret_ws *ws = open_game(loop, echo_url, &my_game);

    CHECK_OK(egret_ws_send(ws, EGRET_WS_TEXT, "hello", 5));
    while (my_game.echoes == 0) {
        frame_at_us = now_us() + 16000;
        int32_t left;
        do {
            left = milliseconds_until_the_next_frame();
            egret_ws_loop_poll(loop, left > 0 ? left : 0);
        } while (left > 0);
        CHECK(frame_at_us - now_us() < 1000);
    }
    CHECK_OK(egret_ws_loop_free(loop, NULL));
}

int main(int argc, char **argv) {
    begin(argc, argv);
    five_steps();
    before_you_quit();
    another_token();
    low_latency();
    return 0;
}
