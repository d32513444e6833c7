#include <string.h>

#include "base/status.h"
#include "rewrites.h"

typedef mcomp_status (*rewrite_fn)(mcomp_graph *graph, mcomp_simplify_info *info,
                                   mcomp_graph **out);

/* Axes are put in order first, so that what follows finds channels in their place. Statistics are
 * folded before integers are looked for. */
static const rewrite_fn rewrites[] = {
    mc_rewrite_fold_constants,  mc_rewrite_move_transposes, mc_rewrite_join_reshapes,
    mc_rewrite_join_clips,      mc_rewrite_global_pool,     mc_rewrite_mat_mul,
    mc_rewrite_hard_swish,      mc_rewrite_fold_affine,     mc_rewrite_fold_affine_ahead,
    mc_rewrite_join_affines,    mc_rewrite_merge_padding,   mc_rewrite_fold_quantization,
    mc_rewrite_fuse_activation, mc_rewrite_fuse_residual};

enum {
    REWRITE_COUNT = sizeof rewrites / sizeof rewrites[0],
    /* Fusing is for last: a node that clamps is no scale and shift any more. A residual addition
     * takes the activation after it along. */
    FUSING_REWRITE_COUNT = 2
};

/* The first `count` rewrites once. *current is replaced, also where one of them fails. */
static mcomp_status rewrite_once(mcomp_graph **current, size_t count, mcomp_simplify_info *info)
{
    for (size_t i = 0; i < count; i++) {
        mcomp_graph *next = NULL;
        MC_TRY(rewrites[i](*current, info, &next));
        mcomp_graph_destroy(*current);
        *current = next;
    }
    return MCOMP_OK;
}

static bool same_nodes(const mcomp_graph *a, const mcomp_graph *b)
{
    bool same = a->node_count == b->node_count;
    for (uint32_t n = 0; same && n < a->node_count; n++) {
        const mc_node *one = &a->nodes[n], *other = &b->nodes[n];
        same = one->op == other->op && strcmp(one->name, other->name) == 0 &&
               mc_value_same_shape(&a->values[one->output], &b->values[other->output]);
    }
    return same;
}

/* Until nothing is left to do. What is counted takes a node away, or one that no rewrite makes; a
 * Transpose that only moves, to a better place, is seen by its neighbours. */
static mcomp_status rewrite_until_done(mcomp_graph **current, size_t count,
                                       mcomp_simplify_info *info)
{
    for (bool changed = true; changed;) {
        mcomp_simplify_info before = *info;
        mcomp_graph *old = mc_graph_retain(*current);
        mcomp_status status = rewrite_once(current, count, info);
        changed = memcmp(&before, info, sizeof before) != 0 || !same_nodes(old, *current);
        mcomp_graph_destroy(old);
        MC_TRY(status);
    }
    return MCOMP_OK;
}

mcomp_status mcomp_graph_simplify(mcomp_graph *graph, mcomp_simplify_info *info, mcomp_graph **out)
{
    MC_REQUIRE(out, MCOMP_ERR_INVALID_ARGUMENT, "no place for the graph");
    *out = NULL;
    MC_REQUIRE(graph, MCOMP_ERR_INVALID_ARGUMENT, "no graph");
    mcomp_simplify_info own = {.nodes_before = graph->node_count};
    mcomp_graph *current = mc_graph_retain(graph);
    mcomp_status status = rewrite_until_done(&current, REWRITE_COUNT - FUSING_REWRITE_COUNT, &own);
    if (status == MCOMP_OK)
        status = rewrite_until_done(&current, REWRITE_COUNT, &own);
    own.nodes_after = current->node_count;
    if (status == MCOMP_OK && info)
        status = mc_info_copy(info, &own, sizeof own, "mcomp_simplify_info");
    if (status == MCOMP_OK)
        *out = current;
    else
        mcomp_graph_destroy(current);
    return status;
}
