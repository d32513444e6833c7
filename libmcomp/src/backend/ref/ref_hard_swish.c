#include "ref_unary.h"

/* What is not a number stays so. */
static float hard_swish(const mc_node_params *params, float x)
{
    (void)params;
    double gate = (double)x / 6 + 0.5;
    return (float)((double)x * (gate < 0 ? 0 : gate > 1 ? 1 : gate));
}

static void run_hard_swish(const mc_operation *operation, const mc_run *run)
{
    mc_ref_unary(operation, run, hard_swish);
}

const mc_routine mc_ref_hard_swish = {"mc_ref_hard_swish", run_hard_swish,
                                      "one element after the other"};
