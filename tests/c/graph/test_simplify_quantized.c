/* Q/DQ pairs folded into integer nodes. Each network is built twice: as exporters write it, and in
 * float with the same numbers (weights dequantised, values rounded where Q and DQ stand), which the
 * reference device can run as it is. The integer network may differ by one step where a value lies
 * between two integers. */
#include "simplify_fixture.h"

/* One network under construction: with Q/DQ for everything, or its float emulation. */
typedef struct qdq_builder {
    mcomp_graph *graph;
    test_random random;
    bool emulates;
    mcomp_dtype dtype; /* of activations and weights */
    bool per_channel;
    bool zero_points; /* of weights */
} qdq_builder;

/* By the first letter. Those of averages are such that no average lies between two integers. */
static float activation_scale(const char *name)
{
    return name[0] == 'x' ? 0.016f : name[0] == 'a' ? 0.05f : name[0] == 'p' ? 0.0437f : 0.04f;
}

static int32_t activation_zero(const qdq_builder *builder)
{
    return builder->dtype == MCOMP_DTYPE_U8 ? 121 : -7;
}

/* Quantise and dequantise an activation, as exporters do after every node. */
static mcomp_value add_pair(qdq_builder *builder, const char *name, mcomp_value value)
{
    char q[64], scale[64], zero[64], dq[64];
    snprintf(q, sizeof q, "%s.q", name);
    snprintf(dq, sizeof dq, "%s.dq", name);
    snprintf(scale, sizeof scale, "%s.q.scale", name);
    snprintf(zero, sizeof zero, "%s.q.zero_point", name);
    mcomp_value quantized = add_quantize(builder->graph, q, value, activation_scale(name),
                                         builder->dtype, activation_zero(builder));
    const mcomp_graph *graph = builder->graph;
    mcomp_value inputs[3] = {quantized, graph->nodes[graph->node_count - 1].inputs[1],
                             graph->nodes[graph->node_count - 1].inputs[2]};
    return add_node(builder->graph, "DequantizeLinear", dq, inputs, 3, NO_ATTRIBUTES);
}

static mcomp_value add_dequantized(qdq_builder *builder, const char *name, mcomp_dtype dtype,
                                   uint32_t rank, const int64_t *shape, const void *integers,
                                   const float *scales, const void *zeros, size_t scale_count)
{
    char part[64], dq[64];
    const int64_t count = (int64_t)scale_count;
    uint32_t scale_rank = scale_count > 1 ? 1 : 0;
    snprintf(part, sizeof part, "%s.integers", name);
    mcomp_value q = add_constant(builder->graph, part, dtype, rank, shape, integers);
    snprintf(part, sizeof part, "%s.scales", name);
    mcomp_value s = add_constant(builder->graph, part, MCOMP_DTYPE_F32, scale_rank, &count, scales);
    snprintf(part, sizeof part, "%s.zeros", name);
    mcomp_value z = zeros ? add_constant(builder->graph, part, dtype, scale_rank, &count, zeros)
                          : MCOMP_NO_VALUE;
    snprintf(dq, sizeof dq, "%s.dq", name);
    return add_node(builder->graph, "DequantizeLinear", dq, INPUTS(q, s, z),
                    ATTRIBUTES(INTEGERS("axis", 0)));
}

#define MAX_CHANNELS 8

/* Conv or Gemm with an 8-bit weight and, where asked for, an int32 bias; weight [O, ...]. */
static mcomp_value add_weighted(qdq_builder *builder, const char *op, const char *name,
                                mcomp_value x, float x_scale, uint32_t rank, const int64_t *shape,
                                bool has_bias)
{
    uint8_t integers[1024], zeros[MAX_CHANNELS];
    float floats[1024], scales[MAX_CHANNELS], bias_scales[MAX_CHANNELS], bias[MAX_CHANNELS];
    int32_t bias_integers[MAX_CHANNELS];
    char weight_name[64], bias_name[64];
    size_t outputs = (size_t)shape[0], count = 1;
    size_t scale_count = builder->per_channel ? outputs : 1;
    bool is_signed = builder->dtype == MCOMP_DTYPE_S8;
    for (uint32_t axis = 0; axis < rank; axis++)
        count *= (size_t)shape[axis];
    assert_true(count <= 1024 && outputs <= MAX_CHANNELS);
    for (size_t o = 0; o < outputs; o++) {
        size_t channel = builder->per_channel ? o : 0;
        if (channel == o) {
            scales[o] = test_random_float(&builder->random, 0.002f, 0.004f);
            zeros[o] = builder->zero_points ? (uint8_t)(is_signed ? 5 : 120) : 0;
        }
        bias_scales[o] = x_scale * scales[channel];
        bias_integers[o] = (int32_t)test_random_below(&builder->random, 8001) - 4000;
        bias[o] = (float)bias_integers[o] * bias_scales[o];
        for (size_t k = o * count / outputs; k < (o + 1) * count / outputs; k++) {
            integers[k] = (uint8_t)test_random_bits(&builder->random);
            int32_t q = is_signed ? (int8_t)integers[k] : integers[k];
            int32_t zero = is_signed ? (int8_t)zeros[channel] : zeros[channel];
            floats[k] = (float)(q - zero) * scales[channel];
        }
    }
    const int64_t bias_shape = shape[0];
    snprintf(weight_name, sizeof weight_name, "%s.w", name);
    snprintf(bias_name, sizeof bias_name, "%s.b", name);
    mcomp_value w, b = MCOMP_NO_VALUE;
    if (builder->emulates) {
        w = add_constant(builder->graph, weight_name, MCOMP_DTYPE_F32, rank, shape, floats);
        if (has_bias)
            b = add_constant(builder->graph, bias_name, MCOMP_DTYPE_F32, 1, &bias_shape, bias);
    } else {
        w = add_dequantized(builder, weight_name, builder->dtype, rank, shape, integers, scales,
                            builder->zero_points ? zeros : NULL, scale_count);
        if (has_bias)
            b = add_dequantized(builder, bias_name, MCOMP_DTYPE_S32, 1, &bias_shape, bias_integers,
                                bias_scales, NULL, builder->per_channel ? outputs : 1);
    }
    const int64_t one = 1;
    const mcomp_attribute transposed = {
        .name = "transB", .type = MCOMP_ATTRIBUTE_INTEGERS, .count = 1, .integers = &one};
    return add_node(builder->graph, op, name, INPUTS(x, w, b), &transposed, rank == 2);
}

static mcomp_value add_small_conv(qdq_builder *builder, const char *name, mcomp_value x,
                                  float x_scale, int64_t outputs, bool has_bias)
{
    int64_t channels = builder->graph->values[x].shape[1];
    return add_weighted(builder, "Conv", name, x, x_scale, 4, SHAPE(outputs, channels, 3, 3),
                        has_bias);
}

typedef mcomp_value (*network_fn)(qdq_builder *builder);

/* Outputs, in float32 on the grid of their scale, are at most one step apart, nearly all equal. */
static void assert_close(const float *found, const float *wanted, size_t count, float step)
{
    size_t apart = 0, nonzero = 0;
    for (size_t i = 0; i < count; i++) {
        float difference = fabsf(found[i] - wanted[i]);
        if (!(difference <= 1.001f * step))
            fail_msg("output %zu is %g, in float %g", i, (double)found[i], (double)wanted[i]);
        apart += difference > 0.5f * step;
        nonzero += wanted[i] != 0;
    }
    assert_true(apart <= 1 + count / 20);
    assert_true(nonzero * 4 >= count);
}

static mcomp_graph *build(qdq_builder *builder, network_fn network, uint64_t seed, bool emulates)
{
    builder->graph = NULL;
    builder->emulates = emulates;
    builder->random = (test_random){.state = seed};
    builder->graph = new_graph();
    mark_and_verify(builder->graph, network(builder));
    return builder->graph;
}

/* Folds the network of every dtype and granularity. */
static void check_network(network_fn network, const char *ops, uint32_t quantized_nodes)
{
    const uint64_t seed = test_random_begin("quantised network").state;
    for (int variant = 0; variant < 8; variant++) {
        qdq_builder builder = {.dtype = variant & 1 ? MCOMP_DTYPE_S8 : MCOMP_DTYPE_U8,
                               .per_channel = variant & 2,
                               .zero_points = variant & 4};
        size_t count, wanted_count;
        mcomp_graph *emulation = build(&builder, network, seed, true);
        float *wanted = run_all(emulation, "ref", 11, &wanted_count);
        end_graph(emulation);
        mcomp_graph *graph = build(&builder, network, seed, false);
        mcomp_simplify_info info;
        mcomp_graph *after = simplify(graph, &info);
        assert_ops(after, ops);
        assert_int_equal(info.quantized_nodes, quantized_nodes);
        float *found = run_all(after, "ref", 11, &count);
        assert_int_equal(count, wanted_count);
        assert_close(found, wanted, count, 0.05f);
        float *on_cpu = run_all(after, "cpu", 11, &count);
        if (!after->nodes[after->node_count - 1].macs)
            assert_same_bits(on_cpu, found, count);
        free(on_cpu);
        free(found);
        free(wanted);
        mcomp_graph_destroy(after);
        end_graph(graph);
    }
}

static mcomp_value conv_and_pool(qdq_builder *builder)
{
    mcomp_graph *graph = builder->graph;
    mcomp_value x = add_pair(builder, "x", add_input(graph, "input", 2, 9, 9));
    mcomp_value y = add_small_conv(builder, "conv1", x, 0.016f, 4, true);
    y = add_node(graph, "Relu", "relu1", INPUTS(y), NO_ATTRIBUTES);
    y = add_pair(builder, "a1", y);
    y = add_node(graph, "MaxPool", "pool", INPUTS(y),
                 ATTRIBUTES(INTEGERS("kernel_shape", 2, 2), INTEGERS("strides", 2, 2)));
    y = add_pair(builder, "a2", y); /* the same scale: goes away */
    y = add_weighted(builder, "Conv", "conv2", y, 0.05f, 4, SHAPE(5, 4, 1, 1), false);
    y = add_pair(builder, "a3", y);
    y = add_node(graph, "Flatten", "flat", INPUTS(y), NO_ATTRIBUTES);
    y = add_pair(builder, "a4", y);
    y = add_weighted(builder, "Gemm", "gemm", y, 0.05f, 2, SHAPE(6, 45), true);
    return add_pair(builder, "ay", y);
}

static void test_conv_and_pool(void **state)
{
    (void)state;
    check_network(conv_and_pool, "QuantizeLinear,Conv,MaxPool,Conv,Flatten,Gemm,DequantizeLinear",
                  5);
}

static mcomp_value residual_and_average(qdq_builder *builder)
{
    mcomp_graph *graph = builder->graph;
    mcomp_value x = add_pair(builder, "x", add_input(graph, "input", 3, 8, 8));
    mcomp_value left = add_pair(builder, "left", add_small_conv(builder, "c1", x, 0.016f, 4, true));
    mcomp_value right = add_pair(builder, "a1", add_small_conv(builder, "c2", x, 0.016f, 4, false));
    mcomp_value sum = add_node(graph, "Add", "sum", INPUTS(left, right), NO_ATTRIBUTES);
    sum = add_node(graph, "Relu", "relu", INPUTS(sum), NO_ATTRIBUTES);
    sum = add_pair(builder, "a2", sum);
    mcomp_value twice = add_node(graph, "Add", "twice", INPUTS(sum, sum), NO_ATTRIBUTES);
    twice = add_pair(builder, "a3", twice);
    mcomp_value both =
        add_node(graph, "Concat", "both", INPUTS(twice, left), ATTRIBUTES(INTEGERS("axis", 1)));
    both = add_pair(builder, "a4", both);
    both = add_node(graph, "AveragePool", "average", INPUTS(both),
                    ATTRIBUTES(INTEGERS("kernel_shape", 2, 2)));
    both = add_pair(builder, "p5", both);
    both = add_node(graph, "GlobalAveragePool", "global", INPUTS(both), NO_ATTRIBUTES);
    return add_pair(builder, "py", both);
}

static void test_residual_and_average(void **state)
{
    (void)state;
    check_network(residual_and_average,
                  "QuantizeLinear,Conv,Conv,Add,Add,Concat,AveragePool,GlobalAveragePool,"
                  "DequantizeLinear",
                  7);
}

/* A Softmax has no integer form: the float part reads what the integer part gives. */
static mcomp_value float_in_the_middle(qdq_builder *builder)
{
    mcomp_graph *graph = builder->graph;
    mcomp_value x = add_pair(builder, "x", add_input(graph, "input", 2, 6, 6));
    mcomp_value y = add_pair(builder, "a1", add_small_conv(builder, "c1", x, 0.016f, 4, true));
    mcomp_value z = add_node(graph, "Softmax", "softmax", INPUTS(y), NO_ATTRIBUTES);
    z = add_pair(builder, "xz", z);
    z = add_small_conv(builder, "c2", z, 0.016f, 3, true);
    z = add_pair(builder, "az", z);
    mcomp_value flat = add_node(graph, "Flatten", "flat", INPUTS(y), NO_ATTRIBUTES);
    mcomp_value w = add_weighted(builder, "Gemm", "gemm", flat, 0.05f, 2, SHAPE(5, 64), true);
    /* No Q after it: the Gemm computes in float, with a float bias. */
    assert_ok(mcomp_graph_mark_output(graph, w));
    return z;
}

static void test_float_in_the_middle(void **state)
{
    (void)state;
    check_network(float_in_the_middle,
                  "QuantizeLinear,Conv,DequantizeLinear,Softmax,QuantizeLinear,Conv,"
                  "DequantizeLinear,Flatten,Gemm",
                  2);
}

/* Where integers would need what the graph does not say, nodes stay in float. */
static void test_nodes_that_stay(void **state)
{
    (void)state;
    static const float scales[] = {1.01f, NAN, 0};
    for (int variant = 0; variant < 3; variant++) {
        qdq_builder builder = {.graph = new_graph(), .dtype = MCOMP_DTYPE_U8};
        mcomp_graph *graph = builder.graph;
        const uint8_t bytes[2] = {3, 200};
        const int32_t bias = 77;
        const float weight_scale = 0.01f, bias_scale = 0.016f * 0.01f * scales[variant];
        mcomp_value x = add_pair(&builder, "x", add_input(graph, "input", 2, 3, 3));
        mcomp_value w = add_dequantized(&builder, "w", MCOMP_DTYPE_U8, 4, SHAPE(1, 2, 1, 1), bytes,
                                        &weight_scale, NULL, 1);
        mcomp_value b = add_dequantized(&builder, "b", MCOMP_DTYPE_S32, 1, SHAPE(1), &bias,
                                        &bias_scale, NULL, 1);
        mcomp_value y = add_node(graph, "Conv", "y", INPUTS(x, w, b), NO_ATTRIBUTES);
        mark_and_verify(graph, add_pair(&builder, "ay", y));
        mcomp_graph *after = NULL;
        mcomp_simplify_info info = {.struct_size = sizeof info};
        if (variant > 0) {
            /* No scale at all: refused, with the node's name. */
            assert_status(mcomp_graph_simplify(graph, &info, &after), MCOMP_ERR_INVALID_ARGUMENT);
            assert_message("b.dq");
        } else {
            after = simplify(graph, &info);
            assert_int_equal(info.quantized_nodes, 0);
            assert_ops(after, "QuantizeLinear,DequantizeLinear,Conv,QuantizeLinear,"
                              "DequantizeLinear");
        }
        mcomp_graph_destroy(after);
        end_graph(graph);
    }
}

/* Shared values and outputs: what the caller reads is there, in float, under its name. */
static void test_outputs_between(void **state)
{
    (void)state;
    qdq_builder builder = {.graph = new_graph(), .dtype = MCOMP_DTYPE_S8};
    mcomp_graph *graph = builder.graph;
    mcomp_value x = add_pair(&builder, "x", add_input(graph, "input", 2, 6, 6));
    mcomp_value sum = add_small_conv(&builder, "seen", x, 0.016f, 3, true);
    mcomp_value y = add_pair(&builder, "a1", sum);
    mcomp_value pool =
        add_node(graph, "MaxPool", "pool", INPUTS(y), ATTRIBUTES(INTEGERS("kernel_shape", 2, 2)));
    mcomp_value again = add_quantize(graph, "again", pool, 0.05f, MCOMP_DTYPE_S8, -7);
    assert_ok(mcomp_graph_mark_output(graph, sum));
    assert_ok(mcomp_graph_mark_output(graph, y));
    assert_ok(mcomp_graph_mark_output(graph, pool));
    mark_and_verify(graph, again);
    mcomp_simplify_info info;
    mcomp_graph *after = simplify(graph, &info);
    /* The Conv's own result is an output, so that its integers are rounded from it. */
    assert_int_equal(info.quantized_nodes, 0);
    for (uint32_t i = 0; i < 4; i++)
        assert_string_equal(after->values[after->outputs[i]].name,
                            graph->values[graph->outputs[i]].name);
    assert_int_equal(after->values[after->outputs[3]].dtype, MCOMP_DTYPE_S8);
    mcomp_graph_destroy(after);
    end_graph(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conv_and_pool),       cmocka_unit_test(test_residual_and_average),
        cmocka_unit_test(test_float_in_the_middle), cmocka_unit_test(test_nodes_that_stay),
        cmocka_unit_test(test_outputs_between),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
