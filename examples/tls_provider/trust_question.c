/* trust_question URL ANSWER: asks the user about a server with a possibly unknown issuer, while the other connections continue.
 * It wraps another provider: after each handshake its session is busy until a thread has the answer. A game shows a window instead. */
#include "openssl_provider.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct { /* the last user, its thread or its session, frees it */
    pthread_mutex_t lock;
    egret_ws *ws;
    int owners, is_answered, is_trusted;
} question;

typedef struct { /* a session of the inner provider, and the question about its peer; NULL: not asked yet */
    void *inner;
    question *asked;
    egret_ws *ws;
} session;

static egret_ws_tls_provider inner;
static const char *answer;

static void drop_question(question *q) {
    pthread_mutex_lock(&q->lock);
    const int owners = --q->owners;
    pthread_mutex_unlock(&q->lock);
    if (owners == 0) pthread_mutex_destroy(&q->lock), free(q);
}

static void *ask(void *of) {
    question *q = (question *)of;
    printf("Do you trust this server? %s\n", answer);
    pthread_mutex_lock(&q->lock);
    q->is_answered = 1, q->is_trusted = strcmp(answer, "yes") == 0;
    pthread_mutex_unlock(&q->lock);
    egret_ws_tls_ready(q->ws); /* so that the library calls `send` */
    return drop_question(q), (void *)NULL;
}

static int begin_question(session *s) {
    pthread_t thread;
    question *q = (question *)calloc(1, sizeof *q);
    if (q == NULL) return 0;
    pthread_mutex_init(&q->lock, NULL);
    q->ws = s->ws, q->owners = 2, s->asked = q;
    if (pthread_create(&thread, NULL, ask, q) != 0) return drop_question(q), 0;
    return pthread_detach(thread) == 0;
}

/* After a step of the inner session. */
static egret_ws_error_t decide(session *s, egret_ws_tls_call *call) {
    if (!(call->state & EGRET_WS_TLS_ESTABLISHED)) return EGRET_WS_OK;
    if (s->asked == NULL && !begin_question(s)) return EGRET_WS_ERR_NO_RESOURCES;
    pthread_mutex_lock(&s->asked->lock);
    const int is_answered = s->asked->is_answered, is_trusted = s->asked->is_trusted;
    pthread_mutex_unlock(&s->asked->lock);
    if (!is_answered) call->state |= EGRET_WS_TLS_BUSY;
    if (!is_answered || is_trusted) return EGRET_WS_OK;
    snprintf(call->message, EGRET_WS_TLS_MESSAGE_BYTES, "the user does not trust it");
    return EGRET_WS_ERR_TLS_ISSUER;
}

static egret_ws_error_t begin(void *user, void *of, const egret_ws_tls_destination *peer, void **made, char *message) {
    session *s = (session *)calloc(1, sizeof *s);
    if (s == NULL) return EGRET_WS_ERR_NO_RESOURCES;
    s->ws = peer->ws;
    const egret_ws_error_t error = inner.open(user, of, peer, &s->inner, message);
    if (error != EGRET_WS_OK) return free(s), error;
    return *made = s, EGRET_WS_OK;
}

static egret_ws_error_t receive_record(void *user, void *of, egret_ws_tls_call *call) {
    const egret_ws_error_t error = inner.receive(user, ((session *)of)->inner, call);
    return error == EGRET_WS_OK ? decide((session *)of, call) : error;
}

static egret_ws_error_t send_plaintext(void *user, void *of, egret_ws_tls_call *call) {
    const egret_ws_error_t error = inner.send(user, ((session *)of)->inner, call);
    return error == EGRET_WS_OK ? decide((session *)of, call) : error;
}

static egret_ws_error_t close_notify(void *user, void *of, egret_ws_tls_call *call) {
    return inner.close_notify(user, ((session *)of)->inner, call);
}

static void get_facts(void *user, void *of, egret_ws_tls_facts *facts) {
    inner.get_facts(user, ((session *)of)->inner, facts);
}

static void free_session(void *user, void *of) {
    session *s = (session *)of;
    inner.free_session(user, s->inner);
    if (s->asked != NULL) drop_question(s->asked); /* its thread may still wait for the user */
    free(s);
}

static void release_user(void *user) {
    *(int *)user = 1; /* from now on the library does not call the provider */
}

static void on_connect(void *user, egret_ws *ws) {
    (void)user, printf("connected\n"), egret_ws_close(ws, 1000, NULL, 0);
}

static void on_close(void *user, egret_ws *ws, const egret_ws_close_info *info) {
    (void)ws, *(int *)user = info->error == EGRET_WS_OK;
    if (info->error != EGRET_WS_OK) fprintf(stderr, "%s (%s)\n", info->message, egret_ws_error_name(info->error));
}

int main(int argc, char **argv) {
    static int is_released;
    int closed_cleanly = 0;
    egret_ws_loop *loop = NULL;
    egret_ws *ws = NULL;
    egret_ws_loop_options loop_options;
    egret_ws_options options;
    if (argc != 3) return fprintf(stderr, "usage: trust_question URL ANSWER\n"), 2;
    answer = argv[2];
    egret_ws_loop_options_init(&loop_options, sizeof loop_options);
    egret_ws_options_init(&options, sizeof options);
    options.user = &closed_cleanly;
    options.on_connect = on_connect, options.on_close = on_close;
    options.flags = EGRET_WS_ACCEPT_ANY_CERTIFICATE; /* the user decides */

    egret_ws_error_t result = openssl_provider(&inner);
    egret_ws_tls_provider provider = inner;
    provider.open = begin, provider.receive = receive_record, provider.send = send_plaintext;
    provider.close_notify = close_notify, provider.get_facts = get_facts, provider.free_session = free_session;
    provider.user = &is_released, provider.release_user = release_user;
    loop_options.tls_provider = &provider;
    if (result >= 0) result = egret_ws_loop_new(&loop_options, &loop);
    if (result >= 0) result = egret_ws_connect(loop, argv[1], &options, &ws);
    while (result >= 0 && egret_ws_state(ws) != EGRET_WS_STATE_CLOSED) result = egret_ws_loop_poll(loop, -1);
    if (result < 0) fprintf(stderr, "%s (%s)\n", egret_ws_last_error_message(), egret_ws_error_name(result));
    egret_ws_loop_free(loop, NULL);
    if (is_released) printf("the provider is released\n"); /* otherwise one of its calls is still running */
    return closed_cleanly ? 0 : 1;
}
