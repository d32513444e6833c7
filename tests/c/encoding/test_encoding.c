#include "encoding/encoding.h"
#include "support/cmocka_all.h"

#define FLOAT32     .numeric = MCOMP_NUMERIC_F32
#define UNIFORM     .numeric = MCOMP_NUMERIC_UNIFORM, .bits = 8
#define CODEBOOK    .numeric = MCOMP_NUMERIC_CODEBOOK, .bits = 5
#define DENSE       .occupancy = MCOMP_OCCUPANCY_DENSE
#define SPARSE      .occupancy = MCOMP_OCCUPANCY_SPARSE, .block_rows = 1, .block_columns = 1
#define TWO_OF_FOUR .occupancy = MCOMP_OCCUPANCY_N_M, .n = 2, .m = 4
#define RAW         .storage = MCOMP_STORAGE_RAW
#define PACKED      .storage = MCOMP_STORAGE_PACKED
#define HUFFMAN     .storage = MCOMP_STORAGE_HUFFMAN
#define GAPS        .gaps = 1, .gap_bits = 5
#define CHECK(...)  mcomp_encoding_check(&(const mcomp_encoding){__VA_ARGS__})

static void test_legal(void **state)
{
    (void)state;
    assert_ok(CHECK(FLOAT32, DENSE, RAW));
    assert_ok(CHECK(FLOAT32, SPARSE, RAW));
    assert_ok(CHECK(FLOAT32, SPARSE, PACKED, GAPS));
    assert_ok(CHECK(FLOAT32, SPARSE, HUFFMAN, GAPS));
    assert_ok(CHECK(FLOAT32, TWO_OF_FOUR, RAW));
    assert_ok(CHECK(UNIFORM, DENSE, HUFFMAN));
    assert_ok(CHECK(UNIFORM, .per_channel = 1, .zero_points = 1, DENSE, PACKED));
    assert_ok(CHECK(CODEBOOK, SPARSE, HUFFMAN));
    assert_ok(CHECK(CODEBOOK, SPARSE, HUFFMAN, GAPS));
    assert_ok(CHECK(CODEBOOK, TWO_OF_FOUR, HUFFMAN));
    assert_ok(CHECK(CODEBOOK, .occupancy = MCOMP_OCCUPANCY_SPARSE, .block_rows = 16,
                    .block_columns = 16, RAW));
}

static void test_out_of_range(void **state)
{
    (void)state;
    assert_status(mcomp_encoding_check(NULL), MCOMP_ERR_INVALID_ARGUMENT);
#define REFUSE(words, ...)                                                                         \
    assert_status(CHECK(__VA_ARGS__), MCOMP_ERR_INVALID_ARGUMENT);                                 \
    assert_message(words)
    REFUSE("numeric 0", DENSE, RAW);
    REFUSE("numeric 6", .numeric = (mcomp_numeric)6, DENSE, RAW);
    REFUSE("numeric -1", .numeric = (mcomp_numeric)-1, DENSE, RAW);
    REFUSE("uniform of 1 bits; 2 to 8", .numeric = MCOMP_NUMERIC_UNIFORM, .bits = 1, DENSE, RAW);
    REFUSE("uniform of 9 bits", .numeric = MCOMP_NUMERIC_UNIFORM, .bits = 9, DENSE, RAW);
    REFUSE("codebook of 0 bits; 1 to 8", .numeric = MCOMP_NUMERIC_CODEBOOK, DENSE, RAW);
    REFUSE("float32 with bits = 8", FLOAT32, .bits = 8, DENSE, RAW);
    REFUSE("codebook with per_channel = 1", CODEBOOK, .per_channel = 1, DENSE, RAW);
    REFUSE("zero_points = 2", UNIFORM, .zero_points = 2, DENSE, RAW);
    REFUSE("occupancy 4", FLOAT32, .occupancy = (mcomp_occupancy)4, RAW);
    REFUSE("0x1", FLOAT32, .occupancy = MCOMP_OCCUPANCY_SPARSE, .block_columns = 1, RAW);
    REFUSE("1x17", FLOAT32, .occupancy = MCOMP_OCCUPANCY_SPARSE, .block_rows = 1,
           .block_columns = 17, RAW);
    REFUSE("without sparse", FLOAT32, DENSE, .block_rows = 1, RAW);
    REFUSE("4:4", FLOAT32, .occupancy = MCOMP_OCCUPANCY_N_M, .n = 4, .m = 4, RAW);
    REFUSE("0:4", FLOAT32, .occupancy = MCOMP_OCCUPANCY_N_M, .m = 4, RAW);
    REFUSE("2:17", FLOAT32, .occupancy = MCOMP_OCCUPANCY_N_M, .n = 2, .m = 17, RAW);
    REFUSE("without n:m", FLOAT32, DENSE, .m = 4, RAW);
    REFUSE("storage 0", FLOAT32, DENSE);
    REFUSE("storage 4", FLOAT32, DENSE, .storage = (mcomp_storage)4);
    REFUSE("1 bits; 2 to 12", CODEBOOK, SPARSE, HUFFMAN, .gaps = 1, .gap_bits = 1);
    REFUSE("13 bits", CODEBOOK, SPARSE, HUFFMAN, .gaps = 1, .gap_bits = 13);
    REFUSE("gaps = 0", CODEBOOK, SPARSE, HUFFMAN, .gap_bits = 4);
    REFUSE("gaps = 2", CODEBOOK, SPARSE, HUFFMAN, .gaps = 2, .gap_bits = 4);
#undef REFUSE
}

static void test_parts_that_do_not_compose(void **state)
{
    (void)state;
#define REFUSE(words, ...)                                                                         \
    assert_status(CHECK(__VA_ARGS__), MCOMP_ERR_UNSUPPORTED);                                      \
    assert_message(words)
    REFUSE("gaps without sparse", UNIFORM, DENSE, PACKED, GAPS);
    REFUSE("gaps without sparse", UNIFORM, TWO_OF_FOUR, PACKED, GAPS);
    REFUSE("bitmap", UNIFORM, SPARSE, RAW, GAPS);
    REFUSE("float32/dense/packed", FLOAT32, DENSE, PACKED);
    REFUSE("float16/dense/huffman", .numeric = MCOMP_NUMERIC_F16, DENSE, HUFFMAN);
    REFUSE("float32/n:m/huffman", FLOAT32, TWO_OF_FOUR, HUFFMAN);
    REFUSE("uniform/sparse/packed needs gaps", UNIFORM, SPARSE, PACKED);
    REFUSE("float32/sparse/huffman needs gaps", FLOAT32, SPARSE, HUFFMAN);
#undef REFUSE
}

static void assert_text(const mcomp_encoding *encoding, const char *wanted)
{
    char text[64], cut[8];
    assert_int_equal(mcomp_encoding_format(encoding, text, sizeof text), strlen(wanted));
    assert_string_equal(text, wanted);
    assert_int_equal(mcomp_encoding_format(encoding, cut, sizeof cut), strlen(wanted));
    assert_int_equal(strlen(cut), 7);
    assert_memory_equal(cut, wanted, 7);
    assert_int_equal(mcomp_encoding_format(encoding, NULL, 0), strlen(wanted));
}

static void test_text(void **state)
{
    (void)state;
    assert_text(&(const mcomp_encoding){CODEBOOK, SPARSE, HUFFMAN, GAPS},
                "codebook5/sparse/huffman-gaps5");
    assert_text(&(const mcomp_encoding){UNIFORM, .per_channel = 1, DENSE, PACKED},
                "uniform8-channel/dense/packed");
    assert_text(
        &(const mcomp_encoding){UNIFORM, .per_channel = 1, .zero_points = 1, TWO_OF_FOUR, HUFFMAN},
        "uniform8-channel-asymmetric/2:4/huffman");
    assert_text(&(const mcomp_encoding){.numeric = MCOMP_NUMERIC_BF16,
                                        .occupancy = MCOMP_OCCUPANCY_SPARSE,
                                        .block_rows = 4,
                                        .block_columns = 1,
                                        RAW},
                "bfloat16/sparse-4x1/raw");
    const mcomp_encoding plain = mc_encoding_f32();
    assert_text(&plain, "float32/dense/raw");
    /* 64 bytes hold the longest text of any field values, legal or not. */
    mcomp_encoding worst;
    memset(&worst, 0xff, sizeof worst);
    worst.numeric = MCOMP_NUMERIC_UNIFORM;
    worst.occupancy = MCOMP_OCCUPANCY_SPARSE;
    worst.storage = MCOMP_STORAGE_HUFFMAN;
    assert_true(mcomp_encoding_format(&worst, NULL, 0) < 64);
}

/* The list of examples holds every legal combination of its parts once, and only legal ones. */
static void test_examples(void **state)
{
    (void)state;
    mcomp_encoding example;
    uint32_t count = 0;
    char seen[256][64];
    for (; mc_encoding_example(count, &example); count++) {
        assert_ok(mcomp_encoding_check(&example));
        assert_true(count < 256);
        mcomp_encoding_format(&example, seen[count], sizeof seen[count]);
        for (uint32_t i = 0; i < count; i++)
            assert_string_not_equal(seen[i], seen[count]);
    }
    /* Per float numeric: dense raw, n:m raw, three sparse shapes x (raw, packed gaps, huffman gaps).
     * Per symbol numeric: dense x 3, n:m x 3, three sparse shapes x (raw, packed gaps, huffman,
     * huffman gaps). */
    assert_int_equal(count, 3 * (2 + 3 * 3) + 5 * (3 + 3 + 3 * 4));
}

static void test_parts(void **state)
{
    (void)state;
    const mcomp_encoding chain = {CODEBOOK, SPARSE, HUFFMAN, GAPS};
    const mcomp_encoding zeros_among_symbols = {CODEBOOK, SPARSE, HUFFMAN};
    const mcomp_encoding imported = {UNIFORM, .zero_points = 1, DENSE, RAW};
    static const bool wanted[3][MC_PART_COUNT] = {
        {true, true, false, false, true, true, true},
        {true, false, false, false, true, true, false},
        {true, false, true, true, false, false, false},
    };
    const mcomp_encoding *encodings[3] = {&chain, &zeros_among_symbols, &imported};
    for (int e = 0; e < 3; e++)
        for (int part = 0; part < MC_PART_COUNT; part++)
            assert_int_equal(mc_encoding_has_part(encodings[e], (mc_part)part), wanted[e][part]);
    assert_string_equal(mc_part_name(MC_PART_ZERO_POINTS), "zero points");
    assert_string_equal(mc_part_name(MC_PART_COUNT), "unknown");
    assert_true(mc_encoding_equal(&chain, &chain));
    mcomp_encoding other = chain;
    other.gap_bits = 6;
    assert_false(mc_encoding_equal(&chain, &other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_legal),
        cmocka_unit_test(test_out_of_range),
        cmocka_unit_test(test_parts_that_do_not_compose),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_parts),
    };
    return cmocka_run_group_tests_name("encoding", tests, NULL, NULL);
}
