#include <math.h>

#include "ref_pool.h"

/* What is not a number wins, as in a comparison that is turned round. */
static void greatest_float(const mc_run *run, const mc_pool_window *window, size_t index)
{
    const float *elements = run->inputs[0];
    float greatest = -INFINITY;
    for (int64_t y = window->row_begin; y < window->row_end; y += window->row_step)
        for (int64_t x = window->column_begin; x < window->column_end; x += window->column_step) {
            float element = elements[window->plane + (size_t)y * window->width + (size_t)x];
            greatest = element <= greatest ? greatest : element;
        }
    ((float *)run->output)[index] = greatest;
}

static void greatest(const mc_operation *operation, const mc_run *run, const mc_pool_window *window,
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

static void run_max_pool(const mc_operation *operation, const mc_run *run)
{
    mc_ref_pool(operation, run, greatest);
}

const mc_routine mc_ref_max_pool = {"mc_ref_max_pool", run_max_pool, "one window after the other"};
