/* Every pool kernel of the list that this machine can run, over all lengths from 1 to 40, windows,
 * steps and strides, against loops over the definition: the same bits. Operands end at forbidden
 * pages. */
#define _DEFAULT_SOURCE

#include <math.h>

#include "base/cpu_features.h"
#include "kernels/cpu/pool/pool.h"
#include "support/guarded.h"
#include "support/near.h"
#include "support/test_random.h"

enum { MAX_COUNT = 40 };

static mc_pool_taps random_taps(test_random *random, size_t stride, size_t count, size_t *elements)
{
    mc_pool_taps taps = {.rows = 1 + test_random_below(random, 3),
                         .columns = 1 + test_random_below(random, 4),
                         .column_step = 1 + test_random_below(random, 2),
                         .stride = stride};
    if (test_random_below(random, 20) == 0)
        taps.rows = taps.columns = 17; /* more taps than lanes of 16 bits hold */
    size_t width = (count - 1) * stride + (taps.columns - 1) * taps.column_step + 1;
    taps.row_step = width + test_random_below(random, 3);
    *elements = (taps.rows - 1) * taps.row_step + width;
    return taps;
}

/* Ordinary numbers; of 40 elements one is an infinity, a zero of either sign or not a number. */
static void fill_floats(test_random *random, float *values, size_t count)
{
    static const float odd[] = {INFINITY, -INFINITY, NAN, 0.0f, -0.0f};
    for (size_t i = 0; i < count; i++)
        values[i] = test_random_below(random, 40) ? test_random_float(random, -3, 3)
                                                  : odd[test_random_below(random, 5)];
}

static bool same_float(float found, float wanted)
{
    return isnan(wanted) ? isnan(found) : found == wanted;
}

static void run_floats(const mc_pool_kernel *kernel, const mc_pool_taps *taps, size_t elements,
                       size_t count, test_random *random)
{
    guarded input = guarded_alloc(elements * sizeof(float), GUARDED_END);
    guarded output = guarded_alloc(count * sizeof(float), GUARDED_END);
    const float *in = input.data;
    const double divisor = (double)(1 + test_random_below(random, 12));
    bool averages = kernel->kind == MC_POOL_F32_AVERAGE;
    fill_floats(random, input.data, elements);
    if (averages)
        kernel->run.f32_average(taps, in, divisor, count, output.data);
    else
        kernel->run.f32_max(taps, in, count, output.data);
    for (size_t i = 0; i < count; i++) {
        double sum = 0;
        float greatest = -INFINITY;
        for (size_t y = 0; y < taps->rows; y++)
            for (size_t x = 0; x < taps->columns; x++) {
                float tap = in[i * taps->stride + y * taps->row_step + x * taps->column_step];
                sum += (double)tap;
                if (!isnan(greatest) && !(tap <= greatest))
                    greatest = tap;
            }
        float wanted = averages ? (float)(sum / divisor) : greatest;
        float found = ((const float *)output.data)[i];
        if (!same_float(found, wanted))
            fail_msg("%s: stride %zu, %zu x %zu taps, output %zu of %zu: %a, not %a", kernel->name,
                     taps->stride, taps->rows, taps->columns, i, count, (double)found,
                     (double)wanted);
    }
    guarded_free(&input);
    guarded_free(&output);
}

static void run_bytes(const mc_pool_kernel *kernel, const mc_pool_taps *taps, size_t elements,
                      size_t count, test_random *random)
{
    bool sums = kernel->kind == MC_POOL_U8_SUM;
    guarded input = guarded_alloc(elements, GUARDED_END);
    guarded output = guarded_alloc(count * (sums ? sizeof(int32_t) : 1), GUARDED_END);
    uint8_t *in = input.data;
    for (size_t i = 0; i < elements; i++)
        in[i] = (uint8_t)test_random_bits(random);
    if (test_random_below(random, 4) == 0)
        memset(in, 255, elements); /* the greatest sums */
    for (int is_signed = 0; is_signed < 2; is_signed++) {
        if (sums)
            kernel->run.u8_sum(taps, in, is_signed, count, output.data);
        else
            kernel->run.u8_max(taps, in, is_signed, count, output.data);
        for (size_t i = 0; i < count; i++) {
            int32_t sum = 0, greatest = -1000;
            for (size_t y = 0; y < taps->rows; y++)
                for (size_t x = 0; x < taps->columns; x++) {
                    size_t at = i * taps->stride + y * taps->row_step + x * taps->column_step;
                    int32_t tap = is_signed ? (int8_t)in[at] : in[at];
                    sum += tap;
                    greatest = tap > greatest ? tap : greatest;
                }
            uint8_t byte = ((const uint8_t *)output.data)[sums ? 0 : i];
            int32_t found = sums        ? ((const int32_t *)output.data)[i]
                            : is_signed ? (int8_t)byte
                                        : byte;
            if (found != (sums ? sum : greatest))
                fail_msg("%s: stride %zu, output %zu of %zu, signed %d: %d", kernel->name,
                         taps->stride, i, count, is_signed, found);
        }
    }
    guarded_free(&input);
    guarded_free(&output);
}

static void test_all_lengths(void **state)
{
    (void)state;
    size_t kernel_count;
    const mc_pool_kernel *kernels = mc_pool_kernels(&kernel_count);
    test_random random = test_random_begin("pool");
    for (size_t k = 0; k < kernel_count; k++) {
        if (kernels[k].isa_bits & ~mc_isa_detect())
            continue;
        bool floats = kernels[k].kind <= MC_POOL_F32_AVERAGE;
        for (size_t count = 1; count <= MAX_COUNT; count++)
            for (size_t stride = 1; stride <= 4; stride++)
                for (int round = 0; round < 6; round++) {
                    size_t elements;
                    mc_pool_taps taps = random_taps(&random, stride, count, &elements);
                    if (floats)
                        run_floats(&kernels[k], &taps, elements, count, &random);
                    else
                        run_bytes(&kernels[k], &taps, elements, count, &random);
                }
    }
}

/* A window that lies in the padding altogether. */
static void test_no_taps(void **state)
{
    (void)state;
    size_t kernel_count;
    const mc_pool_kernel *kernels = mc_pool_kernels(&kernel_count);
    const mc_pool_taps taps = {.stride = 1};
    const float nothing = 0;
    const uint8_t no_byte = 0;
    for (size_t k = 0; k < kernel_count; k++) {
        if (kernels[k].isa_bits & ~mc_isa_detect())
            continue;
        float floats[9];
        uint8_t bytes[17];
        int32_t sums[17];
        switch (kernels[k].kind) {
        case MC_POOL_F32_MAX:
            kernels[k].run.f32_max(&taps, &nothing, 1, floats);
            assert_true(floats[0] == -INFINITY);
            break;
        case MC_POOL_F32_AVERAGE:
            kernels[k].run.f32_average(&taps, &nothing, 0, 1, floats);
            assert_true(isnan(floats[0]));
            break;
        case MC_POOL_U8_MAX:
            kernels[k].run.u8_max(&taps, &no_byte, true, 1, bytes);
            assert_int_equal((int8_t)bytes[0], -128);
            break;
        default:
            kernels[k].run.u8_sum(&taps, &no_byte, true, 1, sums);
            assert_int_equal(sums[0], 0);
        }
    }
}

static void test_choice(void **state)
{
    (void)state;
    for (int kind = 0; kind < MC_POOL_KIND_COUNT; kind++) {
        const mc_pool_kernel *plain = mc_pool_choose((mc_pool_kind)kind, MC_ISA_NONE);
        assert_non_null(strstr(plain->name, "__scalar"));
        assert_int_equal(plain->kind, kind);
#if defined(__x86_64__)
        const mc_pool_kernel *best = mc_pool_choose((mc_pool_kind)kind, MC_ISA_AVX2);
        assert_non_null(strstr(best->name, "__avx2"));
        assert_int_equal(best->kind, kind);
#endif
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_lengths),
        cmocka_unit_test(test_no_taps),
        cmocka_unit_test(test_choice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
