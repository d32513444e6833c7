/* Stored parts that contradict themselves: refused when the tensor is made or when it is decoded,
 * never followed out of the bytes, never answered with much memory. */
#include <math.h>

#include "support/fail_alloc.h"
#include "support/near.h"
#include "weight_case.h"

static const int64_t shape[4] = {6, 7, 3, 1};
enum { COUNT = 6 * 7 * 3 };

/* A tensor's parts in memory that may be changed, each in a block of its exact size. */
typedef struct stored {
    mcomp_encoding encoding;
    uint8_t *blocks[MC_PART_COUNT];
    size_t nbytes[MC_PART_COUNT];
    size_t stored_count, gap_count;
} stored;

static void resize(stored *parts, int part, size_t nbytes)
{
    uint8_t *block = calloc(nbytes + !nbytes, 1);
    size_t kept = nbytes < parts->nbytes[part] ? nbytes : parts->nbytes[part];
    if (kept)
        memcpy(block, parts->blocks[part], kept);
    free(parts->blocks[part]);
    parts->blocks[part] = block;
    parts->nbytes[part] = nbytes;
}

static stored store(mcomp_context *context, const mcomp_encoding *encoding, weight_fill fill,
                    test_random *random)
{
    weight_case weights = weight_case_make(encoding, 4, shape, fill, random);
    mc_weight_values values = weight_case_values(&weights);
    mcomp_tensor *tensor = NULL;
    assert_ok(mc_tensor_encode(context, 4, shape, encoding, &values, &tensor));
    stored parts = {.encoding = *encoding,
                    .stored_count = tensor->stored_count,
                    .gap_count = tensor->gap_count};
    for (int part = 0; part < MC_PART_COUNT; part++) {
        resize(&parts, part, tensor->parts[part].nbytes);
        if (parts.nbytes[part])
            memcpy(parts.blocks[part], tensor->parts[part].data, parts.nbytes[part]);
    }
    mcomp_tensor_release(tensor);
    weight_case_free(&weights);
    return parts;
}

static void free_stored(stored *parts)
{
    for (int part = 0; part < MC_PART_COUNT; part++)
        free(parts->blocks[part]);
}

static mcomp_status make(mcomp_context *context, const stored *parts, mcomp_tensor **out)
{
    mc_bytes bytes[MC_PART_COUNT];
    for (int part = 0; part < MC_PART_COUNT; part++)
        bytes[part] = (mc_bytes){parts->blocks[part], parts->nbytes[part]};
    return mc_tensor_from_parts(context, 4, shape, &parts->encoding, bytes, parts->stored_count,
                                parts->gap_count, NULL, NULL, out);
}

/* Make, decode in every way, end. */
static mcomp_status make_and_decode(mcomp_context *context, const stored *parts)
{
    float values[COUNT];
    uint8_t bytes[COUNT];
    mcomp_tensor *tensor = NULL;
    mcomp_status status = make(context, parts, &tensor);
    if (status == MCOMP_OK)
        status = mcomp_tensor_decode(tensor, values, COUNT);
    if (status == MCOMP_OK && mc_encoding_has_symbols(&parts->encoding))
        status = mcomp_tensor_decode_symbols(tensor, bytes, COUNT);
    if (status == MCOMP_OK)
        status = mc_tensor_decode_kept(tensor, bytes, COUNT);
    mcomp_tensor_release(tensor);
    return status;
}

#define FOR_EVERY_EXAMPLE(encoding)                                                                \
    for (uint32_t example = 0; mc_encoding_example(example, &(encoding)); example++)

static void test_wrong_counts(void **state)
{
    (void)state;
    test_random random = test_random_begin("from_parts");
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    mcomp_encoding encoding;
    FOR_EVERY_EXAMPLE(encoding)
    {
        stored parts = store(context, &encoding, FILL_SPARSE, &random);
        assert_ok(make_and_decode(context, &parts));
        static const size_t wrong[] = {1, (size_t)-1, COUNT, SIZE_MAX / 2, (size_t)1 << 61};
        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
            stored other = parts;
            other.stored_count += wrong[i];
            assert_status(make_and_decode(context, &other), MCOMP_ERR_CORRUPT);
            other = parts;
            other.gap_count += wrong[i];
            assert_status(make_and_decode(context, &other), MCOMP_ERR_CORRUPT);
        }
        free_stored(&parts);
    }
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

static void test_wrong_sizes(void **state)
{
    (void)state;
    test_random random = test_random_begin("from_parts");
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    mcomp_encoding encoding;
    FOR_EVERY_EXAMPLE(encoding)
    for (int part = 0; part < MC_PART_COUNT; part++)
        for (int change = -2; change <= 5; change++) {
            /* More entries of a codebook that no symbol names do no harm, nor do the lengths of
             * codes that do not occur. */
            bool table = part == MC_PART_CODEBOOK || part == MC_PART_SYMBOL_LENGTHS ||
                         part == MC_PART_GAP_LENGTHS;
            if (change == 0 || (change > 0 && table))
                continue;
            stored parts = store(context, &encoding, FILL_SPARSE, &random);
            size_t nbytes = parts.nbytes[part];
            if (change < 0 && nbytes < 2) {
                free_stored(&parts);
                continue;
            }
            resize(&parts, part, change > 0 ? nbytes + (size_t)change : nbytes - (size_t)-change);
            mcomp_status status = make_and_decode(context, &parts);
            if (status != MCOMP_ERR_CORRUPT) {
                char text[64];
                mcomp_encoding_format(&encoding, text, sizeof text);
                fail_msg("%s, %s changed by %d of %zu bytes: status %d", text,
                         mc_part_name((mc_part)part), change, nbytes, status);
            }
            free_stored(&parts);
        }
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

/* Parts of a tensor in which nothing is stored have no bytes, not just unread ones. */
static void test_bytes_of_nothing(void **state)
{
    (void)state;
    test_random random = test_random_begin("from_parts");
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    mcomp_encoding encoding;
    FOR_EVERY_EXAMPLE(encoding)
    {
        if (encoding.occupancy != MCOMP_OCCUPANCY_SPARSE)
            continue;
        stored parts = store(context, &encoding, FILL_ZERO, &random);
        assert_ok(make_and_decode(context, &parts));
        if (parts.stored_count == 0) {
            assert_int_equal(parts.nbytes[MC_PART_SYMBOLS], 0);
            resize(&parts, MC_PART_SYMBOLS, 1);
            assert_status(make_and_decode(context, &parts), MCOMP_ERR_CORRUPT);
        }
        free_stored(&parts);
    }
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

static void set_float(stored *parts, mc_part part, size_t index, float value)
{
    memcpy(parts->blocks[part] + 4 * index, &value, sizeof value);
}

static void test_tables(void **state)
{
    (void)state;
    test_random random = test_random_begin("from_parts");
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    mcomp_encoding encoding = {.numeric = MCOMP_NUMERIC_UNIFORM,
                               .bits = 3,
                               .per_channel = 1,
                               .zero_points = 1,
                               .occupancy = MCOMP_OCCUPANCY_DENSE,
                               .storage = MCOMP_STORAGE_RAW};
    stored parts = store(context, &encoding, FILL_SPARSE, &random);
    set_float(&parts, MC_PART_SCALES, 5, NAN);
    assert_status(make_and_decode(context, &parts), MCOMP_ERR_CORRUPT);
    assert_message("scale 5 is not finite");
    set_float(&parts, MC_PART_SCALES, 5, 1);
    parts.blocks[MC_PART_ZERO_POINTS][3] = 8;
    assert_status(make_and_decode(context, &parts), MCOMP_ERR_CORRUPT);
    assert_message("zero point 3 is 8");
    parts.blocks[MC_PART_ZERO_POINTS][3] = 7;
    assert_ok(make_and_decode(context, &parts));
    parts.blocks[MC_PART_SYMBOLS][100] = 8;
    assert_status(make_and_decode(context, &parts), MCOMP_ERR_CORRUPT);
    assert_message("symbol 8; 8 are possible");
    free_stored(&parts);

    encoding = (mcomp_encoding){.numeric = MCOMP_NUMERIC_CODEBOOK,
                                .bits = 3,
                                .occupancy = MCOMP_OCCUPANCY_SPARSE,
                                .block_rows = 1,
                                .block_columns = 1,
                                .storage = MCOMP_STORAGE_HUFFMAN};
    parts = store(context, &encoding, FILL_SPARSE, &random);
    set_float(&parts, MC_PART_CODEBOOK, 0, NAN);
    assert_status(make_and_decode(context, &parts), MCOMP_ERR_CORRUPT);
    set_float(&parts, MC_PART_CODEBOOK, 0, 1);
    assert_status(make_and_decode(context, &parts), MCOMP_ERR_CORRUPT);
    assert_message("codebook entry 0");
    set_float(&parts, MC_PART_CODEBOOK, 0, 0);
    set_float(&parts, MC_PART_CODEBOOK, 1, NAN); /* a weight may be anything that float32 is */
    assert_ok(make_and_decode(context, &parts));
    free_stored(&parts);
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

/* A trillion elements of nothing in no bytes: making such a tensor costs nothing, and decoding asks
 * for the caller's room first. */
static void test_vast_and_empty(void **state)
{
    (void)state;
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    const mcomp_encoding encoding = {.numeric = MCOMP_NUMERIC_CODEBOOK,
                                     .bits = 1,
                                     .occupancy = MCOMP_OCCUPANCY_SPARSE,
                                     .block_rows = 1,
                                     .block_columns = 1,
                                     .storage = MCOMP_STORAGE_HUFFMAN,
                                     .gaps = 1,
                                     .gap_bits = 2};
    static const float zero = 0;
    mc_bytes parts[MC_PART_COUNT] = {[MC_PART_CODEBOOK] = {(const uint8_t *)&zero, sizeof zero}};
    static const int64_t vast[2] = {(int64_t)1 << 20, (int64_t)1 << 20};
    memory.limit_nbytes = 1 << 16;
    fail_alloc_arm(&memory, -1);
    mcomp_tensor *tensor = NULL;
    assert_ok(mc_tensor_from_parts(context, 2, vast, &encoding, parts, 0, 0, NULL, NULL, &tensor));
    float value;
    uint8_t byte;
    assert_status(mcomp_tensor_decode(tensor, &value, 1), MCOMP_ERR_INVALID_ARGUMENT);
    assert_status(mcomp_tensor_decode_symbols(tensor, &byte, 1), MCOMP_ERR_INVALID_ARGUMENT);
    assert_status(mc_tensor_decode_kept(tensor, &byte, 1), MCOMP_ERR_INVALID_ARGUMENT);
    assert_int_equal(atomic_load(&memory.failed), 0);
    mcomp_tensor_release(tensor);
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

/* Any bytes at all: an error or some values, and never more memory than the shape explains. */
static void test_damaged_bytes(void **state)
{
    (void)state;
    test_random random = test_random_begin("from_parts");
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    mcomp_encoding encoding;
    int errors = 0, values = 0;
    FOR_EVERY_EXAMPLE(encoding)
    for (int round = 0; round < 60; round++) {
        stored parts = store(context, &encoding, FILL_SPARSE, &random);
        size_t live = atomic_load(&memory.live_nbytes);
        for (size_t k = 1 + test_random_below(&random, 4); k > 0; k--) {
            size_t part = test_random_below(&random, MC_PART_COUNT);
            if (parts.nbytes[part])
                parts.blocks[part][test_random_below(&random, parts.nbytes[part])] ^=
                    (uint8_t)(1u << test_random_below(&random, 8));
        }
        fail_alloc_arm(&memory, -1);
        mcomp_status status = make_and_decode(context, &parts);
        assert_true(status == MCOMP_OK || status == MCOMP_ERR_CORRUPT);
        assert_true(atomic_load(&memory.peak_nbytes) - live <
                    300000); /* Huffman tables: 2 x 128 KiB */
        errors += status != MCOMP_OK;
        values += status == MCOMP_OK;
        free_stored(&parts);
    }
    assert_true(errors > 100 && values > 100);
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrong_counts),     cmocka_unit_test(test_wrong_sizes),
        cmocka_unit_test(test_bytes_of_nothing), cmocka_unit_test(test_tables),
        cmocka_unit_test(test_vast_and_empty),   cmocka_unit_test(test_damaged_bytes),
    };
    return cmocka_run_group_tests_name("from_parts", tests, NULL, NULL);
}
