#include "attributes.h"
#include "base/status.h"
#include "op_window.h"

static mcomp_status infer(const mcomp_graph *graph, mc_node *node, mc_value *output)
{
    MC_TRY(mc_node_check_activation(graph, node, 0));
    MC_TRY(mc_node_check_rank(graph, node, 0, 4));
    const mc_value *input = mc_node_input(graph, node, 0);
    output->rank = 4;
    output->shape[0] = MCOMP_BATCH;
    output->shape[1] = input->shape[1];
    MC_TRY(mc_attribute_bool(node, "ceil_mode", &node->params.ceil_mode));
    MC_TRY(mc_attribute_bool(node, "count_include_pad", &node->params.count_include_pad));
    MC_TRY(mc_window_infer(node, input, true, output));
    return mc_node_quantize_output(graph, node, output);
}

static const char *const attributes[] = {
    "auto_pad", "ceil_mode",    "count_include_pad", "kernel_shape",      "pads",
    "strides",  "output_dtype", "output_scale",      "output_zero_point", NULL};

const mc_operator mc_operator_average_pool = {"AveragePool", 1, 1, attributes, infer};
