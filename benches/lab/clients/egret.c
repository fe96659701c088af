/* A client with egret-ws, which uses the C ABI like a host. */
#include "egret.h"

enum { CONNECTING_AT_ONCE = 32, IDLE_POLL_US = 16000 };

static egret_ws *open_socket;
static uint8_t *payload;
static uint32_t to_send, opened;

static void begin_connect(void) {
    egret_ws *ws;
    lab.marked_ns = lab_now();
    checked(egret_ws_connect(loop, lab.url, &options, &ws));
}

/* Sends until nothing is left or the send buffer is full. `on_drain` then continues. */
static void send_all(egret_ws *ws) {
    while (to_send > 0) {
        int32_t result;
        payload_stamp(payload, lab.size, lab.next);
        result = egret_ws_send(ws, EGRET_WS_BINARY, payload, lab.size);
        if (result == EGRET_WS_ERR_BACKPRESSURE) return;
        checked(result);
        lab.next++;
        to_send--;
    }
    if (lab.mode == BACKLOG) lab_start(); /* all writes happen after this point */
}

static void on_drain(void *user, egret_ws *ws) {
    (void)user;
    send_all(ws);
}

static void on_connect(void *user, egret_ws *ws) {
    char workload[64];
    (void)user;
    opened++;
    if (lab.mode == IDLE) return;
    if (lab.mode == OPEN_CLOSE) {
        lab_mark();
        checked(egret_ws_close(ws, 1000, NULL, 0));
        return;
    }
    if (lab_has_workload()) checked(egret_ws_send(ws, EGRET_WS_TEXT, workload, lab_workload(workload, sizeof workload)));
    open_socket = ws;
    if (lab.mode == FRAME || lab.mode == POLL) return;
    to_send = lab_opened();
    send_all(ws);
}

static void on_message(void *user, egret_ws *ws, int32_t kind, const uint8_t *data, size_t len) {
    (void)user, (void)kind;
    if (lab.mode == FRAME) {
        lab_frame_message(data, len);
        return;
    }
    to_send += lab_received(data, len);
    if (to_send > 0) send_all(ws);
}

static void on_close(void *user, egret_ws *ws, const egret_ws_close_info *info) {
    (void)user;
    if (lab.mode != OPEN_CLOSE || info->error) lab_fail(info->message);
    egret_ws_free(ws);
    if (lab_open_continues()) begin_connect();
}

static void run_idle(void) {
    uint32_t i;
    lab_idle_begin();
    for (i = 0; i < lab.count; i++) {
        begin_connect();
        while (opened + CONNECTING_AT_ONCE <= i) checked(egret_ws_loop_poll(loop, -1));
    }
    while (opened < lab.count) checked(egret_ws_loop_poll(loop, -1));
    lab_idle_opened();
    while (!lab_idle_is_over()) {
        lab_sleep_us(IDLE_POLL_US);
        checked(egret_ws_loop_poll(loop, 0));
    }
    lab_idle_end();
}

static void open_one(void) {
    begin_connect();
    while (!open_socket) checked(egret_ws_loop_poll(loop, -1));
}

static void run_polls(void) {
    uint32_t i;
    open_one();
    lab_start();
    for (i = 0; i < lab.count; i++) checked(egret_ws_loop_poll(loop, 0));
    lab_stop();
    lab_report();
}

static void run_frames(void) {
    open_one();
    do {
        lab_frame_begin();
        checked(egret_ws_loop_poll(loop, 0));
        if (lab_frame_has_to_send()) {
            to_send = 1;
            send_all(open_socket);
        }
    } while (lab_frame_end());
    lab_frame_report();
}

static void run_messages(void) {
    begin_connect();
    while (!lab.done) checked(egret_ws_loop_poll(loop, -1));
    lab_report();
}

int main(int argc, char **argv) {
    lab_init(argc, argv);
    make_loop();
    init_options();
    options.on_connect = on_connect;
    options.on_message = on_message;
    options.on_close = on_close;
    options.on_drain = on_drain;
    if (lab.mode == BACKLOG) options.max_send_buffer_bytes = LAB_BACKLOG_BYTES + (1 << 20);
    if (lab.mode == IN_FLIGHT) options.max_send_buffer_bytes = LAB_WINDOW * EGRET_WS_MAX_MESSAGE_BYTES * 2;
    payload = (uint8_t *)malloc(lab.size);
    payload_fill(payload, lab.size);

    if (lab.mode == IDLE)
        run_idle();
    else if (lab.mode == FRAME)
        run_frames();
    else if (lab.mode == POLL)
        run_polls();
    else
        run_messages();
    checked(egret_ws_loop_free(loop, NULL));
    return 0;
}
