/* The parts of RFC 6455's frames that the server and the minimal client need. */
#ifndef LAB_FRAME_H
#define LAB_FRAME_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { OPCODE_TEXT = 1, OPCODE_BINARY = 2, OPCODE_CLOSE = 8, OPCODE_PING = 9, OPCODE_PONG = 10 };
enum { MAX_FRAME_HEADER = 14 };

typedef struct frame_header {
    int opcode, fin, masked;
    size_t header; /* bytes before the masking key or the payload */
    size_t payload;
} frame_header;

/* Writes the header of an unfragmented message, without the masking key. Returns its length. */
static inline size_t frame_write_header(uint8_t *at, int opcode, size_t payload, int masked) {
    const uint8_t mask_bit = masked ? 0x80 : 0;
    int i;
    at[0] = (uint8_t)(0x80 | opcode);
    if (payload < 126) {
        at[1] = (uint8_t)(mask_bit | payload);
        return 2;
    }
    if (payload < 65536) {
        at[1] = mask_bit | 126;
        at[2] = (uint8_t)(payload >> 8);
        at[3] = (uint8_t)payload;
        return 4;
    }
    at[1] = mask_bit | 127;
    for (i = 0; i < 8; i++) at[2 + i] = (uint8_t)((uint64_t)payload >> (56 - 8 * i));
    return 10;
}

/* Reads a header; returns 0 if it is incomplete. */
static inline int frame_read_header(const uint8_t *at, size_t available, frame_header *frame) {
    int i;
    if (available < 2) return 0;
    frame->opcode = at[0] & 15;
    frame->fin = at[0] >> 7;
    frame->masked = at[1] >> 7;
    frame->payload = at[1] & 127;
    frame->header = 2;
    if (frame->payload == 126) {
        if (available < 4) return 0;
        frame->payload = (size_t)(at[2] << 8 | at[3]);
        frame->header = 4;
    } else if (frame->payload == 127) {
        if (available < 10) return 0;
        frame->payload = 0;
        for (i = 0; i < 8; i++) frame->payload = frame->payload << 8 | at[2 + i];
        frame->header = 10;
    }
    return 1;
}

/* Copies and masks (or unmasks) 8 bytes at a time; the compiler vectorizes this loop. */
static inline void frame_mask(uint8_t *__restrict to, const uint8_t *__restrict from, size_t size, uint32_t key) {
    const uint64_t wide = (uint64_t)key << 32 | key;
    uint8_t key_bytes[4];
    size_t i = 0;
    for (; i + 8 <= size; i += 8) {
        uint64_t word;
        memcpy(&word, from + i, 8);
        word ^= wide;
        memcpy(to + i, &word, 8);
    }
    memcpy(key_bytes, &key, 4);
    for (; i < size; i++) to[i] = from[i] ^ key_bytes[i & 3];
}

#endif
