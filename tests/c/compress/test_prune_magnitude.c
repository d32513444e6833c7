/* prune.magnitude against masks worked out by hand, and against sorting. */
#include "compress_fixture.h"

static void smallest_become_zero(void **state)
{
    (void)state;
    mcomp_context *context = begin_test();
    const layer only = {"ip", 2, 4, 0, 0, FLOATS(4, -1, 2, -3, 0.5f, -6, 7, 8), 0};
    mcomp_graph *result = compress_layer(context, &only, "prune.magnitude sparsity=0.5");
    assert_weight(result, "ip_weight", FLOATS(4, 0, 0, 0, 0, -6, 7, 8), 8);
    assert_int_equal(report_of(result, "ip_weight").nonzero, 4);
    assert_no_notes(result);
    mcomp_graph_destroy(result);
    end_test(context);
}

static void equal_ones_go_by_index(void **state)
{
    (void)state;
    mcomp_context *context = begin_test();
    const layer only = {"ip", 1, 6, 0, 0, FLOATS(1, -1, 1, -1, 1, -1), 0};
    mcomp_graph *result = compress_layer(context, &only, "prune.magnitude sparsity=0.5");
    assert_weight(result, "ip_weight", FLOATS(0, 0, 0, -1, 1, -1), 6);
    mcomp_graph_destroy(result);
    end_test(context);
}

/* round(sparsity x n), halves to even. */
static void counts_are_rounded(void **state)
{
    (void)state;
    static const struct {
        const char *recipe;
        unsigned nonzero;
    } cases[] = {
        {"prune.magnitude sparsity=0", 10},    {"prune.magnitude sparsity=0.04", 10},
        {"prune.magnitude sparsity=0.05", 10}, {"prune.magnitude sparsity=0.06", 9},
        {"prune.magnitude sparsity=0.15", 8},  {"prune.magnitude sparsity=0.25", 8},
        {"prune.magnitude sparsity=0.35", 6},  {"prune.magnitude sparsity=0.96", 0},
        {"prune.magnitude sparsity=0.94", 1},  {"prune.magnitude sparsity=1", 0},
    };
    mcomp_context *context = begin_test();
    const layer only = {"ip", 2, 5, 0, 0, FLOATS(1, 2, 3, 4, 5, 6, 7, 8, 9, 10), 0};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        mcomp_graph *result = compress_layer(context, &only, cases[i].recipe);
        assert_int_equal(report_of(result, "ip_weight").nonzero, cases[i].nonzero);
        mcomp_graph_destroy(result);
    }
    end_test(context);
}

/* What is 0 already counts first, a negative zero too. */
static void zeros_count_first(void **state)
{
    (void)state;
    mcomp_context *context = begin_test();
    const layer only = {"ip", 1, 8, 0, 0, FLOATS(5, 0, -0.0f, 1, 0, 2, 3, 4), 0};
    mcomp_graph *result = compress_layer(context, &only, "prune.magnitude sparsity=0.5");
    assert_weight(result, "ip_weight", FLOATS(5, 0, 0, 0, 0, 2, 3, 4), 8);
    mcomp_graph_destroy(result);
    result = compress_layer(context, &only, "prune.magnitude sparsity=0.25");
    assert_int_equal(report_of(result, "ip_weight").nonzero, 5);
    mcomp_graph_destroy(result);
    end_test(context);
}

static void scopes(void **state)
{
    (void)state;
    mcomp_context *context = begin_test();
    const layer layers[] = {{"small", 1, 4, 0, 0, FLOATS(1, 2, 3, 4), 0},
                            {"large", 1, 4, 0, 0, FLOATS(3, 10, 20, 30), 0}};
    mcomp_graph *graph = network(context, layers, 2);
    mcomp_graph *layered = compress(context, graph, "prune.magnitude sparsity=0.5");
    assert_weight(layered, "small_weight", FLOATS(0, 0, 3, 4), 4);
    assert_weight(layered, "large_weight", FLOATS(0, 0, 20, 30), 4);
    /* Of two equal ones in different layers the earlier layer's goes. */
    mcomp_graph *global = compress(context, graph, "prune.magnitude sparsity=0.375 scope=global");
    assert_weight(global, "small_weight", FLOATS(0, 0, 0, 4), 4);
    assert_weight(global, "large_weight", FLOATS(3, 10, 20, 30), 4);
    /* Layers that are left out are not ranked either. */
    mcomp_graph *one =
        compress(context, graph, "prune.magnitude sparsity=0.5 scope=global skip=small");
    assert_weight(one, "small_weight", FLOATS(1, 2, 3, 4), 4);
    assert_weight(one, "large_weight", FLOATS(0, 0, 20, 30), 4);
    mcomp_graph_destroy(one);
    mcomp_graph_destroy(global);
    mcomp_graph_destroy(layered);
    mcomp_graph_destroy(graph);
    end_test(context);
}

/* 2 output x 3 input channels of 1 x 2 taps, in blocks of 1 x 2: the short block has one element and
 * is ranked by its mean square, not by its sum. */
static void blocks_are_ranked_by_root_mean_square(void **state)
{
    (void)state;
    mcomp_context *context = begin_test();
    const layer only = {"conv",
                        2,
                        3,
                        1,
                        2,
                        FLOATS(/* o0 */ 1, 9, /* i1 */ 1, 1, /* i2 */ 2, 3,
                               /* o1 */ 4, 5, /* i1 */ 0, 5, /* i2 */ 2.5f, 8),
                        0};
    /* Blocks (o, i pair, tap): (0,01,0) {1,1} 1; (0,01,1) {9,1} 6.4; (0,2,0) {2} 2; (0,2,1) {3} 3;
     * (1,01,0) {4,0} 2.83; (1,01,1) {5,5} 5; (1,2,0) {2.5} 2.5; (1,2,1) {8} 8. Half of eight. */
    mcomp_graph *result = compress_layer(context, &only, "prune.magnitude sparsity=0.5 block=1x2");
    assert_weight(result, "conv_weight", FLOATS(0, 9, 0, 1, 0, 3, 0, 5, 0, 5, 0, 8), 12);
    mcomp_graph_destroy(result);
    end_test(context);
}

/* Rows of blocks are output channels; the last block is short. */
static void blocks_of_rows(void **state)
{
    (void)state;
    mcomp_context *context = begin_test();
    const layer only = {"ip", 3, 2, 0, 0, FLOATS(1, 8, 2, 8, 1.8f, 1), 0};
    /* Blocks of 2 x 1: {1, 2} 1.58; {8, 8} 8; {1.8} 1.8; {1} 1. */
    mcomp_graph *result =
        compress_layer(context, &only, "prune.magnitude sparsity=0.5 block=2x1; store.dense");
    assert_weight(result, "ip_weight", FLOATS(0, 8, 0, 8, 1.8f, 0), 6);
    mcomp_graph_destroy(result);
    end_test(context);
}

static void groups_keep_n_of_m(void **state)
{
    (void)state;
    mcomp_context *context = begin_test();
    const layer only = {
        "ip", 2, 6, 0, 0, FLOATS(1, -4, 3, -2, 5, 6, /* ties: the earlier go */ 7, 7, -7, 7, 0, 1),
        0};
    mcomp_graph *result = compress_layer(context, &only, "prune.magnitude block=2:4");
    /* The last group of a row has two, and keeps both. */
    assert_weight(result, "ip_weight", FLOATS(0, -4, 3, 0, 5, 6, 0, 0, -7, 7, 0, 1), 12);
    assert_encoding(result, "ip_weight", "float32/2:4/raw");
    mcomp_graph_destroy(result);
    end_test(context);
}

/* Groups run along the input channels at the same tap. */
static void groups_run_along_inputs(void **state)
{
    (void)state;
    mcomp_context *context = begin_test();
    const layer only = {"conv", 1, 2, 1, 2, FLOATS(1, 5, 2, 4), 0};
    mcomp_graph *result = compress_layer(context, &only, "prune.magnitude block=1:2");
    assert_weight(result, "conv_weight", FLOATS(0, 5, 2, 0), 4);
    mcomp_graph_destroy(result);
    const layer narrow = {"conv", 3, 1, 2, 2, FLOATS(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12), 0};
    result = compress_layer(context, &narrow, "prune.magnitude block=1:2");
    assert_weight(result, "conv_weight", narrow.values, 12);
    assert_encoding(result, "conv_weight", "float32/dense/raw");
    assert_note(result, "conv_weight has 1 input channels");
    mcomp_graph_destroy(result);
    end_test(context);
}

static void second_pruning_keeps_the_first(void **state)
{
    (void)state;
    mcomp_context *context = begin_test();
    const layer only = {"ip", 1, 8, 0, 0, FLOATS(1, 2, 8, 7, 3, 4, 5, 6), 0};
    mcomp_graph *result = compress_layer(
        context, &only, "prune.magnitude block=1:2; prune.magnitude sparsity=0.625; store.dense");
    assert_weight(result, "ip_weight", FLOATS(0, 0, 8, 0, 0, 4, 0, 6), 8);
    mcomp_graph_destroy(result);
    /* A smaller sparsity than there is already takes nothing back and nothing more. */
    result = compress_layer(context, &only,
                            "prune.magnitude sparsity=0.5; prune.magnitude sparsity=0.25");
    assert_weight(result, "ip_weight", FLOATS(0, 0, 8, 7, 0, 0, 5, 6), 8);
    mcomp_graph_destroy(result);
    end_test(context);
}

static int compare_magnitudes(const void *a, const void *b)
{
    float x = fabsf(*(const float *)a), y = fabsf(*(const float *)b);
    return x < y ? -1 : x > y;
}

/* As sorting has it: everything below the k-th magnitude goes, nothing above it, k in all. */
static void agrees_with_sorting(void **state)
{
    (void)state;
    enum { COUNT = 6000 };
    test_random random = test_random_begin("agrees_with_sorting");
    mcomp_context *context = begin_test();
    for (int round = 0; round < 6; round++) {
        float *values = random_weights(&random, COUNT), *sorted = malloc(COUNT * sizeof *sorted);
        assert_non_null(sorted);
        /* Coarse values, so that many are equal. */
        for (size_t i = 0; i < COUNT && round % 2; i++)
            values[i] = roundf(values[i] * 64) / 64;
        memcpy(sorted, values, COUNT * sizeof *sorted);
        qsort(sorted, COUNT, sizeof *sorted, compare_magnitudes);
        double sparsity = (double)test_random_below(&random, 1001) / 1000;
        size_t zeros = (size_t)nearbyint(sparsity * COUNT);
        float limit = zeros > 0 ? fabsf(sorted[zeros - 1]) : -1;
        char text[128];
        snprintf(text, sizeof text, "prune.magnitude sparsity=%.17g scope=global", sparsity);
        /* Two layers, so that a global rank spans both. */
        const layer layers[] = {{"a", 20, 100, 0, 0, values, 0},
                                {"b", 40, 100, 0, 0, values + 2000, 0}};
        mcomp_graph *graph = network(context, layers, 2), *result = compress(context, graph, text);
        float *found = malloc(COUNT * sizeof *found), *part = decoded(result, "a_weight");
        assert_non_null(found);
        memcpy(found, part, 2000 * sizeof *found);
        free(part);
        part = decoded(result, "b_weight");
        memcpy(found + 2000, part, 4000 * sizeof *found);
        free(part);
        size_t pruned = 0;
        bool kept_equal = false;
        for (size_t i = 0; i < COUNT; i++) {
            float magnitude = fabsf(values[i]);
            bool zero = magnitude < limit || (magnitude == limit && found[i] == 0);
            if (magnitude == limit && magnitude > 0) {
                /* Once one of the equal ones was kept, all later ones are. */
                assert_false(kept_equal && found[i] == 0);
                kept_equal |= found[i] != 0;
            }
            assert_true(found[i] == (zero ? 0 : values[i]));
            pruned += magnitude > 0 ? zero : magnitude <= limit;
        }
        size_t own_zeros = 0;
        for (size_t i = 0; i < COUNT; i++)
            own_zeros += values[i] == 0;
        assert_true(pruned == zeros || own_zeros > zeros);
        free(found);
        free(sorted);
        free(values);
        mcomp_graph_destroy(result);
        mcomp_graph_destroy(graph);
    }
    end_test(context);
}

static void needs_finite_numbers(void **state)
{
    (void)state;
    mcomp_context *context = begin_test();
    const layer only = {"ip", 1, 3, 0, 0, FLOATS(1, NAN, 3), 0};
    mcomp_graph *graph = network(context, &only, 1), *result;
    assert_status(try_compress(context, graph, "prune.magnitude sparsity=0.5", NULL, &result),
                  MCOMP_ERR_INVALID_ARGUMENT);
    assert_null(result);
    assert_message("node ip: weight ip_weight");
    assert_message("element 1");
    mcomp_graph_destroy(graph);
    end_test(context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(smallest_become_zero),
        cmocka_unit_test(equal_ones_go_by_index),
        cmocka_unit_test(counts_are_rounded),
        cmocka_unit_test(zeros_count_first),
        cmocka_unit_test(scopes),
        cmocka_unit_test(blocks_are_ranked_by_root_mean_square),
        cmocka_unit_test(blocks_of_rows),
        cmocka_unit_test(groups_keep_n_of_m),
        cmocka_unit_test(groups_run_along_inputs),
        cmocka_unit_test(second_pruning_keeps_the_first),
        cmocka_unit_test(agrees_with_sorting),
        cmocka_unit_test(needs_finite_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
