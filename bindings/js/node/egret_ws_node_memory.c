/*
 * Memory of large binary messages, with glibc.
 *
 * V8 collects the buffers of about 32 MiB together. By default glibc then returns the end of its heap to the kernel, and each page
 * of the next buffers is a page fault again, which costs more than all else that we do for them. glibc keeps twice as much as the
 * largest block that the process has freed (mallopt(3), M_MMAP_THRESHOLD), so a burst begins by freeing a block of the largest size
 * that counts. When no large message has come for a while, the memory is returned. Where the process or its user has set one
 * of the thresholds, glibc keeps to that, and the block changes nothing.
 *
 * External buffers, which could be reused, are no alternative: Node cannot transfer them to a worker, and Electron has none.
 */
#include "egret_ws_node.h"

#ifdef NODE_KEEPS_MEMORY

#include <malloc.h>
#include <stdlib.h>

/* Fewer bytes without a pause are no burst: they change nothing in the process. */
static const size_t burst_bytes = 8u << 20;
/* DEFAULT_MMAP_THRESHOLD_MAX of glibc on 64 bits, and room for its header. */
static const size_t largest_block = (32u << 20) - (64u << 10);
static const uint64_t pause_ms = 3000;

static bool is_burst(const node_memory *memory) {
    return memory->bytes >= burst_bytes;
}

void node_memory_received(node_memory *memory, size_t len) {
    memory->is_recent = true;
    if (is_burst(memory)) return;
    memory->bytes += len;
    if (!is_burst(memory)) return;
    void *volatile block = malloc(largest_block); /* a compiler may leave out the pair of calls otherwise */
    free(block);
}

void node_memory_release(node_memory *memory) {
    if (is_burst(memory)) malloc_trim(0);
    memory->bytes = 0;
}

int32_t node_memory_update(node_memory *memory) {
    if (memory->bytes == 0) return INT32_MAX;
    const uint64_t now_ms = uv_hrtime() / 1000000;
    if (memory->is_recent) memory->pause_began_ms = now_ms;
    memory->is_recent = false;
    const uint64_t passed_ms = now_ms - memory->pause_began_ms;
    if (passed_ms < pause_ms) return (int32_t)(pause_ms - passed_ms);
    node_memory_release(memory);
    return INT32_MAX;
}

#else
typedef int node_memory_is_empty; /* a file of C must have a declaration */
#endif
