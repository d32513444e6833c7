#include <string.h>

#include "im2col_runs.h"

/* Where one element of the depth goes: every second int16 of a line. */
typedef struct quantized_plane {
    const uint8_t *elements;
    int is_signed;
    int32_t zero_point;
} quantized_plane;

static void copy_run(const mc_im2col_shape *shape, const mc_im2col_run *run,
                     const quantized_plane *plane, int32_t ky, int32_t kx, int16_t *line)
{
    int16_t *out = line + 2 * run->column;
    int64_t y = run->row + (int64_t)ky * shape->dilation_h;
    if (y < 0 || y >= (int64_t)shape->height)
        return;
    int64_t offset = (int64_t)kx * shape->dilation_w;
    mc_im2col_span inside = mc_im2col_inside(shape, run, offset);
    const uint8_t *row = plane->elements + (size_t)y * shape->width;
    int64_t x = run->left + offset + (int64_t)inside.begin * shape->stride_w;
    for (size_t i = inside.begin; i < inside.end; i++, x += shape->stride_w) {
        int32_t q = plane->is_signed ? (int8_t)row[x] : row[x];
        out[2 * i] = (int16_t)(q - plane->zero_point);
    }
}

void mc_s16_im2col(const mc_im2col_shape *shape, const void *input, int is_signed,
                   int32_t zero_point, size_t first, size_t count, size_t panel_columns,
                   int16_t *packed)
{
    mc_im2col_run runs[MC_IM2COL_MAX_COLUMNS];
    size_t plane_count = shape->height * shape->width;
    size_t depth = shape->channels * (size_t)shape->kernel_h * (size_t)shape->kernel_w;
    size_t panel_count = (depth + 1) / 2 * 2 * panel_columns;
    for (size_t done = 0; done < count; done += panel_columns, packed += panel_count) {
        size_t columns = count - done < panel_columns ? count - done : panel_columns;
        size_t run_count = mc_im2col_split(shape, first + done, columns, runs);
        size_t k = 0;
        memset(packed, 0, panel_count * sizeof *packed);
        for (size_t c = 0; c < shape->channels; c++) {
            const quantized_plane plane = {(const uint8_t *)input + c * plane_count, is_signed,
                                           zero_point};
            for (int32_t ky = 0; ky < shape->kernel_h; ky++)
                for (int32_t kx = 0; kx < shape->kernel_w; kx++, k++)
                    for (size_t i = 0; i < run_count; i++)
                        copy_run(shape, &runs[i], &plane, ky, kx,
                                 packed + k / 2 * 2 * panel_columns + k % 2);
        }
    }
}
