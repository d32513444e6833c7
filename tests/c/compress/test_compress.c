/* mcomp_compress() as a whole: what it touches, what it leaves, what it says, how it fails. */
#include "compress_fixture.h"

static const float eight[] = {1, -2, 3, -4, 5, -6, 7, -8};

static void source_stays(void **state)
{
    (void)state;
    mcomp_context *context = begin_test();
    const layer only = {"ip", 2, 4, 0, 0, eight, 0};
    mcomp_graph *graph = network(context, &only, 1);
    mcomp_graph *result = compress(context, graph, "prune.magnitude sparsity=0.5; share.kmeans");
    assert_weight(graph, "ip_weight", eight, 8);
    assert_string_equal(mcomp_graph_get_recipe(graph), "");
    assert_string_equal(mcomp_graph_get_recipe(result),
                        "prune.magnitude sparsity=0.5; share.kmeans");
    mcomp_graph_info before = {.struct_size = sizeof before}, after = before;
    assert_ok(mcomp_graph_get_info(graph, &before));
    assert_ok(mcomp_graph_get_info(result, &after));
    assert_int_equal(after.verified, 1);
    assert_int_equal(after.parameters, before.parameters);
    assert_int_equal(after.float_nbytes, before.float_nbytes);
    /* The result does not need the source. */
    mcomp_graph_destroy(graph);
    assert_weight(result, "ip_weight", FLOATS(0, 0, 0, 0, 5, -6, 7, -8), 8);
    mcomp_graph_destroy(result);
    end_test(context);
}

static void store_dense_changes_nothing(void **state)
{
    (void)state;
    mcomp_context *context = begin_test();
    const layer only = {"ip", 2, 4, 0, 0, eight, 0};
    mcomp_graph *result = compress_layer(context, &only, "store.dense");
    assert_weight(result, "ip_weight", eight, 8);
    mcomp_tensor_report report = report_of(result, "ip_weight");
    assert_string_equal(report.encoding, "float32/dense/raw");
    assert_int_equal(report.stored_nbytes, 32);
    assert_int_equal(report.entropy_bound_nbytes, 32);
    assert_true(isinf(report.sqnr_db) && report.sqnr_db > 0);
    assert_no_notes(result);
    mcomp_graph_destroy(result);
    end_test(context);
}

static void skip_and_only(void **state)
{
    (void)state;
    mcomp_context *context = begin_test();
    const layer layers[] = {{"conv1", 2, 4, 1, 1, eight, 0},
                            {"conv2", 2, 4, 1, 1, eight, 0},
                            {"ip1", 2, 4, 0, 0, eight, 0}};
    mcomp_graph *graph = network(context, layers, 3);
    static const struct {
        const char *recipe;
        bool touched[3];
    } cases[] = {
        {"prune.magnitude sparsity=1", {true, true, true}},
        {"prune.magnitude sparsity=1 skip=conv*", {false, false, true}},
        {"prune.magnitude sparsity=1 only=conv*", {true, true, false}},
        {"prune.magnitude sparsity=1 only=conv* skip=conv2", {true, false, false}},
        {"prune.magnitude sparsity=1 only=conv2,ip1", {false, true, true}},
        {"prune.magnitude sparsity=1 only=conv1; prune.magnitude sparsity=1 only=ip?",
         {true, false, true}},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        mcomp_graph *result = compress(context, graph, cases[i].recipe);
        assert_no_notes(result);
        for (size_t k = 0; k < 3; k++) {
            char name[32];
            snprintf(name, sizeof name, "%s_weight", layers[k].name);
            assert_int_equal(report_of(result, name).nonzero, cases[i].touched[k] ? 0 : 8);
        }
        mcomp_graph_destroy(result);
    }
    mcomp_graph *result = compress(context, graph, "prune.magnitude sparsity=1 only=fc1,conv1");
    assert_note(result, "prune.magnitude: only: no Conv, Gemm or MatMul is called fc1; "
                        "there are: conv1, conv2, ip1");
    assert_int_equal(report_of(result, "conv1_weight").nonzero, 0);
    mcomp_graph_destroy(result);
    result = compress(context, graph, "prune.magnitude sparsity=1 skip=*");
    assert_note(result, "prune.magnitude touches no weight");
    mcomp_graph_destroy(result);
    mcomp_graph_destroy(graph);
    end_test(context);
}

static void names_that_there_are(void **state)
{
    (void)state;
    mcomp_context *context = begin_test();
    /* 30 letters of two bytes: as long as what is shown; one byte more is not cut but left out. */
#define TEN "\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4"
    static const char whole[] = TEN TEN TEN, longer[] = TEN TEN TEN "x";
#undef TEN
    layer layers[6] = {{longer, 2, 4, 1, 1, eight, 0}, {whole, 2, 4, 1, 1, eight, 0}};
    static const char *const others[] = {"b", "c", "d", "e"};
    for (size_t i = 2; i < COUNT_OF(layers); i++)
        layers[i] = (layer){others[i - 2], 2, 4, 1, 1, eight, 0};
    for (size_t count = 1; count <= COUNT_OF(layers); count++) {
        char words[200];
        if (count == 1)
            snprintf(words, sizeof words, "is called a; there are: 1 of longer names");
        else
            snprintf(words, sizeof words, "is called a; there are: %s%s%s%s and %d more", whole,
                     count > 2 ? ", b" : "", count > 3 ? ", c" : "", count > 4 ? ", d" : "",
                     count > 5 ? 2 : 1);
        mcomp_graph *graph = network(context, layers, count);
        mcomp_graph *result = compress(context, graph, "store.dense skip=a");
        const char *note = mcomp_graph_get_note(result, 0);
        assert_non_null(note);
        assert_string_equal(strstr(note, "is called"), words);
        mcomp_graph_destroy(result);
        mcomp_graph_destroy(graph);
    }
    end_test(context);
}

static void depthwise_only_when_named(void **state)
{
    (void)state;
    mcomp_context *context = begin_test();
    const layer layers[] = {{"depthwise", 4, 1, 1, 2, eight, 4}, {"grouped", 4, 2, 1, 1, eight, 2}};
    mcomp_graph *graph = network(context, layers, 2);
    mcomp_graph *result = compress(context, graph, "prune.magnitude sparsity=0.5");
    assert_int_equal(report_of(result, "depthwise_weight").nonzero, 8);
    assert_int_equal(report_of(result, "grouped_weight").nonzero, 4);
    mcomp_graph_destroy(result);
    result = compress(context, graph, "prune.magnitude sparsity=0.5 only=*");
    assert_int_equal(report_of(result, "depthwise_weight").nonzero, 4);
    mcomp_graph_destroy(result);
    mcomp_graph_destroy(graph);
    end_test(context);
}

static mcomp_tensor *tensor_of(mcomp_context *context, mcomp_dtype dtype, uint32_t rank,
                               const int64_t *shape, const void *data)
{
    mcomp_tensor *tensor;
    assert_ok(mcomp_tensor_create(context, dtype, rank, shape, data, &tensor));
    return tensor;
}

static mcomp_value constant(mcomp_graph *graph, const char *name, mcomp_tensor *tensor)
{
    mcomp_value value;
    assert_ok(mcomp_graph_add_constant(graph, name, tensor, &value));
    mcomp_tensor_release(tensor);
    return value;
}

static mcomp_value node(mcomp_graph *graph, const char *op, const char *name,
                        const mcomp_value *inputs, size_t input_count,
                        const mcomp_attribute *attributes, size_t attribute_count)
{
    mcomp_value output;
    assert_ok(mcomp_graph_add_node(graph, op, name, inputs, input_count, attributes,
                                   attribute_count, &output));
    return output;
}

static const int64_t one = 1;
static const mcomp_attribute transposed = {
    .name = "transB", .type = MCOMP_ATTRIBUTE_INTEGERS, .count = 1, .integers = &one};

/* A chain of two nodes that read the same weight, with biases. */
static mcomp_graph *shared_weight(mcomp_context *context, bool also_added)
{
    const int64_t input_shape[] = {MCOMP_BATCH, 2}, shape[] = {2, 2}, bias_shape[] = {2};
    mcomp_graph *graph;
    mcomp_value x;
    assert_ok(mcomp_graph_create(context, "shared", &graph));
    assert_ok(mcomp_graph_add_input(graph, "x", 2, input_shape, &x));
    mcomp_value weight =
        constant(graph, "w", tensor_of(context, MCOMP_DTYPE_F32, 2, shape, FLOATS(1, 2, 3, 4)));
    mcomp_value bias =
        constant(graph, "b", tensor_of(context, MCOMP_DTYPE_F32, 1, bias_shape, FLOATS(1, 2)));
    mcomp_value first =
        node(graph, "Gemm", "first", (mcomp_value[]){x, weight, bias}, 3, &transposed, 1);
    mcomp_value last =
        node(graph, "Gemm", "second", (mcomp_value[]){first, weight, bias}, 3, &transposed, 1);
    if (also_added)
        last = node(graph, "Gemm", "third", (mcomp_value[]){last, weight, bias}, 3, NULL, 0);
    assert_ok(mcomp_graph_mark_output(graph, last));
    assert_ok(mcomp_graph_verify(graph));
    return graph;
}

static void shared_constants_are_one_weight(void **state)
{
    (void)state;
    mcomp_context *context = begin_test();
    mcomp_graph *graph = shared_weight(context, false);
    mcomp_graph *result = compress(context, graph, "prune.magnitude sparsity=0.5 scope=global");
    assert_weight(result, "w", FLOATS(0, 0, 3, 4), 4);
    assert_weight(result, "b", FLOATS(1, 2), 2);
    mcomp_graph_destroy(result);
    /* It is touched where one of its nodes is wanted, and left where one is to be skipped. */
    result = compress(context, graph, "prune.magnitude sparsity=0.5 only=second");
    assert_weight(result, "w", FLOATS(0, 0, 3, 4), 4);
    mcomp_graph_destroy(result);
    result = compress(context, graph, "prune.magnitude sparsity=0.5 skip=second");
    assert_weight(result, "w", FLOATS(1, 2, 3, 4), 4);
    mcomp_graph_destroy(result);
    mcomp_graph_destroy(graph);
    end_test(context);
}

/* x [N, 3] times w [3, 2], as MatMul has it: channels, blocks and groups are those of w's columns. */
static void weights_with_inputs_first_are_turned(void **state)
{
    (void)state;
    mcomp_context *context = begin_test();
    const int64_t input_shape[] = {MCOMP_BATCH, 3}, shape[] = {3, 2};
    mcomp_graph *graph;
    mcomp_value x;
    assert_ok(mcomp_graph_create(context, "turned", &graph));
    assert_ok(mcomp_graph_add_input(graph, "x", 2, input_shape, &x));
    mcomp_value weight = constant(
        graph, "w", tensor_of(context, MCOMP_DTYPE_F32, 2, shape, FLOATS(127, 0, -1, 254, 5, 2)));
    mcomp_value first = node(graph, "Gemm", "first", (mcomp_value[]){x, weight}, 2, NULL, 0);
    mcomp_value second = node(graph, "Gemm", "second", (mcomp_value[]){x, weight}, 2, NULL, 0);
    assert_ok(mcomp_graph_mark_output(graph, first));
    assert_ok(mcomp_graph_mark_output(graph, second));
    assert_ok(mcomp_graph_verify(graph));
    mcomp_graph *result = compress(context, graph, "quantize.weights; store.dense");
    assert_no_notes(result);
    mcomp_tensor_report report = report_of(result, "w");
    assert_int_equal(report.shape[0], 2);
    assert_int_equal(report.shape[1], 3);
    const float *scales;
    size_t count;
    mcomp_tensor_get_scales(weight_of(result, "w"), &scales, &count);
    assert_int_equal(count, 2);
    assert_same_bits(scales, FLOATS(1, 2), 2);
    assert_weight(result, "w", FLOATS(127, -1, 5, 0, 254, 2), 6);
    mcomp_graph_destroy(result);
    result = compress(context, graph, "prune.magnitude block=1:3; store.dense");
    assert_weight(result, "w", FLOATS(127, 0, 0, 0, 254, 0), 6);
    /* Both nodes read it the new way round. */
    for (uint32_t n = 0; n < 2; n++) {
        mcomp_attribute attribute;
        assert_ok(mcomp_graph_get_attribute(result, n, 0, &attribute));
        assert_string_equal(attribute.name, "transB");
        assert_int_equal(attribute.integers[0], 1);
    }
    /* The source is as it was. */
    assert_weight(graph, "w", FLOATS(127, 0, -1, 254, 5, 2), 6);
    mcomp_graph_destroy(result);
    mcomp_graph_destroy(graph);
    end_test(context);
}

/* A constant that one node reads turned and another not cannot be a weight of both. */
static void weights_read_both_ways_are_left(void **state)
{
    (void)state;
    mcomp_context *context = begin_test();
    mcomp_graph *graph = shared_weight(context, true);
    mcomp_graph *result = compress(context, graph, "prune.magnitude sparsity=1");
    assert_weight(result, "w", FLOATS(1, 2, 3, 4), 4);
    assert_note(result, "node third: weight w is read by something else too");
    mcomp_graph_destroy(result);
    mcomp_graph_destroy(graph);
    end_test(context);
}

/* A node that computes in integers keeps its weight, and a note says so. */
static void integer_nodes_are_left(void **state)
{
    (void)state;
    mcomp_context *context = begin_test();
    const int64_t input_shape[] = {MCOMP_BATCH, 2}, shape[] = {2, 2};
    const float scale = 0.5f;
    const uint8_t zero_point = 128;
    const int8_t integers[] = {1, -2, 3, -4};
    mcomp_graph *graph;
    mcomp_value x;
    assert_ok(mcomp_graph_create(context, "integers", &graph));
    assert_ok(mcomp_graph_add_input(graph, "x", 2, input_shape, &x));
    mcomp_value s = constant(graph, "s", tensor_of(context, MCOMP_DTYPE_F32, 0, NULL, &scale));
    mcomp_value z = constant(graph, "z", tensor_of(context, MCOMP_DTYPE_U8, 0, NULL, &zero_point));
    mcomp_tensor *quantized = NULL;
    assert_ok(mcomp_tensor_create_quantized(context, MCOMP_DTYPE_S8, 2, shape, integers,
                                            FLOATS(0.25f), NULL, 1, &quantized));
    mcomp_value w = constant(graph, "w", quantized);
    mcomp_value v =
        constant(graph, "v", tensor_of(context, MCOMP_DTYPE_F32, 2, shape, FLOATS(1, 2, 3, 4)));
    mcomp_value q = node(graph, "QuantizeLinear", "q", (mcomp_value[]){x, s, z}, 3, NULL, 0);
    mcomp_value d = node(graph, "DequantizeLinear", "d", (mcomp_value[]){q, s, z}, 3, NULL, 0);
    mcomp_value g = node(graph, "Gemm", "inner", (mcomp_value[]){d, w}, 2, &transposed, 1);
    mcomp_value r = node(graph, "QuantizeLinear", "r", (mcomp_value[]){g, s, z}, 3, NULL, 0);
    mcomp_value e = node(graph, "DequantizeLinear", "e", (mcomp_value[]){r, s, z}, 3, NULL, 0);
    mcomp_value o = node(graph, "Gemm", "outer", (mcomp_value[]){e, v}, 2, &transposed, 1);
    assert_ok(mcomp_graph_mark_output(graph, o));
    assert_ok(mcomp_graph_verify(graph));
    mcomp_graph *result = compress(context, graph, "prune.magnitude sparsity=1; share.kmeans");
    assert_weight(result, "v", FLOATS(0, 0, 0, 0), 4);
    assert_weight(result, "w", FLOATS(0.25f, -0.5f, 0.75f, -1), 4);
    assert_note(result, "node inner: weight w holds the integers");
    assert_null(mcomp_graph_get_note(result, 1)); /* said once, not once a pass */
    mcomp_graph_destroy(result);
    mcomp_graph_destroy(graph);
    end_test(context);
}

static void second_pass_of_a_stage_is_refused(void **state)
{
    (void)state;
    mcomp_context *context = begin_test();
    const layer layers[] = {{"a", 2, 4, 0, 0, eight, 0}, {"b", 2, 4, 0, 0, eight, 0}};
    mcomp_graph *graph = network(context, layers, 2), *result;
    assert_status(
        try_compress(context, graph, "share.kmeans only=a; quantize.weights skip=c", NULL, &result),
        MCOMP_ERR_INVALID_ARGUMENT);
    assert_null(result);
    assert_message("node a: weight a_weight cannot take quantize.weights after share.kmeans");
    result = compress(context, graph,
                      "share.kmeans only=a; quantize.weights only=b; store.dense only=a;"
                      "encode.huffman only=b layout=dense");
    assert_encoding(result, "a_weight", "codebook3/dense/packed");
    assert_encoding(result, "b_weight", "uniform8-channel/dense/huffman");
    mcomp_graph_destroy(result);
    mcomp_graph_destroy(graph);
    end_test(context);
}

static void floats_of_two_bytes(void **state)
{
    (void)state;
    mcomp_context *context = begin_test();
    const layer layers[] = {{"a", 1, 3, 0, 0, FLOATS(1, 1.0009765625f, 1.00048828125f), 0},
                            {"b", 1, 2, 0, 0, FLOATS(65504, 1e6f), 0}};
    mcomp_graph *graph = network(context, layers, 2);
    mcomp_graph *result = compress(context, graph, "store.float");
    assert_weight(result, "a_weight", FLOATS(1, 1.0009765625f, 1), 3);
    assert_encoding(result, "a_weight", "float16/dense/raw");
    assert_int_equal(report_of(result, "a_weight").entropy_bound_nbytes, 6);
    /* What does not fit stays, and is named. */
    assert_encoding(result, "b_weight", "float32/dense/raw");
    assert_note(result, "b_weight stays float32: element 1 is 1e+06");
    mcomp_graph_destroy(result);
    result = compress(context, graph, "store.float dtype=bfloat16");
    assert_weight(result, "a_weight", FLOATS(1, 1, 1), 3);
    assert_encoding(result, "b_weight", "bfloat16/dense/raw");
    mcomp_graph_destroy(result);
    result = compress(context, graph, "store.float dtype=float32");
    assert_weight(result, "b_weight", FLOATS(65504, 1e6f), 2);
    assert_no_notes(result);
    mcomp_graph_destroy(result);
    mcomp_graph_destroy(graph);
    end_test(context);
}

/* A compressed network can be stored otherwise without another loss, and be compressed further. */
static void compressed_networks_compress_again(void **state)
{
    (void)state;
    test_random random = test_random_begin("compressed_networks_compress_again");
    mcomp_context *context = begin_test();
    float *values = random_weights(&random, 4000);
    const layer only = {"ip", 40, 100, 0, 0, values, 0};
    static const char *const first[] = {"share.kmeans", "quantize.weights bits=4",
                                        "prune.magnitude sparsity=0.9; share.kmeans",
                                        "prune.magnitude block=2:4; quantize.weights",
                                        "prune.magnitude sparsity=0.5 block=4x1; store.float"};
    static const char *const second[] = {"encode.huffman", "store.dense",
                                         "encode.huffman layout=dense"};
    for (size_t i = 0; i < COUNT_OF(first); i++)
        for (size_t k = 0; k < COUNT_OF(second); k++) {
            mcomp_graph *once = compress_layer(context, &only, first[i]);
            mcomp_graph *twice = compress(context, once, second[k]);
            float *wanted = decoded(once, "ip_weight");
            assert_weight(twice, "ip_weight", wanted, 4000);
            assert_string_equal(mcomp_graph_get_recipe(twice), second[k]);
            assert_note(twice, mcomp_graph_get_recipe(once));
            assert_true(report_of(twice, "ip_weight").sqnr_db ==
                        report_of(once, "ip_weight").sqnr_db);
            if (k == 0)
                assert_true(report_of(twice, "ip_weight").stored_nbytes <=
                            report_of(once, "ip_weight").stored_nbytes);
            free(wanted);
            mcomp_graph_destroy(twice);
            mcomp_graph_destroy(once);
        }
    /* Pruning a codebook gives it an entry for 0. */
    mcomp_graph *once = compress_layer(context, &only, "share.kmeans bits=3");
    mcomp_graph *twice = compress(context, once, "prune.magnitude sparsity=0.25; encode.huffman");
    float *before = decoded(once, "ip_weight"), *after = decoded(twice, "ip_weight");
    for (size_t i = 0; i < 4000; i++)
        assert_true(after[i] == 0 || after[i] == before[i]);
    assert_int_equal(report_of(twice, "ip_weight").nonzero, 3000);
    free(before);
    free(after);
    mcomp_graph_destroy(twice);
    mcomp_graph_destroy(once);
    free(values);
    end_test(context);
}

static void same_bytes_every_time(void **state)
{
    (void)state;
    test_random random = test_random_begin("same_bytes_every_time");
    float *values = random_weights(&random, 4000);
    const layer only = {"ip", 40, 100, 0, 0, values, 0};
    static const char *const recipes[] = {
        "prune.magnitude sparsity=0.8; share.kmeans init=random; encode.huffman",
        "share.kmeans init=exact bits=3", "quantize.weights bits=3 scale=mse; encode.huffman"};
    for (size_t i = 0; i < COUNT_OF(recipes); i++) {
        float *outcome[2];
        uint64_t nbytes[2];
        for (uint32_t run = 0; run < 2; run++) {
            mcomp_context *context = fail_alloc_context_threads(&fixture_memory, run ? 3 : 1);
            mcomp_graph *result = compress_layer(context, &only, recipes[i]);
            outcome[run] = decoded(result, "ip_weight");
            nbytes[run] = report_of(result, "ip_weight").stored_nbytes;
            mcomp_graph_destroy(result);
            end_test(context);
        }
        assert_same_bits(outcome[0], outcome[1], 4000);
        assert_int_equal(nbytes[0], nbytes[1]);
        free(outcome[0]);
        free(outcome[1]);
    }
    free(values);
}

/* The report's numbers, counted here from the values. */
static void report_counts(void **state)
{
    (void)state;
    mcomp_context *context = begin_test();
    const layer only = {"ip", 2, 4, 0, 0, FLOATS(6, 5, 2, 1, -6, -6, 1, 1), 0};
    mcomp_graph *graph = network(context, &only, 1);
    mcomp_graph *result = compress(
        context, graph,
        "prune.magnitude sparsity=0.375; quantize.weights bits=3 granularity=tensor; store.dense");
    /* The ones go; the scale is 2; 5 is a tie that goes to the even 2 steps. */
    assert_weight(result, "ip_weight", FLOATS(6, 4, 2, 0, -6, -6, 0, 0), 8);
    mcomp_tensor_report report = {.struct_size = sizeof report};
    assert_ok(mcomp_graph_get_report(result, 0, &report));
    assert_string_equal(report.name, "ip_weight");
    assert_int_equal(report.rank, 2);
    assert_int_equal(report.shape[0], 2);
    assert_int_equal(report.shape[1], 4);
    assert_int_equal(report.values, 8);
    assert_int_equal(report.nonzero, 5);
    assert_int_equal(report.stored_nbytes, 3 + 4);
    /* Symbols 1, 1, 1, 2 and 3 times: 3 x 3 + 2 x 2 + 3 x 1.415 = 17.2 bits, 3 bytes. */
    assert_int_equal(report.entropy_bound_nbytes, 3 + 4);
    assert_true(fabs(report.sqnr_db - 10 * log10(140.0 / 4)) < 1e-9);
    assert_int_equal(mcomp_graph_get_report(result, 1, &report), MCOMP_END);
    mcomp_graph_destroy(result);
    mcomp_graph_destroy(graph);
    end_test(context);
}

/* Every verified network has a report, also one that nobody compressed, and integers. */
static void report_of_any_network(void **state)
{
    (void)state;
    mcomp_context *context = begin_test();
    mcomp_graph *graph = shared_weight(context, true);
    mcomp_tensor_report report = report_of(graph, "b");
    assert_string_equal(report.encoding, "float32/dense/raw");
    assert_int_equal(report.values, 2);
    assert_int_equal(report.nonzero, 2);
    assert_int_equal(report.stored_nbytes, 8);
    assert_true(isinf(report.sqnr_db));
    assert_string_equal(mcomp_graph_get_recipe(graph), "");
    assert_null(mcomp_graph_get_note(graph, 0));
    mcomp_graph_destroy(graph);
    mcomp_graph *raw;
    assert_ok(mcomp_graph_create(context, "raw", &raw));
    constant(raw, "k",
             tensor_of(context, MCOMP_DTYPE_S64, 1, (const int64_t[]){3},
                       (const int64_t[]){0, 256, -1}));
    assert_status(mcomp_graph_get_report(raw, 0, &report), MCOMP_ERR_INVALID_ARGUMENT);
    mcomp_value x, y;
    assert_ok(mcomp_graph_add_input(raw, "x", 1, (const int64_t[]){MCOMP_BATCH}, &x));
    y = node(raw, "Identity", "y", &x, 1, NULL, 0);
    assert_ok(mcomp_graph_mark_output(raw, y));
    assert_ok(mcomp_graph_verify(raw));
    report = report_of(raw, "k");
    assert_string_equal(report.encoding, "int64/dense/raw");
    assert_int_equal(report.nonzero, 2);
    assert_int_equal(report.stored_nbytes, 24);
    mcomp_graph_destroy(raw);
    end_test(context);
}

/* The report is the same after a file. */
static void report_of_a_file(void **state)
{
    (void)state;
    test_random random = test_random_begin("report_of_a_file");
    mcomp_context *context = begin_test();
    float *values = random_weights(&random, 4000);
    const layer layers[] = {{"ip", 40, 100, 0, 0, values, 0}, {"other", 2, 4, 0, 0, eight, 0}};
    mcomp_graph *graph = network(context, layers, 2), *loaded;
    mcomp_graph *result = compress(
        context, graph, "prune.magnitude sparsity=0.9 only=ip,no; share.kmeans; encode.huffman");
    const char *path = "test_compress_report.mcomp";
    assert_ok(mcomp_save(result, path, NULL, NULL));
    mcomp_status status = mcomp_load(context, path, NULL, &loaded);
    remove(path);
    assert_ok(status);
    for (uint32_t i = 0; i < 2; i++) {
        mcomp_tensor_report a = {.struct_size = sizeof a}, b = a;
        assert_ok(mcomp_graph_get_report(result, i, &a));
        assert_ok(mcomp_graph_get_report(loaded, i, &b));
        assert_string_equal(a.encoding, b.encoding);
        assert_true(a.nonzero == b.nonzero && a.stored_nbytes == b.stored_nbytes &&
                    a.entropy_bound_nbytes == b.entropy_bound_nbytes && a.sqnr_db == b.sqnr_db);
        float *wanted = decoded(result, a.name);
        assert_weight(loaded, a.name, wanted, (size_t)a.values);
        free(wanted);
    }
    assert_string_equal(mcomp_graph_get_recipe(loaded), mcomp_graph_get_recipe(result));
    assert_string_equal(mcomp_graph_get_note(loaded, 0), mcomp_graph_get_note(result, 0));
    mcomp_graph_destroy(loaded);
    mcomp_graph_destroy(result);
    mcomp_graph_destroy(graph);
    free(values);
    end_test(context);
}

typedef struct call_count {
    int calls, stop_at;
    uint64_t last;
    const char *stage;
} call_count;

static int count_call(void *user, const char *stage, uint64_t done, uint64_t total)
{
    call_count *count = user;
    assert_true(total > 0 && done <= total && done >= count->last && stage);
    count->last = done;
    count->stage = stage;
    return count->calls++ == count->stop_at;
}

static void progress_and_cancel(void **state)
{
    (void)state;
    mcomp_context *context = begin_test();
    const layer layers[] = {{"a", 2, 4, 0, 0, eight, 0}, {"b", 2, 4, 0, 0, eight, 0}};
    mcomp_graph *graph = network(context, layers, 2), *result;
    const char *recipe = "prune.magnitude sparsity=0.5; share.kmeans init=exact; encode.huffman";
    call_count count = {.stop_at = -1};
    mcomp_compress_options options;
    mcomp_compress_options_init(&options);
    options.progress = count_call;
    options.progress_user = &count;
    assert_ok(try_compress(context, graph, recipe, &options, &result));
    mcomp_graph_destroy(result);
    int calls = count.calls;
    assert_true(calls >= 5); /* at least once a pass and once a weight */
    for (int stop_at = 0; stop_at < calls; stop_at++) {
        count = (call_count){.stop_at = stop_at};
        assert_status(try_compress(context, graph, recipe, &options, &result), MCOMP_ERR_CANCELLED);
        assert_null(result);
        assert_message("cancelled after ");
    }
    mcomp_graph_destroy(graph);
    end_test(context);
}

static void bad_arguments(void **state)
{
    (void)state;
    mcomp_context *context = begin_test();
    const layer only = {"ip", 2, 4, 0, 0, eight, 0};
    mcomp_graph *graph = network(context, &only, 1), *unverified, *result = graph;
    mcomp_recipe *recipe;
    assert_ok(mcomp_recipe_create(context, "store.dense", &recipe));
    assert_status(mcomp_compress(NULL, recipe, NULL, &result), MCOMP_ERR_INVALID_ARGUMENT);
    assert_null(result);
    assert_status(mcomp_compress(graph, NULL, NULL, &result), MCOMP_ERR_INVALID_ARGUMENT);
    assert_status(mcomp_compress(graph, recipe, NULL, NULL), MCOMP_ERR_INVALID_ARGUMENT);
    assert_ok(mcomp_graph_create(context, "open", &unverified));
    assert_status(mcomp_compress(unverified, recipe, NULL, &result), MCOMP_ERR_INVALID_ARGUMENT);
    assert_message("open is not verified");
    mcomp_compress_options options = {0};
    assert_status(mcomp_compress(graph, recipe, &options, &result), MCOMP_ERR_VERSION);
    mcomp_graph_destroy(unverified);
    mcomp_recipe_destroy(recipe);
    mcomp_graph_destroy(graph);
    end_test(context);
}

typedef struct allocation_case {
    const char *recipe;
    const float *values;
} allocation_case;

static mcomp_status compress_once(mcomp_context *context, void *user)
{
    const allocation_case *given = user;
    const layer layers[] = {{"a", 8, 20, 0, 0, given->values, 0},
                            {"b", 4, 5, 2, 2, given->values, 0}};
    mcomp_graph *graph = NULL, *result = NULL;
    mcomp_status status = try_network(context, layers, 2, &graph);
    if (status == MCOMP_OK)
        status = try_compress(context, graph, given->recipe, NULL, &result);
    mcomp_tensor_report report = {.struct_size = sizeof report};
    for (uint32_t i = 0; i < 2 && status == MCOMP_OK; i++)
        status = mcomp_graph_get_report(result, i, &report);
    mcomp_graph_destroy(result);
    mcomp_graph_destroy(graph);
    return status;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    static const char *const recipes[] = {
        "store.float dtype=bfloat16",
        "prune.magnitude sparsity=0.5 scope=global skip=none; store.dense",
        "prune.magnitude sparsity=0.5; encode.huffman gap_bits=3",
        "prune.magnitude sparsity=0.5; share.kmeans bits=2; encode.huffman layout=gaps gap_bits=2",
        "prune.magnitude block=2:4; quantize.weights bits=4 scale=mse; encode.huffman",
        "share.kmeans bits=2 init=exact only=a; share.kmeans bits=3 init=random only=b",
    };
    test_random random = test_random_begin("every_allocation_may_fail");
    float *values = random_weights(&random, 160);
    for (size_t i = 0; i < COUNT_OF(recipes); i++) {
        allocation_case given = {recipes[i], values};
        assert_true(fail_alloc_every(compress_once, &given) > 20);
    }
    free(values);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(source_stays),
        cmocka_unit_test(store_dense_changes_nothing),
        cmocka_unit_test(skip_and_only),
        cmocka_unit_test(names_that_there_are),
        cmocka_unit_test(depthwise_only_when_named),
        cmocka_unit_test(shared_constants_are_one_weight),
        cmocka_unit_test(weights_with_inputs_first_are_turned),
        cmocka_unit_test(weights_read_both_ways_are_left),
        cmocka_unit_test(integer_nodes_are_left),
        cmocka_unit_test(second_pass_of_a_stage_is_refused),
        cmocka_unit_test(floats_of_two_bytes),
        cmocka_unit_test(compressed_networks_compress_again),
        cmocka_unit_test(same_bytes_every_time),
        cmocka_unit_test(report_counts),
        cmocka_unit_test(report_of_any_network),
        cmocka_unit_test(report_of_a_file),
        cmocka_unit_test(progress_and_cancel),
        cmocka_unit_test(bad_arguments),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
