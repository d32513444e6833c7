/** @file encoding.h
 *  Encodings: what is legal, what parts one is stored in, how it is called. Plain data, no memory.
 *
 *  Order of elements. Weights are [O, I, kernel...] (Conv) or [O, I] (Gemm). Sparse R x C: blocks
 * in the order (o / R, i / C, tap); within a block (r, c); blocks at the edges are short. With 1 x
 * 1 that is the order of memory for 2-D weights and (o, i, tap) = memory order for all. N:M: groups
 * of m consecutive input channels in the order (o, i / m, tap), the last group short.
 *
 *  Gaps. A gap symbol g < 2^gap_bits - 1: skip g blocks, then one is stored. g = 2^gap_bits - 1:
 * skip that many blocks, nothing is stored (a filler).
 *
 *  Zero. Left-out elements are 0: uniform zero points, codebook entry 0 (which is 0.0f exactly in
 *  every sparse and n:m codebook tensor), float 0. */
#ifndef MC_ENCODING_H
#define MC_ENCODING_H

#include <stdbool.h>

#include "mcomp/encoding.h"

/** The byte strings an encoded tensor is stored in. Values are pinned: they are in files. */
typedef enum mc_part {
    MC_PART_SYMBOLS = 0,        /**< floats or symbols of the stored elements */
    MC_PART_POSITIONS = 1,      /**< bitmap, gaps, or indices within n:m groups */
    MC_PART_SCALES = 2,         /**< float32 little-endian */
    MC_PART_ZERO_POINTS = 3,    /**< one byte each */
    MC_PART_CODEBOOK = 4,       /**< float32 */
    MC_PART_SYMBOL_LENGTHS = 5, /**< Huffman code lengths of the symbols */
    MC_PART_GAP_LENGTHS = 6,    /**< Huffman code lengths of the gaps */
    MC_PART_COUNT = 7
} mc_part;

/** Short name of a part: "symbols", "positions", ... */
const char *mc_part_name(mc_part part);

/** Plain float32, dense, raw. */
mcomp_encoding mc_encoding_f32(void);
bool mc_encoding_equal(const mcomp_encoding *a, const mcomp_encoding *b);
/** Uniform and codebook encodings have symbols; floats have none. */
bool mc_encoding_has_symbols(const mcomp_encoding *encoding);
/** Does an encoding store this part at all? (The part may still be empty.) */
bool mc_encoding_has_part(const mcomp_encoding *encoding, mc_part part);
/** Enumerate all legal triples with small representative parameters, for tests and documents.
 *  @return false past the last */
bool mc_encoding_example(uint32_t index, mcomp_encoding *out);

#endif
