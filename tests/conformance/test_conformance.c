/* Every case of operator_cases.h, on every device, with every cap on the instruction sets that this
 * machine has, for one image and for three, against the test's own sums and against `ref`. */
#define _DEFAULT_SOURCE

#include "bounds.h"
#include "operator_cases.h"
#include "operator_oracle.h"
#include "support/guarded.h"
#include "support/near.h"

static const char *const caps[] = {"scalar",     "avx2", "avxvnni", "avx512f",
                                   "avx512vnni", "neon", "neondot"};
#define CAP_COUNT (sizeof caps / sizeof caps[0])

/* NULL where the cap is not what the context came out as: then another cap has been run. */
static mcomp_context *context_with_cap(const char *cap, uint32_t threads)
{
    mcomp_context_options options;
    mcomp_context_options_init(&options);
    options.isa_cap = cap;
    options.threads = threads;
    mcomp_context *context = NULL;
    assert_ok(mcomp_context_create(&options, &context));
    mcomp_context_info info = {.struct_size = sizeof info};
    assert_ok(mcomp_context_get_info(context, &info));
    if (strcmp(info.isa, cap) == 0)
        return context;
    mcomp_context_destroy(context);
    return NULL;
}

#define MAX_GRAPH_INPUTS (CASE_MAX_INPUTS + 1)

/* Inputs of a case for one batch, its oracle's and the devices' results. */
typedef struct case_run {
    int64_t batch;
    const void *inputs[MAX_GRAPH_INPUTS];
    size_t count, nbytes; /* of the result */
    double *wanted;
    void *reference;
    void *found;
    guarded memory[MAX_GRAPH_INPUTS + 2]; /* devices must not read or write past any of them */
} case_run;

static void begin_run(const built_case *built, int64_t batch, test_random *random, case_run *run)
{
    const mcomp_graph *graph = built->graph;
    oracle_tensor inputs[MAX_GRAPH_INPUTS];
    const mc_value *result = &graph->values[graph->outputs[0]];
    oracle_tensor output = oracle_like(result, batch);
    float spread = built->what->spread != 0 ? built->what->spread : 1;
    *run = (case_run){.batch = batch, .wanted = output.values};
    for (uint32_t i = 0; i < graph->input_count; i++) {
        size_t count = batch_count(graph, graph->inputs[i], batch);
        run->memory[i] = guarded_alloc(count * sizeof(float), GUARDED_END);
        float *values = run->memory[i].data;
        for (size_t k = 0; k < count; k++)
            values[k] = spread * test_random_float(random, -2.5f, 3);
        run->inputs[i] = values;
        inputs[i] = oracle_input(built, batch, (int)i, run->inputs[i]);
    }
    run->count = oracle_count(&output);
    run->nbytes = run->count * mc_dtype_nbytes(result->dtype);
    for (size_t k = 0; k < run->count; k++)
        output.values[k] = oracle_element(built, inputs, &output, k);
    for (int i = MAX_GRAPH_INPUTS; i < MAX_GRAPH_INPUTS + 2; i++)
        run->memory[i] = guarded_alloc(run->nbytes, GUARDED_END);
    run->reference = run->memory[MAX_GRAPH_INPUTS].data;
    run->found = run->memory[MAX_GRAPH_INPUTS + 1].data;
    for (uint32_t i = 0; i < graph->input_count; i++)
        free(inputs[i].values);
}

static void end_run(case_run *run)
{
    for (uint32_t i = 0; i < MAX_GRAPH_INPUTS + 2; i++)
        if (run->memory[i].pages)
            guarded_free(&run->memory[i]);
    free(run->wanted);
}

static void check_reference(const built_case *built, const case_run *run)
{
    const char *name = built->what->name;
    mcomp_dtype dtype = built->graph->values[built->graph->outputs[0]].dtype;
    if (dtype != MCOMP_DTYPE_F32) {
        for (size_t i = 0; i < run->count; i++)
            if (mc_quantized_at(run->reference, dtype, i) != (int32_t)run->wanted[i])
                fail_msg("%s (kind %d, batch %d): element %zu is %d on ref, must be %d", name,
                         built->kind, (int)run->batch, i, mc_quantized_at(run->reference, dtype, i),
                         (int)run->wanted[i]);
        return;
    }
    float *wanted = case_alloc(run->count, sizeof *wanted);
    for (size_t i = 0; i < run->count; i++)
        wanted[i] = (float)run->wanted[i];
    double error = nmse(run->reference, wanted, run->count);
    free(wanted);
    if (!(error <= BOUND_REFERENCE_NMSE))
        fail_msg("%s (batch %d): ref is off by an NMSE of %g", name, (int)run->batch, error);
}

static void check_device(const built_case *built, const case_run *run, const char *device,
                         const char *cap)
{
    bool floats = built->graph->values[built->graph->outputs[0]].dtype == MCOMP_DTYPE_F32;
    bool same = memcmp(run->found, run->reference, run->nbytes) == 0;
    if (floats && built->kind == KIND_FLOAT) {
        double error = nmse(run->found, run->reference, run->count);
        same = error <= BOUND_DIRECT_NMSE;
        if (!same)
            print_message("NMSE %g\n", error);
    }
    if (!same)
        fail_msg("%s (kind %d, batch %d): %s with %s differs from ref", built->what->name,
                 built->kind, (int)run->batch, device, cap);
}

/* A device may refuse a node with its reason, but for cpu, which runs all of them. */
static bool can_run(const built_case *built, int64_t batch, const char *device)
{
    mcomp_plan_options options;
    mcomp_plan_options_init(&options);
    options.devices = device;
    options.batch = batch;
    mcomp_plan *plan = NULL;
    mcomp_status status = mcomp_plan_create(built->graph, &options, &plan);
    mcomp_plan_destroy(plan);
    bool refuses = status == MCOMP_ERR_UNSUPPORTED && strcmp(device, "cpu") != 0;
    if (!refuses)
        assert_ok(status);
    return !refuses;
}

static void run_on_devices(const built_case *built, const case_run *run, const char *cap)
{
    mcomp_device_info device = {.struct_size = sizeof device};
    for (uint32_t i = 0; mcomp_device_get_info(built->graph->context, i, &device) == MCOMP_OK; i++)
        if (device.available && can_run(built, run->batch, device.id)) {
            run_graph(built->graph, device.id, run->batch, run->inputs, (void *const *)&run->found);
            check_device(built, run, device.id, cap);
        }
}

static void run_case(const operator_case *what, case_kind kind, test_random *random)
{
    const uint64_t seed = test_random_bits(random);
    for (int64_t batch = 1; batch <= 3; batch += 2) {
        for (size_t c = 0; c < CAP_COUNT; c++) {
            mcomp_context *context = context_with_cap(caps[c], batch == 1 ? 1 : 3);
            if (!context)
                continue;
            test_random same = {.state = seed};
            built_case built = build_case(context, what, kind, &same);
            case_run run;
            begin_run(&built, batch, &same, &run);
            run_graph(built.graph, "ref", batch, run.inputs, &run.reference);
            check_reference(&built, &run);
            run_on_devices(&built, &run, caps[c]);
            end_run(&run);
            end_case(&built);
            mcomp_context_destroy(context);
        }
    }
}

static void test_cases(void **state)
{
    (void)state;
    test_random random = test_random_begin("conformance");
    for (size_t i = 0; i < OPERATOR_CASE_COUNT; i++) {
        const operator_case *what = &operator_cases[i];
        if (!what->only_integer)
            run_case(what, KIND_FLOAT, &random);
        for (int kind = KIND_U8; what->integer && !what->has_residual && kind < KIND_COUNT; kind++)
            run_case(what, (case_kind)kind, &random);
    }
}

/* An operator without a case would not be noticed otherwise. */
static void test_every_operator_has_a_case(void **state)
{
    (void)state;
    for (uint32_t i = 0; mcomp_operator_name(i); i++) {
        bool found = false;
        for (size_t k = 0; k < OPERATOR_CASE_COUNT; k++)
            found = found || case_is(&operator_cases[k], mcomp_operator_name(i));
        if (!found)
            fail_msg("no case for operator %s", mcomp_operator_name(i));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_operator_has_a_case),
        cmocka_unit_test(test_cases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
