/* Sends a message to a server, prints the answer, and closes. */
#include <libwebsockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HELLO "Hello Egret WebSocket"

struct session {
    int is_sent, is_closing, is_finished, has_failed;
    char answer[4096];
    size_t length;
};

static int callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len) {
    struct session *session = lws_context_user(lws_get_context(wsi));
    (void)user;
    switch (reason) {
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        lws_callback_on_writable(wsi);
        break;
    case LWS_CALLBACK_CLIENT_WRITEABLE: {
        unsigned char buffer[LWS_PRE + sizeof HELLO];
        int length = sizeof HELLO - 1;
        if (session->is_sent) break;
        memcpy(buffer + LWS_PRE, HELLO, (size_t)length);
        if (lws_write(wsi, buffer + LWS_PRE, (size_t)length, LWS_WRITE_TEXT) < length) return -1;
        session->is_sent = 1;
        break;
    }
    case LWS_CALLBACK_CLIENT_RECEIVE: /* a part of a message */
        if (session->length + len > sizeof session->answer) return -1;
        memcpy(session->answer + session->length, in, len);
        session->length += len;
        if (!lws_is_final_fragment(wsi)) break;
        printf("received: %.*s\n", (int)session->length, session->answer);
        session->is_closing = 1;
        lws_close_reason(wsi, LWS_CLOSE_STATUS_NORMAL, NULL, 0);
        return -1;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        fprintf(stderr, "failed: %s\n", in ? (const char *)in : "no reason");
        session->is_finished = session->has_failed = 1;
        break;
    case LWS_CALLBACK_CLIENT_CLOSED:
        session->is_finished = 1;
        session->has_failed = !session->is_closing;
        break;
    default:
        break;
    }
    return 0;
}

static const struct lws_protocols protocols[] = {
    {.name = "game", .callback = callback, .rx_buffer_size = 4096},
    {.name = NULL},
};

int main(int argc, char **argv) {
    struct session session = {0};
    struct lws_context_creation_info info = {0};
    struct lws_client_connect_info connect = {0};
    char path[1024];
    const char *scheme, *rest;
    (void)argc;

    lws_set_log_level(LLL_ERR, NULL);
    info.port = CONTEXT_PORT_NO_LISTEN;
    info.protocols = protocols;
    info.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
    info.user = &session;
    struct lws_context *context = lws_create_context(&info);
    if (!context) return 1;

    if (lws_parse_uri(argv[1], &scheme, &connect.address, &connect.port, &rest)) return 1;
    snprintf(path, sizeof path, "/%s", rest);
    connect.context = context;
    connect.path = path;
    connect.host = connect.origin = connect.address;
    connect.ssl_connection = strcmp(scheme, "wss") == 0 ? LCCSCF_USE_SSL : 0;
    connect.local_protocol_name = "game";
    if (!lws_client_connect_via_info(&connect)) session.is_finished = session.has_failed = 1;

    while (!session.is_finished && lws_service(context, 0) >= 0) {}
    lws_context_destroy(context);
    return session.has_failed;
}
