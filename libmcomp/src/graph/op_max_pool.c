#include "attributes.h"
#include "base/status.h"
#include "op_window.h"

static mcomp_status infer(const mcomp_graph *graph, mc_node *node, mc_value *output)
{
    int32_t storage_order = 0;
    MC_TRY(mc_node_check_activation(graph, node, 0));
    MC_TRY(mc_node_check_rank(graph, node, 0, 4));
    const mc_value *input = mc_node_input(graph, node, 0);
    output->rank = 4;
    output->shape[0] = MCOMP_BATCH;
    output->shape[1] = input->shape[1];
    MC_TRY(mc_attribute_bool(node, "ceil_mode", &node->params.ceil_mode));
    MC_TRY(mc_attribute_integer(node, "storage_order", 0, 1, &storage_order));
    MC_TRY(mc_window_infer(node, input, true, output));
    return mc_node_keep_quantization(graph, node, output);
}

static const char *const attributes[] = {
    "auto_pad", "ceil_mode",    "dilations",    "kernel_shape",      "pads", "storage_order",
    "strides",  "output_dtype", "output_scale", "output_zero_point", NULL};

const mc_operator mc_operator_max_pool = {"MaxPool", 1, 1, attributes, infer};
