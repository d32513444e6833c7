/* Each allocation that simplifying makes is refused once: the refusal comes back, nothing stays. */
#include "rewrite_fixture.h"

/* Something for every rewrite. */
static mcomp_value build(mcomp_graph *graph, test_random *random)
{
    mcomp_value x = add_input_of(graph, "x", 4, SHAPE(8, 8, 3));
    mcomp_value y = add_binary(graph, "Mul", "scaled", x, add_scalar(graph, "two", 2));
    y = add_binary(graph, "Sub", "shifted", y, add_random(graph, "mean", random, 1, SHAPE(3)));
    y = add_pad(graph, "pad", to_nchw(graph, "t1", y), 1, 1, 1, 1, 0);
    mcomp_value w = add_random(graph, "w", random, 4, SHAPE(4, 3, 3, 3));
    y = add_node(graph, "Conv", "conv", INPUTS(y, w), NO_ATTRIBUTES);
    y = add_binary(graph, "Add", "bias", to_nhwc(graph, "t2", y),
                   add_random(graph, "b", random, 1, SHAPE(4)));
    y = add_clip(graph, "clip", add_unary(graph, "Relu", "relu", y), -1, 6);
    y = add_binary(graph, "PRelu", "prelu", y, add_random(graph, "slope", random, 1, SHAPE(4)));
    mcomp_value starts = add_integers(graph, "starts", 1, SHAPE(0));
    mcomp_value ends = add_integers(graph, "ends", 1, SHAPE(4));
    mcomp_value axes = add_integers(graph, "axes", 1, SHAPE(1));
    y = add_node(graph, "Slice", "slice", INPUTS(y, starts, ends, axes), NO_ATTRIBUTES);
    mcomp_value three = add_scalar(graph, "three", 3), six = add_scalar(graph, "six", 6);
    mcomp_value gate = add_clip(graph, "gate", add_binary(graph, "Add", "a", y, three), 0, 6);
    y = add_binary(graph, "Div", "swish", add_binary(graph, "Mul", "m", y, gate), six);
    y = add_batchnorm(graph, "bn", random, to_nchw(graph, "t3", y));
    y = add_conv(graph, "unpadded", random, y, 4, 1, 1, true);
    y = add_quantize(graph, "q", y, 0.0625f, MCOMP_DTYPE_S8, 3);
    y = to_nhwc(graph, "t4", add_dequantize(graph, "dq", y));
    y = add_reshape(graph, "rows", y, 3, SHAPE(0, 8, 16));
    y = add_reshape(graph, "row", y, 2, SHAPE(0, -1));
    y = add_binary(graph, "MatMul", "gemm", y, add_random(graph, "v", random, 2, SHAPE(128, 5)));
    assert_ok(mcomp_graph_mark_output(graph, to_nhwc(graph, "image", graph->nodes[5].output)));
    mcomp_value mean = add_node(graph, "ReduceMean", "mean of x", INPUTS(x),
                                ATTRIBUTES(INTEGERS("axes", 1, 2), INTEGERS("keepdims", 0)));
    assert_ok(mcomp_graph_mark_output(graph, mean));
    return y;
}

static void test_every_allocation_fails_once(void **state)
{
    (void)state;
    test_random random = test_random_begin("allocations");
    mcomp_graph *graph = new_graph();
    mark_and_verify(graph, build(graph, &random));
    mcomp_simplify_info info;
    mcomp_graph *after = simplify_checked(graph, &info);
    assert_true(info.transposes_removed > 0 && info.affines_folded > 0 &&
                info.batchnorms_folded > 0 && info.activations_fused > 0 &&
                info.operators_recognised > 1 && info.reshapes_joined > 0);
    mcomp_graph_destroy(after);
    long live = atomic_load(&fixture_memory.live), n = 0;
    for (bool refused = true; refused; n++) {
        fail_alloc_arm(&fixture_memory, n);
        mcomp_status status = mcomp_graph_simplify(graph, NULL, &after);
        refused = atomic_load(&fixture_memory.failed) > 0;
        if (status != (refused ? MCOMP_ERR_OUT_OF_MEMORY : MCOMP_OK))
            fail_msg("allocation %ld refused: status %d, %s", n, status, mcomp_last_error());
        mcomp_graph_destroy(after);
        assert_int_equal(atomic_load(&fixture_memory.live), live);
    }
    assert_true(n > 200);
    fail_alloc_arm(&fixture_memory, -1);
    end_graph(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_allocation_fails_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
