#include <zlib.h>

#include "package/deflate.h"
#include "support/fail_alloc.h"
#include "support/test_random.h"

static void check_round_trip(mcomp_context *context, const uint8_t *data, size_t nbytes)
{
    mc_buffer packed;
    mc_buffer_init(&packed, context);
    assert_ok(mc_deflate(context, data, nbytes, &packed));
    uint8_t *again = NULL;
    size_t again_nbytes = 1;
    assert_ok(mc_inflate(context, packed.data, packed.nbytes, "x", &again, &again_nbytes));
    assert_int_equal(again_nbytes, nbytes);
    if (nbytes)
        assert_memory_equal(again, data, nbytes);
    mc_free(context, again);
    mc_buffer_clear(&packed);
}

static void test_round_trip(void **state)
{
    (void)state;
    test_random random = test_random_begin("deflate");
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    enum { MOST = 3000000 };
    uint8_t *data = malloc(MOST);
    for (size_t i = 0; i < MOST; i++)
        data[i] = (uint8_t)test_random_bits(&random);
    static const size_t sizes[] = {0, 1, 2, 100, 65536, 200000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        check_round_trip(context, sizes[i] ? data : NULL, sizes[i]);
    /* Whatever is written is believed by the reader, however repetitive it is. */
    memset(data, 'a', MOST);
    static const size_t repetitive[] = {65536, 65600, 100000, MOST};
    for (size_t i = 0; i < sizeof repetitive / sizeof *repetitive; i++)
        check_round_trip(context, data, repetitive[i]);
    free(data);
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

static void refuse(mcomp_context *context, const uint8_t *data, size_t nbytes)
{
    uint8_t *out = (uint8_t *)&nbytes;
    size_t out_nbytes = 9;
    assert_status(mc_inflate(context, data, nbytes, "graph", &out, &out_nbytes), MCOMP_ERR_CORRUPT);
    assert_null(out);
    assert_int_equal(out_nbytes, 0);
    assert_message("section graph");
}

static void test_damaged(void **state)
{
    (void)state;
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    mc_buffer packed;
    mc_buffer_init(&packed, context);
    assert_ok(mc_deflate(context, "some words, some words", 22, &packed));
    for (size_t nbytes = 0; nbytes < packed.nbytes; nbytes++)
        refuse(context, packed.data, nbytes); /* cut off anywhere */
    for (size_t bit = 0; bit < 8 * packed.nbytes; bit++) {
        packed.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        uint8_t *out = NULL;
        size_t nbytes = 0;
        if (mc_inflate(context, packed.data, packed.nbytes, "x", &out, &nbytes) == MCOMP_OK) {
            assert_int_equal(nbytes, 22); /* a bit of no meaning, such as zlib's level */
            assert_memory_equal(out, "some words, some words", 22);
            mc_free(context, out);
        }
        packed.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    mc_buffer_append_u8(&packed, 0); /* bytes after the end */
    refuse(context, packed.data, packed.nbytes);
    mc_buffer_clear(&packed);
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

/* Ten million zeros in ten thousand bytes: refused before memory is taken for them. */
static void test_bomb(void **state)
{
    (void)state;
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    enum { INFLATED = 10000000 };
    uint8_t *zeros = calloc(INFLATED, 1);
    uLongf packed_nbytes = compressBound(INFLATED);
    uint8_t *packed = malloc(8 + packed_nbytes);
    assert_int_equal(compress(packed + 8, &packed_nbytes, zeros, INFLATED), Z_OK);
    static const uint64_t stated[] = {INFLATED, 1000000, UINT32_MAX, (uint64_t)1 << 32, UINT64_MAX};
    for (size_t i = 0; i < sizeof stated / sizeof *stated; i++) {
        memory.limit_nbytes = 64 * packed_nbytes + 70000;
        fail_alloc_arm(&memory, -1);
        for (int b = 0; b < 8; b++)
            packed[b] = (uint8_t)(stated[i] >> (8 * b));
        refuse(context, packed, 8 + packed_nbytes);
    }
    free(zeros);
    free(packed);
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

static mcomp_status deflate_and_inflate(mcomp_context *context, void *user)
{
    mc_buffer packed;
    mc_buffer_init(&packed, context);
    uint8_t *out = NULL;
    size_t nbytes = 0;
    mcomp_status status = mc_deflate(context, user, 100000, &packed);
    if (status == MCOMP_OK)
        status = mc_inflate(context, packed.data, packed.nbytes, "x", &out, &nbytes);
    mc_free(context, out);
    mc_buffer_clear(&packed);
    return status;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    static uint8_t zeros[100000];
    assert_true(fail_alloc_every(deflate_and_inflate, zeros) > 8);
}

static void test_checksum(void **state)
{
    (void)state;
    assert_int_equal(mc_crc32(0, "123456789", 9), 0xcbf43926);
    assert_int_equal(mc_crc32(mc_crc32(0, "1234", 4), "56789", 5), 0xcbf43926);
    assert_int_equal(mc_crc32(0, NULL, 0), 0);
    assert_int_equal(mc_crc32(7, NULL, 0), 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_bomb),       cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_checksum),
    };
    return cmocka_run_group_tests_name("deflate", tests, NULL, NULL);
}
