#include "attributes.h"
#include "base/status.h"

static mcomp_status infer(const mcomp_graph *graph, mc_node *node, mc_value *output)
{
    bool seen[MCOMP_MAX_RANK] = {false};
    int64_t perm[MCOMP_MAX_RANK] = {0};
    uint32_t count = 0;
    MC_TRY(mc_node_check_activation(graph, node, 0));
    const mc_value *input = mc_node_input(graph, node, 0);
    MC_TRY(mc_attribute_integer_list(node, "perm", perm, MCOMP_MAX_RANK, &count));
    /* Left out, the axes are reversed. */
    for (; !mc_node_attribute(node, "perm") && count < input->rank; count++)
        perm[count] = (int64_t)(input->rank - 1 - count);
    MC_REQUIRE(count == input->rank, MCOMP_ERR_SHAPE, "node %s: perm has %u axes, the input %u",
               node->name, count, input->rank);
    output->rank = input->rank;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t axis = 0;
        MC_REQUIRE(perm[i] >= 0, MCOMP_ERR_INVALID_ARGUMENT, "node %s: perm holds %lld", node->name,
                   (long long)perm[i]);
        MC_TRY(mc_node_axis(node, input->rank, perm[i], seen, &axis));
        MC_REQUIRE(i > 0 || axis == 0, MCOMP_ERR_UNSUPPORTED,
                   "node %s: perm moves the batch from the first place", node->name);
        node->params.perm[i] = (int32_t)axis;
        output->shape[i] = input->shape[axis];
    }
    return mc_node_keep_quantization(graph, node, output);
}

static const char *const attributes[] = {"perm", "output_dtype", "output_scale",
                                         "output_zero_point", NULL};

const mc_operator mc_operator_transpose = {"Transpose", 1, 1, attributes, infer};
