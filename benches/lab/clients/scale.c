/* scale URL COUNT [idle]: measures the cost of each of COUNT sockets in one loop. With `idle` they send no messages, but each has a
 * heartbeat. */
#include "egret.h"

#include <sys/resource.h>

enum {
    MESSAGE = 64,
    CONNECTING_AT_ONCE = 64,
    MESSAGES_OF_ALL = 60000,
    MESSAGES_OF_ONE = 5000,
    POLLS = 20000,
    IDLE_US = 500000,
    HEARTBEATS_US = 21000000, /* longer than the interval of the heartbeat */
    IDLE_POLL_US = 16000,
    SOCKETS_OF_ADDRESS = 10000 /* fewer than an address has ports for */
};

static egret_ws **sockets;
static uint32_t count, opened, received, released;
static uint32_t to_send; /* messages left for the one socket that answers each message with the next */
static uint8_t payload[MESSAGE];

static void on_connect(void *user, egret_ws *ws) {
    (void)user, (void)ws;
    opened++;
}

static void on_message(void *user, egret_ws *ws, int32_t kind, const uint8_t *data, size_t len) {
    (void)user, (void)kind;
    if (len != MESSAGE || memcmp(data, payload, MESSAGE)) lab_fail("another payload than was sent");
    received++;
    if (to_send > 0) {
        to_send--;
        checked(egret_ws_send(ws, EGRET_WS_BINARY, payload, MESSAGE));
    }
}

static void on_close(void *user, egret_ws *ws, const egret_ws_close_info *info) {
    (void)user, (void)ws;
    lab_fail(info->message);
}

static void release_user(void *user) {
    (void)user;
    released++;
}

static void open_all(void) {
    uint32_t i;
    for (i = 0; i < count; i++) {
        char address[32];
        snprintf(address, sizeof address, "127.0.0.%u", 1 + i / SOCKETS_OF_ADDRESS);
        options.local_address = i < SOCKETS_OF_ADDRESS ? NULL : address;
        checked(egret_ws_connect(loop, lab.url, &options, &sockets[i]));
        while (opened + CONNECTING_AT_ONCE <= i) checked(egret_ws_loop_poll(loop, -1));
    }
    while (opened < count) checked(egret_ws_loop_poll(loop, -1));
}

static void exchange_with_all(uint32_t rounds) {
    uint32_t i;
    while (rounds-- > 0) {
        received = 0;
        for (i = 0; i < count; i++) checked(egret_ws_send(sockets[i], EGRET_WS_BINARY, payload, MESSAGE));
        while (received < count) checked(egret_ws_loop_poll(loop, -1));
    }
}

static void exchange_with_one(void) {
    received = 0;
    to_send = MESSAGES_OF_ONE - 1;
    checked(egret_ws_send(sockets[count / 2], EGRET_WS_BINARY, payload, MESSAGE));
    while (received < MESSAGES_OF_ONE) checked(egret_ws_loop_poll(loop, -1));
}

static void poll_idle(void) {
    uint32_t i;
    for (i = 0; i < POLLS; i++) checked(egret_ws_loop_poll(loop, 0));
}

static void stay_idle(uint32_t time_us) {
    uint32_t i;
    for (i = 0; i < time_us / IDLE_POLL_US; i++) {
        lab_sleep_us(IDLE_POLL_US);
        checked(egret_ws_loop_poll(loop, 0));
    }
}

static void free_all(void) {
    uint32_t i;
    for (i = 0; i < count; i++) checked(egret_ws_free(sockets[i]));
    while (released < count) checked(egret_ws_loop_poll(loop, 0));
    checked(egret_ws_loop_free(loop, NULL));
}

static double each_us(uint64_t ns, double units) {
    return (double)ns / 1e3 / units;
}

/* Ends a measurement. Returns the CPU and wall time since lab_start. */
static lab_usage measured(void) {
    lab_usage used;
    lab_stop();
    used = lab.used;
    memset(&lab.used, 0, sizeof lab.used);
    return used;
}

int main(int argc, char **argv) {
    uint32_t rounds;
    struct rlimit files;
    long rss;

    lab.mode_name = "scale";
    lab.path = "/echo";
    if (argc < 3) lab_fail("usage: scale URL COUNT [idle]");
    lab_parse_url(argv[1]);
    count = (uint32_t)strtoul(argv[2], NULL, 0);
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    sockets = (egret_ws **)malloc(count * sizeof *sockets);
    payload_fill(payload, MESSAGE);
    make_loop();
    init_options();
    options.on_connect = on_connect;
    options.on_message = on_message;
    options.on_close = on_close;
    options.release_user = release_user;
    rounds = MESSAGES_OF_ALL / count + 1;

    rss = lab_status("VmRSS");
    lab_start();
    open_all();
    {
        const lab_usage used = measured();
        printf("open_us=%.2f open_cpu_us=%.2f ", each_us(used.wall_ns, count), each_us(used.cpu_ns, count));
    }
    printf("rss_kib=%.3f ", (double)(lab_status("VmRSS") - rss) / count);
    if (argc > 3) {
        lab_start();
        stay_idle(HEARTBEATS_US);
        printf("heartbeat_cpu_us=%.3f ", each_us(measured().cpu_ns, count));
    } else {
        exchange_with_all(1);
        lab_start();
        exchange_with_all(rounds);
        printf("all_cpu_us=%.3f ", each_us(measured().cpu_ns, (double)count * rounds));
        lab_start();
        exchange_with_one();
        printf("one_cpu_us=%.3f ", each_us(measured().cpu_ns, MESSAGES_OF_ONE));
    }
    lab_start();
    poll_idle();
    printf("poll_ns=%.1f ", each_us(measured().cpu_ns, POLLS) * 1e3);
    lab_start();
    stay_idle(IDLE_US);
    printf("idle_cpu_us=%.1f ", each_us(measured().cpu_ns, IDLE_US / 1e6));
    lab_start();
    free_all();
    {
        const lab_usage used = measured();
        printf("free_us=%.2f free_cpu_us=%.2f\n", each_us(used.wall_ns, count), each_us(used.cpu_ns, count));
    }
    return 0;
}
