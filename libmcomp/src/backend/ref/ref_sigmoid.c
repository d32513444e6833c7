#include <math.h>

#include "ref_unary.h"

static float sigmoid(const mc_node_params *params, float x)
{
    (void)params;
    return (float)(1 / (1 + exp(-(double)x)));
}

static void run_sigmoid(const mc_operation *operation, const mc_run *run)
{
    mc_ref_unary(operation, run, sigmoid);
}

const mc_routine mc_ref_sigmoid = {"mc_ref_sigmoid", run_sigmoid, "one element after the other"};
