/* alloc.h and arena.h */
#include "base/alloc.h"
#include "base/arena.h"
#include "support/fail_alloc.h"

static void test_alignment_of_every_size(void **state)
{
    (void)state;
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    for (size_t nbytes = 0; nbytes < 300; nbytes++) {
        unsigned char *block = mc_alloc(context, nbytes);
        assert_non_null(block);
        assert_int_equal((uintptr_t)block % MC_ALIGNMENT, 0);
        memset(block, 0x11, nbytes);
        mc_free(context, block);
        block = mc_alloc_zero(context, nbytes);
        for (size_t i = 0; i < nbytes; i++)
            assert_int_equal(block[i], 0);
        mc_free(context, block);
    }
    mc_free(context, NULL);
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

static void test_sizes_that_overflow(void **state)
{
    (void)state;
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    fail_alloc_arm(&memory, -1);
    for (size_t below = 0; below < 200; below++)
        assert_null(mc_alloc(context, SIZE_MAX - below));
    assert_null(mc_alloc_array(context, (size_t)1 << 32, (size_t)1 << 32));
    assert_null(mc_alloc_array(context, SIZE_MAX, 2));
    assert_int_equal(atomic_load(&memory.live_nbytes), atomic_load(&memory.peak_nbytes));
    size_t product = 0;
    assert_true(mc_multiply(SIZE_MAX / 3, 3, &product));
    assert_int_equal(product, SIZE_MAX / 3 * 3);
    assert_false(mc_multiply(SIZE_MAX / 3 + 1, 3, &product));
    assert_int_equal(mc_round_up(0, 64), 0);
    assert_int_equal(mc_round_up(1, 64), 64);
    assert_int_equal(mc_round_up(64, 64), 64);
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

static void test_realloc_keeps_what_was_there(void **state)
{
    (void)state;
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    unsigned char *block = mc_realloc(context, NULL, 10);
    assert_non_null(block);
    memcpy(block, "0123456789", 10);
    block = mc_realloc(context, block, 1000);
    assert_memory_equal(block, "0123456789", 10);
    block = mc_realloc(context, block, 4);
    assert_memory_equal(block, "0123", 4);
    fail_alloc_arm(&memory, 0);
    assert_null(mc_realloc(context, block, 100));
    assert_memory_equal(block, "0123", 4);
    mc_free(context, block);
    char *text = mc_text_copy(context, "some text");
    assert_string_equal(text, "some text");
    mc_free(context, text);
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

static void test_arena(void **state)
{
    (void)state;
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    mc_arena arena;
    mc_arena_init(&arena, context);
    /* Small and large ones in turn: none overlaps another, all are zero and aligned. */
    enum { COUNT = 300 };
    unsigned char *blocks[COUNT];
    size_t sizes[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        sizes[i] = i % 50 == 49 ? 3 * 4096 + i : i;
        blocks[i] = mc_arena_alloc(&arena, sizes[i]);
        assert_non_null(blocks[i]);
        assert_int_equal((uintptr_t)blocks[i] % 16, 0);
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_equal(blocks[i][k], 0);
        memset(blocks[i], (int)(i % 251) + 1, sizes[i]);
    }
    for (size_t i = 0; i < COUNT; i++)
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_equal(blocks[i][k], i % 251 + 1);
    assert_string_equal(mc_arena_text(&arena, "name"), "name");
    assert_memory_equal(mc_arena_copy(&arena, "abc", 2), "ab", 2);
    assert_non_null(mc_arena_copy(&arena, NULL, 0));
    assert_null(mc_arena_alloc(&arena, SIZE_MAX));
    fail_alloc_arm(&memory, 0);
    assert_null(mc_arena_alloc(&arena, 5000));
    assert_non_null(mc_arena_alloc(&arena, 5000));
    mc_arena_clear(&arena);
    mc_arena_clear(&arena);
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alignment_of_every_size),
        cmocka_unit_test(test_sizes_that_overflow),
        cmocka_unit_test(test_realloc_keeps_what_was_there),
        cmocka_unit_test(test_arena),
    };
    return cmocka_run_group_tests_name("alloc", tests, NULL, NULL);
}
