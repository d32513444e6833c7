/* Sessions: what a run refuses, that runs repeat, that ends come in any order, what is told of them. */
#define _POSIX_C_SOURCE 200809L

#include <time.h>

#include "network_fixture.h"
#include "support/float_mode.h"

static float input[NETWORK_BATCH * NETWORK_INPUTS], output[NETWORK_BATCH * NETWORK_OUTPUTS];

static void test_runs_repeat(void **state)
{
    (void)state;
    mcomp_graph *graph = new_graph();
    build_network(graph);
    mcomp_session *session = new_session(graph, "cpu", NETWORK_BATCH);
    float first[NETWORK_BATCH * NETWORK_OUTPUTS];
    fill_network_input(input, NETWORK_BATCH);
    const void *inputs[1] = {input};
    void *outputs[1] = {first};
    assert_ok(run_session(session, graph, NETWORK_BATCH, inputs, outputs));
    float sum = 0;
    for (size_t i = 0; i < NETWORK_OUTPUTS; i++)
        sum += first[i];
    assert_true(fabsf(sum - 1) < 1e-5f);
    /* Another input in between leaves no trace. */
    float other[NETWORK_BATCH * NETWORK_INPUTS] = {0};
    inputs[0] = other;
    outputs[0] = output;
    assert_ok(run_session(session, graph, NETWORK_BATCH, inputs, outputs));
    assert_true(memcmp(first, output, sizeof first) != 0);
    inputs[0] = input;
    assert_ok(run_session(session, graph, NETWORK_BATCH, inputs, outputs));
    assert_same_bits(output, first, NETWORK_BATCH * NETWORK_OUTPUTS);
    /* The reference, which works otherwise, agrees. */
    run_graph(graph, "ref", NETWORK_BATCH, inputs, outputs);
    assert_near(output, first, NETWORK_BATCH * NETWORK_OUTPUTS, 1e-9);
    mcomp_session_destroy(session);
    end_graph(graph);
}

/* A batch is its images one by one. */
static void test_batches(void **state)
{
    (void)state;
    mcomp_graph *graph = new_graph();
    build_network(graph);
    fill_network_input(input, NETWORK_BATCH);
    const void *inputs[1] = {input};
    void *outputs[1] = {output};
    run_graph(graph, "cpu", NETWORK_BATCH, inputs, outputs);
    mcomp_session *session = new_session(graph, "cpu", 1);
    for (size_t image = 0; image < NETWORK_BATCH; image++) {
        float one[NETWORK_OUTPUTS];
        inputs[0] = input + image * NETWORK_INPUTS;
        outputs[0] = one;
        assert_ok(run_session(session, graph, 1, inputs, outputs));
        assert_same_bits(one, output + image * NETWORK_OUTPUTS, NETWORK_OUTPUTS);
    }
    mcomp_session_destroy(session);
    end_graph(graph);
}

/* Everything is ended before what was made from it, in every order of six. */
static void test_ends_in_any_order(void **state)
{
    (void)state;
    static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                     {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    for (int i = 0; i < 6; i++) {
        mcomp_graph *graph = new_graph();
        build_network(graph);
        mcomp_plan *plan = NULL;
        mcomp_session *session = NULL;
        assert_ok(mcomp_plan_create(graph, NULL, &plan));
        assert_ok(mcomp_session_create(plan, NULL, &session));
        mcomp_tensor *in = wrap_value(graph, graph->inputs[0], 1, input);
        mcomp_tensor *out = wrap_value(graph, graph->outputs[0], 1, output);
        for (int k = 0; k < 3; k++) {
            if (orders[i][k] == 0)
                mcomp_graph_destroy(graph);
            else if (orders[i][k] == 1)
                mcomp_plan_destroy(plan);
            else {
                assert_ok(mcomp_session_run(session, &in, 1, &out, 1));
                mcomp_session_destroy(session);
            }
        }
        mcomp_tensor_release(in);
        mcomp_tensor_release(out);
        assert_no_leak(&fixture_memory);
    }
    mcomp_session_destroy(NULL);
    mcomp_plan_destroy(NULL);
}

/* A session of the network and tensors that are right; tests put wrong ones in their place. */
typedef struct call {
    mcomp_graph *graph;
    mcomp_session *session;
    mcomp_tensor *in, *out;
} call;

static call begin_call(void)
{
    call made = {.graph = new_graph()};
    build_network(made.graph);
    fill_network_input(input, 1);
    made.session = new_session(made.graph, "cpu", 1);
    made.in = wrap_value(made.graph, made.graph->inputs[0], 1, input);
    made.out = wrap_value(made.graph, made.graph->outputs[0], 1, output);
    return made;
}

static void end_call(call *made)
{
    mcomp_tensor_release(made->in);
    mcomp_tensor_release(made->out);
    mcomp_session_destroy(made->session);
    end_graph(made->graph);
}

static void expect(const call *made, mcomp_tensor *in, mcomp_tensor *out, mcomp_status status,
                   const char *words)
{
    assert_status(mcomp_session_run(made->session, &in, 1, &out, 1), status);
    assert_message(words);
    assert_ok(mcomp_session_run(made->session, &made->in, 1, &made->out, 1));
}

static void test_wrong_tensors(void **state)
{
    (void)state;
    call made = begin_call();
    mcomp_context *context = made.graph->context;
    static const struct {
        mcomp_dtype dtype;
        uint32_t rank;
        int64_t shape[4];
        const char *words;
    } wrong[] = {
        {MCOMP_DTYPE_F32, 4, {1, 3, 12, 11}, "input x: shape [1, 3, 12, 11] given, [1, 3, 12, 12]"},
        {MCOMP_DTYPE_F32, 4, {2, 3, 12, 12}, "input x: shape [2, 3, 12, 12]"},
        {MCOMP_DTYPE_F32, 4, {0, 3, 12, 12}, "input x: shape [0, 3, 12, 12]"},
        {MCOMP_DTYPE_F32, 3, {3, 12, 12}, "input x: shape [3, 12, 12]"},
        {MCOMP_DTYPE_F32, 0, {0}, "input x: shape []"},
        {MCOMP_DTYPE_U8, 4, {1, 3, 12, 12}, "input x: uint8 given, float32 is wanted"},
        {MCOMP_DTYPE_F16, 4, {1, 3, 12, 12}, "input x: float16 given"},
        {MCOMP_DTYPE_S64, 4, {1, 3, 12, 12}, "input x: int64 given"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        mcomp_tensor *tensor = NULL;
        assert_ok(mcomp_tensor_create(context, wrong[i].dtype, wrong[i].rank, wrong[i].shape, NULL,
                                      &tensor));
        expect(&made, tensor, made.out, MCOMP_ERR_SHAPE, wrong[i].words);
        expect(&made, made.in, tensor, MCOMP_ERR_SHAPE, "output y");
        mcomp_tensor_release(tensor);
    }
    expect(&made, NULL, made.out, MCOMP_ERR_SHAPE, "input x: no tensor");
    expect(&made, made.in, NULL, MCOMP_ERR_SHAPE, "output y: no tensor");
    const float scale = 1;
    mcomp_tensor *encoded = NULL;
    assert_ok(mcomp_tensor_create_quantized(context, MCOMP_DTYPE_U8, 4, SHAPE(1, 3, 12, 12), input,
                                            &scale, NULL, 1, &encoded));
    expect(&made, encoded, made.out, MCOMP_ERR_SHAPE, "an encoded tensor given");
    mcomp_tensor_release(encoded);
    end_call(&made);
}

static void test_wrong_counts(void **state)
{
    (void)state;
    call made = begin_call();
    mcomp_tensor *ins[2] = {made.in, made.in}, *outs[2] = {made.out, made.out};
    assert_status(mcomp_session_run(made.session, ins, 0, outs, 1), MCOMP_ERR_SHAPE);
    assert_status(mcomp_session_run(made.session, ins, 2, outs, 1), MCOMP_ERR_SHAPE);
    assert_message("2 inputs and 1 outputs given, the network has 1 and 1");
    assert_status(mcomp_session_run(made.session, ins, 1, outs, 0), MCOMP_ERR_SHAPE);
    assert_status(mcomp_session_run(made.session, ins, 1, outs, 2), MCOMP_ERR_SHAPE);
    assert_status(mcomp_session_run(made.session, ins, SIZE_MAX, outs, 1), MCOMP_ERR_SHAPE);
    assert_status(mcomp_session_run(made.session, NULL, 1, outs, 1), MCOMP_ERR_INVALID_ARGUMENT);
    assert_status(mcomp_session_run(made.session, ins, 1, NULL, 1), MCOMP_ERR_INVALID_ARGUMENT);
    assert_status(mcomp_session_run(NULL, ins, 1, outs, 1), MCOMP_ERR_INVALID_ARGUMENT);
    mcomp_session *session = made.session;
    assert_status(mcomp_session_create(NULL, NULL, &session), MCOMP_ERR_INVALID_ARGUMENT);
    assert_null(session);
    end_call(&made);
}

static void test_not_a_number(void **state)
{
    (void)state;
    call made = begin_call();
    static const size_t places[] = {0, 17, NETWORK_INPUTS - 1};
    for (size_t i = 0; i < 3; i++) {
        char words[64];
        float saved = input[places[i]];
        input[places[i]] = NAN;
        mcomp_tensor *ins[1] = {made.in}, *outs[1] = {made.out};
        snprintf(words, sizeof words, "input x: element %zu is not a number", places[i]);
        assert_status(mcomp_session_run(made.session, ins, 1, outs, 1), MCOMP_ERR_INVALID_ARGUMENT);
        assert_message(words);
        input[places[i]] = INFINITY; /* is one */
        assert_ok(mcomp_session_run(made.session, ins, 1, outs, 1));
        input[places[i]] = saved;
    }
    end_call(&made);
}

static void test_overlap(void **state)
{
    (void)state;
    call made = begin_call();
    mcomp_tensor *over_start = wrap_value(made.graph, made.graph->outputs[0], 1, input);
    mcomp_tensor *over_end =
        wrap_value(made.graph, made.graph->outputs[0], 1, input + NETWORK_INPUTS - 1);
    expect(&made, made.in, over_start, MCOMP_ERR_INVALID_ARGUMENT, "output y shares memory");
    expect(&made, made.in, over_end, MCOMP_ERR_INVALID_ARGUMENT, "output y shares memory");
    mcomp_tensor *behind =
        wrap_value(made.graph, made.graph->outputs[0], 1, input + NETWORK_INPUTS);
    mcomp_tensor *ins[1] = {made.in};
    assert_ok(mcomp_session_run(made.session, ins, 1, &behind, 1));
    mcomp_tensor_release(over_start);
    mcomp_tensor_release(over_end);
    mcomp_tensor_release(behind);
    end_call(&made);
}

/* An output that is wanted twice, and read by later nodes, is there each time. */
static void test_outputs_read_and_wanted_twice(void **state)
{
    (void)state;
    mcomp_graph *graph = new_graph();
    mcomp_value x = add_input(graph, "x", 4, 0, 0);
    mcomp_value y = add_node(graph, "Relu", "y", INPUTS(x), NO_ATTRIBUTES);
    mcomp_value z = add_node(graph, "Add", "z", INPUTS(y, y), NO_ATTRIBUTES);
    assert_ok(mcomp_graph_mark_output(graph, y));
    assert_ok(mcomp_graph_mark_output(graph, z));
    mark_and_verify(graph, y);
    const float values[4] = {-1, 2, -3, 4};
    float found[3][4];
    const void *inputs[1] = {values};
    void *outputs[3] = {found[0], found[1], found[2]};
    run_graph(graph, "cpu", 1, inputs, outputs);
    for (int i = 0; i < 4; i++) {
        float wanted = values[i] > 0 ? values[i] : 0;
        assert_true(found[0][i] == wanted && found[2][i] == wanted && found[1][i] == 2 * wanted);
    }
    end_graph(graph);
}

static void test_profiling(void **state)
{
    (void)state;
    call made = begin_call();
    uint64_t start, duration, end = 0;
    mcomp_tensor *ins[1] = {made.in}, *outs[1] = {made.out};
    mcomp_session_info info = {.struct_size = sizeof info};
    assert_ok(mcomp_session_get_info(made.session, &info));
    assert_int_equal(info.step_count, made.graph->node_count);
    assert_true(info.load_ns > 0);
    assert_ok(mcomp_session_run(made.session, ins, 1, outs, 1));
    assert_status(mcomp_session_get_step_time(made.session, 0, &start, &duration),
                  MCOMP_ERR_INVALID_ARGUMENT);
    assert_message("no run was profiled");
    mcomp_session_set_profiling(made.session, 1);
    assert_ok(mcomp_session_run(made.session, ins, 1, outs, 1));
    mcomp_session_set_profiling(made.session, 0);
    assert_ok(mcomp_session_run(made.session, ins, 1, outs, 1));
    for (uint32_t i = 0; i < info.step_count; i++) {
        assert_ok(mcomp_session_get_step_time(made.session, i, &start, &duration));
        assert_true(start >= end); /* one step after the other */
        end = start + duration;
    }
    assert_true(end > 0);
    assert_int_equal(mcomp_session_get_step_time(made.session, info.step_count, &start, &duration),
                     MCOMP_END);
    end_call(&made);
}

/* What the plan promises is what the session takes, but for its own records. */
static void test_memory_is_what_the_plan_says(void **state)
{
    (void)state;
    static const char *const devices[] = {"cpu", "ref"};
    for (int d = 0; d < 2; d++) {
        mcomp_graph *graph = new_graph();
        build_network(graph);
        mcomp_plan_options options;
        mcomp_plan_options_init(&options);
        options.devices = devices[d];
        mcomp_plan *plan = NULL;
        assert_ok(mcomp_plan_create(graph, &options, &plan));
        size_t before = atomic_load(&fixture_memory.live_nbytes);
        mcomp_session *session = NULL;
        assert_ok(mcomp_session_create(plan, NULL, &session));
        size_t taken = atomic_load(&fixture_memory.live_nbytes) - before;
        mcomp_session_info info = {.struct_size = sizeof info};
        assert_ok(mcomp_session_get_info(session, &info));
        size_t told = info.weights_nbytes + info.activations_nbytes;
        /* Each of the steps has a few blocks of at most 512 bytes with their alignment. */
        assert_true(taken >= told);
        assert_true(taken - told <= graph->node_count * 2048u);
        mcomp_session_destroy(session);
        mcomp_plan_destroy(plan);
        end_graph(graph);
    }
}

typedef struct countdown {
    int left;
    char stage[64];
} countdown;

static int count_down(void *user, const char *stage, uint64_t done, uint64_t total)
{
    countdown *count = user;
    assert_true(total > 0 && done <= total);
    snprintf(count->stage, sizeof count->stage, "%s", stage);
    return count->left-- == 0;
}

/* Cancelled while packing, nothing stays; cancelled in a run, the next one is whole. */
static void test_cancel(void **state)
{
    (void)state;
    mcomp_graph *graph = new_graph();
    build_network(graph);
    mcomp_plan *plan = NULL;
    mcomp_session *session = NULL;
    assert_ok(mcomp_plan_create(graph, NULL, &plan));
    countdown count = {.left = 0};
    mcomp_session_options options;
    mcomp_session_options_init(&options);
    options.progress = count_down;
    options.progress_user = &count;
    long live = atomic_load(&fixture_memory.live);
    assert_status(mcomp_session_create(plan, &options, &session), MCOMP_ERR_CANCELLED);
    assert_null(session);
    assert_int_equal(atomic_load(&fixture_memory.live), live);
    count.left = 1000000;
    assert_ok(mcomp_session_create(plan, &options, &session));
    fill_network_input(input, 1);
    mcomp_tensor *in = wrap_value(graph, graph->inputs[0], 1, input);
    mcomp_tensor *out = wrap_value(graph, graph->outputs[0], 1, output);
    float wanted[NETWORK_OUTPUTS];
    assert_ok(mcomp_session_run(session, &in, 1, &out, 1));
    memcpy(wanted, output, sizeof wanted);
    memset(output, 0, sizeof output);
    count.left = 0;
    nanosleep(&(struct timespec){.tv_nsec = 60000000}, NULL); /* the next report is due then */
    assert_status(mcomp_session_run(session, &in, 1, &out, 1), MCOMP_ERR_CANCELLED);
    assert_string_equal(count.stage, "stem");
    assert_message("stem");
    count.left = 1000000;
    assert_ok(mcomp_session_run(session, &in, 1, &out, 1));
    assert_same_bits(output, wanted, NETWORK_OUTPUTS);
    mcomp_tensor_release(in);
    mcomp_tensor_release(out);
    mcomp_session_destroy(session);
    mcomp_plan_destroy(plan);
    end_graph(graph);
}

/* Runs another session of the same context, as a caller may, and notes the floating-point mode. */
typedef struct visitor {
    const mcomp_graph *graph;
    mcomp_session *other;
    uint64_t mode;
    int calls;
} visitor;

static int visit(void *user, const char *stage, uint64_t done, uint64_t total)
{
    (void)stage;
    (void)done;
    (void)total;
    visitor *self = user;
    static float found[NETWORK_OUTPUTS];
    const void *inputs[1] = {input};
    void *outputs[1] = {found};
    self->mode = float_mode_get() & FLOAT_MODE_FLUSHES;
    self->calls++;
    return self->other && run_session(self->other, self->graph, 1, inputs, outputs) != MCOMP_OK;
}

static void test_progress_is_the_callers_code(void **state)
{
    (void)state;
    mcomp_context *context = new_context(2);
    mcomp_graph *graph = new_network_in(context);
    mcomp_plan *plan = NULL;
    mcomp_session *session = NULL;
    visitor self = {.graph = graph};
    mcomp_session_options options;
    mcomp_session_options_init(&options);
    options.progress = visit;
    options.progress_user = &self;
    assert_ok(mcomp_plan_create(graph, NULL, &plan));
    assert_ok(mcomp_session_create(plan, &options, &session));
    fill_network_input(input, 1);
    self.other = new_session(graph, "cpu", 1);
    self.calls = 0;
    self.mode = 1;
    const void *inputs[1] = {input};
    void *outputs[1] = {output};
    nanosleep(&(struct timespec){.tv_nsec = 60000000}, NULL); /* the next report is due then */
    assert_ok(run_session(session, graph, 1, inputs, outputs));
    assert_true(self.calls > 0);
    assert_int_equal(self.mode, 0);
    mcomp_session_destroy(self.other);
    mcomp_session_destroy(session);
    mcomp_plan_destroy(plan);
    mcomp_graph_destroy(graph);
    mcomp_context_destroy(context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_runs_repeat),
        cmocka_unit_test(test_batches),
        cmocka_unit_test(test_ends_in_any_order),
        cmocka_unit_test(test_wrong_tensors),
        cmocka_unit_test(test_wrong_counts),
        cmocka_unit_test(test_not_a_number),
        cmocka_unit_test(test_overlap),
        cmocka_unit_test(test_outputs_read_and_wanted_twice),
        cmocka_unit_test(test_profiling),
        cmocka_unit_test(test_memory_is_what_the_plan_says),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_progress_is_the_callers_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
