#include "attributes.h"
#include "base/status.h"
#include "tensor/tensor_struct.h"

/* Adds input index to the output's extent along the axis. */
static mcomp_status join(const mcomp_graph *graph, const mc_node *node, uint32_t index,
                         mc_value *output)
{
    char shape_a[128], shape_b[128];
    const mc_value *first = mc_node_input(graph, node, 0);
    MC_TRY(mc_node_check_activation(graph, node, index));
    const mc_value *value = mc_node_input(graph, node, index);
    MC_REQUIRE((first->dtype == MCOMP_DTYPE_F32) == (value->dtype == MCOMP_DTYPE_F32),
               MCOMP_ERR_SHAPE, "node %s: %s is %s, %s is %s", node->name, first->name,
               mc_dtype_name(first->dtype), value->name, mc_dtype_name(value->dtype));
    bool fits = value->rank == first->rank;
    for (uint32_t axis = 0; fits && axis < first->rank; axis++)
        fits = (int32_t)axis == node->params.axis || value->shape[axis] == first->shape[axis];
    MC_REQUIRE(fits, MCOMP_ERR_SHAPE, "node %s: cannot join %s %s and %s %s along axis %d",
               node->name, first->name,
               mc_shape_format(first->rank, first->shape, shape_a, sizeof shape_a), value->name,
               mc_shape_format(value->rank, value->shape, shape_b, sizeof shape_b),
               node->params.axis);
    int64_t *extent = &output->shape[node->params.axis];
    *extent += value->shape[node->params.axis];
    MC_REQUIRE(*extent <= INT32_MAX, MCOMP_ERR_LIMIT, "node %s: output extent above 2^31 - 1",
               node->name);
    return MCOMP_OK;
}

static mcomp_status infer(const mcomp_graph *graph, mc_node *node, mc_value *output)
{
    MC_TRY(mc_node_check_activation(graph, node, 0));
    const mc_value *first = mc_node_input(graph, node, 0);
    MC_REQUIRE(mc_node_attribute(node, "axis"), MCOMP_ERR_INVALID_ARGUMENT,
               "node %s: axis is missing", node->name);
    MC_TRY(mc_attribute_axis(node, first->rank, &node->params.axis));
    MC_REQUIRE(node->params.axis != 0, MCOMP_ERR_UNSUPPORTED, "node %s: axis is the batch",
               node->name);
    output->rank = first->rank;
    for (uint32_t axis = 0; axis < first->rank; axis++)
        output->shape[axis] = first->shape[axis];
    output->shape[node->params.axis] = 0;
    for (uint32_t i = 0; i < node->input_count; i++)
        MC_TRY(join(graph, node, i, output));
    return mc_node_quantize_output(graph, node, output);
}

static const char *const attributes[] = {"axis", "output_dtype", "output_scale",
                                         "output_zero_point", NULL};

const mc_operator mc_operator_concat = {"Concat", 1, UINT32_MAX, attributes, infer};
