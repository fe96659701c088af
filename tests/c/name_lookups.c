/* A name look-up that hangs delays nothing else: not the other address family, another name, an IP address, a call or a thread.
 * This program replaces the resolver. The beginning of a name selects what the look-up does.
 *
 * Where a duration is checked, the fastest of several rounds counts: a slow library is slow in each, a busy machine delays some. */
#include "server.h"

#include <dirent.h>
#include <netdb.h>

#define AT_ONCE_MS (SLOW ? 500 : 50)

enum { ROUNDS = 3, RESOLUTION_DELAY_MS = 50, LIMIT_MS = 100, MOST_LOOKUPS = 64, SHARED_MS = 1000 };

#define LOOKUP_THREAD "egret-ws-lookup"

/* The resolver. */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int hanging, most_hanging, may_end, is_mended, unfreed;

typedef struct answer {
    struct addrinfo info;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} answer;

static int begins(const char *name, const char *beginning) {
    return strncmp(name, beginning, strlen(beginning)) == 0;
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
    const int family = hints->ai_family;
    answer *a;
    (void)service;
    CHECK(family == AF_INET || family == AF_INET6); /* each family separately: otherwise the slower one would delay the other */
    pthread_mutex_lock(&lock);
    if (begins(name, "hung") || begins(name, family == AF_INET ? "a-hangs" : "aaaa-hangs") ||
        (begins(name, "mended") && !is_mended)) {
        hanging++;
        if (hanging > most_hanging) most_hanging = hanging;
        while (!may_end) pthread_cond_wait(&changed, &lock);
        hanging--;
        pthread_cond_broadcast(&changed);
        pthread_mutex_unlock(&lock);
        return EAI_AGAIN;
    }
    unfreed++;
    pthread_mutex_unlock(&lock);
    a = (answer *)calloc(1, sizeof *a);
    CHECK(a != NULL);
    a->info.ai_family = family;
    a->info.ai_socktype = SOCK_STREAM;
    if (family == AF_INET) {
        a->v4 = loopback(0);
        a->info.ai_addr = (struct sockaddr *)&a->v4;
        a->info.ai_addrlen = sizeof a->v4;
    } else {
        /* The server's address as ::ffff:127.0.0.1, which machines without IPv6 have too. */
        a->v6.sin6_family = AF_INET6;
        memset(&a->v6.sin6_addr.s6_addr[10], 0xFF, 2);
        memcpy(&a->v6.sin6_addr.s6_addr[12], "\x7F\0\0\1", 4);
        a->info.ai_addr = (struct sockaddr *)&a->v6;
        a->info.ai_addrlen = sizeof a->v6;
    }
    *found = &a->info;
    return 0;
}

void freeaddrinfo(struct addrinfo *found) {
    pthread_mutex_lock(&lock);
    unfreed--;
    pthread_mutex_unlock(&lock);
    free(found);
}

static int seen(const int *number) {
    int value;
    pthread_mutex_lock(&lock);
    value = *number;
    pthread_mutex_unlock(&lock);
    return value;
}

static void set(int *number, int value) {
    pthread_mutex_lock(&lock);
    *number = value;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static int threads(const char *beginning);

/* Ends all look-ups, and waits until their threads have ended: the engine may begin further look-ups until it has taken the requests
 * of the freed sockets. */
static void let_lookups_end(void) {
    set(&may_end, 1);
    WAIT_UNTIL(seen(&hanging) == 0 && threads(LOOKUP_THREAD) == 0);
    set(&may_end, 0);
}

/* Names that replace the echo server's address. */

static uint16_t port_of_echo(void) {
    const char *colon = strrchr(echo_url, ':');
    CHECK(colon != NULL);
    return (uint16_t)atoi(colon + 1);
}

static void connect_to(egret_ws_loop *loop, const char *name, recorder *r) {
    egret_ws_options options = recorder_options(r);
    CHECK_OK(egret_ws_connect_host(loop, name, port_of_echo(), &options, &r->ws));
}

/* Connects to the name; returns how long that took. */
static int64_t open_us(egret_ws_loop *loop, const char *name) {
    recorder *r = (recorder *)calloc(1, sizeof *r);
    const int64_t begun_us = now_us();
    int64_t took_us;
    CHECK(r != NULL);
    connect_to(loop, name, r);
    POLL_UNTIL(loop, r->connects + r->closes > 0);
    took_us = now_us() - begun_us;
    CHECK_EQ(r->connects, 1);
    expect_echo(loop, r);
    close_and_free(loop, r);
    free(r);
    return took_us;
}

static int64_t fastest_us(egret_ws_loop *loop, const char *name) {
    int64_t fastest = INT64_MAX;
    int round;
    for (round = 0; round < ROUNDS; round++) {
        const int64_t took_us = open_us(loop, name);
        if (took_us < fastest) fastest = took_us;
    }
    return fastest;
}

/* The number of threads of this process whose name begins with this text. */
static int threads(const char *beginning) {
    DIR *tasks = opendir("/proc/self/task");
    const struct dirent *task;
    int count = 0;
    CHECK(tasks != NULL);
    while ((task = readdir(tasks)) != NULL) {
        char path[300], name[32] = "";
        FILE *file;
        snprintf(path, sizeof path, "/proc/self/task/%s/comm", task->d_name);
        file = fopen(path, "r");
        if (file == NULL) continue; /* the thread has ended, or this is ".." */
        count += fgets(name, sizeof name, file) != NULL && begins(name, beginning);
        fclose(file);
    }
    closedir(tasks);
    return count;
}

/* The tests. */

static void one_family_does_not_wait_for_the_other(void) {
    egret_ws_loop *loop = new_loop();
    int64_t took_us;

    CHECK(fastest_us(loop, "good.test") < AT_ONCE_MS * 1000);
    took_us = fastest_us(loop, "aaaa-hangs.test"); /* RFC 8305 section 3: a short delay, so that IPv6 is first */
    CHECK(took_us >= RESOLUTION_DELAY_MS * 1000);
    CHECK(took_us < (RESOLUTION_DELAY_MS + AT_ONCE_MS) * 1000);
    CHECK(seen(&hanging) > 0);
    CHECK(fastest_us(loop, "a-hangs.test") < AT_ONCE_MS * 1000);
    free_loop(loop);
    let_lookups_end();
}

static void the_deadline_is_kept(void) {
    static recorder r;
    egret_ws_loop *loop = new_loop();
    egret_ws_options options = recorder_options(&r);
    const int64_t begun_us = now_us();

    options.resolve_timeout_ms = LIMIT_MS;
    CHECK_OK(egret_ws_connect_host(loop, "hung.test", 9, &options, &r.ws));
    POLL_UNTIL(loop, r.releases == 1);
    CHECK(now_us() - begun_us >= LIMIT_MS * 1000);
    CHECK_EQ(r.connects, 0);
    CHECK_EQ(r.report.error, EGRET_WS_ERR_TIMEOUT);
    CHECK_EQ(r.report.phase, EGRET_WS_PHASE_RESOLVE);
    CHECK_EQ(r.report.initiator, EGRET_WS_INITIATOR_TRANSPORT);
    free_socket(&r);
    free_loop(loop);
    let_lookups_end();
}

/* Several names hang, and the look-up of a name after them succeeds. */
static void other_names_go_on(void) {
    enum { NAMES = 20 };
    static recorder hung[NAMES];
    egret_ws_loop *loop = new_loop();
    char name[32];
    int i;

    memset(hung, 0, sizeof hung);
    for (i = 0; i < NAMES; i++) {
        snprintf(name, sizeof name, "hung-%d.test", i);
        connect_to(loop, name, &hung[i]);
    }
    POLL_UNTIL(loop, seen(&hanging) == 2 * NAMES);
    CHECK(fastest_us(loop, "good.test") < AT_ONCE_MS * 1000);
    CHECK(fastest_us(loop, "127.0.0.1") < AT_ONCE_MS * 1000);
    CHECK(fastest_us(loop, "localhost") < AT_ONCE_MS * 1000);

    for (i = 0; i < NAMES; i++) {
        CHECK_EQ(hung[i].closes, 0);
        if (i % 2 == 0) {
            CHECK_OK(egret_ws_close(hung[i].ws, 1000, NULL, 0));
        } else {
            free_socket(&hung[i]);
        }
    }
    for (i = 0; i < NAMES; i++) POLL_UNTIL(loop, hung[i].releases == 1);
    for (i = 0; i < NAMES; i += 2) {
        CHECK_EQ(hung[i].report.error, EGRET_WS_ERR_ABORTED);
        CHECK_EQ(hung[i].report.phase, EGRET_WS_PHASE_RESOLVE);
        free_socket(&hung[i]);
    }
    CHECK_EQ(seen(&hanging), 2 * NAMES); /* a call that waited for a look-up would not have returned */
    let_lookups_end();
    free_loop(loop);
}

/* There are more names than look-up threads. If the sockets of a waiting name are freed, the name is not looked up. */
static void threads_are_bounded(void) {
    enum { NAMES = MOST_LOOKUPS };
    static recorder hung[NAMES];
    egret_ws_loop *loop = new_loop();
    char name[32];
    int i;

    memset(hung, 0, sizeof hung);
    set(&most_hanging, 0);
    for (i = 0; i < NAMES; i++) {
        snprintf(name, sizeof name, "hung-%d.test", i);
        connect_to(loop, name, &hung[i]);
    }
    POLL_UNTIL(loop, seen(&hanging) == MOST_LOOKUPS);
    settle(loop);
    CHECK_EQ(threads(LOOKUP_THREAD), MOST_LOOKUPS);
    CHECK(fastest_us(loop, "localhost") < AT_ONCE_MS * 1000);
    for (i = 0; i < NAMES; i++) free_socket(&hung[i]);
    for (i = 0; i < NAMES; i++) POLL_UNTIL(loop, hung[i].releases == 1);
    let_lookups_end();
    CHECK_EQ(seen(&most_hanging), MOST_LOOKUPS);
    CHECK(fastest_us(loop, "good.test") < AT_ONCE_MS * 1000);
    free_loop(loop);
}

/* Sockets with the same name wait for one look-up, but not for one that hangs on an earlier network. */
static void a_look_up_is_shared_while_it_is_young(void) {
    enum { SOCKETS = 10 };
    static recorder waiting[SOCKETS];
    egret_ws_loop *loop = new_loop();
    int64_t begun_us;
    int i;

    memset(waiting, 0, sizeof waiting);
    set(&most_hanging, 0);
    for (i = 0; i < SOCKETS; i++) connect_to(loop, "mended.test", &waiting[i]);
    POLL_UNTIL(loop, seen(&hanging) == 2);
    settle(loop);
    begun_us = now_us();
    set(&is_mended, 1);
    while (now_us() < begun_us + SHARED_MS * 1000) poll_loop(loop, 10);
    CHECK(fastest_us(loop, "mended.test") < AT_ONCE_MS * 1000);
    CHECK_EQ(seen(&most_hanging), 2);
    let_lookups_end();
    for (i = 0; i < SOCKETS; i++) {
        POLL_UNTIL(loop, waiting[i].releases == 1);
        CHECK_EQ(waiting[i].report.error, EGRET_WS_ERR_RESOLVE);
        CHECK_EQ(waiting[i].report.phase, EGRET_WS_PHASE_RESOLVE);
        free_socket(&waiting[i]);
    }
    free_loop(loop);
}

/* The network changes while the look-up of a name hangs. Only a few look-ups of that name run at the same time. Other names do not
 * wait for them. A new answer is noticed while the old look-ups still hang. */
static void changes_of_the_network_start_few_look_ups(void) {
    enum { CHANGES = 100, OF_ONE_NAME = 2 * 5 };
    static recorder r;
    egret_ws_loop *loop = new_loop();
    int i;

    set(&is_mended, 0);
    set(&most_hanging, 0);
    connect_to(loop, "mended.test", &r);
    POLL_UNTIL(loop, seen(&hanging) == 2);
    for (i = 0; i < CHANGES; i++) {
        CHECK_OK(egret_ws_loop_network_changed(loop));
        poll_loop(loop, 2);
    }
    CHECK(seen(&most_hanging) <= OF_ONE_NAME);
    CHECK(fastest_us(loop, "good.test") < AT_ONCE_MS * 1000);
    set(&is_mended, 1);
    CHECK_OK(egret_ws_loop_network_changed(loop));
    POLL_UNTIL(loop, r.connects + r.closes > 0);
    CHECK_EQ(r.connects, 1);
    CHECK(seen(&hanging) > 0);
    CHECK(seen(&most_hanging) <= OF_ONE_NAME);
    close_and_free(loop, &r);
    let_lookups_end();
    settle(loop);
    free_loop(loop);
}

int main(int argc, char **argv) {
    begin(argc, argv);
    one_family_does_not_wait_for_the_other();
    the_deadline_is_kept();
    other_names_go_on();
    threads_are_bounded();
    a_look_up_is_shared_while_it_is_young();
    changes_of_the_network_start_few_look_ups();
    WAIT_UNTIL(threads("egret-ws") == 0);
    CHECK_EQ(seen(&unfreed), 0);
    return 0;
}
