#include "attributes.h"
#include "base/status.h"
#include "op_same_shape.h"

static mcomp_status infer(const mcomp_graph *graph, mc_node *node, mc_value *output)
{
    node->params.alpha = 0.2f;
    node->params.beta = 0.5f;
    MC_TRY(mc_attribute_finite(node, "alpha", &node->params.alpha));
    MC_TRY(mc_attribute_finite(node, "beta", &node->params.beta));
    return mc_same_shape_infer(graph, node, output);
}

static const char *const attributes[] = {"alpha", "beta", NULL};

const mc_operator mc_operator_hard_sigmoid = {"HardSigmoid", 1, 1, attributes, infer};
