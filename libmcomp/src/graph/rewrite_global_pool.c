/* The mean over everything but the channels, as ReduceMean or as a window that is the whole map, is
 * GlobalAveragePool; the largest of a whole map is GlobalMaxPool. */
#include <string.h>

#include "base/status.h"
#include "rebuild.h"
#include "rewrites.h"

/* ReduceMean over all axes after the channels: one to three, which is what pools of other programs take.
 */
static bool is_mean(const mcomp_graph *graph, const mc_node *node)
{
    const mc_value *input = mc_node_input(graph, node, 0);
    bool all = mc_node_is(node, "ReduceMean") && input->rank >= 3 && input->rank <= 5 &&
               !node->params.reduced[1];
    for (uint32_t axis = 2; all && axis < input->rank; axis++)
        all = node->params.reduced[axis];
    return all;
}

/* One window, without padding. */
static bool is_whole_window(const mcomp_graph *graph, const mc_node *node)
{
    if (!mc_node_is(node, "AveragePool") && !mc_node_is(node, "MaxPool"))
        return false;
    const mc_value *input = mc_node_input(graph, node, 0), *output = &graph->values[node->output];
    const mc_window *window = &node->params.window;
    return window->kernel_h == input->shape[2] && window->kernel_w == input->shape[3] &&
           output->shape[2] == 1 && output->shape[3] == 1 &&
           (window->pad_top | window->pad_left | window->pad_bottom | window->pad_right) == 0 &&
           window->dilation_h == 1 && window->dilation_w == 1;
}

/* With the attributes that say how the output is quantised, and no other. */
static mcomp_status add_pool(mc_rebuild *rebuild, const mc_node *node, const char *name,
                             mcomp_value *out)
{
    mcomp_attribute attributes[3];
    size_t count = 0;
    mcomp_value input;
    for (uint32_t i = 0; i < node->attribute_count; i++)
        if (strncmp(node->attributes[i].name, "output_", strlen("output_")) == 0)
            attributes[count++] = node->attributes[i];
    MC_TRY(mc_rebuild_get(rebuild, node->inputs[0], &input));
    return mcomp_graph_add_node(rebuild->result,
                                mc_node_is(node, "MaxPool") ? "GlobalMaxPool" : "GlobalAveragePool",
                                name, &input, 1, attributes, count, out);
}

/* A mean that drops the axes is flattened after it. */
static mcomp_status make_pool(mc_rebuild *rebuild, const mc_node *node)
{
    const mcomp_graph *graph = rebuild->source;
    mcomp_value *out = &rebuild->map[node->output];
    const char *name = rebuild->names[node->output];
    if (graph->values[node->output].rank == mc_node_input(graph, node, 0)->rank)
        return add_pool(rebuild, node, name, out);
    const char *pool_name = mc_rebuild_unique_name(rebuild, node->name, "_pool");
    mcomp_value pooled;
    if (!pool_name)
        return mc_fail_memory(1);
    MC_TRY(add_pool(rebuild, node, pool_name, &pooled));
    return mcomp_graph_add_node(rebuild->result, "Flatten", name, &pooled, 1, NULL, 0, out);
}

static mcomp_status rewrite(mc_rebuild *rebuild, mcomp_simplify_info *info)
{
    const mcomp_graph *graph = rebuild->source;
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const mc_node *node = &graph->nodes[n];
        if (!rebuild->live[n])
            continue;
        bool named = is_mean(graph, node) || is_whole_window(graph, node);
        MC_TRY(named ? make_pool(rebuild, node) : mc_rebuild_copy(rebuild, node));
        info->operators_recognised += named;
    }
    return MCOMP_OK;
}

mcomp_status mc_rewrite_global_pool(mcomp_graph *graph, mcomp_simplify_info *info,
                                    mcomp_graph **out)
{
    return mc_rebuild_run(graph, rewrite, info, out);
}
