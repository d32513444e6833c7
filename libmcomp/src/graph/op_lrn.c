#include "attributes.h"
#include "base/status.h"
#include "op_same_shape.h"

static mcomp_status infer(const mcomp_graph *graph, mc_node *node, mc_value *output)
{
    mc_node_params *params = &node->params;
    params->alpha = 1e-4f;
    params->beta = 0.75f;
    params->bias = 1;
    MC_TRY(mc_same_shape_infer(graph, node, output));
    MC_TRY(mc_node_check_least_rank(graph, node, 0, 3));
    MC_TRY(mc_attribute_integer(node, "size", 1, INT32_MAX, &params->size));
    MC_REQUIRE(params->size > 0, MCOMP_ERR_INVALID_ARGUMENT, "node %s: size is missing",
               node->name);
    MC_TRY(mc_attribute_finite(node, "alpha", &params->alpha));
    MC_TRY(mc_attribute_finite(node, "beta", &params->beta));
    MC_TRY(mc_attribute_finite(node, "bias", &params->bias));
    /* A power of bias + alpha / size * (a sum of squares) is taken. */
    MC_REQUIRE(params->alpha >= 0 && params->bias >= 0, MCOMP_ERR_UNSUPPORTED,
               "node %s: alpha is %g, bias %g, must not be negative", node->name,
               (double)params->alpha, (double)params->bias);
    return MCOMP_OK;
}

static const char *const attributes[] = {"alpha", "beta", "bias", "size", NULL};

const mc_operator mc_operator_lrn = {"LRN", 1, 1, attributes, infer};
