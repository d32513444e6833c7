#include "attributes.h"
#include "base/status.h"
#include "op_binary.h"

static bool has_batch(const mc_value *value)
{
    return value->rank > 0 && value->shape[0] == MCOMP_BATCH;
}

/* a [N, ..., K] times a matrix that is one for all images. */
static mcomp_status infer_weight(const mcomp_graph *graph, mc_node *node, mc_value *output)
{
    const mc_value *a = mc_node_input(graph, node, 0), *b = mc_node_input(graph, node, 1);
    MC_TRY(mc_attribute_bool(node, "transB", &node->params.transpose_b));
    bool transposed = node->params.transpose_b;
    if (a->rank < 2 || a->shape[a->rank - 1] != b->shape[transposed ? 1 : 0])
        return mc_binary_fail(graph, node,
                              transposed ? "with transB = 1, the last axes must be equal"
                                         : "the last axis must be the other's last but one");
    output->rank = a->rank;
    for (uint32_t axis = 0; axis + 1 < a->rank; axis++)
        output->shape[axis] = a->shape[axis];
    output->shape[a->rank - 1] = b->shape[transposed ? 0 : 1];
    return MCOMP_OK;
}

/* Matrices [M, K] times [K, O], the axes before them broadcast to each other. */
static mcomp_status infer_batched(const mcomp_graph *graph, mc_node *node, mc_value *output)
{
    const mc_value *a = mc_node_input(graph, node, 0), *b = mc_node_input(graph, node, 1);
    MC_REQUIRE(!mc_node_attribute(node, "transB"), MCOMP_ERR_UNSUPPORTED,
               "node %s: transB needs a constant matrix as the second operand", node->name);
    if (b->rank < 2)
        return mc_binary_fail(graph, node, "the second operand must have rank 2 or more");
    if (a->rank < 3 || a->rank < b->rank || (has_batch(b) && b->rank != a->rank))
        return mc_binary_fail(graph, node, "the batch would meet another axis");
    if (a->shape[a->rank - 1] != b->shape[b->rank - 2])
        return mc_binary_fail(graph, node, "the last axis must be the other's last but one");
    output->rank = a->rank;
    for (uint32_t axis = 0; axis < a->rank; axis++)
        output->shape[axis] = a->shape[axis];
    output->shape[a->rank - 1] = b->shape[b->rank - 1];
    for (uint32_t i = 3; i <= b->rank; i++) {
        int64_t extent = b->shape[b->rank - i];
        int64_t *widened = &output->shape[a->rank - i];
        if (extent == 1 || extent == *widened)
            continue;
        if (*widened != 1)
            return mc_binary_fail(graph, node, "the extents do not broadcast");
        *widened = extent;
    }
    return MCOMP_OK;
}

static mcomp_status infer(const mcomp_graph *graph, mc_node *node, mc_value *output)
{
    MC_TRY(mc_node_check_float(graph, node, 0));
    const mc_value *a = mc_node_input(graph, node, 0), *b = mc_node_input(graph, node, 1);
    MC_TRY(has_batch(b) ? mc_node_check_float(graph, node, 1)
                        : mc_node_check_weight(graph, node, 1));
    MC_TRY(mc_node_reads_weight(graph, node) ? infer_weight(graph, node, output)
                                             : infer_batched(graph, node, output));
    output->dtype = MCOMP_DTYPE_F32;
    node->macs = (uint64_t)a->shape[a->rank - 1];
    for (uint32_t axis = 1; axis < output->rank; axis++)
        MC_TRY(mc_node_multiply(node, &node->macs, output->shape[axis]));
    return MCOMP_OK;
}

static const char *const attributes[] = {"transB", NULL};

const mc_operator mc_operator_mat_mul = {"MatMul", 2, 2, attributes, infer};
