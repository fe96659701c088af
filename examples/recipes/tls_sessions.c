/* tls_sessions URL ROOTS: prints the TLS details of four connections. The second one resumes the session of the first one: it
 * needs no certificates, and less than half of the time and bytes.
 *
 * A server can recognize a client that resumes a session. EGRET_WS_LOOP_FORGET_TLS_SESSIONS prevents this after a change of the
 * network, and EGRET_WS_DISABLE_TLS_RESUMPTION always prevents it. */
#include <egret_ws.h>
#include <stdio.h>

static char print_tls(egret_ws *ws) /* returns r: resumed, or f: a full handshake */
{
    char cipher[64] = "", alpn[64] = "";
    egret_ws_statistics statistics = {0};
    uint32_t index;
    int32_t length;

    statistics.struct_size = sizeof statistics;
    egret_ws_stats(ws, &statistics);
    printf("TLS %s, ", statistics.tls_version == EGRET_WS_TLS_1_3 ? "1.3" : "1.2");
    egret_ws_tls_cipher(ws, cipher, sizeof cipher);
    egret_ws_tls_alpn(ws, alpn, sizeof alpn);
    printf("%s, %s, ALPN %s", statistics.tls_resumed ? "resumed" : "full handshake", cipher, alpn);
    for (index = 0; (length = egret_ws_peer_certificate(ws, index, NULL, 0)) > 0; index++)
        printf(", certificate %u: %d bytes", (unsigned)index, (int)length); /* in DER, for your own parser */
    printf("\n");
    return statistics.tls_resumed ? 'r' : 'f';
}

static void on_connect(void *user, egret_ws *ws)
{
    *(char *)user = print_tls(ws);
    egret_ws_close(ws, 1000, NULL, 0);
}

static void on_close(void *user, egret_ws *ws, const egret_ws_close_info *info)
{
    (void)user;
    if (info->phase == EGRET_WS_PHASE_TLS) { /* refused certificates can also be read */
        fprintf(stderr, "%s\n", info->message);
        print_tls(ws);
    }
}

int main(int argc, char **argv)
{
    static char roots[65536];
    char kinds[4] = {0}; /* the results of the four connections */
    egret_ws_loop *loop = NULL;
    egret_ws_loop_options loop_options;
    egret_ws_options options;
    int32_t result, number;
    FILE *file;

    if (argc != 3)
        return fprintf(stderr, "usage: tls_sessions URL ROOTS\n"), 2;
    egret_ws_loop_options_init(&loop_options, sizeof loop_options);
    loop_options.flags = EGRET_WS_LOOP_FORGET_TLS_SESSIONS;
    egret_ws_options_init(&options, sizeof options);
    options.on_connect = on_connect;
    options.on_close = on_close;
    file = fopen(argv[2], "rb");
    if (!file)
        return perror(argv[2]), 2;
    options.tls_roots = roots;
    options.tls_roots_len = fread(roots, 1, sizeof roots, file);
    fclose(file);

    result = egret_ws_loop_new(&loop_options, &loop);
    for (number = 0; number < 4 && result >= 0; number++) {
        egret_ws *ws = NULL;
        options.user = &kinds[number];
        if (number == 2)
            result = egret_ws_loop_network_changed(loop); /* drops the sessions, because the loop has the flag */
        if (number == 3)
            options.flags = EGRET_WS_DISABLE_TLS_RESUMPTION;
        if (result >= 0)
            result = egret_ws_connect(loop, argv[1], &options, &ws);
        while (result >= 0 && egret_ws_state(ws) != EGRET_WS_STATE_CLOSED)
            result = egret_ws_loop_poll(loop, -1);
        egret_ws_free(ws);
    }
    if (result < 0)
        fprintf(stderr, "%s: %s\n", egret_ws_error_name(result), egret_ws_last_error_message());
    egret_ws_loop_free(loop, NULL);
    return !(kinds[0] == 'f' && kinds[1] == 'r' && kinds[2] == 'f' && kinds[3] == 'f');
}
