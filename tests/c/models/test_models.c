/* The study's networks: what the list says is what is built, they run, and every allocation may fail. */
#include "graph/simplify_fixture.h"
#include "mcomp_models.h"

static mcomp_model_info info_at(uint32_t index)
{
    mcomp_model_info info = {.struct_size = sizeof info};
    assert_ok(mcomp_model_get_info(index, &info));
    return info;
}

static uint32_t model_count(void)
{
    mcomp_model_info info = {.struct_size = sizeof info};
    uint32_t count = 0;
    while (mcomp_model_get_info(count, &info) == MCOMP_OK)
        count++;
    assert_int_equal(mcomp_model_get_info(count, &info), MCOMP_END);
    assert_int_equal(mcomp_model_get_info(UINT32_MAX, &info), MCOMP_END);
    return count;
}

/* Both devices agree before and after simplifying, and the shapes are those of the list. */
static void test_every_model(void **state)
{
    (void)state;
    fail_alloc memory;
    assert_true(model_count() >= 1);
    for (uint32_t i = 0; i < model_count(); i++) {
        mcomp_model_info info = info_at(i);
        mcomp_context *context = fail_alloc_context_threads(&memory, 2);
        mcomp_graph *graph = NULL;
        assert_ok(mcomp_model_create(context, info.name, NULL, &graph));
        assert_string_equal(graph->name, info.name);
        assert_int_equal(graph->verified, 1);
        assert_shape(graph, graph->inputs[0], info.rank, info.shape);
        assert_int_equal(mc_value_element_count(&graph->values[graph->outputs[0]]), info.classes);
        assert_true(info.year > 1950 && info.source[0] && info.family[0]);
        mcomp_simplify_info simplified;
        mcomp_graph *simple = simplify_checked(graph, &simplified);
        size_t count;
        float *wanted = run_all(simple, "ref", 1, &count);
        float *found = run_all(simple, "cpu", 1, &count);
        assert_near(found, wanted, count, 1e-9);
        free(wanted);
        free(found);
        mcomp_graph_destroy(simple);
        mcomp_graph_destroy(graph);
        mcomp_context_destroy(context);
        assert_no_leak(&memory);
    }
}

static void test_lenet5(void **state)
{
    (void)state;
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    mcomp_graph *graph = NULL;
    assert_ok(mcomp_model_create(context, "lenet5", NULL, &graph));
    mcomp_graph_info info = {.struct_size = sizeof info};
    assert_ok(mcomp_graph_get_info(graph, &info));
    assert_int_equal(info.parameters, 431080);
    assert_int_equal(info.float_nbytes, 4 * 431080);
    assert_int_equal(info.macs, 20 * 25 * 24 * 24 + 50 * 20 * 25 * 8 * 8 + 800 * 500 + 500 * 10);
    assert_ops(graph, "Conv,MaxPool,Conv,MaxPool,Flatten,Gemm,Relu,Gemm");
    const char *key, *text, *layout = NULL;
    for (uint32_t i = 0; mcomp_graph_get_metadata(graph, i, &key, &text) == MCOMP_OK; i++)
        layout = strcmp(key, "layout") == 0 ? text : layout;
    assert_string_equal(layout, "NCHW L");
    mcomp_simplify_info simplified;
    mcomp_graph *simple = simplify_checked(graph, &simplified);
    assert_ops(simple, "Conv,MaxPool,Conv,MaxPool,Flatten,Gemm,Gemm");
    mcomp_graph_destroy(simple);
    mcomp_graph_destroy(graph);
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

static void test_refusals(void **state)
{
    (void)state;
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    mcomp_graph *graph = NULL;
    mcomp_model_options options;
    assert_status(mcomp_model_create(context, "vgg99", NULL, &graph), MCOMP_ERR_NOT_FOUND);
    assert_message("no network is called vgg99");
    assert_message("lenet5");
    assert_null(graph);
    assert_status(mcomp_model_create(context, NULL, NULL, &graph), MCOMP_ERR_INVALID_ARGUMENT);
    assert_status(mcomp_model_create(NULL, "lenet5", NULL, &graph), MCOMP_ERR_INVALID_ARGUMENT);
    assert_status(mcomp_model_create(context, "lenet5", NULL, NULL), MCOMP_ERR_INVALID_ARGUMENT);
    assert_status(mcomp_model_get_info(0, NULL), MCOMP_ERR_INVALID_ARGUMENT);
    mcomp_model_options_init(&options);
    options.width = 0.5;
    assert_status(mcomp_model_create(context, "lenet5", &options, &graph),
                  MCOMP_ERR_INVALID_ARGUMENT);
    assert_message("lenet5: width is 0.5");
    mcomp_model_options_init(&options);
    options.width = NAN;
    assert_status(mcomp_model_create(context, "lenet5", &options, &graph),
                  MCOMP_ERR_INVALID_ARGUMENT);
    mcomp_model_options_init(&options);
    options.struct_size = 0;
    assert_status(mcomp_model_create(context, "lenet5", &options, &graph), MCOMP_ERR_VERSION);
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

static mcomp_status make_lenet(mcomp_context *context, void *user)
{
    (void)user;
    mcomp_graph *graph = NULL;
    mcomp_status status = mcomp_model_create(context, "lenet5", NULL, &graph);
    mcomp_graph_destroy(graph);
    return status;
}

static void test_every_allocation_fails_once(void **state)
{
    (void)state;
    assert_true(fail_alloc_every(make_lenet, NULL) > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_model),
        cmocka_unit_test(test_lenet5),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_every_allocation_fails_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
