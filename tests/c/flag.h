/* A flag that one thread sets and another waits for. */
#ifndef FLAG_H
#define FLAG_H

#include "check.h"

typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int set;
} flag;

static inline void init_flag(flag *f) {
    f->set = 0;
    CHECK_EQ(pthread_mutex_init(&f->lock, NULL) + pthread_cond_init(&f->changed, NULL), 0);
}

static inline void end_flag(flag *f) {
    CHECK_EQ(pthread_mutex_destroy(&f->lock) + pthread_cond_destroy(&f->changed), 0);
}

static inline void raise_flag(flag *f) {
    pthread_mutex_lock(&f->lock);
    f->set = 1;
    pthread_cond_broadcast(&f->changed);
    pthread_mutex_unlock(&f->lock);
}

/* True if the flag was set within that time. */
static inline int is_raised_within(flag *f, int64_t ms) {
    struct timespec limit;
    int set;
    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_nsec += (long)(ms % 1000 * 1000000);
    limit.tv_sec += (time_t)(ms / 1000) + limit.tv_nsec / 1000000000;
    limit.tv_nsec %= 1000000000;
    pthread_mutex_lock(&f->lock);
    while (!f->set && pthread_cond_timedwait(&f->changed, &f->lock, &limit) == 0) {
    }
    set = f->set;
    pthread_mutex_unlock(&f->lock);
    return set;
}

#define AWAIT(f) CHECK(is_raised_within(f, WAIT_LIMIT_MS))

#endif
