/** @file permutation.h
 *  Orders of axes as Transpose has them: axis i of the result is axis axes[i] of the operand. All
 *  are of MCOMP_MAX_RANK axes; an operand of a lower rank has them beyond its own in their places. */
#ifndef MC_PERMUTATION_H
#define MC_PERMUTATION_H

#include <stdbool.h>
#include <stdint.h>

#include "mcomp/tensor.h"

typedef struct mc_permutation {
    uint8_t axes[MCOMP_MAX_RANK];
} mc_permutation;

mc_permutation mc_permutation_identity(void);
bool mc_permutation_equal(mc_permutation a, mc_permutation b);
bool mc_permutation_is_identity(mc_permutation a);
/** A transposition by `first`, then one by `second`. */
mc_permutation mc_permutation_then(mc_permutation first, mc_permutation second);
mc_permutation mc_permutation_inverse(mc_permutation a);
/** Where axis `axis` of the operand goes. */
uint32_t mc_permutation_position(mc_permutation a, uint32_t axis);
/** Does a value of that shape keep the order of its elements in memory, because only axes of extent
 *  1 change places? */
bool mc_permutation_keeps_order(mc_permutation a, uint32_t rank, const int64_t *shape);
/** The same, written in one way: axes of extent 1, which all are alike, come in their own order. */
mc_permutation mc_permutation_normalize(mc_permutation a, uint32_t rank, const int64_t *shape);
/** The extents of the result. */
void mc_permutation_shape(mc_permutation a, uint32_t rank, const int64_t *shape, int64_t *out);
/** Transpose an array. @param shape  of `from`, without a batch */
void mc_permutation_move(mc_permutation a, uint32_t rank, const int64_t *shape, const float *from,
                         float *to);

#endif
