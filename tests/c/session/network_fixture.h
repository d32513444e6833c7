/** @file network_fixture.h
 *  A small network with every kind of kernel: float Conv, depth-wise Conv, residual, pools, a
 *  quantised part, Gemm, Softmax. */
#ifndef NETWORK_FIXTURE_H
#define NETWORK_FIXTURE_H

#include "graph/simplify_fixture.h"

#define NETWORK_BATCH   3
#define NETWORK_INPUTS  (3 * 12 * 12)
#define NETWORK_OUTPUTS 10

/** Builds it into an empty graph and verifies that. */
static inline void build_network(mcomp_graph *graph)
{
    test_random random = {.state = 5};
    mcomp_value x = add_input(graph, "x", 3, 12, 12);
    mcomp_value y = add_conv(graph, "stem", &random, x, 16, 3, 1, true);
    y = add_node(graph, "Relu", "relu", INPUTS(y), NO_ATTRIBUTES);
    mcomp_value z = add_conv(graph, "depth-wise", &random, y, 16, 3, 16, true);
    z = add_conv(graph, "wide", &random, z, 16, 1, 1, false);
    y = add_node(graph, "Add", "sum", INPUTS(y, z), NO_ATTRIBUTES);
    y = add_node(graph, "MaxPool", "pool", INPUTS(y),
                 ATTRIBUTES(INTEGERS("kernel_shape", 2, 2), INTEGERS("strides", 2, 2)));
    y = add_quantize(graph, "q", y, 0.25f, MCOMP_DTYPE_U8, 128);
    uint8_t bytes[24 * 16 * 9];
    const float scale = 0.01f;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)test_random_bits(&random);
    mcomp_tensor *tensor = NULL;
    assert_ok(mcomp_tensor_create_quantized(graph->context, MCOMP_DTYPE_S8, 4, SHAPE(24, 16, 3, 3),
                                            bytes, &scale, NULL, 1, &tensor));
    mcomp_value w = add_tensor(graph, "integer.w", tensor);
    y = add_node(graph, "Conv", "integer", INPUTS(y, w),
                 ATTRIBUTES(QUANTIZED("u8", 0.5f, 128), INTEGERS("pads", 1, 1, 1, 1)));
    y = add_node(graph, "AveragePool", "average", INPUTS(y),
                 ATTRIBUTES(INTEGERS("kernel_shape", 3, 3), INTEGERS("strides", 3, 3),
                            QUANTIZED("u8", 0.3f, 120)));
    y = add_dequantize(graph, "dq", y);
    y = add_node(graph, "Flatten", "flat", INPUTS(y), NO_ATTRIBUTES);
    mcomp_value v = add_random(graph, "gemm.w", &random, 2, SHAPE(NETWORK_OUTPUTS, 96));
    y = add_node(graph, "Gemm", "gemm", INPUTS(y, v), ATTRIBUTES(INTEGERS("transB", 1)));
    mark_and_verify(graph, add_node(graph, "Softmax", "y", INPUTS(y), NO_ATTRIBUTES));
}

/** A context with so many threads. */
static inline mcomp_context *new_context(uint32_t threads)
{
    mcomp_context_options options;
    mcomp_context_options_init(&options);
    options.threads = threads;
    mcomp_context *context = NULL;
    assert_ok(mcomp_context_create(&options, &context));
    return context;
}

static inline mcomp_graph *new_network_in(mcomp_context *context)
{
    mcomp_graph *graph = NULL;
    assert_ok(mcomp_graph_create(context, "network", &graph));
    build_network(graph);
    return graph;
}

/** The same input for everybody. */
static inline void fill_network_input(float *values, int64_t batch)
{
    test_random random = {.state = 99};
    for (size_t i = 0; i < NETWORK_INPUTS * (size_t)batch; i++)
        values[i] = test_random_float(&random, -1, 1);
}

#endif
