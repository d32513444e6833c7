/* Every kernel of the elementwise list that this machine can run, over all lengths from 1 to 40, against
 * the functions in double: rounded once, or within the bound that elementwise.h states. Operands end
 * at forbidden pages. */
#define _DEFAULT_SOURCE

#include <math.h>

#include "base/cpu_features.h"
#include "kernels/cpu/elementwise/elementwise.h"
#include "support/guarded.h"
#include "support/test_random.h"

enum { MAX_COUNT = 40 };

/* Ordinary numbers; of 12 elements one is odd. */
static void fill(test_random *random, float *values, size_t count)
{
    static const float odd[] = {INFINITY, -INFINITY, NAN, 0.0f, -0.0f, 3e38f, -3e38f, 90, -110};
    for (size_t i = 0; i < count; i++)
        values[i] = test_random_below(random, 12) ? test_random_float(random, -6, 6)
                                                  : odd[test_random_below(random, 9)];
}

/* NaN for NaN, else within `relative` of a wanted number that is not tiny. */
static bool is_near(float found, double wanted, double relative)
{
    if (isnan(wanted))
        return isnan(found);
    if (isinf((float)wanted) || wanted == 0)
        return found == (float)wanted;
    return fabs((double)found - wanted) <= relative * fabs(wanted) + 0x1p-120;
}

static float clamp(float value, float low, float high)
{
    value = value < low ? low : value;
    return value > high ? high : value;
}

static float binary_of(mc_binary_function function, float a, float b)
{
    switch (function) {
    case MC_BINARY_ADD:
        return a + b;
    case MC_BINARY_SUB:
        return a - b;
    case MC_BINARY_MUL:
        return a * b;
    case MC_BINARY_DIV:
        return a / b;
    default:
        return a < 0 ? b * a : a;
    }
}

static void run_binary(const mc_elementwise_kernel *kernel, size_t count, test_random *random)
{
    for (int function = MC_BINARY_ADD; function <= MC_BINARY_PRELU; function++)
        for (size_t form = 1; form < 4; form++) {
            size_t a_step = form & 1, b_step = form >> 1;
            guarded a = guarded_alloc((a_step ? count : 1) * sizeof(float), GUARDED_END);
            guarded b = guarded_alloc((b_step ? count : 1) * sizeof(float), GUARDED_END);
            guarded output = guarded_alloc(count * sizeof(float), GUARDED_END);
            const float *x = a.data, *y = b.data, *found = output.data;
            bool clamps = test_random_below(random, 2);
            float low = clamps ? -1.25f : -INFINITY, high = clamps ? 2.5f : INFINITY;
            fill(random, a.data, a_step ? count : 1);
            fill(random, b.data, b_step ? count : 1);
            const mc_binary_operand left = {x, a_step}, right = {y, b_step};
            kernel->run.f32_binary((mc_binary_function)function, count, &left, &right, low, high,
                                   output.data);
            for (size_t i = 0; i < count; i++) {
                float wanted =
                    clamp(binary_of((mc_binary_function)function, x[i * a_step], y[i * b_step]),
                          low, high);
                if (isnan(wanted) ? !isnan(found[i]) : found[i] != wanted)
                    fail_msg("%s: function %d, form %zu, element %zu of %zu: %a, not %a",
                             kernel->name, function, form, i, count, (double)found[i],
                             (double)wanted);
            }
            guarded_free(&a);
            guarded_free(&b);
            guarded_free(&output);
        }
}

static double unary_of(mc_unary_function function, float p, float q, float x)
{
    double wide = (double)x, y;
    switch (function) {
    case MC_UNARY_CLAMP:
        return (double)clamp(x, p, q);
    case MC_UNARY_LEAKY:
        return (double)(x < 0 ? p * x : x);
    case MC_UNARY_SIGMOID:
        return 1 / (1 + exp(-wide));
    case MC_UNARY_HARD_SIGMOID:
        y = (double)p * wide + (double)q;
        return y < 0 ? 0 : y > 1 ? 1 : y;
    default:
        y = wide + 3;
        return wide * (y < 0 ? 0 : y > 6 ? 6 : y) / 6;
    }
}

static void run_unary(const mc_elementwise_kernel *kernel, size_t count, test_random *random)
{
    /* clamp and leaky as rounded; sigmoid 2^-21; the others three roundings */
    static const double bounds[] = {0, 0, 0x1p-21, 0x1p-23, 3 * 0x1p-24};
    for (int function = MC_UNARY_CLAMP; function <= MC_UNARY_HARD_SWISH; function++) {
        guarded input = guarded_alloc(count * sizeof(float), GUARDED_END);
        guarded output = guarded_alloc(count * sizeof(float), GUARDED_END);
        const float *x = input.data, *found = output.data;
        const float p = function == MC_UNARY_CLAMP ? -1.5f : 0.21f;
        const float q = function == MC_UNARY_CLAMP ? 4.75f : 0.43f;
        fill(random, input.data, count);
        kernel->run.f32_unary((mc_unary_function)function, p, q, count, x, output.data);
        for (size_t i = 0; i < count; i++) {
            double wanted = unary_of((mc_unary_function)function, p, q, x[i]);
            if (!is_near(found[i], wanted, bounds[function]))
                fail_msg("%s: function %d, element %zu of %zu, x = %g: %.9g, not %.9g",
                         kernel->name, function, i, count, (double)x[i], (double)found[i], wanted);
        }
        guarded_free(&input);
        guarded_free(&output);
    }
}

/* Means up to a thousand times as far from 0 as elements are from them. */
static void run_normalize(const mc_elementwise_kernel *kernel, size_t count, test_random *random)
{
    guarded input = guarded_alloc(count * sizeof(float), GUARDED_END);
    guarded output = guarded_alloc(count * sizeof(float), GUARDED_END);
    float *x = input.data;
    const float *found = output.data;
    const float factor = test_random_float(random, -2, 2), shift = 0.25f;
    const float mean = test_random_float(random, -6000, 6000);
    fill(random, input.data, count);
    for (size_t i = 0; i < count; i++)
        x[i] += mean;
    kernel->run.f32_normalize(mean, factor, shift, count, x, output.data);
    for (size_t i = 0; i < count; i++) {
        double product = ((double)x[i] - (double)mean) * (double)factor;
        double wanted = product + (double)shift, size = fabs(product) + (double)shift;
        bool good = isfinite((float)wanted) ? fabs((double)found[i] - wanted) <= 0x1p-22 * size
                                            : isnan(wanted) == isnan(found[i]) &&
                                                  isinf((float)wanted) == isinf(found[i]);
        if (!good)
            fail_msg("%s: element %zu of %zu: %a, not %a", kernel->name, i, count, (double)found[i],
                     wanted);
    }
    guarded_free(&input);
    guarded_free(&output);
}

static void test_all_lengths(void **state)
{
    (void)state;
    size_t kernel_count;
    const mc_elementwise_kernel *kernels = mc_elementwise_kernels(&kernel_count);
    test_random random = test_random_begin("elementwise");
    for (size_t k = 0; k < kernel_count; k++) {
        if (kernels[k].isa_bits & ~mc_isa_detect())
            continue;
        for (size_t count = 1; count <= MAX_COUNT; count++)
            for (int round = 0; round < 5; round++) {
                if (kernels[k].kind == MC_ELEMENTWISE_BINARY)
                    run_binary(&kernels[k], count, &random);
                else if (kernels[k].kind == MC_ELEMENTWISE_UNARY)
                    run_unary(&kernels[k], count, &random);
                else
                    run_normalize(&kernels[k], count, &random);
            }
    }
}

/* The exponential inside, over all magnitudes: every 1021st float. */
static void test_sigmoid_everywhere(void **state)
{
    (void)state;
    size_t kernel_count;
    const mc_elementwise_kernel *kernels = mc_elementwise_kernels(&kernel_count);
    for (size_t k = 0; k < kernel_count; k++) {
        if (kernels[k].kind != MC_ELEMENTWISE_UNARY || (kernels[k].isa_bits & ~mc_isa_detect()))
            continue;
        for (uint64_t bits = 0; bits < (uint64_t)1 << 32; bits += 8 * 1021) {
            float x[8], found[8];
            for (uint32_t lane = 0; lane < 8; lane++) {
                uint32_t one = (uint32_t)bits + lane * 1021;
                memcpy(&x[lane], &one, sizeof one);
            }
            kernels[k].run.f32_unary(MC_UNARY_SIGMOID, 0, 0, 8, x, found);
            for (int lane = 0; lane < 8; lane++)
                if (!is_near(found[lane], 1 / (1 + exp(-(double)x[lane])), 0x1p-21))
                    fail_msg("%s: sigmoid of %a is %a", kernels[k].name, (double)x[lane],
                             (double)found[lane]);
        }
    }
}

/* An element has the same bits wherever the run begins and ends, in vectors or in a tail. */
static void test_split_does_not_matter(void **state)
{
    (void)state;
    size_t kernel_count;
    const mc_elementwise_kernel *kernels = mc_elementwise_kernels(&kernel_count);
    test_random random = test_random_begin("elementwise, split");
    float x[MAX_COUNT], whole[MAX_COUNT], parts[MAX_COUNT];
    for (size_t k = 0; k < kernel_count; k++) {
        if (kernels[k].kind != MC_ELEMENTWISE_UNARY || (kernels[k].isa_bits & ~mc_isa_detect()))
            continue;
        for (int function = MC_UNARY_CLAMP; function <= MC_UNARY_HARD_SWISH; function++)
            for (size_t split = 1; split < MAX_COUNT; split++) {
                mc_f32_unary_fn *unary = kernels[k].run.f32_unary;
                for (size_t i = 0; i < MAX_COUNT; i++)
                    x[i] = test_random_float(&random, -6, 6);
                unary((mc_unary_function)function, 0.2f, 0.5f, MAX_COUNT, x, whole);
                unary((mc_unary_function)function, 0.2f, 0.5f, split, x, parts);
                unary((mc_unary_function)function, 0.2f, 0.5f, MAX_COUNT - split, x + split,
                      parts + split);
                if (memcmp(whole, parts, sizeof whole) != 0)
                    fail_msg("%s: function %d differs where it is split at %zu", kernels[k].name,
                             function, split);
            }
    }
}

static void test_choice(void **state)
{
    (void)state;
    for (int kind = 0; kind < MC_ELEMENTWISE_KIND_COUNT; kind++) {
        const mc_elementwise_kernel *plain =
            mc_elementwise_choose((mc_elementwise_kind)kind, MC_ISA_NONE);
        assert_non_null(strstr(plain->name, "__scalar"));
        assert_int_equal(plain->kind, kind);
#if defined(__x86_64__)
        const mc_elementwise_kernel *best =
            mc_elementwise_choose((mc_elementwise_kind)kind, MC_ISA_AVX2);
        assert_non_null(strstr(best->name, "__avx2"));
        assert_int_equal(best->kind, kind);
#endif
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_lengths),
        cmocka_unit_test(test_sigmoid_everywhere),
        cmocka_unit_test(test_split_does_not_matter),
        cmocka_unit_test(test_choice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
