#include <math.h>

#include "base/status.h"
#include "dequantize.h"
#include "rebuild.h"
#include "rewrites.h"
#include "tensor/tensor_struct.h"

static bool slices_backwards(const mc_node *node)
{
    for (uint32_t axis = 0; axis < MCOMP_MAX_RANK; axis++)
        if (node->params.step[axis] < 0)
            return true;
    return false;
}

/* Does the node give back its input? */
static bool is_no_op(const mcomp_graph *graph, const mc_node *node)
{
    if (mc_node_is(node, "Identity"))
        return true;
    if (mc_node_is(node, "Clip"))
        return node->params.activation.low == -INFINITY && node->params.activation.high == INFINITY;
    bool may_be = mc_node_is(node, "Pad") || mc_node_is(node, "Slice") ||
                  mc_node_is(node, "Flatten") ||
                  (mc_node_is(node, "Concat") && node->input_count == 1 &&
                   graph->values[node->output].dtype == MCOMP_DTYPE_F32);
    /* A Slice that keeps every extent keeps every element in its place, or turns them round. */
    return may_be && !slices_backwards(node) &&
           mc_value_same_shape(mc_node_input(graph, node, 0), &graph->values[node->output]);
}

static void decide(mc_rebuild *rebuild, mcomp_simplify_info *info)
{
    const mcomp_graph *graph = rebuild->source;
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const mc_node *node = &graph->nodes[n];
        if (rebuild->live[n] && is_no_op(graph, node) &&
            mc_rebuild_replace(rebuild, node->output, node->inputs[0]))
            info->no_ops_removed++;
    }
}

static bool is_weight(const mcomp_graph *graph, const mc_node *node)
{
    return mc_node_dequantizes_constant(graph, node) &&
           mc_node_input(graph, node, 0)->dtype != MCOMP_DTYPE_S32;
}

static mcomp_status make(mc_rebuild *rebuild, mcomp_simplify_info *info)
{
    const mcomp_graph *graph = rebuild->source;
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const mc_node *node = &graph->nodes[n];
        if (!rebuild->live[n] || rebuild->alias[node->output] != MCOMP_NO_VALUE)
            continue;
        if (is_weight(graph, node)) {
            mcomp_tensor *tensor = NULL;
            MC_TRY(mc_dequantize_constant(graph, node, &tensor));
            MC_TRY(
                mc_rebuild_add_constant(rebuild, node->name, tensor, &rebuild->map[node->output]));
            info->constants_folded++;
        } else {
            MC_TRY(mc_rebuild_copy(rebuild, node));
        }
    }
    return MCOMP_OK;
}

mcomp_status mc_rewrite_fold_constants(mcomp_graph *graph, mcomp_simplify_info *info,
                                       mcomp_graph **out)
{
    mc_rebuild rebuild;
    mcomp_status status = mc_rebuild_begin(graph, &rebuild);
    if (status == MCOMP_OK) {
        decide(&rebuild, info);
        status = make(&rebuild, info);
    }
    if (status == MCOMP_OK)
        status = mc_rebuild_finish(&rebuild, out);
    mc_rebuild_end(&rebuild);
    return status;
}
