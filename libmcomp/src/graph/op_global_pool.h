/** @file op_global_pool.h
 *  Pools over everything but batch and channels. */
#ifndef MC_OP_GLOBAL_POOL_H
#define MC_OP_GLOBAL_POOL_H

#include "graph_struct.h"

/** Input 0 is an activation of rank 3 or more; the output has one element a channel. */
mcomp_status mc_global_pool_infer(const mcomp_graph *graph, const mc_node *node, mc_value *output);

#endif
