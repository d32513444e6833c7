/* A Pad goes into the window after it, where the two pad with the same number. */
#include "rewrite_fixture.h"

static mcomp_graph *graph;
static test_random source;

static mcomp_value begin(const char *test)
{
    source = test_random_begin(test);
    graph = new_graph();
    return add_input(graph, "x", 3, 7, 6);
}

static mcomp_value add_conv_without_bias(mcomp_value x, const mcomp_attribute *attributes,
                                         size_t count)
{
    mcomp_value w = add_random(graph, "w", &source, 4, SHAPE(2, graph->values[x].shape[1], 3, 3));
    return add_node(graph, "Conv", "conv", INPUTS(x, w), attributes, count);
}

static void test_into_conv(void **state)
{
    (void)state;
    mcomp_value y = begin("into conv");
    y = add_pad(graph, "pad", y, 0, 1, 2, 3, 0);
    y = add_conv_without_bias(y, ATTRIBUTES(INTEGERS("pads", 1, 0, 0, 2), INTEGERS("strides", 2, 1),
                                            INTEGERS("dilations", 1, 2)));
    mcomp_simplify_info info = assert_becomes(graph, y, "Conv", SAME);
    assert_int_equal(info.paddings_merged, 1);

    y = begin("auto_pad");
    y = add_pad(graph, "pad", y, 0, 0, 1, 1, 0);
    y = add_conv_without_bias(
        y, ATTRIBUTES(TEXT("auto_pad", "SAME_LOWER"), INTEGERS("strides", 2, 2)));
    assert_becomes(graph, y, "Conv", SAME);
}

/* Each reader takes the padding for itself; one that cannot keeps the Pad. */
static void test_readers(void **state)
{
    (void)state;
    mcomp_value x = begin("readers"), pad = add_pad(graph, "pad", x, 1, 1, 1, 1, 0);
    mcomp_value y = add_conv_without_bias(pad, NO_ATTRIBUTES);
    mcomp_value z =
        add_node(graph, "MaxPool", "pool", INPUTS(pad), ATTRIBUTES(INTEGERS("kernel_shape", 3, 3)));
    assert_ok(mcomp_graph_mark_output(graph, y));
    assert_becomes(graph, z, "Pad,Conv,MaxPool", SAME);
}

static void test_convs_that_stay(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        mcomp_value y = begin("convs that stay");
        if (i == 0) { /* another number */
            y = add_pad(graph, "pad", y, 1, 1, 1, 1, 0.5f);
        } else { /* channels, or another mode */
            mcomp_value p = add_integers(graph, "p", 8, SHAPE(0, i == 1, 1, 1, 0, 0, 1, 1));
            y = add_node(graph, "Pad", "pad", INPUTS(y, p),
                         ATTRIBUTES(TEXT("mode", i == 2 ? "reflect" : "constant")));
        }
        assert_becomes(graph, add_conv_without_bias(y, NO_ATTRIBUTES), "Pad,Conv", SAME);
    }
}

/* 0 is less than all numbers there are; no number is less than -infinity. */
static void test_into_max_pool(void **state)
{
    (void)state;
    for (int i = 0; i < 9; i++) {
        mcomp_value y = begin("into max pool");
        if (i == 1)
            y = add_unary(graph, "Relu", "positive", y);
        else if (i == 2)
            y = add_unary(graph, "Softmax", "positive", y);
        else if (i == 3)
            y = add_clip(graph, "positive", y, -0.125f, 6);
        else if (i == 4)
            y = add_unary(graph, "LeakyRelu", "positive", y);
        else if (i == 5) { /* the sum of two that are not negative */
            mcomp_value sum = add_unary(graph, "Sigmoid", "s", y);
            y = add_binary(graph, "Add", "positive", sum, add_unary(graph, "Relu", "r", y));
        } else if (i == 8) { /* two that are not negative, whose sum is clamped below 0 */
            mcomp_value sum = add_unary(graph, "Sigmoid", "s", y);
            sum = add_binary(graph, "Add", "sum", sum, add_unary(graph, "Relu", "r", y));
            y = add_clip(graph, "clip", sum, -3, -1);
        } else if (i >= 6)
            y = add_unary(graph, "Sigmoid", "positive", y);
        bool ceil_mode = i == 6;
        int64_t pad = i == 7 ? 3 : 1; /* as large as the window */
        y = add_pad(graph, "pad", y, pad, 1, 0, 1, i == 0 ? -INFINITY : 0);
        y = add_node(graph, "MaxPool", "pool", INPUTS(y),
                     ATTRIBUTES(INTEGERS("kernel_shape", 3, 3), INTEGERS("strides", 2, 2),
                                INTEGERS("ceil_mode", ceil_mode)));
        static const char *const wanted[] = {"MaxPool",
                                             "Relu,MaxPool",
                                             "Softmax,MaxPool",
                                             "Clip,Pad,MaxPool",
                                             "LeakyRelu,Pad,MaxPool",
                                             "Sigmoid,Relu,Add,MaxPool",
                                             "Sigmoid,Pad,MaxPool",
                                             "Sigmoid,Pad,MaxPool",
                                             "Sigmoid,Relu,Add,Pad,MaxPool"};
        assert_becomes(graph, y, wanted[i], SAME);
    }
}

/* A window whose elements stand so far apart that all of them are padding. */
static void test_windows_of_padding(void **state)
{
    (void)state;
    source = test_random_begin("windows of padding");
    graph = new_graph();
    mcomp_value x = add_input(graph, "x", 2, 1, 9);
    mcomp_value y = add_unary(graph, "Sigmoid", "s", x);
    y = add_pad(graph, "pad", y, 2, 0, 2, 0, 0);
    y = add_node(graph, "MaxPool", "pool", INPUTS(y),
                 ATTRIBUTES(INTEGERS("kernel_shape", 2, 1), INTEGERS("dilations", 3, 1)));
    assert_becomes(graph, y, "Sigmoid,Pad,MaxPool", SAME);
}

static void test_into_average_pool(void **state)
{
    (void)state;
    for (int i = 0; i < 6; i++) {
        mcomp_value y = begin("into average pool");
        bool own = i == 1 || i == 2, include = i == 2, ceil_mode = i == 3;
        y = add_pad(graph, "pad", y, 1, 0, 1, i == 4 ? 3 : 1, i == 5 ? 0.5f : 0);
        y = add_node(graph, "AveragePool", "pool", INPUTS(y),
                     ATTRIBUTES(INTEGERS("kernel_shape", 3, 3), INTEGERS("strides", 2, 2),
                                INTEGERS("pads", own, own, 0, own),
                                INTEGERS("count_include_pad", include),
                                INTEGERS("ceil_mode", ceil_mode)));
        assert_becomes(graph, y, i == 0 || i == 2 ? "AveragePool" : "Pad,AveragePool", ROUNDED);
    }
}

/* Integers: the padding is the zero point, as that of a Conv and of an average. */
static void test_integers(void **state)
{
    (void)state;
    graph = new_graph();
    mcomp_value x = add_input(graph, "x", 1, 6, 5);
    const int8_t integers[9] = {1, -2, 3, 4, -5, 6, 7, 8, -9};
    const float scale = 0.5f;
    mcomp_tensor *weight = NULL;
    assert_ok(mcomp_tensor_create_quantized(graph->context, MCOMP_DTYPE_S8, 4, SHAPE(1, 1, 3, 3),
                                            integers, &scale, NULL, 1, &weight));
    mcomp_value w = add_tensor(graph, "w", weight);
    mcomp_value y =
        add_dequantize(graph, "dx", add_quantize(graph, "qx", x, 0.0625f, MCOMP_DTYPE_U8, 31));
    y = add_pad(graph, "pad", y, 1, 0, 1, 1, 0);
    y = add_node(graph, "Conv", "conv", INPUTS(y, w), NO_ATTRIBUTES);
    y = add_dequantize(graph, "dy", add_quantize(graph, "qy", y, 0.25f, MCOMP_DTYPE_S8, -3));
    y = add_pad(graph, "pad2", y, 1, 1, 1, 1, 0);
    y = add_node(graph, "AveragePool", "pool", INPUTS(y),
                 ATTRIBUTES(INTEGERS("kernel_shape", 2, 2)));
    y = add_dequantize(graph, "y", add_quantize(graph, "qz", y, 0.25f, MCOMP_DTYPE_S8, 5));
    /* Between whole numbers the integers' arithmetic and the float one round alike. */
    mark_and_verify(graph, y);
    mcomp_simplify_info info;
    mcomp_graph *after = simplify(graph, &info);
    assert_ops(after, "QuantizeLinear,Conv,AveragePool,DequantizeLinear");
    assert_int_equal(info.paddings_merged, 2);
    assert_int_equal(info.quantized_nodes, 2);
    assert_same_results(graph, after, 1e-3); /* a step where a half is rounded */
    mcomp_graph_destroy(after);
    end_graph(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_into_conv),          cmocka_unit_test(test_readers),
        cmocka_unit_test(test_convs_that_stay),    cmocka_unit_test(test_into_max_pool),
        cmocka_unit_test(test_windows_of_padding), cmocka_unit_test(test_into_average_pool),
        cmocka_unit_test(test_integers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
