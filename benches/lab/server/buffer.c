#include "server.h"

#include <stdlib.h>
#include <string.h>

size_t buffer_length(const buffer *buffer) {
    return buffer->end - buffer->begin;
}

uint8_t *buffer_room(buffer *buffer, size_t size) {
    if (buffer->begin == buffer->end) buffer->begin = buffer->end = 0;
    if (buffer->capacity - buffer->end < size && buffer->begin > 0) {
        memmove(buffer->bytes, buffer->bytes + buffer->begin, buffer_length(buffer));
        buffer->end -= buffer->begin;
        buffer->begin = 0;
    }
    if (buffer->capacity - buffer->end < size) {
        if (buffer->capacity == 0) buffer->capacity = 4096;
        while (buffer->capacity - buffer->end < size) buffer->capacity *= 2;
        buffer->bytes = realloc(buffer->bytes, buffer->capacity);
        if (!buffer->bytes) abort();
    }
    return buffer->bytes + buffer->end;
}
