/*
 * Preloaded before libegret_ws. Prints the options that the binding passes, and returns statistics and a close report whose numbers are
 * all different, so that a test detects swapped fields.
 *
 * It knows the sizes of the structs. When a struct grows, add the new fields to the binding and to this file.
 */
#include <egret_ws.h>
#include <stdio.h>
#include <string.h>

typedef char options_size[sizeof(void *) != 8 || sizeof(egret_ws_options) == 280 ? 1 : -1];
typedef char loop_options_size[sizeof(void *) != 8 || sizeof(egret_ws_loop_options) == 40 ? 1 : -1];
typedef char retry_options_size[sizeof(egret_ws_retry_options) == 20 ? 1 : -1];
typedef char deflate_options_size[sizeof(egret_ws_deflate_options) == 28 ? 1 : -1];
typedef char stats_size[sizeof(egret_ws_statistics) == 160 ? 1 : -1];
typedef char close_info_size[sizeof(void *) != 8 || sizeof(egret_ws_close_info) == 72 ? 1 : -1];

static egret_ws *const fake = (egret_ws *)4096;
static egret_ws_options kept;

int32_t egret_ws_loop_new(const egret_ws_loop_options *o, egret_ws_loop **out) {
    printf("loop flags %u log %d level %d callbacks %u us %u linger %u\n", o->flags, o->on_log != NULL, o->log_level,
           o->poll_max_callbacks, o->poll_max_us, o->linger_ms);
    *out = (egret_ws_loop *)8192;
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* by lines, because Java writes to stdout too */
    return EGRET_WS_OK;
}

static void print_text(const char *name, const char *value) {
    if (value)
        printf("%s \"%s\"\n", name, value);
    else
        printf("%s NULL\n", name);
}

static void print_options(const egret_ws_options *o) {
    printf("flags %u callbacks %d\n", o->flags,
           !!o->on_connect + !!o->on_message + !!o->on_close + !!o->release_user + !!o->on_drain + !!o->on_request + !!o->on_retry + !!o->on_pong);
    printf("connect %u handshake %u flush %u close %u resolve %u proxy %u tls %u open %u\n", o->connect_timeout_ms,
           o->handshake_timeout_ms, o->flush_timeout_ms, o->close_timeout_ms, o->resolve_timeout_ms, o->proxy_timeout_ms, o->tls_timeout_ms,
           o->open_timeout_ms);
    printf("message %u send %u receive %u\n", o->max_message_bytes, o->max_send_buffer_bytes,
           o->max_receive_queue_bytes);
    printf("redirects %u tls_min %u\n", o->max_redirects, o->tls_min_version);
    printf("deflate level %u threshold %u client %u %u server %u %u\n", o->deflate->level, o->deflate->threshold_bytes,
           o->deflate->client_window_bits, o->deflate->client_no_context_takeover, o->deflate->server_window_bits,
           o->deflate->server_no_context_takeover);
    printf("ping %u pong %u probe %u\n", o->ping_interval_ms, o->pong_timeout_ms, o->probe_timeout_ms);
    printf("retry attempts %u min %u first %u max %u total %u\n", o->retry_attempts, o->retry->min_wait_ms,
           o->retry->first_wait_ms, o->retry->max_wait_ms, o->retry->total_ms);
    print_text("subprotocols", o->subprotocols);
    print_text("origin", o->origin);
    print_text("user_agent", o->user_agent);
    print_text("username", o->username);
    print_text("password", o->password);
    print_text("proxy", o->proxy);
    print_text("tls_pins", o->tls_pins);
    print_text("tls_identity_password", o->tls_identity_password);
    print_text("tls_server_name", o->tls_server_name);
    for (size_t i = 0; i < o->header_count; i++) printf("header %s: %s\n", o->headers[i].name, o->headers[i].value);
    printf("tls_roots \"%.*s\"\n", (int)o->tls_roots_len, o->tls_roots ? o->tls_roots : "");
    printf("tls_identity \"%.*s\"\n", (int)o->tls_identity_len, o->tls_identity ? (const char *)o->tls_identity : "");
}

int32_t egret_ws_connect(egret_ws_loop *loop, const char *url, const egret_ws_options *options, egret_ws **out) {
    (void)loop;
    if (strcmp(url, "flag") == 0) {
        printf("flag %u\n", options->flags);
    } else {
        print_text("url", url);
        print_options(options);
    }
    kept = *options;
    *out = fake;
    return EGRET_WS_OK;
}

int32_t egret_ws_connect_host(egret_ws_loop *loop, const char *host, uint16_t port, const egret_ws_options *options,
                         egret_ws **out) {
    printf("port %u\n", port);
    return egret_ws_connect(loop, host, options, out);
}

int32_t egret_ws_stats(egret_ws *ws, egret_ws_statistics *s) {
    (void)ws;
    *s = (egret_ws_statistics){s->struct_size, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
                          21, (uint64_t)1 << 40};
    return EGRET_WS_OK;
}

/* Reports one retry and the end. */
int32_t egret_ws_loop_poll(egret_ws_loop *loop, int32_t timeout_ms) {
    egret_ws_close_info info = {sizeof info, 1, 2, 3, 4, 5, 60006, 60007, 4000000008u, 9, "a reason", 8, "a message", 9};
    (void)loop;
    (void)timeout_ms;
    kept.on_retry(kept.user, fake, &info, 10, 4000000011u);
    kept.on_retry(kept.user, fake, &info, 12, UINT32_MAX);
    kept.on_close(kept.user, fake, &info);
    kept.release_user(kept.user);
    return 4;
}

int32_t egret_ws_is_retryable(const egret_ws_close_info *info) {
    return info->code == 60006;
}

int32_t egret_ws_free(egret_ws *ws) {
    printf("freed %d\n", ws == fake);
    return EGRET_WS_OK;
}

int32_t egret_ws_loop_free(egret_ws_loop *loop, egret_ws_free_report *lost) {
    (void)loop;
    *lost = (egret_ws_free_report){lost->struct_size, 4000000001u, (uint64_t)1 << 41, (uint64_t)1 << 42};
    return EGRET_WS_OK;
}
