#include "server.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { TLS_READ_AHEAD = 128 * 1024 };

static int tls_wants_more(connection *c, int result, int *error) {
    *error = SSL_get_error(c->tls, result);
    if (*error == SSL_ERROR_WANT_READ || *error == SSL_ERROR_WANT_WRITE) return 1;
    ERR_clear_error();
    return 0;
}

ssize_t stream_read(connection *c, void *to, size_t size) {
    int result, error;
    if (!c->tls) return recv(c->fd, to, size, 0);
    result = SSL_read(c->tls, to, size > INT_MAX ? INT_MAX : (int)size);
    if (result > 0) return result;
    if (!tls_wants_more(c, result, &error)) return 0;
    errno = EAGAIN;
    return -1;
}

ssize_t stream_write(connection *c, const void *from, size_t size) {
    int result, error;
    if (!c->tls) return send(c->fd, from, size, MSG_NOSIGNAL);
    result = SSL_write(c->tls, from, size > INT_MAX ? INT_MAX : (int)size);
    if (result > 0) return result;
    errno = tls_wants_more(c, result, &error) ? EAGAIN : EPIPE;
    return -1;
}

int stream_secure(connection *c, uint32_t *events) {
    const int result = SSL_accept(c->tls);
    int error;
    if (result == 1) return 1;
    if (!tls_wants_more(c, result, &error)) return -1;
    *events = error == SSL_ERROR_WANT_READ ? EPOLLIN : EPOLLIN | EPOLLOUT;
    return 0;
}

SSL_CTX *stream_tls_context(const char *certificate, const char *key) {
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (!context || SSL_CTX_use_certificate_chain_file(context, certificate) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1) {
        ERR_print_errors_fp(stderr);
        return NULL;
    }
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_default_read_buffer_len(context, TLS_READ_AHEAD);
    return context;
}
