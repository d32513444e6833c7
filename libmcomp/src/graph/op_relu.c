#include <math.h>

#include "base/status.h"
#include "op_same_shape.h"

static mcomp_status infer(const mcomp_graph *graph, mc_node *node, mc_value *output)
{
    node->params.activation = (mc_activation){.clamp = true, .low = 0, .high = INFINITY};
    return mc_same_shape_infer(graph, node, output);
}

static const char *const attributes[] = {NULL};

const mc_operator mc_operator_relu = {"Relu", 1, 1, attributes, infer};
