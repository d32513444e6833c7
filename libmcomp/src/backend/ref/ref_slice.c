#include <string.h>

#include "ref_move.h"

/* Every output element by its coordinates; the batch axis is taken whole. */
static void run_slice(const mc_operation *operation, const mc_run *run)
{
    const mc_value *input = operation->input, *output = operation->output;
    const mc_node_params *params = &operation->node->params;
    size_t element_nbytes = mc_move_element_nbytes(operation);
    size_t image_count = mc_value_element_count(output);
    size_t input_image_count = mc_value_element_count(input);
    for (size_t image = 0; image < operation->batch; image++) {
        for (size_t i = 0; i < image_count; i++) {
            size_t rest = i, from = 0, stride = 1;
            for (uint32_t axis = output->rank; axis-- > 1;) {
                int64_t coordinate = (int64_t)(rest % (size_t)output->shape[axis]);
                rest /= (size_t)output->shape[axis];
                from += (size_t)(params->begin[axis] + coordinate * params->step[axis]) * stride;
                stride *= (size_t)input->shape[axis];
            }
            memcpy((char *)run->output + (image * image_count + i) * element_nbytes,
                   (const char *)run->inputs[0] +
                       (image * input_image_count + from) * element_nbytes,
                   element_nbytes);
        }
    }
}

const mc_routine mc_ref_slice = {"mc_ref_slice", run_slice, "one element after the other"};
