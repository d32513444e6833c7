/* Rewrites and operands that broadcast: what folds where shapes are equal must stay where a result is
 * wider than the operand, and every result stays what it was. */
#include "simplify_fixture.h"

/* A Conv of one pixel or one channel, added to something wider: no residual. */
static void test_wider_sums_are_no_residuals(void **state)
{
    (void)state;
    test_random random = test_random_begin("wider sums");
    mcomp_graph *graph = new_graph();
    mcomp_value x = add_input(graph, "x", 4, 6, 5), pixel = add_input(graph, "pixel", 4, 1, 1);
    mcomp_value gate = add_conv(graph, "gate", &random, pixel, 4, 1, 1, true);
    mcomp_value one = add_conv(graph, "one", &random, x, 1, 1, 1, true);
    mcomp_value wide = add_conv(graph, "wide", &random, x, 4, 3, 1, true);
    assert_ok(mcomp_graph_mark_output(
        graph, add_node(graph, "Add", "y1", INPUTS(gate, x), NO_ATTRIBUTES)));
    assert_ok(mcomp_graph_mark_output(graph,
                                      add_node(graph, "Add", "y2", INPUTS(x, one), NO_ATTRIBUTES)));
    /* The other operand may be the narrow one: a residual has every element. */
    mark_and_verify(graph, add_node(graph, "Add", "y3", INPUTS(wide, pixel), NO_ATTRIBUTES));
    mcomp_simplify_info info;
    mcomp_graph *after = simplify_checked(graph, &info);
    assert_int_equal(info.residuals_fused, 0);
    mcomp_graph_destroy(after);
    end_graph(graph);
}

/* A number a channel is a bias only where the Conv has those channels. */
static void test_wider_constants_are_no_biases(void **state)
{
    (void)state;
    static const struct {
        int64_t channels, height;
        int64_t constant[3];
        bool folds;
    } cases[] = {{3, 4, {3, 1, 1}, true},
                 {3, 4, {1, 1, 1}, true},
                 {1, 4, {3, 1, 1}, false},
                 {3, 4, {1, 4, 1}, false},
                 {3, 1, {1, 4, 1}, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_random random = {.state = i};
        mcomp_graph *graph = new_graph();
        mcomp_value x = add_input(graph, "x", 2, cases[i].height, 5);
        mcomp_value y = add_conv(graph, "conv", &random, x, cases[i].channels, 1, 1, true);
        mcomp_value c = add_random(graph, "c", &random, 3, cases[i].constant);
        mark_and_verify(graph, add_node(graph, "Add", "y", INPUTS(y, c), NO_ATTRIBUTES));
        mcomp_simplify_info info;
        mcomp_graph *after = simplify_checked(graph, &info);
        assert_ops(after, cases[i].folds ? "Conv" : "Conv,Add");
        mcomp_graph_destroy(after);
        end_graph(graph);
    }
}

/* Every extent is as before, yet the elements are turned round. */
static void test_backward_slices_stay(void **state)
{
    (void)state;
    mcomp_graph *graph = new_graph();
    mcomp_value x = add_input(graph, "x", 3, 4, 5);
    mcomp_value starts = add_integers(graph, "starts", 1, SHAPE(-1));
    mcomp_value ends = add_integers(graph, "ends", 1, SHAPE(INT64_MIN));
    mcomp_value axes = add_integers(graph, "axes", 1, SHAPE(2));
    mcomp_value steps = add_integers(graph, "steps", 1, SHAPE(-1));
    mark_and_verify(
        graph, add_node(graph, "Slice", "y", INPUTS(x, starts, ends, axes, steps), NO_ATTRIBUTES));
    mcomp_simplify_info info;
    mcomp_graph *after = simplify_checked(graph, &info);
    assert_ops(after, "Slice");
    assert_int_equal(info.no_ops_removed, 0);
    mcomp_graph_destroy(after);
    end_graph(graph);
}

static mcomp_value add_pair(mcomp_graph *graph, const char *name, mcomp_value value, float scale)
{
    char q[32], dq[32];
    snprintf(q, sizeof q, "%s.q", name);
    snprintf(dq, sizeof dq, "%s.dq", name);
    return add_dequantize(graph, dq, add_quantize(graph, q, value, scale, MCOMP_DTYPE_U8, 100));
}

/* Between Q/DQ pairs of one scale, what moves elements computes on integers: the same bits. */
static void test_movers_become_integer(void **state)
{
    (void)state;
    mcomp_graph *graph = new_graph();
    mcomp_value y = add_pair(graph, "x", add_input(graph, "input", 3, 4, 6), 0.05f);
    mcomp_value list = add_integers(graph, "list", 3, SHAPE(0, 8, 9));
    y = add_node(graph, "Reshape", "l", INPUTS(y, list), NO_ATTRIBUTES);
    /* Between two Reshapes it has nowhere to go. */
    y = add_node(graph, "Transpose", "t", INPUTS(y), ATTRIBUTES(INTEGERS("perm", 0, 2, 1)));
    y = add_pair(graph, "t", y, 0.05f);
    mcomp_value shape = add_integers(graph, "shape", 4, SHAPE(0, -1, 2, 4));
    y = add_node(graph, "Reshape", "r", INPUTS(y, shape), NO_ATTRIBUTES);
    mcomp_value pads = add_integers(graph, "pads", 8, SHAPE(0, 1, 0, 2, 0, 0, 1, 0));
    y = add_node(graph, "Pad", "p", INPUTS(y, pads), ATTRIBUTES(TEXT("mode", "reflect")));
    y = add_pair(graph, "p", y, 0.05f);
    y = add_node(graph, "GlobalMaxPool", "g", INPUTS(y), NO_ATTRIBUTES);
    y = add_pair(graph, "y", y, 0.05f);
    mark_and_verify(graph, y);
    mcomp_simplify_info info;
    mcomp_graph *after = simplify(graph, &info);
    assert_same_results(graph, after, 0);
    assert_ops(after,
               "QuantizeLinear,Reshape,Transpose,Reshape,Pad,GlobalMaxPool,DequantizeLinear");
    assert_int_equal(info.quantized_nodes, 5);
    mcomp_graph_destroy(after);
    end_graph(graph);
}

/* The integer Add takes equal shapes; the others stay in float, between their pairs. */
static void test_wider_sums_stay_in_float(void **state)
{
    (void)state;
    mcomp_graph *graph = new_graph();
    mcomp_value x = add_pair(graph, "x", add_input(graph, "input", 3, 4, 6), 0.05f);
    mcomp_value pixel = add_pair(graph, "p", add_input(graph, "pixel", 3, 1, 1), 0.04f);
    mcomp_value y = add_node(graph, "Add", "sum", INPUTS(x, pixel), NO_ATTRIBUTES);
    y = add_pair(graph, "s", y, 0.07f);
    y = add_node(graph, "Mul", "product", INPUTS(y, pixel), NO_ATTRIBUTES);
    mark_and_verify(graph, add_pair(graph, "y", y, 0.09f));
    mcomp_simplify_info info;
    mcomp_graph *after = simplify(graph, &info);
    assert_same_results(graph, after, 0);
    assert_int_equal(info.quantized_nodes, 0);
    assert_int_equal(after->values[node_of(after, "sum")->output].dtype, MCOMP_DTYPE_F32);
    mcomp_graph_destroy(after);
    end_graph(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wider_sums_are_no_residuals),
        cmocka_unit_test(test_wider_constants_are_no_biases),
        cmocka_unit_test(test_backward_slices_stay),
        cmocka_unit_test(test_movers_become_integer),
        cmocka_unit_test(test_wider_sums_stay_in_float),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
