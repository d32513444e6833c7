#include "ref_pool.h"

static int64_t steps(int64_t begin, int64_t end, int64_t step)
{
    return end > begin ? (end - begin + step - 1) / step : 0;
}

static void average(const mc_operation *operation, const mc_run *run, const mc_pool_window *window,
                    size_t index)
{
    size_t inside = (size_t)(steps(window->row_begin, window->row_end, window->row_step) *
                             steps(window->column_begin, window->column_end, window->column_step));
    bool padding_counts = operation->node->params.count_include_pad;
    mc_ref_average(operation, run, window, padding_counts ? window->padded_count : inside, index);
}

static void run_average_pool(const mc_operation *operation, const mc_run *run)
{
    mc_ref_pool(operation, run, average);
}

const mc_routine mc_ref_average_pool = {"mc_ref_average_pool", run_average_pool,
                                        "one window after the other"};
