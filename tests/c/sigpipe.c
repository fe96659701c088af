/* SIGPIPE has its default action, which ends the process. A peer that disconnects while data is written to it does not end the process:
 * on_close reports the loss. */
#include "server.h"

#include <signal.h>
#include <sys/wait.h>

enum { ROUNDS = SLOW ? 5 : 30 };

/* Checks that SIGPIPE ends a process here: otherwise the other tests would prove nothing. */
static void sigpipe_kills(void) {
    struct sigaction action;
    sigset_t set;
    pid_t child;
    int status = 0;

    memset(&action, 0, sizeof action);
    action.sa_handler = SIG_DFL;
    CHECK_EQ(sigaction(SIGPIPE, &action, NULL), 0);
    CHECK_EQ(sigemptyset(&set) + sigaddset(&set, SIGPIPE), 0);
    CHECK_EQ(pthread_sigmask(SIG_UNBLOCK, &set, NULL), 0);
    child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        int ends[2];
        CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
        close(ends[1]);
        _exit(write(ends[0], "x", 1) == -1);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
}

/* Scripts: the ways in which the peer disconnects after the first bytes. */

static void first_bytes(int fd) {
    uint8_t bytes[1000];
    receive_all(fd, bytes, sizeof bytes);
}

/* The peer disconnects immediately, with an RST. */
static void reset(server *s, int fd) {
    const struct linger none = {1, 0};
    (void)s;
    first_bytes(fd);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
}

/* The peer sends an RST, because it has not read everything. */
static void leave(server *s, int fd) {
    (void)s;
    first_bytes(fd);
}

/* The peer sends a FIN. An RST answers the first write after that, and the next write raises SIGPIPE. */
static void half_close(server *s, int fd) {
    first_bytes(fd);
    shutdown(fd, SHUT_WR);
    leave(s, fd);
}

/* As before, but the FIN follows data that the client does not read because the program does not poll. The client continues to write. */
static void half_close_unnoticed(server *s, int fd) {
    int i;
    send_all(fd, s->answer, s->answer_len);
    first_bytes(fd);
    shutdown(fd, SHUT_WR);
    for (i = 0; i < 100; i++) first_bytes(fd);
}

static void lose(egret_ws_loop *loop, void (*script)(server *, int fd), const void *answer, size_t len) {
    static uint8_t payload[10000];
    static server peer;
    static recorder r;
    egret_ws_options options;
    int32_t result;

    memset(&r, 0, sizeof r);
    start_answering_server(&peer, script, answer, len);
    options = recorder_options(&r);
    options.max_receive_queue_bytes = 1;
    CHECK_OK(egret_ws_connect(loop, peer.at.url, &options, &r.ws));
    POLL_UNTIL(loop, r.connects == 1);
    /* Writes as long as possible. The threaded loop needs no poll for it. */
    do {
        result = egret_ws_send(r.ws, EGRET_WS_BINARY, payload, sizeof payload);
        if (driver == EGRET_WS_LOOP_INLINE || result == EGRET_WS_ERR_BACKPRESSURE) CHECK(poll_loop(loop, 0) >= 0);
    } while (result == EGRET_WS_OK || result == EGRET_WS_ERR_BACKPRESSURE);
    CHECK_EQ(result, EGRET_WS_ERR_NOT_OPEN);
    POLL_UNTIL(loop, r.releases == 1);
    CHECK_EQ(r.closes, 1);
    CHECK_EQ(r.report.error, EGRET_WS_ERR_CONNECTION_LOST);
    CHECK_EQ(r.report.initiator, EGRET_WS_INITIATOR_TRANSPORT);
    CHECK(r.report.os_error == 0 || r.report.os_error == ECONNRESET || r.report.os_error == EPIPE);
    fprintf(stderr, "  lost with os_error %d\n", (int)r.report.os_error);
    free_socket(&r);
    stop_server(&peer);
}

int main(int argc, char **argv) {
    static uint8_t answer[20000]; /* 100 messages of 196 bytes */
    egret_ws_loop *loop;
    int i;

    begin(argc, argv);
    sigpipe_kills();
    for (i = 0; i < 100; i++) memcpy(answer + (size_t)i * 200, "\x82\x7e\x00\xc4", 4);
    loop = new_loop();
    for (i = 0; i < ROUNDS; i++) {
        lose(loop, reset, NULL, 0);
        lose(loop, leave, NULL, 0);
        lose(loop, half_close, NULL, 0);
        lose(loop, half_close_unnoticed, answer, sizeof answer);
    }
    settle(loop);
    free_loop(loop);
    return 0;
}
