#include "base/status.h"
#include "rebuild.h"
#include "rewrites.h"

static bool is_activation(const mc_node *node)
{
    return mc_node_is(node, "Relu") || mc_node_is(node, "Clip");
}

static bool takes_activation(const mc_node *node)
{
    static const char *const takers[] = {"Conv", "Gemm", "Add", "Sub", "Mul", "Div"};
    for (size_t i = 0; node && i < sizeof takers / sizeof takers[0]; i++)
        if (mc_node_is(node, takers[i]))
            return true;
    return false;
}

/* Finds what each node will do to its result; activations[v] is that of the node that makes v. */
static void decide(mc_rebuild *rebuild, mc_activation *activations, mcomp_simplify_info *info)
{
    const mcomp_graph *graph = rebuild->source;
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const mc_node *node = &graph->nodes[n];
        activations[node->output] = node->params.activation;
        if (!rebuild->live[n] || !is_activation(node) ||
            !mc_rebuild_has_sole_reader(rebuild, node->inputs[0]))
            continue;
        mcomp_value into = mc_rebuild_resolve(rebuild, node->inputs[0]);
        if (takes_activation(mc_rebuild_producer(rebuild, into)) &&
            mc_rebuild_replace(rebuild, node->output, into)) {
            activations[into] = mc_activation_compose(&activations[into], &node->params.activation);
            info->activations_fused++;
        }
    }
}

static mcomp_status make(mc_rebuild *rebuild, const mc_activation *activations)
{
    const mcomp_graph *graph = rebuild->source;
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const mc_node *node = &graph->nodes[n];
        if (!rebuild->live[n] || rebuild->alias[node->output] != MCOMP_NO_VALUE)
            continue;
        bool changed = takes_activation(node) && activations[node->output].clamp;
        mcomp_attribute changes[2];
        mc_activation_attributes(&activations[node->output], changes);
        MC_TRY(mc_rebuild_copy_changed(rebuild, node, changes, changed ? 2 : 0));
    }
    return MCOMP_OK;
}

mcomp_status mc_rewrite_fuse_activation(mcomp_graph *graph, mcomp_simplify_info *info,
                                        mcomp_graph **out)
{
    mc_rebuild rebuild;
    mcomp_status status = mc_rebuild_begin(graph, &rebuild);
    if (status == MCOMP_OK) {
        size_t nbytes = graph->value_count * sizeof(mc_activation);
        mc_activation *activations = mc_arena_alloc(&rebuild.arena, nbytes);
        if (activations)
            decide(&rebuild, activations, info);
        status = activations ? make(&rebuild, activations) : mc_fail_memory(nbytes);
    }
    if (status == MCOMP_OK)
        status = mc_rebuild_finish(&rebuild, out);
    mc_rebuild_end(&rebuild);
    return status;
}
