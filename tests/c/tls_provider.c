/* A TLS provider: its calls never overlap. A busy session continues after egret_ws_tls_ready from any thread. A call that blocks holds
 * up no other thread. All objects are freed, and `release_user` comes once, after the last call. The TLS of this program has records
 * but no cryptography. A thread terminates it in front of the echo server. */
#include "flag.h"
#include "server.h"

#include <poll.h>

enum { ALERT = 21, HANDSHAKE = 22, DATA = 23, HEADER = 5, MAX_BODY = 16384, BUSY_SOCKETS = SANITIZED ? 40 : 200 };

/* The server. */

static int send_record(int fd, int type, const void *body, size_t len) {
    const uint8_t header[HEADER] = {(uint8_t)type, 3, 3, (uint8_t)(len >> 8), (uint8_t)len};
    return send_all(fd, header, sizeof header) && send_all(fd, body, len);
}

static int connect_to_echo(void) {
    struct sockaddr_in address = loopback((uint16_t)atoi(strrchr(echo_url, ':') + 1));
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(fd >= 0);
    CHECK_EQ(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

/* Reads one record of the client. Returns 0 at the end of the stream. */
static int pass_record(int client, int echo) {
    uint8_t record[HEADER + MAX_BODY + 2048];
    size_t len;
    if (!receive_all(client, record, HEADER)) return 0;
    len = (size_t)record[3] << 8 | record[4];
    if (!receive_all(client, record + HEADER, len)) return 0;
    if (record[0] == HANDSHAKE) return send_record(client, HANDSHAKE, "hello", 5);
    return record[0] == DATA && send_all(echo, record + HEADER, len);
}

static void *serve_client(void *argument) {
    const int client = *(int *)argument, echo = connect_to_echo();
    struct pollfd fds[2];
    int goes_on = 1;
    free(argument);
    while (goes_on) {
        uint8_t bytes[MAX_BODY];
        ssize_t len;
        fds[0].fd = client, fds[1].fd = echo;
        fds[0].events = fds[1].events = POLLIN;
        CHECK(poll(fds, 2, -1) > 0);
        if (fds[0].revents) {
            goes_on = pass_record(client, echo);
        } else {
            len = recv(echo, (char *)bytes, sizeof bytes, 0);
            goes_on = len > 0 && send_record(client, DATA, bytes, (size_t)len);
        }
    }
    close(client);
    close(echo);
    return NULL;
}

static void *accept_clients(void *argument) {
    const int listening = *(const int *)argument;
    int fd;
    while ((fd = accept(listening, NULL, NULL)) >= 0) {
        pthread_t thread;
        int *client = (int *)malloc(sizeof *client);
        CHECK(client != NULL);
        *client = fd;
        CHECK_EQ(pthread_create(&thread, NULL, serve_client, client), 0);
        CHECK_EQ(pthread_detach(thread), 0);
    }
    return NULL;
}

static listener server_at;

/* The provider. Its contexts are NULL. */

typedef struct host host;

typedef struct {
    host *of;
    egret_ws *ws;
    char name[64];
    int has_begun, is_busy, output_len;
    uint32_t state;
    uint8_t output[HEADER + MAX_BODY + HEADER + 64];
} session;

struct host {
    pthread_mutex_t lock; /* protects all fields below */
    pthread_cond_t changed;
    int in_session_call; /* calls for sessions never overlap */
    int contexts, sessions, opened, releases;
    int at_gate, is_open;
    int is_ready; /* busy sessions continue */
    int busy;     /* number of sessions that became busy */
    egret_ws *busy_sockets[BUSY_SOCKETS];
    egret_ws_loop *loop;
    int refused; /* refused calls of the library inside a callback */
    session null_session;
};

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

static void add(host *h, int *number, int value) {
    pthread_mutex_lock(&h->lock);
    *number += value;
    pthread_cond_broadcast(&h->changed);
    pthread_mutex_unlock(&h->lock);
}

/* This function does not take the lock, so that ThreadSanitizer checks that calls do not overlap. */
static session *enter(host *h, void *of) {
    session *s = of == NULL ? &h->null_session : (session *)of;
    CHECK_EQ(h->in_session_call, 0);
    h->in_session_call = 1;
    CHECK_EQ(egret_ws_loop_poll(h->loop, 0), EGRET_WS_ERR_REENTRANT);
    CHECK_EQ(egret_ws_loop_free(h->loop, NULL), EGRET_WS_ERR_REENTRANT);
    CHECK_EQ(egret_ws_loop_wake(h->loop), EGRET_WS_ERR_REENTRANT);
    CHECK_EQ(egret_ws_free(s->ws), EGRET_WS_ERR_REENTRANT);
    CHECK_EQ(egret_ws_send(s->ws, EGRET_WS_TEXT, "x", 1), EGRET_WS_ERR_REENTRANT);
    add(h, &h->refused, 1);
    return s;
}

static egret_ws_error_t leave(host *h, egret_ws_error_t result) {
    h->in_session_call = 0;
    return result;
}

static void pass_gate(host *h) {
    pthread_mutex_lock(&h->lock);
    h->at_gate++;
    pthread_cond_broadcast(&h->changed);
    while (!h->is_open) pthread_cond_wait(&h->changed, &h->lock);
    h->at_gate--;
    pthread_mutex_unlock(&h->lock);
}

static egret_ws_error_t new_context(void *user, const egret_ws_tls_settings *settings, void **context, char *message) {
    host *h = (host *)user;
    CHECK(settings->struct_size >= sizeof *settings && *context == NULL && message[0] == '\0');
    CHECK_EQ(egret_ws_loop_wake(h->loop), EGRET_WS_ERR_REENTRANT);
    if (settings->roots_len > 0) {
        memset(message, 'x', EGRET_WS_TLS_MESSAGE_BYTES); /* without a NUL */
        return EGRET_WS_ERR_TLS_OPTIONS;
    }
    add(h, &h->contexts, 1);
    return EGRET_WS_OK;
}

static void free_context(void *user, void *context) {
    host *h = (host *)user;
    CHECK(context == NULL);
    add(h, &h->contexts, -1);
}

static egret_ws_error_t open_session(void *user, void *context, const egret_ws_tls_destination *destination, void **made,
                                     char *message) {
    host *h = (host *)user;
    const int is_null = strcmp(destination->name, "null.test") == 0;
    session *s = is_null ? &h->null_session : (session *)calloc(1, sizeof *s);
    CHECK(context == NULL && *made == NULL && message[0] == '\0' && s != NULL && destination->ws != NULL);
    memset(s, 0, sizeof *s);
    s->of = h;
    s->ws = destination->ws;
    snprintf(s->name, sizeof s->name, "%s", destination->name);
    *made = is_null ? NULL : s;
    enter(h, *made);
    add(h, &h->sessions, 1);
    add(h, &h->opened, 1);
    return leave(h, EGRET_WS_OK);
}

static void put(session *s, int type, const void *body, size_t len) {
    const uint8_t header[HEADER] = {(uint8_t)type, 3, 3, (uint8_t)(len >> 8), (uint8_t)len};
    CHECK((size_t)s->output_len + HEADER + len <= sizeof s->output);
    memcpy(s->output + s->output_len, header, HEADER);
    memcpy(s->output + s->output_len + HEADER, body, len);
    s->output_len += HEADER + (int)len;
}

static egret_ws_error_t end_output(session *s, egret_ws_tls_call *call) {
    CHECK((size_t)s->output_len <= call->output_size);
    memcpy(call->output, s->output, (size_t)s->output_len);
    call->output_len = (size_t)s->output_len;
    s->output_len = 0;
    call->state = s->state | (s->is_busy ? EGRET_WS_TLS_BUSY : 0);
    return EGRET_WS_OK;
}

static void begin_work(session *s) {
    host *h = s->of;
    pthread_mutex_lock(&h->lock);
    CHECK(h->busy < BUSY_SOCKETS);
    h->busy_sockets[h->busy++] = s->ws;
    pthread_cond_broadcast(&h->changed);
    pthread_mutex_unlock(&h->lock);
    s->is_busy = 1;
}

static egret_ws_error_t receive(void *user, void *of, egret_ws_tls_call *call) {
    host *h = (host *)user;
    session *s = enter(h, of);
    const size_t len = call->input_len - HEADER;
    CHECK(call->input_len >= HEADER && len == ((size_t)call->input[3] << 8 | call->input[4]) && call->output_size >= MAX_BODY);
    CHECK(!s->is_busy);
    if (strcmp(s->name, "blocked.test") == 0) pass_gate(h);
    if (call->input[0] == DATA) {
        memcpy(call->output, call->input + HEADER, len);
        call->output_len = len;
    } else if (call->input[0] == ALERT) {
        s->state |= EGRET_WS_TLS_PEER_CLOSED;
    } else if (strcmp(s->name, "busy.test") == 0) {
        begin_work(s);
    } else if (strcmp(s->name, "fails.test") == 0) {
        memset(call->message, 'x', EGRET_WS_TLS_MESSAGE_BYTES); /* without a NUL */
        return leave(h, EGRET_WS_ERR_TLS_EXPIRED);
    } else {
        s->state |= EGRET_WS_TLS_ESTABLISHED;
    }
    call->state = s->state | (s->is_busy ? EGRET_WS_TLS_BUSY : 0);
    return leave(h, EGRET_WS_OK);
}

static egret_ws_error_t send_bytes(void *user, void *of, egret_ws_tls_call *call) {
    host *h = (host *)user;
    session *s = enter(h, of);
    CHECK(call->input != NULL && call->input_len <= MAX_BODY && call->output_size >= call->input_len + 2048);
    if (!s->has_begun) put(s, HANDSHAKE, s->name, strlen(s->name));
    s->has_begun = 1;
    if (s->is_busy && seen(h, &h->is_ready)) {
        s->is_busy = 0;
        s->state |= EGRET_WS_TLS_ESTABLISHED;
    }
    if (call->input_len > 0) put(s, DATA, call->input, call->input_len);
    return leave(h, end_output(s, call));
}

static egret_ws_error_t close_notify(void *user, void *of, egret_ws_tls_call *call) {
    host *h = (host *)user;
    session *s = enter(h, of);
    put(s, ALERT, "\1", 2);
    return leave(h, end_output(s, call));
}

static void get_facts(void *user, void *of, egret_ws_tls_facts *facts) {
    host *h = (host *)user;
    enter(h, of);
    CHECK(facts->struct_size >= sizeof *facts && facts->chain == NULL && facts->version == 0);
    facts->version = EGRET_WS_TLS_1_3;
    facts->cipher = "NONE";
    leave(h, EGRET_WS_OK);
}

static void free_session(void *user, void *of) {
    host *h = (host *)user;
    session *s = enter(h, of);
    memset(s, 0xEE, sizeof *s);
    if (of != NULL) free(s);
    add(h, &h->sessions, -1);
    leave(h, EGRET_WS_OK);
}

static void release_user(void *user) {
    host *h = (host *)user;
    CHECK(seen(h, &h->contexts) == 0 && seen(h, &h->sessions) == 0);
    add(h, &h->releases, 1);
}

static egret_ws_tls_provider provider_of(host *h) {
    egret_ws_tls_provider provider;
    CHECK_OK(egret_ws_tls_provider_init(&provider, sizeof provider));
    provider.capabilities = EGRET_WS_TLS_CAN_ROOTS;
    provider.user = h;
    provider.release_user = release_user;
    provider.new_context = new_context;
    provider.free_context = free_context;
    provider.open = open_session;
    provider.receive = receive;
    provider.send = send_bytes;
    provider.close_notify = close_notify;
    provider.get_facts = get_facts;
    provider.free_session = free_session;
    return provider;
}

static egret_ws_loop *new_tls_loop(host *h) {
    egret_ws_tls_provider provider = provider_of(h);
    egret_ws_loop_options options = loop_options();
    options.tls_provider = &provider;
    memset(h, 0, sizeof *h);
    CHECK_EQ(pthread_mutex_init(&h->lock, NULL) + pthread_cond_init(&h->changed, NULL), 0);
    CHECK_OK(egret_ws_loop_new(&options, &h->loop));
    memset(&provider, 0xEE, sizeof provider); /* the library has copied it */
    return h->loop;
}

/* Waits for `release_user`, which comes after the end of a running call. */
static void end_host(host *h) {
    WAIT_UNTIL(seen(h, &h->releases) > 0);
    CHECK_EQ(h->releases, 1);
    CHECK(h->refused > 0 || h->opened == 0);
    CHECK_EQ(pthread_mutex_destroy(&h->lock) + pthread_cond_destroy(&h->changed), 0);
}

static recorder *connect_name(host *h, const char *name, const char *roots) {
    recorder *r = (recorder *)calloc(1, sizeof *r);
    egret_ws_options options;
    char url[100];
    CHECK(r != NULL);
    options = recorder_options(r);
    options.addresses = "127.0.0.1";
    options.tls_roots = roots;
    options.tls_roots_len = roots != NULL ? strlen(roots) : 0;
    snprintf(url, sizeof url, "wss://%s:%d/", name, (int)server_at.port);
    CHECK_OK(egret_ws_connect(h->loop, url, &options, &r->ws));
    return r;
}

static recorder *open_name(host *h, const char *name) {
    recorder *r = connect_name(h, name, NULL);
    POLL_UNTIL(h->loop, r->connects + r->closes > 0);
    CHECK_EQ(r->connects, 1);
    return r;
}

static void messages_pass_and_everything_is_freed(void) {
    static host h;
    egret_ws_loop *loop = new_tls_loop(&h);
    const char *const names[] = {"some.test", "null.test"};
    int i;
    for (i = 0; i < 2; i++) {
        recorder *r = open_name(&h, names[i]);
        expect_echo(loop, r);
        close_and_free(loop, r);
        free(r);
    }
    /* An abort, and freeing the loop. */
    {
        recorder *aborted = open_name(&h, "some.test"), *left = open_name(&h, "null.test");
        CHECK_OK(egret_ws_abort(aborted->ws));
        POLL_UNTIL(loop, aborted->releases == 1);
        free_socket(aborted);
        CHECK_EQ(h.releases, 0);
        left->freed = 1;
        free_loop(loop);
        free(aborted);
        free(left);
    }
    CHECK_EQ(h.opened, 4);
    end_host(&h);
}

static void a_message_needs_no_nul(void) {
    static host h;
    egret_ws_loop *loop = new_tls_loop(&h);
    recorder *in_context = connect_name(&h, "some.test", "bad roots"), *in_receive = connect_name(&h, "fails.test", NULL);
    POLL_UNTIL(loop, in_context->closes + in_receive->closes == 2);
    CHECK_EQ(in_context->report.error, EGRET_WS_ERR_TLS_OPTIONS);
    CHECK_EQ(in_receive->report.error, EGRET_WS_ERR_TLS_EXPIRED);
    CHECK(strstr(in_context->message, "xxx") != NULL && strstr(in_receive->message, "xxx") != NULL);
    in_context->freed = in_receive->freed = 1;
    free_loop(loop);
    free(in_context);
    free(in_receive);
    end_host(&h);
}

/* Repeatedly calls egret_ws_tls_ready for all sockets that have ever been busy. */
static void *call_ready(void *of) {
    host *h = (host *)of;
    int i;
    for (i = 0; !seen(h, &h->is_open); i++) {
        egret_ws *ws = NULL;
        egret_ws_error_t result;
        pthread_mutex_lock(&h->lock);
        if (h->busy > 0) ws = h->busy_sockets[i % h->busy];
        pthread_mutex_unlock(&h->lock);
        result = egret_ws_tls_ready(ws);
        CHECK(result == EGRET_WS_OK || result == EGRET_WS_ERR_BAD_HANDLE);
        sched_yield();
    }
    return NULL;
}

static void ready_comes_from_other_threads(void) {
    static host h;
    egret_ws_loop *loop = new_tls_loop(&h);
    recorder *sockets[BUSY_SOCKETS], *good = open_name(&h, "some.test");
    pthread_t threads[2];
    int i;
    for (i = 0; i < BUSY_SOCKETS; i++) sockets[i] = connect_name(&h, "busy.test", NULL);
    for (i = 0; i < 2; i++) CHECK_EQ(pthread_create(&threads[i], NULL, call_ready, &h), 0);
    POLL_UNTIL(loop, seen(&h, &h.busy) == BUSY_SOCKETS);
    expect_echo(loop, good);
    for (i = 0; i < BUSY_SOCKETS; i += 2) free_socket(sockets[i]); /* they end while they are busy */
    set(&h, &h.is_ready, 1);
    for (i = 1; i < BUSY_SOCKETS; i += 2) {
        POLL_UNTIL(loop, sockets[i]->connects == 1);
        expect_echo(loop, sockets[i]);
        sockets[i]->freed = 1;
    }
    good->freed = 1;
    free_loop(loop);
    CHECK_EQ(egret_ws_tls_ready(good->ws), EGRET_WS_ERR_BAD_HANDLE);
    set(&h, &h.is_open, 1);
    for (i = 0; i < 2; i++) CHECK_EQ(pthread_join(threads[i], NULL), 0);
    for (i = 0; i < BUSY_SOCKETS; i++) free(sockets[i]);
    free(good);
    end_host(&h);
}

/* With the inline driver the poll is the call that blocks. */
static void a_call_that_blocks_does_not_hold_the_end_of_the_loop(void) {
    static host h;
    egret_ws_loop *loop = new_tls_loop(&h), *other = new_loop();
    recorder *r;
    int64_t begun;
    if (driver != 0) {
        free_loop(other);
        free_loop(loop);
        end_host(&h);
        return;
    }
    r = connect_name(&h, "blocked.test", NULL);
    POLL_UNTIL(loop, seen(&h, &h.at_gate) == 1);
    settle(other);
    r->freed = 1;
    begun = now_us();
    free_loop(loop);
    CHECK(now_us() - begun < INT64_C(9000000));
    CHECK_EQ(seen(&h, &h.releases), 0);
    settle(other);
    free_loop(other);
    set(&h, &h.is_open, 1);
    end_host(&h);
    free(r);
}

static void without_a_loop_the_user_is_not_released(void) {
    static host h;
    egret_ws_tls_provider provider = provider_of(&h);
    egret_ws_loop_options options = loop_options();
    egret_ws_loop *loop = NULL;
    CHECK_EQ(pthread_mutex_init(&h.lock, NULL) + pthread_cond_init(&h.changed, NULL), 0);
    options.tls_provider = &provider;
    provider.receive = NULL;
    CHECK_EQ(egret_ws_loop_new(&options, &loop), EGRET_WS_ERR_INVALID_ARGUMENT);
    provider.receive = receive;
    provider.capabilities = 1u << 31;
    CHECK_EQ(egret_ws_loop_new(&options, &loop), EGRET_WS_ERR_INVALID_ARGUMENT);
    provider.capabilities = 0;
    provider.struct_size = 7;
    CHECK_EQ(egret_ws_loop_new(&options, &loop), EGRET_WS_ERR_BAD_STRUCT);
    CHECK(loop == NULL && h.releases == 0);
    /* release_user is also called if no callback was ever called. */
    provider.struct_size = sizeof provider;
    CHECK_OK(egret_ws_loop_new(&options, &loop));
    free_loop(loop);
    end_host(&h);
}

int main(int argc, char **argv) {
    pthread_t accepting;
    begin(argc, argv);
    server_at = listen_silently();
    CHECK_EQ(pthread_create(&accepting, NULL, accept_clients, &server_at.fd), 0);
    messages_pass_and_everything_is_freed();
    a_message_needs_no_nul();
    ready_comes_from_other_threads();
    a_call_that_blocks_does_not_hold_the_end_of_the_loop();
    without_a_loop_the_user_is_not_released();
    shutdown(server_at.fd, SHUT_RDWR);
    CHECK_EQ(pthread_join(accepting, NULL), 0);
    close_listener(&server_at);
    return 0;
}
