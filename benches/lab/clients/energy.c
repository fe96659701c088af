/* energy URL COUNT SPREAD_MS SECONDS CA: counts how often COUNT idle sockets of one loop wake the process.
 *
 * The sockets are opened within SPREAD_MS, so that their heartbeats have different times. After some heartbeat intervals, the
 * wake-ups are counted for SECONDS. A wake-up is a voluntary context switch: a thread of the process had slept. With LAB_TRACED
 * the program also counts bursts of traffic, from the trace of frames: a phone's radio must wake for each burst. */
#include "egret.h"

#include <sys/resource.h>

enum { INTERVAL_MS = 20000, BURST_GAP_MS = 250, HOUR_S = 3600 };

static uint32_t opened, frames, bursts;
static uint64_t last_frame_ns;

static void on_connect(void *user, egret_ws *ws) {
    (void)user, (void)ws;
    opened++;
}

static void on_close(void *user, egret_ws *ws, const egret_ws_close_info *info) {
    (void)user, (void)ws;
    lab_fail(info->message);
}

static void on_frame(void *user, egret_ws *ws, int32_t direction, uint32_t opcode, uint32_t flags, uint64_t length) {
    const uint64_t now = lab_now();
    (void)user, (void)ws, (void)direction, (void)opcode, (void)flags, (void)length;
    frames++;
    if (now - last_frame_ns > BURST_GAP_MS * UINT64_C(1000000)) bursts++;
    last_frame_ns = now;
}

static void poll_for_ms(uint32_t time) {
    const uint64_t until = lab_now() + time * UINT64_C(1000000);
    uint64_t now;
    while ((now = lab_now()) < until) checked(egret_ws_loop_poll(loop, (int32_t)((until - now + 999999) / 1000000)));
}

static long switches(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return used.ru_nvcsw;
}

int main(int argc, char **argv) {
    uint32_t count, spread_ms, seconds, i;
    long before;

    lab.mode_name = "energy";
    lab.path = "/echo";
    if (argc < 6) lab_fail("usage: energy URL COUNT SPREAD_MS SECONDS CA");
    lab_parse_url(argv[1]);
    count = (uint32_t)strtoul(argv[2], NULL, 0);
    spread_ms = (uint32_t)strtoul(argv[3], NULL, 0);
    seconds = (uint32_t)strtoul(argv[4], NULL, 0);
    lab.ca = argv[5];
    make_loop();
    init_options();
    options.on_connect = on_connect;
    options.on_close = on_close;
    if (getenv("LAB_TRACED")) options.on_frame = on_frame;
    for (i = 0; i < count; i++) {
        egret_ws *ws;
        checked(egret_ws_connect(loop, lab.url, &options, &ws));
        while (opened <= i) checked(egret_ws_loop_poll(loop, -1));
        poll_for_ms(spread_ms / count);
    }
    poll_for_ms(2 * INTERVAL_MS + INTERVAL_MS / 2); /* if the sockets were opened together, no ping is due soon */
    frames = bursts = 0;
    before = switches();
    lab_start();
    poll_for_ms(seconds * 1000);
    lab_stop();
    /* One of them is the end of the last poll. */
    printf("wakeups=%.0f bursts=%.0f frames=%.0f cpu_ms=%.1f\n", (double)(switches() - before - 1) * HOUR_S / seconds,
           (double)bursts * HOUR_S / seconds, (double)frames * HOUR_S / seconds, (double)lab.used.cpu_ns / 1e6 * HOUR_S / seconds);
    return 0;
}
