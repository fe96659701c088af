/* phone URL: an app that goes to the background, returns, and changes from Wi-Fi to mobile data.
 *
 * Here the socket closes in the background and reconnects afterwards. Without LOOP_CLOSE_ON_SUSPEND it stays open, and
 * egret_ws_loop_resume tests with a ping whether the connection still works. */
#include <egret_ws.h>
#include <stdio.h>

static void on_connect(void *user, egret_ws *ws)
{
    (void)user;
    printf("connection %d\n", (int)egret_ws_generation(ws));
}

static void on_retry(void *user, egret_ws *ws, const egret_ws_close_info *info, uint32_t attempt, uint32_t delay_ms)
{
    (void)user, (void)ws, (void)attempt;
    printf("%s%s\n", info->message, delay_ms == EGRET_WS_UNLIMITED ? "; waits for the resume" : "");
}

static int32_t poll_until(egret_ws_loop *loop, egret_ws *ws, egret_ws_state_t state)
{
    int32_t result = EGRET_WS_OK;
    while (result >= 0 && egret_ws_state(ws) != state && egret_ws_state(ws) != EGRET_WS_STATE_CLOSED)
        result = egret_ws_loop_poll(loop, -1);
    return result;
}

int main(int argc, char **argv)
{
    egret_ws_loop *loop = NULL;
    egret_ws *ws = NULL;
    egret_ws_loop_options loop_options;
    egret_ws_options options;
    int32_t result, connections;

    if (argc != 2)
        return fprintf(stderr, "usage: phone URL\n"), 2;
    egret_ws_loop_options_init(&loop_options, sizeof loop_options);
    loop_options.flags = EGRET_WS_LOOP_CLOSE_ON_SUSPEND;
    egret_ws_options_init(&options, sizeof options);
    options.on_connect = on_connect;
    options.on_retry = on_retry;
    options.retry_attempts = EGRET_WS_UNLIMITED;
    options.probe_timeout_ms = 2000; /* the time to answer the ping after a resume or a change of the network */

    result = egret_ws_loop_new(&loop_options, &loop);
    if (result == EGRET_WS_OK)
        result = egret_ws_connect(loop, argv[1], &options, &ws);
    if (result >= 0)
        result = poll_until(loop, ws, EGRET_WS_STATE_OPEN);

    if (result >= 0) /* Android: onStop; iOS: applicationDidEnterBackground */
        result = egret_ws_loop_suspend(loop);
    if (result >= 0) /* within the seconds that the system grants */
        result = poll_until(loop, ws, EGRET_WS_STATE_CONNECTING);
    if (result >= 0) /* onStart; applicationWillEnterForeground */
        result = egret_ws_loop_resume(loop);
    if (result >= 0)
        result = poll_until(loop, ws, EGRET_WS_STATE_OPEN);
    if (result >= 0) /* ConnectivityManager: another default network; NWPathMonitor: another path */
        result = egret_ws_loop_network_changed(loop);

    if (result < 0)
        fprintf(stderr, "%s: %s\n", egret_ws_error_name(result), egret_ws_last_error_message());
    connections = egret_ws_generation(ws);
    egret_ws_loop_free(loop, NULL);
    return connections != 2;
}
