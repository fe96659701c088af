/* A program of another release: it is compiled with an older or newer header than the library's, and uses only what all headers have.
 * Its structs end at a page that cannot be read or written, so that the program crashes if the library uses more bytes than they
 * have. */
#define _DEFAULT_SOURCE
#include "header.h"

#ifndef NEWEST_BYTE
#define NEWEST_BYTE 0
#define NEWEST_RESULT EGRET_WS_OK
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int connects, messages, closes, releases;

static void check(int line, const char *what, int64_t is, int64_t should) {
    if (is == should) return;
    fprintf(stderr, "line %d: %s is %lld %s, should be %lld\n", line, what, (long long)is,
            is < 0 ? egret_ws_error_name((int32_t)is) : "", (long long)should);
    exit(1);
}

#define CHECK_EQ(is, should) check(__LINE__, #is, (int64_t)(is), (int64_t)(should))

static void *at_the_end_of_a_page(size_t size) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *pages = (char *)mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK_EQ(pages == MAP_FAILED || size > page, 0);
    CHECK_EQ(mprotect(pages + page, page, PROT_NONE), 0);
    memset(pages, 0xAA, page);
    return pages + page - size;
}

static void on_connect(void *user, egret_ws *ws) {
    connects += *(int *)user;
    CHECK_EQ(egret_ws_send(ws, EGRET_WS_TEXT, "hello", EGRET_WS_NUL_TERMINATED), EGRET_WS_OK);
}

static void on_message(void *user, egret_ws *ws, int32_t kind, const uint8_t *data, size_t len) {
    messages += *(int *)user;
    CHECK_EQ(kind, EGRET_WS_TEXT);
    CHECK_EQ(len == 5 && memcmp(data, "hello", 5) == 0, 1);
    CHECK_EQ(egret_ws_close(ws, 1000, NULL, 0), EGRET_WS_OK);
}

static void on_close(void *user, egret_ws *ws, const egret_ws_close_info *info) {
    (void)ws;
    closes += *(int *)user;
    CHECK_EQ(info->error, EGRET_WS_OK);
    CHECK_EQ(info->code, 1000);
}

static void release_user(void *user) {
    releases += *(int *)user;
}

static void on_retry(void *user, egret_ws *ws, const egret_ws_close_info *info, uint32_t attempt, uint32_t delay_ms) {
    (void)user, (void)ws, (void)info, (void)attempt, (void)delay_ms;
    CHECK_EQ(0, 1);
}

#ifdef FIRST_FORM
/* The library takes the first form of a struct, and none that is smaller. */
#define IS_FIRST_FORM(type, call_with)                                       \
    do {                                                                     \
        uint32_t size;                                                       \
        for (size = 0; size <= sizeof(type); size++) {                       \
            type *room = (type *)at_the_end_of_a_page(size < 4 ? 4 : size);  \
            memset(room, 0, size < 4 ? 4 : size);                            \
            memcpy(room, &size, sizeof size);                                \
            CHECK_EQ((call_with) == EGRET_WS_ERR_BAD_STRUCT, size < sizeof(type)); \
        }                                                                    \
    } while (0)

static void check_first_forms(egret_ws *closed) {
    IS_FIRST_FORM(egret_ws_loop_options, egret_ws_loop_options_init(room, size));
    IS_FIRST_FORM(egret_ws_options, egret_ws_options_init(room, size));
    IS_FIRST_FORM(egret_ws_retry_options, egret_ws_retry_options_init(room, size));
    IS_FIRST_FORM(egret_ws_deflate_options, egret_ws_deflate_options_init(room, size));
    IS_FIRST_FORM(egret_ws_statistics, egret_ws_stats(closed, room));
    IS_FIRST_FORM(egret_ws_close_info, egret_ws_close_report(closed, room));
}
#endif

static void on_log(void *user, int32_t level, const char *text, egret_ws *ws) {
    (void)user, (void)ws;
    fprintf(stderr, "log %d: %s\n", (int)level, text);
}

int main(int argc, char **argv) {
    egret_ws_loop_options *of_loop = (egret_ws_loop_options *)at_the_end_of_a_page(sizeof *of_loop);
    egret_ws_options *options = (egret_ws_options *)at_the_end_of_a_page(sizeof *options);
    egret_ws_retry_options *retry = (egret_ws_retry_options *)at_the_end_of_a_page(sizeof *retry);
    egret_ws_deflate_options *deflate = (egret_ws_deflate_options *)at_the_end_of_a_page(sizeof *deflate);
    egret_ws_statistics *stats = (egret_ws_statistics *)at_the_end_of_a_page(sizeof *stats);
    egret_ws_free_report *lost = (egret_ws_free_report *)at_the_end_of_a_page(sizeof *lost);
    egret_ws_close_info *report = (egret_ws_close_info *)at_the_end_of_a_page(sizeof *report);
    egret_ws_loop *loop = NULL;
    egret_ws *ws = NULL;
    int one = 1, polls;

    CHECK_EQ(argc, 2);
    CHECK_EQ(egret_ws_loop_options_init(of_loop, sizeof *of_loop), EGRET_WS_OK);
    CHECK_EQ(of_loop->struct_size, sizeof *of_loop);
    of_loop->on_log = on_log;
    CHECK_EQ(egret_ws_loop_new(of_loop, &loop), EGRET_WS_OK);

    CHECK_EQ(egret_ws_options_init(options, sizeof *options), EGRET_WS_OK);
    CHECK_EQ(options->struct_size, sizeof *options);
    options->user = &one;
    options->on_connect = on_connect;
    options->on_message = on_message;
    options->on_close = on_close;
    options->release_user = release_user;
    CHECK_EQ(egret_ws_retry_options_init(retry, sizeof *retry), EGRET_WS_OK);
    CHECK_EQ(egret_ws_deflate_options_init(deflate, sizeof *deflate), EGRET_WS_OK);
    CHECK_EQ(retry->struct_size + deflate->struct_size, sizeof *retry + sizeof *deflate);
#ifndef FIRST_FORM
    options->on_retry = on_retry;
    options->retry = retry;
    options->deflate = deflate;
#else
    (void)on_retry;
#endif
    CHECK_EQ(egret_ws_connect(loop, argv[1], options, &ws), EGRET_WS_OK);
    for (polls = 0; polls < 300 && releases == 0; polls++) CHECK_EQ(egret_ws_loop_poll(loop, 100) < 0, 0);
    CHECK_EQ(connects == 1 && messages == 1 && closes == 1 && releases == 1, 1);

    stats->struct_size = sizeof *stats;
    CHECK_EQ(egret_ws_stats(ws, stats), EGRET_WS_OK);
    CHECK_EQ(stats->struct_size, sizeof *stats);
    CHECK_EQ(stats->http_status, 101);

    report->struct_size = sizeof *report;
    CHECK_EQ(egret_ws_close_report(ws, report), EGRET_WS_OK);
    CHECK_EQ(report->struct_size, sizeof *report);
    CHECK_EQ(report->code, 1000);
    CHECK_EQ(report->message_len, strlen(report->message));
#ifdef FIRST_FORM
    check_first_forms(ws);
#endif

    /* The last byte belongs to a field that the library may not know. A program that is newer than the library must not set it. */
    ((char *)options)[sizeof *options - 1] = (char)NEWEST_BYTE;
    options->user = NULL;
    options->release_user = NULL;
    CHECK_EQ(egret_ws_connect(loop, argv[1], options, &ws), NEWEST_RESULT);
    lost->struct_size = sizeof *lost;
    CHECK_EQ(egret_ws_loop_free(loop, lost), EGRET_WS_OK);
    CHECK_EQ(lost->struct_size, sizeof *lost);
    CHECK_EQ(lost->sockets == 0 && lost->unsent_messages == 0, 1);
    return 0;
}
