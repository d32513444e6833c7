/** @file op_same_shape.h
 *  Float operators whose output has the shape of their input. */
#ifndef MC_OP_SAME_SHAPE_H
#define MC_OP_SAME_SHAPE_H

#include "graph_struct.h"

/** Input 0 is a float32 activation; the output is alike. */
mcomp_status mc_same_shape_infer(const mcomp_graph *graph, mc_node *node, mc_value *output);

#endif
