/* After a fork every call in the child returns EGRET_WS_ERR_FORKED at once. The sockets of the parent continue. */
#include "check.h"

#include <sys/wait.h>

static void in_the_child(egret_ws_loop *loop, egret_ws *ws) {
    egret_ws_loop *new_loop = NULL;
    egret_ws *new_ws = NULL;
    alarm(5); /* a call that waited for a thread of the parent would never return */
    CHECK_EQ(egret_ws_loop_new(NULL, &new_loop), EGRET_WS_ERR_FORKED);
    CHECK(strstr(egret_ws_last_error_message(), "forked child") != NULL);
    CHECK_EQ(egret_ws_loop_poll(loop, -1), EGRET_WS_ERR_FORKED);
    CHECK_EQ(egret_ws_connect_host(loop, "127.0.0.1", 9, NULL, &new_ws), EGRET_WS_ERR_FORKED);
    CHECK_EQ(egret_ws_connect(loop, echo_url, NULL, &new_ws), EGRET_WS_ERR_FORKED);
    CHECK_EQ(egret_ws_send(ws, EGRET_WS_TEXT, "x", 1), EGRET_WS_ERR_FORKED);
    CHECK_EQ(egret_ws_send(ws, EGRET_WS_BINARY, (const uint8_t *)"x", 1), EGRET_WS_ERR_FORKED);
    CHECK_EQ(egret_ws_close(ws, 1000, NULL, 0), EGRET_WS_ERR_FORKED);
    CHECK_EQ(egret_ws_state(ws), EGRET_WS_ERR_FORKED);
    CHECK_EQ(egret_ws_buffered_amount(ws), EGRET_WS_ERR_FORKED);
    CHECK_EQ(egret_ws_subprotocol(ws, NULL, 0), EGRET_WS_ERR_FORKED);
    CHECK_EQ(egret_ws_normalize_url("ws://h/", NULL, 0), EGRET_WS_ERR_FORKED);
    CHECK_EQ(egret_ws_free(ws), EGRET_WS_ERR_FORKED);
    CHECK_EQ(egret_ws_loop_free(loop, NULL), EGRET_WS_ERR_FORKED);
    CHECK(new_loop == NULL && new_ws == NULL);
    _exit(0);
}

int main(int argc, char **argv) {
    static recorder r;
    egret_ws_loop *loop;
    pid_t child;
    int status = -1;

    begin(argc, argv);
    loop = new_loop();
    open_socket(loop, echo_url, &r);
    CHECK_OK(egret_ws_send(r.ws, EGRET_WS_TEXT, "on its way", EGRET_WS_NUL_TERMINATED));

    child = fork();
    CHECK(child >= 0);
    if (child == 0) in_the_child(loop, r.ws);
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);

    POLL_UNTIL(loop, r.messages == 1);
    expect_echo(loop, &r);
    close_and_free(loop, &r);
    settle(loop);
    free_loop(loop);
    return 0;
}
