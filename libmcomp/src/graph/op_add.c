#include "attributes.h"
#include "base/status.h"
#include "tensor/tensor_struct.h"

static mcomp_status fail_shapes(const mc_node *node, const mc_value *a, const mc_value *b)
{
    char shape_a[128], shape_b[128];
    return mc_fail(MCOMP_ERR_SHAPE, "node %s: cannot add %s %s and %s %s", node->name, a->name,
                   mc_shape_format(a->rank, a->shape, shape_a, sizeof shape_a), b->name,
                   mc_shape_format(b->rank, b->shape, shape_b, sizeof shape_b));
}

/* b's axes, aligned at the end, are 1 or a's; its batch axis, if it has one, is 1. */
static bool broadcasts(const mc_value *a, const mc_value *b)
{
    if (b->rank > a->rank)
        return false;
    for (uint32_t i = 1; i <= b->rank; i++) {
        int64_t extent = b->shape[b->rank - i];
        if (extent != 1 && (i == a->rank || extent != a->shape[a->rank - i]))
            return false;
    }
    return true;
}

static mcomp_status infer(const mcomp_graph *graph, mc_node *node, mc_value *output)
{
    const mc_value *first = mc_node_input(graph, node, 0);
    if (first->rank == 0 || first->shape[0] != MCOMP_BATCH) {
        mcomp_value constant = node->inputs[0];
        node->inputs[0] = node->inputs[1];
        node->inputs[1] = constant;
    }
    MC_TRY(mc_node_check_activation(graph, node, 0));
    const mc_value *a = mc_node_input(graph, node, 0);
    const mc_value *b = mc_node_input(graph, node, 1);
    if (b->rank > 0 && b->shape[0] == MCOMP_BATCH) {
        MC_REQUIRE((a->dtype == MCOMP_DTYPE_F32) == (b->dtype == MCOMP_DTYPE_F32), MCOMP_ERR_SHAPE,
                   "node %s: %s is %s, %s is %s", node->name, a->name, mc_dtype_name(a->dtype),
                   b->name, mc_dtype_name(b->dtype));
        bool equal = a->rank == b->rank;
        for (uint32_t axis = 0; equal && axis < a->rank; axis++)
            equal = a->shape[axis] == b->shape[axis];
        if (!equal)
            return fail_shapes(node, a, b);
    } else {
        MC_TRY(mc_node_check_float(graph, node, 0));
        MC_TRY(mc_node_check_weight(graph, node, 1));
        if (!broadcasts(a, b))
            return fail_shapes(node, a, b);
    }
    output->rank = a->rank;
    for (uint32_t axis = 0; axis < a->rank; axis++)
        output->shape[axis] = a->shape[axis];
    MC_TRY(mc_attribute_activation(node, &node->params.activation));
    return mc_node_quantize_output(graph, node, output);
}

static const char *const attributes[] = {"activation_low", "activation_high",   "output_dtype",
                                         "output_scale",   "output_zero_point", NULL};

const mc_operator mc_operator_add = {"Add", 2, 2, attributes, infer};
