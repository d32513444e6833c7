/* Building, verifying and asking: what is refused, with whose name in the message, and what is told. */
#include "graph_fixture.h"

static void test_names(void **state)
{
    (void)state;
    mcomp_graph *graph = new_graph();
    mcomp_value x = add_input(graph, "x", 3, 4, 5), value = 5;
    assert_status(mcomp_graph_add_input(graph, "x", 2, SHAPE(-1, 3), &value),
                  MCOMP_ERR_INVALID_ARGUMENT);
    assert_message("the name x is taken");
    assert_int_equal(value, MCOMP_NO_VALUE);
    assert_status(mcomp_graph_add_input(graph, "", 2, SHAPE(-1, 3), &value),
                  MCOMP_ERR_INVALID_ARGUMENT);
    assert_status(mcomp_graph_add_input(graph, NULL, 2, SHAPE(-1, 3), &value),
                  MCOMP_ERR_INVALID_ARGUMENT);
    static const char *const bad_texts[] = {
        "\xff", "\xc0\x80", "a\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80"};
    for (size_t i = 0; i < sizeof bad_texts / sizeof *bad_texts; i++) {
        assert_status(mcomp_graph_add_node(graph, "Relu", bad_texts[i], INPUTS(x), NULL, 0, &value),
                      MCOMP_ERR_INVALID_ARGUMENT);
        assert_message("UTF-8");
    }
    add_node(graph, "Relu", "h\xc3\xb6he \xe2\x82\xac \xf0\x9f\x98\x80", INPUTS(x), NO_ATTRIBUTES);
    end_graph(graph);
}

/* More names than the table begins with, all found again. */
static void test_many_names(void **state)
{
    (void)state;
    mcomp_graph *graph = new_graph();
    mcomp_value x = add_input(graph, "x", 1, 2, 2), value;
    char name[32];
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "node %d", i);
        x = add_node(graph, "Relu", name, INPUTS(x), NO_ATTRIBUTES);
    }
    for (int i = 0; i < 1000; i += 7) {
        snprintf(name, sizeof name, "node %d", i);
        assert_status(mcomp_graph_add_node(graph, "Relu", name, INPUTS(x), NULL, 0, &value),
                      MCOMP_ERR_INVALID_ARGUMENT);
    }
    mark_and_verify(graph, x);
    end_graph(graph);
}

static void test_inputs(void **state)
{
    (void)state;
    mcomp_graph *graph = new_graph();
    mcomp_value value;
    static const struct {
        uint32_t rank;
        int64_t shape[MCOMP_MAX_RANK + 1];
        mcomp_status status;
    } refused[] = {
        {0, {0}, MCOMP_ERR_INVALID_ARGUMENT},
        {MCOMP_MAX_RANK + 1, {-1, 1, 1, 1, 1, 1, 1}, MCOMP_ERR_INVALID_ARGUMENT},
        {UINT32_MAX, {-1, 1}, MCOMP_ERR_INVALID_ARGUMENT},
        {2, {1, 3}, MCOMP_ERR_INVALID_ARGUMENT},
        {2, {-1, 0}, MCOMP_ERR_INVALID_ARGUMENT},
        {2, {-1, -1}, MCOMP_ERR_INVALID_ARGUMENT},
        {3, {-1, 3, INT64_MIN}, MCOMP_ERR_INVALID_ARGUMENT},
        {2, {-1, (int64_t)INT32_MAX + 1}, MCOMP_ERR_LIMIT},
        {2, {-1, INT64_MAX}, MCOMP_ERR_LIMIT},
        {3, {-1, INT32_MAX, INT32_MAX}, MCOMP_ERR_LIMIT},
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        assert_status(
            mcomp_graph_add_input(graph, "bad input", refused[i].rank, refused[i].shape, &value),
            refused[i].status);
        assert_message("bad input");
    }
    assert_int_equal(graph->value_count, 0);
    assert_ok(mcomp_graph_add_input(graph, "six", 6, SHAPE(-1, 1, 2, 3, 4, 5), &value));
    assert_ok(mcomp_graph_add_input(graph, "one", 1, SHAPE(-1), &value));
    end_graph(graph);
}

static void test_nodes(void **state)
{
    (void)state;
    mcomp_graph *graph = new_graph();
    mcomp_value x = add_input(graph, "x", 3, 4, 5);
    refuse(graph, MCOMP_ERR_UNSUPPORTED, "Gelu", INPUTS(x), NO_ATTRIBUTES);
    assert_message("unknown operator Gelu");
    refuse(graph, MCOMP_ERR_UNSUPPORTED, "relu", INPUTS(x), NO_ATTRIBUTES);
    refuse(graph, MCOMP_ERR_UNSUPPORTED, NULL, INPUTS(x), NO_ATTRIBUTES);
    refuse(graph, MCOMP_ERR_INVALID_ARGUMENT, "Relu", NULL, 0, NO_ATTRIBUTES);
    assert_message("takes 1 to 1 inputs, not 0");
    refuse(graph, MCOMP_ERR_INVALID_ARGUMENT, "Relu", INPUTS(x, x), NO_ATTRIBUTES);
    refuse(graph, MCOMP_ERR_INVALID_ARGUMENT, "Relu", INPUTS(MCOMP_NO_VALUE), NO_ATTRIBUTES);
    refuse(graph, MCOMP_ERR_INVALID_ARGUMENT, "Relu", INPUTS(x + 1), NO_ATTRIBUTES);
    assert_message("input 0 is value 1");
    refuse(graph, MCOMP_ERR_INVALID_ARGUMENT, "Relu", INPUTS(INT32_MIN), NO_ATTRIBUTES);
    refuse(graph, MCOMP_ERR_INVALID_ARGUMENT, "Relu", INPUTS(INT32_MAX), NO_ATTRIBUTES);
    refuse(graph, MCOMP_ERR_UNSUPPORTED, "Relu", INPUTS(x), ATTRIBUTES(FLOATS("alpha", 1)));
    assert_message("Relu has no attribute alpha");
    end_graph(graph);
}

static void test_attributes(void **state)
{
    (void)state;
    mcomp_graph *graph = new_graph();
    mcomp_value x = add_input(graph, "x", 3, 4, 5);
    const mcomp_attribute bad[] = {
        {.name = NULL, .type = MCOMP_ATTRIBUTE_INTEGERS, .count = 1, .integers = SHAPE(1)},
        {.name = "axis", .type = (mcomp_attribute_type)4, .count = 1, .integers = SHAPE(1)},
        {.name = "axis", .type = MCOMP_ATTRIBUTE_INTEGERS, .count = 0, .integers = SHAPE(1)},
        {.name = "axis", .type = MCOMP_ATTRIBUTE_INTEGERS, .count = 1},
        {.name = "axis", .type = MCOMP_ATTRIBUTE_FLOATS, .count = 1, .floats = VALUES(1)},
        {.name = "axis", .type = MCOMP_ATTRIBUTE_INTEGERS, .count = 2, .integers = SHAPE(1, 2)},
        {.name = "axis", .type = MCOMP_ATTRIBUTE_TEXT, .count = 3, .text = "a\0b"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        refuse(graph, i ? MCOMP_ERR_INVALID_ARGUMENT : MCOMP_ERR_UNSUPPORTED, "Softmax", INPUTS(x),
               &bad[i], 1);
    const mcomp_attribute huge = {.name = "axis",
                                  .type = MCOMP_ATTRIBUTE_INTEGERS,
                                  .count = SIZE_MAX / 4,
                                  .integers = SHAPE(1)};
    mcomp_value value;
    assert_status(mcomp_graph_add_node(graph, "Softmax", "y", INPUTS(x), &huge, 1, &value),
                  MCOMP_ERR_OUT_OF_MEMORY);
    refuse(graph, MCOMP_ERR_INVALID_ARGUMENT, "Softmax", INPUTS(x),
           ATTRIBUTES(INTEGERS("axis", 1), INTEGERS("axis", 1)));
    assert_message("given twice");
    /* Attributes are copied. */
    int64_t axis = 2;
    mcomp_attribute attribute = {
        .name = "axis", .type = MCOMP_ATTRIBUTE_INTEGERS, .count = 1, .integers = &axis};
    add_node(graph, "Softmax", "y", INPUTS(x), &attribute, 1);
    axis = 77;
    mcomp_attribute found;
    assert_ok(mcomp_graph_get_attribute(graph, 0, 0, &found));
    assert_string_equal(found.name, "axis");
    assert_int_equal(found.integers[0], 2);
    assert_int_equal(mcomp_graph_get_attribute(graph, 0, 1, &found), MCOMP_END);
    assert_status(mcomp_graph_get_attribute(graph, 1, 0, &found), MCOMP_ERR_INVALID_ARGUMENT);
    end_graph(graph);
}

static void test_outputs_and_verify(void **state)
{
    (void)state;
    mcomp_graph *graph = new_graph();
    mcomp_value x = add_input(graph, "x", 3, 4, 5), value;
    assert_status(mcomp_graph_verify(graph), MCOMP_ERR_INVALID_ARGUMENT);
    assert_message("no value is marked as an output");
    assert_status(mcomp_graph_mark_output(graph, x), MCOMP_ERR_INVALID_ARGUMENT);
    assert_message("output x");
    assert_status(mcomp_graph_mark_output(graph, -1), MCOMP_ERR_INVALID_ARGUMENT);
    assert_status(mcomp_graph_mark_output(graph, 7), MCOMP_ERR_INVALID_ARGUMENT);
    mcomp_value constant = add_scalar(graph, "c", 1);
    assert_status(mcomp_graph_mark_output(graph, constant), MCOMP_ERR_INVALID_ARGUMENT);
    mcomp_value same = add_node(graph, "Identity", "of constant", INPUTS(constant), NO_ATTRIBUTES);
    assert_status(mcomp_graph_mark_output(graph, same), MCOMP_ERR_INVALID_ARGUMENT);
    mcomp_value y = add_node(graph, "Relu", "y", INPUTS(x), NO_ATTRIBUTES);
    mark_and_verify(graph, y);
    assert_ok(mcomp_graph_verify(graph));
    /* Frozen. */
    assert_status(mcomp_graph_add_input(graph, "x2", 2, SHAPE(-1, 3), &value),
                  MCOMP_ERR_INVALID_ARGUMENT);
    assert_message("verified already");
    refuse(graph, MCOMP_ERR_INVALID_ARGUMENT, "Relu", INPUTS(x), NO_ATTRIBUTES);
    assert_status(mcomp_graph_mark_output(graph, y), MCOMP_ERR_INVALID_ARGUMENT);
    assert_status(mcomp_graph_set_metadata(graph, "a", "b"), MCOMP_ERR_INVALID_ARGUMENT);
    end_graph(graph);
}

static void test_metadata(void **state)
{
    (void)state;
    mcomp_graph *graph = new_graph();
    const char *key, *text;
    assert_ok(mcomp_graph_set_metadata(graph, "mean", "[0]"));
    assert_ok(mcomp_graph_set_metadata(graph, "labels", ""));
    assert_ok(mcomp_graph_set_metadata(graph, "mean", "[1, 2]"));
    assert_ok(mcomp_graph_get_metadata(graph, 0, &key, &text));
    assert_string_equal(key, "mean");
    assert_string_equal(text, "[1, 2]");
    assert_ok(mcomp_graph_get_metadata(graph, 1, &key, &text));
    assert_string_equal(text, "");
    assert_int_equal(mcomp_graph_get_metadata(graph, 2, &key, &text), MCOMP_END);
    assert_status(mcomp_graph_set_metadata(graph, "", "x"), MCOMP_ERR_INVALID_ARGUMENT);
    assert_status(mcomp_graph_set_metadata(graph, "x", NULL), MCOMP_ERR_INVALID_ARGUMENT);
    assert_status(mcomp_graph_set_metadata(graph, "x", "\xff"), MCOMP_ERR_INVALID_ARGUMENT);
    size_t most = (size_t)16 << 20;
    char *long_text = malloc(most + 2);
    assert_non_null(long_text);
    memset(long_text, 'a', most + 1);
    long_text[most + 1] = 0;
    assert_status(mcomp_graph_set_metadata(graph, "long", long_text), MCOMP_ERR_LIMIT);
    assert_message("long");
    long_text[most] = 0;
    assert_ok(mcomp_graph_set_metadata(graph, "long", long_text));
    free(long_text);
    end_graph(graph);
}

static void test_queries(void **state)
{
    (void)state;
    mcomp_graph *graph = new_graph();
    mcomp_value x = add_input(graph, "x", 4, 6, 5);
    mcomp_value w = add_constant(graph, "w", MCOMP_DTYPE_F32, 4, SHAPE(8, 4, 3, 3), NULL);
    mcomp_value b = add_constant(graph, "b", MCOMP_DTYPE_F32, 1, SHAPE(8), NULL);
    mcomp_value bn[5];
    const char *const names[5] = {"", "s", "t", "m", "v"};
    mcomp_value y = add_node(graph, "Conv", "conv", INPUTS(x, w, b), NO_ATTRIBUTES);
    bn[0] = y;
    for (int i = 1; i < 5; i++)
        bn[i] = add_constant(graph, names[i], MCOMP_DTYPE_F32, 1, SHAPE(8), NULL);
    y = add_node(graph, "BatchNormalization", "bn", bn, 5, NO_ATTRIBUTES);
    mcomp_value z = add_node(graph, "Conv", "shares", INPUTS(x, w, MCOMP_NO_VALUE), NO_ATTRIBUTES);
    assert_ok(mcomp_graph_mark_output(graph, z));
    mark_and_verify(graph, y);
    mcomp_graph_info info = {.struct_size = sizeof info};
    assert_ok(mcomp_graph_get_info(graph, &info));
    assert_string_equal(info.name, "test");
    assert_int_equal(info.node_count, 3);
    assert_int_equal(info.input_count, 1);
    assert_int_equal(info.output_count, 2);
    assert_int_equal(info.value_count, 10);
    assert_int_equal(info.verified, 1);
    assert_int_equal(info.parameters, 8 * 4 * 9 + 8 + 2 * 8); /* the shared weight once */
    assert_int_equal(info.float_nbytes, 4 * (8 * 4 * 9 + 8 + 4 * 8));
    assert_int_equal(info.stored_nbytes, info.float_nbytes);
    assert_int_equal(info.macs, 2 * 8 * 4 * 9 * 4 * 3);
    mcomp_node_info node = {.struct_size = sizeof node};
    assert_ok(mcomp_graph_get_node(graph, 2, &node));
    assert_string_equal(node.name, "shares");
    assert_string_equal(node.op, "Conv");
    assert_int_equal(node.input_count, 3);
    assert_int_equal(node.inputs[2], MCOMP_NO_VALUE);
    assert_int_equal(node.outputs[0], z);
    assert_int_equal(node.macs, 8 * 4 * 9 * 4 * 3);
    assert_int_equal(mcomp_graph_get_node(graph, 3, &node), MCOMP_END);
    mcomp_value_info value = {.struct_size = sizeof value};
    assert_ok(mcomp_graph_get_value(graph, z, &value));
    assert_int_equal(value.producer, 2);
    assert_int_equal(value.shape[0], MCOMP_BATCH);
    assert_int_equal(value.shape[3], 3);
    assert_ok(mcomp_graph_get_value(graph, w, &value));
    assert_int_equal(value.constant, 1);
    assert_int_equal(value.producer, -1);
    assert_non_null(mcomp_graph_get_constant(graph, w));
    assert_null(mcomp_graph_get_constant(graph, x));
    assert_null(mcomp_graph_get_constant(graph, 10));
    assert_null(mcomp_graph_get_constant(graph, -1));
    assert_status(mcomp_graph_get_value(graph, 10, &value), MCOMP_ERR_NOT_FOUND);
    assert_status(mcomp_graph_get_value(graph, -1, &value), MCOMP_ERR_NOT_FOUND);
    assert_int_equal(mcomp_graph_get_input(graph, 0), x);
    assert_int_equal(mcomp_graph_get_input(graph, 1), MCOMP_NO_VALUE);
    assert_int_equal(mcomp_graph_get_output(graph, 1), y);
    assert_int_equal(mcomp_graph_get_output(graph, 2), MCOMP_NO_VALUE);
    end_graph(graph);
}

/* Handles that are not there are an error, not a crash. */
static void test_missing_arguments(void **state)
{
    (void)state;
    mcomp_graph *graph = new_graph(), *none = graph;
    mcomp_value value;
    mcomp_graph_info info = {.struct_size = sizeof info};
    mcomp_graph_destroy(NULL);
    assert_status(mcomp_graph_create(NULL, "x", &none), MCOMP_ERR_INVALID_ARGUMENT);
    assert_null(none);
    assert_status(mcomp_graph_create(graph->context, "x", NULL), MCOMP_ERR_INVALID_ARGUMENT);
    assert_status(mcomp_graph_create(graph->context, "\xff", &none), MCOMP_ERR_INVALID_ARGUMENT);
    assert_status(mcomp_graph_add_input(NULL, "x", 1, SHAPE(-1), &value),
                  MCOMP_ERR_INVALID_ARGUMENT);
    assert_status(mcomp_graph_add_input(graph, "x", 1, NULL, &value), MCOMP_ERR_INVALID_ARGUMENT);
    assert_status(mcomp_graph_add_input(graph, "x", 1, SHAPE(-1), NULL),
                  MCOMP_ERR_INVALID_ARGUMENT);
    assert_status(mcomp_graph_add_constant(graph, "x", NULL, &value), MCOMP_ERR_INVALID_ARGUMENT);
    assert_message("x has no tensor");
    assert_status(mcomp_graph_add_node(graph, "Relu", "x", NULL, 1, NULL, 0, &value),
                  MCOMP_ERR_INVALID_ARGUMENT);
    assert_status(mcomp_graph_add_node(graph, "Relu", "x", NULL, 0, NULL, 1, &value),
                  MCOMP_ERR_INVALID_ARGUMENT);
    assert_status(mcomp_graph_get_info(NULL, &info), MCOMP_ERR_INVALID_ARGUMENT);
    assert_status(mcomp_graph_get_info(graph, NULL), MCOMP_ERR_INVALID_ARGUMENT);
    assert_status(mcomp_graph_verify(NULL), MCOMP_ERR_INVALID_ARGUMENT);
    assert_status(mcomp_graph_simplify(NULL, NULL, &none), MCOMP_ERR_INVALID_ARGUMENT);
    assert_status(mcomp_graph_simplify(graph, NULL, NULL), MCOMP_ERR_INVALID_ARGUMENT);
    assert_int_equal(mcomp_graph_get_input(NULL, 0), MCOMP_NO_VALUE);
    assert_int_equal(graph->value_count, 0);
    end_graph(graph);
}

static void test_operator_names(void **state)
{
    (void)state;
    uint32_t count = 0;
    while (mcomp_operator_name(count)) {
        assert_non_null(mc_operator_find(mcomp_operator_name(count)));
        count++;
    }
    assert_true(count >= 17);
    assert_null(mcomp_operator_name(UINT32_MAX));
    assert_null(mc_operator_find(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_many_names),
        cmocka_unit_test(test_inputs),
        cmocka_unit_test(test_nodes),
        cmocka_unit_test(test_attributes),
        cmocka_unit_test(test_outputs_and_verify),
        cmocka_unit_test(test_metadata),
        cmocka_unit_test(test_queries),
        cmocka_unit_test(test_missing_arguments),
        cmocka_unit_test(test_operator_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
