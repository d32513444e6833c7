/** @file rng.h
 *  Random numbers that are the same on every machine (xoshiro256**, seeded by splitmix64;
 *  Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2018). */
#ifndef MC_RNG_H
#define MC_RNG_H

#include <stdint.h>

typedef struct mc_rng {
    uint64_t state[4];
} mc_rng;

void mc_rng_seed(mc_rng *rng, uint64_t seed);
uint64_t mc_rng_u64(mc_rng *rng);
/** In [0, bound), unbiased; bound > 0. */
uint64_t mc_rng_below(mc_rng *rng, uint64_t bound);
/** In [0, 1), 53 bits. */
double mc_rng_uniform(mc_rng *rng);
/** Mean 0, deviation 1 (Marsaglia's polar method); its last bit may depend on the C library's
 *  log(). */
double mc_rng_normal(mc_rng *rng);

#endif
