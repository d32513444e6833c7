/** @file rewrites.h
 *  What mcomp_graph_simplify() is made of: each rewrite takes a verified graph and gives a new one.
 */
#ifndef MC_REWRITES_H
#define MC_REWRITES_H

#include "graph_struct.h"

/** Identity and the like of a constant or an activation goes, DequantizeLinear of 8-bit weights
 * becomes a uniform encoding. An int32 bias stays dequantised by its node, for the quantisation to
 * find. */
mcomp_status mc_rewrite_fold_constants(mcomp_graph *graph, mcomp_simplify_info *info,
                                       mcomp_graph **out);
/** Transposes go to where they cancel, or to the network's inputs and outputs; nodes between work on
 * other axes. Their number never grows. */
mcomp_status mc_rewrite_move_transposes(mcomp_graph *graph, mcomp_simplify_info *info,
                                        mcomp_graph **out);
/** Reshapes and Flattens in a row become one; those that change nothing go. */
mcomp_status mc_rewrite_join_reshapes(mcomp_graph *graph, mcomp_simplify_info *info,
                                      mcomp_graph **out);
/** Relus and Clips in a row become one. */
mcomp_status mc_rewrite_join_clips(mcomp_graph *graph, mcomp_simplify_info *info,
                                   mcomp_graph **out);
/** GlobalAveragePool and GlobalMaxPool, Gemm, HardSigmoid and HardSwish, spelled otherwise. */
mcomp_status mc_rewrite_global_pool(mcomp_graph *graph, mcomp_simplify_info *info,
                                    mcomp_graph **out);
mcomp_status mc_rewrite_mat_mul(mcomp_graph *graph, mcomp_simplify_info *info, mcomp_graph **out);
mcomp_status mc_rewrite_hard_swish(mcomp_graph *graph, mcomp_simplify_info *info,
                                   mcomp_graph **out);
/** BatchNormalization, and Add, Sub, Mul, Div of a constant a channel, into the Conv or Gemm before
 * it (whose result nothing else reads), also past Concat, Pad and pools. A node that
 * BatchNormalization was folded into keeps the attributes output_mean and output_deviation, floats
 * [O] (BatchNorm's shift and |scale|). */
mcomp_status mc_rewrite_fold_affine(mcomp_graph *graph, mcomp_simplify_info *info,
                                    mcomp_graph **out);
/** The same into the Conv or Gemm after it. */
mcomp_status mc_rewrite_fold_affine_ahead(mcomp_graph *graph, mcomp_simplify_info *info,
                                          mcomp_graph **out);
/** What is left of them: two in a row become one. */
mcomp_status mc_rewrite_join_affines(mcomp_graph *graph, mcomp_simplify_info *info,
                                     mcomp_graph **out);
/** Pad into the padding of the Conv or pool that reads it. */
mcomp_status mc_rewrite_merge_padding(mcomp_graph *graph, mcomp_simplify_info *info,
                                      mcomp_graph **out);
/** Dequantize -> operator -> (activation) -> Quantize into one integer node. What stays in float
 * reads its int32 biases as float32 after this. */
mcomp_status mc_rewrite_fold_quantization(mcomp_graph *graph, mcomp_simplify_info *info,
                                          mcomp_graph **out);
/** Relu and Clip into the node before; then Add into a Conv, as its residual. */
mcomp_status mc_rewrite_fuse_activation(mcomp_graph *graph, mcomp_simplify_info *info,
                                        mcomp_graph **out);
mcomp_status mc_rewrite_fuse_residual(mcomp_graph *graph, mcomp_simplify_info *info,
                                      mcomp_graph **out);

/** Not part of mcomp_graph_simplify(), but what recipes begin with: weights [inputs, outputs] of Gemms
 * and MatMuls that compute in float32 become [outputs, inputs], under the same names. Those that are encoded, or
 * that something else reads too, stay.
 *  @param[out] out  the same graph, held once more, where there is nothing to do */
mcomp_status mc_rewrite_orient_weights(mcomp_graph *graph, mcomp_graph **out);

#endif
