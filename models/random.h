/** @file random.h
 *  Weights drawn by a seed, the same on every machine: integers, and floats in a fixed order. */
#ifndef MC_RANDOM_H
#define MC_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/** State of a splitmix64 generator (Steele, Lea, Flood, "Fast Splittable Pseudorandom Number
 *  Generators", 2014): the seed, then whatever it has become. */
typedef struct mc_random {
    uint64_t state;
} mc_random;

/** Nearly normal numbers: sums of four uniform ones, so none is further than 3.5 deviations out.
 *  @param values  count of them, written */
void mc_random_normal(mc_random *random, double mean, double deviation, float *values,
                      size_t count);
/** Uniform in [low, high). */
void mc_random_uniform(mc_random *random, double low, double high, float *values, size_t count);

/** Share of a filter's mean that mc_random_center() takes away. Nothing, and the mean that each Relu
 *  gives its output grows until all images have the same logits; all, and the network is chaotic:
 *  rounding errors grow by half with every layer. */
#define MC_RANDOM_CENTERING 0.3

/** Subtract that share of its mean from each row.
 *  @param values  [rows, columns] */
void mc_random_center(float *values, size_t rows, size_t columns);

#endif
