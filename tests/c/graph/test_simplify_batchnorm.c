/* BatchNormalization and constant additions folded into the Conv or Gemm before them. */
#include "simplify_fixture.h"

static const mcomp_attribute *statistics(const mcomp_graph *graph, const char *node,
                                         const char *name)
{
    return mc_node_attribute(node_of(graph, node), name);
}

static void test_into_conv(void **state)
{
    (void)state;
    test_random random = test_random_begin("into conv");
    mcomp_graph *graph = new_graph();
    mcomp_value x = add_input(graph, "x", 6, 7, 5);
    mcomp_value y = add_conv(graph, "biased", &random, x, 8, 3, 1, true);
    y = add_batchnorm(graph, "bn1", &random, y);
    y = add_node(graph, "Relu", "relu1", INPUTS(y), NO_ATTRIBUTES);
    y = add_conv(graph, "plain", &random, y, 8, 1, 1, false);
    y = add_batchnorm(graph, "bn2", &random, y);
    y = add_conv(graph, "depth-wise", &random, y, 8, 3, 8, false);
    y = add_batchnorm(graph, "bn3", &random, y);
    y = add_conv(graph, "grouped", &random, y, 4, 3, 2, true);
    y = add_batchnorm(graph, "y", &random, y);
    mark_and_verify(graph, y);
    mcomp_simplify_info info;
    mcomp_graph *after = simplify_checked(graph, &info);
    assert_ops(after, "Conv,Conv,Conv,Conv");
    assert_int_equal(info.batchnorms_folded, 4);
    /* The statistics of what the Conv gives now: BatchNormalization's shift and |scale|. */
    const float *scale = graph->values[node_of(graph, "bn2")->inputs[1]].constant->data;
    const float *shift = graph->values[node_of(graph, "bn2")->inputs[2]].constant->data;
    const mcomp_attribute *mean = statistics(after, "plain", "output_mean");
    const mcomp_attribute *deviation = statistics(after, "plain", "output_deviation");
    assert_int_equal(mean->count, 8);
    assert_int_equal(deviation->count, 8);
    for (size_t c = 0; c < 8; c++) {
        assert_true(mean->floats[c] == shift[c]);
        assert_true(deviation->floats[c] == fabsf(scale[c]));
    }
    /* What the source had is still told. */
    assert_int_equal(after->parameters, graph->parameters);
    assert_int_equal(after->float_nbytes, graph->float_nbytes);
    mcomp_graph_destroy(after);
    end_graph(graph);
}

static void test_into_gemm(void **state)
{
    (void)state;
    for (int64_t transposed = 0; transposed < 2; transposed++) {
        test_random random = test_random_begin("into gemm");
        mcomp_graph *graph = new_graph();
        mcomp_value x = add_input(graph, "x", 6, 0, 0);
        mcomp_value w = add_random(graph, "w", &random, 2, transposed ? SHAPE(9, 6) : SHAPE(6, 9));
        mcomp_value y = add_node(graph, "Gemm", "gemm", INPUTS(x, w),
                                 ATTRIBUTES(INTEGERS("transB", transposed)));
        y = add_batchnorm(graph, "y", &random, y);
        mark_and_verify(graph, y);
        mcomp_simplify_info info;
        mcomp_graph *after = simplify_checked(graph, &info);
        assert_ops(after, "Gemm");
        assert_int_equal(node_of(after, "y")->input_count, 3);
        mcomp_graph_destroy(after);
        end_graph(graph);
    }
}

/* Conv, bias, BatchNormalization, BatchNormalization, bias: all of it is one Conv. */
static void test_chain(void **state)
{
    (void)state;
    test_random random = test_random_begin("chain");
    mcomp_graph *graph = new_graph();
    mcomp_value x = add_input(graph, "x", 3, 7, 5);
    mcomp_value y = add_conv(graph, "conv", &random, x, 4, 3, 1, true);
    mcomp_value b1 = add_random(graph, "b1", &random, 3, SHAPE(4, 1, 1));
    mcomp_value b2 = add_random(graph, "b2", &random, 4, SHAPE(1, 4, 1, 1));
    mcomp_value b3 = add_scalar(graph, "b3", 0.25f);
    y = add_node(graph, "Add", "a1", INPUTS(b1, y), NO_ATTRIBUTES);
    y = add_batchnorm(graph, "bn1", &random, y);
    y = add_node(graph, "Add", "a2", INPUTS(y, b2), NO_ATTRIBUTES);
    y = add_batchnorm(graph, "bn2", &random, y);
    y = add_node(graph, "Add", "a3", INPUTS(y, b3), NO_ATTRIBUTES);
    y = add_node(graph, "Relu", "y", INPUTS(y), NO_ATTRIBUTES);
    mark_and_verify(graph, y);
    mcomp_simplify_info info;
    mcomp_graph *after = simplify_checked(graph, &info);
    assert_ops(after, "Conv");
    assert_int_equal(info.batchnorms_folded, 2);
    const float *shift = graph->values[node_of(graph, "bn2")->inputs[2]].constant->data;
    assert_true(statistics(after, "y", "output_mean")->floats[3] == shift[3] + 0.25f);
    mcomp_graph_destroy(after);
    end_graph(graph);
}

/* A bias alone leaves the weight's encoding as it is, and moves statistics that are there. */
static void test_bias_alone(void **state)
{
    (void)state;
    mcomp_graph *graph = new_graph();
    mcomp_value x = add_input(graph, "x", 1, 3, 3);
    const int8_t integers[4] = {1, -2, 3, 4};
    const float scale = 0.5f;
    mcomp_tensor *weight = NULL;
    assert_ok(mcomp_tensor_create_quantized(graph->context, MCOMP_DTYPE_S8, 4, SHAPE(2, 1, 1, 2),
                                            integers, &scale, NULL, 1, &weight));
    mcomp_value w = add_tensor(graph, "w", weight);
    mcomp_value b = add_constant(graph, "b", MCOMP_DTYPE_F32, 3, SHAPE(2, 1, 1), VALUES(2, 3));
    mcomp_value y =
        add_node(graph, "Conv", "conv", INPUTS(x, w),
                 ATTRIBUTES(FLOATS("output_mean", 5, 7), FLOATS("output_deviation", 1, 2)));
    y = add_node(graph, "Add", "y", INPUTS(y, b), NO_ATTRIBUTES);
    mark_and_verify(graph, y);
    mcomp_simplify_info info;
    mcomp_graph *after = simplify_checked(graph, &info);
    assert_ops(after, "Conv");
    assert_int_equal(info.batchnorms_folded, 0);
    assert_ptr_equal(after->values[node_of(after, "y")->inputs[1]].constant,
                     graph->values[w].constant);
    assert_true(statistics(after, "y", "output_mean")->floats[0] == 7);
    assert_true(statistics(after, "y", "output_mean")->floats[1] == 10);
    assert_true(statistics(after, "y", "output_deviation")->floats[1] == 2);
    mcomp_graph_destroy(after);
    end_graph(graph);
}

/* Two Convs that share weight and bias: each gets its own. */
static void test_shared_weight(void **state)
{
    (void)state;
    test_random random = test_random_begin("shared weight");
    mcomp_graph *graph = new_graph();
    mcomp_value x = add_input(graph, "x", 3, 7, 5);
    mcomp_value w = add_random(graph, "w", &random, 4, SHAPE(3, 3, 1, 1));
    mcomp_value b = add_random(graph, "b", &random, 1, SHAPE(3));
    mcomp_value taken = add_random(graph, "c1_weight", &random, 1, SHAPE(5));
    mcomp_value y = add_node(graph, "Conv", "c1", INPUTS(x, w, b), NO_ATTRIBUTES);
    y = add_batchnorm(graph, "bn1", &random, y);
    y = add_node(graph, "Conv", "c2", INPUTS(y, w, b), NO_ATTRIBUTES);
    y = add_batchnorm(graph, "bn2", &random, y);
    y = add_node(graph, "Conv", "c3", INPUTS(y, w, b), NO_ATTRIBUTES);
    y = add_node(graph, "Add", "y", INPUTS(y, taken), NO_ATTRIBUTES);
    mark_and_verify(graph, y);
    mcomp_simplify_info info;
    mcomp_graph *after = simplify_checked(graph, &info);
    assert_ops(after, "Conv,Conv,Conv,Add");
    mcomp_graph_destroy(after);
    end_graph(graph);
}

static void test_batchnorms_that_stay(void **state)
{
    (void)state;
    test_random random = test_random_begin("batchnorms that stay");
    mcomp_graph *graph = new_graph();
    mcomp_value x = add_input(graph, "x", 4, 6, 5);
    mcomp_value first = add_batchnorm(graph, "first", &random, x);
    mcomp_value rectified = add_conv(graph, "rectified", &random, first, 4, 3, 1, true);
    rectified = add_node(graph, "Relu", "relu", INPUTS(rectified), NO_ATTRIBUTES);
    mcomp_value after_relu = add_batchnorm(graph, "after relu", &random, rectified);
    mcomp_value shared = add_conv(graph, "shared", &random, x, 4, 1, 1, true);
    mcomp_value bn = add_batchnorm(graph, "of shared", &random, shared);
    mcomp_value sum = add_node(graph, "Add", "sum", INPUTS(bn, shared), NO_ATTRIBUTES);
    mcomp_value output = add_conv(graph, "output", &random, x, 4, 1, 1, true);
    mcomp_value of_output = add_batchnorm(graph, "of output", &random, output);
    mcomp_value row = add_random(graph, "row", &random, 1, SHAPE(5));
    mcomp_value conv = add_conv(graph, "conv", &random, x, 4, 1, 1, false);
    mcomp_value not_a_bias = add_node(graph, "Add", "not a bias", INPUTS(conv, row), NO_ATTRIBUTES);
    const mcomp_value outputs[] = {after_relu, sum, output, of_output, not_a_bias};
    for (size_t i = 0; i < 5; i++)
        assert_ok(mcomp_graph_mark_output(graph, outputs[i]));
    assert_ok(mcomp_graph_verify(graph));
    mcomp_simplify_info info;
    mcomp_graph *after = simplify_checked(graph, &info);
    assert_int_equal(info.batchnorms_folded, 0);
    assert_int_equal(after->node_count, graph->node_count - 1); /* the Relu */
    mcomp_graph_destroy(after);
    end_graph(graph);
}

/* A variance of 0 is fine with an epsilon; without a positive sum there is no root. */
static void test_degenerate_variance(void **state)
{
    (void)state;
    test_random random = test_random_begin("degenerate variance");
    mcomp_graph *graph = new_graph();
    mcomp_value x = add_input(graph, "x", 2, 3, 3);
    mcomp_value ones = add_constant(graph, "ones", MCOMP_DTYPE_F32, 1, SHAPE(2), VALUES(1, 1));
    mcomp_value zeros = add_constant(graph, "zeros", MCOMP_DTYPE_F32, 1, SHAPE(2), NULL);
    mcomp_value negative =
        add_constant(graph, "negative", MCOMP_DTYPE_F32, 1, SHAPE(2), VALUES(1, -0.5f));
    mcomp_value nan = add_constant(graph, "nan", MCOMP_DTYPE_F32, 1, SHAPE(2), VALUES(NAN, 1));
    mcomp_value y = add_conv(graph, "conv", &random, x, 2, 1, 1, false);
    refuse(graph, MCOMP_ERR_INVALID_ARGUMENT, "BatchNormalization",
           INPUTS(y, ones, zeros, zeros, zeros), ATTRIBUTES(FLOATS("epsilon", 0)));
    assert_message("channel 0 is 0");
    refuse(graph, MCOMP_ERR_INVALID_ARGUMENT, "BatchNormalization",
           INPUTS(y, ones, zeros, zeros, negative), NO_ATTRIBUTES);
    assert_message("channel 1 is -0.5");
    refuse(graph, MCOMP_ERR_INVALID_ARGUMENT, "BatchNormalization",
           INPUTS(y, ones, zeros, zeros, nan), NO_ATTRIBUTES);
    y = add_node(graph, "BatchNormalization", "y", INPUTS(y, ones, zeros, zeros, zeros),
                 NO_ATTRIBUTES);
    mark_and_verify(graph, y);
    mcomp_simplify_info info;
    mcomp_graph *after = simplify_checked(graph, &info);
    assert_ops(after, "Conv");
    mcomp_graph_destroy(after);
    end_graph(graph);
}

/* What belongs to the network stays with it; a graph that cannot be simplified stays the same. */
static void test_annotations_and_again(void **state)
{
    (void)state;
    test_random random = test_random_begin("annotations");
    mcomp_graph *graph = new_graph();
    mcomp_value x = add_input(graph, "x", 2, 3, 3);
    mcomp_value y = add_conv(graph, "conv", &random, x, 2, 1, 1, false);
    y = add_batchnorm(graph, "bn", &random, y);
    y = add_node(graph, "Relu", "y", INPUTS(y), NO_ATTRIBUTES);
    assert_ok(mcomp_graph_set_metadata(graph, "labels", "two"));
    assert_ok(mc_graph_set_recipe(graph, "store.dense"));
    assert_ok(mc_graph_add_note(graph, "a note"));
    mcomp_simplify_info info = {.struct_size = sizeof info};
    mcomp_graph *refused = graph;
    assert_status(mcomp_graph_simplify(graph, &info, &refused), MCOMP_ERR_INVALID_ARGUMENT);
    assert_message("not verified");
    assert_null(refused);
    mark_and_verify(graph, y);
    mcomp_graph *after = simplify_checked(graph, &info);
    assert_string_equal(after->metadata[0].text, "two");
    assert_string_equal(after->recipe, "store.dense");
    assert_string_equal(after->notes[0], "a note");
    assert_string_equal(after->name, "test");
    mcomp_graph *again = simplify_checked(after, &info);
    assert_int_equal(info.nodes_after, info.nodes_before);
    assert_int_equal(info.batchnorms_folded + info.activations_fused + info.no_ops_removed, 0);
    assert_int_equal(again->value_count, after->value_count);
    assert_ok(mcomp_graph_simplify(after, NULL, &refused));
    mcomp_graph_destroy(refused);
    mcomp_graph_destroy(after);
    mcomp_graph_destroy(again);
    end_graph(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_into_conv),
        cmocka_unit_test(test_into_gemm),
        cmocka_unit_test(test_chain),
        cmocka_unit_test(test_bias_alone),
        cmocka_unit_test(test_shared_weight),
        cmocka_unit_test(test_batchnorms_that_stay),
        cmocka_unit_test(test_degenerate_variance),
        cmocka_unit_test(test_annotations_and_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
