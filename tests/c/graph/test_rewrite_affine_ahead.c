/* Scales and shifts of channels go into the Conv or Gemm after them, or into one another. */
#include "rewrite_fixture.h"

static mcomp_graph *graph;
static test_random source;

static mcomp_value begin(const char *test)
{
    source = test_random_begin(test);
    graph = new_graph();
    return add_input(graph, "x", 4, 6, 5);
}

/* A Conv with that padding on all sides. */
static mcomp_value add_padded(mcomp_value x, int64_t outputs, int64_t group, int64_t pad, bool bias)
{
    mcomp_value w =
        add_random(graph, "w", &source, 4, SHAPE(outputs, graph->values[x].shape[1] / group, 3, 3));
    mcomp_value b = bias ? add_random(graph, "b", &source, 1, SHAPE(outputs)) : MCOMP_NO_VALUE;
    return add_node(graph, "Conv", "conv", INPUTS(x, w, b),
                    ATTRIBUTES(INTEGERS("group", group), INTEGERS("pads", pad, pad, pad, pad)));
}

static void test_into_conv(void **state)
{
    (void)state;
    const int64_t groups[] = {1, 2, 4};
    for (int i = 0; i < 6; i++) {
        mcomp_value x = begin("into conv");
        mcomp_value y = add_batchnorm(graph, "bn", &source, x);
        y = add_padded(y, 8, groups[i % 3], 0, i >= 3);
        mcomp_simplify_info info =
            assert_becomes(graph, add_unary(graph, "Relu", "y", y), "Conv", ROUNDED);
        assert_int_equal(info.batchnorms_folded, 1);
    }
}

/* Preprocessing: the mean stays where padding is not shifted, the deviation goes. */
static void test_padding(void **state)
{
    (void)state;
    for (int padded = 0; padded < 2; padded++) {
        mcomp_value x = begin("padding");
        mcomp_value mean = add_random(graph, "mean", &source, 3, SHAPE(4, 1, 1));
        mcomp_value deviation = add_constant(graph, "deviation", MCOMP_DTYPE_F32, 3, SHAPE(4, 1, 1),
                                             VALUES(0.5f, 2, 3, -0.75f));
        mcomp_value y = add_binary(graph, "Sub", "sub", x, mean);
        y = add_padded(add_binary(graph, "Div", "div", y, deviation), 5, 1, padded, true);
        mcomp_simplify_info info = assert_becomes(graph, y, padded ? "Sub,Conv" : "Conv", ROUNDED);
        assert_int_equal(info.affines_folded, padded ? 1 : 2);
    }
}

static void test_into_gemm(void **state)
{
    (void)state;
    for (int64_t transposed = 0; transposed < 2; transposed++) {
        source = test_random_begin("into gemm");
        graph = new_graph();
        mcomp_value x = add_input(graph, "x", 6, 0, 0);
        mcomp_value y = add_batchnorm(graph, "bn", &source, x);
        mcomp_value w = add_random(graph, "w", &source, 2, transposed ? SHAPE(9, 6) : SHAPE(6, 9));
        y = add_node(graph, "Gemm", "y", INPUTS(y, w), ATTRIBUTES(INTEGERS("transB", transposed)));
        assert_becomes(graph, y, "Gemm", ROUNDED);
    }
}

static void test_that_stay(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        mcomp_value x = begin("that stay");
        mcomp_value y = add_batchnorm(graph, "bn", &source, x);
        mcomp_value bn = y;
        const char *wanted = "BatchNormalization,Conv,Sigmoid";
        if (i == 0) { /* padded */
            y = add_padded(y, 4, 1, 1, true);
        } else if (i == 1) { /* another reader */
            y = add_padded(y, 4, 1, 0, true);
            assert_ok(mcomp_graph_mark_output(graph, add_unary(graph, "Softmax", "other", bn)));
            wanted = "BatchNormalization,Conv,Softmax,Sigmoid";
        } else if (i == 2) { /* an output */
            assert_ok(mcomp_graph_mark_output(graph, bn));
            y = add_padded(y, 4, 1, 0, true);
        } else { /* the weight is encoded */
            const int8_t integers[4] = {1, -2, 3, 4};
            const float scale = 0.5f;
            mcomp_tensor *weight = NULL;
            assert_ok(mcomp_tensor_create_quantized(graph->context, MCOMP_DTYPE_S8, 4,
                                                    SHAPE(1, 4, 1, 1), integers, &scale, NULL, 1,
                                                    &weight));
            y = add_node(graph, "Conv", "encoded", INPUTS(y, add_tensor(graph, "w", weight)),
                         NO_ATTRIBUTES);
        }
        assert_becomes(graph, add_unary(graph, "Sigmoid", "y", y), wanted, SAME);
    }
}

static void test_joined(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        mcomp_value x = begin("joined");
        mcomp_value y = add_unary(graph, "Sigmoid", "s", x);
        mcomp_value a = add_random(graph, "a", &source, 3, SHAPE(4, 1, 1));
        mcomp_value b = add_random(graph, "b", &source, 4, SHAPE(1, 4, 1, 1));
        mcomp_value one = add_scalar(graph, "one", 0.25f);
        const char *ops[5][2] = {
            {"Mul", "Add"}, {"Mul", "Mul"}, {"Sub", "Add"}, {"Add", "Mul"}, {"Mul", "Mul"}};
        const char *wanted[5] = {"BatchNormalization", "Mul", "Add", "BatchNormalization", "Mul"};
        y = add_binary(graph, ops[i][0], "first", y, i == 4 ? one : a);
        y = add_binary(graph, ops[i][1], "second", y, i == 4 ? one : b);
        y = add_unary(graph, "Sigmoid", "y", y);
        char text[64];
        snprintf(text, sizeof text, "Sigmoid,%s,Sigmoid", wanted[i]);
        mcomp_simplify_info info = assert_becomes(graph, y, text, ROUNDED);
        assert_int_equal(info.affines_folded, 1);
    }
}

static void test_not_joined(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        mcomp_value x = begin("not joined");
        mcomp_value y = add_unary(graph, "Sigmoid", "s", x);
        mcomp_value c = add_scalar(graph, "c", 0.25f);
        mcomp_value row = add_random(graph, "row", &source, 1, SHAPE(5));
        mcomp_value first = add_binary(graph, "Mul", "first", y, i == 0 ? row : c);
        if (i == 1) /* another reader */
            assert_ok(mcomp_graph_mark_output(graph, add_unary(graph, "Sigmoid", "t", first)));
        if (i == 2) /* a clamp between them, fused */
            first = add_clip(graph, "clip", first, 0.1f, 0.2f);
        y = add_unary(graph, "Sigmoid", "y", add_binary(graph, "Add", "second", first, c));
        assert_becomes(
            graph, y, i == 1 ? "Sigmoid,Mul,Sigmoid,Add,Sigmoid" : "Sigmoid,Mul,Add,Sigmoid", SAME);
    }
}

static void test_nothing_changed(void **state)
{
    (void)state;
    mcomp_value x = begin("nothing changed");
    mcomp_value y = add_unary(graph, "Sigmoid", "s", x);
    mcomp_value one = add_scalar(graph, "one", 1), zero = add_scalar(graph, "zero", 0);
    y = add_binary(graph, "Mul", "m", y, one);
    y = add_binary(graph, "Add", "a", y, zero);
    y = add_binary(graph, "Div", "d", y, one);
    y = add_binary(graph, "Sub", "y", y, zero);
    assert_becomes(graph, y, "Sigmoid", SAME);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_into_conv),       cmocka_unit_test(test_padding),
        cmocka_unit_test(test_into_gemm),       cmocka_unit_test(test_that_stay),
        cmocka_unit_test(test_joined),          cmocka_unit_test(test_not_joined),
        cmocka_unit_test(test_nothing_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
