#include "attributes.h"
#include "base/status.h"
#include "op_same_shape.h"

static mcomp_status infer(const mcomp_graph *graph, mc_node *node, mc_value *output)
{
    MC_TRY(mc_same_shape_infer(graph, node, output));
    node->params.axis = -1;
    MC_TRY(mc_attribute_axis(node, output->rank, &node->params.axis));
    MC_REQUIRE(node->params.axis != 0, MCOMP_ERR_UNSUPPORTED, "node %s: axis is the batch",
               node->name);
    return MCOMP_OK;
}

static const char *const attributes[] = {"axis", NULL};

const mc_operator mc_operator_softmax = {"Softmax", 1, 1, attributes, infer};
