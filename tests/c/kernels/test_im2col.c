/* Columns packed in panels, against the definition, for random geometries: the input ends (and
 * begins) at forbidden pages, and every packed element is written. */
#define _DEFAULT_SOURCE

#include "kernels/cpu/im2col/im2col.h"
#include "support/guarded.h"
#include "support/test_random.h"

typedef struct geometry {
    mc_im2col_shape shape;
    size_t pixels, first, count, panel_columns, depth;
} geometry;

static int32_t between(test_random *random, int32_t low, int32_t high)
{
    return low + (int32_t)test_random_below(random, (size_t)(high - low + 1));
}

static geometry random_geometry(test_random *random)
{
    geometry g = {.panel_columns = test_random_below(random, 2) ? 16 : 4};
    g.shape = (mc_im2col_shape){.channels = 1 + test_random_below(random, 3),
                                .height = 1 + test_random_below(random, 9),
                                .width = 1 + test_random_below(random, 21),
                                .output_width = 1 + test_random_below(random, 23),
                                .kernel_h = between(random, 1, 4),
                                .kernel_w = between(random, 1, 4),
                                .stride_h = between(random, 1, 3),
                                .stride_w = between(random, 1, 3),
                                .dilation_h = between(random, 1, 3),
                                .dilation_w = between(random, 1, 3),
                                .pad_top = between(random, 0, 5),
                                .pad_left = between(random, 0, 5)};
    g.pixels = g.shape.output_width * (1 + test_random_below(random, 5));
    g.first = test_random_below(random, g.pixels);
    g.count = 1 + test_random_below(random, g.pixels - g.first);
    g.depth = g.shape.channels * (size_t)(g.shape.kernel_h * g.shape.kernel_w);
    return g;
}

/* Index of the input element under tap k of a pixel, or -1 in the padding. */
static long tap_index(const geometry *g, size_t k, size_t pixel)
{
    const mc_im2col_shape *s = &g->shape;
    long kx = (long)k % s->kernel_w, ky = (long)k / s->kernel_w % s->kernel_h;
    long c = (long)k / (s->kernel_w * s->kernel_h);
    long y = (long)(pixel / s->output_width) * s->stride_h - s->pad_top + ky * s->dilation_h;
    long x = (long)(pixel % s->output_width) * s->stride_w - s->pad_left + kx * s->dilation_w;
    bool inside = y >= 0 && y < (long)s->height && x >= 0 && x < (long)s->width;
    return inside ? (c * (long)s->height + y) * (long)s->width + x : -1;
}

static void check_floats(const geometry *g, guarded_side side)
{
    size_t input_count = g->shape.channels * g->shape.height * g->shape.width;
    size_t panels = (g->count + g->panel_columns - 1) / g->panel_columns;
    size_t packed_count = panels * g->panel_columns * g->depth;
    guarded input = guarded_alloc(input_count * sizeof(float), side);
    guarded packed = guarded_alloc(packed_count * sizeof(float), GUARDED_END);
    for (size_t i = 0; i < input_count; i++)
        ((float *)input.data)[i] = (float)(i + 1);
    memset(packed.data, 0xff, packed_count * sizeof(float));
    mc_f32_im2col(&g->shape, input.data, g->first, g->count, g->panel_columns, packed.data);
    for (size_t i = 0; i < packed_count; i++) {
        size_t panel = i / (g->panel_columns * g->depth);
        size_t k = i / g->panel_columns % g->depth;
        size_t column = panel * g->panel_columns + i % g->panel_columns;
        long at = column < g->count ? tap_index(g, k, g->first + column) : -1;
        assert_true(((float *)packed.data)[i] == (float)(at + 1));
    }
    guarded_free(&input);
    guarded_free(&packed);
}

static void check_integers(const geometry *g, guarded_side side, int is_signed, int32_t zero_point)
{
    size_t input_count = g->shape.channels * g->shape.height * g->shape.width;
    size_t panels = (g->count + g->panel_columns - 1) / g->panel_columns;
    size_t depth = (g->depth + 1) / 2 * 2, packed_count = panels * g->panel_columns * depth;
    guarded input = guarded_alloc(input_count, side);
    guarded packed = guarded_alloc(packed_count * sizeof(int16_t), GUARDED_END);
    for (size_t i = 0; i < input_count; i++)
        ((uint8_t *)input.data)[i] = (uint8_t)(i * 37 + 11);
    memset(packed.data, 0xff, packed_count * sizeof(int16_t));
    mc_s16_im2col(&g->shape, input.data, is_signed, zero_point, g->first, g->count,
                  g->panel_columns, packed.data);
    for (size_t column = 0; column < panels * g->panel_columns; column++)
        for (size_t k = 0; k < depth; k++) {
            size_t panel = column / g->panel_columns, in_panel = column % g->panel_columns;
            size_t at = panel * g->panel_columns * depth + k / 2 * 2 * g->panel_columns +
                        2 * in_panel + k % 2;
            long from = column < g->count && k < g->depth ? tap_index(g, k, g->first + column) : -1;
            uint8_t byte = from < 0 ? 0 : ((uint8_t *)input.data)[from];
            int32_t q = is_signed ? (int8_t)byte : byte;
            assert_int_equal(((int16_t *)packed.data)[at], from < 0 ? 0 : q - zero_point);
        }
    guarded_free(&input);
    guarded_free(&packed);
}

static void check_bytes(const geometry *g, guarded_side side, int is_signed, int32_t zero_point)
{
    size_t input_count = g->shape.channels * g->shape.height * g->shape.width;
    size_t panels = (g->count + g->panel_columns - 1) / g->panel_columns;
    size_t depth = (g->depth + 3) / 4 * 4, packed_count = panels * g->panel_columns * depth;
    guarded input = guarded_alloc(input_count, side);
    guarded packed = guarded_alloc(packed_count, GUARDED_END);
    for (size_t i = 0; i < input_count; i++)
        ((uint8_t *)input.data)[i] = (uint8_t)(i * 37 + 11);
    const int32_t offset = is_signed ? 0 : 128;
    mc_s8_im2col(&g->shape, input.data, is_signed, (int8_t)(zero_point - offset), g->first,
                 g->count, g->panel_columns, packed.data);
    for (size_t column = 0; column < panels * g->panel_columns; column++)
        for (size_t k = 0; k < depth; k++) {
            size_t panel = column / g->panel_columns, in_panel = column % g->panel_columns;
            size_t at = panel * g->panel_columns * depth + k / 4 * 4 * g->panel_columns +
                        4 * in_panel + k % 4;
            long from = column < g->count && k < g->depth ? tap_index(g, k, g->first + column) : -1;
            uint8_t byte = from < 0 ? 0 : ((uint8_t *)input.data)[from];
            int32_t q = from < 0 ? zero_point : is_signed ? (int8_t)byte : byte;
            assert_int_equal(((int8_t *)packed.data)[at], q - offset);
        }
    guarded_free(&input);
    guarded_free(&packed);
}

static void test_random_geometries(void **state)
{
    (void)state;
    test_random random = test_random_begin("im2col");
    for (int i = 0; i < 1500; i++) {
        geometry g = random_geometry(&random);
        guarded_side side = i % 2 ? GUARDED_START : GUARDED_END;
        check_floats(&g, side);
        check_integers(&g, side, 0, between(&random, 0, 255));
        check_integers(&g, side, 1, between(&random, -128, 127));
        check_bytes(&g, side, 0, between(&random, 0, 255));
        check_bytes(&g, side, 1, between(&random, -128, 127));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_geometries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
