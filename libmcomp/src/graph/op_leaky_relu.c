#include "attributes.h"
#include "base/status.h"
#include "op_same_shape.h"

static mcomp_status infer(const mcomp_graph *graph, mc_node *node, mc_value *output)
{
    node->params.alpha = 0.01f;
    MC_TRY(mc_attribute_finite(node, "alpha", &node->params.alpha));
    return mc_same_shape_infer(graph, node, output);
}

static const char *const attributes[] = {"alpha", NULL};

const mc_operator mc_operator_leaky_relu = {"LeakyRelu", 1, 1, attributes, infer};
