/** @file weight.h
 *  A weight while a recipe works on it: its float original, and beside it what the passes so far
 *  allow it to be (mask, grid or codebook). Nothing is rounded into the original, so that a later
 *  pass can choose again inside the constraint. */
#ifndef MC_WEIGHT_H
#define MC_WEIGHT_H

#include "base/arena.h"
#include "encoding/encoding.h"
#include "graph/graph_struct.h"

/** What is pruned together: R x C blocks (m = 0), or n kept of m. As in encoding/encoding.h. */
typedef struct mc_block {
    uint8_t rows, columns;
    uint8_t n, m;
} mc_block;

/** How a weight is to be stored. */
typedef enum mc_storage_wish {
    MC_STORAGE_SMALLEST = 0, /**< nobody said: the smallest without a Huffman code */
    MC_STORAGE_DENSE = 1,    /**< every element, without a code */
    MC_STORAGE_HUFFMAN =
        2 /**< the smallest that `layout` and `gap_bits` allow, with a code if that is
                                smaller */
} mc_storage_wish;

typedef enum mc_layout_wish {
    MC_LAYOUT_AUTO = 0,
    MC_LAYOUT_DENSE = 1, /**< zeros among the symbols */
    MC_LAYOUT_GAPS = 2   /**< zeros left out */
} mc_layout_wish;

typedef struct mc_weight {
    mcomp_context *context;
    mcomp_value value;     /**< the constant */
    const char *name;      /**< its name */
    const char *node_name; /**< the first node that reads it, for messages */
    mcomp_tensor *tensor;  /**< the source */
    uint32_t rank;
    int64_t shape[MCOMP_MAX_RANK];
    size_t element_count;

    bool loaded;           /**< what follows holds */
    bool finite;           /**< all values are known to be */
    const float *original; /**< values of the source */
    float *decoded;        /**< where they had to be decoded, else NULL */
    bool touched;          /**< a pass was applied */
    uint8_t selection;     /**< what the globs of the present step say of its nodes */
    double sqnr_db;        /**< once it is stored: against the source */

    uint8_t *kept;  /**< by element: 0 = it is 0; NULL: nothing is masked */
    mc_block block; /**< how kept is structured; 1x1 where it is NULL */

    mcomp_numeric numeric; /**< F32: any number */
    uint8_t bits;          /**< uniform, codebook */
    uint8_t *symbols;      /**< uniform, codebook: by element */
    float *scales;         /**< uniform: one, or one an output channel */
    size_t scale_count;
    uint8_t *zero_points; /**< uniform: as many as scales; NULL: 2^(bits - 1) */
    float *codebook;
    size_t codebook_count;

    const char *numeric_pass; /**< the pass of this recipe that chose them, or NULL */
    const char *storage_pass;
    mc_storage_wish storage;
    mc_layout_wish layout;
    uint8_t gap_bits; /**< 0: the best */
} mc_weight;

/** Fetch values and, from an encoded source, its constraint. Once is enough. */
mcomp_status mc_weight_load(mc_weight *weight);
/** Let go of all memory of the state. */
void mc_weight_unload(mc_weight *weight);

/** Elements of one output channel. */
size_t mc_weight_channel_elements(const mc_weight *weight);
/** Is the element 0, by the mask or by itself? */
static inline bool mc_weight_is_zero(const mc_weight *weight, size_t index)
{
    return (weight->kept && !weight->kept[index]) || weight->original[index] == 0;
}
/** What an element without symbols is now: masked, and rounded to the format it will have. */
float mc_weight_float(const mc_weight *weight, size_t index);
/** The symbol of 0 of a uniform or codebook weight at an element. */
uint8_t mc_weight_zero_symbol(const mc_weight *weight, size_t index);

/** Make room for a mask that keeps everything, unless there is one. A mask that had another structure
 *  is one of single elements from now on. */
mcomp_status mc_weight_begin_mask(mc_weight *weight, mc_block block);
/** After a change of the mask: symbols of what is not kept become that of 0, and a codebook gets an
 *  entry for it. */
mcomp_status mc_weight_apply_mask(mc_weight *weight);
/** Drop grid and codebook: any number is allowed again. */
void mc_weight_clear_numeric(mc_weight *weight);
/** Make room for symbols (all 0) and `count` scales or codebook entries of a new grid. */
mcomp_status mc_weight_begin_numeric(mc_weight *weight, mcomp_numeric numeric, unsigned bits,
                                     size_t count);

#endif
