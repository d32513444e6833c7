#include "base/status.h"
#include "rewrites.h"

typedef mcomp_status (*rewrite_fn)(mcomp_graph *graph, mcomp_simplify_info *info,
                                   mcomp_graph **out);

/* Statistics are folded before integers are looked for; then activations, which a residual addition
 * takes along. */
static const rewrite_fn rewrites[] = {mc_rewrite_fold_constants, mc_rewrite_fold_batchnorm,
                                      mc_rewrite_fold_quantization, mc_rewrite_fuse_activation,
                                      mc_rewrite_fuse_residual};

mcomp_status mcomp_graph_simplify(mcomp_graph *graph, mcomp_simplify_info *info, mcomp_graph **out)
{
    MC_REQUIRE(out, MCOMP_ERR_INVALID_ARGUMENT, "no place for the graph");
    *out = NULL;
    MC_REQUIRE(graph, MCOMP_ERR_INVALID_ARGUMENT, "no graph");
    mcomp_simplify_info own = {.nodes_before = graph->node_count};
    mcomp_graph *current = mc_graph_retain(graph);
    mcomp_status status = MCOMP_OK;
    for (size_t i = 0; status == MCOMP_OK && i < sizeof rewrites / sizeof rewrites[0]; i++) {
        mcomp_graph *next = NULL;
        status = rewrites[i](current, &own, &next);
        if (status == MCOMP_OK) {
            mcomp_graph_destroy(current);
            current = next;
        }
    }
    own.nodes_after = current->node_count;
    if (status == MCOMP_OK && info)
        status = mc_info_copy(info, &own, sizeof own, "mcomp_simplify_info");
    if (status == MCOMP_OK)
        *out = current;
    else
        mcomp_graph_destroy(current);
    return status;
}
