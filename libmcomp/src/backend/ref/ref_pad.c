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

/* The input's coordinate that the output's stands for; -1 where the fill stays. */
static int64_t find_source(mc_pad_mode mode, int64_t coordinate, int64_t before, int64_t extent)
{
    int64_t source = coordinate - before;
    if (source >= 0 && source < extent)
        return source;
    if (mode == MC_PAD_EDGE)
        return source < 0 ? 0 : extent - 1;
    if (mode == MC_PAD_REFLECT)
        return source < 0 ? -source : 2 * (extent - 1) - source;
    return -1;
}

static void run_pad(const mc_operation *operation, const mc_run *run)
{
    const mc_value *input = operation->input, *output = operation->output;
    const mc_node_params *params = &operation->node->params;
    size_t element_nbytes = mc_move_element_nbytes(operation);
    size_t image_count = mc_value_element_count(output);
    size_t input_image_count = mc_value_element_count(input);
    if (params->pad_mode == MC_PAD_CONSTANT)
        fill_output(operation, run);
    for (size_t i = 0; i < operation->batch * image_count; i++) {
        size_t rest = i, from = 0, stride = 1;
        bool inside = true;
        for (uint32_t axis = output->rank; axis-- > 1;) {
            int64_t coordinate = (int64_t)(rest % (size_t)output->shape[axis]);
            rest /= (size_t)output->shape[axis];
            int64_t source =
                find_source(params->pad_mode, coordinate, params->begin[axis], input->shape[axis]);
            inside = inside && source >= 0;
            from += (size_t)source * stride;
            stride *= (size_t)input->shape[axis];
        }
        if (inside)
            memcpy((char *)run->output + i * element_nbytes,
                   (const char *)run->inputs[0] +
                       (rest * input_image_count + from) * element_nbytes,
                   element_nbytes);
    }
}

const mc_routine mc_ref_pad = {"mc_ref_pad", run_pad, "fill, then one element after the other"};
