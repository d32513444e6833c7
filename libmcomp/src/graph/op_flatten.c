#include "attributes.h"
#include "base/status.h"

static mcomp_status infer(const mcomp_graph *graph, mc_node *node, mc_value *output)
{
    MC_TRY(mc_node_check_activation(graph, node, 0));
    const mc_value *input = mc_node_input(graph, node, 0);
    node->params.axis = 1;
    /* The axis may be the rank itself; only 1 keeps the batch apart. */
    MC_TRY(
        mc_attribute_integer(node, "axis", -(int64_t)input->rank, input->rank, &node->params.axis));
    if (node->params.axis < 0)
        node->params.axis += (int32_t)input->rank;
    MC_REQUIRE(node->params.axis == 1, MCOMP_ERR_UNSUPPORTED, "node %s: axis is %d, must be 1",
               node->name, node->params.axis);
    size_t count = mc_value_element_count(input);
    MC_REQUIRE(count <= INT32_MAX, MCOMP_ERR_LIMIT, "node %s: %zu elements an image", node->name,
               count);
    output->rank = 2;
    output->shape[0] = MCOMP_BATCH;
    output->shape[1] = (int64_t)count;
    return mc_node_keep_quantization(graph, node, output);
}

static const char *const attributes[] = {"axis", "output_dtype", "output_scale",
                                         "output_zero_point", NULL};

const mc_operator mc_operator_flatten = {"Flatten", 1, 1, attributes, infer};
