/* Contexts and devices: options, the environment's variables, instruction-set caps, what is told. */
#define _DEFAULT_SOURCE

#include <stdlib.h>

#include "base/context_struct.h"
#include "graph/graph_fixture.h"
#include "mcomp/plan.h"

static mcomp_status try_context(uint32_t threads, const char *isa_cap, mcomp_context_info *info)
{
    mcomp_context_options options;
    mcomp_context_options_init(&options);
    options.threads = threads;
    options.isa_cap = isa_cap;
    mcomp_context *context = (mcomp_context *)&options;
    mcomp_status status = mcomp_context_create(&options, &context);
    assert_true((status == MCOMP_OK) == (context != NULL));
    if (status == MCOMP_OK) {
        *info = (mcomp_context_info){.struct_size = sizeof *info};
        assert_ok(mcomp_context_get_info(context, info));
    }
    mcomp_context_destroy(context);
    return status;
}

static void forget_variables(void)
{
    unsetenv("MCOMP_THREADS");
    unsetenv("MCOMP_ISA");
}

static void test_threads(void **state)
{
    (void)state;
    mcomp_context_info info;
    forget_variables();
    assert_ok(try_context(0, NULL, &info));
    assert_int_equal(info.threads, mc_core_count());
    assert_ok(try_context(256, NULL, &info));
    assert_int_equal(info.threads, 256);
    assert_status(try_context(257, NULL, &info), MCOMP_ERR_INVALID_ARGUMENT);
    assert_message("257 threads; 1 to 256");
    assert_status(try_context(UINT32_MAX, NULL, &info), MCOMP_ERR_INVALID_ARGUMENT);
    setenv("MCOMP_THREADS", "3", 1);
    assert_ok(try_context(0, NULL, &info));
    assert_int_equal(info.threads, 3);
    assert_ok(try_context(5, NULL, &info)); /* the option is stronger */
    assert_int_equal(info.threads, 5);
    setenv("MCOMP_THREADS", "", 1);
    assert_ok(try_context(0, NULL, &info));
    assert_int_equal(info.threads, mc_core_count());
    static const char *const bad[] = {"0", "-1", "257", "two", "3x", "99999999999999999999", "1 "};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        setenv("MCOMP_THREADS", bad[i], 1);
        assert_status(try_context(0, NULL, &info), MCOMP_ERR_INVALID_ARGUMENT);
        assert_message("MCOMP_THREADS");
        assert_message(bad[i]);
        assert_ok(try_context(2, NULL, &info));
    }
    forget_variables();
}

static void test_isa_caps(void **state)
{
    (void)state;
    static const char *const names[] = {"scalar",  "neon",    "neondot",   "avx2",
                                        "avxvnni", "avx512f", "avx512vnni"};
    mcomp_context_info info, capped;
    forget_variables();
    assert_ok(try_context(1, NULL, &info));
    assert_string_equal(info.isa, info.isa_detected);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        uint32_t cap = 0;
        assert_ok(mc_isa_cap(names[i], &cap));
        assert_ok(try_context(1, names[i], &capped)); /* above the machine is no error */
        assert_string_equal(capped.isa_detected, info.isa_detected);
        assert_string_equal(capped.isa, mc_isa_name(mc_isa_detect() & cap));
        setenv("MCOMP_ISA", names[i], 1);
        mcomp_context_info from_variable;
        assert_ok(try_context(1, NULL, &from_variable));
        assert_string_equal(from_variable.isa, capped.isa);
        assert_ok(try_context(1, "scalar", &from_variable)); /* the option is stronger */
        assert_string_equal(from_variable.isa, "scalar");
        forget_variables();
    }
    static const char *const bad[] = {"avx", "AVX2", "avx2 ", "sse"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_status(try_context(1, bad[i], &info), MCOMP_ERR_INVALID_ARGUMENT);
        assert_message("known are: scalar neon neondot avx2 avxvnni avx512f avx512vnni");
        setenv("MCOMP_ISA", bad[i], 1);
        assert_status(try_context(1, NULL, &info), MCOMP_ERR_INVALID_ARGUMENT);
        forget_variables();
    }
}

/* The cap reaches the kernels. */
static void test_caps_choose_kernels(void **state)
{
    (void)state;
    static const char *const caps[] = {"scalar", "avx2"};
    for (int i = 0; i < 2; i++) {
        mcomp_context_options options;
        mcomp_context_options_init(&options);
        options.isa_cap = caps[i];
        mcomp_context *context = NULL;
        mcomp_graph *graph = NULL;
        mcomp_plan *plan = NULL;
        assert_ok(mcomp_context_create(&options, &context));
        assert_ok(mcomp_graph_create(context, "", &graph));
        mcomp_value x = add_input(graph, "x", 2, 3, 3);
        mcomp_value w = add_constant(graph, "w", MCOMP_DTYPE_F32, 4, SHAPE(2, 2, 1, 1), NULL);
        mark_and_verify(graph, add_node(graph, "Conv", "y", INPUTS(x, w), NO_ATTRIBUTES));
        assert_ok(mcomp_plan_create(graph, NULL, &plan));
        mcomp_step_info step = {.struct_size = sizeof step};
        assert_ok(mcomp_plan_get_step(plan, 0, &step));
        mcomp_context_info info = {.struct_size = sizeof info};
        assert_ok(mcomp_context_get_info(context, &info));
        char ending[32];
        snprintf(ending, sizeof ending, "__%s", info.isa);
        assert_non_null(strstr(step.kernel, ending));
        mcomp_plan_destroy(plan);
        mcomp_graph_destroy(graph);
        mcomp_context_destroy(context);
    }
}

static void test_devices(void **state)
{
    (void)state;
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context_threads(&memory, 3);
    mcomp_context_info info = {.struct_size = sizeof info};
    assert_ok(mcomp_context_get_info(context, &info));
    assert_true(info.device_count >= 2);
    mcomp_device_info device = {.struct_size = sizeof device};
    assert_ok(mcomp_device_get_info(context, 0, &device));
    assert_string_equal(device.id, "cpu");
    assert_string_equal(device.kind, "cpu");
    assert_non_null(strstr(device.detail, "3 threads"));
    assert_non_null(strstr(device.detail, info.isa));
    assert_int_equal(device.available, 1);
    assert_string_equal(device.reason, "");
    assert_ok(mcomp_device_get_info(context, 1, &device));
    assert_string_equal(device.id, "ref");
    assert_string_equal(device.kind, "reference");
    assert_int_equal(mcomp_device_get_info(context, info.device_count, &device), MCOMP_END);
    assert_int_equal(mcomp_device_get_info(context, UINT32_MAX, &device), MCOMP_END);
    assert_status(mcomp_device_get_info(NULL, 0, &device), MCOMP_ERR_INVALID_ARGUMENT);
    assert_status(mcomp_device_get_info(context, 0, NULL), MCOMP_ERR_INVALID_ARGUMENT);
    mcomp_context_destroy(context);
    mcomp_context_destroy(NULL);
    assert_no_leak(&memory);
}

static void *allocate(void *user, size_t nbytes)
{
    (void)user;
    return malloc(nbytes);
}

/* Structs of other sizes, half an allocator, no place for the answer. */
static void test_arguments(void **state)
{
    (void)state;
    mcomp_context *context = NULL;
    mcomp_context_options options;
    mcomp_context_options_init(&options);
    options.allocator.allocate = allocate;
    assert_status(mcomp_context_create(&options, &context), MCOMP_ERR_INVALID_ARGUMENT);
    assert_message("both functions or neither");
    assert_status(mcomp_context_create(NULL, NULL), MCOMP_ERR_INVALID_ARGUMENT);
    mcomp_context_options_init(&options);
    options.struct_size = 0;
    assert_status(mcomp_context_create(&options, &context), MCOMP_ERR_VERSION);
    struct {
        mcomp_context_options options;
        uint64_t more;
    } newer = {.more = 0};
    mcomp_context_options_init(&newer.options);
    newer.options.struct_size = sizeof newer;
    assert_ok(mcomp_context_create(&newer.options, &context));
    mcomp_context_info info = {.struct_size = 0};
    assert_status(mcomp_context_get_info(context, &info), MCOMP_ERR_VERSION);
    mcomp_context_destroy(context);
    newer.more = 1;
    assert_status(mcomp_context_create(&newer.options, &context), MCOMP_ERR_VERSION);
    assert_message("mcomp_context_options has");
    assert_null(context);
}

static mcomp_status make_context(mcomp_context *outer, void *user)
{
    (void)user;
    mcomp_context_options options;
    mcomp_context_options_init(&options);
    options.threads = 4;
    options.allocator = outer->allocator;
    mcomp_context *context = NULL;
    mcomp_status status = mcomp_context_create(&options, &context);
    assert_true((status == MCOMP_OK) == (context != NULL));
    mcomp_context_destroy(context);
    return status;
}

static void test_every_allocation_fails_once(void **state)
{
    (void)state;
    assert_true(fail_alloc_every(make_context, NULL) >= 4);
}

/* What was made from a context keeps it alive. */
static void test_destroyed_first(void **state)
{
    (void)state;
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    mcomp_tensor *tensor = NULL;
    const int64_t count = 3;
    assert_ok(mcomp_tensor_create(context, MCOMP_DTYPE_F32, 1, &count, NULL, &tensor));
    mcomp_context_destroy(context);
    assert_true(((float *)mcomp_tensor_data(tensor))[2] == 0);
    mcomp_tensor_release(tensor);
    assert_no_leak(&memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_isa_caps),
        cmocka_unit_test(test_caps_choose_kernels),
        cmocka_unit_test(test_devices),
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_every_allocation_fails_once),
        cmocka_unit_test(test_destroyed_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
