/** @file integer_dot.h
 *  Dot products of rows of integer weights with one vector: a dense layer. */
#ifndef MC_INTEGER_DOT_H
#define MC_INTEGER_DOT_H

#include <stddef.h>
#include <stdint.h>

/** Rows that a kernel takes at once. */
#define MC_INTEGER_DOT_ROWS 4

/** sums[r] = sum over k of rows[r * depth + k] * vector[k], for r < row_count <= MC_INTEGER_DOT_ROWS;
 *  exact: depth * 255 * 255 is below 2^31 and elements are in [-255, 255]. */
typedef void mc_s16_dot_fn(size_t depth, const int16_t *rows, size_t row_count,
                           const int16_t *vector, int32_t *sums);

typedef enum mc_integer_dot_kind {
    MC_INTEGER_DOT_S16,
    MC_INTEGER_DOT_KIND_COUNT
} mc_integer_dot_kind;

typedef struct mc_integer_dot_kernel {
    const char *name;
    uint32_t isa_bits; /**< needed */
    mc_integer_dot_kind kind;
    union {
        mc_s16_dot_fn *s16_dot;
    } run; /**< the member of the kind */
} mc_integer_dot_kernel;

/** All kernels, the best of a kind last; *count of them. */
const mc_integer_dot_kernel *mc_integer_dot_kernels(size_t *count);
/** The best one of the kind that these instruction sets can run; the plain one is always there. */
const mc_integer_dot_kernel *mc_integer_dot_choose(mc_integer_dot_kind kind, uint32_t isa_bits);

#endif
