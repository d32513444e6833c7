/* Shape inference of the float operators but those with windows (test_op_window.c): what is accepted,
 * with which shape, and what is refused. */
#include <math.h>

#include "graph_fixture.h"

#define SHAPE_ERROR  MCOMP_ERR_SHAPE
#define UNSUPPORTED  MCOMP_ERR_UNSUPPORTED
#define BAD_ARGUMENT MCOMP_ERR_INVALID_ARGUMENT
#define ABOVE_INT32  ((int64_t)INT32_MAX + 1)

static mcomp_value zeros(mcomp_graph *graph, const char *name, uint32_t rank, const int64_t *shape)
{
    return add_constant(graph, name, MCOMP_DTYPE_F32, rank, shape, NULL);
}

static void test_concat(void **state)
{
    (void)state;
    mcomp_graph *graph = new_graph();
    mcomp_value a = add_input(graph, "a", 3, 4, 5), b = add_input(graph, "b", 7, 4, 5);
    mcomp_value list = add_input(graph, "list", 7, 0, 0);
    mcomp_value y =
        add_node(graph, "Concat", "y", INPUTS(a, b, a), ATTRIBUTES(INTEGERS("axis", -3)));
    assert_shape(graph, y, 4, SHAPE(-1, 13, 4, 5));
    refuse(graph, BAD_ARGUMENT, "Concat", INPUTS(a, b), NO_ATTRIBUTES);
    refuse(graph, UNSUPPORTED, "Concat", INPUTS(a, a), ATTRIBUTES(INTEGERS("axis", 0)));
    refuse(graph, UNSUPPORTED, "Concat", INPUTS(a, a), ATTRIBUTES(INTEGERS("axis", -4)));
    refuse(graph, BAD_ARGUMENT, "Concat", INPUTS(a, a), ATTRIBUTES(INTEGERS("axis", 4)));
    refuse(graph, BAD_ARGUMENT, "Concat", INPUTS(a, a), ATTRIBUTES(INTEGERS("axis", INT64_MIN)));
    refuse(graph, SHAPE_ERROR, "Concat", INPUTS(a, b), ATTRIBUTES(INTEGERS("axis", 2)));
    refuse(graph, SHAPE_ERROR, "Concat", INPUTS(a, list), ATTRIBUTES(INTEGERS("axis", 1)));
    refuse(graph, UNSUPPORTED, "Concat", INPUTS(a, zeros(graph, "c", 4, SHAPE(1, 1, 4, 5))),
           ATTRIBUTES(INTEGERS("axis", 1)));
    mcomp_value wide = add_input(graph, "wide", INT32_MAX, 0, 0);
    refuse(graph, MCOMP_ERR_LIMIT, "Concat", INPUTS(wide, wide), ATTRIBUTES(INTEGERS("axis", 1)));
    end_graph(graph);
}

static void test_conv_weights(void **state)
{
    (void)state;
    mcomp_graph *graph = new_graph();
    mcomp_value x = add_input(graph, "x", 6, 5, 5), list = add_input(graph, "list", 6, 0, 0);
    mcomp_value w = zeros(graph, "w", 4, SHAPE(4, 3, 3, 3));
    mcomp_value bias = zeros(graph, "bias", 1, SHAPE(3));
    refuse(graph, SHAPE_ERROR, "Conv", INPUTS(x, w), NO_ATTRIBUTES);
    assert_message("group 1 do not fit 6 input channels");
    refuse(graph, SHAPE_ERROR, "Conv", INPUTS(x, w), ATTRIBUTES(INTEGERS("group", 4)));
    refuse(graph, BAD_ARGUMENT, "Conv", INPUTS(x, w), ATTRIBUTES(INTEGERS("group", 0)));
    refuse(graph, BAD_ARGUMENT, "Conv", INPUTS(x, w), ATTRIBUTES(INTEGERS("group", ABOVE_INT32)));
    refuse(graph, SHAPE_ERROR, "Conv", INPUTS(x, w, bias), ATTRIBUTES(INTEGERS("group", 2)));
    assert_message("bias bias is [3] for 4 output channels");
    refuse(graph, SHAPE_ERROR, "Conv", INPUTS(list, w), NO_ATTRIBUTES);
    refuse(graph, UNSUPPORTED, "Conv", INPUTS(x, x), NO_ATTRIBUTES);
    refuse(graph, UNSUPPORTED, "Conv", INPUTS(w, w), NO_ATTRIBUTES);
    refuse(graph, SHAPE_ERROR, "Conv", INPUTS(x, zeros(graph, "w0", 4, SHAPE(4, 6, 0, 3))),
           NO_ATTRIBUTES);
    refuse(graph, SHAPE_ERROR, "Conv",
           INPUTS(x, add_constant(graph, "wi", MCOMP_DTYPE_U8, 4, SHAPE(4, 6, 1, 1), NULL)),
           NO_ATTRIBUTES);
    /* One-dimensional convolution is refused with its rank. */
    mcomp_value line, w3 = zeros(graph, "w3", 3, SHAPE(4, 6, 3));
    assert_ok(mcomp_graph_add_input(graph, "line", 3, SHAPE(-1, 6, 9), &line));
    refuse(graph, SHAPE_ERROR, "Conv", INPUTS(line, w3), NO_ATTRIBUTES);
    assert_message("line) is [N, 6, 9], must have rank 4");
    /* The residual has the shape of the output. */
    mcomp_value residual = add_input(graph, "residual", 4, 3, 3);
    add_node(graph, "Conv", "ok", INPUTS(x, w, MCOMP_NO_VALUE, residual),
             ATTRIBUTES(INTEGERS("group", 2)));
    refuse(graph, SHAPE_ERROR, "Conv", INPUTS(x, w, MCOMP_NO_VALUE, x),
           ATTRIBUTES(INTEGERS("group", 2)));
    refuse(graph, BAD_ARGUMENT, "Conv", INPUTS(x, w),
           ATTRIBUTES(INTEGERS("group", 2), FLOATS("output_mean", 1, 2, 3)));
    /* More than 2^40 elements an image: the node is named. */
    mcomp_value small = add_input(graph, "small", 1, 1, 1);
    mcomp_value w1 = zeros(graph, "w1", 4, SHAPE(1, 1, 1, 1));
    refuse(graph, MCOMP_ERR_LIMIT, "Conv", INPUTS(small, w1),
           ATTRIBUTES(INTEGERS("pads", 1 << 30, 1 << 30, 0, 0)));
    end_graph(graph);
}

static void test_gemm(void **state)
{
    (void)state;
    mcomp_graph *graph = new_graph();
    mcomp_value x = add_input(graph, "x", 6, 0, 0), image = add_input(graph, "image", 6, 1, 1);
    mcomp_value w = zeros(graph, "w", 2, SHAPE(6, 4)), v = zeros(graph, "v", 2, SHAPE(4, 6));
    mcomp_value row = zeros(graph, "row", 2, SHAPE(1, 4));
    mcomp_value y = add_node(graph, "Gemm", "y", INPUTS(x, w, row), NO_ATTRIBUTES);
    assert_shape(graph, y, 2, SHAPE(-1, 4));
    assert_int_equal(graph->nodes[0].macs, 24);
    y = add_node(graph, "Gemm", "z", INPUTS(x, v),
                 ATTRIBUTES(INTEGERS("transB", 1), FLOATS("alpha", 1), FLOATS("beta", 1),
                            INTEGERS("transA", 0)));
    assert_shape(graph, y, 2, SHAPE(-1, 4));
    refuse(graph, SHAPE_ERROR, "Gemm", INPUTS(x, v), NO_ATTRIBUTES);
    refuse(graph, SHAPE_ERROR, "Gemm", INPUTS(image, w), NO_ATTRIBUTES);
    refuse(graph, UNSUPPORTED, "Gemm", INPUTS(x, w), ATTRIBUTES(INTEGERS("transA", 1)));
    refuse(graph, UNSUPPORTED, "Gemm", INPUTS(x, w), ATTRIBUTES(FLOATS("alpha", 0.5f)));
    refuse(graph, UNSUPPORTED, "Gemm", INPUTS(x, w), ATTRIBUTES(FLOATS("beta", 0)));
    assert_message("alpha 1, beta 0");
    refuse(graph, BAD_ARGUMENT, "Gemm", INPUTS(x, w), ATTRIBUTES(INTEGERS("transB", 2)));
    refuse(graph, SHAPE_ERROR, "Gemm", INPUTS(x, w, zeros(graph, "one", 1, SHAPE(1))),
           NO_ATTRIBUTES);
    refuse(graph, UNSUPPORTED, "Gemm", INPUTS(x, w, x), NO_ATTRIBUTES);
    end_graph(graph);
}

static void test_flatten(void **state)
{
    (void)state;
    mcomp_graph *graph = new_graph();
    mcomp_value x = add_input(graph, "x", 3, 4, 5), batch;
    assert_shape(graph, add_node(graph, "Flatten", "a", INPUTS(x), NO_ATTRIBUTES), 2,
                 SHAPE(-1, 60));
    add_node(graph, "Flatten", "b", INPUTS(x), ATTRIBUTES(INTEGERS("axis", -3)));
    for (int64_t axis = -6; axis <= 6; axis++) {
        mcomp_status status = axis < -4 || axis > 4 ? BAD_ARGUMENT : UNSUPPORTED;
        if (axis != 1 && axis != -3)
            refuse(graph, status, "Flatten", INPUTS(x), ATTRIBUTES(INTEGERS("axis", axis)));
    }
    assert_ok(mcomp_graph_add_input(graph, "batch", 1, SHAPE(-1), &batch));
    assert_shape(graph, add_node(graph, "Flatten", "c", INPUTS(batch), NO_ATTRIBUTES), 2,
                 SHAPE(-1, 1));
    mcomp_value huge;
    assert_ok(mcomp_graph_add_input(graph, "huge", 3, SHAPE(-1, 1 << 20, 1 << 12), &huge));
    refuse(graph, MCOMP_ERR_LIMIT, "Flatten", INPUTS(huge), NO_ATTRIBUTES);
    end_graph(graph);
}

static mcomp_value list_of(mcomp_graph *graph, int64_t a, int64_t b)
{
    static int number;
    char name[32];
    snprintf(name, sizeof name, "list %d", number++);
    return add_integers(graph, name, 2, SHAPE(a, b));
}

static void test_slice(void **state)
{
    (void)state;
    mcomp_graph *graph = new_graph();
    mcomp_value x = add_input(graph, "x", 6, 8, 10);
    mcomp_value axes = list_of(graph, -1, 2);
    static const struct {
        int64_t starts[2], ends[2], steps[2], extents[2]; /* of W and H */
    } good[] = {
        {{0, 0}, {10, 8}, {1, 1}, {10, 8}},
        {{-3, 1}, {INT64_MAX, -1}, {1, 1}, {3, 6}},
        {{INT64_MIN, -100}, {100, 100}, {3, 5}, {4, 2}},
        {{9, 7}, {10, 8}, {INT32_MAX, INT32_MAX}, {1, 1}},
        {{-1, 7}, {INT64_MIN, 0}, {-1, -1}, {10, 7}},
        {{INT64_MAX, -2}, {-11, -9}, {-3, -4}, {4, 2}},
        {{0, 5}, {INT64_MIN, -4}, {-INT32_MAX, -1}, {1, 1}},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        char name[32];
        snprintf(name, sizeof name, "good %zu", i);
        mcomp_value y = add_node(graph, "Slice", name,
                                 INPUTS(x, list_of(graph, good[i].starts[0], good[i].starts[1]),
                                        list_of(graph, good[i].ends[0], good[i].ends[1]), axes,
                                        list_of(graph, good[i].steps[0], good[i].steps[1])),
                                 NO_ATTRIBUTES);
        assert_shape(graph, y, 4, SHAPE(-1, 6, good[i].extents[1], good[i].extents[0]));
    }
    mcomp_value zero = list_of(graph, 0, 0), most = list_of(graph, INT64_MAX, INT64_MAX);
    mcomp_value ones = list_of(graph, 1, 1), first = list_of(graph, 0, 1);
    /* The batch may be sliced as a whole only. */
    add_node(graph, "Slice", "whole", INPUTS(x, zero, most, first), NO_ATTRIBUTES);
    add_node(graph, "Slice", "no axes", INPUTS(x, zero, most), NO_ATTRIBUTES);
    refuse(graph, UNSUPPORTED, "Slice", INPUTS(x, ones, most, first), NO_ATTRIBUTES);
    refuse(graph, UNSUPPORTED, "Slice", INPUTS(x, zero, ones), NO_ATTRIBUTES);
    refuse(graph, SHAPE_ERROR, "Slice", INPUTS(x, zero, most, axes, list_of(graph, -1, -1)),
           NO_ATTRIBUTES);
    assert_message("nothing is left of axis 3: [0, 9) in steps of -1");
    refuse(graph, UNSUPPORTED, "Slice", INPUTS(x, most, zero, first, list_of(graph, -1, 1)),
           NO_ATTRIBUTES);
    assert_message("slices the batch");
    refuse(graph, UNSUPPORTED, "Slice", INPUTS(x, most, zero, axes, list_of(graph, -1, INT64_MIN)),
           NO_ATTRIBUTES);
    assert_message("step is -9223372036854775808");
    refuse(graph, UNSUPPORTED, "Slice", INPUTS(x, zero, most, axes, zero), NO_ATTRIBUTES);
    refuse(graph, UNSUPPORTED, "Slice", INPUTS(x, zero, most, axes, list_of(graph, ABOVE_INT32, 1)),
           NO_ATTRIBUTES);
    refuse(graph, SHAPE_ERROR, "Slice", INPUTS(x, ones, ones, axes), NO_ATTRIBUTES);
    assert_message("nothing is left of axis 3");
    refuse(graph, BAD_ARGUMENT, "Slice", INPUTS(x, zero, most, list_of(graph, 2, -2)),
           NO_ATTRIBUTES);
    refuse(graph, BAD_ARGUMENT, "Slice", INPUTS(x, zero, most, list_of(graph, 4, 2)),
           NO_ATTRIBUTES);
    refuse(graph, BAD_ARGUMENT, "Slice", INPUTS(x, zero, most, list_of(graph, INT64_MIN, 2)),
           NO_ATTRIBUTES);
    refuse(graph, SHAPE_ERROR, "Slice",
           INPUTS(x, zero, add_integers(graph, "3", 3, SHAPE(1, 2, 3))), NO_ATTRIBUTES);
    refuse(graph, SHAPE_ERROR, "Slice",
           INPUTS(x, add_integers(graph, "7", 7, SHAPE(0, 0, 0, 0, 0, 0, 0)), zero), NO_ATTRIBUTES);
    refuse(graph, SHAPE_ERROR, "Slice", INPUTS(x, zeros(graph, "float", 1, SHAPE(2)), most),
           NO_ATTRIBUTES);
    refuse(graph, UNSUPPORTED, "Slice", INPUTS(x, x, most), NO_ATTRIBUTES);
    /* int32 lists too, and scalars. */
    mcomp_value two = add_constant(graph, "two", MCOMP_DTYPE_S32, 0, NULL, (const int32_t[]){2});
    mcomp_value four = add_constant(graph, "four", MCOMP_DTYPE_S32, 0, NULL, (const int32_t[]){4});
    mcomp_value y = add_node(graph, "Slice", "s32", INPUTS(x, two, four, two), NO_ATTRIBUTES);
    assert_shape(graph, y, 4, SHAPE(-1, 6, 2, 10));
    end_graph(graph);
}

static mcomp_value pads_of(mcomp_graph *graph, const char *name, int64_t before, int64_t after)
{
    return add_integers(graph, name, 8, SHAPE(0, before, 0, 0, 0, after, 0, 0));
}

static void test_pad(void **state)
{
    (void)state;
    mcomp_graph *graph = new_graph();
    mcomp_value x = add_input(graph, "x", 6, 8, 10);
    mcomp_value p = pads_of(graph, "p", 1, 2);
    assert_shape(graph, add_node(graph, "Pad", "y", INPUTS(x, p), NO_ATTRIBUTES), 4,
                 SHAPE(-1, 9, 8, 10));
    add_node(graph, "Pad", "z", INPUTS(x, p), ATTRIBUTES(TEXT("mode", "constant")));
    refuse(graph, UNSUPPORTED, "Pad", INPUTS(x, p), ATTRIBUTES(TEXT("mode", "wrap")));
    assert_message("mode is wrap, not constant, edge or reflect");
    /* A reflection needs as many elements besides the first and the last one. */
    add_node(graph, "Pad", "edge", INPUTS(x, pads_of(graph, "p6", 0, 60)),
             ATTRIBUTES(TEXT("mode", "edge")));
    add_node(graph, "Pad", "reflect", INPUTS(x, pads_of(graph, "p5", 5, 5)),
             ATTRIBUTES(TEXT("mode", "reflect")));
    refuse(graph, UNSUPPORTED, "Pad", INPUTS(x, pads_of(graph, "p06", 0, 6)),
           ATTRIBUTES(TEXT("mode", "reflect")));
    assert_message("reflects [0, 6] elements of axis 1, which has 6");
    refuse(graph, UNSUPPORTED, "Pad", INPUTS(x, pads_of(graph, "p60", 6, 0)),
           ATTRIBUTES(TEXT("mode", "reflect")));
    refuse(graph, UNSUPPORTED, "Pad", INPUTS(x, pads_of(graph, "n1", -1, 3)), NO_ATTRIBUTES);
    assert_message("padding [-1, 3] is negative");
    refuse(graph, UNSUPPORTED, "Pad", INPUTS(x, pads_of(graph, "n2", 0, INT64_MIN)), NO_ATTRIBUTES);
    refuse(graph, BAD_ARGUMENT, "Pad", INPUTS(x, pads_of(graph, "h", ABOVE_INT32, 0)),
           NO_ATTRIBUTES);
    refuse(graph, MCOMP_ERR_LIMIT, "Pad", INPUTS(x, pads_of(graph, "h2", INT32_MAX, INT32_MAX)),
           NO_ATTRIBUTES);
    refuse(graph, UNSUPPORTED, "Pad",
           INPUTS(x, add_integers(graph, "batch", 8, SHAPE(1, 0, 0, 0, 0, 0, 0, 0))),
           NO_ATTRIBUTES);
    refuse(graph, SHAPE_ERROR, "Pad",
           INPUTS(x, add_integers(graph, "six", 6, SHAPE(0, 0, 0, 0, 0, 0))), NO_ATTRIBUTES);
    mcomp_value four = add_integers(graph, "four", 4, SHAPE(1, 2, 3, 4));
    mcomp_value axes = add_integers(graph, "axes", 2, SHAPE(-1, 1));
    assert_shape(
        graph,
        add_node(graph, "Pad", "axes only", INPUTS(x, four, MCOMP_NO_VALUE, axes), NO_ATTRIBUTES),
        4, SHAPE(-1, 12, 8, 14));
    refuse(graph, BAD_ARGUMENT, "Pad",
           INPUTS(x, four, MCOMP_NO_VALUE, add_integers(graph, "same", 2, SHAPE(1, -3))),
           NO_ATTRIBUTES);
    refuse(graph, BAD_ARGUMENT, "Pad", INPUTS(x, p, add_scalar(graph, "nan", NAN)), NO_ATTRIBUTES);
    refuse(graph, BAD_ARGUMENT, "Pad", INPUTS(x, p, add_scalar(graph, "not a number", NAN)),
           ATTRIBUTES(TEXT("mode", "edge")));
    refuse(graph, SHAPE_ERROR, "Pad", INPUTS(x, p, zeros(graph, "two", 1, SHAPE(2))),
           NO_ATTRIBUTES);
    end_graph(graph);
}

static void test_same_shape(void **state)
{
    (void)state;
    mcomp_graph *graph = new_graph();
    mcomp_value x = add_input(graph, "x", 6, 8, 10), c = zeros(graph, "c", 1, SHAPE(6));
    mcomp_value wrong = zeros(graph, "wrong", 1, SHAPE(5)), batch;
    assert_ok(mcomp_graph_add_input(graph, "batch", 1, SHAPE(-1), &batch));
    add_node(graph, "Clip", "no bounds", INPUTS(x), NO_ATTRIBUTES);
    refuse(graph, SHAPE_ERROR, "Clip", INPUTS(x, c), NO_ATTRIBUTES);
    refuse(graph, UNSUPPORTED, "Clip", INPUTS(x, MCOMP_NO_VALUE, x), NO_ATTRIBUTES);
    refuse(graph, BAD_ARGUMENT, "Clip", INPUTS(x, add_scalar(graph, "nan", NAN)), NO_ATTRIBUTES);
    refuse(graph, UNSUPPORTED, "Relu", INPUTS(c), NO_ATTRIBUTES);
    mcomp_value ones =
        add_constant(graph, "ones", MCOMP_DTYPE_F32, 1, SHAPE(6), VALUES(1, 1, 1, 1, 1, 1));
    refuse(graph, SHAPE_ERROR, "BatchNormalization", INPUTS(x, c, c, wrong, ones), NO_ATTRIBUTES);
    refuse(graph, SHAPE_ERROR, "BatchNormalization", INPUTS(batch, c, c, c, ones), NO_ATTRIBUTES);
    refuse(graph, UNSUPPORTED, "BatchNormalization", INPUTS(x, c, c, c, ones),
           ATTRIBUTES(INTEGERS("training_mode", 1)));
    refuse(graph, BAD_ARGUMENT, "BatchNormalization", INPUTS(x, c, c, c, ones),
           ATTRIBUTES(FLOATS("epsilon", -1)));
    refuse(graph, BAD_ARGUMENT, "BatchNormalization", INPUTS(x, c, c, c, ones),
           ATTRIBUTES(FLOATS("epsilon", INFINITY)));
    refuse(graph, UNSUPPORTED, "Softmax", INPUTS(x), ATTRIBUTES(INTEGERS("axis", 0)));
    refuse(graph, UNSUPPORTED, "Softmax", INPUTS(batch), NO_ATTRIBUTES);
    refuse(graph, BAD_ARGUMENT, "Softmax", INPUTS(x), ATTRIBUTES(INTEGERS("axis", -5)));
    add_node(graph, "Softmax", "inner", INPUTS(x), ATTRIBUTES(INTEGERS("axis", -2)));
    assert_int_equal(graph->nodes[1].params.axis, 2);
    end_graph(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_concat),     cmocka_unit_test(test_conv_weights),
        cmocka_unit_test(test_gemm),       cmocka_unit_test(test_flatten),
        cmocka_unit_test(test_slice),      cmocka_unit_test(test_pad),
        cmocka_unit_test(test_same_shape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
