#include "attributes.h"
#include "base/status.h"
#include "op_window.h"
#include "tensor/tensor_struct.h"

static mcomp_status check_residual(const mcomp_graph *graph, const mc_node *node,
                                   const mc_value *output)
{
    char shape_a[128], shape_b[128];
    const mc_value *residual = mc_node_input(graph, node, 3);
    if (!residual)
        return MCOMP_OK;
    MC_REQUIRE(!mc_node_is_quantized(graph, node), MCOMP_ERR_UNSUPPORTED,
               "node %s: computes in integers and so has no residual input", node->name);
    MC_TRY(mc_node_check_float(graph, node, 3));
    bool equal = residual->rank == 4;
    for (uint32_t axis = 0; equal && axis < 4; axis++)
        equal = residual->shape[axis] == output->shape[axis];
    MC_REQUIRE(equal, MCOMP_ERR_SHAPE, "node %s: residual %s is %s, the output is %s", node->name,
               residual->name,
               mc_shape_format(residual->rank, residual->shape, shape_a, sizeof shape_a),
               mc_shape_format(output->rank, output->shape, shape_b, sizeof shape_b));
    return MCOMP_OK;
}

static mcomp_status infer(const mcomp_graph *graph, mc_node *node, mc_value *output)
{
    MC_TRY(mc_node_check_activation(graph, node, 0));
    MC_TRY(mc_node_check_rank(graph, node, 0, 4));
    MC_TRY(mc_node_check_weight(graph, node, 1));
    MC_TRY(mc_node_check_rank(graph, node, 1, 4));
    const mc_value *input = mc_node_input(graph, node, 0);
    const mc_value *weight = mc_node_input(graph, node, 1);
    mc_node_params *params = &node->params;
    params->group = 1;
    MC_TRY(mc_attribute_integer(node, "group", 1, INT32_MAX, &params->group));
    MC_REQUIRE(weight->shape[0] % params->group == 0 &&
                   weight->shape[1] * params->group == input->shape[1],
               MCOMP_ERR_SHAPE,
               "node %s: weight %s [%lld, %lld, ...] and group %d do not fit %lld input channels",
               node->name, weight->name, (long long)weight->shape[0], (long long)weight->shape[1],
               params->group, (long long)input->shape[1]);
    params->window.kernel_h = (int32_t)weight->shape[2];
    params->window.kernel_w = (int32_t)weight->shape[3];
    output->rank = 4;
    output->shape[0] = MCOMP_BATCH;
    output->shape[1] = weight->shape[0];
    MC_TRY(mc_window_infer(node, input, false, output));
    MC_TRY(mc_node_check_bias(graph, node, weight->shape[0]));
    MC_TRY(check_residual(graph, node, output));
    MC_TRY(mc_attribute_activation(node, &params->activation));
    MC_TRY(mc_attribute_statistics(node, weight->shape[0]));
    uint64_t terms = 1;
    for (int axis = 1; axis < 4; axis++)
        MC_TRY(mc_node_multiply(node, &terms, weight->shape[axis]));
    if (mc_node_is_quantized(graph, node))
        MC_TRY(mc_node_check_integer_weight(graph, node, terms));
    node->macs = terms;
    for (int axis = 1; axis < 4; axis++)
        MC_TRY(mc_node_multiply(node, &node->macs, output->shape[axis]));
    return mc_node_quantize_output(graph, node, output);
}

static const char *const attributes[] = {"auto_pad",
                                         "dilations",
                                         "group",
                                         "kernel_shape",
                                         "pads",
                                         "strides",
                                         "activation_low",
                                         "activation_high",
                                         "output_mean",
                                         "output_deviation",
                                         "output_dtype",
                                         "output_scale",
                                         "output_zero_point",
                                         NULL};

const mc_operator mc_operator_conv = {"Conv", 2, 4, attributes, infer};
