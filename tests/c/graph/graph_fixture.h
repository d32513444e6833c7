/* A context without devices, and short ways to build graphs. */
#ifndef GRAPH_FIXTURE_H
#define GRAPH_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/context_struct.h"
#include "graph/graph_struct.h"
#include "tensor/tensor_struct.h"

/* Fails allocation number `fail_at` (from 0) and counts what lives. */
typedef struct counting_allocator {
    long calls;
    long fail_at; /* -1: never */
    long live;
} counting_allocator;

static counting_allocator fixture_memory;
static mcomp_context fixture_context;

static inline void *fixture_allocate(void *user, size_t nbytes)
{
    counting_allocator *memory = user;
    if (memory->calls++ == memory->fail_at)
        return NULL;
    memory->live++;
    return malloc(nbytes);
}

static inline void fixture_deallocate(void *user, void *pointer, size_t nbytes)
{
    (void)nbytes;
    ((counting_allocator *)user)->live--;
    free(pointer);
}

static inline mcomp_context *fixture(void)
{
    fixture_memory = (counting_allocator){.fail_at = -1};
    memset(&fixture_context, 0, sizeof fixture_context);
    atomic_init(&fixture_context.references, 1000000);
    fixture_context.allocator =
        (mcomp_allocator){&fixture_memory, fixture_allocate, fixture_deallocate};
    return &fixture_context;
}

static inline mcomp_graph *new_graph(void)
{
    mcomp_graph *graph = NULL;
    assert_int_equal(mcomp_graph_create(fixture(), "test", &graph), MCOMP_OK);
    return graph;
}

static inline mcomp_value add_input(mcomp_graph *graph, const char *name, int64_t c, int64_t h,
                                    int64_t w)
{
    const int64_t shape[4] = {MCOMP_BATCH, c, h, w};
    mcomp_value value;
    assert_int_equal(mcomp_graph_add_input(graph, name, h ? 4 : 2, shape, &value), MCOMP_OK);
    return value;
}

static inline mcomp_value add_tensor(mcomp_graph *graph, const char *name, mcomp_tensor *tensor)
{
    mcomp_value value;
    assert_int_equal(mcomp_graph_add_constant(graph, name, tensor, &value), MCOMP_OK);
    mcomp_tensor_release(tensor);
    return value;
}

static inline mcomp_value add_constant(mcomp_graph *graph, const char *name, mcomp_dtype dtype,
                                       uint32_t rank, const int64_t *shape, const void *data)
{
    mcomp_tensor *tensor = NULL;
    assert_int_equal(mcomp_tensor_create(graph->context, dtype, rank, shape, data, &tensor),
                     MCOMP_OK);
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

#define SHAPE(...)                                                                                 \
    (const int64_t[])                                                                              \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define INPUTS(...)                                                                                \
    (const mcomp_value[]){__VA_ARGS__},                                                            \
        sizeof((const mcomp_value[]){__VA_ARGS__}) / sizeof(mcomp_value)
#define INTEGERS(attribute_name, ...)                                                              \
    (mcomp_attribute)                                                                              \
    {                                                                                              \
        .name = attribute_name, .type = MCOMP_ATTRIBUTE_INTEGERS,                                  \
        .count = sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t),                         \
        .integers = (const int64_t[])                                                              \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define FLOATS(attribute_name, ...)                                                                \
    (mcomp_attribute)                                                                              \
    {                                                                                              \
        .name = attribute_name, .type = MCOMP_ATTRIBUTE_FLOATS,                                    \
        .count = sizeof((const float[]){__VA_ARGS__}) / sizeof(float), .floats = (const float[])   \
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
    (const mcomp_attribute[]){__VA_ARGS__},                                                        \
        sizeof((const mcomp_attribute[]){__VA_ARGS__}) / sizeof(mcomp_attribute)
#define NO_ATTRIBUTES NULL, 0

static inline mcomp_value add_node(mcomp_graph *graph, const char *op, const char *name,
                                   const mcomp_value *inputs, size_t input_count,
                                   const mcomp_attribute *attributes, size_t attribute_count)
{
    mcomp_value value;
    mcomp_status status = mcomp_graph_add_node(graph, op, name, inputs, input_count, attributes,
                                               attribute_count, &value);
    if (status != MCOMP_OK)
        fail_msg("%s", mcomp_last_error());
    return value;
}

static inline void assert_shape(const mcomp_graph *graph, mcomp_value value, uint32_t rank,
                                const int64_t *shape)
{
    const mc_value *found = &graph->values[value];
    assert_int_equal(found->rank, rank);
    for (uint32_t axis = 0; axis < rank; axis++)
        assert_int_equal(found->shape[axis], shape[axis]);
}

/* A node that is refused: status, the node's name in the message, the graph as it was. */
static inline void refuse(mcomp_graph *graph, mcomp_status expected, const char *op,
                          const mcomp_value *inputs, size_t input_count,
                          const mcomp_attribute *attributes, size_t attribute_count)
{
    uint32_t values = graph->value_count, nodes = graph->node_count;
    mcomp_value value = 99;
    mcomp_status status = mcomp_graph_add_node(graph, op, "refused", inputs, input_count,
                                               attributes, attribute_count, &value);
    if (status != expected)
        fail_msg("%d, expected %d: %s", status, expected, mcomp_last_error());
    assert_non_null(strstr(mcomp_last_error(), "refused"));
    assert_int_equal(value, MCOMP_NO_VALUE);
    assert_int_equal(graph->value_count, values);
    assert_int_equal(graph->node_count, nodes);
}

/* Ends the graph and shows that nothing of it stays. */
static inline void end_graph(mcomp_graph *graph)
{
    mcomp_graph_destroy(graph);
    assert_int_equal(fixture_memory.live, 0);
}

#endif
