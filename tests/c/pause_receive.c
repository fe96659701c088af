/* A paused socket gets no on_message, and its loop sleeps. After a resume all messages come in order. */
#include "server.h"

enum { MESSAGES = 10, LEN = 100 };

static uint64_t waiting_bytes(const recorder *r) {
    egret_ws_statistics stats;
    memset(&stats, 0, sizeof stats);
    stats.struct_size = sizeof stats;
    CHECK_OK(egret_ws_stats(r->ws, &stats));
    return stats.receive_queue_bytes;
}

/* Sends messages to the echo server, and polls until the echoes wait for the resume. */
static void let_messages_wait(egret_ws_loop *loop, recorder *r, int count) {
    const uint64_t before = waiting_bytes(r);
    uint8_t data[LEN];
    int i;
    for (i = 0; i < count; i++) {
        memset(data, i, sizeof data);
        CHECK_OK(egret_ws_send(r->ws, EGRET_WS_BINARY, data, sizeof data));
    }
    POLL_UNTIL(loop, waiting_bytes(r) == before + (uint64_t)count * (LEN + 32));
}

static void check_order(recorder *r) {
    CHECK(r->len == LEN && r->data[0] == (uint8_t)(r->messages - 1));
}

static void open_paused(egret_ws_loop *loop, recorder *r) {
    memset(r, 0, sizeof *r);
    r->then_data = check_order;
    begin_connect(loop, echo_url, r);
    CHECK_OK(egret_ws_pause_receive(r->ws)); /* before the connection is open */
    CHECK_OK(egret_ws_pause_receive(r->ws));
    POLL_UNTIL(loop, r->connects == 1);
}

/* Checks that no work is due: the descriptor is not readable, no poll is due, and a poll waits until its time-out. */
static void expect_sleep(egret_ws_loop *loop) {
    int64_t begun;
    int polls = 0;
#ifndef _WIN32
    struct pollfd one;
    one.fd = egret_ws_loop_descriptor(loop);
    one.events = POLLIN;
    CHECK(one.fd >= 0);
    while (poll(&one, 1, 0) != 0) {
        CHECK_EQ(poll_loop(loop, 0), 0);
        CHECK(++polls < 20);
    }
#endif
    while (egret_ws_loop_next_poll_ms(loop) == 0) {
        CHECK_EQ(poll_loop(loop, 0), 0);
        CHECK(++polls < 20);
    }
    begun = now_us();
    CHECK_EQ(poll_loop(loop, 20), 0);
    CHECK(now_us() - begun >= 20000);
}

static void messages_wait_and_come_in_order(egret_ws_loop *loop) {
    static recorder r;
    open_paused(loop, &r);
    let_messages_wait(loop, &r, MESSAGES);
    expect_sleep(loop);
    settle(loop); /* other sockets are not delayed */
    expect_sleep(loop);
    CHECK_EQ(r.messages, 0);
    CHECK_EQ(egret_ws_state(r.ws), EGRET_WS_STATE_OPEN);
    CHECK_OK(egret_ws_resume_receive(r.ws));
    CHECK_EQ(egret_ws_loop_next_poll_ms(loop), 0);
    CHECK(poll_loop(loop, -1) > 0);
    POLL_UNTIL(loop, r.messages == MESSAGES); /* the budget of one poll may be less */
    CHECK_EQ(waiting_bytes(&r), 0);
    CHECK_OK(egret_ws_resume_receive(r.ws)); /* does nothing */
    CHECK_EQ(r.messages, MESSAGES);
    r.then_data = NULL;
    expect_echo(loop, &r);
    close_and_free(loop, &r);
}

static void pause_in_callback(recorder *r) {
    check_order(r);
    CHECK_OK(egret_ws_pause_receive(r->ws));
}

/* Each resume delivers one message: its callback pauses again, so that the next message waits. */
static void one_at_a_time(egret_ws_loop *loop) {
    static recorder r;
    int i;
    open_paused(loop, &r);
    r.then_data = pause_in_callback;
    let_messages_wait(loop, &r, MESSAGES);
    for (i = 1; i <= MESSAGES; i++) {
        CHECK_OK(egret_ws_resume_receive(r.ws));
        CHECK_EQ(poll_loop(loop, -1), 1);
        CHECK_EQ(r.messages, i);
        expect_sleep(loop);
    }
    CHECK_OK(egret_ws_resume_receive(r.ws));
    close_and_free(loop, &r);
}

static void pause_twice_and_resume(recorder *r) {
    check_order(r);
    CHECK_OK(egret_ws_pause_receive(r->ws));
    CHECK_OK(egret_ws_pause_receive(r->ws));
    CHECK_OK(egret_ws_resume_receive(r->ws));
}

static void one_resume_ends_all_pauses(egret_ws_loop *loop) {
    static recorder r;
    open_paused(loop, &r);
    r.then_data = pause_twice_and_resume;
    let_messages_wait(loop, &r, MESSAGES);
    CHECK_OK(egret_ws_resume_receive(r.ws));
    POLL_UNTIL(loop, r.messages == MESSAGES);
    close_and_free(loop, &r);
}

static void *resume_on_thread(void *user) {
    CHECK_OK(egret_ws_resume_receive(((recorder *)user)->ws));
    return NULL;
}

static void another_thread_resumes(egret_ws_loop *loop) {
    static recorder r;
    pthread_t thread;
    open_paused(loop, &r);
    let_messages_wait(loop, &r, MESSAGES);
    CHECK_EQ(pthread_create(&thread, NULL, resume_on_thread, &r), 0);
    while (r.messages == 0) CHECK(poll_loop(loop, -1) >= 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    POLL_UNTIL(loop, r.messages == MESSAGES); /* the budget of one poll may be less */
    close_and_free(loop, &r);
}

/* on_close comes after the messages. */
static void the_end_waits_for_messages(egret_ws_loop *loop) {
    static recorder r;
    egret_ws_close_info info;
    open_paused(loop, &r);
    let_messages_wait(loop, &r, MESSAGES);
    CHECK_OK(egret_ws_close(r.ws, 1000, NULL, 0));
    settle(loop);
    expect_sleep(loop);
    CHECK_EQ(r.closes + r.messages, 0);
    CHECK_EQ(egret_ws_state(r.ws), EGRET_WS_STATE_CLOSING);
    memset(&info, 0, sizeof info);
    info.struct_size = sizeof info;
    CHECK_EQ(egret_ws_close_report(r.ws, &info), EGRET_WS_ERR_NOT_FOUND);
    CHECK_OK(egret_ws_resume_receive(r.ws));
    POLL_UNTIL(loop, r.releases == 1);
    CHECK_EQ(r.messages, MESSAGES);
    CHECK_EQ(r.report.error, EGRET_WS_OK);
    free_socket(&r);
}

static void without_messages_the_end_comes(egret_ws_loop *loop) {
    static recorder r;
    open_paused(loop, &r);
    close_and_free(loop, &r);
}

/* A freed socket needs no resume. */
static void freed_while_paused(egret_ws_loop *loop) {
    static recorder r;
    open_paused(loop, &r);
    let_messages_wait(loop, &r, MESSAGES);
    free_socket(&r);
    POLL_UNTIL(loop, r.releases == 1);
    CHECK_EQ(egret_ws_pause_receive(r.ws), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_resume_receive(r.ws), EGRET_WS_ERR_BAD_HANDLE);
    settle(loop);
    CHECK_EQ(r.messages, 0);
}

/* An aborted socket needs no resume either, and a later pause does not delay its on_close. */
static void aborted_while_paused(egret_ws_loop *loop) {
    static recorder r;
    open_paused(loop, &r);
    let_messages_wait(loop, &r, MESSAGES);
    CHECK_OK(egret_ws_abort(r.ws));
    CHECK_OK(egret_ws_pause_receive(r.ws));
    POLL_UNTIL(loop, r.releases == 1);
    CHECK_EQ(r.messages, 0);
    CHECK_EQ(r.report.error, EGRET_WS_ERR_ABORTED);
    free_socket(&r);
}

static void a_loop_is_freed_with_a_paused_socket(void) {
    static recorder r;
    egret_ws_loop *loop = new_loop();
    open_paused(loop, &r);
    let_messages_wait(loop, &r, MESSAGES);
    free_loop(loop);
    CHECK_EQ(r.messages + r.closes, 0);
    CHECK_EQ(r.releases, 1);
}

int main(int argc, char **argv) {
    egret_ws_loop *loop;
    begin(argc, argv);
    loop = new_loop();
    messages_wait_and_come_in_order(loop);
    one_at_a_time(loop);
    one_resume_ends_all_pauses(loop);
    another_thread_resumes(loop);
    the_end_waits_for_messages(loop);
    without_messages_the_end_comes(loop);
    freed_while_paused(loop);
    aborted_while_paused(loop);
    free_loop(loop);
    a_loop_is_freed_with_a_paused_socket();
    return 0;
}
