#include "ref_pool.h"

static void run_max_pool(const mc_operation *operation, const mc_run *run)
{
    mc_ref_pool(operation, run, mc_ref_greatest);
}

const mc_routine mc_ref_max_pool = {"mc_ref_max_pool", run_max_pool, "one window after the other"};
