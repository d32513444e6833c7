/** @file float_mode.h
 *  The calling thread's floating-point mode, as far as it says what becomes of denormals. */
#ifndef FLOAT_MODE_H
#define FLOAT_MODE_H

#include <stdint.h>

#if defined(__x86_64__)

#include <immintrin.h>

/** Set where denormals are flushed: results (FTZ) and operands (DAZ). */
#define FLOAT_MODE_FLUSHES ((uint64_t)0x8040)

static inline uint64_t float_mode_get(void)
{
    return _mm_getcsr();
}

static inline void float_mode_set(uint64_t mode)
{
    _mm_setcsr((unsigned)mode);
}

#elif defined(__aarch64__)

/** Set where denormals are flushed, results and operands (FZ). */
#define FLOAT_MODE_FLUSHES ((uint64_t)1 << 24)

static inline uint64_t float_mode_get(void)
{
    uint64_t mode;
    __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
    return mode;
}

static inline void float_mode_set(uint64_t mode)
{
    __asm__ volatile("msr fpcr, %0" ::"r"(mode));
}

#else

#define FLOAT_MODE_FLUSHES ((uint64_t)0)

static inline uint64_t float_mode_get(void)
{
    return 0;
}

static inline void float_mode_set(uint64_t mode)
{
    (void)mode;
}

#endif

#endif
