#include "attributes.h"
#include "base/status.h"

static mcomp_status infer(const mcomp_graph *graph, mc_node *node, mc_value *output)
{
    MC_TRY(mc_node_check_activation(graph, node, 0));
    MC_TRY(mc_node_check_rank(graph, node, 0, 4));
    const mc_value *input = mc_node_input(graph, node, 0);
    output->rank = 4;
    output->shape[0] = MCOMP_BATCH;
    output->shape[1] = input->shape[1];
    output->shape[2] = output->shape[3] = 1;
    node->params.window = (mc_window){.kernel_h = (int32_t)input->shape[2],
                                      .kernel_w = (int32_t)input->shape[3],
                                      .stride_h = 1,
                                      .stride_w = 1,
                                      .dilation_h = 1,
                                      .dilation_w = 1};
    return mc_node_quantize_output(graph, node, output);
}

static const char *const attributes[] = {"output_dtype", "output_scale", "output_zero_point", NULL};

const mc_operator mc_operator_global_average_pool = {"GlobalAveragePool", 1, 1, attributes, infer};
