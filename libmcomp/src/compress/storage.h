/** @file storage.h
 *  Turns a weight's state into a tensor: chooses among the encodings that its mask, numbers and
 *  wishes allow the one that takes the fewest bytes. */
#ifndef MC_STORAGE_H
#define MC_STORAGE_H

#include "weight.h"

/** What is known of a weight before it is stored, for counting bytes. */
typedef struct mc_storage_counts {
    size_t block_count;
    size_t kept_blocks;         /**< with anything that is not 0 */
    size_t kept_elements;       /**< in them */
    uint64_t symbols[256];      /**< of all elements */
    uint64_t kept_symbols[256]; /**< of the elements in kept blocks */
    uint32_t *runs;             /**< kept_blocks: left-out blocks before each kept one */
} mc_storage_counts;

/** Count. @param counts  end with mc_storage_counts_clear(), also after a failure */
mcomp_status mc_storage_count(const mc_weight *weight, mc_storage_counts *counts);
void mc_storage_counts_clear(const mc_weight *weight, mc_storage_counts *counts);
/** Bytes that symbols (or floats), positions and code lengths take in an encoding of this weight;
 *  scales and codebook are the same in all. */
mcomp_status mc_storage_nbytes(const mc_weight *weight, const mc_storage_counts *counts,
                               const mcomp_encoding *encoding, uint64_t *nbytes);

/** The smallest encoding that the wishes allow; the first of equals, in the order dense, gaps of 2, 3,
 *  ... bits, both with a Huffman code where that is wished for, then dense, bitmap, gaps without.
 *  @param[out] left  true where a Huffman code was wished for and this weight can have none: it has
 *                    neither symbols nor, for the layout wished for, zeros */
mcomp_status mc_storage_choose(const mc_weight *weight, mcomp_encoding *encoding, bool *left);
/** Make the tensor. */
mcomp_status mc_storage_encode(const mc_weight *weight, const mcomp_encoding *encoding,
                               mcomp_tensor **out);

#endif
