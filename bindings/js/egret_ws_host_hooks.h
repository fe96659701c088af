/*
 * egret_ws_host_hooks.h - a part of egret_ws_host.c: the hooks that a script answers. No other file includes it.
 *
 * The library calls hooks on its own threads. A question waits in a ring until the poll of the host passes it to the script with
 * a ticket, and then until the script answers. The ring has a limit: a new question replaces the oldest one, which then gets an
 * answer without a result. This also applies to questions of connections that have ended; the library refuses their answers.
 *
 * The ring lives until the host is freed and the library has released it, because a hook may still run after the end of its loop.
 */
#ifdef _WIN32
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#undef TEXT
typedef SRWLOCK host_lock;
#define init_lock(lock) InitializeSRWLock(lock)
#define acquire(lock) AcquireSRWLockExclusive(lock)
#define release(lock) ReleaseSRWLockExclusive(lock)
#define destroy_lock(lock) ((void)(lock))
#else
#include <pthread.h>
typedef pthread_mutex_t host_lock;
#define init_lock(lock) ((void)pthread_mutex_init(lock, NULL))
#define acquire(lock) ((void)pthread_mutex_lock(lock))
#define release(lock) ((void)pthread_mutex_unlock(lock))
#define destroy_lock(lock) ((void)pthread_mutex_destroy(lock))
#endif

enum { MAX_QUESTIONS = 1024 };

/* The names of the hooks in egret_ws.js. */
static const char resolve_hook[] = "resolve", proxy_hook[] = "findProxy";

typedef struct question {
    int64_t ticket;
    const char *hook;      /* one of the names */
    egret_ws_query *query; /* NULL after the answer */
    char *text;            /* NULL after the script has got it */
} question;

struct host_questions {
    host_lock lock; /* protects all following fields except `delivered` */
    unsigned owners; /* the host and the library: 1 or 2 */
    egret_ws_loop *loop;
    egret_ws_hooks shell; /* the hooks of the shell; zeros if it has none */
    int64_t last; /* the ticket of the newest question */
    question ring[MAX_QUESTIONS];
    int64_t delivered; /* the last ticket that the script has got, or that was dropped; only the host uses it */
};

/* Answers without an address or a proxy, so that the attempt fails. */
static void answer_by_nothing(const char *hook, egret_ws_query *query) {
    if (hook == resolve_hook) egret_ws_resolved(query, "");
    else egret_ws_proxy_found(query, NULL);
}

static void ask(host_questions *all, const char *hook, const char *text, egret_ws_query *query) {
    const size_t size = strlen(text) + 1;
    char *const copy = malloc(size);
    question replaced, *place;
    egret_ws_loop *loop;
    if (!copy) {
        answer_by_nothing(hook, query);
        return;
    }
    memcpy(copy, text, size);
    acquire(&all->lock);
    place = &all->ring[++all->last % MAX_QUESTIONS];
    replaced = *place;
    place->ticket = all->last;
    place->hook = hook;
    place->query = query;
    place->text = copy;
    loop = all->loop;
    release(&all->lock);
    if (replaced.query) answer_by_nothing(replaced.hook, replaced.query);
    free(replaced.text);
    egret_ws_loop_wake(loop);
}

/* The hooks for C. `user` points to the questions. */

static void on_resolve(void *user, egret_ws *ws, const char *host, egret_ws_query *query) {
    (void)ws;
    ask(user, resolve_hook, host, query);
}

static void on_proxy(void *user, egret_ws *ws, const char *url, egret_ws_query *query) {
    (void)ws;
    ask(user, proxy_hook, url, query);
}

/* The hooks of the shell, with its `user`. */

static void shell_on_resolve(void *user, egret_ws *ws, const char *host, egret_ws_query *query) {
    const egret_ws_hooks *const shell = &((host_questions *)user)->shell;
    shell->on_resolve(shell->user, ws, host, query);
}

static void shell_on_proxy(void *user, egret_ws *ws, const char *url, egret_ws_query *query) {
    const egret_ws_hooks *const shell = &((host_questions *)user)->shell;
    shell->on_proxy(shell->user, ws, url, query);
}

static int32_t shell_on_socket(void *user, egret_ws *ws, ptrdiff_t descriptor) {
    const egret_ws_hooks *const shell = &((host_questions *)user)->shell;
    return shell->on_socket(shell->user, ws, descriptor);
}

/* The beginning and the end */

static void leave_questions(host_questions *all) {
    unsigned owners;
    size_t i;
    acquire(&all->lock);
    owners = --all->owners;
    release(&all->lock);
    if (owners > 0) return;
    for (i = 0; i < MAX_QUESTIONS; i++) free(all->ring[i].text);
    destroy_lock(&all->lock);
    free(all);
}

static void release_questions(void *user) {
    host_questions *all = user;
    if (all->shell.release_user) all->shell.release_user(all->shell.user);
    leave_questions(all);
}

/* If the shell and the script both have a hook, the hook of the shell is used. `shell` may be NULL. Returns NULL if there is no
 * memory. */
static host_questions *new_questions(const egret_ws_hooks *shell, uint32_t of_script, egret_ws_hooks *hooks) {
    host_questions *all = calloc(1, sizeof *all);
    if (!all) return NULL;
    init_lock(&all->lock);
    all->owners = 1;
    if (shell) memcpy(&all->shell, shell, shell->struct_size < sizeof *shell ? shell->struct_size : sizeof *shell);
    egret_ws_hooks_init(hooks, sizeof *hooks);
    hooks->max_threads = all->shell.max_threads;
    hooks->user = all;
    hooks->release_user = release_questions;
    hooks->on_resolve = all->shell.on_resolve ? shell_on_resolve : of_script & EGRET_WS_HOST_RESOLVE ? on_resolve : NULL;
    hooks->on_proxy = all->shell.on_proxy ? shell_on_proxy : of_script & EGRET_WS_HOST_FIND_PROXY ? on_proxy : NULL;
    hooks->on_socket = all->shell.on_socket ? shell_on_socket : NULL;
    return all;
}

/* The loop was created with these hooks, so the library owns them, too. */
static void begin_questions(host_questions *all, egret_ws_loop *loop) {
    acquire(&all->lock);
    all->loop = loop;
    all->owners++;
    release(&all->lock);
}

/* For the script */

/* Takes the text of the next question; NULL if the question was dropped. */
static char *take_question(host_questions *all, int64_t ticket, const char **hook) {
    question *const place = &all->ring[ticket % MAX_QUESTIONS];
    char *text = NULL;
    acquire(&all->lock);
    if (place->ticket == ticket) {
        text = place->text;
        place->text = NULL;
        *hook = place->hook;
    }
    release(&all->lock);
    return text;
}

static int64_t last_question(host_questions *all) {
    int64_t last;
    acquire(&all->lock);
    last = all->last;
    release(&all->lock);
    return last;
}

/* Passes the questions that waited before this call to the script. Later ones wait, so that the time of a poll has a limit. */
static int32_t deliver_questions(egret_ws_host *host) {
    host_questions *const all = host->questions;
    const int64_t last = all ? last_question(all) : 0;
    int32_t count = 0;
    if (!all) return 0;
    if (last - all->delivered > MAX_QUESTIONS) all->delivered = last - MAX_QUESTIONS;
    while (all->delivered < last) {
        const int64_t ticket = ++all->delivered;
        const char *hook;
        char *const text = take_question(all, ticket, &hook);
        if (!text) continue;
        host->events->asked(host->engine, ticket, hook, text);
        free(text);
        count++;
    }
    return count;
}

/* `list` is the answer, or NULL. Returns EGRET_WS_ERR_BAD_HANDLE if no connection waits for it any more. */
static int32_t answer_question(host_questions *all, int64_t ticket, const char *list) {
    question *const place = &all->ring[ticket % MAX_QUESTIONS];
    question asked = {0};
    int32_t result;
    acquire(&all->lock);
    if (place->ticket == ticket) asked = *place;
    release(&all->lock);
    if (!asked.query) return EGRET_WS_ERR_BAD_HANDLE;
    result = asked.hook == resolve_hook ? egret_ws_resolved(asked.query, list) : egret_ws_proxy_found(asked.query, list);
    if (result != EGRET_WS_OK && result != EGRET_WS_ERR_BAD_HANDLE) return result; /* the question is still open */
    acquire(&all->lock);
    if (place->ticket == ticket) place->query = NULL;
    release(&all->lock);
    return result;
}
