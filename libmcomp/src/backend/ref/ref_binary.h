/** @file ref_binary.h
 *  Operators that make each element from two that broadcast to its place. */
#ifndef MC_REF_BINARY_H
#define MC_REF_BINARY_H

#include "ref_device.h"

/** One element of the result, before the activation, rounded to float32 once. */
typedef float (*mc_binary_fn)(float a, float b);

/** Call `binary` for every element, then the node's activation. */
void mc_ref_binary(const mc_operation *operation, const mc_run *run, mc_binary_fn binary);

/** How far apart an operand's elements stand for coordinates that follow each other, by axis of the
 *  output; 0 where the operand repeats. The last `inner` axes are left out: what they hold is one. */
void mc_ref_find_strides(const mc_value *operand, const mc_value *output, uint32_t inner,
                         size_t *strides);

#endif
