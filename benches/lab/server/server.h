/* The lab's server: one thread, epoll, plain and TLS. The path of the URL says what it does with a connection. */
#ifndef LAB_SERVER_H
#define LAB_SERVER_H

#include <openssl/ssl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct buffer {
    uint8_t *bytes;
    size_t begin, end, capacity; /* what is in it lies from `begin` to `end` */
} buffer;

enum state { SECURING, UPGRADING, OPEN, CLOSING };

enum role {
    ECHO,   /* every message comes back */
    SINK,   /* `count` messages are checked, then answered with one text */
    SOURCE, /* `count` messages are sent as fast as they go */
    BURST,  /* `burst` messages in one write, and as many again for each message of the client's */
};

/* What the first message of a client says, as text: "SIZE COUNT BURST". An echo takes none. */
typedef struct order {
    int given;
    size_t size;
    uint32_t count, burst;
} order;

typedef struct connection {
    int fd;
    SSL *tls; /* NULL: plain */
    enum state state;
    enum role role;
    uint32_t events; /* what epoll waits for */
    buffer in, out;
    buffer fragments; /* of a message that came in several frames */
    int fragments_opcode;
    order order;
    uint32_t received, wrong; /* SINK */
    uint32_t sent, granted;   /* SOURCE and BURST: messages made, messages that may be made */
    buffer batch;             /* SOURCE and BURST: frames that only need to be numbered anew */
    size_t batch_frames, frame_header, frame_size;
} connection;

/* buffer.c: room for so many bytes behind its end; what it gives out is valid until the next call. */
uint8_t *buffer_room(buffer *buffer, size_t size);
size_t buffer_length(const buffer *buffer);

/* stream.c: bytes of the network, plain or TLS. -1 with EAGAIN: later. 0 or -1 else: the end. */
ssize_t stream_read(connection *c, void *to, size_t size);
ssize_t stream_write(connection *c, const void *from, size_t size);
/* 1: the TLS handshake is done, 0: it waits for bytes, -1: it failed. */
int stream_secure(connection *c, uint32_t *events);
SSL_CTX *stream_tls_context(const char *certificate, const char *key);

/* upgrade.c: 1: answered, 0: the request is not all there, -1: it is none. */
int upgrade(connection *c);

/* frames.c: takes what is whole out of `in`; -1: the client broke the protocol. */
int read_frames(connection *c);
void write_frame(connection *c, int opcode, const void *payload, size_t size, uint32_t mask);

/* roles.c: a message came (masked with `mask`); more of a batch is to be sent (0: nothing is due). */
void on_message(connection *c, int opcode, const uint8_t *payload, size_t size, uint32_t mask);
int next_batch(connection *c);

#endif
