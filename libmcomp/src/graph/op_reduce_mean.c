#include "attributes.h"
#include "base/status.h"

/* Marks the axes that go; left out, they would be all of them. */
static mcomp_status parse_axes(const mc_node *node, uint32_t rank, bool *reduced)
{
    int64_t axes[MCOMP_MAX_RANK];
    uint32_t count = 0;
    MC_TRY(mc_attribute_integer_list(node, "axes", axes, MCOMP_MAX_RANK, &count));
    MC_REQUIRE(count > 0, MCOMP_ERR_UNSUPPORTED,
               "node %s: axes is missing, which is the mean over the batch too", node->name);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t axis = 0;
        MC_TRY(mc_node_axis(node, rank, axes[i], reduced, &axis));
        MC_REQUIRE(axis != 0, MCOMP_ERR_UNSUPPORTED, "node %s: an axis is the batch", node->name);
    }
    return MCOMP_OK;
}

static mcomp_status infer(const mcomp_graph *graph, mc_node *node, mc_value *output)
{
    bool keeps_axes = true;
    MC_TRY(mc_node_check_float(graph, node, 0));
    const mc_value *input = mc_node_input(graph, node, 0);
    MC_TRY(parse_axes(node, input->rank, node->params.reduced));
    MC_TRY(mc_attribute_bool(node, "keepdims", &keeps_axes));
    output->rank = 0;
    for (uint32_t axis = 0; axis < input->rank; axis++)
        if (!node->params.reduced[axis])
            output->shape[output->rank++] = input->shape[axis];
        else if (keeps_axes)
            output->shape[output->rank++] = 1;
    output->dtype = MCOMP_DTYPE_F32;
    return MCOMP_OK;
}

static const char *const attributes[] = {"axes", "keepdims", NULL};

const mc_operator mc_operator_reduce_mean = {"ReduceMean", 1, 1, attributes, infer};
