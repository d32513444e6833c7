/** @file affine.h
 *  Nodes that scale and shift each channel by constants: BatchNormalization, and Add, Sub, Mul, Div
 *  with a constant number a channel. Channels are axis 1. */
#ifndef MC_AFFINE_H
#define MC_AFFINE_H

#include "rebuild.h"

/** y = scale * x + shift, channel by channel, in double; arrays are the rebuild's. */
typedef struct mc_affine {
    size_t channel_count;
    double *scale;
    double *shift;
    bool scales; /**< false: all scales are 1 */
    bool shifts; /**< false: all shifts are 0 */
    bool is_batchnorm;
    mcomp_value operand; /**< x, a value of the source */
} mc_affine;

/** What a node does to its operand.
 *  @param[out] is_affine  false, and nothing else, for other nodes, for those that clamp and for
 *                         scales and shifts that are not finite in float32 */
mcomp_status mc_affine_parse(mc_rebuild *rebuild, const mc_node *node, mc_affine *affine,
                             bool *is_affine);
/** One that changes nothing. */
mcomp_status mc_affine_create(mc_rebuild *rebuild, size_t channel_count, mc_affine *affine);
/** affine, then channels first, first + 1, ... of `next`. */
void mc_affine_append(mc_affine *affine, const mc_affine *next, size_t first);
/** The channels [first, first + count) of an affine; shares its arrays. */
mc_affine mc_affine_slice(const mc_affine *affine, size_t first, size_t count);

/** Elements of a constant input as float32, in the rebuild's arena. */
mcomp_status mc_rebuild_decode(mc_rebuild *rebuild, const mc_node *node, uint32_t index,
                               float **out);
/** A float Conv or Gemm of constant weight and bias. */
bool mc_node_has_constant_weights(const mcomp_graph *graph, const mc_node *node);
/** Add a constant in the place of the node's input `index`: under its name, if it has one and
 *  nobody else reads it. Takes the tensor over. */
mcomp_status mc_rebuild_add_replacement(mc_rebuild *rebuild, const mc_node *node, uint32_t index,
                                        mcomp_tensor *tensor, mcomp_value *out);

#endif
