#include <math.h>

#include "base/rng.h"
#include "support/cmocka_all.h"

/* The first numbers of the authors' program for this state. */
static void test_known_answers(void **state)
{
    (void)state;
    static const uint64_t wanted[] = {11520u,
                                      0u,
                                      1509978240u,
                                      1215971899390074240u,
                                      1216172134540287360u,
                                      607988272756665600u,
                                      16172922978634559625u,
                                      8476171486693032832u,
                                      10595114339597558777u,
                                      2904607092377533576u};
    mc_rng rng = {.state = {1, 2, 3, 4}};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        assert_true(mc_rng_u64(&rng) == wanted[i]);
}

/* SplitMix64's published numbers for seed 1234567. */
static void test_known_seed(void **state)
{
    (void)state;
    mc_rng rng;
    mc_rng_seed(&rng, 1234567);
    assert_true(rng.state[0] == 6457827717110365317u);
    assert_true(rng.state[1] == 3203168211198807973u);
    assert_true(rng.state[2] == 9817491932198370423u);
    assert_true(rng.state[3] == 4593380528125082431u);
}

static void test_below_is_in_range_and_even(void **state)
{
    (void)state;
    mc_rng rng;
    mc_rng_seed(&rng, 1);
    enum { BOUND = 7, DRAWS = 70000 };
    int counts[BOUND] = {0};
    for (int i = 0; i < DRAWS; i++) {
        uint64_t value = mc_rng_below(&rng, BOUND);
        assert_true(value < BOUND);
        counts[value]++;
    }
    for (int i = 0; i < BOUND; i++) /* six deviations of a binomial */
        assert_true(fabs(counts[i] - 10000.0) < 6 * sqrt(DRAWS * (1.0 / 7) * (6.0 / 7)));
    for (int i = 0; i < 100; i++) {
        assert_int_equal(mc_rng_below(&rng, 1), 0);
        assert_true(mc_rng_below(&rng, UINT64_MAX) < UINT64_MAX);
    }
    /* With this bound a plain remainder would give the lower half twice as often. */
    uint64_t bound = (UINT64_MAX / 3) * 2;
    int low = 0;
    for (int i = 0; i < DRAWS; i++)
        low += mc_rng_below(&rng, bound) < bound / 2;
    assert_true(fabs(low - DRAWS / 2.0) < 6 * sqrt(DRAWS / 4.0));
}

static void test_moments(void **state)
{
    (void)state;
    mc_rng rng;
    mc_rng_seed(&rng, 2);
    enum { DRAWS = 100000 };
    double sum = 0, square = 0, uniform = 0;
    for (int i = 0; i < DRAWS; i++) {
        double u = mc_rng_uniform(&rng), n = mc_rng_normal(&rng);
        assert_true(u >= 0 && u < 1);
        assert_true(isfinite(n));
        uniform += u;
        sum += n;
        square += n * n;
    }
    assert_true(fabs(uniform / DRAWS - 0.5) < 6 * sqrt(1.0 / 12 / DRAWS));
    assert_true(fabs(sum / DRAWS) < 6 / sqrt(DRAWS));
    assert_true(fabs(square / DRAWS - 1) < 6 * sqrt(2.0 / DRAWS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_answers),
        cmocka_unit_test(test_known_seed),
        cmocka_unit_test(test_below_is_in_range_and_even),
        cmocka_unit_test(test_moments),
    };
    return cmocka_run_group_tests_name("rng", tests, NULL, NULL);
}
