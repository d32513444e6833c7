#include <string.h>

#include "im2col_runs.h"

static void copy_run(const mc_im2col_shape *shape, const mc_im2col_run *run, const float *plane,
                     int32_t ky, int32_t kx, float *line)
{
    float *out = line + run->column;
    int64_t y = run->row + (int64_t)ky * shape->dilation_h;
    if (y < 0 || y >= (int64_t)shape->height) {
        memset(out, 0, run->count * sizeof *out);
        return;
    }
    int64_t offset = (int64_t)kx * shape->dilation_w;
    mc_im2col_span inside = mc_im2col_inside(shape, run, offset);
    const float *row = plane + (size_t)y * shape->width;
    for (size_t i = 0; i < inside.begin; i++)
        out[i] = 0;
    int64_t x = run->left + offset + (int64_t)inside.begin * shape->stride_w;
    for (size_t i = inside.begin; i < inside.end; i++, x += shape->stride_w)
        out[i] = row[x];
    for (size_t i = inside.end; i < run->count; i++)
        out[i] = 0;
}

void mc_f32_im2col(const mc_im2col_shape *shape, const float *input, size_t first, size_t count,
                   size_t panel_columns, float *packed)
{
    mc_im2col_run runs[MC_IM2COL_MAX_COLUMNS];
    size_t plane_count = shape->height * shape->width;
    for (size_t done = 0; done < count; done += panel_columns) {
        size_t columns = count - done < panel_columns ? count - done : panel_columns;
        size_t run_count = mc_im2col_split(shape, first + done, columns, runs);
        for (size_t c = 0; c < shape->channels; c++)
            for (int32_t ky = 0; ky < shape->kernel_h; ky++)
                for (int32_t kx = 0; kx < shape->kernel_w; kx++, packed += panel_columns) {
                    for (size_t i = 0; i < run_count; i++)
                        copy_run(shape, &runs[i], input + c * plane_count, ky, kx, packed);
                    for (size_t i = columns; i < panel_columns; i++)
                        packed[i] = 0;
                }
    }
}
