/* Every kernel of the quantize list that this machine can run, over all lengths from 1 to 40, against
 * the arithmetic of docs/operators.md written out with rintf: the same bytes. Operands end at
 * forbidden pages. */
#define _DEFAULT_SOURCE

#include <math.h>

#include "base/cpu_features.h"
#include "kernels/cpu/quantize/quantize.h"
#include "support/guarded.h"
#include "support/test_random.h"

enum { MAX_COUNT = 40 };

/* What is not a number becomes the lowest integer. */
static uint8_t round_one(const mc_quantize_range *to, float value)
{
    float rounded = isnan(value) ? to->low : fminf(fmaxf(rintf(value), to->low), to->high);
    return (uint8_t)((int32_t)rounded + to->zero_point);
}

static mc_quantize_range random_range(test_random *random)
{
    bool is_signed = test_random_below(random, 2);
    int32_t least = is_signed ? -128 : 0, most = least + 255;
    int32_t zero = least + (int32_t)test_random_below(random, 256);
    int32_t low = least + (int32_t)test_random_below(random, 30); /* as an activation narrows it */
    return (mc_quantize_range){(float)(low - zero), (float)(most - zero), zero};
}

static mc_quantize_operand random_operand(test_random *random, guarded *memory, size_t count)
{
    *memory = guarded_alloc(count, GUARDED_END);
    for (size_t i = 0; i < count; i++)
        ((uint8_t *)memory->data)[i] = (uint8_t)test_random_bits(random);
    bool is_signed = test_random_below(random, 2);
    return (mc_quantize_operand){.elements = memory->data,
                                 .is_signed = is_signed,
                                 .zero_point =
                                     (int32_t)test_random_below(random, 256) - 128 * is_signed,
                                 .multiplier = test_random_float(random, 0.01f, 3)};
}

static float real_of(const mc_quantize_operand *operand, size_t index)
{
    int32_t q = operand->is_signed ? (int8_t)operand->elements[index] : operand->elements[index];
    return (float)(q - operand->zero_point) * operand->multiplier;
}

static void check_bytes(const mc_quantize_kernel *kernel, const uint8_t *found,
                        const uint8_t *wanted, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (found[i] != wanted[i])
            fail_msg("%s: element %zu of %zu is %d, not %d", kernel->name, i, count, found[i],
                     wanted[i]);
}

static void run_quantize(const mc_quantize_kernel *kernel, size_t count, test_random *random)
{
    static const float odd[] = {INFINITY, -INFINITY, NAN, 3e38f, -3e38f, 0.5f, 1.5f, -2.5f, 1e-45f};
    guarded input = guarded_alloc(count * sizeof(float), GUARDED_END);
    guarded output = guarded_alloc(count, GUARDED_END);
    const mc_quantize_range to = random_range(random);
    const float scale = test_random_below(random, 3) ? test_random_float(random, 0.01f, 2) : 1;
    uint8_t wanted[MAX_COUNT];
    float *values = input.data;
    for (size_t i = 0; i < count; i++) {
        values[i] = test_random_below(random, 5) ? test_random_float(random, -300, 300) * scale
                                                 : odd[test_random_below(random, 9)];
        wanted[i] = round_one(&to, values[i] / scale);
    }
    kernel->run.f32_quantize(count, values, scale, &to, output.data);
    check_bytes(kernel, output.data, wanted, count);
    guarded_free(&input);
    guarded_free(&output);
}

static void run_dequantize(const mc_quantize_kernel *kernel, size_t count, test_random *random)
{
    guarded input, output = guarded_alloc(count * sizeof(float), GUARDED_END);
    const mc_quantize_operand operand = random_operand(random, &input, count);
    kernel->run.f32_dequantize(count, &operand, output.data);
    for (size_t i = 0; i < count; i++)
        if (((const float *)output.data)[i] != real_of(&operand, i))
            fail_msg("%s: element %zu of %zu", kernel->name, i, count);
    guarded_free(&input);
    guarded_free(&output);
}

static void run_rescale_or_add(const mc_quantize_kernel *kernel, size_t count, test_random *random)
{
    guarded first, second, output = guarded_alloc(count, GUARDED_END);
    const mc_quantize_operand a = random_operand(random, &first, count);
    const mc_quantize_operand b = random_operand(random, &second, count);
    const mc_quantize_range to = random_range(random);
    bool adds = kernel->kind == MC_QUANTIZE_ADD;
    uint8_t wanted[MAX_COUNT];
    for (size_t i = 0; i < count; i++) {
        float a_real = real_of(&a, i), b_real = real_of(&b, i);
        wanted[i] = round_one(&to, adds ? a_real + b_real : a_real);
    }
    if (adds)
        kernel->run.u8_add(count, &a, &b, &to, output.data);
    else
        kernel->run.u8_rescale(count, &a, &to, output.data);
    check_bytes(kernel, output.data, wanted, count);
    guarded_free(&first);
    guarded_free(&second);
    guarded_free(&output);
}

/* Sums and biases of all 32 bits: their sum does not fit, and is rounded to float once. */
static void run_sums(const mc_quantize_kernel *kernel, size_t count, size_t step,
                     test_random *random)
{
    size_t channels = step ? count : 1;
    guarded sums = guarded_alloc(count * sizeof(int32_t), GUARDED_END);
    guarded bias = guarded_alloc(channels * sizeof(int32_t), GUARDED_END);
    guarded multipliers = guarded_alloc(channels * sizeof(float), GUARDED_END);
    guarded output = guarded_alloc(count, GUARDED_END);
    const mc_quantize_range to = random_range(random);
    uint8_t wanted[MAX_COUNT];
    int shift = (int)test_random_below(random, 32);
    for (size_t i = 0; i < channels; i++) {
        ((int32_t *)bias.data)[i] = (int32_t)test_random_bits(random) >> shift;
        ((float *)multipliers.data)[i] =
            ldexpf(test_random_float(random, 0.5f, 1), shift - 23); /* results of -256 to 256 */
    }
    for (size_t i = 0; i < count; i++) {
        int32_t sum = (int32_t)test_random_bits(random) >> shift;
        ((int32_t *)sums.data)[i] = sum;
        int64_t total = (int64_t)sum + ((int32_t *)bias.data)[i * step];
        wanted[i] = round_one(&to, (float)total * ((float *)multipliers.data)[i * step]);
    }
    kernel->run.s32_requantize(count, sums.data, bias.data, multipliers.data, step, &to,
                               output.data);
    check_bytes(kernel, output.data, wanted, count);
    guarded_free(&sums);
    guarded_free(&bias);
    guarded_free(&multipliers);
    guarded_free(&output);
}

static void run_one(const mc_quantize_kernel *kernel, size_t count, test_random *random)
{
    switch (kernel->kind) {
    case MC_QUANTIZE_F32:
        run_quantize(kernel, count, random);
        break;
    case MC_QUANTIZE_DEQUANTIZE:
        run_dequantize(kernel, count, random);
        break;
    case MC_QUANTIZE_SUMS:
        run_sums(kernel, count, 0, random);
        run_sums(kernel, count, 1, random);
        break;
    default:
        run_rescale_or_add(kernel, count, random);
    }
}

static void test_all_lengths(void **state)
{
    (void)state;
    size_t kernel_count;
    const mc_quantize_kernel *kernels = mc_quantize_kernels(&kernel_count);
    test_random random = test_random_begin("quantize");
    for (size_t k = 0; k < kernel_count; k++)
        if (!(kernels[k].isa_bits & ~mc_isa_detect()))
            for (size_t count = 1; count <= MAX_COUNT; count++)
                for (int round = 0; round < 20; round++)
                    run_one(&kernels[k], count, &random);
}

static void test_choice(void **state)
{
    (void)state;
    for (int kind = 0; kind < MC_QUANTIZE_KIND_COUNT; kind++) {
        const mc_quantize_kernel *plain = mc_quantize_choose((mc_quantize_kind)kind, MC_ISA_NONE);
        assert_non_null(strstr(plain->name, "__scalar"));
        assert_int_equal(plain->kind, kind);
#if defined(__x86_64__)
        const mc_quantize_kernel *best = mc_quantize_choose((mc_quantize_kind)kind, MC_ISA_AVX2);
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
