/* Text: conversions between Java's UTF-16 and UTF-8. */
#include "jvm.h"
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 512, BLOCK = 8 };

static bool is_high(uint32_t unit) { return unit >= 0xD800 && unit < 0xDC00; }
static bool is_low(uint32_t unit) { return unit >= 0xDC00 && unit < 0xE000; }

static char *put(char *out, uint32_t code) {
    if (code < 0x80) {
        *out++ = (char)code;
    } else if (code < 0x800) {
        *out++ = (char)(0xC0 | code >> 6);
        *out++ = (char)(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        *out++ = (char)(0xE0 | code >> 12);
        *out++ = (char)(0x80 | (code >> 6 & 0x3F));
        *out++ = (char)(0x80 | (code & 0x3F));
    } else {
        *out++ = (char)(0xF0 | code >> 18);
        *out++ = (char)(0x80 | (code >> 12 & 0x3F));
        *out++ = (char)(0x80 | (code >> 6 & 0x3F));
        *out++ = (char)(0x80 | (code & 0x3F));
    }
    return out;
}

/* Most text is ASCII. A short loop, which compilers vectorize, converts whole blocks of it. */

static bool narrow_block(const jchar *units, char *out) {
    uint64_t words[2];
    memcpy(words, units, sizeof words);
    if ((words[0] | words[1]) & 0xFF80FF80FF80FF80) return false;
    for (int i = 0; i < BLOCK; i++) out[i] = (char)units[i];
    return true;
}

static bool widen_block(const uint8_t *data, jchar *out) {
    uint64_t word;
    memcpy(&word, data, sizeof word);
    if (word & 0x8080808080808080) return false;
    for (int i = 0; i < BLOCK; i++) out[i] = data[i];
    return true;
}

/* Writes `count` units of an array, or, if there is none, of a string, as UTF-8: at most 3 bytes for each unit, and a NUL. A
 * surrogate without its other half becomes U+FFFD. False: an exception is pending. */
static bool encode(JNIEnv *env, jstring string, jcharArray array, jsize count, char *start, size_t *len) {
    jchar units[CHUNK];
    char *out = start;
    uint32_t high = 0; /* a high surrogate that waits for its other half */
    for (jsize at = 0; at < count;) {
        jsize n = count - at < CHUNK ? count - at : CHUNK;
        if (array)
            (*env)->GetCharArrayRegion(env, array, at, n, units);
        else
            (*env)->GetStringRegion(env, string, at, n, units);
        if ((*env)->ExceptionCheck(env)) return false;
        at += n;
        for (jsize i = 0; i < n; i++) {
            while (!high && n - i >= BLOCK && narrow_block(units + i, out)) i += BLOCK, out += BLOCK;
            if (i == n) break;
            uint32_t unit = units[i];
            if (unit < 0x80 && !high) {
                *out++ = (char)unit;
                continue;
            }
            if (high && is_low(unit)) {
                out = put(out, 0x10000 + ((high - 0xD800) << 10) + (unit - 0xDC00));
                high = 0;
                continue;
            }
            if (high) out = put(out, 0xFFFD);
            high = is_high(unit) ? unit : 0;
            if (!high) out = put(out, is_low(unit) ? 0xFFFD : unit);
        }
    }
    if (high) out = put(out, 0xFFFD);
    *out = '\0';
    *len = (size_t)(out - start);
    return true;
}

/* Returns the maximum number of bytes for UTF-8 of `units` units and a NUL; 0 if a size_t cannot hold the number. */
static size_t utf8_capacity(size_t units) { return units > (SIZE_MAX - 1) / 3 ? 0 : units * 3 + 1; }

bool utf8_of(JNIEnv *env, jstring string, jcharArray array, size_t max_units, utf8 *out) {
    out->data = NULL;
    out->len = 0;
    if (!string && !array) return true;
    size_t units = (size_t)(array ? (*env)->GetArrayLength(env, array) : (*env)->GetStringLength(env, string));
    if (units > max_units) units = max_units;
    size_t capacity = utf8_capacity(units);
    if (capacity == 0) return false;
    out->data = capacity <= sizeof out->small ? out->small : malloc(capacity);
    if (!out->data) return false;
    if (encode(env, string, array, (jsize)units, out->data, &out->len)) return true;
    utf8_release(out);
    return false;
}

void utf8_release(utf8 *text) {
    if (text->data != text->small) free(text->data);
}

char *utf8_copy(JNIEnv *env, jstring string) {
    size_t units = (size_t)(*env)->GetStringLength(env, string);
    size_t len, capacity = utf8_capacity(units);
    char *copy = capacity ? malloc(capacity) : NULL;
    if (copy && encode(env, string, NULL, (jsize)units, copy, &len)) return copy;
    free(copy);
    return NULL;
}

/* Converts valid UTF-8 to UTF-16, at most one unit for each byte. Returns the number of units. */
static jsize decode(const uint8_t *data, size_t len, jchar *start) {
    const uint8_t *end = data + len;
    jchar *out = start;
    while (data < end) {
        while (end - data >= BLOCK && widen_block(data, out)) data += BLOCK, out += BLOCK;
        if (data == end) break;
        uint32_t code = *data++;
        if (code >= 0xF0) {
            code = (code & 7) << 18 | (uint32_t)(data[0] & 63) << 12 | (uint32_t)(data[1] & 63) << 6 | (data[2] & 63);
            data += 3;
            *out++ = (jchar)(0xD800 + ((code - 0x10000) >> 10));
            code = 0xDC00 + (code & 0x3FF);
        } else if (code >= 0xE0) {
            code = (code & 15) << 12 | (uint32_t)(data[0] & 63) << 6 | (data[1] & 63);
            data += 2;
        } else if (code >= 0xC0) {
            code = (code & 31) << 6 | (data[0] & 63);
            data += 1;
        }
        *out++ = (jchar)code;
    }
    return (jsize)(out - start);
}

jstring text_to_java(JNIEnv *env, const char *data, size_t len) {
    jchar small[1024];
    jchar *units = len <= COUNT(small) ? small : len <= INT32_MAX / sizeof *units ? malloc(len * sizeof *units) : NULL;
    jstring result = NULL;
    if (units) {
        units[0] = 0; /* gcc warns that `units` may be uninitialized for an empty text */
        jsize count = decode((const uint8_t *)data, len, units);
        result = (*env)->NewString(env, units, count);
    } else {
        jvm_no_memory(env);
    }
    if (units != small) free(units);
    return result;
}
