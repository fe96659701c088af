/* What the clients of egret-ws share: a loop with the driver that LAB_DRIVER says (`inline` or `threaded`), and the options. */
#ifndef LAB_EGRET_H
#define LAB_EGRET_H

#include "../common/lab.h"

#include <egret_ws.h>

enum { CA_MOST = 65536 };

static egret_ws_loop *loop;
static egret_ws_options options;

static int32_t checked(int32_t result) {
    if (result < 0) lab_die(egret_ws_error_name(result));
    return result;
}

static void make_loop(void) {
    const char *driver = getenv("LAB_DRIVER");
    egret_ws_loop_options loop_options;
    egret_ws_loop_options_init(&loop_options, sizeof loop_options);
    if (driver && !strcmp(driver, "inline")) loop_options.flags = EGRET_WS_LOOP_INLINE;
    /* A tool that counts makes the program so slow that polls would end by their time, now here, now there. */
    if (getenv("LAB_COUNTED")) loop_options.poll_max_us = UINT32_MAX;
    checked(egret_ws_loop_new(&loop_options, &loop));
}

static void trust(const char *path) {
    char *roots = (char *)malloc(CA_MOST);
    FILE *file = path ? fopen(path, "rb") : NULL;
    if (!file) lab_die("TLS takes the file of an authority");
    options.tls_roots = roots;
    options.tls_roots_len = fread(roots, 1, CA_MOST, file);
    options.flags |= EGRET_WS_ONLY_THESE_ROOTS;
    fclose(file);
}

static void init_options(void) {
    egret_ws_options_init(&options, sizeof options);
    /* permessage-deflate: the others do not offer it, and the server would not take it. */
    options.flags = EGRET_WS_NO_DEFLATE;
    if (lab.tls) trust(lab.ca);
}

#endif
