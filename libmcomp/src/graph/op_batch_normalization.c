#include <math.h>

#include "attributes.h"
#include "base/status.h"
#include "op_same_shape.h"
#include "tensor/tensor_struct.h"

/* y = scale * (x - mean) / sqrt(variance + epsilon) + shift: the root must be one. */
static mcomp_status check_variance(const mcomp_graph *graph, const mc_node *node)
{
    const mc_value *variance = mc_node_input(graph, node, 4);
    if (!variance->constant)
        return MCOMP_OK; /* it will be one when constants are folded */
    size_t count = variance->constant->element_count;
    float *values = mc_alloc_array(graph->context, count, sizeof *values);
    if (!values)
        return mc_fail_memory(count * sizeof *values);
    mcomp_status status = mcomp_tensor_decode(variance->constant, values, count);
    for (size_t c = 0; status == MCOMP_OK && c < count; c++)
        if (!((double)values[c] + (double)node->params.epsilon > 0))
            status = mc_fail(MCOMP_ERR_INVALID_ARGUMENT,
                             "node %s: the variance of channel %zu is %g, epsilon %g: their sum is "
                             "not above 0",
                             node->name, c, (double)values[c], (double)node->params.epsilon);
    mc_free(graph->context, values);
    return status;
}

static mcomp_status infer(const mcomp_graph *graph, mc_node *node, mc_value *output)
{
    int32_t training_mode = 0;
    float momentum = 0.9f;
    MC_TRY(mc_same_shape_infer(graph, node, output));
    const mc_value *input = mc_node_input(graph, node, 0);
    MC_REQUIRE(input->rank >= 2, MCOMP_ERR_SHAPE, "node %s: input %s has no channels", node->name,
               input->name);
    for (uint32_t i = 1; i < 5; i++) {
        MC_TRY(mc_node_check_weight(graph, node, i));
        const mc_value *statistic = mc_node_input(graph, node, i);
        MC_REQUIRE(statistic->rank == 1 && statistic->shape[0] == input->shape[1], MCOMP_ERR_SHAPE,
                   "node %s: input %u (%s) must have %lld elements, one a channel", node->name, i,
                   statistic->name, (long long)input->shape[1]);
    }
    node->params.epsilon = 1e-5f;
    MC_TRY(mc_attribute_float(node, "epsilon", &node->params.epsilon));
    MC_REQUIRE(node->params.epsilon >= 0 && isfinite(node->params.epsilon),
               MCOMP_ERR_INVALID_ARGUMENT, "node %s: epsilon is %g", node->name,
               (double)node->params.epsilon);
    MC_TRY(check_variance(graph, node));
    MC_TRY(mc_attribute_float(node, "momentum", &momentum));
    MC_TRY(mc_attribute_integer(node, "training_mode", 0, 1, &training_mode));
    MC_REQUIRE(training_mode == 0, MCOMP_ERR_UNSUPPORTED, "node %s: training_mode is not supported",
               node->name);
    return MCOMP_OK;
}

static const char *const attributes[] = {"epsilon", "momentum", "training_mode", NULL};

const mc_operator mc_operator_batch_normalization = {"BatchNormalization", 5, 5, attributes, infer};
