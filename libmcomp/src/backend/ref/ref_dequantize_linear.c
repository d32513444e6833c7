#include "ref_device.h"

static void do_elements(void *user, size_t begin, size_t end, size_t worker)
{
    (void)worker;
    const mc_run *run = ((const void *const *)user)[0];
    const mc_operation *operation = ((const void *const *)user)[1];
    const mc_value *input = operation->input;
    for (size_t i = begin; i < end; i++)
        ((float *)run->output)[i] =
            (float)(mc_quantized_at(run->inputs[0], input->dtype, i) - input->zero_point) *
            input->scale;
}

static void run_dequantize_linear(const mc_operation *operation, const mc_run *run)
{
    const void *work[2] = {run, operation};
    mc_parallel_for(run->parallel, operation->batch * mc_value_element_count(operation->output),
                    4096, do_elements, work);
}

const mc_routine mc_ref_dequantize_linear = {"mc_ref_dequantize_linear", run_dequantize_linear,
                                             "one element after the other"};
