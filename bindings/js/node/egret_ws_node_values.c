/* Conversions of values: see egret_ws_node.h. */
#include "egret_ws_node.h"

#include <stdlib.h>
#include <string.h>

/* A message of up to this many UTF-16 units is converted in one pass, because each unit has at most three bytes. */
enum { SCRATCH_UNITS = EGRET_WS_MAX_MESSAGE_BYTES, SCRATCH_BYTES = 3 * SCRATCH_UNITS + 4 };

napi_value node_number(napi_env env, int64_t value) {
    napi_value result = NULL;
    if (value >= INT32_MIN && value <= INT32_MAX) napi_create_int32(env, (int32_t)value, &result);
    else napi_create_int64(env, value, &result);
    return result;
}

/* An ASCII string needs no decoding. */
static bool is_ascii(const char *bytes, size_t len) {
    const uint64_t high_bits = 0x8080808080808080;
    uint64_t words[4], last = 0;
    for (; len >= sizeof words; bytes += sizeof words, len -= sizeof words) {
        memcpy(words, bytes, sizeof words);
        if ((words[0] | words[1] | words[2] | words[3]) & high_bits) return false;
    }
    for (; len >= sizeof last; bytes += sizeof last, len -= sizeof last) {
        memcpy(&last, bytes, sizeof last);
        if (last & high_bits) return false;
    }
    last = 0;
    memcpy(&last, bytes, len);
    return !(last & high_bits);
}

napi_value node_text(napi_env env, const char *utf8, size_t len) {
    napi_value result = NULL;
    if (is_ascii(utf8, len)) napi_create_string_latin1(env, utf8, len, &result);
    else napi_create_string_utf8(env, utf8, len, &result);
    return result;
}

napi_value node_array_buffer(napi_env env, const uint8_t *data, size_t len) {
    napi_value buffer = NULL, view;
    void *copy = NULL;
    size_t offset;
#ifdef __OHOS__
    const bool is_buffer = false; /* on HarmonyOS a Buffer is another kind of object */
#else
    /* Node does not fill the memory of a Buffer with zeros, and the Buffer has an ArrayBuffer of its own size. */
    const bool is_buffer = len >= NODE_LARGE_BYTES;
#endif
    if (is_buffer && OK(napi_create_buffer(env, len, &copy, &view))) {
        if (!OK(napi_get_typedarray_info(env, view, NULL, NULL, NULL, &buffer, &offset))) return NULL;
    } else if (!OK(napi_create_arraybuffer(env, len, &copy, &buffer))) {
        return NULL;
    }
    if (len > 0) memcpy(copy, data, len);
    return buffer;
}

const char *node_utf8_in(node_host *node, napi_value value, size_t *len, char **copy) {
    if (!node->scratch && !(node->scratch = malloc(SCRATCH_BYTES))) return NULL;
    if (!OK(napi_get_value_string_utf8(node->env, value, node->scratch, SCRATCH_BYTES, len))) return NULL;
    /* If the string is longer, it was cut before a character that does not fit. */
    if (*len < SCRATCH_BYTES - 4) return node->scratch;
    *copy = node_utf8_of(node->env, value, len);
    return *copy;
}

char *node_utf8_of(napi_env env, napi_value value, size_t *len) {
    char *utf8;
    if (!OK(napi_get_value_string_utf8(env, value, NULL, 0, len))) return NULL;
    if ((utf8 = malloc(*len + 1)) != NULL) napi_get_value_string_utf8(env, value, utf8, *len + 1, len);
    return utf8;
}

char *node_c_string_of(napi_env env, napi_value value) {
    size_t len;
    char *utf8 = node_utf8_of(env, value, &len);
    if (utf8 && strlen(utf8) == len) return utf8;
    free(utf8);
    return NULL;
}

static size_t element_size(napi_typedarray_type type) {
    switch (type) {
    case napi_int16_array:
    case napi_uint16_array: return 2;
    case napi_int32_array:
    case napi_uint32_array:
    case napi_float32_array: return 4;
    case napi_float64_array:
    case napi_bigint64_array:
    case napi_biguint64_array: return 8;
    default: return 1;
    }
}

bool node_bytes_of(napi_env env, napi_value value, const uint8_t **data, size_t *len) {
    bool is, is_view = true;
    void *bytes;
    size_t size, offset = 0;
    napi_typedarray_type type;
    napi_value buffer = value;
    if (OK(napi_is_typedarray(env, value, &is)) && is) {
        if (!OK(napi_get_typedarray_info(env, value, &type, len, NULL, &buffer, &offset))) return false;
        *len *= element_size(type);
    } else if (OK(napi_is_dataview(env, value, &is)) && is) {
        if (!OK(napi_get_dataview_info(env, value, len, NULL, &buffer, &offset))) return false;
    } else {
        is_view = false;
    }
    /* False for a SharedArrayBuffer. */
    if (!OK(napi_is_arraybuffer(env, buffer, &is)) || !is) return false;
    if (!OK(napi_get_arraybuffer_info(env, buffer, &bytes, &size))) return false;
    if (!is_view) *len = size;
    if (offset > size || *len > size - offset) return false;
    *data = *len > 0 ? (const uint8_t *)bytes + offset : NULL;
    return true;
}
