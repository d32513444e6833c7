/* Rewrites of float graphs: each one does its work, and none changes a result. */
#include "simplify_fixture.h"

static void test_no_ops(void **state)
{
    (void)state;
    mcomp_graph *graph = new_graph();
    mcomp_value x = add_input(graph, "x", 3, 4, 5);
    mcomp_value y = add_node(graph, "Identity", "i1", INPUTS(x), NO_ATTRIBUTES);
    y = add_node(graph, "Relu", "relu", INPUTS(y), NO_ATTRIBUTES);
    mcomp_value pads = add_integers(graph, "pads", 8, SHAPE(0, 0, 0, 0, 0, 0, 0, 0));
    y = add_node(graph, "Pad", "pad", INPUTS(y, pads), NO_ATTRIBUTES);
    mcomp_value starts = add_integers(graph, "starts", 1, SHAPE(0));
    mcomp_value ends = add_integers(graph, "ends", 1, SHAPE(INT64_MAX));
    mcomp_value axes = add_integers(graph, "axes", 1, SHAPE(2));
    y = add_node(graph, "Slice", "slice", INPUTS(y, starts, ends, axes), NO_ATTRIBUTES);
    y = add_node(graph, "Concat", "concat", INPUTS(y), ATTRIBUTES(INTEGERS("axis", 1)));
    y = add_node(graph, "Flatten", "flat", INPUTS(y), NO_ATTRIBUTES);
    y = add_node(graph, "Flatten", "flat again", INPUTS(y), NO_ATTRIBUTES);
    y = add_node(graph, "Identity", "y", INPUTS(y), NO_ATTRIBUTES);
    mark_and_verify(graph, y);
    mcomp_simplify_info info;
    mcomp_graph *after = simplify_checked(graph, &info);
    assert_ops(after, "Relu,Flatten");
    assert_int_equal(info.no_ops_removed, 6);
    mcomp_graph_destroy(after);
    end_graph(graph);
}

/* Nodes that look like no-ops and are none. */
static void test_movers_that_stay(void **state)
{
    (void)state;
    mcomp_graph *graph = new_graph();
    mcomp_value x = add_input(graph, "x", 3, 1, 5);
    mcomp_value pads = add_integers(graph, "pads", 8, SHAPE(0, 0, 0, 1, 0, 0, 0, 0));
    mcomp_value y = add_node(graph, "Pad", "pad", INPUTS(x, pads), NO_ATTRIBUTES);
    mcomp_value starts = add_integers(graph, "starts", 1, SHAPE(1));
    mcomp_value ends = add_integers(graph, "ends", 1, SHAPE(6));
    mcomp_value axes = add_integers(graph, "axes", 1, SHAPE(3));
    y = add_node(graph, "Slice", "slice", INPUTS(y, starts, ends, axes), NO_ATTRIBUTES);
    y = add_node(graph, "Concat", "concat", INPUTS(y, y), ATTRIBUTES(INTEGERS("axis", 1)));
    mark_and_verify(graph, y);
    mcomp_simplify_info info;
    mcomp_graph *after = simplify_checked(graph, &info);
    assert_ops(after, "Pad,Slice,Concat");
    assert_int_equal(info.no_ops_removed, 0);
    mcomp_graph_destroy(after);
    end_graph(graph);
}

/* A no-op stays where an output would lose its name or its node. */
static void test_outputs_keep_their_names(void **state)
{
    (void)state;
    mcomp_graph *graph = new_graph();
    mcomp_value x = add_input(graph, "x", 3, 4, 5);
    mcomp_value through = add_node(graph, "Identity", "through", INPUTS(x), NO_ATTRIBUTES);
    mcomp_value y = add_node(graph, "Relu", "relu", INPUTS(x), NO_ATTRIBUTES);
    mcomp_value second = add_node(graph, "Identity", "second", INPUTS(y), NO_ATTRIBUTES);
    mcomp_value third = add_node(graph, "Identity", "third", INPUTS(second), NO_ATTRIBUTES);
    mcomp_value read = add_node(graph, "Softmax", "softmax", INPUTS(second), NO_ATTRIBUTES);
    assert_ok(mcomp_graph_mark_output(graph, through));
    assert_ok(mcomp_graph_mark_output(graph, third));
    assert_ok(mcomp_graph_mark_output(graph, second));
    assert_ok(mcomp_graph_mark_output(graph, second));
    mark_and_verify(graph, read);
    mcomp_simplify_info info;
    mcomp_graph *after = simplify_checked(graph, &info);
    assert_ops(after, "Identity,Relu,Identity,Softmax");
    assert_int_equal(info.no_ops_removed, 1);
    mcomp_graph_destroy(after);
    end_graph(graph);
}

static void test_dead_nodes_go(void **state)
{
    (void)state;
    test_random random = test_random_begin("dead nodes");
    mcomp_graph *graph = new_graph();
    mcomp_value x = add_input(graph, "x", 3, 4, 5);
    mcomp_value y = add_node(graph, "Relu", "y", INPUTS(x), NO_ATTRIBUTES);
    mcomp_value dead = add_conv(graph, "dead", &random, y, 4, 1, 1, true);
    add_node(graph, "Relu", "dead relu", INPUTS(dead), NO_ATTRIBUTES);
    mark_and_verify(graph, y);
    mcomp_simplify_info info;
    mcomp_graph *after = simplify_checked(graph, &info);
    assert_ops(after, "Relu");
    assert_int_equal(after->value_count, 2);
    assert_int_equal(info.activations_fused, 0);
    mcomp_graph_destroy(after);
    end_graph(graph);
}

static void test_activations(void **state)
{
    (void)state;
    test_random random = test_random_begin("activations");
    mcomp_graph *graph = new_graph();
    mcomp_value x = add_input(graph, "x", 3, 6, 5);
    mcomp_value low = add_scalar(graph, "low", -0.5f), high = add_scalar(graph, "high", 0.75f);
    mcomp_value y = add_conv(graph, "conv", &random, x, 4, 3, 1, true);
    y = add_node(graph, "Clip", "clip", INPUTS(y, low, high), NO_ATTRIBUTES);
    y = add_node(graph, "Relu", "relu", INPUTS(y), NO_ATTRIBUTES);
    mcomp_value z = add_conv(graph, "other", &random, x, 4, 1, 1, false);
    z = add_node(graph, "Relu", "other relu", INPUTS(z), NO_ATTRIBUTES);
    mcomp_value sum = add_node(graph, "Add", "sum", INPUTS(y, z), NO_ATTRIBUTES);
    sum = add_node(graph, "Clip", "sum clip", INPUTS(sum, MCOMP_NO_VALUE, high), NO_ATTRIBUTES);
    mcomp_value flat = add_node(graph, "Flatten", "flat", INPUTS(sum), NO_ATTRIBUTES);
    mcomp_value w = add_random(graph, "w", &random, 2, SHAPE(120, 7));
    mcomp_value g = add_node(graph, "Gemm", "gemm", INPUTS(flat, w), NO_ATTRIBUTES);
    g = add_node(graph, "Relu", "out", INPUTS(g), NO_ATTRIBUTES);
    mark_and_verify(graph, g);
    mcomp_simplify_info info;
    mcomp_graph *after = simplify_checked(graph, &info);
    assert_ops(after, "Conv,Conv,Add,Flatten,Gemm");
    assert_int_equal(info.activations_fused, 5);
    const mc_activation *conv = &node_of(after, "conv")->params.activation;
    assert_true(conv->clamp && conv->low == 0 && conv->high == 0.75f);
    const mc_activation *add = &node_of(after, "sum")->params.activation;
    assert_true(add->clamp && isinf(add->low) && add->high == 0.75f);
    assert_true(node_of(after, "out")->params.activation.low == 0);
    mcomp_graph_destroy(after);
    end_graph(graph);
}

/* Clip after Clip, ranges that do not meet included: what the first one gave is clamped again. */
static void test_activations_compose(void **state)
{
    (void)state;
    static const float ranges[][4] = {{-1, 1, 0, 2},        {0, 1, 2, 3},  {2, 3, 0, 1},
                                      {-0.5f, 0.5f, -1, 1}, {1, -1, 0, 2}, {0, 2, 1, -1}};
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        test_random random = {.state = i};
        mcomp_graph *graph = new_graph();
        mcomp_value x = add_input(graph, "x", 2, 5, 5);
        mcomp_value y = add_conv(graph, "conv", &random, x, 3, 1, 1, false);
        for (int k = 0; k < 2; k++) {
            const char *const names[2][3] = {{"l0", "h0", "c0"}, {"l1", "h1", "c1"}};
            mcomp_value low = add_scalar(graph, names[k][0], ranges[i][2 * k]);
            mcomp_value high = add_scalar(graph, names[k][1], ranges[i][2 * k + 1]);
            y = add_node(graph, "Clip", names[k][2], INPUTS(y, low, high), NO_ATTRIBUTES);
        }
        mark_and_verify(graph, y);
        mcomp_simplify_info info;
        mcomp_graph *after = simplify(graph, &info);
        assert_same_results(graph, after, 0);
        assert_ops(after, "Conv");
        mcomp_graph_destroy(after);
        end_graph(graph);
    }
}

/* An activation stays apart where its input is also read elsewhere, is an output, or no sum. */
static void test_activations_that_stay(void **state)
{
    (void)state;
    test_random random = test_random_begin("activations that stay");
    mcomp_graph *graph = new_graph();
    mcomp_value x = add_input(graph, "x", 3, 6, 5);
    mcomp_value shared = add_conv(graph, "shared", &random, x, 3, 3, 1, true);
    mcomp_value a = add_node(graph, "Relu", "a", INPUTS(shared), NO_ATTRIBUTES);
    mcomp_value b = add_node(graph, "Softmax", "b", INPUTS(shared), NO_ATTRIBUTES);
    mcomp_value output = add_conv(graph, "output", &random, x, 3, 1, 1, true);
    mcomp_value c = add_node(graph, "Relu", "c", INPUTS(output), NO_ATTRIBUTES);
    mcomp_value pool =
        add_node(graph, "MaxPool", "pool", INPUTS(x), ATTRIBUTES(INTEGERS("kernel_shape", 2, 2)));
    mcomp_value d = add_node(graph, "Relu", "d", INPUTS(pool), NO_ATTRIBUTES);
    mcomp_value twice = add_conv(graph, "twice", &random, x, 3, 1, 1, true);
    mcomp_value e = add_node(graph, "Relu", "e", INPUTS(twice), NO_ATTRIBUTES);
    mcomp_value f = add_node(graph, "Add", "f", INPUTS(e, twice), NO_ATTRIBUTES);
    const mcomp_value outputs[] = {a, b, output, c, d, f};
    for (size_t i = 0; i < 6; i++)
        assert_ok(mcomp_graph_mark_output(graph, outputs[i]));
    assert_ok(mcomp_graph_verify(graph));
    mcomp_simplify_info info;
    mcomp_graph *after = simplify_checked(graph, &info);
    assert_int_equal(info.activations_fused, 0);
    assert_int_equal(info.residuals_fused, 0);
    assert_int_equal(after->node_count, graph->node_count);
    mcomp_graph_destroy(after);
    end_graph(graph);
}

static void test_residuals(void **state)
{
    (void)state;
    test_random random = test_random_begin("residuals");
    mcomp_graph *graph = new_graph();
    mcomp_value x = add_input(graph, "x", 4, 6, 5);
    /* The Conv may be either input, and is moved behind what it adds. */
    mcomp_value early = add_conv(graph, "early", &random, x, 4, 3, 1, true);
    mcomp_value late = add_node(graph, "Relu", "late", INPUTS(x), NO_ATTRIBUTES);
    mcomp_value sum = add_node(graph, "Add", "sum1", INPUTS(early, late), NO_ATTRIBUTES);
    sum = add_node(graph, "Relu", "relu1", INPUTS(sum), NO_ATTRIBUTES);
    mcomp_value second = add_conv(graph, "second", &random, sum, 4, 3, 1, false);
    sum = add_node(graph, "Add", "sum2", INPUTS(sum, second), NO_ATTRIBUTES);
    /* Two Convs: the later one adds the other. */
    mcomp_value left = add_conv(graph, "left", &random, sum, 4, 1, 1, true);
    mcomp_value right = add_conv(graph, "right", &random, sum, 4, 3, 1, true);
    sum = add_node(graph, "Add", "sum3", INPUTS(left, right), NO_ATTRIBUTES);
    mark_and_verify(graph, sum);
    mcomp_simplify_info info;
    mcomp_graph *after = simplify_checked(graph, &info);
    assert_ops(after, "Relu,Conv,Conv,Conv,Conv");
    assert_int_equal(info.residuals_fused, 3);
    assert_int_equal(info.activations_fused, 1);
    assert_true(node_of(after, "early")->params.activation.low == 0);
    assert_int_equal(node_of(after, "sum3")->input_count, 4);
    assert_int_equal(node_of(after, "left")->input_count, 3);
    mcomp_graph_destroy(after);
    end_graph(graph);
}

static void test_residuals_that_stay(void **state)
{
    (void)state;
    test_random random = test_random_begin("residuals that stay");
    mcomp_graph *graph = new_graph();
    mcomp_value x = add_input(graph, "x", 4, 6, 5);
    mcomp_value itself = add_conv(graph, "itself", &random, x, 4, 1, 1, true);
    mcomp_value y1 = add_node(graph, "Add", "y1", INPUTS(itself, itself), NO_ATTRIBUTES);
    mcomp_value clamped = add_conv(graph, "clamped", &random, x, 4, 1, 1, true);
    clamped = add_node(graph, "Relu", "relu", INPUTS(clamped), NO_ATTRIBUTES);
    mcomp_value y2 = add_node(graph, "Add", "y2", INPUTS(x, clamped), NO_ATTRIBUTES);
    mcomp_value shared = add_conv(graph, "shared", &random, x, 4, 1, 1, true);
    mcomp_value y3 = add_node(graph, "Add", "y3", INPUTS(x, shared), NO_ATTRIBUTES);
    mcomp_value broadcast = add_random(graph, "row", &random, 1, SHAPE(5));
    mcomp_value row = add_conv(graph, "row conv", &random, x, 4, 1, 1, true);
    mcomp_value y4 = add_node(graph, "Add", "y4", INPUTS(row, broadcast), NO_ATTRIBUTES);
    const mcomp_value outputs[] = {y1, y2, y3, shared, y4};
    for (size_t i = 0; i < 5; i++)
        assert_ok(mcomp_graph_mark_output(graph, outputs[i]));
    assert_ok(mcomp_graph_verify(graph));
    mcomp_simplify_info info;
    mcomp_graph *after = simplify_checked(graph, &info);
    assert_int_equal(info.residuals_fused, 0);
    assert_ops(after, "Conv,Add,Conv,Add,Conv,Add,Conv,Add");
    mcomp_graph_destroy(after);
    end_graph(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_ops),
        cmocka_unit_test(test_movers_that_stay),
        cmocka_unit_test(test_outputs_keep_their_names),
        cmocka_unit_test(test_dead_nodes_go),
        cmocka_unit_test(test_activations),
        cmocka_unit_test(test_activations_compose),
        cmocka_unit_test(test_activations_that_stay),
        cmocka_unit_test(test_residuals),
        cmocka_unit_test(test_residuals_that_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
