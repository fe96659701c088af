/* The common part of the egret-ws clients: a loop with the driver that LAB_DRIVER names (`inline` or `threaded`), and options. */
#ifndef LAB_EGRET_H
#define LAB_EGRET_H

#include "../common/lab.h"

#include <egret_ws.h>

enum { MAX_CA_BYTES = 65536 };

static egret_ws_loop *loop;
static egret_ws_options options;

static int32_t checked(int32_t result) {
    if (result < 0) lab_fail(egret_ws_error_name(result));
    return result;
}

static void make_loop(void) {
    const char *driver = getenv("LAB_DRIVER");
    egret_ws_loop_options loop_options;
    egret_ws_loop_options_init(&loop_options, sizeof loop_options);
    if (driver && !strcmp(driver, "inline")) loop_options.flags = EGRET_WS_LOOP_INLINE;
    /* A counting tool makes the program so slow that polls would end at their time limit, at a different point in each run. */
    if (getenv("LAB_COUNTED")) loop_options.poll_max_us = UINT32_MAX;
    checked(egret_ws_loop_new(&loop_options, &loop));
}

static void trust(const char *path) {
    char *roots = (char *)malloc(MAX_CA_BYTES);
    FILE *file = path ? fopen(path, "rb") : NULL;
    if (!file) lab_fail("TLS needs the file of a certificate authority");
    options.tls_roots = roots;
    options.tls_roots_len = fread(roots, 1, MAX_CA_BYTES, file);
    options.flags |= EGRET_WS_ONLY_THESE_ROOTS;
    fclose(file);
}

static void init_options(void) {
    egret_ws_options_init(&options, sizeof options);
    /* The other clients do not offer permessage-deflate, and the server does not support it. */
    options.flags = EGRET_WS_DISABLE_DEFLATE;
    if (lab.tls) trust(lab.ca);
    /* The other clients make full handshakes. */
    if (!getenv("LAB_RESUMES")) options.flags |= EGRET_WS_DISABLE_TLS_RESUMPTION;
}

#endif
