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

static mcomp_graph *make(mcomp_context *context, const char *name, double width, int64_t size)
{
    mcomp_graph *graph = NULL;
    mcomp_model_options options;
    mcomp_model_options_init(&options);
    options.width = width;
    options.size = size;
    assert_ok(mcomp_model_create(context, name, &options, &graph));
    return graph;
}

static int has_weights(const char *op)
{
    return strcmp(op, "Conv") == 0 || strcmp(op, "Gemm") == 0;
}

/* Nodes with weights, and how many of them stand on the longest way. */
static uint32_t count_layers(const mcomp_graph *graph, uint32_t *depth)
{
    mcomp_graph_info info = {.struct_size = sizeof info};
    assert_ok(mcomp_graph_get_info(graph, &info));
    uint32_t *depths = calloc(info.value_count, sizeof *depths), layers = 0;
    assert_non_null(depths);
    *depth = 0;
    for (uint32_t i = 0; i < info.node_count; i++) {
        mcomp_node_info node = {.struct_size = sizeof node};
        assert_ok(mcomp_graph_get_node(graph, i, &node));
        uint32_t deepest = 0;
        for (uint32_t k = 0; k < node.input_count; k++)
            if (node.inputs[k] >= 0 && depths[node.inputs[k]] > deepest)
                deepest = depths[node.inputs[k]];
        layers += (uint32_t)has_weights(node.op);
        deepest += (uint32_t)has_weights(node.op);
        depths[node.outputs[0]] = deepest;
        *depth = deepest > *depth ? deepest : *depth;
    }
    free(depths);
    return layers;
}

/* What the list says is what is built. */
static void test_list(void **state)
{
    (void)state;
    fail_alloc memory;
    assert_int_equal(model_count(), 11);
    for (uint32_t i = 0; i < model_count(); i++) {
        const mcomp_model_info info = info_at(i);
        mcomp_context *context = fail_alloc_context_threads(&memory, 2);
        mcomp_graph *graph = make(context, info.name, 1, 0);
        mcomp_graph_info built = {.struct_size = sizeof built};
        uint32_t depth;
        assert_ok(mcomp_graph_get_info(graph, &built));
        assert_string_equal(built.name, info.name);
        assert_int_equal(built.verified, 1);
        assert_int_equal(built.parameters, info.parameters);
        assert_int_equal(built.macs, info.macs);
        assert_int_equal(count_layers(graph, &depth), info.layers);
        assert_int_equal(depth, info.depth);
        assert_shape(graph, graph->inputs[0], info.rank, info.shape);
        assert_int_equal(mc_value_element_count(&graph->values[graph->outputs[0]]), info.classes);
        assert_true(info.year > 1950 && info.source[0] && info.family[0] && info.published[0]);
        assert_true(isnan(info.published_top1) || info.published_top1 > 50);
        mcomp_graph_destroy(graph);
        mcomp_context_destroy(context);
        assert_no_leak(&memory);
    }
}

/* The study's networks, to the last parameter and multiply-accumulate. */
static void test_counts(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint64_t parameters, macs;
    } wanted[] = {
        {"vgg16", 138357544, 15470264320},
        {"vgg19", 143667240, 19632062464},
        {"inception_v1", 6998552, 1582671872},
        {"inception_v2", 11194984, 2018851840},
        {"inception_v3", 23834568, 5713216096},
        {"inception_v4", 42679816, 12253974624},
        {"resnet50", 25557032, 4089184256},
        {"resnet101", 44549160, 7801405440},
        {"resnet152", 60192808, 11513626624},
        {"mobilenet_v1", 4231976, 568740352},
        {"lenet5", 431080, 2293000},
    };
    for (uint32_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        const mcomp_model_info info = info_at(i);
        assert_string_equal(info.name, wanted[i].name);
        assert_int_equal(info.parameters, wanted[i].parameters);
        assert_int_equal(info.macs, wanted[i].macs);
    }
}

/* Small ones run: both devices agree, before simplifying and after; nothing is saturated or dead. */
static void test_small_ones_run(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double width;
        int64_t size;
    } small[] = {{"lenet5", 1, 0},        {"mobilenet_v1", 0.25, 32}, {"mobilenet_v1", 0.3, 33},
                 {"inception_v1", 1, 47}, {"inception_v2", 1, 64},    {"resnet50", 1, 32}};
    fail_alloc memory;
    for (size_t i = 0; i < sizeof small / sizeof small[0]; i++) {
        mcomp_context *context = fail_alloc_context_threads(&memory, 2);
        mcomp_graph *graph = make(context, small[i].name, small[i].width, small[i].size);
        mcomp_simplify_info simplified;
        mcomp_graph *simple = simplify_checked(graph, &simplified);
        assert_true(simplified.nodes_after < simplified.nodes_before);
        size_t count;
        float *wanted = run_all(simple, "ref", 1, &count);
        float *found = run_all(simple, "cpu", 1, &count);
        double sum = 0, sum_of_squares = 0;
        assert_near(found, wanted, count, 1e-9);
        for (size_t k = 0; k < count; k++) {
            sum += (double)found[k];
            sum_of_squares += (double)found[k] * (double)found[k];
        }
        const double mean = sum / (double)count;
        const double deviation = sqrt(sum_of_squares / (double)count - mean * mean);
        assert_true(deviation > 0.05 && deviation < 50);
        free(wanted);
        free(found);
        mcomp_graph_destroy(simple);
        mcomp_graph_destroy(graph);
        mcomp_context_destroy(context);
        assert_no_leak(&memory);
    }
}

/* Howard et al., table 6: parameters in millions and multiply-adds in millions by width. */
static void test_mobilenet_widths(void **state)
{
    (void)state;
    static const struct {
        double width, parameters, macs;
    } published[] = {{1, 4.2, 569}, {0.75, 2.6, 325}, {0.5, 1.3, 149}, {0.25, 0.5, 41}};
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    for (size_t i = 0; i < sizeof published / sizeof published[0]; i++) {
        mcomp_graph *graph = make(context, "mobilenet_v1", published[i].width, 0);
        mcomp_graph_info info = {.struct_size = sizeof info};
        assert_ok(mcomp_graph_get_info(graph, &info));
        assert_true(fabs((double)info.parameters / 1e6 - published[i].parameters) < 0.05);
        assert_true(fabs((double)info.macs / 1e6 - published[i].macs) < 1);
        mcomp_graph_destroy(graph);
    }
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

/* The least size that the list promises can be built. */
static void test_least_sizes(void **state)
{
    (void)state;
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    for (uint32_t i = 0; i < model_count(); i++) {
        const mcomp_model_info info = info_at(i);
        if (info.min_size)
            mcomp_graph_destroy(make(context, info.name, info.min_width, info.min_size));
    }
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

static float first_weight(mcomp_context *context, uint64_t seed)
{
    mcomp_graph *graph = NULL;
    mcomp_model_options options;
    mcomp_model_options_init(&options);
    options.width = 0.25;
    options.size = 32;
    options.seed = seed;
    assert_ok(mcomp_model_create(context, "mobilenet_v1", &options, &graph));
    mcomp_node_info node = {.struct_size = sizeof node};
    assert_ok(mcomp_graph_get_node(graph, 0, &node));
    const float *weights = mcomp_tensor_data(mcomp_graph_get_constant(graph, node.inputs[1]));
    const float weight = weights[0];
    mcomp_graph_destroy(graph);
    return weight;
}

static void test_seeds(void **state)
{
    (void)state;
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    assert_true(first_weight(context, 5) == first_weight(context, 5));
    assert_true(first_weight(context, 5) != first_weight(context, 6));
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
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
    static const struct {
        const char *name;
        double width;
        int64_t size;
        const char *message;
    } refused[] = {
        {"lenet5", 0.5, 0, "lenet5: width is 0.5, only 1 is possible"},
        {"lenet5", NAN, 0, "lenet5: width is nan, only 1 is possible"},
        {"lenet5", 1, 32, "lenet5: input size is 32, only 28 is possible"},
        {"vgg16", 1, 256, "vgg16: input size is 256, only 224 is possible"},
        {"mobilenet_v1", 0.2, 0, "mobilenet_v1: width is 0.2, 0.25 to 1 is possible"},
        {"mobilenet_v1", 1.1, 0, "mobilenet_v1: width is 1.1, 0.25 to 1 is possible"},
        {"mobilenet_v1", 1, 31, "mobilenet_v1: input size is 31, 32 to 4096 is possible"},
        {"mobilenet_v1", 1, -224, "mobilenet_v1: input size is -224, 32 to 4096 is possible"},
        {"vgg16", 1, INT64_MIN, "only 224 is possible"},
        {"resnet50", 1, INT64_MAX, "32 to 4096 is possible"},
        {"inception_v3", 1, 74, "inception_v3: input size is 74, 75 to 4096 is possible"},
        {"inception_v2", 1, 80, "inception_v2: input size is 80, not a multiple of 32"},
        {"resnet50", 1, 4097, "resnet50: input size is 4097, 32 to 4096 is possible"},
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        mcomp_model_options_init(&options);
        options.width = refused[i].width;
        options.size = refused[i].size;
        assert_status(mcomp_model_create(context, refused[i].name, &options, &graph),
                      MCOMP_ERR_INVALID_ARGUMENT);
        assert_message(refused[i].message);
        assert_null(graph);
    }
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

/* Callers compiled for an older or a newer library. */
static void test_struct_sizes(void **state)
{
    (void)state;
    struct {
        mcomp_model_info info;
        uint64_t newer;
    } info = {.newer = 0};
    memset(&info, 0, sizeof info);
    info.info.struct_size = offsetof(mcomp_model_info, name);
    assert_ok(mcomp_model_get_info(0, &info.info));
    assert_int_equal(info.info.year, 2014);
    assert_int_equal(info.info.struct_size, offsetof(mcomp_model_info, name));
    assert_null(info.info.name);
    info.info.struct_size = sizeof info;
    assert_ok(mcomp_model_get_info(0, &info.info));
    assert_string_equal(info.info.name, "vgg16");
    assert_int_equal(info.info.struct_size, sizeof info);
    info.newer = 1;
    assert_status(mcomp_model_get_info(0, &info.info), MCOMP_ERR_VERSION);
    info.info.struct_size = 0;
    assert_status(mcomp_model_get_info(0, &info.info), MCOMP_ERR_VERSION);

    struct {
        mcomp_model_options options;
        uint64_t newer;
    } options = {.newer = 1};
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    mcomp_graph *graph = NULL;
    mcomp_model_options_init(&options.options);
    options.options.struct_size = sizeof options;
    assert_status(mcomp_model_create(context, "lenet5", &options.options, &graph),
                  MCOMP_ERR_VERSION);
    options.options.struct_size = 0;
    assert_status(mcomp_model_create(context, "lenet5", &options.options, &graph),
                  MCOMP_ERR_VERSION);
    /* Without the field `size`: its default. */
    options.options.struct_size = offsetof(mcomp_model_options, size);
    options.options.size = 99;
    assert_ok(mcomp_model_create(context, "lenet5", &options.options, &graph));
    mcomp_graph_destroy(graph);
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

static mcomp_status make_one(mcomp_context *context, void *user)
{
    mcomp_model_options options;
    mcomp_model_options_init(&options);
    const char *name = user;
    if (strcmp(name, "mobilenet_v1") == 0) {
        options.width = 0.25;
        options.size = 32;
    }
    mcomp_graph *graph = NULL;
    mcomp_status status = mcomp_model_create(context, name, &options, &graph);
    if (status != MCOMP_OK)
        assert_null(graph);
    mcomp_graph_destroy(graph);
    return status;
}

static void test_every_allocation_fails_once(void **state)
{
    (void)state;
    char lenet[] = "lenet5", mobilenet[] = "mobilenet_v1";
    assert_true(fail_alloc_every(make_one, lenet) > 20);
    assert_true(fail_alloc_every(make_one, mobilenet) > 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list),           cmocka_unit_test(test_counts),
        cmocka_unit_test(test_small_ones_run), cmocka_unit_test(test_mobilenet_widths),
        cmocka_unit_test(test_least_sizes),    cmocka_unit_test(test_seeds),
        cmocka_unit_test(test_lenet5),         cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_struct_sizes),   cmocka_unit_test(test_every_allocation_fails_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
