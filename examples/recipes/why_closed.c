/* why_closed URL: prints the whole report of the end of a connection. */
#include <egret_ws.h>
#include <stdio.h>

static void on_connect(void *user, egret_ws *ws)
{
    (void)user;
    egret_ws_close(ws, 4000, "the player has left", EGRET_WS_NUL_TERMINATED);
}

static void on_close(void *user, egret_ws *ws, const egret_ws_close_info *info)
{
    static const char *const sides[] = {"?", "this side", "the peer", "the network"};
    const int known = info->initiator >= EGRET_WS_INITIATOR_LOCAL && info->initiator <= EGRET_WS_INITIATOR_TRANSPORT;
    (void)user, (void)ws;
    printf("%.*s\n", (int)info->message_len, info->message);     /* for a log; it also ends with a NUL */
    printf("error         %s\n", egret_ws_error_name(info->error)); /* for the code: EGRET_WS_OK after a clean close */
    printf("phase         %d\n", (int)info->phase);              /* EGRET_WS_PHASE_*: the stage of the end */
    printf("ended by      %s\n", sides[known ? info->initiator : 0]);
    printf("http_status   %d\n", (int)info->http_status);        /* 101: the server has accepted */
    printf("os_error      %d\n", (int)info->os_error);           /* errno, if a call of the system failed */
    printf("code          %d\n", info->code);                    /* as a browser's CloseEvent.code */
    printf("reason        %.*s\n", (int)info->reason_len, info->reason);
    printf("sent_code     %d\n", info->sent_code);
    printf("unsent        %u messages, %u bytes\n", (unsigned)info->unsent_messages, (unsigned)info->unsent_bytes);
    printf("try again     %s\n", egret_ws_is_retryable(info) == 1 ? "yes" : "no");
}

int main(int argc, char **argv)
{
    egret_ws_loop *loop = NULL;
    egret_ws *ws = NULL;
    egret_ws_options options;
    int32_t result;

    if (argc != 2)
        return fprintf(stderr, "usage: why_closed URL\n"), 2;
    egret_ws_options_init(&options, sizeof options);
    options.on_connect = on_connect;
    options.on_close = on_close;
    result = egret_ws_loop_new(NULL, &loop);
    if (result == EGRET_WS_OK)
        result = egret_ws_connect(loop, argv[1], &options, &ws);
    while (result >= 0 && egret_ws_state(ws) != EGRET_WS_STATE_CLOSED)
        result = egret_ws_loop_poll(loop, -1);
    if (result < 0)
        fprintf(stderr, "%s: %s\n", egret_ws_error_name(result), egret_ws_last_error_message());
    egret_ws_loop_free(loop, NULL);
    return result < 0;
}
