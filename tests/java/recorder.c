/*
 * This library is preloaded before libegret_ws. It prints the options that the binding passes, and returns statistics and a close
 * report in which all numbers differ, so that a test detects swapped fields.
 *
 * It knows the sizes of the structs. When a struct grows, add the new fields to the binding and to this file.
 */
#define _POSIX_C_SOURCE 200809L
#include <egret_ws.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

typedef char options_size[sizeof(void *) != 8 || sizeof(egret_ws_options) == 320 ? 1 : -1];
typedef char loop_options_size[sizeof(void *) != 8 || sizeof(egret_ws_loop_options) == 56 ? 1 : -1];
typedef char retry_options_size[sizeof(egret_ws_retry_options) == 20 ? 1 : -1];
typedef char deflate_options_size[sizeof(egret_ws_deflate_options) == 28 ? 1 : -1];
typedef char stats_size[sizeof(egret_ws_statistics) == 168 ? 1 : -1];
typedef char hooks_size[sizeof(void *) != 8 || sizeof(egret_ws_hooks) == 48 ? 1 : -1];
typedef char close_info_size[sizeof(void *) != 8 || sizeof(egret_ws_close_info) == 72 ? 1 : -1];

static egret_ws *const fake = (egret_ws *)4096;
static egret_ws_query *const query = (egret_ws_query *)12288;
static egret_ws_options kept;
static egret_ws_hooks hooks;

int32_t egret_ws_loop_new(const egret_ws_loop_options *o, egret_ws_loop **out) {
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* line buffering, because Java writes to stdout too */
    if (!o->hooks) { /* this call asks whether the library has TLS */
        *out = (egret_ws_loop *)16384;
        return EGRET_WS_OK;
    }
    printf("loop flags %u log %d level %d callbacks %u us %u linger %u\n", o->flags, o->on_log != NULL, o->log_level,
           o->poll_max_callbacks, o->poll_max_us, o->linger_ms);
    printf("hooks %d threads %u\n", !!o->hooks->on_resolve + 2 * !!o->hooks->on_proxy + 4 * !!o->hooks->on_socket, o->hooks->max_threads);
    if (o->tls_provider)
        printf("tls provider capabilities %u callbacks %d\n", o->tls_provider->capabilities,
               !!o->tls_provider->new_context + !!o->tls_provider->free_context + !!o->tls_provider->open + !!o->tls_provider->receive + !!o->tls_provider->send + !!o->tls_provider->close_notify + !!o->tls_provider->get_facts + !!o->tls_provider->free_session + !!o->tls_provider->release_user);
    hooks = *o->hooks;
    *out = (egret_ws_loop *)8192;
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
           !!o->on_connect + !!o->on_message + !!o->on_close + !!o->release_user + !!o->on_drain + !!o->on_request + !!o->on_retry + !!o->on_pong + !!o->on_frame);
    printf("connect %u handshake %u flush %u close %u resolve %u proxy %u tls %u open %u\n", o->connect_timeout_ms,
           o->handshake_timeout_ms, o->flush_timeout_ms, o->close_timeout_ms, o->resolve_timeout_ms, o->proxy_timeout_ms, o->tls_timeout_ms,
           o->open_timeout_ms);
    printf("message %u send %u receive %u refusal %u\n", o->max_message_bytes, o->max_send_buffer_bytes, o->max_receive_queue_bytes,
           o->max_refusal_body_bytes);
    printf("attempt delay %u\n", o->attempt_delay_ms);
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
    print_text("addresses", o->addresses);
    print_text("local_address", o->local_address);
    print_text("local_interface", o->local_interface);
    for (size_t i = 0; i < o->header_count; i++) printf("header %s: %s\n", o->headers[i].name, o->headers[i].value);
    printf("tls_roots \"%.*s\"\n", (int)o->tls_roots_len, o->tls_roots ? o->tls_roots : "");
    printf("tls_identity \"%.*s\"\n", (int)o->tls_identity_len, o->tls_identity ? (const char *)o->tls_identity : "");
}

int32_t egret_ws_connect(egret_ws_loop *loop, const char *url, const egret_ws_options *options, egret_ws **out) {
    if (loop == (egret_ws_loop *)16384) {
        printf("wss without TLS, on_request %d\n", !!options->on_request);
        return EGRET_WS_ERR_UNSUPPORTED;
    }
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
                          21, (uint64_t)1 << 40, 23, 24};
    return EGRET_WS_OK;
}

/* Getters: each writes its own name. */
static int32_t write_text(const char *text, char *out, size_t capacity) {
    size_t len = strlen(text);
    if (capacity > len) memcpy(out, text, len + 1);
    return (int32_t)len;
}

#define GETTER(name)                                                        \
    int32_t egret_ws_##name(egret_ws *ws, char *out, size_t capacity) {     \
        return ws == fake ? write_text(#name "\nmore\n", out, capacity) : EGRET_WS_ERR_BAD_HANDLE; \
    }
GETTER(subprotocol)
GETTER(extensions)
GETTER(response_headers)
GETTER(response_body)
GETTER(response_cookies)
GETTER(remote_address)
GETTER(local_address)
GETTER(tried_addresses)
GETTER(proxy)
GETTER(tls_cipher)
GETTER(tls_alpn)

int32_t egret_ws_peer_certificate(egret_ws *ws, uint32_t index, uint8_t *out, size_t capacity) {
    static const char *const all[] = {"first", "second"};
    if (ws != fake || index > 1) return EGRET_WS_ERR_NOT_FOUND;
    if (capacity != 0) memcpy(out, all[index], strlen(all[index]));
    return (int32_t)strlen(all[index]);
}

int32_t egret_ws_generation(egret_ws *ws) {
    return ws == fake ? 1 : EGRET_WS_ERR_BAD_HANDLE;
}

int32_t egret_ws_state(egret_ws *ws) {
    return ws == fake ? EGRET_WS_STATE_OPEN : EGRET_WS_ERR_BAD_HANDLE;
}

/* This is the last hook of a socket: as soon as the hook has read `user`, the poll releases it on another thread. */
static bool releases;
static sem_t released;

static void *release(void *user) {
    kept.release_user(user);
    sem_post(&released);
    return NULL;
}

void *egret_ws_user(egret_ws *ws) {
    if (ws != fake) return NULL;
    if (releases) {
        pthread_t thread;
        struct timespec soon;
        pthread_create(&thread, NULL, release, kept.user);
        pthread_detach(thread);
        clock_gettime(CLOCK_REALTIME, &soon);
        soon.tv_sec += (soon.tv_nsec += 100000000) / 1000000000;
        soon.tv_nsec %= 1000000000;
        printf("released before the hook had read it %d\n", sem_timedwait(&released, &soon) == 0);
    }
    return kept.user;
}

int32_t egret_ws_resolved(egret_ws_query *of, const char *addresses) {
    printf("answer %d ", of == query);
    print_text("addresses", addresses);
    return EGRET_WS_OK;
}

int32_t egret_ws_proxy_found(egret_ws_query *of, const char *proxies) {
    printf("answer %d ", of == query);
    print_text("proxies", proxies);
    return EGRET_WS_OK;
}

/* Calls the hooks on a C thread. Leaked local references of 100 calls would exceed the limit that -Xcheck:jni checks. */
static void *call_hooks(void *unused) {
    for (int i = 0; i < 100; i++) {
        int32_t result = hooks.on_socket(hooks.user, fake, i);
        if (i < 3) printf("on_socket %d returned %d\n", i, result);
    }
    hooks.on_resolve(hooks.user, fake, "edge.example", query);
    hooks.on_proxy(hooks.user, fake, "wss://edge.example:443/", query);
    for (int i = 0; i < 2; i++) { /* now the hooks throw */
        hooks.on_resolve(hooks.user, fake, i ? "unchecked" : "checked", query);
        hooks.on_proxy(hooks.user, fake, i ? "unchecked" : "checked", query);
    }
    /* Calls for a socket that was freed in the meantime. */
    hooks.on_resolve(hooks.user, (egret_ws *)16384, "freed", query);
    hooks.on_proxy(hooks.user, (egret_ws *)16384, "freed", query);
    printf("on_socket returned %d\n", hooks.on_socket(hooks.user, (egret_ws *)16384, 0));
    return unused;
}

/* Calls the hooks, and reports frames, retries and the end. */
int32_t egret_ws_loop_poll(egret_ws_loop *loop, int32_t timeout_ms) {
    egret_ws_close_info info = {sizeof info, 1, 2, 3, 4, 5, 60006, 60007, 4000000008u, 9, "a reason", 8, "a message", 9};
    (void)loop;
    (void)timeout_ms;
    pthread_t thread;
    if (hooks.on_socket && pthread_create(&thread, NULL, call_hooks, NULL) == 0) pthread_join(thread, NULL);
    kept.on_frame(kept.user, fake, EGRET_WS_FRAME_SENT, 1, EGRET_WS_FRAME_FIN, (uint64_t)1 << 33);
    kept.on_frame(kept.user, fake, EGRET_WS_FRAME_RECEIVED, 2, EGRET_WS_FRAME_COMPRESSED, 3);
    kept.on_frame(kept.user, fake, EGRET_WS_FRAME_LOST, 0, 0, 4);
    kept.on_frame(kept.user, fake, 9, 15, 0, 5);
    kept.on_retry(kept.user, fake, &info, 10, 4000000011u);
    kept.on_retry(kept.user, fake, &info, 12, UINT32_MAX);
    kept.on_close(kept.user, fake, &info);
    releases = true;
    sem_init(&released, 0, 0);
    printf("on_socket returned %d\n", hooks.on_socket(hooks.user, fake, 3));
    sem_wait(&released);
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
    if (!lost) return EGRET_WS_OK;
    (void)loop;
    *lost = (egret_ws_free_report){lost->struct_size, 4000000001u, (uint64_t)1 << 41, (uint64_t)1 << 42};
    return EGRET_WS_OK;
}
