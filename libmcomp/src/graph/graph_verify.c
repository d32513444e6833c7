#include <string.h>

#include "base/status.h"
#include "graph_struct.h"

/* Sums over the constants of the source, each counted once. */
typedef struct source_counts {
    const mcomp_graph *graph;
    bool *counted; /* by value */
    uint64_t parameters;
    uint64_t elements;
} source_counts;

/* The constant that a weight comes from, through the nodes that dequantise it. */
static mcomp_value find_root(const mcomp_graph *graph, mcomp_value value)
{
    while (graph->values[value].producer >= 0)
        value = graph->nodes[graph->values[value].producer].inputs[0];
    return value;
}

static void count_input(source_counts *counts, const mc_node *node, uint32_t index,
                        bool is_parameter)
{
    if (!mc_node_input(counts->graph, node, index))
        return;
    mcomp_value root = find_root(counts->graph, node->inputs[index]);
    if (counts->counted[root])
        return;
    counts->counted[root] = true;
    size_t count = mc_value_element_count(&counts->graph->values[root]);
    counts->parameters += is_parameter ? count : 0;
    counts->elements += count;
}

static mcomp_status count_source(mcomp_graph *graph)
{
    source_counts counts = {.graph = graph};
    counts.counted = mc_alloc_array(graph->context, graph->value_count, sizeof *counts.counted);
    if (!counts.counted)
        return mc_fail_memory(graph->value_count * sizeof *counts.counted);
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const mc_node *node = &graph->nodes[n];
        if (mc_node_reads_weight(graph, node)) {
            count_input(&counts, node, 1, true);
            count_input(&counts, node, 2, true);
        } else if (mc_node_is(node, "BatchNormalization")) {
            for (uint32_t i = 1; i < 5; i++)
                count_input(&counts, node, i, i < 3);
        }
    }
    mc_free(graph->context, counts.counted);
    mc_graph_set_source_counts(graph, counts.parameters, 4 * counts.elements);
    return MCOMP_OK;
}

mcomp_status mcomp_graph_verify(mcomp_graph *graph)
{
    MC_REQUIRE(graph, MCOMP_ERR_INVALID_ARGUMENT, "no graph");
    /* Nodes were checked when they were added and cannot change: what is left is the whole. */
    if (graph->verified)
        return MCOMP_OK;
    MC_REQUIRE(graph->output_count > 0, MCOMP_ERR_INVALID_ARGUMENT,
               "graph %s: no value is marked as an output", graph->name);
    if (!graph->source_counts_set)
        MC_TRY(count_source(graph));
    graph->verified = true;
    return MCOMP_OK;
}
