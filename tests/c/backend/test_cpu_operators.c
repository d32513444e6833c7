/* Operators on `cpu` against `ref` where the conformance cases do not look: not-a-number and infinities,
 * the same bits for any number of threads, the kernels that plans name under a cap, and the form that
 * they give as the reason. */
#define _DEFAULT_SOURCE

#include <math.h>

#include "session/run_graph.h"
#include "support/test_random.h"

enum { BATCH = 3, CHANNELS = 5, HEIGHT = 97, WIDTH = 103 };

/* One node over x / d [N, 5, 97, 103], which d = 0 makes infinite or not a number: inputs that are not
 * numbers are refused. `second` says what the node's second input is. */
typedef enum second_input { SECOND_NONE, SECOND_SAME, SECOND_CHANNEL, SECOND_NUMBER } second_input;

typedef struct node_case {
    const char *op;
    second_input second;
    size_t attribute_count;
    mcomp_attribute attributes[4];
    const char *kernel; /* without the instruction set; NULL: memcpy */
    const char *why;    /* words of the reason */
} node_case;

static const int64_t three[] = {3, 3}, two[] = {2, 2}, ones[] = {1, 1, 1, 1}, last_two[] = {2, 3},
                     inner[] = {1, 2}, channels_last[] = {0, 2, 3, 1}, rows_first[] = {0, 2, 1, 3};
static const int64_t axis_one[] = {1}, axis_three[] = {3}, five[] = {5};
static const float tenth[] = {0.1f};

#define INTEGER_LIST(key, array)                                                                   \
    {                                                                                              \
        .name = key, .type = MCOMP_ATTRIBUTE_INTEGERS, .count = sizeof(array) / sizeof(array)[0],  \
        .integers = array                                                                          \
    }
#define FLOAT_LIST(key, array)                                                                     \
    {                                                                                              \
        .name = key, .type = MCOMP_ATTRIBUTE_FLOATS, .count = 1, .floats = array                   \
    }
#define NONE(operator, name, words)                                                                \
    {                                                                                              \
        operator, SECOND_NONE, 0, {{0}}, name, words                                               \
    }

static const node_case cases[] = {
    {"MaxPool",
     SECOND_NONE,
     3,
     {INTEGER_LIST("kernel_shape", three), INTEGER_LIST("strides", two),
      INTEGER_LIST("pads", ones)},
     "mc_f32_max_pool",
     "rows of outputs at once"},
    {"AveragePool",
     SECOND_NONE,
     2,
     {INTEGER_LIST("kernel_shape", three), INTEGER_LIST("pads", ones)},
     "mc_f32_average_pool",
     "rows of outputs at once"},
    NONE("GlobalAveragePool", "mc_f32_sum", "a plane is one run"),
    NONE("GlobalMaxPool", "mc_f32_greatest", "a plane is one run"),
    {"ReduceMean", SECOND_NONE, 1, {INTEGER_LIST("axes", last_two)}, "mc_f32_sum", "sums of runs"},
    {"ReduceMean", SECOND_NONE, 1, {INTEGER_LIST("axes", inner)}, "mc_f32_add_row", "rows added"},
    {"Add", SECOND_SAME, 0, {{0}}, "mc_f32_binary", "shapes are equal"},
    {"Sub", SECOND_CHANNEL, 0, {{0}}, "mc_f32_binary", "one number for each"},
    {"Mul", SECOND_NUMBER, 0, {{0}}, "mc_f32_binary", "one number for all"},
    {"Div", SECOND_SAME, 0, {{0}}, "mc_f32_binary", "shapes are equal"},
    {"PRelu", SECOND_CHANNEL, 0, {{0}}, "mc_f32_binary", "one number for each"},
    NONE("Relu", "mc_f32_unary", "one run"),
    {"LeakyRelu", SECOND_NONE, 1, {FLOAT_LIST("alpha", tenth)}, "mc_f32_unary", "one run"},
    NONE("Sigmoid", "mc_f32_unary", "one run"),
    NONE("HardSigmoid", "mc_f32_unary", "one run"),
    NONE("HardSwish", "mc_f32_unary", "one run"),
    {"Softmax", SECOND_NONE, 1, {INTEGER_LIST("axis", axis_three)}, "mc_f32_softmax__", "a run"},
    {"Softmax",
     SECOND_NONE,
     1,
     {INTEGER_LIST("axis", axis_one)},
     "mc_f32_softmax_lines",
     "beside each other"},
    {"LRN", SECOND_NONE, 1, {INTEGER_LIST("size", five)}, "mc_f32_lrn", "square roots"},
    {"Concat", SECOND_SAME, 1, {INTEGER_LIST("axis", axis_one)}, NULL, "runs"},
    {"Transpose",
     SECOND_NONE,
     1,
     {INTEGER_LIST("perm", channels_last)},
     "mc_x32_transpose",
     "square by square"},
    {"Transpose", SECOND_NONE, 1, {INTEGER_LIST("perm", rows_first)}, NULL, "runs"},
};
enum { CASE_COUNT = sizeof cases / sizeof *cases };

static mcomp_graph *build(const node_case *what, mcomp_context *context)
{
    static const float slopes[CHANNELS] = {0.5f, -1, 2, 0.25f, 3};
    mcomp_graph *graph = NULL;
    mcomp_value inputs[2], y;
    uint32_t count = what->second == SECOND_NONE ? 1 : 2;
    assert_ok(mcomp_graph_create(context, "", &graph));
    inputs[0] = add_input(graph, "x", CHANNELS, HEIGHT, WIDTH);
    inputs[1] = add_input(graph, "d", CHANNELS, HEIGHT, WIDTH);
    mcomp_value first = inputs[0];
    inputs[0] = add_node(graph, "Div", "quotient", inputs, 2, NO_ATTRIBUTES);
    if (what->second == SECOND_SAME)
        inputs[1] = first;
    else if (what->second == SECOND_CHANNEL)
        inputs[1] =
            add_constant(graph, "slopes", MCOMP_DTYPE_F32, 3, SHAPE(CHANNELS, 1, 1), slopes);
    else if (what->second == SECOND_NUMBER)
        inputs[1] = add_constant(graph, "number", MCOMP_DTYPE_F32, 1, SHAPE(1), slopes);
    assert_ok(mcomp_graph_add_node(graph, what->op, "y", inputs, count, what->attributes,
                                   what->attribute_count, &y));
    mark_and_verify(graph, y);
    return graph;
}

static mcomp_context *new_context(uint32_t threads, const char *cap)
{
    mcomp_context_options options;
    mcomp_context_options_init(&options);
    options.threads = threads;
    options.isa_cap = cap;
    mcomp_context *context = NULL;
    assert_ok(mcomp_context_create(&options, &context));
    return context;
}

/* Of 200 elements one is odd. */
static float *random_input(test_random *random, const float *odd, size_t odd_count)
{
    size_t count = (size_t)BATCH * CHANNELS * HEIGHT * WIDTH;
    float *values = calloc(count, sizeof *values);
    assert_non_null(values);
    for (size_t i = 0; i < count; i++)
        values[i] = test_random_below(random, 200) ? test_random_float(random, -4, 4)
                                                   : odd[test_random_below(random, odd_count)];
    return values;
}

/* One run of the case's node. @return the result; *count of its elements */
static float *run_case(const node_case *what, const char *device, uint32_t threads, const char *cap,
                       const float *const *inputs, size_t *count)
{
    mcomp_context *context = new_context(threads, cap);
    mcomp_graph *graph = build(what, context);
    *count = batch_count(graph, graph->outputs[0], BATCH);
    float *output = calloc(*count, sizeof *output);
    assert_non_null(output);
    const void *in[2] = {inputs[0], inputs[1]};
    void *out[1] = {output};
    run_graph(graph, device, BATCH, in, out);
    mcomp_graph_destroy(graph);
    mcomp_context_destroy(context);
    return output;
}

static void check_near_reference(const node_case *what, const float *found, const float *wanted,
                                 size_t count)
{
    for (size_t i = 0; i < count; i++) {
        float a = found[i], b = wanted[i];
        bool same = isnan(b) ? isnan(a) : a == b || fabsf(a - b) <= 1e-5f * fmaxf(1, fabsf(b));
        if (!same)
            fail_msg("%s: element %zu of %zu is %g on cpu, %g on ref", what->op, i, count,
                     (double)a, (double)b);
    }
}

/* What is not a number or infinite comes out as on `ref`; threads change no bit. */
static void test_odd_numbers_and_threads(void **state)
{
    (void)state;
    static const char *const caps[] = {"scalar", NULL};
    test_random random = test_random_begin("operators on cpu");
    static const float zeros[] = {0.0f, -0.0f}, odd[] = {0.0f, 1, -1};
    float *x = random_input(&random, odd, 3), *d = random_input(&random, zeros, 2);
    const float *const inputs[2] = {x, d};
    for (size_t i = 0; i < (size_t)BATCH * CHANNELS * HEIGHT * WIDTH; i += 311)
        x[i] = d[i] = 0; /* 0 / 0 */
    for (int i = 0; i < CASE_COUNT; i++) {
        size_t count;
        float *wanted = run_case(&cases[i], "ref", 1, NULL, inputs, &count);
        for (int cap = 0; cap < 2; cap++) {
            float *one = run_case(&cases[i], "cpu", 1, caps[cap], inputs, &count);
            float *many = run_case(&cases[i], "cpu", 5, caps[cap], inputs, &count);
            check_near_reference(&cases[i], one, wanted, count);
            if (memcmp(one, many, count * sizeof *one) != 0)
                fail_msg("%s (%s): five threads give other bits than one", cases[i].op,
                         cases[i].why);
            free(one);
            free(many);
        }
        free(wanted);
    }
    free(x);
    free(d);
}

/* A plan names the kernel that a cap leaves, and the form that it runs in. */
static void test_plans_name_kernel_and_form(void **state)
{
    (void)state;
    static const char *const caps[] = {"scalar", "avx2"};
    for (int cap = 0; cap < 2; cap++) {
        mcomp_context *context = new_context(1, caps[cap]);
        mcomp_context_info info = {.struct_size = sizeof info};
        assert_ok(mcomp_context_get_info(context, &info));
        for (int i = 0; strcmp(info.isa, caps[cap]) == 0 && i < CASE_COUNT; i++) {
            mcomp_graph *graph = build(&cases[i], context);
            mcomp_plan *plan = NULL;
            mcomp_step_info step = {.struct_size = sizeof step};
            mcomp_plan_options options;
            mcomp_plan_options_init(&options);
            options.devices = "cpu";
            assert_ok(mcomp_plan_create(graph, &options, &plan));
            assert_ok(mcomp_plan_get_step(plan, 1, &step));
            const char *name = cases[i].kernel ? cases[i].kernel : "memcpy";
            if (strncmp(step.kernel, name, strlen(name)) != 0 ||
                (cases[i].kernel && !strstr(step.kernel, caps[cap])))
                fail_msg("%s is planned with %s under %s", step.op, step.kernel, caps[cap]);
            if (!strstr(step.why, cases[i].why))
                fail_msg("%s: '%s' is not in the reason '%s'", step.op, cases[i].why, step.why);
            mcomp_plan_destroy(plan);
            mcomp_graph_destroy(graph);
        }
        mcomp_context_destroy(context);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_odd_numbers_and_threads),
        cmocka_unit_test(test_plans_name_kernel_and_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
