#include "ref_pool.h"

static void average(const mc_operation *operation, const mc_run *run, const mc_pool_window *window,
                    size_t index)
{
    mc_ref_average(operation, run, window, window->padded_count, index);
}

static void run_global_average_pool(const mc_operation *operation, const mc_run *run)
{
    mc_ref_global_pool(operation, run, average);
}

const mc_routine mc_ref_global_average_pool = {
    "mc_ref_global_average_pool", run_global_average_pool, "one plane after the other"};
