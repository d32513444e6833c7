#include <math.h>

#include "attributes.h"
#include "base/status.h"
#include "op_same_shape.h"

static mcomp_status infer(const mcomp_graph *graph, mc_node *node, mc_value *output)
{
    mc_activation *activation = &node->params.activation;
    *activation = (mc_activation){.clamp = true, .low = -INFINITY, .high = INFINITY};
    if (mc_node_input(graph, node, 1))
        MC_TRY(mc_node_constant_float(graph, node, 1, &activation->low));
    if (mc_node_input(graph, node, 2))
        MC_TRY(mc_node_constant_float(graph, node, 2, &activation->high));
    return mc_same_shape_infer(graph, node, output);
}

static const char *const attributes[] = {NULL};

const mc_operator mc_operator_clip = {"Clip", 1, 3, attributes, infer};
