/* wakeup URL: polls only when there is work, for applications that do not poll in each frame.
 *
 * The wake-up callback runs on another thread. It posts a task to the main thread, here with a condition variable. */
#define _POSIX_C_SOURCE 200809L
#include <egret_ws.h>
#include <pthread.h>
#include <stdio.h>

struct inbox {
    pthread_mutex_t lock;
    pthread_cond_t posted;
    int polls; /* the number of requested polls */
};

static void on_wakeup(void *user)
{
    struct inbox *inbox = user;
    pthread_mutex_lock(&inbox->lock);
    inbox->polls++;
    pthread_cond_signal(&inbox->posted);
    pthread_mutex_unlock(&inbox->lock);
}

static void wait_for_task(struct inbox *inbox)
{
    pthread_mutex_lock(&inbox->lock);
    while (inbox->polls == 0)
        pthread_cond_wait(&inbox->posted, &inbox->lock);
    inbox->polls = 0;
    pthread_mutex_unlock(&inbox->lock);
}

static void on_connect(void *user, egret_ws *ws)
{
    (void)user;
    egret_ws_send(ws, EGRET_WS_TEXT, "Hello main thread", EGRET_WS_NUL_TERMINATED);
}

static void on_message(void *user, egret_ws *ws, egret_ws_kind_t kind, const uint8_t *data, size_t len)
{
    (void)kind;
    printf("received: %.*s\n", (int)len, (const char *)data);
    *(int *)user = 1;
    egret_ws_close(ws, 1000, NULL, 0);
}

int main(int argc, char **argv)
{
    struct inbox inbox = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0};
    int has_answer = 0;
    egret_ws_loop *loop = NULL;
    egret_ws *ws = NULL;
    egret_ws_options options;
    int32_t result;

    if (argc != 2)
        return fprintf(stderr, "usage: wakeup URL\n"), 2;
    egret_ws_options_init(&options, sizeof options);
    options.user = &has_answer;
    options.on_connect = on_connect;
    options.on_message = on_message;

    result = egret_ws_loop_new(NULL, &loop);
    if (result == EGRET_WS_OK)
        result = egret_ws_loop_set_wakeup(loop, on_wakeup, &inbox);
    if (result == EGRET_WS_OK)
        result = egret_ws_connect(loop, argv[1], &options, &ws);
    while (result >= 0 && egret_ws_state(ws) != EGRET_WS_STATE_CLOSED) {
        wait_for_task(&inbox);
        result = egret_ws_loop_poll(loop, 0); /* the wake-up is called at most once until the next poll */
    }
    if (result < 0)
        fprintf(stderr, "%s: %s\n", egret_ws_error_name(result), egret_ws_last_error_message());
    /* After this call, on_wakeup does not run any more, and `inbox` may be destroyed. egret_ws_loop_free has this effect too. */
    egret_ws_loop_set_wakeup(loop, NULL, NULL);
    egret_ws_loop_free(loop, NULL);
    return !has_answer;
}
