/* Operators of two operands: which shapes broadcast to which result, and what is refused. */
#include <math.h>

#include "graph_fixture.h"

#define SHAPE_ERROR  MCOMP_ERR_SHAPE
#define UNSUPPORTED  MCOMP_ERR_UNSUPPORTED
#define BAD_ARGUMENT MCOMP_ERR_INVALID_ARGUMENT

static const char *const arithmetic[] = {"Add", "Sub", "Mul", "Div"};

static mcomp_value zeros(mcomp_graph *graph, const char *name, uint32_t rank, const int64_t *shape)
{
    return add_constant(graph, name, MCOMP_DTYPE_F32, rank, shape, NULL);
}

static mcomp_value add_ranked(mcomp_graph *graph, const char *name, uint32_t rank,
                              const int64_t *shape)
{
    mcomp_value value;
    assert_ok(mcomp_graph_add_input(graph, name, rank, shape, &value));
    return value;
}

static void test_shapes(void **state)
{
    (void)state;
    static const struct {
        uint32_t rank_a, rank_b, rank;
        int64_t a[6], b[6], result[6]; /* -1 first: an activation */
    } good[] = {
        {4, 4, 4, {-1, 3, 4, 5}, {-1, 3, 4, 5}, {-1, 3, 4, 5}},
        {4, 4, 4, {-1, 3, 4, 5}, {-1, 3, 1, 1}, {-1, 3, 4, 5}},
        {4, 4, 4, {-1, 1, 4, 1}, {-1, 3, 1, 5}, {-1, 3, 4, 5}},
        {4, 0, 4, {-1, 3, 4, 5}, {0}, {-1, 3, 4, 5}},
        {4, 1, 4, {-1, 3, 4, 5}, {1}, {-1, 3, 4, 5}},
        {4, 3, 4, {-1, 3, 4, 5}, {3, 1, 1}, {-1, 3, 4, 5}},
        {4, 4, 4, {-1, 3, 4, 5}, {1, 3, 4, 5}, {-1, 3, 4, 5}},
        {3, 2, 3, {-1, 1, 4}, {3, 1}, {-1, 3, 4}},
        {2, 2, 2, {-1, 5}, {1, 5}, {-1, 5}},
        {1, 0, 1, {-1}, {0}, {-1}},
        {6, 3, 6, {-1, 1, 1, 1, 1, 1}, {2, 3, 4}, {-1, 1, 1, 2, 3, 4}},
    };
    for (size_t op = 0; op < 4; op++)
        for (size_t i = 0; i < sizeof good / sizeof *good; i++)
            for (int swapped = 0; swapped < 2; swapped++) {
                mcomp_graph *graph = new_graph();
                bool both = good[i].rank_b > 0 && good[i].b[0] == MCOMP_BATCH;
                mcomp_value a = add_ranked(graph, "a", good[i].rank_a, good[i].a);
                mcomp_value b = both ? add_ranked(graph, "b", good[i].rank_b, good[i].b)
                                     : zeros(graph, "b", good[i].rank_b, good[i].b);
                mcomp_value y = add_node(graph, arithmetic[op], "y",
                                         INPUTS(swapped ? b : a, swapped ? a : b), NO_ATTRIBUTES);
                assert_shape(graph, y, good[i].rank, good[i].result);
                /* Where the order says nothing, a constant is the second input. */
                bool ordered = op == 1 || op == 3;
                mcomp_value first = swapped && (both || ordered) ? b : a;
                assert_int_equal(graph->nodes[0].inputs[0], first);
                assert_int_equal(graph->nodes[0].inputs[1], first == a ? b : a);
                end_graph(graph);
            }
}

static void test_refused_shapes(void **state)
{
    (void)state;
    static const struct {
        uint32_t rank_a, rank_b;
        int64_t a[5], b[5];
        const char *message;
    } bad[] = {
        {4, 2, {-1, 3, 4, 5}, {-1, 5}, "a [N, 3, 4, 5] and b [N, 5]: the batch would meet"},
        {2, 3, {-1, 5}, {3, 1, 5}, "the batch would meet another axis"},
        {2, 3, {-1, 5}, {1, 1, 5}, "the batch would meet another axis"},
        {4, 4, {-1, 3, 4, 5}, {-1, 3, 2, 5}, "the extents do not broadcast"},
        {4, 1, {-1, 3, 4, 5}, {4}, "the extents do not broadcast"},
        {4, 4, {-1, 3, 4, 5}, {2, 3, 4, 5}, "a constant has more than one image"},
        {2, 2, {-1, 5}, {7, 1}, "a constant has more than one image"},
        {2, 1, {-1, 5}, {0}, "b) is empty"},
    };
    for (size_t op = 0; op < 4; op++)
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
            for (int swapped = 0; swapped < 2; swapped++) {
                mcomp_graph *graph = new_graph();
                bool both = bad[i].b[0] == MCOMP_BATCH;
                mcomp_value a = add_ranked(graph, "a", bad[i].rank_a, bad[i].a);
                mcomp_value b = both ? add_ranked(graph, "b", bad[i].rank_b, bad[i].b)
                                     : zeros(graph, "b", bad[i].rank_b, bad[i].b);
                refuse(graph, SHAPE_ERROR, arithmetic[op], INPUTS(swapped ? b : a, swapped ? a : b),
                       NO_ATTRIBUTES);
                if (!swapped)
                    assert_message(bad[i].message);
                end_graph(graph);
            }
}

static void test_refused_operands(void **state)
{
    (void)state;
    mcomp_graph *graph = new_graph();
    mcomp_value x = add_input(graph, "x", 3, 4, 5), scalar = add_scalar(graph, "scalar", 1);
    mcomp_value integers = add_integers(graph, "integers", 1, SHAPE(1));
    mcomp_value q = add_quantize(graph, "q", x, 0.1f, MCOMP_DTYPE_U8, 3);
    mcomp_value pooled = add_node(graph, "GlobalMaxPool", "pooled", INPUTS(q), NO_ATTRIBUTES);
    for (size_t op = 0; op < 4; op++) {
        refuse(graph, UNSUPPORTED, arithmetic[op], INPUTS(scalar, scalar), NO_ATTRIBUTES);
        refuse(graph, SHAPE_ERROR, arithmetic[op], INPUTS(x, integers), NO_ATTRIBUTES);
        refuse(graph, SHAPE_ERROR, arithmetic[op], INPUTS(x, q), NO_ATTRIBUTES);
        refuse(graph, BAD_ARGUMENT, arithmetic[op], INPUTS(x, x),
               ATTRIBUTES(FLOATS("activation_low", NAN)));
        refuse(graph, UNSUPPORTED, arithmetic[op], INPUTS(x, x), ATTRIBUTES(FLOATS("alpha", 1)));
        mcomp_value y = add_node(graph, arithmetic[op], arithmetic[op], INPUTS(x, scalar),
                                 ATTRIBUTES(FLOATS("activation_low", 0.5f)));
        const mc_activation *activation =
            &graph->nodes[graph->values[y].producer].params.activation;
        assert_true(activation->clamp && activation->low == 0.5f && isinf(activation->high));
    }
    /* Integers: Add of equal shapes only. */
    const mcomp_attribute quantized[] = {QUANTIZED("u8", 0.1f, 3)};
    refuse(graph, BAD_ARGUMENT, "Add", INPUTS(x, x), quantized, 3);
    refuse(graph, UNSUPPORTED, "Mul", INPUTS(q, q), quantized, 3);
    refuse(graph, SHAPE_ERROR, "Mul", INPUTS(q, q), NO_ATTRIBUTES);
    refuse(graph, UNSUPPORTED, "Add", INPUTS(q, scalar), quantized, 3);
    refuse(graph, SHAPE_ERROR, "Add", INPUTS(q, pooled), quantized, 3);
    assert_message("quantised operands must have equal shapes");
    end_graph(graph);
}

static void test_prelu(void **state)
{
    (void)state;
    mcomp_graph *graph = new_graph();
    mcomp_value x = add_input(graph, "x", 3, 4, 5), gate = add_input(graph, "gate", 3, 1, 1);
    mcomp_value slope = zeros(graph, "slope", 3, SHAPE(3, 1, 1));
    assert_shape(graph, add_node(graph, "PRelu", "y", INPUTS(x, slope), NO_ATTRIBUTES), 4,
                 SHAPE(-1, 3, 4, 5));
    refuse(graph, SHAPE_ERROR, "PRelu", INPUTS(gate, zeros(graph, "wide", 2, SHAPE(4, 5))),
           NO_ATTRIBUTES);
    assert_message("the slope has more elements than the input");
    refuse(graph, SHAPE_ERROR, "PRelu", INPUTS(x, zeros(graph, "three", 1, SHAPE(3))),
           NO_ATTRIBUTES);
    refuse(graph, UNSUPPORTED, "PRelu", INPUTS(x, gate), NO_ATTRIBUTES);
    refuse(graph, UNSUPPORTED, "PRelu", INPUTS(slope, x), NO_ATTRIBUTES);
    refuse(graph, UNSUPPORTED, "PRelu", INPUTS(x, slope), ATTRIBUTES(FLOATS("activation_low", 0)));
    end_graph(graph);
}

static void test_mat_mul(void **state)
{
    (void)state;
    static const struct {
        uint32_t rank_a, rank_b, rank;
        int64_t a[5], b[5], result[5];
        uint64_t macs;
        bool weighs;
    } good[] = {
        {2, 2, 2, {-1, 6}, {6, 4}, {-1, 4}, 24, true},
        {3, 2, 3, {-1, 5, 6}, {6, 4}, {-1, 5, 4}, 120, true},
        {3, 3, 3, {-1, 5, 6}, {-1, 6, 4}, {-1, 5, 4}, 120, false},
        {3, 3, 3, {-1, 5, 6}, {1, 6, 4}, {-1, 5, 4}, 120, false},
        {4, 4, 4, {-1, 1, 5, 6}, {-1, 3, 6, 4}, {-1, 3, 5, 4}, 360, false},
        {4, 4, 4, {-1, 3, 5, 6}, {-1, 1, 6, 1}, {-1, 3, 5, 1}, 90, false},
        {4, 3, 4, {-1, 1, 5, 6}, {3, 6, 4}, {-1, 3, 5, 4}, 360, false},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        mcomp_graph *graph = new_graph();
        mcomp_value a = add_ranked(graph, "a", good[i].rank_a, good[i].a);
        mcomp_value b = good[i].b[0] == MCOMP_BATCH
                            ? add_ranked(graph, "b", good[i].rank_b, good[i].b)
                            : zeros(graph, "b", good[i].rank_b, good[i].b);
        mcomp_value y = add_node(graph, "MatMul", "y", INPUTS(a, b), NO_ATTRIBUTES);
        assert_shape(graph, y, good[i].rank, good[i].result);
        assert_int_equal(graph->nodes[0].macs, good[i].macs);
        assert_int_equal(mc_node_has_weight(graph, &graph->nodes[0]), good[i].weighs);
        mark_and_verify(graph, y);
        assert_int_equal(graph->parameters, good[i].weighs ? 24 : 0);
        end_graph(graph);
    }
}

static void test_refused_mat_mul(void **state)
{
    (void)state;
    mcomp_graph *graph = new_graph();
    mcomp_value list = add_input(graph, "list", 6, 0, 0), w = zeros(graph, "w", 2, SHAPE(6, 4));
    mcomp_value x = add_input(graph, "x", 3, 5, 6), turned = zeros(graph, "t", 2, SHAPE(4, 6));
    mcomp_value batch = add_ranked(graph, "batch", 1, SHAPE(-1));
    const mcomp_attribute transposed[] = {INTEGERS("transB", 1)};
    assert_shape(graph, add_node(graph, "MatMul", "ours", INPUTS(x, turned), transposed, 1), 4,
                 SHAPE(-1, 3, 5, 4));
    refuse(graph, SHAPE_ERROR, "MatMul", INPUTS(x, turned), NO_ATTRIBUTES);
    assert_message("x [N, 3, 5, 6] and t [4, 6]: the last axis must be the other's last but one");
    refuse(graph, SHAPE_ERROR, "MatMul", INPUTS(x, w), transposed, 1);
    refuse(graph, SHAPE_ERROR, "MatMul", INPUTS(batch, w), NO_ATTRIBUTES);
    refuse(graph, SHAPE_ERROR, "MatMul", INPUTS(list, list), NO_ATTRIBUTES);
    assert_message("the batch would meet another axis");
    refuse(graph, SHAPE_ERROR, "MatMul", INPUTS(list, zeros(graph, "b3", 3, SHAPE(1, 6, 4))),
           NO_ATTRIBUTES);
    refuse(graph, SHAPE_ERROR, "MatMul", INPUTS(x, list), NO_ATTRIBUTES);
    refuse(graph, SHAPE_ERROR, "MatMul", INPUTS(x, zeros(graph, "v", 1, SHAPE(6))), NO_ATTRIBUTES);
    assert_message("the second operand must have rank 2 or more");
    refuse(graph, SHAPE_ERROR, "MatMul", INPUTS(x, zeros(graph, "b2", 3, SHAPE(2, 6, 4))),
           NO_ATTRIBUTES);
    assert_message("the extents do not broadcast");
    refuse(graph, SHAPE_ERROR, "MatMul", INPUTS(x, zeros(graph, "many", 4, SHAPE(2, 3, 6, 4))),
           NO_ATTRIBUTES);
    refuse(graph, UNSUPPORTED, "MatMul", INPUTS(x, zeros(graph, "k", 3, SHAPE(3, 6, 4))),
           transposed, 1);
    refuse(graph, UNSUPPORTED, "MatMul", INPUTS(w, list), NO_ATTRIBUTES);
    refuse(graph, SHAPE_ERROR, "MatMul", INPUTS(x, zeros(graph, "none", 2, SHAPE(6, 0))),
           NO_ATTRIBUTES);
    refuse(graph, MCOMP_ERR_INVALID_ARGUMENT, "MatMul", INPUTS(x, w),
           ATTRIBUTES(INTEGERS("transB", 2)));
    mcomp_value q = add_quantize(graph, "q", x, 0.1f, MCOMP_DTYPE_U8, 3);
    refuse(graph, SHAPE_ERROR, "MatMul", INPUTS(q, w), NO_ATTRIBUTES);
    assert_message("q) is uint8, must be float32");
    end_graph(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),           cmocka_unit_test(test_refused_shapes),
        cmocka_unit_test(test_refused_operands), cmocka_unit_test(test_prelu),
        cmocka_unit_test(test_mat_mul),          cmocka_unit_test(test_refused_mat_mul),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
