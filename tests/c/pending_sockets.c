/* The number of sockets that wait for the loop is limited. A host that connects and frees without a poll gets an error at
 * EGRET_WS_MAX_PENDING_SOCKETS, and can connect again after a poll. Ten thousand sockets at once are allowed. Freeing the loop
 * does not wait for the queued sockets. */
#include "server.h"

enum { MOST = EGRET_WS_MAX_PENDING_SOCKETS, IN_ONE_GO = SANITIZED ? 1000 : 10000 };

static int releases, log_lines;

static void released(void *user) {
    (void)user;
    releases++;
}

static void log_refusals(void *user, int32_t level, const char *text, egret_ws *ws) {
    (void)user, (void)level, (void)ws;
    log_lines += strstr(text, "EGRET_WS_MAX_PENDING_SOCKETS") != NULL;
}

static egret_ws_loop *loop_that_counts(void) {
    egret_ws_loop_options options = loop_options();
    egret_ws_loop *loop = NULL;
    options.on_log = log_refusals;
    options.log_level = EGRET_WS_LOG_WARN;
    options.poll_max_callbacks = UINT32_MAX;
    CHECK_OK(egret_ws_loop_new(&options, &loop));
    return loop;
}

static int32_t connect_to(egret_ws_loop *loop, const char *url, egret_ws **ws) {
    egret_ws_options options;
    CHECK_OK(egret_ws_options_init(&options, sizeof options));
    options.release_user = released;
    return egret_ws_connect(loop, url, &options, ws);
}

static void freed_sockets_are_bounded(const char *url) {
    egret_ws_loop *loop = loop_that_counts();
    int made = 0, i;
    int32_t error = EGRET_WS_OK;
    releases = log_lines = 0;
    while (error == EGRET_WS_OK) {
        egret_ws *ws = NULL;
        CHECK(made <= MOST);
        error = connect_to(loop, url, &ws);
        if (error == EGRET_WS_OK) {
            made++;
            CHECK_OK(egret_ws_free(ws));
        } else {
            CHECK(ws == NULL);
        }
    }
    CHECK_EQ(error, EGRET_WS_ERR_NO_RESOURCES);
    CHECK_EQ(log_lines, 1);
    CHECK_EQ(made, MOST); /* with both drivers they wait for a poll */
    POLL_UNTIL(loop, releases == made);
    for (i = 0; i < 100; i++) {
        egret_ws *ws = NULL;
        CHECK_OK(connect_to(loop, url, &ws));
        CHECK_OK(egret_ws_free(ws));
        made++;
    }
    free_loop(loop);
    CHECK_EQ(releases, made);
}

static void many_are_opened_in_one_go(const char *url) {
    egret_ws_loop *loop = loop_that_counts();
    int i;
    releases = 0;
    for (i = 0; i < IN_ONE_GO; i++) {
        egret_ws *ws = NULL;
        CHECK_OK(connect_to(loop, url, &ws));
        /* Most of them never get a descriptor; that is not an error here. */
    }
    callbacks_may_run = 1;
    CHECK_OK(egret_ws_loop_free(loop, NULL));
    callbacks_may_run = 0;
    CHECK_EQ(releases, IN_ONE_GO);
}

int main(int argc, char **argv) {
    listener unused;
    begin(argc, argv);
    unused = bind_loopback();
    freed_sockets_are_bounded(unused.url);
    many_are_opened_in_one_go(unused.url);
    close_listener(&unused);
    return 0;
}
