/* A panic inside the library does not cross the ABI: the call, the connection or the loop it hit says INTERNAL, and all
 * else goes on. A debug build of the library panics where EGRET_WS_FAULT says. */
#include "check.h"

/* A fault is read from the environment when a loop is made, and strikes once, wherever its place is passed next. This
 * loop is inline and not polled: it will not be the one. */
static egret_ws_loop *arm(const char *fault) {
    egret_ws_loop_options options = loop_options();
    egret_ws_loop *idle = NULL;
    options.flags = EGRET_WS_LOOP_INLINE;
    CHECK_EQ(setenv("EGRET_WS_FAULT", fault, 1), 0);
    CHECK_OK(egret_ws_loop_new(&options, &idle));
    CHECK_EQ(unsetenv("EGRET_WS_FAULT"), 0);
    return idle;
}

static void in_an_export(void) {
    egret_ws_loop *loop = new_loop(), *idle = arm("export");
    CHECK_EQ(egret_ws_loop_poll(loop, 0), EGRET_WS_ERR_INTERNAL);
    settle(loop);
    free_loop(loop);
    free_loop(idle);
}

/* It hits the first connection that is turned; which one that is, is left open. */
static void in_a_connection(void) {
    static recorder r[3];
    egret_ws_loop *loop = new_loop(), *idle = arm("connection");
    int i, hit = 0;

    for (i = 0; i < 3; i++) begin_connect(loop, echo_url, &r[i]);
    for (i = 0; i < 3; i++) {
        POLL_UNTIL(loop, r[i].connects + r[i].closes > 0);
        if (r[i].connects == 1) {
            expect_echo(loop, &r[i]);
            close_and_free(loop, &r[i]);
        } else {
            hit++;
            POLL_UNTIL(loop, r[i].releases == 1);
            CHECK_EQ(r[i].report.error, EGRET_WS_ERR_INTERNAL);
            CHECK_EQ(egret_ws_state(r[i].ws), EGRET_WS_STATE_CLOSED);
            free_socket(&r[i]);
        }
    }
    CHECK_EQ(hit, 1);
    settle(loop);
    free_loop(loop);
    free_loop(idle);
}

/* The loop can do nothing more: each of its sockets is told, and no new one is taken. Another loop goes on. */
static void in_the_engine(void) {
    static recorder r[3], late;
    const egret_ws_options options = recorder_options(&late);
    egret_ws_loop *loop = new_loop(), *idle;
    int i;

    for (i = 0; i < 3; i++) open_socket(loop, echo_url, &r[i]);
    idle = arm("engine");
    CHECK_OK(egret_ws_send_text(r[0].ws, "wake up", EGRET_WS_NUL_TERMINATED));
    for (i = 0; i < 3; i++) {
        POLL_UNTIL(loop, r[i].releases == 1);
        CHECK_EQ(r[i].closes, 1);
        CHECK_EQ(r[i].report.error, EGRET_WS_ERR_INTERNAL);
        CHECK_EQ(egret_ws_send_text(r[i].ws, "x", 1), EGRET_WS_ERR_NOT_OPEN);
        free_socket(&r[i]);
    }
    CHECK_EQ(egret_ws_connect_url(loop, echo_url, &options, &late.ws), EGRET_WS_ERR_INTERNAL);
    CHECK(late.ws == NULL);
    settle(idle);
    free_loop(loop);
    free_loop(idle);
    CHECK_EQ(late.releases, 0);
}

int main(int argc, char **argv) {
    egret_ws_loop *loop;

    begin(argc, argv);
    in_an_export();
    in_a_connection();
    in_the_engine();

    /* nothing of it stays with the process */
    loop = new_loop();
    settle(loop);
    free_loop(loop);
    return 0;
}
