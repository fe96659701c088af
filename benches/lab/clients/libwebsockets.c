/* A client with libwebsockets: one thread and callbacks, as in its minimal client examples. LAB_TUNED=1: the buffers are as large
 * as the largest message, as its documentation advises; otherwise they have the default of 4096 bytes. */
#include "../common/lab.h"

#include <libwebsockets.h>

enum { TUNED_BUFFER = 131072 + 4096, CONNECTING_AT_ONCE = 8, IDLE_POLL_US = 16000, MAX_WORKLOAD_TEXT = 64 };

static struct lws_context *context;
static struct lws *open_socket;
static uint8_t *payload, *message;
static size_t message_size;
static char workload[LWS_PRE + MAX_WORKLOAD_TEXT];
static size_t workload_size;
static uint32_t to_send, opened;

static void begin_connect(void) {
    struct lws_client_connect_info info;
    memset(&info, 0, sizeof info);
    info.context = context;
    info.address = info.host = info.origin = lab.host;
    info.port = lab.port;
    info.path = lab.path;
    info.local_protocol_name = "lab";
    info.ssl_connection = lab.tls ? LCCSCF_USE_SSL : 0;
    lab.marked_ns = lab_now();
    if (!lws_client_connect_via_info(&info)) lab_fail("the client cannot connect");
}

static void on_open(struct lws *wsi) {
    opened++;
    if (lab.mode == IDLE) return;
    if (lab.mode == OPEN_CLOSE) {
        lab_mark();
    } else {
        open_socket = wsi;
        if (lab_has_workload()) workload_size = lab_workload(workload + LWS_PRE, MAX_WORKLOAD_TEXT);
        if (lab.mode != FRAME && lab.mode != POLL) to_send = lab_opened();
    }
    lws_callback_on_writable(wsi);
}

/* A message that is larger than the buffer arrives in pieces. */
static void on_receive(struct lws *wsi, const uint8_t *piece, size_t size) {
    const int is_first = lws_is_first_fragment(wsi);
    const int is_last = lws_is_final_fragment(wsi) && !lws_remaining_packet_payload(wsi);
    if (!is_first || !is_last) {
        if (is_first) message_size = 0;
        memcpy(message + message_size, piece, size);
        message_size += size;
        piece = message;
        size = message_size;
    }
    if (!is_last) return;
    if (lab.mode == FRAME) {
        lab_frame_message(piece, size);
        return;
    }
    to_send += lab_received(piece, size);
    if (to_send > 0) lws_callback_on_writable(wsi);
}

/* -1 closes the connection. */
static int on_writable(struct lws *wsi) {
    if (lab.mode == OPEN_CLOSE) {
        lws_close_reason(wsi, LWS_CLOSE_STATUS_NORMAL, NULL, 0);
        return -1;
    }
    if (workload_size > 0) {
        lws_write(wsi, (uint8_t *)workload + LWS_PRE, workload_size, LWS_WRITE_TEXT);
        workload_size = 0;
        if (to_send > 0) lws_callback_on_writable(wsi);
        return 0;
    }
    while (to_send > 0) {
        payload_stamp(payload + LWS_PRE, lab.size, lab.next++);
        if (lws_write(wsi, payload + LWS_PRE, lab.size, LWS_WRITE_BINARY) < (int)lab.size) lab_fail("the client cannot write");
        if (--to_send > 0 && lws_send_pipe_choked(wsi)) {
            lws_callback_on_writable(wsi);
            return 0;
        }
    }
    return 0;
}

static void on_closed(void) {
    if (lab.done) return;
    if (lab.mode != OPEN_CLOSE) lab_fail("the connection is lost");
    if (lab_open_continues()) begin_connect();
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t size) {
    (void)user;
    switch (reason) {
        case LWS_CALLBACK_CLIENT_CONNECTION_ERROR: lab_fail(in ? (char *)in : "the client cannot connect");
        case LWS_CALLBACK_CLIENT_ESTABLISHED: on_open(wsi); break;
        case LWS_CALLBACK_CLIENT_RECEIVE: on_receive(wsi, in, size); break;
        case LWS_CALLBACK_CLIENT_WRITEABLE: return on_writable(wsi);
        case LWS_CALLBACK_CLIENT_CLOSED: on_closed(); break;
        default: break;
    }
    return 0;
}

static void run_idle(void) {
    uint32_t i;
    lab_idle_begin();
    for (i = 0; i < lab.count; i++) {
        begin_connect();
        while (opened + CONNECTING_AT_ONCE <= i) lws_service(context, 0);
    }
    while (opened < lab.count) lws_service(context, 0);
    lab_idle_opened();
    while (!lab_idle_is_over()) {
        lab_sleep_us(IDLE_POLL_US);
        lws_service(context, -1);
    }
    lab_idle_end();
}

static void poll_all(void) {
    uint32_t before;
    do {
        before = lab.received;
        lws_service(context, -1);
    } while (lab.received != before);
}

static void open_one(void) {
    begin_connect();
    while (!open_socket || workload_size > 0) lws_service(context, 0);
}

static void run_polls(void) {
    uint32_t i;
    open_one();
    lab_start();
    for (i = 0; i < lab.count; i++) lws_service(context, -1);
    lab_stop();
    lab_report();
}

static void run_frames(void) {
    open_one();
    do {
        lab_frame_begin();
        poll_all();
        if (lab_frame_has_to_send()) {
            to_send = 1;
            lws_callback_on_writable(open_socket);
            lws_service(context, -1);
        }
    } while (lab_frame_end());
    lab_frame_report();
}

static void run_messages(void) {
    begin_connect();
    while (!lab.done) lws_service(context, 0);
    lab_report();
}

static void make_context(void) {
    static struct lws_protocols protocols[2];
    struct lws_context_creation_info info;
    const size_t buffer = getenv("LAB_TUNED") ? TUNED_BUFFER : 0;
    memset(&info, 0, sizeof info);
    protocols[0].name = "lab";
    protocols[0].callback = on_event;
    protocols[0].rx_buffer_size = buffer;
    info.port = CONTEXT_PORT_NO_LISTEN;
    info.protocols = protocols;
    info.pt_serv_buf_size = (unsigned)buffer;
    info.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
    info.client_ssl_ca_filepath = lab.tls ? lab.ca : NULL;
    info.count_threads = 1;
    if (lab.mode == IDLE) info.fd_limit_per_thread = lab.count + 16;
    context = lws_create_context(&info);
    if (!context) lab_fail("no context");
}

int main(int argc, char **argv) {
    lab_init(argc, argv);
    lws_set_log_level(LLL_ERR, NULL);
    make_context();
    payload = (uint8_t *)malloc(LWS_PRE + lab.size);
    payload_fill(payload + LWS_PRE, lab.size);
    message = (uint8_t *)malloc(lab.size + MAX_WORKLOAD_TEXT);
    if (lab.mode == IDLE)
        run_idle();
    else if (lab.mode == FRAME)
        run_frames();
    else if (lab.mode == POLL)
        run_polls();
    else
        run_messages();
    _exit(0); /* skips the clean-up, which takes one second */
}
