#include <string.h>

#include "base/status.h"
#include "graph_struct.h"
#include "tensor/tensor_struct.h"

mcomp_status mcomp_graph_get_info(const mcomp_graph *graph, mcomp_graph_info *info)
{
    MC_REQUIRE(graph && info, MCOMP_ERR_INVALID_ARGUMENT, "no graph or no place for the answer");
    mcomp_graph_info own = {.node_count = graph->node_count,
                            .value_count = graph->value_count,
                            .input_count = graph->input_count,
                            .output_count = graph->output_count,
                            .verified = graph->verified,
                            .parameters = graph->parameters,
                            .float_nbytes = graph->float_nbytes,
                            .name = graph->name};
    for (uint32_t n = 0; n < graph->node_count; n++)
        own.macs += graph->nodes[n].macs;
    for (uint32_t v = 0; v < graph->value_count; v++)
        if (graph->values[v].constant)
            own.stored_nbytes += mc_tensor_stored_nbytes(graph->values[v].constant);
    return mc_info_copy(info, &own, sizeof own, "mcomp_graph_info");
}

mcomp_status mcomp_graph_get_node(const mcomp_graph *graph, uint32_t index, mcomp_node_info *info)
{
    MC_REQUIRE(graph && info, MCOMP_ERR_INVALID_ARGUMENT, "no graph or no place for the answer");
    if (index >= graph->node_count)
        return MCOMP_END;
    const mc_node *node = &graph->nodes[index];
    mcomp_node_info own = {.input_count = node->input_count,
                           .output_count = 1,
                           .attribute_count = node->attribute_count,
                           .inputs = node->inputs,
                           .outputs = &node->output,
                           .macs = node->macs,
                           .name = node->name,
                           .op = node->op->name};
    return mc_info_copy(info, &own, sizeof own, "mcomp_node_info");
}

mcomp_status mcomp_graph_get_attribute(const mcomp_graph *graph, uint32_t node_index,
                                       uint32_t index, mcomp_attribute *out)
{
    MC_REQUIRE(graph && out, MCOMP_ERR_INVALID_ARGUMENT, "no graph or no place for the answer");
    MC_REQUIRE(node_index < graph->node_count, MCOMP_ERR_INVALID_ARGUMENT,
               "no node %u, there are %u", node_index, graph->node_count);
    const mc_node *node = &graph->nodes[node_index];
    if (index >= node->attribute_count)
        return MCOMP_END;
    *out = node->attributes[index];
    return MCOMP_OK;
}

mcomp_status mcomp_graph_get_value(const mcomp_graph *graph, mcomp_value value,
                                   mcomp_value_info *info)
{
    MC_REQUIRE(graph && info, MCOMP_ERR_INVALID_ARGUMENT, "no graph or no place for the answer");
    MC_REQUIRE(value >= 0 && (uint32_t)value < graph->value_count, MCOMP_ERR_NOT_FOUND,
               "no value %d, there are %u", value, graph->value_count);
    const mc_value *found = &graph->values[value];
    mcomp_value_info own = {.rank = found->rank,
                            .dtype = found->dtype,
                            .constant = found->constant != NULL,
                            .scale = found->scale,
                            .zero_point = found->zero_point,
                            .producer = found->producer,
                            .name = found->name};
    memcpy(own.shape, found->shape, sizeof own.shape);
    return mc_info_copy(info, &own, sizeof own, "mcomp_value_info");
}

mcomp_tensor *mcomp_graph_get_constant(const mcomp_graph *graph, mcomp_value value)
{
    if (!graph || value < 0 || (uint32_t)value >= graph->value_count)
        return NULL;
    return graph->values[value].constant;
}

mcomp_value mcomp_graph_get_input(const mcomp_graph *graph, uint32_t index)
{
    return graph && index < graph->input_count ? graph->inputs[index] : MCOMP_NO_VALUE;
}

mcomp_value mcomp_graph_get_output(const mcomp_graph *graph, uint32_t index)
{
    return graph && index < graph->output_count ? graph->outputs[index] : MCOMP_NO_VALUE;
}

mcomp_status mcomp_graph_get_metadata(const mcomp_graph *graph, uint32_t index, const char **key,
                                      const char **text)
{
    MC_REQUIRE(graph && key && text, MCOMP_ERR_INVALID_ARGUMENT,
               "no graph or no place for the answer");
    if (index >= graph->metadata_count)
        return MCOMP_END;
    *key = graph->metadata[index].key;
    *text = graph->metadata[index].text;
    return MCOMP_OK;
}

bool mc_node_is(const mc_node *node, const char *op)
{
    return strcmp(node->op->name, op) == 0;
}

const mcomp_attribute *mc_node_attribute(const mc_node *node, const char *name)
{
    for (uint32_t i = 0; i < node->attribute_count; i++)
        if (strcmp(node->attributes[i].name, name) == 0)
            return &node->attributes[i];
    return NULL;
}

const mc_value *mc_node_input(const mcomp_graph *graph, const mc_node *node, uint32_t index)
{
    if (index >= node->input_count || node->inputs[index] == MCOMP_NO_VALUE)
        return NULL;
    return &graph->values[node->inputs[index]];
}

size_t mc_value_element_count(const mc_value *value)
{
    size_t count = 1;
    for (uint32_t axis = 0; axis < value->rank; axis++)
        if (axis > 0 || value->shape[axis] != MCOMP_BATCH)
            count *= (size_t)value->shape[axis];
    return count;
}

bool mc_value_same_shape(const mc_value *a, const mc_value *b)
{
    return a->rank == b->rank && memcmp(a->shape, b->shape, a->rank * sizeof *a->shape) == 0;
}

bool mc_node_reads_weight(const mcomp_graph *graph, const mc_node *node)
{
    if (mc_node_is(node, "Conv") || mc_node_is(node, "Gemm"))
        return true;
    if (!mc_node_is(node, "MatMul"))
        return false;
    const mc_value *second = mc_node_input(graph, node, 1);
    return second->rank == 2 && second->shape[0] != MCOMP_BATCH;
}

bool mc_node_weight_is_inputs_first(const mc_node *node)
{
    return !mc_node_is(node, "Conv") && !node->params.transpose_b;
}

bool mc_node_has_weight(const mcomp_graph *graph, const mc_node *node)
{
    return mc_node_reads_weight(graph, node) && mc_node_input(graph, node, 1)->constant != NULL &&
           mc_node_input(graph, node, 0)->dtype == MCOMP_DTYPE_F32;
}

bool mc_node_is_depthwise(const mcomp_graph *graph, const mc_node *node)
{
    return mc_node_is(node, "Conv") && node->params.group > 1 &&
           node->params.group == mc_node_input(graph, node, 0)->shape[1];
}
