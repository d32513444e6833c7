#include "op_binary.h"

#include "attributes.h"
#include "base/status.h"
#include "tensor/tensor_struct.h"

static bool is_activation(const mc_value *value)
{
    return value->rank > 0 && value->shape[0] == MCOMP_BATCH;
}

void mc_binary_put_constant_second(const mcomp_graph *graph, mc_node *node)
{
    if (is_activation(mc_node_input(graph, node, 0)))
        return;
    mcomp_value constant = node->inputs[0];
    node->inputs[0] = node->inputs[1];
    node->inputs[1] = constant;
}

mcomp_status mc_binary_fail(const mcomp_graph *graph, const mc_node *node, const char *reason)
{
    char shape_a[128], shape_b[128];
    const mc_value *a = mc_node_input(graph, node, 0), *b = mc_node_input(graph, node, 1);
    return mc_fail(MCOMP_ERR_SHAPE, "node %s: %s of %s %s and %s %s: %s", node->name,
                   node->op->name, a->name,
                   mc_shape_format(a->rank, a->shape, shape_a, sizeof shape_a), b->name,
                   mc_shape_format(b->rank, b->shape, shape_b, sizeof shape_b), reason);
}

/* Widens the output, whose rank is known, to one operand. */
static mcomp_status widen(const mcomp_graph *graph, const mc_node *node, const mc_value *operand,
                          mc_value *output)
{
    if (is_activation(operand) && operand->rank != output->rank)
        return mc_binary_fail(graph, node, "the batch would meet another axis");
    for (uint32_t i = 1; i <= operand->rank; i++) {
        int64_t extent = operand->shape[operand->rank - i];
        int64_t *widened = &output->shape[output->rank - i];
        if (extent == 1 || extent == *widened || extent == MCOMP_BATCH)
            continue;
        if (i == output->rank)
            return mc_binary_fail(graph, node, "a constant has more than one image");
        if (*widened != 1)
            return mc_binary_fail(graph, node, "the extents do not broadcast");
        *widened = extent;
    }
    return MCOMP_OK;
}

mcomp_status mc_binary_infer(const mcomp_graph *graph, mc_node *node, mc_value *output)
{
    const mc_value *operands[2] = {mc_node_input(graph, node, 0), mc_node_input(graph, node, 1)};
    MC_REQUIRE(is_activation(operands[0]) || is_activation(operands[1]), MCOMP_ERR_UNSUPPORTED,
               "node %s: one of %s and %s must be an activation, not a constant", node->name,
               operands[0]->name, operands[1]->name);
    output->rank = 0;
    for (uint32_t i = 0; i < 2; i++) {
        MC_TRY(is_activation(operands[i]) ? mc_node_check_float(graph, node, i)
                                          : mc_node_check_weight(graph, node, i));
        if (operands[i]->rank > output->rank)
            output->rank = operands[i]->rank;
    }
    output->shape[0] = MCOMP_BATCH;
    for (uint32_t axis = 1; axis < output->rank; axis++)
        output->shape[axis] = 1;
    for (uint32_t i = 0; i < 2; i++)
        MC_TRY(widen(graph, node, operands[i], output));
    output->dtype = MCOMP_DTYPE_F32;
    return mc_attribute_activation(node, &node->params.activation);
}
