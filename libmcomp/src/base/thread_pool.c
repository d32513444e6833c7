#define _POSIX_C_SOURCE 200809L

#include "thread_pool.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

#include "alloc.h"
#include "status.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* A worker looks this often for new work before it sleeps: a few microseconds, about the time
 * between two steps of a network. */
#define SPIN_COUNT 2000

#define MAX_THREADS 256u

/* Work given out by one mc_parallel_for(). Guarded by the pool's generation: written by the caller
 * before it is raised, read by workers after. */
typedef struct job {
    mc_work_fn work;
    void *user;
    size_t count;
    size_t piece; /**< items taken at once */
} job;

typedef struct worker {
    mc_thread_pool *pool;
    pthread_t thread;
    size_t index; /**< 1 ...; the caller is 0 */
} worker;

struct mc_thread_pool {
    mcomp_context *context;
    uint32_t threads;
    /** Process in which a caller has the workers, from begin to end; 0: nobody has them. One of
     *  another process was left behind by fork() and counts as nobody. Guards all that follows. */
    _Atomic(pid_t) owner;
    pthread_mutex_t mutex; /**< sleeping and waking */
    pthread_cond_t wake;
    pid_t process;    /**< in which the workers run, 0 before they were started */
    uint32_t started; /**< workers that run */
    worker workers[MAX_THREADS];
    job job;
    atomic_size_t next;           /**< first item not given out */
    _Atomic(uint32_t) busy;       /**< workers that have not finished the job */
    _Atomic(uint64_t) generation; /**< raised with every job */
    _Atomic(bool) stopping;
};

static void relax(void)
{
#if defined(__x86_64__)
    _mm_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Denormals cost a hundred times the cycles of other numbers and carry nothing: flushed. */
static unsigned set_float_mode(void)
{
#if defined(__x86_64__)
    unsigned saved = _mm_getcsr();
    _mm_setcsr(saved | 0x8040u); /* flush to zero, denormals are zero */
    return saved;
#elif defined(__aarch64__)
    uint64_t saved;
    __asm__ volatile("mrs %0, fpcr" : "=r"(saved));
    __asm__ volatile("msr fpcr, %0" ::"r"(saved | (1u << 24)));
    return (unsigned)saved;
#else
    return 0;
#endif
}

static void restore_float_mode(unsigned saved)
{
#if defined(__x86_64__)
    _mm_setcsr(saved);
#elif defined(__aarch64__)
    __asm__ volatile("msr fpcr, %0" ::"r"((uint64_t)saved));
#else
    (void)saved;
#endif
}

static void do_pieces(mc_thread_pool *pool, size_t worker_index)
{
    const job *current = &pool->job;
    for (;;) {
        size_t begin = atomic_fetch_add_explicit(&pool->next, current->piece, memory_order_relaxed);
        if (begin >= current->count)
            return;
        size_t left = current->count - begin;
        current->work(current->user, begin, begin + (left < current->piece ? left : current->piece),
                      worker_index);
    }
}

/* Wait until there is a new job. @return its generation, or `seen` when the pool stops */
static uint64_t await_job(mc_thread_pool *pool, uint64_t seen)
{
    for (int i = 0; i < SPIN_COUNT; i++) {
        uint64_t generation = atomic_load_explicit(&pool->generation, memory_order_acquire);
        if (generation != seen)
            return generation;
        relax();
    }
    pthread_mutex_lock(&pool->mutex);
    uint64_t generation;
    while ((generation = atomic_load_explicit(&pool->generation, memory_order_acquire)) == seen &&
           !atomic_load_explicit(&pool->stopping, memory_order_relaxed))
        pthread_cond_wait(&pool->wake, &pool->mutex);
    pthread_mutex_unlock(&pool->mutex);
    return generation;
}

static void *worker_main(void *user)
{
    worker *self = user;
    mc_thread_pool *pool = self->pool;
    set_float_mode();
    uint64_t seen = 0;
    for (;;) {
        uint64_t generation = await_job(pool, seen);
        if (generation == seen)
            return NULL;
        seen = generation;
        do_pieces(pool, self->index);
        atomic_fetch_sub_explicit(&pool->busy, 1, memory_order_release);
    }
}

mcomp_status mc_thread_pool_create(mcomp_context *context, uint32_t threads, mc_thread_pool **out)
{
    mc_thread_pool *pool = mc_alloc_zero(context, sizeof *pool);
    *out = NULL;
    if (!pool)
        return mc_fail_memory(sizeof *pool);
    pool->context = context;
    pool->threads = threads < MAX_THREADS ? threads : MAX_THREADS;
    atomic_init(&pool->owner, 0);
    *out = pool;
    return MCOMP_OK;
}

void mc_thread_pool_destroy(mc_thread_pool *pool)
{
    if (!pool)
        return;
    /* In a forked child the workers do not exist. */
    if (pool->started && pool->process == getpid()) {
        pthread_mutex_lock(&pool->mutex);
        atomic_store_explicit(&pool->stopping, true, memory_order_relaxed);
        pthread_cond_broadcast(&pool->wake);
        pthread_mutex_unlock(&pool->mutex);
        for (uint32_t i = 0; i < pool->started; i++)
            pthread_join(pool->workers[i].thread, NULL);
        pthread_cond_destroy(&pool->wake);
        pthread_mutex_destroy(&pool->mutex);
    }
    mc_free(pool->context, pool);
}

uint32_t mc_thread_pool_threads(const mc_thread_pool *pool)
{
    return pool->threads;
}

/* Workers begin with generation 0 seen, so none may be started once a job has been given out. They
 * take no signals: a handler of the program's runs on the program's threads. */
static void start_workers(mc_thread_pool *pool, pid_t process)
{
    sigset_t all, saved;
    sigfillset(&all);
    /* After fork() these may look locked, by threads that do not exist: made anew. */
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pool->process = process;
    pool->started = 0;
    atomic_store_explicit(&pool->generation, 0, memory_order_relaxed);
    pthread_sigmask(SIG_SETMASK, &all, &saved);
    for (uint32_t i = 0; i + 1 < pool->threads; i++) {
        worker *starting = &pool->workers[i];
        *starting = (worker){.pool = pool, .index = i + 1};
        if (pthread_create(&starting->thread, NULL, worker_main, starting) != 0)
            break;
        pool->started++;
    }
    pthread_sigmask(SIG_SETMASK, &saved, NULL);
}

/* Become the one who has the workers, unless somebody of this process is it. */
static bool take_ownership(mc_thread_pool *pool, pid_t process)
{
    pid_t owner = atomic_load_explicit(&pool->owner, memory_order_relaxed);
    return owner != process &&
           atomic_compare_exchange_strong_explicit(&pool->owner, &owner, process,
                                                   memory_order_acquire, memory_order_relaxed);
}

void mc_parallel_begin(mc_parallel *parallel, mc_thread_pool *pool)
{
    *parallel = (mc_parallel){.pool = pool, .workers = 1};
    parallel->saved_float_mode = set_float_mode();
    if (pool->threads < 2)
        return;
    pid_t process = getpid();
    if (!take_ownership(pool, process))
        return;
    if (pool->process != process)
        start_workers(pool, process);
    parallel->has_workers = pool->started > 0;
    parallel->workers = pool->started + 1;
    if (!parallel->has_workers)
        atomic_store_explicit(&pool->owner, 0, memory_order_release);
}

void mc_parallel_for(const mc_parallel *parallel, size_t count, size_t grain, mc_work_fn work,
                     void *user)
{
    /* Several pieces a worker, so that one who is late does not hold the others up. */
    const size_t pieces_per_worker = 4;
    mc_thread_pool *pool = parallel->pool;
    size_t pieces = parallel->workers * pieces_per_worker;
    size_t piece = (count + pieces - 1) / pieces;
    piece = piece < grain ? grain : piece;
    if (count == 0)
        return;
    if (!parallel->has_workers || count <= piece) {
        work(user, 0, count, 0);
        return;
    }
    pool->job = (job){.work = work, .user = user, .count = count, .piece = piece};
    atomic_store_explicit(&pool->next, 0, memory_order_relaxed);
    atomic_store_explicit(&pool->busy, pool->started, memory_order_relaxed);
    pthread_mutex_lock(&pool->mutex);
    atomic_fetch_add_explicit(&pool->generation, 1, memory_order_release);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->mutex);
    do_pieces(pool, 0);
    int spins = 0;
    while (atomic_load_explicit(&pool->busy, memory_order_acquire) > 0) {
        if (spins++ < SPIN_COUNT) {
            relax();
        } else {
            spins = SPIN_COUNT;
            sched_yield(); /* a worker without a core: let it have this one */
        }
    }
}

void mc_parallel_end(mc_parallel *parallel)
{
    if (parallel->has_workers)
        atomic_store_explicit(&parallel->pool->owner, 0, memory_order_release);
    restore_float_mode(parallel->saved_float_mode);
}
