/* worker_thread URL: a worker thread sends its results itself. All callbacks run on the main thread.
 *
 * Every function except egret_ws_loop_poll and egret_ws_loop_free may be called on any thread, without a lock. */
#define _POSIX_C_SOURCE 200809L
#include <egret_ws.h>
#include <pthread.h>
#include <stdio.h>

enum { RESULTS = 10 };

struct work {
    pthread_t thread;
    egret_ws_loop *loop;
    egret_ws *ws;
    int is_started, answers;
};

static void *compute(void *argument)
{
    struct work *work = argument;
    char text[32];
    int i;
    for (i = 0; i < RESULTS; i++) {
        const int len = snprintf(text, sizeof text, "result %d", i);
        /* The text is copied. Messages of one thread keep their order. A closed or freed socket causes an error, not a crash. */
        if (egret_ws_send(work->ws, EGRET_WS_TEXT, text, (size_t)len) < 0) {
            fprintf(stderr, "%s\n", egret_ws_last_error_message()); /* the message of this thread */
            break;
        }
    }
    egret_ws_loop_wake(work->loop); /* the waiting poll on the main thread returns */
    return NULL;
}

static void on_connect(void *user, egret_ws *ws)
{
    struct work *work = user;
    (void)ws; /* also in work->ws */
    work->is_started = pthread_create(&work->thread, NULL, compute, work) == 0;
}

static void on_message(void *user, egret_ws *ws, egret_ws_kind_t kind, const uint8_t *data, size_t len)
{
    struct work *work = user;
    (void)kind;
    printf("answer: %.*s\n", (int)len, (const char *)data);
    if (++work->answers == RESULTS)
        egret_ws_close(ws, 1000, NULL, 0);
}

static void on_close(void *user, egret_ws *ws, const egret_ws_close_info *info)
{
    (void)user, (void)ws;
    printf("%s\n", info->message);
}

int main(int argc, char **argv)
{
    struct work work = {0};
    egret_ws_options options;
    int32_t result;

    if (argc != 2)
        return fprintf(stderr, "usage: worker_thread URL\n"), 2;
    egret_ws_options_init(&options, sizeof options);
    options.user = &work;
    options.on_connect = on_connect;
    options.on_message = on_message;
    options.on_close = on_close;

    result = egret_ws_loop_new(NULL, &work.loop);
    if (result == EGRET_WS_OK)
        result = egret_ws_connect(work.loop, argv[1], &options, &work.ws);
    while (result >= 0 && egret_ws_state(work.ws) != EGRET_WS_STATE_CLOSED)
        result = egret_ws_loop_poll(work.loop, -1);
    if (result < 0)
        fprintf(stderr, "%s: %s\n", egret_ws_error_name(result), egret_ws_last_error_message());
    if (work.is_started)
        pthread_join(work.thread, NULL); /* before the loop is freed, because the thread uses it */
    egret_ws_loop_free(work.loop, NULL);
    return work.answers != RESULTS;
}
