/* Every integer dot kernel of the list that this machine can run, over all depths from 0 to 70, a long one
 * and all numbers of rows: exact. Operands end at forbidden pages. */
#define _DEFAULT_SOURCE

#include "base/cpu_features.h"
#include "kernels/cpu/integer_dot/integer_dot.h"
#include "support/guarded.h"
#include "support/test_random.h"

static guarded random_elements(size_t count, bool extreme, test_random *random)
{
    guarded memory = guarded_alloc(count * sizeof(int16_t), GUARDED_END);
    for (size_t i = 0; i < count; i++)
        ((int16_t *)memory.data)[i] =
            (int16_t)(extreme ? 255 : (int32_t)test_random_below(random, 511) - 255);
    return memory;
}

static void run_one(const mc_integer_dot_kernel *kernel, size_t depth, size_t rows, bool extreme,
                    test_random *random)
{
    guarded weights = random_elements(rows * depth, extreme, random);
    guarded vector = random_elements(depth, extreme, random);
    guarded sums = guarded_alloc(rows * sizeof(int32_t), GUARDED_END);
    kernel->run.s16_dot(depth, weights.data, rows, vector.data, sums.data);
    for (size_t r = 0; r < rows; r++) {
        int64_t wanted = 0;
        for (size_t k = 0; k < depth; k++)
            wanted += ((int16_t *)weights.data)[r * depth + k] * ((int16_t *)vector.data)[k];
        int32_t found = ((int32_t *)sums.data)[r];
        if (found != wanted)
            fail_msg("%s: depth %zu, row %zu of %zu: %d, not %lld", kernel->name, depth, r, rows,
                     found, (long long)wanted);
    }
    guarded_free(&weights);
    guarded_free(&vector);
    guarded_free(&sums);
}

static void test_all_depths(void **state)
{
    (void)state;
    const size_t most = INT32_MAX / (255 * 255);
    size_t count;
    const mc_integer_dot_kernel *kernels = mc_integer_dot_kernels(&count);
    test_random random = test_random_begin("integer dot");
    for (size_t i = 0; i < count; i++) {
        if (kernels[i].isa_bits & ~mc_isa_detect())
            continue;
        for (size_t depth = 0; depth <= 70; depth++)
            for (size_t rows = 1; rows <= MC_INTEGER_DOT_ROWS; rows++)
                run_one(&kernels[i], depth, rows, false, &random);
        run_one(&kernels[i], most, MC_INTEGER_DOT_ROWS, true, &random);
    }
}

static void test_choice(void **state)
{
    (void)state;
    assert_string_equal(mc_integer_dot_choose(MC_INTEGER_DOT_S16, MC_ISA_NONE)->name,
                        "mc_s16_dot_4__scalar");
#if defined(__x86_64__)
    assert_string_equal(mc_integer_dot_choose(MC_INTEGER_DOT_S16, MC_ISA_AVX2)->name,
                        "mc_s16_dot_4__avx2");
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_depths),
        cmocka_unit_test(test_choice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
