#include "base/status.h"
#include "rebuild.h"
#include "rewrites.h"

/* The Conv that input `index` of an Add comes from, where it can take the addition in: nothing else
 * reads it, and it neither clamps nor adds yet. */
static const mc_node *find_conv(const mc_rebuild *rebuild, const mc_node *add, uint32_t index)
{
    const mc_node *conv = mc_rebuild_producer(rebuild, add->inputs[index]);
    bool takes = conv && mc_node_is(conv, "Conv") && !conv->params.activation.clamp &&
                 !mc_node_input(rebuild->source, conv, 3) &&
                 mc_rebuild_has_sole_reader(rebuild, conv->output);
    return takes ? conv : NULL;
}

/* The input of the Add whose Conv takes it in, the later one of two; -1 where none can. */
static int choose_input(const mc_rebuild *rebuild, const mc_node *add)
{
    const mc_value *output = &rebuild->source->values[add->output];
    bool is_residual = output->dtype == MCOMP_DTYPE_F32 && output->rank == 4;
    for (uint32_t i = 0; i < 2; i++)
        is_residual =
            is_residual && mc_value_same_shape(mc_node_input(rebuild->source, add, i), output);
    if (!is_residual)
        return -1;
    const mc_node *convs[2] = {find_conv(rebuild, add, 0), find_conv(rebuild, add, 1)};
    if (convs[0] && convs[1])
        return convs[0] > convs[1] ? 0 : 1;
    return convs[0] ? 0 : convs[1] ? 1 : -1;
}

/* The Conv with its residual, where the Add was: there both operands exist. */
static mcomp_status make_conv(mc_rebuild *rebuild, const mc_node *conv, const mc_node *add,
                              mcomp_value other)
{
    mcomp_value inputs[4];
    for (uint32_t i = 0; i < 3; i++)
        MC_TRY(mc_rebuild_get(rebuild, i < conv->input_count ? conv->inputs[i] : MCOMP_NO_VALUE,
                              &inputs[i]));
    MC_TRY(mc_rebuild_get(rebuild, other, &inputs[3]));
    mcomp_attribute changes[2];
    mc_activation_attributes(&add->params.activation, changes);
    const mcomp_attribute *attributes;
    size_t attribute_count;
    MC_TRY(mc_rebuild_attributes(rebuild, conv, changes, add->params.activation.clamp ? 2 : 0,
                                 &attributes, &attribute_count));
    const char *name = rebuild->is_output[add->output] ? add->name : conv->name;
    return mcomp_graph_add_node(rebuild->result, "Conv", name, inputs, 4, attributes,
                                attribute_count, &rebuild->map[add->output]);
}

/* Convs that wait for their Add are marked by `postponed`, by node. */
static void decide(mc_rebuild *rebuild, bool *postponed)
{
    const mcomp_graph *graph = rebuild->source;
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const mc_node *node = &graph->nodes[n];
        int index = rebuild->live[n] && mc_node_is(node, "Add") ? choose_input(rebuild, node) : -1;
        if (index >= 0)
            postponed[graph->values[node->inputs[index]].producer] = true;
    }
}

static mcomp_status make(mc_rebuild *rebuild, const bool *postponed, mcomp_simplify_info *info)
{
    const mcomp_graph *graph = rebuild->source;
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const mc_node *node = &graph->nodes[n];
        if (!rebuild->live[n] || postponed[n])
            continue;
        int index = mc_node_is(node, "Add") ? choose_input(rebuild, node) : -1;
        if (index < 0) {
            MC_TRY(mc_rebuild_copy(rebuild, node));
            continue;
        }
        MC_TRY(make_conv(rebuild, mc_rebuild_producer(rebuild, node->inputs[index]), node,
                         node->inputs[1 - index]));
        info->residuals_fused++;
    }
    return MCOMP_OK;
}

mcomp_status mc_rewrite_fuse_residual(mcomp_graph *graph, mcomp_simplify_info *info,
                                      mcomp_graph **out)
{
    mc_rebuild rebuild;
    mcomp_status status = mc_rebuild_begin(graph, &rebuild);
    if (status == MCOMP_OK) {
        bool *postponed = mc_arena_alloc(&rebuild.arena, graph->node_count);
        if (postponed)
            decide(&rebuild, postponed);
        status = postponed ? make(&rebuild, postponed, info) : mc_fail_memory(graph->node_count);
    }
    if (status == MCOMP_OK)
        status = mc_rebuild_finish(&rebuild, out);
    mc_rebuild_end(&rebuild);
    return status;
}
