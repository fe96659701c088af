/* on_close reports who ended the connection, in which phase, with which code and reason,
 * and how much was not sent. */
#include "server.h"

#include <netdb.h>

/* Replaces the resolver: no name is known, so that no test asks a name server. */
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
    (void)name, (void)service, (void)hints, (void)found;
    return EAI_NONAME;
}

static egret_ws_loop *loop;

static void expect_report(recorder *r, int32_t error, int32_t phase, int32_t initiator, int code, int sent_code) {
    POLL_UNTIL(loop, r->releases == 1);
    CHECK_EQ(r->report.error, error);
    CHECK_EQ(r->report.phase, phase);
    CHECK_EQ(r->report.initiator, initiator);
    CHECK_EQ(r->report.code, code);
    CHECK_EQ(r->report.sent_code, sent_code);
    free_socket(r);
}

static void expect_nothing_unsent(const recorder *r) {
    CHECK_EQ(r->report.unsent_messages, 0);
    CHECK_EQ(r->report.unsent_bytes, 0);
    CHECK_EQ(r->report.os_error, 0);
}

static void we_close(void) {
    static recorder r;
    open_socket(loop, echo_url, &r);
    CHECK_OK(egret_ws_close(r.ws, 1000, "bye", EGRET_WS_NUL_TERMINATED));
    expect_report(&r, EGRET_WS_OK, EGRET_WS_PHASE_CLOSING, EGRET_WS_INITIATOR_LOCAL, 1000, 1000);
    expect_nothing_unsent(&r);
    CHECK_EQ(r.report.http_status, 101);
}

static void we_close_without_a_code(void) {
    static recorder r;
    static server peer;
    start_server(&peer, swallow);
    open_socket(loop, peer.at.url, &r);
    CHECK_OK(egret_ws_close(r.ws, 0, NULL, 0));
    expect_report(&r, EGRET_WS_OK, EGRET_WS_PHASE_CLOSING, EGRET_WS_INITIATOR_LOCAL, 1005, 1005);
    CHECK_EQ(r.report.reason_len, 0);
    stop_server(&peer);
}

/* A message, then a Close: 1001 "so long". */
static void the_peer_closes(void) {
    static const uint8_t frames[] = {0x81, 2, 'h', 'i', 0x88, 9, 0x03, 0xE9, 's', 'o', ' ', 'l', 'o', 'n', 'g'};
    static recorder r;
    static server peer;
    start_answering_server(&peer, send_answer, frames, sizeof frames);
    begin_connect(loop, peer.at.url, &r);
    expect_report(&r, EGRET_WS_OK, EGRET_WS_PHASE_CLOSING, EGRET_WS_INITIATOR_PEER, 1001, 1001);
    expect_nothing_unsent(&r);
    expect_message(&r, EGRET_WS_TEXT, "hi", 2);
    CHECK_EQ(r.report.reason_len, 7);
    CHECK(strcmp(r.reason, "so long") == 0);
    WAIT_UNTIL(SERVER_SAW(peer, close_code) == 1001);
    stop_server(&peer);
}

static void the_peer_hangs_up(void) {
    static recorder r;
    static server peer;
    start_server(&peer, hang_up);
    begin_connect(loop, peer.at.url, &r);
    expect_report(&r, EGRET_WS_ERR_CONNECTION_LOST, EGRET_WS_PHASE_OPEN, EGRET_WS_INITIATOR_TRANSPORT, 1006, 0);
    CHECK_EQ(r.connects, 1);
    stop_server(&peer);
}

/* The last message and the end of the stream arrive before the loop reads. */
static void send_after_a_message(server *s, int fd) {
    uint8_t data[16];
    size_t len;
    CHECK(receive_frame(fd, data, sizeof data, &len) == OPCODE_TEXT);
    send_all(fd, s->answer, s->answer_len);
}

static void the_peer_hangs_up_after_a_message(void) {
    static const uint8_t message[] = {0x81, 4, 'l', 'a', 's', 't'};
    static recorder r;
    static server peer;
    start_answering_server(&peer, send_after_a_message, message, sizeof message);
    open_socket(loop, peer.at.url, &r);
    CHECK_OK(egret_ws_send(r.ws, EGRET_WS_TEXT, "go", 2));
    WAIT_UNTIL(SERVER_SAW(peer, ended) == 1);
    expect_report(&r, EGRET_WS_ERR_CONNECTION_LOST, EGRET_WS_PHASE_OPEN, EGRET_WS_INITIATOR_TRANSPORT, 1006, 0);
    expect_message(&r, EGRET_WS_TEXT, "last", 4);
    stop_server(&peer);
}

/* The report comes as soon as the peer has answered and ended the stream. */
static void a_clean_close_is_reported_at_once(void) {
    static recorder r;
    static server peer;
    int64_t ended_us;
    egret_ws_options options = recorder_options(&r);
    options.close_timeout_ms = 1000 * WAIT_LIMIT_MS; /* the library must not wait for it */
    start_server(&peer, swallow);
    CHECK_OK(egret_ws_connect(loop, peer.at.url, &options, &r.ws));
    POLL_UNTIL(loop, r.connects == 1);
    CHECK_OK(egret_ws_close(r.ws, 1000, NULL, 0));
    WAIT_UNTIL(SERVER_SAW(peer, ended) == 1);
    ended_us = now_us();
    expect_report(&r, EGRET_WS_OK, EGRET_WS_PHASE_CLOSING, EGRET_WS_INITIATOR_LOCAL, 1000, 1000);
    CHECK(now_us() - ended_us < WAIT_LIMIT_MS * 1000 / 2);
    stop_server(&peer);
}

static void connections_are_refused(void) {
    static recorder r;
    listener unused = bind_loopback();
    begin_connect(loop, unused.url, &r);
    expect_report(&r, EGRET_WS_ERR_CONNECT, EGRET_WS_PHASE_CONNECT, EGRET_WS_INITIATOR_TRANSPORT, 1006, 0);
    CHECK_EQ(r.report.os_error, ECONNREFUSED);
    CHECK_EQ(r.report.http_status, 0);
    CHECK_EQ(r.connects, 0);
    close_listener(&unused);
}

static void the_name_is_not_known(void) {
    static recorder r;
    begin_connect(loop, "ws://nope.invalid/", &r);
    expect_report(&r, EGRET_WS_ERR_RESOLVE, EGRET_WS_PHASE_RESOLVE, EGRET_WS_INITIATOR_TRANSPORT, 1006, 0);
    CHECK(strstr(r.message, "nope.invalid") != NULL);
    CHECK_EQ(r.connects, 0);
}

/* Bytes that the operating system took do not count as unsent, even if the peer never reads them. This is more than it can take. */
static void what_was_not_sent_is_counted(void) {
    static uint8_t part[PART];
    static recorder r;
    static server unread;
    egret_ws_options options = recorder_options(&r);
    int64_t accepted = 0, unsent;
    int32_t result;

    start_server(&unread, never_read);
    options.flush_timeout_ms = 100;
    options.max_send_buffer_bytes = 32 << 20;
    CHECK_OK(egret_ws_connect(loop, unread.at.url, &options, &r.ws));
    POLL_UNTIL(loop, r.connects == 1);
    while ((result = egret_ws_send(r.ws, EGRET_WS_BINARY, part, sizeof part)) == EGRET_WS_OK) accepted++;
    CHECK_EQ(result, EGRET_WS_ERR_BACKPRESSURE);
    CHECK(egret_ws_buffered_amount(r.ws) <= accepted * PART);
    CHECK_OK(egret_ws_close(r.ws, 1000, NULL, 0));
    expect_report(&r, EGRET_WS_ERR_TIMEOUT, EGRET_WS_PHASE_FLUSH, EGRET_WS_INITIATOR_TRANSPORT, 1006, 0);
    CHECK(strstr(r.message, "flush_timeout_ms") != NULL);
    unsent = r.report.unsent_messages;
    CHECK(unsent > 0 && unsent < accepted);
    CHECK_EQ(r.report.unsent_bytes, unsent * PART);
    stop_server(&unread);
}

/* The closing handshake has its own time-out. The message names it. */
static void the_peer_does_not_answer_the_close(void) {
    static recorder r;
    static server silent;
    egret_ws_options options = recorder_options(&r);
    start_server(&silent, ignore_close);
    options.close_timeout_ms = 20;
    CHECK_OK(egret_ws_connect(loop, silent.at.url, &options, &r.ws));
    POLL_UNTIL(loop, r.connects == 1);
    CHECK_OK(egret_ws_close(r.ws, 1000, NULL, 0));
    expect_report(&r, EGRET_WS_ERR_TIMEOUT, EGRET_WS_PHASE_CLOSING, EGRET_WS_INITIATOR_TRANSPORT, 1006, 1000);
    CHECK(strstr(r.message, "close_timeout_ms") != NULL);
    expect_nothing_unsent(&r);
    stop_server(&silent);
}

static const char *reason_in_on_close, *message_in_on_close;
static int checks_in_on_close;

static void check_report(recorder *r, const egret_ws_close_info *info) {
    egret_ws_close_info later;
    memset(&later, 0, sizeof later);
    later.struct_size = sizeof later;
    CHECK_OK(egret_ws_close_report(r->ws, &later));
    CHECK_EQ(memcmp(&later, info, sizeof later), 0);
}

static void check_in_on_close(void *user, egret_ws *ws, const egret_ws_close_info *info) {
    recorder *r = (recorder *)user;
    CHECK(egret_ws_user(ws) == user);
    check_report(r, info);
    CHECK(EGRET_WS_HAS_FIELD(egret_ws_close_info, info, struct_size));
    CHECK(EGRET_WS_HAS_FIELD(egret_ws_close_info, info, message_len));
    CHECK_EQ(info->message_len, strlen(info->message));
    reason_in_on_close = info->reason;
    message_in_on_close = info->message;
    checks_in_on_close++;
    record_close(user, ws, info);
}

/* Any struct_size is accepted that is at least the size of the first release. */
static void the_report_can_be_read_until_the_socket_is_freed(void) {
    static recorder r;
    union {
        egret_ws_close_info info;
        uint8_t bytes[sizeof(egret_ws_close_info) + 64];
    } read;
    egret_ws_options options = recorder_options(&r);
    size_t i;

    options.on_close = check_in_on_close;
    CHECK_OK(egret_ws_connect(loop, echo_url, &options, &r.ws));
    CHECK(egret_ws_user(r.ws) == &r);
    memset(&read, 0xAA, sizeof read);
    read.info.struct_size = sizeof read.info;
    CHECK_EQ(egret_ws_close_report(r.ws, &read.info), EGRET_WS_ERR_NOT_FOUND);
    CHECK_EQ(read.info.struct_size, sizeof read.info);
    for (i = 4; i < sizeof read.bytes; i++) CHECK_EQ(read.bytes[i], 0xAA);
    POLL_UNTIL(loop, r.connects == 1);
    CHECK_EQ(egret_ws_close_report(r.ws, &read.info), EGRET_WS_ERR_NOT_FOUND);
    CHECK_OK(egret_ws_close(r.ws, 4000, "the end", EGRET_WS_NUL_TERMINATED));
    POLL_UNTIL(loop, r.releases == 1);
    CHECK_EQ(checks_in_on_close, 1);
    CHECK(egret_ws_user(r.ws) == NULL); /* released */

    read.info.struct_size = sizeof read;
    CHECK_OK(egret_ws_close_report(r.ws, &read.info));
    for (i = sizeof read.info; i < sizeof read.bytes; i++) CHECK_EQ(read.bytes[i], 0);
    CHECK(read.info.reason == reason_in_on_close && read.info.message == message_in_on_close);
    CHECK(strcmp(read.info.reason, "the end") == 0 && strcmp(read.info.message, r.message) == 0);
    CHECK_EQ(read.info.code, 4000);
    read.info.struct_size = sizeof read.info - 8;
    CHECK_EQ(egret_ws_close_report(r.ws, &read.info), EGRET_WS_ERR_BAD_STRUCT);
    CHECK(!EGRET_WS_HAS_FIELD(egret_ws_close_info, &read.info, message_len));
    CHECK(EGRET_WS_HAS_FIELD(egret_ws_close_info, &read.info, message));
    CHECK_EQ(egret_ws_close_report(r.ws, NULL), EGRET_WS_ERR_INVALID_ARGUMENT);
    free_socket(&r);
    CHECK_EQ(egret_ws_close_report(r.ws, &read.info), EGRET_WS_ERR_BAD_HANDLE);
    CHECK(egret_ws_user(r.ws) == NULL && egret_ws_user(NULL) == NULL);
}

/* The end is reported even if there is no on_close. */
static void a_socket_without_on_close_has_a_report(void) {
    static recorder r;
    egret_ws_close_info info;
    egret_ws_options options = recorder_options(&r);
    options.on_close = NULL;
    CHECK_OK(egret_ws_connect(loop, "ws://nope.invalid/", &options, &r.ws));
    POLL_UNTIL(loop, r.releases == 1);
    memset(&info, 0, sizeof info);
    info.struct_size = sizeof info;
    CHECK_OK(egret_ws_close_report(r.ws, &info));
    CHECK_EQ(info.error, EGRET_WS_ERR_RESOLVE);
    CHECK(strstr(info.message, "nope.invalid") != NULL);
    free_socket(&r);
}

int main(int argc, char **argv) {
    begin(argc, argv);
    loop = new_loop();
    the_report_can_be_read_until_the_socket_is_freed();
    a_socket_without_on_close_has_a_report();
    we_close();
    we_close_without_a_code();
    the_peer_closes();
    the_peer_hangs_up();
    the_peer_hangs_up_after_a_message();
    a_clean_close_is_reported_at_once();
    connections_are_refused();
    the_name_is_not_known();
    what_was_not_sent_is_counted();
    the_peer_does_not_answer_the_close();
    free_loop(loop);
    return 0;
}
