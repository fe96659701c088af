#include "server.h"

#include "../common/frame.h"

enum { MAX_MESSAGE_BYTES = 64 << 20 };

void write_frame(connection *c, int opcode, const void *payload, size_t size, uint32_t mask) {
    uint8_t *at = buffer_room(&c->out, MAX_FRAME_HEADER + size);
    const size_t header = frame_write_header(at, opcode, size, 0);
    frame_mask(at + header, payload, size, mask);
    c->out.end += header + size;
}

static void on_fragment(connection *c, const frame_header *frame, const uint8_t *payload, uint32_t mask) {
    if (frame->opcode) {
        c->fragments_opcode = frame->opcode;
        c->fragments.begin = c->fragments.end = 0;
    }
    frame_mask(buffer_room(&c->fragments, frame->payload), payload, frame->payload, mask);
    c->fragments.end += frame->payload;
    if (frame->fin) on_message(c, c->fragments_opcode, c->fragments.bytes, buffer_length(&c->fragments), 0);
}

int read_frames(connection *c) {
    while (c->state == OPEN) {
        const size_t available = buffer_length(&c->in);
        const uint8_t *at = c->in.bytes + c->in.begin;
        frame_header frame;
        uint32_t mask;

        if (!frame_read_header(at, available, &frame)) return 0;
        if (!frame.masked || frame.payload > MAX_MESSAGE_BYTES) return -1;
        if (available < frame.header + 4 + frame.payload) {
            buffer_room(&c->in, frame.header + 4 + frame.payload - available);
            return 0;
        }
        memcpy(&mask, at + frame.header, 4);
        at += frame.header + 4;
        c->in.begin += frame.header + 4 + frame.payload;
        if (frame.opcode == OPCODE_CLOSE) {
            write_frame(c, OPCODE_CLOSE, at, frame.payload, mask);
            c->state = CLOSING;
        } else if (frame.opcode == OPCODE_PING) {
            write_frame(c, OPCODE_PONG, at, frame.payload, mask);
        } else if (frame.opcode == OPCODE_PONG) {
            continue;
        } else if (frame.fin && frame.opcode) {
            on_message(c, frame.opcode, at, frame.payload, mask);
        } else {
            on_fragment(c, &frame, at, mask);
        }
    }
    return 0;
}
