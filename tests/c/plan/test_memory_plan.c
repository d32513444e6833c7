/* Offsets in the arena: no two blocks that live at once overlap, none lies outside, and the arena is
 * no smaller than the largest set alive. */
#include "plan/memory_plan.h"
#include "support/fail_alloc.h"
#include "support/test_random.h"

enum { MAX_BLOCKS = 60 };

static bool alive_together(const mc_lifetime *a, const mc_lifetime *b)
{
    return a->first <= b->last && b->first <= a->last;
}

static void check(const mc_lifetime *blocks, size_t count, size_t arena, size_t peak)
{
    size_t most = 0;
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(blocks[i].offset % MC_ALIGNMENT, 0);
        assert_true(blocks[i].offset + blocks[i].nbytes <= arena);
        size_t alive = 0;
        for (size_t k = 0; k < count; k++) {
            if (blocks[k].first <= blocks[i].first && blocks[i].first <= blocks[k].last)
                alive += blocks[k].nbytes;
            bool apart = blocks[i].offset + blocks[i].nbytes <= blocks[k].offset ||
                         blocks[k].offset + blocks[k].nbytes <= blocks[i].offset;
            if (i != k && alive_together(&blocks[i], &blocks[k]) && !apart)
                fail_msg("blocks %zu and %zu overlap", i, k);
        }
        most = alive > most ? alive : most;
    }
    assert_int_equal(peak, most);
    assert_true(arena >= peak);
}

static void test_random_lifetimes(void **state)
{
    (void)state;
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    test_random random = test_random_begin("lifetimes");
    for (int round = 0; round < 400; round++) {
        mc_lifetime blocks[MAX_BLOCKS];
        size_t count = test_random_below(&random, MAX_BLOCKS + 1), arena = 1, peak = 1;
        for (size_t i = 0; i < count; i++) {
            blocks[i].nbytes = 1 + test_random_below(&random, 1000);
            blocks[i].first = (uint32_t)test_random_below(&random, 40);
            blocks[i].last = blocks[i].first + (uint32_t)test_random_below(&random, 8);
            blocks[i].offset = SIZE_MAX;
        }
        assert_ok(mc_memory_plan(context, blocks, count, &arena, &peak));
        check(blocks, count, arena, peak);
    }
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

/* A chain, where only two neighbours live at once, takes the two largest neighbours. */
static void test_chain_reuses(void **state)
{
    (void)state;
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    mc_lifetime blocks[10];
    size_t arena, peak;
    for (uint32_t i = 0; i < 10; i++)
        blocks[i] = (mc_lifetime){.nbytes = 640, .first = i, .last = i + 1};
    assert_ok(mc_memory_plan(context, blocks, 10, &arena, &peak));
    assert_int_equal(peak, 1280);
    assert_int_equal(arena, 1280);
    assert_ok(mc_memory_plan(context, blocks, 0, &arena, &peak));
    assert_int_equal(arena, 0);
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_lifetimes),
        cmocka_unit_test(test_chain_reuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
