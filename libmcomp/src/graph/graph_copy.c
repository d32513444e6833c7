#include "base/status.h"
#include "graph_struct.h"

/* Value v of the source added to the copy, in the same place. */
static mcomp_status copy_value(const mcomp_graph *source, uint32_t v, mcomp_tensor *replacement,
                               mcomp_graph *copy)
{
    const mc_value *value = &source->values[v];
    mcomp_value added;
    if (value->producer >= 0) {
        const mc_node *node = &source->nodes[value->producer];
        return mcomp_graph_add_node(copy, node->op->name, node->name, node->inputs,
                                    node->input_count, node->attributes, node->attribute_count,
                                    &added);
    }
    if (!value->constant)
        return mcomp_graph_add_input(copy, value->name, value->rank, value->shape, &added);
    MC_TRY(mcomp_graph_add_constant(copy, value->name, replacement ? replacement : value->constant,
                                    &added));
    mc_graph_set_sqnr(copy, added, value->sqnr_db);
    return MCOMP_OK;
}

mcomp_status mc_graph_copy_annotations(const mcomp_graph *source, mcomp_graph *copy)
{
    mc_graph_set_source_counts(copy, source->parameters, source->float_nbytes);
    for (uint32_t i = 0; i < source->metadata_count; i++)
        MC_TRY(mcomp_graph_set_metadata(copy, source->metadata[i].key, source->metadata[i].text));
    for (uint32_t i = 0; i < source->note_count; i++)
        MC_TRY(mc_graph_add_note(copy, source->notes[i]));
    return source->recipe[0] ? mc_graph_set_recipe(copy, source->recipe) : MCOMP_OK;
}

static mcomp_status copy_all(const mcomp_graph *source, mcomp_tensor *const *replacements,
                             mcomp_graph *copy)
{
    for (uint32_t v = 0; v < source->value_count; v++)
        MC_TRY(copy_value(source, v, replacements[v], copy));
    for (uint32_t i = 0; i < source->output_count; i++)
        MC_TRY(mcomp_graph_mark_output(copy, source->outputs[i]));
    MC_TRY(mc_graph_copy_annotations(source, copy));
    return mcomp_graph_verify(copy);
}

mcomp_status mc_graph_copy_with_constants(mcomp_graph *graph, mcomp_tensor *const *replacements,
                                          mcomp_graph **out)
{
    *out = NULL;
    mcomp_graph *copy;
    MC_TRY(mcomp_graph_create(graph->context, graph->name, &copy));
    mcomp_status status = copy_all(graph, replacements, copy);
    if (status != MCOMP_OK) {
        mcomp_graph_destroy(copy);
        return status;
    }
    *out = copy;
    return MCOMP_OK;
}
