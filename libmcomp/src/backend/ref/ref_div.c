#include "ref_binary.h"

static float divide(float a, float b)
{
    return a / b;
}

static void run_div(const mc_operation *operation, const mc_run *run)
{
    mc_ref_binary(operation, run, divide);
}

const mc_routine mc_ref_div = {"mc_ref_div", run_div, "one element after the other"};
