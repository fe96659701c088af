/*
 * Memory of large binary messages, with glibc.
 *
 * V8 collects the buffers of about 32 MiB together. By default, glibc then returns the end of its heap to the kernel. Each page of
 * the next buffers causes a page fault again, which costs more than all other work for them. glibc keeps twice the size of the
 * largest block that the process has freed (mallopt(3), M_MMAP_THRESHOLD). So at the start of a burst we free a block of the
 * largest size that counts. After a time without large messages, the memory is returned. If the process or its user has set one
 * of the thresholds, glibc uses it, and the block changes nothing.
 *
 * External buffers could be reused, but they are no alternative: Node cannot transfer them to a worker, and Electron has none.
 */
#include "egret_ws_node.h"

#ifdef NODE_KEEPS_MEMORY

#include <malloc.h>
#include <stdlib.h>

/* Fewer bytes without a pause are not a burst, and change nothing in the process. */
static const size_t burst_bytes = 8u << 20;
/* glibc's DEFAULT_MMAP_THRESHOLD_MAX on 64 bits, minus room for its header. */
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
    void *volatile block = malloc(largest_block); /* volatile, because a compiler may remove the pair of calls */
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
typedef int node_memory_is_empty; /* a C file must have a declaration */
#endif
