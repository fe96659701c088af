/* load_generator [OPTION...] [URL]: opens many sockets to an echo server, sends at a steady rate, and measures the answers.
 *
 *     export PKG_CONFIG_PATH=$HOME/egret/lib/pkgconfig
 *     cc -O2 load_generator.c $(pkg-config --cflags --libs egret_ws) -pthread -Wl,-rpath,$HOME/egret/lib -o load_generator
 *     ./load_generator --sockets 1000 --rate 2 --seconds 10 ws://127.0.0.1:9000/
 *
 *     --sockets N        1 to 10000 (100); each needs one descriptor here, and two in egret-ws-echo (`ulimit -n`)
 *     --rate R           messages a second of each socket, up to 1000 (1)
 *     --bytes B          bytes of a message, 16 to 131072 (64)
 *     --most-bytes B     each message is twice as large as the one before, from --bytes up to B; then the sizes start again
 *     --seconds S        duration, 1 to 86400 (10)
 *     --threads T        loops, each with its own thread, 1 to 64 (1)
 *     --opening N        the most connections that a thread makes at the same time (100)
 *
 * Ctrl-C ends it early and prints the report. The exit code is 0 if all sockets connected and closed cleanly, and all echoes
 * arrived.
 *
 * The sends follow a schedule, which does not wait for answers. A message that does not fit into the send queue counts as refused.
 * The memory does not depend on the duration: latencies are counted in classes, with a width of at most 1/32 of their value. */
#define _POSIX_C_SOURCE 200809L
#include <egret_ws.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
    SUBS = 32,           /* classes of latencies for each power of two */
    MAX_SHIFT = 34,      /* up to 2^40 us */
    CLASSES = (MAX_SHIFT + 2) * SUBS,
    ERRORS = 16,         /* the maximum number of different errors in a thread */
    HEADER_BYTES = 16    /* the header of a message: its number, and the time of the send */
};

static struct {
    const char *url;
    double sockets, rate, bytes, most_bytes, seconds, threads, opening;
} settings = {"ws://127.0.0.1:9000/", 100, 1, 64, 0, 10, 1, 100};

/* The threads share these. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int is_stopping, running_threads;
static pthread_t main_thread;

struct socket {
    struct worker *worker;
    egret_ws *ws;
    uint64_t sent, received;
    long place; /* in `open` of the worker, -1: not open */
};

struct report {
    long connected, clean;
    uint64_t sent, received, bytes_received, refused, out_of_order;
    int64_t longest_us, latest_us, first_us, last_us;
    uint64_t classes[CLASSES];
    struct {
        egret_ws_error_t error;
        long count;
    } errors[ERRORS];
};

/* A loop, its thread and its sockets. Only this thread uses them, except for egret_ws_loop_wake. */
struct worker {
    pthread_t thread;
    egret_ws_loop *loop;
    struct socket *sockets, **open;
    long count, begun, opening, opened, closed, next_open;
    size_t next_bytes;
    double next_us; /* the time of the next send */
    uint8_t *message;
    int is_closing;
    struct report report;
};

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

static int class_of(int64_t us)
{
    int shift = 0;
    while (us >> shift >= 2 * SUBS)
        ++shift;
    return shift > MAX_SHIFT ? CLASSES - 1 : shift * SUBS + (int)(us >> shift);
}

/* The longest latency of a class. */
static int64_t end_of(int number)
{
    const int shift = number < 2 * SUBS ? 0 : number / SUBS - 1;
    return ((int64_t)(number - shift * SUBS + 1) << shift) - 1;
}

static void count_errors(struct report *report, egret_ws_error_t error, long count)
{
    int i = 0;
    while (i < ERRORS - 1 && report->errors[i].count > 0 && report->errors[i].error != error)
        ++i;
    report->errors[i].error = error;
    report->errors[i].count += count;
}

static void on_connect(void *user, egret_ws *ws)
{
    struct socket *const socket = user;
    struct worker *const worker = socket->worker;
    (void)ws;
    --worker->opening;
    ++worker->report.connected;
    if (worker->opened == 0) {
        worker->next_us = (double)now_us();
        if (worker->report.first_us == 0)
            worker->report.first_us = (int64_t)worker->next_us;
    }
    socket->place = worker->opened;
    worker->open[worker->opened++] = socket;
}

static void on_message(void *user, egret_ws *ws, egret_ws_kind_t kind, const uint8_t *data, size_t len)
{
    struct socket *const socket = user;
    struct report *const report = &socket->worker->report;
    uint64_t number;
    int64_t sent_us, us;
    (void)ws;
    if (kind != EGRET_WS_BINARY || len < HEADER_BYTES)
        return; /* the server also sends other messages */
    memcpy(&number, data, sizeof number);
    memcpy(&sent_us, data + sizeof number, sizeof sent_us);
    report->last_us = now_us();
    us = report->last_us - sent_us;
    if (number != socket->received++ || us < 0) {
        ++report->out_of_order;
        return;
    }
    ++report->received;
    report->bytes_received += len;
    ++report->classes[class_of(us)];
    if (us > report->longest_us)
        report->longest_us = us;
}

static void on_close(void *user, egret_ws *ws, const egret_ws_close_info *info)
{
    struct socket *const socket = user;
    struct worker *const worker = socket->worker;
    ++worker->closed;
    if (socket->place < 0) {
        --worker->opening;
    } else {
        struct socket *const last = worker->open[--worker->opened]; /* moves into the free place */
        worker->open[last->place = socket->place] = last;
        socket->place = -1;
    }
    if (info->error != EGRET_WS_OK)
        count_errors(&worker->report, info->error, 1);
    else if (info->initiator == EGRET_WS_INITIATOR_LOCAL)
        ++worker->report.clean;
    egret_ws_free(ws);
    socket->ws = NULL;
}

static void open_next(struct worker *worker)
{
    struct socket *const socket = &worker->sockets[worker->begun++];
    egret_ws_options options;
    int32_t result;
    socket->worker = worker;
    socket->place = -1;
    egret_ws_options_init(&options, sizeof options);
    options.user = socket;
    options.on_connect = on_connect;
    options.on_message = on_message;
    options.on_close = on_close;
    /* Ten thousand queues of 1 MiB, the default, would be 10 GiB. */
    options.max_message_bytes = (uint32_t)settings.most_bytes;
    options.max_send_buffer_bytes = options.max_receive_queue_bytes = 2 * (uint32_t)settings.most_bytes + 1024;
    result = egret_ws_connect(worker->loop, settings.url, &options, &socket->ws);
    if (result == EGRET_WS_OK) {
        ++worker->opening;
    } else {
        ++worker->closed;
        count_errors(&worker->report, result, 1);
    }
}

/* Sends on the next open socket. */
static void send_next(struct worker *worker)
{
    struct socket *const socket = worker->open[worker->next_open++ % worker->opened];
    const int64_t now = now_us();
    int32_t result;
    if (now - (int64_t)worker->next_us > worker->report.latest_us)
        worker->report.latest_us = now - (int64_t)worker->next_us;
    memcpy(worker->message, &socket->sent, sizeof socket->sent);
    memcpy(worker->message + sizeof socket->sent, &now, sizeof now);
    result = egret_ws_send(socket->ws, EGRET_WS_BINARY, worker->message, worker->next_bytes);
    if (result == EGRET_WS_OK) {
        ++socket->sent, ++worker->report.sent;
        worker->next_bytes = 2 * worker->next_bytes <= settings.most_bytes ? 2 * worker->next_bytes : (size_t)settings.bytes;
    } else if (result == EGRET_WS_ERR_BACKPRESSURE) {
        ++worker->report.refused;
    } /* otherwise the connection has ended, and on_close will be called */
    worker->next_us += 1e6 / settings.rate / (double)worker->opened;
}

static int stopping(void)
{
    int result;
    pthread_mutex_lock(&lock);
    result = is_stopping;
    pthread_mutex_unlock(&lock);
    return result;
}

static void *work(void *argument)
{
    struct worker *const worker = argument;
    int32_t result = EGRET_WS_OK;
    while (result >= 0 && (worker->opening + worker->opened > 0 || (worker->begun < worker->count && !worker->is_closing))) {
        int32_t wait_ms = -1;
        if (!worker->is_closing && stopping()) {
            long i;
            worker->is_closing = 1;
            for (i = 0; i < worker->begun; ++i)
                if (worker->sockets[i].ws != NULL)
                    egret_ws_close(worker->sockets[i].ws, 1000, NULL, 0); /* the messages are sent first */
        }
        if (!worker->is_closing) {
            while (worker->begun < worker->count && worker->opening < settings.opening)
                open_next(worker);
            if (worker->opened > 0 && settings.rate > 0) {
                int most = 1000; /* then read the answers, even if the schedule is late */
                double left_us;
                while (most-- > 0 && (left_us = worker->next_us - (double)now_us()) <= 0)
                    send_next(worker);
                wait_ms = left_us <= 0 ? 0 : (int32_t)(left_us / 1000) + 1;
            }
        }
        if (worker->opening + worker->opened == 0)
            wait_ms = 0; /* no connect call has succeeded: nothing would end the wait */
        result = egret_ws_loop_poll(worker->loop, wait_ms);
    }
    if (result < 0)
        fprintf(stderr, "%s\n", egret_ws_last_error_message());
    pthread_mutex_lock(&lock);
    if (--running_threads == 0)
        pthread_kill(main_thread, SIGUSR1);
    pthread_mutex_unlock(&lock);
    return NULL;
}

/* Returns 0 if a resource is missing. */
static int start(struct worker *worker, long count)
{
    egret_ws_loop_options loop_options;
    size_t i;
    egret_ws_loop_options_init(&loop_options, sizeof loop_options);
    loop_options.flags = EGRET_WS_LOOP_INLINE; /* the thread of this program reads and writes itself */
    worker->count = count;
    worker->next_bytes = (size_t)settings.bytes;
    worker->sockets = calloc((size_t)count, sizeof *worker->sockets);
    worker->open = calloc((size_t)count, sizeof *worker->open);
    worker->message = malloc((size_t)settings.most_bytes);
    if (worker->sockets == NULL || worker->open == NULL || worker->message == NULL)
        return 0;
    for (i = 0; i < (size_t)settings.most_bytes; ++i)
        worker->message[i] = (uint8_t)(i * 2654435761u >> 13); /* not all equal, for servers that compress */
    if (egret_ws_loop_new(&loop_options, &worker->loop) != EGRET_WS_OK)
        return 0;
    pthread_mutex_lock(&lock);
    ++running_threads;
    pthread_mutex_unlock(&lock);
    if (pthread_create(&worker->thread, NULL, work, worker) == 0)
        return 1;
    pthread_mutex_lock(&lock);
    --running_threads;
    pthread_mutex_unlock(&lock);
    egret_ws_loop_free(worker->loop, NULL);
    worker->loop = NULL;
    return 0;
}

static void add(struct report *sum, const struct report *part)
{
    int i;
    sum->connected += part->connected, sum->clean += part->clean;
    sum->sent += part->sent, sum->received += part->received, sum->bytes_received += part->bytes_received;
    sum->refused += part->refused, sum->out_of_order += part->out_of_order;
    if (part->longest_us > sum->longest_us)
        sum->longest_us = part->longest_us;
    if (part->latest_us > sum->latest_us)
        sum->latest_us = part->latest_us;
    if (part->first_us != 0 && (sum->first_us == 0 || part->first_us < sum->first_us))
        sum->first_us = part->first_us;
    if (part->last_us > sum->last_us)
        sum->last_us = part->last_us;
    for (i = 0; i < CLASSES; ++i)
        sum->classes[i] += part->classes[i];
    for (i = 0; i < ERRORS; ++i)
        if (part->errors[i].count > 0)
            count_errors(sum, part->errors[i].error, part->errors[i].count);
}

static double percentile_ms(const struct report *report, double percent)
{
    const double rank = (double)report->received * percent / 100;
    uint64_t seen = 0;
    int i = 0;
    while (i < CLASSES - 1 && (double)(seen += report->classes[i]) < rank)
        ++i;
    return (double)(end_of(i) < report->longest_us ? end_of(i) : report->longest_us) / 1000;
}

static int print(const struct report *report)
{
    const double seconds = report->last_us > report->first_us ? (double)(report->last_us - report->first_us) / 1e6 : 0;
    const long sockets = (long)settings.sockets;
    int i;
    printf("sockets      %ld of %ld connected, %ld closed cleanly\n", report->connected, sockets, report->clean);
    printf("messages     %llu sent, %llu came back, %llu refused by full send queues, %llu out of order\n",
           (unsigned long long)report->sent, (unsigned long long)report->received, (unsigned long long)report->refused,
           (unsigned long long)report->out_of_order);
    if (report->received > 0 && seconds > 0) {
        printf("throughput   %.0f messages/s, %.2f MiB/s in each direction, for %.1f s\n", (double)report->received / seconds,
               (double)report->bytes_received / seconds / 1048576, seconds);
        printf("latency      p50 %.3f ms, p90 %.3f ms, p99 %.3f ms, p99.9 %.3f ms, longest %.3f ms\n", percentile_ms(report, 50),
               percentile_ms(report, 90), percentile_ms(report, 99), percentile_ms(report, 99.9), (double)report->longest_us / 1000);
        printf("schedule     at most %.3f ms late\n", (double)report->latest_us / 1000);
    }
    for (i = 0; i < ERRORS && report->errors[i].count > 0; ++i)
        printf("error        %ld x %s\n", report->errors[i].count, egret_ws_error_name(report->errors[i].error));
    return report->connected == sockets && report->clean == sockets && report->sent == report->received ? 0 : 1;
}

static int read_settings(int argc, char **argv)
{
    const struct {
        const char *name;
        double *value, least, most;
    } options[] = {{"--sockets", &settings.sockets, 1, 10000},    {"--rate", &settings.rate, 0, 1000},
                   {"--bytes", &settings.bytes, HEADER_BYTES, EGRET_WS_MAX_MESSAGE_BYTES},
                   {"--most-bytes", &settings.most_bytes, HEADER_BYTES, EGRET_WS_MAX_MESSAGE_BYTES},
                   {"--seconds", &settings.seconds, 1, 86400},    {"--threads", &settings.threads, 1, 64},
                   {"--opening", &settings.opening, 1, 10000}};
    int i;
    for (i = 1; i < argc; ++i) {
        char *end = NULL;
        size_t k = 0;
        if (argv[i][0] != '-') {
            settings.url = argv[i];
            continue;
        }
        while (k < sizeof options / sizeof *options && strcmp(argv[i], options[k].name) != 0)
            ++k;
        if (k == sizeof options / sizeof *options || i + 1 == argc)
            return 0;
        *options[k].value = strtod(argv[++i], &end);
        if (end == argv[i] || *end != '\0' || !(*options[k].value >= options[k].least && *options[k].value <= options[k].most))
            return fprintf(stderr, "%s: a number from %g to %g\n", options[k].name, options[k].least, options[k].most), 0;
        if (options[k].value != &settings.rate)
            *options[k].value = (double)(long)*options[k].value;
    }
    if (settings.most_bytes < settings.bytes)
        settings.most_bytes = settings.bytes;
    if (settings.threads > settings.sockets)
        settings.threads = settings.sockets;
    return 1;
}

int main(int argc, char **argv)
{
    static struct worker workers[64];
    static struct report sum;
    struct rlimit descriptors;
    sigset_t signals;
    int i, threads, number, started = 0, exit_code = 1;

    if (!read_settings(argc, argv))
        return fprintf(stderr, "usage: load_generator [--sockets N] [--rate R] [--bytes B] [--most-bytes B] [--seconds S] "
                               "[--threads T] [--opening N] [URL]\n"), 2;
    if (getrlimit(RLIMIT_NOFILE, &descriptors) == 0) {
        descriptors.rlim_cur = descriptors.rlim_max; /* often 1024 by default */
        setrlimit(RLIMIT_NOFILE, &descriptors);
    }
    /* There is no signal handler: all threads block the signals, and this thread waits for them. */
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGALRM); /* the end of --seconds */
    sigaddset(&signals, SIGUSR1); /* all threads have ended */
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    main_thread = pthread_self();

    threads = (int)settings.threads;
    printf("%g sockets in %d threads, %g messages a second each, to %s\n", settings.sockets, threads, settings.rate, settings.url);
    fflush(stdout);
    while (started < threads && start(&workers[started], ((long)settings.sockets + started) / threads))
        ++started;
    if (started == threads) {
        alarm((unsigned)settings.seconds);
        sigwait(&signals, &number);
    } else {
        fprintf(stderr, "no memory, thread or descriptor is left\n");
    }
    pthread_mutex_lock(&lock);
    is_stopping = 1;
    pthread_mutex_unlock(&lock);
    sigdelset(&signals, SIGALRM);
    sigdelset(&signals, SIGUSR1);
    pthread_sigmask(SIG_UNBLOCK, &signals, NULL); /* a second Ctrl-C ends the program at once */
    for (i = 0; i < started; ++i)
        egret_ws_loop_wake(workers[i].loop);
    for (i = 0; i < started; ++i)
        pthread_join(workers[i].thread, NULL);
    for (i = 0; i < threads; ++i) {
        add(&sum, &workers[i].report);
        egret_ws_loop_free(workers[i].loop, NULL);
        free(workers[i].sockets);
        free(workers[i].open);
        free(workers[i].message);
    }
    if (started == threads)
        exit_code = print(&sum);
    return exit_code;
}
