#include "ref_pool.h"

#include <math.h>

typedef struct pool_work {
    const mc_operation *operation;
    const mc_run *run;
    mc_pool_fn pool;
    mc_planes input, output;
} pool_work;

/* Clip a window's span to [0, extent), keeping its steps in phase. */
static void clip(int64_t *begin, int64_t *end, int64_t step, int64_t extent)
{
    if (*begin < 0)
        *begin += (-*begin + step - 1) / step * step;
    if (*end > extent)
        *end = extent;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void do_planes(void *user, size_t begin, size_t end, size_t worker)
{
    (void)worker;
    const pool_work *work = user;
    const mc_window *shape = &work->operation->node->params.window;
    for (size_t plane = begin; plane < end; plane++) {
        size_t index = plane * work->output.height * work->output.width;
        for (size_t y = 0; y < work->output.height; y++) {
            for (size_t x = 0; x < work->output.width; x++, index++) {
                int64_t top = (int64_t)y * shape->stride_h - shape->pad_top;
                int64_t left = (int64_t)x * shape->stride_w - shape->pad_left;
                int64_t bottom = top + (int64_t)shape->kernel_h * shape->dilation_h;
                int64_t right = left + (int64_t)shape->kernel_w * shape->dilation_w;
                mc_pool_window window = {.plane = plane * work->input.height * work->input.width,
                                         .width = work->input.width,
                                         .row_begin = top,
                                         .row_end = bottom,
                                         .row_step = shape->dilation_h,
                                         .column_begin = left,
                                         .column_end = right,
                                         .column_step = shape->dilation_w};
                int64_t rows = least(bottom, (int64_t)work->input.height + shape->pad_bottom) - top;
                int64_t columns =
                    least(right, (int64_t)work->input.width + shape->pad_right) - left;
                window.padded_count =
                    (size_t)((rows + shape->dilation_h - 1) / shape->dilation_h *
                             ((columns + shape->dilation_w - 1) / shape->dilation_w));
                clip(&window.row_begin, &window.row_end, window.row_step,
                     (int64_t)work->input.height);
                clip(&window.column_begin, &window.column_end, window.column_step,
                     (int64_t)work->input.width);
                work->pool(work->operation, work->run, &window, index);
            }
        }
    }
}

void mc_ref_pool(const mc_operation *operation, const mc_run *run, mc_pool_fn pool)
{
    pool_work work = {.operation = operation,
                      .run = run,
                      .pool = pool,
                      .input = mc_planes_of(operation->input),
                      .output = mc_planes_of(operation->output)};
    mc_parallel_for(run->parallel, operation->batch * work.output.channels, 1, do_planes, &work);
}

static void do_whole_planes(void *user, size_t begin, size_t end, size_t worker)
{
    (void)worker;
    const pool_work *work = user;
    size_t count = work->input.height * work->input.width;
    for (size_t plane = begin; plane < end; plane++) {
        mc_pool_window window = {.plane = plane * count,
                                 .width = work->input.width,
                                 .row_end = (int64_t)work->input.height,
                                 .row_step = 1,
                                 .column_end = (int64_t)work->input.width,
                                 .column_step = 1,
                                 .padded_count = count};
        work->pool(work->operation, work->run, &window, plane);
    }
}

void mc_ref_global_pool(const mc_operation *operation, const mc_run *run, mc_pool_fn pool)
{
    pool_work work = {
        .operation = operation, .run = run, .pool = pool, .input = mc_planes_of(operation->input)};
    mc_parallel_for(run->parallel, operation->batch * work.input.channels, 8, do_whole_planes,
                    &work);
}

/* What is not a number wins, wherever in the window it stands. */
static void greatest_float(const mc_run *run, const mc_pool_window *window, size_t index)
{
    const float *elements = run->inputs[0];
    float greatest = -INFINITY;
    bool no_number = false;
    for (int64_t y = window->row_begin; y < window->row_end; y += window->row_step)
        for (int64_t x = window->column_begin; x < window->column_end; x += window->column_step) {
            float element = elements[window->plane + (size_t)y * window->width + (size_t)x];
            greatest = element > greatest ? element : greatest;
            no_number |= isnan(element) != 0;
        }
    ((float *)run->output)[index] = no_number ? NAN : greatest;
}

void mc_ref_greatest(const mc_operation *operation, const mc_run *run, const mc_pool_window *window,
                     size_t index)
{
    mcomp_dtype dtype = operation->input->dtype;
    if (dtype == MCOMP_DTYPE_F32) {
        greatest_float(run, window, index);
        return;
    }
    int32_t most = dtype == MCOMP_DTYPE_S8 ? -128 : 0;
    for (int64_t y = window->row_begin; y < window->row_end; y += window->row_step)
        for (int64_t x = window->column_begin; x < window->column_end; x += window->column_step) {
            size_t at = window->plane + (size_t)y * window->width + (size_t)x;
            int32_t element = mc_quantized_at(run->inputs[0], dtype, at);
            most = element > most ? element : most;
        }
    ((uint8_t *)run->output)[index] = (uint8_t)most;
}

void mc_ref_average(const mc_operation *operation, const mc_run *run, const mc_pool_window *window,
                    size_t count, size_t index)
{
    const mc_value *value = operation->input;
    const float *floats = run->inputs[0];
    double sum = 0;
    int64_t integer_sum = 0; /* of any number of elements */
    for (int64_t y = window->row_begin; y < window->row_end; y += window->row_step)
        for (int64_t x = window->column_begin; x < window->column_end; x += window->column_step) {
            size_t at = window->plane + (size_t)y * window->width + (size_t)x;
            if (value->dtype == MCOMP_DTYPE_F32)
                sum += (double)floats[at];
            else
                integer_sum +=
                    mc_quantized_at(run->inputs[0], value->dtype, at) - value->zero_point;
        }
    if (value->dtype == MCOMP_DTYPE_F32) {
        ((float *)run->output)[index] = (float)(sum / (double)count);
        return;
    }
    float multiplier =
        (float)((double)value->scale / ((double)operation->output->scale * (double)count));
    mc_requantize to = mc_requantize_of(operation);
    ((uint8_t *)run->output)[index] = mc_requantize_value(&to, (float)integer_sum * multiplier);
}
