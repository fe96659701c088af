/* egret_ws_jsc_utf.h - UTF-8 and UTF-16, for egret_ws_jsc.c only.
 *
 * The conversions of the C API (JSStringCreateWithUTF8CString, JSStringGetUTF8CString) take 2 ns per byte, and stop at a NUL. The
 * compiler makes vector code from the loops over BLOCK characters below, which take a fiftieth of that time for ASCII. */
#ifndef EGRET_WS_JSC_UTF_H
#define EGRET_WS_JSC_UTF_H

#include <JavaScriptCore/JavaScript.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { BLOCK = 16 };

static bool is_ascii_block(const char *text)
{
    uint64_t words[BLOCK / sizeof(uint64_t)];
    memcpy(words, text, BLOCK);
    return ((words[0] | words[1]) & UINT64_C(0x8080808080808080)) == 0;
}

static bool is_ascii_units(const JSChar units[])
{
    unsigned i, all = 0;
    for (i = 0; i < BLOCK; ++i)
        all |= units[i];
    return all < 0x80;
}

/* Decodes valid UTF-8; returns the number of units. */
static size_t decode(const char *text, size_t len, JSChar units[])
{
    const char *const end = text + len;
    size_t count = 0;
    int i;
    while (text < end) {
        uint32_t scalar;
        int more;
        if (end - text >= BLOCK && is_ascii_block(text)) {
            for (i = 0; i < BLOCK; ++i)
                units[count + (size_t)i] = (uint8_t)text[i];
            text += BLOCK;
            count += BLOCK;
            continue;
        }
        scalar = (uint8_t)*text++;
        more = scalar < 0x80 ? 0 : scalar < 0xe0 ? 1 : scalar < 0xf0 ? 2 : 3;
        if (more)
            scalar &= 0x3fu >> more;
        for (; more; --more)
            scalar = scalar << 6 | ((uint8_t)*text++ & 0x3fu);
        if (scalar >= 0x10000) {
            units[count++] = (JSChar)(0xd7c0 + (scalar >> 10));
            scalar = 0xdc00 | (scalar & 0x3ff);
        }
        units[count++] = (JSChar)scalar;
    }
    return count;
}

/* Returns the scalar value at *unit, and advances *unit. A lone surrogate is U+FFFD. */
static uint32_t next_scalar(const JSChar **unit, const JSChar *end)
{
    const uint32_t first = *(*unit)++;
    if (first < 0xd800 || first > 0xdfff)
        return first;
    if (first > 0xdbff || *unit == end || **unit < 0xdc00 || **unit > 0xdfff)
        return 0xfffd;
    return 0x10000 + ((first & 0x3ff) << 10) + (*(*unit)++ & 0x3ffu);
}

/* Encodes units to at most three bytes for each; returns the number of bytes. */
static size_t encode(const JSChar *unit, size_t count, char *text)
{
    const JSChar *const end = unit + count;
    char *out = text;
    int i;
    while (unit < end) {
        uint32_t scalar;
        if (end - unit >= BLOCK && is_ascii_units(unit)) {
            for (i = 0; i < BLOCK; ++i)
                out[i] = (char)unit[i];
            unit += BLOCK;
            out += BLOCK;
            continue;
        }
        scalar = next_scalar(&unit, end);
        if (scalar < 0x80) {
            *out++ = (char)scalar;
            continue;
        }
        if (scalar < 0x800) {
            *out++ = (char)(0xc0 | scalar >> 6);
        } else {
            if (scalar < 0x10000) {
                *out++ = (char)(0xe0 | scalar >> 12);
            } else {
                *out++ = (char)(0xf0 | scalar >> 18);
                *out++ = (char)(0x80 | (scalar >> 12 & 0x3f));
            }
            *out++ = (char)(0x80 | (scalar >> 6 & 0x3f));
        }
        *out++ = (char)(0x80 | (scalar & 0x3f));
    }
    return (size_t)(out - text);
}

#endif
