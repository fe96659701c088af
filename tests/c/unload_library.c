/* The library can be loaded at run time, used, unloaded and loaded again. If it is unloaded with a live loop, it stays in memory and its
 * threads continue.
 *
 * This program is not linked with the library: it looks up by name each function that it calls. */
#define _POSIX_C_SOURCE 200809L /* as in check.h, which comes later */

#include "egret_ws.h"

/* The functions that this file and check.h use. */
#define FUNCTIONS(each) \
    each(error_name)    \
    each(loop_options_init) each(loop_new) each(loop_poll) each(loop_free) each(loop_next_poll_ms) \
    each(options_init) each(connect) each(send) each(close) each(free) each(state)

#define DECLARE(name) static __typeof__(&egret_ws_##name) found_##name;
FUNCTIONS(DECLARE)

#define egret_ws_error_name found_error_name
#define egret_ws_loop_options_init found_loop_options_init
#define egret_ws_loop_new found_loop_new
#define egret_ws_loop_poll found_loop_poll
#define egret_ws_loop_free found_loop_free
#define egret_ws_loop_next_poll_ms found_loop_next_poll_ms
#define egret_ws_options_init found_options_init
#define egret_ws_connect found_connect
#define egret_ws_send found_send
#define egret_ws_close found_close
#define egret_ws_free found_free
#define egret_ws_state found_state

#include "server.h"

#include <dlfcn.h>

static void *library;

static void *look_up(const char *name) {
    void *found = dlsym(library, name);
    if (found == NULL) fail(__FILE__, __LINE__, name);
    return found;
}

/* A pointer to a function cannot be cast from one to an object in ISO C. */
#define LOOK_UP(name)                              \
    do {                                           \
        void *found = look_up("egret_ws_" #name);  \
        memcpy(&found_##name, &found, sizeof found); \
    } while (0);

static void load(void) {
    library = dlopen("libegret_ws.so", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) fail(__FILE__, __LINE__, dlerror());
    FUNCTIONS(LOOK_UP)
}

static void unload(void) {
    CHECK_EQ(dlclose(library), 0);
    library = NULL;
}

static void use(void) {
    egret_ws_loop *loop = new_loop();
    settle(loop);
    free_loop(loop);
}

static int threads(void) {
    char line[128];
    int count = 0;
    FILE *status = fopen("/proc/self/status", "r");
    CHECK(status != NULL);
    while (fgets(line, sizeof line, status) != NULL && sscanf(line, "Threads: %d", &count) == 0) continue;
    fclose(status);
    return count;
}

/* Calls use the pointers that were looked up before. */
static void unloaded_with_a_loop_alive(void) {
    static recorder r;
    egret_ws_loop *loop;

    load();
    loop = new_loop();
    open_socket(loop, echo_url, &r);
    CHECK_OK(egret_ws_send(r.ws, EGRET_WS_TEXT, "on its way", EGRET_WS_NUL_TERMINATED));
    unload();
    if (driver != EGRET_WS_LOOP_INLINE) WAIT_UNTIL(egret_ws_loop_next_poll_ms(loop) == 0); /* its thread has the answer */
    POLL_UNTIL(loop, r.messages == 1);
    expect_echo(loop, &r);
    load(); /* the library that is still in memory: it knows the handles */
    CHECK_EQ(egret_ws_state(r.ws), EGRET_WS_STATE_OPEN);
    close_and_free(loop, &r);
    free_loop(loop);
    unload();
}

/* Also tested without a free before the process ends. */
static void left_alive(void) {
    static recorder r;
    load();
    open_socket(new_loop(), echo_url, &r);
    unload();
}

int main(int argc, char **argv) {
    const int own = threads(); /* one, or more under an emulator */
    int round;

    if (SANITIZED) {
        printf("left out: under a sanitizer the library is linked statically\n");
        return 0;
    }
    if (dlopen("libegret_ws.so", RTLD_NOW | RTLD_NOLOAD) != NULL) fail(__FILE__, __LINE__, "it is loaded already");
    load();
    begin(argc, argv); /* its checks call egret_ws_error_name */
    unload();
    for (round = 0; round < 20; round++) {
        load();
        use();
        unload();
        WAIT_UNTIL(threads() == own);
    }
    unloaded_with_a_loop_alive();
    left_alive();
    return 0;
}
