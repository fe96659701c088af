/* vpn_protect URL LOCAL_ADDRESS [INTERFACE]: changes a socket before it connects, and chooses the network of this machine.
 *
 * On Android, a VPN calls VpnService.protect with the descriptor here. An app that needs a certain network calls
 * Network.bindSocket. */
#define _DEFAULT_SOURCE
#include <egret_ws.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

/* Runs on a thread of the library for each address that is tried. It may block: other addresses are tried in the meantime. */
static int32_t on_socket(void *user, egret_ws *ws, ptrdiff_t descriptor)
{
    const int low_delay = 0x88; /* DSCP AF41: this is a call, or a game that cannot wait */
    struct sockaddr_storage local;
    socklen_t size = sizeof local;
    int failed;
    (void)user, (void)ws;
    if (getsockname((int)descriptor, (struct sockaddr *)&local, &size) != 0)
        return 1;
    if (local.ss_family == AF_INET6)
        failed = setsockopt((int)descriptor, IPPROTO_IPV6, IPV6_TCLASS, &low_delay, sizeof low_delay);
    else
        failed = setsockopt((int)descriptor, IPPROTO_IP, IP_TOS, &low_delay, sizeof low_delay);
    printf("the socket is marked\n");
    return failed; /* any number except 0 refuses this address; the close report contains it */
}

static void on_connect(void *user, egret_ws *ws)
{
    (void)user;
    egret_ws_close(ws, 1000, NULL, 0);
}

static void on_close(void *user, egret_ws *ws, const egret_ws_close_info *info)
{
    (void)user, (void)ws;
    printf("%s\n", info->message);
}

int main(int argc, char **argv)
{
    egret_ws_hooks hooks;
    egret_ws_loop_options loop_options;
    egret_ws_options options;
    egret_ws_loop *loop = NULL;
    egret_ws *ws = NULL;
    int32_t result;

    if (argc != 3 && argc != 4)
        return fprintf(stderr, "usage: vpn_protect URL LOCAL_ADDRESS [INTERFACE]\n"), 2;
    egret_ws_hooks_init(&hooks, sizeof hooks);
    hooks.on_socket = on_socket;
    egret_ws_loop_options_init(&loop_options, sizeof loop_options);
    loop_options.hooks = &hooks;
    egret_ws_options_init(&options, sizeof options);
    options.local_address = argv[2];                      /* NULL: the system chooses */
    options.local_interface = argc == 4 ? argv[3] : NULL; /* such as wlan0; not all systems support it */
    options.on_connect = on_connect;
    options.on_close = on_close;

    result = egret_ws_loop_new(&loop_options, &loop);
    if (result == EGRET_WS_OK)
        result = egret_ws_connect(loop, argv[1], &options, &ws);
    while (result >= 0 && egret_ws_state(ws) != EGRET_WS_STATE_CLOSED)
        result = egret_ws_loop_poll(loop, -1);
    if (result < 0)
        fprintf(stderr, "%s: %s\n", egret_ws_error_name(result), egret_ws_last_error_message());
    result = egret_ws_generation(ws); /* how many connections were made */
    egret_ws_loop_free(loop, NULL);
    return result != 1;
}
