/* The client that Autobahn's suite tests. It uses only the public header. Each case is one socket, which sends back each message until
 * it is closed. The server judges; this program fails only if a case cannot be run or does not end.
 *
 * usage: client threaded|inline PORT AGENT [CASE...]      CASE is for example 9.1.2; the default is all cases
 */
#include <egret_ws.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Cases run at the same time, because some of them wait for seconds. */
#define WINDOW 8

/* One request to the server: a case, or a request before or after the cases. */
struct job {
    egret_ws *ws; /* NULL: this place is free */
    char url[256];
    time_t started;
    int connected;
    int closed;
};

static egret_ws_loop *loop;
static struct job jobs[WINDOW];
static unsigned long case_count;

static void die(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("client: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

static void check(int32_t result, const char *what) {
    if (result < 0) {
        die("%s: %s", what, egret_ws_error_name(result));
    }
}

static void on_connect(void *user, egret_ws *ws) {
    (void)ws;
    ((struct job *)user)->connected = 1;
}

static void on_count(void *user, egret_ws *ws, int32_t kind, const uint8_t *data, size_t len) {
    (void)user, (void)ws, (void)kind, (void)len;
    case_count = strtoul((const char *)data, NULL, 10);
}

static void on_case_data(void *user, egret_ws *ws, int32_t kind, const uint8_t *data, size_t len) {
    int32_t result = kind == EGRET_WS_TEXT ? egret_ws_send(ws, EGRET_WS_TEXT, (const char *)data, len)
                                           : egret_ws_send(ws, EGRET_WS_BINARY, data, len);
    /* NOT_OPEN: the server closed after its message. */
    if (result != EGRET_WS_ERR_NOT_OPEN) {
        check(result, ((struct job *)user)->url);
    }
}

static void on_close(void *user, egret_ws *ws, const egret_ws_close_info *info) {
    struct job *job = user;
    if (!job->connected) {
        die("%s: %s: %s", job->url, egret_ws_error_name(info->error), info->message);
    }
    job->closed = 1;
    check(egret_ws_free(ws), job->url);
}

static void on_release(void *user) {
    struct job *job = user;
    if (!job->closed) {
        die("%s: released before it was closed", job->url);
    }
    job->ws = NULL;
}

/* Runs callbacks until one place is free, or until all places are free. */
static struct job *wait_for_place(int all) {
    for (;;) {
        struct job *place = NULL;
        time_t now = time(NULL);
        int places = 0;
        int i;
        for (i = 0; i < WINDOW; i++) {
            if (jobs[i].ws == NULL) {
                place = &jobs[i];
                places++;
            } else if (difftime(now, jobs[i].started) > CASE_SECONDS) {
                die("%s: did not end within %d seconds", jobs[i].url, CASE_SECONDS);
            }
        }
        if (places >= (all ? WINDOW : 1)) {
            return place;
        }
        check(egret_ws_loop_poll(loop, 100), "poll");
    }
}

static void request(const char *port, const char *path, egret_ws_on_message_fn on_message) {
    struct job *job = wait_for_place(0);
    egret_ws_options options;
    int length = snprintf(job->url, sizeof job->url, "ws://127.0.0.1:%s%s", port, path);
    if (length < 0 || (size_t)length >= sizeof job->url) {
        die("too long: %s", path);
    }
    job->started = time(NULL);
    job->connected = 0;
    job->closed = 0;
    check(egret_ws_options_init(&options, sizeof options), "options");
    options.user = job;
    options.on_connect = on_connect;
    options.on_message = on_message;
    options.on_close = on_close;
    options.release_user = on_release;
    check(egret_ws_connect(loop, job->url, &options, &job->ws), job->url);
}

int main(int argc, char **argv) {
    const char *port, *agent;
    egret_ws_loop_options options;
    char path[160];
    int named, i;
    if (argc < 4 || (strcmp(argv[1], "threaded") != 0 && strcmp(argv[1], "inline") != 0)) {
        die("usage: client threaded|inline PORT AGENT [CASE...]");
    }
    port = argv[2];
    agent = argv[3];
    named = argc - 4;

    check(egret_ws_loop_options_init(&options, sizeof options), "options");
    options.flags = strcmp(argv[1], "inline") == 0 ? EGRET_WS_LOOP_INLINE : 0;
    check(egret_ws_loop_new(&options, &loop), "loop");

    request(port, "/getCaseCount", on_count);
    wait_for_place(1);
    if (case_count == 0) {
        die("the server has no cases");
    }
    for (i = 0; i < (named > 0 ? named : (int)case_count); i++) {
        if (named > 0) {
            snprintf(path, sizeof path, "/runCase?agent=%s&casetuple=%s", agent, argv[4 + i]);
        } else {
            snprintf(path, sizeof path, "/runCase?agent=%s&case=%d", agent, i + 1);
        }
        request(port, path, on_case_data);
    }
    wait_for_place(1);
    snprintf(path, sizeof path, "/updateReports?agent=%s", agent);
    request(port, path, NULL);
    wait_for_place(1);
    check(egret_ws_loop_free(loop, NULL), "loop_free");
    return 0;
}
