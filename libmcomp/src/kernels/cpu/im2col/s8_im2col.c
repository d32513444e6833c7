#include <string.h>

#include "im2col_runs.h"

/* Where one element of the depth goes: every fourth byte of a line. */
static void copy_run(const mc_im2col_shape *shape, const mc_im2col_run *run, const uint8_t *plane,
                     uint8_t flip, int32_t ky, int32_t kx, int8_t *line)
{
    int8_t *out = line + 4 * run->column;
    int64_t y = run->row + (int64_t)ky * shape->dilation_h;
    if (y < 0 || y >= (int64_t)shape->height)
        return;
    int64_t offset = (int64_t)kx * shape->dilation_w;
    mc_im2col_span inside = mc_im2col_inside(shape, run, offset);
    const uint8_t *row = plane + (size_t)y * shape->width;
    int64_t x = run->left + offset + (int64_t)inside.begin * shape->stride_w;
    for (size_t i = inside.begin; i < inside.end; i++, x += shape->stride_w)
        out[4 * i] = (int8_t)(row[x] ^ flip);
}

void mc_s8_im2col(const mc_im2col_shape *shape, const void *input, int is_signed, int8_t filler,
                  size_t first, size_t count, size_t panel_columns, int8_t *packed)
{
    mc_im2col_run runs[MC_IM2COL_MAX_COLUMNS];
    const uint8_t flip = is_signed ? 0 : 0x80; /* q - 128 of a byte is its highest bit turned */
    size_t plane_count = shape->height * shape->width;
    size_t depth = shape->channels * (size_t)shape->kernel_h * (size_t)shape->kernel_w;
    size_t panel_count = (depth + 3) / 4 * 4 * panel_columns;
    for (size_t done = 0; done < count; done += panel_columns, packed += panel_count) {
        size_t columns = count - done < panel_columns ? count - done : panel_columns;
        size_t run_count = mc_im2col_split(shape, first + done, columns, runs);
        size_t k = 0;
        memset(packed, filler, panel_count);
        for (size_t c = 0; c < shape->channels; c++)
            for (int32_t ky = 0; ky < shape->kernel_h; ky++)
                for (int32_t kx = 0; kx < shape->kernel_w; kx++, k++)
                    for (size_t i = 0; i < run_count; i++)
                        copy_run(shape, &runs[i], (const uint8_t *)input + c * plane_count, flip,
                                 ky, kx, packed + k / 4 * 4 * panel_columns + k % 4);
    }
}
