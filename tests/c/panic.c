/* A panic inside the library does not cross the ABI: the affected call, connection or loop reports INTERNAL, and the rest
 * continues. The loop's log gets one line at the level of errors, with the panic's message and its place in the source. A debug
 * build of the library panics at the place that EGRET_WS_FAULT names. */
#include "server.h"

#include <netdb.h>

/* Replaces the resolver of the C library: it asks no server and immediately finds nothing. */
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
    (void)name, (void)service, (void)hints, (void)found;
    return EAI_NONAME;
}

/* The lines at the level of errors; they may come from the I/O thread. */
static pthread_mutex_t journal_lock = PTHREAD_MUTEX_INITIALIZER;
static int errors;
static char last_error[512];
static egret_ws *last_ws;

static void write_down(void *user, int32_t level, const char *text, egret_ws *ws) {
    print_log(user, level, text, ws);
    if (level != EGRET_WS_LOG_ERROR) return;
    pthread_mutex_lock(&journal_lock);
    errors++;
    last_ws = ws;
    snprintf(last_error, sizeof last_error, "%s", text);
    pthread_mutex_unlock(&journal_lock);
}

static egret_ws_loop *new_logging_loop(void) {
    egret_ws_loop_options options = loop_options();
    egret_ws_loop *loop = NULL;
    options.on_log = write_down;
    CHECK_OK(egret_ws_loop_new(&options, &loop));
    return loop;
}

/* Checks that one line came since the last check, about a panic at this place. */
static void expect_line(const char *place, const egret_ws *ws) {
    char message[64];
    snprintf(message, sizeof message, "a panic that a test asked for: %s ", place);
    pthread_mutex_lock(&journal_lock);
    CHECK_EQ(errors, 1);
    CHECK(strstr(last_error, message) != NULL);
    CHECK(strstr(last_error, "src/failpoint.rs:") != NULL);
    CHECK(last_ws == ws);
    errors = 0;
    pthread_mutex_unlock(&journal_lock);
}

/* The library reads a fault from the environment when a loop is made. The next code that reaches its place panics, once. This loop
 * is inline and not polled, so it never panics itself. */
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
    egret_ws_loop *loop = new_logging_loop(), *idle = arm("export");
    recorder *r = (recorder *)calloc(1, sizeof *r);
    CHECK(r != NULL);
    CHECK_EQ(egret_ws_loop_poll(loop, 0), EGRET_WS_ERR_INTERNAL);
    CHECK(strstr(egret_ws_last_error_message(), "a panic that a test asked for") != NULL);
    expect_line("Export", NULL);
    settle(loop);
    free_loop(idle);

    open_socket(loop, echo_url, r);
    idle = arm("export");
    CHECK_EQ(egret_ws_send(r->ws, EGRET_WS_TEXT, "x", 1), EGRET_WS_ERR_INTERNAL);
    expect_line("Export", r->ws);
    expect_echo(loop, r);
    close_and_free(loop, r);
    free(r);
    free_loop(loop);
    free_loop(idle);
}

/* The panic occurs in the connection that the engine runs first, which may be any of them. */
static void in_a_connection(void) {
    static recorder r[3];
    egret_ws_loop *loop = new_logging_loop(), *idle = arm("connection");
    egret_ws *panicked = NULL;
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
            panicked = r[i].ws;
            free_socket(&r[i]);
        }
    }
    CHECK_EQ(hit, 1);
    expect_line("Connection", panicked);
    settle(loop);
    free_loop(loop);
    free_loop(idle);
}

/* After a panic of its engine a loop closes its sockets and accepts no new ones. Another loop continues. */
static void in_the_engine(void) {
    static recorder r[3], late;
    const egret_ws_options options = recorder_options(&late);
    egret_ws_loop *loop = new_logging_loop(), *idle;
    int i;

    for (i = 0; i < 3; i++) open_socket(loop, echo_url, &r[i]);
    idle = arm("engine");
    CHECK_OK(egret_ws_send(r[0].ws, EGRET_WS_TEXT, "wake up", EGRET_WS_NUL_TERMINATED));
    for (i = 0; i < 3; i++) {
        POLL_UNTIL(loop, r[i].releases == 1);
        CHECK_EQ(r[i].closes, 1);
        CHECK_EQ(r[i].report.error, EGRET_WS_ERR_INTERNAL);
        CHECK_EQ(egret_ws_send(r[i].ws, EGRET_WS_TEXT, "x", 1), EGRET_WS_ERR_NOT_OPEN);
        free_socket(&r[i]);
    }
    CHECK_EQ(egret_ws_connect(loop, echo_url, &options, &late.ws), EGRET_WS_ERR_INTERNAL);
    CHECK(late.ws == NULL);
    expect_line("Engine", NULL);
    settle(idle);
    free_loop(loop);
    free_loop(idle);
    CHECK_EQ(late.releases, 0);
}

/* A worker thread has panicked: the engine of the loop writes the line, because workers make no callbacks. */
static void on_a_worker(const char *fault, const char *place, const char *url) {
    egret_ws_loop *loop = new_logging_loop(), *idle = arm(fault);
    recorder *r = (recorder *)calloc(1, sizeof *r);
    CHECK(r != NULL);
    begin_connect(loop, url, r);
    POLL_UNTIL(loop, r->releases == 1);
    CHECK_EQ(r->connects, 0);
    if (r->report.error != EGRET_WS_ERR_RESOLVE) CHECK_EQ(r->report.error, EGRET_WS_ERR_INTERNAL);
    expect_line(place, NULL);
    free_socket(r);
    settle(loop);
    free_loop(loop);
    free_loop(idle);
    free(r);
}

static void while_a_loop_is_made(void) {
    egret_ws_loop_options options = loop_options();
    egret_ws_loop *loop = NULL, *idle = arm("loop");
    options.on_log = write_down;
    CHECK_EQ(egret_ws_loop_new(&options, &loop), EGRET_WS_ERR_INTERNAL);
    CHECK(strstr(egret_ws_last_error_message(), "a panic that a test asked for") != NULL);
    CHECK(loop == NULL);
    expect_line("Loop", NULL);
    free_loop(idle);
}

int main(int argc, char **argv) {
    egret_ws_loop *loop;
    listener silent;
    char secure[sizeof silent.url + 1];

    begin(argc, argv);
    in_an_export();
    in_a_connection();
    in_the_engine();
    while_a_loop_is_made();
    on_a_worker("look-up", "LookUp", "ws://name.invalid/");
    silent = listen_silently();
    snprintf(secure, sizeof secure, "wss%s", silent.url + 2);
    on_a_worker("roots", "Roots", secure);
    close_listener(&silent);

    /* no effect of the panics remains in the process */
    loop = new_loop();
    settle(loop);
    free_loop(loop);
    return 0;
}
