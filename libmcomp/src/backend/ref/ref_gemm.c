#include "ref_device.h"

typedef struct gemm_work {
    const mc_operation *operation;
    const mc_run *run;
} gemm_work;

static void do_outputs(void *user, size_t begin, size_t end, size_t worker)
{
    (void)worker;
    const gemm_work *work = user;
    const mc_operation *operation = work->operation;
    const mc_weights *weights = &operation->weights;
    const mc_value *value = operation->input;
    mc_requantize to = mc_requantize_of(operation);
    for (size_t item = begin; item < end; item++) {
        size_t image = item / weights->outputs, output = item % weights->outputs;
        size_t row = output * weights->depth, column = image * weights->depth;
        if (weights->are_integers) {
            int32_t sum = 0;
            for (size_t k = 0; k < weights->depth; k++)
                sum += weights->integers[row + k] *
                       (mc_quantized_at(work->run->inputs[0], value->dtype, column + k) -
                        value->zero_point);
            ((uint8_t *)work->run->output)[item] = mc_requantize_sum(
                &to, sum, weights->integer_bias[output], weights->multipliers[output]);
            continue;
        }
        const float *input = (const float *)work->run->inputs[0] + column;
        double sum = (double)weights->bias[output];
        for (size_t k = 0; k < weights->depth; k++)
            sum += (double)weights->floats[row + k] * (double)input[k];
        ((float *)work->run->output)[item] =
            mc_activate(&operation->node->params.activation, (float)sum);
    }
}

static void run_gemm(const mc_operation *operation, const mc_run *run)
{
    gemm_work work = {operation, run};
    mc_parallel_for(run->parallel, operation->batch * operation->weights.outputs, 8, do_outputs,
                    &work);
}

const mc_routine mc_ref_gemm = {"mc_ref_gemm", run_gemm, "one dot product an output"};
