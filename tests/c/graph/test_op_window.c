#include "graph_fixture.h"

static mcomp_value weight(mcomp_graph *graph, int64_t o, int64_t i, int64_t h, int64_t w)
{
    return add_constant(graph, "weight", MCOMP_DTYPE_F32, 4, SHAPE(o, i, h, w), NULL);
}

static void test_conv_shapes(void **state)
{
    (void)state;
    mcomp_graph *graph = new_graph();
    mcomp_value x = add_input(graph, "x", 4, 9, 12);
    mcomp_value w = weight(graph, 6, 2, 3, 5);
    mcomp_value y = add_node(graph, "Conv", "a", INPUTS(x, w), ATTRIBUTES(INTEGERS("group", 2)));
    assert_shape(graph, y, 4, SHAPE(-1, 6, 7, 8));
    assert_int_equal(graph->nodes[0].macs, 6 * 2 * 3 * 5 * 7 * 8);
    y = add_node(graph, "Conv", "b", INPUTS(x, w),
                 ATTRIBUTES(INTEGERS("group", 2), INTEGERS("pads", 0, 1, 2, 4),
                            INTEGERS("strides", 2, 3), INTEGERS("dilations", 2, 1),
                            INTEGERS("kernel_shape", 3, 5)));
    assert_shape(graph, y, 4, SHAPE(-1, 6, 4, 5)); /* (9+2-5)/2+1, (12+5-5)/3+1 */
    const mc_window *window = &graph->nodes[1].params.window;
    assert_int_equal(window->pad_top, 0);
    assert_int_equal(window->pad_left, 1);
    assert_int_equal(window->pad_bottom, 2);
    assert_int_equal(window->pad_right, 4);
    assert_int_equal(window->dilation_h, 2);
    assert_int_equal(window->stride_w, 3);
    end_graph(graph);
}

static void test_auto_pad(void **state)
{
    (void)state;
    mcomp_graph *graph = new_graph();
    mcomp_value x = add_input(graph, "x", 1, 8, 8);
    mcomp_value w = weight(graph, 1, 1, 3, 3);
    mcomp_value y = add_node(graph, "Conv", "upper", INPUTS(x, w),
                             ATTRIBUTES(TEXT("auto_pad", "SAME_UPPER"), INTEGERS("strides", 2, 2)));
    assert_shape(graph, y, 4, SHAPE(-1, 1, 4, 4));
    assert_int_equal(graph->nodes[0].params.window.pad_top, 0);
    assert_int_equal(graph->nodes[0].params.window.pad_bottom, 1);
    add_node(graph, "Conv", "lower", INPUTS(x, w),
             ATTRIBUTES(TEXT("auto_pad", "SAME_LOWER"), INTEGERS("strides", 2, 2)));
    assert_int_equal(graph->nodes[1].params.window.pad_top, 1);
    assert_int_equal(graph->nodes[1].params.window.pad_bottom, 0);
    y = add_node(graph, "Conv", "valid", INPUTS(x, w), ATTRIBUTES(TEXT("auto_pad", "VALID")));
    assert_shape(graph, y, 4, SHAPE(-1, 1, 6, 6));
    y = add_node(graph, "Conv", "wide", INPUTS(x, w),
                 ATTRIBUTES(TEXT("auto_pad", "SAME_UPPER"), INTEGERS("dilations", 3, 3)));
    assert_shape(graph, y, 4, SHAPE(-1, 1, 8, 8));
    assert_int_equal(graph->nodes[3].params.window.pad_left, 3);
    refuse(graph, MCOMP_ERR_INVALID_ARGUMENT, "Conv", INPUTS(x, w),
           ATTRIBUTES(TEXT("auto_pad", "SAME")));
    refuse(graph, MCOMP_ERR_INVALID_ARGUMENT, "Conv", INPUTS(x, w),
           ATTRIBUTES(TEXT("auto_pad", "VALID"), INTEGERS("pads", 1, 1, 1, 1)));
    end_graph(graph);
}

static void test_pool_shapes(void **state)
{
    (void)state;
    mcomp_graph *graph = new_graph();
    mcomp_value x = add_input(graph, "x", 3, 112, 7);
    mcomp_value y = add_node(graph, "MaxPool", "floor", INPUTS(x),
                             ATTRIBUTES(INTEGERS("kernel_shape", 3, 2), INTEGERS("strides", 2, 2)));
    assert_shape(graph, y, 4, SHAPE(-1, 3, 55, 3));
    y = add_node(graph, "MaxPool", "ceil", INPUTS(x),
                 ATTRIBUTES(INTEGERS("kernel_shape", 3, 2), INTEGERS("strides", 2, 2),
                            INTEGERS("ceil_mode", 1)));
    assert_shape(graph, y, 4, SHAPE(-1, 3, 56, 4));
    /* A last window that would begin in the padding is left out: (7+1+1-2) mod 4 is not 0, but
     * two windows end at 8. */
    y = add_node(graph, "AveragePool", "end", INPUTS(x),
                 ATTRIBUTES(INTEGERS("kernel_shape", 2, 2), INTEGERS("strides", 2, 4),
                            INTEGERS("pads", 0, 1, 0, 1), INTEGERS("ceil_mode", 1)));
    assert_shape(graph, y, 4, SHAPE(-1, 3, 56, 2));
    y = add_node(graph, "GlobalAveragePool", "global", INPUTS(x), NO_ATTRIBUTES);
    assert_shape(graph, y, 4, SHAPE(-1, 3, 1, 1));
    mcomp_value row, list = add_input(graph, "list", 3, 0, 0);
    assert_ok(mcomp_graph_add_input(graph, "row", 3, SHAPE(-1, 3, 9), &row));
    y = add_node(graph, "GlobalMaxPool", "of a row", INPUTS(row), NO_ATTRIBUTES);
    assert_shape(graph, y, 3, SHAPE(-1, 3, 1));
    refuse(graph, MCOMP_ERR_SHAPE, "GlobalMaxPool", INPUTS(list), NO_ATTRIBUTES);
    assert_message("list) is [N, 3], must have rank 3 or more");
    refuse(graph, MCOMP_ERR_SHAPE, "GlobalAveragePool", INPUTS(list), NO_ATTRIBUTES);
    refuse(graph, MCOMP_ERR_INVALID_ARGUMENT, "MaxPool", INPUTS(x), NO_ATTRIBUTES);
    refuse(graph, MCOMP_ERR_INVALID_ARGUMENT, "MaxPool", INPUTS(x),
           ATTRIBUTES(INTEGERS("kernel_shape", 2, 2), INTEGERS("pads", 2, 0, 0, 0)));
    refuse(graph, MCOMP_ERR_UNSUPPORTED, "AveragePool", INPUTS(x),
           ATTRIBUTES(INTEGERS("kernel_shape", 2, 2), INTEGERS("dilations", 1, 1)));
    end_graph(graph);
}

static void test_numbers_out_of_range(void **state)
{
    (void)state;
    mcomp_graph *graph = new_graph();
    mcomp_value x = add_input(graph, "x", 1, 8, 8);
    mcomp_value w = weight(graph, 1, 1, 3, 3);
    static const char *const names[] = {"strides", "dilations", "kernel_shape", "pads"};
    static const int64_t bad[] = {-1, INT64_MIN, (int64_t)INT32_MAX + 1, INT64_MAX};
    for (size_t n = 0; n < 4; n++) {
        for (size_t b = 0; b < 4; b++) {
            int64_t numbers[4] = {1, bad[b], 1, 1};
            mcomp_attribute attribute = {.name = names[n],
                                         .type = MCOMP_ATTRIBUTE_INTEGERS,
                                         .count = n == 3 ? 4 : 2,
                                         .integers = numbers};
            refuse(graph, MCOMP_ERR_INVALID_ARGUMENT, "Conv", INPUTS(x, w), &attribute, 1);
        }
    }
    refuse(graph, MCOMP_ERR_INVALID_ARGUMENT, "Conv", INPUTS(x, w),
           ATTRIBUTES(INTEGERS("strides", 0, 1)));
    refuse(graph, MCOMP_ERR_INVALID_ARGUMENT, "Conv", INPUTS(x, w),
           ATTRIBUTES(INTEGERS("strides", 1)));
    refuse(graph, MCOMP_ERR_INVALID_ARGUMENT, "Conv", INPUTS(x, w),
           ATTRIBUTES(FLOATS("strides", 1, 1)));
    refuse(graph, MCOMP_ERR_SHAPE, "Conv", INPUTS(x, w),
           ATTRIBUTES(INTEGERS("kernel_shape", 3, 2)));
    /* The largest numbers: nothing overflows, the output is empty or too large. */
    refuse(graph, MCOMP_ERR_SHAPE, "Conv", INPUTS(x, w),
           ATTRIBUTES(INTEGERS("dilations", INT32_MAX, INT32_MAX)));
    refuse(graph, MCOMP_ERR_SHAPE, "Conv", INPUTS(x, w),
           ATTRIBUTES(INTEGERS("pads", INT32_MAX, 0, INT32_MAX, 0)));
    refuse(graph, MCOMP_ERR_SHAPE, "MaxPool", INPUTS(x),
           ATTRIBUTES(INTEGERS("kernel_shape", INT32_MAX, INT32_MAX),
                      INTEGERS("dilations", INT32_MAX, INT32_MAX),
                      INTEGERS("strides", INT32_MAX, INT32_MAX), INTEGERS("ceil_mode", 1)));
    refuse(graph, MCOMP_ERR_INVALID_ARGUMENT, "MaxPool", INPUTS(x),
           ATTRIBUTES(INTEGERS("kernel_shape", INT32_MAX, INT32_MAX),
                      INTEGERS("dilations", INT32_MAX, INT32_MAX), TEXT("auto_pad", "SAME_LOWER")));
    end_graph(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conv_shapes),
        cmocka_unit_test(test_auto_pad),
        cmocka_unit_test(test_pool_shapes),
        cmocka_unit_test(test_numbers_out_of_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
