/* Each option has limits. A value beyond them makes the call fail with a log line that names the option. Valid values are accepted and
 * copied. The two calls that read the subprotocol and the response are tested after that. */
#include "server.h"

static egret_ws_loop *loop;
static listener silent;

/* The lines that calls of this thread have logged. */
static __thread int lines;
static __thread char line[512];

static void write_down(void *user, int32_t level, const char *text, egret_ws *ws) {
    (void)user, (void)level, (void)ws;
    lines++;
    snprintf(line, sizeof line, "%s", text);
}

static void expect_refused(int at, const egret_ws_options *options, int32_t error, const char *word) {
    egret_ws *ws = NULL;
    int32_t result;
    lines = 0;
    result = egret_ws_connect(loop, silent.url, options, &ws);
    if (result != error || ws != NULL || lines != 1 || strstr(line, word) == NULL) {
        fprintf(stderr, "%s instead of %s, %d lines; no %s in: %s\n", egret_ws_error_name(result),
                egret_ws_error_name(error), lines, word, line);
        fail(__FILE__, at, "not refused as it should be");
    }
}

#define REFUSED(option, value, error, word)                                          \
    do {                                                                             \
        egret_ws_options options;                                                    \
        CHECK_OK(egret_ws_options_init(&options, sizeof options));                   \
        options.option = value;                                                      \
        expect_refused(__LINE__, &options, error, word);                             \
    } while (0)

/* Begins a connection and frees the socket. */
static void expect_taken(int at, const egret_ws_options *options) {
    egret_ws *ws = NULL;
    const int32_t result = egret_ws_connect(loop, silent.url, options, &ws);
    if (result != EGRET_WS_OK) {
        fprintf(stderr, "%s: %s\n", egret_ws_error_name(result), line);
        fail(__FILE__, at, "refused");
    }
    CHECK_OK(egret_ws_free(ws));
    CHECK(poll_loop(loop, 0) >= 0);
}

#define TAKEN(option, value)                                                         \
    do {                                                                             \
        egret_ws_options options;                                                    \
        CHECK_OK(egret_ws_options_init(&options, sizeof options));                   \
        options.option = value;                                                      \
        expect_taken(__LINE__, &options);                                            \
    } while (0)

/* An option of the struct that `pointer` of the options points to. */
#define INNER(act, pointer, option, value)                                           \
    do {                                                                             \
        egret_ws_options options;                                                    \
        egret_ws_##pointer##_options inner;                                          \
        CHECK_OK(egret_ws_options_init(&options, sizeof options));                   \
        CHECK_OK(egret_ws_##pointer##_options_init(&inner, sizeof inner));           \
        inner.option = value;                                                        \
        options.pointer = &inner;                                                    \
        act;                                                                         \
    } while (0)
#define TAKEN_IN(pointer, option, value) INNER(expect_taken(__LINE__, &options), pointer, option, value)
#define REFUSED_IN(pointer, option, value, error) \
    INNER(expect_refused(__LINE__, &options, error, #pointer "." #option), pointer, option, value)

#define INVALID EGRET_WS_ERR_INVALID_ARGUMENT

static void numbers(void) {
    TAKEN(max_redirects, 20);
    REFUSED(max_redirects, 21, INVALID, "max_redirects");
    REFUSED(max_redirects, EGRET_WS_UNLIMITED, INVALID, "max_redirects");

    TAKEN(tls_min_version, EGRET_WS_TLS_1_2);
    TAKEN(tls_min_version, EGRET_WS_TLS_1_3);
    REFUSED(tls_min_version, EGRET_WS_TLS_1_2 - 1, INVALID, "tls_min_version"); /* TLS 1.1 */
    REFUSED(tls_min_version, EGRET_WS_TLS_1_3 + 1, INVALID, "tls_min_version");
    REFUSED(tls_min_version, 1, INVALID, "tls_min_version");

    TAKEN_IN(deflate, level, 1);
    TAKEN_IN(deflate, level, 9);
    REFUSED_IN(deflate, level, 10, INVALID);
    TAKEN_IN(deflate, threshold_bytes, 1);
    TAKEN_IN(deflate, threshold_bytes, EGRET_WS_UNLIMITED);
    TAKEN_IN(deflate, threshold_bytes, EGRET_WS_AT_ONCE);
    TAKEN_IN(deflate, client_window_bits, 9);
    TAKEN_IN(deflate, client_window_bits, 15);
    REFUSED_IN(deflate, client_window_bits, 8, INVALID); /* zlib does not support it */
    REFUSED_IN(deflate, client_window_bits, 16, INVALID);
    TAKEN_IN(deflate, server_window_bits, 9);
    TAKEN_IN(deflate, server_window_bits, 15);
    REFUSED_IN(deflate, server_window_bits, 8, INVALID);
    REFUSED_IN(deflate, server_window_bits, EGRET_WS_UNLIMITED, INVALID);
    TAKEN_IN(deflate, client_no_context_takeover, 1);
    TAKEN_IN(deflate, server_no_context_takeover, 1);
    REFUSED_IN(deflate, client_no_context_takeover, 2, INVALID);

    TAKEN(resolve_timeout_ms, EGRET_WS_UNLIMITED);
    TAKEN(proxy_timeout_ms, EGRET_WS_UNLIMITED);
    TAKEN(tls_timeout_ms, EGRET_WS_UNLIMITED);
    TAKEN(open_timeout_ms, EGRET_WS_UNLIMITED);
    TAKEN(connect_timeout_ms, EGRET_WS_UNLIMITED);
    TAKEN(handshake_timeout_ms, EGRET_WS_UNLIMITED);

    TAKEN(attempt_delay_ms, 10);
    TAKEN(attempt_delay_ms, 2000);
    TAKEN(attempt_delay_ms, EGRET_WS_AT_ONCE);
    REFUSED(attempt_delay_ms, 9, INVALID, "attempt_delay_ms");
    REFUSED(attempt_delay_ms, 2001, INVALID, "attempt_delay_ms");
    REFUSED(attempt_delay_ms, EGRET_WS_UNLIMITED, INVALID, "attempt_delay_ms");

    TAKEN(ping_interval_ms, INT32_MAX);
    REFUSED(ping_interval_ms, (uint32_t)-5, INVALID, "ping_interval_ms");
    REFUSED(ping_interval_ms, EGRET_WS_AT_ONCE, INVALID, "ping_interval_ms");
    TAKEN(ping_interval_ms, EGRET_WS_UNLIMITED);
    TAKEN(pong_timeout_ms, INT32_MAX);
    TAKEN(pong_timeout_ms, EGRET_WS_UNLIMITED);
    TAKEN(probe_timeout_ms, EGRET_WS_UNLIMITED);
    TAKEN(retry_attempts, EGRET_WS_UNLIMITED);
    TAKEN_IN(retry, min_wait_ms, INT32_MAX); /* the other waits are raised with it */
    REFUSED_IN(retry, min_wait_ms, EGRET_WS_UNLIMITED, INVALID);
    TAKEN_IN(retry, min_wait_ms, EGRET_WS_AT_ONCE);
    TAKEN_IN(retry, first_wait_ms, INT32_MAX);
    TAKEN_IN(retry, first_wait_ms, 1);
    TAKEN_IN(retry, max_wait_ms, 1);
    TAKEN_IN(retry, total_ms, EGRET_WS_UNLIMITED);
}

static void flags(void) {
    TAKEN(flags, EGRET_WS_ACCEPT_ANY_CERTIFICATE);
    TAKEN(flags, EGRET_WS_PROXY_FROM_ENVIRONMENT);
    TAKEN(flags, EGRET_WS_ACCEPT_ANY_CERTIFICATE | EGRET_WS_PROXY_FROM_ENVIRONMENT);
    REFUSED(flags, EGRET_WS_ONLY_THESE_ROOTS, INVALID, "tls_roots"); /* there are none */
    TAKEN(flags, EGRET_WS_DISABLE_DEFLATE);
    TAKEN(flags, EGRET_WS_RESEND);
    TAKEN(flags, EGRET_WS_DISABLE_ALPN);
    TAKEN(flags, EGRET_WS_ALLOW_PRIVATE_REDIRECTS);
    REFUSED(flags, EGRET_WS_ALLOW_PRIVATE_REDIRECTS << 1, INVALID, "flag");
    REFUSED(flags, EGRET_WS_LOOP_INLINE, INVALID, "a flag of a loop");
    REFUSED(flags, EGRET_WS_LOOP_CLOSE_ON_SUSPEND, INVALID, "a flag of a loop");
    REFUSED(flags, EGRET_WS_ACCEPT_ANY_CERTIFICATE | UINT32_C(0x80000000), INVALID, "flag");
}

static void headers(void) {
    const egret_ws_header good[] = {{"X-A", "1"}, {"X-B", ""}};
    const egret_ws_header no_name[] = {{"X-A", "1"}, {NULL, "2"}};
    const egret_ws_header no_value[] = {{"X-A", "1"}, {"X-B", NULL}};
    egret_ws_options options;

    CHECK_OK(egret_ws_options_init(&options, sizeof options));
    options.header_count = 1;
    expect_refused(__LINE__, &options, INVALID, "header");
    options.headers = good;
    options.header_count = 2;
    expect_taken(__LINE__, &options);
    options.header_count = 0;
    expect_taken(__LINE__, &options);
    options.header_count = 2;
    options.headers = no_name;
    expect_refused(__LINE__, &options, INVALID, "headers[1]");
    options.headers = no_value;
    expect_refused(__LINE__, &options, INVALID, "headers[1]");
}

static void texts(void) {
    TAKEN(origin, "https://game.test");
    REFUSED(origin, "https://game.test\r\nX: y", INVALID, "origin");
    REFUSED(origin, "\xff", INVALID, "origin");
    TAKEN(user_agent, "");
    REFUSED(user_agent, "a\nb", INVALID, "user_agent");
    REFUSED(user_agent, "\xff", INVALID, "user_agent");
    TAKEN(username, "user");
    REFUSED(username, "us:er", INVALID, "username"); /* RFC 7617 section 2: a colon ends the name, */
    REFUSED(username, "user\n", INVALID, "username"); /* and control characters are not allowed */
    REFUSED(username, "\xff", INVALID, "username");
}

static void passwords(void) {
    egret_ws_options options;
    REFUSED(password, "password", INVALID, "username"); /* there is no user name */
    CHECK_OK(egret_ws_options_init(&options, sizeof options));
    options.username = "user";
    options.password = "pass:word";
    expect_taken(__LINE__, &options);
    options.password = "pass\nword";
    expect_refused(__LINE__, &options, INVALID, "password");
    options.password = "\xff";
    expect_refused(__LINE__, &options, INVALID, "password");
}

static void proxies(void) {
    TAKEN(proxy, "");
    TAKEN(proxy, "http://127.0.0.1:9");
    TAKEN(proxy, "http://user:password@[::1]:9/");
    TAKEN(proxy, "https://user:password@127.0.0.1:9");
    TAKEN(proxy, "socks5://127.0.0.1");
    REFUSED(proxy, "ftp://127.0.0.1:9", INVALID, "proxy");
    REFUSED(proxy, "socks4://127.0.0.1:9", INVALID, "proxy");
    REFUSED(proxy, "http://", INVALID, "proxy");
    REFUSED(proxy, "http://127.0.0.1:0", INVALID, "proxy");
    REFUSED(proxy, "http://127.0.0.1:9/path", INVALID, "proxy");
    REFUSED(proxy, "\xff", INVALID, "proxy");
}

static void pins(void) {
    /* The SHA-256 of nothing, in base64. */
    TAKEN(tls_pins, "sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    TAKEN(tls_pins, "sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=,"
                    "sha256/n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=");
    REFUSED(tls_pins, "", INVALID, "pin"); /* an empty list would accept every key */
    REFUSED(tls_pins, "sha256/", INVALID, "pin");
    REFUSED(tls_pins, "sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuA==", INVALID, "pin"); /* 31 bytes */
    REFUSED(tls_pins, "sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFUA", INVALID, "pin"); /* 33 bytes */
    REFUSED(tls_pins, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", INVALID, "pin");
    REFUSED(tls_pins, "sha1/2jmj7l5rSw0yVb/vlWAYkK/YBwk=", INVALID, "pin");
    REFUSED(tls_pins, "sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=,", INVALID, "pin");
    REFUSED(tls_pins, "\xff", INVALID, "pin");
}

/* The library reads exactly the given length: there is no NUL after it, and no readable byte. */
static void bytes_with_lengths(void) {
    static const char pem[] = "no PEM, which a ws connection need not know";
    const size_t len = sizeof pem - 1;
    char *exact = (char *)malloc(len);
    egret_ws_options options;

    CHECK(exact != NULL);
    memcpy(exact, pem, len);
    CHECK_OK(egret_ws_options_init(&options, sizeof options));
    options.tls_roots = exact;
    options.tls_roots_len = len;
    options.tls_identity = (const uint8_t *)exact;
    options.tls_identity_len = len;
    options.flags = EGRET_WS_ACCEPT_ANY_CERTIFICATE | EGRET_WS_ONLY_THESE_ROOTS | EGRET_WS_PROXY_FROM_ENVIRONMENT;
    expect_taken(__LINE__, &options);
    free(exact);
    options.flags = 0;
    options.tls_identity = NULL;
    options.tls_identity_len = 0;
    options.tls_roots = pem;
    options.tls_roots_len = EGRET_WS_NUL_TERMINATED;
    expect_taken(__LINE__, &options);
    options.tls_roots = "";
    expect_taken(__LINE__, &options);

    REFUSED(tls_roots_len, 1, INVALID, "tls_roots");
    REFUSED(tls_roots_len, EGRET_WS_NUL_TERMINATED, INVALID, "tls_roots");
    REFUSED(tls_identity_len, 1, INVALID, "tls_identity");
    REFUSED(tls_identity_len, SIZE_MAX, INVALID, "tls_identity");
}

static void server_names(void) {
    TAKEN(tls_server_name, "game.test");
    TAKEN(tls_server_name, "192.0.2.1");
    TAKEN(tls_server_name, "2001:db8::1");
    REFUSED(tls_server_name, "", INVALID, "tls_server_name");
    REFUSED(tls_server_name, "\xff", INVALID, "tls_server_name");
}

static void local_sides(void) {
    TAKEN(local_address, "127.0.0.1");
    TAKEN(local_address, "::1");
    REFUSED(local_address, "", INVALID, "local_address");
    REFUSED(local_address, "localhost", INVALID, "local_address");
    REFUSED(local_address, "127.0.0.1:80", INVALID, "local_address");
    REFUSED(local_address, "[::1]", INVALID, "local_address");
    REFUSED(local_address, "\xff", INVALID, "local_address");
#ifdef _WIN32
    REFUSED(local_interface, "lo", EGRET_WS_ERR_UNSUPPORTED, "local_interface");
#else
    TAKEN(local_interface, "lo"); /* the library checks only when it connects whether it exists */
#endif
    REFUSED(local_interface, "", INVALID, "local_interface");
    REFUSED(local_interface, "\xff", INVALID, "local_interface");
}

/* The statistics struct of a later header, and bytes after it. */
typedef struct {
    egret_ws_statistics known;
    uint8_t newer[64];
    uint8_t foreign[64];
} later_stats;

static int all_are(const uint8_t *bytes, size_t len, uint8_t value) {
    size_t i;
    for (i = 0; i < len; i++) {
        if (bytes[i] != value) return 0;
    }
    return 1;
}

static void statistics(void) {
    const uint32_t wrong_sizes[] = {0, 1, 4, 119, 4097, EGRET_WS_UNLIMITED};
    static recorder r;
    later_stats stats;
    size_t i;

    open_socket(loop, echo_url, &r);
    CHECK_EQ(egret_ws_stats(r.ws, NULL), INVALID);
    for (i = 0; i < sizeof wrong_sizes / sizeof *wrong_sizes; i++) {
        memset(&stats, 0xAA, sizeof stats);
        stats.known.struct_size = wrong_sizes[i];
        CHECK_EQ(egret_ws_stats(r.ws, &stats.known), EGRET_WS_ERR_BAD_STRUCT);
        CHECK_EQ(stats.known.struct_size, wrong_sizes[i]);
        CHECK(all_are((const uint8_t *)&stats + 4, sizeof stats - 4, 0xAA));
    }

    memset(&stats, 0xAA, sizeof stats);
    stats.known.struct_size = sizeof stats.known;
    CHECK_OK(egret_ws_stats(r.ws, &stats.known));
    CHECK_EQ(stats.known.struct_size, sizeof stats.known);
    CHECK_EQ(stats.known.http_status, 101);
    CHECK(all_are(stats.newer, sizeof stats.newer, 0xAA));

    memset(&stats, 0xAA, sizeof stats);
    stats.known.struct_size = sizeof stats.known + sizeof stats.newer;
    CHECK_OK(egret_ws_stats(r.ws, &stats.known));
    CHECK_EQ(stats.known.http_status, 101);
    CHECK_EQ(stats.known.tls_version + stats.known.redirects, 0);
    CHECK(all_are(stats.newer, sizeof stats.newer, 0));
    CHECK(all_are(stats.foreign, sizeof stats.foreign, 0xAA));
    close_and_free(loop, &r);
}

static void nothing_of(egret_ws *ws) {
    egret_ws_statistics stats;
    char out[8];
    memset(&stats, 0xAA, sizeof stats);
    memset(out, 'x', sizeof out);
    stats.struct_size = sizeof stats;
    CHECK_EQ(egret_ws_stats(ws, &stats), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(stats.http_status, 0xAAAAAAAA);
    CHECK_EQ(egret_ws_response_header(ws, "Upgrade", out, sizeof out), EGRET_WS_ERR_BAD_HANDLE);
    CHECK_EQ(egret_ws_response_headers(ws, out, sizeof out), EGRET_WS_ERR_BAD_HANDLE);
    CHECK(all_are((const uint8_t *)out, sizeof out, 'x'));
}

static void bad_handles(void) {
    static recorder r;
    nothing_of(NULL);
    nothing_of((egret_ws *)(void *)loop);
    nothing_of((egret_ws *)(void *)&r);
    open_socket(loop, echo_url, &r);
    nothing_of((egret_ws *)((uintptr_t)r.ws + 1));
    close_and_free(loop, &r);
    nothing_of(r.ws);
}

int main(int argc, char **argv) {
    egret_ws_loop_options options;

    begin(argc, argv);
    options = loop_options();
    options.on_log = write_down;
    options.log_level = EGRET_WS_LOG_WARN;
    CHECK_OK(egret_ws_loop_new(&options, &loop));
    silent = listen_silently();
    numbers();
    flags();
    headers();
    texts();
    passwords();
    proxies();
    pins();
    bytes_with_lengths();
    server_names();
    local_sides();
    statistics();
    bad_handles();
    settle(loop);
    free_loop(loop);
    close_listener(&silent);
    return 0;
}
