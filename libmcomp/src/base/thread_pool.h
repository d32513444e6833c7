/** @file thread_pool.h
 *  One pool a context. Work is split over indices; results never depend on the split. */
#ifndef MC_THREAD_POOL_H
#define MC_THREAD_POOL_H

#include <stddef.h>

#include "mcomp/context.h"

/** Opaque. */
typedef struct mc_thread_pool mc_thread_pool;

/** Does items [begin, end). Called on several threads at once, never twice for an item.
 *  @param worker  0 to threads - 1, distinct among the calls that run at once: for scratch memory */
typedef void (*mc_work_fn)(void *user, size_t begin, size_t end, size_t worker);

/** @param threads  1 to 256, the caller's included. Workers start with the first parallel run. */
mcomp_status mc_thread_pool_create(mcomp_context *context, uint32_t threads, mc_thread_pool **out);
void mc_thread_pool_destroy(mc_thread_pool *pool);

/** The time during which one caller has the pool. On the caller's stack. */
typedef struct mc_parallel {
    mc_thread_pool *pool;
    int has_workers;  /**< 0: another thread has them, all work runs on this thread */
    uint32_t workers; /**< threads that may call work at once, for sizing scratch: 1 to threads */
    unsigned saved_float_mode;
} mc_parallel;

/** Take the pool: workers wake, flush-to-zero is set on this thread and in the workers. Never blocks
 *  and never fails: where another thread has the workers, or they cannot start, the caller works alone.
 *  After fork() the child starts its own workers. Allocates nothing after the first time. */
void mc_parallel_begin(mc_parallel *parallel, mc_thread_pool *pool);
/** Split [0, count) into pieces of at least `grain` items and do them; returns when all are done. */
void mc_parallel_for(const mc_parallel *parallel, size_t count, size_t grain, mc_work_fn work,
                     void *user);
/** Give the pool back and restore this thread's floating-point mode. */
void mc_parallel_end(mc_parallel *parallel);

/** Threads of the pool, the caller's included. */
uint32_t mc_thread_pool_threads(const mc_thread_pool *pool);

#endif
