/* headers URL: sends headers, a name and a password with the request, and reads the headers and the body of the answer. */
#include <egret_ws.h>
#include <stdio.h>

static void on_connect(void *user, egret_ws *ws)
{
    char text[1024];
    *(int *)user = 1;
    if (egret_ws_subprotocol(ws, text, sizeof text) > 0)
        printf("subprotocol: %s\n", text);
    if (egret_ws_response_header(ws, "X-Room", text, sizeof text) >= 0) /* case does not matter: x-room also works */
        printf("room: %s\n", text);
    egret_ws_close(ws, 1000, NULL, 0);
}

static void on_close(void *user, egret_ws *ws, const egret_ws_close_info *info)
{
    char text[8192];
    (void)user;
    printf("%s\n", info->message);
    /* The headers of a refusal can also be read. */
    if (info->error == EGRET_WS_ERR_HTTP_STATUS && egret_ws_response_headers(ws, text, sizeof text) > 0)
        printf("the server answered with %d and\n%s", (int)info->http_status, text);
    /* The body often contains the reason. It has 0 bytes if the server has sent none. */
    if (egret_ws_response_body(ws, text, sizeof text) > 0)
        printf("%s\n", text);
}

int main(int argc, char **argv)
{
    static const egret_ws_header headers[] = {{"X-Game", "egret"}, {"Accept-Language", "de, en"}};
    int was_open = 0;
    egret_ws_loop *loop = NULL;
    egret_ws *ws = NULL;
    egret_ws_options options;
    int32_t result;

    if (argc != 2)
        return fprintf(stderr, "usage: headers URL\n"), 2;
    egret_ws_options_init(&options, sizeof options);
    options.user = &was_open;
    options.on_connect = on_connect;
    options.on_close = on_close;
    options.headers = headers; /* the connect call copies all texts */
    options.header_count = sizeof headers / sizeof *headers;
    options.subprotocols = "chat.v2, chat.v1"; /* the server chooses one */
    options.origin = "https://game.example";
    options.user_agent = "my-game/1.0";
    options.username = "ada";
    options.password = "open sesame";
    options.max_refusal_body_bytes = 4096; /* a longer body is cut to this number of bytes */

    result = egret_ws_loop_new(NULL, &loop);
    if (result == EGRET_WS_OK)
        result = egret_ws_connect(loop, argv[1], &options, &ws);
    while (result >= 0 && egret_ws_state(ws) != EGRET_WS_STATE_CLOSED)
        result = egret_ws_loop_poll(loop, -1);
    if (result < 0)
        fprintf(stderr, "%s: %s\n", egret_ws_error_name(result), egret_ws_last_error_message());
    egret_ws_loop_free(loop, NULL);
    return !was_open;
}
