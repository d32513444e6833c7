/* share.kmeans: codebooks worked out by hand, nearest entries, the optimum by trying everything. */
#include "compress/kmeans.h"
#include "compress_fixture.h"

static void codebook_of(const mcomp_graph *graph, const char *name, const float **entries,
                        size_t *count)
{
    mcomp_tensor_get_codebook(weight_of(graph, name), entries, count);
}

static void assert_codebook(const mcomp_graph *graph, const char *name, const float *wanted,
                            size_t count)
{
    const float *entries;
    size_t found;
    codebook_of(graph, name, &entries, &found);
    assert_int_equal(found, count);
    assert_same_bits(entries, wanted, count);
}

static void two_clusters(void **state)
{
    (void)state;
    static const char *const inits[] = {"linear", "density", "random", "exact"};
    mcomp_context *context = begin_test();
    const layer only = {"ip", 1, 6, 0, 0, FLOATS(1, 11, 2, 10, 3, 12), 0};
    for (size_t i = 0; i < COUNT_OF(inits); i++) {
        char text[64];
        snprintf(text, sizeof text, "share.kmeans bits=1 init=%s", inits[i]);
        mcomp_graph *result = compress_layer(context, &only, text);
        assert_codebook(result, "ip_weight", FLOATS(2, 11), 2);
        assert_weight(result, "ip_weight", FLOATS(2, 11, 2, 11, 2, 11), 6);
        assert_encoding(result, "ip_weight", "codebook1/dense/packed");
        mcomp_graph_destroy(result);
    }
    end_test(context);
}

/* Zeros, pruned or not, have symbol 0 and entry 0 to themselves. */
static void zeros_stay_zero(void **state)
{
    (void)state;
    mcomp_context *context = begin_test();
    const layer only = {"ip", 1, 8, 0, 0, FLOATS(0.1f, 1, 2, 3, -0.2f, 0, 11, 12), 0};
    mcomp_graph *result = compress_layer(
        context, &only, "prune.magnitude sparsity=0.375; share.kmeans bits=2; store.dense");
    /* 1, 2, 3, 11, 12 in three clusters beside 0. */
    uint8_t symbols[8];
    float *values = decoded(result, "ip_weight");
    assert_ok(mcomp_tensor_decode_symbols(weight_of(result, "ip_weight"), symbols, 8));
    const float *entries;
    size_t count;
    codebook_of(result, "ip_weight", &entries, &count);
    assert_int_equal(count, 4);
    assert_true(entries[0] == 0 && !signbit(entries[0]));
    for (int i = 0; i < 8; i++) {
        bool zero = i == 0 || i == 4 || i == 5;
        assert_int_equal(symbols[i] == 0, zero);
        assert_int_equal(values[i] == 0, zero);
    }
    free(values);
    mcomp_graph_destroy(result);
    const layer zeros = {"ip", 2, 3, 0, 0, NULL, 0};
    result = compress_layer(context, &zeros, "share.kmeans bits=5");
    assert_codebook(result, "ip_weight", FLOATS(0), 1);
    assert_int_equal(report_of(result, "ip_weight").nonzero, 0);
    mcomp_graph_destroy(result);
    end_test(context);
}

/* One entry for zeros, one for all others. */
static void one_bit_with_zeros(void **state)
{
    (void)state;
    mcomp_context *context = begin_test();
    const layer only = {"ip", 1, 4, 0, 0, FLOATS(0, 1, 2, 6), 0};
    mcomp_graph *result = compress_layer(context, &only, "share.kmeans bits=1");
    assert_weight(result, "ip_weight", FLOATS(0, 3, 3, 3), 4);
    mcomp_graph_destroy(result);
    end_test(context);
}

/* No more distinct numbers than entries: they are kept to the bit. */
static void few_numbers_are_exact(void **state)
{
    (void)state;
    test_random random = test_random_begin("few_numbers_are_exact");
    mcomp_context *context = begin_test();
    float numbers[256], values[4096];
    for (int i = 0; i < 256; i++)
        numbers[i] = (float)(i - 100) * 0.0123f + test_random_float(&random, -0.001f, 0.001f);
    numbers[17] = 0;
    for (size_t i = 0; i < COUNT_OF(values); i++)
        values[i] = numbers[i < 256 ? i : test_random_below(&random, 256)];
    const layer only = {"ip", 64, 64, 0, 0, values, 0};
    static const char *const recipes[] = {"share.kmeans bits=8", "share.kmeans bits=8 init=random",
                                          "share.kmeans bits=8 init=exact; encode.huffman"};
    for (size_t i = 0; i < COUNT_OF(recipes); i++) {
        mcomp_graph *result = compress_layer(context, &only, recipes[i]);
        const float *entries;
        size_t count;
        codebook_of(result, "ip_weight", &entries, &count);
        assert_int_equal(count, 256);
        assert_weight(result, "ip_weight", values, 4096);
        assert_true(isinf(report_of(result, "ip_weight").sqnr_db));
        mcomp_graph_destroy(result);
    }
    /* Fewer entries than allowed make a smaller symbol. */
    const layer three = {"ip", 1, 5, 0, 0, FLOATS(-1, 0, 2, 2, -1), 0};
    mcomp_graph *result = compress_layer(context, &three, "share.kmeans bits=8; store.dense");
    assert_codebook(result, "ip_weight", FLOATS(0, -1, 2), 3);
    assert_encoding(result, "ip_weight", "codebook2/dense/packed");
    mcomp_graph_destroy(result);
    end_test(context);
}

/* Every number has the entry that is nearest among those for numbers that are not 0. */
static void nearest_entry(void **state)
{
    (void)state;
    static const char *const inits[] = {"linear", "density", "random", "exact"};
    enum { COUNT = 3000 };
    test_random random = test_random_begin("nearest_entry");
    mcomp_context *context = begin_test();
    for (int bits = 1; bits <= 8; bits++) {
        float *values = random_weights(&random, COUNT);
        const layer only = {"ip", 30, 100, 0, 0, values, 0};
        char text[128];
        snprintf(text, sizeof text, "prune.magnitude sparsity=0.3; share.kmeans bits=%d init=%s",
                 bits, inits[bits % 4]);
        mcomp_graph *result = compress_layer(context, &only, text);
        mcomp_graph *pruned = compress_layer(context, &only, "prune.magnitude sparsity=0.3");
        float *shared = decoded(result, "ip_weight"), *before = decoded(pruned, "ip_weight");
        const float *entries;
        size_t count;
        codebook_of(result, "ip_weight", &entries, &count);
        assert_int_equal(count, (size_t)1 << bits);
        for (size_t k = 2; k < count; k++)
            assert_true(entries[k - 1] < entries[k]);
        for (size_t i = 0; i < COUNT; i++) {
            assert_int_equal(shared[i] == 0, before[i] == 0);
            for (size_t k = 1; before[i] != 0 && k < count; k++)
                assert_true(fabs((double)shared[i] - before[i]) <=
                            fabs((double)entries[k] - before[i]));
        }
        free(values);
        free(shared);
        free(before);
        mcomp_graph_destroy(pruned);
        mcomp_graph_destroy(result);
    }
    end_test(context);
}

/* Entries are the means of the numbers that have them, to float32's rounding. */
static void entries_are_means(void **state)
{
    (void)state;
    enum { COUNT = 2000 };
    test_random random = test_random_begin("entries_are_means");
    mcomp_context *context = begin_test();
    float *values = random_weights(&random, COUNT);
    const layer only = {"ip", 20, 100, 0, 0, values, 0};
    mcomp_graph *result = compress_layer(context, &only, "share.kmeans bits=4");
    uint8_t symbols[COUNT];
    const float *entries;
    size_t count;
    codebook_of(result, "ip_weight", &entries, &count);
    assert_ok(mcomp_tensor_decode_symbols(weight_of(result, "ip_weight"), symbols, COUNT));
    for (size_t k = 0; k < count; k++) {
        double sum = 0;
        size_t members = 0;
        for (size_t i = 0; i < COUNT; i++)
            if (symbols[i] == k) {
                sum += values[i];
                members++;
            }
        assert_true(members > 0);
        assert_true(fabs(sum / (double)members - entries[k]) <= 1e-6 * fabs(entries[k]) + 1e-9);
    }
    free(values);
    mcomp_graph_destroy(result);
    end_test(context);
}

static double error_about_mean(const float *values, size_t start, size_t end)
{
    double mean = 0, error = 0;
    for (size_t i = start; i < end; i++)
        mean += values[i];
    mean /= (double)(end - start);
    for (size_t i = start; i < end; i++)
        error += (values[i] - mean) * (values[i] - mean);
    return error;
}

/* The least error of the first n sorted numbers in k runs, by trying every last run. */
static double least_error(const float *values, size_t count, size_t wanted)
{
    double table[9][64];
    for (size_t n = 1; n <= count; n++)
        table[1][n] = error_about_mean(values, 0, n);
    for (size_t k = 2; k <= wanted; k++)
        for (size_t n = k; n <= count; n++) {
            table[k][n] = INFINITY;
            for (size_t start = k - 1; start < n; start++) {
                double error = table[k - 1][start] + error_about_mean(values, start, n);
                table[k][n] = error < table[k][n] ? error : table[k][n];
            }
        }
    return table[wanted][count];
}

static void exact_is_optimal(void **state)
{
    (void)state;
    test_random random = test_random_begin("exact_is_optimal");
    mcomp_context *context = begin_test();
    mc_stage_progress progress = {.stage = "", .total = 1};
    for (int round = 0; round < 300; round++) {
        float values[48];
        uint32_t scratch[48];
        size_t starts[9], count = 12 + test_random_below(&random, 36);
        size_t wanted = 2 + test_random_below(&random, 7), distinct = 1;
        bool coarse = round % 3 == 0;
        for (size_t i = 0; i < count; i++) {
            float value = test_random_float(&random, -1, 1);
            values[i] = (coarse ? roundf(value * 20) / 20 : value) + (round % 5 == 0 ? 1000 : 0);
        }
        mc_sort_floats(values, count, scratch);
        for (size_t i = 1; i < count; i++)
            distinct += values[i] != values[i - 1];
        if (distinct <= wanted)
            continue;
        assert_ok(mc_kmeans_exact(context, &progress, values, count, wanted, starts));
        double error = 0;
        assert_int_equal(starts[0], 0);
        assert_int_equal(starts[wanted], count);
        for (size_t k = 0; k < wanted; k++) {
            assert_true(starts[k] < starts[k + 1]);
            error += error_about_mean(values, starts[k], starts[k + 1]);
        }
        double least = least_error(values, count, wanted);
        if (fabs(error - least) > 1e-9 * (least + 1e-3))
            fail_msg("round %d: %zu numbers in %zu clusters: error %.17g, least %.17g", round,
                     count, wanted, error, least);
    }
    end_test(context);
}

static void exact_is_never_worse(void **state)
{
    (void)state;
    test_random random = test_random_begin("exact_is_never_worse");
    mcomp_context *context = begin_test();
    float *values = random_weights(&random, 5000);
    const layer only = {"ip", 50, 100, 0, 0, values, 0};
    static const char *const inits[] = {"linear", "density", "random"};
    for (int bits = 2; bits <= 6; bits += 2) {
        char text[64];
        snprintf(text, sizeof text, "share.kmeans bits=%d init=exact", bits);
        mcomp_graph *exact = compress_layer(context, &only, text);
        double best = report_of(exact, "ip_weight").sqnr_db;
        mcomp_graph_destroy(exact);
        for (size_t i = 0; i < COUNT_OF(inits); i++) {
            snprintf(text, sizeof text, "share.kmeans bits=%d init=%s", bits, inits[i]);
            mcomp_graph *other = compress_layer(context, &only, text);
            assert_true(report_of(other, "ip_weight").sqnr_db <= best + 1e-3);
            mcomp_graph_destroy(other);
        }
    }
    free(values);
    end_test(context);
}

static void sorting(void **state)
{
    (void)state;
    test_random random = test_random_begin("sorting");
    float values[2000], before[2000];
    uint32_t scratch[2000];
    for (size_t i = 0; i < 2000; i++) {
        uint32_t bits;
        do {
            bits = (uint32_t)test_random_bits(&random);
            memcpy(&values[i], &bits, sizeof bits);
        } while (!isfinite(values[i]));
        before[i] = values[i];
    }
    mc_sort_floats(values, 2000, scratch);
    for (size_t i = 1; i < 2000; i++)
        assert_true(values[i - 1] <= values[i]);
    /* All of them are still there. */
    for (size_t i = 0; i < 2000; i++) {
        size_t low = 0, high = 2000;
        while (low < high) {
            size_t middle = (low + high) / 2;
            if (values[middle] < before[i])
                low = middle + 1;
            else
                high = middle;
        }
        assert_true(values[low] == before[i]);
    }
}

/* Seeds matter to init=random, and to nothing else; the parameter beats the call's. */
static void seeds(void **state)
{
    (void)state;
    test_random random = test_random_begin("seeds");
    mcomp_context *context = begin_test();
    float *values = random_weights(&random, 4000);
    const layer only = {"ip", 40, 100, 0, 0, values, 0};
    mcomp_graph *graph = network(context, &only, 1);
    static const struct {
        const char *recipe;
        uint64_t seed;
        int as; /**< index of the case with the same result, -1: differs from the one before */
    } cases[] = {
        {"share.kmeans bits=6 init=random", 1, 0},
        {"share.kmeans bits=6 init=random", 1, 0},
        {"share.kmeans bits=6 init=random", 2, -1},
        {"share.kmeans bits=6 init=random seed=1", 9, 0},
        {"share.kmeans bits=6", 1, -1},
        {"share.kmeans bits=6", 2, 4},
    };
    float books[COUNT_OF(cases)][64];
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        mcomp_compress_options options;
        mcomp_compress_options_init(&options);
        options.seed = cases[i].seed;
        mcomp_graph *result;
        assert_ok(try_compress(context, graph, cases[i].recipe, &options, &result));
        const float *entries;
        size_t count;
        codebook_of(result, "ip_weight", &entries, &count);
        assert_int_equal(count, 64);
        memcpy(books[i], entries, sizeof books[i]);
        bool equal = memcmp(books[i], books[cases[i].as < 0 ? i - 1 : (size_t)cases[i].as],
                            sizeof books[i]) == 0;
        assert_int_equal(equal, cases[i].as >= 0);
        mcomp_graph_destroy(result);
    }
    mcomp_graph_destroy(graph);
    free(values);
    end_test(context);
}

/* Numbers far apart, tiny ones, and two neighbours of float32. */
static void awkward_numbers(void **state)
{
    (void)state;
    mcomp_context *context = begin_test();
    const float next = nextafterf(1, 2), after = nextafterf(next, 2);
    const layer rows[] = {
        {"far", 1, 6, 0, 0, FLOATS(3e38f, -3e38f, 1, 2, 3e-38f, -1e-45f), 0},
        {"close", 1, 6, 0, 0, FLOATS(1, next, after, 1, next, after), 0},
        {"tiny", 1, 4, 0, 0, FLOATS(1e-45f, 3e-45f, 4e-45f, -1e-45f), 0},
    };
    static const char *const inits[] = {"linear", "density", "random", "exact"};
    mcomp_graph *graph = network(context, rows, COUNT_OF(rows));
    for (size_t i = 0; i < COUNT_OF(inits); i++) {
        char text[64];
        snprintf(text, sizeof text, "share.kmeans bits=1 init=%s", inits[i]);
        mcomp_graph *result = compress(context, graph, text);
        for (size_t r = 0; r < COUNT_OF(rows); r++) {
            char name[32];
            snprintf(name, sizeof name, "%s_weight", rows[r].name);
            float *values = decoded(result, name);
            for (size_t k = 0; k < layer_elements(&rows[r]); k++)
                assert_true(isfinite(values[k]));
            free(values);
        }
        mcomp_graph_destroy(result);
    }
    mcomp_graph_destroy(graph);
    end_test(context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_clusters),
        cmocka_unit_test(zeros_stay_zero),
        cmocka_unit_test(one_bit_with_zeros),
        cmocka_unit_test(few_numbers_are_exact),
        cmocka_unit_test(nearest_entry),
        cmocka_unit_test(entries_are_means),
        cmocka_unit_test(exact_is_optimal),
        cmocka_unit_test(exact_is_never_worse),
        cmocka_unit_test(sorting),
        cmocka_unit_test(seeds),
        cmocka_unit_test(awkward_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
