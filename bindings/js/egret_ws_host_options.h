/*
 * egret_ws_host_options.h - a part of egret_ws_host.c: it fills egret_ws_options with the options of a script, and keeps the reason
 * of a refusal. No other file includes it.
 */
typedef enum option_kind { OPTION_TEXT, OPTION_NUMBER, OPTION_FLAG, OPTION_ROOTS, OPTION_HEADER, OPTION_FRAMES, OPTION_RETRY } option_kind;

typedef struct option {
    const char *name;
    option_kind kind;
    size_t place; /* the offset of the field (with OPTION_RETRY, in egret_ws_retry_options), or the flag */
} option;

#define TEXT(field) {#field, OPTION_TEXT, offsetof(egret_ws_options, field)}
#define NUMBER(field) {#field, OPTION_NUMBER, offsetof(egret_ws_options, field)}
#define RETRY(field) {"retry_" #field, OPTION_RETRY, offsetof(egret_ws_retry_options, field)}
static const option option_table[] = {
    TEXT(origin), TEXT(user_agent), TEXT(username), TEXT(password), TEXT(proxy), TEXT(tls_pins), TEXT(tls_server_name),
    NUMBER(connect_timeout_ms), NUMBER(handshake_timeout_ms), NUMBER(flush_timeout_ms), NUMBER(close_timeout_ms),
    NUMBER(max_message_bytes), NUMBER(max_send_buffer_bytes), NUMBER(max_receive_queue_bytes), NUMBER(retry_attempts),
    NUMBER(max_redirects), NUMBER(resolve_timeout_ms), NUMBER(proxy_timeout_ms), NUMBER(tls_timeout_ms),
    NUMBER(open_timeout_ms), NUMBER(ping_interval_ms), NUMBER(pong_timeout_ms), NUMBER(probe_timeout_ms),
    NUMBER(tls_min_version), NUMBER(max_refusal_body_bytes), NUMBER(attempt_delay_ms), TEXT(addresses), TEXT(local_address),
    TEXT(local_interface), RETRY(min_wait_ms), RETRY(first_wait_ms), RETRY(max_wait_ms), RETRY(total_ms),
    {"only_these_roots", OPTION_FLAG, EGRET_WS_ONLY_THESE_ROOTS},
    {"proxy_from_environment", OPTION_FLAG, EGRET_WS_PROXY_FROM_ENVIRONMENT},
    {"resend", OPTION_FLAG, EGRET_WS_RESEND},
    {"disable_deflate", OPTION_FLAG, EGRET_WS_DISABLE_DEFLATE},
    {"disable_alpn", OPTION_FLAG, EGRET_WS_DISABLE_ALPN},
    {"disable_tls_resumption", OPTION_FLAG, EGRET_WS_DISABLE_TLS_RESUMPTION},
    {"frames", OPTION_FRAMES, 0},
    {"tls_roots", OPTION_ROOTS, 0},
    {"header", OPTION_HEADER, 0},
};

/* If a reason is too long, it is cut between two characters, so that it stays valid UTF-8. */
static int32_t refuse(egret_ws_host *host, int32_t error, const char *format, const char *text) {
    const int needed = snprintf(host->reason, sizeof host->reason, format, text);
    size_t end = sizeof host->reason - 1;
    if (needed < (int)sizeof host->reason) return error;
    while (((uint8_t)host->reason[end - 1] & 0xc0) == 0x80) end--; /* the rest of a character */
    host->reason[(uint8_t)host->reason[end - 1] >= 0xc0 ? end - 1 : end] = '\0';
    return error;
}

/* The options of one socket, and the memory to which they point. */
typedef struct socket_options {
    egret_ws_options c;
    egret_ws_retry_options retry;
    char *text;
    egret_ws_header headers[MAX_HEADERS];
} socket_options;

static int32_t add_header(egret_ws_host *host, socket_options *options, char *line) {
    char *colon = strstr(line, ": ");
    if (!colon || options->c.header_count == MAX_HEADERS)
        return refuse(host, EGRET_WS_ERR_INVALID_ARGUMENT, colon ? "more than 256 headers%s" : "a header has no name: %s",
                      colon ? "" : line);
    *colon = '\0';
    options->headers[options->c.header_count].name = line;
    options->headers[options->c.header_count].value = colon + 2;
    options->c.headers = options->headers;
    options->c.header_count++;
    return EGRET_WS_OK;
}

static int32_t set_option(egret_ws_host *host, socket_options *options, const char *name, char *value) {
    char *fields = (char *)&options->c;
    const option *option = option_table;
    while (strcmp(option->name, name) != 0)
        if (++option == option_table + sizeof option_table / sizeof *option_table)
            return refuse(host, EGRET_WS_ERR_INVALID_ARGUMENT, "there is no option %s", name);
    switch (option->kind) {
    case OPTION_TEXT: *(const char **)(fields + option->place) = value; break;
    case OPTION_RETRY:
        if (!options->c.retry) egret_ws_retry_options_init(&options->retry, sizeof options->retry);
        options->c.retry = &options->retry;
        fields = (char *)&options->retry;
        /* fall through */
    case OPTION_NUMBER: {
        char *end;
        const unsigned long long number = strtoull(value, &end, 10);
        if (value[0] < '0' || value[0] > '9' || *end != '\0' || number > UINT32_MAX)
            return refuse(host, EGRET_WS_ERR_INVALID_ARGUMENT, "%s is not a number from 0 to 4294967295", name);
        *(uint32_t *)(fields + option->place) = (uint32_t)number;
        break;
    }
    case OPTION_FRAMES: options->c.on_frame = on_frame; break;
    case OPTION_FLAG: options->c.flags |= (uint32_t)option->place; break;
    case OPTION_ROOTS:
        options->c.tls_roots = value;
        options->c.tls_roots_len = EGRET_WS_NUL_TERMINATED;
        break;
    case OPTION_HEADER: return add_header(host, options, value);
    }
    return EGRET_WS_OK;
}

/* `text` contains, for each option, a name, NUL, a value, NUL. The options keep pointers to a copy. */
static int32_t set_options(egret_ws_host *host, socket_options *options, const char *text, size_t len) {
    const char *end;
    char *name, *next;
    if (len == 0) return EGRET_WS_OK;
    if (host->options.refuse_script_options)
        return refuse(host, EGRET_WS_ERR_UNSUPPORTED, "this application does not accept options of scripts%s", "");
    if (text[len - 1] != '\0') return refuse(host, EGRET_WS_ERR_INVALID_ARGUMENT, "the list of options is not complete%s", "");
    options->text = malloc(len);
    if (!options->text) return refuse(host, EGRET_WS_ERR_NO_RESOURCES, "there is no memory for the options%s", "");
    memcpy(options->text, text, len);
    end = options->text + len;
    for (name = options->text; name < end; name = next) {
        char *const value = name + strlen(name) + 1;
        int32_t result;
        if (value >= end) return refuse(host, EGRET_WS_ERR_INVALID_ARGUMENT, "the option %s has no value", name);
        next = value + strlen(value) + 1; /* computed before set_option divides a header */
        result = set_option(host, options, name, value);
        if (result != EGRET_WS_OK) return result;
    }
    return EGRET_WS_OK;
}
