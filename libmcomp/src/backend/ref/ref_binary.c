#include "ref_binary.h"

typedef struct binary_operand {
    const float *elements;
    size_t strides[MCOMP_MAX_RANK]; /**< by axis of the output; 0 where it repeats */
    bool repeats;
} binary_operand;

typedef struct binary_work {
    const mc_operation *operation;
    const mc_run *run;
    mc_binary_fn binary;
    binary_operand operands[2];
} binary_work;

void mc_ref_find_strides(const mc_value *operand, const mc_value *output, uint32_t inner,
                         size_t *strides)
{
    size_t stride = 1;
    for (uint32_t axis = 0; axis < output->rank; axis++)
        strides[axis] = 0;
    for (uint32_t i = inner + 1; i <= operand->rank; i++) {
        int64_t extent = operand->shape[operand->rank - i];
        if (extent == 1)
            continue;
        strides[output->rank - i] = stride;
        if (extent != MCOMP_BATCH)
            stride *= (size_t)extent;
    }
}

static binary_operand find_operand(const mc_operation *operation, const mc_run *run, uint32_t index)
{
    const mc_value *value = mc_node_input(operation->graph, operation->node, index);
    binary_operand operand = {.elements = mc_operation_input(operation, run, index),
                              .repeats = !mc_value_same_shape(value, operation->output)};
    mc_ref_find_strides(value, operation->output, 0, operand.strides);
    return operand;
}

/* Where an operand's element for the output's element `index` stands. */
static size_t place(const binary_operand *operand, const mc_value *output, size_t index)
{
    if (!operand->repeats)
        return index;
    size_t position = 0;
    for (uint32_t axis = output->rank; axis-- > 1;) {
        size_t extent = (size_t)output->shape[axis];
        position += index % extent * operand->strides[axis];
        index /= extent;
    }
    return position + index * operand->strides[0];
}

static void do_elements(void *user, size_t begin, size_t end, size_t worker)
{
    (void)worker;
    const binary_work *work = user;
    const mc_value *output = work->operation->output;
    const mc_activation *activation = &work->operation->node->params.activation;
    const binary_operand *a = &work->operands[0], *b = &work->operands[1];
    for (size_t i = begin; i < end; i++)
        ((float *)work->run->output)[i] =
            mc_activate(activation, work->binary(a->elements[place(a, output, i)],
                                                 b->elements[place(b, output, i)]));
}

void mc_ref_binary(const mc_operation *operation, const mc_run *run, mc_binary_fn binary)
{
    binary_work work = {
        operation,
        run,
        binary,
        {find_operand(operation, run, 0), find_operand(operation, run, 1)},
    };
    mc_parallel_for(run->parallel, operation->batch * mc_value_element_count(operation->output),
                    4096, do_elements, &work);
}
