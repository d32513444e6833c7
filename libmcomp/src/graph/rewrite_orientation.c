/* Weights of Gemm and MatMul that lie [inputs, outputs] are transposed, as every other weight has its outputs
 * first: scales a channel, blocks and n:m groups mean the same for all of them then. */
#include "base/alloc.h"
#include "base/status.h"
#include "rebuild.h"
#include "rewrites.h"
#include "tensor/tensor_struct.h"

static bool reads_untransposed(const mcomp_graph *graph, const mc_node *node)
{
    return mc_node_has_weight(graph, node) && mc_node_weight_is_inputs_first(node) &&
           !mc_node_input(graph, node, 1)->constant->encoded;
}

static mcomp_status transpose(const mcomp_tensor *tensor, mcomp_tensor **out)
{
    MC_TRY(mc_tensor_touch(tensor));
    const int64_t shape[2] = {tensor->shape[1], tensor->shape[0]};
    MC_TRY(mcomp_tensor_create(tensor->context, MCOMP_DTYPE_F32, 2, shape, NULL, out));
    const float *from = tensor->data;
    float *to = (*out)->data;
    size_t rows = (size_t)tensor->shape[0], columns = (size_t)tensor->shape[1];
    for (size_t row = 0; row < rows; row++)
        for (size_t column = 0; column < columns; column++)
            to[column * rows + row] = from[row * columns + column];
    return MCOMP_OK;
}

/* Counts, by constant, the nodes that read it as [inputs, outputs]; one that anything else reads as
 * well stays. @return is there anything to do? */
static bool count_readers(const mc_rebuild *rebuild, uint32_t *counts)
{
    const mcomp_graph *graph = rebuild->source;
    bool any = false;
    for (uint32_t n = 0; n < graph->node_count; n++)
        if (rebuild->live[n] && reads_untransposed(graph, &graph->nodes[n]))
            counts[graph->nodes[n].inputs[1]]++;
    for (uint32_t v = 0; v < graph->value_count; v++) {
        if (counts[v] != rebuild->reader_counts[v])
            counts[v] = 0;
        any = any || counts[v] > 0;
    }
    return any;
}

static mcomp_status copy_node(mc_rebuild *rebuild, const mc_node *node, const uint32_t *counts)
{
    const int64_t one = 1;
    const mcomp_attribute transposed = {
        .name = "transB", .type = MCOMP_ATTRIBUTE_INTEGERS, .count = 1, .integers = &one};
    if (!reads_untransposed(rebuild->source, node) || counts[node->inputs[1]] == 0)
        return mc_rebuild_copy(rebuild, node);
    mcomp_value weight = node->inputs[1];
    const mc_value *constant = &rebuild->source->values[weight];
    if (rebuild->map[weight] == MCOMP_NO_VALUE) {
        mcomp_tensor *tensor = NULL;
        MC_TRY(transpose(constant->constant, &tensor));
        MC_TRY(mc_rebuild_add_constant(rebuild, constant->name, tensor, &rebuild->map[weight]));
        mc_graph_set_sqnr(rebuild->result, rebuild->map[weight], constant->sqnr_db);
    }
    return mc_rebuild_copy_changed(rebuild, node, &transposed, 1);
}

static mcomp_status rewrite(mc_rebuild *rebuild, mcomp_graph *graph, mcomp_graph **out)
{
    size_t nbytes = graph->value_count * sizeof(uint32_t);
    uint32_t *counts = mc_arena_alloc(&rebuild->arena, nbytes);
    if (!counts)
        return mc_fail_memory(nbytes);
    if (!count_readers(rebuild, counts)) {
        *out = mc_graph_retain(graph);
        return MCOMP_OK;
    }
    for (uint32_t n = 0; n < graph->node_count; n++)
        if (rebuild->live[n])
            MC_TRY(copy_node(rebuild, &graph->nodes[n], counts));
    return mc_rebuild_finish(rebuild, out);
}

mcomp_status mc_rewrite_orient_weights(mcomp_graph *graph, mcomp_graph **out)
{
    *out = NULL;
    mc_rebuild rebuild;
    mcomp_status status = mc_rebuild_begin(graph, &rebuild);
    if (status == MCOMP_OK)
        status = rewrite(&rebuild, graph, out);
    mc_rebuild_end(&rebuild);
    return status;
}
