/* Callbacks may call every function for every socket, also their own, but must not poll or free their loop. */
#include "server.h"

static egret_ws_loop *loop;
static recorder second;

/* The calls that each callback tries: both are refused and have no effect. */
static void try_what_is_forbidden(recorder *r) {
    (void)r;
    CHECK_EQ(egret_ws_loop_poll(loop, 0), EGRET_WS_ERR_REENTRANT);
    CHECK_EQ(egret_ws_loop_poll(loop, -1), EGRET_WS_ERR_REENTRANT);
    CHECK_EQ(egret_ws_loop_free(loop, NULL), EGRET_WS_ERR_REENTRANT);
}

static void a_nested_poll_is_refused_in_every_callback(void) {
    static recorder r;
    r.then_connect = r.then_data = r.then_close = r.then_release = try_what_is_forbidden;
    open_socket(loop, echo_url, &r);
    expect_echo(loop, &r);
    close_and_free(loop, &r);
}

static void free_it(recorder *r) {
    free_socket(r);
    CHECK_EQ(egret_ws_state(r->ws), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_free(r->ws), EGRET_WS_ERR_BAD_HANDLE);
}

/* In on_connect and on_message, more messages are in transit or queued. The recorder fails if a callback comes after free. */
static void a_socket_is_freed_in_its_own_callback(void) {
    static const uint8_t ten_messages[] = {0x81, 1, '0', 0x81, 1, '1', 0x81, 1, '2', 0x81, 1, '3', 0x81, 1, '4',
                                           0x81, 1, '5', 0x81, 1, '6', 0x81, 1, '7', 0x81, 1, '8', 0x81, 1, '9'};
    static recorder in_connect, in_data, in_close, in_release;
    static server peer;
    start_answering_server(&peer, send_answer, ten_messages, sizeof ten_messages);

    in_connect.then_connect = free_it;
    begin_connect(loop, peer.at.url, &in_connect);
    POLL_UNTIL(loop, in_connect.releases == 1);
    POLL_UNTIL(loop, SERVER_SAW(peer, close_code) == 1001);
    CHECK_EQ(in_connect.messages, 0);

    in_data.then_data = free_it;
    begin_connect(loop, peer.at.url, &in_data);
    POLL_UNTIL(loop, in_data.releases == 1);
    settle(loop);
    CHECK_EQ(in_data.messages, 1);

    in_close.then_close = free_it;
    open_socket(loop, echo_url, &in_close);
    CHECK_OK(egret_ws_close(in_close.ws, 1000, NULL, 0));
    POLL_UNTIL(loop, in_close.releases == 1);
    CHECK_EQ(in_close.closes, 1);

    in_release.then_release = free_it;
    open_socket(loop, echo_url, &in_release);
    CHECK_OK(egret_ws_close(in_release.ws, 1000, NULL, 0));
    POLL_UNTIL(loop, in_release.releases == 1);
    CHECK_EQ(in_release.closes, 1);

    settle(loop);
    CHECK_EQ(in_connect.releases + in_data.releases + in_close.releases + in_release.releases, 4);
    stop_server(&peer);
}

static void send_two(recorder *r) {
    CHECK_EQ(egret_ws_state(r->ws), EGRET_WS_STATE_OPEN);
    CHECK_OK(egret_ws_send(r->ws, EGRET_WS_TEXT, "one", 3));
    CHECK_OK(egret_ws_send(r->ws, EGRET_WS_TEXT, "two", 3));
    CHECK(egret_ws_buffered_amount(r->ws) <= 6);
}

static void close_after_two(recorder *r) {
    expect_message(r, EGRET_WS_TEXT, r->messages == 1 ? "one" : "two", 3);
    if (r->messages == 2) CHECK_OK(egret_ws_close(r->ws, 1000, "enough", 6));
}

static void check_sends_are_over(recorder *r) {
    CHECK_EQ(egret_ws_state(r->ws), EGRET_WS_STATE_CLOSED);
    CHECK_EQ(egret_ws_send(r->ws, EGRET_WS_TEXT, "x", 1), EGRET_WS_ERR_NOT_OPEN);
    CHECK_OK(egret_ws_close(r->ws, 1000, NULL, 0));
}

static void a_socket_is_used_in_its_callbacks(void) {
    static recorder r;
    r.then_connect = send_two;
    r.then_data = close_after_two;
    r.then_close = check_sends_are_over;
    begin_connect(loop, echo_url, &r);
    POLL_UNTIL(loop, r.releases == 1);
    CHECK_EQ(r.report.error, EGRET_WS_OK);
    CHECK_EQ(r.messages, 2);
    free_socket(&r);
}

static void connect_second(recorder *r) {
    (void)r;
    begin_connect(loop, echo_url, &second);
    CHECK_EQ(egret_ws_state(second.ws), EGRET_WS_STATE_CONNECTING);
}

static void a_new_socket_is_connected_from_on_close(void) {
    static recorder first;
    first.then_close = connect_second;
    open_socket(loop, echo_url, &first);
    CHECK_OK(egret_ws_close(first.ws, 1000, NULL, 0));
    POLL_UNTIL(loop, second.connects == 1);
    expect_echo(loop, &second);
    close_and_free(loop, &second);
    CHECK_EQ(first.closes, 1);
    CHECK_EQ(first.releases, 1);
    free_socket(&first);
}

static recorder victim;

static void free_victim(recorder *r) {
    (void)r;
    if (!victim.freed) free_socket(&victim);
}

/* Both sockets have a message queued, and the callback that comes first frees the other socket. */
static void another_socket_is_freed_in_a_callback(void) {
    static recorder killer;
    open_socket(loop, echo_url, &victim);
    open_socket(loop, echo_url, &killer);
    killer.then_data = victim.then_data = free_victim;
    CHECK_OK(egret_ws_send(victim.ws, EGRET_WS_TEXT, "a", 1));
    CHECK_OK(egret_ws_send(killer.ws, EGRET_WS_TEXT, "b", 1));
    POLL_UNTIL(loop, killer.messages == 1 && victim.releases == 1);
    close_and_free(loop, &killer);
    CHECK_EQ(victim.closes, 0);
}

/* The release_user calls that loop_free makes are callbacks like any other. */
static void free_from_release(recorder *r) {
    CHECK(egret_ws_loop_poll(loop, 0) < 0);
    CHECK(egret_ws_loop_free(loop, NULL) < 0);
    CHECK_EQ(egret_ws_state(r->ws), EGRET_WS_ERR_BAD_HANDLE);
}

int main(int argc, char **argv) {
    static recorder last;

    begin(argc, argv);
    loop = new_loop();
    a_nested_poll_is_refused_in_every_callback();
    a_socket_is_freed_in_its_own_callback();
    a_socket_is_used_in_its_callbacks();
    a_new_socket_is_connected_from_on_close();
    another_socket_is_freed_in_a_callback();

    last.then_release = free_from_release;
    open_socket(loop, echo_url, &last);
    free_loop(loop);
    CHECK_EQ(last.releases, 1);
    CHECK_EQ(last.closes, 0);
    return 0;
}
