#define _GNU_SOURCE

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/thread_pool.h"
#include "support/emulator.h"
#include "support/fail_alloc.h"

#if defined(__SANITIZE_THREAD__)
#define UNDER_THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define UNDER_THREAD_SANITIZER 1
#endif
#endif

#define MAX_THREADS 256

typedef struct count_work {
    unsigned char *done; /**< one an item: how often */
    size_t grain;
    atomic_size_t calls;
    atomic_int inside[MAX_THREADS]; /**< calls that run now, by worker */
    atomic_bool wrong; /**< an index out of range, a worker twice at once, a short piece */
    size_t count;
    size_t workers;
} count_work;

static void count_items(void *user, size_t begin, size_t end, size_t worker)
{
    count_work *work = user;
    bool good = worker < work->workers && begin < end && end <= work->count &&
                (end - begin >= work->grain || end == work->count);
    if (!good || atomic_fetch_add(&work->inside[worker], 1) != 0)
        atomic_store(&work->wrong, true);
    for (size_t i = begin; good && i < end; i++)
        work->done[i]++;
    if (good)
        atomic_fetch_sub(&work->inside[worker], 1);
    atomic_fetch_add(&work->calls, 1);
}

/* Every item once, pieces no smaller than the grain. */
static void check_for(const mc_parallel *parallel, size_t count, size_t grain)
{
    count_work work = {.count = count, .grain = grain, .workers = parallel->workers};
    work.done = calloc(count + 1, 1);
    mc_parallel_for(parallel, count, grain, count_items, &work);
    for (size_t i = 0; i < count; i++)
        if (work.done[i] != 1)
            fail_msg("item %zu of %zu was done %u times", i, count, work.done[i]);
    assert_false(atomic_load(&work.wrong));
    assert_int_equal(atomic_load(&work.calls) > 0, count > 0);
    free(work.done);
}

static mc_thread_pool *new_pool(fail_alloc *memory, mcomp_context **context, uint32_t threads)
{
    mc_thread_pool *pool = NULL;
    *context = fail_alloc_context(memory);
    assert_ok(mc_thread_pool_create(*context, threads, &pool));
    assert_int_equal(mc_thread_pool_threads(pool), threads);
    return pool;
}

static void end_pool(fail_alloc *memory, mcomp_context *context, mc_thread_pool *pool)
{
    mc_thread_pool_destroy(pool);
    mcomp_context_destroy(context);
    assert_no_leak(memory);
}

static void test_every_item_once(void **state)
{
    (void)state;
    static const uint32_t thread_counts[] = {1, 2, 3, 4, 7, 16, 64, 256};
    for (size_t i = 0; i < sizeof thread_counts / sizeof *thread_counts; i++) {
        fail_alloc memory;
        mcomp_context *context;
        mc_thread_pool *pool = new_pool(&memory, &context, thread_counts[i]);
        fail_alloc_arm(&memory, -1);
        for (int round = 0; round < 3; round++) {
            mc_parallel parallel;
            mc_parallel_begin(&parallel, pool);
            assert_int_equal(parallel.workers, thread_counts[i]);
            static const size_t counts[] = {0, 1, 2, 3, 5, 64, 1000, 4097};
            for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
                check_for(&parallel, counts[c], 1);
                check_for(&parallel, counts[c], 37);
                check_for(&parallel, counts[c], 10000);
            }
            mc_parallel_end(&parallel);
        }
        assert_int_equal(atomic_load(&memory.calls), 0); /* the pool allocates nothing while used */
        end_pool(&memory, context, pool);
    }
}

static void test_pool_that_never_ran(void **state)
{
    (void)state;
    fail_alloc memory;
    mcomp_context *context;
    mc_thread_pool *pool = new_pool(&memory, &context, 8);
    end_pool(&memory, context, pool);
    context = fail_alloc_context(&memory);
    mc_thread_pool_destroy(NULL);
    fail_alloc_arm(&memory, 0);
    assert_status(mc_thread_pool_create(context, 2, &pool), MCOMP_ERR_OUT_OF_MEMORY);
    assert_null(pool);
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

typedef struct nested_work {
    mc_thread_pool *pool;
    atomic_size_t items;
    atomic_bool had_workers;
} nested_work;

static void count_one(void *user, size_t begin, size_t end, size_t worker)
{
    nested_work *work = user;
    if (worker != 0)
        atomic_store(&work->had_workers, true);
    atomic_fetch_add(&work->items, end - begin);
}

static void use_pool_inside(void *user, size_t begin, size_t end, size_t worker)
{
    (void)worker;
    nested_work *work = user;
    for (size_t i = begin; i < end; i++) {
        mc_parallel inner;
        mc_parallel_begin(&inner, work->pool);
        if (inner.workers != 1)
            atomic_store(&work->had_workers, true);
        mc_parallel_for(&inner, 10, 1, count_one, work);
        mc_parallel_end(&inner);
    }
}

/* Work that asks for the pool again does all of it on its own thread. */
static void test_nested(void **state)
{
    (void)state;
    fail_alloc memory;
    mcomp_context *context;
    mc_thread_pool *pool = new_pool(&memory, &context, 4);
    nested_work work = {.pool = pool};
    mc_parallel outer;
    mc_parallel_begin(&outer, pool);
    mc_parallel_for(&outer, 100, 1, use_pool_inside, &work);
    assert_int_equal(atomic_load(&work.items), 1000);
    assert_false(atomic_load(&work.had_workers));
    check_for(&outer, 1000, 1); /* the inner ones have given nothing of the outer's back */
    mc_parallel_end(&outer);
    end_pool(&memory, context, pool);
}

typedef struct user_thread {
    mc_thread_pool *pool;
    atomic_int *with_workers; /**< users that have the workers now */
    bool good;
} user_thread;

static void add_up(void *user, size_t begin, size_t end, size_t worker)
{
    (void)worker;
    for (size_t i = begin; i < end; i++)
        atomic_fetch_add((atomic_size_t *)user, i);
}

static void *use_pool(void *argument)
{
    user_thread *user = argument;
    user->good = true;
    for (int round = 0; round < 200; round++) {
        mc_parallel parallel;
        mc_parallel_begin(&parallel, user->pool);
        if (parallel.has_workers && atomic_fetch_add(user->with_workers, 1) != 0)
            user->good = false;
        for (int i = 0; i < 3; i++) {
            atomic_size_t sum = 0;
            mc_parallel_for(&parallel, 100, 1, add_up, &sum);
            if (atomic_load(&sum) != 4950)
                user->good = false;
        }
        if (parallel.has_workers)
            atomic_fetch_sub(user->with_workers, 1);
        mc_parallel_end(&parallel);
    }
    return NULL;
}

static void test_several_users_at_once(void **state)
{
    (void)state;
    fail_alloc memory;
    mcomp_context *context;
    mc_thread_pool *pool = new_pool(&memory, &context, 3);
    enum { USERS = 4 };
    pthread_t threads[USERS];
    user_thread users[USERS];
    atomic_int with_workers = 0;
    for (int i = 0; i < USERS; i++) {
        users[i] = (user_thread){.pool = pool, .with_workers = &with_workers};
        assert_int_equal(pthread_create(&threads[i], NULL, use_pool, &users[i]), 0);
    }
    for (int i = 0; i < USERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_true(users[i].good);
    }
    mc_parallel parallel;
    mc_parallel_begin(&parallel, pool);
    assert_int_equal(parallel.workers, 3); /* somebody gave them back */
    mc_parallel_end(&parallel);
    end_pool(&memory, context, pool);
}

#ifndef UNDER_THREAD_SANITIZER /* which ends a process that forks with threads and starts others   \
                                */
static int child_status(pid_t child)
{
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool sums_up(mc_thread_pool *pool, uint32_t workers)
{
    atomic_size_t sum = 0;
    mc_parallel parallel;
    mc_parallel_begin(&parallel, pool);
    bool good = parallel.workers == workers;
    mc_parallel_for(&parallel, 1000, 1, add_up, &sum);
    mc_parallel_end(&parallel);
    return good && atomic_load(&sum) == 499500;
}

/* The child has workers of its own, also where another thread had the parent's at the fork; a pool
 * that the child only ends does no harm. */
static void test_fork(void **state)
{
    (void)state;
    skip_under_emulator("thread_pool/test_fork",
                        "qemu-user 7 aborts a forked child that starts threads");
    for (int busy = 0; busy < 2; busy++) {
        fail_alloc memory;
        mcomp_context *context;
        mc_thread_pool *pool = new_pool(&memory, &context, 3);
        assert_true(sums_up(pool, 3));
        mc_parallel parallel;
        if (busy)
            mc_parallel_begin(&parallel, pool);
        pid_t child = fork();
        if (child == 0) {
            alarm(20);
            bool good = sums_up(pool, 3) && sums_up(pool, 3);
            mc_thread_pool_destroy(pool);
            _exit(good ? 0 : 1);
        }
        assert_int_equal(child_status(child), 0);
        child = fork();
        if (child == 0) {
            alarm(20);
            mc_thread_pool_destroy(pool);
            _exit(0);
        }
        assert_int_equal(child_status(child), 0);
        if (busy)
            mc_parallel_end(&parallel);
        assert_true(sums_up(pool, 3));
        end_pool(&memory, context, pool);
    }
}
#endif

static void flushes_denormals(void *user, size_t begin, size_t end, size_t worker)
{
    (void)worker;
    for (size_t i = begin; i < end; i++) {
        volatile float tiny = 0x1p-126f;
        volatile float half = tiny * 0.5f;
        ((unsigned char *)user)[i] = half == 0;
    }
}

static void test_denormals_are_flushed_inside_only(void **state)
{
    (void)state;
#if !defined(__x86_64__) && !defined(__aarch64__)
    skip();
#endif
    fail_alloc memory;
    mcomp_context *context;
    mc_thread_pool *pool = new_pool(&memory, &context, 4);
    unsigned char flushed[1000] = {0};
    mc_parallel parallel;
    mc_parallel_begin(&parallel, pool);
    mc_parallel_for(&parallel, 1000, 1, flushes_denormals, flushed);
    mc_parallel_end(&parallel);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(flushed[i], 1);
    flushes_denormals(flushed, 0, 1, 0);
    assert_int_equal(flushed[0], 0);
    end_pool(&memory, context, pool);
}

static void note_signal_mask(void *user, size_t begin, size_t end, size_t worker)
{
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    if (worker > 0 && !sigismember(&mask, SIGINT))
        atomic_store((atomic_bool *)user, true);
    for (volatile size_t i = begin * 1000; i < end * 1000;)
        i = i + 1;
}

/* Workers leave signals to the program's own threads, and the caller's mask is as it was. */
static void test_workers_take_no_signals(void **state)
{
    (void)state;
    fail_alloc memory;
    mcomp_context *context;
    mc_thread_pool *pool = new_pool(&memory, &context, 4);
    atomic_bool open_to_signals = false;
    mc_parallel parallel;
    mc_parallel_begin(&parallel, pool);
    for (int i = 0; i < 50; i++)
        mc_parallel_for(&parallel, 64, 1, note_signal_mask, &open_to_signals);
    mc_parallel_end(&parallel);
    assert_false(atomic_load(&open_to_signals));
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    assert_false(sigismember(&mask, SIGINT));
    end_pool(&memory, context, pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_item_once),
        cmocka_unit_test(test_pool_that_never_ran),
        cmocka_unit_test(test_nested),
        cmocka_unit_test(test_several_users_at_once),
#ifndef UNDER_THREAD_SANITIZER
        cmocka_unit_test(test_fork),
#endif
        cmocka_unit_test(test_denormals_are_flushed_inside_only),
        cmocka_unit_test(test_workers_take_no_signals),
    };
    return cmocka_run_group_tests_name("thread_pool", tests, NULL, NULL);
}
