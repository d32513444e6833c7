#include "ref_binary.h"

static float prelu(float x, float slope)
{
    return x < 0 ? slope * x : x;
}

static void run_prelu(const mc_operation *operation, const mc_run *run)
{
    mc_ref_binary(operation, run, prelu);
}

const mc_routine mc_ref_prelu = {"mc_ref_prelu", run_prelu, "one element after the other"};
