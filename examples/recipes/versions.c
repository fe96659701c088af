/* versions URL: works with a library that is older or newer than the header with which it was compiled. */
#include <egret_ws.h>
#include <stdio.h>

static void on_connect(void *user, egret_ws *ws)
{
    (void)user;
    egret_ws_close(ws, 1000, NULL, 0);
}

static void on_close(void *user, egret_ws *ws, const egret_ws_close_info *info)
{
    (void)ws;
    /* An older library has a shorter struct: check before you read a field that was added later. */
    if (EGRET_WS_HAS_FIELD(egret_ws_close_info, info, unsent_bytes))
        printf("%u bytes were not sent\n", (unsigned)info->unsent_bytes);
    /* A newer library may report an error that this header does not know. The error still has a name and a message. */
    printf("%s: %s\n", egret_ws_error_name(info->error), info->message);
    *(int *)user = info->error == EGRET_WS_OK;
}

int main(int argc, char **argv)
{
    const uint32_t version = egret_ws_version_number();
    int closed_cleanly = 0;
    egret_ws_loop *loop = NULL;
    egret_ws *ws = NULL;
    egret_ws_options options;
    int32_t result;

    if (argc != 2)
        return fprintf(stderr, "usage: versions URL\n"), 2;
    printf("egret_ws %s, compiled with the header of %d.%d.%d\n", egret_ws_version_string(),
           EGRET_WS_VERSION_NUMBER >> 16, EGRET_WS_VERSION_NUMBER >> 8 & 255, EGRET_WS_VERSION_NUMBER & 255);
    if (version < EGRET_WS_VERSION_NUMBER)
        fprintf(stderr, "the library is older: calls with options that it does not know return BAD_STRUCT\n");

    result = egret_ws_options_init(&options, sizeof options);
    options.user = &closed_cleanly;
    options.on_connect = on_connect;
    options.on_close = on_close;
    if (result == EGRET_WS_OK)
        result = egret_ws_loop_new(NULL, &loop);
    if (result == EGRET_WS_OK)
        result = egret_ws_connect(loop, argv[1], &options, &ws);
    while (result >= 0 && egret_ws_state(ws) != EGRET_WS_STATE_CLOSED)
        result = egret_ws_loop_poll(loop, -1);
    if (result < 0)
        fprintf(stderr, "%s: %s\n", egret_ws_error_name(result), egret_ws_last_error_message());
    egret_ws_loop_free(loop, NULL);
    return !closed_cleanly;
}
