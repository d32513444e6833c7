/* The weights of a network, and which of them a step touches. */
#include "compression.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/status.h"
#include "glob.h"
#include "pass.h"
#include "tensor/tensor_struct.h"

/* Names that a note lists: how many, how long, and room for them and a number. */
enum { NAMES_SHOWN = 4, NAME_NBYTES = 60, NAMES_CAPACITY = NAMES_SHOWN * (NAME_NBYTES + 2) + 40 };

mcomp_status mc_compression_note(mc_compression *compression, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (compression->note_count == compression->note_capacity) {
        uint32_t capacity = compression->note_capacity ? 2 * compression->note_capacity : 8;
        const char **grown =
            mc_realloc(compression->context, compression->notes, capacity * sizeof *grown);
        if (!grown)
            return mc_fail_memory(capacity * sizeof *grown);
        compression->notes = grown;
        compression->note_capacity = capacity;
    }
    const char *copy = mc_arena_text(&compression->arena, text);
    if (!copy)
        return mc_fail_memory(strlen(text) + 1);
    compression->notes[compression->note_count++] = copy;
    return MCOMP_OK;
}

/* Is the node's weight one to touch? Its outputs come first: others could not be turned. */
static bool has_weight(const mcomp_graph *graph, const mc_node *node)
{
    return mc_node_has_weight(graph, node) && !mc_node_weight_is_inputs_first(node);
}

/* Marks constants that are anything else than the weight of a float node: those stay. */
static void mark_other_uses(const mcomp_graph *graph, bool *other_use)
{
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const mc_node *node = &graph->nodes[n];
        bool reads_weight = has_weight(graph, node);
        for (uint32_t i = 0; i < node->input_count; i++)
            if (node->inputs[i] != MCOMP_NO_VALUE && (i != 1 || !reads_weight))
                other_use[node->inputs[i]] = true;
    }
}

static void add_weight(mc_compression *compression, const mc_node *node)
{
    mcomp_value value = node->inputs[1];
    const mc_value *constant = &compression->graph->values[value];
    mc_weight *weight = &compression->weights[compression->weight_count++];
    *weight = (mc_weight){.context = compression->context,
                          .value = value,
                          .name = constant->name,
                          .node_name = node->name,
                          .tensor = constant->constant,
                          .rank = constant->rank,
                          .element_count = constant->constant->element_count};
    memcpy(weight->shape, constant->shape, sizeof weight->shape);
}

/* A constant that several nodes read becomes one weight. */
static void collect_weights(mc_compression *compression, const bool *other_use)
{
    const mcomp_graph *graph = compression->graph;
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const mc_node *node = &graph->nodes[n];
        compression->node_weights[n] = -1;
        if (!has_weight(graph, node) || other_use[node->inputs[1]])
            continue;
        size_t index = 0;
        while (index < compression->weight_count &&
               compression->weights[index].value != node->inputs[1])
            index++;
        if (index == compression->weight_count)
            add_weight(compression, node);
        compression->node_weights[n] = (int32_t)index;
    }
}

mcomp_status mc_compression_begin(mc_compression *compression, mcomp_graph *graph)
{
    mcomp_context *context = graph->context;
    *compression = (mc_compression){.context = context, .graph = graph};
    mc_arena_init(&compression->arena, context);
    compression->weights = mc_alloc_array(context, graph->node_count, sizeof(mc_weight));
    compression->node_weights = mc_alloc_array(context, graph->node_count, sizeof(int32_t));
    compression->node_noted = mc_alloc_array(context, graph->node_count, sizeof(bool));
    bool *other_use = mc_alloc_array(context, graph->value_count, sizeof *other_use);
    bool complete =
        compression->weights && compression->node_weights && compression->node_noted && other_use;
    if (complete) {
        mark_other_uses(graph, other_use);
        collect_weights(compression, other_use);
    }
    mc_free(context, other_use);
    return complete ? MCOMP_OK : mc_fail_memory(graph->node_count * sizeof(mc_weight));
}

void mc_compression_end(mc_compression *compression)
{
    mcomp_context *context = compression->context;
    for (size_t i = 0; i < compression->weight_count; i++)
        mc_weight_unload(&compression->weights[i]);
    mc_free(context, compression->weights);
    mc_free(context, compression->node_weights);
    mc_free(context, compression->node_noted);
    mc_free(context, compression->notes);
    mc_arena_clear(&compression->arena);
}

/* Writes the names of some nodes that read a weight, in the graph's order: "conv1, conv2 and 5 more".
 * A long name is not shown, rather than cut within a character. */
static void list_names(const mcomp_graph *graph, char text[static NAMES_CAPACITY])
{
    uint32_t count = 0, shown = 0;
    size_t length = 0;
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const char *name = graph->nodes[n].name;
        if (!mc_node_reads_weight(graph, &graph->nodes[n]))
            continue;
        count++;
        if (shown == NAMES_SHOWN || strlen(name) > NAME_NBYTES)
            continue;
        length += (size_t)snprintf(text + length, NAMES_CAPACITY - length, "%s%s",
                                   shown ? ", " : "", name);
        shown++;
    }
    if (shown < count)
        snprintf(text + length, NAMES_CAPACITY - length, "%s%u%s", shown ? " and " : "",
                 count - shown, shown ? " more" : " of longer names");
    else if (!count)
        snprintf(text, NAMES_CAPACITY, "none");
}

/* Notes the patterns of a list that no Conv, Gemm or MatMul matches: most likely they are misspelt. */
static mcomp_status note_unmatched(mc_compression *compression, const char *pass_name,
                                   const char *parameter, const char *list)
{
    const mcomp_graph *graph = compression->graph;
    const char *pattern;
    size_t length;
    while ((pattern = mc_glob_list_next(&list, &length))) {
        uint32_t n = 0;
        while (n < graph->node_count && !(mc_node_reads_weight(graph, &graph->nodes[n]) &&
                                          mc_glob_match(pattern, length, graph->nodes[n].name)))
            n++;
        if (n < graph->node_count)
            continue;
        char names[NAMES_CAPACITY];
        list_names(graph, names);
        MC_TRY(mc_compression_note(
            compression, "%s: %s: no Conv, Gemm or MatMul is called %.*s; there are: %s", pass_name,
            parameter, (int)(length < 200 ? length : 200), pattern, names));
    }
    return MCOMP_OK;
}

/* Says once why a node's weight cannot be touched. */
static mcomp_status note_left(mc_compression *compression, uint32_t n)
{
    const mcomp_graph *graph = compression->graph;
    const mc_node *node = &graph->nodes[n];
    if (compression->node_noted[n])
        return MCOMP_OK;
    compression->node_noted[n] = true;
    const mc_value *weight = mc_node_input(graph, node, 1);
    const char *reason = "is read by something else too";
    if (mc_node_input(graph, node, 0)->dtype != MCOMP_DTYPE_F32)
        reason = "holds the integers that the node computes with";
    else if (!weight->constant)
        reason = "is no constant";
    else if (mc_node_weight_is_inputs_first(node) && weight->constant->encoded)
        reason = "is encoded with its inputs first";
    return mc_compression_note(compression, "node %s: weight %s %s; it stays as it is", node->name,
                               weight->name, reason);
}

mcomp_status mc_compression_select(mc_compression *compression, const mc_step *step,
                                   mc_weight **selected, size_t *count)
{
    enum { WANTED = 1, SKIPPED = 2 };
    const mcomp_graph *graph = compression->graph;
    const char *pass_name = step->pass->name;
    *count = 0;
    MC_TRY(note_unmatched(compression, pass_name, "skip", step->skip));
    MC_TRY(note_unmatched(compression, pass_name, "only", step->only));
    for (size_t i = 0; i < compression->weight_count; i++)
        compression->weights[i].selection = 0;
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const mc_node *node = &graph->nodes[n];
        if (!mc_node_reads_weight(graph, node))
            continue;
        bool wanted = step->only ? mc_glob_list_match(step->only, node->name)
                                 : !mc_node_is_depthwise(graph, node);
        bool skipped = mc_glob_list_match(step->skip, node->name);
        int32_t index = compression->node_weights[n];
        if (index >= 0)
            compression->weights[index].selection |=
                (uint8_t)((wanted ? WANTED : 0) | (skipped ? SKIPPED : 0));
        else if (wanted && !skipped)
            MC_TRY(note_left(compression, n));
    }
    for (size_t i = 0; i < compression->weight_count; i++)
        if (compression->weights[i].selection == WANTED)
            selected[(*count)++] = &compression->weights[i];
    if (*count == 0)
        MC_TRY(mc_compression_note(compression, "%s touches no weight", pass_name));
    return MCOMP_OK;
}
