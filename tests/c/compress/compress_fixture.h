/** @file compress_fixture.h
 *  Small networks to compress, and short ways to look at what came out. Every test begins with
 *  begin_test() and ends with end_test(), which shows that nothing lives any more. */
#ifndef COMPRESS_FIXTURE_H
#define COMPRESS_FIXTURE_H

#include <math.h>
#include <stdlib.h>

#include "mcomp/mcomp.h"
#include "support/fail_alloc.h"
#include "support/near.h"
#include "support/test_random.h"

static fail_alloc fixture_memory;

static inline mcomp_context *begin_test(void)
{
    return fail_alloc_context(&fixture_memory);
}

static inline void end_test(mcomp_context *context)
{
    mcomp_context_destroy(context);
    assert_no_leak(&fixture_memory);
}

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])
#define FLOATS(...)     ((const float[]){__VA_ARGS__})

/* A layer to be: a weight [O, I] of a Gemm (h = 0) or [O, I, h, w] of a Conv, called NAME_weight. */
typedef struct layer {
    const char *name;
    int64_t outputs, inputs, height, width;
    const float *values; /**< NULL: zeros */
    int64_t group;       /**< of the Conv; 0 means 1 */
} layer;

static inline size_t layer_elements(const layer *shape)
{
    return (size_t)(shape->outputs * shape->inputs *
                    (shape->height ? shape->height * shape->width : 1));
}

/* Adds a layer on an input of its own, and makes it an output. */
static inline mcomp_status add_layer(mcomp_context *context, mcomp_graph *graph, const layer *added)
{
    char text[80];
    bool conv = added->height > 0;
    int64_t group = added->group ? added->group : 1;
    const int64_t input_shape[4] = {MCOMP_BATCH, added->inputs * group, 8, 8};
    const int64_t shape[4] = {added->outputs, added->inputs, added->height, added->width};
    const int64_t one = 1;
    mcomp_attribute attribute = {.name = conv ? "group" : "transB",
                                 .type = MCOMP_ATTRIBUTE_INTEGERS,
                                 .count = 1,
                                 .integers = conv ? &group : &one};
    mcomp_tensor *tensor = NULL;
    mcomp_value inputs[2], output;
    snprintf(text, sizeof text, "%s_input", added->name);
    mcomp_status status = mcomp_graph_add_input(graph, text, conv ? 4 : 2, input_shape, &inputs[0]);
    if (status == MCOMP_OK)
        status = mcomp_tensor_create(context, MCOMP_DTYPE_F32, conv ? 4 : 2, shape, added->values,
                                     &tensor);
    snprintf(text, sizeof text, "%s_weight", added->name);
    if (status == MCOMP_OK)
        status = mcomp_graph_add_constant(graph, text, tensor, &inputs[1]);
    mcomp_tensor_release(tensor);
    if (status == MCOMP_OK)
        status = mcomp_graph_add_node(graph, conv ? "Conv" : "Gemm", added->name, inputs, 2,
                                      &attribute, 1, &output);
    return status == MCOMP_OK ? mcomp_graph_mark_output(graph, output) : status;
}

/* A verified network of independent layers. */
static inline mcomp_status try_network(mcomp_context *context, const layer *layers, size_t count,
                                       mcomp_graph **out)
{
    *out = NULL;
    mcomp_graph *graph = NULL;
    mcomp_status status = mcomp_graph_create(context, "small", &graph);
    for (size_t i = 0; i < count && status == MCOMP_OK; i++)
        status = add_layer(context, graph, &layers[i]);
    if (status == MCOMP_OK)
        status = mcomp_graph_verify(graph);
    if (status == MCOMP_OK)
        *out = graph;
    else
        mcomp_graph_destroy(graph);
    return status;
}

static inline mcomp_graph *network(mcomp_context *context, const layer *layers, size_t count)
{
    mcomp_graph *graph;
    assert_ok(try_network(context, layers, count, &graph));
    return graph;
}

static inline mcomp_status try_compress(mcomp_context *context, mcomp_graph *graph,
                                        const char *text, const mcomp_compress_options *options,
                                        mcomp_graph **out)
{
    *out = NULL;
    mcomp_recipe *recipe = NULL;
    mcomp_status status = mcomp_recipe_create(context, text, &recipe);
    if (status == MCOMP_OK)
        status = mcomp_compress(graph, recipe, options, out);
    mcomp_recipe_destroy(recipe);
    return status;
}

static inline mcomp_graph *compress(mcomp_context *context, mcomp_graph *graph, const char *text)
{
    mcomp_graph *result;
    assert_ok(try_compress(context, graph, text, NULL, &result));
    return result;
}

/* One layer, compressed. */
static inline mcomp_graph *compress_layer(mcomp_context *context, const layer *only,
                                          const char *text)
{
    mcomp_graph *graph = network(context, only, 1);
    mcomp_graph *result = compress(context, graph, text);
    mcomp_graph_destroy(graph);
    return result;
}

/* The constant of that name. */
static inline mcomp_tensor *weight_of(const mcomp_graph *graph, const char *name)
{
    mcomp_value_info info = {.struct_size = sizeof info};
    for (mcomp_value v = 0; mcomp_graph_get_value(graph, v, &info) == MCOMP_OK; v++)
        if (strcmp(info.name, name) == 0)
            return mcomp_graph_get_constant(graph, v);
    fail_msg("no constant is called %s", name);
    return NULL;
}

static inline mcomp_tensor_report report_of(mcomp_graph *graph, const char *name)
{
    mcomp_tensor_report report = {.struct_size = sizeof report};
    for (uint32_t i = 0; mcomp_graph_get_report(graph, i, &report) == MCOMP_OK; i++)
        if (strcmp(report.name, name) == 0)
            return report;
    fail_msg("no constant is called %s", name);
    return report;
}

/* Decodes to memory that the caller frees. */
static inline float *decoded(const mcomp_graph *graph, const char *name)
{
    mcomp_tensor *tensor = weight_of(graph, name);
    mcomp_tensor_info info = {.struct_size = sizeof info};
    assert_ok(mcomp_tensor_get_info(tensor, &info));
    float *values = malloc((size_t)info.element_count * sizeof *values + 1);
    assert_non_null(values);
    assert_ok(mcomp_tensor_decode(tensor, values, (size_t)info.element_count));
    return values;
}

static inline void assert_weight(const mcomp_graph *graph, const char *name, const float *wanted,
                                 size_t count)
{
    float *values = decoded(graph, name);
    assert_same_bits(values, wanted, count);
    free(values);
}

static inline void assert_encoding(mcomp_graph *graph, const char *name, const char *wanted)
{
    assert_string_equal(report_of(graph, name).encoding, wanted);
}

/* A note contains the words. */
static inline void assert_note(const mcomp_graph *graph, const char *words)
{
    const char *note;
    for (uint32_t i = 0; (note = mcomp_graph_get_note(graph, i)); i++)
        if (strstr(note, words))
            return;
    fail_msg("no note says '%s'", words);
}

static inline void assert_no_notes(const mcomp_graph *graph)
{
    if (mcomp_graph_get_note(graph, 0))
        fail_msg("there is a note: %s", mcomp_graph_get_note(graph, 0));
}

/* Values about 0 with a long tail, as weights have them. */
static inline float *random_weights(test_random *random, size_t count)
{
    float *values = malloc(count * sizeof *values);
    assert_non_null(values);
    for (size_t i = 0; i < count; i++) {
        float sum = 0;
        for (int k = 0; k < 3; k++)
            sum += test_random_float(random, -0.1f, 0.1f);
        values[i] = sum * sum * sum * 50;
    }
    return values;
}

#endif
