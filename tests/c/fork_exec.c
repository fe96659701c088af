/* The child of a fork can end, or run another program, whatever the thread of the loop is doing. That program inherits no descriptor
 * of the library, because all are close-on-exec. The connections of the parent continue. */
#include "server.h"

#include <dirent.h>
#include <sys/wait.h>

enum { ROUNDS = SLOW ? 3 : 20, MOST = 1000 };

static const char *me; /* the path of this program: run again, it prints how many descriptors it inherited */

static int open_descriptors(void) {
    struct dirent *entry;
    int count = 0;
    DIR *dir = opendir("/proc/self/fd");
    CHECK(dir != NULL);
    while ((entry = readdir(dir)) != NULL) count += entry->d_name[0] != '.';
    closedir(dir);
    return count - 1; /* without the descriptor of the directory */
}

static void list_descriptors(void) {
    char path[40], target[200];
    int fd;
    for (fd = 0; fd < MOST; fd++) {
        ssize_t len;
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        len = readlink(path, target, sizeof target - 1);
        if (len < 0) continue;
        target[len] = '\0';
        fprintf(stderr, "  %d: %s\n", fd, target);
    }
}

/* Descriptors that were open before the library made any. */
static char was_open[MOST];

static void note_open_descriptors(void) {
    int fd;
    for (fd = 0; fd < MOST; fd++) was_open[fd] = fcntl(fd, F_GETFD) >= 0;
}

/* Checks that each descriptor of the library is close-on-exec. Returns their number. */
static int check_close_on_exec(void) {
    int fd, count = 0;
    for (fd = 0; fd < MOST; fd++) {
        const int flags = was_open[fd] ? -1 : fcntl(fd, F_GETFD);
        if (flags < 0) continue;
        CHECK(flags & FD_CLOEXEC);
        count++;
    }
    return count;
}

static int wait_for(pid_t child) {
    int status = -1;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* The number of descriptors that another program has after fork and exec. */
static int inherited(void) {
    const pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        alarm(WAIT_LIMIT_MS / 1000);
        execl(me, me, "list", (char *)NULL);
        _exit(255);
    }
    return wait_for(child);
}

static void expect_end_without_exec(int by_exit) {
    const pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        alarm(WAIT_LIMIT_MS / 1000);
        /* exit runs the destructors of a process whose other threads are gone. A search for leaks there would report the
         * memory of those threads. */
        if (by_exit && !SANITIZED) exit(9);
        _exit(9);
    }
    CHECK_EQ(wait_for(child), 9);
}

/* The I/O thread works, and a connection is being made. */
static void keep_busy(recorder *r) {
    static uint8_t payload[20000];
    int i;
    for (i = 0; i < 20; i++) CHECK_OK(egret_ws_send(r->ws, EGRET_WS_BINARY, payload, sizeof payload));
}

int main(int argc, char **argv) {
    static recorder talking, connecting;
    egret_ws_loop *loop;
    listener silent;
    int before, round;

    if (argc == 2) {
        list_descriptors();
        return open_descriptors();
    }
    me = argv[0];
    begin(argc, argv);
    silent = listen_silently(); /* exec does not close it: it is counted before and after */
    before = inherited();
    CHECK(before >= 4);
    CHECK_EQ(before, open_descriptors());

    note_open_descriptors();
    loop = new_loop();
    CHECK(check_close_on_exec() >= 2);
    CHECK(egret_ws_loop_descriptor(loop) >= 0);
    CHECK(check_close_on_exec() >= 2);
    begin_connect(loop, silent.url, &connecting);
    open_socket(loop, echo_url, &talking);
    CHECK(open_descriptors() >= before + 4); /* two sockets, and at least two of the loop's */
    CHECK(check_close_on_exec() >= 4);
    for (round = 0; round < ROUNDS; round++) {
        const int seen = talking.messages;
        keep_busy(&talking);
        CHECK_EQ(inherited(), before);
        expect_end_without_exec(0);
        expect_end_without_exec(1);
        POLL_UNTIL(loop, talking.messages == seen + 20);
        expect_echo(loop, &talking);
    }
    CHECK_EQ(egret_ws_state(connecting.ws), EGRET_WS_STATE_CONNECTING);
    close_and_free(loop, &talking);
    settle(loop);
    free_loop(loop);
    CHECK_EQ(open_descriptors(), before);
    close_listener(&silent);
    return 0;
}
