#include "ref_unary.h"

static float leaky_relu(const mc_node_params *params, float x)
{
    return x < 0 ? params->alpha * x : x;
}

static void run_leaky_relu(const mc_operation *operation, const mc_run *run)
{
    mc_ref_unary(operation, run, leaky_relu);
}

const mc_routine mc_ref_leaky_relu = {"mc_ref_leaky_relu", run_leaky_relu,
                                      "one element after the other"};
