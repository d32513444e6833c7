#include "ref_pool.h"

static void do_planes(void *user, size_t begin, size_t end, size_t worker)
{
    (void)worker;
    const mc_run *run = ((const void *const *)user)[0];
    const mc_operation *operation = ((const void *const *)user)[1];
    mc_planes input = mc_planes_of(operation->input);
    size_t count = input.height * input.width;
    for (size_t plane = begin; plane < end; plane++) {
        mc_pool_window window = {.plane = plane * count,
                                 .width = input.width,
                                 .row_end = (int64_t)input.height,
                                 .row_step = 1,
                                 .column_end = (int64_t)input.width,
                                 .column_step = 1};
        mc_ref_average(operation, run, &window, count, plane);
    }
}

static void run_global_average_pool(const mc_operation *operation, const mc_run *run)
{
    const void *work[2] = {run, operation};
    mc_parallel_for(run->parallel, operation->batch * mc_planes_of(operation->input).channels, 8,
                    do_planes, work);
}

const mc_routine mc_ref_global_average_pool = {
    "mc_ref_global_average_pool", run_global_average_pool, "one plane after the other"};
