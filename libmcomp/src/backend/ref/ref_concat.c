#include <string.h>

#include "ref_move.h"

/* count elements of one input, moved or brought to the output's scale. */
static void append_elements(const mc_operation *operation, const mc_value *input, const char *from,
                            char *to, size_t count)
{
    const mc_value *output = operation->output;
    bool same = input->dtype == output->dtype && input->scale == output->scale &&
                input->zero_point == output->zero_point;
    if (same) {
        memcpy(to, from, count * mc_move_element_nbytes(operation));
        return;
    }
    mc_requantize requantize = mc_requantize_of(operation);
    float multiplier = (float)((double)input->scale / (double)output->scale);
    for (size_t i = 0; i < count; i++) {
        int32_t q = mc_quantized_at(from, input->dtype, i) - input->zero_point;
        ((uint8_t *)to)[i] = mc_requantize_value(&requantize, (float)q * multiplier);
    }
}

static void run_concat(const mc_operation *operation, const mc_run *run)
{
    const mc_node *node = operation->node;
    uint32_t axis = (uint32_t)node->params.axis;
    size_t element_nbytes = mc_move_element_nbytes(operation);
    size_t outer = operation->batch, inner = 1;
    for (uint32_t i = 1; i < axis; i++)
        outer *= (size_t)operation->output->shape[i];
    for (uint32_t i = axis + 1; i < operation->output->rank; i++)
        inner *= (size_t)operation->output->shape[i];
    char *to = run->output;
    for (size_t o = 0; o < outer; o++) {
        for (uint32_t i = 0; i < node->input_count; i++) {
            const mc_value *input = mc_node_input(operation->graph, node, i);
            size_t count = (size_t)input->shape[axis] * inner;
            const char *from = (const char *)run->inputs[i] + o * count * element_nbytes;
            append_elements(operation, input, from, to, count);
            to += count * element_nbytes;
        }
    }
}

const mc_routine mc_ref_concat = {"mc_ref_concat", run_concat, "one input after the other"};
