/** @file move.h
 *  Elements that are only moved: every so many of a line, and matrices that are turned. Runs are the C
 *  library's memcpy. */
#ifndef MC_MOVE_H
#define MC_MOVE_H

#include <stddef.h>
#include <stdint.h>

/** output[c * output_stride + r] = input[r * input_stride + c], for r < rows, c < columns. */
typedef void mc_x8_transpose_fn(size_t rows, size_t columns, const uint8_t *input,
                                size_t input_stride, uint8_t *output, size_t output_stride);
typedef void mc_x32_transpose_fn(size_t rows, size_t columns, const uint32_t *input,
                                 size_t input_stride, uint32_t *output, size_t output_stride);

/** output[i] = input[i * step]; a step may be negative. */
typedef void mc_x8_strided_fn(size_t count, const uint8_t *input, ptrdiff_t step, uint8_t *output);
typedef void mc_x32_strided_fn(size_t count, const uint32_t *input, ptrdiff_t step,
                               uint32_t *output);

typedef enum mc_move_kind {
    MC_MOVE_X8_STRIDED,
    MC_MOVE_X32_STRIDED,
    MC_MOVE_X8_TRANSPOSE,
    MC_MOVE_X32_TRANSPOSE,
    MC_MOVE_KIND_COUNT
} mc_move_kind;

typedef struct mc_move_kernel {
    const char *name;
    uint32_t isa_bits; /**< needed */
    mc_move_kind kind;
    union {
        mc_x8_strided_fn *x8_strided;
        mc_x32_strided_fn *x32_strided;
        mc_x8_transpose_fn *x8_transpose;
        mc_x32_transpose_fn *x32_transpose;
    } run; /**< the member of the kind */
} mc_move_kernel;

/** All kernels, the best of a kind last; *count of them. */
const mc_move_kernel *mc_move_kernels(size_t *count);
/** The best one of the kind that these instruction sets can run; the plain one is always there. */
const mc_move_kernel *mc_move_choose(mc_move_kind kind, uint32_t isa_bits);

#endif
