#include "ref_device.h"

typedef struct add_work {
    const mc_operation *operation;
    const mc_run *run;
    const mc_value *second;
    size_t image_count; /**< elements of one image */
} add_work;

/* Position in a constant that broadcasts over the element `index` of one image. */
static size_t broadcast_index(const mc_value *output, const mc_value *constant, size_t index)
{
    size_t position = 0, stride = 1;
    for (uint32_t i = 1; i < output->rank; i++) {
        size_t extent = (size_t)output->shape[output->rank - i];
        if (i <= constant->rank && constant->shape[constant->rank - i] != 1) {
            position += index % extent * stride;
            stride *= extent;
        }
        index /= extent;
    }
    return position;
}

static void add_floats(const add_work *work, size_t begin, size_t end)
{
    const mc_operation *operation = work->operation;
    const mc_activation *activation = &operation->node->params.activation;
    const float *a = work->run->inputs[0];
    const float *b = mc_operation_input(operation, work->run, 1);
    float *output = work->run->output;
    for (size_t i = begin; i < end; i++) {
        size_t j = work->second->constant
                       ? broadcast_index(operation->output, work->second, i % work->image_count)
                       : i;
        output[i] = mc_activate(activation, a[i] + b[j]);
    }
}

static void add_integers(const add_work *work, size_t begin, size_t end)
{
    const mc_value *a = work->operation->input, *b = work->second;
    const mc_value *output = work->operation->output;
    float m_a = (float)((double)a->scale / (double)output->scale);
    float m_b = (float)((double)b->scale / (double)output->scale);
    mc_requantize to = mc_requantize_of(work->operation);
    for (size_t i = begin; i < end; i++) {
        int32_t q_a = mc_quantized_at(work->run->inputs[0], a->dtype, i) - a->zero_point;
        int32_t q_b = mc_quantized_at(work->run->inputs[1], b->dtype, i) - b->zero_point;
        float scaled_a = (float)q_a * m_a, scaled_b = (float)q_b * m_b;
        ((uint8_t *)work->run->output)[i] = mc_requantize_value(&to, scaled_a + scaled_b);
    }
}

static void do_elements(void *user, size_t begin, size_t end, size_t worker)
{
    (void)worker;
    const add_work *work = user;
    if (work->operation->output->dtype == MCOMP_DTYPE_F32)
        add_floats(work, begin, end);
    else
        add_integers(work, begin, end);
}

static void run_add(const mc_operation *operation, const mc_run *run)
{
    add_work work = {.operation = operation,
                     .run = run,
                     .second = mc_node_input(operation->graph, operation->node, 1),
                     .image_count = mc_value_element_count(operation->output)};
    mc_parallel_for(run->parallel, operation->batch * work.image_count, 4096, do_elements, &work);
}

const mc_routine mc_ref_add = {"mc_ref_add", run_add, "one element after the other"};
