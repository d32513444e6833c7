/* encode.huffman and what is stored without it: the bytes that were counted are the bytes that are
 * there, and no other way to store the same weight takes fewer. */
#include "base/context_struct.h"
#include "compress/storage.h"
#include "compress_fixture.h"
#include "tensor/tensor_struct.h"

/* A weight's state as passes leave it, made from a stored tensor. */
static mc_weight state_of(mcomp_context *context, mcomp_graph *graph, const char *name)
{
    mcomp_tensor *tensor = weight_of(graph, name);
    mc_weight weight = {.context = context,
                        .name = name,
                        .node_name = name,
                        .tensor = tensor,
                        .rank = tensor->rank,
                        .element_count = tensor->element_count};
    memcpy(weight.shape, tensor->shape, sizeof weight.shape);
    assert_ok(mc_weight_load(&weight));
    return weight;
}

/* Bytes of a weight in an encoding, really stored; checks that they were counted right. */
static uint64_t really_stored(const mc_weight *weight, const mc_storage_counts *counts,
                              const mcomp_encoding *encoding)
{
    mcomp_tensor *tensor = NULL;
    uint64_t counted, stored;
    assert_ok(mc_storage_encode(weight, encoding, &tensor));
    assert_ok(mc_storage_nbytes(weight, counts, encoding, &counted));
    stored = mc_tensor_stored_nbytes(tensor);
    uint64_t tables = (weight->scale_count + weight->codebook_count) * sizeof(float);
    if (stored != counted + tables) {
        char text[64];
        mcomp_encoding_format(encoding, text, sizeof text);
        fail_msg("%s: %llu bytes counted, %llu stored", text,
                 (unsigned long long)(counted + tables), (unsigned long long)stored);
    }
    mcomp_tensor_release(tensor);
    return stored;
}

/* Every encoding that holds the weight's numbers, with blocks as its mask has them. */
static uint64_t least_of_all(const mc_weight *weight, bool huffman)
{
    mc_storage_counts counts;
    uint64_t least = UINT64_MAX;
    assert_ok(mc_storage_count(weight, &counts));
    for (int occupancy = MCOMP_OCCUPANCY_DENSE; occupancy <= MCOMP_OCCUPANCY_SPARSE; occupancy++)
        for (int storage = MCOMP_STORAGE_RAW; storage <= MCOMP_STORAGE_HUFFMAN; storage++)
            for (unsigned gap_bits = 0; gap_bits <= 12; gap_bits++) {
                bool sparse = occupancy == MCOMP_OCCUPANCY_SPARSE;
                mcomp_encoding encoding = {.numeric = weight->numeric,
                                           .bits = weight->bits,
                                           .per_channel = weight->scale_count > 1,
                                           .occupancy = (mcomp_occupancy)occupancy,
                                           .block_rows = sparse ? weight->block.rows : 0,
                                           .block_columns = sparse ? weight->block.columns : 0,
                                           .storage = (mcomp_storage)storage,
                                           .gaps = gap_bits > 0,
                                           .gap_bits = (uint8_t)gap_bits};
                /* Zeros among Huffman-coded symbols are the same bytes as dense ones. */
                bool twice = sparse && storage == MCOMP_STORAGE_HUFFMAN && gap_bits == 0;
                bool no_zero = sparse && weight->codebook_count > 0 && weight->codebook[0] != 0;
                if (mcomp_encoding_check(&encoding) != MCOMP_OK || twice || no_zero ||
                    (storage == MCOMP_STORAGE_HUFFMAN && !huffman))
                    continue;
                uint64_t nbytes = really_stored(weight, &counts, &encoding);
                least = nbytes < least ? nbytes : least;
            }
    mc_storage_counts_clear(weight, &counts);
    return least;
}

static void smallest_is_chosen(void **state)
{
    (void)state;
    static const char *const prunings[] = {"",
                                           "prune.magnitude sparsity=0.1; ",
                                           "prune.magnitude sparsity=0.5; ",
                                           "prune.magnitude sparsity=0.9; ",
                                           "prune.magnitude sparsity=0.99; ",
                                           "prune.magnitude sparsity=1; ",
                                           "prune.magnitude sparsity=0.8 block=4x1; ",
                                           "prune.magnitude sparsity=0.7 block=3x5; "};
    static const char *const numerics[] = {
        "store.float dtype=float32", "store.float",
        "share.kmeans bits=5",       "share.kmeans bits=1",
        "quantize.weights bits=8",   "quantize.weights bits=2 granularity=tensor"};
    test_random random = test_random_begin("smallest_is_chosen");
    mcomp_context *context = begin_test();
    float *values = random_weights(&random, 4000);
    for (size_t i = 0; i < 400; i++)
        values[test_random_below(&random, 4000)] = i % 2 ? 0 : -0.0f;
    const layer only = {"ip", 40, 100, 0, 0, values, 0};
    for (size_t p = 0; p < COUNT_OF(prunings); p++)
        for (size_t n = 0; n < COUNT_OF(numerics); n++)
            for (int huffman = 0; huffman < 2; huffman++) {
                char text[256];
                snprintf(text, sizeof text, "%s%s%s", prunings[p], numerics[n],
                         huffman ? "; encode.huffman" : "");
                mcomp_graph *result = compress_layer(context, &only, text);
                mcomp_tensor *tensor = weight_of(result, "ip_weight");
                mc_weight weight = state_of(context, result, "ip_weight");
                if (weight.block.rows == 1 && strstr(text, "block")) {
                    weight.block.rows = strstr(text, "4x1") ? 4 : 3;
                    weight.block.columns = strstr(text, "4x1") ? 1 : 5;
                }
                uint64_t least = least_of_all(&weight, huffman);
                uint64_t stored = mc_tensor_stored_nbytes(tensor);
                if (stored != least)
                    fail_msg("%s: %llu bytes as %s, %llu are possible", text,
                             (unsigned long long)stored, report_of(result, "ip_weight").encoding,
                             (unsigned long long)least);
                mc_weight_unload(&weight);
                mcomp_graph_destroy(result);
            }
    free(values);
    end_test(context);
}

static void layouts_are_obeyed(void **state)
{
    (void)state;
    static const struct {
        const char *recipe, *encoding;
    } cases[] = {
        {"share.kmeans; encode.huffman layout=dense", "codebook5/dense/huffman"},
        {"prune.magnitude sparsity=0.9; share.kmeans; encode.huffman layout=dense",
         "codebook5/dense/huffman"},
        {"prune.magnitude sparsity=0.1; share.kmeans; encode.huffman layout=gaps gap_bits=3",
         "codebook5/sparse/huffman-gaps3"},
        {"prune.magnitude sparsity=0.9; quantize.weights bits=4; encode.huffman gap_bits=12 "
         "layout=gaps",
         "uniform4-channel/sparse/huffman-gaps12"},
        {"prune.magnitude sparsity=0.9 block=4x1; store.float; encode.huffman layout=gaps "
         "gap_bits=2",
         "float16/sparse-4x1/huffman-gaps2"},
        {"prune.magnitude block=2:4; share.kmeans; encode.huffman", "codebook5/2:4/huffman"},
        {"prune.magnitude block=2:4; share.kmeans; encode.huffman layout=dense",
         "codebook5/dense/huffman"},
        {"prune.magnitude block=2:4; share.kmeans; encode.huffman layout=gaps gap_bits=4",
         "codebook5/sparse/huffman-gaps4"},
        {"prune.magnitude block=2:4; share.kmeans", "codebook5/2:4/packed"},
        {"prune.magnitude block=2:4; share.kmeans; store.dense", "codebook5/dense/packed"},
        {"prune.magnitude sparsity=0.9; store.dense", "float32/dense/raw"},
    };
    test_random random = test_random_begin("layouts_are_obeyed");
    mcomp_context *context = begin_test();
    float *values = random_weights(&random, 4000);
    const layer only = {"ip", 40, 100, 0, 0, values, 0};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        mcomp_graph *result = compress_layer(context, &only, cases[i].recipe);
        assert_encoding(result, "ip_weight", cases[i].encoding);
        assert_no_notes(result);
        /* However it is stored, it is what the passes made of it. */
        char text[256];
        snprintf(text, sizeof text, "%s", cases[i].recipe);
        char *last = strstr(text, "; encode.huffman");
        if (!last)
            last = strstr(text, "; store.dense");
        if (last) {
            *last = 0;
            mcomp_graph *before = compress_layer(context, &only, text);
            float *wanted = decoded(before, "ip_weight");
            assert_weight(result, "ip_weight", wanted, 4000);
            free(wanted);
            mcomp_graph_destroy(before);
        }
        mcomp_graph_destroy(result);
    }
    free(values);
    end_test(context);
}

static void nothing_to_code_is_noted(void **state)
{
    (void)state;
    mcomp_context *context = begin_test();
    const layer only = {"ip", 1, 4, 0, 0, FLOATS(1, 2, 3, 4), 0};
    mcomp_graph *result = compress_layer(context, &only, "encode.huffman");
    assert_note(result, "node ip: weight ip_weight has no symbols and no zeros");
    assert_encoding(result, "ip_weight", "float32/dense/raw");
    mcomp_graph_destroy(result);
    result =
        compress_layer(context, &only, "prune.magnitude sparsity=0.5; encode.huffman layout=dense");
    assert_note(result, "node ip: weight ip_weight has no symbols");
    mcomp_graph_destroy(result);
    result = compress_layer(context, &only, "share.kmeans; encode.huffman layout=gaps");
    assert_note(result, "ip_weight has no zeros");
    mcomp_graph_destroy(result);
    end_test(context);
}

/* 16 values of four kinds, 8 4 2 2 times: 1, 2, 3, 3 bits make 28 bits. */
static void bytes_by_hand(void **state)
{
    (void)state;
    mcomp_context *context = begin_test();
    const layer only = {"ip", 1, 16, 0, 0, FLOATS(1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 4, 4),
                        0};
    mcomp_graph *result =
        compress_layer(context, &only, "share.kmeans bits=2; encode.huffman layout=dense");
    const mcomp_tensor *tensor = weight_of(result, "ip_weight");
    assert_int_equal(tensor->parts[MC_PART_SYMBOLS].nbytes, 4);
    assert_int_equal(tensor->parts[MC_PART_SYMBOL_LENGTHS].nbytes, 2);
    assert_int_equal(tensor->parts[MC_PART_CODEBOOK].nbytes, 16);
    mcomp_tensor_report report = report_of(result, "ip_weight");
    assert_int_equal(report.stored_nbytes, 22);
    /* Its entropy is 28 bits too. */
    assert_int_equal(report.entropy_bound_nbytes, 4 + 16);
    mcomp_graph_destroy(result);
    end_test(context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(smallest_is_chosen),
        cmocka_unit_test(layouts_are_obeyed),
        cmocka_unit_test(nothing_to_code_is_noted),
        cmocka_unit_test(bytes_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
