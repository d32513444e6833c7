/* Every LRN kernel of the list that this machine can run, over all lengths from 1 to 40, windows and
 * exponents, against pow in double, within the bound that lrn.h states. Operands end at forbidden pages. */
#define _DEFAULT_SOURCE

#include <math.h>

#include "base/cpu_features.h"
#include "kernels/cpu/lrn/lrn.h"
#include "support/guarded.h"
#include "support/test_random.h"

#define RELATIVE_BOUND 0x1p-18

enum { MAX_COUNT = 40 };

static double result_of(const mc_lrn_window *window, const mc_lrn_factors *factors, size_t i)
{
    double sum = 0;
    for (size_t c = 0; c < window->channels; c++) {
        double element = (double)window->first[c * window->stride + i];
        sum += element * element;
    }
    return (double)window->centre[i] /
           pow((double)factors->bias + (double)factors->factor * sum, (double)factors->beta);
}

static void run_one(const mc_lrn_kernel *kernel, size_t count, float beta, test_random *random)
{
    size_t channels = 1 + test_random_below(random, 6),
           stride = count + test_random_below(random, 3);
    size_t elements = (channels - 1) * stride + count;
    guarded input = guarded_alloc(elements * sizeof(float), GUARDED_END);
    guarded output = guarded_alloc(count * sizeof(float), GUARDED_END);
    float *x = input.data;
    const float *found = output.data;
    for (size_t i = 0; i < elements; i++)
        x[i] = test_random_float(random, -30, 30);
    if (test_random_below(random, 4) == 0) {
        static const float odd[] = {NAN, INFINITY, -INFINITY, 0};
        x[test_random_below(random, elements)] = odd[test_random_below(random, 4)];
    }
    const mc_lrn_window window = {.first = x,
                                  .centre = x + test_random_below(random, channels) * stride,
                                  .stride = stride,
                                  .channels = channels};
    const mc_lrn_factors factors = {.factor = test_random_float(random, 0, 0.2f),
                                    .bias = test_random_float(random, 0.5f, 3),
                                    .beta = beta};
    kernel->run.f32_lrn(&window, &factors, count, output.data);
    for (size_t i = 0; i < count; i++) {
        double wanted = result_of(&window, &factors, i);
        bool good = isnan(wanted)
                        ? isnan(found[i])
                        : fabs((double)found[i] - wanted) <= RELATIVE_BOUND * fabs(wanted);
        if (!good)
            fail_msg("%s: beta %g, element %zu of %zu: %.9g, not %.9g", kernel->name, (double)beta,
                     i, count, (double)found[i], wanted);
    }
    guarded_free(&input);
    guarded_free(&output);
}

static void test_all_lengths(void **state)
{
    (void)state;
    static const float betas[] = {0.75f, 0.5f, 1, 0.6f, 2};
    size_t kernel_count;
    const mc_lrn_kernel *kernels = mc_lrn_kernels(&kernel_count);
    test_random random = test_random_begin("lrn");
    for (size_t k = 0; k < kernel_count; k++)
        if (!(kernels[k].isa_bits & ~mc_isa_detect()))
            for (size_t count = 1; count <= MAX_COUNT; count++)
                for (int round = 0; round < 20; round++)
                    run_one(&kernels[k], count, betas[round % 5], &random);
}

static void test_choice(void **state)
{
    (void)state;
    assert_string_equal(mc_lrn_choose(MC_LRN_F32, MC_ISA_NONE)->name, "mc_f32_lrn__scalar");
#if defined(__x86_64__)
    assert_string_equal(mc_lrn_choose(MC_LRN_F32, MC_ISA_AVX2)->name, "mc_f32_lrn__avx2");
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_lengths),
        cmocka_unit_test(test_choice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
