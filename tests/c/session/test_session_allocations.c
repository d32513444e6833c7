/* A run allocates nothing after the first one: neither through the context's allocator nor through
 * malloc behind its back. Every create reports each allocation that fails and leaves nothing. */
#define _GNU_SOURCE

#include "mcomp/measure.h"
#include "network_fixture.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_SANITIZER 1
#endif
#endif

#if !defined(HAS_SANITIZER) && defined(__GLIBC__)
/* The C library's own functions, counted. A sanitizer has its own in their place. */
static _Atomic(long) malloc_calls;

extern void *__libc_malloc(size_t nbytes);
extern void *__libc_calloc(size_t count, size_t nbytes);
extern void *__libc_realloc(void *pointer, size_t nbytes);

void *malloc(size_t nbytes)
{
    malloc_calls++;
    return __libc_malloc(nbytes);
}

void *calloc(size_t count, size_t nbytes)
{
    malloc_calls++;
    return __libc_calloc(count, nbytes);
}

void *realloc(void *pointer, size_t nbytes)
{
    malloc_calls++;
    return __libc_realloc(pointer, nbytes);
}

static long count_mallocs(void)
{
    return malloc_calls;
}
#else
static long count_mallocs(void)
{
    return 0;
}
#endif

static void test_runs_allocate_nothing(void **state)
{
    (void)state;
    static const char *const devices[] = {"cpu", "ref"};
    static float input[NETWORK_INPUTS], output[NETWORK_OUTPUTS];
    fill_network_input(input, 1);
    for (int d = 0; d < 2; d++) {
        fail_alloc memory;
        mcomp_context *context = fail_alloc_context_threads(&memory, 2);
        mcomp_graph *graph = new_network_in(context);
        mcomp_session *session = new_session(graph, devices[d], 1);
        mcomp_tensor *in = wrap_value(graph, graph->inputs[0], 1, input);
        mcomp_tensor *out = wrap_value(graph, graph->outputs[0], 1, output);
        mcomp_session_set_profiling(session, 1);
        assert_ok(mcomp_session_run(session, &in, 1, &out, 1));
        fail_alloc_arm(&memory, 0);
        long before = count_mallocs();
        for (int i = 0; i < 20; i++)
            assert_ok(mcomp_session_run(session, &in, 1, &out, 1));
        assert_int_equal(count_mallocs(), before);
        assert_int_equal(atomic_load(&memory.calls), 0);
        fail_alloc_arm(&memory, -1);
        mcomp_tensor_release(in);
        mcomp_tensor_release(out);
        mcomp_session_destroy(session);
        mcomp_graph_destroy(graph);
        mcomp_context_destroy(context);
        assert_no_leak(&memory);
    }
}

/* The first failure ends the chain; what was made is ended. */
static mcomp_status build_and_run(mcomp_context *context, void *user)
{
    (void)user;
    static float input[2 * 4 * 4], output[3];
    static const int64_t shape[4] = {MCOMP_BATCH, 2, 4, 4}, weight_shape[4] = {3, 2, 4, 4};
    static const int64_t run_shape[4] = {1, 2, 4, 4}, out_shape[4] = {1, 3, 1, 1};
    mcomp_graph *graph = NULL, *simple = NULL;
    mcomp_tensor *weight = NULL, *numbers = NULL, *in = NULL, *out = NULL;
    mcomp_plan *plan = NULL;
    mcomp_session *session = NULL;
    mcomp_measurement *measurement = NULL;
    mcomp_value x, w, y, n, bn[5];
    static const float ones[3] = {1, 1, 1};
    const int64_t channels = 3;
    mcomp_measure_options options;
    mcomp_measure_options_init(&options);
    options.min_seconds = 0;
    mcomp_status status = mcomp_graph_create(context, "net", &graph);
#define STEP(call)                                                                                 \
    if (status == MCOMP_OK)                                                                        \
    status = (call)
    STEP(mcomp_graph_set_metadata(graph, "key", "text"));
    STEP(mcomp_graph_add_input(graph, "x", 4, shape, &x));
    STEP(mcomp_tensor_create(context, MCOMP_DTYPE_F32, 4, weight_shape, NULL, &weight));
    STEP(mcomp_graph_add_constant(graph, "w", weight, &w));
    STEP(mcomp_graph_add_node(graph, "Conv", "y", INPUTS(x, w), NULL, 0, &y));
    STEP(mcomp_tensor_create(context, MCOMP_DTYPE_F32, 1, &channels, ones, &numbers));
    STEP(mcomp_graph_add_constant(graph, "n", numbers, &n));
    bn[0] = status == MCOMP_OK ? y : 0;
    for (int i = 1; i < 5; i++)
        bn[i] = status == MCOMP_OK ? n : 0;
    STEP(mcomp_graph_add_node(graph, "BatchNormalization", "bn", bn, 5,
                              ATTRIBUTES(FLOATS("epsilon", 0.5f)), &y));
    STEP(mcomp_graph_add_node(graph, "Relu", "relu", INPUTS(y), NULL, 0, &y));
    STEP(mcomp_graph_mark_output(graph, y));
    STEP(mcomp_graph_verify(graph));
    STEP(mcomp_graph_simplify(graph, NULL, &simple));
    STEP(mcomp_plan_create(simple, NULL, &plan));
    STEP(mcomp_session_create(plan, NULL, &session));
    STEP(mcomp_tensor_wrap(context, MCOMP_DTYPE_F32, 4, run_shape, input, sizeof input, NULL, NULL,
                           &in));
    STEP(mcomp_tensor_wrap(context, MCOMP_DTYPE_F32, 4, out_shape, output, sizeof output, NULL,
                           NULL, &out));
    STEP(mcomp_session_run(session, &in, 1, &out, 1));
    STEP(mcomp_measure(session, &in, 1, &out, 1, &options, &measurement));
#undef STEP
    mcomp_graph_destroy(graph);
    mcomp_graph_destroy(simple);
    mcomp_plan_destroy(plan);
    mcomp_session_destroy(session);
    mcomp_measurement_destroy(measurement);
    mcomp_tensor_release(weight);
    mcomp_tensor_release(numbers);
    mcomp_tensor_release(in);
    mcomp_tensor_release(out);
    return status;
}

static void test_every_allocation_fails_once(void **state)
{
    (void)state;
    assert_true(fail_alloc_every(build_and_run, NULL) > 60);
}

/* An integer network, whose folding makes more: DequantizeLinear, uniform weights, twins. */
static mcomp_status simplify_and_load(mcomp_context *context, void *user)
{
    (void)context;
    mcomp_graph *simple = NULL;
    mcomp_plan *plan = NULL;
    mcomp_session *session = NULL;
    mcomp_status status = mcomp_graph_simplify(user, NULL, &simple);
    if (status == MCOMP_OK)
        status = mcomp_plan_create(simple, NULL, &plan);
    if (status == MCOMP_OK)
        status = mcomp_session_create(plan, NULL, &session);
    mcomp_graph_destroy(simple);
    mcomp_plan_destroy(plan);
    mcomp_session_destroy(session);
    return status;
}

static void test_loading_fails_once_at_each_allocation(void **state)
{
    (void)state;
    mcomp_graph *graph = new_graph();
    build_network(graph);
    for (long n = 0;; n++) {
        long live = atomic_load(&fixture_memory.live);
        fail_alloc_arm(&fixture_memory, n);
        mcomp_status status = simplify_and_load(graph->context, graph);
        bool refused = atomic_load(&fixture_memory.failed) > 0;
        fail_alloc_arm(&fixture_memory, -1);
        assert_int_equal(status, refused ? MCOMP_ERR_OUT_OF_MEMORY : MCOMP_OK);
        assert_int_equal(atomic_load(&fixture_memory.live), live);
        if (!refused) {
            assert_true(n > 60);
            break;
        }
    }
    end_graph(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_runs_allocate_nothing),
        cmocka_unit_test(test_every_allocation_fails_once),
        cmocka_unit_test(test_loading_fails_once_at_each_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
