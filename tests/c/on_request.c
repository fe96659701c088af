/* on_request lets the program change the request before each connection: it renews a token, waits for a login, chooses another server,
 * or stops. Without it a 401 is final. */
#include "flag.h"
#include "retry_recorder.h"

typedef struct asker {
    retry_recorder t;
    int asked;
    uint32_t attempt;
    int32_t last_error, last_status; /* of `last`; 0 without one */
    int had_last;
    egret_ws_request *request;
    int32_t answer;
    int32_t (*then_asked)(struct asker *); /* returns the answer */
} asker;

static int32_t record_request(void *user, egret_ws *ws, uint32_t attempt, const egret_ws_close_info *last,
                              egret_ws_request *request) {
    asker *a = (asker *)recorder_of_socket(user, ws);
    CHECK_EQ(a->t.r.connects + a->t.r.closes, 0);
    CHECK_EQ(egret_ws_state(ws), EGRET_WS_STATE_CONNECTING);
    CHECK_EQ(attempt == 0, last == NULL);
    CHECK(request != NULL);
    a->asked++;
    a->attempt = attempt;
    a->had_last = last != NULL;
    a->last_error = last != NULL ? last->error : 0;
    a->last_status = last != NULL ? last->http_status : 0;
    a->request = request;
    return a->then_asked != NULL ? a->then_asked(a) : a->answer;
}

static egret_ws_options asker_options(asker *a, int retries) {
    egret_ws_options options;
    memset(a, 0, sizeof *a);
    options = retry_options(&a->t);
    options.on_request = record_request;
    if (!retries) options.retry_attempts = 0;
    return options;
}

/* A server that requires a token. */

static const char *wants_token(const char *head) {
    if (strstr(head, "\r\nAuthorization: Bearer fresh\r\n") != NULL) return NULL;
    return "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n";
}

static void start_token_server(server *s) {
    start_judging_server_at(s, listen_silently(), wants_token, swallow, NULL, 0);
}

static const egret_ws_header old_token[] = {{"authorization", "Bearer old"}};

/* Renews the token only if it was refused. */
static int32_t renew(asker *a) {
    if (a->last_status != 401) return EGRET_WS_REQUEST_CONTINUE;
    CHECK_OK(egret_ws_request_set_header(a->request, "Authorization", "Bearer fresh"));
    return EGRET_WS_REQUEST_CONNECT;
}

static void renewed_token(egret_ws_loop *loop) {
    static asker a;
    static server peer;
    egret_ws_options options = asker_options(&a, 1);

    start_token_server(&peer);
    options.headers = old_token;
    options.header_count = 1;
    a.then_asked = renew;
    CHECK_OK(egret_ws_connect(loop, peer.at.url, &options, &a.t.r.ws));
    POLL_UNTIL(loop, a.t.r.connects == 1);
    CHECK_EQ(a.asked, 2);
    CHECK_EQ(a.attempt, 1);
    CHECK_EQ(a.t.retries, 1);
    CHECK_EQ(a.t.lost.http_status, 401);
    CHECK_EQ(SERVER_SAW(peer, refusals), 1);
    CHECK_EQ(SERVER_SAW(peer, upgrades), 1);

    /* The change holds for the next connection too. */
    pthread_mutex_lock(&peer.lock);
    shutdown(peer.fd, SHUT_RDWR);
    pthread_mutex_unlock(&peer.lock);
    POLL_UNTIL(loop, a.t.r.connects == 0);
    POLL_UNTIL(loop, a.t.r.connects == 1);
    CHECK_EQ(a.asked, 3);
    CHECK_EQ(a.last_error, EGRET_WS_ERR_CONNECTION_LOST);
    CHECK_EQ(SERVER_SAW(peer, refusals), 1);
    close_and_free(loop, &a.t.r);
    stop_server(&peer);
}

/* Without a hook, without attempts, or with CONTINUE a 401 ends the socket. */
static void refused_for_good(egret_ws_loop *loop, int has_hook, int retries) {
    static asker a;
    static server peer;
    egret_ws_options options = asker_options(&a, retries);

    start_token_server(&peer);
    if (!has_hook) options.on_request = NULL;
    CHECK_OK(egret_ws_connect(loop, peer.at.url, &options, &a.t.r.ws));
    POLL_UNTIL(loop, a.t.r.releases == 1);
    CHECK_EQ(a.t.r.report.http_status, 401);
    CHECK_EQ(a.t.r.report.phase, EGRET_WS_PHASE_HANDSHAKE);
    CHECK_EQ(egret_ws_is_retryable(&a.t.r.report), 0);
    CHECK_EQ(a.t.retries, has_hook && retries);
    CHECK_EQ(a.asked, has_hook + (has_hook && retries));
    CHECK_EQ(SERVER_SAW(peer, refusals), 1);
    free_socket(&a.t.r);
    stop_server(&peer);
}

/* Tests of WAIT. */

static void *is_ready(void *user) {
    asker *a = (asker *)user;
    CHECK_OK(egret_ws_retry_now(a->t.r.ws));
    return NULL;
}

/* The program logs in on another thread, and calls retry_now when it is ready: before or after on_request
 * has returned. */
static int32_t wait_once(asker *a) {
    pthread_t login;
    if (a->asked > 1) return EGRET_WS_REQUEST_CONTINUE;
    CHECK_EQ(pthread_create(&login, NULL, is_ready, a), 0);
    CHECK_EQ(pthread_join(login, NULL), 0);
    return EGRET_WS_REQUEST_WAIT;
}

static void waits(egret_ws_loop *loop, int calls_before_it_answers) {
    static asker a;
    egret_ws_options options = asker_options(&a, 0);

    a.answer = EGRET_WS_REQUEST_WAIT;
    if (calls_before_it_answers) a.then_asked = wait_once;
    CHECK_OK(egret_ws_connect(loop, echo_url, &options, &a.t.r.ws));
    POLL_UNTIL(loop, a.asked == 1);
    if (!calls_before_it_answers) {
        settle(loop);
        CHECK_EQ(a.asked, 1);
        CHECK_EQ(egret_ws_state(a.t.r.ws), EGRET_WS_STATE_CONNECTING);
        CHECK_OK(egret_ws_retry_now(a.t.r.ws));
        POLL_UNTIL(loop, a.asked == 2);
        settle(loop); /* it waits again */
        CHECK_EQ(a.asked, 2);
        a.answer = EGRET_WS_REQUEST_CONNECT;
        CHECK_OK(egret_ws_loop_network_changed(loop));
    }
    POLL_UNTIL(loop, a.t.r.connects == 1);
    CHECK_EQ(a.asked, calls_before_it_answers ? 2 : 3);
    CHECK_EQ(a.attempt, 0);
    expect_echo(loop, &a.t.r);
    close_and_free(loop, &a.t.r);
}

static void waits_too_long(egret_ws_loop *loop) {
    static asker a;
    egret_ws_options options = asker_options(&a, 0);

    options.open_timeout_ms = 20;
    a.answer = EGRET_WS_REQUEST_WAIT;
    CHECK_OK(egret_ws_connect(loop, echo_url, &options, &a.t.r.ws));
    POLL_UNTIL(loop, a.t.r.releases == 1);
    CHECK_EQ(a.asked, 1);
    CHECK_EQ(a.t.r.report.error, EGRET_WS_ERR_TIMEOUT);
    CHECK_EQ(a.t.r.report.phase, EGRET_WS_PHASE_REQUEST);
    CHECK_EQ(a.t.r.report.initiator, EGRET_WS_INITIATOR_LOCAL);
    CHECK_EQ(egret_ws_is_retryable(&a.t.r.report), 1);
    free_socket(&a.t.r);
}

/* Sets the flag when the I/O thread has ended a socket. */
static void notice_the_end(void *user, int32_t level, const char *text, egret_ws *ws) {
    print_log(NULL, level, text, ws);
    if (strstr(text, "closed:") != NULL) raise_flag((flag *)user);
}

/* If the program does not poll, on_request is not called. The time-out ends the attempt, and no on_request comes for it later. */
static void not_polled(void) {
    static asker a;
    static flag has_ended;
    egret_ws_options options = asker_options(&a, 0);
    egret_ws_loop_options with_log = loop_options();
    egret_ws_loop *loop = NULL;

    init_flag(&has_ended);
    with_log.on_log = notice_the_end;
    with_log.user = &has_ended;
    options.open_timeout_ms = 20;
    CHECK_OK(egret_ws_loop_new(&with_log, &loop));
    CHECK_OK(egret_ws_connect(loop, echo_url, &options, &a.t.r.ws));
    AWAIT(&has_ended);
    POLL_UNTIL(loop, a.t.r.releases == 1);
    CHECK_EQ(a.asked, 0);
    CHECK_EQ(a.t.r.report.error, EGRET_WS_ERR_TIMEOUT);
    CHECK_EQ(a.t.r.report.phase, EGRET_WS_PHASE_REQUEST);
    free_socket(&a.t.r);
    free_loop(loop);
    end_flag(&has_ended);
}

/* Tests of STOP. */

static void stopped(egret_ws_loop *loop, int32_t answer) {
    static asker a;
    egret_ws_options options = asker_options(&a, 1);

    a.answer = answer;
    CHECK_OK(egret_ws_connect(loop, echo_url, &options, &a.t.r.ws));
    POLL_UNTIL(loop, a.t.r.releases == 1);
    CHECK_EQ(a.asked, 1);
    CHECK_EQ(a.t.retries, 0);
    CHECK_EQ(a.t.r.report.error, EGRET_WS_ERR_ABORTED);
    CHECK_EQ(a.t.r.report.phase, EGRET_WS_PHASE_REQUEST);
    CHECK_EQ(a.t.r.report.initiator, EGRET_WS_INITIATOR_LOCAL);
    CHECK_EQ(egret_ws_is_retryable(&a.t.r.report), 0);
    free_socket(&a.t.r);
}

static int32_t stop_later(asker *a) {
    return a->attempt < 2 ? EGRET_WS_REQUEST_CONTINUE : EGRET_WS_REQUEST_STOP;
}

static void stopped_later(egret_ws_loop *loop) {
    static asker a;
    listener unused = bind_loopback();
    egret_ws_options options = asker_options(&a, 1);

    a.then_asked = stop_later;
    CHECK_OK(egret_ws_connect(loop, unused.url, &options, &a.t.r.ws));
    POLL_UNTIL(loop, a.t.r.releases == 1);
    CHECK_EQ(a.asked, 3);
    CHECK_EQ(a.t.retries, 2);
    CHECK_EQ(a.t.r.report.error, EGRET_WS_ERR_CONNECT); /* of the last attempt */
    CHECK_EQ(a.t.r.report.phase, EGRET_WS_PHASE_CONNECT);
    CHECK(strstr(a.t.r.message, "on_request") != NULL);
    free_socket(&a.t.r);
    close_listener(&unused);
}

/* Tests of the request handle. */

static void *use_elsewhere(void *request) {
    CHECK_EQ(egret_ws_request_set_url((egret_ws_request *)request, echo_url), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_request_set_header((egret_ws_request *)request, "X", "y"), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_request_set_subprotocols((egret_ws_request *)request, "a"), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_request_set_addresses((egret_ws_request *)request, "192.0.2.1"), EGRET_WS_ERR_BAD_HANDLE);
    return NULL;
}

static void refuse_changes(egret_ws_request *request) {
    static char long_text[20000];
    const int32_t invalid = EGRET_WS_ERR_INVALID_ARGUMENT, bad_url = EGRET_WS_ERR_INVALID_URL;
    memset(long_text, 'a', sizeof long_text - 1);
    CHECK_EQ(egret_ws_request_set_url(request, NULL), invalid);
    CHECK_EQ(egret_ws_request_set_url(request, ""), bad_url);
    CHECK_EQ(egret_ws_request_set_url(request, "http://127.0.0.1/"), bad_url);
    CHECK_EQ(egret_ws_request_set_url(request, "ws://127.0.0.1/#fragment"), bad_url);
    CHECK_EQ(egret_ws_request_set_url(request, "ws://\xff/"), bad_url);
    CHECK_EQ(egret_ws_request_set_url(request, long_text), bad_url);
    CHECK_EQ(egret_ws_request_set_url(request, "ws://user:password@127.0.0.1/"), invalid); /* and Authorization */
    CHECK_EQ(egret_ws_request_set_header(request, NULL, "value"), invalid);
    CHECK_EQ(egret_ws_request_set_header(request, NULL, NULL), invalid);
    CHECK_EQ(egret_ws_request_set_header(request, "", "value"), invalid);
    CHECK_EQ(egret_ws_request_set_header(request, "Host", "value"), invalid);
    CHECK_EQ(egret_ws_request_set_header(request, "host", NULL), invalid);
    CHECK_EQ(egret_ws_request_set_header(request, "Sec-WebSocket-Key", "value"), invalid);
    CHECK_EQ(egret_ws_request_set_header(request, "X-A", "a\r\nB: c"), invalid);
    CHECK_EQ(egret_ws_request_set_header(request, "X-A", "\xff"), invalid);
    CHECK_EQ(egret_ws_request_set_header(request, "X-A", long_text), invalid);
    CHECK_EQ(egret_ws_request_set_header(request, long_text, "value"), invalid);
    CHECK_EQ(egret_ws_request_set_subprotocols(request, ""), invalid);
    CHECK_EQ(egret_ws_request_set_subprotocols(request, "a,a"), invalid);
    CHECK_EQ(egret_ws_request_set_subprotocols(request, "a b"), invalid);
    CHECK_EQ(egret_ws_request_set_subprotocols(request, long_text), invalid);
    CHECK_EQ(egret_ws_request_set_addresses(request, ""), invalid);
    CHECK_EQ(egret_ws_request_set_addresses(request, "127.0.0.1,"), invalid);
    CHECK_EQ(egret_ws_request_set_addresses(request, "localhost"), invalid);
    CHECK_EQ(egret_ws_request_set_addresses(request, long_text), invalid);
}

static const char *wants_all(const char *head) {
    const int right = strncmp(head, "GET /changed?x=1 ", 17) == 0 && strstr(head, "\r\nX-A: b\r\n") != NULL &&
                      strstr(head, "\r\nAuthorization: Bearer old\r\n") != NULL && strstr(head, "X-Gone") == NULL &&
                      strstr(head, "Protocol") == NULL;
    return right ? NULL : "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
}

static server all_wanted;

static int32_t change_all(asker *a) {
    char url[60];
    pthread_t other;
    egret_ws_loop *none = (egret_ws_loop *)(void *)a->request;
    /* No name server knows this name. The URL has another origin, so setting it removes the addresses that were set before. */
    snprintf(url, sizeof url, "ws://game.invalid:%d/changed?x=1", (int)all_wanted.at.port);
    CHECK_OK(egret_ws_request_set_addresses(a->request, "192.0.2.1, [2001:db8::1]:443"));
    CHECK_OK(egret_ws_request_set_url(a->request, url));
    CHECK_OK(egret_ws_request_set_addresses(a->request, NULL));
    CHECK_OK(egret_ws_request_set_addresses(a->request, "127.0.0.1"));
    CHECK_OK(egret_ws_request_set_header(a->request, "X-A", "a"));
    CHECK_OK(egret_ws_request_set_header(a->request, "x-a", NULL));
    CHECK_OK(egret_ws_request_set_header(a->request, "X-A", "b"));
    CHECK_OK(egret_ws_request_set_header(a->request, "x-gone", NULL));
    CHECK_OK(egret_ws_request_set_header(a->request, "X-Never", NULL));
    CHECK_OK(egret_ws_request_set_subprotocols(a->request, "one, two"));
    CHECK_OK(egret_ws_request_set_subprotocols(a->request, NULL));
    refuse_changes(a->request);
    CHECK_EQ(pthread_create(&other, NULL, use_elsewhere, a->request), 0);
    CHECK_EQ(pthread_join(other, NULL), 0);
    /* A request is not accepted as another handle, and other handles are not accepted as a request. */
    CHECK_EQ(egret_ws_free((egret_ws *)(void *)a->request), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_loop_poll(none, 0), EGRET_WS_ERR_BAD_HANDLE);
    use_elsewhere(NULL);
    use_elsewhere(a->t.r.ws);
    use_elsewhere((char *)a->request + 4);
    return EGRET_WS_REQUEST_CONTINUE;
}

static void changed(egret_ws_loop *loop) {
    static const egret_ws_header headers[] = {{"X-Gone", "1"}, {"Authorization", "Bearer old"}, {"x-gone", "2"}};
    static asker a;
    egret_ws_options options = asker_options(&a, 0);

    start_judging_server_at(&all_wanted, listen_silently(), wants_all, swallow, NULL, 0);
    options.headers = headers;
    options.header_count = 3;
    a.then_asked = change_all;
    CHECK_OK(egret_ws_connect(loop, echo_url, &options, &a.t.r.ws));
    POLL_UNTIL(loop, a.t.r.connects + a.t.r.closes > 0);
    CHECK_EQ(a.t.r.connects, 1);
    use_elsewhere(a.request); /* the callback has returned */
    close_and_free(loop, &a.t.r);
    use_elsewhere(a.request);
    stop_server(&all_wanted);
}

/* Ends inside on_request. */

static egret_ws_loop *own_loop;

static int32_t close_inside(asker *a) {
    CHECK_EQ(egret_ws_loop_poll(own_loop, 0), EGRET_WS_ERR_REENTRANT);
    CHECK_EQ(egret_ws_loop_free(own_loop, NULL), EGRET_WS_ERR_REENTRANT);
    CHECK_OK(egret_ws_close(a->t.r.ws, 1000, NULL, 0));
    CHECK_EQ(egret_ws_state(a->t.r.ws), EGRET_WS_STATE_CLOSING);
    CHECK_OK(egret_ws_request_set_header(a->request, "X-Late", "but valid"));
    return a->answer;
}

static int32_t abort_inside(asker *a) {
    CHECK_OK(egret_ws_abort(a->t.r.ws));
    CHECK_OK(egret_ws_retry_now(a->t.r.ws));
    return a->answer;
}

static int32_t free_inside(asker *a) {
    free_socket(&a->t.r);
    CHECK_OK(egret_ws_request_set_header(a->request, "X-Late", "but valid"));
    return a->answer;
}

static void ended_inside(egret_ws_loop *loop, int32_t (*end)(asker *), int32_t answer) {
    static asker a;
    static server peer;
    egret_ws_options options = asker_options(&a, 1);

    start_server(&peer, swallow);
    own_loop = loop;
    a.then_asked = end;
    a.answer = answer;
    CHECK_OK(egret_ws_connect(loop, peer.at.url, &options, &a.t.r.ws));
    POLL_UNTIL(loop, a.t.r.releases == 1);
    CHECK_EQ(a.asked, 1);
    CHECK_EQ(a.t.r.closes, end != free_inside);
    if (end != free_inside) {
        CHECK_EQ(a.t.r.report.error, EGRET_WS_ERR_ABORTED);
        CHECK_EQ(a.t.r.report.phase, EGRET_WS_PHASE_REQUEST);
        free_socket(&a.t.r);
    }
    settle(loop);
    CHECK_EQ(SERVER_SAW(peer, upgrades), 0);
    stop_server(&peer);
}

/* The loop is freed before on_request was called, or while the answer WAIT holds. */
static void loop_freed(int asked) {
    static asker a;
    egret_ws_loop *loop = new_loop();
    egret_ws_options options = asker_options(&a, 1);

    a.answer = EGRET_WS_REQUEST_WAIT;
    CHECK_OK(egret_ws_connect(loop, echo_url, &options, &a.t.r.ws));
    if (asked) POLL_UNTIL(loop, a.asked == 1);
    free_loop(loop);
    CHECK_EQ(a.asked, asked);
    CHECK_EQ(a.t.r.releases, 1);
    CHECK_EQ(a.t.r.closes, 0);
}

/* A suspend closes no connection, because there is none; the resume calls on_request again. */
static void suspended(uint32_t flags, int32_t answer) {
    static asker a;
    egret_ws_loop_options loop_setup = loop_options();
    egret_ws_loop *loop = NULL;
    egret_ws_options options = asker_options(&a, 0);

    loop_setup.flags |= flags;
    CHECK_OK(egret_ws_loop_new(&loop_setup, &loop));
    a.answer = EGRET_WS_REQUEST_WAIT;
    CHECK_OK(egret_ws_connect(loop, echo_url, &options, &a.t.r.ws));
    POLL_UNTIL(loop, a.asked == 1);
    CHECK_OK(egret_ws_loop_suspend(loop));
    CHECK(poll_loop(loop, 0) >= 0);
    CHECK_EQ(egret_ws_state(a.t.r.ws), EGRET_WS_STATE_CONNECTING);
    a.answer = answer;
    CHECK_OK(egret_ws_loop_resume(loop));
    POLL_UNTIL(loop, a.asked == 2);
    if (answer == EGRET_WS_REQUEST_STOP) {
        POLL_UNTIL(loop, a.t.r.releases == 1);
        CHECK_EQ(a.t.r.report.error, EGRET_WS_ERR_ABORTED);
        free_socket(&a.t.r);
    } else {
        POLL_UNTIL(loop, a.t.r.connects == 1);
        expect_echo(loop, &a.t.r);
        close_and_free(loop, &a.t.r);
    }
    CHECK_EQ(a.asked, 2);
    free_loop(loop);
}

/* on_request may poll another loop, whose on_request runs then. */
static egret_ws_loop *second_loop;
static asker second;

static int32_t poll_second(asker *a) {
    const int32_t callbacks = egret_ws_loop_poll(second_loop, WAIT_LIMIT_MS);
    callbacks_may_run = 1;
    CHECK(callbacks > 0);
    CHECK_EQ(second.asked, 1);
    CHECK_OK(egret_ws_request_set_header(a->request, "X-Still", "valid"));
    use_elsewhere(second.request);
    return EGRET_WS_REQUEST_CONTINUE;
}

static void another_loop(egret_ws_loop *loop) {
    static asker first;
    egret_ws_options options = asker_options(&first, 0), second_options = asker_options(&second, 0);

    second_loop = new_loop();
    second.answer = EGRET_WS_REQUEST_WAIT;
    CHECK_OK(egret_ws_connect(second_loop, echo_url, &second_options, &second.t.r.ws));
    first.then_asked = poll_second;
    CHECK_OK(egret_ws_connect(loop, echo_url, &options, &first.t.r.ws));
    POLL_UNTIL(loop, first.t.r.connects == 1);
    close_and_free(loop, &first.t.r);
    free_loop(second_loop);
}

/* Tests of egret_ws_is_retryable. */
static void is_retryable(void) {
    egret_ws_close_info info;
    uint8_t newer[4096];
    memset(&info, 0, sizeof info);
    CHECK_EQ(egret_ws_is_retryable(NULL), EGRET_WS_ERR_INVALID_ARGUMENT);
    CHECK_EQ(egret_ws_is_retryable(&info), EGRET_WS_ERR_BAD_STRUCT);
    info.struct_size = 1;
    CHECK_EQ(egret_ws_is_retryable(&info), EGRET_WS_ERR_BAD_STRUCT);
    info.struct_size = sizeof info;
    info.error = EGRET_WS_ERR_TIMEOUT;
    CHECK_EQ(egret_ws_is_retryable(&info), 1);
    info.http_status = 403;
    CHECK_EQ(egret_ws_is_retryable(&info), 0);
    info.http_status = INT32_MIN;
    CHECK_EQ(egret_ws_is_retryable(&info), 1);
    info.http_status = 0;
    info.code = 1008;
    CHECK_EQ(egret_ws_is_retryable(&info), 0);
    info.code = 1006;
    info.error = EGRET_WS_ERR_TLS_HOST;
    CHECK_EQ(egret_ws_is_retryable(&info), 0);
    info.error = 12345;
    CHECK_EQ(egret_ws_is_retryable(&info), 0);
    info.error = EGRET_WS_OK;
    info.initiator = EGRET_WS_INITIATOR_PEER;
    CHECK_EQ(egret_ws_is_retryable(&info), 1);
    info.initiator = EGRET_WS_INITIATOR_LOCAL;
    CHECK_EQ(egret_ws_is_retryable(&info), 0);
    /* Structs of a newer header: the known fields count if the others are not used. */
    info.initiator = EGRET_WS_INITIATOR_PEER;
    info.struct_size = sizeof newer;
    memset(newer, 0, sizeof newer);
    memcpy(newer, &info, sizeof info);
    CHECK_EQ(egret_ws_is_retryable((const egret_ws_close_info *)(const void *)newer), 1);
    newer[sizeof newer - 1] = 1;
    CHECK_EQ(egret_ws_is_retryable((const egret_ws_close_info *)(const void *)newer), EGRET_WS_ERR_BAD_STRUCT);
}

int main(int argc, char **argv) {
    static const int32_t answers[] = {EGRET_WS_REQUEST_CONTINUE, EGRET_WS_REQUEST_CONNECT, EGRET_WS_REQUEST_WAIT,
                                      EGRET_WS_REQUEST_STOP, -1};
    egret_ws_loop *loop;
    size_t i;
    begin(argc, argv);
    loop = new_loop();
    renewed_token(loop);
    refused_for_good(loop, 0, 0);
    refused_for_good(loop, 0, 1);
    refused_for_good(loop, 1, 0);
    refused_for_good(loop, 1, 1);
    waits(loop, 0);
    waits(loop, 1);
    waits_too_long(loop);
    if (driver != EGRET_WS_LOOP_INLINE) not_polled(); /* an inline loop has no time of its own */
    stopped(loop, EGRET_WS_REQUEST_STOP);
    stopped(loop, 4);
    stopped(loop, -1);
    stopped(loop, INT32_MIN);
    stopped_later(loop);
    changed(loop);
    for (i = 0; i < sizeof answers / sizeof *answers; i++) {
        ended_inside(loop, close_inside, answers[i]);
        ended_inside(loop, abort_inside, answers[i]);
        ended_inside(loop, free_inside, answers[i]);
    }
    loop_freed(0);
    loop_freed(1);
    suspended(0, EGRET_WS_REQUEST_CONNECT);
    suspended(0, EGRET_WS_REQUEST_STOP);
    suspended(EGRET_WS_LOOP_CLOSE_ON_SUSPEND, EGRET_WS_REQUEST_CONNECT);
    suspended(EGRET_WS_LOOP_CLOSE_ON_SUSPEND, EGRET_WS_REQUEST_STOP);
    another_loop(loop);
    is_retryable();
    settle(loop);
    free_loop(loop);
    return 0;
}
