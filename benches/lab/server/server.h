/* The server: one thread, epoll, plain and TLS. The path of the URL selects the role of a connection. */
#ifndef LAB_SERVER_H
#define LAB_SERVER_H

#include <openssl/ssl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct buffer {
    uint8_t *bytes;
    size_t begin, end, capacity; /* the content is from `begin` to `end` */
} buffer;

enum state { TLS_HANDSHAKE, UPGRADING, OPEN, CLOSING };

enum role {
    ECHO,   /* sends every message back */
    SINK,   /* checks `count` messages, then answers with one text */
    SOURCE, /* sends `count` messages as fast as possible */
    BURST,  /* sends `burst` messages in one write, and again for each message of the client */
};

/* The first message of a client, as text: "SIZE COUNT BURST", or "SIZE COUNT BURST text". The role ECHO has none. */
typedef struct workload {
    int given;
    int opcode; /* of the messages that the server makes */
    size_t size;
    uint32_t count, burst;
} workload;

typedef struct connection {
    int fd;
    SSL *tls; /* NULL: plain */
    enum state state;
    enum role role;
    uint32_t events; /* the events that epoll waits for */
    buffer in, out;
    buffer fragments; /* of a fragmented message */
    int fragments_opcode;
    workload workload;
    uint32_t received, wrong; /* SINK */
    uint32_t sent, allowed;   /* SOURCE and BURST: messages made, messages that may be made */
    buffer batch;             /* SOURCE and BURST: frames that only need new numbers */
    size_t batch_frames, frame_header, frame_size;
} connection;

/* buffer.c: makes room for `size` bytes after the end. The pointer is valid until the next call. */
uint8_t *buffer_room(buffer *buffer, size_t size);
size_t buffer_length(const buffer *buffer);

/* stream.c: reads and writes, plain or TLS. -1 with EAGAIN: try again later. 0, or -1 with another error: the connection has
 * ended. */
ssize_t stream_read(connection *c, void *to, size_t size);
ssize_t stream_write(connection *c, const void *from, size_t size);
/* Returns 1: the TLS handshake is complete, 0: it waits for bytes, -1: it has failed. */
int stream_secure(connection *c, uint32_t *events);
SSL_CTX *stream_tls_context(const char *certificate, const char *key);

/* upgrade.c: returns 1: the request was answered, 0: it is incomplete, -1: it is not a WebSocket request. */
int upgrade(connection *c);

/* frames.c: handles all complete frames of `in`. Returns -1 if the client violated the protocol. */
int read_frames(connection *c);
void write_frame(connection *c, int opcode, const void *payload, size_t size, uint32_t mask);

/* roles.c: on_message handles a received message, masked with `mask`. next_batch prepares the next batch, and returns 0 if there is
 * none. */
void on_message(connection *c, int opcode, const uint8_t *payload, size_t size, uint32_t mask);
int next_batch(connection *c);

#endif
