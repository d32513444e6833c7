/** @file fail_alloc.h
 *  An allocator for mcomp_context_options.allocator that counts, fails on demand and finds leaks.
 *  Its blocks begin at odd addresses, since the library says that it aligns by itself.
 *
 *      fail_alloc memory;
 *      mcomp_context *context = fail_alloc_context(&memory);   // one thread, all devices
 *      ...
 *      mcomp_context_destroy(context);
 *      assert_no_leak(&memory);
 *
 *  Every allocation failing in turn, each failure reported and nothing left behind:
 *
 *      static mcomp_status step(mcomp_context *context, void *user) { make, use and end something }
 *      fail_alloc_every(step, user); */
#ifndef FAIL_ALLOC_H
#define FAIL_ALLOC_H

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"
#include "mcomp/context.h"

typedef struct fail_alloc {
    atomic_long calls;         /**< allocations asked for since fail_alloc_arm() */
    atomic_long fail_at;       /**< this one of them fails, from 0; -1: none does */
    atomic_long failed;        /**< allocations refused since fail_alloc_arm() */
    atomic_long live;          /**< blocks not given back */
    atomic_size_t live_nbytes; /**< their bytes */
    atomic_size_t peak_nbytes; /**< the most there were at once since fail_alloc_arm() */
    size_t limit_nbytes;       /**< larger single allocations are refused; 0: no limit */
} fail_alloc;

/* Before each block stands its size, so that a wrong one at the end is seen; the rest makes the
 * address odd. */
#define FAIL_ALLOC_HEAD_NBYTES (sizeof(size_t) + 1)

static inline void *fail_alloc_allocate(void *user, size_t nbytes)
{
    fail_alloc *memory = user;
    long call = atomic_fetch_add(&memory->calls, 1);
    bool too_large = memory->limit_nbytes && nbytes > memory->limit_nbytes;
    bool refused = call == atomic_load(&memory->fail_at) || too_large || nbytes > SIZE_MAX / 2;
    char *start = refused ? NULL : malloc(FAIL_ALLOC_HEAD_NBYTES + nbytes);
    if (!start) {
        atomic_fetch_add(&memory->failed, 1);
        return NULL;
    }
    char *block = start + FAIL_ALLOC_HEAD_NBYTES;
    memcpy(start, &nbytes, sizeof nbytes);
    memset(block, 0xa5, nbytes);
    atomic_fetch_add(&memory->live, 1);
    size_t live = atomic_fetch_add(&memory->live_nbytes, nbytes) + nbytes;
    size_t peak = atomic_load(&memory->peak_nbytes);
    while (live > peak && !atomic_compare_exchange_weak(&memory->peak_nbytes, &peak, live)) {
    }
    return block;
}

static inline void fail_alloc_deallocate(void *user, void *pointer, size_t nbytes)
{
    fail_alloc *memory = user;
    char *start = (char *)pointer - FAIL_ALLOC_HEAD_NBYTES;
    size_t allocated_nbytes;
    memcpy(&allocated_nbytes, start, sizeof allocated_nbytes);
    assert_int_equal(allocated_nbytes, nbytes);
    memset(pointer, 0x5a, nbytes);
    free(start);
    atomic_fetch_sub(&memory->live, 1);
    atomic_fetch_sub(&memory->live_nbytes, nbytes);
}

/** Begin to count anew. @param fail_at  the allocation to refuse, from 0; -1: none */
static inline void fail_alloc_arm(fail_alloc *memory, long fail_at)
{
    atomic_store(&memory->calls, 0);
    atomic_store(&memory->failed, 0);
    atomic_store(&memory->fail_at, fail_at);
    atomic_store(&memory->peak_nbytes, atomic_load(&memory->live_nbytes));
}

/** Allocator functions over `memory`, which begins empty and refuses nothing. */
static inline mcomp_allocator fail_alloc_begin(fail_alloc *memory)
{
    memset(memory, 0, sizeof *memory);
    fail_alloc_arm(memory, -1);
    return (mcomp_allocator){
        .user = memory, .allocate = fail_alloc_allocate, .deallocate = fail_alloc_deallocate};
}

/** A context over `memory`. @param threads  1 to 256 */
static inline mcomp_context *fail_alloc_context_threads(fail_alloc *memory, uint32_t threads)
{
    mcomp_context_options options;
    mcomp_context_options_init(&options);
    options.threads = threads;
    options.allocator = fail_alloc_begin(memory);
    mcomp_context *context = NULL;
    assert_int_equal(mcomp_context_create(&options, &context), MCOMP_OK);
    return context;
}

static inline mcomp_context *fail_alloc_context(fail_alloc *memory)
{
    return fail_alloc_context_threads(memory, 1);
}

/** Nothing lives: call it after everything has been ended. */
static inline void assert_no_leak(fail_alloc *memory)
{
    assert_int_equal(atomic_load(&memory->live), 0);
    assert_int_equal(atomic_load(&memory->live_nbytes), 0);
}

/** Makes, uses and ends something; returns the first error, everything of its own ended. */
typedef mcomp_status (*fail_alloc_step)(mcomp_context *context, void *user);

/** Run `step` with allocation 0, 1, 2, ... refused, until it gets through untouched: each refusal
 *  must come back as MCOMP_ERR_OUT_OF_MEMORY with a message and leave nothing behind.
 *  @return how many allocations the step makes */
static inline long fail_alloc_every(fail_alloc_step step, void *user)
{
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    long n = 0;
    for (;; n++) {
        long live = atomic_load(&memory.live);
        fail_alloc_arm(&memory, n);
        mcomp_status status = step(context, user);
        bool refused = atomic_load(&memory.failed) > 0;
        if (status != (refused ? MCOMP_ERR_OUT_OF_MEMORY : MCOMP_OK))
            fail_msg("allocation %ld refused: status %d, %s", n, status, mcomp_last_error());
        if (atomic_load(&memory.live) != live)
            fail_msg("allocation %ld refused: %ld blocks before, %ld after", n, live,
                     atomic_load(&memory.live));
        if (!refused)
            break;
        assert_true(mcomp_last_error()[0] != 0);
    }
    fail_alloc_arm(&memory, -1);
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
    return n;
}

#endif
