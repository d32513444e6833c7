#include "ref_device.h"

static void do_elements(void *user, size_t begin, size_t end, size_t worker)
{
    (void)worker;
    const mc_run *run = ((const void *const *)user)[0];
    const mc_operation *operation = ((const void *const *)user)[1];
    const float *input = run->inputs[0];
    float *output = run->output;
    for (size_t i = begin; i < end; i++)
        output[i] = mc_activate(&operation->node->params.activation, input[i]);
}

static void run_clip(const mc_operation *operation, const mc_run *run)
{
    const void *work[2] = {run, operation};
    mc_parallel_for(run->parallel, operation->batch * mc_value_element_count(operation->output),
                    4096, do_elements, work);
}

const mc_routine mc_ref_clip = {"mc_ref_clip", run_clip, "one element after the other"};
const mc_routine mc_ref_relu = {"mc_ref_clip", run_clip, "one element after the other"};
