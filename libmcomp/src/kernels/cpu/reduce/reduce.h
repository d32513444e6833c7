/** @file reduce.h
 *  Sums and maxima of many elements. Floats are added up as doubles. */
#ifndef MC_REDUCE_H
#define MC_REDUCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Sum of a run. Its order depends on the count alone. */
typedef double mc_f32_sum_fn(size_t count, const float *input);
/** sums[i] += row[i] */
typedef void mc_f32_add_row_fn(size_t count, const float *row, double *sums);
/** Greatest of a run, -infinity without any; not a number where one of them is none. */
typedef float mc_f32_greatest_fn(size_t count, const float *input);
/** Sum of bytes, int8 where is_signed. */
typedef int64_t mc_u8_sum_fn(size_t count, const uint8_t *input, bool is_signed);
/** Greatest of bytes, int8 where is_signed; without any the lowest. */
typedef uint8_t mc_u8_greatest_fn(size_t count, const uint8_t *input, bool is_signed);

typedef enum mc_reduce_kind {
    MC_REDUCE_F32_SUM,
    MC_REDUCE_F32_ADD_ROW,
    MC_REDUCE_F32_GREATEST,
    MC_REDUCE_U8_SUM,
    MC_REDUCE_U8_GREATEST,
    MC_REDUCE_KIND_COUNT
} mc_reduce_kind;

typedef struct mc_reduce_kernel {
    const char *name;
    uint32_t isa_bits; /**< needed */
    mc_reduce_kind kind;
    union {
        mc_f32_sum_fn *f32_sum;
        mc_f32_add_row_fn *f32_add_row;
        mc_f32_greatest_fn *f32_greatest;
        mc_u8_sum_fn *u8_sum;
        mc_u8_greatest_fn *u8_greatest;
    } run; /**< the member of the kind */
} mc_reduce_kernel;

/** All kernels, the best of a kind last; *count of them. */
const mc_reduce_kernel *mc_reduce_kernels(size_t *count);
/** The best one of the kind that these instruction sets can run; the plain one is always there. */
const mc_reduce_kernel *mc_reduce_choose(mc_reduce_kind kind, uint32_t isa_bits);

#endif
