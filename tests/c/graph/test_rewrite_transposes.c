/* Transposes move to where they cancel, and results stay. */
#include "rewrite_fixture.h"

static mcomp_graph *graph;
static test_random source;

/* A Conv between the Transposes of a file whose axes are NHWC. */
static mcomp_value add_nhwc_conv(const char *name, mcomp_value x, int64_t outputs, int64_t kernel)
{
    char before[64], after[64];
    snprintf(before, sizeof before, "%s.before", name);
    snprintf(after, sizeof after, "%s.after", name);
    mcomp_value y = to_nchw(graph, before, x);
    y = add_conv(graph, name, &source, y, outputs, kernel, 1, true);
    return to_nhwc(graph, after, y);
}

/* A Conv whose result is NHWC, to which a test adds nodes; end_nhwc() adds another. */
static mcomp_value begin_nhwc(const char *name)
{
    source = test_random_begin(name);
    graph = new_graph();
    mcomp_value x = add_input(graph, "x", 3, 6, 5);
    return to_nhwc(graph, "first.after", add_conv(graph, "first", &source, x, 4, 3, 1, true));
}

static mcomp_value end_nhwc(mcomp_value y)
{
    y = to_nchw(graph, "last.before", y);
    return add_conv(graph, "last", &source, y, 2, 1, 1, true);
}

static void test_pairs_cancel(void **state)
{
    (void)state;
    graph = new_graph();
    mcomp_value x = add_input(graph, "x", 3, 6, 5);
    mcomp_value y = to_nchw(graph, "t2", to_nhwc(graph, "t1", x));
    y = add_unary(graph, "Sigmoid", "sigmoid", y);
    y = to_nhwc(graph, "t3", y);
    y = add_node(graph, "Transpose", "t4", INPUTS(y), ATTRIBUTES(INTEGERS("perm", 0, 2, 1, 3)));
    y = add_node(graph, "Transpose", "t5", INPUTS(y), ATTRIBUTES(INTEGERS("perm", 0, 3, 2, 1)));
    mcomp_simplify_info info = assert_becomes(graph, y, "Sigmoid", SAME);
    assert_int_equal(info.transposes_removed, 5);
    assert_int_equal(info.nodes_before, 6);
}

static void test_unary_operators(void **state)
{
    (void)state;
    static const char *const ops[] = {"Relu",        "LeakyRelu", "Sigmoid",
                                      "HardSigmoid", "HardSwish", "Identity"};
    for (size_t i = 0; i < 6; i++) {
        mcomp_value y = begin_nhwc(ops[i]);
        y = end_nhwc(add_unary(graph, ops[i], "unary", y));
        char wanted[64];
        snprintf(wanted, sizeof wanted, i == 0 || i == 5 ? "Conv,Conv" : "Conv,%s,Conv", ops[i]);
        assert_becomes(graph, y, wanted, SAME);
    }
}

/* Constants of every rank take the order of the other operand. */
static void test_constant_operands(void **state)
{
    (void)state;
    static const char *const ops[] = {"Add", "Sub", "Mul", "Div"};
    const int64_t shapes[5][4] = {{1}, {4}, {5, 1}, {6, 1, 4}, {1, 6, 5, 4}};
    const uint32_t ranks[5] = {1, 1, 2, 3, 4};
    for (size_t i = 0; i < 4; i++) {
        for (size_t s = 0; s < 5; s++) {
            for (int first = 0; first < 2; first++) {
                mcomp_value y = begin_nhwc(ops[i]);
                y = add_unary(graph, "Sigmoid", "sigmoid", y);
                mcomp_value c = add_random(graph, "c", &source, ranks[s], shapes[s]);
                y = first ? add_binary(graph, ops[i], "binary", c, y)
                          : add_binary(graph, ops[i], "binary", y, c);
                y = end_nhwc(add_unary(graph, "Sigmoid", "again", y));
                char wanted[64];
                snprintf(wanted, sizeof wanted, "Conv,Sigmoid,%s,Sigmoid,Conv", ops[i]);
                assert_becomes(graph, y, wanted, SAME);
            }
        }
    }
}

/* An output with its channels last keeps its name, what is computed with channels first gets another;
 * so does its constant, which a second node reads. */
static void test_new_names_differ(void **state)
{
    (void)state;
    mcomp_value y = begin_nhwc("new names");
    mcomp_value c = add_random(graph, "c", &source, 2, SHAPE(5, 4));
    y = add_unary(graph, "Sigmoid", "sigmoid", add_binary(graph, "Mul", "other", y, c));
    y = add_binary(graph, "Div", "binary", y, c);
    assert_ok(mcomp_graph_mark_output(graph, y));
    y = end_nhwc(add_unary(graph, "Sigmoid", "again", y));
    assert_becomes(graph, y, "Conv,Mul,Sigmoid,Div,Sigmoid,Conv,Transpose", SAME);
}

static void test_slope(void **state)
{
    (void)state;
    mcomp_value y = begin_nhwc("slope");
    mcomp_value slope = add_random(graph, "slope", &source, 1, SHAPE(4));
    y = end_nhwc(add_binary(graph, "PRelu", "prelu", y, slope));
    assert_becomes(graph, y, "Conv,PRelu,Conv", SAME);
}

/* A constant that two nodes read, each in its own order. */
static void test_shared_constant(void **state)
{
    (void)state;
    mcomp_value y = begin_nhwc("shared constant");
    mcomp_value c = add_random(graph, "c", &source, 1, SHAPE(4));
    y = add_unary(graph, "Sigmoid", "s1", add_binary(graph, "PRelu", "p1", y, c));
    y = add_unary(graph, "Sigmoid", "s2", add_binary(graph, "PRelu", "p2", y, c));
    assert_becomes(graph, end_nhwc(y), "Conv,PRelu,Sigmoid,PRelu,Sigmoid,Conv", SAME);
}

/* Pad, Slice (also backwards), Concat, Softmax, in a row. */
static void test_operators_with_axes(void **state)
{
    (void)state;
    mcomp_value y = begin_nhwc("operators with axes");
    mcomp_value pads = add_integers(graph, "pads", 8, SHAPE(0, 1, 2, 0, 0, 0, 1, 3));
    mcomp_value value = add_scalar(graph, "value", 0.5f);
    y = add_node(graph, "Pad", "pad", INPUTS(y, pads, value), NO_ATTRIBUTES);
    mcomp_value axis_pads = add_integers(graph, "axis pads", 2, SHAPE(1, 1));
    mcomp_value pad_axes = add_integers(graph, "pad axes", 1, SHAPE(-2));
    y = add_node(graph, "Pad", "edge", INPUTS(y, axis_pads, MCOMP_NO_VALUE, pad_axes),
                 ATTRIBUTES(TEXT("mode", "edge")));
    mcomp_value starts = add_integers(graph, "starts", 2, SHAPE(1, -1));
    mcomp_value ends = add_integers(graph, "ends", 2, SHAPE(6, INT64_MIN));
    mcomp_value axes = add_integers(graph, "axes", 2, SHAPE(2, 3));
    mcomp_value steps = add_integers(graph, "steps", 2, SHAPE(2, -2));
    y = add_node(graph, "Slice", "slice", INPUTS(y, starts, ends, axes, steps), NO_ATTRIBUTES);
    mcomp_value z = add_unary(graph, "Sigmoid", "sigmoid", y);
    y = add_node(graph, "Concat", "concat", INPUTS(y, z), ATTRIBUTES(INTEGERS("axis", 3)));
    y = add_node(graph, "Softmax", "softmax", INPUTS(y), ATTRIBUTES(INTEGERS("axis", -1)));
    assert_becomes(graph, end_nhwc(y), "Conv,Pad,Pad,Slice,Sigmoid,Concat,Softmax,Conv", SAME);
}

/* Both operands come in the same order; one is one pixel. */
static void test_gate_and_residual(void **state)
{
    (void)state;
    mcomp_value y = begin_nhwc("gate and residual");
    y = add_unary(graph, "Sigmoid", "sigmoid", y);
    mcomp_value gate = add_node(graph, "ReduceMean", "mean", INPUTS(y),
                                ATTRIBUTES(INTEGERS("axes", 1, 2), INTEGERS("keepdims", 1)));
    gate = add_unary(graph, "HardSigmoid", "gate", add_nhwc_conv("excite", gate, 4, 1));
    mcomp_value gated = add_binary(graph, "Mul", "gated", y, gate);
    y = add_binary(graph, "Add", "sum", add_nhwc_conv("conv", gated, 4, 3), y);
    y = end_nhwc(add_unary(graph, "Relu", "relu", y));
    assert_becomes(graph, y, "Conv,Sigmoid,GlobalAveragePool,Conv,HardSigmoid,Mul,Conv,Conv",
                   ROUNDED);
}

static void test_mean_drops_axes(void **state)
{
    (void)state;
    mcomp_value y = begin_nhwc("mean drops axes");
    y = add_node(graph, "ReduceMean", "mean", INPUTS(y),
                 ATTRIBUTES(INTEGERS("axes", 1, 2), INTEGERS("keepdims", 0)));
    assert_becomes(graph, y, "Conv,GlobalAveragePool,Flatten", ROUNDED);
}

/* Height and channels are left, and in the other order: the Transpose must be there. */
static void test_mean_in_another_order(void **state)
{
    (void)state;
    mcomp_value y = begin_nhwc("mean in another order");
    y = add_node(graph, "ReduceMean", "mean", INPUTS(y),
                 ATTRIBUTES(INTEGERS("axes", 2), INTEGERS("keepdims", 0)));
    assert_becomes(graph, y, "Conv,Transpose,ReduceMean", SAME);
}

static void test_network_keeps_its_axes(void **state)
{
    (void)state;
    source = test_random_begin("network keeps its axes");
    graph = new_graph();
    mcomp_value x = add_input_of(graph, "x", 4, SHAPE(6, 5, 3));
    mcomp_value mean = add_random(graph, "mean", &source, 1, SHAPE(3));
    mcomp_value y = add_unary(graph, "Sigmoid", "scaled", add_binary(graph, "Sub", "sub", x, mean));
    y = add_unary(graph, "Relu", "relu1", add_nhwc_conv("conv1", y, 4, 3));
    y = add_clip(graph, "relu6", add_nhwc_conv("conv2", y, 5, 3), 0, 6);
    assert_becomes(graph, y, "Transpose,Sub,Sigmoid,Conv,Conv,Transpose", SAME);
}

static mcomp_value add_flat_gemm(mcomp_value y, const char *op, bool transposed)
{
    int64_t inputs = (int64_t)mc_value_element_count(&graph->values[y]);
    mcomp_value w =
        add_random(graph, "w", &source, 2, transposed ? SHAPE(7, inputs) : SHAPE(inputs, 7));
    return add_node(graph, op, "gemm", INPUTS(y, w), ATTRIBUTES(INTEGERS("transB", transposed)));
}

/* The weight's rows are put in order instead. */
static void test_flatten_before_gemm(void **state)
{
    (void)state;
    for (int i = 0; i < 16; i++) {
        mcomp_value y = begin_nhwc("flatten before gemm");
        y = i & 1 ? add_reshape(graph, "flat", y, 2, SHAPE(0, -1))
                  : add_unary(graph, "Flatten", "flat", y);
        if (i & 8) /* which changes nothing, but is there */
            y = add_reshape(graph, "again", y, 2, SHAPE(-1, 120));
        y = add_flat_gemm(y, i & 2 ? "Gemm" : "MatMul", i & 4);
        assert_becomes(graph, y, "Conv,Flatten,Gemm", ROUNDED);
    }
}

static void test_flatten_that_stays(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        mcomp_value y = begin_nhwc("flatten that stays");
        y = add_unary(graph, "Flatten", "flat", y);
        mcomp_value flat = y;
        y = add_flat_gemm(y, "Gemm", true);
        mcomp_value w =
            graph->values[y].producer >= 0 ? graph->nodes[graph->values[y].producer].inputs[1] : -1;
        const char *wanted = "Conv,Transpose,Flatten,Gemm,Softmax";
        if (i == 0) { /* another node reads the rows */
            assert_ok(mcomp_graph_mark_output(graph, y));
            y = flat;
        } else if (i == 1) { /* the rows are an output */
            assert_ok(mcomp_graph_mark_output(graph, flat));
        } else if (i == 2) { /* another node reads the weight */
            mcomp_value z = add_input(graph, "z", 120, 0, 0);
            z = add_node(graph, "Gemm", "other", INPUTS(z, w), ATTRIBUTES(INTEGERS("transB", 1)));
            y = add_binary(graph, "Add", "sum", y, z);
            wanted = "Conv,Transpose,Flatten,Gemm,Gemm,Add,Softmax";
        } else { /* the weight is encoded */
            int8_t integers[240];
            const float scale = 0.25f;
            for (int k = 0; k < 240; k++)
                integers[k] = (int8_t)(k - 100);
            mcomp_tensor *tensor = NULL;
            assert_ok(mcomp_tensor_create_quantized(graph->context, MCOMP_DTYPE_S8, 2,
                                                    SHAPE(2, 120), integers, &scale, NULL, 1,
                                                    &tensor));
            w = add_tensor(graph, "encoded", tensor);
            y = add_node(graph, "Gemm", "other", INPUTS(flat, w),
                         ATTRIBUTES(INTEGERS("transB", 1)));
        }
        y = add_unary(graph, "Softmax", "softmax", y);
        assert_becomes(graph, y, wanted, SAME);
    }
}

/* One pixel: no element moves. */
static void test_pixels(void **state)
{
    (void)state;
    mcomp_value y = begin_nhwc("pixels");
    y = add_unary(graph, "Sigmoid", "s", y);
    y = add_unary(graph, "GlobalMaxPool", "pool", to_nchw(graph, "t", y));
    y = add_unary(graph, "Flatten", "flat", to_nhwc(graph, "t2", y));
    assert_becomes(graph, y, "Conv,Sigmoid,GlobalMaxPool,Flatten", SAME);

    graph = new_graph();
    mcomp_value x = add_input(graph, "x", 5, 1, 1);
    y = add_unary(graph, "Relu", "relu", x);
    assert_becomes(graph, to_nhwc(graph, "y", y), "Relu,Reshape", SAME);
}

/* A Transpose of one pixel, written as a Reshape, cancels one that is written as what it is. */
static void test_reshapes_of_pixels(void **state)
{
    (void)state;
    mcomp_value y = begin_nhwc("reshapes of pixels");
    y = add_node(graph, "ReduceMean", "mean", INPUTS(y), ATTRIBUTES(INTEGERS("axes", 1, 2)));
    y = add_conv(graph, "c1", &source, add_reshape(graph, "r1", y, 4, SHAPE(0, 4, 1, 1)), 2, 1, 1,
                 true);
    y = add_unary(graph, "Sigmoid", "s", add_reshape(graph, "r2", y, 4, SHAPE(0, 1, 1, 2)));
    y = add_conv(graph, "c2", &source, to_nchw(graph, "r3", y), 3, 1, 1, true);
    assert_becomes(graph, y, "Conv,GlobalAveragePool,Conv,Sigmoid,Conv", ROUNDED);
}

/* Width and height change places; so do windows. */
static void test_windows(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        source = test_random_begin("windows");
        graph = new_graph();
        mcomp_value x = add_input(graph, "x", 3, 9, 7);
        const mcomp_attribute swap = INTEGERS("perm", 0, 1, 3, 2);
        mcomp_value y = add_conv(graph, "conv", &source, x, 4, 3, 1, true);
        y = add_node(graph, "Transpose", "t1", INPUTS(y), &swap, 1);
        if (i == 0)
            y = add_node(graph, "MaxPool", "pool", INPUTS(y),
                         ATTRIBUTES(INTEGERS("kernel_shape", 2, 3), INTEGERS("strides", 2, 1),
                                    INTEGERS("pads", 1, 2, 0, 1), INTEGERS("dilations", 1, 2)));
        else if (i == 1)
            y = add_node(graph, "AveragePool", "pool", INPUTS(y),
                         ATTRIBUTES(INTEGERS("kernel_shape", 3, 2), INTEGERS("strides", 1, 2),
                                    TEXT("auto_pad", "SAME_UPPER")));
        else
            y = add_batchnorm(graph, "pool", &source, add_unary(graph, "Relu", "relu", y));
        y = add_node(graph, "Transpose", "t2", INPUTS(y), &swap, 1);
        y = add_conv(graph, "last", &source, y, 2, 3, 1, true);
        assert_becomes(graph, y,
                       i == 0   ? "Conv,MaxPool,Conv"
                       : i == 1 ? "Conv,AveragePool,Conv"
                                : "Conv,BatchNormalization,Conv",
                       ROUNDED);
    }
}

/* Channels in another place are no channels to a pool or to statistics. */
static void test_channels_that_stay(void **state)
{
    (void)state;
    mcomp_value y = begin_nhwc("channels that stay");
    y = add_batchnorm(graph, "bn", &source, add_unary(graph, "Relu", "relu", y));
    y = add_node(graph, "MaxPool", "pool", INPUTS(y), ATTRIBUTES(INTEGERS("kernel_shape", 2, 2)));
    y = add_unary(graph, "GlobalMaxPool", "global", y);
    assert_becomes(graph, y, "Conv,Transpose,Relu,BatchNormalization,MaxPool,GlobalMaxPool", SAME);
}

/* A Reshape that mixes axes needs them in order; what else reads the value does not make it two. */
static void test_number_never_grows(void **state)
{
    (void)state;
    mcomp_value y = begin_nhwc("number never grows");
    mcomp_value r = add_unary(graph, "Sigmoid", "s", y);
    mcomp_value rows = add_reshape(graph, "rows", r, 3, SHAPE(0, 30, 4));
    mcomp_value others = add_reshape(graph, "others", y, 3, SHAPE(0, 30, 4));
    y = add_node(graph, "Concat", "y", INPUTS(rows, others), ATTRIBUTES(INTEGERS("axis", 2)));
    assert_becomes(graph, y, "Conv,Transpose,Sigmoid,Reshape,Reshape,Concat", SAME);
}

static mcomp_value requantize(const char *name, mcomp_value x, float scale)
{
    char back[64];
    snprintf(back, sizeof back, "%s.back", name);
    return add_dequantize(graph, back, add_quantize(graph, name, x, scale, MCOMP_DTYPE_S8, 3));
}

static mcomp_value add_quantized_conv(const char *name, mcomp_value x, bool is_nhwc)
{
    char weight[64], before[64], after[64];
    int8_t integers[4 * 4 * 9];
    float scales[4] = {0.01f, 0.02f, 0.015f, 0.005f};
    snprintf(weight, sizeof weight, "%s.w", name);
    snprintf(before, sizeof before, "%s.before", name);
    snprintf(after, sizeof after, "%s.after", name);
    for (size_t i = 0; i < sizeof integers; i++)
        integers[i] = (int8_t)(test_random_below(&source, 255) - 127);
    mcomp_tensor *tensor = NULL;
    assert_ok(mcomp_tensor_create_quantized(graph->context, MCOMP_DTYPE_S8, 4, SHAPE(4, 4, 3, 3),
                                            integers, scales, NULL, 4, &tensor));
    mcomp_value w = add_tensor(graph, weight, tensor);
    mcomp_value y = is_nhwc ? to_nchw(graph, before, x) : x;
    y = add_node(graph, "Conv", name, INPUTS(y, w), ATTRIBUTES(INTEGERS("pads", 1, 1, 1, 1)));
    return is_nhwc ? to_nhwc(graph, after, y) : y;
}

/* Convs, a residual, a Concat and a pool between QuantizeLinear and DequantizeLinear. */
static mcomp_graph *build_quantized(bool is_nhwc)
{
    graph = new_graph();
    mcomp_value x = requantize("x8", add_input(graph, "x", 4, 6, 5), 0.02f);
    x = is_nhwc ? to_nhwc(graph, "in", x) : x;
    mcomp_value y = add_unary(graph, "Relu", "relu", add_quantized_conv("conv1", x, is_nhwc));
    y = add_quantized_conv("conv2", requantize("y8", y, 0.04f), is_nhwc);
    y = requantize("sum8", add_binary(graph, "Add", "sum", requantize("z8", y, 0.05f), x), 0.05f);
    y = add_node(graph, "Concat", "concat", INPUTS(y, x),
                 ATTRIBUTES(INTEGERS("axis", is_nhwc ? 3 : 1)));
    y = requantize("concat8", y, 0.05f);
    y = is_nhwc ? to_nchw(graph, "out", y) : y;
    y = add_node(graph, "MaxPool", "pool", INPUTS(y), ATTRIBUTES(INTEGERS("kernel_shape", 2, 2)));
    mark_and_verify(graph, requantize("y", y, 0.05f));
    return graph;
}

/* A quantised network in NHWC becomes the integer network that it is in NCHW, to the bit. */
static void test_integers(void **state)
{
    (void)state;
    mcomp_graph *after[2];
    float *results[2];
    size_t counts[2];
    char ops[2][512] = {"", ""};
    const uint64_t seed = test_random_begin("integers").state;
    for (int i = 0; i < 2; i++) {
        source = (test_random){.state = seed};
        mcomp_graph *made = build_quantized(i == 1);
        mcomp_simplify_info info;
        after[i] = simplify(made, &info);
        results[i] = run_all(after[i], "ref", 5, &counts[i]);
        for (uint32_t n = 0; n < after[i]->node_count; n++)
            strcat(strcat(ops[i], after[i]->nodes[n].op->name), ",");
        assert_int_equal(count_ops(after[i], "QuantizeLinear"), 1);
        assert_int_equal(count_ops(after[i], "Transpose"), 0);
        mcomp_graph_destroy(after[i]);
        end_graph(made);
    }
    assert_string_equal(ops[1], ops[0]);
    assert_int_equal(counts[0], counts[1]);
    assert_same_bits(results[1], results[0], counts[0]);
    free(results[0]);
    free(results[1]);
}

/* Outputs keep name, order and number, whatever stands behind them. */
static void test_outputs(void **state)
{
    (void)state;
    source = test_random_begin("outputs");
    graph = new_graph();
    mcomp_value x = add_input_of(graph, "x", 4, SHAPE(6, 5, 3));
    mcomp_value through = to_nhwc(graph, "through", to_nchw(graph, "turned", x));
    mcomp_value conv = add_conv(graph, "conv", &source, graph->nodes[0].output, 4, 3, 1, true);
    mcomp_value a = to_nhwc(graph, "a", conv), b = to_nhwc(graph, "b", conv);
    mcomp_value relu = add_unary(graph, "Relu", "relu", a);
    mcomp_value back = to_nchw(graph, "back", relu), sigmoid = add_unary(graph, "Sigmoid", "s", b);
    const mcomp_value outputs[] = {through, a, b, relu, back, a, sigmoid};
    for (size_t i = 0; i < 7; i++)
        assert_ok(mcomp_graph_mark_output(graph, outputs[i]));
    assert_ok(mcomp_graph_verify(graph));
    mcomp_simplify_info info;
    mcomp_graph *after = simplify(graph, &info);
    assert_same_results(graph, after, SAME);
    assert_int_equal(after->output_count, 7);
    assert_true(after->node_count <= graph->node_count);
    assert_true(count_ops(after, "Transpose") <= 3);
    mcomp_graph_destroy(after);
    end_graph(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pairs_cancel),
        cmocka_unit_test(test_unary_operators),
        cmocka_unit_test(test_constant_operands),
        cmocka_unit_test(test_new_names_differ),
        cmocka_unit_test(test_slope),
        cmocka_unit_test(test_shared_constant),
        cmocka_unit_test(test_operators_with_axes),
        cmocka_unit_test(test_gate_and_residual),
        cmocka_unit_test(test_mean_drops_axes),
        cmocka_unit_test(test_mean_in_another_order),
        cmocka_unit_test(test_network_keeps_its_axes),
        cmocka_unit_test(test_flatten_before_gemm),
        cmocka_unit_test(test_flatten_that_stays),
        cmocka_unit_test(test_pixels),
        cmocka_unit_test(test_reshapes_of_pixels),
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_channels_that_stay),
        cmocka_unit_test(test_number_never_grows),
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_outputs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
