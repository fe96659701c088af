/* See the header. */
#include "egret_ws_host.h"

#include <stdlib.h>

enum { BUCKETS = 1024 };

/* The `user` of a socket, until release_user. */
typedef struct host_socket {
    egret_ws_host *host;
    struct host_socket *next; /* in its bucket */
    egret_ws *ws;
    int64_t id;
    bool has_ended; /* `closed` was delivered */
} host_socket;

struct egret_ws_host {
    egret_ws_loop *loop; /* NULL once freed */
    const egret_ws_host_events *events;
    void *engine;
    bool is_polling;
    int64_t last_id;
    size_t sockets; /* that have not ended */
    host_socket *buckets[BUCKETS]; /* by id */
};

/* The table of sockets. Ids count upwards and are never used again, so a late call cannot meet another socket. */

/* The link that points to the socket, or to NULL where it would be. */
static host_socket **find(egret_ws_host *host, int64_t id) {
    host_socket **link = &host->buckets[(uint64_t)id % BUCKETS];
    while (*link && (*link)->id != id) link = &(*link)->next;
    return link;
}

static host_socket *add_socket(egret_ws_host *host) {
    host_socket *socket = calloc(1, sizeof *socket);
    if (!socket) return NULL;
    socket->host = host;
    socket->id = ++host->last_id;
    *find(host, socket->id) = socket;
    host->sockets++;
    return socket;
}

static void remove_socket(void *user) {
    host_socket *socket = user;
    *find(socket->host, socket->id) = socket->next;
    if (!socket->has_ended) socket->host->sockets--;
    free(socket);
}

/* The handle; NULL for an unknown id, which the library refuses like any bad handle. */
static egret_ws *handle_of(egret_ws_host *host, int64_t id) {
    const host_socket *socket = *find(host, id);
    return socket ? socket->ws : NULL;
}

/* The library's callbacks */

/* The text that egret_ws_subprotocol or egret_ws_extensions returns, for free(); NULL if it is empty or there is no memory. */
static char *negotiated(egret_ws *ws, int32_t (*get)(egret_ws *, char *, size_t)) {
    int32_t len = get(ws, NULL, 0);
    char *text = len > 0 ? malloc((size_t)len + 1) : NULL;
    if (text && get(ws, text, (size_t)len + 1) == len) return text;
    free(text);
    return NULL;
}

static void on_connect(void *user, egret_ws *ws) {
    const host_socket *socket = user;
    const egret_ws_host *host = socket->host;
    char *subprotocol = negotiated(ws, egret_ws_subprotocol), *extensions = negotiated(ws, egret_ws_extensions);
    host->events->connected(host->engine, socket->id, subprotocol ? subprotocol : "", extensions ? extensions : "");
    free(subprotocol);
    free(extensions);
}

static void on_message(void *user, egret_ws *ws, int32_t kind, const uint8_t *data, size_t len) {
    const host_socket *socket = user;
    const egret_ws_host *host = socket->host;
    bool delivered = kind == EGRET_WS_TEXT ? host->events->text(host->engine, socket->id, (const char *)data, len)
                                           : host->events->binary(host->engine, socket->id, data, len);
    /* A lost connection is reported to the game, a lost message would not be. */
    if (!delivered) egret_ws_close(ws, 1011, "out of memory", EGRET_WS_NUL_TERMINATED);
}

static void on_close(void *user, egret_ws *ws, const egret_ws_close_info *info) {
    host_socket *socket = user;
    egret_ws_host *host = socket->host;
    host->events->closed(host->engine, socket->id, info); /* bufferedAmount still works here */
    /* Not later, in release_user: the budget of the poll may end between both. */
    socket->has_ended = true;
    host->sockets--;
    egret_ws_free(ws);
}

/* The loop */

int32_t egret_ws_host_new(const egret_ws_loop_options *options, const egret_ws_host_events *events, void *engine,
                          egret_ws_host **out) {
    egret_ws_host *host = calloc(1, sizeof *host);
    int32_t result = host ? egret_ws_loop_new(options, &host->loop) : EGRET_WS_ERR_NO_RESOURCES;
    if (result != EGRET_WS_OK) {
        free(host);
        return result;
    }
    host->events = events;
    host->engine = engine;
    *out = host;
    return EGRET_WS_OK;
}

int32_t egret_ws_host_free_loop(egret_ws_host *host) {
    int32_t result = egret_ws_loop_free(host->loop, NULL);
    if (result == EGRET_WS_OK) host->loop = NULL;
    return result;
}

void egret_ws_host_free(egret_ws_host *host) {
    if (host && host->loop) egret_ws_loop_free(host->loop, NULL);
    free(host);
}

int32_t egret_ws_host_poll(egret_ws_host *host, int32_t timeout_ms) {
    if (host->is_polling) return EGRET_WS_ERR_REENTRANT;
    host->is_polling = true;
    int32_t from_js = host->events->poll(host->engine);
    int32_t from_loop = egret_ws_loop_poll(host->loop, from_js > 0 ? 0 : timeout_ms);
    host->is_polling = false;
    return from_loop < 0 ? from_loop : from_loop + from_js;
}

bool egret_ws_host_is_polling(const egret_ws_host *host) {
    return host->is_polling;
}

size_t egret_ws_host_sockets(const egret_ws_host *host) {
    return host->sockets;
}

/* The host functions */

int64_t egret_ws_host_open(egret_ws_host *host, const char *url, const char *protocols) {
    egret_ws_options options;
    host_socket *socket;
    if (!url || !protocols) return egret_ws_connect(host->loop, NULL, NULL, NULL); /* the library keeps the reason */
    socket = add_socket(host);
    if (!socket) return EGRET_WS_ERR_NO_RESOURCES;
    egret_ws_options_init(&options, sizeof options);
    options.user = socket;
    options.on_connect = on_connect;
    options.on_message = on_message;
    options.on_close = on_close;
    options.release_user = remove_socket;
    options.subprotocols = protocols[0] ? protocols : NULL;
    int32_t result = egret_ws_connect(host->loop, url, &options, &socket->ws);
    if (result == EGRET_WS_OK) return socket->id;
    remove_socket(socket);
    return result;
}

int32_t egret_ws_host_send_text(egret_ws_host *host, int64_t id, const char *utf8, size_t len) {
    return egret_ws_send(handle_of(host, id), EGRET_WS_TEXT, utf8, utf8 ? len : 1);
}

int32_t egret_ws_host_send_binary(egret_ws_host *host, int64_t id, const uint8_t *data, size_t len) {
    return egret_ws_send(handle_of(host, id), EGRET_WS_BINARY, data, len);
}

int32_t egret_ws_host_close(egret_ws_host *host, int64_t id, int64_t code, const char *reason, size_t len) {
    const bool is_code = code >= 0 && code <= UINT16_MAX;
    return egret_ws_close(handle_of(host, id), is_code ? (uint16_t)code : UINT16_MAX, reason, reason ? len : 1);
}

int64_t egret_ws_host_buffered_amount(egret_ws_host *host, int64_t id) {
    int64_t bytes = egret_ws_buffered_amount(handle_of(host, id));
    return bytes > 0 ? bytes : 0; /* an error means that the socket has ended, so nothing waits */
}

char *egret_ws_host_normalize_url(const char *url) {
    int32_t len = egret_ws_normalize_url(url, NULL, 0);
    char *normal = len > 0 ? malloc((size_t)len + 1) : NULL;
    if (normal && egret_ws_normalize_url(url, normal, (size_t)len + 1) == len) return normal;
    free(normal);
    return NULL;
}
