#include "base/buffer.h"
#include "support/fail_alloc.h"

static void test_little_endian_and_text(void **state)
{
    (void)state;
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    mc_buffer buffer;
    mc_buffer_init(&buffer, context);
    mc_buffer_append_u8(&buffer, 0xfe);
    mc_buffer_append_u32(&buffer, 0x01020304);
    mc_buffer_append_u64(&buffer, 0x1122334455667788);
    mc_buffer_append_f32(&buffer, 1.0f);
    mc_buffer_append(&buffer, NULL, 0);
    mc_buffer_append_format(&buffer, "%s=%d", "bits", 5);
    mc_buffer_align(&buffer, 8);
    static const uint8_t wanted[] = {0xfe, 4,    3,    2,    1,    0x88, 0x77, 0x66,
                                     0x55, 0x44, 0x33, 0x22, 0x11, 0,    0,    0x80,
                                     0x3f, 'b',  'i',  't',  's',  '=',  '5',  0};
    assert_int_equal(buffer.nbytes, sizeof wanted);
    assert_memory_equal(buffer.data, wanted, sizeof wanted);
    mc_buffer_align(&buffer, 8);
    assert_int_equal(buffer.nbytes, sizeof wanted);
    mc_buffer_clear(&buffer);
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

static void test_grows_and_is_taken(void **state)
{
    (void)state;
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    mc_buffer buffer;
    mc_buffer_init(&buffer, context);
    size_t nbytes = 1;
    uint8_t *data = mc_buffer_take(&buffer, &nbytes); /* empty, yet a valid pointer */
    assert_non_null(data);
    assert_int_equal(nbytes, 0);
    mc_free(context, data);
    for (uint32_t i = 0; i < 10000; i++)
        mc_buffer_append_u32(&buffer, i);
    data = mc_buffer_take(&buffer, &nbytes);
    assert_int_equal(nbytes, 40000);
    for (uint32_t i = 0; i < 10000; i++)
        assert_int_equal(data[4 * i] | data[4 * i + 1] << 8, i);
    assert_null(buffer.data);
    assert_int_equal(buffer.nbytes, 0);
    mc_free(context, data);
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

static void test_failure_is_remembered(void **state)
{
    (void)state;
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    mc_buffer buffer;
    mc_buffer_init(&buffer, context);
    fail_alloc_arm(&memory, 1);
    for (int i = 0; i < 300; i++)
        mc_buffer_append_u8(&buffer, 1);
    assert_true(buffer.failed);
    assert_int_equal(buffer.nbytes, 256); /* what fitted before; later ones do not jump the gap */
    size_t nbytes = 1;
    assert_null(mc_buffer_take(&buffer, &nbytes));
    assert_int_equal(nbytes, 0);
    assert_false(buffer.failed);
    uint8_t byte = 0;
    mc_buffer_append(&buffer, &byte, 1);
    mc_buffer_append(&buffer, &byte, SIZE_MAX - 1); /* no such room, and no overflow on the way */
    assert_true(buffer.failed);
    mc_buffer_clear(&buffer);
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_little_endian_and_text),
        cmocka_unit_test(test_grows_and_is_taken),
        cmocka_unit_test(test_failure_is_remembered),
    };
    return cmocka_run_group_tests_name("buffer", tests, NULL, NULL);
}
