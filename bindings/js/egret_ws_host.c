/* See the header. */
#include "egret_ws_host.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BUCKETS = 64, MAX_HEADERS = 256, DRAIN_POLL_MS = 50 };

const char *const egret_ws_host_event_names[EGRET_WS_HOST_EVENT_COUNT] = {"connected", "text",   "binary", "retrying", "drained",
                                                                          "failed",    "closed", "task",   "frame",    "asked"};

/* Sixteen times the library's default: a burst of a game must not fill the buffer, because the W3C object would then close. */
static const uint32_t default_send_buffer = 16 << 20;

typedef struct host_questions host_questions;

/* The `user` of a socket, until release_user. */
typedef struct host_socket {
    egret_ws_host *host;
    struct host_socket *next; /* the next socket in its bucket */
    egret_ws *ws;
    int64_t id;
    bool has_ended; /* `closed` was delivered */
    int32_t http_status; /* the HTTP status at the last end of a connection */
    uint32_t max_message_bytes;
    /* The host's list of sockets that wait for `drained`: the next one, and the link to this one, which is NULL outside the list.
     * `drained` is called when at most `drained_at` bytes wait. */
    struct host_socket *next_draining, **draining_link;
    int64_t drained_at;
} host_socket;

struct egret_ws_host {
    egret_ws_loop *loop; /* NULL once freed */
    const egret_ws_host_events *events;
    void *engine;
    egret_ws_host_options options;
    bool is_polling;
    size_t tasks; /* the number of pending tasks of egret_ws.js */
    host_questions *questions; /* for hooks that the script answers; NULL if there are none */
    int64_t last_id;
    size_t sockets;        /* the number of sockets that have not ended */
    size_t entries;        /* the number of sockets in the table */
    size_t mask;           /* the number of buckets, a power of two, minus one */
    host_socket **buckets; /* the table: sockets by the low bits of their id */
    host_socket *draining;
    char reason[160]; /* the reason of an error of this file; if empty, the library has the reason */
};

/*
 * The table of sockets. Ids increase and are never used again, so a late call cannot reach another socket. Consecutive ids are in
 * different buckets, and there are as many buckets as sockets, so a bucket contains one socket or two.
 */

/* Returns the link that points to the socket, or a link that is NULL if the table does not contain it. */
static host_socket **find(const egret_ws_host *host, int64_t id) {
    host_socket **link = &host->buckets[(uint64_t)id & host->mask];
    while (*link && (*link)->id != id) link = &(*link)->next;
    return link;
}

/* Doubles the number of buckets. If there is no memory for them, the chains become longer. */
static void grow(egret_ws_host *host) {
    const size_t count = host->mask + 1;
    host_socket **const old = host->buckets, **const fresh = calloc(2 * count, sizeof *fresh);
    size_t i;
    if (!fresh) return;
    host->buckets = fresh;
    host->mask = 2 * count - 1;
    for (i = 0; i < count; i++) {
        host_socket *socket = old[i], *next;
        for (; socket; socket = next) {
            next = socket->next;
            socket->next = NULL;
            *find(host, socket->id) = socket;
        }
    }
    free(old);
}

static host_socket *add_socket(egret_ws_host *host) {
    host_socket *socket = calloc(1, sizeof *socket);
    if (!socket) return NULL;
    if (host->entries > host->mask) grow(host);
    socket->host = host;
    socket->id = ++host->last_id;
    *find(host, socket->id) = socket;
    host->entries++;
    host->sockets++;
    return socket;
}

static void add_draining(host_socket *socket) {
    host_socket **const first = &socket->host->draining;
    if (*first) (*first)->draining_link = &socket->next_draining;
    socket->next_draining = *first;
    socket->draining_link = first;
    *first = socket;
}

static void remove_draining(host_socket *socket) {
    if (!socket->draining_link) return;
    *socket->draining_link = socket->next_draining;
    if (socket->next_draining) socket->next_draining->draining_link = socket->draining_link;
    socket->draining_link = NULL;
}

static void remove_socket(void *user) {
    host_socket *socket = user;
    remove_draining(socket);
    *find(socket->host, socket->id) = socket->next;
    socket->host->entries--;
    if (!socket->has_ended) socket->host->sockets--;
    free(socket);
}

/* Returns the handle, or NULL for an unknown id; the library refuses NULL like any bad handle. */
static egret_ws *handle_of(const egret_ws_host *host, int64_t id) {
    const host_socket *socket = *find(host, id);
    return socket ? socket->ws : NULL;
}

/* The library's callbacks */

/* A task may add others. Only the tasks that waited before this call run, so that the time of a poll has a limit. */
static int32_t run_tasks(egret_ws_host *host) {
    const size_t count = host->tasks;
    size_t i;
    for (i = 0; i < count; i++) {
        host->tasks--;
        host->events->task(host->engine);
    }
    return (int32_t)count;
}

typedef int32_t (*text_getter)(egret_ws *, char *, size_t);

/* Returns the text that a function such as egret_ws_subprotocol returns, for free(); NULL if it is empty or there is no memory. */
static char *text_of(egret_ws *ws, text_getter get, size_t *len) {
    const int32_t length = get(ws, NULL, 0);
    char *text = length > 0 ? malloc((size_t)length + 1) : NULL;
    if (text && get(ws, text, (size_t)length + 1) == length) {
        *len = (size_t)length;
        return text;
    }
    free(text);
    return NULL;
}

static void on_connect(void *user, egret_ws *ws) {
    const host_socket *socket = user;
    const egret_ws_host *host = socket->host;
    size_t len;
    char *subprotocol = text_of(ws, egret_ws_subprotocol, &len), *extensions = text_of(ws, egret_ws_extensions, &len);
    host->events->connected(host->engine, socket->id, subprotocol ? subprotocol : "", extensions ? extensions : "");
    free(subprotocol);
    free(extensions);
}

static void on_message(void *user, egret_ws *ws, int32_t kind, const uint8_t *data, size_t len) {
    const host_socket *socket = user;
    const egret_ws_host *host = socket->host;
    bool delivered = kind == EGRET_WS_TEXT ? host->events->text(host->engine, socket->id, (const char *)data, len)
                                           : host->events->binary(host->engine, socket->id, data, len);
    /* The end of a connection is reported to the game; the loss of a single message would not be. */
    if (!delivered) egret_ws_close(ws, 1011, "out of memory", EGRET_WS_NUL_TERMINATED);
}

static void on_retry(void *user, egret_ws *ws, const egret_ws_close_info *info, uint32_t attempt, uint32_t delay_ms) {
    host_socket *socket = user;
    (void)ws;
    (void)attempt;
    socket->http_status = info->http_status;
    socket->host->events->retrying(socket->host->engine, socket->id, info, delay_ms);
}

static void on_close(void *user, egret_ws *ws, const egret_ws_close_info *info) {
    host_socket *socket = user;
    egret_ws_host *host = socket->host;
    socket->http_status = info->http_status;
    remove_draining(socket);
    run_tasks(host); /* errors of earlier sends are reported before the end */
    if (info->error != EGRET_WS_OK) host->events->failed(host->engine, socket->id, info);
    host->events->closed(host->engine, socket->id, info); /* bufferedAmount still works here */
    /* This is not done in release_user, because the budget of the poll may end between the two callbacks. */
    socket->has_ended = true;
    host->sockets--;
    egret_ws_free(ws);
}

static void on_frame(void *user, egret_ws *ws, int32_t direction, uint32_t opcode, uint32_t flags, uint64_t length) {
    const host_socket *socket = user;
    (void)ws;
    socket->host->events->frame(socket->host->engine, socket->id, direction, opcode, flags, length);
}

#include "egret_ws_host_hooks.h"

/* The loop */

static void free_host(egret_ws_host *host) {
    if (host->questions) leave_questions(host->questions);
    free(host->buckets);
    free(host);
}

/* Makes the loop, with the hooks that the script answers, if there are any. */
static int32_t new_loop(egret_ws_host *host, const egret_ws_host_options *options) {
    egret_ws_loop_options loop;
    egret_ws_hooks hooks;
    int32_t result;
    if (!options || !options->script_hooks) return egret_ws_loop_new(options ? options->loop : NULL, &host->loop);
    egret_ws_loop_options_init(&loop, sizeof loop);
    if (options->loop) loop = *options->loop;
    host->questions = new_questions(loop.hooks, options->script_hooks, &hooks);
    if (!host->questions) return EGRET_WS_ERR_NO_RESOURCES;
    loop.hooks = &hooks;
    result = egret_ws_loop_new(&loop, &host->loop);
    if (result == EGRET_WS_OK) begin_questions(host->questions, host->loop);
    return result;
}

int32_t egret_ws_host_new(const egret_ws_host_options *options, const egret_ws_host_events *events, void *engine,
                          egret_ws_host **out) {
    egret_ws_host *host = calloc(1, sizeof *host);
    int32_t result;
    if (!host) return EGRET_WS_ERR_NO_RESOURCES;
    host->buckets = calloc(FIRST_BUCKETS, sizeof *host->buckets);
    host->mask = FIRST_BUCKETS - 1;
    result = host->buckets ? new_loop(host, options) : EGRET_WS_ERR_NO_RESOURCES;
    if (result != EGRET_WS_OK) {
        free_host(host);
        return result;
    }
    if (options) host->options = *options;
    host->options.loop = NULL; /* the caller may free its struct */
    host->events = events;
    host->engine = engine;
    *out = host;
    return EGRET_WS_OK;
}

egret_ws_loop *egret_ws_host_loop(const egret_ws_host *host) {
    return host->loop;
}

int32_t egret_ws_host_free_loop(egret_ws_host *host) {
    int32_t result;
    /* The library cannot refuse this inside a task or `drained`, because it does not know about them. */
    if (host->is_polling) return EGRET_WS_ERR_REENTRANT;
    result = egret_ws_loop_free(host->loop, NULL);
    if (result == EGRET_WS_OK) host->loop = NULL;
    return result;
}

void egret_ws_host_free(egret_ws_host *host) {
    if (!host) return;
    if (host->loop) egret_ws_loop_free(host->loop, NULL);
    free_host(host);
}

/* A call of `drained` may add its socket again, in front of the remaining ones. No call removes a socket from the list. */
static int32_t report_drained(egret_ws_host *host) {
    host_socket *socket = host->draining, *next;
    int32_t count = 0;
    for (; socket; socket = next) {
        next = socket->next_draining;
        if (egret_ws_buffered_amount(socket->ws) > socket->drained_at) continue;
        remove_draining(socket);
        host->events->drained(host->engine, socket->id);
        count++;
    }
    return count;
}

/* Returns the time that the poll may wait: at most `timeout_ms`, which is negative for no limit. */
static int32_t wait_ms(const egret_ws_host *host, int32_t timeout_ms) {
    const bool is_longer = timeout_ms < 0 || timeout_ms > DRAIN_POLL_MS;
    if (host->tasks > 0) return 0;
    return host->draining && is_longer ? DRAIN_POLL_MS : timeout_ms;
}

int32_t egret_ws_host_next_poll_ms(const egret_ws_host *host) {
    const int32_t result = egret_ws_loop_next_poll_ms(host->loop);
    return result < 0 ? result : wait_ms(host, result);
}

int32_t egret_ws_host_poll(egret_ws_host *host, int32_t timeout_ms) {
    if (host->is_polling) return EGRET_WS_ERR_REENTRANT;
    host->is_polling = true;
    int32_t tasks = run_tasks(host);
    int32_t callbacks = egret_ws_loop_poll(host->loop, tasks > 0 ? 0 : wait_ms(host, timeout_ms));
    int32_t drained = callbacks < 0 ? 0 : report_drained(host);
    int32_t asked = callbacks < 0 ? 0 : deliver_questions(host);
    host->is_polling = false;
    return callbacks < 0 ? callbacks : callbacks + tasks + drained + asked;
}

void egret_ws_host_wake(egret_ws_host *host) {
    host->tasks++;
}

size_t egret_ws_host_tasks(const egret_ws_host *host) {
    return host->tasks;
}

bool egret_ws_host_is_polling(const egret_ws_host *host) {
    return host->is_polling;
}

size_t egret_ws_host_sockets(const egret_ws_host *host) {
    return host->sockets;
}

#include "egret_ws_host_options.h"

/* The host functions */

static int32_t connect_socket(egret_ws_host *host, host_socket *socket, socket_options *options, const char *url) {
    egret_ws_options *const c = &options->c;
    const egret_ws_on_frame_fn of_script = c->on_frame;
    if (host->options.configure) {
        const int32_t result = host->options.configure(host->options.user, url, c);
        /* A positive result would be taken for an id. */
        if (result != EGRET_WS_OK) return refuse(host, result < 0 ? result : EGRET_WS_ERR_UNSUPPORTED, "the application refuses %s", url);
    }
    c->user = socket;
    c->on_connect = on_connect;
    c->on_message = on_message;
    c->on_retry = on_retry;
    c->on_drain = NULL; /* it follows a refused send; egret_ws_host_notify_drain also works after an accepted one */
    c->on_close = on_close;
    c->on_frame = of_script;
    c->release_user = remove_socket;
    socket->max_message_bytes = c->max_message_bytes ? c->max_message_bytes : EGRET_WS_MAX_MESSAGE_BYTES;
    return egret_ws_connect(host->loop, url, c, &socket->ws);
}

int64_t egret_ws_host_open(egret_ws_host *host, const char *url, const char *protocols, const char *text, size_t len) {
    socket_options options;
    host_socket *socket;
    int32_t result;
    host->reason[0] = '\0';
    if (!url || !protocols || !text) return refuse(host, EGRET_WS_ERR_INVALID_ARGUMENT, "not a string, or a string with a NUL%s", "");
    egret_ws_options_init(&options.c, sizeof options.c);
    options.text = NULL;
    options.c.max_send_buffer_bytes = default_send_buffer;
    options.c.subprotocols = protocols[0] ? protocols : NULL;
    socket = add_socket(host);
    result = socket ? set_options(host, &options, text, len)
                    : refuse(host, EGRET_WS_ERR_NO_RESOURCES, "there is no memory for a socket%s", "");
    if (result == EGRET_WS_OK) result = connect_socket(host, socket, &options, url);
    free(options.text);
    if (result == EGRET_WS_OK) return socket->id;
    if (socket) remove_socket(socket);
    return result;
}

/* Returns the bytes of the message, at most EGRET_WS_MAX_MESSAGE_BYTES, or an error. */
static int32_t send_message(egret_ws_host *host, int64_t id, int32_t kind, const void *data, size_t len) {
    const host_socket *const socket = *find(host, id);
    const int32_t result = egret_ws_send(socket ? socket->ws : NULL, kind, data, len);
    host->reason[0] = '\0';
    if (result == EGRET_WS_OK) return (int32_t)len;
    if (socket && result == EGRET_WS_ERR_MESSAGE_TOO_BIG)
        snprintf(host->reason, sizeof host->reason, "it has %lu bytes, %lu more than the limit of %lu bytes", (unsigned long)len,
                 (unsigned long)(len - socket->max_message_bytes), (unsigned long)socket->max_message_bytes);
    return result;
}

int32_t egret_ws_host_send_text(egret_ws_host *host, int64_t id, const char *utf8, size_t len) {
    return send_message(host, id, EGRET_WS_TEXT, utf8, utf8 ? len : 1);
}

int32_t egret_ws_host_send_binary(egret_ws_host *host, int64_t id, const uint8_t *data, size_t len) {
    return send_message(host, id, EGRET_WS_BINARY, data, len);
}

int32_t egret_ws_host_close(egret_ws_host *host, int64_t id, int64_t code, const char *reason, size_t len) {
    host->reason[0] = '\0';
    const bool is_code = code >= 0 && code <= UINT16_MAX;
    return egret_ws_close(handle_of(host, id), is_code ? (uint16_t)code : UINT16_MAX, reason, reason ? len : 1);
}

int64_t egret_ws_host_buffered_amount(egret_ws_host *host, int64_t id) {
    int64_t bytes = egret_ws_buffered_amount(handle_of(host, id));
    return bytes > 0 ? bytes : 0; /* after an error the socket has ended, so nothing waits */
}

int32_t egret_ws_host_notify_drain(egret_ws_host *host, int64_t id, int64_t bytes) {
    host_socket *socket = *find(host, id);
    host->reason[0] = '\0';
    if (!socket || socket->has_ended) return refuse(host, EGRET_WS_ERR_BAD_HANDLE, "there is no such socket%s", "");
    socket->drained_at = bytes;
    if (!socket->draining_link) add_draining(socket);
    return EGRET_WS_OK;
}

bool egret_ws_host_is_draining(const egret_ws_host *host) {
    return host->draining != NULL;
}

char *egret_ws_host_normalize_url(egret_ws_host *host, const char *url) {
    if (host) host->reason[0] = '\0';
    int32_t len = egret_ws_normalize_url(url, NULL, 0);
    char *normal = len > 0 ? malloc((size_t)len + 1) : NULL;
    if (normal && egret_ws_normalize_url(url, normal, (size_t)len + 1) == len) return normal;
    free(normal);
    return NULL;
}

/* Statistics */

#define COUNTER(field) {#field, offsetof(egret_ws_statistics, field), sizeof(((egret_ws_statistics *)0)->field)}
static const struct counter {
    const char *name;
    size_t place, size;
} counters[] = {
    COUNTER(http_status), COUNTER(tls_version), COUNTER(redirects), COUNTER(resolve_us), COUNTER(connect_us),
    COUNTER(proxy_us), COUNTER(tls_us), COUNTER(handshake_us), COUNTER(connections), COUNTER(retries),
    COUNTER(messages_sent), COUNTER(bytes_sent), COUNTER(wire_bytes_sent), COUNTER(messages_received),
    COUNTER(bytes_received), COUNTER(wire_bytes_received), COUNTER(send_queue_bytes), COUNTER(send_queue_peak_bytes),
    COUNTER(receive_queue_bytes), COUNTER(receive_queue_peak_bytes), COUNTER(rtt_us), COUNTER(rtt_smoothed_us),
    COUNTER(tls_resumed), COUNTER(addresses_tried),
};

char *egret_ws_host_stats(egret_ws_host *host, int64_t id, size_t *len) {
    enum { COUNT = sizeof counters / sizeof *counters, LONGEST = 64 };
    egret_ws_statistics stats;
    char *text;
    size_t i;
    host->reason[0] = '\0';
    stats.struct_size = sizeof stats;
    if (egret_ws_stats(handle_of(host, id), &stats) != EGRET_WS_OK) return NULL;
    text = malloc(COUNT * LONGEST);
    for (i = 0, *len = 0; text && i < COUNT; i++) {
        const char *field = (const char *)&stats + counters[i].place;
        const uint64_t value = counters[i].size == 8 ? *(const uint64_t *)field : *(const uint32_t *)field;
        *len += (size_t)snprintf(text + *len, LONGEST, "%s%c%llu", counters[i].name, '\0', (unsigned long long)value) + 1;
    }
    return text;
}

/* Texts and bytes */

static const struct text {
    const char *name;
    text_getter get;
} texts[] = {
    {"local_address", egret_ws_local_address},
    {"remote_address", egret_ws_remote_address},
    {"tried_addresses", egret_ws_tried_addresses},
    {"proxy", egret_ws_proxy},
    {"response_cookies", egret_ws_response_cookies},
    {"tls_cipher", egret_ws_tls_cipher},
    {"tls_alpn", egret_ws_tls_alpn},
};

/* The names of the hooks that the script answers. */
static char *hooks_of_script(const egret_ws_host *host, size_t *len) {
    const uint32_t wanted = host->options.script_hooks;
    const egret_ws_hooks *const shell = host->questions ? &host->questions->shell : NULL;
    const bool resolves = shell && wanted & EGRET_WS_HOST_RESOLVE && !shell->on_resolve;
    const bool finds = shell && wanted & EGRET_WS_HOST_FIND_PROXY && !shell->on_proxy;
    char *text = malloc(sizeof resolve_hook + sizeof proxy_hook + 1);
    if (!text) return NULL;
    *len = (size_t)sprintf(text, "%s%s%s%s", resolves ? resolve_hook : "", resolves ? " " : "", finds ? proxy_hook : "",
                           finds ? " " : "");
    return text;
}

/* The HTTP status of the server or of the proxy; empty without an answer. */
static char *http_status(const egret_ws_host *host, int64_t id, size_t *len) {
    enum { LONGEST = 16 };
    const host_socket *const socket = *find(host, id);
    char *text = socket && socket->http_status ? malloc(LONGEST) : NULL;
    if (text) *len = (size_t)snprintf(text, LONGEST, "%ld", (long)socket->http_status);
    return text;
}

char *egret_ws_host_text(egret_ws_host *host, int64_t id, const char *name, size_t *len) {
    size_t i;
    host->reason[0] = '\0';
    *len = 0;
    if (!name) return NULL;
    if (id == 0 && strcmp(name, "hooks") == 0) return hooks_of_script(host, len);
    if (strcmp(name, "http_status") == 0) return http_status(host, id, len);
    for (i = 0; i < sizeof texts / sizeof *texts; i++)
        if (strcmp(texts[i].name, name) == 0) return text_of(handle_of(host, id), texts[i].get, len);
    return NULL;
}

static uint8_t *certificate(egret_ws *ws, int64_t index, size_t *len) {
    const uint32_t place = index >= 0 && index < UINT32_MAX ? (uint32_t)index : UINT32_MAX;
    const int32_t length = egret_ws_peer_certificate(ws, place, NULL, 0);
    uint8_t *der = length > 0 ? malloc((size_t)length) : NULL;
    if (der && egret_ws_peer_certificate(ws, place, der, (size_t)length) == length) {
        *len = (size_t)length;
        return der;
    }
    free(der);
    return NULL;
}

uint8_t *egret_ws_host_bytes(egret_ws_host *host, int64_t id, const char *name, int64_t index, size_t *len) {
    host->reason[0] = '\0';
    *len = 0;
    if (name && strcmp(name, "response_body") == 0) return (uint8_t *)text_of(handle_of(host, id), egret_ws_response_body, len);
    if (name && strcmp(name, "peer_certificate") == 0) return certificate(handle_of(host, id), index, len);
    return NULL;
}

/* Hooks */

int32_t egret_ws_host_answer(egret_ws_host *host, int64_t ticket, const char *list) {
    const bool was_asked = host->questions && ticket > 0;
    const int32_t result = was_asked ? answer_question(host->questions, ticket, list) : EGRET_WS_ERR_BAD_HANDLE;
    host->reason[0] = '\0';
    if (result != EGRET_WS_ERR_BAD_HANDLE) return result;
    return refuse(host, result, "no connection waits for this answer%s", "");
}

const char *egret_ws_host_last_error(const egret_ws_host *host) {
    return host->reason[0] ? host->reason : egret_ws_last_error_message();
}
