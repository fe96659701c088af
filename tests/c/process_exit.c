/* A process may end at any time, by exit() or by returning from main, with live sockets and loops that are not freed. It may
 * end in any thread and in any callback, and while the I/O thread works. It ends at once with its own status, and no callback
 * is made meanwhile. */
#include "blocked_lookup.h"
#include "server.h"

#include <dlfcn.h>
#include <poll.h>
#include <sys/wait.h>

enum { STATUS = 7, ROUNDS = SLOW ? 1 : 20 }; /* with ThreadSanitizer exit() sleeps for a second */

static egret_ws_loop *loop, *another;
static recorder talking, connecting, looking_up;
static listener silent;

/* Sockets in all states, and events that wait for a poll. */
static void have_live_sockets(void) {
    loop = new_loop();
    another = new_loop();
    begin_connect(another, "ws://hung.test/", &looking_up);
    begin_connect(loop, silent.url, &connecting);
    open_socket(loop, echo_url, &talking);
    WAIT_UNTIL(a_lookup_hangs());
}

static void keep_busy(void) {
    static uint8_t payload[20000];
    int i;
    for (i = 0; i < 20; i++) CHECK_OK(egret_ws_send(talking.ws, EGRET_WS_BINARY, payload, sizeof payload));
}

/* Each of these functions runs in a separate process; main returns its result. */

static int by_returning(int round) {
    (void)round;
    have_live_sockets();
    keep_busy();
    return STATUS;
}

/* The I/O thread may be at any point of its work. */
static int by_exit(int round) {
    const int64_t until_us = now_us() + round * 100;
    have_live_sockets();
    keep_busy();
    while (now_us() < until_us) CHECK(poll_loop(loop, 0) >= 0);
    exit(STATUS);
}

static void exit_here(recorder *r) {
    (void)r;
    exit(STATUS);
}

static int in_on_connect(int round) {
    (void)round;
    talking.then_connect = exit_here;
    have_live_sockets();
    return 1;
}

static int in_on_data(int round) {
    (void)round;
    have_live_sockets();
    talking.then_data = exit_here;
    keep_busy();
    POLL_UNTIL(loop, 0);
    return 1;
}

static int in_on_close(int round) {
    (void)round;
    have_live_sockets();
    talking.then_close = exit_here;
    CHECK_OK(egret_ws_close(talking.ws, 1000, NULL, 0));
    POLL_UNTIL(loop, 0);
    return 1;
}

static int in_release_user(int round) {
    (void)round;
    have_live_sockets();
    connecting.then_release = exit_here;
    free_socket(&connecting);
    if (round % 2 == 0) free_loop(loop);
    POLL_UNTIL(loop, 0);
    return 1;
}

static void exit_when_woken(void *user) {
    (void)user;
    exit(STATUS);
}

/* Runs on the I/O thread, or inside a call of this thread. */
static int in_the_wakeup_callback(int round) {
    have_live_sockets();
    if (driver == EGRET_WS_LOOP_INLINE) return STATUS;
    CHECK_OK(egret_ws_loop_set_wakeup(loop, exit_when_woken, NULL));
    if (round % 2 == 0) keep_busy();
    else free_socket(&talking);
    WAIT_UNTIL(0);
    return 1;
}

static void exit_when_logged(void *user, int32_t level, const char *text, egret_ws *ws) {
    (void)user, (void)level, (void)ws;
    if (strstr(text, "connected") != NULL) exit(STATUS);
}

static int in_on_log(int round) {
    egret_ws_loop_options options = loop_options();
    (void)round;
    options.on_log = exit_when_logged;
    CHECK_OK(egret_ws_loop_new(&options, &loop));
    open_socket(loop, echo_url, &talking);
    POLL_UNTIL(loop, 0);
    return 1;
}

static void *exit_soon(void *argument) {
    (void)argument;
    keep_busy();
    exit(STATUS);
    return NULL;
}

/* This thread ends the process while the first one polls without limit. */
static int on_another_thread(int round) {
    pthread_t thread;
    (void)round;
    have_live_sockets();
    CHECK_EQ(pthread_create(&thread, NULL, exit_soon, NULL), 0);
    while (poll_loop(loop, -1) >= 0) continue;
    return 1;
}

/* Frees the loop in exit(), as destructors of static objects do. */
static void say_goodbye(void) {
    CHECK_OK(egret_ws_send(talking.ws, EGRET_WS_TEXT, "goodbye", EGRET_WS_NUL_TERMINATED));
    CHECK_OK(egret_ws_close(talking.ws, 1000, NULL, 0));
    POLL_UNTIL(loop, talking.releases == 1);
    CHECK_EQ(talking.report.error, EGRET_WS_OK);
    free_socket(&talking);
    free_loop(loop);
    free_loop(another);
    settle(new_loop());
}

static int with_a_handler(int round) {
    (void)round;
    CHECK_EQ(atexit(say_goodbye), 0);
    have_live_sockets();
    return STATUS;
}

/* Runs after OpenSSL has cleaned up, and waits: a thread that still uses OpenSSL would crash now. */
static void take_time(void) {
    poll(NULL, 0, 20);
}

/* For LeakSanitizer: a process that ends while TLS is in use intentionally does not free the memory of TLS. */
static int leaves_memory;
#ifdef __cplusplus
extern "C"
#endif
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void) {
    return leaves_memory;
}

/* Connects with TLS to a server that never answers, while a thread of the library reads the trusted roots. The host has used
 * OpenSSL before, if this system has it, so that OpenSSL cleans up at exit. */
static egret_ws_loop *begin_tls(void) {
    static recorder secure[3];
    static char urls[3][64];
    egret_ws_loop *const tls = new_loop();
    void *const openssl = dlopen("libssl.so.3", RTLD_NOW);
    int i;
    leaves_memory = 1;
    CHECK_EQ(atexit(take_time), 0);
    if (openssl != NULL) {
        void *const found = dlsym(openssl, "OPENSSL_init_ssl");
        int (*init)(uint64_t, const void *);
        CHECK(found != NULL);
        memcpy(&init, &found, sizeof init);
        CHECK_EQ(init(0, NULL), 1);
    }
    for (i = 0; i < 3; i++) {
        snprintf(urls[i], sizeof urls[i], "wss%s", silent.url + 2);
        begin_connect(tls, urls[i], &secure[i]);
    }
    return tls;
}

static void poll_for(egret_ws_loop *which, int us) {
    const int64_t until_us = now_us() + us;
    do CHECK(poll_loop(which, 0) >= 0);
    while (now_us() < until_us);
}

static int while_roots_are_read(int round) {
    poll_for(begin_tls(), round * 300);
    return STATUS;
}

static int while_roots_are_read_and_the_loop_is_freed(int round) {
    egret_ws_loop *const tls = begin_tls();
    poll_for(tls, round * 300);
    free_loop(tls);
    exit(STATUS);
}

/* A host may clean up OpenSSL itself while a loop uses it. */
static int after_openssl_cleanup(int round) {
    egret_ws_loop *const tls = begin_tls();
    void *const openssl = dlopen("libcrypto.so.3", RTLD_NOW);
    poll_for(tls, round * 300);
    if (openssl != NULL) {
        void *const found = dlsym(openssl, "OPENSSL_cleanup");
        void (*cleanup)(void);
        CHECK(found != NULL);
        memcpy(&cleanup, &found, sizeof cleanup);
        cleanup();
    }
    take_time();
    if (round % 2 == 0) free_loop(tls);
    return STATUS;
}

typedef int ending(int round);

int main(int argc, char **argv) {
    static ending *const endings[] = {by_returning,    by_exit,         in_on_connect,          in_on_data, in_on_close,
                                        in_release_user, in_on_log,       in_the_wakeup_callback, on_another_thread,
                                        with_a_handler,  while_roots_are_read,
                                        while_roots_are_read_and_the_loop_is_freed,
                                        after_openssl_cleanup};
    const int count = (int)(sizeof endings / sizeof *endings);
    int i, round, status;

    begin(argc, argv);
    silent = listen_silently();
    for (i = 0; i < count; i++) {
        for (round = 0; round < ROUNDS; round++) {
            /* This process has made no loop, and has one thread. */
            const pid_t child = fork();
            CHECK(child >= 0);
            if (child == 0) {
                alarm(WAIT_LIMIT_MS / 1000);
                return endings[i](round);
            }
            CHECK_EQ(waitpid(child, &status, 0), child);
            if (WIFEXITED(status) && WEXITSTATUS(status) == STATUS) continue;
            fprintf(stderr, "ending %d, round %d: wait status %#x\n", i, round, (unsigned)status);
            fail(__FILE__, __LINE__, "the process did not end with the expected status");
        }
    }
    close_listener(&silent);
    return 0;
}
