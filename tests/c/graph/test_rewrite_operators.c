/* Operators that a file spells otherwise, Reshapes in a row, and activations into what is before. */
#include "rewrite_fixture.h"

static mcomp_graph *graph;
static test_random source;

static mcomp_value begin(const char *test)
{
    source = test_random_begin(test);
    graph = new_graph();
    return add_input(graph, "x", 4, 6, 5);
}

static void test_global_pools(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        mcomp_value y = begin("global pools");
        if (i < 2)
            y = add_node(graph, "ReduceMean", "y", INPUTS(y),
                         ATTRIBUTES(INTEGERS("axes", -1, 2), INTEGERS("keepdims", i)));
        else
            y = add_node(graph, i == 2 ? "AveragePool" : "MaxPool", "y", INPUTS(y),
                         ATTRIBUTES(INTEGERS("kernel_shape", 6, 5), INTEGERS("strides", 3, 2)));
        static const char *const wanted[] = {"GlobalAveragePool,Flatten", "GlobalAveragePool",
                                             "GlobalAveragePool", "GlobalMaxPool"};
        mcomp_simplify_info info = assert_becomes(graph, y, wanted[i], ROUNDED);
        assert_int_equal(info.operators_recognised, 1);
    }
}

/* Maps of one axis and of three; of four the mean stays. */
static void test_global_pools_of_rows(void **state)
{
    (void)state;
    for (uint32_t rank = 3; rank <= 6; rank += rank == 3 ? 2 : 1) {
        source = test_random_begin("global pools of rows");
        graph = new_graph();
        mcomp_value x = add_input_of(graph, "x", rank, SHAPE(4, 3, 2, 5, 2));
        const int64_t axes[4] = {2, 3, 4, 5};
        const mcomp_attribute attribute = {
            .name = "axes", .type = MCOMP_ATTRIBUTE_INTEGERS, .count = rank - 2, .integers = axes};
        mcomp_value y = add_node(graph, "ReduceMean", "y", INPUTS(x), &attribute, 1);
        assert_becomes(graph, y, rank < 6 ? "GlobalAveragePool" : "ReduceMean", ROUNDED);
    }
}

static void test_pools_that_stay(void **state)
{
    (void)state;
    const int64_t axes[3][3] = {{2, 2, 2}, {1, 2, 3}, {3, 1, 1}};
    const size_t counts[3] = {1, 3, 2};
    for (int i = 0; i < 3; i++) {
        mcomp_value y = begin("means that stay");
        const mcomp_attribute some = {.name = "axes",
                                      .type = MCOMP_ATTRIBUTE_INTEGERS,
                                      .count = counts[i],
                                      .integers = axes[i]};
        y = add_node(graph, "ReduceMean", "y", INPUTS(y), &some, 1);
        assert_becomes(graph, y, "ReduceMean", SAME);
    }
    for (int i = 0; i < 3; i++) {
        mcomp_value y = begin("windows that stay");
        const int64_t kernel[2] = {i == 0 ? 5 : 6, i == 2 ? 6 : 5};
        const mcomp_attribute attributes[4] = {
            INTEGERS("kernel_shape", kernel[0], kernel[1]), INTEGERS("strides", 3, 3),
            INTEGERS("pads", i == 1, 0, i == 1, i == 2), INTEGERS("count_include_pad", 1)};
        y = add_node(graph, "AveragePool", "y", INPUTS(y), attributes, 4);
        assert_becomes(graph, y, "AveragePool", SAME);
    }
    graph = new_graph();
    mcomp_value x = add_input(graph, "x", 2, 2, 2);
    mcomp_value y = add_node(graph, "MaxPool", "y", INPUTS(x),
                             ATTRIBUTES(INTEGERS("kernel_shape", 2, 2),
                                        INTEGERS("pads", 0, 0, 1, 0), INTEGERS("dilations", 2, 1)));
    assert_becomes(graph, y, "MaxPool", SAME);
}

/* A matrix is a Gemm's weight, whichever way it lies; its bias goes in as well. */
static void test_mat_mul(void **state)
{
    (void)state;
    for (int64_t transposed = 0; transposed < 2; transposed++) {
        source = test_random_begin("mat mul");
        graph = new_graph();
        mcomp_value x = add_input(graph, "x", 6, 0, 0);
        mcomp_value w = add_random(graph, "w", &source, 2, transposed ? SHAPE(9, 6) : SHAPE(6, 9));
        mcomp_value b = add_random(graph, "b", &source, 1, SHAPE(9));
        mcomp_value y = add_node(graph, "MatMul", "product", INPUTS(x, w),
                                 ATTRIBUTES(INTEGERS("transB", transposed)));
        y = add_unary(graph, "Relu", "y", add_binary(graph, "Add", "sum", b, y));
        mcomp_simplify_info info = assert_becomes(graph, y, "Gemm", ROUNDED);
        assert_int_equal(info.operators_recognised, 1);
    }
    source = test_random_begin("mat mul of rows of rows");
    graph = new_graph();
    mcomp_value x = add_input_of(graph, "x", 3, SHAPE(5, 6));
    mcomp_value w = add_random(graph, "w", &source, 2, SHAPE(6, 9));
    assert_becomes(graph, add_binary(graph, "MatMul", "y", x, w), "MatMul", SAME);
}

/* Clip(x + 3, 0, 6), x or NULL's product with it, divided by 6. */
typedef struct swish_case {
    float added, low, high, divided;
    bool by_product; /* Mul by 1 / divided */
    int form;        /* 0: x * (clip / 6); 1: (x * clip) / 6; 2: clip / 6; 3: HardSigmoid */
    const char *wanted;
} swish_case;

static void test_hard_swish(void **state)
{
    (void)state;
    static const swish_case cases[] = {
        {3, 0, 6, 6, false, 0, "HardSwish"},      {3, 0, 6, 6, true, 0, "HardSwish"},
        {3, 0, 6, 6, false, 1, "HardSwish"},      {3, 0, 6, 6, true, 1, "HardSwish"},
        {3, 0, 6, 6, false, 2, "HardSigmoid"},    {3, 0, 6, 1, false, 3, "HardSwish"},
        {2.5f, 0, 6, 6, false, 0, "Add,Div,Mul"}, {3, 0, 5, 6, false, 0, "Add,Div,Mul"},
        {3, 0.5f, 6, 6, false, 1, "Add,Mul,Div"}, {3, 0, 6, 5, false, 1, "Add,Mul,Div"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const swish_case *made = &cases[i];
        mcomp_value x = begin("hard swish"), three = add_scalar(graph, "three", made->added);
        mcomp_value six =
            add_scalar(graph, "six", made->by_product ? 1 / made->divided : made->divided);
        const char *op = made->by_product ? "Mul" : "Div";
        mcomp_value clip =
            add_clip(graph, "clip", add_binary(graph, "Add", "a", three, x), made->low, made->high);
        mcomp_value y;
        if (made->form == 0)
            y = add_binary(graph, "Mul", "y", x, add_binary(graph, op, "d", clip, six));
        else if (made->form == 1)
            y = add_binary(graph, op, "y", add_binary(graph, "Mul", "m", clip, x), six);
        else if (made->form == 2)
            y = add_binary(graph, op, "y", clip, six);
        else
            y = add_binary(graph, "Mul", "y", x,
                           add_node(graph, "HardSigmoid", "h", INPUTS(x),
                                    ATTRIBUTES(FLOATS("alpha", 1.0f / 6), FLOATS("beta", 0.5f))));
        assert_becomes(graph, y, made->wanted, ROUNDED);
    }
}

/* Sigmoids of other slopes, or of another value. */
static void test_products_that_stay(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        mcomp_value x = begin("products that stay");
        const mcomp_attribute attributes[2] = {FLOATS("alpha", i == 0 ? 0.2f : 1.0f / 6),
                                               FLOATS("beta", i == 1 ? 0.25f : 0.5f)};
        mcomp_value s = i == 3 ? add_unary(graph, "Sigmoid", "s", x)
                               : add_node(graph, "HardSigmoid", "s", INPUTS(x), attributes, 2);
        mcomp_value other = i == 2 ? add_unary(graph, "Softmax", "other", x) : x;
        mcomp_value y = add_binary(graph, "Mul", "y", s, other);
        assert_becomes(graph, y,
                       i == 2   ? "HardSigmoid,Softmax,Mul"
                       : i == 3 ? "Sigmoid,Mul"
                                : "HardSigmoid,Mul",
                       SAME);
    }
}

static void test_reshapes(void **state)
{
    (void)state;
    mcomp_value y = begin("reshapes");
    y = add_reshape(graph, "r1", y, 3, SHAPE(0, 0, -1));
    y = add_reshape(graph, "r2", y, 2, SHAPE(-1, 120));
    y = add_reshape(graph, "r3", y, 4, SHAPE(0, 6, 4, 5));
    mcomp_simplify_info info = assert_becomes(graph, y, "Reshape", SAME);
    assert_int_equal(info.nodes_before, 3);

    y = begin("flattened at last");
    y = add_reshape(graph, "r1", y, 3, SHAPE(0, 0, -1));
    assert_becomes(graph, add_reshape(graph, "r2", y, 2, SHAPE(0, -1)), "Flatten", SAME);

    y = begin("there and back");
    y = add_unary(graph, "Sigmoid", "s", y);
    y = add_reshape(graph, "r", add_unary(graph, "Flatten", "f", y), 4, SHAPE(0, 4, 6, 5));
    assert_becomes(graph, y, "Sigmoid", SAME);

    /* What else reads the first one keeps it. */
    y = begin("two readers");
    y = add_reshape(graph, "first", y, 3, SHAPE(0, 8, 15));
    mcomp_value second = add_reshape(graph, "second", y, 3, SHAPE(0, 15, 8));
    assert_ok(mcomp_graph_mark_output(graph, add_unary(graph, "Softmax", "softmax", y)));
    assert_becomes(graph, second, "Reshape,Reshape,Softmax", SAME);

    /* An input that is an output needs a node. */
    y = begin("input");
    y = add_reshape(graph, "y", y, 4, SHAPE(0, 4, 6, 5));
    assert_becomes(graph, y, "Identity", SAME);
}

static void test_clips_in_a_row(void **state)
{
    (void)state;
    mcomp_value y = begin("clips in a row");
    y = add_unary(graph, "Sigmoid", "s", y);
    y = add_clip(graph, "c1", y, 0.25f, 0.875f);
    y = add_unary(graph, "Relu", "r", y);
    y = add_clip(graph, "c2", y, -1, 0.625f);
    mcomp_simplify_info info = assert_becomes(graph, y, "Sigmoid,Clip", SAME);
    assert_int_equal(info.activations_fused, 2);

    y = begin("bounds that do not meet");
    y = add_unary(graph, "Relu", "r", y);
    assert_becomes(graph, add_clip(graph, "y", y, -3, -2), "Clip", SAME);

    y = begin("no bounds");
    y = add_clip(graph, "open", y, -INFINITY, INFINITY);
    assert_becomes(graph, add_unary(graph, "Softmax", "softmax", y), "Softmax", SAME);

    y = begin("another reader");
    y = add_unary(graph, "Relu", "r1", y);
    assert_ok(mcomp_graph_mark_output(graph, add_unary(graph, "Softmax", "softmax", y)));
    assert_becomes(graph, add_clip(graph, "y", y, 0.5f, 1), "Relu,Softmax,Clip", SAME);
}

static void test_into_binary(void **state)
{
    (void)state;
    static const char *const ops[] = {"Add", "Sub", "Mul", "Div"};
    for (size_t i = 0; i < 4; i++) {
        mcomp_value x = begin("into binary"), s = add_unary(graph, "Sigmoid", "s", x);
        mcomp_value y = add_binary(graph, ops[i], "binary", x, s);
        y = add_clip(graph, "y", y, -0.25f, 0.75f);
        char wanted[32];
        snprintf(wanted, sizeof wanted, "Sigmoid,%s", ops[i]);
        assert_becomes(graph, y, wanted, SAME);
    }
}

/* The sum of a map and one pixel of it is no residual. */
static void test_broadcast_is_no_residual(void **state)
{
    (void)state;
    mcomp_value x = begin("broadcast is no residual");
    mcomp_value pixel = add_unary(graph, "GlobalMaxPool", "pool", x);
    mcomp_value conv = add_conv(graph, "conv", &source, pixel, 4, 1, 1, true);
    assert_becomes(graph, add_binary(graph, "Add", "y", conv, x), "GlobalMaxPool,Conv,Add", SAME);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_global_pools),    cmocka_unit_test(test_global_pools_of_rows),
        cmocka_unit_test(test_pools_that_stay), cmocka_unit_test(test_mat_mul),
        cmocka_unit_test(test_hard_swish),      cmocka_unit_test(test_products_that_stay),
        cmocka_unit_test(test_reshapes),        cmocka_unit_test(test_clips_in_a_row),
        cmocka_unit_test(test_into_binary),     cmocka_unit_test(test_broadcast_is_no_residual),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
