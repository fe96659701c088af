/* Log lines report why a call was refused and how connections ended. They never contain payloads. */
#include "server.h"

/* Lines may come from the I/O thread. */
typedef struct {
    pthread_mutex_t lock;
    int lines[EGRET_WS_LOG_DEBUG + 1]; /* by level */
    char text[512];                    /* the last line, its level and socket */
    int32_t level;
    egret_ws *ws;
    int payload_seen, hosts_seen;
} journal;

static const char payload[] = "a secret payload";

static void write_down(void *user, int32_t level, const char *text, egret_ws *ws) {
    journal *j = (journal *)user;
    CHECK(level >= EGRET_WS_LOG_ERROR && level <= EGRET_WS_LOG_DEBUG);
    CHECK(text[0] != '\0' && strpbrk(text, "\r\n") == NULL);
    pthread_mutex_lock(&j->lock);
    j->lines[level]++;
    j->level = level;
    j->ws = ws;
    snprintf(j->text, sizeof j->text, "%s", text);
    if (strstr(text, payload)) j->payload_seen = 1;
    if (level == EGRET_WS_LOG_INFO && strncmp(text, "connected to 127.0.0.1:", 23) == 0) j->hosts_seen++;
    pthread_mutex_unlock(&j->lock);
}

static egret_ws_loop *new_loop_with(journal *j, int32_t log_level) {
    egret_ws_loop_options options = loop_options();
    egret_ws_loop *loop = NULL;
    memset(j, 0, sizeof *j);
    CHECK_EQ(pthread_mutex_init(&j->lock, NULL), 0);
    options.user = j;
    options.on_log = write_down;
    options.log_level = log_level;
    CHECK_OK(egret_ws_loop_new(&options, &loop));
    return loop;
}

static int lines_of(journal *j, int32_t level) {
    int lines;
    pthread_mutex_lock(&j->lock);
    lines = j->lines[level];
    pthread_mutex_unlock(&j->lock);
    return lines;
}

/* A line about a refused call contains the name of the function and the reason. */
static int is_line_of(const char *line, const char *call, const char *reason) {
    static const char between[] = " refused: ";
    const size_t name = strcspn(call, "("), begin = name + strlen(between);
    return strncmp(line, call, name) == 0 && strncmp(line + name, between, strlen(between)) == 0 &&
           strcmp(line + begin, reason) == 0;
}

/* A refused call writes one line that contains the word, before it returns. */
#define REFUSED(j, call, error, word)                                       \
    do {                                                                    \
        const int before = lines_of(j, EGRET_WS_LOG_WARN);                  \
        CHECK_EQ(call, error);                                              \
        CHECK_EQ(lines_of(j, EGRET_WS_LOG_WARN), before + 1);               \
        CHECK_EQ((j)->level, EGRET_WS_LOG_WARN);                            \
        CHECK(strstr((j)->text, word) != NULL);                             \
        CHECK(is_line_of((j)->text, #call, egret_ws_last_error_message())); \
        CHECK((j)->ws == NULL);                                             \
    } while (0)

static void refused_calls_are_explained(void) {
    static journal j;
    egret_ws_loop *loop = new_loop_with(&j, 0);
    egret_ws_options options;
    egret_ws *ws = NULL;

    REFUSED(&j, egret_ws_connect(loop, echo_url, NULL, NULL), EGRET_WS_ERR_INVALID_ARGUMENT, "out");
    REFUSED(&j, egret_ws_connect(loop, NULL, NULL, &ws), EGRET_WS_ERR_INVALID_ARGUMENT, "NULL");
    REFUSED(&j, egret_ws_connect(loop, "http://127.0.0.1/", NULL, &ws), EGRET_WS_ERR_INVALID_URL, "http");
    REFUSED(&j, egret_ws_connect(loop, "wss://127.0.0.1/#x", NULL, &ws), EGRET_WS_ERR_INVALID_URL, "fragment");
    REFUSED(&j, egret_ws_connect_host(loop, "127.0.0.1", 0, NULL, &ws), EGRET_WS_ERR_INVALID_ARGUMENT, "port");
    REFUSED(&j, egret_ws_connect_host(loop, "a b", 9, NULL, &ws), EGRET_WS_ERR_INVALID_URL, "host");
    CHECK_OK(egret_ws_options_init(&options, sizeof options));
    options.flags = UINT32_C(1) << 31;
    REFUSED(&j, egret_ws_connect(loop, echo_url, &options, &ws), EGRET_WS_ERR_INVALID_ARGUMENT, "flag");
    options.flags = 0;
    options.max_message_bytes = EGRET_WS_MAX_MESSAGE_BYTES + 1;
    REFUSED(&j, egret_ws_connect(loop, echo_url, &options, &ws), EGRET_WS_ERR_INVALID_ARGUMENT,
            "max_message_bytes");
    options.max_message_bytes = 0;
    options.proxy = "ftp://127.0.0.1:9/";
    REFUSED(&j, egret_ws_connect(loop, echo_url, &options, &ws), EGRET_WS_ERR_INVALID_ARGUMENT, "https://");
    options.proxy = NULL;
    options.struct_size = 1;
    REFUSED(&j, egret_ws_connect(loop, echo_url, &options, &ws), EGRET_WS_ERR_BAD_STRUCT, "struct_size");
    free_loop(loop);
    CHECK_EQ(j.lines[EGRET_WS_LOG_ERROR] + j.lines[EGRET_WS_LOG_INFO] + j.lines[EGRET_WS_LOG_DEBUG], 0);
}

/* Makes a connection that fails, and one that succeeds and sends a message. The lines of the log are in `j` afterwards. */
static void two_connections(journal *j, int32_t log_level, recorder *refused) {
    static recorder good;
    egret_ws_loop *loop = new_loop_with(j, log_level);
    listener unused = bind_loopback();

    memset(&good, 0, sizeof good);
    begin_connect(loop, unused.url, refused);
    POLL_UNTIL(loop, refused->releases == 1);
    if (log_level != EGRET_WS_LOG_ERROR) CHECK(lines_of(j, EGRET_WS_LOG_WARN) == 1);

    open_socket(loop, echo_url, &good);
    CHECK_OK(egret_ws_send(good.ws, EGRET_WS_TEXT, payload, EGRET_WS_NUL_TERMINATED));
    POLL_UNTIL(loop, good.messages == 1);
    close_and_free(loop, &good);
    free_loop(loop);
    close_listener(&unused);
    CHECK(!j->payload_seen);
}

static void levels_are_respected(void) {
    static journal errors, warnings, standard, infos, debugs;
    static recorder r[5];

    two_connections(&errors, EGRET_WS_LOG_ERROR, &r[0]);
    CHECK_EQ(errors.lines[1] + errors.lines[2] + errors.lines[3] + errors.lines[4], 0);

    two_connections(&warnings, EGRET_WS_LOG_WARN, &r[1]);
    CHECK_EQ(warnings.lines[EGRET_WS_LOG_WARN], 1);
    CHECK_EQ(warnings.lines[EGRET_WS_LOG_INFO] + warnings.lines[EGRET_WS_LOG_DEBUG], 0);
    CHECK(warnings.ws == r[1].ws); /* the line is about that socket */
    CHECK(strstr(warnings.text, "(EGRET_WS_ERR_CONNECT, EGRET_WS_PHASE_CONNECT)") != NULL);

    two_connections(&standard, 0, &r[2]);
    CHECK_EQ(standard.lines[EGRET_WS_LOG_WARN], 1);
    CHECK_EQ(standard.lines[EGRET_WS_LOG_INFO] + standard.lines[EGRET_WS_LOG_DEBUG], 0);

    two_connections(&infos, EGRET_WS_LOG_INFO, &r[3]);
    CHECK_EQ(infos.lines[EGRET_WS_LOG_WARN], 1);
    CHECK(infos.lines[EGRET_WS_LOG_INFO] >= 2); /* for the beginning and the end of the connection */
    CHECK_EQ(infos.hosts_seen, 1);
    CHECK_EQ(infos.lines[EGRET_WS_LOG_DEBUG], 0);

    two_connections(&debugs, EGRET_WS_LOG_DEBUG, &r[4]);
    CHECK(debugs.lines[EGRET_WS_LOG_INFO] >= 2);
    CHECK(debugs.lines[EGRET_WS_LOG_DEBUG] > 0);
}

static void a_log_need_not_be(void) {
    egret_ws_loop_options options = loop_options();
    egret_ws_loop *loop = NULL;
    options.on_log = NULL;
    options.log_level = EGRET_WS_LOG_DEBUG;
    CHECK_OK(egret_ws_loop_new(&options, &loop));
    CHECK_EQ(egret_ws_connect(loop, NULL, NULL, NULL), EGRET_WS_ERR_INVALID_ARGUMENT);
    settle(loop);
    free_loop(loop);
}

/* Polls and frees from inside the log, while the engine may be in the middle of its work on this thread. */
typedef struct {
    egret_ws_loop *loop;
    int lines; /* of the thread that polls, the only one that uses it, or of the I/O thread before it is joined */
} meddler;

static void meddle(void *user, int32_t level, const char *text, egret_ws *ws) {
    meddler *m = (meddler *)user;
    egret_ws *another = NULL;
    (void)level, (void)text, (void)ws;
    m->lines++;
    if (!m->loop) return;
    CHECK_EQ(egret_ws_loop_poll(m->loop, -1), EGRET_WS_ERR_REENTRANT);
    CHECK_EQ(egret_ws_loop_free(m->loop, NULL), EGRET_WS_ERR_REENTRANT);
    CHECK_EQ(egret_ws_connect(m->loop, "no URL", NULL, &another), EGRET_WS_ERR_INVALID_URL); /* it writes no line */
    CHECK(another == NULL);
}

static void the_log_cannot_be_used_to_poll(void) {
    static meddler m;
    static recorder r;
    egret_ws_loop_options options = loop_options();
    egret_ws_loop *loop = NULL;
    egret_ws *ws = NULL;
    int lines;
    options.user = &m;
    options.on_log = meddle;
    options.log_level = EGRET_WS_LOG_WARN;
    m.loop = NULL;
    m.lines = 0;
    CHECK_OK(egret_ws_loop_new(&options, &loop));
    m.loop = loop;
    CHECK_EQ(egret_ws_connect(loop, "ws://", NULL, &ws), EGRET_WS_ERR_INVALID_URL);
    CHECK_EQ(m.lines, 1);
    begin_connect(loop, "ws://127.0.0.1:1/", &r); /* the connection is refused: the engine writes a line */
    POLL_UNTIL(loop, r.releases == 1);
    CHECK_EQ(r.report.error, EGRET_WS_ERR_CONNECT);
    CHECK_OK(egret_ws_loop_free(loop, NULL));
    lines = m.lines;
    CHECK_EQ(lines, 2);
}

/* Inline: the host sends when a log line comes at the end of a poll, and the message is still written in that poll. */

static egret_ws_loop *busy_loop;
static recorder talking, another;
static int lines_sent;
static listener silent;

static void send_when_another_connects(void *user, int32_t level, const char *text, egret_ws *ws) {
    (void)user, (void)level;
    if (another.ws && ws == another.ws && strstr(text, "connecting")) {
        CHECK_OK(egret_ws_send(talking.ws, EGRET_WS_TEXT, "x", 1));
        CHECK_EQ(egret_ws_buffered_amount(talking.ws), ++lines_sent);
    }
}

static void connect_another(recorder *r) {
    r->then_data = NULL;
    begin_connect(busy_loop, silent.url, &another);
}

static void the_log_may_send(void) {
    egret_ws_loop_options options = loop_options();
    options.on_log = send_when_another_connects;
    options.log_level = EGRET_WS_LOG_DEBUG;
    CHECK_OK(egret_ws_loop_new(&options, &busy_loop));
    silent = listen_silently();
    open_socket(busy_loop, echo_url, &talking);
    talking.then_data = connect_another;
    CHECK_OK(egret_ws_send(talking.ws, EGRET_WS_TEXT, "x", 1));
    POLL_UNTIL(busy_loop, another.ws);
    CHECK(lines_sent > 0);
    CHECK_EQ(egret_ws_buffered_amount(talking.ws), 0);
    POLL_UNTIL(busy_loop, talking.messages == 1 + lines_sent);
    free_socket(&talking);
    free_socket(&another);
    free_loop(busy_loop);
    close_listener(&silent);
}

int main(int argc, char **argv) {
    begin(argc, argv);
    refused_calls_are_explained();
    levels_are_respected();
    a_log_need_not_be();
    the_log_cannot_be_used_to_poll();
    if (driver == EGRET_WS_LOOP_INLINE) the_log_may_send();
    return 0;
}
