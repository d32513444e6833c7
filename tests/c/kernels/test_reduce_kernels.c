/* Every kernel of the reduce list that this machine can run, over all lengths from 0 to 40 and a long
 * one, against loops over the definition. Operands end at forbidden pages. */
#define _DEFAULT_SOURCE

#include <math.h>

#include "base/cpu_features.h"
#include "kernels/cpu/reduce/reduce.h"
#include "support/guarded.h"
#include "support/test_random.h"

typedef struct reduce_case {
    const mc_reduce_kernel *kernel;
    size_t count;
    test_random *random;
} reduce_case;

static void check_sum(const reduce_case *what, const float *input)
{
    double sum = 0, size = 0;
    for (size_t i = 0; i < what->count; i++) {
        sum += (double)input[i];
        size += fabs((double)input[i]);
    }
    double found = what->kernel->run.f32_sum(what->count, input);
    if (!(fabs(found - sum) <= (double)what->count * 0x1p-52 * size))
        fail_msg("%s: %zu elements: %g, not %g", what->kernel->name, what->count, found, sum);
}

static void check_add_row(const reduce_case *what, const float *input)
{
    guarded sums = guarded_alloc(what->count * sizeof(double), GUARDED_END);
    double *found = sums.data;
    for (size_t i = 0; i < what->count; i++)
        found[i] = (double)i / 3;
    what->kernel->run.f32_add_row(what->count, input, found);
    for (size_t i = 0; i < what->count; i++)
        if (found[i] != (double)i / 3 + (double)input[i])
            fail_msg("%s: sum %zu of %zu is %g", what->kernel->name, i, what->count, found[i]);
    guarded_free(&sums);
}

static void check_greatest(const reduce_case *what, float *input)
{
    float wanted = -INFINITY;
    for (size_t i = 0; i < what->count; i++)
        wanted = input[i] > wanted ? input[i] : wanted;
    float found = what->kernel->run.f32_greatest(what->count, input);
    if (found != wanted)
        fail_msg("%s: %zu elements: %g, not %g", what->kernel->name, what->count, (double)found,
                 (double)wanted);
    if (what->count == 0)
        return;
    input[test_random_below(what->random, what->count)] = NAN;
    if (!isnan(what->kernel->run.f32_greatest(what->count, input)))
        fail_msg("%s: one of %zu is not a number", what->kernel->name, what->count);
}

static void run_floats(const reduce_case *what)
{
    guarded input = guarded_alloc(what->count * sizeof(float), GUARDED_END);
    float *values = input.data;
    /* Far from 0, so that what a mask leaves out would be seen. */
    for (size_t i = 0; i < what->count; i++)
        values[i] = test_random_float(what->random, -9, -4);
    if (what->kernel->kind == MC_REDUCE_F32_SUM)
        check_sum(what, values);
    else if (what->kernel->kind == MC_REDUCE_F32_ADD_ROW)
        check_add_row(what, values);
    else
        check_greatest(what, values);
    guarded_free(&input);
}

static void run_bytes(const reduce_case *what, bool is_signed)
{
    guarded input = guarded_alloc(what->count, GUARDED_END);
    uint8_t *bytes = input.data;
    int64_t sum = 0;
    int32_t greatest = is_signed ? -128 : 0;
    bool low = test_random_below(what->random, 2); /* of int8: nothing above 0 */
    for (size_t i = 0; i < what->count; i++) {
        bytes[i] = (uint8_t)(test_random_bits(what->random) % 128 + (low ? 128 : 0));
        int32_t q = is_signed ? (int8_t)bytes[i] : bytes[i];
        sum += q;
        greatest = q > greatest ? q : greatest;
    }
    if (what->kernel->kind == MC_REDUCE_U8_SUM) {
        int64_t found = what->kernel->run.u8_sum(what->count, bytes, is_signed);
        if (found != sum)
            fail_msg("%s: %zu elements: %lld, not %lld", what->kernel->name, what->count,
                     (long long)found, (long long)sum);
    } else {
        uint8_t found = what->kernel->run.u8_greatest(what->count, bytes, is_signed);
        if ((is_signed ? (int8_t)found : found) != greatest)
            fail_msg("%s: %zu elements: %d, not %d", what->kernel->name, what->count, found,
                     greatest);
    }
    guarded_free(&input);
}

static void test_all_lengths(void **state)
{
    (void)state;
    size_t kernel_count;
    const mc_reduce_kernel *kernels = mc_reduce_kernels(&kernel_count);
    test_random random = test_random_begin("reduce");
    for (size_t k = 0; k < kernel_count; k++) {
        if (kernels[k].isa_bits & ~mc_isa_detect())
            continue;
        for (size_t length = 0; length <= 41; length++) {
            const reduce_case what = {&kernels[k], length == 41 ? 100003 : length, &random};
            if (kernels[k].kind <= MC_REDUCE_F32_GREATEST) {
                run_floats(&what);
                continue;
            }
            run_bytes(&what, false);
            run_bytes(&what, true);
        }
    }
}

static void test_choice(void **state)
{
    (void)state;
    for (int kind = 0; kind < MC_REDUCE_KIND_COUNT; kind++) {
        const mc_reduce_kernel *plain = mc_reduce_choose((mc_reduce_kind)kind, MC_ISA_NONE);
        assert_non_null(strstr(plain->name, "__scalar"));
        assert_int_equal(plain->kind, kind);
#if defined(__x86_64__)
        const mc_reduce_kernel *best = mc_reduce_choose((mc_reduce_kind)kind, MC_ISA_AVX2);
        assert_non_null(strstr(best->name, "__avx2"));
        assert_int_equal(best->kind, kind);
#endif
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_lengths),
        cmocka_unit_test(test_choice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
