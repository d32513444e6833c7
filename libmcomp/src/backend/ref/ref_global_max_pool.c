#include "ref_pool.h"

static void run_global_max_pool(const mc_operation *operation, const mc_run *run)
{
    mc_ref_global_pool(operation, run, mc_ref_greatest);
}

const mc_routine mc_ref_global_max_pool = {"mc_ref_global_max_pool", run_global_max_pool,
                                           "one plane after the other"};
