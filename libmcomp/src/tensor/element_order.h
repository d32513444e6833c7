/** @file element_order.h
 *  The order of sparse blocks and n:m groups, as encoding/encoding.h defines it. */
#ifndef MC_ELEMENT_ORDER_H
#define MC_ELEMENT_ORDER_H

#include <stddef.h>

#include "mcomp/tensor.h"

/** Elements in one block or group at most: 16 x 16. */
#define MC_MAX_BLOCK_ELEMENTS 256

/** Walks over the blocks of a tensor [O, I, tap...]. */
typedef struct mc_block_walk {
    size_t outputs, inputs, taps; /**< O, I, product of the rest */
    size_t rows, columns;         /**< of a whole block */
    size_t output, input, tap;    /**< where the next block begins */
    size_t block_count;           /**< all blocks */
} mc_block_walk;

/** A rank below 2 counts as missing axes of extent 1. rows and columns >= 1. */
mc_block_walk mc_block_walk_begin(uint32_t rank, const int64_t *shape, size_t rows, size_t columns);
/** Memory-order indices of the next block's elements, row by row; short at the edges.
 *  @param[out] indices  MC_MAX_BLOCK_ELEMENTS
 *  @return how many, 0 past the last block */
size_t mc_block_walk_next(mc_block_walk *walk, size_t *indices);

#endif
