/** @file op_binary.h
 *  Operators of two operands that broadcast to each other: Add, Sub, Mul, Div, PRelu. */
#ifndef MC_OP_BINARY_H
#define MC_OP_BINARY_H

#include "graph_struct.h"

/** For operators whose operands may change places: a constant that comes first becomes the second.
 */
void mc_binary_put_constant_second(const mcomp_graph *graph, mc_node *node);

/** Shape and activation of a node that computes in float32. Operands are aligned at the last axis.
 *  One at least is an activation, and activations have the rank of the result: else their batch
 *  would meet another axis. A constant's batch axis, if it has one, has the extent 1. */
mcomp_status mc_binary_infer(const mcomp_graph *graph, mc_node *node, mc_value *output);

/** Inputs 0 and 1 do not fit each other, for that reason. */
mcomp_status mc_binary_fail(const mcomp_graph *graph, const mc_node *node, const char *reason);

#endif
