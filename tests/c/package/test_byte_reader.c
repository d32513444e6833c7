/* byte_reader.h and byte_writer.h */
#include "package/byte_reader.h"
#include "package/byte_writer.h"
#include "support/fail_alloc.h"

static const uint64_t numbers[] = {0,
                                   1,
                                   0x7f,
                                   0x80,
                                   0x3fff,
                                   0x4000,
                                   UINT32_MAX,
                                   (uint64_t)1 << 32,
                                   INT64_MAX,
                                   (uint64_t)1 << 63,
                                   UINT64_MAX - 1,
                                   UINT64_MAX};

static void test_round_trip(void **state)
{
    (void)state;
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    mc_buffer buffer;
    mc_buffer_init(&buffer, context);
    enum { COUNT = sizeof numbers / sizeof *numbers };
    for (int i = 0; i < COUNT; i++) {
        mc_write_varint(&buffer, numbers[i]);
        mc_write_signed(&buffer, (int64_t)numbers[i]);
    }
    mc_write_text(&buffer, "");
    mc_write_text(&buffer, "a text");
    mc_buffer_append_u32(&buffer, 0x01020304);
    mc_byte_reader reader = mc_byte_reader_make(buffer.data, buffer.nbytes);
    for (int i = 0; i < COUNT; i++) {
        assert_true(mc_read_varint(&reader) == numbers[i]);
        assert_true(mc_read_signed(&reader) == (int64_t)numbers[i]);
    }
    assert_string_equal(mc_read_text(&reader), "");
    assert_string_equal(mc_read_text(&reader), "a text");
    assert_int_equal(mc_read_u32(&reader), 0x01020304);
    assert_false(reader.failed);
    assert_int_equal(mc_byte_reader_left(&reader), 0);
    assert_int_equal(mc_read_u8(&reader), 0);
    assert_true(reader.failed);
    mc_buffer_clear(&buffer);
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

static void test_zigzag_by_hand(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0, 1, 2, 3, 0xff, 0x01};
    static const int64_t wanted[] = {0, -1, 1, -2, -128};
    mc_byte_reader reader = mc_byte_reader_make(bytes, sizeof bytes);
    for (int i = 0; i < 5; i++)
        assert_int_equal(mc_read_signed(&reader), wanted[i]);
    assert_false(reader.failed);
}

#define READER(...)                                                                                \
    mc_byte_reader_make((const uint8_t[]){__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__}))

static void test_numbers_that_do_not_fit(void **state)
{
    (void)state;
    mc_byte_reader reader = READER(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01);
    assert_true(mc_read_varint(&reader) == UINT64_MAX);
    reader = READER(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02);
    assert_int_equal(mc_read_varint(&reader), 0);
    assert_true(reader.failed);
    reader = READER(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00);
    assert_int_equal(mc_read_varint(&reader), 0);
    assert_true(reader.failed);
    reader = READER(0x80); /* more was to follow */
    assert_int_equal(mc_read_varint(&reader), 0);
    assert_true(reader.failed);
}

static void test_texts_that_are_none(void **state)
{
    (void)state;
    mc_byte_reader reader = READER(2, 'a', 'b', 'c'); /* no NUL after it */
    assert_null(mc_read_text(&reader));
    assert_true(reader.failed);
    reader = READER(3, 'a', 0, 'c', 0); /* a NUL within it */
    assert_null(mc_read_text(&reader));
    reader = READER(2, 'a', 'b'); /* cut off */
    assert_null(mc_read_text(&reader));
    reader = READER(0); /* not even its NUL */
    assert_null(mc_read_text(&reader));
    /* A length whose sum with anything overflows. */
    reader = READER(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 'a', 0);
    assert_null(mc_read_text(&reader));
    assert_true(reader.failed);
    reader = READER(1, 'a', 0, 1, 'b', 0);
    reader.failed = true; /* once failed, nothing more is given */
    assert_null(mc_read_text(&reader));
    reader = mc_byte_reader_make(NULL, 0);
    assert_null(mc_read_text(&reader));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_zigzag_by_hand),
        cmocka_unit_test(test_numbers_that_do_not_fit),
        cmocka_unit_test(test_texts_that_are_none),
    };
    return cmocka_run_group_tests_name("byte_reader", tests, NULL, NULL);
}
