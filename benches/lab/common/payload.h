/* The payload of every message: the number of the message in the first eight bytes, a hash of the number in the last eight bytes,
 * and a fixed pattern between them. With this payload, a check of each message is cheap. All bytes are ASCII. */
#ifndef LAB_PAYLOAD_H
#define LAB_PAYLOAD_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { MIN_PAYLOAD = 16 };

static inline uint64_t payload_tag(uint32_t number) {
    uint64_t x = number;
    x = (x | (x << 16)) & 0x0000FFFF0000FFFFu;
    x = (x | (x << 8)) & 0x00FF00FF00FF00FFu;
    x = (x | (x << 4)) & 0x0F0F0F0F0F0F0F0Fu;
    return x + 0x4141414141414141u;
}

static inline uint64_t payload_check(uint32_t number) {
    return payload_tag(number * 2654435761u);
}

static inline void payload_fill(uint8_t *payload, size_t size) {
    size_t i;
    for (i = 0; i < size; i++) payload[i] = (uint8_t)('a' + i * 7 % 26);
}

static inline void payload_stamp(uint8_t *payload, size_t size, uint32_t number) {
    const uint64_t tag = payload_tag(number), check = payload_check(number);
    memcpy(payload, &tag, 8);
    memcpy(payload + size - 8, &check, 8);
}

static inline int payload_is(const void *payload, size_t size, size_t expected_size, uint32_t number) {
    uint64_t tag, check;
    if (size != expected_size) return 0;
    memcpy(&tag, payload, 8);
    memcpy(&check, (const uint8_t *)payload + size - 8, 8);
    return tag == payload_tag(number) && check == payload_check(number);
}

#endif
