/* The tests' own tools: an allocator that did not fail or count would make other tests empty. */
#include "base/alloc.h"
#include "base/context_struct.h"
#include "base/status.h"
#include "support/fail_alloc.h"
#include "support/near.h"
#include "support/test_random.h"

static void test_counts_and_refuses(void **state)
{
    (void)state;
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    long before = atomic_load(&memory.live);
    fail_alloc_arm(&memory, 1);
    void *first = mc_alloc(context, 100), *second = mc_alloc(context, 100);
    void *third = mc_alloc(context, 100);
    assert_non_null(first);
    assert_null(second);
    assert_non_null(third);
    assert_int_equal(atomic_load(&memory.calls), 3);
    assert_int_equal(atomic_load(&memory.failed), 1);
    assert_int_equal(atomic_load(&memory.live), before + 2);
    mc_free(context, first);
    mc_free(context, third);
    memory.limit_nbytes = 4096;
    fail_alloc_arm(&memory, -1);
    assert_null(mc_alloc(context, 4096));
    assert_int_equal(atomic_load(&memory.failed), 1);
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

static mcomp_status three_blocks(mcomp_context *context, void *user)
{
    void *blocks[3] = {0};
    mcomp_status status = MCOMP_OK;
    for (int i = 0; i < 3 && status == MCOMP_OK; i++) {
        blocks[i] = mc_alloc(context, 10);
        ++*(int *)user;
        if (!blocks[i])
            status = mc_fail_memory(10);
    }
    for (int i = 0; i < 3; i++)
        mc_free(context, blocks[i]);
    return status;
}

static void test_every_allocation_fails_once(void **state)
{
    (void)state;
    int attempts = 0;
    assert_int_equal(fail_alloc_every(three_blocks, &attempts), 3);
    assert_int_equal(attempts, 1 + 2 + 3 + 3);
}

static void test_nmse(void **state)
{
    (void)state;
    const float wanted[2] = {3, 4}, found[2] = {3, 5}, zeros[2] = {0, 0};
    assert_true(nmse(found, wanted, 2) == 1.0 / 25.0);
    assert_true(nmse(wanted, wanted, 2) == 0);
    assert_true(isinf(nmse(wanted, zeros, 2)));
    const float infinite[2] = {3, INFINITY}, not_a_number[2] = {NAN, 4};
    assert_true(isinf(nmse(infinite, wanted, 2)));
    assert_true(isinf(nmse(not_a_number, wanted, 2)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_and_refuses),
        cmocka_unit_test(test_every_allocation_fails_once),
        cmocka_unit_test(test_nmse),
    };
    return cmocka_run_group_tests_name("support", tests, NULL, NULL);
}
