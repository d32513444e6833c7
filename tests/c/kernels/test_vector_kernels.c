/* Every depth-wise and dot kernel of the lists that this machine can run, over all tails, strides
 * and dilations, against sums in double. Operands end at forbidden pages. */
#define _DEFAULT_SOURCE

#include <math.h>

#include "base/cpu_features.h"
#include "kernels/cpu/depthwise/depthwise.h"
#include "kernels/cpu/dot/dot.h"
#include "support/guarded.h"
#include "support/test_random.h"

static void fill(test_random *random, float *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        values[i] = test_random_float(random, -1, 1);
}

/* Sum and sum of sizes of one output. */
static double window_sum(const mc_depthwise_shape *shape, const float *padded, const float *weights,
                         size_t y, size_t x, double *size)
{
    double sum = 0;
    *size = 0;
    for (int32_t ky = 0; ky < shape->kernel_h; ky++)
        for (int32_t kx = 0; kx < shape->kernel_w; kx++) {
            size_t row = y * (size_t)shape->stride_h + (size_t)(ky * shape->dilation_h);
            size_t column = x * (size_t)shape->stride_w + (size_t)(kx * shape->dilation_w);
            double product = (double)weights[ky * shape->kernel_w + kx] *
                             (double)padded[row * shape->padded_width + column];
            sum += product;
            *size += fabs(product);
        }
    return sum;
}

static void run_plane(const mc_f32_depthwise_kernel *kernel, const mc_depthwise_shape *shape,
                      test_random *random)
{
    size_t rows = (shape->output_height - 1) * (size_t)shape->stride_h +
                  (size_t)((shape->kernel_h - 1) * shape->dilation_h) + 1;
    size_t taps = (size_t)(shape->kernel_h * shape->kernel_w);
    size_t outputs = shape->output_height * shape->output_width;
    size_t padded_count = rows * shape->padded_width;
    guarded padded =
        guarded_alloc((padded_count + MC_DEPTHWISE_SLACK) * sizeof(float), GUARDED_END);
    guarded weights = guarded_alloc(taps * sizeof(float), GUARDED_END);
    guarded output = guarded_alloc(outputs * sizeof(float), GUARDED_END);
    fill(random, padded.data, padded_count);
    fill(random, weights.data, taps);
    for (size_t i = 0; i < MC_DEPTHWISE_SLACK; i++)
        ((float *)padded.data)[padded_count + i] = NAN; /* of no use to any output */
    const float bias = 0.125f, low = -0.75f, high = 0.5f;
    kernel->run(shape, padded.data, weights.data, bias, low, high, output.data);
    for (size_t i = 0; i < outputs; i++) {
        double size, sum = window_sum(shape, padded.data, weights.data, i / shape->output_width,
                                      i % shape->output_width, &size);
        double wanted = fmin(fmax(sum + (double)bias, (double)low), (double)high);
        double found = (double)((const float *)output.data)[i];
        if (!(fabs(found - wanted) <= (double)(taps + 2) * 0x1p-23 * (size + 1)))
            fail_msg("%s: stride %d, width %zu, output %zu: %g, not %g", kernel->name,
                     shape->stride_w, shape->output_width, i, found, wanted);
    }
    guarded_free(&padded);
    guarded_free(&weights);
    guarded_free(&output);
}

static void test_depthwise(void **state)
{
    (void)state;
    size_t count;
    const mc_f32_depthwise_kernel *kernels = mc_f32_depthwise_kernels(&count);
    test_random random = test_random_begin("depth-wise");
    for (size_t i = 0; i < count; i++) {
        if (kernels[i].isa_bits & ~mc_isa_detect())
            continue;
        for (int32_t stride = 1; stride <= 9; stride++)
            for (size_t width = 1; width <= 18; width++)
                for (int32_t taps = 1; taps <= 4; taps++) {
                    mc_depthwise_shape shape = {
                        .output_height = 1 + test_random_below(&random, 3),
                        .output_width = width,
                        .kernel_h = 1 + (int32_t)test_random_below(&random, 3),
                        .kernel_w = taps,
                        .stride_h = 1 + (int32_t)test_random_below(&random, 3),
                        .stride_w = stride,
                        .dilation_h = 1 + (int32_t)test_random_below(&random, 3),
                        .dilation_w = 1 + (int32_t)test_random_below(&random, 3)};
                    shape.padded_width =
                        (width - 1) * (size_t)stride + (size_t)((taps - 1) * shape.dilation_w) + 1;
                    run_plane(&kernels[i], &shape, &random);
                }
    }
}

static void run_dot(const mc_f32_dot_kernel *kernel, size_t depth, size_t rows, test_random *random)
{
    guarded weights = guarded_alloc(rows * depth * sizeof(float), GUARDED_END);
    guarded vector = guarded_alloc(depth * sizeof(float), GUARDED_END);
    guarded sums = guarded_alloc(rows * sizeof(float), GUARDED_END);
    fill(random, weights.data, rows * depth);
    fill(random, vector.data, depth);
    kernel->run(depth, weights.data, rows, vector.data, sums.data);
    for (size_t r = 0; r < rows; r++) {
        double sum = 0, size = 0;
        for (size_t k = 0; k < depth; k++) {
            double product =
                (double)((float *)weights.data)[r * depth + k] * (double)((float *)vector.data)[k];
            sum += product;
            size += fabs(product);
        }
        double found = (double)((float *)sums.data)[r];
        if (!(fabs(found - sum) <= (double)(depth + 8) * 0x1p-23 * size))
            fail_msg("%s: depth %zu, row %zu of %zu: %g, not %g", kernel->name, depth, r, rows,
                     found, sum);
    }
    guarded_free(&weights);
    guarded_free(&vector);
    guarded_free(&sums);
}

static void test_dot(void **state)
{
    (void)state;
    size_t count;
    const mc_f32_dot_kernel *kernels = mc_f32_dot_kernels(&count);
    test_random random = test_random_begin("dot");
    for (size_t i = 0; i < count; i++) {
        if (kernels[i].isa_bits & ~mc_isa_detect())
            continue;
        for (size_t depth = 0; depth <= 50; depth++)
            for (size_t rows = 1; rows <= 4; rows++)
                run_dot(&kernels[i], depth, rows, &random);
        run_dot(&kernels[i], 4099, 4, &random);
    }
}

static void test_choice(void **state)
{
    (void)state;
    assert_string_equal(mc_f32_depthwise_choose(MC_ISA_NONE)->name, "mc_f32_depthwise__scalar");
    assert_string_equal(mc_f32_dot_choose(MC_ISA_NONE)->name, "mc_f32_dot_4__scalar");
#if defined(__aarch64__)
    assert_string_equal(mc_f32_depthwise_choose(MC_ISA_NEON)->name, "mc_f32_depthwise__neon");
    assert_string_equal(mc_f32_dot_choose(MC_ISA_NEON)->name, "mc_f32_dot_4__neon");
#elif defined(__x86_64__)
    assert_string_equal(mc_f32_depthwise_choose(MC_ISA_AVX2)->name, "mc_f32_depthwise__avx2");
    assert_string_equal(mc_f32_dot_choose(MC_ISA_AVX2)->name, "mc_f32_dot_4__avx2");
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_depthwise),
        cmocka_unit_test(test_dot),
        cmocka_unit_test(test_choice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
