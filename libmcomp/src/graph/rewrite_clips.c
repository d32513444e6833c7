/* Relus and Clips in a row are one Clip. */
#include "base/status.h"
#include "rebuild.h"
#include "rewrites.h"

static bool clips(const mc_node *node)
{
    return node && (mc_node_is(node, "Relu") || mc_node_is(node, "Clip"));
}

/* Finds what the first of each row will do; activations[v] is that of the node that makes v. */
static void decide(mc_rebuild *rebuild, mc_activation *activations, mcomp_simplify_info *info)
{
    const mcomp_graph *graph = rebuild->source;
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const mc_node *node = &graph->nodes[n];
        if (!rebuild->live[n] || !clips(node))
            continue;
        activations[node->output] = node->params.activation;
        mcomp_value into = mc_rebuild_resolve(rebuild, node->inputs[0]);
        if (mc_rebuild_has_sole_reader(rebuild, node->inputs[0]) &&
            clips(mc_rebuild_producer(rebuild, into)) &&
            mc_rebuild_replace(rebuild, node->output, into)) {
            activations[into] = mc_activation_compose(&activations[into], &node->params.activation);
            info->activations_fused++;
        }
    }
}

static mcomp_status add_bound(mc_rebuild *rebuild, const mc_node *node, const char *suffix,
                              float bound, mcomp_value *out)
{
    mcomp_tensor *tensor = NULL;
    const char *name = mc_rebuild_unique_name(rebuild, node->name, suffix);
    if (!name)
        return mc_fail_memory(1);
    MC_TRY(
        mcomp_tensor_create(rebuild->source->context, MCOMP_DTYPE_F32, 0, NULL, &bound, &tensor));
    return mc_rebuild_add_constant(rebuild, name, tensor, out);
}

static mcomp_status make_clip(mc_rebuild *rebuild, const mc_node *node,
                              const mc_activation *activation)
{
    mcomp_value inputs[3];
    MC_TRY(mc_rebuild_get(rebuild, node->inputs[0], &inputs[0]));
    MC_TRY(add_bound(rebuild, node, "_low", activation->low, &inputs[1]));
    MC_TRY(add_bound(rebuild, node, "_high", activation->high, &inputs[2]));
    return mcomp_graph_add_node(rebuild->result, "Clip", rebuild->names[node->output], inputs, 3,
                                NULL, 0, &rebuild->map[node->output]);
}

static bool same_activation(const mc_activation *a, const mc_activation *b)
{
    return a->low == b->low && a->high == b->high;
}

static mcomp_status rewrite(mc_rebuild *rebuild, mcomp_simplify_info *info)
{
    const mcomp_graph *graph = rebuild->source;
    size_t nbytes = graph->value_count * sizeof(mc_activation);
    mc_activation *activations = mc_arena_alloc(&rebuild->arena, nbytes);
    if (!activations)
        return mc_fail_memory(nbytes);
    decide(rebuild, activations, info);
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const mc_node *node = &graph->nodes[n];
        if (!rebuild->live[n] || rebuild->alias[node->output] != MCOMP_NO_VALUE)
            continue;
        const mc_activation *activation = &activations[node->output];
        MC_TRY(clips(node) && !same_activation(activation, &node->params.activation)
                   ? make_clip(rebuild, node, activation)
                   : mc_rebuild_copy(rebuild, node));
    }
    return MCOMP_OK;
}

mcomp_status mc_rewrite_join_clips(mcomp_graph *graph, mcomp_simplify_info *info, mcomp_graph **out)
{
    return mc_rebuild_run(graph, rewrite, info, out);
}
