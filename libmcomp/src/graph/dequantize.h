/** @file dequantize.h
 *  DequantizeLinear of a constant, done once. */
#ifndef MC_DEQUANTIZE_H
#define MC_DEQUANTIZE_H

#include "graph_struct.h"

/** Is the node a DequantizeLinear of a constant? */
bool mc_node_dequantizes_constant(const mcomp_graph *graph, const mc_node *node);
/** Its scale and zero point for an index along its axis. */
float mc_dequantize_scale(const mcomp_graph *graph, const mc_node *node, size_t index);
int32_t mc_dequantize_zero_point(const mcomp_graph *graph, const mc_node *node, size_t index);
/** The result: a uniform encoding for 8-bit integers with scales along axis 0, else float32.
 *  @retval MCOMP_ERR_INVALID_ARGUMENT  a scale is not a positive number; names the node */
mcomp_status mc_dequantize_constant(const mcomp_graph *graph, const mc_node *node,
                                    mcomp_tensor **out);

#endif
