/** @file pool.h
 *  One row of a pool's outputs whose windows have the same taps, all of them inside the plane. The
 *  caller cuts windows at the borders of the plane; a row of one output is a row too. */
#ifndef MC_POOL_H
#define MC_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Taps of the first output's window begin at the input pointer; steps are in elements. */
typedef struct mc_pool_taps {
    size_t rows, columns; /**< taps; 0 of them: the window has nothing inside */
    size_t row_step;      /**< from a tap to the one below it */
    size_t column_step;   /**< from a tap to the next one in its row */
    size_t stride;        /**< from an output's window to the next one's */
} mc_pool_taps;

/** Greatest tap, -infinity without any; not a number where one of the taps is none. */
typedef void mc_f32_max_pool_fn(const mc_pool_taps *taps, const float *input, size_t count,
                                float *output);
/** Sum of the taps in double, row after row, over `divisor`, rounded to float once: the same bits
 * from every kernel. */
typedef void mc_f32_average_pool_fn(const mc_pool_taps *taps, const float *input, double divisor,
                                    size_t count, float *output);
/** Greatest tap of bytes, int8 where is_signed; without any the lowest. */
typedef void mc_u8_max_pool_fn(const mc_pool_taps *taps, const uint8_t *input, bool is_signed,
                               size_t count, uint8_t *output);
/** Sums of the taps; rows * columns * 255 is below 2^31. */
typedef void mc_u8_sum_pool_fn(const mc_pool_taps *taps, const uint8_t *input, bool is_signed,
                               size_t count, int32_t *sums);

typedef enum mc_pool_kind {
    MC_POOL_F32_MAX,
    MC_POOL_F32_AVERAGE,
    MC_POOL_U8_MAX,
    MC_POOL_U8_SUM,
    MC_POOL_KIND_COUNT
} mc_pool_kind;

typedef struct mc_pool_kernel {
    const char *name;
    uint32_t isa_bits; /**< needed */
    mc_pool_kind kind;
    union {
        mc_f32_max_pool_fn *f32_max;
        mc_f32_average_pool_fn *f32_average;
        mc_u8_max_pool_fn *u8_max;
        mc_u8_sum_pool_fn *u8_sum;
    } run; /**< the member of the kind */
} mc_pool_kernel;

/** All kernels, the best of a kind last; *count of them. */
const mc_pool_kernel *mc_pool_kernels(size_t *count);
/** The best one of the kind that these instruction sets can run; the plain one is always there. */
const mc_pool_kernel *mc_pool_choose(mc_pool_kind kind, uint32_t isa_bits);

#endif
