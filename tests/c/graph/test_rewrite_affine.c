/* Scales and shifts of channels go into the Conv or Gemm before them. */
#include "rewrite_fixture.h"

static mcomp_graph *graph;
static test_random source;

static mcomp_value begin(const char *test)
{
    source = test_random_begin(test);
    graph = new_graph();
    return add_input(graph, "x", 3, 6, 5);
}

static mcomp_value conv_of(const char *name, mcomp_value x, int64_t outputs, int64_t kernel)
{
    return add_conv(graph, name, &source, x, outputs, kernel, 1, true);
}

/* Numbers in [0.5, 1.5], and their negatives where signs says so. */
static mcomp_value add_numbers(const char *name, uint32_t rank, const int64_t *shape, bool signs)
{
    mcomp_value value = add_random(graph, name, &source, rank, shape);
    mcomp_tensor *tensor = graph->values[value].constant;
    for (size_t i = 0; i < tensor->element_count; i++) {
        float *number = (float *)tensor->data + i;
        *number = signs && *number < 0 ? *number / 2 - 0.5f : fabsf(*number) + 0.5f;
    }
    return value;
}

/* Name of the binary operator, and whether its constant comes first. */
typedef struct binary_case {
    const char *op;
    bool constant_first;
} binary_case;

static const binary_case binaries[] = {{"Add", false}, {"Add", true}, {"Sub", false}, {"Sub", true},
                                       {"Mul", false}, {"Mul", true}, {"Div", false}};
#define BINARY_COUNT (sizeof binaries / sizeof binaries[0])

static mcomp_value add_case(const binary_case *binary, const char *name, mcomp_value x,
                            mcomp_value c)
{
    return binary->constant_first ? add_binary(graph, binary->op, name, c, x)
                                  : add_binary(graph, binary->op, name, x, c);
}

static void test_into_conv(void **state)
{
    (void)state;
    const int64_t shapes[4][4] = {{1}, {4, 1, 1}, {1, 4, 1, 1}, {1, 1}};
    const uint32_t ranks[4] = {1, 3, 4, 2};
    for (size_t i = 0; i < BINARY_COUNT * 4; i++) {
        mcomp_value x = begin("into conv");
        mcomp_value y = conv_of("conv", x, 4, 3);
        mcomp_value c = add_numbers("c", ranks[i % 4], shapes[i % 4], true);
        y = add_case(&binaries[i / 4], "y", y, c);
        mcomp_simplify_info info = assert_becomes(graph, y, "Conv", ROUNDED);
        assert_int_equal(info.affines_folded, 1);
        assert_int_equal(info.nodes_before, 2);
    }
}

static void test_into_gemm(void **state)
{
    (void)state;
    for (size_t i = 0; i < BINARY_COUNT * 4; i++) {
        source = test_random_begin("into gemm");
        graph = new_graph();
        mcomp_value x = add_input(graph, "x", 6, 0, 0);
        bool transposed = i & 1;
        mcomp_value w = add_random(graph, "w", &source, 2, transposed ? SHAPE(9, 6) : SHAPE(6, 9));
        mcomp_value y = add_node(graph, i & 2 ? "Gemm" : "MatMul", "gemm", INPUTS(x, w),
                                 ATTRIBUTES(INTEGERS("transB", transposed)));
        y = add_case(&binaries[i / 4], "y", y, add_numbers("c", 1, SHAPE(9), true));
        assert_becomes(graph, y, "Gemm", ROUNDED);
    }
}

/* Statistics of BatchNormalization move with what comes after it. */
static void test_statistics(void **state)
{
    (void)state;
    mcomp_value x = begin("statistics");
    mcomp_value y = conv_of("conv", x, 4, 1);
    y = add_batchnorm(graph, "bn", &source, y);
    mcomp_value c =
        add_constant(graph, "c", MCOMP_DTYPE_F32, 3, SHAPE(4, 1, 1), VALUES(2, -4, 0.5f, 1));
    y = add_binary(graph, "Mul", "y", y, c);
    mark_and_verify(graph, y);
    mcomp_simplify_info info;
    mcomp_graph *after = simplify_checked(graph, &info);
    const float *scale = graph->values[node_of(graph, "bn")->inputs[1]].constant->data;
    const float *shift = graph->values[node_of(graph, "bn")->inputs[2]].constant->data;
    const mc_node *node = node_of(after, "y");
    assert_true(mc_node_attribute(node, "output_mean")->floats[1] == -4 * shift[1]);
    assert_true(mc_node_attribute(node, "output_deviation")->floats[1] == 4 * fabsf(scale[1]));
    mcomp_graph_destroy(after);
    end_graph(graph);
}

/* One BatchNormalization, in parts, into the Convs that a Concat joins; one of them is a Concat. */
static void test_past_concat(void **state)
{
    (void)state;
    mcomp_value x = begin("past concat");
    mcomp_value a = conv_of("a", x, 2, 1), b = conv_of("b", x, 3, 3), c = conv_of("c", x, 1, 1);
    mcomp_value y = add_node(graph, "Concat", "bc", INPUTS(b, c), ATTRIBUTES(INTEGERS("axis", 1)));
    y = add_node(graph, "Concat", "abc", INPUTS(a, y), ATTRIBUTES(INTEGERS("axis", -3)));
    y = add_unary(graph, "Relu", "y", add_batchnorm(graph, "bn", &source, y));
    mark_and_verify(graph, y);
    mcomp_simplify_info info;
    mcomp_graph *after = simplify(graph, &info);
    assert_ops(after, "Conv,Conv,Conv,Concat,Concat,Relu");
    assert_same_results(graph, after, ROUNDED);
    assert_int_equal(info.batchnorms_folded, 1);
    const float *shift = graph->values[node_of(graph, "bn")->inputs[2]].constant->data;
    assert_true(mc_node_attribute(node_of(after, "c"), "output_mean")->floats[0] == shift[5]);
    mcomp_graph_destroy(after);
    end_graph(graph);
}

static void test_concats_that_stay(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        mcomp_value x = begin("concats that stay");
        mcomp_value a = conv_of("a", x, 3, 1), b = conv_of("b", x, 3, 3);
        const char *wanted = "Conv,Conv,Concat,BatchNormalization";
        int64_t axis = 1;
        if (i == 0) { /* another reader */
            assert_ok(mcomp_graph_mark_output(graph, add_unary(graph, "Softmax", "other", a)));
            wanted = "Conv,Conv,Softmax,Concat,BatchNormalization";
        } else if (i == 1) { /* not the sums any more */
            b = add_unary(graph, "Relu", "relu", b);
        } else if (i == 2) { /* no Conv */
            b = add_unary(graph, "Softmax", "softmax", b);
            wanted = "Conv,Conv,Softmax,Concat,BatchNormalization";
        } else if (i == 3) { /* the same one twice */
            b = a;
            wanted = "Conv,Concat,BatchNormalization";
        } else { /* not along the channels: each channel is in both, but that is not looked at */
            axis = 2;
        }
        mcomp_value y =
            add_node(graph, "Concat", "ab", INPUTS(a, b), ATTRIBUTES(INTEGERS("axis", axis)));
        assert_becomes(graph, add_batchnorm(graph, "bn", &source, y), wanted, SAME);
    }
}

/* Padding is scaled and shifted too: to one number, or the Pad stays before the affine. */
static void test_past_pad(void **state)
{
    (void)state;
    for (int i = 0; i < 7; i++) {
        mcomp_value x = begin("past pad");
        mcomp_value y = conv_of("conv", x, 4, 3);
        const char *wanted = "Conv,Pad,Sigmoid";
        mcomp_value each = add_numbers("each", 3, SHAPE(i == 5 ? 5 : 4, 1, 1), true);
        mcomp_value one = add_scalar(graph, "one", 1.5f);
        if (i < 4)
            y = add_pad(graph, "pad", y, 1, 2, 0, 1, i == 0 || i == 2 ? 0 : 0.75f);
        else if (i == 4)
            y = add_node(graph, "Pad", "pad",
                         INPUTS(y, add_integers(graph, "pads", 8, SHAPE(0, 0, 1, 2, 0, 0, 0, 1))),
                         ATTRIBUTES(TEXT("mode", "edge")));
        else
            y = add_node(graph, "Pad", "pad",
                         INPUTS(y, add_integers(graph, "pads", 8, SHAPE(0, 1, 1, 2, 0, 0, 0, 1))),
                         ATTRIBUTES(TEXT("mode", i == 5 ? "edge" : "constant")));
        if (i == 0 || i == 4 || i == 5) {
            y = add_binary(graph, "Mul", "affine", y, each); /* 0 stays 0 */
        } else if (i == 1) {
            y = add_binary(graph, "Sub", "affine", one, y); /* one number */
        } else if (i == 6) {
            y = add_binary(graph, "Mul", "affine", y, one);
        } else { /* another number for each channel */
            y = add_binary(graph, i == 2 ? "Add" : "Mul", "affine", y, each);
            wanted = i == 2 ? "Conv,Pad,Add,Sigmoid" : "Conv,Pad,Mul,Sigmoid";
        }
        if (i >= 5) /* channels are added */
            wanted = NULL;
        y = add_unary(graph, "Sigmoid", "y", y);
        assert_becomes(graph, y, wanted ? wanted : "Conv,Pad,Mul,Sigmoid", ROUNDED);
    }
}

static void test_past_pools(void **state)
{
    (void)state;
    for (int i = 0; i < 8; i++) {
        mcomp_value x = begin("past pools");
        mcomp_value y = conv_of("conv", x, 4, 3);
        bool include = i == 6 || i == 7;
        if (i < 3)
            y = add_node(graph, "MaxPool", "pool", INPUTS(y),
                         ATTRIBUTES(INTEGERS("kernel_shape", 3, 3), INTEGERS("pads", 1, 1, 1, 1)));
        else if (i == 3)
            y = add_unary(graph, "GlobalAveragePool", "pool", y);
        else
            y = add_node(graph, "AveragePool", "pool", INPUTS(y),
                         ATTRIBUTES(INTEGERS("kernel_shape", 3, 3), INTEGERS("pads", 1, 0, 1, 1),
                                    INTEGERS("count_include_pad", include),
                                    INTEGERS("ceil_mode", i == 5), INTEGERS("strides", 2, 2)));
        mcomp_value scale = add_numbers("scale", 3, SHAPE(4, 1, 1), i == 1);
        mcomp_value shift = add_numbers("shift", 3, SHAPE(4, 1, 1), true);
        if (i == 1)
            ((float *)graph->values[scale].constant->data)[2] = -1; /* the least one is wanted */
        if (i != 7)
            y = add_binary(graph, "Mul", "scaled", y, scale);
        if (i != 1 && i != 6)
            y = add_binary(graph, "Add", "shifted", y, shift);
        const char *pool = graph->nodes[1].op->name;
        char wanted[64];
        snprintf(wanted, sizeof wanted, "Conv,%s%s", pool,
                 i == 1   ? ",Mul"
                 : i == 7 ? ",Add" /* padding counts, and was not shifted */
                          : "");
        assert_becomes(graph, y, wanted, ROUNDED);
    }
}

/* Nodes that look like affines of channels and are none, and weights that must stay. */
static void test_that_stay(void **state)
{
    (void)state;
    for (int i = 0; i < 8; i++) {
        mcomp_value x = begin("that stay"), y = conv_of("conv", x, 4, 1), c;
        const char *wanted = "Conv,Mul,Sigmoid";
        switch (i) {
        case 0: /* a quotient */
            c = add_numbers("c", 3, SHAPE(4, 1, 1), true);
            y = add_binary(graph, "Div", "affine", c, add_unary(graph, "HardSigmoid", "h", y));
            wanted = "Conv,HardSigmoid,Div,Sigmoid";
            break;
        case 1: /* columns */
            y = add_binary(graph, "Mul", "affine", y, add_numbers("c", 1, SHAPE(5), true));
            break;
        case 2: /* wider than the operand */
            y = add_unary(graph, "GlobalAveragePool", "pool", y);
            y = add_binary(graph, "Mul", "affine", y, add_numbers("c", 1, SHAPE(5), true));
            wanted = "Conv,GlobalAveragePool,Mul,Sigmoid";
            break;
        case 3: /* division by 0, or a quotient beyond float32 */
        case 7:
            y = add_binary(graph, "Div", "affine", y, add_scalar(graph, "c", i == 3 ? 0 : 1e-40f));
            wanted = "Conv,Div,HardSigmoid";
            break;
        case 4: /* the Conv's result is an output */
            assert_ok(mcomp_graph_mark_output(graph, y));
            y = add_binary(graph, "Mul", "affine", y, add_scalar(graph, "c", 3));
            break;
        case 5: /* the Conv clamps */
            y = add_clip(graph, "clip", y, -0.25f, 0.25f);
            y = add_binary(graph, "Mul", "affine", y, add_scalar(graph, "c", 3));
            break;
        default: { /* the weight is encoded */
            const int8_t integers[6] = {1, -2, 3, 4, 5, -6};
            const float scale = 0.5f;
            mcomp_tensor *weight = NULL;
            assert_ok(mcomp_tensor_create_quantized(graph->context, MCOMP_DTYPE_S8, 4,
                                                    SHAPE(2, 3, 1, 1), integers, &scale, NULL, 1,
                                                    &weight));
            y = add_node(graph, "Conv", "encoded", INPUTS(x, add_tensor(graph, "w", weight)),
                         NO_ATTRIBUTES);
            y = add_binary(graph, "Mul", "affine", y, add_scalar(graph, "c", 3));
        }
        }
        y = add_unary(graph, i == 3 || i == 7 ? "HardSigmoid" : "Sigmoid", "y", y);
        assert_becomes(graph, y, wanted, SAME);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_into_conv),         cmocka_unit_test(test_into_gemm),
        cmocka_unit_test(test_statistics),        cmocka_unit_test(test_past_concat),
        cmocka_unit_test(test_concats_that_stay), cmocka_unit_test(test_past_pad),
        cmocka_unit_test(test_past_pools),        cmocka_unit_test(test_that_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
