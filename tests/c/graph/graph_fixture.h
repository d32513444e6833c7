/** @file graph_fixture.h
 *  Short ways to build graphs in tests. What is wrong fails the test with the library's message.
 *
 *      mcomp_graph *graph = new_graph();
 *      mcomp_value x = add_input(graph, "x", 3, 8, 8);
 *      add_node(graph, "MaxPool", "y", INPUTS(x), ATTRIBUTES(INTEGERS("kernel_shape", 2, 2)));
 *      end_graph(graph);   // also shows that nothing stays allocated */
#ifndef GRAPH_FIXTURE_H
#define GRAPH_FIXTURE_H

#include <stdio.h>

#include "support/cmocka_all.h"
#include "support/fail_alloc.h"

#include "graph/graph_struct.h"
#include "tensor/tensor_struct.h"

static fail_alloc fixture_memory;

/** An empty graph in a context of its own, with one thread and all devices. */
static inline mcomp_graph *new_graph(void)
{
    mcomp_context *context = fail_alloc_context(&fixture_memory);
    mcomp_graph *graph = NULL;
    assert_ok(mcomp_graph_create(context, "test", &graph));
    mcomp_context_destroy(context); /* the graph holds it */
    return graph;
}

/** Ends the graph, and with it its context, and shows that nothing of them stays. */
static inline void end_graph(mcomp_graph *graph)
{
    mcomp_graph_destroy(graph);
    assert_no_leak(&fixture_memory);
}

/** @param h  0: the input has rank 2 */
static inline mcomp_value add_input(mcomp_graph *graph, const char *name, int64_t c, int64_t h,
                                    int64_t w)
{
    const int64_t shape[4] = {MCOMP_BATCH, c, h, w};
    mcomp_value value;
    assert_ok(mcomp_graph_add_input(graph, name, h ? 4 : 2, shape, &value));
    return value;
}

/** Takes the reference over. */
static inline mcomp_value add_tensor(mcomp_graph *graph, const char *name, mcomp_tensor *tensor)
{
    mcomp_value value;
    assert_ok(mcomp_graph_add_constant(graph, name, tensor, &value));
    mcomp_tensor_release(tensor);
    return value;
}

/** @param data  NULL: zeros */
static inline mcomp_value add_constant(mcomp_graph *graph, const char *name, mcomp_dtype dtype,
                                       uint32_t rank, const int64_t *shape, const void *data)
{
    mcomp_tensor *tensor = NULL;
    assert_ok(mcomp_tensor_create(graph->context, dtype, rank, shape, data, &tensor));
    return add_tensor(graph, name, tensor);
}

static inline mcomp_value add_scalar(mcomp_graph *graph, const char *name, float value)
{
    return add_constant(graph, name, MCOMP_DTYPE_F32, 0, NULL, &value);
}

static inline mcomp_value add_integers(mcomp_graph *graph, const char *name, int64_t count,
                                       const int64_t *values)
{
    return add_constant(graph, name, MCOMP_DTYPE_S64, 1, &count, values);
}

#define COUNT_OF(type, ...) (sizeof((const type[]){__VA_ARGS__}) / sizeof(type))

#define SHAPE(...)                                                                                 \
    (const int64_t[])                                                                              \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define VALUES(...)                                                                                \
    (const float[])                                                                                \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define INPUTS(...) (const mcomp_value[]){__VA_ARGS__}, COUNT_OF(mcomp_value, __VA_ARGS__)
#define INTEGERS(attribute_name, ...)                                                              \
    (mcomp_attribute)                                                                              \
    {                                                                                              \
        .name = attribute_name, .type = MCOMP_ATTRIBUTE_INTEGERS,                                  \
        .count = COUNT_OF(int64_t, __VA_ARGS__), .integers = (const int64_t[])                     \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define FLOATS(attribute_name, ...)                                                                \
    (mcomp_attribute)                                                                              \
    {                                                                                              \
        .name = attribute_name, .type = MCOMP_ATTRIBUTE_FLOATS,                                    \
        .count = COUNT_OF(float, __VA_ARGS__), .floats = (const float[])                           \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define TEXT(attribute_name, words)                                                                \
    (mcomp_attribute)                                                                              \
    {                                                                                              \
        .name = attribute_name, .type = MCOMP_ATTRIBUTE_TEXT, .count = strlen(words),              \
        .text = words                                                                              \
    }
#define ATTRIBUTES(...)                                                                            \
    (const mcomp_attribute[]){__VA_ARGS__}, COUNT_OF(mcomp_attribute, __VA_ARGS__)
#define NO_ATTRIBUTES NULL, 0

/** The attributes of a quantised output. */
#define QUANTIZED(dtype, scale, zero_point)                                                        \
    TEXT("output_dtype", dtype), FLOATS("output_scale", scale),                                    \
        INTEGERS("output_zero_point", zero_point)

static inline mcomp_value add_node(mcomp_graph *graph, const char *op, const char *name,
                                   const mcomp_value *inputs, size_t input_count,
                                   const mcomp_attribute *attributes, size_t attribute_count)
{
    mcomp_value value;
    assert_ok(mcomp_graph_add_node(graph, op, name, inputs, input_count, attributes,
                                   attribute_count, &value));
    return value;
}

/** QuantizeLinear of x. @param dtype  MCOMP_DTYPE_U8 or MCOMP_DTYPE_S8 */
static inline mcomp_value add_quantize(mcomp_graph *graph, const char *name, mcomp_value x,
                                       float scale, mcomp_dtype dtype, int32_t zero_point)
{
    char scale_name[128], zero_name[128];
    snprintf(scale_name, sizeof scale_name, "%s.scale", name);
    snprintf(zero_name, sizeof zero_name, "%s.zero_point", name);
    const uint8_t zero = (uint8_t)zero_point;
    mcomp_value s = add_scalar(graph, scale_name, scale);
    mcomp_value z = add_constant(graph, zero_name, dtype, 0, NULL, &zero);
    return add_node(graph, "QuantizeLinear", name, INPUTS(x, s, z), NO_ATTRIBUTES);
}

/** DequantizeLinear of a quantised activation. */
static inline mcomp_value add_dequantize(mcomp_graph *graph, const char *name, mcomp_value q)
{
    return add_node(graph, "DequantizeLinear", name, INPUTS(q), NO_ATTRIBUTES);
}

static inline void mark_and_verify(mcomp_graph *graph, mcomp_value output)
{
    assert_ok(mcomp_graph_mark_output(graph, output));
    assert_ok(mcomp_graph_verify(graph));
}

static inline void assert_shape(const mcomp_graph *graph, mcomp_value value, uint32_t rank,
                                const int64_t *shape)
{
    const mc_value *found = &graph->values[value];
    assert_int_equal(found->rank, rank);
    for (uint32_t axis = 0; axis < rank; axis++)
        assert_int_equal(found->shape[axis], shape[axis]);
}

/** A node that is refused: status, the node's name in the message, the graph as it was. */
static inline void refuse(mcomp_graph *graph, mcomp_status expected, const char *op,
                          const mcomp_value *inputs, size_t input_count,
                          const mcomp_attribute *attributes, size_t attribute_count)
{
    uint32_t values = graph->value_count, nodes = graph->node_count;
    mcomp_value value = 99;
    assert_status(mcomp_graph_add_node(graph, op, "refused", inputs, input_count, attributes,
                                       attribute_count, &value),
                  expected);
    assert_message("refused");
    assert_int_equal(value, MCOMP_NO_VALUE);
    assert_int_equal(graph->value_count, values);
    assert_int_equal(graph->node_count, nodes);
}

#endif
