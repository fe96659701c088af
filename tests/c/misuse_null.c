/* Every function returns an error for NULL where a pointer is required, and changes nothing. */
#include "check.h"

static void without_handles(void) {
    egret_ws *ws = NULL;
    CHECK_EQ(egret_ws_loop_new(NULL, NULL), EGRET_WS_ERR_INVALID_ARGUMENT);
    CHECK_EQ(egret_ws_loop_poll(NULL, 0), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_loop_poll(NULL, -1), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_loop_free(NULL, NULL), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_loop_options_init(NULL, sizeof(egret_ws_loop_options)), EGRET_WS_ERR_INVALID_ARGUMENT);
    CHECK_EQ(egret_ws_options_init(NULL, sizeof(egret_ws_options)), EGRET_WS_ERR_INVALID_ARGUMENT);
    CHECK_EQ(egret_ws_connect_host(NULL, NULL, 0, NULL, NULL), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_connect_host(NULL, "127.0.0.1", 9000, NULL, &ws), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_connect(NULL, NULL, NULL, NULL), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_connect(NULL, echo_url, NULL, &ws), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_send(NULL, EGRET_WS_TEXT, NULL, 0), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_send(NULL, EGRET_WS_TEXT, NULL, EGRET_WS_NUL_TERMINATED), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_send(NULL, EGRET_WS_BINARY, NULL, 1), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_close(NULL, 1000, NULL, 0), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_abort(NULL), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_free(NULL), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_state(NULL), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_buffered_amount(NULL), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_ping(NULL, NULL, 0), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_ping(NULL, NULL, 1), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_pause_receive(NULL), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_resume_receive(NULL), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_close_report(NULL, NULL), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_remote_address(NULL, NULL, 0), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_local_address(NULL, NULL, 0), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_tried_addresses(NULL, NULL, 0), EGRET_WS_ERR_BAD_HANDLE);
    CHECK(egret_ws_user(NULL) == NULL);
    CHECK_EQ(egret_ws_subprotocol(NULL, NULL, 0), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_request_set_url(NULL, NULL), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_request_set_url(NULL, echo_url), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_request_set_header(NULL, NULL, NULL), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_request_set_header(NULL, "X-A", "b"), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_request_set_subprotocols(NULL, NULL), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_request_set_addresses(NULL, NULL), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_is_retryable(NULL), EGRET_WS_ERR_INVALID_ARGUMENT);
    CHECK_EQ(egret_ws_normalize_url(NULL, NULL, 0), EGRET_WS_ERR_INVALID_ARGUMENT);
    CHECK_EQ(egret_ws_normalize_url("ws://h/", NULL, 8), EGRET_WS_ERR_INVALID_ARGUMENT);
    CHECK(ws == NULL);
}

static void refused_connects(egret_ws_loop *loop) {
    egret_ws *ws = NULL;
    CHECK_EQ(egret_ws_connect_host(loop, NULL, 9000, NULL, &ws), EGRET_WS_ERR_INVALID_ARGUMENT);
    CHECK_EQ(egret_ws_connect_host(loop, "127.0.0.1", 9000, NULL, NULL), EGRET_WS_ERR_INVALID_ARGUMENT);
    CHECK_EQ(egret_ws_connect_host(loop, NULL, 0, NULL, NULL), EGRET_WS_ERR_INVALID_ARGUMENT);
    CHECK_EQ(egret_ws_connect(loop, NULL, NULL, &ws), EGRET_WS_ERR_INVALID_ARGUMENT);
    CHECK_EQ(egret_ws_connect(loop, echo_url, NULL, NULL), EGRET_WS_ERR_INVALID_ARGUMENT);
    CHECK(ws == NULL);
}

static void on_an_open_socket(egret_ws_loop *loop) {
    static recorder r;
    open_socket(loop, echo_url, &r);
    CHECK_EQ(egret_ws_send(r.ws, EGRET_WS_TEXT, NULL, 1), EGRET_WS_ERR_INVALID_ARGUMENT);
    CHECK_EQ(egret_ws_send(r.ws, EGRET_WS_TEXT, NULL, EGRET_WS_NUL_TERMINATED), EGRET_WS_ERR_INVALID_ARGUMENT);
    CHECK_EQ(egret_ws_send(r.ws, EGRET_WS_BINARY, NULL, 1), EGRET_WS_ERR_INVALID_ARGUMENT);
    CHECK_EQ(egret_ws_close(r.ws, 1000, NULL, 1), EGRET_WS_ERR_INVALID_ARGUMENT);
    CHECK_EQ(egret_ws_close(r.ws, 1000, NULL, EGRET_WS_NUL_TERMINATED), EGRET_WS_ERR_INVALID_ARGUMENT);
    /* No object can have this length: the call refuses it before it reads a byte. */
    CHECK(egret_ws_send(r.ws, EGRET_WS_BINARY, (const uint8_t *)"x", SIZE_MAX) < 0);
    CHECK(egret_ws_send(r.ws, EGRET_WS_BINARY, (const uint8_t *)"x", SIZE_MAX / 2 + 1) < 0);
    CHECK(egret_ws_send(r.ws, EGRET_WS_TEXT, "x", SIZE_MAX - 1) < 0);
    CHECK(egret_ws_close(r.ws, 1000, "x", SIZE_MAX - 1) < 0);
    CHECK_EQ(egret_ws_ping(r.ws, NULL, 1), EGRET_WS_ERR_INVALID_ARGUMENT);
    CHECK_EQ(egret_ws_ping(r.ws, "x", SIZE_MAX), EGRET_WS_ERR_INVALID_ARGUMENT);
    CHECK_EQ(egret_ws_close_report(r.ws, NULL), EGRET_WS_ERR_INVALID_ARGUMENT);
    CHECK_EQ(egret_ws_remote_address(r.ws, NULL, 1), EGRET_WS_ERR_INVALID_ARGUMENT);
    CHECK_EQ(egret_ws_local_address(r.ws, NULL, 1), EGRET_WS_ERR_INVALID_ARGUMENT);
    CHECK_EQ(egret_ws_tried_addresses(r.ws, NULL, 1), EGRET_WS_ERR_INVALID_ARGUMENT);
    CHECK_EQ(egret_ws_buffered_amount(r.ws), 0);
    expect_echo(loop, &r);
    CHECK_EQ(r.messages, 1);
    close_and_free(loop, &r);
}

/* No options and no callbacks: the program polls for the socket's state. */
static void nothing_but_what_is_needed(void) {
    egret_ws_loop *loop = NULL;
    egret_ws *ws = NULL;
    CHECK_OK(egret_ws_loop_new(NULL, &loop));
    CHECK_OK(egret_ws_connect(loop, echo_url, NULL, &ws));
    POLL_UNTIL(loop, egret_ws_state(ws) == EGRET_WS_STATE_OPEN);
    CHECK_OK(egret_ws_send(ws, EGRET_WS_TEXT, "without callbacks", EGRET_WS_NUL_TERMINATED));
    CHECK_OK(egret_ws_close(ws, 0, NULL, 0));
    POLL_UNTIL(loop, egret_ws_state(ws) == EGRET_WS_STATE_CLOSED);
    CHECK_OK(egret_ws_free(ws));
    CHECK_OK(egret_ws_loop_free(loop, NULL));
}

static void names_are_never_null(void) {
    CHECK(strcmp(egret_ws_error_name(EGRET_WS_OK), "EGRET_WS_OK") == 0);
    CHECK(strcmp(egret_ws_error_name(EGRET_WS_ERR_NOT_OPEN), "EGRET_WS_ERR_NOT_OPEN") == 0);
    CHECK(strcmp(egret_ws_error_name(EGRET_WS_ERR_ABORTED), "EGRET_WS_ERR_ABORTED") == 0);
    CHECK(strcmp(egret_ws_error_name(1), "EGRET_WS_ERR_?") == 0);
    CHECK(strcmp(egret_ws_error_name(INT32_MIN), "EGRET_WS_ERR_?") == 0);
    CHECK_EQ(egret_ws_version_number(), EGRET_WS_VERSION_NUMBER);
    CHECK(strlen(egret_ws_version_string()) >= strlen("0.1.0"));
}

int main(int argc, char **argv) {
    egret_ws_loop *loop;

    begin(argc, argv);
    without_handles();
    loop = new_loop();
    without_handles();
    refused_connects(loop);
    on_an_open_socket(loop);
    free_loop(loop);
    nothing_but_what_is_needed();
    names_are_never_null();
    return 0;
}
