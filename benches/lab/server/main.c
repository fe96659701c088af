/* server [CERTIFICATE KEY]: prints its loopback ports, plain and TLS, and serves until its standard input ends. */
#define _GNU_SOURCE
#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ_BYTES = 512 * 1024, MAX_READS = 16, IN_BYTES = 1024 * 1024, EVENTS = 256 };

static int epoll_fd;
static SSL_CTX *tls_context;
/* Tokens of epoll for descriptors that are not connections. */
static char plain_listener, tls_listener, standard_input;

static void watch(int operation, int fd, void *token, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = token};
    epoll_ctl(epoll_fd, operation, fd, &event);
}

static void wait_for(connection *c, uint32_t events) {
    if (c->events == events) return;
    watch(EPOLL_CTL_MOD, c->fd, c, events);
    c->events = events;
}

static void free_connection(connection *c) {
    SSL_free(c->tls);
    close(c->fd);
    free(c->in.bytes);
    free(c->out.bytes);
    free(c->fragments.bytes);
    free(c->batch.bytes);
    free(c);
}

/* Returns 1: everything is written, 0: the socket's buffer is full, -1: the connection is lost. */
static int flush_buffer(connection *c, buffer *buffer) {
    while (buffer_length(buffer) > 0) {
        const ssize_t written = stream_write(c, buffer->bytes + buffer->begin, buffer_length(buffer));
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return errno == EAGAIN ? 0 : -1;
        buffer->begin += (size_t)written;
    }
    return 1;
}

/* Returns -1 if the connection has ended. */
static int write_pending(connection *c) {
    do {
        int flushed = flush_buffer(c, &c->batch);
        if (flushed > 0) flushed = flush_buffer(c, &c->out);
        if (flushed < 0) return -1;
        if (flushed == 0) {
            wait_for(c, EPOLLIN | EPOLLOUT);
            return 0;
        }
        if (c->state == CLOSING) {
            if (!c->tls) shutdown(c->fd, SHUT_WR);
            return -1;
        }
    } while (next_batch(c));
    wait_for(c, EPOLLIN);
    return 0;
}

/* Returns -1 if the connection has ended. */
static int read_available(connection *c) {
    int reads;
    for (reads = 0; c->tls || reads < MAX_READS; reads++) {
        ssize_t got;
        if (!c->in.bytes) buffer_room(&c->in, IN_BYTES);
        got = stream_read(c, buffer_room(&c->in, 4096), READ_BYTES < c->in.capacity - c->in.end
                                                             ? READ_BYTES
                                                             : c->in.capacity - c->in.end);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno == EAGAIN) return 0;
        if (got <= 0) return -1;
        c->in.end += (size_t)got;
        if (c->state == UPGRADING && upgrade(c) < 0) return -1;
        if (c->state == OPEN && read_frames(c) < 0) return -1;
        /* A client's write usually arrives as a whole, so a second read would find nothing. */
        if (c->tls ? c->role != SINK && !SSL_has_pending(c->tls) : got < READ_BYTES) return 0;
    }
    return 0;
}

static void serve(connection *c, uint32_t events) {
    if (c->state == TLS_HANDSHAKE) {
        uint32_t wanted = 0;
        const int secured = stream_secure(c, &wanted);
        if (secured == 0) wait_for(c, wanted);
        if (secured < 0) free_connection(c);
        if (secured <= 0) return;
        c->state = UPGRADING;
    }
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR) && read_available(c) < 0) || write_pending(c) < 0)
        free_connection(c);
}

static void accept_all(int listener, int tls) {
    const int on = 1;
    for (;;) {
        connection *c;
        const int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
        if (fd < 0) return;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        c = calloc(1, sizeof *c);
        c->fd = fd;
        c->state = tls ? TLS_HANDSHAKE : UPGRADING;
        c->events = EPOLLIN;
        if (tls) {
            c->tls = SSL_new(tls_context);
            SSL_set_fd(c->tls, fd);
        }
        watch(EPOLL_CTL_ADD, fd, c, EPOLLIN);
    }
}

static int listen_on_loopback(int *port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 4096) ||
        getsockname(fd, (struct sockaddr *)&address, &size)) {
        perror("listen");
        exit(1);
    }
    *port = ntohs(address.sin_port);
    return fd;
}

int main(int argc, char **argv) {
    struct epoll_event events[EVENTS];
    struct rlimit files;
    int plain, tls = -1, plain_port, tls_port = 0;

    signal(SIGPIPE, SIG_IGN);
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    epoll_fd = epoll_create1(0);
    plain = listen_on_loopback(&plain_port);
    watch(EPOLL_CTL_ADD, plain, &plain_listener, EPOLLIN);
    watch(EPOLL_CTL_ADD, STDIN_FILENO, &standard_input, EPOLLIN);
    if (argc == 3) {
        tls_context = stream_tls_context(argv[1], argv[2]);
        if (!tls_context) return 1;
        tls = listen_on_loopback(&tls_port);
        watch(EPOLL_CTL_ADD, tls, &tls_listener, EPOLLIN);
    }
    printf("%d %d\n", plain_port, tls_port);
    fflush(stdout);

    for (;;) {
        const int count = epoll_wait(epoll_fd, events, EVENTS, -1);
        int i;
        for (i = 0; i < count; i++) {
            void *token = events[i].data.ptr;
            if (token == &standard_input) return 0;
            if (token == &plain_listener)
                accept_all(plain, 0);
            else if (token == &tls_listener)
                accept_all(tls, 1);
            else
                serve(token, events[i].events);
        }
    }
}
