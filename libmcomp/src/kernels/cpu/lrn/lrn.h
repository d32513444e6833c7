/** @file lrn.h
 *  Local response normalization across channels. */
#ifndef MC_LRN_H
#define MC_LRN_H

#include <stddef.h>
#include <stdint.h>

/** The planes that one plane's results are made from. */
typedef struct mc_lrn_window {
    const float *first;  /**< element 0 in the first channel whose squares are summed */
    const float *centre; /**< ... in the channel itself */
    size_t stride;       /**< elements from one channel to the next */
    size_t channels;     /**< summed */
} mc_lrn_window;

/** x / (bias + factor * sum of squares) ^ beta. */
typedef struct mc_lrn_factors {
    float factor; /**< alpha / size */
    float bias, beta;
} mc_lrn_factors;

/** count elements of one channel. In float: within 2^-18, relatively, while no square overflows, beta is
 *  at most 2 and factor, bias are not below 0. An element's bits do not depend on where the run begins. */
typedef void mc_f32_lrn_fn(const mc_lrn_window *window, const mc_lrn_factors *factors, size_t count,
                           float *output);

typedef enum mc_lrn_kind { MC_LRN_F32, MC_LRN_KIND_COUNT } mc_lrn_kind;

typedef struct mc_lrn_kernel {
    const char *name;
    uint32_t isa_bits; /**< needed */
    mc_lrn_kind kind;
    union {
        mc_f32_lrn_fn *f32_lrn;
    } run; /**< the member of the kind */
} mc_lrn_kernel;

/** All kernels, the best of a kind last; *count of them. */
const mc_lrn_kernel *mc_lrn_kernels(size_t *count);
/** The best one of the kind that these instruction sets can run; the plain one is always there. */
const mc_lrn_kernel *mc_lrn_choose(mc_lrn_kind kind, uint32_t isa_bits);

#endif
