/* host [URL]: tests the options, the errors, the table of sockets and the draining list of egret_ws_host.c. This file includes
 * that one to access its static parts. With a URL, it connects to that server with options of each kind; the test checks the
 * request. */
#include "../../../bindings/js/egret_ws_host.c"

#define CHECK(condition)                                                                                              \
    ((condition) ? (void)0 : (fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition), exit(1)))

/* The number of events of each kind. */
static struct {
    int connected, failed, closed, drained, tasks, frames, asked;
    char message[256];
    int64_t ticket;    /* of the last question */
    char question[64]; /* its hook and text */
} seen;

static void on_connected(void *engine, int64_t id, const char *subprotocol, const char *extensions) {
    (void)engine, (void)id, (void)extensions;
    seen.connected++;
    snprintf(seen.message, sizeof seen.message, "%s", subprotocol);
}
static bool on_text(void *engine, int64_t id, const char *utf8, size_t len) {
    (void)engine, (void)id, (void)utf8, (void)len;
    return true;
}
static bool on_binary(void *engine, int64_t id, const uint8_t *data, size_t len) {
    (void)engine, (void)id, (void)data, (void)len;
    return true;
}
static void on_retrying(void *engine, int64_t id, const egret_ws_close_info *info, uint32_t delay_ms) {
    (void)engine, (void)id, (void)info, (void)delay_ms;
}
static void on_drained(void *engine, int64_t id) {
    seen.drained++;
    if (seen.drained == 1) egret_ws_host_notify_drain(engine, id, 0);
}
static void on_failed(void *engine, int64_t id, const egret_ws_close_info *info) {
    (void)engine, (void)id;
    seen.failed++;
    snprintf(seen.message, sizeof seen.message, "%s", info->message);
}
static void on_closed(void *engine, int64_t id, const egret_ws_close_info *info) {
    (void)engine, (void)id, (void)info;
    seen.closed++;
}
static void on_task(void *engine) {
    CHECK(egret_ws_host_free_loop(engine) == EGRET_WS_ERR_REENTRANT); /* inside the poll of the host, although not inside the poll of the loop */
    if (++seen.tasks == 1) egret_ws_host_wake(engine); /* the next poll runs this task */
}
static void on_frame_event(void *engine, int64_t id, int32_t direction, uint32_t opcode, uint32_t flags, uint64_t length) {
    (void)engine, (void)id, (void)direction, (void)opcode, (void)flags, (void)length;
    seen.frames++;
}
static void on_asked(void *engine, int64_t ticket, const char *hook, const char *text) {
    (void)engine;
    seen.asked++;
    seen.ticket = ticket;
    snprintf(seen.question, sizeof seen.question, "%s %s", hook, text);
}
static const egret_ws_host_events events = {on_connected, on_text,   on_binary, on_retrying,    on_drained,
                                            on_failed,    on_closed, on_task,   on_frame_event, on_asked};

static egret_ws_host *make_host(egret_ws_error_t (*configure)(void *, const char *, egret_ws_options *), void *user) {
    static egret_ws_host *host;
    egret_ws_host_options options = {NULL, configure, user, false, 0};
    CHECK(egret_ws_host_new(&options, &events, NULL, &host) == EGRET_WS_OK);
    host->engine = host;
    return host;
}

/* Options. The hook of the shell gets the struct that was filled from a script's options. */

static egret_ws_options given; /* by the last open */
static egret_ws_retry_options given_retry;
static char given_text[64], given_header[2][64];

static egret_ws_error_t keep(void *user, const char *url, egret_ws_options *options) {
    const size_t *place = user; /* of a text */
    const char *text = place && *place ? *(const char **)((char *)options + *place) : "";
    uint32_t i;
    (void)url;
    given = *options;
    if (options->retry) given_retry = *options->retry;
    snprintf(given_text, sizeof given_text, "%s", text);
    for (i = 0; i < options->header_count && i < 2; i++)
        snprintf(given_header[i], sizeof given_header[i], "%s=%s", options->headers[i].name, options->headers[i].value);
    return EGRET_WS_ERR_UNSUPPORTED; /* nothing is connected */
}

static int64_t open_with(egret_ws_host *host, const char *options, size_t len) {
    return egret_ws_host_open(host, "ws://127.0.0.1:1/", "", options, len);
}
#define OPEN(host, options) open_with(host, options, sizeof(options) - 1)

static int64_t open_with_option(egret_ws_host *host, const char *name, const char *value) {
    char text[512];
    const int len = snprintf(text, sizeof text, "%s%c%s%c", name, 0, value, 0);
    return open_with(host, text, (size_t)len);
}

/* Each option of the table sets its field and no other. */
static void sets_each_option(void) {
    const size_t count = sizeof option_table / sizeof *option_table;
    size_t place = 0, i;
    egret_ws_host *host = make_host(keep, &place);
    egret_ws_options defaults;
    CHECK(open_with(host, "", 0) == EGRET_WS_ERR_UNSUPPORTED);
    defaults = given;
    CHECK(defaults.max_send_buffer_bytes == 16 << 20);
    for (i = 0; i < count; i++) {
        const option *const each = &option_table[i];
        egret_ws_options expected = defaults;
        char *const field = (char *)&expected + each->place;
        const char *value = "4294967295";
        place = each->kind == OPTION_TEXT ? each->place : each->kind == OPTION_ROOTS ? offsetof(egret_ws_options, tls_roots) : 0;
        if (place) value = "some text";
        if (each->kind == OPTION_HEADER) value = "Cookie: a=b: c";
        CHECK(open_with_option(host, each->name, value) == EGRET_WS_ERR_UNSUPPORTED);
        switch (each->kind) {
        case OPTION_TEXT: *(const char **)field = *(const char **)((char *)&given + each->place); break;
        case OPTION_NUMBER: *(uint32_t *)field = UINT32_MAX; break;
        case OPTION_RETRY:
            CHECK(given.retry != NULL && given_retry.struct_size == sizeof given_retry);
            CHECK(*(uint32_t *)((char *)&given_retry + each->place) == UINT32_MAX);
            expected.retry = given.retry;
            break;
        case OPTION_FRAMES: expected.on_frame = on_frame; break;
        case OPTION_FLAG: expected.flags |= (uint32_t)each->place; break;
        case OPTION_ROOTS:
            expected.tls_roots = given.tls_roots;
            expected.tls_roots_len = EGRET_WS_NUL_TERMINATED;
            break;
        case OPTION_HEADER:
            expected.headers = given.headers;
            expected.header_count = 1;
            CHECK(strcmp(given_header[0], "Cookie=a=b: c") == 0);
            break;
        }
        CHECK(!place || strcmp(given_text, "some text") == 0);
        CHECK(memcmp(&expected, &given, sizeof given) == 0);
    }
    place = 0;
    CHECK(OPEN(host, "header\0A: 1\0ping_interval_ms\0007\0header\0B: \0") == EGRET_WS_ERR_UNSUPPORTED);
    CHECK(given.header_count == 2 && given.ping_interval_ms == 7);
    CHECK(OPEN(host, "retry_first_wait_ms\0007\0retry_total_ms\0008\0") == EGRET_WS_ERR_UNSUPPORTED);
    CHECK(given_retry.min_wait_ms == 0 && given_retry.first_wait_ms == 7 && given_retry.total_ms == 8);
    CHECK(strcmp(given_header[0], "A=1") == 0 && strcmp(given_header[1], "B=") == 0);
    egret_ws_host_free(host);
}

/* Errors in words. */

static egret_ws_error_t answer(void *user, const char *url, egret_ws_options *options) {
    (void)url, (void)options;
    return *(egret_ws_error_t *)user;
}

static void expect_reason(egret_ws_host *host, int64_t found, int32_t error, const char *words) {
    if (found == error && strstr(egret_ws_host_last_error(host), words)) return;
    fprintf(stderr, "%lld, %s: not %d, %s\n", (long long)found, egret_ws_host_last_error(host), (int)error, words);
    exit(1);
}

static void says_why(void) {
    static char many[300 * 12];
    egret_ws_error_t result = EGRET_WS_OK;
    egret_ws_host *host = make_host(answer, &result);
    size_t len = 0, text_len;
    int i;
    expect_reason(host, OPEN(host, "colour\0red\0"), EGRET_WS_ERR_INVALID_ARGUMENT, "no option colour");
    expect_reason(host, OPEN(host, "accept_any_certificate\0001\0"), EGRET_WS_ERR_INVALID_ARGUMENT, "no option accept_any");
    for (i = 0; i < 6; i++) {
        static const char *const numbers[] = {"", "-1", " 1", "1x", "4294967296", "99999999999999999999999"};
        expect_reason(host, open_with_option(host, "retry_attempts", numbers[i]), EGRET_WS_ERR_INVALID_ARGUMENT,
                      "retry_attempts is not a number from 0 to 4294967295");
    }
    for (i = 0; i < 4; i++) { /* the text is always cut between two characters */
        static const char *const characters[] = {"\xc3\xa9", "\xe4\xb8\xad", "\xf0\x9f\x98\x80", "x"};
        size_t shift;
        for (shift = 0; shift < 4; shift++) {
            char name[256] = "abc";
            const char *reason;
            for (len = shift; len < 220; len += strlen(characters[i])) strcpy(name + len, characters[i]);
            expect_reason(host, open_with_option(host, name, "1"), EGRET_WS_ERR_INVALID_ARGUMENT, "no option ");
            reason = egret_ws_host_last_error(host);
            len = strlen(reason);
            CHECK(len + 5 >= sizeof host->reason && len < sizeof host->reason);
            CHECK((len - strlen("there is no option ") - shift) % strlen(characters[i]) == 0);
        }
    }
    len = 0;
    expect_reason(host, OPEN(host, "origin"), EGRET_WS_ERR_INVALID_ARGUMENT, "not complete");
    expect_reason(host, OPEN(host, "origin\0"), EGRET_WS_ERR_INVALID_ARGUMENT, "origin has no value");
    expect_reason(host, OPEN(host, "header\0Cookie\0"), EGRET_WS_ERR_INVALID_ARGUMENT, "no name: Cookie");
    for (i = 0; i < 257; i++) len += (size_t)snprintf(many + len, sizeof many - len, "header%cA: b%c", 0, 0);
    expect_reason(host, open_with(host, many, len), EGRET_WS_ERR_INVALID_ARGUMENT, "256 headers");
    /* The reason comes from the library. */
    expect_reason(host, OPEN(host, "header\0Host: a\0"), EGRET_WS_ERR_INVALID_ARGUMENT, "headers[0], Host: the library sets it");
    expect_reason(host, egret_ws_host_send_text(host, 1, "x", 1), EGRET_WS_ERR_BAD_HANDLE, "handle");
    expect_reason(host, egret_ws_host_notify_drain(host, 1, 0), EGRET_WS_ERR_BAD_HANDLE, "no such socket");
    expect_reason(host, egret_ws_host_open(host, NULL, "", "", 0), EGRET_WS_ERR_INVALID_ARGUMENT, "not a string");
    /* A reason of egret_ws_host.c does not hide a later reason of the library. */
    CHECK(egret_ws_host_normalize_url(host, "ftp://h/") == NULL && !strstr(egret_ws_host_last_error(host), "not a string"));
    CHECK(egret_ws_host_stats(host, 1, &text_len) == NULL);

    result = EGRET_WS_ERR_ABORTED;
    expect_reason(host, open_with(host, "", 0), EGRET_WS_ERR_ABORTED, "refuses ws://127.0.0.1:1/");
    result = (egret_ws_error_t)1;
    expect_reason(host, open_with(host, "", 0), EGRET_WS_ERR_UNSUPPORTED, "refuses ws://127.0.0.1:1/");
    host->options.configure = NULL;
    host->options.refuse_script_options = true;
    expect_reason(host, OPEN(host, "origin\0https://a.example\0"), EGRET_WS_ERR_UNSUPPORTED, "does not accept options");
    CHECK(egret_ws_host_sockets(host) == 0 && host->entries == 0);
    egret_ws_host_free(host);
}

/* With any number of sockets, each bucket has one or two of them, and the oldest and the newest socket can be found. */
static void finds_ids_in_constant_time(void) {
    enum { COUNT = 100000 };
    static host_socket *sockets[COUNT];
    egret_ws_host *host = make_host(NULL, NULL);
    size_t i, longest = 0;
    for (i = 0; i < COUNT; i++) CHECK((sockets[i] = add_socket(host)) && sockets[i]->id == (int64_t)i + 1);
    for (i = 0; i <= host->mask; i++) {
        size_t length = 0;
        const host_socket *each = host->buckets[i];
        for (; each; each = each->next) length++;
        if (length > longest) longest = length;
    }
    CHECK(longest <= 2);
    for (i = 0; i < COUNT; i++) CHECK(*find(host, sockets[i]->id) == sockets[i]);
    for (i = 0; i < COUNT; i += 2) remove_socket(sockets[i]);
    for (i = 0; i < COUNT; i++) CHECK((*find(host, (int64_t)i + 1) == sockets[i]) == (i % 2 == 1));
    for (i = 1; i < COUNT; i += 2) remove_socket(sockets[i]);
    CHECK(host->entries == 0 && egret_ws_host_sockets(host) == 0 && !*find(host, -1) && !*find(host, INT64_MAX));
    egret_ws_host_free(host);
}

/* Sockets that wait for `drained` leave the list in any order. If a task requests another task, the next poll runs it. */
static void reports_tasks_and_drains(void) {
    egret_ws_host *host = make_host(NULL, NULL);
    int64_t ids[3];
    int i;
    for (i = 0; i < 3; i++) {
        ids[i] = open_with(host, "", 0);
        CHECK(ids[i] > 0 && egret_ws_host_notify_drain(host, ids[i], 0) == EGRET_WS_OK);
        CHECK(egret_ws_host_notify_drain(host, ids[i], 0) == EGRET_WS_OK);
    }
    remove_draining(*find(host, ids[1]));
    CHECK(egret_ws_host_next_poll_ms(host) <= 50 && wait_ms(host, -1) == 50 && wait_ms(host, 51) == 50 && wait_ms(host, 0) == 0);
    CHECK(egret_ws_host_is_draining(host) && report_drained(host) == 2 && seen.drained == 2);
    CHECK(egret_ws_host_is_draining(host) && report_drained(host) == 1 && !egret_ws_host_is_draining(host));

    while (seen.closed < 3) CHECK(egret_ws_host_poll(host, -1) >= 0);
    CHECK(seen.failed == 3 && seen.connected == 0 && seen.message[0]);
    /* A close runs the queued tasks, so no task may run here. */
    CHECK(wait_ms(host, -1) == -1 && wait_ms(host, 1000) == 1000);
    egret_ws_host_wake(host);
    CHECK(egret_ws_host_next_poll_ms(host) == 0);
    CHECK(egret_ws_host_poll(host, 0) >= 1 && seen.tasks == 1 && egret_ws_host_tasks(host) == 1);
    CHECK(egret_ws_host_poll(host, 0) >= 1 && seen.tasks == 2 && egret_ws_host_tasks(host) == 0);
    CHECK(egret_ws_host_free_loop(host) == EGRET_WS_OK && egret_ws_host_loop(host) == NULL && host->entries == 0);
    CHECK(open_with(host, "", 0) == EGRET_WS_ERR_BAD_HANDLE);
    egret_ws_host_free(host);
}

/* Hooks. The test itself calls the hooks of the host; the library does not. */

static struct {
    int resolved, proxied, opened, released;
} shell;

static void shell_resolves(void *user, egret_ws *ws, const char *host, egret_ws_query *query) {
    (void)ws, (void)host, (void)query;
    CHECK(user == &shell);
    shell.resolved++;
}
static void shell_finds_proxy(void *user, egret_ws *ws, const char *url, egret_ws_query *query) {
    (void)ws, (void)url, (void)query;
    CHECK(user == &shell);
    shell.proxied++;
}
static int32_t shell_opens(void *user, egret_ws *ws, ptrdiff_t descriptor) {
    (void)ws;
    CHECK(user == &shell);
    shell.opened++;
    return (int32_t)descriptor;
}
static void shell_releases(void *user) {
    CHECK(user == &shell);
    shell.released++;
}

/* A host whose script answers the hooks; `hooks` are those of the shell, or NULL. */
static egret_ws_host *make_asking_host(uint32_t of_script, const egret_ws_hooks *hooks) {
    static egret_ws_host *host;
    egret_ws_loop_options loop;
    egret_ws_host_options options = {&loop, NULL, NULL, false, of_script};
    egret_ws_loop_options_init(&loop, sizeof loop);
    loop.hooks = hooks;
    CHECK(egret_ws_host_new(&options, &events, NULL, &host) == EGRET_WS_OK);
    host->engine = host;
    return host;
}

static void expect_hooks(egret_ws_host *host, const char *expected) {
    size_t len;
    char *text = egret_ws_host_text(host, 0, "hooks", &len);
    CHECK(text && strcmp(text, expected) == 0 && len == strlen(expected));
    free(text);
}

/* The hooks of the shell take precedence, and keep their `user`. */
static void the_shell_has_hooks(void) {
    egret_ws_hooks hooks, made;
    host_questions *all;
    egret_ws_host *host = make_host(NULL, NULL);
    expect_hooks(host, "");
    egret_ws_host_free(host);
    host = make_asking_host(EGRET_WS_HOST_RESOLVE, NULL);
    expect_hooks(host, "resolve ");
    egret_ws_host_free(host);
    host = make_asking_host(EGRET_WS_HOST_RESOLVE | EGRET_WS_HOST_FIND_PROXY, NULL);
    expect_hooks(host, "resolve findProxy ");
    egret_ws_host_free(host);

    egret_ws_hooks_init(&hooks, sizeof hooks);
    hooks.user = &shell;
    hooks.max_threads = 3;
    hooks.release_user = shell_releases;
    hooks.on_resolve = shell_resolves;
    hooks.on_socket = shell_opens;
    all = new_questions(&hooks, EGRET_WS_HOST_RESOLVE | EGRET_WS_HOST_FIND_PROXY, &made);
    CHECK(all && made.max_threads == 3 && made.on_proxy == on_proxy);
    made.on_resolve(made.user, NULL, "game.test", NULL);
    CHECK(made.on_socket(made.user, NULL, 7) == 7 && shell.resolved == 1 && shell.opened == 1 && all->last == 0);
    all->owners++; /* the state after the loop was created */
    leave_questions(all);
    CHECK(shell.released == 0);
    made.release_user(made.user);
    CHECK(shell.released == 1);

    hooks.on_proxy = shell_finds_proxy;
    hooks.on_socket = NULL;
    all = new_questions(&hooks, EGRET_WS_HOST_FIND_PROXY, &made);
    CHECK(all && made.on_resolve == shell_on_resolve && !made.on_socket);
    made.on_proxy(made.user, NULL, "ws://game.test/", NULL);
    CHECK(shell.proxied == 1);
    leave_questions(all); /* the loop could not be created: the shell keeps its `user` */
    CHECK(shell.released == 1);

    host = make_asking_host(EGRET_WS_HOST_RESOLVE | EGRET_WS_HOST_FIND_PROXY, &hooks);
    expect_hooks(host, "");
    egret_ws_host_free(host);
}

/* There are more questions than entries in the ring: the oldest ones are dropped, and the script gets the others in order. */
static void a_script_is_asked(void) {
    egret_ws_host *host = make_asking_host(EGRET_WS_HOST_RESOLVE | EGRET_WS_HOST_FIND_PROXY, NULL);
    host_questions *all = host->questions;
    egret_ws_query *const forged = (egret_ws_query *)(uintptr_t)1;
    char name[16];
    int i;
    seen.asked = 0;
    CHECK(egret_ws_host_poll(host, 0) == 0 && seen.asked == 0);
    on_resolve(all, NULL, "game.test", forged);
    CHECK(egret_ws_host_poll(host, -1) == 1 && seen.asked == 1 && seen.ticket == 1); /* the question has woken the poll */
    CHECK(strcmp(seen.question, "resolve game.test") == 0);
    on_proxy(all, NULL, "ws://game.test:80/", forged);
    CHECK(egret_ws_host_poll(host, -1) == 1 && seen.ticket == 2 && strcmp(seen.question, "findProxy ws://game.test:80/") == 0);
    /* No connection waits for these answers: the library does not know these questions. */
    expect_reason(host, egret_ws_host_answer(host, 1, ""), EGRET_WS_ERR_BAD_HANDLE, "no connection waits");
    CHECK(all->ring[1].query == NULL);
    expect_reason(host, egret_ws_host_answer(host, 1, ""), EGRET_WS_ERR_BAD_HANDLE, "no connection waits");
    for (i = -1; i < 1; i++) expect_reason(host, egret_ws_host_answer(host, i, NULL), EGRET_WS_ERR_BAD_HANDLE, "no connection");
    expect_reason(host, egret_ws_host_answer(host, 2 + MAX_QUESTIONS, ""), EGRET_WS_ERR_BAD_HANDLE, "no connection waits");

    for (i = 0; i < 2 * MAX_QUESTIONS + 5; i++) {
        snprintf(name, sizeof name, "%d", i);
        on_resolve(all, NULL, name, forged);
    }
    seen.asked = 0;
    CHECK(egret_ws_host_poll(host, 0) == MAX_QUESTIONS && seen.asked == MAX_QUESTIONS);
    CHECK(seen.ticket == 2 * MAX_QUESTIONS + 7 && strcmp(seen.question + strlen("resolve "), name) == 0);
    on_resolve(all, NULL, "never delivered", forged);
    CHECK(egret_ws_host_free_loop(host) == EGRET_WS_OK);
    on_resolve(all, NULL, "after the loop", forged);
    CHECK(egret_ws_host_answer(host, seen.ticket, NULL) == EGRET_WS_ERR_BAD_HANDLE);
    egret_ws_host_free(host);

    host = make_host(NULL, NULL);
    expect_reason(host, egret_ws_host_answer(host, 1, ""), EGRET_WS_ERR_BAD_HANDLE, "no connection waits");
    egret_ws_host_free(host);
}

/* Calls for a socket that does not exist, and with unknown names. */
static void texts_and_bytes_are_missing(void) {
    egret_ws_host *host = make_host(NULL, NULL);
    size_t len = 7, i;
    for (i = 0; i < sizeof texts / sizeof *texts; i++) CHECK(!egret_ws_host_text(host, 1, texts[i].name, &len) && len == 0);
    CHECK(!egret_ws_host_text(host, 1, "http_status", &len) && !egret_ws_host_text(host, 1, "hooks", &len) && !egret_ws_host_text(host, 1, NULL, &len));
    CHECK(!egret_ws_host_bytes(host, 1, "response_body", 0, &len) && !egret_ws_host_bytes(host, 1, "peer_certificate", -1, &len));
    CHECK(!egret_ws_host_bytes(host, 1, "colour", 0, &len) && !egret_ws_host_bytes(host, 1, NULL, 0, &len) && len == 0);
    egret_ws_host_free(host);
}

/* The shell calls suspend and the other functions of the loop, and the options reach the server. */
static void hands_out_the_loop(const char *url) {
    static const char options[] = "header\0X-Game: duck\0header\0Cookie: a=b\0origin\0https://game.example\0user_agent\0Duck/1\0"
                                  "username\0u\0password\0p\0";
    egret_ws_host *host = make_host(NULL, NULL);
    int64_t id = egret_ws_host_open(host, url, "a, b", options, sizeof options - 1);
    size_t len;
    char *stats;
    CHECK(id > 0);
    memset(&seen, 0, sizeof seen);
    while (seen.connected == 0 && seen.closed == 0) CHECK(egret_ws_host_poll(host, -1) >= 0);
    if (seen.connected == 0) fprintf(stderr, "%s\n", seen.message);
    CHECK(seen.connected == 1 && strcmp(seen.message, "b") == 0);
    CHECK(egret_ws_loop_suspend(egret_ws_host_loop(host)) == EGRET_WS_OK);
    CHECK(egret_ws_loop_resume(egret_ws_host_loop(host)) == EGRET_WS_OK);
    CHECK(egret_ws_loop_network_changed(egret_ws_host_loop(host)) == EGRET_WS_OK);
    stats = egret_ws_host_stats(host, id, &len);
    CHECK(stats && len > 0 && strcmp(stats, "http_status") == 0 && strcmp(stats + sizeof "http_status", "101") == 0);
    CHECK(stats[len - 1] == '\0');
    free(stats);
    CHECK(egret_ws_host_close(host, id, 0, "", 0) == EGRET_WS_OK);
    while (seen.closed == 0) CHECK(egret_ws_host_poll(host, -1) >= 0);
    CHECK(seen.failed == 0 && egret_ws_host_sockets(host) == 0);
    egret_ws_host_free(host);
}

int main(int argc, char **argv) {
    if (argc == 2) {
        hands_out_the_loop(argv[1]);
        return 0;
    }
    sets_each_option();
    says_why();
    finds_ids_in_constant_time();
    reports_tasks_and_drains();
    the_shell_has_hooks();
    a_script_is_asked();
    texts_and_bytes_are_missing();
    return 0;
}
