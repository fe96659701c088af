/* The accept key of RFC 6455 section 4.2.2: SHA-1 (RFC 3174) and base64 of a key and a fixed text. For tests only. */
#ifndef SHA1_H
#define SHA1_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

static inline uint32_t rotate_left(uint32_t word, int bits) {
    return word << bits | word >> (32 - bits);
}

static inline void sha1_block(uint32_t state[5], const uint8_t block[64]) {
    uint32_t w[80], a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
    int i;
    for (i = 0; i < 16; i++)
        w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 | (uint32_t)block[4 * i + 2] << 8 |
               block[4 * i + 3];
    for (; i < 80; i++) w[i] = rotate_left(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    for (i = 0; i < 80; i++) {
        const uint32_t f = i < 20   ? ((b & c) | (~b & d)) + 0x5A827999
                           : i < 40 ? (b ^ c ^ d) + 0x6ED9EBA1
                           : i < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8F1BBCDC
                                    : (b ^ c ^ d) + 0xCA62C1D6;
        const uint32_t next = rotate_left(a, 5) + f + e + w[i];
        e = d;
        d = c;
        c = rotate_left(b, 30);
        b = a;
        a = next;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
}

/* Computes SHA-1 of up to 119 bytes, which are two blocks with the padding. */
static inline void sha1(const char *data, size_t len, uint8_t digest[20]) {
    uint32_t state[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
    uint8_t padded[128];
    const size_t size = len < 56 ? 64 : 128;
    size_t i;
    memset(padded, 0, sizeof padded);
    memcpy(padded, data, len);
    padded[len] = 0x80;
    padded[size - 2] = (uint8_t)(len >> 5);
    padded[size - 1] = (uint8_t)(len << 3);
    for (i = 0; i < size; i += 64) sha1_block(state, padded + i);
    for (i = 0; i < 20; i++) digest[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
}

/* Writes the 28 characters for a key of `len` (24) characters, and a NUL. */
static inline void websocket_accept(const char *key, size_t len, char accept[29]) {
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char text[64];
    uint8_t digest[21];
    size_t i;
    const int text_len = snprintf(text, sizeof text, "%.*s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", (int)(len & 31), key);
    sha1(text, (size_t)text_len, digest);
    digest[20] = 0; /* 20 bytes are six groups of three and two bytes */
    for (i = 0; i < 7; i++) {
        const uint32_t group =
            (uint32_t)digest[3 * i] << 16 | (uint32_t)digest[3 * i + 1] << 8 | (uint32_t)digest[3 * i + 2];
        accept[4 * i] = alphabet[group >> 18];
        accept[4 * i + 1] = alphabet[group >> 12 & 63];
        accept[4 * i + 2] = alphabet[group >> 6 & 63];
        accept[4 * i + 3] = alphabet[group & 63];
    }
    accept[27] = '=';
    accept[28] = '\0';
}

#endif
