#include <string.h>

#include "ref_move.h"

/* The fill as the output's dtype. */
static void fill_output(const mc_operation *operation, const mc_run *run)
{
    size_t count = operation->batch * mc_value_element_count(operation->output);
    float value = operation->node->params.pad_value;
    if (operation->output->dtype == MCOMP_DTYPE_F32) {
        for (size_t i = 0; i < count; i++)
            ((float *)run->output)[i] = value;
        return;
    }
    mc_requantize to = mc_requantize_of(operation);
    memset(run->output, mc_requantize_value(&to, value / operation->output->scale), count);
}

static void run_pad(const mc_operation *operation, const mc_run *run)
{
    const mc_value *input = operation->input, *output = operation->output;
    const mc_node_params *params = &operation->node->params;
    size_t element_nbytes = mc_move_element_nbytes(operation);
    size_t image_count = mc_value_element_count(input);
    size_t output_image_count = mc_value_element_count(output);
    fill_output(operation, run);
    for (size_t image = 0; image < operation->batch; image++) {
        for (size_t i = 0; i < image_count; i++) {
            size_t rest = i, to = 0, stride = 1;
            for (uint32_t axis = input->rank; axis-- > 1;) {
                to += (rest % (size_t)input->shape[axis] + (size_t)params->begin[axis]) * stride;
                rest /= (size_t)input->shape[axis];
                stride *= (size_t)output->shape[axis];
            }
            memcpy((char *)run->output + (image * output_image_count + to) * element_nbytes,
                   (const char *)run->inputs[0] + (image * image_count + i) * element_nbytes,
                   element_nbytes);
        }
    }
}

const mc_routine mc_ref_pad = {"mc_ref_pad", run_pad, "fill, then one element after the other"};
