#define _GNU_SOURCE
#include "server.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
enum { KEY_SIZE = 24, ANSWER_MOST = 512, PROTOCOL_MOST = 60 };

static enum role role_of(const char *path) {
    if (!strncmp(path, "/sink", 5)) return SINK;
    if (!strncmp(path, "/source", 7)) return SOURCE;
    if (!strncmp(path, "/burst", 6)) return BURST;
    return ECHO;
}

/* Returns the value of a request header, or NULL. */
static const char *header(const char *head, const char *name) {
    const char *value = strcasestr(head, name);
    if (!value) return NULL;
    value += strlen(name);
    return value + strspn(value, " ");
}

int upgrade(connection *c) {
    char joined[KEY_SIZE + sizeof guid], accept[32], protocol[32 + PROTOCOL_MOST] = "";
    unsigned char digest[SHA_DIGEST_LENGTH];
    char *head, *end;
    const char *key, *offered;

    *buffer_room(&c->in, 1) = '\0';
    head = (char *)c->in.bytes + c->in.begin;
    end = strstr(head, "\r\n\r\n");
    if (!end) return 0;
    end[2] = '\0';
    key = header(head, "sec-websocket-key:");
    if (strncmp(head, "GET ", 4) || !key || strcspn(key, "\r") < KEY_SIZE) return -1;

    memcpy(joined, key, KEY_SIZE);
    memcpy(joined + KEY_SIZE, guid, sizeof guid);
    SHA1((unsigned char *)joined, KEY_SIZE + sizeof guid - 1, digest);
    EVP_EncodeBlock((unsigned char *)accept, digest, sizeof digest);
    /* Accepts the first subprotocol that the client offers, because some clients require one. */
    offered = header(head, "sec-websocket-protocol:");
    if (offered)
        snprintf(protocol, sizeof protocol, "Sec-WebSocket-Protocol: %.*s\r\n", (int)strcspn(offered, ", \r"), offered);

    c->role = role_of(head + 4);
    c->out.end += (size_t)snprintf((char *)buffer_room(&c->out, ANSWER_MOST), ANSWER_MOST,
                                   "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                   "Sec-WebSocket-Accept: %s\r\n%s\r\n",
                                   accept, protocol);
    c->in.begin += (size_t)(end + 4 - head);
    c->state = OPEN;
    return 1;
}
