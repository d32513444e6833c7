/* What a plan says and what it refuses. */
#include "base/context_struct.h"
#include "graph/simplify_fixture.h"
#include "kernels/cpu/gemm/gemm.h"
#include "mcomp/plan.h"
#include "plan/plan_struct.h"

static mcomp_plan *new_plan(mcomp_graph *graph, const char *devices, int64_t batch)
{
    mcomp_plan_options options;
    mcomp_plan_options_init(&options);
    options.devices = devices;
    options.batch = batch;
    mcomp_plan *plan = NULL;
    assert_ok(mcomp_plan_create(graph, &options, &plan));
    return plan;
}

/* Float Conv, depth-wise Conv, Q, integer Conv of a 4-bit weight, DQ, MaxPool, Gemm. */
static mcomp_graph *new_network(void)
{
    test_random random = {.state = 1};
    mcomp_graph *graph = new_graph();
    mcomp_value x = add_input(graph, "x", 3, 8, 8);
    mcomp_value y = add_conv(graph, "conv", &random, x, 4, 3, 1, true);
    y = add_conv(graph, "depth-wise", &random, y, 4, 3, 4, true);
    y = add_quantize(graph, "q", y, 0.1f, MCOMP_DTYPE_U8, 128);
    const float scale = 0.5f;
    mcomp_tensor *tensor = NULL;
    assert_ok(mcomp_tensor_create_quantized(graph->context, MCOMP_DTYPE_S8, 4, SHAPE(2, 4, 1, 1),
                                            "\1\2\3\4\5\6\7\10", &scale, NULL, 1, &tensor));
    mcomp_value w = add_tensor(graph, "integer.w", tensor);
    y = add_node(graph, "Conv", "integer", INPUTS(y, w), ATTRIBUTES(QUANTIZED("u8", 0.2f, 7)));
    y = add_dequantize(graph, "dq", y);
    y = add_node(graph, "MaxPool", "pool", INPUTS(y), ATTRIBUTES(INTEGERS("kernel_shape", 8, 8)));
    y = add_node(graph, "Flatten", "flat", INPUTS(y), NO_ATTRIBUTES);
    mcomp_value v = add_random(graph, "gemm.w", &random, 2, SHAPE(2, 5));
    y = add_node(graph, "Gemm", "gemm", INPUTS(y, v), NO_ATTRIBUTES);
    mark_and_verify(graph, y);
    return graph;
}

static void test_steps(void **state)
{
    (void)state;
    mcomp_graph *graph = new_network();
    mcomp_plan *plan = new_plan(graph, NULL, 3);
    const bool bytes = mc_s8_gemm_choose(graph->context->isa_bits) != NULL;
    const struct {
        const char *op, *kernel, *arithmetic, *encoding, *decoding;
    } wanted[] = {
        {"Conv", "mc_f32_gemm_", "f32", "float32/dense/raw", "at load"},
        {"Conv", "mc_f32_depthwise__", "f32", "float32/dense/raw", "at load"},
        {"QuantizeLinear", "mc_f32_quantize__", "f32", "", "none"},
        {"Conv", bytes ? "mc_s8_gemm_" : "mc_s16_gemm_", "int8", "uniform8/dense/raw", "at load"},
        {"DequantizeLinear", "mc_f32_dequantize__", "f32", "", "none"},
        {"MaxPool", "mc_f32_max_pool__", "f32", "", "none"},
        {"Flatten", "mc_ref_flatten", "f32", "", "none"},
        {"Gemm", "mc_f32_dot_", "f32", "float32/dense/raw", "at load"},
    };
    double predicted = 0;
    mcomp_step_info step = {.struct_size = sizeof step};
    for (uint32_t i = 0; i < 8; i++) {
        assert_ok(mcomp_plan_get_step(plan, i, &step));
        assert_int_equal(step.node_index, i);
        assert_string_equal(step.node, graph->nodes[i].name);
        assert_string_equal(step.op, wanted[i].op);
        assert_string_equal(step.device, "cpu");
        assert_int_equal(strncmp(step.kernel, wanted[i].kernel, strlen(wanted[i].kernel)), 0);
        assert_string_equal(step.arithmetic, wanted[i].arithmetic);
        assert_string_equal(step.encoding, wanted[i].encoding);
        assert_string_equal(step.decoding, wanted[i].decoding);
        assert_string_equal(step.layout, "NCHW");
        assert_true(step.why[0] != 0);
        assert_int_equal(step.macs, 3 * graph->nodes[i].macs);
        assert_true(step.predicted_ns > 0);
        predicted += step.predicted_ns;
    }
    /* The depth-wise Conv has two ways, and the plan says that it chose. */
    assert_ok(mcomp_plan_get_step(plan, 1, &step));
    assert_non_null(strstr(step.why, "fastest of 2"));
    assert_int_equal(mcomp_plan_get_step(plan, 8, &step), MCOMP_END);
    mcomp_plan_info info = {.struct_size = sizeof info};
    assert_ok(mcomp_plan_get_info(plan, &info));
    assert_int_equal(info.step_count, 8);
    assert_int_equal(info.batch, 3);
    assert_string_equal(info.objective, "latency");
    assert_true(fabs(info.predicted_ns - predicted) <= 1e-9 * predicted);
    /* At the depth-wise Conv its input and output are alive: 2 x 4 planes of 8 x 8 floats. */
    assert_int_equal(info.live_peak_nbytes, 3 * 2 * 4 * 64 * 4);
    assert_true(info.activations_nbytes >= info.live_peak_nbytes);
    mcomp_plan_destroy(plan);
    end_graph(graph);
}

static void test_reference_steps(void **state)
{
    (void)state;
    mcomp_graph *graph = new_network();
    mcomp_plan *plan = new_plan(graph, "ref,cpu", 1);
    mcomp_step_info step = {.struct_size = sizeof step};
    assert_ok(mcomp_plan_get_step(plan, 0, &step));
    assert_string_equal(step.device, "ref");
    assert_string_equal(step.kernel, "mc_ref_conv");
    assert_ok(mcomp_plan_get_step(plan, 3, &step));
    assert_string_equal(step.arithmetic, "int8");
    mcomp_plan_destroy(plan);
    end_graph(graph);
}

static mcomp_status try_plan(mcomp_graph *graph, const char *devices, int64_t batch,
                             const char *objective, uint64_t memory_limit)
{
    mcomp_plan_options options;
    mcomp_plan_options_init(&options);
    options.devices = devices;
    options.batch = batch;
    options.objective = objective;
    options.memory_limit = memory_limit;
    mcomp_plan *plan = (mcomp_plan *)&options;
    mcomp_status status = mcomp_plan_create(graph, &options, &plan);
    assert_true((status == MCOMP_OK) == (plan != NULL));
    mcomp_plan_destroy(plan);
    return status;
}

static void test_options(void **state)
{
    (void)state;
    mcomp_graph *graph = new_network();
    static const char *const unknown[] = {"gpu", "", "cpu,", "cpu,,ref", " cpu", "CPU", "cpux"};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        assert_status(try_plan(graph, unknown[i], 1, NULL, 0), MCOMP_ERR_NOT_FOUND);
        assert_message("known are: cpu ref");
    }
    assert_status(try_plan(graph, "cpu,cpu", 1, NULL, 0), MCOMP_ERR_INVALID_ARGUMENT);
    static const int64_t bad_batches[] = {0, -1, 65537, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof bad_batches / sizeof *bad_batches; i++)
        assert_status(try_plan(graph, "cpu", bad_batches[i], NULL, 0), MCOMP_ERR_INVALID_ARGUMENT);
    assert_status(try_plan(graph, "cpu", 65536, NULL, 0), MCOMP_OK);
    static const char *const objectives[] = {"latency", "throughput", "energy", "memory"};
    for (size_t i = 0; i < 4; i++)
        assert_status(try_plan(graph, "cpu", 1, objectives[i], 0), MCOMP_OK);
    assert_status(try_plan(graph, "cpu", 1, "speed", 0), MCOMP_ERR_INVALID_ARGUMENT);
    assert_message("latency throughput energy memory");
    end_graph(graph);
}

static void test_memory_limit(void **state)
{
    (void)state;
    mcomp_graph *graph = new_network();
    mcomp_plan *plan = new_plan(graph, "cpu", 2);
    uint64_t needed = plan->weights_nbytes + plan->activations_nbytes + plan->workspace_nbytes;
    mcomp_plan_destroy(plan);
    char text[32];
    snprintf(text, sizeof text, "%llu bytes", (unsigned long long)needed);
    assert_status(try_plan(graph, "cpu", 2, NULL, needed), MCOMP_OK);
    assert_status(try_plan(graph, "cpu", 2, NULL, needed - 1), MCOMP_ERR_LIMIT);
    assert_message(text);
    end_graph(graph);
}

/* What no device runs is named with each device's reason; verified graphs only. */
static void test_unsupported(void **state)
{
    (void)state;
    mcomp_graph *graph = new_graph();
    mcomp_plan *plan = NULL;
    mcomp_value x = add_input(graph, "x", 2, 3, 3);
    mcomp_value w = add_constant(graph, "w", MCOMP_DTYPE_S8, 4, SHAPE(2, 2, 1, 1), NULL);
    mcomp_value dq = add_node(graph, "DequantizeLinear", "w.dq",
                              INPUTS(w, add_scalar(graph, "s", 1)), NO_ATTRIBUTES);
    mcomp_value y = add_node(graph, "Conv", "y", INPUTS(x, dq), NO_ATTRIBUTES);
    assert_ok(mcomp_graph_mark_output(graph, y));
    assert_status(mcomp_plan_create(graph, NULL, &plan), MCOMP_ERR_INVALID_ARGUMENT);
    assert_message("not verified");
    assert_ok(mcomp_graph_verify(graph));
    assert_status(try_plan(graph, "cpu,ref", 1, NULL, 0), MCOMP_ERR_UNSUPPORTED);
    assert_message("node w.dq (DequantizeLinear): cpu: input w is a constant");
    assert_message("node y (Conv): cpu: input w.dq must be a constant; simplify the graph; ref:");
    assert_status(mcomp_plan_create(NULL, NULL, &plan), MCOMP_ERR_INVALID_ARGUMENT);
    assert_status(mcomp_plan_create(graph, NULL, NULL), MCOMP_ERR_INVALID_ARGUMENT);
    end_graph(graph);
}

/* Activations of a terabyte are refused before anything is reckoned with them. */
static void test_too_large(void **state)
{
    (void)state;
    mcomp_graph *graph = new_graph();
    mcomp_value x;
    assert_ok(mcomp_graph_add_input(graph, "x", 3, SHAPE(-1, 1 << 20, 1 << 20), &x));
    mark_and_verify(graph, add_node(graph, "Relu", "y", INPUTS(x), NO_ATTRIBUTES));
    assert_status(try_plan(graph, "cpu", 2, NULL, 0), MCOMP_ERR_LIMIT);
    assert_message("value x is too large for a batch of 2");
    end_graph(graph);
}

static bool lives_in_arena(const mcomp_plan *plan, uint32_t v)
{
    return plan->locations[v].place == MC_PLACE_ARENA;
}

/* Random graphs: while a value is still read, nothing is written over it. */
static void test_arena_of_random_graphs(void **state)
{
    (void)state;
    test_random random = test_random_begin("arena");
    for (int round = 0; round < 60; round++) {
        mcomp_graph *graph = new_graph();
        mcomp_value values[40] = {add_input(graph, "x", 2, 3, 3)};
        for (uint32_t n = 1; n < 40; n++) {
            char name[16];
            snprintf(name, sizeof name, "n%u", n);
            size_t back = test_random_below(&random, n < 6 ? n : 6);
            mcomp_value a = values[n - 1], b = values[n - 1 - back];
            bool same = graph->values[a].shape[1] == graph->values[b].shape[1];
            values[n] =
                test_random_below(&random, 3) == 0 && graph->values[a].shape[1] < 64
                    ? add_node(graph, "Concat", name, INPUTS(a, b), ATTRIBUTES(INTEGERS("axis", 1)))
                    : add_node(graph, "Add", name, INPUTS(a, same ? b : a), NO_ATTRIBUTES);
        }
        assert_ok(mcomp_graph_mark_output(graph, values[20]));
        mark_and_verify(graph, values[39]);
        mcomp_plan *plan = new_plan(graph, "ref", 1 + round % 3);
        for (uint32_t v = 0; v < graph->value_count; v++) {
            uint32_t last = (uint32_t)graph->values[v].producer;
            if (!lives_in_arena(plan, v))
                continue;
            assert_true(plan->locations[v].offset + plan->locations[v].nbytes <=
                        plan->activations_nbytes);
            for (uint32_t n = 0; n < graph->node_count; n++)
                for (uint32_t i = 0; i < graph->nodes[n].input_count; i++)
                    if (graph->nodes[n].inputs[i] == (mcomp_value)v)
                        last = n;
            for (uint32_t n = (uint32_t)graph->values[v].producer + 1; n <= last; n++) {
                uint32_t w = (uint32_t)graph->nodes[n].output;
                const mc_location *a = &plan->locations[v], *b = &plan->locations[w];
                assert_true(!lives_in_arena(plan, w) || a->offset + a->nbytes <= b->offset ||
                            b->offset + b->nbytes <= a->offset);
            }
        }
        mcomp_plan_destroy(plan);
        end_graph(graph);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_reference_steps),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_memory_limit),
        cmocka_unit_test(test_unsupported),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_arena_of_random_graphs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
