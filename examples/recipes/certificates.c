/* certificates URL ROOTS PIN IDENTITY PASSWORD NAME: connects by TLS, with own roots, a pinned key and a client certificate.
 *
 * ROOTS      a file with the authority of your own servers (PEM): only it is trusted, not those of the system
 * PIN        "sha256/..." of the server's public key; list the next key too, separated by a comma
 * IDENTITY   a file with the certificate and key of this client (PKCS#12), and its PASSWORD
 * NAME       the name that the certificate must have, if it is not the host of the URL */
#include <egret_ws.h>
#include <stdio.h>

static size_t read_file(const char *path, void *out, size_t capacity)
{
    FILE *file = fopen(path, "rb");
    size_t len = file ? fread(out, 1, capacity, file) : 0;
    if (!file || len == 0)
        fprintf(stderr, "cannot read %s\n", path);
    if (file)
        fclose(file);
    return len;
}

static void on_connect(void *user, egret_ws *ws)
{
    *(int *)user = 1;
    egret_ws_close(ws, 1000, NULL, 0);
}

static void on_close(void *user, egret_ws *ws, const egret_ws_close_info *info)
{
    (void)user, (void)ws;
    switch (info->error) {
    case EGRET_WS_ERR_TLS_EXPIRED: fprintf(stderr, "is the clock of this machine right? "); break;
    case EGRET_WS_ERR_TLS_PIN: fprintf(stderr, "an attack, or a new key: update the game? "); break;
    case EGRET_WS_ERR_TLS_OPTIONS: fprintf(stderr, "a file is damaged, or the password is wrong? "); break;
    default: break;
    }
    printf("%s\n", info->message);
}

int main(int argc, char **argv)
{
    static char roots[65536];
    static uint8_t identity[65536];
    int was_open = 0;
    egret_ws_loop *loop = NULL;
    egret_ws *ws = NULL;
    egret_ws_options options;
    int32_t result;

    if (argc != 7)
        return fprintf(stderr, "usage: certificates URL ROOTS PIN IDENTITY PASSWORD NAME\n"), 2;
    egret_ws_options_init(&options, sizeof options);
    options.user = &was_open;
    options.on_connect = on_connect;
    options.on_close = on_close;
    options.flags = EGRET_WS_ONLY_THESE_ROOTS;
    options.tls_roots = roots;
    options.tls_roots_len = read_file(argv[2], roots, sizeof roots);
    options.tls_pins = argv[3];
    options.tls_identity = identity;
    options.tls_identity_len = read_file(argv[4], identity, sizeof identity);
    options.tls_identity_password = argv[5];
    options.tls_server_name = argv[6];
    options.tls_min_version = EGRET_WS_TLS_1_3;

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
