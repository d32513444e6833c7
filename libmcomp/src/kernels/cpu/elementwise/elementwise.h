/** @file elementwise.h
 *  Each element of the result from the one in its place, or from two. A run's elements do not depend on
 *  where the run begins and ends: the same bits however work is split. */
#ifndef MC_ELEMENTWISE_H
#define MC_ELEMENTWISE_H

#include <stddef.h>
#include <stdint.h>

typedef enum mc_binary_function {
    MC_BINARY_ADD,
    MC_BINARY_SUB,
    MC_BINARY_MUL,
    MC_BINARY_DIV,
    MC_BINARY_PRELU /**< a < 0 ? b * a : a */
} mc_binary_function;

typedef enum mc_unary_function {
    MC_UNARY_CLAMP,   /**< min(max(x, p), q) */
    MC_UNARY_LEAKY,   /**< x < 0 ? p * x : x */
    MC_UNARY_SIGMOID, /**< 1 / (1 + exp(-x)); within 2^-21 of it, relatively, where that is above
                                2^-120 */
    MC_UNARY_HARD_SIGMOID, /**< min(max(p * x + q, 0), 1) */
    MC_UNARY_HARD_SWISH    /**< x * min(max(x + 3, 0), 6) / 6 */
} mc_unary_function;

/** One operand: elements `step` apart, 0 for one number for all, 1 for a run. */
typedef struct mc_binary_operand {
    const float *elements;
    size_t step;
} mc_binary_operand;

/** output[i] = min(max(a[i] function b[i], low), high), each rounded once; infinite bounds: none. What is
 * not a number stays so. */
typedef void mc_f32_binary_fn(mc_binary_function function, size_t count, const mc_binary_operand *a,
                              const mc_binary_operand *b, float low, float high, float *output);
/** output[i] = function(input[i]) with the function's p and q. What is not a number stays so. */
typedef void mc_f32_unary_fn(mc_unary_function function, float p, float q, size_t count,
                             const float *input, float *output);
/** output[i] = (input[i] - mean) * factor + shift. The mean comes off first, so that one far from 0 costs
 * no accuracy: within 2^-22 of the sizes of the two terms. */
typedef void mc_f32_normalize_fn(float mean, float factor, float shift, size_t count,
                                 const float *input, float *output);

typedef enum mc_elementwise_kind {
    MC_ELEMENTWISE_BINARY,
    MC_ELEMENTWISE_UNARY,
    MC_ELEMENTWISE_NORMALIZE,
    MC_ELEMENTWISE_KIND_COUNT
} mc_elementwise_kind;

typedef struct mc_elementwise_kernel {
    const char *name;
    uint32_t isa_bits; /**< needed */
    mc_elementwise_kind kind;
    union {
        mc_f32_binary_fn *f32_binary;
        mc_f32_unary_fn *f32_unary;
        mc_f32_normalize_fn *f32_normalize;
    } run; /**< the member of the kind */
} mc_elementwise_kernel;

/** All kernels, the best of a kind last; *count of them. */
const mc_elementwise_kernel *mc_elementwise_kernels(size_t *count);
/** The best one of the kind that these instruction sets can run; the plain one is always there. */
const mc_elementwise_kernel *mc_elementwise_choose(mc_elementwise_kind kind, uint32_t isa_bits);

#endif
