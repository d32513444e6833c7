#include "attributes.h"
#include "base/status.h"
#include "tensor/tensor_struct.h"

static mcomp_status check_factors(const mc_node *node)
{
    float alpha = 1, beta = 1;
    bool transpose_a = false;
    MC_TRY(mc_attribute_bool(node, "transA", &transpose_a));
    MC_TRY(mc_attribute_float(node, "alpha", &alpha));
    MC_TRY(mc_attribute_float(node, "beta", &beta));
    MC_REQUIRE(!transpose_a && alpha == 1 && beta == 1, MCOMP_ERR_UNSUPPORTED,
               "node %s: transA is %d, alpha %g, beta %g, must be 0, 1, 1", node->name, transpose_a,
               (double)alpha, (double)beta);
    return MCOMP_OK;
}

static mcomp_status check_integers(const mcomp_graph *graph, const mc_node *node, int64_t terms)
{
    if (!mc_node_is_quantized(graph, node))
        return MCOMP_OK;
    MC_TRY(mc_node_check_integer_weight(graph, node, (uint64_t)terms));
    const mc_value *weight = mc_node_input(graph, node, 1);
    MC_REQUIRE(node->params.transpose_b || !weight->constant->encoding.per_channel,
               MCOMP_ERR_UNSUPPORTED,
               "node %s: weight %s has a scale for each input, transB must be 1", node->name,
               weight->name);
    return MCOMP_OK;
}

static mcomp_status infer(const mcomp_graph *graph, mc_node *node, mc_value *output)
{
    char shape_a[128], shape_b[128];
    MC_TRY(mc_node_check_activation(graph, node, 0));
    MC_TRY(mc_node_check_rank(graph, node, 0, 2));
    MC_TRY(mc_node_check_weight(graph, node, 1));
    MC_TRY(mc_node_check_rank(graph, node, 1, 2));
    const mc_value *input = mc_node_input(graph, node, 0);
    const mc_value *weight = mc_node_input(graph, node, 1);
    MC_TRY(check_factors(node));
    MC_TRY(mc_attribute_bool(node, "transB", &node->params.transpose_b));
    int64_t terms = weight->shape[node->params.transpose_b ? 1 : 0];
    int64_t channels = weight->shape[node->params.transpose_b ? 0 : 1];
    MC_REQUIRE(terms == input->shape[1], MCOMP_ERR_SHAPE,
               "node %s: weight %s %s with transB = %d does not fit input %s %s", node->name,
               weight->name, mc_shape_format(2, weight->shape, shape_b, sizeof shape_b),
               node->params.transpose_b, input->name,
               mc_shape_format(2, input->shape, shape_a, sizeof shape_a));
    MC_TRY(mc_node_check_bias(graph, node, channels));
    MC_TRY(check_integers(graph, node, terms));
    MC_TRY(mc_attribute_activation(node, &node->params.activation));
    MC_TRY(mc_attribute_statistics(node, channels));
    output->rank = 2;
    output->shape[0] = MCOMP_BATCH;
    output->shape[1] = channels;
    node->macs = (uint64_t)terms;
    MC_TRY(mc_node_multiply(node, &node->macs, channels));
    return mc_node_quantize_output(graph, node, output);
}

static const char *const attributes[] = {"alpha",
                                         "beta",
                                         "transA",
                                         "transB",
                                         "activation_low",
                                         "activation_high",
                                         "output_mean",
                                         "output_deviation",
                                         "output_dtype",
                                         "output_scale",
                                         "output_zero_point",
                                         NULL};

const mc_operator mc_operator_gemm = {"Gemm", 2, 3, attributes, infer};
