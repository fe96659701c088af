/* The structs as programs of the first release have them, and what else such a program needs. Written by hand: it does not change
 * after that release. `tests/abi.rs` compares it with the header, and `program.c` with the library. */
#ifndef FIRST_FORM_H
#define FIRST_FORM_H

#include <stddef.h>
#include <stdint.h>

#define EGRET_WS_NUL_TERMINATED ((size_t)-1)
#define EGRET_WS_TEXT 1
#define EGRET_WS_OK 0
#define EGRET_WS_ERR_BAD_STRUCT (-3)

typedef int32_t egret_ws_error_t;
typedef int32_t egret_ws_log_level_t;
typedef int32_t egret_ws_kind_t;
typedef int32_t egret_ws_phase_t;
typedef int32_t egret_ws_initiator_t;
typedef int32_t egret_ws_state_t;

typedef struct egret_ws_loop egret_ws_loop;
typedef struct egret_ws egret_ws;
typedef struct egret_ws_close_info egret_ws_close_info;

typedef void (*egret_ws_on_log_fn)(void *user, egret_ws_log_level_t level, const char *text, egret_ws *ws);
typedef void (*egret_ws_on_connect_fn)(void *user, egret_ws *ws);
typedef void (*egret_ws_on_message_fn)(void *user, egret_ws *ws, egret_ws_kind_t kind, const uint8_t *data, size_t len);
typedef void (*egret_ws_on_close_fn)(void *user, egret_ws *ws, const egret_ws_close_info *info);
typedef void (*egret_ws_release_user_fn)(void *user);
typedef struct egret_ws_query egret_ws_query;
typedef void (*egret_ws_on_resolve_fn)(void *user, egret_ws *ws, const char *host, egret_ws_query *query);
typedef void (*egret_ws_on_proxy_fn)(void *user, egret_ws *ws, const char *url, egret_ws_query *query);
typedef int32_t (*egret_ws_on_socket_fn)(void *user, egret_ws *ws, ptrdiff_t descriptor);
typedef void (*egret_ws_on_retry_fn)(void *user, egret_ws *ws, const egret_ws_close_info *info, uint32_t attempt, uint32_t delay_ms);

typedef struct egret_ws_loop_options {
    uint32_t struct_size;
    uint32_t flags;
    void *user;
    egret_ws_on_log_fn on_log;
    egret_ws_log_level_t log_level;
    uint32_t poll_max_callbacks;
    uint32_t poll_max_us;
    uint32_t linger_ms;
} egret_ws_loop_options;

typedef struct egret_ws_hooks {
    uint32_t struct_size;
    uint32_t max_threads;
    void *user;
    egret_ws_release_user_fn release_user;
    egret_ws_on_resolve_fn on_resolve;
    egret_ws_on_proxy_fn on_proxy;
    egret_ws_on_socket_fn on_socket;
} egret_ws_hooks;

typedef struct egret_ws_tls_settings {
    uint32_t struct_size;
    uint32_t min_version;
    const char *roots;
    size_t roots_len;
    const uint8_t *identity;
    size_t identity_len;
    const char *identity_password;
    const char *alpn;
    uint32_t only_these_roots;
    uint32_t any_certificate;
} egret_ws_tls_settings;

typedef struct egret_ws_tls_destination {
    uint32_t struct_size;
    uint32_t port;
    const char *name;
    const char *host;
    uint32_t is_proxy;
    uint32_t resumes;
    egret_ws *ws;
} egret_ws_tls_destination;

typedef struct egret_ws_tls_call {
    uint32_t struct_size;
    uint32_t state;
    const uint8_t *input;
    size_t input_len;
    uint8_t *output;
    size_t output_size;
    size_t output_len;
    char *message;
} egret_ws_tls_call;

typedef struct egret_ws_tls_facts {
    uint32_t struct_size;
    uint32_t version;
    uint32_t is_resumed;
    uint32_t reserved;
    const char *cipher;
    const char *alpn;
    const uint8_t *chain;
    size_t chain_len;
} egret_ws_tls_facts;

typedef egret_ws_error_t (*egret_ws_tls_new_context_fn)(void *user, const egret_ws_tls_settings *settings,
                                                        void **context, char *message);
typedef void (*egret_ws_tls_free_context_fn)(void *user, void *context);
typedef egret_ws_error_t (*egret_ws_tls_open_fn)(void *user, void *context,
                                                 const egret_ws_tls_destination *destination, void **session,
                                                 char *message);
typedef egret_ws_error_t (*egret_ws_tls_call_fn)(void *user, void *session, egret_ws_tls_call *call);
typedef void (*egret_ws_tls_get_facts_fn)(void *user, void *session, egret_ws_tls_facts *facts);
typedef void (*egret_ws_tls_free_session_fn)(void *user, void *session);

typedef struct egret_ws_tls_provider {
    uint32_t struct_size;
    uint32_t capabilities;
    void *user;
    egret_ws_release_user_fn release_user;
    egret_ws_tls_new_context_fn new_context;
    egret_ws_tls_free_context_fn free_context;
    egret_ws_tls_open_fn open;
    egret_ws_tls_call_fn receive;
    egret_ws_tls_call_fn send;
    egret_ws_tls_call_fn close_notify;
    egret_ws_tls_get_facts_fn get_facts;
    egret_ws_tls_free_session_fn free_session;
} egret_ws_tls_provider;

typedef struct egret_ws_close_info {
    uint32_t struct_size;
    egret_ws_error_t error;
    egret_ws_phase_t phase;
    egret_ws_initiator_t initiator;
    int32_t http_status;
    int32_t os_error;
    uint16_t code;
    uint16_t sent_code;
    uint32_t unsent_messages;
    uint64_t unsent_bytes;
    const char *reason;
    size_t reason_len;
    const char *message;
    size_t message_len;
} egret_ws_close_info;

typedef struct egret_ws_retry_options {
    uint32_t struct_size;
    uint32_t min_wait_ms;
    uint32_t first_wait_ms;
    uint32_t max_wait_ms;
    uint32_t total_ms;
} egret_ws_retry_options;

typedef struct egret_ws_deflate_options {
    uint32_t struct_size;
    uint32_t level;
    uint32_t threshold_bytes;
    uint32_t client_window_bits;
    uint32_t server_window_bits;
    uint32_t client_no_context_takeover;
    uint32_t server_no_context_takeover;
} egret_ws_deflate_options;

typedef struct egret_ws_options {
    uint32_t struct_size;
    uint32_t flags;
    void *user;
    egret_ws_on_connect_fn on_connect;
    egret_ws_on_message_fn on_message;
    egret_ws_on_close_fn on_close;
    egret_ws_release_user_fn release_user;
    uint32_t connect_timeout_ms;
    uint32_t handshake_timeout_ms;
    uint32_t flush_timeout_ms;
    uint32_t close_timeout_ms;
    uint32_t max_message_bytes;
    uint32_t max_send_buffer_bytes;
    uint32_t max_receive_queue_bytes;
    uint32_t retry_attempts;
    const char *subprotocols;
} egret_ws_options;

typedef struct egret_ws_statistics {
    uint32_t struct_size;
    uint32_t http_status;
    uint32_t tls_version;
    uint32_t redirects;
    uint64_t resolve_us;
    uint64_t connect_us;
    uint64_t proxy_us;
    uint64_t tls_us;
    uint64_t handshake_us;
} egret_ws_statistics;

typedef struct egret_ws_free_report {
    uint32_t struct_size;
    uint32_t sockets;
    uint64_t unsent_messages;
    uint64_t unsent_bytes;
} egret_ws_free_report;

egret_ws_error_t egret_ws_loop_options_init(egret_ws_loop_options *options, size_t size);
egret_ws_error_t egret_ws_loop_new(const egret_ws_loop_options *options, egret_ws_loop **out);
int32_t egret_ws_loop_poll(egret_ws_loop *loop, int32_t timeout_ms);
egret_ws_error_t egret_ws_loop_free(egret_ws_loop *loop, egret_ws_free_report *lost);
egret_ws_error_t egret_ws_options_init(egret_ws_options *options, size_t size);
egret_ws_error_t egret_ws_retry_options_init(egret_ws_retry_options *options, size_t size);
egret_ws_error_t egret_ws_deflate_options_init(egret_ws_deflate_options *options, size_t size);
egret_ws_error_t egret_ws_connect(egret_ws_loop *loop, const char *url, const egret_ws_options *options, egret_ws **out);
egret_ws_error_t egret_ws_send(egret_ws *ws, egret_ws_kind_t kind, const void *data, size_t len);
egret_ws_error_t egret_ws_close(egret_ws *ws, uint16_t code, const char *reason, size_t reason_len);
egret_ws_error_t egret_ws_stats(egret_ws *ws, egret_ws_statistics *stats);
egret_ws_error_t egret_ws_close_report(egret_ws *ws, egret_ws_close_info *info);
const char *egret_ws_error_name(egret_ws_error_t error);

#endif
