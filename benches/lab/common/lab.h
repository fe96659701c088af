/* The common part of all clients: arguments, measurements, and the line that each prints at its end.
 *
 * usage: CLIENT MODE URL SIZE COUNT [CA]
 *
 *   ping-pong   COUNT messages are echoed, one in flight
 *   in-flight   COUNT messages are echoed, 64 in flight
 *   receive     the server sends COUNT messages as fast as it can
 *   send        the client sends COUNT messages as fast as it can, the server checks them and answers once
 *   burst       the server sends 100 messages in one write, the client answers with one message, and so on
 *   frame       a game loop of COUNT frames: it polls, takes the 100 received messages, sends one message, and sleeps 2 ms
 *   poll        COUNT polls of a connection without traffic
 *   idle        COUNT connections are opened, and then have no traffic for one second
 *   open        COUNT times, one after the other: connect, upgrade, close; the first connection, before these, does not count
 *   backlog     COUNT messages are queued, then flushed
 *
 * SIZE is the size of a payload. The line is `key=value ...`. A client that receives a wrong message reports it on stderr and exits
 * with 3. */
#ifndef LAB_H
#define LAB_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "payload.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum lab_mode { PING_PONG, IN_FLIGHT, RECEIVE, SEND, BURST, FRAME, POLL, IDLE, OPEN_CLOSE, BACKLOG, MODES };
enum { LAB_WINDOW = 64, LAB_BURST = 100, LAB_FRAME_US = 2000, LAB_IDLE_S = 1, LAB_BACKLOG_BYTES = 32 << 20 };

typedef struct lab_usage {
    uint64_t wall_ns, cpu_ns;
} lab_usage;

static struct {
    enum lab_mode mode;
    const char *mode_name, *path, *ca;
    char host[64], url[128];
    int port, tls;
    size_t size;
    uint32_t count; /* messages (also for `frame`), or connections of `idle` and `open` */
    uint32_t frames;

    uint32_t next, received; /* the numbers of the next message to send and of the next one to receive */
    int done;
    uint32_t repeats, repeated; /* a small backlog is repeated, so that it takes long enough to measure */

    lab_usage begun, used;
    uint32_t *times_ns, times;
    uint64_t marked_ns;
} lab;

static inline uint64_t lab_clock(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static inline uint64_t lab_now(void) {
    return lab_clock(CLOCK_MONOTONIC);
}

__attribute__((noreturn)) static inline void lab_fail(const char *what) {
    fprintf(stderr, "%s: %s (after %u messages)\n", lab.mode_name, what, lab.received);
    _exit(3);
}

static inline lab_usage lab_usage_now(void) {
    lab_usage now;
    now.cpu_ns = lab_clock(CLOCK_PROCESS_CPUTIME_ID);
    now.wall_ns = lab_now();
    return now;
}

static inline void lab_start(void) {
    lab.begun = lab_usage_now();
    lab.marked_ns = lab.begun.wall_ns;
}

/* Adds to the sums. The time between a stop and the next start does not count. */
static inline void lab_stop(void) {
    const lab_usage now = lab_usage_now();
    lab.used.wall_ns += now.wall_ns - lab.begun.wall_ns;
    lab.used.cpu_ns += now.cpu_ns - lab.begun.cpu_ns;
}

/* Records the time since the last mark. */
static inline void lab_mark(void) {
    const uint64_t now = lab_now();
    lab.times_ns[lab.times++] = (uint32_t)(now - lab.marked_ns);
    lab.marked_ns = now;
}

static inline int lab_compare_times(const void *a, const void *b) {
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static inline double lab_percentile_us(unsigned percent) {
    if (lab.times == 0) return 0;
    return lab.times_ns[(uint64_t)lab.times * percent / 100] / 1e3;
}

static inline void lab_report(void) {
    const double units = lab.mode == FRAME ? lab.frames : (double)lab.count * lab.repeats;
    qsort(lab.times_ns, lab.times, sizeof *lab.times_ns, lab_compare_times);
    printf("cpu_us=%.4f wall_us=%.4f p50_us=%.2f p99_us=%.2f\n", (double)lab.used.cpu_ns / 1e3 / units,
           (double)lab.used.wall_ns / 1e3 / units, lab_percentile_us(50), lab_percentile_us(99));
    fflush(stdout);
}

/* Returns the number in a line of /proc/self/status. */
static inline long lab_status(const char *key) {
    FILE *file = fopen("/proc/self/status", "r");
    char line[256];
    long value = -1;
    while (file && fgets(line, sizeof line, file))
        if (!strncmp(line, key, strlen(key))) value = atol(line + strlen(key) + 1);
    if (file) fclose(file);
    return value;
}

/* `open`: call it when a connection has closed. Returns false if it was the last one. The first connection does not count,
 * because it creates objects that all connections share, such as the TLS context. */
static inline int lab_open_continues(void) {
    static uint32_t closed;
    if (closed == 0) {
        lab.times = 0;
        lab_start();
    }
    if (closed == lab.count) {
        lab_stop();
        lab.done = 1;
    }
    closed++;
    return !lab.done;
}

/* `idle`: call these before the first connection, when all are open, and one second later. */
static long lab_rss_kib;

static inline void lab_idle_begin(void) {
    lab_rss_kib = lab_status("VmRSS");
}

static inline void lab_idle_opened(void) {
    lab_start();
}

static inline int lab_idle_is_over(void) {
    return lab_now() - lab.begun.wall_ns > LAB_IDLE_S * UINT64_C(1000000000);
}

static inline void lab_idle_end(void) {
    lab_stop();
    printf("rss_kib=%.2f threads=%ld cpu_us=%.2f\n", (double)(lab_status("VmRSS") - lab_rss_kib) / lab.count,
           lab_status("Threads"), (double)lab.used.cpu_ns / 1e3 / LAB_IDLE_S);
    fflush(stdout);
}

/* The time between two frames of a game. */
static inline void lab_sleep_us(long us) {
    const struct timespec time = {us / 1000000, us % 1000000 * 1000};
    nanosleep(&time, NULL);
}

static inline void lab_parse_url(const char *url) {
    const char *colon;
    lab.tls = !strncmp(url, "wss://", 6);
    if (!lab.tls && strncmp(url, "ws://", 5)) lab_fail("not a URL");
    url += lab.tls ? 6 : 5;
    colon = strchr(url, ':');
    if (!colon || colon - url >= (long)sizeof lab.host) lab_fail("a URL without a port");
    memcpy(lab.host, url, (size_t)(colon - url));
    lab.port = atoi(colon + 1);
    snprintf(lab.url, sizeof lab.url, "%s://%s:%d%s", lab.tls ? "wss" : "ws", lab.host, lab.port, lab.path);
}

static inline void lab_init(int argc, char **argv) {
    static const struct {
        const char *name, *path;
    } modes[MODES] = {{"ping-pong", "/echo"}, {"in-flight", "/echo"}, {"receive", "/source"}, {"send", "/sink"},
                      {"burst", "/burst"},    {"frame", "/burst"},    {"poll", "/echo"},      {"idle", "/echo"},
                      {"open", "/echo"},      {"backlog", "/sink"}};
    uint32_t i;
    int mode = 0;
    if (argc < 5) {
        fprintf(stderr, "usage: %s MODE URL SIZE COUNT [CA]\n", argv[0]);
        exit(2);
    }
    lab.mode_name = argv[1];
    while (mode < MODES && strcmp(argv[1], modes[mode].name)) mode++;
    if (mode == MODES) lab_fail("no such mode");
    lab.mode = (enum lab_mode)mode;
    lab.path = modes[mode].path;
    lab_parse_url(argv[2]);
    lab.size = strtoul(argv[3], NULL, 0);
    if (lab.size < MIN_PAYLOAD) lab_fail("a message has at least 16 bytes");
    lab.frames = lab.count = (uint32_t)strtoul(argv[4], NULL, 0);
    if (lab.mode == FRAME) lab.count *= LAB_BURST;
    lab.repeats = 1;
    if (lab.mode == BACKLOG && lab.size * lab.count < LAB_BACKLOG_BYTES)
        lab.repeats = (uint32_t)(LAB_BACKLOG_BYTES / (lab.size * lab.count));
    lab.ca = argc > 5 ? argv[5] : NULL;
    lab.times_ns = (uint32_t *)malloc((lab.count + 1) * sizeof *lab.times_ns);
    for (i = 0; i <= lab.count; i++) lab.times_ns[i] = 1; /* touches the pages before the measurement */
}

/* Returns whether the server needs the workload (see server.h) as its first message. */
static inline int lab_has_workload(void) {
    return lab.mode == RECEIVE || lab.mode == SEND || lab.mode == BURST || lab.mode == FRAME || lab.mode == BACKLOG;
}

static inline size_t lab_workload(char *text, size_t capacity) {
    return (size_t)snprintf(text, capacity, "%zu %u %d", lab.size, lab.count, LAB_BURST);
}

/* Call it when the connection is open. Returns how many messages may be sent immediately. */
static inline uint32_t lab_opened(void) {
    lab_start();
    switch (lab.mode) {
        case PING_PONG: return 1;
        case IN_FLIGHT: return lab.count < LAB_WINDOW ? lab.count : (uint32_t)LAB_WINDOW;
        case SEND: return lab.count;
        case BACKLOG: return lab.count;
        default: return 0;
    }
}

/* Call it when the server has checked all messages. Returns true if the backlog must be sent again. */
static inline int lab_answered(const void *answer, size_t size) {
    if (size < 3 || memcmp(answer, "ok ", 3)) lab_fail("the server received a wrong message");
    lab_stop();
    lab.done = ++lab.repeated == lab.repeats;
    lab.next = 0;
    return !lab.done;
}

/* Call it for a received message. Returns how many messages may be sent now. Sets `lab.done` after the last message. */
static inline uint32_t lab_received(const void *payload, size_t size) {
    if (lab.mode == SEND || lab.mode == BACKLOG) return lab_answered(payload, size) ? lab.count : 0;
    if (!payload_is(payload, size, lab.size, lab.received)) lab_fail("a wrong payload was received");
    lab.received++;
    if (lab.mode == PING_PONG || (lab.mode == BURST && lab.received % LAB_BURST == 0)) lab_mark();
    if (lab.received == lab.count) {
        lab_stop();
        lab.done = 1;
        return 0;
    }
    if (lab.mode == PING_PONG) return 1;
    if (lab.mode == IN_FLIGHT) return lab.next < lab.count;
    return lab.mode == BURST && lab.received % LAB_BURST == 0;
}

/* `frame`: the CPU time of the game thread in its calls of the library, and how long the calls take. */
static uint64_t lab_frame_cpu_ns, lab_game_cpu_ns;

/* Pins the game thread to the first core; the server has the second core. If the kernel moved the thread to the server's core,
 * waking the server would cost a third more. The kernel chooses the cores of the other threads of a library. */
static inline void lab_pin_game_thread(void) {
    cpu_set_t cores;
    int core = 0;
    if (sched_getaffinity(0, sizeof cores, &cores) != 0) lab_fail("sched_getaffinity");
    while (!CPU_ISSET(core, &cores)) core++;
    CPU_ZERO(&cores);
    CPU_SET(core, &cores);
    if (sched_setaffinity(0, sizeof cores, &cores) != 0) lab_fail("sched_setaffinity");
}

static inline void lab_frame_begin(void) {
    if (lab.begun.wall_ns == 0) {
        lab_pin_game_thread();
        lab_start();
    }
    lab_frame_cpu_ns = lab_clock(CLOCK_THREAD_CPUTIME_ID);
    lab.marked_ns = lab_now();
}

static inline void lab_frame_message(const void *payload, size_t size) {
    if (!payload_is(payload, size, lab.size, lab.received)) lab_fail("a wrong payload was received");
    lab.received++;
}

/* Returns whether all messages of a burst were received, so that the client must send one message. */
static inline int lab_frame_has_to_send(void) {
    return lab.received / LAB_BURST > lab.next && lab.received < lab.count;
}

/* Sleeps until the next frame; returns false after the last one. */
static inline int lab_frame_end(void) {
    static uint32_t seen;
    if (lab.received > seen && lab.times < lab.count) lab_mark();
    seen = lab.received;
    lab_game_cpu_ns += lab_clock(CLOCK_THREAD_CPUTIME_ID) - lab_frame_cpu_ns;
    if (lab.received >= lab.count) return 0;
    lab_sleep_us(LAB_FRAME_US);
    return 1;
}

static inline void lab_frame_report(void) {
    lab_stop();
    qsort(lab.times_ns, lab.times, sizeof *lab.times_ns, lab_compare_times);
    printf("cpu_us=%.3f process_cpu_us=%.3f p50_us=%.2f p99_us=%.2f\n", (double)lab_game_cpu_ns / 1e3 / lab.frames,
           (double)lab.used.cpu_ns / 1e3 / lab.frames, lab_percentile_us(50), lab_percentile_us(99));
    fflush(stdout);
}

#endif
