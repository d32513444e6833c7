/* Every GEMM kernel of the lists that this machine can run: all tails of a tile, against sums in
 * double (float) and in 64 bits (integer). Operands end at forbidden pages. */
#define _DEFAULT_SOURCE

#include <math.h>
#include <stdlib.h>

#include "base/cpu_features.h"
#include "kernels/cpu/gemm/gemm.h"
#include "support/guarded.h"
#include "support/test_random.h"

static const size_t depths[] = {0, 1, 2, 3, 5, 8, 16, 33};
#define DEPTH_COUNT (sizeof depths / sizeof depths[0])

/* One call of a float kernel. */
typedef struct float_tile {
    const mc_f32_gemm_kernel *kernel;
    size_t depth, rows, columns, stride;
    bool has_residual, clamps;
    guarded a, b, c, bias, residual;
} float_tile;

static void fill(test_random *random, float *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        values[i] = test_random_float(random, -1, 1);
}

static void begin_tile(float_tile *tile, test_random *random)
{
    const mc_f32_gemm_kernel *kernel = tile->kernel;
    size_t c_count = (tile->rows - 1) * tile->stride + tile->columns;
    tile->a = guarded_alloc(tile->depth * kernel->rows * sizeof(float), GUARDED_END);
    tile->b = guarded_alloc(tile->depth * kernel->columns * sizeof(float), GUARDED_END);
    tile->c = guarded_alloc(c_count * sizeof(float), GUARDED_END);
    tile->residual = guarded_alloc(c_count * sizeof(float), GUARDED_END);
    tile->bias = guarded_alloc(tile->rows * sizeof(float), GUARDED_END);
    fill(random, tile->a.data, tile->depth * kernel->rows);
    fill(random, tile->b.data, tile->depth * kernel->columns);
    fill(random, tile->c.data, c_count);
    fill(random, tile->residual.data, c_count);
    fill(random, tile->bias.data, tile->rows);
}

static void end_tile(float_tile *tile)
{
    guarded_free(&tile->a);
    guarded_free(&tile->b);
    guarded_free(&tile->c);
    guarded_free(&tile->residual);
    guarded_free(&tile->bias);
}

static void check_element(const float_tile *tile, size_t row, size_t column, float found)
{
    const float *a = tile->a.data, *b = tile->b.data;
    double sum = (double)((const float *)tile->bias.data)[row], size = fabs(sum);
    for (size_t k = 0; k < tile->depth; k++) {
        double product =
            (double)a[k * tile->kernel->rows + row] * (double)b[k * tile->kernel->columns + column];
        sum += product;
        size += fabs(product);
    }
    if (tile->has_residual) {
        double residual = (double)((const float *)tile->residual.data)[row * tile->stride + column];
        sum += residual;
        size += fabs(residual);
    }
    if (tile->clamps)
        sum = fmin(fmax(sum, -0.25), 0.5);
    /* Each of depth + 2 additions and as many products is off by half a unit in the last place. */
    double bound = (double)(tile->depth + 3) * 0x1p-23 * size;
    if (!(fabs((double)found - sum) <= bound))
        fail_msg("%s: depth %zu, row %zu of %zu, column %zu of %zu: %g, not %g", tile->kernel->name,
                 tile->depth, row, tile->rows, column, tile->columns, (double)found, sum);
}

static void run_tile(float_tile *tile, test_random *random)
{
    begin_tile(tile, random);
    const mc_gemm_tail tail = {.bias = tile->bias.data,
                               .residual = tile->has_residual ? tile->residual.data : NULL,
                               .low = tile->clamps ? -0.25f : -INFINITY,
                               .high = tile->clamps ? 0.5f : INFINITY};
    float *c = tile->c.data;
    size_t c_count = (tile->rows - 1) * tile->stride + tile->columns;
    float *before = malloc(c_count * sizeof *before);
    assert_non_null(before);
    memcpy(before, c, c_count * sizeof *before);
    tile->kernel->run(tile->depth, tile->a.data, tile->b.data, c, tile->stride, tile->rows,
                      tile->columns, &tail);
    for (size_t i = 0; i < c_count; i++) {
        size_t row = i / tile->stride, column = i % tile->stride;
        if (column < tile->columns)
            check_element(tile, row, column, c[i]);
        else
            assert_memory_equal(&c[i], &before[i], sizeof *c);
    }
    free(before);
    end_tile(tile);
}

static void test_float_tiles(void **state)
{
    (void)state;
    size_t count;
    const mc_f32_gemm_kernel *kernels = mc_f32_gemm_kernels(&count);
    test_random random = test_random_begin("float tiles");
    for (size_t i = 0; i < count; i++) {
        if (kernels[i].isa_bits & ~mc_isa_detect())
            continue;
        assert_true(kernels[i].rows * kernels[i].columns <= MC_GEMM_MAX_TILE);
        for (size_t d = 0; d < DEPTH_COUNT; d++)
            for (size_t rows = 1; rows <= kernels[i].rows; rows++)
                for (size_t columns = 1; columns <= kernels[i].columns; columns++) {
                    size_t variant = test_random_below(&random, 8);
                    float_tile tile = {.kernel = &kernels[i],
                                       .depth = depths[d],
                                       .rows = rows,
                                       .columns = columns,
                                       .stride = columns + (variant & 1 ? 5 : 0),
                                       .has_residual = variant & 2,
                                       .clamps = variant & 4};
                    run_tile(&tile, &random);
                }
    }
}

/* What is not a number stays so, clamped or not. */
static void test_not_a_number_stays(void **state)
{
    (void)state;
    size_t count;
    const mc_f32_gemm_kernel *kernels = mc_f32_gemm_kernels(&count);
    for (size_t i = 0; i < count; i++) {
        if (kernels[i].isa_bits & ~mc_isa_detect())
            continue;
        _Alignas(64) float a[MC_GEMM_MAX_TILE], b[MC_GEMM_MAX_TILE], c = 0;
        const float bias = 0;
        for (size_t k = 0; k < MC_GEMM_MAX_TILE; k++)
            a[k] = b[k] = NAN;
        kernels[i].run(1, a, b, &c, 1, 1, 1, &(mc_gemm_tail){.bias = &bias, .low = 0, .high = 6});
        assert_true(isnan(c));
    }
}

static void run_integer_tile(const mc_s16_gemm_kernel *kernel, size_t pairs, int32_t most,
                             test_random *random)
{
    size_t a_count = 2 * pairs * kernel->rows, b_count = 2 * pairs * kernel->columns;
    size_t tile = kernel->rows * kernel->columns;
    guarded a = guarded_alloc(a_count * sizeof(int16_t), GUARDED_END);
    guarded b = guarded_alloc(b_count * sizeof(int16_t), GUARDED_END);
    guarded sums = guarded_alloc(tile * sizeof(int32_t), GUARDED_END);
    int16_t *a_values = a.data, *b_values = b.data;
    for (size_t k = 0; k < a_count; k++)
        a_values[k] = (int16_t)(most ? -most : (int32_t)test_random_below(random, 511) - 255);
    for (size_t k = 0; k < b_count; k++)
        b_values[k] = (int16_t)(most ? most : (int32_t)test_random_below(random, 511) - 255);
    kernel->run(pairs, a_values, b_values, sums.data);
    for (size_t i = 0; i < tile; i++) {
        int64_t sum = 0;
        size_t row = i / kernel->columns, column = i % kernel->columns;
        for (size_t k = 0; k < 2 * pairs; k++)
            sum += (int64_t)a_values[k / 2 * 2 * kernel->rows + 2 * row + k % 2] *
                   b_values[k / 2 * 2 * kernel->columns + 2 * column + k % 2];
        if (((const int32_t *)sums.data)[i] != sum)
            fail_msg("%s: %zu pairs, element %zu: %d, not %lld", kernel->name, pairs, i,
                     ((const int32_t *)sums.data)[i], (long long)sum);
    }
    guarded_free(&a);
    guarded_free(&b);
    guarded_free(&sums);
}

static void test_integer_tiles(void **state)
{
    (void)state;
    size_t count;
    const mc_s16_gemm_kernel *kernels = mc_s16_gemm_kernels(&count);
    test_random random = test_random_begin("integer tiles");
    /* The deepest sum that an int32 holds, of the largest products: nothing may saturate. */
    const size_t most_pairs = INT32_MAX / (255 * 255) / 2;
    for (size_t i = 0; i < count; i++) {
        if (kernels[i].isa_bits & ~mc_isa_detect())
            continue;
        assert_true(kernels[i].rows * kernels[i].columns <= MC_GEMM_MAX_TILE);
        for (size_t d = 0; d < DEPTH_COUNT; d++)
            run_integer_tile(&kernels[i], depths[d], 0, &random);
        run_integer_tile(&kernels[i], most_pairs, 255, &random);
    }
}

static void run_byte_tile(const mc_s8_gemm_kernel *kernel, size_t quads, bool greatest,
                          test_random *random)
{
    size_t a_count = 4 * quads * kernel->rows, b_count = 4 * quads * kernel->columns;
    size_t tile = kernel->rows * kernel->columns;
    guarded a = guarded_alloc(a_count, GUARDED_END);
    guarded b = guarded_alloc(b_count, GUARDED_END);
    guarded sums = guarded_alloc(tile * sizeof(int32_t), GUARDED_END);
    int8_t *a_values = a.data, *b_values = b.data;
    for (size_t k = 0; k < a_count; k++)
        a_values[k] = (int8_t)(greatest ? -128 : (int32_t)test_random_below(random, 256) - 128);
    for (size_t k = 0; k < b_count; k++)
        b_values[k] = (int8_t)(greatest ? -128 : (int32_t)test_random_below(random, 256) - 128);
    kernel->run(quads, a_values, b_values, sums.data);
    for (size_t i = 0; i < tile; i++) {
        int64_t sum = 0;
        size_t row = i / kernel->columns, column = i % kernel->columns;
        for (size_t k = 0; k < 4 * quads; k++)
            sum += (int64_t)a_values[k / 4 * 4 * kernel->rows + 4 * row + k % 4] *
                   b_values[k / 4 * 4 * kernel->columns + 4 * column + k % 4];
        if (((const int32_t *)sums.data)[i] != sum)
            fail_msg("%s: %zu quads, element %zu: %d, not %lld", kernel->name, quads, i,
                     ((const int32_t *)sums.data)[i], (long long)sum);
    }
    guarded_free(&a);
    guarded_free(&b);
    guarded_free(&sums);
}

static void test_byte_tiles(void **state)
{
    (void)state;
    size_t count;
    const mc_s8_gemm_kernel *kernels = mc_s8_gemm_kernels(&count);
    test_random random = test_random_begin("byte tiles");
    const size_t most_quads = INT32_MAX / (255 * 255) / 4; /* as deep as a node may be */
    for (size_t i = 0; i < count; i++) {
        if (kernels[i].isa_bits & ~mc_isa_detect())
            continue;
        assert_true(kernels[i].rows * kernels[i].columns <= MC_GEMM_MAX_TILE);
        for (size_t d = 0; d < DEPTH_COUNT; d++)
            run_byte_tile(&kernels[i], depths[d], false, &random);
        run_byte_tile(&kernels[i], most_quads, true, &random);
    }
}

static void test_byte_packing(void **state)
{
    (void)state;
    const size_t panel = 8;
    for (size_t rows = 0; rows <= 2 * panel + 1; rows++)
        for (size_t depth = 0; depth < 10; depth++) {
            size_t panels = (rows + panel - 1) / panel, filled = (depth + 3) / 4 * 4;
            guarded values = guarded_alloc(rows * depth * sizeof(int16_t), GUARDED_END);
            guarded packed = guarded_alloc(panels * panel * filled, GUARDED_END);
            guarded sums = guarded_alloc(rows * sizeof(int32_t), GUARDED_END);
            for (size_t i = 0; i < rows * depth; i++)
                ((int16_t *)values.data)[i] = (int16_t)(i % 256) - 128;
            memset(packed.data, 0x55, panels * panel * filled);
            mc_s8_gemm_pack_a(values.data, rows, depth, panel, packed.data, sums.data);
            for (size_t r = 0; r < panels * panel; r++) {
                int32_t sum = 0;
                for (size_t k = 0; k < filled; k++) {
                    int32_t value =
                        r < rows && k < depth ? ((int16_t *)values.data)[r * depth + k] : 0;
                    size_t at =
                        r / panel * panel * filled + k / 4 * 4 * panel + r % panel * 4 + k % 4;
                    assert_int_equal(((int8_t *)packed.data)[at], value);
                    sum += value;
                }
                if (r < rows)
                    assert_int_equal(((int32_t *)sums.data)[r], sum);
            }
            guarded_free(&values);
            guarded_free(&packed);
            guarded_free(&sums);
        }
}

static void test_packing(void **state)
{
    (void)state;
    const size_t panel_rows[] = {4, 6};
    for (size_t p = 0; p < 2; p++)
        for (size_t rows = 0; rows <= 2 * panel_rows[p] + 1; rows++)
            for (size_t depth = 0; depth < 6; depth++) {
                size_t panel = panel_rows[p], panels = (rows + panel - 1) / panel;
                size_t even = (depth + 1) / 2 * 2;
                guarded floats = guarded_alloc(rows * depth * sizeof(float), GUARDED_END);
                guarded integers = guarded_alloc(rows * depth * sizeof(int16_t), GUARDED_END);
                guarded packed = guarded_alloc(panels * panel * depth * sizeof(float), GUARDED_END);
                guarded paired =
                    guarded_alloc(panels * panel * even * sizeof(int16_t), GUARDED_END);
                for (size_t i = 0; i < rows * depth; i++) {
                    ((float *)floats.data)[i] = (float)(i + 1);
                    ((int16_t *)integers.data)[i] = (int16_t)(i + 1);
                }
                mc_f32_gemm_pack_a(floats.data, rows, depth, panel, packed.data);
                mc_s16_gemm_pack_a(integers.data, rows, depth, panel, paired.data);
                for (size_t r = 0; r < panels * panel; r++)
                    for (size_t k = 0; k < even; k++) {
                        size_t value = r < rows && k < depth ? r * depth + k + 1 : 0;
                        size_t first = r / panel * panel, in_panel = r % panel;
                        size_t at = first * depth + k * panel + in_panel;
                        if (k < depth)
                            assert_true(((float *)packed.data)[at] == (float)value);
                        at = first * even + k / 2 * 2 * panel + 2 * in_panel + k % 2;
                        assert_int_equal(((int16_t *)paired.data)[at], value);
                    }
                guarded_free(&floats);
                guarded_free(&integers);
                guarded_free(&packed);
                guarded_free(&paired);
            }
}

static void test_choice(void **state)
{
    (void)state;
    assert_string_equal(mc_f32_gemm_choose(MC_ISA_NONE)->name, "mc_f32_gemm_4x4__scalar");
    assert_string_equal(mc_s16_gemm_choose(MC_ISA_NONE)->name, "mc_s16_gemm_4x4__scalar");
    assert_null(mc_s8_gemm_choose(MC_ISA_NONE));
    assert_null(mc_s8_gemm_choose(MC_ISA_NEON));
    assert_int_equal(mc_f32_gemm_choose(MC_ISA_NEON)->isa_bits & ~(uint32_t)MC_ISA_NEON, 0);
#if defined(__aarch64__)
    assert_string_equal(mc_f32_gemm_choose(MC_ISA_NEON)->name, "mc_f32_gemm_8x12__neon");
    assert_string_equal(mc_s16_gemm_choose(MC_ISA_NEON)->name, "mc_s16_gemm_8x8__neon");
    assert_string_equal(mc_s8_gemm_choose(MC_ISA_NEON | MC_ISA_NEONDOT)->name,
                        "mc_s8_gemm_8x12__neondot");
#elif defined(__x86_64__)
    assert_string_equal(mc_f32_gemm_choose(MC_ISA_AVX2)->name, "mc_f32_gemm_6x16__avx2");
    assert_string_equal(mc_s16_gemm_choose(MC_ISA_AVX2)->name, "mc_s16_gemm_6x16__avx2");
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_float_tiles),   cmocka_unit_test(test_not_a_number_stays),
        cmocka_unit_test(test_integer_tiles), cmocka_unit_test(test_packing),
        cmocka_unit_test(test_byte_tiles),    cmocka_unit_test(test_byte_packing),
        cmocka_unit_test(test_choice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
