/* player_message URL: converts the close report of a connection to one sentence for the player.
 *
 * It connects to paths of egret-ws-echo that fail in different ways. */
#include <egret_ws.h>
#include <stdio.h>

/* NULL: there is nothing to show. */
static const char *for_the_player(const egret_ws_close_info *info)
{
    if (info->error == EGRET_WS_ERR_ABORTED || (info->error == EGRET_WS_OK && info->initiator == EGRET_WS_INITIATOR_LOCAL))
        return NULL; /* the game has ended it */
    if (info->code == 4001)
        return "You have logged in on another device."; /* 3000 to 4999: the codes of your own server */
    if (info->phase == EGRET_WS_PHASE_HANDSHAKE && (info->http_status == 401 || info->http_status == 403))
        return "Please log in again.";
    if (info->phase == EGRET_WS_PHASE_PROXY)
        return "The proxy of this network does not let the game through.";
    switch (info->error) {
    case EGRET_WS_ERR_RESOLVE:
    case EGRET_WS_ERR_CONNECT:
    case EGRET_WS_ERR_CONNECTION_LOST:
    case EGRET_WS_ERR_TIMEOUT:
        return "No connection to the server. Please check your network.";
    case EGRET_WS_ERR_TLS_EXPIRED:
        return "The connection is not secure. Please check the date and the time of this device.";
    case EGRET_WS_ERR_TLS_HOST:
    case EGRET_WS_ERR_TLS_ISSUER:
    case EGRET_WS_ERR_TLS_PIN:
        return "The connection is not secure. Please try another network.";
    case EGRET_WS_ERR_MESSAGE_TOO_BIG:
    case EGRET_WS_ERR_INVALID_UTF8:
    case EGRET_WS_ERR_PROTOCOL:
        return "The server and this version of the game do not fit. Please update the game.";
    default:
        return "The server is not available. Please try again later.";
    }
}

static void on_close(void *user, egret_ws *ws, const egret_ws_close_info *info)
{
    const char *text = for_the_player(info);
    (void)ws;
    ++*(int *)user;
    /* The log gets all facts, the player gets one sentence. */
    fprintf(stderr, "%s: %s (phase %d, HTTP %d, code %d, system error %d)\n", egret_ws_error_name(info->error), info->message,
            (int)info->phase, (int)info->http_status, info->code, (int)info->os_error);
    printf("%s\n", text != NULL ? text : "-");
}

int main(int argc, char **argv)
{
    static const char *const paths[] = {"refuse/401", "refuse/503", "hangup", "close/4001/0", "violate/0"};
    enum { COUNT = sizeof paths / sizeof *paths };
    char url[300];
    int closed = 0, i;
    egret_ws_loop *loop = NULL;
    egret_ws *ws = NULL;
    egret_ws_options options;
    int32_t result;

    if (argc != 2)
        return fprintf(stderr, "usage: player_message URL\n"), 2;
    egret_ws_options_init(&options, sizeof options);
    options.user = &closed;
    options.on_close = on_close;
    result = egret_ws_loop_new(NULL, &loop);
    for (i = 0; i < COUNT && result >= 0; i++) {
        snprintf(url, sizeof url, "%s%s", argv[1], paths[i]);
        result = egret_ws_connect(loop, url, &options, &ws);
        while (result >= 0 && egret_ws_state(ws) != EGRET_WS_STATE_CLOSED)
            result = egret_ws_loop_poll(loop, -1);
    }
    if (result < 0)
        fprintf(stderr, "%s: %s\n", egret_ws_error_name(result), egret_ws_last_error_message());
    egret_ws_loop_free(loop, NULL);
    return closed != COUNT;
}
