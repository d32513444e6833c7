/** @file cpu_copy.h
 *  Copying a box of elements from one array to another, axes in any order and with any steps: what
 *  Concat, Slice, Pad and Transpose come down to. */
#ifndef MC_CPU_COPY_H
#define MC_CPU_COPY_H

#include "cpu_device.h"

/** How the innermost part of a copy is done. */
typedef enum mc_cpu_copy_form {
    MC_CPU_COPY_RUNS,   /**< memcpy of runs */
    MC_CPU_COPY_TURNED, /**< matrices turned */
    MC_CPU_COPY_STRIDED /**< every so many of a line */
} mc_cpu_copy_form;

/** A box; strides and offsets in elements. The output's last axis has stride 1. */
typedef struct mc_cpu_copy {
    uint32_t rank;
    size_t extents[MCOMP_MAX_RANK];
    ptrdiff_t from[MCOMP_MAX_RANK]; /**< strides of the input */
    size_t to[MCOMP_MAX_RANK];      /**< strides of the output */
    ptrdiff_t from_offset;
    size_t to_offset;
    size_t element_nbytes; /**< 1 or 4 */
} mc_cpu_copy;

/** Done to each run instead of memcpy: elements at another scale. */
typedef struct mc_cpu_copy_rescale {
    mc_u8_rescale_fn *rescale;
    mc_quantize_operand operand; /**< its elements are set for each run */
    mc_quantize_range range;
} mc_cpu_copy_rescale;

/** Leave out axes of one index and join those that lie behind each other in both arrays. */
void mc_cpu_copy_join(mc_cpu_copy *copy);
/** The form of a joined copy. */
mc_cpu_copy_form mc_cpu_copy_form_of(const mc_cpu_copy *copy);
/** Symbol of the innermost routine and its instruction set. */
const char *mc_cpu_copy_kernel(const mc_cpu_kernels *kernels, const mc_cpu_copy *copy,
                               uint32_t *isa_bits);
/** Do a joined copy. @param rescale  NULL, or for a copy of runs */
void mc_cpu_copy_run(const mc_cpu_copy *copy, const mc_cpu_kernels *kernels,
                     const mc_parallel *parallel, const void *input, void *output,
                     const mc_cpu_copy_rescale *rescale);

#endif
