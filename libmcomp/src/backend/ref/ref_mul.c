#include "ref_binary.h"

static float multiply(float a, float b)
{
    return a * b;
}

static void run_mul(const mc_operation *operation, const mc_run *run)
{
    mc_ref_binary(operation, run, multiply);
}

const mc_routine mc_ref_mul = {"mc_ref_mul", run_mul, "one element after the other"};
