/* Every legal triple over many shapes and fills: what is encoded comes back, bit for bit, from the
 * tensor and from its stored parts. */
#include "support/fail_alloc.h"
#include "support/near.h"
#include "weight_case.h"

static const struct {
    uint32_t rank;
    int64_t shape[MCOMP_MAX_RANK];
} shapes[] = {
    {1, {1}},           {1, {37}},
    {1, {0}},           {2, {5, 3}},
    {2, {17, 33}},      {2, {0, 4}},
    {2, {4, 0}},        {3, {3, 5, 7}},
    {4, {9, 5, 3, 3}},  {4, {4, 8, 1, 1}},
    {4, {16, 1, 5, 5}}, {4, {2, 0, 3, 3}},
    {4, {1, 16, 2, 3}}, {5, {3, 2, 2, 1, 3}},
};

/* A copy of exactly the part's bytes, `shift` bytes off alignment, so that reading past it is seen. */
typedef struct part_copies {
    uint8_t *blocks[MC_PART_COUNT];
    mc_bytes parts[MC_PART_COUNT];
} part_copies;

static part_copies copy_parts(const mcomp_tensor *tensor, size_t shift)
{
    part_copies copies;
    for (int part = 0; part < MC_PART_COUNT; part++) {
        size_t nbytes = tensor->parts[part].nbytes;
        copies.blocks[part] = malloc(nbytes + shift);
        if (nbytes)
            memcpy(copies.blocks[part] + shift, tensor->parts[part].data, nbytes);
        copies.parts[part] = (mc_bytes){copies.blocks[part] + shift, nbytes};
    }
    return copies;
}

static void free_parts(part_copies *copies)
{
    for (int part = 0; part < MC_PART_COUNT; part++)
        free(copies->blocks[part]);
}

static void check_decoded(const weight_case *weights, const mcomp_tensor *tensor)
{
    float *values = malloc(weights->count * sizeof *values + 1);
    uint8_t *bytes = malloc(weights->count + 1);
    memset(values, 0xee, weights->count * sizeof *values);
    assert_ok(mcomp_tensor_decode(tensor, values, weights->count));
    assert_same_bits(values, weights->decoded, weights->count);
    if (mc_encoding_has_symbols(&weights->encoding)) {
        memset(bytes, 0xee, weights->count);
        assert_ok(mcomp_tensor_decode_symbols(tensor, bytes, weights->count));
        assert_memory_equal(bytes, weights->symbols, weights->count);
    } else {
        assert_status(mcomp_tensor_decode_symbols(tensor, bytes, weights->count),
                      MCOMP_ERR_UNSUPPORTED);
    }
    memset(bytes, 0xee, weights->count);
    assert_ok(mc_tensor_decode_kept(tensor, bytes, weights->count));
    assert_memory_equal(bytes, weights->kept, weights->count);
    free(values);
    free(bytes);
}

static void count_release(void *user)
{
    ++*(int *)user;
}

static void check_case(mcomp_context *context, const weight_case *weights)
{
    mc_weight_values values = weight_case_values(weights);
    mcomp_tensor *tensor = NULL, *again = NULL;
    assert_ok(mc_tensor_encode(context, weights->rank, weights->shape, &weights->encoding, &values,
                               &tensor));
    check_decoded(weights, tensor);

    mcomp_tensor_info info = {.struct_size = sizeof info};
    assert_ok(mcomp_tensor_get_info(tensor, &info));
    assert_int_equal(info.encoded, 1);
    assert_true(mc_encoding_equal(&info.encoding, &weights->encoding));
    assert_int_equal(info.element_count, weights->count);
    size_t nbytes = 0;
    for (int part = 0; part < MC_PART_COUNT; part++) {
        nbytes += tensor->parts[part].nbytes;
        if (!mc_encoding_has_part(&weights->encoding, (mc_part)part))
            assert_int_equal(tensor->parts[part].nbytes, 0);
    }
    assert_int_equal(info.stored_nbytes, nbytes);

    /* The same values give the same bytes. */
    assert_ok(mc_tensor_encode(context, weights->rank, weights->shape, &weights->encoding, &values,
                               &again));
    for (int part = 0; part < MC_PART_COUNT; part++) {
        assert_int_equal(again->parts[part].nbytes, tensor->parts[part].nbytes);
        assert_memory_equal(again->parts[part].data, tensor->parts[part].data,
                            tensor->parts[part].nbytes);
    }
    mcomp_tensor_release(again);

    for (size_t shift = 0; shift < 2; shift++) {
        int released = 0;
        part_copies copies = copy_parts(tensor, shift);
        assert_ok(mc_tensor_from_parts(context, weights->rank, weights->shape, &weights->encoding,
                                       copies.parts, tensor->stored_count, tensor->gap_count,
                                       count_release, &released, &again));
        check_decoded(weights, again);
        assert_int_equal(released, 0);
        mcomp_tensor_release(again);
        assert_int_equal(released, 1);
        free_parts(&copies);
    }
    mcomp_tensor_release(tensor);
}

static void test_every_triple(void **state)
{
    (void)state;
    test_random random = test_random_begin("encode");
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    mcomp_encoding encoding;
    for (uint32_t e = 0; mc_encoding_example(e, &encoding); e++)
        for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
            for (int fill = 0; fill < FILL_COUNT; fill++) {
                weight_case weights = weight_case_make(&encoding, shapes[s].rank, shapes[s].shape,
                                                       (weight_fill)fill, &random);
                check_case(context, &weights);
                weight_case_free(&weights);
            }
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

/* All widths of symbols and gaps, all block sizes and groups, on one shape with tails. */
static void test_every_parameter(void **state)
{
    (void)state;
    test_random random = test_random_begin("encode");
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    static const int64_t shape[4] = {19, 21, 3, 1};
    mcomp_encoding encoding = {.occupancy = MCOMP_OCCUPANCY_SPARSE,
                               .block_rows = 1,
                               .block_columns = 1,
                               .storage = MCOMP_STORAGE_HUFFMAN,
                               .gaps = 1};
#define CHECK()                                                                                    \
    do {                                                                                           \
        weight_case weights = weight_case_make(&encoding, 4, shape, FILL_SPARSE, &random);         \
        check_case(context, &weights);                                                             \
        weight_case_free(&weights);                                                                \
    } while (0)
    for (uint8_t bits = 1; bits <= 8; bits++)
        for (uint8_t gap_bits = 2; gap_bits <= 12; gap_bits++)
            for (int storage = MCOMP_STORAGE_PACKED; storage <= MCOMP_STORAGE_HUFFMAN; storage++)
                for (int numeric = MCOMP_NUMERIC_UNIFORM; numeric <= MCOMP_NUMERIC_CODEBOOK;
                     numeric++) {
                    encoding.numeric = (mcomp_numeric)numeric;
                    encoding.storage = (mcomp_storage)storage;
                    encoding.bits = bits;
                    encoding.gap_bits = gap_bits;
                    if (mcomp_encoding_check(&encoding) == MCOMP_OK)
                        CHECK();
                }
    encoding = (mcomp_encoding){.numeric = MCOMP_NUMERIC_CODEBOOK,
                                .bits = 4,
                                .occupancy = MCOMP_OCCUPANCY_SPARSE,
                                .storage = MCOMP_STORAGE_RAW};
    for (encoding.block_rows = 1; encoding.block_rows <= 16; encoding.block_rows++)
        for (encoding.block_columns = 1; encoding.block_columns <= 16; encoding.block_columns++)
            CHECK();
    encoding = (mcomp_encoding){.numeric = MCOMP_NUMERIC_UNIFORM,
                                .bits = 4,
                                .occupancy = MCOMP_OCCUPANCY_N_M,
                                .storage = MCOMP_STORAGE_PACKED};
    for (encoding.m = 2; encoding.m <= 16; encoding.m++)
        for (encoding.n = 1; encoding.n < encoding.m; encoding.n++)
            CHECK();
#undef CHECK
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

/* What the parts weigh, worked out by hand: 3 of 8 elements, codebook of 2 bits, gaps of 2 bits. */
static void test_bytes_by_hand(void **state)
{
    (void)state;
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    const mcomp_encoding encoding = {.numeric = MCOMP_NUMERIC_CODEBOOK,
                                     .bits = 2,
                                     .occupancy = MCOMP_OCCUPANCY_SPARSE,
                                     .block_rows = 1,
                                     .block_columns = 1,
                                     .storage = MCOMP_STORAGE_PACKED,
                                     .gaps = 1,
                                     .gap_bits = 2};
    static const uint8_t symbols[8] = {0, 1, 0, 0, 0, 0, 3, 2};
    static const float codebook[4] = {0, 1, 2, 3};
    const mc_weight_values values = {.symbols = symbols, .codebook = codebook, .codebook_count = 4};
    mcomp_tensor *tensor = NULL;
    assert_ok(mc_tensor_encode(context, 2, (const int64_t[]){2, 4}, &encoding, &values, &tensor));
    assert_int_equal(tensor->stored_count, 3);
    assert_int_equal(tensor->gap_count, 4); /* 1, filler 3, 1, 0 */
    assert_int_equal(tensor->parts[MC_PART_SYMBOLS].nbytes, 1);
    assert_int_equal(tensor->parts[MC_PART_SYMBOLS].data[0], 1 | 3 << 2 | 2 << 4);
    assert_int_equal(tensor->parts[MC_PART_POSITIONS].nbytes, 1);
    assert_int_equal(tensor->parts[MC_PART_POSITIONS].data[0], 1 | 3 << 2 | 1 << 4 | 0 << 6);
    assert_int_equal(tensor->parts[MC_PART_CODEBOOK].nbytes, 16);
    mcomp_tensor_release(tensor);
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

static void test_values_that_contradict(void **state)
{
    (void)state;
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    static const int64_t shape[2] = {1, 4};
    static const float scale = 1, codebook[2] = {1, 2}, floats[4] = {1, 2, 0, 0};
    static const uint8_t symbols[4] = {0, 1, 3, 4}, mask[4] = {1, 0, 1, 0};
    mcomp_tensor *tensor = NULL;
    mcomp_encoding encoding = {.numeric = MCOMP_NUMERIC_UNIFORM,
                               .bits = 2,
                               .occupancy = MCOMP_OCCUPANCY_DENSE,
                               .storage = MCOMP_STORAGE_RAW};
    mc_weight_values values = {.symbols = symbols, .scales = &scale};
#define REFUSE(status, words)                                                                      \
    assert_status(mc_tensor_encode(context, 2, shape, &encoding, &values, &tensor), status);       \
    assert_null(tensor);                                                                           \
    assert_message(words)
    REFUSE(MCOMP_ERR_INVALID_ARGUMENT, "symbol 4 of element 3; 4 are possible");
    values.scales = NULL;
    REFUSE(MCOMP_ERR_INVALID_ARGUMENT, "no scales");
    encoding.numeric = MCOMP_NUMERIC_CODEBOOK;
    values.codebook = codebook;
    values.codebook_count = 5;
    REFUSE(MCOMP_ERR_INVALID_ARGUMENT, "codebook of 5 entries for 2 bits");
    values.codebook_count = 2;
    REFUSE(MCOMP_ERR_INVALID_ARGUMENT, "symbol 3 of element 2; 2 are possible");
    encoding.occupancy = MCOMP_OCCUPANCY_SPARSE;
    encoding.block_rows = encoding.block_columns = 1;
    REFUSE(MCOMP_ERR_INVALID_ARGUMENT, "codebook entry 0 of a sparse tensor is 1, not 0");
    encoding.storage = MCOMP_STORAGE_PACKED;
    REFUSE(MCOMP_ERR_UNSUPPORTED, "codebook/sparse/packed needs gaps");
    encoding = (mcomp_encoding){.numeric = MCOMP_NUMERIC_F32,
                                .occupancy = MCOMP_OCCUPANCY_N_M,
                                .n = 2,
                                .m = 4,
                                .storage = MCOMP_STORAGE_RAW};
    values = (mc_weight_values){.floats = floats, .kept = mask};
    REFUSE(MCOMP_ERR_INVALID_ARGUMENT, "element 1 is left out and not 0");
    values.floats = (const float[]){1, 0, 0, 0};
    encoding.n = 3;
    REFUSE(MCOMP_ERR_INVALID_ARGUMENT, "a group of 4 keeps 2, not 3");
    values.kept = NULL;
    REFUSE(MCOMP_ERR_INVALID_ARGUMENT, "mask");
#undef REFUSE
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

static mcomp_status encode_and_decode(mcomp_context *context, void *user)
{
    const weight_case *weights = user;
    mc_weight_values values = weight_case_values(weights);
    mcomp_tensor *tensor = NULL;
    mcomp_status status = mc_tensor_encode(context, weights->rank, weights->shape,
                                           &weights->encoding, &values, &tensor);
    float *decoded = malloc(weights->count * sizeof *decoded);
    if (status == MCOMP_OK)
        status = mcomp_tensor_decode(tensor, decoded, weights->count);
    if (status == MCOMP_OK)
        status = mc_tensor_decode_kept(tensor, (uint8_t *)decoded, weights->count);
    free(decoded);
    mcomp_tensor_release(tensor);
    return status;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    test_random random = test_random_begin("encode");
    mcomp_encoding encoding;
    for (uint32_t e = 0; mc_encoding_example(e, &encoding); e++) {
        static const int64_t shape[3] = {5, 6, 3};
        weight_case weights = weight_case_make(&encoding, 3, shape, FILL_SPARSE, &random);
        assert_true(fail_alloc_every(encode_and_decode, &weights) >= 3);
        weight_case_free(&weights);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_triple),  cmocka_unit_test(test_every_parameter),
        cmocka_unit_test(test_bytes_by_hand), cmocka_unit_test(test_values_that_contradict),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests_name("encode", tests, NULL, NULL);
}
