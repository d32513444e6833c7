/** @file op_window.h
 *  Windows over H and W, shared by Conv and the pools. */
#ifndef MC_OP_WINDOW_H
#define MC_OP_WINDOW_H

#include "graph_struct.h"

/** Parse kernel_shape, strides, dilations, pads and auto_pad where the node has them, and set the
 *  output's H and W. kernel_h and kernel_w of the window hold the kernel where the caller knows it
 *  (Conv), else 0.
 *  @param is_pool  the padding must be smaller than the kernel */
mcomp_status mc_window_infer(mc_node *node, const mc_value *input, bool is_pool, mc_value *output);

#endif
