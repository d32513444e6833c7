#include "ref_device.h"

static void do_elements(void *user, size_t begin, size_t end, size_t worker)
{
    (void)worker;
    const mc_run *run = ((const void *const *)user)[0];
    const mc_operation *operation = ((const void *const *)user)[1];
    const float *input = run->inputs[0];
    mc_requantize to = mc_requantize_of(operation);
    for (size_t i = begin; i < end; i++)
        ((uint8_t *)run->output)[i] = mc_requantize_value(&to, input[i] / operation->output->scale);
}

static void run_quantize_linear(const mc_operation *operation, const mc_run *run)
{
    const void *work[2] = {run, operation};
    mc_parallel_for(run->parallel, operation->batch * mc_value_element_count(operation->output),
                    4096, do_elements, work);
}

const mc_routine mc_ref_quantize_linear = {"mc_ref_quantize_linear", run_quantize_linear,
                                           "one element after the other"};
