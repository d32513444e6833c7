/** @file softmax.h
 *  Softmax of lines: exponentials of the differences from the greatest, over their sum in double. Each
 *  result is within 2^-17 of softmax, relatively, where that is above 2^-120; all of a line are not
 *  numbers where one element is none or +infinity, or all are -infinity. */
#ifndef MC_SOFTMAX_H
#define MC_SOFTMAX_H

#include <stddef.h>
#include <stdint.h>

/** One line of count elements. */
typedef void mc_f32_softmax_fn(size_t count, const float *input, float *output);
/** Lines beside each other: element i of line l lies at [i * stride + l]. */
typedef void mc_f32_softmax_lines_fn(size_t count, size_t stride, size_t lines, const float *input,
                                     float *output);

typedef enum mc_softmax_kind {
    MC_SOFTMAX_LINE,
    MC_SOFTMAX_LINES,
    MC_SOFTMAX_KIND_COUNT
} mc_softmax_kind;

typedef struct mc_softmax_kernel {
    const char *name;
    uint32_t isa_bits; /**< needed */
    mc_softmax_kind kind;
    union {
        mc_f32_softmax_fn *f32_softmax;
        mc_f32_softmax_lines_fn *f32_softmax_lines;
    } run; /**< the member of the kind */
} mc_softmax_kernel;

/** All kernels, the best of a kind last; *count of them. */
const mc_softmax_kernel *mc_softmax_kernels(size_t *count);
/** The best one of the kind that these instruction sets can run; the plain one is always there. */
const mc_softmax_kernel *mc_softmax_choose(mc_softmax_kind kind, uint32_t isa_bits);

#endif
