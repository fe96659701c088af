/* wss URL [OPTION...]: connects, exchanges the largest messages with an echo server, closes with 1000, and prints the results, one
 * per line.
 *
 *   insecure                  EGRET_WS_ACCEPT_ANY_CERTIFICATE
 *   roots FILE                tls_roots
 *   only                      EGRET_WS_ONLY_THESE_ROOTS
 *   pins PINS                 tls_pins
 *   name NAME                 tls_server_name
 *   min-1.3                   tls_min_version
 *   identity FILE PASSWORD    tls_identity, tls_identity_password
 *   no-alpn                   EGRET_WS_DISABLE_ALPN
 *   inline                    EGRET_WS_LOOP_INLINE */
#include <egret_ws.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIZE EGRET_WS_MAX_MESSAGE_BYTES

static unsigned char payload[SIZE];
static int echoes;

/* If a part of a record is missing, wine 8 waits for as many bytes as a whole record has (DecryptMessage returns that number as
 * SECBUFFER_MISSING). So wine may hold the last record of an answer until more bytes come. If nothing has come for a while, this
 * program sends a message of another length, whose echo brings more bytes. */
#define NUDGE_SIZE 20000
#define PATIENCE_MS 1000
static int nudges, echoed_nudges;

static void send_now(egret_ws *ws, egret_ws_kind_t kind, size_t len) {
    const egret_ws_error_t sent = egret_ws_send(ws, kind, payload, len);
    if (sent != EGRET_WS_OK) printf("send: %s\n", egret_ws_error_name(sent));
}

static void on_connect(void *user, egret_ws *ws) {
    egret_ws_statistics stats;
    char alpn[32] = "";
    (void)user;
    memset(&stats, 0, sizeof stats);
    stats.struct_size = sizeof stats;
    egret_ws_stats(ws, &stats);
    egret_ws_tls_alpn(ws, alpn, sizeof alpn);
    printf("version: %#x\nalpn: %s\n", (unsigned)stats.tls_version, alpn);
    send_now(ws, EGRET_WS_BINARY, SIZE);
    send_now(ws, EGRET_WS_TEXT, SIZE);
    send_now(ws, EGRET_WS_BINARY, 1);
}

static void on_message(void *user, egret_ws *ws, egret_ws_kind_t kind, const uint8_t *data, size_t len) {
    const size_t expected[] = {SIZE, SIZE, 1};
    (void)user;
    if (len == NUDGE_SIZE) {
        echoed_nudges++;
    } else if (echoes > 2 || len != expected[echoes] || memcmp(data, payload, len) != 0 ||
        kind != (echoes == 1 ? EGRET_WS_TEXT : EGRET_WS_BINARY)) {
        printf("echo: wrong\n");
    } else {
        echoes++;
    }
    if (echoes == 3 && echoed_nudges == nudges) egret_ws_close(ws, 1000, NULL, 0);
}

static void on_close(void *user, egret_ws *ws, const egret_ws_close_info *info) {
    (void)user, (void)ws;
    printf("echoes: %d\nerror: %s\nos_error: %#x\nphase: %d\nhttp_status: %d\nmessage: %s\n", echoes, egret_ws_error_name(info->error),
           (unsigned)info->os_error, (int)info->phase, (int)info->http_status, info->message);
}

/* The content of a file, which is never freed. */
static char *content(const char *path, size_t *len) {
    FILE *file = fopen(path, "rb");
    char *bytes = (char *)malloc(1 << 20);
    if (!file || !bytes) {
        fprintf(stderr, "wss: cannot read %s\n", path);
        exit(2);
    }
    *len = fread(bytes, 1, 1 << 20, file);
    fclose(file);
    return bytes;
}

int main(int argc, char **argv) {
    egret_ws_loop *loop = NULL;
    egret_ws *ws = NULL;
    egret_ws_loop_options loop_options;
    egret_ws_options options;
    int32_t result;
    int at;
    egret_ws_loop_options_init(&loop_options, sizeof loop_options);
    egret_ws_options_init(&options, sizeof options);
    options.on_connect = on_connect, options.on_message = on_message, options.on_close = on_close;
    for (at = 2; at < argc; at++) {
        const char *name = argv[at];
        if (strcmp(name, "insecure") == 0) options.flags |= EGRET_WS_ACCEPT_ANY_CERTIFICATE;
        else if (strcmp(name, "only") == 0) options.flags |= EGRET_WS_ONLY_THESE_ROOTS;
        else if (strcmp(name, "no-alpn") == 0) options.flags |= EGRET_WS_DISABLE_ALPN;
        else if (strcmp(name, "inline") == 0) loop_options.flags |= EGRET_WS_LOOP_INLINE;
        else if (strcmp(name, "min-1.3") == 0) options.tls_min_version = EGRET_WS_TLS_1_3;
        else if (strcmp(name, "pins") == 0 && at + 1 < argc) options.tls_pins = argv[++at];
        else if (strcmp(name, "name") == 0 && at + 1 < argc) options.tls_server_name = argv[++at];
        else if (strcmp(name, "roots") == 0 && at + 1 < argc) options.tls_roots = content(argv[++at], &options.tls_roots_len);
        else if (strcmp(name, "identity") == 0 && at + 2 < argc) {
            options.tls_identity = (const uint8_t *)content(argv[++at], &options.tls_identity_len);
            options.tls_identity_password = argv[++at];
        } else {
            fprintf(stderr, "wss: unknown or incomplete option %s\n", name);
            return 2;
        }
    }
    for (at = 0; at < SIZE; at++) payload[at] = (unsigned char)(at * 7 % 127);
    result = egret_ws_loop_new(&loop_options, &loop);
    if (result >= 0) result = egret_ws_connect(loop, argc > 1 ? argv[1] : "", &options, &ws);
    while (result >= 0 && egret_ws_state(ws) != EGRET_WS_STATE_CLOSED) {
        result = egret_ws_loop_poll(loop, PATIENCE_MS);
        if (result == 0 && egret_ws_state(ws) == EGRET_WS_STATE_OPEN && nudges < 20) {
            send_now(ws, EGRET_WS_BINARY, NUDGE_SIZE);
            nudges++;
        }
    }
    if (result < 0) fprintf(stderr, "wss: %s\n", egret_ws_last_error_message());
    egret_ws_loop_free(loop, NULL);
    return result < 0 ? 2 : 0;
}
