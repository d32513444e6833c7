#include <math.h>

#include "ref_device.h"

/* Exponentials of the differences from the greatest, so that none overflows. */
static void run_softmax(const mc_operation *operation, const mc_run *run)
{
    const mc_value *value = operation->output;
    uint32_t axis = (uint32_t)operation->node->params.axis;
    size_t outer = operation->batch, inner = 1, count = (size_t)value->shape[axis];
    const float *input = run->inputs[0];
    float *output = run->output;
    for (uint32_t i = 1; i < axis; i++)
        outer *= (size_t)value->shape[i];
    for (uint32_t i = axis + 1; i < value->rank; i++)
        inner *= (size_t)value->shape[i];
    for (size_t line = 0; line < outer * inner; line++) {
        size_t first = line / inner * count * inner + line % inner;
        double greatest = -INFINITY, sum = 0;
        for (size_t i = 0; i < count; i++)
            greatest = fmax(greatest, (double)input[first + i * inner]);
        for (size_t i = 0; i < count; i++)
            sum += exp((double)input[first + i * inner] - greatest);
        for (size_t i = 0; i < count; i++)
            output[first + i * inner] =
                (float)(exp((double)input[first + i * inner] - greatest) / sum);
    }
}

const mc_routine mc_ref_softmax = {"mc_ref_softmax", run_softmax, "one line after the other"};
