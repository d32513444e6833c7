#include "rebuild.h"

#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "name_table.h"

static mcomp_status allocate(mc_rebuild *rebuild)
{
    const mcomp_graph *source = rebuild->source;
    size_t values = source->value_count, nodes = source->node_count;
    mc_arena *arena = &rebuild->arena;
    rebuild->map = mc_arena_alloc(arena, values * sizeof *rebuild->map);
    rebuild->alias = mc_arena_alloc(arena, values * sizeof *rebuild->alias);
    rebuild->names = mc_arena_alloc(arena, values * sizeof *rebuild->names);
    rebuild->reader_counts = mc_arena_alloc(arena, values * sizeof *rebuild->reader_counts);
    rebuild->readers = mc_arena_alloc(arena, values * sizeof *rebuild->readers);
    rebuild->is_output = mc_arena_alloc(arena, values * sizeof *rebuild->is_output);
    rebuild->live = mc_arena_alloc(arena, nodes * sizeof *rebuild->live);
    if (!rebuild->map || !rebuild->alias || !rebuild->names || !rebuild->reader_counts ||
        !rebuild->readers || !rebuild->is_output || !rebuild->live)
        return mc_fail_memory(values * sizeof *rebuild->map);
    for (size_t v = 0; v < values; v++) {
        rebuild->map[v] = rebuild->alias[v] = MCOMP_NO_VALUE;
        rebuild->names[v] = source->values[v].name;
    }
    return MCOMP_OK;
}

static void find_readers(mc_rebuild *rebuild)
{
    const mcomp_graph *source = rebuild->source;
    for (uint32_t i = 0; i < source->output_count; i++)
        rebuild->is_output[source->outputs[i]] = true;
    for (uint32_t n = source->node_count; n-- > 0;) {
        const mc_node *node = &source->nodes[n];
        rebuild->live[n] = rebuild->is_output[node->output] || rebuild->reader_counts[node->output];
        for (uint32_t i = 0; rebuild->live[n] && i < node->input_count; i++) {
            if (node->inputs[i] == MCOMP_NO_VALUE)
                continue;
            rebuild->reader_counts[node->inputs[i]]++;
            rebuild->readers[node->inputs[i]] = (int32_t)n;
        }
    }
}

mcomp_status mc_rebuild_begin(mcomp_graph *source, mc_rebuild *rebuild)
{
    *rebuild = (mc_rebuild){.source = source};
    mc_arena_init(&rebuild->arena, source->context);
    MC_REQUIRE(source->verified, MCOMP_ERR_INVALID_ARGUMENT, "graph %s is not verified",
               source->name);
    MC_TRY(mcomp_graph_create(source->context, source->name, &rebuild->result));
    MC_TRY(allocate(rebuild));
    find_readers(rebuild);
    for (uint32_t i = 0; i < source->input_count; i++) {
        const mc_value *input = &source->values[source->inputs[i]];
        MC_TRY(mcomp_graph_add_input(rebuild->result, input->name, input->rank, input->shape,
                                     &rebuild->map[source->inputs[i]]));
    }
    return MCOMP_OK;
}

mcomp_status mc_rebuild_finish(mc_rebuild *rebuild, mcomp_graph **out)
{
    const mcomp_graph *source = rebuild->source;
    for (uint32_t i = 0; i < source->output_count; i++) {
        mcomp_value output;
        MC_TRY(mc_rebuild_get(rebuild, source->outputs[i], &output));
        MC_TRY(mcomp_graph_mark_output(rebuild->result, output));
    }
    MC_TRY(mc_graph_copy_annotations(source, rebuild->result));
    MC_TRY(mcomp_graph_verify(rebuild->result));
    *out = rebuild->result;
    rebuild->result = NULL;
    return MCOMP_OK;
}

void mc_rebuild_end(mc_rebuild *rebuild)
{
    mcomp_graph_destroy(rebuild->result);
    mc_arena_clear(&rebuild->arena);
}

mcomp_status mc_rebuild_run(mcomp_graph *source, mc_rebuild_fn rewrite, mcomp_simplify_info *info,
                            mcomp_graph **out)
{
    mc_rebuild rebuild;
    mcomp_status status = mc_rebuild_begin(source, &rebuild);
    if (status == MCOMP_OK)
        status = rewrite(&rebuild, info);
    if (status == MCOMP_OK)
        status = mc_rebuild_finish(&rebuild, out);
    mc_rebuild_end(&rebuild);
    return status;
}

mcomp_value mc_rebuild_resolve(const mc_rebuild *rebuild, mcomp_value value)
{
    while (rebuild->alias[value] != MCOMP_NO_VALUE)
        value = rebuild->alias[value];
    return value;
}

const mc_node *mc_rebuild_producer(const mc_rebuild *rebuild, mcomp_value value)
{
    int32_t producer = rebuild->source->values[value].producer;
    return producer < 0 ? NULL : &rebuild->source->nodes[producer];
}

bool mc_rebuild_has_sole_reader(const mc_rebuild *rebuild, mcomp_value value)
{
    return rebuild->reader_counts[value] == 1 && !rebuild->is_output[value];
}

bool mc_rebuild_replace(mc_rebuild *rebuild, mcomp_value value, mcomp_value into)
{
    into = mc_rebuild_resolve(rebuild, into);
    if (rebuild->is_output[value]) {
        if (rebuild->is_output[into] || rebuild->source->values[into].producer < 0)
            return false;
        rebuild->is_output[into] = true;
        rebuild->names[into] = rebuild->names[value];
    }
    rebuild->alias[value] = into;
    return true;
}

mcomp_status mc_rebuild_get(mc_rebuild *rebuild, mcomp_value value, mcomp_value *out)
{
    *out = MCOMP_NO_VALUE;
    if (value == MCOMP_NO_VALUE)
        return MCOMP_OK;
    value = mc_rebuild_resolve(rebuild, value);
    const mc_value *source = &rebuild->source->values[value];
    if (rebuild->map[value] == MCOMP_NO_VALUE) {
        MC_REQUIRE(source->constant, MCOMP_ERR_INTERNAL, "value %s is read before it is made",
                   source->name);
        MC_TRY(mcomp_graph_add_constant(rebuild->result, source->name, source->constant,
                                        &rebuild->map[value]));
        mc_graph_set_sqnr(rebuild->result, rebuild->map[value], source->sqnr_db);
    }
    *out = rebuild->map[value];
    return MCOMP_OK;
}

mcomp_status mc_rebuild_attributes(mc_rebuild *rebuild, const mc_node *node,
                                   const mcomp_attribute *changes, size_t change_count,
                                   const mcomp_attribute **out, size_t *count)
{
    size_t nbytes = (node->attribute_count + change_count) * sizeof(mcomp_attribute);
    mcomp_attribute *attributes = mc_arena_alloc(&rebuild->arena, nbytes);
    if (!attributes)
        return mc_fail_memory(nbytes);
    size_t used = 0;
    for (uint32_t i = 0; i < node->attribute_count; i++) {
        bool changed = false;
        for (size_t c = 0; c < change_count; c++)
            changed = changed || strcmp(changes[c].name, node->attributes[i].name) == 0;
        if (!changed)
            attributes[used++] = node->attributes[i];
    }
    for (size_t c = 0; c < change_count; c++)
        attributes[used++] = changes[c];
    *out = attributes;
    *count = used;
    return MCOMP_OK;
}

mcomp_status mc_rebuild_copy_changed(mc_rebuild *rebuild, const mc_node *node,
                                     const mcomp_attribute *changes, size_t change_count)
{
    const mcomp_attribute *attributes = NULL;
    size_t attribute_count = 0;
    MC_TRY(
        mc_rebuild_attributes(rebuild, node, changes, change_count, &attributes, &attribute_count));
    size_t nbytes = node->input_count * sizeof(mcomp_value);
    mcomp_value *inputs = mc_arena_alloc(&rebuild->arena, nbytes);
    if (!inputs)
        return mc_fail_memory(nbytes);
    for (uint32_t i = 0; i < node->input_count; i++)
        MC_TRY(mc_rebuild_get(rebuild, node->inputs[i], &inputs[i]));
    return mcomp_graph_add_node(rebuild->result, node->op->name, rebuild->names[node->output],
                                inputs, node->input_count, attributes, attribute_count,
                                &rebuild->map[node->output]);
}

mcomp_status mc_rebuild_copy(mc_rebuild *rebuild, const mc_node *node)
{
    return mc_rebuild_copy_changed(rebuild, node, NULL, 0);
}

const char *mc_rebuild_unique_name(mc_rebuild *rebuild, const char *stem, const char *suffix)
{
    size_t capacity = strlen(stem) + strlen(suffix) + 16;
    char *name = mc_arena_alloc(&rebuild->arena, capacity);
    if (!name)
        return NULL;
    snprintf(name, capacity, "%s%s", stem, suffix);
    for (uint32_t number = 2; mc_name_table_find(rebuild->source, name) != MCOMP_NO_VALUE ||
                              mc_name_table_find(rebuild->result, name) != MCOMP_NO_VALUE;
         number++)
        snprintf(name, capacity, "%s%s_%u", stem, suffix, number);
    return name;
}

mcomp_status mc_rebuild_add_constant(mc_rebuild *rebuild, const char *name, mcomp_tensor *tensor,
                                     mcomp_value *out)
{
    mcomp_status status = mcomp_graph_add_constant(rebuild->result, name, tensor, out);
    mcomp_tensor_release(tensor);
    return status;
}

mcomp_status mc_rebuild_add_node(mc_rebuild *rebuild, const mc_node *node, const char *name,
                                 const mcomp_value *inputs, size_t input_count,
                                 const mcomp_attribute *changes, size_t change_count,
                                 mcomp_value *out)
{
    const mcomp_attribute *attributes = NULL;
    size_t attribute_count = 0;
    MC_TRY(
        mc_rebuild_attributes(rebuild, node, changes, change_count, &attributes, &attribute_count));
    return mcomp_graph_add_node(rebuild->result, node->op->name, name, inputs, input_count,
                                attributes, attribute_count, out);
}

mcomp_status mc_rebuild_add_integers(mc_rebuild *rebuild, const char *stem, const char *suffix,
                                     const int64_t *values, size_t count, mcomp_value *out)
{
    mcomp_tensor *tensor = NULL;
    const int64_t shape[1] = {(int64_t)count};
    const char *name = mc_rebuild_unique_name(rebuild, stem, suffix);
    if (!name)
        return mc_fail_memory(strlen(stem) + strlen(suffix) + 1);
    MC_TRY(
        mcomp_tensor_create(rebuild->source->context, MCOMP_DTYPE_S64, 1, shape, values, &tensor));
    return mc_rebuild_add_constant(rebuild, name, tensor, out);
}

mcomp_status mc_rebuild_add_shape(mc_rebuild *rebuild, const char *stem, uint32_t rank,
                                  const int64_t *shape, mcomp_value *out)
{
    int64_t extents[MCOMP_MAX_RANK] = {0}; /* 0: the batch as it is */
    for (uint32_t axis = 1; axis < rank; axis++)
        extents[axis] = shape[axis];
    return mc_rebuild_add_integers(rebuild, stem, "_shape", extents, rank, out);
}

mcomp_status mc_rebuild_add_reshape(mc_rebuild *rebuild, const char *name, mcomp_value input,
                                    uint32_t rank, const int64_t *shape, mcomp_value *out)
{
    mcomp_value inputs[2] = {input, MCOMP_NO_VALUE};
    MC_TRY(mc_rebuild_add_shape(rebuild, name, rank, shape, &inputs[1]));
    return mcomp_graph_add_node(rebuild->result, "Reshape", name, inputs, 2, NULL, 0, out);
}

mcomp_attribute mc_attribute_of_integers(const char *name, const int64_t *values, size_t count)
{
    return (mcomp_attribute){
        .name = name, .type = MCOMP_ATTRIBUTE_INTEGERS, .count = count, .integers = values};
}

mcomp_attribute mc_attribute_of_floats(const char *name, const float *values, size_t count)
{
    return (mcomp_attribute){
        .name = name, .type = MCOMP_ATTRIBUTE_FLOATS, .count = count, .floats = values};
}

mcomp_attribute mc_attribute_of_text(const char *name, const char *text)
{
    return (mcomp_attribute){
        .name = name, .type = MCOMP_ATTRIBUTE_TEXT, .count = strlen(text), .text = text};
}

void mc_activation_attributes(const mc_activation *activation, mcomp_attribute attributes[2])
{
    attributes[0] = (mcomp_attribute){.name = "activation_low",
                                      .type = MCOMP_ATTRIBUTE_FLOATS,
                                      .count = 1,
                                      .floats = &activation->low};
    attributes[1] = (mcomp_attribute){.name = "activation_high",
                                      .type = MCOMP_ATTRIBUTE_FLOATS,
                                      .count = 1,
                                      .floats = &activation->high};
}

static float clamp(float value, const mc_activation *activation)
{
    value = value < activation->low ? activation->low : value;
    return value > activation->high ? activation->high : value;
}

mc_activation mc_activation_compose(const mc_activation *first, const mc_activation *second)
{
    if (!first->clamp || !second->clamp)
        return first->clamp ? *first : *second;
    return (mc_activation){true, clamp(first->low, second), clamp(first->high, second)};
}
