/* The body of a refusal, and the cookies of all hops, can be read in on_retry and in on_close. If the connection opens, there is
 * no body. */
#include "retry_recorder.h"

#define BODY "{\"why\": \"full\"}"

static const char *is_full(const char *head) {
    (void)head;
    return "HTTP/1.1 503 Busy\r\nSet-Cookie: seat=7\r\nTransfer-Encoding: chunked\r\n\r\n"
           "8\r\n{\"why\": \r\n7;x=y\r\n\"full\"}\r\n0\r\n\r\n";
}

static const char *wants_more_tries(const char *head) {
    static int tries;
    return ++tries < 3 ? is_full(head) : NULL;
}

static int bodies;

/* Reads the body and the cookies with each capacity that makes a difference. */
static void check_texts(egret_ws *ws, const char *url) {
    char out[64], cookies[64];
    const int len = (int)strlen(BODY);
    int capacity;
    snprintf(cookies, sizeof cookies, "%s seat=7\n", url);
    CHECK_EQ(egret_ws_response_body(ws, NULL, 0), len);
    for (capacity = 1; capacity <= len; capacity++) {
        out[0] = '?';
        CHECK_EQ(egret_ws_response_body(ws, out, (size_t)capacity), EGRET_WS_ERR_INVALID_ARGUMENT);
    }
    CHECK_EQ(egret_ws_response_body(ws, out, (size_t)len + 1), len);
    CHECK(memcmp(out, BODY, (size_t)len + 1) == 0);
    CHECK_EQ(egret_ws_response_cookies(ws, out, sizeof out), strlen(cookies));
    CHECK(strcmp(out, cookies) == 0);
    bodies++;
}

static server peer;

static void check_lost(retry_recorder *t) {
    CHECK_EQ(t->lost.http_status, 503);
    check_texts(t->r.ws, peer.at.url);
}

static void check_closed(recorder *r) {
    check_texts(r->ws, peer.at.url);
}

static void in_on_retry(egret_ws_loop *loop) {
    static retry_recorder t;
    egret_ws_options options = retry_options(&t);
    char out[8];
    start_judging_server_at(&peer, listen_silently(), wants_more_tries, swallow, NULL, 0);
    t.then_retry = check_lost;
    bodies = 0;
    CHECK_OK(egret_ws_connect(loop, peer.at.url, &options, &t.r.ws));
    POLL_UNTIL(loop, t.r.connects == 1);
    CHECK_EQ(bodies, 2);
    CHECK_EQ(egret_ws_response_body(t.r.ws, out, sizeof out), 0);
    CHECK_EQ(egret_ws_response_cookies(t.r.ws, out, sizeof out), 0);
    close_and_free(loop, &t.r);
    stop_server(&peer);
}

static void in_on_close(egret_ws_loop *loop, uint32_t limit) {
    static recorder r;
    egret_ws_options options;
    char out[64];
    memset(&r, 0, sizeof r);
    options = recorder_options(&r);
    start_judging_server_at(&peer, listen_silently(), is_full, swallow, NULL, 0);
    options.max_refusal_body_bytes = limit;
    if (limit == 0) r.then_close = check_closed;
    bodies = 0;
    CHECK_OK(egret_ws_connect(loop, peer.at.url, &options, &r.ws));
    CHECK_EQ(egret_ws_response_body(r.ws, out, sizeof out), 0);
    POLL_UNTIL(loop, r.closes == 1);
    CHECK_EQ(r.report.error, EGRET_WS_ERR_HTTP_STATUS);
    CHECK_EQ(r.report.http_status, 503);
    if (limit == 0) {
        CHECK_EQ(bodies, 1);
        check_texts(r.ws, peer.at.url); /* until the socket is freed */
    } else {
        CHECK_EQ(egret_ws_response_body(r.ws, out, sizeof out), limit == EGRET_WS_AT_ONCE ? 0 : limit);
    }
    CHECK_OK(egret_ws_free(r.ws));
    r.freed = 1;
    POLL_UNTIL(loop, r.releases == 1);
    stop_server(&peer);
}

int main(int argc, char **argv) {
    egret_ws_loop *loop;
    begin(argc, argv);
    loop = new_loop();
    in_on_retry(loop);
    in_on_close(loop, 0);
    in_on_close(loop, 1);
    in_on_close(loop, EGRET_WS_AT_ONCE);
    free_loop(loop);
    return 0;
}
