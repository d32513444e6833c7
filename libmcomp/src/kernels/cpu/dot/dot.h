/** @file dot.h
 *  Dot products of four rows of weights with one vector: a dense layer on one image reads each
 * weight once. */
#ifndef MC_DOT_H
#define MC_DOT_H

#include <stddef.h>
#include <stdint.h>

/** sums[r] = sum over k of rows[r * depth + k] * vector[k], for r < row_count <= 4. */
typedef void (*mc_f32_dot_fn)(size_t depth, const float *rows, size_t row_count,
                              const float *vector, float *sums);

typedef struct mc_f32_dot_kernel {
    const char *name;
    uint32_t isa_bits;
    mc_f32_dot_fn run;
} mc_f32_dot_kernel;

const mc_f32_dot_kernel *mc_f32_dot_kernels(size_t *count);
const mc_f32_dot_kernel *mc_f32_dot_choose(uint32_t isa_bits);

#endif
