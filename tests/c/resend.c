/* on_retry reports the messages and bytes that were accepted but not sent when a connection was lost. They are dropped or, with
 * EGRET_WS_RESEND, kept and sent first on the next connection. */
#include "retry_recorder.h"

static void lose_and_return(egret_ws_loop *loop, uint32_t flags) {
    static retry_recorder t;
    static server peer;
    listener port = reserve();
    egret_ws_options options = long_timeout_options(&t);
    int64_t accepted, kept;

    options.flags = flags;
    serve_again(&peer, &port, never_read);
    CHECK_OK(egret_ws_connect(loop, port.url, &options, &t.r.ws));
    POLL_UNTIL(loop, t.r.connects == 1);
    accepted = fill(loop, &t.r);
    stop_server(&peer);
    POLL_UNTIL(loop, t.retries == 1);
    CHECK(t.lost.unsent_messages > 0 && t.lost.unsent_messages < accepted);
    CHECK_EQ(t.lost.unsent_bytes, (uint64_t)t.lost.unsent_messages * PART);
    kept = flags & EGRET_WS_RESEND ? t.lost.unsent_messages : 0;
    CHECK_EQ(egret_ws_buffered_amount(t.r.ws), kept * PART);

    serve_again(&peer, &port, swallow);
    CHECK_OK(egret_ws_retry_now(t.r.ws));
    POLL_UNTIL(loop, t.r.connects == 1);
    CHECK_OK(egret_ws_send(t.r.ws, EGRET_WS_TEXT, "the last", EGRET_WS_NUL_TERMINATED));
    POLL_UNTIL(loop, SERVER_SAW(peer, messages) == kept + 1);
    CHECK_EQ(SERVER_SAW(peer, bytes), kept * PART + 8);
    close_and_free(loop, &t.r);
    stop_server(&peer);
    close_listener(&port);
}

int main(int argc, char **argv) {
    egret_ws_loop *loop;
    begin(argc, argv);
    loop = new_loop();
    lose_and_return(loop, 0);
    lose_and_return(loop, EGRET_WS_RESEND);
    settle(loop);
    free_loop(loop);
    return 0;
}
