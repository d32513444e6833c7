/* Reshapes and Flattens in a row become the last of them; one that gives the shape that was there
 * goes; one that leaves rows of one axis is a Flatten. */
#include "base/status.h"
#include "rebuild.h"
#include "rewrites.h"

static bool reshapes(const mc_node *node)
{
    return node && (mc_node_is(node, "Reshape") || mc_node_is(node, "Flatten"));
}

/* The value above all of them. */
static mcomp_value find_start(const mc_rebuild *rebuild, const mcomp_value *starts,
                              const mc_node *node)
{
    const mc_node *above = mc_rebuild_producer(rebuild, node->inputs[0]);
    return reshapes(above) ? starts[above->output] : node->inputs[0];
}

/* Where each of them starts, by value; those that change nothing go. */
static void decide(mc_rebuild *rebuild, mcomp_value *starts, mcomp_simplify_info *info)
{
    const mcomp_graph *graph = rebuild->source;
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const mc_node *node = &graph->nodes[n];
        if (!rebuild->live[n] || !reshapes(node))
            continue;
        mcomp_value start = find_start(rebuild, starts, node);
        starts[node->output] = start;
        if (mc_value_same_shape(&graph->values[start], &graph->values[node->output]) &&
            mc_rebuild_replace(rebuild, node->output, start))
            info->no_ops_removed++;
    }
}

static mcomp_status make_node(mc_rebuild *rebuild, const mc_node *node, mcomp_value start,
                              mcomp_simplify_info *info)
{
    const mc_value *output = &rebuild->source->values[node->output];
    const char *name = rebuild->names[node->output];
    bool is_flat = output->rank == 2;
    if (start == node->inputs[0] && is_flat == mc_node_is(node, "Flatten"))
        return mc_rebuild_copy(rebuild, node);
    mcomp_value input;
    MC_TRY(mc_rebuild_get(rebuild, start, &input));
    info->reshapes_joined++;
    if (is_flat)
        return mcomp_graph_add_node(rebuild->result, "Flatten", name, &input, 1, NULL, 0,
                                    &rebuild->map[node->output]);
    return mc_rebuild_add_reshape(rebuild, name, input, output->rank, output->shape,
                                  &rebuild->map[node->output]);
}

static mcomp_status rewrite(mc_rebuild *rebuild, mcomp_simplify_info *info)
{
    const mcomp_graph *graph = rebuild->source;
    size_t nbytes = graph->value_count * sizeof(mcomp_value);
    mcomp_value *starts = mc_arena_alloc(&rebuild->arena, nbytes);
    if (!starts)
        return mc_fail_memory(nbytes);
    decide(rebuild, starts, info);
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const mc_node *node = &graph->nodes[n];
        if (!rebuild->live[n] || rebuild->alias[node->output] != MCOMP_NO_VALUE)
            continue;
        MC_TRY(reshapes(node) ? make_node(rebuild, node, starts[node->output], info)
                              : mc_rebuild_copy(rebuild, node));
    }
    return MCOMP_OK;
}

mcomp_status mc_rewrite_join_reshapes(mcomp_graph *graph, mcomp_simplify_info *info,
                                      mcomp_graph **out)
{
    return mc_rebuild_run(graph, rewrite, info, out);
}
