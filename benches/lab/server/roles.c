#include "server.h"

#include "../common/frame.h"
#include "../common/payload.h"

#include <stdio.h>
#include <stdlib.h>

enum { BATCH_BYTES = 256 * 1024, MAX_WORKLOAD_TEXT = 127 };

/* Makes the frames before the measurement, so that the server takes little time during it. */
static void make_batch(connection *c) {
    uint8_t header[MAX_FRAME_HEADER];
    size_t i;
    c->frame_header = frame_write_header(header, c->workload.opcode, c->workload.size, 0);
    c->frame_size = c->frame_header + c->workload.size;
    c->batch_frames = BATCH_BYTES / c->frame_size;
    if (c->role == BURST) c->batch_frames = c->workload.burst;
    if (c->batch_frames == 0) c->batch_frames = 1;
    for (i = 0; i < c->batch_frames; i++) {
        uint8_t *at = buffer_room(&c->batch, c->frame_size);
        memcpy(at, header, c->frame_header);
        payload_fill(at + c->frame_header, c->workload.size);
        c->batch.end += c->frame_size;
    }
    c->batch.begin = c->batch.end;
}

static void read_workload(connection *c, const uint8_t *payload, size_t size, uint32_t mask) {
    char text[MAX_WORKLOAD_TEXT + 1], kind[8] = "binary";
    workload *workload = &c->workload;
    if (size > MAX_WORKLOAD_TEXT) size = MAX_WORKLOAD_TEXT;
    frame_mask((uint8_t *)text, payload, size, mask);
    text[size] = '\0';
    workload->given = sscanf(text, "%zu %u %u %7s", &workload->size, &workload->count, &workload->burst, kind) >= 3 &&
                   workload->size >= MIN_PAYLOAD && workload->burst > 0;
    workload->opcode = strcmp(kind, "text") ? OPCODE_BINARY : OPCODE_TEXT;
    if (!workload->given || c->role == SINK) return;
    make_batch(c);
    c->allowed = c->role == BURST ? workload->burst : workload->count;
}

static int is_expected(const connection *c, const uint8_t *payload, size_t size, uint32_t mask) {
    uint8_t ends[16];
    const unsigned turn = (unsigned)((size - 8) & 3) * 8;
    if (size != c->workload.size) return 0;
    frame_mask(ends, payload, 8, mask);
    frame_mask(ends + 8, payload + size - 8, 8, turn ? mask >> turn | mask << (32 - turn) : mask);
    return payload_is(ends, sizeof ends, sizeof ends, c->received);
}

static void check_message(connection *c, const uint8_t *payload, size_t size, uint32_t mask) {
    char answer[64];
    if (!is_expected(c, payload, size, mask)) c->wrong++;
    if (++c->received < c->workload.count) return;
    snprintf(answer, sizeof answer, "%s %u %u", c->wrong ? "bad" : "ok", c->received, c->wrong);
    write_frame(c, OPCODE_TEXT, answer, strlen(answer), 0);
    c->received = c->wrong = 0;
}

void on_message(connection *c, int opcode, const uint8_t *payload, size_t size, uint32_t mask) {
    if (c->role == ECHO)
        write_frame(c, opcode, payload, size, mask);
    else if (!c->workload.given)
        read_workload(c, payload, size, mask);
    else if (c->role == SINK)
        check_message(c, payload, size, mask);
    else if (c->role == BURST)
        c->allowed += c->workload.burst;
}

int next_batch(connection *c) {
    const uint32_t limit = c->allowed < c->workload.count ? c->allowed : c->workload.count;
    size_t frames, i;
    if (!c->workload.given || c->sent >= limit) return 0;
    frames = limit - c->sent < c->batch_frames ? limit - c->sent : c->batch_frames;
    for (i = 0; i < frames; i++)
        payload_stamp(c->batch.bytes + i * c->frame_size + c->frame_header, c->workload.size, c->sent++);
    c->batch.begin = 0;
    c->batch.end = frames * c->frame_size;
    return 1;
}
