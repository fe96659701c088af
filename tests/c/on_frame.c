/* on_frame gets each frame that is sent or received. It gets a received frame before the message that the frame completes, also
 * while receiving is paused. A program that does not poll gets a bounded number of frames, and the number of lost frames. */
#include "retry_recorder.h"

typedef struct tracer {
    retry_recorder t;
    char log[512]; /* the callbacks in their order: "<1.5" is a received frame of opcode 1 and length 5, ">" a sent one */
    uint64_t sent, received, lost;
    int losses;
} tracer;

static void append(tracer *f, const char *text) {
    const size_t len = strlen(f->log);
    if (len + strlen(text) + 1 < sizeof f->log) strcat(f->log, text);
}

static void record_frame(void *user, egret_ws *ws, egret_ws_direction_t direction, uint32_t opcode, uint32_t flags,
                         uint64_t length) {
    tracer *f = (tracer *)recorder_of_socket(user, ws);
    char text[64];
    CHECK_EQ(f->t.r.connects, 1);
    CHECK_EQ(f->t.r.closes, 0);
    if (direction == EGRET_WS_FRAME_LOST) {
        CHECK_EQ(opcode + flags, 0);
        CHECK(length > 0);
        f->lost += length;
        f->losses++;
        append(f, "lost ");
        return;
    }
    CHECK(direction == EGRET_WS_FRAME_SENT || direction == EGRET_WS_FRAME_RECEIVED);
    CHECK(opcode <= 15);
    CHECK_EQ(flags & ~(EGRET_WS_FRAME_FIN | EGRET_WS_FRAME_COMPRESSED), 0);
    if (direction == EGRET_WS_FRAME_SENT)
        f->sent++;
    else
        f->received++;
    snprintf(text, sizeof text, "%s%u.%u%s ", direction == EGRET_WS_FRAME_SENT ? ">" : "<", (unsigned)opcode,
             (unsigned)length, flags == EGRET_WS_FRAME_FIN ? "" : flags == 0 ? "+" : "c");
    append(f, text);
}

static void log_message(recorder *r) {
    append((tracer *)r, "message ");
}

static egret_ws_options tracer_options(tracer *f) {
    egret_ws_options options;
    memset(f, 0, sizeof *f);
    options = recorder_options(&f->t.r);
    options.on_frame = record_frame;
    f->t.r.then_data = log_message;
    return options;
}

static void open_tracer(egret_ws_loop *loop, const server *peer, const egret_ws_options *options, tracer *f) {
    CHECK_OK(egret_ws_connect(loop, peer->at.url, options, &f->t.r.ws));
    POLL_UNTIL(loop, f->t.r.connects == 1);
}

static void expect_log(tracer *f, const char *log) {
    if (strcmp(f->log, log) != 0) {
        fprintf(stderr, "the callbacks: %s\n", f->log);
        fail(__FILE__, __LINE__, log);
    }
    f->log[0] = '\0';
}

/* A text, a fragmented message with a ping in it, a pong, a binary message. */
static const char frames[] = "\x81\x02hi" "\x01\x01" "a" "\x89\x02??" "\x80\x01" "b" "\x8a\x00" "\x82\x03" "xyz";

static void order(egret_ws_loop *loop) {
    static tracer f;
    static server peer;
    egret_ws_options options = tracer_options(&f);
    start_answering_server(&peer, send_answer, frames, sizeof frames - 1);
    open_tracer(loop, &peer, &options, &f);
    POLL_UNTIL(loop, f.t.r.messages == 3 && f.sent == 1);
    expect_log(&f, "<1.2 message <1.1+ <9.2 <0.1 message <10.0 <2.3 message >10.2 ");
    CHECK_OK(egret_ws_send(f.t.r.ws, EGRET_WS_TEXT, "hello", 5));
    CHECK_OK(egret_ws_ping(f.t.r.ws, NULL, 0));
    CHECK_OK(egret_ws_send(f.t.r.ws, EGRET_WS_BINARY, frames, 0));
    POLL_UNTIL(loop, f.sent == 4);
    CHECK(strstr(f.log, ">1.5 ") != NULL && strstr(f.log, ">9.5 ") != NULL && strstr(f.log, ">2.0 ") != NULL);
    f.log[0] = '\0';
    close_and_free(loop, &f.t.r);
    expect_log(&f, ">8.2 <8.2 ");
    CHECK_EQ(f.lost, 0);
    stop_server(&peer);
}

/* Like pongs, frames do not wait for a resume. */
static void paused(egret_ws_loop *loop) {
    static tracer f;
    static server peer;
    egret_ws_options options = tracer_options(&f);
    start_answering_server(&peer, send_answer, frames, sizeof frames - 1);
    CHECK_OK(egret_ws_connect(loop, peer.at.url, &options, &f.t.r.ws));
    CHECK_OK(egret_ws_pause_receive(f.t.r.ws));
    POLL_UNTIL(loop, f.sent == 1);
    expect_log(&f, "<1.2 <1.1+ <9.2 <0.1 <10.0 <2.3 >10.2 ");
    CHECK_EQ(f.t.r.messages, 0);
    CHECK_OK(egret_ws_resume_receive(f.t.r.ws));
    POLL_UNTIL(loop, f.t.r.messages == 3);
    expect_log(&f, "message message message ");
    close_and_free(loop, &f.t.r);
    stop_server(&peer);
}

static egret_ws_statistics statistics(const tracer *f) {
    egret_ws_statistics stats;
    memset(&stats, 0, sizeof stats);
    stats.struct_size = sizeof stats;
    CHECK_OK(egret_ws_stats(f->t.r.ws, &stats));
    return stats;
}

enum { QUEUE = 3200, ROOM = QUEUE / 32, MANY = 2000 };

/* The program sends and does not poll. */
static void lost_when_the_queue_is_full(egret_ws_loop *loop) {
    static tracer f;
    static server peer;
    egret_ws_options options = tracer_options(&f);
    int i;
    start_server(&peer, swallow);
    options.max_receive_queue_bytes = QUEUE;
    open_tracer(loop, &peer, &options, &f);
    for (i = 0; i < MANY; i++) CHECK_OK(egret_ws_send(f.t.r.ws, EGRET_WS_TEXT, "", 0));
    WAIT_UNTIL(SERVER_SAW(peer, messages) == MANY);
    CHECK_EQ(f.sent, 0);
    CHECK_EQ(statistics(&f).receive_queue_bytes, QUEUE);
    POLL_UNTIL(loop, f.sent == ROOM);
    CHECK_EQ(f.losses, 0);
    CHECK_EQ(statistics(&f).receive_queue_bytes, 0);
    /* The next frame carries the number of frames that were lost before it. */
    CHECK_OK(egret_ws_send(f.t.r.ws, EGRET_WS_TEXT, "next", 4));
    f.log[0] = '\0';
    POLL_UNTIL(loop, f.sent == ROOM + 1);
    expect_log(&f, "lost >1.4 ");
    CHECK_EQ(f.lost, MANY - ROOM);
    /* The end of the connection carries it too. */
    for (i = 0; i < MANY; i++) CHECK_OK(egret_ws_send(f.t.r.ws, EGRET_WS_TEXT, "", 0));
    CHECK_OK(egret_ws_close(f.t.r.ws, 1000, NULL, 0));
    WAIT_UNTIL(SERVER_SAW(peer, close_code) == 1000);
    POLL_UNTIL(loop, f.t.r.closes == 1);
    CHECK_EQ(f.losses, 2);
    CHECK_EQ(f.sent + f.lost, MANY + 1 + MANY + 1);
    POLL_UNTIL(loop, f.t.r.releases == 1);
    free_socket(&f.t.r);
    stop_server(&peer);
}

/* Many empty fragments of one message come. The program gets each of them, and the number of waiting ones is bounded. */
static void flood(egret_ws_loop *loop) {
    enum { FRAGMENTS = 50000 };
    static tracer f;
    static server peer;
    static uint8_t fragments[2 * FRAGMENTS];
    egret_ws_options options = tracer_options(&f);
    fragments[0] = OPCODE_BINARY;
    fragments[2 * FRAGMENTS - 2] = 0x80;
    start_answering_server(&peer, send_answer, fragments, sizeof fragments);
    options.max_receive_queue_bytes = QUEUE;
    open_tracer(loop, &peer, &options, &f);
    while (f.t.r.messages == 0) {
        CHECK(statistics(&f).receive_queue_bytes <= QUEUE + 2 * 32);
        CHECK(poll_loop(loop, 5) >= 0);
    }
    CHECK_EQ(f.received, FRAGMENTS);
    CHECK_EQ(f.lost, 0);
    CHECK(statistics(&f).receive_queue_peak_bytes <= QUEUE + 2 * 32);
    close_and_free(loop, &f.t.r);
    stop_server(&peer);
}

static void reset_log(retry_recorder *t) {
    ((tracer *)t)->log[0] = '\0';
}

/* Sends a text and the first half of another one, and hangs up. */
static void send_half(server *s, int fd) {
    (void)s;
    send_all(fd, "\x81\x01" "a" "\x81\x09" "bcd", 8);
}

static void next_connections(egret_ws_loop *loop) {
    static tracer f;
    static server peer;
    egret_ws_options options = tracer_options(&f);
    options.on_retry = record_retry;
    options.retry_attempts = EGRET_WS_UNLIMITED;
    f.t.waits = retry_waits(FLOOR_MS, FIRST_MS, CEILING_MS);
    options.retry = &f.t.waits;
    f.t.then_retry = reset_log;
    start_server(&peer, send_half);
    CHECK_OK(egret_ws_connect(loop, peer.at.url, &options, &f.t.r.ws));
    POLL_UNTIL(loop, f.t.retries >= 2 && f.t.r.messages == 1);
    CHECK(strncmp(f.log, "<1.1 message ", 13) == 0);
    CHECK_OK(egret_ws_close(f.t.r.ws, 1000, NULL, 0));
    POLL_UNTIL(loop, f.t.r.releases == 1);
    free_socket(&f.t.r);
    stop_server(&peer);
}

/* An abort drops the waiting frames, as it drops messages. */
static void aborted(egret_ws_loop *loop) {
    static tracer f;
    static server peer;
    egret_ws_options options = tracer_options(&f);
    start_answering_server(&peer, send_answer, frames, sizeof frames - 1);
    open_tracer(loop, &peer, &options, &f);
    CHECK_OK(egret_ws_pause_receive(f.t.r.ws));
    WAIT_UNTIL(statistics(&f).messages_received + f.received > 0 || driver == EGRET_WS_LOOP_INLINE);
    CHECK_OK(egret_ws_abort(f.t.r.ws));
    f.log[0] = '\0';
    POLL_UNTIL(loop, f.t.r.closes == 1);
    expect_log(&f, "");
    POLL_UNTIL(loop, f.t.r.releases == 1);
    free_socket(&f.t.r);
    stop_server(&peer);
}

int main(int argc, char **argv) {
    egret_ws_loop *loop;
    begin(argc, argv);
    loop = new_loop();
    order(loop);
    paused(loop);
    lost_when_the_queue_is_full(loop);
    flood(loop);
    next_connections(loop);
    aborted(loop);
    settle(loop);
    free_loop(loop);
    return 0;
}
