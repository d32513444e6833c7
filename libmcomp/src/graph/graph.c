#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/context_struct.h"
#include "base/status.h"
#include "graph_struct.h"
#include "graph_text.h"
#include "name_table.h"
#include "tensor/tensor_struct.h"

#define MAX_METADATA_ENTRIES 4096u

mcomp_status mcomp_graph_create(mcomp_context *context, const char *name, mcomp_graph **out)
{
    MC_REQUIRE(out, MCOMP_ERR_INVALID_ARGUMENT, "no place for the graph");
    *out = NULL;
    MC_REQUIRE(context, MCOMP_ERR_INVALID_ARGUMENT, "no context");
    MC_TRY(mc_text_check("the network's name", name ? name : ""));
    mcomp_graph *graph = mc_alloc_zero(context, sizeof *graph);
    if (!graph)
        return mc_fail_memory(sizeof *graph);
    atomic_init(&graph->references, 1);
    graph->context = mc_context_retain(context);
    mc_arena_init(&graph->arena, context);
    graph->recipe = "";
    graph->name = mc_arena_text(&graph->arena, name ? name : "");
    if (!graph->name) {
        mcomp_graph_destroy(graph);
        return mc_fail_memory(strlen(name) + 1);
    }
    *out = graph;
    return MCOMP_OK;
}

mcomp_graph *mc_graph_retain(mcomp_graph *graph)
{
    atomic_fetch_add_explicit(&graph->references, 1, memory_order_relaxed);
    return graph;
}

void mcomp_graph_destroy(mcomp_graph *graph)
{
    if (!graph || atomic_fetch_sub_explicit(&graph->references, 1, memory_order_acq_rel) != 1)
        return;
    mcomp_context *context = graph->context;
    for (uint32_t v = 0; v < graph->value_count; v++)
        mcomp_tensor_release(graph->values[v].constant);
    mc_free(context, graph->values);
    mc_free(context, graph->nodes);
    mc_free(context, graph->inputs);
    mc_free(context, graph->outputs);
    mc_free(context, graph->metadata);
    mc_free(context, graph->notes);
    mc_free(context, graph->names);
    mc_arena_clear(&graph->arena);
    mc_free(context, graph);
    mc_context_release(context);
}

/* Room for one more element. */
static mcomp_status reserve(mcomp_context *context, void **elements, uint32_t *capacity,
                            uint32_t count, size_t element_nbytes)
{
    if (count < *capacity)
        return MCOMP_OK;
    MC_REQUIRE(count < INT32_MAX / 2, MCOMP_ERR_LIMIT, "a graph of more than %u items", count);
    uint32_t wanted = *capacity ? *capacity * 2 : 16;
    void *grown = mc_realloc(context, *elements, wanted * element_nbytes);
    if (!grown)
        return mc_fail_memory(wanted * element_nbytes);
    *elements = grown;
    *capacity = wanted;
    return MCOMP_OK;
}

#define RESERVE(graph, what)                                                                       \
    reserve((graph)->context, (void **)&(graph)->what##s, &(graph)->what##_capacity,               \
            (graph)->what##_count, sizeof *(graph)->what##s)

static mcomp_status begin_addition(const mcomp_graph *graph, mcomp_value *out)
{
    MC_REQUIRE(out, MCOMP_ERR_INVALID_ARGUMENT, "no place for the value");
    *out = MCOMP_NO_VALUE;
    MC_REQUIRE(graph, MCOMP_ERR_INVALID_ARGUMENT, "no graph");
    return MCOMP_OK;
}

/* What every addition of a value begins with: the graph may grow, the name is good and free, and
 * nothing after this can fail for want of room. */
static mcomp_status begin_value(mcomp_graph *graph, const char *name, mc_value *value)
{
    MC_REQUIRE(name && name[0], MCOMP_ERR_INVALID_ARGUMENT, "a value's name is empty");
    MC_TRY(mc_text_check("a value's name", name));
    MC_REQUIRE(!graph->verified, MCOMP_ERR_INVALID_ARGUMENT,
               "cannot add %s: the graph is verified already", name);
    MC_REQUIRE(mc_name_table_find(graph, name) == MCOMP_NO_VALUE, MCOMP_ERR_INVALID_ARGUMENT,
               "the name %s is taken already", name);
    MC_TRY(RESERVE(graph, value));
    MC_TRY(mc_name_table_reserve(graph));
    *value = (mc_value){.dtype = MCOMP_DTYPE_F32, .producer = -1, .sqnr_db = INFINITY};
    value->name = mc_arena_text(&graph->arena, name);
    return value->name ? MCOMP_OK : mc_fail_memory(strlen(name) + 1);
}

static mcomp_value append_value(mcomp_graph *graph, const mc_value *value)
{
    mcomp_value index = (mcomp_value)graph->value_count;
    graph->values[graph->value_count++] = *value;
    mc_name_table_enter(graph, index);
    return index;
}

/* Extents fit 32 bits, and an image of them can be counted. */
static mcomp_status check_extents(const char *name, uint32_t rank, const int64_t *shape)
{
    char text[128];
    size_t count;
    for (uint32_t axis = 0; axis < rank; axis++)
        MC_REQUIRE(shape[axis] <= INT32_MAX, MCOMP_ERR_LIMIT, "%s: extent %lld is above 2^31 - 1",
                   name, (long long)shape[axis]);
    MC_REQUIRE(mc_shape_count(rank, shape, &count) == MCOMP_OK, MCOMP_ERR_LIMIT,
               "%s: %s has more than 2^40 elements", name,
               mc_shape_format(rank, shape, text, sizeof text));
    return MCOMP_OK;
}

mcomp_status mcomp_graph_add_input(mcomp_graph *graph, const char *name, uint32_t rank,
                                   const int64_t *shape, mcomp_value *out)
{
    MC_TRY(begin_addition(graph, out));
    MC_REQUIRE(shape, MCOMP_ERR_INVALID_ARGUMENT, "an input without a shape");
    mc_value value;
    MC_TRY(begin_value(graph, name, &value));
    MC_REQUIRE(rank >= 1 && rank <= MCOMP_MAX_RANK, MCOMP_ERR_INVALID_ARGUMENT,
               "input %s: rank %u is not in [1, %d]", name, rank, MCOMP_MAX_RANK);
    MC_REQUIRE(shape[0] == MCOMP_BATCH, MCOMP_ERR_INVALID_ARGUMENT,
               "input %s: the first extent is %lld, must be the batch", name, (long long)shape[0]);
    for (uint32_t axis = 1; axis < rank; axis++)
        MC_REQUIRE(shape[axis] > 0, MCOMP_ERR_INVALID_ARGUMENT,
                   "input %s: extent %lld is not above 0", name, (long long)shape[axis]);
    MC_TRY(check_extents(name, rank - 1, shape + 1));
    MC_TRY(RESERVE(graph, input));
    value.rank = rank;
    memcpy(value.shape, shape, rank * sizeof *shape);
    *out = append_value(graph, &value);
    graph->inputs[graph->input_count++] = *out;
    return MCOMP_OK;
}

#define ENCODING_TEXT_NBYTES 64

/* In the graph's arena; NULL when out of memory. */
static const char *encoding_text(mcomp_graph *graph, const mcomp_tensor *tensor)
{
    char text[ENCODING_TEXT_NBYTES];
    if (tensor->encoded)
        mcomp_encoding_format(&tensor->encoding, text, sizeof text);
    else
        snprintf(text, sizeof text, "%s/dense/raw", mc_dtype_name(tensor->dtype));
    return mc_arena_text(&graph->arena, text);
}

mcomp_status mcomp_graph_add_constant(mcomp_graph *graph, const char *name, mcomp_tensor *tensor,
                                      mcomp_value *out)
{
    MC_TRY(begin_addition(graph, out));
    mc_value value;
    MC_TRY(begin_value(graph, name, &value));
    MC_REQUIRE(tensor, MCOMP_ERR_INVALID_ARGUMENT, "constant %s has no tensor", name);
    MC_REQUIRE(tensor->layout == MCOMP_LAYOUT_NCHW, MCOMP_ERR_UNSUPPORTED,
               "constant %s is not row-major", name);
    MC_TRY(check_extents(name, tensor->rank, tensor->shape));
    value.rank = tensor->rank;
    memcpy(value.shape, tensor->shape, sizeof value.shape);
    value.dtype = tensor->dtype;
    value.encoding_text = encoding_text(graph, tensor);
    if (!value.encoding_text)
        return mc_fail_memory(ENCODING_TEXT_NBYTES);
    value.constant = mcomp_tensor_retain(tensor);
    *out = append_value(graph, &value);
    return MCOMP_OK;
}

mcomp_status mcomp_graph_mark_output(mcomp_graph *graph, mcomp_value value)
{
    MC_REQUIRE(graph, MCOMP_ERR_INVALID_ARGUMENT, "no graph");
    MC_REQUIRE(!graph->verified, MCOMP_ERR_INVALID_ARGUMENT,
               "cannot mark an output: the graph is verified already");
    MC_REQUIRE(value >= 0 && (uint32_t)value < graph->value_count, MCOMP_ERR_INVALID_ARGUMENT,
               "no value %d to mark as an output, there are %u", value, graph->value_count);
    const mc_value *marked = &graph->values[value];
    MC_REQUIRE(marked->producer >= 0 && marked->rank > 0 && marked->shape[0] == MCOMP_BATCH,
               MCOMP_ERR_INVALID_ARGUMENT, "output %s is no activation that a node makes",
               marked->name);
    MC_TRY(RESERVE(graph, output));
    graph->outputs[graph->output_count++] = value;
    return MCOMP_OK;
}

static bool accepts_attribute(const mc_operator *op, const char *name)
{
    for (const char *const *known = op->attributes; *known; known++)
        if (strcmp(*known, name) == 0)
            return true;
    return false;
}

/* A copy whose text ends in NUL. */
static mcomp_status copy_attribute(mcomp_graph *graph, const mc_node *node,
                                   const mcomp_attribute *given, mcomp_attribute *copy)
{
    MC_REQUIRE(given->name && accepts_attribute(node->op, given->name), MCOMP_ERR_UNSUPPORTED,
               "node %s: %s has no attribute %s here", node->name, node->op->name,
               given->name ? given->name : "without a name");
    MC_REQUIRE(!mc_node_attribute(node, given->name), MCOMP_ERR_INVALID_ARGUMENT,
               "node %s: attribute %s is given twice", node->name, given->name);
    bool integers = given->type == MCOMP_ATTRIBUTE_INTEGERS;
    bool floats = given->type == MCOMP_ATTRIBUTE_FLOATS;
    bool text = given->type == MCOMP_ATTRIBUTE_TEXT;
    const void *elements = integers ? (const void *)given->integers
                           : floats ? (const void *)given->floats
                                    : (const void *)given->text;
    MC_REQUIRE((integers || floats || text) && elements && (text || given->count > 0),
               MCOMP_ERR_INVALID_ARGUMENT, "node %s: attribute %s holds nothing", node->name,
               given->name);
    size_t element_nbytes = integers ? sizeof(int64_t) : floats ? sizeof(float) : 1;
    size_t nbytes;
    if (!mc_multiply(given->count, element_nbytes, &nbytes))
        return mc_fail_memory(SIZE_MAX);
    *copy = (mcomp_attribute){.type = given->type, .count = given->count};
    copy->name = mc_arena_text(&graph->arena, given->name);
    char *copied = mc_arena_alloc(&graph->arena, nbytes + 1);
    if (!copy->name || !copied)
        return mc_fail_memory(nbytes);
    memcpy(copied, elements, nbytes);
    if (integers)
        copy->integers = (const int64_t *)(const void *)copied;
    else if (floats)
        copy->floats = (const float *)(const void *)copied;
    else
        copy->text = copied;
    MC_REQUIRE(!text || strlen(copied) == given->count, MCOMP_ERR_INVALID_ARGUMENT,
               "node %s: the text of attribute %s holds a NUL", node->name, given->name);
    return text ? mc_text_check("an attribute's text", copied) : MCOMP_OK;
}

static mcomp_status copy_inputs(mcomp_graph *graph, mc_node *node, const mcomp_value *inputs,
                                size_t input_count)
{
    MC_REQUIRE(input_count >= node->op->min_inputs && input_count <= node->op->max_inputs,
               MCOMP_ERR_INVALID_ARGUMENT, "node %s: %s takes %u to %u inputs, not %zu", node->name,
               node->op->name, node->op->min_inputs, node->op->max_inputs, input_count);
    node->input_count = (uint32_t)input_count;
    node->inputs = mc_arena_copy(&graph->arena, inputs, input_count * sizeof *inputs);
    if (!node->inputs)
        return mc_fail_memory(input_count * sizeof *inputs);
    for (uint32_t i = 0; i < node->input_count; i++) {
        mcomp_value input = inputs[i];
        bool present = input >= 0 && (uint32_t)input < graph->value_count;
        bool left_out = input == MCOMP_NO_VALUE && i >= node->op->min_inputs;
        MC_REQUIRE(present || left_out, MCOMP_ERR_INVALID_ARGUMENT,
                   "node %s: input %u is value %d, which does not exist", node->name, i, input);
    }
    return MCOMP_OK;
}

static mcomp_status add_node(mcomp_graph *graph, const char *op, const char *name,
                             const mcomp_value *inputs, size_t input_count,
                             const mcomp_attribute *attributes, size_t attribute_count,
                             mcomp_value *added)
{
    MC_REQUIRE((inputs || input_count == 0) && (attributes || attribute_count == 0),
               MCOMP_ERR_INVALID_ARGUMENT, "a node whose inputs or attributes are NULL");
    mc_value output;
    MC_TRY(begin_value(graph, name, &output));
    mc_node node = {.name = output.name, .op = op ? mc_operator_find(op) : NULL};
    MC_REQUIRE(node.op, MCOMP_ERR_UNSUPPORTED, "node %s: unknown operator %s", name, op ? op : "");
    MC_TRY(copy_inputs(graph, &node, inputs, input_count));
    size_t nbytes;
    if (!mc_multiply(attribute_count, sizeof *attributes, &nbytes) ||
        !(node.attributes = mc_arena_alloc(&graph->arena, nbytes)))
        return mc_fail_memory(nbytes);
    for (size_t i = 0; i < attribute_count; i++) {
        MC_TRY(copy_attribute(graph, &node, &attributes[i], &node.attributes[i]));
        node.attribute_count++;
    }
    output.producer = (int32_t)graph->node_count;
    MC_TRY(node.op->infer(graph, &node, &output));
    if (output.rank > 0 && output.shape[0] == MCOMP_BATCH)
        MC_TRY(check_extents(name, output.rank - 1, output.shape + 1));
    MC_TRY(RESERVE(graph, node));
    *added = node.output = append_value(graph, &output);
    graph->nodes[graph->node_count++] = node;
    return MCOMP_OK;
}

mcomp_status mcomp_graph_add_node(mcomp_graph *graph, const char *op, const char *name,
                                  const mcomp_value *inputs, size_t input_count,
                                  const mcomp_attribute *attributes, size_t attribute_count,
                                  mcomp_value *out)
{
    /* Written at the end: a chain is built by giving one variable as input and as output. */
    MC_REQUIRE(out, MCOMP_ERR_INVALID_ARGUMENT, "no place for the value");
    mcomp_value added = MCOMP_NO_VALUE;
    mcomp_status status =
        graph ? add_node(graph, op, name, inputs, input_count, attributes, attribute_count, &added)
              : mc_fail(MCOMP_ERR_INVALID_ARGUMENT, "no graph");
    *out = added;
    return status;
}

mcomp_status mcomp_graph_set_metadata(mcomp_graph *graph, const char *key, const char *text)
{
    MC_REQUIRE(graph, MCOMP_ERR_INVALID_ARGUMENT, "no graph");
    MC_REQUIRE(!graph->verified, MCOMP_ERR_INVALID_ARGUMENT,
               "cannot set metadata: the graph is verified already");
    MC_REQUIRE(key && key[0] && text, MCOMP_ERR_INVALID_ARGUMENT, "metadata without a key or text");
    MC_TRY(mc_text_check("a metadata key", key));
    MC_REQUIRE(strlen(text) <= (size_t)16 << 20, MCOMP_ERR_LIMIT,
               "metadata %s: %zu bytes are above 16 MiB", key, strlen(text));
    MC_TRY(mc_text_check("a metadata text", text));
    uint32_t index = 0;
    while (index < graph->metadata_count && strcmp(graph->metadata[index].key, key) != 0)
        index++;
    bool is_new = index == graph->metadata_count;
    /* Entries are found by looking at all of them. */
    MC_REQUIRE(index < MAX_METADATA_ENTRIES, MCOMP_ERR_LIMIT, "metadata %s: %u entries are there",
               key, index);
    if (is_new)
        MC_TRY(reserve(graph->context, (void **)&graph->metadata, &graph->metadata_capacity, index,
                       sizeof *graph->metadata));
    const char *own_key = is_new ? mc_arena_text(&graph->arena, key) : graph->metadata[index].key;
    const char *own_text = mc_arena_text(&graph->arena, text);
    if (!own_key || !own_text)
        return mc_fail_memory(strlen(text) + 1);
    graph->metadata[index] = (mc_metadata){own_key, own_text};
    graph->metadata_count += is_new;
    return MCOMP_OK;
}

mcomp_status mc_graph_set_recipe(mcomp_graph *graph, const char *text)
{
    MC_TRY(mc_text_check("a recipe", text));
    const char *copy = mc_arena_text(&graph->arena, text);
    if (!copy)
        return mc_fail_memory(strlen(text) + 1);
    graph->recipe = copy;
    return MCOMP_OK;
}

mcomp_status mc_graph_add_note(mcomp_graph *graph, const char *text)
{
    MC_TRY(mc_text_check("a note", text));
    MC_TRY(RESERVE(graph, note));
    const char *copy = mc_arena_text(&graph->arena, text);
    if (!copy)
        return mc_fail_memory(strlen(text) + 1);
    graph->notes[graph->note_count++] = copy;
    return MCOMP_OK;
}

void mc_graph_set_sqnr(mcomp_graph *graph, mcomp_value constant, double sqnr_db)
{
    graph->values[constant].sqnr_db = sqnr_db;
}

void mc_graph_set_source_counts(mcomp_graph *graph, uint64_t parameters, uint64_t float_nbytes)
{
    graph->parameters = parameters;
    graph->float_nbytes = float_nbytes;
    graph->source_counts_set = true;
}
