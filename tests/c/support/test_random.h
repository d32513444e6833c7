/** @file test_random.h
 *  Random numbers for tests. The seed is printed and MCOMP_TEST_SEED sets it, so that a failure
 *  can be had again. */
#ifndef TEST_RANDOM_H
#define TEST_RANDOM_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef struct test_random {
    uint64_t state;
} test_random;

/** Start a sequence and print its seed: MCOMP_TEST_SEED, else the time. */
static inline test_random test_random_begin(const char *test)
{
    const char *text = getenv("MCOMP_TEST_SEED");
    uint64_t seed = text ? strtoull(text, NULL, 10) : (uint64_t)time(NULL);
    printf("%s: MCOMP_TEST_SEED=%llu\n", test, (unsigned long long)seed);
    return (test_random){.state = seed};
}

/** 64 random bits (SplitMix64). */
static inline uint64_t test_random_bits(test_random *random)
{
    uint64_t z = (random->state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/** 0 to count - 1. @param count  above 0 */
static inline size_t test_random_below(test_random *random, size_t count)
{
    return (size_t)(test_random_bits(random) % count);
}

/** In [low, high). */
static inline float test_random_float(test_random *random, float low, float high)
{
    float unit = (float)(test_random_bits(random) >> 40) * 0x1p-24f;
    return low + (high - low) * unit;
}

#endif
