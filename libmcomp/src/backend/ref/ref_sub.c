#include "ref_binary.h"

static float subtract(float a, float b)
{
    return a - b;
}

static void run_sub(const mc_operation *operation, const mc_run *run)
{
    mc_ref_binary(operation, run, subtract);
}

const mc_routine mc_ref_sub = {"mc_ref_sub", run_sub, "one element after the other"};
