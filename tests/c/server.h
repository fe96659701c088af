/* A WebSocket server with one thread that accepts one connection after the other and runs a script on each. Most scripts violate the
 * protocol. */
#ifndef SERVER_H
#define SERVER_H

#include "check.h"
#include "sha1.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <strings.h>
#include <sys/socket.h>

/* Listeners that no thread serves. The operating system makes the TCP connections, or does not. */

typedef struct listener {
    int fd;
    uint16_t port;
    char url[40];
    int fillers[2];
} listener;

static inline struct sockaddr_in loopback(uint16_t port) {
    struct sockaddr_in address;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

/* Takes a free port without listening on it: connections are refused, and no other program gets the port. */
static inline listener bind_loopback(void) {
    listener l;
    struct sockaddr_in address = loopback(0);
    socklen_t len = sizeof address;
    memset(&l, 0, sizeof l);
    l.fillers[0] = l.fillers[1] = -1;
    l.fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(l.fd >= 0);
    CHECK_EQ(bind(l.fd, (struct sockaddr *)&address, sizeof address), 0);
    CHECK_EQ(getsockname(l.fd, (struct sockaddr *)&address, &len), 0);
    l.port = ntohs(address.sin_port);
    snprintf(l.url, sizeof l.url, "ws://127.0.0.1:%d/", (int)l.port);
    return l;
}

/* TCP connects, but no answer ever comes. */
static inline listener listen_silently(void) {
    listener l = bind_loopback();
    CHECK_EQ(listen(l.fd, 64), 0);
    return l;
}

/* TCP does not even connect: the queue of connections to accept is full. */
static inline listener listen_with_full_queue(void) {
    listener l = bind_loopback();
    struct sockaddr_in address = loopback(l.port);
    struct pollfd last;
    int i;
    CHECK_EQ(listen(l.fd, 0), 0);
    for (i = 0; i < 2; i++) {
        l.fillers[i] = socket(AF_INET, SOCK_STREAM, 0);
        CHECK(l.fillers[i] >= 0);
        CHECK_EQ(fcntl(l.fillers[i], F_SETFL, O_NONBLOCK), 0);
        CHECK(connect(l.fillers[i], (struct sockaddr *)&address, sizeof address) == 0 || errno == EINPROGRESS);
    }
    last.fd = l.fillers[1];
    last.events = POLLOUT;
    CHECK_EQ(poll(&last, 1, 0), 0);
    return l;
}

static inline void close_listener(listener *l) {
    close(l->fd);
    if (l->fillers[0] >= 0) close(l->fillers[0]);
    if (l->fillers[1] >= 0) close(l->fillers[1]);
}

/* The server. */

typedef struct server {
    listener at;
    void (*script)(struct server *, int fd); /* runs on the server's thread, after the upgrade */
    const char *(*judge)(const char *head);  /* on the server's thread: an HTTP response instead of the upgrade, or NULL */
    const void *answer;                      /* for the script: bytes to send */
    size_t answer_len;
    pthread_t thread;
    pthread_mutex_t lock; /* protects all fields below */
    pthread_cond_t changed;
    int fd; /* the connection that is being served, or -1 */
    int stopping;
    int64_t upgrades;
    int64_t refusals; /* requests that `judge` refused */
    int64_t ended;      /* number of connections that were upgraded and are closed */
    int64_t messages;   /* number of received data frames */
    int64_t bytes;      /* their payload */
    int64_t close_code; /* the code of the last Close frame: 1005 if it had no code, 0 if no Close frame came */
} server;

static inline int send_all(int fd, const void *data, size_t len) {
    const char *at = (const char *)data;
    while (len > 0) {
        const ssize_t sent = send(fd, at, len, MSG_NOSIGNAL);
        if (sent <= 0) return 0;
        at += sent;
        len -= (size_t)sent;
    }
    return 1;
}

static inline int receive_all(int fd, void *data, size_t len) {
    char *at = (char *)data;
    while (len > 0) {
        const ssize_t got = recv(fd, at, len, 0);
        if (got <= 0) return 0;
        at += got;
        len -= (size_t)got;
    }
    return 1;
}

static inline int receive_request(int fd, char *head, size_t size) {
    size_t len = 0;
    while (len + 1 < size && receive_all(fd, head + len, 1)) {
        head[++len] = '\0';
        if (len >= 4 && memcmp(head + len - 4, "\r\n\r\n", 4) == 0) return 1;
    }
    return 0;
}

/* The server counts before it answers, so that an answered message is counted. */
static inline int upgrade(server *s, int fd) {
    static const char name[] = "\r\nSec-WebSocket-Key:";
    char head[4096], answer[256], accept[29];
    const char *key = head, *refusal;
    if (!receive_request(fd, head, sizeof head)) return 0;
    refusal = s->judge != NULL ? s->judge(head) : NULL;
    if (refusal != NULL) {
        pthread_mutex_lock(&s->lock);
        s->refusals++;
        pthread_mutex_unlock(&s->lock);
        send_all(fd, refusal, strlen(refusal));
        return 0;
    }
    while (*key != '\0' && strncasecmp(key, name, strlen(name)) != 0) key++;
    CHECK(*key != '\0');
    key += strlen(name);
    key += strspn(key, " ");
    websocket_accept(key, strcspn(key, " \r"), accept);
    snprintf(answer, sizeof answer,
             "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Accept: %s\r\n\r\n",
             accept);
    pthread_mutex_lock(&s->lock);
    s->upgrades++;
    pthread_mutex_unlock(&s->lock);
    return send_all(fd, answer, strlen(answer));
}

static inline void *serve(void *argument) {
    server *s = (server *)argument;
    for (;;) {
        const int fd = accept(s->at.fd, NULL, NULL);
        int stopping;
        if (fd < 0) return NULL;
        pthread_mutex_lock(&s->lock);
        stopping = s->stopping;
        if (!stopping) s->fd = fd;
        pthread_mutex_unlock(&s->lock);
        if (!stopping && upgrade(s, fd)) s->script(s, fd);
        pthread_mutex_lock(&s->lock);
        s->fd = -1;
        close(fd);
        s->ended = s->upgrades;
        pthread_mutex_unlock(&s->lock);
    }
}

/* A server that answers some requests with an HTTP response of its own. */
static inline void start_judging_server_at(server *s, listener at, const char *(*judge)(const char *head),
                                           void (*script)(server *, int fd), const void *answer, size_t len) {
    const int receive_buffer = 64 << 10; /* a fixed size: otherwise the kernel enlarges it for seconds, and it never becomes full */
    memset(s, 0, sizeof *s);
    s->at = at;
    s->judge = judge;
    CHECK_EQ(setsockopt(s->at.fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer), 0);
    s->script = script;
    s->answer = answer;
    s->answer_len = len;
    s->fd = -1;
    CHECK_EQ(pthread_mutex_init(&s->lock, NULL), 0);
    CHECK_EQ(pthread_cond_init(&s->changed, NULL), 0);
    CHECK_EQ(pthread_create(&s->thread, NULL, serve, s), 0);
}

/* Starts a server on an existing listener. `answer` is for the script; it must outlive the server. */
static inline void start_server_at(server *s, listener at, void (*script)(server *, int fd), const void *answer,
                                   size_t len) {
    start_judging_server_at(s, at, NULL, script, answer, len);
}

static inline void start_answering_server(server *s, void (*script)(server *, int fd), const void *answer, size_t len) {
    start_server_at(s, listen_silently(), script, answer, len);
}

static inline void start_server(server *s, void (*script)(server *, int fd)) {
    start_answering_server(s, script, NULL, 0);
}

static inline void stop_server(server *s) {
    pthread_mutex_lock(&s->lock);
    s->stopping = 1;
    pthread_cond_broadcast(&s->changed);
    shutdown(s->at.fd, SHUT_RDWR); /* wakes the accept, */
    if (s->fd >= 0) shutdown(s->fd, SHUT_RDWR); /* and a read or write of the script */
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    close_listener(&s->at);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
}

/* A number of the server, read under its lock: SERVER_SAW(server, close_code). */
static inline int64_t server_read(server *s, const int64_t *number) {
    int64_t value;
    pthread_mutex_lock(&s->lock);
    value = *number;
    pthread_mutex_unlock(&s->lock);
    return value;
}

#define SERVER_SAW(server, number) server_read(&(server), &(server).number)

/* Waits without polling the loop. */
#define WAIT_UNTIL(condition)                                                                                    \
    do {                                                                                                         \
        const int64_t deadline_us = now_us() + WAIT_LIMIT_MS * INT64_C(1000);                                      \
        while (!(condition)) {                                                                                   \
            if (now_us() > deadline_us) fail(__FILE__, __LINE__, "timed out before: " #condition);               \
            sched_yield();                                                                                       \
        }                                                                                                        \
    } while (0)

/* Sends to a peer that never reads, until a message is refused, and is refused again after the loop has had time to write more. Then
 * the send buffer and the buffers of the operating system are full. Returns the number of accepted messages of PART bytes. */
enum { PART = 50000 };

static inline int64_t fill(egret_ws_loop *loop, const recorder *r) {
    static uint8_t part[PART];
    int64_t accepted = 0, refused = 0;
    while (refused < 2) {
        const int32_t result = egret_ws_send(r->ws, EGRET_WS_BINARY, part, sizeof part);
        if (result == EGRET_WS_OK) {
            accepted++;
            refused = 0;
        } else {
            CHECK_EQ(result, EGRET_WS_ERR_BACKPRESSURE);
            refused++;
            settle(loop);
        }
    }
    return accepted;
}

/* Scripts and their parts. */

enum { OPCODE_TEXT = 1, OPCODE_BINARY = 2, OPCODE_CLOSE = 8, OPCODE_PONG = 10 };

/* The opcode of the next frame, its payload unmasked in `data`; -1 at the end of the stream. */
static inline int receive_frame(int fd, uint8_t *data, size_t size, size_t *len) {
    uint8_t head[2], extended[8], mask[4];
    size_t count, i;
    if (!receive_all(fd, head, 2)) return -1;
    CHECK(head[1] & 0x80); /* a client must mask its frames */
    *len = head[1] & 0x7F;
    count = *len == 126 ? 2 : *len == 127 ? 8 : 0;
    if (!receive_all(fd, extended, count)) return -1;
    if (count > 0) *len = 0;
    for (i = 0; i < count; i++) *len = *len << 8 | extended[i];
    CHECK(*len <= size);
    if (!receive_all(fd, mask, 4) || !receive_all(fd, data, *len)) return -1;
    for (i = 0; i < *len; i++) data[i] ^= mask[i % 4];
    return head[0] & 0x0F;
}

/* Reads and counts frames up to and including the client's Close, or to the end of the stream. `data` then holds the payload of
 * the Close. */
static inline int receive_until_close(server *s, int fd, uint8_t *data, size_t size, size_t *len) {
    int opcode;
    while ((opcode = receive_frame(fd, data, size, len)) >= 0) {
        pthread_mutex_lock(&s->lock);
        if (opcode == OPCODE_CLOSE) {
            s->close_code = *len >= 2 ? data[0] << 8 | data[1] : 1005;
        } else if (opcode <= OPCODE_BINARY) {
            s->messages++;
            s->bytes += (int64_t)*len;
        }
        pthread_cond_broadcast(&s->changed);
        pthread_mutex_unlock(&s->lock);
        if (opcode == OPCODE_CLOSE) return 1;
    }
    return 0;
}

/* A correct server that does not echo: it counts messages and answers the Close frame. */
static inline void swallow(server *s, int fd) {
    uint8_t data[EGRET_WS_MAX_MESSAGE_BYTES];
    size_t len = 0;
    if (receive_until_close(s, fd, data, sizeof data, &len)) {
        const uint8_t head[2] = {0x80 | OPCODE_CLOSE, (uint8_t)len};
        send_all(fd, head, sizeof head);
        send_all(fd, data, len);
    }
}

/* Reads everything, and neither answers the Close nor ends the connection. */
static inline void ignore_close(server *s, int fd) {
    uint8_t data[EGRET_WS_MAX_MESSAGE_BYTES];
    size_t len;
    while (receive_until_close(s, fd, data, sizeof data, &len)) continue;
}

/* Sends the server's `answer`, and then behaves correctly. */
static inline void send_answer(server *s, int fd) {
    send_all(fd, s->answer, s->answer_len);
    swallow(s, fd);
}

/* Never reads, until the server is stopped. */
static inline void never_read(server *s, int fd) {
    (void)fd;
    pthread_mutex_lock(&s->lock);
    while (!s->stopping) pthread_cond_wait(&s->changed, &s->lock);
    pthread_mutex_unlock(&s->lock);
}

/* Ends the connection without a Close frame. */
static inline void hang_up(server *s, int fd) {
    (void)s;
    (void)fd;
}

#endif
