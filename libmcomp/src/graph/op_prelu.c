#include "attributes.h"
#include "base/status.h"
#include "op_binary.h"

/* The slope broadcasts to x, never x to the slope. */
static mcomp_status infer(const mcomp_graph *graph, mc_node *node, mc_value *output)
{
    MC_TRY(mc_node_check_float(graph, node, 0));
    MC_TRY(mc_node_check_weight(graph, node, 1));
    MC_TRY(mc_binary_infer(graph, node, output));
    if (!mc_value_same_shape(mc_node_input(graph, node, 0), output))
        return mc_binary_fail(graph, node, "the slope has more elements than the input");
    return MCOMP_OK;
}

static const char *const attributes[] = {NULL};

const mc_operator mc_operator_prelu = {"PRelu", 2, 2, attributes, infer};
