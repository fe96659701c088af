/* statistics URL: exchanges ten messages, and prints everything that the library has measured. */
#include <egret_ws.h>
#include <stdio.h>

static void on_connect(void *user, egret_ws *ws)
{
    (void)user;
    egret_ws_ping(ws, NULL, 0); /* to measure the round trip */
    egret_ws_send(ws, EGRET_WS_TEXT, "hello", EGRET_WS_NUL_TERMINATED);
}

static void on_message(void *user, egret_ws *ws, egret_ws_kind_t kind, const uint8_t *data, size_t len)
{
    int *messages = user;
    if (++*messages < 10)
        egret_ws_send(ws, kind, data, len);
    else
        egret_ws_close(ws, 1000, NULL, 0);
}

static void print(const char *name, uint64_t value)
{
    printf("%-24s %lu\n", name, (unsigned long)value);
}

int main(int argc, char **argv)
{
    int messages = 0;
    char address[128] = "";
    egret_ws_loop *loop = NULL;
    egret_ws *ws = NULL;
    egret_ws_options options;
    egret_ws_statistics statistics = {0};
    int32_t result;

    if (argc != 2)
        return fprintf(stderr, "usage: statistics URL\n"), 2;
    egret_ws_options_init(&options, sizeof options);
    options.user = &messages;
    options.on_connect = on_connect;
    options.on_message = on_message;

    result = egret_ws_loop_new(NULL, &loop);
    if (result == EGRET_WS_OK)
        result = egret_ws_connect(loop, argv[1], &options, &ws);
    while (result >= 0 && egret_ws_state(ws) != EGRET_WS_STATE_CLOSED)
        result = egret_ws_loop_poll(loop, -1);
    statistics.struct_size = sizeof statistics;
    if (result >= 0)
        result = egret_ws_stats(ws, &statistics); /* at any time, from on_connect on */
    if (result >= 0)
        result = egret_ws_remote_address(ws, address, sizeof address);
    if (result < 0)
        fprintf(stderr, "%s: %s\n", egret_ws_error_name(result), egret_ws_last_error_message());

    printf("%-24s %s\n", "address", address);
    print("http_status", statistics.http_status);
    print("tls_version", statistics.tls_version);
    print("tls_resumed", statistics.tls_resumed);
    print("redirects", statistics.redirects);
    print("resolve_us", statistics.resolve_us); /* the stages of the last connection */
    print("connect_us", statistics.connect_us);
    print("proxy_us", statistics.proxy_us);
    print("tls_us", statistics.tls_us);
    print("handshake_us", statistics.handshake_us);
    print("connections", statistics.connections);
    print("retries", statistics.retries);
    print("messages_sent", statistics.messages_sent);
    print("bytes_sent", statistics.bytes_sent);
    print("wire_bytes_sent", statistics.wire_bytes_sent);
    print("messages_received", statistics.messages_received);
    print("bytes_received", statistics.bytes_received);
    print("wire_bytes_received", statistics.wire_bytes_received);
    print("send_queue_bytes", statistics.send_queue_bytes);
    print("send_queue_peak_bytes", statistics.send_queue_peak_bytes);
    print("receive_queue_bytes", statistics.receive_queue_bytes);
    print("receive_queue_peak_bytes", statistics.receive_queue_peak_bytes);
    print("rtt_us", statistics.rtt_us);
    print("rtt_smoothed_us", statistics.rtt_smoothed_us);
    egret_ws_loop_free(loop, NULL);
    return statistics.messages_received != 10;
}
