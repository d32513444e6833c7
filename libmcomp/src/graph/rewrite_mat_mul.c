/* A MatMul of rows and a constant matrix is a Gemm, which takes a bias and an activation in. */
#include "base/status.h"
#include "rebuild.h"
#include "rewrites.h"

static bool is_gemm(const mcomp_graph *graph, const mc_node *node)
{
    return mc_node_is(node, "MatMul") && graph->values[node->output].rank == 2 &&
           mc_node_reads_weight(graph, node);
}

static mcomp_status make_gemm(mc_rebuild *rebuild, const mc_node *node)
{
    mcomp_value inputs[2];
    const int64_t transposed = node->params.transpose_b;
    const mcomp_attribute attribute = mc_attribute_of_integers("transB", &transposed, 1);
    for (uint32_t i = 0; i < 2; i++)
        MC_TRY(mc_rebuild_get(rebuild, node->inputs[i], &inputs[i]));
    return mcomp_graph_add_node(rebuild->result, "Gemm", rebuild->names[node->output], inputs, 2,
                                &attribute, 1, &rebuild->map[node->output]);
}

static mcomp_status rewrite(mc_rebuild *rebuild, mcomp_simplify_info *info)
{
    const mcomp_graph *graph = rebuild->source;
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const mc_node *node = &graph->nodes[n];
        if (!rebuild->live[n])
            continue;
        bool named = is_gemm(graph, node);
        MC_TRY(named ? make_gemm(rebuild, node) : mc_rebuild_copy(rebuild, node));
        info->operators_recognised += named;
    }
    return MCOMP_OK;
}

mcomp_status mc_rewrite_mat_mul(mcomp_graph *graph, mcomp_simplify_info *info, mcomp_graph **out)
{
    return mc_rebuild_run(graph, rewrite, info, out);
}
