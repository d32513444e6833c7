#include "ref_binary.h"

static float add(float a, float b)
{
    return a + b;
}

/* Quantised operands have the shape of the result. */
static void add_integers(void *user, size_t begin, size_t end, size_t worker)
{
    (void)worker;
    const mc_run *run = ((const void *const *)user)[0];
    const mc_operation *operation = ((const void *const *)user)[1];
    const mc_value *a = operation->input;
    const mc_value *b = mc_node_input(operation->graph, operation->node, 1);
    const mc_value *output = operation->output;
    float m_a = (float)((double)a->scale / (double)output->scale);
    float m_b = (float)((double)b->scale / (double)output->scale);
    mc_requantize to = mc_requantize_of(operation);
    for (size_t i = begin; i < end; i++) {
        int32_t q_a = mc_quantized_at(run->inputs[0], a->dtype, i) - a->zero_point;
        int32_t q_b = mc_quantized_at(run->inputs[1], b->dtype, i) - b->zero_point;
        float scaled_a = (float)q_a * m_a, scaled_b = (float)q_b * m_b;
        ((uint8_t *)run->output)[i] = mc_requantize_value(&to, scaled_a + scaled_b);
    }
}

static void run_add(const mc_operation *operation, const mc_run *run)
{
    if (operation->output->dtype == MCOMP_DTYPE_F32) {
        mc_ref_binary(operation, run, add);
        return;
    }
    const void *work[2] = {run, operation};
    mc_parallel_for(run->parallel, operation->batch * mc_value_element_count(operation->output),
                    4096, add_integers, work);
}

const mc_routine mc_ref_add = {"mc_ref_add", run_add, "one element after the other"};
