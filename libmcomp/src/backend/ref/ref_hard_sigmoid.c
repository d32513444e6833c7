#include "ref_unary.h"

/* What is not a number stays so. */
static float hard_sigmoid(const mc_node_params *params, float x)
{
    double y = (double)params->alpha * (double)x + (double)params->beta;
    return (float)(y < 0 ? 0 : y > 1 ? 1 : y);
}

static void run_hard_sigmoid(const mc_operation *operation, const mc_run *run)
{
    mc_ref_unary(operation, run, hard_sigmoid);
}

const mc_routine mc_ref_hard_sigmoid = {"mc_ref_hard_sigmoid", run_hard_sigmoid,
                                        "one element after the other"};
