/* bit_writer.h and bit_reader.h */
#include "codec/bit_reader.h"
#include "codec/bit_writer.h"
#include "support/fail_alloc.h"
#include "support/test_random.h"

static void test_lowest_bit_first(void **state)
{
    (void)state;
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    mc_buffer buffer;
    mc_buffer_init(&buffer, context);
    mc_bit_writer writer = mc_bit_writer_make(&buffer);
    mc_bit_writer_put(&writer, 1, 1);
    mc_bit_writer_put(&writer, 0, 2);
    mc_bit_writer_put(&writer, 5, 3);
    mc_bit_writer_put(&writer, 0xabcd, 16);
    mc_bit_writer_put(&writer, 0, 0);
    mc_bit_writer_finish(&writer);
    mc_bit_writer_finish(&writer); /* nothing is left, nothing is written */
    static const uint8_t wanted[] = {0x69, 0xf3, 0x2a};
    assert_int_equal(buffer.nbytes, sizeof wanted);
    assert_memory_equal(buffer.data, wanted, sizeof wanted);
    mc_buffer_clear(&buffer);
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

static void test_round_trip(void **state)
{
    (void)state;
    test_random random = test_random_begin("bits");
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    enum { COUNT = 5000 };
    static uint32_t values[COUNT];
    static unsigned widths[COUNT];
    mc_buffer buffer;
    mc_buffer_init(&buffer, context);
    mc_bit_writer writer = mc_bit_writer_make(&buffer);
    size_t bits = 0;
    for (int i = 0; i < COUNT; i++) {
        widths[i] = (unsigned)test_random_below(&random, 33);
        values[i] = (uint32_t)(test_random_bits(&random) & ((1ull << widths[i]) - 1));
        mc_bit_writer_put(&writer, values[i], widths[i]);
        bits += widths[i];
    }
    mc_bit_writer_finish(&writer);
    assert_int_equal(buffer.nbytes, (bits + 7) / 8);
    mc_bit_reader reader = mc_bit_reader_make(buffer.data, buffer.nbytes);
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(mc_bit_reader_take(&reader, widths[i]), values[i]);
    assert_true(mc_bit_reader_done(&reader));
    mc_buffer_clear(&buffer);
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

static void test_past_the_end(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0xff, 0xff};
    mc_bit_reader reader = mc_bit_reader_make(bytes, 2);
    assert_int_equal(mc_bit_reader_take(&reader, 12), 0xfff);
    assert_int_equal(mc_bit_reader_take(&reader, 12), 0xf); /* zeros follow what is there */
    assert_true(reader.failed);
    assert_int_equal(mc_bit_reader_take(&reader, 32), 0);
    assert_false(mc_bit_reader_done(&reader));
    reader = mc_bit_reader_make(NULL, 0);
    assert_true(mc_bit_reader_done(&reader));
    assert_int_equal(mc_bit_reader_take(&reader, 1), 0);
    assert_false(mc_bit_reader_done(&reader));
}

static void test_done_wants_all_and_no_more(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0x0f, 0x00, 0x10};
    mc_bit_reader reader = mc_bit_reader_make(bytes, 1);
    mc_bit_reader_take(&reader, 4);
    assert_true(mc_bit_reader_done(&reader)); /* four zeros fill the byte */
    reader = mc_bit_reader_make(bytes, 1);
    mc_bit_reader_take(&reader, 3);
    assert_false(mc_bit_reader_done(&reader)); /* a one is no filling */
    reader = mc_bit_reader_make(bytes, 2);
    mc_bit_reader_take(&reader, 8);
    assert_false(mc_bit_reader_done(&reader)); /* a whole byte is left over */
    reader = mc_bit_reader_make(bytes, 3);
    mc_bit_reader_take(&reader, 20);
    assert_false(mc_bit_reader_done(&reader));
    mc_bit_reader_take(&reader, 1);
    assert_true(mc_bit_reader_done(&reader));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lowest_bit_first),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_past_the_end),
        cmocka_unit_test(test_done_wants_all_and_no_more),
    };
    return cmocka_run_group_tests_name("bits", tests, NULL, NULL);
}
