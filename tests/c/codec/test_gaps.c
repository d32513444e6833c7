#include "codec/gaps.h"
#include "support/cmocka_all.h"
#include "support/test_random.h"

/* The definition, written the other way round: run lengths between the kept ones. */
static size_t count_gaps(const uint8_t *kept, size_t place_count, unsigned gap_bits)
{
    size_t filler = ((size_t)1 << gap_bits) - 1, gaps = 0, start = 0;
    for (size_t i = 0; i < place_count; i++)
        if (kept[i]) {
            gaps += (i - start) / filler + 1;
            start = i + 1;
        }
    return gaps;
}

static void check_round_trip(const uint8_t *kept, size_t place_count, unsigned gap_bits)
{
    uint16_t *gaps = malloc((place_count + 1) * sizeof *gaps);
    uint8_t *again = malloc(place_count + 1);
    size_t count = mc_gaps_from_kept(kept, place_count, gap_bits, NULL);
    assert_int_equal(count, count_gaps(kept, place_count, gap_bits));
    assert_true(count <= place_count);
    assert_int_equal(mc_gaps_from_kept(kept, place_count, gap_bits, gaps), count);
    for (size_t i = 0; i < count; i++)
        assert_true(gaps[i] < 1u << gap_bits);
    memset(again, 7, place_count);
    assert_true(mc_gaps_to_kept(gaps, count, gap_bits, again, place_count));
    assert_memory_equal(again, kept, place_count);
    free(gaps);
    free(again);
}

static void test_every_small_mask(void **state)
{
    (void)state;
    for (unsigned place_count = 0; place_count <= 13; place_count++)
        for (uint32_t mask = 0; mask < 1u << place_count; mask++) {
            uint8_t kept[13];
            for (unsigned i = 0; i < place_count; i++)
                kept[i] = mask >> i & 1;
            check_round_trip(kept, place_count, 2);
            check_round_trip(kept, place_count, 3);
        }
}

static void test_random_masks_of_every_width(void **state)
{
    (void)state;
    test_random random = test_random_begin("gaps");
    static uint8_t kept[20000];
    for (unsigned gap_bits = 2; gap_bits <= 12; gap_bits++)
        for (int density = 0; density < 4; density++) {
            static const size_t one_in[] = {1, 3, 50, 5000};
            for (size_t i = 0; i < sizeof kept; i++)
                kept[i] = test_random_below(&random, one_in[density]) == 0;
            check_round_trip(kept, sizeof kept, gap_bits);
        }
}

/* With two bits, 3 is the filler: it skips three and keeps none. */
static void test_fillers_by_hand(void **state)
{
    (void)state;
    const uint8_t kept[] = {0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0};
    const uint16_t wanted[] = {3, 0, 3, 3, 1, 0};
    uint16_t gaps[17];
    assert_int_equal(mc_gaps_from_kept(kept, 17, 2, gaps), 6);
    assert_memory_equal(gaps, wanted, sizeof wanted);
}

static void test_gaps_that_lead_out(void **state)
{
    (void)state;
    uint8_t kept[8];
    assert_false(
        mc_gaps_to_kept((const uint16_t[]){2}, 1, 2, kept, 2)); /* the place after the end */
    assert_true(mc_gaps_to_kept((const uint16_t[]){1}, 1, 2, kept, 2));
    assert_false(mc_gaps_to_kept((const uint16_t[]){3}, 1, 2, kept, 2));
    assert_false(
        mc_gaps_to_kept((const uint16_t[]){3}, 1, 2, kept, 8)); /* a filler before nothing */
    assert_true(mc_gaps_to_kept((const uint16_t[]){3, 0}, 2, 2, kept, 4));
    assert_false(mc_gaps_to_kept((const uint16_t[]){3, 0}, 2, 2, kept, 3));
    assert_false(mc_gaps_to_kept((const uint16_t[]){0, 0, 0}, 3, 2, kept, 2));
    assert_false(mc_gaps_to_kept((const uint16_t[]){0}, 1, 2, kept, 0));
    assert_true(mc_gaps_to_kept(NULL, 0, 2, kept, 0));
    assert_false(mc_gaps_to_kept((const uint16_t[]){4094}, 1, 12, kept, 8));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_small_mask),
        cmocka_unit_test(test_random_masks_of_every_width),
        cmocka_unit_test(test_fillers_by_hand),
        cmocka_unit_test(test_gaps_that_lead_out),
    };
    return cmocka_run_group_tests_name("gaps", tests, NULL, NULL);
}
