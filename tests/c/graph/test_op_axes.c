/* Operators that move or sum over axes, and those of one element: shapes, defaults, refusals. */
#include <math.h>

#include "graph_fixture.h"

#define SHAPE_ERROR  MCOMP_ERR_SHAPE
#define UNSUPPORTED  MCOMP_ERR_UNSUPPORTED
#define BAD_ARGUMENT MCOMP_ERR_INVALID_ARGUMENT

static mcomp_value shape_of(mcomp_graph *graph, const char *name, int64_t count,
                            const int64_t *extents)
{
    return add_integers(graph, name, count, extents);
}

static void test_reshape(void **state)
{
    (void)state;
    static const struct {
        int64_t count, shape[6], result[6];
    } good[] = {
        {2, {0, 60}, {-1, 60}},
        {2, {-1, 60}, {-1, 60}},
        {2, {0, -1}, {-1, 60}},
        {4, {0, 0, 0, 0}, {-1, 3, 4, 5}},
        {4, {0, 5, -1, 1}, {-1, 5, 12, 1}},
        {3, {-1, 0, 20}, {-1, 3, 20}},
        {6, {0, 1, 3, 2, 2, 5}, {-1, 1, 3, 2, 2, 5}},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        mcomp_graph *graph = new_graph();
        mcomp_value x = add_input(graph, "x", 3, 4, 5);
        mcomp_value shape = shape_of(graph, "shape", good[i].count, good[i].shape);
        assert_shape(graph, add_node(graph, "Reshape", "y", INPUTS(x, shape), NO_ATTRIBUTES),
                     (uint32_t)good[i].count, good[i].result);
        end_graph(graph);
    }
}

static void test_refused_reshape(void **state)
{
    (void)state;
    static const struct {
        mcomp_status status;
        int64_t count, shape[7];
        const char *message;
    } bad[] = {
        {UNSUPPORTED, 2, {1, 60}, "the first extent of the shape is 1, must be 0 or -1"},
        {UNSUPPORTED, 2, {-2, 60}, "the first extent of the shape is -2"},
        {UNSUPPORTED, 2, {60, -1}, "must be 0 or -1, for the batch"},
        {SHAPE_ERROR, 2, {0, 59}, "x [N, 3, 4, 5] cannot have the shape [0, 59]"},
        {SHAPE_ERROR, 2, {-1, 30}, "cannot have the shape [-1, 30]"},
        {SHAPE_ERROR, 3, {0, 7, -1}, "cannot have the shape [0, 7, -1]"},
        {SHAPE_ERROR, 3, {0, -60, -1}, "cannot have the shape"},
        {SHAPE_ERROR, 3, {0, INT64_MIN, 1}, "cannot have the shape"},
        {SHAPE_ERROR, 3, {0, INT64_MAX, INT64_MAX}, "cannot have the shape"},
        {SHAPE_ERROR, 6, {0, 60, 60, 60, 60, 60}, "cannot have the shape"},
        {BAD_ARGUMENT, 3, {0, -1, -1}, "more than one extent of the shape is -1"},
        {BAD_ARGUMENT, 2, {-1, -1}, "more than one extent of the shape is -1"},
        {SHAPE_ERROR, 5, {0, 3, 4, 5, 0}, "extent 4 of the shape is 0, and x has none to copy"},
        {SHAPE_ERROR, 1, {0}, "cannot have the shape [0]"},
        {SHAPE_ERROR, 7, {0, 1, 1, 1, 1, 1, 60}, ""},
    };
    mcomp_graph *graph = new_graph();
    mcomp_value x = add_input(graph, "x", 3, 4, 5);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char name[16];
        snprintf(name, sizeof name, "s%zu", i);
        refuse(graph, bad[i].status, "Reshape",
               INPUTS(x, shape_of(graph, name, bad[i].count, bad[i].shape)), NO_ATTRIBUTES);
        assert_message(bad[i].message);
    }
    mcomp_value copies = shape_of(graph, "copies", 2, SHAPE(0, -1));
    refuse(graph, UNSUPPORTED, "Reshape", INPUTS(x, copies), ATTRIBUTES(INTEGERS("allowzero", 1)));
    assert_message("extent 0 of the shape is 0, with allowzero");
    refuse(graph, UNSUPPORTED, "Reshape", INPUTS(copies, copies), NO_ATTRIBUTES);
    refuse(graph, UNSUPPORTED, "Reshape", INPUTS(x, x), NO_ATTRIBUTES);
    mcomp_value nothing = add_constant(graph, "nothing", MCOMP_DTYPE_S64, 1, SHAPE(0), NULL);
    refuse(graph, SHAPE_ERROR, "Reshape", INPUTS(x, nothing), NO_ATTRIBUTES);
    end_graph(graph);
}

static void test_transpose(void **state)
{
    (void)state;
    mcomp_graph *graph = new_graph();
    mcomp_value x = add_input(graph, "x", 3, 4, 5), batch;
    assert_ok(mcomp_graph_add_input(graph, "batch", 1, SHAPE(-1), &batch));
    assert_shape(
        graph,
        add_node(graph, "Transpose", "y", INPUTS(x), ATTRIBUTES(INTEGERS("perm", 0, 2, 3, 1))), 4,
        SHAPE(-1, 4, 5, 3));
    add_node(graph, "Transpose", "alone", INPUTS(batch), NO_ATTRIBUTES);
    refuse(graph, UNSUPPORTED, "Transpose", INPUTS(x), NO_ATTRIBUTES);
    assert_message("perm moves the batch");
    refuse(graph, UNSUPPORTED, "Transpose", INPUTS(x), ATTRIBUTES(INTEGERS("perm", 1, 0, 2, 3)));
    refuse(graph, BAD_ARGUMENT, "Transpose", INPUTS(x), ATTRIBUTES(INTEGERS("perm", 0, 1, 1, 3)));
    refuse(graph, BAD_ARGUMENT, "Transpose", INPUTS(x), ATTRIBUTES(INTEGERS("perm", 0, 1, 2, 4)));
    refuse(graph, BAD_ARGUMENT, "Transpose", INPUTS(x), ATTRIBUTES(INTEGERS("perm", 0, 1, 2, -1)));
    refuse(graph, BAD_ARGUMENT, "Transpose", INPUTS(x),
           ATTRIBUTES(INTEGERS("perm", 0, 1, 2, INT64_MIN)));
    refuse(graph, SHAPE_ERROR, "Transpose", INPUTS(x), ATTRIBUTES(INTEGERS("perm", 0, 2, 1)));
    assert_message("perm has 3 axes, the input 4");
    refuse(graph, BAD_ARGUMENT, "Transpose", INPUTS(x),
           ATTRIBUTES(INTEGERS("perm", 0, 1, 2, 3, 4, 5, 6)));
    refuse(graph, BAD_ARGUMENT, "Transpose", INPUTS(x), ATTRIBUTES(FLOATS("perm", 0, 1, 2, 3)));
    refuse(graph, UNSUPPORTED, "Transpose", INPUTS(add_scalar(graph, "scalar", 1)), NO_ATTRIBUTES);
    end_graph(graph);
}

/* Quantised values keep scale and zero point where elements only move. */
static void test_moved_integers(void **state)
{
    (void)state;
    mcomp_graph *graph = new_graph();
    mcomp_value x = add_input(graph, "x", 3, 4, 5);
    mcomp_value q = add_quantize(graph, "q", x, 0.25f, MCOMP_DTYPE_S8, -7);
    mcomp_value shape = shape_of(graph, "shape", 2, SHAPE(0, -1));
    const mcomp_value moved[] = {
        add_node(graph, "Reshape", "r", INPUTS(q, shape), NO_ATTRIBUTES),
        add_node(graph, "Transpose", "t", INPUTS(q), ATTRIBUTES(INTEGERS("perm", 0, 3, 2, 1))),
        add_node(graph, "GlobalMaxPool", "g", INPUTS(q), NO_ATTRIBUTES),
    };
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(graph->values[moved[i]].dtype, MCOMP_DTYPE_S8);
        assert_true(graph->values[moved[i]].scale == 0.25f);
        assert_int_equal(graph->values[moved[i]].zero_point, -7);
    }
    const mcomp_attribute other[] = {QUANTIZED("s8", 0.5f, -7)};
    refuse(graph, BAD_ARGUMENT, "Reshape", INPUTS(q, shape), other, 3);
    refuse(graph, BAD_ARGUMENT, "GlobalMaxPool", INPUTS(q), other, 3);
    static const char *const floats[] = {"Sigmoid", "HardSwish", "HardSigmoid", "LeakyRelu"};
    for (size_t i = 0; i < 4; i++)
        refuse(graph, SHAPE_ERROR, floats[i], INPUTS(q), NO_ATTRIBUTES);
    refuse(graph, SHAPE_ERROR, "LRN", INPUTS(q), ATTRIBUTES(INTEGERS("size", 3)));
    refuse(graph, SHAPE_ERROR, "ReduceMean", INPUTS(q), ATTRIBUTES(INTEGERS("axes", 2)));
    end_graph(graph);
}

static void test_reduce_mean(void **state)
{
    (void)state;
    mcomp_graph *graph = new_graph();
    mcomp_value x = add_input(graph, "x", 3, 4, 5);
    const mcomp_attribute dropped[] = {INTEGERS("axes", -1, 1), INTEGERS("keepdims", 0)};
    assert_shape(graph,
                 add_node(graph, "ReduceMean", "y", INPUTS(x), ATTRIBUTES(INTEGERS("axes", 2, 3))),
                 4, SHAPE(-1, 3, 1, 1));
    assert_shape(graph, add_node(graph, "ReduceMean", "z", INPUTS(x), dropped, 2), 2, SHAPE(-1, 4));
    refuse(graph, UNSUPPORTED, "ReduceMean", INPUTS(x), NO_ATTRIBUTES);
    assert_message("axes is missing");
    refuse(graph, UNSUPPORTED, "ReduceMean", INPUTS(x), ATTRIBUTES(INTEGERS("axes", 1, 0)));
    refuse(graph, UNSUPPORTED, "ReduceMean", INPUTS(x), ATTRIBUTES(INTEGERS("axes", -4)));
    assert_message("an axis is the batch");
    refuse(graph, BAD_ARGUMENT, "ReduceMean", INPUTS(x), ATTRIBUTES(INTEGERS("axes", 2, -2)));
    refuse(graph, BAD_ARGUMENT, "ReduceMean", INPUTS(x), ATTRIBUTES(INTEGERS("axes", 4)));
    refuse(graph, BAD_ARGUMENT, "ReduceMean", INPUTS(x), ATTRIBUTES(INTEGERS("axes", INT64_MIN)));
    refuse(graph, BAD_ARGUMENT, "ReduceMean", INPUTS(x),
           ATTRIBUTES(INTEGERS("axes", 1, 2, 3, 1, 2, 3, 1)));
    refuse(graph, BAD_ARGUMENT, "ReduceMean", INPUTS(x),
           ATTRIBUTES(INTEGERS("axes", 1), INTEGERS("keepdims", 2)));
    end_graph(graph);
}

static void test_lrn(void **state)
{
    (void)state;
    mcomp_graph *graph = new_graph();
    mcomp_value x = add_input(graph, "x", 6, 4, 5), list = add_input(graph, "list", 6, 0, 0);
    assert_shape(graph, add_node(graph, "LRN", "y", INPUTS(x), ATTRIBUTES(INTEGERS("size", 5))), 4,
                 SHAPE(-1, 6, 4, 5));
    const mc_node_params *params = &graph->nodes[0].params;
    assert_true(params->alpha == 1e-4f && params->beta == 0.75f && params->bias == 1);
    refuse(graph, BAD_ARGUMENT, "LRN", INPUTS(x), NO_ATTRIBUTES);
    assert_message("size is missing");
    refuse(graph, BAD_ARGUMENT, "LRN", INPUTS(x), ATTRIBUTES(INTEGERS("size", 0)));
    refuse(graph, SHAPE_ERROR, "LRN", INPUTS(list), ATTRIBUTES(INTEGERS("size", 5)));
    static const char *const names[] = {"alpha", "beta", "bias"};
    for (size_t i = 0; i < 3; i++) {
        refuse(graph, BAD_ARGUMENT, "LRN", INPUTS(x),
               ATTRIBUTES(INTEGERS("size", 5), FLOATS(names[i], INFINITY)));
        refuse(graph, BAD_ARGUMENT, "LRN", INPUTS(x),
               ATTRIBUTES(INTEGERS("size", 5), FLOATS(names[i], NAN)));
    }
    refuse(graph, UNSUPPORTED, "LRN", INPUTS(x),
           ATTRIBUTES(INTEGERS("size", 5), FLOATS("alpha", -1)));
    refuse(graph, UNSUPPORTED, "LRN", INPUTS(x),
           ATTRIBUTES(INTEGERS("size", 5), FLOATS("bias", -1)));
    end_graph(graph);
}

static void test_defaults(void **state)
{
    (void)state;
    mcomp_graph *graph = new_graph();
    mcomp_value x = add_input(graph, "x", 6, 4, 5);
    add_node(graph, "LeakyRelu", "leaky", INPUTS(x), NO_ATTRIBUTES);
    add_node(graph, "HardSigmoid", "hard", INPUTS(x), NO_ATTRIBUTES);
    assert_true(graph->nodes[0].params.alpha == 0.01f);
    assert_true(graph->nodes[1].params.alpha == 0.2f && graph->nodes[1].params.beta == 0.5f);
    refuse(graph, BAD_ARGUMENT, "LeakyRelu", INPUTS(x), ATTRIBUTES(FLOATS("alpha", INFINITY)));
    assert_message("attribute alpha is infinite");
    refuse(graph, BAD_ARGUMENT, "HardSigmoid", INPUTS(x), ATTRIBUTES(FLOATS("beta", -INFINITY)));
    refuse(graph, UNSUPPORTED, "Sigmoid", INPUTS(x), ATTRIBUTES(FLOATS("alpha", 1)));
    refuse(graph, UNSUPPORTED, "HardSwish", INPUTS(add_scalar(graph, "s", 1)), NO_ATTRIBUTES);
    end_graph(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reshape),     cmocka_unit_test(test_refused_reshape),
        cmocka_unit_test(test_transpose),   cmocka_unit_test(test_moved_integers),
        cmocka_unit_test(test_reduce_mean), cmocka_unit_test(test_lrn),
        cmocka_unit_test(test_defaults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
