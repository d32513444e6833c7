#include "graph_section.h"

#include <math.h>
#include <string.h>

#include "base/status.h"
#include "byte_reader.h"
#include "byte_writer.h"

/* What comes next in the list of values. Values are pinned. */
enum { VALUE_INPUT = 1, VALUE_CONSTANT = 2, VALUE_NODE = 3 };

static uint64_t bits_of_double(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static double double_of_bits(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void write_attribute(const mcomp_attribute *attribute, mc_buffer *out)
{
    mc_write_text(out, attribute->name);
    mc_buffer_append_u8(out, (uint8_t)attribute->type);
    if (attribute->type == MCOMP_ATTRIBUTE_TEXT) {
        mc_write_text(out, attribute->text);
        return;
    }
    mc_write_varint(out, attribute->count);
    for (size_t i = 0; i < attribute->count; i++) {
        if (attribute->type == MCOMP_ATTRIBUTE_INTEGERS)
            mc_write_signed(out, attribute->integers[i]);
        else
            mc_buffer_append_f32(out, attribute->floats[i]);
    }
}

static void write_node(const mc_node *node, mc_buffer *out)
{
    mc_write_text(out, node->op->name);
    mc_write_text(out, node->name);
    mc_write_varint(out, node->input_count);
    for (uint32_t i = 0; i < node->input_count; i++)
        mc_write_signed(out, node->inputs[i]);
    mc_write_varint(out, node->attribute_count);
    for (uint32_t i = 0; i < node->attribute_count; i++)
        write_attribute(&node->attributes[i], out);
}

void mc_graph_section_write(const mcomp_graph *graph, mc_buffer *out)
{
    mc_write_text(out, graph->name);
    mc_write_varint(out, graph->parameters);
    mc_write_varint(out, graph->float_nbytes);
    mc_write_varint(out, graph->value_count);
    for (uint32_t v = 0; v < graph->value_count; v++) {
        const mc_value *value = &graph->values[v];
        if (value->producer >= 0) {
            mc_buffer_append_u8(out, VALUE_NODE);
            write_node(&graph->nodes[value->producer], out);
            continue;
        }
        mc_buffer_append_u8(out, value->constant ? VALUE_CONSTANT : VALUE_INPUT);
        mc_write_text(out, value->name);
        if (value->constant)
            continue;
        mc_write_varint(out, value->rank);
        for (uint32_t axis = 0; axis < value->rank; axis++)
            mc_write_signed(out, value->shape[axis]);
    }
    mc_write_varint(out, graph->output_count);
    for (uint32_t i = 0; i < graph->output_count; i++)
        mc_write_signed(out, graph->outputs[i]);
}

static mcomp_status read_attribute(mc_byte_reader *reader, mc_arena *arena, mcomp_attribute *out)
{
    memset(out, 0, sizeof *out);
    out->name = mc_read_text(reader);
    out->type = (mcomp_attribute_type)mc_read_u8(reader);
    if (out->type == MCOMP_ATTRIBUTE_TEXT) {
        out->text = mc_read_text(reader);
        out->count = out->text ? strlen(out->text) : 0;
        return MCOMP_OK;
    }
    bool integers = out->type == MCOMP_ATTRIBUTE_INTEGERS;
    size_t least_nbytes = integers ? 1 : 4;
    uint64_t count = mc_read_varint(reader);
    if ((!integers && out->type != MCOMP_ATTRIBUTE_FLOATS) ||
        count > mc_byte_reader_left(reader) / least_nbytes) {
        reader->failed = true;
        return MCOMP_OK;
    }
    out->count = (size_t)count;
    size_t nbytes = out->count * (integers ? sizeof(int64_t) : sizeof(float));
    void *elements = mc_arena_alloc(arena, nbytes);
    if (!elements)
        return mc_fail_memory(nbytes);
    for (size_t i = 0; i < out->count; i++) {
        if (integers) {
            ((int64_t *)elements)[i] = mc_read_signed(reader);
        } else {
            uint32_t bits = mc_read_u32(reader);
            memcpy((float *)elements + i, &bits, sizeof bits);
        }
    }
    if (integers)
        out->integers = elements;
    else
        out->floats = elements;
    return MCOMP_OK;
}

static mcomp_status read_node_parts(mc_byte_reader *reader, mcomp_graph *graph, mc_arena *arena)
{
    const char *op = mc_read_text(reader);
    const char *name = mc_read_text(reader);
    uint64_t input_count = mc_read_varint(reader);
    if (reader->failed || input_count > mc_byte_reader_left(reader))
        MC_FAIL(MCOMP_ERR_CORRUPT, "section graph: cut off in a node");
    size_t nbytes = (size_t)input_count * sizeof(mcomp_value);
    mcomp_value *inputs = mc_arena_alloc(arena, nbytes);
    if (!inputs)
        return mc_fail_memory(nbytes);
    for (size_t i = 0; i < input_count; i++) {
        int64_t value = mc_read_signed(reader);
        if (value < MCOMP_NO_VALUE || value > INT32_MAX)
            reader->failed = true;
        inputs[i] = (mcomp_value)value;
    }
    uint64_t attribute_count = mc_read_varint(reader);
    const size_t least_nbytes = 5; /* a name of one byte, a type, a count or length, an element */
    if (reader->failed || attribute_count > mc_byte_reader_left(reader) / least_nbytes)
        MC_FAIL(MCOMP_ERR_CORRUPT, "section graph: cut off in node %s", name ? name : "");
    nbytes = (size_t)attribute_count * sizeof(mcomp_attribute);
    mcomp_attribute *attributes = mc_arena_alloc(arena, nbytes);
    if (!attributes)
        return mc_fail_memory(nbytes);
    for (size_t i = 0; i < attribute_count; i++)
        MC_TRY(read_attribute(reader, arena, &attributes[i]));
    MC_REQUIRE(!reader->failed, MCOMP_ERR_CORRUPT, "section graph: damaged in node %s", name);
    mcomp_value output;
    return mcomp_graph_add_node(graph, op, name, inputs, (size_t)input_count, attributes,
                                (size_t)attribute_count, &output);
}

static mcomp_status read_node(mc_byte_reader *reader, mcomp_graph *graph)
{
    mc_arena arena;
    mc_arena_init(&arena, graph->context);
    mcomp_status status = read_node_parts(reader, graph, &arena);
    mc_arena_clear(&arena);
    return status;
}

static mcomp_status read_input(mc_byte_reader *reader, mcomp_graph *graph)
{
    int64_t shape[MCOMP_MAX_RANK] = {0};
    const char *name = mc_read_text(reader);
    uint64_t rank = mc_read_varint(reader);
    MC_REQUIRE(!reader->failed && rank <= MCOMP_MAX_RANK, MCOMP_ERR_CORRUPT,
               "section graph: damaged in an input");
    for (uint64_t axis = 0; axis < rank; axis++)
        shape[axis] = mc_read_signed(reader);
    MC_REQUIRE(!reader->failed, MCOMP_ERR_CORRUPT, "section graph: cut off in input %s", name);
    mcomp_value value;
    return mcomp_graph_add_input(graph, name, (uint32_t)rank, shape, &value);
}

static mcomp_status read_values(mc_byte_reader *reader, mcomp_tensor *const *tensors,
                                size_t tensor_count, mcomp_graph *graph)
{
    size_t tensor_index = 0;
    uint64_t value_count = mc_read_varint(reader);
    for (uint64_t v = 0; v < value_count; v++) {
        uint8_t kind = mc_read_u8(reader);
        MC_REQUIRE(!reader->failed, MCOMP_ERR_CORRUPT, "section graph: cut off after %llu values",
                   (unsigned long long)v);
        if (kind == VALUE_NODE) {
            MC_TRY(read_node(reader, graph));
        } else if (kind == VALUE_INPUT) {
            MC_TRY(read_input(reader, graph));
        } else if (kind == VALUE_CONSTANT) {
            const char *name = mc_read_text(reader);
            MC_REQUIRE(name && tensor_index < tensor_count, MCOMP_ERR_CORRUPT,
                       "section graph: constant %zu has no tensor", tensor_index);
            mcomp_value value;
            MC_TRY(mcomp_graph_add_constant(graph, name, tensors[tensor_index++], &value));
        } else {
            MC_FAIL(MCOMP_ERR_CORRUPT, "section graph: value %llu is of unknown kind %u",
                    (unsigned long long)v, kind);
        }
    }
    uint64_t output_count = mc_read_varint(reader);
    for (uint64_t i = 0; i < output_count && !reader->failed; i++) {
        int64_t value = mc_read_signed(reader);
        MC_REQUIRE(!reader->failed && value >= 0 && value <= INT32_MAX, MCOMP_ERR_CORRUPT,
                   "section graph: damaged in output %llu", (unsigned long long)i);
        MC_TRY(mcomp_graph_mark_output(graph, (mcomp_value)value));
    }
    MC_REQUIRE(!reader->failed && mc_byte_reader_left(reader) == 0, MCOMP_ERR_CORRUPT,
               "section graph: cut off, or %zu bytes too long", mc_byte_reader_left(reader));
    MC_REQUIRE(tensor_index == tensor_count, MCOMP_ERR_CORRUPT,
               "section graph: %zu of %zu tensors are used", tensor_index, tensor_count);
    return MCOMP_OK;
}

mcomp_status mc_graph_section_read(const uint8_t *data, size_t nbytes, mcomp_tensor *const *tensors,
                                   size_t tensor_count, mcomp_graph **out, mcomp_context *context)
{
    *out = NULL;
    mc_byte_reader reader = mc_byte_reader_make(data, nbytes);
    const char *name = mc_read_text(&reader);
    uint64_t parameters = mc_read_varint(&reader);
    uint64_t float_nbytes = mc_read_varint(&reader);
    MC_REQUIRE(!reader.failed, MCOMP_ERR_CORRUPT, "section graph: cut off at its beginning");
    mcomp_graph *graph = NULL;
    MC_TRY(mcomp_graph_create(context, name, &graph));
    mc_graph_set_source_counts(graph, parameters, float_nbytes);
    mcomp_status status = read_values(&reader, tensors, tensor_count, graph);
    if (status != MCOMP_OK) {
        mcomp_graph_destroy(graph);
        return status;
    }
    *out = graph;
    return MCOMP_OK;
}

void mc_metadata_section_write(const mcomp_graph *graph, mc_buffer *out)
{
    for (uint32_t i = 0; i < graph->metadata_count; i++) {
        mc_write_text(out, graph->metadata[i].key);
        mc_write_text(out, graph->metadata[i].text);
    }
}

mcomp_status mc_metadata_section_read(const uint8_t *data, size_t nbytes, mcomp_graph *graph)
{
    mc_byte_reader reader = mc_byte_reader_make(data, nbytes);
    while (mc_byte_reader_left(&reader) > 0) {
        const char *key = mc_read_text(&reader);
        const char *text = mc_read_text(&reader);
        MC_REQUIRE(!reader.failed, MCOMP_ERR_CORRUPT, "section metadata: damaged after %u entries",
                   graph->metadata_count);
        MC_TRY(mcomp_graph_set_metadata(graph, key, text));
    }
    return MCOMP_OK;
}

void mc_report_section_write(const mcomp_graph *graph, mc_buffer *out)
{
    mc_write_text(out, graph->recipe);
    mc_write_varint(out, graph->note_count);
    for (uint32_t i = 0; i < graph->note_count; i++)
        mc_write_text(out, graph->notes[i]);
    for (uint32_t v = 0; v < graph->value_count; v++)
        if (graph->values[v].constant)
            mc_buffer_append_u64(out, bits_of_double(graph->values[v].sqnr_db));
}

mcomp_status mc_report_section_read(const uint8_t *data, size_t nbytes, mcomp_graph *graph)
{
    mc_byte_reader reader = mc_byte_reader_make(data, nbytes);
    const char *recipe = mc_read_text(&reader);
    uint64_t note_count = mc_read_varint(&reader);
    MC_REQUIRE(!reader.failed, MCOMP_ERR_CORRUPT, "section report: cut off at its beginning");
    if (recipe[0])
        MC_TRY(mc_graph_set_recipe(graph, recipe));
    for (uint64_t i = 0; i < note_count; i++) {
        const char *note = mc_read_text(&reader);
        MC_REQUIRE(note, MCOMP_ERR_CORRUPT, "section report: damaged in note %llu",
                   (unsigned long long)i);
        MC_TRY(mc_graph_add_note(graph, note));
    }
    for (uint32_t v = 0; v < graph->value_count; v++) {
        if (!graph->values[v].constant)
            continue;
        double sqnr_db = double_of_bits(mc_read_u64(&reader));
        MC_REQUIRE(!reader.failed && !isnan(sqnr_db), MCOMP_ERR_CORRUPT,
                   "section report: damaged in the ratio of %s", graph->values[v].name);
        mc_graph_set_sqnr(graph, (mcomp_value)v, sqnr_db);
    }
    MC_REQUIRE(mc_byte_reader_left(&reader) == 0, MCOMP_ERR_CORRUPT,
               "section report: %zu bytes too long", mc_byte_reader_left(&reader));
    return MCOMP_OK;
}
