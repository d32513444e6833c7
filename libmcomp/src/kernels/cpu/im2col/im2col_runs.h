/** @file im2col_runs.h
 *  A panel's columns, split where the output row changes: within a run the input moves by the
 * stride. */
#ifndef MC_IM2COL_RUNS_H
#define MC_IM2COL_RUNS_H

#include "im2col.h"

#define MC_IM2COL_MAX_COLUMNS 64

typedef struct mc_im2col_run {
    size_t column; /**< first column in the panel */
    size_t count;
    int64_t row, left; /**< input position of the first column's window, may lie in the padding */
} mc_im2col_run;

/** Columns of a run whose input column is inside: [begin, end). */
typedef struct mc_im2col_span {
    size_t begin, end;
} mc_im2col_span;

/** @return number of runs, at most MC_IM2COL_MAX_COLUMNS */
static inline size_t mc_im2col_split(const mc_im2col_shape *shape, size_t first, size_t count,
                                     mc_im2col_run *runs)
{
    size_t run_count = 0;
    for (size_t column = 0; column < count;) {
        size_t y = (first + column) / shape->output_width;
        size_t x = (first + column) % shape->output_width;
        size_t left_in_row = shape->output_width - x;
        size_t left_in_panel = count - column;
        mc_im2col_run *run = &runs[run_count++];
        run->column = column;
        run->count = left_in_row < left_in_panel ? left_in_row : left_in_panel;
        run->row = (int64_t)y * shape->stride_h - shape->pad_top;
        run->left = (int64_t)x * shape->stride_w - shape->pad_left;
        column += run->count;
    }
    return run_count;
}

/** For a tap `offset` columns to the right. */
static inline mc_im2col_span mc_im2col_inside(const mc_im2col_shape *shape,
                                              const mc_im2col_run *run, int64_t offset)
{
    int64_t first = run->left + offset, stride = shape->stride_w, width = (int64_t)shape->width;
    int64_t begin = first < 0 ? (-first + stride - 1) / stride : 0;
    int64_t end = first < width ? (width - first + stride - 1) / stride : 0;
    int64_t count = (int64_t)run->count;
    begin = begin < count ? begin : count;
    end = end < count ? end : count;
    return (mc_im2col_span){(size_t)begin, (size_t)(end > begin ? end : begin)};
}

#endif
